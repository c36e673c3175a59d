// Waiting times of what happens at a constant rate.
#pragma once

#include <cmath>
#include <limits>
#include <string>

#include "core/description.hpp"
#include "core/math.hpp"
#include "core/random.hpp"

namespace rheo {

struct Exponential {
  double mean = 1;

  static constexpr const char* name = "exponential";
  static constexpr const char* summary = "waiting times with this mean, > 0";
  static constexpr const char* source = "";
  static constexpr auto fields = rheo::fields(field("mean", &Exponential::mean, "", "of all draws", positive));
  std::string problem() const { return {}; }
  double draw(RandomStream& stream) const { return mean * stream.exponential(); }
  // The least draw of inversion, and an upper end with the tail of a normal distribution by Mills' ratio.
  Range reach(double deviations) const {
    return {mean * 0x1p-54, mean * (deviations * deviations / 2 + math::log(2.5066282746310002 * deviations))};
  }
  double expected() const { return mean; }
  double distinct() const { return std::numeric_limits<double>::infinity(); }
  double share_below(double x) const { return -std::expm1(-x / mean); }
};

}  // namespace rheo
