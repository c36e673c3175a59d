// What plastic networks are known to do, each with a network beside it that must not do it. Longer ones: nightly.
#include <algorithm>
#include <catch2/catch.hpp>
#include <iostream>

#include "io/experiment/experiment.hpp"
#include "networks/connect/rules.hpp"
#include "tests/known_results.hpp"
#include "tests/sanitized.hpp"

namespace test_known_results {

using namespace rheo;
using namespace rheo::test;

TEST_CASE("Song, Miller & Abbott: additive STDP inputs weights to both bounds, multiplicative to the middle") {
  if (sanitized) return;
  const Song::Outcome additive = Song::small().run();
  Song soft = Song::small();
  soft.mu = 1;
  const Song::Outcome multiplicative = soft.run();
  std::cout << "weights near a bound: additive " << additive.at_bounds() << " (" << additive.within(0, 0.1) << " low, "
            << additive.within(0.9, 1) << " high, " << additive.rate << " Hz), multiplicative "
            << multiplicative.at_bounds() << " (" << multiplicative.rate << " Hz)\n";
  CHECK(additive.rate > 10);
  CHECK(additive.rate < 30);
  CHECK(additive.at_bounds() > 0.8);
  CHECK(additive.within(0, 0.1) > 0.2);
  CHECK(additive.within(0.9, 1) > 0.2);
  CHECK(multiplicative.rate > 10);
  CHECK(multiplicative.at_bounds() < 0.05);
  CHECK(multiplicative.within(0.3, 0.7) > 0.9);
}

TEST_CASE("Vogels & Sprekeler: inhibition learns to keep a rate, and returns to it when the drive changes") {
  if (sanitized) return;
  constexpr double settling = 40'000, measured = 20'000;
  Balance balance;
  balance.duration = 2 * (settling + measured);
  balance.more_from = settling + measured;
  Network network(balance.spec(), Threads(1));
  run_for(network, settling);
  const std::vector<double> before = rates_of(network, 0, measured);
  const double at_once = mean(rates_of(network, 0, 500));
  run_for(network, settling - 500);
  const std::vector<double> after = rates_of(network, 0, measured);

  balance.eta = 0;
  Network fixed(balance.spec(), Threads(1));
  run_for(fixed, 1000);
  const std::vector<double> unlearnt = rates_of(fixed, 0, measured);
  const auto [lowest, highest] = std::minmax_element(unlearnt.begin(), unlearnt.end());

  std::cout << "for 5 Hz: " << mean(before) << " Hz, " << at_once << " with more drive, then " << mean(after)
            << "; without learning " << mean(unlearnt) << ", from " << *lowest << " to " << *highest << "\n";
  CHECK(mean(before) == Approx(5).epsilon(0.1));
  CHECK(at_once > 7.5);  // there was something to learn
  CHECK(mean(after) == Approx(5).epsilon(0.1));
  CHECK(mean_relative_error(before, std::vector<double>(before.size(), 5)) < 0.1);
  CHECK(mean(unlearnt) > 10);
  CHECK(*lowest < 2.5);
  CHECK(*highest > 20);
}

TEST_CASE("Vogels & Sprekeler: each neuron follows the rate that is asked of it") {
  if (sanitized) return;
  constexpr double settling = 60'000, measured = 60'000;
  Balance balance;
  const std::vector<double> rho = spread_targets(balance.neurons);
  balance.rho = rho;
  balance.duration = settling + measured;
  Network network(balance.spec(), Threads(1));
  run_for(network, settling);
  const std::vector<double> learnt = rates_of(network, 0, measured);

  balance.eta = 0;
  Network fixed(balance.spec(), Threads(1));
  const std::vector<double> unlearnt = rates_of(fixed, 0, 20'000);

  std::cout << "for 3 to 15 Hz: correlation " << correlation(learnt, rho) << ", error "
            << mean_relative_error(learnt, rho) << "; without learning " << correlation(unlearnt, rho) << ", "
            << mean_relative_error(unlearnt, rho) << "\n";
  CHECK(correlation(learnt, rho) > 0.95);
  CHECK(mean_relative_error(learnt, rho) < 0.1);
  CHECK(correlation(unlearnt, rho) < 0.5);
  CHECK(mean_relative_error(unlearnt, rho) > 0.5);
}

TEST_CASE("Izhikevich (2007): under normal noise neurons spike as often as under the published uniform one") {
  constexpr double duration = 100'000;  // ms
  Experiment experiment = parse_experiment(RHEO_SOURCE_DIR "/examples/long/distal_reward.toml");
  experiment.network.projections.clear();
  Network network(experiment.network, Threads(2));
  const double rate = mean(rates_of(network, 0, duration));
  // A regular spiking neuron of the published program, by itself.
  std::mt19937_64 random(5);
  double v = -65, u = 0.2 * v;
  std::uint32_t spikes = 0;
  constexpr std::uint32_t neurons = 800;
  for (std::uint32_t t = 0; t < neurons * static_cast<std::uint32_t>(duration); ++t) {
    const double I = 13 * (static_cast<double>(random() >> 11) * 0x1p-53 - 0.5);
    for (int half = 0; half < 2; ++half) v += 0.5 * ((0.04 * v + 5) * v + 140 - u + I);
    u += 0.02 * (0.2 * v - u);
    if (v < 30) continue;
    v = -65;
    u += 8;
    ++spikes;
  }
  const double published = spikes / (neurons * duration / 1000);
  std::cout << "uniform noise: " << published << " Hz, normal noise of the example: " << rate << " Hz\n";
  CHECK(rate == Approx(published).epsilon(0.03));
}

TEST_CASE("Oja's lateral rule finds principal subspaces one after the other, and takes them away") {
  // Samples with a known spectrum: 30 directions of which the first three carry almost all variance. A second task has
  // others; rows for it are appended while the old ones are frozen.
  constexpr std::uint32_t sources = 30, rows = 6, of_each = 3;
  std::mt19937_64 random(12);
  const auto gauss = [&] {
    double sum = -6;
    for (int i = 0; i < 12; ++i) sum += static_cast<double>(random() >> 11) * 0x1p-53;
    return sum;
  };
  const auto basis = [&] { return orthonormal(sources, sources, gauss); };
  const std::vector<std::vector<double>> first = basis(), second = basis();
  const auto sample = [&](const std::vector<std::vector<double>>& directions) {
    const double deviations[of_each] = {1.2, 1.0, 0.8};
    std::vector<double> x(sources, 0.0);
    for (std::uint32_t k = 0; k < sources; ++k) {
      const double amount = gauss() * (k < of_each ? deviations[k] : 0.015);
      for (std::uint32_t i = 0; i < sources; ++i) x[i] += amount * directions[k][i];
    }
    return x;
  };

  NetworkSpec spec;
  spec.seed = 2;
  spec.precision = Precision::double_;
  spec.lanes = 4;
  spec.populations = {
      {.name = "S", .model = "spike_source", .size = sources, .params = {}, .options = {}, .initial = {}, .trains = {}},
      {.name = "L", .model = "iaf_psc_delta", .size = rows, .params = {}, .options = {}, .initial = {}, .trains = {}}};
  const auto task = [](const char* name, std::uint32_t width) {
    return SignalSpec{.name = name, .kind = TaskSignal{.width = width}};
  };
  spec.signals = {task("sample", 1),
                  task("rows", rows),
                  task("activity", sources),
                  {.name = "clean", .kind = PublishedSignal{.projection = "lateral"}}};
  spec.projections = {{.name = "lateral",
                       .source = {all_of("S")},
                       .target = {all_of("L")},
                       .connect = AllToAll{},
                       .weight = runs::normal(0, 0.1),
                       .delay = 1.0,
                       .port = {},
                       .plasticity = {.rule = "oja_lateral", .params = {{"own", 0.0}, {"eta", 1.0}}}}};
  Network network(spec, Threads(2));
  const auto show = [&](const std::vector<double>& x, double rate) {
    network.set_signal("activity", x, true);
    network.set_signal("sample", std::vector<double>{rate}, true);
    network.simulation().run(1);
  };
  const auto learn = [&](const std::vector<std::vector<double>>& directions, double first_row) {
    std::vector<double> state(rows, 0.0);
    for (std::uint32_t r = 0; r < rows; ++r) state[r] = r < first_row ? -1 : r < first_row + of_each ? 1 : 0;
    network.set_signal("rows", state);
    for (int k = 0; k < 20'000; ++k) show(sample(directions), 20.0 / (1000 + k));
  };
  const auto learnt = [&](std::uint32_t begin, std::uint32_t end) {
    network.simulation().settle();
    std::vector<Synapse> all;
    for (NeuronId source = 0; source < sources; ++source) network.outgoing(0, source, all);
    std::vector<std::vector<double>> h(end - begin, std::vector<double>(sources));
    for (const Synapse& one : all)
      if (one.target - sources >= begin && one.target - sources < end)
        h[one.target - sources - begin][one.source] = one.weight;
    return h;
  };
  // Variance of a task that is left in what the projection publishes, rows before `frozen` being frozen.
  const auto variance_left = [&](const std::vector<std::vector<double>>& directions, std::uint32_t frozen) {
    std::vector<double> state(rows, 0.0);
    std::fill_n(state.begin(), frozen, -1.0);
    network.set_signal("rows", state);
    double left = 0, all = 0;
    for (int k = 0; k < 500; ++k) {
      const std::vector<double> x = sample(directions);
      show(x, 1e-9);
      const std::vector<double> clean = network.signal("clean");
      for (std::uint32_t i = 0; i < sources; ++i) left += clean[i] * clean[i], all += x[i] * x[i];
    }
    return left / all;
  };

  learn(first, 0);
  const double angle = largest_angle(learnt(0, of_each), {first.begin(), first.begin() + of_each});
  const auto frozen = learnt(0, of_each);
  const double left = variance_left(first, of_each), unknown = variance_left(second, of_each);
  learn(second, of_each);
  const auto both = [&] {
    std::vector<std::vector<double>> span(first.begin(), first.begin() + of_each);
    span.insert(span.end(), second.begin(), second.begin() + of_each);
    return span;
  }();
  const double joint = largest_angle(learnt(0, rows), both);
  const double left_first = variance_left(first, rows), left_second = variance_left(second, rows);
  std::cout << "Oja: largest principal angle " << angle << " degrees, variance left " << left << " (of a task that was "
            << "not learnt " << unknown << "); after a second task " << joint << " degrees, left " << left_first
            << " and " << left_second << "\n";
  CHECK(angle < 2);
  CHECK(left <= 0.01);
  CHECK(unknown > 0.5);
  CHECK(learnt(0, of_each) == frozen);
  CHECK(joint < 2);
  CHECK(left_first <= 0.01);
  CHECK(left_second <= 0.01);
}

}  // namespace test_known_results
