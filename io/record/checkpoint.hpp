// A run that can be gone on with: the whole dynamic state of its network between two ticks, and what the run itself has
// to know. Portable between machines, threads, lanes, instruction sets and compilers. An HDF5 file of the newest
// format, whose metadata have checksums of their own; each dataset has one as attribute `fletcher`. Format version 1:
//   attributes   format "rheobase checkpoint", version uint32, rheobase (of the writer), tick int64, time and dt (ms),
//                synapses uint64 [2] (Network::synapse_digest)
//   /network     uint8 [...]: text, one line for each population, projection and signal (Simulation::fingerprint)
//   /run         uint8 [...]: JSON, how the run was started and what it recorded so far
//   /state       uint8 [...]: Simulation::save
//   /statistics  uint8 [...]: SpikeStatistics::save
// What never changes while running (targets, delays, static weights, parameters) is not in it: it is built again from
// the experiment and compared by `network` and `synapses`.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "core/types.hpp"
#include "io/h5/h5.hpp"
#include "io/record/spike_recorder.hpp"

namespace rheo {

// How a run was started, so that it can be started again, and how far it came.
struct RunRecord {
  std::string file;                    // experiment file or SONATA config, as the user named it
  std::string directory;               // the working directory in which names are meant
  std::vector<std::string> overrides;  // "key=value"
  std::vector<std::string> plugins;
  std::optional<std::uint64_t> seed;  // instead of the experiment's
  std::optional<std::uint32_t> lanes;
  std::optional<double> checkpoint_every;                   // s
  std::vector<double> checkpoint_at;                        // ms
  std::vector<std::pair<std::string, std::uint64_t>> read;  // every file of the experiment, with hash_of_file()
  std::string started;                                      // ISO 8601, UTC
  double simulate_wall_time = 0;                            // s, of all processes so far
  std::uint64_t resumed = 0;                                // how often
  SpikeCounts spikes;                                       // recorded
};

struct Checkpoint {
  std::string rheobase;  // version of the writer
  Tick tick = 0;
  double dt = 0;                            // ms
  std::array<std::uint64_t, 2> synapses{};  // Network::synapse_digest()
  std::string network;                      // Simulation::fingerprint()
  RunRecord run;
  std::vector<std::byte> state, statistics;
};

// All or nothing, on the disk when it returns. The file that it replaces, if any, is kept as `previous`, unless that is
// empty. Throws RecordingError.
void write_checkpoint(const std::filesystem::path& file, const Checkpoint& checkpoint,
                      const std::filesystem::path& previous = {});

// Reads and checks it. Throws RecordingError: no checkpoint, of another version, damaged.
Checkpoint read_checkpoint(const std::filesystem::path& file);
// Its tick alone.
Tick checkpoint_tick(const std::filesystem::path& file);

// Checkpoints of a run directory, those of later ticks first; what cannot be read may be the newest, and comes
// before all.
std::vector<std::filesystem::path> find_checkpoints(const std::filesystem::path& directory);

// Where the network at hand and that of a checkpoint differ first; nothing where they agree.
std::optional<Complaint> compare_networks(const std::string& here, const std::string& saved);

// Bytes as a dataset with a checksum. get_checked() throws h5::Error where it does not agree.
void put_checked(h5::File& to, const char* name, std::span<const std::byte> bytes);
std::vector<std::byte> get_checked(const h5::File& from, const char* name);

}  // namespace rheo
