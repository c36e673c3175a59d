// How rules change all synapses of a projection at the end of a tick, between two windows.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "core/parallel.hpp"
#include "networks/plastic/lane.hpp"
#include "networks/plastic/signals.hpp"

namespace rheo {

template <class Real>
class Consolidation {
 public:
  Consolidation(const PlasticCommon<Real>& common, std::vector<PlasticLane<Real>>& lanes)
      : common_(common), lanes_(lanes), scratch_(lanes.size()) {
    const Rule& rule = *common.plan.rule;
    for (std::size_t l = 0; l < lanes.size(); ++l) {
      if (lanes[l].empty()) continue;
      const std::uint32_t width = lanes[l].targets().width();
      scratch_[l].pre.resize(rule.pre.size());
      for (const RuleSignal& signal : rule.signals)
        scratch_[l].signals.emplace_back(signal.scope == RuleSignal::Scope::per_target ? width : 1);
      scratch_[l].sums.assign(rule.target_sums, std::vector<Real>(width));
    }
  }
  // What it takes for a target, in the order of the constructor.
  static double expected_bytes(const Rule& rule) {
    const auto of_targets = std::ranges::count(rule.signals, RuleSignal::Scope::per_target, &RuleSignal::scope);
    return sizeof(Real) * (static_cast<double>(of_targets) + static_cast<double>(rule.target_sums));
  }

  // The ticks after `now` up to the next one, at most `longest`.
  Tick window(const SignalBoard& signals, Tick now, Tick longest) const {
    const PlasticPlan& plan = common_.plan;
    if (!plan.rule->consolidates) return longest;
    return std::min(longest, plan.interval > 0 ? plan.interval - now % plan.interval
                                               : signals.next_nonzero(plan.signals.front(), now, now + longest) - now);
  }
  bool is_due(const SignalBoard& signals, Tick t) const {
    const PlasticPlan& plan = common_.plan;
    if (!plan.rule->consolidates) return false;
    return plan.interval > 0 ? t % plan.interval == 0 : signals.next_nonzero(plan.signals.front(), t - 1, t) == t;
  }
  // All lanes settled.
  void run(SignalBoard& signals, Tick now, const Threads& threads) {
    backs_.clear();
    threads.for_each(lanes_.size(), [&](std::size_t l) { collect(signals, l, now); });
    if (const Rule& rule = *common_.plan.rule; rule.source_sums > 0 || rule.publishes) {
      const std::size_t rows = common_.sources.rows(), rows_at_once = 32;
      backs_.assign(rule.source_sums, std::vector<Real>(rows));
      if (rule.source_sums > 0)
        threads.for_each((rows + rows_at_once - 1) / rows_at_once, [&](std::size_t chunk) {
          for (std::size_t row = chunk * rows_at_once; row < std::min(rows, (chunk + 1) * rows_at_once); ++row)
            reflect(signals, static_cast<std::uint32_t>(row), now);
        });
      publish(signals, now);
    }
    if (common_.learns) threads.for_each(lanes_.size(), [&](std::size_t l) { change(signals, l, now); });
  }
  std::size_t bytes() const {
    std::size_t sum = 0;
    for (const Scratch& scratch : scratch_) {
      sum += scratch.slices.capacity() * sizeof(rheo_slice) +
             (scratch.rows.capacity() + scratch.delays.capacity()) * sizeof(std::uint32_t);
      for (const auto* columns : {&scratch.pre, &scratch.signals, &scratch.sums, &scratch.backs})
        for (const std::vector<Real>& column : *columns) sum += column.capacity() * sizeof(Real);
    }
    return sum;
  }

 private:
  static constexpr std::uint32_t at_once = 256;  // slices
  // A lane with fewer slices lists them once; more would take too much room.
  static constexpr std::size_t most_kept = 1 << 16;
  // Of one lane.
  struct Scratch {
    std::vector<rheo_slice> slices;           // that are listed; their records count from 0 in each batch
    std::vector<std::uint32_t> rows, delays;  // [slice]
    std::vector<std::vector<Real>> pre;       // [trace][slice]
    std::vector<std::vector<Real>> signals;   // [signal] of one number, or [target] or [slice]
    std::vector<std::vector<Real>> sums;      // [target sum][target]
    std::vector<std::vector<Real>> backs;     // [source sum][slice]
  };

  // Where columns are, as rules' loops take them.
  static std::array<const void*, most_traces> data_of(const std::vector<std::vector<Real>>& columns) {
    std::array<const void*, most_traces> at{};
    std::transform(columns.begin(), columns.end(), at.begin(), [](const auto& column) { return column.data(); });
    return at;
  }

