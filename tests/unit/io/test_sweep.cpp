// What points a [sweep] has, what they set, which folders they get, and what is refused.
#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <fstream>
#include <set>
#include <string>
#include <vector>

#include "io/sweep/sweep.hpp"
#include "networks/connect/rules.hpp"
#include "tests/files.hpp"

namespace test_sweep {

using namespace rheo;

namespace {

const std::string base = R"([simulation]
duration = 10.0
seed = 5
[populations.E]
model = "iaf_psc_delta"
size = 8
params = { tau_m = 20.0 }
[populations.I]
like = "E"
size = 2
[projections.excitation]
source = "E"
target = ["E", "I"]
connect = { rule = "fixed_indegree", indegree = 2, multapses = false }
weight = 0.1
delay = 1.5
)";

// A file with [sweep] in a folder of its own.
struct File {
  Scratch scratch;
  fs::path path;
  explicit File(const std::string& sweep, const std::string& experiment = base) : path(scratch / "sweep.toml") {
    write(sweep, experiment);
  }
  void write(const std::string& sweep, const std::string& experiment = base) const {
    std::ofstream(path) << experiment << sweep;
  }
  Sweep read(const std::vector<std::string>& overrides = {}) const { return Sweep(path.string(), overrides); }
  // What Sweep, or its check, says; the file is called sweep.toml.
  std::string refusal(const std::vector<std::string>& overrides = {}) const {
    try {
      read(overrides).check(10);
    } catch (const ExperimentError& error) {
      std::string message = error.what();
      const std::string folder = scratch.path.string() + "/";
      for (std::size_t at; (at = message.find(folder)) != std::string::npos;) message.erase(at, folder.size());
      return message;
    }
    return "nothing";
  }
};

std::vector<std::string> texts(const Sweep& sweep, std::uint64_t point) {
  std::vector<std::string> all;
  for (const SweepValue& value : sweep.values(point)) all.push_back(value.text);
  return all;
}

double number(const SweepValue& value) {
  if (const auto* whole = std::get_if<std::int64_t>(&value.content)) return static_cast<double>(*whole);
  return std::get<double>(value.content);
}

std::set<std::uint64_t> hashes(const Sweep& sweep) {
  std::set<std::uint64_t> all;
  for (std::uint64_t i = 0; i < sweep.size(); ++i) all.insert(sweep.hash(i));
  return all;
}

using Texts = std::vector<std::string>;

}  // namespace

TEST_CASE("a grid: the last axis changes fastest, repeats faster still", "[sweep]") {
  const File file(R"([sweep]
repeats = 2
[sweep.axes]
"projections.excitation.weight" = [0.1, 0.25]
populations.E.size = { linspace = [4, 8, 3] }
)");
  const Sweep sweep = file.read();
  CHECK(sweep.keys() == Texts{"projections.excitation.weight", "populations.E.size", "simulation.seed"});
  REQUIRE(sweep.size() == 12);
  CHECK(texts(sweep, 0) == Texts{"0.1", "4", "5"});
  CHECK(texts(sweep, 1) == Texts{"0.1", "4", "6"});
  CHECK(texts(sweep, 2) == Texts{"0.1", "6", "5"});
  CHECK(texts(sweep, 11) == Texts{"0.25", "8", "6"});
  CHECK(sweep.overrides(11) ==
        Texts{"projections.excitation.weight=0.25", "populations.E.size=8", "simulation.seed=6"});
  CHECK(hashes(sweep).size() == 12);
  const Experiment experiment = sweep.experiment(11);
  CHECK(experiment.network.seed == 6);
  CHECK(experiment.network.populations[0].size == 8);
  CHECK(std::get<double>(experiment.network.projections[0].weight) == 0.25);
  REQUIRE(sweep.metrics().size() == 2);
  CHECK(sweep.metrics()[1].name == "rate.I");
}

