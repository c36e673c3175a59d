// Spikes as text: recorded ones out, in the order of the file, and others in. Times are written as the shortest
// decimals that read back as the same numbers.
//   gdf   "id<TAB>time" per spike, one file per population: <out> for the only one, else <out>-<population>.gdf
//   csv   "time population id" per spike, as bmtk writes it, under the header "timestamps population node_ids"
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "io/spikes/reader.hpp"

namespace rheo {

enum class SpikeText { gdf, csv };

struct SpikeTextSummary {
  std::vector<std::filesystem::path> files;
  std::uint64_t spikes = 0;
};

// Writes the spikes of a SONATA file of any layout to `out` ("-": stdout). What is there is replaced only by a complete
// file. Streams: memory holds a piece. Throws RecordingError.
SpikeTextSummary write_spike_text(const std::filesystem::path& spikes, SpikeText format,
                                  const std::filesystem::path& out);

// The format that the end of a name stands for: .gdf and .dat (as NEST names it), or .csv.
std::optional<SpikeText> spike_text_of(const std::filesystem::path& file);
inline bool is_spike_text(const std::filesystem::path& file) {
  return spike_text_of(file).has_value();
}

// Whether a population of a spike file may have this name: that of a group.
bool is_population_name(std::string_view name);

// Reads a text line by line; take gets every spike. Empty lines are nothing.
//   gdf   lines of # and a first line "sender time_ms" are left out; no population has a name ("")
//   csv   columns timestamps, node_ids and perhaps population in the order of the header, separated by commas or
//         blanks; without population the name is ""
// Throws RecordingError with file, line, column, value and what would be right.
void read_spike_text(
    const std::filesystem::path& file, SpikeText format,
    const std::function<void(double time, std::uint64_t node, std::string_view population, std::uint64_t line)>& take);

// As read_spikes and spike_populations, for texts; everything in memory.
RecordedSpikes read_spike_text(const std::string& file, const std::string& population);
std::vector<std::string> spike_text_populations(const std::string& file);

}  // namespace rheo
