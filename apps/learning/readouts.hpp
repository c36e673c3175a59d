// Linear readouts of reservoir states: ridge regression, recursive least squares (FORCE), and the delta rule.
//
//   output = intercept + states weights,   weights: states x outputs
//
// Called by the reservoir workbench: Ridge once per task, Rls and Lms every few ticks while a network runs. Rls and Lms
// have no intercept of their own: a state that is always 1 makes one. Everywhere error = target - output, as it was
// before the update.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "apps/learning/matrix.hpp"
#include "core/bytes.hpp"

namespace rheo {

struct LinearReadout {
  Matrix weights;             // states x outputs
  Eigen::VectorXd intercept;  // one per output
  double lambda = 0;

  Matrix operator()(const MatrixView& states) const;
};

// Ridge regression with an intercept that is not penalised (Hoerl & Kennard, Technometrics 12:55, 1970): minimises
//   sum_t |y(t) - b - x(t) W|^2 + lambda |W|^2
// (sums, not means, over time). With X and Y centred, and one eigen-decomposition for all lambda,
//   steps >= states:  X'X = V L V',  W = V  (L + lambda)^-1 V'X'Y
//   steps <  states:  XX' = U L U',  W = X'U (L + lambda)^-1 U'Y      (dual form, the same W)
// Directions whose eigenvalue is rounding (below size * 2^-52 of the largest) get no weight, so that lambda = 0 gives
// the shortest of the least-squares solutions. Memory: one copy of the states, and two matrices of min(steps,
// states)^2.
class Ridge {
 public:
  // As many rows of states as of targets, at least one; all values finite.
  Ridge(const MatrixView& states, const MatrixView& targets);

  LinearReadout readout(double lambda) const;
  // Mean NRMSE over the outputs that count, on other data, for each lambda. `counted`: which ones, all of which vary
  // there; empty: those whose target varies there. Throws ExperimentError where none does.
  std::vector<double> errors(const MatrixView& states, const MatrixView& targets, std::span<const double> lambdas,
                             std::span<const Eigen::Index> counted = {}) const;

 private:
  Eigen::VectorXd shrunk(double lambda) const;  // 1 / (L + lambda)

  Eigen::RowVectorXd state_means_, target_means_;
  Eigen::VectorXd eigenvalues_;
  Matrix basis_;         // V or X'U
  Matrix coefficients_;  // V'X'Y or U'Y
};

struct RidgeChoice {
  LinearReadout readout;       // of the training part alone
  std::vector<double> errors;  // mean NRMSE on the validation part, one per lambda
};

// Fits to the training part and takes the lambda (>= 0, at least one) with the smallest error on the validation part,
// the first one of equals. Throws ExperimentError as Ridge::errors does, and where no error is finite.
RidgeChoice choose_ridge(const MatrixView& states, const MatrixView& targets, const MatrixView& validation_states,
                         const MatrixView& validation_targets, std::span<const double> lambdas,
                         std::span<const Eigen::Index> counted = {});

// Recursive least squares, as FORCE learning uses it: Sussillo & Abbott, Neuron 63:544 (2009).
//   g = P x,  k = 1 / (f + x'g),  W += k g e',  P <- (P - k g g') / f,   P = I / alpha at first
// f is the forgetting factor: an observation counts f^age. With f = 1 the weights are those of ridge regression without
// intercept and with lambda = alpha, after every update. All outputs share P, which is kept packed, the lower triangle
// row by row: n (n + 1) / 2 numbers, read once and then read and written once per update; 0.3 ms for n = 1000
// (tests/unit/apps/test_readouts.cpp, "[.bench]"). Sums have one order at every vector width.
// With f < 1, P grows without limit in directions that the states do not visit.
class Rls {
 public:
  // alpha > 0, 0 < forgetting <= 1.
  Rls(std::size_t states, std::size_t outputs, double alpha, double forgetting = 1.0);

  void predict(std::span<const double> x, std::span<double> y) const;
  // Throws NumericalError where P is no longer positive definite along x, or no longer finite.
  void update(std::span<const double> x, std::span<const double> error);

  const Matrix& weights() const { return weights_; }  // states x outputs
  // Goes on from these weights, of the same shape; P stays.
  void start_from(const Matrix& weights) { weights_ = weights; }
  void save(ByteWriter& to) const;
  void load(ByteReader& from);  // throws StateError

 private:
  double forgetting_;
  std::vector<double> p_;     // packed lower triangle
  std::vector<double> gain_;  // g
  Matrix weights_;
};

// The delta rule with a gate (Widrow & Hoff 1960; as a three-factor rule: presynaptic state, error, gate):
//   plain       W += eta gate x e'
//   normalised  W += eta gate x e' / (epsilon + |x|^2);  stable for 0 < eta gate < 2
// A gate of one output alone is a factor of that output's error.
class Lms {
 public:
  enum class Step { plain, normalised };
  // epsilon > 0 keeps steps of silent states finite; of no use to plain steps.
  Lms(std::size_t states, std::size_t outputs, double eta, Step step = Step::normalised, double epsilon = 1e-6);

  void predict(std::span<const double> x, std::span<double> y) const;
  void update(std::span<const double> x, std::span<const double> error, double gate = 1.0);

  const Matrix& weights() const { return weights_; }  // states x outputs
  void start_from(const Matrix& weights) { weights_ = weights; }

 private:
  double eta_, epsilon_;
  Step step_;
  Matrix weights_;
};

}  // namespace rheo
