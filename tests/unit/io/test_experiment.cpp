// What a right experiment file means: every form of a value, the order of declaration, include, like, overrides.
#include <unistd.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "core/time.hpp"
#include "io/experiment/experiment.hpp"
#include "io/h5/h5.hpp"
#include "io/spikes/convert.hpp"
#include "networks/connect/rules.hpp"
#include "networks/description/selections.hpp"
#include "networks/inputs/kinds.hpp"

namespace test_experiment {

using namespace rheo;
namespace fs = std::filesystem;

namespace {

// Files of one test, in a folder of their own.
class Folder {
 public:
  Folder() {
    std::string pattern = (fs::temp_directory_path() / "rheo_experiment_XXXXXX").string();
    if (!::mkdtemp(pattern.data())) throw std::runtime_error("no temporary folder");
    path_ = pattern;
  }
  ~Folder() { fs::remove_all(path_); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;

  std::string path(const std::string& name) const { return (path_ / name).string(); }
  std::string write(const std::string& name, const std::string& text) const {
    fs::create_directories(fs::path(path(name)).parent_path());
    std::ofstream(path(name)) << text;
    return path(name);
  }
  Experiment parse(const std::string& text, const std::vector<std::string>& overrides = {}) const {
    return parse_experiment(write("experiment.toml", text), overrides);
  }

 private:
  fs::path path_;
};

const std::string simulation = "[simulation]\nduration = 100.0\n";
const std::string three_neurons = "[populations.E]\nmodel = \"iaf_psc_delta\"\nsize = 3\n";

// The value of tau_m written as `text`, in a population of three neurons.
Value tau_m(const Folder& folder, const std::string& text) {
  return folder.parse(simulation + three_neurons + "params.tau_m = " + text + "\n")
      .network.populations.at(0)
      .params.at("tau_m");
}

std::vector<std::string> names(const auto& items) {
  std::vector<std::string> result;
  for (const auto& item : items) result.push_back(item.name);
  return result;
}

using Strings = std::vector<std::string>;
using Numbers = std::vector<double>;

}  // namespace

TEST_CASE("settings of the simulation", "[experiment]") {
  const Folder folder;
  const Experiment plain = folder.parse(simulation + three_neurons);
  CHECK(plain.title.empty());
  CHECK(plain.duration == 100.0);
  CHECK(plain.ticks == 1000);
  CHECK(plain.network.dt == 0.1);
  CHECK(plain.network.seed == 0);
  CHECK(plain.network.precision == Precision::single_);
  CHECK(plain.network.lanes == 0);
  CHECK_FALSE(plain.record.present);
  CHECK(plain.warnings.empty());
  CHECK(plain.files == Strings{folder.path("experiment.toml")});

  const Experiment full = folder.parse(
      "title = \"A title\"\n[simulation]\nduration = 10\ndt = 0.25\nseed = 9223372036854775807\n"
      "precision = \"double\"\nupdate = \"tick\"\nlanes = 16\n" +
      three_neurons);
  CHECK(full.title == "A title");
  CHECK(full.ticks == 40);
  CHECK(full.network.seed == 9223372036854775807u);
  CHECK(full.network.precision == Precision::double_);
  CHECK(full.network.lanes == 16);

  const Experiment odd = folder.parse("[simulation]\nduration = 10.06\n" + three_neurons);
  CHECK(odd.ticks == 101);
  CHECK(odd.duration == 10.1);
  REQUIRE(odd.warnings.size() == 1);
  CHECK_THAT(odd.warnings[0], Catch::EndsWith("simulation.duration = 10.06 ms is rounded to 101 ticks of 0.1 ms"));
}

TEST_CASE("every form of a value", "[experiment]") {
  const Folder folder;
  CHECK(std::get<double>(tau_m(folder, "20.5")) == 20.5);
  CHECK(std::get<double>(tau_m(folder, "20")) == 20.0);
  CHECK(std::get<Numbers>(tau_m(folder, "[10, 20.5, 30]")) == Numbers{10, 20.5, 30});

  const auto uniform = std::get<Distribution>(tau_m(folder, "{ uniform = [10, 20.0] }"));
  CHECK(std::get<rheo::Uniform>(uniform.kind).low == 10);
  CHECK(std::get<rheo::Uniform>(uniform.kind).high == 20);

  const auto normal = std::get<Distribution>(tau_m(folder, "{ normal = [20.0, 2.0], min = 1.0, max = 40 }"));
  CHECK(std::get<rheo::Normal>(normal.kind).mean == 20);
  CHECK(std::get<rheo::Normal>(normal.kind).sd == 2);
  CHECK(normal.min == 1.0);
  CHECK(normal.max == 40.0);

  const auto lognormal = std::get<Distribution>(tau_m(folder, "{ lognormal = [3.0, 0.5], max = 60.0 }"));
  CHECK(std::get<rheo::Lognormal>(lognormal.kind).mu == 3);
  CHECK(std::get<rheo::Lognormal>(lognormal.kind).sigma == 0.5);
  CHECK_FALSE(lognormal.min.has_value());
  CHECK(lognormal.max == 60.0);

  const auto choice = std::get<Distribution>(tau_m(folder, "{ choice = [10.0, 20, 20] }"));
  CHECK(std::get<rheo::Choice>(choice.kind).choices == Numbers{10, 20, 20});

  {
    h5::File file = h5::File::create(folder.path("w.h5"));
    auto dataset = file.create_dataset<double>("tau", 3);
    const Numbers values{11, 12, 13};
    dataset.write<double>(0, values);
  }
  CHECK(std::get<Numbers>(tau_m(folder, "{ file = \"w.h5\", dataset = \"/tau\" }")) == Numbers{11, 12, 13});
  // A path in --set starts at the experiment file as well.
  const Experiment set =
      folder.parse(simulation + three_neurons, {"populations.E.params.tau_m={ file = \"w.h5\", dataset = \"/tau\" }"});
  CHECK(std::get<Numbers>(set.network.populations[0].params.at("tau_m")) == Numbers{11, 12, 13});
  CHECK_THROWS_AS(tau_m(folder, "{ file = \"w.h5\", dataset = \"/nothing\" }"), ExperimentError);
}

TEST_CASE("strings in params are options, initial sets the state", "[experiment]") {
  const Folder folder;
  const Experiment experiment =
      folder.parse(simulation +
                   "[populations.E]\nmodel = \"izhikevich\"\nsize = 2\n"
                   "params = { a = 0.1, scheme = \"euler\" }\ninitial = { V_m = [-60, -70] }\n");
  const PopulationSpec& population = experiment.network.populations.at(0);
  CHECK(population.options == std::map<std::string, std::string>{{"scheme", "euler"}});
  CHECK(population.params.size() == 1);
  CHECK(std::get<Numbers>(population.initial.at("V_m")) == Numbers{-60, -70});
}

TEST_CASE("populations, inputs and projections keep the order of declaration", "[experiment]") {
  const Folder folder;
  const Experiment experiment = folder.parse(R"(
[projections.z]
source = "m"
target = "a"
connect = { rule = "all_to_all" }

[populations.m]
model = "iaf_psc_delta"
size = 3

[inputs.y]
kind = "current"
target = "m"
amplitude = 100.0

[populations.z.params]
tau_m = 10.0

[projections.b]
source = "a"
target = ["z", "m"]
connect = { rule = "all_to_all" }

[populations.a]
model = "iaf_psc_delta"
size = 3

[populations.z]
model = "iaf_psc_delta"
size = 3

[inputs.x]
kind = "poisson"
target = "a"
rate = 5

[record.spikes]
populations = ["a", "m[1:]"]

[simulation]
duration = 1.0
)");
  CHECK(names(experiment.network.populations) == Strings{"m", "z", "a"});
  CHECK(names(experiment.network.projections) == Strings{"z", "b"});
  CHECK(names(experiment.network.inputs) == Strings{"y", "x"});
  REQUIRE(experiment.record.populations.size() == 2);  // by population, whatever order was asked for
  CHECK(experiment.record.populations[0].population == "m");
  CHECK(experiment.record.populations[0].begin == 1);
  CHECK(experiment.record.populations[1].population == "a");
}

TEST_CASE("an included file comes first and is changed entry by entry", "[experiment]") {
  const Folder folder;
  folder.write("base/base.toml", R"(
title = "base"
[simulation]
duration = 100.0
seed = 3
[populations.B]
model = "iaf_psc_delta"
size = 30
params = { tau_m = 20.0, V_th = -50.0 }
[populations.A]
model = "spike_source"
size = 1
params = { file = "spikes.h5" }
[projections.p]
source = "A"
target = "B"
connect = { rule = "fixed_indegree", indegree = 1, multapses = true }
weight = { uniform = [0.0, 1.0] }
[record.spikes]
)");
  {
    h5::File file = h5::File::create(folder.path("base/spikes.h5"));
    h5::Group group = file.create_group("spikes").create_group("one");
    auto times = group.create_dataset<double>("timestamps", 2);
    times.write<double>(0, Numbers{3.0, 1.5});
    times.set_text("units", "ms");
    auto ids = group.create_dataset<std::uint64_t>("node_ids", 2);
    ids.write<std::uint64_t>(0, std::vector<std::uint64_t>{0, 0});
  }
  const Experiment experiment = folder.parse(R"(
include = "base/base.toml"
[populations.Z]
like = "B"
size = 5
[populations.B]
params = { tau_m = 10.0 }
[projections.p]
connect = { rule = "bernoulli", p = 0.5 }
weight = { normal = [0.0, 1.0] }
[simulation]
duration = 50.0
)");
  CHECK(experiment.title == "base");
  CHECK(experiment.duration == 50.0);
  CHECK(experiment.network.seed == 3);
  CHECK(names(experiment.network.populations) == Strings{"B", "A", "Z"});
  const PopulationSpec& population = experiment.network.populations[0];
  CHECK(population.size == 30);
  CHECK(std::get<double>(population.params.at("tau_m")) == 10.0);
  CHECK(std::get<double>(population.params.at("V_th")) == -50.0);
  CHECK(std::get<double>(experiment.network.populations[2].params.at("tau_m")) == 10.0);
  // A path of the included file starts there; times keep their order in the file.
  REQUIRE(experiment.network.populations[1].trains);
  CHECK(experiment.network.populations[1].trains->times == Numbers{3.0, 1.5});
  // A rule or a distribution is replaced as a whole.
  const ProjectionSpec& projection = experiment.network.projections.at(0);
  REQUIRE(projection.connect.as<Bernoulli>());
  CHECK(projection.connect.as<Bernoulli>()->p == 0.5);
  CHECK(std::holds_alternative<rheo::Normal>(std::get<Distribution>(projection.weight).kind));
  CHECK(experiment.files ==
        Strings{folder.path("experiment.toml"), folder.path("base/base.toml"), folder.path("base/spikes.h5")});
  CHECK(experiment.record.populations.size() == 3);
  CHECK(experiment.place("populations.B.params.tau_m") == folder.path("experiment.toml") + ":7");
  CHECK(experiment.place("populations.B.params.V_th") == folder.path("base/base.toml") + ":9");
}

TEST_CASE("like takes over everything but the size", "[experiment]") {
  const Folder folder;
  const Experiment experiment = folder.parse(simulation + R"(
[populations.E]
model = "izhikevich"
size = 8
params = { a = 0.1, b = { uniform = [0.1, 0.2] }, scheme = "euler" }
initial = { V_m = -60.0 }
[populations.I]
like = "E"
size = 2
params = { a = 0.02, input = "delta" }
)");
  const PopulationSpec& copy = experiment.network.populations.at(1);
  CHECK(copy.name == "I");
  CHECK(copy.model == "izhikevich");
  CHECK(copy.size == 2);
  CHECK(std::get<double>(copy.params.at("a")) == 0.02);
  CHECK(std::holds_alternative<Distribution>(copy.params.at("b")));
  CHECK(copy.options == std::map<std::string, std::string>{{"scheme", "euler"}, {"input", "delta"}});
  CHECK(std::get<double>(copy.initial.at("V_m")) == -60.0);
}

TEST_CASE("overrides come last", "[experiment]") {
  const Folder folder;
  const std::string text =
      simulation + three_neurons + "[inputs.dc]\nkind = \"current\"\ntarget = \"E\"\namplitude = 1\n";
  const Experiment experiment =
      folder.parse(text, {"simulation.duration=5", "title = Two words", "populations.E.params.tau_m={uniform=[1,2]}",
                          "populations.E.size=4", "populations.E.size = 6", "inputs.dc.target=E[0:2]",
                          "record.spikes.populations=[\"E[::2]\"]", "populations.E.model=iaf_psc_alpha"});
  CHECK(experiment.duration == 5);
  CHECK(experiment.title == "Two words");
  CHECK(experiment.network.populations[0].size == 6);
  CHECK(experiment.network.populations[0].model == "iaf_psc_alpha");
  CHECK(std::holds_alternative<Distribution>(experiment.network.populations[0].params.at("tau_m")));
  CHECK(experiment.network.inputs[0].target.at(0).end == 2u);
  CHECK(experiment.record.populations.at(0).step == 2);
  CHECK(experiment.overrides.size() == 8);
  CHECK(experiment.place("populations.E.size") == "--set");
  CHECK(experiment.place("inputs.dc.amplitude") == folder.path("experiment.toml") + ":9");
}

TEST_CASE("phases", "[experiment]") {
  const Folder folder;
  const std::string projections = three_neurons +
                                  "[projections.a]\nsource = \"E\"\ntarget = \"E\"\nconnect.rule = "
                                  "\"all_to_all\"\nplasticity.rule = \"stdp_pair\"\n[projections.b]\nsource "
                                  "= \"E\"\ntarget = \"E\"\nconnect.rule = \"all_to_all\"\n[projections.c]\n"
                                  "source = \"E\"\ntarget = \"E\"\nconnect.rule = \"all_to_all\"\n"
                                  "plasticity.rule = \"stdp_pair\"\n";
  const std::string phases =
      "[[phases]]\nname = \"one\"\nduration = 10.5\n[[phases]]\nname = \"two\"\nduration = 20\nplasticity = [\"c\", "
      "\"a\"]\n"
      "[[phases]]\nname = \"three\"\nduration = 0.1\nplasticity = [\"c\"]\n[[phases]]\nname = \"four\"\nduration = "
      "1.0\n"
      "plasticity = false\n[[phases]]\nname = \"five\"\nduration = 1.0\nplasticity = true\n";
  const std::string record =
      "[record.spikes]\nphases = [\"four\", \"one\"]\n[record.V]\npopulation = \"E\"\nvariables = \"V_m\"\nevery = "
      "0.5\n"
      "phases = \"two\"\n";
  const Experiment experiment = folder.parse("[simulation]\ndt = 0.1\n" + projections + phases + record);
  CHECK(experiment.ticks == 326);
  CHECK(experiment.duration == 32.6);
  REQUIRE(names(experiment.phases) == Strings{"one", "two", "three", "four", "five"});
  const std::vector<Tick> ends{105, 305, 306, 316, 326};
  const std::vector<Strings> learning{{"a", "c"}, {"a", "c"}, {"c"}, {}, {"a", "c"}};
  for (std::size_t i = 0; i < ends.size(); ++i) {
    CHECK(experiment.phases[i].begin == (i == 0 ? 0 : ends[i - 1]));
    CHECK(experiment.phases[i].end == ends[i]);
    CHECK(experiment.phases[i].learning == learning[i]);
  }
  REQUIRE(experiment.record.spans.size() == 2);
  CHECK(experiment.record.spans[0].end == 105);
  CHECK(experiment.record.spans[1].begin == 306);
  CHECK_FALSE(experiment.record.spans[1].holds(306));
  CHECK(experiment.record.spans[1].holds(316));
  REQUIRE(experiment.reports.size() == 1);
  CHECK(experiment.reports[0].files == Strings{"V_two_V_m.h5"});
  CHECK(experiment.reports[0].times.first == 105);
  CHECK(experiment.reports[0].times.every == 5);
  CHECK(experiment.reports[0].times.end == 305);

  CHECK(folder.parse("[simulation]\nduration = 32.6\n" + projections + phases).ticks == 326);
  CHECK_THROWS_WITH(folder.parse("[simulation]\nduration = 32.7\n" + projections + phases),
                    Catch::Contains("is not the 32.6 ms of all phases together"));
  CHECK(folder.parse(simulation + projections).phases.empty());
}

TEST_CASE("weights at the end and every so often", "[experiment]") {
  const Folder folder;
  const std::string text = simulation + three_neurons +
                           "[projections.p]\nsource = \"E\"\ntarget = \"E\"\nconnect.rule = "
                           "\"all_to_all\"\nplasticity.rule = \"stdp_pair\"\n";
  const auto weights_of = [&](const std::string& record) {
    const Experiment experiment = folder.parse(text + "[record.w]\nprojection = \"p\"\n" + record);
    REQUIRE(experiment.weights.size() == 1);
    CHECK(experiment.weights[0].file == "w.h5");
    return experiment.weights[0];
  };
  CHECK(weights_of("").times.empty());
  const RecordWeights all = weights_of("every = 2.5\n");
  CHECK(all.variables == Strings{"weight"});
  REQUIRE(all.times.size() == 1);
  CHECK((all.times[0].first == 0 && all.times[0].every == 25 && all.times[0].end == 1001));
  const RecordWeights some = weights_of("every = 2.5\nstart = 10\nstop = 20\nvariables = [\"weight\"]\n");
  CHECK((some.times.at(0).first == 100 && some.times.at(0).end == 201));
  CHECK(weights_of("every = 1\nstart = 100.0\nstop = 300.0\n").times.at(0).first == 1000);
  const RecordWeights phases = weights_of(
      "every = 1\nphases = [\"b\"]\n[[phases]]\nname = \"a\"\nduration = 30\n[[phases]]\nname = \"b\"\nduration = "
      "70\n");
  REQUIRE(phases.times.size() == 1);
  CHECK((phases.times[0].first == 300 && phases.times[0].every == 10 && phases.times[0].end == 1001));
}

TEST_CASE("selections", "[experiment]") {
  const auto same = [](const Selection& s, const std::string& name, std::uint32_t begin,
                       std::optional<std::uint32_t> end, std::uint32_t step) {
    return s.population == name && s.begin == begin && s.end == end && s.step == step;
  };
  CHECK(same(parse_selection("E"), "E", 0, std::nullopt, 1));
  CHECK(same(parse_selection("L2-3_e[0:1000]"), "L2-3_e", 0, 1000, 1));
  CHECK(same(parse_selection("E[::10]"), "E", 0, std::nullopt, 10));
  CHECK(same(parse_selection("E[5:]"), "E", 5, std::nullopt, 1));
  CHECK(same(parse_selection("E[:7]"), "E", 0, 7, 1));
  CHECK(same(parse_selection("E[1:9:2]"), "E", 1, 9, 2));
  CHECK(same(parse_selection("E[:]"), "E", 0, std::nullopt, 1));
  for (const char* wrong : {"", "E[", "E]", "[0:1]", "E[]", "E[5]", "E[1:2:3:4]", "E[-1:3]", "E[a:b]", "E[::0]",
                            "E[1 :2]", "E[0:5000000000]", "E[0:1]x", "a b", "E[1:2"}) {
    CHECK_THROWS_AS(parse_selection(wrong), BuildError);
  }
}

TEST_CASE("selections of large populations are compared without counting neurons", "[experiment]") {
  std::vector<PopulationSpec> populations(1);
  populations[0].name = "E";
  populations[0].size = 4294967295;
  const PopulationIndex index(populations);
  const auto check = [&](const Strings& texts, bool may_interleave = true) {
    std::vector<Selection> selections;
    for (const std::string& text : texts) selections.push_back(parse_selection(text));
    index.check_distinct(selections, may_interleave);
    return index.count(selections);
  };
  CHECK(check({"E"}) == 4294967295);
  CHECK(check({"E[0:4000000000:2]", "E[1:4000000001:2]", "E[4000000001:]"}) == 4294967294);
  CHECK(check({"E[::65537]", "E[1::65537]"}) == 131070);
  CHECK_THROWS_WITH(check({"E[0:4000000000:3]", "E[1:4000000000:2]"}), Catch::Contains("selects neuron 3 of E twice"));
  CHECK_THROWS_WITH(check({"E[7::1000]", "E[:8]"}), Catch::Contains("selects neuron 7 of E twice"));
  CHECK_THROWS_WITH(check({"E", "E[5:6]"}), Catch::Contains("selects neuron 5 of E twice"));
  CHECK(check({"E[5:]", "E[:5]"}, false) == 4294967295);
  CHECK_THROWS_WITH(check({"E[::65537]", "E[1::65537]"}, false),
                    Catch::Contains("\"E[1::65537]\": interleaves with E[0::65537]"));
}

TEST_CASE("inputs", "[experiment]") {
  const Folder folder;
  const Experiment experiment = folder.parse(simulation + three_neurons + R"(
[populations.F]
like = "E"
size = 2
[inputs.noise]
kind = "poisson"
target = ["E[1:]", "F"]
rate = [1, 2, 3, 4]
weight = 0.5
delay = 1.5
port = "in"
start = 10
stop = 20.0
[inputs.dc]
kind = "current"
target = "F"
amplitude = { normal = [0.0, 100.0] }
)");
  const InputSpec& noise = experiment.network.inputs.at(0);
  const PoissonSpikes* const poisson = noise.kind.as<PoissonSpikes>();
  REQUIRE(poisson);
  CHECK(noise.target.size() == 2);
  CHECK(std::get<Numbers>(poisson->rate) == Numbers{1, 2, 3, 4});
  CHECK(std::get<double>(poisson->weight) == 0.5);
  CHECK(poisson->delay == 1.5);
  CHECK(poisson->port == "in");
  CHECK(noise.start == 10);
  CHECK(noise.stop == 20.0);
  const InputSpec& current = experiment.network.inputs.at(1);
  REQUIRE(current.kind.as<ConstantCurrent>());
  CHECK(current.start == 0);
  CHECK_FALSE(current.stop.has_value());
  CHECK(std::holds_alternative<Distribution>(current.kind.as<ConstantCurrent>()->amplitude));
}

TEST_CASE("connect rules", "[experiment]") {
  const Folder folder;
  const auto projection = [&folder](const std::string& rest) {
    return folder.parse(simulation + three_neurons + "[projections.p]\nsource = \"E\"\ntarget = \"E\"\n" + rest)
        .network.projections.at(0);
  };
  const ProjectionSpec indegree = projection(
      "connect = { rule = \"fixed_indegree\", indegree = 2, multapses = false, autapses = false }\nport = \"in\"\n");
  REQUIRE(indegree.connect.as<FixedIndegree>());
  CHECK(std::get<double>(indegree.connect.as<FixedIndegree>()->indegree) == 2);
  CHECK_FALSE(indegree.connect.as<FixedIndegree>()->multapses);
  CHECK_FALSE(indegree.connect.as<FixedIndegree>()->autapses);
  const auto drawn = [&](const std::string& value) {
    const ProjectionSpec made = projection("connect = { rule = \"fixed_indegree\", indegree = " + value + " }\n");
    return made.connect.as<FixedIndegree>()->indegree;
  };
  CHECK(std::holds_alternative<rheo::Integers>(std::get<Distribution>(drawn("{ integers = [1, 5] }")).kind));
  CHECK(std::get<rheo::Normal>(std::get<Distribution>(drawn("{ normal = [3.0, 1.0], min = 0 }")).kind).mean == 3);
  CHECK(std::get<Numbers>(drawn("[1, 0, 2]")) == Numbers{1, 0, 2});
  CHECK_THROWS_AS(drawn("{ integers = [1.5, 5] }"), ExperimentError);
  CHECK_THROWS_AS(drawn("{ integers = [-1, 5] }"), ExperimentError);
  CHECK(indegree.port == "in");
  CHECK(std::get<double>(indegree.weight) == 1.0);
  CHECK(std::get<double>(indegree.delay) == 1.0);

  const ProjectionSpec bernoulli = projection("connect = { rule = \"bernoulli\", p = 1 }\n");
  REQUIRE(bernoulli.connect.as<Bernoulli>());
  CHECK(bernoulli.connect.as<Bernoulli>()->p == 1.0);
  CHECK(bernoulli.connect.as<Bernoulli>()->autapses);
  const ProjectionSpec others = projection("connect = { rule = \"all_to_all\", autapses = false }\n");
  REQUIRE(others.connect.as<AllToAll>());
  CHECK_FALSE(others.connect.as<AllToAll>()->autapses);
  CHECK(projection("connect.rule = \"one_to_one\"\n").connect.as<OneToOne>());

  const ProjectionSpec list = projection(
      "connect = { rule = \"list\", source = [0, 1], target = [2, 2] }\nweight = [0.5, -0.5]\ndelay = [1, 2.5]\n");
  REQUIRE(list.connect.as<List>());
  CHECK(list.connect.as<List>()->edges->source == std::vector<std::uint32_t>{0, 1});
  CHECK(list.connect.as<List>()->edges->target == std::vector<std::uint32_t>{2, 2});
  CHECK(std::get<Numbers>(list.weight) == Numbers{0.5, -0.5});
  CHECK(std::get<Numbers>(list.delay) == Numbers{1, 2.5});
  CHECK(projection("connect = { rule = \"list\", source = [], target = [] }\n")
            .connect.as<List>()
            ->edges->source.empty());

  for (const char* wrong :
       {"source = [0], target = [3]", "source = [0.5], target = [1]", "source = [-1], target = [1]",
        "source = [0, 1], target = [1]", "source = [true], target = [1]", "source = 0, target = 1"}) {
    CHECK_THROWS_AS(projection(std::string("connect = { rule = \"list\", ") + wrong + " }\n"), ExperimentError);
  }
}

TEST_CASE("spike trains from the file and from a spike file", "[experiment]") {
  const Folder folder;
  const auto trains = [&folder](int size, const std::string& params) {
    const Experiment experiment =
        folder.parse(simulation + "[populations.S]\nmodel = \"spike_source\"\nsize = " + std::to_string(size) +
                     "\nparams = { " + params + " }\n");
    return *experiment.network.populations.at(0).trains;
  };
  using Begins = std::vector<std::uint64_t>;
  CHECK(trains(1, "times = [1, 2.5]").times == Numbers{1, 2.5});
  CHECK(trains(1, "times = [1, 2.5]").begin == Begins{0, 2});
  CHECK(trains(1, "times = []").begin == Begins{0, 0});
  CHECK(trains(3, "times = [[1.0], [], [3, 2]]").times == Numbers{1, 3, 2});
  CHECK(trains(3, "times = [[1.0], [], [3, 2]]").begin == Begins{0, 1, 1, 3});

  {
    h5::File file = h5::File::create(folder.path("s.h5"));
    h5::Group spikes = file.create_group("spikes");
    for (const char* name : {"one", "two"}) {
      h5::Group group = spikes.create_group(name);
      auto times = group.create_dataset<double>("timestamps", 3);
      times.write<double>(0, Numbers{5, 1, 7});
      auto ids = group.create_dataset<std::uint64_t>("node_ids", 3);
      ids.write<std::uint64_t>(0, std::vector<std::uint64_t>{1, 0, 1});
    }
  }
  CHECK(trains(2, "file = \"s.h5\", population = \"two\"").times == Numbers{1, 5, 7});
  CHECK(trains(3, "file = \"s.h5\", population = \"two\"").begin == Begins{0, 1, 3, 3});
  CHECK_THROWS_WITH(trains(2, "file = \"s.h5\""),
                    Catch::EndsWith("holds 2 populations; expected population = one of one, two beside it"));
  CHECK_THROWS_WITH(trains(1, "file = \"s.h5\", population = \"one\""),
                    Catch::EndsWith("holds a spike of neuron 1; expected neurons below 1, the size of the population"));
  CHECK_THROWS_WITH(trains(2, "file = \"s.h5\", population = \"tow\""), Catch::EndsWith("did you mean \"two\"?"));
  CHECK_THROWS_WITH(trains(2, "file = \"none.h5\""), Catch::Contains("none.h5"));
  CHECK_THROWS_WITH(trains(2, "times = [1.0, 2.0]"), Catch::Contains("is one list, and there are 2 neurons"));
  CHECK_THROWS_WITH(trains(2, "times = [[1.0], 2.0]"),
                    Catch::Contains("populations.S.params.times[1] = 2.0: is a number"));
  CHECK_THROWS_WITH(trains(1, "times = [1.0], file = \"s.h5\""), Catch::Contains("excludes file"));
  CHECK_THROWS_WITH(trains(1, "times = [nan]"), Catch::Contains("entry 0 is not finite"));
}

TEST_CASE("spike times land in the tick that is meant, at every door", "[experiment]") {
  const Folder folder;
  constexpr std::uint64_t first = 200'000, count = 2000;  // 20000.0 to 20199.9 ms, on the grid of 0.1 ms
  const auto spikes_file = [&folder](const std::string& name, auto value_of, std::uint64_t n) {
    using T = decltype(value_of(0));
    h5::File file = h5::File::create(folder.path(name));
    h5::Group group = file.create_group("spikes").create_group("s");
    std::vector<T> times;
    for (std::uint64_t k = 0; k < n; ++k) times.push_back(value_of(k));
    group.create_dataset<T>("timestamps", n).template write<T>(0, times);
    group.create_dataset<std::uint64_t>("node_ids", n).write<std::uint64_t>(0, std::vector<std::uint64_t>(n, 0));
  };
  const auto parse = [&folder](const std::string& params, double dt = 0.1) {
    return folder.parse("[simulation]\nduration = 30000.0\ndt = " + std::to_string(dt) +
                        "\n[populations.S]\nmodel = \"spike_source\"\nsize = 1\nparams = { " + params + " }\n");
  };
  const auto ticks = [&](const std::string& params, double dt = 0.1) {
    const Experiment experiment = parse(params, dt);
    std::vector<Tick> all;
    for (const double ms : experiment.network.populations.at(0).trains->times) all.push_back(ms_to_tick_ceil(ms, dt));
    return all;
  };
  std::vector<Tick> stored(count);
  for (std::uint64_t k = 0; k < count; ++k) stored[k] = static_cast<Tick>(first + k);
  const auto ms = [](std::uint64_t k) { return static_cast<double>(first + k) / 10; };

  SECTION("32-bit reals") {
    spikes_file(
        "divided.h5", [&](std::uint64_t k) { return static_cast<float>(ms(k)); }, count);
    spikes_file(
        "multiplied.h5", [&](std::uint64_t k) { return static_cast<float>(first + k) * 0.1f; }, count);
    spikes_file("double.h5", ms, count);
    for (const char* name : {"divided.h5", "multiplied.h5", "double.h5"})
      CHECK(ticks("file = \"" + std::string(name) + "\"") == stored);
    const Experiment experiment = parse("file = \"divided.h5\"");
    REQUIRE(experiment.spike_times.size() == 1);
    CHECK(experiment.spike_times[0].key == "populations.S.params");
    CHECK(experiment.spike_times[0].spikes == count);
    CHECK(experiment.spike_times[0].nearest == 400);  // these would be a tick late
    CHECK(experiment.warnings.empty());
    CHECK(parse("file = \"double.h5\"").spike_times.empty());
  }
  SECTION("a conversion keeps what the type tells") {
    spikes_file(
        "single.h5", [&](std::uint64_t k) { return static_cast<float>(ms(k)); }, count);
    convert_spikes(folder.path("single.h5"), folder.path("converted.h5"), {});
    CHECK(ticks("file = \"converted.h5\"") == stored);
  }
  SECTION("whole numbers are times to the millisecond") {
    spikes_file(
        "whole.h5", [](std::uint64_t k) { return static_cast<std::int32_t>(k + 1); }, 4);
    CHECK(ticks("file = \"whole.h5\"") == std::vector<Tick>{10, 20, 30, 40});
    CHECK(ticks("file = \"whole.h5\"", 0.3) == std::vector<Tick>{3, 7, 10, 13});  // the nearest
  }
  SECTION("a type that cannot tell ticks apart is named") {
    spikes_file(
        "coarse.h5", [](std::uint64_t k) { return 1e6f + static_cast<float>(k); }, 2);
    CHECK_THAT(
        parse("file = \"coarse.h5\"").warnings.at(0),
        Catch::EndsWith("from 1000000 ms on the type of the times is too coarse to tell one tick from the next."));
  }
  SECTION("time 0 is refused, or goes where a key says, alike everywhere") {
    spikes_file(
        "zero.h5", [](std::uint64_t k) { return 5.0 * static_cast<double>(k); }, 2);
    std::ofstream(folder.path("zero.gdf")) << "0 0.0\n0 5.0\n";
    std::ofstream(folder.path("zero.csv")) << "timestamps,node_ids\n0,0\n5,0\n";
    for (const std::string& door : {std::string("times = [0.0, 5.0]"), std::string("file = \"zero.h5\""),
                                    std::string("file = \"zero.gdf\""), std::string("file = \"zero.csv\"")}) {
      INFO(door);
      CHECK_THROWS_WITH(parse(door), Catch::Contains("holds the time 0; expected times > 0 (ms), or a key that says "
                                                     "where time 0 belongs"));
      CHECK(ticks(door + ", offset = 0.1") == std::vector<Tick>{1, 51});
      CHECK(ticks(door + ", at_zero = \"first_tick\"") == std::vector<Tick>{1, 50});
      CHECK(ticks(door + ", at_zero = \"drop\"") == std::vector<Tick>{50});
      CHECK_THAT(parse(door + ", at_zero = \"drop\"").warnings.at(0),
                 Catch::EndsWith(": 1 of 2 spikes at time 0 are left out."));
      CHECK(parse(door + ", at_zero = \"first_tick\"").spike_times.at(0).first_tick == 1);
      CHECK_THROWS_WITH(parse(door + ", offset = -3.0"), Catch::Contains("by the key offset"));
      CHECK_THROWS_WITH(parse(door + ", at_zero = \"last\""), Catch::Contains("unknown place for time 0"));
    }
  }
  SECTION("rounding up is the default, to the nearest a choice") {
    CHECK(ticks("times = [0.101, 0.149, 0.151]") == std::vector<Tick>{2, 2, 2});
    CHECK(ticks("times = [0.101, 0.149, 0.151], round = \"nearest\"") == std::vector<Tick>{1, 1, 2});
    CHECK_THROWS_WITH(parse("times = [0.04], round = \"nearest\""), Catch::Contains("holds the time 0.04"));
  }
}

TEST_CASE("a damaged dataset is refused before it is read", "[experiment]") {
  const Folder folder;
  {
    h5::File file = h5::File::create(folder.path("w.h5"));
    // 2^33 bytes of zeros are 9 MB of deflated ones at most; here nobody even wrote them.
    const hsize_t many = hsize_t{1} << 30, chunk = 1 << 16;
    const h5::Id space(H5Screate_simple(1, &many, nullptr)), plist(H5Pcreate(H5P_DATASET_CREATE));
    H5Pset_chunk(plist.get(), 1, &chunk);
    const h5::Id made(H5Dcreate2(file.id(), "w", H5T_IEEE_F64LE, space.get(), H5P_DEFAULT, plist.get(), H5P_DEFAULT));
    REQUIRE(made);
  }
  CHECK_THROWS_WITH(folder.parse(simulation + R"(
[populations.E]
model = "iaf_psc_delta"
size = 80
params = { tau_m = { file = "w.h5", dataset = "/w" } }
)"),
                    Catch::Contains("has 1073741824 entries; expected 80 entries, one per neuron"));
}

TEST_CASE("what Network complains about is told with its place", "[experiment]") {
  const Folder folder;
  const Experiment experiment = folder.parse(simulation + three_neurons);
  const std::string file = folder.path("experiment.toml");
  CHECK(experiment.place("populations.E.size") == file + ":5");
  CHECK(experiment.place("populations.E.params.tau_m") == file + ":3");
  CHECK(experiment.place("projections.p.delay") == file);
  const auto complain = [](std::string of, std::string key) {
    return Complaint{.file = std::move(of), .key = std::move(key), .problem = "x"};
  };
  CHECK(locate(complain("", "populations.E.size"), experiment).file == file + ":5");
  CHECK(locate(complain("w.h5", "populations.E.size"), experiment).file == "w.h5");
}

TEST_CASE("the examples are right", "[experiment]") {
  const fs::path folder = fs::path(RHEO_SOURCE_DIR) / "examples";
  if (!fs::exists(folder)) {
    WARN("examples/ is not here: not checked");
    return;
  }
  for (const auto& entry : fs::directory_iterator(folder)) {
    if (entry.path().extension() != ".toml") continue;
    INFO(entry.path().string());
    CHECK_NOTHROW(parse_experiment(entry.path().string()));
  }
}

TEST_CASE("recordings of a learning experiment need no end", "[experiment]") {
  const Folder folder;
  const std::string task = "[simulation]\n[task]\nkind = \"narma10\"\n" + three_neurons;
  const Experiment experiment =
      folder.parse(task +
                   "[record.V]\npopulation = \"E\"\nvariables = [\"V_m\"]\n[record.late]\npopulation = \"E\"\n"
                   "variables = [\"V_m\"]\nstart = 50.0\n");
  CHECK(experiment.task_kind == "narma10");
  CHECK(experiment.reports.size() == 2);
}

}  // namespace test_experiment
