#include "core/random.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "core/isa.hpp"
#include "core/math.hpp"
#include "core/normal.hpp"

namespace rheo {

RHEO_DECLARE_KERNELS(const RandomWords, random_words);

RandomWords random_words(Isa isa) {
  return RHEO_KERNELS_FOR(isa, random_words);
}

namespace {

std::uint64_t fnv_1a(std::string_view text) {
  std::uint64_t hash = 0xcbf29ce484222325u;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3u;
  return hash;
}

std::uint64_t mix(std::uint64_t x) {
  x += 0x9E3779B97F4A7C15u;
  x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9u;
  x = (x ^ (x >> 27)) * 0x94D049BB133111EBu;
  return x ^ (x >> 31);
}

constexpr double two_pi = 0x1.921fb54442d18p+2;
constexpr double half_log_two_pi = 0x1.d67f1c864beb5p-1;
constexpr double largest_inversion_mean = 10.0;

// n! for n <= 22, the largest that a double holds exactly.
double exact_factorial(std::uint64_t n) {
  double product = 1.0;
  for (std::uint64_t i = 2; i <= n; ++i) product *= static_cast<double>(i);
  return product;
}

// log(n!) - ((n + 1/2) log n - n + log(2 pi) / 2), n >= 1: what Stirling's formula lacks. The series' first term left
// out is below 2e-16 from n = 16 on.
double stirling_rest(double n) {
  if (n < 16.0) {
    const double log_n_factorial = math::log(exact_factorial(static_cast<std::uint64_t>(n)));
    return log_n_factorial - ((n + 0.5) * math::log(n) - n + half_log_two_pi);
  }
  const double z = 1.0 / (n * n);
  return (1.0 / 12 - z * (1.0 / 360 - z * (1.0 / 1260 - z * (1.0 / 1680 - z * (1.0 / 1188))))) / n;
}

// x log(x / m) + m - x for x, m > 0 without cancellation where x is near m: with v = (x - m) / (x + m),
// log(x / m) = 2 atanh(v), so that the whole is (x - m) v + 2 x (v^3 / 3 + v^5 / 5 + ...). After Loader, "Fast and
// accurate computation of binomial probabilities" (2000).
double deviance(double x, double m) {
  const double difference = x - m;
  const double v = difference / (x + m);
  if (v > 0.1 || v < -0.1) return x * math::log(x / m) - difference;
  const double z = v * v;
  double sum = difference * v;
  double power = 2.0 * x * v;
  for (int i = 3; i < 40; i += 2) {
    power *= z;
    const double next = sum + power / i;
    if (next == sum) break;
    sum = next;
  }
  return sum;
}

// log of the Poisson probability of k, lambda > 0.
double log_poisson(double k, double lambda) {
  if (k == 0.0) return -lambda;
  return -stirling_rest(k) - deviance(k, lambda) - 0.5 * math::log(two_pi * k);
}

// log of the binomial probability of k out of n, 0 < p < 1.
double log_binomial(double k, double n, double p) {
  const double q = 1.0 - p;
  if (k == 0.0) return n * math::log1p(-p);
  if (k == n) return n * math::log(p);
  return stirling_rest(n) - stirling_rest(k) - stirling_rest(n - k) - deviance(k, n * p) - deviance(n - k, n * q) +
         0.5 * math::log(n / (two_pi * k * (n - k)));
}

// (u - 1/2) and v of the transformed rejection, and the candidate that they make; see Hoermann 1993.
struct Candidate {
  double slack;  // 1/2 - |u - 1/2|
  double v;
  double k;  // a whole number, perhaps negative or -infinity
};

Candidate candidate(RandomStream& stream, double a, double b, double centre) {
  const double u = stream.uniform_open() - 0.5;
  const double v = stream.uniform_open();
  const double slack = 0.5 - std::fabs(u);  // > 0, because u is never 0 or 1
  return {slack, v, std::floor((2.0 * a / slack + b) * u + centre)};
}

}  // namespace

RandomKey random_key(std::uint64_t seed, std::string_view name, std::string_view use) {
  const std::uint64_t key = mix(mix(mix(seed) ^ fnv_1a(name)) ^ fnv_1a(use));
  return {static_cast<std::uint32_t>(key), static_cast<std::uint32_t>(key >> 32)};
}

std::uint32_t RandomStream::below(std::uint32_t n) {
  assert(n > 0);
  std::uint64_t product = std::uint64_t{next_u32()} * n;
  if (static_cast<std::uint32_t>(product) < n) {
    const std::uint32_t too_many = (0u - n) % n;  // 2^32 mod n values of the low word would be counted once too often
    while (static_cast<std::uint32_t>(product) < too_many) product = std::uint64_t{next_u32()} * n;
  }
  return static_cast<std::uint32_t>(product >> 32);
}

void RandomStream::next_u32(std::span<std::uint32_t> to) {
  static const RandomWords words = random_words(chosen_isa());
  constexpr std::size_t at_once = 64;
  std::size_t done = 0;
  while (done < to.size() && used_ < 4) to[done++] = words_.x[used_++];
  const std::size_t whole = (to.size() - done) / at_once * at_once;
  if (whole != 0) words(counter_, key_, whole / 4, to.data() + done);
  counter_.x[0] += static_cast<std::uint32_t>(whole / 4);
  for (done += whole; done < to.size(); ++done) to[done] = next_u32();
}

void RandomStream::uniform(double lo, double hi, std::span<double> to) {
  std::array<std::uint32_t, 512> words;
  for (std::size_t done = 0; done < to.size();) {
    const std::size_t n = std::min(to.size() - done, words.size() / 2);
    next_u32(std::span(words).first(2 * n));
    for (std::size_t k = 0; k < n; ++k) {
      const std::uint64_t bits = words[2 * k] | std::uint64_t{words[2 * k + 1]} << 32;
      to[done + k] = lo + (hi - lo) * (static_cast<double>(static_cast<std::int64_t>(bits >> 11)) * 0x1p-53);
    }
    done += n;
  }
}

void RandomStream::below(std::uint32_t n, std::span<std::uint32_t> to) {
  assert(n > 0);
  const std::uint32_t too_many = (0u - n) % n;
  // Whatever is refused is drawn again from where the stream has come to: the accepted ones are the stream without the
  // others.
  for (std::size_t done = 0; done < to.size();) {
    const std::span<std::uint32_t> missing = to.subspan(done);
    next_u32(missing);
    for (const std::uint32_t word : missing) {
      const std::uint64_t product = std::uint64_t{word} * n;
      to[done] = static_cast<std::uint32_t>(product >> 32);
      done += static_cast<std::uint32_t>(product) >= too_many ? 1 : 0;
    }
  }
}

double normal_quantile(double p) {
  assert(p > 0.0 && p < 1.0);
  const double q = p - 0.5;
  if (std::fabs(q) <= normal::central) return normal::quantile_in_centre(q);
  const double distance = normal::distance(q < 0.0 ? p : 1.0 - p);
  const double size = distance <= normal::far ? normal::quantile_in_tail(distance) : normal::quantile_far_out(distance);
  return q < 0.0 ? -size : size;
}

double RandomStream::normal() {
  return normal_quantile(uniform_open());
}

double RandomStream::lognormal(double mu, double sigma) {
  return math::exp(normal(mu, sigma));
}

double RandomStream::exponential() {
  return -math::log(uniform_open());
}

std::uint64_t RandomStream::skip(double log1m_p) {
  const double failures = math::log(uniform_open()) / log1m_p;
  // p = 0 (log1m_p of either sign of zero) would divide by zero; a p that is not a number is treated alike.
  if (!(log1m_p < 0.0) || failures >= 0x1p63) return std::numeric_limits<std::uint64_t>::max();
  return static_cast<std::uint64_t>(failures);
}

double log_factorial(std::uint64_t n) {
  if (n <= 22) return math::log(exact_factorial(n));
  const auto x = static_cast<double>(n);
  return ((x + 0.5) * math::log(x) - x) + (half_log_two_pi + stirling_rest(x));
}

std::uint64_t RandomStream::poisson(double lambda) {
  assert(lambda >= 0.0 && lambda <= 0x1p50);
  if (lambda == 0.0) return 0;
  if (lambda < largest_inversion_mean) {
    double rest = uniform();
    double probability = math::exp(-lambda);
    std::uint64_t k = 0;
    // The bound is never reached but by rounding: P(X > 200) < 1e-180 for lambda < 10.
    while (rest >= probability && k < 200) {
      rest -= probability;
      ++k;
      probability *= lambda / static_cast<double>(k);
    }
    return k;
  }
  const double b = 0.931 + 2.53 * std::sqrt(lambda);
  const double a = -0.059 + 0.02483 * b;
  const double inverse_alpha = 1.1239 + 1.1328 / (b - 3.4);
  const double squeeze = 0.9277 - 3.6224 / (b - 2.0);
  for (;;) {
    const auto [slack, v, k] = candidate(*this, a, b, lambda + 0.43);
    if (slack >= 0.07 && v <= squeeze) return static_cast<std::uint64_t>(k);
    if (k < 0.0 || (slack < 0.013 && v > slack)) continue;
    if (math::log(v * inverse_alpha / (a / (slack * slack) + b)) <= log_poisson(k, lambda)) {
      return static_cast<std::uint64_t>(k);
    }
  }
}

std::uint32_t RandomStream::binomial(std::uint32_t n, double p) {
  assert(p >= 0.0 && p <= 1.0);
  if (n == 0 || p <= 0.0) return 0;
  if (p >= 1.0) return n;
  if (p > 0.5) return n - binomial(n, 1.0 - p);
  const auto trials = static_cast<double>(n);
  const double mean = trials * p;
  const double q = 1.0 - p;
  if (mean < largest_inversion_mean) {
    double rest = uniform();
    double probability = math::exp(trials * math::log1p(-p));
    std::uint32_t k = 0;
    // As for Poisson: 200 is never reached but by rounding.
    while (rest >= probability && k < n && k < 200) {
      rest -= probability;
      probability *= (p / q) * (static_cast<double>(n - k) / (k + 1.0));
      ++k;
    }
    return k;
  }
  const double spread = std::sqrt(mean * q);
  const double b = 1.15 + 2.53 * spread;
  const double a = -0.0873 + 0.0248 * b + 0.01 * p;
  const double alpha = (2.83 + 5.1 / b) * spread;
  const double squeeze = 0.92 - 4.2 / b;
  const double mode = std::floor((trials + 1.0) * p);
  const double log_peak = log_binomial(mode, trials, p);
  for (;;) {
    const auto [slack, v, k] = candidate(*this, a, b, mean + 0.5);
    if (slack >= 0.07 && v <= squeeze) return static_cast<std::uint32_t>(k);
    if (k < 0.0 || k > trials) continue;
    if (math::log(v * alpha / (a / (slack * slack) + b)) <= log_binomial(k, trials, p) - log_peak) {
      return static_cast<std::uint32_t>(k);
    }
  }
}

std::uint64_t RandomStream::hypergeometric(std::uint64_t marked, std::uint64_t others, std::uint64_t draws) {
  const auto a = static_cast<double>(marked), b = static_cast<double>(others), n = static_cast<double>(draws);
  assert(n <= a + b);
  if (marked == 0 || draws == 0) return 0;
  if (others == 0) return draws;
  if (n == a + b) return marked;
  // P(k) is the product of two binomial probabilities over a third, with any p; with this one none is small (Loader,
  // as above).
  const double p = n / (a + b);
  const double mode = std::floor((n + 1.0) * ((a + 1.0) / (a + b + 2.0)));
  const double peak = std::min({mode, a, n});
  const double k0 = std::max({peak, n - b, 0.0});
  const double top = math::exp(log_binomial(k0, a, p) + log_binomial(n - k0, b, p) - log_binomial(n, a + b, p));
  double rest = uniform() - top;
  double up = k0, down = k0, p_up = top, p_down = top;
  while (rest >= 0.0 && (p_up > 0.0 || p_down > 0.0)) {
    p_up *= (a - up) / (up + 1.0) * ((n - up) / (b - n + up + 1.0));
    ++up;
    rest -= p_up;
    if (rest < 0.0) return static_cast<std::uint64_t>(up);
    p_down *= down / (a - down + 1.0) * ((b - n + down) / (n - down + 1.0));
    --down;
    rest -= p_down;
    if (rest < 0.0) return static_cast<std::uint64_t>(down);
  }
  return static_cast<std::uint64_t>(k0);  // at once, or where rounding left a rest
}

namespace {

// A sum that remembers what rounding took (Neumaier's variant of Kahan's sum), so that thousands of probabilities add
// up to within the table's last unit.
class CarefulSum {
 public:
  void add(double x) {
    const double next = sum_ + x;
    lost_ += std::fabs(sum_) >= std::fabs(x) ? (sum_ - next) + x : (x - next) + sum_;
    sum_ = next;
  }
  double value() const { return sum_ + lost_; }

