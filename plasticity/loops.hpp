// The loops over synapses at arrivals and spikes of targets, made from what a rule says of one synapse.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <type_traits>

#include "plasticity/moments.hpp"
#include "plasticity/parts.hpp"

namespace rheo {
#pragma GCC visibility push(hidden)
inline namespace RHEO_SIMD_NAMESPACE {

// The loops of one rule in one precision. steady: no dose changes.
template <template <class> class RuleOf, class Real, bool steady = false>
struct RuleKernels {
  using Moments = RuleMoments<RuleOf, Real, steady>;
  using Moment = typename Moments::Moment;
  static constexpr int n = Moments::n;
  using V = typename Moments::V;
  using I = typename Moments::I;
  using Rule = RuleOf<V>;
  static constexpr auto pre = rule_parts::pre_of<Rule>();
  static constexpr auto post = rule_parts::post_of<Rule>();
  static constexpr std::size_t pres = pre.size(), posts = post.size();
  static constexpr auto column_texts = rule_parts::synapse_of<Rule>();
  static constexpr std::size_t columns = 1 + column_texts.size();
  static constexpr auto signals = rule_parts::signals_of<Rule>();
  using Pre = typename rule_parts::PreOf<Rule>::type;
  using Post = typename rule_parts::PostOf<Rule>::type;
  using Signals = typename rule_parts::SignalsOf<Rule>::type;
  using Synapse = typename Rule::Synapse;
  using Coefficients = typename Rule::Coefficients;
  static constexpr std::size_t coefficients = sizeof(Coefficients) / sizeof(V);
  static constexpr bool decays(std::size_t column) { return column > 0 && *column_texts[column - 1].param != '\0'; }
  static constexpr bool elapses = Moments::elapses;  // something happens to synapses between their events
  static constexpr bool without_traces = requires(Synapse s, Coefficients k, Pre x) { Rule::post_spike(s, k, x); };
  static constexpr bool has_sign = rule_parts::has_sign<Rule>();
  static constexpr bool learns_from_targets = without_traces || requires(Synapse s, Coefficients k, Pre x, Post y) {
    Rule::post_spike(s, k, x, y);
  };

  // A target's last two spikes and its first trace are read together, as the two halves of 64 bits.
  static constexpr bool paired = [] {
    if constexpr (learns_from_targets && sizeof(Real) == 4 && posts >= 1)
      return post[0].kind == RHEO_DECAYS;
    else
      return false;
  }();

  static void targets_now(const rheo_batch* batch, void* const* now_values) {
    const rheo_batch& b = *batch;
    for (std::uint32_t j = 0; j < b.width; j += n) {
      const I elapsed = elapsed_since(b, load<std::int32_t, n>(reinterpret_cast<const std::int32_t*>(b.last) + j));
      rule_parts::for_each_number<posts>([&](auto t) RHEO_INLINE_LAMBDA {
        if constexpr (post[t].kind == RHEO_DECAYS)
          store(load<Real, n>(static_cast<const Real*>(b.after[t]) + j) * decayed(b.post_decay[t], elapsed),
                static_cast<Real*>(now_values[t]) + j);
      });
      if constexpr (paired)
        store_halves(load<std::int32_t, n>(reinterpret_cast<const std::int32_t*>(b.recent) + j),
                     load<std::int32_t, n>(static_cast<const std::int32_t*>(now_values[0]) + j), b.now_room + j);
    }
  }

  static void arrive(const rheo_batch* batch) { visit<true>(*batch); }
  static void settle(const rheo_batch* batch) { visit<false>(*batch); }

 private:
  template <template <class> class, class>
  friend struct RuleConsolidation;

  RHEO_INLINE static V decayed(const void* table, I elapsed, std::int32_t longest) {
    return Moments::decayed(table, elapsed, longest);
  }
  RHEO_INLINE static V decayed(const void* table, I elapsed) { return Moments::decayed(table, elapsed); }

  template <template <class> class, class, bool>
  friend struct RuleKernels;

  template <bool arrives>
  static void visit(const rheo_batch& b) {
    if constexpr (elapses && !steady)
      if (b.steady != 0) return RuleKernels<RuleOf, Real, true>::template visit<arrives>(b);
    if (b.target_bytes == 2)
      visit_all<arrives, std::uint16_t>(b);
    else
      visit_all<arrives, std::uint32_t>(b);
  }

  // Synapses are taken through each step together, a few hundred at a time: steps that follow each other for one
  // synapse would wait for each other, and how many there are is hard to foretell.
  static constexpr std::uint32_t at_once = 512;
  // Synapses at, at + 1, ... of the lane. The last V may reach beyond them, to synapses that are to stay as they are.
  template <class Target>
  struct Room {
    const Target* targets;  // of synapse `at`
    Real* column[columns];
    std::uint32_t size, whole;
    bool knows_now;  // `now` is filled in: the targets' trace as arrivals see it
    alignas(64) Real now[paired ? at_once : n];
    bool knows_last;  // the targets' last spikes
    Moment last[elapses && learns_from_targets ? at_once / n : 1];

    RHEO_INLINE I target_of(std::uint32_t s) const { return load_numbers<n>(targets + s); }
    RHEO_INLINE Synapse synapse_of(std::uint32_t s) const {
      return rule_parts::made_of<Synapse, V, columns>([&](auto c)
                                                          RHEO_INLINE_LAMBDA { return load<Real, n>(column[c] + s); });
    }
    RHEO_INLINE void keep(const Synapse& synapse, std::uint32_t s) {
      rule_parts::take_apart<V, columns>(synapse, [&](auto c, V x) RHEO_INLINE_LAMBDA { store(x, column[c] + s); });
    }
    // Those of a slice from `done` on.
    RHEO_INLINE void take_in(const rheo_batch& b, const rheo_slice& slice, std::uint32_t done) {
      const std::uint32_t at = slice.begin + done;
      size = slice.count - done < at_once ? slice.count - done : at_once;
      whole = size / n * n;
      targets = static_cast<const Target*>(b.targets) + at;
      for (std::size_t c = 0; c < columns; ++c) column[c] = static_cast<Real*>(b.columns[c]) + at;
      knows_now = knows_last = false;
    }
    // Which of synapses s, s + 1, ... are meant.
    RHEO_INLINE typename I::Mask within(std::uint32_t s) const {
      I number;
      for (int i = 0; i < n; ++i) number.v[i] = i;
      return number < I(static_cast<std::int32_t>(size - s));
    }
  };

  RHEO_INLINE static Synapse chosen(typename I::Mask where, const Synapse& a, const Synapse& b) {
    const auto mask = mask_for<Real>(where);
    return rule_parts::made_of<Synapse, V, columns>([&](auto i) RHEO_INLINE_LAMBDA {
      return select(mask, rule_parts::member<V, columns>(a, i), rule_parts::member<V, columns>(b, i));
    });
  }

  template <bool arrives, class Target>
  static void visit_all(const rheo_batch& b) {
    const Coefficients k = step_of(b);
    Room<Target> room;
    Real* const sums = static_cast<Real*>(b.sums);
    const V sign(b.negative ? -1 : 1);
    if (b.slice_count > 0) fetch<Target>(b, b.slices[0], 0, b.slices[0].count);
    for (std::uint64_t i = 0; i < b.slice_count; ++i) {
      const rheo_slice& slice = b.slices[i];
      const rheo_slice next = i + 1 < b.slice_count ? b.slices[i + 1] : rheo_slice{};
      for (std::uint32_t done = 0; done < slice.count; done += at_once) {
        room.take_in(b, slice, done);
        if constexpr (learns_from_targets)
          if (b.learns) replay(b, slice, k, room);
        if constexpr (elapses && !arrives)
          if (b.learns && b.until >= 0)
            for (std::uint32_t s = 0; s < room.size; s += n) {
              const Synapse then = room.synapse_of(s);
              Synapse synapse = then;
              elapse_to(b, slice, k, synapse, room, s, b.until);
              room.keep(chosen(room.within(s), synapse, then), s);
            }
        if constexpr (arrives) {
          const Pre x = traces_of(b.pre_now, slice.record);
          for (std::uint32_t s = 0; s < room.size; s += n) {
            if (done + s < next.count) fetch<Target>(b, next, done + s, done + s + 1);
            const Synapse then = room.synapse_of(s);
            Synapse synapse = then;
            if constexpr (elapses)
              if (b.learns) elapse_to(b, slice, k, synapse, room, s, b.arrival);
            alignas(64) Real sent[n];
            const V before = synapse.weight;
            store(Rule::arrive(synapse, k, x, traces_now(b, room, s)) * sign, sent);
            keep_in_bounds(synapse, before, k);
            const Target* const targets = room.targets + s;
            if (s < room.whole) {
              if (b.learns) room.keep(synapse, s);
              for (int j = 0; j < n; ++j) sums[targets[j]] += sent[j];
            } else {
              if (b.learns) room.keep(chosen(room.within(s), synapse, then), s);
              for (std::uint32_t j = 0; j < room.size - s; ++j) sums[targets[j]] += sent[j];
            }
          }
        }
      }
      if (slice.count < next.count) fetch<Target>(b, next, slice.count, next.count);
    }
  }

  RHEO_INLINE static Coefficients step_of(const rheo_batch& b) {
    const Real* const step = static_cast<const Real*>(b.step);
    return rule_parts::made_of<Coefficients, V, coefficients>([&](auto i) RHEO_INLINE_LAMBDA { return V(step[i]); });
  }

  // Asks for synapses first to end - 1 of a slice, which lies anywhere in memory; beyond some, the hardware has seen
  // where it goes.
  template <class Target>
  RHEO_INLINE static void fetch(const rheo_batch& b, const rheo_slice& slice, std::uint32_t first, std::uint32_t end) {
    for (std::uint32_t s = first; s < end && s < at_once; s += n) {
      const std::uint64_t at = std::uint64_t{slice.begin} + s;
      __builtin_prefetch(static_cast<const Target*>(b.targets) + at);
      for (std::size_t c = 0; c < columns; ++c) __builtin_prefetch(static_cast<const Real*>(b.columns[c]) + at, 1);
    }
  }

  RHEO_INLINE static Pre traces_of(const void* const* columns_of, std::uint32_t record) {
    return rule_parts::made_of<Pre, V, pres>(
        [&](auto t) RHEO_INLINE_LAMBDA { return V(static_cast<const Real*>(columns_of[t])[record]); });
  }
  // What is not finite becomes NaN and stays NaN, since min and max give their second argument where the first is NaN:
  // bounds would hide it otherwise. LearningSynapses::first_broken() finds it.
  RHEO_INLINE static void keep_in_bounds(Synapse& s, const Coefficients& k) {
    const V weight = s.weight + s.weight * V(0);
    if constexpr (requires { Rule::bounds(k); }) {
      const Bounds<V> bounds = Rule::bounds(k);
      s.weight = min(bounds.high, max(bounds.low, weight));
    } else if constexpr (!has_sign) {
      s.weight = max(V(0), weight);
    } else {
      s.weight = weight;
    }
  }
  // The same, unless the weight is the one before, which was within its bounds: most rules change it in few of their
  // verbs, which the compiler knows once these are inlined.
  RHEO_INLINE static void keep_in_bounds(Synapse& s, V before, const Coefficients& k) {
    const auto same = (typename V::Bits)s.weight.v == (typename V::Bits)before.v;
    if (__builtin_constant_p(same[0]) && same[0] != 0) return;
    keep_in_bounds(s, k);
  }

  // The targets' spikes since the last arrival, oldest first.
  template <class Target>
  RHEO_INLINE static void replay(const rheo_batch& b, const rheo_slice& slice, const Coefficients& k,
                                 Room<Target>& room) {
    if (b.newest[0] < slice.from) return;
    const Pre x_base = traces_of(b.pre_base, slice.record);
    if (b.newest[8] >= slice.from)
      for (std::uint32_t s = 0; s < room.size; s += n) replay_older(b, slice, k, x_base, room, s);
    rule_parts::for_each_number<4>([&](auto i) RHEO_INLINE_LAMBDA {
      constexpr int age = 2 * (3 - i);
      if (b.newest[age + 1] >= slice.from)
        replay_ages<age, true>(b, slice, k, x_base, room);
      else if (b.newest[age] >= slice.from)
        replay_ages<age, false>(b, slice, k, x_base, room);
    });
  }

  // The spike before the last `age` ones of all synapses, and the one before it if `two`.
  template <int age, bool two, class Target>
  static void replay_ages(const rheo_batch& b, const rheo_slice& slice, const Coefficients& k, const Pre& x_base,
                          Room<Target>& room) {
    const I from(slice.from);
    const Moment known = last_known(b, slice);
    const std::uint32_t* const recent = b.recent + std::uint64_t{age / 2} * b.width;
    room.knows_now = paired && age == 0 && b.now_values != nullptr;
    room.knows_last = age == 0;
    // Mostly nobody has spiked three times since the last arrival, and none of those before it has been learnt from
    // since.
    const bool is_first = b.newest[age + 2] < slice.from && slice.from <= last_event(b, slice) + 1;
    for (std::uint32_t s = 0; s < room.size; s += n) {
      I pair;
      if (paired && age == 0 && room.knows_now) {
        I now;
        load_halves(b.now_room, room.targets + s, pair, now);
        std::memcpy(room.now + s, &now, sizeof now);
      } else {
        pair = gather<std::int32_t>(recent, room.target_of(s));
      }
      const I last{pair.v & 0xffff}, before{pair.v >> 16 & 0xffff};
      typename I::Mask where = last >= from;
      if (age > 0 && !any(where)) continue;  // few have spiked that often
      if (s >= room.whole) where = where & room.within(s);
      Synapse synapse = room.synapse_of(s);
      const I j = room.target_of(s);
      Moment spiked = spike_in(b, j, before);
      const PostPair y = traces_before(b, j, age);
      if constexpr (two) {
        if constexpr (elapses) {
          const Moment since = is_first ? known : Moments::later(known, spike_in(b, j, spike_of(b, j, age + 2)));
          elapse_where(where & (before >= from), b, k, synapse, since, spiked);
        }
        learn(b, slice, k, x_base, synapse, before, where & (before >= from),
              [&]() RHEO_INLINE_LAMBDA { return y.before; });
      }
      if constexpr (elapses) {
        const Moment latest = spike_in(b, j, last);
        elapse_where(where, b, k, synapse, Moments::later(known, spiked), latest);
        if (age == 0) room.last[s / n] = latest;
      }
      learn(b, slice, k, x_base, synapse, last, where, [&]() RHEO_INLINE_LAMBDA { return y.last; });
      room.keep(synapse, s);
    }
  }

  // Spikes before the last eight.
  template <class Target>
  [[gnu::noinline]] static void replay_older(const rheo_batch& b, const rheo_slice& slice, const Coefficients& k,
                                             const Pre& x_base, Room<Target>& room, std::uint32_t s) {
    const I from(slice.from), j = room.target_of(s);
    const I count = gather<std::int32_t>(b.count, j);
    const auto tick_of = [&](int age, auto& where) RHEO_INLINE_LAMBDA {
      const I t = gather<std::int32_t>(b.ticks, place_of(b, count, age, j));
      where = room.within(s) & (count > I(age)) & (t >= from);
      return t;
    };
    int ages = 8;
    typename I::Mask where;
    while (tick_of(ages, where), any(where)) ++ages;
    Synapse synapse = room.synapse_of(s);
    while (--ages >= 8) {
      const I t = tick_of(ages, where);
      if constexpr (elapses)
        elapse_where(where, b, k, synapse,
                     Moments::later(last_known(b, slice), spike_in(b, j, spike_of(b, j, ages + 1))), spike_in(b, j, t));
      learn(b, slice, k, x_base, synapse, t, where, [&]() RHEO_INLINE_LAMBDA {
        const I place = place_of(b, count, ages, j);
        return rule_parts::made_of<Post, V, posts>([&](auto i) RHEO_INLINE_LAMBDA {
          if constexpr (post[i].kind == RHEO_PARAMETER)
            return gather<Real>(static_cast<const Real*>(b.after[i]), j);
          else
            return gather<Real>(static_cast<const Real*>(b.before[i]), place);
        });
      });
    }
    room.keep(synapse, s);
  }

  // Where the histories hold the spike before the last `age` ones; of a target without that many: somewhere.
  RHEO_INLINE static I place_of(const rheo_batch& b, I count, int age, I j) {
    const I number = max(count - I(1 + age), I(0));
    return number * I(static_cast<std::int32_t>(b.width)) + j;
  }

  // Traces of targets just before the spike before the last `age` ones, and before the one before that, age being even
  // and less than 8.
  struct PostPair {
    Post last, before;
  };
  RHEO_INLINE static PostPair traces_before(const rheo_batch& b, I j, int age) {
    PostPair pair{};
    if constexpr (learns_from_targets && !without_traces) {
      std::array<V, posts> last, before;
      rule_parts::for_each_number<posts>([&](auto i) RHEO_INLINE_LAMBDA {
        if constexpr (post[i].kind == RHEO_PARAMETER)
          last[i] = before[i] = gather<Real>(static_cast<const Real*>(b.after[i]), j);
        else
          load_pairs(static_cast<const Real*>(b.recent_before[i]) + static_cast<std::uint64_t>(age) * b.width, j,
                     last[i], before[i]);
      });
      pair.last = rule_parts::made_of<Post, V, posts>([&](auto i) RHEO_INLINE_LAMBDA { return last[i]; });
      pair.before = rule_parts::made_of<Post, V, posts>([&](auto i) RHEO_INLINE_LAMBDA { return before[i]; });
    }
    return pair;
  }

  // From a spike of targets in tick t; y_of() gives their traces just before it.
  template <class PostOfSpike>
  RHEO_INLINE static void learn(const rheo_batch& b, const rheo_slice& slice, const Coefficients& k, const Pre& x_base,
                                Synapse& synapse, I t, typename I::Mask where, const PostOfSpike& y_of) {
    const I elapsed = t - I(slice.base);
    const Pre x = rule_parts::made_of<Pre, V, pres>([&](auto i) RHEO_INLINE_LAMBDA {
      const V base = rule_parts::member<V, pres>(x_base, i);
      if constexpr (pre[i].kind == RHEO_DECAYS)
        return base * decayed(b.pre_decay[i], elapsed, b.newest[0] - slice.base);
      else
        return base;
    });
    Synapse changed = synapse;
    if constexpr (without_traces) {
      Rule::post_spike(changed, k, x);
    } else {
      Rule::post_spike(changed, k, x, y_of());
    }
    keep_in_bounds(changed, synapse.weight, k);
    synapse = chosen(where, changed, synapse);
  }

  // The tick of the spike before the last `age` ones of each target; 0: there is none since the epoch.
  RHEO_INLINE static I spike_of(const rheo_batch& b, I j, int age) {
    if (age < 8) {
      const I pair = gather<std::int32_t>(b.recent + static_cast<std::uint64_t>(age / 2) * b.width, j);
      return age % 2 == 0 ? I{pair.v & 0xffff} : I{pair.v >> 16 & 0xffff};
    }
    const I count = gather<std::int32_t>(b.count, j);
    return select(count > I(age), gather<std::int32_t>(b.ticks, place_of(b, count, age, j)), I(0));
  }
  // The last event of synapses of a slice without their targets, and its tick.
  RHEO_INLINE static std::int32_t last_event(const rheo_batch& b, const rheo_slice& slice) {
    return slice.base > b.fixed ? slice.base : b.fixed;
  }
  RHEO_INLINE static Moment last_known(const rheo_batch& b, const rheo_slice& slice) {
    return Moments::moment(b, last_event(b, slice));
  }
  // The spike of targets j in `tick`; 0: the last one up to the epoch.
  RHEO_INLINE static Moment spike_in(const rheo_batch& b, I j, I tick) {
    if constexpr (elapses) {
      const auto older = tick == I(0);
      if (any(older)) tick = select(older, gather<std::int32_t>(b.settled, j), tick);
    }
    return Moments::moment(b, tick);
  }
  // Before an arrival, or the end of an epoch.
  template <class Target>
  RHEO_INLINE static void elapse_to(const rheo_batch& b, const rheo_slice& slice, const Coefficients& k,
                                    Synapse& changed, const Room<Target>& room, std::uint32_t s, std::int32_t until) {
    Moment since = last_known(b, slice);
    if constexpr (learns_from_targets) {
      const I j = room.target_of(s);
      since = Moments::later(since, room.knows_last ? room.last[s / n] : spike_in(b, j, spike_of(b, j, 0)));
    }
    elapse(b, k, changed, since, Moments::moment(b, until));
  }
  RHEO_INLINE static void elapse_where(typename I::Mask where, const rheo_batch& b, const Coefficients& k,
                                       Synapse& synapse, const Moment& since, const Moment& until) {
    Synapse changed = synapse;
    elapse(b, k, changed, since, until);
    synapse = chosen(where, changed, synapse);
  }
  RHEO_INLINE static void elapse(const rheo_batch& b, const Coefficients& k, Synapse& changed, const Moment& since,
                                 const Moment& until) {
    const Signals doses = Moments::doses(b, since, until);
    if constexpr (requires { Rule::elapse(changed, k, doses); }) Rule::elapse(changed, k, doses);
    changed = rule_parts::made_of<Synapse, V, columns>([&](auto c) RHEO_INLINE_LAMBDA {
      const V now = rule_parts::member<V, columns>(changed, c);
      if constexpr (decays(c))
        return now * decayed(b.column_decay[c - 1], I{until.tick.v - since.tick.v});
      else
        return now;
    });
    keep_in_bounds(changed, k);
  }

  // Ticks since `last`; of targets that never spiked, or so long ago that 32 bits do not tell: very many.
  RHEO_INLINE static I elapsed_since(const rheo_batch& b, I last) {
    const I elapsed{static_cast<std::int32_t>(b.now) - last.v};
    return select(elapsed < I(0), I(0x7fffffff), elapsed);
  }

  // Traces of targets as arrivals see them.
  template <class Target>
  RHEO_INLINE static Post traces_now(const rheo_batch& b, const Room<Target>& room, std::uint32_t s) {
    const I j = room.target_of(s);
    return rule_parts::made_of<Post, V, posts>([&](auto i) RHEO_INLINE_LAMBDA {
      if constexpr (paired && i == 0)
        if (room.knows_now) return load<Real, n>(room.now + s);
      return trace_now(b, j, i);
    });
  }
  RHEO_INLINE static Post traces_now(const rheo_batch& b, I j) {
    return rule_parts::made_of<Post, V, posts>([&](auto i) RHEO_INLINE_LAMBDA { return trace_now(b, j, i); });
  }
  template <class Number>
  RHEO_INLINE static V trace_now(const rheo_batch& b, I j, Number i) {
    const Real* const after = static_cast<const Real*>(b.after[i]);
    if constexpr (post[i].kind != RHEO_DECAYS) {
      return gather<Real>(after, j);
    } else {
      if (b.now_values != nullptr) return gather<Real>(static_cast<const Real*>(b.now_values[i]), j);
      const I elapsed = elapsed_since(b, gather<std::int32_t>(b.last, j));
      return gather<Real>(after, j) * decayed(b.post_decay[i], elapsed);
    }
  }
};

}  // namespace RHEO_SIMD_NAMESPACE
#pragma GCC visibility pop
}  // namespace rheo
