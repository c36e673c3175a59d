// What changes slowly neither stands still nor drifts at a wrong speed in single precision (docs/accuracy.md): slow
// time constants, potentials beside their rest, small steps of weights. Right values are closed forms of the equations.
#include <catch2/catch.hpp>
#include <cmath>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "core/diagnostics.hpp"
#include "networks/connect/rules.hpp"
#include "networks/inputs/kinds.hpp"
#include "networks/network.hpp"
#include "networks/signals/kinds.hpp"
#include "tests/sanitized.hpp"

namespace test_precision {

using namespace rheo;

namespace {

Selection all(const char* name) {
  return {.population = name, .end = {}};
}

PopulationSpec neurons(std::string model, std::map<std::string, Value> params,
                       std::map<std::string, Value> initial = {}) {
  PopulationSpec population;
  population.name = "n";
  population.model = std::move(model);
  population.size = 3;
  population.params = std::move(params);
  population.initial = std::move(initial);
  return population;
}

PopulationSpec spikes(std::vector<double> times) {
  PopulationSpec source;
  source.name = "s";
  source.model = "spike_source";
  source.size = 1;
  auto trains = std::make_shared<SpikeTrains>();
  trains->begin = {0, times.size()};
  trains->times = std::move(times);
  source.trains = trains;
  return source;
}

NetworkSpec alone(PopulationSpec population, double dt = 0.1) {
  NetworkSpec spec;
  spec.dt = dt;
  spec.populations = {std::move(population)};
  return spec;
}

double value_of(Network& network, const char* column) {
  const PopulationBlock& block = network.simulation().population(network.simulation().populations().size() - 1);
  const std::uint32_t last = block.size() - 1;
  double value = 0;
  block.read(block.find_column(column).value(), network.simulation().now(), {&last, 1}, &value);
  return value;
}

double after(const NetworkSpec& spec, double ms, const char* column = "V_m") {
  Network network(spec, Threads(1));
  network.simulation().run(static_cast<Tick>(std::llround(ms / spec.dt)));
  return value_of(network, column);
}

}  // namespace

TEST_CASE("single precision: a threshold that decays over hours decays at its speed", "[precision]") {
  for (const double dt : {0.1, 0.5})
    CHECK(after(alone(neurons("iaf_psc_exp_adapt", {{"tau_theta", 1e7}}, {{"theta", 20.0}}), dt), 10'000, "theta") ==
          Approx(20 * std::exp(-1e4 / 1e7)).epsilon(1e-7));
}

TEST_CASE("single precision: a slow membrane reaches what its current holds it at", "[precision]") {
  const std::map<std::string, Value> params{{"C_m", 100.0},     {"tau_m", 1e4}, {"E_L", -65.0},
                                            {"V_reset", -65.0}, {"V_th", 0.0},  {"I_e", 0.03}};
  for (const std::string model : {"iaf_psc_delta", "iaf_psc_exp", "iaf_psc_alpha"}) {
    CAPTURE(model);
    CHECK(after(alone(neurons(model, params)), 90'000) == Approx(-65 + 3 * (1 - std::exp(-9.0))).margin(1e-5));
  }
}

TEST_CASE("single precision: a membrane decays all the way to its rest", "[precision]") {
  struct Case {
    double tau_m, dt;
  };
  for (const auto& [tau_m, dt] : {Case{20, 0.1}, {20, 0.01}, {100, 0.01}, {2000, 0.1}}) {
    CAPTURE(tau_m, dt);
    for (const std::string model : {"iaf_psc_delta", "iaf_psc_exp", "iaf_psc_alpha", "iaf_psc_exp_adapt"}) {
      CAPTURE(model);
      const auto spec = alone(
          neurons(model, {{"tau_m", tau_m}, {"E_L", -65.0}, {"V_reset", -65.0}, {"V_th", 0.0}}, {{"V_m", -50.0}}), dt);
      CHECK(after(spec, 27 * tau_m) == Approx(-65).margin(1e-8));
    }
    const double C_m = 16.6667 * tau_m;
    CHECK(after(alone(neurons("iaf_cond_exp", {{"C_m", C_m}, {"E_L", -65.0}, {"V_reset", -65.0}, {"V_th", 0.0}},
                              {{"V_m", -50.0}}),
                      dt),
                27 * tau_m) == Approx(-65).margin(1e-8));
    // Without the exponential, w at its own rest.
    CHECK(after(alone(neurons("aeif_psc_exp",
                              {{"C_m", 30 * tau_m}, {"E_L", -65.0}, {"a", 0.0}, {"Delta_T", 0.0}, {"V_reset", -66.0}},
                              {{"V_m", -60.0}}),
                      dt),
                27 * tau_m) == Approx(-65).margin(1e-8));
  }
  CHECK(after(alone(neurons("lif_discrete", {{"tau_m", 300.0}, {"E_L", -65.0}, {"V_th", 0.0}}, {{"V_m", -50.0}}), 1.0),
              9000) == Approx(-65).margin(1e-8));
}

TEST_CASE("single precision: constant currents, as a parameter and as an input", "[precision]") {
  for (const double current : {0.2, 0.37, 0.6})  // nA at 50 MOhm: up to 30 mV
    for (const double tau_m : {20.0, 2000.0}) {
      if (sanitized && tau_m > 20) continue;
      CAPTURE(current, tau_m);
      const double end = -65 + 50 * current;
      const std::map<std::string, Value> params{
          {"C_m", tau_m * 20}, {"tau_m", tau_m}, {"E_L", -65.0}, {"V_reset", -65.0}, {"V_th", 0.0}};
      for (const std::string model : {"iaf_psc_delta", "iaf_psc_exp"}) {
        auto by_parameter = alone(neurons(model, params));
        by_parameter.populations[0].params["I_e"] = 1000 * current;
        CHECK(after(by_parameter, 18 * tau_m) == Approx(end).margin(1e-5));
        auto by_input = alone(neurons(model, params));
        InputSpec input;
        input.name = "i";
        input.kind = ConstantCurrent{.amplitude = 1000 * current};
        input.target = {all("n")};
        by_input.inputs = {input};
        CHECK(after(by_input, 18 * tau_m) == Approx(end).margin(1e-5));
        by_input.inputs[0].kind = NoiseCurrent{.mean = 1000 * current};  // without any noise
        CHECK(after(by_input, 18 * tau_m) == Approx(end).margin(1e-5));
      }
    }
}

TEST_CASE("single precision: a rest far above the threshold and long refractory periods", "[precision]") {
  // 4000 mV above: the threshold is crossed in the tick that double precision crosses it in.
  for (const double I_e : {1e5, 123456.0}) {
    auto spec = alone(neurons("iaf_psc_delta", {{"I_e", I_e}, {"V_th", -55.0}, {"t_ref", 3.0}}), 0.001);
    const double single = after(spec, 50);
    spec.precision = Precision::double_;
    CHECK(single == Approx(after(spec, 50)).epsilon(1e-6));
  }
  // One tick more than floats can count.
  const double ticks = (1 << 24) + 1;
  auto spec = alone(neurons("iaf_psc_delta", {{"t_ref", ticks * 0.1}, {"V_reset", -80.0}}, {{"V_m", -40.0}}));
  Network network(spec, Threads(1));
  network.simulation().run(2);
  CHECK(value_of(network, "refractory") == ticks - 1);
}

TEST_CASE("single precision: slow populations that are updated by events", "[precision]") {
  auto spec = alone(neurons("iaf_psc_delta", {{"tau_m", 5e4}, {"E_L", -65.0}, {"V_reset", -65.0}, {"V_th", 0.0}}));
  spec.populations.insert(spec.populations.begin(), spikes({10, 20'000}));
  spec.populations[1].update = PopulationSpec::Update::event;
  ProjectionSpec projection;
  projection.name = "p";
  projection.source = {all("s")};
  projection.target = {all("n")};
  projection.connect = AllToAll{};
  projection.weight = 3.0;
  projection.delay = 1.0;
  spec.projections = {projection};
  CHECK(after(spec, 50'000) == Approx(-65 + 3 * std::exp(-49'989 / 5e4) + 3 * std::exp(-29'999 / 5e4)).margin(1e-6));
}

TEST_CASE("single precision: a state goes on where the inputs make it double, and the other way round", "[precision]") {
  // tau_m is 200 ticks: double only where a lasting current is there.
  const auto plain =
      alone(neurons("iaf_psc_delta", {{"tau_m", 20.0}, {"E_L", -65.0}, {"V_th", 0.0}}, {{"V_m", -50.0}}));
  auto driven = plain;
  InputSpec input;
  input.name = "i";
  input.kind = ConstantCurrent{};
  input.target = {all("n")};
  driven.inputs = {input};
  const double right = -65 + 15 * std::exp(-0.5);
  for (const auto& [first, second] : {std::pair<const NetworkSpec*, const NetworkSpec*>(&plain, &driven),
                                      std::pair<const NetworkSpec*, const NetworkSpec*>(&driven, &plain)}) {
    Network one(*first, Threads(1)), two(*second, Threads(1));
    one.simulation().run(50);
    two.simulation().load(one.simulation().save());
    two.simulation().run(50);
    CHECK(value_of(two, "V_m") == Approx(right).margin(1e-5));
  }
}

namespace {

// One source onto one neuron that is made to spike at given times.
NetworkSpec learning(std::vector<double> source, std::vector<double> target, double weight, PlasticitySpec plasticity) {
  NetworkSpec spec;
  spec.dt = 1;
  spec.populations = {spikes(std::move(source)), neurons("iaf_psc_delta", {{"V_th", 1000.0}})};
  spec.populations[1].size = 1;
  ProjectionSpec projection;
  projection.name = "p";
  projection.source = {all("s")};
  projection.target = {all("n")};
  projection.connect = OneToOne{};
  projection.weight = weight;
  projection.delay = 1.0;
  projection.plasticity = std::move(plasticity);
  spec.projections = {projection};
  if (target.empty()) return spec;
  InputSpec input;
  input.name = "made";
  input.target = {all("n")};
  auto trains = std::make_shared<SpikeTrains>();
  trains->begin = {0, target.size()};
  trains->times = std::move(target);
  input.kind = GivenSpikes{.trains = trains, .weight = 1e6};
  spec.inputs = {input};
  return spec;
}

double weight_after(const NetworkSpec& spec, Tick ticks) {
  Network network(spec, Threads(1));
  network.simulation().run(ticks);
  network.simulation().settle();
  std::vector<Synapse> synapses;
  network.outgoing(0, 0, synapses);
  REQUIRE(synapses.size() == 1);
  return synapses[0].weight;
}

}  // namespace

TEST_CASE("single precision: homeostatic steps of 5e-8 add up", "[precision]") {
  const int steps = 2000;
  const PlasticitySpec scaling{.rule = "synaptic_scaling",
                               .params = {{"tau", 1e5}, {"eta", 1e-8}, {"rho", 5.0}, {"interval", 10.0}}};
  const double scaled = weight_after(learning({1e5}, {}, 1.0, scaling), 10 * steps);
  CHECK(scaled - 1 == Approx(std::pow(1 + 5e-8, steps) - 1).epsilon(1e-3));

  const PlasticitySpec balance{.rule = "ei_balance",
                               .params = {{"tau", 1e5}, {"eta", 1e-8}, {"rho", 5.0}, {"interval", 10.0}}};
  const double balanced = weight_after(learning({1e5}, {}, -1.0, balance), 10 * steps);
  CHECK(-balanced - 1 == Approx(-steps * 5e-8).epsilon(1e-3));
}

TEST_CASE("single precision: pairs whose step is below half an ulp add up", "[precision]") {
  std::vector<double> source, target;
  for (int pair = 0; pair < 300; ++pair) {
    source.push_back(100.0 * pair + 1);
    target.push_back(100.0 * pair + 12);  // the source's spike arrives at 2
  }
  const Tick ticks = 30'000;
  const double x = 1 / (1 - std::exp(-100 / 20.0)), pairs = 300;  // the trace after many spikes
  {
    PlasticitySpec pair{.rule = "stdp_pair",
                        .params = {{"lambda", 1e-9}, {"alpha", 0.0}, {"mu_plus", 0.0}, {"w_max", 10.0}}};
    const double change = weight_after(learning(source, target, 5.0, pair), ticks) - 5;
    CHECK(change == Approx(pairs * 1e-8 * x * std::exp(-10 / 20.0)).epsilon(1e-3));
    pair.eager = true;
    CHECK(weight_after(learning(source, target, 5.0, pair), ticks) - 5 == Approx(change).epsilon(1e-6));
  }
  {
    const PlasticitySpec triplet{.rule = "stdp_triplet",
                                 .params = {{"A2_plus", 1e-9},
                                            {"A3_plus", 0.0},
                                            {"A2_minus", 0.0},
                                            {"A3_minus", 0.0},
                                            {"tau_plus", 20.0},
                                            {"w_max", 10.0}}};
    CHECK(weight_after(learning(source, target, 5.0, triplet), ticks) - 5 ==
          Approx(pairs * 1e-8 * x * std::exp(-10 / 20.0)).epsilon(1e-3));
  }
  {
    const PlasticitySpec inhibition{.rule = "vogels_sprekeler", .params = {{"eta", 1e-8}, {"rho", 0.0}}};
    // The target's spike finds the trace of the source, the source's next one that of the target.
    const double change = pairs * 1e-8 * x * std::exp(-10 / 20.0) + (pairs - 1) * 1e-8 * x * std::exp(-90 / 20.0);
    CHECK(weight_after(learning(source, target, 5.0, inhibition), ticks) - 5 == Approx(change).epsilon(2e-3));
  }
  {
    // Eligibility under a dopamine of 1: each pair gives eta c tau_c in the end.
    PlasticitySpec rewarded{
        .rule = "rstdp",
        .params = {{"A_plus", 1e-3}, {"A_minus", 0.0}, {"tau_c", 10.0}, {"eta", 1e-6}, {"w_max", 10.0}}};
    auto spec = learning(source, target, 5.0, rewarded);
    SignalSpec dopamine;
    dopamine.name = "dopamine";
    dopamine.kind = StepSignal{.times = {29'000}, .values = {{1.0}}, .baseline = 1};
    spec.signals = {dopamine};
    const double discrete = 1 / (1 - std::exp(-1 / 10.0)) * std::exp(-1 / 10.0);  // the sum over ticks after the pair
    CHECK(weight_after(spec, ticks) - 5 ==
          Approx(pairs * 1e-6 * 1e-3 * x * std::exp(-10 / 20.0) * discrete).epsilon(2e-2));
  }
}

TEST_CASE("single precision: traces that decay over days", "[precision]") {
  std::vector<double> source;
  double x = 0;
  for (int spike = 0; spike < 3000; ++spike) {
    source.push_back(3.0 * spike + 1);  // arrives a tick later
    x = x * std::exp(-3 / 1e8) + 1;
  }
  const PlasticitySpec pair{
      .rule = "stdp_pair",
      .params = {{"lambda", 1e-4}, {"alpha", 0.0}, {"mu_plus", 0.0}, {"tau_plus", 1e8}, {"w_max", 100.0}}};
  const double change = weight_after(learning(source, {9100}, 5.0, pair), 9200) - 5;
  CHECK(change / 1e-2 == Approx(x * std::exp(-(9100 - 8999) / 1e8)).epsilon(1e-8));
}

TEST_CASE("single precision: what synapses in double precision transmit, for any number of lanes", "[precision]") {
  const auto network = [](double lambda, unsigned lanes) {
    NetworkSpec spec = learning({3, 30, 57, 80}, {12, 40, 66}, 2.0,
                                {.rule = "stdp_pair", .params = {{"lambda", lambda}, {"w_max", 4.0}}});
    spec.populations[1].size = 150;
    spec.populations[1].params["tau_m"] = 50.0;
    spec.projections[0].connect = AllToAll{};
    spec.projections[0].delay = Uniform{1, 9};
    spec.inputs.clear();
    spec.lanes = lanes;
    return spec;
  };
  // Steps of 1e-9 change nothing that a float of the potential would show.
  const double narrow = after(network(0.0, 1), 95), wide = after(network(1e-9, 1), 95);
  CHECK(narrow != Approx(-70).margin(0.1));
  CHECK(wide == Approx(narrow).margin(1e-5));
  CHECK(after(network(1e-9, 3), 95) == wide);
}

TEST_CASE("what even double precision does not hold is warned of", "[precision]") {
  const auto warnings = [](const NetworkSpec& spec) {
    std::string text;
    for (const Complaint& warning : Network::check(spec).warnings) text += to_message(warning) + "\n";
    return text;
  };
  CHECK(warnings(alone(neurons("iaf_psc_exp_adapt", {{"tau_theta", 1e11}}))).empty());
  CHECK(warnings(alone(neurons("iaf_psc_exp_adapt", {{"tau_theta", 1e13}}))) ==
        "populations.n.params: the longest time constant is 1e+13 ms, 1e+14 ticks: even double precision does not hold "
        "so slow a change; expected at most 1e+13 ticks\n");
  const auto spec = [](double lambda) {
    return learning({1}, {}, 1.0, {.rule = "stdp_pair", .params = {{"lambda", lambda}}});
  };
  CHECK(warnings(spec(1e-12)).empty());
  CHECK(warnings(spec(1e-14)) ==
        "projections.p.plasticity.params: the smallest step of stdp_pair is 1e-14 of a weight, which even double "
        "precision does not hold; expected steps of at least 1e-13\n");
}

}  // namespace test_precision
