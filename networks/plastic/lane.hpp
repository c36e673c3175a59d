// The synapses of a plastic projection onto one lane: what happens to them within windows, while other lanes run.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "core/aligned.hpp"
#include "networks/plastic/bound_rule.hpp"
#include "networks/plastic/bundle.hpp"
#include "networks/plastic/doses.hpp"
#include "networks/plastic/incoming.hpp"
#include "networks/plastic/spikes_in_flight.hpp"
#include "networks/plastic/target_history.hpp"
#include "networks/synapses/block.hpp"

namespace rheo {

// What all lanes of a projection read, and what changes only between windows.
template <class Real>
struct PlasticCommon {
  const PlasticPlan& plan;
  std::uint32_t one_delay;  // ticks, where all synapses have the same
  BoundRule<Real> rule;
  SpikesInFlight<Real> sources;
  Doses<Real> doses;
  bool learns = true;

  PlasticCommon(const SynapseBundle& bundle, Tick max_delay)
      : plan(*bundle.plastic),
        one_delay(bundle.one_delay),
        rule(plan),
        sources(rule, bundle.sources, max_delay),
        doses(plan) {}
  PlasticCommon(const PlasticCommon&) = delete;
};

template <class Real>
class PlasticLane {
 public:
  // other_sums: sums are in another precision than synapses.
  PlasticLane(const PlasticCommon<Real>& common, SynapseBlock& block, std::size_t lane, bool other_sums)
      : common_(common),
        block_(block),
        lane_(lane),
        targets_(common.rule, block.synapses() == 0 ? 0 : width_of_targets(common.plan, lane)) {
    if (empty()) return;
    for (AlignedColumn<std::byte>& column : block.columns) columns_.push_back(column.data());
    if (other_sums) sent_ = AlignedColumn<Real>(targets_.width());
    for (std::size_t k = 0; k < common.rule.post.size(); ++k) {
      if (common.rule.post[k] != RuleTrace::Kind::parameter) continue;
      const std::vector<double>& values = common.plan.params[common.plan.rule->post[k].param];
      common.plan.for_each_target(lane, [&](std::uint32_t j, NeuronId, std::uint32_t target) {
        targets_.set_trace(k, j, static_cast<Real>(values[values.size() > 1 ? target : 0]));
      });
    }
    base_.resize(common.rule.pre.size());
    if (common.plan.eager) incoming_ = IncomingSynapses(block, targets_.width());
  }

  TargetHistory<Real>& targets() { return targets_; }
  const TargetHistory<Real>& targets() const { return targets_; }
  const SynapseBlock& block() const { return block_; }
  bool empty() const { return targets_.width() == 0; }

