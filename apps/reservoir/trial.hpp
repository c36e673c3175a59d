// What one trial, a task with one seed, gives: numbers, and curves that are drawn. Results puts the trials of all seeds
// together.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "apps/reservoir/task.hpp"
#include "io/experiment/experiment.hpp"

namespace rheo {

struct Curve {
  std::string panel, name;  // curves of one panel are drawn together
  std::string x_label, y_label;
  std::vector<double> x, y;
  bool wanted = false;    // what should be, not what is
  std::size_t shown = 0;  // in the picture, from the first on; 0: all
};

// A score of each output, such as the NRMSE of each column of a file.
struct OutputScore {
  std::string name;
  std::vector<double> values;  // [output]; not a number where an output does not count
};

// What was shown in a part of a trial one after the other, such as the classes of the test samples.
struct Order {
  std::string part;
  std::vector<std::uint32_t> items;
};

struct Trial {
  std::vector<std::pair<std::string, double>> scores;  // in the order in which they are shown
  std::vector<std::string> outputs;                    // their names, where single ones have scores
  std::vector<OutputScore> output_scores;
  std::vector<Order> orders;
  std::vector<Curve> curves;
  std::vector<std::string> remarks;
  double seconds = 0, simulated = 0;  // wall time of the simulation, and what it simulated, in s; not compared

  void score(std::string name, double value) { scores.emplace_back(std::move(name), value); }
};

// experiment: with its network, where the task has no other reservoir. All tasks but what_when and patterns.
Trial run_series(const Experiment& experiment, const ReservoirTask& task, std::uint64_t seed);
Trial run_patterns(const Experiment& experiment, const ReservoirTask& task, std::uint64_t seed);
Trial run_what_when(const Experiment& experiment, const WhatWhen& how, std::uint64_t seed);

// Refuses what a trial would reject before its simulation begins, as far as that can be seen without building the
// network: files, widths of signals, populations. Returns remarks on what is no mistake but should be known. Throws
// UserError.
std::vector<std::string> check_trial(const LearningExperiment& work);
// By the kind of the task; after check_trial.
Trial run_trial(const LearningExperiment& work, std::uint64_t seed);

// The task at a point of a search.
struct SearchTask {
  std::vector<std::string> settings;  // "key=value"
  LearningExperiment work;
  std::vector<std::string> remarks;  // of check_trial
};
// All combinations of the axes' values, the last axis changing fastest, each one read and checked. Throws UserError,
// also where two points are the same task: the two would be one point that counts twice.
std::vector<SearchTask> read_search(const std::string& file, const std::vector<std::string>& overrides,
                                    const std::vector<std::string>& plugins, const Search& search);

std::vector<std::string> check_series(const Experiment& experiment, const ReservoirTask& task);
void check_patterns(const Experiment& experiment, const ReservoirTask& task);
void check_what_when(const Experiment& experiment, const WhatWhen& how);

// The number that a search makes small: the error on the validation part.
inline constexpr const char* search_score = "validation";

}  // namespace rheo
