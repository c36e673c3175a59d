#include "networks/delivery/measured_costs.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <limits>
#include <utility>

#include "core/aligned.hpp"
#include "core/isa.hpp"
#include "networks/delivery/dense.hpp"
#include "neurons/kernels/kernels.hpp"
#include "neurons/models/models.hpp"

namespace rheo {

namespace {

constexpr std::size_t row_length = 512, sums = 4096;

// Keeps what is at an address from being optimised away.
void keep(const void* at) {
  asm volatile("" : : "r"(at) : "memory");
}

// Nanoseconds for each of `units`, in the fastest of some rounds: whatever else the machine does makes others slower.
template <class Body>
double nanoseconds(double units, const Body& body) {
  using Clock = std::chrono::steady_clock;
  double fastest = std::numeric_limits<double>::infinity();
  body();
  const auto begin = Clock::now();
  for (int round = 0; round < 3 || Clock::now() - begin < std::chrono::milliseconds(12); ++round) {
    const auto start = Clock::now();
    body();
    fastest = std::min(fastest, std::chrono::duration<double, std::nano>(Clock::now() - start).count() / units);
  }
  return fastest;
}

// Rows of 16-bit addresses in an order that no cache foresees, each fetched while the one before is added.
double of_addition(std::size_t bytes) {
  const std::size_t rows = std::max<std::size_t>(1, bytes / 2 / row_length);
  AlignedColumn<std::uint16_t> address(rows * row_length);
  AlignedColumn<float> input(sums);
  std::uint32_t state = 1;
  for (std::uint16_t& one : address) {
    state = state * 1664525u + 1013904223u;
    one = static_cast<std::uint16_t>(state >> 20);
  }
  const std::size_t visited = std::min<std::size_t>(rows, 8192), step = (rows / 2 + 1) | 1;
  std::size_t row = 0;
  return nanoseconds(static_cast<double>(visited * row_length), [&] {
    float* const to = input.data();
    for (std::size_t i = 0; i < visited; ++i) {
      const std::uint16_t* const from = address.data() + row * row_length;
      row = (row + step * (i % 7 + 1)) % rows;
      const std::uint16_t* const next = address.data() + row * row_length;
      for (std::size_t k = 0; k < row_length; k += 32) __builtin_prefetch(next + k);
      for (std::size_t k = 0; k < row_length; ++k) to[from[k]] += 0.5f;
    }
    keep(to);
  });
}

// Rows of synapses that lie anywhere in a ring of so many bytes, in the order of their addresses. The addresses are
// those of `rows` rows, each time from another place on: few that stay in a near cache, or many that pass through all.
double of_addition_to(std::size_t bytes, std::size_t rows) {
  constexpr std::size_t visited = 2048;
  const auto part = static_cast<std::uint32_t>(bytes / sizeof(float) / row_length);  // of the ring, for each synapse
  AlignedColumn<float> ring((row_length + 1) * std::size_t{part});
  AlignedColumn<std::uint32_t> address(rows * row_length);
  std::uint32_t state = 1;
  const auto place = [&] {
    state = state * 1664525u + 1013904223u;
    return static_cast<std::uint32_t>(std::uint64_t{state} * part >> 32);
  };
  for (std::size_t i = 0; i < address.size(); ++i)
    address[i] = static_cast<std::uint32_t>(i % row_length) * part + place();
  std::size_t row = 0;
  return nanoseconds(static_cast<double>(visited * row_length), [&] {
    for (std::size_t i = 0; i < visited; ++i) {
      float* const to = ring.data() + place();
      const std::uint32_t* const from = address.data() + row * row_length;
      row = (std::uint64_t{state} * 2654435761u >> 16) % rows;
      const std::uint32_t* const next = address.data() + row * row_length;
      for (std::size_t k = 0; k < row_length; k += 16) __builtin_prefetch(next + k);
      for (std::size_t k = 0; k < row_length; ++k) to[from[k]] += 0.5f;
    }
    keep(ring.data());
  });
}

double of_word() {
  constexpr std::size_t rows = 64;
  AlignedColumn<std::uint16_t> bits(rows * sums / 16);
  AlignedColumn<float> input(sums);
  std::fill(bits.begin(), bits.end(), std::uint16_t{0x1249});
  const DenseKernels<float>& kernels = dense_kernels(chosen_isa(), float{});
  return nanoseconds(rows * sums / 16, [&] {
    for (std::size_t r = 0; r < rows; r += dense_rows_at_once) {
      std::array<const std::uint16_t*, dense_rows_at_once> at;
      for (std::size_t k = 0; k < at.size(); ++k) at[k] = bits.data() + (r + k) * sums / 16;
      kernels.add_bits(input.data(), at.data(), at.size(), sums, 0.5f);
    }
    keep(input.data());
  });
}

double of_neuron(std::size_t count) {
  using Model = IafPscDelta<float>;
  AlignedColumn<float> V(count), refractory(count), input(count);
  AlignedColumn<std::uint8_t> fired(count);
  const auto step = Model::prepare({}, 0.1);
  const Advance advance = kernels(chosen_isa()).advance[0][0].uniform;
  return nanoseconds(static_cast<double>(count), [&] {
    std::array<void*, 2> state{V.data(), refractory.data()};
    std::array<const void*, 1> steps{&step};
    advance({state.data(), steps.data(), nullptr, 0, input.data(), count, fired.data(), count, nullptr});
    keep(V.data());
  });
}

double of_meeting(const Threads& threads) {
  constexpr int meetings = 200;
  double found = 0;
  threads.enter([&] {
    found = nanoseconds(meetings, [&] {
      for (int i = 0; i < meetings; ++i) threads.for_each(threads.count(), [](std::size_t) {});
    });
  });
  return found;
}

}  // namespace

DeliveryCosts measured_costs(const Threads& threads) {
  DeliveryCosts costs = DeliveryCosts::here();
  const auto near = static_cast<std::size_t>(costs.near_cache), last = static_cast<std::size_t>(costs.last_cache);
  constexpr double unknown = std::numeric_limits<double>::infinity();
  double addition = unknown, far_addition = unknown, word = unknown, neuron = unknown, meeting = unknown;
  // To sums in the first cache, the near one and beyond it; and in the last one and beyond it, while synapses pass
  // through that.
  const std::size_t few = 32, many = last / (row_length * sizeof(std::uint32_t));
  const std::array<std::pair<std::size_t, std::size_t>, 5> sizes{
      {{sums * sizeof(float), few}, {near / 2, few}, {last / 8, few}, {last / 8, many}, {last * 2, many}}};
  std::array<double, 5> addition_to;
  addition_to.fill(unknown);
  for (int pass = 0; pass < 3; ++pass) {
    addition = std::min(addition, of_addition(near / 4));
    far_addition = std::min(far_addition, of_addition(4 * last));
    for (std::size_t i = 0; i < sizes.size(); ++i)
      addition_to[i] = std::min(addition_to[i], of_addition_to(sizes[i].first, sizes[i].second));
    word = std::min(word, of_word());
    neuron = std::min(neuron, of_neuron(near / 32));
    if (threads.count() > 1) meeting = std::min(meeting, of_meeting(threads));
  }
  costs.addition = addition;
  // No cost is 0 where caches make no difference that can be measured.
  costs.near_sum = std::max(costs.near_sum / 20, addition_to[1] - addition_to[0]);
  costs.far_sum = std::max(costs.far_sum / 20, addition_to[2] - addition_to[1]);
  // Each beside what it took where the built-in costs were found: an AMD EPYC of 4 GHz with AVX-512, two processors.
  const auto scale = [](double measured, double there, std::initializer_list<double*> some) {
    const double factor = std::clamp(measured / there, 0.25, 4.0);
    for (double* const cost : some) *cost *= factor;
  };
  costs.word = DeliveryCosts{}.word;
  scale(addition, 0.26, {&costs.unsorted});
  // How much of the last cache there is for a ring changes from minute to minute where other machines share it. What
  // it takes beyond that does not.
  scale(addition_to[4] - addition_to[3], 4.4, {&costs.last_sum, &costs.wide_ring, &costs.far_ring});
  scale((far_addition - addition) / 2, 0.042, {&costs.near_byte, &costs.far_byte});
  scale(word, 0.252, {&costs.word});
  scale(neuron, 0.162, {&costs.neuron, &costs.far_neuron});
  if (threads.count() > 1) scale(meeting, 140, {&costs.meeting});
  return costs;
}

}  // namespace rheo
