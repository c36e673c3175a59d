// From what a description says about the plasticity of a projection to a rule with its numbers.
#pragma once

#include <cstdint>
#include <memory>

#include "networks/description/spec.hpp"
#include "networks/plastic/signals.hpp"
#include "networks/synapses/block.hpp"

namespace rheo {

// nullptr for a static projection. one_port: positive and negative weights go to the same port. Lanes are left to
// whoever knows them. Throws BuildError with a key below the projection's
// ("plasticity.rule").
std::shared_ptr<PlasticPlan> plan_plasticity(const NetworkSpec& network, const ProjectionSpec& projection,
                                             const Pairs& pairs, bool one_port);

}  // namespace rheo
