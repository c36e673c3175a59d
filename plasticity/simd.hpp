// Numbers of several synapses side by side: what a rule computes with. Operators and the few functions below are all
// that there is; a condition chooses with select(), since lanes cannot go different ways. The same operations in the
// same order for each lane, on every compiler and processor.
//
// In a namespace of its own for each instruction set, so that nothing made from these types is shared between them.
#pragma once

#include <cstdint>
#include <cstring>
#include <type_traits>
#include <utility>
#if defined(__AVX2__)
#include <immintrin.h>
#endif

#include "core/inline.hpp"
#include "core/math.hpp"

#if defined(__AVX512F__) && defined(__AVX512BW__) && defined(__AVX512DQ__) && defined(__AVX512VL__)
#define RHEO_SIMD_NAMESPACE simd_v4
#define RHEO_SIMD_LEVEL 4u
#define RHEO_SIMD_BYTES 64
#elif defined(__AVX2__)
#define RHEO_SIMD_NAMESPACE simd_v3
#define RHEO_SIMD_LEVEL 3u
#define RHEO_SIMD_BYTES 32
#elif defined(__x86_64__)
#define RHEO_SIMD_NAMESPACE simd_base
#define RHEO_SIMD_LEVEL 1u
#define RHEO_SIMD_BYTES 16
#else
#define RHEO_SIMD_NAMESPACE simd_base
#define RHEO_SIMD_LEVEL 0u
#define RHEO_SIMD_BYTES 16
#endif

