// A wheel of ticks: a spike files its slices of synapses under the tick of their arrival, and they are added to one row
// of sums when they arrive.
#include <algorithm>
#include <type_traits>

#include "core/wheel.hpp"
#include "networks/delivery/graded.hpp"
#include "networks/delivery/stored_bundles.hpp"
#include "networks/plastic/bundle.hpp"

namespace rheo {

namespace {

// Plastic: some bundle is, or there are signals.
template <class Real, bool plastic>
class WheelDelivery final : public TypedBundles<Real> {
  using Base = TypedBundles<Real>;
  using Base::address;
  using Base::block_of;
  using Base::bundles_;
  using Base::graded_;
  using Base::list_rows;
  using Base::max_delay_;
  using typename Base::Row;

 public:
  WheelDelivery(std::vector<SynapseBundle> bundles, const std::vector<std::uint32_t>& slots, bool note_touched,
                SignalBoard signals)
      : Base(std::move(bundles)), note_touched_(note_touched), signals_(std::move(signals)), lanes_(slots.size()) {
    for (std::size_t i = 0; i < slots.size(); ++i) {
      lanes_[i].wheel = DelayWheel<Slice>(max_delay_);
      lanes_[i].input = AlignedColumn<Real>(slots[i]);
      if (note_touched) lanes_[i].touched = TouchedSlots(slots[i]);
    }
    plastic_.resize(bundles_.size());
    for (std::size_t b = 0; b < bundles_.size(); ++b)
      if (bundles_[b].plastic)
        plastic_[b] = make_learning_synapses(bundles_[b], max_delay_,
                                             sizeof(Real) == 4 ? Precision::single_ : Precision::double_);
  }

  void attach(const std::vector<std::unique_ptr<PopulationBlock>>& populations) override {
    values_.attach(bundles_, populations, this->min_delay());
    signals_.attach(populations);
  }
  void begin(Tick now) override { values_.take_all(now); }
  void advanced(std::size_t, Tick t, const std::vector<Piece>& pieces) override { values_.take(t, pieces); }
  Tick window(Tick now, Tick longest) override {
    if constexpr (plastic) {
      signals_.look(now);
      longest = signals_.window(now, longest);
      longest = signals_.fill(now, now + longest) - now;
      for (std::size_t b = 0; b < bundles_.size(); ++b)
        if (plastic_[b]) longest = plastic_[b]->window(signals_, now, longest);
      for (std::size_t b = 0; b < bundles_.size(); ++b)
        if (plastic_[b]) plastic_[b]->begin(signals_, now + longest);
    }
    return longest;
  }
  void between_windows(Tick now, const Threads& threads) override {
    if constexpr (plastic)
      for (std::size_t b = 0; b < bundles_.size(); ++b)
        if (plastic_[b]) plastic_[b]->between_windows(signals_, now, threads);
  }
  SignalBoard* signals() override { return plastic ? &signals_ : nullptr; }
  void emitted(const SpikeBatch& batch) override {
    if constexpr (plastic) signals_.take(batch);
    if constexpr (plastic)
      for (std::size_t b = 0; b < bundles_.size(); ++b)
        if (plastic_[b]) plastic_[b]->emitted(batch);
  }
  void spiked(std::size_t lane, Tick t, std::span<const NeuronId> neurons) override {
    if constexpr (plastic)
      for (std::size_t b = 0; b < bundles_.size(); ++b)
        if (plastic_[b]) plastic_[b]->spiked(lane, t, neurons);
  }
  void settle(std::size_t lane, Tick now) override {
    for (std::size_t b = 0; b < bundles_.size(); ++b)
      if (plastic_[b]) plastic_[b]->settle(lane, now);
  }
  double weight(std::size_t index, std::size_t lane, std::uint32_t s) const override {
    if (!plastic_[index]) return Base::weight(index, lane, s);
    const double weight = plastic_[index]->weight(lane, s);
    return bundles_[index].plastic->negative() ? -weight : weight;
  }
  void begin_write(std::size_t index, Tick now) override {
    if (plastic_[index]) plastic_[index]->begin_write(now);
  }
  void set_weight(std::size_t index, std::size_t lane, std::uint32_t s, double weight) override {
    if (!plastic_[index]) return Base::set_weight(index, lane, s, weight);
    plastic_[index]->set_weight(lane, s, bundles_[index].plastic->negative() ? -weight : weight);
  }
  void learn(std::size_t projection, bool learns, Tick now) override {
    const std::size_t b = bundle_of(bundles_, projection);
    if (plastic_[b]) plastic_[b]->learn(learns, now);
  }
  bool learns(std::size_t projection) const override {
    const auto& one = plastic_[bundle_of(bundles_, projection)];
    return one && one->learns();
  }
  void save(Tick now, ByteWriter& to) const override {
    if constexpr (plastic) signals_.save(to);
    for (std::size_t b = 0; b < bundles_.size(); ++b)
      if (plastic_[b]) plastic_[b]->save(now, to);
    values_.save(now, to);
  }
  void load(Tick now, const SpikeBatch& in_flight, ByteReader& from) override {
    if constexpr (plastic) signals_.load(now, from);
    for (std::size_t b = 0; b < bundles_.size(); ++b)
      if (plastic_[b]) plastic_[b]->load(now, in_flight, from);
    values_.load(now, from);
  }

