// The ranges that an axis of [sweep] may have: what { name = [numbers] } stands for.
#pragma once

#include <cstdint>
#include <span>
#include <string>

namespace rheo {

inline constexpr std::uint64_t max_sweep_points = 10'000'000;

struct SweepRange {
  const char *name, *form;                                  // "linspace", "[first, last, count]"
  bool is_drawn;                                            // otherwise the last number says how many entries there are
  std::string (*problem)(std::span<const double> numbers);  // what is wrong with them, or ""
  double (*at)(std::span<const double> numbers, double x);  // x: the number of an entry, or a quantile of a draw
};

std::span<const SweepRange> sweep_ranges();

}  // namespace rheo
