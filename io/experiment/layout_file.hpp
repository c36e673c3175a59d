// A file of the costs by which a network's layout is chosen, so that it does not depend on the machine.
#pragma once

#include <string>

#include "networks/description/costs.hpp"

namespace rheo {

// TOML: numbers > 0 by the names of DeliveryCosts; what is not there is as it is built in. Throws ExperimentError with
// the file, line and key.
DeliveryCosts read_layout_file(const std::string& path);

}  // namespace rheo
