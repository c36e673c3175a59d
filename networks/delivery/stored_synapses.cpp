#include "networks/delivery/stored_synapses.hpp"

#include <algorithm>
#include <bit>
#include <type_traits>
#include <utility>

#include "core/wheel.hpp"
#include "networks/plastic/bundle.hpp"

namespace rheo {

namespace {

// How far ahead of the sums rows, their places and slices are fetched; chosen with `rheo bench`.
constexpr std::size_t rows_ahead = 3, index_ahead = 8, slices_ahead = 12;

// Asks for the cache lines of n values; beyond some, the hardware has seen where it goes. (Always inline: gcc takes a
// function that only fetches for one without effects, and drops its calls.)
template <class T>
[[gnu::always_inline]] inline void fetch(const T* values, std::size_t n) {
  constexpr std::uintptr_t line = 64;
  const auto begin = reinterpret_cast<std::uintptr_t>(values) / line * line;
  const auto end = std::min(reinterpret_cast<std::uintptr_t>(values + n), begin + 16 * line);
  for (std::uintptr_t at = begin; at < end; at += line) __builtin_prefetch(reinterpret_cast<const void*>(at));
}

// What both ways of delivery have in common.
class StoredBundles : public StoredSynapses {
 public:
  explicit StoredBundles(std::vector<SynapseBundle> bundles) : bundles_(std::move(bundles)) {
    if (!bundles_.empty()) reaching_.resize(bundles_.front().lanes.size());
    for (std::uint32_t b = 0; b < bundles_.size(); ++b) {
      min_delay_ = std::min(min_delay_, bundles_[b].min_delay);
      max_delay_ = std::max(max_delay_, bundles_[b].max_delay);
      for (std::size_t lane = 0; lane < reaching_.size(); ++lane)
        if (bundles_[b].lanes[lane].synapses() != 0) reaching_[lane].push_back(b);
    }
  }
  Tick min_delay() const override { return min_delay_; }
  Tick max_delay() const override { return max_delay_; }
  std::size_t bytes() const override {
    std::size_t sum = 0;
    for (const SynapseBundle& bundle : bundles_)
      for (const SynapseBlock& block : bundle.lanes) sum += block.bytes();
    return sum;
  }
  const std::vector<SynapseBundle>& bundles() const override { return bundles_; }

 protected:
  // A spike as seen by one bundle: its row, and its tick within the batch.
  struct Row {
    std::uint32_t row, bundle, tick;
  };

  // Every spike of a source of synapses onto this lane, in the order of sums: by tick, bundle, neuron. A list of all
  // rows first: what they need is then known far enough ahead to be fetched, across ticks and bundles.
  void list_rows(std::size_t lane, const SpikeBatch& batch, std::vector<Row>& rows) const {
    rows.clear();
    if (bundles_.empty()) return;
    for (std::uint32_t tick = 0; tick < batch.ticks(); ++tick) {
      const std::span<const NeuronId> neurons = batch.at(tick);
      if (neurons.empty()) continue;
      for (const std::uint32_t b : reaching_[lane]) {
        for (const SourceRange& range : bundles_[b].sources) {
          auto neuron = std::lower_bound(neurons.begin(), neurons.end(), range.first);
          for (; neuron != neurons.end() && *neuron < range.end; ++neuron) {
            const std::uint32_t offset = *neuron - range.first;
            if (range.step == 1)
              rows.push_back({range.row + offset, b, tick});
            else if (offset % range.step == 0)
              rows.push_back({range.row + offset / range.step, b, tick});
          }
        }
      }
    }
  }
  const SynapseBlock& block_of(std::size_t lane, const Row& row) const { return bundles_[row.bundle].lanes[lane]; }

