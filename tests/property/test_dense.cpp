// Synapses without addresses give the bits of those that have them, and are read back like them.
#include <catch2/catch.hpp>
#include <optional>
#include <set>
#include <tuple>
#include <vector>

#include "networks/delivery/stored_synapses.hpp"
#include "tests/property/network_runs.hpp"

namespace test_dense {

using namespace runs;

namespace {

constexpr Tick duration = 300;

// Weights for each synapse and one for all, of both signs at two ports and at one, pairs with several synapses, without
// some, onto parts of populations; beside a projection with many delays.
NetworkSpec dense_network(Precision precision, std::uint32_t lanes) {
  NetworkSpec spec;
  spec.seed = 8;
  spec.precision = precision;
  spec.lanes = lanes;
  const auto population = [&](const char* name, const char* model, std::uint32_t size) {
    spec.populations.push_back({.name = name,
                                .model = model,
                                .size = size,
                                .params = {{"I_e", uniform(350, 600)}},
                                .options = {},
                                .initial = {{"V_m", uniform(-70, -56)}},
                                .trains = {}});
  };
  population("A", "iaf_psc_alpha", 150);
  population("B", "iaf_psc_delta", 90);
  population("C", "iaf_psc_alpha", 40);
  const auto project = [&](const char* name, std::vector<Selection> source, std::vector<Selection> target,
                           Connect connect, Value weight, Value delay) {
    spec.projections.push_back({.name = name,
                                .source = std::move(source),
                                .target = std::move(target),
                                .connect = std::move(connect),
                                .weight = std::move(weight),
                                .delay = std::move(delay),
                                .port = {}});
  };
  const auto some = [](std::uint32_t indegree) {
    return Connect{FixedIndegree{.indegree = double{1} * indegree, .multapses = true}};
  };
  project("all", {all_of("A")}, {all_of("B"), all_of("C")}, AllToAll{}, uniform(0.01, 0.3), 1.5);
  project("signs", {all_of("C")}, {all_of("B")}, AllToAll{}, normal(0, 0.3), 0.7);
  project("many", {all_of("B")}, {all_of("B")}, some(80), normal(0.2, 0.05), 2.0);
  project("one", {all_of("A"), all_of("C")}, {all_of("B")}, some(60), 0.0123, 1.1);
  project("other_one", {all_of("B")}, {slice("A", 10, 140)}, AllToAll{.autapses = false}, -7.7, 3.2);
  project("delays", {all_of("A")}, {all_of("A"), all_of("C")}, bernoulli(0.2), normal(5, 2), uniform(0.7, 4));
  return spec;
}

std::vector<std::tuple<NeuronId, NeuronId, std::uint32_t, double, double>> synapses_of(const Network& network) {
  std::vector<std::tuple<NeuronId, NeuronId, std::uint32_t, double, double>> all;
  for (std::size_t p = 0; p < network.projections().size(); ++p)
    for (NeuronId source = 0; source < network.simulation().neurons(); ++source) {
      std::vector<Synapse> found;
      network.outgoing(p, source, found);
      for (const Synapse& s : found) all.emplace_back(s.source, s.target, s.port, s.weight, s.delay);
    }
  return all;
}

// Numbers of the projections whose synapses have no addresses.
std::set<std::uint32_t> dense_projections(const Network& network) {
  std::set<std::uint32_t> found;
  for (const SynapseBundle& bundle : network.stored().bundles())
    if (bundle.dense) found.insert(bundle.first);
  return found;
}

}  // namespace

TEST_CASE("synapses without addresses give the bits of those that have them") {
  const Precision precision = GENERATE(Precision::single_, Precision::double_);
  NetworkSpec spec = dense_network(precision, 1);
  spec.delivery = NetworkSpec::Delivery::wheel;
  CHECK(dense_projections(Network(spec, Threads(1))).empty());
  const Outcome expected = run_whole(spec, 1, duration);
  CHECK(expected.spikes.size() > 500);
  spec.delivery = NetworkSpec::Delivery::ring;
  std::set<std::uint32_t> dense;
  for (const Isa isa : usable_isas()) {
    const ChosenIsa chosen(isa);
    for (const std::uint32_t window : {1u, 4u, 65536u})
      for (const std::uint32_t lanes : {1u, 3u}) {
        INFO(name_of(isa) << ", windows of " << window << ", " << lanes << " lanes");
        spec.window = window;
        spec.lanes = lanes;
        dense.merge(dense_projections(Network(spec, Threads(1))));
        CHECK(run_whole(spec, 2, duration) == expected);
      }
  }
  // Where weights have 8 bytes, "all" and "many" would take more memory without addresses than with them.
  CHECK(dense ==
        (precision == Precision::single_ ? std::set<std::uint32_t>{0, 1, 2, 3, 4} : std::set<std::uint32_t>{1, 3, 4}));
}

TEST_CASE("synapses without addresses are read back and changed like others") {
  NetworkSpec spec = dense_network(Precision::single_, 1);
  spec.delivery = NetworkSpec::Delivery::wheel;
  Network sparse(spec, Threads(1));
  const auto expected = synapses_of(sparse);
  spec.delivery = NetworkSpec::Delivery::ring;
  for (const std::uint32_t lanes : {1u, 3u}) {
    spec.lanes = lanes;
    Network network(spec, Threads(1));
    CHECK(dense_projections(network).size() >= 2);
    CHECK(network.synapses() == sparse.synapses());
    CHECK(synapses_of(network) == expected);
    CHECK(network.synapse_digest() == sparse.synapse_digest());

    // One weight of a pair that has several, one that becomes 0, and one for all.
    const std::vector<std::uint64_t> which{0, 5, 17, 3000};
    const std::vector<double> weights{0.5, 0.0, -0.0, 0.25};
    Network changed(spec, Threads(1)), sparse_changed = [&] {
      NetworkSpec wheel = spec;
      wheel.delivery = NetworkSpec::Delivery::wheel;
      return Network(wheel, Threads(1));
    }();
    for (Network* one : {&changed, &sparse_changed}) {
      one->simulation().run(50);
      one->set_weights(spec, 2, which, weights);
      one->set_weights(spec, 3, std::nullopt, std::vector<double>{0.4});
      one->simulation().run(100);
    }
    CHECK(synapses_of(changed) == synapses_of(sparse_changed));
    CHECK(synapses_of(changed) != expected);
    CHECK(changed.simulation().save() == sparse_changed.simulation().save());
  }
}

}  // namespace test_dense
