// A ring of rows of sums, one for each tick of a window: what of a spike arrives in the window that has begun is added
// to its rows at once, the rest when its windows begin. Rows that reach beyond every delay go round without windows.
//
// Windows begin at whole multiples of their length. Runs of synapses are filed in the order of emission, and a window's
// are added before what is emitted while it lasts, so that every sum keeps its order.
#include <algorithm>
#include <array>
#include <bit>
#include <type_traits>

#include "core/isa.hpp"
#include "core/wheel.hpp"
#include "networks/delivery/dense.hpp"
#include "networks/delivery/stored_bundles.hpp"

namespace rheo {

namespace {

template <class Real>
class RingDelivery final : public TypedBundles<Real> {
  using Base = TypedBundles<Real>;
  using Base::address;
  using Base::block_of;
  using Base::bundles_;
  using Base::list_rows;
  using Base::max_delay_;
  using typename Base::Row;

 public:
  RingDelivery(std::vector<SynapseBundle> bundles, const DeliveryPlan& plan, std::size_t lanes)
      : Base(std::move(bundles)),
        width_(plan.width),
        ticks_(plan.ticks),
        mask_(width_ * ticks_ - 1),
        shift_(static_cast<unsigned>(std::countr_zero(ticks_))),
        windows_(plan.sorted),
        lanes_(lanes) {
    const SynapseBlock none;
    for (const SynapseBundle& bundle : bundles_)
      bundle_bytes_.push_back(static_cast<std::uint32_t>(
          Base::with_synapses(bundle, none, [](const auto* synapses) { return sizeof *synapses; })));
    const std::size_t size = std::size_t{width_} * ticks_;
    rings_ = AlignedColumn<Real>(size * lanes);
    for (std::size_t i = 0; i < lanes; ++i) {
      lanes_[i].ring = rings_.data() + i * size;
      if (windows_) lanes_[i].filed = DelayWheel<Run>(max_delay_ / ticks_ + 1);
    }
  }

  void fan_out(std::size_t index, const SpikeBatch& batch, Tick now) override {
    Lane& lane = lanes_[index];
    list_rows(index, batch, lane.rows);
    lane.runs.clear();
    if (windows_)
      file_rows(index, batch, now);
    else
      whole_rows(index, batch, now);
    add(index);
  }
  void* arrivals(std::size_t index, Tick t) override {
    Lane& lane = lanes_[index];
    if (windows_ && (t & (ticks_ - 1)) == 0) {
      lane.runs.clear();
      lane.filed.drain(lane.filed.position(t >> shift_), lane.runs);
      add(index);
      // While neurons advance.
      std::size_t ahead = 0;
      lane.filed.peek(lane.filed.position((t >> shift_) + 1), [&](const Run& run) {
        if (!bundles_[run.bundle].dense) fetch_run(index, run);
        ahead += run.count * bundle_bytes_[run.bundle];
        return ahead < bytes_ahead;
      });
    }
    return lane.ring + (static_cast<std::size_t>(t) & (ticks_ - 1)) * width_;
  }
  void clear() override {
    std::fill(rings_.begin(), rings_.end(), Real(0));
    for (Lane& lane : lanes_) lane.filed.clear();
  }
  std::size_t bytes() const override {
    std::size_t sum = Base::bytes() + rings_.bytes();
    for (const Lane& lane : lanes_)
      sum += lane.rows.capacity() * sizeof(Row) + lane.runs.capacity() * sizeof(Run) + lane.filed.bytes();
    return sum;
  }
  void read(std::size_t index, std::size_t lane, std::uint32_t row, std::vector<StoredSynapse>& to) const override {
    const SynapseBlock& block = bundles_[index].lanes[lane];
    if (block.synapses() == 0) return;
    const auto put = [&](std::uint32_t delay, std::uint32_t s) {
      to.push_back({slot(index, lane, s), delay, s, this->weight(index, lane, s)});
    };
    if (bundles_[index].dense)
      find_in_row<Real>(bundles_[index], block, row, [&](std::uint32_t s, const DensePlace& where) {
        to.push_back(
            {this->slot_at(index, lane, where), bundles_[index].one_delay, s, this->weight_at(index, lane, where)});
        return false;
      });
    else if (bundles_[index].one_delay == 0 && ticks_ == 1)
      block.for_each_slice(row, [&](std::uint32_t delay, std::uint32_t begin, std::uint32_t count) {
        for (std::uint32_t s = begin; s < begin + count; ++s) put(delay, s);
      });
    else
      for (std::uint32_t s = block.row_synapses[row]; s < block.row_synapses[row + 1]; ++s)
        put(delay(index, lane, row, s), s);
  }
  std::uint32_t slot(std::size_t index, std::size_t lane, std::uint32_t s) const override {
    const SynapseBundle& bundle = bundles_[index];
    if (bundle.dense) return this->slot_at(index, lane, place_of<Real>(bundle, bundle.lanes[lane], s));
    return address(index, lane, s) % width_;
  }
  std::uint32_t delay(std::size_t index, std::size_t lane, std::uint32_t row, std::uint32_t s) const override {
    const SynapseBundle& bundle = bundles_[index];
    if (bundle.one_delay != 0) return bundle.one_delay;
    return ticks_ == 1 ? bundle.lanes[lane].delay(row, s) : address(index, lane, s) / width_;
  }