  std::vector<SynapseBundle> bundles_;
  std::vector<std::vector<std::uint32_t>> reaching_;  // [lane] bundles with synapses onto it
  Tick min_delay_ = never, max_delay_ = 0;
};

// Access to synapses of the type that precision and addresses make.
template <class Real, class Address>
class TypedBundles : public StoredBundles {
 public:
  using StoredBundles::StoredBundles;
  double weight(std::size_t index, std::size_t lane, std::uint32_t s) const override {
    const SynapseBundle& bundle = bundles_[index];
    return bundle.weighted ? bundle.lanes[lane].template as<Weighted>()[s].weight : static_cast<Real>(bundle.weight);
  }

 protected:
  using Bare = BareSynapse<Address>;
  using Weighted = WeightedSynapse<Address, Real>;

  Address address(std::size_t index, std::size_t lane, std::uint32_t s) const {
    const SynapseBundle& bundle = bundles_[index];
    return bundle.weighted ? bundle.lanes[lane].template as<Weighted>()[s].address
                           : bundle.lanes[lane].template as<Bare>()[s].address;
  }

  // n synapses from `begin` on, soon.
  [[gnu::always_inline]] static void fetch_synapses(const SynapseBundle& bundle, const SynapseBlock& block,
                                                    std::uint32_t begin, std::uint32_t n) {
    if (bundle.weighted)
      fetch(block.as<Weighted>() + begin, n);
    else
      fetch(block.as<Bare>() + begin, n);
  }

  // Adds the weights of n synapses from `begin` on, one after the other; at(address) is where.
  template <class At>
  static void add_synapses(const SynapseBundle& bundle, const SynapseBlock& block, std::uint32_t begin, std::uint32_t n,
                           const At& at) {
    if (bundle.weighted) {
      const Weighted* const synapse = block.as<Weighted>() + begin;
#pragma GCC unroll 8
      for (std::uint32_t k = 0; k < n; ++k) at(synapse[k].address) += synapse[k].weight;
    } else {
      const Bare* const synapse = block.as<Bare>() + begin;
      const auto common = static_cast<Real>(bundle.weight);
#pragma GCC unroll 8
      for (std::uint32_t k = 0; k < n; ++k) at(synapse[k].address) += common;
    }
  }
};

template <class Real, class Address>
class RingDelivery final : public TypedBundles<Real, Address> {
  using Base = TypedBundles<Real, Address>;
  using Base::address;
  using Base::block_of;
  using Base::bundles_;
  using Base::list_rows;
  using Base::max_delay_;
  using Base::min_delay_;
  using typename Base::Row;

 public:
  RingDelivery(std::vector<SynapseBundle> bundles, std::uint32_t width, std::size_t lanes)
      : Base(std::move(bundles)),
        width_(width),
        ticks_(std::bit_ceil(static_cast<std::uint32_t>(max_delay_) + 1)),
        mask_(width_ * ticks_ - 1),
        lanes_(lanes) {
    const std::size_t size = std::size_t{width_} * ticks_;
    rings_ = AlignedColumn<Real>(size * lanes);
    for (std::size_t i = 0; i < lanes; ++i) lanes_[i].ring = rings_.data() + i * size;
  }

