// The synapses of one plastic projection while they run: what rules see of sources and targets, when they are called,
// and the histories from which synapses learn when a spike next reaches them (docs/decisions/0007-plastic-synapses.md).
//
// All synapses of a source see the same spikes, each after its delay. So the traces of a source are computed once, when
// it spikes, and stay in a record as long as the spike is in flight.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/aligned.hpp"
#include "core/bytes.hpp"
#include "core/loop/simulation.hpp"
#include "core/parallel.hpp"
#include "core/spikes.hpp"
#include "core/types.hpp"
#include "networks/plastic/signals.hpp"
#include "networks/synapses/block.hpp"
#include "plasticity/library.hpp"

namespace rheo {

// Synapses begin, begin + 1, ... of a lane, reached by the spike that has this record.
struct PlasticSlice {
  std::uint32_t begin, count, record;
};

// What delivery knows of it. Synapses may be in double precision where the simulation is in single precision.
class LearningSynapses {
 public:
  virtual ~LearningSynapses() = default;

  // Makes records for the spikes of its sources, before they are filed; on the thread that runs the simulation. Those
  // of one batch are numbered from first_record() on, by (tick, source).
  virtual void emitted(SynapseBundle& bundle, const SpikeBatch& batch) = 0;
  virtual std::uint32_t first_record() const = 0;

  // The slices, which all arrive in tick t, learn and transmit: what they send is added to `sums` of the lane's
  // targets, in the precision of the simulation: synapse by synapse, or their sum where synapses are in double
  // precision and the simulation is not.
  virtual void arrive(SynapseBundle& bundle, std::size_t lane, Tick t, std::span<const PlasticSlice> slices,
                      void* sums) = 0;
  // The ticks after `now` that may be computed at once, at most `longest`, as far as signals are known.
  virtual Tick window(const SynapseBundle& bundle, const SignalBoard& signals, Tick now, Tick longest) const = 0;
  // Before ticks (now, end] are computed, as long as window() allows.
  virtual void begin(const SynapseBundle& bundle, const SignalBoard& signals, Tick end) = 0;
  // After tick `now` was computed, and before the next window: consolidates, and what else is due at a fixed tick.
  virtual void between_windows(SynapseBundle& bundle, SignalBoard& signals, Tick now, const Threads& threads) = 0;
  // Neurons that spiked in tick t, among them targets in this lane; after all arrivals of the tick.
  virtual void spiked(SynapseBundle& bundle, std::size_t lane, Tick t, std::span<const NeuronId> neurons) = 0;
  // What targets did up to and including tick t reaches every synapse of the lane. Changes no result, whenever it is
  // called.
  virtual void settle(SynapseBundle& bundle, std::size_t lane, Tick t) = 0;
  // Whether synapses change from tick `now` on, the last that was computed, all lanes settled. While they do not, they
  // transmit what the rule makes of them as they are, and histories are dropped unread.
  virtual void learn(SynapseBundle& bundle, bool learns, Tick now) = 0;
  virtual bool learns() const = 0;
  // A synapse's weight as of the last settle().
  virtual double weight(const SynapseBundle& bundle, std::size_t lane, std::uint32_t synapse) const = 0;

  // A column of all synapses, lanes settled, by source, target and delay: weights are magnitudes.
  virtual SynapseColumn read_column(const SynapseBundle& bundle, std::size_t column) const = 0;
  // The first synapse, in that order, that holds a number that is not finite.
  virtual std::optional<Delivery::BrokenSynapse> first_broken(const SynapseBundle& bundle) const = 0;
  // All lanes settled at `now`: weights and columns by source, delay and target, traces, and what is in flight.
  virtual void save(const SynapseBundle& bundle, Tick now, ByteWriter& to) const = 0;
  // in_flight: the spikes that are filed next. Throws StateError.
  virtual void load(SynapseBundle& bundle, Tick now, const SpikeBatch& in_flight, ByteReader& from) = 0;
  virtual std::size_t bytes() const = 0;
};

// The synapses of a plastic bundle, in the precision that its plan says. sums: the precision of the simulation.
std::unique_ptr<LearningSynapses> make_learning_synapses(const SynapseBundle& bundle, Tick max_delay, Precision sums);

// What one lane of that takes for its targets, whose slots span so many places, before anything spikes.
double learning_bytes(const PlasticPlan& plan, double width, double synapses, Precision sums);

template <class Real>
class PlasticBundle final : public LearningSynapses {
 public:
  PlasticBundle(const SynapseBundle& bundle, Tick max_delay, Precision sums);

