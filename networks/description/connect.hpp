// How a projection connects its neurons: one of the rules of networks/connect/rules.hpp with its numbers, as a plain
// value.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "core/random.hpp"
#include "networks/description/described.hpp"

namespace rheo {

class Connector;
struct ConnectorEnds;

class ConnectRule : public Described {
 public:
  template <class K>
  class Of;  // networks/connect/rule_of.hpp

  virtual std::unique_ptr<ConnectRule> clone() const = 0;
  virtual std::string_view memory() const = 0;  // while the projection is built, besides the synapses themselves
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

class Connect : public Chosen<ConnectRule> {
 public:
  using Chosen::Chosen;
  Connect();  // all_to_all
};

}  // namespace rheo
