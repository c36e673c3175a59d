#include "networks/inputs/kinds.hpp"

#include <span>

namespace rheo {

const std::vector<std::unique_ptr<const InputKind>>& input_kinds() {
  static const auto kinds = ForEachInputKind<OneOf<InputKind>::Each>::made();
  return kinds;
}

std::string current_unit(const PopulationIndex& populations, const std::vector<Selection>& targets) {
  std::string unit;
  for (const Selection& target : targets) {
    for (const FieldInfo& info : find_neuron_model(populations.find(target.population)->model)->params) {
      if (info.name != "I_e") continue;
      if (!unit.empty() && unit != info.unit) return {};
      unit = info.unit;
    }
  }
  return unit;
}

void set_current_unit(std::vector<KindField>& fields, const std::string& unit) {
  for (KindField& field : fields)
    if (field.unit == input_fields::current_unit) field.unit = unit;
}

Factors InputEnds::factors(const std::string& signal, std::optional<std::uint32_t> channel, std::uint32_t offset,
                           double least) const {
  const std::size_t which = signals->find(signal);
  const bool each = !channel && signals->width(which) > 1;
  return [board = signals, which, each, channel = channel.value_or(0), offset, least](Tick t) {
    const std::span<const double> values = board->at(which, t);
    return Factor{values[each ? 0 : channel], each ? values.data() + offset : nullptr, least};
  };
}

void InputEnds::check_product(const char* field, const std::vector<double>& strengths, const Profile& profile,
                              const std::string& signal) const {
  double factor = 1;
  const auto include = [&](double x) { factor = std::max(factor, std::fabs(x)); };
  std::for_each(profile.values.begin(), profile.values.end(), include);
  if (profile.kind == Profile::Kind::sine) include(std::fabs(profile.offset) + std::fabs(profile.amplitude));
  for (const SignalSpec& one : network.signals)
    if (const auto* const timed = one.kind->find<TimedValues>("values"); timed != nullptr && one.name == signal)
      std::ranges::for_each(timed->values, include);
  for (const double x : strengths)
    if (!holds(any_value, x * factor))
      reject(field, fmt::format("{}", x),
             fmt::format("times {}, the largest number of its {}, is out of range", factor,
                         signal.empty() ? "profile" : "signal"),
             "a product from -1e+30 to 1e+30");
}

MakeInput profiled_current(const InputEnds& ends, const Value& amplitude, const Profile& profile) {
  const std::vector<double> amplitudes = ends.draw("amplitude", amplitude);
  ends.check_product("amplitude", amplitudes, profile, {});
  return [ends, amplitudes, profile](const InputPart& part) {
    return std::make_unique<CurrentInput>(part.where, ends.network.precision, part.of(amplitudes),
                                          profile_factors(profile, ends.network.dt, part.where.first));
  };
}

void check_input_kind(const InputKind& kind, const InputEnds& ends) {
  const std::unique_ptr<InputKind> same = kind.clone();
  std::vector<KindField> fields = same->fields();
  set_current_unit(fields, ends.current_unit);
  check_ranges(fields);
  check_counts(fields, ends.targets, "neuron");
  const bool has_signal = !kind.signal().empty();
  const auto* const channel = kind.find<std::optional<std::uint32_t>>("channel");
  if (channel != nullptr && *channel && !has_signal) reject("channel", {}, "there is no signal", "signal beside it");
  const double delay = kind.find<double>("delay") == nullptr ? 0 : *kind.find<double>("delay");
  if (has_signal && delay != 0) reject("delay", fmt::format("{}", delay), "a signal acts in its own tick", "no delay");
  if (delay != 0 && ends.ticks(delay) < 1)
    reject("delay", fmt::format("{}", delay), "rounds to less than one tick",
           fmt::format("0, or at least {} (ms)", ends.network.dt));
  kind.check(ends);
}

}  // namespace rheo
