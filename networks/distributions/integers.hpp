// All whole numbers between two.
#pragma once

#include <cmath>
#include <cstdint>
#include <string>

#include "core/description.hpp"
#include "core/random.hpp"

namespace rheo {

struct Integers {
  double low = 0, high = 1;

  static constexpr const char* name = "integers";
  static constexpr const char* summary = "the whole numbers low, ..., high equally likely";
  static constexpr const char* source = "";
  static constexpr const char* first_text = "4(";
  static constexpr auto fields =
      rheo::fields(field("low", &Integers::low, "", "the least"), field("high", &Integers::high, "", "the largest"));
  std::string problem() const {
    if (low != std::floor(low) || high != std::floor(high) || high - low > 4294967294.0)
      return "low and high are not two whole numbers less than 2^32 - 1 apart";
    return low > high ? "low is larger than high" : "";
  }
  double draw(RandomStream& stream) const { return low + stream.below(static_cast<std::uint32_t>(high - low) + 1); }
  Range reach(double) const { return {low, high}; }
  double expected() const { return (low + high) / 2; }
  double distinct() const { return high - low + 1; }
  double share_below(double x) const { return (std::floor(x) - low + 1) / distinct(); }
};

}  // namespace rheo
