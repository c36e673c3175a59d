// Plastic projections as a user describes them: what is refused, what is written, what a plastic synapse takes.
#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "core/diagnostics.hpp"
#include "networks/connect/rules.hpp"
#include "networks/network.hpp"

namespace test_plasticity {

using namespace rheo;

namespace {

NetworkSpec plastic(Value weight, PlasticitySpec plasticity) {
  NetworkSpec spec;
  spec.populations = {
      {.name = "S", .model = "spike_source", .size = 20, .params = {}, .options = {}, .initial = {}, .trains = {}},
      {.name = "N", .model = "iaf_psc_exp", .size = 30, .params = {}, .options = {}, .initial = {}, .trains = {}}};
  spec.projections = {{.name = "p",
                       .source = {{.population = "S", .end = {}}},
                       .target = {{.population = "N", .end = {}}},
                       .connect = AllToAll{},
                       .weight = std::move(weight),
                       .delay = 1.0,
                       .port = {},
                       .plasticity = std::move(plasticity)}};
  return spec;
}

Distribution between(double low, double high) {
  return Uniform{low, high};
}

std::string complaint_of(const NetworkSpec& spec) {
  try {
    Network network(spec, Threads(1));
  } catch (const BuildError& error) {
    return error.what();
  }
  return "built";
}

std::vector<double> weights_of(const NetworkSpec& spec) {
  Network network(spec, Threads(1));
  std::vector<Synapse> synapses;
  for (NeuronId source = 0; source < 20; ++source) network.outgoing(0, source, synapses);
  std::vector<double> weights;
  for (const Synapse& synapse : synapses) weights.push_back(synapse.weight);
  return weights;
}

}  // namespace

TEST_CASE("what a plasticity rule cannot take is refused with key and value", "[plasticity]") {
  CHECK(complaint_of(plastic(1.0, {.rule = "stdp_pear"})) ==
        "projections.p.plasticity.rule = \"stdp_pear\": unknown rule; expected one of stdp_pair, stdp_nearest, "
        "stdp_triplet, tsodyks_markram, vogels_sprekeler, rstdp, error_modulated, error_modulated_trial, ei_balance, "
        "synaptic_scaling, normalisation, oja_lateral, or a rule of a library that --plugin or plugins names; did you "
        "mean "
        "\"stdp_pair\"?");
  CHECK(complaint_of(plastic(1.0, {.rule = "stdp_pair", .params = {{"tau", 3.0}}})) ==
        "projections.p.plasticity.params.tau: unknown parameter of stdp_pair; expected one of tau_plus, tau_minus, "
        "lambda, alpha, mu_plus, mu_minus, w_max; did you mean \"tau_plus\"?");
  CHECK(complaint_of(plastic(1.0, {.rule = "stdp_pair", .params = {{"tau_plus", 0.0}}})) ==
        "projections.p.plasticity.params.tau_plus = 0: is out of range; expected a number > 0 (ms)");
  CHECK(complaint_of(plastic(1.0, {.rule = "stdp_pair", .params = {{"mu_plus", 0.5}}})) ==
        "projections.p.plasticity.params: mu_plus and mu_minus must be 0 or 1");
  CHECK(complaint_of(plastic(1.0, {.rule = "stdp_pair", .params = {{"w_max", between(1, 2)}}})) ==
        "projections.p.plasticity.params.w_max: w_max of stdp_pair is the same for all synapses; expected a number");
  CHECK(complaint_of(plastic(-1.0, {.rule = "vogels_sprekeler", .params = {{"rho", std::vector<double>(3, 5.0)}}})) ==
        "projections.p.plasticity.params.rho = a list of 3: has 3 entries; expected 30 entries, one per target "
        "neuron");
  CHECK(complaint_of(plastic(3.0, {.rule = "stdp_pair", .params = {{"w_max", 2.0}}})) ==
        "projections.p.weight = 3: outside the bounds of stdp_pair; expected a magnitude from 0 to 2");
  const std::string signs = complaint_of(plastic(between(-1, 2), {.rule = "stdp_pair"}));
  CHECK(signs.find("another sign than the first weights have") != std::string::npos);
  // Before anything is built.
  CHECK_THROWS_AS(Network::check(plastic(1.0, {.rule = "stdp"})), BuildError);
}

TEST_CASE("plastic weights keep their sign, and start as they are given", "[plasticity]") {
  for (const double w : weights_of(plastic(between(-9, -1), {.rule = "stdp_pair"}))) CHECK((w >= -9 && w <= -1));
  for (const double w : weights_of(plastic(7.0, {.rule = "stdp_pair"}))) CHECK(w == 7);
  CHECK(complaint_of(plastic(-0.0, {.rule = "vogels_sprekeler", .params = {{"rho", between(2, 9)}}})) == "built");
  // The same draws as without a rule.
  CHECK(weights_of(plastic(between(1, 9), {.rule = "stdp_pair"})) == weights_of(plastic(between(1, 9), {})));
}

TEST_CASE("a plastic synapse takes 6 bytes, and its network less than 18", "[plasticity]") {
  NetworkSpec spec = plastic(1.0, {.rule = "stdp_pair"});
  spec.populations[0].size = 500;
  spec.populations[1].size = 1000;
  const Network fixed = [&] {
    NetworkSpec other = spec;
    other.projections[0].plasticity = {};
    return Network(other, Threads(1));
  }();
  const Network learning(spec, Threads(1));
  CHECK(learning.bytes_per_synapse() < 6.1);
  CHECK(learning.simulation().bytes() < std::size_t{18} * learning.synapses());
  CHECK(fixed.bytes_per_synapse() < 2.1);
}

}  // namespace test_plasticity
