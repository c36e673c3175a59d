#include "networks/signals/kinds.hpp"

namespace rheo {

const std::vector<std::unique_ptr<const SignalKind>>& signal_kinds() {
  static const auto kinds = ForEachSignalKind<OneOf<SignalKind>::Each>::made();
  return kinds;
}

std::vector<Tick> ticks_of_table(const std::vector<double>& times, const TimedValues& values, const char* ascending,
                                 const std::function<Tick(double)>& tick_of) {
  if (times.empty()) reject("times", "a list of 0", "empty", ascending);
  std::vector<Tick> ticks;
  for (const double time : times) {
    const Tick tick = std::clamp<Tick>(tick_of(time), 1, SignalPlan::latest);
    if (!ticks.empty() && tick <= ticks.back())
      reject("times", fmt::format("{}", time), "not later than the one before", ascending);
    ticks.push_back(tick);
  }
  if (values.values.empty() || values.values.size() != times.size() * values.width)
    reject("values", fmt::format("{}", values.values.size()), "wrong number of values",
           fmt::format("{}, {} for each time", times.size() * values.width, values.width));
  return ticks;
}

}  // namespace rheo
