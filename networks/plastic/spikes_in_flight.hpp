// The sources of a plastic projection: their traces, and their spikes in flight.
//
// All synapses of a source see the same spikes, each after its delay. So the traces of a source are computed once, when
// it spikes, and stay in a record as long as the spike is in flight.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "core/bytes.hpp"
#include "core/spikes.hpp"
#include "networks/plastic/bound_rule.hpp"
#include "networks/plastic/elapsed.hpp"
#include "networks/synapses/block.hpp"

namespace rheo {

template <class Real>
class SpikesInFlight {
 public:
  SpikesInFlight(const BoundRule<Real>& rule, const std::vector<SourceRange>& sources, Tick max_delay)
      : rule_(rule), sources_(sources), max_delay_(max_delay) {
    const std::uint32_t rows = row_count(sources);
    last_.assign(rows, never_spiked);
    newest_.resize(rows);
    traces_.assign(rule.pre.size(), std::vector<Real>(rows));
    base_.resize(rule.pre.size());
    now_.resize(rule.pre.size());
    grow();
  }

  // No source has ever spiked.
  void forget() {
    std::fill(last_.begin(), last_.end(), never_spiked);
    for (std::vector<Real>& trace : traces_) std::fill(trace.begin(), trace.end(), Real(0));
    first_ += size_;
    size_ = 0;
    first_new_ = first_;
  }
  // Makes records for the spikes of sources in a batch, by (tick, source), and drops those of spikes that arrived
  // everywhere before it.
  void add(const SpikeBatch& batch) {
    while (size_ > 0 && emitted_[at(first_)] + max_delay_ < batch.first) {
      ++first_;
      --size_;
    }
    first_new_ = first_ + size_;
    std::array<void*, most_traces> traces;
    for_each_spike(batch, [&](Tick tick, std::uint32_t row) {
      const std::uint32_t here = append(tick, row);
      before_[here] = last_[row];
      for (std::size_t t = 0; t < traces_.size(); ++t) {
        Real& x = traces_[t][row];
        base_[t][here] = x;
        if (rule_.pre_decay.decays(t) && last_[row] != never_spiked) x *= rule_.pre_decay.left(t, tick - last_[row]);
        now_[t][here] = x;
        traces[t] = &x;
      }
      rule_.loops.pre_spike(rule_.coefficients.data(), 1, traces.data());
      last_[row] = tick;
    });
  }
  // The number of the batch's first record.
  std::uint32_t first_new() const { return first_new_; }
  std::uint32_t rows() const { return static_cast<std::uint32_t>(last_.size()); }

  // Where the record of a number is, and the ticks of its spike and of the source's spike before that.
  std::uint32_t at(std::uint32_t number) const { return number & (capacity_ - 1); }
  Tick emitted(std::uint32_t at) const { return emitted_[at]; }
  Tick before(std::uint32_t at) const { return before_[at]; }
  // [record] A trace just after the spike before, and just before this one.
  const Real* base(std::size_t trace) const { return base_[trace].data(); }
  const Real* now(std::size_t trace) const { return now_[trace].data(); }

  // The last arrival up to a tick of what a row sends with a delay.
  struct Arrival {
    Tick tick;             // or never_spiked
    std::uint32_t record;  // of the spike that arrived, if it is known
    bool is_newest;        // traces are the source's own, else those before the record at `after`
    std::uint32_t after;
  };
  Arrival last_arrival(std::uint32_t row, std::uint32_t delay, Tick t) const {
    Arrival arrival{last_[row], newest_[row], true, 0};
    while (arrival.tick != never_spiked && arrival.tick + static_cast<Tick>(delay) > t) {
      const std::uint32_t here = at(arrival.record);
      arrival = {before_[here], record_before_[here], false, here};
    }
    if (arrival.tick != never_spiked) arrival.tick += delay;
    return arrival;
  }
  // A trace just after that arrival.
  Real trace_after(const Arrival& arrival, std::size_t trace, std::uint32_t row) const {
    return arrival.is_newest ? traces_[trace][row] : base_[trace][arrival.after];
  }
  // A trace of a row's source, as synapses with this delay see it at tick t.
  Real trace_at(std::size_t trace, std::uint32_t row, std::uint32_t delay, Tick t) const {
    const Arrival arrival = last_arrival(row, delay, t);
    if (arrival.tick == never_spiked) return 0;
    const Real then = trace_after(arrival, trace, row);
    return rule_.pre_decay.decays(trace) ? then * rule_.pre_decay.left(trace, t - arrival.tick) : then;
  }

