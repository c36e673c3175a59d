// The loop: time is cut into windows no longer than the smallest delay, neurons into lanes. Inside a window no lane
// needs another, because every spike that arrives was emitted in an earlier window.
//
// Order within tick t for one neuron (docs/semantics.md): arrivals by emission tick, projection, source and synapse,
// then inputs as declared, then the neuron advances. No sum depends on the number of lanes or threads or on how run()
// is cut into pieces.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "core/loop/contracts.hpp"
#include "core/parallel.hpp"
#include "core/spikes.hpp"
#include "core/types.hpp"

namespace rheo {

struct PopulationInfo {
  std::string name;
  NeuronId first = 0;
  std::uint32_t size = 0;
};

// Where the time went, in seconds of all threads together; filled only when profiling is on.
struct StageTimes {
  double fan_out = 0, arrive = 0, drive = 0, advance = 0, gather = 0, sinks = 0;
};

class Simulation {
 public:
  struct Parts {
    double dt = 0.1;
    std::uint64_t seed = 0;
    Precision precision = Precision::single_;
    std::vector<std::unique_ptr<PopulationBlock>> populations;
    std::unique_ptr<Delivery> delivery;
    std::vector<std::unique_ptr<Input>> inputs;
    Lanes lanes;
    std::unique_ptr<Exchange> exchange;  // none: this process is alone
    // Identifies the network in saved states: anything that changes what a state means must change it.
    std::string fingerprint;
  };

  Simulation(Parts parts, Threads threads);
  Simulation(Simulation&&) noexcept;
  Simulation& operator=(Simulation&&) noexcept;
  ~Simulation();

  Tick now() const;   // last tick that was computed
  double dt() const;  // ms
  std::uint64_t neurons() const;
  std::size_t lanes() const;
  const Threads& threads() const;
  const std::vector<PopulationInfo>& populations() const;
  PopulationBlock& population(std::size_t index);
  bool by_event(std::size_t population) const;

  // Changes a state between two runs (PopulationBlock::write); what it does comes with the next tick.
  void write(std::size_t population, std::size_t column, std::span<const std::uint32_t> neurons, const double* from);

  // Between two runs: other inputs in place of all; and a population of as many neurons and ports, advanced in the same
  // way (tick by tick or by events).
  void replace_inputs(std::vector<std::unique_ptr<Input>> inputs);
  void replace_population(std::size_t index, std::unique_ptr<PopulationBlock> population);

  // States of all neurons; and between two runs, these states in place of what they are, with nothing in flight and all
  // traces of spikes at rest, as if the network began here. Weights and what else synapses keep stay as they are.
  std::vector<std::byte> save_states() const;
  void begin_again(std::span<const std::byte> states);

  // Every sink gets every window's spikes, in order of time. Sinks must outlive the simulation's last run.
  void add_sink(SpikeSink& sink);
  void remove_sink(SpikeSink& sink);

  // The probe samples from now on, the current state first if its times hold this tick. It must outlive the last run.
  void add_probe(Probe& probe);

  // Computes `ticks` more ticks. Throws NumericalError when a state is not finite; what was computed before was given
  // to the sinks.
  void run(Tick ticks);

  // Brings all weights up to now(), for whoever reads them. Changes no result. Throws NumericalError where a rule made
  // one that is not finite.
  void settle();
  // Throws NumericalError where a synapse holds a number that is not finite: as of the last arrivals, unless settled.
  void check_synapses() const;

  // Whether synapses of a projection (counted as declared) change in the ticks after now(). At first all do that have a
  // rule; saved states hold it. What its targets spike while a projection does not learn never reaches its synapses.
  void learn(std::size_t projection, bool learns);
  bool learns(std::size_t projection) const;

  // Text that identifies the network in saved states; and another one, for a network that was changed.
  const std::string& fingerprint() const;
  void set_fingerprint(std::string fingerprint);
  // The whole dynamic state, spikes in flight included, in a form that depends neither on lanes nor on threads.
  std::vector<std::byte> save();
  // Continues from a saved state of the same network. Throws StateError and leaves the simulation unusable for anything
  // but another load when the bytes are not such a state.
  void load(std::span<const std::byte> state);
  // The tick of a saved state. Throws StateError.
  static Tick time_of(std::span<const std::byte> state);

  void profile(bool on);
  StageTimes stage_times() const;
  std::size_t bytes() const;  // heap of states, synapses and queues

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace rheo
