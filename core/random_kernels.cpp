// The words of a stream, many at once; compiled once per instruction set.
#include <utility>

#include "core/philox.hpp"
#include "core/philox_lanes.hpp"
#include "core/random.hpp"

#define RHEO_RANDOM_NAME_(isa) random_words_##isa
#define RHEO_RANDOM_NAME(isa) RHEO_RANDOM_NAME_(isa)

namespace rheo {
namespace {

// Numbers of 64 bits of two vectors in turn: those of their front or of their back half.
template <std::size_t from, std::size_t... I>
RHEO_INLINE Words in_turn(Words a, Words b, std::index_sequence<I...>) {
  return __builtin_shufflevector(a, b, (from + I / 2 + I % 2 * words_size)...);
}

void random_words(const Philox4& counter, RandomKey key, std::size_t blocks, std::uint32_t* to) {
  const Words iota = ascending(std::make_index_sequence<words_size>{});
  constexpr auto all = std::make_index_sequence<words_size>{};
  for (std::size_t b = 0; b < blocks; b += philox_at_once) {
    Counters c;
    for (std::size_t k = 0; k < chains; ++k) {
      // Words of 64 bits: a counter that wraps at 2^32 does so in its lower half.
      c.c0[k] = (iota + (counter.x[0] + b + k * words_size)) & (Words{} + 0xffffffffu);
      c.c1[k] = Words{} + counter.x[1];
      c.c2[k] = Words{} + counter.x[2];
      c.c3[k] = Words{} + counter.x[3];
    }
    philox(c, key.lo, key.hi);
    for (std::size_t k = 0; k < chains; ++k) {
      const Words front = low_halves(c.c0[k], c.c1[k]), back = low_halves(c.c2[k], c.c3[k]);
      const Words first = in_turn<0>(front, back, all), second = in_turn<words_size / 2>(front, back, all);
      __builtin_memcpy(to + 4 * (b + k * words_size), &first, sizeof first);
      __builtin_memcpy(to + 4 * (b + k * words_size) + 2 * words_size, &second, sizeof second);
    }
  }
}

}  // namespace

extern const RandomWords RHEO_RANDOM_NAME(RHEO_ISA);
constinit const RandomWords RHEO_RANDOM_NAME(RHEO_ISA) = &random_words;

}  // namespace rheo
