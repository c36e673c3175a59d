// Tasks as rheo run has them: data, trials, readouts and scores of an experiment file.
#include <catch2/catch.hpp>
#include <cmath>
#include <fstream>
#include <string>
#include <vector>

#include "io/h5/h5.hpp"
#include "tests/apps/command.hpp"
#include "tests/sanitized.hpp"

namespace test_tasks {

namespace {

using Catch::Contains;

const fs::path cases = fs::path(RHEO_SOURCE_DIR) / "../shared/cases/tasks";

// An echo-state network; drives: for each number of its input.
std::string echo_state(int inputs, int size = 60) {
  std::string text = R"([simulation]
dt = 1.0
seed = 5
precision = "double"
[populations.X]
model = "rate_tanh"
size = )" + std::to_string(size) +
                     R"(
params = { I_e = { uniform = [-0.1, 0.1] } }
[projections.recurrent]
source = "X"
target = "X"
transmits = "value"
connect = { rule = "fixed_indegree", indegree = 10, autapses = false, multapses = false }
weight = { uniform = [-0.49, 0.49] }
[signals.input]
kind = "task"
width = )" + std::to_string(inputs) +
                     "\n";
  for (int c = 0; c < inputs; ++c)
    text += "[inputs.drive" + std::to_string(c) +
            "]\nkind = \"current\"\ntarget = \"X\"\nsignal = \"input\"\nchannel = " + std::to_string(c) +
            "\namplitude = { uniform = [-0.3, 0.3] }\n";
  return text;
}

// 60 spiking neurons, whose recurrent synapses learn where the task says so.
const std::string spiking = R"([simulation]
dt = 1.0
seed = 3
[populations.N]
model = "iaf_psc_exp"
size = 60
params = { tau_m = 20.0, E_L = 0.0, V_reset = 0.0, V_th = 10.0, I_e = { uniform = [80.0, 160.0] } }
[signals.input]
kind = "task"
[inputs.drive]
kind = "current"
target = "N"
signal = "input"
amplitude = { normal = [0.0, 100.0] }
[projections.recurrent]
source = "N"
target = "N"
connect = { rule = "bernoulli", p = 0.1 }
weight = { uniform = [0.0, 20.0] }
delay = { uniform = [1.0, 40.0] }
plasticity = { rule = "stdp_pair", params = { w_max = 30.0, lambda = 0.05 } }
)";

nlohmann::json run(const Scratch& scratch, const std::string& text, const std::string& out = "out",
                   const std::vector<std::string>& more = {}) {
  std::ofstream(scratch / (out + ".toml")) << text;
  std::vector<std::string> words{"run", (scratch / (out + ".toml")).string(), "--out", (scratch / out).string(),
                                 "--quiet"};
  words.insert(words.end(), more.begin(), more.end());
  Command command(scratch, words);
  const int code = command.end();
  INFO(command.err());
  REQUIRE(code == 0);
  return report(scratch / out);
}

// What rheo report makes of a run, with its pictures beside it.
std::string page_of(const Scratch& scratch, const std::string& out) {
  Command command(scratch, {"report", (scratch / out).string(), "--svg", (scratch / (out + ".svg")).string()});
  const int code = command.end();
  INFO(command.err());
  REQUIRE(code == 0);
  return bytes_of(scratch / out / "report.html");
}

std::string complaint(const Scratch& scratch, const std::string& text) {
  std::ofstream(scratch / "wrong.toml") << text;
  std::string said;
  for (const char* const verb : {"validate", "run"}) {
    Command command(scratch, {verb, (scratch / "wrong.toml").string()});
    CHECK(command.end() == 2);
    const std::string now = command.err();
    if (!said.empty()) CHECK(now == said);
    said = now;
  }
  CHECK(!fs::exists(scratch / "wrong.out"));
  return said;
}

