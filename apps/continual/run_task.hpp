// Tasks in sequence over a layered spiking network, with each method and seed that the file names.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace rheo {

struct ContinualOptions {
  std::string file;
  std::vector<std::string> overrides;
  std::filesystem::path out;
  unsigned threads = 0;
  bool quiet = false;
};

// Writes the results into the output directory, and prints a summary. Returns the exit code. Throws UserError.
int run_continual_task(const ContinualOptions& options);

}  // namespace rheo
