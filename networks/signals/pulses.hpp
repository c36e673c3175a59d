// Numbers that last a tick, or decay.
#pragma once

#include "networks/signals/kind_of.hpp"

namespace rheo {

struct PulseSignal {
  std::vector<double> times = {};
  TimedValues values = {};
  double tau = 0;
  double baseline = 0;

  static constexpr int number = 1;  // it had that of steps
  static constexpr const char* name = "pulses";
  static constexpr const char* summary =
      "A value in the tick that ends at or after one of `times`, from where it may decay.";
  static constexpr const char* source = "";
  static constexpr const char* ascending = "times > 0 (ms), each at least one tick later than the one before";
  static constexpr auto fields = std::tuple_cat(
      signal_fields::table(&PulseSignal::times, &PulseSignal::values, ascending, positive),
      rheo::fields(in_words(field("tau", &PulseSignal::tau, "ms",
                                  "time constant of the decay, where there is one number for each time", non_negative),
                            "0: it lasts one tick", {}),
                   signal_fields::baseline(&PulseSignal::baseline, "is added, and stands in all other ticks")));

  void check(const SignalEnds& ends) const {
    ticks(ends);
    if (values.width > 1 && tau > 0)
      reject("tau", fmt::format("{}", tau), "only a single number is filtered", "0, or one value for each time");
  }
  SignalPlan plan(const SignalEnds& ends) const {
    return {
        .made_by = SignalPlan::By::times, .tau = tau, .ticks = ticks(ends), .values = values.values, .pulses = true};
  }

 private:
  std::vector<Tick> ticks(const SignalEnds& ends) const {
    return ticks_of_table(times, values, ascending,
                          [&](double time) { return ms_to_tick_ceil(time, ends.network.dt); });
  }
};

}  // namespace rheo
