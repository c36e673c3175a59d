// rheo sweep as a user meets it: folders, restarts, failures, kill -9, tables.
#include <algorithm>
#include <array>
#include <catch2/catch.hpp>
#include <chrono>
#include <csignal>
#include <fstream>
#include <nlohmann/json.hpp>
#include <random>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "io/h5/h5.hpp"
#include "tests/apps/command.hpp"
#include "tests/apps/small_sweep.hpp"
#include "tests/sanitized.hpp"

namespace test_sweep {

namespace {

using nlohmann::json;

}  // namespace

TEST_CASE("a grid of six points runs, and a second start skips all") {
  const Scratch scratch;
  const Sweep sweep(scratch, six, "out", 300);
  REQUIRE(sweep.run({"--jobs", "2"}) == 0);
  const auto rows = sweep.collect();
  REQUIRE(rows.size() == 6);
  for (std::size_t i = 0; i < 6; ++i) {
    const Row& row = rows[i];
    CHECK(row.at("inputs.background.rate") == std::to_string(14000 + 2000 * (i / 2)));
    CHECK(row.at("simulation.seed") == std::to_string(3 + i % 2));
    CHECK(row.at("repeat") == std::to_string(i % 2));
    CHECK(row.at("state") == "finished");
    CHECK(std::stod(row.at("simulate_wall_time_s")) > 0);
    CHECK(std::stod(row.at("peak_memory_bytes")) > 1e6);
    const fs::path folder = sweep.out / row.at("folder");
    const json told = report(folder)["populations"]["E"];
    CHECK(std::stod(row.at("rate.E")) == told["rate_Hz"].get<double>());
    CHECK(std::stod(row.at("cv_isi.E")) == told["cv_isi"].get<double>());
    CHECK(std::stod(row.at("synchrony.E")) == told["synchrony"].get<double>());
    CHECK(std::stoul(row.at("spikes.E")) == told["spikes"].get<std::uint64_t>());
    const json point = json::parse(bytes_of(folder / "point.json"));
    CHECK(point["state"] == "finished");
    CHECK(point["parameters"]["inputs.background.rate"] == row.at("inputs.background.rate"));
  }
  CHECK(std::stod(rows[0].at("rate.E")) < std::stod(rows[4].at("rate.E")));

  // A point is the run that its settings describe.
  const fs::path alone = scratch / "alone";
  REQUIRE(code_of(scratch, {"run", sweep.file.string(), "--quiet", "--out", alone.string(), "--set",
                            "inputs.background.rate=16000", "--set", "simulation.seed=4"}) == 0);
  CHECK(bytes_of(alone / "spikes.h5") == bytes_of(sweep.out / rows[3].at("folder") / "spikes.h5"));

  rheo::h5::File table = rheo::h5::File::open((sweep.out / "sweep.h5").string());
  CHECK(table.dataset("parameters/simulation.seed").read<std::int64_t>() ==
        std::vector<std::int64_t>{3, 4, 3, 4, 3, 4});
  CHECK(table.dataset("metrics/rate.E").read<double>()[3] == std::stod(rows[3].at("rate.E")));
  CHECK(table.dataset("state").read_texts()[5] == "finished");

  CHECK(sweep.journaled("running") == 6);
  REQUIRE(sweep.run() == 0);
  CHECK(sweep.journaled("running") == 6);
  CHECK(sweep.collect() == rows);
  CHECK(sweep.status().find("finished              6\n") != std::string::npos);

  // Other metrics, more points: what is there is not run again.
  write_sweep(scratch, R"([sweep]
repeats = 2
metrics = ["spikes.E"]
[sweep.axes]
"inputs.background.rate" = [16000, 17000]
)",
              300);
  REQUIRE(sweep.run() == 0);
  CHECK(sweep.journaled("running") == 8);
  const auto fewer = sweep.collect();
  REQUIRE(fewer.size() == 4);
  CHECK(fewer[1].at("spikes.E") == rows[3].at("spikes.E"));
  CHECK(fewer[1].count("rate.E") == 0);

