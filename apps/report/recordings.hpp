// What a report says about recorded states, weights and synapses. Files are read in pieces; memory holds one row of a
// recording, or a number per neuron.
#pragma once

#include <cstdint>
#include <filesystem>
#include <limits>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "apps/report/page.hpp"
#include "io/h5/h5.hpp"

namespace rheo::report {

// No number: a gap in a curve.
inline constexpr double nowhere = std::numeric_limits<double>::quiet_NaN();

// A sealed recording, or one that still grows.
inline h5::File open_recording(const std::filesystem::path& file) {
  return h5::File::open(file.string(), h5::File::Access::sealed_or_live);
}

// Names of the groups in a group, ascending.
std::vector<std::string> groups_in(const h5::Group& group);

enum class RecordingKind { none, spikes, states, snapshots, synapses };

// By the group that the file holds. Throws h5::Error where it is no HDF5 file, or cannot be read as far as it is whole.
RecordingKind kind_of_recording(const std::filesystem::path& file);

// Each adds its pictures and what there is to say about them. Throw h5::Error that names the dataset.
void add_states(Page& page, const std::filesystem::path& file);
void add_snapshots(Page& page, const std::filesystem::path& file);

using PhaseBegins = std::vector<std::pair<double, std::string>>;  // ms, and names
struct SpikeFigures;
void say_what_is_recorded(Page& page, const SpikeFigures& figures);
// All pictures but the raster of the page itself.
void add_spikes(Page& page, const std::filesystem::path& file, const SpikeFigures& figures,
                const PhaseBegins& phase_begins);

// sizes: of populations, where they are known, so that neurons without synapses count.
using Sizes = std::map<std::string, std::uint64_t>;
void add_synapse_weights(Page& page, const std::filesystem::path& file);
// In-degrees and out-degrees, of synapses() or snapshots.
void add_degrees(Page& page, const std::filesystem::path& file, RecordingKind kind, const Sizes& sizes);

}  // namespace rheo::report
