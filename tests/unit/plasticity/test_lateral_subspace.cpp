// Lateral neurons for batches: the rule that plug-ins know as oja_lateral, the subspace that they find, what they keep.
#include <catch2/catch.hpp>
#include <cmath>
#include <numeric>
#include <vector>

#include "apps/learning/measures.hpp"
#include "core/random.hpp"
#include "networks/connect/rules.hpp"
#include "networks/network.hpp"
#include "networks/signals/kinds.hpp"
#include "plasticity/layers/lateral_subspace.hpp"

namespace test_lateral_subspace {

namespace {

using rheo::LateralSubspace;
using rheo::Product;
using rheo::Threads;

// Samples whose variance lies along `strong` directions, and a little everywhere.
std::vector<float> cloud(std::size_t samples, std::size_t inputs, const std::vector<std::size_t>& strong,
                         std::uint32_t index) {
  rheo::RandomStream stream(rheo::random_key(3, "cloud", "test"), index);
  std::vector<float> x(samples * inputs);
  for (std::size_t s = 0; s < samples; ++s) {
    for (std::size_t i = 0; i < inputs; ++i) x[s * inputs + i] = static_cast<float>(0.05 * stream.normal());
    for (const std::size_t i : strong) x[s * inputs + i] += static_cast<float>(stream.normal());
  }
  return x;
}

// Axes as columns.
rheo::Matrix axes(std::size_t inputs, const std::vector<std::size_t>& which) {
  rheo::Matrix made = rheo::Matrix::Zero(static_cast<Eigen::Index>(inputs), static_cast<Eigen::Index>(which.size()));
  for (std::size_t k = 0; k < which.size(); ++k)
    made(static_cast<Eigen::Index>(which[k]), static_cast<Eigen::Index>(k)) = 1;
  return made;
}

rheo::Matrix rows_of(const LateralSubspace& lateral, std::size_t first) {
  rheo::Matrix rows(static_cast<Eigen::Index>(lateral.inputs()), static_cast<Eigen::Index>(lateral.rows() - first));
  for (std::size_t r = first; r < lateral.rows(); ++r)
    for (std::size_t i = 0; i < lateral.inputs(); ++i)
      rows(static_cast<Eigen::Index>(i), static_cast<Eigen::Index>(r - first)) =
          static_cast<double>(lateral.H()[r * lateral.inputs() + i]);
  return rows;
}

void learn(LateralSubspace& lateral, const std::vector<float>& x, Product& product) {
  std::vector<float> projected(x.size());
  lateral.project(x, projected, product);
  lateral.learn(x, projected, product);
}

}  // namespace

TEST_CASE("a batch of one sample is one sweep of the rule oja_lateral", "[lateral]") {
  // Sources that do not spike say what a signal says: the sample. Rows 0 and 1 are frozen, 2 to 4 learn.
  constexpr std::uint32_t inputs = 12, rows = 5, frozen = 2;
  constexpr double eta = 0.05;
  LateralSubspace lateral(inputs, {.learning_rate = eta, .momentum = 0, .clip = 10, .iterations = 1});
  lateral.append(frozen, 4, "test");
  lateral.append(rows - frozen, 4, "test");
  const std::vector<float> before(lateral.H().begin(), lateral.H().end());
  const std::vector<float> x = cloud(1, inputs, {1, 5, 7}, 9);

  rheo::NetworkSpec spec;
  spec.dt = 1;
  spec.precision = rheo::Precision::double_;
  for (const auto& [name, size] : {std::pair{"x", inputs}, std::pair{"y", rows}}) {
    rheo::PopulationSpec population;
    population.name = name;
    population.model = "iaf_psc_delta";
    population.size = size;
    spec.populations.push_back(population);
  }
  rheo::ProjectionSpec projection;
  projection.name = "H";
  projection.source = {{.population = "x", .end = {}}};
  projection.target = {{.population = "y", .end = {}}};
  auto edges = std::make_shared<rheo::EdgeList>();
  std::vector<double> weights;
  for (std::uint32_t i = 0; i < inputs; ++i)
    for (std::uint32_t r = 0; r < rows; ++r) {
      edges->source.push_back(i);
      edges->target.push_back(r);
      weights.push_back(static_cast<double>(before[r * inputs + i]));
    }
  projection.connect = rheo::List{edges};
  projection.weight = weights;
  projection.port = "in";
  projection.plasticity = {.rule = "oja_lateral",
                           .params = {{"eta", eta}, {"own", 0.0}},
                           .signals = {{"sample", "sample"}, {"rows", "rows"}, {"activity", "activity"}}};
  spec.projections = {projection};
  const auto signal = [](const char* name, std::uint32_t width) {
    return rheo::SignalSpec{.name = name, .kind = rheo::TaskSignal{.width = width}};
  };
  spec.signals = {signal("sample", 1), signal("rows", rows), signal("activity", inputs)};
  rheo::Network network(spec, Threads(1));
  network.set_signal("activity", std::vector<double>(x.begin(), x.end()));
  network.set_signal("rows", std::vector<double>{-1, -1, 1, 1, 1});
  network.set_signal("sample", std::vector<double>{1}, true);
  network.simulation().run(3);
  network.simulation().settle();
  const auto learnt = std::get<std::vector<double>>(network.read_column(0, 0));

  Product product{Threads(1)};
  learn(lateral, x, product);
  double moved = 0;
  for (std::uint32_t i = 0; i < inputs; ++i)
    for (std::uint32_t r = 0; r < rows; ++r) {
      const double batch = static_cast<double>(lateral.H()[r * inputs + i]);
      CHECK(batch == Approx(learnt[i * rows + r]).margin(1e-6));
      moved = std::max(moved, std::abs(batch - static_cast<double>(before[r * inputs + i])));
    }
  CHECK(moved > 1e-3);
}

TEST_CASE("rows find the principal subspace, and what is frozen stays out of the next one", "[lateral]") {
  constexpr std::size_t inputs = 40;
  Product product{Threads(2)};
  LateralSubspace lateral(inputs, {.learning_rate = 0.02});
  lateral.append(4, 1, "test");
  CHECK(lateral.rows() == 4);
  CHECK(lateral.frozen() == 0);
  const rheo::Matrix start = rows_of(lateral, 0);
  CHECK(((start.transpose() * start).eval() - rheo::Matrix::Identity(4, 4)).cwiseAbs().maxCoeff() < 1e-6);
  const std::vector<std::size_t> first{3, 11, 20, 39}, second{0, 17, 25};
  CHECK(rheo::principal_angles(start, axes(inputs, first)).back() > 45);
  for (std::uint32_t batch = 0; batch < 300; ++batch) learn(lateral, cloud(64, inputs, first, batch), product);
  CHECK(rheo::principal_angles(rows_of(lateral, 0), axes(inputs, first)).back() < 3);

  // Without frozen rows nothing is projected.
  const std::vector<float> x = cloud(10, inputs, first, 1000);
  std::vector<float> projected(x.size());
  lateral.project(x, projected, product);
  CHECK(projected == x);
  lateral.append(3, 1, "test");
  CHECK(lateral.frozen() == 4);
  // New rows share nothing with old ones: both together are a projection.
  const rheo::Matrix together = rows_of(lateral, 0);
  CHECK((together.leftCols(4).transpose() * together.rightCols(3)).cwiseAbs().maxCoeff() < 1e-6);
  const std::vector<float> kept(lateral.H().begin(), lateral.H().begin() + 4 * inputs);
  lateral.project(x, projected, product);
  double all = 0, left = 0;
  for (std::size_t s = 0; s < 10; ++s)
    for (const std::size_t i : first) {
      all += std::pow(static_cast<double>(x[s * inputs + i]), 2);
      left += std::pow(static_cast<double>(projected[s * inputs + i]), 2);
    }
  CHECK(left < 0.02 * all);

  // The next task has some of the old directions, and new ones: only those are learnt.
  std::vector<std::size_t> both = second;
  both.push_back(11);
  both.push_back(20);
  for (std::uint32_t batch = 0; batch < 300; ++batch) learn(lateral, cloud(64, inputs, both, batch), product);
  CHECK(std::equal(kept.begin(), kept.end(), lateral.H().begin()));
  CHECK(rheo::principal_angles(rows_of(lateral, 4), axes(inputs, second)).back() < 5);
}

TEST_CASE("lateral neurons that spike say one of so many levels", "[lateral]") {
  constexpr std::size_t inputs = 6;
  Product product{Threads(1)};
  LateralSubspace lateral(inputs, {.levels = 40, .range = 20});
  // One row along the first axis.
  lateral.restore({1, 0, 0, 0, 0, 0}, {}, 1);
  std::vector<float> x{0.3f, 1, 0, 0, 0, 0, -0.2f, 1, 0, 0, 0, 0, 30.0f, 1, 0, 0, 0, 0, 7.7f, 1, 0, 0, 0, 0},
      to(x.size());
  lateral.project(x, to, product);
  // Levels are 0.5 apart, up to 20.
  CHECK(to[0] == 0.3f - 0.5f);
  CHECK(to[6] == -0.2f);
  CHECK(to[12] == 10.0f);
  CHECK(to[18] == 7.7f - 7.5f);
  for (const std::size_t second : {1u, 7u, 13u, 19u}) CHECK(to[second] == 1);
}

TEST_CASE("lateral neurons learn the same bits on any instruction set and number of threads", "[lateral]") {
  constexpr std::size_t inputs = 77;
  std::vector<std::vector<float>> all;
  for (const rheo::Isa isa : rheo::usable_isas())
    for (const unsigned threads : {1u, 3u}) {
      Product product(Threads(threads), isa);
      LateralSubspace lateral(inputs, {});
      for (std::uint32_t task = 0; task < 2; ++task) {
        lateral.append(9, 1, "test");
        for (std::uint32_t batch = 0; batch < 5; ++batch)
          learn(lateral, cloud(37, inputs, {1, 2, 30 + task}, batch), product);
      }
      all.emplace_back(lateral.H().begin(), lateral.H().end());
    }
  for (const std::vector<float>& H : all) CHECK(H == all.front());
}

}  // namespace test_lateral_subspace
