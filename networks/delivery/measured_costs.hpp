// What delivery costs on this machine, measured.
#pragma once

#include "core/parallel.hpp"
#include "networks/description/costs.hpp"

namespace rheo {

// What additions cost within the near caches and just beyond them, as measured; the other costs are those that are
// built in, each multiplied by how much longer a loop of its kind takes here than where they were found, by 4 at most
// either way (a machine may do something else meanwhile). Takes about a second, and four times the last cache of
// memory.
DeliveryCosts measured_costs(const Threads& threads);

}  // namespace rheo