TEST_CASE("ranges have exact ends, in equal steps or equal ratios, and whole numbers where asked for", "[sweep]") {
  const File file(R"([sweep.axes]
"projections.excitation.weight" = { linspace = [-0.3, 0.3, 4] }
"populations.E.params.tau_m" = { logspace = [1.0, 1000.0, 4] }
"populations.E.size" = { logspace = [10, 1000, 4], round = true }
)");
  const Sweep sweep = file.read();
  REQUIRE(sweep.size() == 64);
  for (std::uint64_t i = 0; i < 4; ++i) {
    CHECK(number(sweep.values(16 * i)[0]) == Approx(-0.3 + 0.2 * static_cast<double>(i)));
    CHECK(number(sweep.values(4 * i)[1]) == Approx(std::pow(10.0, i)));
  }
  CHECK(texts(sweep, 0) == Texts{"-0.3", "1", "10", "5"});
  CHECK(texts(sweep, 63) == Texts{"0.3", "1000", "1000", "5"});
  CHECK(texts(sweep, 1)[2] == "46");
  CHECK(texts(sweep, 2)[2] == "215");
}

TEST_CASE("a list: axes move together, and so do several keys of one axis", "[sweep]") {
  const File file(R"([sweep]
design = "list"
[sweep.axes]
"populations.E.size, populations.I.size" = [[8, 2], [80, 20]]
"projections.excitation.connect" = [{ rule = "all_to_all" }, { rule = "fixed_indegree", indegree = 3 }]
)");
  const Sweep sweep = file.read();
  REQUIRE(sweep.size() == 2);
  CHECK(texts(sweep, 1) == Texts{"80", "20", "{ rule = \"fixed_indegree\", indegree = 3 }", "5"});
  CHECK(std::get<double>(sweep.experiment(1).network.projections[0].connect.as<FixedIndegree>()->indegree) == 3);
  CHECK(sweep.experiment(0).network.projections[0].connect.as<AllToAll>());

  const File one_number("[sweep.axes]\n\"populations.E.size, populations.I.size\" = { linspace = [2, 4, 3] }\n");
  CHECK(texts(one_number.read(), 1) == Texts{"3", "3", "5"});
}

TEST_CASE("entries of lists have keys too", "[sweep]") {
  const File file("[sweep.axes]\n\"phases.1.duration\" = [5.0, 7.0]\n", base + R"([[phases]]
name = "a"
duration = 10.0
[[phases]]
name = "b"
duration = 3.0
)");
  CHECK(file.refusal() ==
        "sweep.toml:2: simulation.duration = 10.0: is not the 15 ms of all phases together; expected 15 (ms), or no "
        "duration");
  CHECK(file.read().keys()[0] == "phases.1.duration");
}

TEST_CASE("random designs: within their distributions, the same again, and a longer one begins as the shorter",
          "[sweep]") {
  const auto text = [](const std::string& design, int points, const std::string& more = {}) {
    return "[sweep]\ndesign = \"" + design + "\"\npoints = " + std::to_string(points) + "\n" + more + R"([sweep.axes]
"projections.excitation.weight" = { uniform = [-1.0, 3.0] }
"populations.E.params.tau_m" = { log_uniform = [1.0, 100.0] }
"projections.excitation.delay" = { normal = [50.0, 2.0] }
"populations.E.size" = { choice = [4, 16, 64] }
)";
  };
  const std::string design = GENERATE("random", "latin_hypercube");
  CAPTURE(design);
  constexpr int n = 1000;
  const File file(text(design, n));
  const Sweep sweep = file.read();
  REQUIRE(sweep.size() == n);
  std::vector<double> uniform, logarithm, normal, size;
  for (std::uint64_t i = 0; i < n; ++i) {
    const auto values = sweep.values(i);
    uniform.push_back((number(values[0]) + 1) / 4);
    logarithm.push_back(std::log10(number(values[1])) / 2);
    normal.push_back(0.5 * std::erfc(-(number(values[2]) - 50) / 2 / std::sqrt(2.0)));
    size.push_back(number(values[3]));
  }
  for (const auto* quantiles : {&uniform, &logarithm, &normal}) {
    // One value in each n-th: that is a Latin hypercube. Random draws leave 37 % of them empty.
    std::set<long> strata;
    double sum = 0;
    for (const double u : *quantiles) {
      CHECK((u > 0 && u < 1));
      strata.insert(static_cast<long>(std::floor(u * n)));
      sum += u;
    }
    CHECK(sum / n == Approx(0.5).margin(0.05));
    if (design == "random") {
      CHECK((strata.size() > 580 && strata.size() < 680));
    } else {
      CHECK(strata.size() == n);
    }
  }
  for (const double each : {4.0, 16.0, 64.0})
    CHECK(std::count(size.begin(), size.end(), each) == Approx(n / 3.0).margin(design == "random" ? 60 : 1));
  // Axes are not each other's copies.
  double product = 0;
  for (int i = 0; i < n; ++i) product += (uniform[i] - 0.5) * (logarithm[i] - 0.5) * 12;
  CHECK(std::abs(product / n) < 0.12);

  CHECK(hashes(file.read()) == hashes(sweep));
  CHECK(hashes(File(text(design, n, "seed = 1\n")).read()) != hashes(sweep));
  if (design == "random") {
    const Sweep longer = File(text(design, 2 * n)).read();
    for (std::uint64_t i = 0; i < n; ++i) CHECK(longer.hash(i) == sweep.hash(i));
  }
}

