// From described inputs to those that run.
#pragma once

#include <memory>
#include <vector>

#include "core/isa.hpp"
#include "networks/checked_spec.hpp"
#include "networks/plastic/signals.hpp"

namespace rheo {

// Adds what one input needs, one or two for each part of its target. signals: outlives the inputs; may be nullptr where
// no input reads one.
void build_input(const CheckedSpec& plan, const InputSpec& input, Isa isa, const SignalBoard* signals,
                 std::vector<std::unique_ptr<Input>>& inputs);

// Draws what differs between neurons, to see whether it is in range.
void check_draws_of_input(const CheckedSpec& plan, const InputSpec& input, Isa isa);

}  // namespace rheo
