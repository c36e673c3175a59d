// The experiment file: TOML in, checked to the last key, a plain description out. Units are those of the models (ms,
// mV, pA, pF, nS, Hz) and are never written in the file. Whatever the file says wrong is an ExperimentError with file,
// line, key path, value, problem and what would be right. Called once per run; nothing here knows how a network is
// built.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "core/diagnostics.hpp"
#include "core/loop/simulation.hpp"
#include "core/types.hpp"
#include "io/files/spike_times.hpp"
#include "io/record/requests.hpp"
#include "io/text/toml_document.hpp"
#include "networks/description/spec.hpp"

namespace rheo {

// What an experiment says from a tick on: settings of one input, parameters of one population or weights of one
// projection, as their tables have them. What is not named stays.
struct Change {
  std::string section;  // "inputs", "populations" or "projections"
  std::string name;
  TomlNode settings;  // { rate = 5.0 }, { params = { tau_m = 15.0 } }, { weight = 0.2, synapses = [0, 5] }
  Tick at = 0;        // the last one that is computed without it
};

// One experiment, from whichever kind of file. Everything a run needs beside the number of threads.
struct Experiment {
  std::string title;          // empty: none given
  std::string path;           // the file as the user named it
  double duration = 0;        // ms, = ticks * dt
  Tick ticks = 0;             // >= 1
  Tick begin = 0;             // tick of the initial state; the clock goes on from there
  std::string initial_state;  // a checkpoint; empty: the network as it is built
  NetworkSpec network;
  std::vector<Phase> phases;         // one after the other over all ticks; none: all learns all the time
  std::vector<Change> changes = {};  // in the order of time
  std::vector<StopCondition> stops = {};
  RecordSpikes record;
  std::vector<RecordStates> reports;
  std::vector<RecordWeights> weights;
  std::string task;                // where [task] was written; empty: no learning experiment. It says how long
  std::string task_kind = {};      // its `kind`
  TomlNode tasks = {};             // [data], [trials], [readouts] and [scores], which say how long it lasts; or none
  std::string output_directory;    // empty: the caller's default
  std::vector<std::string> files;  // every file that was read, in the order of reading; for the provenance
  std::vector<std::string> overrides;          // "key=value" as given with --set
  std::vector<PlacedSpikes> spike_times = {};  // of sources and inputs: what was moved or left out
  std::vector<std::string> warnings;           // what the user should know but may ignore, one sentence each

  Tick end() const { return begin + ticks; }

  // Where a key path was written ("brunel.toml:12", "--set"); filled by the readers for the messages of later checks.
  std::map<std::string, std::string> places;

  // The place of `key`, or of the nearest table around it, or the path of the file.
  std::string place(const std::string& key) const;
};

// Reads an experiment file (*.toml) with its includes; each override is "a.b.c=value" and comes last. The populations,
// projections and inputs keep the order in which they are first declared: those of an included file come before the new
// ones of the file that includes it.
// plugins: libraries of plasticity rules beside those that the file names, as for RuleLibrary::load.
Experiment parse_experiment(const std::string& path, const std::vector<std::string>& overrides = {},
                            const std::vector<std::string>& plugins = {});

// Adds an input that was written as a table of [inputs.NAME] elsewhere than in an experiment file. Throws
// ExperimentError.
void add_input(Experiment& experiment, const std::string& name, const TomlNode& table);

// What Network complained about, with the file and line where the user wrote it.
Complaint locate(Complaint complaint, const Experiment& experiment);
// Throws ExperimentError about what stands at a key.
[[noreturn]] void reject(const Experiment& experiment, std::string key, std::string value, std::string problem,
                         std::string expected);

}  // namespace rheo
