// White noise of current.
#pragma once

#include "networks/inputs/kind_of.hpp"

namespace rheo {

struct NoiseCurrent {
  Value mean = 0.0, deviation = 0.0;
  double every = 0;

  static constexpr const char* name = "noise";
  static constexpr const char* summary =
      "A normally distributed current, drawn anew for every target neuron after each interval.";
  static constexpr const char* source = "";
  static constexpr auto fields =
      rheo::fields(input_fields::current("mean", &NoiseCurrent::mean, "value per neuron"),
                   needed(input_fields::current("deviation", &NoiseCurrent::deviation,
                                                "value per neuron: the standard deviation", non_negative)),
                   in_words(field("every", &NoiseCurrent::every, "ms", "how long a draw lasts", non_negative),
                            "one tick", "at least one tick"));
  bool lasts() const {
    const auto* const constant = std::get_if<double>(&deviation);
    return constant != nullptr && *constant == 0;
  }
  void check(const InputEnds& ends) const {
    if (every != 0 && ends.ticks(every) < 1)
      reject("every", fmt::format("{}", every), "shorter than a tick",
             fmt::format("at least {} (ms)", ends.network.dt));
  }
  MakeInput prepare(const InputEnds& ends) const;
};

inline MakeInput NoiseCurrent::prepare(const InputEnds& ends) const {
  return [this, ends, means = ends.draw("mean", mean),
          deviations = ends.draw("deviation", deviation, non_negative)](const InputPart& part) {
    return std::make_unique<NoiseInput>(part.where, ends.network.precision, ends.key(name), part.offset, part.of(means),
                                        part.of(deviations), std::max<Tick>(1, ends.ticks(every)),
                                        kernels(ends.isa).noise[ends.precision()]);
  };
}

}  // namespace rheo
