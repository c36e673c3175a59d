// Our own exp, expm1, log, log1p, tanh, pow and sine/cosine of turns: the same bits from every compiler, processor and
// level of optimisation. Those of the C library differ in the last bit between vendors and between processors with and
// without fused multiply-add.
//
// Invariants:
// - Only + - * / , comparisons, integer operations and bit casts touch a result, each exactly defined by IEEE 754, in
//   the order written. That needs round to nearest, subnormals kept, no contraction (-ffp-contract=off) and no
//   -ffast-math.
// - A result that is not a number is always the same quiet NaN (0x7ff8000000000000; 0x7fc00000 in single precision).
// - Errors are below 1 ulp. Largest found by tests/unit/core/test_math.cpp, which also pins exact values: exp 0.63
// (0.76
//   where the result is subnormal; in single precision 0.71 and 0.76), expm1 0.88, log 0.76, log1p 0.77, sine 0.67,
//   cosine 0.71. tanh: below 2.5 ulp. x^y: below 1 + |y log x| / 10 ulp.
//
// Sources: argument reduction in two parts after Cody and Waite, "Software Manual for the Elementary Functions" (1980);
// the shape of log and log1p (s = f / (2 + f), the odd series of atanh) is the method documented in fdlibm (Sun, 1993).
// The polynomials are plain Taylor series, so every coefficient can be checked by hand.
//
// All functions are branch-free (selects only), so that loops over arrays vectorise, and always inlined: kernel files
// are compiled once per instruction set, and an out-of-line copy could be shared between them by the linker.
#pragma once

#include <cfloat>
#include <cstdint>
#include <limits>

#ifdef __FAST_MATH__
#error "core/math.hpp promises exact bits: compile without -ffast-math"
#endif

