// The hot loops: every instruction set that this processor has gives the bits of a plain loop over one neuron at a
// time, and the Poisson drive gives the draws that neurons/kernels/kernels.hpp defines.
#include <algorithm>
#include <array>
#include <bit>
#include <catch2/catch.hpp>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <memory>
#include <string>
#include <type_traits>
#include <vector>

#include "core/isa.hpp"
#include "core/normal.hpp"
#include "core/philox.hpp"
#include "core/random.hpp"
#include "neurons/inputs/inputs.hpp"
#include "neurons/kernels/kernels.hpp"
#include "neurons/models/models.hpp"
#include "neurons/population.hpp"
#include "tests/sanitized.hpp"

namespace test_kernels {

namespace {

using rheo::Isa;
using rheo::kernels;
using rheo::NeuronRange;
using rheo::NoiseInput;
using rheo::PoissonInput;
using rheo::PoissonTable;
using rheo::Precision;
using rheo::random_key;
using rheo::RandomKey;
using rheo::RandomStream;
using rheo::Tick;

template <class Real>
constexpr Precision precision_of = std::is_same_v<Real, float> ? Precision::single_ : Precision::double_;
template <class Real>
constexpr std::size_t precision_index = static_cast<std::size_t>(precision_of<Real>);

// The 48 bits of a neuron's draw, word by word as the comment of PoissonArgs says.
std::uint64_t bits_of_draw(RandomKey key, std::uint32_t neuron, std::uint64_t tick) {
  const auto tick_low = static_cast<std::uint32_t>(tick), tick_high = static_cast<std::uint32_t>(tick >> 32);
  const std::uint32_t j = neuron % 128;
  const auto upper = rheo::philox4x32({{16 * (neuron / 128) + j % 64 / 4, 0, tick_low, tick_high}}, key.lo, key.hi);
  const std::size_t half = j < 64 ? 0 : 2;
  const std::uint64_t words = upper.x[half] | std::uint64_t{upper.x[half + 1]} << 32;
  const auto lower = rheo::philox4x32({{neuron, 1, tick_low, tick_high}}, key.lo, key.hi);
  return (words >> (16 * (j % 4)) & 0xffff) << 32 | lower.x[0];
}

// The 32 bits of a neuron's normal draw, and the number they stand for, as the comment of NoiseArgs says.
std::uint32_t bits_of_noise(RandomKey key, std::uint32_t neuron, std::uint64_t interval) {
  const std::uint32_t j = neuron % 128;
  const auto words = rheo::philox4x32({{32 * (neuron / 128) + j % 64 / 2, 0, static_cast<std::uint32_t>(interval),
                                        static_cast<std::uint32_t>(interval >> 32)}},
                                      key.lo, key.hi);
  return words.x[j % 2 + (j < 64 ? 0 : 2)];
}
template <class Real>
Real normal_of_word(std::uint32_t word) {
  if constexpr (std::is_same_v<Real, float>)
    return rheo::normal::quantile_of_word(word, rheo::normal::log2_4pq(word));
  else
    return rheo::normal_quantile((word + 0.5) * 0x1p-32);
}

std::string name(Isa isa) {
  return std::string(rheo::name_of(isa));
}

// Input rows start with numbers of all kinds, so that an addition in another order or precision shows.
template <class Real>
std::vector<Real> noise(std::size_t n, RandomStream& stream) {
  std::vector<Real> values(n);
  for (Real& x : values) x = static_cast<Real>(stream.normal(0, 100));
  return values;
}

template <class Real>
bool same_bits(const std::vector<Real>& a, const std::vector<Real>& b) {
  return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(Real)) == 0;
}

const double means[] = {0, 0.01, 0.5, 2, 20, 300, 5000};

}  // namespace

