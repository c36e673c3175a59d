// The table [task] of an experiment file: what a reservoir is to do, how it is driven, and what is read out of it.
// docs/reservoir.md explains every key; those that are missing have the values that stand here.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "apps/reservoir/what_when.hpp"
#include "io/experiment/experiment.hpp"
#include "networks/description/spec.hpp"

namespace rheo {

// How a number of the task becomes numbers of the network's signal.
struct InputEncoding {
  enum class Kind {
    direct,      // scale x + offset, one number for each channel
    population,  // channel i: scale exp(-(x - c_i)^2 / (2 width^2)), c_i evenly over [low, high]
    latency  // channel i: a pulse of height `scale` in the step, (1 - r_i) of it late, r_i as above; none below 0.01
  };
  Kind kind = Kind::direct;
  double scale = 1, offset = 0;
  double low = -1, high = 1;
  double width = 0;            // 0: the distance between two centres
  std::uint32_t channels = 1;  // of each input: population, latency
};

// What a readout sees of a spiking network.
struct StateSpec {
  enum class Kind { filtered_spikes, potential };
  Kind kind = Kind::filtered_spikes;
  std::vector<Selection> populations;  // empty: all but sources
  double tau = 20;                     // ms, of filtered spikes
  std::uint32_t samples = 1;           // in each step, evenly, the last one at its end
};

struct ReadoutSpec {
  enum class Kind { ridge, rls, lms };
  Kind kind = Kind::ridge;
  std::vector<double> lambdas;  // ridge: chosen on the validation part
  double alpha = 1;             // rls: P = I / alpha at first
  double forgetting = 1;        // rls
  std::uint32_t every = 1;      // rls, lms: steps between updates
  double eta = 0.1;             // lms, normalised
};

// A reservoir that is no network of the file: [task.reservoir].
struct OtherReservoir {
  enum class Kind { none, rate, echo_state };
  Kind kind = Kind::none;
  std::uint32_t size = 500;
  // Settings by name, for the kind that they belong to; checked by its reader.
  std::map<std::string, double> numbers;
  std::string targets;  // rate: "none", "uniform" or "beta"
};

struct Search {
  std::vector<std::uint64_t> seeds;
  std::vector<std::pair<std::string, std::vector<std::string>>> axes;  // key, values as written
};

struct ReservoirTask {
  enum class Kind { memory_capacity, narma10, mackey_glass, lorenz, series, sines, patterns, what_when };
  Kind kind = Kind::narma10;
  std::string title;                    // of the experiment; empty: none given
  std::vector<std::uint64_t> seeds{1};  // of the network and of the data; one trial each
  std::string signal = "input";         // of kind task, which carries the input
  std::string feedback;                 // signal that carries the output back; empty: none
  double step = 1;                      // ms of one value
  std::size_t washout = 100, train = 2000, validate = 500, test = 1000;  // steps
  std::size_t delays = 100;                                              // memory_capacity, baseline "delays"
  std::size_t horizon = 1;                                               // mackey_glass, lorenz, series: steps ahead
  std::size_t free = 0;                                                  // steps of free running after training
  std::vector<double> frequencies;                                       // sines: Hz
  std::string series_file, series_dataset;
  std::string series_time;  // series: the column of times, which is neither input nor target; empty: none
  InputEncoding encoding;
  StateSpec state;
  ReadoutSpec readout;
  OtherReservoir other;
  double adapt = 0;                                              // ms of input before everything else, with plasticity
  std::vector<std::string> adapt_learns;                         // projections; empty: all that are plastic
  std::size_t streams = 0, stream_length = 50, repetitions = 5;  // kernel rank, separation; 0: not measured
  double stream_noise = 0.1;           // standard deviation of what differs between repetitions
  std::vector<std::string> baselines;  // "delays", "echo_state"
  std::optional<Search> search;

  WhatWhen what_when;

  // patterns
  std::size_t classes = 10, channels = 20, samples_per_class = 50;
  double length = 100, rate = 20, jitter = 2, deletion = 0.1, noise_rate = 1, pause = 100;  // ms and Hz
};

// A file with [task], read and checked.
struct LearningExperiment {
  ReservoirTask task;
  Experiment experiment;  // nothing where the task has another reservoir
  // A hash of what a trial depends on beside its seed: all settings but [task.search] and the seeds, and the content of
  // every file that was read.
  std::uint64_t identity = 0;
};

// plugins: as for parse_experiment. Throws UserError.
LearningExperiment read_learning_experiment(const std::string& file, const std::vector<std::string>& overrides,
                                            const std::vector<std::string>& plugins = {});

const char* name_of(ReservoirTask::Kind kind);

}  // namespace rheo
