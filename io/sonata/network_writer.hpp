// A whole experiment as SONATA: a folder whose config.json gives the same spikes again, bit for bit.
//
//   config.json, circuit_config.json, simulation_config.json, node_sets.json
//   network/<population>_nodes.h5, <population>_node_types.csv     in the order of declaration, as config lists them
//   network/<edges>_edges.h5, <edges>_edge_types.csv               io/record/edge_writer.hpp
//   components/point_neuron_models/<population>.json               parameters and initial states equal for all neurons;
//                                                                  others are datasets in 0/dynamics_params of the
//                                                                  nodes
//   inputs/<population>_spikes.h5                                  the trains of spike_source populations
//   inputs/<input>.h5                                              numbers and trains of an input, one per neuron
//
// A model that NEST has is written as "nest:<model>", with every parameter, others as "rheo:<model>". What SONATA
// cannot say has keys that begin with "rheo:" (docs/formats.md). Streams: memory holds no second copy of the network.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "io/experiment/experiment.hpp"
#include "networks/network.hpp"

namespace rheo {

// Fills the folder, which exists and is empty. `network` was built from experiment.network and has not run. Throws
// RecordingError; what was written stays.
void write_network(const std::filesystem::path& folder, const Experiment& experiment, Network& network);

}  // namespace rheo
