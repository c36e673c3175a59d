// What a sweep over seeds comes to, and the best point of one that is a search, and whether the grid holds it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "apps/learning/measures.hpp"
#include "io/sweep/folder.hpp"
#include "io/sweep/sweep.hpp"

namespace rheo {

// A sweep of a file with trials knows their scores (Sweep::know_tasks). Throws ExperimentError.
Sweep open_sweep(const std::string& file, const std::vector<std::string>& overrides,
                 const std::vector<std::string>& plugins);

struct SweepChoice {
  struct Candidate {                 // points that differ in their seeds alone
    std::uint64_t point = 0;         // the first of them
    std::vector<std::string> texts;  // "key = value"
    MeanInterval value;              // of the objective; a count of 0: of no seed
    std::size_t seeds = 0;           // that it was to have
  };
  std::vector<Candidate> candidates;
  std::size_t best = 0;
  std::vector<std::string> warnings;  // where the best lies at an edge, or seeds are missing
};

// Nothing where the sweep is no search, or no point has a value.
std::optional<SweepChoice> choose(const SweepFolder& folder);
std::string choice_text(const SweepFolder& folder, const SweepChoice& choice);
// choice.json: the objective, the budget, all candidates and the one that is chosen. Throws RecordingError.
void write_choice(const SweepFolder& folder, const SweepChoice& choice);

// Each metric's mean over the points of a sweep that differ in their seeds alone.
struct SweepMeans {
  std::vector<std::pair<std::string, MeanInterval>> metrics;  // a count of 0: no seed has a value
  std::uint64_t seeds = 0;
};
SweepMeans means_of(const SweepFolder& folder);
std::string means_text(const SweepMeans& means);
// means.json. Throws RecordingError.
void write_means(const SweepFolder& folder, const SweepMeans& means);

}  // namespace rheo
