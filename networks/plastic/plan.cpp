#include "networks/plastic/plan.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>

#include "core/diagnostics.hpp"
#include "core/random.hpp"
#include "core/time.hpp"
#include "networks/description/values.hpp"
#include "networks/synapses/port_weights.hpp"

namespace rheo {

namespace {

std::shared_ptr<const RuleLibrary> built_in_rules() {
  static const auto library = std::make_shared<const RuleLibrary>();
  return library;
}

// On which side of 0 weights are; the sign of a 0 counts.
bool below_zero(const Value& weight, const Pairs& pairs) {
  if (const auto* constant = std::get_if<double>(&weight)) return std::signbit(*constant);
  if (const auto* list = std::get_if<std::vector<double>>(&weight))
    return std::any_of(list->begin(), list->end(), [](double w) { return w < 0; });
  if (std::holds_alternative<PairValue>(weight)) {
    const WeightRange range = described_range(weight, pairs);
    return range.low < 0 && range.high <= 0;
  }
  return mean_of(weight) < 0;
}

// The longest time constant of what sources, targets and synapses keep (ms).
double longest_tau(const Rule& rule, const std::vector<double>& params) {
  double longest = 0;
  const auto include = [&](bool decays, std::size_t param) {
    if (decays) longest = std::max(longest, params[param]);
  };
  for (const auto* traces : {&rule.pre, &rule.post})
    for (const RuleTrace& trace : *traces) include(trace.kind == RuleTrace::Kind::decays, trace.param);
  for (const RuleColumn& column : rule.columns) include(column.decays, column.param);
  return longest;
}

// Signals of the rule: by what the projection says, else those of the same name.
void bind_signals(const NetworkSpec& network, const ProjectionSpec& projection, const Rule& rule, PlasticPlan& plan) {
  const std::vector<std::string> all = names_in(network.signals), own = names_in(rule.signals);
  for (const auto& [name, given] : projection.plasticity.signals)
    if (std::find(own.begin(), own.end(), name) == own.end())
      reject("plasticity.signals." + name, "\"" + given + "\"", "unknown signal of " + rule.name,
             own.empty() ? "none: the rule reads no signals" : one_of(own), nearest(name, own));
  for (std::size_t i = 0; i < rule.signals.size(); ++i) {
    const RuleSignal& wanted = rule.signals[i];
    const std::string key = "plasticity.signals." + wanted.name;
    const auto given = projection.plasticity.signals.find(wanted.name);
    const std::string name = given == projection.plasticity.signals.end() ? wanted.name : given->second;
    const auto found = std::find(all.begin(), all.end(), name);
    plan.signals.push_back(found == all.end() ? PlasticPlan::not_given : static_cast<std::size_t>(found - all.begin()));
    plan.constant.push_back(found == all.end() ? wanted.initial
                                               : network.signals[plan.signals.back()].kind->constant());
    if (found == all.end()) {
      if (given != projection.plasticity.signals.end())
        reject_unknown(key, name, "no such signal", all, "a signal of [signals]");
      if (i == 0 && !rule.interval)
        reject(key, {}, "missing: " + rule.name + " learns by it",
               "the name of a signal of [signals], or one that is called " + wanted.name);
      continue;
    }
    // How many numbers it has is judged where all signals are known.
    if (network.signals[plan.signals.back()].kind->projection().empty()) continue;
    if (wanted.scope == RuleSignal::Scope::per_target)
      reject(key, "\"" + name + "\"", "is of source neurons", "a signal of target neurons");
    if (wanted.scope != RuleSignal::Scope::per_source)
      reject(key, "\"" + name + "\"", "is of source neurons", "a signal that is one number");
  }
  for (std::size_t i = 0; i < network.signals.size(); ++i)
    if (network.signals[i].kind->projection() == projection.name) {
      if (!rule.publishes)
        reject("plasticity.rule", "\"" + rule.name + "\"",
               "publishes nothing for the signal " + network.signals[i].name, "a rule that does");
      plan.published.push_back(i);
    }
}

// The parameters of a rule as the projection gives them, into the plan.
void read_params(const NetworkSpec& network, const ProjectionSpec& projection, std::uint32_t targets,
                 PlasticPlan& plan) {
  const std::map<std::string, Value>& given = projection.plasticity.params;
  const Rule& rule = *plan.rule;
  const std::vector<std::string> all = names_in(rule.params);
  for (const auto& [name, value] : given)
    if (std::find(all.begin(), all.end(), name) == all.end())
      reject("plasticity.params." + name, {}, "unknown parameter of " + rule.name, all.empty() ? "none" : one_of(all),
             nearest(name, all));
  for (const RuleParam& param : rule.params) {
    const std::string key = "plasticity.params." + param.name;
    const auto found = given.find(param.name);
    const Value value = found == given.end() ? Value(param.initial) : found->second;
    if (!is_constant(value) && !param.per_target)
      reject(key, {}, param.name + " of " + rule.name + " is the same for all synapses", "a number");
    plan.params.push_back(within(key, [&] {
      check_count(value, targets, "target neuron");
      check_value(value, {param.low, param.high}, param.unit);
      return per_item(value, targets, random_key(network.seed, projection.name, key), {param.low, param.high});
    }));
  }
}

// Parameters that differ between targets must go together for each of them.
void check_params(const PlasticPlan& plan) {
  std::size_t each = 1;
  for (const std::vector<double>& values : plan.params) each = std::max(each, values.size());
  std::vector<double> of_target = plan.first_params();
  for (std::size_t target = 0; target < each; ++target) {
    for (std::size_t p = 0; p < of_target.size(); ++p)
      if (plan.params[p].size() > 1) of_target[p] = plan.params[p][target];
    if (const std::string problem = plan.rule->problem(of_target); !problem.empty())
      reject("plasticity.params", {}, each == 1 ? problem : fmt::format("{} (target {})", problem, target));
  }
}

void check_projection(const Rule& rule, const ProjectionSpec& projection, bool one_port) {
  // Nothing arrives at a synapse that could be told from the tick before.
  if (projection.is_graded() && (!rule.consolidates || rule.columns.size() > 1 || rule.elapses()))
    reject("plasticity.rule", "\"" + rule.name + "\"",
           "acts when spikes arrive, and the projection transmits \"" + projection.transmits + "\"",
           "a rule that consolidates weights and keeps nothing else, such as error_modulated or ei_balance");
  if (rule.signed_weights && !one_port)
    reject("plasticity.rule", "\"" + rule.name + "\"", "its weights may have any sign, but go to a port by their sign",
           "one port for all: a port of the projection (not of conductances), or a model with a single one");
  if (rule.source_sums > 0 &&
      (projection.target.size() != 1 || !is_constant(projection.delay) || projection.velocity > 0))
    reject("plasticity.rule", "\"" + rule.name + "\"", "sums over the synapses of each source",
           "one target selection and one delay for all synapses");
}

// Double precision also where the simulation is in single precision, but steps are too small for it.
void choose_precision(const NetworkSpec& network, const Value& weight, const Pairs& pairs, PlasticPlan& plan) {
  // A weight has steps of 2^-24 of itself in single precision, which change what a step adds by up to a thousandth.
  constexpr double smallest_step = 1.0 / (1 << 14);
  // Traces decay at the spikes of their neuron: at one in 250 ticks by up to a thousandth too fast or slow at this
  // limit.
  constexpr double most_ticks = 1 << 20;
  const std::vector<double> params = plan.first_params();
  const WeightRange weights = described_range(weight, pairs);
  plan.relative_step = plan.rule->relative_step(params, std::max(std::abs(weights.low), std::abs(weights.high)));
  const bool slow = plan.relative_step < smallest_step || longest_tau(*plan.rule, params) > most_ticks * network.dt;
  plan.precision = slow ? Precision::double_ : network.precision;
}

}  // namespace

std::shared_ptr<PlasticPlan> plan_plasticity(const NetworkSpec& network, const ProjectionSpec& projection,
                                             const Pairs& pairs, bool one_port) {
  const PlasticitySpec& spec = projection.plasticity;
  if (spec.rule.empty()) return nullptr;
  auto plan = std::make_shared<PlasticPlan>();
  plan->projection = projection.name;
  plan->library = network.rules ? network.rules : built_in_rules();
  plan->rule = within("plasticity.rule", [&] { return &plan->library->at(spec.rule); });
  const Rule& rule = *plan->rule;
  read_params(network, projection, pairs.targets, *plan);
  check_params(*plan);
  plan->inhibitory = !rule.signed_weights && below_zero(projection.weight, pairs);
  check_projection(rule, projection, one_port);
  bind_signals(network, projection, rule, *plan);
  const std::vector<double> params = plan->first_params();
  if (rule.interval) {
    plan->interval = ms_to_tick_nearest(params[*rule.interval], network.dt);
    if (plan->interval < 1)
      reject("plasticity.params." + rule.params[*rule.interval].name, fmt::format("{}", params[*rule.interval]),
             "shorter than a tick", fmt::format("at least {} (ms)", network.dt));
  }
  plan->eager = spec.eager;
  plan->isa = chosen_isa();
  plan->dt = network.dt;
  choose_precision(network, projection.weight, pairs, *plan);
  const rheo_rule_kernels& kernels = rule.kernels(plan->isa, Precision::double_);
  std::vector<std::byte> coefficients(kernels.coefficient_bytes);
  kernels.prepare(params.data(), plan->dt, coefficients.data());
  double bounds[2];
  kernels.bounds(coefficients.data(), bounds);
  plan->low = bounds[0];
  plan->high = bounds[1];
  return plan;
}

}  // namespace rheo
