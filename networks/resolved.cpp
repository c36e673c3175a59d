#include "networks/resolved.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <optional>
#include <string>
#include <tuple>
#include <utility>

#include "core/diagnostics.hpp"
#include "networks/connect/distance.hpp"
#include "networks/description/positions.hpp"
#include "networks/plastic/plan.hpp"

namespace rheo {

namespace {

// Where the neurons of some selections are, by their number in the projection.
std::function<Point(std::uint32_t)> places_of(const NetworkSpec& spec, const CheckedSpec& plan,
                                              const std::vector<Selection>& selections, const std::string& key) {
  struct Range {
    Places places;
    NeuronRange neurons;
    std::uint32_t first;
  };
  std::vector<Range> ranges;
  std::uint32_t first = 0;
  for (const Selection& selection : selections) {
    const auto [population, range] = plan.resolve(selection, key);
    ranges.push_back({Places(spec.populations[population], spec.seed), range, first});
    first += range.count();
  }
  return [ranges](std::uint32_t index) {
    const Range& range = range_of(ranges, index, &Range::first);
    return range.places.at(range.neurons.begin + (index - range.first) * range.neurons.step);
  };
}

// The key that asks for a distance, and what stands there.
std::optional<std::pair<std::string, std::string>> asks_for_places(const ProjectionSpec& projection) {
  if (projection.connect.as<Distance>() != nullptr) return {{".connect.rule", Distance::name}};
  if (projection.velocity > 0) return {{".velocity", fmt::format("{}", projection.velocity)}};
  if (needs_positions(projection.weight)) return {{".weight.by", "distance"}};
  if (needs_positions(projection.delay)) return {{".delay.by", "distance"}};
  return {};
}

// Both sides of a projection for which distance matters must be in the same space.
void place_ends(const NetworkSpec& spec, const CheckedSpec& plan, const ProjectionSpec& projection,
                const std::string& key, const std::string& because, const std::string& what, ConnectorEnds& ends) {
  Space space;
  for (const auto* side : {&projection.source, &projection.target})
    for (const Selection& selection : *side) {
      const PopulationSpec& population = spec.populations[plan.resolve(selection, key).first];
      if (!has_positions(population.positions))
        reject(because, what, population.name + " has no positions",
               "positions in [populations." + population.name + "]");
      const Space here = space_of(population.positions);
      if (space.dimensions == 0) space = here;
      if (here.dimensions != space.dimensions)
        reject(because, what, "source and target differ in dimensions", "all in 2, or all in 3");
      if (here.periodic != space.periodic || (here.periodic && (here.low != space.low || here.high != space.high)))
        reject(because, what, "source and target are not in the same periodic space",
               "one extent for all, or none periodic");
    }
  if (space.periodic)
    for (std::uint32_t i = 0; i < space.dimensions; ++i) ends.period[i] = space.high[i] - space.low[i];
  ends.source_at = places_of(spec, plan, projection.source, key + ".source");
  ends.target_at = places_of(spec, plan, projection.target, key + ".target");
}

// The distances of pairs.
void set_distances(const ConnectorEnds& ends, Pairs& pairs) {
  pairs.distance = [=](std::uint32_t source, std::uint32_t target) {
    return distance(ends.source_at(source), ends.target_at(target), ends.period);
  };
  Point low = ends.source_at(0), high = low;
  const auto include = [&](const Point& at) {
    for (std::size_t i = 0; i < 3; ++i) {
      low[i] = std::min(low[i], at[i]);
      high[i] = std::max(high[i], at[i]);
    }
  };
  for (std::uint32_t source = 0; source < ends.sources; ++source) include(ends.source_at(source));
  for (std::uint32_t target = 0; target < ends.targets; ++target) include(ends.target_at(target));
  for (std::size_t i = 0; i < 3; ++i)
    if (ends.period[i] > 0) high[i] = std::min(high[i], low[i] + ends.period[i] / 2);
  pairs.farthest = distance(low, high, {});
}

}  // namespace

ResolvedProjection resolve_projection(const NetworkSpec& spec, const CheckedSpec& plan,
                                      const ProjectionSpec& projection) {
  const std::string key = "projections." + projection.name;
  ResolvedProjection resolved;
  ProjectionPlan& p = resolved.plan;
  p.spec = &projection;
  p.seed = spec.seed;
  p.dt = spec.dt;
  p.precision = spec.precision;
  for (const Selection& selection : projection.source) {
    const auto [population, range] = plan.resolve(selection, key + ".source");
    const NeuronId first = plan.first(population);
    p.sources.push_back({{first + range.begin, first + range.end, range.step}, p.rows});
    p.rows += range.count();
  }
  std::ranges::sort(p.sources, {}, &SourceRange::first);
  for (const Selection& selection : projection.target) {
    const auto [population, range] = plan.resolve(selection, key + ".target");
    p.targets.push_back({population, plan.first(population), range.begin, range.end, range.step, resolved.targets,
                         plan.port(population, projection.port, false, key + ".target"),
                         plan.port(population, projection.port, true, key + ".target")});
    resolved.targets += range.count();
    p.conductance = plan.is_conductance(population, p.targets.back().port_positive);
    p.excitatory_only = p.conductance && p.targets.back().port_negative == 0;
  }
  const bool one_port = !p.conductance && std::all_of(p.targets.begin(), p.targets.end(), [](const TargetRange& range) {
    return range.port_positive == range.port_negative;
  });
  const bool meet = std::any_of(projection.source.begin(), projection.source.end(), [&](const Selection& source) {
    return std::any_of(projection.target.begin(), projection.target.end(),
                       [&](const Selection& target) { return source.population == target.population; });
  });
  ConnectorEnds ends{.sources = p.rows, .targets = resolved.targets};
  if (meet)
    ends.self = [sources = p.sources, targets = p.targets](std::uint32_t target) {
      const TargetRange& range = range_of(targets, target, &TargetRange::first);
      return row_of(sources, range.population_first + range.begin + (target - range.first) * range.step);
    };
  if (const auto asks = asks_for_places(projection))
    place_ends(spec, plan, projection, key, key + asks->first, asks->second, ends);
  p.pairs.sources = ends.sources;
  p.pairs.targets = ends.targets;
  if (projection.velocity > 0 || needs_positions(projection.weight) || needs_positions(projection.delay))
    set_distances(ends, p.pairs);
  for (const auto& [name, value, allowed] :
       {std::tuple(".weight", &projection.weight, any_value), std::tuple(".delay", &projection.delay, any_value)})
    if (const auto* const by_pair = std::get_if<PairValue>(value))
      within(key + name, [&, &range = allowed] { check_pairs(*by_pair, p.pairs, range); });
  p.plastic = within(key, [&] { return plan_plasticity(spec, projection, p.pairs, one_port); });
  if (p.plastic) p.plastic->conductance = p.conductance;
  resolved.connector = within(
      key, [&] { return make_connector(projection.connect, ends, random_key(spec.seed, projection.name, "connect")); });
  p.connector = resolved.connector.get();
  return resolved;
}

namespace {

// Whether the signal that an input reads is there, and has the numbers that it asks for.
void check_signal_of(const InputSpec& input, const CheckedSpec& plan, const std::vector<SignalPlan>& signals) {
  const std::string key = "inputs." + input.name, name = input.kind->signal();
  const auto& channel = *input.kind->find<std::optional<std::uint32_t>>("channel");
  const auto found =
      std::find_if(signals.begin(), signals.end(), [&](const SignalPlan& one) { return one.name == name; });
  if (found == signals.end()) {
    std::vector<std::string> all;
    for (const SignalPlan& one : signals) all.push_back(one.name);
    reject(key + ".signal", "\"" + name + "\"", "no such signal",
           all.empty() ? "a signal of [signals]" : "one of " + listed(all), nearest(name, all));
  }
  if (channel && *channel >= found->width)
    reject(key + ".channel", std::to_string(*channel), fmt::format("the signal has {} numbers", found->width),
           fmt::format("0 to {}", found->width - 1));
  const std::uint32_t targets = plan.ends_of(input).targets;
  if (!channel && found->width > 1 && found->width != targets)
    reject(key + ".signal", "\"" + name + "\"", fmt::format("has {} numbers", found->width),
           fmt::format("1, one for each of {} target neurons, or a channel", targets));
}

}  // namespace

std::vector<SignalPlan> plan_signals(const NetworkSpec& spec, const CheckedSpec& plan,
                                     const std::vector<ResolvedProjection>& projections) {
  std::vector<SignalPlan> plans;
  for (const SignalSpec& signal : spec.signals) {
    plans.push_back(signal.kind->plan(plan.ends_of(signal)));
    for (const ResolvedProjection& projection : projections)
      if (projection.plan.spec->name == signal.kind->projection()) plans.back().width = projection.plan.rows;
  }
  check_expressions(plans);
  // Whoever reads a signal of each source or target has as many.
  for (const ResolvedProjection& projection : projections) {
    const PlasticPlan* const plastic = projection.plan.plastic.get();
    if (plastic == nullptr) continue;
    for (std::size_t k = 0; k < plastic->signals.size(); ++k) {
      if (plastic->signals[k] == PlasticPlan::not_given) continue;
      const SignalPlan& signal = plans[plastic->signals[k]];
      using Scope = RuleSignal::Scope;
      const Scope scope = plastic->rule->signals[k].scope;
      const auto [width, of] = scope == Scope::per_target   ? std::pair(projection.targets, "each target neuron")
                               : scope == Scope::per_source ? std::pair(projection.plan.rows, "each source neuron")
                                                            : std::pair(1u, "all synapses");
      if (signal.width != width)
        reject("projections." + projection.plan.spec->name + ".plasticity.signals." + plastic->rule->signals[k].name,
               "\"" + signal.name + "\"", fmt::format("has {} numbers", signal.width),
               fmt::format("{}, one for {}", width, of));
    }
  }
  for (const InputSpec& input : spec.inputs)
    if (!input.kind->signal().empty()) check_signal_of(input, plan, plans);
  return plans;
}

}  // namespace rheo
