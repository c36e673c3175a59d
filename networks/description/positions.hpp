// Where the neurons of a population are, in two or three dimensions and in one unit of the user's choice, which is also
// that of the rule "distance". Random places depend on (seed, population, neuron) alone, and none is stored.
#pragma once

#include <cstdint>
#include <variant>

#include "networks/description/positions/grid.hpp"
#include "networks/description/positions/listed.hpp"
#include "networks/description/positions/uniform.hpp"

namespace rheo {

struct PopulationSpec;

// Whoever adds a kind writes a file like those above and adds its name here, at the end: saved states name kinds by
// their numbers.
using Positions = std::variant<std::monostate, GridPositions, UniformPositions, ListedPositions>;

inline bool has_positions(const Positions& positions) {
  return positions.index() != 0;
}
// Without dimensions where there are no positions.
Space space_of(const Positions& positions);

// Calls use(K{}) for each kind.
template <class Use, class... K>
void for_each_kind(const std::variant<std::monostate, K...>*, const Use& use) {
  (use(K{}), ...);
}

// The places of one population's neurons; it must have positions and outlive this.
class Places {
 public:
  Places(const PopulationSpec& population, std::uint64_t seed);
  Point at(std::uint32_t neuron) const;

 private:
  const Positions& positions_;
  Space space_;
  RandomKey key_;
};

// The short way round in the dimensions whose period is not 0.
double distance(const Point& a, const Point& b, const Point& period);

// Throws BuildError with a key below the population ("positions.grid") where positions do not fit its size or make no
// sense.
void check_positions(const PopulationSpec& population);

}  // namespace rheo