  void fan_out(std::size_t index, const SpikeBatch& batch, Tick now) override {
    Lane& lane = lanes_[index];
    list_rows(index, batch, lane.rows);
    if (now - batch.first < min_delay_)
      add(index, batch.first);
    else
      add_late(index, batch.first, now);
  }
  void* arrivals(std::size_t index, Tick t) override {
    return lanes_[index].ring + (static_cast<std::uint32_t>(t) * width_ & mask_);
  }
  void clear() override { std::fill(rings_.begin(), rings_.end(), Real(0)); }
  std::size_t bytes() const override {
    std::size_t sum = Base::bytes() + rings_.bytes();
    for (const Lane& lane : lanes_) sum += lane.rows.capacity() * sizeof(Row);
    return sum;
  }
  void read(std::size_t index, std::size_t lane, std::uint32_t row, std::vector<StoredSynapse>& to) const override {
    const SynapseBundle& bundle = bundles_[index];
    const SynapseBlock& block = bundle.lanes[lane];
    if (block.synapses() == 0) return;
    for (std::uint32_t s = block.row_synapses[row]; s < block.row_synapses[row + 1]; ++s) {
      const std::uint32_t place = address(index, lane, s);
      const bool one_delay = bundle.one_delay != 0;
      to.push_back({one_delay ? place : place % width_, one_delay ? bundle.one_delay : place / width_, s,
                    this->weight(index, lane, s)});
    }
  }
  std::uint32_t slot(std::size_t index, std::size_t lane, std::uint32_t s) const override {
    const std::uint32_t place = address(index, lane, s);
    return bundles_[index].one_delay != 0 ? place : place % width_;
  }
  std::uint32_t delay(std::size_t index, std::size_t lane, std::uint32_t, std::uint32_t s) const override {
    const SynapseBundle& bundle = bundles_[index];
    return bundle.one_delay != 0 ? bundle.one_delay : address(index, lane, s) / width_;
  }

 private:
  struct Lane {
    Real* ring = nullptr;   // [ticks][width]
    std::vector<Row> rows;  // of the batch at hand, in the order of sums
  };

  void add(std::size_t index, Tick first) {
    Lane& lane = lanes_[index];
    Real* const ring = lane.ring;
    const std::uint32_t mask = mask_;
    const std::size_t n = lane.rows.size();
    const Row* const rows = lane.rows.data();
    for (std::size_t i = 0; i < n; ++i) {
      if (i + index_ahead < n) {
        const Row& row = rows[i + index_ahead];
        __builtin_prefetch(&block_of(index, row).row_synapses[row.row]);
      }
      if (i + rows_ahead < n) {
        const Row& row = rows[i + rows_ahead];
        const SynapseBlock& block = block_of(index, row);
        const std::uint32_t begin = block.row_synapses[row.row], end = block.row_synapses[row.row + 1];
        Base::fetch_synapses(bundles_[row.bundle], block, begin, end - begin);
      }
      const SynapseBlock& block = block_of(index, rows[i]);
      const std::uint32_t begin = block.row_synapses[rows[i].row], end = block.row_synapses[rows[i].row + 1];
      // The tick's place in the ring, modulo 2^32 and then the ring's size.
      const auto base = static_cast<std::uint32_t>(first + rows[i].tick) * width_;
      const SynapseBundle& bundle = bundles_[rows[i].bundle];
      if (bundle.one_delay != 0) {
        Real* const sums = ring + ((base + bundle.one_delay * width_) & mask);
        Base::add_synapses(bundle, block, begin, end - begin,
                           [sums](std::uint32_t slot) -> Real& { return sums[slot]; });
      } else {
        Base::add_synapses(bundle, block, begin, end - begin,
                           [ring, base, mask](std::uint32_t place) -> Real& { return ring[(base + place) & mask]; });
      }
    }
  }

  // After a load: only what arrives after `now`.
  void add_late(std::size_t index, Tick first, Tick now) {
    Lane& lane = lanes_[index];
    for (const Row& row : lane.rows) {
      const SynapseBundle& bundle = bundles_[row.bundle];
      const SynapseBlock& block = bundle.lanes[index];
      const Tick emitted = first + row.tick;
      const auto base = static_cast<std::uint32_t>(emitted) * width_;
      for (std::uint32_t s = block.row_synapses[row.row]; s < block.row_synapses[row.row + 1]; ++s) {
        const std::uint32_t place = address(row.bundle, index, s) + bundle.one_delay * width_;
        if (emitted + static_cast<Tick>(place / width_) > now)
          lane.ring[(base + place) & mask_] += static_cast<Real>(this->weight(row.bundle, index, s));
      }
    }
  }

