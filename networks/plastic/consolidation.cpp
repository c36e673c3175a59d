// How rules change all synapses of a projection at the end of a tick.
#include "networks/plastic/bundle.hpp"

#include <algorithm>
#include <array>

namespace rheo {

template <class Real>
bool PlasticBundle<Real>::consolidates_at(const SynapseBundle& bundle, const SignalBoard& signals, Tick t) const {
  const PlasticPlan& plan = *bundle.plastic;
  if (!plan.rule->consolidates) return false;
  return plan.interval > 0 ? t % plan.interval == 0 : signals.next_nonzero(plan.signals.front(), t - 1, t) == t;
}

template <class Real>
void PlasticBundle<Real>::consolidate(SynapseBundle& bundle, SignalBoard& signals, Tick now, const Threads& threads) {
  backs_.clear();
  threads.for_each(lanes_.size(), [&](std::size_t l) { collect(bundle, signals, l, now); });
  if (const Rule& rule = *bundle.plastic->rule; rule.source_sums > 0 || rule.publishes) {
    const std::size_t rows = last_.size(), at_once = 32;
    backs_.assign(rule.source_sums, std::vector<Real>(rows));
    if (rule.source_sums > 0)
      threads.for_each((rows + at_once - 1) / at_once, [&](std::size_t chunk) {
        for (std::size_t row = chunk * at_once; row < std::min(rows, (chunk + 1) * at_once); ++row)
          reflect(bundle, signals, static_cast<std::uint32_t>(row), now);
      });
    publish(bundle, signals, now);
  }
  if (learns_) threads.for_each(lanes_.size(), [&](std::size_t l) { change(bundle, signals, l, now); });
}

template <class Real>
Real PlasticBundle<Real>::source_signal(const SynapseBundle& bundle, const SignalBoard& signals, std::size_t k,
                                        std::uint32_t row, Tick t) const {
  const PlasticPlan& plan = *bundle.plastic;
  const std::size_t which = plan.signals[k];
  return static_cast<Real>(which == PlasticPlan::not_given ? plan.rule->signals[k].initial : signals.at(which, t)[row]);
}

template <class Real>
void PlasticBundle<Real>::collect(SynapseBundle& bundle, const SignalBoard& signals, std::size_t index, Tick now) {
  Lane& lane = lanes_[index];
  if (lane.width == 0) return;
  const PlasticPlan& plan = *bundle.plastic;
  const std::uint32_t first_slot = plan.first_slot[index];
  const rheo_batch batch = batch_of(bundle, index, now);
  kernels_->targets_now(&batch, lane.now_at.data());
  for (std::size_t k = 0; k < plan.signals.size(); ++k) {
    const RuleSignal& signal = plan.rule->signals[k];
    std::vector<Real>& to = lane.signals[k];
    const std::size_t which = plan.signals[k];
    if (signal.scope == RuleSignal::Scope::per_source) continue;
    if (which == PlasticPlan::not_given) {
      std::fill(to.begin(), to.end(), static_cast<Real>(signal.initial));
    } else if (signal.scope == RuleSignal::Scope::per_target) {
      const std::span<const double> values = signals.at(which, now);
      for (const PlasticPlan::Range& range : plan.ranges[index])
        for (std::uint32_t i = 0; range.first + i * range.step < range.end; ++i)
          to[range.slot - first_slot + i * range.step] = static_cast<Real>(values[range.first_target + i]);
    } else {
      to.front() = static_cast<Real>(signals.one(which, now));
    }
  }
  if (lane.sums.empty()) return;
  std::array<void*, most_traces> sums;
  for (std::size_t k = 0; k < lane.sums.size(); ++k) {
    std::fill(lane.sums[k].begin(), lane.sums[k].end(), Real(0));
    sums[k] = lane.sums[k].data();
  }
  for_each_batch(bundle, signals, index, now, [&](rheo_batch& one) { kernels_->collect(&one, sums.data()); });
}

// One row, lane after lane: its targets ascend with the lanes, so that the sum does not depend on them.
template <class Real>
void PlasticBundle<Real>::reflect(SynapseBundle& bundle, const SignalBoard& signals, std::uint32_t row, Tick now) {
  std::array<void*, most_traces> backs;
  for (std::size_t k = 0; k < backs_.size(); ++k) backs[k] = &backs_[k][row];
  const PlasticPlan& plan = *bundle.plastic;
  std::array<Real, most_traces> pre, given;
  std::array<const void*, most_traces> pre_at, given_at, sums_at;
  std::vector<rheo_slice> slices;
  for (std::size_t l = 0; l < lanes_.size(); ++l) {
    Lane& lane = lanes_[l];
    if (lane.width == 0) continue;
    slices.clear();
    bundle.lanes[l].for_each_slice(row, [&](std::uint32_t delay, std::uint32_t begin, std::uint32_t count) {
      if (slices.empty())
        for (std::size_t k = 0; k < pre_.size(); ++k) pre[k] = trace_at(k, row, delay, now);
      slices.push_back({begin, count, 0, 0, 0});
    });
    if (slices.empty()) continue;
    rheo_batch batch = batch_of(bundle, l, now);
    batch.slices = slices.data();
    batch.slice_count = slices.size();
    batch.now_values = lane.now_read.data();
    for (std::size_t k = 0; k < pre_.size(); ++k) pre_at[k] = &pre[k];
    batch.pre_now = pre_at.data();
    for (std::size_t k = 0; k < plan.signals.size(); ++k) {
      const bool of_source = plan.rule->signals[k].scope == RuleSignal::Scope::per_source;
      if (of_source) given[k] = source_signal(bundle, signals, k, row, now);
      given_at[k] = of_source ? &given[k] : lane.signals[k].data();
    }
    batch.signals = given_at.data();
    for (std::size_t k = 0; k < lane.sums.size(); ++k) sums_at[k] = lane.sums[k].data();
    batch.collected = sums_at.data();
    kernels_->reflect(&batch, backs.data());
  }
}

template <class Real>
void PlasticBundle<Real>::publish(const SynapseBundle& bundle, SignalBoard& signals, Tick now) {
  const PlasticPlan& plan = *bundle.plastic;
  if (plan.published.empty()) return;
  const auto rows = static_cast<std::uint32_t>(last_.size());
  std::vector<std::vector<Real>> pre(pre_.size(), std::vector<Real>(rows)), given(plan.signals.size());
  for (std::size_t k = 0; k < pre.size(); ++k)
    for (std::uint32_t row = 0; row < rows; ++row) pre[k][row] = trace_at(k, row, bundle.one_delay, now);
  for (std::size_t k = 0; k < given.size(); ++k) {
    if (plan.rule->signals[k].scope != RuleSignal::Scope::per_source) continue;
    for (std::uint32_t row = 0; row < rows; ++row) given[k].push_back(source_signal(bundle, signals, k, row, now));
  }
  const auto pointers = [](const std::vector<std::vector<Real>>& columns) {
    std::vector<const void*> at;
    for (const std::vector<Real>& column : columns) at.push_back(column.data());
    return at;
  };
  std::vector<Real> values(rows);
  kernels_->publish(step_.data(), rows, pointers(pre).data(), pointers(given).data(), pointers(backs_).data(),
                    values.data());
  const std::vector<double> published(values.begin(), values.end());
  for (const std::size_t which : plan.published) signals.set(which, published, now);
}

template <class Real>
void PlasticBundle<Real>::change(SynapseBundle& bundle, const SignalBoard& signals, std::size_t index, Tick now) {
  if (lanes_[index].width == 0) return;
  for_each_batch(bundle, signals, index, now, [&](rheo_batch& batch) { kernels_->consolidate(&batch); });
}

template <class Real>
template <class Run>
void PlasticBundle<Real>::for_each_batch(SynapseBundle& bundle, const SignalBoard& signals, std::size_t index, Tick now,
                                         const Run& run) {
  constexpr std::size_t at_once = 256;
  Lane& lane = lanes_[index];
  const PlasticPlan& plan = *bundle.plastic;
  std::array<std::uint32_t, at_once> rows, delays;  // of the slices
  for (std::size_t k = 0; k < pre_.size(); ++k) lane.pre_now[k].resize(at_once);
  lane.backs.assign(backs_.size(), std::vector<Real>(at_once));
  // Rows are often short (a readout has a few neurons): what is of each row is filled in one loop for each quantity.
  const auto fill = [&](Real* to, const auto& value_of) {
    for (std::size_t i = 0; i < lane.slices.size(); ++i) to[i] = value_of(i);
  };
  const auto run_added = [&] {
    for (std::size_t k = 0; k < pre_.size(); ++k)
      fill(lane.pre_now[k].data(), [&](std::size_t i) { return trace_at(k, rows[i], delays[i], now); });
    for (std::size_t k = 0; k < plan.signals.size(); ++k) {
      if (plan.rule->signals[k].scope != RuleSignal::Scope::per_source) continue;
      lane.signals[k].resize(at_once);
      if (plan.signals[k] == PlasticPlan::not_given) {
        fill(lane.signals[k].data(), [x = static_cast<Real>(plan.rule->signals[k].initial)](std::size_t) { return x; });
      } else {
        const std::span<const double> values = signals.at(plan.signals[k], now);
        fill(lane.signals[k].data(), [&](std::size_t i) { return static_cast<Real>(values[rows[i]]); });
      }
    }
    for (std::size_t k = 0; k < backs_.size(); ++k)
      fill(lane.backs[k].data(), [&](std::size_t i) { return backs_[k][rows[i]]; });
    rheo_batch batch = batch_of(bundle, index, now);
    batch.slices = lane.slices.data();
    batch.slice_count = lane.slices.size();
    batch.now_values = lane.now_read.data();
    std::array<const void*, most_traces> pre, given, sums, backs;
    for (std::size_t k = 0; k < pre_.size(); ++k) pre[k] = lane.pre_now[k].data();
    for (std::size_t k = 0; k < plan.signals.size(); ++k) given[k] = lane.signals[k].data();
    for (std::size_t k = 0; k < lane.sums.size(); ++k) sums[k] = lane.sums[k].data();
    for (std::size_t k = 0; k < backs_.size(); ++k) backs[k] = lane.backs[k].data();
    batch.pre_now = pre.data();
    batch.signals = given.data();
    batch.collected = sums.data();
    if (!backs_.empty()) batch.reflected = backs.data();
    run(batch);
    lane.slices.clear();
  };
  bundle.lanes[index].for_each_slice(
      [&](std::uint32_t row, std::uint32_t delay, std::uint32_t begin, std::uint32_t count) {
        const auto number = static_cast<std::uint32_t>(lane.slices.size());
        lane.slices.push_back({begin, count, 0, 0, number});
        rows[number] = row;
        delays[number] = delay;
        if (lane.slices.size() == at_once) run_added();
      });
  run_added();
}

// The class is instantiated in plastic_bundle.cpp, without what is defined here.
template bool PlasticBundle<float>::consolidates_at(const SynapseBundle&, const SignalBoard&, Tick) const;
template void PlasticBundle<float>::consolidate(SynapseBundle&, SignalBoard&, Tick, const Threads&);
template void PlasticBundle<float>::collect(SynapseBundle&, const SignalBoard&, std::size_t, Tick);
template void PlasticBundle<float>::reflect(SynapseBundle&, const SignalBoard&, std::uint32_t, Tick);
template void PlasticBundle<float>::publish(const SynapseBundle&, SignalBoard&, Tick);
template void PlasticBundle<float>::change(SynapseBundle&, const SignalBoard&, std::size_t, Tick);
template float PlasticBundle<float>::source_signal(const SynapseBundle&, const SignalBoard&, std::size_t, std::uint32_t,
                                                   Tick) const;
template bool PlasticBundle<double>::consolidates_at(const SynapseBundle&, const SignalBoard&, Tick) const;
template void PlasticBundle<double>::consolidate(SynapseBundle&, SignalBoard&, Tick, const Threads&);
template void PlasticBundle<double>::collect(SynapseBundle&, const SignalBoard&, std::size_t, Tick);
template void PlasticBundle<double>::reflect(SynapseBundle&, const SignalBoard&, std::uint32_t, Tick);
template void PlasticBundle<double>::publish(const SynapseBundle&, SignalBoard&, Tick);
template void PlasticBundle<double>::change(SynapseBundle&, const SignalBoard&, std::size_t, Tick);
template double PlasticBundle<double>::source_signal(const SynapseBundle&, const SignalBoard&, std::size_t,
                                                     std::uint32_t, Tick) const;

}  // namespace rheo
