#include "apps/session/schedule.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "apps/session/experiment.hpp"
#include "apps/session/summary.hpp"
#include "core/time.hpp"
#include "io/experiment/changes.hpp"
#include "networks/description/selections.hpp"

namespace rheo {

Schedule::Schedule(Network& network, Experiment& experiment) : network_(network), experiment_(experiment) {
  if (!experiment.changes.empty()) {
    Experiment later = experiment;
    for (const Change& change : experiment.changes) rheo::change(later, network, change, true);
  }
  const PopulationIndex index(experiment.network.populations);
  const std::vector<PopulationInfo>& populations = network.simulation().populations();
  for (const StopCondition& condition : experiment.stops) {
    Look& look = looks_.emplace_back();
    look.since = experiment.begin;
    for (const Selection& selection : condition.rate) {
      const auto [population, range] = index.resolve(selection);
      const NeuronId first = populations[population].first;
      look.parts.push_back({first + static_cast<NeuronId>(range.begin), first + static_cast<NeuronId>(range.end),
                            static_cast<NeuronId>(range.step)});
    }
    look.neurons = index.count(condition.rate);
  }
  if (!looks_.empty()) network.simulation().add_sink(*this);
  skip_to(experiment.begin);
}

Schedule::~Schedule() {
  if (!looks_.empty()) network_.simulation().remove_sink(*this);
}

void Schedule::skip_to(Tick now) {
  if (next_change_ > 0 && experiment_.changes[next_change_ - 1].at >= now)
    throw StateError({.key = "time",
                      .value = fmt::format("{} ms", tick_to_ms(now, experiment_.network.dt)),
                      .problem = "is before a change of the experiment that is made",
                      .expected = "a simulation that is not beyond " +
                                  text_of(experiment_.changes[next_change_ - 1], experiment_.network.dt)});
  for (; next_change_ < experiment_.changes.size() && experiment_.changes[next_change_].at < now; ++next_change_)
    make(experiment_.changes[next_change_]);
  phase_.clear();
  for (next_phase_ = 0; next_phase_ < experiment_.phases.size() && experiment_.phases[next_phase_].begin < now;)
    phase_ = experiment_.phases[next_phase_++].name;
  for (Look& look : looks_) {
    look.spikes = 0;
    look.since = now;
  }
}

// A copy, because the experiment that holds the changes is replaced.
void Schedule::make(Change change) {
  rheo::change(experiment_, network_, change);
  changes_.push_back(text_of(change, experiment_.network.dt));
}

void Schedule::change(Change change) {
  change.at = network_.simulation().now();
  make(std::move(change));
}

void Schedule::begin(Tick now) {
  for (; next_phase_ < experiment_.phases.size() && experiment_.phases[next_phase_].begin == now; ++next_phase_) {
    begin_phase(network_, experiment_, experiment_.phases[next_phase_]);
    phase_ = experiment_.phases[next_phase_].name;
  }
  for (; next_change_ < experiment_.changes.size() && experiment_.changes[next_change_].at == now; ++next_change_)
    make(experiment_.changes[next_change_]);
}

Tick Schedule::next(Tick now) const {
  Tick next = never;
  const auto& phases = experiment_.phases;
  const auto& changes = experiment_.changes;
  if (next_phase_ < phases.size()) next = std::min(next, phases[next_phase_].begin);
  if (next_change_ < changes.size()) next = std::min(next, changes[next_change_].at);
  for (const StopCondition& condition : experiment_.stops)
    next = std::min(next, (now / condition.every + 1) * condition.every);
  return next;
}

std::string Schedule::beyond(const StopCondition& condition, double value) const {
  const std::string what =
      condition.signal.empty() ? selections_text(condition.rate) + " spikes at" : condition.signal + " is";
  const char* const unit = condition.signal.empty() ? " Hz" : "";
  if (value > condition.above) return fmt::format("{} {:.6g}{}, more than {}", what, value, unit, condition.above);
  if (value < condition.below) return fmt::format("{} {:.6g}{}, less than {}", what, value, unit, condition.below);
  return {};
}

std::string Schedule::ended(Tick now) {
  std::string why;
  for (std::size_t k = 0; k < looks_.size(); ++k) {
    const StopCondition& condition = experiment_.stops[k];
    Look& look = looks_[k];
    if (now % condition.every != 0 || now <= look.since) continue;
    const bool counts = now >= condition.start && now - look.since == condition.every;
    if (counts && why.empty()) {
      const double seconds = tick_to_ms(condition.every, experiment_.network.dt) / 1000;
      std::vector<double> values{static_cast<double>(look.spikes) / static_cast<double>(look.neurons) / seconds};
      if (!condition.signal.empty()) values = network_.signal(condition.signal);
      for (const double value : values)
        if (why.empty()) why = beyond(condition, value);
      if (!why.empty()) why = fmt::format("stop[{}]: {}", k, why);
    }
    look.spikes = 0;
    look.since = now;
  }
  return why;
}

void Schedule::take(const SpikeBatch& batch) {
  for (Look& look : looks_)
    for (const Look::Part& part : look.parts)
      for (std::size_t k = 0; k < batch.ticks(); ++k) {
        const auto spikes = batch.at(k);
        for (auto spike = std::ranges::lower_bound(spikes, part.first); spike != spikes.end() && *spike < part.end;
             ++spike)
          look.spikes += (*spike - part.first) % part.step == 0;
      }
}

void Schedule::save(ByteWriter& to) const {
  for (const Look& look : looks_) {
    to.put("stop.spikes", look.spikes);
    to.put("stop.since", look.since);
  }
}

void Schedule::load(ByteReader& from) {
  for (Look& look : looks_) {
    look.spikes = from.get<std::uint64_t>("stop.spikes");
    look.since = from.get<Tick>("stop.since");
  }
}

}  // namespace rheo
