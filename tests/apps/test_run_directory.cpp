// The directory of a run as a user meets it: whose it is while a run is at work, and what a later run may replace.
#include <catch2/catch.hpp>
#include <fstream>
#include <set>
#include <string>
#include <vector>

#include "io/files/file_lock.hpp"
#include "io/record/checkpoint.hpp"
#include "io/spikes/reader.hpp"
#include "tests/apps/command.hpp"
#include "tests/apps/killed_runs.hpp"
#include "tests/apps/small_network.hpp"

namespace test_run_directory {

namespace {

// Without locks, of which a killed process leaves some.
std::set<std::string> names_in(const fs::path& directory) {
  std::set<std::string> names;
  for (const auto& entry : fs::directory_iterator(directory))
    if (entry.path().extension() != ".lock") names.insert(entry.path().filename().string());
  return names;
}

// `record`: tables of [record].
fs::path experiment(const Scratch& scratch, double duration, const std::string& record = "[record.spikes]\n") {
  const fs::path file = scratch / "net.toml";
  std::ofstream(file) << "[simulation]\nseed = 3\nduration = " << duration << "\n" << small_network() << record;
  return file;
}

struct Ended {
  int code;
  std::string out, err;
};

Ended command_of(const Scratch& scratch, const std::vector<std::string>& words) {
  Command command(scratch, words);
  const int code = command.end();
  return {code, command.out(), command.err()};
}

void refused(const Ended& ended, const std::vector<std::string>& parts) {
  CAPTURE(ended.err);
  CHECK(ended.code == 2);
  for (const std::string& part : parts) CHECK_THAT(ended.err, Catch::Contains(part));
}

// Ends a run of 1e6 ms by a signal, once it has recorded something.
void interrupt(const Scratch& scratch, const fs::path& file, const fs::path& out, int signal,
               const std::vector<std::string>& more = {}) {
  std::vector<std::string> words{"run", file.string(), "--quiet", "--out", out.string()};
  words.insert(words.end(), more.begin(), more.end());
  Command command(scratch, words);
  REQUIRE(comes_true([&] { return flushed_rows(out / "spikes.h5.part", "/spikes/E/timestamps") > 0; }));
  command.send(signal);
  CHECK(command.end() == (signal == SIGKILL ? -SIGKILL : 75));
}

}  // namespace

TEST_CASE("one run at a time in a directory, whatever it records", "[directory]") {
  const Scratch scratch;
  const fs::path out = scratch / "out";
  const std::string record =
      GENERATE(std::string("[record.spikes]\n"), std::string("[record.w]\nprojection = \"excitation\"\n"));
  const fs::path file = experiment(scratch, 1e6, record);
  Command first(scratch, {"run", file.string(), "--quiet", "--out", out.string(), "--checkpoint-every", "10ms"});
  REQUIRE(comes_true([&] { return fs::exists(out / "checkpoint.h5"); }));
  const Scratch other;  // its output goes elsewhere
  const std::string process = "(process " + std::to_string(first.process()) + ")";
  const std::string dir = out.string();
  for (const auto& words : std::vector<std::vector<std::string>>{{"run", file.string(), "--out", dir, "--seed", "2"},
                                                                 {"run", file.string(), "--out", dir, "--overwrite"},
                                                                 {"resume", dir},
                                                                 {"recover", dir}})
    refused(command_of(other, words), {"another process is at work in this directory", process});
  first.send(SIGTERM);
  CHECK(first.end() == 75);
  CHECK_FALSE(fs::exists(out / "directory.lock"));
  // A lock that a killed process left behind locks nothing.
  {
    Command killed(scratch, {"resume", dir, "--quiet"});
    REQUIRE(comes_true([&] { return fs::exists(out / "directory.lock"); }));
    killed.send(SIGKILL);
    killed.end();
  }
  CHECK(fs::exists(out / "directory.lock"));
  CHECK(code_of(scratch, {"run", experiment(scratch, 20, record).string(), "--out", dir, "--overwrite"}) == 0);
  CHECK_FALSE(fs::exists(out / "directory.lock"));
}

TEST_CASE("a resumable run is not replaced", "[directory]") {
  const Scratch scratch;
  const fs::path file = experiment(scratch, 1e6), out = scratch / "out";
  const int signal = GENERATE(SIGTERM, SIGUSR2, SIGKILL);
  CAPTURE(signal);
  const bool kill = signal == SIGKILL;
  interrupt(scratch, file, out, signal,
            kill ? std::vector<std::string>{"--checkpoint-every", "1ms"} : std::vector<std::string>{});
  if (kill && !fs::exists(out / "checkpoint.h5") && !fs::exists(out / "checkpoint.previous.h5")) {
    WARN("killed before its first checkpoint");
    return;
  }
  const std::set<std::string> before = names_in(out);
  const std::string checkpoint = bytes_of(out / "checkpoint.h5");
  const std::string resume = "\"rheo resume " + out.string() + "\"";
  refused(command_of(scratch, {"run", file.string(), "--out", out.string()}), {resume, "--out", "--overwrite"});
  refused(command_of(scratch, {"run", file.string(), "--out", out.string(), "--seed", "4"}), {resume, "--overwrite"});
  CHECK(names_in(out) == before);
  CHECK(bytes_of(out / "checkpoint.h5") == checkpoint);
  CHECK(code_of(scratch, {"run", experiment(scratch, 50).string(), "--out", out.string(), "--overwrite"}) == 0);
  CHECK(report(out)["status"] == "finished");
  CHECK(names_in(out) == std::set<std::string>{"run.json", "spikes.h5"});
}

TEST_CASE("a finished result of other settings is not replaced, one of the same is", "[directory]") {
  const Scratch scratch;
  const fs::path file = experiment(scratch, 50), out = scratch / "out";
  const auto run = [&](std::vector<std::string> more = {}) {
    more.insert(more.begin(), {"run", file.string(), "--quiet", "--out", out.string()});
    return command_of(scratch, more);
  };
  REQUIRE(run().code == 0);
  const std::string spikes = bytes_of(out / "spikes.h5"), identity = report(out)["identity"];
  CHECK(identity.size() == 16);
  CHECK(run().code == 0);
  CHECK(run({"--threads", "2", "--lanes", "3"}).code == 0);
  // What does not change the result may change: a comment, the title.
  const std::string text = bytes_of(file);
  std::ofstream(file) << "title = \"another\"\n# a comment\n" << text;
  CHECK(run().code == 0);
  CHECK(report(out)["identity"] == identity);
  CHECK((bytes_of(out / "spikes.h5") == spikes));
  std::ofstream(file) << text;

  const std::vector<std::string> says{out.string() + ": holds the result of " + file.string() + " with other settings",
                                      "--out", "--overwrite"};
  refused(run({"--seed", "4"}), says);
  refused(run({"--set", "populations.E.size=121"}), says);
  std::ofstream(file) << text << "[record.w]\nprojection = \"excitation\"\n";
  refused(run(), says);
  CHECK((bytes_of(out / "spikes.h5") == spikes));
  CHECK(run({"--overwrite"}).code == 0);
  CHECK(fs::exists(out / "w.h5"));
  std::ofstream(file) << text;
  CHECK(run({"--overwrite"}).code == 0);
  CHECK_FALSE(fs::exists(out / "w.h5"));
  CHECK((bytes_of(out / "spikes.h5") == spikes));

  // States that were kept on demand stay until somebody says otherwise.
  CHECK(run({"--checkpoint-at", "20"}).code == 0);
  refused(run(), {"checkpoint_20ms.h5", "--checkpoint-at"});
  CHECK(run({"--checkpoint-at", "20"}).code == 0);
  CHECK(run({"--overwrite"}).code == 0);
  CHECK(names_in(out) == std::set<std::string>{"run.json", "spikes.h5"});

  // A pipe cannot be compared: nobody knows whether it says the same again.
  const auto piped = [&] {
    return std::system(("cat " + file.string() + " | " RHEO_COMMAND " run /dev/stdin --quiet --out " +
                        (scratch / "piped").string() + " 2>" + (scratch / "said").string())
                           .c_str());
  };
  CHECK(piped() == 0);
  CHECK(piped() == 2 << 8);
  CHECK_THAT(bytes_of(scratch / "said"), Catch::Contains("--overwrite"));

  // A result of a version that did not say of which settings it was.
  nlohmann::json json = report(out);
  json.erase("identity");
  std::ofstream(out / "run.json") << json;
  refused(run(), says);
}

TEST_CASE("unfinished recordings of a killed run are kept until --overwrite", "[directory]") {
  const Scratch scratch;
  const fs::path file =
      experiment(scratch, 1e6, "[record.spikes]\n[record.membrane]\npopulation = \"E[0:3]\"\nvariables = [\"V_m\"]\n");
  const fs::path out = scratch / "out";
  interrupt(scratch, file, out, SIGKILL);
  refused(command_of(scratch, {"run", file.string(), "--out", out.string()}), {"rheo recover", "--out", "--overwrite"});
  CHECK(fs::exists(out / "spikes.h5.part"));
  CHECK(code_of(scratch, {"run", experiment(scratch, 50).string(), "--out", out.string(), "--overwrite"}) == 0);
  CHECK_FALSE(fs::exists(out / "membrane_V_m.h5.part"));
  CHECK_FALSE(fs::exists(out / "spikes.h5.part"));
}

TEST_CASE("files of somebody else are never replaced, whatever is asked for", "[directory]") {
  const Scratch scratch;
  const fs::path file = experiment(scratch, 20), out = scratch / "out";
  const std::vector<std::string> words{"run", file.string(), "--out", out.string(), "--overwrite"};
  fs::create_directory(out);
  for (const char* name : {"spikes.h5", "run.json", "checkpoint.h5", "checkpoint_7ms.h5"}) {
    CAPTURE(name);
    std::ofstream(out / name) << "notes";
    refused(command_of(scratch, words), {(out / name).string(), "was not written by rheo run"});
    CHECK(bytes_of(out / name) == "notes");
    fs::remove(out / name);
  }
  fs::create_directory(out / "run.json");
  refused(command_of(scratch, words), {"run.json", "was not written by rheo run"});
  fs::remove(out / "run.json");
  for (const char* name : {"sweep.json", "results.json"}) {
    std::ofstream(out / name) << "{}";
    refused(command_of(scratch, words), {name, "another directory"});
    fs::remove(out / name);
  }
  CHECK(command_of(scratch, words).code == 0);
  // Tasks do not mix their files with those of a run.
  const fs::path task = fs::path(RHEO_SOURCE_DIR) / "examples/reservoir/what_when.toml";
  refused(command_of(scratch, {"reservoir", task.string(), "--out", out.string()}), {"holds the results of rheo run"});

  // The input of an experiment is not its output, either.
  const fs::path replay = scratch / "replay.toml";
  std::ofstream(replay) << "[simulation]\nduration = 20.0\n[populations.E]\nmodel = \"spike_source\"\nsize = 120\n"
                           "params = { file = \""
                        << (out / "spikes.h5").string() << "\", population = \"E\" }\n[record.spikes]\n";
  const std::string spikes = bytes_of(out / "spikes.h5");
  refused(command_of(scratch, {"run", replay.string(), "--out", out.string(), "--overwrite"}),
          {"spikes.h5", "is read by this experiment"});
  CHECK((bytes_of(out / "spikes.h5") == spikes));
  CHECK(command_of(scratch, {"run", replay.string(), "--out", (scratch / "other").string()}).code == 0);
}

TEST_CASE("an error before the first tick leaves nothing that is in the way of the next run", "[directory]") {
  const Scratch scratch;
  const fs::path file =
      experiment(scratch, 20, "[record.spikes]\n[record.membrane]\npopulation = \"E\"\nvariables = [\"V_m\"]\n");
  const fs::path out = scratch / "out";
  // The second recorder cannot begin: a folder has the name of its file.
  fs::create_directories(out / "membrane_V_m.h5.part.new");
  CHECK(code_of(scratch, {"run", file.string(), "--out", out.string()}) == 2);
  CHECK(names_in(out) == std::set<std::string>{"membrane_V_m.h5.part.new"});
  fs::remove(out / "membrane_V_m.h5.part.new");
  CHECK(code_of(scratch, {"run", file.string(), "--out", out.string()}) == 0);
}

TEST_CASE("what a run that was killed at its very end left of its checkpoints goes with the next resume",
          "[directory]") {
  const Scratch scratch;
  const fs::path file = experiment(scratch, 20), out = scratch / "out";
  REQUIRE(code_of(scratch, {"run", file.string(), "--quiet", "--out", out.string()}) == 0);
  for (const char* name : {"checkpoint.previous.h5", "checkpoint.h5.tmp"}) std::ofstream(out / name) << "left";
  CHECK(code_of(scratch, {"resume", out.string()}) == 0);
  CHECK(names_in(out) == std::set<std::string>{"run.json", "spikes.h5"});
}

TEST_CASE("a run that goes on to its end removes the draft of a checkpoint that a kill cut short", "[directory]") {
  const Scratch scratch;
  const fs::path out = scratch / "out";
  Command command(scratch, {"run", experiment(scratch, 5000).string(), "--quiet", "--out", out.string(),
                            "--checkpoint-every", "1ms"});
  REQUIRE(comes_true([&] { return command.has_ended() || fs::exists(out / "checkpoint.previous.h5"); }));
  command.send(SIGKILL);
  if (command.end() == 0) return;  // it was faster: nothing is left to resume
  std::ofstream(out / "checkpoint.h5.tmp") << "cut sh";
  CHECK(code_of(scratch, {"resume", out.string(), "--quiet", "--checkpoint-every", "1h"}) == 0);
  CHECK(names_in(out) == std::set<std::string>{"run.json", "spikes.h5"});
}

}  // namespace test_run_directory
