// Checkpoints as a user meets them: kill -9, signals, damage, full disks, and another experiment that begins with one.
#include <fmt/format.h>

#include <catch2/catch.hpp>
#include <cmath>
#include <fstream>
#include <string>
#include <vector>

#include "io/h5/h5.hpp"
#include "io/record/checkpoint.hpp"
#include "io/spikes/reader.hpp"
#include "tests/apps/killed_runs.hpp"
#include "tests/sanitized.hpp"

namespace test_checkpoint {

namespace {

// A run of `file` that was killed when it had at least two checkpoints.
void run_and_kill(const Scratch& scratch, const fs::path& file, const fs::path& out) {
  Command command(scratch, {"run", file.string(), "--quiet", "--out", out.string(), "--checkpoint-every", "10ms"});
  REQUIRE(comes_true([&] { return fs::exists(out / "checkpoint.previous.h5"); }));
  command.send(SIGKILL);
  REQUIRE(command.end() == -SIGKILL);
}

void damage(const fs::path& file, std::uintmax_t keep) {
  fs::resize_file(file, keep);
}

void change_byte(const fs::path& file, std::streamoff at) {
  std::fstream stream(file, std::ios::in | std::ios::out | std::ios::binary);
  stream.seekg(at);
  const int byte = stream.get();
  stream.seekp(at);
  stream.put(static_cast<char>(byte ^ 0x10));
}

bool same_files(const fs::path& a, const fs::path& b) {
  for (const std::string& name : all_recorded)
    if (bytes_of(a / name) != bytes_of(b / name) || bytes_of(a / name).size() < 1000) return false;
  return true;
}

}  // namespace

TEST_CASE("runs killed between checkpoints, in them and while files are sealed end with the same bytes") {
  const Scratch scratch;
  const fs::path file = experiment_with_everything(scratch, sanitized ? 300 : 2000);
  const Kills wanted = sanitized ? Kills{2, 1, 1} : Kills{14, 4, 2};
  const Kills kills = kill_runs(scratch, file, wanted);
  WARN(kills.between << " kills between checkpoints, " << kills.in_checkpoint << " while one was written, "
                     << kills.in_sealing << " while files were sealed; " << kills.completed << " runs completed");
  CHECK(kills.all() >= wanted.all());
  CHECK(kills.completed >= 1);
  CHECK(kills.different == 0);
  CHECK(kills.littered == 0);
}

TEST_CASE("a run that a signal stops goes on from there, on other threads and instruction sets, to the same bytes") {
  const int signal = GENERATE(SIGTERM, SIGUSR1, SIGINT);
  const Scratch scratch;
  const fs::path file = experiment_with_everything(scratch, sanitized ? 1000 : 3000);
  const fs::path whole = scratch / "whole", out = scratch / "out";
  REQUIRE(code_of(scratch, {"run", file.string(), "--quiet", "--out", whole.string()}) == 0);
  {
    Command command(scratch, {"run", file.string(), "--out", out.string(), "--threads", "1"});
    REQUIRE(comes_true([&] { return command.has_ended() || flushed_rows(out / "weights.h5.part", "/rows") > 0; }));
    command.send(signal);
    const int code = command.end();
    if (code == 0) return;  // it was at its end: nothing to go on with
    CHECK(code == 75);
    CHECK(command.out().find("rheo resume " + out.string()) != std::string::npos);
  }
  CHECK(report(out)["status"] == "interrupted");
  CHECK(rheo::read_spikes((out / "spikes.h5").string(), "E").times.size() > 100);
  ::setenv("RHEO_ISA", "base", 1);
  const int code = code_of(scratch, {"resume", out.string(), "--quiet", "--threads", "4"});
  ::unsetenv("RHEO_ISA");
  CHECK(code == 0);
  CHECK(same_files(whole, out));
  CHECK(report(out)["status"] == "finished");
  CHECK(report(out)["resumed"] == 1);
  CHECK(report(out)["populations"] == report(whole)["populations"]);
  CHECK_FALSE(fs::exists(out / "checkpoint.h5"));
  Command again(scratch, {"resume", out.string()});
  CHECK(again.end() == 0);
  CHECK(again.out().find("nothing to resume") != std::string::npos);
}

TEST_CASE("runs that change on their way and are killed end with the same bytes, where a condition ends them") {
  const Scratch scratch;
  const double all = sanitized ? 400 : 2000;  // of the second phase
  const fs::path file = experiment_with_everything(scratch, all,
                                                   fmt::format(R"([[changes]]
at = 40.0
projections.excitation.weight = 3.0
inputs.background.rate = 8000.0
[[changes]]
at = {}
inputs.background = {{ rate = 11000.0, weight = 80.0 }}
populations.E.params.tau_m = 12.0
projections.recurrent = {{ weight = 0.0, synapses = [0, 1, 2, 3] }}
[[stop]]
rate = "E"
above = 1000.0
[[stop]]
rate = ["E[::3]", "I"]
above = 0.0
start = {}
every = 7.0
)",
                                                               all / 2, all * 0.9));
  const Kills kills = kill_runs(scratch, file, sanitized ? Kills{1, 0, 1} : Kills{4, 1, 1});
  CHECK(kills.completed >= 1);
  CHECK(kills.different == 0);
  CHECK(kills.littered == 0);
  const auto json = report(scratch / "whole");
  CHECK(json["status"] == "finished");
  CHECK(json["simulated_ms"] == std::ceil(all * 0.9 / 7) * 7);
  CHECK(json["stopped"].get<std::string>().starts_with("stop[1]: E[0::3], I spikes at "));
  CHECK(json["changes"].size() == 5);
  // What the last kill left may be a run without a checkpoint.
  const fs::path last = scratch / "killed" / "run.json";
  if (fs::exists(last) && report(last.parent_path())["status"] == "finished")
    CHECK(json["changes"] == report(last.parent_path())["changes"]);
}

