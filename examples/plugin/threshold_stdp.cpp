// A plasticity rule outside the source tree: which way a synapse changes depends on how active its target has been.
//   dx/dt = -x/tau_x; source spikes: x += 1          dy/dt = -y/tau_y; target spikes: y += 1
//   target spikes: w += eta x (y - theta)            each target has a threshold theta of its own
// The idea is that of Bienenstock, Cooper & Munro, J. Neurosci. 2 (1982), with a threshold that stands still.
#include "plasticity/rule_sdk.hpp"

struct ThresholdParams {
  double tau_x = 20, tau_y = 100, eta = 0.1, theta = 2, w_max = 100;
};

template <class V>
struct ThresholdStdp {
  static constexpr const char* name = "threshold_stdp";
  static constexpr const char* summary =
      "pairs grow where the target is more active than its threshold, and shrink below";
  static constexpr const char* equation =
      "dx/dt = -x/tau_x; source spikes: x += 1\n"
      "dy/dt = -y/tau_y; target spikes: y += 1\n"
      "target spikes: w += eta x (y - theta)";
  static constexpr const char* source = "after Bienenstock, Cooper & Munro, J. Neurosci. 2 (1982)";

  using Params = ThresholdParams;
  static constexpr auto params = rheo::fields(
      rheo::field("tau_x", &Params::tau_x, "ms", "how long a spike of the source is remembered", rheo::positive),
      rheo::field("tau_y", &Params::tau_y, "ms", "time over which the target's activity is measured", rheo::positive),
      rheo::field("eta", &Params::eta, "weight", "rate of learning", rheo::non_negative),
      rheo::field("theta", &Params::theta, "", "activity above which synapses grow", rheo::non_negative),
      rheo::field("w_max", &Params::w_max, "weight", "largest weight", rheo::positive));
  static constexpr std::array per_target{"theta"};

  struct Synapse {
    V weight;
  };
  struct Pre {
    V x;
  };
  static constexpr std::array pre{rheo::trace("x", "tau_x", "", "recent spikes of the source")};
  struct Post {
    V y, theta;
  };
  static constexpr std::array post{rheo::trace("y", "tau_y", "", "activity of the target"), rheo::parameter("theta")};
  struct Coefficients {
    V eta, w_max;
  };
  static Coefficients prepare(const Params& p, double) { return {p.eta, p.w_max}; }
  static rheo::Bounds<V> bounds(const Coefficients& k) { return {0, k.w_max}; }

  static void pre_spike(Pre& pre, const Coefficients&) { pre.x += 1; }
  static void post_spike(Post& post, const Coefficients&) { post.y += 1; }
  static V arrive(Synapse& s, const Coefficients&, const Pre&, const Post&) { return s.weight; }
  static void post_spike(Synapse& s, const Coefficients& k, const Pre& pre, const Post& post) {
    s.weight += k.eta * pre.x * (post.y - post.theta);
  }
};

RHEO_RULES(ThresholdStdp)
