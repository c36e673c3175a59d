// Weights, traces and spikes of plastic networks do not depend on threads, lanes, instruction sets, pieces of run(),
// saves and loads, nor on whether spikes of targets reach synapses at once or with the next arrival.
#include <catch2/catch.hpp>
#include <iostream>
#include <random>
#include <string>

#include "tests/property/plastic_runs.hpp"

namespace test_plastic_bits {

using namespace runs;

namespace {

PlasticitySpec learning(const char* rule, std::map<std::string, Value> params) {
  return {.rule = rule, .params = std::move(params)};
}

// Projections with uneven delays, several ports and lanes, two of them onto the same neurons.
NetworkSpec demanding(Precision precision, std::uint32_t lanes, bool eager) {
  NetworkSpec spec = demanding_network(precision, lanes);
  spec.projections[0].plasticity = learning("stdp_pair", {{"lambda", 0.2}, {"w_max", 120.0}});
  spec.projections[1].plasticity = learning("stdp_nearest", {{"lambda", 0.1}, {"alpha", 1.2}, {"w_max", 60.0}});
  spec.projections[2].weight = uniform(-30, -1);
  spec.projections[2].plasticity =
      learning("stdp_pair", {{"lambda", 0.05}, {"mu_plus", 0.0}, {"mu_minus", 0.0}, {"w_max", 50.0}});
  for (ProjectionSpec& projection : spec.projections) projection.plasticity.eager = eager;
  return spec;
}

// Small and busy for long: histories fill up, and last longer than 2^14 ticks where neurons are silent.
NetworkSpec busy(Precision precision, std::uint32_t lanes, bool eager) {
  NetworkSpec spec;
  spec.seed = 5;
  spec.precision = precision;
  spec.lanes = lanes;
  spec.populations = {{.name = "S",
                       .model = "spike_source",
                       .size = 15,
                       .params = {},
                       .options = {},
                       .initial = {},
                       .trains = trains(15, 60'000, 700, spec.dt, 6)},
                      {.name = "late",
                       .model = "spike_source",
                       .size = 1,
                       .params = {},
                       .options = {},
                       .initial = {},
                       .trains = std::make_shared<SpikeTrains>(SpikeTrains{{0, 3}, {2.0, 5300.0, 5310.0}})},
                      {.name = "N",
                       .model = "iaf_psc_exp",
                       .size = 12,
                       .params = {{"I_e", uniform(330, 900)}, {"t_ref", 1.0}},
                       .options = {},
                       .initial = {},
                       .trains = {}}};
  spec.projections = {{.name = "in",
                       .source = {all_of("S"), all_of("late")},
                       .target = {all_of("N")},
                       .connect = bernoulli(0.6),
                       .weight = uniform(1, 90),
                       .delay = uniform(0.5, 12),
                       .port = {},
                       .plasticity = learning("stdp_pair", {{"lambda", 0.01}, {"w_max", 100.0}, {"tau_plus", 400.0}})},
                      {.name = "loop",
                       .source = {all_of("N")},
                       .target = {all_of("N")},
                       .connect = bernoulli(0.5),
                       .weight = uniform(-60, -1),
                       .delay = uniform(1, 30),
                       .port = {},
                       .plasticity = learning("stdp_nearest", {{"lambda", 0.03}, {"w_max", 100.0}})}};
  for (ProjectionSpec& projection : spec.projections) projection.plasticity.eager = eager;
  return spec;
}

}  // namespace

TEST_CASE("plastic networks: the same bits for threads, lanes, instruction sets, pieces, eager and lazy") {
  const Precision precision = GENERATE(Precision::single_, Precision::double_);
  constexpr Tick duration = 400;
  std::mt19937_64 random(3);
  const Ending expected = run_to(demanding(precision, 1, true), 1, duration);
  CHECK(expected.spikes.size() > 2500);
  for (const Isa isa : usable_isas()) {
    const ChosenIsa chosen(isa);
    for (const std::uint32_t lanes : {1u, 2u, 5u, 16u, 23u}) {
      for (const unsigned threads : {1u, 3u}) {
        if (sanitized && (lanes + threads) % 3 != 0) continue;
        INFO(name_of(isa) << ", " << lanes << " lanes, " << threads << " threads");
        CHECK(difference(run_to(demanding(precision, lanes, false), threads, duration), expected) == "");
        CHECK(difference(run_to(demanding(precision, lanes, threads == 3), threads, duration, &random), expected) ==
              "");
      }
    }
  }
}

TEST_CASE("plastic networks: histories that fill up and those that last give the same bits") {
  const Precision precision = GENERATE(Precision::single_, Precision::double_);
  const Tick duration = sanitized ? 20'000 : 60'000;
  const Ending expected = run_to(busy(precision, 1, true), 1, duration);
  std::cout << "busy plastic network: " << expected.spikes.size() << " spikes\n";
  CHECK(expected.spikes.size() > static_cast<std::size_t>(duration / 12));
  for (const Isa isa : usable_isas()) {
    const ChosenIsa chosen(isa);
    for (const std::uint32_t lanes : {1u, 3u}) {
      INFO(name_of(isa) << ", " << lanes << " lanes");
      CHECK(difference(run_to(busy(precision, lanes, false), 2, duration), expected) == "");
    }
  }
}

TEST_CASE("plastic networks: the same bits through saves and loads at random ticks") {
  const Precision precision = GENERATE(Precision::single_, Precision::double_);
  check_journeys([&](std::uint32_t lanes, bool eager) { return busy(precision, lanes, eager); }, 3000);
  check_journeys([&](std::uint32_t lanes, bool eager) { return demanding(precision, lanes, eager); }, 400);
}

namespace {

// From `at` on, the projections whose bits are set in `learning` learn.
struct Switch {
  Tick at;
  unsigned learning;
};

void learn_as(Network& network, const Switch& one) {
  for (std::size_t p = 0; p < network.projections().size(); ++p)
    network.simulation().learn(p, (one.learning >> p & 1) != 0);
}

Ending run_switched(const NetworkSpec& spec, unsigned threads, const std::vector<Switch>& switches, Tick end,
                    std::mt19937_64* pieces = nullptr) {
  Network network(spec, Threads(threads));
  Recorder recorder;
  network.simulation().add_sink(recorder);
  for (std::size_t i = 0; i < switches.size(); ++i) {
    learn_as(network, switches[i]);
    const Tick ticks = (i + 1 < switches.size() ? switches[i + 1].at : end) - network.simulation().now();
    if (pieces != nullptr)
      run_in_pieces(network.simulation(), ticks, *pieces);
    else
      network.simulation().run(ticks);
  }
  return {std::move(recorder.spikes), network.simulation().save()};
}

// Weights of a projection as they are.
std::vector<double> weights_of(Network& network, std::size_t projection) {
  network.simulation().settle();
  std::vector<Synapse> synapses;
  for (NeuronId source = 0; source < network.simulation().neurons(); ++source)
    network.outgoing(projection, source, synapses);
  std::vector<double> weights;
  for (const Synapse& synapse : synapses) weights.push_back(synapse.weight);
  return weights;
}

const std::vector<Switch> switched{{0, 0b101}, {97, 0b010}, {98, 0b110}, {201, 0}, {263, 0b111}, {350, 0b001}};

}  // namespace

TEST_CASE("plastic networks: the same bits where learning is switched off and on") {
  const Precision precision = GENERATE(Precision::single_, Precision::double_);
  constexpr Tick duration = 400;
  std::mt19937_64 random(8);
  const Ending expected = run_switched(demanding(precision, 1, true), 1, switched, duration);
  CHECK(difference(run_to(demanding(precision, 1, true), 1, duration), expected) != "");
  for (const Isa isa : usable_isas()) {
    const ChosenIsa chosen(isa);
    for (const std::uint32_t lanes : {1u, 5u, 16u}) {
      for (const unsigned threads : {1u, 3u}) {
        INFO(name_of(isa) << ", " << lanes << " lanes, " << threads << " threads");
        CHECK(difference(run_switched(demanding(precision, lanes, false), threads, switched, duration), expected) ==
              "");
        CHECK(difference(run_switched(demanding(precision, lanes, threads == 3), threads, switched, duration, &random),
                         expected) == "");
      }
    }
  }
}

TEST_CASE("plastic networks: a long time without learning gives the same bits, eager and lazy") {
  const Precision precision = GENERATE(Precision::single_, Precision::double_);
  // Histories fill up, and outlast 2^14 ticks, while nothing is learnt.
  const Tick end = sanitized ? 24'000 : 60'000;
  const std::vector<Switch> switches{{0, 0b11}, {2000, 0b10}, {end - 3000, 0b11}};
  const Ending expected = run_switched(busy(precision, 1, true), 1, switches, end);
  for (const std::uint32_t lanes : {1u, 3u})
    CHECK(difference(run_switched(busy(precision, lanes, false), 2, switches, end), expected) == "");
}

TEST_CASE("plastic networks: saved and loaded while some projections do not learn") {
  const Precision precision = GENERATE(Precision::single_, Precision::double_);
  constexpr Tick duration = 400;
  std::mt19937_64 random(9);
  const Ending expected = run_switched(demanding(precision, 1, true), 1, switched, duration);
  for (int journey = 0; journey < (sanitized ? 2 : 6); ++journey) {
    Bytes state;
    Spikes spikes;
    Tick now = 0;
    std::size_t next = 0;
    while (now < duration) {
      const std::uint32_t lanes[] = {1, 2, 5, 16};
      Network here(demanding(precision, lanes[random() % 4], random() % 3 == 0),
                   Threads(static_cast<unsigned>(1 + random() % 3)));
      if (random() % 2 == 0) learn_as(here, {0, static_cast<unsigned>(random() % 8)});  // forgotten by the load
      Recorder recorder;
      here.simulation().add_sink(recorder);
      if (!state.empty()) here.simulation().load(state);
      if (next < switched.size() && switched[next].at == now) learn_as(here, switched[next++]);
      const Tick border = next < switched.size() ? switched[next].at : duration;
      const Tick hop = std::min(border - now, static_cast<Tick>(1 + random() % 60));
      run_in_pieces(here.simulation(), hop, random);
      now += hop;
      state = here.simulation().save();
      spikes.insert(spikes.end(), recorder.spikes.begin(), recorder.spikes.end());
    }
    CHECK(next == switched.size());
    CHECK(difference({spikes, state}, expected) == "");
  }
}

TEST_CASE("a projection that does not learn keeps its weights, others learn, and it goes on where it stopped") {
  const bool eager = GENERATE(false, true);
  Network network(demanding(Precision::single_, 5, eager), Threads(2));
  const std::string name = network.projections()[0].name, other = network.projections()[1].name;
  CHECK(network.simulation().learns(0));
  network.simulation().run(100);
  network.learn(name, false);
  CHECK_FALSE(network.simulation().learns(0));
  const std::vector<double> kept = weights_of(network, 0), before = weights_of(network, 1);
  network.simulation().run(150);
  CHECK(weights_of(network, 0) == kept);
  CHECK(weights_of(network, 1) != before);
  // What its targets did meanwhile is not learnt afterwards.
  network.learn(name, true);
  CHECK(weights_of(network, 0) == kept);
  network.simulation().run(100);
  CHECK(weights_of(network, 0) != kept);
  CHECK_THROWS_WITH(network.learn("nobody", true), Catch::Contains("there is no such projection"));
}

TEST_CASE("plastic projections onto populations that are updated by events: the same bits") {
  const Precision precision = GENERATE(Precision::single_, Precision::double_);
  constexpr Tick duration = 1000;
  const auto spec = [&](std::uint32_t lanes, bool eager) {
    NetworkSpec made = event_network(precision, lanes);
    made.projections[0].weight = uniform(5, 13);
    made.projections[0].plasticity = learning("stdp_pair", {{"lambda", 0.1}, {"w_max", 30.0}});
    made.projections[6].weight = uniform(200, 800);
    made.projections[6].plasticity = learning("tsodyks_markram", {{"U", 0.4}});
    made.projections[7].weight = uniform(-6, -2);
    made.projections[7].plasticity = learning("vogels_sprekeler", {{"eta", 0.5}, {"rho", uniform(1, 9)}});
    for (ProjectionSpec& projection : made.projections) projection.plasticity.eager = eager;
    return made;
  };
  const Ending expected = run_to(spec(1, true), 1, duration);
  CHECK(expected.spikes.size() > 1000);
  std::mt19937_64 random(6);
  for (const std::uint32_t lanes : {1u, 3u, 16u}) {
    CHECK(difference(run_to(spec(lanes, false), 2, duration), expected) == "");
    CHECK(difference(run_to(spec(lanes, false), 1, duration, &random), expected) == "");
  }
}

TEST_CASE("a rule that changes nothing gives the spikes of the static network") {
  const Precision precision = GENERATE(Precision::single_, Precision::double_);
  constexpr Tick duration = 400;
  NetworkSpec still = demanding(precision, 5, false);
  for (ProjectionSpec& projection : still.projections) {
    if (projection.plasticity.rule.empty()) continue;
    projection.plasticity.params["lambda"] = 0.0;
    projection.plasticity.params["w_max"] = 1000.0;
  }
  NetworkSpec fixed = still;
  for (ProjectionSpec& projection : fixed.projections) projection.plasticity = {};
  const Spikes expected = run_to(fixed, 2, duration).spikes;
  const bool same = run_to(still, 2, duration).spikes == expected;
  CHECK(same);
  // And one that changes something others.
  const bool other = run_to(demanding(precision, 5, false), 2, duration).spikes != expected;
  CHECK(other);
}

TEST_CASE("a saved state of a plastic network that is cut anywhere is refused") {
  Network network(busy(Precision::single_, 2, false), Threads(1));
  network.simulation().run(500);
  const Bytes state = network.simulation().save();
  for (std::size_t size = 0; size < state.size(); size += sanitized ? 13 : 3)
    CHECK_THROWS_AS(network.simulation().load(Bytes(state.begin(), state.begin() + static_cast<std::ptrdiff_t>(size))),
                    StateError);
  network.simulation().load(state);
  CHECK(network.simulation().save() == state);
}

}  // namespace test_plastic_bits
