#include "networks/static_synapses.hpp"

#include <algorithm>
#include <bit>
#include <type_traits>
#include <utility>

#include "core/wheel.hpp"

namespace rheo {

namespace {

// How far ahead of the sums rows, their places and slices are fetched; chosen with `rheo bench`.
constexpr std::size_t rows_ahead = 3, index_ahead = 8, slices_ahead = 6;

template <class Address>
const Address* addresses(const SynapseBlock& block) {
  if constexpr (std::is_same_v<Address, std::uint16_t>)
    return block.narrow_address.data();
  else
    return block.wide_address.data();
}

template <class Real>
const Real* weights(const SynapseBlock& block) {
  if constexpr (std::is_same_v<Real, float>)
    return block.weight_single.data();
  else
    return block.weight_double.data();
}

// use(tick in the batch, projection, row) for every spike of a source of synapses onto this lane, in the order of sums:
// by tick, projection, neuron.
template <class Use>
void for_each_spike(const std::vector<ProjectionSynapses>& projections, std::size_t lane, const SpikeBatch& batch,
                    const Use& use) {
  for (std::size_t tick = 0; tick < batch.ticks(); ++tick) {
    const std::span<const NeuronId> neurons = batch.at(tick);
    if (neurons.empty()) continue;
    for (std::size_t p = 0; p < projections.size(); ++p) {
      if (projections[p].lanes[lane].synapses() == 0) continue;
      for (const SourceRange& range : projections[p].sources) {
        auto neuron = std::lower_bound(neurons.begin(), neurons.end(), range.first);
        for (; neuron != neurons.end() && *neuron < range.end; ++neuron) {
          const std::uint32_t offset = *neuron - range.first;
          if (range.step == 1)
            use(tick, p, range.row + offset);
          else if (offset % range.step == 0)
            use(tick, p, range.row + offset / range.step);
        }
      }
    }
  }
}

// What both ways of delivery have in common.
class StoredProjections : public StaticSynapses {
 public:
  explicit StoredProjections(std::vector<ProjectionSynapses> projections) : projections_(std::move(projections)) {
    for (const ProjectionSynapses& projection : projections_) {
      min_delay_ = std::min(min_delay_, projection.min_delay);
      max_delay_ = std::max(max_delay_, projection.max_delay);
    }
  }
  Tick min_delay() const override { return min_delay_; }
  Tick max_delay() const override { return max_delay_; }
  std::size_t bytes() const override {
    std::size_t sum = 0;
    for (const ProjectionSynapses& projection : projections_)
      for (const SynapseBlock& block : projection.lanes) sum += block.bytes();
    return sum;
  }
  const std::vector<ProjectionSynapses>& projections() const override { return projections_; }

 protected:
  template <class Real>
  static double weight_of(const ProjectionSynapses& projection, const SynapseBlock& block, std::uint32_t s) {
    const Real* const each = weights<Real>(block);
    return each == nullptr ? double{static_cast<Real>(projection.weight)} : double{each[s]};
  }

