#include "neurons/factory.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <cmath>
#include <cstring>
#include <stdexcept>
#include <string_view>
#include <utility>

#include "core/diagnostics.hpp"
#include "neurons/event_population.hpp"
#include "neurons/population.hpp"

namespace rheo {

namespace {

// Which of a model's variants the options ask for: the first option's choice changes slowest.
std::size_t variant_of(const ModelTable& model, const PopulationPlan& plan) {
  std::size_t variant = 0;
  for (std::uint32_t o = 0; o < model.options; ++o) {
    const ModelOption& option = model.option[o];
    const auto begin = std::begin(option.choices), end = std::find(begin, std::end(option.choices), nullptr);
    auto choice = begin;
    if (const auto given = plan.options.find(option.name); given != plan.options.end()) {
      choice = std::find(begin, end, given->second);
      if (choice == end) throw std::invalid_argument(given->first + " = " + given->second);
    }
    variant = variant * static_cast<std::size_t>(end - begin) + static_cast<std::size_t>(choice - begin);
  }
  return variant;
}

// The number of the plan's model among all variants of all models.
std::size_t number_of(const PopulationPlan& plan) {
  const ModelList list = built_in_models();
  for (std::size_t i = 0; i < list.count; ++i)
    if (list.models[i].name == plan.model) return i + variant_of(list.models[i], plan);
  throw std::invalid_argument("no model " + plan.model);
}
const ModelTable& model_of(const PopulationPlan& plan) {
  return built_in_models().models[number_of(plan)];
}

[[noreturn]] void reject_plan(std::string key, std::string problem, std::string value = {}) {
  throw BuildError({.key = std::move(key), .value = std::move(value), .problem = std::move(problem)});
}

// The parameters that a sentence names: "{ V_reset = -50, V_th = -55 }".
std::string named_in(std::string_view sentence, const ModelTable& model, const double* params) {
  std::string values;
  for (std::uint32_t p = 0; p < model.params; ++p) {
    const std::string_view name = model.param[p].name;
    const auto at = sentence.find(name);
    const auto is_letter = [&](std::size_t i) {
      return i < sentence.size() && (std::isalnum(static_cast<unsigned char>(sentence[i])) || sentence[i] == '_');
    };
    if (at == std::string_view::npos || (at > 0 && is_letter(at - 1)) || is_letter(at + name.size())) continue;
    std::array<char, 32> text{};
    const auto end = std::to_chars(text.data(), text.data() + text.size(), params[p]).ptr;
    values += (values.empty() ? "{ " : ", ") + std::string(name) + " = " + std::string(text.data(), end);
  }
  return values.empty() ? values : values + " }";
}

// One set for all neurons, or one for each, as the plan gives them.
NeuronParams read_params(const ModelTable& model, const PopulationPlan& plan) {
  const bool per_neuron =
      std::any_of(plan.params.begin(), plan.params.end(), [](const auto& entry) { return entry.second.size() > 1; });
  const std::size_t sets = per_neuron ? plan.size : 1;
  NeuronParams params{model.params, std::vector<double>(sets * model.params)};
  for (std::uint32_t p = 0; p < model.params; ++p) {
    const auto given = plan.params.find(model.param[p].name);
    const bool is_given = given != plan.params.end() && !given->second.empty();
    for (std::size_t i = 0; i < sets; ++i)
      params.values[i * params.each + p] =
          is_given ? given->second[given->second.size() > 1 ? i : 0] : model.param[p].initial;
  }
  return params;
}

// The same, where they go together.
NeuronParams checked_params(const ModelTable& model, const ModelFunctions& functions, const PopulationPlan& plan) {
  NeuronParams params = read_params(model, plan);
  for (std::size_t i = 0; i < params.sets(); ++i)
    if (const std::string_view problem = functions.problem(params.of(i)); !problem.empty())
      reject_plan("params", std::string(problem) + (params.sets() > 1 ? " in neuron " + std::to_string(i) : ""),
                  named_in(problem, model, params.of(i)));
  return params;
}

// The state of each neuron at the start: [neuron][column].
template <class Real>
std::vector<std::byte> initial_of(const ModelTable& model, const ModelFunctions& functions, Precision precision,
                                  const NeuronParams& params, const PopulationPlan& plan) {
  const auto of_neuron = [](const auto& values, std::size_t i) { return values[values.size() > 1 ? i : 0]; };
  std::vector<std::byte> initial(std::size_t{plan.size} * model.columns * sizeof(Real));
  Real* const state = reinterpret_cast<Real*>(initial.data());
  const auto V_m = plan.initial.find("V_m");
  for (std::size_t i = 0; i < plan.size; ++i) {
    const double* const p = params.of(i);
    const double start = V_m == plan.initial.end() ? model.V_start(p) : of_neuron(V_m->second, i);
    functions.initial(p, start - counted_from(model, precision, p), state + i * model.columns);
  }
  for (const auto& [name, values] : plan.initial) {
    if (name == "V_m") continue;
    const auto column = find_field(model.column, model.columns, name);
    if (!column) reject_plan("initial." + name, "not a state of the model with these options");
    for (std::size_t i = 0; i < plan.size; ++i)
      state[i * model.columns + *column] = static_cast<Real>(of_neuron(values, i));
  }
  return initial;
}

// Rounding changes a decay by less than 2^-11 of its speed up to this many ticks of a time constant.
constexpr double most_ticks = 8192;
// A potential that a lasting current holds at up to 32 mV from its rest has steps of 1.9e-6 mV, and stops where a
// tick takes less than half of that: 1e-4 mV beside its end.
constexpr double most_ticks_with_current = 100;
// Where a constant current takes V_m further than that (mV), steps near the threshold would become coarser than those
// of a potential of -65 mV.
constexpr double furthest_rest = 128;
constexpr double most_refractory_ticks = 1 << 24;  // all whole numbers up to there are floats

// Whether single precision would let a state of these neurons stand still or drift at a wrong speed. What a tick takes
// from a state that decays with tau is dt/tau of it, and rounding takes up to 2^-24 of it.
bool is_slow(const ModelTable& model, const PopulationPlan& plan) {
  const NeuronParams params = read_params(model, plan);
  const auto t_ref = find_field(model.param, model.params, "t_ref");
  for (std::size_t i = 0; i < params.sets(); ++i) {
    const double* const p = params.of(i);
    if (model.longest_tau(p) > most_ticks * plan.dt) return true;
    if (t_ref && p[*t_ref] > most_refractory_ticks * plan.dt) return true;
    if (model.V_rest == nullptr) continue;
    if (plan.lasting_current && model.tau_m(p) > most_ticks_with_current * plan.dt) return true;
    if (std::abs(model.V_rest(p) - model.V_start(p)) > furthest_rest) return true;
  }
  return false;
}

}  // namespace

std::unique_ptr<PopulationBlock> make_population(const PopulationPlan& plan) {
  const Precision precision = state_precision(plan);
  const std::size_t number = number_of(plan);
  const ModelTable& model = built_in_models().models[number];
  const ModelFunctions& functions = functions_of(model, precision);
  NeuronParams params = checked_params(model, functions, plan);
  auto initial = precision == Precision::single_ ? initial_of<float>(model, functions, precision, params, plan)
                                                 : initial_of<double>(model, functions, precision, params, plan);
  const PopulationParts parts{model,   precision,        plan.precision, std::move(params), std::move(initial),
                              plan.dt, plan.with_current};
  if (!plan.by_event)
    return std::make_unique<Population>(plan.name, parts,
                                        kernels(plan.isa).advance[static_cast<std::size_t>(precision)][number]);
  if (model.linear == 0 || parts.params.sets() > 1) throw std::invalid_argument(plan.model + " by events");
  return std::make_unique<EventPopulation>(plan.name, parts);
}

Precision state_precision(const PopulationPlan& plan) {
  const bool wide = plan.precision == Precision::double_ || (plan.may_be_wide && is_slow(model_of(plan), plan));
  return wide ? Precision::double_ : Precision::single_;
}

double longest_tau(const PopulationPlan& plan) {
  const ModelTable& model = model_of(plan);
  const NeuronParams params = read_params(model, plan);
  double longest = 0;
  for (std::size_t i = 0; i < params.sets(); ++i) longest = std::max(longest, model.longest_tau(params.of(i)));
  return longest;
}

bool rests_by_itself(const PopulationPlan& plan) {
  const ModelTable& model = model_of(plan);
  if (model.linear == 0) return false;
  const NeuronParams params = checked_params(model, functions_of(model, plan.precision), plan);
  return params.sets() == 1 &&
         model.V_rest(params.of(0)) < params.of(0)[*find_field(model.param, model.params, "V_th")];
}

}  // namespace rheo