TEST_CASE("conditions leave out points", "[sweep]") {
  const std::string axes = R"([sweep.axes]
"populations.E.size" = [4, 8, 12]
"projections.excitation.connect.indegree" = [2, 6, 10]
"populations.E.model" = ["iaf_psc_delta", "iaf_psc_exp"]
)";
  const auto count = [&](const std::string& where) {
    return File("[sweep]\nwhere = " + where + "\n" + axes).read().size();
  };
  const std::string in_E = "\"projections.excitation.connect.indegree <= populations.E.size\"";
  CHECK(count("[]") == 18);
  CHECK(count("[" + in_E + "]") == 2 * (1 + 2 + 3));
  CHECK(count("[" + in_E + ", \"populations.E.model == 'iaf_psc_exp'\"]") == 6);
  CHECK(count("[\"populations.E.model != 'iaf_psc_exp'\"]") == 9);
  CHECK(count("[\"populations.E.size > populations.I.size\", \"8 != populations.E.size\"]") == 12);
  CHECK(count("[\"populations.E.size < 8\"]") == 6);
  CHECK(count("[\"populations.E.size>=8\"]") == 12);
  CHECK(count("[\"populations.E.size == 8.0\"]") == 6);

  const File file("[sweep]\nwhere = [" + in_E + "]\nrepeats = 2\n" + axes);
  const Sweep sweep = file.read();
  for (std::uint64_t i = 0; i < sweep.size(); ++i) {
    CHECK(number(sweep.values(i)[1]) <= number(sweep.values(i)[0]));
    CHECK_NOTHROW(sweep.experiment(i));
  }
  CHECK(texts(sweep, 5) == Texts{"8", "2", "\"iaf_psc_delta\"", "6"});
  CHECK_NOTHROW(sweep.check(10));
}

