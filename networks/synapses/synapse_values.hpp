// Weights and delays of synapses, drawn target by target.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "core/description.hpp"
#include "core/random.hpp"
#include "core/time.hpp"
#include "networks/description/values.hpp"
#include "networks/synapses/projection_plan.hpp"

namespace rheo {

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
    if (may_stray_) check_each(target, sources);
  }
  double operator[](std::size_t k) const { return drawn_[k]; }

 private:
  void check_each(std::uint32_t target, const std::vector<std::uint32_t>& sources) const;

  const Value& value_;
  const Pairs& pairs_;
  const char* what_;
  RandomKey key_;
  Range allowed_;
  bool may_stray_ = false;
  std::vector<double> drawn_;
};

// Delays in ticks and weights of one target's synapses.
class SynapseValues {
 public:
  explicit SynapseValues(const ProjectionPlan& plan);

  // Calls use(k, weight, delay) for the synapses k of `target`. sources, edges: as from the connector.
  template <class Use>
  void for_each(std::uint32_t target, const std::vector<std::uint32_t>& sources,
                const std::vector<std::uint32_t>& edges, const Use& use) {
    weights_.prepare(target, sources, edges);
    delays_.prepare(target, sources, edges);
    weights_.check(target, sources);
    delays_.check(target, sources);
    for (std::size_t k = 0; k < sources.size(); ++k) {
      const double delay = velocity_ > 0 ? delays_[k] + pairs_.distance(sources[k], target) / velocity_ : delays_[k];
      const Tick whole = tick_.nearest(delay);
      if (whole < 1 || whole > longest)
        reject_delay(delay, whole,
                     ", from source " + std::to_string(sources[k]) + " to target " + std::to_string(target));
      use(k, weights_[k], static_cast<std::uint32_t>(whole));
    }
  }
  // Of all synapses that share one.
  std::uint32_t ticks(double delay) const {
    const Tick whole = tick_.nearest(delay);
    if (whole < 1 || whole > longest) reject_delay(delay, whole, {});
    return static_cast<std::uint32_t>(whole);
  }

 private:
  static constexpr Tick longest = 10'000'000;
  [[noreturn]] void reject_delay(double delay, Tick whole, const std::string& where) const;

  Draws weights_, delays_;
  const Pairs& pairs_;
  double velocity_;
  TickLength tick_;
};

}  // namespace rheo
