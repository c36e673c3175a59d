// Products of matrices in single precision whose sums have one order, so that the bits depend neither on threads nor on
// the instruction set: for dense projections and their plasticity.
//
// sum over k of a(i, k) b(k, j): starts from 0, k ascending, each product added with one rounding (fused multiply-add,
// IEEE 754; computed where a processor lacks it). A column of the result is a lane of a vector register, a block of
// rows and columns an item of parallel work; neither divides a sum.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "core/aligned.hpp"
#include "core/isa.hpp"
#include "core/parallel.hpp"

namespace rheo {

// Element (i, j) is data[i * row_step + j * column_step]. Owns nothing.
struct DenseView {
  const float* data = nullptr;
  std::size_t rows = 0, columns = 0, row_step = 0, column_step = 1;

  // Rows one after another.
  static DenseView of(const float* data, std::size_t rows, std::size_t columns) {
    return {data, rows, columns, columns, 1};
  }
  DenseView transposed() const { return {data, columns, rows, column_step, row_step}; }
};

// A matrix of zeros and ones in groups of rows that share many of their ones, such as the steps of one sample. Group g
// has ones in the columns columns[g * stride] .., entries[g] of them, ascending. Its row r, which is row r * groups()
// + g of the matrix, has there values[(g * rows_of_group + r) * stride] .., each 0 or 1.
struct GroupedOnes {
  std::size_t rows_of_group = 0, stride = 0;
  std::span<const std::uint32_t> entries;
  std::span<const std::uint32_t> columns;
  std::span<const float> values;
  std::size_t groups() const { return entries.size(); }
  std::size_t rows() const { return groups() * rows_of_group; }
  bool has(std::size_t group, std::size_t entry, std::size_t row) const {
    return values[(group * rows_of_group + row) * stride + entry] != 0;
  }
};

// to[r * to_step + j] = sum over e of on[r * on_step + e] b[which[e] * b_step + j], e < entries, r < rows, j < columns.
struct GroupArgs {
  const std::uint32_t* which;
  const float* on;
  std::size_t on_step, entries, rows;
  const float* b;
  std::size_t b_step;
  float* to;
  std::size_t to_step;
  std::size_t columns;  // a multiple of register_floats
};

// Of one instruction set; core/product_kernels.cpp.
struct ProductKernels {
  std::size_t tile_rows, tile_columns, register_floats;
  // One tile: to(i, j) = (add ? to(i, j) : 0) + scale * (sum over k), i < rows, j < columns. a: [k][tile_rows],
  // b: [k][tile_columns].
  void (*tile)(std::size_t k, const float* a, const float* b, float scale, bool add, float* to, std::size_t to_step,
               std::size_t rows, std::size_t columns);
  // tile_rows rows of k numbers, row_step apart, as [k][tile_rows].
  void (*pack)(const float* from, std::size_t row_step, std::size_t k, float* to);
  void (*group)(const GroupArgs& args);
};
const ProductKernels& product_kernels(Isa isa);

// The right factor of several products, laid out once.
class PackedFactor {
 public:
  std::size_t rows() const { return rows_; }
  std::size_t columns() const { return columns_; }
  std::size_t bytes() const { return values_.bytes(); }

 private:
  friend class Product;
  std::size_t rows_ = 0, columns_ = 0;
  AlignedColumn<float> values_;  // [tile of columns][row][column of the tile]
};

// Keeps the room that products need between calls. One thread calls; the work is done by the team.
class Product {
 public:
  explicit Product(Threads threads, Isa isa = chosen_isa()) : threads_(std::move(threads)), isa_(isa) {}

  // to(i, j) = scale * (a b)(i, j), or that added to to(i, j). to: [a.rows][b.columns], rows to_step apart; it must not
  // overlap a or b. a.columns == b.rows.
  void multiply(const DenseView& a, const DenseView& b, float* to, std::size_t to_step, float scale = 1,
                bool add = false);

  // The same with b as it was packed.
  void multiply(const DenseView& a, const PackedFactor& b, float* to, std::size_t to_step, float scale = 1,
                bool add = false);
  void pack(const DenseView& b, PackedFactor& to) const;

  // to = ones b, the same bits as that of the matrix written out. b.column_step == 1.
  void multiply(const GroupedOnes& ones, const DenseView& b, float* to, std::size_t to_step);

  const Threads& threads() const { return threads_; }
  Isa isa() const { return isa_; }

 private:
  Threads threads_;
  Isa isa_;
  AlignedColumn<float> a_, last_columns_;
  PackedFactor b_;
};

}  // namespace rheo
