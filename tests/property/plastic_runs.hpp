// Runs of plastic networks, and whether they end alike.
#pragma once

#include <algorithm>
#include <catch2/catch.hpp>
#include <functional>
#include <random>
#include <string>

#include "tests/property/network_runs.hpp"

namespace runs {

// Without a look at the state before the end: looking settles what was to be learnt.
struct Ending {
  Spikes spikes;
  Bytes state;
  friend bool operator==(const Ending&, const Ending&) = default;
};

inline Ending run_to(const NetworkSpec& spec, unsigned threads, Tick ticks, std::mt19937_64* pieces = nullptr) {
  Network network(spec, Threads(threads));
  Recorder recorder;
  network.simulation().add_sink(recorder);
  if (pieces != nullptr)
    run_in_pieces(network.simulation(), ticks, *pieces);
  else
    network.simulation().run(ticks);
  return {std::move(recorder.spikes), network.simulation().save()};
}

inline std::string difference(const Ending& a, const Ending& b) {
  if (a == b) return {};
  const auto spike =
      std::mismatch(a.spikes.begin(), a.spikes.end(), b.spikes.begin(), b.spikes.end()).first - a.spikes.begin();
  const auto byte =
      std::mismatch(a.state.begin(), a.state.end(), b.state.begin(), b.state.end()).first - a.state.begin();
  return "spike " + std::to_string(spike) + " of " + std::to_string(a.spikes.size()) + ", byte " +
         std::to_string(byte) + " of " + std::to_string(a.state.size());
}

// The network of so many lanes, eager or not, is saved and loaded at random ticks, each time with other lanes, threads
// and instruction sets.
inline void check_journeys(const std::function<NetworkSpec(std::uint32_t lanes, bool eager)>& spec, Tick end) {
  std::mt19937_64 random(4);
  const std::vector<Isa> isas = usable_isas();
  const auto network = [&] {
    const ChosenIsa chosen(isas[random() % isas.size()]);
    const std::uint32_t lanes[] = {1, 2, 5, 16};
    const std::uint32_t count = lanes[random() % 4];
    return Network(spec(count, random() % 3 == 0), Threads(static_cast<unsigned>(1 + random() % 3)));
  };
  const Ending expected = run_to(spec(1, true), 1, end);
  for (int journey = 0; journey < (sanitized ? 2 : 8); ++journey) {
    Bytes state;
    Spikes spikes;
    Tick now = 0;
    while (now < end) {
      Network here = network();
      if (random() % 3 == 0) here.simulation().run(static_cast<Tick>(random() % 100));
      Recorder recorder;
      here.simulation().add_sink(recorder);
      if (state.empty()) state = network().simulation().save();
      here.simulation().load(state);
      CHECK(here.simulation().save() == state);
      const Tick hop = std::min(end - now, static_cast<Tick>(random() % (end / 3)));
      run_in_pieces(here.simulation(), hop, random);
      now += hop;
      state = here.simulation().save();
      spikes.insert(spikes.end(), recorder.spikes.begin(), recorder.spikes.end());
    }
    CHECK(difference({spikes, state}, expected) == "");
  }
}

}  // namespace runs
