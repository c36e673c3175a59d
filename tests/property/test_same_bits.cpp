// Spikes, states and sealed files do not depend on threads, lanes, the way of delivery, instruction sets, pieces of
// run(), saves and loads.
#include <unistd.h>

#include <algorithm>
#include <array>
#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <map>
#include <random>
#include <set>
#include <string>
#include <tuple>

#include "io/record/spike_recorder.hpp"
#include "networks/delivery/stored_synapses.hpp"
#include "tests/property/network_runs.hpp"
#include "tests/reference/rebuilt_edges.hpp"

namespace test_same_bits {

using namespace runs;

namespace {

constexpr Tick duration = 400;
// Ticks of a ring's window: shorter than the smallest delay and longer, and beyond the largest.
constexpr std::array<std::uint32_t, 5> windows{1, 4, 16, 64, 65536};

std::string name_of_precision(Precision p) {
  return p == Precision::single_ ? "single" : "double";
}

// Where two runs part, for the message.
std::string difference(const Outcome& a, const Outcome& b) {
  if (a == b) return {};
  const auto spike =
      std::mismatch(a.spikes.begin(), a.spikes.end(), b.spikes.begin(), b.spikes.end()).first - a.spikes.begin();
  const auto byte =
      std::mismatch(a.state.begin(), a.state.end(), b.state.begin(), b.state.end()).first - a.state.begin();
  const auto look =
      std::mismatch(a.states.begin(), a.states.end(), b.states.begin(), b.states.end()).first - a.states.begin();
  return "state " + std::to_string(look) + ", spike " + std::to_string(spike) + " of " +
         std::to_string(a.spikes.size()) + ", byte " + std::to_string(byte) + " of " + std::to_string(a.state.size());
}

}  // namespace

// What the other tests of this file rely on: that something meets whose order matters.
TEST_CASE("the demanding network is one where three projections meet in one tick and port") {
  const NetworkSpec spec = demanding_network(Precision::single_, 16);
  const Outcome outcome = run_whole(spec, 1, duration);
  std::map<NeuronId, std::vector<rebuilt::Edge>> outgoing;
  std::set<Tick> delays;
  for (const rebuilt::Edge& edge : rebuilt::edges_of(spec)) {
    outgoing[edge.source].push_back(edge);
    delays.insert(edge.delay);
  }
  std::map<std::tuple<Tick, NeuronId, unsigned>, std::set<unsigned>> meeting;
  for (const auto& [tick, neuron] : outcome.spikes)
    for (const rebuilt::Edge& edge : outgoing[neuron])
      if (tick + edge.delay <= duration) meeting[{tick + edge.delay, edge.target, edge.port}].insert(edge.projection);
  const auto meetings =
      std::count_if(meeting.begin(), meeting.end(), [](const auto& m) { return m.second.size() >= 3; });
  std::set<std::size_t> spiked;
  for (const auto& [tick, neuron] : outcome.spikes) {
    NeuronId first = 0;
    for (std::size_t p = 0; p < spec.populations.size(); first += spec.populations[p++].size)
      if (neuron >= first && neuron < first + spec.populations[p].size) spiked.insert(p);
  }
  std::cout << "demanding network: " << outcome.spikes.size() << " spikes, " << delays.size()
            << " different delays, three projections meet " << meetings << " times\n";
  CHECK(meetings > 1000);
  CHECK(delays.size() > 60);
  CHECK(*delays.begin() > 1);
  CHECK(spiked.size() == spec.populations.size());
  CHECK(Network(spec, Threads(1)).simulation().lanes() == 16);

  NetworkSpec other = spec;
  other.seed = 21;
  CHECK(run_whole(other, 1, duration).spikes != outcome.spikes);
}

TEST_CASE("the same bits for any number of threads and lanes, pieces of run(), delivery and instruction set") {
  const Precision precision = GENERATE(Precision::single_, Precision::double_);
  std::mt19937_64 random(3);
  std::optional<Outcome> expected;
  int runs_made = 0;
  for (const Isa isa : usable_isas()) {
    const ChosenIsa chosen(isa);
    if (!expected) expected = run_whole(demanding_network(precision, 1), 1, duration);
    for (const std::uint32_t lanes : {1u, 2u, 5u, 16u, 23u}) {
      for (const unsigned threads : {1u, 2u, 4u, 7u}) {
        if (sanitized && (lanes + threads) % 3 != 0) continue;
        INFO(name_of_precision(precision)
             << ", " << name_of(isa) << ", " << lanes << " lanes, " << threads << " threads");
        // Every other run by the other way of delivery.
        const bool ring = runs_made % 4 != 0;
        NetworkSpec spec = demanding_network(precision, lanes);
        spec.delivery = ring ? NetworkSpec::Delivery::ring : NetworkSpec::Delivery::wheel;
        spec.window = windows[static_cast<std::size_t>(runs_made) / 2 % windows.size()];
        CHECK(difference(run_whole(spec, threads, duration), *expected) == "");

        // Pieces of random length meet the looks at the state only at the end.
        spec.delivery = ring ? NetworkSpec::Delivery::wheel : NetworkSpec::Delivery::ring;
        spec.window = windows[static_cast<std::size_t>(runs_made) / 2 % windows.size()];
        Network network(spec, Threads(threads));
        Recorder recorder;
        network.simulation().add_sink(recorder);
        run_in_pieces(network.simulation(), duration, random);
        CHECK(difference({std::move(recorder.spikes), expected->states, network.simulation().save()}, *expected) == "");
        runs_made += 2;
      }
    }
  }
  CHECK(expected->spikes.size() > 2500);
  CHECK(runs_made >= (sanitized ? 10 : 40));
}

TEST_CASE("projections that share rows give the bits of projections that do not") {
  const Precision precision = GENERATE(Precision::single_, Precision::double_);
  for (const std::uint32_t window : windows)
    for (const std::uint32_t lanes : {1u, 5u}) {
      INFO(name_of_precision(precision) << ", " << lanes << " lanes, windows of " << window);
      NetworkSpec spec = demanding_network(precision, lanes);
      spec.delivery = window == 64 ? NetworkSpec::Delivery::wheel : NetworkSpec::Delivery::ring;
      spec.window = window;
      const std::size_t shared = Network(spec, Threads(1)).stored().bundles().size();
      const Outcome together = run_whole(spec, 2, duration);
      spec.share_rows = false;
      CHECK(shared + 9 == spec.projections.size());  // the ten from E and noise to the models X0 to X9
      CHECK(Network(spec, Threads(1)).stored().bundles().size() == spec.projections.size());
      CHECK(difference(together, run_whole(spec, 2, duration)) == "");
    }
}

TEST_CASE("more synapses of a few ticks than a slice can count are cut where windows end, too") {
  constexpr std::uint32_t targets = 150'000;
  NetworkSpec spec;
  spec.populations.push_back({.name = "A",
                              .model = "iaf_psc_delta",
                              .size = 1,
                              .params = {{"I_e", 1e6}, {"t_ref", 0.2}},
                              .options = {},
                              .initial = {},
                              .trains = {}});
  spec.populations.push_back({.name = "B",
                              .model = "iaf_psc_delta",
                              .size = targets,
                              .params = {},
                              .options = {},
                              .initial = {{"V_m", uniform(-70, -56)}},
                              .trains = {}});
  // Nearly all within two ticks; the last one lets delays look as if they were spread over 10,000.
  const auto edges = std::make_shared<EdgeList>();
  std::vector<double> delays(targets);
  for (std::uint32_t k = 0; k < targets; ++k) {
    edges->source.push_back(0);
    edges->target.push_back(k);
    delays[k] = k % 4 == 0 ? 2.1 : 2.0;
  }
  delays.back() = 1000.0;
  spec.projections.push_back({.name = "AB",
                              .source = {all_of("A")},
                              .target = {all_of("B")},
                              .connect = List{.edges = edges},
                              .weight = uniform(0.5, 8),
                              .delay = delays,
                              .port = {}});
  for (PopulationSpec& population : spec.populations) population.update = PopulationSpec::Update::tick;
  spec.lanes = 1;
  spec.delivery = NetworkSpec::Delivery::wheel;
  const Outcome expected = run_whole(spec, 1, 300);
  CHECK(expected.spikes.size() > targets);
  spec.delivery = NetworkSpec::Delivery::ring;
  for (const std::uint32_t window : {32u, 64u}) {
    spec.window = window;
    CHECK(Network(spec, Threads(1)).stored().bundles().front().lanes.front().slice_shift > 0);
    CHECK(difference(run_whole(spec, 1, 300), expected) == "");
  }
}

TEST_CASE("the same bits through saves at random ticks and loads into other numbers of threads and lanes") {
  const Precision precision = GENERATE(Precision::single_, Precision::double_);
  const Outcome expected = run_whole(demanding_network(precision, 16), 1, duration);
  std::mt19937_64 random(4);
  const std::vector<Isa> isas = usable_isas();
  const auto network = [&] {
    const ChosenIsa chosen(isas[random() % isas.size()]);
    const std::uint32_t lanes[] = {1, 2, 5, 16, 23};
    const unsigned threads[] = {1, 2, 4, 7};
    NetworkSpec spec = demanding_network(precision, lanes[random() % 5]);
    spec.delivery = random() % 4 == 0 ? NetworkSpec::Delivery::wheel : NetworkSpec::Delivery::ring;
    spec.window = windows[random() % windows.size()];
    return Network(spec, Threads(threads[random() % 4]));
  };
  for (int journey = 0; journey < (sanitized ? 3 : 15); ++journey) {
    Bytes state;
    Spikes spikes;
    Tick now = 0;
    std::string hops;
    while (now < duration) {
      Network here = network();
      // The one that loads may have a past of its own.
      if (random() % 3 == 0) here.simulation().run(static_cast<Tick>(random() % 100));
      Recorder recorder;
      here.simulation().add_sink(recorder);
      if (!state.empty() || here.simulation().now() != 0) {
        if (state.empty()) state = network().simulation().save();
        here.simulation().load(state);
        CHECK(here.simulation().now() == now);
        // Nothing is lost on the way, not even the order of what is in flight.
        CHECK(here.simulation().save() == state);
      }
      const Tick hop = std::min(duration - now, static_cast<Tick>(random() % 150));
      run_in_pieces(here.simulation(), hop, random);
      now += hop;
      hops += " " + std::to_string(now);
      state = here.simulation().save();
      spikes.insert(spikes.end(), recorder.spikes.begin(), recorder.spikes.end());
    }
    INFO(name_of_precision(precision) << ", saved at" << hops);
    CHECK(difference({spikes, expected.states, state}, expected) == "");
  }
}

TEST_CASE("a sealed spike file holds the same bytes for any number of threads and pieces of run()") {
  const auto base = std::filesystem::temp_directory_path() / ("rheo_test_same_file_" + std::to_string(::getpid()));
  std::mt19937_64 random(5);
  std::string expected;
  for (const unsigned threads : {1u, 2u, 4u, 7u}) {
    for (const bool pieces : {false, true}) {
      const auto directory = base / (std::to_string(threads) + (pieces ? "p" : "w"));
      Network network(demanding_network(Precision::single_, pieces ? 23 : 16), Threads(threads));
      Simulation& simulation = network.simulation();
      std::vector<Selection> recorded;
      for (const char* name : {"E", "I", "few", "Z", "Z2"}) recorded.push_back(all_of(name));
      SpikeRecorder recorder(
          directory, simulation.populations(), recorded, simulation.dt(),
          {.chunk = pieces ? 97u : 65536u, .flush_interval = std::chrono::milliseconds(pieces ? 1 : 500)});
      simulation.add_sink(recorder);
      if (pieces)
        run_in_pieces(simulation, duration, random);
      else
        simulation.run(duration);
      recorder.finish();
      std::ifstream file(directory / "spikes.h5", std::ios::binary);
      const std::string bytes{std::istreambuf_iterator<char>(file), {}};
      INFO(threads << " threads" << (pieces ? ", random pieces" : ""));
      REQUIRE(bytes.size() > 20'000);
      if (expected.empty()) expected = bytes;
      const bool equal = bytes == expected;
      CHECK(equal);
    }
  }
  std::filesystem::remove_all(base);
}

}  // namespace test_same_bits
