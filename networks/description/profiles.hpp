// Profiles as a user gives them: the fields that they share with inputs in steps or along a sine, and their judge.
#pragma once

#include <array>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "networks/description/kind.hpp"
#include "neurons/inputs/profile.hpp"

namespace rheo {

// The two kinds of a profile with times.
inline std::span<const std::string_view> names_of(Profile::Kind) {
  static constexpr std::array<std::string_view, 2> names{"steps", "ramps"};
  return names;
}

namespace profile_fields {

template <class K>
constexpr auto steps(std::vector<double> K::*times, std::vector<double> K::*values, Profile::Kind K::*shape,
                     double K::*period, std::string_view unit, Range range = any_value) {
  return fields(
      needed(in_words(field("times", times, "ms", "when it changes, from the start of the input", non_negative), {},
                      "a list of times >= 0 (ms), each at least one tick later than the one before")),
      needed(in_words(
          field("values", values, unit, "a value for each time, from then on; before the first it is 0", range), {},
          range.low < 0 ? "a list with one value per time" : "a list with one value >= 0 per time")),
      field("shape", shape, "", "ramps: along straight lines between the points"),
      in_words(field("period", period, "ms", "it repeats after so long", non_negative), "never",
               "later than the last of `times`"));
}
template <class K>
constexpr auto sine(double K::*frequency, double K::*phase) {
  return fields(needed(field("frequency", frequency, "Hz", "periods per second", non_negative)),
                field("phase", phase, "degrees", "where it starts"));
}

// Those of a rate's profile.
inline constexpr auto rate_steps =
    steps(&Profile::times, &Profile::values, &Profile::kind, &Profile::period, "", non_negative);
inline constexpr auto rate_sine =
    std::tuple_cat(fields(needed(field("amplitude", &Profile::amplitude, "", "amplitude of the factor")),
                          in_words(field("offset", &Profile::offset, "", "added to the sine"), "1", {})),
                   sine(&Profile::frequency, &Profile::phase));

}  // namespace profile_fields

// The fields of a rate's profile, which must outlive them; it is a sine, or has steps or ramps.
std::vector<KindField> fields_of_profile(Profile& profile);

// Throws BuildError with the field as key.
void check_profile(const Profile& profile, double dt);
// The same of a profile that multiplies a rate.
void check_rate_profile(const Profile& profile, double dt);

}  // namespace rheo
