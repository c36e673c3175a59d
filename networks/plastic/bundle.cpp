#include "networks/plastic/bundle.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <iterator>
#include <limits>
#include <numeric>
#include <tuple>

#include "core/math.hpp"

namespace rheo {

namespace {

constexpr Tick long_ago = 1 << 30;

constexpr std::uint32_t rounded_up(std::uint32_t size, std::uint32_t to) {
  return (size + to - 1) / to * to;
}

// Calls use(tick, row) for the spikes of the bundle's sources, by (tick, source): the order of list_rows() in
// networks/delivery/stored_synapses.cpp.
template <class Use>
void for_each_spike(const SynapseBundle& bundle, const SpikeBatch& batch, const Use& use) {
  for (std::size_t k = 0; k < batch.ticks(); ++k) {
    const std::span<const NeuronId> neurons = batch.at(k);
    for (const SourceRange& range : bundle.sources) {
      auto neuron = std::lower_bound(neurons.begin(), neurons.end(), range.first);
      for (; neuron != neurons.end() && *neuron < range.end; ++neuron)
        if ((*neuron - range.first) % range.step == 0)
          use(batch.tick(k), range.row + (*neuron - range.first) / range.step);
    }
  }
}

}  // namespace

template <class Real>
auto PlasticBundle<Real>::decay_table(double tau, double dt) -> DecayTable {
  DecayTable table;
  double ticks = 1;
  for (auto& digits : table) {
    for (std::size_t k = 0; k < digits.size(); ++k)
      digits[k] = static_cast<Real>(math::exp(-static_cast<double>(k) * ticks * dt / tau));
    ticks *= 16;
  }
  return table;
}

template <class Real>
PlasticBundle<Real>::PlasticBundle(const SynapseBundle& bundle, Tick max_delay, Precision sums)
    : sums_differ_(sizeof(Real) == 8 && sums == Precision::single_), max_delay_(max_delay) {
  const PlasticPlan& plan = *bundle.plastic;
  const Rule& rule = *plan.rule;
  kernels_ = &rule.kernels(plan.isa, sizeof(Real) == 4 ? Precision::single_ : Precision::double_);
  step_.resize(kernels_->coefficient_bytes);
  std::vector<double> params;
  for (const auto& values : plan.params) params.push_back(values.front());
  kernels_->prepare(params.data(), plan.dt, step_.data());
  const auto decays = [&](const std::vector<RuleTrace>& traces, std::vector<RuleTrace::Kind>& kinds,
                          std::vector<DecayTable>& tables, std::vector<const void*>& at) {
    tables.resize(traces.size());
    for (std::size_t t = 0; t < traces.size(); ++t) {
      kinds.push_back(traces[t].kind);
      at.push_back(traces[t].kind == RuleTrace::Kind::decays ? &tables[t] : nullptr);
      if (at.back() != nullptr) tables[t] = decay_table(params[traces[t].param], plan.dt);
    }
  };
  decays(rule.pre, pre_, pre_decay_, pre_decay_at_);
  decays(rule.post, post_, post_decay_, post_decay_at_);
  elapses_ = rule.elapses();
  for (std::size_t c = 1; c < rule.columns.size(); ++c)
    if (rule.columns[c].decays) column_decay_.push_back(decay_table(params[rule.columns[c].param], plan.dt));
  std::size_t table = 0;
  for (std::size_t c = 1; c < rule.columns.size(); ++c)
    column_decay_at_.push_back(rule.columns[c].decays ? &column_decay_[table++] : nullptr);
  for (const RuleSignal& signal : rule.signals) {
    if (signal.scope != RuleSignal::Scope::dose) continue;
    const double longest = (sizeof(Real) == 4 ? 0.5 : 8) * params[signal.param];
    while (static_cast<double>(epoch_ticks_) * plan.dt > longest && epoch_ticks_ > 1) epoch_ticks_ /= 2;
  }
  for (const RuleSignal& signal : rule.signals) {
    Dose& dose = doses_.emplace_back();
    if (signal.scope == RuleSignal::Scope::dose) {
      const auto ticks = static_cast<std::size_t>(epoch_ticks_ + 1);
      dose.pairs = AlignedColumn<Real>(2 * ticks);
      for (std::size_t t = 0; t < ticks; ++t) {
        const double elapsed = static_cast<double>(t) * plan.dt / params[signal.param];
        dose.pairs[2 * t + 1] = static_cast<Real>(std::min(math::exp(elapsed), 1e30));  // times 0 where it is large
        dose.weights.push_back(plan.dt * math::exp(-elapsed));
      }
    }
    doses_at_.push_back(dose.pairs.data());
  }

  std::uint32_t rows = 0;
  for (const SourceRange& range : bundle.sources)
    rows = std::max(rows, range.row + (range.end - range.first + range.step - 1) / range.step);
  last_.assign(rows, nothing);
  newest_.resize(rows);
  traces_.assign(pre_.size(), std::vector<Real>(rows));
  records_.base.resize(pre_.size());
  records_.now.resize(pre_.size());
  grow_records();

  lanes_.resize(bundle.lanes.size());
  for (std::size_t l = 0; l < lanes_.size(); ++l) {
    if (bundle.lanes[l].synapses() == 0) continue;
    Lane& lane = lanes_[l];
    for (const AlignedColumn<std::byte>& column : bundle.lanes[l].columns)
      lane.columns.push_back(const_cast<std::byte*>(column.data()));
    const std::uint32_t first = plan.first_slot[l];
    for (const PlasticPlan::Range& range : plan.ranges[l])
      lane.width = std::max(lane.width, range.slot - first + (range.end - range.first));
    lane.width = rounded_up(lane.width, 16);
    lane.recent = AlignedColumn<std::uint32_t>(std::size_t{4} * lane.width);
    lane.now_room = AlignedColumn<std::uint64_t>(lane.width);
    lane.count = AlignedColumn<std::uint16_t>(lane.width);
    lane.ticks = AlignedColumn<std::uint16_t>(std::size_t{deep} * lane.width);
    lane.last = AlignedColumn<std::uint32_t>(lane.width);
    if (elapses_) lane.settled.assign(lane.width, -long_ago);
    if (sums_differ_) lane.sent = AlignedColumn<Real>(lane.width);
    for (std::size_t t = 0; t < post_.size(); ++t) {
      const bool changes = post_[t] != RuleTrace::Kind::parameter, decaying = post_[t] == RuleTrace::Kind::decays;
      lane.before.emplace_back(changes ? std::size_t{deep} * lane.width : 0);
      lane.after.emplace_back(lane.width);
      lane.now.emplace_back(decaying ? lane.width : 0);
      if (changes) continue;
      const std::vector<double>& values = plan.params[rule.post[t].param];
      for (const PlasticPlan::Range& range : plan.ranges[l])
        for (std::uint32_t k = 0; range.first + k * range.step < range.end; ++k)
          lane.after[t][range.slot - first + k * range.step] =
              static_cast<Real>(values[values.size() > 1 ? range.first_target + k : 0]);
    }
    for (std::size_t t = 0; t < post_.size(); ++t) {
      lane.before_at.push_back(lane.before[t].data());
      lane.after_at.push_back(lane.after[t].data());
      lane.now_at.push_back(lane.now[t].data());
      lane.now_read.push_back(lane.now[t].data());
    }
    lane.base.resize(pre_.size());
    lane.pre_now.resize(pre_.size());
    lane.signals.resize(rule.signals.size());
    for (std::size_t k = 0; k < rule.signals.size(); ++k)
      lane.signals[k].resize(rule.signals[k].scope == RuleSignal::Scope::per_target ? lane.width : 1);
    lane.sums.assign(rule.target_sums, std::vector<Real>(lane.width));
    if (plan.eager) index_targets(bundle, l);
  }
}

template <class Real>
void PlasticBundle<Real>::index_targets(const SynapseBundle& bundle, std::size_t index) {
  Lane& lane = lanes_[index];
  const SynapseBlock& block = bundle.lanes[index];
  lane.incoming_begin.assign(lane.width + 1, 0);
  for (std::uint32_t s = 0; s < block.synapses(); ++s) ++lane.incoming_begin[block.target(s) + 1];
  std::partial_sum(lane.incoming_begin.begin(), lane.incoming_begin.end(), lane.incoming_begin.begin());
  lane.incoming.resize(block.synapses());
  std::vector<std::uint32_t> next(lane.incoming_begin.begin(), lane.incoming_begin.end() - 1);
  block.for_each_slice([&](std::uint32_t row, std::uint32_t delay, std::uint32_t begin, std::uint32_t count) {
    for (std::uint32_t s = begin; s < begin + count; ++s) lane.incoming[next[block.target(s)]++] = {row, s, delay};
  });
}

template <class Real>
void PlasticBundle<Real>::grow_records() {
  Records bigger;
  const std::uint32_t size = std::max(64u, 2 * records_.capacity());
  bigger.first = records_.first;
  bigger.size = records_.size;
  bigger.emitted.resize(size);
  bigger.before.resize(size);
  bigger.row.resize(size);
  bigger.record_before.resize(size);
  bigger.base.assign(pre_.size(), std::vector<Real>(size));
  bigger.now.assign(pre_.size(), std::vector<Real>(size));
  for (std::uint32_t k = 0; k < records_.size; ++k) {
    const std::uint32_t from = records_.at(records_.first + k), to = bigger.at(records_.first + k);
    bigger.emitted[to] = records_.emitted[from];
    bigger.before[to] = records_.before[from];
    bigger.row[to] = records_.row[from];
    bigger.record_before[to] = records_.record_before[from];
    for (std::size_t t = 0; t < pre_.size(); ++t) {
      bigger.base[t][to] = records_.base[t][from];
      bigger.now[t][to] = records_.now[t][from];
    }
  }
  records_ = std::move(bigger);
}

template <class Real>
void PlasticBundle<Real>::emitted(SynapseBundle& bundle, const SpikeBatch& batch) {
  // Long before ticks of 32 bits come round again.
  const Tick now = batch.first + static_cast<Tick>(batch.ticks()) - 1;
  for (std::size_t l = 0; l < lanes_.size(); ++l)
    if (now - lanes_[l].epoch > long_ago / 2) settle(bundle, l, now);
  // What arrived everywhere before the batch's first tick is over.
  while (records_.size > 0 && records_.emitted[records_.at(records_.first)] + max_delay_ < batch.first) {
    ++records_.first;
    --records_.size;
  }
  first_new_ = records_.first + records_.size;
  std::array<void*, most_traces> traces;
  for_each_spike(bundle, batch, [&](Tick tick, std::uint32_t row) {
    if (records_.size == records_.capacity()) grow_records();
    const std::uint32_t number = records_.first + records_.size++, at = records_.at(number);
    records_.emitted[at] = tick;
    records_.before[at] = last_[row];
    records_.row[at] = row;
    records_.record_before[at] = newest_[row];
    for (std::size_t t = 0; t < pre_.size(); ++t) {
      Real& x = traces_[t][row];
      records_.base[t][at] = x;
      if (pre_[t] == RuleTrace::Kind::decays && last_[row] != nothing) x *= decayed(pre_decay_[t], tick - last_[row]);
      records_.now[t][at] = x;
      traces[t] = &x;
    }
    kernels_->pre_spike(step_.data(), 1, traces.data());
    last_[row] = tick;
    newest_[row] = number;
  });
}

template <class Real>
std::int32_t PlasticBundle<Real>::relative(Tick tick, Tick epoch) {
  return static_cast<std::int32_t>(tick == nothing ? -long_ago : std::clamp(tick - epoch, -long_ago, long_ago));
}

template <class Real>
rheo_batch PlasticBundle<Real>::batch_of(SynapseBundle& bundle, std::size_t index, Tick t) {
  Lane& lane = lanes_[index];
  SynapseBlock& block = bundle.lanes[index];
  rheo_batch batch{};
  batch.step = step_.data();
  batch.learns = learns_ ? 1 : 0;
  batch.targets = block.data.data();
  batch.target_bytes = static_cast<std::uint32_t>(block.data.size() / block.synapses());
  batch.columns = lane.columns.data();
  batch.pre_decay = pre_decay_at_.data();
  batch.width = lane.width;
  batch.now = static_cast<std::uint32_t>(t);
  batch.recent = lane.recent.data();
  batch.newest = lane.newest.data();
  batch.count = lane.count.data();
  batch.ticks = lane.ticks.data();
  batch.before = lane.before_at.data();
  batch.after = lane.after_at.data();
  batch.last = lane.last.data();
  batch.post_decay = post_decay_at_.data();
  batch.now_room = lane.now_room.data();
  if (elapses_) {
    batch.fixed = relative(fixed_, lane.epoch);
    batch.arrival = relative(t, lane.epoch);
    batch.until = -1;
    batch.settled = lane.settled.data();
    batch.column_decay = column_decay_at_.data();
    batch.doses = doses_at_.data();
    batch.dose_epoch = relative(dose_epoch_, lane.epoch);
  }
  return batch;
}

template <class Real>
void PlasticBundle<Real>::arrive(SynapseBundle& bundle, std::size_t index, Tick t, std::span<const PlasticSlice> slices,
                                 void* sums) {
  Lane& lane = lanes_[index];
  std::size_t synapses = 0;
  for (const PlasticSlice& slice : slices) {
    const std::uint32_t at = records_.at(slice.record);
    const Tick delay = t - records_.emitted[at];
    const Tick base = records_.before[at] == nothing ? nothing : records_.before[at] + delay;
    // Eager: whatever targets did has been learnt.
    const Tick from = bundle.plastic->eager ? t : std::max(base, lane.epoch + 1);
    lane.slices.push_back({slice.begin, slice.count, relative(base, lane.epoch), relative(from, lane.epoch), at});
    synapses += slice.count;
  }
  rheo_batch batch = batch_of(bundle, index, t);
  batch.slices = lane.slices.data();
  batch.slice_count = lane.slices.size();
  batch.sums = sums_differ_ ? lane.sent.data() : sums;
  batch.negative = bundle.plastic->negative();
  std::array<const void*, 2 * most_traces> at;
  for (std::size_t k = 0; k < pre_.size(); ++k) {
    at[k] = records_.base[k].data();
    at[most_traces + k] = records_.now[k].data();
  }
  batch.pre_base = at.data();
  batch.pre_now = at.data() + most_traces;
  // Traces of all targets once, where most of them are asked for.
  if (lane.now_tick != t && synapses > lane.width / 2 && !post_.empty()) {
    kernels_->targets_now(&batch, lane.now_at.data());
    lane.now_tick = t;
  }
  if (lane.now_tick == t) batch.now_values = lane.now_read.data();
  kernels_->arrive(&batch);
  lane.slices.clear();
  if (!sums_differ_) return;
  for (std::uint32_t j = 0; j < lane.width; ++j) {
    if (lane.sent[j] == 0) continue;
    static_cast<float*>(sums)[j] += static_cast<float>(lane.sent[j]);
    lane.sent[j] = 0;
  }
}

template <class Real>
void PlasticBundle<Real>::spiked(SynapseBundle& bundle, std::size_t index, Tick t, std::span<const NeuronId> neurons) {
  Lane& lane = lanes_[index];
  if (lane.width == 0) return;
  const PlasticPlan& plan = *bundle.plastic;
  const std::uint32_t first_slot = plan.first_slot[index];
  if (t - lane.epoch > longest_history) settle(bundle, index, t, t - 1);
  bool full = false;
  std::array<void*, most_traces> traces;
  lane.spiking.clear();
  for (const NeuronId neuron : neurons) {
    const auto after = std::ranges::upper_bound(plan.ranges[index], neuron, {}, &PlasticPlan::Range::first);
    if (after == plan.ranges[index].begin() || !after[-1].contains(neuron)) continue;
    const PlasticPlan::Range& range = after[-1];
    const std::uint32_t j = range.slot - first_slot + (neuron - range.first);
    const std::uint32_t count = lane.count[j];
    for (std::size_t k = 0; k < post_.size(); ++k) {
      Real& y = lane.after[k][j];
      if (post_[k] == RuleTrace::Kind::decays) {
        const auto elapsed = static_cast<std::int32_t>(static_cast<std::uint32_t>(t) - lane.last[j]);
        y *= decayed(post_decay_[k], elapsed < 0 ? std::numeric_limits<std::int32_t>::max() : elapsed);
      }
      if (post_[k] != RuleTrace::Kind::parameter) lane.before[k][std::size_t{count} * lane.width + j] = y;
      traces[k] = &y;
    }
    kernels_->post_spike(step_.data(), 1, traces.data());
    const auto tick = static_cast<std::uint16_t>(t - lane.epoch);
    lane.last[j] = static_cast<std::uint32_t>(t);
    lane.ticks[std::size_t{count} * lane.width + j] = tick;
    note_recent(lane, j, tick);
    lane.count[j] = static_cast<std::uint16_t>(count + 1);
    full = full || count + 1 == deep;
    ++lane.spikes;
    if (plan.eager && learns_) lane.spiking.push_back(j);
  }
  for (const std::uint32_t j : lane.spiking) {
    const auto begin = lane.incoming.begin() + lane.incoming_begin[j],
               end = lane.incoming.begin() + lane.incoming_begin[j + 1];
    for (auto one = begin; one != end; ++one) add_to_settle(lane, one->row, one->delay, one->synapse, 1, t, t);
    settle_added(bundle, index, t);
  }
  if (full) settle(bundle, index, t);
}

template <class Real>
void PlasticBundle<Real>::note_recent(Lane& lane, std::uint32_t j, std::uint32_t tick) {
  std::uint32_t age = 0;
  const auto note = [&](std::uint32_t t) {
    lane.newest[age] = std::max(lane.newest[age], static_cast<std::int32_t>(t));
    ++age;
  };
  for (std::uint32_t at = j; at < lane.recent.size(); at += lane.width) {
    std::uint32_t& pair = lane.recent[at];
    const std::uint32_t pushed_out = pair >> 16;
    pair = pair << 16 | tick;
    note(tick);
    note(pair >> 16);
    tick = pushed_out;
  }
  note(tick);
}

template <class Real>
void PlasticBundle<Real>::add_to_settle(Lane& lane, std::uint32_t row, std::uint32_t delay, std::uint32_t begin,
                                        std::uint32_t count, Tick from, Tick t) {
  const Base base = last_arrival(row, delay, t);
  const auto number = static_cast<std::uint32_t>(lane.slices.size());
  lane.slices.push_back(
      {begin, count, relative(base.tick, lane.epoch), relative(std::max(base.tick, from), lane.epoch), number});
  for (std::size_t k = 0; k < pre_.size(); ++k) {
    if (lane.base[k].size() <= number) lane.base[k].resize(2 * number + 16);
    lane.base[k][number] = base.is_newest ? traces_[k][row] : records_.base[k][base.after];
  }
}

template <class Real>
void PlasticBundle<Real>::settle_added(SynapseBundle& bundle, std::size_t index, Tick t, bool elapse) {
  Lane& lane = lanes_[index];
  rheo_batch batch = batch_of(bundle, index, t);
  batch.slices = lane.slices.data();
  batch.slice_count = lane.slices.size();
  if (elapse) batch.until = batch.arrival;
  std::array<const void*, most_traces> at;
  for (std::size_t k = 0; k < pre_.size(); ++k) at[k] = lane.base[k].data();
  batch.pre_base = at.data();
  kernels_->settle(&batch);
  lane.slices.clear();
}

template <class Real>
void PlasticBundle<Real>::forget(Lane& lane) {
  std::fill(lane.recent.begin(), lane.recent.end(), 0);
  std::fill(lane.count.begin(), lane.count.end(), std::uint16_t{0});
  lane.newest.fill(0);
  lane.spikes = 0;
}

template <class Real>
void PlasticBundle<Real>::settle_all(SynapseBundle& bundle, std::size_t index, Tick from, Tick t, bool elapse) {
  constexpr std::size_t at_once = 256;
  Lane& lane = lanes_[index];
  bundle.lanes[index].for_each_slice(
      [&](std::uint32_t row, std::uint32_t delay, std::uint32_t begin, std::uint32_t count) {
        add_to_settle(lane, row, delay, begin, count, from, t);
        if (lane.slices.size() == at_once) settle_added(bundle, index, t, elapse);
      });
  settle_added(bundle, index, t, elapse);
}

template <class Real>
void PlasticBundle<Real>::settle(SynapseBundle& bundle, std::size_t index, Tick arrived, Tick learnt, bool elapse) {
  Lane& lane = lanes_[index];
  if (lane.width == 0) return;
  const bool eager = bundle.plastic->eager;
  if ((lane.spikes > 0 && !eager && learns_) || elapse)
    settle_all(bundle, index, eager ? arrived + 1 : lane.epoch + 1, arrived, elapse);
  if (lane.spikes > 0) forget(lane);
  lane.epoch = learnt;
  lane.now_tick = nothing;
  // Ticks of last spikes are 32 bits wide.
  const auto t = static_cast<std::uint32_t>(learnt);
  for (std::uint32_t j = 0; j < lane.width; ++j) {
    if (t - lane.last[j] < static_cast<std::uint32_t>(long_ago)) continue;
    for (std::size_t k = 0; k < post_.size(); ++k)
      if (post_[k] == RuleTrace::Kind::decays) lane.after[k][j] = 0;
    lane.last[j] = t - static_cast<std::uint32_t>(long_ago / 2);
  }
  for (std::uint32_t j = 0; j < lane.settled.size(); ++j) lane.settled[j] = static_cast<std::int32_t>(lane.last[j] - t);
}

// What happens between events goes on in a copy: when a synapse elapses decides its last bits.
template <class Real>
void PlasticBundle<Real>::settle(SynapseBundle& bundle, std::size_t index, Tick t) {
  settle(bundle, index, t, t);
  Lane& lane = lanes_[index];
  if (!elapses_ || lane.width == 0) return;
  const std::size_t synapses = bundle.lanes[index].synapses();
  const std::vector<void*> columns = lane.columns;
  lane.shown.clear();
  for (void*& column : lane.columns) {
    lane.shown.emplace_back(synapses);
    std::copy_n(static_cast<const Real*>(column), synapses, lane.shown.back().data());
    column = lane.shown.back().data();
  }
  if (learns_) settle_all(bundle, index, t + 1, t, true);
  lane.columns = columns;
}

template <class Real>
void PlasticBundle<Real>::learn(SynapseBundle& bundle, bool learns, Tick now) {
  // What synapses do between events ends with learning, and begins anew.
  if (elapses_ && learns_)
    for (std::size_t l = 0; l < lanes_.size(); ++l) settle(bundle, l, now, now, true);
  fixed_ = now;
  learns_ = learns;
}

template <class Real>
Tick PlasticBundle<Real>::window(const SynapseBundle& bundle, const SignalBoard& signals, Tick now,
                                 Tick longest) const {
  const PlasticPlan& plan = *bundle.plastic;
  if (elapses_) longest = std::min(longest, dose_epoch_ + epoch_ticks_ - now);
  if (!plan.rule->consolidates) return longest;
  return std::min(longest, plan.interval > 0 ? plan.interval - now % plan.interval
                                             : signals.next_nonzero(plan.signals.front(), now, now + longest) - now);
}

template <class Real>
void PlasticBundle<Real>::begin(const SynapseBundle& bundle, const SignalBoard& signals, Tick end) {
  if (!elapses_) return;
  const PlasticPlan& plan = *bundle.plastic;
  for (Tick t = dosed_ + 1; t <= end; ++t) {
    const auto at = static_cast<std::size_t>(t - dose_epoch_);
    for (std::size_t k = 0; k < doses_.size(); ++k) {
      Dose& dose = doses_[k];
      if (dose.weights.empty()) continue;
      const std::size_t which = plan.signals[k];
      const double value = which == PlasticPlan::not_given ? plan.rule->signals[k].initial : signals.one(which, t);
      dose.sum += value * dose.weights[at];
      dose.pairs[2 * at] = static_cast<Real>(dose.sum);
    }
  }
  dosed_ = end;
}

template <class Real>
void PlasticBundle<Real>::between_windows(SynapseBundle& bundle, SignalBoard& signals, Tick now,
                                          const Threads& threads) {
  const bool epoch_ends = elapses_ && now == dose_epoch_ + epoch_ticks_;
  const bool consolidates = consolidates_at(bundle, signals, now);
  if (!epoch_ends && !consolidates) return;
  threads.for_each(lanes_.size(), [&](std::size_t l) { settle(bundle, l, now, now, elapses_ && learns_); });
  if (elapses_) fixed_ = now;
  if (consolidates) consolidate(bundle, signals, now, threads);
  if (!epoch_ends) return;
  dose_epoch_ = dosed_ = now;
  for (Dose& dose : doses_) dose.sum = 0;  // as is A of the first tick
}

namespace {

// Synapses in orders that do not depend on lanes.
struct Place {
  NeuronId target;
  std::uint32_t delay, lane, synapse;
};

class CanonicalRows {
 public:
  explicit CanonicalRows(const SynapseBundle& bundle) : bundle_(bundle), owners_(bundle.lanes.size()) {
    NeuronId end = 0;  // of the targets so far
    for (std::size_t l = 0; l < owners_.size(); ++l) {
      const std::uint32_t first = bundle.plastic->first_slot[l];
      for (const PlasticPlan::Range& range : bundle.plastic->ranges[l]) {
        ascending_ = ascending_ && range.slot == first && range.first >= end;
        end = range.end;
        for (NeuronId neuron = range.first; neuron < range.end; neuron += range.step) {
          const std::uint32_t j = range.slot - first + (neuron - range.first);
          if (owners_[l].size() <= j) owners_[l].resize(j + 1);
          owners_[l][j] = neuron;
        }
      }
    }
    for (const SourceRange& range : bundle.sources)
      for (NeuronId neuron = range.first; neuron < range.end; neuron += range.step)
        rows_.emplace_back(neuron, range.row + (neuron - range.first) / range.step);
    std::sort(rows_.begin(), rows_.end());
  }

