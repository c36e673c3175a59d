// The loops of consolidates over all synapses of a lane, made from what a rule says of one synapse.
#pragma once

#include <cstddef>
#include <cstdint>
#include <type_traits>

#include "plasticity/loops.hpp"

namespace rheo {
#pragma GCC visibility push(hidden)
inline namespace RHEO_SIMD_NAMESPACE {

// The consolidates of one rule in one precision.
template <template <class> class RuleOf, class Real>
struct RuleConsolidation {
  using K = RuleKernels<RuleOf, Real>;
  using Rule = typename K::Rule;
  using V = typename K::V;
  using I = typename K::I;
  using Coefficients = typename Rule::Coefficients;
  using Synapse = typename K::Synapse;
  using Pre = typename K::Pre;
  using Post = typename K::Post;
  using Signals = typename K::Signals;
  using Sums = typename rule_parts::SumsOf<Rule>::type;
  using Back = typename rule_parts::BackOf<Rule>::type;
  static constexpr int n = K::n;
  static constexpr std::size_t target_sums = std::is_same_v<Sums, Nothing> ? 0 : sizeof(Sums) / sizeof(V);
  static constexpr std::size_t source_sums = std::is_same_v<Back, Nothing> ? 0 : sizeof(Back) / sizeof(V);
  static constexpr bool publishes = requires(Coefficients k, Pre x, Signals signals, Back back) {
    Rule::publish(k, x, signals, back);
  };
  static constexpr bool consolidates = target_sums > 0 || source_sums > 0 || publishes ||
                                       requires(Synapse s, Coefficients k, Pre x, Post y, Signals signals) {
    Rule::consolidate(s, k, x, y, signals);
  };

  static void collect(const rheo_batch* batch, void* const* sums) {
    if constexpr (target_sums > 0)
      visit<false>(*batch, [&](const auto& seen, const Synapse& s, std::uint32_t valid) RHEO_INLINE_LAMBDA {
        const Sums parts = Rule::collect(s, seen.k, seen.pre, seen.post, seen.signals);
        rule_parts::take_apart<V, target_sums>(parts, [&](auto i, V part) RHEO_INLINE_LAMBDA {
          Real* const sum = static_cast<Real*>(sums[i]);
          for (std::uint32_t l = 0; l < valid; ++l) sum[seen.target.v[l]] += part.v[l];  // two may have one target
        });
      });
  }
  static void reflect(const rheo_batch* batch, void* const* backs) {
    if constexpr (source_sums > 0)
      visit<false>(*batch, [&](const auto& seen, const Synapse& s, std::uint32_t valid) RHEO_INLINE_LAMBDA {
        const Back parts = Rule::reflect(s, seen.k, seen.pre, seen.post, seen.signals, seen.sums);
        rule_parts::take_apart<V, source_sums>(parts, [&](auto i, V part) RHEO_INLINE_LAMBDA {
          Real* const sum = static_cast<Real*>(backs[i]);
          for (std::uint32_t l = 0; l < valid; ++l) sum[seen.record.v[l]] += part.v[l];
        });
      });
  }
  static void publish(const void* step, std::uint32_t count, const void* const* traces, const void* const* signals,
                      const void* const* backs, void* published) {
    if constexpr (publishes) {
      using One = Simd<Real, 1>;
      using Single = RuleOf<One>;
      const auto k = rule_parts::read<typename Single::Coefficients>(step);
      const auto at = [](const void* column, std::uint32_t i)
                          RHEO_INLINE_LAMBDA { return One(static_cast<const Real*>(column)[i]); };
      for (std::uint32_t i = 0; i < count; ++i) {
        const auto x = rule_parts::made_of<typename rule_parts::PreOf<Single>::type, One, K::pres>(
            [&](auto t) RHEO_INLINE_LAMBDA { return at(traces[t], i); });
        const auto given = rule_parts::made_of<typename rule_parts::SignalsOf<Single>::type, One, K::signals.size()>(
            [&](auto t)
                RHEO_INLINE_LAMBDA { return K::signals[t].scope == RHEO_PER_SOURCE ? at(signals[t], i) : One(0); });
        const auto back = rule_parts::made_of<typename rule_parts::BackOf<Single>::type, One, source_sums>(
            [&](auto t) RHEO_INLINE_LAMBDA { return at(backs[t], i); });
        static_cast<Real*>(published)[i] = Single::publish(k, x, given, back).v[0];
      }
    }
  }
  static void consolidate(const rheo_batch* batch) {
    visit<true>(*batch, [](const auto& seen, Synapse& s, std::uint32_t) RHEO_INLINE_LAMBDA {
      if constexpr (requires { Rule::consolidate(s, seen.k, seen.pre, seen.post, seen.signals, seen.sums, seen.back); })
        Rule::consolidate(s, seen.k, seen.pre, seen.post, seen.signals, seen.sums, seen.back);
      else if constexpr (requires { Rule::consolidate(s, seen.k, seen.pre, seen.post, seen.signals, seen.sums); })
        Rule::consolidate(s, seen.k, seen.pre, seen.post, seen.signals, seen.sums);
      else if constexpr (requires { Rule::consolidate(s, seen.k, seen.pre, seen.post, seen.signals); })
        Rule::consolidate(s, seen.k, seen.pre, seen.post, seen.signals);
      K::keep_in_bounds(s, seen.k);
    });
  }

 private:
  // What the verbs of a consolidation are given.
  struct Seen {
    Coefficients k;
    Pre pre;
    Post post;
    Signals signals;
    Sums sums;
    Back back;
    I target, record;
  };

  template <bool changes, class Use>
  static void visit(const rheo_batch& b, const Use& use) {
    if constexpr (consolidates) {
      if (b.target_bytes == 2)
        visit_all<changes, std::uint16_t>(b, use);
      else
        visit_all<changes, std::uint32_t>(b, use);
    }
  }
  // Short slices that follow each other, as those of a source with few targets do, are seen as one, so that vectors are
  // full.
  template <bool changes, class Target, class Use>
  static void visit_all(const rheo_batch& b, const Use& use) {
    alignas(64) std::int32_t records[K::at_once + n];
    const auto note = [&](std::uint32_t from, std::uint32_t count, std::int32_t record) RHEO_INLINE_LAMBDA {
      for (std::uint32_t k = from; k < from + count; ++k) records[k] = record;
    };
    for (std::uint64_t i = 0; i < b.slice_count;) {
      rheo_slice one = b.slices[i++];
      if (one.count >= n) {
        see<changes, false, Target>(b, one, records, use);
        continue;
      }
      note(0, one.count, static_cast<std::int32_t>(one.record));
      for (; i < b.slice_count; ++i) {
        const rheo_slice& next = b.slices[i];
        if (next.begin != one.begin + one.count || next.count >= n || one.count + next.count > K::at_once) break;
        note(one.count, next.count, static_cast<std::int32_t>(next.record));
        one.count += next.count;
      }
      note(one.count, n, records[0]);  // a last vector reads beyond them
      see<changes, true, Target>(b, one, records, use);
    }
  }
  // several: synapses s, s + 1, ... of the slice have the records records[s], ...
  template <bool changes, bool several, class Target, class Use>
  RHEO_INLINE static void see(const rheo_batch& b, const rheo_slice& slice, const std::int32_t* records,
                              const Use& use) {
    Seen seen;
    seen.k = K::step_of(b);
    typename K::template Room<Target> room;
    const auto of_target = [&](const void* column) RHEO_INLINE_LAMBDA {
      return gather<Real>(static_cast<const Real*>(column), seen.target);
    };
    const auto of_source = [&](const void* column) RHEO_INLINE_LAMBDA {
      if constexpr (several)
        return gather<Real>(static_cast<const Real*>(column), seen.record);
      else
        return V(static_cast<const Real*>(column)[slice.record]);
    };
    const auto take_source = [&]() RHEO_INLINE_LAMBDA {
      seen.pre =
          rule_parts::made_of<Pre, V, K::pres>([&](auto t) RHEO_INLINE_LAMBDA { return of_source(b.pre_now[t]); });
      seen.back = rule_parts::made_of<Back, V, source_sums>(
          [&](auto t) RHEO_INLINE_LAMBDA { return b.reflected != nullptr ? of_source(b.reflected[t]) : V(0); });
    };
    seen.record = I(static_cast<std::int32_t>(slice.record));
    if constexpr (!several) take_source();
    for (std::uint32_t done = 0; done < slice.count; done += K::at_once) {
      room.take_in(b, slice, done);
      for (std::uint32_t s = 0; s < room.size; s += n) {
        if constexpr (several) {
          seen.record = load_numbers<n>(records + s);
          take_source();
        }
        seen.target = room.target_of(s);
        seen.post = K::traces_now(b, seen.target);
        seen.signals = rule_parts::made_of<Signals, V, K::signals.size()>([&](auto t) RHEO_INLINE_LAMBDA {
          if constexpr (K::signals[t].scope == RHEO_PER_TARGET)
            return of_target(b.signals[t]);
          else if constexpr (K::signals[t].scope == RHEO_PER_SOURCE)
            return of_source(b.signals[t]);
          else
            return V(*static_cast<const Real*>(b.signals[t]));
        });
        seen.sums = rule_parts::made_of<Sums, V, target_sums>(
            [&](auto t) RHEO_INLINE_LAMBDA { return b.collected != nullptr ? of_target(b.collected[t]) : V(0); });
        const Synapse then = room.synapse_of(s);
        Synapse synapse = then;
        use(seen, synapse, room.size - s < n ? room.size - s : n);
        if constexpr (changes) room.keep(s < room.whole ? synapse : K::chosen(room.within(s), synapse, then), s);
      }
    }
  }
};

}  // namespace RHEO_SIMD_NAMESPACE
#pragma GCC visibility pop
}  // namespace rheo
