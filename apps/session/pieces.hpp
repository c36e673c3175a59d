// How many ticks a run computes between two looks at the signals.
#pragma once

#include <algorithm>

#include "core/time.hpp"
#include "core/types.hpp"
#include "networks/network.hpp"

namespace rheo {

// Length of the pieces between two looks at the signals: long enough that the cut costs nothing, short enough that
// Ctrl-C feels immediate.
class Pieces {
 public:
  // `window`: pieces below the smallest delay would only add barriers.
  explicit Pieces(Tick window) : shortest_(std::clamp<Tick>(window, 1, 1000)), ticks_(shortest_) {}

  Tick next(Tick left) const { return std::min(ticks_, left); }
  void took(Tick ticks_run, double seconds) {
    constexpr double target = 0.075;
    if (ticks_run < ticks_ && seconds < target) return;  // a piece that was cut says nothing of whole ones
    const double factor = std::clamp(target / std::max(seconds, 1e-6), 0.25, 4.0);
    const double ticks = std::min(static_cast<double>(ticks_) * factor, 1e9);
    ticks_ = std::max(shortest_, static_cast<Tick>(ticks) / shortest_ * shortest_);
  }

 private:
  Tick shortest_, ticks_;
};

inline Tick window_of(const Network& network, double dt) {
  double shortest = 0;
  for (const ProjectionInfo& projection : network.projections()) {
    if (projection.synapses == 0) continue;
    shortest = shortest == 0 ? projection.min_delay : std::min(shortest, projection.min_delay);
  }
  return ms_to_tick_nearest(shortest, dt);
}

}  // namespace rheo
