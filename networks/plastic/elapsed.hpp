// Times of events, and what decay leaves of something between two of them, as rules' loops know both
// (plasticity/rule_abi.h).
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <vector>

#include "core/math.hpp"
#include "core/types.hpp"

namespace rheo {

constexpr Tick never_spiked = -1;  // instead of the tick of a neuron's spike
constexpr Tick long_ago = 1 << 30;

// Counted from an epoch, in 32 bits.
inline std::int32_t relative(Tick tick, Tick epoch) {
  return static_cast<std::int32_t>(tick == never_spiked ? -long_ago : std::clamp(tick - epoch, -long_ago, long_ago));
}

// Decay over k 16^d ticks at [d][k].
template <class Real>
using DecayTable = std::array<std::array<Real, 16>, 8>;

// Which traces or columns of a rule decay, and how.
template <class Real>
class Decays {
 public:
  void add(double tau, double dt) {
    auto table = std::make_unique<DecayTable<Real>>();
    double ticks = 1;
    for (auto& digits : *table) {
      for (std::size_t k = 0; k < digits.size(); ++k)
        digits[k] = static_cast<Real>(math::exp(-static_cast<double>(k) * ticks * dt / tau));
      ticks *= 16;
    }
    at_.push_back(table.get());
    tables_.push_back(std::move(table));
  }
  void add_constant() {
    at_.push_back(nullptr);
    tables_.emplace_back();
  }

  bool decays(std::size_t k) const { return at_[k] != nullptr; }
  // What is left of 1 after `elapsed` ticks, where it decays.
  Real left(std::size_t k, Tick elapsed) const {
    const auto& digits = *static_cast<const DecayTable<Real>*>(at_[k]);
    const auto ticks = static_cast<std::uint32_t>(std::min<Tick>(elapsed, std::numeric_limits<std::int32_t>::max()));
    Real left = digits[0][ticks & 15] * digits[1][ticks >> 4 & 15] * digits[2][ticks >> 8 & 15];
    if (ticks > 4095)
      for (std::uint32_t d = 3; d < 8; ++d) left *= digits[d][ticks >> (4 * d) & 15];
    return left;
  }
  // [trace or column] its table, or null.
  const void* const* data() const { return at_.data(); }

 private:
  std::vector<std::unique_ptr<const DecayTable<Real>>> tables_;
  std::vector<const void*> at_;
};

}  // namespace rheo
