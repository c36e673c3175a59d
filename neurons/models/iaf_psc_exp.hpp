// Leaky integrate-and-fire neuron with synaptic currents that decay exponentially.
#pragma once

#include "neurons/models/integrate_and_fire.hpp"

namespace rheo {

struct IafPscExpParams : LeakyParams {
  double tau_syn_ex = 2, tau_syn_in = 2;
};

template <class Real>
struct IafPscExp : LeakyMembrane<IafPscExpParams> {
  using real = Real;
  static constexpr std::string_view name = "iaf_psc_exp";
  static constexpr std::string_view summary = "leaky integrate-and-fire, exponential synaptic currents";
  static constexpr std::string_view equation =
      "dV_m/dt = -(V_m - E_L)/tau_m + (I_syn_ex + I_syn_in + I_e + I)/C_m\n"
      "dI_syn/dt = -I_syn/tau_syn; weight w: I_syn += w\n"
      "V_m >= V_th: V_m = V_reset for t_ref";
  static constexpr std::string_view numerics =
      "Integrated exactly, also at tau_m = tau_syn. What arrives in a tick is added to its current at the end of that "
      "tick, so V_m sees it from the next tick on. During t_ref the currents go on. A current below 1e-30 pA is set to "
      "0.";
  static constexpr std::string_view source =
      "Tsodyks, Uziel & Markram, J. Neuroscience 20 RC50 (2000); Rotter & Diesmann, Biological Cybernetics 81 (1999). "
      "Names and defaults are NEST's.";

  using Params = IafPscExpParams;
  static constexpr auto params = std::tuple_cat(membrane_params<Params>(tau_m_field<Params>), synapse_params<Params>);
  struct State {
    Real V_m, I_syn_ex, I_syn_in, refractory;
  };
  static constexpr auto columns = std::tuple_cat(V_m_column<State>, current_columns<State>, refractory_column<State>);
  static constexpr auto ports = current_ports;
  static constexpr std::array<Option, 0> options{};

  struct Coefficients : LeakyStep<Real> {
    ExpCurrentStep<Real> ex, in;
  };
  static Coefficients prepare(const Params& p, double dt) {
    return {{p, dt}, {p, p.tau_syn_ex, dt}, {p, p.tau_syn_in, dt}};
  }
  static std::string_view problem(const Params& p) { return reset_problem(p); }
  static double V_start(const Params& p) { return p.E_L; }
  static State initial(const Params&, double V_m) { return {Real(V_m), 0, 0, 0}; }

  RHEO_INLINE static bool advance(State& s, const Coefficients& k, const Inputs<IafPscExp>& in) noexcept {
    const Real synaptic = s.I_syn_ex * k.ex.to_V + s.I_syn_in * k.in.to_V;
    const Real moved = s.V_m * k.decay + k.rest + in[2] * k.per_pA + synaptic;
    s.I_syn_ex = flushed(s.I_syn_ex * k.ex.decay) + in[0];
    s.I_syn_in = flushed(s.I_syn_in * k.in.decay) + in[1];
    return fire(s, k, moved, k.V_th);
  }

  static Real V_to_come(const State& s, const Coefficients& most) {
    return to_come(s.I_syn_ex, most.ex.to_V) + to_come(s.I_syn_in, most.in.to_V);
  }
};

}  // namespace rheo
