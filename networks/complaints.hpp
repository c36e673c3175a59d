// Refusing what a description asks for: a BuildError whose key path grows on the way up.
#pragma once

#include <string>
#include <utility>

#include "core/errors.hpp"

namespace rheo {

[[noreturn]] inline void refuse(std::string key, std::string value, std::string problem, std::string expected = {},
                                std::string suggestion = {}) {
  throw BuildError({.file = {},
                    .key = std::move(key),
                    .value = std::move(value),
                    .problem = std::move(problem),
                    .expected = std::move(expected),
                    .suggestion = std::move(suggestion)});
}

// Runs `body`; a BuildError that comes out gets `prefix` in front of its key.
template <class Body>
auto below(const std::string& prefix, const Body& body) {
  try {
    return body();
  } catch (const BuildError& error) {
    Complaint complaint = error.complaint();
    complaint.key = complaint.key.empty() ? prefix : prefix + "." + complaint.key;
    throw BuildError(std::move(complaint));
  }
}

}  // namespace rheo
