// The network of an experiment. What is wrong with it comes out with the file and line where the user wrote it.
#pragma once

#include "core/parallel.hpp"
#include "io/experiment/experiment.hpp"
#include "networks/network.hpp"

namespace rheo {

// The last step of whoever reads an experiment: checks the network without building it, and adds what may not be meant
// to the experiment's warnings. Throws BuildError.
void check_network(Experiment& experiment);
// The largest resident memory (bytes) that a run should need, of an experiment that was checked: the process, the
// network, what is counted of each neuron and what waits to be recorded. threads: of the run, 0 for one per processor.
// Throws BuildError where there is less.
double check_memory(const Experiment& experiment, unsigned threads = 0);
// What shows only when the numbers of neurons and inputs are drawn. Throws BuildError.
void check_draws(const Experiment& experiment);
// Throws BuildError.
Network build_network(const Experiment& experiment, const Threads& threads);

}  // namespace rheo
