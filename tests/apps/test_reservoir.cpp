// rheo reservoir: reduced forms of the experiments of docs/reservoir.md, and what it says of wrong files.
#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <map>

#include "tests/apps/command.hpp"
#include "tests/sanitized.hpp"

namespace test_reservoir {

namespace {

const std::string examples = std::string(RHEO_SOURCE_DIR) + "/examples/reservoir/";

// Runs a task, and gives the means of its scores.
nlohmann::json scores_of(const Scratch& scratch, const std::string& file, const std::vector<std::string>& settings,
                         const std::string& out = "out") {
  std::vector<std::string> words{"reservoir", file, "--out", (scratch / out).string(), "--quiet"};
  for (const std::string& setting : settings) words.insert(words.end(), {"--set", setting});
  Command command(scratch, words);
  const int code = command.end();
  INFO(command.err());
  REQUIRE(code == 0);
  const nlohmann::json results = nlohmann::json::parse(bytes_of(scratch / out / "results.json"));
  nlohmann::json means;
  for (const auto& [name, score] : results["scores"].items()) means[name] = score["mean"];
  return means;
}

// A reservoir of 60 neurons that follows its input.
const char* const small = R"(
[simulation]
dt = 1.0
seed = 1
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
weight = { normal = [0.0, 20.0] }
delay = { uniform = [1.0, 40.0] }
)";

std::string file_with(const Scratch& scratch, const std::string& task, const std::string& network = small) {
  std::ofstream(scratch / "task.toml") << network << task;
  return (scratch / "task.toml").string();
}

const std::string short_memory = R"(
[task]
kind = "memory_capacity"
seeds = 3
step = 10.0
washout = 20
train = 300
validate = 100
test = 200
delays = 10
readout = { kind = "ridge", lambda = [1e-4, 1e-2, 1.0] }
)";

constexpr double by_chance = 10.0 / 200;  // memory of ten delays where the output has nothing to do with the input

}  // namespace

TEST_CASE("what comes when is learnt, and not without the states that tell the time") {
  const Scratch scratch;
  const std::string file = examples + "what_when.toml";
  const std::string block = sanitized ? "task.block=5" : "task.block=40";
  const auto with = [&](std::vector<std::string> more) {
    more.insert(more.end(), {block, "task.seeds=[11]"});
    return scores_of(scratch, file, more);
  };
  const auto learnt = with({});
  if (sanitized) return;
  // In the whole experiment, of 100 trials, by more than half (docs/reservoir.md).
  CHECK(learnt["error_fall"] > 0.3);
  CHECK(learnt["angle_1"] > 60);
  for (const char* control : {"frozen", "shuffled"})
    CHECK(with({std::string("task.control=") + control, "task.eta_when=2e-4", "task.eta_what=2.5e-5"})["error_fall"] <
          0.1);
  CHECK(with({"projections.excitation.weight=0.0", "projections.inhibition.weight=0.0"})["error_fall"] < 0.1);
  // The same rules beside the network.
  const auto outside = with({"task.outside=true", "task.eta_when=2e-4", "task.eta_what=2.5e-5"});
  CHECK(outside["validation"].get<double>() == Approx(learnt["validation"].get<double>()).margin(0.15));
}

TEST_CASE("a task gives the same bytes for any number of threads, and other ones for other seeds") {
  const Scratch scratch;
  const std::string file = file_with(scratch, short_memory);
  for (const char* threads : {"1", "3"})
    REQUIRE(code_of(scratch, {"reservoir", file, "--quiet", "--threads", threads, "--out", scratch / threads}) == 0);
  for (const char* name : {"results.json", "results.h5", "results.svg"})
    CHECK(bytes_of(scratch / "1" / name) == bytes_of(scratch / "3" / name));
  const auto results = nlohmann::json::parse(bytes_of(scratch / "1" / "results.json"));
  const auto& values = results["scores"]["memory_capacity"]["values"];
  REQUIRE(values.size() == 3);
  CHECK(values[0] != values[1]);
  CHECK(values[0] > 4 * by_chance);
  CHECK(values[0] < 10);
}

