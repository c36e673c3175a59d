// All methods and seeds together: means with confidence intervals as text, JSON and HDF5, and pictures.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "apps/continual/run.hpp"

namespace rheo {

struct ContinualResults {
  std::string title, experiment;
  ContinualTask::Protocol protocol{};
  std::vector<std::string> projections;  // names: layers, then "output"
  std::vector<ContinualResult> runs;     // method after method, seed after seed
};

std::string summary(const ContinualResults& results);

// results.json, .h5 and .svg, which hold nothing of times or machines: the same bytes for the same file and seeds; and
// resources.json, .h5 and .svg, which do. Throws RecordingError.
void write_results(const std::filesystem::path& directory, const ContinualResults& results);

}  // namespace rheo
