// Numbers that change with the distance between source and target.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>

#include "networks/pairs/distance_kernel.hpp"
#include "networks/pairs/pairs.hpp"

namespace rheo {

struct ByDistance {
  double offset = 0, slope = 0, amplitude = 0;
  DistanceKernel kernel = DistanceKernel::exponential;
  std::optional<double> scale = {};

  static constexpr const char* name = "distance";
  static constexpr const char* summary =
      "At distance d: `offset` + `slope` d + `amplitude` times a kernel of d. Both sides need `positions`.";
  static constexpr const char* source = "";
  static constexpr bool needs_positions = true;
  static constexpr auto fields = rheo::fields(
      field("offset", &ByDistance::offset, "", "is added everywhere"),
      field("slope", &ByDistance::slope, "", "per unit of distance"),
      field("amplitude", &ByDistance::amplitude, "", "of the kernel, at distance 0"),
      field(
          "kernel", &ByDistance::kernel, "",
          "exponential: exp(-d / scale); gaussian: exp(-d^2 / (2 scale^2)); linear: 1 - d / scale up to scale; box: 1 "
          "up to scale"),
      in_words(field("scale", &ByDistance::scale, "", "length of the kernel", positive), "needed with `amplitude`",
               "> 0, in the unit of the positions"));
  void check(const Pairs&) const {
    if (amplitude != 0 && !scale) reject("scale", {}, "is missing", "a number > 0, in the unit of the positions");
  }
  double at(std::uint32_t from, std::uint32_t to, const Pairs& pairs) const {
    const double d = pairs.distance(from, to), line = offset + slope * d;
    return amplitude == 0 ? line : line + amplitude * kernel_at(kernel, d, *scale);
  }
  Range reach(const Pairs& pairs) const {
    const double far = slope * pairs.farthest;
    return {offset + std::min(0.0, far) + std::min(0.0, amplitude),
            offset + std::max(0.0, far) + std::max(0.0, amplitude)};
  }
};

}  // namespace rheo