  void emitted(SynapseBundle& bundle, const SpikeBatch& batch) override;
  std::uint32_t first_record() const override { return first_new_; }
  void arrive(SynapseBundle& bundle, std::size_t lane, Tick t, std::span<const PlasticSlice> slices,
              void* sums) override;
  Tick window(const SynapseBundle& bundle, const SignalBoard& signals, Tick now, Tick longest) const override;
  void begin(const SynapseBundle& bundle, const SignalBoard& signals, Tick end) override;
  void between_windows(SynapseBundle& bundle, SignalBoard& signals, Tick now, const Threads& threads) override;
  void spiked(SynapseBundle& bundle, std::size_t lane, Tick t, std::span<const NeuronId> neurons) override;
  void settle(SynapseBundle& bundle, std::size_t lane, Tick t) override;
  void learn(SynapseBundle& bundle, bool learns, Tick now) override;
  bool learns() const override { return learns_; }
  double weight(const SynapseBundle& bundle, std::size_t lane, std::uint32_t synapse) const override {
    return shown(bundle, lane, 0)[synapse];
  }
  SynapseColumn read_column(const SynapseBundle& bundle, std::size_t column) const override;
  std::optional<Delivery::BrokenSynapse> first_broken(const SynapseBundle& bundle) const override;
  void save(const SynapseBundle& bundle, Tick now, ByteWriter& to) const override;
  void load(SynapseBundle& bundle, Tick now, const SpikeBatch& in_flight, ByteReader& from) override;
  std::size_t bytes() const override;
  static double expected_bytes(const PlasticPlan& plan, double width, double synapses, Precision sums);

 private:
  static constexpr Tick nothing = -1;        // of a neuron that never spiked
  static constexpr std::uint32_t deep = 32;  // spikes of a target that histories hold
  static constexpr Tick longest_history = 1 << 14;

  static constexpr Tick longest_epoch = 1 << 13;  // of doses

  const Real* stored(const SynapseBundle& bundle, std::size_t lane, std::size_t column) const {
    return reinterpret_cast<const Real*>(bundle.lanes[lane].columns[column].data());
  }
  // As of the last settle().
  const Real* shown(const SynapseBundle& bundle, std::size_t lane, std::size_t column) const {
    const Lane& here = lanes_[lane];
    return here.shown.empty() ? stored(bundle, lane, column) : here.shown[column].data();
  }
  // Decay over k 16^d ticks at [d][k].
  using DecayTable = std::array<std::array<Real, 16>, 8>;