  std::size_t count() const { return rows_.size(); }
  // Calls use(place, source) by source, target, delay, and as they are stored.
  template <class Use>
  void for_each(const Use& use) const {
    std::vector<Place> places;
    for (const auto& [source, row] : rows_) {
      list_places(row, places);
      std::stable_sort(places.begin(), places.end(), [](const Place& a, const Place& b) {
        return std::tie(a.target, a.delay) < std::tie(b.target, b.delay);
      });
      for (const Place& place : places) use(place, source);
    }
  }

  // Calls use(lane, begin, count) for synapses that are stored one after the other, by source, delay, target, and as
  // they are stored: nearly the order in memory.
  template <class Use>
  void for_each_run(const Use& use) const {
    std::vector<Place> places;
    std::vector<Run> runs;
    for (const auto& [source, row] : rows_) {
      if (!ascending_) {
        list_places(row, places);
        std::stable_sort(places.begin(), places.end(), [](const Place& a, const Place& b) {
          return std::tie(a.delay, a.target) < std::tie(b.delay, b.target);
        });
        for (const Place& place : places) use(place.lane, place.synapse, 1);
        continue;
      }
      runs.clear();
      for (std::uint32_t l = 0; l < owners_.size(); ++l) {
        if (bundle_.lanes[l].synapses() == 0) continue;
        bundle_.lanes[l].for_each_slice(row, [&](std::uint32_t delay, std::uint32_t begin, std::uint32_t count) {
          runs.push_back({delay, l, begin, count});
        });
      }
      std::sort(runs.begin(), runs.end(),
                [](const Run& a, const Run& b) { return std::tie(a.delay, a.lane) < std::tie(b.delay, b.lane); });
      for (const Run& run : runs) use(run.lane, run.begin, run.count);
    }
  }

