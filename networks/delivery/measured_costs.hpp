// What delivery costs on this machine, measured.
#pragma once

#include "core/parallel.hpp"
#include "networks/description/costs.hpp"

namespace rheo {

// The costs that are built in, each multiplied by how much longer a loop of its kind takes here than where they were
// found; takes about a quarter of a second and twice the last cache of memory. A factor of more than 4 either way is
// taken for a mistake (a machine that does something else meanwhile), and the cost is left as it is.
DeliveryCosts measured_costs(const Threads& threads);

}  // namespace rheo
