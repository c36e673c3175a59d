// Where neurons are. Random places depend on (seed, population, neuron) alone, and none is stored.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "core/random.hpp"
#include "networks/description/spec.hpp"

namespace rheo {

using Point = std::array<double, 3>;  // the third is 0 in two dimensions

// The places of one population's neurons; it must have positions and outlive this.
class Places {
 public:
  Places(const PopulationSpec& population, std::uint64_t seed);
  Point at(std::uint32_t neuron) const;

 private:
  const Positions& positions_;
  RandomKey key_;
};

// The short way round in the dimensions whose period is not 0.
double distance(const Point& a, const Point& b, const Point& period);

// Throws BuildError with a key below the population ("positions.grid") where positions do not fit its size or make no
// sense. A population without positions passes.
void check_positions(const PopulationSpec& population);

}  // namespace rheo
