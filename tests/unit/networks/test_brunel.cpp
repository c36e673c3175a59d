// A Brunel network of 2500 neurons fires as mean-field theory says: populations, drive, synapses and delays together;
// and the network of examples/brunel.toml is in the state that its title says.
#include <algorithm>
#include <catch2/catch.hpp>

#include "core/time.hpp"
#include "io/experiment/experiment.hpp"
#include "io/files/statistics.hpp"
#include "tests/brunel.hpp"
#include "tests/sanitized.hpp"

namespace test_brunel {

namespace {

using rheo::test::Brunel;

}  // namespace

TEST_CASE("Siegert's formula gives the known rates of Brunel's networks", "[brunel]") {
  CHECK(Brunel{1000, 250, 5, 2, 10}.theory() == Approx(37.95).margin(0.005));
  CHECK(Brunel{1000, 250, 5, 2, 0}.theory() == Approx(32.03).margin(0.005));
  CHECK(Brunel{1000, 250, 4.5, 0.9, 10}.theory() == Approx(6.52).margin(0.005));
  CHECK(Brunel{1000, 250, 4.5, 0.9, 0}.theory() == Approx(5.83).margin(0.005));
  CHECK(Brunel{200, 50, 5, 2, 0}.theory() == Approx(53.08).margin(0.005));
}

TEST_CASE("Brunel network of 2500 neurons: rate of theory and of NEST", "[brunel]") {
  if (sanitized) {
    WARN("skipped: a sanitizer looks at memory, not at numbers");
    return;
  }
  const auto rates = rheo::test::measure({200, 50, 5, 2, 0}, 5, 500, 1000);
  CAPTURE(rates.mean, rates.standard_error);
  // Five independent networks hardly differ; if they do, something is wrong too.
  CHECK(rates.standard_error < 0.2);
  CHECK(rates.mean == Approx(53.08).margin(std::max(0.5308, 3 * rates.standard_error)));
  CHECK(rates.mean == Approx(53.05).margin(std::max(0.5305, 3 * rates.standard_error)));  // NEST 3.10, 5 s
}

TEST_CASE("The example of an asynchronous irregular state is in one", "[brunel]") {
  if (sanitized) {
    WARN("skipped: a sanitizer looks at memory, not at numbers");
    return;
  }
  const rheo::Experiment experiment = rheo::parse_experiment(RHEO_SOURCE_DIR "/examples/brunel.toml");
  REQUIRE(experiment.title.find("asynchronous irregular") != std::string::npos);
  const double dt = experiment.network.dt;
  rheo::Network network(experiment.network, rheo::Threads(1));
  rheo::Simulation& simulation = network.simulation();
  rheo::SpikeStatistics statistics(simulation.populations(), rheo::ms_to_tick_nearest(100, dt),
                                   rheo::synchrony_bin(dt));
  simulation.add_sink(statistics);
  simulation.run(rheo::ms_to_tick_nearest(600, dt));
  for (const rheo::PopulationStatistics& population : statistics.results(simulation.now(), dt)) {
    CAPTURE(population.name, population.rate, population.cv_isi.value(), population.synchrony.value());
    CHECK(population.rate < 60);
    CHECK(population.cv_isi.value() > 0.7);
    // The variance of the population's count is that of its neurons' plus their covariances: of Poisson-like neurons,
    // this is the mean correlation of a pair.
    CHECK((population.synchrony.value() - 1) / (population.size - 1) < 0.005);
  }
}

}  // namespace test_brunel
