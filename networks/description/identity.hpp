// Descriptions as text that differs where their numbers differ: what fingerprints of networks are made of. Saved states
// are only loaded where the text is the same, so that no text may ever change.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "networks/description/kind.hpp"

namespace rheo {

// " name=list of 3: 0123456789abcdef", a hash of bytes, since lists may be long.
std::string list_identity(std::string_view name, std::size_t count, std::span<const std::byte> bytes);
template <class T>
std::string list_identity(std::string_view name, const std::vector<T>& list) {
  return list_identity(name, list.size(), std::as_bytes(std::span<const T>(list)));
}

std::string identity_of(std::string_view name, const Value& value);

// " key=value" for each field but keys that only say where edges stand.
std::string identity_of(std::span<const KindField> fields);

// What the first versions said of every connection rule, whether it has such numbers or not.
std::string first_identity(double indegree, double p, bool multapses, bool autapses);

}  // namespace rheo