TEST_CASE("a task that was killed goes on with the trials that are missing") {
  const Scratch scratch;
  const std::string file = file_with(scratch, short_memory);
  const auto words = [&](const char* out, const char* seeds) {
    return std::vector<std::string>{"reservoir", file,  "--quiet", "--threads",  "1",
                                    "--set",     seeds, "--out",   scratch / out};
  };
  const auto trials = [&](const char* out) {
    std::map<std::string, fs::file_time_type> found;
    std::error_code none;
    for (const auto& entry : fs::directory_iterator(scratch / out / "trials", none))
      if (entry.path().extension() == ".json") found[entry.path().filename()] = entry.last_write_time();
    return found;
  };
  REQUIRE(code_of(scratch, words("calm", "task.seeds=12")) == 0);
  {
    Command command(scratch, words("killed", "task.seeds=12"));
    REQUIRE(comes_true([&] { return trials("killed").size() >= 2; }));
    command.send(SIGKILL);
    command.end();
  }
  const auto before = trials("killed");
  CHECK_FALSE(fs::exists(scratch / "killed" / "results.json"));
  // One of them is damaged: it is computed again.
  std::ofstream(scratch / "killed" / "trials" / before.begin()->first) << "{";
  REQUIRE(code_of(scratch, words("killed", "task.seeds=12")) == 0);
  for (const char* name : {"results.json", "results.h5", "results.svg"})
    CHECK(bytes_of(scratch / "killed" / name) == bytes_of(scratch / "calm" / name));
  const auto after = trials("killed");
  CHECK(after.size() == 12);
  std::size_t same = 0;
  for (const auto& [name, time] : before) same += after.at(name) == time;
  CHECK(same == before.size() - 1);

  // Fewer seeds are there already; another setting is another trial.
  REQUIRE(code_of(scratch, words("killed", "task.seeds=3")) == 0);
  CHECK(trials("killed") == after);
  REQUIRE(code_of(scratch, words("killed", "task.delays=9")) == 0);
  CHECK(trials("killed").size() == 15);
}

TEST_CASE("lanes do not change what a task gives") {
  const Scratch scratch;
  const std::string file = file_with(scratch, short_memory);
  const auto one = scores_of(scratch, file, {"task.seeds=[1]", "simulation.lanes=1"});
  CHECK(one == scores_of(scratch, file, {"task.seeds=[1]", "simulation.lanes=3"}));
}

TEST_CASE("a search takes the point with the smallest error") {
  const Scratch scratch;
  const std::string file = file_with(scratch, short_memory +
                                                  "[task.search]\nseeds = [1, 2]\n[task.search.axes]\n"
                                                  "\"inputs.drive.amplitude\" = [0.0, { normal = [0.0, 100.0] }]\n");
  REQUIRE(code_of(scratch, {"reservoir", file, "--quiet", "--out", scratch / "out"}) == 0);
  const auto results = nlohmann::json::parse(bytes_of(scratch / "out" / "results.json"));
  REQUIRE(results["search"].size() == 2);
  CHECK(results["search"][0]["chosen"] == false);
  CHECK(results["search"][1]["chosen"] == true);
  CHECK(results["search"][0]["mean"] > results["search"][1]["mean"]);
  CHECK(results["scores"]["memory_capacity"]["mean"] > 4 * by_chance);
}

TEST_CASE("every state and readout tells the input") {
  const Scratch scratch;
  const auto capacity = [&](const std::vector<std::string>& settings, const std::string& network = small) {
    std::vector<std::string> all = settings;
    all.insert(all.end(), {"task.seeds=[2]"});
    return scores_of(scratch, file_with(scratch, short_memory, network), all)["memory_capacity"].get<double>();
  };
  CHECK(capacity({}) > 4 * by_chance);
  CHECK(capacity({"task.state={kind=\"potential\",samples=2}"}) > 4 * by_chance);
  CHECK(capacity({"task.readout={kind=\"rls\",alpha=0.1}"}) > 4 * by_chance);
  CHECK(capacity({"task.readout={kind=\"lms\",eta=0.05,every=2}"}) > 4 * by_chance);
}

