// A rule's coefficients, and what spikes make of the traces of their neurons.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <type_traits>

#include "plasticity/parts.hpp"

namespace rheo {
#pragma GCC visibility push(hidden)
inline namespace RHEO_SIMD_NAMESPACE {

// Of one rule in one precision.
template <template <class> class RuleOf, class Real>
struct RuleTraces {
  using One = Simd<Real, 1>;
  using Single = RuleOf<One>;
  static constexpr std::size_t pres = rule_parts::pre_of<Single>().size(), posts = rule_parts::post_of<Single>().size();

  static void prepare(const double* params, double dt, void* step) {
    using Params = typename Single::Params;
    const Params p = rule_parts::read<Params>(params);
    const typename Single::Coefficients made = Single::prepare(p, dt);
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
    low_high[0] = rule_parts::has_sign<Single>() ? -low_high[1] : 0;
    const auto k = rule_parts::read<typename Single::Coefficients>(step);
    if constexpr (requires { Single::bounds(k); }) {
      const Bounds<One> limits = Single::bounds(k);
      low_high[0] = limits.low.v[0];
      low_high[1] = limits.high.v[0];
    }
  }

 private:
  template <class Traces, std::size_t size>
  RHEO_INLINE static void spike(const void* step, std::uint32_t count, void* const* traces) {
    const auto k = rule_parts::read<typename Single::Coefficients>(step);
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
};

}  // namespace RHEO_SIMD_NAMESPACE
#pragma GCC visibility pop
}  // namespace rheo