TEMPLATE_TEST_CASE("Poisson drive: any window, step and offset gives the draws of the definition", "[kernels]", float,
                   double) {
  using Real = TestType;
  const RandomKey key = random_key(7, "input", "poisson");
  RandomStream choose(random_key(1, "windows", precision_of<Real> == Precision::single_ ? "single" : "double"), 0);
  for (const double lambda : means) {
    const auto table = std::make_shared<const PoissonTable>(lambda);
    for (int round = 0; round < 12; ++round) {
      // A range of a population, a lane's piece of the population, and where the trains are counted from.
      const std::uint32_t size = 1 + choose.below(700);
      const std::uint32_t step = round % 3 == 0 ? 1 + choose.below(9) : 1;
      NeuronRange range{choose.below(size), 0, step};
      range.end = range.begin + 1 + choose.below(size - range.begin);
      const std::uint32_t begin = choose.below(size), end = begin + 1 + choose.below(size - begin);
      const std::uint32_t offset = round % 2 == 0 ? 0 : choose.below(100000);
      // Ticks beyond 2^32 use the counter's last word.
      const Tick t = 1 + choose.below(1u << 30) + (round % 4 == 3 ? Tick{5} << 32 : 0);
      const Tick delay = choose.below(20);
      const bool each = round % 2 == 1;
      std::vector<double> weights;
      for (std::uint32_t i = 0; i < (each ? range.count() : 1); ++i) weights.push_back(choose.normal(0, 3));
      const std::vector<Real> before = noise<Real>(end - begin, choose);
      std::vector<Real> expected = before;
      for (std::uint32_t i = 0; i < range.count(); ++i) {
        const std::uint32_t neuron = range.begin + i * step;
        if (neuron < begin || neuron >= end) continue;
        const auto emitted = static_cast<std::uint64_t>(t - delay);
        const std::uint32_t count = table->draw(bits_of_draw(key, offset + i, emitted));
        const Real weight = static_cast<Real>(weights[each ? i : 0]);
        expected[neuron - begin] += weight * static_cast<Real>(count);
      }
      for (const Isa isa : rheo::usable_isas()) {
        const PoissonInput drive({0, 0, range, -rheo::never, rheo::never}, precision_of<Real>, key, offset, {table},
                                 weights, delay, kernels(isa).poisson[precision_index<Real>]);
        std::vector<Real> row = before;
        drive.add(t, begin, end, row.data());
        INFO("lambda " << lambda << ", round " << round << ", " << name(isa));
        REQUIRE(same_bits(row, expected));
      }
    }
  }
}

TEMPLATE_TEST_CASE("Noise drive: any window, step and offset gives the draws of the definition", "[kernels]", float,
                   double) {
  using Real = TestType;
  const RandomKey key = random_key(4, "input", "noise");
  RandomStream choose(random_key(7, "test", "choose"), 0);
  std::size_t compared = 0;
  for (int round = 0; round < 80; ++round) {
    const std::uint32_t size = 1 + choose.below(2000), step = round % 3 == 0 ? 1 + choose.below(9) : 1;
    NeuronRange range{choose.below(size), 0, step};
    range.end = range.begin + 1 + choose.below(size - range.begin);
    const std::uint32_t begin = choose.below(size), end = begin + 1 + choose.below(size - begin);
    const std::uint32_t offset = round % 2 == 0 ? 0 : choose.below(100000);
    // Intervals beyond 2^32 use the counter's last word.
    const Tick every = 1 + choose.below(4), t = 1 + choose.below(1u << 30) + (round % 4 == 3 ? Tick{5} << 34 : 0);
    const auto values = [&](bool each) {
      std::vector<double> all;
      for (std::uint32_t i = 0; i < (each ? range.count() : 1); ++i) all.push_back(choose.normal(0, 3));
      return all;
    };
    const std::vector<double> mean = values(round % 4 > 1), deviation = values(round % 8 > 3);
    const std::vector<Real> before = noise<Real>(end - begin, choose);
    std::vector<Real> expected = before;
    for (std::uint32_t i = 0; i < range.count(); ++i) {
      const std::uint32_t neuron = range.begin + i * step;
      if (neuron < begin || neuron >= end) continue;
      const auto interval = static_cast<std::uint64_t>((t - 1) / every);
      const Real z = normal_of_word<Real>(bits_of_noise(key, offset + i, interval));
      expected[neuron - begin] += static_cast<Real>(mean[mean.size() > 1 ? i : 0]) +
                                  static_cast<Real>(deviation[deviation.size() > 1 ? i : 0]) * z;
      ++compared;
    }
    for (const Isa isa : rheo::usable_isas()) {
      const NoiseInput drive({0, 0, range, 1, rheo::never}, precision_of<Real>, key, offset, mean, deviation, every,
                             kernels(isa).noise[precision_index<Real>]);
      std::vector<Real> row = before;
      drive.add(t, begin, end, row.data());
      INFO("round " << round << ", " << name(isa));
      REQUIRE(same_bits(row, expected));
    }
  }
  CHECK(compared > 3000);
}

