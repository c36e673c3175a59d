// What the loop and everything that it moves promise each other: populations, delivery, inputs and probes. The loop
// knows them through these interfaces alone, so that it includes no neuron and no synapse.
#pragma once

#include <algorithm>
#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/bytes.hpp"
#include "core/parallel.hpp"
#include "core/spikes.hpp"
#include "core/touched.hpp"
#include "core/types.hpp"

namespace rheo {

// Spikes of one lane in one window, by (tick, neuron).
struct SpikeList {
  std::vector<NeuronId> neurons;
  std::vector<std::uint32_t> end_of;  // [tick in window]: size of `neurons` after it
};

// A population as the loop sees it: a TickBlock or an EventBlock. It owns the state of all its neurons; a lane advances
// a contiguous piece of it.
class PopulationBlock {
 public:
  virtual ~PopulationBlock() = default;
  virtual const std::string& name() const = 0;
  virtual std::uint32_t size() const = 0;
  virtual std::uint32_t ports() const = 0;  // number of input rows that a tick reads

  // Number of the state column of this name, if there is one.
  virtual std::optional<std::size_t> find_column(std::string_view) const { return std::nullopt; }
  // Values of a column after tick `now`, the last that was computed. Changes nothing, allocates nothing.
  virtual void read(std::size_t column, Tick now, std::span<const std::uint32_t> neurons, double* to) const;
  // Puts values of a column in their place, rounded to precision(), as of tick `now`. Not while the loop runs.
  virtual void write(std::size_t column, Tick now, std::span<const std::uint32_t> neurons, const double* from);
  // The column itself, by neuron, where it is kept in single precision and up to date; otherwise nothing.
  virtual std::span<const float> view(std::size_t /*column*/) const { return {}; }
  // The column that it transmits where projections transmit values, if it says one.
  virtual std::optional<std::size_t> value_column() const { return std::nullopt; }
  // A column of neurons [begin, end), as read from outside, in the precision of `to`. While the loop runs a lane may
  // copy what it has advanced.
  virtual void copy(std::size_t /*column*/, std::uint32_t /*begin*/, std::uint32_t /*end*/, float* /*to*/) const {}
  virtual void copy(std::size_t /*column*/, std::uint32_t /*begin*/, std::uint32_t /*end*/, double* /*to*/) const {}
  // Of the columns: double also in a simulation in single precision where they change slowly.
  virtual Precision precision() const { return Precision::double_; }

  // What was loaded is the state of tick `now`, whenever it was saved.
  virtual void belongs_to(Tick /*now*/) {}
  // The state that changes while running, by neuron.
  virtual void save(ByteWriter& to) const = 0;
  virtual void load(ByteReader& from) = 0;
  virtual std::size_t bytes() const = 0;
};

// Every neuron advances in every tick.
class TickBlock : public PopulationBlock {
 public:
  // Advances neurons [begin, end) from tick t-1 to t. `input` points to ports() rows of (end - begin) sums each, of the
  // simulation's precision; row p starts at p * (end - begin). Appends the population-local index + first_id of every
  // neuron that spiked, ascending. Called once per lane and tick, concurrently for disjoint pieces.
  virtual void advance(Tick t, std::uint32_t begin, std::uint32_t end, const void* input, NeuronId first_id,
                       SpikeList& spikes) = 0;

  // First neuron in [begin, end) with a state that is not finite, or `end`. Called once per lane and window.
  virtual std::uint32_t first_non_finite(std::uint32_t begin, std::uint32_t end) const = 0;
};

// A lane's input is one array: for each population in order its ports, for each port one row of that piece's neurons.
// A synapse addresses its target by the index in that array (its slot), so ports cost nothing at run time.
struct Piece {
  std::uint32_t begin = 0, end = 0;  // neurons of the population in this lane
  std::uint32_t first_slot = 0;
  std::uint32_t slot(std::uint32_t port, std::uint32_t neuron) const {
    return first_slot + port * (end - begin) + (neuron - begin);
  }
};

// All synapses as the loop sees them. Per lane it keeps the synapses onto that lane and what is in flight to it.
class Delivery {
 public:
  virtual ~Delivery() = default;
  virtual Tick min_delay() const = 0;  // ticks, >= 1; `never` without synapses
  virtual Tick max_delay() const = 0;  // ticks; 0 without synapses

