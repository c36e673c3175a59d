// Numbers as a user gives them: one, a list, a distribution to draw from, or a function of source and target.
#pragma once

#include <variant>
#include <vector>

#include "networks/distributions/distributions.hpp"
#include "networks/pairs/pair_value.hpp"

namespace rheo {

// A number for all, one number each, or a distribution. A list for neurons has one entry per neuron of the population
// (or of the selection it is applied to); a list for synapses is only for connect rule "list", one entry per edge.
// What depends on pairs is for weights and delays of projections.
using Value = std::variant<double, std::vector<double>, Distribution, PairValue>;

}  // namespace rheo
