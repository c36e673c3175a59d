// Everything that the author of a plasticity rule needs. A rule says what it is, what it keeps, and how ONE synapse
// changes at an event; the loop over synapses, delays, storage, checks, recording and saving belong to the engine.
// examples/plugin has a complete one; docs/plasticity.md explains how to build and use it.
//
//   template <class V> struct Rule {             // V: a number, of several synapses side by side (lanes.hpp)
//     name, summary, equation, source            // for `rheo models` and the documentation
//     struct Params { double ...; };             // with their defaults
//     static constexpr auto params = fields(field("tau", &Params::tau, "ms", "meaning", positive), ...);
//     static constexpr std::array per_target{"rho"};            // may be missing: parameters of each target neuron
//     struct Synapse { V weight; V ...; };       // the weight's magnitude, then what a synapse keeps
//     static constexpr std::array synapse{column(...), ...};    // may be missing: those after the weight
//     struct Pre { V ...; };                     // traces of the source neuron, in its spikes' time
//     static constexpr std::array pre{trace("x", "tau", "", "meaning"), ...};          // may be missing, with Pre
//     struct Post { V ...; };                    // traces and parameters of the target neuron
//     static constexpr std::array post{trace(...), parameter("rho"), ...};             // may be missing, with Post
//     struct Step { V ...; };                    // what the verbs compute with, one for all synapses
//     static Step prepare(const Params&, double dt);
//     static const char* problem(const Params&);                // may be missing: what is wrong, or ""
//
//     static void pre_spike(Pre&, const Step&);                 // the source spikes: what becomes of its traces
//     static void post_spike(Post&, const Step&);               // the target spikes
//     static V arrive(Synapse&, const Step&, const Pre&, const Post&);      // a spike arrives; returns what is sent.
//                                                // What is missing of Pre and Post is Nothing
//     static void post_spike(Synapse&, const Step&, const Pre&, const Post&);          // the target spiked; may be
//                                                // missing, or without Post, which costs nothing then
//     static Bounds<V> bounds(const Step&);      // may be missing: weights stay within; 0 and no limit otherwise
//   };
//   RHEO_RULES(Rule)                             // or several: RHEO_RULES(Rule, AnotherRule)
//
// Order (docs/semantics.md): arrivals of a tick see traces without the spikes of that tick; a target's spike sees the
// arrivals up to and including its own tick, and its traces as before itself. `arrive` sees the source's traces as
// before the spike that arrives. Traces start at 0.
#pragma once

#ifdef __FAST_MATH__
#error "a rule must give the same bits everywhere: compile without -ffast-math and -Ofast"
#endif
#if defined(__clang__)
#pragma clang fp contract(off)  // gcc needs -ffp-contract=off or -std=c++20 instead of gnu++20; loading checks it
#endif

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>

#include "core/fields.hpp"
#include "plasticity/lanes.hpp"
#include "plasticity/rule_abi.h"

