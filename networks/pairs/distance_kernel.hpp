// How what is 1 at distance 0 falls with distance.
#pragma once

#include <algorithm>
#include <array>
#include <span>
#include <string_view>

#include "core/math.hpp"

namespace rheo {

enum class DistanceKernel { exponential, gaussian, linear, box };
inline std::span<const std::string_view> names_of(DistanceKernel) {
  static constexpr std::array<std::string_view, 4> names{"exponential", "gaussian", "linear", "box"};
  return names;
}

inline double kernel_at(DistanceKernel kernel, double d, double scale) {
  switch (kernel) {
    case DistanceKernel::exponential:
      return math::exp(-d / scale);
    case DistanceKernel::gaussian:
      return math::exp(-(d / scale) * (d / scale) / 2);
    case DistanceKernel::linear:
      return std::max(0.0, 1 - d / scale);
    case DistanceKernel::box:
      return d <= scale ? 1 : 0;
  }
  return 0;
}

}  // namespace rheo
