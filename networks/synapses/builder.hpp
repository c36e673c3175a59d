// Builds the synapses of a bundle of projections, lane by lane and in parallel: one pass counts, the second fills;
// nothing is allocated per synapse, and what is transient is at most the delays of the lanes being built.
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "core/loop/simulation.hpp"
#include "core/parallel.hpp"
#include "networks/connect/connector.hpp"
#include "networks/description/spec.hpp"
#include "networks/synapses/block.hpp"
#include "networks/synapses/port_weights.hpp"

namespace rheo {

// Neurons of one population among the targets of a projection, as the projection counts them from `first` on.
struct TargetRange {
  std::size_t population = 0;
  NeuronId population_first = 0;  // global number of the population's neuron 0
  std::uint32_t begin = 0, end = 0, step = 1;
  std::uint32_t first = 0;
  std::uint32_t port_positive = 0, port_negative = 0;  // where weights >= 0 and < 0 arrive
};

struct ProjectionPlan {
  const ProjectionSpec* spec = nullptr;
  const Connector* connector = nullptr;
  std::vector<SourceRange> sources;  // disjoint, ascending by neuron; their rows in the order of the selections
  std::uint32_t rows = 0;
  std::vector<TargetRange> targets;
  bool conductance = false;                                                       // the magnitude of a weight counts
  bool excitatory_only = false;                                                   // no weight may be negative
  std::function<double(std::uint32_t source, std::uint32_t target)> travel_time;  // ms on top of delays; may be empty
  double longest_travel_time = 0;
  std::uint64_t seed = 0;
  double dt = 0.1;
  Precision precision = Precision::single_;
  std::shared_ptr<PlasticPlan> plastic = nullptr;  // empty: static

  // What a weight of the projection adds to its port.
  double counted(double weight) const { return weight < 0 && conductance ? magnitude(weight) : weight; }

 private:
  double magnitude(double weight) const;
};

// Of ranges that ascend by `first`, the last one that starts at or before an index. There is one.
template <class Range, class Number>
const Range& range_of(const std::vector<Range>& ranges, Number index, Number Range::*first) {
  return std::ranges::upper_bound(ranges, index, {}, first)[-1];
}

// The row of a neuron, or Connector::nobody where it is no source. sources: ascending by neuron.
std::uint32_t row_of(const std::vector<SourceRange>& sources, NeuronId neuron);

// What was built of one projection.
struct ProjectionTotals {
  std::uint64_t synapses = 0;
  Tick min_delay = never, max_delay = 0;
  WeightRange positive, negative;  // as they count, for the first and the second port
};

// Whether a projection can share the rows of those before it without any sum changing its order, and gains from it
// (docs/decisions/0003-rows-of-several-projections.md).
bool can_join(std::span<const ProjectionPlan* const> bundle, const ProjectionPlan& next);

// The members of a bundle, of which `first` is the number of the first one. totals: one per member. Throws BuildError
// with a key ("projections.NAME.delay").
SynapseBundle build_bundle(std::span<const ProjectionPlan* const> members, std::uint32_t first, DeliveryPlan delivery,
                           const Lanes& lanes, const Threads& threads, std::span<ProjectionTotals> totals);

// The rows of a bundle: its sources, ascending. A projection on its own keeps the numbers that it has.
std::vector<SourceRange> rows_of(std::span<const ProjectionPlan* const> members);

// A delay in ticks that no synapse of the projection exceeds, known before anything is drawn.
Tick longest_delay(const ProjectionPlan& plan);

}  // namespace rheo