TEST_CASE("Noise drive: both precisions draw the same numbers up to rounding", "[kernels]") {
  constexpr std::uint32_t size = 1000;
  const RandomKey key = random_key(5, "input", "noise");
  const auto& table = kernels(rheo::chosen_isa());
  const rheo::InputTarget where{0, 0, {0, size, 1}, 1, rheo::never};
  const NoiseInput coarse(where, Precision::single_, key, 3, {0}, {1}, 1, table.noise[0]);
  const NoiseInput fine(where, Precision::double_, key, 3, {0}, {1}, 1, table.noise[1]);
  double largest = 0;
  for (Tick t = 1; t <= 500; ++t) {
    std::vector<float> a(size, 0.0f);
    std::vector<double> b(size, 0.0);
    coarse.add(t, 0, size, a.data());
    fine.add(t, 0, size, b.data());
    for (std::uint32_t i = 0; i < size; ++i) largest = std::max(largest, std::abs(a[i] - b[i]));
  }
  CHECK(largest < 8e-7);
}

TEST_CASE("Noise drive: the draws are normally distributed and independent", "[kernels]") {
  if (sanitized) {
    WARN("skipped: a sanitizer looks at memory, not at numbers");
    return;
  }
  constexpr std::uint32_t size = 1024;
  constexpr Tick intervals = 4096;
  constexpr double n = double{size} * intervals;
  const NoiseInput drive({0, 0, {0, size, 1}, 1, rheo::never}, Precision::single_, random_key(3, "input", "noise"), 0,
                         {0}, {1}, 1, kernels(rheo::chosen_isa()).noise[0]);
  // Neighbours by number, by word of a block, by block, by half of a group, by group; and one neuron in two intervals.
  constexpr std::array<std::uint32_t, 5> distances{1, 2, 64, 65, 128};
  constexpr std::array<double, 5> borders{1, 2, 3, 4, 4.5};
  std::array<double, 5> products{}, beyond{};
  double sum = 0, squares = 0, cubes = 0, fourth = 0, in_time = 0;
  std::vector<float> all, row(size), before(size, 0.0f);
  for (Tick t = 1; t <= intervals; ++t) {
    std::fill(row.begin(), row.end(), 0.0f);
    drive.add(t, 0, size, row.data());
    for (std::uint32_t i = 0; i < size; ++i) {
      const double z = row[i];
      sum += z;
      squares += z * z;
      cubes += z * z * z;
      fourth += z * z * z * z;
      in_time += z * before[i];
      for (std::size_t k = 0; k < borders.size(); ++k) beyond[k] += std::abs(z) > borders[k];
      for (std::size_t d = 0; d < distances.size(); ++d) products[d] += z * row[(i + distances[d]) % size];
    }
    before = row;
    all.insert(all.end(), row.begin(), row.end());
  }
  // Four standard deviations; those of the moments follow from E z^4 = 3, E z^6 = 15, E z^8 = 105.
  const double error = 4 / std::sqrt(n);
  CHECK(std::abs(sum / n) < error);
  CHECK(std::abs(squares / n - 1) < error * std::sqrt(2.0));
  CHECK(std::abs(cubes / n) < error * std::sqrt(15.0));
  CHECK(std::abs(fourth / n - 3) < error * std::sqrt(96.0));
  CHECK(std::abs(in_time / n) < error);
  for (std::size_t d = 0; d < distances.size(); ++d) {
    CAPTURE(distances[d]);
    CHECK(std::abs(products[d] / n) < error);
  }
  for (std::size_t k = 0; k < borders.size(); ++k) {
    CAPTURE(borders[k]);
    const double expected = n * std::erfc(borders[k] / std::sqrt(2.0));
    CHECK(std::abs(beyond[k] - expected) < 4 * std::sqrt(expected));
  }
  // Kolmogorov and Smirnov: P(D sqrt(n) > 1.95) = 0.001.
  std::sort(all.begin(), all.end());
  double distance = 0;
  for (std::size_t i = 0; i < all.size(); ++i) {
    const double p = 0.5 * std::erfc(-all[i] / std::sqrt(2.0)), k = static_cast<double>(i);
    distance = std::max({distance, p - k / n, (k + 1) / n - p});
  }
  CHECK(distance * std::sqrt(n) < 1.95);
}

