// An experiment that a program puts together, and a network that it runs in pieces.
#include <catch2/catch.hpp>
#include <numeric>
#include <string>
#include <vector>

#include "apps/session/session.hpp"
#include "io/experiment/builder.hpp"
#include "io/text/toml_document.hpp"
#include "tests/files.hpp"

namespace test_session {

using namespace rheo;

namespace {

const char* const text = R"([simulation]
duration = 50.0
seed = 3
[populations.E]
model = "iaf_psc_delta"
size = 80
params = { tau_m = 20.0, C_m = 250.0, E_L = 0.0, V_reset = 0.0, V_th = 20.0 }
initial = { V_m = { uniform = [0.0, 20.0] } }
[populations.I]
like = "E"
size = 20
[inputs.background]
kind = "poisson"
target = ["E", "I"]
rate = 20000.0
weight = 0.1
[signals.reward]
kind = "task"
width = 1
[projections.exc]
source = "E"
target = ["E", "I"]
connect = { rule = "fixed_indegree", indegree = 8 }
weight = 0.1
delay = { uniform = [0.5, 5.0] }
[projections.learns]
source = "E[0:40]"
target = "E[40:]"
connect = { rule = "bernoulli", p = 0.2 }
weight = 0.1
delay = 1.0
plasticity = { rule = "rstdp", params = { w_max = 1.0 }, signals = { dopamine = "reward" } }
[record.spikes]
populations = ["E", "I"]
)";

TomlNode document() {
  const Scratch scratch;
  return read_toml_document(scratch.write("e.toml", text), {}).root;
}

TomlNode* simulation_of(TomlNode& root) {
  TomlNode& table = *root.find("simulation");
  std::erase_if(table.entries, [](const auto& entry) { return entry.first == "duration"; });
  return &table;
}

// The same network, table by table.
ExperimentBuilder built() {
  TomlNode root = document();
  ExperimentBuilder builder(*simulation_of(root));
  for (const char* const section : {"populations", "inputs", "signals", "projections"})
    for (const auto& [name, table] : root.find(section)->entries) builder.add(section, name, table);
  return builder;
}

Experiment whole() {
  const Scratch scratch;
  return parse_experiment(scratch.write("e.toml", text));
}

std::vector<Tick> ticks(const Session& session) {
  return session.spikes("E").ticks;
}

const std::vector<Selection> all{{.population = "E", .end = {}}, {.population = "I", .end = {}}};

}  // namespace

TEST_CASE("An experiment that is put together is that of its file", "[session]") {
  Session from_file(whole(), 1), from_tables(built().experiment(), 2);
  from_tables.record_spikes(all);
  from_file.run(from_file.left());
  for (int piece = 0; piece < 50; ++piece) from_tables.run(1.0);
  CHECK(from_file.now() == 50.0);
  CHECK(from_file.left() == 0);
  CHECK(ticks(from_file).size() > 100);
  CHECK(ticks(from_file) == ticks(from_tables));
  CHECK(from_file.spikes("I").neurons == from_tables.spikes("I").neurons);
  CHECK(from_file.save() == from_tables.save());
}

TEST_CASE("A table that is refused leaves nothing behind", "[session]") {
  ExperimentBuilder builder = built();
  TomlNode root = document();
  const auto refused = [&](const std::string& section, const std::string& name, const TomlNode& table) {
    try {
      builder.add(section, name, table);
    } catch (const ExperimentError& error) {
      return error.complaint().key;
    }
    return std::string("nothing");
  };
  TomlNode wrong = *root.find("populations")->find("E");
  wrong.find("params")->find("tau_m")->real = -1;
  CHECK(refused("populations", "X", wrong) == "populations.X.params.tau_m");
  CHECK(refused("populations", "E", *root.find("populations")->find("E")) == "populations.E");
  wrong = *root.find("projections")->find("exc");
  wrong.find("connect")->find("indegree")->integer = 81;
  wrong.find("connect")->entries.emplace_back("multapses", TomlNode());
  wrong.find("connect")->entries.back().second.kind = TomlNode::Kind::boolean;
  CHECK(refused("projections", "X", wrong) == "projections.X.connect.indegree");
  wrong = *root.find("projections")->find("learns");
  wrong.find("plasticity")->find("signals")->find("dopamine")->text = "other";
  CHECK(refused("projections", "X", wrong) == "projections.X.plasticity.signals.dopamine");
  CHECK(refused("signals", "a b", *root.find("signals")->find("reward")) == "signals");
  wrong = *root.find("inputs")->find("background");
  wrong.find("target")->items[1].text = "X";
  CHECK(refused("inputs", "X", wrong) == "inputs.X.target");
  CHECK(builder.experiment().network.populations.size() == 2);
  // The names that were refused are free, and numbers of neurons go on where they were.
  builder.add("populations", "X", *root.find("populations")->find("E"));
  wrong.find("target")->items[1].text = "X";
  builder.add("inputs", "X", wrong);
  builder.add("projections", "X", *root.find("projections")->find("exc"));
  Session session(builder.experiment(), 1);
  CHECK(session.network().simulation().populations()[2].first == 100);
}

