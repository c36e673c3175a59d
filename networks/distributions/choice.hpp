// The numbers of a list.
#pragma once

#include <algorithm>
#include <cstdint>
#include <numeric>
#include <string>
#include <vector>

#include "core/description.hpp"
#include "core/random.hpp"

namespace rheo {

struct Choice {
  std::vector<double> choices = {};

  static constexpr const char* name = "choice";
  static constexpr const char* summary = "each equally likely";
  static constexpr const char* source = "";
  static constexpr const char* first_text = "3(0, 0, ";
  static constexpr auto fields = rheo::fields(field("choices", &Choice::choices, "", "what is drawn from"));
  std::string problem() const { return choices.empty() ? "nothing to choose from" : ""; }
  double draw(RandomStream& stream) const { return choices[stream.below(static_cast<std::uint32_t>(choices.size()))]; }
  Range reach(double) const {
    const auto [low, high] = std::minmax_element(choices.begin(), choices.end());
    return {*low, *high};
  }
  double expected() const { return std::accumulate(choices.begin(), choices.end(), 0.0) / distinct(); }
  double distinct() const { return static_cast<double>(choices.size()); }
  double share_below(double x) const {
    return static_cast<double>(std::count_if(choices.begin(), choices.end(), [x](double c) { return c <= x; })) /
           distinct();
  }
};

}  // namespace rheo