TEST_CASE("A stream of normal numbers is RandomStream's, from any place on and in any length", "[kernels]") {
  const RandomKey key = random_key(11, "projection", "weight");
  RandomStream choose(random_key(7, "test", "choose"), 1);
  for (const Isa isa : rheo::usable_isas())
    for (const std::uint32_t n : {1u, 2u, 63u, 127u, 128u, 129u, 1000u})
      for (const std::uint32_t first : {0u, 1u, 2u, 129u, 4000u}) {
        const std::uint32_t index = choose.below(1u << 31);
        RandomStream stream(key, index);
        for (std::uint32_t k = 0; k < first; ++k) stream.normal();
        std::vector<double> expected(n), found(n + 1, 7.0);
        for (double& x : expected) x = stream.normal();
        kernels(isa).normal_stream(key.lo, key.hi, index, first, n, found.data());
        INFO(name(isa) << ", " << n << " from " << first);
        CHECK(found.back() == 7.0);
        found.pop_back();
        REQUIRE(same_bits(found, expected));
      }
}

TEST_CASE("Poisson drive: a rate per neuron", "[kernels]") {
  const RandomKey key = random_key(8, "input", "poisson");
  constexpr std::uint32_t size = 300;
  std::vector<std::shared_ptr<const PoissonTable>> tables;
  std::vector<std::shared_ptr<const PoissonTable>> different;
  for (const double lambda : means) different.push_back(std::make_shared<const PoissonTable>(lambda));
  for (std::uint32_t i = 0; i < size; ++i) tables.push_back(different[i * 5 % different.size()]);
  for (const Isa isa : rheo::usable_isas()) {
    const PoissonInput drive({0, 0, {0, size, 1}, 1, rheo::never}, Precision::double_, key, 0, tables, {1.0}, 0,
                             kernels(isa).poisson[1]);
    for (Tick t = 1; t <= 50; ++t) {
      std::vector<double> row(size, 0.0), expected(size);
      drive.add(t, 0, size, row.data());
      for (std::uint32_t i = 0; i < size; ++i)
        expected[i] = tables[i]->draw(bits_of_draw(key, i, static_cast<std::uint64_t>(t)));
      REQUIRE(row == expected);
    }
  }
}

