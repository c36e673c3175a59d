#include <Eigen/Eigenvalues>
#include <algorithm>
#include <catch2/catch.hpp>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <set>
#include <vector>

#include "apps/reservoir/echo_state.hpp"
#include "apps/reservoir/rate_reservoir.hpp"
#include "core/diagnostics.hpp"
#include "core/random.hpp"
#include "tests/sanitized.hpp"

namespace test_rate_reservoir {

using namespace rheo;

namespace {

std::vector<double> uniform_input(std::size_t count, double lo, double hi) {
  RandomStream random(random_key(7, "test", "input"), 0);
  std::vector<double> input(count);
  for (double& u : input) u = random.uniform(lo, hi);
  return input;
}

// Mean rate of every neuron over the whole input, after a washout of the same input.
std::vector<double> mean_rates(Reservoir& reservoir, const std::vector<double>& input) {
  const std::size_t channels = reservoir.inputs(), steps = input.size() / channels;
  std::vector<double> state(reservoir.states()), mean(reservoir.states());
  for (int round = 0; round < 2; ++round)
    for (std::size_t t = 0; t < steps; ++t) {
      reservoir.step(std::span(input).subspan(t * channels, channels), state);
      for (std::size_t i = 0; i < state.size() && round == 1; ++i) mean[i] += state[i] / static_cast<double>(steps);
    }
  return mean;
}

// How far rates are from their targets: root of the mean square, and the largest.
struct Distance {
  double rms, largest;
};
Distance distance(const std::vector<double>& a, const std::vector<double>& b) {
  double squares = 0, largest = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    squares += (a[i] - b[i]) * (a[i] - b[i]);
    largest = std::max(largest, std::abs(a[i] - b[i]));
  }
  return {std::sqrt(squares / static_cast<double>(a.size())), largest};
}

void check_signs(const RateReservoir& reservoir) {
  bool good = true, distinct = true;
  for (std::uint32_t i = 0; i < reservoir.states(); ++i) {
    const auto sources = reservoir.recurrent().sources_of(i);
    const auto weights = reservoir.recurrent().weights_of(i);
    for (std::size_t j = 0; j < sources.size(); ++j) {
      good &= sources[j] < reservoir.excitatory() ? weights[j] >= 0 : weights[j] <= 0;
      distinct &= sources[j] != i && sources[j] < reservoir.states() && (j == 0 || sources[j - 1] < sources[j]);
    }
  }
  CHECK(good);
  CHECK(distinct);
}

template <class Network>
std::vector<double> trajectory(Network network, std::size_t steps) {
  const std::vector<double> input = uniform_input(steps * network.inputs(), -1, 1);
  std::vector<double> state(network.states()), all;
  for (std::size_t t = 0; t < steps; ++t) {
    network.step(std::span(input).subspan(t * network.inputs(), network.inputs()), state);
    all.insert(all.end(), state.begin(), state.end());
  }
  return all;
}

}  // namespace

TEST_CASE("Dale's law holds before and after adaptation and design", "[reservoir]") {
  const std::vector<double> input = uniform_input(500, -1, 1);
  for (const double balance : {-2.0, 0.0, 1.0}) {
    RateParameters parameters;
    parameters.neurons = 200;
    parameters.balance = balance;
    RateReservoir reservoir(parameters, 3);
    CHECK(reservoir.excitatory() == 160);
    check_signs(reservoir);
    // Targets out of reach, so that weights run into 0.
    reservoir.adapt(equal_targets(200, 0.98), input);
    check_signs(reservoir);
    reservoir.design(equal_targets(200, 0.98), std::vector<double>{0.0});
    check_signs(reservoir);
  }
}

