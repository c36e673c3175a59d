// Tables of numbers that descriptions hold.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace rheo {

// Rows of numbers of equal length.
struct NumberTable {
  std::uint32_t rows = 0, columns = 0;
  std::vector<double> values;  // [row * columns + column]

  double at(std::uint32_t row, std::uint32_t column) const { return values[std::size_t{row} * columns + column]; }
};

}  // namespace rheo