  // Spikes in flight, oldest first: a ring of columns.
  struct Records {
    std::uint32_t first = 0, size = 0;  // numbers first, first + 1, ... modulo 2^32; number k is at k % capacity
    std::vector<Tick> emitted, before;  // the source's spike before this one, or nothing
    std::vector<std::uint32_t> row, record_before;
    std::vector<std::vector<Real>> base, now;  // [trace] just after the spike before, just before this one
    std::uint32_t capacity() const { return static_cast<std::uint32_t>(emitted.size()); }
    std::uint32_t at(std::uint32_t number) const { return number & (capacity() - 1); }
  };
  // Synapses onto one target, for eager spikes.
  struct Incoming {
    std::uint32_t row, synapse, delay;
  };
  struct Lane {
    std::uint32_t width = 0;
    Tick epoch = 0;  // histories hold spikes after it
    std::uint64_t spikes = 0;
    AlignedColumn<std::uint32_t> recent;
    std::array<std::int32_t, 9> newest{};
    AlignedColumn<std::uint16_t> count, ticks;
    AlignedColumn<std::uint32_t> last;
    std::vector<std::int32_t> settled;  // tick of the last spike up to the epoch, where synapses elapse
    std::vector<AlignedColumn<Real>> before, after, now;  // [trace]
    std::vector<const void*> before_at, after_at;
    std::vector<void*> now_at;
    std::vector<const void*> now_read;
    AlignedColumn<std::uint64_t> now_room;
    Tick now_tick = nothing;  // that `now` and `now_room` are of
    std::vector<void*> columns;
    std::vector<rheo_slice> slices;
    std::vector<std::uint32_t> spiking;         // targets, eager only
    std::vector<std::vector<Real>> base;        // [trace][slice] when settling
    std::vector<std::vector<Real>> pre_now;     // [trace][slice] while consolidating
    std::vector<std::vector<Real>> signals;     // [signal] of one number, or [target] or [slice]
    std::vector<std::vector<Real>> sums;        // [target sum][target]
    std::vector<std::vector<Real>> backs;       // [source sum][slice] while consolidating
    std::vector<AlignedColumn<Real>> shown;     // columns as of the last settle(), where synapses elapse
    AlignedColumn<Real> sent;                   // [target] in the tick at hand, where sums are in another precision
    std::vector<std::uint32_t> incoming_begin;  // [width + 1]
    std::vector<Incoming> incoming;
  };
  struct Base {
    Tick tick;             // of the last arrival, or nothing
    std::uint32_t record;  // of the spike that arrived, if it is known
    bool is_newest;        // traces are the source's own, else those before the record at `after`
    std::uint32_t after;
  };

  void grow_records();
  void index_targets(const SynapseBundle& bundle, std::size_t lane);
  template <class Use>
  void for_each_target(const SynapseBundle& bundle, const Use& use) const;
  rheo_batch batch_of(SynapseBundle& bundle, std::size_t lane, Tick t);
  // The last arrival up to tick t of what a row sends with a delay.
  Base last_arrival(std::uint32_t row, std::uint32_t delay, Tick t) const;
  // Synapses that learn from the spikes of targets in ticks `from` to t, when settle_added() is called.
  void add_to_settle(Lane& lane, std::uint32_t row, std::uint32_t delay, std::uint32_t begin, std::uint32_t count,
                     Tick from, Tick t);
  void settle_added(SynapseBundle& bundle, std::size_t lane, Tick t, bool elapse = false);
  // All of a lane, with spikes of targets in ticks `from` to t; elapse: up to tick t.
  void settle_all(SynapseBundle& bundle, std::size_t lane, Tick from, Tick t, bool elapse);
  // Of arrivals up to one tick with spikes of targets up to another.
  void settle(SynapseBundle& bundle, std::size_t lane, Tick arrived, Tick learnt, bool elapse = false);
  bool consolidates_at(const SynapseBundle& bundle, const SignalBoard& signals, Tick t) const;
  void consolidate(SynapseBundle& bundle, SignalBoard& signals, Tick now, const Threads& threads);
  // The steps of a consolidation: of lanes before and after what sums over lanes.
  void collect(SynapseBundle& bundle, const SignalBoard& signals, std::size_t lane, Tick now);
  void reflect(SynapseBundle& bundle, const SignalBoard& signals, std::uint32_t row, Tick now);
  void publish(const SynapseBundle& bundle, SignalBoard& signals, Tick now);
  void change(SynapseBundle& bundle, const SignalBoard& signals, std::size_t lane, Tick now);
  // Calls run(batch) for batches of all slices of a lane, as consolidates see them.
  template <class Run>
  void for_each_batch(SynapseBundle& bundle, const SignalBoard& signals, std::size_t lane, Tick now, const Run& run);
  // A trace of a row's source, as synapses with this delay see it at tick t.
  Real trace_at(std::size_t trace, std::uint32_t row, std::uint32_t delay, Tick t) const;
  // The number that a row's source has in a signal of the rule.
  Real source_signal(const SynapseBundle& bundle, const SignalBoard& signals, std::size_t k, std::uint32_t row,
                     Tick t) const;
  static DecayTable decay_table(double tau, double dt);
  // Histories: a spike of target j, and none.
  static void note_recent(Lane& lane, std::uint32_t j, std::uint32_t tick);
  static void forget(Lane& lane);
  static std::int32_t relative(Tick tick, Tick epoch);

