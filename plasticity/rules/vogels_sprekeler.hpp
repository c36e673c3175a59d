// Inhibitory plasticity that brings target neurons to a rate.
#pragma once

#include "plasticity/rule_sdk.hpp"

namespace rheo {

template <class V>
struct VogelsSprekeler {
  static constexpr const char* name = "vogels_sprekeler";
  static constexpr const char* summary = "inhibitory weights that bring each target to its rate rho";
  static constexpr const char* equation =
      "dx/dt = -x/tau; source spikes: x += 1\n"
      "dy/dt = -y/tau; target spikes: y += 1\n"
      "target spikes: w += eta x\n"
      "arrival: w += eta (y - 2 rho tau)\n"
      "with 0 <= w <= w_max";
  static constexpr const char* source = "Vogels, Sprekeler, Zenke, Clopath & Gerstner, Science 334 (2011), supplement";

  struct Params {
    double tau = 20, eta = 0.01, rho = 5, w_max = 1000;
  };
  static constexpr auto params =
      fields(field("tau", &Params::tau, "ms", "time constant of both traces", positive),
             field("eta", &Params::eta, "weight", "step of a pair", non_negative),
             field("rho", &Params::rho, "Hz", "rate that the target is to have", non_negative),
             field("w_max", &Params::w_max, "weight", "largest weight", positive));
  static constexpr std::array<std::string_view, 1> per_target{"rho"};

  static double relative_step(const Params& p, double weight) {
    return part_of(p.eta * smaller_step(1, 2 * p.rho * p.tau / 1000), weight);
  }

  struct Synapse {
    V weight;
  };
  struct Pre {
    V x;
  };
  static constexpr std::array pre{trace("x", "tau", "", "recent spikes of the source")};
  struct Post {
    V y, rho;
  };
  static constexpr std::array post{trace("y", "tau", "", "recent spikes of the target"), parameter("rho")};
  struct Coefficients {
    V eta, per_rate, w_max;
  };
  static Coefficients prepare(const Params& p, double) { return {p.eta, 2 * p.tau / 1000, p.w_max}; }
  static Bounds<V> bounds(const Coefficients& k) { return {0, k.w_max}; }

  static void pre_spike(Pre& pre, const Coefficients&) { pre.x += 1; }
  static void post_spike(Post& post, const Coefficients&) { post.y += 1; }
  static V arrive(Synapse& s, const Coefficients& k, const Pre&, const Post& post) {
    const V sent = s.weight;
    s.weight += k.eta * (post.y - k.per_rate * post.rho);
    return sent;
  }
  static void post_spike(Synapse& s, const Coefficients& k, const Pre& pre) { s.weight += k.eta * pre.x; }
};

}  // namespace rheo