  void save_sources(ByteWriter& to) const {
    to.put("source.last", std::span<const Tick>(last_));
    for (const std::vector<Real>& trace : traces_) to.put("source.trace", std::span<const Real>(trace));
  }
  void save_in_flight(Tick now, ByteWriter& to) const {
    std::vector<std::uint32_t> in_flight;
    for (std::uint32_t k = first_; k != first_ + size_; ++k)
      if (emitted_[at(k)] + max_delay_ > now) in_flight.push_back(at(k));
    const auto put = [&]<class T>(const char* name, const std::vector<T>& column) {
      std::vector<T> values;
      for (const std::uint32_t here : in_flight) values.push_back(column[here]);
      to.put(name, std::span<const T>(values));
    };
    put("in_flight.before", before_);
    for (const std::vector<Real>& column : base_) put("in_flight.base", column);
    for (const std::vector<Real>& column : now_) put("in_flight.now", column);
  }
  // Throw StateError. batch: the spikes that are filed next.
  void load_sources(Tick now, ByteReader& from) {
    from.get("source.last", std::span<Tick>(last_));
    for (const Tick last : last_)
      if (last < never_spiked || last > now)
        throw StateError({.key = "source.last", .problem = "not a time of the past"});
    for (std::vector<Real>& trace : traces_) from.get("source.trace", std::span<Real>(trace));
  }
  void load_in_flight(const SpikeBatch& batch, ByteReader& from) {
    first_ = size_ = first_new_ = 0;
    for_each_spike(batch, [&](Tick tick, std::uint32_t row) { append(tick, row); });
    const auto get = [&]<class T>(const char* name, std::vector<T>& column) {
      from.get(name, std::span<T>(column).first(size_));
    };
    get("in_flight.before", before_);
    for (std::uint32_t i = 0; i < size_; ++i)
      if (before_[i] < never_spiked || before_[i] > emitted_[i])
        throw StateError({.key = "in_flight.before", .problem = "not a time before the spike"});
    for (std::vector<Real>& column : base_) get("in_flight.base", column);
    for (std::vector<Real>& column : now_) get("in_flight.now", column);
  }
  std::size_t bytes() const {
    const auto of = []<class T>(const std::vector<T>& column) { return column.capacity() * sizeof(T); };
    std::size_t sum = of(last_) + of(newest_) + of(emitted_) + of(before_) + of(record_before_);
    for (const auto* columns : {&traces_, &base_, &now_})
      for (const std::vector<Real>& column : *columns) sum += of(column);
    return sum;
  }

 private:
  // Calls use(tick, row) by (tick, source).
  template <class Use>
  void for_each_spike(const SpikeBatch& batch, const Use& use) const {
    for (std::size_t k = 0; k < batch.ticks(); ++k)
      for_each_row(sources_, batch.at(k), [&, tick = batch.tick(k)](std::uint32_t row) { use(tick, row); });
  }
  // The place of the record of a row's next spike.
  std::uint32_t append(Tick tick, std::uint32_t row) {
    if (size_ == capacity_) grow();
    const std::uint32_t number = first_ + size_++, here = at(number);
    emitted_[here] = tick;
    record_before_[here] = newest_[row];
    newest_[row] = number;
    return here;
  }
  void grow() {
    const std::uint32_t bigger = std::max(64u, 2 * capacity_);
    const auto grow_column = [&]<class T>(std::vector<T>& column) {
      std::vector<T> grown(bigger);
      for (std::uint32_t k = first_; k != first_ + size_; ++k) grown[k & (bigger - 1)] = column[at(k)];
      column = std::move(grown);
    };
    grow_column(emitted_);
    grow_column(before_);
    grow_column(record_before_);
    for (auto* columns : {&base_, &now_})
      for (std::vector<Real>& column : *columns) grow_column(column);
    capacity_ = bigger;
  }

  const BoundRule<Real>& rule_;
  const std::vector<SourceRange>& sources_;
  Tick max_delay_;
  // By row: the last spike, its record (while it is in flight) and the traces just after it.
  std::vector<Tick> last_;
  std::vector<std::uint32_t> newest_;
  std::vector<std::vector<Real>> traces_;  // [trace]
  // Records, oldest first: a ring of columns, whose capacity is a power of 2.
  std::uint32_t first_ = 0, size_ = 0, capacity_ = 0;  // numbers first, first + 1, ... modulo 2^32
  std::vector<Tick> emitted_, before_;
  std::vector<std::uint32_t> record_before_;
  std::vector<std::vector<Real>> base_, now_;  // [trace]
  std::uint32_t first_new_ = 0;
};

}  // namespace rheo
