// Files of the costs by which a network's layout is chosen: one that is given, so that the layout does not depend on
// the machine; and one that is kept for this machine.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "networks/description/costs.hpp"

namespace rheo {

// TOML: numbers > 0 by the names of DeliveryCosts; what is not there is as it is built in. Throws ExperimentError with
// the file, line and key.
DeliveryCosts read_layout_file(const std::string& path);

// Where costs that were measured are kept, for this version and processor: rheo/costs-*.toml in $XDG_CACHE_HOME, or in
// .cache of the home directory. Empty where there is neither.
std::filesystem::path kept_costs_file();
// What is kept there; nothing where it cannot be read.
std::optional<DeliveryCosts> kept_costs();
// Keeps them, whole or not at all. Returns whether that was possible.
bool keep_costs(const DeliveryCosts& costs);

}  // namespace rheo
