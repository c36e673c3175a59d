// Which neurons of a network a task looks at.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "io/experiment/experiment.hpp"
#include "networks/description/spec.hpp"
#include "networks/network.hpp"

namespace rheo {

// The neurons of each selection, after a check: [selection][..] in its population. Empty selections: as for
// ObservedNeurons. key: of the setting, for the ExperimentError.
struct Observed {
  std::string population;
  std::vector<std::uint32_t> neurons;
};
std::vector<Observed> select_observed(const Experiment& experiment, const std::vector<Selection>& selections,
                                      const std::string& key);

// Which neurons' states are read.
class ObservedNeurons {
 public:
  // selections: empty for all populations that are not sources. key: of the setting, for the ExperimentError.
  ObservedNeurons(const Experiment& experiment, const Simulation& simulation, const std::vector<Selection>& selections,
                  const std::string& key);

  std::size_t size() const { return ids_.size(); }
  const std::vector<NeuronId>& ids() const { return ids_; }  // in the whole network, in the order of the selections
  // V_m of each, after the tick that was computed last.
  void potentials(Simulation& simulation, std::span<double> to) const;

 private:
  struct Part {
    std::size_t population = 0;
    std::vector<std::uint32_t> neurons;
  };
  std::vector<NeuronId> ids_;
  std::vector<Part> parts_;
};

}  // namespace rheo