TEST_CASE("States are recorded into memory as they are read", "[session]") {
  Session session(built().experiment(), 2);
  StateRequest request;
  request.name = "states";
  request.population = {{.population = "I", .end = {}}, {.population = "E", .begin = 3, .end = 70, .step = 7}};
  request.variables = {"V_m", "refractory"};
  request.every = 0.3;
  session.run(1.0);
  const StateMemory& states = session.states(session.record_states(request));
  CHECK(states.rows() == 1);
  std::vector<std::vector<double>> expected;
  for (int row = 0; row < 5; ++row) {
    const std::vector<double> I = session.state("I", "V_m"), E = session.state("E", "V_m");
    std::vector<double> line = I;
    for (std::size_t n = 3; n < 70; n += 7) line.push_back(E[n]);
    expected.push_back(line);
    session.run(0.3);
  }
  REQUIRE(states.rows() == 6);
  CHECK(states.width() == 30);
  for (std::size_t row = 0; row < 5; ++row) {
    CHECK(states.tick(row) == 10 + 3 * static_cast<Tick>(row));
    CHECK(std::vector<double>(states.values(0).begin() + static_cast<std::ptrdiff_t>(30 * row),
                              states.values(0).begin() + static_cast<std::ptrdiff_t>(30 * row + 30)) == expected[row]);
  }
}

TEST_CASE("A state that is written is read again, and goes on from there", "[session]") {
  for (const char* const update : {"tick", "event"})
    for (const char* const precision : {"single", "double"}) {
      INFO(update << ' ' << precision);
      const Scratch scratch;
      const std::string file = scratch.write("e.toml", std::string("[simulation]\nduration = 20.0\nupdate = \"") +
                                                           update + "\"\nprecision = \"" + precision +
                                                           "\"\n[populations.E]\nmodel = \"iaf_psc_exp\"\nsize = 5\n");
      Session session(parse_experiment(file), 1), other(parse_experiment(file), 1);
      session.record_spikes({{.population = "E", .end = {}}});
      session.run(3.0);
      const std::vector<std::uint32_t> some{1, 3};
      const std::vector<double> values{-60.5, -20};
      session.set_state("E", "V_m", some, values);
      const std::vector<double> V_m = session.state("E", "V_m");
      CHECK(V_m[1] == -60.5);
      CHECK(V_m[3] == -20);
      CHECK(V_m[0] == V_m[2]);
      session.run(1.0);
      CHECK(session.spikes("E").neurons == std::vector<std::uint32_t>{3});
      CHECK(session.spikes("E").ticks == std::vector<Tick>{31});
      CHECK(session.state("E", "V_m")[1] < -60.5);
      // Back where it was, as if nothing had happened: at rest.
      other.run(4.0);
      CHECK(session.state("E", "V_m")[0] == other.state("E", "V_m")[0]);
    }
}

namespace {

// { key = value }
TomlNode setting(const std::string& key, const std::string& value) {
  const Scratch scratch;
  return *read_toml_document(scratch.write("t.toml", "t = { " + key + " = " + value + " }\n"), {}).root.find("t");
}

TomlNode params(const std::string& key, const std::string& value) {
  return setting("params", "{ " + key + " = " + value + " }");
}

// which: none for all synapses.
void set_weights(Session& session, const std::string& projection, const std::vector<std::uint64_t>& which,
                 const std::vector<double>& weights) {
  TomlNode settings = setting("weight", "[]");
  const auto set = [](TomlNode& node, const auto& numbers) {
    node.kind = TomlNode::Kind::numbers;
    node.numbers.assign(numbers.begin(), numbers.end());
  };
  set(*settings.find("weight"), weights);
  if (!which.empty()) set(settings.entries.emplace_back("synapses", TomlNode()).second, which);
  session.change("projections", projection, settings);
}

}  // namespace

