// Weights of 16 bits: rounded to a power of two that the description alone decides, and otherwise as any others.
#include <catch2/catch.hpp>
#include <cmath>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "networks/delivery/stored_synapses.hpp"
#include "tests/property/network_runs.hpp"

namespace test_weight_bits {

using namespace runs;

namespace {

constexpr Tick duration = 300;

// Both signs at two ports and at one, magnitudes of conductances, one delay and many, rows that several projections
// share, and one weight for all.
NetworkSpec network(Precision precision, std::uint32_t weight_bits) {
  NetworkSpec spec;
  spec.seed = 12;
  spec.precision = precision;
  const auto population = [&](const char* name, const char* model, std::uint32_t size, double current) {
    spec.populations.push_back({.name = name,
                                .model = model,
                                .size = size,
                                .params = {{"I_e", uniform(current, 1.5 * current)}},
                                .options = {},
                                .initial = {{"V_m", uniform(-70, -56)}},
                                .trains = {}});
  };
  population("A", "iaf_psc_alpha", 150, 400);
  population("B", "iaf_psc_delta", 90, 400);
  population("G", "iaf_cond_exp", 60, 500);
  const auto project = [&](const char* name, const char* source, const char* target, double p, Value weight,
                           Value delay) {
    spec.projections.push_back({.name = name,
                                .source = {all_of(source)},
                                .target = {all_of(target)},
                                .connect = bernoulli(p),
                                .weight = std::move(weight),
                                .delay = std::move(delay),
                                .port = {},
                                .weight_bits = weight_bits});
  };
  project("AA", "A", "A", 0.2, normal(5, 10), uniform(0.7, 4));
  project("AB", "A", "B", 0.3, uniform(0.01, 0.3), uniform(0.7, 2));
  project("AG", "A", "G", 0.3, uniform(-2, 1), 1.5);
  project("BB", "B", "B", 0.6, normal(0, 0.3), 0.7);
  project("BA", "B", "A", 0.2, -7.7, 1.2);
  return spec;
}

std::vector<std::vector<Synapse>> synapses_of(const Network& network) {
  std::vector<std::vector<Synapse>> all(network.projections().size());
  for (std::size_t p = 0; p < all.size(); ++p)
    for (NeuronId source = 0; source < network.simulation().neurons(); ++source) network.outgoing(p, source, all[p]);
  return all;
}

Spikes spikes_of(const NetworkSpec& spec, unsigned threads = 2) {
  Network built(spec, Threads(threads));
  Recorder recorder;
  built.simulation().add_sink(recorder);
  built.simulation().run(duration);
  return recorder.spikes;
}

// The same network in full precision, with these synapses one by one.
NetworkSpec listed(NetworkSpec spec, const std::vector<std::vector<Synapse>>& synapses) {
  const auto first_of = [&](const std::string& name) {
    NeuronId first = 0;
    for (const PopulationSpec& population : spec.populations) {
      if (population.name == name) return first;
      first += population.size;
    }
    return first;
  };
  for (std::size_t p = 0; p < spec.projections.size(); ++p) {
    ProjectionSpec& projection = spec.projections[p];
    projection.weight_bits = 0;
    if (is_constant(projection.weight)) continue;
    const NeuronId source = first_of(projection.source[0].population),
                   target = first_of(projection.target[0].population);
    const bool conductance = projection.target[0].population == "G";
    auto edges = std::make_shared<EdgeList>();
    std::vector<double> weights, delays;
    for (const Synapse& s : synapses[p]) {
      edges->source.push_back(s.source - source);
      edges->target.push_back(s.target - target);
      weights.push_back(conductance && s.port == 1 ? -s.weight : s.weight);
      delays.push_back(s.delay);
    }
    projection.connect = List{.edges = edges};
    projection.weight = weights;
    projection.delay = delays;
  }
  return spec;
}

}  // namespace

TEST_CASE("weights of 16 bits are the nearest multiples of a power of two", "[weight_bits]") {
  const Network rounded(network(Precision::double_, 16), Threads(1)), drawn(network(Precision::double_, 0), Threads(1));
  const auto some = synapses_of(rounded), all = synapses_of(drawn);
  // The largest magnitudes that are described, 8.3 standard deviations for normal ones, in 32767 steps at most.
  const std::vector<double> steps{std::ldexp(1, -8), std::ldexp(1, -16), std::ldexp(1, -13), std::ldexp(1, -13), 0};
  std::size_t differ = 0;
  for (std::size_t p = 0; p < all.size(); ++p) {
    CAPTURE(p);
    REQUIRE(some[p].size() == all[p].size());
    REQUIRE(!some[p].empty());
    for (std::size_t k = 0; k < all[p].size(); ++k) {
      const Synapse &one = some[p][k], &other = all[p][k];
      REQUIRE((one.source == other.source && one.target == other.target));
      REQUIRE((one.port == other.port || one.weight == 0));  // what is rounded to 0 has no sign
      const double expected = steps[p] == 0 ? other.weight : std::round(other.weight / steps[p]) * steps[p];
      REQUIRE(one.weight == expected);
      differ += one.weight != other.weight;
    }
  }
  CHECK(differ > 1000);
  CHECK(rounded.projections()[0].bytes < drawn.projections()[0].bytes);
}

TEST_CASE("weights of 16 bits give the bits of the same weights in full precision", "[weight_bits]") {
  for (const Precision precision : {Precision::single_, Precision::double_}) {
    const NetworkSpec spec = network(precision, 16);
    const Spikes expected = spikes_of(listed(spec, synapses_of(Network(spec, Threads(1)))));
    REQUIRE(expected.size() > 500);
    CHECK(spikes_of(network(precision, 0)) != expected);
    for (const std::uint32_t lanes : {0u, 1u, 3u, 8u})
      for (const auto delivery : {NetworkSpec::Delivery::ring, NetworkSpec::Delivery::wheel})
        for (const std::uint32_t window : {0u, 1u, 4u})
          for (const bool share : {true, false}) {
            CAPTURE(static_cast<int>(precision), lanes, static_cast<int>(delivery), window, share);
            NetworkSpec laid_out = spec;
            laid_out.lanes = lanes;
            laid_out.delivery = delivery;
            laid_out.window = window;
            laid_out.share_rows = share;
            REQUIRE(spikes_of(laid_out) == expected);
          }
  }
}

TEST_CASE("weights of 16 bits that cannot be are refused", "[weight_bits]") {
  const auto problem_of = [](const NetworkSpec& spec) {
    try {
      Network(spec, Threads(1));
    } catch (const BuildError& error) {
      return error.what() + std::string();
    }
    return std::string();
  };
  NetworkSpec spec = network(Precision::single_, 12);
  CHECK(problem_of(spec) == "projections.AA.weight_bits = 12: is no size of weights; expected 16, or 0");
  spec = network(Precision::single_, 16);
  spec.projections[1].plasticity.rule = "stdp_pair";
  CHECK(problem_of(spec) ==
        "projections.AB.weight_bits = 16: weights change under a plasticity rule; expected no weight_bits, or no "
        "plasticity");
  // What is set later keeps to what 16 bits hold, and is rounded.
  spec = network(Precision::single_, 16);
  Network built(spec, Threads(1));
  const std::vector<double> large{130}, exact{0.3};
  CHECK_THROWS_AS(built.set_weights(spec, 0, std::vector<std::uint64_t>{0}, large), BuildError);
  built.set_weights(spec, 3, std::nullopt, exact);
  const auto set = synapses_of(built);
  for (const Synapse& s : set[3]) REQUIRE(s.weight == std::round(std::ldexp(0.3, 13)) * std::ldexp(1, -13));
}

}  // namespace test_weight_bits