  SynapseColumn read_column(std::size_t b, std::size_t column) const override {
    if (!plastic_[b]) return {};
    SynapseColumn read = plastic_[b]->read_column(column);
    std::vector<Real> values = std::visit(
        [](auto& all) {
          if constexpr (std::is_same_v<std::decay_t<decltype(all)>, std::vector<Real>>)
            return std::move(all);
          else
            return std::vector<Real>(all.begin(), all.end());
        },
        read);
    if (column == 0 && bundles_[b].plastic->negative())
      for (Real& value : values) value = -value;
    return values;
  }
  std::optional<Delivery::BrokenSynapse> first_broken() const override {
    for (std::size_t b = 0; b < bundles_.size(); ++b)
      if (plastic_[b])
        if (const auto broken = plastic_[b]->first_broken()) return broken;
    return std::nullopt;
  }

  void fan_out(std::size_t index, const SpikeBatch& batch, Tick now) override {
    Lane& lane = lanes_[index];
    list_rows(index, batch, lane.rows);
    if constexpr (plastic) {
      lane.record.assign(bundles_.size(), 0);
      for (std::size_t b = 0; b < bundles_.size(); ++b)
        if (plastic_[b]) lane.record[b] = plastic_[b]->first_record();
    }
    const std::size_t n = lane.rows.size();
    for (std::size_t i = 0; i < n; ++i) {
      if (i + index_ahead < n) {
        const Row& row = lane.rows[i + index_ahead];
        __builtin_prefetch(&block_of(index, row).row_synapses[row.row]);
        __builtin_prefetch(&block_of(index, row).row_slices[row.row]);
      }
      if (i + rows_ahead < n) {
        const Row& row = lane.rows[i + rows_ahead];
        const SynapseBlock& block = block_of(index, row);
        fetch(block.slices.data() + block.row_slices[row.row],
              block.row_slices[row.row + 1] - block.row_slices[row.row]);
      }
      const Row& row = lane.rows[i];
      const SynapseBlock& block = block_of(index, row);
      const Tick emitted = batch.tick(row.tick);
      const std::size_t position = lane.wheel.position(emitted);
      std::uint32_t begin = block.row_synapses[row.row], delay = 0, record = 0;
      if constexpr (plastic) record = lane.record[row.bundle]++;
      for (std::uint32_t s = block.row_slices[row.row]; s < block.row_slices[row.row + 1]; ++s) {
        const DelaySlice slice = block.slices[s];
        delay += slice.step;
        if (slice.count != 0 && emitted + static_cast<Tick>(delay) > now)
          lane.wheel.push(position, delay, Slice(begin, slice.count, static_cast<std::uint16_t>(row.bundle), record));
        begin += slice.count;
      }
    }
  }
  void* arrivals(std::size_t index, Tick t) override {
    Lane& lane = lanes_[index];
    const std::size_t position = lane.wheel.position(t);
    if (!lane.wheel.empty(position)) {
      lane.arriving.clear();
      lane.wheel.drain(position, lane.arriving);
      Real* const input = lane.input.data();
      if (note_touched_)
        deliver(index, t, lane.arriving, [input, &touched = lane.touched](std::uint32_t slot) -> Real& {
          touched.set(slot);
          return input[slot];
        });
      else
        deliver(index, t, lane.arriving, [input](std::uint32_t slot) -> Real& { return input[slot]; });
    }
    if (!graded_.empty())
      for (const std::uint32_t b : graded_[index]) transmit(index, t, b);
    return lane.input.data();
  }
  TouchedSlots* touched(std::size_t index) override { return note_touched_ ? &lanes_[index].touched : nullptr; }
  void clear() override {
    for (Lane& lane : lanes_) lane.wheel.clear();
  }
  void forget(Tick now) override {
    if constexpr (plastic) signals_.forget(now);
    for (std::size_t b = 0; b < bundles_.size(); ++b)
      if (plastic_[b]) plastic_[b]->forget(now);
    values_.fill(now);
  }
  std::size_t bytes() const override {
    std::size_t sum = Base::bytes() + signals_.bytes() + values_.bytes();
    for (const auto& one : plastic_)
      if (one) sum += one->bytes();
    for (const Lane& lane : lanes_)
      sum += lane.wheel.bytes() + lane.input.bytes() + lane.touched.bytes() + lane.arriving.capacity() * sizeof(Slice) +
             lane.rows.capacity() * sizeof(Row);
    return sum;
  }
  void read(std::size_t index, std::size_t lane, std::uint32_t row, std::vector<StoredSynapse>& to) const override {
    const SynapseBlock& block = bundles_[index].lanes[lane];
    if (block.synapses() == 0) return;
    block.for_each_slice(row, [&](std::uint32_t delay, std::uint32_t begin, std::uint32_t count) {
      for (std::uint32_t s = begin; s < begin + count; ++s)
        to.push_back({slot(index, lane, s), delay, s, this->weight(index, lane, s)});
    });
  }
  std::uint32_t slot(std::size_t index, std::size_t lane, std::uint32_t s) const override {
    return address(index, lane, s) + (bundles_[index].plastic ? bundles_[index].plastic->first_slot[lane] : 0);
  }
  std::uint32_t delay(std::size_t index, std::size_t lane, std::uint32_t row, std::uint32_t s) const override {
    return bundles_[index].lanes[lane].delay(row, s);
  }

