#include "apps/learning/readouts.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cassert>
#include <cmath>
#include <limits>

#include "apps/learning/decompositions.hpp"
#include "apps/learning/measures.hpp"
#include "core/diagnostics.hpp"

namespace rheo {

namespace {

// y = W'x, summed by ascending state.
void apply(const Matrix& weights, std::span<const double> x, std::span<double> y) {
  assert(x.size() == static_cast<std::size_t>(weights.rows()) && y.size() == static_cast<std::size_t>(weights.cols()));
  std::fill(y.begin(), y.end(), 0.0);
  const double* row = weights.data();
  for (const double state : x) {
    for (double& output : y) output += state * *row++;
  }
}

// W += x e'.
void add_outer(Matrix& weights, std::span<const double> x, std::span<const double> error, double factor) {
  assert(x.size() == static_cast<std::size_t>(weights.rows()));
  assert(error.size() == static_cast<std::size_t>(weights.cols()));
  double* row = weights.data();
  for (const double state : x) {
    const double scaled = factor * state;
    for (const double e : error) *row++ += scaled * e;
  }
}

// Sums in lanes that stay apart until the end: every vector width up to this one adds in the same order.
constexpr std::size_t lanes = 8;

double sum_of(const std::array<double, lanes>& sums) {
  return ((sums[0] + sums[4]) + (sums[2] + sums[6])) + ((sums[1] + sums[5]) + (sums[3] + sums[7]));
}

double dot(std::span<const double> a, std::span<const double> b) {
  std::array<double, lanes> sums{};
  const std::size_t whole = a.size() / lanes * lanes;
  for (std::size_t j = 0; j < whole; j += lanes)
    for (std::size_t l = 0; l < lanes; ++l) sums[l] += a[j + l] * b[j + l];
  double rest = 0;
  for (std::size_t j = whole; j < a.size(); ++j) rest += a[j] * b[j];
  return sum_of(sums) + rest;
}

// One row of the triangle left of the diagonal, for both halves of the symmetric product: returns row . x and adds
// x_i row to g.
double multiply_row(const double* __restrict row, std::size_t count, const double* __restrict x, double x_i,
                    double* __restrict g) {
  std::array<double, lanes> sums{};
  const std::size_t whole = count / lanes * lanes;
  for (std::size_t j = 0; j < whole; j += lanes) {
    for (std::size_t l = 0; l < lanes; ++l) {
      sums[l] += row[j + l] * x[j + l];
      g[j + l] += x_i * row[j + l];
    }
  }
  double rest = 0;
  for (std::size_t j = whole; j < count; ++j) {
    rest += row[j] * x[j];
    g[j] += x_i * row[j];
  }
  return sum_of(sums) + rest;
}

// row = (row - factor g) scale.
void shrink_row(double* __restrict row, std::size_t count, const double* __restrict g, double factor, double scale) {
  const std::size_t whole = count / lanes * lanes;
  for (std::size_t j = 0; j < whole; j += lanes)
    for (std::size_t l = 0; l < lanes; ++l) row[j + l] = (row[j + l] - factor * g[j + l]) * scale;
  for (std::size_t j = whole; j < count; ++j) row[j] = (row[j] - factor * g[j]) * scale;
}

}  // namespace

Matrix LinearReadout::operator()(const MatrixView& states) const {
  Matrix outputs = states * weights;
  outputs.rowwise() += intercept.transpose();
  return outputs;
}

Ridge::Ridge(const MatrixView& states, const MatrixView& targets) {
  assert(states.rows() == targets.rows() && states.rows() > 0);
  state_means_ = states.colwise().mean();
  target_means_ = targets.colwise().mean();
  const Matrix x = states.rowwise() - state_means_;
  const Matrix y = targets.rowwise() - target_means_;
  const bool dual = x.rows() < x.cols();
  Eigen::MatrixXd gram = Eigen::MatrixXd::Zero(dual ? x.rows() : x.cols(), dual ? x.rows() : x.cols());
  if (dual) {
    gram.selfadjointView<Eigen::Lower>().rankUpdate(x);
  } else {
    gram.selfadjointView<Eigen::Lower>().rankUpdate(x.transpose());
  }
  Eigenpairs pairs = eigenpairs(gram);
  eigenvalues_ = std::move(pairs.values);
  if (dual) {
    basis_.noalias() = x.transpose() * pairs.vectors;
    coefficients_.noalias() = pairs.vectors.transpose() * y;
  } else {
    basis_ = pairs.vectors;
    const Matrix products = x.transpose() * y;
    coefficients_.noalias() = pairs.vectors.transpose() * products;
  }
}

Eigen::VectorXd Ridge::shrunk(double lambda) const {
  assert(lambda >= 0 && std::isfinite(lambda));
  const Eigen::Index size = eigenvalues_.size();
  const double largest = size == 0 ? 0 : eigenvalues_[size - 1];
  const double rounding = largest * static_cast<double>(size) * std::numeric_limits<double>::epsilon();
  Eigen::VectorXd factors(size);
  for (Eigen::Index i = 0; i < size; ++i)
    factors[i] = eigenvalues_[i] > rounding ? 1.0 / (eigenvalues_[i] + lambda) : 0.0;
  return factors;
}

LinearReadout Ridge::readout(double lambda) const {
  LinearReadout result;
  result.lambda = lambda;
  const Matrix scaled = shrunk(lambda).asDiagonal() * coefficients_;
  result.weights.noalias() = basis_ * scaled;
  result.intercept = (target_means_ - state_means_ * result.weights).transpose();
  return result;
}

std::vector<double> Ridge::errors(const MatrixView& states, const MatrixView& targets, std::span<const double> lambdas,
                                  std::span<const Eigen::Index> counted) const {
  assert(states.rows() == targets.rows() && states.cols() == state_means_.size());
  std::vector<Eigen::Index> varying(counted.begin(), counted.end());
  for (Eigen::Index k = 0; k < targets.cols() && counted.empty(); ++k)
    if (varies(targets.col(k))) varying.push_back(k);
  if (varying.empty())
    throw ExperimentError({.key = "ridge",
                           .problem = "no target varies in the validation part, so that no readout can be chosen",
                           .expected = "a longer validation part, or targets that vary"});
  const Matrix projected = (states.rowwise() - state_means_) * basis_;
  std::vector<double> all;
  for (const double lambda : lambdas) {
    const Matrix scaled = shrunk(lambda).asDiagonal() * coefficients_;
    Matrix outputs = projected * scaled;
    outputs.rowwise() += target_means_;
    double sum = 0;
    for (const Eigen::Index k : varying) sum += nrmse(outputs.col(k), targets.col(k));
    all.push_back(sum / static_cast<double>(varying.size()));
  }
  return all;
}

RidgeChoice choose_ridge(const MatrixView& states, const MatrixView& targets, const MatrixView& validation_states,
                         const MatrixView& validation_targets, std::span<const double> lambdas,
                         std::span<const Eigen::Index> counted) {
  assert(!lambdas.empty());
  const Ridge ridge(states, targets);
  RidgeChoice choice{{}, ridge.errors(validation_states, validation_targets, lambdas, counted)};
  double best = std::numeric_limits<double>::infinity(), lambda = 0;
  for (std::size_t i = 0; i < lambdas.size(); ++i) {
    if (!(choice.errors[i] < best)) continue;
    best = choice.errors[i];
    lambda = lambdas[i];
  }
  if (std::isinf(best))
    throw ExperimentError({.key = "ridge",
                           .problem = "no readout has a finite error on the validation part",
                           .expected = "states and targets that are finite"});
  choice.readout = ridge.readout(lambda);
  return choice;
}

Rls::Rls(std::size_t states, std::size_t outputs, double alpha, double forgetting)
    : forgetting_(forgetting), p_(states * (states + 1) / 2), gain_(states), weights_(Matrix::Zero(states, outputs)) {
  assert(alpha > 0 && forgetting > 0 && forgetting <= 1);
  for (std::size_t i = 0; i < states; ++i) p_[i * (i + 1) / 2 + i] = 1.0 / alpha;
}

void Rls::predict(std::span<const double> x, std::span<double> y) const {
  apply(weights_, x, y);
}

void Rls::update(std::span<const double> x, std::span<const double> error) {
  assert(x.size() == gain_.size());
  double* row = p_.data();
  for (std::size_t i = 0; i < x.size(); ++i) {
    // Rows below add their share to g_i later; nothing has added to it before.
    gain_[i] = multiply_row(row, i, x.data(), x[i], gain_.data()) + row[i] * x[i];
    row += i + 1;
  }
  const double quadratic = dot(x, gain_);
  if (!(quadratic >= 0) || std::isinf(quadratic))
    throw NumericalError({.key = "recursive least squares",
                          .value = fmt::format("{:g}", quadratic),
                          .problem = "x'Px is not a finite number >= 0: P is no longer positive definite",
                          .expected = "finite states, a larger alpha, or a forgetting factor nearer to 1"});
  const double k = 1.0 / (forgetting_ + quadratic);
  const double scale = 1.0 / forgetting_;
  row = p_.data();
  for (std::size_t i = 0; i < x.size(); ++i) {
    shrink_row(row, i + 1, gain_.data(), k * gain_[i], scale);
    row += i + 1;
  }
  add_outer(weights_, gain_, error, k);
}

void Rls::save(ByteWriter& to) const {
  to.put("rls.p", std::span<const double>(p_));
  to.put("rls.weights", std::span<const double>(weights_.data(), static_cast<std::size_t>(weights_.size())));
}

void Rls::load(ByteReader& from) {
  from.get("rls.p", std::span<double>(p_));
  from.get("rls.weights", std::span<double>(weights_.data(), static_cast<std::size_t>(weights_.size())));
}

Lms::Lms(std::size_t states, std::size_t outputs, double eta, Step step, double epsilon)
    : eta_(eta), epsilon_(epsilon), step_(step), weights_(Matrix::Zero(states, outputs)) {
  assert(eta >= 0 && epsilon > 0);
}

void Lms::predict(std::span<const double> x, std::span<double> y) const {
  apply(weights_, x, y);
}

void Lms::update(std::span<const double> x, std::span<const double> error, double gate) {
  if (gate == 0) return;
  const double norm = step_ == Step::plain ? 1.0 : epsilon_ + dot(x, x);
  add_outer(weights_, x, error, eta_ * gate / norm);
}

}  // namespace rheo
