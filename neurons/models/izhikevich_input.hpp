// The three kinds of input of Izhikevich's models, the choices of their option "input": 0 "pulse", a current for 1 ms
// in all; 1 "delta", a jump of V_m (added by the model); 2 "exp", a current that decays exponentially.
#pragma once

#include "core/math.hpp"
#include "neurons/models/integrate_and_fire.hpp"

namespace rheo {

inline constexpr Option izhikevich_input_option{
    "input",
    "a weight is a current for 1 ms, a jump of V_m, or a current that decays with tau_syn",
    {"pulse", "delta", "exp"}};

template <int Input>
constexpr std::string_view izhikevich_unit(std::string_view pulse, std::string_view current) {
  return Input == 0 ? pulse : Input == 1 ? "mV" : current;
}

template <class Params>
inline constexpr auto tau_syn_field = field("tau_syn", &Params::tau_syn, "ms", "decay of I_syn (input = exp)",
                                            positive);

// The longest time constant (ms) of the recovery, whose rate is a, and of the input.
template <int Input>
double izhikevich_tau(double a, double tau_syn) {
  const double rate = a < 0 ? -a : a;
  return std::max(rate > 0 ? 1 / rate : 0.0, Input == 2 ? tau_syn : 0.0);
}

template <class Real, int Input>
struct IzhikevichState {
  Real V_m, U_m;
};
template <class Real>
struct IzhikevichState<Real, 2> {
  Real V_m, U_m, I_syn = 0;
};

template <class Real, int Input>
constexpr auto izhikevich_columns(std::string_view unit, std::string_view recovery) {
  using State = IzhikevichState<Real, Input>;
  const auto both =
      fields(field("V_m", &State::V_m, "mV", "membrane potential"), field("U_m", &State::U_m, unit, recovery));
  if constexpr (Input == 2)
    return std::tuple_cat(both, fields(field("I_syn", &State::I_syn, unit, "synaptic current (input = exp)")));
  else
    return both;
}

template <class Real, int Input>
struct IzhikevichInput {
  Real factor;  // pulse: 1/dt; exp: decay
  IzhikevichInput(double tau_syn, double dt) : factor(Real(Input == 2 ? math::exp(-dt / tau_syn) : 1.0 / dt)) {}

  // The current of this tick; I_syn goes on.
  RHEO_INLINE Real current(IzhikevichState<Real, Input>& s, Real I, Real arrived) const noexcept {
    if constexpr (Input == 0) return I + arrived * factor;
    if constexpr (Input == 1) return I;
    if constexpr (Input == 2) {
      const Real now = I + s.I_syn;
      s.I_syn = flushed(s.I_syn * factor) + arrived;
      return now;
    }
  }
};

}  // namespace rheo
