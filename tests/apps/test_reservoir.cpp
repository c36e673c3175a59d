// rheo reservoir: reduced forms of the experiments of docs/reservoir.md, and what it says of wrong files.
#include <catch2/catch.hpp>
#include <map>

#include "tests/apps/command.hpp"
#include "tests/sanitized.hpp"

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
  const auto scores = scores_of(scratch, examples + "sines.toml", {train});
  if (sanitized) return;
  CHECK(scores["nrmse.training"] < 0.2);
  CHECK(scores["nrmse"] < 0.8);  // without feedback an output that drifts off or dies has at least 1
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
             Contains("task.state.population = \"M\": no such population"));
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