TEST_CASE("An input that is changed is the one that would have been built", "[session]") {
  Session changed(built().experiment(), 2);
  changed.run(10.0);
  changed.change("inputs", "background", setting("rate", "8000.0"));
  changed.change("inputs", "background", setting("weight", "{ uniform = [0.1, 0.2] }"));
  TomlNode root = document();
  TomlNode& background = *root.find("inputs")->find("background");
  background.find("rate")->real = 8000;
  *background.find("weight") = *setting("weight", "{ uniform = [0.1, 0.2] }").find("weight");
  ExperimentBuilder builder(*simulation_of(root));
  for (const char* const section : {"populations", "inputs", "signals", "projections"})
    for (const auto& [name, table] : root.find(section)->entries) builder.add(section, name, table);
  Session other(builder.experiment(), 1);
  other.load(changed.save());  // a state says nothing of inputs
  for (Session* const session : {&changed, &other}) session->run(20.0);
  CHECK(changed.save() == other.save());
  CHECK(changed.changes().size() == 2);
  CHECK(changed.changes()[0] == "10 ms: inputs.background { rate = 8000.0 }");
  const std::vector<std::byte> before = changed.save();
  for (const auto& [key, value] :
       {std::pair("rate", "-1.0"), {"wieght", "1.0"}, {"target", "\"I\""}, {"kind", "\"spikes\""}})
    CHECK_THROWS_AS(changed.change("inputs", "background", setting(key, value)), ExperimentError);
  CHECK_THROWS_AS(changed.change("inputs", "foreground", setting("rate", "1.0")), ExperimentError);
  CHECK(changed.changes().size() == 2);
  CHECK(changed.save() == before);
}

TEST_CASE("Parameters that are changed are those that would have been built, and states stay", "[session]") {
  for (const char* const update : {"tick", "event"})
    for (const char* const model : {"iaf_psc_exp", "iaf_psc_delta"}) {
      INFO(update << ' ' << model);
      const Scratch scratch;
      const auto file = [&](const std::string& params) {
        return scratch.write("e.toml", std::string("[simulation]\nduration = 20.0\nupdate = \"") + update +
                                           "\"\n[populations.E]\nmodel = \"" + model +
                                           "\"\nsize = 3\nparams = { tau_m = " + params +
                                           " }\ninitial = { V_m = [-60.0, -65.0, -70.0] }\n[inputs.s]\nkind = "
                                           "\"spikes\"\ntarget = \"E\"\ntimes = [1.0, 12.0]\nweight = 3.0\n");
      };
      Session changed(parse_experiment(file("10.0, E_L = -70.0")), 1);
      Session built_so(parse_experiment(file("30.0, E_L = -68.0, I_e = 5.0")), 1);
      // At the start it is as if it had been built so.
      changed.change("populations", "E", params("tau_m", "30.0"));
      changed.change("populations", "E", params("E_L", "-68.0"));
      changed.change("populations", "E", params("I_e", "5.0"));
      for (Session* const session : {&changed, &built_so}) session->run(15.0);
      const std::vector<double> V_m = changed.state("E", "V_m"), expected = built_so.state("E", "V_m");
      for (int n = 0; n < 3; ++n) CHECK(V_m[n] == Approx(expected[n]).epsilon(1e-6));
      CHECK(changed.network().simulation().fingerprint() == built_so.network().simulation().fingerprint());
      // In the midst of it the potential stays, whatever it is counted from.
      changed.change("populations", "E", params("E_L", "-50.0"));
      const std::vector<double> after = changed.state("E", "V_m");
      for (int n = 0; n < 3; ++n) CHECK(after[n] == Approx(V_m[n]).epsilon(1e-6));
      changed.run(0.1);
      CHECK(changed.state("E", "V_m")[2] > V_m[2]);
      CHECK_THROWS_AS(changed.change("populations", "E", params("tau_m", "-1.0")), ExperimentError);
      CHECK_THROWS_AS(changed.change("populations", "E", params("V_reset", "0.0")), UserError);  // not below V_th
      CHECK_THROWS_AS(changed.change("populations", "F", params("tau_m", "1.0")), ExperimentError);
      if (std::string(update) == "event")
        CHECK_THROWS_AS(changed.change("populations", "E", params("tau_m", "[1.0, 2.0, 3.0]")), UserError);
      else
        changed.change("populations", "E", params("tau_m", "[1.0, 2.0, 3.0]"));
      changed.run(1.0);
    }
}

