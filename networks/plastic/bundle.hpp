// The synapses of one plastic projection while they run, as delivery knows them: when rules are called, and what they
// see of sources and targets (docs/decisions/0007-plastic-synapses.md).
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <variant>

#include "core/bytes.hpp"
#include "core/loop/simulation.hpp"
#include "core/parallel.hpp"
#include "core/spikes.hpp"
#include "core/types.hpp"
#include "networks/plastic/signals.hpp"
#include "networks/synapses/block.hpp"

namespace rheo {

// Synapses begin, begin + 1, ... of a lane, reached by the spike that has this record.
struct PlasticSlice {
  std::uint32_t begin, count, record;
};

// Synapses may be in double precision where the simulation is in single precision.
class LearningSynapses {
 public:
  virtual ~LearningSynapses() = default;

  // Makes records for the spikes of its sources, before they are filed; on the thread that runs the simulation. Those
  // of one batch are numbered from first_record() on, by (tick, source).
  virtual void emitted(const SpikeBatch& batch) = 0;
  virtual std::uint32_t first_record() const = 0;

  // The slices, which all arrive in tick t, learn and transmit: what they send is added to `sums` of the lane's
  // targets, in the precision of the simulation: synapse by synapse, or their sum where synapses are in double
  // precision and the simulation is not.
  virtual void arrive(std::size_t lane, Tick t, std::span<const PlasticSlice> slices, void* sums) = 0;
  // The ticks after `now` that may be computed at once, at most `longest`, as far as signals are known.
  virtual Tick window(const SignalBoard& signals, Tick now, Tick longest) const = 0;
  // Before ticks (now, end] are computed, as long as window() allows.
  virtual void begin(const SignalBoard& signals, Tick end) = 0;
  // After tick `now` was computed, and before the next window: consolidates, and what else is due at a fixed tick.
  virtual void between_windows(SignalBoard& signals, Tick now, const Threads& threads) = 0;
  // Neurons that spiked in tick t, among them targets in this lane; after all arrivals of the tick.
  virtual void spiked(std::size_t lane, Tick t, std::span<const NeuronId> neurons) = 0;
  // What targets did up to and including tick t reaches every synapse of the lane. Changes no result, whenever it is
  // called.
  virtual void settle(std::size_t lane, Tick t) = 0;
  // Whether synapses change from tick `now` on, the last that was computed, all lanes settled. While they do not, they
  // transmit what the rule makes of them as they are, and histories are dropped unread.
  virtual void learn(bool learns, Tick now) = 0;
  virtual bool learns() const = 0;
  // Magnitudes of a lane's synapses, as they count now, in a projection that transmits values.
  virtual std::variant<const float*, const double*> magnitudes(std::size_t lane) const = 0;
  // A synapse's weight as of the last settle().
  virtual double weight(std::size_t lane, std::uint32_t synapse) const = 0;

  // All lanes settled at `now`: synapses elapse up to there; then sources and targets have never spiked.
  virtual void forget(Tick now) = 0;

  // Between two runs, all lanes settled at `now`: synapses elapse up to there, and then a magnitude is put in its
  // place.
  virtual void begin_write(Tick now) = 0;
  virtual void set_weight(std::size_t lane, std::uint32_t synapse, double magnitude) = 0;

  // A column of all synapses, lanes settled, by source, target and delay: weights are magnitudes.
  virtual SynapseColumn read_column(std::size_t column) const = 0;
  // The first synapse, in that order, that holds a number that is not finite.
  virtual std::optional<Delivery::BrokenSynapse> first_broken() const = 0;
  // All lanes settled at `now`: weights and columns by source, delay and target, traces, and what is in flight.
  virtual void save(Tick now, ByteWriter& to) const = 0;
  // in_flight: the spikes that are filed next. Throws StateError.
  virtual void load(Tick now, const SpikeBatch& in_flight, ByteReader& from) = 0;
  virtual std::size_t bytes() const = 0;
};

// The synapses of a plastic bundle, which outlives them, in the precision that its plan says. sums: the precision of
// the simulation.
std::unique_ptr<LearningSynapses> make_learning_synapses(SynapseBundle& bundle, Tick max_delay, Precision sums);

// What one lane of that takes for its targets, whose slots span so many places, before anything spikes.
double learning_bytes(const PlasticPlan& plan, double width, double synapses, Precision sums);

}  // namespace rheo
