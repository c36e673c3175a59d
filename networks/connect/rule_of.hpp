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
class ConnectRuleOf final : public ConnectRule {
 public:
  explicit ConnectRuleOf(K numbers = {}) : numbers_(std::move(numbers)) {}
  const K& numbers() const { return numbers_; }

  std::string_view name() const override { return K::name; }
  std::string_view summary() const override { return K::summary; }
  std::string_view memory() const override { return K::memory; }
  std::string_view source() const override { return K::source; }
  std::vector<KindField> fields() override { return fields_of(numbers_); }
  Identity identity() const override {
    K same = numbers_;
    if constexpr (requires { K::first_number; })
      return {std::to_string(K::first_number), numbers_.identity()};
    else
      return {K::name, identity_of(fields_of(same))};
  }
  std::optional<Value> weight() const override {
    if constexpr (requires { numbers_.weight(); })
      return numbers_.weight();
    else
      return {};
  }
  std::shared_ptr<ConnectRule> clone() const override { return std::make_shared<ConnectRuleOf>(numbers_); }
  void check(const ConnectorEnds& ends) const override {
    K same = numbers_;
    check_ranges(fields_of(same));
    numbers_.check(ends);
  }
  std::unique_ptr<Connector> make(const ConnectorEnds& ends, RandomKey key) const override {
    return numbers_.make(ends, key);
  }

 private:
  K numbers_;
};

}  // namespace rheo
