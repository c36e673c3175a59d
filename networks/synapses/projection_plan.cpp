#include "networks/synapses/projection_plan.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

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

double ProjectionPlan::weight_step() const {
  if (spec->weight_bits == 0 || has_one_weight()) return 0;
  double low = 0, high = 0;
  if (const auto* list = std::get_if<std::vector<double>>(&spec->weight); list != nullptr && !list->empty()) {
    const auto [least, largest] = std::ranges::minmax(*list);
    low = least;
    high = largest;
  }
  if (const auto* d = std::get_if<Distribution>(&spec->weight)) {
    low = reach(*d).low;
    high = reach(*d).high;
  }
  if (const auto* by_pair = std::get_if<PairValue>(&spec->weight)) {
    low = reach(*by_pair, pairs).low;
    high = reach(*by_pair, pairs).high;
  }
  const double largest = std::max(std::abs(low), std::abs(high));
  if (largest == 0) return 1;
  int exponent = 0;
  const double part = std::frexp(largest / most_steps, &exponent);
  return std::ldexp(1.0, part == 0.5 ? exponent - 1 : exponent);
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

double delays_of(const ProjectionPlan& plan) {
  double distinct = 1;
  if (const auto* d = std::get_if<Distribution>(&plan.spec->delay)) {
    const auto [low, high] = reach(*d, 2.5);
    distinct = std::min(rheo::distinct(*d), (high - low) / plan.dt + 1);
  } else if (std::holds_alternative<std::vector<double>>(plan.spec->delay)) {
    distinct = static_cast<double>(longest_delay(plan));
  }
  if (const auto* pairs = std::get_if<PairValue>(&plan.spec->delay)) {
    const auto [low, high] = reach(*pairs, plan.pairs);
    distinct = (high - low) / plan.dt + 1;
  }
  return distinct + plan.longest_travel_time() / plan.dt;
}

}  // namespace rheo
