// What a rule has, and its structs as numbers one after the other.
//
// All that follows is compiled for one instruction set, and shares no name with what is compiled for another. Hidden,
// or two libraries whose rules happen to be called the same in C++ would share tables: gcc makes those unique in a
// process.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstring>
#include <utility>

#include "plasticity/simd.hpp"
#include "plasticity/words.hpp"

namespace rheo {
#pragma GCC visibility push(hidden)
inline namespace RHEO_SIMD_NAMESPACE {

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
// Weights are numbers of any sign instead of magnitudes.
template <class Rule>
constexpr bool has_sign() {
  if constexpr (requires { Rule::signed_weights; })
    return Rule::signed_weights;
  else
    return false;
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

}  // namespace RHEO_SIMD_NAMESPACE
#pragma GCC visibility pop
}  // namespace rheo
