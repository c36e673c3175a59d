// Inputs from outside against their definitions (neurons/inputs/inputs.hpp, neurons/inputs/profile.hpp), alone and in
// networks.
#include <catch2/catch.hpp>
#include <cmath>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "core/isa.hpp"
#include "core/philox.hpp"
#include "core/spikes.hpp"
#include "networks/connect/rules.hpp"
#include "networks/inputs/kinds.hpp"
#include "networks/network.hpp"
#include "neurons/inputs/inputs.hpp"

namespace test_drives {

namespace {

using namespace rheo;

constexpr double pi = 3.14159265358979323846;

Profile stepped(std::vector<double> times, std::vector<double> values, Profile::Kind kind = Profile::Kind::steps) {
  Profile profile;
  profile.kind = kind;
  profile.times = std::move(times);
  profile.values = std::move(values);
  return profile;
}

Profile sine(double offset, double amplitude, double frequency, double phase) {
  Profile profile;
  profile.kind = Profile::Kind::sine;
  profile.offset = offset;
  profile.amplitude = amplitude;
  profile.frequency = frequency;
  profile.phase = phase;
  return profile;
}

// What a drive adds to `size` neurons in one tick.
template <class Real = double>
std::vector<Real> added(const Input& drive, Tick t, std::uint32_t size) {
  std::vector<Real> row(size, Real(0));
  drive.add(t, 0, size, row.data());
  return row;
}

class Spikes : public SpikeSink {
 public:
  void take(const SpikeBatch& batch) override {
    for (std::size_t k = 0; k < batch.ticks(); ++k)
      for (const NeuronId neuron : batch.at(k)) all.emplace_back(batch.tick(k), neuron);
  }
  std::vector<std::pair<Tick, NeuronId>> all;
};

std::vector<std::pair<Tick, NeuronId>> run(const NetworkSpec& spec, Tick ticks) {
  Network network(spec, Threads(1));
  Spikes spikes;
  network.simulation().add_sink(spikes);
  network.simulation().run(ticks);
  return spikes.all;
}

}  // namespace

TEST_CASE("a profile of steps holds each value from its time to the next", "[inputs]") {
  const TickProfile profile(stepped({0.2, 0.5}, {3, -1}), 0.1);
  const double expected[] = {0, 0, 3, 3, 3, -1, -1, -1};
  for (Tick k = 1; k <= 8; ++k) CHECK(profile.at(k) == expected[k - 1]);
  CHECK(profile.at(1'000'000) == -1);
}

TEST_CASE("a profile of ramps is linear between its points, in the middle of the tick", "[inputs]") {
  const TickProfile profile(stepped({1, 3, 5}, {0, 4, -4}, Profile::Kind::ramps), 0.5);
  CHECK(profile.at(2) == 0);  // 0.75 ms
  CHECK(profile.at(3) == Approx(0.5));
  CHECK(profile.at(6) == Approx(3.5));
  CHECK(profile.at(7) == Approx(3));
  CHECK(profile.at(10) == Approx(-3));
  CHECK(profile.at(11) == -4);
}

TEST_CASE("profiles repeat with their period", "[inputs]") {
  Profile one = stepped({0, 1}, {1, 2});
  one.period = 3;
  const TickProfile profile(one, 0.5);
  for (Tick k = 1; k <= 6; ++k)
    for (Tick turn = 1; turn < 4; ++turn) CHECK(profile.at(k) == profile.at(k + 6 * turn));
  CHECK(profile.at(2) == 1);
  CHECK(profile.at(3) == 2);
  CHECK(profile.at(6) == 2);
  CHECK(profile.at(7) == 1);
}

TEST_CASE("a sine is that of the middle of each tick", "[inputs]") {
  const TickProfile profile(sine(0.5, 2, 25, 90), 0.1);
  for (Tick k = 1; k <= 1000; ++k) {
    const double t = (static_cast<double>(k) - 0.5) * 0.1e-3;
    CHECK(profile.at(k) == Approx(0.5 + 2 * std::sin(2 * pi * 25 * t + pi / 2)).margin(1e-12));
  }
  CHECK(sine(0.5, -2, 25, 0).peak() == 2.5);
}

TEST_CASE("currents are amplitude times profile between start and stop", "[inputs]") {
  const InputTarget where{0, 0, {1, 6, 2}, 11, 20};
  const CurrentInput drive(where, Precision::double_, {10, 20, 30},
                           profile_factors(stepped({0.2}, {2}), 0.1, where.first));
  CHECK(added(drive, 10, 6) == std::vector<double>(6, 0));
  CHECK(added(drive, 12, 6) == std::vector<double>(6, 0));
  CHECK(added(drive, 13, 6) == std::vector<double>{0, 20, 0, 40, 0, 60});
  CHECK(added(drive, 20, 6) == std::vector<double>{0, 20, 0, 40, 0, 60});
  CHECK(added(drive, 21, 6) == std::vector<double>(6, 0));
  std::vector<double> part(3, 0);  // neurons 2 to 4
  drive.add(13, 2, 5, part.data());
  CHECK(part == std::vector<double>{0, 40, 0});
}

TEST_CASE("given trains add their weight in their tick, once per spike", "[inputs]") {
  const InputTarget where{0, 0, {0, 4, 1}, 1, never};
  const SpikeInput drive(where, Precision::single_, {{3, 2}, {1, 0}, {3, 1}, {3, 2}}, {1, 2, 4, 8});
  CHECK(added<float>(drive, 1, 4) == std::vector<float>{1, 0, 0, 0});
  CHECK(added<float>(drive, 2, 4) == std::vector<float>{0, 0, 0, 0});
  CHECK(added<float>(drive, 3, 4) == std::vector<float>{0, 2, 8, 0});
  std::vector<float> part(2, 0);  // neurons 2 and 3
  drive.add(3, 2, 4, part.data());
  CHECK(part == std::vector<float>{8, 0});
}

TEST_CASE("noise is drawn anew in each interval, with its mean and deviation", "[inputs]") {
  constexpr std::uint32_t size = 500;
  constexpr Tick every = 5, intervals = 400;
  const RandomKey key = random_key(1, "input", "noise");
  const InputTarget where{0, 0, {0, size, 1}, 11, never};
  const NoiseInput drive(where, Precision::double_, key, 0, {3}, {2}, every, kernels(chosen_isa()).noise[1]);
  CHECK(added(drive, 10, size) == std::vector<double>(size, 0));
  double sum = 0, squares = 0, products = 0;
  std::vector<double> before(size, 3);
  for (Tick k = 0; k < intervals; ++k) {
    const std::vector<double> now = added(drive, 11 + k * every, size);
    REQUIRE(added(drive, 11 + k * every + every - 1, size) == now);
    for (std::uint32_t i = 0; i < size; ++i) {
      sum += now[i];
      squares += (now[i] - 3) * (now[i] - 3);
      products += (now[i] - 3) * (before[i] - 3);
    }
    before = now;
  }
  const double n = static_cast<double>(size) * intervals;
  CHECK(std::abs(sum / n - 3) < 4 * 2 / std::sqrt(n));
  CHECK(std::abs(squares / n - 4) < 4 * 4 * std::sqrt(2 / n));
  CHECK(std::abs(products / n) < 4 * 4 / std::sqrt(n));
  // The same number, whatever piece is asked for (tests/unit/neurons/test_kernels.cpp has the definition).
  std::vector<double> part(1, 0);
  drive.add(11 + 7 * every, 123, 124, part.data());
  CHECK(part[0] == added(drive, 11 + 7 * every, size)[123]);
}

TEST_CASE("Poisson spikes under a profile are thinned as the kernel's page says", "[inputs]") {
  const RandomKey key = random_key(5, "input", "poisson");
  constexpr std::uint32_t size = 300;
  for (const double lambda : {0.3, 4.0, 40.0}) {
    const auto table = std::make_shared<const PoissonTable>(lambda);
    const Profile profile = stepped({0, 1, 2}, {3, 0, 1});
    for (const Isa isa : usable_isas()) {
      const auto kernel = kernels(isa).poisson[1];
      const InputTarget where{0, 0, {0, size, 1}, 1, never};
      const PoissonInput all(where, Precision::double_, key, 7, {table}, {1}, 0, kernel);
      const PoissonInput some(where, Precision::double_, key, 7, {table}, {1}, 0, kernel,
                              profile_factors(profile, 0.5, where.first), 3);
      for (Tick t = 1; t <= 10; ++t) {
        const std::vector<double> drawn = added(all, t, size), found = added(some, t, size);
        for (std::uint32_t i = 0; i < size; ++i) {
          double expected = 0;
          for (std::uint32_t k = 0; k < static_cast<std::uint32_t>(drawn[i]); ++k) {
            const Philox4 words = philox4x32({{i + 7, 2 + k / 4, static_cast<std::uint32_t>(t), 0}}, key.lo, key.hi);
            expected += words.x[k % 4] < std::uint32_t(0x1p32 / 3);
          }
          REQUIRE(found[i] == (t <= 2 ? drawn[i] : t <= 4 ? 0 : expected));
        }
      }
    }
  }
}

TEST_CASE("a Poisson rate follows its profile", "[inputs]") {
  constexpr std::uint32_t size = 1000;
  const double peak = 1.8, lambda = 2.5;  // spikes per tick at factor 1
  const auto table = std::make_shared<const PoissonTable>(lambda * peak);
  const Profile profile = sine(1, 0.8, 10, 0);
  const PoissonInput drive({0, 0, {0, size, 1}, 1, never}, Precision::double_, random_key(2, "input", "poisson"), 0,
                           {table}, {1}, 0, kernels(chosen_isa()).poisson[1], profile_factors(profile, 1, 1), peak);
  for (Tick t = 1; t <= 200; t += 7) {
    double sum = 0, squares = 0;
    for (const double x : added(drive, t, size)) {
      sum += x;
      squares += x * x;
    }
    const double expected = lambda * (1 + 0.8 * std::sin(2 * pi * 0.01 * (static_cast<double>(t) - 0.5)));
    const double mean = sum / size, variance = squares / size - mean * mean;
    CHECK(std::abs(mean - expected) < 4 * std::sqrt(expected / size));
    CHECK(std::abs(variance - expected) < 5 * std::sqrt((2 * expected * expected + expected) / size));
  }
}

TEST_CASE("trains as input do what a spike source with the same delay does", "[inputs]") {
  const auto trains = std::make_shared<SpikeTrains>();
  trains->begin = {0, 3, 4, 4};
  trains->times = {1.0, 7.03, 7.07, 2.5};
  NetworkSpec direct;
  direct.populations.push_back({.name = "E",
                                .model = "iaf_psc_alpha",
                                .size = 3,
                                .params = {},
                                .options = {},
                                .initial = {},
                                .trains = nullptr});
  direct.populations[0].params["I_e"] = 400.0;
  direct.populations[0].params["t_ref"] = 0.5;
  NetworkSpec by_source = direct;
  InputSpec input;
  input.name = "in";
  const std::vector<double> weights{900, -300, 10};
  input.kind = GivenSpikes{.trains = trains, .weight = weights, .delay = 1.5};
  input.target = {{.population = "E", .begin = 0, .end = {}, .step = 1}};
  direct.inputs.push_back(input);
  by_source.populations.push_back(
      {.name = "S", .model = "spike_source", .size = 3, .params = {}, .options = {}, .initial = {}, .trains = trains});
  ProjectionSpec projection;
  projection.name = "p";
  projection.source = {{.population = "S", .begin = 0, .end = {}, .step = 1}};
  projection.target = input.target;
  projection.connect = List{std::make_shared<EdgeList>(EdgeList{{0, 1, 2}, {0, 1, 2}})};
  projection.weight = weights;
  projection.delay = 1.5;
  by_source.projections.push_back(projection);

  auto expected = run(by_source, 1500);
  std::erase_if(expected, [](const auto& spike) { return spike.second >= 3; });
  CHECK(expected.size() > 10);
  CHECK(run(direct, 1500) == expected);
  NetworkSpec without = direct;
  without.inputs.clear();
  CHECK(run(without, 1500) != expected);

  // One train for all.
  auto shared = std::make_shared<SpikeTrains>();
  shared->begin = {0, 2};
  shared->times = {3, 9};
  direct.inputs[0].kind = GivenSpikes{.trains = shared, .weight = 900.0, .delay = 1.5};
  const auto spikes = run(direct, 200);
  REQUIRE(spikes.size() % 3 == 0);
  REQUIRE_FALSE(spikes.empty());
  for (std::size_t i = 0; i < spikes.size(); ++i)
    CHECK(spikes[i] == std::pair(spikes[i / 3 * 3].first, NeuronId(i % 3)));
}

}  // namespace test_drives
