// The table that a library of rules gives to the engine (rule_abi.h), from rules.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "core/description.hpp"
#include "plasticity/consolidate.hpp"
#include "plasticity/traces.hpp"
#include "plasticity/verbs.hpp"

namespace rheo {
#pragma GCC visibility push(hidden)
inline namespace RHEO_SIMD_NAMESPACE {

// The table's entry of a rule.
template <template <class> class RuleOf>
struct RuleEntry {
  using Rule = RuleOf<Simd<double, 1>>;
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
  static double relative_step(const double* values, double weight) {
    if constexpr (requires(const Params& p) { Rule::relative_step(p, weight); }) {
      return Rule::relative_step(rule_parts::read<Params>(values), weight);
    } else {
      static_cast<void>(values);
      static_cast<void>(weight);
      return 1;
    }
  }
  template <class Real>
  static constexpr rheo_rule_kernels kernels() {
    using T = RuleTraces<RuleOf, Real>;
    using K = RuleKernels<RuleOf, Real>;
    using S = RuleConsolidation<RuleOf, Real>;
    return {sizeof(typename T::Single::Coefficients),
            K::learns_from_targets && !K::without_traces ? 1u : 0u,
            T::prepare,
            T::bounds,
            T::pre_spike,
            T::post_spike,
            K::targets_now,
            K::arrive,
            K::settle,
            S::collect,
            S::reflect,
            S::publish,
            S::consolidate};
  }
  static constexpr rheo_rule entry() {
    check_verbs<Rule>();
    using Consolidation = RuleConsolidation<RuleOf, double>;
    return {Rule::name,
            Rule::summary,
            Rule::equation,
            Rule::source,
            count,
            columns.size(),
            pre.size(),
            post.size(),
            params.data(),
            columns.data(),
            pre.data(),
            post.data(),
            signals.size(),
            signals.data(),
            rule_parts::has_sign<Rule>(),
            Consolidation::consolidates,
            interval(),
            Consolidation::target_sums,
            Consolidation::source_sums,
            Consolidation::publishes,
            problem,
            kernels<float>(),
            kernels<double>(),
            relative_step};
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
      RHEO_RULE_ABI,   sizeof(rheo_rule_list), sizeof(rheo_rule), sizeof(rheo_batch),
      RHEO_SIMD_LEVEL, probe_arithmetic,       sizeof...(Rules),  rules};
  return &list;
}

}  // namespace RHEO_SIMD_NAMESPACE
#pragma GCC visibility pop
}  // namespace rheo
