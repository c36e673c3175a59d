// A static projection while it runs: per lane a block of synapses and a wheel of the delay slices in flight.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "core/simulation.hpp"
#include "core/wheel.hpp"
#include "networks/synapses.hpp"

namespace rheo {

// Which global neurons are the rows of a projection: `first`, first + step, ... < end are the rows from `row` on.
struct SourceRange {
  NeuronId first = 0, end = 0;
  std::uint32_t step = 1;
  std::uint32_t row = 0;
};

class Projection final : public Pathway {
 public:
  struct Parts {
    Precision precision = Precision::single_;
    std::vector<SourceRange> sources;  // disjoint, ascending by neuron
    std::vector<SynapseBlock> blocks;  // [lane]
    Tick min_delay = never, max_delay = 0;
    double weight = 0;  // where blocks store none
  };
  explicit Projection(Parts parts);

  Tick min_delay() const override { return parts_.min_delay; }
  Tick max_delay() const override { return parts_.max_delay; }
  void fan_out(std::size_t lane, const SpikeBatch& batch, Tick now) override;
  void arrive(std::size_t lane, Tick t, void* input) override;
  void clear() override;
  std::size_t bytes() const override;

 private:
  // Synapses [begin, begin + count) of the lane's block.
  struct Slice {
    std::uint32_t begin, count;
  };
  using Deliver = void (*)(const SynapseBlock&, double weight, std::span<const Slice>, void* input);
  struct Lane {
    DelayWheel<Slice> wheel;
    std::vector<Slice> arriving;  // the slices of the tick being delivered
    Deliver deliver = nullptr;  // none: no synapses onto this lane
  };

  void push_row(std::size_t lane, std::uint32_t row, Tick emitted, std::size_t position, Tick now);
  void prefetch_row(const SynapseBlock& block, std::uint32_t row) const;

  Parts parts_;
  std::vector<Lane> lanes_;
};

}  // namespace rheo
