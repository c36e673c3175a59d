// What plastic networks are known to do, each with a network beside it that must not do it. Longer ones: nightly.
#include <algorithm>
#include <catch2/catch.hpp>
#include <iostream>

#include "tests/known_results.hpp"
#include "tests/sanitized.hpp"

using namespace rheo;
using namespace rheo::test;

TEST_CASE("Song, Miller & Abbott: additive STDP drives weights to both bounds, multiplicative to the middle") {
  if (sanitized) return;
  const Song::Outcome additive = Song::small().run();
  Song soft = Song::small();
  soft.mu = 1;
  const Song::Outcome multiplicative = soft.run();
  std::cout << "weights near a bound: additive " << additive.at_bounds() << " (" << additive.within(0, 0.1) << " low, "
            << additive.within(0.9, 1) << " high, " << additive.rate << " Hz), multiplicative "
            << multiplicative.at_bounds() << " (" << multiplicative.rate << " Hz)\n";
  CHECK(additive.rate > 10);
  CHECK(additive.rate < 30);
  CHECK(additive.at_bounds() > 0.8);
  CHECK(additive.within(0, 0.1) > 0.2);
  CHECK(additive.within(0.9, 1) > 0.2);
  CHECK(multiplicative.rate > 10);
  CHECK(multiplicative.at_bounds() < 0.05);
  CHECK(multiplicative.within(0.3, 0.7) > 0.9);
}

TEST_CASE("Vogels & Sprekeler: inhibition learns to keep a rate, and returns to it when the drive changes") {
  if (sanitized) return;
  constexpr double settling = 40'000, measured = 20'000;
  Balance balance;
  balance.duration = 2 * (settling + measured);
  balance.more_from = settling + measured;
  Network network(balance.spec(), Threads(1));
  run_for(network, settling);
  const std::vector<double> before = rates_of(network, 0, measured);
  const double at_once = mean(rates_of(network, 0, 500));
  run_for(network, settling - 500);
  const std::vector<double> after = rates_of(network, 0, measured);

  balance.eta = 0;
  Network fixed(balance.spec(), Threads(1));
  run_for(fixed, 1000);
  const std::vector<double> unlearnt = rates_of(fixed, 0, measured);
  const auto [lowest, highest] = std::minmax_element(unlearnt.begin(), unlearnt.end());

  std::cout << "for 5 Hz: " << mean(before) << " Hz, " << at_once << " with more drive, then " << mean(after)
            << "; without learning " << mean(unlearnt) << ", from " << *lowest << " to " << *highest << "\n";
  CHECK(mean(before) == Approx(5).epsilon(0.1));
  CHECK(at_once > 7.5);  // there was something to learn
  CHECK(mean(after) == Approx(5).epsilon(0.1));
  CHECK(mean_relative_error(before, std::vector<double>(before.size(), 5)) < 0.1);
  CHECK(mean(unlearnt) > 10);
  CHECK(*lowest < 2.5);
  CHECK(*highest > 20);
}

TEST_CASE("Vogels & Sprekeler: each neuron follows the rate that is asked of it") {
  if (sanitized) return;
  constexpr double settling = 60'000, measured = 60'000;
  Balance balance;
  const std::vector<double> rho = spread_targets(balance.neurons);
  balance.rho = rho;
  balance.duration = settling + measured;
  Network network(balance.spec(), Threads(1));
  run_for(network, settling);
  const std::vector<double> learnt = rates_of(network, 0, measured);

  balance.eta = 0;
  Network fixed(balance.spec(), Threads(1));
  const std::vector<double> unlearnt = rates_of(fixed, 0, 20'000);

  std::cout << "for 3 to 15 Hz: correlation " << correlation(learnt, rho) << ", error "
            << mean_relative_error(learnt, rho) << "; without learning " << correlation(unlearnt, rho) << ", "
            << mean_relative_error(unlearnt, rho) << "\n";
  CHECK(correlation(learnt, rho) > 0.95);
  CHECK(mean_relative_error(learnt, rho) < 0.1);
  CHECK(correlation(unlearnt, rho) < 0.5);
  CHECK(mean_relative_error(unlearnt, rho) > 0.5);
}
