// Weights and delays that depend on source and target: each synapse has the number of its pair, whatever the layout.
#include <catch2/catch.hpp>
#include <cmath>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "core/diagnostics.hpp"
#include "networks/connect/rules.hpp"
#include "networks/network.hpp"

namespace test_pair_values {

namespace {

using namespace rheo;

std::shared_ptr<const NumberTable> table(std::uint32_t rows, std::uint32_t columns, std::vector<double> values) {
  return std::make_shared<const NumberTable>(NumberTable{rows, columns, std::move(values)});
}

// 12 x 10 places that are 1 apart, in a space whose opposite sides are neighbours.
NetworkSpec placed() {
  NetworkSpec spec;
  spec.dt = 0.125;
  spec.precision = Precision::double_;
  PopulationSpec population;
  population.name = "E";
  population.model = "iaf_psc_delta";
  population.size = 120;
  population.positions = GridPositions{.grid = {12, 10}, .periodic = true};
  spec.populations = {population};
  ProjectionSpec projection;
  projection.name = "p";
  projection.source = projection.target = {{.population = "E", .end = {}}};
  projection.connect = FixedIndegree{.indegree = 20.0};
  spec.projections = {projection};
  return spec;
}

double distance_of(NeuronId a, NeuronId b) {
  const auto apart = [](double x, double y, double period) {
    return std::min(std::abs(x - y), period - std::abs(x - y));
  };
  return std::hypot(apart(a % 12, b % 12, 12), apart(a / 12, b / 12, 10));
}

template <class Use>
void each_synapse(const Network& network, const Use& use) {
  std::vector<Synapse> out;
  for (NeuronId source = 0; source < 120; ++source) {
    out.clear();
    network.outgoing(0, source, out);
    for (const Synapse& synapse : out) use(synapse);
  }
}

Complaint refusal(const NetworkSpec& spec) {
  try {
    const Network network(spec, Threads(1));
  } catch (const BuildError& error) {
    return error.complaint();
  }
  FAIL("nothing was refused");
  return {};
}

}  // namespace

TEST_CASE("numbers by distance follow their formula", "[connectors]") {
  for (const DistanceKernel kernel :
       {DistanceKernel::exponential, DistanceKernel::gaussian, DistanceKernel::linear, DistanceKernel::box})
    for (const NetworkSpec::Delivery delivery : {NetworkSpec::Delivery::ring, NetworkSpec::Delivery::wheel}) {
      NetworkSpec spec = placed();
      spec.delivery = delivery;
      spec.projections[0].weight =
          ByDistance{.offset = 0.5, .slope = -0.25, .amplitude = 2, .kernel = kernel, .scale = 3};
      spec.projections[0].delay = ByDistance{.offset = 0.5, .slope = 0.75};
      std::size_t seen = 0;
      each_synapse(Network(spec, Threads(1)), [&](const Synapse& synapse) {
        const double d = distance_of(synapse.source, synapse.target);
        const double shape = kernel == DistanceKernel::exponential ? std::exp(-d / 3)
                             : kernel == DistanceKernel::gaussian  ? std::exp(-d * d / 18)
                             : kernel == DistanceKernel::linear    ? std::max(0.0, 1 - d / 3)
                                                                   : d <= 3;
        REQUIRE(synapse.weight == Approx(0.5 - 0.25 * d + 2 * shape).margin(1e-12));
        REQUIRE(std::abs(synapse.delay - (0.5 + 0.75 * d)) <= 0.0625 + 1e-9);
        ++seen;
      });
      CHECK(seen == 2400);
    }
}

TEST_CASE("numbers by group and matrix are those of the table", "[connectors]") {
  NetworkSpec spec = placed();
  spec.projections[0].weight = ByGroup{table(2, 3, {1, 2, 3, -4, -5, -6})};
  std::vector<double> delays;
  for (std::uint32_t i = 0; i < 120 * 120; ++i) delays.push_back(0.125 * (1 + i % 37));
  spec.projections[0].delay = ByMatrix{table(120, 120, delays)};
  each_synapse(Network(spec, Threads(2)), [&](const Synapse& synapse) {
    const double row[] = {1, 2, 3};
    REQUIRE(synapse.weight == (synapse.source < 60 ? row[synapse.target / 40] : -3 - row[synapse.target / 40]));
    REQUIRE(synapse.delay == delays[synapse.source * 120 + synapse.target]);
  });
}

TEST_CASE("numbers of pairs depend on neither lanes nor threads", "[connectors]") {
  NetworkSpec spec = placed();
  spec.projections[0].weight = ByDistance{.amplitude = 1, .scale = 2};
  spec.projections[0].delay = ByDistance{.offset = 1, .slope = 2};
  spec.projections[0].velocity = 4;
  const auto all = [&](std::uint32_t lanes, unsigned threads) {
    spec.lanes = lanes;
    std::vector<double> numbers;
    each_synapse(Network(spec, Threads(threads)), [&](const Synapse& s) {
      numbers.insert(numbers.end(), {double(s.source), double(s.target), s.weight, s.delay});
    });
    return numbers;
  };
  const std::vector<double> one = all(1, 1);
  CHECK(one == all(3, 2));
  CHECK(one == all(40, 4));
  CHECK(Network::expected_memory(spec, 1).described == 0);
  spec.projections[0].weight = ByGroup{table(2, 3, {1, 2, 3, 4, 5, 6})};
  CHECK(Network::expected_memory(spec, 1).described == 48);
}

TEST_CASE("numbers of pairs that learn", "[connectors]") {
  NetworkSpec spec = placed();
  spec.projections[0].plasticity.rule = "stdp_pair";
  spec.projections[0].plasticity.params["w_max"] = 10.0;
  spec.projections[0].weight = ByDistance{.amplitude = -2, .scale = 4};
  each_synapse(Network(spec, Threads(1)), [&](const Synapse& synapse) {
    REQUIRE(synapse.weight == Approx(-2 * std::exp(-distance_of(synapse.source, synapse.target) / 4)));
  });
  spec.projections[0].weight = ByDistance{.offset = -1, .amplitude = 2, .scale = 4};
  CHECK(refusal(spec).problem == "another sign than the first weights have, under a plasticity rule");
}

TEST_CASE("a matrix says which synapses there are, and their weights", "[connectors]") {
  NetworkSpec spec = placed();
  std::vector<double> values(120 * 120, 0);
  std::size_t entries = 0, own = 0;
  for (std::uint32_t i = 0; i < values.size(); ++i)
    if (i % 7 == 0) values[i] = i % 2 == 0 ? 1 + i : -1.0 - i, ++entries, own += i / 120 == i % 120;
  MatrixEntries rule{table(120, 120, values)};
  spec.projections[0].connect = rule;
  spec.projections[0].weight = rule.weight();
  const auto count = [&] {
    std::size_t seen = 0;
    each_synapse(Network(spec, Threads(2)), [&](const Synapse& synapse) {
      REQUIRE(synapse.weight == values[synapse.source * 120 + synapse.target]);
      ++seen;
    });
    return seen;
  };
  CHECK(own > 0);
  CHECK(count() == entries);
  CHECK(Network::expected_memory(spec, 1).described == 8 * 120 * 120);  // once
  spec.lanes = 7;
  rule.autapses = false;
  spec.projections[0].connect = rule;
  CHECK(count() == entries - own);
  spec.projections[0].connect = MatrixEntries{table(120, 2, std::vector<double>(240))};
  CHECK(refusal(spec).problem == "wrong shape");
}

TEST_CASE("what is wrong with numbers of pairs is said", "[connectors]") {
  const auto weight = [](const Value& value) {
    NetworkSpec spec = placed();
    spec.projections[0].weight = value;
    return refusal(spec);
  };
  CHECK(weight(ByDistance{.amplitude = 1}).key == "projections.p.weight.scale");
  CHECK(weight(ByDistance{.amplitude = 1, .scale = -1}).key == "projections.p.weight.scale");
  CHECK(weight(ByDistance{.offset = std::nan("")}).key == "projections.p.weight.offset");
  CHECK(weight(ByGroup{}).problem == "is missing");
  CHECK(weight(ByGroup{table(121, 1, std::vector<double>(121))}).problem == "there are 120 sources");
  CHECK(weight(ByGroup{table(2, 2, {1, 2, 3})}).problem == "wrong number");
  CHECK(weight(ByGroup{table(2, 2, {1, 2, 3, INFINITY})}).key == "projections.p.weight.table[1][1]");
  const Complaint shape = weight(ByMatrix{table(2, 2, {1, 2, 3, 4})});
  CHECK(shape.key == "projections.p.weight.values");
  CHECK(shape.value == "2 x 2 numbers");
  CHECK(shape.expected == "120 rows, one for each source, of 120 numbers, one for each target");

  NetworkSpec spec = placed();
  spec.projections[0].delay = ByDistance{.slope = 1};  // an autapse has none
  Complaint c = refusal(spec);
  CHECK(c.key == "projections.p.delay");
  CHECK_THAT(c.problem, Catch::StartsWith("rounds to less than one tick, from source "));
  std::vector<double> delays(120 * 120, 1);
  delays[7 * 120 + 5] = 0.01;
  spec.projections[0].delay = ByMatrix{table(120, 120, delays)};
  spec.projections[0].connect = AllToAll{};
  CHECK(refusal(spec).problem == "rounds to less than one tick, from source 7 to target 5");
  spec.projections[0].connect = FixedIndegree{.indegree = ByDistance{.offset = 3}};
  CHECK(refusal(spec).key == "projections.p.connect.indegree");

  spec = placed();
  spec.populations[0].positions = {};
  spec.projections[0].weight = ByDistance{.offset = 1};
  c = refusal(spec);
  CHECK(c.key == "projections.p.weight.by");
  CHECK(c.problem == "E has no positions");
  spec.projections[0].weight = 1.0;
  spec.populations[0].params["tau_m"] = ByDistance{.offset = 10};
  CHECK(refusal(spec).problem == "depends on source and target");
}

}  // namespace test_pair_values
