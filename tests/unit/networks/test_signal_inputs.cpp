// Inputs whose strength is a signal, against inputs that say the same otherwise.
#include <catch2/catch.hpp>

#include "core/math.hpp"
#include "io/experiment/experiment.hpp"
#include "networks/network.hpp"
#include "tests/property/network_runs.hpp"

namespace test_signal_inputs {

using namespace rheo;

namespace {

InputSpec input(const char* name, InputSpec::Kind kind, const char* target = "N") {
  InputSpec made;
  made.name = name;
  made.kind = kind;
  made.target = {runs::all_of(target)};
  return made;
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
  SignalSpec made;
  made.name = name;
  made.kind = SignalSpec::Kind::task;
  made.width = width;
  return made;
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
  stepped.inputs = {input("i", InputSpec::Kind::current)};
  stepped.inputs[0].amplitude = std::vector<double>{100, 200, 300, 400, 500};
  driven.inputs = stepped.inputs;
  stepped.inputs[0].profile.kind = Profile::Kind::steps;
  stepped.inputs[0].profile.times = {1, 2, 3};
  stepped.inputs[0].profile.values = {0.5, -0.25, 2};
  driven.inputs[0].signal = "u";
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
    spec->inputs = {input("i", InputSpec::Kind::current)};
    spec->inputs[0].amplitude = 300.0;
    spec->inputs[0].signal = "u";
    spec->signals = {task("u", 3)};
  }
  one.inputs[0].channel = 1;
  own.inputs = {input("i", InputSpec::Kind::current)};
  Network by_channel(one, Threads(1)), by_neuron(each, Threads(1));
  const std::vector<double> values{1, -2, 3};
  by_channel.set_signal("u", values);
  by_neuron.set_signal("u", values);
  by_channel.simulation().run(30);
  by_neuron.simulation().run(30);
  const auto with = [&](std::vector<double> amplitudes) {
    own.inputs[0].amplitude = std::move(amplitudes);
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
  spec.inputs = {input("i", InputSpec::Kind::spikes)};
  spec.inputs[0].weight = std::vector<double>{2, -1};
  spec.inputs[0].signal = "n";
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
  plain.inputs = {input("i", InputSpec::Kind::poisson)};
  plain.inputs[0].rate = 500.0;
  driven = plain;
  driven.inputs[0].signal = "u";
  driven.inputs[0].peak = 4;
  driven.inputs[0].rate = 125.0;  // at the peak 500
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
  spec.inputs = {input("i", InputSpec::Kind::current)};
  spec.inputs[0].amplitude = 200.0;
  spec.inputs[0].signal = "u";
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
  spec.inputs = {input("i", InputSpec::Kind::current)};
  spec.inputs[0].signal = "v";
  CHECK_THAT(runs::complaint_of(spec), Contains("inputs.i.signal") && Contains("\"v\"") && Contains("one of u, one"));
  spec.inputs[0].signal = "u";
  CHECK_THAT(runs::complaint_of(spec), Contains("has 3 numbers") && Contains("one for each of 4 target neurons"));
  spec.inputs[0].channel = 3;
  CHECK_THAT(runs::complaint_of(spec), Contains("inputs.i.channel") && Contains("0 to 2"));
  spec.inputs[0] = input("i", InputSpec::Kind::poisson);
  spec.inputs[0].signal = "one";
  spec.inputs[0].delay = 1;
  CHECK_THAT(runs::complaint_of(spec), Contains("inputs.i.delay") && Contains("acts in its own tick"));
  spec.inputs[0].delay = 0;
  spec.inputs[0].peak = 0;
  CHECK_THAT(runs::complaint_of(spec), Contains("inputs.i.peak"));
}

}  // namespace test_signal_inputs
