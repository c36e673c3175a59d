// From the description of a population to what makes it: the numbers of each neuron, drawn and checked.
#pragma once

#include "core/isa.hpp"
#include "networks/description/spec.hpp"
#include "neurons/catalogue.hpp"
#include "neurons/factory.hpp"

namespace rheo {

// info: of the population's model. with_current and by_event are left to the caller. Throws BuildError with a key path
// such as "populations.E.params.tau_m" for what is drawn out of range.
PopulationPlan plan_population(const NetworkSpec& spec, const PopulationSpec& population, const ModelInfo& info,
                               Isa isa);

}  // namespace rheo