TEST_CASE("weights have the means and spreads asked for", "[reservoir]") {
  for (const double balance : {0.0, -0.5}) {
    RateParameters parameters;
    parameters.balance = balance;
    parameters.inputs = 3;
    const RateReservoir reservoir(parameters, 11);
    double sum[2] = {}, squares[2] = {};
    double count[2] = {};
    std::vector<double> targets_of(parameters.neurons);
    for (std::size_t i = 0; i < parameters.neurons; ++i)
      for (std::size_t j = 0; j < parameters.in_degree; ++j) {
        const std::uint32_t source = reservoir.recurrent().sources_of(i)[j];
        const double w = std::abs(reservoir.recurrent().weights_of(i)[j]);
        const int kind = source < 400 ? 0 : 1;
        sum[kind] += w, squares[kind] += w * w, count[kind] += 1;
        targets_of[source] += 1;
      }
    // mu_E = 1 / (50 * 0.8), mu_I = 4 mu_E (1 - balance), both with a standard deviation of 0.2 mu_E; 20,000 and 5,000
    // weights. 4 mu_E is 20 standard deviations from 0, mu_E 5: taking the absolute value changes nothing.
    const double mean_E = sum[0] / count[0], mean_I = sum[1] / count[1];
    CHECK(mean_E == Approx(0.025).margin(5 * 0.005 / std::sqrt(20000)));
    CHECK(mean_I == Approx(0.1 * (1 - balance)).margin(5 * 0.005 / std::sqrt(5000)));
    CHECK(std::sqrt(squares[0] / count[0] - mean_E * mean_E) == Approx(0.005).epsilon(0.04));
    CHECK(std::sqrt(squares[1] / count[1] - mean_I * mean_I) == Approx(0.005).epsilon(0.06));
    // Shares of the kinds: 25,000 draws, sd 0.0025. Sources are drawn evenly: 50 targets each, sd 6.7.
    CHECK(count[0] / 25000 == Approx(0.8).margin(0.0125));
    CHECK(*std::min_element(targets_of.begin(), targets_of.end()) > 50 - 5 * 6.7);
    CHECK(*std::max_element(targets_of.begin(), targets_of.end()) < 50 + 5 * 6.7);
    // 30 % get input, uniform in [-0.25, 0.25]: 450 weights.
    std::size_t fed = 0;
    double input_squares = 0, largest = 0;
    for (std::size_t i = 0; i < parameters.neurons; ++i) {
      const auto weights = reservoir.input_weights(i);
      fed += std::any_of(weights.begin(), weights.end(), [](double w) { return w != 0; });
      for (const double w : weights) input_squares += w * w, largest = std::max(largest, std::abs(w));
    }
    CHECK(fed == 150);
    CHECK(largest <= 0.25);
    CHECK(std::sqrt(input_squares / 450) == Approx(0.25 / std::sqrt(3.0)).epsilon(0.15));
  }
}

TEST_CASE("one step of a rate reservoir is equation 1", "[reservoir]") {
  RateParameters parameters;
  parameters.neurons = 30;
  parameters.in_degree = 7;
  parameters.inputs = 2;
  parameters.threshold = 0.1;
  parameters.gain = 4;
  RateReservoir reservoir(parameters, 5);
  std::vector<double> rates(30, 1 / (1 + std::exp(0.4))), state(30);
  for (const std::vector<double>& u : {std::vector<double>{1, -2}, std::vector<double>{0.5, 3}}) {
    reservoir.step(u, state);
    std::vector<double> next(30);
    for (std::size_t i = 0; i < 30; ++i) {
      double V = reservoir.input_weights(i)[0] * u[0] + reservoir.input_weights(i)[1] * u[1];
      for (std::size_t j = 0; j < 7; ++j)
        V += reservoir.recurrent().weights_of(i)[j] * rates[reservoir.recurrent().sources_of(i)[j]];
      next[i] = 1 / (1 + std::exp(-4 * (V - 0.1)));
      CHECK(state[i] == Approx(next[i]).epsilon(1e-12));
    }
    rates = next;
  }
}