 private:
  // Synapses [begin, begin + count) of a bundle's block, whose addresses count from `base` in the ring, which may lie
  // before it. Of a dense bundle: row `begin`.
  struct Run {
    std::uint32_t begin, count;
    std::int32_t base;
    std::uint32_t bundle;
  };
  // Synapses from `least` to `most`, as far as they take less than `limit` ticks, are the last of those that arrive in
  // a window.
  struct Cut {
    std::uint32_t least, most, limit, window;
  };
  struct Lane {
    Real* ring = nullptr;                  // [ticks][width]
    std::vector<Row> rows;                 // of the batch at hand, in the order of sums
    std::vector<Run> runs;                 // that are added next
    std::array<std::vector<Cut>, 4> cuts;  // of the rows at hand
    DelayWheel<Run> filed;                 // by the window of arrival
  };

  // Runs of all synapses of the rows, as far as they arrive after `now`.
  void whole_rows(std::size_t index, const SpikeBatch& batch, Tick now) {
    Lane& lane = lanes_[index];
    const std::size_t n = lane.rows.size();
    for (std::size_t i = 0; i < n; ++i) {
      if (i + index_ahead < n) {
        const Row& next = lane.rows[i + index_ahead];
        __builtin_prefetch(&block_of(index, next).row_synapses[next.row]);
      }
      const Row& row = lane.rows[i];
      const SynapseBlock& block = block_of(index, row);
      const Tick emitted = batch.tick(row.tick);
      const std::uint32_t begin = block.row_synapses[row.row], end = block.row_synapses[row.row + 1];
      const auto base = static_cast<std::int32_t>(
          ((static_cast<std::uint32_t>(emitted) + bundles_[row.bundle].one_delay) & (ticks_ - 1)) * width_);
      if (bundles_[row.bundle].dense) {
        if (emitted + bundles_[row.bundle].one_delay > now) lane.runs.push_back({row.row, 1, base, row.bundle});
        continue;
      }
      if (emitted + this->min_delay_ > now) {
        lane.runs.push_back({begin, end - begin, base, row.bundle});
        continue;
      }
      for (std::uint32_t s = begin; s < end; ++s)  // after a load
        if (emitted + static_cast<Tick>(delay(row.bundle, index, row.row, s)) > now)
          lane.runs.push_back({s, 1, base, row.bundle});
    }
  }

