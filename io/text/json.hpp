// JSON whose objects keep the order in which they were filled.
#pragma once

#include <nlohmann/json.hpp>

namespace rheo {

using Json = nlohmann::ordered_json;

}  // namespace rheo
