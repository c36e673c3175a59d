// Spikes from SONATA files, as other programs write them: inputs of spike_source populations.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "io/h5.hpp"

namespace rheo {

// times[i] (ms) is a spike of neuron nodes[i] (0-based within its population); in the file's order, which may be any.
struct RecordedSpikes {
  std::vector<double> times;
  std::vector<std::uint64_t> nodes;
};

// Reads one population's spikes: /spikes/<population>/{timestamps, node_ids}, or the older /spikes/{timestamps, gids}
// without a name, whatever `population` says. An empty `population` means the only one of the file. Any number types
// that hold whole node ids and finite times; `units`, where given, must be ms; `sorting` may be a text, an enum,
// absent, on the group or on node_ids: nothing relies on it. Throws h5::Error that names the dataset.
RecordedSpikes read_spikes(const std::string& path, const std::string& population = {});

// Names of the populations in a spike file, ascending; empty for the older layout without names.
std::vector<std::string> spike_populations(const std::string& path);

}  // namespace rheo