  // Cuts rows where windows end, some rows before they are filed: the synapses next to a cut are fetched meanwhile.
  void file_rows(std::size_t index, const SpikeBatch& batch, Tick now) {
    Lane& lane = lanes_[index];
    const std::size_t n = lane.rows.size(), ahead = lane.cuts.size() - 1;
    for (std::size_t i = 0; i < n + ahead; ++i) {
      if (i + index_ahead < n) {
        const Row& next = lane.rows[i + index_ahead];
        __builtin_prefetch(&block_of(index, next).row_synapses[next.row]);
        if (bundles_[next.bundle].one_delay == 0)
          __builtin_prefetch(block_of(index, next).row_slices.data() + next.row);
      }
      if (i + rows_ahead < n && bundles_[lane.rows[i + rows_ahead].bundle].one_delay == 0) {
        const Row& next = lane.rows[i + rows_ahead];
        const SynapseBlock& block = block_of(index, next);
        fetch(block.slices.data() + block.row_slices[next.row],
              block.row_slices[next.row + 1] - block.row_slices[next.row]);
      }
      if (i < n) cut_row(index, lane.rows[i], batch.tick(lane.rows[i].tick), now, lane.cuts[i % lane.cuts.size()]);
      if (i >= ahead)
        file_row(index, lane.rows[i - ahead], batch.tick(lane.rows[i - ahead].tick), now,
                 lane.cuts[(i - ahead) % lane.cuts.size()]);
    }
  }
  // The window, counted from that of the emission, in which a delay ends.
  std::uint32_t window_of(Tick emitted, std::uint32_t delay) const {
    return (static_cast<std::uint32_t>(emitted & (ticks_ - 1)) + delay) >> shift_;
  }
  // Where slices have several delays.
  void cut_row(std::size_t index, const Row& row, Tick emitted, Tick now, std::vector<Cut>& cuts) const {
    const SynapseBlock& block = block_of(index, row);
    if (block.slice_shift == 0) return;
    cuts.clear();
    for_each_cut<true>(index, row, emitted, now, [&, bytes = bundle_bytes_[row.bundle]](const Cut& cut) {
      cuts.push_back(cut);
      fetch(block.data.data() + std::size_t{cut.least} * bytes, (cut.most - cut.least) * bytes);
    });
  }
  // several: slices have several delays.
  template <bool several, class Use>
  [[gnu::always_inline]] void for_each_cut(std::size_t index, const Row& row, Tick emitted, Tick now,
                                           const Use& use) const {
    const SynapseBlock& block = block_of(index, row);
    const auto into_window = static_cast<std::uint32_t>(emitted & (ticks_ - 1));
    const auto arrived = static_cast<std::uint32_t>(now - emitted);  // with a delay of so many ticks, after a load
    std::uint32_t at = block.row_synapses[row.row], first = 0, window = is_past, limit = arrived + 1;
    const unsigned shift = several ? block.slice_shift : 0;
    const auto begin_window = [&](std::uint32_t delay) {
      window = window_of(emitted, delay);
      limit = ((window + 1) << shift_) - into_window;
    };
    if (arrived < bundles_[row.bundle].min_delay) begin_window(arrived + 1);
    for (std::uint32_t s = block.row_slices[row.row]; s < block.row_slices[row.row + 1]; ++s) {
      first += std::uint32_t{block.slices[s].step} << shift;
      std::uint32_t count = block.slices[s].count;
      if (first >= limit) {
        use({at, at, limit, window});
        begin_window(first);
      }
      if constexpr (several) {
        // More than a slice can count lie in several of the same ticks.
        while (s + 1 < block.row_slices[row.row + 1] && block.slices[s + 1].step == 0) count += block.slices[++s].count;
        for (; limit < first + (1u << shift); begin_window(limit)) use({at, at + count, limit, window});
      }
      at += count;
    }
    use({at, at, limit, window});
  }
  // What arrives in the window that has begun becomes a run at once.
  void file_row(std::size_t index, const Row& row, Tick emitted, Tick now, const std::vector<Cut>& cuts) {
    Lane& lane = lanes_[index];
    const SynapseBundle& bundle = bundles_[row.bundle];
    const SynapseBlock& block = block_of(index, row);
    const std::size_t position = lane.filed.position(emitted >> shift_);
    const auto begun = static_cast<std::uint32_t>((now >> shift_) - (emitted >> shift_));
    // Ticks from the begin of the window of the emission to where delays of addresses count from.
    const auto ticks = static_cast<std::int32_t>(emitted & (ticks_ - 1)) + static_cast<std::int32_t>(bundle.one_delay);
    const auto file = [&](std::uint32_t begin, std::uint32_t end, std::uint32_t window) {
      const std::int32_t base = ticks_ == 1 ? 0 : ticks - static_cast<std::int32_t>(window << shift_);
      const Run run{begin, end - begin, base * static_cast<std::int32_t>(width_), row.bundle};
      if (window == begun)
        lane.runs.push_back(run);
      else
        lane.filed.push(position, window, run);
    };
    std::uint32_t begin = block.row_synapses[row.row];
    if (bundle.one_delay != 0) {
      if (emitted + bundle.one_delay <= now) return;
      if (bundle.dense)
        file(row.row, row.row + 1, window_of(emitted, bundle.one_delay));
      else if (const std::uint32_t end = block.row_synapses[row.row + 1]; begin != end)
        file(begin, end, window_of(emitted, bundle.one_delay));
      return;
    }
    const auto file_to = [&](const Cut& cut) {
      const std::uint32_t end = cut.least == cut.most ? cut.least : end_of(bundle, block, cut);
      if (begin != end && cut.window != is_past) file(begin, end, cut.window);
      begin = end;
    };
    if (block.slice_shift == 0)
      for_each_cut<false>(index, row, emitted, now, file_to);
    else
      std::ranges::for_each(cuts, file_to);
  }
  // The first synapse behind a cut: addresses ascend with delays.
  std::uint32_t end_of(const SynapseBundle& bundle, const SynapseBlock& block, const Cut& cut) const {
    return Base::with_synapses(bundle, block, [&, limit = cut.limit * width_](const auto* synapses) {
      std::uint32_t last = cut.least;
      for (std::uint32_t s = cut.least; s < cut.most; ++s) last += synapses[s].address < limit ? 1 : 0;
      return last;
    });
  }

