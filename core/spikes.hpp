// Spikes of one window, in the one order that everything downstream relies on: by tick, then by global neuron number.
#pragma once

#include <span>
#include <vector>

#include "core/types.hpp"

namespace rheo {

// Spikes of the ticks first, first+1, ..., first+ticks()-1. Immutable once gathered.
struct SpikeBatch {
  Tick first = 1;
  std::vector<NeuronId> neurons;  // all spikes, by tick, then ascending by neuron
  std::vector<std::uint32_t>
      tick_begin;  // [ticks()+1]: spikes of tick first+k are neurons[tick_begin[k], tick_begin[k+1])

  std::size_t ticks() const { return tick_begin.empty() ? 0 : tick_begin.size() - 1; }
  Tick tick(std::size_t k) const { return first + static_cast<Tick>(k); }
  std::span<const NeuronId> at(std::size_t k) const {
    return {neurons.data() + tick_begin[k], neurons.data() + tick_begin[k + 1]};
  }
};

// Receives every window's spikes once, on the thread that runs the simulation, in order of time.
class SpikeSink {
 public:
  virtual ~SpikeSink() = default;
  virtual void take(const SpikeBatch& batch) = 0;
};

}  // namespace rheo
