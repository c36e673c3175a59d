#include "neurons/catalogue.hpp"

#include <algorithm>
#include <stdexcept>

#include "core/errors.hpp"
#include "neurons/factory.hpp"
#include "neurons/kernels.hpp"
#include "neurons/population.hpp"

namespace rheo {

namespace {

template <class Struct, class T, std::size_t n>
std::vector<FieldInfo> describe(const std::array<Field<Struct, T>, n>& fields, const Struct& values) {
  std::vector<FieldInfo> infos;
  for (const Field<Struct, T>& f : fields)
    infos.push_back({std::string(f.name), std::string(f.unit), static_cast<double>(values.*(f.member)), f.low, f.high,
                     std::string(f.meaning)});
  return infos;
}

template <class M>
ModelInfo describe() {
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

template <class M>
std::unique_ptr<PopulationBlock> make(const PopulationPlan& plan, const SweepVariants& sweeps) {
  using Params = typename M::Params;
  const bool per_neuron =
      std::any_of(plan.params.begin(), plan.params.end(), [](const auto& entry) { return entry.second.size() > 1; });
  std::vector<Params> params(per_neuron ? plan.size : 1);
  for (const auto& f : param_fields<M>) {
    const auto given = plan.params.find(std::string(f.name));
    if (given == plan.params.end() || given->second.empty()) continue;
    for (std::size_t i = 0; i < params.size(); ++i)
      params[i].*(f.member) = given->second[given->second.size() > 1 ? i : 0];
  }

  for (std::size_t i = 0; i < params.size(); ++i)
    if (const std::string_view problem = M::problem(params[i]); !problem.empty())
      throw BuildError({.file = {},
                        .key = "params",
                        .value = {},
                        .problem = std::string(problem) + (per_neuron ? " in neuron " + std::to_string(i) : ""),
                        .expected = {},
                        .suggestion = {}});

  std::vector<double> V_m(plan.size);
  const auto initial_V = plan.initial.find("V_m");
  for (std::uint32_t i = 0; i < plan.size; ++i)
    V_m[i] = initial_V == plan.initial.end() ? M::V_start(params[per_neuron ? i : 0])
                                             : initial_V->second[initial_V->second.size() > 1 ? i : 0];
  auto population =
      std::make_unique<Population<M>>(plan.name, plan.size, params, V_m, plan.dt, plan.with_current, sweeps);
  for (const auto& [name, initial] : plan.initial) {
    std::size_t c = 0;
    while (c < state_size<M> && column_fields<M>[c].name != name) ++c;
    if (c == state_size<M>)
      throw BuildError({.file = {},
                        .key = "initial." + name,
                        .value = {},
                        .problem = "not a state of the model with these options",
                        .expected = {},
                        .suggestion = {}});
    for (std::uint32_t i = 0; i < plan.size; ++i)
      population->column(c)[i] = static_cast<typename M::real>(initial[initial.size() > 1 ? i : 0]);
  }
  return population;
}

template <class... M>
std::unique_ptr<PopulationBlock> make_any(std::tuple<M...>*, const PopulationPlan& plan) {
  const auto& sweeps = kernels(plan.isa).sweep[static_cast<std::size_t>(plan.precision)];
  std::unique_ptr<PopulationBlock> made;
  std::size_t index = 0, seen = 0;
  const auto consider = [&]<class Model>(Model*) {
    const std::size_t here = index++;
    if (made || Model::name != plan.model) return;
    if (seen++ == variant_of<Model>(plan)) made = make<Model>(plan, sweeps[here]);
  };
  (consider(static_cast<M*>(nullptr)), ...);
  if (!made) throw std::invalid_argument("no model " + plan.model);
  return made;
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
  (add(describe<M>()), ...);
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
  if (plan.precision == Precision::single_) return make_any(static_cast<NeuronModels<float>*>(nullptr), plan);
  return make_any(static_cast<NeuronModels<double>*>(nullptr), plan);
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
