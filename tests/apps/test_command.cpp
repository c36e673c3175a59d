// The rheo command as a user meets it: exit codes, messages, results, signals, kill -9.
#include <algorithm>
#include <catch2/catch.hpp>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iomanip>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "io/experiment/experiment.hpp"
#include "io/files/statistics.hpp"
#include "io/spikes/reader.hpp"
#include "networks/network.hpp"
#include "tests/apps/command.hpp"

namespace test_command {

using namespace rheo;

namespace {

// 500 cells; spikes from the first milliseconds on.
fs::path experiment(const Scratch& scratch, double duration) {
  const fs::path file = scratch / "net.toml";
  std::ofstream(file) << R"(title = "a small Brunel network"
[simulation]
duration = )" << std::setprecision(15)
                      << duration << R"(
seed = 7
[populations.E]
model = "iaf_psc_delta"
size = 400
params = { tau_m = 20.0, E_L = 0.0, V_reset = 0.0, V_th = 20.0, t_ref = 2.0 }
initial = { V_m = { uniform = [0.0, 20.0] } }
[populations.I]
like = "E"
size = 100
[inputs.background]
kind = "poisson"
target = ["E", "I"]
rate = 20000.0
weight = 0.1
[projections.excitation]
source = "E"
target = ["E", "I"]
connect = { rule = "fixed_indegree", indegree = 40 }
weight = { normal = [0.1, 0.02] }
delay = { uniform = [0.5, 5.0] }
[projections.inhibition]
source = "I"
target = ["E", "I"]
connect = { rule = "fixed_indegree", indegree = 10 }
weight = -0.5
delay = 1.5
[record.spikes]
populations = ["E", "I"]
)";
  return file;
}

// Waits until the run has flushed spikes to its unfinished file twice.
bool wait_for_spikes(const fs::path& directory) {
  const auto rows = [&] { return flushed_rows(directory / "spikes.h5.part", "/spikes/E/node_ids"); };
  std::uint64_t first = 0;
  return comes_true([&] { return (first = rows()) > 0; }) && comes_true([&] { return rows() > first; });
}

}  // namespace

TEST_CASE("exit codes: 0, 2 for the user's mistakes, and where the message goes") {
  const Scratch scratch;
  CHECK(code_of(scratch, {"--version"}) == 0);
  CHECK(code_of(scratch, {"--help"}) == 0);
  CHECK(code_of(scratch, {"models"}) == 0);
  CHECK(code_of(scratch, {}) == 2);
  CHECK(code_of(scratch, {"run"}) == 2);
  {
    Command command(scratch, {"rum"});
    CHECK(command.end() == 2);
    CHECK(command.err().find("did you mean \"run\"?") != std::string::npos);
    CHECK(command.out().empty());
  }
  {
    Command command(scratch, {"run", (scratch / "missing.toml").string()});
    CHECK(command.end() == 2);
    CHECK(command.err().find("missing.toml") != std::string::npos);
  }
  {
    Command command(scratch, {"run", experiment(scratch, 10).string(), "--out", (scratch / "o").string(), "--set",
                              "populations.E.params.tau_n=3"});
    CHECK(command.end() == 2);
    CHECK(command.err().find("populations.E.params.tau_n") != std::string::npos);
    CHECK(command.err().find("did you mean \"tau_m\"?") != std::string::npos);
    CHECK_FALSE(fs::exists(scratch / "o"));
  }
  {
    Command command(scratch, {"models", "iaf_psc_delta"});
    CHECK(command.end() == 0);
    CHECK(command.out().find("tau_m") != std::string::npos);
  }
  {
    Command command(scratch, {"validate", experiment(scratch, 10).string()});
    CHECK(command.end() == 0);
    CHECK(command.out().find(": ok") != std::string::npos);
  }
}