const std::string narma = R"([data.narma]
kind = "narma10"
split = { washout = 50, train = 300, validate = 100, test = 200 }
[trials]
)";

}  // namespace

TEST_CASE("a task that is killed within a part goes on to the same bytes, with any number of threads") {
  const Scratch scratch;
  const std::string file = spiking + narma + R"(step = 10.0
learning = { washout = ["recurrent"], train = true }
[readouts.ridge]
kind = "ridge"
samples = 2
[readouts.force]
kind = "rls"
every = 2
input_rows = 3
[readouts.delta]
kind = "lms"
of = "V_m"
eta = 0.05
[record.spikes]
)";
  const auto whole = run(scratch, file, "whole", {"--threads", "1"});
  CHECK(whole["scores"].size() == 7);
  for (const auto& [name, score] : whole["scores"].items()) CHECK(score.is_number());
  for (const char* const at : {"250", "1705", "3500", "4506", "6500"}) {
    INFO(at);
    const std::string out = std::string("from_") + at;
    run(scratch, file, out, {"--checkpoint-at", at, "--threads", "3"});
    const fs::path kept = scratch / out / ("checkpoint_" + std::string(at) + "ms.h5");
    CHECK(bytes_of(scratch / out / "task.h5") == bytes_of(scratch / "whole" / "task.h5"));
    CHECK(bytes_of(scratch / out / "spikes.h5") == bytes_of(scratch / "whole" / "spikes.h5"));
    CHECK(report(scratch / out)["scores"] == whole["scores"]);
    // The run goes on from there, its end taken away.
    for (const char* const end : {"run.json", "task.h5", "spikes.h5"}) fs::remove(scratch / out / end);
    REQUIRE(fs::exists(kept));
  }
  // One that is stopped by a signal, and resumed.
  std::ofstream(scratch / "long.toml") << file;
  const std::vector<std::string> words{
      "run", (scratch / "long.toml").string(), "--out", (scratch / "stopped").string(), "--quiet", "--checkpoint-every",
      "1ms"};
  bool was_stopped = false;
  for (int attempt = 0; attempt < 20 && !was_stopped; ++attempt) {
    fs::remove_all(scratch / "stopped");
    Command command(scratch, words);
    while (!command.has_ended() && !fs::exists(scratch / "stopped" / "checkpoint.h5")) {
    }
    command.send(SIGKILL);
    was_stopped = command.end() == -SIGKILL && fs::exists(scratch / "stopped" / "checkpoint.h5");
  }
  REQUIRE(was_stopped);
  Command resumed(scratch, {"resume", (scratch / "stopped").string(), "--quiet", "--threads", "2"});
  const int code = resumed.end();
  INFO(resumed.err());
  REQUIRE(code == 0);
  CHECK(bytes_of(scratch / "stopped" / "task.h5") == bytes_of(scratch / "whole" / "task.h5"));
  CHECK(report(scratch / "stopped")["scores"] == whole["scores"]);
}

