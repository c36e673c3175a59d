// How the workbench inputs a spiking network and what it reads of it, tick by tick.
#include <catch2/catch.hpp>
#include <fstream>

#include "apps/reservoir/spiking_reservoir.hpp"
#include "core/math.hpp"
#include "tests/files.hpp"

namespace test_spiking_reservoir {

using namespace rheo;

namespace {

// Neurons that spike in the very tick in which their channel is above 0.
Experiment relays(const Scratch& scratch, int channels) {
  std::ofstream(scratch / "relays.toml") << "[simulation]\ndt = 1.0\nduration = 1.0\n"
                                         << "[populations.N]\nmodel = \"iaf_psc_delta\"\nsize = " << channels
                                         << "\nparams = { t_ref = 0.0, E_L = 0.0, V_reset = 0.0, V_th = 10.0 }\n"
                                         << "[signals.input]\nkind = \"task\"\nwidth = " << channels
                                         << "\n[inputs.drive]\nkind = \"spikes\"\ntarget = \"N\"\nsignal = \"input\"\n"
                                            "weight = 1000.0\n";
  return parse_experiment((scratch / "relays.toml").string());
}

ReservoirTask task_of(InputEncoding encoding, double step = 10) {
  ReservoirTask task;
  task.step = step;
  task.encoding = encoding;
  task.state.tau = 7;
  return task;
}

}  // namespace

TEST_CASE("direct encoding scales, population encoding answers by distance", "[reservoir]") {
  const Scratch scratch;
  const Experiment experiment = relays(scratch, 6);
  std::vector<double> state(6);

  const ReservoirTask direct = task_of({.kind = InputEncoding::Kind::direct, .scale = 2, .offset = -1});
  SpikingReservoir scaled(experiment, direct, 1, 6, 0);
  scaled.step(std::vector<double>{0, 0.5, 1, -1, 3, 0.25}, state);
  CHECK(scaled.network().signal("input") == std::vector<double>{-1, 0, 1, -3, 5, -0.5});

  // Two inputs, three channels each, centres at -1, 0 and 1.
  const ReservoirTask population = task_of({.kind = InputEncoding::Kind::population, .scale = 3, .channels = 3});
  SpikingReservoir tuned(experiment, population, 1, 2, 0);
  tuned.step(std::vector<double>{0, 0.5}, state);
  const std::vector<double> found = tuned.network().signal("input");
  const double expected[] = {1, 0, -1, 1.5, 0.5, -0.5};
  for (std::size_t i = 0; i < 6; ++i)
    CHECK(found[i] == Approx(3 * math::exp(-0.5 * expected[i] * expected[i])).epsilon(1e-14));
}

TEST_CASE("latency encoding: the stronger a channel answers, the earlier its spike", "[reservoir]") {
  const Scratch scratch;
  const Experiment experiment = relays(scratch, 4);
  // Centres at 0, 1, 2, 3 and a width of 1: for 1 the answers are e^-0.5, 1, e^-0.5, e^-2.
  const ReservoirTask task = task_of({.kind = InputEncoding::Kind::latency, .low = 0, .high = 3, .channels = 4});
  SpikingReservoir reservoir(experiment, task, 1, 1, 0);
  std::vector<double> state(4);
  reservoir.step(std::vector<double>{1}, state);
  const double answers[] = {math::exp(-0.5), 1, math::exp(-0.5), math::exp(-2.0)};
  for (std::size_t i = 0; i < 4; ++i) {
    const double tick = std::floor((1 - answers[i]) * 10);  // 3, 0, 3, 8 of 0 to 9
    CHECK(state[i] == Approx(math::exp(-(9 - tick) / 7)).epsilon(1e-12));
  }
  // Nothing is left over for the next step: each spikes once more, on top of what decayed.
  const std::vector<double> before = state;
  reservoir.step(std::vector<double>{1}, state);
  for (std::size_t i = 0; i < 4; ++i) CHECK(state[i] == Approx(before[i] * (1 + math::exp(-10.0 / 7))).epsilon(1e-12));
}

TEST_CASE("samples within a step, potentials, and going back to a saved state", "[reservoir]") {
  const Scratch scratch;
  const Experiment experiment = relays(scratch, 2);
  ReservoirTask task = task_of({}, 4);
  task.state.samples = 2;
  SpikingReservoir reservoir(experiment, task, 1, 2, 0);
  REQUIRE(reservoir.states() == 4);
  std::vector<double> state(4), again(4);
  const std::vector<std::byte> start = reservoir.save();
  reservoir.step(std::vector<double>{1, 0}, state);  // a spike in every tick
  const double d = math::exp(-1.0 / 7);
  CHECK(state[0] == Approx(1 + d).epsilon(1e-12));
  CHECK(state[1] == 0);
  CHECK(state[2] == Approx(1 + d + d * d + d * d * d).epsilon(1e-12));
  reservoir.load(start);
  reservoir.step(std::vector<double>{1, 0}, again);
  CHECK(again == state);

  task.state.kind = StateSpec::Kind::potential;
  SpikingReservoir looking(experiment, task, 1, 2, 0);
  looking.step(std::vector<double>{0.002, 0}, state);  // 2 mV in every tick
  const double left = math::exp(-1.0 / 10);
  CHECK(state[0] == Approx(2 * (1 + left)).epsilon(1e-6));
  CHECK(state[2] == Approx(2 * (1 + left + left * left + left * left * left)).epsilon(1e-6));
}

}  // namespace test_spiking_reservoir
