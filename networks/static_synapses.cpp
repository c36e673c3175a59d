#include "networks/static_synapses.hpp"

#include <algorithm>
#include <bit>
#include <type_traits>
#include <utility>

#include "core/wheel.hpp"

namespace rheo {

namespace {

// Rows whose synapses are fetched ahead of the one being added, and slices likewise; chosen with `rheo bench`.
constexpr std::size_t rows_ahead = 3, slices_ahead = 6;

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

// use(row) for every spike whose neuron is a source of the projection, in ascending order of neurons.
template <class Use>
void for_each_row(const ProjectionSynapses& projection, std::span<const NeuronId> neurons, const Use& use) {
  for (const SourceRange& range : projection.sources) {
    auto neuron = std::lower_bound(neurons.begin(), neurons.end(), range.first);
    for (; neuron != neurons.end() && *neuron < range.end; ++neuron) {
      const std::uint32_t offset = *neuron - range.first;
      if (range.step == 1)
        use(range.row + offset);
      else if (offset % range.step == 0)
        use(range.row + offset / range.step);
    }
  }
}

class StaticSynapses : public Connectivity {
 public:
  explicit StaticSynapses(std::vector<ProjectionSynapses> projections) : projections_(std::move(projections)) {
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

 protected:
  std::vector<ProjectionSynapses> projections_;
  Tick min_delay_ = never, max_delay_ = 0;
};

template <class Real, class Address>
class RingDelivery final : public StaticSynapses {
 public:
  RingDelivery(std::vector<ProjectionSynapses> projections, std::uint32_t width, std::size_t lanes)
      : StaticSynapses(std::move(projections)),
        width_(width),
        ticks_(std::bit_ceil(static_cast<std::uint32_t>(max_delay_) + 1)),
        mask_(width_ * ticks_ - 1),
        lanes_(lanes) {
    for (Lane& lane : lanes_) lane.ring = AlignedColumn<Real>(std::size_t{width_} * ticks_);
  }

  void fan_out(std::size_t index, Tick emitted, std::span<const NeuronId> neurons, Tick now) override {
    Lane& lane = lanes_[index];
    const auto base = static_cast<std::uint32_t>(emitted) * width_;  // modulo 2^32 and then the ring's size
    for (const ProjectionSynapses& projection : projections_) {
      const SynapseBlock& block = projection.lanes[index];
      if (block.synapses() == 0) continue;
      lane.rows.clear();
      for_each_row(projection, neurons, [&](std::uint32_t row) { lane.rows.push_back(row); });
      if (emitted + min_delay_ <= now)
        add_late(block, projection.weight, lane, base, now - emitted);
      else if (weights<Real>(block) == nullptr)
        add<true>(block, projection.weight, lane, base);
      else
        add<false>(block, projection.weight, lane, base);
    }
  }
  void* arrivals(std::size_t index, Tick t) override {
    return lanes_[index].ring.data() + (static_cast<std::uint32_t>(t) * width_ & mask_);
  }
  void clear() override {
    for (Lane& lane : lanes_) std::fill(lane.ring.begin(), lane.ring.end(), Real(0));
  }
  std::size_t bytes() const override {
    std::size_t sum = StaticSynapses::bytes();
    for (const Lane& lane : lanes_) sum += lane.ring.bytes() + lane.rows.capacity() * sizeof(std::uint32_t);
    return sum;
  }

 private:
  struct Lane {
    AlignedColumn<Real> ring;         // [ticks][width]
    std::vector<std::uint32_t> rows;  // that spiked in the tick at hand
  };

