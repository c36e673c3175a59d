// Izhikevich's simple model (2003), with the coefficients of 2004 as parameters.
#pragma once

#include "neurons/models/izhikevich_input.hpp"
#include "neurons/models/model.hpp"

namespace rheo {

template <class Real, int Scheme = 0, int Input = 0>
struct Izhikevich {
  using real = Real;
  static constexpr std::string_view name = "izhikevich";
  static constexpr std::string_view summary = "Izhikevich's two-variable neuron (2003)";
  static constexpr std::string_view equation =
      "dV_m/dt = c2 V_m^2 + c1 V_m + c0 - U_m + I_syn + I_e + I\n"
      "dU_m/dt = a (b V_m - U_m + u0)\n"
      "V_m >= V_th: V_m = c, U_m += d";
  static constexpr std::string_view numerics =
      "scheme = \"published\": two half steps for V_m, then U_m from the new V_m (the listing of 2003); "
      "\"published_2004\": one step for V_m, then U_m from the new V_m (the listing of 2004); \"euler\": forward "
      "Euler, "
      "U_m from the old V_m. All are of first order. The spike test is at the end of the tick.\n\n"
      "input = \"pulse\": a weight is a current that lasts 1 ms in all, applied as weight x 1 ms/dt during one tick, "
      "which "
      "at dt = 1 ms is the listing of 2003; \"delta\": it is added to V_m at the end of the step; \"exp\": it is added "
      "at "
      "the end of the tick to I_syn, which acts from the next tick on and decays with tau_syn (0 below 1e-30).";
  static constexpr std::string_view source =
      "Izhikevich, IEEE Trans. Neural Networks 14 (2003); coefficients c2, c1, c0, u0: Izhikevich, IEEE Trans. Neural "
      "Networks 15 (2004).";

  struct Params {
    double a = 0.02, b = 0.2, c = -65, d = 8, V_th = 30, c2 = 0.04, c1 = 5, c0 = 140, u0 = 0, I_e = 0, tau_syn = 2;
  };
  static constexpr auto params = fields(
      field("a", &Params::a, "1/ms", "rate of recovery"),
      field("b", &Params::b, "1/ms", "sensitivity of the recovery to V_m"),
      field("c", &Params::c, "mV", "potential after a spike"),
      field("d", &Params::d, "mV/ms", "added to U_m by a spike"), field("V_th", &Params::V_th, "mV", "peak of a spike"),
      field("c2", &Params::c2, "1/(mV ms)", "coefficient of V_m^2"),
      field("c1", &Params::c1, "1/ms", "coefficient of V_m"), field("c0", &Params::c0, "mV/ms", "constant of dV_m/dt"),
      field("u0", &Params::u0, "mV/ms", "offset of the recovery"),
      field("I_e", &Params::I_e, "mV/ms", "constant current"), tau_syn_field<Params>);

  using State = IzhikevichState<Real, Input>;
  static constexpr auto columns = izhikevich_columns<Real, Input>("mV/ms", "recovery; starts at b V_m");
  static constexpr std::array ports{Port{"in", izhikevich_unit<Input>("mV/ms for 1 ms", "mV/ms")}, Port{"I", "mV/ms"}};
  static constexpr std::array options{
      Option{"scheme",
             "two half steps for V_m (2003), one step (2004), both then U_m from the new V_m; or forward Euler",
             {"published", "published_2004", "euler"}},
      izhikevich_input_option};

  struct Coefficients {
    Real h, half, a, b, c, d, V_th, c2, c1, c0, u0;
    IzhikevichInput<Real, Input> input;
  };
  static Coefficients prepare(const Params& p, double dt) {
    return {Real(dt),     Real(dt / 2), Real(p.a),  Real(p.b),          Real(p.c),  Real(p.d),
            Real(p.V_th), Real(p.c2),   Real(p.c1), Real(p.c0 + p.I_e), Real(p.u0), {p.tau_syn, dt}};
  }
  static std::string_view problem(const Params& p) { return p.c < p.V_th ? "" : "c is not below V_th"; }
  static double longest_tau(const Params& p) { return izhikevich_tau<Input>(p.a, p.tau_syn); }
  static double V_start(const Params&) { return -65; }
  static State initial(const Params& p, double V_m) { return {Real(V_m), Real(p.b * V_m)}; }

  RHEO_INLINE static bool advance(State& s, const Coefficients& k, const Inputs<Izhikevich>& in) noexcept {
    const Real current = k.input.current(s, in[1], in[0]);
    const auto slope = [&](Real V) RHEO_INLINE_LAMBDA { return (k.c2 * V + k.c1) * V + k.c0 - s.U_m + current; };
    Real V = s.V_m + (Scheme == 0 ? k.half : k.h) * slope(s.V_m);
    if constexpr (Scheme == 0) V = V + k.half * slope(V);
    if constexpr (Input == 1) V = V + in[0];
    const Real U = s.U_m + k.h * (k.a * (k.b * (Scheme == 2 ? s.V_m : V) - s.U_m + k.u0));
    const bool fired = V >= k.V_th;
    s.V_m = fired ? k.c : V;
    s.U_m = fired ? U + k.d : U;
    return fired;
  }
};

}  // namespace rheo
