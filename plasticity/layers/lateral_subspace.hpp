// Hebbian minus anti-Hebbian learning of a subspace by lateral neurons, for whole batches at once, and the projection
// that keeps learning out of it. One batch of one sample is a consolidation by the rule oja_lateral
// (plasticity/rules/oja_lateral.hpp).
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "core/aligned.hpp"
#include "core/product.hpp"

namespace rheo {

// After arXiv 2402.11984. x: an activity of `inputs` neurons; H [lateral neurons][inputs], used in both directions.
//     y = H x                xhat = H^T y
//     dH = mean over the samples of y (x - xhat)^T, each entry clipped to +-clip, rows that are frozen excepted
//     m = momentum m + (1 - momentum) dH;  H += learning_rate m;      repeated `iterations` times per batch
//     project(x) = x - H_old^T H_old x, over frozen rows
// With `levels` lateral neurons spike: y is rounded to one of `levels` steps in [0, range] and as many below 0.
class LateralSubspace {
 public:
  struct Settings {
    double learning_rate = 0.01, momentum = 0.9, clip = 10;
    std::uint32_t iterations = 5;
    std::uint32_t levels = 0;  // 0: linear lateral neurons
    double range = 20;
  };

  // Without lateral neurons. Throws std::bad_alloc.
  LateralSubspace(std::size_t inputs, const Settings& settings) : settings_(settings), inputs_(inputs) {}

  std::size_t inputs() const { return inputs_; }
  std::size_t rows() const { return inputs_ == 0 ? 0 : H_.size() / inputs_; }
  std::size_t frozen() const { return frozen_; }
  // [rows()][inputs()]
  std::span<const float> H() const { return H_; }

  // Freezes all rows and appends `rows` that learn: random ones, orthonormal among themselves and orthogonal to the
  // frozen ones, a function of these and of (seed, name, the number of the row). At most inputs() rows in all.
  void append(std::size_t rows, std::uint64_t seed, std::string_view name);
  // Freezes all rows.
  void merge();

  // x, to: [samples][inputs()], not overlapping. Without frozen rows `to` is x.
  void project(std::span<const float> x, std::span<float> to, Product& product);
  // One batch. projected: what project() makes of x.
  void learn(std::span<const float> x, std::span<const float> projected, Product& product);

  // For checkpoints: H, its momentum [rows() - frozen()][inputs()], and how many rows are frozen.
  std::span<const float> momentum() const { return momentum_; }
  void restore(std::vector<float> H, std::vector<float> momentum, std::size_t frozen);

 private:
  void emit(std::span<float> y, const Threads& threads) const;  // what lateral neurons say

  Settings settings_;
  std::size_t inputs_, frozen_ = 0;
  std::vector<float> H_, momentum_;
  AlignedColumn<float> y_, together_, change_;  // room to work in
  PackedFactor samples_, left_;
};

}  // namespace rheo
