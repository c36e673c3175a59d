// An echo-state network, the baseline that reservoirs are compared with: Jaeger, GMD report 148 (2001); with leaky
// neurons as in Jaeger, Lukosevicius, Popovici & Siewert, Neural Networks 20:335 (2007):
//
//   x(t+1) = (1 - a) x(t) + a tanh(W x(t) + W_in u(t+1) + b)
//
// W has in_degree entries per row, uniform in [-1, 1] before it is scaled to its spectral radius; W_in is uniform in
// [-input_scaling, input_scaling], b in [-bias, bias]. The state begins at 0. Built from a seed alone.
// Called by the reservoir workbench, once per step of a task. Building takes the eigenvalues of W, about 10 neurons^3
// operations.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "apps/reservoir/reservoir.hpp"
#include "apps/reservoir/sparse_rows.hpp"

namespace rheo {

struct EchoStateParameters {
  std::size_t neurons = 500;
  std::size_t inputs = 1;
  std::size_t in_degree = 50;
  double spectral_radius = 0.9;
  double leak = 1;  // a
  double input_scaling = 0.25;
  double bias = 0.1;
};

// Throws ExperimentError where a parameter is out of its range.
void check(const EchoStateParameters& parameters);

class EchoState final : public Reservoir {
 public:
  // Throws ExperimentError where a parameter is out of its range, or where all eigenvalues of W are 0.
  EchoState(const EchoStateParameters& parameters, std::uint64_t seed);

  std::size_t inputs() const override { return parameters_.inputs; }
  std::size_t states() const override { return parameters_.neurons; }
  void step(std::span<const double> input, std::span<double> state) override;

  std::vector<std::byte> save() override;
  void load(std::span<const std::byte> state) override;
  // Multiplies all weights between neurons, and all of inputs: cheaper than another network with other eigenvalues.
  void scale(double recurrent, double input);

  void reset();  // the state before the first step
  const SparseRows& recurrent() const { return rows_; }

 private:
  EchoStateParameters parameters_;
  SparseRows rows_;
  std::vector<double> input_weights_;  // channels of each neuron
  std::vector<double> biases_, state_, sums_;
};

}  // namespace rheo
