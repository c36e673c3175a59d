// From a description to something that runs.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/simulation.hpp"
#include "networks/spec.hpp"

namespace rheo {

struct ProjectionInfo {
  std::string name;
  std::uint64_t synapses = 0;
  std::size_t bytes = 0;                // heap of this projection without queues
  double min_delay = 0, max_delay = 0;  // ms; 0 without synapses
};

// Checks the description against the models and builds it, in parallel. Throws BuildError with a key path such as
// "projections.excitation.delay"; `file` stays empty for the caller to fill in.
class Network {
 public:
  Network(const NetworkSpec& spec, Threads threads);

  // Everything that building would refuse and that can be seen without building: models, parameters, ranges, names.
  static void check(const NetworkSpec& spec);

  Simulation& simulation() { return simulation_; }
  const std::vector<ProjectionInfo>& projections() const { return projections_; }
  std::uint64_t synapses() const;
  double bytes_per_synapse() const;

 private:
  std::vector<ProjectionInfo> projections_;
  Simulation simulation_;
};

}  // namespace rheo
