#include "neurons/catalogue.hpp"

#include <algorithm>

#include "core/diagnostics.hpp"
#include "neurons/models/table.hpp"

namespace rheo {

namespace {

FieldInfo info_of(const ModelField& f) {
  return {f.name, f.unit, f.initial, f.low, f.high, f.meaning};
}

ModelInfo describe_model(const ModelTable& model) {
  ModelInfo info;
  info.name = model.name;
  info.summary = model.summary;
  std::vector<double> defaults, state(model.columns);
  for (std::uint32_t i = 0; i < model.params; ++i) {
    info.params.push_back(info_of(model.param[i]));
    defaults.push_back(model.param[i].initial);
  }
  model.double_precision.initial(defaults.data(), model.V_start(defaults.data()), state.data());
  for (std::uint32_t c = 0; c < model.columns; ++c) {
    info.columns.push_back(info_of(model.column[c]));
    info.columns.back().initial = state[c];
  }
  for (std::uint32_t o = 0; o < model.options; ++o) {
    OptionInfo option{model.option[o].name, {}, model.option[o].meaning};
    for (const char* choice : model.option[o].choices)
      if (choice != nullptr) option.choices.emplace_back(choice);
    info.options.push_back(std::move(option));
  }
  for (std::uint32_t p = 0; p < model.ports; ++p)
    info.ports.push_back({model.port[p].name, model.port[p].unit, model.port[p].conductance != 0});
  info.linear = model.linear != 0;
  info.spikes = model.spikes != 0;
  if (model.value != nullptr) info.value = model.value;
  info.equation = model.equation;
  info.numerics = model.numerics;
  info.source = model.source;
  return info;
}

std::vector<ModelInfo> describe_all() {
  std::vector<ModelInfo> infos;
  const ModelList list = built_in_models();
  for (std::size_t i = 0; i < list.count; ++i) {
    ModelInfo info = describe_model(list.models[i]);
    if (infos.empty() || infos.back().name != info.name) {
      infos.push_back(std::move(info));
      continue;
    }
    // Another variant of the same model may have columns of its own.
    auto& known = infos.back().columns;
    for (FieldInfo& column : info.columns)
      if (std::none_of(known.begin(), known.end(), [&](const FieldInfo& c) { return c.name == column.name; }))
        known.push_back(std::move(column));
  }
  ModelInfo spike_source;
  spike_source.name = "spike_source";
  spike_source.summary = "spikes at given times, from the file or a list";
  infos.push_back(std::move(spike_source));
  return infos;
}

}  // namespace

const std::vector<ModelInfo>& neuron_models() {
  static const std::vector<ModelInfo> infos = describe_all();
  return infos;
}

const ModelInfo* find_neuron_model(const std::string& name) {
  const auto& infos = neuron_models();
  const auto found = std::find_if(infos.begin(), infos.end(), [&](const ModelInfo& info) { return info.name == name; });
  return found == infos.end() ? nullptr : &*found;
}

const ModelInfo& neuron_model(const std::string& name) {
  if (const ModelInfo* const model = find_neuron_model(name)) return *model;
  reject_unknown({}, name, "unknown model", names_in(neuron_models()));
}

}  // namespace rheo