 private:
  double sum_ = 0.0, lost_ = 0.0;
};

}  // namespace

PoissonTable::PoissonTable(double lambda) : lambda_(lambda), ambiguous_(65536 / 64, 0) {
  assert(lambda >= 0.0 && lambda <= 1e5);
  if (lambda == 0.0) return;

  // Probabilities relative to that of the mode, by recurrence both ways, until what is left out is far below 2^-48 (at
  // lambda = 1e5 the rest is less than 100 times the last term).
  constexpr double negligible = 0x1p-80;
  const double mode = std::floor(lambda);
  std::vector<double> below;  // P(mode - 1), P(mode - 2), ...
  double weight = 1.0;
  for (double k = mode; k > 0.0 && weight > negligible; --k) below.push_back(weight *= k / lambda);
  std::vector<double> from_mode{1.0};  // P(mode), P(mode + 1), ...
  weight = 1.0;
  for (double k = mode + 1.0; weight > negligible; ++k) from_mode.push_back(weight *= lambda / k);

  // Both tails are summed from their thin ends, so that each is accurate relative to itself.
  std::vector<double> upper_tail(from_mode.size());  // P(X > mode + i)
  CarefulSum upper;
  for (std::size_t i = from_mode.size(); i-- > 0;) {
    upper_tail[i] = upper.value();
    upper.add(from_mode[i]);
  }
  CarefulSum lower;
  std::vector<double> lower_sum(below.size());  // P(X <= mode - 1 - i)
  for (std::size_t i = below.size(); i-- > 0;) {
    lower.add(below[i]);
    lower_sum[i] = lower.value();
  }
  const double unit = 0x1p48 / (upper.value() + lower.value());

  constexpr std::uint64_t whole = std::uint64_t{1} << 48;
  const auto rounded = [](double x) { return static_cast<std::uint64_t>(x + 0.5); };
  first_ = static_cast<std::uint32_t>(mode) - static_cast<std::uint32_t>(below.size());
  const auto store = [this](std::uint64_t threshold) {
    if (threshold == 0) {
      ++first_;
    } else {
      thresholds_.push_back(threshold);
    }
  };
  for (std::size_t i = below.size(); i-- > 0;) store(rounded(lower_sum[i] * unit));
  for (const double tail : upper_tail) {
    const std::uint64_t threshold = whole - rounded(tail * unit);
    if (threshold == whole) break;
    store(threshold);
  }

  high_.reserve(thresholds_.size());
  for (const std::uint64_t threshold : thresholds_) {
    const auto h = static_cast<std::uint16_t>(threshold >> 32);
    high_.push_back(h);
    ambiguous_[h >> 6] |= std::uint64_t{1} << (h & 63);
  }
}

std::uint32_t PoissonTable::draw(std::uint64_t u48) const {
  const auto end = std::upper_bound(thresholds_.begin(), thresholds_.end(), u48);
  return first_ + static_cast<std::uint32_t>(end - thresholds_.begin());
}

std::uint32_t PoissonTable::draw_high(std::uint16_t h) const {
  const auto end = std::lower_bound(high_.begin(), high_.end(), h);
  return first_ + static_cast<std::uint32_t>(end - high_.begin());
}

}  // namespace rheo
