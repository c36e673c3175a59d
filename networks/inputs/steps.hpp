// A current in steps or ramps.
#pragma once

#include "networks/description/profiles.hpp"
#include "networks/inputs/kind_of.hpp"

namespace rheo {

struct StepCurrent {
  std::vector<double> times = {}, values = {};
  Profile::Kind shape = Profile::Kind::steps;
  double period = 0;
  Value amplitude = 1.0;

  static constexpr const char* name = "steps";
  static constexpr const char* summary =
      "A current that changes at given times, in steps between ticks or along straight lines.";
  static constexpr const char* source = "";
  static constexpr auto fields = std::tuple_cat(
      profile_fields::steps(&StepCurrent::times, &StepCurrent::values, &StepCurrent::shape, &StepCurrent::period,
                            input_fields::current_unit),
      rheo::fields(field("amplitude", &StepCurrent::amplitude, "", "value per neuron: multiplies `values`")));
  Profile profile() const { return {.kind = shape, .times = times, .values = values, .period = period}; }
  void check(const InputEnds& ends) const { check_profile(profile(), ends.network.dt); }
  MakeInput prepare(const InputEnds& ends) const { return profiled_current(ends, amplitude, profile()); }
};

}  // namespace rheo
