// What a user can cause is an exception with its facts as fields; the rheo command turns it into exit code 2.
// What a programmer can cause is an assertion. Nothing throws inside a window of the simulation, except for a lack of
// memory.
#pragma once

#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace rheo {

// One thing that is wrong, in the user's words. Empty fields are left out of the message.
struct Complaint {
  std::string file = {};        // file as the user named it, perhaps with ":line"
  std::string key = {};         // key path ("populations.E.params.tau_m") or dataset ("/nodes/internal/node_id")
  std::string value = {};       // the offending value, as written
  std::string problem = {};     // what is wrong with it: "must be positive"
  std::string expected = {};    // what would be right: "a number > 0 (ms)"
  std::string suggestion = {};  // nearest known name: "tau_m"
};

// "brunel.toml:12: populations.E.params.tau_n: unknown parameter; expected one of C_m, ...; did you mean "tau_m"?"
std::string to_message(const Complaint& complaint);

class UserError : public std::runtime_error {
 public:
  explicit UserError(Complaint complaint)
      : std::runtime_error(to_message(complaint)), complaint_(static_cast<Complaint&&>(complaint)) {}
  const Complaint& complaint() const noexcept { return complaint_; }

 private:
  Complaint complaint_;
};

// The experiment file, or a file that it names, says something wrong.
struct ExperimentError : UserError {
  using UserError::UserError;
};
// The network that the experiment describes cannot be built.
struct BuildError : UserError {
  using UserError::UserError;
};
// Output cannot be written, or a recording cannot be read.
struct RecordingError : UserError {
  using UserError::UserError;
};
// A saved state does not belong to this network, or is damaged.
struct StateError : UserError {
  using UserError::UserError;
};
// A state left the finite numbers while running: which population, neuron and tick.
struct NumericalError : UserError {
  using UserError::UserError;
};

// Rejects what a user asked for.
template <class Error = BuildError>
[[noreturn]] void reject(Complaint complaint) {
  throw Error(std::move(complaint));
}
[[noreturn]] inline void reject(std::string key, std::string value, std::string problem, std::string expected = {},
                                std::string suggestion = {}) {
  reject({.key = std::move(key),
          .value = std::move(value),
          .problem = std::move(problem),
          .expected = std::move(expected),
          .suggestion = std::move(suggestion)});
}

// Runs `body`; a BuildError that comes out gets `prefix` in front of its key.
template <class Body>
auto within(const std::string& prefix, const Body& body) {
  try {
    return body();
  } catch (const BuildError& error) {
    Complaint complaint = error.complaint();
    const bool is_entry = complaint.key.starts_with('[');
    complaint.key = complaint.key.empty() ? prefix : prefix + (is_entry ? "" : ".") + complaint.key;
    throw BuildError(std::move(complaint));
  }
}

// The candidate that goes on with "_" or "-" after all of `word`, or the nearest by edit distance; "" if none is near.
std::string nearest(std::string_view word, const std::vector<std::string>& candidates);

// The names of some things, for a message that lists them.
template <class All>
std::vector<std::string> names_in(const All& all) {
  std::vector<std::string> names;
  for (const auto& one : all) names.emplace_back(one.name);
  return names;
}

// "one of a, b"; of a single name, that name.
std::string one_of(const std::vector<std::string>& names);

// Rejects a name that is none of the known ones. none: what is expected where no name is known.
[[noreturn]] void reject_unknown(std::string key, const std::string& name, std::string problem,
                                 const std::vector<std::string>& known, std::string none = {});

}  // namespace rheo
