// Events of synapses, what decays between two of them, and the doses of signals.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <type_traits>

#include "plasticity/parts.hpp"

namespace rheo {
#pragma GCC visibility push(hidden)
inline namespace RHEO_SIMD_NAMESPACE {

// Of one rule in one precision. steady: no dose changes.
template <template <class> class RuleOf, class Real, bool steady>
struct RuleMoments {
  static constexpr int n = RHEO_SIMD_BYTES / sizeof(Real);
  using V = Simd<Real, n>;
  using I = Simd<std::int32_t, n>;
  using Rule = RuleOf<V>;
  using Signals = typename rule_parts::SignalsOf<Rule>::type;
  static constexpr auto column_texts = rule_parts::synapse_of<Rule>();
  static constexpr auto signals = rule_parts::signals_of<Rule>();
  // Something happens to synapses between their events.
  static constexpr bool elapses = [] {
    for (const ColumnText& text : column_texts)
      if (*text.param != '\0') return true;
    for (const SignalText& text : signals)
      if (text.scope == RHEO_DOSE) return true;
    return false;
  }();

  // What is left after `elapsed` ticks, `longest` at most: the product of what its hexadecimal digits leave.
  RHEO_INLINE static V decayed(const void* table, I elapsed, std::int32_t longest) {
    const Real* const digits = static_cast<const Real*>(table);
    V left = look_up(digits, elapsed) * look_up(digits + 16, I{elapsed.v >> 4});
    if (longest > 255) left *= look_up(digits + 32, I{elapsed.v >> 8});
    if (longest > 4095) [[unlikely]]
      for (int d = 3; d < 8; ++d) left *= look_up(digits + 16 * d, I{elapsed.v >> (4 * d)});
    return left;
  }
  RHEO_INLINE static V decayed(const void* table, I elapsed) {
    return decayed(table, elapsed, any(elapsed > I(4095)) ? 4096 : 4095);
  }

  // An event of synapses, and what doses that change are computed from (rule_abi.h).
  struct Tick {
    I tick;
  };
  struct Timed : Tick {
    std::array<V, signals.size()> A, E;
  };
  using Moment = std::conditional_t<!elapses, Nothing, std::conditional_t<steady, Tick, Timed>>;

  RHEO_INLINE static Moment moment(const rheo_batch& b, I tick) {
    Moment made{};
    if constexpr (elapses) made.tick = tick;
    if constexpr (elapses && !steady)
      rule_parts::for_each_number<signals.size()>([&](auto i) RHEO_INLINE_LAMBDA {
        if constexpr (signals[i].scope == RHEO_DOSE)
          load_pairs(static_cast<const Real*>(b.doses[i]), max(tick - I(b.dose_epoch), I(0)), made.A[i], made.E[i]);
      });
    return made;
  }
  // The same tick for all.
  RHEO_INLINE static Moment moment(const rheo_batch& b, std::int32_t tick) {
    Moment made{};
    if constexpr (elapses) made.tick = I(tick);
    if constexpr (elapses && !steady)
      rule_parts::for_each_number<signals.size()>([&](auto i) RHEO_INLINE_LAMBDA {
        if constexpr (signals[i].scope == RHEO_DOSE) {
          const Real* const pair = static_cast<const Real*>(b.doses[i]) + std::int64_t{2} * (tick - b.dose_epoch);
          made.A[i] = V(pair[0]);
          made.E[i] = V(pair[1]);
        }
      });
    return made;
  }
  RHEO_INLINE static Moment later(const Moment& a, const Moment& b) {
    const auto where = b.tick > a.tick;
    [[maybe_unused]] const auto mask = mask_for<Real>(where);
    Moment made{};
    made.tick = select(where, b.tick, a.tick);
    if constexpr (!steady)
      rule_parts::for_each_number<signals.size()>([&](auto i) RHEO_INLINE_LAMBDA {
        made.A[i] = select(mask, b.A[i], a.A[i]);
        made.E[i] = select(mask, b.E[i], a.E[i]);
      });
    return made;
  }

  // What rules see of signals between two events.
  RHEO_INLINE static Signals doses(const rheo_batch& b, const Moment& since, const Moment& until) {
    const auto made_of = [](const auto& dose) RHEO_INLINE_LAMBDA {
      return rule_parts::made_of<Signals, V, signals.size()>([&](auto i) RHEO_INLINE_LAMBDA {
        if constexpr (signals[i].scope == RHEO_DOSE)
          return dose(i);
        else
          return V(0);
      });
    };
    if constexpr (steady)
      return made_of([&](auto i) RHEO_INLINE_LAMBDA { return steady_dose(b, i, I{until.tick.v - since.tick.v}); });
    else
      return made_of([&](auto i) RHEO_INLINE_LAMBDA { return (until.A[i] - since.A[i]) * since.E[i]; });
  }

 private:
  // Of a signal that is the same in all of `elapsed` ticks: hexadecimal digit by digit, what is left after the lower
  // ones times the sum over the higher ones.
  template <class Number>
  RHEO_INLINE static V steady_dose(const rheo_batch& b, Number i, I elapsed) {
    const Real* const sums = static_cast<const Real*>(b.steady_doses[i]);
    const Real* left = static_cast<const Real*>(b.dose_decay[i]);
    // The table of a column that decays alike is being read anyway.
    rule_parts::for_each_number<column_texts.size()>([&](auto c) RHEO_INLINE_LAMBDA {
      if constexpr (same_text(column_texts[c].param, signals[i].param))
        left = static_cast<const Real*>(b.column_decay[c]);
    });
    V higher = look_up(sums + 32, I{elapsed.v >> 8});
    if (any(elapsed > I(4095))) [[unlikely]] {
      V highest(0);
      for (int d = 7; d > 2; --d) {
        const I digit{elapsed.v >> (4 * d)};
        highest = look_up(sums + 16 * d, digit) + look_up(left + 16 * d, digit) * highest;
      }
      higher += look_up(left + 32, I{elapsed.v >> 8}) * highest;
    }
    const I digit{elapsed.v >> 4};
    return look_up(sums, elapsed) +
           look_up(left, elapsed) * (look_up(sums + 16, digit) + look_up(left + 16, digit) * higher);
  }
  static constexpr bool same_text(const char* a, const char* b) {
    for (; *a == *b && *a != '\0'; ++a, ++b) {
    }
    return *a == *b;
  }
};

}  // namespace RHEO_SIMD_NAMESPACE
#pragma GCC visibility pop
}  // namespace rheo
