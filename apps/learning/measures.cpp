#include "apps/learning/measures.hpp"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <limits>
#include <numbers>

#include "apps/learning/decompositions.hpp"

namespace rheo {

namespace {

double mean_of(const SignalView& signal) {
  double sum = 0;
  for (Eigen::Index t = 0; t < signal.size(); ++t) sum += signal[t];
  return sum / static_cast<double>(signal.size());
}

// Probability that |t| is below sqrt(degrees) tan(angle).
double student_central(double angle, std::size_t degrees) {
  const double cosine = std::cos(angle), sine = std::sin(angle);
  const bool odd = degrees % 2 == 1;
  // 1 + 1/2 c^2 + (1 3)/(2 4) c^4 + ... to c^(n-2) for even n; c + 2/3 c^3 + (2 4)/(3 5) c^5 + ... for odd n.
  double term = odd ? cosine : 1.0, sum = 0;
  for (std::size_t power = odd ? 1 : 0; power + 2 <= degrees; power += 2) {
    sum += term;
    term *= cosine * cosine * static_cast<double>(power + 1) / static_cast<double>(power + 2);
  }
  return odd ? (angle + sine * sum) * 2 / std::numbers::pi : sine * sum;
}

}  // namespace

bool varies(const SignalView& signal) {
  for (Eigen::Index t = 1; t < signal.size(); ++t)
    if (signal[t] != signal[0]) return true;
  return false;
}

double nrmse(const SignalView& output, const SignalView& target) {
  assert(output.size() == target.size());
  if (!varies(target)) return std::numeric_limits<double>::quiet_NaN();
  const double mean = mean_of(target);
  double errors = 0, variance = 0;
  for (Eigen::Index t = 0; t < target.size(); ++t) {
    errors += (output[t] - target[t]) * (output[t] - target[t]);
    variance += (target[t] - mean) * (target[t] - mean);
  }
  return std::sqrt(errors / variance);
}

double pearson(const SignalView& a, const SignalView& b) {
  assert(a.size() == b.size());
  if (!varies(a) || !varies(b)) return 0;
  const double mean_a = mean_of(a), mean_b = mean_of(b);
  double aa = 0, bb = 0, ab = 0;
  for (Eigen::Index t = 0; t < a.size(); ++t) {
    const double x = a[t] - mean_a, y = b[t] - mean_b;
    aa += x * x;
    bb += y * y;
    ab += x * y;
  }
  return std::clamp(ab / (std::sqrt(aa) * std::sqrt(bb)), -1.0, 1.0);
}

double squared_correlation(const SignalView& a, const SignalView& b) {
  const double r = pearson(a, b);
  return r * r;
}

MemoryCapacity memory_capacity(const MatrixView& outputs, const MatrixView& targets) {
  assert(outputs.rows() == targets.rows() && outputs.cols() == targets.cols() && targets.rows() > 2);
  MemoryCapacity result;
  for (Eigen::Index k = 0; k < targets.cols(); ++k) {
    const double raw = squared_correlation(outputs.col(k), targets.col(k));
    const bool chance_helps = varies(outputs.col(k)) && varies(targets.col(k));
    result.raw.push_back(raw);
    result.curve.push_back(chance_helps ? raw - (1 - raw) / static_cast<double>(targets.rows() - 2) : 0);
    result.raw_sum += raw;
    result.sum += result.curve.back();
  }
  return result;
}

std::size_t kernel_rank(const MatrixView& states, std::optional<double> threshold) {
  if (states.size() == 0) return 0;
  const double relative = threshold.value_or(static_cast<double>(std::max(states.rows(), states.cols())) *
                                             std::numeric_limits<double>::epsilon());
  const Eigen::VectorXd values = large_singular_values(states);
  if (values[0] == 0) return 0;
  std::size_t rank = 0;
  for (Eigen::Index i = 0; i < values.size(); ++i) rank += values[i] > relative * values[0];
  return rank;
}

Separation separation(std::span<const Matrix> inputs) {
  double between = 0, within = 0;
  std::size_t pairs_between = 0, pairs_within = 0;
  for (std::size_t a = 0; a < inputs.size(); ++a) {
    for (Eigen::Index i = 0; i < inputs[a].rows(); ++i) {
      for (Eigen::Index j = i + 1; j < inputs[a].rows(); ++j) {
        within += (inputs[a].row(i) - inputs[a].row(j)).norm();
        ++pairs_within;
      }
      for (std::size_t b = a + 1; b < inputs.size(); ++b) {
        for (Eigen::Index j = 0; j < inputs[b].rows(); ++j) {
          between += (inputs[a].row(i) - inputs[b].row(j)).norm();
          ++pairs_between;
        }
      }
    }
  }
  assert(pairs_between > 0 && pairs_within > 0);
  Separation result{between / static_cast<double>(pairs_between), within / static_cast<double>(pairs_within)};
  // Where all states are equal, inputs cannot be told apart either.
  const bool nothing = result.between == 0 && result.within == 0;
  result.ratio = nothing ? 1 : result.between / result.within;
  return result;
}

double participation_ratio(const MatrixView& states) {
  const Matrix centred = states.rowwise() - states.colwise().mean();
  // The sum of the eigenvalues is the trace, that of their squares the sum of all squared elements; the smaller of
  // X'X and XX' has the same.
  Matrix gram;
  if (centred.rows() < centred.cols()) {
    gram.noalias() = centred * centred.transpose();
  } else {
    gram.noalias() = centred.transpose() * centred;
  }
  const double trace = gram.trace(), squares = gram.squaredNorm();
  return squares > 0 ? trace * trace / squares : 0;
}

std::vector<double> principal_angles(const MatrixView& a, const MatrixView& b) {
  assert(a.rows() == b.rows());
  Eigen::MatrixXd wide = orthonormal_basis(a), narrow = orthonormal_basis(b);
  if (wide.cols() < narrow.cols()) wide.swap(narrow);
  if (narrow.cols() == 0) return {};
  const Eigen::MatrixXd overlap = wide.transpose() * narrow;
  const Eigen::MatrixXd outside = narrow - wide * overlap;
  const Eigen::VectorXd cosines = small_singular_values(overlap);
  const Eigen::VectorXd sines = small_singular_values(outside);
  std::vector<double> angles;
  for (Eigen::Index i = 0; i < narrow.cols(); ++i) {
    const double cosine = std::min(1.0, cosines[i]), sine = std::min(1.0, sines[narrow.cols() - 1 - i]);
    const double angle = cosine * cosine > 0.5 ? std::asin(sine) : std::acos(cosine);
    angles.push_back(angle * 180 / std::numbers::pi);
  }
  return angles;
}

double student_quantile(double p, std::size_t degrees) {
  assert(p > 0 && p < 1 && degrees >= 1);
  const double central = std::abs(2 * p - 1);
  double low = 0, high = std::numbers::pi / 2;
  while (true) {
    const double middle = 0.5 * (low + high);
    if (middle <= low || middle >= high) break;
    (student_central(middle, degrees) < central ? low : high) = middle;
  }
  const double t = std::sqrt(static_cast<double>(degrees)) * std::tan(low);
  return p < 0.5 ? -t : t;
}

MeanInterval mean_interval(std::span<const double> values) {
  assert(!values.empty());
  const auto n = static_cast<double>(values.size());
  MeanInterval result;
  result.count = values.size();
  for (const double value : values) result.mean += value;
  result.mean /= n;
  if (values.size() == 1) return result;
  double squares = 0;
  for (const double value : values) squares += (value - result.mean) * (value - result.mean);
  result.half_width = student_quantile(0.975, values.size() - 1) * std::sqrt(squares / (n - 1) / n);
  return result;
}

}  // namespace rheo
