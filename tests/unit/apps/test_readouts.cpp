#include <algorithm>
#include <catch2/catch.hpp>
#include <chrono>
#include <cmath>
#include <limits>
#include <vector>

#include "apps/learning/measures.hpp"
#include "apps/learning/readouts.hpp"
#include "core/diagnostics.hpp"
#include "core/random.hpp"

namespace test_readouts {

using namespace rheo;

namespace {

Matrix normal_matrix(std::size_t rows, std::size_t columns, std::uint64_t seed) {
  RandomStream stream(random_key(seed, "test", "readouts"), 0);
  Matrix values(rows, columns);
  for (double& value : values.reshaped<Eigen::RowMajor>()) value = stream.normal();
  return values;
}

// States off centre and correlated, targets that depend on them but not exactly.
struct Problem {
  Matrix states, targets;
};
Problem noisy_problem(std::size_t steps, std::size_t states, std::uint64_t seed) {
  Problem problem;
  problem.states = normal_matrix(steps, states, seed) * normal_matrix(states, states, seed + 100);
  problem.states.array() += 3.0;
  problem.targets = problem.states * normal_matrix(states, 2, seed + 200) + 0.5 * normal_matrix(steps, 2, seed + 300);
  return problem;
}

// Weights and intercept (last row) of the normal equations with a column of ones that is not penalised.
Matrix by_normal_equations(const Problem& problem, double lambda) {
  const Eigen::Index n = problem.states.cols();
  Matrix x(problem.states.rows(), n + 1);
  x << problem.states, Eigen::VectorXd::Ones(problem.states.rows());
  Matrix left = x.transpose() * x;
  for (Eigen::Index i = 0; i < n; ++i) left(i, i) += lambda;
  return left.fullPivLu().solve(x.transpose() * problem.targets);
}

double largest(const Matrix& values) {
  return values.cwiseAbs().maxCoeff();
}

std::span<const double> row_of(const Matrix& matrix, Eigen::Index row) {
  return {matrix.data() + row * matrix.cols(), static_cast<std::size_t>(matrix.cols())};
}

template <class Learner>
void teach(Learner& learner, const Matrix& states, const Matrix& targets) {
  std::vector<double> y(static_cast<std::size_t>(targets.cols())), error(y.size());
  for (Eigen::Index t = 0; t < states.rows(); ++t) {
    learner.predict(row_of(states, t), y);
    for (std::size_t k = 0; k < y.size(); ++k) error[k] = targets(t, static_cast<Eigen::Index>(k)) - y[k];
    learner.update(row_of(states, t), error);
  }
}

}  // namespace

TEST_CASE("ridge agrees with the normal equations, in primal and dual form", "[reservoir]") {
  for (const std::size_t steps : {200u, 13u, 12u, 11u, 5u}) {
    const Problem problem = noisy_problem(steps, 12, steps);
    const Ridge ridge(problem.states, problem.targets);
    for (const double lambda : {0.01, 1.0, 50.0}) {
      CAPTURE(steps, lambda);
      const LinearReadout readout = ridge.readout(lambda);
      const Matrix expected = by_normal_equations(problem, lambda);
      CHECK(largest(readout.weights - expected.topRows(12)) < 1e-9 * largest(expected));
      CHECK(largest(readout.intercept.transpose() - expected.bottomRows(1)) < 1e-8 * largest(expected));
      CHECK(readout.lambda == lambda);
    }
  }
}

TEST_CASE("ridge without penalty recovers exact weights and intercept", "[reservoir]") {
  const Matrix states = normal_matrix(300, 20, 1), weights = normal_matrix(20, 3, 2);
  Matrix targets = states * weights;
  targets.rowwise() += Eigen::RowVector3d(5, -2, 0.25);
  for (const double lambda : {0.0, 1e-10}) {
    const LinearReadout readout = Ridge(states, targets).readout(lambda);
    CHECK(largest(readout.weights - weights) < 1e-10);
    CHECK(largest(readout.intercept - Eigen::Vector3d(5, -2, 0.25)) < 1e-10);
    CHECK(largest(readout(states) - targets) < 1e-10);
  }
}

TEST_CASE("ridge gives nothing to states that are constant or copies", "[reservoir]") {
  Matrix states = normal_matrix(50, 3, 4);
  const Matrix targets = 2 * states.col(0);
  states.col(1).setConstant(7.0);
  states.col(2) = states.col(0);
  const LinearReadout readout = Ridge(states, targets).readout(0.0);
  CHECK(readout.weights(0, 0) == Approx(1.0));  // the shortest solution shares the weight
  CHECK(readout.weights(2, 0) == Approx(1.0));
  CHECK(std::abs(readout.weights(1, 0)) < 1e-12);
  CHECK(std::abs(readout.intercept[0]) < 1e-10);
  // All constant: the mean is all that is left.
  const LinearReadout mean = Ridge(Matrix::Constant(50, 3, 0.1), targets).readout(1.0);
  CHECK(largest(mean.weights) < 1e-12);
  CHECK(mean.intercept[0] == Approx(targets.mean()));
}

TEST_CASE("the lambda with the smallest validation error is chosen", "[reservoir]") {
  Problem problem = noisy_problem(90, 40, 7);
  problem.targets += 30 * normal_matrix(90, 2, 8);
  const std::vector<double> lambdas{1e-6, 1e-2, 1.0, 10.0, 100.0, 1e6};
  for (const Eigen::Index training : {60, 30}) {
    const Matrix x = problem.states.topRows(training), y = problem.targets.topRows(training);
    const Matrix vx = problem.states.bottomRows(30), vy = problem.targets.bottomRows(30);
    const RidgeChoice choice =
        choose_ridge(problem.states.topRows(training), problem.targets.topRows(training), vx, vy, lambdas);
    REQUIRE(choice.errors.size() == lambdas.size());
    std::size_t best = 0;
    for (std::size_t i = 0; i < lambdas.size(); ++i) {
      const Matrix solution = by_normal_equations({x, y}, lambdas[i]);
      Matrix outputs = vx * solution.topRows(40);
      outputs.rowwise() += solution.row(40);
      const double error = 0.5 * (nrmse(outputs.col(0), vy.col(0)) + nrmse(outputs.col(1), vy.col(1)));
      CHECK(choice.errors[i] == Approx(error).epsilon(1e-6));
      if (choice.errors[i] < choice.errors[best]) best = i;
    }
    CHECK(best > 0);
    CHECK(best < lambdas.size() - 1);
    CHECK(choice.readout.lambda == lambdas[best]);
    const LinearReadout direct = Ridge(x, y).readout(lambdas[best]);
    CHECK(choice.readout.weights == direct.weights);
  }
}

TEST_CASE("targets that do not vary do not choose a readout", "[reservoir]") {
  Problem problem = noisy_problem(40, 5, 9);
  const std::vector<double> lambdas{0.1, 1.0};
  const Ridge ridge(problem.states, problem.targets);
  Matrix targets = problem.targets;
  targets.col(0).setConstant(2.0);
  const LinearReadout readout = ridge.readout(0.1);
  CHECK(ridge.errors(problem.states, targets, lambdas)[0] ==
        Approx(nrmse(readout(problem.states).col(1), targets.col(1))));
  // Or those that are named.
  const std::vector<Eigen::Index> first{0};
  CHECK(ridge.errors(problem.states, problem.targets, lambdas, first)[0] ==
        Approx(nrmse(readout(problem.states).col(0), problem.targets.col(0))));
  targets.col(1).setZero();
  CHECK_THROWS_AS(ridge.errors(problem.states, targets, lambdas), ExperimentError);
  problem.targets(3, 0) = std::numeric_limits<double>::infinity();
  CHECK_THROWS_AS(choose_ridge(noisy_problem(40, 5, 9).states, problem.targets, problem.states,
                               noisy_problem(40, 5, 9).targets, lambdas),
                  ExperimentError);
}

TEST_CASE("block sizes of products do not come from the processor", "[reservoir]") {
  CHECK(block_sizes_are_fixed);
  CHECK(Eigen::l1CacheSize() == 32 << 10);
  CHECK(Eigen::l2CacheSize() == 256 << 10);
}

TEST_CASE("recursive least squares ends at ridge regression", "[reservoir]") {
  // 1 to 40 states: rows of the triangle with and without a rest beside whole lanes.
  for (const std::size_t n : {1u, 7u, 8u, 9u, 16u, 40u}) {
    for (const double alpha : {0.1, 2.0}) {
      CAPTURE(n, alpha);
      const Problem problem = noisy_problem(150, n, n);
      Rls rls(n, 2, alpha);
      teach(rls, problem.states, problem.targets);
      Matrix left = problem.states.transpose() * problem.states;
      left.diagonal().array() += alpha;
      const Matrix expected = left.ldlt().solve(problem.states.transpose() * problem.targets);
      CHECK(largest(rls.weights() - expected) < 1e-8 * largest(expected));
      // And at Ridge, where centring changes nothing.
      const Matrix x = problem.states.rowwise() - problem.states.colwise().mean();
      const Matrix y = problem.targets.rowwise() - problem.targets.colwise().mean();
      Rls centred(n, 2, alpha);
      teach(centred, x, y);
      CHECK(largest(centred.weights() - Ridge(x, y).readout(alpha).weights) < 1e-8 * largest(expected));
    }
  }
}

TEST_CASE("recursive least squares forgets by powers of its factor", "[reservoir]") {
  const double forgetting = 0.97, alpha = 0.5;
  const Problem problem = noisy_problem(120, 11, 3);
  Rls rls(11, 2, alpha, forgetting);
  teach(rls, problem.states, problem.targets);
  Matrix left = Matrix::Zero(11, 11), right = Matrix::Zero(11, 2);
  left.diagonal().setConstant(alpha);
  for (Eigen::Index t = 0; t < 120; ++t) {
    left = forgetting * left + problem.states.row(t).transpose() * problem.states.row(t);
    right = forgetting * right + problem.states.row(t).transpose() * problem.targets.row(t);
  }
  const Matrix expected = left.ldlt().solve(right);
  CHECK(largest(rls.weights() - expected) < 1e-8 * largest(expected));
}

TEST_CASE("recursive least squares says when its matrix is lost", "[reservoir]") {
  Rls rls(3, 1, 1.0);
  const std::vector<double> x{1.0, std::numeric_limits<double>::quiet_NaN(), 0.0}, error{1.0};
  CHECK_THROWS_AS(rls.update(x, error), NumericalError);
  CHECK(rls.weights() == Matrix::Zero(3, 1));
  // Forgetting without anything new: P grows until it is infinite.
  Rls windup(2, 1, 1.0, 0.01);
  const std::vector<double> first{1.0, 0.0};
  for (int t = 0; t < 100; ++t) windup.update(first, error);
  CHECK(windup.weights().allFinite());
  const auto go_on = [&] {
    for (int t = 0; t < 100; ++t) windup.update(first, error);
  };
  CHECK_THROWS_AS(go_on(), NumericalError);
  CHECK(windup.weights().allFinite());
}

TEST_CASE("one step of the delta rule worked out by hand", "[reservoir]") {
  const std::vector<double> x{1.0, -2.0}, error{0.5, 4.0};
  Lms plain(2, 2, 0.1, Lms::Step::plain);
  plain.update(x, error);
  CHECK(plain.weights()(0, 0) == Approx(0.05));
  CHECK(plain.weights()(0, 1) == Approx(0.4));
  CHECK(plain.weights()(1, 0) == Approx(-0.1));
  CHECK(plain.weights()(1, 1) == Approx(-0.8));
  std::vector<double> y(2);
  plain.predict(x, y);
  CHECK(y[0] == Approx(0.25));
  CHECK(y[1] == Approx(2.0));
  plain.update(x, error, 0.0);
  CHECK(plain.weights()(1, 1) == Approx(-0.8));
  plain.update(x, error, -0.5);
  CHECK(plain.weights()(1, 1) == Approx(-0.4));
  Lms normalised(2, 2, 0.1, Lms::Step::normalised, 3.0);
  normalised.update(x, error, 2.0);
  CHECK(normalised.weights()(1, 1) == Approx(0.1 * 2.0 * 4.0 * -2.0 / 8.0));
}

TEST_CASE("the delta rule converges to the weights behind its targets", "[reservoir]") {
  const Matrix states = normal_matrix(4000, 9, 5), weights = normal_matrix(9, 2, 6);
  const Matrix targets = states * weights;
  Lms plain(9, 2, 0.02, Lms::Step::plain), normalised(9, 2, 0.8), unstable(9, 2, 2.5);
  teach(plain, states, targets);
  teach(normalised, states, targets);
  teach(unstable, states.topRows(300), targets.topRows(300));
  CHECK(largest(plain.weights() - weights) < 1e-10);
  CHECK(largest(normalised.weights() - weights) < 1e-10);
  CHECK(largest(unstable.weights() - weights) > 10 * largest(weights));
}

TEST_CASE("cost of an update of recursive least squares", "[.bench][reservoir]") {
  for (const std::size_t n : {500u, 1000u, 2000u}) {
    const Matrix states = normal_matrix(50, n, 1);
    Rls rls(n, 1, 1.0);
    const std::vector<double> error{0.1};
    double best = std::numeric_limits<double>::infinity();
    for (int repetition = 0; repetition < 20; ++repetition) {
      const auto begin = std::chrono::steady_clock::now();
      for (Eigen::Index t = 0; t < states.rows(); ++t) rls.update(row_of(states, t), error);
      const std::chrono::duration<double, std::milli> time = std::chrono::steady_clock::now() - begin;
      best = std::min(best, time.count() / static_cast<double>(states.rows()));
    }
    WARN(n << " states: " << best << " ms per update");
    CHECK(rls.weights().allFinite());
  }
}

}  // namespace test_readouts
