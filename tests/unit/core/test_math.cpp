// core/math.hpp against the C library's long double functions (accuracy) and against known bit patterns (sameness: a
// compiler, processor or flag that computes anything differently fails here).
#include <algorithm>
#include <catch2/catch.hpp>
#include <cfloat>
#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

#include "core/math.hpp"

namespace test_math {

namespace {

using rheo::math::detail::from_bits;
using rheo::math::detail::to_bits;

constexpr double inf = std::numeric_limits<double>::infinity();
constexpr double not_a_number = std::numeric_limits<double>::quiet_NaN();
constexpr double denorm = std::numeric_limits<double>::denorm_min();
constexpr double largest = std::numeric_limits<double>::max();

// Distance of y from the true value in units of the last place that a double has there.
double error_in_ulps(double y, long double truth) {
  if (std::isnan(y) || std::isinf(y)) return inf;
  int exponent = 0;
  std::frexp(truth, &exponent);
  const long double ulp = std::ldexp(1.0L, std::max(exponent - 53, -1074));
  return static_cast<double>(std::fabs(static_cast<long double>(y) - truth) / ulp);
}

// Arguments for the tests: SplitMix64, so that they do not depend on what is tested.
class Arguments {
 public:
  std::uint64_t word() {
    std::uint64_t x = state_ += 0x9E3779B97F4A7C15u;
    x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9u;
    x = (x ^ (x >> 27)) * 0x94D049BB133111EBu;
    return x ^ (x >> 31);
  }
  double between(double lo, double hi) { return lo + (hi - lo) * (static_cast<double>(word() >> 11) * 0x1p-53); }
  // Random sign, exponent in [low, high), mantissa.
  double of_exponent(int low, int high) {
    const int exponent = low + static_cast<int>(word() % static_cast<unsigned>(high - low));
    const double m = std::ldexp(between(1.0, 2.0), exponent);
    return (word() & 1) != 0 ? -m : m;
  }

