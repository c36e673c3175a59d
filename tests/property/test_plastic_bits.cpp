// Weights, traces and spikes of plastic networks do not depend on threads, lanes, instruction sets, pieces of run(),
// saves and loads, nor on whether spikes of targets reach synapses at once or with the next arrival.
#include <catch2/catch.hpp>
#include <iostream>
#include <random>
#include <string>

#include "tests/property/plastic_runs.hpp"

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
