// A ring of rows of sums, one for each coming tick: a spike's synapses are added to the row of their arrival when it is
// emitted.
#include <algorithm>
#include <bit>

#include "networks/delivery/stored_bundles.hpp"

namespace rheo {

namespace {

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

}  // namespace

std::unique_ptr<StoredSynapses> make_ring_delivery(std::vector<SynapseBundle> bundles, DeliveryPlan delivery,
                                                   Precision precision, std::size_t lanes) {
  return make_typed(precision, delivery.narrow, [&](auto real, auto address) -> std::unique_ptr<StoredSynapses> {
    return std::make_unique<RingDelivery<decltype(real), decltype(address)>>(std::move(bundles), delivery.width, lanes);
  });
}

}  // namespace rheo