TEST_CASE("rate reservoirs, their adaptation, and echo-state networks in the same task") {
  const Scratch scratch;
  const std::string rate = "[task.reservoir]\nkind = \"rate\"\nsize = 200\nindegree = 20\n";
  const std::string file = file_with(scratch, short_memory + rate, "");
  const auto of = [&](const std::vector<std::string>& settings) {
    std::vector<std::string> all = settings;
    all.insert(all.end(), {"task.delays=20", "task.washout=100", "task.train=400"});
    return scores_of(scratch, file, all)["memory_capacity"].get<double>();
  };
  const double adapted = of({"task.reservoir.targets=uniform", "task.reservoir.target=0.5"});
  const double too_much_excitation = of({"task.reservoir.beta=0.8"});
  CHECK(adapted > too_much_excitation);
  CHECK(scores_of(scratch, file, {"task.reservoir={kind=\"echo_state\",size=100,indegree=10}"})["memory_capacity"] > 5);
}

TEST_CASE("spike patterns are told apart") {
  const Scratch scratch;
  std::string network = small;
  network.replace(network.find("kind = \"task\""), 13, "kind = \"task\"\nwidth = 10");
  const std::size_t drive = network.find("[inputs.drive]");
  network.replace(drive, network.find("[projections") - drive,
                  "[inputs.a]\nkind = \"spikes\"\ntarget = \"N[0:10]\"\nsignal = \"input\"\nweight = 2000.0\n"
                  "[inputs.b]\nkind = \"spikes\"\ntarget = \"N[10:20]\"\nsignal = \"input\"\nweight = 1000.0\n");
  const auto scores =
      scores_of(scratch,
                file_with(scratch,
                          "[task]\nkind = \"patterns\"\nclasses = 4\nchannels = 10\nsamples = 20\nlength = 50.0\n"
                          "rate = 60.0\njitter = 1.0\ndeletion = 0.05\nnoise_rate = 1.0\npause = 30.0\n",
                          network),
                {});
  CHECK(scores["accuracy"] > 0.7);
  CHECK(scores["accuracy.chance"] == 0.25);
}

TEST_CASE("a pattern of sines is kept up after FORCE") {
  const Scratch scratch;
  const std::string train = sanitized ? "task.train=500" : "task.train=5000";
  // How long one network keeps it up hangs on the last bits of its sums: the mean of some says whether they do.
  const auto scores = scores_of(scratch, examples + "sines.toml", {train, "task.seeds=7"});
  if (sanitized) return;
  CHECK(scores["nrmse.training"] < 0.2);
  CHECK(scores["nrmse"] < 0.8);  // without feedback an output that drifts off or dies has at least 1
}

namespace {

// B replays what A heard one sample and one pause before, and hears nothing else.
const char* const one_late = R"(
[simulation]
dt = 1.0
[populations.A]
model = "iaf_psc_exp"
size = 20
params = { tau_m = 10.0, C_m = 10.0, E_L = 0.0, V_reset = 0.0, V_th = 1.0, t_ref = 1.0, tau_syn_ex = 2.0, tau_syn_in = 2.0 }
[populations.B]
like = "A"
size = 20
[signals.input]
kind = "task"
width = 20
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
delay = 60.0
[task]
kind = "patterns"
seeds = 8
classes = 4
channels = 20
samples = 24
length = 30.0
rate = 40.0
jitter = 1.0
pause = 30.0
)";

// Rows of time, a sine and a column that follows `valve`.
std::string csv_of(std::size_t rows, double (*valve)(std::size_t)) {
  std::string text = "time,x,valve\n";
  for (std::size_t t = 0; t < rows; ++t)
    text += std::to_string(0.25 * static_cast<double>(t)) + ',' +
            std::to_string(std::sin(0.2 * static_cast<double>(t))) + ',' + std::to_string(valve(t)) + '\n';
  return text;
}

