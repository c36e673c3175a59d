// A dynamical system that is driven step by step and whose state a readout sees. The tasks of the workbench know no
// more of it: spiking networks, rate reservoirs and echo-state networks are used alike.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "core/bytes.hpp"

namespace rheo {

class Reservoir {
 public:
  virtual ~Reservoir() = default;
  virtual std::size_t inputs() const = 0;
  virtual std::size_t states() const = 0;
  // One step of the task: takes inputs() numbers, gives states() numbers.
  virtual void step(std::span<const double> input, std::span<double> state) = 0;
  // All that changes while it is driven, to go on from the same state again.
  virtual std::vector<std::byte> save() = 0;
  virtual void load(std::span<const std::byte> state) = 0;
};

}  // namespace rheo