TEST_CASE("run.json counts the spike times that were moved or left out") {
  const Scratch scratch;
  std::ofstream(scratch / "train.gdf") << "0 0.0\n0 5.0\n1 0.0\n";
  const auto run = [&](const char* key) {
    std::ofstream(scratch / "net.toml") << "[simulation]\nduration = 20.0\n[populations.s]\nmodel = \"spike_source\"\n"
                                           "size = 2\nparams = { file = \"train.gdf\", at_zero = \""
                                        << key << "\" }\n[record.spikes]\n";
    Command command(scratch, {"run", scratch / "net.toml", "--out", scratch / key});
    CHECK(command.end() == 0);
    const nlohmann::json json = report(scratch / key);
    CHECK(json["spike_times"]["populations.s.params"]["spikes"] == 3);
    CHECK(json["populations"]["s"]["spikes"] == (std::string(key) == "drop" ? 1 : 3));
    return std::pair(command.err(), json["spike_times"]["populations.s.params"]);
  };
  const auto [moved_text, moved] = run("first_tick");
  CHECK_THAT(moved_text, Catch::Contains("train.gdf: 2 of 3 spikes at time 0 are moved into the first tick."));
  CHECK(moved["into_first_tick"] == 2);
  const auto [dropped_text, dropped] = run("drop");
  CHECK_THAT(dropped_text, Catch::Contains("train.gdf: 2 of 3 spikes at time 0 are left out."));
  CHECK(dropped["left_out_at_zero"] == 2);
}

