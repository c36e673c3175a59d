// Rules that make numbers that are not finite: the weight by the target's spike, by an arrival or in a consolidation,
// infinity in place of not-a-number, and in a column of the synapse alone.
#include "plasticity/rule_sdk.hpp"

struct BrokenParams {
  double interval = 5, way = 0;
};

template <class V>
struct Broken {
  static constexpr const char* name = "broken";
  static constexpr const char* summary = "divides by zero";
  static constexpr const char* equation =
      "way 0: w = 0/0 at target spikes; 1: at arrivals; 2: in consolidates; 3: w = 1/0; 4: c";
  static constexpr const char* source = "nobody";

  using Params = BrokenParams;
  static constexpr auto params =
      rheo::fields(rheo::field("interval", &Params::interval, "ms", "time between consolidations", rheo::positive),
                   rheo::field("way", &Params::way, "", "what divides", rheo::Range{0, 4}));
  static constexpr const char* interval = "interval";

  struct Synapse {
    V weight, c;
  };
  static constexpr std::array synapse{rheo::column("c", "", "a column")};
  struct Coefficients {
    V zero, at_spikes, at_arrivals, in_consolidations, infinite, in_column;
  };
  static Coefficients prepare(const Params& p, double) {
    const auto is = [&](double way) { return V(p.way == way ? 1.0 : 0.0); };
    return {0, is(0), is(1), is(2), is(3), is(4)};
  }
  static rheo::Bounds<V> bounds(const Coefficients&) { return {0, 5}; }

  // 0/0 where the condition is met.
  static V broken(V condition, const Coefficients& k) { return select(condition > V(0), k.zero / k.zero, V(0)); }
  static V arrive(Synapse& s, const Coefficients& k, const rheo::Nothing&, const rheo::Nothing&) {
    const V sent = s.weight;
    s.weight += broken(k.at_arrivals, k) + select(k.infinite > V(0), V(1) / k.zero, V(0));
    s.c += broken(k.in_column, k);
    return sent;
  }
  static void post_spike(Synapse& s, const Coefficients& k, const rheo::Nothing&) {
    s.weight += broken(k.at_spikes, k);
  }
  static void consolidate(Synapse& s, const Coefficients& k, const rheo::Nothing&, const rheo::Nothing&,
                          const rheo::Nothing&) {
    s.weight += broken(k.in_consolidations, k);
  }
};

RHEO_RULES(Broken)
