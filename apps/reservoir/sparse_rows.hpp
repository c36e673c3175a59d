// The recurrent weights of a reservoir: a sparse matrix with the same number of entries in every row, in one piece.
// Used by the rate reservoir and the echo-state network, which multiply it with their state in every step.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace rheo {

class RandomStream;

struct SparseRows {
  std::size_t rows = 0, in_degree = 0;
  std::vector<std::uint32_t> sources;  // in_degree of each row, ascending
  std::vector<double> weights;         // as the sources

  std::span<const std::uint32_t> sources_of(std::size_t i) const {
    return std::span(sources).subspan(i * in_degree, in_degree);
  }
  std::span<double> weights_of(std::size_t i) { return std::span(weights).subspan(i * in_degree, in_degree); }
  std::span<const double> weights_of(std::size_t i) const {
    return std::span(weights).subspan(i * in_degree, in_degree);
  }

  // y = W x. Each row is summed in four strands, which come together at the end.
  void multiply(std::span<const double> x, std::span<double> y) const;
};

// For each of n neurons in_degree < n different sources, never itself, every choice with the same chance; all weights
// 0. The choice follows from (seed, name) alone.
SparseRows random_rows(std::size_t n, std::size_t in_degree, std::uint64_t seed, std::string_view name);

// `count` different ones of 0 .. all.size() - 1, ascending. What `all` holds is overwritten.
std::vector<std::uint32_t> some_of(std::span<std::uint32_t> all, std::size_t count, RandomStream& random);

// What is asked for of a parameter of a reservoir. Throws ExperimentError.
void require(bool good, const char* key, double value, const char* expected);

}  // namespace rheo