const std::string of_series = R"(
[task]
kind = "series"
file = "series.csv"
time = "time"
seeds = 2
washout = 20
train = 200
validate = 60
test = 350
horizon = 3
delays = 4
baselines = ["delays"]
reservoir = { kind = "echo_state", size = 20, indegree = 4, input_scale = 0.3 }
)";

}  // namespace

TEST_CASE("classes come in an order that says nothing of the next one") {
  const Scratch scratch;
  const std::string file = file_with(scratch, one_late, "");
  const auto of = [&](const std::string& population, const std::string& delay) {
    return scores_of(scratch, file,
                     {"task.state={tau=30.0,population=\"" + population + "\"}", "projections.later.delay=" + delay});
  };
  CHECK(of("A", "60.0")["accuracy"] > 0.9);  // the readout and the samples are good enough
  // 192 test samples: chance is 0.25 with a standard deviation of 0.03. One sample back, and four of them, which would
  // be the class itself where classes come in turn.
  for (const char* delay : {"60.0", "240.0"}) {
    const double accuracy = of("B", delay)["accuracy"];
    CHECK(accuracy > 0.13);
    CHECK(accuracy < 0.37);
  }
  const auto results = nlohmann::json::parse(bytes_of(scratch / "out" / "results.json"));
  const auto h5 = rheo::h5::File::open((scratch / "out" / "results.h5").string());
  const std::map<std::string, std::size_t> of_each{{"training", 12}, {"validation", 6}, {"test", 6}};
  for (const auto& [part, each] : of_each) {
    const std::vector<std::vector<std::uint32_t>> orders = results["order"][part];
    REQUIRE(orders.size() == 8);
    for (const auto& order : orders) {
      REQUIRE(order.size() == 4 * each);
      for (std::uint32_t c = 0; c < 4; ++c)
        CHECK(static_cast<std::size_t>(std::count(order.begin(), order.end(), c)) == each);
    }
    CHECK(orders[0] != orders[1]);
    const auto kept = h5.dataset("/order/" + part).read<std::uint32_t>();
    CHECK(std::equal(orders[0].begin(), orders[0].end(), kept.begin()));
  }
}

TEST_CASE("a column of times is neither input nor target, and constant columns are not scored") {
  const Scratch scratch;
  const std::string file = file_with(scratch, of_series, "");
  const auto results_with = [&](double (*valve)(std::size_t), const std::vector<std::string>& settings = {}) {
    std::ofstream(scratch / "series.csv") << csv_of(700, valve);
    scores_of(scratch, file, settings);
    return nlohmann::json::parse(bytes_of(scratch / "out" / "results.json"));
  };
  const auto moves = [](std::size_t t) { return std::cos(0.37 * static_cast<double>(t)); };
  const auto never = [](std::size_t) { return 1.0; };
  const auto in_training = [](std::size_t t) { return t < 223 ? std::cos(0.37 * static_cast<double>(t)) : 1.0; };
  const auto in_test = [](std::size_t t) { return t > 300 ? std::cos(0.37 * static_cast<double>(t)) : 1.0; };

  const auto both = results_with(moves);
  const double x = both["outputs"]["x"]["nrmse"]["mean"], valve = both["outputs"]["valve"]["nrmse"]["mean"];
  CHECK(both["scores"]["nrmse"]["mean"].get<double>() == Approx((x + valve) / 2));
  CHECK_FALSE(both.contains("remarks"));
  CHECK_FALSE(both["outputs"].contains("time"));
  // All points of the test part are there.
  const auto h5 = rheo::h5::File::open((scratch / "out" / "results.h5").string());
  CHECK(h5.dataset("/curves/test/output/y").shape() == std::vector<std::uint64_t>{2, 350});
  CHECK(h5.dataset("/outputs/nrmse").read<double>().front() ==
        both["outputs"]["x"]["nrmse"]["values"][0].get<double>());

  for (const auto& [column, part] : std::vector<std::pair<double (*)(std::size_t), std::string>>{
           {never, "training, in that for validation, in that for test"},
           {in_training, "validation, in that for test"},
           {in_test, "training"}}) {
    CAPTURE(part);
    const auto one = results_with(column);
    CHECK(one["scores"]["nrmse"]["mean"] == one["outputs"]["x"]["nrmse"]["mean"]);
    CHECK(one["scores"]["nrmse.delays"]["mean"] == one["outputs"]["x"]["nrmse.delays"]["mean"]);
    CHECK(one["outputs"]["valve"]["nrmse"]["mean"].is_null());
    REQUIRE(one["remarks"].size() == 1);
    CHECK_THAT(one["remarks"][0].get<std::string>(),
               Catch::StartsWith("valve is constant in the part for " + part) && Catch::Contains("not scored"));
  }
  // Without the key the times are worth a remark, here and in validate.
  std::string without = of_series;
  without.replace(without.find("time = \"time\"\n"), 14, "");
  const std::string other = file_with(scratch, without, "");
  scores_of(scratch, other, {});
  const auto remarked = nlohmann::json::parse(bytes_of(scratch / "out" / "results.json"));
  CHECK_THAT(remarked["remarks"][0].get<std::string>(), Catch::Contains("time rises in equal steps"));
  Command validate(scratch, {"validate", other});
  CHECK(validate.end() == 0);
  CHECK_THAT(validate.out(), Catch::Contains("remark: ") && Catch::Contains("time rises in equal steps"));
}

