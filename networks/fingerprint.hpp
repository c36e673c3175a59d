// All that decides what a saved state means: how neurons are numbered, what their state is and what is in flight. Not
// the inputs, which are functions of time and may change, and not the layout.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "core/loop/contracts.hpp"
#include "networks/network.hpp"

namespace rheo {

std::string fingerprint_of(const NetworkSpec& spec, const std::vector<std::unique_ptr<PopulationBlock>>& populations,
                           const std::vector<ProjectionInfo>& projections);

// The same text where one population, counted from 0, has other parameters now.
std::string fingerprint_with(const std::string& before, const PopulationSpec& population, std::size_t index,
                             const PopulationBlock& block);

}  // namespace rheo
