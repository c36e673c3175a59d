// Numbers as a user gives them: one, a list, or a distribution to draw from.
#pragma once

#include <variant>
#include <vector>

#include "networks/distributions/distributions.hpp"

namespace rheo {

// A number for all, one number each, or a distribution. A list for neurons has one entry per neuron of the population
// (or of the selection it is applied to); a list for synapses is only for connect rule "list", one entry per edge.
using Value = std::variant<double, std::vector<double>, Distribution>;

}  // namespace rheo
