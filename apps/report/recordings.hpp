// What a report says about recorded states, weights and synapses. Files are read in pieces; memory holds one row of a
// recording, or a number per neuron.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>

#include "apps/report/page.hpp"

namespace rheo::report {

enum class RecordingKind { none, spikes, states, snapshots, synapses };

// By the group that the file holds. Throws h5::Error where it is no HDF5 file, or cannot be read as far as it is whole.
RecordingKind kind_of_recording(const std::filesystem::path& file);

// Each adds its pictures and what there is to say about them. Throw h5::Error that names the dataset.
void add_states(Page& page, const std::filesystem::path& file);
void add_snapshots(Page& page, const std::filesystem::path& file);

// sizes: of populations, where they are known, so that neurons without synapses count.
using Sizes = std::map<std::string, std::uint64_t>;
void add_synapse_weights(Page& page, const std::filesystem::path& file);
// In-degrees and out-degrees, of synapses() or snapshots.
void add_degrees(Page& page, const std::filesystem::path& file, RecordingKind kind, const Sizes& sizes);

}  // namespace rheo::report
