// Third factors: what they are in each tick, and what is wrong with those that cannot be.
#include <catch2/catch.hpp>
#include <cmath>
#include <fstream>

#include "io/experiment/experiment.hpp"
#include "networks/connect/rules.hpp"
#include "networks/network.hpp"
#include "networks/plastic/signals.hpp"
#include "networks/signals/kinds.hpp"
#include "tests/property/network_runs.hpp"

namespace test_signals {

using namespace rheo;

namespace {

SignalBoard board_of(const Chosen<SignalKind>& kind, const std::vector<SourceRange>& sources = {}) {
  const NetworkSpec network;
  SignalPlan plan = kind->plan({.network = network, .name = "s", .rows = [&](auto) { return sources; }});
  plan.key = {1, 2};
  return SignalBoard({plan}, network.dt);
}

// Of ticks 1 to `end`, known in windows of different lengths.
std::vector<double> course(SignalBoard& board, Tick end, const std::vector<std::pair<Tick, NeuronId>>& spikes = {}) {
  std::vector<double> values;
  for (Tick now = 0, length = 1; now < end; now += length, length = 1 + (length * 7) % 5) {
    length = std::min(board.window(now, length), end - now);
    board.fill(now, now + length);
    SpikeBatch batch{.first = now + 1, .neurons = {}, .tick_begin = {0}};
    for (Tick t = now + 1; t <= now + length; ++t) {
      values.push_back(board.one(0, t));
      for (const auto& [tick, neuron] : spikes)
        if (tick == t) batch.neurons.push_back(neuron);
      batch.tick_begin.push_back(static_cast<std::uint32_t>(batch.neurons.size()));
    }
    board.take(batch);
  }
  return values;
}

NetworkSpec network_with(std::vector<SignalSpec> signals, PlasticitySpec plasticity,
                         const char* model = "iaf_psc_delta") {
  NetworkSpec spec;
  spec.populations = {
      {.name = "S", .model = "spike_source", .size = 4, .params = {}, .options = {}, .initial = {}, .trains = {}},
      {.name = "N", .model = model, .size = 3, .params = {}, .options = {}, .initial = {}, .trains = {}}};
  spec.projections = {{.name = "p",
                       .source = {runs::all_of("S")},
                       .target = {runs::all_of("N")},
                       .connect = AllToAll{},
                       .weight = 1.0,
                       .delay = 1.0,
                       .port = {},
                       .plasticity = std::move(plasticity)}};
  spec.signals = std::move(signals);
  return spec;
}

SignalSpec steps(const char* name, std::vector<double> times, std::vector<double> values, std::uint32_t width = 1) {
  return {.name = name, .kind = StepSignal{.times = std::move(times), .values = {std::move(values), width}}};
}

}  // namespace

TEST_CASE("tables hold, or last a tick, or decay", "[signals]") {
  SignalBoard held = board_of(StepSignal{.times = {0, 0.3}, .values = {{2, -1}}});
  CHECK(course(held, 6) == std::vector<double>{2, 2, 2, -1, -1, -1});

  PulseSignal spec{.times = {0.2, 0.45}, .values = {{3, 4}}, .baseline = 0.5};
  SignalBoard pulses = board_of(spec);
  CHECK(course(pulses, 6) == std::vector<double>{0.5, 3, 0.5, 0.5, 4, 0.5});

  spec.tau = 0.2;
  SignalBoard decaying = board_of(spec);
  const double left = std::exp(-0.5);
  const std::vector<double> found = course(decaying, 6);
  for (std::size_t t = 0; t < 6; ++t) {
    double expected = 0.5;
    if (t >= 1) expected += 3 * std::pow(left, t - 1);
    if (t >= 4) expected += 4 * std::pow(left, t - 4);
    CHECK(found[t] == Approx(expected).epsilon(1e-13));
  }
}

TEST_CASE("filtered spikes arrive after their delay and decay", "[signals]") {
  FilteredSignal spec{.neurons = {runs::all_of("S")}, .tau = 5, .delay = 0.7, .amplitude = 2, .baseline = 0.1};
  // Neurons 10, 12, 14 count, 11 and 20 do not.
  SignalBoard board = board_of(spec, {{{10, 16, 2}, 0}});
  CHECK(board.window(0, 1000) == 7);
  const std::vector<double> found =
      course(board, 60, {{1, 10}, {1, 11}, {3, 12}, {3, 14}, {9, 20}, {30, 15}, {40, 14}});
  for (Tick t = 1; t <= 60; ++t) {
    double expected = 0.1;
    for (const auto& [arrival, count] : {std::pair<Tick, int>{8, 1}, {10, 2}, {47, 1}})
      if (t >= arrival) expected += 2 * count * std::exp(-static_cast<double>(t - arrival) * 0.1 / 5);
    CHECK(found[static_cast<std::size_t>(t - 1)] == Approx(expected).epsilon(1e-13));
  }

  // Delays of their own: each spike arrives once, between the limits.
  spec.tau = 0;
  spec.baseline = 0;
  spec.amplitude = 1;
  spec.delay = runs::uniform(1, 3);
  SignalBoard spread = board_of(spec, {{{0, 100, 1}, 0}});
  CHECK(spread.window(0, 1000) == 10);
  std::vector<std::pair<Tick, NeuronId>> spikes;
  for (NeuronId n = 0; n < 100; ++n) spikes.emplace_back(5, n);
  const std::vector<double> arrivals = course(spread, 60, spikes);
  double sum = 0;
  int ticks = 0;
  for (std::size_t t = 0; t < arrivals.size(); ++t) {
    sum += arrivals[t];
    ticks += arrivals[t] > 0;
    if (arrivals[t] > 0) CHECK((t + 1 >= 15 && t + 1 <= 35));
  }
  CHECK(sum == 100);
  CHECK(ticks > 10);
}

TEST_CASE("the next tick in which a signal is not 0 is found", "[signals]") {
  const TimedValues values{{0, 0, 1, 0, 0, 0}, 2};
  SignalBoard held = board_of(StepSignal{.times = {2, 5, 5.3}, .values = values});
  held.fill(0, 100);
  CHECK(held.next_nonzero(0, 0, 100) == 51);
  CHECK(held.next_nonzero(0, 51, 100) == 52);
  CHECK(held.next_nonzero(0, 53, 100) == 101);
  CHECK(held.next_nonzero(0, 0, 50) == 51);
  SignalBoard pulses = board_of(PulseSignal{.times = {2, 5, 5.3}, .values = values});
  pulses.fill(0, 100);
  CHECK(pulses.next_nonzero(0, 0, 100) == 50);
  CHECK(pulses.next_nonzero(0, 50, 100) == 101);

  SignalBoard task = board_of(TaskSignal{});
  CHECK(task.next_nonzero(0, 0, 100) == 101);
  const double one = 1;
  task.set(0, {&one, 1}, 7, true);
  CHECK(task.next_nonzero(0, 0, 100) == 7);
  CHECK(task.next_nonzero(0, 7, 100) == 101);
  task.set(0, {&one, 1}, 9);
  CHECK(task.next_nonzero(0, 0, 100) == 9);
  CHECK(task.next_nonzero(0, 50, 100) == 51);
}

TEST_CASE("signals that cannot be are refused with key and value", "[signals]") {
  const PlasticitySpec rstdp{.rule = "rstdp", .params = {}};
  CHECK(runs::complaint_of(network_with({steps("dopamine", {0}, {1})}, rstdp)) == "built");
  CHECK(runs::complaint_of(network_with({}, rstdp)) ==
        "projections.p.plasticity.signals.dopamine: missing: rstdp learns by it; expected the name of a signal of "
        "[signals], or one that is called dopamine");
  PlasticitySpec other = rstdp;
  other.signals = {{"dopamine", "dopamin"}};
  CHECK(runs::complaint_of(network_with({steps("dopamine", {0}, {1})}, other)) ==
        "projections.p.plasticity.signals.dopamine = \"dopamin\": no such signal; expected dopamine; did you mean "
        "\"dopamine\"?");
  other.signals = {{"dopmine", "dopamine"}};
  CHECK(runs::complaint_of(network_with({steps("dopamine", {0}, {1})}, other)) ==
        "projections.p.plasticity.signals.dopmine = \"dopamine\": unknown signal of rstdp; expected dopamine; did "
        "you mean \"dopamine\"?");
  CHECK(runs::complaint_of(network_with({steps("dopamine", {0}, {1, 2, 3}, 3)}, rstdp)) ==
        "projections.p.plasticity.signals.dopamine = \"dopamine\": has 3 numbers; expected 1, one for all synapses");
  CHECK(runs::complaint_of(network_with({steps("error", {0}, {1, 2}, 2)}, {.rule = "error_modulated", .params = {}})) ==
        "projections.p.plasticity.signals.error = \"error\": has 2 numbers; expected 3, one for each target neuron");
  CHECK(
      runs::complaint_of(network_with({steps("error", {0}, {1, 2, 3}, 3)}, {.rule = "error_modulated", .params = {}},
                                      "iaf_psc_exp")) ==
      "projections.p.plasticity.rule = \"error_modulated\": its weights may have any sign, but go to a port by their "
      "sign; expected one port for all: a port of the projection (not of conductances), or a model with a single one");
  CHECK(runs::complaint_of(network_with({}, {.rule = "ei_balance", .params = {{"interval", 0.01}}})) ==
        "projections.p.plasticity.params.interval = 0.01: shorter than a tick; expected at least 0.1 (ms)");

  const auto wrong = [&](SignalSpec signal) { return runs::complaint_of(network_with({std::move(signal)}, rstdp)); };
  CHECK(wrong(steps("dopamine", {}, {})) ==
        "signals.dopamine.times = a list of 0: empty; expected times >= 0 (ms), each at least one tick later than the "
        "one "
        "before");
  CHECK(
      wrong(steps("dopamine", {1, 1.04}, {1, 2})) ==
      "signals.dopamine.times = 1.04: not later than the one before; expected times >= 0 (ms), each at least one tick "
      "later than the one before");
  CHECK(wrong(steps("dopamine", {1, 2}, {1})) ==
        "signals.dopamine.values = a list of 1: has 1 entry; expected 2 entries, one per time");
  CHECK(wrong(steps("dopamine", {1}, {NAN})) == "signals.dopamine.values[0] = nan: is out of range; expected a number");
  CHECK(wrong({.name = "dopamine", .kind = PulseSignal{.times = {1}, .values = {{1, 2}, 2}, .tau = 3}}) ==
        "signals.dopamine.tau = 3: only a single number is filtered; expected 0, or one value for each time");
  CHECK(wrong({.name = "dopamine"}) == "signals.dopamine.kind: missing; expected a kind of signal");
  CHECK(wrong({.name = "dopamine", .kind = FilteredSignal{}}) ==
        "signals.dopamine.source: missing; expected a population such as \"reward\", or a list of them");
  CHECK(wrong({.name = "dopamine", .kind = FilteredSignal{.neurons = {runs::all_of("nobody")}}})
            .find("signals.dopamine.source") == 0);
  CHECK(wrong({.name = "dopamine", .kind = PublishedSignal{.projection = "q"}}) ==
        "signals.dopamine.projection = \"q\": no such projection; expected one of p; did you mean \"p\"?");
  CHECK(wrong({.name = "dopamine", .kind = PublishedSignal{.projection = "p"}}) ==
        "projections.p.plasticity.signals.dopamine = \"dopamine\": is of source neurons; expected a signal that is one "
        "number");
  CHECK(runs::complaint_of(network_with(
            {steps("error", {0}, {1, 2, 3}, 3), {.name = "clean", .kind = PublishedSignal{.projection = "p"}}},
            {.rule = "error_modulated", .params = {}})) ==
        "projections.p.plasticity.rule = \"error_modulated\": publishes nothing for the signal clean; expected a rule "
        "that "
        "does");
  NetworkSpec delays = network_with({steps("sample", {0}, {1})}, {.rule = "oja_lateral", .params = {}});
  CHECK(runs::complaint_of(delays) == "built");
  delays.projections[0].delay = runs::uniform(1, 2);
  CHECK(runs::complaint_of(delays) ==
        "projections.p.plasticity.rule = \"oja_lateral\": sums over the synapses of each source; expected one target "
        "selection and one delay for all synapses");
}

TEST_CASE("signals of a program hold from the next tick on", "[signals]") {
  NetworkSpec spec = network_with({{.name = "error", .kind = TaskSignal{.width = 3}}},
                                  {.rule = "error_modulated_trial", .params = {}, .signals = {{"trial", "trial"}}});
  spec.signals.push_back({.name = "trial", .kind = TaskSignal{}});
  Network network(spec, Threads(1));
  network.simulation().run(5);
  const std::vector<double> values{1, 2, 3};
  network.set_signal("error", values);
  network.simulation().run(1);
  CHECK(network.signal("error") == values);
  network.set_signal("error", std::vector<double>{4, 5, 6}, true);
  network.simulation().run(1);
  CHECK(network.signal("error") == std::vector<double>{4, 5, 6});
  network.simulation().run(1);
  CHECK(network.signal("error") == std::vector<double>{0, 0, 0});
  CHECK_THROWS_WITH(network.set_signal("error", std::vector<double>{1}),
                    "signals.error = a list of 1: has 1 entry; expected 3 entries, one per channel");
  CHECK_THROWS_AS(network.set_signal("eror", values), BuildError);
}

TEST_CASE("expressions follow other signals, tick by tick", "[signals]") {
  NetworkSpec network;
  network.signals = {
      steps("gate", {0, 0.7}, {1, 3}),
      {.name = "both", .kind = StepSignal{.times = {0, 1.2}, .values = {{1, 2, 3, 4}, 2}}},
      {.name = "trace", .kind = FilteredSignal{.neurons = {runs::all_of("S")}, .tau = 5}},
      // Named before the one that it depends on.
      {.name = "sum", .kind = ExpressionSignal{.value = "scaled[0] + 10 * scaled[1] + trace"}},
      {.name = "scaled", .kind = ExpressionSignal{.value = "both * gate + if(channel == 1, t, dt)", .width = 2}}};
  std::vector<SignalPlan> plans;
  for (const SignalSpec& signal : network.signals)
    plans.push_back(signal.kind->plan({.network = network, .name = signal.name, .rows = [](auto) {
                                         return std::vector<SourceRange>{{{0, 4, 1}, 0}};
                                       }}));
  check_expressions(plans);
  SignalBoard board(plans, network.dt);
  Tick now = 0;
  for (const Tick length : {1, 4, 2, 7, 5, 1}) {
    board.fill(now, now + length);
    SpikeBatch batch{.first = now + 1, .neurons = {}, .tick_begin = {0}};
    for (Tick t = now + 1; t <= now + length; ++t) {
      CAPTURE(t);
      const double ms = 0.1 * static_cast<double>(t), gate = board.one(0, t);
      CHECK(gate == (t <= 7 ? 1 : 3));
      const std::span<const double> both = board.at(1, t), scaled = board.at(4, t);
      REQUIRE(scaled.size() == 2);
      CHECK(scaled[0] == both[0] * gate + 0.1);
      CHECK(scaled[1] == Approx(both[1] * gate + ms).epsilon(1e-15));
      CHECK(board.one(3, t) == scaled[0] + 10 * scaled[1] + board.one(2, t));
      batch.neurons.push_back(2);
      batch.tick_begin.push_back(static_cast<std::uint32_t>(batch.neurons.size()));
    }
    board.take(batch);
    now += length;
  }
  CHECK(board.one(2, now) > 5);  // spikes have arrived
}

TEST_CASE("a rule that reads an expression learns as by the numbers themselves", "[signals]") {
  const auto weights = [](std::vector<SignalSpec> signals) {
    NetworkSpec spec = network_with(std::move(signals), {.rule = "error_modulated", .params = {{"eta", 0.01}}});
    const auto trains = std::make_shared<SpikeTrains>();
    trains->begin = {0, 2, 4, 5, 6};
    trains->times = {0.3, 2, 0.5, 1.1, 0.2, 1.4};
    spec.populations[0].trains = trains;
    Network network(spec, Threads(1));
    for (int piece = 0; piece < 10; ++piece) network.simulation().run(3);
    network.simulation().settle();
    return std::get<std::vector<float>>(network.read_column(0, 0));
  };
  const std::vector<double> values{0.5, -1, 2, 0.25, 3, -0.5};
  const auto given = weights({steps("error", {0, 1.5}, values, 3)});
  CHECK(given.front() != 1);
  CHECK(weights({steps("half", {0, 1.5}, {0.25, -0.5, 1, 0.125, 1.5, -0.25}, 3),
                 {.name = "error", .kind = ExpressionSignal{.value = "half / 0.5", .width = 3}}}) == given);
}

TEST_CASE("an expression sees what a program sets from the next tick on, and needs no state", "[signals]") {
  NetworkSpec spec = network_with({{.name = "given", .kind = TaskSignal{}},
                                   {.name = "trial", .kind = ExpressionSignal{.value = "given^2 - 1"}},
                                   {.name = "error", .kind = ExpressionSignal{.value = "given + channel", .width = 3}}},
                                  {.rule = "error_modulated_trial", .params = {}});
  Network network(spec, Threads(1));
  network.simulation().run(5);
  CHECK(network.signal("trial") == std::vector<double>{-1});
  network.set_signal("given", std::vector<double>{3});
  network.simulation().run(1);
  CHECK(network.signal("trial") == std::vector<double>{8});
  CHECK(network.signal("error") == std::vector<double>{3, 4, 5});
  const std::vector<std::byte> saved = network.simulation().save();
  Network again(spec, Threads(1));
  again.simulation().load(saved);
  again.simulation().run(1);
  CHECK(again.signal("trial") == std::vector<double>{8});
  // 0 to the power of -1 is no number that a rule could use.
  spec.signals[1].kind = ExpressionSignal{.value = "given^-1"};
  Network broken(spec, Threads(1));
  broken.set_signal("given", std::vector<double>{2});
  broken.simulation().run(3);
  broken.set_signal("given", std::vector<double>{0});
  CHECK_THROWS_WITH(
      broken.simulation().run(1),
      "signals.trial = inf: is not finite in tick 4 (number 0); expected an expression that is finite for "
      "all that it names");
}

TEST_CASE("a value that is not finite ends a run in its own tick, wherever windows end", "[signals]") {
  const SignalSpec given{.name = "given", .kind = StepSignal{.times = {0, 0.4}, .values = {{2, 0}}}};
  NetworkSpec network;
  network.signals = {given, {.name = "x", .kind = ExpressionSignal{.value = "1 / given"}}};
  std::vector<SignalPlan> plans;
  for (const SignalSpec& signal : network.signals)
    plans.push_back(signal.kind->plan({.network = network, .name = signal.name}));
  SignalBoard board(plans, network.dt);
  CHECK(board.fill(0, 10) == 4);  // no further
  CHECK(board.one(1, 4) == 0.5);
  CHECK(board.fill(2, 3) == 3);
  CHECK_THROWS_AS(board.fill(4, 10), NumericalError);
}

TEST_CASE("expressions that cannot be are refused with what they name", "[signals]") {
  const PlasticitySpec rstdp{.rule = "rstdp", .params = {}};
  const auto wrong = [&](const char* value, std::uint32_t width = 1) {
    return runs::complaint_of(network_with({{.name = "dopamine", .kind = ExpressionSignal{.value = "1"}},
                                            steps("two", {0}, {1, 2}, 2),
                                            {.name = "x", .kind = ExpressionSignal{.value = value, .width = width}}},
                                           rstdp));
  };
  CHECK(wrong("two[1] + t / dt") == "built");
  CHECK(wrong("two * channel", 2) == "built");
  CHECK(wrong("tow[1]") ==
        "signals.x.value = \"tow[1]\": column 1 has the unknown name \"tow\"; expected one of dopamine, two, x, t, dt, "
        "channel; did you mean \"two\"?");
  CHECK(wrong("two") ==
        "signals.x.value = two: has 2 numbers, and x has 1; expected width = 2, or one of its numbers, as two[0]");
  CHECK(wrong("two[2]") == "signals.x.value = two[2]: two has 2 numbers; expected 0 to 1");
  CHECK(wrong("t[0]") == "signals.x.value: asks for one number of t, dt or channel; expected these names alone");
  CHECK(
      wrong("x + 1") ==
      "signals.x.value: names itself, by way of x -> x; expected signals that do not depend on each other in a circle");
  CHECK(wrong("") == "signals.x.value = \"\": column 1 is empty; expected an expression such as \"2 * x + 1\"");
}

}  // namespace test_signals