  // As LearningSynapses says.
  void arrive(Tick t, std::span<const PlasticSlice> slices, void* sums) {
    const SpikesInFlight<Real>& sources = common_.sources;
    const Tick epoch = targets_.epoch();
    std::size_t synapses = 0;
    if (slices_.size() < slices.size()) slices_.resize(slices.size());
    rheo_slice* to = slices_.data();
    for (const PlasticSlice& slice : slices) {
      const std::uint32_t at = sources.at(slice.record);
      const Tick delay = t - sources.emitted(at), before = sources.before(at);
      const Tick base = before == never_spiked ? never_spiked : before + delay;
      // Eager: whatever targets did has been learnt.
      const Tick from = common_.plan.eager ? t : std::max(base, epoch + 1);
      *to++ = {slice.begin, slice.count, relative(base, epoch), relative(from, epoch), at};
      synapses += slice.count;
    }
    rheo_batch arriving = batch(t);
    arriving.slices = slices_.data();
    arriving.slice_count = slices.size();
    arriving.sums = sent_.empty() ? sums : sent_.data();
    arriving.negative = common_.plan.negative();
    std::array<const void*, most_traces> base, now;
    for (std::size_t k = 0; k < base_.size(); ++k) {
      base[k] = sources.base(k);
      now[k] = sources.now(k);
    }
    arriving.pre_base = base.data();
    arriving.pre_now = now.data();
    // Traces of all targets once, where most of them are asked for.
    if (synapses > targets_.width() / 2 && !common_.rule.post.empty()) targets_.find_traces(arriving, t);
    if (targets_.knows_traces(t)) arriving.now_values = targets_.traces_now();
    common_.rule.loops.arrive(&arriving);
    for (std::uint32_t j = 0; j < sent_.size(); ++j) {
      if (sent_[j] == 0) continue;
      static_cast<float*>(sums)[j] += static_cast<float>(sent_[j]);
      sent_[j] = 0;
    }
  }
  void spiked(Tick t, std::span<const NeuronId> neurons) {
    if (empty()) return;
    const PlasticPlan& plan = common_.plan;
    const std::vector<PlasticPlan::Range>& ranges = plan.ranges[lane_];
    if (t - targets_.epoch() > TargetHistory<Real>::longest) settle(t, t - 1);
    bool full = false;
    spiking_.clear();
    for (const NeuronId neuron : neurons) {
      const auto after = std::ranges::upper_bound(ranges, neuron, {}, &PlasticPlan::Range::first);
      if (after == ranges.begin() || !after[-1].contains(neuron)) continue;
      const std::uint32_t j = plan.number(lane_, after[-1], neuron);
      full |= targets_.add(j, t);
      if (plan.eager && common_.learns) spiking_.push_back(j);
    }
    for (const std::uint32_t j : spiking_) {
      for (const IncomingSynapses::Synapse& synapse : incoming_.of(j))
        add_to_settle(synapse.row, synapse.delay, synapse.index, 1, t, t);
      settle_added(t);
    }
    if (full) settle(t);
  }

  // Spikes of targets up to tick `learnt`, where an epoch begins, reach synapses that have seen arrivals up to tick
  // `arrived`. elapse: what happens between events happens up to there.
  void settle(Tick arrived, Tick learnt, bool elapse = false) {
    if (empty()) return;
    const bool eager = common_.plan.eager;
    if ((!targets_.empty() && !eager && common_.learns) || elapse)
      settle_all(eager ? arrived + 1 : targets_.epoch() + 1, arrived, elapse);
    targets_.begin_epoch(learnt);
  }
  void settle(Tick t, bool elapse = false) { settle(t, t, elapse); }
  // Settles, and then shows synapses as they are at tick t. What happens between events goes on in a copy: when a
  // synapse elapses decides its last bits.
  void show(Tick t) {
    settle(t);
    if (!common_.rule.elapses || empty()) return;
    const std::vector<void*> columns = columns_;
    shown_.clear();
    for (void*& column : columns_) {
      shown_.emplace_back(block_.synapses());
      std::copy_n(static_cast<const Real*>(column), block_.synapses(), shown_.back().data());
      column = shown_.back().data();
    }
    if (common_.learns) settle_all(t + 1, t, true);
    columns_ = columns;
  }
  // Columns as they are stored, and as they were shown last.
  Real* stored(std::size_t column) { return reinterpret_cast<Real*>(block_.columns[column].data()); }
  const Real* stored(std::size_t column) const { return reinterpret_cast<const Real*>(block_.columns[column].data()); }
  const Real* shown(std::size_t column) const { return shown_.empty() ? stored(column) : shown_[column].data(); }
  // Forgets what was shown and what targets did up to `now`: columns have been loaded.
  void restart(Tick now) {
    targets_.begin_epoch(now);
    shown_.clear();
  }

