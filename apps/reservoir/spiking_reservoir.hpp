// A spiking network of an experiment file as a reservoir: what drives it arrives through a signal of kind task, which
// its inputs read, and its state is what StateSpec says. Made once per trial, on the thread that drives it.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "apps/reservoir/reservoir.hpp"
#include "apps/reservoir/task.hpp"
#include "apps/tasks/filtered_spikes.hpp"
#include "io/experiment/experiment.hpp"
#include "networks/network.hpp"

namespace rheo {

// Which neurons' states are read.
class ObservedNeurons {
 public:
  // selections: empty for all populations that are not sources. key: of the setting, for the ExperimentError.
  ObservedNeurons(const Experiment& experiment, const Simulation& simulation, const std::vector<Selection>& selections,
                  const std::string& key);

  std::size_t size() const { return ids_.size(); }
  const std::vector<NeuronId>& ids() const { return ids_; }  // in the whole network, in the order of the selections
  // V_m of each, after the tick that was computed last.
  void potentials(Simulation& simulation, std::span<double> to) const;

 private:
  struct Part {
    std::size_t population = 0;
    std::vector<std::uint32_t> neurons;
  };
  std::vector<NeuronId> ids_;
  std::vector<Part> parts_;
};

// Refuses a task whose signals, step, state or adapt_learns do not fit the network of the file, which need not be built
// for it. inputs, feedbacks: as for SpikingReservoir. drives: what the inputs are, for messages; may be empty. Throws
// ExperimentError.
void check_signals(const Experiment& experiment, const ReservoirTask& task, std::size_t inputs, std::size_t feedbacks,
                   const std::string& drives = {});
// The neurons of each selection, after a check: [selection][..] in its population. Empty selections: as for
// ObservedNeurons. key: of the setting, for the ExperimentError.
struct Observed {
  std::string population;
  std::vector<std::uint32_t> neurons;
};
std::vector<Observed> select_observed(const Experiment& experiment, const std::vector<Selection>& selections,
                                      const std::string& key);

class SpikingReservoir final : public Reservoir {
 public:
  // seed: of the network, instead of the experiment's. inputs: numbers that step() takes without the feedback.
  // feedbacks: those after them that go to task.feedback. Throws UserError.
  SpikingReservoir(const Experiment& experiment, const ReservoirTask& task, std::uint64_t seed, std::size_t inputs,
                   std::size_t feedbacks);

  std::size_t inputs() const override { return inputs_ + feedbacks_; }
  std::size_t states() const override { return observed_.size() * task_.state.samples; }
  void step(std::span<const double> input, std::span<double> state) override;
  std::vector<std::byte> save() override;
  void load(std::span<const std::byte> state) override;

  // Whether projections learn from here on: those that the task names, or none.
  void adapt(bool learns);
  Network& network() { return network_; }
  // Mean rate of the observed neurons up to now, Hz.
  double rate() const;

 private:
  struct Pulse {
    Tick tick = 0;  // within the step, from 0
    std::uint32_t channel = 0;
  };
  void encode(std::span<const double> input);
  void read_state(std::span<double> to);

  const ReservoirTask& task_;
  std::size_t inputs_, feedbacks_;
  Network network_;
  ObservedNeurons observed_;
  FilteredSpikes traces_;
  std::vector<std::string> plastic_;
  Tick ticks_ = 1;  // of a step
  std::vector<double> signal_;
  std::vector<Pulse> pulses_;  // latency, by tick
};

}  // namespace rheo
