// Selections of neurons, as "E[0:100]", and what a projection or input says about its targets.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "io/experiment/reader.hpp"

namespace rheo::experiment_file {

namespace {

std::uint64_t selected(const Selection& selection, const PopulationSpec& population) {
  const std::uint64_t end = selection.end.value_or(population.size);
  return end <= selection.begin ? 0 : (end - selection.begin + selection.step - 1) / selection.step;
}

// The first neuron of a population that both select.
std::optional<std::uint64_t> first_in_both(const Selection& a, const Selection& b, std::uint32_t size) {
  const Selection &coarse = a.step >= b.step ? a : b, &fine = a.step >= b.step ? b : a;
  const std::uint64_t end = std::min(coarse.end.value_or(size), fine.end.value_or(size));
  std::uint64_t neuron = coarse.begin;
  if (fine.begin > neuron) neuron += (fine.begin - neuron + coarse.step - 1) / coarse.step * coarse.step;
  // Where the coarse ones stand between the fine ones repeats after fine.step of them.
  for (std::uint64_t k = 0; k < fine.step && neuron < end; ++k, neuron += coarse.step)
    if ((neuron - fine.begin) % fine.step == 0) return neuron;
  return std::nullopt;
}

}  // namespace

const PopulationSpec* ExperimentReader::find_population(const std::string& name) const {
  const std::vector<PopulationSpec>& all = experiment_.network.populations;
  for (std::size_t i = index_.size(); i < all.size(); ++i) index_.emplace(all[i].name, i);
  const auto found = index_.find(name);
  return found == index_.end() ? nullptr : &all[found->second];
}

Selection ExperimentReader::read_selection(const Field& field) const {
  const std::string& text = field.text("a population such as \"E\" or \"E[0:100]\"");
  Selection selection;
  try {
    selection = parse_selection(text);
  } catch (const ExperimentError& error) {
    field.reject(error.complaint().problem, error.complaint().expected);
  }
  const PopulationSpec* population = find_population(selection.population);
  if (!population) {
    Names names;
    for (const PopulationSpec& known : experiment_.network.populations) names.push_back(known.name);
    field.reject("unknown population", one_of(names), nearest(selection.population, names));
  }
  if (selection.end && *selection.end > population->size) {
    field.reject(fmt::format("ends at {}, and {} has {} neurons", *selection.end, population->name, population->size),
                 fmt::format("an end <= {}", population->size));
  }
  if (selected(selection, *population) == 0) {
    field.reject(fmt::format("selects none of the {} neurons of {}", population->size, population->name));
  }
  return selection;
}

std::vector<Selection> ExperimentReader::read_selections(const Field& field) const {
  std::vector<Selection> selections;
  if (field.is(TomlNode::Kind::text)) {
    selections.push_back(read_selection(field));
    return selections;
  }
  if (!field.is(TomlNode::Kind::list)) field.reject_kind("a population such as \"E\", or a list of them");
  if (field.node().items.empty()) field.reject("is empty", "at least one population");
  std::map<std::string, std::vector<Selection>> taken;
  for (const TomlNode& item : field.node().items) {
    const Selection selection = read_selection({item, field.key()});
    const PopulationSpec& population = *find_population(selection.population);
    std::vector<Selection>& others = taken[selection.population];
    for (const Selection& other : others)
      if (const auto both = first_in_both(selection, other, population.size))
        field.reject(fmt::format("selects neuron {} of {} twice", *both, population.name));
    others.push_back(selection);
    selections.push_back(selection);
  }
  return selections;
}

std::uint64_t ExperimentReader::count(const std::vector<Selection>& selections) const {
  std::uint64_t sum = 0;
  for (const Selection& selection : selections) sum += selected(selection, *find_population(selection.population));
  return sum;
}

const ModelInfo& ExperimentReader::model_of(const Selection& selection) const {
  return *find_neuron_model(find_population(selection.population)->model);
}

std::vector<Selection> ExperimentReader::read_targets(const Field& field) const {
  std::vector<Selection> targets = read_selections(field);
  for (const Selection& target : targets) {
    if (model_of(target).ports.empty()) {
      field.reject(fmt::format("{} is a {}, to which nothing can be sent", target.population, model_of(target).name));
    }
  }
  return targets;
}

std::string ExperimentReader::read_port(const Field& field, const std::vector<Selection>& targets) const {
  const std::string& port = field.text("the name of a port");
  for (const Selection& target : targets) {
    Names names;
    for (const PortInfo& info : model_of(target).ports) names.push_back(info.name);
    if (!contains(names, port)) {
      field.reject(fmt::format("unknown port of {}", model_of(target).name), one_of(names), nearest(port, names));
    }
  }
  return port;
}

}  // namespace rheo::experiment_file

namespace rheo {

namespace {

[[noreturn]] void reject_selection(const std::string& text, std::string problem) {
  throw ExperimentError({.value = '"' + text + '"',
                         .problem = std::move(problem),
                         .expected = "\"E\", \"E[begin:end]\" or \"E[begin:end:step]\""});
}

}  // namespace

Selection parse_selection(const std::string& text) {
  Selection selection;
  const std::size_t bracket = text.find('[');
  selection.population = text.substr(0, bracket);
  if (bracket == std::string::npos) {
    if (!experiment_file::is_name(text)) reject_selection(text, "is no population");
    return selection;
  }
  if (!experiment_file::is_name(selection.population) || text.back() != ']')
    reject_selection(text, "is no population and no part of one");

  // Up to three numbers between colons, each of which may be left out.
  const std::string inner = text.substr(bracket + 1, text.size() - bracket - 2);
  std::vector<std::optional<std::uint32_t>> parts(1);
  for (std::size_t i = 0; i < inner.size();) {
    if (inner[i] == ':') {
      parts.emplace_back();
      ++i;
      continue;
    }
    std::uint32_t number = 0;
    const auto [rest, error] = std::from_chars(inner.data() + i, inner.data() + inner.size(), number);
    const bool out_of_range = error == std::errc::result_out_of_range;
    if (out_of_range) reject_selection(text, "holds a number that is too large");
    if (error != std::errc() || parts.back()) reject_selection(text, "is no slice");
    parts.back() = number;
    i = static_cast<std::size_t>(rest - inner.data());
  }
  if (parts.size() < 2 || parts.size() > 3) reject_selection(text, "is no slice");
  selection.begin = parts[0].value_or(0);
  selection.end = parts[1];
  if (parts.size() == 3) selection.step = parts[2].value_or(1);
  if (selection.step == 0) reject_selection(text, "has a step of 0");
  return selection;
}

}  // namespace rheo
