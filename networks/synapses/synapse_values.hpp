// Weights and delays of synapses, drawn target by target.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "core/description.hpp"
#include "core/random.hpp"
#include "core/time.hpp"
#include "networks/description/values.hpp"
#include "networks/synapses/projection_plan.hpp"

namespace rheo {

// From the least to the largest of some numbers, of which there is at least one.
Range range_of(std::span<const double> numbers);

// Weights or delays of one target's synapses, drawn in canonical order. Constants and lists were checked with the
// description; of distributions only those that can leave the range at all are checked synapse by synapse.
class Draws {
 public:
  // what: "weight" or "delay".
  Draws(const ProjectionPlan& plan, const Value& value, const char* what, const Range& allowed);

  // edges: as from the connector.
  void prepare(std::uint32_t target, const std::vector<std::uint32_t>& sources,
               const std::vector<std::uint32_t>& edges);
  // Refuses a draw that a constant could not be.
  void check(std::uint32_t target, const std::vector<std::uint32_t>& sources) const {
    if (may_stray_ && !(holds(allowed_, drawn_range_.low) && holds(allowed_, drawn_range_.high)))
      reject_stray(target, sources);
  }
  // Puts the nearest multiples of a power of two in their place (halves away from zero).
  void round(double step);
  std::span<const double> drawn() const { return drawn_; }
  Range drawn_range() const { return drawn_range_; }

 private:
  void reject_stray(std::uint32_t target, const std::vector<std::uint32_t>& sources) const;

  const Value& value_;
  const Pairs& pairs_;
  const char* what_;
  RandomKey key_;
  Range allowed_;
  bool may_stray_ = false;
  std::vector<double> drawn_;
  Range drawn_range_{0, 0};
};

// Delays in ticks and weights of one target's synapses.
class SynapseValues {
 public:
  static constexpr Tick longest = 10'000'000;  // delay

  explicit SynapseValues(const ProjectionPlan& plan);

  // Draws those of the synapses of `target`, in canonical order. sources, edges: as from the connector.
  void draw(std::uint32_t target, const std::vector<std::uint32_t>& sources, const std::vector<std::uint32_t>& edges);
  // What was drawn last.
  std::span<const double> weights() const { return weights_.drawn(); }
  Range weight_range() const { return weights_.drawn_range(); }
  std::span<const std::uint32_t> delays() const { return ticks_; }
  std::uint32_t shortest_delay() const { return shortest_; }
  std::uint32_t longest_delay() const { return longest_; }

  // Of all synapses that share one.
  std::uint32_t ticks(double delay) const {
    const Tick whole = tick_.nearest(delay);
    if (whole < 1 || whole > longest) reject_delay(delay, whole, {});
    return static_cast<std::uint32_t>(whole);
  }

 private:
  [[noreturn]] void reject_delays(std::span<const double> delays, std::uint32_t target,
                                  const std::vector<std::uint32_t>& sources) const;
  [[noreturn]] void reject_delay(double delay, Tick whole, const std::string& where) const;

  Draws weights_, delays_;
  const Pairs& pairs_;
  double velocity_, weight_step_;
  TickLength tick_;
  bool one_delay_;
  std::vector<double> ms_;  // delays with the time that spikes take from place to place
  std::vector<std::uint32_t> ticks_;
  std::uint32_t shortest_ = 0, longest_ = 0;
};

}  // namespace rheo
