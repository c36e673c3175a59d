// The state that a readout sees of a spiking network: of each neuron an exponential trace of its spikes,
//   x(t) = x(t-1) exp(-dt/tau) + (1 in ticks in which it spikes).
// Called after every window; a tick costs one multiplication per neuron.
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>
#include <vector>

#include "core/bytes.hpp"
#include "core/loop/simulation.hpp"
#include "core/spikes.hpp"

namespace rheo {

class FilteredSpikes final : public SpikeSink {
 public:
  // neurons: numbers in the whole network, in the order of the traces; no neuron twice. tau, dt: ms.
  FilteredSpikes(std::span<const NeuronId> neurons, double tau, double dt);

  void take(const SpikeBatch& batch) override;

  std::span<const double> traces() const { return traces_; }
  std::uint64_t spikes() const { return spikes_; }  // of these neurons so far

  void forget() { std::fill(traces_.begin(), traces_.end(), 0.0); }
  void save(ByteWriter& to) const;
  void load(ByteReader& from);

 private:
  static constexpr std::uint32_t nobody = 0xffffffffu;
  std::vector<std::uint32_t> place_;  // [neuron of the network] of its trace
  std::vector<double> traces_;
  double decay_;
  std::uint64_t spikes_ = 0;
};

}  // namespace rheo
