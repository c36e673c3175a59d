// A run with all that a checkpoint has to hold (plasticity with signals, delays, probes, snapshots, phases), killed
// again and again and gone on with.
#pragma once

#include <catch2/catch.hpp>
#include <chrono>
#include <fstream>
#include <map>
#include <random>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "tests/apps/command.hpp"

// duration: ms of the second of two phases; the first takes 100.
inline fs::path experiment_with_everything(const Scratch& scratch, double duration, const std::string& more = {}) {
  const fs::path file = scratch / "everything.toml";
  std::ofstream(file) << R"([simulation]
seed = 11
[populations.E]
model = "iaf_psc_exp"
size = 160
initial = { V_m = { uniform = [-70.0, -56.0] } }
[populations.I]
model = "izhikevich"
size = 40
[inputs.background]
kind = "poisson"
target = "E"
rate = 9000.0
weight = 70.0
[signals.dopamine]
kind = "filtered_spikes"
source = "E[0:5]"
tau = 200.0
delay = { uniform = [50.0, 120.0] }
amplitude = 0.2
baseline = 0.05
[projections.recurrent]
source = "E"
target = "E"
connect = { rule = "fixed_indegree", indegree = 16 }
weight = { uniform = [10.0, 60.0] }
delay = { uniform = [0.5, 15.0] }
plasticity = { rule = "rstdp", params = { A_plus = 0.5, A_minus = 0.55, w_max = 120.0 }, signal = "dopamine" }
[projections.excitation]
source = "E"
target = "I"
connect = { rule = "bernoulli", p = 0.1 }
weight = 2.0
delay = { normal = [2.0, 0.5], min = 0.1 }
[projections.inhibition]
source = "I"
target = "E"
connect = { rule = "bernoulli", p = 0.2 }
weight = -60.0
plasticity = { rule = "vogels_sprekeler", params = { eta = 1.0, w_max = 300.0 } }
[record.spikes]
[record.membrane]
population = ["E[0:50:7]", "I"]
variables = ["V_m"]
every = 0.5
[record.weights]
projection = "recurrent"
every = 50.0
[record.final]
projection = "inhibition"
[[phases]]
name = "settle"
duration = 100.0
plasticity = ["inhibition"]
[[phases]]
name = "learn"
duration = )" << duration
                      << "\n"
                      << more;
  return file;
}

inline const std::vector<std::string> all_recorded{"spikes.h5", "membrane_V_m.h5", "weights.h5", "final.h5"};

struct Kills {
  int between = 0, in_checkpoint = 0, in_sealing = 0;
  int completed = 0, different = 0;  // runs, and those of their files that are not those of the undisturbed run
  int littered = 0;                  // completed runs with other files than the undisturbed one
  int all() const { return between + in_checkpoint + in_sealing; }
};

// Kills runs until each number is reached: at random moments, as soon as the draft of a checkpoint appears, as soon as
// that of a sealed file does.
inline Kills kill_runs(const Scratch& scratch, const fs::path& file, const Kills& wanted) {
  using Clock = std::chrono::steady_clock;
  const fs::path whole = scratch / "whole", out = scratch / "killed";
  const auto begin = Clock::now();
  REQUIRE(code_of(scratch, {"run", file.string(), "--quiet", "--out", whole.string()}) == 0);
  const double wall = std::chrono::duration<double>(Clock::now() - begin).count();

  Kills kills;
  const auto names_in = [](const fs::path& directory) {
    std::set<std::string> names;
    for (const auto& entry : fs::directory_iterator(directory)) names.insert(entry.path().filename().string());
    return names;
  };
  const auto compare = [&] {
    ++kills.completed;
    for (const std::string& name : all_recorded) kills.different += bytes_of(whole / name) != bytes_of(out / name);
    kills.littered += names_in(whole) != names_in(out);
  };
  std::mt19937 dice(5);
  std::uniform_real_distribution<double> moment(0.2 * wall, 0.6 * wall);
  // Drafts with the times of their last change. Those that a killed process left say nothing of the one at hand: a kill
  // at the sight of them would come before it has done anything, again and again.
  using Drafts = std::map<std::string, fs::file_time_type>;
  const auto all_drafts = [&] {
    Drafts found;
    std::error_code ignored;
    for (const auto& entry : fs::directory_iterator(out, ignored)) {
      const std::string name = entry.path().filename().string();
      if (name.ends_with(".h5.tmp")) found.emplace(name, entry.last_write_time(ignored));
    }
    return found;
  };
  Drafts left_over;
  const auto drafts = [&] {
    bool checkpoint = false, sealing = false;
    for (const auto& [name, changed] : all_drafts()) {
      if (const auto before = left_over.find(name); before != left_over.end() && before->second == changed) continue;
      (name.starts_with("checkpoint") ? checkpoint : sealing) = true;
    }
    return std::pair(checkpoint, sealing);
  };
  while (kills.between < wanted.between || kills.in_checkpoint < wanted.in_checkpoint ||
         kills.in_sealing < wanted.in_sealing) {
    // Without a checkpoint a run begins again.
    const bool resumes = fs::exists(out / "checkpoint.h5") || fs::exists(out / "checkpoint.previous.h5");
    if (!resumes) fs::remove_all(out);
    const std::string threads = std::to_string(1 + kills.all() % 3);
    std::vector<std::string> words{"resume", out.string(), "--quiet", "--threads", threads};
    if (!resumes) {
      words = {"run", file.string(), "--quiet", "--out", out.string(), "--checkpoint-every", "20ms"};
      words.insert(words.end(), {"--threads", threads});
    }
    left_over = all_drafts();
    Command command(scratch, words);
    // Which kind is furthest from its number.
    const double left_between = wanted.between == 0 ? 0 : 1 - double(kills.between) / wanted.between;
    const double left_checkpoint =
        wanted.in_checkpoint == 0 ? 0 : 1 - double(kills.in_checkpoint) / wanted.in_checkpoint;
    const double left_sealing = wanted.in_sealing == 0 ? 0 : 1 - double(kills.in_sealing) / wanted.in_sealing;
    const auto until = Clock::now() + std::chrono::duration<double>(moment(dice));
    bool ended = false;
    for (;;) {
      if (command.has_ended()) {
        ended = true;
        break;
      }
      const auto [checkpoint, sealing] = drafts();
      if (left_between >= left_checkpoint && left_between >= left_sealing ? Clock::now() >= until
          : left_checkpoint >= left_sealing                               ? checkpoint
                                                                          : sealing)
        break;
      std::this_thread::sleep_for(std::chrono::microseconds(50));
    }
    if (!ended) {
      command.send(SIGKILL);
      ended = command.end() == 0;
    } else {
      REQUIRE(command.end() == 0);
    }
    if (ended) {
      compare();
      fs::remove_all(out);
      continue;
    }
    const auto [checkpoint, sealing] = drafts();
    ++(sealing ? kills.in_sealing : checkpoint ? kills.in_checkpoint : kills.between);
  }
  // What the last kill left.
  if (code_of(scratch, {"resume", out.string(), "--quiet"}) == 0) compare();
  return kills;
}
