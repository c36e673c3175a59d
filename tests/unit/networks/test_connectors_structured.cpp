// Rules with a structure: small_world, modular, distance, and the positions that the last needs.
#include <numeric>
#include <set>

#include "networks/description/positions.hpp"
#include "networks/network.hpp"
#include "tests/sanitized.hpp"
#include "tests/unit/networks/connector_tests.hpp"

namespace test_connectors_structured {

namespace {

using namespace connectors;
using rheo::Point;
using rheo::Positions;

using Kernel = DistanceKernel;

SmallWorld small_world(std::uint32_t k, double p) {
  return {.k = k, .p = p};
}

Modular modular(std::uint32_t groups, double p_in, double p_out) {
  return {.groups = groups, .p_in = p_in, .p_out = p_out};
}

Modular modular(std::uint32_t rows, std::uint32_t columns, std::vector<double> p) {
  return {.p = std::make_shared<const NumberTable>(NumberTable{rows, columns, std::move(p)})};
}

Distance by_distance(Kernel kernel, double p, double scale) {
  return {.kernel = kernel, .p = p, .scale = scale};
}

rheo::PopulationSpec population(std::uint32_t size, Positions positions) {
  rheo::PopulationSpec p;
  p.name = "E";
  p.model = "iaf_psc_delta";
  p.size = size;
  p.positions = std::move(positions);
  return p;
}

Positions uniform(std::vector<double> extent, bool periodic) {
  NumberTable box{.rows = static_cast<std::uint32_t>(extent.size()), .columns = 2, .values = {}};
  for (const double high : extent) box.values.insert(box.values.end(), {0, high});
  return rheo::UniformPositions{.uniform = std::make_shared<const NumberTable>(std::move(box)), .periodic = periodic};
}

ConnectorEnds in_space(const rheo::PopulationSpec& of) {
  ConnectorEnds ends = recurrent(of.size);
  const rheo::Places places(of, 5);
  ends.source_at = ends.target_at = [places](std::uint32_t i) { return places.at(i); };
  const rheo::Space space = space_of(of.positions);
  if (space.periodic)
    for (std::size_t i = 0; i < space.dimensions; ++i) ends.period[i] = space.high[i] - space.low[i];
  return ends;
}

double distance(const Point& a, const Point& b, const Point& period) {
  double square = 0;
  for (std::size_t i = 0; i < 3; ++i) {
    double d = b[i] - a[i];
    if (period[i] > 0) d -= period[i] * std::round(d / period[i]);
    square += d * d;
  }
  return std::sqrt(square);
}

double kernel(const Distance& c, double d) {
  if (c.max_distance && d > *c.max_distance) return 0;
  switch (c.kernel) {
    case Kernel::exponential:
      return c.p * std::exp(-d / c.scale);
    case Kernel::gaussian:
      return c.p * std::exp(-0.5 * d * d / (c.scale * c.scale));
    case Kernel::linear:
      return d < c.scale ? c.p * (1 - d / c.scale) : 0;
    case Kernel::box:
      return d <= c.scale ? c.p : 0;
  }
  return 0;
}

}  // namespace

TEST_CASE("Small world without rewiring is the ring", "[connectors]") {
  const auto all = all_incoming(small_world(4, 0), recurrent(7));
  CHECK(all[0] == Sources{5, 6, 1, 2});
  CHECK(all[3] == Sources{1, 2, 4, 5});
  CHECK(all[6] == Sources{4, 5, 0, 1});
  CHECK(all_incoming(small_world(6, 0), recurrent(7))[2] == Sources{6, 0, 1, 3, 4, 5});
}

TEST_CASE("Small world: k sources each, the share p of them rewired", "[connectors]") {
  constexpr std::uint32_t n = 400, k = 20;
  for (const double p : {0.01, 0.3, 1.0}) {
    CAPTURE(p);
    const auto all = all_incoming(small_world(k, p), recurrent(n));
    double near = 0;
    for (std::uint32_t t = 0; t < n; ++t) {
      REQUIRE(all[t].size() == k);
      REQUIRE_FALSE(has_duplicates(all[t]));
      for (const std::uint32_t s : all[t]) {
        const std::uint32_t apart = std::min((s + n - t) % n, (t + n - s) % n);
        REQUIRE(apart != 0);
        near += apart <= k / 2;
      }
    }
    // Kept, or by chance drawn again among the others.
    const double others = n - 1 - k * (1 - p), again = k * p / others;
    const double expected = n * (k * (1 - p) + k * p * again);
    CHECK(std::abs(near - expected) < 4 * std::sqrt(n * k * p * (1 - p) + n * k * p * again + 1));
  }
  // With p = 1 the ring is gone: every distance is as frequent as any other.
  std::vector<std::uint32_t> offsets(n - 1);
  for (std::uint32_t seed = 0; seed < 5; ++seed) {
    const auto all = all_incoming(small_world(k, 1), recurrent(n), key(seed));
    for (std::uint32_t t = 0; t < n; ++t)
      for (const std::uint32_t s : all[t]) ++offsets[(s + n - t) % n - 1];
  }
  CHECK(std::abs(unevenness(offsets, 1 - (k - 1.0) / (n - 2))) < 3.9);
  // On the densest ring there is nobody else to draw.
  for (const Sources& in : all_incoming(small_world(100, 0.5), recurrent(101))) CHECK(in.size() == 100);
}

TEST_CASE("Small world: what is no ring is refused", "[connectors]") {
  rheo::Complaint c = refusal(small_world(5, 0.1), recurrent(10));
  CHECK(c.key == "connect.k");
  CHECK(c.value == "5");
  CHECK(c.problem == "is no number of neighbours on a ring of 10");
  CHECK(c.expected == "an even number from 2 to 8");
  CHECK(refusal(small_world(0, 0.1), recurrent(10)).key == "connect.k");
  CHECK(refusal(small_world(10, 0.1), recurrent(10)).key == "connect.k");
  CHECK(refusal(small_world(4, 1.5), recurrent(10)).key == "connect.p");
  c = refusal(small_world(4, 0.1), {.sources = 10, .targets = 11});
  CHECK(c.key == "connect.rule");
  CHECK(c.problem == "10 sources but 11 targets");
  CHECK(c.expected == "equal numbers");
}

TEST_CASE("Modular: certain groups, worked out by hand", "[connectors]") {
  // 7 sources in 3 groups: 0 1 2 | 3 4 | 5 6; 5 targets: 0 1 | 2 3 | 4.
  const std::vector<Sources> groups{{0, 1, 2}, {3, 4}, {5, 6}};
  const auto within = all_incoming(modular(3, 1, 0), {.sources = 7, .targets = 5});
  const auto between = all_incoming(modular(3, 0, 1), {.sources = 7, .targets = 5});
  const std::uint32_t group_of[] = {0, 0, 1, 1, 2};
  for (std::uint32_t t = 0; t < 5; ++t) {
    CHECK(within[t] == groups[group_of[t]]);
    Sources others;
    for (std::uint32_t g = 0; g < 3; ++g)
      if (g != group_of[t]) others.insert(others.end(), groups[g].begin(), groups[g].end());
    CHECK(between[t] == others);
  }
  // A row for each group of sources: the second sends to the first group of targets only.
  const auto rows = all_incoming(modular(2, 3, {0, 0, 1, 1, 0, 0}), {.sources = 4, .targets = 3});
  CHECK(rows[0] == Sources{2, 3});
  CHECK(rows[1].empty());
  CHECK(rows[2] == Sources{0, 1});
  Modular alone = modular(2, 1, 0);
  alone.autapses = false;
  CHECK(all_incoming(alone, recurrent(4))[1] == Sources{0});
}

TEST_CASE("Modular: probabilities of groups", "[connectors]") {
  constexpr std::uint32_t n = 600;
  const std::vector<double> matrix{0.5, 0.02, 0.1, 0.0, 0.3, 0.02};  // 3 groups of sources x 2 of targets
  for (const Modular& c : {modular(3, 0.4, 0.03), modular(3, 2, matrix)}) {
    const std::uint32_t rows = 3, columns = c.p ? 2 : 3;
    const auto all = all_incoming(c, recurrent(n));
    std::vector<double> found(rows * columns);
    for (std::uint32_t t = 0; t < n; ++t) {
      REQUIRE(std::is_sorted(all[t].begin(), all[t].end()));
      REQUIRE_FALSE(has_duplicates(all[t]));
      for (const std::uint32_t s : all[t]) ++found[s * rows / n * columns + t * columns / n];
    }
    double expected = 0;
    for (std::uint32_t a = 0; a < rows; ++a)
      for (std::uint32_t b = 0; b < columns; ++b) {
        const double p = c.p ? matrix[a * 2 + b] : a == b ? 0.4 : 0.03;
        const double pairs = n * n / double{1} / rows / columns;
        CHECK(std::abs(found[a * columns + b] - p * pairs) <= 4 * std::sqrt(p * (1 - p) * pairs));
        expected += p * pairs;
      }
    CHECK(rheo::make_connector(c, recurrent(n), key())->expected_synapses() == Approx(expected));
  }
  CHECK(refusal(modular(0, 0.5, 0.5), recurrent(9)).key == "connect.groups");
  const rheo::Complaint c = refusal(modular(10, 0.5, 0.5), recurrent(9));
  CHECK(c.problem == "there are 9 sources");
  CHECK(c.expected == "from 1 to 9 groups");
  CHECK(refusal(modular(2, 1.5, 0), recurrent(9)).key == "connect.p_in");
  CHECK(refusal(modular(2, 0, -1), recurrent(9)).key == "connect.p_out");
  CHECK(refusal(modular(2, 2, {0, 0, 0}), recurrent(9)).expected == "2 x 2 numbers");
  CHECK(refusal(modular(2, 2, {0, 0, 0, 2}), recurrent(9)).key == "connect.p[1][1]");
  CHECK(refusal(Modular{.p_in = 0.1, .p_out = 0.1}, recurrent(9)).problem == "is missing");
  Modular both = modular(2, 2, {0, 0, 0, 1});
  both.p_out = 0.1;
  CHECK(refusal(both, recurrent(9)).problem == "excludes p");
}

TEST_CASE("Positions on a grid and at random", "[connectors]") {
  rheo::GridPositions grid{.grid = {2, 3, 2}, .extent = {2, 6, 1}};
  const rheo::PopulationSpec on_grid = population(12, grid);
  rheo::check_positions(on_grid);
  CHECK(rheo::Places(on_grid, 1).at(0) == Point{0.5, 1, 0.25});
  CHECK(rheo::Places(on_grid, 1).at(1) == Point{1.5, 1, 0.25});
  CHECK(rheo::Places(on_grid, 1).at(2) == Point{0.5, 3, 0.25});
  CHECK(rheo::Places(on_grid, 1).at(11) == Point{1.5, 5, 0.75});

  const rheo::UniformPositions box{.uniform = std::make_shared<const NumberTable>(NumberTable{2, 2, {-1, 2, 0.5, 1}})};
  const rheo::PopulationSpec scattered = population(10'000, box);
  const rheo::Places places(scattered, 1);
  std::vector<std::uint32_t> cells(6 * 4);
  for (std::uint32_t i = 0; i < scattered.size; ++i) {
    const Point at = places.at(i);
    REQUIRE((at[0] >= -1 && at[0] <= 2 && at[1] >= 0.5 && at[1] <= 1 && at[2] == 0));
    ++cells.at(static_cast<std::size_t>((at[0] + 1) * 2) * 4 + static_cast<std::size_t>((at[1] - 0.5) * 8));
  }
  CHECK(std::abs(unevenness(cells)) < 3.9);
  // A neuron's place does not depend on how many there are, but on seed and name.
  CHECK(rheo::Places(population(3, box), 1).at(2) == places.at(2));
  CHECK(rheo::Places(scattered, 2).at(2) != places.at(2));

  const auto problem = [](std::uint32_t size, const Positions& p) {
    try {
      rheo::check_positions(population(size, p));
    } catch (const rheo::BuildError& error) {
      return std::string(error.what());
    }
    return std::string();
  };
  CHECK(problem(11, grid) ==
        "positions.grid = [2, 3, 2]: makes 12 places for 11 neurons; expected whole numbers with the product 11");
  grid = {.grid = {4, 1.5, 2}};
  CHECK_FALSE(problem(12, grid).empty());
  grid = {.grid = {3, 4}, .extent = {1}};
  CHECK(problem(12, grid) == "positions.extent = [1]: has 1 entries; expected 2, one for each dimension");
  grid = {.grid = {4294967295, 4294967295, 4294967295}};
  CHECK_FALSE(problem(4294967295u, grid).empty());
  CHECK(problem(5, uniform({0, 1}, false)) ==
        "positions.uniform[0] = 2 numbers: has no extent; expected [low, high] with low < high");
  CHECK_FALSE(problem(5, uniform({1}, false)).empty());
  CHECK_FALSE(problem(5, uniform({1e31, 1}, false)).empty());
  rheo::ListedPositions listed{.list = std::make_shared<const NumberTable>(NumberTable{2, 2, {0, 1, 2, 3}})};
  CHECK(problem(2, listed).empty());
  CHECK(rheo::Places(population(2, listed), 1).at(1) == Point{2, 3, 0});
  CHECK_FALSE(problem(3, listed).empty());
  listed.periodic = true;
  CHECK(problem(2, listed) == "positions.extent: is missing; expected the size of the periodic space, from 0 on");
  listed.extent = {2, 2.5};
  CHECK(problem(2, listed) == "positions.list[1] = 3: is outside the periodic space; expected 0 to 2.5");
}

TEST_CASE("Distance: all within a radius, against every pair", "[connectors]") {
  for (const bool periodic : {false, true})
    for (const std::vector<double>& extent : {std::vector<double>{1, 2}, {1, 1, 0.5}}) {
      const rheo::PopulationSpec people = population(sanitized ? 250 : 700, uniform(extent, periodic));
      const ConnectorEnds ends = in_space(people);
      for (const double radius : {0.03, 0.2, 5.0}) {
        CAPTURE(periodic, extent.size(), radius);
        const auto all = all_incoming(by_distance(Kernel::box, 1, radius), ends);
        Distance cut = by_distance(Kernel::exponential, 1, 1e9);
        cut.max_distance = radius;
        const auto same = all_incoming(cut, ends);
        std::uint64_t pairs = 0;
        for (std::uint32_t t = 0; t < people.size; ++t) {
          Sources expected;
          for (std::uint32_t s = 0; s < people.size; ++s)
            if (distance(ends.source_at(s), ends.target_at(t), ends.period) <= radius) expected.push_back(s);
          REQUIRE(all[t] == expected);
          if (radius < 1) REQUIRE(same[t].size() >= expected.size() - 1);  // 1 - 1e-9 may lose one
          pairs += expected.size();
        }
        CHECK(pairs > people.size);
      }
    }
}

TEST_CASE("Distance: kernels, against the probability of every pair", "[connectors]") {
  const rheo::PopulationSpec people = population(600, uniform({1, 1}, true));
  const ConnectorEnds ends = in_space(people);
  Distance cut = by_distance(Kernel::gaussian, 0.9, 0.2);
  cut.max_distance = 0.3;
  for (const Distance& c : {by_distance(Kernel::exponential, 0.8, 0.1), by_distance(Kernel::gaussian, 1, 0.08),
                            by_distance(Kernel::linear, 0.5, 0.25), by_distance(Kernel::box, 0.3, 0.15), cut}) {
    constexpr std::size_t bins = 12;
    constexpr int repeats = 4;
    std::vector<double> found(bins), expected(bins), variance(bins);
    const auto bin = [&](double d) { return std::min(bins - 1, static_cast<std::size_t>(d / 0.05)); };
    for (int seed = 0; seed < repeats; ++seed) {
      const auto all = all_incoming(c, ends, key(static_cast<std::uint64_t>(seed)));
      for (std::uint32_t t = 0; t < people.size; ++t) {
        REQUIRE(std::is_sorted(all[t].begin(), all[t].end()));
        REQUIRE_FALSE(has_duplicates(all[t]));
        for (const std::uint32_t s : all[t]) ++found[bin(distance(ends.source_at(s), ends.target_at(t), ends.period))];
      }
    }
    double total = 0;
    for (std::uint32_t t = 0; t < people.size; ++t)
      for (std::uint32_t s = 0; s < people.size; ++s) {
        const double d = distance(ends.source_at(s), ends.target_at(t), ends.period), p = kernel(c, d);
        expected[bin(d)] += repeats * p;
        variance[bin(d)] += repeats * p * (1 - p);
        total += p;
      }
    CAPTURE(static_cast<int>(c.kernel));
    double chi_square = 0, cells = 0;
    for (std::size_t i = 0; i < bins; ++i) {
      if (variance[i] == 0) {
        CHECK(found[i] == expected[i]);
      } else if (variance[i] > 5) {
        chi_square += (found[i] - expected[i]) * (found[i] - expected[i]) / variance[i];
        ++cells;
      }
    }
    CHECK(cells >= 3);
    CHECK(std::abs(chi_square_deviate(chi_square, cells)) < 3.9);
    CHECK(rheo::make_connector(c, ends, key())->expected_synapses() == Approx(total).epsilon(0.1));
  }
}

TEST_CASE("Distance: autapses, one place for all, refusals", "[connectors]") {
  const rheo::PopulationSpec people = population(200, uniform({1, 1}, false));
  const ConnectorEnds ends = in_space(people);
  Distance c = by_distance(Kernel::exponential, 1, 0.2);
  const auto with = all_incoming(c, ends);
  CHECK(autapses(with) == 200);  // at distance 0 with p = 1
  c.autapses = false;
  const auto without = all_incoming(c, ends);
  CHECK(autapses(without) == 0);
  for (std::uint32_t t = 0; t < 200; ++t) CHECK(without[t].size() + 1 == with[t].size());

  ConnectorEnds together = recurrent(50);
  together.source_at = together.target_at = [](std::uint32_t) { return Point{1, 2, 3}; };
  for (const Sources& in : all_incoming(by_distance(Kernel::box, 1, 1), together)) CHECK(in.size() == 50);

  CHECK(refusal(c, recurrent(5)).problem == "the neurons have no positions");
  CHECK(refusal(by_distance(Kernel::box, 2, 1), ends).key == "connect.p");
  CHECK(refusal(by_distance(Kernel::box, 1, 0), ends).key == "connect.scale");
  c.max_distance = -1;
  CHECK(refusal(c, ends).key == "connect.max_distance");
}

TEST_CASE("A network has the same synapses for any lanes and threads, whatever the rule", "[connectors]") {
  Distance near = by_distance(Kernel::gaussian, 0.5, 2);
  near.autapses = false;
  rheo::NetworkSpec spec;
  spec.populations.push_back(population(300, rheo::GridPositions{.grid = {20, 15}}));
  const std::vector<Connect> rules{
      FixedTotal{.total = 2000}, FixedOutdegree{.outdegree = 7}, ScaleFree{.alpha = 0.5, .beta = 40},
      small_world(6, 0.2),       modular(5, 0.2, 0.01),          near};
  for (const Connect& c : rules) {
    rheo::ProjectionSpec projection;
    projection.name = "p" + std::to_string(spec.projections.size());
    projection.source = projection.target = {{.population = "E", .end = {}}};
    projection.connect = c;
    projection.weight = rheo::Uniform{0, 1};
    spec.projections.push_back(std::move(projection));
  }
  const auto synapses = [&](std::uint32_t lanes, unsigned threads) {
    spec.lanes = lanes;
    const rheo::Network network(spec, rheo::Threads(threads));
    std::vector<std::vector<double>> all;
    for (std::size_t p = 0; p < spec.projections.size(); ++p)
      for (rheo::NeuronId source = 0; source < 300; ++source) {
        std::vector<rheo::Synapse> out;
        network.outgoing(p, source, out);
        for (const rheo::Synapse& s : out)
          all.push_back({static_cast<double>(p), static_cast<double>(s.source), static_cast<double>(s.target), s.weight,
                         s.delay});
      }
    return all;
  };
  const auto one = synapses(1, 1);
  CHECK(one.size() > 10'000);
  CHECK(one == synapses(5, 2));
  CHECK(one == synapses(37, 4));
  // An autapse is found across slices of one population too.
  spec.projections.resize(1);
  spec.projections[0].connect = FixedOutdegree{.outdegree = 99, .multapses = false, .autapses = false};
  spec.projections[0].target = {{.population = "E", .begin = 200, .end = {}}};
  const rheo::Network network(spec, rheo::Threads(1));
  for (rheo::NeuronId source = 0; source < 300; ++source) {
    std::vector<rheo::Synapse> out;
    network.outgoing(0, source, out);
    REQUIRE(out.size() == 99);
    for (const rheo::Synapse& s : out) REQUIRE(s.source != s.target);
  }
}

TEST_CASE("Both sides of a projection by distance must be in one space", "[connectors]") {
  rheo::NetworkSpec spec;
  spec.populations = {population(20, uniform({1, 1}, true)), population(30, uniform({1, 1}, true))};
  spec.populations[1].name = "I";
  rheo::ProjectionSpec projection;
  projection.name = "p";
  projection.source = {{.population = "I", .end = {}}, {.population = "E", .begin = 10, .end = {}}};
  projection.target = {{.population = "E", .end = {}}};
  projection.connect = by_distance(Kernel::box, 1, 0.4);
  spec.projections = {projection};
  const auto problem = [&](Positions positions) {
    rheo::NetworkSpec wrong = spec;
    wrong.populations[1].positions = std::move(positions);
    try {
      rheo::Network::check(wrong);
    } catch (const rheo::BuildError& error) {
      return std::string(error.what());
    }
    return std::string();
  };
  CHECK(problem(uniform({1, 1}, true)).empty());
  CHECK(problem({}) ==
        "projections.p.connect.rule = distance: I has no positions; expected positions in [populations.I]");
  CHECK(
      problem(uniform({1, 1, 1}, true)) ==
      "projections.p.connect.rule = distance: source and target differ in dimensions; expected all in 2, or all in 3");
  const std::string other_space =
      "projections.p.connect.rule = distance: source and target are not in the same periodic space; expected one "
      "extent "
      "for all, or none periodic";
  CHECK(problem(uniform({1, 1}, false)) == other_space);
  CHECK(problem(uniform({1, 2}, true)) == other_space);

  // The selections' own places, across their borders.
  const rheo::Network network(spec, rheo::Threads(1));
  const rheo::Places e(spec.populations[0], 0), i(spec.populations[1], 0);
  for (rheo::NeuronId source = 0; source < 50; ++source) {
    std::vector<rheo::Synapse> out;
    network.outgoing(0, source, out);
    std::set<rheo::NeuronId> expected, found;
    if (source >= 10)
      for (std::uint32_t t = 0; t < 20; ++t)
        if (distance(source < 20 ? e.at(source) : i.at(source - 20), e.at(t), {1, 1, 0}) <= 0.4) expected.insert(t);
    for (const rheo::Synapse& s : out) found.insert(s.target);
    CHECK(found == expected);
  }
}

TEST_CASE("Delays grow with distance where there is a velocity", "[connectors]") {
  rheo::NetworkSpec spec;
  const rheo::GridPositions grid{.grid = {10, 8}, .periodic = true};
  spec.populations = {population(80, grid)};
  rheo::ProjectionSpec projection;
  projection.name = "p";
  projection.source = projection.target = {{.population = "E", .end = {}}};
  projection.connect = AllToAll{};
  projection.delay = 0.5;
  projection.velocity = 1.6;
  spec.projections = {projection};
  for (const auto delivery : {rheo::NetworkSpec::Delivery::ring, rheo::NetworkSpec::Delivery::wheel})
    for (const std::uint32_t lanes : {1u, 3u}) {
      spec.delivery = delivery;
      spec.lanes = lanes;
      const rheo::Network network(spec, rheo::Threads(1));
      // Five cells and four: the furthest place, half way round.
      CHECK(network.projections()[0].min_delay == 0.5);
      CHECK(network.projections()[0].max_delay == 4.5);  // 0.5 + sqrt(41) / 1.6 = 4.502
      for (rheo::NeuronId source : {0u, 37u, 79u}) {
        std::vector<rheo::Synapse> out;
        network.outgoing(0, source, out);
        REQUIRE(out.size() == 80);
        for (const rheo::Synapse& s : out) {
          const double x = std::abs(int(s.source % 10) - int(s.target % 10)),
                       y = std::abs(int(s.source / 10) - int(s.target / 10));
          const double d = std::hypot(std::min(x, 10 - x), std::min(y, 8 - y));
          REQUIRE(s.delay == Approx(std::round((0.5 + d / 1.6) * 10) / 10));
        }
      }
    }
  const auto problem = [&] {
    try {
      rheo::Network::check(spec);
    } catch (const rheo::BuildError& error) {
      return std::string(error.what());
    }
    return std::string();
  };
  CHECK(problem().empty());
  spec.populations[0].positions = {};
  CHECK(problem() == "projections.p.velocity = 1.6: E has no positions; expected positions in [populations.E]");
  spec.projections[0].velocity = -1;
  CHECK(problem() == "projections.p.velocity = -1: not a velocity; expected a number > 0, or 0 for none");
}

}  // namespace test_connectors_structured