TEST_CASE("Weights that are changed are met by spikes in flight, whatever the layout", "[session]") {
  std::vector<std::vector<Tick>> spikes;
  std::vector<std::vector<double>> learnt;
  for (const NetworkSpec::Delivery delivery : {NetworkSpec::Delivery::ring, NetworkSpec::Delivery::wheel})
    for (const std::uint32_t lanes : {1u, 4u}) {
      Experiment experiment = whole();
      experiment.network.delivery = delivery;
      experiment.network.lanes = lanes;
      experiment.network.projections[0].weight = Uniform{0.1, 0.2};
      Session session(experiment, 2);
      session.run(10.0);
      SynapseTable table = session.synapses("exc");
      std::vector<std::uint64_t> which;
      std::vector<double> weights;
      for (std::uint64_t k = 3; k < table.weight.size(); k += 2) {
        which.push_back(k);
        weights.push_back(table.weight[k] + 2.0);
      }
      set_weights(session, "exc", which, weights);
      const SynapseTable after = session.synapses("exc");
      for (std::size_t k = 0; k < which.size(); ++k) table.weight[which[k]] = static_cast<float>(weights[k]);
      CHECK(after.weight == table.weight);
      CHECK(after.source == table.source);
      const std::vector<double> half(session.synapses("learns").weight.size(), 0.5);
      session.change("projections", "learns", setting("weight", "0.5"));
      CHECK(session.synapses("learns").weight == half);
      session.network().set_signal("reward", std::vector<double>{0.01});
      session.run(20.0);
      spikes.push_back(ticks(session));
      learnt.push_back(session.synapses("learns").weight);
      CHECK(learnt.back() != half);
      CHECK(session.changes().size() == 2);
    }
  CHECK(spikes[0].size() > 200);
  for (std::size_t i = 1; i < spikes.size(); ++i) {
    CHECK(spikes[i] == spikes[0]);
    CHECK(learnt[i] == learnt[0]);
  }
}

TEST_CASE("Weights that are changed at the start are those that would have been built", "[session]") {
  Experiment experiment = whole(), other = whole();
  experiment.network.projections[0].weight = Uniform{0.1, 0.2};
  other.network.projections[0].weight = Uniform{0.3, 0.4};
  Session changed(experiment, 1), built_so(other, 1);
  const std::vector<double> weights = built_so.synapses("exc").weight;
  set_weights(changed, "exc", {}, weights);
  CHECK(changed.network().synapse_digest() == built_so.network().synapse_digest());
  for (Session* const session : {&changed, &built_so}) session->run(30.0);
  CHECK(ticks(changed) == ticks(built_so));
  // A state belongs to the weights that it was saved with.
  Session first(experiment, 1);
  CHECK_THROWS_AS(first.load(changed.save()), StateError);
  set_weights(first, "exc", {}, weights);
  first.load(changed.save());
  CHECK(first.save() == changed.save());
}

