// Izhikevich's simple model in the form of his book (2007).
#pragma once

#include "neurons/models/izhikevich_input.hpp"
#include "neurons/models/model.hpp"

namespace rheo {

template <class Real, int Input = 0>
struct Izhikevich2007 {
  using real = Real;
  static constexpr std::string_view name = "izhikevich_2007";
  static constexpr std::string_view summary = "Izhikevich's two-variable neuron with measurable parameters (2007)";
  static constexpr std::string_view equation =
      "C_m dV_m/dt = k (V_m - V_r)(V_m - V_t) - U_m + I_syn + I_e + I\n"
      "dU_m/dt = a (b (V_m - V_r) - U_m)\n"
      "V_m >= V_peak: V_m = c, U_m += d";
  static constexpr std::string_view numerics =
      "Forward Euler as in the book's listings: U_m from the old V_m, the spike test at the end of the tick.\n\n"
      "input = \"pulse\": a weight is a current that lasts 1 ms in all, applied as weight x 1 ms/dt during one tick; "
      "\"delta\": it is added to V_m at the end of the step; \"exp\": it is added at the end of the tick to I_syn, "
      "which "
      "acts from the next tick on and decays with tau_syn (0 below 1e-30).";
  static constexpr std::string_view source =
      "Izhikevich, Dynamical Systems in Neuroscience, MIT Press (2007), chapter 8; defaults are its regular spiking "
      "cell.";

  struct Params {
    double C_m = 100, k = 0.7, V_r = -60, V_t = -40, V_peak = 35, a = 0.03, b = -2, c = -50, d = 100, I_e = 0,
           tau_syn = 2;
  };
  static constexpr auto params = fields(
      field("C_m", &Params::C_m, "pF", "membrane capacitance", positive),
      field("k", &Params::k, "nS/mV", "steepness of the current between V_r and V_t"),
      field("V_r", &Params::V_r, "mV", "resting potential"),
      field("V_t", &Params::V_t, "mV", "instantaneous threshold"),
      field("V_peak", &Params::V_peak, "mV", "peak of a spike"), field("a", &Params::a, "1/ms", "rate of recovery"),
      field("b", &Params::b, "nS", "sensitivity of the recovery to V_m"),
      field("c", &Params::c, "mV", "potential after a spike"), field("d", &Params::d, "pA", "added to U_m by a spike"),
      field("I_e", &Params::I_e, "pA", "constant current"), tau_syn_field<Params>);

  using State = IzhikevichState<Real, Input>;
  static constexpr auto columns = izhikevich_columns<Real, Input>("pA", "recovery; starts at b (V_m - V_r)");
  static constexpr std::array ports{Port{"in", izhikevich_unit<Input>("pA for 1 ms", "pA")}, Port{"I", "pA"}};
  static constexpr std::array options{izhikevich_input_option};

  struct Coefficients {
    Real mV_per_pA, k, V_r, V_t, V_peak, h_a, b, c, d, I_e;  // mV_per_pA: dt / C_m; h_a: dt a
    IzhikevichInput<Real, Input> input;
  };
  static Coefficients prepare(const Params& p, double dt) {
    return {Real(dt / p.C_m), Real(p.k), Real(p.V_r), Real(p.V_t), Real(p.V_peak), Real(dt * p.a),
            Real(p.b),        Real(p.c), Real(p.d),   Real(p.I_e), {p.tau_syn, dt}};
  }
  static std::string_view problem(const Params& p) { return p.c < p.V_peak ? "" : "c is not below V_peak"; }
  static double longest_tau(const Params& p) { return izhikevich_tau<Input>(p.a, p.tau_syn); }
  static double V_start(const Params& p) { return p.V_r; }
  static State initial(const Params& p, double V_m) { return {Real(V_m), Real(p.b * (V_m - p.V_r))}; }

  RHEO_INLINE static bool advance(State& s, const Coefficients& k, const Inputs<Izhikevich2007>& in) noexcept {
    const Real current = k.input.current(s, in[1], in[0]);
    Real V = s.V_m + k.mV_per_pA * (k.k * (s.V_m - k.V_r) * (s.V_m - k.V_t) - s.U_m + k.I_e + current);
    if constexpr (Input == 1) V = V + in[0];
    const Real U = s.U_m + k.h_a * (k.b * (s.V_m - k.V_r) - s.U_m);
    const bool fired = V >= k.V_peak;
    s.V_m = fired ? k.c : V;
    s.U_m = fired ? U + k.d : U;
    return fired;
  }
};

}  // namespace rheo
