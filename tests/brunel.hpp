// The network of Brunel, "Dynamics of sparsely connected networks of excitatory and inhibitory spiking neurons", J.
// Comput. Neurosci. 8 (2000), model A, and its mean-field theory: for the tests that compare the two.
#pragma once

#include <cmath>
#include <cstdint>
#include <numbers>
#include <vector>

#include "networks/connect/rules.hpp"
#include "networks/inputs/kinds.hpp"
#include "networks/network.hpp"

namespace rheo::test {

struct Brunel {
  std::uint32_t C_E = 1000, C_I = 250;  // synapses per neuron; the network has 10 times as many neurons
  double g = 5, eta = 2, V_reset = 10;
  static constexpr double J = 0.1, V_th = 20, tau_m = 20, t_ref = 2, delay = 1.5;  // mV, ms

  std::uint32_t size() const { return 10 * (C_E + C_I); }
  // All external spikes of one neuron, 1/ms: C_E synapses, each with eta times the rate that reaches V_th on average.
  double external() const { return eta * V_th / (J * tau_m); }

  // Rate (1/s) in the stationary state: the fixed point of Siegert's formula (Brunel 2000, eqs. 21, 4 and 5).
  double theory() const {
    const auto response = [&](double nu) {  // nu in 1/ms
      const double mu = tau_m * J * (C_E * nu - g * C_I * nu + external());
      const double sigma = std::sqrt(tau_m * J * J * (C_E * nu + g * g * C_I * nu + external()));
      const long double low = (V_reset - mu) / sigma, high = (V_th - mu) / sigma;
      // int exp(x^2) (1 + erf x) dx by Simpson's rule; erfc(-x) = 1 + erf x keeps its digits for x < 0.
      constexpr int n = 2000;
      long double sum = 0;
      for (int i = 0; i <= n; ++i) {
        const long double x = low + (high - low) * i / n;
        sum += (i == 0 || i == n ? 1 : i % 2 == 1 ? 4 : 2) * std::exp(x * x) * std::erfc(-x);
      }
      const auto integral = static_cast<double>(sum * (high - low) / n / 3);
      return 1 / (t_ref + tau_m * std::sqrt(std::numbers::pi) * integral);
    };
    double low = 0, high = 1 / t_ref;
    for (int i = 0; i < 60; ++i) {
      const double middle = (low + high) / 2;
      (response(middle) > middle ? low : high) = middle;
    }
    return 1000 * low;
  }

  NetworkSpec spec(std::uint64_t seed) const {
    NetworkSpec spec;
    spec.seed = seed;
    for (const bool inhibitory : {false, true}) {
      PopulationSpec p;
      p.name = inhibitory ? "I" : "E";
      p.model = "iaf_psc_delta";
      p.size = 10 * (inhibitory ? C_I : C_E);
      p.params = {{"tau_m", tau_m}, {"t_ref", t_ref}, {"E_L", 0.0}, {"V_reset", V_reset}, {"V_th", V_th}};
      spec.populations.push_back(p);
      ProjectionSpec synapses;
      synapses.name = inhibitory ? "inhibition" : "excitation";
      synapses.source = {{p.name, 0, {}, 1}};
      synapses.target = {{"E", 0, {}, 1}, {"I", 0, {}, 1}};
      synapses.connect = FixedIndegree{.indegree = static_cast<double>(inhibitory ? C_I : C_E)};
      synapses.weight = inhibitory ? -g * J : J;
      synapses.delay = delay;
      spec.projections.push_back(synapses);
    }
    InputSpec noise;
    noise.name = "external";
    noise.target = {{"E", 0, {}, 1}, {"I", 0, {}, 1}};
    noise.kind = PoissonSpikes{.rate = 1000 * external(), .weight = J};
    spec.inputs.push_back(noise);
    return spec;
  }
};

struct Rates {
  double mean = 0, standard_error = 0;  // 1/s
};

// Mean rate of all neurons in (discarded, discarded + measured] ms, over networks with seeds 1, 2, ...
inline Rates measure(const Brunel& brunel, int seeds, double discarded, double measured) {
  struct Counter final : SpikeSink {
    std::uint64_t spikes = 0;
    void take(const SpikeBatch& batch) override { spikes += batch.neurons.size(); }
  };
  std::vector<double> rates;
  for (int seed = 1; seed <= seeds; ++seed) {
    Counter counter;
    const NetworkSpec spec = brunel.spec(static_cast<std::uint64_t>(seed));
    Network network(spec, Threads());
    network.simulation().add_sink(counter);
    network.simulation().run(static_cast<Tick>(discarded / spec.dt + 0.5));
    counter.spikes = 0;
    network.simulation().run(static_cast<Tick>(measured / spec.dt + 0.5));
    rates.push_back(static_cast<double>(counter.spikes) / brunel.size() / measured * 1000);
  }
  Rates result;
  for (const double rate : rates) result.mean += rate / seeds;
  double squares = 0;
  for (const double rate : rates) squares += (rate - result.mean) * (rate - result.mean);
  result.standard_error = std::sqrt(squares / (seeds - 1) / seeds);
  return result;
}

}  // namespace rheo::test