 private:
  std::uint64_t state_ = 20;
};

struct Worst {
  double ulps = 0.0, at = 0.0;
  void see(double x, double y, long double truth) {
    const double e = error_in_ulps(y, truth);
    if (e > ulps) {
      ulps = e;
      at = x;
    }
  }
};

bool is_the_nan(double y) {
  return to_bits(y) == 0x7ff8000000000000u;
}
bool same_bits(double a, double b) {
  return to_bits(a) == to_bits(b);
}

// Reading through a volatile keeps the compiler from computing a known answer while compiling.
double opaque(double x) {
  volatile double v = x;
  return v;
}

struct Known {
  double x, y;
};

// Functions as the tests call them: out of line, one value at a time.
double my_exp(double x) {
  return rheo::math::exp(opaque(x));
}
double my_expm1(double x) {
  return rheo::math::expm1(opaque(x));
}
double my_log(double x) {
  return rheo::math::log(opaque(x));
}
double my_log1p(double x) {
  return rheo::math::log1p(opaque(x));
}

const Known known_exp[] = {
    {0x1p+0, 0x1.5bf0a8b145769p+1},
    {-0x1p+0, 0x1.78b56362cef38p-2},
    {0x1.999999999999ap-4, 0x1.1aec7b35a00d4p+0},
    {-0x1.999999999999ap-4, 0x1.cf46d99d52b3ap-1},
    {0x1.62e42fefa39efp-2, 0x1.6a09e667f3bccp+0},
    {0x1.12e0be826d695p-30, 0x1.000000044b83p+0},
    {0x1.499999999999ap+3, 0x1.d09279b49287p+14},
    {-0x1.4b33333333333p+4, 0x1.195920309b9dap-30},
    {0x1.edd2f1a9fbe77p+6, 0x1.1428e1cbc0143p+178},
    {-0x1.59ad916872b02p+8, 0x1.3971a67444e9dp-499},
    {0x1.62d999999999ap+9, 0x1.d75ae7a50ee14p+1023},
    {-0x1.6226666666666p+9, 0x1.19e98b83de7a3p-1022},
    {-0x1.6d0cccccccccdp+9, 0x0.000000019c876p-1022},
    {-0x1.748cccccccccdp+9, 0x0.0000000000001p-1022},
};
const Known known_expm1[] = {
    {0x1p+0, 0x1.b7e151628aed3p+0},
    {-0x1p+0, -0x1.43a54e4e98864p-1},
    {0x1.999999999999ap-4, 0x1.aec7b35a00d3ap-4},
    {-0x1.999999999999ap-4, -0x1.85c933156a62cp-4},
    {0x1.62e42fefa39efp-2, 0x1.a827999fcef32p-2},
    {0x1.70a3d70a3d70ap-2, 0x1.bbbab4bfb9d7ep-2},
    {-0x1.6666666666666p-2, -0x1.2e663ed31c11ep-2},
    {0x1.12e0be826d695p-30, 0x1.12e0be84bbb51p-30},
    {-0x1.70ef54646d497p-57, -0x1.70ef54646d497p-57},
    {0x1.499999999999ap+3, 0x1.d08e79b49287p+14},
    {-0x1.4b33333333333p+4, -0x1.fffffff73537p-1},
    {-0x1.2a66666666666p+5, -0x1p+0},
    {0x1.edd2f1a9fbe77p+6, 0x1.1428e1cbc0143p+178},
    {0x1.62d999999999ap+9, 0x1.d75ae7a50ee14p+1023},
};
const Known known_log[] = {
    {0x1p+1, 0x1.62e42fefa39efp-1},
    {0x1p-1, -0x1.62e42fefa39efp-1},
    {0x1.999999999999ap-4, -0x1.26bb1bbb55515p+1},
    {0x1.ccccccccccccdp-1, -0x1.af8e8210a415cp-4},
    {0x1.199999999999ap+0, 0x1.8663f793c46ccp-4},
    {0x1.921f9f01b866ep+1, 0x1.250cf662abf9ap+0},
    {0x1.6a09e667f3bcdp-1, -0x1.62e42fefa39eep-2},
    {0x1.6a09e667f3bcdp+0, 0x1.62e42fefa39fp-2},
    {0x1.2a05f2p+33, 0x1.7069e2aa2aa5bp+4},
    {0x1.b7cdfd9d7bdbbp-34, -0x1.7069e2aa2aa5bp+4},
    {0x1.e42d130773b76p+1023, 0x1.62dd08fdc6f88p+9},
    {0x1.59283684dba77p-1022, -0x1.620c7e098d3dcp+9},
    {0x0.0000000002788p-1022, -0x1.6f9be0f7cee66p+9},
    {0x1.fffffca501acbp-1, -0x1.ad7f2b1049b9fp-24},
};
const Known known_log1p[] = {
    {0x1p+0, 0x1.62e42fefa39efp-1},
    {-0x1p-1, -0x1.62e42fefa39efp-1},
    {0x1.999999999999ap-4, 0x1.8663f793c46c7p-4},
    {-0x1.999999999999ap-4, -0x1.af8e8210a415ep-4},
    {0x1.ae147ae147ae1p-2, 0x1.6712984ec8f15p-2},
    {-0x1.3333333333333p-2, -0x1.6d3c324e13f4ep-2},
    {0x1.12e0be826d695p-30, 0x1.12e0be801f1d9p-30},
    {-0x1.70ef54646d497p-57, -0x1.70ef54646d497p-57},
    {0x1.56e1fc2f8f359p-997, 0x1.56e1fc2f8f359p-997},
    {0x1.499999999999ap+3, 0x1.365fef8b1b1a2p+1},
    {-0x1.ff7ced916872bp-1, -0x1.ba18a998fff9fp+2},
    {0x1.2a05f2p+33, 0x1.7069e2aa3184ep+4},
    {0x1.7e43c8800759cp+996, 0x1.5963447f87fb5p+9},
    {0x1.a3d70a3d70a3dp-2, 0x1.5fd5fabe64085p-2},
};
struct KnownPair {
  double turns, s, c;
};
const KnownPair known_sin_cos[] = {
    {0x1.999999999999ap-4, 0x1.2cf2304755a5ep-1, 0x1.9e3779b97f4a8p-1},
    {-0x1.999999999999ap-4, -0x1.2cf2304755a5ep-1, 0x1.9e3779b97f4a8p-1},
    {0x1.47ae147ae147bp-7, 0x1.0130a1be09379p-4, 0x1.fefd5bfe443fep-1},
    {0x1.b7cdfd9d7bdbbp-34, 0x1.596bf8ce7631ep-31, 0x1p+0},
    {0x1p-3, 0x1.6a09e667f3bccp-1, 0x1.6a09e667f3bcdp-1},
    {0x1.999999999999ap-3, 0x1.e6f0e134455p-1, 0x1.3c6ef372fe94ep-2},
    {0x1.554c985f06f69p-2, 0x1.bb7567b2338cp-1, -0x1.ffd073100b48ap-2},
    {0x1.ccccccccccccdp-2, 0x1.3c6ef372fe94ep-2, -0x1.e6f0e134455p-1},
    {0x1.3333333333333p-1, -0x1.2cf2304755a5dp-1, -0x1.9e3779b97f4a8p-1},
    {0x1.6b851eb851eb8p-1, -0x1.efea21d101eep-1, -0x1.fd511fa1c079ep-3},
    {0x1.fae147ae147aep-1, -0x1.0130a1be0937dp-4, 0x1.fefd5bfe443fep-1},
    {-0x1.d333333333333p+2, -0x1.e6f0e13445502p-1, -0x1.3c6ef372fe93cp-2},
    {0x1.81cd6c8b43958p+13, -0x1.cc7ed85aa758p-1, -0x1.bf9b468956944p-2},
    {0x1.c6bf526340001p+49, 0x1.6a09e667f3bccp-1, 0x1.6a09e667f3bcdp-1},
};

// A loop over an array, which compilers vectorise, must give the bits of single calls.
template <class One, class Loop>
void check_loop(const std::vector<double>& xs, One one, Loop loop) {
  std::vector<double> ys(xs.size());
  loop(xs.data(), ys.data(), xs.size());
  std::size_t different = 0;
  for (std::size_t i = 0; i < xs.size(); ++i) different += same_bits(ys[i], one(xs[i])) ? 0 : 1;
  CHECK(different == 0);
}

constexpr int arguments_per_range = 50000;

}  // namespace

TEST_CASE("math: known answers, to the bit", "[math]") {
  for (const auto& [x, y] : known_exp) {
    CAPTURE(x, y, my_exp(x));
    CHECK(same_bits(my_exp(x), y));
  }
  for (const auto& [x, y] : known_expm1) {
    CAPTURE(x, y, my_expm1(x));
    CHECK(same_bits(my_expm1(x), y));
  }
  for (const auto& [x, y] : known_log) {
    CAPTURE(x, y, my_log(x));
    CHECK(same_bits(my_log(x), y));
  }
  for (const auto& [x, y] : known_log1p) {
    CAPTURE(x, y, my_log1p(x));
    CHECK(same_bits(my_log1p(x), y));
  }
  for (const auto& [turns, s, c] : known_sin_cos) {
    double my_s, my_c;
    rheo::math::sin_cos_2pi(opaque(turns), my_s, my_c);
    CAPTURE(turns, s, c, my_s, my_c);
    CHECK(same_bits(my_s, s));
    CHECK(same_bits(my_c, c));
  }
}

// Few single answers show that, say, a fused multiply-add crept in: results are usually the nearest double either way.
// Folding the bits of many does (tried with -ffp-contract=fast: all five differ).
TEST_CASE("math: many answers in one number, to the bit", "[math]") {
  constexpr int n = 20000;
  const auto hash_of = [](auto function) {
    Arguments next;
    std::uint64_t hash = 0;
    for (int i = 0; i < n; ++i) {
      for (const double x :
           {next.between(0, 1), next.between(-1, 1), next.between(-700, 700), next.of_exponent(-60, 60)}) {
        hash = (hash ^ to_bits(function(x))) * 0x100000001b3u;
        hash ^= hash >> 29;
      }
    }
    return hash;
  };
  CHECK(hash_of(my_exp) == 0x6fada57b71ab0d38u);
  CHECK(hash_of(my_expm1) == 0x9d53b2d692f37af9u);
  CHECK(hash_of(my_log) == 0x1d0fbd0f2016f064u);
  CHECK(hash_of(my_log1p) == 0x6f530987259e8f65u);
  CHECK(hash_of([](double x) {
          double s, c;
          rheo::math::sin_cos_2pi(opaque(x), s, c);
          return s + 2.0 * c;
        }) == 0xa06ac13b660d2328u);
}

TEST_CASE("math: edge values", "[math]") {
  SECTION("exp") {
    CHECK(same_bits(my_exp(0.0), 1.0));
    CHECK(same_bits(my_exp(-0.0), 1.0));
    CHECK(same_bits(my_exp(denorm), 1.0));
    CHECK(same_bits(my_exp(-denorm), 1.0));
    CHECK(same_bits(my_exp(inf), inf));
    CHECK(same_bits(my_exp(-inf), 0.0));
    CHECK(same_bits(my_exp(largest), inf));
    CHECK(same_bits(my_exp(-largest), 0.0));
    CHECK(is_the_nan(my_exp(not_a_number)));
    CHECK(is_the_nan(my_exp(-not_a_number)));
    // The last finite and the first infinite argument; the last that gives a subnormal and the first that gives 0.
    CHECK(std::isfinite(my_exp(0x1.62e42fefa39efp+9)));
    CHECK(same_bits(my_exp(0x1.62e42fefa39fp+9), inf));
    CHECK(same_bits(my_exp(-0x1.74910d52d3051p+9), denorm));
    CHECK(same_bits(my_exp(-0x1.74910d52d3053p+9), 0.0));
  }
  SECTION("expm1") {
    CHECK(same_bits(my_expm1(0.0), 0.0));
    CHECK(same_bits(my_expm1(-0.0), -0.0));
    CHECK(same_bits(my_expm1(denorm), denorm));
    CHECK(same_bits(my_expm1(-denorm), -denorm));
    CHECK(same_bits(my_expm1(inf), inf));
    CHECK(same_bits(my_expm1(-inf), -1.0));
    CHECK(same_bits(my_expm1(-50.0), -1.0));
    CHECK(same_bits(my_expm1(-largest), -1.0));
    CHECK(same_bits(my_expm1(710.0), inf));
    CHECK(std::isfinite(my_expm1(0x1.62e42fefa39efp+9)));
    CHECK(is_the_nan(my_expm1(not_a_number)));
  }
  SECTION("log") {
    CHECK(same_bits(my_log(1.0), 0.0));
    CHECK(same_bits(my_log(0.0), -inf));
    CHECK(same_bits(my_log(-0.0), -inf));
    CHECK(same_bits(my_log(inf), inf));
    CHECK(is_the_nan(my_log(-inf)));
    CHECK(is_the_nan(my_log(-1.0)));
    CHECK(is_the_nan(my_log(-denorm)));
    CHECK(is_the_nan(my_log(not_a_number)));
    CHECK(my_log(denorm) == Approx(-744.4400719213812).epsilon(1e-15));
    CHECK(my_log(largest) == Approx(709.782712893384).epsilon(1e-15));
  }
  SECTION("log1p") {
    CHECK(same_bits(my_log1p(0.0), 0.0));
    CHECK(same_bits(my_log1p(-0.0), -0.0));
    CHECK(same_bits(my_log1p(denorm), denorm));
    CHECK(same_bits(my_log1p(-denorm), -denorm));
    CHECK(same_bits(my_log1p(-1.0), -inf));
    CHECK(same_bits(my_log1p(inf), inf));
    CHECK(is_the_nan(my_log1p(-inf)));
    CHECK(is_the_nan(my_log1p(-1.5)));
    CHECK(is_the_nan(my_log1p(not_a_number)));
    CHECK(my_log1p(largest) == Approx(709.782712893384).epsilon(1e-15));
  }
  SECTION("sine and cosine") {
    double s, c;
    for (const double whole : {0.0, 1.0, -1.0, 12345.0, 0x1p50, 0x1p51 + 1.0, 0x1p52 + 1.0, 0x1p53, -0x1p53, 1e300}) {
      CAPTURE(whole);
      rheo::math::sin_cos_2pi(whole, s, c);
      CHECK((s == 0.0 && c == 1.0));
      if (std::fabs(whole) > 0x1p50) continue;
      rheo::math::sin_cos_2pi(whole + 0.25, s, c);
      CHECK((s == 1.0 && c == 0.0));
      rheo::math::sin_cos_2pi(whole + 0.5, s, c);
      CHECK((s == 0.0 && c == -1.0));
      rheo::math::sin_cos_2pi(whole + 0.75, s, c);
      CHECK((s == -1.0 && c == 0.0));
    }
    rheo::math::sin_cos_2pi(0x1p51 + 0.5, s, c);  // no longer within reach of the rounding trick
    CHECK((s == 0.0 && c == -1.0));
    rheo::math::sin_cos_2pi(-(0x1p51 + 0.5), s, c);
    CHECK((s == 0.0 && c == -1.0));
    rheo::math::sin_cos_2pi(denorm, s, c);
    CHECK((s >= 0.0 && s <= 7.0 * denorm && c == 1.0));
    for (const double bad : {inf, -inf, not_a_number}) {
      rheo::math::sin_cos_2pi(bad, s, c);
      CHECK(is_the_nan(s));
      CHECK(is_the_nan(c));
    }
  }
}

#if LDBL_MANT_DIG >= 64
TEST_CASE("math: accuracy against long double", "[math]") {
  Arguments next;
  SECTION("exp") {
    Worst normal, subnormal;
    for (int i = 0; i < arguments_per_range; ++i) {
      for (const double x : {next.between(-708.3, 709.7), next.between(-1, 1), next.of_exponent(-60, 9)}) {
        normal.see(x, my_exp(x), std::exp(static_cast<long double>(x)));
      }
      const double x = next.between(-745.1, -708.4);
      subnormal.see(x, my_exp(x), std::exp(static_cast<long double>(x)));
    }
    CAPTURE(normal.ulps, normal.at, subnormal.ulps, subnormal.at);
    CHECK(normal.ulps < 0.66);
    CHECK(subnormal.ulps < 0.8);
  }
  SECTION("expm1") {
    Worst worst;
    for (int i = 0; i < arguments_per_range; ++i) {
      for (const double x :
           {next.between(-45, 709.7), next.between(-3, 3), next.between(-0.4, 0.4), next.of_exponent(-1070, 5)}) {
        worst.see(x, my_expm1(x), std::expm1(static_cast<long double>(x)));
      }
    }
    CAPTURE(worst.ulps, worst.at);
    CHECK(worst.ulps < 0.92);
  }
  SECTION("log") {
    Worst worst;
    for (int i = 0; i < arguments_per_range; ++i) {
      for (const double x : {next.between(0, 10), next.between(0.6, 1.6), 1.0 + next.of_exponent(-52, -3),
                             std::fabs(next.of_exponent(-1074, 1024)), next.between(0, 0x1p-1022)}) {
        worst.see(x, my_log(x), std::log(static_cast<long double>(x)));
      }
    }
    CAPTURE(worst.ulps, worst.at);
    CHECK(worst.ulps < 0.8);
  }
  SECTION("log1p") {
    Worst worst;
    for (int i = 0; i < arguments_per_range; ++i) {
      for (const double x : {next.between(-1, 10), next.between(-0.5, 0.6), next.of_exponent(-1070, 0),
                             std::fabs(next.of_exponent(0, 1024)), -1.0 + std::fabs(next.of_exponent(-53, -1))}) {
        worst.see(x, my_log1p(x), std::log1p(static_cast<long double>(x)));
      }
    }
    CAPTURE(worst.ulps, worst.at);
    CHECK(worst.ulps < 0.8);
  }
  SECTION("sine and cosine") {
    constexpr long double two_pi = 6.283185307179586476925286766559005768L;
    Worst sine, cosine;
    for (int i = 0; i < arguments_per_range; ++i) {
      for (const double x : {next.between(-1, 1), next.between(-1000, 1000), next.of_exponent(-1000, 0),
                             0.25 + next.of_exponent(-40, -3)}) {
        // The reference is reduced to an eighth of a turn, exactly, so that its own argument is accurate.
        const long double quarters = std::nearbyint(4.0L * x);
        const long double r = (static_cast<long double>(x) - quarters / 4) * two_pi;
        const int quadrant = static_cast<int>(std::fmod(quarters, 4.0L) + 4.0L) & 3;
        const long double sr = std::sin(r), cr = std::cos(r);
        const long double true_s[] = {sr, cr, -sr, -cr}, true_c[] = {cr, -sr, -cr, sr};
        double s, c;
        rheo::math::sin_cos_2pi(x, s, c);
        sine.see(x, s, true_s[quadrant]);
        cosine.see(x, c, true_c[quadrant]);
      }
    }
    CAPTURE(sine.ulps, sine.at, cosine.ulps, cosine.at);
    CHECK(sine.ulps < 0.7);
    CHECK(cosine.ulps < 0.75);
  }
}
#endif

TEST_CASE("math: exp and log are monotonic where tables join", "[math]") {
  // Neighbours across the borders of argument reduction must not step back.
  for (int k = -20; k <= 20; ++k) {
    double x = (k + 0.5) * 0.6931471805599453 - 50 * 0x1p-50;
    double before = my_exp(x);
    for (int i = 0; i < 200; ++i) {
      x = std::nextafter(x, inf);
      const double after = my_exp(x);
      REQUIRE(after >= before);
      before = after;
    }
    double z = std::ldexp(0.7071067811865476, k) * (1 - 50 * 0x1p-52);
    before = my_log(z);
    for (int i = 0; i < 200; ++i) {
      z = std::nextafter(z, inf);
      const double after = my_log(z);
      REQUIRE(after >= before);
      before = after;
    }
  }
}

TEST_CASE("math: loops over arrays give the same bits", "[math]") {
  Arguments next;
  std::vector<double> xs{0.0, -0.0, 1.0, -1.0, inf, -inf, not_a_number, denorm, -denorm, largest, -largest};
  for (int i = 0; i < 10007; ++i) {
    xs.push_back(next.between(-800, 800));
    xs.push_back(next.between(-2, 2));
    xs.push_back(from_bits(next.word()));
  }
  check_loop(xs, my_exp, [](const double* __restrict x, double* __restrict y, std::size_t n) {
    for (std::size_t i = 0; i < n; ++i) y[i] = rheo::math::exp(x[i]);
  });
  check_loop(xs, my_expm1, [](const double* __restrict x, double* __restrict y, std::size_t n) {
    for (std::size_t i = 0; i < n; ++i) y[i] = rheo::math::expm1(x[i]);
  });
  check_loop(xs, my_log, [](const double* __restrict x, double* __restrict y, std::size_t n) {
    for (std::size_t i = 0; i < n; ++i) y[i] = rheo::math::log(x[i]);
  });
  check_loop(xs, my_log1p, [](const double* __restrict x, double* __restrict y, std::size_t n) {
    for (std::size_t i = 0; i < n; ++i) y[i] = rheo::math::log1p(x[i]);
  });
  const auto mixed = [](double x) {
    double s, c;
    rheo::math::sin_cos_2pi(x, s, c);
    return s + 2.0 * c;
  };
  check_loop(
      xs, [&](double x) { return mixed(opaque(x)); },
      [&](const double* __restrict x, double* __restrict y, std::size_t n) {
        for (std::size_t i = 0; i < n; ++i) y[i] = mixed(x[i]);
      });
}

TEST_CASE("math: exp in single precision", "[math]") {
  const auto my = [](float x) {
    volatile float v = x;
    return rheo::math::exp(static_cast<float>(v));
  };
  const auto bits = [](float y) { return __builtin_bit_cast(std::uint32_t, y); };
  constexpr float inf_f = std::numeric_limits<float>::infinity(), nan_f = std::numeric_limits<float>::quiet_NaN(),
                  smallest = std::numeric_limits<float>::denorm_min(), most = std::numeric_limits<float>::max();
  SECTION("edge values") {
    for (const float zero : {0.0f, -0.0f, smallest, -smallest}) CHECK(bits(my(zero)) == bits(1.0f));
    for (const float large : {inf_f, most, 88.7229f, 89.0f, 1e10f}) CHECK(bits(my(large)) == bits(inf_f));
    for (const float low : {-inf_f, -most, -103.98f, -105.0f, -1e10f}) CHECK(bits(my(low)) == bits(0.0f));
    CHECK(std::isfinite(my(88.7228f)));
    CHECK(bits(my(-103.97f)) == 1);
    CHECK(bits(my(nan_f)) == 0x7fc00000u);
    CHECK(bits(my(-nan_f)) == 0x7fc00000u);
  }
  SECTION("accuracy, order and bits") {
    // About every 640th float from -104 to 89, and all near the borders of argument reduction.
    double worst = 0, worst_subnormal = 0;
    std::uint64_t hash = 0xcbf29ce484222325u;
    const auto look = [&](float x) {
      const float y = my(x);
      hash = (hash ^ bits(y)) * 0x100000001b3u;
      const double truth = std::exp(static_cast<double>(x));
      int exponent = 0;
      std::frexp(truth, &exponent);
      const double error = std::fabs(static_cast<double>(y) - truth) / std::ldexp(1.0, std::max(exponent - 24, -149));
      double& of = truth < 0x1p-126 ? worst_subnormal : worst;
      if (truth < static_cast<double>(most)) of = std::max(of, error);
      return y;
    };
    for (const float sign : {-1.0f, 1.0f})
      for (std::uint32_t b = 0x20000000; b < bits(104.0f); b += 641)
        if (sign < 0 || b < bits(88.72f)) look(sign * __builtin_bit_cast(float, b));
    for (int k = -149; k < 128; ++k) {
      float x = static_cast<float>((k + 0.5) * 0.6931471805599453);
      for (int i = 0; i < 50; ++i) x = std::nextafter(x, -inf_f);
      float before = my(x);
      for (int i = 0; i < 100; ++i) {
        x = std::nextafter(x, inf_f);
        const float after = look(x);
        REQUIRE(after >= before);
        before = after;
      }
    }
    CAPTURE(worst, worst_subnormal);
    CHECK(worst < 0.71);
    CHECK(worst_subnormal < 0.8);
    CHECK(hash == 0x33900c03b2442ad7u);
  }
  SECTION("loops over arrays") {
    Arguments next;
    std::vector<float> xs{0.0f, -0.0f, inf_f, -inf_f, nan_f, smallest, -smallest, most, -most}, ys;
    for (int i = 0; i < 10007; ++i) {
      xs.push_back(static_cast<float>(next.between(-110, 95)));
      xs.push_back(__builtin_bit_cast(float, static_cast<std::uint32_t>(next.word())));
    }
    ys.resize(xs.size());
    const float* const __restrict x = xs.data();
    float* const __restrict y = ys.data();
    for (std::size_t i = 0; i < xs.size(); ++i) y[i] = rheo::math::exp(x[i]);
    for (std::size_t i = 0; i < xs.size(); ++i) REQUIRE(bits(ys[i]) == bits(my(xs[i])));
  }
}

TEST_CASE("math: sqrt, tanh and pow", "[math]") {
  using rheo::math::pow, rheo::math::sqrt, rheo::math::tanh;
  const double infinity = std::numeric_limits<double>::infinity(), nan = std::numeric_limits<double>::quiet_NaN();
  CHECK(sqrt(opaque(2.0)) == 0x1.6a09e667f3bcdp+0);
  CHECK(sqrt(2.0f) == 0x1.6a09e6p+0f);
  CHECK(std::isnan(sqrt(opaque(-1.0))));
  CHECK(tanh(opaque(0.0)) == 0);
  CHECK(std::signbit(tanh(opaque(-0.0))));
  CHECK(tanh(opaque(40.0)) == 1);
  CHECK(tanh(opaque(-infinity)) == -1);
  CHECK(std::isnan(tanh(opaque(nan))));
  CHECK(pow(opaque(2.0), 10.0) == 1024);
  CHECK(pow(opaque(0.0), 2.0) == 0);
  CHECK(pow(opaque(0.0), -2.0) == infinity);
  CHECK(pow(opaque(0.0), 0.0) == 1);
  CHECK(pow(opaque(1.0), 1e300) == 1);
  CHECK(pow(opaque(2.0), 5000.0) == infinity);
  CHECK(pow(opaque(2.0), -5000.0) == 0);
  CHECK(pow(opaque(infinity), -1.0) == 0);
  CHECK(pow(opaque(0x1p-1074), 0.5) == 0x1p-537);
  CHECK(std::isnan(pow(opaque(-1.0), 2.0)));
  CHECK(std::isnan(pow(opaque(nan), 2.0)));
  CHECK(pow(2.0f, 0.5f) == 0x1.6a09e6p+0f);
  CHECK(rheo::math::log(2.0f) == 0x1.62e43p-1f);

  const auto ulps = [](double ours, long double exact) {
    const double size = std::fabs(static_cast<double>(exact));
    return static_cast<double>(std::fabs(ours - exact)) /
           (std::nextafter(size, std::numeric_limits<double>::infinity()) - size);
  };
  double of_tanh = 0, of_pow = 0;  // of x^y as a part of what math.hpp allows
  for (int i = 0; i < 200'000; ++i) {
    const double u = std::fmod(i * 0.6180339887498949, 1.0), v = std::fmod(i * 0.7548776662466927, 1.0);
    const double x = std::exp(60 * u - 57) * (i % 2 == 0 ? 1 : -1);
    of_tanh = std::max(of_tanh, ulps(tanh(x), std::tanh(static_cast<long double>(x))));
    const double base = std::exp(40 * u - 20),
                 y = 2 * (v - 0.5) * (i % 3 == 0 ? 5 : 600 / (std::fabs(std::log(base)) + 1));
    of_pow =
        std::max(of_pow, ulps(pow(base, y), std::pow(static_cast<long double>(base), static_cast<long double>(y))) /
                             (1 + std::fabs(y * std::log(base)) / 10));
  }
  CAPTURE(of_tanh, of_pow);
  CHECK(of_tanh < 2.5);
  CHECK(of_tanh > 0.5);
  CHECK(of_pow < 1);
}

}  // namespace test_math
