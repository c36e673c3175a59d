#include "networks/synapses/projection_plan.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "core/diagnostics.hpp"
#include "core/time.hpp"

namespace rheo {

std::vector<NeuronSet> ProjectionPlan::target_neurons() const {
  std::vector<NeuronSet> neurons;
  for (const TargetRange& range : targets)
    neurons.push_back({range.population_first + range.begin, range.population_first + range.end, range.step});
  return neurons;
}

double ProjectionPlan::magnitude(double weight) const {
  if (excitatory_only)
    reject("weight", fmt::format("{}", weight), "negative, at the excitatory port of a conductance",
           "weights >= 0, or no port, so that the sign chooses it");
  return -weight;
}

Tick longest_delay(const ProjectionPlan& plan) {
  const Value& delay = plan.spec->delay;
  double longest = 0;
  if (const auto* constant = std::get_if<double>(&delay)) longest = *constant;
  if (const auto* list = std::get_if<std::vector<double>>(&delay); list != nullptr && !list->empty())
    longest = *std::max_element(list->begin(), list->end());
  if (const auto* d = std::get_if<Distribution>(&delay)) longest = reach(*d).high;
  if (const auto* pairs = std::get_if<PairValue>(&delay)) longest = reach(*pairs, plan.pairs).high + plan.dt;
  return std::max<Tick>(1, ms_to_tick_nearest(longest + plan.longest_travel_time(), plan.dt));
}

}  // namespace rheo
