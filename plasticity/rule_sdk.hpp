// Everything that the author of a plasticity rule needs. A rule says what it is, what it keeps, and how ONE synapse
// changes at an event; the loop over synapses, delays, storage, checks, recording and saving belong to the engine.
// examples/plugin has a complete one; docs/plasticity.md explains how to build and use it.
//
//   template <class V> struct Rule {             // V: a number, of several synapses side by side (simd.hpp)
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
//     static constexpr std::array signals{dose("dopamine", "tau_c", "", "meaning"), ...};  // may be missing
//     struct Coefficients { V ...; };            // what the verbs compute with, one for all synapses
//     static Coefficients prepare(const Params&, double dt);
//     static const char* problem(const Params&);  // may be missing: what is wrong, or ""
//     // May be missing: the smallest change of a weight by one event or consolidation where traces and signals are 1,
//     // as a part of `weight`, the largest one at the start (0: unknown). Below 2^-14 the synapses are kept in double
//     // precision, whatever the simulation is in.
//     static double relative_step(const Params&, double weight);
//
//     // The source spikes, the target spikes: what becomes of their traces.
//     static void pre_spike(Pre&, const Coefficients&);
//     static void post_spike(Post&, const Coefficients&);
//     // A spike arrives; returns what is sent. What is missing of Pre and Post is Nothing.
//     static V arrive(Synapse&, const Coefficients&, const Pre&, const Post&);
//     // The target spiked; may be missing, or without Post, which costs nothing then.
//     static void post_spike(Synapse&, const Coefficients&, const Pre&, const Post&);
//     // May be missing: the time since the synapse's event before; doses are of that time, columns that decay as at
//     // its start.
//     static void elapse(Synapse&, const Coefficients&, const Signals&);
//     // May be missing: weights stay within; 0 and no limit otherwise.
//     static Bounds<V> bounds(const Coefficients&);
//
//     // May be missing: what happens to all synapses at the end of a tick, every `interval` (a parameter, in ms), or
//     // in each tick in which the first of the signals differs from 0.
//     static constexpr const char* interval = "interval";
//     struct Sums { V ...; };                    // of each target, over its synapses; may be missing, with collect
//     struct Back { V ...; };                    // of each source, over its synapses; may be missing, with reflect
//     static Sums collect(const Synapse&, const Coefficients&, const Pre&, const Post&, const Signals&);
//     static Back reflect(const Synapse&, const Coefficients&, const Pre&, const Post&, const Signals&, const Sums&);
//     // May be missing: a signal for others.
//     static V publish(const Coefficients&, const Pre&, const Signals&, const Back&);
//     // And Sums and Back, where there are.
//     static void consolidate(Synapse&, const Coefficients&, const Pre&, const Post&, const Signals&);
//   };
//   RHEO_RULES(Rule)                             // or several: RHEO_RULES(Rule, AnotherRule)
//
// Order (docs/semantics.md): arrivals of a tick see traces without the spikes of that tick; a target's spike sees the
// arrivals up to and including its own tick, and its traces as before itself. `arrive` sees the source's traces as
// before the spike that arrives. A consolidation sees all that happened up to and including its tick. Traces start at
// 0.
#pragma once

#ifdef __FAST_MATH__
#error "a rule must give the same bits everywhere: compile without -ffast-math and -Ofast"
#endif
#if defined(__clang__)
#pragma clang fp contract(off)  // gcc needs -ffp-contract=off or -std=c++20 instead of gnu++20; loading checks it
#endif

#include <array>
#include <string_view>

#include "core/description.hpp"
#include "plasticity/simd.hpp"
#include "plasticity/table.hpp"
#include "plasticity/words.hpp"

// Exports rules from a library. RHEO_RULE_SYMBOL: rheo_rules, unless it is compiled once per instruction set.
#ifndef RHEO_RULE_SYMBOL
#define RHEO_RULE_SYMBOL rheo_rules
#endif
#define RHEO_RULES(...)                                                                        \
  extern "C" __attribute__((visibility("default"))) const rheo_rule_list* RHEO_RULE_SYMBOL() { \
    return ::rheo::rule_list<__VA_ARGS__>();                                                   \
  }
