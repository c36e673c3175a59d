// Third factors while a simulation runs: named numbers, one for each tick or one for each neuron of a projection, which
// plasticity rules read. In double precision, and the same for every lane.
//
// They are made in one of six ways, which the kinds of signals (networks/signals) put to use:
//
//   spikes    d decays with tau, and grows by `amplitude` when a spike of the sources arrives after its delay; with tau
//             0 it lasts one tick
//   state     a state of each neuron after tick k times the interval, for the ticks behind it
//   times     values[k] from ticks[k] on; as a pulse in that tick, or added to a trace that decays with tau
//   program   the values that set() was given
//   rule      the values that a projection's rule publishes at the end of its consolidations
//   expression  a function of the others and of time
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "core/bytes.hpp"
#include "core/expression.hpp"
#include "core/loop/contracts.hpp"
#include "core/random.hpp"
#include "core/spikes.hpp"
#include "networks/description/spec.hpp"
#include "networks/synapses/block.hpp"

namespace rheo {

// How a signal is made, with every name resolved.
struct SignalPlan {
  static constexpr Tick latest = Tick{1} << 60;  // far from overflow, whatever is added to it

  enum class By { spikes, state, times, program, rule, expression } made_by = By::times;
  std::string name = {};
  std::uint32_t width = 1;                // numbers
  double baseline = 0;                    // what it is without spikes, pulses or steps; is added to filtered ones
  double tau = 0;                         // ms; 0: not filtered
  std::vector<SourceRange> sources = {};  // spikes, state
  std::string column = {};                // state
  Tick interval = 1;                      // state
  Value delay = 1.0;                      // spikes: ms, one for all or drawn for each spike
  double amplitude = 1;                   // spikes: of one
  RandomKey key = {};                     // spikes: of their delays
  std::vector<Tick> ticks = {};           // times: ascending
  std::vector<double> values = {};        // times: [time][width]
  bool pulses = false;                    // times: values last one tick, instead of up to the next time
  std::shared_ptr<const Expression> expression = nullptr;  // of names_for() all signals

  // What an expression may name: the signals, by their numbers, and behind them t, the end of the tick (ms), dt (ms)
  // and channel, the index of each number. A signal of such a name hides it.
  static Expression::Names names_for(std::vector<std::string> signals);
};

// Checks what expressions of these plans, widths known, name: whole signals of one number or as many as they have
// themselves, single numbers that are there, and no signal that depends on itself. Throws BuildError.
void check_expressions(const std::vector<SignalPlan>& plans);

class SignalBoard {
 public:
  SignalBoard() = default;
  SignalBoard(std::vector<SignalPlan> plans, double dt);

  std::size_t size() const { return signals_.size(); }
  std::size_t find(const std::string& name) const;  // size(): there is none
  SignalPlan::By made_by(std::size_t signal) const { return signals_[signal].plan.made_by; }
  std::uint32_t width(std::size_t signal) const { return signals_[signal].plan.width; }

  // The populations whose states are read.
  void attach(const std::vector<std::unique_ptr<PopulationBlock>>& populations);
  // Ticks after `now` that can be known together, at most `longest`: the shortest delay of what is made from spikes,
  // and up to where a state is looked at next.
  Tick window(Tick now, Tick longest) const;
  // States that are due after tick `now`, the last that was computed.
  void look(Tick now);
  // Values of ticks (now, end] become known, those before are forgotten; what was emitted up to now has been taken, and
  // end <= now + window(). Returns the last tick that may be computed, which is earlier than `end` where an expression
  // is not finite as far as is known now. Throws NumericalError where it is not in tick now + 1.
  Tick fill(Tick now, Tick end);
  // Spikes up to tick `now` have never been.
  void forget(Tick now);
  // Spikes as they are emitted, batch after batch.
  void take(const SpikeBatch& batch);

  // Width numbers, of a tick that is known; of another a filtered signal's baseline.
  std::span<const double> at(std::size_t signal, Tick t) const;
  double one(std::size_t signal, Tick t) const { return at(signal, t).front(); }
  // The first tick of (after, end] in which some number of the signal is not 0; end + 1 without one.
  Tick next_nonzero(std::size_t signal, Tick after, Tick end) const;

  // By a program or rule: its numbers from tick t on, or in that tick alone.
  void set(std::size_t signal, std::span<const double> values, Tick t, bool pulse = false);

  void save(ByteWriter& to) const;
  void load(Tick now, ByteReader& from);
  std::size_t bytes() const;

 private:
  struct Signal {
    SignalPlan plan;
    double decay = 0;  // of a filtered signal, over one tick
    double trace = 0;
    std::map<Tick, double> arriving;  // at these ticks
    std::vector<double> filled;       // filtered, expression: of ticks known_after_ + 1, ...
    std::vector<double> held, zero;   // program, rule, state: from tick `since` on, up to tick `until`
    Tick since = 1, until = never;
    Tick shortest = never;  // delay
    bool filtered() const { return plan.made_by == SignalPlan::By::spikes || (plan.pulses && plan.tau > 0); }
    struct Part {  // state: neurons of one population, as rows row, row + 1, ...
      std::uint32_t population, row;
      std::size_t column;
      std::vector<std::uint32_t> neurons;
    };
    std::vector<Part> parts;
    bool is_state() const { return plan.made_by == SignalPlan::By::state; }
    bool is_set() const {
      return plan.made_by == SignalPlan::By::program || plan.made_by == SignalPlan::By::rule || is_state();
    }
    bool is_expression() const { return plan.made_by == SignalPlan::By::expression; }
  };
  void fill_filtered(Signal& signal, Tick now, Tick end);
  Tick compute(Signal& signal, Tick now, Tick end);

  const std::vector<std::unique_ptr<PopulationBlock>>* populations_ = nullptr;
  std::vector<Signal> signals_;
  std::vector<std::size_t> expressions_;  // each behind those that it names
  Expression::Scratch scratch_;
  double dt_ = 0.1;
  Tick known_after_ = 0, known_to_ = 0;
};

}  // namespace rheo
