#include <catch2/catch.hpp>
#include <cmath>
#include <limits>
#include <numbers>
#include <vector>

#include "apps/learning/measures.hpp"
#include "apps/learning/readouts.hpp"
#include "apps/learning/series.hpp"
#include "core/random.hpp"

namespace test_measures {

using namespace rheo;

namespace {

Matrix normal_matrix(std::size_t rows, std::size_t columns, std::uint64_t seed) {
  RandomStream stream(random_key(seed, "test", "measures"), 0);
  Matrix values(rows, columns);
  for (double& value : values.reshaped<Eigen::RowMajor>()) value = stream.normal();
  return values;
}

// gcc 12 takes lists of matrices for not initialised.
std::vector<Matrix> two(const Matrix& first, const Matrix& second) {
  std::vector<Matrix> both(2);
  both[0] = first;
  both[1] = second;
  return both;
}

const double degree = std::numbers::pi / 180;

}  // namespace

TEST_CASE("errors and correlations of four values worked out by hand", "[reservoir]") {
  const Eigen::Vector4d target(1, 2, 3, 4), output(1, 2, 3, 6);
  // Mean squared error 1; variance 1.25.
  CHECK(nrmse(output, target) == Approx(std::sqrt(0.8)));
  CHECK(nrmse(target, target) == 0);
  CHECK(nrmse(Eigen::Vector4d::Constant(2.5), target) == Approx(1.0));
  CHECK(std::isnan(nrmse(output, Eigen::Vector4d::Constant(0.1))));
  // Covariance 8 / 4, variances 5 / 4 and 14 / 4.
  CHECK(pearson(output, target) == Approx(8 / std::sqrt(5.0 * 14.0)));
  CHECK(pearson(-output, target) == Approx(-8 / std::sqrt(70.0)));
  CHECK(squared_correlation(-output, target) == Approx(64.0 / 70));
  CHECK(pearson(3 * target.array() - 7, target) == Approx(1.0));
  CHECK(pearson(Eigen::Vector4d::Constant(0.1), target) == 0);
  // A column of a matrix is not contiguous.
  Matrix both(4, 2);
  both << output, target;
  CHECK(nrmse(both.col(0), both.col(1)) == Approx(std::sqrt(0.8)));
}

TEST_CASE("an ideal delay line of 20 has memory capacity 20", "[reservoir]") {
  const Eigen::Index steps = 3000, washout = 100;
  const Eigen::VectorXd input = uniform_series(5, "input", static_cast<std::size_t>(steps), -1.0, 1.0);
  const Matrix targets = delayed_copies(input, 40);
  // The states are a rotation of the line, as a reservoir might hold it.
  const Matrix mixing = normal_matrix(20, 20, 3);
  const Matrix states = targets.leftCols(20) * mixing;
  const auto train = Eigen::seq(washout, 2000 - 1), test = Eigen::seq(2000, steps - 1);
  const LinearReadout readout = Ridge(states(train, Eigen::all), targets(train, Eigen::all)).readout(1e-9);
  const MemoryCapacity capacity = memory_capacity(readout(states(test, Eigen::all)), targets(test, Eigen::all));
  REQUIRE(capacity.curve.size() == 40);
  double sum = 0;
  for (std::size_t k = 0; k < 40; ++k) {
    CAPTURE(k);
    sum += capacity.curve[k];
    if (k < 20) {
      CHECK(capacity.curve[k] == Approx(1.0).epsilon(1e-9));
    } else {
      CHECK(capacity.curve[k] < 0.02);
    }
  }
  CHECK(capacity.sum == Approx(sum));
  CHECK(std::abs(capacity.sum - 20) < 0.1);
}

TEST_CASE("memory capacity leaves out what chance adds", "[reservoir]") {
  // r^2 = 4 / (6 * 4) over five steps: 1/6 - 5/6 / 3. A constant output gets nothing from chance.
  Matrix outputs(5, 3), targets(5, 3);
  outputs << 1, 2, 7, 0, 4, 7, -2, 6, 7, 0, 8, 7, 1, 10, 7;
  targets << -1, 1, 0, 1, 2, 1, 0, 3, 0, 1, 4, 1, -1, 5, 0;
  const MemoryCapacity by_hand = memory_capacity(outputs, targets);
  CHECK(by_hand.raw[0] == Approx(1.0 / 6));
  CHECK(by_hand.curve[0] == Approx(-1.0 / 9));
  CHECK(by_hand.curve[1] == Approx(1.0));
  CHECK(by_hand.curve[2] == 0);
  CHECK(by_hand.raw_sum == Approx(7.0 / 6));
  CHECK(by_hand.chance() == Approx(5.0 / 18));
  // Series that know nothing of each other: 200 delays over 50 steps make 200 / 49 = 4.08, and 0 without chance. The
  // standard deviation of a delay's r^2 is about sqrt(2) / 49.
  for (const std::uint64_t seed : {1, 2, 3}) {
    const MemoryCapacity nothing = memory_capacity(normal_matrix(50, 200, seed), normal_matrix(50, 200, seed + 10));
    CHECK(nothing.raw_sum == Approx(200.0 / 49).margin(4 * std::sqrt(400.0) / 49));
    CHECK(nothing.sum == Approx(0.0).margin(4 * std::sqrt(400.0) / 48));
    CHECK(nothing.chance() == Approx(200.0 / 49).epsilon(0.02));
  }
}

TEST_CASE("kernel rank counts directions above the threshold", "[reservoir]") {
  const Matrix states = normal_matrix(30, 4, 1) * normal_matrix(4, 50, 2);
  CHECK(kernel_rank(states) == 4);
  CHECK(kernel_rank(states.transpose()) == 4);
  CHECK(kernel_rank(normal_matrix(30, 50, 3)) == 30);
  CHECK(kernel_rank(Matrix::Zero(5, 5)) == 0);
  Matrix diagonal = Matrix::Zero(3, 4);
  diagonal(0, 0) = 100;
  diagonal(1, 2) = 1;
  diagonal(2, 3) = 1e-3;
  CHECK(kernel_rank(diagonal) == 3);
  CHECK(kernel_rank(diagonal, 1e-4) == 2);
  CHECK(kernel_rank(diagonal, 0.1) == 1);
}

TEST_CASE("separation of points on a line worked out by hand", "[reservoir]") {
  // Inputs at {0, 2} and {10}: between (10 + 8) / 2, within 2.
  Matrix first(2, 1), second(1, 1);
  first << 0, 2;
  second << 10;
  const Separation apart = separation(two(first, second));
  CHECK(apart.between == Approx(9.0));
  CHECK(apart.within == Approx(2.0));
  CHECK(apart.ratio == Approx(4.5));
  // Distances are Euclidean: (0, 0) twice, and (3, 4).
  Matrix far(1, 2);
  far << 3, 4;
  const Separation exact = separation(two(Matrix::Zero(2, 2), far));
  CHECK(exact.between == 5);
  CHECK(std::isinf(exact.ratio));
  CHECK(separation(two(Matrix::Zero(2, 2), Matrix::Zero(2, 2))).ratio == 1);
  // One cloud for all inputs.
  std::vector<Matrix> same;
  for (std::uint64_t k = 0; k < 6; ++k) same.push_back(normal_matrix(30, 10, k));
  CHECK(separation(same).ratio == Approx(1.0).margin(0.02));
}

TEST_CASE("participation ratio of a line, an isotropic cloud and a known spectrum", "[reservoir]") {
  const Matrix line = normal_matrix(100, 1, 1) * normal_matrix(1, 8, 2);
  CHECK(participation_ratio(line) == Approx(1.0));
  const Matrix shifted = line.array() + 1e3;
  CHECK(participation_ratio(shifted) == Approx(1.0));
  // The corners +-e_i have covariance 1/8 of the identity exactly.
  Matrix corners = Matrix::Zero(16, 8);
  for (Eigen::Index i = 0; i < 8; ++i) {
    corners(2 * i, i) = 1;
    corners(2 * i + 1, i) = -1;
  }
  CHECK(participation_ratio(corners) == Approx(8.0));
  CHECK(participation_ratio(normal_matrix(20000, 8, 3)) == Approx(8.0).epsilon(0.01));
  // Eigenvalues 4 and 1: 25 / 17.
  Matrix plane = corners.topLeftCorner(4, 2);
  plane.col(0) *= 2;
  CHECK(participation_ratio(plane) == Approx(25.0 / 17));
  Matrix wide(4, 10);  // fewer rows than columns
  wide << plane, plane, plane, plane, plane;
  CHECK(participation_ratio(wide) == Approx(25.0 / 17));
  CHECK(participation_ratio(Matrix::Constant(5, 3, 0.5)) == 0);
}

TEST_CASE("principal angles of planes made by hand", "[reservoir]") {
  // In 4 dimensions: the plane of axes 0 and 1 against one turned by 30 degrees towards axis 2 and 90 towards axis 3.
  Matrix a = Matrix::Zero(4, 2), b = Matrix::Zero(4, 2);
  a(0, 0) = a(1, 1) = 1;
  b(0, 0) = std::cos(30 * degree);
  b(2, 0) = std::sin(30 * degree);
  b(3, 1) = 1;
  auto angles = principal_angles(a, b);
  REQUIRE(angles.size() == 2);
  CHECK(angles[0] == Approx(30.0).epsilon(1e-12));
  CHECK(angles[1] == Approx(90.0).epsilon(1e-12));
  // Any basis of the same planes.
  Matrix mix(2, 2);
  mix << 3, 1, -2, 5;
  angles = principal_angles(a * mix, b * mix.transpose());
  CHECK(angles[0] == Approx(30.0).epsilon(1e-12));
  CHECK(angles[1] == Approx(90.0).epsilon(1e-12));
  angles = principal_angles(a, a * mix);
  CHECK(std::abs(angles[0]) < 1e-12);
  CHECK(std::abs(angles[1]) < 1e-12);
  // An angle whose cosine is 1 in double precision.
  b.setZero();
  b(0, 0) = 1;
  b(2, 0) = 1e-9;
  b(1, 1) = 1;
  CHECK(principal_angles(a, b)[1] == Approx(1e-9 / degree).epsilon(1e-6));
  // Of different dimensions, in either order; a column that depends on others adds none.
  Matrix line = Matrix::Zero(4, 1);
  line(0, 0) = line(2, 0) = 1;
  for (const auto& of : {principal_angles(a, line), principal_angles(line, a)}) {
    REQUIRE(of.size() == 1);
    CHECK(of[0] == Approx(45.0));
  }
  Matrix redundant(4, 3);
  redundant << a, a.col(0) + 0.1 * a.col(1);
  CHECK(principal_angles(redundant, redundant).size() == 2);
  CHECK(principal_angles(a, Matrix::Zero(4, 2)).empty());
}

TEST_CASE("quantiles of Student's distribution as tables print them", "[reservoir]") {
  struct Row {
    std::size_t degrees;
    double t;
  };
  // 97.5 %, as in any table.
  for (const Row row :
       {Row{1, 12.7062}, Row{2, 4.3027},   Row{3, 3.1824},   Row{4, 2.7764},  Row{5, 2.5706},  Row{6, 2.4469},
        Row{7, 2.3646},  Row{8, 2.3060},   Row{9, 2.2622},   Row{10, 2.2281}, Row{15, 2.1314}, Row{19, 2.0930},
        Row{20, 2.0860}, Row{25, 2.0595},  Row{29, 2.0452},  Row{30, 2.0423}, Row{40, 2.0211}, Row{60, 2.0003},
        Row{99, 1.9842}, Row{120, 1.9799}, Row{1000, 1.9623}}) {
    CAPTURE(row.degrees);
    CHECK(student_quantile(0.975, row.degrees) == Approx(row.t).margin(6e-5));
    CHECK(student_quantile(0.025, row.degrees) == Approx(-row.t).margin(6e-5));
  }
  CHECK(student_quantile(0.95, 5) == Approx(2.0150).margin(6e-5));
  CHECK(student_quantile(0.995, 5) == Approx(4.0321).margin(6e-5));
  CHECK(student_quantile(0.5, 7) == Approx(0.0).margin(1e-12));
  // Closed forms for 1 and 2 degrees of freedom.
  for (const double p : {0.51, 0.6, 0.9, 0.99, 0.9999, 0.99999}) {
    CHECK(student_quantile(p, 1) == Approx(std::tan(std::numbers::pi * (p - 0.5))).epsilon(1e-10));
    CHECK(student_quantile(p, 2) == Approx((2 * p - 1) / std::sqrt(2 * p * (1 - p))).epsilon(1e-10));
  }
  // The density between the quantiles of all sizes of sample that the workbench may have, by Simpson's rule.
  for (std::size_t n = 2; n <= 100; ++n) {
    const double nu = static_cast<double>(n - 1), t = student_quantile(0.975, n - 1);
    const auto density = [&](double x) {
      return std::exp(std::lgamma((nu + 1) / 2) - std::lgamma(nu / 2) - (nu + 1) / 2 * std::log1p(x * x / nu)) /
             std::sqrt(nu * std::numbers::pi);
    };
    constexpr int pieces = 2000;
    double sum = density(-t) + density(t);
    for (int i = 1; i < pieces; ++i) sum += (i % 2 == 1 ? 4 : 2) * density(-t + 2 * t * i / pieces);
    CAPTURE(n);
    CHECK(sum * 2 * t / pieces / 3 == Approx(0.95).epsilon(1e-9));
  }
}

TEST_CASE("mean and confidence interval of five values worked out by hand", "[reservoir]") {
  const std::vector<double> values{2, 4, 4, 6, 9};
  const MeanInterval interval = mean_interval(values);
  CHECK(interval.mean == 5);
  CHECK(interval.count == 5);
  REQUIRE(interval.half_width);
  CHECK(*interval.half_width == Approx(2.776445 * std::sqrt(7.0 / 5)).epsilon(1e-6));
  const MeanInterval single = mean_interval(std::vector<double>{3.5});
  CHECK(single.mean == 3.5);
  CHECK_FALSE(single.half_width);
}

}  // namespace test_measures
