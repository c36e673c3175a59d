#pragma once

#include <memory>

#include "networks/description/positions/space.hpp"

namespace rheo {

struct UniformPositions {
  std::shared_ptr<const NumberTable> uniform = {};  // [dimension]: low, high
  bool periodic = false;

  static constexpr const char
      *name = "uniform",
      *form = "{ uniform = [[0.0, 1.0], [0.0, 1.0]] }",
      *summary = "Anywhere in a box; the place of a neuron depends on the seed, the population and its number alone.";
  static constexpr auto fields =
      rheo::fields(needed(in_words(field("uniform", &UniformPositions::uniform, "", "the box", coordinate_range), "",
                                   "[low, high] with low < high for each dimension")),
                   field("periodic", &UniformPositions::periodic, "", "opposite sides are neighbours"));

  Space space() const {
    Space space{.dimensions = uniform->rows, .periodic = periodic};
    for (std::size_t i = 0; i < uniform->rows; ++i) {
      space.low[i] = uniform->values[2 * i];
      space.high[i] = uniform->values[2 * i + 1];
    }
    return space;
  }
  void check(std::uint32_t) const {
    const std::uint32_t rows = uniform ? uniform->rows : 0;
    check_dimensions(name, fmt::format("{} rows", rows), rows, {});
    const std::vector<double>& ends = uniform->values;
    for (std::size_t i = 0; i < rows; ++i)
      if (uniform->columns != 2 || !(ends[2 * i] < ends[2 * i + 1]))
        reject(fmt::format("{}[{}]", name, i), fmt::format("{} numbers", uniform->columns), "has no extent",
               "[low, high] with low < high");
  }
  Point at(std::uint32_t neuron, const Space& space, RandomKey key) const {
    Point point{};
    RandomStream stream(key, neuron);
    for (std::uint32_t i = 0; i < space.dimensions; ++i) point[i] = stream.uniform(space.low[i], space.high[i]);
    return point;
  }
};

}  // namespace rheo