  std::vector<ProjectionSynapses> projections_;
  Tick min_delay_ = never, max_delay_ = 0;
};

template <class Real, class Address>
class RingDelivery final : public StoredProjections {
 public:
  RingDelivery(std::vector<ProjectionSynapses> projections, std::uint32_t width, std::size_t lanes)
      : StoredProjections(std::move(projections)),
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
    lane.rows.clear();
    for_each_spike(projections_, index, batch, [&](std::size_t tick, std::size_t projection, std::uint32_t row) {
      lane.rows.push_back({row, static_cast<std::uint32_t>(projection), static_cast<std::uint32_t>(tick)});
    });
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
    std::size_t sum = StoredProjections::bytes() + rings_.bytes();
    for (const Lane& lane : lanes_) sum += lane.rows.capacity() * sizeof(Row);
    return sum;
  }
  void read(std::size_t index, std::size_t lane, std::uint32_t row, std::vector<StoredSynapse>& to) const override {
    const ProjectionSynapses& projection = projections_[index];
    const SynapseBlock& block = projection.lanes[lane];
    if (block.synapses() == 0) return;
    for (std::uint32_t s = block.row_synapses[row]; s < block.row_synapses[row + 1]; ++s) {
      const std::uint32_t place = addresses<Address>(block)[s];
      const bool one_delay = projection.one_delay != 0;
      to.push_back({one_delay ? place : place % width_, one_delay ? projection.one_delay : place / width_, s,
                    weight_of<Real>(projection, block, s)});
    }
  }
  std::uint32_t slot(std::size_t index, std::size_t lane, std::uint32_t s) const override {
    const ProjectionSynapses& projection = projections_[index];
    const std::uint32_t place = addresses<Address>(projection.lanes[lane])[s];
    return projection.one_delay != 0 ? place : place % width_;
  }
  double weight(std::size_t index, std::size_t lane, std::uint32_t s) const override {
    return weight_of<Real>(projections_[index], projections_[index].lanes[lane], s);
  }
  std::uint32_t delay(std::size_t index, std::size_t lane, std::uint32_t, std::uint32_t s) const override {
    const ProjectionSynapses& projection = projections_[index];
    return projection.one_delay != 0 ? projection.one_delay : addresses<Address>(projection.lanes[lane])[s] / width_;
  }

 private:
  // A spike as seen by one projection: its row, and its tick within the batch.
  struct Row {
    std::uint32_t row, projection, tick;
  };
  struct Lane {
    Real* ring = nullptr;   // [ticks][width]
    std::vector<Row> rows;  // of the batch at hand, in the order of sums
  };

  // A list of all rows first: what they need is then known far enough ahead to be fetched, across ticks and
  // projections.
  void add(std::size_t index, Tick first) {
    Lane& lane = lanes_[index];
    Real* const ring = lane.ring;
    const std::uint32_t mask = mask_;
    const std::size_t n = lane.rows.size();
    const Row* const rows = lane.rows.data();
    const auto block_of = [&](const Row& row) -> const SynapseBlock& {
      return projections_[row.projection].lanes[index];
    };
    for (std::size_t i = 0; i < n; ++i) {
      if (i + index_ahead < n) {
        const Row& row = rows[i + index_ahead];
        __builtin_prefetch(&block_of(row).row_synapses[row.row]);
      }
      if (i + rows_ahead < n) {
        const Row& row = rows[i + rows_ahead];
        const SynapseBlock& block = block_of(row);
        const std::uint32_t begin = block.row_synapses[row.row], end = block.row_synapses[row.row + 1];
        fetch(addresses<Address>(block) + begin, addresses<Address>(block) + end);
        if (weights<Real>(block) != nullptr) fetch(weights<Real>(block) + begin, weights<Real>(block) + end);
      }
      const SynapseBlock& block = block_of(rows[i]);
      const std::uint32_t begin = block.row_synapses[rows[i].row], end = block.row_synapses[rows[i].row + 1];
      const Address* const address = addresses<Address>(block);
      // The tick's place in the ring, modulo 2^32 and then the ring's size.
      const auto base = static_cast<std::uint32_t>(first + rows[i].tick) * width_;
      const ProjectionSynapses& projection = projections_[rows[i].projection];
      const auto add_row = [&](const auto& at) {
        if (const Real* const weight = weights<Real>(block); weight != nullptr) {
#pragma GCC unroll 8
          for (std::uint32_t s = begin; s < end; ++s) at(address[s]) += weight[s];
        } else {
          const auto common = static_cast<Real>(projection.weight);
#pragma GCC unroll 8
          for (std::uint32_t s = begin; s < end; ++s) at(address[s]) += common;
        }
      };
      if (projection.one_delay != 0) {
        Real* const sums = ring + ((base + projection.one_delay * width_) & mask);
        add_row([sums](std::uint32_t slot) -> Real& { return sums[slot]; });
      } else {
        add_row([ring, base, mask](std::uint32_t place) -> Real& { return ring[(base + place) & mask]; });
      }
    }
  }

