// Products of matrices: each sum in its one order, whatever the instruction set, the threads and the shape.
#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <cstring>
#include <limits>
#include <vector>

#include "core/product.hpp"
#include "core/random.hpp"

namespace test_product {

namespace {

using rheo::DenseView;
using rheo::GroupedOnes;
using rheo::Isa;
using rheo::Product;
using rheo::Threads;

std::vector<float> numbers(std::size_t n, std::uint32_t index) {
  rheo::RandomStream stream(rheo::random_key(1, "product", "test"), index);
  std::vector<float> all(n);
  for (float& x : all) x = static_cast<float>(stream.normal());
  return all;
}

float at(const DenseView& m, std::size_t i, std::size_t j) {
  return m.data[i * m.row_step + j * m.column_step];
}

// As the header says it.
std::vector<float> by_hand(const DenseView& a, const DenseView& b, float scale, const std::vector<float>& start) {
  std::vector<float> made(a.rows * b.columns);
  for (std::size_t i = 0; i < a.rows; ++i)
    for (std::size_t j = 0; j < b.columns; ++j) {
      float sum = 0;
      for (std::size_t k = 0; k < a.columns; ++k) sum = std::fma(at(a, i, k), at(b, k, j), sum);
      const float scaled = scale * sum;
      made[i * b.columns + j] = start.empty() ? scaled : start[i * b.columns + j] + scaled;
    }
  return made;
}

bool same_bits(const std::vector<float>& a, const std::vector<float>& b) {
  if (a.empty() || b.empty()) return a.empty() && b.empty();
  return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(float)) == 0;
}

}  // namespace

TEST_CASE("a product is its plain loops, bit by bit", "[product]") {
  struct Shape {
    std::size_t rows, inner, columns;
  };
  for (const Shape shape : {Shape{1, 1, 1}, Shape{8, 5, 32}, Shape{13, 40, 70}, Shape{200, 33, 9}, Shape{97, 300, 259},
                            Shape{3, 0, 4}, Shape{0, 3, 4}, Shape{3, 4, 0}}) {
    const auto [m, k, n] = shape;
    CAPTURE(m, k, n);
    const std::vector<float> a = numbers(m * k, 1), b = numbers(k * n, 2), start = numbers(m * n, 3);
    for (const bool turned : {false, true}) {
      const DenseView A = turned ? DenseView::of(a.data(), k, m).transposed() : DenseView::of(a.data(), m, k);
      const DenseView B = turned ? DenseView::of(b.data(), n, k).transposed() : DenseView::of(b.data(), k, n);
      const std::vector<float> plain = by_hand(A, B, 1, {}), added = by_hand(A, B, -0.3f, start);
      for (const Isa isa : rheo::usable_isas())
        for (const unsigned threads : {1u, 3u}) {
          Product product(Threads(threads), isa);
          std::vector<float> to(m * n, std::numeric_limits<float>::quiet_NaN());
          product.multiply(A, B, to.data(), n);
          CHECK(same_bits(to, plain));
          to = start;
          product.multiply(A, B, to.data(), n, -0.3f, true);
          CHECK(same_bits(to, added));
        }
    }
  }
}

TEST_CASE("rows that are far apart stay untouched in between", "[product]") {
  const std::vector<float> a = numbers(5 * 7, 1), b = numbers(7 * 40, 2);
  for (const Isa isa : rheo::usable_isas()) {
    Product product(Threads(1), isa);
    std::vector<float> to(5 * 50, 7.0f);
    product.multiply(DenseView{a.data(), 5, 6, 7, 1}, DenseView{b.data(), 6, 33, 40, 1}, to.data(), 50);
    const std::vector<float> wanted = by_hand({a.data(), 5, 6, 7, 1}, {b.data(), 6, 33, 40, 1}, 1, {});
    for (std::size_t i = 0; i < 5; ++i)
      for (std::size_t j = 0; j < 50; ++j) CHECK(to[i * 50 + j] == (j < 33 ? wanted[i * 33 + j] : 7.0f));
  }
}

