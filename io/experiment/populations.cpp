// [populations.NAME].
#include <fmt/format.h>

#include <algorithm>

#include "io/experiment/reader.hpp"

namespace rheo::experiment_file {

void ExperimentReader::read_populations() {
  const Field populations = root_.need("populations", "at least one table [populations.NAME]");
  populations.need_table();
  if (populations.node().entries.empty()) populations.reject("is empty", "at least one table [populations.NAME]");
  read_section(populations);
}

PopulationSpec::Update ExperimentReader::read_update(const Field& field) {
  const std::string& word = field.word({"auto", "tick", "event"}, {}, "update");
  if (word == "auto") return PopulationSpec::Update::automatic;
  return word == "tick" ? PopulationSpec::Update::tick : PopulationSpec::Update::event;
}

PopulationSpec ExperimentReader::read_population(const Field& field, const std::string& name) {
  field.only({"model", "size", "like", "params", "initial", "positions", "update"}, {"plasticity"});
  PopulationSpec population;
  const auto like = field.find("like");
  population.update = update_;
  if (like) population = find_like(*like, name);
  population.name = name;
  population.positions = {};
  const auto update = field.find("update");
  if (update) population.update = read_update(*update);

  if (like) {
    if (const auto model = field.find("model"); model && model->text("a model") != population.model) {
      model->reject(fmt::format("differs from the model of \"{}\", {}", like->node().text, population.model),
                    "either like or another model");
    }
  } else {
    const Field model = field.need("model", "the name of a model (rheo models lists them) or like = \"..\"");
    population.model = model.text("the name of a model");
    within(model.key(), [&] { neuron_model(population.model); });
  }
  population.size = static_cast<std::uint32_t>(
      field.need("size", fmt::format("a whole number from 1 to {}", max_neurons)).whole(1, max_neurons));

  const ModelInfo& model = *find_neuron_model(population.model);
  if (const auto params = field.find("params")) read_params(*params, model, population);
  if (const auto initial = field.find("initial")) {
    initial->need_table("a table of initial values");
    for (const auto& [key, node] : initial->node().entries)
      population.initial[key] = read_number(initial->at(key, node), model.columns, population.size);
  }
  if (const auto positions = field.find("positions"))
    population.positions = read_positions(*positions, population.size);
  if (update && is_source(population)) update->reject("has no meaning for a spike_source", "no update");
  if (is_source(population) && !population.trains) {
    field.need("params", "times = [[..], ..] or file = \"..\" (spike times in ms)");
    throw ExperimentError({.file = field.find("params")->node().place(),
                           .key = field.key() + ".params",
                           .problem = "has no spike times",
                           .expected = "times = [[..], ..] or file = \"..\" (spike times in ms)"});
  }
  return population;
}

void ExperimentReader::change_params(const Field& field, const std::string& name) {
  const auto population = std::ranges::find(network().populations, name, &PopulationSpec::name);
  if (population == network().populations.end())
    reject_unknown("populations", name, "unknown population", names_in(network().populations), "a population");
  PopulationSpec changed = *population;
  read_params(field, *find_neuron_model(changed.model), changed);
  if (changed.options != population->options || changed.trains != population->trains)
    field.reject_table("changes more than numbers", "parameters that are numbers");
  *population = std::move(changed);
}

const PopulationSpec& ExperimentReader::find_like(const Field& like, const std::string& name) {
  const std::string& base = like.text("the name of a population declared before");
  if (const PopulationSpec* known = index_.find(base)) return *known;
  const Names names = names_in(network().populations);
  if (base == name) like.reject("is the population itself", "the name of a population declared before");
  if (const auto all = root_.find("populations"); all && all->node().find(base)) {
    like.reject(fmt::format("\"{}\" is declared later", base), "a population declared before");
  }
  like.reject("unknown population", names.empty() ? "a population declared before" : one_of(names),
              nearest(base, names));
}

Value ExperimentReader::read_number(const Field& field, const std::vector<FieldInfo>& known, std::uint32_t size) {
  const auto info = std::ranges::find(known, field.key().substr(field.key().rfind('.') + 1), &FieldInfo::name);
  return read_value(field, info == known.end() ? "a number" : expected_text(*info), per_neuron(size));
}

void ExperimentReader::read_params(const Field& params, const ModelInfo& model, PopulationSpec& population) {
  params.need_table("a table of parameters");
  if (is_source(population)) {
    params.only(spike_keys, {}, "unknown parameter of spike_source");
    if (auto trains = read_trains(params, population.size, false)) population.trains = std::move(trains);
    return;
  }
  for (const auto& [name, node] : params.node().entries) {
    const Field field = params.at(name, node);
    const auto option = std::ranges::find(model.options, name, &OptionInfo::name);
    const bool is_param = std::ranges::find(model.params, name, &FieldInfo::name) != model.params.end();
    if (option != model.options.end())
      population.options[name] = field.text(one_of(option->choices));
    else if (field.is(TomlNode::Kind::text) && !is_param)
      population.options[name] = field.node().text;
    else
      population.params[name] = read_number(field, model.params, population.size);
  }
}

}  // namespace rheo::experiment_file
