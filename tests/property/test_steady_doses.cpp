// Doses of a signal that never changes, which are known for any number of ticks, against those of one that may.
#include <catch2/catch.hpp>
#include <cmath>
#include <utility>
#include <variant>
#include <vector>

#include "tests/property/network_runs.hpp"

namespace test_steady_doses {

using namespace runs;

namespace {

constexpr Tick duration = 30'000;

// Sources that are silent for up to some thousand ticks, and targets that fire all the time or hardly ever.
NetworkSpec network(Precision precision, std::vector<double> times, std::vector<double> values) {
  NetworkSpec spec;
  spec.seed = 4;
  spec.precision = precision;
  const auto population = [&](const char* name, const char* model, std::uint32_t size, double low, double high) {
    spec.populations.push_back(
        {.name = name, .model = model, .size = size, .params = {}, .options = {}, .initial = {}, .trains = {}});
    if (high > 0) spec.populations.back().params = {{"I_e", uniform(low, high)}};
  };
  population("sources", "spike_source", 60, 0, 0);
  spec.populations.back().trains = trains(60, duration, 3000, spec.dt, 3);
  population("targets", "iaf_psc_delta", 40, 370, 500);
  ProjectionSpec learning{.name = "learning",
                          .source = {all_of("sources")},
                          .target = {all_of("targets")},
                          .connect = bernoulli(0.5),
                          .weight = uniform(0.5, 1.5),
                          .delay = uniform(0.5, 3),
                          .port = {}};
  learning.plasticity.rule = "rstdp";
  learning.plasticity.params = {{"w_max", 2.0}, {"tau_c", 150.0}};
  spec.projections.push_back(learning);
  TimedValues table;
  table.values = std::move(values);
  spec.signals.push_back({.name = "dopamine", .kind = StepSignal{.times = std::move(times), .values = table}});
  return spec;
}

std::vector<double> weights_of(const NetworkSpec& spec) {
  Network built(spec, Threads(2));
  built.simulation().run(duration);
  built.simulation().settle();
  std::vector<double> weights;
  std::visit([&](const auto& column) { weights.assign(column.begin(), column.end()); }, built.read_column(0, 0));
  return weights;
}

}  // namespace

TEST_CASE("doses of a signal that never changes are those of one that may", "[doses]") {
  for (const auto& [precision, tolerance] : {std::pair{Precision::double_, 1e-9}, std::pair{Precision::single_, 2e-4}})
    for (const double value : {0.0, 0.02, -0.01}) {
      CAPTURE(static_cast<int>(precision), value);
      const std::vector<double> before = weights_of(network(precision, {0.0}, {value})),
                                changing = weights_of(network(precision, {0.0, 1e7}, {value, 5.0})),
                                none = weights_of(network(precision, {0.0}, {0.0}));
      REQUIRE(before.size() == changing.size());
      double largest = 0;
      for (std::size_t k = 0; k < before.size(); ++k) {
        REQUIRE(before[k] == Approx(changing[k]).epsilon(tolerance));
        largest = std::max(largest, std::abs(before[k] - none[k]));
      }
      CHECK((value == 0 ? largest == 0 : largest > 0.05));
    }
}

}  // namespace test_steady_doses
