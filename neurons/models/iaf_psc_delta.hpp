// Leaky integrate-and-fire neuron whose inputs are jumps of the membrane potential.
#pragma once

#include "neurons/models/integrate_and_fire.hpp"

namespace rheo {

template <class Real>
struct IafPscDelta : LeakyMembrane<LeakyParams> {
  using real = Real;
  static constexpr std::string_view name = "iaf_psc_delta";
  static constexpr std::string_view summary = "leaky integrate-and-fire, input as jumps of the potential";
  static constexpr std::string_view equation =
      "dV_m/dt = -(V_m - E_L)/tau_m + (I_e + I)/C_m\n"
      "weight w: V_m += w\n"
      "V_m >= V_th: V_m = V_reset for t_ref";
  static constexpr std::string_view numerics =
      "Integrated exactly over a tick, then the tick's jumps are added, then the threshold is tested. During t_ref "
      "jumps "
      "are discarded.";
  static constexpr std::string_view source =
      "Rotter & Diesmann, Biological Cybernetics 81 (1999). Names and defaults are NEST's.";

  using Params = LeakyParams;
  static constexpr auto params = membrane_params<Params>(tau_m_field<Params>);
  struct State {
    Real V_m, refractory;
  };
  static constexpr auto columns = std::tuple_cat(V_m_column<State>, refractory_column<State>);
  static constexpr std::array ports{Port{"in", "mV"}, Port{"I", "pA"}};
  static constexpr std::array<Option, 0> options{};

  using Coefficients = LeakyStep<Real>;
  static Coefficients prepare(const Params& p, double dt) { return {p, dt}; }
  static std::string_view problem(const Params& p) { return reset_problem(p); }
  static double V_start(const Params& p) { return p.E_L; }
  static State initial(const Params&, double V_m) { return {Real(V_m), 0}; }

  RHEO_INLINE static bool advance(State& s, const Coefficients& k, const Inputs<IafPscDelta>& in) noexcept {
    return fire(s, k, s.V_m * k.decay + k.rest + in[1] * k.per_pA + in[0], k.V_th);
  }

  static Real V_to_come(const State&, const Coefficients&) { return 0; }
};

}  // namespace rheo
