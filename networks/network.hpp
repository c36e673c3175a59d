// From a description to something that runs.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "core/loop/simulation.hpp"
#include "networks/description/spec.hpp"
#include "networks/memory.hpp"
#include "networks/synapses/layout_choice.hpp"
#include "networks/synapses/port_weights.hpp"

namespace rheo {

struct ProjectionInfo {
  std::string name;
  std::uint64_t synapses = 0;
  std::size_t bytes = 0;                     // heap of this projection without queues
  double min_delay = 0, max_delay = 0;       // ms; 0 without synapses
  Precision precision = Precision::single_;  // of what synapses hold
  std::vector<PortWeights> weights;          // as they were built; empty without synapses
};

// What a description says before anything is built.
struct CheckedNetwork {
  std::vector<std::vector<PortWeights>> weights;  // [projection], as described
  std::vector<Complaint> warnings;                // what is allowed, but may not be meant
};

// One synapse, its weight in the simulation's precision: of a plastic projection as of the last Simulation::settle().
struct Synapse {
  NeuronId source = 0, target = 0;  // numbers in the whole network
  std::uint32_t port = 0;           // of the target's model
  double weight = 0, delay = 0;     // in the unit of the port; ms
};

class SignalBoard;
class StoredSynapses;

// Checks the description against the models and builds it, in parallel. Throws BuildError with a key path such as
// "projections.excitation.delay"; `file` stays empty for the caller to fill in.
class Network {
 public:
  Network(const NetworkSpec& spec, Threads threads);

  // Everything that building would reject and that can be seen without building: models, parameters, ranges, names.
  static CheckedNetwork check(const NetworkSpec& spec);
  // Beside that, what shows only when the numbers of neurons and inputs are drawn. Those of synapses are drawn where
  // they are built, and nowhere else.
  static void check_draws(const NetworkSpec& spec);

  // What it will take once it is checked. The first neurons of each population are drawn for that. threads: that would
  // build it, 0 for one per processor.
  static NetworkMemory expected_memory(const NetworkSpec& spec, unsigned threads = 0);

  Simulation& simulation() { return simulation_; }
  const Simulation& simulation() const { return simulation_; }
  const std::vector<ProjectionInfo>& projections() const { return projections_; }
  // Whether the synapses of a plastic projection change from here on (Simulation::learn). Throws BuildError where there
  // is no such projection, or it has no rule.
  void learn(std::string_view projection, bool learns);
  // Appends the synapses of one neuron in one projection, by target, delay and then as they were drawn, whatever the
  // layout. Nothing for a neuron that is no source of the projection.
  void outgoing(std::size_t projection, NeuronId source, std::vector<Synapse>& to) const;
  // A column of what the rule of a plastic projection keeps per synapse, in the order of outgoing(), source after
  // source, as of the last Simulation::settle(): 0 is the weight, with its sign. Empty for a static projection.
  std::variant<std::vector<float>, std::vector<double>> read_column(std::size_t projection, std::size_t column) const;
  // Between two runs: what the description says now in place of what was built. `spec` may differ from that in numbers
  // of inputs, or in parameters of one population, whose state stays. Throws BuildError, and then nothing was changed.
  void change_inputs(const NetworkSpec& spec);
  void change_params(const NetworkSpec& spec, std::size_t population);
  void check_params(const NetworkSpec& spec, std::size_t population) { made_again(spec, population); }
  // Between two runs: weights of synapses, counted as outgoing() lists them, source after source; spikes in flight meet
  // them. `spec` is what was built; which: nothing for all; weights: one for all of these, or one each. Throws
  // BuildError where synapses that share one weight would differ, where a sign would go to another port, or beyond the
  // bounds of a rule, and then nothing was changed.
  void set_weights(const NetworkSpec& spec, std::size_t projection,
                   const std::optional<std::vector<std::uint64_t>>& which, std::span<const double> weights);
  void check_weights(const NetworkSpec& spec, std::size_t projection,
                     const std::optional<std::vector<std::uint64_t>>& which, std::span<const double> weights) const;
  // The numbers of a signal of kind "task" from the next tick on, or in that tick alone. Throws BuildError.
  void set_signal(const std::string& name, std::span<const double> values, bool pulse = false);
  // What any signal is in the tick that was computed last (at least one). Throws BuildError.
  std::vector<double> signal(const std::string& name) const;
  // The same as they are stored, for networks/graph/graph_view.hpp.
  const StoredSynapses& stored() const { return *synapses_; }
  const Lanes& lanes() const { return lanes_; }
  // How it was laid out, and why.
  const LayoutChoice& layout() const { return layout_; }
  // The neuron and port whose input a slot of a lane is.
  std::pair<NeuronId, std::uint32_t> owner(std::size_t lane, std::uint32_t slot) const;
  std::uint64_t synapses() const;
  // Of all that synapses keep while running (projection, source, target, port, delay, weight where it is static),
  // whatever the layout: sums over synapses of two mixes of these.
  std::array<std::uint64_t, 2> synapse_digest() const;
  double bytes_per_synapse() const;

 private:
  std::unique_ptr<PopulationBlock> made_again(const NetworkSpec& spec, std::size_t population);

  std::vector<ProjectionInfo> projections_;
  Lanes lanes_;
  LayoutChoice layout_;
  StoredSynapses* synapses_ = nullptr;  // owned by the simulation
  SignalBoard* signals_ = nullptr;      // likewise; none where there are none and nothing learns
  Simulation simulation_;
};

}  // namespace rheo