TEST_CASE("a point's folder follows from its settings, wherever they stand", "[sweep]") {
  const File file("[sweep.axes]\n\"projections.excitation.weight\" = [0.1, 0.2]\n");
  const auto expected = hashes(file.read());
  const auto replaced = [](std::string text, const std::string& from, const std::string& to) {
    const std::size_t at = text.find(from);
    REQUIRE(at != std::string::npos);
    return text.replace(at, from.size(), to);
  };
  const std::string sweep = "[sweep.axes]\n\"projections.excitation.weight\" = [0.1, 0.2]\n";
  const auto of = [&](const std::string& axes, const std::string& experiment = base) {
    file.write(axes, experiment);
    return hashes(file.read());
  };
  // The same experiments.
  CHECK(of(sweep, "title = \"another\"\n# and a comment\n" + base) == expected);
  CHECK(of(sweep, replaced(base, "tau_m = 20.0", "tau_m = 20")) == expected);
  CHECK(of(sweep, replaced(base, "weight = 0.1", "weight = 7.0")) == expected);
  CHECK(of("[sweep]\ndesign = \"list\"\n" + sweep) == expected);
  CHECK(of(sweep + "\"populations.E.size\" = [8]\n") == expected);
  CHECK(of(sweep + "\"populations.E.params\" = [{ tau_m = 20.0 }]\n") == expected);
  CHECK(of("[sweep]\nrepeats = 1\n[sweep.axes]\nprojections.excitation.weight = { linspace = [0.1, 0.2, 2] }\n") ==
        expected);
  std::ofstream(file.scratch / "base.toml") << base;
  CHECK(of(sweep, "include = \"base.toml\"\n") == expected);
  const auto more = of("[sweep]\nrepeats = 3\n" + sweep);
  CHECK(more.size() == 6);
  CHECK(std::includes(more.begin(), more.end(), expected.begin(), expected.end()));

  // Others.
  for (const auto& [from, to] : {std::pair{"tau_m = 20.0", "tau_m = 20.5"},
                                 {"seed = 5", "seed = 6"},
                                 {"size = 8", "size = 9"},
                                 {"delay = 1.5", "delay = 1.5\nport = \"in\""},
                                 {"[\"E\", \"I\"]", "[\"I\", \"E\"]"}}) {
    CAPTURE(to);
    const auto changed = of(sweep, replaced(base, from, to));
    for (const std::uint64_t hash : changed) CHECK(expected.count(hash) == 0);
  }
  // The order in which populations are declared counts, since the order of sums does.
  std::string swapped = base + "[populations.A]\nlike = \"E\"\n[populations.B]\nlike = \"E\"\n";
  const auto one_order = of(sweep, swapped);
  swapped = base + "[populations.B]\nlike = \"E\"\n[populations.A]\nlike = \"E\"\n";
  CHECK(of(sweep, swapped) != one_order);
}

TEST_CASE("data files count by what they hold", "[sweep]") {
  const std::string input = "[inputs.given]\nkind = \"spikes\"\ntarget = \"I\"\nfile = \"trains.h5\"\n";
  const File file("[sweep.axes]\n\"projections.excitation.weight\" = [0.1, 0.2]\n", base + input);
  const auto with = [&](const std::string& bytes) {
    std::ofstream(file.scratch / "trains.h5") << bytes;
    const Sweep sweep = file.read();
    CHECK(std::count(sweep.files().begin(), sweep.files().end(), (file.scratch / "trains.h5").string()) == 1);
    return hashes(sweep);
  };
  const auto first = with("one");
  CHECK(with("two") != first);
  CHECK(with("one") == first);

  file.write("[sweep.axes]\n\"inputs.given.file\" = [\"trains.h5\"]\n", base + input);
  const auto by_axis = hashes(file.read());
  file.write("[sweep]\nrepeats = 2\n", base + input);
  CHECK(hashes(file.read()).count(*by_axis.begin()) == 1);
}

TEST_CASE("ten million points are no trouble, and more are refused", "[sweep]") {
  const File file(
      "[sweep]\nrepeats = 1000\n[sweep.axes]\n\"projections.excitation.weight\" = { linspace = [0, 1, 10000] }\n");
  const Sweep sweep = file.read();
  CHECK(sweep.size() == max_sweep_points);
  CHECK(texts(sweep, 9'999'999) == Texts{"1", "1004"});
}

