// JSON whose objects keep the order in which they were filled.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>

namespace rheo {

using Json = nlohmann::ordered_json;

// Names and titles are the user's: bytes that are no UTF-8 are replaced, not refused. indent: -1 for one line.
inline std::string json_text(const Json& json, int indent = -1) {
  return json.dump(indent, ' ', false, Json::error_handler_t::replace);
}

template <class T>
Json or_null(const std::optional<T>& value) {
  return value ? Json(*value) : Json(nullptr);
}

}  // namespace rheo
