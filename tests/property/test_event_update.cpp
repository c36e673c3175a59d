// Update by events: the same bits whatever the layout, the states and spikes of update by ticks within rounding, looks
// that change nothing, and states that are refused.
#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <cstring>
#include <iostream>
#include <limits>
#include <numeric>
#include <random>

#include "core/diagnostics.hpp"
#include "networks/connect/rules.hpp"
#include "tests/property/network_runs.hpp"

namespace test_event_update {

using namespace runs;

namespace {

constexpr Tick duration = 1200;
using Update = PopulationSpec::Update;

NetworkSpec by_ticks(NetworkSpec spec) {
  for (PopulationSpec& p : spec.populations) p.update = Update::tick;
  return spec;
}

// All columns of all populations, one after the other.
std::vector<double> states_of(Network& network, const NetworkSpec& spec) {
  std::vector<double> all;
  for (std::size_t p = 0; p < spec.populations.size(); ++p) {
    const PopulationBlock& block = network.simulation().population(p);
    std::vector<std::uint32_t> neurons(block.size());
    std::iota(neurons.begin(), neurons.end(), 0u);
    for (const char* name : {"V_m", "I_syn_ex", "dI_syn_ex", "I_syn_in", "dI_syn_in", "refractory"}) {
      const auto column = block.find_column(name);
      if (!column) continue;
      std::vector<double> values(neurons.size());
      block.read(*column, network.simulation().now(), neurons, values.data());
      all.insert(all.end(), values.begin(), values.end());
    }
  }
  return all;
}

}  // namespace

TEST_CASE("update by events: the same bits for any threads, lanes, pieces, saves and loads") {
  const Precision precision = GENERATE(Precision::single_, Precision::double_);
  const Outcome expected = run_whole(event_network(precision, 1), 1, duration);
  CHECK(expected.spikes.size() > 3000);
  std::mt19937_64 random(6);
  for (const std::uint32_t lanes : {2u, 5u, 16u})
    for (const unsigned threads : {1u, 3u}) {
      INFO(lanes << " lanes, " << threads << " threads");
      const NetworkSpec spec = event_network(precision, lanes);
      const bool same = run_whole(spec, threads, duration) == expected;
      CHECK(same);
      // In pieces, moved to another network on the way.
      Network first(spec, Threads(threads)), second(event_network(precision, lanes + 3), Threads(1));
      Recorder recorder;
      first.simulation().add_sink(recorder);
      const auto moved_at = static_cast<Tick>(random() % duration);
      run_in_pieces(first.simulation(), moved_at, random);
      second.simulation().run(77);
      second.simulation().add_sink(recorder);
      second.simulation().load(first.simulation().save());
      run_in_pieces(second.simulation(), duration - moved_at, random);
      CHECK((recorder.spikes == expected.spikes));
      CHECK((second.simulation().save() == expected.state));
    }
}

TEST_CASE("update by events and by ticks: equal spikes in double precision, states within rounding") {
  const NetworkSpec spec = event_network(Precision::double_, 3);
  Network events(spec, Threads(1)), ticks(by_ticks(spec), Threads(1));
  CHECK(events.simulation().by_event(1));
  CHECK_FALSE(events.simulation().by_event(5));
  CHECK_FALSE(ticks.simulation().by_event(1));
  Recorder of_events, of_ticks;
  events.simulation().add_sink(of_events);
  ticks.simulation().add_sink(of_ticks);
  double largest = 0, unequal = 0;
  while (events.simulation().now() < duration) {
    events.simulation().run(10);
    ticks.simulation().run(10);
    const std::vector<double> a = states_of(events, spec), b = states_of(ticks, spec);
    REQUIRE(a.size() == b.size());
    for (std::size_t i = 0; i < a.size(); ++i) {
      largest = std::max(largest, std::abs(a[i] - b[i]) / std::max(1.0, std::abs(b[i])));
      unequal += a[i] != b[i];
    }
  }
  std::cout << "by events and by ticks, double: states differ by at most " << largest << " of themselves\n";
  CHECK((of_events.spikes == of_ticks.spikes));
  CHECK(largest < 1e-11);
  CHECK(unequal > 1000);  // else both would be the same thing
  std::size_t spiked = 0;
  for (const auto& [tick, neuron] : of_ticks.spikes) spiked += neuron >= 30;
  CHECK(spiked > 1500);
}

// Ticks round a hundred times within a time constant, jumps once or twice; what the coefficients lose is common to
// both.
TEST_CASE("update by events in single precision is nearer to double precision than update by ticks") {
  const auto quiet = [](Precision precision) {  // no threshold is reached, so nothing can part but by rounding
    NetworkSpec spec = event_network(precision, 3);
    for (PopulationSpec& p : spec.populations)
      if (p.model != "spike_source") p.params["V_th"] = 1e6;
    return spec;
  };
  const NetworkSpec single = quiet(Precision::single_), exact = quiet(Precision::double_);
  Network events(single, Threads(1)), ticks(by_ticks(single), Threads(1)), right(by_ticks(exact), Threads(1));
  double of_events = 0, of_ticks = 0;
  while (right.simulation().now() < duration) {
    for (Network* network : {&events, &ticks, &right}) network->simulation().run(10);
    const std::vector<double> a = states_of(events, single), b = states_of(ticks, single), c = states_of(right, exact);
    for (std::size_t i = 0; i < c.size(); ++i) {
      const double scale = std::max(70.0, std::abs(c[i]));
      of_events = std::max(of_events, std::abs(a[i] - c[i]) / scale);
      of_ticks = std::max(of_ticks, std::abs(b[i] - c[i]) / scale);
    }
  }
  std::cout << "single precision, of 70 or of themselves: states by events are off by at most " << of_events
            << ", by ticks " << of_ticks << "\n";
  CHECK(of_events < of_ticks);
  CHECK(of_ticks < 1e-5);
}

TEST_CASE("update by events: looking at states changes nothing") {
  const NetworkSpec spec = event_network(Precision::single_, 5);
  const Outcome expected = run_whole(spec, 1, duration);
  Network network(spec, Threads(2));
  Recorder recorder;
  network.simulation().add_sink(recorder);
  for (Tick t = 0; t < duration; t += 3) {
    network.simulation().run(3);
    states_of(network, spec);
  }
  CHECK((recorder.spikes == expected.spikes));
  CHECK((network.simulation().save() == expected.state));
}

namespace {

// A saved state in which one number of the first item called `name` is another.
template <class T>
Bytes spoiled(Bytes state, const std::string& name, std::size_t index, T number) {
  const auto found = std::search(state.begin(), state.end(), name.begin(), name.end(),
                                 [](std::byte a, char b) { return a == static_cast<std::byte>(b); });
  REQUIRE(found != state.end());
  std::memcpy(&*found + name.size() + index * sizeof(T), &number, sizeof number);
  return state;
}

}  // namespace

TEST_CASE("update by events: states from the future, or of another way of updating, are refused") {
  const NetworkSpec spec = event_network(Precision::single_, 2);
  Network network(spec, Threads(1));
  network.simulation().run(300);
  const Bytes state = network.simulation().save();
  for (const Tick wrong : {Tick{301}, Tick{-1}, never}) {
    try {
      network.simulation().load(spoiled(state, "last", 5, wrong));
      FAIL("taken");
    } catch (const StateError& error) {
      CHECK(std::string(error.what()).find("D.last") != std::string::npos);
      CHECK(std::string(error.what()).find("neuron 5") != std::string::npos);
    }
  }
  network.simulation().load(state);
  CHECK_THROWS_AS(Network(by_ticks(spec), Threads(1)).simulation().load(state), StateError);
}

TEST_CASE("update by events: a state that is not finite is found, whether anything arrives or not") {
  Network network(event_network(Precision::single_, 4), Threads(1));
  network.simulation().run(10);
  const Bytes state = network.simulation().save();
  // (Infinity is above the threshold, and gone with the spike.)
  for (const float wrong : {std::numeric_limits<float>::quiet_NaN(), -std::numeric_limits<float>::infinity()}) {
    network.simulation().load(spoiled(state, "V_m", 222, wrong));
    try {
      network.simulation().run(1);
      FAIL("not found");
    } catch (const NumericalError& error) {
      CHECK(error.complaint().key == "D[222]");
    }
  }
  // What damaged states say of refractoriness may be anything; it must do no harm.
  for (const float wrong : {1e30f, -5.0f, 0.5f, std::numeric_limits<float>::quiet_NaN()}) {
    network.simulation().load(spoiled(state, "refractory", 222, wrong));
    try {
      network.simulation().run(300);
    } catch (const NumericalError&) {
      CHECK(wrong != wrong);
    }
  }
}

TEST_CASE("auto: by events where few spikes reach many neurons that are at rest") {
  NetworkSpec spec;
  spec.populations.resize(2);
  for (PopulationSpec& p : spec.populations) {
    p.model = "iaf_psc_exp";
    p.params = {{"V_th", -55.0}, {"C_m", 250.0}, {"tau_m", 10.0}, {"E_L", -70.0}};
  }
  spec.populations[0].name = "few";
  spec.populations[0].size = 100;
  spec.populations[0].params["I_e"] = 500.0;
  spec.populations[1].name = "many";
  spec.populations[1].size = 20'000;
  spec.projections = {{.name = "p",
                       .source = {all_of("few"), all_of("many")},
                       .target = {all_of("many")},
                       .connect = fixed_indegree(5),
                       .weight = 1.0,
                       .port = {}}};
  const auto chosen = [&](auto change) {
    NetworkSpec other = spec;
    change(other);
    Network network(other, Threads(1));
    CHECK_FALSE(network.simulation().by_event(0));
    return network.simulation().by_event(1);
  };
  CHECK(chosen([](NetworkSpec&) {}));
  CHECK(chosen([](NetworkSpec& s) { s.delivery = NetworkSpec::Delivery::ring; }));  // layouts change no results
  CHECK(chosen([](NetworkSpec& s) { s.lanes = 7; }));
  CHECK(chosen([](NetworkSpec& s) { s.populations[1].params["I_e"] = 374.0; }));  // V_inf = -70 + 0.04 I_e
  CHECK_FALSE(chosen([](NetworkSpec& s) { s.populations[1].params["I_e"] = 376.0; }));
  CHECK_FALSE(chosen([](NetworkSpec& s) { s.populations[1].update = Update::tick; }));
  CHECK_FALSE(chosen([](NetworkSpec& s) { s.populations[1].params["V_th"] = uniform(-56, -55); }));
  CHECK_FALSE(chosen([](NetworkSpec& s) { s.populations[1].size = 5000; }));
  CHECK_FALSE(chosen([](NetworkSpec& s) { s.projections[0].connect = FixedIndegree{.indegree = 200.0}; }));
  CHECK_FALSE(chosen([](NetworkSpec& s) { s.populations[1].model = "iaf_psc_exp_adapt"; }));
  const auto drive = [](NetworkSpec& s, std::uint32_t neurons) {
    s.inputs = {{.name = "i", .kind = PoissonSpikes{.rate = 10.0}, .target = {slice("many", 0, neurons)}}};
  };
  CHECK(chosen([&](NetworkSpec& s) { drive(s, 100); }));
  CHECK_FALSE(chosen([&](NetworkSpec& s) { drive(s, 20'000); }));
}

TEST_CASE("update = \"event\" is refused where it cannot be") {
  NetworkSpec spec = event_network(Precision::single_, 1);
  const auto refused = [&](auto change) {
    NetworkSpec other = spec;
    change(other.populations[1]);
    try {
      Network::check(other);
    } catch (const BuildError& error) {
      return error.complaint().key + ": " + error.complaint().problem;
    }
    return std::string();
  };
  CHECK(refused([](PopulationSpec&) {}) == "");
  CHECK(refused([](PopulationSpec& p) {
          p.model = "izhikevich";
          p.params.clear();
        }) == "populations.D.update: izhikevich is not linear between spikes, it needs every tick");
  CHECK(refused([](PopulationSpec& p) { p.params["V_th"] = uniform(-56, -55); }) ==
        "populations.D.update: needs the same parameters for all neurons, and V_th differs");
}

}  // namespace test_event_update