  // A folder that was removed is run again.
  fs::remove_all(sweep.out / fewer[2].at("folder"));
  CHECK(sweep.status().find("waiting               1\n") != std::string::npos);
  REQUIRE(sweep.run() == 0);
  CHECK(sweep.journaled("running") == 9);
}

TEST_CASE("mistakes are refused before anything is written, and run knows what to do with a sweep") {
  const Scratch scratch;
  const Sweep sweep(scratch, "[sweep.axes]\n\"populations.E.sise\" = [1]\n");
  {
    Command command(scratch, sweep.words());
    CHECK(command.end() == 2);
    CHECK(command.err().find("sweep.toml:3: populations.E.sise: unknown key") != std::string::npos);
  }
  CHECK_FALSE(fs::exists(sweep.out));
  CHECK(code_of(scratch, {"validate", sweep.file.string()}) == 2);
  CHECK(code_of(scratch, {"sweep"}) == 2);
  CHECK(code_of(scratch, {"sweep", "status", (scratch / "nowhere").string()}) == 2);
  CHECK(code_of(scratch, {"sweep", "collect", scratch.path.string()}) == 2);
  CHECK(code_of(scratch, {"sweep", (scratch / "base.toml").string()}) == 2);

  write_sweep(scratch, six);
  {
    Command command(scratch, {"validate", sweep.file.string()});
    CHECK(command.end() == 0);
    CHECK(command.out().find("6 points of a sweep") != std::string::npos);
  }
  {
    Command command(scratch, {"run", sweep.file.string(), "--out", (scratch / "one").string()});
    CHECK(command.end() == 0);
    CHECK(command.err().find("rheo sweep " + sweep.file.string()) != std::string::npos);
  }
  // Somebody else's directory.
  fs::create_directories(sweep.out);
  std::ofstream(sweep.out / "thesis.txt") << "mine";
  CHECK(sweep.run() == 2);
  CHECK_FALSE(fs::exists(sweep.out / "points"));
}

TEST_CASE("a point that fails keeps its error, and runs again only when asked") {
  const Scratch scratch;
  // An indegree of 30 needs 30 sources: wrong beside a size of 20 only.
  const Sweep sweep(scratch, R"([sweep.axes]
"populations.E.size" = [20, 40]
"projections.excitation.connect.indegree" = [4, 30]
)");
  CHECK(sweep.run() == 1);
  auto rows = sweep.collect();
  REQUIRE(rows.size() == 4);
  CHECK(rows[1].at("state") == "failed");
  CHECK(rows[1].at("rate.E").empty());
  CHECK(rows[1].at("error").find("sweep.toml:4: projections.excitation.connect.indegree = 30: there are only 20") !=
        std::string::npos);
  for (const std::size_t other : {0, 2, 3}) CHECK(rows[other].at("state") == "finished");
  const std::string status = sweep.status();
  CHECK(status.find("failed                1\n") != std::string::npos);
  CHECK(status.find(rows[1].at("folder")) != std::string::npos);
  CHECK(status.find("indegree = 30: there are only 20") != std::string::npos);

  CHECK(sweep.journaled("running") == 4);
  CHECK(sweep.run() == 1);
  CHECK(sweep.journaled("running") == 4);
  CHECK(sweep.run({"--retry-failed"}) == 1);
  CHECK(sweep.journaled("running") == 5);
  CHECK(sweep.collect()[1].at("error") == rows[1].at("error"));

  // The error is known from the folder, too.
  fs::remove(sweep.out / "journal" / "0.jsonl");
  CHECK(sweep.collect()[1].at("error") == rows[1].at("error"));
  CHECK(sweep.run() == 1);
  CHECK(sweep.journaled("running") == 0);
  CHECK(sweep.journaled("finished") == 3);
}

