#include "networks/resolved.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
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

// Both sides of a projection for which distance matters must be in the same space.
void place_ends(const NetworkSpec& spec, const CheckedSpec& plan, const ProjectionSpec& projection,
                const std::string& key, ConnectorEnds& ends) {
  const bool by_rule = projection.connect.as<Distance>() != nullptr;
  const std::string because = key + (by_rule ? ".connect.rule" : ".velocity");
  const std::string what = by_rule ? "distance" : fmt::format("{}", projection.velocity);
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

// The time that spikes take from place to place.
void set_travel_time(double velocity, const ConnectorEnds& ends, ProjectionPlan& plan) {
  plan.travel_time = [=](std::uint32_t source, std::uint32_t target) {
    return distance(ends.source_at(source), ends.target_at(target), ends.period) / velocity;
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
  plan.longest_travel_time = distance(low, high, {}) / velocity + plan.dt;  // a tick for what rounding may add
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
  p.plastic = within(key, [&] { return plan_plasticity(spec, projection, p.rows, resolved.targets, one_port); });
  if (p.plastic) p.plastic->conductance = p.conductance;
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
  if (projection.connect.as<Distance>() != nullptr || projection.velocity > 0)
    place_ends(spec, plan, projection, key, ends);
  if (projection.velocity > 0) set_travel_time(projection.velocity, ends, p);
  resolved.connector = within(
      key, [&] { return make_connector(projection.connect, ends, random_key(spec.seed, projection.name, "connect")); });
  p.connector = resolved.connector.get();
  return resolved;
}

namespace {

// Whether the signal that an input reads is there, and has the numbers that it asks for.
void check_signal_of(const InputSpec& input, const CheckedSpec& plan, const std::vector<SignalBoard::Plan>& signals) {
  const std::string key = "inputs." + input.name;
  const auto found = std::find_if(signals.begin(), signals.end(),
                                  [&](const SignalBoard::Plan& one) { return one.spec.name == input.signal; });
  if (found == signals.end()) {
    std::vector<std::string> all;
    for (const SignalBoard::Plan& one : signals) all.push_back(one.spec.name);
    reject(key + ".signal", "\"" + input.signal + "\"", "no such signal",
           all.empty() ? "a signal of [signals]" : "one of " + listed(all), nearest(input.signal, all));
  }
  if (input.channel && *input.channel >= found->width)
    reject(key + ".channel", std::to_string(*input.channel), fmt::format("the signal has {} numbers", found->width),
           fmt::format("0 to {}", found->width - 1));
  std::uint32_t targets = 0;
  for (const Selection& target : input.target) targets += plan.resolve(target, key + ".target").second.count();
  if (!input.channel && found->width > 1 && found->width != targets)
    reject(key + ".signal", "\"" + input.signal + "\"", fmt::format("has {} numbers", found->width),
           fmt::format("1, one for each of {} target neurons, or a channel", targets));
}

}  // namespace

std::vector<SignalBoard::Plan> plan_signals(const NetworkSpec& spec, const CheckedSpec& plan,
                                            const std::vector<ResolvedProjection>& projections) {
  std::vector<SignalBoard::Plan> plans;
  for (const SignalSpec& signal : spec.signals) {
    const std::string key = "signals." + signal.name;
    within(key, [&] { check_signal(spec, signal); });
    SignalBoard::Plan made{.spec = signal, .width = signal.width, .sources = {}};
    std::uint32_t rows = 0;
    if (signal.kind == SignalSpec::Kind::filtered_spikes) {
      made.width = 1;
      for (const Selection& selection : signal.source) {
        const auto [population, range] = plan.resolve(selection, key + ".source");
        const NeuronId first = plan.first(population);
        SourceRange source{{first + range.begin, first + range.end, range.step}, rows};
        made.sources.push_back(source);
        rows += range.count();
      }
      made.key = random_key(spec.seed, signal.name, "signal.delay");
    }
    for (const ResolvedProjection& projection : projections)
      if (signal.kind == SignalSpec::Kind::published && projection.plan.spec->name == signal.projection)
        made.width = projection.plan.rows;
    plans.push_back(std::move(made));
  }
  // Who reads what is published has as many sources as who publishes it.
  for (const ResolvedProjection& projection : projections) {
    const PlasticPlan* const plastic = projection.plan.plastic.get();
    if (plastic == nullptr) continue;
    for (std::size_t k = 0; k < plastic->signals.size(); ++k) {
      if (plastic->signals[k] == PlasticPlan::not_given) continue;
      const SignalBoard::Plan& signal = plans[plastic->signals[k]];
      if (signal.spec.kind == SignalSpec::Kind::published && signal.width != projection.plan.rows)
        reject("projections." + projection.plan.spec->name + ".plasticity.signals." + plastic->rule->signals[k].name,
               "\"" + signal.spec.name + "\"", fmt::format("has {} numbers", signal.width),
               fmt::format("{}, one for each source neuron", projection.plan.rows));
    }
  }
  for (const InputSpec& input : spec.inputs)
    if (!input.signal.empty()) check_signal_of(input, plan, plans);
  return plans;
}

}  // namespace rheo
