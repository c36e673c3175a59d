#include "networks/description/profiles.hpp"

#include <fmt/format.h>

#include "core/diagnostics.hpp"
#include "core/time.hpp"
#include "networks/description/values.hpp"

namespace rheo {

std::vector<KindField> fields_of_profile(Profile& profile) {
  return profile.kind == Profile::Kind::sine ? fields_of(profile, profile_fields::rate_sine)
                                             : fields_of(profile, profile_fields::rate_steps);
}

void check_profile(const Profile& profile, double dt) {
  if (profile.kind != Profile::Kind::steps && profile.kind != Profile::Kind::ramps) return;
  const char* const ascending = "times >= 0 (ms), each at least one tick later than the one before";
  if (profile.times.empty()) reject("times", "a list of 0", "empty", ascending);
  for (std::size_t i = 1; i < profile.times.size(); ++i)
    if (ms_to_tick_nearest(profile.times[i], dt) <= ms_to_tick_nearest(profile.times[i - 1], dt))
      reject("times", fmt::format("{}", profile.times[i]), "not later than the one before", ascending);
  within("values", [&] { check_count(profile.values.size(), profile.times.size(), "time"); });
  if (profile.period == 0) return;
  if (ms_to_tick_nearest(profile.period, dt) < 1)
    reject("period", fmt::format("{}", profile.period), "shorter than a tick", fmt::format("at least {} (ms)", dt));
  if (profile.times.back() >= profile.period)
    reject("period", fmt::format("{}", profile.period), "not longer than the last of times",
           fmt::format("more than {} (ms)", profile.times.back()));
}

void check_rate_profile(const Profile& profile, double dt) {
  if (profile.kind == Profile::Kind::constant) return;
  Profile same = profile;
  check_ranges(fields_of_profile(same));
  check_profile(profile, dt);
  if (!(profile.peak() > 0))
    reject({}, {}, fmt::format("its largest value is {}", profile.peak()), "a profile that is above 0 at times");
}

}  // namespace rheo
