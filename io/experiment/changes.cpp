#include "io/experiment/changes.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "core/time.hpp"
#include "io/experiment/reader.hpp"
#include "networks/checked_spec.hpp"

namespace rheo {

namespace {

using experiment_file::ExperimentReader;
using experiment_file::Field;

struct WeightChange {
  std::size_t projection = 0;
  std::optional<std::vector<std::uint64_t>> synapses;  // nothing: all
  std::vector<double> weights;
};

std::vector<std::uint64_t> synapses_of(const Field& field) {
  std::vector<std::uint64_t> numbers;
  for (const double x : field.numbers("a list of numbers of synapses")) {
    if (!(x >= 0 && x < 9e15 && x == std::floor(x)))
      within(field.key(), [&] {
        reject(fmt::format("[{}]", numbers.size()), fmt::format("{}", x), "is no synapse", "a whole number >= 0");
      });
    numbers.push_back(static_cast<std::uint64_t>(x));
  }
  return numbers;
}

WeightChange weights_of(const Experiment& experiment, const std::string& name, const Field& settings) {
  const std::vector<ProjectionSpec>& projections = experiment.network.projections;
  const auto found = std::ranges::find(projections, name, &ProjectionSpec::name);
  if (found == projections.end())
    reject_unknown("projections", name, "unknown projection", names_in(projections), "a projection");
  settings.need_table();
  settings.only({"weight", "synapses"});
  WeightChange change{.projection = static_cast<std::size_t>(found - projections.begin())};
  const Field weight = settings.need("weight", "a number, or one for each synapse");
  const Value value = read_value(weight, "a number", {});
  if (const auto* const one = std::get_if<double>(&value))
    change.weights = {*one};
  else if (const auto* const each = std::get_if<std::vector<double>>(&value))
    change.weights = *each;
  else
    weight.reject_table("is drawn", "a number, or one for each synapse");
  if (const auto synapses = settings.find("synapses")) change.synapses = synapses_of(*synapses);
  if (change.synapses && change.weights.size() != 1)
    within(weight.key(), [&] { check_count(change.weights.size(), change.synapses->size(), "synapse"); });
  return change;
}

// network: to be changed, or to be asked; nullptr: none is built.
void change_both(Experiment& experiment, Network* network, const Change& change, bool only_asked) {
  const Field settings(change.settings, change.section + '.' + change.name);
  if (change.section == "projections") {
    const WeightChange weights = weights_of(experiment, change.name, settings);
    if (network == nullptr) return;
    only_asked ? network->check_weights(experiment.network, weights.projection, weights.synapses, weights.weights)
               : network->set_weights(experiment.network, weights.projection, weights.synapses, weights.weights);
    return;
  }
  ExperimentReader reader(experiment);
  NetworkSpec& changed = reader.experiment().network;
  if (change.section == "inputs") {
    reader.change_input(settings, change.name);
    const CheckedSpec judged(changed);
    if (network != nullptr && !only_asked) network->change_inputs(changed);
  } else {
    settings.need_table();
    settings.only({"params"});
    reader.change_params(settings.need("params", "a table of parameters"), change.name);
    const CheckedSpec judged(changed);
    const auto found = std::ranges::find(changed.populations, change.name, &PopulationSpec::name);
    const auto population = static_cast<std::size_t>(found - changed.populations.begin());
    if (network != nullptr)
      only_asked ? network->check_params(changed, population) : network->change_params(changed, population);
  }
  experiment = std::move(reader.experiment());
}

void change_as_written(Experiment& experiment, Network* network, const Change& change, bool only_asked) {
  try {
    change_both(experiment, network, change, only_asked);
  } catch (const BuildError& error) {
    Complaint complaint = error.complaint();
    complaint.file = change.settings.place();
    throw ExperimentError(std::move(complaint));
  }
}

}  // namespace

void change(Experiment& experiment, const Change& change) {
  change_as_written(experiment, nullptr, change, true);
}

void change(Experiment& experiment, Network& network, const Change& change, bool only_asked) {
  change_as_written(experiment, &network, change, only_asked);
}

std::string text_of(const Change& change, double dt) {
  const TomlNode* const params = change.settings.find("params");
  return fmt::format("{} ms: {}.{}{} {}", tick_to_ms(change.at, dt), change.section, change.name,
                     params != nullptr ? ".params" : "", (params != nullptr ? *params : change.settings).written());
}

namespace experiment_file {

void ExperimentReader::read_changes(const Field& changes) {
  if (!changes.is(TomlNode::Kind::list)) changes.reject_kind("tables [[changes]] with at");
  const double dt = network().dt;
  Experiment later = experiment_;
  Tick last = 0;
  for (std::size_t i = 0; i < changes.node().items.size(); ++i) {
    const Field table(changes.node().items[i], fmt::format("changes[{}]", i));
    table.need_table();
    table.only({"at", "inputs", "populations", "projections"});
    const Field at = table.need("at", "a time (ms)");
    const Tick tick = whole_ticks(at.number("a time (ms)"), dt, 0, at.key());
    if (tick < last) at.reject("is earlier than the one before", "changes in the order of time");
    if (tick >= experiment_.end())
      at.reject("is not before the end of the simulation",
                fmt::format("a time < {} (ms)", tick_to_ms(experiment_.end(), dt)));
    last = tick;
    if (table.node().entries.size() == 1)
      at.reject("is the time of no change", "inputs.NAME, populations.NAME.params or projections.NAME beside it");
    for (const auto& [section, tables] : table.node().entries) {
      if (section == "at") continue;
      table.at(section, tables).need_table();
      for (const auto& [name, settings] : tables.entries) {
        experiment_.changes.push_back({section, name, settings, tick});
        rheo::change(later, experiment_.changes.back());
      }
    }
  }
}

}  // namespace experiment_file

}  // namespace rheo