TEST_CASE("a damaged checkpoint is told and the one before it is taken, without one the error says what to do") {
  const Scratch scratch;
  const fs::path file = experiment_with_everything(scratch, 1000);
  const fs::path whole = scratch / "whole", out = scratch / "out", newest = out / "checkpoint.h5";
  const fs::path previous = out / "checkpoint.previous.h5";
  REQUIRE(code_of(scratch, {"run", file.string(), "--quiet", "--out", whole.string()}) == 0);
  run_and_kill(scratch, file, out);
  REQUIRE(fs::exists(newest));
  const bool cut = GENERATE(true, false);
  if (cut)
    damage(newest, fs::file_size(newest) / 2);
  else
    for (std::uintmax_t at = fs::file_size(newest) / 4; at < fs::file_size(newest) / 2; at += 100)
      change_byte(newest, static_cast<std::streamoff>(at));
  SECTION("the one before") {
    Command command(scratch, {"resume", out.string()});
    CHECK(command.end() == 0);
    CHECK(command.err().find("warning") != std::string::npos);
    CHECK(command.err().find(newest.string()) != std::string::npos);
    CHECK(same_files(whole, out));
  }
  SECTION("that one is damaged too") {
    damage(previous, 100);
    Command command(scratch, {"resume", out.string()});
    CHECK(command.end() == 2);
    CHECK(command.err().find(newest.string()) != std::string::npos);
    // Nothing that was recorded is lost.
    CHECK(code_of(scratch, {"recover", out.string()}) == 0);
    CHECK(rheo::read_spikes((out / "spikes.h5").string(), "E").times.size() > 100);
  }
}

TEST_CASE("resume refuses what is no run to go on with, and an experiment that has changed") {
  const Scratch scratch;
  const fs::path file = experiment_with_everything(scratch, 1000), out = scratch / "out";
  const auto refused = [&](const std::vector<std::string>& words, const std::string& part) {
    Command command(scratch, words);
    CHECK(command.end() == 2);
    CAPTURE(command.err());
    CHECK(command.err().find(part) != std::string::npos);
  };
  refused({"resume", (scratch / "nowhere").string()}, "no such directory");
  refused({"resume", scratch.path.string()}, "holds no checkpoint");
  refused({"run", file.string(), "--out", out.string(), "--checkpoint-every", "-3s"}, "--checkpoint-every");
  refused({"run", file.string(), "--out", out.string(), "--checkpoint-at", "5000"}, "--checkpoint-at");
  refused({"run", file.string(), "--out", out.string(), "--checkpoint-at", "7.77"}, "whole number of ticks");
  run_and_kill(scratch, file, out);
  refused({"run", file.string(), "--out", out.string()}, "rheo resume");
  const std::string text = bytes_of(file);
  std::ofstream(file) << text << "# another line\n";
  refused({"resume", out.string()}, "has changed");
  std::ofstream(file) << text;
  fs::create_directory(scratch / "moved");
  fs::rename(file, scratch / "moved" / "net.toml");
  refused({"resume", out.string()}, "everything.toml");
  CHECK(code_of(scratch, {"resume", out.string(), "--experiment", (scratch / "moved" / "net.toml").string()}) == 0);
}

TEST_CASE("a checkpoint of another version and a file that is none are told apart") {
  const Scratch scratch;
  const auto problem = [](const fs::path& file) {
    try {
      rheo::read_checkpoint(file);
    } catch (const rheo::RecordingError& error) {
      return std::string(error.what());
    }
    return std::string();
  };
  rheo::Checkpoint checkpoint;
  checkpoint.dt = 0.1;
  checkpoint.tick = 70;
  checkpoint.state.resize(1000, std::byte{7});
  rheo::write_checkpoint(scratch / "good.h5", checkpoint);
  CHECK(problem(scratch / "good.h5").empty());
  CHECK(rheo::read_checkpoint(scratch / "good.h5").state == checkpoint.state);
  CHECK(rheo::checkpoint_tick(scratch / "good.h5") == 70);
  {
    auto other = rheo::h5::File::create((scratch / "other.h5").string());
    other.set_text("format", "rheobase checkpoint");
    other.set_number<std::uint32_t>("version", 99);
  }
  CHECK(problem(scratch / "other.h5").find("version 99") != std::string::npos);
  rheo::h5::File::create((scratch / "empty.h5").string());
  CHECK(problem(scratch / "empty.h5").find("is no checkpoint") != std::string::npos);
  std::ofstream(scratch / "text.h5") << "no HDF5";
  CHECK(problem(scratch / "text.h5").find("HDF5") != std::string::npos);
  if (sanitized) return;  // libhdf5 1.10 leaks what it had read of a file whose metadata are damaged
  // Every byte is guarded: a change is refused, or in a place that nothing depends on.
  const std::string bytes = bytes_of(scratch / "good.h5");
  int refused = 0;
  for (std::size_t at = 0; at < bytes.size(); at += 7) {
    fs::copy_file(scratch / "good.h5", scratch / "changed.h5", fs::copy_options::overwrite_existing);
    change_byte(scratch / "changed.h5", static_cast<std::streamoff>(at));
    if (!problem(scratch / "changed.h5").empty())
      ++refused;
    else
      CHECK(rheo::read_checkpoint(scratch / "changed.h5").state == checkpoint.state);
  }
  CHECK(refused > 100);
}