  // Asks for a row's cache lines; beyond some, the hardware has seen where it goes.
  static void fetch(const void* begin, const void* end) {
    const auto* line = static_cast<const char*>(begin);
    const char* const last = std::min(static_cast<const char*>(end), line + 16 * 64);
    for (; line < last; line += 64) __builtin_prefetch(line);
  }

  // After a load: only what arrives after `now`.
  void add_late(std::size_t index, Tick first, Tick now) {
    Lane& lane = lanes_[index];
    for (const Row& row : lane.rows) {
      const ProjectionSynapses& projection = projections_[row.projection];
      const SynapseBlock& block = projection.lanes[index];
      const Address* const address = addresses<Address>(block);
      const Real* const weight = weights<Real>(block);
      const Tick emitted = first + row.tick;
      const auto base = static_cast<std::uint32_t>(emitted) * width_;
      for (std::uint32_t s = block.row_synapses[row.row]; s < block.row_synapses[row.row + 1]; ++s) {
        const std::uint32_t place = address[s] + projection.one_delay * width_;
        if (emitted + static_cast<Tick>(place / width_) > now)
          lane.ring[(base + place) & mask_] += weight == nullptr ? static_cast<Real>(projection.weight) : weight[s];
      }
    }
  }

  std::uint32_t width_, ticks_, mask_;
  AlignedColumn<Real> rings_;  // of all lanes: in one piece they are large enough for huge pages
  std::vector<Lane> lanes_;
};

template <class Real, class Address>
class WheelDelivery final : public StoredProjections {
 public:
  WheelDelivery(std::vector<ProjectionSynapses> projections, const std::vector<std::uint32_t>& slots)
      : StoredProjections(std::move(projections)), lanes_(slots.size()) {
    for (std::size_t i = 0; i < slots.size(); ++i) {
      lanes_[i].wheel = DelayWheel<Slice>(max_delay_);
      lanes_[i].input = AlignedColumn<Real>(slots[i]);
    }
  }

  void fan_out(std::size_t index, const SpikeBatch& batch, Tick now) override {
    DelayWheel<Slice>& wheel = lanes_[index].wheel;
    for_each_spike(projections_, index, batch, [&](std::size_t tick, std::size_t projection, std::uint32_t row) {
      const SynapseBlock& block = projections_[projection].lanes[index];
      const Tick emitted = batch.tick(tick);
      const std::size_t position = wheel.position(emitted);
      std::uint32_t begin = block.row_synapses[row];
      for (std::uint32_t s = block.row_slices[row]; s < block.row_slices[row + 1]; ++s) {
        const DelaySlice slice = block.slices[s];
        if (emitted + static_cast<Tick>(slice.delay) > now)
          wheel.push(position, slice.delay,
                     {begin, static_cast<std::uint16_t>(slice.count), static_cast<std::uint16_t>(projection)});
        begin += slice.count;
      }
    });
  }
  void* arrivals(std::size_t index, Tick t) override {
    Lane& lane = lanes_[index];
    const std::size_t position = lane.wheel.position(t);
    if (!lane.wheel.empty(position)) {
      lane.arriving.clear();
      lane.wheel.drain(position, lane.arriving);
      deliver(index, lane);
    }
    return lane.input.data();
  }
  void clear() override {
    for (Lane& lane : lanes_) lane.wheel.clear();
  }
  std::size_t bytes() const override {
    std::size_t sum = StoredProjections::bytes();
    for (const Lane& lane : lanes_)
      sum += lane.wheel.bytes() + lane.input.bytes() + lane.arriving.capacity() * sizeof(Slice);
    return sum;
  }
  void read(std::size_t index, std::size_t lane, std::uint32_t row, std::vector<StoredSynapse>& to) const override {
    const ProjectionSynapses& projection = projections_[index];
    const SynapseBlock& block = projection.lanes[lane];
    if (block.synapses() == 0) return;
    std::uint32_t s = block.row_synapses[row];
    for (std::uint32_t slice = block.row_slices[row]; slice < block.row_slices[row + 1]; ++slice)
      for (std::uint32_t k = 0; k < block.slices[slice].count; ++k, ++s)
        to.push_back(
            {addresses<Address>(block)[s], block.slices[slice].delay, s, weight_of<Real>(projection, block, s)});
  }
  std::uint32_t slot(std::size_t index, std::size_t lane, std::uint32_t s) const override {
    return addresses<Address>(projections_[index].lanes[lane])[s];
  }
  double weight(std::size_t index, std::size_t lane, std::uint32_t s) const override {
    return weight_of<Real>(projections_[index], projections_[index].lanes[lane], s);
  }
  std::uint32_t delay(std::size_t index, std::size_t lane, std::uint32_t row, std::uint32_t s) const override {
    const SynapseBlock& block = projections_[index].lanes[lane];
    std::uint32_t slice = block.row_slices[row];
    for (std::uint32_t end = block.row_synapses[row]; (end += block.slices[slice].count) <= s;) ++slice;
    return block.slices[slice].delay;
  }

