// What one trial, a task with one seed, gives: numbers, and curves that are drawn. Results puts the trials of all seeds
// together.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "apps/reservoir/what_when.hpp"
#include "io/experiment/experiment.hpp"

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
  double seconds = 0, simulated = 0;  // wall time of the simulation, and what it simulated, in s; not compared

  void score(std::string name, double value) { scores.emplace_back(std::move(name), value); }
};

// experiment: with its network. Throws UserError.
Trial run_what_when(const Experiment& experiment, const WhatWhen& how, std::uint64_t seed);
// Refuses what a trial would reject before its simulation begins, as far as that can be seen without building the
// network: widths of signals, populations, times. Throws UserError.
void check_what_when(const Experiment& experiment, const WhatWhen& how);

}  // namespace rheo