TEST_CASE("a disk too full for a checkpoint: the run says so, goes on, and keeps what it records") {
  const Scratch scratch;
  const fs::path file = experiment_with_everything(scratch, 300);
  std::string text = bytes_of(file);
  const std::size_t records = text.find("[record.spikes]");
  text.replace(records, text.find("[[phases]]") - records, "[record.spikes]\npopulations = [\"I[0:1]\"]\n");
  text.replace(text.find("indegree = 16"), 13, "indegree = 150");  // a state of some 200 kB
  std::ofstream(file) << text;
  const fs::path out = scratch / "out";
  Command command(scratch, {"run", file.string(), "--out", out.string(), "--checkpoint-every", "5ms"}, 150 * 1024);
  CHECK(command.end() == 0);
  CAPTURE(command.err());
  CHECK(command.err().find("checkpoint.h5") != std::string::npos);
  CHECK(command.err().find("warning") != std::string::npos);
  CHECK(report(out)["status"] == "finished");
  CHECK_FALSE(fs::exists(out / "checkpoint.h5"));
  CHECK_FALSE(fs::exists(out / "checkpoint.h5.tmp"));
}

TEST_CASE("an experiment that begins with a checkpoint goes on as the first one would have") {
  const Scratch scratch;
  const fs::path file = experiment_with_everything(scratch, 400), whole = scratch / "whole", tail = scratch / "tail";
  REQUIRE(code_of(scratch, {"run", file.string(), "--quiet", "--out", whole.string(), "--checkpoint-at", "200"}) == 0);
  const fs::path state = whole / "checkpoint_200ms.h5";
  REQUIRE(fs::exists(state));
  std::string text = bytes_of(file);
  text.replace(text.find("[[phases]]"), std::string::npos, "");
  text.replace(text.find("seed = 11"), 9, "seed = 11\nduration = 300.0\ninitial_state = \"" + state.string() + "\"");
  const fs::path next = scratch / "next.toml";
  std::ofstream(next) << text;
  Command command(scratch, {"run", next.string(), "--out", tail.string()});
  CHECK(command.end() == 0);
  CAPTURE(command.err());
  CHECK(bytes_of(whole / "final.h5") == bytes_of(tail / "final.h5"));
  const auto all = rheo::read_spikes((whole / "spikes.h5").string(), "E").times;
  const auto later = rheo::read_spikes((tail / "spikes.h5").string(), "E").times;
  REQUIRE(later.size() > 100);
  CHECK(later.front() > 200);
  CHECK(std::equal(later.rbegin(), later.rend(), all.rbegin()));
  const auto file_of = [](const fs::path& path) { return rheo::h5::File::open(path.string()); };
  CHECK(file_of(tail / "membrane_V_m.h5").dataset("/report/E/mapping/time").read<double>() ==
        std::vector<double>{200, 500, 0.5});
  const auto rows = file_of(tail / "membrane_V_m.h5").dataset("/report/E/data").read<float>();
  const auto all_rows = file_of(whole / "membrane_V_m.h5").dataset("/report/E/data").read<float>();
  REQUIRE(rows.size() < all_rows.size());
  CHECK(std::equal(rows.rbegin(), rows.rend(), all_rows.rbegin()));
  CHECK(report(tail)["simulated_ms"] == 300);

  const auto refused = [&](const std::string& from, const std::string& to, const std::string& part) {
    CAPTURE(from, to);
    std::string other = text;
    other.replace(other.find(from), from.size(), to);
    std::ofstream(next) << other;
    Command run(scratch, {"run", next.string(), "--out", (scratch / "refused").string()});
    CHECK(run.end() == 2);
    CAPTURE(run.err());
    CHECK(run.err().find(part) != std::string::npos);
  };
  refused("size = 160", "size = 161", "populations.E");
  refused("seed = 11", "seed = 12", "seed");
  refused("tau = 200.0", "tau = 100.0", "signals.dopamine");
  refused("checkpoint_200ms", "checkpoint_300ms", "checkpoint_300ms.h5");
  refused("[record.membrane]", "[record.membrane]\nstart = 100.0", "initial state");
}

}  // namespace test_checkpoint
