// Numbers for each tick, which plasticity rules read as third factors and inputs as their strength: one of the kinds of
// networks/signals/kinds.hpp with its numbers, as a plain value.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "networks/description/described.hpp"

namespace rheo {

struct SignalEnds;
struct SignalPlan;

class SignalKind : public Described {
 public:
  template <class K>
  class Of;  // networks/signals/kind_of.hpp

  virtual std::unique_ptr<SignalKind> clone() const = 0;

  // How many numbers; 1 as long as its plan has to say it.
  std::uint32_t width() const {
    if (const auto* const values = find<TimedValues>("values"); values != nullptr) return values->width;
    return find<std::uint32_t>("width") == nullptr ? 1 : *find<std::uint32_t>("width");
  }
  // Whose rule publishes it; empty: none.
  std::string projection() const {
    return find<std::string>("projection") == nullptr ? "" : *find<std::string>("projection");
  }
  // Whose spikes or states make it; nullptr: it is made otherwise.
  const std::vector<Selection>* neurons() const { return find<std::vector<Selection>>("source"); }
  // What a saved state must find again, besides the neurons.
  virtual std::string identity() const = 0;

  // What ranges of fields do not say; throws BuildError with a field's name as key.
  virtual void check(const SignalEnds& ends) const = 0;
  virtual SignalPlan plan(const SignalEnds& ends) const = 0;
  // The number that it is in every tick, where that is known.
  virtual std::optional<double> constant() const = 0;
};

}  // namespace rheo
