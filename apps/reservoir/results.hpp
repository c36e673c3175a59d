// Trials of all seeds together: means with confidence intervals as text, JSON and HDF5, and a picture.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "apps/learning/measures.hpp"
#include "apps/reservoir/task.hpp"
#include "apps/reservoir/trial.hpp"

namespace rheo {

// One point of a search, with what it gave on each seed of the search.
struct SearchPoint {
  std::vector<std::string> settings;  // "key=value"
  std::vector<double> scores;
  double mean = 0;
};

struct Results {
  std::string title, kind, experiment;
  std::vector<std::uint64_t> seeds;
  std::vector<Trial> trials;        // [seed]
  std::vector<SearchPoint> search;  // empty: none was asked for
  std::size_t best = 0;             // of the search
};

// [seed] of a score; NaN where a trial has none of this name.
std::vector<double> values_of(const Results& results, const std::string& score);
// Names of all scores in the order of the first trial.
std::vector<std::string> score_names(const Results& results);

// Those of all trials, each once, and what is to be said of all together.
std::vector<std::string> remarks_of(const Results& results);

std::string summary(const Results& results);

// results.json, results.h5 and results.svg. The first two hold no times of day or of work: the same bytes for the same
// file and seeds. Throws RecordingError.
void write_results(const std::filesystem::path& directory, const Results& results);

}  // namespace rheo
