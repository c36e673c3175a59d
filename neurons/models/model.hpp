// What a neuron model says about itself, and nothing more: its parameters, its state, what is computed once per tick
// length (Coefficients), and how one neuron changes in one tick. The loop, storage, ports, checks, recording and saving
// belong to populations, which see the model as a table (table.hpp). See iaf_psc_delta.hpp for a complete model.
//
//   template <class Real> struct Model {
//     name, summary          what it is called and what it is
//     equation, numerics, source   what it computes, how, and after whom, for its page in docs/models
//     Params, params         plain doubles with their defaults; fields with unit, range, meaning
//     State, columns         members of type Real, V_m first; fields with unit, meaning
//     ports                  names and units of the input rows; the last is "I", the current (a row only when used)
//     options                named choices; the model's variant for choice numbers c is `with<c>`
//     Coefficients                   members of type Real
//     problem(Params)        what is wrong with parameters that are each in range, or ""
//     prepare(Params, dt)    once per neuron or population, in double
//     V_start(Params), initial(Params, V_m)    V_m of initial() as the state counts it
//     longest_tau(Params)    the longest time constant of any state (ms), 0 where nothing decays
//     advance(State&, Coefficients, inputs)   one tick, without a branch that writes, so that the loop vectorises
//     V_rest(Params), tau_m(Params)   of a leaky membrane: where V_m goes when nothing arrives (mV), and how fast (ms)
//     spikes                 may be missing; false: it never does
//     value                  may be missing: the column that projections take which transmit = "value"
//   };
//
// In single precision a model with V_rest keeps V_m relative to V_rest. A potential of -65 mV has steps of 7.6e-6 mV as
// a float, so it would stop decaying where a tick changes it by less than half of that; relative to its rest it decays
// all the way. prepare() and initial() see to that with counted_from(); whoever reads V_m from outside gets mV.
//
// A model whose state between arrivals is linear, and whose Coefficients for a time h is that of all ticks in h
// together, can be updated by events when it has a state `refractory`, coefficients V_th and V_reset, and:
//     V_to_come(State, Coefficients)   how far above V_m and V_rest the state can still take V_m, from the largest
//     values that
//                              the members of Coefficients have at any time from now on
#pragma once

#include <array>
#include <bit>
#include <concepts>
#include <cstddef>
#include <span>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>

#include "core/description.hpp"
#include "core/inline.hpp"

namespace rheo {

struct Port {
  std::string_view name, unit;
  bool conductance = false;  // the magnitude of a weight counts
};

// A named choice among variants of a model; the first is the default.
struct Option {
  std::string_view name, meaning;
  std::array<std::string_view, 3> all_choices;  // filled from the front
  constexpr std::span<const std::string_view> choices() const {
    std::size_t n = 0;
    while (n < all_choices.size() && !all_choices[n].empty()) ++n;
    return {all_choices.data(), n};
  }
};

template <class M>
inline constexpr std::size_t state_size = sizeof(typename M::State) / sizeof(typename M::real);
template <class M>
inline constexpr std::size_t step_size = sizeof(typename M::Coefficients) / sizeof(typename M::real);
template <class M>
inline constexpr auto param_fields = field_array<typename M::Params>(M::params);
template <class M>
inline constexpr auto column_fields = field_array<typename M::State>(M::columns);
// Parameters from their values in the order of the fields.
template <class M>
typename M::Params read_params(const double* values) {
  typename M::Params params;
  for (const auto& f : param_fields<M>) params.*(f.member) = *values++;
  return params;
}
template <class M>
using Inputs = std::array<typename M::real, M::ports.size()>;

// What V_m is counted from in the state of a model: V_rest in single precision, 0 mV in double precision.
template <class Real>
constexpr double counted_from(double V_rest) {
  return sizeof(Real) == 4 ? V_rest : 0;
}
// Where V_m of a model goes by itself; 0 for a model that says nothing of it, and counts from 0 mV.
template <class M>
double V_rest_of(const typename M::Params& params) {
  if constexpr (requires { M::V_rest(params); })
    return M::V_rest(params);
  else
    return 0;
}

template <class M>
concept NeuronModel = requires(typename M::State s, const typename M::Coefficients k, const typename M::Params p,
                               Inputs<M> in) {
  { M::name } -> std::convertible_to<std::string_view>;
  { M::summary } -> std::convertible_to<std::string_view>;
  { M::equation } -> std::convertible_to<std::string_view>;
  { M::numerics } -> std::convertible_to<std::string_view>;
  { M::source } -> std::convertible_to<std::string_view>;
  { M::prepare(p, 0.1) } -> std::same_as<typename M::Coefficients>;
  { M::problem(p) } -> std::convertible_to<std::string_view>;
  { M::V_start(p) } -> std::same_as<double>;
  { M::initial(p, 0.0) } -> std::same_as<typename M::State>;
  { M::longest_tau(p) } -> std::same_as<double>;
  { M::advance(s, k, in) }
  noexcept->std::same_as<bool>;
  M::params;
  M::options;
}
&&std::tuple_size_v<std::remove_const_t<decltype(M::columns)>> == state_size<M>&& M::ports.back().name == "I";

template <class M>
concept LinearModel = NeuronModel<M> &&
    requires(const typename M::State s, const typename M::Coefficients k, const typename M::Params p) {
  { M::V_rest(p) } -> std::same_as<double>;
  { M::V_to_come(s, k) } -> std::same_as<typename M::real>;
};

}  // namespace rheo
