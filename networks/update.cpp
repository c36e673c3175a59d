#include "networks/update.hpp"

#include <algorithm>

#include "networks/connect/connector.hpp"

namespace rheo {

namespace {

// Guesses of rates, in Hz: of neurons that something inputs to spike, and of those that only other neurons reach.
constexpr double driven_rate = 5, quiet_rate = 1;
// A visit costs about as much as so many neurons that advance in a row (examples/bench/sparse_1m.toml,
// docs/performance.md).
constexpr double neurons_per_visit = 64;
// Fewer neurons are swept from the cache in a few microseconds; not worth another kind of rounding.
constexpr std::uint32_t fewest_neurons_by_event = 10'000;

}  // namespace

std::vector<bool> choose_updates(const NetworkSpec& spec, const std::vector<PopulationActivity>& activities,
                                 std::span<const ProjectionPlan* const> projections) {
  const std::size_t populations = spec.populations.size();
  std::vector<NeuronId> end(populations);
  std::vector<double> visits(populations);  // per neuron and tick
  for (std::size_t p = 0; p < populations; ++p) {
    end[p] = (p == 0 ? 0 : end[p - 1]) + spec.populations[p].size;
    visits[p] = activities[p].driven;
  }
  const auto rate_of = [&](std::size_t p) {
    const PopulationActivity& activity = activities[p];
    if (!activity.rests) return driven_rate;
    return activity.driven * driven_rate + (1 - activity.driven) * quiet_rate;
  };
  for (const ProjectionPlan* plan : projections) {
    double rates = 0, targets = 0;
    for (const SourceRange& range : plan->sources) {
      const auto owner = std::upper_bound(end.begin(), end.end(), range.first);
      const double count = (range.end - range.first + range.step - 1) / range.step;
      rates += count * rate_of(static_cast<std::size_t>(owner - end.begin()));
    }
    const auto count_of = [](const TargetRange& t) { return double((t.end - t.begin + t.step - 1) / t.step); };
    for (const TargetRange& range : plan->targets) targets += count_of(range);
    if (plan->rows == 0 || targets == 0) continue;
    const double per_tick = plan->connector->expected_synapses() * rates / plan->rows * spec.dt / 1000;
    for (const TargetRange& range : plan->targets)
      visits[range.population] += per_tick * count_of(range) / targets / spec.populations[range.population].size;
  }
  std::vector<bool> has_values(populations);  // of those that send or get values, each tick counts
  const auto mark = [&](const std::vector<Selection>& ends) {
    for (const Selection& one : ends)
      for (std::size_t p = 0; p < populations; ++p)
        if (spec.populations[p].name == one.population) has_values[p] = true;
  };
  for (const ProjectionSpec& projection : spec.projections) {
    if (!projection.is_graded()) continue;
    mark(projection.source);
    mark(projection.target);
  }
  std::vector<bool> by_event(populations);
  for (std::size_t p = 0; p < populations; ++p) {
    const PopulationSpec& population = spec.populations[p];
    const bool pays = activities[p].rests && !has_values[p] && population.size >= fewest_neurons_by_event &&
                      visits[p] * neurons_per_visit < 1;
    by_event[p] = population.update == PopulationSpec::Update::event ||
                  (population.update == PopulationSpec::Update::automatic && pays);
  }
  return by_event;
}

}  // namespace rheo
