// A model's table (table.hpp), made from its description (model.hpp).
#pragma once

#include <array>
#include <cstring>

#include "neurons/models/event_loops.hpp"
#include "neurons/models/model.hpp"
#include "neurons/models/table.hpp"

namespace rheo {

template <class Struct, class T, std::size_t n>
constexpr std::array<ModelField, n> model_fields(const std::array<Field<Struct, T>, n>& fields, const Struct& values) {
  std::array<ModelField, n> all{};
  for (std::size_t i = 0; i < n; ++i)
    all[i] = {fields[i].name.data(),    fields[i].unit.data(), fields[i].meaning.data(),
              values.*fields[i].member, fields[i].low,         fields[i].high};
  return all;
}

template <NeuronModel M>
struct ModelEntry {
  using Real = typename M::real;
  using Params = typename M::Params;
  static_assert(M::ports.size() <= most_ports);

  static void prepare(const double* params, double dt, void* to) {
    const typename M::Coefficients coefficients = M::prepare(read_params<M>(params), dt);
    std::memcpy(to, &coefficients, sizeof coefficients);
  }
  static void initial(const double* params, double V_m, void* to) {
    const typename M::State state = M::initial(read_params<M>(params), V_m);
    std::memcpy(to, &state, sizeof state);
  }
  static const char* problem(const double* params) { return M::problem(read_params<M>(params)).data(); }
  static double V_start(const double* params) { return M::V_start(read_params<M>(params)); }
  static double longest_tau(const double* params) { return M::longest_tau(read_params<M>(params)); }
  static double V_rest(const double* params) { return V_rest_of<M>(read_params<M>(params)); }
  static double tau_m(const double* params) {
    if constexpr (has_rest)
      return M::tau_m(read_params<M>(params));
    else
      return 0;
  }
  static constexpr bool has_rest = requires(const Params& p) { M::V_rest(p); };

  static constexpr ModelFunctions functions() {
    if constexpr (LinearModel<M>)
      return {prepare, initial, problem, EventLoops<M>::functions()};
    else
      return {prepare, initial, problem, {}};
  }

  static constexpr bool spikes = [] {
    if constexpr (requires { M::spikes; })
      return M::spikes;
    else
      return true;
  }();
  static constexpr const char* value = [] {
    if constexpr (requires { M::value; })
      return M::value.data();
    else
      return nullptr;
  }();

  static constexpr auto params = model_fields(param_fields<M>, Params{});
  static constexpr auto columns = model_fields(column_fields<M>, typename M::State{});
  static constexpr auto ports = [] {
    std::array<ModelPort, M::ports.size()> all{};
    for (std::size_t i = 0; i < all.size(); ++i)
      all[i] = {M::ports[i].name.data(), M::ports[i].unit.data(), M::ports[i].conductance};
    return all;
  }();
  static constexpr auto options = [] {
    std::array<ModelOption, M::options.size()> all{};
    for (std::size_t i = 0; i < all.size(); ++i) {
      all[i] = {M::options[i].name.data(), M::options[i].meaning.data(), {}};
      for (std::size_t c = 0; c < M::options[i].choices().size(); ++c)
        all[i].choices[c] = M::options[i].choices()[c].data();
    }
    return all;
  }();
};

// The table of a model that is given in both precisions.
template <NeuronModel Single, NeuronModel Double>
constexpr ModelTable model_table() {
  using E = ModelEntry<Double>;
  return {Double::name.data(),
          Double::summary.data(),
          Double::equation.data(),
          Double::numerics.data(),
          Double::source.data(),
          E::params.size(),
          E::columns.size(),
          step_size<Double>,
          E::ports.size(),
          E::options.size(),
          E::params.data(),
          E::columns.data(),
          E::ports.data(),
          E::options.data(),
          LinearModel<Double>,
          E::V_start,
          E::longest_tau,
          E::has_rest ? E::V_rest : nullptr,
          E::has_rest ? E::tau_m : nullptr,
          E::spikes,
          E::value,
          ModelEntry<Single>::functions(),
          E::functions()};
}

}  // namespace rheo
