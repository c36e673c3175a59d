// The hot loops of neurons and inputs, compiled once per instruction set (kernels.cpp) and reached through a table.
// One indirect call per block of neurons and tick, never per neuron.
#pragma once

#include <array>
#include <cstdint>

#include "core/isa.hpp"
#include "core/types.hpp"
#include "neurons/models/table.hpp"

// For the files that are compiled once per instruction set.
#define RHEO_KERNELS_NAME_(what, isa) what##_##isa
#define RHEO_KERNELS_NAME(what, isa) RHEO_KERNELS_NAME_(what, isa)
#if defined(__clang__)
#define RHEO_INDEPENDENT_ITERATIONS _Pragma("clang loop vectorize(assume_safety)")
#else
#define RHEO_INDEPENDENT_ITERATIONS _Pragma("GCC ivdep")
#endif

namespace rheo {

// One Poisson distribution (PoissonTable) as the kernel reads it.
struct PoissonTableView {
  const std::uint64_t* thresholds = nullptr;
  std::size_t n_thresholds = 0;
  const std::uint16_t* high = nullptr;  // their upper 16 bits, ascending; of those that are 65535 only one
  std::size_t n_high = 0;
  std::uint32_t base = 0;  // draw = base + number of thresholds <= u
};

// Adds weight * Poisson count to the rows of neurons [begin, end). The counts are those of PoissonTable::draw. The
// upper 16 bits of neuron i's draw are bits 16 (j mod 4) to 16 (j mod 4) + 15 of a 64-bit half of Philox block (16
// (i/128) + (j mod 64)/4, 0, tick), j = i mod 128; the half is the words (0, 1) for j < 64 and (2, 3) above, lower word
// first. The lower 32 bits, hardly ever needed, are word 0 of block (i, 1, tick). Where not all spikes are kept, the
// k-th of neuron i is if word k mod 4 of block (i, 2 + k/4, tick) is below `keep`.
struct PoissonArgs {
  static constexpr std::uint64_t keep_all = std::uint64_t{1} << 32;
  std::uint32_t key_lo, key_hi;
  std::uint64_t tick;
  std::uint32_t begin, end;       // neurons as the input counts them
  const PoissonTableView* table;  // one, or one per neuron from `begin` on
  bool table_per_neuron;
  std::uint64_t keep;  // 2^32 times the probability that a spike is kept
  const void* weight;  // one Real, or one per neuron from `begin` on
  bool weight_per_neuron;
  void* row;  // [end - begin] Real, the first for neuron `begin`
};
using PoissonAdd = void (*)(const PoissonArgs&);

// Adds mean + deviation * z to the rows of neurons [begin, end). z is the normal quantile of (x + 1/2) 2^-32, computed
// in the precision of the row: core/normal.hpp's of a word, or normal_quantile. x, the bits of neuron i, is word (i mod
// 2) of Philox block (32 (i/128) + (j mod 64)/2, 0, interval) for j < 64 and word 2 + (i mod 2) above, j = i mod 128.
struct NoiseArgs {
  std::uint32_t key_lo, key_hi;
  std::uint64_t interval;
  std::uint32_t begin, end;      // neurons as the input counts them
  const void *mean, *deviation;  // one Real, or one per neuron from `begin` on
  bool mean_per_neuron, deviation_per_neuron;
  void* row;  // Real: the first for neuron `begin`, the next `step` further on
  std::size_t step;
};
using NoiseAdd = void (*)(const NoiseArgs&);

// to[k] = the (first + k)-th normal() of RandomStream(key, index), k < n.
using NormalStream = void (*)(std::uint32_t key_lo, std::uint32_t key_hi, std::uint32_t index, std::uint32_t first,
                              std::uint32_t n, double* to);

using AdvanceTable = std::array<const AdvanceLoops*, 2>;  // [precision] of all models, as built_in_models()

struct Kernels {
  const AdvanceTable& advance;
  std::array<PoissonAdd, 2> poisson;  // [precision]
  std::array<NoiseAdd, 2> noise;      // [precision]
  NormalStream normal_stream;
};

const Kernels& kernels(Isa isa);

}  // namespace rheo