TEST_CASE("the sealed file has the same bytes for any number of threads, lanes and instruction set") {
  const Scratch scratch;
  const fs::path file = experiment(scratch, 300);
  const auto bytes = [&](const std::string& threads, const std::string& lanes, const char* isa) {
    if (isa != nullptr) ::setenv("RHEO_ISA", isa, 1);
    const fs::path out = scratch / ("out" + threads + "_" + lanes);
    const int code = code_of(
        scratch, {"run", file.string(), "--quiet", "--threads", threads, "--lanes", lanes, "--out", out.string()});
    ::unsetenv("RHEO_ISA");
    CHECK(code == 0);
    return bytes_of(out / "spikes.h5");
  };
  const std::string expected = bytes("1", "1", nullptr);
  REQUIRE(expected.size() > 20'000);
  CHECK(bytes("2", "16", nullptr) == expected);
  CHECK(bytes("4", "3", "v3") == expected);
  CHECK(bytes("7", "20", "base") == expected);

  const fs::path out = scratch / "out1_1";
  CHECK(report(out)["status"] == "finished");
  CHECK(report(out)["populations"]["E"]["spikes"] == rheo::read_spikes((out / "spikes.h5").string(), "E").times.size());
  CHECK_FALSE(fs::exists(out / "spikes.h5.part"));
}

TEST_CASE("SIGTERM and Ctrl-C end a run in order: exit code 75, what was recorded is sealed") {
  const int signal = GENERATE(SIGTERM, SIGINT);
  const Scratch scratch;
  const fs::path out = scratch / "out";
  Command command(scratch, {"run", experiment(scratch, 1e7).string(), "--out", out.string(), "--threads", "1"});
  REQUIRE(wait_for_spikes(out));
  command.send(signal);
  CHECK(command.end() == 75);
  CHECK(report(out)["status"] == "interrupted");
  const double simulated = report(out)["simulated_ms"];
  const auto spikes = rheo::read_spikes((out / "spikes.h5").string(), "E");
  REQUIRE(spikes.times.size() > 1000);
  CHECK(spikes.times.back() <= simulated);
  CHECK(spikes.times.back() > simulated - 50);
  CHECK(command.out().find("interrupted") != std::string::npos);
}

TEST_CASE("a killed run: its file can be read while it grows and recovered afterwards, a beginning of the whole run") {
  const Scratch scratch;
  const fs::path out = scratch / "out", part = out / "spikes.h5.part";
  const fs::path file = experiment(scratch, 1e7);
  rheo::RecordedSpikes recovered;
  {
    Command command(scratch, {"run", file.string(), "--out", out.string(), "--threads", "1"});
    REQUIRE(wait_for_spikes(out));
    if (has_h5py()) {
      const std::string script =
          "import h5py, sys\nf = h5py.File(sys.argv[1], 'r', swmr=True)\nassert f['spikes/E/timestamps'].shape[0] > "
          "100\n";
      std::ofstream(scratch / "look.py") << script;
      CHECK(std::system(("/usr/bin/python3 " + (scratch / "look.py").string() + " " + part.string()).c_str()) == 0);
    } else {
      WARN("skipped: python3-h5py is not installed, nobody reads the growing file");
    }
    command.send(SIGKILL);
    CHECK(command.end() == -SIGKILL);
  }
  CHECK(fs::exists(part));
  // The next run does not overwrite what was left behind.
  CHECK(code_of(scratch, {"run", file.string(), "--out", out.string()}) == 2);
  CHECK(code_of(scratch, {"recover", out.string()}) == 0);
  CHECK_FALSE(fs::exists(part));
  CHECK(code_of(scratch, {"recover", out.string()}) == 2);
  recovered = rheo::read_spikes((out / "spikes.h5").string(), "E");
  REQUIRE(recovered.times.size() > 1000);

  const double until = recovered.times.back();
  const fs::path whole = scratch / "whole";
  REQUIRE(code_of(scratch, {"run", experiment(scratch, until).string(), "--quiet", "--out", whole.string()}) == 0);
  const auto expected = rheo::read_spikes((whole / "spikes.h5").string(), "E");
  REQUIRE(expected.times.size() >= recovered.times.size());
  CHECK(std::equal(recovered.times.begin(), recovered.times.end(), expected.times.begin()));
  CHECK(std::equal(recovered.nodes.begin(), recovered.nodes.end(), expected.nodes.begin()));
}

TEST_CASE("bench times an experiment, and the stages and the machine beside it") {
  const Scratch scratch;
  const fs::path file = experiment(scratch, 50);
  {
    Command command(scratch, {"bench", file.string(), "--repeat", "3", "--discard", "20", "--json", "--no-bound"});
    REQUIRE(command.end() == 0);
    const auto json = nlohmann::json::parse(command.out());
    CHECK(json.at("synapses") == 500 * 50);
    CHECK(json.at("all_sim_seconds").size() == 3);
    CHECK(json.at("rtf").get<double>() == Approx(json.at("sim_seconds").get<double>() / 0.05));
    CHECK(json.at("stages").at("advance").get<double>() > 0);
    // With the rest they are all that threads did.
    double all = 0, stages = 0;
    for (const auto& seconds : json.at("all_sim_seconds")) all += seconds.get<double>() / 3;
    for (const auto& stage : json.at("stages")) stages += stage.get<double>();
    CHECK(stages == Approx(all * json.at("threads").get<double>()));
    // The same spikes as of a run that begins to count after 20 ms.
    Network network(parse_experiment(file.string(), {}).network, Threads(1));
    network.simulation().run(200);
    SpikeStatistics statistics(network.simulation().populations());
    network.simulation().add_sink(statistics);
    network.simulation().run(500);
    double spikes = 0, events = 0;
    for (const PopulationStatistics& p : statistics.results(500, 0.1)) {
      spikes += static_cast<double>(p.spikes);
      events += static_cast<double>(p.spikes) * (p.name == "E" ? 500.0 * 40 / 400 : 500.0 * 10 / 100);
    }
    CHECK(spikes > 100);
    CHECK(json.at("rate_hz").get<double>() == Approx(spikes / 500 / 0.05));
    CHECK(json.at("synaptic_events").get<double>() == Approx(events));
    CHECK_FALSE(fs::exists(scratch / "net.out"));
  }
  CHECK(code_of(scratch, {"bench", (scratch / "missing.toml").string()}) == 2);
  CHECK(code_of(scratch, {"bench", file.string(), "--repeat", "0"}) == 2);
  CHECK(code_of(scratch, {"bench", file.string(), "--set", "populations.E.size=-1"}) == 2);
}

TEST_CASE("inspect builds the network and says what it is") {
  const Scratch scratch;
  const fs::path file = scratch / "ring.toml";
  std::ofstream(file) << R"([simulation]
duration = 1.0
[populations.E]
model = "iaf_psc_delta"
size = 40
[projections.ring]
source = "E"
target = "E"
connect = { rule = "small_world", k = 4, p = 0.0 }
delay = 1.5
)";
  {
    Command command(scratch, {"inspect", file.string()});
    REQUIRE(command.end() == 0);
    CHECK(command.out().find("projection  ring") != std::string::npos);
    CHECK(command.out().find("160 synapses small_world, E -> E, 1.5 ms, 1 mV at in, excitatory") != std::string::npos);
    CHECK(command.out().find("reciprocity") == std::string::npos);
    CHECK(command.out().find("\n  layout      1 lane, ") != std::string::npos);
  }
  {
    const fs::path costs = scratch / "costs.toml";
    std::ofstream(costs) << "addition = 2\n";
    Command command(scratch, {"inspect", file.string(), "--layout", costs.string()});
    REQUIRE(command.end() == 0);
    CHECK(command.out().find("\n              costs " + costs.string() + "\n") != std::string::npos);
  }
  {
    Command command(scratch, {"inspect", file.string(), "--graph"});
    REQUIRE(command.end() == 0);
    CHECK(command.out().find("reciprocity         1.0000") != std::string::npos);
    CHECK(command.out().find("strong components   1, the largest of 40 neurons") != std::string::npos);
    CHECK(command.out().find("clustering          0.5000\n") != std::string::npos);
  }
  {
    Command command(scratch, {"inspect", file.string(), "--graph", "--json", "--samples", "7", "--set",
                              "projections.ring.connect={ rule = \"fixed_outdegree\", outdegree = 3 }"});
    REQUIRE(command.end() == 0);
    const auto json = nlohmann::json::parse(command.out());
    CHECK(json["synapses"] == 120);
    CHECK(json["projections"][0]["rule"] == "fixed_outdegree");
    CHECK(json["projections"][0]["min_delay_ms"] == 1.5);
    CHECK(json["graph"]["degrees"]["projections"]["ring"]["out"]["sd"] == 0.0);
    CHECK(json["graph"]["degrees"]["all"]["in"]["mean"] == 3.0);
    CHECK(json["graph"]["paths"]["samples"] == 7);
  }
  // What the rule cannot do is told with the line where it was asked for.
  {
    Command command(scratch, {"inspect", file.string(), "--set", "projections.ring.connect.k=5"});
    CHECK(command.end() == 2);
  }
  {
    std::ofstream(file, std::ios::app) << "[populations.F]\nlike = \"E\"\nsize = 40\npositions = { grid = [6, 6] }\n";
    Command command(scratch, {"inspect", file.string()});
    CHECK(command.end() == 2);
    CHECK(command.err().find("ring.toml:14: populations.F.positions.grid = [6, 6]: makes 36 places for 40 neurons; "
                             "expected whole numbers with the product 40") != std::string::npos);
  }
  CHECK(code_of(scratch, {"inspect", (scratch / "nothing.toml").string()}) == 2);
  CHECK(code_of(scratch, {"inspect", file.string(), "--samples", "0"}) == 2);
}

