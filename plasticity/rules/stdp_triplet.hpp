// Spike-timing dependent plasticity of triplets of spikes.
#pragma once

#include "plasticity/rule_sdk.hpp"

namespace rheo {

template <class V>
struct StdpTriplet {
  static constexpr const char* name = "stdp_triplet";
  static constexpr const char* summary = "triplet STDP, every spike with every other, hard bounds";
  static constexpr const char* equation =
      "dr1/dt = -r1/tau_plus, dr2/dt = -r2/tau_x; source spikes: r1 += 1, r2 += 1\n"
      "do1/dt = -o1/tau_minus, do2/dt = -o2/tau_y; target spikes: o1 += 1, o2 += 1\n"
      "target spikes: w += w_max r1 (A2_plus + A3_plus o2)\n"
      "arrival: w -= w_max o1 (A2_minus + A3_minus r2)\n"
      "each with r2 and o2 as before that spike, and 0 <= w <= w_max";
  static constexpr const char* source =
      "Pfister & Gerstner, J. Neurosci. 26 (2006), triplet rule; defaults: the full model with all spikes for visual "
      "cortex";

  struct Params {
    double tau_plus = 16.8, tau_x = 101, tau_minus = 33.7, tau_y = 125;
    double A2_plus = 5e-10, A3_plus = 6.2e-3, A2_minus = 7e-3, A3_minus = 2.3e-4, w_max = 100;
  };
  static constexpr auto params =
      fields(field("tau_plus", &Params::tau_plus, "ms", "time constant of pairs, potentiation", positive),
             field("tau_x", &Params::tau_x, "ms", "time constant of two source spikes", positive),
             field("tau_minus", &Params::tau_minus, "ms", "time constant of pairs, depression", positive),
             field("tau_y", &Params::tau_y, "ms", "time constant of two target spikes", positive),
             field("A2_plus", &Params::A2_plus, "", "potentiation of a pair, as a part of w_max", non_negative),
             field("A3_plus", &Params::A3_plus, "", "potentiation of a triplet", non_negative),
             field("A2_minus", &Params::A2_minus, "", "depression of a pair", non_negative),
             field("A3_minus", &Params::A3_minus, "", "depression of a triplet", non_negative),
             field("w_max", &Params::w_max, "weight", "largest weight", positive));

  static double relative_step(const Params& p, double) {
    return smaller_step(p.A2_plus + p.A3_plus, p.A2_minus + p.A3_minus);
  }

  struct Synapse {
    V weight;
  };
  struct Pre {
    V r1, r2;
  };
  static constexpr std::array pre{trace("r1", "tau_plus", "", "recent spikes of the source"),
                                  trace("r2", "tau_x", "", "its spikes of some time")};
  struct Post {
    V o1, o2;
  };
  static constexpr std::array post{trace("o1", "tau_minus", "", "recent spikes of the target"),
                                   trace("o2", "tau_y", "", "its spikes of some time")};

  struct Coefficients {
    V pair_plus, triplet_plus, pair_minus, triplet_minus, w_max;
  };
  static Coefficients prepare(const Params& p, double) {
    return {p.A2_plus * p.w_max, p.A3_plus * p.w_max, p.A2_minus * p.w_max, p.A3_minus * p.w_max, p.w_max};
  }
  static Bounds<V> bounds(const Coefficients& k) { return {0, k.w_max}; }

  static void pre_spike(Pre& pre, const Coefficients&) {
    pre.r1 += 1;
    pre.r2 += 1;
  }
  static void post_spike(Post& post, const Coefficients&) {
    post.o1 += 1;
    post.o2 += 1;
  }
  static V arrive(Synapse& s, const Coefficients& k, const Pre& pre, const Post& post) {
    const V sent = s.weight;
    s.weight -= post.o1 * (k.pair_minus + k.triplet_minus * pre.r2);
    return sent;
  }
  static void post_spike(Synapse& s, const Coefficients& k, const Pre& pre, const Post& post) {
    s.weight += pre.r1 * (k.pair_plus + k.triplet_plus * post.o2);
  }
};

}  // namespace rheo
