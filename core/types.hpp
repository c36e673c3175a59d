// The few words that every floor uses: time in ticks, global neuron numbers, the precision of state and sums.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>

namespace rheo {

// Time is a whole number of ticks of dt since the start; tick k is the time k*dt. The state at tick 0 is the initial
// state; the first tick that is computed is tick 1 and covers the interval (0, dt].
using Tick = std::int64_t;

// Global index of a neuron: populations in the order of their declaration, neurons in the order of their index.
using NeuronId = std::uint32_t;

inline constexpr Tick never = std::numeric_limits<Tick>::max();

// Type of states, weights and of every sum of inputs in one simulation.
enum class Precision : std::uint8_t { single_, double_ };

inline constexpr std::size_t bytes_of(Precision p) {
  return p == Precision::single_ ? 4 : 8;
}

}  // namespace rheo
