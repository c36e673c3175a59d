// Units that never spike: one sends on what it is given, one adds it up. What others see of them is a value.
#pragma once

#include "neurons/models/model.hpp"

namespace rheo {

// What models without spikes have in common: inputs are numbers without a unit.
struct ValueUnit {
  static constexpr bool spikes = false;
  static constexpr std::array ports{Port{"in", ""}, Port{"I", ""}};
  static constexpr std::array<Option, 0> options{};
  static double longest_tau(const auto&) { return 0; }
  static double V_start(const auto&) { return 0; }
};
template <class Params>
inline constexpr auto constant_input = field("I_e", &Params::I_e, "", "constant input");

template <class Real>
struct PlainUnit : ValueUnit {
  using real = Real;
  static constexpr std::string_view value = "V_m";
  struct Params {
    double I_e = 0;
  };
  static constexpr auto params = fields(constant_input<Params>);
  struct State {
    Real V_m;
  };
  static constexpr auto columns = fields(field("V_m", &State::V_m, "", "what it sends"));

  struct Coefficients {
    Real I_e;
  };
  static Coefficients prepare(const Params& p, double) { return {Real(p.I_e)}; }
  static std::string_view problem(const Params&) { return ""; }
  static State initial(const Params&, double V_m) { return {Real(V_m)}; }
};

template <class Real>
struct Relay : PlainUnit<Real> {
  using typename PlainUnit<Real>::State, typename PlainUnit<Real>::Coefficients;
  static constexpr std::string_view name = "relay";
  static constexpr std::string_view summary = "sends on what it is given, as a value";
  static constexpr std::string_view equation = "V_m = I_e + I + (sum of what arrives)";
  static constexpr std::string_view numerics =
      "V_m is what was given in this tick and nothing of ticks before. It never spikes; projections from it transmit "
      "values.";
  static constexpr std::string_view source = "The identity: a layer of inputs, or numbers that others read.";

  RHEO_INLINE static bool advance(State& s, const Coefficients& k, const Inputs<Relay<Real>>& in) noexcept {
    s.V_m = in[1] + k.I_e + in[0];
    return false;
  }
};

template <class Real>
struct Accumulator : PlainUnit<Real> {
  using typename PlainUnit<Real>::State, typename PlainUnit<Real>::Coefficients;
  static constexpr std::string_view name = "accumulator";
  static constexpr std::string_view summary = "adds up what it is given, without a threshold";
  static constexpr std::string_view equation = "V_m += I_e + I + (sum of what arrives)";
  static constexpr std::string_view numerics =
      "One addition per tick; nothing decays. It never spikes; projections from it transmit values.";
  static constexpr std::string_view source =
      "The output of networks that learn with surrogate gradients, as in Xiao et al., NeurIPS 2022 (arXiv 2210.04195)";

  RHEO_INLINE static bool advance(State& s, const Coefficients& k, const Inputs<Accumulator<Real>>& in) noexcept {
    s.V_m = s.V_m + (in[1] + k.I_e + in[0]);
    return false;
  }
};

}  // namespace rheo