 private:
  // Synapses [begin, begin + count) of a bundle's block.
  struct StaticSlice {
    StaticSlice(std::uint32_t first, std::uint16_t synapses, std::uint16_t of, std::uint32_t)
        : begin(first), count(synapses), bundle(of) {}
    StaticSlice() = default;
    std::uint32_t begin;
    std::uint16_t count, bundle;
  };
  struct RecordedSlice : StaticSlice {
    RecordedSlice(std::uint32_t first, std::uint16_t synapses, std::uint16_t of, std::uint32_t number)
        : StaticSlice(first, synapses, of, 0), record(number) {}
    RecordedSlice() = default;
    std::uint32_t record;  // of the spike, where the bundle is plastic
  };
  using Slice = std::conditional_t<plastic, RecordedSlice, StaticSlice>;
  struct Lane {
    DelayWheel<Slice> wheel;
    AlignedColumn<Real> input;
    TouchedSlots touched;
    std::vector<Row> rows;               // of the batch at hand
    std::vector<Slice> arriving;         // in the tick at hand
    std::vector<std::uint32_t> record;   // [bundle] of its next row
    std::vector<PlasticSlice> learning;  // that follow each other in `arriving` and are of one bundle
  };

  template <class At>
  void deliver(std::size_t index, Tick t, std::span<const Slice> slices, const At& at) {
    const auto fetch_slice = [&](const Slice& next) __attribute__((always_inline)) {
      if constexpr (plastic) {
        if (bundles_[next.bundle].plastic) return;  // the rule's loops do it
      }
      Base::fetch_synapses(bundles_[next.bundle], bundles_[next.bundle].lanes[index], next.begin, next.count);
    };
    for (std::size_t i = 0; i < std::min(slices_ahead, slices.size()); ++i) fetch_slice(slices[i]);
    for (std::size_t i = 0; i < slices.size(); ++i) {
      if (i + slices_ahead < slices.size()) fetch_slice(slices[i + slices_ahead]);
      const Slice& slice = slices[i];
      const SynapseBundle& bundle = bundles_[slice.bundle];
      if constexpr (plastic) {
        if (bundle.plastic) {
          std::vector<PlasticSlice>& learning = lanes_[index].learning;
          learning.push_back({slice.begin, slice.count, slice.record});
          if (i + 1 < slices.size() && slices[i + 1].bundle == slice.bundle) continue;
          learn(index, t, slice.bundle);
          learning.clear();
          continue;
        }
      }
      Base::add_synapses(bundle, bundle.lanes[index], slice.begin, slice.count, at);
    }
  }

