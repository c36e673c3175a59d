// Numbers that hold from one time to the next.
#pragma once

#include "networks/signals/kind_of.hpp"

namespace rheo {

struct StepSignal {
  std::vector<double> times = {};
  TimedValues values = {};
  double baseline = 0;

  static constexpr int number = 1;
  static constexpr const char* name = "steps";
  static constexpr const char* summary = "The value of the last of `times`, from the tick after it on.";
  static constexpr const char* source = "";
  static constexpr const char* ascending = "times >= 0 (ms), each at least one tick later than the one before";
  static constexpr auto fields = std::tuple_cat(
      signal_fields::table(&StepSignal::times, &StepSignal::values, ascending, non_negative),
      rheo::fields(signal_fields::baseline(&StepSignal::baseline, "stands before the first of `times`")));

  void check(const SignalEnds& ends) const { ticks(ends); }
  SignalPlan plan(const SignalEnds& ends) const {
    return {.made_by = SignalPlan::By::times, .ticks = ticks(ends), .values = values.values};
  }

  // Tick 1 is the first.
  std::optional<double> constant() const {
    if (values.width != 1 || values.values.empty() || (times.front() != 0 && baseline != values.values.front()))
      return std::nullopt;
    for (const double value : values.values)
      if (value != values.values.front()) return std::nullopt;
    return values.values.front();
  }

 private:
  std::vector<Tick> ticks(const SignalEnds& ends) const {
    return ticks_of_table(times, values, ascending, [&](double time) {
      return std::min(ms_to_tick_nearest(time, ends.network.dt), SignalPlan::latest) + 1;
    });
  }
};

}  // namespace rheo
