// What was run, where, how fast and with what outcome: <directory>/run.json, beside the results. Everything that may
// differ between two runs of the same experiment is here and not in the HDF5 files, which are the same bytes.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/loop/simulation.hpp"
#include "core/types.hpp"
#include "io/files/spike_times.hpp"
#include "io/files/statistics.hpp"
#include "networks/synapses/port_weights.hpp"

namespace rheo {

struct RunReport {
  enum class Status { finished, interrupted, failed };
  struct Projection {
    std::string name;
    std::uint64_t synapses = 0;
    std::uint64_t bytes = 0;
    double min_delay = 0, max_delay = 0;  // ms; both 0 without synapses
    Precision precision = Precision::single_;
    std::vector<PortWeights> weights = {};  // as they were built
  };

  struct Phase {
    std::string name;
    double begin = 0, end = 0;          // ms
    std::vector<std::string> learning;  // projections
  };

  Status status = Status::finished;
  std::string problem;  // message of the error; empty unless failed

  std::string version;  // of Rheobase
  std::string title;
  std::string experiment;                 // file, as the user named it
  std::optional<std::uint64_t> identity;  // of the experiment (io/experiment/identity.hpp)
  std::uint64_t seed = 0;
  double dt = 0;         // ms
  double duration = 0;   // ms, as asked for
  double simulated = 0;  // ms, as computed
  Precision precision = Precision::single_;
  std::vector<Phase> phases;
  double begin = 0;                  // ms, of the clock: where an initial state was read
  std::vector<std::string> changes;  // what was changed while it ran, "100 ms: inputs.background { rate = 5.0 }"
  std::string stopped;               // which condition ended it before its time; empty: none

  struct SettingsFile {
    std::string file;
    std::optional<std::string> text;  // nothing: too long to be kept
  };
  std::vector<std::string> overrides;                  // "key=value"
  std::vector<SettingsFile> settings;                  // the texts that the experiment was read from
  std::map<std::string, std::uint64_t> spike_neurons;  // of which spikes are recorded, by population
  std::vector<std::pair<double, double>> spike_spans;  // ms, (begin, end]; none: the whole run

  std::vector<PlacedSpikes> spike_times;  // what was moved or left out of trains from elsewhere

  unsigned threads = 0;
  std::size_t lanes = 0;
  std::string host, compiler, instruction_set;
  std::string started;            // ISO 8601, UTC
  double build_wall_time = 0;     // s
  double simulate_wall_time = 0;  // s, earlier processes included; the real-time factor is this over the simulated time
  std::uint64_t peak_memory = 0;  // bytes of resident memory
  std::optional<StageTimes> stages;  // s of all threads, where they were measured

  struct Checkpoints {
    std::uint64_t written = 0;  // by this process
    std::uint64_t bytes = 0;    // of the last one's state
    double stopped = 0;         // s in which the simulation stood still for them
    double writing = 0;         // s of the thread that wrote them
  };
  std::uint64_t resumed = 0;  // how often
  bool resumable = false;     // interrupted, with a checkpoint
  Checkpoints checkpoints;

  std::vector<PopulationStatistics> populations;
  std::vector<bool> by_event;         // [population] updated by events; empty: none is
  std::vector<Precision> precisions;  // [population] of its states; empty: as the simulation
  std::vector<Projection> projections;
  // Of a task: by name, and of single targets of readouts; nothing: not defined.
  using Scores = std::vector<std::pair<std::string, std::optional<double>>>;
  Scores scores;
  std::vector<std::pair<std::string, Scores>> target_scores;
  std::vector<std::string> remarks;

  std::vector<std::string> files;             // recorded, relative to the directory
  std::map<std::string, std::string> sha256;  // of each of them, as it was sealed
};

// Wall time over biological time; nothing when nothing was simulated.
std::optional<double> real_time_factor(const RunReport& report);

nlohmann::ordered_json to_json(const std::vector<PortWeights>& weights);
nlohmann::ordered_json to_json(const RunReport& report);

// Writes <directory>/run.json, all or nothing: a reader sees the old file or the new one. Makes the directory.
// Throws RecordingError.
void write_run_report(const std::filesystem::path& directory, const RunReport& report);

// Adds sealed files to the SHA-256 of <directory>/run.json, as recovering them does; where there is no run.json of
// ours, nothing is written. Throws RecordingError.
void note_sealed(const std::filesystem::path& directory, const std::vector<std::string>& files);

// SHA-256 of a file in hexadecimal digits, as sha256sum prints it. Throws RecordingError.
std::string sha256_of_file(const std::filesystem::path& file);

// The texts among these files, TOML and JSON; those after the first 256 KiB without their text.
std::vector<RunReport::SettingsFile> settings_texts(const std::vector<std::string>& files);

// Facts about this process, for the report.
std::string host_name();
std::string compiler_name();        // "gcc 12.2.0"
std::string utc_now();              // "2024-05-17T09:30:00Z"
std::uint64_t peak_memory_bytes();  // largest resident set so far

}  // namespace rheo
