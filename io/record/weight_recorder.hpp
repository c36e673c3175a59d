// Weights on their way to disk while the simulation runs: every so often all synapses of a plastic projection, streamed
// into <file>.part and sealed into <file> at the end (io/files/recording.hpp).
//   /weights/<name>/source_node_id, target_node_id  uint64 [edges], attribute node_population
//   /weights/<name>/delay                           float64 [edges], ms
//   /weights/<name>/time                            float64 [snapshots], ms
//   /weights/<name>/<variable>                      [snapshots x edges] in the precision of the simulation: "weight",
//                                                   or another column of the rule
// Names and order of edges are those of io/record/edge_writer.hpp; pairs of populations without synapses are left out.
// A snapshot has what synapses are after all of its tick. The .part file also holds
//   /rows  uint64 [...]: after each flush, how many snapshots are whole
// Every chunk of both has a checksum.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <vector>

#include "io/files/recording.hpp"
#include "io/record/requests.hpp"
#include "networks/network.hpp"

namespace rheo {

struct SnapshotSummary {
  std::filesystem::path file;
  std::uint64_t snapshots = 0;
  double first = 0, last = 0;  // ms
  std::vector<Loss> lost;      // of a file that is damaged; each pair of populations keeps the snapshots that it has
};

class WeightRecorder {
 public:
  using Options = RecordingOptions;

  // Makes the directory and the .part file; the network was built from `spec` and outlives the recorder. Throws
  // RecordingError. Where the options resume: keeps the snapshots before that tick, in which one may be due again.
  WeightRecorder(const std::filesystem::path& directory, Network& network, const NetworkSpec& spec,
                 const RecordWeights& record, Options options);
  WeightRecorder(const std::filesystem::path& directory, Network& network, const NetworkSpec& spec,
                 const RecordWeights& record);
  // Without finish(): flushes and closes the .part file but does not seal it.
  ~WeightRecorder();

  void start();  // once, where the options wait for it

  // The tick at which the next snapshot is due, not before the simulation's own; `never`: there is none. Whoever runs
  // the simulation stops there and calls take().
  Tick next() const;
  // Takes a snapshot now, if there is none of this tick. Memory holds three of them at most, or some 10^5 values if
  // that is more: blocks while the disk is behind. Changes no result.
  void take();

  // Hands all that was taken to the operating system.
  void flush();

  // Writes what is left and seals. Throws RecordingError; the .part file then stays for recover_snapshots. Call once.
  SnapshotSummary finish();

  struct State;

 private:
  std::unique_ptr<State> state_;
};

// Seals what a killed process left of `sealed`: of each pair of populations the snapshots before the first that is
// damaged. Throws RecordingError when its process still runs, or when nothing of it can be read.
SnapshotSummary recover_snapshots(const std::filesystem::path& sealed);

}  // namespace rheo
