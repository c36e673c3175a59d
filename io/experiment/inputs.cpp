// [inputs.NAME] and [signals.NAME].
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "core/time.hpp"
#include "io/experiment/reader.hpp"

namespace rheo::experiment_file {

std::string ExperimentReader::current_unit(const std::vector<Selection>& targets) const {
  std::string unit;
  for (const Selection& target : targets) {
    for (const FieldInfo& info : model_of(target).params) {
      if (info.name != "I_e") continue;
      if (!unit.empty() && unit != info.unit) return {};
      unit = info.unit;
    }
  }
  return unit;
}

void ExperimentReader::check_delay(const Field& field, const Value& delay) const {
  const double dt = experiment_.network.dt;
  const auto shortest = smallest(delay);
  if (!shortest || ms_to_tick_nearest(*shortest, dt) >= 1) return;
  const std::string problem = fmt::format("{} ms rounds to less than one tick of {} ms", *shortest, dt);
  const std::string expected = fmt::format("a delay of at least {} (ms)", dt);
  if (field.is(TomlNode::Kind::table)) field.reject_table(problem, expected);
  field.reject(problem, expected);
}

namespace {

Names keys_of_input(const std::string& kind, bool reads_signal) {
  Names keys = {"kind", "target"};
  const auto allow = [&](const Names& more) { keys.insert(keys.end(), more.begin(), more.end()); };
  const auto allow_either = [&](const Names& with_signal, const Names& without) {
    allow(reads_signal ? with_signal : without);
    allow({"signal"});
    if (reads_signal) allow({"channel"});
  };
  if (kind == "poisson")
    allow_either({"rate", "weight", "port", "peak"}, {"rate", "weight", "delay", "port", "profile"});
  if (kind == "spikes") {
    allow_either({"weight", "port"}, {"times", "file", "population", "weight", "delay", "port"});
    if (!reads_signal) allow({"offset", "at_zero", "round"});
  }
  if (kind == "current") allow_either({"amplitude"}, {"amplitude"});
  if (kind == "steps") allow({"times", "values", "shape", "period"});
  if (kind == "sine") allow({"amplitude", "frequency", "phase"});
  if (kind == "noise") allow({"mean", "deviation", "every"});
  if (kind != "spikes") allow({"start", "stop"});
  return keys;
}

}  // namespace

void ExperimentReader::read_input(const Field& field, const std::string& name) {
  const Names kinds = {"poisson", "spikes", "current", "steps", "sine", "noise"};
  const Field kind = field.need("kind", one_of(kinds));
  const std::string& word = kind.word(kinds, {}, "kind of input");
  InputSpec input;
  input.name = name;
  const bool reads_signal = field.node().find("signal") != nullptr;
  field.only(keys_of_input(word, reads_signal));
  input.target = read_selections(field.need("target", "a population such as \"E\", or a list of them"));
  const Count each = per_neuron(index_.count(input.target));
  const Range currents{.low = any_value.low, .high = any_value.high, .unit = current_unit(input.target)};
  const auto current = [&](const char* key) { return read_value(field.need(key, currents.text()), currents, each); };

  if (word == "poisson" || word == "spikes") {
    if (const auto weight = field.find("weight")) input.weight = read_value(*weight, any_number, each);
    if (const auto delay = field.find("delay")) {
      input.delay = delay->number(any_time);
      check_delay(*delay, input.delay);
    }
    if (const auto port = field.find("port")) input.port = port->text("the name of a port");
  }
  if (word == "poisson") {
    const Range rates{.low = 0, .high = infinity, .unit = "Hz"};
    input.rate = read_value(field.need("rate", rates.text()), rates, each);
    if (const auto profile = field.find("profile")) input.profile = read_rate_profile(*profile);
  } else if (word == "spikes") {
    input.kind = InputSpec::Kind::spikes;
    if (!reads_signal) input.trains = read_trains(field, static_cast<std::uint32_t>(*each.count), true);
    if (!reads_signal && !input.trains) field.need("times", "times = [[..], ..] or file = \"..\" (spike times in ms)");
  } else if (word == "noise") {
    input.kind = InputSpec::Kind::noise;
    if (field.find("mean")) input.amplitude = current("mean");
    input.deviation = read_value(field.need("deviation", "a number >= 0"),
                                 {.low = 0, .high = any_value.high, .unit = currents.unit}, each);
    if (const auto every = field.find("every"))
      input.every = every->number({.low = network().dt, .high = infinity, .unit = "ms"});
  } else {
    input.kind = InputSpec::Kind::current;
    input.amplitude = word == "steps" ? Value(1.0) : current("amplitude");
    if (word == "steps") input.profile = read_steps(field, currents);
    if (word == "sine") input.profile = read_sine(field);
  }
  if (const auto signal = field.find("signal")) {
    input.signal = signal->text("the name of a signal");
    if (const auto channel = field.find("channel"))
      input.channel = static_cast<std::uint32_t>(channel->whole(0, max_neurons));
    if (const auto peak = field.find("peak"))
      input.peak = peak->number({.low = 0, .high = infinity, .unit = {}, .above_low = true});
  }
  const Range times{.low = 0, .high = infinity, .unit = "ms"};
  if (const auto start = field.find("start")) input.start = start->number(times);
  if (const auto stop = field.find("stop")) {
    input.stop = stop->number(times);
    if (*input.stop <= input.start) {
      stop->reject(fmt::format("is not after start = {}", input.start), "a time after start (ms)");
    }
  }
  network().inputs.push_back(std::move(input));
}

void ExperimentReader::read_signal(const Field& field, const std::string& name) {
  const Names kinds = {"filtered_spikes", "steps", "pulses", "published", "task"};
  const std::string& word = field.need("kind", one_of(kinds)).word(kinds, {}, "kind of signal");
  SignalSpec signal;
  signal.name = name;
  Names keys = {"kind"};
  const auto allow = [&](const Names& more) { keys.insert(keys.end(), more.begin(), more.end()); };
  if (word != "published") allow({"baseline"});
  if (word == "filtered_spikes") allow({"source", "tau", "delay", "amplitude"});
  if (word == "steps") allow({"times", "values"});
  if (word == "pulses") allow({"times", "values", "tau"});
  if (word == "published") allow({"projection"});
  if (word == "task") allow({"width"});
  field.only(keys);
  if (const auto baseline = field.find("baseline")) signal.baseline = baseline->number(any_number);
  if (const auto tau = field.find("tau")) signal.tau = tau->number(any_time);
  if (word == "filtered_spikes") {
    signal.kind = SignalSpec::Kind::filtered_spikes;
    signal.source = read_selections(field.need("source", "a population such as \"reward\", or a list of them"));
    if (const auto delay = field.find("delay")) {
      signal.delay =
          read_value(*delay, any_time, {.count = {}, .each = "spike", .why_not = "a number or a distribution"});
      check_delay(*delay, signal.delay);
    }
    if (const auto amplitude = field.find("amplitude")) signal.amplitude = amplitude->number(any_number);
  } else if (word == "published") {
    signal.kind = SignalSpec::Kind::published;
    const char* const expected = "the name of a projection whose rule publishes a signal";
    signal.projection = field.need("projection", expected).text(expected);
  } else if (word == "task") {
    signal.kind = SignalSpec::Kind::task;
    if (const auto width = field.find("width")) signal.width = static_cast<std::uint32_t>(width->whole(1, max_neurons));
  } else {
    signal.pulses = word == "pulses";
    signal.times = read_table(field.need("times", "a list of times (ms)"), "a list of times (ms)");
    const Field values = field.need("values", "a list with one value, or one list of values, per time");
    if (values.is(TomlNode::Kind::list) && !values.node().items.empty()) {
      signal.width = 0;
      for (const TomlNode& item : values.node().items) {
        const std::vector<double>& row = values.at("", item).numbers("a list of numbers");
        if (signal.width == 0) signal.width = static_cast<std::uint32_t>(row.size());
        if (row.empty() || row.size() != signal.width)
          values.reject("has lists of different lengths", "one list per time, with one value per neuron each");
        signal.values.insert(signal.values.end(), row.begin(), row.end());
      }
    } else {
      signal.values = read_table(values, "a list with one value, or one list of values, per time");
      if (!signal.times.empty() && signal.values.size() % signal.times.size() == 0 && !signal.values.empty())
        signal.width = static_cast<std::uint32_t>(signal.values.size() / signal.times.size());
    }
  }
  network().signals.push_back(std::move(signal));
}

std::vector<double> ExperimentReader::read_table(const Field& field, const char* expected) {
  if (!field.is(TomlNode::Kind::table)) return field.numbers(expected);
  field.only({"file", "dataset"});
  return read_dataset(field);
}

Profile ExperimentReader::read_steps(const Field& field, const Range& values) const {
  Profile profile;
  profile.kind = Profile::Kind::steps;
  if (const auto shape = field.find("shape"); shape && shape->word({"steps", "ramps"}, {}, "shape") == "ramps")
    profile.kind = Profile::Kind::ramps;
  const char* const expected = "a list of times >= 0 (ms), each at least one tick later than the one before";
  const Field times = field.need("times", expected);
  profile.times = times.numbers(expected);
  if (profile.times.empty()) times.reject("is empty", expected);
  for (std::size_t i = 0; i < profile.times.size(); ++i) {
    const bool late = i == 0 ? profile.times[0] >= 0
                             : ms_to_tick_nearest(profile.times[i], experiment_.network.dt) >
                                   ms_to_tick_nearest(profile.times[i - 1], experiment_.network.dt);
    if (!late) times.reject(fmt::format("entry {} is {}", i, profile.times[i]), expected);
  }
  const Field list = field.need("values", "a list with one value per time");
  profile.values = list.numbers("a list with one value per time");
  check_entries(list, profile.values, values, {.count = profile.times.size(), .each = "time", .why_not = {}});
  if (const auto period = field.find("period")) {
    profile.period = period->number({.low = experiment_.network.dt, .high = infinity, .unit = "ms"});
    if (profile.times.back() >= profile.period)
      period->reject("is not longer than the last of times", fmt::format("more than {} (ms)", profile.times.back()));
  }
  return profile;
}

Profile ExperimentReader::read_sine(const Field& field) {
  Profile profile;
  profile.kind = Profile::Kind::sine;
  const Range frequencies{.low = 0, .high = infinity, .unit = "Hz"};
  profile.frequency = field.need("frequency", frequencies.text()).number(frequencies);
  if (const auto phase = field.find("phase")) profile.phase = phase->number({.unit = "degrees"});
  return profile;
}

Profile ExperimentReader::read_rate_profile(const Field& field) const {
  field.need_table("{ times = [..], values = [..] } or { amplitude = .., frequency = .. }");
  if (!field.node().find("frequency")) {
    field.only({"times", "values", "shape", "period"});
    const Profile profile = read_steps(field, {.low = 0, .high = infinity, .unit = {}});
    if (!(profile.peak() > 0)) field.find("values")->reject("is never above 0", "a value > 0 among them");
    return profile;
  }
  field.only({"offset", "amplitude", "frequency", "phase"});
  Profile profile = read_sine(field);
  profile.offset = 1;
  if (const auto offset = field.find("offset")) profile.offset = offset->number();
  profile.amplitude = field.need("amplitude", "a number").number();
  if (!(profile.peak() > 0)) field.reject_table("is never above 0", "offset + amplitude > 0");
  return profile;
}

}  // namespace rheo::experiment_file
