// Leaky integrate-and-fire neuron whose inputs are jumps of the membrane potential.
//   dV_m/dt = -(V_m - E_L)/tau_m + (I_e + I)/C_m,   a spike of weight w: V_m += w
// Integrated exactly over a tick (Rotter & Diesmann 1999), then the tick's jumps are added, then V_m >= V_th is tested.
// During the t_ref after a spike V_m stays at V_reset and jumps are discarded.
#pragma once

#include "core/math.hpp"
#include "core/time.hpp"
#include "neurons/model.hpp"

namespace rheo {

template <class Real>
struct IafPscDelta {
  using real = Real;
  static constexpr std::string_view name = "iaf_psc_delta";
  static constexpr std::string_view summary = "leaky integrate-and-fire, input as jumps of the potential";

  struct Params {
    double C_m = 250, tau_m = 10, t_ref = 2, E_L = -70, V_reset = -70, V_th = -55, I_e = 0;
  };
  static constexpr auto params =
      fields(field("C_m", &Params::C_m, "pF", "membrane capacitance", positive),
             field("tau_m", &Params::tau_m, "ms", "membrane time constant", positive),
             field("t_ref", &Params::t_ref, "ms", "refractory period, rounded to ticks", non_negative),
             field("E_L", &Params::E_L, "mV", "resting potential"),
             field("V_reset", &Params::V_reset, "mV", "potential after a spike"),
             field("V_th", &Params::V_th, "mV", "threshold"), field("I_e", &Params::I_e, "pA", "constant current"));

  struct State {
    Real V_m, refractory;
  };
  static constexpr auto columns =
      fields(field("V_m", &State::V_m, "mV", "membrane potential"),
             field("refractory", &State::refractory, "ticks", "ticks left at V_reset", non_negative));
  static constexpr std::array ports{Port{"in", "mV"}, Port{"I", "pA"}};
  static constexpr std::array<Option, 0> options{};

  struct Step {
    Real decay, rest, per_pA, V_reset, V_th, t_ref;
  };
  static Step prepare(const Params& p, double dt) {
    const double gain = -math::expm1(-dt / p.tau_m);
    const double per_pA = gain * p.tau_m / p.C_m;
    return {Real(math::exp(-dt / p.tau_m)),
            Real(gain * p.E_L + per_pA * p.I_e),
            Real(per_pA),
            Real(p.V_reset),
            Real(p.V_th),
            Real(static_cast<double>(ms_to_tick_nearest(p.t_ref, dt)))};
  }
  static std::string_view problem(const Params& p) { return p.V_reset < p.V_th ? "" : "V_reset is not below V_th"; }
  static double V_start(const Params& p) { return p.E_L; }
  static State initial(const Params&, double V_m) { return {Real(V_m), 0}; }

  RHEO_INLINE static bool advance(State& s, const Step& k, const Inputs<IafPscDelta>& in) noexcept {
    const bool resting = s.refractory > 0;
    const Real moved = s.V_m * k.decay + k.rest + in[1] * k.per_pA + in[0];
    const Real V_m = resting ? s.V_m : moved;
    const bool fired = !resting & (V_m >= k.V_th);
    s.V_m = fired ? k.V_reset : V_m;
    const Real left = resting ? s.refractory - 1 : Real(0);
    s.refractory = fired ? k.t_ref : left;
    return fired;
  }
};

}  // namespace rheo
