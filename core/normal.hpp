// The inverse of the standard normal distribution function in pieces without branches, so that loops over arrays
// vectorise. In double precision: Wichura, algorithm AS 241 (PPND16), Applied Statistics 37 (1988); normal_quantile
// (core/random.hpp) puts its pieces together. In single precision, of 32 random bits: below.
// Always inlined: kernel files are compiled once per instruction set.
#pragma once

#include <cstdint>

#include "core/math.hpp"

namespace rheo::normal {

// highest x^n + ... + lowest by Horner's rule; the order of operations is part of every result's bits.
template <class Real, class... Lower>
[[gnu::always_inline]] constexpr inline Real polynomial(Real x, Real highest, Lower... lower) {
  Real sum = highest;
  ((sum = sum * x + lower), ...);
  return sum;
}

inline constexpr double central = 0.425;  // |p - 1/2| up to which the first piece holds
inline constexpr double far = 5.0;        // sqrt(-log(tail)) up to which the second one does

// q = p - 1/2.
[[gnu::always_inline]] inline double quantile_in_centre(double q) {
  const double r = 0.180625 - q * q;
  const double numerator = polynomial(r, 2.5090809287301226727e+3, 3.3430575583588128105e+4, 6.7265770927008700853e+4,
                                      4.5921953931549871457e+4, 1.3731693765509461125e+4, 1.9715909503065514427e+3,
                                      1.3314166789178437745e+2, 3.3871328727963666080e+0);
  const double denominator = polynomial(r, 5.2264952788528545610e+3, 2.8729085735721942674e+4, 3.9307895800092710610e+4,
                                        2.1213794301586595867e+4, 5.3941960214247511077e+3, 6.8718700749205790830e+2,
                                        4.2313330701600911252e+1, 1.0);
  return q * numerator / denominator;
}

// How far out a tail probability lies: sqrt(-log(tail)).
[[gnu::always_inline]] inline double distance(double tail) {
  return __builtin_sqrt(-math::log(tail));
}

// The magnitude of the quantile at a distance.
[[gnu::always_inline]] inline double quantile_in_tail(double distance) {
  const double r = distance - 1.6;
  const double numerator = polynomial(r, 7.74545014278341407640e-4, 2.27238449892691845833e-2,
                                      2.41780725177450611770e-1, 1.27045825245236838258e+0, 3.64784832476320460504e+0,
                                      5.76949722146069140550e+0, 4.63033784615654529590e+0, 1.42343711074968357734e+0);
  const double denominator = polynomial(r, 1.05075007164441684324e-9, 5.47593808499534494600e-4,
                                        1.51986665636164571966e-2, 1.48103976427480074590e-1, 6.89767334985100004550e-1,
                                        1.67638483018380384940e+0, 2.05319162663775882187e+0, 1.0);
  return numerator / denominator;
}
[[gnu::always_inline]] inline double quantile_far_out(double distance) {
  const double r = distance - 5.0;
  const double numerator = polynomial(r, 2.01033439929228813265e-7, 2.71155556874348757815e-5,
                                      1.24266094738807843860e-3, 2.65321895265761230930e-2, 2.96560571828504891230e-1,
                                      1.78482653991729133580e+0, 5.46378491116411436990e+0, 6.65790464350110377720e+0);
  const double denominator = polynomial(r, 2.04426310338993978564e-15, 1.42151175831644588870e-7,
                                        1.84631831751005468180e-5, 7.86869131145613259100e-4, 1.48753612908506148525e-2,
                                        1.36929880922735805310e-1, 5.99832206555887937690e-1, 1.0);
  return numerator / denominator;
}

// Single precision: the quantile of p = (word + 1/2) 2^-32, in two steps so that a loop over each keeps the pipelines
// full. Nothing but float arithmetic, absolute error below 8e-7 (tests/unit/core/test_random.cpp); the quantiles of
// word and ~word differ in sign only.
//
// With q = 1 - p, x = 2p - 1 and l = log2(4 p q) = log2(1 - x^2) <= 0, the square of the quantile is nearly
// proportional to l, from the centre, where both go with x^2, to the tails: -quantile^2 / l rises from 1.089 to 1.296
// (to 2 log 2 far out). So one rational function does for all words, and its rounding errors, like those of l, are
// halved by the square root. Coefficients by Remez' algorithm in extended precision, then rounded.

// l. Where it is small the quantile needs it accurate relative to itself: there x^2 is taken, not 1 - 4 p q.
[[gnu::always_inline]] inline float log2_4pq(std::uint32_t word) {
  // Distances from the nearer end and from the centre in units of 2^-32, each rounded by itself so that each is
  // accurate relative to itself.
  const std::int32_t steps = static_cast<std::int32_t>(word) ^ (static_cast<std::int32_t>(word) >> 31);
  const float inward = static_cast<float>(steps) + 0.5f, outward = static_cast<float>(0x7fffffff - steps) + 0.5f;
  const float product = inward * (0x1p-30f - inward * 0x1p-62f);
  // 2^k (1 + f) with 1 + f in [sqrt(1/2), sqrt(2)), as in math::log.
  const auto bits = __builtin_bit_cast(std::uint32_t, product);
  const std::int32_t k = static_cast<std::int32_t>(bits - 0x3f3504f3u) >> 23;
  const float beside_one = __builtin_bit_cast(float, bits - (static_cast<std::uint32_t>(k) << 23)) - 1.0f;
  const float f = k == 0 ? outward * (outward * -0x1p-62f) : beside_one;
  // log2(1 + f) / f, within 6e-8 / max(|f|, 0.15). Even and odd powers apart halve the length of the dependent chain.
  const float z = f * f;
  const float even = polynomial(z, 0.235816207f, 0.286868521f, 0.480931615f, 1.4426949f);
  const float odd = polynomial(z, -0.145785575f, -0.249596801f, -0.36015361f, -0.721354921f);
  return static_cast<float>(k) + f * (even + f * odd);
}

// The quantile of a word whose log2_4pq is l. `ratio` is within 4e-8 of quantile^2 / l, relative to it; the greater
// part of it stands outside the fraction, whose rounding errors do not reach it.
[[gnu::always_inline]] inline float quantile_of_word(std::uint32_t word, float l) {
  const float z = l * l;
  const float numerator = polynomial(z, 54.4305787f, 5030.68418f) - l * polynomial(z, 3.01829021f, 477.352171f);
  const float denominator = polynomial(z, 1.0f, 359.333874f, 18043.6308f) - l * polynomial(z, 27.2920566f, 2860.01595f);
  const float ratio = numerator / denominator - (1.36759973f - 7.23223949e-05f * l);
  const float size = __builtin_sqrtf(l * ratio);
  return __builtin_bit_cast(float, __builtin_bit_cast(std::uint32_t, size) | (~word & 0x80000000u));
}

}  // namespace rheo::normal