  // Gives the slices that were collected to the rule, which adds up what it sends.
  void learn(std::size_t index, Tick t, std::size_t b) {
    Lane& lane = lanes_[index];
    const std::uint32_t first = bundles_[b].plastic->first_slot[index];
    plastic_[b]->arrive(index, t, lane.learning, lane.input.data() + first);
    if (!note_touched_) return;
    Base::with_synapses(bundles_[b], bundles_[b].lanes[index], [&](const auto* targets) {
      for (const PlasticSlice& slice : lane.learning)
        for (std::uint32_t k = 0; k < slice.count; ++k) lane.touched.set(first + targets[slice.begin + k].address);
    });
  }

  // Adds weight times value of all synapses of a graded bundle, by source and then as they are stored.
  void transmit(std::size_t index, Tick t, std::size_t b) {
    const SynapseBundle& bundle = bundles_[b];
    const SynapseBlock& block = bundle.lanes[index];
    Real* const input = lanes_[index].input.data();
    const auto add = [&](const auto* synapses, Real* sums, const auto& weight_of) {
      for (const auto& range : values_.ranges(b))
        for (std::uint32_t i = 0; i < range.count; ++i)
          block.for_each_slice(range.row + i, [&](std::uint32_t delay, std::uint32_t begin, std::uint32_t count) {
            const Real value = values_.at(range, t - static_cast<Tick>(delay))[range.first + i * range.step];
#pragma GCC unroll 8
            for (std::uint32_t s = begin; s < begin + count; ++s)
              sums[synapses[s].address] += weight_of(synapses, s) * value;
          });
    };
    Base::with_synapses(bundle, block, [&](const auto* synapses) {
      if constexpr (requires { synapses->weight; }) {
        add(synapses, input, [&](const auto* of, std::uint32_t s) { return Base::value_of(of[s].weight, bundle); });
      } else if (bundle.plastic) {
        const Real sign = bundle.plastic->negative() ? -1 : 1;
        std::visit(
            [&](const auto* magnitudes) {
              add(synapses, input + bundle.plastic->first_slot[index],
                  [&](const auto*, std::uint32_t s) { return sign * static_cast<Real>(magnitudes[s]); });
            },
            plastic_[b]->magnitudes(index));
      } else {
        const auto common = static_cast<Real>(bundle.weight);
        add(synapses, input, [common](const auto*, std::uint32_t) { return common; });
      }
    });
  }

  bool note_touched_;
  SignalBoard signals_;
  GradedValues<Real> values_;
  std::vector<std::unique_ptr<LearningSynapses>> plastic_;  // [bundle] null: static
  std::vector<Lane> lanes_;
};

}  // namespace

std::unique_ptr<StoredSynapses> make_wheel_delivery(std::vector<SynapseBundle> bundles, const DeliveryPlan& delivery,
                                                    Precision precision, const std::vector<std::uint32_t>& slots,
                                                    SignalBoard signals) {
  const bool plastic = signals.size() > 0 || std::any_of(bundles.begin(), bundles.end(),
                                                         [](const SynapseBundle& bundle) { return bundle.plastic; });
  const auto make = [&](auto real, auto learns) -> std::unique_ptr<StoredSynapses> {
    return std::make_unique<WheelDelivery<decltype(real), decltype(learns)::value>>(
        std::move(bundles), slots, delivery.note_touched, std::move(signals));
  };
  if (precision == Precision::single_)
    return plastic ? make(float{}, std::true_type{}) : make(float{}, std::false_type{});
  return plastic ? make(double{}, std::true_type{}) : make(double{}, std::false_type{});
}

}  // namespace rheo
