// The memory that a network is expected to take, beside what it takes once it is built.
#include <catch2/catch.hpp>
#include <cstdint>
#include <functional>
#include <string>

#include "networks/connect/rules.hpp"
#include "networks/network.hpp"

namespace test_memory {

using namespace rheo;

namespace {

Distribution between(double low, double high) {
  return Uniform{low, high};
}
Distribution normal(double mean, double deviation) {
  return {Normal{mean, deviation}, 0.1};
}

// 2000 neurons with 100 synapses each: no column is so large that it is rounded up to huge pages.
NetworkSpec brunel() {
  NetworkSpec spec;
  for (const char* name : {"E", "I"}) {
    PopulationSpec population;
    population.name = name;
    population.model = "iaf_psc_exp";
    population.size = *name == 'E' ? 1600 : 400;
    spec.populations.push_back(population);
    ProjectionSpec projection;
    projection.name = std::string("from_") + name;
    projection.source = {{name, 0, {}, 1}};
    projection.target = {{"E", 0, {}, 1}, {"I", 0, {}, 1}};
    projection.connect = FixedIndegree{.indegree = static_cast<double>(population.size / 20)};
    projection.weight = *name == 'E' ? 20.0 : -100.0;
    projection.delay = 1.5;
    spec.projections.push_back(projection);
  }
  return spec;
}

void learn(NetworkSpec& spec, const std::string& rule) {
  spec.projections[0].target.pop_back();
  spec.projections[0].plasticity.rule = rule;
}

struct Case {
  const char* what;
  std::function<void(NetworkSpec&)> change;
};

}  // namespace

TEST_CASE("a network takes the memory that it is expected to take", "[memory]") {
  const auto one =
      GENERATE(values<Case>({{"one weight, one delay", [](NetworkSpec&) {}},
                             {"drawn weights", [](NetworkSpec& spec) { spec.projections[0].weight = between(1, 2); }},
                             {"drawn delays", [](NetworkSpec& spec) { spec.projections[0].delay = between(0.5, 2.5); }},
                             {"normal delays and weights by wheel",
                              [](NetworkSpec& spec) {
                                spec.delivery = NetworkSpec::Delivery::wheel;
                                spec.projections[0].delay = normal(2, 1);
                                spec.projections[0].weight = between(1, 2);
                              }},
                             {"a few delays by wheel",
                              [](NetworkSpec& spec) {
                                spec.delivery = NetworkSpec::Delivery::wheel;
                                Distribution few;
                                few.kind = Choice{{1.0, 2.0, 5.0}};
                                spec.projections[0].delay = few;
                              }},
                             {"double precision",
                              [](NetworkSpec& spec) {
                                spec.precision = Precision::double_;
                                spec.projections[0].weight = between(1, 2);
                              }},
                             {"slow neurons, whose state is in double precision",
                              [](NetworkSpec& spec) {
                                spec.populations[0].params["tau_m"] = 5000.0;
                                spec.populations[0].size = 60'000;
                                spec.projections[0].connect = FixedIndegree{.indegree = 2.0};
                              }},
                             {"parameters of each neuron",
                              [](NetworkSpec& spec) {
                                spec.populations[0].params["tau_m"] = between(10, 20);
                                // The synapses of the other projection fill whole pages of 2 MB, which are expected.
                                spec.populations[0].size = 52'000;
                                spec.projections[0].connect = FixedIndegree{.indegree = 2.0};
                              }},
                             {"pairs of spikes", [](NetworkSpec& spec) { learn(spec, "stdp_pair"); }},
                             {"triplets of spikes", [](NetworkSpec& spec) { learn(spec, "stdp_triplet"); }},
                             {"triplets in double precision",
                              [](NetworkSpec& spec) {
                                learn(spec, "stdp_triplet");
                                spec.precision = Precision::double_;
                              }},
                             {"many lanes", [](NetworkSpec& spec) { spec.lanes = 37; }},
                             {"updated by events", [](NetworkSpec& spec) {
                                for (PopulationSpec& population : spec.populations)
                                  population.update = PopulationSpec::Update::event;
                              }}}));
  NetworkSpec spec = brunel();
  one.change(spec);
  const NetworkMemory expected = Network::expected_memory(spec, 1);
  const Network network(spec, Threads(1));
  CAPTURE(one.what, expected.neurons, expected.synapses, expected.delivery);
  CHECK(expected.running() == Approx(static_cast<double>(network.simulation().bytes())).epsilon(0.05));
  CHECK(expected.peak() >= expected.running());
}

}  // namespace test_memory
