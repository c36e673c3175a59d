#include "apps/reservoir/rate_reservoir.hpp"

#include <algorithm>
#include <cassert>
#include <cmath>

#include "core/bytes.hpp"
#include "core/diagnostics.hpp"
#include "core/math.hpp"
#include "core/random.hpp"

namespace rheo {

void check(const RateParameters& p) {
  const auto count = [](std::size_t n) { return static_cast<double>(n); };
  require(p.neurons >= 2 && p.neurons <= 1'000'000, "neurons", count(p.neurons), "2 to 1000000");
  require(p.inputs >= 1, "inputs", count(p.inputs), "at least 1");
  require(p.in_degree >= 1 && p.in_degree < p.neurons, "in_degree", count(p.in_degree), "1 to neurons - 1");
  require(p.excitatory > 0 && p.excitatory < 1, "excitatory", p.excitatory, "a share within (0, 1)");
  require(p.gain > 0 && std::isfinite(p.gain), "gain", p.gain, "a number > 0");
  require(std::isfinite(p.threshold), "threshold", p.threshold, "a finite number");
  require(p.spread >= 0 && std::isfinite(p.spread), "spread", p.spread, "a number >= 0");
  require(p.balance <= 1 && std::isfinite(p.balance), "balance", p.balance, "a number <= 1 (0 is balanced)");
  require(p.input_share >= 0 && p.input_share <= 1, "input_share", p.input_share, "a share within [0, 1]");
  require(p.input_scaling >= 0 && std::isfinite(p.input_scaling), "input_scaling", p.input_scaling, "a number >= 0");
}

RateReservoir::RateReservoir(const RateParameters& parameters, std::uint64_t seed) : parameters_(parameters) {
  const RateParameters& p = parameters_;
  check(p);
  const auto count = [](std::size_t n) { return static_cast<double>(n); };
  const std::size_t n = p.neurons, k = p.in_degree;
  excitatory_ = std::clamp<std::size_t>(static_cast<std::size_t>(std::floor(p.excitatory * count(n) + 0.5)), 1, n - 1);
  const double f_E = count(excitatory_) / count(n);
  const double mu_E = 1.0 / (count(k) * f_E), mu_I = f_E / (1 - f_E) * mu_E * (1 - p.balance);

  rows_ = random_rows(n, k, seed, "rate_reservoir");
  const RandomKey weights_key = random_key(seed, "rate_reservoir", "weights");
  const RandomKey inputs_key = random_key(seed, "rate_reservoir", "input_weights");
  for (std::uint32_t i = 0; i < n; ++i) {
    RandomStream values(weights_key, i);
    const auto sources = rows_.sources_of(i);
    const auto weights = rows_.weights_of(i);
    for (std::size_t j = 0; j < k; ++j) {
      const bool excites = sources[j] < excitatory_;
      const double size = std::abs(values.normal(excites ? mu_E : mu_I, p.spread * mu_E));
      weights[j] = excites ? size : -size;
    }
    inhibitory_.push_back(static_cast<std::size_t>(
        std::lower_bound(sources.begin(), sources.end(), static_cast<std::uint32_t>(excitatory_)) - sources.begin()));
  }
  std::vector<std::uint32_t> all(n);
  RandomStream choice(random_key(seed, "rate_reservoir", "input_neurons"), 0);
  input_neurons_ = some_of(all, static_cast<std::size_t>(std::floor(p.input_share * count(n) + 0.5)), choice);
  input_weights_.assign(n * p.inputs, 0.0);
  for (const std::uint32_t i : input_neurons_) {
    RandomStream values(inputs_key, i);
    for (std::size_t channel = 0; channel < p.inputs; ++channel)
      input_weights_[i * p.inputs + channel] = values.uniform(-p.input_scaling, p.input_scaling);
  }
  rates_.resize(n);
  potentials_.resize(n);
  reset();
}

std::vector<std::byte> RateReservoir::save() {
  ByteWriter to;
  to.put("rates", std::span<const double>(rates_));
  return to.take();
}

void RateReservoir::load(std::span<const std::byte> state) {
  ByteReader(state).get("rates", std::span<double>(rates_));
}

void RateReservoir::reset() {
  std::fill(rates_.begin(), rates_.end(), 1.0 / (1.0 + math::exp(parameters_.gain * parameters_.threshold)));
}

void RateReservoir::advance(const double* input) {
  const std::size_t channels = parameters_.inputs;
  rows_.multiply(rates_, potentials_);
  for (const std::uint32_t i : input_neurons_) {
    double sum = 0;
    for (std::size_t channel = 0; channel < channels; ++channel)
      sum += input_weights_[i * channels + channel] * input[channel];
    potentials_[i] += sum;
  }
  const double gain = parameters_.gain, threshold = parameters_.threshold;
  for (std::size_t i = 0; i < rates_.size(); ++i)
    rates_[i] = 1.0 / (1.0 + math::exp(-gain * (potentials_[i] - threshold)));
}

void RateReservoir::step(std::span<const double> input, std::span<double> state) {
  assert(input.size() == parameters_.inputs && state.size() == parameters_.neurons);
  advance(input.data());
  std::copy(rates_.begin(), rates_.end(), state.begin());
}

void RateReservoir::adapt(std::span<const double> targets, std::span<const double> inputs,
                          std::span<const Phase> phases) {
  const std::size_t k = parameters_.in_degree, channels = parameters_.inputs;
  assert(targets.size() == parameters_.neurons && inputs.size() >= channels && inputs.size() % channels == 0);
  std::size_t at = 0;
  for (const Phase& phase : phases) {
    for (std::size_t t = 0; t < phase.steps; ++t) {
      advance(inputs.data() + at);
      at = at + channels == inputs.size() ? 0 : at + channels;
      for (std::size_t i = 0; i < targets.size(); ++i) {
        const double change = phase.delta * (rates_[i] - targets[i]);
        const auto weight = rows_.weights_of(i);
        for (std::size_t j = inhibitory_[i]; j < k; ++j) weight[j] = std::min(0.0, weight[j] - change);
      }
    }
  }
}

void RateReservoir::design(std::span<const double> targets, std::span<const double> mean_input) {
  const std::size_t k = parameters_.in_degree, channels = parameters_.inputs;
  assert(targets.size() == parameters_.neurons && mean_input.size() == channels);
  for (std::size_t i = 0; i < targets.size(); ++i) {
    const auto weight = rows_.weights_of(i);
    const auto source = rows_.sources_of(i);
    double excitation = 0, inhibition = 0, drive = 0;
    for (std::size_t j = 0; j < inhibitory_[i]; ++j) excitation += weight[j] * targets[source[j]];
    for (std::size_t j = inhibitory_[i]; j < k; ++j) inhibition -= weight[j] * targets[source[j]];
    for (std::size_t channel = 0; channel < channels; ++channel)
      drive += input_weights_[i * channels + channel] * mean_input[channel];
    const double logit = math::log(targets[i]) - math::log1p(-targets[i]);
    const double wanted = excitation + drive - parameters_.threshold - logit / parameters_.gain;
    if (inhibition <= 0) continue;  // without inhibitory sources there is nothing to set
    const double factor = std::max(0.0, wanted / inhibition);
    for (std::size_t j = inhibitory_[i]; j < k; ++j) weight[j] *= factor;
  }
}

std::span<const double> RateReservoir::input_weights(std::size_t i) const {
  return std::span(input_weights_).subspan(i * parameters_.inputs, parameters_.inputs);
}

std::vector<double> equal_targets(std::size_t neurons, double rate) {
  require(rate > 0 && rate < 1, "target_rate", rate, "a rate within (0, 1)");
  return std::vector<double>(neurons, rate);
}

std::vector<double> beta_targets(std::size_t neurons, double scale, std::uint64_t seed) {
  require(scale > 0 && scale <= 1, "target_scale", scale, "a number within (0, 1]");
  const RandomKey key = random_key(seed, "rate_reservoir", "targets");
  std::vector<double> targets(neurons);
  for (std::size_t i = 0; i < neurons; ++i) {
    RandomStream random(key, static_cast<std::uint32_t>(i));
    const double a = random.uniform_open(), b = random.uniform_open(), c = random.uniform_open();
    targets[i] = scale * std::max(std::min(a, b), std::min(std::max(a, b), c));
  }
  return targets;
}

}  // namespace rheo