  template <bool OneWeight>
  void add(const SynapseBlock& block, double common_weight, Lane& lane, std::uint32_t base) const {
    const Address* const address = addresses<Address>(block);
    const Real* const weight = weights<Real>(block);
    const std::uint32_t* const begin = block.row_synapses.data();
    Real* const ring = lane.ring.data();
    const std::uint32_t mask = mask_;
    const auto common = static_cast<Real>(common_weight);
    const std::span<const std::uint32_t> rows = lane.rows;
    for (std::size_t i = 0; i < rows.size(); ++i) {
      if (i + 2 * rows_ahead < rows.size()) __builtin_prefetch(begin + rows[i + 2 * rows_ahead]);
      if (i + rows_ahead < rows.size()) {
        // Two lines; what follows comes by the hardware's own guess.
        const std::uint32_t next = begin[rows[i + rows_ahead]];
        __builtin_prefetch(address + next);
        __builtin_prefetch(reinterpret_cast<const char*>(address + next) + 64);
        if constexpr (!OneWeight) {
          __builtin_prefetch(weight + next);
          __builtin_prefetch(reinterpret_cast<const char*>(weight + next) + 64);
        }
      }
      const std::uint32_t end = begin[rows[i] + 1];
#pragma GCC unroll 8
      for (std::uint32_t s = begin[rows[i]]; s < end; ++s)
        ring[(base + address[s]) & mask] += OneWeight ? common : weight[s];
    }
  }

  // After a load: only what arrives more than `passed` ticks after its emission.
  void add_late(const SynapseBlock& block, double common_weight, Lane& lane, std::uint32_t base, Tick passed) const {
    const Address* const address = addresses<Address>(block);
    const Real* const weight = weights<Real>(block);
    for (const std::uint32_t row : lane.rows)
      for (std::uint32_t s = block.row_synapses[row]; s < block.row_synapses[row + 1]; ++s)
        if (static_cast<Tick>(address[s] / width_) > passed)
          lane.ring[(base + address[s]) & mask_] += weight == nullptr ? static_cast<Real>(common_weight) : weight[s];
  }

  std::uint32_t width_, ticks_, mask_;
  std::vector<Lane> lanes_;
};

template <class Real, class Address>
class WheelDelivery final : public StaticSynapses {
 public:
  WheelDelivery(std::vector<ProjectionSynapses> projections, const std::vector<std::uint32_t>& slots)
      : StaticSynapses(std::move(projections)), lanes_(slots.size()) {
    for (std::size_t i = 0; i < slots.size(); ++i) {
      lanes_[i].wheel = DelayWheel<Slice>(max_delay_);
      lanes_[i].input = AlignedColumn<Real>(slots[i]);
    }
  }

  void fan_out(std::size_t index, Tick emitted, std::span<const NeuronId> neurons, Tick now) override {
    DelayWheel<Slice>& wheel = lanes_[index].wheel;
    const std::size_t position = wheel.position(emitted);
    for (std::size_t p = 0; p < projections_.size(); ++p) {
      const SynapseBlock& block = projections_[p].lanes[index];
      if (block.synapses() == 0) continue;
      for_each_row(projections_[p], neurons, [&](std::uint32_t row) {
        std::uint32_t begin = block.row_synapses[row];
        for (std::uint32_t s = block.row_slices[row]; s < block.row_slices[row + 1]; ++s) {
          const DelaySlice slice = block.slices[s];
          if (emitted + static_cast<Tick>(slice.delay) > now)
            wheel.push(position, slice.delay, {begin, static_cast<std::uint16_t>(slice.count), static_cast<std::uint16_t>(p)});
          begin += slice.count;
        }
      });
    }
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
    std::size_t sum = StaticSynapses::bytes();
    for (const Lane& lane : lanes_)
      sum += lane.wheel.bytes() + lane.input.bytes() + lane.arriving.capacity() * sizeof(Slice);
    return sum;
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
std::unique_ptr<Connectivity> make(std::vector<ProjectionSynapses> projections, Delivery delivery,
                                   const std::vector<std::uint32_t>& slots) {
  if (delivery.kind == Delivery::Kind::ring)
    return std::make_unique<RingDelivery<Real, Address>>(std::move(projections), delivery.width, slots.size());
  return std::make_unique<WheelDelivery<Real, Address>>(std::move(projections), slots);
}

}  // namespace

std::unique_ptr<Connectivity> make_static_synapses(std::vector<ProjectionSynapses> projections, Delivery delivery,
                                                   Precision precision, const std::vector<std::uint32_t>& slots) {
  const bool single = precision == Precision::single_;
  if (delivery.narrow)
    return single ? make<float, std::uint16_t>(std::move(projections), delivery, slots)
                  : make<double, std::uint16_t>(std::move(projections), delivery, slots);
  return single ? make<float, std::uint32_t>(std::move(projections), delivery, slots)
                : make<double, std::uint32_t>(std::move(projections), delivery, slots);
}

}  // namespace rheo