TEST_CASE("a point whose process is killed has failed, and the others go on") {
  const Scratch scratch;
  const Sweep sweep(scratch, "[sweep.axes]\n\"simulation.duration\" = [10, 1e9]\n\"populations.E.size\" = [40, 41]\n");
  Command command(scratch, sweep.words({"--jobs", "2"}));
  // The two long points are running.
  REQUIRE(comes_true([&] { return sweep.journaled("finished") == 2 && sweep.journaled("running") == 4; }));
  const auto killed = [&] {
    const std::string children =
        "/proc/" + std::to_string(command.process()) + "/task/" + std::to_string(command.process()) + "/children";
    std::istringstream stream(bytes_of(children));
    pid_t child = 0;
    if (!(stream >> child)) return false;
    ::kill(child, SIGKILL);
    return true;
  };
  REQUIRE(killed());
  REQUIRE(comes_true([&] { return sweep.journaled("failed") == 1; }));
  command.send(SIGTERM);
  CHECK(command.end() == 75);
  const auto rows = sweep.collect();
  std::vector<std::string> states;
  for (const Row& row : rows) {
    states.push_back(row.at("state"));
    if (states.back() == "failed") CHECK(row.at("error").find("ended by SIGKILL") != std::string::npos);
  }
  std::sort(states.begin(), states.end());
  CHECK(states == std::vector<std::string>{"failed", "finished", "finished", "interrupted"});
  CHECK(sweep.status().find("stopped") != std::string::npos);
}

TEST_CASE("SIGTERM and Ctrl-C stop a sweep in order, the points that ran are interrupted") {
  const int signal = GENERATE(SIGTERM, SIGINT, SIGUSR1);
  const Scratch scratch;
  const Sweep sweep(scratch, "[sweep.axes]\n\"populations.E.size\" = [40, 41, 42]\n", "out", 1e9);
  Command command(scratch, sweep.words({"--jobs", "2"}));
  REQUIRE(comes_true([&] { return sweep.journaled("running") == 2; }));
  CHECK(sweep.status().find("running               2\n") != std::string::npos);
  CHECK(sweep.status().find("2 at a time") != std::string::npos);
  {
    Command second(scratch, sweep.words());
    CHECK(second.end() == 2);
    CHECK(second.err().find("is still at work on this sweep") != std::string::npos);
  }
  command.send(signal);
  CHECK(command.end() == 75);
  const std::string status = sweep.status();
  CHECK(status.find("interrupted           2\n") != std::string::npos);
  CHECK(status.find("waiting               1\n") != std::string::npos);
  for (const Row& row : sweep.collect())
    if (row.at("state") == "interrupted") CHECK(report(sweep.out / row.at("folder"))["status"] == "interrupted");
}

TEST_CASE("points that were interrupted go on from their checkpoint") {
  const Scratch scratch;
  const std::string text = "[sweep.axes]\n\"populations.E.size\" = [40, 41]\n";
  constexpr double duration = sanitized ? 3'000 : 60'000;  // far longer than a signal needs to arrive
  const Sweep calm(scratch, text, "calm", duration), stopped(scratch, text, "stopped", duration);
  REQUIRE(calm.run() == 0);
  const auto rows = calm.results();
  Command command(scratch, stopped.words({"--jobs", "1"}));
  const fs::path first = stopped.out / rows[0].at("folder");
  REQUIRE(comes_true([&] { return fs::exists(first / "spikes.h5.part"); }));
  command.send(SIGTERM);
  REQUIRE(command.end() == 75);
  REQUIRE(fs::exists(first / "checkpoint.h5"));
  REQUIRE(stopped.run() == 0);
  CHECK(report(first)["resumed"] == 1);
  CHECK_FALSE(fs::exists(first / "checkpoint.h5"));
  CHECK(stopped.results() == rows);
  CHECK(bytes_of(first / "spikes.h5") == bytes_of(calm.out / rows[0].at("folder") / "spikes.h5"));
}

TEST_CASE("a file that changes while the sweep runs stops it") {
  const Scratch scratch;
  const Sweep sweep(scratch, "[sweep.axes]\n\"populations.E.size\" = { linspace = [40, 239, 200] }\n");
  Command command(scratch, sweep.words({"--jobs", "2"}));
  REQUIRE(comes_true([&] { return sweep.journaled("finished") > 2; }));
  std::ofstream(scratch / "base.toml", std::ios::app) << "\n[projections.excitation2]\n";
  CHECK(command.end() == 2);
  CHECK(command.err().find("base.toml: has changed while the sweep ran") != std::string::npos);
}

