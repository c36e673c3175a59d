// Numbers between two ends, rather in the middle: order statistics of uniform ones.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <string>

#include "core/description.hpp"
#include "core/random.hpp"

namespace rheo {

struct Beta {
  double a = 2, b = 2, high = 1;
  static constexpr double most = 32;

  static constexpr const char* name = "beta";
  static constexpr const char* summary = "`high` times Beta(a, b), of whole numbers a and b: mean high a / (a + b)";
  static constexpr const char* source = "the a-th smallest of a + b - 1 uniform numbers is Beta(a, b)";
  static constexpr auto fields =
      rheo::fields(field("a", &Beta::a, "", "a whole number", Range{1, most}),
                   field("b", &Beta::b, "", "a whole number", Range{1, most}),
                   field("high", &Beta::high, "", "the upper end; 0 is the lower one", positive));
  std::string problem() const {
    return a == std::floor(a) && b == std::floor(b) ? std::string() : "has an a or b that is no whole number";
  }
  double draw(RandomStream& stream) const {
    std::array<double, 2 * static_cast<std::size_t>(most)> all;
    const auto count = static_cast<std::ptrdiff_t>(a + b) - 1;
    for (std::ptrdiff_t i = 0; i < count; ++i) all[static_cast<std::size_t>(i)] = stream.uniform_open();
    const auto chosen = all.begin() + static_cast<std::ptrdiff_t>(a) - 1;
    std::nth_element(all.begin(), chosen, all.begin() + count);
    return high * *chosen;
  }
  Range reach(double) const { return {0, high}; }
  double expected() const { return high * a / (a + b); }
  double distinct() const { return std::numeric_limits<double>::infinity(); }
  // That at least a of the a + b - 1 numbers are below x.
  double share_below(double x) const {
    const double u = std::clamp(x / high, 0.0, 1.0), count = a + b - 1;
    double share = 0, ways = 1;
    for (double k = 0; k <= count; ++k) {
      if (k >= a) share += ways * std::pow(u, k) * std::pow(1 - u, count - k);
      ways *= (count - k) / (k + 1);
    }
    return share;
  }
};

}  // namespace rheo
