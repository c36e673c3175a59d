// Spike-timing dependent plasticity of pairs of spikes, each with all the others or with its nearest neighbour.
#pragma once

#include "plasticity/rule_sdk.hpp"

namespace rheo {

struct StdpPairParams {
  double tau_plus = 20, tau_minus = 20, lambda = 0.01, alpha = 1, mu_plus = 1, mu_minus = 1, w_max = 100;
};

template <class V>
struct StdpPair {
  static constexpr const char* name = "stdp_pair";
  static constexpr const char* summary = "pair STDP, every source spike with every target spike; soft or hard bounds";
  static constexpr const char* equation =
      "dx/dt = -x/tau_plus; source spikes: x += 1\n"
      "dy/dt = -y/tau_minus; target spikes: y += 1\n"
      "target spikes: w += lambda w_max (1 - w/w_max)^mu_plus x\n"
      "arrival: w -= lambda alpha w_max (w/w_max)^mu_minus y";
  static constexpr const char* source =
      "Guetig, Aharonov, Rotter & Sompolinsky, J. Neurosci. 23 (2003), with mu = 0 or 1";

  using Params = StdpPairParams;
  static constexpr auto params =
      fields(field("tau_plus", &Params::tau_plus, "ms", "time constant of potentiation", positive),
             field("tau_minus", &Params::tau_minus, "ms", "time constant of depression", positive),
             field("lambda", &Params::lambda, "", "step of a pair, as a part of w_max", non_negative),
             field("alpha", &Params::alpha, "", "depression over potentiation", non_negative),
             field("mu_plus", &Params::mu_plus, "",
                   "0 (potentiation is additive) or 1 (multiplicative), nothing between", Range{0, 1}),
             field("mu_minus", &Params::mu_minus, "",
                   "0 (depression is additive) or 1 (multiplicative), nothing between", Range{0, 1}),
             field("w_max", &Params::w_max, "weight", "largest weight", positive));
  static const char* problem(const Params& p) {
    const auto whole = [](double mu) { return mu == 0 || mu == 1; };
    return whole(p.mu_plus) && whole(p.mu_minus) ? "" : "mu_plus and mu_minus must be 0 or 1";
  }

  static double relative_step(const Params& p, double) { return smaller_step(p.lambda, p.lambda * p.alpha); }

  struct Synapse {
    V weight;
  };
  struct Pre {
    V x;
  };
  static constexpr std::array pre{trace("x", "tau_plus", "", "recent spikes of the source")};
  struct Post {
    V y;
  };
  static constexpr std::array post{trace("y", "tau_minus", "", "recent spikes of the target")};

  struct Coefficients {
    V grow, grow_per_weight, shrink, shrink_per_weight, w_max;
  };
  static Coefficients prepare(const Params& p, double) {
    const double up = p.lambda, down = p.lambda * p.alpha;
    return {up * p.w_max, p.mu_plus == 1 ? up : 0, p.mu_minus == 1 ? 0 : down * p.w_max, p.mu_minus == 1 ? down : 0,
            p.w_max};
  }
  static Bounds<V> bounds(const Coefficients& k) { return {0, k.w_max}; }

  static void pre_spike(Pre& pre, const Coefficients&) { pre.x += 1; }
  static void post_spike(Post& post, const Coefficients&) { post.y += 1; }
  static V arrive(Synapse& s, const Coefficients& k, const Pre&, const Post& post) {
    const V sent = s.weight;
    s.weight -= (k.shrink + k.shrink_per_weight * s.weight) * post.y;
    return sent;
  }
  static void post_spike(Synapse& s, const Coefficients& k, const Pre& pre) {
    s.weight += (k.grow - k.grow_per_weight * s.weight) * pre.x;
  }
};

template <class V>
struct StdpNearest : StdpPair<V> {
  using Base = StdpPair<V>;
  static constexpr const char* name = "stdp_nearest";
  static constexpr const char* summary = "pair STDP, every spike with the last one of the other neuron";
  static constexpr const char* equation =
      "dx/dt = -x/tau_plus; source spikes: x = 1\n"
      "dy/dt = -y/tau_minus; target spikes: y = 1\n"
      "target spikes: w += lambda w_max (1 - w/w_max)^mu_plus x\n"
      "arrival: w -= lambda alpha w_max (w/w_max)^mu_minus y";
  static constexpr const char* source =
      "Morrison, Diesmann & Gerstner, Biol. Cybern. 98 (2008), fig. 7A (symmetric nearest neighbours)";

  static void pre_spike(typename Base::Pre& pre, const typename Base::Coefficients&) { pre.x = 1; }
  static void post_spike(typename Base::Post& post, const typename Base::Coefficients&) { post.y = 1; }
  static void post_spike(typename Base::Synapse& s, const typename Base::Coefficients& k,
                         const typename Base::Pre& pre) {
    Base::post_spike(s, k, pre);
  }
};

}  // namespace rheo
