// A reservoir of rate neurons with Dale's law, whose inhibition is balanced globally or adapted locally.
//
//   V_i(t+1) = sum_j A_E(i,j) r_j(t) - sum_j A_I(i,j) r_j(t) + sum_k W_in(i,k) u_k(t+1)
//   r_i      = 1 / (1 + exp(-c (V_i - theta)))
//
// after equations 1, 7 and 8 of arXiv 2504.12480 (Nature Communications 2025), as far as they are known to us: from its
// abstract and from a re-implementation that cites them. Ours are: sources are drawn among all other neurons, so that a
// neuron's numbers of excitatory and inhibitory sources vary; all channels reach the same neurons; the state begins
// with the rates of V = 0; what beta means:
//
//   A_E = |N(mu_E, 0.2 mu_E)|,  mu_E = 1 / (k f_E),   A_I = |N(mu_I, 0.2 mu_E)|,  mu_I = (f_E / f_I) mu_E (1 - beta)
//
// so that with beta = 0 excitation and inhibition of equal rates cancel on average, beta < 0 has too much inhibition
// (beta = -1 twice of it), and beta = 1 none.
//
// Low equal targets are out of reach: with theta = 0 balance at a rate rho asks for so much inhibition that the mean of
// all rates is multiplied by (1 - rho) log(rho / (1 - rho)) from step to step. Below rho = 0.218 that is less than -1,
// and the network oscillates with a period of two steps, for any c.
//
// Built from a seed alone; the same bits everywhere: sums in four fixed strands, core/random.hpp and core/math.hpp.
// Called by the reservoir workbench, once per step of a task; 500 neurons of 50 sources take about 16 us.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "apps/reservoir/reservoir.hpp"
#include "apps/reservoir/sparse_rows.hpp"

namespace rheo {

struct RateParameters {
  std::size_t neurons = 500;    // the first ones are excitatory
  std::size_t inputs = 1;       // channels
  std::size_t in_degree = 50;   // k, sources of a neuron
  double excitatory = 0.8;      // f_E, share of the excitatory neurons; f_I = 1 - f_E
  double gain = 10;             // c
  double threshold = 0;         // theta
  double spread = 0.2;          // standard deviation of all weights over mu_E
  double balance = 0;           // beta
  double input_share = 0.3;     // of the neurons that get input
  double input_scaling = 0.25;  // W_in is uniform in [-input_scaling, input_scaling]
};

// Throws ExperimentError where a parameter is out of its range.
void check(const RateParameters& parameters);

class RateReservoir final : public Reservoir {
 public:
  // Throws ExperimentError where a parameter is out of its range.
  RateReservoir(const RateParameters& parameters, std::uint64_t seed);

  std::size_t inputs() const override { return parameters_.inputs; }
  std::size_t states() const override { return parameters_.neurons; }
  void step(std::span<const double> input, std::span<double> state) override;

  // Some steps of adaptation at one rate delta.
  struct Phase {
    double delta;
    std::size_t steps;
  };
  static constexpr std::array<Phase, 2> two_phases{Phase{0.01, 1000}, Phase{0.001, 1000}};
  // Equation 7: runs with the inputs given (inputs() numbers per step, from the beginning again where they end), and
  // after each step A_I(i,j) += delta (r_i - rho_i) for every inhibitory source j, never below 0. One target rate rho_i
  // in (0, 1) per neuron. Goes on from the present state.
  void adapt(std::span<const double> targets, std::span<const double> inputs,
             std::span<const Phase> phases = two_phases);
  // Equation 8, in one step: the inhibitory weights of neuron i times
  //   Omega_i = (sum_j A_E(i,j) rho_j + (W_in <u>)_i - theta - log(rho_i / (1 - rho_i)) / c) / sum_j A_I(i,j) rho_j,
  // never below 0, which solves equation 1 for rates that are rho all the time. <u>: the mean of each channel.
  void design(std::span<const double> targets, std::span<const double> mean_input);

  // The rates; weights change by adapt() and design() only.
  std::vector<std::byte> save() override;
  void load(std::span<const std::byte> state) override;
  void reset();  // the state before the first step; weights stay

  std::size_t excitatory() const { return excitatory_; }  // number of excitatory neurons
  // A_E - A_I: weights of an excitatory source are >= 0, of an inhibitory one <= 0.
  const SparseRows& recurrent() const { return rows_; }
  // Of neuron i, one weight per channel; all 0 where it gets no input.
  std::span<const double> input_weights(std::size_t i) const;

 private:
  void advance(const double* input);

  RateParameters parameters_;
  std::size_t excitatory_ = 0;
  SparseRows rows_;
  std::vector<std::size_t> inhibitory_;  // of each neuron: where its inhibitory sources begin, among its own
  std::vector<std::uint32_t> input_neurons_;
  std::vector<double> input_weights_;  // channels of each neuron
  std::vector<double> rates_, potentials_;
};

// Targets for adapt and design. The second kind is `scale` times Beta(2, 2) (mean 1/2), drawn as the median of three
// uniform numbers; 0 < scale <= 1.
std::vector<double> equal_targets(std::size_t neurons, double rate);
std::vector<double> beta_targets(std::size_t neurons, double scale, std::uint64_t seed);

}  // namespace rheo
