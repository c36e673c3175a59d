// What must hold for every network: nothing is delivered twice or lost, time has no origin, and nobody's random numbers
// depend on who else is there.
#include <algorithm>
#include <catch2/catch.hpp>
#include <map>
#include <random>

#include "core/bytes.hpp"
#include "neurons/population.hpp"
#include "tests/property/network_runs.hpp"
#include "tests/reference/rebuilt_edges.hpp"

namespace test_invariants {

using namespace runs;

namespace {

Bytes bytes_of_population(Simulation& simulation, const std::string& name) {
  for (std::size_t p = 0; p < simulation.populations().size(); ++p) {
    if (simulation.populations()[p].name != name) continue;
    ByteWriter writer;
    simulation.population(p).save(writer);
    return writer.take();
  }
  throw std::invalid_argument(name);
}

Spikes of_population(const Spikes& spikes, const PopulationInfo& population) {
  Spikes own;
  for (const auto& [tick, neuron] : spikes)
    if (neuron >= population.first && neuron < population.first + population.size)
      own.emplace_back(tick, neuron - population.first);
  return own;
}

// A neuron that adds up what arrives and never fires: no leak, no threshold.
PopulationSpec adder(std::string name, std::uint32_t size) {
  return {.name = std::move(name),
          .model = "iaf_psc_delta",
          .size = size,
          .params = {{"tau_m", 1e30}, {"E_L", 0.0}, {"V_reset", 0.0}, {"V_th", 1e30}},
          .options = {},
          .initial = {},
          .trains = {}};
}

}  // namespace

TEST_CASE("every spike is delivered once through every synapse, at its tick") {
  const std::uint32_t lanes = GENERATE(1u, 16u);
  NetworkSpec spec;
  spec.seed = 11;
  spec.precision = Precision::double_;
  spec.lanes = lanes;
  constexpr Tick duration = 700;
  spec.populations = {{.name = "given",
                       .model = "spike_source",
                       .size = 50,
                       .params = {},
                       .options = {},
                       .initial = {},
                       .trains = trains(50, duration, 15, spec.dt, 9)},
                      {.name = "firing",
                       .model = "iaf_psc_alpha",
                       .size = 80,
                       .params = {{"I_e", uniform(400, 600)}},
                       .options = {},
                       .initial = {},
                       .trains = {}},
                      adder("one", 130),
                      adder("two", 40)};
  auto list = std::make_shared<EdgeList>();
  for (std::uint32_t e = 0; e < 500; ++e) {
    list->source.push_back(e * e % 50);
    list->target.push_back(e % 7 * e % 40);
  }
  spec.projections = {{.name = "indegree",
                       .source = {all_of("given"), all_of("firing")},
                       .target = {all_of("one"), slice("two", 3, 40, 4)},
                       .connect = fixed_indegree(30),
                       .weight = 1.0,
                       .delay = uniform(0.1, 9),
                       .port = {}},
                      {.name = "no_multapses",
                       .source = {slice("firing", 0, 80, 2)},
                       .target = {all_of("two")},
                       .connect = FixedIndegree{.indegree = 35.0, .multapses = false},
                       .weight = 1.0,
                       .delay = 0.3,
                       .port = {}},
                      {.name = "dice",
                       .source = {all_of("firing"), all_of("given")},
                       .target = {all_of("one")},
                       .connect = bernoulli(0.2),
                       .weight = 1.0,
                       .delay = lognormal(1, 1),
                       .port = {}},
                      {.name = "all",
                       .source = {slice("given", 5, 20)},
                       .target = {slice("one", 0, 130, 3)},
                       .connect = AllToAll{},
                       .weight = 1.0,
                       .delay = 2.0,
                       .port = {}},
                      {.name = "pairs",
                       .source = {slice("firing", 40, 80)},
                       .target = {all_of("two")},
                       .connect = OneToOne{},
                       .weight = 1.0,
                       .delay = normal(30, 9, 1),
                       .port = {}},
                      {.name = "list",
                       .source = {all_of("given")},
                       .target = {all_of("two")},
                       .connect = List{list},
                       .weight = 1.0,
                       .delay = choice({0.1, 20, 60}),
                       .port = {}}};

  Network network(spec, Threads(2));
  Recorder recorder;
  network.simulation().add_sink(recorder);
  network.simulation().run(duration);

  std::map<NeuronId, std::vector<rebuilt::Edge>> outgoing;
  std::uint64_t synapses = 0;
  for (const rebuilt::Edge& edge : rebuilt::edges_of(spec)) {
    outgoing[edge.source].push_back(edge);
    ++synapses;
  }
  CHECK(network.synapses() == synapses);
  std::vector<double> expected(130 + 40, 0.0);
  double still_in_flight = 0, deliveries = 0;
  for (const auto& [tick, neuron] : recorder.spikes) {
    for (const rebuilt::Edge& edge : outgoing[neuron]) {
      if (tick + edge.delay > duration) {
        ++still_in_flight;
      } else {
        ++expected[edge.target - 130];
        ++deliveries;
      }
    }
  }
  CHECK(deliveries > 50'000);
  CHECK(still_in_flight > 1'000);
  const auto sums = [&] {
    std::vector<double> all;
    for (const std::size_t p : {2u, 3u}) {
      const auto& population = dynamic_cast<Population&>(network.simulation().population(p));
      const auto* const V_m = static_cast<const double*>(population.column(0));
      all.insert(all.end(), V_m, V_m + population.size());
    }
    return all;
  };
  const bool equal = sums() == expected;
  CHECK(equal);
  // So the sum over all spikes of the source's out-degree is what arrived and what is still to come.
  double out_degrees = 0, arrived = 0;
  for (const auto& [tick, neuron] : recorder.spikes) out_degrees += static_cast<double>(outgoing[neuron].size());
  for (const double sum : sums()) arrived += sum;
  CHECK(arrived + still_in_flight == out_degrees);
}

// All neurons rest at an exact fixed point until the stimulus comes, so that there is nothing but the stimulus to tell
// the time.
TEST_CASE("a stimulus that comes k ticks later shifts everything by k ticks") {
  const Precision precision = GENERATE(Precision::single_, Precision::double_);
  const auto run = [&](Tick shift, std::uint32_t lanes) {
    NetworkSpec spec;
    spec.seed = 8;
    spec.precision = precision;
    spec.lanes = lanes;
    auto shifted = std::make_shared<SpikeTrains>(*trains(30, 300, 15, spec.dt, 2));
    for (double& time : shifted->times) time = tick_to_ms(ms_to_tick_nearest(time, spec.dt) + shift, spec.dt);
    const std::map<std::string, Value> at_zero{{"E_L", 0.0}, {"V_reset", 0.0}, {"V_th", uniform(12, 18)}};
    // With these every product of the resting state is exact: 128 - 320 + 176 + 16 = 0.
    const std::map<std::string, Value> exact{{"c2", 0.03125}, {"c1", 5.0}, {"c0", 176.0}, {"b", 0.25}, {"c", -64.0}};
    spec.populations = {{.name = "S",
                         .model = "spike_source",
                         .size = 30,
                         .params = {},
                         .options = {},
                         .initial = {},
                         .trains = shifted},
                        {.name = "A",
                         .model = "iaf_psc_alpha",
                         .size = 60,
                         .params = at_zero,
                         .options = {},
                         .initial = {},
                         .trains = {}},
                        {.name = "D",
                         .model = "iaf_psc_delta",
                         .size = 60,
                         .params = at_zero,
                         .options = {},
                         .initial = {},
                         .trains = {}},
                        {.name = "Z",
                         .model = "izhikevich",
                         .size = 40,
                         .params = exact,
                         .options = {},
                         .initial = {{"V_m", -64.0}},
                         .trains = {}}};
    spec.projections = {{.name = "in",
                         .source = {all_of("S")},
                         .target = {all_of("A")},
                         .connect = fixed_indegree(10),
                         .weight = normal(80, 30),
                         .delay = uniform(0.3, 5),
                         .port = {}},
                        {.name = "on",
                         .source = {all_of("A"), all_of("S")},
                         .target = {all_of("D"), all_of("Z")},
                         .connect = fixed_indegree(15),
                         .weight = normal(1.5, 0.5),
                         .delay = uniform(0.3, 9),
                         .port = {}},
                        {.name = "back",
                         .source = {all_of("D"), all_of("Z")},
                         .target = {all_of("A")},
                         .connect = bernoulli(0.1),
                         .weight = normal(0, 60),
                         .delay = normal(2, 0.5, 0.2),
                         .port = {}}};
    spec.inputs = {{.name = "push",
                    .kind = ConstantCurrent{.amplitude = uniform(400, 600)},
                    .target = {slice("D", 0, 40), slice("A", 0, 60, 2)},
                    .start = tick_to_ms(50 + shift, spec.dt),
                    .stop = tick_to_ms(350 + shift, spec.dt)}};
    Network network(spec, Threads(1));
    Recorder recorder;
    network.simulation().add_sink(recorder);
    network.simulation().run(600 + shift);
    for (auto& [tick, neuron] : recorder.spikes) tick -= shift;
    Bytes states;
    for (const char* name : {"A", "D", "Z"}) {
      const Bytes some = bytes_of_population(network.simulation(), name);
      states.insert(states.end(), some.begin(), some.end());
    }
    std::vector<std::size_t> spikes_of;
    for (const PopulationInfo& p : network.simulation().populations())
      spikes_of.push_back(of_population(recorder.spikes, p).size());
    return std::tuple(std::move(recorder.spikes), std::move(states), std::move(spikes_of));
  };
  const auto expected = run(0, 3);
  for (const std::size_t spikes : std::get<2>(expected)) CHECK(spikes > 30);
  for (const Tick shift : {1, 2, 3, 7, 64, 1000, 1025}) {
    INFO("shift " << shift);
    const bool equal = run(shift, 3) == expected;
    CHECK(equal);
  }
}

TEST_CASE("a population in front of all others, with its own input and synapses, changes nobody else's draws") {
  const Precision precision = GENERATE(Precision::single_, Precision::double_);
  constexpr Tick duration = 300;
  const NetworkSpec plain = demanding_network(precision, 16);
  NetworkSpec more = plain;
  more.populations.insert(more.populations.begin(), {.name = "newcomer",
                                                     .model = "iaf_psc_delta",
                                                     .size = 77,
                                                     .params = {{"tau_m", uniform(5, 15)}},
                                                     .options = {},
                                                     .initial = {},
                                                     .trains = {}});
  more.projections.insert(more.projections.begin(), {.name = "newcomer_to_itself",
                                                     .source = {all_of("newcomer"), all_of("E")},
                                                     .target = {all_of("newcomer")},
                                                     .connect = fixed_indegree(10),
                                                     .weight = normal(0.1, 0.1),
                                                     .delay = uniform(0.2, 3),
                                                     .port = {}});
  more.inputs.insert(
      more.inputs.begin(),
      {.name = "to_newcomer", .kind = PoissonSpikes{.rate = 9000.0, .weight = 0.4}, .target = {all_of("newcomer")}});
  Network alone(plain, Threads(1)), together(more, Threads(1));
  Recorder spikes_alone, spikes_together;
  alone.simulation().add_sink(spikes_alone);
  together.simulation().add_sink(spikes_together);
  alone.simulation().run(duration);
  together.simulation().run(duration);
  const auto& populations = alone.simulation().populations();
  for (std::size_t p = 0; p < populations.size(); ++p) {
    INFO(populations[p].name);
    const Spikes before = of_population(spikes_alone.spikes, populations[p]);
    CHECK(before.size() > 5);
    const bool same_spikes =
        before == of_population(spikes_together.spikes, together.simulation().populations()[p + 1]);
    CHECK(same_spikes);
    const bool same_state = bytes_of_population(alone.simulation(), populations[p].name) ==
                            bytes_of_population(together.simulation(), populations[p].name);
    CHECK(same_state);
  }
  CHECK(of_population(spikes_together.spikes, together.simulation().populations()[0]).size() > 50);
}

}  // namespace test_invariants