TEST_CASE("Weights that cannot be are refused", "[session]") {
  Session session(whole(), 1);
  const auto refused = [&](const char* projection, std::vector<std::uint64_t> which, std::vector<double> weights) {
    try {
      set_weights(session, projection, which, weights);
    } catch (const ExperimentError& error) {
      return error.complaint().key;
    }
    return std::string("nothing");
  };
  const std::vector<std::byte> before = session.save();
  CHECK(refused("exc", {0}, {1.0}) == "projections.exc.weight");  // one number for all
  CHECK(refused("none", {0}, {1.0}) == "projections");
  CHECK(refused("learns", {0}, {1.5}) == "projections.learns.weight");  // beyond w_max
  CHECK(refused("learns", {0, 1}, {0.5, -0.1}) == "projections.learns.weight[1]");
  CHECK(refused("learns", {0, 1, 2}, {0.5, 0.6}) == "projections.learns.weight");
  CHECK(refused("learns", {1u << 20}, {0.5}) == "projections.learns.synapses[0]");
  CHECK(session.save() == before);
  Experiment currents = whole();
  currents.network.populations[0].model = "iaf_psc_exp";
  currents.network.populations[0].params.clear();
  currents.network.populations[1] = currents.network.populations[0];
  currents.network.populations[1].name = "I";
  currents.network.populations[1].size = 20;
  currents.network.populations[0].initial.clear();
  currents.network.populations[1].initial.clear();
  currents.network.projections[0].weight = Uniform{-2, 2};
  Session signs(currents, 1);
  const std::vector<double> weights = signs.synapses("exc").weight;
  for (std::size_t k = 0; k < 20; ++k) {
    const std::vector<std::uint64_t> one{k};
    set_weights(signs, "exc", one, std::vector<double>{weights[k] * 2});
    CHECK_THROWS_AS(set_weights(signs, "exc", one, std::vector<double>{-weights[k]}), ExperimentError);
  }
}

TEST_CASE("A session goes on from what was saved", "[session]") {
  const Scratch scratch;
  Session first(built().experiment(), 1);
  first.run(20.0);
  const std::vector<std::byte> state = first.save();
  first.save_checkpoint(scratch / "c.h5");
  first.run(30.0);
  for (const bool from_file : {false, true}) {
    Session second(built().experiment(), 2);
    if (from_file)
      second.load_checkpoint(scratch / "c.h5");
    else
      second.load(state);
    CHECK(second.now() == 20.0);
    second.run(30.0);
    CHECK(second.save() == first.save());
  }
  Experiment other = built().experiment();
  other.network.seed = 4;
  Session stranger(other, 1);
  CHECK_THROWS_AS(stranger.load_checkpoint(scratch / "c.h5"), StateError);
}

TEST_CASE("A run ends where it is told to, and synapses are told by their neurons", "[session]") {
  Session session(built().experiment(), 1);
  CHECK(session.run(1000.0, [&] { return session.now() >= 5; }) == false);
  CHECK(session.now() >= 5);
  CHECK(session.now() < 1000);
  const SynapseTable table = session.synapses("learns");
  const auto count = session.network().projections()[1].synapses;
  REQUIRE(table.source.size() == count);
  CHECK(table.columns.size() == 1);
  CHECK(table.columns[0].second.size() == count);
  for (std::size_t k = 0; k < count; ++k) {
    CHECK(table.source[k] < 40);
    CHECK(table.target[k] >= 40);
    CHECK(table.delay[k] == 1.0);
  }
  const SynapseTable both = session.synapses("exc");
  CHECK(std::accumulate(both.target_population.begin(), both.target_population.end(), 0u) == 20 * 8);
  CHECK_THROWS_AS(session.synapses("none"), BuildError);
  CHECK_THROWS_AS(session.run(0.05), BuildError);
  CHECK_THROWS_AS(session.spikes("E"), BuildError);
}

TEST_CASE("A weight that all synapses share is changed for all of them", "[session]") {
  for (const NetworkSpec::Delivery delivery : {NetworkSpec::Delivery::ring, NetworkSpec::Delivery::wheel}) {
    Experiment experiment = whole(), other = whole();
    experiment.network.delivery = other.network.delivery = delivery;
    other.network.projections[0].weight = 0.25;
    Session changed(experiment, 1), built_so(other, 2);
    changed.change("projections", "exc", setting("weight", "0.25"));
    CHECK(changed.network().synapse_digest() == built_so.network().synapse_digest());
    CHECK(changed.synapses("exc").weight == built_so.synapses("exc").weight);
    for (Session* const session : {&changed, &built_so}) session->run(30.0);
    CHECK(ticks(changed) == ticks(built_so));
    CHECK_THROWS_AS(changed.change("projections", "exc", setting("weight", "\"strong\"")), ExperimentError);
    CHECK_THROWS_AS(changed.change("projections", "exc", setting("weight", "{ uniform = [0.0, 1.0] }")),
                    ExperimentError);
    CHECK_THROWS_AS(changed.change("projections", "exc", setting("delay", "1.0")), ExperimentError);
    CHECK_THROWS_AS(changed.change("signals", "reward", setting("width", "1")), ExperimentError);
  }
}

