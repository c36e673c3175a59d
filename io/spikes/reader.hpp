// Spike files in the layout of SONATA: as other programs write them, and as we do. Where a text of spikes may stand in
// place of a SONATA file (inputs of an experiment), its name says so: see io/spikes/text.hpp.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "core/diagnostics.hpp"
#include "io/files/spike_times.hpp"
#include "io/h5/h5.hpp"

namespace rheo {

// How the spikes of a population are ordered; the values are those of SONATA's enum.
enum class SpikeOrder : std::int8_t { none = 0, by_id = 1, by_time = 2 };

// times[i] (ms) is a spike of neuron nodes[i] (0-based within its population); in the file's order, which may be any.
struct RecordedSpikes {
  std::vector<double> times;
  std::vector<std::uint64_t> nodes;
  TimeResolution resolution = {};
};

// Reads one population's spikes: /spikes/<population>/{timestamps, node_ids}, or the older /spikes/{timestamps, gids}
// without a name, whatever `population` says. An empty `population` means the only one of the file. Any number types
// that hold whole node ids and finite times; `units`, where given, must be ms; `sorting` may be a text, an enum,
// absent, on the group or on node_ids: nothing relies on it. Throws h5::Error that names the dataset.
// A path that ends as that of a text does (is_spike_text) is read as one: gdf has no names, csv may.
RecordedSpikes read_spikes(const std::string& path, const std::string& population = {});

// Names of the populations in a spike file, ascending; empty for the older layout without names.
std::vector<std::string> spike_populations(const std::string& path);

// One population's spikes in an open file, read in pieces, with the same checks.
class StoredSpikes {
 public:
  explicit StoredSpikes(const h5::Group& group);  // holds timestamps and node_ids, or gids
  std::uint64_t size() const { return size_; }
  // Of the stored type, or of that from which the file was converted, as its attribute "resolution" says.
  const TimeResolution& resolution() const { return resolution_; }
  std::vector<double> times(std::uint64_t first, std::uint64_t count) const;
  std::vector<std::uint64_t> nodes(std::uint64_t first, std::uint64_t count) const;

 private:
  h5::Dataset timestamps_, nodes_;
  std::uint64_t size_ = 0;
  TimeResolution resolution_;
};

struct StoredPopulation {
  std::string name;
  StoredSpikes spikes;
};
// All populations of a spike file, ascending by name; the older layout without names is one, "default".
std::vector<StoredPopulation> open_spikes(const h5::File& file);

// Writing. The group of one population as every spike file of ours has it: compressed, and the same bytes for the same
// spikes, however they are cut into pieces.
class SealedSpikes {
 public:
  // resolution: of where the times come from.
  SealedSpikes(h5::Group& spikes, const std::string& population, std::uint64_t count, SpikeOrder order,
               const TimeResolution& resolution = {});
  // Appends; in all as many as was said.
  void write(std::span<const double> times, std::span<const std::uint64_t> nodes);
  // The first `count` spikes of another file, as append() of h5::Dataset copies them.
  void append(const h5::Dataset& times, const h5::Dataset& nodes, std::uint64_t count);

 private:
  h5::Group group_;
  h5::Dataset timestamps_, nodes_;
};
// What describes the spikes of a population that may still grow.
void describe_spikes(h5::Group& group, h5::Dataset& timestamps, SpikeOrder order);

}  // namespace rheo
