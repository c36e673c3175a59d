// What plastic networks are known to do, with the numbers of the papers.
#include <catch2/catch.hpp>
#include <iostream>

#include "io/experiment.hpp"
#include "tests/known_results.hpp"

using namespace rheo;
using namespace rheo::test;

TEST_CASE("Song, Miller & Abbott: 1000 inputs for 1000 s", "[known]") {
  const Song::Outcome additive = Song{}.run();
  Song soft;
  soft.mu = 1;
  soft.duration = 200'000;
  const Song::Outcome multiplicative = soft.run();
  std::cout << "weights near a bound: additive " << additive.at_bounds() << " (" << additive.within(0, 0.1) << " low, "
            << additive.within(0.9, 1) << " high, " << additive.rate << " Hz), multiplicative "
            << multiplicative.at_bounds() << " (" << multiplicative.rate << " Hz)\n";
  CHECK(additive.rate > 10);
  CHECK(additive.rate < 30);
  CHECK(additive.at_bounds() > 0.8);
  CHECK(additive.within(0, 0.1) > 0.1);
  CHECK(additive.within(0.9, 1) > 0.05);
  CHECK(multiplicative.at_bounds() < 0.05);
}

TEST_CASE("Vogels & Sprekeler: 1000 neurons, ticks of 0.1 ms, rates from 3 to 15 Hz", "[known]") {
  constexpr double settling = 60'000, measured = 60'000;
  Balance balance;
  balance.dt = 0.1;
  balance.neurons = 1000;
  const std::vector<double> rho = spread_targets(balance.neurons);
  balance.rho = rho;
  balance.duration = settling + measured;
  Network network(balance.spec(), Threads(2));
  run_for(network, settling);
  const std::vector<double> learnt = rates_of(network, 0, measured);
  std::cout << "correlation " << correlation(learnt, rho) << ", error " << mean_relative_error(learnt, rho) << "\n";
  CHECK(correlation(learnt, rho) > 0.98);
  CHECK(mean_relative_error(learnt, rho) < 0.05);
}

TEST_CASE("Izhikevich (2007): the synapse that earns a late reward is among the strongest", "[known]") {
  int found = 0;
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    Experiment experiment = parse_experiment(RHEO_SOURCE_DIR "/examples/long/distal_reward.toml");
    experiment.network.seed = seed;
    Network network(experiment.network, Threads(1));
    network.simulation().run(ms_to_tick_nearest(experiment.duration, experiment.network.dt));
    network.simulation().settle();
    const auto weights = [&](const char* projection) {
      std::size_t p = 0;
      while (network.projections()[p].name != projection) ++p;
      std::vector<Synapse> all;
      for (NeuronId source = 0; source < 1000; ++source) network.outgoing(p, source, all);
      return all;
    };
    const double rewarded = weights("rewarded").at(0).weight;
    const std::vector<Synapse> others = weights("excitation");
    const auto stronger = static_cast<double>(
        std::count_if(others.begin(), others.end(), [&](const Synapse& other) { return other.weight >= rewarded; }));
    const double rank = stronger / static_cast<double>(others.size());
    std::cout << "seed " << seed << ": the rewarded weight is " << rewarded << ", " << 100 * rank
              << " % of the others are as strong\n";
    found += rank < 0.05;
  }
  CHECK(found >= 9);
}