TEST_CASE("every door shows the sign of weights, and warns of one that misleads") {
  const Scratch scratch;
  const fs::path file = scratch / "coba.toml", run = scratch / "coba.out";
  std::ofstream(file) << R"([simulation]
duration = 5.0
[populations.E]
model = "iaf_cond_exp"
size = 40
[populations.I]
like = "E"
size = 10
[projections.excitation]
source = "E"
target = ["E", "I"]
connect = { rule = "fixed_indegree", indegree = 5 }
weight = 6.0
[projections.inhibition]
source = "I"
target = ["E", "I"]
connect = { rule = "fixed_indegree", indegree = 5 }
weight = 67.0
)";
  const std::string wrong = "67 nS at ex, excitatory", right = "67 nS at in, inhibitory";
  const std::string warning = "populations.E: 2 populations project to it, and all of them excite it";
  for (const bool is_right : {false, true}) {
    const std::string weight = std::string("projections.inhibition.weight=") + (is_right ? "-67.0" : "67.0");
    const auto shows = [&](std::vector<std::string> arguments, bool warns) {
      arguments.insert(arguments.end(), {"--set", weight});
      Command command(scratch, arguments);
      REQUIRE(command.end() == 0);
      CHECK_THAT(command.out(), Catch::Contains(is_right ? right : wrong));
      const std::string all = command.out() + command.err();
      CHECK((all.find(warning) != std::string::npos) == warns);
    };
    shows({"validate", file.string()}, !is_right);
    shows({"inspect", file.string()}, !is_right);
    shows({"run", file.string(), "--out", run.string()}, !is_right);
    const auto weights = report(run)["projections"]["inhibition"]["weights"];
    REQUIRE(weights.size() == 1);
    CHECK(weights[0]["port"] == (is_right ? "in" : "ex"));
    CHECK(weights[0]["unit"] == "nS");
    CHECK(weights[0]["min"] == 67.0);
    CHECK(weights[0]["max"] == 67.0);
    CHECK(weights[0]["sign"] == (is_right ? "inhibitory" : "excitatory"));
    REQUIRE(code_of(scratch, {"report", run.string()}) == 0);
    CHECK_THAT(bytes_of(run / "report.html"), Catch::Contains(is_right ? right : wrong));
    fs::remove_all(run);
  }
}

