// Random numbers: counter-based streams and exact samplers of our own, the same bits everywhere.
//
// A stream is keyed by (seed, name of the population or projection, use) and addressed by (index, tick); nothing else
// moves it: not the order of drawing, nor the number of threads, nor what else the network holds. Words come from
// Philox (core/philox.hpp) with the counter {block, index, tick low, tick high}: block 0 gives the first four 32-bit
// words of the stream, block 1 the next four.
//
// Promises, pinned by golden values in tests/unit/core/test_random.cpp: random_key, the order in which words are
// consumed and every sampler below never change. Samplers use + - * / sqrt and core/math.hpp only.
#pragma once

#include <cassert>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "core/isa.hpp"
#include "core/philox.hpp"
#include "core/types.hpp"

namespace rheo {

struct RandomKey {
  std::uint32_t lo, hi;
};

// The key of one use ("weights", "poisson", ...) of one name under one seed. With mix(x) the output function of
// SplitMix64 (Steele, Lea, Flood, OOPSLA 2014) applied to x + 0x9E3779B97F4A7C15 and fnv the 64-bit FNV-1a hash:
// key = mix(mix(mix(seed) ^ fnv(name)) ^ fnv(use)), lo its low half. Never changes.
RandomKey random_key(std::uint64_t seed, std::string_view name, std::string_view use);

// to[4 b + w] = word w of the block of counter + b, b < blocks, which is a multiple of 16.
using RandomWords = void (*)(const Philox4& counter, RandomKey key, std::size_t blocks, std::uint32_t* to);
RandomWords random_words(Isa isa);

// The words of one (key, index, tick), and what can be drawn from them. Cheap to make; made per neuron, per row or per
// tick. After 2^34 words a stream would repeat.
class RandomStream {
 public:
  RandomStream(RandomKey key, std::uint32_t index, Tick tick = 0)
      : counter_{{0, index, static_cast<std::uint32_t>(static_cast<std::uint64_t>(tick)),
                  static_cast<std::uint32_t>(static_cast<std::uint64_t>(tick) >> 32)}},
        words_{},
        key_(key) {}

  [[gnu::always_inline]] inline std::uint32_t next_u32() {
    if (used_ == 4) refill();
    return words_.x[used_++];
  }
  // Two words, the low half first.
  [[gnu::always_inline]] inline std::uint64_t next_u64() {
    const std::uint64_t low = next_u32();
    return low | std::uint64_t{next_u32()} << 32;
  }
  // A multiple of 2^-53 in [0, 1).
  [[gnu::always_inline]] inline double uniform() { return static_cast<double>(next_u64() >> 11) * 0x1p-53; }
  // An odd multiple of 2^-53 in (0, 1): never 0, never 1, symmetric about 1/2.
  [[gnu::always_inline]] inline double uniform_open() {
    return (static_cast<double>(next_u64() >> 12) + 0.5) * 0x1p-52;
  }
  // In [lo, hi]; hi itself only where rounding leads there.
  [[gnu::always_inline]] inline double uniform(double lo, double hi) { return lo + (hi - lo) * uniform(); }

  // As if so many words more had been drawn.
  void skip_words(std::uint64_t n) {
    for (; n > 0 && used_ < 4; --n) ++used_;
    counter_.x[0] += static_cast<std::uint32_t>(n / 4);
    if (n % 4 == 0) return;
    refill();
    used_ = n % 4;
  }

  // Uniform on {0, ..., n-1}, n > 0, without bias: Lemire, "Fast random integer generation in an interval", ACM TOMACS
  // 29 (2019). Takes one word, rarely more.
  std::uint32_t below(std::uint32_t n);

  // Of what is above as many as `to` has room for, one after the other; much faster where these are more than some 30.
  void next_u32(std::span<std::uint32_t> to);
  void uniform(double lo, double hi, std::span<double> to);
  void below(std::uint32_t n, std::span<std::uint32_t> to);

  // Standard normal by inversion of one uniform_open; see normal_quantile. The largest possible value is 8.2.
  double normal();
  double normal(double mean, double sd) { return mean + sd * normal(); }
  // exp(normal(mu, sigma)): mu and sigma belong to the logarithm.
  double lognormal(double mu, double sigma);
  // Standard exponential (mean 1) by inversion.
  double exponential();