  std::uint32_t width_, ticks_, mask_;
  AlignedColumn<Real> rings_;  // of all lanes: in one piece they are large enough for huge pages
  std::vector<Lane> lanes_;
};

// Plastic: some bundle is, or there are signals.
template <class Real, class Address, bool plastic>
class WheelDelivery final : public TypedBundles<Real, Address> {
  using Base = TypedBundles<Real, Address>;
  using Base::address;
  using Base::block_of;
  using Base::bundles_;
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

  Tick window(Tick now, Tick longest) override {
    if constexpr (plastic) {
      longest = signals_.window(longest);
      signals_.fill(now, now + longest);
      for (std::size_t b = 0; b < bundles_.size(); ++b)
        if (plastic_[b]) longest = plastic_[b]->window(bundles_[b], signals_, now, longest);
      for (std::size_t b = 0; b < bundles_.size(); ++b)
        if (plastic_[b]) plastic_[b]->begin(bundles_[b], signals_, now + longest);
    }
    return longest;
  }
  void between_windows(Tick now, const Threads& threads) override {
    if constexpr (plastic)
      for (std::size_t b = 0; b < bundles_.size(); ++b)
        if (plastic_[b]) plastic_[b]->between_windows(bundles_[b], signals_, now, threads);
  }
  SignalBoard* signals() override { return plastic ? &signals_ : nullptr; }
  void emitted(const SpikeBatch& batch) override {
    if constexpr (plastic) signals_.take(batch);
    if constexpr (plastic)
      for (std::size_t b = 0; b < bundles_.size(); ++b)
        if (plastic_[b]) plastic_[b]->emitted(bundles_[b], batch);
  }
  void spiked(std::size_t lane, Tick t, std::span<const NeuronId> neurons) override {
    if constexpr (plastic)
      for (std::size_t b = 0; b < bundles_.size(); ++b)
        if (plastic_[b]) plastic_[b]->spiked(bundles_[b], lane, t, neurons);
  }
  void settle(std::size_t lane, Tick now) override {
    for (std::size_t b = 0; b < bundles_.size(); ++b)
      if (plastic_[b]) plastic_[b]->settle(bundles_[b], lane, now);
  }
  double weight(std::size_t index, std::size_t lane, std::uint32_t s) const override {
    if (!plastic_[index]) return Base::weight(index, lane, s);
    const double weight = plastic_[index]->weight(bundles_[index], lane, s);
    return bundles_[index].plastic->negative() ? -weight : weight;
  }
  void learn(std::size_t projection, bool learns, Tick now) override {
    const std::size_t b = bundle_of(bundles_, projection);
    if (plastic_[b]) plastic_[b]->learn(bundles_[b], learns, now);
  }
  bool learns(std::size_t projection) const override {
    const auto& one = plastic_[bundle_of(bundles_, projection)];
    return one && one->learns();
  }
  void save(Tick now, ByteWriter& to) const override {
    if constexpr (plastic) signals_.save(to);
    for (std::size_t b = 0; b < bundles_.size(); ++b)
      if (plastic_[b]) plastic_[b]->save(bundles_[b], now, to);
  }
  void load(Tick now, const SpikeBatch& in_flight, ByteReader& from) override {
    if constexpr (plastic) signals_.load(now, from);
    for (std::size_t b = 0; b < bundles_.size(); ++b)
      if (plastic_[b]) plastic_[b]->load(bundles_[b], now, in_flight, from);
  }