 private:
  struct Run {
    std::uint32_t delay, lane, begin, count;
  };

  void list_places(std::uint32_t row, std::vector<Place>& places) const {
    places.clear();
    for (std::uint32_t l = 0; l < owners_.size(); ++l) {
      const SynapseBlock& block = bundle_.lanes[l];
      if (block.synapses() == 0) continue;
      block.for_each_slice(row, [&](std::uint32_t delay, std::uint32_t begin, std::uint32_t count) {
        for (std::uint32_t s = begin; s < begin + count; ++s)
          places.push_back({owners_[l][block.target(s)], delay, l, s});
      });
    }
  }

  const SynapseBundle& bundle_;
  std::vector<std::vector<NeuronId>> owners_;             // [lane][target]
  std::vector<std::pair<NeuronId, std::uint32_t>> rows_;  // of sources, ascending
  bool ascending_ = true;                                 // targets, from lane to lane
};

}  // namespace

// Calls use(lane, j) for every target, ascending by neuron.
template <class Real>
template <class Use>
void PlasticBundle<Real>::for_each_target(const SynapseBundle& bundle, const Use& use) const {
  struct Target {
    NeuronId neuron;
    std::uint32_t lane, j;
  };
  std::vector<Target> targets;
  for (std::uint32_t l = 0; l < lanes_.size(); ++l) {
    const std::uint32_t first = bundle.plastic->first_slot[l];
    for (const PlasticPlan::Range& range : bundle.plastic->ranges[l])
      for (NeuronId neuron = range.first; neuron < range.end; neuron += range.step)
        targets.push_back({neuron, l, range.slot - first + (neuron - range.first)});
  }
  std::sort(targets.begin(), targets.end(), [](const Target& a, const Target& b) { return a.neuron < b.neuron; });
  for (const Target& target : targets) use(target.lane, target.j);
}

template <class Real>
SynapseColumn PlasticBundle<Real>::read_column(const SynapseBundle& bundle, std::size_t column) const {
  std::uint64_t synapses = 0;
  for (const SynapseBlock& block : bundle.lanes) synapses += block.synapses();
  std::vector<Real> values;
  values.reserve(synapses);
  CanonicalRows(bundle).for_each(
      [&](const Place& place, NeuronId) { values.push_back(shown(bundle, place.lane, column)[place.synapse]); });
  return values;
}

template <class Real>
std::optional<Delivery::BrokenSynapse> PlasticBundle<Real>::first_broken(const SynapseBundle& bundle) const {
  const auto finite = [](const Real* values, std::size_t n) {
    Real sums[16] = {};
    for (std::size_t i = 0; i < n; ++i) sums[i % 16] += values[i] - values[i];  // 0, or not a number
    return std::all_of(std::begin(sums), std::end(sums), [](Real sum) { return sum == 0; });
  };
  const std::vector<RuleColumn>& columns = bundle.plastic->rule->columns;
  bool all_finite = true;
  for (std::size_t l = 0; l < lanes_.size(); ++l)
    for (std::size_t c = 0; c < columns.size() && bundle.lanes[l].synapses() > 0; ++c)
      all_finite = all_finite && finite(stored(bundle, l, c), bundle.lanes[l].synapses()) &&
                   finite(shown(bundle, l, c), bundle.lanes[l].synapses());
  if (all_finite) return std::nullopt;
  std::optional<Delivery::BrokenSynapse> first;
  CanonicalRows(bundle).for_each([&](const Place& place, NeuronId source) {
    for (std::size_t c = 0; c < columns.size() && !first; ++c)
      if (!std::isfinite(stored(bundle, place.lane, c)[place.synapse]) ||
          !std::isfinite(shown(bundle, place.lane, c)[place.synapse]))
        first = {bundle.plastic->projection, bundle.plastic->rule->name, columns[c].name, source, place.target};
  });
  return first;
}

template <class Real>
void PlasticBundle<Real>::save(const SynapseBundle& bundle, Tick now, ByteWriter& to) const {
  const CanonicalRows rows(bundle);
  to.put("learns", static_cast<std::uint8_t>(learns_));
  std::uint64_t synapses = 0;
  for (const SynapseBlock& block : bundle.lanes) synapses += block.synapses();
  const std::size_t columns = bundle.plastic->rule->columns.size();
  to.reserve(columns * synapses * sizeof(Real) + 64 * rows.count());
  for (std::size_t c = 0; c < columns; ++c) {
    to.put_filled<Real>(bundle.plastic->rule->columns[c].name, synapses, [&](std::byte* next) {
      rows.for_each_run([&](std::uint32_t lane, std::uint32_t begin, std::uint32_t count) {
        std::memcpy(next, stored(bundle, lane, c) + begin, count * sizeof(Real));
        next += count * sizeof(Real);
      });
    });
  }
  if (elapses_) {
    to.put("fixed", fixed_);
    to.put("dose.epoch", dose_epoch_);
    for (const Dose& dose : doses_) {
      if (dose.weights.empty()) continue;
      to.put("dose.sum", dose.sum);
      to.put("dose", std::span<const Real>(dose.pairs.data(), 2 * static_cast<std::size_t>(now - dose_epoch_ + 1)));
    }
  }
  to.put("source.last", std::span<const Tick>(last_));
  for (const std::vector<Real>& trace : traces_) to.put("source.trace", std::span<const Real>(trace));
  // Targets that nothing reaches in their lane have no traces; their numbers are those of silent ones.
  std::vector<Tick> last;
  for_each_target(bundle, [&](std::uint32_t l, std::uint32_t j) {
    const Lane& lane = lanes_[l];
    last.push_back(lane.width == 0 ? 0 : now - static_cast<Tick>(static_cast<std::uint32_t>(now) - lane.last[j]));
  });
  to.put("target.last", std::span<const Tick>(last));
  for (std::size_t k = 0; k < post_.size(); ++k) {
    std::vector<Real> values;
    for_each_target(bundle, [&](std::uint32_t l, std::uint32_t j) {
      values.push_back(lanes_[l].width != 0 ? lanes_[l].after[k][j] : Real(0));
    });
    to.put("target.trace", std::span<const Real>(values));
  }
  std::vector<std::uint32_t> in_flight;
  for (std::uint32_t k = 0; k < records_.size; ++k)
    if (const std::uint32_t at = records_.at(records_.first + k); records_.emitted[at] + max_delay_ > now)
      in_flight.push_back(at);
  const auto put = [&]<class T>(const char* name, const std::vector<T>& column) {
    std::vector<T> values;
    for (const std::uint32_t at : in_flight) values.push_back(column[at]);
    to.put(name, std::span<const T>(values));
  };
  put("in_flight.before", records_.before);
  for (const std::vector<Real>& column : records_.base) put("in_flight.base", column);
  for (const std::vector<Real>& column : records_.now) put("in_flight.now", column);
}

template <class Real>
void PlasticBundle<Real>::load(SynapseBundle& bundle, Tick now, const SpikeBatch& in_flight, ByteReader& from) {
  const auto reject = [](const char* key, const char* problem) { throw StateError({.key = key, .problem = problem}); };
  const auto learns = from.get<std::uint8_t>("learns");
  if (learns > 1) reject("learns", "neither 0 nor 1");
  learns_ = learns == 1;
  const CanonicalRows rows(bundle);
  std::uint64_t synapses = 0;
  for (const SynapseBlock& block : bundle.lanes) synapses += block.synapses();
  std::vector<Real> values(synapses);
  for (std::size_t c = 0; c < bundle.plastic->rule->columns.size(); ++c) {
    from.get(bundle.plastic->rule->columns[c].name, std::span<Real>(values));
    const Real* next = values.data();
    rows.for_each_run([&](std::uint32_t lane, std::uint32_t begin, std::uint32_t count) {
      std::copy_n(next, count, reinterpret_cast<Real*>(bundle.lanes[lane].columns[c].data()) + begin);
      next += count;
    });
  }
  if (elapses_) {
    fixed_ = from.get<Tick>("fixed");
    dose_epoch_ = from.get<Tick>("dose.epoch");
    if (dose_epoch_ < 0 || dose_epoch_ > now || now - dose_epoch_ >= epoch_ticks_ || dose_epoch_ % epoch_ticks_ != 0)
      reject("dose.epoch", "not the epoch of this time");
    if (fixed_ < dose_epoch_ || fixed_ > now) reject("fixed", "not a time of the epoch");
    for (Dose& dose : doses_) {
      if (dose.weights.empty()) continue;
      dose.sum = from.get<double>("dose.sum");
      from.get("dose", std::span<Real>(dose.pairs.data(), 2 * static_cast<std::size_t>(now - dose_epoch_ + 1)));
    }
    dosed_ = now;
  }
  from.get("source.last", std::span<Tick>(last_));
  for (const Tick last : last_)
    if (last < nothing || last > now) reject("source.last", "not a time of the past");
  for (std::vector<Real>& trace : traces_) from.get("source.trace", std::span<Real>(trace));
  std::size_t targets = 0;
  for_each_target(bundle, [&](std::uint32_t, std::uint32_t) { ++targets; });
  std::vector<Tick> last(targets);
  from.get("target.last", std::span<Tick>(last));
  std::size_t k = 0;
  for_each_target(bundle, [&](std::uint32_t l, std::uint32_t j) {
    if (lanes_[l].width != 0) lanes_[l].last[j] = static_cast<std::uint32_t>(last[k]);
    ++k;
  });
  values.resize(targets);
  for (std::size_t t = 0; t < post_.size(); ++t) {
    from.get("target.trace", std::span<Real>(values));
    k = 0;
    for_each_target(bundle, [&](std::uint32_t l, std::uint32_t j) {
      if (lanes_[l].width != 0) lanes_[l].after[t][j] = values[k];
      ++k;
    });
  }

  // Records of what is in flight, by (tick, source) as the spikes will be filed.
  records_.first = records_.size = first_new_ = 0;
  for_each_spike(bundle, in_flight, [&](Tick tick, std::uint32_t row) {
    if (records_.size == records_.capacity()) grow_records();
    const std::uint32_t number = records_.size++, at = records_.at(number);
    records_.emitted[at] = tick;
    records_.row[at] = row;
    records_.record_before[at] = newest_[row];
    newest_[row] = number;
  });
  const auto get = [&]<class T>(const char* name, std::vector<T>& column) {
    std::vector<T> all(records_.size);
    from.get(name, std::span<T>(all));
    std::copy(all.begin(), all.end(), column.begin());
  };
  get("in_flight.before", records_.before);
  for (std::uint32_t i = 0; i < records_.size; ++i)
    if (records_.before[i] < nothing || records_.before[i] > records_.emitted[i])
      reject("in_flight.before", "not a time before the spike");
  for (std::vector<Real>& column : records_.base) get("in_flight.base", column);
  for (std::vector<Real>& column : records_.now) get("in_flight.now", column);

  for (Lane& lane : lanes_) {
    forget(lane);
    lane.epoch = now;
    lane.now_tick = nothing;
    lane.shown.clear();
    for (std::uint32_t j = 0; j < lane.settled.size(); ++j)
      lane.settled[j] = static_cast<std::int32_t>(lane.last[j] - static_cast<std::uint32_t>(now));
  }
}

template <class Real>
std::size_t PlasticBundle<Real>::bytes() const {
  const auto of = []<class T>(const std::vector<T>& column) { return column.capacity() * sizeof(T); };
  std::size_t sum = of(last_) + of(newest_) + of(records_.emitted) + of(records_.before) + of(records_.row) +
                    of(records_.record_before);
  for (const auto* columns : {&traces_, &records_.base, &records_.now})
    for (const std::vector<Real>& column : *columns) sum += of(column);
  for (const Dose& dose : doses_) sum += dose.pairs.bytes() + of(dose.weights);
  for (const Lane& lane : lanes_) {
    sum += lane.recent.bytes() + lane.count.bytes() + lane.ticks.bytes() + lane.last.bytes() + lane.now_room.bytes() +
           of(lane.slices) + of(lane.incoming_begin) + of(lane.incoming);
    for (const auto* columns : {&lane.before, &lane.after, &lane.now})
      for (const AlignedColumn<Real>& column : *columns) sum += column.bytes();
    for (const auto* columns : {&lane.base, &lane.pre_now, &lane.signals, &lane.sums, &lane.backs})
      for (const std::vector<Real>& column : *columns) sum += of(column);
    sum += of(lane.settled) + lane.sent.bytes();
    for (const AlignedColumn<Real>& column : lane.shown) sum += column.bytes();
  }
  return sum;
}

template <class Real>
double PlasticBundle<Real>::expected_bytes(const PlasticPlan& plan, double width, double synapses, Precision sums) {
  const Rule& rule = *plan.rule;
  // In the order of the constructor.
  double target = 4 * 4 + 8 + 2 + 2 * deep + 4;
  if (rule.elapses()) target += 4;
  if (sizeof(Real) == 8 && sums == Precision::single_) target += sizeof(Real);
  for (const RuleTrace& trace : rule.post)
    target += sizeof(Real) * (1 + (trace.kind != RuleTrace::Kind::parameter ? deep : 0) +
                              (trace.kind == RuleTrace::Kind::decays ? 1 : 0));
  for (const RuleSignal& signal : rule.signals)
    if (signal.scope == RuleSignal::Scope::per_target) target += sizeof(Real);
  target += sizeof(Real) * static_cast<double>(rule.target_sums);
  if (plan.eager) target += 4;
  return target * width + (plan.eager ? sizeof(Incoming) * synapses : 0);
}

double learning_bytes(const PlasticPlan& plan, double width, double synapses, Precision sums) {
  return plan.precision == Precision::single_ ? PlasticBundle<float>::expected_bytes(plan, width, synapses, sums)
                                              : PlasticBundle<double>::expected_bytes(plan, width, synapses, sums);
}

template class PlasticBundle<float>;
template class PlasticBundle<double>;

std::unique_ptr<LearningSynapses> make_learning_synapses(const SynapseBundle& bundle, Tick max_delay, Precision sums) {
  if (bundle.plastic->precision == Precision::single_)
    return std::make_unique<PlasticBundle<float>>(bundle, max_delay, sums);
  return std::make_unique<PlasticBundle<double>>(bundle, max_delay, sums);
}

}  // namespace rheo
