// The table [task] of an experiment file for `rheo reservoir`: what comes when (docs/reservoir.md explains every key).
// All other tasks are data, trials, readouts and scores of an experiment (apps/tasks).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "apps/reservoir/what_when.hpp"
#include "io/experiment/experiment.hpp"

namespace rheo {

struct ReservoirTask {
  std::string title;                    // of the experiment; empty: none given
  std::vector<std::uint64_t> seeds{1};  // of the network and of what comes; one trial each
  WhatWhen what_when;
};

// A file with [task], read and checked.
struct LearningExperiment {
  ReservoirTask task;
  Experiment experiment;
  // A hash of what a trial depends on beside its seed: all settings but the seeds, and the content of every file that
  // was read.
  std::uint64_t identity = 0;
};

// plugins: as for parse_experiment. Throws UserError.
LearningExperiment read_learning_experiment(const std::string& file, const std::vector<std::string>& overrides,
                                            const std::vector<std::string>& plugins = {});

}  // namespace rheo
