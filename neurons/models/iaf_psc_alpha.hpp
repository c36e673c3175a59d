// Leaky integrate-and-fire neuron with alpha-shaped synaptic currents.
#pragma once

#include "neurons/models/integrate_and_fire.hpp"

namespace rheo {

struct IafPscAlphaParams : LeakyParams {
  double tau_syn_ex = 2, tau_syn_in = 2;
};

template <class Real>
struct IafPscAlpha : LeakyMembrane<IafPscAlphaParams> {
  using real = Real;
  static constexpr std::string_view name = "iaf_psc_alpha";
  static constexpr std::string_view summary = "leaky integrate-and-fire, alpha-shaped synaptic currents";
  static constexpr std::string_view equation =
      "dV_m/dt = -(V_m - E_L)/tau_m + (I_syn_ex + I_syn_in + I_e + I)/C_m\n"
      "weight w at time s: I_syn(t) += w (e/tau_syn) (t - s) exp(-(t - s)/tau_syn), with its peak w at s + tau_syn\n"
      "V_m >= V_th: V_m = V_reset for t_ref";
  static constexpr std::string_view numerics =
      "Integrated exactly, also at tau_m = tau_syn. What arrives in a tick starts its current at the end of that tick, "
      "so "
      "V_m sees it from the next tick on. During t_ref the currents go on.";
  static constexpr std::string_view source =
      "Rotter & Diesmann, Biological Cybernetics 81 (1999). Names and defaults are NEST's.";

  using Params = IafPscAlphaParams;
  static constexpr auto params = std::tuple_cat(membrane_params<Params>(tau_m_field<Params>), synapse_params<Params>);
  struct State {
    Real V_m, I_syn_ex, dI_syn_ex, I_syn_in, dI_syn_in, refractory;
  };
  static constexpr auto columns =
      std::tuple_cat(V_m_column<State>,
                     fields(field("I_syn_ex", &State::I_syn_ex, "pA", "excitatory synaptic current"),
                            field("dI_syn_ex", &State::dI_syn_ex, "pA/ms", "its derivative without decay"),
                            field("I_syn_in", &State::I_syn_in, "pA", "inhibitory synaptic current"),
                            field("dI_syn_in", &State::dI_syn_in, "pA/ms", "its derivative without decay")),
                     refractory_column<State>);
  static constexpr auto ports = current_ports;
  static constexpr std::array<Option, 0> options{};

  struct Synapse {
    Real V_I, V_dI, I_I, I_dI, peak;
    Synapse(const Params& p, double tau_syn, double dt) {
      const AlphaPropagator exact(p.tau_m, tau_syn, p.C_m, dt);
      V_I = Real(exact.V_I);
      V_dI = Real(exact.V_dI);
      I_I = Real(exact.I_I);
      I_dI = Real(exact.I_dI);
      peak = Real(math::exp(1.0) / tau_syn);
    }
  };
  struct Coefficients : LeakyStep<Real> {
    Synapse ex, in;
  };
  static Coefficients prepare(const Params& p, double dt) {
    return {{p, dt}, {p, p.tau_syn_ex, dt}, {p, p.tau_syn_in, dt}};
  }
  static std::string_view problem(const Params& p) { return reset_problem(p); }
  static double V_start(const Params& p) { return p.E_L; }
  static State initial(const Params&, double V_m) { return {Real(V_m), 0, 0, 0, 0, 0}; }

  RHEO_INLINE static bool advance(State& s, const Coefficients& k, const Inputs<IafPscAlpha>& in) noexcept {
    const Real synaptic =
        s.I_syn_ex * k.ex.V_I + s.dI_syn_ex * k.ex.V_dI + s.I_syn_in * k.in.V_I + s.dI_syn_in * k.in.V_dI;
    const Real moved = s.V_m * k.decay + k.rest + in[2] * k.per_pA + synaptic;
    s.I_syn_ex = s.I_syn_ex * k.ex.I_I + s.dI_syn_ex * k.ex.I_dI;
    s.dI_syn_ex = s.dI_syn_ex * k.ex.I_I + in[0] * k.ex.peak;
    s.I_syn_in = s.I_syn_in * k.in.I_I + s.dI_syn_in * k.in.I_dI;
    s.dI_syn_in = s.dI_syn_in * k.in.I_I + in[1] * k.in.peak;
    return fire(s, k, moved, k.V_th);
  }

  static Real V_to_come(const State& s, const Coefficients& most) {
    return to_come(s.I_syn_ex, most.ex.V_I) + to_come(s.dI_syn_ex, most.ex.V_dI) + to_come(s.I_syn_in, most.in.V_I) +
           to_come(s.dI_syn_in, most.in.V_dI);
  }
};

}  // namespace rheo
