// What the tests of connection rules share.
#pragma once

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <cstdint>
#include <memory>
#include <numeric>
#include <string>
#include <vector>

#include "core/diagnostics.hpp"
#include "networks/connect/connector.hpp"
#include "networks/connect/rules.hpp"

namespace connectors {

using namespace rheo;
using Sources = std::vector<std::uint32_t>;

inline rheo::RandomKey key(std::uint64_t seed = 1) {
  return rheo::random_key(seed, "projection", "connect");
}

// Source i and target i are the same neuron.
inline ConnectorEnds recurrent(std::uint32_t neurons) {
  return {.sources = neurons, .targets = neurons, .self = [](std::uint32_t target) { return target; }};
}

// The sources of every target.
inline std::vector<Sources> all_incoming(const Connect& connect, const ConnectorEnds& ends,
                                         rheo::RandomKey random = key()) {
  const auto connector = rheo::make_connector(connect, ends, random);
  connector->prepare();
  std::vector<Sources> all(ends.targets);
  Sources edges;
  for (std::uint32_t target = 0; target < ends.targets; ++target)
    connector->incoming(target, ends.self ? ends.self(target) : Connector::nobody, all[target], edges);
  return all;
}

inline std::vector<std::uint32_t> outdegrees(const std::vector<Sources>& all, std::uint32_t sources) {
  std::vector<std::uint32_t> counts(sources);
  for (const Sources& in : all)
    for (const std::uint32_t s : in) ++counts.at(s);
  return counts;
}

inline std::vector<std::uint32_t> indegrees(const std::vector<Sources>& all) {
  std::vector<std::uint32_t> counts;
  for (const Sources& in : all) counts.push_back(static_cast<std::uint32_t>(in.size()));
  return counts;
}

inline std::uint64_t sum(const std::vector<std::uint32_t>& counts) {
  return std::accumulate(counts.begin(), counts.end(), std::uint64_t{0});
}

inline bool has_duplicates(Sources sources) {
  std::sort(sources.begin(), sources.end());
  return std::adjacent_find(sources.begin(), sources.end()) != sources.end();
}

inline std::uint64_t autapses(const std::vector<Sources>& all) {
  std::uint64_t count = 0;
  for (std::uint32_t t = 0; t < all.size(); ++t)
    count += static_cast<std::uint64_t>(std::count(all[t].begin(), all[t].end(), t));
  return count;
}

inline rheo::Complaint refusal(const Connect& connect, const ConnectorEnds& ends) {
  try {
    rheo::make_connector(connect, ends, key());
  } catch (const rheo::BuildError& error) {
    return error.complaint();
  }
  FAIL("nothing was refused");
  return {};
}

// Chi-square as a standard normal deviate (Wilson and Hilferty); above 3.72 with probability 1e-4.
inline double chi_square_deviate(double chi_square, double degrees) {
  return (std::cbrt(chi_square / degrees) - (1.0 - 2.0 / (9.0 * degrees))) / std::sqrt(2.0 / (9.0 * degrees));
}

// How far counts are from equal expected ones, as a standard normal deviate.
inline double unevenness(const std::vector<std::uint32_t>& counts, double variance_over_mean = 1) {
  const auto n = static_cast<double>(counts.size());
  const double mean = static_cast<double>(sum(counts)) / n;
  double chi_square = 0;
  for (const double count : counts) chi_square += (count - mean) * (count - mean) / mean / variance_over_mean;
  return chi_square_deviate(chi_square, n - 1);
}

}  // namespace connectors
