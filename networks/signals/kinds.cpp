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
  within("values",
         [&] { check_count(values.width == 0 ? 0 : values.values.size() / values.width, times.size(), "time"); });
  return ticks;
}

}  // namespace rheo
