// Whether the members of a rule that are named like verbs can be called as the engine calls them. A verb that may be
// missing is looked for by its form, so one with other arguments would simply never be called; check_verbs() makes that
// an error of compilation that shows the form.
#pragma once

#include <cstddef>
#include <utility>

#include "plasticity/parts.hpp"

namespace rheo {
#pragma GCC visibility push(hidden)
inline namespace RHEO_SIMD_NAMESPACE {

namespace rule_verbs {

// Converts to whatever a parameter is.
struct Anything {
  template <class T>
  operator T&() const;
};

// has_NAME<Rule>: there is a member of that name. Both would have two of it, and the name be ambiguous.
// takes_NAME<Rule, Arguments...>: it can be called with these.
#define RHEO_VERB(NAME)                       \
  struct Named_##NAME {                       \
    int NAME;                                 \
  };                                          \
  template <class Rule>                       \
  struct Both_##NAME : Rule, Named_##NAME {}; \
  template <class Rule>                       \
  concept has_##NAME = !requires {            \
    &Both_##NAME<Rule>::NAME;                 \
  };                                          \
  template <class Rule, class... Arguments>   \
  concept takes_##NAME = requires {           \
    Rule::NAME(std::declval<Arguments>()...); \
  };
RHEO_VERB(problem)
RHEO_VERB(relative_step)
RHEO_VERB(pre_spike)
RHEO_VERB(post_spike)
RHEO_VERB(bounds)
RHEO_VERB(elapse)
RHEO_VERB(collect)
RHEO_VERB(reflect)
RHEO_VERB(publish)
RHEO_VERB(consolidate)
#undef RHEO_VERB

// A post_spike that takes a synapse first, or so many arguments that a synapse must be among them.
template <class Rule, class Synapse>
concept learns_somehow = takes_post_spike<Rule, Synapse&> || takes_post_spike<Rule, Synapse&, Anything> ||
    takes_post_spike<Rule, Synapse&, Anything, Anything> ||
    takes_post_spike<Rule, Synapse&, Anything, Anything, Anything> ||
    takes_post_spike<Rule, Synapse&, Anything, Anything, Anything, Anything> ||
    takes_post_spike<Rule, Anything, Anything, Anything> ||
    takes_post_spike<Rule, Anything, Anything, Anything, Anything> ||
    takes_post_spike<Rule, Anything, Anything, Anything, Anything, Anything>;

// The types of a rule's verbs; Nothing for what it does not have.
template <class Rule>
struct Verbs {
  using Params = typename Rule::Params;
  using Synapse = typename Rule::Synapse;
  using Coefficients = typename Rule::Coefficients;
  using Pre = typename rule_parts::PreOf<Rule>::type;
  using Post = typename rule_parts::PostOf<Rule>::type;
  using Signals = typename rule_parts::SignalsOf<Rule>::type;
  using Sums = typename rule_parts::SumsOf<Rule>::type;
  using Back = typename rule_parts::BackOf<Rule>::type;
};

template <class Rule>
constexpr void check_spike_verbs() {
  using Params = typename Verbs<Rule>::Params;
  using Synapse = typename Verbs<Rule>::Synapse;
  using Coefficients = typename Verbs<Rule>::Coefficients;
  using Pre = typename Verbs<Rule>::Pre;
  using Post = typename Verbs<Rule>::Post;
  constexpr bool has_pre = rule_parts::pre_of<Rule>().size() > 0, has_post = rule_parts::post_of<Rule>().size() > 0;

  static_assert(!has_problem<Rule> || takes_problem<Rule, const Params&>,
                "problem must have the form: static const char* problem(const Params&)");
  static_assert(!has_relative_step<Rule> || takes_relative_step<Rule, const Params&, double>,
                "relative_step must have the form: static double relative_step(const Params&, double weight)");
  static_assert(!has_bounds<Rule> || takes_bounds<Rule, const Coefficients&>,
                "bounds must have the form: static Bounds<V> bounds(const Coefficients&)");

  if constexpr (has_pre_spike<Rule>) {
    static_assert(has_pre,
                  "pre_spike changes traces of the source, but the rule lists none: it needs `struct Pre` and "
                  "`static constexpr std::array pre{trace(...), ...}`");
    static_assert(!has_pre || (takes_pre_spike<Rule, Pre&, const Coefficients&> &&
                               !takes_pre_spike<Rule, const Pre&, const Coefficients&>),
                  "pre_spike must have the form: static void pre_spike(Pre&, const Coefficients&)");
  }
  constexpr bool learns = takes_post_spike<Rule, Synapse&, const Coefficients&, const Pre&> ||
                          takes_post_spike<Rule, Synapse&, const Coefficients&, const Pre&, const Post&>;
  static_assert(
      learns || !learns_somehow<Rule, Synapse>,
      "post_spike of a synapse must have the form: static void post_spike(Synapse&, const Coefficients&, const Pre&, "
      "const Post&) or static void post_spike(Synapse&, const Coefficients&, const Pre&), with const Nothing& for a "
      "Pre or Post that the rule does not have");
  static_assert(
      !takes_post_spike<Rule, const Synapse&, const Coefficients&, const Pre&> &&
          !takes_post_spike<Rule, const Synapse&, const Coefficients&, const Pre&, const Post&>,
      "post_spike changes a copy of the synapse; it must have the form: static void post_spike(Synapse&, ...)");
  if constexpr (has_post_spike<Rule>) {
    static_assert(has_post || learns,
                  "post_spike changes traces of the target, but the rule lists none: it needs `struct Post` and "
                  "`static constexpr std::array post{trace(...), ...}`; post_spike of a synapse must have the form: "
                  "static void post_spike(Synapse&, const Coefficients&, const Pre&)");
    static_assert(!has_post || (takes_post_spike<Rule, Post&, const Coefficients&> &&
                                !takes_post_spike<Rule, const Post&, const Coefficients&>),
                  "post_spike of the target must have the form: static void post_spike(Post&, const Coefficients&)");
  }
}

