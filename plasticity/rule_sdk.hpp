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
//     static constexpr bool signed_weights = true;              // may be missing: weights, not magnitudes, of any sign
//     struct Pre { V ...; };                     // traces of the source neuron, in its spikes' time
//     static constexpr std::array pre{trace("x", "tau", "", "meaning"), ...};          // may be missing, with Pre
//     struct Post { V ...; };                    // traces and parameters of the target neuron
//     static constexpr std::array post{trace(...), parameter("rho"), ...};             // may be missing, with Post
//     struct Signals { V ...; };                 // third factors, which come by name
//     static constexpr std::array signals{dose("dopamine", "tau_c", "", "meaning"), ...};  // may be missing, with
//                                                // Signals
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
//     static void elapse(Synapse&, const Step&, const Signals&);  // may be missing: the time since the synapse's event
//                                                // before; doses are of that time, columns that decay as at its start
//     static Bounds<V> bounds(const Step&);      // may be missing: weights stay within; 0 and no limit otherwise
//
//     // May be missing: what happens to all synapses at the end of a tick, every `interval` (a parameter, in ms), or
//     // in each tick in which the first of the signals differs from 0.
//     static constexpr const char* interval = "interval";
//     struct Sums { V ...; };                    // of each target, over its synapses; may be missing, with collect
//     struct Back { V ...; };                    // of each source, over its synapses; may be missing, with reflect
//     static Sums collect(const Synapse&, const Step&, const Pre&, const Post&, const Signals&);
//     static Back reflect(const Synapse&, const Step&, const Pre&, const Post&, const Signals&, const Sums&);
//     static V publish(const Step&, const Pre&, const Signals&, const Back&);  // may be missing: a signal for others
//     static void sweep(Synapse&, const Step&, const Pre&, const Post&, const Signals&);   // and Sums and Back, where
//                                                                                          // there are
//   };
//   RHEO_RULES(Rule)                             // or several: RHEO_RULES(Rule, AnotherRule)
//
// Order (docs/semantics.md): arrivals of a tick see traces without the spikes of that tick; a target's spike sees the
// arrivals up to and including its own tick, and its traces as before itself. `arrive` sees the source's traces as
// before the spike that arrives. A sweep sees all that happened up to and including its tick. Traces start at 0.
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

struct ColumnText {
  const char *name, *param, *unit, *meaning;
  double initial;
};
constexpr ColumnText column(const char* name, const char* unit, const char* meaning, double initial = 0) {
  return {name, "", unit, meaning, initial};
}
// Decays between the synapse's events, with the time constant that the parameter `tau` gives.
constexpr ColumnText decaying_column(const char* name, const char* tau, const char* unit, const char* meaning) {
  return {name, tau, unit, meaning, 0};
}

