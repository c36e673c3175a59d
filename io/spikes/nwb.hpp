// Recorded spikes as NWB 2.7.0 (Neurodata Without Borders): /units with one unit per neuron, spike times in seconds,
// and the columns population and node_id. The specifications of NWB, which files may hold as a copy, are not in there.
//
// Dates are those of the run, and ids follow from it, so that the same run is the same bytes.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

namespace rheo {

struct NwbOptions {
  // run.json beside the spikes tells what was run; without it the time at which the session started must be given,
  // such as 2024-05-17T09:30:00Z.
  std::string start;
};

struct NwbSummary {
  std::uint64_t units = 0, spikes = 0;
  bool with_silent = false;  // neurons without a spike are units, too: the file is known to hold all spikes of the run
};

// Memory holds a piece, see SpikeSorter. What is there is replaced by a complete file only. Throws RecordingError.
NwbSummary write_nwb(const std::filesystem::path& spikes, const std::filesystem::path& out, const NwbOptions& options);

}  // namespace rheo
