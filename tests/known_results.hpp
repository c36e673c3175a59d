// Networks whose plasticity has known results, for the tests that look for these: short ones in property, as long as in
// the papers in nightly.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "core/loop/simulation.hpp"
#include "core/time.hpp"
#include "networks/network.hpp"
#include "tests/property/network_runs.hpp"

namespace rheo::test {

// Independent Poisson trains until `duration` (ms), from the tick after the first.
inline std::shared_ptr<const SpikeTrains> poisson_trains(std::uint32_t neurons, double rate, double duration, double dt,
                                                         std::uint64_t seed) {
  std::mt19937_64 random(seed);
  auto made = std::make_shared<SpikeTrains>();
  made->begin.push_back(0);
  for (std::uint32_t n = 0; n < neurons; ++n) {
    // Not std::exponential_distribution: what it draws differs between libraries.
    const auto wait = [&] { return -std::log((static_cast<double>(random() >> 11) + 0.5) * 0x1p-53) * 1000 / rate; };
    for (double t = wait(); t <= duration; t += wait()) made->times.push_back(std::max(t, dt));
    made->begin.push_back(made->times.size());
  }
  return made;
}

// `count` directions in n dimensions that are orthogonal and of length 1 (Gram-Schmidt, twice).
template <class Gauss>
std::vector<std::vector<double>> orthonormal(std::uint32_t count, std::uint32_t n, const Gauss& gauss) {
  std::vector<std::vector<double>> all;
  for (std::uint32_t k = 0; k < count; ++k) {
    std::vector<double> v(n);
    for (double& x : v) x = gauss();
    all.push_back(v);
  }
  const auto dot = [n](const std::vector<double>& a, const std::vector<double>& b) {
    double sum = 0;
    for (std::uint32_t i = 0; i < n; ++i) sum += a[i] * b[i];
    return sum;
  };
  for (std::uint32_t k = 0; k < count; ++k) {
    for (int again = 0; again < 2; ++again)
      for (std::uint32_t before = 0; before < k; ++before) {
        const double part = dot(all[before], all[k]);
        for (std::uint32_t i = 0; i < n; ++i) all[k][i] -= part * all[before][i];
      }
    const double length = std::sqrt(dot(all[k], all[k]));
    for (double& x : all[k]) x /= length;
  }
  return all;
}

// The largest principal angle (degrees) between the spaces that two sets of as many independent directions span. Its
// sine is the largest length that a unit vector of one space has outside the other: the norm of the part of one
// orthonormal basis outside the other space, found by power iteration.
inline double largest_angle(std::vector<std::vector<double>> a, std::vector<std::vector<double>> b) {
  const auto n = static_cast<std::uint32_t>(a[0].size());
  const auto made_orthonormal = [n](const std::vector<std::vector<double>>& of) {
    std::size_t next = 0, i = 0;
    return orthonormal(static_cast<std::uint32_t>(of.size()), n, [&] {
      const double x = of[next][i];
      if (++i == n) i = 0, ++next;
      return x;
    });
  };
  a = made_orthonormal(a);
  b = made_orthonormal(b);
  for (std::vector<double>& v : a)
    for (const std::vector<double>& w : b) {
      double part = 0;
      for (std::uint32_t i = 0; i < n; ++i) part += v[i] * w[i];
      for (std::uint32_t i = 0; i < n; ++i) v[i] -= part * w[i];
    }
  // Rows of `a` are what is outside now.
  std::vector<double> c(a.size(), 1.0);
  double squared = 0;
  for (int step = 0; step < 200; ++step) {
    std::vector<double> outside(n, 0.0), next(a.size(), 0.0);
    for (std::size_t k = 0; k < a.size(); ++k)
      for (std::uint32_t i = 0; i < n; ++i) outside[i] += c[k] * a[k][i];
    squared = 0;
    for (std::size_t k = 0; k < a.size(); ++k) {
      for (std::uint32_t i = 0; i < n; ++i) next[k] += outside[i] * a[k][i];
      squared += next[k] * next[k];
    }
    squared = std::sqrt(squared);
    if (squared == 0) return 0;
    for (std::size_t k = 0; k < a.size(); ++k) c[k] = next[k] / squared;
  }
  return std::asin(std::min(1.0, std::sqrt(squared))) * 180 / 3.14159265358979323846;
}

using runs::all_of;
using runs::uniform;

// Spikes of each neuron of the network since the last call of reset().
class SpikeCounter final : public SpikeSink {
 public:
  explicit SpikeCounter(std::uint64_t neurons) : counts(neurons) {}
  void take(const SpikeBatch& batch) override {
    for (std::size_t k = 0; k < batch.ticks(); ++k)
      for (const NeuronId neuron : batch.at(k)) ++counts[neuron];
  }
  void reset() { std::fill(counts.begin(), counts.end(), 0u); }
  std::vector<std::uint32_t> counts;
};

// Rates (Hz) of the neurons of a population in the next `duration` ms.
inline std::vector<double> rates_of(Network& network, std::size_t population, double duration) {
  Simulation& simulation = network.simulation();
  SpikeCounter counter(simulation.neurons());
  simulation.add_sink(counter);
  simulation.run(ms_to_tick_nearest(duration, simulation.dt()));
  simulation.remove_sink(counter);
  const PopulationInfo& info = simulation.populations()[population];
  std::vector<double> rates;
  for (std::uint32_t n = 0; n < info.size; ++n) rates.push_back(counter.counts[info.first + n] * 1000 / duration);
  return rates;
}

inline double mean(const std::vector<double>& x) {
  double sum = 0;
  for (const double one : x) sum += one;
  return sum / static_cast<double>(x.size());
}
inline double correlation(const std::vector<double>& x, const std::vector<double>& y) {
  const double mx = mean(x), my = mean(y);
  double xx = 0, yy = 0, xy = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    xx += (x[i] - mx) * (x[i] - mx);
    yy += (y[i] - my) * (y[i] - my);
    xy += (x[i] - mx) * (y[i] - my);
  }
  return xy / std::sqrt(xx * yy);
}

