// Products of matrices: each sum in its one order, whatever the instruction set, the threads and the shape.
#include <catch2/catch.hpp>
#include <cmath>
#include <cstring>
#include <limits>
#include <vector>

#include "core/product.hpp"
#include "core/random.hpp"

namespace {

using rheo::DenseView;
using rheo::Isa;
using rheo::OnesView;
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
      for (std::size_t k = 0; k < a.columns; ++k) {
        const float product = at(a, i, k) * at(b, k, j);
        sum = sum + product;
      }
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

TEST_CASE("a matrix of ones is summed as if it were written out", "[product]") {
  for (const std::size_t n : {1u, 10u, 31u, 128u, 131u, 300u}) {
    CAPTURE(n);
    constexpr std::size_t m = 130, k = 90;
    const std::vector<float> b = numbers(k * n, 4);
    rheo::RandomStream stream(rheo::random_key(2, "product", "test"), 0);
    std::vector<std::uint32_t> begin{0}, columns;
    std::vector<float> written(m * k);
    for (std::size_t i = 0; i < m; ++i) {
      const double share = stream.uniform();  // rows from empty to full
      for (std::uint32_t j = 0; j < k; ++j)
        if (i > 0 && stream.uniform() < share) {
          columns.push_back(j);
          written[i * k + j] = 1;
        }
      begin.push_back(static_cast<std::uint32_t>(columns.size()));
    }
    const std::vector<float> wanted =
        by_hand(DenseView::of(written.data(), m, k), DenseView::of(b.data(), k, n), 1, {});
    for (const Isa isa : rheo::usable_isas())
      for (const unsigned threads : {1u, 3u}) {
        const Product product(Threads(threads), isa);
        std::vector<float> to(m * n, 5.0f);
        product.multiply(OnesView{begin, columns}, DenseView::of(b.data(), k, n), to.data(), n);
        CHECK(same_bits(to, wanted));
      }
  }
}