TEST_CASE("data of one's own: inputs and targets by name, a score for each column, in the units of the file") {
  const Scratch scratch;
  {
    std::ofstream csv(scratch / "own.csv");
    csv << "time,u,y,z,still\n";
    double y = 0, u = 0, before = 0;
    for (int t = 0; t < 700; ++t) {
      before = u;
      u = std::sin(t * 0.7) + 0.5 * std::cos(t * t * 0.013);
      y = 0.6 * y + 0.5 * u + 0.3 * u * before;
      csv << 0.5 * t << ',' << u << ',' << 100 + 10 * y << ',' << u * 3 - 1 << ",1\n";
    }
  }
  const auto found = run(scratch, echo_state(1) + R"([data.own]
kind = "table"
file = "own.csv"
inputs = ["u"]
targets = ["y", "z", "still"]
time = "time"
split = { washout = 50, train = 0.6, validate = 0.2, test = 0.2 }
[trials]
[readouts.said]
kind = "ridge"
of = "r"
)");
  const auto& targets = found["targets"];
  CHECK(targets["y"]["nrmse"] < 0.3);
  CHECK(targets["z"]["nrmse"] < 0.05);
  CHECK(found["scores"]["nrmse"].get<double>() ==
        Approx((targets["y"]["nrmse"].get<double>() + targets["z"]["nrmse"].get<double>()) / 2));
  CHECK(!targets.contains("still"));
  const rheo::h5::File file = rheo::h5::File::open((scratch / "out" / "task.h5").string());
  const std::vector<double> wanted = file.dataset("outputs/said/test/target").read<double>();
  CHECK(file.dataset("outputs/said/test/target").shape() == std::vector<std::uint64_t>{130, 3});
  CHECK(wanted[0] > 50);  // y is about 100
  CHECK(wanted[2] == 1);
  CHECK(file.dataset("readouts/said/weights").shape() == std::vector<std::uint64_t>{60, 3});

  // The readout, taken as it is to the same rows of another run.
  const auto again = run(scratch, echo_state(1) + R"([data.own]
kind = "table"
file = "own.csv"
inputs = ["u"]
targets = ["y", "z", "still"]
time = "time"
split = { washout = 50, train = 0.6, validate = 0.2, test = 0.2 }
[trials]
[readouts.said]
kind = "ridge"
of = "r"
from = "out/task.h5"
)",
                         "again");
  CHECK(again["scores"]["nrmse"] == found["scores"]["nrmse"]);
}

TEST_CASE("a network hears its own readout: free running and feedback") {
  const Scratch scratch;
  const auto free = run(scratch, echo_state(1, 100) + R"([data.series]
kind = "mackey_glass"
split = { washout = 100, train = 800, validate = 200, test = 100 }
[trials]
free = 120
[readouts.x]
kind = "ridge"
of = "r"
)");
  CHECK(free["scores"]["nrmse"] < 0.02);
  CHECK(free["scores"]["valid_rows"] > 20);
  CHECK(free["scores"]["smape.free"] < 30);
  const rheo::h5::File file = rheo::h5::File::open((scratch / "out" / "task.h5").string());
  CHECK(file.dataset("outputs/x/free/output").shape() == std::vector<std::uint64_t>{120, 1});
  // It begins where the test does, one row after the last that it has learnt from.
  CHECK(file.dataset("outputs/x/free/row").read<std::uint64_t>()[0] == 1100);
  CHECK(file.dataset("outputs/x/test/row").read<std::uint64_t>()[0] == 1100);

  std::string sines = echo_state(1, 100);
  sines.replace(sines.find("uniform = [-0.3, 0.3]"), 21, "uniform = [-1.0, 1.0]");
  const auto fed = run(scratch, sines + R"([data.sines]
kind = "sines"
frequencies = [20.0]
split = { washout = 100, train = 600, validate = 100, test = 300 }
[trials]
[readouts.y]
kind = "ridge"
of = "r"
feedback = "input"
lambda = [0.1]
[scores.steps]
measure = "valid_rows"
)",
                       "sines");
  CHECK(fed["scores"]["steps"] > 20);
}

TEST_CASE("sequences with labels are told apart, each from the start of the network") {
  if (!fs::exists(cases)) {
    WARN("there is no ../shared/cases/tasks");
    return;
  }
  const Scratch scratch;
  const auto task = [&](const std::string& answer) {
    return echo_state(2, 100) + "[data.own]\nkind = \"sequences\"\nfile = \"" +
           (cases / "labelled-sequences/sequences.csv").string() + "\"\nlabels = \"" +
           (cases / "labelled-sequences/labels.csv").string() +
           "\"\n[trials]\nreset = true\n[readouts.class]\nkind = \"ridge\"\nof = \"r\"\nlambda = [0.01]\nanswer = \"" +
           answer + "\"\n";
  };
  // By NumPy with such networks 25 to 28, 25 to 30 and 28 to 30 of 30.
  CHECK(run(scratch, task("last"), "last")["scores"]["accuracy"] > 0.7);
  CHECK(run(scratch, task("mean"), "mean")["scores"]["accuracy"] > 0.75);
  const auto votes = run(scratch, task("vote"), "vote");
  CHECK(votes["scores"]["accuracy"] > 0.8);
  CHECK(votes["targets"].size() == 3);
  const rheo::h5::File file = rheo::h5::File::open((scratch / "vote" / "task.h5").string());
  CHECK(file.dataset("outputs/class/test/label").shape() == std::vector<std::uint64_t>{30});
  CHECK(file.dataset("outputs/class/test/answer").shape() == std::vector<std::uint64_t>{30});
}

