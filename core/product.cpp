#include "core/product.hpp"

#include <algorithm>
#include <cassert>
#include <vector>

namespace rheo {

RHEO_DECLARE_KERNELS(const ProductKernels, product_kernels);

const ProductKernels& product_kernels(Isa isa) {
  return RHEO_KERNELS_FOR(isa, product_kernels);
}

namespace {

std::size_t pieces(std::size_t n, std::size_t of) {
  return (n + of - 1) / of;
}

// Rows [first, first + width) of m as [column][width]; what lies beyond m is 0.
void pack_rows(const DenseView& m, std::size_t first, std::size_t width, float* to) {
  const std::size_t there = std::min(width, m.rows - first);
  const float* from = m.data + first * m.row_step;
  if (there < width) std::fill_n(to, m.columns * width, 0.0f);
  if (m.row_step == 1) {
    for (std::size_t k = 0; k < m.columns; ++k, from += m.column_step, to += width) std::copy_n(from, there, to);
    return;
  }
  for (std::size_t i = 0; i < there; ++i, from += m.row_step)
    for (std::size_t k = 0; k < m.columns; ++k) to[k * width + i] = from[k * m.column_step];
}

}  // namespace

void Product::pack(const DenseView& b, PackedFactor& to) const {
  const std::size_t width = product_kernels(isa_).tile_columns, tiles = pieces(b.columns, width);
  to.rows_ = b.rows;
  to.columns_ = b.columns;
  float* const values = room(to.values_, tiles * width * b.rows);
  const DenseView turned = b.transposed();
  constexpr std::size_t at_once = 4;
  threads_.for_each(pieces(tiles, at_once), [&](std::size_t item) {
    for (std::size_t t = item * at_once; t < std::min(tiles, (item + 1) * at_once); ++t)
      pack_rows(turned, t * width, width, values + t * width * b.rows);
  });
}

void Product::multiply(const DenseView& a, const DenseView& b, float* to, std::size_t to_step, float scale, bool add) {
  assert(a.columns == b.rows);
  if (a.rows == 0 || b.columns == 0) return;
  pack(b, b_);
  multiply(a, b_, to, to_step, scale, add);
}

void Product::multiply(const DenseView& a, const PackedFactor& b, float* to, std::size_t to_step, float scale,
                       bool add) {
  assert(a.columns == b.rows());
  const ProductKernels& kernels = product_kernels(isa_);
  const std::size_t k = a.columns;
  const std::size_t row_tiles = pieces(a.rows, kernels.tile_rows),
                    column_tiles = pieces(b.columns(), kernels.tile_columns);
  if (row_tiles == 0 || column_tiles == 0) return;
  const std::size_t a_tile = kernels.tile_rows * k, b_tile = kernels.tile_columns * k;
  float* const packed = room(a_, row_tiles * a_tile);
  constexpr std::size_t packed_at_once = 4;
  threads_.for_each(pieces(row_tiles, packed_at_once), [&](std::size_t item) {
    for (std::size_t t = item * packed_at_once; t < std::min(row_tiles, (item + 1) * packed_at_once); ++t) {
      const std::size_t row = t * kernels.tile_rows;
      if (a.column_step == 1 && row + kernels.tile_rows <= a.rows)
        kernels.pack(a.data + row * a.row_step, a.row_step, k, packed + t * a_tile);
      else
        pack_rows(a, row, kernels.tile_rows, packed + t * a_tile);
    }
  });

  // A block of rows of a stays in the second-level cache while columns of b pass by. Small products are cut into
  // smaller blocks, so that there is work for all threads.
  const std::size_t rows_of_block = std::max<std::size_t>(1, 96 / kernels.tile_rows);
  const std::size_t down = pieces(row_tiles, rows_of_block), blocks = 4 * std::size_t{threads_.count()};
  const std::size_t columns_of_block =
      std::clamp<std::size_t>(down * column_tiles / blocks, 1, std::max<std::size_t>(1, 256 / kernels.tile_columns));
  const std::size_t across = pieces(column_tiles, columns_of_block);
  threads_.for_each(down * across, [&](std::size_t item) {
    const std::size_t row_begin = item / across * rows_of_block, column_begin = item % across * columns_of_block;
    const std::size_t row_end = std::min(row_tiles, row_begin + rows_of_block);
    const std::size_t column_end = std::min(column_tiles, column_begin + columns_of_block);
    for (std::size_t c = column_begin; c < column_end; ++c) {
      const std::size_t j = c * kernels.tile_columns;
      for (std::size_t r = row_begin; r < row_end; ++r) {
        const std::size_t i = r * kernels.tile_rows;
        kernels.tile(k, packed + r * a_tile, b.values_.data() + c * b_tile, scale, add, to + i * to_step + j, to_step,
                     std::min(kernels.tile_rows, a.rows - i), std::min(kernels.tile_columns, b.columns() - j));
      }
    }
  });
}

void Product::multiply(const GroupedOnes& ones, const DenseView& b, float* to, std::size_t to_step) {
  assert(b.column_step == 1);
  const ProductKernels& kernels = product_kernels(isa_);
  const std::size_t width = kernels.register_floats, last = b.columns % width, whole = b.columns - last;
  const auto args_of = [&](std::size_t g) {
    return GroupArgs{.which = ones.columns.data() + g * ones.stride,
                     .on = ones.values.data() + g * ones.stride * ones.rows_of_group,
                     .on_step = ones.stride,
                     .entries = ones.entries[g],
                     .rows = ones.rows_of_group,
                     .b = b.data,
                     .b_step = b.row_step,
                     .to = to + g * to_step,
                     .to_step = ones.groups() * to_step,
                     .columns = whole};
  };
  // Columns such that their part of b stays in the second-level cache while groups pass by.
  constexpr std::size_t groups_of_block = 8, columns_of_block = 128;
  const std::size_t down = pieces(ones.groups(), groups_of_block), across = pieces(whole, columns_of_block);
  threads_.for_each(down * across, [&](std::size_t item) {
    const std::size_t first = item % down * groups_of_block, j = item / down * columns_of_block;
    const std::size_t end = std::min(ones.groups(), first + groups_of_block);
    for (std::size_t g = first; g < end; ++g) {
      GroupArgs args = args_of(g);
      args.b += j;
      args.to += j;
      args.columns = std::min(columns_of_block, whole - j);
      kernels.group(args);
    }
  });
  if (last == 0) return;
  // Columns that do not fill a register are laid out so that they do.
  float* const last_columns = room(last_columns_, b.rows * width);
  pack_rows(b.transposed(), whole, width, last_columns);
  threads_.for_each(down, [&](std::size_t item) {
    std::vector<float> made(ones.rows_of_group * width);
    const std::size_t first = item * groups_of_block, end = std::min(ones.groups(), first + groups_of_block);
    for (std::size_t g = first; g < end; ++g) {
      GroupArgs args = args_of(g);
      float* const rows = args.to + whole;
      const std::size_t apart = args.to_step;
      args.b = last_columns;
      args.b_step = args.to_step = args.columns = width;
      args.to = made.data();
      kernels.group(args);
      for (std::size_t r = 0; r < args.rows; ++r) std::copy_n(made.data() + r * width, last, rows + r * apart);
    }
  });
}

}  // namespace rheo
