// Synapses onto each target of a lane, for spikes of targets that reach them at once.
#pragma once

#include <cstdint>
#include <numeric>
#include <span>
#include <vector>

#include "networks/synapses/block.hpp"

namespace rheo {

class IncomingSynapses {
 public:
  struct Synapse {
    std::uint32_t row, index, delay;
  };

  IncomingSynapses() = default;
  // width: the number of targets.
  IncomingSynapses(const SynapseBlock& block, std::uint32_t width) : begin_(width + 1, 0), synapses_(block.synapses()) {
    for (std::uint32_t s = 0; s < block.synapses(); ++s) ++begin_[block.target(s) + 1];
    std::partial_sum(begin_.begin(), begin_.end(), begin_.begin());
    std::vector<std::uint32_t> next(begin_.begin(), begin_.end() - 1);
    block.for_each_slice([&](std::uint32_t row, std::uint32_t delay, std::uint32_t begin, std::uint32_t count) {
      for (std::uint32_t s = begin; s < begin + count; ++s) synapses_[next[block.target(s)]++] = {row, s, delay};
    });
  }

  std::span<const Synapse> of(std::uint32_t target) const {
    return std::span(synapses_).subspan(begin_[target], begin_[target + 1] - begin_[target]);
  }
  std::size_t bytes() const {
    return begin_.capacity() * sizeof(std::uint32_t) + synapses_.capacity() * sizeof(Synapse);
  }
  static double expected_bytes(double width, double synapses) {
    return sizeof(std::uint32_t) * width + sizeof(Synapse) * synapses;
  }

 private:
  std::vector<std::uint32_t> begin_;  // [target]
  std::vector<Synapse> synapses_;
};

}  // namespace rheo