TEST_CASE("Poisson drive: ties of the upper bits are decided by the lower ones", "[kernels]") {
  const RandomKey key = random_key(9, "input", "poisson");
  // The test is only worth something where the lower bits could go either way.
  std::size_t below_threshold = 0, above_threshold = 0;
  for (const double lambda : {0.01, 0.5, 2.0, 20.0, 300.0, 5000.0}) {
    const auto table = std::make_shared<const PoissonTable>(lambda);
    // Neurons and ticks whose upper bits leave the draw open.
    struct Tie {
      std::uint32_t neuron;
      Tick tick;
      std::uint32_t count;
    };
    std::vector<Tie> ties;
    for (Tick t = 1; t <= 400 && ties.size() < 30; ++t) {
      for (std::uint32_t neuron = 0; neuron < 512; ++neuron) {
        const std::uint64_t u = bits_of_draw(key, neuron, static_cast<std::uint64_t>(t));
        const auto h = static_cast<std::uint16_t>(u >> 32);
        if (!table->needs_low(h)) continue;
        const std::uint64_t lowest = std::uint64_t{h} << 32, highest = lowest | 0xffffffffu;
        ties.push_back({neuron, t, table->draw(u)});
        below_threshold += ties.back().count < table->draw(highest);
        above_threshold += ties.back().count > table->draw(lowest);
      }
    }
    INFO("lambda " << lambda);
    REQUIRE(ties.size() >= 5);
    for (const Isa isa : rheo::usable_isas()) {
      const PoissonInput drive({0, 0, {0, 512, 1}, 1, rheo::never}, Precision::single_, key, 0, {table}, {1.0}, 0,
                               kernels(isa).poisson[0]);
      for (const Tie& tie : ties) {
        float alone = 0;
        drive.add(tie.tick, tie.neuron, tie.neuron + 1, &alone);
        REQUIRE(alone == static_cast<float>(tie.count));
        std::vector<float> row(512, 0.0f);
        drive.add(tie.tick, 0, 512, row.data());
        REQUIRE(row[tie.neuron] == static_cast<float>(tie.count));
      }
    }
  }
  CHECK(below_threshold > 10);
  CHECK(above_threshold > 10);
}

TEST_CASE("Poisson drive: active in its ticks of emission only", "[kernels]") {
  const auto table = std::make_shared<const PoissonTable>(50.0);
  const PoissonInput drive({0, 0, {0, 4, 1}, 11, 20}, Precision::double_, random_key(1, "input", "poisson"), 0, {table},
                           {1.0}, 3, kernels(Isa::base).poisson[1]);
  for (Tick t = 1; t <= 40; ++t) {
    std::array<double, 4> row{};
    drive.add(t, 0, 4, row.data());
    CAPTURE(t);
    CHECK((row[0] > 0) == (t >= 14 && t <= 23));  // P(no spike in a tick) is 2e-22
  }
}

TEST_CASE("Poisson drive: mean, variance and independence of the counts", "[kernels]") {
  constexpr std::uint32_t size = 256;
  constexpr Tick ticks = 4000;
  constexpr double n = double{size} * ticks;
  for (const double lambda : {0.01, 2.0, 30.0}) {
    const auto table = std::make_shared<const PoissonTable>(lambda);
    const PoissonInput drive({0, 0, {0, size, 1}, 1, rheo::never}, Precision::double_,
                             random_key(3, "input", "poisson"), 0, {table}, {1.0}, 0,
                             kernels(rheo::chosen_isa()).poisson[1]);
    double sum = 0, squares = 0;
    // Neighbours by number, by block of random words, by half of a group, by group; and one neuron in two ticks.
    constexpr std::array<std::uint32_t, 4> distances{1, 4, 64, 128};
    std::array<double, 4> products{};
    double in_time = 0;
    std::vector<double> row(size), before(size, 0.0);
    for (Tick t = 1; t <= ticks; ++t) {
      std::fill(row.begin(), row.end(), 0.0);
      drive.add(t, 0, size, row.data());
      for (double& x : row) {
        sum += x;
        x -= lambda;
        squares += x * x;
      }
      for (std::size_t d = 0; d < distances.size(); ++d)
        for (std::uint32_t i = 0; i < size; ++i) products[d] += row[i] * row[(i + distances[d]) % size];
      for (std::uint32_t i = 0; i < size; ++i) in_time += row[i] * before[i];
      before = row;
    }
    INFO("lambda " << lambda);
    CHECK(std::abs(sum / n - lambda) < 4 * std::sqrt(lambda / n));
    // The variance of (x - lambda)^2 is lambda + 2 lambda^2.
    CHECK(std::abs(squares / n - lambda) < 4 * std::sqrt((lambda + 2 * lambda * lambda) / n));
    for (std::size_t d = 0; d < distances.size(); ++d) {
      CAPTURE(distances[d]);
      // At distance 128 of 256 every pair is counted twice.
      const double pairs = distances[d] * 2 == size ? n / 2 : n;
      CHECK(std::abs(products[d] / n / lambda) < 4 / std::sqrt(pairs));
    }
    CHECK(std::abs(in_time / n / lambda) < 4 / std::sqrt(n));
  }
}

