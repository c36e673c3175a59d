#include "apps/reservoir/task.hpp"

#include <algorithm>
#include <cmath>

#include "apps/learning/task_fields.hpp"

namespace rheo {

namespace {

using experiment_file::any_ms;
using experiment_file::Field;
using experiment_file::Names;
using experiment_file::positive;
using experiment_file::Range;
using experiment_file::share;
using experiment_file::some_ms;
using experiment_file::zero_or_more;

const std::vector<std::pair<const char*, ReservoirTask::Kind>> kinds = {
    {"memory_capacity", ReservoirTask::Kind::memory_capacity},
    {"narma10", ReservoirTask::Kind::narma10},
    {"mackey_glass", ReservoirTask::Kind::mackey_glass},
    {"lorenz", ReservoirTask::Kind::lorenz},
    {"series", ReservoirTask::Kind::series},
    {"sines", ReservoirTask::Kind::sines},
    {"patterns", ReservoirTask::Kind::patterns},
    {"what_when", ReservoirTask::Kind::what_when},
};

void read_encoding(const Field& table, InputEncoding& encoding) {
  table.need_table();
  table.only({"kind", "scale", "offset", "low", "high", "width", "channels"});
  encoding.kind = choose<InputEncoding::Kind>(table.need("kind", "one of direct, population, latency"),
                                              {{"direct", InputEncoding::Kind::direct},
                                               {"population", InputEncoding::Kind::population},
                                               {"latency", InputEncoding::Kind::latency}},
                                              "encoding");
  read(table, "scale", encoding.scale);
  read(table, "offset", encoding.offset);
  read(table, "low", encoding.low);
  read(table, "high", encoding.high);
  if (!(encoding.low < encoding.high)) table.reject_table("low is not below high", "low < high");
  read(table, "width", encoding.width, zero_or_more);
  read(table, "channels", encoding.channels, 1, 1'000'000);
}

void read_state(const Field& table, StateSpec& state) {
  table.need_table();
  table.only({"kind", "population", "tau", "samples"});
  if (const auto kind = table.find("kind"))
    state.kind = choose<StateSpec::Kind>(
        *kind, {{"filtered_spikes", StateSpec::Kind::filtered_spikes}, {"potential", StateSpec::Kind::potential}},
        "kind of state");
  if (const auto population = table.find("population"))
    for (const std::string& name : read_names(*population, "a population such as \"E\", or a list of them"))
      state.populations.push_back(parse_selection(name));
  read(table, "tau", state.tau, some_ms);
  read(table, "samples", state.samples, 1, 1000);
}

void read_readout(const Field& table, ReadoutSpec& readout) {
  table.need_table();
  if (const auto kind = table.find("kind"))
    readout.kind = choose<ReadoutSpec::Kind>(
        *kind, {{"ridge", ReadoutSpec::Kind::ridge}, {"rls", ReadoutSpec::Kind::rls}, {"lms", ReadoutSpec::Kind::lms}},
        "readout");
  Names keys{"kind"};
  if (readout.kind == ReadoutSpec::Kind::ridge) keys.emplace_back("lambda");
  if (readout.kind != ReadoutSpec::Kind::ridge) keys.emplace_back("every");
  if (readout.kind == ReadoutSpec::Kind::rls) keys.insert(keys.end(), {"alpha", "forgetting"});
  if (readout.kind == ReadoutSpec::Kind::lms) keys.emplace_back("eta");
  table.only(keys);
  if (const auto lambda = table.find("lambda")) {
    const char* const expected = "numbers >= 0";
    readout.lambdas = lambda->is_list() ? lambda->numbers(expected) : std::vector<double>{lambda->number()};
    for (const double x : readout.lambdas)
      if (x < 0) lambda->reject(fmt::format("has {} among its entries", x), expected);
    if (readout.lambdas.empty()) lambda->reject("is empty", expected);
  }
  read(table, "alpha", readout.alpha, positive);
  read(table, "forgetting", readout.forgetting,
       experiment_file::Range{.low = 0, .high = 1, .unit = {}, .above_low = true});
  read(table, "every", readout.every, 1);
  read(table, "eta", readout.eta, positive);
}

void read_other(const Field& table, OtherReservoir& other) {
  table.need_table();
  using Kind = OtherReservoir::Kind;
  other.kind = choose<Kind>(table.need("kind", "one of rate, echo_state"),
                            {{"rate", Kind::rate}, {"echo_state", Kind::echo_state}}, "reservoir");
  const Names numbers = other.kind == Kind::rate ? Names{"f_E",         "indegree", "c",      "theta", "input_fraction",
                                                         "input_scale", "beta",     "target", "delta", "adapt_steps"}
                                                 : Names{"spectral_radius", "leak", "input_scale", "indegree"};
  Names keys{"kind", "size"};
  keys.insert(keys.end(), numbers.begin(), numbers.end());
  if (other.kind == Kind::rate) keys.emplace_back("targets");
  table.only(keys);
  read(table, "size", other.size, 1, 1'000'000);
  for (const std::string& name : numbers)
    if (const auto field = table.find(name))
      other.numbers[name] = name == "indegree" || name == "adapt_steps"
                                ? static_cast<double>(field->whole(0, 100'000'000))
                                : field->number();
  if (const auto targets = table.find("targets"))
    other.targets = targets->word({"none", "uniform", "beta"}, {}, "targets");
}

void read_search(const Field& table, ReservoirTask& task) {
  table.need_table();
  table.only({"seeds", "axes"});
  Search& search = task.search.emplace();
  search.seeds = read_seeds(table.need("seeds", "how many, or a list of whole numbers"));
  const Field axes = table.need("axes", "a table of keys, each with a list of values");
  axes.need_table();
  for (const auto& [key, node] : axes.node().entries) {
    const Field axis = axes.at('"' + key + '"', node);
    std::vector<std::string> values;
    if (!axis.is_list()) axis.reject_kind("a list of values");
    for (const double x : node.numbers) values.push_back(fmt::format("{}", x));
    for (const TomlNode& item : node.items) values.push_back(toml_text(item));
    if (values.empty()) axis.reject("is empty", "a list of values");
    reject_twice(axis, values, "each value once");
    search.axes.emplace_back(key, std::move(values));
  }
  if (search.axes.empty()) axes.reject_table("is empty", "a key with a list of values");
}

void read_two(const Field& table, const char* name, std::array<double, 2>& to) {
  const auto field = table.find(name);
  if (!field) return;
  const char* const expected = "two times > 0, of A and of B (ms)";
  const std::vector<double>& both = field->numbers(expected);
  if (both.size() != 2 || !(both[0] > 0) || !(both[1] > 0)) field->reject("is not that", expected);
  to = {both[0], both[1]};
}

void read_what_when(const Field& table, WhatWhen& how) {
  table.only({"kind",       "seeds",         "search",       "protocol",
              "readout",    "control",       "when",         "what",
              "trial",      "pause",         "cue_length",   "reset_length",
              "latency",    "later_latency", "probability",  "later_probability",
              "width",      "gate_width",    "gate_outside", "block",
              "population", "tau",           "outside",      "eta_when",
              "eta_what",   "alpha",         "forgetting",   "every",
              "frozen_at"});
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

}  // namespace

const char* name_of(ReservoirTask::Kind kind) {
  for (const auto& [name, one] : kinds)
    if (one == kind) return name;
  return "";
}

namespace {

ReservoirTask read_task(const std::string& file, const std::vector<std::string>& overrides) {
  using experiment_file::Field;
  const TomlDocument document = read_toml_document(file, overrides);
  const Field root(document.root, {});
  if (!document.root.find("task"))
    throw ExperimentError({.file = file,
                           .key = "task",
                           .problem = "is missing, so that there is nothing to learn",
                           .expected = "a table [task] with kind, or rheo run"});
  const Field table = root.need("task", "a table [task]");
  table.need_table();
  ReservoirTask task;
  read(root, "title", task.title, "a string");
  task.kind = choose(table.need("kind", "what to learn, such as \"narma10\""), kinds, "task");

  using Kind = ReservoirTask::Kind;
  Names keys{"kind", "seeds", "search", "reservoir"};
  const auto allow = [&](const Names& more) { keys.insert(keys.end(), more.begin(), more.end()); };
  if (const auto seeds = table.find("seeds")) task.seeds = read_seeds(*seeds);
  if (const auto search = table.find("search")) read_search(*search, task);
  if (task.kind == Kind::what_when) {
    read_what_when(table, task.what_when);
    return task;
  }
  allow({"signal", "encoding", "state", "readout", "adapt", "adapt_learns", "washout", "kernel"});
  if (task.kind == Kind::patterns) {
    allow({"classes", "channels", "samples", "length", "rate", "jitter", "deletion", "noise_rate", "pause"});
  } else {
    allow({"step", "feedback", "train", "validate", "test", "baselines", "delays"});
    if (task.kind == Kind::mackey_glass || task.kind == Kind::lorenz || task.kind == Kind::series)
      allow({"horizon", "free"});
    if (task.kind == Kind::series) allow({"file", "dataset", "time"});
    if (task.kind == Kind::sines) allow({"frequencies"});
  }
  table.only(keys);

  read(table, "signal", task.signal, "the name of a signal of kind task");
  read(table, "feedback", task.feedback, "the name of a signal of kind task");
  read(table, "step", task.step, some_ms);
  read(table, "washout", task.washout, 0);
  read(table, "train", task.train, 1);
  read(table, "validate", task.validate, 2);
  // What chance adds to a squared correlation is not defined for two steps.
  read(table, "test", task.test, task.kind == Kind::memory_capacity ? 3 : 2);
  read(table, "delays", task.delays, 1, 100'000);
  read(table, "horizon", task.horizon, 1, 1'000'000);
  read(table, "free", task.free, 0);
  if (task.kind == Kind::sines) {
    const Field frequencies = table.need("frequencies", "a list of frequencies (Hz)");
    task.frequencies = frequencies.numbers("a list of frequencies (Hz)");
    if (task.frequencies.empty()) frequencies.reject("is empty", "a list of frequencies (Hz)");
  }
  if (task.kind == Kind::series) {
    task.series_file = table.need("file", "a CSV or HDF5 file").path();
    read(table, "dataset", task.series_dataset, "a dataset of the file");
    read(table, "time", task.series_time, "the name of a column");
    if (table.find("time") && task.series_time.empty()) table.find("time")->reject("is empty", "the name of a column");
  }
  if (const auto encoding = table.find("encoding")) read_encoding(*encoding, task.encoding);
  if (const auto state = table.find("state")) read_state(*state, task.state);
  if (const auto readout = table.find("readout")) read_readout(*readout, task.readout);
  if (task.readout.lambdas.empty())
    for (int power = -8; power <= 2; ++power) task.readout.lambdas.push_back(std::pow(10.0, power));
  if (const auto other = table.find("reservoir")) read_other(*other, task.other);
  if (!task.feedback.empty() && task.other.kind != OtherReservoir::Kind::none)
    table.find("feedback")->reject("is a signal of a network, and [task.reservoir] is none", "one or the other");
  if (task.free > 0 && (task.horizon != 1 || !task.feedback.empty() || task.readout.kind != ReadoutSpec::Kind::ridge))
    table.find("free")->reject("needs a readout that says the next input", "horizon = 1, readout ridge, no feedback");
  read(table, "adapt", task.adapt, any_ms);
  if (const auto learns = table.find("adapt_learns"))
    task.adapt_learns = read_names(*learns, "a projection, or a list of them");
  if (const auto kernel = table.find("kernel")) {
    kernel->need_table();
    kernel->only({"streams", "length", "repetitions", "noise"});
    read(*kernel, "streams", task.streams, 2, 100'000);
    read(*kernel, "length", task.stream_length, 1);
    read(*kernel, "repetitions", task.repetitions, 2, 10'000);
    read(*kernel, "noise", task.stream_noise, zero_or_more);
    if (task.streams == 0) kernel->need("streams", "how many input streams");
  }
  if (const auto baselines = table.find("baselines"))
    for (const std::string& name : read_names(*baselines, "a list of baselines")) {
      if (name != "delays" && name != "echo_state")
        baselines->reject(fmt::format("has \"{}\" among its entries", name), "delays, echo_state");
      task.baselines.push_back(name);
    }
  if (const auto baselines = table.find("baselines")) reject_twice(*baselines, task.baselines, "each baseline once");
  for (const char* const key : {"baselines", "kernel"})
    if (const auto field = table.find(key); field && task.kind == Kind::sines)
      field->reject_table("needs an input, and this task has none", fmt::format("no {}", key));

  read(table, "classes", task.classes, 2, 10'000);
  read(table, "channels", task.channels, 1, 1'000'000);
  read(table, "samples", task.samples_per_class, 4, 1'000'000);
  read(table, "length", task.length, some_ms);
  read(table, "rate", task.rate, zero_or_more);
  read(table, "jitter", task.jitter, any_ms);
  read(table, "deletion", task.deletion, share);
  read(table, "noise_rate", task.noise_rate, zero_or_more);
  read(table, "pause", task.pause, any_ms);
  return task;
}

}  // namespace

LearningExperiment read_learning_experiment(const std::string& file, const std::vector<std::string>& overrides,
                                            const std::vector<std::string>& plugins) {
  LearningExperiment made{read_task(file, overrides), {}, 0};
  if (made.task.other.kind == OtherReservoir::Kind::none) made.experiment = parse_experiment(file, overrides, plugins);
  std::vector<std::string> files = made.experiment.files;
  if (!made.task.series_file.empty()) files.push_back(made.task.series_file);
  made.identity = experiment_file::identity_of(file, overrides, {"search", "seeds"}, files);
  return made;
}

}  // namespace rheo
