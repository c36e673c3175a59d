// What a network takes, known before anything of it is allocated: from the layout, columns and records that it is then
// built with.
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>

#include "networks/description/spec.hpp"

namespace rheo {

struct Layout;
struct PopulationPlan;
struct ProjectionPlan;

// Bytes. What depends on how often neurons spike is left out: the spikes in flight.
struct NetworkMemory {
  double described = 0;  // lists of edges, values and spike times, as they were read
  double neurons = 0;    // states and parameters
  double inputs = 0;     // what differs between the neurons of an input
  double synapses = 0;   // with their indices, and what rules keep
  double delivery = 0;   // sums to come
  double building = 0;   // all that is there when most is there while it is built
  double running() const { return described + neurons + inputs + synapses + delivery; }
  double peak() const { return std::max(building, running()); }
};

// Neurons of a population that are looked at; what the others take follows from them.
constexpr std::uint32_t sampled_neurons = 2048;

// populations: as they will be made, but of no more than `sampled_neurons`. threads: that will build it.
NetworkMemory expected_memory(const NetworkSpec& spec, std::span<const PopulationPlan> populations,
                              std::span<const ProjectionPlan* const> projections, const Layout& layout,
                              unsigned threads);

}  // namespace rheo
