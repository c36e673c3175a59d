// Rate neurons in discrete time: a map from tick to tick, whose rate is what they transmit.
#pragma once

#include "core/math.hpp"
#include "neurons/models/relay.hpp"

namespace rheo {

// What they have in common.
template <class Real>
struct RateNeuron : ValueUnit {
  using real = Real;
  static constexpr std::string_view value = "r";
  struct State {
    Real V_m, r;
  };
  static constexpr auto columns =
      fields(field("V_m", &State::V_m, "", "sum of all inputs"), field("r", &State::r, "", "rate, which it transmits"));
};

template <class Real>
struct RateSigmoid : RateNeuron<Real> {
  using typename RateNeuron<Real>::State;
  static constexpr std::string_view name = "rate_sigmoid";
  static constexpr std::string_view summary = "rate neuron in discrete time with a logistic function";
  static constexpr std::string_view equation =
      "V_m = I_e + I + (sum of weight times rate)\n"
      "r = 1/(1 + exp(-c (V_m - theta)))";
  static constexpr std::string_view numerics =
      "One step per tick, without a time constant: dt only says how long a step is. It never spikes; projections from "
      "it transmit r, which begins as the rate of V_m.";
  static constexpr std::string_view source = "arXiv 2504.12480 (Nature Communications 2025), equation 1";

  struct Params {
    double c = 10, theta = 0, I_e = 0;
  };
  static constexpr auto params =
      fields(field("c", &Params::c, "", "gain", positive),
             field("theta", &Params::theta, "", "V_m at which the rate is 1/2"), constant_input<Params>);
  struct Coefficients {
    Real c, theta, I_e;
  };
  static Coefficients prepare(const Params& p, double) { return {Real(p.c), Real(p.theta), Real(p.I_e)}; }
  static std::string_view problem(const Params&) { return ""; }
  static State initial(const Params& p, double V_m) { return {Real(V_m), rate_of(Real(V_m), prepare(p, 0))}; }

  RHEO_INLINE static Real rate_of(Real V_m, const Coefficients& k) {
    return Real(1) / (Real(1) + math::exp(-k.c * (V_m - k.theta)));
  }
  RHEO_INLINE static bool advance(State& s, const Coefficients& k, const Inputs<RateSigmoid<Real>>& in) noexcept {
    s.V_m = in[1] + k.I_e + in[0];
    s.r = rate_of(s.V_m, k);
    return false;
  }
};

template <class Real>
struct RateTanh : RateNeuron<Real> {
  using typename RateNeuron<Real>::State;
  static constexpr std::string_view name = "rate_tanh";
  static constexpr std::string_view summary = "leaky rate neuron in discrete time with a hyperbolic tangent";
  static constexpr std::string_view equation =
      "V_m = I_e + I + (sum of weight times rate)\n"
      "r += a (tanh(V_m) - r)";
  static constexpr std::string_view numerics =
      "One step per tick: dt only says how long a step is. It never spikes; projections from it transmit r, which "
      "begins at 0.";
  static constexpr std::string_view source =
      "Echo-state networks: Jaeger, GMD report 148 (2001); leaky: Jaeger, Lukosevicius, Popovici & Siewert, Neural "
      "Networks 20 (2007)";

  struct Params {
    double a = 1, I_e = 0;
  };
  static constexpr auto params =
      fields(field("a", &Params::a, "", "how much of the new value counts in a tick; 1: no leak", Range{1e-30, 1}),
             constant_input<Params>);
  struct Coefficients {
    Real a, I_e;
  };
  static Coefficients prepare(const Params& p, double) { return {Real(p.a), Real(p.I_e)}; }
  static std::string_view problem(const Params&) { return ""; }
  static State initial(const Params&, double V_m) { return {Real(V_m), 0}; }

  RHEO_INLINE static bool advance(State& s, const Coefficients& k, const Inputs<RateTanh<Real>>& in) noexcept {
    s.V_m = in[1] + k.I_e + in[0];
    s.r = s.r + k.a * (math::tanh(s.V_m) - s.r);
    return false;
  }
};

}  // namespace rheo
