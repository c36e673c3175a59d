// Reservoirs that are no networks of the experiment file, made from [task.reservoir].
#pragma once

#include <cstdint>
#include <memory>

#include "apps/learning/matrix.hpp"
#include "apps/reservoir/reservoir.hpp"
#include "apps/reservoir/task.hpp"

namespace rheo {

// Throws ExperimentError where a number is out of its range.
void check_other_reservoir(const OtherReservoir& how, std::size_t inputs);
// adapt: inputs of the steps in which a rate reservoir adapts (from the beginning again where they end), which is over
// when it is handed out. Throws ExperimentError.
std::unique_ptr<Reservoir> make_other_reservoir(const OtherReservoir& how, std::uint64_t seed, std::size_t inputs,
                                                const Matrix& adapt);

}  // namespace rheo
