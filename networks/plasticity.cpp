#include "networks/plasticity.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "core/random.hpp"
#include "networks/complaints.hpp"
#include "networks/values.hpp"

namespace rheo {

namespace {

std::shared_ptr<const RuleLibrary> built_in_rules() {
  static const auto library = std::make_shared<const RuleLibrary>();
  return library;
}

template <class Named>
std::vector<std::string> names_of(const std::vector<Named>& all) {
  std::vector<std::string> names;
  for (const Named& one : all) names.push_back(one.name);
  return names;
}

// On which side of 0 weights are; the sign of a 0 counts.
bool below_zero(const Value& weight) {
  if (const auto* constant = std::get_if<double>(&weight)) return std::signbit(*constant);
  if (const auto* list = std::get_if<std::vector<double>>(&weight))
    return std::any_of(list->begin(), list->end(), [](double w) { return w < 0; });
  const auto& d = std::get<Distribution>(weight);
  if (d.kind == Distribution::Kind::uniform) return d.a + d.b < 0;
  if (d.kind == Distribution::Kind::normal) return d.a < 0;
  return d.kind == Distribution::Kind::choice && std::accumulate(d.choices.begin(), d.choices.end(), 0.0) < 0;
}

}  // namespace

std::shared_ptr<PlasticPlan> plan_plasticity(const NetworkSpec& network, const ProjectionSpec& projection,
                                             std::uint32_t targets) {
  const PlasticitySpec& spec = projection.plasticity;
  if (spec.rule.empty()) return nullptr;
  auto plan = std::make_shared<PlasticPlan>();
  plan->library = network.rules ? network.rules : built_in_rules();
  plan->rule = plan->library->find(spec.rule);
  if (plan->rule == nullptr) {
    const auto all = names_of(plan->library->rules());
    refuse("plasticity.rule", "\"" + spec.rule + "\"", "no such rule", fmt::format("one of {}", fmt::join(all, ", ")),
           nearest(spec.rule, all));
  }
  const Rule& rule = *plan->rule;
  for (const auto& [name, value] : spec.params)
    if (std::none_of(rule.params.begin(), rule.params.end(), [&, &n = name](const auto& p) { return p.name == n; })) {
      const auto all = names_of(rule.params);
      refuse("plasticity.params." + name, {}, "unknown parameter of " + rule.name,
             all.empty() ? "none" : fmt::format("one of {}", fmt::join(all, ", ")), nearest(name, all));
    }
  std::vector<double> first;
  for (const RuleParam& param : rule.params) {
    const std::string key = "plasticity.params." + param.name;
    const auto given = spec.params.find(param.name);
    const Value value = given == spec.params.end() ? Value(param.initial) : given->second;
    if (!is_constant(value) && !param.per_target)
      refuse(key, {}, param.name + " of " + rule.name + " is the same for all synapses", "a number");
    if (const auto* list = std::get_if<std::vector<double>>(&value); list != nullptr && list->size() != targets)
      refuse(key, fmt::format("a list of {}", list->size()), "wrong number of values",
             fmt::format("{} values, one for each target neuron", targets));
    std::vector<double> values = below(key, [&] {
      return per_item(value, targets, random_key(network.seed, projection.name, "plasticity.params." + param.name));
    });
    for (const double x : values)
      if (!(x >= param.low && x <= param.high))
        refuse(key, fmt::format("{}", x), "out of range",
               param.low > 0 && param.low < 1e-29 ? "a number > 0" : fmt::format("{} to {}", param.low, param.high));
    first.push_back(values.front());
    plan->params.push_back(std::move(values));
  }
  if (const std::string problem = rule.problem(first); !problem.empty()) refuse("plasticity.params", {}, problem);
  plan->inhibitory = below_zero(projection.weight);
  plan->eager = spec.eager;
  plan->isa = chosen_isa();
  plan->dt = network.dt;
  const rheo_rule_kernels& kernels = rule.kernels(plan->isa, Precision::double_);
  std::vector<std::byte> step(kernels.step_bytes);
  kernels.prepare(first.data(), plan->dt, step.data());
  double bounds[2];
  kernels.bounds(step.data(), bounds);
  plan->low = bounds[0];
  plan->high = bounds[1];
  return plan;
}

}  // namespace rheo
