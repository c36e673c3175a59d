#include "apps/reservoir/task.hpp"

#include <array>
#include <utility>

#include "apps/learning/task_fields.hpp"

namespace rheo {

namespace {

using experiment_file::any_ms;
using experiment_file::Field;
using experiment_file::positive;
using experiment_file::share;
using experiment_file::some_ms;
using experiment_file::zero_or_more;

void read_two(const Field& table, const char* name, std::array<double, 2>& to) {
  const auto field = table.find(name);
  if (!field) return;
  const char* const expected = "two times > 0, of A and of B (ms)";
  const std::vector<double>& both = field->numbers(expected);
  if (both.size() != 2 || !(both[0] > 0) || !(both[1] > 0)) field->reject("is not that", expected);
  to = {both[0], both[1]};
}

void read_what_when(const Field& table, WhatWhen& how) {
  table.only({"kind",         "seeds",      "protocol",      "readout",     "control",
              "when",         "what",       "trial",         "pause",       "cue_length",
              "reset_length", "latency",    "later_latency", "probability", "later_probability",
              "width",        "gate_width", "gate_outside",  "block",       "population",
              "tau",          "outside",    "eta_when",      "eta_what",    "alpha",
              "forgetting",   "every",      "frozen_at"});
  using Protocol = WhatWhen::Protocol;
  using Readout = WhatWhen::Readout;
  using Control = WhatWhen::Control;
  if (const auto field = table.find("protocol"))
    how.protocol = choose<Protocol>(*field,
                                    {{"learning", Protocol::learning},
                                     {"probabilities", Protocol::probabilities},
                                     {"switch_timing", Protocol::switch_timing},
                                     {"switch_probability", Protocol::switch_probability},
                                     {"switch_both", Protocol::switch_both}},
                                    "protocol");
  if (const auto field = table.find("readout"))
    how.readout =
        choose<Readout>(*field, {{"three_factor", Readout::three_factor}, {"force", Readout::force}}, "readout");
  if (const auto field = table.find("control"))
    how.control = choose<Control>(*field,
                                  {{"none", Control::none},
                                   {"gate_off", Control::gate_off},
                                   {"merged", Control::merged},
                                   {"frozen", Control::frozen},
                                   {"shuffled", Control::shuffled}},
                                  "control");
  read(table, "when", how.when, "the name of a projection");
  read(table, "what", how.what, "the name of a projection");
  read(table, "trial", how.trial, some_ms);
  read(table, "pause", how.pause, any_ms);
  read(table, "cue_length", how.cue_length, some_ms);
  read(table, "reset_length", how.reset_length, any_ms);
  read_two(table, "latency", how.latency);
  read_two(table, "later_latency", how.later_latency);
  read(table, "probability", how.probability, share);
  read(table, "later_probability", how.later_probability, share);
  read(table, "width", how.width, some_ms);
  read(table, "gate_width", how.gate_width, any_ms);
  read(table, "gate_outside", how.gate_outside, zero_or_more);
  read(table, "block", how.block, 1);
  if (const auto population = table.find("population"))
    for (const std::string& name : read_names(*population, "a population such as \"E\", or a list of them"))
      how.populations.push_back(parse_selection(name));
  read(table, "tau", how.tau, some_ms);
  if (const auto field = table.find("outside")) how.outside = field->flag();
  read(table, "eta_when", how.eta_when, zero_or_more);
  read(table, "eta_what", how.eta_what, zero_or_more);
  read(table, "alpha", how.alpha, positive);
  read(table, "forgetting", how.forgetting, positive);
  read(table, "every", how.every, 1);
  read(table, "frozen_at", how.frozen_at, any_ms);
}

ReservoirTask read_reservoir_task(const std::string& file, const std::vector<std::string>& overrides) {
  const TomlDocument document = read_toml_document(file, overrides);
  const Field root(document.root, {});
  if (!document.root.find("task"))
    throw ExperimentError({.file = file,
                           .key = "task",
                           .problem = "is missing",
                           .expected = "a table [task] with kind = \"what_when\"; other tasks are run by rheo run"});
  const Field table = root.need("task", "a table [task]");
  table.need_table();
  ReservoirTask task;
  read(root, "title", task.title, "a string");
  const Field kind = table.need("kind", "\"what_when\"");
  if (kind.text("\"what_when\"") != "what_when")
    kind.reject("unknown task", "what_when; series and patterns are [data] and [trials] of rheo run (docs/tasks.md)");
  if (const auto seeds = table.find("seeds")) task.seeds = read_seeds(*seeds);
  read_what_when(table, task.what_when);
  return task;
}

}  // namespace

LearningExperiment read_learning_experiment(const std::string& file, const std::vector<std::string>& overrides,
                                            const std::vector<std::string>& plugins) {
  LearningExperiment made{read_reservoir_task(file, overrides), parse_experiment(file, overrides, plugins), 0};
  made.identity = experiment_file::identity_of(file, overrides, {"seeds"}, made.experiment.files);
  return made;
}

}  // namespace rheo