  // The populations, whose columns some synapses and signals read; they outlive it, and each may be replaced by one of
  // as many neurons.
  virtual void attach(const std::vector<std::unique_ptr<PopulationBlock>>&) {}
  // Before ticks after `now` are computed that follow no other run at once: states may have been written.
  virtual void begin(Tick) {}

  // Files what the batch's spikes send to this lane, as far as it arrives after tick `now`, the batch's last tick.
  // Called for batch after batch; only after clear() may a batch be longer than min_delay() ticks.
  virtual void fan_out(std::size_t lane, const SpikeBatch& batch, Tick now) = 0;
  // The lane's input of tick t: what arrives, summed per slot in the order of docs/semantics.md. Ticks are asked for in
  // order; the caller adds inputs, uses the array and sets it to zero before the next tick.
  virtual void* arrivals(std::size_t lane, Tick t) = 0;
  // The slots that arrivals() wrote to since they were last taken; nullptr where no EventBlock needs to know.
  virtual TouchedSlots* touched(std::size_t) { return nullptr; }
  // Forgets everything in flight.
  virtual void clear() = 0;
  // After clear(), all lanes settled: forgets all that neurons did up to tick `now`, and keeps what synapses are.
  virtual void forget(Tick /*now*/) {}

  // Where synapses learn, on the thread that runs the simulation. How many ticks after `now` may be computed at once,
  // at most `longest`; they are what is computed next.
  virtual Tick window(Tick, Tick longest) { return longest; }
  // A batch before its fan_out.
  virtual void emitted(const SpikeBatch&) {}
  // After all of tick `now`, the last of a window.
  virtual void between_windows(Tick, const Threads&) {}
  // The neurons of a lane that spiked in tick t, by population; after all that arrives in the tick.
  virtual void spiked(std::size_t, Tick, std::span<const NeuronId>) {}
  // After the neurons of a lane, pieces of all populations, advanced to tick t.
  virtual void advanced(std::size_t /*lane*/, Tick /*t*/, const std::vector<Piece>& /*pieces*/) {}
  // Brings a lane's weights up to tick `now`, the last that was computed. Changes no result.
  virtual void settle(std::size_t, Tick) {}
  // A synapse that holds a number that is not finite, whatever has not reached it yet.
  struct BrokenSynapse {
    std::string projection, rule, what;
    NeuronId source = 0, target = 0;
  };
  virtual std::optional<BrokenSynapse> first_broken() const { return std::nullopt; }
  // Whether a projection learns after tick `now`, all lanes settled. What it transmits and traces of neurons do not
  // depend on it. A projection that cannot learn never does.
  virtual void learn(std::size_t /*projection*/, bool, Tick /*now*/) {}
  virtual bool learns(std::size_t /*projection*/) const { return false; }
  // What changes while running, all lanes settled; in_flight: the batch whose fan_out follows.
  virtual void save(Tick, ByteWriter&) const {}
  virtual void load(Tick, const SpikeBatch& /*in_flight*/, ByteReader&) {}
  virtual std::size_t bytes() const = 0;
};

// Input that needs no spikes: a current, a Poisson train. Stateless: what it adds is a function of the tick.
class Input {
 public:
  virtual ~Input() = default;
  // Adds this tick's input to neurons [begin, end) of population `population()`; `row` is the input row of port().
  // Where `touched` is given, all slots that are not 0 afterwards are in it, the row being slots first_slot and
  // following.
  virtual void add(Tick t, std::uint32_t begin, std::uint32_t end, void* row, TouchedSlots* touched = nullptr,
                   std::uint32_t first_slot = 0) const = 0;
  virtual std::size_t population() const = 0;  // index in the order of declaration
  virtual std::uint32_t port() const = 0;
};

// What the cut into lanes depends on.
struct PopulationShape {
  std::uint32_t size = 0, ports = 0;
  bool by_event = false;
};
std::vector<PopulationShape> shapes_of(const std::vector<std::unique_ptr<PopulationBlock>>& populations);

// Of one lane and EventBlock.
struct EventPiece {
  static constexpr std::uint32_t nobody = 0xffffffffu;
  std::vector<std::uint32_t> awake;         // neurons that may spike although nothing arrives, ascending
  std::vector<std::uint32_t> hit, visited;  // room to work in
  std::uint32_t broken = nobody;            // the first neuron that was seen with a state that is not finite
};

// A neuron is computed only in ticks in which something arrives, and as long as it could spike without that.
class EventBlock : public PopulationBlock {
 public:
  // Neurons of the piece that are awake after tick `now`, once a state is there. Throws StateError for states that are
  // ahead of that.
  virtual void wake(Tick now, const Piece& piece, EventPiece& events) const = 0;
  // Takes the piece's slots out of `touched`, computes tick t for these neurons and those awake, and sets their input
  // to 0. input, first_id, spikes: as for TickBlock::advance. Concurrent for disjoint pieces.
  virtual void visit(Tick t, const Piece& piece, void* input, NeuronId first_id, TouchedSlots& touched,
                     EventPiece& events, SpikeList& spikes) = 0;
};

// How neurons are cut into lanes. Results do not depend on it.
struct Lanes {
  std::vector<std::vector<Piece>> pieces;  // [lane][population]; pieces may be empty
  std::vector<std::uint32_t> slots;        // [lane] size of the input array
  // Lanes begin, begin + 1, ... < end are computed here, the others by other processes (Exchange). After cut(): all.
  struct {
    std::size_t begin = 0, end = 0;
  } owned;
  std::size_t count() const { return pieces.size(); }