TEST_CASE("rates reach their targets by adaptation, and nearly by design in one step", "[reservoir]") {
  const std::vector<double> input = uniform_input(1000, -1, 1);
  RateParameters parameters;
  const auto check = [&](const std::vector<double>& targets, double adapted_rms, double designed_rms) {
    RateReservoir before(parameters, 21), adapted(parameters, 21), designed(parameters, 21);
    adapted.adapt(targets, input);
    designed.design(targets, std::vector<double>{0.0});
    const Distance at_first = distance(mean_rates(before, input), targets);
    const Distance by_adaptation = distance(mean_rates(adapted, input), targets);
    const Distance by_design = distance(mean_rates(designed, input), targets);
    INFO("rms: at first " << at_first.rms << ", adapted " << by_adaptation.rms << " (largest " << by_adaptation.largest
                          << "), designed " << by_design.rms);
    CHECK(by_adaptation.rms < adapted_rms);
    // What is left follows the last hundred steps of the input; a slow phase averages over more of them.
    adapted.adapt(targets, input, std::vector<RateReservoir::Phase>{{1e-4, 5000}, {1e-5, 5000}});
    CHECK(distance(mean_rates(adapted, input), targets).rms < 0.005);
    CHECK(by_design.rms < designed_rms);
    CHECK(by_adaptation.rms < 0.2 * at_first.rms);
    CHECK(by_design.rms < 0.5 * at_first.rms);
  };
  SECTION("equal") {
    check(equal_targets(500, 0.3), 0.04, 0.05);
  }
  SECTION("Beta(2, 2)") {
    check(beta_targets(500, 1.0, 4), 0.04, 0.08);
  }
  SECTION("equal, with an input whose mean is not 0") {
    const std::vector<double> shifted = uniform_input(1000, 0, 2);
    RateReservoir designed(parameters, 21), unaware(parameters, 21);
    const std::vector<double> targets = equal_targets(500, 0.3);
    designed.design(targets, std::vector<double>{1.0});
    unaware.design(targets, std::vector<double>{0.0});
    CHECK(distance(mean_rates(designed, shifted), targets).rms <
          0.5 * distance(mean_rates(unaware, shifted), targets).rms);
  }
}

TEST_CASE("design solves equation 1 for constant rates", "[reservoir]") {
  // Without fluctuations of the input the targets are a fixed point; a low gain makes it a stable one.
  RateParameters parameters;
  parameters.gain = 3;
  RateReservoir reservoir(parameters, 8);
  const std::vector<double> targets = beta_targets(500, 0.5, 2);
  reservoir.design(targets, std::vector<double>{0.4});
  const std::vector<double> input(300, 0.4);
  std::size_t out_of_reach = 0, on_target = 0;
  const std::vector<double> rates = mean_rates(reservoir, input);
  for (std::size_t i = 0; i < 500; ++i) {
    const auto weights = reservoir.recurrent().weights_of(i);
    const bool without_inhibition = *std::min_element(weights.begin(), weights.end()) >= 0;
    out_of_reach += without_inhibition;
    on_target += std::abs(rates[i] - targets[i]) < 1e-6;
  }
  CHECK(out_of_reach == 0);
  CHECK(on_target == 500);
}

