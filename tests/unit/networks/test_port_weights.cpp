// Signs of weights: where they arrive, what they do there, and warnings of those that are probably not meant.
#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "io/experiment/experiment.hpp"
#include "io/experiment/network.hpp"
#include "networks/network.hpp"
#include "neurons/catalogue.hpp"
#include "tests/files.hpp"

namespace test_port_weights {

namespace {

using namespace rheo;

// The benchmark COBA (Vogels & Abbott 2005; Brette et al. 2007) in small. inhibition: lines of its projection.
std::string coba(const std::string& model, const std::string& inhibition) {
  return R"([simulation]
duration = 10.0
[populations.E]
model = ")" +
         model + R"("
size = 40
[populations.I]
like = "E"
size = 10
[projections.excitation]
source = "E"
target = ["E", "I"]
connect = { rule = "fixed_indegree", indegree = 5 }
weight = 6.0
[projections.inhibition]
source = "I"
target = ["E", "I"]
connect = { rule = "fixed_indegree", indegree = 5 }
)" + inhibition;
}

Experiment experiment_of(const Scratch& scratch, const std::string& text) {
  std::ofstream(scratch / "signs.toml") << text;
  return parse_experiment((scratch / "signs.toml").string());
}

std::vector<std::string> warnings_of(const Scratch& scratch, const std::string& text) {
  return experiment_of(scratch, text).warnings;
}

bool same(const PortWeights& weights, const char* port, double low, double high, const char* sign) {
  return weights.port == port && weights.range.low == low && weights.range.high == high && weights.sign == sign;
}

}  // namespace

TEST_CASE("A conductance of inhibition with the sign of excitation is warned of", "[signs]") {
  const Scratch scratch;
  const auto warnings = warnings_of(scratch, coba("iaf_cond_exp", "weight = 67.0\n"));
  REQUIRE(warnings.size() == 2);
  CHECK_THAT(warnings[0],
             Catch::Contains("signs.toml:3: populations.E: 2 populations project to it, and all of them excite it "
                             "(excitation, inhibition); expected a weight < 0, or port = \"in\""));
  CHECK_THAT(warnings[1], Catch::Contains("populations.I: "));
  CHECK(warnings_of(scratch, coba("aeif_cond_exp", "weight = { normal = [67.0, 5.0] }\n")).size() == 2);
  // Nobody warns of what is right, or of a network without anyone to inhibit.
  CHECK(warnings_of(scratch, coba("iaf_cond_exp", "weight = -67.0\n")).empty());
  CHECK(warnings_of(scratch, coba("iaf_cond_exp", "weight = { normal = [-67.0, 5.0] }\n")).empty());
  CHECK(warnings_of(scratch, coba("iaf_cond_exp", "weight = 67.0\nport = \"in\"\n")).empty());
  const std::string both = coba("iaf_cond_exp", "weight = -67.0\n");
  CHECK(warnings_of(scratch, both.substr(0, both.find("[projections.inhibition]"))).empty());
  // Two populations with the same weights are two of excitation, unless they are in one loop.
  const auto onto = [](const char* weight) {
    return "weight = -67.0\n[populations.readout]\nlike = \"E\"\nsize = 4\n[projections.out_E]\nsource = \"E\"\ntarget "
           "= "
           "\"readout\"\nconnect = { rule = \"all_to_all\" }\nweight = 1.0\n[projections.out_I]\nsource = "
           "\"I\"\ntarget "
           "= \"readout\"\nconnect = { rule = \"all_to_all\" }\nweight = " +
           std::string(weight) + "\n";
  };
  CHECK(warnings_of(scratch, coba("iaf_cond_exp", onto("1.0"))).empty());
  CHECK(warnings_of(scratch, coba("iaf_cond_exp", onto("9.0"))).size() == 1);
  CHECK(warnings_of(scratch, coba("iaf_cond_exp", "weight = 6.0\n")).size() == 2);
}

