// Recorded spikes as text, in the order of the file. Times are the shortest decimals that read back as the same
// numbers.
//   gdf   "id<TAB>time" per spike, one file per population: <out> for the only one, else <out>-<population>.gdf
//   csv   "time population id" per spike, as bmtk writes it, under the header "timestamps population node_ids"
#pragma once

#include <cstdint>
#include <filesystem>
#include <vector>

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

}  // namespace rheo