namespace {

// The experiment with what happens while it runs.
Experiment with(const std::string& more) {
  const Scratch scratch;
  return parse_experiment(scratch.write("e.toml", text + more));
}

const char* const three_changes = R"([[changes]]
at = 10.0
inputs.background = { rate = 40000.0 }
projections.exc.weight = 0.3
[[changes]]
at = 30.0
populations.E.params = { V_th = 10.0 }
)";

}  // namespace

TEST_CASE("What a file changes is what a program changes", "[session]") {
  Session from_file(with(three_changes), 1), by_hand(whole(), 2);
  by_hand.run(10.0);
  by_hand.change("inputs", "background", setting("rate", "40000.0"));
  by_hand.change("projections", "exc", setting("weight", "0.3"));
  by_hand.run(20.0);
  by_hand.change("populations", "E", params("V_th", "10.0"));
  by_hand.run(20.0);
  for (const double piece : {0.3, 9.7, 1.0, 19.0, 20.0}) from_file.run(piece);
  CHECK(from_file.save() == by_hand.save());
  CHECK(from_file.changes() == by_hand.changes());
  CHECK(from_file.changes().size() == 3);
  CHECK(ticks(from_file) == ticks(by_hand));
  Session plain(whole(), 1);
  plain.run(50.0);
  CHECK(ticks(plain) != ticks(by_hand));
  // A state is met by the network as it was changed by then, and not by one that is beyond.
  Session later(with(three_changes), 1);
  Session half(with(three_changes), 1);
  half.run(20.0);
  later.load(half.save());
  later.run(30.0);
  CHECK(later.save() == by_hand.save());
  CHECK(later.changes() == by_hand.changes());
  CHECK_THROWS_AS(later.load(half.save()), StateError);
  CHECK(later.save() == by_hand.save());
}

TEST_CASE("Conditions end a run at the same tick however it is cut", "[session]") {
  for (const auto& [condition, why] :
       {std::pair("rate = \"E\"\nabove = 5.0\nevery = 5.0\n", "stop[0]: E spikes at "),
        std::pair("rate = [\"E[::2]\", \"I\"]\nbelow = 10.0\nstart = 20.0\nevery = 2.5\n[[changes]]\nat = "
                  "15.0\ninputs.background.rate = 0.0\n",
                  "stop[0]: E[0::2], I spikes at "),
        std::pair("signal = \"reward\"\nabove = 0.5\nevery = 0.5\n", "stop[0]: reward is ")}) {
    INFO(condition);
    std::vector<double> ends;
    for (const double piece : {100.0, 0.7, 0.1}) {
      Session session(with(std::string("[[stop]]\n") + condition), piece < 1 ? 2 : 1);
      bool goes_on = true;
      while (goes_on && session.now() < 90) {
        if (session.now() >= 20) session.network().set_signal("reward", std::vector<double>{1.0});
        goes_on = session.run(std::min(piece, 20.0));
      }
      CHECK_FALSE(goes_on);
      CHECK(session.stopped().starts_with(why));
      ends.push_back(session.now());
      CHECK(session.run(0.1));  // it can go on
      CHECK(session.stopped().empty());
    }
    if (condition[0] == 'r') {
      CHECK(ends[0] == ends[1]);
      CHECK(ends[0] == ends[2]);
    }
    CHECK(ends[0] < 80);
  }
}

TEST_CASE("A rate that ends a run is that of the spikes in its interval", "[session]") {
  Session plain(whole(), 1);
  plain.run(50.0);
  const std::vector<Tick> all_spikes = ticks(plain);
  for (const double bound : {10.0, 20.0, 40.0}) {
    Tick expected = 500;
    for (Tick end = 100; end < 500 && expected == 500; end += 50) {  // no look before 10 ms
      const auto spikes = std::ranges::count_if(all_spikes, [&](Tick t) { return t > end - 50 && t <= end; });
      if (static_cast<double>(spikes) / 80 / 0.005 > bound) expected = end;
    }
    Session session(with("[[stop]]\nrate = \"E\"\nstart = 10.0\nevery = 5.0\nabove = " + std::to_string(bound) + "\n"),
                    1);
    session.run(session.left());
    CHECK(session.now() == static_cast<double>(expected) / 10);
    CHECK(session.stopped().empty() == (expected == 500));
  }
}

