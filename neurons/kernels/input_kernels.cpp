// The Poisson and noise inputs, and the table of one instruction set. Compiled once per instruction set with RHEO_ISA
// set to its name. Nothing here may leave an inline function behind that another translation unit could link to:
// everything is inlined or in the namespace of the instruction set.
#include "neurons/kernels/kernels.hpp"

#include <bit>
#include <utility>

#include "core/inline.hpp"
#include "core/normal.hpp"
#include "core/philox.hpp"
#include "core/philox_lanes.hpp"

namespace rheo {
namespace {

using Counts = std::uint16_t __attribute__((vector_size(register_bytes)));
constexpr std::size_t counts_size = register_bytes / sizeof(std::uint16_t);

constexpr std::uint32_t group = 128;        // draws that are made together
constexpr std::uint32_t group_blocks = 16;  // Philox blocks that they take, 8 draws each

// The 16-bit draws of one group.
RHEO_INLINE void draw_group(const PoissonArgs& a, std::uint32_t first_block, std::uint16_t* draw) {
  const Words iota = ascending(std::make_index_sequence<words_size>{});
  for (std::size_t b = 0; b < group_blocks; b += philox_at_once) {
    Counters c;
    for (std::size_t k = 0; k < chains; ++k) {
      c.c0[k] = iota + (first_block + b + k * words_size);
      c.c1[k] = Words{};
      c.c2[k] = Words{} + static_cast<std::uint32_t>(a.tick);
      c.c3[k] = Words{} + static_cast<std::uint32_t>(a.tick >> 32);
    }
    philox(c, a.key_lo, a.key_hi);
    for (std::size_t k = 0; k < chains; ++k) {
      const Words front = low_halves(c.c0[k], c.c1[k]), back = low_halves(c.c2[k], c.c3[k]);
      __builtin_memcpy(draw + 4 * (b + k * words_size), &front, sizeof front);
      __builtin_memcpy(draw + group / 2 + 4 * (b + k * words_size), &back, sizeof back);
    }
  }
}

// count[j] = base + number of high[k] < draw[j]; true if any draw equals one of them, so that its lower bits matter.
RHEO_INLINE bool count_group(const PoissonTableView& a, const std::uint16_t* draw, std::uint16_t* count) {
  constexpr std::size_t registers = group / counts_size < 4 ? group / counts_size : 4;
  const auto most = static_cast<std::uint16_t>(a.base + a.n_high);
#if defined(__AVX512BW__)
  __mmask32 tied = 0;
  for (std::size_t j = 0; j < group; j += registers * counts_size) {
    __m512i u[registers], n[registers];
    for (std::size_t r = 0; r < registers; ++r) {
      u[r] = _mm512_load_si512(draw + j + r * counts_size);
      n[r] = _mm512_set1_epi16(static_cast<short>(most));
    }
    for (std::size_t k = 0; k < a.n_high; ++k) {
      const __m512i threshold = _mm512_set1_epi16(static_cast<short>(a.high[k])), one = _mm512_set1_epi16(1);
      for (std::size_t r = 0; r < registers; ++r) {
        n[r] = _mm512_mask_sub_epi16(n[r], _mm512_cmple_epu16_mask(u[r], threshold), n[r], one);
        tied |= _mm512_cmpeq_epi16_mask(u[r], threshold);
      }
    }
    for (std::size_t r = 0; r < registers; ++r) _mm512_store_si512(count + j + r * counts_size, n[r]);
  }
  return tied != 0;
#else
  Counts tied{};
  for (std::size_t j = 0; j < group; j += registers * counts_size) {
    Counts u[registers], n[registers];
    for (std::size_t r = 0; r < registers; ++r) {
      __builtin_memcpy(&u[r], draw + j + r * counts_size, sizeof u[r]);
      n[r] = Counts{} + most;
    }
    for (std::size_t k = 0; k < a.n_high; ++k) {
      const Counts threshold = Counts{} + a.high[k];
      for (std::size_t r = 0; r < registers; ++r) {
        n[r] += reinterpret_cast<Counts>(u[r] <= threshold);  // adds -1 where true
        tied |= reinterpret_cast<Counts>(u[r] == threshold);
      }
    }
    for (std::size_t r = 0; r < registers; ++r) __builtin_memcpy(count + j + r * counts_size, &n[r], sizeof n[r]);
  }
  std::uint64_t words[words_size], any = 0;
  __builtin_memcpy(words, &tied, sizeof tied);
  for (const std::uint64_t word : words) any |= word;
  return any != 0;
#endif
}

// u = (high 16 bits, low 32 bits); the number of thresholds <= u.
std::uint32_t exact_draw(const PoissonArgs& a, const PoissonTableView& table, std::uint32_t neuron,
                         std::uint16_t high) {
  const Philox4 low = philox4x32(
      {{neuron, 1, static_cast<std::uint32_t>(a.tick), static_cast<std::uint32_t>(a.tick >> 32)}}, a.key_lo, a.key_hi);
  const std::uint64_t u = (std::uint64_t{high} << 32) | low.x[0];
  std::uint32_t count = table.base;
  for (std::size_t k = 0; k < table.n_thresholds; ++k) count += table.thresholds[k] <= u;
  return count;
}

std::uint32_t one_draw(const PoissonArgs& a, const PoissonTableView& table, std::uint32_t neuron, std::uint16_t high) {
  std::uint32_t count = table.base;
  bool tied = false;
  for (std::size_t k = 0; k < table.n_high; ++k) {
    count += table.high[k] < high;
    tied |= table.high[k] == high;
  }
  return tied ? exact_draw(a, table, neuron, high) : count;
}

// How many of a neuron's spikes are kept.
std::uint32_t kept(const PoissonArgs& a, std::uint32_t neuron, std::uint32_t count) {
  std::uint32_t left = 0;
  for (std::uint32_t first = 0; first < count; first += 4) {
    const Philox4 words = philox4x32(
        {{neuron, 2 + first / 4, static_cast<std::uint32_t>(a.tick), static_cast<std::uint32_t>(a.tick >> 32)}},
        a.key_lo, a.key_hi);
    for (std::uint32_t k = 0; k < 4 && first + k < count; ++k) left += words.x[k] < a.keep;
  }
  return left;
}

template <class Real>
void poisson_add(const PoissonArgs& a) {
  const auto* const weight = static_cast<const Real*>(a.weight);
  auto* const row = static_cast<Real*>(a.row);
  const Real common = weight[0];
  for (std::uint32_t first = a.begin / group * group; first < a.end; first += group) {
    alignas(64) std::uint16_t draw[group], count[group];
    draw_group(a, first / group * group_blocks, draw);
    const std::uint32_t low = first < a.begin ? a.begin - first : 0;
    const std::uint32_t high = a.end - first < group ? a.end - first : group;
    if (a.table_per_neuron) {
      for (std::uint32_t j = low; j < high; ++j)
        count[j] = static_cast<std::uint16_t>(one_draw(a, a.table[first + j - a.begin], first + j, draw[j]));
    } else if (const PoissonTableView& table = *a.table; count_group(table, draw, count)) {
      // The first threshold that is not below the draw is the only one that can equal it.
      for (std::uint32_t j = low; j < high; ++j) {
        const std::size_t k = static_cast<std::uint16_t>(count[j] - table.base);
        if (k < table.n_high && table.high[k] == draw[j])
          count[j] = static_cast<std::uint16_t>(exact_draw(a, table, first + j, draw[j]));
      }
    }
    if (a.keep < PoissonArgs::keep_all)
      for (std::uint32_t j = low; j < high; ++j)
        if (count[j] != 0) count[j] = static_cast<std::uint16_t>(kept(a, first + j, count[j]));
    Real* const to = row + (first + low - a.begin);
    const std::uint16_t* const from = count + low;
    const std::size_t n = high - low;
    if (a.weight_per_neuron) {
      const Real* const each = weight + (first + low - a.begin);
      RHEO_INDEPENDENT_ITERATIONS
      for (std::size_t j = 0; j < n; ++j) to[j] += each[j] * static_cast<Real>(from[j]);
    } else {
      RHEO_INDEPENDENT_ITERATIONS
      for (std::size_t j = 0; j < n; ++j) to[j] += common * static_cast<Real>(from[j]);
    }
  }
}

// normal_quantile of p[0, n) in loops without branches. n is at most `group`.
RHEO_INLINE void quantiles(const double* p, std::uint32_t n, double* z) {
  for (std::uint32_t j = 0; j < n; ++j) z[j] = normal::quantile_in_centre(p[j] - 0.5);
  std::uint32_t where[group], tails = 0;
  for (std::uint32_t j = 0; j < n; ++j) {
    where[tails] = j;
    tails += __builtin_fabs(p[j] - 0.5) > normal::central;
  }
  alignas(64) double distance[group], size[group];
  for (std::uint32_t k = 0; k < tails; ++k) {
    const double one = p[where[k]];
    size[k] = one - 0.5 < 0.0 ? one : 1.0 - one;
  }
  double furthest = 0;
  for (std::uint32_t k = 0; k < tails; ++k) {
    distance[k] = normal::distance(size[k]);
    size[k] = normal::quantile_in_tail(distance[k]);
  }
  for (std::uint32_t k = 0; k < tails; ++k) furthest = distance[k] > furthest ? distance[k] : furthest;
  if (furthest > normal::far)
    for (std::uint32_t k = 0; k < tails; ++k)
      if (distance[k] > normal::far) size[k] = normal::quantile_far_out(distance[k]);
  for (std::uint32_t k = 0; k < tails; ++k) z[where[k]] = p[where[k]] - 0.5 < 0.0 ? -size[k] : size[k];
}

// 64 random bits as the fraction of a number from 2^52 on.
RHEO_INLINE Words fractions(Words bits) {
  return (bits >> 12) | (Words{} + 0x4330000000000000u);
}

void normal_stream(std::uint32_t key_lo, std::uint32_t key_hi, std::uint32_t index, std::uint32_t first,
                   std::uint32_t n, double* to) {
  // A block gives two numbers.
  const Words iota = ascending(std::make_index_sequence<words_size>{});
  std::uint32_t skip = first % 2;
  for (std::uint32_t block = first / 2, done = 0; done < n; block += group / 2, skip = 0) {
    alignas(64) double p[group], z[group];
    const std::uint32_t wanted = n - done + skip < group ? n - done + skip : group;
    for (std::uint32_t b = 0; 2 * b < wanted; b += philox_at_once) {
      Counters c;
      for (std::size_t k = 0; k < chains; ++k) {
        // Words of 64 bits: a counter that wraps at 2^32 does so in its lower half.
        c.c0[k] = (iota + (block + b + k * words_size)) & (Words{} + 0xffffffffu);
        c.c1[k] = Words{} + index;
        c.c2[k] = Words{};
        c.c3[k] = Words{};
      }
      philox(c, key_lo, key_hi);
      for (std::size_t k = 0; k < chains; ++k) {
        const Words front = fractions(low_halves(c.c0[k], c.c1[k])), back = fractions(low_halves(c.c2[k], c.c3[k]));
        double even[words_size], odd[words_size];
        __builtin_memcpy(even, &front, sizeof front);
        __builtin_memcpy(odd, &back, sizeof back);
        double* const at = p + 2 * (b + k * words_size);
        for (std::size_t w = 0; w < words_size; ++w) {
          at[2 * w] = even[w];
          at[2 * w + 1] = odd[w];
        }
      }
    }
    // RandomStream's uniform_open.
    for (std::uint32_t j = 0; j < wanted; ++j) p[j] = ((p[j] - 0x1p52) + 0.5) * 0x1p-52;
    quantiles(p, wanted, z);
    for (std::uint32_t j = skip; j < wanted; ++j) to[done++] = z[j];
  }
}

// The bits of one group of neurons.
RHEO_INLINE void noise_words(const NoiseArgs& a, std::uint32_t first_block, std::uint32_t* word) {
  const Words iota = ascending(std::make_index_sequence<words_size>{});
  for (std::size_t b = 0; b < group / 4; b += philox_at_once) {
    Counters c;
    for (std::size_t k = 0; k < chains; ++k) {
      c.c0[k] = iota + (first_block + b + k * words_size);
      c.c1[k] = Words{};
      c.c2[k] = Words{} + static_cast<std::uint32_t>(a.interval);
      c.c3[k] = Words{} + static_cast<std::uint32_t>(a.interval >> 32);
    }
    philox(c, a.key_lo, a.key_hi);
    for (std::size_t k = 0; k < chains; ++k) {
      const Words front = low_halves(c.c0[k], c.c1[k]), back = low_halves(c.c2[k], c.c3[k]);
      __builtin_memcpy(word + 2 * (b + k * words_size), &front, sizeof front);
      __builtin_memcpy(word + group / 2 + 2 * (b + k * words_size), &back, sizeof back);
    }
  }
}

RHEO_INLINE void quantiles_of_words(const std::uint32_t* word, float* z) {
  for (std::uint32_t j = 0; j < group; ++j) z[j] = normal::log2_4pq(word[j]);
  for (std::uint32_t j = 0; j < group; ++j) z[j] = normal::quantile_of_word(word[j], z[j]);
}
RHEO_INLINE void quantiles_of_words(const std::uint32_t* word, double* z) {
  alignas(64) double p[group];
  for (std::uint32_t j = 0; j < group; ++j) p[j] = (static_cast<double>(word[j]) + 0.5) * 0x1p-32;
  quantiles(p, group, z);
}

template <class Real>
void noise_add(const NoiseArgs& a) {
  const auto* const mean = static_cast<const Real*>(a.mean);
  const auto* const deviation = static_cast<const Real*>(a.deviation);
  auto* const row = static_cast<Real*>(a.row);
  for (std::uint32_t first = a.begin / group * group; first < a.end; first += group) {
    alignas(64) std::uint32_t word[group];
    alignas(64) Real z[group];
    noise_words(a, first / group * (group / 4), word);
    quantiles_of_words(word, z);
    const std::uint32_t low = first < a.begin ? a.begin - first : 0;
    const std::uint32_t high = a.end - first < group ? a.end - first : group;
    const std::size_t at = first + low - a.begin, n = high - low;
    const Real* const from = z + low;
    Real* const to = row + at * a.step;
    if (a.mean_per_neuron || a.deviation_per_neuron || a.step != 1) {
      for (std::size_t j = 0; j < n; ++j)
        to[j * a.step] +=
            mean[a.mean_per_neuron ? at + j : 0] + deviation[a.deviation_per_neuron ? at + j : 0] * from[j];
    } else {
      const Real m = *mean, d = *deviation;
      RHEO_INDEPENDENT_ITERATIONS
      for (std::size_t j = 0; j < n; ++j) to[j] += m + d * from[j];
    }
  }
}

}  // namespace

extern const AdvanceTable RHEO_KERNELS_NAME(advances, RHEO_ISA);
extern const Kernels RHEO_KERNELS_NAME(kernels, RHEO_ISA);
constinit const Kernels RHEO_KERNELS_NAME(kernels, RHEO_ISA) = {RHEO_KERNELS_NAME(advances, RHEO_ISA),
                                                                {&poisson_add<float>, &poisson_add<double>},
                                                                {&noise_add<float>, &noise_add<double>},
                                                                &normal_stream};

}  // namespace rheo
