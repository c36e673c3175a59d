// Rules that act on all synapses at intervals: homeostasis and normalisation.
#pragma once

#include "plasticity/rule_sdk.hpp"

namespace rheo {

// What rules have in common that compare each target's rate with one that it is to have.
struct RateParams {
  double tau = 1000, eta = 0.01, rho = 5, interval = 100, w_max = 1000;
};
constexpr auto rate_params(const char* unit_of_eta, const char* meaning_of_eta) {
  return fields(field("tau", &RateParams::tau, "ms", "time over which rates are averaged", positive),
                field("eta", &RateParams::eta, unit_of_eta, meaning_of_eta, non_negative),
                field("rho", &RateParams::rho, "Hz", "rate that the target is to have", non_negative),
                field("interval", &RateParams::interval, "ms", "time between steps", positive),
                field("w_max", &RateParams::w_max, "weight", "largest weight", positive));
}

template <class V>
struct TowardsRate {
  using Params = RateParams;
  static constexpr std::array<std::string_view, 1> per_target{"rho"};
  static constexpr const char* interval = "interval";

  struct Synapse {
    V weight;
  };
  struct Post {
    V y, rho;
    V rate_above(V per_spike) const { return per_spike * y - rho; }
  };
  static constexpr std::array post{trace("y", "tau", "", "recent spikes of the target"), parameter("rho")};
  struct Coefficients {
    V eta, per_spike, w_max;
  };
  static Coefficients prepare(const Params& p, double) { return {p.eta, 1000 / p.tau, p.w_max}; }
  static Bounds<V> bounds(const Coefficients& k) { return {0, k.w_max}; }

  static void post_spike(Post& post, const Coefficients&) { post.y += 1; }
  static V arrive(Synapse& s, const Coefficients&, const Nothing&, const Post&) { return s.weight; }
};

template <class V>
struct EiBalance : TowardsRate<V> {
  using Base = TowardsRate<V>;
  static constexpr const char* name = "ei_balance";
  static constexpr const char* summary = "inhibitory weights that adapt to each target's rate at intervals";
  static constexpr const char* equation =
      "dy/dt = -y/tau; target spikes: y += 1; r = y/tau\n"
      "every `interval`: w += eta (r + activity - rho), with 0 <= w <= w_max";
  static constexpr const char* source = "the spiking form of arXiv 2504.12480, equation 7";
  struct Signals {
    V activity;
  };
  static constexpr std::array signals{
      target_signal("activity", "Hz", "rate of each target from elsewhere, where it does not spike")};
  static constexpr auto params = rate_params("weight/Hz", "step for a rate that is 1 Hz too high");
  static double relative_step(const RateParams& p, double weight) {
    return part_of(p.eta * (p.rho > 0 ? p.rho : 1), weight);
  }

  static void consolidate(typename Base::Synapse& s, const typename Base::Coefficients& k, const Nothing&,
                          const typename Base::Post& post, const Signals& at) {
    s.weight += k.eta * (post.rate_above(k.per_spike) + at.activity);
  }
};

template <class V>
struct SynapticScaling : TowardsRate<V> {
  using Base = TowardsRate<V>;
  static constexpr const char* name = "synaptic_scaling";
  static constexpr const char* summary = "weights that are scaled towards each target's rate at intervals";
  static constexpr const char* equation =
      "dy/dt = -y/tau; target spikes: y += 1; r = y/tau\n"
      "every `interval`: w -= eta (r - rho) w, with 0 <= w <= w_max";
  static constexpr const char* source = "van Rossum, Bi & Turrigiano, J. Neurosci. 20 (2000)";
  static constexpr auto params = rate_params("1/Hz", "relative step for a rate that is 1 Hz too high");
  static double relative_step(const RateParams& p, double) { return smaller_step(p.eta * (p.rho > 0 ? p.rho : 1)); }

  static void consolidate(typename Base::Synapse& s, const typename Base::Coefficients& k, const Nothing&,
                          const typename Base::Post& post, const Nothing&) {
    s.weight -= k.eta * post.rate_above(k.per_spike) * s.weight;
  }
};

template <class V>
struct Normalisation {
  static constexpr const char* name = "normalisation";
  static constexpr const char* summary = "incoming weights of each target that keep their sum";
  static constexpr const char* equation =
      "every `interval`: w *= total / (sum of the target's weights in this projection), with 0 <= w <= w_max";
  static constexpr const char* source = "multiplicative normalisation: Miller & MacKay, Neural Computation 6 (1994)";

  struct Params {
    double total = 1, interval = 100, w_max = 1e6;
  };
  static constexpr auto params =
      fields(field("total", &Params::total, "weight", "what the weights of a target add up to", positive),
             field("interval", &Params::interval, "ms", "time between steps", positive),
             field("w_max", &Params::w_max, "weight", "largest weight", positive));
  static constexpr std::array<std::string_view, 1> per_target{"total"};
  static constexpr const char* interval = "interval";

  struct Synapse {
    V weight;
  };
  struct Post {
    V total;
  };
  static constexpr std::array post{parameter("total")};
  struct Sums {
    V weight;
  };
  struct Coefficients {
    V w_max;
  };
  static Coefficients prepare(const Params& p, double) { return {p.w_max}; }
  static Bounds<V> bounds(const Coefficients& k) { return {0, k.w_max}; }

  static void post_spike(Post&, const Coefficients&) {}
  static V arrive(Synapse& s, const Coefficients&, const Nothing&, const Post&) { return s.weight; }
  static Sums collect(const Synapse& s, const Coefficients&, const Nothing&, const Post&, const Nothing&) {
    return {s.weight};
  }
  static void consolidate(Synapse& s, const Coefficients&, const Nothing&, const Post& post, const Nothing&,
                          const Sums& sums) {
    s.weight = select(sums.weight > V(0), s.weight * (post.total / sums.weight), s.weight);
  }
};

}  // namespace rheo
