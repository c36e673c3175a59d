// The inner loops of core/product.hpp, compiled once per instruction set. Everything is inlined or in a namespace of
// its own.
#include <algorithm>
#include <cstring>

#include "core/inline.hpp"
#include "core/product.hpp"

#define RHEO_PRODUCT_NAME_(isa) product_kernels_##isa
#define RHEO_PRODUCT_NAME(isa) RHEO_PRODUCT_NAME_(isa)

namespace rheo {
namespace {

#if defined(__AVX512F__)
constexpr std::size_t register_floats = 16, rows_at_once = 8;  // 16 of 32 registers hold sums
#elif defined(__AVX2__)
constexpr std::size_t register_floats = 8, rows_at_once = 4;
#else
constexpr std::size_t register_floats = 4, rows_at_once = 4;
#endif
constexpr std::size_t columns_at_once = 2 * register_floats;

typedef float Vector __attribute__((vector_size(register_floats * sizeof(float))));
typedef float Unaligned __attribute__((vector_size(register_floats * sizeof(float)), aligned(4), may_alias));

RHEO_INLINE Vector load(const float* from) {
  return *reinterpret_cast<const Unaligned*>(from);
}
RHEO_INLINE void store(float* to, Vector x) {
  *reinterpret_cast<Unaligned*>(to) = x;
}

void tile(std::size_t k, const float* a, const float* b, float scale, bool add, float* to, std::size_t to_step,
          std::size_t rows, std::size_t columns) {
  Vector sum[rows_at_once][2] = {};
  for (std::size_t step = 0; step < k; ++step) {
    const Vector b0 = load(b), b1 = load(b + register_floats);
#pragma GCC unroll 8
    for (std::size_t i = 0; i < rows_at_once; ++i) {
      sum[i][0] += a[i] * b0;
      sum[i][1] += a[i] * b1;
    }
    a += rows_at_once;
    b += columns_at_once;
  }
  if (rows == rows_at_once && columns == columns_at_once) {
#pragma GCC unroll 8
    for (std::size_t i = 0; i < rows_at_once; ++i) {
      float* const row = to + i * to_step;
      const Vector x0 = scale * sum[i][0], x1 = scale * sum[i][1];
      store(row, add ? load(row) + x0 : x0);
      store(row + register_floats, add ? load(row + register_floats) + x1 : x1);
    }
    return;
  }
  for (std::size_t i = 0; i < rows; ++i) {
    float* const row = to + i * to_step;
    float sums[columns_at_once];
    std::memcpy(sums, sum[i], sizeof sums);
    for (std::size_t j = 0; j < columns; ++j) {
      const float x = scale * sums[j];
      row[j] = add ? row[j] + x : x;
    }
  }
}

// So many registers of sums at once: enough additions that do not wait for each other.
template <std::size_t n>
RHEO_INLINE void add_columns(const std::uint32_t* which, std::size_t count, const float* b, std::size_t b_step,
                             float* to) {
  Vector sum[n] = {};
  for (std::size_t k = 0; k < count; ++k) {
    const float* const row = b + which[k] * b_step;
#pragma GCC unroll 8
    for (std::size_t v = 0; v < n; ++v) sum[v] += load(row + v * register_floats);
  }
#pragma GCC unroll 8
  for (std::size_t v = 0; v < n; ++v) store(to + v * register_floats, sum[v]);
}

void add_rows(const std::uint32_t* which, std::size_t n, const float* b, std::size_t b_step, float* to,
              std::size_t columns) {
  constexpr std::size_t at_once = 8;
  std::size_t j = 0;
  for (; j + at_once * register_floats <= columns; j += at_once * register_floats)
    add_columns<at_once>(which, n, b + j, b_step, to + j);
  for (; j + register_floats <= columns; j += register_floats) add_columns<1>(which, n, b + j, b_step, to + j);
  for (; j < columns; ++j) {
    float sum = 0;
    for (std::size_t k = 0; k < n; ++k) sum += b[which[k] * b_step + j];
    to[j] = sum;
  }
}

}  // namespace

extern const ProductKernels RHEO_PRODUCT_NAME(RHEO_ISA);
const ProductKernels RHEO_PRODUCT_NAME(RHEO_ISA){rows_at_once, columns_at_once, &tile, &add_rows};

}  // namespace rheo
