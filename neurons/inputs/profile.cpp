#include "neurons/inputs/profile.hpp"

#include <algorithm>

#include "core/math.hpp"
#include "core/time.hpp"

namespace rheo {

double Profile::peak() const {
  switch (kind) {
    case Kind::constant:
      return 1;
    case Kind::sine:
      return offset + (amplitude < 0 ? -amplitude : amplitude);
    default:
      return values.empty() ? 0 : *std::max_element(values.begin(), values.end());
  }
}

TickProfile::TickProfile(const Profile& profile, double dt)
    : profile_(profile), dt_(dt), period_(ms_to_tick_nearest(profile.period, dt)) {
  for (const double time : profile.times) ticks_.push_back(ms_to_tick_nearest(time, dt));
}

double TickProfile::at(Tick k) const {
  if (period_ > 0) k = (k - 1) % period_ + 1;
  const double middle = (static_cast<double>(k) - 0.5) * dt_;  // ms
  switch (profile_.kind) {
    case Profile::Kind::constant:
      return 1;
    case Profile::Kind::sine: {
      double sine = 0, cosine = 0;
      math::sin_cos_2pi(profile_.frequency * middle / 1000 + profile_.phase / 360, sine, cosine);
      return profile_.offset + profile_.amplitude * sine;
    }
    case Profile::Kind::steps: {
      const auto next = std::lower_bound(ticks_.begin(), ticks_.end(), k);
      return next == ticks_.begin() ? 0 : profile_.values[static_cast<std::size_t>(next - ticks_.begin()) - 1];
    }
    case Profile::Kind::ramps: {
      const std::vector<double>&times = profile_.times, &values = profile_.values;
      const auto next = static_cast<std::size_t>(std::upper_bound(times.begin(), times.end(), middle) - times.begin());
      if (next == 0) return 0;
      if (next == times.size()) return values.back();
      const double part = (middle - times[next - 1]) / (times[next] - times[next - 1]);
      return values[next - 1] + part * (values[next] - values[next - 1]);
    }
  }
  return 1;
}

}  // namespace rheo
