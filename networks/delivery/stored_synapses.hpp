// Synapses while they run, static and plastic: what every lane receives, in the canonical order of sums, and reading
// them back.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "core/loop/simulation.hpp"
#include "networks/plastic/signals.hpp"
#include "networks/synapses/block.hpp"

namespace rheo {

// A synapse as a lane stores it: where its weight arrives, and when.
struct StoredSynapse {
  std::uint32_t slot = 0;   // in the lane's input
  std::uint32_t delay = 0;  // ticks
  std::uint32_t index = 0;  // in the lane's block of the bundle
  double weight = 0;
};

class StoredSynapses : public Delivery {
 public:
  virtual const std::vector<SynapseBundle>& bundles() const = 0;  // in the order of their projections
  // Appends the synapses of one row onto one lane, in the order in which they are stored.
  virtual void read(std::size_t bundle, std::size_t lane, std::uint32_t row, std::vector<StoredSynapse>& to) const = 0;
  // One synapse of a lane's block of a bundle, by its index there.
  virtual std::uint32_t slot(std::size_t bundle, std::size_t lane, std::uint32_t index) const = 0;
  virtual double weight(std::size_t bundle, std::size_t lane, std::uint32_t index) const = 0;
  // Between two runs: a synapse's weight, as weight() tells it, rounded to what synapses hold. Of a bundle whose
  // synapses have weights of their own, after begin_write(); a plastic one's are within the bounds of its rule.
  virtual void begin_write(std::size_t /*bundle*/, Tick /*now*/) {}
  virtual void set_weight(std::size_t bundle, std::size_t lane, std::uint32_t index, double weight) = 0;
  // Likewise, of a bundle whose synapses share one.
  virtual void set_shared_weight(std::size_t bundle, double weight) = 0;
  // A column of a plastic bundle in the precision of the simulation, all lanes settled: 0 is the weight, with its sign.
  // By source, target and delay, as Network::outgoing() lists them. Whoever reads what synapses keep while a simulation
  // runs does it here.
  virtual SynapseColumn read_column(std::size_t /*bundle*/, std::size_t /*column*/) const { return {}; }
  virtual std::uint32_t delay(std::size_t bundle, std::size_t lane, std::uint32_t row,
                              std::uint32_t index) const = 0;  // ticks; `row` holds the synapse
  // Of the network, in the order of their declaration; none where there are none and nothing learns.
  virtual SignalBoard* signals() { return nullptr; }
};

// Bundles in the order of their projections; slots: size of the input of each lane.
std::unique_ptr<StoredSynapses> make_stored_synapses(std::vector<SynapseBundle> bundles, const DeliveryPlan& delivery,
                                                     Precision precision, const std::vector<std::uint32_t>& slots,
                                                     SignalBoard signals);

}  // namespace rheo
