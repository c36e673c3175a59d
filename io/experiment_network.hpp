// The network of an experiment. What is wrong with it comes out with the file and line where the user wrote it.
#pragma once

#include "core/parallel.hpp"
#include "io/experiment.hpp"
#include "networks/network.hpp"

namespace rheo {

// Checks it without building it. Throws BuildError.
void check_network(const Experiment& experiment);
// The same, and draws what belongs to neurons and inputs.
void check_draws(const Experiment& experiment);
// Throws BuildError.
Network build_network(const Experiment& experiment, const Threads& threads);

}  // namespace rheo
