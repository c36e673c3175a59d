// Where the weights of a projection arrive and whether they excite or inhibit there (docs/semantics.md 4): for users to
// see, and for a warning where a sign may not mean what its author thinks.
#pragma once

#include <algorithm>
#include <limits>
#include <span>
#include <string>
#include <vector>

#include "core/diagnostics.hpp"
#include "networks/description/spec.hpp"

namespace rheo {

struct ProjectionPlan;

struct WeightRange {
  double low = std::numeric_limits<double>::infinity(), high = -std::numeric_limits<double>::infinity();

  bool empty() const { return low > high; }
  void add(double weight) {
    low = std::min(low, weight);
    high = std::max(high, weight);
  }
  void add(const WeightRange& other) {
    low = std::min(low, other.low);
    high = std::max(high, other.high);
  }
};

// What a description says of weights; those of distributions with tails count up to 4 standard deviations.
WeightRange described_range(const Value& weight, const Pairs& pairs = {});

// What arrives at one port.
struct PortWeights {
  std::string port, unit;
  WeightRange range;  // as weights count there: the magnitudes of conductances
  std::string sign;   // "excitatory", "inhibitory", "both" or "zero"
};

// Of a projection whose weights for its targets' first and second port (docs/semantics.md 4), as they count there, are
// in these ranges.
std::vector<PortWeights> port_weights(const NetworkSpec& spec, const ProjectionPlan& plan, const WeightRange& first,
                                      const WeightRange& second);
// The same by the description alone.
std::vector<PortWeights> described_weights(const NetworkSpec& spec, const ProjectionPlan& plan);

// Weights that are allowed, but whose sign probably says what was not meant.
std::vector<Complaint> misleading_signs(const NetworkSpec& spec, std::span<const ProjectionPlan* const> plans);

}  // namespace rheo
