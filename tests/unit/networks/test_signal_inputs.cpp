// Inputs whose strength is a signal, against inputs that say the same otherwise.
#include <catch2/catch.hpp>

#include "core/math.hpp"
#include "io/experiment/experiment.hpp"
#include "networks/inputs/kinds.hpp"
#include "networks/network.hpp"
#include "networks/signals/kinds.hpp"
#include "tests/property/network_runs.hpp"

namespace test_signal_inputs {

using namespace rheo;

namespace {

InputSpec input(Chosen<InputKind> kind) {
  return {.name = "i", .kind = std::move(kind), .target = {runs::all_of("N")}};
}
ConstantCurrent following(Value amplitude, const char* signal) {
  return {.amplitude = std::move(amplitude), .signal = signal};
}

NetworkSpec neurons(std::uint32_t size = 5, const char* model = "iaf_psc_exp") {
  NetworkSpec spec;
  spec.precision = Precision::double_;
  PopulationSpec population;
  population.name = "N";
  population.model = model;
  population.size = size;
  spec.populations = {population};
  return spec;
}

SignalSpec task(const char* name, std::uint32_t width = 1) {
  return {.name = name, .kind = TaskSignal{.width = width}};
}

std::vector<double> potentials(Network& network) {
  PopulationBlock& block = network.simulation().population(0);
  std::vector<std::uint32_t> all(block.size());
  for (std::uint32_t n = 0; n < block.size(); ++n) all[n] = n;
  std::vector<double> values(block.size());
  block.read(*block.find_column("V_m"), network.simulation().now(), all, values.data());
  return values;
}

}  // namespace

TEST_CASE("a current with a signal is a current with those steps", "[signals]") {
  NetworkSpec stepped = neurons(), driven = neurons();
  const std::vector<double> amplitudes{100, 200, 300, 400, 500};
  stepped.inputs = {input(StepCurrent{.times = {1, 2, 3}, .values = {0.5, -0.25, 2}, .amplitude = amplitudes})};
  driven.inputs = {input(following(amplitudes, "u"))};
  driven.signals = {task("u")};
  Network a(stepped, Threads(1)), b(driven, Threads(1));
  for (const double value : {0.0, 0.5, -0.25, 2.0}) {
    b.set_signal("u", std::vector<double>{value});
    a.simulation().run(10);
    b.simulation().run(10);
    CHECK(potentials(a) == potentials(b));
  }
  CHECK(potentials(a)[4] != potentials(a)[0]);
}

TEST_CASE("a channel, and a number for each neuron", "[signals]") {
  NetworkSpec one = neurons(3), each = neurons(3), own = neurons(3);
  for (NetworkSpec* spec : {&one, &each}) {
    spec->inputs = {input(following(300.0, "u"))};
    spec->signals = {task("u", 3)};
  }
  one.inputs[0].kind.as<ConstantCurrent>()->channel = 1;
  Network by_channel(one, Threads(1)), by_neuron(each, Threads(1));
  const std::vector<double> values{1, -2, 3};
  by_channel.set_signal("u", values);
  by_neuron.set_signal("u", values);
  by_channel.simulation().run(30);
  by_neuron.simulation().run(30);
  const auto with = [&](std::vector<double> amplitudes) {
    own.inputs = {input(ConstantCurrent{.amplitude = std::move(amplitudes)})};
    Network network(own, Threads(1));
    network.simulation().run(30);
    return potentials(network);
  };
  CHECK(potentials(by_channel) == with({-600, -600, -600}));
  CHECK(potentials(by_neuron) == with({300, -600, 900}));
}

TEST_CASE("a signal as a number of spikes, by the sign of weights", "[signals]") {
  NetworkSpec spec = neurons(2, "iaf_psc_delta");
  spec.populations[0].params = {{"V_th", 1e6}, {"E_L", 0.0}, {"V_reset", 0.0}};
  spec.inputs = {input(GivenSpikes{.weight = std::vector<double>{2, -1}, .signal = "n"})};
  spec.signals = {task("n")};
  Network network(spec, Threads(1));
  network.set_signal("n", std::vector<double>{3}, true);
  network.simulation().run(1);
  CHECK(potentials(network) == std::vector<double>{6, -3});
  network.set_signal("n", std::vector<double>{-5});  // no such number of spikes
  network.simulation().run(1);
  const double left = math::exp(-0.1 / 10);
  CHECK(potentials(network)[0] == Approx(6 * left).epsilon(1e-12));
}

TEST_CASE("a Poisson input with a signal keeps a share of its spikes", "[signals]") {
  NetworkSpec plain = neurons(200, "iaf_psc_delta"), driven;
  plain.populations[0].params = {{"V_th", 1e6}, {"E_L", 0.0}, {"V_reset", 0.0}, {"tau_m", 1e9}};
  driven = plain;
  plain.inputs = {input(PoissonSpikes{.rate = 500.0})};
  driven.inputs = {input(PoissonSpikes{.rate = 125.0, .signal = "u", .peak = 4})};  // at the peak 500
  driven.signals = {task("u")};
  Network a(plain, Threads(1)), b(driven, Threads(1));
  a.simulation().run(1000);
  b.set_signal("u", std::vector<double>{4});
  b.simulation().run(1000);
  CHECK(potentials(a) == potentials(b));
  const auto sum = [](const std::vector<double>& values) {
    double all = 0;
    for (const double x : values) all += x;
    return all;
  };
  const double before = sum(potentials(b));
  b.set_signal("u", std::vector<double>{1});
  b.simulation().run(1000);
  const double gained = sum(potentials(b)) - before;  // 200 neurons x 125 Hz x 0.1 s
  CHECK(gained == Approx(2500).margin(5 * 50));
  b.set_signal("u", std::vector<double>{-1});
  const double now = sum(potentials(b));
  b.simulation().run(100);
  CHECK(sum(potentials(b)) == Approx(now));
}

TEST_CASE("a network with signals and nothing that learns is saved with them", "[signals]") {
  NetworkSpec spec = neurons(3);
  spec.inputs = {input(following(200.0, "u"))};
  spec.signals = {task("u")};
  Network a(spec, Threads(1)), b(spec, Threads(1));
  a.set_signal("u", std::vector<double>{1.5});
  a.simulation().run(20);
  b.simulation().load(a.simulation().save());
  a.simulation().run(20);
  b.simulation().run(20);
  CHECK(potentials(a) == potentials(b));
}

TEST_CASE("signals that an input cannot read are refused", "[signals]") {
  using Catch::Matchers::Contains;
  NetworkSpec spec = neurons(4);
  spec.signals = {task("u", 3), task("one")};
  spec.inputs = {input(following(0.0, "v"))};
  CHECK_THAT(runs::complaint_of(spec), Contains("inputs.i.signal") && Contains("\"v\"") && Contains("one of u, one"));
  spec.inputs = {input(following(0.0, "u"))};
  CHECK_THAT(runs::complaint_of(spec), Contains("has 3 numbers") && Contains("one for each of 4 target neurons"));
  spec.inputs[0].kind.as<ConstantCurrent>()->channel = 3;
  CHECK_THAT(runs::complaint_of(spec), Contains("inputs.i.channel") && Contains("0 to 2"));
  const auto with = [&](Chosen<InputKind> kind) {
    spec.inputs = {input(std::move(kind))};
    return runs::complaint_of(spec);
  };
  CHECK_THAT(with(PoissonSpikes{.delay = 1, .signal = "one"}),
             Contains("inputs.i.delay") && Contains("acts in its own tick"));
  CHECK_THAT(with(PoissonSpikes{.signal = "one", .peak = 0}), Contains("inputs.i.peak"));
  CHECK_THAT(with(PoissonSpikes{.peak = 2}), Contains("inputs.i.peak = 2: there is no signal"));
  CHECK_THAT(with(PoissonSpikes{.channel = 0}), Contains("inputs.i.channel: there is no signal"));
  CHECK_THAT(with(PoissonSpikes{.profile = {.kind = Profile::Kind::sine, .offset = 1}, .signal = "one"}),
             Contains("inputs.i.profile: stands beside signal"));
}

}  // namespace test_signal_inputs