namespace rheo::math {

#ifdef FLT_EVAL_METHOD
static_assert(FLT_EVAL_METHOD == 0, "double must be computed as double");
#endif
static_assert(std::numeric_limits<double>::is_iec559);

namespace detail {

[[gnu::always_inline]] constexpr inline std::uint64_t to_bits(double x) {
  return __builtin_bit_cast(std::uint64_t, x);
}
[[gnu::always_inline]] constexpr inline double from_bits(std::uint64_t b) {
  return __builtin_bit_cast(double, b);
}

inline constexpr double infinity = std::numeric_limits<double>::infinity();
inline constexpr double not_a_number = from_bits(0x7ff8000000000000u);
inline constexpr double ln2_hi = 0x1.62e42fefp-1;        // 33 bits: exact when multiplied by an exponent
inline constexpr double ln2_lo = 0x1.473de6af278edp-34;  // ln 2 - ln2_hi
inline constexpr double log2_e = 0x1.71547652b82fep+0;   // 1 / ln 2
// Adding this rounds |x| <= 2^51 to the nearest integer, which then stands in the low bits of the sum.
inline constexpr double rounder = 0x1.8p52;

// 2^k for -1022 <= k <= 1023.
[[gnu::always_inline]] constexpr inline double power_of_two(std::uint64_t k) {
  return from_bits((k + 1023) << 52);
}

// y * 2^k for normal y near 1 and |k| < 2046, rounded once. In two factors, because 2^k alone may not be
// representable; the first product is exact. The shift is a logical one because AVX2 has no other for 64 bits.
[[gnu::always_inline]] constexpr inline double scale(double y, std::uint64_t k) {
  const std::uint64_t half = ((k + 2048) >> 1) - 1024;
  return (y * power_of_two(half)) * power_of_two(k - half);
}

// x = k ln2 + r + c with |r| <= ln2 / 2 and |c| below half an ulp of r; e^(r + c) - 1 = r + r^2 / 2 + rest.
struct ExpParts {
  std::uint64_t k;  // two's complement
  double r;
  double rest;
};

[[gnu::always_inline]] constexpr inline ExpParts reduce_for_exp(double x) {
  const double rounded = x * log2_e + rounder;
  const double k = rounded - rounder;
  const double hi = x - k * ln2_hi;  // exact
  const double lo = k * ln2_lo;
  const double r = hi - lo;
  const double c = (hi - r) - lo;
  // (e^r - 1 - r) / r^2 by Taylor; the first term left out is r^13 / 15! < 1e-18, beside 1/2. Even and odd powers
  // apart halve the length of the dependent chain; the leading 1/2 is left to the caller.
  const double z = r * r;
  const double even =
      z * (1.0 / 24 +
           z * (1.0 / 720 + z * (1.0 / 40320 + z * (1.0 / 3628800 + z * (1.0 / 479001600 + z * (1.0 / 87178291200))))));
  const double odd =
      1.0 / 6 + z * (1.0 / 120 + z * (1.0 / 5040 + z * (1.0 / 362880 + z * (1.0 / 39916800 + z * (1.0 / 6227020800)))));
  return {to_bits(rounded) - to_bits(rounder), r, z * (even + r * odd) + c};
}

// log(2^k (1 + f) (1 + c)) for 1 + f in [sqrt(1/2), sqrt(2)) and tiny c. With s = f / (2 + f) and z = s^2,
// log(1 + f) = 2 atanh(s) = f - (f^2 / 2 - s (f^2 / 2 + R)), R = 2/3 z + 2/5 z^2 + ...; z <= 0.0295, so that the first
// term left out is below 1e-18 of the whole.
[[gnu::always_inline]] constexpr inline double log_of_parts(double k, double f, double c) {
  const double s = f / (2.0 + f);
  const double z = s * s;
  const double w = z * z;
  const double odd = z * (2.0 / 3 + w * (2.0 / 7 + w * (2.0 / 11 + w * (2.0 / 15 + w * (2.0 / 19)))));
  const double even = w * (2.0 / 5 + w * (2.0 / 9 + w * (2.0 / 13 + w * (2.0 / 17 + w * (2.0 / 21)))));
  const double half_square = 0.5 * f * f;
  return k * ln2_hi - ((half_square - (s * (half_square + (even + odd)) + (k * ln2_lo + c))) - f);
}

// A positive normal number as 2^k m with m in [sqrt(1/2), sqrt(2)).
struct LogParts {
  double k;
  double m;
};

[[gnu::always_inline]] constexpr inline LogParts split_for_log(double x) {
  constexpr std::uint64_t sqrt_half = to_bits(0x1.6a09e667f3bcdp-1);
  // Biased by 1024 exponents so that the shift is a logical one (AVX2 has no arithmetic one for 64 bits).
  const std::uint64_t biased = ((to_bits(x) - sqrt_half + (std::uint64_t{1024} << 52)) >> 52);
  const double k = from_bits(to_bits(rounder) + biased - 1024) - rounder;
  return {k, from_bits(to_bits(x) - ((biased - 1024) << 52))};
}

}  // namespace detail

// e^x. 0 below about -745.13, infinity above about 709.78; results below 2^-1022 are rounded subnormals.
[[gnu::always_inline]] constexpr inline double exp(double x) {
  // Beyond these borders the result no longer changes and the exponent would leave its range. NaN passes.
  const double low = x < -746.0 ? -746.0 : x;
  const double clamped = low > 710.0 ? 710.0 : low;
  const auto parts = detail::reduce_for_exp(clamped);
  const double sum = 1.0 + parts.r;
  const double lost = parts.r - (sum - 1.0);  // what rounding took from the sum, exactly
  const double y = detail::scale(sum + (lost + (0.5 * parts.r * parts.r + parts.rest)), parts.k);
  return x != x ? detail::not_a_number : y;
}

// e^x in single precision, for the inner loops of neurons: 0 below about -103.97, infinity above about 88.72; results
// below 2^-126 are rounded subnormals. The same method with a series that ends at r^7 / 7!; the first term left out is
// below 6e-9 of the whole, a tenth of an ulp.
[[gnu::always_inline]] constexpr inline float exp(float x) {
  constexpr float log2_e = 0x1.715476p+0f, rounder = 0x1.8p23f;
  constexpr float ln2_hi = 0x1.62e4p-1f, ln2_lo = 0x1.7f7d1cp-20f;  // ln2_hi: 15 bits, exact times an exponent
  const auto to_bits = [](float y) __attribute__((always_inline)) {
    return __builtin_bit_cast(std::uint32_t, y);
  };
  const auto power_of_two = [](std::uint32_t n) __attribute__((always_inline)) {
    return __builtin_bit_cast(float, (n + 127) << 23);
  };
  const float low = x < -105.0f ? -105.0f : x;
  const float clamped = low > 89.0f ? 89.0f : low;
  const float rounded = clamped * log2_e + rounder;
  const float k = rounded - rounder;
  const float hi = clamped - k * ln2_hi;  // exact
  const float lo = k * ln2_lo;
  const float r = hi - lo;
  const float c = (hi - r) - lo;
  const float z = r * r;
  const float even = z * (1.0f / 24 + z * (1.0f / 720));
  const float odd = 1.0f / 6 + z * (1.0f / 120 + z * (1.0f / 5040));
  const float sum = 1.0f + r;
  const float lost = r - (sum - 1.0f);  // what rounding took from the sum, exactly
  const float y = sum + (lost + (0.5f * z + (z * (even + r * odd) + c)));
  const std::uint32_t n = to_bits(rounded) - to_bits(rounder), half = ((n + 256) >> 1) - 128;
  const float scaled = (y * power_of_two(half)) * power_of_two(n - half);
  return x != x ? __builtin_bit_cast(float, 0x7fc00000u) : scaled;
}

// e^x - 1, accurate for small x too.
[[gnu::always_inline]] constexpr inline double expm1(double x) {
  const double low = x < -40.0 ? -40.0 : x;  // e^-40 < half an ulp of 1
  const double clamped = low > 710.0 ? 710.0 : low;
  const auto parts = detail::reduce_for_exp(clamped);
  // 2^k ((1 - 2^-k) + (e^r - 1)); for k > 60 the power no longer shows, and its exponent would leave its range.
  const std::uint64_t k = static_cast<std::int64_t>(parts.k) > 60 ? 60 : parts.k;
  const double one = 1.0 - detail::power_of_two(0 - k);
  const double r = parts.r;
  // Near x = 0.35 one + r nearly cancels, so r^2 / 2 too is added in two parts, the first of them exact because the
  // upper part of r has 26 bits. In both sums the larger summand stands first, so that what rounding takes is exact.
  const double r_hi = detail::from_bits(detail::to_bits(r) & ~((std::uint64_t{1} << 27) - 1));
  const double square = 0.5 * r_hi * r_hi;
  const double square_rest = 0.5 * (r - r_hi) * (r + r_hi);
  const double sum = one + r;
  const double lost = r - (sum - one);
  const double sum2 = sum + square;
  const double lost2 = square - (sum2 - sum);
  const double y = detail::scale(sum2 + (lost + (lost2 + (square_rest + parts.rest))), parts.k);
  const double signed_zero = x == 0.0 ? x : y;
  return x != x ? detail::not_a_number : signed_zero;
}

// The natural logarithm. log(0) = -infinity, of a negative number NaN.
[[gnu::always_inline]] constexpr inline double log(double x) {
  const bool subnormal = x < 0x1p-1022;
  const auto parts = detail::split_for_log(subnormal ? x * 0x1p54 : x);
  const double y = detail::log_of_parts(subnormal ? parts.k - 54.0 : parts.k, parts.m - 1.0, 0.0);
  const double upper = x == detail::infinity ? x : y;
  const double lower = x == 0.0 ? -detail::infinity : upper;
  return x >= 0.0 ? lower : detail::not_a_number;
}

// log(1 + x), accurate for small x too. log1p(-1) = -infinity, below NaN.
[[gnu::always_inline]] constexpr inline double log1p(double x) {
  const double u = 1.0 + x;
  const double shifted = u - 1.0;
  const double lost = (1.0 - (u - shifted)) + (x - shifted);  // 1 + x = u + lost exactly
  const auto parts = detail::split_for_log(u);
  const bool near_one = parts.k == 0.0;  // then x itself is the exact f
  const double y = detail::log_of_parts(parts.k, near_one ? x : parts.m - 1.0, near_one ? 0.0 : lost / u);
  const double signed_zero = x == 0.0 ? x : y;
  const double upper = x == detail::infinity ? x : signed_zero;
  const double lower = x == -1.0 ? -detail::infinity : upper;
  return x >= -1.0 ? lower : detail::not_a_number;
}

// Exactly rounded, as IEEE 754 defines it.
[[gnu::always_inline]] inline double sqrt(double x) {
  return __builtin_sqrt(x);
}
[[gnu::always_inline]] inline float sqrt(float x) {
  return __builtin_sqrtf(x);
}

[[gnu::always_inline]] constexpr inline double tanh(double x) {
  const double size = x < 0.0 ? -x : x;
  const double more = expm1(2.0 * (size > 22.0 ? 22.0 : size));  // tanh 22 is 1 to within half an ulp
  const double y = more / (more + 2.0);
  const double signed_y = x < 0.0 ? -y : y;
  const double upper = x == 0.0 ? x : signed_y;
  return x != x ? detail::not_a_number : upper;
}

namespace detail {

// a b = high + low, exactly, where nothing overflows (T. J. Dekker, Numerische Mathematik 18, 1971).
struct TwoParts {
  double high, low;
};
[[gnu::always_inline]] constexpr inline TwoParts exact_product(double a, double b) {
  const auto upper = [](double x) __attribute__((always_inline)) {
    return from_bits(to_bits(x) & ~((std::uint64_t{1} << 27) - 1));
  };
  const double p = a * b, a1 = upper(a), b1 = upper(b), a2 = a - a1, b2 = b - b1;
  return {p, ((a1 * b1 - p) + a1 * b2 + a2 * b1) + a2 * b2};
}

// The logarithm of a positive finite number, as a sum whose second part is below an ulp of the first.
[[gnu::always_inline]] constexpr inline TwoParts log_in_two(double x) {
  const bool subnormal = x < 0x1p-1022;
  const auto parts = split_for_log(subnormal ? x * 0x1p54 : x);
  const double k = subnormal ? parts.k - 54.0 : parts.k;
  // s = f / (2 + f) in two parts; log(1 + f) = 2 s + s^3 (2/3 + 2/5 s^2 + ...).
  const double f = parts.m - 1.0, d = 2.0 + f, d_low = f - (d - 2.0);
  const double s = f / d;
  const TwoParts sd = exact_product(s, d);
  const double s_low = (((f - sd.high) - sd.low) - s * d_low) / d;
  const double z = s * s, w = z * z;
  const double odd = 2.0 / 3 + w * (2.0 / 7 + w * (2.0 / 11 + w * (2.0 / 15 + w * (2.0 / 19))));
  const double even = 2.0 / 5 + w * (2.0 / 9 + w * (2.0 / 13 + w * (2.0 / 17 + w * (2.0 / 21))));
  const double rest = 2.0 * s_low + s * z * (odd + z * even);
  // k ln2_hi is exact, and 0 or larger than 2 s.
  const double whole = k * ln2_hi, sum = whole + 2.0 * s, lost = k == 0.0 ? 0.0 : 2.0 * s - (sum - whole);
  const double low = lost + (rest + k * ln2_lo), high = sum + low;
  return {high, low - (high - sum)};
}

}  // namespace detail

// x^y for x >= 0: not a number for x < 0. x^0 = 1, 0^y = 0 or infinity.
[[gnu::always_inline]] constexpr inline double pow(double x, double y) {
  using detail::infinity;
  const bool ordinary = x > 0.0 && x < infinity;
  const auto log_x = detail::log_in_two(ordinary ? x : 1.0);
  // Beyond these exponents every x but 1 gives 0 or infinity; the product stays finite.
  const double low = y < -0x1p65 ? -0x1p65 : y, exponent = low > 0x1p65 ? 0x1p65 : low;
  const auto product = detail::exact_product(exponent, log_x.high);
  const double rest = product.low + exponent * log_x.low;
  const double beyond = product.high > 720.0 ? 720.0 : product.high, t = beyond < -760.0 ? -760.0 : beyond;
  const double power = exp(t), small = t == product.high ? rest : 0.0;
  const double corrected = power == infinity ? power : power + power * small;
  const double at_zero = y > 0.0 ? 0.0 : infinity, at_infinity = y > 0.0 ? infinity : 0.0;
  const double edge = x == 0.0 ? at_zero : at_infinity;
  const double value = ordinary ? corrected : edge;
  const double known = y == 0.0 || x == 1.0 ? 1.0 : value;
  return x != x || y != y || x < 0.0 ? detail::not_a_number : known;
}

// In single precision by way of double.
[[gnu::always_inline]] constexpr inline float log(float x) {
  return static_cast<float>(log(static_cast<double>(x)));
}
[[gnu::always_inline]] constexpr inline float tanh(float x) {
  return static_cast<float>(tanh(static_cast<double>(x)));
}
[[gnu::always_inline]] constexpr inline float pow(float x, float y) {
  return static_cast<float>(pow(static_cast<double>(x), static_cast<double>(y)));
}

// s = sin(2 pi turns), c = cos(2 pi turns). An argument in turns reduces without error at any size, and multiples of
// a quarter give exactly 0 and +-1. Infinity and NaN give NaN.
[[gnu::always_inline]] constexpr inline void sin_cos_2pi(double turns, double& s, double& c) {
  using detail::rounder;
  // Whole turns go first. From 2^51 on the rounding trick fails, but 2^51 is itself a number of whole turns; from 2^52
  // on every double is one.
  const double size = turns < 0.0 ? -turns : turns;
  const double sign = turns < 0.0 ? -1.0 : 1.0;
  const double below_2_51 = size < 0x1p51 ? size : size - 0x1p51;
  const double moderate = size < 0x1p52 ? below_2_51 : 0.0;
  const double fraction = moderate - ((moderate + rounder) - rounder);  // in [-1/2, 1/2], exact
  // Then quarters: fraction = quadrant / 4 + r with |r| <= 1/8, exact.
  const double rounded = fraction * 4.0 + rounder;
  const double r = fraction - (rounded - rounder) * 0.25;
  const std::uint64_t quadrant = detail::to_bits(rounded) & 3;
  const double z = r * r;

  // sin(2 pi r) = 2 pi r - (2 pi r)^3 / 3! + ...: the leading product in two parts, the first of them exact because
  // both factors have at most 26 bits.
  constexpr double two_pi_hi = 0x1.921fb5p+2, two_pi_lo = 0x1.110b4611a6263p-24;
  const double r_hi = detail::from_bits(detail::to_bits(r) & ~((std::uint64_t{1} << 27) - 1));
  const double product = r_hi * two_pi_hi;
  const double lost = (r - r_hi) * two_pi_hi + r * two_pi_lo;
  const double sin_series =
      -0x1.4abbce625be53p+5 +
      z * (0x1.466bc6775aae2p+6 +
           z * (-0x1.32d2cce62bd86p+6 +
                z * (0x1.50783487ee782p+5 +
                     z * (-0x1.e3074fde8871fp+3 +
                          z * (0x1.e8f434d018d63p+1 + z * (-0x1.6fadb9f155744p-1 + z * 0x1.aaec32af93359p-4))))));
  const double sine = product + (lost + r * z * sin_series);

  // cos(2 pi r) = 1 - (2 pi r)^2 / 2! + ...: the square of y = 2 pi r in two parts, the first of them exact because the
  // upper part of y has 26 bits.
  const double y_hi = detail::from_bits(detail::to_bits(product) & ~((std::uint64_t{1} << 27) - 1));
  const double y_lo = (product - y_hi) + lost;
  const double square = 0.5 * y_hi * y_hi;
  const double rest = y_lo * (y_hi + 0.5 * y_lo);
  const double sum = 1.0 - square;
  const double cos_series =
      0x1.03c1f081b5ac4p+6 +
      z * (-0x1.55d3c7e3cbffap+6 +
           z * (0x1.e1f506891babbp+5 +
                z * (-0x1.a6d1f2a204a8cp+4 +
                     z * (0x1.f9d38a3763cc3p+2 + z * (-0x1.b6e24f44b128fp+0 + z * 0x1.20c62c2f2d7f5p-2)))));
  const double cosine = sum + (((1.0 - sum) - square) + (z * z * cos_series - rest));

  const bool odd = (quadrant & 1) != 0;
  const double sin_size = odd ? cosine : sine;
  const double cos_size = odd ? sine : cosine;
  const double sin_value = sign * ((quadrant & 2) != 0 ? -sin_size : sin_size);
  const double cos_value = ((quadrant + 1) & 2) != 0 ? -cos_size : cos_size;
  const bool finite = size < detail::infinity;
  s = finite ? sin_value : detail::not_a_number;
  c = finite ? cos_value : detail::not_a_number;
}

}  // namespace rheo::math
