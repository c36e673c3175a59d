// Leaky integrate-and-fire neuron with exponential synaptic currents and a threshold that every spike raises.
#pragma once

#include "neurons/models/integrate_and_fire.hpp"

namespace rheo {

struct IafPscExpAdaptParams : LeakyParams {
  double tau_syn_ex = 2, tau_syn_in = 2, tau_theta = 200, theta_plus = 1;
};

template <class Real>
struct IafPscExpAdapt : LeakyMembrane<IafPscExpAdaptParams> {
  using real = Real;
  static constexpr std::string_view name = "iaf_psc_exp_adapt";
  static constexpr std::string_view summary =
      "leaky integrate-and-fire, exponential synaptic currents, adaptive threshold";
  static constexpr std::string_view equation =
      "dV_m/dt = -(V_m - E_L)/tau_m + (I_syn_ex + I_syn_in + I_e + I)/C_m\n"
      "dI_syn/dt = -I_syn/tau_syn; weight w: I_syn += w\n"
      "dtheta/dt = -theta/tau_theta\n"
      "V_m >= V_th + theta: V_m = V_reset for t_ref, theta += theta_plus";
  static constexpr std::string_view numerics =
      "V_m, currents and theta are integrated exactly; the test at the end of a tick is against theta at that time. "
      "What "
      "arrives in a tick is added to its current at the end of that tick, so V_m sees it from the next tick on. During "
      "t_ref currents and theta go on. A current or theta below 1e-30 is set to 0.";
  static constexpr std::string_view source =
      "The threshold is that of Diehl & Cook, Front. Comput. Neurosci. 9:99 (2015), and of the adaptive neurons of "
      "Bellec "
      "et al., NeurIPS 31 (2018).";

  using Params = IafPscExpAdaptParams;
  static constexpr auto params =
      std::tuple_cat(membrane_params<Params>(tau_m_field<Params>), synapse_params<Params>,
                     fields(field("tau_theta", &Params::tau_theta, "ms", "time constant of the threshold", positive),
                            field("theta_plus", &Params::theta_plus, "mV", "added to theta by a spike", non_negative)));
  struct State {
    Real V_m, I_syn_ex, I_syn_in, theta, refractory;
  };
  static constexpr auto columns = std::tuple_cat(
      V_m_column<State>, current_columns<State>,
      fields(field("theta", &State::theta, "mV", "what the threshold is above V_th")), refractory_column<State>);
  static constexpr auto ports = current_ports;
  static constexpr std::array<Option, 0> options{};

  struct Coefficients : LeakyStep<Real> {
    ExpCurrentStep<Real> ex, in;
    Real theta_decay, theta_plus;
  };
  static Coefficients prepare(const Params& p, double dt) {
    return {
        {p, dt}, {p, p.tau_syn_ex, dt}, {p, p.tau_syn_in, dt}, Real(math::exp(-dt / p.tau_theta)), Real(p.theta_plus)};
  }
  static std::string_view problem(const Params& p) { return reset_problem(p); }
  static double V_start(const Params& p) { return p.E_L; }
  static State initial(const Params&, double V_m) { return {Real(V_m), 0, 0, 0, 0}; }

  RHEO_INLINE static bool advance(State& s, const Coefficients& k, const Inputs<IafPscExpAdapt>& in) noexcept {
    const Real synaptic = s.I_syn_ex * k.ex.to_V + s.I_syn_in * k.in.to_V;
    const Real moved = s.V_m * k.decay + k.rest + in[2] * k.per_pA + synaptic;
    const Real theta = flushed(s.theta * k.theta_decay);
    s.I_syn_ex = flushed(s.I_syn_ex * k.ex.decay) + in[0];
    s.I_syn_in = flushed(s.I_syn_in * k.in.decay) + in[1];
    const bool fired = fire(s, k, moved, k.V_th + theta);
    s.theta = theta + (fired ? k.theta_plus : Real(0));
    return fired;
  }
};

}  // namespace rheo
