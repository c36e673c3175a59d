// How a projection connects its neurons: one of the rules of networks/connect/rules.hpp with its numbers, as a plain
// value.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/random.hpp"
#include "networks/description/kind.hpp"

namespace rheo {

class Connector;
struct ConnectorEnds;

// A rule when it is no longer known which.
class ConnectRule {
 public:
  virtual ~ConnectRule() = default;
  virtual std::string_view name() const = 0;
  virtual std::string_view summary() const = 0;
  virtual std::string_view memory() const = 0;  // while the projection is built, besides the synapses themselves
  virtual std::string_view source() const = 0;  // where the definition is from; empty: common knowledge
  virtual std::vector<KindField> fields() = 0;  // which must not outlive the rule
  virtual std::shared_ptr<ConnectRule> clone() const = 0;
  struct Identity {
    std::string name, numbers;
  };
  virtual Identity identity() const = 0;  // for fingerprints
  // The weights of a rule that brings some, for projections that give none.
  virtual std::optional<Value> weight() const = 0;
  // Throws BuildError with a field's name as key, or "rule", where the rule cannot be met. Draws nothing.
  virtual void check(const ConnectorEnds& ends) const = 0;
  virtual std::unique_ptr<Connector> make(const ConnectorEnds& ends, RandomKey key) const = 0;
};

template <class K>
class ConnectRuleOf;  // networks/connect/rule_of.hpp

class Connect {
 public:
  Connect();  // all_to_all
  template <class K>
  Connect(const K& rule) : rule_(std::make_shared<ConnectRuleOf<K>>(rule)) {}
  explicit Connect(std::shared_ptr<ConnectRule> rule) : rule_(std::move(rule)) {}

  const ConnectRule& operator*() const { return *rule_; }
  const ConnectRule* operator->() const { return rule_.get(); }
  // The rule's numbers; nullptr where it is another rule.
  template <class K>
  const K* as() const {
    const auto* const rule = dynamic_cast<const ConnectRuleOf<K>*>(rule_.get());
    return rule == nullptr ? nullptr : &rule->numbers();
  }

 private:
  std::shared_ptr<const ConnectRule> rule_;
};

}  // namespace rheo