struct SignalText {
  const char *name, *param, *unit, *meaning;
  double otherwise;  // where it is not given
  std::uint32_t scope;
};
constexpr SignalText signal(const char* name, const char* unit, const char* meaning, double otherwise = 0) {
  return {name, "", unit, meaning, otherwise, RHEO_FOR_ALL};
}
constexpr SignalText target_signal(const char* name, const char* unit, const char* meaning, double otherwise = 0) {
  return {name, "", unit, meaning, otherwise, RHEO_PER_TARGET};
}
constexpr SignalText source_signal(const char* name, const char* unit, const char* meaning, double otherwise = 0) {
  return {name, "", unit, meaning, otherwise, RHEO_PER_SOURCE};
}
// What a signal adds up to between two events of a synapse, in its unit times ms, each part with the decay by the
// parameter `tau` since the first of them: the integral of signal times a column that decays with `tau`, over its value
// at the start.
constexpr SignalText dose(const char* name, const char* tau, const char* unit, const char* meaning,
                          double otherwise = 0) {
  return {name, tau, unit, meaning, otherwise, RHEO_DOSE};
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
    return std::array<ColumnText, 0>{};
}
template <class Rule>
constexpr auto signals_of() {
  if constexpr (requires { Rule::signals; })
    return Rule::signals;
  else
    return std::array<SignalText, 0>{};
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

template <class Rule>
struct SignalsOf {
  using type = Nothing;
};
template <class Rule>
requires requires {
  Rule::signals;
}
struct SignalsOf<Rule> {
  using type = typename Rule::Signals;
};

template <class Rule>
struct SumsOf {
  using type = Nothing;
};
template <class Rule>
requires requires {
  typename Rule::Sums;
}
struct SumsOf<Rule> {
  using type = typename Rule::Sums;
};
template <class Rule>
struct BackOf {
  using type = Nothing;
};
template <class Rule>
requires requires {
  typename Rule::Back;
}
struct BackOf<Rule> {
  using type = typename Rule::Back;
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
  static constexpr auto synapse = rule_parts::synapse_of<Rule>();
  static constexpr std::size_t columns = 1 + synapse.size();
  static constexpr auto signals = rule_parts::signals_of<Rule>();
  static constexpr std::size_t step_size = sizeof(typename Single::Step) / sizeof(One);
  using Pre = typename rule_parts::PreOf<Rule>::type;
  using Post = typename rule_parts::PostOf<Rule>::type;
  using Signals = typename rule_parts::SignalsOf<Rule>::type;
  using Synapse = typename Rule::Synapse;
  static constexpr bool decays(std::size_t column) { return column > 0 && *synapse[column - 1].param != '\0'; }
  // Something happens to synapses between their events.
  static constexpr bool elapses = [] {
    for (const ColumnText& text : synapse)
      if (*text.param != '\0') return true;
    for (const SignalText& text : signals)
      if (text.scope == RHEO_DOSE) return true;
    return false;
  }();
  static constexpr bool without_traces = requires(Synapse s, typename Rule::Step k, Pre x) {
    Rule::post_spike(s, k, x);
  };
  static constexpr bool has_sign = requires { Rule::signed_weights; };
  static constexpr bool learns_from_targets =
      without_traces || requires(Synapse s, typename Rule::Step k, Pre x, Post y) {
    Rule::post_spike(s, k, x, y);
  };

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
    low_high[1] = std::numeric_limits<double>::infinity();
    low_high[0] = has_sign ? -low_high[1] : 0;
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
    }
  }

  static void arrive(const rheo_batch* batch) { visit<true>(*batch); }
  static void settle(const rheo_batch* batch) { visit<false>(*batch); }

 private:
  template <template <class> class, class>
  friend struct RuleSweeps;

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

  // What is left after `elapsed` ticks: the product of what its hexadecimal digits leave.
  RHEO_INLINE static V decayed(const void* table, I elapsed) {
    const Real* const digits = static_cast<const Real*>(table);
    const I low = {elapsed.v & 15}, middle = {elapsed.v >> 4 & 15}, high = {elapsed.v >> 8 & 15};
    V left = look_up(digits, low) * look_up(digits + 16, middle) * look_up(digits + 32, high);
    if (any(elapsed > I(4095))) [[unlikely]]
      for (int d = 3; d < 8; ++d) left *= look_up(digits + 16 * d, I{elapsed.v >> (4 * d) & 15});
    return left;
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
  // Synapses at, at + 1, ... of the lane. What is left over behind the last whole V is computed in a copy that is
  // filled up with its first synapse.
  struct Room {
    alignas(64) std::int32_t targets[at_once];
    alignas(64) std::int32_t ticks[4][at_once];  // of the last eight spikes of each target, two by two
    alignas(64) Real rest[columns][n];
    Real* column[columns];  // of synapse `at`
    std::uint32_t size, whole, end;

    RHEO_INLINE I target_of(std::uint32_t s) const { return load<std::int32_t, n>(targets + s); }
    RHEO_INLINE Synapse synapse_of(std::uint32_t s) const {
      return rule_parts::made_of<Synapse, V, columns>(
          [&](auto c) RHEO_INLINE_LAMBDA { return load<Real, n>(s < whole ? column[c] + s : rest[c]); });
    }
    RHEO_INLINE void keep(const Synapse& synapse, std::uint32_t s) {
      rule_parts::take_apart<V, columns>(
          synapse, [&](auto c, V x) RHEO_INLINE_LAMBDA { store(x, s < whole ? column[c] + s : rest[c]); });
    }
  };

  template <bool arrives, class Target>
  static void visit_all(const rheo_batch& b) {
    const typename Rule::Step k = step_of(b);
    Room room;
    Real* sent = static_cast<Real*>(b.sent);
    fetch<Target>(b, 0);
    for (std::uint64_t i = 0; i < b.slice_count; ++i) {
      const rheo_slice& slice = b.slices[i];
      fetch<Target>(b, i + 1);
      for (std::uint32_t done = 0; done < slice.count; done += at_once) {
        take_in<Target>(b, slice, done, room);
        if constexpr (learns_from_targets)
          if (b.learns) replay(b, slice, k, room);
        if constexpr (elapses && !arrives)
          if (b.learns && b.until >= 0)
            for (std::uint32_t s = 0; s < room.end; s += n) elapse_to(b, slice, k, room, s, I(b.until));
        if constexpr (arrives) {
          const Pre x = traces_of(b.pre_now, slice.record);
          Real last[n];
          for (std::uint32_t s = 0; s < room.end; s += n) {
            if constexpr (elapses)
              if (b.learns) elapse_to(b, slice, k, room, s, I(b.arrival));
            Synapse synapse = room.synapse_of(s);
            store(Rule::arrive(synapse, k, x, traces_now(b, room.target_of(s))), s < room.whole ? sent + s : last);
            keep_in_bounds(synapse, k);
            if (b.learns) room.keep(synapse, s);
          }
          for (std::uint32_t s = room.whole; s < room.size; ++s) sent[s] = last[s - room.whole];
          sent += room.size;
        }
        if (b.learns) put_back(room);
      }
    }
  }

  RHEO_INLINE static typename Rule::Step step_of(const rheo_batch& b) {
    const Real* const step = static_cast<const Real*>(b.step);
    return rule_parts::made_of<typename Rule::Step, V, step_size>([&](auto i)
                                                                      RHEO_INLINE_LAMBDA { return V(step[i]); });
  }

  // Synapses of a slice from `done` on.
  template <class Target>
  RHEO_INLINE static void take_in(const rheo_batch& b, const rheo_slice& slice, std::uint32_t done, Room& room) {
    const std::uint32_t at = slice.begin + done;
    room.size = slice.count - done < at_once ? slice.count - done : at_once;
    room.whole = room.size / n * n;
    room.end = (room.size + n - 1) / n * n;
    const Target* const targets = static_cast<const Target*>(b.targets) + at;
    for (std::uint32_t s = 0; s < room.whole; s += n)
      store(I{__builtin_convertvector(load<Target, n>(targets + s).v, typename I::Vector)}, room.targets + s);
    for (std::uint32_t s = room.whole; s < room.end; ++s)
      room.targets[s] = static_cast<std::int32_t>(targets[s < room.size ? s : room.whole]);
    for (std::size_t c = 0; c < columns; ++c) {
      room.column[c] = static_cast<Real*>(b.columns[c]) + at;
      for (std::uint32_t s = room.whole; s < room.end; ++s)
        room.rest[c][s - room.whole] = room.column[c][s < room.size ? s : room.whole];
    }
  }
  RHEO_INLINE static void put_back(Room& room) {
    for (std::size_t c = 0; c < columns; ++c)
      for (std::uint32_t s = room.whole; s < room.size; ++s) room.column[c][s] = room.rest[c][s - room.whole];
  }

  // Asks for the synapses of a slice, which lie anywhere in memory; beyond some, the hardware has seen where it goes.
  template <class Target>
  RHEO_INLINE static void fetch(const rheo_batch& b, std::uint64_t i) {
    if (i >= b.slice_count) return;
    const rheo_slice& slice = b.slices[i];
    const auto lines = [&](const void* column, std::uint32_t width) RHEO_INLINE_LAMBDA {
      const char* const from = static_cast<const char*>(column) + std::uint64_t{slice.begin} * width;
      const std::uint32_t bytes = slice.count * width < 2048 ? slice.count * width : 2048;
      for (std::uint32_t at = 0; at < bytes; at += 64) __builtin_prefetch(from + at);
    };
    lines(b.targets, sizeof(Target));
    for (std::size_t c = 0; c < columns; ++c) lines(b.columns[c], sizeof(Real));
  }

  RHEO_INLINE static Pre traces_of(const void* const* columns_of, std::uint32_t record) {
    return rule_parts::made_of<Pre, V, pres>(
        [&](auto t) RHEO_INLINE_LAMBDA { return V(static_cast<const Real*>(columns_of[t])[record]); });
  }
  RHEO_INLINE static void keep_in_bounds(Synapse& s, const typename Rule::Step& k) {
    if constexpr (requires { Rule::bounds(k); }) {
      const Bounds<V> bounds = Rule::bounds(k);
      s.weight = min(max(s.weight, bounds.low), bounds.high);
    } else if constexpr (!has_sign) {
      s.weight = max(s.weight, V(0));
    }
  }

  // The targets' spikes since the last arrival, oldest first.
  RHEO_INLINE static void replay(const rheo_batch& b, const rheo_slice& slice, const typename Rule::Step& k,
                                 Room& room) {
    const I from(slice.from);
    const Pre x_base = traces_of(b.pre_base, slice.record);
    typename I::Mask spiked[8] = {};
    const auto fetch = [&](auto word) RHEO_INLINE_LAMBDA {
      for (std::uint32_t s = 0; s < room.end; s += n) {
        I low, high;
        split_gather(b.recent + std::uint64_t{word} * b.width, room.target_of(s), low, high);
        store(low, room.ticks[2 * word] + s);
        store(high, room.ticks[2 * word + 1] + s);
        spiked[4 * word] = spiked[4 * word] | (lower_tick(low) >= from);
        spiked[4 * word + 1] = spiked[4 * word + 1] | (upper_tick(low) >= from);
        spiked[4 * word + 2] = spiked[4 * word + 2] | (lower_tick(high) >= from);
        spiked[4 * word + 3] = spiked[4 * word + 3] | (upper_tick(high) >= from);
      }
    };
    fetch(std::integral_constant<std::size_t, 0>{});
    if (any(spiked[3])) {
      fetch(std::integral_constant<std::size_t, 1>{});
      if (any(spiked[7]))
        for (std::uint32_t s = 0; s < room.end; s += n)
          if (any(upper_tick(load<std::int32_t, n>(room.ticks[3] + s)) >= from))
            replay_older(b, slice, k, x_base, room, s);
      rule_parts::for_each_number<4>([&](auto i) RHEO_INLINE_LAMBDA {
        if (any(spiked[7 - i])) replay_age<7 - i>(b, slice, k, x_base, room);
      });
    }
    rule_parts::for_each_number<4>([&](auto i) RHEO_INLINE_LAMBDA {
      if (any(spiked[3 - i])) replay_age<3 - i>(b, slice, k, x_base, room);
    });
  }
  RHEO_INLINE static I lower_tick(I pair) { return {pair.v & 0xffff}; }
  RHEO_INLINE static I upper_tick(I pair) { return {pair.v >> 16 & 0xffff}; }

  // The spike before the last `age` ones, of all synapses.
  template <int age>
  static void replay_age(const rheo_batch& b, const rheo_slice& slice, const typename Rule::Step& k, const Pre& x_base,
                         Room& room) {
    const I from(slice.from);
    for (std::uint32_t s = 0; s < room.end; s += n) {
      const I pair = load<std::int32_t, n>(room.ticks[age / 2] + s);
      const I t = age % 2 == 0 ? lower_tick(pair) : upper_tick(pair);
      if (age >= 2 && !any(t >= from)) continue;  // few have spiked that often
      learn(b, slice, k, x_base, room, s, age, t, t >= from);
    }
  }

  // Spikes before the last eight.
  [[gnu::noinline]] static void replay_older(const rheo_batch& b, const rheo_slice& slice, const typename Rule::Step& k,
                                             const Pre& x_base, Room& room, std::uint32_t s) {
    const I from(slice.from), j = room.target_of(s);
    const I count = gather<std::int32_t>(b.count, j);
    const auto tick_of = [&](int age, auto& where) RHEO_INLINE_LAMBDA {
      const I t = gather<std::int32_t>(b.ticks, place_of(b, count, age, j));
      where = (count > I(age)) & (t >= from);
      return t;
    };
    int ages = 8;
    typename I::Mask where;
    while (tick_of(ages, where), any(where)) ++ages;
    while (--ages >= 8) {
      const I t = tick_of(ages, where);
      learn(b, slice, k, x_base, room, s, ages, t, where);
    }
  }

  // Where the histories hold the spike before the last `age` ones; of a target without that many: somewhere.
  RHEO_INLINE static I place_of(const rheo_batch& b, I count, int age, I j) {
    const I number = max(count - I(1 + age), I(0));
    return number * I(static_cast<std::int32_t>(b.width)) + j;
  }

  // From the spike before the last `age` ones, of targets which had it in tick t.
  RHEO_INLINE static void learn(const rheo_batch& b, const rheo_slice& slice, const typename Rule::Step& k,
                                const Pre& x_base, Room& room, std::uint32_t s, int age, I t, typename I::Mask where) {
    const I elapsed = max(t - I(slice.base), I(0));
    const Pre x = rule_parts::made_of<Pre, V, pres>([&](auto i) RHEO_INLINE_LAMBDA {
      const V base = rule_parts::member<V, pres>(x_base, i);
      if constexpr (pre[i].kind == RHEO_DECAYS)
        return base * decayed(b.pre_decay[i], elapsed);
      else
        return base;
    });
    const Synapse then = room.synapse_of(s);
    Synapse changed = then;
    if constexpr (elapses) elapse(b, k, changed, event_before(b, slice, room, s, age + 1), t);
    if constexpr (without_traces) {
      Rule::post_spike(changed, k, x);
    } else {
      const I j = room.target_of(s), place = place_of(b, gather<std::int32_t>(b.count, j), age, j);
      const Post y = rule_parts::made_of<Post, V, posts>([&](auto i) RHEO_INLINE_LAMBDA {
        if constexpr (post[i].kind == RHEO_PARAMETER)
          return gather<Real>(static_cast<const Real*>(b.after[i]), j);
        else
          return gather<Real>(static_cast<const Real*>(b.before[i]), place);
      });
      Rule::post_spike(changed, k, x, y);
    }
    keep_in_bounds(changed, k);
    const auto mask = mask_for<Real>(where);
    room.keep(rule_parts::made_of<Synapse, V, columns>([&](auto i) RHEO_INLINE_LAMBDA {
                return select(mask, rule_parts::member<V, columns>(changed, i),
                              rule_parts::member<V, columns>(then, i));
              }),
              s);
  }

  // The tick of a synapse's event before the spike before the last `age - 1` ones of its target.
  RHEO_INLINE static I event_before(const rheo_batch& b, const rheo_slice& slice, const Room& room, std::uint32_t s,
                                    int age) {
    const I known(slice.base > b.fixed ? slice.base : b.fixed);
    if constexpr (!learns_from_targets) return known;
    const I j = room.target_of(s);
    I spike;
    if (age < 8) {
      const I pair = load<std::int32_t, n>(room.ticks[age / 2] + s);
      spike = age % 2 == 0 ? lower_tick(pair) : upper_tick(pair);
    } else {
      const I count = gather<std::int32_t>(b.count, j);
      spike = select(count > I(age), gather<std::int32_t>(b.ticks, place_of(b, count, age, j)), I(0));
    }
    const auto older = spike == I(0);
    if (any(older)) spike = select(older, gather<std::int32_t>(b.settled, j), spike);
    return max(known, spike);
  }
  RHEO_INLINE static void elapse_to(const rheo_batch& b, const rheo_slice& slice, const typename Rule::Step& k,
                                    Room& room, std::uint32_t s, I until) {
    Synapse changed = room.synapse_of(s);
    elapse(b, k, changed, event_before(b, slice, room, s, 0), until);
    room.keep(changed, s);
  }
  RHEO_INLINE static void elapse(const rheo_batch& b, const typename Rule::Step& k, Synapse& changed, I since,
                                 I until) {
    until = max(until, since);  // of lanes that are not meant
    const Signals doses = rule_parts::made_of<Signals, V, signals.size()>([&](auto i) RHEO_INLINE_LAMBDA {
      V sum(0);
      if constexpr (signals[i].scope == RHEO_DOSE) {
        const double* const dose = b.doses[i];
        for (int l = 0; l < n; ++l) {
          const double* const from = dose + 2 * (since.v[l] - b.dose_epoch);
          sum.v[l] = static_cast<Real>((dose[2 * (until.v[l] - b.dose_epoch)] - from[0]) * from[1]);
        }
      }
      return sum;
    });
    if constexpr (requires { Rule::elapse(changed, k, doses); }) Rule::elapse(changed, k, doses);
    changed = rule_parts::made_of<Synapse, V, columns>([&](auto c) RHEO_INLINE_LAMBDA {
      const V now = rule_parts::member<V, columns>(changed, c);
      if constexpr (decays(c))
        return now * decayed(b.column_decay[c - 1], I{until.v - since.v});
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

// The sweeps of one rule in one precision.
template <template <class> class RuleOf, class Real>
struct RuleSweeps {
  using K = RuleKernels<RuleOf, Real>;
  using Rule = typename K::Rule;
  using V = typename K::V;
  using I = typename K::I;
  using Step = typename Rule::Step;
  using Synapse = typename K::Synapse;
  using Pre = typename K::Pre;
  using Post = typename K::Post;
  using Signals = typename K::Signals;
  using Sums = typename rule_parts::SumsOf<Rule>::type;
  using Back = typename rule_parts::BackOf<Rule>::type;
  static constexpr int n = K::n;
  static constexpr std::size_t target_sums = std::is_same_v<Sums, Nothing> ? 0 : sizeof(Sums) / sizeof(V);
  static constexpr std::size_t source_sums = std::is_same_v<Back, Nothing> ? 0 : sizeof(Back) / sizeof(V);
  static constexpr bool publishes = requires(Step k, Pre x, Signals signals, Back back) {
    Rule::publish(k, x, signals, back);
  };
  static constexpr bool sweeps = target_sums > 0 || source_sums > 0 || publishes ||
                                 requires(Synapse s, Step k, Pre x, Post y, Signals signals) {
    Rule::sweep(s, k, x, y, signals);
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
          Real& sum = static_cast<Real*>(backs[i])[seen.record];
          for (std::uint32_t l = 0; l < valid; ++l) sum += part.v[l];
        });
      });
  }
  static void publish(const void* step, std::uint32_t count, const void* const* traces, const void* const* signals,
                      const void* const* backs, void* published) {
    if constexpr (publishes) {
      using Single = typename K::Single;
      using One = typename K::One;
      const auto k = rule_parts::read<typename Single::Step>(step);
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
  static void sweep(const rheo_batch* batch) {
    visit<true>(*batch, [](const auto& seen, Synapse& s, std::uint32_t) RHEO_INLINE_LAMBDA {
      if constexpr (requires { Rule::sweep(s, seen.k, seen.pre, seen.post, seen.signals, seen.sums, seen.back); })
        Rule::sweep(s, seen.k, seen.pre, seen.post, seen.signals, seen.sums, seen.back);
      else if constexpr (requires { Rule::sweep(s, seen.k, seen.pre, seen.post, seen.signals, seen.sums); })
        Rule::sweep(s, seen.k, seen.pre, seen.post, seen.signals, seen.sums);
      else if constexpr (requires { Rule::sweep(s, seen.k, seen.pre, seen.post, seen.signals); })
        Rule::sweep(s, seen.k, seen.pre, seen.post, seen.signals);
      K::keep_in_bounds(s, seen.k);
    });
  }

 private:
  // What the verbs of a sweep are given.
  struct Seen {
    Step k;
    Pre pre;
    Post post;
    Signals signals;
    Sums sums;
    Back back;
    I target;
    std::uint32_t record;
  };

  template <bool changes, class Use>
  static void visit(const rheo_batch& b, const Use& use) {
    if constexpr (sweeps) {
      if (b.target_bytes == 2)
        visit_all<changes, std::uint16_t>(b, use);
      else
        visit_all<changes, std::uint32_t>(b, use);
    }
  }
  template <bool changes, class Target, class Use>
  static void visit_all(const rheo_batch& b, const Use& use) {
    Seen seen;
    seen.k = K::step_of(b);
    typename K::Room room;
    const auto of_target = [&](const void* column) RHEO_INLINE_LAMBDA {
      return gather<Real>(static_cast<const Real*>(column), seen.target);
    };
    const auto of_source = [&](const void* column)
                               RHEO_INLINE_LAMBDA { return V(static_cast<const Real*>(column)[seen.record]); };
    for (std::uint64_t i = 0; i < b.slice_count; ++i) {
      const rheo_slice& slice = b.slices[i];
      seen.record = slice.record;
      seen.pre = K::traces_of(b.pre_now, slice.record);
      seen.back = rule_parts::made_of<Back, V, source_sums>(
          [&](auto t) RHEO_INLINE_LAMBDA { return b.backs != nullptr ? of_source(b.backs[t]) : V(0); });
      for (std::uint32_t done = 0; done < slice.count; done += K::at_once) {
        K::template take_in<Target>(b, slice, done, room);
        for (std::uint32_t s = 0; s < room.end; s += n) {
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
              [&](auto t) RHEO_INLINE_LAMBDA { return b.sums != nullptr ? of_target(b.sums[t]) : V(0); });
          Synapse synapse = room.synapse_of(s);
          use(seen, synapse, room.size - s < n ? room.size - s : n);
          if constexpr (changes) room.keep(synapse, s);
        }
        if constexpr (changes) K::put_back(room);
      }
    }
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

  static constexpr auto columns_of() {
    constexpr auto texts = rule_parts::synapse_of<Rule>();
    std::array<rheo_rule_column, texts.size()> all{};
    for (std::size_t i = 0; i < texts.size(); ++i) {
      const bool holds = *texts[i].param == '\0';
      all[i] = {texts[i].name,
                texts[i].unit,
                texts[i].meaning,
                texts[i].initial,
                holds ? RHEO_HOLDS : RHEO_DECAYS,
                holds ? 0 : param_number(texts[i].param)};
    }
    return all;
  }
  static constexpr auto signals_of() {
    constexpr auto texts = rule_parts::signals_of<Rule>();
    std::array<rheo_rule_signal, texts.size()> all{};
    for (std::size_t i = 0; i < texts.size(); ++i)
      all[i] = {texts[i].name,      texts[i].unit,  texts[i].meaning,
                texts[i].otherwise, texts[i].scope, texts[i].scope == RHEO_DOSE ? param_number(texts[i].param) : 0};
    return all;
  }
  static constexpr std::uint32_t interval() {
    if constexpr (requires { Rule::interval; })
      return param_number(Rule::interval);
    else
      return RHEO_NONE;
  }

  // Tables are constants: code that fills them in when the library is loaded may use instructions that the processor
  // lacks, before anybody could ask.
  static constexpr auto params = params_of();
  static constexpr auto columns = columns_of();
  static constexpr auto signals = signals_of();
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
    using S = RuleSweeps<RuleOf, Real>;
    return {sizeof(typename K::Single::Step),
            K::prepare,
            K::bounds,
            K::pre_spike,
            K::post_spike,
            K::targets_now,
            K::arrive,
            K::settle,
            S::collect,
            S::reflect,
            S::publish,
            S::sweep};
  }
  static constexpr rheo_rule entry() {
    using Sweeps = RuleSweeps<RuleOf, double>;
    return {Rule::name,     Rule::summary,    Rule::equation,      Rule::source,        count,
            columns.size(), pre.size(),       post.size(),         params.data(),       columns.data(),
            pre.data(),     post.data(),      signals.size(),      signals.data(),      Sweeps::K::has_sign,
            Sweeps::sweeps, interval(),       Sweeps::target_sums, Sweeps::source_sums, Sweeps::publishes,
            problem,        kernels<float>(), kernels<double>()};
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
