// What integrate-and-fire models have in common: parameters and columns by their usual names, the exact decay of a
// leaky membrane, synapses that decay exponentially, refractoriness and reset.
#pragma once

#include <algorithm>

#include "core/math.hpp"
#include "core/time.hpp"
#include "neurons/models/model.hpp"
#include "neurons/models/propagators.hpp"

namespace rheo {

// leak: the field of tau_m or g_L.
template <class Params, class Leak>
constexpr auto membrane_params(Leak leak) {
  return fields(field("C_m", &Params::C_m, "pF", "membrane capacitance", positive), leak,
                field("t_ref", &Params::t_ref, "ms", "refractory period, rounded to ticks", non_negative),
                field("E_L", &Params::E_L, "mV", "resting potential"),
                field("V_reset", &Params::V_reset, "mV", "potential after a spike"),
                field("V_th", &Params::V_th, "mV", "threshold"), field("I_e", &Params::I_e, "pA", "constant current"));
}
template <class Params>
inline constexpr auto tau_m_field = field("tau_m", &Params::tau_m, "ms", "membrane time constant", positive);
template <class Params>
inline constexpr auto g_L_field = field("g_L", &Params::g_L, "nS", "leak conductance", positive);

template <class Params>
inline constexpr auto synapse_params =
    fields(field("tau_syn_ex", &Params::tau_syn_ex, "ms", "time constant of excitatory synapses", positive),
           field("tau_syn_in", &Params::tau_syn_in, "ms", "time constant of inhibitory synapses", positive));
template <class Params>
inline constexpr auto reversal_params = fields(field("E_ex", &Params::E_ex, "mV", "reversal potential of excitation"),
                                               field("E_in", &Params::E_in, "mV", "reversal potential of inhibition"));

template <class State>
inline constexpr auto V_m_column = fields(field("V_m", &State::V_m, "mV", "membrane potential"));
template <class State>
inline constexpr auto current_columns = fields(field("I_syn_ex", &State::I_syn_ex, "pA", "excitatory synaptic current"),
                                               field("I_syn_in", &State::I_syn_in, "pA",
                                                     "inhibitory synaptic current"));
template <class State>
inline constexpr auto conductance_columns =
    fields(field("g_ex", &State::g_ex, "nS", "excitatory conductance", non_negative),
           field("g_in", &State::g_in, "nS", "inhibitory conductance", non_negative));
template <class State>
inline constexpr auto refractory_column = fields(field("refractory", &State::refractory, "ticks",
                                                       "ticks left at V_reset", non_negative));

inline constexpr std::array current_ports{Port{"ex", "pA"}, Port{"in", "pA"}, Port{"I", "pA"}};
inline constexpr std::array conductance_ports{Port{"ex", "nS", true}, Port{"in", "nS", true}, Port{"I", "pA"}};

template <class Params>
std::string_view reset_problem(const Params& p) {
  return p.V_reset < p.V_th ? "" : "V_reset is not below V_th";
}

template <class Real>
Real refractory_ticks(double t_ref, double dt) {
  return Real(static_cast<double>(ms_to_tick_nearest(t_ref, dt)));
}

// Leaky integrate-and-fire: tau_m dV_m/dt = -(V_m - E_L) + (tau_m/C_m) I takes V_m to V_m decay + rest + I per_pA.
struct LeakyParams {
  double C_m = 250, tau_m = 10, t_ref = 2, E_L = -70, V_reset = -70, V_th = -55, I_e = 0;
};
inline double resting_point(const LeakyParams& p) {
  return p.E_L + p.I_e * p.tau_m / p.C_m;
}
// What the membrane says of itself, for models with these parameters.
template <class Params>
struct LeakyMembrane {
  static double V_rest(const Params& p) { return resting_point(p); }
  static double tau_m(const Params& p) { return p.tau_m; }
  static double longest_tau(const Params& p) {
    double longest = p.tau_m;
    if constexpr (requires { p.tau_syn_ex; }) longest = std::max({longest, p.tau_syn_ex, p.tau_syn_in});
    if constexpr (requires { p.tau_theta; }) longest = std::max(longest, p.tau_theta);
    return longest;
  }
};
template <class Real>
struct LeakyStep {
  Real decay, rest, per_pA, V_reset, V_th, t_ref;
  LeakyStep(const LeakyParams& p, double dt) {
    const double gain = -math::expm1(-dt / p.tau_m), voltage_per_pA = gain * p.tau_m / p.C_m;
    const double from = counted_from<Real>(resting_point(p));
    decay = Real(math::exp(-dt / p.tau_m));
    rest = sizeof(Real) == 4 ? Real(0) : Real(gain * p.E_L + voltage_per_pA * p.I_e);
    per_pA = Real(voltage_per_pA);
    V_reset = Real(p.V_reset - from);
    V_th = Real(p.V_th - from);
    t_ref = refractory_ticks<Real>(p.t_ref, dt);
  }
};

// What an excitatory current can still add to V_m, given the most that one unit of it adds; an inhibitory one adds
// nothing.
template <class Real>
Real to_come(Real current, Real most_per_unit) {
  return current > 0 ? current * most_per_unit : Real(0);
}

// 0 instead of what is too small to matter: subnormal numbers are slow, and decay would never reach 0.
template <class Real>
RHEO_INLINE Real flushed(Real x) noexcept {
  return ((x < Real(1e-30)) & (x > Real(-1e-30))) ? Real(0) : x;
}

// A current that decays exponentially, and what it does to V_m within a tick. What arrives is added at the tick's end.
template <class Real>
struct ExpCurrentStep {
  Real to_V, decay;
  ExpCurrentStep(const LeakyParams& p, double tau_syn, double dt) {
    const AlphaPropagator exact(p.tau_m, tau_syn, p.C_m, dt);
    to_V = Real(exact.V_I);
    decay = Real(exact.I_I);
  }
};

// What is left of a synaptic current or conductance in the middle and at the end of a tick.
template <class Real>
struct HalvedDecay {
  Real half, full;
  HalvedDecay(double tau_syn, double dt)
      : half(Real(math::exp(-dt / (2 * tau_syn)))), full(Real(math::exp(-dt / tau_syn))) {}
};

// The classical fourth-order step from x, with the increments of its four stages.
template <class Real>
RHEO_INLINE Real runge_kutta(Real x, Real k1, Real k2, Real k3, Real k4) noexcept {
  return x + (k1 + Real(2) * (k2 + k3) + k4) * Real(1.0 / 6);
}

// The end of a tick: V_m goes to `moved` unless it is refractory, and back to V_reset where it has reached V_th.
template <class State, class Coefficients, class Real>
RHEO_INLINE bool fire(State& s, const Coefficients& k, Real moved, Real V_th) noexcept {
  const bool resting = s.refractory > 0;
  const Real V_m = resting ? s.V_m : moved;
  const bool fired = !resting & (V_m >= V_th);
  s.V_m = fired ? k.V_reset : V_m;
  const Real left = resting ? s.refractory - 1 : Real(0);
  s.refractory = fired ? k.t_ref : left;
  return fired;
}

}  // namespace rheo
