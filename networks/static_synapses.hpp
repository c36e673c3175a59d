// Static synapses while they run: what every lane receives, in the canonical order of sums.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "core/simulation.hpp"
#include "networks/synapses.hpp"

namespace rheo {

// Projections in the order of their declaration; slots: size of the input of each lane.
std::unique_ptr<Connectivity> make_static_synapses(std::vector<ProjectionSynapses> projections, Delivery delivery,
                                                   Precision precision, const std::vector<std::uint32_t>& slots);

}  // namespace rheo