template <class Rule>
constexpr void check_consolidation_verbs() {
  using Synapse = typename Verbs<Rule>::Synapse;
  using Coefficients = typename Verbs<Rule>::Coefficients;
  using Pre = typename Verbs<Rule>::Pre;
  using Post = typename Verbs<Rule>::Post;
  using Signals = typename Verbs<Rule>::Signals;
  using Sums = typename Verbs<Rule>::Sums;
  using Back = typename Verbs<Rule>::Back;
  static_assert(
      !has_elapse<Rule> || (takes_elapse<Rule, Synapse&, const Coefficients&, const Signals&> &&
                            !takes_elapse<Rule, const Synapse&, const Coefficients&, const Signals&>),
      "elapse must have the form: static void elapse(Synapse&, const Coefficients&, const Signals&), with const "
      "Nothing& where the rule has no Signals");
  static_assert(
      !has_collect<Rule> ||
          takes_collect<Rule, const Synapse&, const Coefficients&, const Pre&, const Post&, const Signals&>,
      "collect must have the form: static Sums collect(const Synapse&, const Coefficients&, const Pre&, const Post&, "
      "const Signals&), with const Nothing& for what the rule does not have");
  static_assert(
      !has_collect<Rule> || requires { typename Rule::Sums; }, "collect needs `struct Sums { V ...; }`");
  static_assert(!has_reflect<Rule> || takes_reflect<Rule, const Synapse&, const Coefficients&, const Pre&, const Post&,
                                                    const Signals&, const Sums&>,
                "reflect must have the form: static Back reflect(const Synapse&, const Coefficients&, const Pre&, "
                "const Post&, const "
                "Signals&, const Sums&), with const Nothing& for what the rule does not have");
  static_assert(
      !has_reflect<Rule> || requires { typename Rule::Back; }, "reflect needs `struct Back { V ...; }`");
  static_assert(
      !has_publish<Rule> || takes_publish<Rule, const Coefficients&, const Pre&, const Signals&, const Back&>,
      "publish must have the form: static V publish(const Coefficients&, const Pre&, const Signals&, const Back&), "
      "with const Nothing& for what the rule does not have");
  using S = Synapse&;
  using C = const Synapse&;
  constexpr bool consolidates =
      takes_consolidate<Rule, S, const Coefficients&, const Pre&, const Post&, const Signals&, const Sums&,
                        const Back&> ||
      takes_consolidate<Rule, S, const Coefficients&, const Pre&, const Post&, const Signals&, const Sums&> ||
      takes_consolidate<Rule, S, const Coefficients&, const Pre&, const Post&, const Signals&>;
  constexpr bool of_a_copy =
      takes_consolidate<Rule, C, const Coefficients&, const Pre&, const Post&, const Signals&, const Sums&,
                        const Back&> ||
      takes_consolidate<Rule, C, const Coefficients&, const Pre&, const Post&, const Signals&, const Sums&> ||
      takes_consolidate<Rule, C, const Coefficients&, const Pre&, const Post&, const Signals&>;
  static_assert(!has_consolidate<Rule> || (consolidates && !of_a_copy),
                "consolidate must have the form: static void consolidate(Synapse&, const Coefficients&, const Pre&, "
                "const Post&, const "
                "Signals&), then const Sums& and const Back& where the rule has them, with const Nothing& for a Pre, "
                "Post or Signals that it does not have");
}

}  // namespace rule_verbs

template <class Rule>
constexpr void check_verbs() {
  rule_verbs::check_spike_verbs<Rule>();
  rule_verbs::check_consolidation_verbs<Rule>();
}

}  // namespace RHEO_SIMD_NAMESPACE
#pragma GCC visibility pop
}  // namespace rheo
