#include "networks/layers/layered_learning.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "core/math.hpp"
#include "core/random.hpp"
#include "core/stopwatch.hpp"

namespace rheo {

namespace {}  // namespace

LayeredLearning::LayeredLearning(LayeredNetwork& network, const Settings& settings, std::uint64_t seed)
    : network_(network), settings_(settings) {
  if (settings.feedback != Feedback::random) return;
  for (std::size_t p = 0; p < network.projections(); ++p) {
    const std::size_t n = network.sources(p), m = network.targets(p);
    const double most = 1 / std::sqrt(static_cast<double>(n));
    const RandomKey key = random_key(seed, "feedback " + std::to_string(p), "weights");
    random_.emplace_back(n * m);
    for (std::size_t i = 0; i < n; ++i) {
      RandomStream stream(key, static_cast<std::uint32_t>(i));
      for (std::size_t j = 0; j < m; ++j) random_[p][i * m + j] = static_cast<float>(stream.uniform(-most, most));
    }
  }
}

void LayeredLearning::add_lateral(const std::vector<LateralSubspace::Settings>& settings) {
  for (std::size_t p = 0; p < network_.projections(); ++p) lateral_.emplace_back(network_.sources(p), settings[p]);
}

double LayeredLearning::output_errors(std::span<const std::uint8_t> labels, std::span<const std::uint8_t> counts) {
  const std::size_t rows = network_.rows(), n = network_.spec().outputs, samples = network_.count();
  const float per_step = 1 / static_cast<float>(network_.spec().steps);
  const float* o = network_.outputs().data();
  float* e = room(error_, rows * n);
  double loss = 0;
  for (std::size_t row = 0; row < rows; ++row, o += n, e += n) {
    float highest = -std::numeric_limits<float>::infinity(), sum = 0;
    for (std::size_t j = 0; j < n; ++j)
      if (counts[j] != 0) highest = std::max(highest, o[j]);
    for (std::size_t j = 0; j < n; ++j) {
      e[j] = counts[j] != 0 ? math::exp(o[j] - highest) : 0.0f;
      sum += e[j];
    }
    const std::uint8_t label = labels[row % samples];
    loss += math::log(static_cast<double>(sum)) - static_cast<double>(o[label] - highest);
    for (std::size_t j = 0; j < n; ++j) e[j] = e[j] / sum * per_step;
    e[label] -= per_step;
  }
  return loss / static_cast<double>(rows);
}

const float* LayeredLearning::feedback_of(std::size_t projection) {
  const std::span<const float> weights = network_.weights(projection);
  if (settings_.feedback == Feedback::symmetric) return weights.data();
  if (settings_.feedback == Feedback::random) return random_[projection].data();
  float* const signs = room(signs_, weights.size());
  const float size = 1 / std::sqrt(static_cast<float>(network_.sources(projection)));
  for (std::size_t i = 0; i < weights.size(); ++i) signs[i] = weights[i] > 0 ? size : weights[i] < 0 ? -size : 0.0f;
  return signs;
}

double LayeredLearning::learn(std::span<const float> samples, std::span<const std::uint8_t> labels,
                              std::span<const std::uint8_t> counts) {
  Product& product = network_.product();
  const std::size_t rows = network_.rows(), count = network_.count();
  const float rate = -static_cast<float>(settings_.learning_rate) / static_cast<float>(count);
  const double loss = output_errors(labels, counts);
  for (std::size_t p = network_.projections(); p-- > 0;) {
    const std::size_t n = network_.sources(p), m = network_.targets(p);
    // The first layer's errors were summed over steps: its presynaptic factor is the same in all of them.
    const std::size_t terms = p == 0 ? count : rows;
    if (p > 0) {
      // Before the weights change.
      const DenseView back = DenseView::of(feedback_of(p), n, m).transposed();
      float* const before = room(error_before_, rows * n);
      product.multiply(DenseView::of(error_.data(), rows, m), back, before, n);
      const float* const post = network_.post_factors(p - 1).data();
      const std::size_t steps = network_.spec().steps;
      product.threads().for_each(count, [&](std::size_t sample) {
        for (std::size_t step = 0; step < steps; ++step) {
          float* const e = before + (step * count + sample) * n;
          const float* const factor = post + (step * count + sample) * n;
          for (std::size_t i = 0; i < n; ++i) e[i] *= factor[i];
        }
        if (p > 1) return;
        float* const sum = before + sample * n;
        for (std::size_t step = 1; step < steps; ++step) {
          const float* const e = before + (step * count + sample) * n;
          for (std::size_t i = 0; i < n; ++i) sum[i] += e[i];
        }
      });
    }
    const std::span<const float> x = p == 0 ? samples.first(count * n) : network_.traces(p - 1);
    const float* factor = x.data();
    if (!lateral_.empty()) {
      LateralSubspace& lateral = lateral_[p];
      const Stopwatch projecting;
      float* const projected = room(projected_, terms * n);
      lateral.project(x, {projected, terms * n}, product);
      projecting_ += projecting.seconds();
      const Stopwatch adapting;
      lateral.learn(x, {projected, terms * n}, product);
      adapting_ += adapting.seconds();
      factor = projected;
    }
    product.multiply(DenseView::of(factor, terms, n).transposed(), DenseView::of(error_.data(), terms, m),
                     network_.weights(p).data(), m, rate, true);
    std::swap(error_, error_before_);
  }
  return loss;
}

void LayeredLearning::check() const {
  const auto look = [&](std::span<const float> all, std::size_t p, const char* what, const char* key) {
    if (std::all_of(all.begin(), all.end(), [](float x) { return std::isfinite(x); })) return;
    const auto& layers = network_.spec().layers;
    throw NumericalError({.key = p < layers.size() ? layers[p] : "output",
                          .problem = fmt::format("{} are not finite after learning", what),
                          .expected = fmt::format("smaller steps: check {}", key)});
  };
  for (std::size_t p = 0; p < network_.projections(); ++p) {
    look(std::as_const(network_).weights(p), p, "weights", "task.learning_rate");
    if (!lateral_.empty()) look(lateral_[p].H(), p, "lateral weights", "task.lateral.learning_rate");
  }
}

void LayeredLearning::save(ByteWriter& to) const {
  for (const LateralSubspace& lateral : lateral_) {
    to.put("H", lateral.H());
    to.put("momentum", lateral.momentum());
    to.put("frozen", static_cast<std::uint64_t>(lateral.frozen()));
  }
}

void LayeredLearning::load(ByteReader& from) {
  for (LateralSubspace& lateral : lateral_) {
    std::vector<float> H = from.get_all<float>("H"), momentum = from.get_all<float>("momentum");
    const std::uint64_t frozen = from.get<std::uint64_t>("frozen");
    if (H.size() % lateral.inputs() != 0 || frozen > H.size() / lateral.inputs() ||
        momentum.size() != H.size() - frozen * lateral.inputs())
      throw StateError({.key = "H", .problem = "the saved lateral neurons do not fit the layer"});
    lateral.restore(std::move(H), std::move(momentum), frozen);
  }
}

std::uint32_t right_answers(const LayeredNetwork& network, std::span<const std::uint8_t> labels,
                            std::span<const std::uint8_t> counts) {
  const std::size_t n = network.spec().outputs, samples = network.count();
  const float* const o = network.outputs().data();
  std::uint32_t right = 0;
  for (std::size_t sample = 0; sample < samples; ++sample) {
    std::size_t best = n;
    float most = 0;
    for (std::size_t j = 0; j < n; ++j) {
      if (counts[j] == 0) continue;
      float sum = 0;
      for (std::size_t step = 0; step < network.spec().steps; ++step) sum += o[(step * samples + sample) * n + j];
      if (best == n || sum > most) {
        best = j;
        most = sum;
      }
    }
    right += best == labels[sample];
  }
  return right;
}

}  // namespace rheo
