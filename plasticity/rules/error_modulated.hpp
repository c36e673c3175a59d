// Error-modulated, attention-gated Hebbian learning of readouts: three factors, in every tick or once per trial.
#pragma once

#include "plasticity/rules/source_activity.hpp"

namespace rheo {

template <class V>
struct ErrorModulated : FromSourceActivity<V> {
  using Base = FromSourceActivity<V>;
  using typename Base::Pre, typename Base::Coefficients, typename Base::Synapse;
  static constexpr const char* name = "error_modulated";
  static constexpr const char* summary = "presynaptic activity times an error of each target, where a gate is open";
  static constexpr const char* equation =
      "dx/dt = -x/tau; source spikes: x += 1\n"
      "in ticks in which an error is not 0: w += eta gate error (own x + activity)\n"
      "with -w_max <= w <= w_max";
  static constexpr const char* source =
      "the delta rule with an attention gate, as in arXiv 2510.14382 (its readout in time)";

  struct Params {
    double tau = 20, eta = 1e-3, own = 1, w_max = 1e6;
  };
  static constexpr auto params =
      source_activity_params<Params>("weight", "step for an error, a gate and an activity of 1");

  static double relative_step(const Params& p, double weight) { return part_of(p.eta, weight); }

  struct Signals {
    V error, gate, activity;
  };
  static constexpr std::array signals{target_signal("error", "", "what each target is to change by"),
                                      target_signal("gate", "", "attention of each target", 1), activity_signal};

  static void consolidate(Synapse& s, const Coefficients& k, const Pre& pre, const Nothing&, const Signals& at) {
    s.weight += k.eta * at.gate * at.error * Base::activity(k, pre, at);
  }
};

template <class V>
struct TrialModulated {
  static constexpr const char* name = "error_modulated_trial";
  static constexpr const char* summary =
      "mean presynaptic activity of a trial times an error of each target at its end";
  static constexpr const char* equation =
      "arrival: n += 1\n"
      "in ticks in which `trial` is above 0, its start: n = 0\n"
      "in ticks in which it is below 0, its end: w += eta error n / T\n"
      "with -w_max <= w <= w_max";
  static constexpr const char* source = "the delta rule, as in arXiv 2510.14382 (its readout of identity)";

  struct Params {
    double T = 1000, eta = 1e-3, w_max = 1e6;
  };
  static constexpr auto params =
      fields(field("T", &Params::T, "ms", "length of a trial", positive),
             field("eta", &Params::eta, "weight/Hz", "step for an error of 1 and a rate of 1 Hz", non_negative),
             field("w_max", &Params::w_max, "weight", "largest magnitude of a weight", positive));
  static constexpr bool signed_weights = true;
  static double relative_step(const Params& p, double weight) { return part_of(p.eta, weight); }

  struct Synapse {
    V weight, n;
  };
  static constexpr std::array synapse{column("n", "", "arrivals since the start of the trial")};
  struct Signals {
    V trial, error;
  };
  static constexpr std::array signals{signal("trial", "", "above 0 at the start of a trial, below 0 at its end"),
                                      target_signal("error", "", "of each target, at the end of a trial")};
  struct Coefficients {
    V per_arrival, w_max;
  };
  static Coefficients prepare(const Params& p, double) { return {p.eta * 1000 / p.T, p.w_max}; }
  static Bounds<V> bounds(const Coefficients& k) { return {-k.w_max, k.w_max}; }

  static V arrive(Synapse& s, const Coefficients&, const Nothing&, const Nothing&) {
    s.n += 1;
    return s.weight;
  }
  static void consolidate(Synapse& s, const Coefficients& k, const Nothing&, const Nothing&, const Signals& at) {
    s.weight += select(at.trial < V(0), k.per_arrival * at.error * s.n, V(0));
    s.n = select(at.trial > V(0), V(0), s.n);
  }
};

}  // namespace rheo
