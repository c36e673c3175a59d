// What changes of an experiment while its network runs.
#pragma once

#include <string>

#include "io/experiment/experiment.hpp"
#include "networks/network.hpp"

namespace rheo {

// Changes what the experiment says, as the judge allows it; weights of synapses it does not hold. Throws
// ExperimentError, and then nothing was changed.
void change(Experiment& experiment, const Change& change);
// The same with the network that was built from it, between two runs. only_asked: whether it could be, and the network
// stays as it is.
void change(Experiment& experiment, Network& network, const Change& change, bool only_asked = false);

// "100 ms: inputs.background { rate = 5.0 }"; dt in ms.
std::string text_of(const Change& change, double dt);

}  // namespace rheo
