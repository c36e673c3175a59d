// A lateral circuit that learns the principal subspace of its sources, and takes it away from what they say.
#pragma once

#include "plasticity/rules/source_activity.hpp"

namespace rheo {

// Lateral neurons are the targets, and weights H, [target][source], are used in both directions. A row of H (a lateral
// neuron) is free, learns, or is frozen, as the signal `rows` says, so that rows can be appended and old ones kept.
template <class V>
struct OjaLateral : FromSourceActivity<V> {
  using Base = FromSourceActivity<V>;
  using typename Base::Pre, typename Base::Coefficients, typename Base::Synapse;
  static constexpr const char* name = "oja_lateral";
  static constexpr const char* summary =
      "Hebbian minus anti-Hebbian learning of a subspace, with weights used in both directions";
  static constexpr const char* equation =
      "dx'/dt = -x'/tau; source spikes: x' += 1; x = own x' + activity\n"
      "in ticks in which `sample` is not 0: y = H x; xhat = H^T y, over rows that are not 0\n"
      "rows > 0: H += eta sample y (x - xhat)^T, with -w_max <= H <= w_max\n"
      "published: x - H_old^T H_old x, over rows < 0";
  static constexpr const char* source = "Oja, Int. J. Neural Systems 1 (1989); with frozen rows: arXiv 2402.11984";

  struct Params {
    double tau = 20, eta = 0.01, own = 1, w_max = 10;
  };
  static constexpr auto params = source_activity_params<Params>("", "learning rate");

  static double relative_step(const Params& p, double weight) { return part_of(p.eta, weight); }

  struct Signals {
    V sample, rows, activity;
  };
  static constexpr std::array signals{signal("sample", "", "when to learn, and how much"),
                                      target_signal("rows", "", "1: learns, -1: is frozen, 0: is not there yet", 1),
                                      activity_signal};
  struct Sums {
    V y;
  };
  struct Back {
    V all, old;
  };

  static Sums collect(const Synapse& s, const Coefficients& k, const Pre& pre, const Nothing&, const Signals& at) {
    return {s.weight * Base::activity(k, pre, at)};
  }
  static Back reflect(const Synapse& s, const Coefficients&, const Pre&, const Nothing&, const Signals& at,
                      const Sums& sums) {
    const V part = s.weight * sums.y;
    return {select(at.rows == V(0), V(0), part), select(at.rows < V(0), part, V(0))};
  }
  static V publish(const Coefficients& k, const Pre& pre, const Signals& at, const Back& back) {
    return Base::activity(k, pre, at) - back.old;
  }
  static void consolidate(Synapse& s, const Coefficients& k, const Pre& pre, const Nothing&, const Signals& at,
                          const Sums& sums, const Back& back) {
    const V change = k.eta * at.sample * sums.y * (Base::activity(k, pre, at) - back.all);
    s.weight += select(at.rows > V(0), change, V(0));
  }
};

}  // namespace rheo
