// What every file of an input's kind includes: it makes an InputKind of a described struct with
//   static constexpr const char *name, *summary, *source;
//   static constexpr auto fields = rheo::fields(...);
//   void check(const InputEnds&) const;               // what ranges of fields do not say
//   MakeInput prepare(const InputEnds&) const;        // once checked
// A kind with a member `weight` brings spikes, which need `port` and may have `delay`; one without brings a current. A
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
#include "networks/description/spec.hpp"
#include "networks/description/values.hpp"
#include "networks/plastic/signals.hpp"
#include "neurons/inputs/inputs.hpp"
#include "neurons/kernels/kernels.hpp"

namespace rheo {

// What a kind has to know of its network. The target neurons count 0, 1, ... over the selections in order.
struct InputEnds {
  const NetworkSpec& network;
  std::string_view name;
  std::uint32_t targets = 0;
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

// A current of these amplitudes times a profile.
MakeInput profiled_current(const InputEnds& ends, const Value& amplitude, const Profile& profile);

namespace input_detail {

// Rejects a field that is given beside another, where only one of them can count.
void check_alone(bool given, const char* field, const char* beside);
void check_delay(double delay, bool reads_signal, double dt);

}  // namespace input_detail

template <class K>
class InputKind::Of final : public InputKind {
 public:
  explicit Of(K numbers = {}) : numbers_(std::move(numbers)) {}
  const K& numbers() const { return numbers_; }

  std::string_view name() const override { return K::name; }
  std::string_view summary() const override { return K::summary; }
  std::string_view source() const override { return K::source; }
  std::vector<KindField> fields() override { return fields_of(numbers_); }
  std::unique_ptr<InputKind> clone() const override { return std::make_unique<Of>(numbers_); }

  const Value* weight() const override {
    if constexpr (is_spikes)
      return &numbers_.weight;
    else
      return nullptr;
  }
  std::string port() const override {
    if constexpr (is_spikes)
      return numbers_.port;
    else
      return "I";
  }
  std::string signal() const override {
    if constexpr (requires { numbers_.signal; })
      return numbers_.signal;
    else
      return {};
  }
  std::optional<std::uint32_t> channel() const override {
    if constexpr (requires { numbers_.channel; })
      return numbers_.channel;
    else
      return {};
  }
  bool lasts() const override {
    if constexpr (requires { numbers_.lasts(); })
      return numbers_.lasts();
    else
      return port() == "I";
  }
  double bytes(double targets) const override {
    if constexpr (requires { numbers_.bytes(targets); })
      return numbers_.bytes(targets);
    else
      return 0;
  }

  void check(const InputEnds& ends) const override {
    K same = numbers_;
    const std::vector<KindField> all = fields_of(same);
    check_ranges(all);
    check_sizes(all, ends.targets);
    if (channel() && signal().empty()) reject("channel", {}, "there is no signal", "signal beside it");
    if constexpr (requires { numbers_.delay; })
      input_detail::check_delay(numbers_.delay, !signal().empty(), ends.network.dt);
    numbers_.check(ends);
  }
  MakeInput prepare(const InputEnds& ends) const override { return numbers_.prepare(ends); }

 private:
  static constexpr bool is_spikes = requires(K k) { k.weight; };

  K numbers_;
};

}  // namespace rheo
