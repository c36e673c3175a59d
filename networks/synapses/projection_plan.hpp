// A projection as it is built: its description with the neurons, rows and ports that it stands for.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "core/types.hpp"
#include "networks/connect/connector.hpp"
#include "networks/description/spec.hpp"
#include "networks/description/values.hpp"
#include "networks/synapses/block.hpp"

namespace rheo {

// Neurons of one population among the targets of a projection, as the projection counts them from `first` on.
struct TargetRange {
  std::size_t population = 0;
  NeuronId population_first = 0;  // global number of the population's neuron 0
  std::uint32_t begin = 0, end = 0, step = 1;
  std::uint32_t first = 0;
  std::uint32_t port_positive = 0, port_negative = 0;  // where weights >= 0 and < 0 arrive

  // The first neuron that is not before another one of the population.
  std::uint32_t first_from(std::uint32_t neuron) const {
    return neuron <= begin ? begin : begin + (neuron - begin + step - 1) / step * step;
  }
  std::uint32_t number(std::uint32_t neuron) const { return first + (neuron - begin) / step; }
};

struct ProjectionPlan {
  const ProjectionSpec* spec = nullptr;
  const Connector* connector = nullptr;
  std::vector<SourceRange> sources;  // disjoint, ascending by neuron; their rows in the order of the selections
  std::uint32_t rows = 0;
  std::vector<TargetRange> targets;
  bool conductance = false;      // the magnitude of a weight counts
  bool excitatory_only = false;  // no weight may be negative
  Pairs pairs;
  std::uint64_t seed = 0;
  double dt = 0.1;
  Precision precision = Precision::single_;
  std::shared_ptr<PlasticPlan> plastic = nullptr;  // empty: static

  std::vector<NeuronSet> target_neurons() const;
  // All synapses have the same, and it is the description's.
  bool has_one_weight() const { return is_constant(spec->weight); }
  // Weights that differ are multiples of this power of two; 0: they are what they are.
  double weight_step() const;
  bool has_one_delay() const { return is_constant(spec->delay) && !takes_time(); }
  // Whether spikes take time from place to place, on top of delays; it is at most so many ms.
  bool takes_time() const { return spec->velocity > 0; }
  double longest_travel_time() const { return takes_time() ? pairs.farthest / spec->velocity + dt : 0; }
  // Whether weights of this sign arrive at the second port.
  bool is_negative(double weight) const { return plastic ? plastic->inhibitory : weight < 0; }
  // What a weight of the projection adds to its port.
  double counted(double weight) const { return weight < 0 && conductance ? magnitude(weight) : weight; }

 private:
  double magnitude(double weight) const;
};

// A delay in ticks that no synapse of the projection exceeds, known before anything is drawn.
Tick longest_delay(const ProjectionPlan& plan);
// How many ticks the delays of a projection's synapses may differ by, and one more, about.
double delays_of(const ProjectionPlan& plan);

}  // namespace rheo
