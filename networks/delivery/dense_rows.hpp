// Looking into rows of dense bundles, for whoever reads synapses one by one.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>

#include "networks/synapses/block.hpp"

namespace rheo {

// Whether there is a synapse at a place, counted from that of the first row.
template <class Real>
bool has_synapse(const SynapseBundle& bundle, const SynapseBlock& block, std::size_t place) {
  if (!bundle.weighted) return (block.as_dense<std::uint16_t>()[place / 16] >> place % 16 & 1) != 0;
  const Real weight = block.as_dense<Real>()[place];
  return weight != 0 || !std::signbit(weight);
}

// Where a synapse is kept: at a place, or as one of the others, by its number in `data`.
struct DensePlace {
  std::size_t place = 0;
  bool is_other = false;
  std::uint32_t other = 0;
};

// Calls use(s, where) for the synapses of a row by their numbers, until it returns true.
template <class Real, class Use>
void find_in_row(const SynapseBundle& bundle, const SynapseBlock& block, std::uint32_t row, const Use& use) {
  std::uint32_t s = block.row_synapses[row];
  const std::size_t begin = std::size_t{row} * block.dense_width;
  for (std::size_t place = begin; place < begin + block.dense_width; ++place)
    if (has_synapse<Real>(bundle, block, place) && use(s++, DensePlace{place})) return;
  if (block.row_others.empty()) return;
  for (std::uint32_t other = block.row_others[row]; other < block.row_others[row + 1]; ++other)
    if (use(s++, DensePlace{0, true, other})) return;
}

template <class Real>
DensePlace place_of(const SynapseBundle& bundle, const SynapseBlock& block, std::uint32_t synapse) {
  const auto after = std::upper_bound(block.row_synapses.begin(), block.row_synapses.end(), synapse);
  const auto row = static_cast<std::uint32_t>(after - block.row_synapses.begin() - 1);
  DensePlace found;
  find_in_row<Real>(bundle, block, row, [&](std::uint32_t s, const DensePlace& where) {
    found = where;
    return s == synapse;
  });
  return found;
}

}  // namespace rheo
