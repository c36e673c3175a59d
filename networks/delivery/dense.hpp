// Adding rows of synapses without addresses: a weight, or a bit, for each of neighbouring sums.
#pragma once

#include <cstddef>
#include <cstdint>

#include "core/isa.hpp"

namespace rheo {

// Compiled once per instruction set; all give the same bits. Every sum gets what the rows hold for it one after the
// other, in their order. sums: aligned to 64 bytes. width: a multiple of 16, so many sums.
template <class Real>
struct DenseKernels {
  // rows[k]: `width` weights.
  void (*add_weights)(Real* sums, const Real* const* rows, std::size_t n, std::size_t width);
  // rows[k]: `width` bits, lowest first; `weight` for each that is set.
  void (*add_bits)(Real* sums, const std::uint16_t* const* rows, std::size_t n, std::size_t width, Real weight);
};

const DenseKernels<float>& dense_kernels(Isa isa, float);
const DenseKernels<double>& dense_kernels(Isa isa, double);

// How many rows are best given at once.
inline constexpr std::size_t dense_rows_at_once = 4;

}  // namespace rheo