TEST_CASE("memory capacity stays below the number of neurons, however short the test is") {
  const Scratch scratch;
  const std::string file =
      file_with(scratch,
                "[task]\nkind = \"memory_capacity\"\ndelays = 200\nwashout = 300\ntrain = 1000\nvalidate = 200\n"
                "seeds = 5\n[task.reservoir]\nkind = \"echo_state\"\nsize = 5\nspectral_radius = 0.5\n"
                "input_scale = 0.01\nindegree = 3\n",
                "");
  const auto short_test = scores_of(scratch, file, {"task.test=50"});
  CHECK(short_test["memory_capacity.raw"] > 6);
  CHECK(short_test["memory_capacity.chance"].get<double>() == Approx(200.0 / 49).epsilon(0.05));
  CHECK(short_test["memory_capacity"] < 5);
  const auto results = nlohmann::json::parse(bytes_of(scratch / "out" / "results.json"));
  CHECK_THAT(results["remarks"][0].get<std::string>(), Catch::Contains("chance makes"));
  CHECK_THAT(results["definitions"]["memory_capacity"].get<std::string>(), Catch::Contains("Dambre"));
  const auto long_test = scores_of(scratch, file, {"task.test=5000"});
  CHECK(long_test["memory_capacity"].get<double>() == Approx(4.0).margin(0.05));
  CHECK(short_test["memory_capacity"].get<double>() == Approx(4.0).margin(1.0));
  CHECK_FALSE(nlohmann::json::parse(bytes_of(scratch / "out" / "results.json")).contains("remarks"));
}

