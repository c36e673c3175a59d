// [populations.NAME].
#include <fmt/format.h>

#include <algorithm>

#include "io/experiment/reader.hpp"

namespace rheo::experiment_file {

void ExperimentReader::read_populations() {
  const Field populations = root_.need("populations", "at least one table [populations.NAME]");
  populations.need_table();
  if (populations.node().entries.empty()) populations.reject("is empty", "at least one table [populations.NAME]");
  std::uint64_t neurons = 0;
  each_named(populations, "a population", [&](const Field& field, const std::string& name) {
    network().populations.push_back(read_population(field, name));
    neurons += network().populations.back().size;
    if (neurons > max_neurons) {
      field.need("size", {})
          .reject(fmt::format("makes {} neurons in all", neurons), fmt::format("at most {}", max_neurons));
    }
  });
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
    if (!find_neuron_model(population.model)) {
      Names names;
      for (const ModelInfo& info : neuron_models()) names.push_back(info.name);
      model.reject("unknown model", one_of(names), nearest(population.model, names));
    }
  }
  population.size = static_cast<std::uint32_t>(
      field.need("size", fmt::format("a whole number from 1 to {}", max_neurons)).whole(1, max_neurons));

  const ModelInfo& model = *find_neuron_model(population.model);
  if (const auto params = field.find("params")) read_params(*params, model, population);
  if (const auto initial = field.find("initial")) read_initial(*initial, model, population);
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
  if (like) check_inherited(*like, population);
  return population;
}

const PopulationSpec& ExperimentReader::find_like(const Field& like, const std::string& name) {
  const std::string& base = like.text("the name of a population declared before");
  if (const PopulationSpec* known = find_population(base)) return *known;
  Names names;
  for (const PopulationSpec& known : network().populations) names.push_back(known.name);
  if (base == name) like.reject("is the population itself", "the name of a population declared before");
  if (root_.find("populations")->node().find(base)) {
    like.reject(fmt::format("\"{}\" is declared later", base), "a population declared before");
  }
  like.reject("unknown population", names.empty() ? "a population declared before" : one_of(names),
              nearest(base, names));
}

void ExperimentReader::check_inherited(const Field& like, const PopulationSpec& population) {
  const auto check = [&](const char* section, const std::map<std::string, Value>& values) {
    for (const auto& [key, value] : values) {
      const auto* list = std::get_if<std::vector<double>>(&value);
      if (!list || list->size() == population.size) continue;
      like.reject(
          fmt::format("{}.{} has {} entries there and {} neurons here", section, key, list->size(), population.size));
    }
  };
  check("params", population.params);
  check("initial", population.initial);
  if (population.trains && population.trains->begin.size() != std::size_t{population.size} + 1) {
    like.reject(fmt::format("the spike trains there are for {} neurons, and {} are here",
                            population.trains->begin.size() - 1, population.size));
  }
}

void ExperimentReader::read_params(const Field& params, const ModelInfo& model, PopulationSpec& population) {
  params.need_table("a table of parameters");
  Names known;
  for (const FieldInfo& info : model.params) known.push_back(info.name);
  for (const OptionInfo& info : model.options) known.push_back(info.name);
  if (is_source(population)) {
    for (const std::string& name : spike_keys)
      if (!contains(known, name)) known.push_back(name);
  }
  params.only(known, {}, fmt::format("unknown parameter of {}", model.name).c_str());

  for (const FieldInfo& info : model.params) {
    const auto field = params.find(info.name);
    if (!field || (is_source(population) && contains(spike_keys, info.name))) continue;
    population.params[info.name] =
        read_value(*field, {.low = info.low, .high = info.high, .unit = info.unit}, per_neuron(population.size));
  }
  for (const OptionInfo& info : model.options) {
    if (const auto field = params.find(info.name))
      population.options[info.name] = field->word(info.choices, {}, "choice");
  }
  if (is_source(population))
    if (auto trains = read_trains(params, population.size, false)) population.trains = std::move(trains);
}

void ExperimentReader::read_initial(const Field& initial, const ModelInfo& model, PopulationSpec& population) {
  initial.need_table("a table of initial values");
  Names known;
  for (const FieldInfo& info : model.columns) known.push_back(info.name);
  initial.only(known, {}, fmt::format("unknown state of {}", model.name).c_str());
  for (const FieldInfo& info : model.columns) {
    const auto field = initial.find(info.name);
    if (!field) continue;
    population.initial[info.name] =
        read_value(*field, {.low = info.low, .high = info.high, .unit = info.unit}, per_neuron(population.size));
  }
}

}  // namespace rheo::experiment_file
