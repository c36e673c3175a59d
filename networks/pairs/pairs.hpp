// What numbers of a pair of neurons may depend on.
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "core/description.hpp"
#include "core/diagnostics.hpp"
#include "networks/pairs/number_table.hpp"

namespace rheo {

// The sources and targets of a projection, each counted from 0 through its selections.
struct Pairs {
  std::uint32_t sources = 0, targets = 0;
  std::function<double(std::uint32_t source, std::uint32_t target)> distance = {};  // empty: they have no positions
  double farthest = 0;  // no source and target are further apart
};

// Group g of n neurons and G groups: those with floor(i G / n) = g.
inline std::uint32_t group_of(std::uint32_t neuron, std::uint32_t neurons, std::uint32_t groups) {
  return static_cast<std::uint32_t>(std::uint64_t{neuron} * groups / neurons);
}

inline void check_groups(const char* key, std::uint32_t groups, std::uint32_t neurons, const char* what) {
  if (groups > neurons || groups == 0)
    reject(key, std::to_string(groups), "there are " + std::to_string(neurons) + " " + what,
           "from 1 to " + std::to_string(neurons) + " groups");
}

// Whether it is there and holds as many numbers as it says.
inline void check_table(const char* key, const std::shared_ptr<const NumberTable>& table) {
  if (!table) reject(key, {}, "is missing", "rows of numbers");
  const std::uint64_t size = std::uint64_t{table->rows} * table->columns;
  if (table->values.size() != size)
    reject(key, std::to_string(table->values.size()) + " numbers", "wrong number",
           std::to_string(table->rows) + " x " + std::to_string(table->columns) + " numbers");
}

inline void check_shape(const char* key, const std::shared_ptr<const NumberTable>& table, const Pairs& pairs) {
  check_table(key, table);
  if (table->rows != pairs.sources || table->columns != pairs.targets)
    reject(key, std::to_string(table->rows) + " x " + std::to_string(table->columns) + " numbers", "wrong shape",
           std::to_string(pairs.sources) + " rows, one for each source, of " + std::to_string(pairs.targets) +
               " numbers, one for each target");
}

inline Range reach_of(const NumberTable& table) {
  const auto [low, high] = std::minmax_element(table.values.begin(), table.values.end());
  return {*low, *high};
}

}  // namespace rheo
