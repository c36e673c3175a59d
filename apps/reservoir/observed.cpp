#include "apps/reservoir/observed.hpp"

#include <utility>

#include "core/diagnostics.hpp"
#include "networks/description/selections.hpp"

namespace rheo {

std::vector<Observed> select_observed(const Experiment& experiment, const std::vector<Selection>& selections,
                                      const std::string& key) {
  const auto& populations = experiment.network.populations;
  std::vector<Selection> all = selections;
  if (all.empty())
    for (const PopulationSpec& population : populations)
      if (population.model != "spike_source") all.push_back({.population = population.name, .end = {}});
  std::vector<Observed> observed;
  try {
    const PopulationIndex index(populations);
    index.check_distinct(all, true);
    for (const Selection& selection : all) {
      const NeuronRange range = index.resolve(selection).second;
      Observed& part = observed.emplace_back();
      part.population = selection.population;
      for (std::uint32_t n = range.begin; n < range.end; n += range.step) part.neurons.push_back(n);
    }
  } catch (const BuildError& error) {
    Complaint complaint = error.complaint();
    complaint.key = key;
    throw ExperimentError(locate(std::move(complaint), experiment));
  }
  return observed;
}

ObservedNeurons::ObservedNeurons(const Experiment& experiment, const Simulation& simulation,
                                 const std::vector<Selection>& selections, const std::string& key) {
  const auto& populations = simulation.populations();
  for (Observed& observed : select_observed(experiment, selections, key)) {
    Part& part = parts_.emplace_back();
    while (populations[part.population].name != observed.population) ++part.population;
    for (const std::uint32_t n : observed.neurons) ids_.push_back(populations[part.population].first + n);
    part.neurons = std::move(observed.neurons);
  }
}

void ObservedNeurons::potentials(Simulation& simulation, std::span<double> to) const {
  std::size_t first = 0;
  for (const Part& part : parts_) {
    const PopulationBlock& block = simulation.population(part.population);
    if (const auto column = block.find_column("V_m"))
      block.read(*column, simulation.now(), part.neurons, to.data() + first);
    first += part.neurons.size();
  }
}

}  // namespace rheo
