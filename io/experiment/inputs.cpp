// [inputs.NAME] and [signals.NAME].
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "core/time.hpp"
#include "io/experiment/reader.hpp"
#include "networks/inputs/kinds.hpp"
#include "networks/signals/kinds.hpp"

namespace rheo::experiment_file {

void ExperimentReader::read_times(const Field& field, InputSpec& input) {
  const std::string time = "a time >= 0 (ms)";
  if (const auto start = field.find("start")) input.start = start->number(time);
  if (const auto stop = field.find("stop")) input.stop = stop->number(time);
}

void ExperimentReader::read_input(const Field& field, const std::string& name) {
  InputSpec input{.name = name};
  input.kind = Chosen<InputKind>(read_kind(field, input_kinds(), "kind of input"));
  std::vector<KindField> fields = input.kind->fields();
  Names keys = keys_of(fields);
  keys.insert(keys.begin(), {"kind", "target"});
  keys.insert(keys.end(), {"start", "stop"});
  field.only(keys);
  input.target = read_selections(field.need("target", "a population such as \"E\", or a list of them"));
  const Count each = per_neuron(index_.count(input.target));
  set_current_unit(fields, current_unit(index_, input.target));
  read_fields(field, fields, each);
  for (const KindField& one : fields)
    if (const auto* const trains = std::get_if<std::shared_ptr<const SpikeTrains>*>(&one.member))
      **trains = read_trains(field, static_cast<std::uint32_t>(*each.count), true);
  read_times(field, input);
  network().inputs.push_back(std::move(input));
}

void ExperimentReader::change_input(const Field& field, const std::string& name) {
  const auto input = std::ranges::find(network().inputs, name, &InputSpec::name);
  if (input == network().inputs.end())
    reject_unknown("inputs", name, "unknown input", names_in(network().inputs), "an input");
  field.need_table();
  std::unique_ptr<InputKind> kind = input->kind->clone();
  std::vector<KindField> fields = kind->fields();
  // Where it goes stays, and so does what its trains are.
  std::erase_if(fields, [](const KindField& one) {
    return one.name == "port" || std::holds_alternative<std::shared_ptr<const SpikeTrains>*>(one.member) ||
           std::holds_alternative<KeyOfTrains*>(one.member);
  });
  for (KindField& one : fields) one.needed = false;
  set_current_unit(fields, current_unit(index_, input->target));
  Names keys = keys_of(fields);
  keys.insert(keys.end(), {"start", "stop"});
  field.only(keys);
  read_fields(field, fields, per_neuron(index_.count(input->target)));
  input->kind = Chosen<InputKind>(std::move(kind));
  read_times(field, *input);
}

void ExperimentReader::read_signal(const Field& field, const std::string& name) {
  SignalSpec signal{.name = name};
  signal.kind = Chosen<SignalKind>(read_kind(field, signal_kinds(), "kind of signal"));
  const std::vector<KindField> fields = signal.kind->fields();
  Names keys = keys_of(fields);
  keys.insert(keys.begin(), "kind");
  field.only(keys);
  read_fields(field, fields, {});
  network().signals.push_back(std::move(signal));
}

}  // namespace rheo::experiment_file
