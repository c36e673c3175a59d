// Spikes on their way to disk: streamed into <directory>/spikes.h5.part while the simulation runs, sealed into
// <directory>/spikes.h5 at its end. Both hold the SONATA layout:
//   /spikes/<population>/timestamps  float64 [N], ms, attribute units = "ms"
//   /spikes/<population>/node_ids    uint64 [N], 0-based within the population
//   /spikes/<population>             attribute sorting = enum by_time; spikes by time, then by node id
//
// The .part file can be read while it is written (SWMR), and after kill -9 it holds what was flushed: all but the last
// flush_interval. Plain readers reject it in both cases; recover_spikes() seals it. node_ids reach the disk before the
// timestamps of the same spikes, so a spike with a timestamp is whole; a live reader uses the first
// min(size(timestamps), size(node_ids)) of both.
//
// The sealed file is readable by every HDF5 since 1.8, and the same spikes are the same bytes, however they were cut
// into batches, whenever they were flushed. Both are compressed, and each chunk has a checksum.
//
// A lock on <directory>/spikes.h5.lock marks a live recording; it vanishes with the process. Where the file system has
// no locks, nothing marks it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "core/loop/simulation.hpp"
#include "core/spikes.hpp"
#include "io/files/recording.hpp"
#include "networks/description/spec.hpp"

namespace rheo {

// What a sealed spike file holds.
struct SpikeFileSummary {
  struct Population {
    std::string name;
    std::uint64_t spikes = 0;
    double last = 0;  // ms, time of its last spike; 0 without spikes
  };
  std::filesystem::path file;
  std::vector<Population> populations;  // ascending by name, as in the file
  double last = 0;                      // ms, time of the last spike of all
  // Rows at the end of the unsealed file that were not whole spikes when its process was killed.
  std::uint64_t incomplete = 0;
  std::vector<Loss> lost;  // of a file that is damaged
};

// Recorded spikes by population.
using SpikeCounts = std::map<std::string, std::uint64_t>;

class SpikeRecorder final : public SpikeSink {
 public:
  using Options = RecordingOptions;

  // `populations` as Simulation::populations() gives them; `recorded` may name a population more than once (the union
  // is recorded). Spikes of these spans only, or of all ticks if there are none. Makes the directory and the .part
  // file, which readers can open from here on. Throws RecordingError: unknown population or bad selection; the
  // directory cannot be written; another process records there; an unfinished recording lies there. Where the options
  // resume: `earlier` is what flush() told at that time.
  SpikeRecorder(const std::filesystem::path& directory, const std::vector<PopulationInfo>& populations,
                const std::vector<Selection>& recorded, double dt, Options options, std::vector<TickSpan> spans = {},
                const SpikeCounts& earlier = {});
  SpikeRecorder(const std::filesystem::path& directory, const std::vector<PopulationInfo>& populations,
                const std::vector<Selection>& recorded, double dt);
  // Without finish(): flushes and closes the .part file but does not seal it.
  ~SpikeRecorder() override;

  void start();  // once, where the options wait for it

  // Copies the batch and returns; a thread of the recorder does the rest. Blocks only when the disk is more than four
  // chunks behind. Throws RecordingError when the writer failed earlier; what was flushed before stays readable.
  void take(const SpikeBatch& batch) override;

  // Hands all that was taken to the operating system, and says how much that is.
  SpikeCounts flush();

  // Writes what is left and seals. Throws RecordingError; the .part file then stays for recover_spikes. Call once.
  SpikeFileSummary finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// Seals the .part file that a killed process left in `directory` (replacing a spikes.h5 there): of each population the
// spikes before the first that is damaged. Throws RecordingError when there is none, when its process still runs, or
// when nothing of it can be read.
SpikeFileSummary recover_spikes(const std::filesystem::path& directory);

}  // namespace rheo
