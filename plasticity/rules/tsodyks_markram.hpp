// Short-term plasticity: what a spike transmits depends on the source's spikes before it; the weight stays.
#pragma once

#include "plasticity/rule_sdk.hpp"

namespace rheo {

template <class V>
struct TsodyksMarkram {
  static constexpr const char* name = "tsodyks_markram";
  static constexpr const char* summary = "short-term depression and facilitation; the weight itself stays";
  static constexpr const char* equation =
      "du/dt = -u/tau_facil, dd/dt = -d/tau_rec, 0 at the start; d: the part of resources that is spent\n"
      "source spikes: u += U (1 - u), then sends w u (1 - d), then d += u (1 - d)";
  static constexpr const char* source =
      "Tsodyks, Pawelzik & Markram, Neural Computation 10 (1998), with x = 1 - d and without the time that resources "
      "stay active";

  struct Params {
    double U = 0.5, tau_rec = 800, tau_facil = 1;
  };
  static constexpr auto params =
      fields(field("U", &Params::U, "", "part of the resources that a first spike uses", Range{0, 1}),
             field("tau_rec", &Params::tau_rec, "ms", "time constant of recovery from depression", positive),
             field("tau_facil", &Params::tau_facil, "ms", "time constant of facilitation", positive));

  struct Synapse {
    V weight;
  };
  struct Pre {
    V u, d;
  };
  static constexpr std::array pre{trace("u", "tau_facil", "", "utilisation"),
                                  trace("d", "tau_rec", "", "resources spent")};
  struct Coefficients {
    V U;
  };
  static Coefficients prepare(const Params& p, double) { return {p.U}; }

  static void pre_spike(Pre& pre, const Coefficients& k) {
    pre.u += k.U * (1 - pre.u);
    pre.d += pre.u * (1 - pre.d);
  }
  static V arrive(Synapse& s, const Coefficients& k, const Pre& pre, const Nothing&) {
    return s.weight * (pre.u + k.U * (1 - pre.u)) * (1 - pre.d);
  }
};

}  // namespace rheo