// Song, Miller & Abbott, Nature Neurosci. 3 (2000): many Poisson inputs onto a leaky neuron whose synapses learn by
// pairs of spikes. With additive steps and a little more depression they compete until nearly all are at a bound.
struct Song {
  double lambda = 0.005, alpha = 1.05, mu = 0, w_max = 0.15;  // nS
  std::uint32_t inputs = 1000, neurons = 2;
  double rate = 20, duration = 1'000'000, dt = 0.1;  // Hz, ms

  // Fewer inputs, each of which matters more, settle sooner. Pairs within one tick count as potentiation alone, which
  // makes it exp(dt / tau) of depression: ticks of 0.5 ms take 0.025 of alpha away.
  static Song small() {
    Song song;
    song.alpha = 1.1;
    song.w_max = 0.4;
    song.inputs = 100;
    song.rate = 30;
    song.duration = 300'000;
    song.dt = 0.5;
    return song;
  }

  struct Outcome {
    std::vector<double> weights;  // as parts of w_max, ascending
    double rate = 0;              // Hz, of the targets in the last tenth
    double within(double low, double high) const {
      const auto count = std::count_if(weights.begin(), weights.end(), [&](double w) { return w >= low && w <= high; });
      return static_cast<double>(count) / static_cast<double>(weights.size());
    }
    double at_bounds() const { return within(0, 0.1) + within(0.9, 1); }
  };

