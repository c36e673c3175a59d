// Random words and samplers: golden values (promises that never change) and statistics. Every statistical test draws
// from fixed keys, so it either always passes or never; its bound is what a right sampler fails once in 10^4 keys.
#include <algorithm>
#include <bit>
#include <catch2/catch.hpp>
#include <cmath>
#include <cstdint>
#include <functional>
#include <limits>
#include <vector>

// Theirs defines a macro of our function's name.
#include <Random123/philox.h>
#undef philox4x32

#include "core/math.hpp"
#include "core/normal.hpp"
#include "core/random.hpp"

namespace test_random {

namespace {

using rheo::Philox4;
using rheo::PoissonTable;
using rheo::random_key;
using rheo::RandomStream;

constexpr std::uint64_t whole = std::uint64_t{1} << 48;

// Chi-square statistic as a standard normal deviate (Wilson and Hilferty): above 3.72 with probability 1e-4.
double chi_square_deviate(double chi_square, double degrees) {
  return (std::cbrt(chi_square / degrees) - (1.0 - 2.0 / (9.0 * degrees))) / std::sqrt(2.0 / (9.0 * degrees));
}
constexpr double chi_square_bound = 3.72;
// The same for |mean - expected| in standard errors and for sqrt(n) D of Kolmogorov and Smirnov.
constexpr double mean_bound = 3.89;
constexpr double kolmogorov_bound = 2.225;

// Counts of draws against probabilities of 0, 1, 2, ...; neighbours are joined until 10 draws are expected. What lies
// beyond the last probability is one more cell.
double discrete_deviate(const std::vector<std::uint64_t>& draws, const std::vector<double>& probabilities) {
  std::vector<double> counts(probabilities.size() + 1, 0.0);
  for (const std::uint64_t draw : draws) counts[std::min<std::size_t>(draw, probabilities.size())] += 1.0;
  const auto n = static_cast<double>(draws.size());
  std::vector<double> seen{0.0}, expected{0.0};
  double rest = 1.0;
  for (std::size_t k = 0; k <= probabilities.size(); ++k) {
    const double p = k < probabilities.size() ? probabilities[k] : std::max(rest, 0.0);
    rest -= p;
    if (expected.back() >= 10.0) {
      seen.push_back(0.0);
      expected.push_back(0.0);
    }
    seen.back() += counts[k];
    expected.back() += n * p;
  }
  if (expected.back() < 10.0 && expected.size() > 1) {
    const std::size_t last = expected.size() - 1;
    expected[last - 1] += expected[last];
    seen[last - 1] += seen[last];
    expected.pop_back();
    seen.pop_back();
  }
  double chi_square = 0.0;
  for (std::size_t i = 0; i < seen.size(); ++i) {
    chi_square += (seen[i] - expected[i]) * (seen[i] - expected[i]) / expected[i];
  }
  return chi_square_deviate(chi_square, static_cast<double>(seen.size()) - 1.0);
}

double poisson_probability(double lambda, double k) {
  return static_cast<double>(std::exp(k * std::log(static_cast<long double>(lambda)) - lambda - std::lgamma(k + 1.0L)));
}
std::vector<double> poisson_probabilities(double lambda) {
  std::vector<double> p;
  for (double k = 0.0; k < lambda + 9.0 * std::sqrt(lambda) + 20.0; ++k) p.push_back(poisson_probability(lambda, k));
  return p;
}
std::vector<double> binomial_probabilities(std::uint32_t trials, double success) {
  const long double n = trials, p = success;
  std::vector<double> all;
  const double last = std::min(static_cast<double>(n),
                               static_cast<double>(n * p) + 10.0 * std::sqrt(static_cast<double>(n * p)) + 20.0);
  for (long double k = 0; k <= last; ++k) {
    all.push_back(static_cast<double>(std::exp(std::lgamma(n + 1) - std::lgamma(k + 1) - std::lgamma(n - k + 1) +
                                               k * std::log(p) + (n - k) * std::log1p(-p))));
  }
  return all;
}

// sqrt(n) times the largest distance between the empirical distribution of the draws and `distribution`.
double kolmogorov(std::vector<double> draws, const std::function<double(double)>& distribution) {
  std::sort(draws.begin(), draws.end());
  const auto n = static_cast<double>(draws.size());
  double distance = 0.0;
  for (std::size_t i = 0; i < draws.size(); ++i) {
    const double f = distribution(draws[i]);
    const auto rank = static_cast<double>(i);
    distance = std::max({distance, f - rank / n, (rank + 1.0) / n - f});
  }
  return distance * std::sqrt(n);
}

template <class Draw>
std::vector<std::uint64_t> counts_of(const char* use, int n, Draw draw) {
  RandomStream stream(random_key(1, "statistics", use), 0);
  std::vector<std::uint64_t> draws;
  for (int i = 0; i < n; ++i) draws.push_back(draw(stream));
  return draws;
}
template <class Draw>
std::vector<double> values_of(const char* use, int n, Draw draw) {
  RandomStream stream(random_key(1, "statistics", use), 0);
  std::vector<double> draws;
  for (int i = 0; i < n; ++i) draws.push_back(draw(stream));
  return draws;
}

struct Moments {
  double mean, variance;
};
template <class T>
Moments moments(const std::vector<T>& draws) {
  double sum = 0.0, squares = 0.0;
  const auto n = static_cast<double>(draws.size());
  for (const T x : draws) sum += static_cast<double>(x);
  const double mean = sum / n;
  for (const T x : draws) squares += (static_cast<double>(x) - mean) * (static_cast<double>(x) - mean);
  return {mean, squares / (n - 1.0)};
}
// Mean and variance against the truth, in standard errors; `kurtosis` is the distribution's (3 for a normal one).
void check_moments(const Moments& found, double mean, double variance, double n, double kurtosis = 3.0) {
  CAPTURE(found.mean, mean, found.variance, variance);
  CHECK(std::fabs(found.mean - mean) < mean_bound * std::sqrt(variance / n));
  CHECK(std::fabs(found.variance / variance - 1.0) < mean_bound * std::sqrt((kurtosis - 1.0) / n));
}

std::uint64_t fold(std::uint64_t hash, std::uint64_t value) {
  hash = (hash ^ value) * 0x100000001b3u;
  return hash ^ hash >> 29;
}

// The first draws of 20000 streams in one number.
template <class Draw>
std::uint64_t hash_of_draws(Draw draw) {
  std::uint64_t hash = 0;
  for (std::uint32_t i = 0; i < 20000; ++i) {
    RandomStream stream({1, 2}, i, 3);
    hash = fold(hash, std::bit_cast<std::uint64_t>(static_cast<double>(draw(stream))));
  }
  return hash;
}

struct GoldenKey {
  std::uint64_t seed;
  const char* name;
  const char* use;
  std::uint32_t lo, hi;
};
const GoldenKey golden_keys[] = {
    {0, "", "", 0xc1ad0f66u, 0xb638c456u},         {1, "E", "poisson", 0x9e410ee1u, 0x3296c648u},
    {1, "I", "poisson", 0x31c2a2c6u, 0x8662dfdeu}, {1, "E", "weights", 0x30f683b9u, 0x1db6b1e0u},
    {2, "E", "poisson", 0x185b99bdu, 0x1f53be1cu}, {0xffffffffffffffffu, "E", "poisson", 0xf632854eu, 0x89b193b8u},
};

struct GoldenStream {
  std::uint32_t index;
  rheo::Tick tick;
  std::uint32_t words[5];
  double uniform, uniform_open, normal, exponential, lognormal;
  std::uint32_t below_1000;
  std::uint64_t poisson_3_5, poisson_200;
  std::uint32_t binomial_40, binomial_10000;
  std::uint64_t skip;
};
const GoldenStream golden_streams[] = {
    {0,
     0,
     {0x63c9bcdbu, 0x2104a4f9u, 0xd7c0ba47u, 0x846e3dbcu, 0x6034f207u},
     0x1.082527cb1e4dcp-3,
     0x1.082527cb1e4dcp-3,
     -0x1.2198ebfd4e816p+0,
     0x1.0628ce0f00d44p+1,
     0x1.3e19bdb8dbfc1p+0,
     389,
     1,
     181,
     8,
     3936,
     203},
    {7,
     0,
     {0xd92190f0u, 0xbcc64b3fu, 0x41b64982u, 0x0beb03e7u, 0xe82f28f6u},
     0x1.798c967fb2432p-1,
     0x1.798c967fb2433p-1,
     0x1.454cebcc7f5c1p-1,
     0x1.37ef4dcba7832p-2,
     0x1.eebb4fbd475d6p+0,
     848,
     5,
     210,
     14,
     4035,
     30},
    {7,
     123456789012,
     {0x38b819c7u, 0xc93161a2u, 0x4b225c84u, 0x10cb624au, 0x48e751dcu},
     0x1.9262c34471703p-1,
     0x1.9262c34471703p-1,
     0x1.95a987ec8d202p-1,
     0x1.ed63f5c609de9p-3,
     0x1.0143e53fb54c3p+1,
     221,
     5,
     213,
     15,
     4044,
     23},
    {4294967295u,
     -1,
     {0xddbdc675u, 0xdedcaa6cu, 0x206f26d1u, 0x8cf2c496u, 0xc8593695u},
     0x1.bdb954d9bb7b8p-1,
     0x1.bdb954d9bb7b9p-1,
     0x1.21073bf1ac782p+0,
     0x1.1be752dd18191p-3,
     0x1.17dbcc3c71ffcp+1,
     866,
     6,
     218,
     16,
     4064,
     13},
};

struct GoldenTable {
  double lambda;
  std::uint32_t first;
  std::size_t size;
  std::uint64_t hash;
};
const GoldenTable golden_tables[] = {
    {0.001, 0, 4, 0xd0466ed7802cac80u},      {0.01, 0, 5, 0x31ea81472801cc6au},
    {0.5, 0, 13, 0x4306387d13c800f7u},       {2, 0, 21, 0x7f0f210bbc1d4440u},
    {20, 0, 64, 0x9ce67b308c942cd6u},        {300, 174, 272, 0x7ea4c109e0a43a19u},
    {5000, 4454, 1113, 0x6f98bbb7e8357f04u}, {100000, 97522, 4977, 0xff2b340087d11e79u},
};

struct GoldenQuantile {
  double p, x;
};
const GoldenQuantile golden_quantiles[] = {
    {0x1p-1, 0x0p+0},
    {0x1.3333333333333p-2, -0x1.0c7e39582c5fap-1},
    {0x1.1eb851eb851ecp-4, -0x1.79cd70d9c27fp+0},
    {0x1.dc28f5c28f5c3p-1, 0x1.79cd70d9c27f3p+0},
    {0x1.47ae147ae147bp-7, -0x1.29c5c4630ff0ep+1},
    {0x1.4f8b588e368f1p-17, -0x1.10f3f8843a3dap+2},
    {0x1.19799812dea11p-40, -0x1.c234fba57a32ap+2},
    {0x1p-53, -0x1.06b48528cea51p+3},
};

}  // namespace

TEST_CASE("philox: published known answers", "[random]") {
  const auto check = [](Philox4 counter, std::uint32_t key0, std::uint32_t key1, Philox4 expected) {
    const Philox4 got = rheo::philox4x32(counter, key0, key1);
    CHECK(std::equal(got.x, got.x + 4, expected.x));
  };
  check({{0, 0, 0, 0}}, 0, 0, {{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}});
  const std::uint32_t ones = 0xffffffffu;
  check({{ones, ones, ones, ones}}, ones, ones, {{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}});
  check({{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}}, 0xa4093822, 0x299f31d0,
        {{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}});
}

TEST_CASE("philox: the same as Random123", "[random]") {
  std::uint64_t state = 99;
  const auto word = [&state] {
    state = state * 6364136223846793005u + 1442695040888963407u;
    return static_cast<std::uint32_t>(state >> 32);
  };
  // In two loops: in one, a compiler may prove that both are the same and compute neither.
  struct Sample {
    Philox4 counter;
    std::uint32_t key0, key1;
    Philox4 ours;
  };
  std::vector<Sample> samples(100000);
  for (Sample& s : samples) s = {{{word(), word(), word(), word()}}, word(), word(), {}};
  for (Sample& s : samples) s.ours = rheo::philox4x32(s.counter, s.key0, s.key1);
  int different = 0;
  for (const Sample& s : samples) {
    const auto& c = s.counter.x;
    const auto theirs = philox4x32_R(10, {{c[0], c[1], c[2], c[3]}}, {{s.key0, s.key1}});
    for (std::size_t j = 0; j < 4; ++j) different += s.ours.x[j] == theirs.v[j] ? 0 : 1;
  }
  CHECK(different == 0);
}

TEST_CASE("philox: a loop over counters gives the same words", "[random]") {
  constexpr std::uint32_t n = 1003;
  std::vector<std::uint32_t> first(n), last(n);
  for (std::uint32_t i = 0; i < n; ++i) {
    const Philox4 words = rheo::philox4x32({{0, i, 77, 0}}, 3, 4);
    first[i] = words.x[0];
    last[i] = words.x[3];
  }
  for (std::uint32_t i = 0; i < n; ++i) {
    RandomStream stream({3, 4}, i, 77);
    REQUIRE(stream.next_u32() == first[i]);
    stream.next_u64();
    REQUIRE(stream.next_u32() == last[i]);
  }
}

TEST_CASE("random: many words at once are the words one by one", "[random]") {
  const rheo::RandomKey key = random_key(5, "words", "many");
  for (const rheo::Isa isa : rheo::usable_isas()) {
    std::vector<std::uint32_t> many(4 * 48);
    // Across the end of a block's 32 bits, where a counter begins anew.
    rheo::random_words(isa)({{0xfffffff0u, 3, 9, 1}}, key, 48, many.data());
    for (std::uint32_t b = 0; b < 48; ++b) {
      const Philox4 block = rheo::philox4x32({{0xfffffff0u + b, 3, 9, 1}}, key.lo, key.hi);
      for (std::uint32_t w = 0; w < 4; ++w) REQUIRE(many[4 * b + w] == block.x[w]);
    }
  }
  for (const std::uint32_t before : {0u, 1u, 3u, 4u, 64u, 101u})
    for (const std::size_t n : {0u, 1u, 2u, 63u, 64u, 65u, 130u, 1000u}) {
      CAPTURE(before, n);
      RandomStream one(key, 7, 12), many(key, 7, 12), skipping(key, 7, 12);
      for (std::uint32_t k = 0; k < before; ++k) REQUIRE(many.next_u32() == one.next_u32());
      skipping.skip_words(before / 2);
      skipping.skip_words(before - before / 2);
      std::vector<std::uint32_t> words(n);
      many.next_u32(words);
      for (const std::uint32_t word : words) REQUIRE(word == one.next_u32());
      std::vector<double> numbers(n);
      many.uniform(-1, 2.5, numbers);
      for (const double x : numbers) REQUIRE(x == one.uniform(-1, 2.5));
      // Half of all words are refused, almost; and none.
      for (const std::uint32_t bound : {0x80000001u, 1u, 1000u, 0x40000000u}) {
        many.below(bound, words);
        for (const std::uint32_t x : words) REQUIRE(x == one.below(bound));
      }
      REQUIRE(many.next_u64() == one.next_u64());
      RandomStream again(key, 7, 12);
      for (std::uint32_t k = 0; k < before; ++k) again.next_u32();
      REQUIRE(skipping.next_u64() == again.next_u64());
    }
}

TEST_CASE("random: keys never change", "[random]") {
  for (const auto& [seed, name, use, lo, hi] : golden_keys) {
    const auto key = random_key(seed, name, use);
    CAPTURE(seed, name, use);
    CHECK(key.lo == lo);
    CHECK(key.hi == hi);
  }
  // Name and use are not simply joined.
  const auto a = random_key(1, "ab", "c"), b = random_key(1, "a", "bc"), c = random_key(1, "c", "ab");
  CHECK((a.lo != b.lo || a.hi != b.hi));
  CHECK((a.lo != c.lo || a.hi != c.hi));
}

TEST_CASE("random: streams never change", "[random]") {
  for (const auto& golden : golden_streams) {
    CAPTURE(golden.index, golden.tick);
    const auto stream = [&golden] { return RandomStream(random_key(12345, "E", "test"), golden.index, golden.tick); };
    auto words = stream();
    for (const std::uint32_t word : golden.words) CHECK(words.next_u32() == word);
    CHECK(stream().next_u64() == (golden.words[0] | std::uint64_t{golden.words[1]} << 32));
    CHECK(stream().uniform() == golden.uniform);
    CHECK(stream().uniform(-2.0, 2.0) == -2.0 + 4.0 * golden.uniform);
    CHECK(stream().uniform_open() == golden.uniform_open);
    CHECK(stream().normal() == golden.normal);
    CHECK(stream().normal(3.0, 2.0) == 3.0 + 2.0 * golden.normal);
    CHECK(stream().exponential() == golden.exponential);
    CHECK(stream().lognormal(0.5, 0.25) == golden.lognormal);
    CHECK(stream().below(1000) == golden.below_1000);
    CHECK(stream().poisson(3.5) == golden.poisson_3_5);
    CHECK(stream().poisson(200.0) == golden.poisson_200);
    CHECK(stream().binomial(40, 0.3) == golden.binomial_40);
    CHECK(stream().binomial(10000, 0.4) == golden.binomial_10000);
    CHECK(stream().skip(rheo::math::log1p(-0.01)) == golden.skip);
  }
  for (const auto& [p, x] : golden_quantiles) CHECK(rheo::normal_quantile(p) == x);
  CHECK(hash_of_draws([](auto& s) { return s.uniform(); }) == 0x2ee11c3eb7a88c38u);
  CHECK(hash_of_draws([](auto& s) { return s.normal(); }) == 0xa770a57d5d4ac46eu);
  CHECK(hash_of_draws([](auto& s) { return s.exponential(); }) == 0xae99b72b52376542u);
  CHECK(hash_of_draws([](auto& s) { return s.lognormal(0.0, 1.0); }) == 0xbee326bbba5826b5u);
  CHECK(hash_of_draws([](auto& s) { return s.below(1000); }) == 0x10e7098e0394c52bu);
  CHECK(hash_of_draws([](auto& s) { return s.poisson(3.5); }) == 0x9a5208c8cc312af3u);
  CHECK(hash_of_draws([](auto& s) { return s.poisson(200.0); }) == 0x9dcff146dd6fc8fdu);
  CHECK(hash_of_draws([](auto& s) { return s.binomial(40, 0.3); }) == 0xc80cb27b6abaefe3u);
  CHECK(hash_of_draws([](auto& s) { return s.binomial(10000, 0.4); }) == 0x64ae6830250b4cf0u);
}

TEST_CASE("random: uniform numbers", "[random]") {
  constexpr int n = 100000;
  CHECK(kolmogorov(values_of("uniform", n, [](auto& s) { return s.uniform(); }), [](double x) { return x; }) <
        kolmogorov_bound);
  const auto open = values_of("open", n, [](auto& s) { return s.uniform_open(); });
  CHECK(*std::min_element(open.begin(), open.end()) > 0.0);
  CHECK(*std::max_element(open.begin(), open.end()) < 1.0);
  CHECK(kolmogorov(open, [](double x) { return x; }) < kolmogorov_bound);
  for (const std::uint32_t sides : {1u, 2u, 6u, 1000u}) {
    const auto draws = counts_of("below", n, [sides](auto& s) { return s.below(sides); });
    CHECK(*std::max_element(draws.begin(), draws.end()) < sides);
    if (sides > 1) CHECK(discrete_deviate(draws, std::vector<double>(sides, 1.0 / sides)) < chi_square_bound);
  }
  // 3 * 2^30 sides: a product without rejection would favour every third number, a remainder the lower third.
  const auto thirds = counts_of("below", n, [](auto& s) { return s.below(0xC0000000u) >> 30; });
  CHECK(discrete_deviate(thirds, {1.0 / 3, 1.0 / 3, 1.0 / 3}) < chi_square_bound);
  const auto residues = counts_of("below", n, [](auto& s) { return s.below(0xC0000000u) % 3; });
  CHECK(discrete_deviate(residues, {1.0 / 3, 1.0 / 3, 1.0 / 3}) < chi_square_bound);
}

TEST_CASE("random: the normal quantile is accurate", "[random]") {
  for (const double p : {1e-300, 1e-100, 1e-20, 1e-12, 1e-6, 1e-3, 0.02, 0.0749, 0.0751, 0.2, 0.4, 0.49999, 0.5}) {
    // The distribution function at x, from the complementary error function, and its relative slope.
    const long double x = rheo::normal_quantile(p);
    const long double back = 0.5L * std::erfc(-x / std::sqrt(2.0L));
    const long double slope = std::exp(-x * x / 2) / std::sqrt(6.283185307179586477L);
    CAPTURE(p);
    CHECK(std::fabs(static_cast<double>((back - p) / slope)) < 1e-15 * (1.0 + std::fabs(static_cast<double>(x))));
    if (p > 1e-3) CHECK(rheo::normal_quantile(1.0 - p) == Approx(-static_cast<double>(x)).epsilon(1e-13).margin(1e-15));
  }
}

TEST_CASE("random: the normal quantile of a word in single precision", "[random]") {
  const auto single = [](std::uint32_t word) {
    return rheo::normal::quantile_of_word(word, rheo::normal::log2_4pq(word));
  };
  double largest = 0, largest_relative = 0;
  bool symmetric = true;
  std::uint64_t hash = 0xcbf29ce484222325u;
  const auto visit = [&](std::uint32_t word) {
    const float z = single(word);
    const double exact = rheo::normal_quantile((word + 0.5) * 0x1p-32);
    const double error = std::fabs(z - exact);
    // A NaN must not pass.
    largest = error <= largest ? largest : error;
    largest_relative = error / std::fabs(exact) <= largest_relative ? largest_relative : error / std::fabs(exact);
    symmetric &= single(~word) == -z;
    hash = (hash ^ std::bit_cast<std::uint32_t>(z)) * 0x100000001b3u;
  };
  // All of the range, the far tail and the centre word by word, and the tail by relative steps.
  for (std::uint64_t word = 0; word < 0x100000000u; word += 2039) visit(static_cast<std::uint32_t>(word));
  for (std::uint32_t k = 0; k < 200'000; ++k) visit(k);
  for (std::uint32_t k = 0; k < 200'000; ++k) visit(0x80000000u + k);
  for (std::uint32_t word = 1u << 17; word < 0x80000000u; word += word / 20'000) visit(word);
  CHECK(largest < 8e-7);
  CHECK(largest_relative < 4e-7);
  CHECK(symmetric);
  CHECK(single(0) == -single(0xffffffffu));
  CHECK(single(0xffffffffu) == Approx(6.337957755).epsilon(1e-7));
  CHECK(single(0x80000000u) == Approx(2.918099e-10).epsilon(1e-6));
  CHECK(hash == 0x7aed56ab92a4ef22u);  // never changes
}

TEST_CASE("random: normal, lognormal and exponential numbers", "[random]") {
  constexpr int n = 100000;
  const auto normal = values_of("normal", n, [](auto& s) { return s.normal(); });
  const auto gauss = [](double x) { return 0.5 * std::erfc(-x / std::sqrt(2.0)); };
  CHECK(kolmogorov(normal, gauss) < kolmogorov_bound);
  check_moments(moments(normal), 0.0, 1.0, n);
  const auto lognormal = values_of("lognormal", n, [](auto& s) { return s.lognormal(0.3, 0.7); });
  CHECK(kolmogorov(lognormal, [&](double x) { return gauss((std::log(x) - 0.3) / 0.7); }) < kolmogorov_bound);
  const auto exponential = values_of("exponential", n, [](auto& s) { return s.exponential(); });
  CHECK(kolmogorov(exponential, [](double x) { return -std::expm1(-x); }) < kolmogorov_bound);
  check_moments(moments(exponential), 1.0, 1.0, n, 9.0);
}

TEST_CASE("random: skips are geometric", "[random]") {
  constexpr int n = 100000;
  for (const double p : {0.9, 0.3, 0.01}) {
    CAPTURE(p);
    std::vector<double> probabilities;
    for (int k = 0; k < 3000; ++k) probabilities.push_back(p * std::pow(1.0 - p, k));
    const double log1m_p = rheo::math::log1p(-p);
    CHECK(discrete_deviate(counts_of("skip", n, [=](auto& s) { return s.skip(log1m_p); }), probabilities) <
          chi_square_bound);
  }
  const double p = 1e-9;
  const auto rare = counts_of("skip", n, [=](auto& s) { return s.skip(rheo::math::log1p(-p)); });
  check_moments(moments(rare), (1.0 - p) / p, (1.0 - p) / (p * p), n, 9.0);

  constexpr std::uint64_t most = std::numeric_limits<std::uint64_t>::max();
  for (std::uint32_t i = 0; i < 100; ++i) {
    CHECK(RandomStream({5, 6}, i).skip(rheo::math::log1p(-0.0)) == most);
    CHECK(RandomStream({5, 6}, i).skip(0.0) == most);
    CHECK(RandomStream({5, 6}, i).skip(rheo::math::log1p(-1e-300)) == most);
    CHECK(RandomStream({5, 6}, i).skip(rheo::math::log1p(-1.0)) == 0);
  }
}

TEST_CASE("random: Poisson numbers", "[random]") {
  constexpr int n = 100000;
  for (const double lambda : {0.01, 0.5, 3.5, 9.99, 10.0, 30.0, 200.0, 5000.0}) {
    CAPTURE(lambda);
    const auto draws = counts_of("poisson", n, [=](auto& s) { return s.poisson(lambda); });
    CHECK(discrete_deviate(draws, poisson_probabilities(lambda)) < chi_square_bound);
    check_moments(moments(draws), lambda, lambda, n, 3.0 + 1.0 / lambda);
  }
  for (const double lambda : {1e7, 1e12}) {
    check_moments(moments(counts_of("poisson", n, [=](auto& s) { return s.poisson(lambda); })), lambda, lambda, n);
  }
  CHECK(RandomStream({1, 1}, 0).poisson(0.0) == 0);
  // The test itself can fail: draws of another mean.
  CHECK(discrete_deviate(counts_of("poisson", n, [](auto& s) { return s.poisson(3.5); }), poisson_probabilities(3.55)) >
        chi_square_bound);
}

TEST_CASE("random: binomial numbers", "[random]") {
  constexpr int n = 100000;
  struct Case {
    std::uint32_t trials;
    double p;
  };
  for (const auto& [trials, p] : {Case{1, 0.3}, Case{40, 0.2}, Case{40, 0.3}, Case{40, 0.9}, Case{20, 0.5},
                                  Case{10000, 0.4}, Case{10000, 0.0005}, Case{1000000, 0.5}, Case{4000000000u, 1e-9}}) {
    CAPTURE(trials, p);
    const auto draws = counts_of("binomial", n, [t = trials, p = p](auto& s) { return s.binomial(t, p); });
    const double q = 1.0 - p, variance = trials * p * q;
    if (trials < 100000 || p < 0.1) {
      CHECK(discrete_deviate(draws, binomial_probabilities(trials, p)) < chi_square_bound);
    }
    check_moments(moments(draws), trials * p, variance, n, 3.0 + (1.0 - 6.0 * p * q) / variance);
  }
  for (std::uint32_t i = 0; i < 100; ++i) {
    CHECK(RandomStream({1, 1}, i).binomial(0, 0.5) == 0);
    CHECK(RandomStream({1, 1}, i).binomial(17, 0.0) == 0);
    CHECK(RandomStream({1, 1}, i).binomial(17, 1.0) == 17);
    CHECK(RandomStream({1, 1}, i).binomial(100, 0.99999) <= 100);
    CHECK(RandomStream({1, 1}, i).binomial(4294967295u, 0.75) > 3000000000u);
  }
}

TEST_CASE("random: log_factorial", "[random]") {
  for (std::uint64_t k = 0; k < 3000; ++k) {
    const double truth = static_cast<double>(std::lgamma(static_cast<long double>(k) + 1));
    REQUIRE(rheo::log_factorial(k) == Approx(truth).epsilon(1e-15).margin(1e-15));
  }
  CHECK(rheo::log_factorial(1000000000000u) ==
        Approx(static_cast<double>(std::lgamma(1000000000001.0L))).epsilon(1e-15));
}

TEST_CASE("poisson table: never changes", "[random]") {
  for (const auto& [lambda, first, size, hash] : golden_tables) {
    CAPTURE(lambda);
    const PoissonTable table(lambda);
    CHECK(table.first() == first);
    CHECK(table.thresholds().size() == size);
    std::uint64_t found = 0;
    for (const std::uint64_t threshold : table.thresholds()) found = fold(found, threshold);
    CHECK(found == hash);
  }
}

TEST_CASE("poisson table: thresholds are the rounded distribution function", "[random]") {
  for (const double lambda : {1e-12, 1e-3, 0.01, 0.5, 1.0, 2.0, 20.0, 300.0, 5000.0, 1e5}) {
    CAPTURE(lambda);
    // An independent sum: long double, from far below the mode upwards.
    const double start = std::max(0.0, std::floor(lambda - 20.0 * std::sqrt(lambda)));
    long double weight = 1e-300L, total = 0.0L;
    std::vector<long double> sums;
    for (double k = start; k < lambda + 20.0 * std::sqrt(lambda) + 40.0; ++k) {
      sums.push_back(total += weight);
      weight *= lambda / (static_cast<long double>(k) + 1);
    }
    const PoissonTable table(lambda);
    const auto thresholds = table.thresholds();
    double worst = 0.0;
    for (std::size_t i = 0; i < sums.size(); ++i) {
      const auto truth = static_cast<double>(sums[i] / total * static_cast<long double>(whole));
      const double k = start + static_cast<double>(i) - table.first();
      const auto size = static_cast<double>(thresholds.size());
      const double stored = k < 0.0    ? 0.0
                            : k < size ? static_cast<double>(thresholds[static_cast<std::size_t>(k)])
                                       : 0x1p48;
      worst = std::max(worst, std::fabs(stored - truth));
    }
    CAPTURE(worst);
    CHECK(worst < (lambda <= 300.0 ? 0.51 : 1.0));
    CHECK(std::is_sorted(thresholds.begin(), thresholds.end()));
    if (!thresholds.empty()) CHECK((thresholds.front() > 0 && thresholds.back() < whole));
    CHECK(table.draw(0) == table.first());
    CHECK(table.draw(whole - 1) == table.first() + thresholds.size());
  }
}

TEST_CASE("poisson table: draws", "[random]") {
  constexpr int n = 100000;
  for (const double lambda : {0.01, 0.5, 2.0, 20.0, 300.0, 5000.0}) {
    CAPTURE(lambda);
    const PoissonTable table(lambda);
    // Mean and variance of the table itself: E X = sum of P(X > k), E X^2 = sum of (2k + 1) P(X > k).
    double mean = table.first(), square = static_cast<double>(table.first()) * table.first(), k = table.first();
    for (const std::uint64_t threshold : table.thresholds()) {
      const double above = static_cast<double>(whole - threshold) * 0x1p-48;
      mean += above;
      square += (2.0 * k + 1.0) * above;
      ++k;
    }
    CHECK(mean == Approx(lambda).epsilon(1e-11));
    CHECK(square - mean * mean == Approx(lambda).epsilon(1e-8));

    const auto draws = counts_of("table", n, [&](auto& s) { return table.draw(s.next_u64() >> 16); });
    CHECK(discrete_deviate(draws, poisson_probabilities(lambda)) < chi_square_bound);
    check_moments(moments(draws), lambda, lambda, n, 3.0 + 1.0 / lambda);
  }
}

TEST_CASE("poisson table: two levels draw what one level draws", "[random]") {
  for (const double lambda : {0.01, 0.5, 2.0, 20.0, 300.0, 5000.0, 1e5}) {
    const PoissonTable table(lambda);
    const auto high = table.high();
    REQUIRE(high.size() == table.thresholds().size());
    RandomStream stream(random_key(1, "levels", ""), 0);
    int different = 0, open = 0;
    for (std::uint32_t h = 0; h < 65536; ++h) {
      const auto top = static_cast<std::uint16_t>(h);
      const bool needs_low = table.needs_low(top);
      different += needs_low == std::binary_search(high.begin(), high.end(), top) ? 0 : 1;
      open += needs_low ? 1 : 0;
      if (needs_low) continue;
      for (const std::uint32_t low : {0u, 0xffffffffu, stream.next_u32(), stream.next_u32()}) {
        different += table.draw(std::uint64_t{h} << 32 | low) == table.draw_high(top) ? 0 : 1;
      }
    }
    CAPTURE(lambda);
    CHECK(different == 0);
    CHECK(open > 0);
    // At each threshold, one below and one above, the draw is the definition's count.
    for (std::size_t i = 0; i < high.size(); ++i) {
      const std::uint64_t threshold = table.thresholds()[i];
      const auto count = [&](std::uint64_t u) {
        const auto all = table.thresholds();
        return table.first() +
               static_cast<std::uint32_t>(std::count_if(all.begin(), all.end(), [u](auto t) { return t <= u; }));
      };
      if (i % 16 != 0 && high.size() > 300) continue;
      REQUIRE(table.draw(threshold) == count(threshold));
      REQUIRE(table.draw(threshold - 1) == count(threshold - 1));
      REQUIRE(table.needs_low(high[i]));
    }
  }
}

TEST_CASE("poisson table: no events", "[random]") {
  for (const double lambda : {0.0, 1e-16}) {
    const PoissonTable table(lambda);
    CHECK(table.thresholds().empty());
    CHECK(table.first() == 0);
    CHECK(table.draw(0) == 0);
    CHECK(table.draw(whole - 1) == 0);
    CHECK(table.draw_high(65535) == 0);
    for (std::uint32_t h = 0; h < 65536; ++h) REQUIRE(!table.needs_low(static_cast<std::uint16_t>(h)));
  }
}

}  // namespace test_random
