// Numbers as a user gives them: one, a list, or a distribution to draw from.
#pragma once

#include <optional>
#include <variant>
#include <vector>

namespace rheo {

// Numbers per neuron or per synapse come from one of these.
struct Distribution {
  enum class Kind { uniform, normal, lognormal, choice, integers };
  Kind kind = Kind::uniform;
  double a = 0;  // uniform, integers: low; normal: mean; lognormal: mu
  double b = 0;  // uniform, integers: high; normal: standard deviation; lognormal: sigma
  // Values outside are drawn again (never clipped); at most 1000 times, then it is a BuildError.
  std::optional<double> min, max;
  std::vector<double> choices;  // choice: each equally likely
};
// A number for all, one number each, or a distribution. A list for neurons has one entry per neuron of the population
// (or of the selection it is applied to); a list for synapses is only for connect rule "list", one entry per edge.
using Value = std::variant<double, std::vector<double>, Distribution>;

}  // namespace rheo
