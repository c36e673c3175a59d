// Classification of spatio-temporal spike patterns: samples of each class are played into the network with pauses
// between them, and a readout sees the state at the end of each.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "apps/learning/patterns.hpp"
#include "apps/learning/readouts.hpp"
#include "apps/reservoir/spiking_reservoir.hpp"
#include "apps/reservoir/trial.hpp"
#include "core/random.hpp"
#include "core/stopwatch.hpp"
#include "core/time.hpp"

namespace rheo {

namespace {

// Share of rows whose largest output is that of their class.
double accuracy(const Matrix& outputs, const std::vector<std::size_t>& classes) {
  std::size_t right = 0;
  for (Eigen::Index i = 0; i < outputs.rows(); ++i) {
    Eigen::Index largest = 0;
    outputs.row(i).maxCoeff(&largest);
    right += static_cast<std::size_t>(largest) == classes[static_cast<std::size_t>(i)];
  }
  return static_cast<double>(right) / static_cast<double>(outputs.rows());
}

// `each` samples of every class in an order that is drawn. An order that could be guessed, such as class after class,
// would let a network score that hears only the samples before.
std::vector<std::uint32_t> drawn_order(std::size_t classes, std::size_t each, std::uint64_t seed, const char* part) {
  std::vector<std::uint32_t> order;
  for (std::size_t i = 0; i < classes * each; ++i) order.push_back(static_cast<std::uint32_t>(i % classes));
  RandomStream stream(random_key(seed, "order of classes", part), 0);
  for (std::size_t i = order.size(); i > 1; --i)
    std::swap(order[i - 1], order[stream.below(static_cast<std::uint32_t>(i))]);
  return order;
}

// The reservoir is driven a tick at a time: spikes come in between.
ReservoirTask by_ticks(ReservoirTask task, double dt) {
  task.step = dt;
  task.encoding = {};
  task.state.samples = 1;
  return task;
}

}  // namespace

void check_patterns(const Experiment& experiment, const ReservoirTask& task) {
  check_signals(experiment, by_ticks(task, experiment.network.dt), task.channels, 0,
                fmt::format("the {} channel{} of task.channels", task.channels, task.channels == 1 ? "" : "s"));
}

Trial run_patterns(const Experiment& experiment, const ReservoirTask& given, std::uint64_t seed) {
  Trial trial;
  const double dt = experiment.network.dt;
  const ReservoirTask task = by_ticks(given, dt);
  const SpikePatterns patterns({.classes = task.classes,
                                .channels = task.channels,
                                .length = task.length,
                                .rate = task.rate,
                                .jitter = task.jitter,
                                .deletion = task.deletion,
                                .noise_rate = task.noise_rate},
                               seed, "patterns");
  const Stopwatch watch;
  SpikingReservoir reservoir(experiment, task, seed, task.channels, 0);
  const Tick length = std::max<Tick>(1, ms_to_tick_nearest(task.length, dt)),
             pause = ms_to_tick_nearest(task.pause, dt);
  const std::size_t all = task.classes * task.samples_per_class;
  std::vector<double> input(task.channels), state(reservoir.states());
  Matrix states(static_cast<Eigen::Index>(all), static_cast<Eigen::Index>(state.size()));
  Matrix targets = Matrix::Zero(static_cast<Eigen::Index>(all), static_cast<Eigen::Index>(task.classes));
  std::vector<std::size_t> classes;
  const auto play = [&](std::size_t of_class, std::uint64_t number) {
    const PatternTrains trains = patterns.sample(of_class, number);
    std::vector<std::vector<std::size_t>> spikes(static_cast<std::size_t>(length));
    for (std::size_t c = 0; c < trains.size(); ++c)
      for (const double time : trains[c])
        spikes[static_cast<std::size_t>(std::clamp<Tick>(ms_to_tick_nearest(time, dt), 0, length - 1))].push_back(c);
    for (const std::vector<std::size_t>& now : spikes) {
      std::fill(input.begin(), input.end(), 0.0);
      for (const std::size_t channel : now) input[channel] += 1;
      reservoir.step(input, state);
    }
  };
  const auto rest = [&] {
    std::fill(input.begin(), input.end(), 0.0);
    for (Tick t = 0; t < pause; ++t) reservoir.step(input, state);
  };
  // Half of the samples for training, a quarter each for the choice of lambda and for the test, of all classes equally
  // many in each.
  const std::size_t for_training = task.samples_per_class / 2,
                    for_validation = (task.samples_per_class - for_training) / 2,
                    for_test = task.samples_per_class - for_training - for_validation;
  trial.orders = {{"training", drawn_order(task.classes, for_training, seed, "training")},
                  {"validation", drawn_order(task.classes, for_validation, seed, "validation")},
                  {"test", drawn_order(task.classes, for_test, seed, "test")}};
  const auto adapting = static_cast<std::size_t>(task.adapt / (task.length + task.pause));
  std::vector<std::uint32_t> adaptation =
      drawn_order(task.classes, (adapting + task.classes - 1) / task.classes, seed, "adaptation");
  adaptation.resize(adapting);
  reservoir.adapt(true);
  for (std::size_t i = 0; i < adapting; ++i) {
    play(adaptation[i], 1'000'000 + i);
    rest();
  }
  reservoir.adapt(false);
  std::vector<std::uint64_t> played(task.classes, 0);
  for (const Order& order : trial.orders)
    for (const std::uint32_t of_class : order.items) {
      const auto i = static_cast<Eigen::Index>(classes.size());
      play(of_class, played[of_class]++);
      std::copy(state.begin(), state.end(), states.row(i).data());
      targets(i, static_cast<Eigen::Index>(of_class)) = 1;
      classes.push_back(of_class);
      rest();
    }
  trial.seconds = watch.seconds();
  trial.simulated = static_cast<double>(all + adapting) * (task.length + task.pause) / 1000;
  const std::size_t train = for_training * task.classes, validate = for_validation * task.classes;
  const auto rows = [&](const Matrix& matrix, std::size_t first, std::size_t count) {
    return matrix.middleRows(static_cast<Eigen::Index>(first), static_cast<Eigen::Index>(count));
  };
  const RidgeChoice choice =
      choose_ridge(rows(states, 0, train), rows(targets, 0, train), rows(states, train, validate),
                   rows(targets, train, validate), task.readout.lambdas);
  const std::size_t rest_of = all - train - validate;
  trial.score("accuracy", accuracy(choice.readout(rows(states, train + validate, rest_of)),
                                   {classes.end() - static_cast<std::ptrdiff_t>(rest_of), classes.end()}));
  trial.score("accuracy.chance", 1 / static_cast<double>(task.classes));
  trial.score("rate", reservoir.rate());
  trial.score(search_score, *std::min_element(choice.errors.begin(), choice.errors.end()));
  return trial;
}

}  // namespace rheo
