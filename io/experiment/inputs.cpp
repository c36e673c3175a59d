// [inputs.NAME] and [signals.NAME].
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "core/time.hpp"
#include "io/experiment/reader.hpp"
#include "networks/inputs/kinds.hpp"

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

void ExperimentReader::read_input(const Field& field, const std::string& name) {
  InputSpec input{.name = name};
  input.kind = Chosen<InputKind>(read_kind(field, input_kinds(), "kind of input"));
  std::vector<KindField> fields = input.kind->fields();
  Names keys = keys_of(fields);
  keys.insert(keys.begin(), {"kind", "target"});
  keys.insert(keys.end(), {"start", "stop"});
  field.only(keys);
  input.target = read_targets(field.need("target", "a population such as \"E\", or a list of them"));
  const Count each = per_neuron(count(input.target));
  for (KindField& one : fields)
    if (one.unit == input_fields::current_unit) one.unit = current_unit(input.target);
  read_fields(field, fields, each);
  for (const KindField& one : fields)
    if (const auto* const trains = std::get_if<std::shared_ptr<const SpikeTrains>*>(&one.member))
      **trains = read_trains(field, static_cast<std::uint32_t>(*each.count), true);
  const Range times{.low = 0, .high = infinity, .unit = "ms"};
  if (const auto start = field.find("start")) input.start = start->number(times);
  if (const auto stop = field.find("stop")) input.stop = stop->number(times);
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

}  // namespace rheo::experiment_file
