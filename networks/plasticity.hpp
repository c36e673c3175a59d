// From what a description says about the plasticity of a projection to a rule with its numbers.
#pragma once

#include <cstdint>
#include <memory>

#include "networks/spec.hpp"
#include "networks/synapses.hpp"

namespace rheo {

// nullptr for a static projection. targets: neurons of its target selections. Lanes are left to whoever knows them.
// Throws BuildError with a key below the projection's ("plasticity.rule").
std::shared_ptr<PlasticPlan> plan_plasticity(const NetworkSpec& network, const ProjectionSpec& projection,
                                             std::uint32_t targets);

}  // namespace rheo