namespace rheo {
inline namespace RHEO_SIMD_NAMESPACE {

template <class T, int n>
struct Simd;

// Which lanes meet a condition.
template <class T, int n>
struct SimdMask {
  typename Simd<T, n>::Bits bits;
  RHEO_INLINE friend SimdMask operator&(SimdMask a, SimdMask b) { return {a.bits & b.bits}; }
  RHEO_INLINE friend SimdMask operator|(SimdMask a, SimdMask b) { return {a.bits | b.bits}; }
  RHEO_INLINE friend SimdMask operator!(SimdMask a) { return {~a.bits}; }
};

template <class T, int n>
struct Simd {
  using Int = std::conditional_t<sizeof(T) == 8, std::int64_t, std::int32_t>;
  typedef T Vector __attribute__((vector_size(n * sizeof(T))));
  typedef Int Bits __attribute__((vector_size(n * sizeof(T))));
  using Mask = SimdMask<T, n>;
  static constexpr int size = n;
  using type = T;

  Vector v;

  Simd() = default;
  RHEO_INLINE Simd(Vector vector) : v(vector) {}
  // The same number in every lane.
  template <class Number>
  requires std::is_arithmetic_v<Number> RHEO_INLINE Simd(Number x) : v(Vector{} + static_cast<T>(x)) {}

  RHEO_INLINE friend Simd operator+(Simd a, Simd b) { return {a.v + b.v}; }
  RHEO_INLINE friend Simd operator-(Simd a, Simd b) { return {a.v - b.v}; }
  RHEO_INLINE friend Simd operator*(Simd a, Simd b) { return {a.v * b.v}; }
  RHEO_INLINE friend Simd operator/(Simd a, Simd b) { return {a.v / b.v}; }
  RHEO_INLINE friend Simd operator-(Simd a) { return {-a.v}; }
  RHEO_INLINE Simd& operator+=(Simd b) { return *this = *this + b; }
  RHEO_INLINE Simd& operator-=(Simd b) { return *this = *this - b; }
  RHEO_INLINE Simd& operator*=(Simd b) { return *this = *this * b; }
  RHEO_INLINE Simd& operator/=(Simd b) { return *this = *this / b; }
  RHEO_INLINE friend Mask operator<(Simd a, Simd b) { return {(Bits)(a.v < b.v)}; }
  RHEO_INLINE friend Mask operator>(Simd a, Simd b) { return {(Bits)(a.v > b.v)}; }
  RHEO_INLINE friend Mask operator<=(Simd a, Simd b) { return {(Bits)(a.v <= b.v)}; }
  RHEO_INLINE friend Mask operator>=(Simd a, Simd b) { return {(Bits)(a.v >= b.v)}; }
  RHEO_INLINE friend Mask operator==(Simd a, Simd b) { return {(Bits)(a.v == b.v)}; }

  // a where the condition is met, b elsewhere.
  RHEO_INLINE friend Simd select(Mask where, Simd a, Simd b) { return {where.bits ? a.v : b.v}; }
  // b where a or b is not a number.
  RHEO_INLINE friend Simd min(Simd a, Simd b) { return {a.v < b.v ? a.v : b.v}; }
  RHEO_INLINE friend Simd max(Simd a, Simd b) { return {a.v > b.v ? a.v : b.v}; }
  RHEO_INLINE friend Simd exp(Simd a) {
    return each(a, [](T x) RHEO_INLINE_LAMBDA { return math::exp(x); });
  }
  RHEO_INLINE friend Simd log(Simd a) {
    return each(a, [](T x) RHEO_INLINE_LAMBDA { return math::log(x); });
  }
  RHEO_INLINE friend Simd sqrt(Simd a) {
    return each(a, [](T x) RHEO_INLINE_LAMBDA { return math::sqrt(x); });
  }
  RHEO_INLINE friend Simd tanh(Simd a) {
    return each(a, [](T x) RHEO_INLINE_LAMBDA { return math::tanh(x); });
  }
  // a >= 0; not a number for negative ones.
  RHEO_INLINE friend Simd pow(Simd a, Simd b) {
    for (int i = 0; i < n; ++i) a.v[i] = math::pow(a.v[i], b.v[i]);
    return a;
  }

 private:
  template <class Function>
  RHEO_INLINE static Simd each(Simd a, const Function& function) {
    for (int i = 0; i < n; ++i) a.v[i] = function(a.v[i]);
    return a;
  }
};

template <class T, int n>
RHEO_INLINE bool any(SimdMask<T, n> mask) {
#if defined(__AVX512F__)
  if constexpr (sizeof mask == 64) return _mm512_test_epi64_mask((__m512i)mask.bits, (__m512i)mask.bits) != 0;
#endif
  if constexpr (sizeof mask % 8 != 0) {
    return mask.bits[0] != 0;
  } else {
    std::uint64_t words[sizeof mask / 8], all = 0;
    std::memcpy(words, &mask.bits, sizeof mask);
    for (const std::uint64_t word : words) all |= word;
    return all != 0;
  }
}

template <class T, int n>
RHEO_INLINE Simd<T, n> load(const T* from) {
  Simd<T, n> lanes;
  std::memcpy(&lanes.v, from, sizeof lanes.v);
  return lanes;
}
template <class T, int n>
RHEO_INLINE void store(Simd<T, n> lanes, T* to) {
  std::memcpy(to, &lanes.v, sizeof lanes.v);
}

// Numbers of 16 or 32 bits as they follow each other.
template <int n, class From>
RHEO_INLINE Simd<std::int32_t, n> load_numbers(const From* from) {
  Simd<std::int32_t, n> lanes;
#if defined(__AVX512F__)
  if constexpr (n == 16 && sizeof(From) == 2) {
    lanes.v = (typename Simd<std::int32_t, n>::Vector)_mm512_maskz_cvtepu16_epi32(
        0xffff, _mm256_loadu_si256((const __m256i*)from));
    return lanes;
  }
#endif
  lanes.v = __builtin_convertvector(load<From, n>(from).v, typename Simd<std::int32_t, n>::Vector);
  return lanes;
}

// from[index] in each lane.
template <class T, class From, int n>
RHEO_INLINE Simd<T, n> gather(const From* from, Simd<std::int32_t, n> index) {
#if defined(__AVX512F__)
  using Out = typename Simd<T, n>::Vector;
  if constexpr (n == 16 && sizeof(T) == 4 && sizeof(From) == 4)
    return {(Out)_mm512_i32gather_epi32((__m512i)index.v, from, 4)};
  else if constexpr (n == 8 && sizeof(T) == 8 && sizeof(From) == 8)
    return {(Out)_mm512_i32gather_epi64((__m256i)index.v, from, 8)};
#endif
  Simd<T, n> lanes;
  for (int i = 0; i < n; ++i) lanes.v[i] = static_cast<T>(from[static_cast<std::uint32_t>(index.v[i])]);
  return lanes;
}

// The lower and the upper halves of from[index[0]], from[index[1]], ...; faster than two gathers.
template <int n, class Index>
RHEO_INLINE void load_halves(const std::uint64_t* from, const Index* index, Simd<std::int32_t, n>& low,
                             Simd<std::int32_t, n>& high) {
  typedef std::uint64_t Some __attribute__((vector_size(n * sizeof(std::int32_t))));
  using Halves = typename Simd<std::int32_t, n>::Vector;
  [&]<int... i>(std::integer_sequence<int, i...>) RHEO_INLINE_LAMBDA {
    const auto a = (Halves)Some{from[index[i]]...}, b = (Halves)Some{from[index[n / 2 + i]]...};
    [&]<int... k>(std::integer_sequence<int, k...>) RHEO_INLINE_LAMBDA {
      low.v = __builtin_shufflevector(a, b, (2 * k)...);
      high.v = __builtin_shufflevector(a, b, (2 * k + 1)...);
    }
    (std::make_integer_sequence<int, n>{});
  }
  (std::make_integer_sequence<int, n / 2>{});
}
template <int n>
RHEO_INLINE void store_halves(Simd<std::int32_t, n> low, Simd<std::int32_t, n> high, std::uint64_t* to) {
  using Halves = typename Simd<std::int32_t, n>::Vector;
  [&]<int... k>(std::integer_sequence<int, k...>) RHEO_INLINE_LAMBDA {
    const Halves a = __builtin_shufflevector(low.v, high.v, (k / 2 + k % 2 * n)...);
    const Halves b = __builtin_shufflevector(low.v, high.v, (n / 2 + k / 2 + k % 2 * n)...);
    std::memcpy(to, &a, sizeof a);
    std::memcpy(to + n / 2, &b, sizeof b);
  }
  (std::make_integer_sequence<int, n>{});
}

// table[index modulo 16].
template <class T, int n>
RHEO_INLINE Simd<T, n> look_up(const T* table, Simd<std::int32_t, n> index) {
#if defined(__AVX512F__)
  using Out = typename Simd<T, n>::Vector;
  if constexpr (std::is_same_v<T, float> && n == 16)
    return {(Out)_mm512_permutexvar_ps((__m512i)index.v, _mm512_loadu_ps(table))};
  else if constexpr (std::is_same_v<T, double> && n == 8)
    return {(Out)_mm512_permutex2var_pd(_mm512_loadu_pd(table), _mm512_cvtepi32_epi64((__m256i)index.v),
                                        _mm512_loadu_pd(table + 8))};
  else
#elif defined(__AVX2__)
  using Out = typename Simd<T, n>::Vector;
  if constexpr (std::is_same_v<T, float> && n == 8)
    return {(Out)_mm256_blendv_ps(_mm256_permutevar8x32_ps(_mm256_loadu_ps(table), (__m256i)index.v),
                                  _mm256_permutevar8x32_ps(_mm256_loadu_ps(table + 8), (__m256i)index.v),
                                  (__m256)(index.v << 28))};
  else
#endif
    return gather<T>(table, Simd<std::int32_t, n>{index.v & 15});
}

// first = pairs[index][0] and second = pairs[index][1].
template <class T, int n>
RHEO_INLINE void load_pairs(const T* pairs, Simd<std::int32_t, n> index, Simd<T, n>& first, Simd<T, n>& second) {
  if constexpr (sizeof(T) == 4 && n > 1) {
    alignas(64) std::int32_t places[n];
    store(index, places);
    Simd<std::int32_t, n> low, high;
    load_halves(reinterpret_cast<const std::uint64_t*>(pairs), places, low, high);
    std::memcpy(&first, &low, sizeof first);
    std::memcpy(&second, &high, sizeof second);
  } else {
    const Simd<std::int32_t, n> twice{index.v * 2};
    first = gather<T>(pairs, twice);
    second = gather<T>(pairs + 1, twice);
  }
}

// The condition of lanes of one width for lanes of another.
template <class To, class T, int n>
RHEO_INLINE SimdMask<To, n> mask_for(SimdMask<T, n> mask) {
  return {__builtin_convertvector(mask.bits, typename Simd<To, n>::Bits)};
}

}  // namespace RHEO_SIMD_NAMESPACE
}  // namespace rheo
