#include "io/files/spike_times.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "core/time.hpp"

namespace rheo {

SpikePlacer::SpikePlacer(double dt, const SpikeTimeRules& rules, const TimeResolution& resolution)
    : dt_(dt), rules_(rules), resolution_(resolution) {}

SpikePlacer::Outcome SpikePlacer::place(double& ms) {
  const double stored = ms, resolution = resolution_.at(stored);
  double time = stored + rules_.offset;
  Tick tick = ms_to_tick_ceil(time, dt_);
  const Tick near = ms_to_tick_nearest(time, dt_);
  // A time that the type cannot tell from that of a tick is meant for this tick.
  if (near != tick && (rules_.nearest || std::abs(tick_to_ms(near, dt_) - time) <= resolution)) {
    tick = near;
    time = tick_to_ms(near, dt_);
    counts_.nearest += near >= 1;
  }
  if (resolution > dt_ / 2 && resolution_.relative > 0) counts_.unclear_from = std::min(counts_.unclear_from, stored);
  if (tick < 1) {
    if (std::round(time * 1000) < 0) return Outcome::too_early;
    if (rules_.at_zero == SpikeTimeRules::AtZero::reject) return Outcome::at_zero;
    ++counts_.spikes;
    if (rules_.at_zero == SpikeTimeRules::AtZero::drop) {
      ++counts_.at_zero;
      return Outcome::left_out;
    }
    ++counts_.first_tick;
    time = tick_to_ms(1, dt_);
  } else {
    ++counts_.spikes;
  }
  ms = time;
  return Outcome::placed;
}

std::string SpikePlacer::expected(Outcome outcome) {
  if (outcome == Outcome::too_early) return "times > 0 (ms), if need be by the key offset";
  return "times > 0 (ms), or a key that says where time 0 belongs: offset = dt where ticks are numbered by their "
         "begin, "
         "at_zero = \"first_tick\" or \"drop\"";
}

std::string warning_about(const PlacedSpikes& placed) {
  std::string text;
  const auto add = [&](std::uint64_t count, const char* what) {
    if (count != 0) text += fmt::format("{}{} of {} spikes {}", text.empty() ? "" : ", ", count, placed.spikes, what);
  };
  add(placed.first_tick, "at time 0 are moved into the first tick");
  add(placed.at_zero, "at time 0 are left out");
  add(placed.after_end, "after the end are left out");
  if (placed.tells_no_ticks())
    text += fmt::format("{}from {} ms on the type of the times is too coarse to tell one tick from the next",
                        text.empty() ? "" : ", ", placed.unclear_from);
  if (text.empty()) return {};
  return fmt::format("{}: {}.", placed.file.empty() ? placed.key : placed.file, text);
}

}  // namespace rheo
