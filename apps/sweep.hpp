// rheo sweep: all points of a [sweep], each in a folder and a process of its own.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "io/sweep_folder.hpp"

namespace CLI {
class App;
}

namespace rheo {

struct SweepOptions {
  std::string file;
  std::vector<std::string> overrides, plugins;  // as of RunOptions
  std::filesystem::path out;                    // empty: <stem of the file>.sweep in the working directory
  unsigned jobs = 0;                            // points at a time; 0: as many as there are processors for
  unsigned threads = 1;                         // of each point
  std::optional<double> checkpoint_every;       // s of wall time, of each point
  bool retry_failed = false;
  bool quiet = false;
};

// Runs what is left of a sweep. Returns the exit code: 0, exit_other_error where points failed, or exit_interrupted.
// Throws UserError.
int run_sweep(const SweepOptions& options);

// A line of each failed point, at most so many: its folder, what it sets, and its error.
std::string failed_text(const SweepFolder& folder, const SweepManifest& manifest, const std::vector<SweepPoint>& points,
                        const SweepHistory& history, std::size_t most);

void add_sweep_status(CLI::App& sweep);
void add_sweep_collect(CLI::App& sweep);

}  // namespace rheo
