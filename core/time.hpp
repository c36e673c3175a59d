// Between milliseconds and ticks. Tick k is the time k * dt, correctly rounded, where dt is the decimal that the user
// wrote: tick 3 at dt 0.1 is 0.3 ms, although 3 * 0.1 is 0.30000000000000004 in doubles.
#pragma once

#include <cmath>
#include <limits>

#include "core/types.hpp"

namespace rheo {

// A number of ticks that was computed as a real. What no Tick can hold becomes +-never; NaN becomes never.
inline Tick whole_ticks(double ticks) {
  constexpr double limit = 9223372036854775808.0;  // 2^63
  if (ticks <= -limit) return -never;
  return ticks < limit ? static_cast<Tick>(ticks) : never;
}

// dt as a ratio of whole numbers: tick k is (k * numerator) / denominator ms, one rounding as long as |k * numerator|
// is below 2^53. The denominator is 1/dt where that is whole (0.1, 1/3, 0.0625), else a power of ten (0.4 = 4/10); a
// dt that is neither stands over 1.
struct TickLength {
  double numerator = 1;    // ms
  double denominator = 1;  // ticks

  static TickLength of(double dt) {
    constexpr double tolerance = 1e-12;
    const auto whole = [](double x) { return std::round(x) >= 1 && std::abs(x - std::round(x)) <= tolerance * x; };
    if (whole(1 / dt)) return {1, std::round(1 / dt)};
    for (double scale = 1; scale <= 1e9; scale *= 10) {
      if (whole(dt * scale)) return {std::round(dt * scale), scale};
    }
    return {dt, 1};
  }
  double ms(Tick k) const { return static_cast<double>(k) * numerator / denominator; }
  // The tick whose time is nearest to `ms` (halves away from zero).
  Tick nearest(double ms) const { return whole_ticks(std::round(ms * denominator / numerator)); }
};

// The time of tick k, for dt > 0 (ms).
inline double tick_to_ms(Tick k, double dt) {
  return TickLength::of(dt).ms(k);
}

// The tick whose time is nearest to `ms` (halves away from zero): for delays and durations.
inline Tick ms_to_tick_nearest(double ms, double dt) {
  return TickLength::of(dt).nearest(ms);
}

// The first tick that ends at or after `ms`: for spikes that come from outside. The time is first rounded to whole
// microseconds, so that 0.30000000000000004 ms is tick 3 at dt 0.1; where dt is no whole number of microseconds, a time
// within 1e-9 of a tick (relative) belongs to that tick.
inline Tick ms_to_tick_ceil(double ms, double dt) {
  const double dt_us = std::round(dt * 1000);
  const double us = std::round(ms * 1000);
  constexpr double exact = 9007199254740992.0;  // 2^53
  if (dt_us >= 1 && std::abs(dt * 1000 - dt_us) <= 1e-9 * dt_us && std::abs(us) < exact && dt_us < exact) {
    const auto time = static_cast<Tick>(us), length = static_cast<Tick>(dt_us);
    const Tick down = time / length;  // towards zero
    return time > 0 && time % length != 0 ? down + 1 : down;
  }
  const double ticks = ms / dt, near = std::round(ticks);
  return whole_ticks(std::abs(ticks - near) <= 1e-9 * std::abs(near) ? near : std::ceil(ticks));
}

}  // namespace rheo
