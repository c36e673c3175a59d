// The judge of spike trains.
#pragma once

#include <cstddef>

#include "networks/description/spec.hpp"

namespace rheo {

// Throws BuildError without key where there are not `size` trains, or a time is not after the start.
void check_trains(const SpikeTrains& trains, std::size_t size, double dt);

}  // namespace rheo
