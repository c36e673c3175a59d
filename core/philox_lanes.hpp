// Philox on many counters at once, for files that are compiled once per instruction set. Everything is inlined or in a
// namespace of its own, so that nothing of one instruction set can be linked to another.
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>

#if defined(__SSE2__)
#include <immintrin.h>
#endif

#include "core/inline.hpp"

namespace rheo {
namespace {

// Registers of this instruction set, as numbers of 64 bits.
#if defined(__AVX512BW__)
constexpr std::size_t register_bytes = 64;
#elif defined(__AVX2__)
constexpr std::size_t register_bytes = 32;
#else
constexpr std::size_t register_bytes = 16;
#endif
using Words = std::uint64_t __attribute__((vector_size(register_bytes)));
constexpr std::size_t words_size = register_bytes / sizeof(std::uint64_t);

// Products of the lower halves. Written with intrinsics because gcc makes three multiplications of it otherwise.
RHEO_INLINE Words multiply_low_halves(Words a, Words b) {
#if defined(__AVX512BW__)
  return reinterpret_cast<Words>(_mm512_mul_epu32(reinterpret_cast<__m512i>(a), reinterpret_cast<__m512i>(b)));
#elif defined(__AVX2__)
  return reinterpret_cast<Words>(_mm256_mul_epu32(reinterpret_cast<__m256i>(a), reinterpret_cast<__m256i>(b)));
#elif defined(__SSE2__)
  return reinterpret_cast<Words>(_mm_mul_epu32(reinterpret_cast<__m128i>(a), reinterpret_cast<__m128i>(b)));
#else
  return (a & 0xffffffffu) * (b & 0xffffffffu);
#endif
}

template <std::size_t... I>
RHEO_INLINE Words ascending(std::index_sequence<I...>) {
  return Words{I...};
}

// Philox on one counter per 64-bit lane and chain; of every lane only the lower half counts, so that a product needs no
// unpacking (philox.hpp says what is computed; the tests compare). Independent chains hide the latency of the
// multiplications.
constexpr std::size_t chains = 2, philox_at_once = chains * words_size;
struct Counters {
  Words c0[chains], c1[chains], c2[chains], c3[chains];
};
RHEO_INLINE void philox(Counters& c, std::uint32_t key0, std::uint32_t key1) {
  const Words m0 = Words{} + 0xD2511F53u, m1 = Words{} + 0xCD9E8D57u;
  for (int round = 0; round < 10; ++round) {
    for (std::size_t k = 0; k < chains; ++k) {
      const Words p0 = multiply_low_halves(m0, c.c0[k]), p1 = multiply_low_halves(m1, c.c2[k]);
      c.c0[k] = (p1 >> 32) ^ c.c1[k] ^ (Words{} + key0);
      c.c2[k] = (p0 >> 32) ^ c.c3[k] ^ (Words{} + key1);
      c.c1[k] = p1;
      c.c3[k] = p0;
    }
    key0 += 0x9E3779B9u;
    key1 += 0xBB67AE85u;
  }
}
RHEO_INLINE Words low_halves(Words a, Words b) {
  return (a & (Words{} + 0xffffffffu)) | (b << 32);
}

}  // namespace
}  // namespace rheo