  // The steps: of lanes before and after what sums over lanes.
  void collect(const SignalBoard& signals, std::size_t index, Tick now) {
    PlasticLane<Real>& lane = lanes_[index];
    if (lane.empty()) return;
    Scratch& scratch = scratch_[index];
    const PlasticPlan& plan = common_.plan;
    lane.targets().find_traces(lane.batch(now), now);
    for (std::size_t k = 0; k < plan.signals.size(); ++k) {
      const RuleSignal& signal = plan.rule->signals[k];
      std::vector<Real>& to = scratch.signals[k];
      const std::size_t which = plan.signals[k];
      if (signal.scope == RuleSignal::Scope::per_source) continue;
      if (which == PlasticPlan::not_given) {
        std::fill(to.begin(), to.end(), static_cast<Real>(signal.initial));
      } else if (signal.scope == RuleSignal::Scope::per_target) {
        const std::span<const double> values = signals.at(which, now);
        plan.for_each_target(
            index, [&](std::uint32_t j, NeuronId, std::uint32_t target) { to[j] = static_cast<Real>(values[target]); });
      } else {
        to.front() = static_cast<Real>(signals.one(which, now));
      }
    }
    if (scratch.sums.empty()) return;
    std::array<void*, most_traces> sums;
    for (std::size_t k = 0; k < scratch.sums.size(); ++k) {
      std::fill(scratch.sums[k].begin(), scratch.sums[k].end(), Real(0));
      sums[k] = scratch.sums[k].data();
    }
    for_each_batch(signals, index, now, [&](rheo_batch& batch) { common_.rule.loops.collect(&batch, sums.data()); });
  }
  // One row, lane after lane: its targets ascend with the lanes, so that the sum does not depend on them.
  void reflect(const SignalBoard& signals, std::uint32_t row, Tick now) {
    std::array<void*, most_traces> backs;
    for (std::size_t k = 0; k < backs_.size(); ++k) backs[k] = &backs_[k][row];
    std::array<Real, most_traces> pre, given;
    std::array<const void*, most_traces> pre_at, given_at;
    for (std::size_t k = 0; k < common_.rule.pre.size(); ++k) pre_at[k] = &pre[k];
    std::vector<rheo_slice> slices;
    for (std::size_t l = 0; l < lanes_.size(); ++l) {
      if (lanes_[l].empty()) continue;
      slices.clear();
      lanes_[l].block().for_each_slice(row, [&](std::uint32_t delay, std::uint32_t begin, std::uint32_t count) {
        if (slices.empty())
          for (std::size_t k = 0; k < common_.rule.pre.size(); ++k)
            pre[k] = common_.sources.trace_at(k, row, delay, now);
        slices.push_back({begin, count, 0, 0, 0});
      });
      if (slices.empty()) continue;
      rheo_batch batch = lanes_[l].batch(now);
      batch.slices = slices.data();
      batch.slice_count = slices.size();
      batch.now_values = lanes_[l].targets().traces_now();
      batch.pre_now = pre_at.data();
      for (std::size_t k = 0; k < common_.plan.signals.size(); ++k) {
        if (is_of_sources(k)) given[k] = source_signal(signals, k, row, now);
        given_at[k] = is_of_sources(k) ? &given[k] : scratch_[l].signals[k].data();
      }
      batch.signals = given_at.data();
      const auto sums = data_of(scratch_[l].sums);
      batch.collected = sums.data();
      common_.rule.loops.reflect(&batch, backs.data());
    }
  }
  void publish(SignalBoard& signals, Tick now) {
    const PlasticPlan& plan = common_.plan;
    if (plan.published.empty()) return;
    const std::uint32_t rows = common_.sources.rows(), delay = common_.one_delay;
    std::vector<std::vector<Real>> pre(common_.rule.pre.size(), std::vector<Real>(rows)), given(plan.signals.size());
    for (std::size_t k = 0; k < pre.size(); ++k)
      for (std::uint32_t row = 0; row < rows; ++row) pre[k][row] = common_.sources.trace_at(k, row, delay, now);
    for (std::size_t k = 0; k < given.size(); ++k) {
      if (!is_of_sources(k)) continue;
      for (std::uint32_t row = 0; row < rows; ++row) given[k].push_back(source_signal(signals, k, row, now));
    }
    std::vector<Real> values(rows);
    common_.rule.loops.publish(common_.rule.coefficients.data(), rows, data_of(pre).data(), data_of(given).data(),
                               data_of(backs_).data(), values.data());
    const std::vector<double> published(values.begin(), values.end());
    for (const std::size_t which : plan.published) signals.set(which, published, now);
  }
  void change(const SignalBoard& signals, std::size_t lane, Tick now) {
    if (lanes_[lane].empty()) return;
    for_each_batch(signals, lane, now, [&](rheo_batch& batch) { common_.rule.loops.consolidate(&batch); });
  }
  // Calls run(batch) for batches of all slices of a lane, as the rule's consolidations see them.
  template <class Run>
  void for_each_batch(const SignalBoard& signals, std::size_t lane, Tick now, const Run& run) {
    Scratch& scratch = scratch_[lane];
    const SynapseBlock& block = lanes_[lane].block();
    const auto run_some = [&](std::uint32_t first, std::uint32_t count) {
      fill_of_sources(signals, scratch, first, count, now);
      rheo_batch batch = lanes_[lane].batch(now);
      batch.slices = scratch.slices.data() + first;
      batch.slice_count = count;
      batch.now_values = lanes_[lane].targets().traces_now();
      const auto pre = data_of(scratch.pre), given = data_of(scratch.signals), sums = data_of(scratch.sums),
                 backs = data_of(scratch.backs);
      batch.pre_now = pre.data();
      batch.signals = given.data();
      batch.collected = sums.data();
      if (!backs_.empty()) batch.reflected = backs.data();
      run(batch);
    };
    const bool kept = block.slices.size() <= most_kept;
    if (kept && !scratch.slices.empty()) {
      for (std::uint32_t first = 0; first < scratch.slices.size(); first += at_once)
        run_some(first, std::min(at_once, static_cast<std::uint32_t>(scratch.slices.size()) - first));
      return;
    }
    const auto forget = [&] {
      scratch.slices.clear();
      scratch.rows.clear();
      scratch.delays.clear();
    };
    std::uint32_t done = 0;
    const auto run_listed = [&] {
      const auto listed = static_cast<std::uint32_t>(scratch.slices.size());
      run_some(done, listed - done);
      done = listed;
      if (kept) return;
      forget();
      done = 0;
    };
    forget();
    block.for_each_slice([&](std::uint32_t row, std::uint32_t delay, std::uint32_t begin, std::uint32_t count) {
      const auto number = static_cast<std::uint32_t>(scratch.slices.size()) - done;
      scratch.slices.push_back({begin, count, 0, 0, number});
      scratch.rows.push_back(row);
      scratch.delays.push_back(delay);
      if (number + 1 == at_once) run_listed();
    });
    run_listed();
  }
  // Rows are often short (a readout has a few neurons): what is of each row is filled in one loop for each quantity.
  void fill_of_sources(const SignalBoard& signals, Scratch& scratch, std::uint32_t first, std::uint32_t count,
                       Tick now) const {
    const std::uint32_t* const rows = scratch.rows.data() + first;
    const std::uint32_t* const delays = scratch.delays.data() + first;
    const auto fill = [&](std::vector<Real>& to, const auto& value_of) {
      to.resize(at_once);
      for (std::uint32_t i = 0; i < count; ++i) to[i] = value_of(rows[i], delays[i]);
    };
    using Number = std::uint32_t;
    for (std::size_t k = 0; k < scratch.pre.size(); ++k)
      fill(scratch.pre[k], [&](Number row, Number delay) { return common_.sources.trace_at(k, row, delay, now); });
    for (std::size_t k = 0; k < scratch.signals.size(); ++k) {
      if (!is_of_sources(k)) continue;
      if (const std::size_t which = common_.plan.signals[k]; which == PlasticPlan::not_given) {
        const auto initial = static_cast<Real>(common_.plan.rule->signals[k].initial);
        fill(scratch.signals[k], [&](Number, Number) { return initial; });
      } else {
        const std::span<const double> values = signals.at(which, now);
        fill(scratch.signals[k], [&](Number row, Number) { return static_cast<Real>(values[row]); });
      }
    }
    scratch.backs.resize(backs_.size());
    for (std::size_t k = 0; k < backs_.size(); ++k)
      fill(scratch.backs[k], [&](Number row, Number) { return backs_[k][row]; });
  }
  // The number that a row's source has in a signal of the rule.
  Real source_signal(const SignalBoard& signals, std::size_t k, std::uint32_t row, Tick t) const {
    const PlasticPlan& plan = common_.plan;
    const std::size_t which = plan.signals[k];
    return static_cast<Real>(which == PlasticPlan::not_given ? plan.rule->signals[k].initial
                                                             : signals.at(which, t)[row]);
  }
  bool is_of_sources(std::size_t k) const {
    return common_.plan.rule->signals[k].scope == RuleSignal::Scope::per_source;
  }

  const PlasticCommon<Real>& common_;
  std::vector<PlasticLane<Real>>& lanes_;
  std::vector<Scratch> scratch_;          // [lane]
  std::vector<std::vector<Real>> backs_;  // [source sum][row] of the consolidation at hand
};

}  // namespace rheo