  [[gnu::always_inline]] void fetch_run(std::size_t index, const Run& run) const {
    Base::fetch_synapses(bundles_[run.bundle], bundles_[run.bundle].lanes[index], run.begin, run.count);
  }
  // Adds the runs, in their order, while the synapses of those behind them are fetched.
  void add(std::size_t index) {
    const Lane& lane = lanes_[index];
    Real* const ring = lane.ring;
    const std::uint32_t mask = mask_;
    std::size_t fetched = 0, ahead = 0;  // runs; bytes of those that are fetched and not added
    for (std::size_t i = 0; i < lane.runs.size(); ++i) {
      if (bundles_[lane.runs[i].bundle].dense) {
        i = add_dense(index, i);
        fetched = std::max(fetched, i + 1);
        continue;
      }
      for (; fetched < lane.runs.size() && ahead < bytes_ahead; ++fetched) {
        const Run& run = lane.runs[fetched];
        if (bundles_[run.bundle].dense) continue;
        fetch_run(index, run);
        ahead += run.count * bundle_bytes_[run.bundle];
      }
      const Run& run = lane.runs[i];
      ahead -= run.count * bundle_bytes_[run.bundle];
      const SynapseBundle& bundle = bundles_[run.bundle];
      const SynapseBlock& block = bundle.lanes[index];
      if (windows_ || bundle.one_delay != 0) {
        Real* const sums = ring + run.base;
        Base::add_synapses(bundle, block, run.begin, run.count,
                           [sums](std::uint32_t slot) -> Real& { return sums[slot]; });
      } else {
        const auto base = static_cast<std::uint32_t>(run.base);
        Base::add_synapses(bundle, block, run.begin, run.count,
                           [ring, base, mask](std::uint32_t place) -> Real& { return ring[(base + place) & mask]; });
      }
    }
  }