TEST_CASE("mistakes in [sweep] are refused with the place and what would be right", "[sweep]") {
  struct Wrong {
    std::string sweep, message;
  };
  const std::string axes = "[sweep.axes]\n";  // line 18 after one line of [sweep]
  const std::string weight = "\"projections.excitation.weight\"";
  const std::vector<Wrong> all = {
      {"[sweep]\ndesing = \"grid\"\n",
       R"(sweep.toml:18: sweep.desing: unknown key; expected one of design, axes, repeats, points, seed, where, metrics, objective, goal, report_seeds; did you mean "design"?)"},
      {"[sweep]\ndesign = \"gird\"\n",
       R"(sweep.toml:18: sweep.design = "gird": unknown design; expected one of grid, list, random, latin_hypercube; did you mean "grid"?)"},
      {"[sweep]\nrepeats = 0\n",
       "sweep.toml:18: sweep.repeats = 0: is out of range; expected a whole number from 1 to 10000000"},
      {"[sweep]\n",
       R"(sweep.toml:17: sweep.axes: is missing; expected at least one axis, such as "populations.E.size" = [100, 200])"},
      {axes + weight + " = []\n",
       "sweep.toml:18: sweep.axes.projections.excitation.weight = []: is empty; expected at least one value"},
      {axes + weight + " = 3.0\n",
       "sweep.toml:18: sweep.axes.projections.excitation.weight = 3.0: is a number; expected a list, { linspace = "
       "[first, last, count] } or { logspace = [first, last, count] }"},
      {axes + weight + " = [0.1, 0.2, 0.1]\n",
       "sweep.toml:18: sweep.axes.projections.excitation.weight = [0.1, 0.2, 0.1]: holds 0.1 twice; expected different "
       "values"},
      {axes + weight + " = [0.1, nan]\n",
       "sweep.toml:18: sweep.axes.projections.excitation.weight = [0.1, nan]: entry 1 is not finite; expected finite "
       "numbers"},
      {axes + weight + " = { linspce = [0, 1, 3] }\n",
       R"(sweep.toml:18: sweep.axes.projections.excitation.weight.linspce: unknown key; expected one of linspace, logspace, uniform, log_uniform, normal, choice, round; did you mean "linspace"?)"},
      {axes + weight + " = { linspace = [0, 1] }\n",
       "sweep.toml:18: sweep.axes.projections.excitation.weight.linspace = [0, 1]: has 2 entries; expected [first, "
       "last, count]"},
      {axes + weight + " = { linspace = [0, 1, 2.5] }\n",
       "sweep.toml:18: sweep.axes.projections.excitation.weight.linspace = [0.0, 1.0, 2.5]: count is no whole number "
       "from 1 to 10000000; expected [first, last, count]"},
      {axes + weight + " = { linspace = [1, 1, 3] }\n",
       "sweep.toml:18: sweep.axes.projections.excitation.weight.linspace = [1, 1, 3]: gives 1 twice; "
       "expected a smaller count, or ends further apart"},
      {axes + weight + " = { logspace = [-1, 1, 3] }\n",
       "sweep.toml:18: sweep.axes.projections.excitation.weight.logspace = [-1, 1, 3]: ends must be > 0; expected "
       "[first, last, count]"},
      {axes + weight + " = { uniform = [0, 1] }\n",
       "sweep.toml:18: sweep.axes.projections.excitation.weight = { uniform = [0, 1] }: is drawn, and the design is "
       "grid; expected a list, { linspace = [first, last, count] } or { logspace = [first, last, count] }"},
      {axes + weight + " = { linspace = [0, 1, 3], choice = [1] }\n",
       "sweep.toml:18: sweep.axes.projections.excitation.weight = { linspace = [0, 1, 3], choice = [1] }: holds "
       "several ranges; expected a list, { linspace = [first, last, count] } or { logspace = [first, last, count] }"},
      {"[sweep]\ndesign = \"random\"\npoints = 5\n" + axes + weight + " = [1.0]\n",
       "sweep.toml:21: sweep.axes.projections.excitation.weight = [1.0]: has fixed entries, and the design is random; "
       "expected { uniform = [low, high] }, { log_uniform = [low, high] }, { normal = [mean, sd] } or { choice = [..] "
       "}"},
      {"[sweep]\ndesign = \"random\"\n" + axes + weight + " = { uniform = [0, 1] }\n",
       "sweep.toml:17: sweep.points: is missing; expected how many points to draw"},
      {"[sweep]\ndesign = \"random\"\npoints = 5\n" + axes + weight + " = { uniform = [1, 0] }\n",
       "sweep.toml:21: sweep.axes.projections.excitation.weight.uniform = [1, 0]: low is not below high; expected "
       "[low, high]"},
      {"[sweep]\ndesign = \"random\"\npoints = 5\n" + axes + weight + " = { normal = [1, 0] }\n",
       "sweep.toml:21: sweep.axes.projections.excitation.weight.normal = [1, 0]: the standard deviation is not "
       "positive; expected [mean, sd]"},
      {"[sweep]\npoints = 5\n" + axes + weight + " = [1.0]\n",
       "sweep.toml:18: sweep.points = 5: has a meaning with random and latin_hypercube only; expected no points"},
      {axes + "\"populations.EE.size\" = [3]\n",
       R"(sweep.toml:18: populations.EE: there is no "EE" in the file; expected one of E, I; did you mean "E"?)"},
      {axes + "\"populations.E.sise\" = [3]\n",
       R"(sweep.toml:18: populations.E.sise: unknown key; expected one of model, size, like, params, initial, positions, update; did you mean "size"?)"},
      {axes + "\"populations.E.size.x\" = [3]\n",
       "sweep.toml:18: populations.E.size.x = [3]: populations.E.size is a number, not a table"},
      {axes + "\"populations.E.size \" = [3]\n\"populations.E.size\" = [4]\n",
       "sweep.toml:19: sweep.axes.populations.E.size: is set by another axis, too; expected each key once"},
      {axes + "\"populations.E.params\" = [{ tau_m = 1.0 }]\n\"populations.E.params.tau_m\" = [4.0]\n",
       "sweep.toml:19: sweep.axes.populations.E.params.tau_m: is a part of populations.E.params, which is set, too; "
       "expected one of the two"},
      {axes + "\"title\" = [\"a\"]\n",
       "sweep.toml:18: sweep.axes.title: cannot be swept; expected a setting of the experiment"},
      {axes + "\"populations.E.size\" = [4, 0]\n",
       "sweep.toml:18: populations.E.size = 0: is out of range; expected a whole number from 1 to 4294967295"},
      {axes + "\"populations.E.size\" = [4.5]\n",
       "sweep.toml:18: populations.E.size = 4.5: is not a whole number; expected a whole number from 1 to 4294967295"},
      {axes + "\"populations.E.size, populations.I.size\" = [[4]]\n",
       "sweep.toml:18: sweep.axes.populations.E.size, populations.I.size = [4]: entry 0 does not hold 2 values; "
       "expected lists of 2 values, one for each key"},
      {axes + "\"populations.E size\" = [3]\n",
       R"(sweep.toml:18: "populations.E size" is no key: it holds ' '; expected a.b.c)"},
      {"[sweep]\ndesign = \"list\"\n" + axes + weight + " = [0.1, 0.2]\n\"populations.E.size\" = [3, 4, 5]\n",
       "sweep.toml:21: sweep.axes.populations.E.size = [3, 4, 5]: has 3 entries; expected 2, as the first axis: entry "
       "k of all axes is point k"},
      {"[sweep]\ndesign = \"list\"\n" + axes + weight + " = [0.1, 0.2, 0.1]\n",
       "sweep.toml:20: sweep.axes.projections.excitation.weight = [0.1, 0.2, 0.1]: entries 0 and 2 of all axes are "
       "equal; expected different points"},
      {"[sweep]\nrepeats = 2\n" + axes + "\"simulation.seed\" = [1, 2]\n",
       "sweep.toml:18: sweep.repeats = 2: stands beside an axis simulation.seed; expected one of the two"},
      {"[sweep]\nrepeats = 10000000\n" + axes + weight + " = [0.1, 0.2]\n",
       "sweep.toml:17: sweep: "
       "gives 20000000 "
       "points; expected at most 10000000"},
      {"[sweep]\nmetrics = [\"rat.E\"]\n" + axes + weight + " = [0.1]\n",
       R"(sweep.toml:18: sweep.metrics = "rat.E": unknown metric; expected a list of one of rate, cv_isi, synchrony, spikes, score, each with a population: "rate.E", or the name of a score; did you mean "rate"?)"},
      {"[sweep]\nmetrics = [\"rate.X\"]\n" + axes + weight + " = [0.1]\n",
       R"(sweep.toml:18: sweep.metrics = "rate.X": unknown population; expected one of E, I; did you mean "E"?)"},
      {"[sweep]\nwhere = [\"populations.E.size 3\"]\n" + axes + weight + " = [0.1]\n",
       R"(sweep.toml:18: sweep.where = "populations.E.size 3": is no condition; expected "KEY < KEY or number", with <, <=, >, >=, == or !=)"},
      {"[sweep]\nwhere = [\"populations.E.sze < 3\"]\n" + axes + weight + " = [0.1]\n",
       R"(sweep.toml:18: sweep.where = "populations.E.sze < 3": "populations.E.sze" is neither an axis nor a number or text of the file; expected the key of an axis or of a setting, a number, or a text in ' ')"},
      {"[sweep]\nwhere = [\"populations.E.model < 3\"]\n" + axes + weight + " = [0.1]\n",
       R"(sweep.toml:18: sweep.where = "populations.E.model < 3": compares a number with a text; expected "KEY < KEY or number", with <, <=, >, >=, == or !=)"},
      {"[sweep]\nwhere = [\"populations.E.size > 9\"]\n" + axes + weight + " = [0.1]\n",
       R"(sweep.toml:18: sweep.where = ["populations.E.size > 9"]: holds for no point; expected conditions that some points satisfy)"},
  };
  for (const Wrong& wrong : all) {
    CAPTURE(wrong.sweep);
    CHECK(File(wrong.sweep).refusal() == wrong.message);
  }
  CHECK(File("").refusal() == "sweep.toml: sweep: is missing; expected a table [sweep] with design and axes");
  CHECK_THAT(File("[sweep]\n[sweep.axes]\n\"simulation.dt\" = [0.1, 0.2]\n[task]\nkind = \"narma10\"\n").refusal(),
             Catch::EndsWith("task: cannot be swept; expected [trials] in its place (docs/tasks.md)"));
  CHECK(File(axes + weight + " = [0.1]\n").refusal({"projections.excitation.weight=3"}) ==
        "sweep.toml:18: sweep.axes.projections.excitation.weight: is changed with --set projections.excitation.weight, "
        "too; expected one of the two");
}

