// examples/spike_statistics.py, and by it the scaled microcircuit.
#include <catch2/catch.hpp>

#include "tests/apps/command.hpp"
#include "tests/microcircuit.hpp"

namespace test_statistics {

TEST_CASE("spike_statistics.py: known trains, and what run.json says") {
  if (!has_h5py()) {
    WARN("skipped: no python3 with h5py");
    return;
  }
  const Scratch scratch;
  // 10 bins of 2 ms, (0, 2] to (18, 20]. "same": two equal trains, one that is beyond --neurons and has too few
  // spikes for a CV, and one that never spikes. "other": counts 1 0 1 0 1 0 0 0 0 0 and 0 1 0 1 0 1 0 0 0 0, whose
  // coefficient is (0 - 0.3^2) / (0.3 - 0.3^2) = -3/7.
  std::ofstream(scratch / "net.toml") << R"([simulation]
duration = 20.0
[populations.same]
model = "spike_source"
size = 4
params = { times = [[1.0, 4.0, 11.0], [1.0, 4.0, 11.0], [3.0, 9.0], []] }
[populations.other]
model = "spike_source"
size = 2
params = { times = [[2.0, 4.1, 10.0], [3.0, 8.0, 12.0]] }
[record.spikes]
)";
  const fs::path output = scratch / "out";
  REQUIRE(code_of(scratch, {"run", (scratch / "net.toml").string(), "--out", output.string()}) == 0);
  const auto all = rheo::test::activity(output, scratch / "table", "--discard 0 --neurons 2");
  REQUIRE(all.size() == 2);
  const auto populations = report(output)["populations"];
  for (const auto& one : all) {
    CAPTURE(one.population);
    const auto& told = populations[one.population];
    CHECK(one.neurons == told["size"].get<std::size_t>());
    CHECK(one.rate == Approx(told["rate_Hz"].get<double>()).margin(6e-4));
    CHECK(one.cv_isi == Approx(told["cv_isi"].get<double>()).margin(6e-5));
  }
  const bool sorted = all[0].population == "same";
  CHECK(all[sorted ? 0 : 1].correlation == 1);
  CHECK(all[sorted ? 1 : 0].correlation == Approx(-3.0 / 7).margin(6e-6));
}

// Few neurons with as many synapses each are correlated too much, few synapses with large weights make the noise too
// coarse (docs/performance.md): both factors belong together.
TEST_CASE("the microcircuit with a tenth of its neurons keeps its rates within 15 %") {
#ifndef NDEBUG
  WARN("skipped: minutes without optimisation");
#else
  if (!has_h5py()) {
    WARN("skipped: no python3 with h5py");
    return;
  }
  const auto all = rheo::test::microcircuit("--neurons 0.1 --indegrees 0.4 --poisson", 2500);
  REQUIRE(all.size() == rheo::test::microcircuit_rates.size());
  for (std::size_t i = 0; i < all.size(); ++i) {
    CAPTURE(all[i].population);
    CHECK(all[i].rate == Approx(rheo::test::microcircuit_rates[i]).epsilon(0.15));
  }
#endif
}

}  // namespace test_statistics
