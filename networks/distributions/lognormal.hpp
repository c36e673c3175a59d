// Numbers whose logarithm is normal.
#pragma once

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>

#include "core/description.hpp"
#include "core/math.hpp"
#include "core/random.hpp"

namespace rheo {

struct Lognormal {
  double mu = 0, sigma = 1;

  static constexpr const char* name = "lognormal";
  static constexpr const char* summary = "mu and sigma are mean and standard deviation of the logarithm";
  static constexpr const char* source = "";
  static constexpr const char* first_text = "2(";
  static constexpr auto fields =
      rheo::fields(field("mu", &Lognormal::mu, "", "mean of the logarithm"),
                   field("sigma", &Lognormal::sigma, "", "standard deviation of the logarithm", non_negative));
  std::string problem() const { return {}; }
  double draw(RandomStream& stream) const { return stream.lognormal(mu, sigma); }
  Range reach(double deviations) const {
    return {math::exp(mu - deviations * sigma), math::exp(mu + deviations * sigma)};
  }
  double expected() const { return math::exp(mu + sigma * sigma / 2); }
  double distinct() const { return sigma == 0 ? 1 : std::numeric_limits<double>::infinity(); }
  double share_below(double x) const {
    return std::erfc(-(std::log(std::max(x, 1e-300)) - mu) / sigma / std::sqrt(2.0)) / 2;
  }
};

}  // namespace rheo
