// Networks whose rules read signals, decay between events and sweep over their synapses: weights, traces and spikes do
// not depend on threads, lanes, instruction sets, pieces of run(), saves and loads, nor on eager or lazy spikes.
#include <catch2/catch.hpp>
#include <random>
#include <string>

#include "tests/property/guided_network.hpp"
#include "tests/property/plastic_runs.hpp"

namespace test_signal_bits {

using namespace runs;

namespace {

constexpr Tick duration = 2600;

}  // namespace

TEST_CASE(
    "signals, doses and consolidation: the same bits for threads, lanes, instruction sets, pieces, eager and lazy") {
  const Precision precision = GENERATE(Precision::single_, Precision::double_);
  std::mt19937_64 random(3);
  const Ending expected = run_to(guided(precision, 1, true), 1, duration);
  CHECK(expected.spikes.size() > 500);
  for (const Isa isa : usable_isas()) {
    const ChosenIsa chosen(isa);
    for (const std::uint32_t lanes : {1u, 2u, 5u, 16u}) {
      for (const unsigned threads : {1u, 3u}) {
        if (sanitized && (lanes + threads) % 3 != 0) continue;
        INFO(name_of(isa) << ", " << lanes << " lanes, " << threads << " threads");
        CHECK(difference(run_to(guided(precision, lanes, false), threads, duration), expected) == "");
        CHECK(difference(run_to(guided(precision, lanes, threads == 3), threads, duration, &random), expected) == "");
      }
    }
  }
}

TEST_CASE("signals, doses and consolidation: the same bits through saves and loads at random ticks") {
  const Precision precision = GENERATE(Precision::single_, Precision::double_);
  check_journeys([&](std::uint32_t lanes, bool eager) { return guided(precision, lanes, eager); }, duration);
}

TEST_CASE("every rule of the network with signals changes weights") {
  Network network(guided(Precision::single_, 4, false), Threads(1));
  const auto weights = [&](std::size_t projection) {
    std::vector<Synapse> all;
    for (NeuronId source = 0; source < 90; ++source) network.outgoing(projection, source, all);
    std::vector<double> values;
    for (const Synapse& one : all) values.push_back(one.weight);
    return values;
  };
  std::vector<std::vector<double>> before;
  for (std::size_t p = 0; p < 8; ++p) before.push_back(weights(p));
  network.simulation().run(duration);
  network.simulation().settle();
  for (std::size_t p = 0; p < 8; ++p) {
    const std::vector<double> after = weights(p);
    std::size_t changed = 0;
    for (std::size_t i = 0; i < after.size(); ++i) changed += after[i] != before[p][i];
    INFO(network.projections()[p].name);
    CHECK(changed > after.size() / 3);
  }
}

TEST_CASE(
    "signals, doses and consolidation: the same bits where learning is switched off and on, and weights rest between") {
  const Precision precision = GENERATE(Precision::single_, Precision::double_);
  std::mt19937_64 random(8);
  const auto run = [&](std::uint32_t lanes, bool eager, unsigned threads, bool in_pieces, bool saved) {
    auto network = std::make_unique<Network>(guided(precision, lanes, eager), Threads(threads));
    Recorder recorder;
    const auto go = [&](Tick ticks) {
      network->simulation().add_sink(recorder);
      if (in_pieces)
        run_in_pieces(network->simulation(), ticks, random);
      else
        network->simulation().run(ticks);
      network->simulation().remove_sink(recorder);
    };
    const auto learn = [&](bool learns) {
      for (std::size_t p = 0; p < 8; p += 2) network->simulation().learn(p, learns);
    };
    const auto rewarded = [&] { return network->read_column(0, 0); };
    go(777);
    learn(false);
    const auto before = rewarded();
    go(500);
    if (saved) {
      const Bytes state = network->simulation().save();
      network = std::make_unique<Network>(guided(precision, 17 - lanes, !eager), Threads(1));
      network->simulation().load(state);
    }
    go(403);
    network->simulation().settle();
    CHECK((rewarded() == before));
    learn(true);
    go(920);
    network->simulation().settle();
    CHECK((rewarded() != before));
    return Ending{std::move(recorder.spikes), network->simulation().save()};
  };
  const Ending expected = run(1, true, 1, false, false);
  for (const std::uint32_t lanes : {1u, 3u, 16u})
    for (const bool eager : {false, true}) {
      INFO(lanes << " lanes, " << (eager ? "eager" : "lazy"));
      CHECK(difference(run(lanes, eager, 2, false, true), expected) == "");
      CHECK(difference(run(lanes, eager, 1, true, false), expected) == "");
    }
}

}  // namespace test_signal_bits
