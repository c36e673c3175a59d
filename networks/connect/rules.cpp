#include "networks/connect/rules.hpp"

namespace rheo {

namespace {

template <class... K>
struct OneOfEach {
  static std::vector<std::shared_ptr<const ConnectRule>> made() {
    return {std::make_shared<const ConnectRuleOf<K>>()...};
  }
};

}  // namespace

const std::vector<std::shared_ptr<const ConnectRule>>& connect_rules() {
  static const auto rules = ForEachConnectRule<OneOfEach>::made();
  return rules;
}

Connect::Connect() : Connect(AllToAll{}) {}

std::unique_ptr<Connector> make_connector(const Connect& connect, const ConnectorEnds& ends, RandomKey key) {
  within("connect", [&] { connect->check(ends); });
  return connect->make(ends, key);
}

}  // namespace rheo
