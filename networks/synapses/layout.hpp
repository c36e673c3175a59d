// How a network is laid out: which projections share rows, lanes, and the way of delivery. Only speed and memory depend
// on it, and it depends on the network, the number of threads and the processor's caches.
#pragma once

#include <span>
#include <vector>

#include "core/loop/simulation.hpp"
#include "networks/description/spec.hpp"
#include "networks/synapses/block.hpp"
#include "networks/synapses/builder.hpp"
#include "networks/synapses/layout_choice.hpp"

namespace rheo {

struct Layout {
  std::vector<std::size_t> bundle_end;  // [bundle] number of the projection behind its last one
  std::vector<char> dense;              // [bundle] whether its synapses have no addresses
  Lanes lanes;
  DeliveryPlan delivery;
  LayoutChoice choice;
};

Layout choose_layout(const NetworkSpec& spec, std::span<const ProjectionPlan* const> projections,
                     std::span<const PopulationShape> populations, unsigned threads);

}  // namespace rheo