TEST_CASE("targets are Beta(2, 2)", "[reservoir]") {
  const std::vector<double> targets = beta_targets(20'000, 1.0, 9);
  double mean = 0, variance = 0, below_quarter = 0;
  for (const double rho : targets) {
    CHECK((rho > 0 && rho < 1));
    mean += rho / 20'000;
    variance += (rho - 0.5) * (rho - 0.5) / 20'000;
    below_quarter += rho < 0.25;
  }
  CHECK(mean == Approx(0.5).margin(5 * 0.2236 / std::sqrt(20'000)));
  CHECK(variance == Approx(0.05).epsilon(0.04));
  CHECK(below_quarter / 20'000 == Approx(0.15625).margin(5 * 0.0026));  // 3 x^2 - 2 x^3
  const std::vector<double> half = beta_targets(20'000, 0.5, 9);
  CHECK(half[123] == 0.5 * targets[123]);
}

TEST_CASE("an echo-state network has the spectral radius asked for and follows its equation", "[reservoir]") {
  const std::uint32_t size = sanitized ? 40 : 120;
  for (const double radius : {0.7, 1.2}) {
    EchoStateParameters parameters;
    parameters.neurons = size;
    parameters.in_degree = 10;
    parameters.spectral_radius = radius;
    const EchoState network(parameters, 17);
    Eigen::MatrixXd W = Eigen::MatrixXd::Zero(size, size);
    for (std::size_t i = 0; i < size; ++i)
      for (std::size_t j = 0; j < 10; ++j)
        W(static_cast<Eigen::Index>(i), network.recurrent().sources_of(i)[j]) = network.recurrent().weights_of(i)[j];
    CHECK(W.eigenvalues().cwiseAbs().maxCoeff() == Approx(radius).epsilon(1e-9));
  }
  // Without input and bias, from a small state, each step is (1 - a) x + a tanh(W x).
  EchoStateParameters parameters;
  parameters.neurons = 40;
  parameters.in_degree = 6;
  parameters.leak = 0.3;
  parameters.bias = 0;
  EchoState network(parameters, 2);
  std::vector<double> x(40), before(40);
  network.step(std::vector<double>{5.0}, x);  // W_in: uniform in [-0.25, 0.25]
  double largest = 0;
  for (const double value : x) largest = std::max(largest, std::abs(value));
  CHECK(largest <= 0.3 * std::tanh(1.25));
  CHECK(largest > 0.2);
  before = x;
  network.step(std::vector<double>{0.0}, x);
  for (std::size_t i = 0; i < 40; ++i) {
    double sum = 0;
    for (std::size_t j = 0; j < 6; ++j)
      sum += network.recurrent().weights_of(i)[j] * before[network.recurrent().sources_of(i)[j]];
    CHECK(x[i] == Approx(0.7 * before[i] + 0.3 * std::tanh(sum)).epsilon(1e-12).margin(1e-15));
  }
}

TEST_CASE("the same seed gives the same bits, another seed another network", "[reservoir]") {
  RateParameters rate;
  rate.neurons = 100;
  rate.in_degree = 13;
  EchoStateParameters echo;
  echo.neurons = 100;
  echo.inputs = 2;
  CHECK(trajectory(RateReservoir(rate, 1), 50) == trajectory(RateReservoir(rate, 1), 50));
  CHECK(trajectory(RateReservoir(rate, 1), 50) != trajectory(RateReservoir(rate, 2), 50));
  CHECK(trajectory(EchoState(echo, 1), 50) == trajectory(EchoState(echo, 1), 50));
  CHECK(trajectory(EchoState(echo, 1), 50) != trajectory(EchoState(echo, 2), 50));
  // The balance changes weights of inhibition, and neither who is connected nor the input.
  RateParameters other = rate;
  other.balance = -0.5;
  const RateReservoir a(rate, 1), b(other, 1);
  CHECK(a.recurrent().sources == b.recurrent().sources);
  CHECK(a.input_weights(50)[0] == b.input_weights(50)[0]);
  // A copy goes on as the original; after a reset everything begins again.
  RateReservoir first(rate, 1);
  const std::vector<double> once = trajectory(first, 30);
  std::vector<double> state(100);
  first.step(std::vector<double>{0.3}, state);
  first.reset();
  CHECK(trajectory(first, 30) == once);
}

TEST_CASE("parameters out of range are told by name", "[reservoir]") {
  const auto key_of = [](auto change) -> std::string {
    RateParameters parameters;
    parameters.neurons = 60;
    change(parameters);
    try {
      RateReservoir(parameters, 1);
    } catch (const ExperimentError& error) {
      return error.complaint().key;
    }
    return "";
  };
  CHECK(key_of([](RateParameters&) {}) == "");
  CHECK(key_of([](RateParameters& p) { p.in_degree = 60; }) == "in_degree");
  CHECK(key_of([](RateParameters& p) { p.excitatory = 1; }) == "excitatory");
  CHECK(key_of([](RateParameters& p) { p.gain = std::nan(""); }) == "gain");
  CHECK(key_of([](RateParameters& p) { p.balance = 1.5; }) == "balance");
  CHECK(key_of([](RateParameters& p) { p.input_share = -0.1; }) == "input_share");
  CHECK_THROWS_AS(equal_targets(10, 1.0), ExperimentError);
  CHECK_THROWS_AS(beta_targets(10, 1.5, 1), ExperimentError);
  EchoStateParameters echo;
  echo.leak = 0;
  CHECK_THROWS_AS(EchoState(echo, 1), ExperimentError);
}

TEST_CASE("cost of a step of a reservoir", "[.bench][reservoir]") {
  const auto time_of = [](Reservoir& reservoir) {
    std::vector<double> state(reservoir.states());
    const std::vector<double> input{0.3};
    const auto begin = std::chrono::steady_clock::now();
    for (int t = 0; t < 5000; ++t) reservoir.step(input, state);
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count() / 5000 * 1e6;
  };
  RateReservoir rate({}, 1);
  const auto begin = std::chrono::steady_clock::now();
  EchoState echo({}, 1);
  const double build = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  WARN("500 neurons of 50 sources: rate " << time_of(rate) << " us, echo state " << time_of(echo)
                                          << " us per step; echo state built in " << build << " s");
}

}  // namespace test_rate_reservoir
