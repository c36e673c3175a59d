// Adaptive exponential integrate-and-fire neuron, with synaptic conductances or currents that decay exponentially.
#pragma once

#include "neurons/models/integrate_and_fire.hpp"

namespace rheo {

template <class Real, bool Conductances>
struct Aeif {
  using real = Real;
  static constexpr std::string_view name = Conductances ? "aeif_cond_exp" : "aeif_psc_exp";
  static constexpr std::string_view summary =
      Conductances ? "adaptive exponential integrate-and-fire (AdEx), exponential synaptic conductances"
                   : "adaptive exponential integrate-and-fire (AdEx), exponential synaptic currents";
  static constexpr std::string_view equation =
      Conductances ? "C_m dV_m/dt = -g_L (V_m - E_L) + g_L Delta_T exp((V_m - V_th)/Delta_T) - g_ex (V_m - E_ex)\n"
                     "              - g_in (V_m - E_in) - w + I_e + I\n"
                     "tau_w dw/dt = a (V_m - E_L) - w\n"
                     "dg/dt = -g/tau_syn; weight J: g += |J|\n"
                     "V_m >= V_peak: V_m = V_reset for t_ref, w += b"
                   : "C_m dV_m/dt = -g_L (V_m - E_L) + g_L Delta_T exp((V_m - V_th)/Delta_T) + I_syn_ex + I_syn_in\n"
                     "              - w + I_e + I\n"
                     "tau_w dw/dt = a (V_m - E_L) - w\n"
                     "dI_syn/dt = -I_syn/tau_syn; weight J: I_syn += J\n"
                     "V_m >= V_peak: V_m = V_reset for t_ref, w += b";
  static constexpr std::string_view numerics =
      "V_m and w by one step of the classical fourth-order Runge-Kutta method per tick, with the exact synaptic input "
      "at "
      "its begin, middle and end; as in NEST slopes are taken at V_m or V_peak, whichever is lower. With Delta_T = 0 "
      "there "
      "is no exponential and the threshold is V_th. What arrives in a tick is added at its end, so V_m sees it from "
      "the "
      "next tick on. During t_ref synapses and w go on. Synaptic input and w below 1e-30 are set to 0.";
  static constexpr std::string_view source =
      "Brette & Gerstner, J. Neurophysiol. 94 (2005). Names and defaults are NEST's (which integrates with adaptive "
      "steps "
      "and resets within them).";

  struct Params {
    double C_m = 281, g_L = 30, t_ref = 0, E_L = -70.6, V_reset = -60, V_th = -50.4, I_e = 0, E_ex = 0, E_in = -85,
           tau_syn_ex = 0.2, tau_syn_in = 2, Delta_T = 2, V_peak = 0, a = 4, b = 80.5, tau_w = 144;
  };
  static constexpr auto params = std::tuple_cat(
      membrane_params<Params>(g_L_field<Params>),
      [] {
        if constexpr (Conductances) return std::tuple_cat(reversal_params<Params>, synapse_params<Params>);
        if constexpr (!Conductances) return synapse_params<Params>;
      }(),
      fields(field("Delta_T", &Params::Delta_T, "mV", "sharpness of the onset of a spike", non_negative),
             field("V_peak", &Params::V_peak, "mV", "peak of a spike, where V_m is reset"),
             field("a", &Params::a, "nS", "adaptation by V_m"), field("b", &Params::b, "pA", "added to w by a spike"),
             field("tau_w", &Params::tau_w, "ms", "time constant of w", positive)));
  struct State {
    Real V_m, ex, in, w, refractory;
  };
  static constexpr auto columns = std::tuple_cat(
      V_m_column<State>,
      [] {
        if constexpr (Conductances)
          return fields(field("g_ex", &State::ex, "nS", "excitatory conductance", non_negative),
                        field("g_in", &State::in, "nS", "inhibitory conductance", non_negative));
        if constexpr (!Conductances)
          return fields(field("I_syn_ex", &State::ex, "pA", "excitatory synaptic current"),
                        field("I_syn_in", &State::in, "pA", "inhibitory synaptic current"));
      }(),
      fields(field("w", &State::w, "pA", "adaptation current")), refractory_column<State>);
  static constexpr auto ports = Conductances ? conductance_ports : current_ports;
  static constexpr std::array<Option, 0> options{};

