// Reservoirs that are no networks of the experiment file, made from [task.reservoir].
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>

#include "apps/reservoir/reservoir.hpp"
#include "apps/reservoir/task.hpp"

namespace rheo {

std::unique_ptr<Reservoir> make_echo_state(const OtherReservoir& how, std::uint64_t seed, std::size_t inputs);

// input_at: inputs of step t, for the adaptation, which is over when the reservoir is handed out.
std::unique_ptr<Reservoir> make_rate_reservoir(const OtherReservoir& how, std::uint64_t seed, std::size_t inputs,
                                               const std::function<std::span<const double>(std::size_t)>& input_at);

}  // namespace rheo
