// Philox4x32-10: a bijection of 128-bit counters, one per 64-bit key, that serves as a counter-based random generator.
// Source: Salmon, Moraes, Dror, Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC 2011; constants from table 2.
// Invariant: the same function as Random123's philox4x32 with 10 rounds (tests/unit/core/test_random.cpp compares
// them).
//
// Called by RandomStream and, in loops over arrays of counters, by the Poisson input: it has no memory, no branch and
// no loop that survives compilation, so that such a loop vectorises. It is always inlined: kernel files are compiled
// once per instruction set, and an out-of-line copy could be shared between them by the linker.
#pragma once

#include <cstdint>

namespace rheo {

// Four words: a counter, or the random words that belong to it.
struct Philox4 {
  std::uint32_t x[4];
};

[[gnu::always_inline]] constexpr inline Philox4 philox_round(Philox4 c, std::uint32_t key0, std::uint32_t key1) {
  const std::uint64_t product0 = std::uint64_t{0xD2511F53u} * c.x[0];
  const std::uint64_t product1 = std::uint64_t{0xCD9E8D57u} * c.x[2];
  return {{static_cast<std::uint32_t>(product1 >> 32) ^ c.x[1] ^ key0, static_cast<std::uint32_t>(product1),
           static_cast<std::uint32_t>(product0 >> 32) ^ c.x[3] ^ key1, static_cast<std::uint32_t>(product0)}};
}

// The four random words of a counter. The key advances by a Weyl sequence between rounds (golden ratio, sqrt(3) - 1).
[[gnu::always_inline]] constexpr inline Philox4 philox4x32(Philox4 counter, std::uint32_t key0, std::uint32_t key1) {
  constexpr std::uint32_t weyl0 = 0x9E3779B9u, weyl1 = 0xBB67AE85u;
  // Written out: a loop here would be an inner loop to whoever vectorises over counters.
  Philox4 c = philox_round(counter, key0, key1);
  c = philox_round(c, key0 + 1 * weyl0, key1 + 1 * weyl1);
  c = philox_round(c, key0 + 2 * weyl0, key1 + 2 * weyl1);
  c = philox_round(c, key0 + 3 * weyl0, key1 + 3 * weyl1);
  c = philox_round(c, key0 + 4 * weyl0, key1 + 4 * weyl1);
  c = philox_round(c, key0 + 5 * weyl0, key1 + 5 * weyl1);
  c = philox_round(c, key0 + 6 * weyl0, key1 + 6 * weyl1);
  c = philox_round(c, key0 + 7 * weyl0, key1 + 7 * weyl1);
  c = philox_round(c, key0 + 8 * weyl0, key1 + 8 * weyl1);
  return philox_round(c, key0 + 9 * weyl0, key1 + 9 * weyl1);
}

}  // namespace rheo