  struct Coefficients {
    Real mV_per_pA, leak, rest, spike, sharpness, V_T, E_ex, E_in;  // mV_per_pA: dt / C_m
    HalvedDecay<Real> ex, in;
    Real w_rate, a, E_L, b, V_reset, V_th, t_ref;
  };
  static Coefficients prepare(const Params& p, double dt) {
    const double h = dt / p.C_m, from = counted_from<Real>(V_rest(p));
    return {Real(h),
            Real(h * p.g_L),
            Real(h * (p.g_L * (p.E_L - from) + p.I_e)),
            Real(h * p.g_L * p.Delta_T),
            Real(p.Delta_T > 0 ? 1 / p.Delta_T : 0.0),
            Real(p.V_th - from),
            Real(p.E_ex - from),
            Real(p.E_in - from),
            {p.tau_syn_ex, dt},
            {p.tau_syn_in, dt},
            Real(dt / p.tau_w),
            Real(p.a),
            Real(p.E_L - from),
            Real(p.b),
            Real(p.V_reset - from),
            Real((p.Delta_T > 0 ? p.V_peak : p.V_th) - from),
            refractory_ticks<Real>(p.t_ref, dt)};
  }
  // With w at its own rest, and without the exponential, which is small there.
  static double V_rest(const Params& p) { return p.g_L + p.a > 0 ? p.E_L + p.I_e / (p.g_L + p.a) : p.E_L; }
  static double tau_m(const Params& p) { return p.C_m / p.g_L; }
  static double longest_tau(const Params& p) { return std::max({tau_m(p), p.tau_syn_ex, p.tau_syn_in, p.tau_w}); }
  static std::string_view problem(const Params& p) {
    // So that no stage of the method overflows.
    const double steepest = sizeof(Real) == 4 ? 60 : 600;
    if (p.Delta_T > 0 && !(p.V_reset < p.V_peak)) return "V_reset is not below V_peak";
    if (p.Delta_T > 0 && p.V_peak < p.V_th) return "V_peak is below V_th";
    if (p.Delta_T > 0 && p.V_peak - p.V_th > steepest * p.Delta_T)
      return sizeof(Real) == 4 ? "V_peak - V_th is more than 60 Delta_T, too much for single precision"
                               : "V_peak - V_th is more than 600 Delta_T";
    return p.Delta_T > 0 ? "" : reset_problem(p);
  }
  static double V_start(const Params& p) { return p.E_L; }
  static State initial(const Params&, double V_m) { return {Real(V_m), 0, 0, 0, 0}; }

  RHEO_INLINE static bool advance(State& s, const Coefficients& k, const Inputs<Aeif>& in) noexcept {
    const bool resting = s.refractory > 0;
    const Real V = s.V_m < k.V_th ? s.V_m : k.V_th;
    const Real ex_end = flushed(s.ex * k.ex.full), in_end = flushed(s.in * k.in.full);
    // What V_m changes in a tick at the slope of (V, w), a stage's synaptic input being (ex, in); and where the next
    // stage looks at it.
    const auto dV = [&](Real V_m, Real w, Real ex, Real inh) RHEO_INLINE_LAMBDA {
      const Real steep = k.spike * math::exp((V_m - k.V_T) * k.sharpness);
      if constexpr (Conductances)
        return k.rest - (k.leak + k.mV_per_pA * (ex + inh)) * V_m +
               k.mV_per_pA * (ex * k.E_ex + inh * k.E_in + in[2] - w) + steep;
      else
        return k.rest - k.leak * V_m + k.mV_per_pA * (ex + inh + in[2] - w) + steep;
    };
    const auto dw = [&](Real V_m, Real w) RHEO_INLINE_LAMBDA { return k.w_rate * (k.a * (V_m - k.E_L) - w); };
    const auto ahead = [&](Real by) RHEO_INLINE_LAMBDA {
      const Real there = V + by, below = there < k.V_th ? there : k.V_th;
      return resting ? V : below;
    };
    const Real ex_middle = s.ex * k.ex.half, in_middle = s.in * k.in.half;
    const Real V1 = dV(V, s.w, s.ex, s.in), w1 = dw(V, s.w);
    const Real Vb = ahead(V1 * Real(0.5)), wb = s.w + w1 * Real(0.5);
    const Real V2 = dV(Vb, wb, ex_middle, in_middle), w2 = dw(Vb, wb);
    const Real Vc = ahead(V2 * Real(0.5)), wc = s.w + w2 * Real(0.5);
    const Real V3 = dV(Vc, wc, ex_middle, in_middle), w3 = dw(Vc, wc);
    const Real Vd = ahead(V3), wd = s.w + w3;
    const Real V4 = dV(Vd, wd, ex_end, in_end), w4 = dw(Vd, wd);
    s.ex = ex_end + in[0];
    s.in = in_end + in[1];
    const Real w = flushed(runge_kutta(s.w, w1, w2, w3, w4));
    const bool fired = fire(s, k, runge_kutta(V, V1, V2, V3, V4), k.V_th);
    s.w = w + (fired ? k.b : Real(0));
    return fired;
  }
};

}  // namespace rheo