TEST_CASE("a sweep that was killed ten times gives the table of an undisturbed one") {
  const Scratch scratch;
  const std::string text = R"([sweep]
design = "latin_hypercube"
points = 20
repeats = 2
metrics = ["rate.E", "cv_isi.E", "synchrony.E", "spikes.E"]
[sweep.axes]
"inputs.background.rate" = { uniform = [14000, 18000] }
"projections.excitation.weight" = { log_uniform = [0.05, 0.5] }
)";
  const Sweep calm(scratch, text, "calm", 200), killed(scratch, text, "killed", 200);
  const auto begin = std::chrono::steady_clock::now();
  REQUIRE(calm.run({"--jobs", "2"}) == 0);
  const double whole = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();

  std::mt19937 dice(1);
  int kills = 0;
  for (; kills < 10; ++kills) {
    Command command(scratch, killed.words({"--jobs", "2"}));
    std::this_thread::sleep_for(
        std::chrono::duration<double>(whole / 12 * std::uniform_real_distribution<double>(0.5, 1.5)(dice)));
    command.send(SIGKILL);
    if (kills == 4)
      CHECK(comes_true([&] { return killed.status().find("at work") == std::string::npos; }));  // a zombie
    if (command.end() != -SIGKILL) break;
    // What a machine that fails may leave of a line.
    if (kills % 3 == 0) std::ofstream(killed.out / "journal" / "0.jsonl", std::ios::app) << "{\"point\":\"00";
  }
  CHECK(kills >= 5);
  REQUIRE(killed.run({"--jobs", "2"}) == 0);
  const auto rows = calm.results();
  REQUIRE(rows.size() == 40);
  CHECK(killed.results() == rows);
  for (const Row& row : rows)
    CHECK(bytes_of(calm.out / row.at("folder") / "spikes.h5") == bytes_of(killed.out / row.at("folder") / "spikes.h5"));
}

TEST_CASE("a digit that has flipped in a table of a sweep is noticed, and one in a record makes its point run again") {
  const Scratch scratch;
  const Sweep sweep(scratch, six);
  REQUIRE(sweep.run({"--quiet"}) == 0);
  const auto results = sweep.results();
  REQUIRE(results.size() == 6);
  // The first `from` of a file becomes `to`.
  const auto change = [](const fs::path& file, const std::string& from, const std::string& to) {
    std::string text = bytes_of(file);
    const std::size_t at = text.find(from);
    REQUIRE(at != std::string::npos);
    text.replace(at, from.size(), to);
    std::ofstream(file) << text;
  };
  const auto collect = [&] {
    Command command(scratch, {"sweep", "collect", sweep.out.string()});
    const int code = command.end();
    return std::pair(code, command.err());
  };
  for (const auto& [name, from, to] :
       std::vector<std::array<std::string, 3>>{{"points.jsonl", "16000", "17000"},
                                               {"points.jsonl", "\"repeat\":1", "\"repeat\":0"},
                                               {"sweep.json", "\"points\": 6", "\"points\": 7"},
                                               {"sweep.json", "background.rate", "background.rbte"}}) {
    CAPTURE(name, from);
    const std::string good = bytes_of(sweep.out / name);
    change(sweep.out / name, from, to);
    const auto [code, said] = collect();
    CAPTURE(said);
    CHECK(code == 2);
    CHECK(said.find(name + ": is damaged: its checksum") != std::string::npos);
    std::ofstream(sweep.out / name) << good;
  }
  // rheo sweep writes them anew.
  change(sweep.out / "sweep.json", "\"points\": 6", "\"points\": 7");
  change(sweep.out / "points.jsonl", "16000", "17000");
  REQUIRE(sweep.run({"--quiet"}) == 0);
  CHECK(sweep.results() == results);
  CHECK(sweep.journaled("running") == 6);
  // A line of the journal: the record in the point's folder has the same.
  change(sweep.out / "journal" / "0.jsonl", "\"spikes\":", "\"spikes\":1");
  CHECK(sweep.results() == results);
  CHECK(sweep.journaled("running") == 6);
  // Both: the point runs again.
  change(sweep.out / results[0].at("folder") / "point.json", "\"spikes\": ", "\"spikes\": 1");
  fs::remove(sweep.out / "journal" / "0.jsonl");
  REQUIRE(sweep.run({"--quiet"}) == 0);
  CHECK(sweep.results() == results);
  CHECK(sweep.journaled("running") == 1);
}