namespace {

// Numbers that a state or a parameter may hold: ordinary ones, exact borders, subnormals, huge ones.
template <class Real>
Real any_number(RandomStream& stream) {
  using Limits = std::numeric_limits<Real>;
  switch (stream.below(16)) {
    case 0:
      return Real(0);
    case 1:
      return -Real(0);
    case 2:
      return Limits::denorm_min() * static_cast<Real>(1 + stream.below(1000));
    case 3:
      return -Limits::min() * static_cast<Real>(stream.uniform());
    case 4:
      return static_cast<Real>(stream.normal() * 1e30);
    case 5:
      return Limits::max() * static_cast<Real>(stream.uniform(-1, 1));
    case 6:
      return static_cast<Real>(static_cast<int>(stream.below(40)) - 20);
    case 7:
      return static_cast<Real>(stream.normal() * 1e-20);
    default:
      return static_cast<Real>(stream.normal(-60, 30));
  }
}

template <class Real>
using Columns = std::vector<std::vector<Real>>;

// Equal bits; what is no number is equal to what is no number (its payload depends on the order of operands).
template <class Real>
void require_same(const Columns<Real>& a, const Columns<Real>& b) {
  for (std::size_t c = 0; c < a.size(); ++c) {
    for (std::size_t i = 0; i < a[c].size(); ++i) {
      if (std::isnan(a[c][i]) && std::isnan(b[c][i])) continue;
      if (std::memcmp(&a[c][i], &b[c][i], sizeof(Real)) == 0) continue;
      CAPTURE(c, i, a[c][i], b[c][i]);
      FAIL("states differ");
    }
  }
}

template <class M>
typename M::Coefficients random_step(RandomStream& stream, bool of_params) {
  using Real = typename M::real;
  if (!of_params) {
    std::array<Real, rheo::step_size<M>> numbers;
    for (Real& x : numbers) x = any_number<Real>(stream);
    return std::bit_cast<typename M::Coefficients>(numbers);
  }
  typename M::Params params;
  const auto vary = [&](const auto& f) { params.*(f.member) *= stream.uniform(0.5, 1.5); };
  std::apply([&](const auto&... f) { (vary(f), ...); }, M::params);
  return M::prepare(params, 0.1);
}

template <class M>
void check_sweeps(std::size_t model) {
  using Real = typename M::real;
  constexpr std::size_t states = rheo::state_size<M>, steps = rheo::step_size<M>, ports = M::ports.size();
  RandomStream stream(random_key(model, M::name, sizeof(Real) == 4 ? "single" : "double"), 0);
  std::size_t spikes = 0, silent = 0;
  for (const std::size_t n : {1u, 2u, 7u, 16u, 33u, 64u, 129u, 500u}) {
    for (int variant = 0; variant < 8; ++variant) {
      const bool per_neuron = variant & 1, with_current = variant & 2, of_params = variant & 4;
      Columns<Real> before(states, std::vector<Real>(n));
      for (auto& column : before)
        for (Real& x : column) x = any_number<Real>(stream);
      if (of_params && std::get<states - 1>(M::columns).name == "refractory")
        for (Real& x : before.back()) x = static_cast<Real>(stream.below(3));
      Columns<Real> step(per_neuron ? steps : 1, std::vector<Real>(per_neuron ? n : steps));
      std::vector<typename M::Coefficients> step_of;
      const auto common = random_step<M>(stream, of_params);
      for (std::size_t i = 0; i < n; ++i) {
        step_of.push_back(per_neuron ? random_step<M>(stream, of_params) : common);
        const auto numbers = std::bit_cast<std::array<Real, steps>>(step_of[i]);
        for (std::size_t k = 0; k < steps; ++k) (per_neuron ? step[k][i] : step[0][k]) = numbers[k];
      }
      // Exactly as many rows as are promised, so that reading a row that is not there shows under a sanitizer.
      std::vector<Real> input((ports - (with_current ? 0 : 1)) * n);
      for (Real& x : input) x = stream.below(3) == 0 ? any_number<Real>(stream) : Real(0);

      const std::vector<Real> no_current(n);
      const std::vector<std::uint8_t> differs(steps, 1);

      Columns<Real> expected = before;
      std::vector<std::uint8_t> expected_fired(n);
      for (std::size_t i = 0; i < n; ++i) {
        std::array<Real, states> numbers;
        for (std::size_t c = 0; c < states; ++c) numbers[c] = before[c][i];
        auto state = std::bit_cast<typename M::State>(numbers);
        rheo::Inputs<M> in{};
        for (std::size_t p = 0; p < ports - (with_current ? 0 : 1); ++p) in[p] = input[p * n + i];
        expected_fired[i] = M::advance(state, step_of[i], in);
        ++(expected_fired[i] ? spikes : silent);
        numbers = std::bit_cast<std::array<Real, states>>(state);
        for (std::size_t c = 0; c < states; ++c) expected[c][i] = numbers[c];
      }
      for (const Isa isa : rheo::usable_isas()) {
        Columns<Real> state = before;
        std::vector<void*> state_columns;
        for (auto& column : state) state_columns.push_back(column.data());
        std::vector<const void*> step_columns;
        for (const auto& column : step) step_columns.push_back(column.data());
        std::vector<std::uint8_t> fired(n, 7);
        const rheo::AdvanceLoops& loops = kernels(isa).advance[precision_index<Real>][model];
        const rheo::Advance advance = per_neuron     ? loops.per_neuron
                                      : with_current ? loops.uniform_with_current
                                                     : loops.uniform;
        const Real* const current = with_current ? input.data() + (ports - 1) * n : no_current.data();
        void* const* const columns = state_columns.data();
        advance({columns, step_columns.data(), differs.data(), 0, input.data(), n, fired.data(), n, current});
        CAPTURE(M::name, model, n, per_neuron, with_current, of_params, name(isa));
        REQUIRE(fired == expected_fired);
        require_same(state, expected);
      }
    }
  }
  // Both outcomes must have been seen often, where there are two.
  if constexpr (requires { M::spikes; })
    CHECK(spikes == 0);
  else
    CHECK(spikes > 100);
  CHECK(silent > 100);
}

}  // namespace

