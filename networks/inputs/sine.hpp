// A sinusoidal current.
#pragma once

#include "networks/description/profiles.hpp"
#include "networks/inputs/kind_of.hpp"

namespace rheo {

struct SineCurrent {
  Value amplitude = 0.0;
  double frequency = 0, phase = 0;

  static constexpr const char* name = "sine";
  static constexpr const char* summary =
      "The current amplitude sin(2 pi (frequency t + phase/360)), in the middle of each tick.";
  static constexpr const char* source = "";
  static constexpr auto fields = std::tuple_cat(
      rheo::fields(needed(input_fields::current("amplitude", &SineCurrent::amplitude, "value per neuron"))),
      profile_fields::sine(&SineCurrent::frequency, &SineCurrent::phase));
  void check(const InputEnds&) const {}
  MakeInput prepare(const InputEnds& ends) const {
    return profiled_current(ends, amplitude, {.kind = Profile::Kind::sine, .frequency = frequency, .phase = phase});
  }
};

}  // namespace rheo