TEST_CASE("a point whose folder is empty is not finished") {
  const Scratch scratch;
  const Sweep sweep(scratch, six);
  REQUIRE(sweep.run({"--quiet"}) == 0);
  const auto results = sweep.results();
  const fs::path point = sweep.out / results[2].at("folder");
  for (const auto& entry : fs::directory_iterator(point)) fs::remove(entry.path());
  CHECK(sweep.status().find("finished              5") != std::string::npos);
  REQUIRE(sweep.run({"--quiet"}) == 0);
  CHECK(fs::exists(point / "spikes.h5"));
  CHECK(sweep.results() == results);
  CHECK(sweep.journaled("running") == 7);
}

namespace {

// 12 echo-state points of half a second in all, chosen by their error on the part validate, and told on three other
// seeds.
const std::string search = R"([simulation]
dt = 1.0
seed = 3
precision = "double"
[populations.X]
model = "rate_tanh"
size = 30
params = { I_e = { uniform = [-0.1, 0.1] } }
[projections.recurrent]
source = "X"
target = "X"
transmits = "value"
connect = { rule = "fixed_indegree", indegree = 8, autapses = false, multapses = false }
weight = { uniform = [-0.5, 0.5] }
[signals.input]
kind = "task"
[inputs.drive]
kind = "current"
target = "X"
signal = "input"
amplitude = { uniform = [-0.3, 0.3] }
[data.narma]
kind = "narma10"
split = { washout = 50, train = 300, validate = 100, test = 200 }
[trials]
[readouts.y]
kind = "ridge"
of = "r"
[sweep]
repeats = 2
objective = "score.validation"
report_seeds = [11, 12, 13]
[sweep.axes]
"projections.recurrent.weight" = [{ uniform = [-0.1, 0.1] }, { uniform = [-0.5, 0.5] }]
"populations.X.params.a" = [0.2, 0.9, 1.0]
)";

fs::path write_search(const Scratch& scratch, const std::string& from = {}, const std::string& to = {}) {
  std::string text = search;
  if (!from.empty()) text.replace(text.find(from), from.size(), to);
  std::ofstream(scratch / "search.toml") << text;
  return scratch / "search.toml";
}

}  // namespace