TEST_CASE("A positive current at the port of inhibition is warned of", "[signs]") {
  const Scratch scratch;
  for (const char* model : {"iaf_psc_exp", "iaf_psc_alpha", "iaf_psc_exp_adapt", "aeif_psc_exp"}) {
    const auto warnings = warnings_of(scratch, coba(model, "weight = 67.0\nport = \"in\"\n"));
    REQUIRE(warnings.size() == 1);
    CHECK_THAT(warnings[0], Catch::Contains("signs.toml:18: projections.inhibition.weight = 67: positive at the port "
                                            "\"in\" of " +
                                            std::string(model)));
    CHECK(warnings_of(scratch, coba(model, "weight = -67.0\nport = \"in\"\n")).empty());
    CHECK(warnings_of(scratch, coba(model, "weight = -67.0\n")).empty());
  }
  // Its only port is called so, too.
  CHECK(warnings_of(scratch, coba("iaf_psc_delta", "weight = 0.5\nport = \"in\"\n")).empty());
  const std::string input = "weight = -67.0\n[inputs.noise]\nkind = \"poisson\"\ntarget = \"E\"\nrate = 10.0\n";
  CHECK_THAT(warnings_of(scratch, coba("iaf_psc_exp", input + "weight = 2.0\nport = \"in\"\n")).at(0),
             Catch::Contains("inputs.noise.weight = 2: positive at the port"));
  CHECK(warnings_of(scratch, coba("iaf_cond_exp", input + "weight = 2.0\nport = \"in\"\n")).empty());
}

TEST_CASE("Ports, signs and ranges of weights are those of the synapses", "[signs]") {
  const Scratch scratch;
  const auto check = [&](const std::string& model, const std::string& weight) {
    const Experiment experiment = experiment_of(scratch, coba(model, weight));
    const CheckedNetwork checked = Network::check(experiment.network);
    Network network = build_network(experiment, Threads(2));
    // What was built against the synapses themselves.
    for (std::size_t p = 0; p < 2; ++p) {
      const auto& weights = network.projections()[p].weights;
      std::vector<WeightRange> found(weights.size());
      std::vector<Synapse> synapses;
      for (NeuronId source = 0; source < 50; ++source) network.outgoing(p, source, synapses);
      REQUIRE(synapses.size() == 250);
      const auto& ports = find_neuron_model(model)->ports;
      for (const Synapse& synapse : synapses)
        for (std::size_t i = 0; i < weights.size(); ++i)
          if (weights[i].port == ports[synapse.port].name) found[i].add(synapse.weight);
      for (std::size_t i = 0; i < weights.size(); ++i) {
        CHECK(found[i].low == Approx(weights[i].range.low));
        CHECK(found[i].high == Approx(weights[i].range.high));
        // And within what was described.
        const auto& described = checked.weights[p].at(i);
        CHECK(described.port == weights[i].port);
        CHECK(described.sign == weights[i].sign);
        CHECK(described.range.low <= weights[i].range.low);
        CHECK(described.range.high >= weights[i].range.high);
      }
    }
    return network.projections()[1].weights;
  };
  const auto conductance = check("iaf_cond_exp", "weight = -67.0\n");
  REQUIRE(conductance.size() == 1);
  CHECK(same(conductance[0], "in", 67, 67, "inhibitory"));
  CHECK(conductance[0].unit == "nS");
  CHECK(same(check("iaf_cond_exp", "weight = 67.0\n").at(0), "ex", 67, 67, "excitatory"));
  CHECK(same(check("iaf_cond_exp", "weight = 67.0\nport = \"in\"\n").at(0), "in", 67, 67, "inhibitory"));
  CHECK(same(check("iaf_psc_exp", "weight = -67.0\n").at(0), "in", -67, -67, "inhibitory"));
  CHECK(same(check("iaf_psc_exp", "weight = 67.0\nport = \"in\"\n").at(0), "in", 67, 67, "excitatory"));
  CHECK(same(check("iaf_psc_delta", "weight = 0.0\n").at(0), "in", 0, 0, "zero"));
  CHECK(check("iaf_psc_delta", "weight = { uniform = [-1.0, 2.0] }\n").at(0).sign == "both");
  const auto both = check("iaf_cond_exp", "weight = { uniform = [-1.0, 2.0] }\n");
  REQUIRE(both.size() == 2);
  CHECK((both[0].sign == "excitatory" && both[1].sign == "inhibitory"));
  CHECK((both[1].range.low >= 0 && both[1].range.high <= 1));
  CHECK(check("iaf_psc_exp", "weight = { lognormal = [0.0, 0.5] }\n").at(0).sign == "excitatory");
  const std::string rule = "[projections.inhibition.plasticity]\nrule = \"vogels_sprekeler\"\n";
  CHECK(same(check("iaf_cond_exp", "weight = -0.5\n" + rule).at(0), "in", 0.5, 0.5, "inhibitory"));
}

TEST_CASE("No example is warned of", "[signs]") {
  std::size_t examples = 0;
  for (const auto& entry : fs::recursive_directory_iterator(RHEO_SOURCE_DIR "/examples")) {
    if (entry.path().extension() != ".toml") continue;
    INFO(entry.path());
    CHECK(Network::check(parse_experiment(entry.path().string()).network).warnings.empty());
    ++examples;
  }
  CHECK(examples > 40);
}

}  // namespace test_port_weights
