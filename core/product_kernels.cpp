// The inner loops of core/product.hpp, compiled once per instruction set. Everything is inlined or in a namespace of
// its own.
#include <algorithm>
#include <cstdint>
#include <cstring>
#include <utility>
#if defined(__FMA__)
#include <immintrin.h>
#endif

#include "core/inline.hpp"
#include "core/product.hpp"

#define RHEO_PRODUCT_NAME_(isa) product_kernels_##isa
#define RHEO_PRODUCT_NAME(isa) RHEO_PRODUCT_NAME_(isa)

namespace rheo {
namespace {

#if defined(__AVX512F__)
constexpr std::size_t register_floats = 16, rows_at_once = 8;  // 16 of 32 registers hold sums
#elif defined(__AVX2__) && defined(__FMA__)
constexpr std::size_t register_floats = 8, rows_at_once = 4;
#else
constexpr std::size_t register_floats = 4, rows_at_once = 4;
#endif
constexpr std::size_t columns_at_once = 2 * register_floats;
constexpr std::size_t group_rows_at_once = 6;

typedef float Vector __attribute__((vector_size(register_floats * sizeof(float))));
typedef float Unaligned __attribute__((vector_size(register_floats * sizeof(float)), aligned(4), may_alias));

RHEO_INLINE Vector load(const float* from) {
  return *reinterpret_cast<const Unaligned*>(from);
}
RHEO_INLINE void store(float* to, Vector x) {
  *reinterpret_cast<Unaligned*>(to) = x;
}

// a * b + c in each lane, rounded once: what every processor with such an instruction gives.
RHEO_INLINE Vector fused(float a, Vector b, Vector c) {
#if defined(__AVX512F__)
  return _mm512_fmadd_ps(_mm512_set1_ps(a), b, c);
#elif defined(__FMA__)
  return _mm256_fmadd_ps(_mm256_set1_ps(a), b, c);
#elif defined(__FP_FAST_FMAF) || defined(__aarch64__)
  for (std::size_t i = 0; i < register_floats; ++i) c[i] = __builtin_fmaf(a, b[i], c[i]);
  return c;
#else
  // The product is exact in double precision. So is the error of the sum (Knuth's two-sum), which rounds the sum to odd
  // where it is not exact: from there the second rounding, to single precision, goes where one alone would have gone
  // (Boldo & Melquiond, IEEE Trans. Comput. 2008).
  // Two lanes at a time: registers have no room for four.
  typedef float Pair __attribute__((vector_size(8)));
  typedef double Wide __attribute__((vector_size(16)));
  typedef std::int64_t Bits __attribute__((vector_size(16)));
  const Wide factor = {a, a};
  const auto add = [&](Pair x, Pair y) RHEO_INLINE_LAMBDA -> Pair {
    const Wide product = factor * __builtin_convertvector(x, Wide), before = __builtin_convertvector(y, Wide);
    const Wide sum = product + before, back = sum - product;
    const Wide error = (product - (sum - back)) + (before - back);
    const Bits above = error > 0;
    const Bits below = error < 0;
    const Bits positive = sum > 0;
    const Bits bits = reinterpret_cast<Bits>(sum), even = (bits & 1) - 1;
    const Bits away = above ^ ~positive;  // the exact sum is farther from 0 than the rounded one
    const Bits odd = bits + (((away & 2) - 1) & (above | below) & even);
    return __builtin_convertvector(reinterpret_cast<Wide>(odd), Pair);
  };
  const Pair low = add(__builtin_shufflevector(b, b, 0, 1), __builtin_shufflevector(c, c, 0, 1));
  const Pair high = add(__builtin_shufflevector(b, b, 2, 3), __builtin_shufflevector(c, c, 2, 3));
  return __builtin_shufflevector(low, high, 0, 1, 2, 3);
#endif
}

void tile(std::size_t k, const float* a, const float* b, float scale, bool add, float* to, std::size_t to_step,
          std::size_t rows, std::size_t columns) {
  Vector sum[rows_at_once][2] = {};
  for (std::size_t step = 0; step < k; ++step) {
    const Vector b0 = load(b), b1 = load(b + register_floats);
#pragma GCC unroll 8
    for (std::size_t i = 0; i < rows_at_once; ++i) {
      sum[i][0] = fused(a[i], b0, sum[i][0]);
      sum[i][1] = fused(a[i], b1, sum[i][1]);
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

// Four by four, so that rows become columns in registers.
RHEO_INLINE void pack_four(const float* from, std::size_t row_step, std::size_t k, std::size_t width, float* to) {
  typedef float Four __attribute__((vector_size(16)));
  typedef float UnalignedFour __attribute__((vector_size(16), aligned(4), may_alias));
  std::size_t at = 0;
  for (; at + 4 <= k; at += 4) {
    Four row[4];
#pragma GCC unroll 4
    for (std::size_t i = 0; i < 4; ++i) row[i] = *reinterpret_cast<const UnalignedFour*>(from + i * row_step + at);
    const Four a = __builtin_shufflevector(row[0], row[1], 0, 4, 1, 5),
               b = __builtin_shufflevector(row[0], row[1], 2, 6, 3, 7);
    const Four c = __builtin_shufflevector(row[2], row[3], 0, 4, 1, 5),
               d = __builtin_shufflevector(row[2], row[3], 2, 6, 3, 7);
    const Four turned[4] = {__builtin_shufflevector(a, c, 0, 1, 4, 5), __builtin_shufflevector(a, c, 2, 3, 6, 7),
                            __builtin_shufflevector(b, d, 0, 1, 4, 5), __builtin_shufflevector(b, d, 2, 3, 6, 7)};
#pragma GCC unroll 4
    for (std::size_t i = 0; i < 4; ++i) *reinterpret_cast<UnalignedFour*>(to + (at + i) * width) = turned[i];
  }
  for (; at < k; ++at)
    for (std::size_t i = 0; i < 4; ++i) to[at * width + i] = from[i * row_step + at];
}

void pack(const float* from, std::size_t row_step, std::size_t k, float* to) {
  static_assert(rows_at_once % 4 == 0);
  for (std::size_t i = 0; i < rows_at_once; i += 4) pack_four(from + i * row_step, row_step, k, rows_at_once, to + i);
}

// R rows, W registers of columns.
template <std::size_t R, std::size_t W>
RHEO_INLINE void add_group(const GroupArgs& args, const float* on, const float* b, float* to) {
  Vector sum[R][W] = {};
  for (std::size_t e = 0; e < args.entries; ++e) {
    const float* const from = b + args.which[e] * args.b_step;
    Vector x[W];
#pragma GCC unroll 8
    for (std::size_t v = 0; v < W; ++v) x[v] = load(from + v * register_floats);
#pragma GCC unroll 8
    for (std::size_t i = 0; i < R; ++i)
#pragma GCC unroll 8
      for (std::size_t v = 0; v < W; ++v) sum[i][v] = fused(on[i * args.on_step + e], x[v], sum[i][v]);
  }
#pragma GCC unroll 8
  for (std::size_t i = 0; i < R; ++i)
#pragma GCC unroll 8
    for (std::size_t v = 0; v < W; ++v) store(to + i * args.to_step + v * register_floats, sum[i][v]);
}

template <std::size_t R>
void add_columns(const GroupArgs& args, std::size_t first) {
  constexpr std::size_t wide = register_floats == 16 ? 4 : 2;  // 24 of 32 registers hold sums, or 12 of 16
  const float *on = args.on + first * args.on_step, *b = args.b;
  float* to = args.to + first * args.to_step;
  std::size_t j = 0;
  for (; j + wide * register_floats <= args.columns; j += wide * register_floats)
    add_group<R, wide>(args, on, b + j, to + j);
  for (; j < args.columns; j += register_floats) add_group<R, 1>(args, on, b + j, to + j);
}

template <std::size_t... R>
void add_rows(const GroupArgs& args, std::size_t first, std::size_t rows, std::index_sequence<R...>) {
  ((rows == R + 1 ? add_columns<R + 1>(args, first) : void()), ...);
}

void group(const GroupArgs& args) {
  for (std::size_t first = 0; first < args.rows; first += group_rows_at_once)
    add_rows(args, first, std::min(group_rows_at_once, args.rows - first),
             std::make_index_sequence<group_rows_at_once>());
}

}  // namespace

extern const ProductKernels RHEO_PRODUCT_NAME(RHEO_ISA);
const ProductKernels RHEO_PRODUCT_NAME(RHEO_ISA){rows_at_once, columns_at_once, register_floats, &tile, &pack, &group};

}  // namespace rheo