namespace rheo {

constexpr rheo_rule_column column(const char* name, const char* unit, const char* meaning, double initial = 0) {
  return {name, unit, meaning, initial};
}

struct TraceText {
  const char *name, *param, *unit, *meaning;
  std::uint32_t kind;
};
// Decays with the time constant that the parameter `tau` gives; without one it holds its value between spikes.
constexpr TraceText trace(const char* name, const char* tau, const char* unit, const char* meaning) {
  return {name, tau, unit, meaning, *tau == '\0' ? RHEO_HOLDS : RHEO_DECAYS};
}
// Each target's value of a parameter that is named in per_target.
constexpr TraceText parameter(const char* name) {
  return {name, name, "", "", RHEO_PARAMETER};
}

template <class V>
struct Bounds {
  V low, high;
};

struct Nothing {};

// All that follows is compiled for one instruction set, and shares no name with what is compiled for another. Hidden,
// or two libraries whose rules happen to be called the same in C++ would share tables: gcc makes those unique in a
// process.
#pragma GCC visibility push(hidden)
inline namespace RHEO_LANES_NAMESPACE {

namespace rule_parts {

template <class Rule>
constexpr auto pre_of() {
  if constexpr (requires { Rule::pre; })
    return Rule::pre;
  else
    return std::array<TraceText, 0>{};
}
template <class Rule>
constexpr auto post_of() {
  if constexpr (requires { Rule::post; })
    return Rule::post;
  else
    return std::array<TraceText, 0>{};
}
template <class Rule>
constexpr auto synapse_of() {
  if constexpr (requires { Rule::synapse; })
    return Rule::synapse;
  else
    return std::array<rheo_rule_column, 0>{};
}
template <class Rule>
struct PreOf {
  using type = Nothing;
};
template <class Rule>
requires requires {
  Rule::pre;
}
struct PreOf<Rule> {
  using type = typename Rule::Pre;
};
template <class Rule>
struct PostOf {
  using type = Nothing;
};
template <class Rule>
requires requires {
  Rule::post;
}
struct PostOf<Rule> {
  using type = typename Rule::Post;
};

// use(i) for i = 0, ... n - 1, known to the compiler.
template <std::size_t n, class Use>
RHEO_INLINE void for_each_number(const Use& use) {
  [&]<std::size_t... i>(std::index_sequence<i...>) RHEO_INLINE_LAMBDA {
    (use(std::integral_constant<std::size_t, i>{}), ...);
  }
  (std::make_index_sequence<n>{});
}

// A struct of n numbers from those that get(i) gives, and back.
template <class Struct, class V, std::size_t n, class Get>
RHEO_INLINE Struct made_of(const Get& get) {
  if constexpr (n == 0) {
    return {};
  } else {
    static_assert(sizeof(Struct) == n * sizeof(V), "every member must be a V, and described");
    std::array<V, n> all;
    for_each_number<n>([&](auto i) RHEO_INLINE_LAMBDA { all[i] = get(i); });
    return std::bit_cast<Struct>(all);
  }
}
template <class Struct>
RHEO_INLINE Struct read(const void* from) {
  std::array<std::byte, sizeof(Struct)> bytes;
  std::memcpy(bytes.data(), from, sizeof bytes);
  return std::bit_cast<Struct>(bytes);
}
template <class V, std::size_t n, class Struct, std::size_t i>
RHEO_INLINE V member(const Struct& of, std::integral_constant<std::size_t, i>) {
  return std::bit_cast<std::array<V, n>>(of)[i];
}
template <class V, std::size_t n, class Struct, class Put>
RHEO_INLINE void take_apart(const Struct& from, const Put& put) {
  if constexpr (n > 0) {
    const auto all = std::bit_cast<std::array<V, n>>(from);
    for_each_number<n>([&](auto i) RHEO_INLINE_LAMBDA { put(i, all[i]); });
  }
}

}  // namespace rule_parts

// The loops of one rule in one precision.
template <template <class> class RuleOf, class Real>
struct RuleKernels {
  static constexpr int n = RHEO_LANES_BYTES / sizeof(Real);
  using V = Lanes<Real, n>;
  using I = Lanes<std::int32_t, n>;
  using Rule = RuleOf<V>;
  using One = Lanes<Real, 1>;
  using Single = RuleOf<One>;
  static constexpr auto pre = rule_parts::pre_of<Rule>();
  static constexpr auto post = rule_parts::post_of<Rule>();
  static constexpr std::size_t pres = pre.size(), posts = post.size();
  static constexpr std::size_t columns = 1 + rule_parts::synapse_of<Rule>().size();
  static constexpr std::size_t step_size = sizeof(typename Single::Step) / sizeof(One);
  using Pre = typename rule_parts::PreOf<Rule>::type;
  using Post = typename rule_parts::PostOf<Rule>::type;
  using Synapse = typename Rule::Synapse;
  static constexpr bool without_traces = requires(Synapse s, typename Rule::Step k, Pre x) {
    Rule::post_spike(s, k, x);
  };
  static constexpr bool learns_from_targets =
      without_traces || requires(Synapse s, typename Rule::Step k, Pre x, Post y) {
    Rule::post_spike(s, k, x, y);
  };

  // A target's last two spikes and its only trace are read together, as the two halves of 64 bits.
  static constexpr bool paired = [] {
    if constexpr (learns_from_targets && sizeof(Real) == 4 && posts == 1)
      return post[0].kind == RHEO_DECAYS;
    else
      return false;
  }();

  static void prepare(const double* params, double dt, void* step) {
    using Params = typename Single::Params;
    const Params p = rule_parts::read<Params>(params);
    const typename Single::Step made = Single::prepare(p, dt);
    std::memcpy(step, &made, sizeof made);
  }

  static void pre_spike(const void* step, std::uint32_t count, void* const* traces) {
    if constexpr (pres > 0) spike<typename Single::Pre, pres>(step, count, traces);
  }
  static void post_spike(const void* step, std::uint32_t count, void* const* traces) {
    if constexpr (posts > 0) spike<typename Single::Post, posts>(step, count, traces);
  }

  static void bounds(const void* step, double low_high[2]) {
    low_high[0] = 0;
    low_high[1] = std::numeric_limits<double>::infinity();
    const auto k = rule_parts::read<typename Single::Step>(step);
    if constexpr (requires { Single::bounds(k); }) {
      const Bounds<One> limits = Single::bounds(k);
      low_high[0] = limits.low.v[0];
      low_high[1] = limits.high.v[0];
    }
  }

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
  template <class Traces, std::size_t size>
  RHEO_INLINE static void spike(const void* step, std::uint32_t count, void* const* traces) {
    const auto k = rule_parts::read<typename Single::Step>(step);
    for (std::uint32_t i = 0; i < count; ++i) {
      auto all = rule_parts::made_of<Traces, One, size>(
          [&](auto t) RHEO_INLINE_LAMBDA { return One(static_cast<const Real*>(traces[t])[i]); });
      if constexpr (std::is_same_v<Traces, typename rule_parts::PreOf<Single>::type> && pres > 0)
        Single::pre_spike(all, k);
      else
        Single::post_spike(all, k);
      rule_parts::take_apart<One, size>(
          all, [&](auto t, One x) RHEO_INLINE_LAMBDA { static_cast<Real*>(traces[t])[i] = x.v[0]; });
    }
  }

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

  template <bool arrives>
  static void visit(const rheo_batch& b) {
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

    RHEO_INLINE I target_of(std::uint32_t s) const { return load_numbers<n>(targets + s); }
    RHEO_INLINE Synapse synapse_of(std::uint32_t s) const {
      return rule_parts::made_of<Synapse, V, columns>([&](auto c)
                                                          RHEO_INLINE_LAMBDA { return load<Real, n>(column[c] + s); });
    }
    RHEO_INLINE void keep(const Synapse& synapse, std::uint32_t s) {
      rule_parts::take_apart<V, columns>(synapse, [&](auto c, V x) RHEO_INLINE_LAMBDA { store(x, column[c] + s); });
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
    const Real* const step = static_cast<const Real*>(b.step);
    const auto k =
        rule_parts::made_of<typename Rule::Step, V, step_size>([&](auto i) RHEO_INLINE_LAMBDA { return V(step[i]); });
    Room<Target> room;
    Real* const sums = static_cast<Real*>(b.sums);
    const V sign(b.negative ? -1 : 1);
    if (b.slice_count > 0) fetch<Target>(b, b.slices[0], 0, b.slices[0].count);
    for (std::uint64_t i = 0; i < b.slice_count; ++i) {
      const rheo_slice& slice = b.slices[i];
      const rheo_slice next = i + 1 < b.slice_count ? b.slices[i + 1] : rheo_slice{};
      for (std::uint32_t done = 0; done < slice.count; done += at_once) {
        const std::uint32_t at = slice.begin + done;
        room.size = slice.count - done < at_once ? slice.count - done : at_once;
        room.whole = room.size / n * n;
        room.targets = static_cast<const Target*>(b.targets) + at;
        for (std::size_t c = 0; c < columns; ++c) room.column[c] = static_cast<Real*>(b.columns[c]) + at;
        room.knows_now = false;
        if constexpr (learns_from_targets)
          if (b.learns) replay(b, slice, k, room);
        if constexpr (arrives) {
          const Pre x = traces_of(b.pre_now, slice.record);
          for (std::uint32_t s = 0; s < room.size; s += n) {
            if (done + s < next.count) fetch<Target>(b, next, done + s, done + s + 1);
            const Synapse then = room.synapse_of(s);
            Synapse synapse = then;
            alignas(64) Real sent[n];
            store(Rule::arrive(synapse, k, x, traces_now(b, room, s)) * sign, sent);
            keep_in_bounds(synapse, k);
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
  RHEO_INLINE static void keep_in_bounds(Synapse& s, const typename Rule::Step& k) {
    if constexpr (requires { Rule::bounds(k); }) {
      const Bounds<V> bounds = Rule::bounds(k);
      s.weight = min(max(s.weight, bounds.low), bounds.high);
    } else {
      s.weight = max(s.weight, V(0));
    }
  }

  // The targets' spikes since the last arrival, oldest first.
  template <class Target>
  RHEO_INLINE static void replay(const rheo_batch& b, const rheo_slice& slice, const typename Rule::Step& k,
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
  static void replay_ages(const rheo_batch& b, const rheo_slice& slice, const typename Rule::Step& k, const Pre& x_base,
                          Room<Target>& room) {
    const I from(slice.from);
    const std::uint32_t* const recent = b.recent + std::uint64_t{age / 2} * b.width;
    room.knows_now = paired && age == 0 && b.now_values != nullptr;
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
      if constexpr (two) learn(b, slice, k, x_base, synapse, j, age + 1, before, where & (before >= from));
      learn(b, slice, k, x_base, synapse, j, age, last, where);
      room.keep(synapse, s);
    }
  }

  // Spikes before the last eight.
  template <class Target>
  [[gnu::noinline]] static void replay_older(const rheo_batch& b, const rheo_slice& slice, const typename Rule::Step& k,
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
      learn(b, slice, k, x_base, synapse, j, ages, t, where);
    }
    room.keep(synapse, s);
  }

  // Where the histories hold the spike before the last `age` ones; of a target without that many: somewhere.
  RHEO_INLINE static I place_of(const rheo_batch& b, I count, int age, I j) {
    const I number = max(count - I(1 + age), I(0));
    return number * I(static_cast<std::int32_t>(b.width)) + j;
  }

  // From the spike before the last `age` ones, of targets which had it in tick t.
  RHEO_INLINE static void learn(const rheo_batch& b, const rheo_slice& slice, const typename Rule::Step& k,
                                const Pre& x_base, Synapse& synapse, I j, int age, I t, typename I::Mask where) {
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
      const I place = place_of(b, gather<std::int32_t>(b.count, j), age, j);
      const Post y = rule_parts::made_of<Post, V, posts>([&](auto i) RHEO_INLINE_LAMBDA {
        if constexpr (post[i].kind == RHEO_PARAMETER)
          return gather<Real>(static_cast<const Real*>(b.after[i]), j);
        else
          return gather<Real>(static_cast<const Real*>(b.before[i]), place);
      });
      Rule::post_spike(changed, k, x, y);
    }
    keep_in_bounds(changed, k);
    synapse = chosen(where, changed, synapse);
  }

  // Ticks since `last`; of targets that never spiked, or so long ago that 32 bits do not tell: very many.
  RHEO_INLINE static I elapsed_since(const rheo_batch& b, I last) {
    const I elapsed{static_cast<std::int32_t>(b.now) - last.v};
    return select(elapsed < I(0), I(0x7fffffff), elapsed);
  }

  template <class Target>
  RHEO_INLINE static Post traces_now(const rheo_batch& b, const Room<Target>& room, std::uint32_t s) {
    if constexpr (paired)
      if (room.knows_now)
        return rule_parts::made_of<Post, V, posts>([&](auto)
                                                       RHEO_INLINE_LAMBDA { return load<Real, n>(room.now + s); });
    return traces_now(b, room.target_of(s));
  }

  // Traces of targets as arrivals see them.
  RHEO_INLINE static Post traces_now(const rheo_batch& b, I j) {
    return rule_parts::made_of<Post, V, posts>([&](auto i) RHEO_INLINE_LAMBDA {
      const Real* const after = static_cast<const Real*>(b.after[i]);
      if constexpr (post[i].kind != RHEO_DECAYS) {
        return gather<Real>(after, j);
      } else {
        if (b.now_values != nullptr) return gather<Real>(static_cast<const Real*>(b.now_values[i]), j);
        const I elapsed = elapsed_since(b, gather<std::int32_t>(b.last, j));
        return gather<Real>(after, j) * decayed(b.post_decay[i], elapsed);
      }
    });
  }
};

// The table's entry of a rule.
template <template <class> class RuleOf>
struct RuleEntry {
  using Rule = RuleOf<Lanes<double, 1>>;
  using Params = typename Rule::Params;
  static constexpr auto fields = field_array<Params>(Rule::params);
  static constexpr std::size_t count = fields.size();
  static_assert(sizeof(Params) == count * sizeof(double), "every parameter must be a double, and described in order");

  static constexpr std::uint32_t param_number(std::string_view name) {
    for (std::uint32_t i = 0; i < count; ++i)
      if (fields[i].name == name) return i;
    return 0xffffffffu;  // refused when the library is loaded
  }
  static constexpr bool is_per_target(std::string_view name) {
    if constexpr (requires { Rule::per_target; })
      for (const std::string_view one : Rule::per_target)
        if (one == name) return true;
    return false;
  }
  template <std::size_t n>
  static constexpr std::array<rheo_rule_trace, n> traces_of(const std::array<TraceText, n>& texts) {
    std::array<rheo_rule_trace, n> traces{};
    for (std::size_t i = 0; i < n; ++i)
      traces[i] = {texts[i].name, texts[i].unit, texts[i].meaning, texts[i].kind,
                   texts[i].kind == RHEO_HOLDS ? 0 : param_number(texts[i].param)};
    return traces;
  }
  static constexpr std::array<rheo_rule_param, count> params_of() {
    std::array<rheo_rule_param, count> params{};
    const Params defaults{};
    for (std::size_t i = 0; i < count; ++i)
      params[i] = {fields[i].name.data(),        fields[i].unit.data(), fields[i].meaning.data(),
                   defaults.*fields[i].member,   fields[i].low,         fields[i].high,
                   is_per_target(fields[i].name)};
    return params;
  }

  // Tables are constants: code that fills them in when the library is loaded may use instructions that the processor
  // lacks, before anybody could ask.
  static constexpr auto params = params_of();
  static constexpr auto columns = rule_parts::synapse_of<Rule>();
  static constexpr auto pre = traces_of(rule_parts::pre_of<Rule>());
  static constexpr auto post = traces_of(rule_parts::post_of<Rule>());

  static const char* problem(const double* values) {
    if constexpr (requires(const Params& p) { Rule::problem(p); }) {
      return Rule::problem(rule_parts::read<Params>(values));
    } else {
      static_cast<void>(values);
      return "";
    }
  }
  template <class Real>
  static constexpr rheo_rule_kernels kernels() {
    using K = RuleKernels<RuleOf, Real>;
    return {sizeof(typename K::Single::Step),
            K::prepare,
            K::bounds,
            K::pre_spike,
            K::post_spike,
            K::targets_now,
            K::arrive,
            K::settle};
  }
  static constexpr rheo_rule entry() {
    return {Rule::name,     Rule::summary, Rule::equation, Rule::source,     count,
            columns.size(), pre.size(),    post.size(),    params.data(),    columns.data(),
            pre.data(),     post.data(),   problem,        kernels<float>(), kernels<double>()};
  }
};

// What loading looks at: whether the compiler kept to the operations as they are written.
[[gnu::noinline]] inline void probe_arithmetic(const double in[3], double results[2]) {
  results[0] = in[0] * in[1] + in[2];
  results[1] = (in[0] + in[1]) - in[0];
}

template <template <class> class... Rules>
const rheo_rule_list* rule_list() {
  static constexpr rheo_rule rules[] = {RuleEntry<Rules>::entry()...};
  static constexpr rheo_rule_list list = {
      RHEO_RULE_ABI,    sizeof(rheo_rule_list), sizeof(rheo_rule), sizeof(rheo_batch),
      RHEO_LANES_LEVEL, probe_arithmetic,       sizeof...(Rules),  rules};
  return &list;
}

}  // namespace RHEO_LANES_NAMESPACE
#pragma GCC visibility pop
}  // namespace rheo

// Exports rules from a library. RHEO_RULE_SYMBOL: rheo_rules, unless it is compiled once per instruction set.
#ifndef RHEO_RULE_SYMBOL
#define RHEO_RULE_SYMBOL rheo_rules
#endif
#define RHEO_RULES(...)                                                                        \
  extern "C" __attribute__((visibility("default"))) const rheo_rule_list* RHEO_RULE_SYMBOL() { \
    return ::rheo::rule_list<__VA_ARGS__>();                                                   \
  }