TEST_CASE("Changes and conditions that make no sense are refused with their place", "[session]") {
  const auto refused = [](const std::string& more) {
    const Scratch scratch;
    try {
      parse_experiment(scratch.write("e.toml", text + more));
    } catch (const ExperimentError& error) {
      CHECK(error.complaint().file.find("e.toml:") != std::string::npos);
      return error.complaint().key;
    }
    return std::string("nothing");
  };
  CHECK(refused("[[changes]]\nat = 10.0\n") == "changes[0].at");
  CHECK(refused("[[changes]]\ninputs.background.rate = 1.0\n") == "changes[0].at");
  CHECK(refused("[[changes]]\nat = 0.05\ninputs.background.rate = 1.0\n") == "changes[0].at");
  CHECK(refused("[[changes]]\nat = 50.0\ninputs.background.rate = 1.0\n") == "changes[0].at");
  CHECK(refused("[[changes]]\nat = 5.0\ninputs.background.rate = -1.0\n") == "inputs.background.rate");
  CHECK(refused("[[changes]]\nat = 5.0\ninputs.foreground.rate = 1.0\n") == "inputs");
  CHECK(refused("[[changes]]\nat = 5.0\npopulations.E.size = 3\n") == "populations.E.size");
  CHECK(refused("[[changes]]\nat = 5.0\npopulations.E.params.tau_m = -3.0\n") == "populations.E.params.tau_m");
  CHECK(refused("[[changes]]\nat = 5.0\nprojections.exc.delay = 3.0\n") == "projections.exc.delay");
  CHECK(refused("[[changes]]\nat = 5.0\nprojections.exc = { weight = 1.0, synapses = [0.5] }\n") ==
        "projections.exc.synapses[0]");
  CHECK(refused("[[changes]]\nat = 5.0\nsignals.reward.width = 3\n") == "changes[0].signals");
  CHECK(refused("[[changes]]\nat = 5.0\ninputs.background.rate = 1.0\n[[changes]]\nat = "
                "4.0\ninputs.background.rate = 1.0\n") == "changes[1].at");
  CHECK(refused("[[stop]]\nabove = 1.0\n") == "stop[0]");
  CHECK(refused("[[stop]]\nrate = \"E\"\n") == "stop[0]");
  CHECK(refused("[[stop]]\nrate = \"X\"\nabove = 1.0\n") == "stop[0].rate");
  CHECK(refused("[[stop]]\nrate = \"E\"\nsignal = \"reward\"\nabove = 1.0\n") == "stop[0]");
  CHECK(refused("[[stop]]\nsignal = \"rewrad\"\nabove = 1.0\n") == "stop[0].signal");
  CHECK(refused("[[stop]]\nrate = \"E\"\nabove = 1.0\nbelow = 2.0\n") == "stop[0].below");
  CHECK(refused("[[stop]]\nrate = \"E\"\nabove = 1.0\nevery = 0.25\n") == "stop[0].every");
  CHECK(refused("[[stop]]\nrate = \"E\"\nabove = 1.0\nevery = 0.0\n") == "stop[0].every");
  CHECK(refused("[[stop]]\nrate = \"E\"\nabvoe = 1.0\n") == "stop[0].abvoe");
  // What only a network that is built can tell is told before it runs.
  const auto unfit = [](const std::string& more) {
    try {
      Session session(with(more), 1);
    } catch (const ExperimentError& error) {
      return error.complaint().key;
    }
    return std::string("nothing");
  };
  CHECK(unfit("[[changes]]\nat = 5.0\nprojections.exc = { weight = 1.0, synapses = [5] }\n") ==
        "projections.exc.weight");
  CHECK(unfit("[[changes]]\nat = 5.0\nprojections.learns = { weight = 2.0, synapses = [5] }\n") ==
        "projections.learns.weight");
  CHECK(unfit("[[changes]]\nat = 5.0\nprojections.learns.weight = [0.1, 0.2]\n") == "projections.learns.weight");
}

}  // namespace test_session
