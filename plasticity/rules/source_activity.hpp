// What rules have in common that learn from the activity of sources: a trace of their spikes, and a signal.
#pragma once

#include "plasticity/rule_sdk.hpp"

namespace rheo {

template <class Params>
constexpr auto source_activity_params(const char* unit_of_eta, const char* meaning_of_eta) {
  return fields(field("tau", &Params::tau, "ms", "time constant of the source's trace", positive),
                field("eta", &Params::eta, unit_of_eta, meaning_of_eta, non_negative),
                field("own", &Params::own, "", "how much the source's own trace counts, beside the signal `activity`",
                      Range{0, 1}),
                field("w_max", &Params::w_max, "weight", "largest magnitude of a weight", positive));
}
constexpr SignalText activity_signal = source_signal("activity", "", "presynaptic activity from elsewhere");

template <class V>
struct FromSourceActivity {
  static constexpr bool signed_weights = true;

  struct Synapse {
    V weight;
  };
  struct Pre {
    V x;
  };
  static constexpr std::array pre{trace("x", "tau", "", "recent spikes of the source")};
  struct Coefficients {
    V eta, own, w_max;
  };
  template <class Params>
  static Coefficients prepare(const Params& p, double) {
    return {p.eta, p.own, p.w_max};
  }
  static Bounds<V> bounds(const Coefficients& k) { return {-k.w_max, k.w_max}; }

  static void pre_spike(Pre& pre, const Coefficients&) { pre.x += 1; }
  static V arrive(Synapse& s, const Coefficients&, const Pre&, const Nothing&) { return s.weight; }
  template <class Signals>
  static V activity(const Coefficients& k, const Pre& pre, const Signals& at) {
    return k.own * pre.x + at.activity;
  }
};

}  // namespace rheo
