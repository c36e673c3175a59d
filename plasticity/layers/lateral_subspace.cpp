#include "plasticity/layers/lateral_subspace.hpp"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <limits>

#include "core/random.hpp"
#include "plasticity/layers/lateral_step.hpp"

namespace rheo {

using TakeLateralStep = void(const LateralStep& args);
RHEO_DECLARE_KERNELS(TakeLateralStep, lateral_step);

void lateral_step(Isa isa, const LateralStep& args) {
  RHEO_KERNELS_FOR(isa, lateral_step)(args);
}

void LateralSubspace::append(std::size_t rows, std::uint64_t seed, std::string_view name) {
  merge();
  assert(frozen_ + rows <= inputs_);
  std::vector<std::vector<double>> made(rows, std::vector<double>(inputs_));
  for (std::size_t r = 0; r < rows; ++r) {
    std::vector<double>& row = made[r];
    RandomStream stream(random_key(seed, name, "lateral"), static_cast<std::uint32_t>(frozen_ + r));
    for (double& x : row) x = stream.normal();
    // Gram and Schmidt, twice: once leaves what rounding brought in. Frozen rows first: a row that shares a direction
    // with them would take it away twice, and H^T H be no projection.
    for (int turn = 0; turn < 2; ++turn) {
      for (std::size_t old = 0; old < frozen_; ++old) {
        const float* const h = H_.data() + old * inputs_;
        double along = 0;
        for (std::size_t i = 0; i < inputs_; ++i) along += row[i] * static_cast<double>(h[i]);
        for (std::size_t i = 0; i < inputs_; ++i) row[i] -= along * static_cast<double>(h[i]);
      }
      for (std::size_t before = 0; before < r; ++before) {
        double along = 0;
        for (std::size_t i = 0; i < inputs_; ++i) along += row[i] * made[before][i];
        for (std::size_t i = 0; i < inputs_; ++i) row[i] -= along * made[before][i];
      }
      double square = 0;
      for (const double x : row) square += x * x;
      for (double& x : row) x /= std::sqrt(square);
    }
    for (const double x : row) H_.push_back(static_cast<float>(x));
  }
  momentum_.assign(rows * inputs_, 0.0f);
}

void LateralSubspace::merge() {
  frozen_ = rows();
  momentum_.clear();
}

void LateralSubspace::restore(std::vector<float> H, std::vector<float> momentum, std::size_t frozen) {
  assert(H.size() % inputs_ == 0 && momentum.size() == H.size() - frozen * inputs_);
  H_ = std::move(H);
  momentum_ = std::move(momentum);
  frozen_ = frozen;
}

void LateralSubspace::emit(std::span<float> y, const Threads& threads) const {
  if (settings_.levels == 0) return;
  const float range = static_cast<float>(settings_.range), levels = static_cast<float>(settings_.levels);
  constexpr std::size_t at_once = 1 << 14;
  threads.for_each((y.size() + at_once - 1) / at_once, [&](std::size_t item) {
    const std::size_t end = std::min(y.size(), (item + 1) * at_once);
    for (std::size_t i = item * at_once; i < end; ++i)
      y[i] = std::nearbyint(std::clamp(y[i], -range, range) / range * levels) / levels * range;
  });
}

void LateralSubspace::project(std::span<const float> x, std::span<float> to, Product& product) {
  assert(x.size() == to.size() && x.size() % inputs_ == 0);
  std::copy(x.begin(), x.end(), to.begin());
  if (frozen_ == 0 || x.empty()) return;
  const std::size_t samples = x.size() / inputs_;
  const DenseView X = DenseView::of(x.data(), samples, inputs_), old = DenseView::of(H_.data(), frozen_, inputs_);
  float* const y = room(y_, samples * frozen_);
  product.multiply(X, old.transposed(), y, frozen_);
  emit({y, samples * frozen_}, product.threads());
  product.multiply(DenseView::of(y, samples, frozen_), old, to.data(), inputs_, -1, true);
}

void LateralSubspace::learn(std::span<const float> x, std::span<const float> projected, Product& product) {
  assert(x.size() == projected.size() && x.size() % inputs_ == 0);
  const std::size_t samples = x.size() / inputs_, learning = rows() - frozen_;
  if (learning == 0 || samples == 0) return;
  float* const H = H_.data() + frozen_ * inputs_;
  const DenseView rows_of_H = DenseView::of(H, learning, inputs_);
  // Rows are lateral neurons here, so that samples and inputs, which stay the same in all iterations, are right
  // factors.
  float* const y = room(y_, learning * samples);
  float* const together = room(together_, learning * learning);
  float* const change = room(change_, learning * inputs_);
  const DenseView Y = DenseView::of(y, learning, samples);
  product.pack(DenseView::of(x.data(), samples, inputs_).transposed(), samples_);
  product.pack(DenseView::of(projected.data(), samples, inputs_), left_);
  const float keep = static_cast<float>(settings_.momentum), take = static_cast<float>(1 - settings_.momentum);
  const float rate = static_cast<float>(settings_.learning_rate), clip = static_cast<float>(settings_.clip);
  const float mean = 1 / static_cast<float>(samples);
  constexpr std::size_t at_once = 1 << 14;
  const std::size_t size = learning * inputs_;
  for (std::uint32_t iteration = 0; iteration < settings_.iterations; ++iteration) {
    product.multiply(rows_of_H, samples_, y, samples);
    emit({y, learning * samples}, product.threads());
    // sum of y (x - xhat)^T = y projected^T - (y y^T) H: what frozen rows say back is the same in all iterations, and
    // what learning rows say back is not written out for each sample.
    product.multiply(Y, left_, change, inputs_, mean);
    product.multiply(Y, Y.transposed(), together, learning);
    product.multiply(DenseView::of(together, learning, learning), rows_of_H, change, inputs_, -mean, true);
    product.threads().for_each((size + at_once - 1) / at_once, [&](std::size_t item) {
      const std::size_t first = item * at_once, end = std::min(size, first + at_once);
      lateral_step(product.isa(), {.n = end - first,
                                   .change = change + first,
                                   .momentum = momentum_.data() + first,
                                   .H = H + first,
                                   .keep = keep,
                                   .take = take,
                                   .rate = rate,
                                   .clip = clip});
    });
  }
}

}  // namespace rheo