  SynapseColumn read_column(std::size_t b, std::size_t column) const override {
    if (!plastic_[b]) return {};
    SynapseColumn read = plastic_[b]->read_column(bundles_[b], column);
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
        if (const auto broken = plastic_[b]->first_broken(bundles_[b])) return broken;
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
    return lane.input.data();
  }
  TouchedSlots* touched(std::size_t index) override { return note_touched_ ? &lanes_[index].touched : nullptr; }
  void clear() override {
    for (Lane& lane : lanes_) lane.wheel.clear();
  }
  std::size_t bytes() const override {
    std::size_t sum = Base::bytes() + signals_.bytes();
    for (const auto& one : plastic_)
      if (one) sum += one->bytes();
    for (const Lane& lane : lanes_)
      sum += lane.wheel.bytes() + lane.input.bytes() + lane.touched.bytes() + lane.arriving.capacity() * sizeof(Slice) +
             lane.rows.capacity() * sizeof(Row);
    return sum;
  }
  void read(std::size_t index, std::size_t lane, std::uint32_t row, std::vector<StoredSynapse>& to) const override {
    const SynapseBundle& bundle = bundles_[index];
    const SynapseBlock& block = bundle.lanes[lane];
    if (block.synapses() == 0) return;
    std::uint32_t s = block.row_synapses[row], delay = 0;
    for (std::uint32_t slice = block.row_slices[row]; slice < block.row_slices[row + 1]; ++slice) {
      delay += block.slices[slice].step;
      for (std::uint32_t k = 0; k < block.slices[slice].count; ++k, ++s)
        to.push_back({slot(index, lane, s), delay, s, this->weight(index, lane, s)});
    }
  }
  std::uint32_t slot(std::size_t index, std::size_t lane, std::uint32_t s) const override {
    return address(index, lane, s) + (bundles_[index].plastic ? bundles_[index].plastic->first_slot[lane] : 0);
  }
  std::uint32_t delay(std::size_t index, std::size_t lane, std::uint32_t row, std::uint32_t s) const override {
    const SynapseBlock& block = bundles_[index].lanes[lane];
    std::uint32_t slice = block.row_slices[row], end = block.row_synapses[row], ticks = 0;
    do {
      ticks += block.slices[slice].step;
      end += block.slices[slice++].count;
    } while (end <= s);
    return ticks;
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
    plastic_[b]->arrive(bundles_[b], index, t, lane.learning, lane.input.data() + first);
    if (!note_touched_) return;
    const auto* const targets = bundles_[b].lanes[index].template as<typename Base::Bare>();
    for (const PlasticSlice& slice : lane.learning)
      for (std::uint32_t k = 0; k < slice.count; ++k) lane.touched.set(first + targets[slice.begin + k].address);
  }

  bool note_touched_;
  SignalBoard signals_;
  std::vector<std::unique_ptr<LearningSynapses>> plastic_;  // [bundle] null: static
  std::vector<Lane> lanes_;
};

template <class Real, class Address>
std::unique_ptr<StoredSynapses> make(std::vector<SynapseBundle> bundles, DeliveryPlan delivery,
                                     const std::vector<std::uint32_t>& slots, SignalBoard signals) {
  if (delivery.kind == DeliveryPlan::Kind::ring)
    return std::make_unique<RingDelivery<Real, Address>>(std::move(bundles), delivery.width, slots.size());
  if (signals.size() > 0 || std::any_of(bundles.begin(), bundles.end(),
                                        [](const SynapseBundle& bundle) { return bundle.plastic != nullptr; }))
    return std::make_unique<WheelDelivery<Real, Address, true>>(std::move(bundles), slots, delivery.note_touched,
                                                                std::move(signals));
  return std::make_unique<WheelDelivery<Real, Address, false>>(std::move(bundles), slots, delivery.note_touched,
                                                               std::move(signals));
}

}  // namespace

std::unique_ptr<StoredSynapses> make_stored_synapses(std::vector<SynapseBundle> bundles, DeliveryPlan delivery,
                                                     Precision precision, const std::vector<std::uint32_t>& slots,
                                                     SignalBoard signals) {
  const bool single = precision == Precision::single_;
  if (delivery.narrow)
    return single ? make<float, std::uint16_t>(std::move(bundles), delivery, slots, std::move(signals))
                  : make<double, std::uint16_t>(std::move(bundles), delivery, slots, std::move(signals));
  return single ? make<float, std::uint32_t>(std::move(bundles), delivery, slots, std::move(signals))
                : make<double, std::uint32_t>(std::move(bundles), delivery, slots, std::move(signals));
}

}  // namespace rheo
