#include "apps/reservoir/echo_state.hpp"

#include <algorithm>
#include <cassert>
#include <cmath>

#include "apps/learning/decompositions.hpp"
#include "core/bytes.hpp"
#include "core/diagnostics.hpp"
#include "core/math.hpp"
#include "core/random.hpp"

namespace rheo {

namespace {

double radius_of(const SparseRows& rows) {
  const auto n = static_cast<Eigen::Index>(rows.rows);
  Eigen::MatrixXd dense = Eigen::MatrixXd::Zero(n, n);
  for (std::size_t i = 0; i < rows.rows; ++i)
    for (std::size_t j = 0; j < rows.in_degree; ++j)
      dense(static_cast<Eigen::Index>(i), rows.sources_of(i)[j]) = rows.weights_of(i)[j];
  return spectral_radius(dense);
}

// From expm1, which keeps small values exact; of -2 |x|, which does not overflow.
double tanh_of(double x) {
  const double e = math::expm1(-2 * std::abs(x));
  return std::copysign(-e / (2 + e), x);
}

}  // namespace

void check(const EchoStateParameters& p) {
  const auto count = [](std::size_t n) { return static_cast<double>(n); };
  require(p.neurons >= 2 && p.neurons <= 10'000, "neurons", count(p.neurons), "2 to 10000");
  require(p.inputs >= 1, "inputs", count(p.inputs), "at least 1");
  require(p.in_degree >= 1 && p.in_degree < p.neurons, "in_degree", count(p.in_degree), "1 to neurons - 1");
  require(p.spectral_radius >= 0 && std::isfinite(p.spectral_radius), "spectral_radius", p.spectral_radius,
          "a number >= 0");
  require(p.leak > 0 && p.leak <= 1, "leak", p.leak, "a number within (0, 1]");
  require(p.input_scaling >= 0 && std::isfinite(p.input_scaling), "input_scaling", p.input_scaling, "a number >= 0");
  require(p.bias >= 0 && std::isfinite(p.bias), "bias", p.bias, "a number >= 0");
}

EchoState::EchoState(const EchoStateParameters& parameters, std::uint64_t seed) : parameters_(parameters) {
  const EchoStateParameters& p = parameters_;
  check(p);
  const std::size_t n = p.neurons;
  rows_ = random_rows(n, p.in_degree, seed, "echo_state");
  const RandomKey weights_key = random_key(seed, "echo_state", "weights");
  const RandomKey inputs_key = random_key(seed, "echo_state", "input_weights");
  const RandomKey biases_key = random_key(seed, "echo_state", "biases");
  for (std::uint32_t i = 0; i < n; ++i) {
    RandomStream values(weights_key, i), inputs(inputs_key, i), bias(biases_key, i);
    for (double& weight : rows_.weights_of(i)) weight = values.uniform(-1.0, 1.0);
    for (std::size_t channel = 0; channel < p.inputs; ++channel)
      input_weights_.push_back(inputs.uniform(-p.input_scaling, p.input_scaling));
    biases_.push_back(bias.uniform(-p.bias, p.bias));
  }
  const double radius = radius_of(rows_);
  require(radius > 1e-6, "in_degree", static_cast<double>(p.in_degree),
          "more entries: all eigenvalues of this network are 0");
  for (double& weight : rows_.weights) weight *= p.spectral_radius / radius;
  state_.assign(n, 0.0);
  sums_.assign(n, 0.0);
}

std::vector<std::byte> EchoState::save() {
  ByteWriter to;
  to.put("state", std::span<const double>(state_));
  return to.take();
}

void EchoState::load(std::span<const std::byte> state) {
  ByteReader(state).get("state", std::span<double>(state_));
}

void EchoState::scale(double recurrent, double input) {
  for (double& weight : rows_.weights) weight *= recurrent;
  for (double& weight : input_weights_) weight *= input;
}

void EchoState::reset() {
  std::fill(state_.begin(), state_.end(), 0.0);
}

void EchoState::step(std::span<const double> input, std::span<double> state) {
  assert(input.size() == parameters_.inputs && state.size() == parameters_.neurons);
  rows_.multiply(state_, sums_);
  const double* weight = input_weights_.data();
  for (std::size_t i = 0; i < state_.size(); ++i) {
    double drive = biases_[i];
    for (const double u : input) drive += *weight++ * u;
    state_[i] += parameters_.leak * (tanh_of(sums_[i] + drive) - state_[i]);
  }
  std::copy(state_.begin(), state_.end(), state.begin());
}

}  // namespace rheo