 private:
  // Synapses [begin, begin + count) of a projection's block.
  struct Slice {
    std::uint32_t begin;
    std::uint16_t count, projection;
  };
  struct Lane {
    DelayWheel<Slice> wheel;
    AlignedColumn<Real> input;
    std::vector<Slice> arriving;  // in the tick at hand
  };

  void deliver(std::size_t index, Lane& lane) const {
    const std::span<const Slice> slices = lane.arriving;
    Real* const input = lane.input.data();
    for (std::size_t i = 0; i < slices.size(); ++i) {
      if (i + slices_ahead < slices.size()) {
        const Slice& next = slices[i + slices_ahead];
        const SynapseBlock& block = projections_[next.projection].lanes[index];
        __builtin_prefetch(addresses<Address>(block) + next.begin);
        if (weights<Real>(block) != nullptr) __builtin_prefetch(weights<Real>(block) + next.begin);
      }
      const ProjectionSynapses& projection = projections_[slices[i].projection];
      const SynapseBlock& block = projection.lanes[index];
      const Address* const slot = addresses<Address>(block) + slices[i].begin;
      const std::size_t n = slices[i].count;
      if (const Real* weight = weights<Real>(block); weight != nullptr) {
        weight += slices[i].begin;
        for (std::size_t k = 0; k < n; ++k) input[slot[k]] += weight[k];
      } else {
        const auto common = static_cast<Real>(projection.weight);
        for (std::size_t k = 0; k < n; ++k) input[slot[k]] += common;
      }
    }
  }

  std::vector<Lane> lanes_;
};

template <class Real, class Address>
std::unique_ptr<StaticSynapses> make(std::vector<ProjectionSynapses> projections, Delivery delivery,
                                     const std::vector<std::uint32_t>& slots) {
  if (delivery.kind == Delivery::Kind::ring)
    return std::make_unique<RingDelivery<Real, Address>>(std::move(projections), delivery.width, slots.size());
  return std::make_unique<WheelDelivery<Real, Address>>(std::move(projections), slots);
}

}  // namespace

std::unique_ptr<StaticSynapses> make_static_synapses(std::vector<ProjectionSynapses> projections, Delivery delivery,
                                                     Precision precision, const std::vector<std::uint32_t>& slots) {
  const bool single = precision == Precision::single_;
  if (delivery.narrow)
    return single ? make<float, std::uint16_t>(std::move(projections), delivery, slots)
                  : make<double, std::uint16_t>(std::move(projections), delivery, slots);
  return single ? make<float, std::uint32_t>(std::move(projections), delivery, slots)
                : make<double, std::uint32_t>(std::move(projections), delivery, slots);
}

}  // namespace rheo
