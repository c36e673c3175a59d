#include "networks/synapses/port_weights.hpp"

#include <fmt/format.h>

#include <map>
#include <set>
#include <string_view>

#include "networks/synapses/builder.hpp"
#include "neurons/catalogue.hpp"

namespace rheo {

namespace {

// Weights >= 0 and weights < 0.
struct SignedRanges {
  WeightRange positive, negative;

  void add(double weight) { (weight < 0 ? negative : positive).add(weight); }
  void add(WeightRange range) {
    if (range.high >= 0) positive.add(WeightRange{std::max(range.low, 0.0), range.high});
    if (range.low < 0) negative.add(WeightRange{range.low, std::min(range.high, 0.0)});
  }
  WeightRange whole() const {
    WeightRange range = positive;
    range.add(negative);
    return range;
  }
};

SignedRanges described_ranges(const Value& value, const Pairs& pairs) {
  SignedRanges ranges;
  if (const auto* constant = std::get_if<double>(&value)) ranges.add(*constant);
  if (const auto* list = std::get_if<std::vector<double>>(&value))
    for (const double weight : *list) ranges.add(weight);
  if (const auto* const d = std::get_if<Distribution>(&value)) {
    const auto [low, high] = reach(*d, 4);
    ranges.add(WeightRange{low, high});
  }
  if (const auto* const by_pair = std::get_if<PairValue>(&value)) {
    const auto [low, high] = reach(*by_pair, pairs);
    ranges.add(WeightRange{low, high});
  }
  return ranges;
}

const ModelInfo& model_of(const NetworkSpec& spec, std::size_t population) {
  return *find_neuron_model(spec.populations[population].model);
}

const char* sign_of(const WeightRange& range, const PortInfo& port, bool inhibitory_port) {
  if (range.low == 0 && range.high == 0) return "zero";
  if (port.conductance) return inhibitory_port ? "inhibitory" : "excitatory";
  return range.low >= 0 ? "excitatory" : range.high <= 0 ? "inhibitory" : "both";
}

bool has_inhibitory_conductance(const ModelInfo& model) {
  return model.ports.size() > 2 && model.ports[1].conductance;
}

bool inhibits(const PortWeights& weights) {
  return weights.sign == "inhibitory" || weights.sign == "both";
}

// A current of inhibition is negative at the port "in", too; a positive one there excites with the other time constant.
// Of a conductance the magnitude counts, so that a positive one is right.
void warn_of_port(const std::map<std::string_view, const ModelInfo*>& models, const std::string& key,
                  const std::string& port, const Value& weight, const std::vector<Selection>& targets,
                  std::vector<Complaint>& to) {
  const WeightRange range = described_range(weight);
  if (port.empty() || !(range.high > 0)) return;
  for (const Selection& target : targets) {
    const ModelInfo& model = *models.at(target.population);
    if (model.ports.size() < 3 || model.ports[1].name != port || model.ports[1].conductance) continue;
    to.push_back({.key = key + ".weight",
                  .value = range.low == range.high ? fmt::format("{:.6g}", range.low)
                                                   : fmt::format("{:.6g} to {:.6g}", range.low, range.high),
                  .problem = fmt::format("positive at the port \"{}\" of {}: this current excites {}", port, model.name,
                                         target.population),
                  .expected = "a negative weight for inhibition"});
    return;
  }
}

}  // namespace

WeightRange described_range(const Value& weight, const Pairs& pairs) {
  return described_ranges(weight, pairs).whole();
}

std::vector<PortWeights> port_weights(const NetworkSpec& spec, const ProjectionPlan& plan, const WeightRange& first,
                                      const WeightRange& second) {
  std::vector<PortWeights> all;
  const auto add = [&](const TargetRange& target, std::uint32_t index, const WeightRange& range) {
    if (range.empty()) return;
    const PortInfo& port = model_of(spec, target.population).ports[index];
    auto place = std::find_if(all.begin(), all.end(),
                              [&](const PortWeights& w) { return w.port == port.name && w.unit == port.unit; });
    if (place == all.end()) place = all.insert(place, {port.name, port.unit, {}, {}});
    place->range.add(range);
    place->sign = sign_of(place->range, port, index == 1);
  };
  for (const TargetRange& target : plan.targets) {
    add(target, target.port_positive, first);
    add(target, target.port_negative, second);
  }
  return all;
}

std::vector<PortWeights> described_weights(const NetworkSpec& spec, const ProjectionPlan& plan) {
  SignedRanges ranges = described_ranges(plan.spec->weight, plan.pairs);
  if (plan.plastic)
    ranges = plan.plastic->inhibitory ? SignedRanges{{}, ranges.whole()} : SignedRanges{ranges.whole(), {}};
  WeightRange& negative = ranges.negative;
  if (plan.conductance && !negative.empty()) negative = {-negative.high, -negative.low};
  return port_weights(spec, plan, ranges.positive, negative);
}

std::vector<Complaint> misleading_signs(const NetworkSpec& spec, std::span<const ProjectionPlan* const> plans) {
  std::vector<Complaint> warnings;
  std::vector<std::vector<const ProjectionPlan*>> onto(spec.populations.size());  // each once, as declared
  for (const ProjectionPlan* plan : plans)
    for (const TargetRange& target : plan->targets)
      if (std::vector<const ProjectionPlan*>& here = onto[target.population]; here.empty() || here.back() != plan)
        here.push_back(plan);
  for (std::size_t p = 0; p < spec.populations.size(); ++p) {
    const ModelInfo& model = model_of(spec, p);
    if (!has_inhibitory_conductance(model)) continue;
    const std::string& name = spec.populations[p].name;
    std::set<std::string> sources;
    std::vector<std::string> names;
    std::set<std::pair<double, double>> kinds;
    bool inhibited = false;
    for (const ProjectionPlan* plan : onto[p]) {
      names.push_back(plan->spec->name);
      for (const Selection& source : plan->spec->source) sources.insert(source.population);
      const std::vector<PortWeights> weights = described_weights(spec, *plan);
      inhibited = inhibited || std::any_of(weights.begin(), weights.end(), inhibits);
      for (const PortWeights& one : weights) kinds.emplace(one.range.low, one.range.high);
    }
    // Populations with the same weights that hear nothing back are parts of one input.
    const bool one_kind = kinds.size() < 2 && sources.count(name) == 0;
    if (inhibited || sources.size() < 2 || one_kind) continue;
    warnings.push_back({.key = "populations." + name,
                        .problem = fmt::format("{} populations project to it, and all of them excite it ({})",
                                               sources.size(), fmt::join(names, ", ")),
                        .expected = fmt::format("a weight < 0, or port = \"{}\", where the conductance of {} inhibits",
                                                model.ports[1].name, model.name)});
  }
  std::map<std::string_view, const ModelInfo*> models;
  for (std::size_t p = 0; p < spec.populations.size(); ++p)
    models.emplace(spec.populations[p].name, &model_of(spec, p));
  for (const ProjectionSpec& projection : spec.projections)
    warn_of_port(models, "projections." + projection.name, projection.port, projection.weight, projection.target,
                 warnings);
  for (const InputSpec& input : spec.inputs)
    if (const Value* const weight = input.kind->weight(); weight != nullptr)
      warn_of_port(models, "inputs." + input.name, input.kind->port(), *weight, input.target, warnings);
  return warnings;
}

}  // namespace rheo
