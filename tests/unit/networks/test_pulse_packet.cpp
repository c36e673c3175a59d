// Volleys of spikes: when they come, and what they do not depend on.
#include <catch2/catch.hpp>
#include <cmath>
#include <string>
#include <vector>

#include "io/experiment/experiment.hpp"
#include "networks/inputs/kinds.hpp"
#include "networks/network.hpp"
#include "tests/files.hpp"
#include "tests/property/network_runs.hpp"

namespace test_pulse_packet {

using namespace rheo;

namespace {

// Neurons whose potential is the number of spikes that have arrived.
NetworkSpec counting(std::uint32_t size, PulsePackets packets) {
  NetworkSpec spec;
  spec.precision = Precision::double_;
  PopulationSpec population;
  population.name = "N";
  population.model = "iaf_psc_delta";
  population.size = size;
  population.params = {{"V_th", 1e6}, {"E_L", 0.0}, {"V_reset", 0.0}, {"tau_m", 1e12}};
  spec.populations = {population};
  spec.inputs = {{.name = "volley", .kind = std::move(packets), .target = {runs::all_of("N")}}};
  return spec;
}

std::vector<double> potentials(Network& network) {
  PopulationBlock& block = network.simulation().population(0);
  std::vector<std::uint32_t> all(block.size());
  for (std::uint32_t n = 0; n < block.size(); ++n) all[n] = n;
  std::vector<double> values(block.size());
  block.read(*block.find_column("V_m"), network.simulation().now(), all, values.data());
  return values;
}

// All potentials after each tick.
std::vector<std::vector<double>> course(const NetworkSpec& spec, Tick ticks, unsigned threads = 1) {
  Network network(spec, Threads(threads));
  std::vector<std::vector<double>> all;
  for (Tick t = 0; t < ticks; ++t) {
    network.simulation().run(1);
    all.push_back(potentials(network));
  }
  return all;
}

// As whole numbers of spikes.
std::vector<std::vector<double>> counts(const NetworkSpec& spec, Tick ticks) {
  auto all = course(spec, ticks);
  for (auto& now : all)
    for (double& x : now) x = std::round(x);
  return all;
}

}  // namespace

TEST_CASE("spikes of packets are normally distributed around their times", "[inputs]") {
  const std::uint32_t size = 400, spikes = 50;
  const auto all = counts(counting(size, {.times = {60, 20}, .spikes = spikes, .sd = 2}), 1000);
  for (const double n : all.back()) CHECK(n == 2 * spikes);
  double before = 0, mean = 0, square = 0;
  for (std::size_t t = 0; t < 400; ++t) {  // the packet at 20 ms
    double sum = 0;
    for (const double n : all[t]) sum += n;
    const double offset = 0.1 * static_cast<double>(t + 1) - 20;
    mean += (sum - before) * offset;
    square += (sum - before) * offset * offset;
    before = sum;
  }
  const double drawn = size * spikes;
  REQUIRE(before == drawn);
  mean /= drawn;
  // Five standard errors; rounding to ticks adds dt^2 / 12 to the variance.
  CHECK(mean == Approx(0).margin(5 * 2 / std::sqrt(drawn)));
  CHECK(square / drawn - mean * mean == Approx(4 + 0.01 / 12).margin(5 * 4 * std::sqrt(2 / drawn)));
  CHECK(all[199][0] != all[199][1]);
}

TEST_CASE("packets without spread, shared ones, delays and the time of an input", "[inputs]") {
  const auto at_once = counts(counting(2, {.times = {0.5}, .spikes = 3, .delay = 0.2}), 8);
  CHECK(at_once[5] == std::vector<double>{0, 0});
  CHECK(at_once[6] == std::vector<double>{3, 3});
  const auto shared = counts(counting(5, {.times = {20}, .spikes = 100, .sd = 3, .shared = true}), 400);
  for (const auto& now : shared) CHECK(now == std::vector<double>(5, now.front()));
  NetworkSpec cut = counting(5, {.times = {20}, .spikes = 100, .sd = 3, .shared = true});
  cut.inputs[0].start = 18;
  cut.inputs[0].stop = 21.0;
  const auto part = counts(cut, 400);
  CHECK(part[179].front() == 0);
  CHECK(part.back().front() == shared[209].front() - shared[179].front());
}

TEST_CASE("packets do not depend on lanes and threads, and go on after a checkpoint", "[inputs]") {
  NetworkSpec spec = counting(64, {.times = {5, 9, 30}, .spikes = 20, .sd = 3, .weight = runs::normal(1, 2)});
  spec.inputs[0].target = {runs::slice("N", 0, 40, 3), runs::slice("N", 40, 64)};
  const auto right = course(spec, 300);
  spec.lanes = 7;
  CHECK(course(spec, 300, 3) == right);
  Network first(spec, Threads(2));
  first.simulation().run(70);  // within the first two packets
  spec.lanes = 3;
  Network second(spec, Threads(1));
  second.simulation().load(first.simulation().save());
  second.simulation().run(230);
  CHECK(potentials(second) == right.back());
}

TEST_CASE("a packet as the experiment file has it", "[inputs]") {
  const Scratch folder;
  const std::string file = (folder / "packet.toml").string();
  const auto read = [&](const std::string& keys) {
    std::ofstream(file) << "[simulation]\nduration = 10.0\n[populations.N]\nmodel = \"iaf_psc_delta\"\nsize = 2\n"
                           "[inputs.volley]\nkind = \"pulse_packet\"\ntarget = \"N\"\n"
                        << keys;
    return parse_experiment(file);
  };
  const Experiment experiment = read("times = [5.0, 2.0]\nspikes = 10\nsd = 0.5\nweight = [1.0, 2.0]\n");
  const PulsePackets* const packets = experiment.network.inputs.at(0).kind.as<PulsePackets>();
  REQUIRE(packets);
  CHECK(packets->times == std::vector<double>{5, 2});
  CHECK(packets->spikes == 10);
  CHECK(packets->sd == 0.5);
  CHECK_THROWS_WITH(read("times = [5.0]\n"), Catch::Contains("inputs.volley.spikes: is missing"));
  CHECK_THROWS_WITH(read("times = []\nspikes = 10\n"), Catch::Contains("packet.toml:9: inputs.volley.times"));
  CHECK_THROWS_WITH(read("times = [-1.0]\nspikes = 10\n"), Catch::Contains("inputs.volley.times[0] = -1"));
  CHECK_THROWS_WITH(read("times = [5.0]\nspikes = 10\nsd = -1.0\n"), Catch::Contains("inputs.volley.sd = -1"));
}

}  // namespace test_pulse_packet
