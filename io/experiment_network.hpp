// The network of an experiment. What is wrong with it comes out with the file and line where the user wrote it.
#pragma once

#include "core/parallel.hpp"
#include "io/experiment.hpp"
#include "networks/network.hpp"

namespace rheo {

// Checks it without building it, and adds what may not be meant to the experiment's warnings. Throws BuildError.
CheckedNetwork check_network(Experiment& experiment);
// What shows only when the numbers of neurons and inputs are drawn. Throws BuildError.
void check_draws(const Experiment& experiment);
// Throws BuildError.
Network build_network(const Experiment& experiment, const Threads& threads);

}  // namespace rheo
