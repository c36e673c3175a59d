#include "neurons/catalogue.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <cmath>
#include <stdexcept>
#include <type_traits>

#include "core/diagnostics.hpp"
#include "neurons/event_population.hpp"
#include "neurons/factory.hpp"
#include "neurons/kernels/kernels.hpp"
#include "neurons/population.hpp"

namespace rheo {

namespace {

template <class M>
ModelInfo describe_model() {
  ModelInfo info;
  info.name = M::name;
  info.summary = M::summary;
  const typename M::Params defaults;
  info.params = describe(param_fields<M>, defaults);
  info.columns = describe(column_fields<M>, M::initial(defaults, M::V_start(defaults)));
  for (const Option& option : M::options)
    info.options.push_back(
        {std::string(option.name), {option.choices().begin(), option.choices().end()}, std::string(option.meaning)});
  for (const Port& port : M::ports)
    info.ports.push_back({std::string(port.name), std::string(port.unit), port.conductance});
  info.linear = LinearModel<M>;
  info.equation = M::equation;
  info.numerics = M::numerics;
  info.source = M::source;
  return info;
}

// Which of a model's variants the options ask for: the first option's choice changes slowest.
template <class M>
std::size_t variant_of(const PopulationPlan& plan) {
  std::size_t variant = 0;
  for (const Option& option : M::options) {
    std::size_t choice = 0;
    if (const auto given = plan.options.find(std::string(option.name)); given != plan.options.end()) {
      const auto found = std::find(option.choices().begin(), option.choices().end(), given->second);
      if (found == option.choices().end()) throw std::invalid_argument(given->first + " = " + given->second);
      choice = static_cast<std::size_t>(found - option.choices().begin());
    }
    variant = variant * option.choices().size() + choice;
  }
  return variant;
}

[[noreturn]] void reject_plan(std::string key, std::string problem, std::string value = {}) {
  throw BuildError({.key = std::move(key), .value = std::move(value), .problem = std::move(problem)});
}

// The parameters that a sentence names: "{ V_reset = -50, V_th = -55 }".
template <class M>
std::string named_in(std::string_view sentence, const typename M::Params& params) {
  std::string values;
  for (const auto& f : param_fields<M>) {
    const auto at = sentence.find(f.name);
    const auto is_letter = [&](std::size_t i) {
      return i < sentence.size() && (std::isalnum(static_cast<unsigned char>(sentence[i])) || sentence[i] == '_');
    };
    if (at == std::string_view::npos || (at > 0 && is_letter(at - 1)) || is_letter(at + f.name.size())) continue;
    std::array<char, 32> text{};
    const auto end = std::to_chars(text.data(), text.data() + text.size(), params.*(f.member)).ptr;
    values += (values.empty() ? "{ " : ", ") + std::string(f.name) + " = " + std::string(text.data(), end);
  }
  return values.empty() ? values : values + " }";
}

// One for all neurons, or one for each, as the plan gives them.
template <class M>
std::vector<typename M::Params> read_params(const PopulationPlan& plan) {
  const bool per_neuron =
      std::any_of(plan.params.begin(), plan.params.end(), [](const auto& entry) { return entry.second.size() > 1; });
  std::vector<typename M::Params> params(per_neuron ? plan.size : 1);
  for (const auto& f : param_fields<M>) {
    const auto given = plan.params.find(std::string(f.name));
    if (given == plan.params.end() || given->second.empty()) continue;
    for (std::size_t i = 0; i < params.size(); ++i)
      params[i].*(f.member) = given->second[given->second.size() > 1 ? i : 0];
  }
  return params;
}

// The same, where they go together.
template <class M>
std::vector<typename M::Params> params_of(const PopulationPlan& plan) {
  std::vector<typename M::Params> params = read_params<M>(plan);
  for (std::size_t i = 0; i < params.size(); ++i)
    if (const std::string_view problem = M::problem(params[i]); !problem.empty())
      reject_plan("params", std::string(problem) + (params.size() > 1 ? " in neuron " + std::to_string(i) : ""),
                  named_in<M>(problem, params[i]));
  return params;
}

// One for each neuron.
template <class M>
std::vector<typename M::State> initial_of(const PopulationPlan& plan, const std::vector<typename M::Params>& params) {
  using Columns = std::array<typename M::real, state_size<M>>;
  const auto of_neuron = [](const auto& values, std::uint32_t i) { return values[values.size() > 1 ? i : 0]; };
  std::vector<typename M::State> initial(plan.size);
  const auto V_m = plan.initial.find("V_m");
  for (std::uint32_t i = 0; i < plan.size; ++i) {
    const typename M::Params& p = of_neuron(params, i);
    initial[i] = M::initial(p, (V_m == plan.initial.end() ? M::V_start(p) : of_neuron(V_m->second, i)) -
                                   counted_from<typename M::real>(V_rest_of<M>(p)));
  }
  for (const auto& [name, values] : plan.initial) {
    if (name == "V_m") continue;
    const auto c = column_index<M>(name);
    if (!c) reject_plan("initial." + name, "not a state of the model with these options");
    for (std::uint32_t i = 0; i < plan.size; ++i) {
      auto columns = std::bit_cast<Columns>(initial[i]);
      columns[*c] = static_cast<typename M::real>(of_neuron(values, i));
      initial[i] = std::bit_cast<typename M::State>(columns);
    }
  }
  return initial;
}

// In: the precision of the input.
template <class M, class In>
std::unique_ptr<PopulationBlock> make(const PopulationPlan& plan, const AdvanceVariants& advances) {
  const auto params = params_of<M>(plan);
  const auto initial = initial_of<M>(plan, params);
  if (!plan.by_event)
    return std::make_unique<Population<M, In>>(plan.name, params, initial, plan.dt, plan.with_current, advances);
  if constexpr (LinearModel<M>) {
    if (params.size() == 1)
      return std::make_unique<EventPopulation<M, In>>(plan.name, params[0], initial, plan.dt, plan.with_current);
  }
  throw std::invalid_argument(plan.model + " by events");
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
template <class M>
bool is_slow(const PopulationPlan& plan) {
  const auto params = read_params<M>(plan);
  return std::any_of(params.begin(), params.end(), [&](const typename M::Params& p) {
    if (M::longest_tau(p) > most_ticks * plan.dt) return true;
    if constexpr (requires { p.t_ref; })
      if (p.t_ref > most_refractory_ticks * plan.dt) return true;
    if constexpr (requires { M::V_rest(p); })
      return (plan.lasting_current && M::tau_m(p) > most_ticks_with_current * plan.dt) ||
             std::abs(M::V_rest(p) - M::V_start(p)) > furthest_rest;
    return false;
  });
}

template <class M>
bool rests(const PopulationPlan& plan) {
  if constexpr (LinearModel<M>) {
    const auto params = params_of<M>(plan);
    return params.size() == 1 && M::V_rest(params[0]) < params[0].V_th;
  }
  return false;
}

// Calls what<M>(index) for the model that a plan names, index counting all variants of all models.
template <class... M, class What>
void with_model(std::tuple<M...>*, const PopulationPlan& plan, const What& what) {
  bool found = false;
  std::size_t index = 0, seen = 0;
  const auto consider = [&]<class Model>(Model*) {
    const std::size_t here = index++;
    if (found || Model::name != plan.model || seen++ != variant_of<Model>(plan)) return;
    found = true;
    what.template operator()<Model>(here);
  };
  (consider(static_cast<M*>(nullptr)), ...);
  if (!found) throw std::invalid_argument("no model " + plan.model);
}
template <class What>
void with_model(const PopulationPlan& plan, Precision precision, const What& what) {
  if (precision == Precision::single_)
    with_model(static_cast<NeuronModels<float>*>(nullptr), plan, what);
  else
    with_model(static_cast<NeuronModels<double>*>(nullptr), plan, what);
}

template <class... M>
std::vector<ModelInfo> describe_all(std::tuple<M...>*) {
  std::vector<ModelInfo> infos;
  const auto add = [&](ModelInfo info) {
    if (infos.empty() || infos.back().name != info.name) {
      infos.push_back(std::move(info));
      return;
    }
    // Another variant of the same model may have columns of its own.
    auto& known = infos.back().columns;
    for (FieldInfo& column : info.columns)
      if (std::none_of(known.begin(), known.end(), [&](const FieldInfo& c) { return c.name == column.name; }))
        known.push_back(std::move(column));
  };
  (add(describe_model<M>()), ...);
  ModelInfo spike_source;
  spike_source.name = "spike_source";
  spike_source.summary = "spikes at given times, from the file or a list";
  infos.push_back(std::move(spike_source));
  return infos;
}

}  // namespace

const std::vector<ModelInfo>& neuron_models() {
  static const std::vector<ModelInfo> infos = describe_all(static_cast<NeuronModels<double>*>(nullptr));
  return infos;
}

const ModelInfo* find_neuron_model(const std::string& name) {
  const auto& infos = neuron_models();
  const auto found = std::find_if(infos.begin(), infos.end(), [&](const ModelInfo& info) { return info.name == name; });
  return found == infos.end() ? nullptr : &*found;
}

std::unique_ptr<PopulationBlock> make_population(const PopulationPlan& plan) {
  const Precision precision = state_precision(plan);
  const auto& advances = kernels(plan.isa).advance[static_cast<std::size_t>(precision)];
  std::unique_ptr<PopulationBlock> made;
  with_model(plan, precision, [&]<class M>(std::size_t index) {
    if (plan.precision == Precision::single_)
      made = make<M, float>(plan, advances[index]);
    else if constexpr (std::is_same_v<typename M::real, double>)
      made = make<M, double>(plan, advances[index]);
  });
  return made;
}

Precision state_precision(const PopulationPlan& plan) {
  bool wide = plan.precision == Precision::double_;
  if (!wide && plan.may_be_wide)
    with_model(plan, plan.precision, [&]<class M>(std::size_t) { wide = is_slow<M>(plan); });
  return wide ? Precision::double_ : Precision::single_;
}

double longest_tau(const PopulationPlan& plan) {
  double longest = 0;
  with_model(plan, plan.precision, [&]<class M>(std::size_t) {
    for (const typename M::Params& p : read_params<M>(plan)) longest = std::max(longest, M::longest_tau(p));
  });
  return longest;
}

bool rests_by_itself(const PopulationPlan& plan) {
  bool result = false;
  with_model(plan, plan.precision, [&]<class M>(std::size_t) { result = rests<M>(plan); });
  return result;
}

extern const Kernels kernels_base;
#if defined(RHEO_X86_ISAS)
extern const Kernels kernels_v3;
extern const Kernels kernels_v4;
#endif

const Kernels& kernels(Isa isa) {
#if defined(RHEO_X86_ISAS)
  if (isa == Isa::v4) return kernels_v4;
  if (isa == Isa::v3) return kernels_v3;
#else
  static_cast<void>(isa);
#endif
  return kernels_base;
}

}  // namespace rheo
