// What is measured on a reservoir and its readouts: errors, memory, ranks, separation, dimension, angles, and means
// over seeds with their confidence intervals. Called by the reservoir workbench after a run, once per figure.
//
// A signal that does not vary (all its values are equal) has correlation 0 with everything.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <vector>

#include "apps/learning/matrix.hpp"

namespace rheo {

// Whether any two values differ.
bool varies(const SignalView& signal);

// Normalised root mean square error: sqrt(mean (y - t)^2 / var t), var t = mean (t - mean t)^2. 1 is the error of
// always saying the mean. NaN where the target does not vary.
double nrmse(const SignalView& output, const SignalView& target);

// Pearson's r, and r^2.
double pearson(const SignalView& a, const SignalView& b);
double squared_correlation(const SignalView& a, const SignalView& b);

// Linear memory (Jaeger, GMD report 152, 2002): raw[k-1] = r^2(output of delay k, u(t - k)), k = 1..K, at most the
// number of states in sum where u is independent in time. Over T steps an output that has nothing to do with the target
// still has r^2 = 1 / (T - 1) in the mean, so that many delays or a short test raise the sum above that bound. What is
// reported is therefore r^2 without the share of chance,
//   curve[k-1] = r^2 - (1 - r^2) / (T - 2),
// the adjusted coefficient of determination for one regressor: 0 in the mean where nothing is remembered, 1 where all
// is. Dambre et al., Scientific Reports 2:514 (2012) treat the same bias, by a threshold below which r^2 counts as 0.
// A delay whose output or target does not vary has 0 in both.
struct MemoryCapacity {
  std::vector<double> curve, raw;
  double sum = 0, raw_sum = 0;
  double chance() const { return raw_sum - sum; }  // what was taken off
};
// At least three rows.
// Column k-1 of both belongs to delay k.
MemoryCapacity memory_capacity(const MatrixView& outputs, const MatrixView& targets);

// Singular values above `threshold` times the largest one. Of states after different inputs (one row each) it is the
// kernel rank, of states after noisy versions of one input the generalisation rank: Legenstein & Maass, Neural Networks
// 20:323 (2007). Without a threshold: max(rows, columns) 2^-52, the rounding errors of the decomposition. 0 where all
// states are 0.
std::size_t kernel_rank(const MatrixView& states, std::optional<double> threshold = std::nullopt);

// How much further apart states are after different inputs than after repetitions of one input:
//   between = mean |x - x'| over all pairs of states whose inputs differ,
//   within  = mean |x - x'| over all pairs of different repetitions of the same input (Euclidean distances),
//   ratio   = between / within; 1: inputs cannot be told apart by distance, infinity: repetitions are equal.
// The property is that of Maass, Natschlaeger & Markram, Neural Computation 14:2531 (2002), who compare distances of
// states after different inputs with those after equal ones; Chrol-Cannon & Jin, PLoS ONE 9 (2014), compare measures of
// reservoirs, of which class separation is one (there the centres of classes against the spread about them).
struct Separation {
  double between = 0, within = 0, ratio = 0;
};
// One matrix per input, one row per repetition; at least two inputs, of which one has two repetitions.
Separation separation(std::span<const Matrix> inputs);

// Effective dimension of a cloud of states: (sum l)^2 / sum l^2 over the eigenvalues l of its covariance. From 1 (a
// line) to the number of columns (isotropic); 0 where nothing varies.
double participation_ratio(const MatrixView& states);

// Principal angles between the spaces that the columns of a and of b span, ascending, in degrees, as many as the
// smaller of the two dimensions: Bjoerck & Golub, Mathematics of Computation 27:579 (1973). Orthonormal bases come from
// a QR with column pivoting (what of a column is below 1e-12 of the longest one adds no dimension); cosines from the
// singular values of Qa'Qb, and below 45 degrees, where a cosine says little, from the sines, those of Qb - Qa Qa'Qb.
std::vector<double> principal_angles(const MatrixView& a, const MatrixView& b);

// The t below which Student's distribution has probability p, 0 < p < 1, for whole degrees of freedom >= 1: bisection
// of the finite series of Abramowitz & Stegun 26.7.3 and 26.7.4. Relative error below 1e-10 for p within [1e-5, 1 -
// 1e-5].
double student_quantile(double p, std::size_t degrees);

struct MeanInterval {
  double mean = 0;
  std::optional<double> half_width;  // of the 95 % confidence interval; nothing for a single value
  std::size_t count = 0;
};
// Mean of at least one value; half width t_(0.975, n-1) s / sqrt(n) with s^2 = sum (x - mean)^2 / (n - 1).
MeanInterval mean_interval(std::span<const double> values);

}  // namespace rheo