  Outcome run() const {
    NetworkSpec spec;
    spec.dt = dt;
    PopulationSpec sources, targets;
    sources.name = "inputs";
    sources.model = "spike_source";
    sources.size = inputs;
    sources.trains = poisson_trains(inputs, rate, duration, spec.dt, 1);
    targets.name = "neurons";
    targets.model = "iaf_cond_exp";
    targets.size = neurons;
    targets.params = {{"C_m", 200.0},     {"g_L", 10.0},  {"E_L", -70.0},      {"V_th", -54.0},
                      {"V_reset", -60.0}, {"t_ref", 2.0}, {"tau_syn_ex", 5.0}, {"tau_syn_in", 5.0}};
    targets.initial["V_m"] = uniform(-70, -54);
    spec.populations = {sources, targets};
    ProjectionSpec learning;
    learning.name = "learning";
    learning.source = {all_of("inputs")};
    learning.target = {all_of("neurons")};
    learning.weight = uniform(0, w_max);
    learning.plasticity = {
        .rule = "stdp_pair",
        .params = {{"lambda", lambda}, {"alpha", alpha}, {"mu_plus", mu}, {"mu_minus", mu}, {"w_max", w_max}}};
    spec.projections = {learning};

    Network network(spec, Threads(1));
    network.simulation().run(ms_to_tick_nearest(0.9 * duration, spec.dt));
    Outcome outcome;
    outcome.rate = mean(rates_of(network, 1, 0.1 * duration));
    network.simulation().settle();
    std::vector<Synapse> synapses;
    for (NeuronId source = 0; source < inputs; ++source) network.outgoing(0, source, synapses);
    for (const Synapse& synapse : synapses) outcome.weights.push_back(synapse.weight / w_max);
    std::sort(outcome.weights.begin(), outcome.weights.end());
    return outcome;
  }
};

// Vogels, Sprekeler, Zenke, Clopath & Gerstner, Science 334 (2011): plastic inhibition onto neurons with different
// excitatory drive brings each to the rate that its rule asks for, and back to it after the drive has changed. The
// inhibition is many weak synapses: where single ones are felt, a neuron spikes less just after an arrival, and the
// rule settles at a higher rate.
struct Balance {
  double eta = 0.05;  // pA; 0: nothing learns
  Value rho = 5.0;    // Hz
  std::uint32_t neurons = 100, inhibitory = 200;
  double duration = 0;   // ms, of the inhibitory trains
  double more_from = 0;  // ms: more drive from there on; 0: never
  double dt = 1;

  NetworkSpec spec() const {
    NetworkSpec spec;
    spec.dt = dt;
    spec.seed = 3;
    PopulationSpec sources, targets;
    targets.name = "E";
    targets.model = "iaf_psc_exp";
    targets.size = neurons;
    targets.params = {{"C_m", 200.0},     {"tau_m", 20.0}, {"E_L", -60.0},      {"V_th", -50.0},
                      {"V_reset", -60.0}, {"t_ref", 5.0},  {"tau_syn_ex", 5.0}, {"tau_syn_in", 10.0}};
    targets.initial["V_m"] = uniform(-60, -50);
    sources.name = "I";
    sources.model = "spike_source";
    sources.size = inhibitory;
    sources.trains = poisson_trains(inhibitory, 20, duration, spec.dt, 2);
    spec.populations = {targets, sources};
    InputSpec drive;
    drive.name = "drive";
    drive.target = {all_of("E")};
    drive.kind = PoissonSpikes{.rate = uniform(1000, 2000), .weight = 20.0};
    spec.inputs = {drive};
    if (more_from > 0) {
      drive.name = "more";
      drive.kind = PoissonSpikes{.rate = uniform(100, 400), .weight = 20.0};
      drive.start = more_from;
      spec.inputs.push_back(drive);
    }
    ProjectionSpec inhibition;
    inhibition.name = "inhibition";
    inhibition.source = {all_of("I")};
    inhibition.target = {all_of("E")};
    inhibition.weight = -1.0;
    inhibition.delay = 1.0;
    inhibition.plasticity = {.rule = "vogels_sprekeler", .params = {{"eta", eta}, {"rho", rho}, {"w_max", 500.0}}};
    spec.projections = {inhibition};
    return spec;
  }
};

// Rates that are asked for, from 3 to 15 Hz.
inline std::vector<double> spread_targets(std::uint32_t neurons) {
  std::vector<double> rho;
  for (std::uint32_t n = 0; n < neurons; ++n) rho.push_back(3 + 12.0 * n / (neurons - 1));
  return rho;
}
inline double mean_relative_error(const std::vector<double>& x, const std::vector<double>& expected) {
  double sum = 0;
  for (std::size_t i = 0; i < x.size(); ++i) sum += std::abs(x[i] - expected[i]) / expected[i];
  return sum / static_cast<double>(x.size());
}

inline void run_for(Network& network, double ms) {
  network.simulation().run(ms_to_tick_nearest(ms, network.simulation().dt()));
}

}  // namespace rheo::test
