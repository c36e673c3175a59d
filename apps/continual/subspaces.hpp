// How near the rows of lateral neurons come to the principal components of the traces that they learn from.
#pragma once

#include <cstdint>
#include <memory>
#include <span>

#include "plasticity/layers/lateral_subspace.hpp"

namespace rheo {

struct SubspaceMeasure;

// Second moments of what frozen rows leave of the traces, about 0 as Oja's rule has them.
class TraceCovariance {
 public:
  // lateral: outlives this, and does not change.
  explicit TraceCovariance(const LateralSubspace& lateral);
  TraceCovariance(TraceCovariance&&) noexcept;
  ~TraceCovariance();

  void add(std::span<const float> traces);  // [samples][inputs]
  // task and projection are left to the caller. seed: of the rows that stand for chance.
  SubspaceMeasure compare(std::uint64_t seed) const;

 private:
  struct Moments;
  std::unique_ptr<Moments> moments_;
};

}  // namespace rheo