TEST_CASE("validate refuses what a task would reject before it starts") {
  using Catch::Matchers::Contains;
  const Scratch scratch;
  std::ofstream(scratch / "series.csv") << csv_of(
      700, [](std::size_t t) { return std::sin(0.37 * static_cast<double>(t)); });
  const auto complaint = [&](const std::string& task, const std::vector<std::string>& settings,
                             const std::string& network = "") {
    const std::string file = file_with(scratch, task, network);
    std::vector<std::string> with;
    for (const std::string& setting : settings) with.insert(with.end(), {"--set", setting});
    std::string said;
    for (const char* verb : {"validate", "reservoir"}) {
      std::vector<std::string> words{verb, file};
      words.insert(words.end(), with.begin(), with.end());
      if (verb == std::string("reservoir")) words.insert(words.end(), {"--quiet", "--out", scratch / "refused"});
      Command command(scratch, words);
      CHECK(command.end() == 2);
      if (said.empty()) said = command.err();
      CHECK(command.err() == said);
    }
    CHECK_FALSE(fs::exists(scratch / "refused"));
    return said;
  };
  CHECK_THAT(complaint(of_series, {"task.train=2000"}), Contains("700 steps: are fewer than the task needs"));
  CHECK_THAT(complaint(of_series, {"task.time=\"tine\""}), Contains("did you mean \"time\""));
  CHECK_THAT(complaint(of_series, {"task.seeds=[3, 1, 3]"}), Contains("task.seeds = [3, 1, 3]: has 3 twice"));
  CHECK_THAT(complaint(of_series, {"task.seeds=[9007199254740993]"}), Contains("2^53 - 1"));
  CHECK_THAT(complaint(of_series, {"task.baselines=[\"delays\", \"delays\"]"}), Contains("has delays twice"));
  CHECK_THAT(complaint(of_series, {"task.search={seeds=[2, 2], axes={ \"task.delays\" = [4] }}"}),
             Contains("has 2 twice"));
  CHECK_THAT(complaint(of_series, {"task.search={seeds=[2], axes={ \"task.delays\" = [4, 5, 4] }}"}),
             Contains("has 4 twice"));
  CHECK_THAT(complaint(of_series, {"task.search={seeds=[2], axes={ \"task.readout\" = [{ kind = \"rls\" }, { kind = "
                                   "\"rls\", alpha = 2.0 }], \"task.readout.alpha\" = [3.0] }}"}),
             Contains("task.search.axes: points ") && Contains("are the same task"));
  CHECK_THAT(complaint(of_series, {"task.reservoir.leak=3"}), Contains("leak = 3"));
  CHECK_THAT(complaint("[task]\nkind = \"sines\"\nfrequencies = [4.0]\nbaselines = [\"delays\"]\n", {}, small),
             Contains("task.baselines") && Contains("needs an input"));
  CHECK_THAT(complaint("[task]\nkind = \"patterns\"\nchannels = 10\n", {}, small),
             Contains("signals.input.width = 1") && Contains("expected 10, for the 10 channels of task.channels"));
  const std::string own = of_series.substr(0, of_series.find("reservoir ="));
  CHECK_THAT(complaint(own, {}, small), Contains("signals.input.width = 1") && Contains("series.csv (x, valve)"));
  std::ofstream(scratch / "series.csv") << "1\n2\nnan\n";
  CHECK_THAT(complaint(own, {}, small), Contains("series.csv:3") && Contains("finite"));
  const std::string cue = examples + "what_when.toml";
  for (const auto& [setting, says] : std::vector<std::pair<std::string, std::string>>{
           {"task.cue_length=0.1", "task.cue_length = 0.1"},
           {"task.cue_length=700.0", "task.cue_length = 700"},
           {"task.latency=[150.0, 800.0]", "task.latency = 800"},
           {"task.control=\"frozen\"", "task.frozen_at = 900"},
           {"task.population=\"X\"", "task.population = \"X\""},
           {"signals.feedback.width=3", "signals.feedback: is no signal that this task can set"}}) {
    Command command(scratch, {"validate", cue, "--set", "task.frozen_at=900.0", "--set", setting});
    CHECK(command.end() == 2);
    CHECK_THAT(command.err(), Contains(says));
  }
}

