// The loops of networks/delivery/dense.hpp, compiled once per instruction set. Everything is inlined or in a namespace
// of its own.
#include <cstdint>
#include <type_traits>
#if defined(__AVX512F__)
#include <immintrin.h>
#endif

#include "core/inline.hpp"
#include "networks/delivery/dense.hpp"

#define RHEO_DENSE_NAME_(type, isa) dense_##type##_##isa
#define RHEO_DENSE_NAME(type, isa) RHEO_DENSE_NAME_(type, isa)

namespace rheo {
namespace {

// 16 neighbouring sums.
template <class Real>
struct Sixteen {
#if defined(__AVX512F__)
  static constexpr std::size_t lanes = 64 / sizeof(Real);
#elif defined(__AVX2__)
  static constexpr std::size_t lanes = 32 / sizeof(Real);
#else
  static constexpr std::size_t lanes = 16 / sizeof(Real);
#endif
  static constexpr std::size_t parts = 16 / lanes;
  typedef Real Vector __attribute__((vector_size(lanes * sizeof(Real))));
  typedef Real Stored __attribute__((vector_size(lanes * sizeof(Real)), aligned(sizeof(Real)), may_alias));
  using Int = std::conditional_t<sizeof(Real) == 8, std::int64_t, std::int32_t>;
  typedef Int Bits __attribute__((vector_size(lanes * sizeof(Real))));

  Vector part[parts];

  RHEO_INLINE void load(const Real* from) {
    for (std::size_t p = 0; p < parts; ++p) part[p] = reinterpret_cast<const Stored*>(from)[p];
  }
  RHEO_INLINE void store(Real* to) const {
    for (std::size_t p = 0; p < parts; ++p) reinterpret_cast<Stored*>(to)[p] = part[p];
  }
  RHEO_INLINE void add(const Real* weights) {
    for (std::size_t p = 0; p < parts; ++p) part[p] += reinterpret_cast<const Stored*>(weights)[p];
  }
  // Sums whose bit is 0 get -0.0, which changes none.
  RHEO_INLINE void add_where(std::uint16_t bits, Real weight) {
#if defined(__AVX512F__)
    if constexpr (sizeof(Real) == 4) {
      part[0] = reinterpret_cast<Vector>(_mm512_mask_add_ps(reinterpret_cast<__m512>(part[0]), bits,
                                                            reinterpret_cast<__m512>(part[0]),
                                                            _mm512_set1_ps(static_cast<float>(weight))));
    } else {
      const __m512d common = _mm512_set1_pd(weight);
      for (std::size_t p = 0; p < parts; ++p)
        part[p] = reinterpret_cast<Vector>(_mm512_mask_add_pd(reinterpret_cast<__m512d>(part[p]),
                                                              static_cast<std::uint8_t>(bits >> 8 * p),
                                                              reinterpret_cast<__m512d>(part[p]), common));
    }
#else
    const Vector common = weight - Vector{}, none = -Vector{};
    const Bits to_common = reinterpret_cast<Bits>(common) ^ reinterpret_cast<Bits>(none);
    Bits place{};
    for (std::size_t k = 0; k < lanes; ++k) place[k] = Int{1} << k;
    for (std::size_t p = 0; p < parts; ++p) {
      const Bits set = ((static_cast<Int>(bits >> p * lanes) & place) == place);
      part[p] += reinterpret_cast<Vector>(reinterpret_cast<Bits>(none) ^ (set & to_common));
    }
#endif
  }
};

// Calls add(sixteen, row, first sum) for each row and each 16 sums; `at_once` rows while the sums are in registers.
template <class Real, std::size_t at_once, class Row, class Add>
RHEO_INLINE void over_sums(Real* sums, const Row* const* rows, std::size_t width, const Add& add) {
  const Row* row[at_once];  // in registers, as the sums might be where `rows` is
  for (std::size_t k = 0; k < at_once; ++k) row[k] = rows[k];
#pragma GCC unroll 4
  for (std::size_t i = 0; i < width; i += 16) {
    Sixteen<Real> sixteen;
    sixteen.load(sums + i);
    for (std::size_t k = 0; k < at_once; ++k) add(sixteen, row[k], i);
    sixteen.store(sums + i);
  }
}
template <class Real, class Row, class Add>
RHEO_INLINE void add_rows(Real* sums, const Row* const* rows, std::size_t n, std::size_t width, const Add& add) {
  for (; n >= dense_rows_at_once; n -= dense_rows_at_once, rows += dense_rows_at_once)
    over_sums<Real, dense_rows_at_once>(sums, rows, width, add);
  if (n == 3) over_sums<Real, 3>(sums, rows, width, add);
  if (n == 2) over_sums<Real, 2>(sums, rows, width, add);
  if (n == 1) over_sums<Real, 1>(sums, rows, width, add);
}

template <class Real>
void add_weights(Real* sums, const Real* const* rows, std::size_t n, std::size_t width) {
  add_rows(sums, rows, n, width,
           [](Sixteen<Real>& sixteen, const Real* row, std::size_t i) RHEO_INLINE_LAMBDA { sixteen.add(row + i); });
}

template <class Real>
void add_bits(Real* sums, const std::uint16_t* const* rows, std::size_t n, std::size_t width, Real weight) {
  add_rows(sums, rows, n, width,
           [weight](Sixteen<Real>& sixteen, const std::uint16_t* row, std::size_t i)
               RHEO_INLINE_LAMBDA { sixteen.add_where(row[i / 16], weight); });
}

}  // namespace

extern const DenseKernels<float> RHEO_DENSE_NAME(floats, RHEO_ISA);
const DenseKernels<float> RHEO_DENSE_NAME(floats, RHEO_ISA){&add_weights<float>, &add_bits<float>};
extern const DenseKernels<double> RHEO_DENSE_NAME(doubles, RHEO_ISA);
const DenseKernels<double> RHEO_DENSE_NAME(doubles, RHEO_ISA){&add_weights<double>, &add_bits<double>};

}  // namespace rheo
