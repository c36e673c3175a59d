#include "apps/continual/subspaces.hpp"

#include <algorithm>
#include <numeric>
#include <vector>

#include "apps/continual/run.hpp"
#include "apps/learning/decompositions.hpp"
#include "apps/learning/measures.hpp"
#include "core/random.hpp"

namespace rheo {

struct TraceCovariance::Moments {
  const LateralSubspace& lateral;
  Matrix sum;  // [inputs][inputs] of x x^T
  double samples = 0;
};

namespace {

// Rows [first, end) of H.
Matrix rows_of(const LateralSubspace& lateral, std::size_t first, std::size_t end) {
  Matrix rows(static_cast<Eigen::Index>(end - first), static_cast<Eigen::Index>(lateral.inputs()));
  for (std::size_t r = first; r < end; ++r)
    for (std::size_t i = 0; i < lateral.inputs(); ++i)
      rows(static_cast<Eigen::Index>(r - first), static_cast<Eigen::Index>(i)) =
          static_cast<double>(lateral.H()[r * lateral.inputs() + i]);
  return rows;
}

double mean(const std::vector<double>& all) {
  return std::accumulate(all.begin(), all.end(), 0.0) / static_cast<double>(all.size());
}

}  // namespace

TraceCovariance::TraceCovariance(const LateralSubspace& lateral)
    : moments_(new Moments{lateral, Matrix::Zero(static_cast<Eigen::Index>(lateral.inputs()),
                                                 static_cast<Eigen::Index>(lateral.inputs()))}) {}
TraceCovariance::TraceCovariance(TraceCovariance&&) noexcept = default;
TraceCovariance::~TraceCovariance() = default;

void TraceCovariance::add(std::span<const float> traces) {
  const auto inputs = static_cast<Eigen::Index>(moments_->lateral.inputs());
  const auto samples = static_cast<Eigen::Index>(traces.size()) / inputs;
  using Rows = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
  const Matrix x = Eigen::Map<const Rows>(traces.data(), samples, inputs).cast<double>();
  moments_->sum.noalias() += x.transpose() * x;
  moments_->samples += static_cast<double>(samples);
}

SubspaceMeasure TraceCovariance::compare(std::uint64_t seed) const {
  const LateralSubspace& lateral = moments_->lateral;
  SubspaceMeasure measure;
  const std::size_t rows = lateral.rows() - lateral.frozen();
  if (rows == 0 || moments_->samples == 0) return measure;
  measure.rows = static_cast<std::uint32_t>(rows);
  Matrix left = moments_->sum / moments_->samples;
  if (lateral.frozen() > 0) {
    const Matrix old = rows_of(lateral, 0, lateral.frozen());
    // P C P^T with P = 1 - H^T H.
    left -= old.transpose() * (old * left);
    left -= (left * old.transpose()) * old;
  }
  left = (left + Matrix(left.transpose())) / 2;
  const Eigenpairs pairs = eigenpairs(left);
  const auto m = static_cast<Eigen::Index>(rows);
  const Matrix components = pairs.vectors.rightCols(m);
  const Matrix learnt = rows_of(lateral, lateral.frozen(), lateral.rows()).transpose();
  const std::vector<double> angles = principal_angles(learnt, components);
  measure.mean_angle = mean(angles);
  measure.largest_angle = *std::max_element(angles.begin(), angles.end());
  Matrix random(learnt.rows(), learnt.cols());
  RandomStream stream(random_key(seed, "continual", "chance"), 0);
  for (Eigen::Index i = 0; i < random.size(); ++i) random.data()[i] = stream.normal();
  measure.chance_angle = mean(principal_angles(random, components));
  const double all = left.trace();
  if (all > 0) {
    const Matrix basis = orthonormal_columns(learnt);
    measure.share = (basis.transpose() * left * basis).trace() / all;
    measure.best_share = pairs.values.tail(m).sum() / all;
  }
  return measure;
}

}  // namespace rheo