TEMPLATE_TEST_CASE("AdvanceTable of every model give the bits of one neuron at a time", "[kernels]", float, double) {
  const auto all = []<std::size_t... I>(std::index_sequence<I...>) {
    (check_sweeps<std::tuple_element_t<I, rheo::NeuronModels<TestType>>>(I), ...);
  };
  all(std::make_index_sequence<rheo::neuron_model_count>{});
}

TEST_CASE("collect lists who fired", "[kernels]") {
  const auto check = [](const std::vector<std::uint8_t>& fired) {
    std::vector<rheo::NeuronId> found{1, 2}, expected{1, 2};  // what is there stays
    rheo::collect(fired.data(), fired.size(), 1000, found);
    for (std::size_t i = 0; i < fired.size(); ++i)
      if (fired[i] != 0) expected.push_back(1000 + static_cast<rheo::NeuronId>(i));
    REQUIRE(found == expected);
  };
  SECTION("every pattern of 8, everywhere in two stretches of 64 and behind them") {
    for (std::size_t at = 0; at <= 140 - 8; at += 4) {
      for (unsigned pattern = 0; pattern < 256; ++pattern) {
        std::vector<std::uint8_t> fired(140, 0);
        for (unsigned bit = 0; bit < 8; ++bit) fired[at + bit] = pattern >> bit & 1;
        check(fired);
      }
    }
  }
  SECTION("random patterns of all densities and sizes") {
    RandomStream stream(random_key(1, "collect", ""), 0);
    for (std::size_t n = 0; n < 300; ++n) {
      for (const double density : {0.0, 0.01, 0.3, 1.0}) {
        std::vector<std::uint8_t> fired(n);
        for (auto& f : fired) f = stream.uniform() < density;
        check(fired);
      }
    }
  }
}

}  // namespace test_kernels