  // Adds run `first`, of a dense bundle, and those behind it that go to the same sums, several at once. Returns the
  // last of them.
  std::size_t add_dense(std::size_t index, std::size_t first) {
    const Lane& lane = lanes_[index];
    const Run& run = lane.runs[first];
    const SynapseBundle& bundle = bundles_[run.bundle];
    const SynapseBlock& block = bundle.lanes[index];
    Real* const sums = lane.ring + run.base;
    const std::size_t width = block.dense_width;
    // One after the other where what a row has twice comes between it and the next. (Of one weight for all a sum gets
    // the same numbers in any order.)
    const std::size_t most = bundle.weighted && !block.row_others.empty() ? 1 : 2 * dense_rows_at_once;
    const auto belongs = [&](std::size_t k) {
      return k < lane.runs.size() && lane.runs[k].bundle == run.bundle && lane.runs[k].base == run.base;
    };
    std::size_t end = first;
    while (belongs(end)) {
      std::size_t n = 0;
      while (n < most && belongs(end + n)) ++n;
      const bool others = !block.row_others.empty();
      for (std::size_t k = end + n; k < end + 2 * n && belongs(k); ++k) {
        const std::uint32_t next = lane.runs[k].begin;
        with_dense_row(bundle, block, next, [&](const auto* row) { fetch(row, row_values(bundle, width)); });
        if (others) __builtin_prefetch(&block.row_others[next]);
      }
      const auto others_of = [&](std::size_t k) { return &block.row_others[lane.runs[k].begin]; };
      for (std::size_t k = end; others && k < end + n; ++k)
        Base::fetch_synapses(bundle, block, others_of(k)[0], others_of(k)[1] - others_of(k)[0]);
      with_dense_row(bundle, block, 0, [&](const auto* dense) {
        std::array<decltype(dense), 2 * dense_rows_at_once> rows;
        for (const SynapseBlock::Stretch& stretch : block.stretches) {
          for (std::size_t k = 0; k < n; ++k)
            rows[k] = dense + lane.runs[end + k].begin * row_values(bundle, width) + row_values(bundle, stretch.at);
          if constexpr (std::is_same_v<decltype(dense), const Real*>)
            kernels_.add_weights(sums + stretch.first, rows.data(), n, stretch.width);
          else
            kernels_.add_bits(sums + stretch.first, rows.data(), n, stretch.width, static_cast<Real>(bundle.weight));
        }
      });
      for (std::size_t k = end; others && k < end + n; ++k)
        Base::add_synapses(bundle, block, others_of(k)[0], others_of(k)[1] - others_of(k)[0],
                           [sums](std::uint32_t slot) -> Real& { return sums[slot]; });
      end += n;
    }
    return end - 1;
  }
  // Values of a row that hold so many places.
  static std::size_t row_values(const SynapseBundle& bundle, std::size_t places) {
    return bundle.weighted ? places : places / 16;
  }
  // Calls use(row) with a row as what it holds.
  template <class Use>
  [[gnu::always_inline]] static void with_dense_row(const SynapseBundle& bundle, const SynapseBlock& block,
                                                    std::size_t row, const Use& use) {
    if (bundle.weighted)
      use(block.template as_dense<Real>() + row * block.dense_width);
    else
      use(block.template as_dense<std::uint16_t>() + row * (block.dense_width / 16));
  }

  static constexpr std::size_t bytes_ahead = 12288;
  static constexpr std::uint32_t is_past = ~0u;
  const DenseKernels<Real>& kernels_ = dense_kernels(chosen_isa(), Real{});
  std::uint32_t width_, ticks_, mask_;
  unsigned shift_;  // ticks of a window as a power of two
  bool windows_;
  std::vector<std::uint32_t> bundle_bytes_;  // [bundle] of a synapse
  AlignedColumn<Real> rings_;                // of all lanes: in one piece they are large enough for huge pages
  std::vector<Lane> lanes_;
};

}  // namespace

std::unique_ptr<StoredSynapses> make_ring_delivery(std::vector<SynapseBundle> bundles, const DeliveryPlan& delivery,
                                                   Precision precision, std::size_t lanes) {
  if (precision == Precision::single_)
    return std::make_unique<RingDelivery<float>>(std::move(bundles), delivery, lanes);
  return std::make_unique<RingDelivery<double>>(std::move(bundles), delivery, lanes);
}

}  // namespace rheo