  const rheo_rule_kernels* kernels_;
  std::vector<std::byte> step_;
  bool learns_ = true;
  bool sums_differ_;  // are in single precision, and synapses in double precision
  Tick max_delay_;
  std::vector<RuleTrace::Kind> pre_, post_;
  std::vector<DecayTable> pre_decay_, post_decay_;
  std::vector<const void*> pre_decay_at_, post_decay_at_;  // null where a trace does not decay
  // What happens between a synapse's events, where the rule elapses. A dose over ticks (t1, t2] of one epoch is
  // (A(t2) - A(t1)) E(t1), A being the sum of signal dt exp(-t/tau), t from the epoch on, and E = exp(t/tau). Epochs
  // are no longer than the precision allows: tau/2 in single, 8 tau in double. At the end of one every synapse elapses.
  bool elapses_ = false;
  std::vector<DecayTable> column_decay_;
  std::vector<const void*> column_decay_at_;  // null where a column does not decay
  // Of one signal of the rule; empty: no dose.
  struct Dose {
    AlignedColumn<Real> pairs;    // [tick of the epoch][2]: A, E
    std::vector<double> weights;  // [tick of the epoch] dt exp(-t/tau)
    double sum = 0;               // A of the last tick that is known
  };
  std::vector<Dose> doses_;
  std::vector<const void*> doses_at_;
  Tick epoch_ticks_ = longest_epoch;
  Tick dose_epoch_ = 0;                   // its first tick
  Tick dosed_ = 0;                        // A is known up to this tick
  Tick fixed_ = 0;                        // all synapses have elapsed up to this tick
  std::vector<std::vector<Real>> backs_;  // [source sum][row] of the consolidation at hand
  // Sources, by row: the last spike, its record (while it is in flight) and the traces just after it.
  std::vector<Tick> last_;
  std::vector<std::uint32_t> newest_;
  std::vector<std::vector<Real>> traces_;  // [trace]
  Records records_;
  std::uint32_t first_new_ = 0;
  std::vector<Lane> lanes_;
};

extern template class PlasticBundle<float>;
extern template class PlasticBundle<double>;

// What is left of a trace after `elapsed` ticks, as rules' kernels compute it.
template <class Table>
auto decayed(const Table& digits, Tick elapsed) {
  const auto ticks = static_cast<std::uint32_t>(std::min<Tick>(elapsed, std::numeric_limits<std::int32_t>::max()));
  auto left = digits[0][ticks & 15] * digits[1][ticks >> 4 & 15] * digits[2][ticks >> 8 & 15];
  if (ticks > 4095)
    for (std::uint32_t d = 3; d < 8; ++d) left *= digits[d][ticks >> (4 * d) & 15];
  return left;
}

template <class Real>
inline typename PlasticBundle<Real>::Base PlasticBundle<Real>::last_arrival(std::uint32_t row, std::uint32_t delay,
                                                                            Tick t) const {
  Base base{last_[row], newest_[row], true, 0};
  while (base.tick != nothing && base.tick + static_cast<Tick>(delay) > t) {
    const std::uint32_t at = records_.at(base.record);
    base = {records_.before[at], records_.record_before[at], false, at};
  }
  if (base.tick != nothing) base.tick += delay;
  return base;
}

template <class Real>
inline Real PlasticBundle<Real>::trace_at(std::size_t trace, std::uint32_t row, std::uint32_t delay, Tick t) const {
  const Base base = last_arrival(row, delay, t);
  if (base.tick == nothing) return 0;
  const Real then = base.is_newest ? traces_[trace][row] : records_.base[trace][base.after];
  return pre_[trace] == RuleTrace::Kind::decays ? then * decayed(pre_decay_[trace], t - base.tick) : then;
}

}  // namespace rheo