TEST_CASE("groups of rows of ones are summed as if they were written out", "[product]") {
  constexpr std::size_t groups = 21, k = 90;
  for (const std::size_t rows : {1u, 4u, 6u, 7u, 15u})
    for (const std::size_t n : {1u, 10u, 31u, 128u, 131u, 300u}) {
      CAPTURE(rows, n);
      const std::vector<float> b = numbers(k * n, 4);
      rheo::RandomStream stream(rheo::random_key(2, "product", "test"), 0);
      std::vector<std::uint32_t> entries, columns(groups * k);
      std::vector<float> values(groups * k * rows), written(groups * rows * k);
      for (std::size_t g = 0; g < groups; ++g) {
        const double share = stream.uniform();  // groups from empty to full
        std::uint32_t count = 0;
        for (std::uint32_t j = 0; j < k; ++j) {
          if (g == 0 || stream.uniform() >= share) continue;
          columns[g * k + count] = j;
          for (std::size_t r = 0; r < rows; ++r)
            if (stream.uniform() < 0.6) values[(g * rows + r) * k + count] = written[(r * groups + g) * k + j] = 1;
          ++count;
        }
        entries.push_back(count);
      }
      const std::vector<float> wanted =
          by_hand(DenseView::of(written.data(), groups * rows, k), DenseView::of(b.data(), k, n), 1, {});
      for (const Isa isa : rheo::usable_isas())
        for (const unsigned threads : {1u, 3u}) {
          Product product(Threads(threads), isa);
          std::vector<float> to(groups * rows * n, 5.0f);
          product.multiply(GroupedOnes{rows, k, entries, columns, values}, DenseView::of(b.data(), k, n), to.data(), n);
          CHECK(same_bits(to, wanted));
        }
    }
}

// What is not random: sums that cancel, are halfway between two numbers, leave the range, or are no numbers.
TEST_CASE("sums round once for every instruction set", "[product]") {
  const float tiny = std::numeric_limits<float>::denorm_min(), least = std::numeric_limits<float>::min();
  const float most = std::numeric_limits<float>::max(), infinite = std::numeric_limits<float>::infinity();
  std::vector<float> some{
      0.0f,     -0.0f,    1.0f,      -1.0f,    tiny,         -tiny,           3 * tiny,  least,
      -least,   most,     -most,     infinite, 1 + 0x1p-23f, 1 - 0x1p-24f,    0x1p-12f,  1 + 0x1p-12f,
      0x1p-24f, 0x1p-25f, -0x1p-25f, 0x1p-60f, 1.5f,         0x1.fffffep-63f, 0x1.8p-75f};
  for (const float x : numbers(20, 5)) some.push_back(x);
  // A third number c + a b: the first product brings c in.
  const std::size_t n = some.size();
  std::vector<float> a(n * n * 2), b(2 * n);
  for (std::size_t i = 0; i < n; ++i)
    for (std::size_t j = 0; j < n; ++j) {
      a[(i * n + j) * 2] = some[i];
      a[(i * n + j) * 2 + 1] = some[j];
    }
  std::fill_n(b.begin(), n, 1.0f);
  std::copy(some.begin(), some.end(), b.begin() + static_cast<std::ptrdiff_t>(n));
  const DenseView A = DenseView::of(a.data(), n * n, 2), B = DenseView::of(b.data(), 2, n);
  const std::vector<float> wanted = by_hand(A, B, 1, {});
  for (const Isa isa : rheo::usable_isas()) {
    Product product(Threads(1), isa);
    std::vector<float> to(n * n * n);
    product.multiply(A, B, to.data(), n);
    std::size_t wrong = 0;
    for (std::size_t i = 0; i < to.size(); ++i)
      wrong += std::isnan(wanted[i]) ? !std::isnan(to[i]) : std::memcmp(&to[i], &wanted[i], sizeof to[i]) != 0;
    CHECK(wrong == 0);
  }
}

}  // namespace test_product
