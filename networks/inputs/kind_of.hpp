// What every file of an input's kind includes: it makes an InputKind of a described struct with
//   static constexpr const char *name, *summary, *source;
//   static constexpr auto fields = rheo::fields(...);
//   void check(const InputEnds&) const;               // what ranges of fields do not say
//   MakeInput prepare(const InputEnds&) const;        // once checked
// A kind with a field `weight` brings spikes, which need `port` and may have `delay`; one without brings a current. A
// kind that can follow a signal has `signal` and `channel`. `bool lasts()` and `double bytes(double targets)` are
// optional.
#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "core/diagnostics.hpp"
#include "core/isa.hpp"
#include "core/time.hpp"
#include "networks/description/input.hpp"
#include "networks/description/selections.hpp"
#include "networks/description/spec.hpp"
#include "networks/description/values.hpp"
#include "networks/plastic/signals.hpp"
#include "neurons/catalogue.hpp"
#include "neurons/inputs/inputs.hpp"
#include "neurons/kernels/kernels.hpp"

namespace rheo {

// What a kind has to know of its network. The target neurons count 0, 1, ... over the selections in order.
struct InputEnds {
  const NetworkSpec& network;
  std::string_view name;
  std::uint32_t targets = 0;
  std::string current_unit = {};  // of its targets
  Isa isa = Isa::base;
  const SignalBoard* signals = nullptr;  // nullptr: until the network runs

  RandomKey key(std::string_view use) const { return random_key(network.seed, name, use); }
  // One number for all, or one for each target neuron.
  std::vector<double> draw(const char* field, const Value& value, const Range& allowed = any_value) const {
    return within(field, [&] { return per_item(value, targets, key(field), allowed); });
  }
  std::size_t precision() const { return static_cast<std::size_t>(network.precision); }  // index of a kernel
  Tick ticks(double ms) const { return ms_to_tick_nearest(ms, network.dt); }
  // What multiplies the strength of an input that reads the signal.
  Factors factors(const std::string& signal, std::optional<std::uint32_t> channel, std::uint32_t offset,
                  double least) const;
  // Rejects strengths that become too large when they are multiplied by the signal, or by the profile without one.
  void check_product(const char* field, const std::vector<double>& strengths, const Profile& profile,
                     const std::string& signal) const;
};

// One selection of the target, and one sign of the weights in it.
struct InputPart {
  InputTarget where;
  std::uint32_t offset = 0;     // position of its first neuron among all targets
  std::vector<double> weights;  // one for all, or one for each neuron of the part; those of the other sign are 0

  // Adds a spike of neuron i of the part, where the input is active when it is emitted.
  void add_spike(Tick emitted, Tick delay, std::uint32_t i, std::vector<SpikeInput::Event>& events) const {
    const bool counts = weights[weights.size() > 1 ? i : 0] != 0;
    if (counts && emitted >= where.first && emitted <= std::min(where.last, never - delay))
      events.push_back({emitted + delay, i});
  }
  // The entries of this part, where there is one for each target neuron.
  template <class T>
  std::vector<T> of(const std::vector<T>& values) const {
    if (values.size() <= 1) return values;
    return {values.begin() + offset, values.begin() + offset + where.range.count()};
  }
};

// Fields that several kinds have.
namespace input_fields {

// The unit of a current: that of the target's I_e.
inline constexpr std::string_view current_unit = "I_e";

template <class K>
constexpr auto current(std::string_view name, Value K::*member, std::string_view meaning, Range range = any_value) {
  return field(name, member, current_unit, meaning, range);
}
template <class K>
constexpr auto spikes(Value K::*weight, double K::*delay, std::string K::*port) {
  return fields(field("weight", weight, "", "value per neuron: the weight of a spike, in the unit of the port"),
                in_words(field("delay", delay, "ms", "time between emission and arrival", non_negative), {},
                         "0, or at least one tick"),
                in_words(field("port", port, "", "input port of the target"), "by the sign of the weight", "a name"));
}
template <class K>
constexpr auto signal(std::string K::*signal, std::optional<std::uint32_t> K::*channel, std::string_view meaning) {
  return fields(in_words(field("signal", signal, "", meaning), "none", "the name of a signal"),
                in_words(field("channel", channel, "", "with `signal`: which of its numbers", {0, 4294967294.0}),
                         "its only one, or one for each target neuron", {}));
}

}  // namespace input_fields

// The unit of a constant current, where all targets agree on it; and puts it into the fields of currents.
std::string current_unit(const PopulationIndex& populations, const std::vector<Selection>& targets);
void set_current_unit(std::vector<KindField>& fields, const std::string& unit);

// A current of these amplitudes times a profile.
MakeInput profiled_current(const InputEnds& ends, const Value& amplitude, const Profile& profile);

// The judge of an input's kind. Throws BuildError with the field as key.
void check_input_kind(const InputKind& kind, const InputEnds& ends);

template <class K>
class InputKind::Of final : public DescribedAs<InputKind, K> {
 public:
  using DescribedAs<InputKind, K>::DescribedAs;
  bool lasts() const override {
    if constexpr (requires(const K& k) { k.lasts(); })
      return this->numbers().lasts();
    else
      return this->port() == "I";
  }
  double bytes(double targets) const override {
    if constexpr (requires(const K& k) { k.bytes(targets); })
      return this->numbers().bytes(targets);
    else
      return 0;
  }
  void check(const InputEnds& ends) const override { this->numbers().check(ends); }
  MakeInput prepare(const InputEnds& ends) const override { return this->numbers().prepare(ends); }
};

}  // namespace rheo