TEST_CASE("a readout that diverges is told with the step, not taken for a constant target") {
  const Scratch scratch;
  std::ofstream(scratch / "series.csv") << csv_of(
      700, [](std::size_t t) { return std::sin(0.37 * static_cast<double>(t)); });
  const std::string file = file_with(scratch, of_series, "");
  Command command(scratch, {"reservoir", file, "--quiet", "--out", scratch / "out", "--set",
                            "task.readout={kind=\"lms\",eta=100.0}", "--set", "task.seeds=[7]"});
  CHECK(command.end() == 2);
  CHECK_THAT(command.err(), Catch::Contains("task.readout: seed 7: diverges: its output is ") &&
                                Catch::Contains(" of the part for training") && Catch::Contains("eta, below 2"));
  // Nor is it in the task of what comes when, where nothing feeds the output back into the network.
  const std::string cue =
      file_with(scratch,
                "[simulation]\ndt = 1.0\n[populations.N]\nmodel = \"iaf_psc_exp\"\nsize = 20\n"
                "params = { I_e = { uniform = [300.0, 600.0] } }\n[signals.cue]\nkind = \"task\"\n[inputs.cue]\n"
                "kind = \"current\"\ntarget = \"N\"\nsignal = \"cue\"\namplitude = 300.0\n[task]\n"
                "kind = \"what_when\"\noutside = true\neta_when = 1e6\nblock = 2\n",
                "");
  Command when(scratch, {"reservoir", cue, "--quiet", "--out", scratch / "when"});
  CHECK(when.end() == 2);
  CHECK_THAT(when.err(), Catch::Contains("task.readout: seed 1: diverges: its output is not finite"));
}

TEST_CASE("mistakes in a task are told with file, key and value") {
  using Catch::Matchers::Contains;
  const Scratch scratch;
  const auto complaint = [&](const std::string& task, const std::string& network = small) {
    Command command(scratch, {"reservoir", file_with(scratch, task, network), "--quiet", "--out", scratch / "out"});
    CHECK(command.end() == 2);
    return command.err();
  };
  CHECK_THAT(complaint(""), Contains("task.toml: task: is missing"));
  CHECK_THAT(complaint("[task]\nkind = \"narma\"\n"),
             Contains("task.toml:23: task.kind = \"narma\"") && Contains("narma10"));
  CHECK_THAT(complaint("[task]\nkind = \"narma10\"\ntrian = 5\n"),
             Contains("task.trian: unknown key") && Contains("did you mean \"train\""));
  CHECK_THAT(complaint("[task]\nkind = \"narma10\"\nsignal = \"u\"\n"),
             Contains("task.signal = \"u\": no such signal of kind task") && Contains("one of input"));
  CHECK_THAT(complaint("[task]\nkind = \"narma10\"\nstep = 0.5\n"),
             Contains("task.step = 0.5") && Contains("a multiple of 1"));
  CHECK_THAT(complaint("[task]\nkind = \"narma10\"\nencoding = { kind = \"population\", channels = 7 }\n"),
             Contains("signals.input.width = 1") && Contains("expected 7"));
  CHECK_THAT(complaint("[task]\nkind = \"narma10\"\n[task.state]\npopulation = \"M\"\n"),
             Contains("task.state.population = \"M\": unknown population"));
  CHECK_THAT(complaint("[task]\nkind = \"mackey_glass\"\nfree = 10\nhorizon = 6\n"), Contains("task.free = 10"));
  CHECK_THAT(complaint("[task]\nkind = \"series\"\nfile = \"none.csv\"\n"), Contains("none.csv"));
  CHECK_THAT(complaint("[task]\nkind = \"what_when\"\n"), Contains("projections.when: is missing"));
  CHECK_THAT(complaint("[task]\nkind = \"narma10\"\n[task.reservoir]\nkind = \"rate\"\nindegree = 0\n"),
             Contains("in_degree = 0"));
  CHECK_THAT(complaint("[task]\nkind = \"narma10\"\ntrain = 100000000\n"),
             Contains("task.train = 100000000") && Contains("GB of memory"));
  Command nowhere(scratch, {"reservoir", file_with(scratch, short_memory), "--out", scratch / "task.toml" / "out"});
  CHECK(nowhere.end() == 2);
  CHECK_THAT(nowhere.err(), Contains("task.toml/out"));
  Command run(scratch, {"run", file_with(scratch, short_memory), "--out", scratch / "out"});
  CHECK(run.end() == 2);
  CHECK_THAT(run.err(), Contains("rheo reservoir"));
}

}  // namespace test_reservoir