  // Number of failures before the first success of trials with probability p, given log1m_p = log1p(-p):
  // floor(log(u) / log1m_p). So a connector skips to its next synapse. p = 1 gives 0; p = 0 gives the largest
  // std::uint64_t, as does any count from 2^63 on.
  std::uint64_t skip(double log1m_p);

  // Number of events of a Poisson distribution, 0 <= lambda <= 2^50. Below 10 by sequential inversion, above by the
  // transformed rejection PTRS of Hoermann, "The transformed rejection method for generating Poisson random variables"
  // (1993). Exact up to the 53 bits of the uniforms and about 1e-14 in the acceptance ratio.
  std::uint64_t poisson(double lambda);

  // Number of successes in n trials of probability p in [0, 1]. n min(p, 1-p) below 10 by sequential inversion, above
  // by BTRS of Hoermann, "The generation of binomial random variates", J. Stat. Comput. Simul. 46 (1993). Exact as
  // above.
  std::uint32_t binomial(std::uint32_t n, double p);

  // Number of marked ones among `draws` drawn without replacement from `marked` and `others`, draws <= marked + others.
  // By inversion from the mode outwards, in about as many steps as the standard deviation. Above 2^53 numbers round.
  std::uint64_t hypergeometric(std::uint64_t marked, std::uint64_t others, std::uint64_t draws);

 private:
  [[gnu::always_inline]] inline void refill() {
    words_ = philox4x32(counter_, key_.lo, key_.hi);
    ++counter_.x[0];
    used_ = 0;
  }

  Philox4 counter_;
  Philox4 words_;
  RandomKey key_;
  std::uint32_t used_ = 4;
};

// The inverse of the standard normal distribution function, p in (0, 1): Wichura, algorithm AS 241 (PPND16), Applied
// Statistics 37 (1988); relative accuracy about 1e-16.
double normal_quantile(double p);

// log(n!): the logarithm of the exact product up to n = 22, Stirling's series above. Relative error below 1e-15.
double log_factorial(std::uint64_t n);

// The inverse distribution function of one Poisson distribution as a table of integers, for the input that draws for
// every neuron in every tick.
//
// The definition of a draw does not depend on how it is computed: u is a uniform 48-bit integer and the draw is the
// number of k >= 0 with T_k <= u, where T_k = round(2^48 P(X <= k)). The table itself is the definition: its entries
// may be some units of 2^-48 away from the rounded true probability for large lambda (measured in the tests), and they
// are the same everywhere. Leading T_k = 0 are not stored but counted in first(); the table ends before the first
// T_k = 2^48, so that the largest draw, first() + thresholds().size(), has a probability and every draw is finite.
//
// Two-level draw: take the top 16 bits h of u first. Unless needs_low(h), the low 32 bits cannot matter, and the draw
// is first() plus the number of high()[k] < h.
class PoissonTable {
 public:
  // 0 <= lambda <= 1e5; 0 makes every draw 0.
  explicit PoissonTable(double lambda);

  [[gnu::always_inline]] inline double lambda() const { return lambda_; }
  // Ascending, 0 < T_k < 2^48. Empty where every draw is first() (lambda 0 or below 2^-49).
  [[gnu::always_inline]] inline std::span<const std::uint64_t> thresholds() const {
    return std::span<const std::uint64_t>(thresholds_.data(), thresholds_.size());
  }
  // The top 16 bits of each threshold.
  [[gnu::always_inline]] inline std::span<const std::uint16_t> high() const {
    return std::span<const std::uint16_t>(high_.data(), high_.size());
  }
  // The smallest draw.
  [[gnu::always_inline]] inline std::uint32_t first() const { return first_; }

  // Whether top bits h leave the draw open: h equals some high()[k].
  [[gnu::always_inline]] inline bool needs_low(std::uint16_t h) const {
    return (ambiguous_.data()[h >> 6] >> (h & 63) & 1) != 0;
  }
  // needs_low as a set of 65536 bits: bit (h % 64) of word h / 64.
  [[gnu::always_inline]] inline const std::uint64_t* ambiguous_bits() const { return ambiguous_.data(); }

  // The draw of u < 2^48, by binary search.
  std::uint32_t draw(std::uint64_t u48) const;
  // The draw of every u with top bits h, for h with !needs_low(h).
  std::uint32_t draw_high(std::uint16_t h) const;

 private:
  double lambda_;
  std::uint32_t first_ = 0;
  std::vector<std::uint64_t> thresholds_;
  std::vector<std::uint16_t> high_;
  std::vector<std::uint64_t> ambiguous_;
};

}  // namespace rheo