TEST_CASE("words that a user tries first: help, -V, a misspelt option, a rule for a model", "[words]") {
  const Scratch scratch;
  const auto says = [&](const std::vector<std::string>& words, int code, const std::string& part) {
    Command command(scratch, words);
    const int ended = command.end();
    const std::string text = command.out() + command.err();
    CAPTURE(words, text);
    CHECK(ended == code);
    CHECK(text.find(part) != std::string::npos);
  };
  says({"help"}, 0, "Subcommands:");
  says({"help", "sweep"}, 0, "Usage: rheo sweep");
  says({"help", "sweep", "status"}, 0, "Usage: rheo sweep status");
  says({"help", "swep"}, 2, "did you mean \"sweep\"?");
  says({"-V"}, 0, "rheo 0.");
  says({"run", "a.toml", "--thread", "2"}, 2,
       "--thread: rheo run has no such option; expected one of those that rheo "
       "run --help shows; did you mean \"--threads\"?");
  says({"run", "a.toml", "--lane", "2"}, 2, "--lane: rheo run has no such option");
  says({"sweep", "status", "x.sweep", "--al"}, 2, "--al: rheo sweep status has no such option");
  says({"run", "a.toml", "b.toml"}, 2, "b.toml");
  says({"models", "--rule", "stdp"}, 2, "did you mean \"stdp_pair\"?");
  says({"models", "--rule", "stdp"}, 2, "--plugin FILE");
  says({"models", "stdp_pair"}, 2, "\"stdp_pair\": is a plasticity rule; expected rheo models --rule stdp_pair");
  says({"models", "--rule", "iaf_psc_exp"}, 2, "is a neuron model; expected rheo models iaf_psc_exp");
  says({"validate", experiment(scratch, 10).string(), "--set", "projections.excitation.plasticity={ rule = \"mine\" }"},
       2, "or a rule of a library that --plugin or plugins names");
  // Help in plain words.
  for (const std::string command : {"run", "sweep", "validate", "models", "inspect", "resume", "reservoir", "continual",
                                    "recover", "export", "convert", "report", "bench"}) {
    Command help(scratch, {command, "--help"});
    CHECK(help.end() == 0);
    const std::string text = help.out();
    CAPTURE(text);
    for (const char* inner : {"{", "}", "Needs", "Excludes", "UINT", "TEXT", "REQUIRED"})
      CHECK(text.find(inner) == std::string::npos);
  }
  says({"export", "--help"}, 0, "--format gdf|csv|npz|nwb");
}

TEST_CASE("a disk that is full and a reader that goes away are told apart", "[words]") {
  const Scratch scratch;
  const auto shell = [&](const std::string& text) {
    return std::system(("bash -c '" + text + "' 2>" + (scratch / "said").string()).c_str());
  };
  const std::string rheo = RHEO_COMMAND;
  const auto said = [&] { return bytes_of(scratch / "said"); };
  for (const std::string words : {"models", "--help", "help run", "--version"}) {
    CAPTURE(words);
    CHECK(shell(rheo + " " + words + " >/dev/full") == 2 << 8);
    CHECK(said().find("standard output: cannot be written (No space left on device)") != std::string::npos);
  }
  CHECK(shell("set -o pipefail; " + rheo + " models | true") == 0);
  CHECK(said().empty());
  // An export that is longer than a pipe ends as other programs do, without a word.
  const fs::path out = scratch / "out";
  REQUIRE(code_of(scratch, {"run", experiment(scratch, 1000).string(), "--quiet", "--out", out.string()}) == 0);
  CHECK(shell(rheo + " export --format csv --out - " + out.string() + " | head -n 2 >" + (scratch / "head").string() +
              "; exit ${PIPESTATUS[0]}") == (128 + SIGPIPE) << 8);
  CHECK(said().empty());
  CHECK(bytes_of(scratch / "head").size() > 10);
  CHECK(shell(rheo + " export --format csv --out - " + out.string() + " >/dev/full") == 2 << 8);
}

}  // namespace test_command
