// Leaky integrate-and-fire neuron with alpha-shaped synaptic currents.
//   dV_m/dt = -(V_m - E_L)/tau_m + (I_ex + I_in + I_e + I)/C_m
//   a spike of weight w at s: I(t) += w (e/tau_syn) (t - s) exp(-(t - s)/tau_syn), with its peak w at s + tau_syn
// Integrated exactly over a tick (Rotter & Diesmann 1999). What arrives in a tick starts its current at the end of that
// tick, so V_m sees it from the next tick on. During the t_ref after a spike V_m stays at V_reset, currents go on.
#pragma once

#include "core/math.hpp"
#include "core/time.hpp"
#include "neurons/model.hpp"
#include "neurons/propagators.hpp"

namespace rheo {

template <class Real>
struct IafPscAlpha {
  using real = Real;
  static constexpr std::string_view name = "iaf_psc_alpha";
  static constexpr std::string_view summary = "leaky integrate-and-fire, alpha-shaped synaptic currents";

  struct Params {
    double C_m = 250, tau_m = 10, t_ref = 2, E_L = -70, V_reset = -70, V_th = -55, I_e = 0, tau_syn_ex = 2,
           tau_syn_in = 2;
  };
  static constexpr auto params =
      fields(field("C_m", &Params::C_m, "pF", "membrane capacitance", positive),
             field("tau_m", &Params::tau_m, "ms", "membrane time constant", positive),
             field("t_ref", &Params::t_ref, "ms", "refractory period, rounded to ticks", non_negative),
             field("E_L", &Params::E_L, "mV", "resting potential"),
             field("V_reset", &Params::V_reset, "mV", "potential after a spike"),
             field("V_th", &Params::V_th, "mV", "threshold"), field("I_e", &Params::I_e, "pA", "constant current"),
             field("tau_syn_ex", &Params::tau_syn_ex, "ms", "rise time of excitatory currents", positive),
             field("tau_syn_in", &Params::tau_syn_in, "ms", "rise time of inhibitory currents", positive));

  struct State {
    Real V_m, I_syn_ex, dI_syn_ex, I_syn_in, dI_syn_in, refractory;
  };
  static constexpr auto columns =
      fields(field("V_m", &State::V_m, "mV", "membrane potential"),
             field("I_syn_ex", &State::I_syn_ex, "pA", "excitatory synaptic current"),
             field("dI_syn_ex", &State::dI_syn_ex, "pA/ms", "its derivative without decay"),
             field("I_syn_in", &State::I_syn_in, "pA", "inhibitory synaptic current"),
             field("dI_syn_in", &State::dI_syn_in, "pA/ms", "its derivative without decay"),
             field("refractory", &State::refractory, "ticks", "ticks left at V_reset", non_negative));
  static constexpr std::array ports{Port{"ex", "pA"}, Port{"in", "pA"}, Port{"I", "pA"}};
  static constexpr std::array<Option, 0> options{};

  struct Step {
    Real decay, rest, per_pA, ex_V_I, ex_V_dI, ex_I_I, ex_I_dI, ex_peak, in_V_I, in_V_dI, in_I_I, in_I_dI, in_peak,
        V_reset, V_th, t_ref;
  };
  static Step prepare(const Params& p, double dt) {
    const double gain = -math::expm1(-dt / p.tau_m);
    const double per_pA = gain * p.tau_m / p.C_m;
    const AlphaPropagator ex(p.tau_m, p.tau_syn_ex, p.C_m, dt), in(p.tau_m, p.tau_syn_in, p.C_m, dt);
    const double e = math::exp(1.0);
    return {Real(math::exp(-dt / p.tau_m)),
            Real(gain * p.E_L + per_pA * p.I_e),
            Real(per_pA),
            Real(ex.V_I),
            Real(ex.V_dI),
            Real(ex.I_I),
            Real(ex.I_dI),
            Real(e / p.tau_syn_ex),
            Real(in.V_I),
            Real(in.V_dI),
            Real(in.I_I),
            Real(in.I_dI),
            Real(e / p.tau_syn_in),
            Real(p.V_reset),
            Real(p.V_th),
            Real(static_cast<double>(ms_to_tick_nearest(p.t_ref, dt)))};
  }
  static std::string_view problem(const Params& p) { return p.V_reset < p.V_th ? "" : "V_reset is not below V_th"; }
  static double V_start(const Params& p) { return p.E_L; }
  static State initial(const Params&, double V_m) { return {Real(V_m), 0, 0, 0, 0, 0}; }

  RHEO_INLINE static bool advance(State& s, const Step& k, const Inputs<IafPscAlpha>& in) noexcept {
    const bool resting = s.refractory > 0;
    const Real synaptic =
        s.I_syn_ex * k.ex_V_I + s.dI_syn_ex * k.ex_V_dI + s.I_syn_in * k.in_V_I + s.dI_syn_in * k.in_V_dI;
    const Real moved = s.V_m * k.decay + k.rest + in[2] * k.per_pA + synaptic;
    s.I_syn_ex = s.I_syn_ex * k.ex_I_I + s.dI_syn_ex * k.ex_I_dI;
    s.dI_syn_ex = s.dI_syn_ex * k.ex_I_I + in[0] * k.ex_peak;
    s.I_syn_in = s.I_syn_in * k.in_I_I + s.dI_syn_in * k.in_I_dI;
    s.dI_syn_in = s.dI_syn_in * k.in_I_I + in[1] * k.in_peak;
    const Real V_m = resting ? s.V_m : moved;
    const bool fired = !resting & (V_m >= k.V_th);
    s.V_m = fired ? k.V_reset : V_m;
    const Real left = resting ? s.refractory - 1 : Real(0);
    s.refractory = fired ? k.t_ref : left;
    return fired;
  }
};

}  // namespace rheo
