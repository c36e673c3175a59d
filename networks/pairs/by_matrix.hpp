// A number for every pair.
#pragma once

#include <cstdint>
#include <memory>

#include "networks/pairs/pairs.hpp"

namespace rheo {

struct ByMatrix {
  std::shared_ptr<const NumberTable> values = {};

  static constexpr const char* name = "matrix";
  static constexpr const char* summary = "Every pair has a number of its own.";
  static constexpr const char* source = "";
  static constexpr auto fields = rheo::fields(
      needed(in_words(field("values", &ByMatrix::values, "",
                            "a row for each source, in it a number for each target: values[source][target]"),
                      {}, "a list of lists of numbers, or a file")));
  void check(const Pairs& pairs) const { check_shape("values", values, pairs); }
  double at(std::uint32_t from, std::uint32_t to, const Pairs&) const { return values->at(from, to); }
  Range reach(const Pairs&) const { return reach_of(*values); }
};

}  // namespace rheo
