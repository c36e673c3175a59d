// One experiment from its file to its sealed results.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace rheo {

struct Checkpoint;

struct RunOptions {
  std::string file;                    // *.json: a SONATA config; anything else: an experiment file (TOML)
  std::vector<std::string> overrides;  // "key=value"
  std::filesystem::path out;           // empty: what the experiment says, else <stem>.out in the working directory
  unsigned threads = 0;                // 0: every processor that the process may use
  std::optional<std::uint64_t> seed;   // instead of the experiment's
  std::optional<std::uint32_t> lanes;
  std::string layout;                // a file of costs (io/experiment/layout_file.hpp)
  std::vector<std::string> plugins;  // libraries of plasticity rules
  bool quiet = false;
  bool json = false;  // run.json and the directory on stdout instead of the summary
  bool profile = false, pin = false;
  bool overwrite = false;                  // what an earlier run left in the output directory
  bool keep_settings = true;               // the texts of the experiment go to run.json
  std::optional<double> checkpoint_every;  // s of wall time
  std::vector<double> checkpoint_at;       // ms of the simulation
  std::filesystem::path checkpoint;        // that the run goes on from
  // Asked several times a second, with the time of the simulation in ms; true ends the run in order, as a signal does:
  // resumable, and with exit_interrupted.
  std::function<bool(double ms)> stop = {};
};

// Runs it: progress on stderr, the summary on stdout, results in the output directory. Returns the exit code, 0 or
// exit_interrupted. Throws UserError.
int run_experiment(const RunOptions& options);
// Goes on from a checkpoint in the output directory, as the same run. The caller has locked the directory.
int resume_experiment(const RunOptions& options, const Checkpoint& checkpoint);

}  // namespace rheo
