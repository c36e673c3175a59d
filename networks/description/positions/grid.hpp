#pragma once

#include <cmath>

#include "networks/description/positions/space.hpp"

namespace rheo {

struct GridPositions {
  std::vector<double> grid = {};    // neurons along each dimension, whole numbers
  std::vector<double> extent = {};  // of the space; empty: as `grid`, so that neighbours are 1 apart
  bool periodic = false;

  static constexpr const char
      *name = "grid",
      *form = "{ grid = [40, 40] }",
      *summary = "In the middles of cells; neurons go along the first dimension, then the second, then the third.";
  static constexpr auto fields =
      rheo::fields(needed(in_words(field("grid", &GridPositions::grid, "",
                                         "neurons along each dimension; their product is the size", {1, 4294967295}),
                                   "", "whole numbers")),
                   in_words(field("extent", &GridPositions::extent, "", "lengths of the space, from 0 on", positive),
                            "as `grid`", "a number > 0 for each dimension"),
                   field("periodic", &GridPositions::periodic, "", "opposite sides are neighbours"));

  Space space() const { return space_from(grid.size(), extent.empty() ? grid : extent, periodic); }
  void check(std::uint32_t size) const {
    check_dimensions(name, numbers_text(grid), grid.size(), extent);
    double places = 1;
    bool whole = true;
    for (const double along : grid) {
      whole = whole && along == std::floor(along);
      places *= along;
    }
    if (!whole || places != size)
      reject(name, numbers_text(grid), fmt::format("makes {} places for {} neurons", places, size),
             fmt::format("whole numbers with the product {}", size));
  }
  Point at(std::uint32_t neuron, const Space& space, RandomKey) const {
    Point point{};
    for (std::uint32_t i = 0; i < space.dimensions; ++i) {
      const auto along = static_cast<std::uint32_t>(grid[i]);
      point[i] = space.low[i] + (neuron % along + 0.5) * ((space.high[i] - space.low[i]) / along);
      neuron /= along;
    }
    return point;
  }
};

}  // namespace rheo
