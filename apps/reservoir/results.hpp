// Trials of all seeds together: means with confidence intervals as text, JSON and HDF5, and a picture.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "apps/learning/measures.hpp"
#include "apps/reservoir/trial.hpp"

namespace rheo {

struct Results {
  std::string title, kind, experiment;
  std::vector<std::uint64_t> seeds;
  std::vector<Trial> trials;  // [seed]
};

// [seed] of a score; NaN where a trial has none of this name.
std::vector<double> values_of(const Results& results, const std::string& score);
// Names of all scores in the order of the first trial.
std::vector<std::string> score_names(const Results& results);

std::string summary(const Results& results);

// results.json, results.h5 and results.svg. The first two hold no times of day or of work: the same bytes for the same
// file and seeds. Throws RecordingError.
void write_results(const std::filesystem::path& directory, const Results& results);

}  // namespace rheo
