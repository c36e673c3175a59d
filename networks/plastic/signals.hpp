// Third factors while a simulation runs: named numbers, one for each tick or one for each neuron of a projection, which
// plasticity rules read. In double precision, and the same for every lane.
//
//   filtered spikes   d decays with tau, and grows by `amplitude` when a spike of the sources arrives after its delay;
//                     with tau 0 it lasts one tick
//   table             steps: values[k] from the tick after times[k] on; pulses: in the tick that ends at or after it,
//                     or added to a trace that decays with tau
//   task              the values that set() was given
//   published         the values that a projection's rule publishes at the end of its consolidations
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "core/bytes.hpp"
#include "core/random.hpp"
#include "core/spikes.hpp"
#include "networks/description/spec.hpp"
#include "networks/synapses/block.hpp"

namespace rheo {

class SignalBoard {
 public:
  // A signal with the neurons that it is made from.
  struct Plan {
    SignalSpec spec;
    std::uint32_t width = 1;           // numbers
    std::vector<SourceRange> sources;  // filtered spikes
    RandomKey key{};                   // of its delays
  };

  // The first tick of a value that a table has at this time (ms).
  static Tick tick_of(const SignalSpec& spec, double time, double dt);

  SignalBoard() = default;
  SignalBoard(std::vector<Plan> plans, double dt);

  std::size_t size() const { return signals_.size(); }
  std::size_t find(const std::string& name) const;  // size(): there is none
  SignalSpec::Kind kind(std::size_t signal) const { return signals_[signal].plan.spec.kind; }
  std::uint32_t width(std::size_t signal) const { return signals_[signal].plan.width; }

  // Ticks after `now` that can be known together, at most `longest`: the shortest delay of what is made from spikes.
  Tick window(Tick longest) const;
  // Values of ticks (now, end] become known, those before are forgotten; what was emitted up to now has been taken, and
  // end <= now + window().
  void fill(Tick now, Tick end);
  // Spikes as they are emitted, batch after batch.
  void take(const SpikeBatch& batch);

  // Width numbers, of a tick that is known; of another a filtered signal's baseline.
  std::span<const double> at(std::size_t signal, Tick t) const;
  double one(std::size_t signal, Tick t) const { return at(signal, t).front(); }
  // The first tick of (after, end] in which some number of the signal is not 0; end + 1 without one.
  Tick next_nonzero(std::size_t signal, Tick after, Tick end) const;

  // task, published: its numbers from tick t on, or in that tick alone.
  void set(std::size_t signal, std::span<const double> values, Tick t, bool pulse = false);

  void save(ByteWriter& to) const;
  void load(Tick now, ByteReader& from);
  std::size_t bytes() const;

 private:
  struct Signal {
    Plan plan;
    std::vector<Tick> ticks;  // table
    double decay = 0;         // of a filtered signal, over one tick
    double trace = 0;
    std::map<Tick, double> arriving;  // at these ticks
    std::vector<double> filled;       // filtered: of ticks known_after_ + 1, ...
    std::vector<double> held, zero;   // task, published: from tick `since` on, up to tick `until`
    Tick since = 1, until = never;
    Tick shortest = never;  // delay
    bool filtered() const {
      return plan.spec.kind == SignalSpec::Kind::filtered_spikes || (plan.spec.pulses && plan.spec.tau > 0);
    }
  };

  std::vector<Signal> signals_;
  double dt_ = 0.1;
  Tick known_after_ = 0, known_to_ = 0;
};

}  // namespace rheo
