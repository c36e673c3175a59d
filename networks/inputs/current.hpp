// A current that is constant, or follows a signal.
#pragma once

#include "networks/inputs/kind_of.hpp"

namespace rheo {

struct ConstantCurrent {
  Value amplitude = 0.0;
  std::string signal = {};
  std::optional<std::uint32_t> channel = {};

  static constexpr const char* name = "current";
  static constexpr const char* summary = "A constant current, or one in proportion to a signal.";
  static constexpr const char* source = "";
  static constexpr auto fields = std::tuple_cat(
      rheo::fields(needed(input_fields::current("amplitude", &ConstantCurrent::amplitude, "value per neuron"))),
      input_fields::signal(&ConstantCurrent::signal, &ConstantCurrent::channel,
                           "multiplies the amplitude in each tick"));
  void check(const InputEnds&) const {}
  MakeInput prepare(const InputEnds& ends) const;
};

inline MakeInput ConstantCurrent::prepare(const InputEnds& ends) const {
  const std::vector<double> amplitudes = ends.draw("amplitude", amplitude);
  ends.check_product("amplitude", amplitudes, {}, signal);
  return [this, ends, amplitudes](const InputPart& part) {
    return std::make_unique<CurrentInput>(
        part.where, ends.network.precision, part.of(amplitudes),
        signal.empty() ? Factors{} : ends.factors(signal, channel, part.offset, Factor{}.least));
  };
}

}  // namespace rheo