TEST_CASE("patterns: the class is told by who hears it, and not by who hears the sample before") {
  const Scratch scratch;
  const auto accuracy = [&](const std::string& states) {
    return run(scratch, R"([simulation]
dt = 1.0
seed = 2
[populations.A]
model = "iaf_psc_exp"
size = 40
params = { tau_m = 10.0, C_m = 10.0, E_L = 0.0, V_reset = 0.0, V_th = 1.0, t_ref = 1.0, tau_syn_ex = 2.0, tau_syn_in = 2.0 }
[populations.B]
like = "A"
size = 40
[signals.input]
kind = "task"
width = 40
[inputs.drive]
kind = "current"
target = "A"
signal = "input"
amplitude = 30.0
[projections.later]
source = "A"
target = "B"
connect = { rule = "one_to_one" }
weight = 40.0
delay = 100.0
[data.p]
kind = "patterns"
classes = 4
channels = 40
samples = 40
length = 50.0
jitter = 1.0
[trials]
pause = 50.0
[readouts.class]
kind = "ridge"
tau = 30.0
states = [")" + states + "\"]\n",
               states)["scores"]["accuracy"]
        .get<double>();
  };
  CHECK(accuracy("A") > 0.9);
  CHECK(accuracy("B") < 0.5);
  const std::string page = page_of(scratch, "A");
  CHECK_THAT(page, Contains("Scores of single columns or classes") && Contains("class3") &&
                       Contains("Answers of class to 40 items of the test"));
  CHECK(fs::exists(scratch / "A.svg" / "answers-class.svg"));
}

TEST_CASE("what is wrong with a task is said with its place, by validate and run alike") {
  const Scratch scratch;
  std::ofstream(scratch / "own.csv") << "u,y\n1,2\n3,4\n5,7\n";
  const std::string network = echo_state(1);
  const auto with = [&](const std::string& text) { return complaint(scratch, network + text); };
  const std::string readout = "[readouts.y]\nkind = \"ridge\"\nof = \"r\"\n";
  CHECK_THAT(with("[data.d]\nkind = \"narma10\"\n"), Contains("data: is of no use without trials"));
  CHECK_THAT(with("[trials]\n"), Contains("wrong.toml") && Contains("data: is missing"));
  CHECK_THAT(with("[data.d]\nkind = \"narma\"\n[trials]\n"),
             Contains("data.d.kind = \"narma\": unknown kind of data") && Contains("did you mean \"narma10\""));
  CHECK_THAT(with("[data.d]\nkind = \"narma10\"\n[trials]\nsteps = 10.0\n"),
             Contains("trials.steps: unknown key") && Contains("did you mean \"step\""));
  CHECK_THAT(with("[data.d]\nkind = \"narma10\"\n[trials]\nstep = 2.5\n" + readout),
             Contains("trials.step = 2.5: is no whole number of ticks"));
  CHECK_THAT(with("[data.d]\nkind = \"narma10\"\nsplit = { train = 0.5 }\n[trials]\n" + readout),
             Contains("data.d.split.train = 0.5: is a share, and data that are generated have no end"));
  CHECK_THAT(with("[data.d]\nkind = \"table\"\nfile = \"own.csv\"\n[trials]\n" + readout),
             Contains("data.d.split = 3600 rows: are more than there are") && Contains("own.csv has 3 rows"));
  CHECK_THAT(with("[data.d]\nkind = \"table\"\nfile = \"own.csv\"\ntargets = [\"z\"]\n[trials]\n" + readout),
             Contains("own.csv: data.d.targets = \"z\": is no column of the file; expected one of u, y"));
  CHECK_THAT(with("[data.d]\nkind = \"table\"\nfile = \"none.csv\"\n[trials]\n" + readout), Contains("none.csv"));
  CHECK_THAT(
      with("[data.d]\nkind = \"lorenz\"\n[trials]\n" + readout),
      Contains("signals.input.width = 1: is not the number of channels that are encoded; expected 3, for x, y, z"));
  CHECK_THAT(with("[data.d]\nkind = \"narma10\"\n[trials]\nfree = 10\n" + readout),
             Contains("trials.free = 10: needs data whose targets are the inputs of the next row"));
  CHECK_THAT(with("[data.d]\nkind = \"narma10\"\n[trials]\nlearning = { train = [\"recurrent\"] }\n" + readout),
             Contains("no projection with plasticity"));
  CHECK_THAT(with("[data.d]\nkind = \"narma10\"\n[trials]\nreset = true\n" + readout),
             Contains("trials.reset = true: has a meaning for labelled data alone"));
  const std::string free = "[data.d]\nkind = \"mackey_glass\"\n[trials]\nfree = 20\n";
  for (const char* const first : {"", "[readouts.x]\nkind = \"states\"\nof = \"r\"\n[readouts.y]\nkind = \"ridge\"\n"})
    CHECK_THAT(with(free + first),
               Contains("trials.free = 20: needs a first readout that says all inputs of the next row"));
  CHECK_THAT(with("[data.d]\nkind = \"narma10\"\n[trials]\n[readouts.y]\nkind = \"ridge\"\nof = \"V\"\n"),
             Contains("readouts.y.of = \"V\": unknown state of rate_tanh"));
  CHECK_THAT(with("[data.d]\nkind = \"narma10\"\n[trials]\n" + readout + "feedback = \"output\"\n"),
             Contains("readouts.y.feedback = \"output\": no such signal of kind task"));
  CHECK_THAT(with("[data.d]\nkind = \"narma10\"\n[trials]\n" + readout + "from = \"none.h5\"\n"), Contains("none.h5"));
  CHECK_THAT(with("[data.d]\nkind = \"narma10\"\n[trials]\n" + readout + "[scores.s]\nmeasure = \"accuracy\"\n"),
             Contains("scores.s") && Contains("accuracy is of labelled data"));
  CHECK_THAT(with("[data.d]\nkind = \"narma10\"\n[trials]\n" + readout + "[scores.s]\npart = \"free\"\n"),
             Contains("the part free has no rows"));
  CHECK_THAT(with("[data.d]\nkind = \"narma10\"\n[trials]\n" + readout + "[[phases]]\nname = \"a\"\nduration = 5.0\n"),
             Contains("phases") && Contains("stands beside [trials]"));
  std::string lasting = network;
  lasting.replace(lasting.find("dt = 1.0"), 8, "dt = 1.0\nduration = 5.0");
  CHECK_THAT(complaint(scratch, lasting + "[data.d]\nkind = \"narma10\"\n[trials]\n" + readout),
             Contains("simulation.duration = 5.0: stands beside [trials]"));
}

TEST_CASE("a readout that diverges ends the run where it does") {
  const Scratch scratch;
  std::ofstream(scratch / "task.toml") << echo_state(1) + narma +
                                              "[readouts.y]\nkind = \"lms\"\nof = \"r\"\neta = 1e4\n";
  Command command(scratch, {"run", (scratch / "task.toml").string(), "--out", (scratch / "out").string(), "--quiet"});
  CHECK(command.end() == 2);
  CHECK_THAT(command.err(), Contains("readouts.y: diverges: its output is") && Contains("of the part train"));
  CHECK(report(scratch / "out")["status"] == "failed");
  CHECK(!fs::exists(scratch / "out" / "task.h5"));
}

TEST_CASE("memory capacity stays below the number of neurons, however short the test is") {
  const Scratch scratch;
  std::string network = echo_state(1, 5);
  network.replace(network.find("indegree = 10"), 13, "indegree = 3");
  network.replace(network.find("uniform = [-0.3, 0.3]"), 21, "uniform = [-0.01, 0.01]");
  const auto with = [&](const std::string& test) {
    return run(scratch,
               network +
                   "[data.m]\nkind = \"memory\"\ndelays = 200\nsplit = { washout = 300, train = 1000, "
                   "validate = 200, test = " +
                   test + " }\n[trials]\n[readouts.y]\nkind = \"ridge\"\nof = \"r\"\n",
               test);
  };
  const auto brief = with("50"), lasting = with("5000");
  CHECK(brief["scores"]["memory_capacity"] < 5.5);
  const std::string remarks = brief["remarks"].dump();
  CHECK_THAT(remarks, Contains("chance makes"));
  CHECK(lasting["scores"]["memory_capacity"] < 5);
  const std::string page = page_of(scratch, "50");
  CHECK_THAT(page, Contains("memory_capacity") && Contains("chance makes") && !Contains("Not shown are files") &&
                       Contains("Squared correlation of output and target of y, for each of 200 targets") &&
                       Contains("in the first 50 of 50 rows of the test, 3 of 200 targets"));
  for (const char* picture : {"correlations-y.svg", "outputs-y.svg"}) {
    const std::string drawn = bytes_of(scratch / "50.svg" / picture);
    CHECK_THAT(drawn, Contains("</svg>") && !Contains("nan") && !Contains("inf"));
  }
  CHECK(lasting["scores"]["memory_capacity"] > 2);
  CHECK_THAT(lasting.dump(), !Contains("chance makes"));
}

TEST_CASE("streams: what is kept of states tells rank and separation") {
  const Scratch scratch;
  const auto with = [&](const std::string& noise) {
    return run(scratch,
               echo_state(1) + "[data.s]\nkind = \"streams\"\nstreams = 12\nlength = 8\nrepetitions = 3\nnoise = " +
                   noise + "\n[trials]\nreset = true\n[readouts.x]\nkind = \"states\"\nof = \"r\"\n",
               noise);
  };
  const auto quiet = with("0.0"), noisy = with("0.1");
  // Repetitions without noise are the same, and streams are not.
  CHECK(quiet["scores"]["generalisation_rank"] == 1);
  CHECK(quiet["scores"]["separation"].is_null());
  CHECK(quiet["scores"]["kernel_rank"] > 3);
  CHECK(noisy["scores"]["kernel_rank"] == quiet["scores"]["kernel_rank"]);
  CHECK(noisy["scores"]["generalisation_rank"] > 1);
  CHECK(noisy["scores"]["generalisation_rank"] <= noisy["scores"]["kernel_rank"]);
  CHECK(noisy["scores"]["separation"] > 1);
  // An item for each stream, as many of the first one, three for each of the nine after it.
  const rheo::h5::File file = rheo::h5::File::open((scratch / "0.0" / "task.h5").string());
  CHECK(file.dataset("states/x/test").shape() == std::vector<std::uint64_t>{12 + 12 + 27, 60});
  const std::vector<double> states = file.dataset("states/x/test").read<double>();
  for (std::size_t i = 0; i < 60; ++i) {
    CHECK(states[i] == states[12 * 60 + i]);
    CHECK(states[60 + i] == states[24 * 60 + i]);
  }
  CHECK(states[0] != states[60]);
}

}  // namespace test_tasks
