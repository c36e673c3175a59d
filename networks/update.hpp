// Which populations are updated by events, where the user leaves it open. Decided from the network alone, never from
// measured time, threads or layout: results depend on it in their last bits.
#pragma once

#include <span>
#include <vector>

#include "networks/description/spec.hpp"
#include "networks/synapses/builder.hpp"

namespace rheo {

struct PopulationActivity {
  bool rests = false;  // linear, equal parameters, below its threshold when nothing arrives
  double driven = 0;   // share of neurons with an input of their own
};

// [population]; activities: likewise.
std::vector<bool> choose_updates(const NetworkSpec& spec, const std::vector<PopulationActivity>& activities,
                                 std::span<const ProjectionPlan* const> projections);

}  // namespace rheo
