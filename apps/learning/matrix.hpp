// The matrices of the reservoir workbench: rows are time steps (or samples), columns are states, outputs or channels.
//
// Eigen cuts large products into blocks by the caches of the processor that it runs on, and the order of its sums
// follows the blocks. Block sizes are therefore set once, before main, to those of one fixed processor: results must
// not depend on the machine. Whoever multiplies matrices includes this header.
#pragma once

#include <Eigen/Dense>

namespace rheo {

using Matrix = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
// A matrix, or some of its rows, without a copy.
using MatrixView = Eigen::Ref<const Matrix>;
// A vector, or one column of a matrix, without a copy.
using SignalView = Eigen::Ref<const Eigen::VectorXd, 0, Eigen::InnerStride<>>;

// 32 KiB, 256 KiB and 2 MiB, less than what today's processors have.
inline const bool block_sizes_are_fixed = [] {
  Eigen::setCpuCacheSizes(std::ptrdiff_t{32} << 10, std::ptrdiff_t{256} << 10, std::ptrdiff_t{2} << 20);
  return true;
}();

}  // namespace rheo
