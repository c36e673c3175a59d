// The targets of a plastic projection in one lane: their traces, and their spikes since the lane's epoch, from which a
// synapse learns when a spike next reaches it (docs/decisions/0007-plastic-synapses.md).
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

#include "core/aligned.hpp"
#include "networks/plastic/bound_rule.hpp"
#include "networks/plastic/elapsed.hpp"

namespace rheo {

template <class Real>
class TargetHistory {
 public:
  static constexpr Tick longest = 1 << 14;  // ticks from the epoch to a spike
  // What it takes for a target, in the order of the constructor.
  static double expected_bytes(const Rule& rule) {
    double bytes = 4 * 4 + 2 + 2 * deep + 4 + 8;
    if (rule.elapses()) bytes += 4;
    for (const RuleTrace& trace : rule.post)
      bytes += sizeof(Real) * (1 + (trace.kind != RuleTrace::Kind::parameter ? deep + recent_spikes : 0) +
                               (trace.kind == RuleTrace::Kind::decays ? 1 : 0));
    return bytes;
  }

  // width: a multiple of 16; 0: nothing reaches the lane.
  TargetHistory(const BoundRule<Real>& rule, std::uint32_t width)
      : rule_(rule),
        width_(width),
        recent_(std::size_t{4} * width),
        count_(width),
        ticks_(std::size_t{deep} * width),
        last_(width),
        now_room_(width) {
    if (rule.elapses) settled_.assign(width, -long_ago);
    for (const RuleTrace::Kind kind : rule.post) {
      before_.emplace_back(kind != RuleTrace::Kind::parameter ? std::size_t{deep} * width : 0);
      recent_before_.emplace_back(kind != RuleTrace::Kind::parameter ? std::size_t{recent_spikes} * width : 0);
      after_.emplace_back(width);
      now_.emplace_back(kind == RuleTrace::Kind::decays ? width : 0);
      before_at_.push_back(before_.back().data());
      recent_before_at_.push_back(recent_before_.back().data());
      after_at_.push_back(after_.back().data());
      now_at_.push_back(now_.back().data());
      now_read_.push_back(now_.back().data());
    }
  }

  std::uint32_t width() const { return width_; }
  Tick epoch() const { return epoch_; }
  bool empty() const { return spikes_ == 0; }
  // Target j spikes. Returns whether it has no room for another spike, so that a new epoch must begin.
  bool add(std::uint32_t j, Tick t) {
    const std::uint32_t count = count_[j];
    const std::size_t place = std::size_t{count} * width_ + j;
    std::array<void*, most_traces> traces;
    for (std::size_t k = 0; k < after_.size(); ++k) {
      Real& y = after_[k][j];
      if (rule_.post_decay.decays(k)) {
        const auto elapsed = static_cast<std::int32_t>(static_cast<std::uint32_t>(t) - last_[j]);
        y *= rule_.post_decay.left(k, elapsed < 0 ? std::numeric_limits<std::int32_t>::max() : elapsed);
      }
      if (rule_.loops.reads_before != 0 && rule_.post[k] != RuleTrace::Kind::parameter) {
        before_[k][place] = y;
        note_before(k, j, y);
      }
      traces[k] = &y;
    }
    rule_.loops.post_spike(rule_.coefficients.data(), 1, traces.data());
    const auto tick = static_cast<std::uint16_t>(t - epoch_);
    last_[j] = static_cast<std::uint32_t>(t);
    ticks_[place] = tick;
    note_recent(j, tick);
    count_[j] = static_cast<std::uint16_t>(count + 1);
    ++spikes_;
    return count + 1 == deep;
  }
  // Forgets the spikes of the epoch before, which every synapse has learnt from.
  void begin_epoch(Tick now) {
    if (spikes_ > 0) {
      std::fill(recent_.begin(), recent_.end(), 0);
      std::fill(count_.begin(), count_.end(), std::uint16_t{0});
      newest_.fill(0);
      spikes_ = 0;
    }
    epoch_ = now;
    traces_tick_ = never_spiked;
    // Ticks of last spikes are 32 bits wide.
    const auto t = static_cast<std::uint32_t>(now);
    for (std::uint32_t j = 0; j < width_; ++j) {
      if (t - last_[j] < static_cast<std::uint32_t>(long_ago)) continue;
      for (std::size_t k = 0; k < after_.size(); ++k)
        if (rule_.post_decay.decays(k)) after_[k][j] = 0;
      last_[j] = t - static_cast<std::uint32_t>(long_ago / 2);
    }
    for (std::uint32_t j = 0; j < settled_.size(); ++j) settled_[j] = static_cast<std::int32_t>(last_[j] - t);
  }

