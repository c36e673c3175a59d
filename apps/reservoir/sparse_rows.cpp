#include "apps/reservoir/sparse_rows.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cassert>
#include <numeric>
#include <utility>

#include "core/diagnostics.hpp"
#include "core/random.hpp"

namespace rheo {

void SparseRows::multiply(std::span<const double> x, std::span<double> y) const {
  assert(x.size() >= rows && y.size() >= rows);
  const std::size_t k = in_degree, whole = k / 4 * 4;
  const std::uint32_t* source = sources.data();
  const double* weight = weights.data();
  for (std::size_t i = 0; i < rows; ++i, source += k, weight += k) {
    // A single sum would wait for each of its additions.
    double a = 0, b = 0, c = 0, d = 0;
    for (std::size_t j = 0; j < whole; j += 4) {
      a += weight[j] * x[source[j]];
      b += weight[j + 1] * x[source[j + 1]];
      c += weight[j + 2] * x[source[j + 2]];
      d += weight[j + 3] * x[source[j + 3]];
    }
    for (std::size_t j = whole; j < k; ++j) a += weight[j] * x[source[j]];
    y[i] = (a + b) + (c + d);
  }
}

SparseRows random_rows(std::size_t n, std::size_t in_degree, std::uint64_t seed, std::string_view name) {
  assert(in_degree < n);
  const RandomKey key = random_key(seed, name, "sources");
  SparseRows rows{n, in_degree, {}, std::vector<double>(n * in_degree)};
  rows.sources.reserve(n * in_degree);
  std::vector<std::uint32_t> others(n - 1);
  for (std::uint32_t i = 0; i < n; ++i) {
    RandomStream random(key, i);
    for (const std::uint32_t other : some_of(others, in_degree, random))
      rows.sources.push_back(other < i ? other : other + 1);
  }
  return rows;
}

std::vector<std::uint32_t> some_of(std::span<std::uint32_t> all, std::size_t count, RandomStream& random) {
  std::iota(all.begin(), all.end(), 0u);
  for (std::size_t i = 0; i < count; ++i)
    std::swap(all[i], all[i + random.below(static_cast<std::uint32_t>(all.size() - i))]);
  std::vector<std::uint32_t> some(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(count));
  std::sort(some.begin(), some.end());
  return some;
}

void require(bool good, const char* key, double value, const char* expected) {
  if (good) return;
  throw ExperimentError({.key = key,
                         .value = fmt::format("{}", value),
                         .problem = "is out of range for a reservoir of this kind",
                         .expected = expected});
}

}  // namespace rheo
