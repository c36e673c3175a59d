// Leaky integrate-and-fire neuron in discrete time, as networks are built from that learn with surrogate gradients.
#pragma once

#include "neurons/models/integrate_and_fire.hpp"

namespace rheo {

template <class Real>
struct LifDiscrete {
  using real = Real;
  static constexpr std::string_view name = "lif_discrete";
  static constexpr std::string_view summary = "leaky integrate-and-fire in discrete time, reset by subtraction";
  static constexpr std::string_view equation =
      "dV_m/dt = (E_L - V_m + R (I_e + I))/tau_m\n"
      "weight w: V_m += w\n"
      "V_m >= V_th: V_m -= V_th - E_L";
  static constexpr std::string_view numerics =
      "By definition one forward step per tick, V_m (1 - dt/tau_m) + ..., then the tick's jumps, then the threshold; "
      "so "
      "tau_m counts in ticks, and below one V_m swings. The reset keeps what V_m is above V_th, and there is no "
      "refractory period.";
  static constexpr std::string_view source =
      "The neuron of spiking networks trained with gradients, as in Xiao et al., NeurIPS 2022 (arXiv 2210.04195)";

  struct Params {
    double tau_m = 2, R = 1, E_L = 0, V_th = 1, I_e = 0;
  };
  static constexpr auto params =
      fields(tau_m_field<Params>, field("R", &Params::R, "GOhm", "membrane resistance", positive),
             field("E_L", &Params::E_L, "mV", "resting potential"), field("V_th", &Params::V_th, "mV", "threshold"),
             field("I_e", &Params::I_e, "pA", "constant current"));
  struct State {
    Real V_m;
  };
  static constexpr auto columns = V_m_column<State>;
  static constexpr std::array ports{Port{"in", "mV"}, Port{"I", "pA"}};
  static constexpr std::array<Option, 0> options{};

  struct Coefficients {
    Real decay, rest, per_pA, V_th, reset;
  };
  static Coefficients prepare(const Params& p, double dt) {
    const double leak = dt / p.tau_m, from = counted_from<Real>(V_rest(p));
    return {Real(1 - leak), sizeof(Real) == 4 ? Real(0) : Real(leak * (p.E_L + p.R * p.I_e)), Real(leak * p.R),
            Real(p.V_th - from), Real(p.V_th - p.E_L)};
  }
  static double V_rest(const Params& p) { return p.E_L + p.R * p.I_e; }
  static double tau_m(const Params& p) { return p.tau_m; }
  static double longest_tau(const Params& p) { return p.tau_m; }
  static std::string_view problem(const Params& p) { return p.E_L < p.V_th ? "" : "E_L is not below V_th"; }
  static double V_start(const Params& p) { return p.E_L; }
  static State initial(const Params&, double V_m) { return {Real(V_m)}; }

  RHEO_INLINE static bool advance(State& s, const Coefficients& k, const Inputs<LifDiscrete>& in) noexcept {
    const Real moved = s.V_m * k.decay + k.rest + in[1] * k.per_pA + in[0];
    const bool fired = moved >= k.V_th;
    s.V_m = fired ? moved - k.reset : moved;
    return fired;
  }
};

}  // namespace rheo
