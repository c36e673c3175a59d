#include "networks/populations.hpp"

#include <algorithm>
#include <limits>
#include <utility>

#include "core/diagnostics.hpp"
#include "core/time.hpp"
#include "networks/population_plan.hpp"
#include "networks/update.hpp"
#include "neurons/sources.hpp"

namespace rheo {

namespace {

std::unique_ptr<PopulationBlock> build_source(const NetworkSpec& spec, const PopulationSpec& population) {
  std::vector<SpikeSource::Event> events;
  if (population.trains) {
    const SpikeTrains& trains = *population.trains;
    for (std::uint32_t n = 0; n < population.size; ++n)
      for (std::size_t i = trains.begin[n]; i < trains.begin[n + 1]; ++i)
        events.push_back({ms_to_tick_ceil(trains.times[i], spec.dt), n});
  }
  return std::make_unique<SpikeSource>(population.name, population.size, std::move(events));
}

// The description of no more than the first `most` neurons.
PopulationSpec first_neurons(PopulationSpec population, std::uint32_t most) {
  if (population.size <= most) return population;
  population.size = most;
  for (auto* table : {&population.params, &population.initial})
    for (auto& [name, value] : *table)
      if (auto* list = std::get_if<std::vector<double>>(&value)) list->resize(most);
  return population;
}

}  // namespace

std::vector<PopulationPlan> plan_populations(const NetworkSpec& spec, const CheckedSpec& plan, Isa isa,
                                             std::span<const ProjectionPlan* const> projections, std::uint32_t most) {
  std::vector<PopulationPlan> plans;
  std::vector<PopulationActivity> activities(spec.populations.size());
  for (std::size_t i = 0; i < spec.populations.size(); ++i) {
    const PopulationSpec& population = spec.populations[i];
    plans.push_back(plan_population(spec, population.size > most ? first_neurons(population, most) : population,
                                    plan.model(i), isa));
    plans.back().with_current = plan.needs_current(i);
    plans.back().lasting_current = plan.has_lasting_current(i);
    if (!plan.model(i).ports.empty())
      activities[i].rests =
          within("populations." + spec.populations[i].name, [&] { return rests_by_itself(plans[i]); });
  }
  for (const InputSpec& input : spec.inputs)
    for (const Selection& target : input.target) {
      const auto [population, range] = plan.resolve(target, "inputs." + input.name + ".target");
      activities[population].driven += static_cast<double>(range.count()) / spec.populations[population].size;
    }
  const std::vector<bool> by_event = choose_updates(spec, activities, projections);
  for (std::size_t i = 0; i < plans.size(); ++i) plans[i].by_event = by_event[i];
  return plans;
}

std::vector<std::unique_ptr<PopulationBlock>> build_populations(const NetworkSpec& spec, const CheckedSpec& plan,
                                                                Isa isa,
                                                                std::span<const ProjectionPlan* const> projections) {
  constexpr std::uint32_t all = std::numeric_limits<std::uint32_t>::max();
  const std::vector<PopulationPlan> plans = plan_populations(spec, plan, isa, projections, all);
  std::vector<std::unique_ptr<PopulationBlock>> made;
  for (std::size_t i = 0; i < plans.size(); ++i) {
    made.push_back(plan.model(i).ports.empty()
                       ? build_source(spec, spec.populations[i])
                       : within("populations." + plans[i].name, [&] { return make_population(plans[i]); }));
  }
  return made;
}

}  // namespace rheo
