// From described populations to those that run.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "core/isa.hpp"
#include "core/loop/contracts.hpp"
#include "networks/checked_spec.hpp"
#include "networks/synapses/builder.hpp"
#include "neurons/factory.hpp"

namespace rheo {

// Populations, updated as they ask for or as it pays: the first `most` neurons of each.
std::vector<PopulationPlan> plan_populations(const NetworkSpec& spec, const CheckedSpec& plan, Isa isa,
                                             std::span<const ProjectionPlan* const> projections, std::uint32_t most);

std::vector<std::unique_ptr<PopulationBlock>> build_populations(const NetworkSpec& spec, const CheckedSpec& plan,
                                                                Isa isa,
                                                                std::span<const ProjectionPlan* const> projections);

}  // namespace rheo
