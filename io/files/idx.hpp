// Images and labels in IDX files, the format of MNIST: big-endian sizes, then bytes; compressed with gzip or not.
// http://yann.lecun.com/exdb/mnist says what is in them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "core/diagnostics.hpp"

namespace rheo {

struct LabelledImages {
  std::size_t rows = 0, columns = 0;
  std::vector<std::uint8_t> pixels;  // [image][row][column]
  std::vector<std::uint8_t> labels;  // [image]
  std::size_t size() const { return labels.size(); }
  std::size_t image_size() const { return rows * columns; }
};

struct ImageError : UserError {
  using UserError::UserError;
};

// Both files of a set. Throws ImageError: what is no such file, cut short or longer than it says, of other numbers.
LabelledImages read_idx(const std::string& images, const std::string& labels);

// The number of classes: `classes` where it is given, else one more than the largest label, and then each class must
// have an image. labels: the file, for the message about a label that is beyond them.
std::size_t count_classes(const LabelledImages& images, const std::string& labels, std::size_t classes = 0);

}  // namespace rheo
