// Leaky integrate-and-fire neuron with synaptic conductances that decay exponentially.
#pragma once

#include "neurons/models/integrate_and_fire.hpp"

namespace rheo {

template <class Real>
struct IafCondExp {
  using real = Real;
  static constexpr std::string_view name = "iaf_cond_exp";
  static constexpr std::string_view summary = "leaky integrate-and-fire, exponential synaptic conductances";
  static constexpr std::string_view equation =
      "C_m dV_m/dt = -g_L (V_m - E_L) - g_ex (V_m - E_ex) - g_in (V_m - E_in) + I_e + I\n"
      "dg/dt = -g/tau_syn; weight w: g += |w|\n"
      "V_m >= V_th: V_m = V_reset for t_ref";
  static constexpr std::string_view numerics =
      "V_m by one step of the classical fourth-order Runge-Kutta method per tick, with the exact conductances at its "
      "begin, middle and end. What arrives in a tick is added to its conductance at the end of that tick, so V_m sees "
      "it "
      "from the next tick on. During t_ref the conductances go on. A conductance below 1e-30 nS is set to 0. Stable "
      "while "
      "dt (g_L + g_ex + g_in)/C_m is below 2.7.";
  static constexpr std::string_view source =
      "Meffin, Burkitt & Grayden, J. Comput. Neurosci. 16 (2004). Names and defaults are NEST's.";

  struct Params {
    double C_m = 250, g_L = 16.6667, t_ref = 2, E_L = -70, V_reset = -60, V_th = -55, I_e = 0, E_ex = 0, E_in = -85,
           tau_syn_ex = 0.2, tau_syn_in = 2;
  };
  static constexpr auto params =
      std::tuple_cat(membrane_params<Params>(g_L_field<Params>), reversal_params<Params>, synapse_params<Params>);
  struct State {
    Real V_m, g_ex, g_in, refractory;
  };
  static constexpr auto columns =
      std::tuple_cat(V_m_column<State>, conductance_columns<State>, refractory_column<State>);
  static constexpr auto ports = conductance_ports;
  static constexpr std::array<Option, 0> options{};

  struct Coefficients {
    Real mV_per_pA, leak, rest, E_ex, E_in;  // mV_per_pA: dt / C_m, in which leak and rest are already counted
    HalvedDecay<Real> ex, in;
    Real V_reset, V_th, t_ref;
  };
  static Coefficients prepare(const Params& p, double dt) {
    const double h = dt / p.C_m, from = counted_from<Real>(V_rest(p));
    return {Real(h),
            Real(h * p.g_L),
            sizeof(Real) == 4 ? Real(0) : Real(h * (p.g_L * p.E_L + p.I_e)),
            Real(p.E_ex - from),
            Real(p.E_in - from),
            {p.tau_syn_ex, dt},
            {p.tau_syn_in, dt},
            Real(p.V_reset - from),
            Real(p.V_th - from),
            refractory_ticks<Real>(p.t_ref, dt)};
  }
  static double V_rest(const Params& p) { return p.E_L + p.I_e / p.g_L; }
  static double tau_m(const Params& p) { return p.C_m / p.g_L; }
  static double longest_tau(const Params& p) { return std::max({tau_m(p), p.tau_syn_ex, p.tau_syn_in}); }
  static std::string_view problem(const Params& p) { return reset_problem(p); }
  static double V_start(const Params& p) { return p.E_L; }
  static State initial(const Params&, double V_m) { return {Real(V_m), 0, 0, 0}; }

  RHEO_INLINE static bool advance(State& s, const Coefficients& k, const Inputs<IafCondExp>& in) noexcept {
    // dV_m/dt = b - a V_m, both per tick, at the tick's begin, middle and end.
    const Real ex_middle = s.g_ex * k.ex.half, in_middle = s.g_in * k.in.half;
    const Real ex_end = flushed(s.g_ex * k.ex.full), in_end = flushed(s.g_in * k.in.full);
    const auto a = [&](Real g_ex, Real g_in) RHEO_INLINE_LAMBDA { return k.leak + k.mV_per_pA * (g_ex + g_in); };
    const auto b = [&](Real g_ex, Real g_in)
                       RHEO_INLINE_LAMBDA { return k.rest + k.mV_per_pA * (g_ex * k.E_ex + g_in * k.E_in + in[2]); };
    const Real a_middle = a(ex_middle, in_middle), b_middle = b(ex_middle, in_middle);
    const Real k1 = b(s.g_ex, s.g_in) - a(s.g_ex, s.g_in) * s.V_m;
    const Real k2 = b_middle - a_middle * (s.V_m + k1 * Real(0.5));
    const Real k3 = b_middle - a_middle * (s.V_m + k2 * Real(0.5));
    const Real k4 = b(ex_end, in_end) - a(ex_end, in_end) * (s.V_m + k3);
    s.g_ex = ex_end + in[0];
    s.g_in = in_end + in[1];
    return fire(s, k, runge_kutta(s.V_m, k1, k2, k3, k4), k.V_th);
  }
};

}  // namespace rheo