  // A batch of no slices in tick t.
  rheo_batch batch(Tick t) {
    rheo_batch batch{};
    batch.step = common_.rule.coefficients.data();
    batch.learns = common_.learns ? 1 : 0;
    batch.targets = block_.data.data();
    batch.target_bytes = static_cast<std::uint32_t>(block_.data.size() / block_.synapses());
    batch.columns = columns_.data();
    batch.pre_decay = common_.rule.pre_decay.data();
    batch.post_decay = common_.rule.post_decay.data();
    batch.now = static_cast<std::uint32_t>(t);
    targets_.give(batch);
    if (common_.rule.elapses) {
      batch.arrival = relative(t, targets_.epoch());
      batch.until = -1;
      batch.column_decay = common_.rule.column_decay.data();
      common_.doses.give(batch, targets_.epoch());
    }
    return batch;
  }
  std::size_t bytes() const {
    std::size_t sum = targets_.bytes() + incoming_.bytes() + slices_.capacity() * sizeof(rheo_slice) + sent_.bytes();
    for (const std::vector<Real>& column : base_) sum += column.capacity() * sizeof(Real);
    for (const AlignedColumn<Real>& column : shown_) sum += column.bytes();
    return sum;
  }

 private:
  // Numbers of targets in a lane, those without synapses and what lies between them included.
  static std::uint32_t width_of_targets(const PlasticPlan& plan, std::size_t lane) {
    std::uint32_t width = 0;
    for (const PlasticPlan::Range& range : plan.ranges[lane])
      width = std::max(width, plan.number(lane, range, range.end));
    return (width + 15) / 16 * 16;
  }
  // Synapses that learn from the spikes of targets in ticks `from` to t, when settle_added() is called.
  void add_to_settle(std::uint32_t row, std::uint32_t delay, std::uint32_t begin, std::uint32_t count, Tick from,
                     Tick t) {
    const auto arrival = common_.sources.last_arrival(row, delay, t);
    const std::uint32_t number = added_++;
    if (slices_.size() <= number) slices_.resize(2 * number + 16);
    slices_[number] = {begin, count, relative(arrival.tick, targets_.epoch()),
                       relative(std::max(arrival.tick, from), targets_.epoch()), number};
    for (std::size_t k = 0; k < base_.size(); ++k) {
      if (base_[k].size() <= number) base_[k].resize(2 * number + 16);
      base_[k][number] = common_.sources.trace_after(arrival, k, row);
    }
  }
  void settle_added(Tick t, bool elapse = false) {
    rheo_batch settling = batch(t);
    settling.slices = slices_.data();
    settling.slice_count = added_;
    if (elapse) settling.until = settling.arrival;
    std::array<const void*, most_traces> base;
    for (std::size_t k = 0; k < base_.size(); ++k) base[k] = base_[k].data();
    settling.pre_base = base.data();
    common_.rule.loops.settle(&settling);
    added_ = 0;
  }
  // All, with spikes of targets in ticks `from` to t; elapse: up to tick t.
  void settle_all(Tick from, Tick t, bool elapse) {
    constexpr std::uint32_t at_once = 256;
    block_.for_each_slice([&](std::uint32_t row, std::uint32_t delay, std::uint32_t begin, std::uint32_t count) {
      add_to_settle(row, delay, begin, count, from, t);
      if (added_ == at_once) settle_added(t, elapse);
    });
    settle_added(t, elapse);
  }

  const PlasticCommon<Real>& common_;
  SynapseBlock& block_;
  std::size_t lane_;
  TargetHistory<Real> targets_;
  IncomingSynapses incoming_;  // eager only
  std::vector<void*> columns_;
  std::vector<rheo_slice> slices_;          // scratch space of batches
  std::uint32_t added_ = 0;                 // slices to settle
  std::vector<std::uint32_t> spiking_;      // targets, eager only
  std::vector<std::vector<Real>> base_;     // [trace][slice] when settling
  std::vector<AlignedColumn<Real>> shown_;  // columns as of the last show(), where synapses elapse
  AlignedColumn<Real> sent_;                // [target] in the tick at hand, where sums are in another precision
};

}  // namespace rheo