TEST_CASE("a search takes the best mean over its seeds and tells it on others") {
  const Scratch scratch;
  const fs::path out = scratch / "out";
  const std::vector<std::string> words{"sweep", write_search(scratch).string(), "--out", out.string(), "--jobs", "2"};
  Command command(scratch, words);
  REQUIRE(command.end() == 0);
  const std::string said = command.err();
  REQUIRE(code_of(scratch, {"sweep", "collect", out.string()}) == 0);
  const auto rows = read_csv(out / "sweep.csv");
  REQUIRE(rows.size() == 12);
  CHECK(rows[0].contains("score.nrmse"));

  // By hand from the table: rows 2 k and 2 k + 1 are the seeds of candidate k.
  std::size_t best = 0;
  std::vector<double> means;
  for (std::size_t k = 0; k < 6; ++k) {
    means.push_back(
        (std::stod(rows[2 * k].at("score.validation")) + std::stod(rows[2 * k + 1].at("score.validation"))) / 2);
    if (means[k] < means[best]) best = k;
  }
  const json choice = json::parse(bytes_of(out / "choice.json"));
  CHECK(choice["objective"] == "score.validation");
  CHECK(choice["points"] == 12);
  REQUIRE(choice["candidates"].size() == 6);
  for (std::size_t k = 0; k < 6; ++k) CHECK(choice["candidates"][k]["mean"].get<double>() == Approx(means[k]));
  CHECK(choice["best"] == choice["candidates"][best]);
  const std::string weight = rows[2 * best].at("projections.recurrent.weight"),
                    leak = rows[2 * best].at("populations.X.params.a");
  const std::string warning =
      "projections.recurrent.weight = " + weight + " is at the edge of the 2 values of its search";
  CHECK(choice["warnings"][0] == warning);
  CHECK_THAT(said, Catch::Contains("warning      " + warning) && Catch::Contains("mean         score.nrmse ="));

  // The report is the runs that the chosen settings describe, on its own seeds.
  REQUIRE(code_of(scratch, {"sweep", "collect", (out / "report").string()}) == 0);
  const auto told = read_csv(out / "report" / "sweep.csv");
  REQUIRE(told.size() == 3);
  double sum = 0;
  for (std::size_t i = 0; i < 3; ++i) {
    CHECK(told[i].at("simulation.seed") == std::to_string(11 + i));
    sum += std::stod(told[i].at("score.nrmse"));
  }
  const json means_told = json::parse(bytes_of(out / "report" / "means.json"));
  CHECK(means_told["seeds"] == 3);
  CHECK(means_told["metrics"]["score.nrmse"]["mean"].get<double>() == Approx(sum / 3));
  const fs::path alone = scratch / "alone";
  REQUIRE(code_of(scratch, {"run", (scratch / "search.toml").string(), "--quiet", "--out", alone.string(), "--set",
                            "projections.recurrent.weight=" + weight, "--set", "populations.X.params.a=" + leak,
                            "--set", "simulation.seed=12"}) == 0);
  CHECK(bytes_of(alone / "task.h5") == bytes_of(out / "report" / told[1].at("folder") / "task.h5"));

  // Once more: nothing is left to run, and the choice is the same.
  const std::string before = bytes_of(out / "choice.json");
  REQUIRE(code_of(scratch, words) == 0);
  CHECK(bytes_of(out / "choice.json") == before);

  // The other way round the worst is best.
  REQUIRE(code_of(scratch, {"sweep", write_search(scratch, "report_seeds = [11, 12, 13]", "goal = \"max\"").string(),
                            "--out", out.string()}) == 0);
  CHECK(json::parse(bytes_of(out / "choice.json"))["best"]["mean"].get<double>() ==
        Approx(*std::max_element(means.begin(), means.end())));
}

TEST_CASE("a search by what it reports is refused") {
  const Scratch scratch;
  const auto complaint = [&](const std::string& from, const std::string& to) {
    Command command(scratch, {"validate", write_search(scratch, from, to).string()});
    CHECK(command.end() == 2);
    return command.err();
  };
  const std::string objective = "objective = \"score.validation\"";
  CHECK_THAT(complaint(objective, "objective = \"score.nrmse\""),
             Catch::Contains(
                 "sweep.objective = \"score.nrmse\": is a score of the part test, by which nothing may be chosen"));
  CHECK_THAT(complaint(objective, "objective = \"score.vlidation\""),
             Catch::Contains("sweep.objective = \"score.vlidation\": is none of the metrics") &&
                 Catch::Contains("did you mean \"score.validation\"?"));
  CHECK_THAT(complaint(objective, "metrics = [\"score.nrms\"]\n" + objective),
             Catch::Contains(
                 "search.toml:31: sweep.metrics = \"score.nrms\": there is no such score; expected one of nrmse, "));
  CHECK_THAT(complaint("[11, 12, 13]", "[11, 4]"),
             Catch::Contains("sweep.report_seeds") && Catch::Contains("has 4, by which a point is chosen"));
  CHECK_THAT(complaint("[11, 12, 13]", "[11, 11]"),
             Catch::Contains("has 11, by which a point is chosen, or which it has twice"));
  CHECK_THAT(complaint("[11, 12, 13]", "[1.5]"), Catch::Contains("has 1.5 among its entries"));
  CHECK_THAT(complaint("[11, 12, 13]", "[]"), Catch::Contains("sweep.report_seeds = []: is empty"));
  CHECK_THAT(complaint(objective + "\n", ""),
             Catch::Contains("sweep.report_seeds") && Catch::Contains("beside objective alone"));
  CHECK_THAT(complaint("\"populations.X.params.a\" = [0.2, 0.9, 1.0]", "\"readouts.y.tau\" = [20.0, -1.0]"),
             Catch::Contains("search.toml:35: readouts.y.tau = -1"));
}

}  // namespace test_sweep
