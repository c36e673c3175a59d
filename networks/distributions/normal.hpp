// The normal distribution, cut where `min` and `max` say so.
#pragma once

#include <cmath>
#include <cstdint>
#include <limits>
#include <span>
#include <string>

#include "core/description.hpp"
#include "core/random.hpp"

namespace rheo {

struct Normal {
  double mean = 0, sd = 1;

  static constexpr const char* name = "normal";
  static constexpr const char* summary = "mean and standard deviation";
  static constexpr const char* source = "";
  static constexpr const char* first_text = "1(";
  static constexpr auto fields =
      rheo::fields(field("mean", &Normal::mean, "", "of what is drawn without limits"),
                   field("sd", &Normal::sd, "", "standard deviation of what is drawn without limits", non_negative));
  std::string problem() const { return {}; }
  double draw(RandomStream& stream) const { return stream.normal(mean, sd); }
  // to[k] = the (first + k)-th draw from RandomStream(key, index): the same numbers by a vectorised loop.
  void draw_many(RandomKey key, std::uint32_t index, std::uint32_t first, std::span<double> to) const;
  Range reach(double deviations) const { return {mean - deviations * sd, mean + deviations * sd}; }
  double expected() const { return mean; }
  double distinct() const { return sd == 0 ? 1 : std::numeric_limits<double>::infinity(); }
  double share_below(double x) const { return std::erfc(-(x - mean) / sd / std::sqrt(2.0)) / 2; }
};

}  // namespace rheo
