// What one trial, a task with one seed, gives: numbers, and curves that are drawn. Results puts the trials of all seeds
// together.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "apps/reservoir/task.hpp"
#include "io/experiment.hpp"

namespace rheo {

struct Curve {
  std::string panel, name;  // curves of one panel are drawn together
  std::string x_label, y_label;
  std::vector<double> x, y;
  bool wanted = false;  // what should be, not what is
};

struct Trial {
  std::vector<std::pair<std::string, double>> scores;  // in the order in which they are shown
  std::vector<Curve> curves;
  std::vector<std::string> remarks;
  double seconds = 0, simulated = 0;  // wall time of the simulation, and what it simulated, in s; not compared

  void score(std::string name, double value) { scores.emplace_back(std::move(name), value); }
};

// experiment: with its network, where the task has no other reservoir. All tasks but what_when and patterns.
Trial run_series(const Experiment& experiment, const Task& task, std::uint64_t seed);
Trial run_patterns(const Experiment& experiment, const Task& task, std::uint64_t seed);
Trial run_what_when(const Experiment& experiment, const WhatWhen& how, std::uint64_t seed);

// The number that a search makes small: the error on the validation part.
inline constexpr const char* search_score = "validation";

}  // namespace rheo
