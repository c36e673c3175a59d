#pragma once

#include <memory>

#include "networks/description/positions/space.hpp"

namespace rheo {

struct ListedPositions {
  std::shared_ptr<const NumberTable> list = {};  // [neuron][dimension]
  std::vector<double> extent = {};
  bool periodic = false;

  static constexpr const char *name = "list", *form = "{ list = [[x, y], ..] }", *summary = "Given one by one.";
  static constexpr auto fields = rheo::fields(
      needed(in_words(field("list", &ListedPositions::list, "", "coordinates of each neuron", coordinate_range), "",
                      "2 or 3 numbers for each neuron")),
      in_words(field("extent", &ListedPositions::extent, "", "lengths of a periodic space, from 0 on", positive),
               "needed with `periodic`", "a number > 0 for each dimension"),
      field("periodic", &ListedPositions::periodic, "", "opposite sides are neighbours"));

  Space space() const { return space_from(list->columns, extent, periodic); }
  void check(std::uint32_t size) const {
    const std::uint32_t dimensions = list ? list->columns : 0;
    check_dimensions(name, fmt::format("rows of {}", dimensions), dimensions, extent);
    if (list->rows != size)
      reject(name, fmt::format("{} rows", list->rows), fmt::format("has {} entries", list->rows),
             fmt::format("{} lists of 2 or 3 coordinates", size));
    if (!periodic) return;
    if (extent.empty()) reject("extent", {}, "is missing", "the size of the periodic space, from 0 on");
    for (std::size_t i = 0; i < list->values.size(); ++i)
      if (const double x = list->values[i], most = extent[i % list->columns]; !(x >= 0 && x <= most))
        reject(fmt::format("{}[{}]", name, i / list->columns), fmt::format("{}", x), "is outside the periodic space",
               fmt::format("0 to {}", most));
  }
  Point at(std::uint32_t neuron, const Space& space, RandomKey) const {
    Point point{};
    for (std::uint32_t i = 0; i < space.dimensions; ++i)
      point[i] = list->values[std::size_t{neuron} * space.dimensions + i];
    return point;
  }
};

}  // namespace rheo
