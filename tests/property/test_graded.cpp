// Projections that transmit values: sums as plain loops add them up, and the same bits for threads, lanes, instruction
// sets, pieces of run(), saves and loads.
#include <catch2/catch.hpp>
#include <cmath>
#include <random>
#include <string>

#include "core/math.hpp"
#include "tests/property/graded_network.hpp"
#include "tests/property/plastic_runs.hpp"

namespace test_graded {

using namespace runs;

namespace {

constexpr Tick duration = 900;

}  // namespace

TEST_CASE("graded projections: the same bits for threads, lanes, instruction sets and pieces") {
  const Precision precision = GENERATE(Precision::single_, Precision::double_);
  std::mt19937_64 random(3);
  const Ending expected = run_to(graded_network(precision, 1), 1, duration);
  CHECK(expected.spikes.size() > 100);
  for (const Isa isa : usable_isas()) {
    const ChosenIsa chosen(isa);
    for (const std::uint32_t lanes : {2u, 5u, 16u}) {
      INFO(name_of(isa) << ", " << lanes << " lanes");
      CHECK(difference(run_to(graded_network(precision, lanes), 3, duration, &random), expected) == "");
    }
  }
}

TEST_CASE("graded projections: the same bits through saves and loads at random ticks") {
  check_journeys([&](std::uint32_t lanes, bool eager) { return graded_network(Precision::single_, lanes, eager); },
                 duration);
}

TEST_CASE("graded projections: values arrive after their delays, summed by projection, source and synapse") {
  NetworkSpec spec = graded_network(Precision::double_, 3);
  spec.populations.resize(2);
  spec.projections.resize(2);
  spec.projections[1].weight_bits = 0;
  spec.projections[1].delay = uniform(0.4, 3);
  spec.signals.clear();
  spec.inputs = {
      {.name = "ramp", .kind = StepCurrent{.times = {0, 2, 5}, .values = {0.5, -0.25, 1}}, .target = {all_of("U")}}};
  Network network(spec, Threads(2));
  Simulation& simulation = network.simulation();
  const std::uint32_t inputs = 7, neurons = 90;
  std::vector<std::uint32_t> all(neurons);
  for (std::uint32_t i = 0; i < neurons; ++i) all[i] = i;
  const auto read = [&](std::size_t population, const char* column) {
    std::vector<double> values(population == 0 ? inputs : neurons);
    simulation.population(population)
        .read(*simulation.population(population).find_column(column), simulation.now(),
              std::span(all).first(values.size()), values.data());
    return values;
  };
  // [projection][source] synapses, by delay and then as drawn.
  std::vector<std::vector<std::vector<Synapse>>> synapses(2);
  for (std::size_t p = 0; p < 2; ++p)
    for (NeuronId source = 0; source < (p == 0 ? inputs : neurons); ++source)
      network.outgoing(p, source + (p == 0 ? 0 : inputs), synapses[p].emplace_back());
  std::vector<std::vector<double>> u{read(0, "V_m")}, r{read(1, "r")};
  const std::vector<double> a = per_item(spec.populations[1].params.at("a"), neurons,
                                         field_key(17, "X", "params", "a")),
                            I_e = per_item(spec.populations[1].params.at("I_e"), neurons,
                                           field_key(17, "X", "params", "I_e"));
  // Written states are what is transmitted from then on.
  constexpr Tick written = 70;
  for (Tick t = 1; t <= 120; ++t) {
    if (t == written + 1) {
      std::vector<double> other(neurons, 0.25);
      simulation.write(1, 1, all, other.data());
      r.back() = other;
    }
    simulation.run(1);
    std::vector<double> V(neurons, 0.0);
    for (std::size_t p = 0; p < 2; ++p)
      for (const std::vector<Synapse>& row : synapses[p])
        for (const Synapse& one : row) {
          const Tick at = std::max<Tick>(0, t - ms_to_tick_nearest(one.delay, spec.dt));
          const std::uint32_t target = one.target - inputs;
          V[target] += one.weight * (p == 0 ? u[static_cast<std::size_t>(at)][one.source]
                                            : r[static_cast<std::size_t>(at)][one.source - inputs]);
        }
    u.push_back(read(0, "V_m"));
    r.push_back(read(1, "r"));
    const std::vector<double> V_m = read(1, "V_m");
    for (std::uint32_t i = 0; i < neurons; ++i) {
      CAPTURE(t, i);
      REQUIRE(V_m[i] == I_e[i] + V[i]);
      REQUIRE(r[static_cast<std::size_t>(t)][i] ==
              r[static_cast<std::size_t>(t - 1)][i] +
                  a[i] * (math::tanh(V_m[i]) - r[static_cast<std::size_t>(t - 1)][i]));
    }
  }
  CHECK(u[30] == std::vector<double>(inputs, -0.25));
}

TEST_CASE("graded projections: rules move rates towards their targets and signals show states") {
  NetworkSpec spec;
  spec.dt = 1;
  spec.seed = 2;
  spec.populations = {{.name = "E",
                       .model = "rate_sigmoid",
                       .size = 80,
                       .params = {{"c", 4.0}},
                       .options = {},
                       .initial = {},
                       .trains = {}},
                      {.name = "I",
                       .model = "rate_sigmoid",
                       .size = 20,
                       .params = {{"c", 4.0}},
                       .options = {},
                       .initial = {},
                       .trains = {}}};
  const auto connect = [&](const char* name, const char* source, double weight) {
    spec.projections.push_back({.name = name,
                                .source = {all_of(source)},
                                .target = {all_of("E"), all_of("I")},
                                .connect = fixed_indegree(10),
                                .weight = normal(weight, std::abs(weight) / 5),
                                .delay = 1.0,
                                .port = {},
                                .transmits = "value"});
  };
  connect("excitation", "E", 0.1);
  connect("inhibition", "I", -0.1);
  spec.projections[1].plasticity = {
      .rule = "ei_balance", .params = {{"eta", 0.01}, {"rho", 0.4}, {"interval", 1.0}}, .signals = {{"activity", "r"}}};
  spec.signals = {{.name = "r", .kind = StateSignal{.neurons = {all_of("E"), all_of("I")}, .column = "r"}}};
  Network network(spec, Threads(1));
  network.simulation().run(4000);
  const std::vector<double> before = network.signal("r");
  network.simulation().run(1);
  const std::vector<double> rates = network.signal("r");
  REQUIRE(rates.size() == 100);
  CHECK(rates != std::vector<double>(100, 0.0));
  for (const double rate : rates) CHECK(rate == Approx(0.4).margin(0.01));
  // It is the state of the tick before.
  std::vector<std::uint32_t> first{0};
  double now = 0;
  network.simulation().population(0).read(1, network.simulation().now(), first, &now);
  network.simulation().run(1);
  CHECK(network.signal("r")[0] == now);

  CHECK(Network::check(spec).warnings.empty());
  NetworkSpec deaf = spec;
  for (auto& projection : deaf.projections) projection.plasticity.signals.clear();
  const std::vector<Complaint> warnings = Network::check(deaf).warnings;
  REQUIRE(warnings.size() == 1);
  CHECK_THAT(warnings[0].problem, Catch::Contains("reads the trace y of the target's spikes, which stays 0"));
}

TEST_CASE("graded projections: what cannot be transmitted is refused") {
  const auto complaint = [](const auto& change) {
    NetworkSpec spec = graded_network(Precision::single_, 1);
    change(spec);
    try {
      Network::check(spec);
    } catch (const BuildError& error) {
      return error.complaint().key + ": " + error.complaint().problem;
    }
    return std::string("nothing");
  };
  using Catch::Contains;
  CHECK(complaint([](NetworkSpec&) {}) == "nothing");
  CHECK_THAT(complaint([](NetworkSpec& spec) { spec.projections[0].transmits = "spikes"; }),
             Contains("projections.in.transmits: relay never spikes"));
  CHECK_THAT(complaint([](NetworkSpec& spec) { spec.projections[0].transmits = "r"; }),
             Contains("projections.in.transmits: unknown state of relay"));
  CHECK_THAT(complaint([](NetworkSpec& spec) { spec.projections[5].transmits = "value"; }),
             Contains("projections.V_m.transmits: iaf_psc_exp says no value of its own"));
  CHECK_THAT(complaint([](NetworkSpec& spec) { spec.populations[3].model = "iaf_cond_exp"; }),
             Contains("projections.to_spiking.transmits: weight times value would be a conductance"));
  CHECK_THAT(complaint([](NetworkSpec& spec) { spec.populations[3].update = PopulationSpec::Update::event; }),
             Contains("populations.N.update"));
  CHECK_THAT(complaint([](NetworkSpec& spec) { spec.projections[3].plasticity = {.rule = "vogels_sprekeler"}; }),
             Contains("projections.inhibition.plasticity.rule: acts when spikes arrive"));
  CHECK_THAT(complaint([](NetworkSpec& spec) {
               spec.projections[3].plasticity.signals = {{"activity", "states"}};
             }),
             Contains("projections.inhibition.plasticity.signals.activity: has 90 numbers"));
  CHECK_THAT(complaint([](NetworkSpec& spec) {
               spec.signals[0].kind = StateSignal{.neurons = {all_of("R")}, .column = "rate"};
             }),
             Contains("signals.rates.column: unknown state of rate_sigmoid"));
}

}  // namespace test_graded
