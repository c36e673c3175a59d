// What plastic networks are known to do, with the numbers of the papers.
#include <catch2/catch.hpp>
#include <iostream>

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
