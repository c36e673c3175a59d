#include "networks/connect/rules.hpp"

namespace rheo {

const std::vector<std::unique_ptr<const ConnectRule>>& connect_rules() {
  static const auto rules = ForEachConnectRule<OneOf<ConnectRule>::Each>::made();
  return rules;
}

Connect::Connect() : Chosen(AllToAll{}) {}

std::unique_ptr<Connector> make_connector(const Connect& connect, const ConnectorEnds& ends, RandomKey key) {
  within("connect", [&] { connect->check(ends); });
  return connect->make(ends, key);
}

}  // namespace rheo
