// All numbers between two.
#pragma once

#include <cstdint>
#include <limits>
#include <span>
#include <string>

#include "core/description.hpp"
#include "core/random.hpp"

namespace rheo {

struct Uniform {
  double low = 0, high = 1;

  static constexpr const char* name = "uniform";
  static constexpr const char* summary = "all numbers from low to high equally likely";
  static constexpr const char* source = "";
  static constexpr const char* first_text = "0(";
  static constexpr auto fields = rheo::fields(field("low", &Uniform::low, "", "no draw is less"),
                                              field("high", &Uniform::high, "", "no draw is more"));
  std::string problem() const { return low > high ? "low is larger than high" : ""; }
  double draw(RandomStream& stream) const { return stream.uniform(low, high); }
  // to[k] = the (first + k)-th draw from RandomStream(key, index).
  void draw_many(RandomKey key, std::uint32_t index, std::uint32_t first, std::span<double> to) const {
    RandomStream stream(key, index);
    if (first != 0) stream.skip_words(std::uint64_t{2} * first);
    stream.uniform(low, high, to);
  }
  Range reach(double) const { return {low, high}; }
  double expected() const { return (low + high) / 2; }
  double distinct() const { return low == high ? 1 : std::numeric_limits<double>::infinity(); }
  double share_below(double x) const { return (x - low) / (high - low); }
};

}  // namespace rheo
