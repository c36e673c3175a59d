// Axes with their range settled: from values to pixels, with round numbers beside them.
#pragma once

#include <cstddef>
#include <limits>
#include <string>
#include <vector>

#include "apps/figures/picture.hpp"

namespace rheo::figures {

// Larger numbers would overflow where ranges are computed.
bool drawable(double value);

struct Extent {
  double low = std::numeric_limits<double>::infinity(), high = -low;
  void add(double value, bool log = false);
  bool empty() const { return low > high; }
};

struct LabelledTick {
  double value;
  std::string label;
};

// From values to pixels, and what is written beside the axis.
struct Scale {
  bool log = false;
  double low = 0, high = 1;  // of the values
  double pixels = 1;
  bool upwards = false;  // low values at the bottom
  std::vector<LabelledTick> ticks = {};
  std::vector<double> small_ticks = {};
  std::string label = {};

  // NaN where there is nothing to draw.
  double operator()(double value) const;
  // What is not positive lies at the low end.
  double at_least_low(double value) const { return log && value < 1e-300 ? (*this)(low) : (*this)(value); }
};

// Some air around what is drawn, and a range that is not empty.
Scale scale_of(const Axis& axis, Extent extent, bool from_zero, std::size_t at_most);
// n places of width 1 about 0, 1, ..., each with its name.
Scale categories_of(const Axis& axis, std::size_t n, const std::vector<std::string>& names);

}  // namespace rheo::figures
