// What every connection rule's file includes: it makes a ConnectRule of a described struct with
//   static constexpr const char *name, *summary, *memory, *source;
//   static constexpr auto fields = rheo::fields(...);
//   void check(const ConnectorEnds&) const;                            // what ranges of fields do not say
//   std::unique_ptr<Connector> make(const ConnectorEnds&, RandomKey) const;   // once checked
// and may have `Value weight() const`, the weights that it brings, for projections that give none.
// Rules of the first versions have first_number and identity(), their text in fingerprints, which can never change;
// that of others follows from their fields.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "networks/connect/connector.hpp"
#include "networks/description/connect.hpp"
#include "networks/description/identity.hpp"

namespace rheo {

template <class K>
class ConnectRule::Of final : public DescribedAs<ConnectRule, K> {
 public:
  using DescribedAs<ConnectRule, K>::DescribedAs;
  std::string_view memory() const override { return K::memory; }
  Identity identity() const override {
    K same = this->numbers();
    if constexpr (requires { K::first_number; })
      return {std::to_string(K::first_number), same.identity()};
    else
      return {K::name, identity_of(fields_of(same))};
  }
  std::optional<Value> weight() const override {
    if constexpr (requires(const K& numbers) { numbers.weight(); })
      return this->numbers().weight();
    else
      return {};
  }
  void check(const ConnectorEnds& ends) const override {
    K same = this->numbers();
    check_ranges(fields_of(same));
    same.check(ends);
  }
  std::unique_ptr<Connector> make(const ConnectorEnds& ends, RandomKey key) const override {
    return this->numbers().make(ends, key);
  }
};

}  // namespace rheo
