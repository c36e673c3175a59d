// What all kinds of positions share. A kind is a struct with a file beside this one and
//   static constexpr const char *name, *summary, *form;   // name: also of the key by which a user chooses it
//   static constexpr auto fields = rheo::fields(...);
//   Space space() const;
//   void check(std::uint32_t size) const;                 // what ranges of fields do not say, for so many neurons
//   Point at(std::uint32_t neuron, const Space& space, RandomKey key) const;   // once checked
#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "core/diagnostics.hpp"
#include "core/random.hpp"
#include "networks/description/kind.hpp"

namespace rheo {

using Point = std::array<double, 3>;  // the third is 0 in two dimensions

struct Space {
  std::uint32_t dimensions = 0;  // 2 or 3
  Point low{}, high{};           // corners
  bool periodic = false;         // opposite sides are neighbours
};

inline constexpr Range coordinate_range{-1e30, 1e30};  // squares of distances stay finite

// From 0 to `extent` in each dimension.
inline Space space_from(std::size_t dimensions, const std::vector<double>& extent, bool periodic) {
  Space space{.dimensions = static_cast<std::uint32_t>(dimensions), .periodic = periodic};
  for (std::size_t i = 0; i < std::min<std::size_t>(extent.size(), 3); ++i) space.high[i] = extent[i];
  return space;
}

inline std::string numbers_text(const std::vector<double>& numbers) {
  return fmt::format("[{}]", fmt::join(numbers, ", "));
}

// key, value: of what has so many dimensions.
inline void check_dimensions(const char* key, std::string value, std::size_t dimensions,
                             const std::vector<double>& extent) {
  if (dimensions != 2 && dimensions != 3)
    reject(key, std::move(value), fmt::format("has {} dimensions", dimensions), "2 or 3");
  if (!extent.empty() && extent.size() != dimensions)
    reject("extent", numbers_text(extent), fmt::format("has {} entries", extent.size()),
           fmt::format("{}, one for each dimension", dimensions));
}

}  // namespace rheo
