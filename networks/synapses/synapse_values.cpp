#include "networks/synapses/synapse_values.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "core/diagnostics.hpp"

namespace rheo {

Draws::Draws(const ProjectionPlan& plan, const Value& value, const char* what, const Range& allowed)
    : value_(value),
      pairs_(plan.pairs),
      what_(what),
      key_(random_key(plan.seed, plan.spec->name, what)),
      allowed_(allowed) {
  if (const auto* distribution = std::get_if<Distribution>(&value)) {
    const Range possible = reach(*distribution);
    may_stray_ = !(holds(allowed, possible.low) && holds(allowed, possible.high));
  }
}

void Draws::prepare(std::uint32_t target, const std::vector<std::uint32_t>& sources,
                    const std::vector<std::uint32_t>& edges) {
  const std::size_t synapses = sources.size();
  drawn_.resize(synapses);
  if (const auto* list = std::get_if<std::vector<double>>(&value_))
    for (std::size_t k = 0; k < synapses; ++k) drawn_[k] = (*list)[edges[k]];
  else if (const auto* distribution = std::get_if<Distribution>(&value_))
    draw_all(*distribution, key_, target, drawn_);
  else if (const auto* by_pair = std::get_if<PairValue>(&value_))
    numbers_of(*by_pair, pairs_, target, sources, drawn_);
  else
    std::fill(drawn_.begin(), drawn_.end(), std::get<double>(value_));
}

void Draws::check_each(std::uint32_t target, const std::vector<std::uint32_t>& sources) const {
  for (std::size_t k = 0; k < drawn_.size(); ++k)
    if (!holds(allowed_, drawn_[k]))
      reject(what_, fmt::format("{}", drawn_[k]),
             fmt::format("drawn for the synapse from source {} to target {}, out of range", sources[k], target),
             range_text(allowed_, drawn_[k]) + ", by min and max of the distribution");
}

SynapseValues::SynapseValues(const ProjectionPlan& plan)
    : weights_(plan, plan.spec->weight, "weight", any_value),
      delays_(plan, plan.spec->delay, "delay", non_negative),
      pairs_(plan.pairs),
      velocity_(plan.spec->velocity),
      tick_(TickLength::of(plan.dt)) {}

void SynapseValues::reject_delay(double delay, Tick whole, const std::string& where) const {
  reject("delay", fmt::format("{}", delay),
         (whole < 1 ? "rounds to less than one tick" : fmt::format("is longer than {} ticks", longest)) + where,
         fmt::format("from {} to {} (ms)", tick_.ms(1), tick_.ms(longest)));
}

}  // namespace rheo
