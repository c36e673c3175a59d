// Saved states: what is in flight for long comes through, and what is not a state of this network is refused.
#include <catch2/catch.hpp>
#include <cstring>
#include <iostream>
#include <random>

#include "core/diagnostics.hpp"
#include "networks/connect/rules.hpp"
#include "tests/property/network_runs.hpp"

namespace test_states {

using namespace runs;

namespace {

// Small, with long delays: most of its state is in flight.
NetworkSpec slow_network(std::uint32_t lanes) {
  NetworkSpec spec;
  spec.seed = 3;
  spec.lanes = lanes;
  spec.populations = {
      {.name = "S",
       .model = "spike_source",
       .size = 12,
       .params = {},
       .options = {},
       .initial = {},
       .trains = trains(12, 200, 20, spec.dt, 6)},
      {.name = "A", .model = "iaf_psc_alpha", .size = 20, .params = {}, .options = {}, .initial = {}, .trains = {}},
      {.name = "Z", .model = "izhikevich", .size = 6, .params = {}, .options = {}, .initial = {}, .trains = {}}};
  spec.projections = {{.name = "late",
                       .source = {all_of("S")},
                       .target = {all_of("A"), all_of("Z")},
                       .connect = fixed_indegree(12),
                       .weight = uniform(300, 600),
                       .delay = uniform(150, 200),
                       .port = {}},
                      {.name = "later",
                       .source = {all_of("A")},
                       .target = {all_of("A")},
                       .connect = bernoulli(0.3),
                       .weight = 250.0,
                       .delay = 90.0,
                       .port = {}}};
  return spec;
}

enum class Verdict { loaded, refused };

Verdict try_load(Simulation& simulation, const Bytes& state) {
  try {
    simulation.load(state);
    return Verdict::loaded;
  } catch (const StateError& error) {
    CHECK(std::strlen(error.what()) > 10);
    return Verdict::refused;
  }
}

}  // namespace

TEST_CASE("spikes that are in flight for up to two thousand ticks arrive after a load") {
  constexpr Tick end = 3200;
  const Outcome expected = run_whole(slow_network(1), 1, end);
  // Nothing but what is on its way can make neurons spike after tick 200.
  const NeuronId first_neuron = 12;
  std::size_t late = 0;
  for (const auto& [tick, neuron] : expected.spikes) late += neuron >= first_neuron && tick > 1500;
  CHECK(late > 50);
  for (const Tick saved_at : {0, 1, 199, 200, 201, 1000, 1499, 1500, 1501, 1999, 2000, 2001, 2500, 3199}) {
    INFO("saved at " << saved_at);
    NetworkSpec ring = slow_network(7), wheel = slow_network(2);
    ring.delivery = NetworkSpec::Delivery::ring;
    wheel.delivery = NetworkSpec::Delivery::wheel;
    ring.window = saved_at % 3 == 0 ? 65536 : 1u << saved_at % 9;
    if (saved_at % 2) std::swap(ring, wheel);
    Network first(wheel, Threads(1)), second(ring, Threads(2)), third(slow_network(1), Threads(1));
    Recorder recorder;
    first.simulation().add_sink(recorder);
    second.simulation().add_sink(recorder);
    third.simulation().add_sink(recorder);
    first.simulation().run(saved_at);
    second.simulation().run(777);  // a past that the load must wipe out
    recorder.spikes.clear();
    Spikes before;
    for (const auto& spike : expected.spikes)
      if (spike.first <= saved_at) before.push_back(spike);
    second.simulation().load(first.simulation().save());
    // Once more at once: what was loaded is saved again.
    third.simulation().load(second.simulation().save());
    third.simulation().run(end - saved_at);
    Spikes all = before;
    all.insert(all.end(), recorder.spikes.begin(), recorder.spikes.end());
    const bool same_spikes = all == expected.spikes, same_state = third.simulation().save() == expected.state;
    CHECK(same_spikes);
    CHECK(same_state);
  }
}

TEST_CASE("a state that is cut anywhere or has bytes behind its end is refused") {
  Network network(slow_network(3), Threads(1));
  network.simulation().run(300);
  const Bytes state = network.simulation().save();
  REQUIRE(state.size() > 2000);
  std::size_t loaded = 0;
  for (std::size_t size = 0; size < state.size(); size += sanitized ? 7 : 1)
    loaded += try_load(network.simulation(), Bytes(state.begin(), state.begin() + static_cast<std::ptrdiff_t>(size))) ==
              Verdict::loaded;
  CHECK(loaded == 0);
  for (const std::size_t more : {1u, 8u, 100u}) {
    Bytes longer = state;
    longer.resize(state.size() + more);
    CHECK(try_load(network.simulation(), longer) == Verdict::refused);
  }
  // After all that the simulation takes the right one.
  CHECK(try_load(network.simulation(), state) == Verdict::loaded);
  CHECK(network.simulation().save() == state);
}

TEST_CASE("a state of another network is refused") {
  const NetworkSpec spec = slow_network(3);
  const auto state_of = [](const NetworkSpec& other) {
    Network network(other, Threads(1));
    network.simulation().run(250);
    return network.simulation().save();
  };
  Network network(spec, Threads(1));
  const auto change = [&](auto edit) {
    NetworkSpec other = spec;
    edit(other);
    return try_load(network.simulation(), state_of(other));
  };
  CHECK(change([](NetworkSpec&) {}) == Verdict::loaded);
  CHECK(change([](NetworkSpec& s) { s.lanes = 5; }) == Verdict::loaded);
  CHECK(change([](NetworkSpec& s) { s.seed = 4; }) == Verdict::refused);
  CHECK(change([](NetworkSpec& s) { s.dt = 0.2; }) == Verdict::refused);
  CHECK(change([](NetworkSpec& s) { s.precision = Precision::double_; }) == Verdict::refused);
  CHECK(change([](NetworkSpec& s) { s.populations[1].size = 21; }) == Verdict::refused);
  CHECK(change([](NetworkSpec& s) { std::swap(s.populations[1], s.populations[2]); }) == Verdict::refused);
  CHECK(change([](NetworkSpec& s) { s.populations[2].options["scheme"] = "euler"; }) == Verdict::refused);
  CHECK(change([](NetworkSpec& s) { s.populations[1].model = "iaf_psc_delta"; }) == Verdict::refused);
  CHECK(change([](NetworkSpec& s) { s.projections.pop_back(); }) == Verdict::refused);
  CHECK(change([](NetworkSpec& s) { s.projections[0].connect = FixedIndegree{.indegree = 11.0}; }) == Verdict::refused);
  CHECK(change([](NetworkSpec& s) { s.projections[1].delay = 91.0; }) == Verdict::refused);
}

TEST_CASE("a state with damaged bytes is refused or loaded, but harms nobody") {
  Network network(slow_network(3), Threads(1));
  network.simulation().run(300);
  const Bytes state = network.simulation().save();
  std::mt19937_64 random(12);
  int refused = 0, loaded = 0, broken = 0;
  for (int trial = 0; trial < (sanitized ? 500 : 4000); ++trial) {
    Bytes damaged = state;
    for (std::uint64_t flips = 1 + random() % 4; flips > 0; --flips) {
      const std::uint64_t at = random() % state.size();
      damaged[at] ^= static_cast<std::byte>(trial % 2 ? 1u << random() % 8 : 1 + random() % 255);
    }
    if (try_load(network.simulation(), damaged) == Verdict::refused) {
      ++refused;
      continue;
    }
    ++loaded;
    // What was loaded runs on; a number that became infinite or none is found, as in any run.
    try {
      network.simulation().run(20);
    } catch (const NumericalError&) {
      ++broken;
    }
  }
  std::cout << "damaged states: " << refused << " refused, " << loaded << " loaded, " << broken
            << " of them not finite\n";
  CHECK(refused > 100);
  CHECK(loaded > (sanitized ? 10 : 100));

  // Times and counts at the ends of their ranges.
  const auto with = [&](const char* item, std::uint64_t value) {
    Bytes damaged = state;
    const std::size_t length = std::strlen(item);
    for (std::size_t i = 0; i + length + 8 <= damaged.size(); ++i)
      if (std::memcmp(damaged.data() + i, item, length) == 0) {
        std::memcpy(damaged.data() + i + length, &value, 8);
        return damaged;
      }
    throw std::logic_error(item);
  };
  CHECK(try_load(network.simulation(), with("now", ~std::uint64_t{0})) == Verdict::refused);
  CHECK(try_load(network.simulation(), with("now", std::uint64_t{1} << 63)) == Verdict::refused);
  CHECK(try_load(network.simulation(), with("now", ~std::uint64_t{0} >> 1)) == Verdict::refused);
  CHECK(try_load(network.simulation(), with("in_flight.tick", ~std::uint64_t{0} >> 1)) == Verdict::refused);
  CHECK(try_load(network.simulation(), state) == Verdict::loaded);
}

}  // namespace test_states
