// The synapses of one projection onto one lane: rows by source, in a row sorted by (delay, target, canonical order).
// Memory traffic is the speed limit of spike delivery, so a column exists only where its values differ: one delay for
// the whole projection costs 0 bytes per synapse, one weight 0 bytes, a target 2 bytes where the lane has at most 65,536
// slots.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "core/aligned.hpp"
#include "core/types.hpp"

namespace rheo {

// A run of synapses of one row with one delay. Rows list them in order, so that a slice begins where the one before
// ended.
template <class Int>
struct DelaySlice {
  Int delay, count;
};

struct SynapseBlock {
  AlignedColumn<std::uint32_t> row_synapses;  // [rows + 1] first synapse of each row
  // Only where delays differ; the narrow form where every delay and count fits.
  AlignedColumn<std::uint32_t> row_slices;  // [rows + 1] first slice of each row
  AlignedColumn<DelaySlice<std::uint16_t>> narrow_slices;
  AlignedColumn<DelaySlice<std::uint32_t>> wide_slices;

  // One of the two: the target's slot in the lane's input.
  AlignedColumn<std::uint16_t> narrow_targets;
  AlignedColumn<std::uint32_t> wide_targets;

  // Only where weights differ; the one of the simulation's precision.
  AlignedColumn<float> weights_single;
  AlignedColumn<double> weights_double;

  std::uint32_t synapses() const { return row_synapses.empty() ? 0 : row_synapses[row_synapses.size() - 1]; }
  std::size_t bytes() const {
    return row_synapses.bytes() + row_slices.bytes() + narrow_slices.bytes() + wide_slices.bytes() +
           narrow_targets.bytes() + wide_targets.bytes() + weights_single.bytes() + weights_double.bytes();
  }
};

}  // namespace rheo
