// What plastic networks are known to do, with the numbers of the papers.
#include <catch2/catch.hpp>
#include <iostream>

#include "io/experiment/experiment.hpp"
#include "tests/known_results.hpp"

namespace test_known_results {

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
  constexpr double strongest = 0.05;
  int found = 0, found_unrewarded = 0;
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    Experiment experiment = parse_experiment(RHEO_SOURCE_DIR "/examples/long/distal_reward.toml");
    experiment.network.seed = seed;
    auto& projections = experiment.network.projections;
    const auto of = [&](const std::string& name) {
      return static_cast<std::size_t>(
          std::find_if(projections.begin(), projections.end(), [&](const auto& one) { return one.name == name; }) -
          projections.begin());
    };
    const std::size_t rewarded = of("rewarded"), excitation = of("excitation"), unrewarded = projections.size();
    // One that begins as the rewarded synapse does and sees the same dopamine, but earns none of it.
    ProjectionSpec control = projections[rewarded];
    control.name = "unrewarded";
    control.source = {{.population = "E", .begin = 2, .end = 3}};
    control.target = {{.population = "E", .begin = 3, .end = 4}};
    projections.push_back(control);
    Network network(experiment.network, Threads(1));
    network.simulation().run(experiment.ticks);
    network.simulation().settle();
    const auto weights = [&](std::size_t projection) {
      std::vector<Synapse> all;
      for (NeuronId source = 0; source < 1000; ++source) network.outgoing(projection, source, all);
      return all;
    };
    const std::vector<Synapse> others = weights(excitation);
    const auto share_as_strong = [&](double weight) {
      const auto stronger =
          std::count_if(others.begin(), others.end(), [&](const Synapse& other) { return other.weight >= weight; });
      return static_cast<double>(stronger) / static_cast<double>(others.size());
    };
    const double weight = weights(rewarded).at(0).weight, control_weight = weights(unrewarded).at(0).weight;
    const double share = share_as_strong(weight), control_share = share_as_strong(control_weight);
    std::cout << "seed " << seed << ": the rewarded weight is " << weight << ", " << 100 * share
              << " % of the others are as strong; the unrewarded one is " << control_weight << ", "
              << 100 * control_share << " %\n";
    found += share < strongest;
    found_unrewarded += control_share < strongest;
  }
  CHECK(found >= 9);
  CHECK(found_unrewarded <= 2);  // by chance it is one of twenty
}

}  // namespace test_known_results
