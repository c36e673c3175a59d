// What happens between a synapse's events, where the rule elapses.
//
// A dose over ticks (t1, t2] of one epoch is (A(t2) - A(t1)) E(t1), A being the sum of signal dt exp(-t/tau), t from
// the epoch on, and E = exp(t/tau). Epochs are no longer than the precision allows: tau/2 in single, 8 tau in double.
// At the end of one every synapse elapses. Where no signal changes, doses depend on how many ticks they are taken over,
// and tables of them replace A and E (rule_abi.h).
#pragma once

#include <algorithm>
#include <cstddef>
#include <span>
#include <vector>

#include "core/aligned.hpp"
#include "core/bytes.hpp"
#include "core/math.hpp"
#include "networks/plastic/elapsed.hpp"
#include "networks/plastic/signals.hpp"
#include "networks/synapses/block.hpp"
#include "plasticity/rule_abi.h"

namespace rheo {

template <class Real>
class Doses {
 public:
  explicit Doses(const PlasticPlan& plan) {
    const auto tau_of = [&](const RuleSignal& signal) { return plan.params[signal.param].front(); };
    const std::vector<RuleSignal>& signals = plan.rule->signals;
    for (std::size_t k = 0; k < signals.size(); ++k)
      steady_ &= signals[k].scope != RuleSignal::Scope::dose || plan.constant[k].has_value();
    for (const RuleSignal& signal : signals) {
      if (steady_ || signal.scope != RuleSignal::Scope::dose) continue;
      const double longest = (sizeof(Real) == 4 ? 0.5 : 8) * tau_of(signal);
      while (static_cast<double>(epoch_ticks_) * plan.dt > longest && epoch_ticks_ > 1) epoch_ticks_ /= 2;
    }
    for (std::size_t k = 0; k < signals.size(); ++k) {
      Dose& dose = doses_.emplace_back();
      const bool is_dose = signals[k].scope == RuleSignal::Scope::dose;
      if (is_dose && !steady_) {
        const auto ticks = static_cast<std::size_t>(epoch_ticks_ + 1);
        dose.pairs = AlignedColumn<Real>(2 * ticks);
        for (std::size_t t = 0; t < ticks; ++t) {
          const double elapsed = static_cast<double>(t) * plan.dt / tau_of(signals[k]);
          dose.pairs[2 * t + 1] = static_cast<Real>(std::min(math::exp(elapsed), 1e30));  // times 0 where it is large
          dose.weights.push_back(plan.dt * math::exp(-elapsed));
        }
      }
      if (is_dose && steady_) {
        dose.steady = steady_table(*plan.constant[k], tau_of(signals[k]), plan.dt);
        decay_.add(tau_of(signals[k]), plan.dt);
      } else {
        decay_.add_constant();
      }
      doses_at_.push_back(dose.pairs.data());
      steady_at_.push_back(dose.steady.empty() ? nullptr : dose.steady.data());
    }
  }

  Tick fixed = 0;  // all synapses have elapsed up to this tick
  Tick epoch_end() const { return epoch_ + epoch_ticks_; }
  // Before ticks up to `end`, of this epoch, are computed.
  void extend(const PlasticPlan& plan, const SignalBoard& signals, Tick end) {
    for (Tick t = known_to_ + 1; t <= end; ++t) {
      const auto at = static_cast<std::size_t>(t - epoch_);
      for (std::size_t k = 0; k < doses_.size(); ++k) {
        Dose& dose = doses_[k];
        if (dose.weights.empty()) continue;
        const std::size_t which = plan.signals[k];
        const double value = which == PlasticPlan::not_given ? plan.rule->signals[k].initial : signals.one(which, t);
        dose.sum += value * dose.weights[at];
        dose.pairs[2 * at] = static_cast<Real>(dose.sum);
      }
    }
    known_to_ = end;
  }
  // From the last tick of the epoch before on.
  void begin_epoch(Tick now) {
    epoch_ = known_to_ = now;
    for (Dose& dose : doses_) dose.sum = 0;  // as is A of the first tick
  }
  // For a batch of a lane whose histories begin at another epoch.
  void give(rheo_batch& batch, Tick lane_epoch) const {
    batch.fixed = relative(fixed, lane_epoch);
    batch.doses = doses_at_.data();
    batch.dose_epoch = relative(epoch_, lane_epoch);
    batch.steady = steady_ ? 1 : 0;
    batch.steady_doses = steady_at_.data();
    batch.dose_decay = decay_.data();
  }

  void save(Tick now, ByteWriter& to) const {
    to.put("fixed", fixed);
    to.put("dose.epoch", epoch_);
    for (const Dose& dose : doses_) {
      if (dose.weights.empty()) continue;
      to.put("dose.sum", dose.sum);
      to.put("dose", std::span<const Real>(dose.pairs.data(), 2 * static_cast<std::size_t>(now - epoch_ + 1)));
    }
  }
  // Throws StateError.
  void load(Tick now, ByteReader& from) {
    const auto reject = [](const char* key, const char* problem) {
      throw StateError({.key = key, .problem = problem});
    };
    fixed = from.get<Tick>("fixed");
    epoch_ = from.get<Tick>("dose.epoch");
    if (epoch_ < 0 || epoch_ > now || now - epoch_ >= epoch_ticks_ || epoch_ % epoch_ticks_ != 0)
      reject("dose.epoch", "not the epoch of this time");
    if (fixed < epoch_ || fixed > now) reject("fixed", "not a time of the epoch");
    for (Dose& dose : doses_) {
      if (dose.weights.empty()) continue;
      dose.sum = from.get<double>("dose.sum");
      from.get("dose", std::span<Real>(dose.pairs.data(), 2 * static_cast<std::size_t>(now - epoch_ + 1)));
    }
    known_to_ = now;
  }
  std::size_t bytes() const {
    std::size_t sum = 0;
    for (const Dose& dose : doses_) sum += dose.pairs.bytes() + dose.weights.capacity() * sizeof(double);
    return sum;
  }

 private:
  static constexpr Tick longest_epoch = 1 << 13;
  // Of one signal of the rule; empty: no dose.
  struct Dose {
    AlignedColumn<Real> pairs;    // [tick of the epoch][2]: A, E
    std::vector<double> weights;  // [tick of the epoch] dt exp(-t/tau)
    double sum = 0;               // A of the last tick that is known
    std::vector<Real> steady;     // [8][16] where nothing changes
  };

  // Sums of value dt exp(-t / tau) over the ticks 1 to k 16^d at [d][k].
  static std::vector<Real> steady_table(double value, double tau, double dt) {
    std::vector<Real> table;
    double ticks = 1, block = value * dt * math::exp(-dt / tau);  // over the 16^d ticks
    for (int d = 0; d < 8; ++d) {
      double sum = 0;
      for (int k = 0; k < 16; ++k) {
        table.push_back(static_cast<Real>(sum));
        sum += math::exp(-k * ticks * dt / tau) * block;
      }
      block = sum;
      ticks *= 16;
    }
    return table;
  }

  std::vector<Dose> doses_;
  bool steady_ = true;  // no signal changes
  std::vector<const void*> doses_at_, steady_at_;
  Decays<Real> decay_;
  Tick epoch_ticks_ = longest_epoch;
  Tick epoch_ = 0;     // its first tick
  Tick known_to_ = 0;  // A is known up to this tick
};

}  // namespace rheo