  // No target has ever spiked, as at the start; in a new epoch.
  void forget(Tick now) {
    std::fill_n(last_.data(), width_, static_cast<std::uint32_t>(now));
    std::fill(settled_.begin(), settled_.end(), static_cast<std::int32_t>(-long_ago));
    for (std::size_t k = 0; k < after_.size(); ++k)
      if (rule_.post[k] != RuleTrace::Kind::parameter) std::fill_n(after_[k].data(), width_, Real(0));
  }

  // What batches know of targets.
  void give(rheo_batch& batch) {
    batch.width = width_;
    batch.recent = recent_.data();
    batch.newest = newest_.data();
    batch.count = count_.data();
    batch.ticks = ticks_.data();
    batch.before = before_at_.data();
    batch.recent_before = recent_before_at_.data();
    batch.after = after_at_.data();
    batch.last = last_.data();
    batch.now_room = now_room_.data();
    batch.settled = settled_.data();
  }
  // Computes traces of all targets as arrivals in tick t see them, unless they are known.
  void find_traces(const rheo_batch& batch, Tick t) {
    if (knows_traces(t)) return;
    rule_.loops.targets_now(&batch, now_at_.data());
    traces_tick_ = t;
  }
  bool knows_traces(Tick t) const { return traces_tick_ == t; }
  const void* const* traces_now() const { return now_read_.data(); }

  // The tick of the last spike; `now`: not before it.
  Tick last(std::uint32_t j, Tick now) const {
    return width_ == 0 ? 0 : now - static_cast<Tick>(static_cast<std::uint32_t>(now) - last_[j]);
  }
  // A trace just after the last spike, or a parameter.
  Real trace(std::size_t k, std::uint32_t j) const { return width_ == 0 ? Real(0) : after_[k][j]; }
  // Of a lane that nothing reaches: nothing.
  void set_last(std::uint32_t j, Tick last) {
    if (width_ != 0) last_[j] = static_cast<std::uint32_t>(last);
  }
  void set_trace(std::size_t k, std::uint32_t j, Real value) {
    if (width_ != 0) after_[k][j] = value;
  }
  std::size_t bytes() const {
    std::size_t sum = recent_.bytes() + count_.bytes() + ticks_.bytes() + last_.bytes() + now_room_.bytes() +
                      settled_.capacity() * sizeof(std::int32_t);
    for (const auto* columns : {&before_, &recent_before_, &after_, &now_})
      for (const AlignedColumn<Real>& column : *columns) sum += column.bytes();
    return sum;
  }

 private:
  static constexpr std::uint32_t deep = 32, recent_spikes = 8;  // of a target

  void note_recent(std::uint32_t j, std::uint32_t tick) {
    std::uint32_t age = 0;
    const auto note = [&](std::uint32_t t) {
      newest_[age] = std::max(newest_[age], static_cast<std::int32_t>(t));
      ++age;
    };
    for (std::uint32_t at = j; at < recent_.size(); at += width_) {
      std::uint32_t& pair = recent_[at];
      const std::uint32_t pushed_out = pair >> 16;
      pair = pair << 16 | tick;
      note(tick);
      note(pair >> 16);
      tick = pushed_out;
    }
    note(tick);
  }

  // A trace just before the spike of target j that comes, as rule_abi.h has them.
  void note_before(std::size_t k, std::uint32_t j, Real value) {
    for (std::size_t pair = 0; pair < recent_spikes / 2; ++pair) {
      Real* const two = recent_before_[k].data() + 2 * (pair * width_ + j);
      const Real pushed_out = two[1];
      two[1] = two[0];
      two[0] = value;
      value = pushed_out;
    }
  }

  const BoundRule<Real>& rule_;
  std::uint32_t width_;
  Tick epoch_ = 0;  // spikes are later
  std::uint64_t spikes_ = 0;
  AlignedColumn<std::uint32_t> recent_;
  std::array<std::int32_t, 9> newest_{};
  AlignedColumn<std::uint16_t> count_, ticks_;
  AlignedColumn<std::uint32_t> last_;
  std::vector<std::int32_t> settled_;  // tick of the last spike up to the epoch, where synapses elapse
  std::vector<AlignedColumn<Real>> before_, recent_before_, after_, now_;  // [trace]
  std::vector<const void*> before_at_, recent_before_at_, after_at_;
  std::vector<void*> now_at_;
  std::vector<const void*> now_read_;
  AlignedColumn<std::uint64_t> now_room_;
  Tick traces_tick_ = never_spiked;  // that `now` and `now_room` are of
};

}  // namespace rheo