  // Cuts every population into `count` pieces of nearly equal size, on borders of 64 neurons where sizes allow.
  // Populations of fewer neurons than lanes are cut as if they were one, so that lanes share many small ones evenly.
  static Lanes cut(std::span<const PopulationShape> populations, std::size_t count);
};

// What processes that compute a network together tell each other. This one is alone; one that is not overrides it.
// docs/decisions/0018-room-in-the-layout.md has what else it will have to say.
class Exchange {
 public:
  virtual ~Exchange() = default;
  // Puts the spikes of all processes, by (tick, neuron), in place of those of this one. After every window, by all.
  virtual void share(SpikeBatch&) {}
  // Whether it is so in any process. Asked by all at the same tick, so that they end at the same one.
  virtual bool any(bool here) { return here; }
};

// Ticks after `begin`, up to and including `end`.
struct TickSpan {
  Tick begin = 0, end = never;
  bool holds(Tick t) const { return t > begin && t <= end; }
};

// When a probe looks: ticks first, first + every, ... < end.
struct SampleTimes {
  Tick first = 0, every = 1, end = never;
  bool hold(Tick t) const { return t >= first && t < end && (t - first) % every == 0; }
  // How many ticks of [from, until) they hold.
  std::uint64_t count(Tick from, Tick until) const {
    const auto before = [this](Tick t) {  // no sum that could pass the last tick
      const Tick last = std::min(t, end);
      return last <= first ? 0 : (last - first - 1) / every + 1;
    };
    return static_cast<std::uint64_t>(std::max<Tick>(0, before(until) - before(from)));
  }
};

// Looks at states without a part in the simulation: results do not depend on it, and without one nothing is spent.
class Probe {
 public:
  virtual ~Probe() = default;
  virtual const SampleTimes& times() const = 0;
  // No more ticks at a time than this (>= 1): bounds what one window samples. Windows do not change results.
  virtual Tick longest_window() const { return never; }
  // Before the lanes compute ticks [first, end), on the thread that runs the simulation: makes room.
  virtual void begin(Tick first, Tick end) = 0;
  // Tick t, which times() hold, right after this lane's neurons advanced: pieces of all populations. Concurrent for
  // disjoint pieces; neither allocates nor throws.
  virtual void sample(Tick t, const std::vector<Piece>& pieces) = 0;
  // After all lanes, on the thread that runs the simulation: takes what was sampled in ticks < end.
  virtual void take(Tick end) = 0;
};

}  // namespace rheo