TEST_CASE("an entry of a grid is refused only if it fails beside the first and beside the last of the others",
          "[sweep]") {
  // An indegree of 6 without multapses needs 6 sources.
  const std::string indegree = "\"projections.excitation.connect.indegree\" = [2, 6]\n";
  CHECK(File("[sweep.axes]\n\"populations.E.size\" = [4, 8]\n" + indegree).refusal() == "nothing");
  CHECK(File("[sweep.axes]\n\"populations.E.size\" = [3, 4]\n" + indegree).refusal() ==
        "sweep.toml:19: projections.excitation.connect.indegree = 6: there are only 3 sources; expected at least 6 "
        "sources, or multapses = true");
  CHECK(File("[sweep]\ndesign = \"random\"\npoints = 40\n[sweep.axes]\n\"populations.E.size\" = { uniform = [1, 9] }\n")
            .refusal()
            .find("is not a whole number") != std::string::npos);
  CHECK(File("[sweep]\ndesign = \"random\"\npoints = 40\n[sweep.axes]\n\"populations.E.size\" = { uniform = [1, 9], "
             "round = true }\n")
            .refusal() == "nothing");
}

TEST_CASE("an experiment with [sweep] is one run of the experiment alone, with a warning", "[sweep]") {
  const File file("[sweep.axes]\n\"projections.excitation.weight\" = [0.1, 0.2]\n");
  const Experiment experiment = parse_experiment(file.path.string());
  REQUIRE(experiment.warnings.size() == 1);
  CHECK(experiment.warnings[0].find(":17: [sweep] does not count here") != std::string::npos);
  CHECK(experiment.network.seed == 5);
}

}  // namespace test_sweep
