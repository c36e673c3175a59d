// Checksums of canonical networks, equal on every machine, compiler and instruction set. A difference means that the
// results of all users change: that may be right, but never by accident.
//
// RHEO_UPDATE_GOLDEN=1 writes tests/golden/golden.txt anew, from the first instruction set.
#include <catch2/catch.hpp>
#include <cstdlib>
#include <fstream>
#include <map>
#include <sstream>
#include <string>

#include "tests/property/graded_network.hpp"
#include "tests/property/network_runs.hpp"

namespace test_golden {

using namespace runs;

namespace {

const std::string golden_file = RHEO_SOURCE_DIR "/tests/golden/golden.txt";

// A population of 400 and one of 100, each with its own Poisson input, every number drawn from a distribution.
NetworkSpec two_populations(const PopulationSpec& excitatory, const PopulationSpec& inhibitory, double weight,
                            double drive) {
  NetworkSpec spec;
  spec.seed = 1234;
  spec.populations = {excitatory, inhibitory};
  spec.populations[0].name = "E";
  spec.populations[0].size = 400;
  spec.populations[1].name = "I";
  spec.populations[1].size = 100;
  spec.projections = {{.name = "E_to_all",
                       .source = {all_of("E")},
                       .target = {all_of("E"), all_of("I")},
                       .connect = fixed_indegree(40),
                       .weight = normal(weight, weight / 5, 0),
                       .delay = uniform(0.5, 3),
                       .port = {}},
                      {.name = "I_to_E",
                       .source = {all_of("I")},
                       .target = {all_of("E")},
                       .connect = bernoulli(0.1),
                       .weight = normal(-5 * weight, weight),
                       .delay = lognormal(0.3, 0.4),
                       .port = {}},
                      {.name = "I_to_I",
                       .source = {all_of("I")},
                       .target = {all_of("I")},
                       .connect = bernoulli(0.1),
                       .weight = choice({-3 * weight, -6 * weight}),
                       .delay = 1.5,
                       .port = {}}};
  spec.inputs = {
      {.name = "noise", .kind = PoissonSpikes{.rate = 8000.0, .weight = drive}, .target = {all_of("E"), all_of("I")}},
      {.name = "some",
       .kind = PoissonSpikes{.rate = uniform(100, 900), .weight = normal(drive, drive / 4), .delay = 0.7},
       .target = {slice("E", 0, 400, 5)},
       .start = 5,
       .stop = 80.0},
      {.name = "push",
       .kind = ConstantCurrent{.amplitude = normal(1, 0.3)},
       .target = {slice("I", 50, 100)},
       .start = 10}};
  return spec;
}

PopulationSpec neurons(std::string model, std::map<std::string, Value> params,
                       std::map<std::string, std::string> options, std::map<std::string, Value> initial) {
  return {.name = {},
          .model = std::move(model),
          .size = 0,
          .params = std::move(params),
          .options = std::move(options),
          .initial = std::move(initial),
          .trains = {}};
}

std::map<std::string, NetworkSpec> canonical_networks() {
  const std::map<std::string, Value> integrator{
      {"tau_m", normal(15, 2, 5)}, {"V_th", uniform(-56, -54)}, {"t_ref", choice({1, 2})}};
  std::map<std::string, Value> alpha = integrator;
  alpha["tau_syn_ex"] = lognormal(0.2, 0.3);
  alpha["tau_syn_in"] = uniform(1, 4);
  const std::map<std::string, Value> cortex{
      {"a", uniform(0.02, 0.1)}, {"b", uniform(0.2, 0.25)}, {"c", normal(-62, 3, -70, -50)}, {"d", uniform(2, 8)}};
  const std::map<std::string, Value> spread{{"V_m", uniform(-70, -56)}};
  const auto delta_neurons = neurons("iaf_psc_delta", integrator, {}, spread);
  const auto alpha_neurons = neurons("iaf_psc_alpha", alpha, {}, spread);
  const auto pulsed = neurons("izhikevich", cortex, {}, spread);
  const auto stepped = neurons("izhikevich", cortex, {{"scheme", "euler"}, {"input", "delta"}}, spread);
  std::map<std::string, Value> adapting = alpha;
  adapting["theta_plus"] = uniform(0.5, 2);
  adapting["tau_theta"] = normal(100, 20, 20);
  const std::map<std::string, Value> conducting{{"g_L", normal(17, 2, 10)},
                                                {"t_ref", choice({1, 2})},
                                                {"tau_syn_ex", lognormal(0.5, 0.3)},
                                                {"tau_syn_in", uniform(2, 8)}};
  std::map<std::string, Value> adaptive = conducting;
  adaptive["g_L"] = normal(30, 2, 10);
  adaptive["Delta_T"] = uniform(1, 3);
  adaptive["b"] = uniform(20, 100);
  const auto exp_neurons = neurons("iaf_psc_exp", alpha, {}, spread);
  const auto adapting_neurons = neurons("iaf_psc_exp_adapt", adapting, {}, spread);
  const auto conducting_neurons = neurons("iaf_cond_exp", conducting, {}, spread);
  const auto adex_currents = neurons("aeif_psc_exp", adaptive, {}, spread);
  const auto adex = neurons("aeif_cond_exp", adaptive, {}, spread);
  const auto driven = neurons("izhikevich", cortex, {{"input", "exp"}}, spread);
  const auto regular = neurons("izhikevich_2007", {{"d", uniform(20, 60)}, {"k", uniform(0.7, 1.5)}}, {}, spread);
  const auto filtered = neurons("izhikevich_2007", {{"tau_syn", uniform(1, 5)}, {"d", 40.0}}, {{"input", "exp"}}, {});
  const auto discrete = neurons("lif_discrete", {{"tau_m", normal(15, 2, 5)}, {"V_th", uniform(0.8, 1.2)}}, {},
                                {{"V_m", uniform(0, 0.9)}});
  NetworkSpec noisy = two_populations(exp_neurons, exp_neurons, 50, 40);
  noisy.inputs.push_back({.name = "jitter",
                          .kind = NoiseCurrent{.mean = 20.0, .deviation = uniform(50, 150), .every = 0.3},
                          .target = {slice("E", 3, 400, 2), all_of("I")}});
  // Rules are the same on every compiler too: their weights and traces are part of the state.
  NetworkSpec plastic = demanding_network(Precision::single_, 5);
  plastic.projections[0].plasticity = {.rule = "stdp_pair", .params = {{"lambda", 0.2}, {"w_max", 120.0}}};
  plastic.projections[1].plasticity = {.rule = "stdp_triplet", .params = {{"A2_plus", 0.01}, {"w_max", 60.0}}};
  plastic.projections[2].weight = uniform(-30, -1);
  plastic.projections[2].plasticity = {.rule = "vogels_sprekeler", .params = {{"eta", 0.5}, {"rho", uniform(1, 9)}}};
  return {{"iaf_psc_exp", two_populations(exp_neurons, exp_neurons, 50, 40)},
          {"iaf_psc_exp_noise", noisy},
          {"iaf_psc_exp_adapt", two_populations(adapting_neurons, adapting_neurons, 50, 60)},
          {"iaf_cond_exp", two_populations(conducting_neurons, conducting_neurons, 0.5, 0.5)},
          {"aeif_psc_exp", two_populations(adex_currents, adex_currents, 60, 70)},
          {"aeif_cond_exp", two_populations(adex, adex, 1, 1.2)},
          {"izhikevich_exp", two_populations(driven, driven, 0.6, 0.5)},
          {"izhikevich_2007", two_populations(regular, regular, 30, 30)},
          {"izhikevich_2007_exp", two_populations(filtered, filtered, 15, 15)},
          {"iaf_psc_delta", two_populations(delta_neurons, delta_neurons, 0.2, 0.16)},
          {"lif_discrete", two_populations(discrete, discrete, 0.02, 0.016)},
          {"iaf_psc_alpha", two_populations(alpha_neurons, alpha_neurons, 20, 16)},
          {"izhikevich", two_populations(pulsed, pulsed, 1, 0.9)},
          {"izhikevich_euler_delta", two_populations(stepped, stepped, 0.8, 0.8)},
          {"by_events", event_network(Precision::single_, 5)},
          {"plastic", plastic},
          {"graded", graded_network(Precision::single_, 5)}};
}

// "spikes <number> <hash of (tick, neuron)> state <hash>"
std::string checksum(const Outcome& outcome) {
  std::uint64_t hash = 0xcbf29ce484222325u;
  for (const auto& [tick, neuron] : outcome.spikes) {
    hash = fnv_1a(&tick, sizeof tick, hash);
    hash = fnv_1a(&neuron, sizeof neuron, hash);
  }
  std::ostringstream text;
  text << "spikes " << outcome.spikes.size() << " " << std::hex << hash << " state "
       << fnv_1a(outcome.state.data(), outcome.state.size());
  return text.str();
}

std::map<std::string, std::string> read_golden() {
  std::map<std::string, std::string> golden;
  std::ifstream file(golden_file);
  for (std::string line; std::getline(file, line);)
    if (const auto colon = line.find(": "); colon != std::string::npos && line[0] != '#')
      golden[line.substr(0, colon)] = line.substr(colon + 2);
  return golden;
}

}  // namespace

TEST_CASE("canonical networks have the checksums of tests/golden/golden.txt") {
  constexpr Tick duration = 1000;
  const char* const update = std::getenv("RHEO_UPDATE_GOLDEN");
  const bool rewrite = update != nullptr && std::string(update) == "1";
  std::map<std::string, std::string> found, golden = read_golden();
  for (const Isa isa : usable_isas()) {
    if (sanitized && isa != usable_isas().back()) continue;
    const ChosenIsa chosen(isa);
    for (const auto& [name, network] : canonical_networks()) {
      for (const Precision precision : {Precision::single_, Precision::double_}) {
        NetworkSpec spec = network;
        spec.precision = precision;
        const std::string key = name + (precision == Precision::single_ ? " single" : " double");
        const Outcome outcome = run_whole(spec, 2, duration);
        INFO(key << ", instruction set " << name_of(isa));
        CHECK(outcome.spikes.size() > 1000);
        const std::string sum = checksum(outcome);
        if (rewrite)
          found.emplace(key, sum);
        else
          CHECK(sum == golden[key]);
        // Also when rewriting: one set of bits for all instruction sets.
        if (rewrite) CHECK(sum == found[key]);
      }
    }
  }
  if (!rewrite) {
    CHECK(golden.size() == 34);
    return;
  }
  std::ofstream file(golden_file);
  file << "# FNV-1a of spikes and of the saved state after 100 ms; see test_golden.cpp. Made with "
          "RHEO_UPDATE_GOLDEN=1.\n";
  for (const auto& [key, sum] : found) file << key << ": " << sum << "\n";
  CHECK(file.good());
}

}  // namespace test_golden
