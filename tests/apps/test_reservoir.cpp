// rheo reservoir: what comes when, in reduced forms of the experiments of docs/reservoir.md, and what it says of wrong
// files.
#include <catch2/catch.hpp>
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
  for (const char* threads : {"1", "3"})
    REQUIRE(code_of(scratch, {"reservoir", examples + "what_when.toml", "--quiet", "--threads", threads, "--out",
                              scratch / threads, "--set", "task.block=2", "--set", "task.seeds=3"}) == 0);
  for (const char* name : {"results.json", "results.h5", "results.svg"})
    CHECK(bytes_of(scratch / "1" / name) == bytes_of(scratch / "3" / name));
  const auto results = nlohmann::json::parse(bytes_of(scratch / "1" / "results.json"));
  const auto& values = results["scores"]["validation"]["values"];
  REQUIRE(values.size() == 3);
  CHECK(values[0] != values[1]);
}

TEST_CASE("a task that was killed goes on with the trials that are missing") {
  const Scratch scratch;
  const auto words = [&](const char* out, const char* seeds, const char* block = "task.block=2") {
    return std::vector<std::string>{
        "reservoir",  examples + "what_when.toml", "--quiet", "--threads", "1", "--set", seeds, "--set", block, "--out",
        scratch / out};
  };
  const auto trials = [&](const char* out) {
    std::map<std::string, fs::file_time_type> found;
    std::error_code none;
    for (const auto& entry : fs::directory_iterator(scratch / out / "trials", none))
      if (entry.path().extension() == ".json") found[entry.path().filename()] = entry.last_write_time();
    return found;
  };
  REQUIRE(code_of(scratch, words("calm", "task.seeds=8")) == 0);
  {
    Command command(scratch, words("killed", "task.seeds=8"));
    REQUIRE(comes_true([&] { return trials("killed").size() >= 2; }));
    command.send(SIGKILL);
    command.end();
  }
  const auto before = trials("killed");
  CHECK_FALSE(fs::exists(scratch / "killed" / "results.json"));
  // One of them is damaged: it is computed again.
  std::ofstream(scratch / "killed" / "trials" / before.begin()->first) << "{";
  REQUIRE(code_of(scratch, words("killed", "task.seeds=8")) == 0);
  for (const char* name : {"results.json", "results.h5", "results.svg"})
    CHECK(bytes_of(scratch / "killed" / name) == bytes_of(scratch / "calm" / name));
  const auto after = trials("killed");
  CHECK(after.size() == 8);
  std::size_t same = 0;
  for (const auto& [name, time] : before) same += after.at(name) == time;
  CHECK(same == before.size() - 1);

  // Fewer seeds are there already; another setting is another trial.
  REQUIRE(code_of(scratch, words("killed", "task.seeds=3")) == 0);
  CHECK(trials("killed") == after);
  REQUIRE(code_of(scratch, words("killed", "task.seeds=3", "task.block=1")) == 0);
  CHECK(trials("killed").size() == 11);
}

TEST_CASE("lanes do not change what a task gives") {
  const Scratch scratch;
  const auto with = [&](const std::string& lanes) {
    return scores_of(scratch, examples + "what_when.toml", {"task.seeds=[1]", "task.block=2", lanes});
  };
  CHECK(with("simulation.lanes=1") == with("simulation.lanes=3"));
}

TEST_CASE("what is wrong with a task is told with file, key and value, by validate in the same words") {
  using Catch::Matchers::Contains;
  const Scratch scratch;
  const std::string cue = examples + "what_when.toml";
  for (const auto& [setting, says] : std::vector<std::pair<std::string, std::string>>{
           {"task.cue_length=0.1", "task.cue_length = 0.1"},
           {"task.cue_length=700.0", "task.cue_length = 700"},
           {"task.latency=[150.0, 800.0]", "task.latency = 800"},
           {"task.control=\"frozen\"", "task.frozen_at = 900"},
           {"task.population=\"X\"", "task.population = \"X\""},
           {"task.seeds=[3, 1, 3]", "task.seeds = [3, 1, 3]: has 3 twice"},
           {"task.seeds=[9007199254740993]", "2^53 - 1"},
           {"task.trian=5", "task.trian: unknown key"},
           {"task.when=\"gone\"", "projections.gone: is missing"},
           {"task.kind=\"narma10\"",
            "task.kind = \"narma10\": unknown task; expected what_when; series and patterns are "
            "[data] and [trials] of rheo run"},
           {"signals.feedback.width=3", "signals.feedback: is no signal that this task can set"}}) {
    CAPTURE(setting);
    std::string said;
    for (const char* verb : {"validate", "reservoir"}) {
      std::vector<std::string> words{verb, cue, "--set", "task.frozen_at=900.0", "--set", setting};
      if (verb == std::string("reservoir")) words.insert(words.end(), {"--quiet", "--out", scratch / "refused"});
      Command command(scratch, words);
      CHECK(command.end() == 2);
      if (said.empty()) said = command.err();
      CHECK(command.err() == said);
      CHECK_THAT(said, Contains(says));
    }
    CHECK_FALSE(fs::exists(scratch / "refused"));
  }
  const std::string narma = examples + "narma10.toml";
  Command none(scratch, {"reservoir", narma, "--out", scratch / "out"});
  CHECK(none.end() == 2);
  CHECK_THAT(none.err(), Contains("narma10.toml: task: is missing") && Contains("rheo run"));
  Command run(scratch, {"run", cue, "--out", scratch / "out"});
  CHECK(run.end() == 2);
  CHECK_THAT(run.err(), Contains("rheo reservoir"));
}

TEST_CASE("a readout that diverges is told") {
  const Scratch scratch;
  const fs::path cue = scratch / "cue.toml";
  std::ofstream(cue)
      << "[simulation]\ndt = 1.0\n[populations.N]\nmodel = \"iaf_psc_exp\"\nsize = 20\n"
         "params = { I_e = { uniform = [300.0, 600.0] } }\n[signals.cue]\nkind = \"task\"\n[inputs.cue]\n"
         "kind = \"current\"\ntarget = \"N\"\nsignal = \"cue\"\namplitude = 300.0\n[task]\n"
         "kind = \"what_when\"\noutside = true\neta_when = 1e6\nblock = 2\n";
  Command when(scratch, {"reservoir", cue.string(), "--quiet", "--out", scratch / "when"});
  CHECK(when.end() == 2);
  CHECK_THAT(when.err(), Catch::Contains("task.readout: seed 1: diverges: its output is not finite"));
}

}  // namespace test_reservoir
