#include "networks/description/positions.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>

#include "core/diagnostics.hpp"

namespace rheo {

Places::Places(const PopulationSpec& population, std::uint64_t seed)
    : positions_(population.positions), key_(random_key(seed, population.name, "positions")) {}

Point Places::at(std::uint32_t neuron) const {
  const Positions& p = positions_;
  Point point{};
  RandomStream stream(key_, neuron);
  std::uint32_t rest = neuron;
  for (std::uint32_t i = 0; i < p.dimensions; ++i) {
    switch (p.kind) {
      case Positions::Kind::none:
        break;
      case Positions::Kind::grid:
        point[i] = p.low[i] + (rest % p.grid[i] + 0.5) * ((p.high[i] - p.low[i]) / p.grid[i]);
        rest /= p.grid[i];
        break;
      case Positions::Kind::uniform:
        point[i] = stream.uniform(p.low[i], p.high[i]);
        break;
      case Positions::Kind::listed:
        point[i] = (*p.points)[std::size_t{neuron} * p.dimensions + i];
        break;
    }
  }
  return point;
}

double distance(const Point& a, const Point& b, const Point& period) {
  double square = 0;
  for (std::size_t i = 0; i < 3; ++i) {
    const double straight = std::fabs(a[i] - b[i]);
    const double apart = period[i] > 0 ? std::min(straight, period[i] - straight) : straight;
    square += apart * apart;
  }
  return std::sqrt(square);
}

void check_positions(const PopulationSpec& population) {
  const Positions& p = population.positions;
  constexpr double furthest = 1e30;  // squares of distances stay finite
  const auto reject = [](std::string key, std::string value, std::string problem, std::string expected) {
    throw BuildError({.key = "positions" + std::move(key),
                      .value = std::move(value),
                      .problem = std::move(problem),
                      .expected = std::move(expected)});
  };
  if (p.kind == Positions::Kind::none) return;
  if (p.dimensions != 2 && p.dimensions != 3)
    reject("", fmt::format("{} dimensions", p.dimensions), "not a space", "2 or 3 dimensions");
  if (p.kind != Positions::Kind::listed || p.periodic)
    for (std::uint32_t i = 0; i < p.dimensions; ++i)
      if (!(p.low[i] >= -furthest && p.high[i] <= furthest && p.low[i] < p.high[i]))
        reject("", fmt::format("[{}, {}]", p.low[i], p.high[i]), "is no extent",
               "[low, high] with low < high, within -1e30 and 1e30");
  if (p.kind == Positions::Kind::grid) {
    std::uint64_t places = 1;
    for (std::uint32_t i = 0; i < p.dimensions; ++i) {
      places *= p.grid[i];
      if (places > population.size) break;  // before it overflows
    }
    if (places != population.size)
      reject(".grid", fmt::format("[{}]", fmt::join(p.grid.begin(), p.grid.begin() + p.dimensions, ", ")),
             "has not as many places as there are neurons", fmt::format("a product of {}", population.size));
  }
  if (p.kind != Positions::Kind::listed) return;
  const std::size_t numbers = p.points ? p.points->size() : 0;
  if (numbers != std::size_t{population.size} * p.dimensions)
    reject("", fmt::format("{} coordinates", numbers), "wrong number",
           fmt::format("{} for each of {} neurons", p.dimensions, population.size));
  for (std::size_t i = 0; i < numbers; ++i) {
    const double x = (*p.points)[i];
    const std::size_t dimension = i % p.dimensions;
    if (!(x >= -furthest && x <= furthest))
      reject("", fmt::format("{}", x), fmt::format("neuron {} is too far away", i / p.dimensions), "-1e30 to 1e30");
    if (p.periodic && !(x >= p.low[dimension] && x <= p.high[dimension]))
      reject("", fmt::format("{}", x), fmt::format("neuron {} is outside the periodic space", i / p.dimensions),
             fmt::format("{} to {}", p.low[dimension], p.high[dimension]));
  }
}

}  // namespace rheo
