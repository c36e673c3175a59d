// Spike-timing-dependent plasticity that waits for a reward: three factors.
#pragma once

#include "plasticity/rule_sdk.hpp"

namespace rheo {

template <class V>
struct RewardModulatedStdp {
  static constexpr const char* name = "rstdp";
  static constexpr const char* summary =
      "spike timing leaves an eligibility trace, which dopamine turns into a change of weight";
  static constexpr const char* equation =
      "dx/dt = -x/tau_plus; source spikes: x += 1\n"
      "dy/dt = -y/tau_minus; target spikes: y += 1\n"
      "dc/dt = -c/tau_c; arrival: c -= A_minus y; target spikes: c += A_plus x\n"
      "dw/dt = eta c dopamine\n"
      "with 0 <= w <= w_max at every arrival and target spike";
  static constexpr const char* source = "Izhikevich, Cerebral Cortex 17 (2007)";

  struct Params {
    double tau_plus = 20, tau_minus = 20, tau_c = 1000, A_plus = 0.1, A_minus = 0.15, eta = 0.1, w_max = 4;
  };
  static constexpr auto params = fields(
      field("tau_plus", &Params::tau_plus, "ms", "time constant of the source's trace", positive),
      field("tau_minus", &Params::tau_minus, "ms", "time constant of the target's trace", positive),
      field("tau_c", &Params::tau_c, "ms", "time constant of the eligibility trace", positive),
      field("A_plus", &Params::A_plus, "weight", "eligibility of source before target", non_negative),
      field("A_minus", &Params::A_minus, "weight", "loss of it by target before source", non_negative),
      field("eta", &Params::eta, "1/ms", "rate at which a dopamine of 1 turns eligibility into weight", non_negative),
      field("w_max", &Params::w_max, "weight", "largest weight", positive));

  // Of one pair, while its eligibility lasts.
  static double relative_step(const Params& p, double weight) {
    return part_of(p.eta * p.tau_c * smaller_step(p.A_plus, p.A_minus), weight);
  }

  struct Synapse {
    V weight, c;
  };
  static constexpr std::array synapse{decaying_column("c", "tau_c", "weight", "eligibility")};
  struct Pre {
    V x;
  };
  static constexpr std::array pre{trace("x", "tau_plus", "", "recent spikes of the source")};
  struct Post {
    V y;
  };
  static constexpr std::array post{trace("y", "tau_minus", "", "recent spikes of the target")};
  struct Signals {
    V dopamine;
  };
  static constexpr std::array signals{dose("dopamine", "tau_c", "", "what turns eligibility into weight")};
  struct Coefficients {
    V A_plus, A_minus, eta, w_max;
  };
  static Coefficients prepare(const Params& p, double) { return {p.A_plus, p.A_minus, p.eta, p.w_max}; }
  static Bounds<V> bounds(const Coefficients& k) { return {0, k.w_max}; }

  static void pre_spike(Pre& pre, const Coefficients&) { pre.x += 1; }
  static void post_spike(Post& post, const Coefficients&) { post.y += 1; }
  static V arrive(Synapse& s, const Coefficients& k, const Pre&, const Post& post) {
    s.c -= k.A_minus * post.y;
    return s.weight;
  }
  static void post_spike(Synapse& s, const Coefficients& k, const Pre& pre) { s.c += k.A_plus * pre.x; }
  static void elapse(Synapse& s, const Coefficients& k, const Signals& dose) {
    s.weight += k.eta * s.c * dose.dopamine;
  }
};

}  // namespace rheo
