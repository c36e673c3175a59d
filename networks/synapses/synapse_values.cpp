#include "networks/synapses/synapse_values.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

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
  if (const auto* const number = std::get_if<double>(&value_)) {
    drawn_.resize(synapses, *number);
    drawn_range_ = {*number, *number};
    return;
  }
  drawn_.resize(synapses);
  if (const auto* list = std::get_if<std::vector<double>>(&value_))
    for (std::size_t k = 0; k < synapses; ++k) drawn_[k] = (*list)[edges[k]];
  else if (const auto* distribution = std::get_if<Distribution>(&value_))
    draw_all(*distribution, key_, target, drawn_);
  else
    numbers_of(std::get<PairValue>(value_), pairs_, target, sources, drawn_);
  drawn_range_ = range_of(drawn_);
}

void Draws::round(double step) {
  const double steps = 1 / step;
  if (!(drawn_range_.low * steps > -most_steps - 0.5 && drawn_range_.high * steps < most_steps + 0.5))
    reject(what_, fmt::format("from {} to {}", drawn_range_.low, drawn_range_.high),
           "drawn, which is beyond what 16 bits hold", "no weight_bits");
  for (double& x : drawn_) x = std::round(x * steps) * step;
  drawn_range_ = {std::round(drawn_range_.low * steps) * step, std::round(drawn_range_.high * steps) * step};
}

void Draws::reject_stray(std::uint32_t target, const std::vector<std::uint32_t>& sources) const {
  const auto k = static_cast<std::size_t>(std::ranges::find_if(drawn_, [&](double x) { return !holds(allowed_, x); }) -
                                          drawn_.begin());
  reject(what_, fmt::format("{}", drawn_[k]),
         fmt::format("drawn for the synapse from source {} to target {}, out of range", sources[k], target),
         range_text(allowed_, drawn_[k]) + ", by min and max of the distribution");
}

Range range_of(std::span<const double> numbers) {
  constexpr std::size_t at_once = 8;  // chains of comparisons, which would wait for each other
  double low[at_once], high[at_once];
  std::fill_n(low, at_once, numbers[0]);
  std::fill_n(high, at_once, numbers[0]);
  std::size_t k = 0;
  for (; k + at_once <= numbers.size(); k += at_once)
    for (std::size_t j = 0; j < at_once; ++j) {
      const double x = numbers[k + j];
      low[j] = x < low[j] ? x : low[j];
      high[j] = x > high[j] ? x : high[j];
    }
  for (; k < numbers.size(); ++k) {
    low[0] = std::min(low[0], numbers[k]);
    high[0] = std::max(high[0], numbers[k]);
  }
  return {*std::min_element(low, low + at_once), *std::max_element(high, high + at_once)};
}

SynapseValues::SynapseValues(const ProjectionPlan& plan)
    : weights_(plan, plan.spec->weight, "weight", any_value),
      delays_(plan, plan.spec->delay, "delay", non_negative),
      pairs_(plan.pairs),
      velocity_(plan.spec->velocity),
      weight_step_(plan.weight_step()),
      tick_(TickLength::of(plan.dt)),
      one_delay_(plan.has_one_delay()) {}

void SynapseValues::draw(std::uint32_t target, const std::vector<std::uint32_t>& sources,
                         const std::vector<std::uint32_t>& edges) {
  weights_.prepare(target, sources, edges);
  weights_.check(target, sources);
  if (weight_step_ > 0) weights_.round(weight_step_);
  delays_.prepare(target, sources, edges);
  delays_.check(target, sources);
  std::span<const double> delays = delays_.drawn();
  if (one_delay_) {
    shortest_ = longest_ = ticks(delays[0]);
    ticks_.resize(delays.size(), shortest_);
    return;
  }
  Range range = delays_.drawn_range();
  if (velocity_ > 0) {
    ms_.resize(delays.size());
    for (std::size_t k = 0; k < delays.size(); ++k)
      ms_[k] = delays[k] + pairs_.distance(sources[k], target) / velocity_;
    delays = ms_;
    range = range_of(delays);
  }
  // Rounding keeps the order.
  const Tick shortest = tick_.nearest(range.low), longest_here = tick_.nearest(range.high);
  if (shortest < 1 || longest_here > longest) reject_delays(delays, target, sources);
  shortest_ = static_cast<std::uint32_t>(shortest);
  longest_ = static_cast<std::uint32_t>(longest_here);
  ticks_.resize(delays.size());
  // As TickLength::nearest, of what is positive and not large.
  const auto round = [&](const auto& ticks_of) {
    for (std::size_t k = 0; k < delays.size(); ++k) {
      const double ticks = ticks_of(delays[k]);
      const auto whole = static_cast<std::int32_t>(ticks);
      ticks_[k] = static_cast<std::uint32_t>(whole + (ticks - whole >= 0.5 ? 1 : 0));
    }
  };
  if (tick_.numerator == 1)
    round([factor = tick_.denominator](double ms) { return ms * factor; });
  else
    round([&](double ms) { return ms * tick_.denominator / tick_.numerator; });
}

void SynapseValues::reject_delays(std::span<const double> delays, std::uint32_t target,
                                  const std::vector<std::uint32_t>& sources) const {
  for (std::size_t k = 0;; ++k)
    if (const Tick whole = tick_.nearest(delays[k]); whole < 1 || whole > longest)
      reject_delay(delays[k], whole,
                   ", from source " + std::to_string(sources[k]) + " to target " + std::to_string(target));
}

void SynapseValues::reject_delay(double delay, Tick whole, const std::string& where) const {
  reject("delay", fmt::format("{}", delay),
         (whole < 1 ? "rounds to less than one tick" : fmt::format("is longer than {} ticks", longest)) + where,
         fmt::format("from {} to {} (ms)", tick_.ms(1), tick_.ms(longest)));
}

}  // namespace rheo
