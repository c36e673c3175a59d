// A task with [task] on all its seeds, side by side.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace rheo {

struct ReservoirOptions {
  std::string file;
  std::vector<std::string> overrides, plugins;
  std::filesystem::path out;
  unsigned threads = 0;
  bool quiet = false;
};

// Writes the results into the output directory, and prints a summary. Returns the exit code. Throws UserError.
int run_reservoir_task(const ReservoirOptions& options);

}  // namespace rheo
