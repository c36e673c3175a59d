// What both ways of delivery have in common.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <type_traits>
#include <utility>
#include <vector>

#include "core/inline.hpp"
#include "networks/delivery/dense_rows.hpp"
#include "networks/delivery/stored_synapses.hpp"

namespace rheo {

// How far ahead of the work rows' places and slices are fetched; chosen with `rheo bench`.
inline constexpr std::size_t rows_ahead = 3, index_ahead = 8, slices_ahead = 12;

// Asks for the cache lines of n values; beyond some, the hardware has seen where it goes. (Always inline: gcc takes a
// function that only fetches for one without effects, and drops its calls.)
template <class T>
[[gnu::always_inline]] inline void fetch(const T* values, std::size_t n) {
  constexpr std::uintptr_t line = 64;
  const auto begin = reinterpret_cast<std::uintptr_t>(values) / line * line;
  const auto end = std::min(reinterpret_cast<std::uintptr_t>(values + n), begin + 64 * line);
  for (std::uintptr_t at = begin; at < end; at += line) __builtin_prefetch(reinterpret_cast<const void*>(at));
}

// Bundles, and which rows of them a batch of spikes reaches.
class StoredBundles : public StoredSynapses {
 public:
  explicit StoredBundles(std::vector<SynapseBundle> bundles) : bundles_(std::move(bundles)) {
    if (!bundles_.empty()) reaching_.resize(bundles_.front().lanes.size());
    graded_.resize(reaching_.size());
    for (std::uint32_t b = 0; b < bundles_.size(); ++b) {
      min_delay_ = std::min(min_delay_, bundles_[b].min_delay);
      max_delay_ = std::max(max_delay_, bundles_[b].max_delay);
      for (std::size_t lane = 0; lane < reaching_.size(); ++lane)
        if (bundles_[b].lanes[lane].synapses() != 0) (bundles_[b].is_graded() ? graded_ : reaching_)[lane].push_back(b);
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
  void set_shared_weight(std::size_t index, double weight) override { bundles_[index].weight = weight; }

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
      for (const std::uint32_t b : reaching_[lane])
        for_each_row(bundles_[b].sources, neurons, [&](std::uint32_t row) { rows.push_back({row, b, tick}); });
    }
  }
  const SynapseBlock& block_of(std::size_t lane, const Row& row) const { return bundles_[row.bundle].lanes[lane]; }

  std::vector<SynapseBundle> bundles_;
  std::vector<std::vector<std::uint32_t>> reaching_;  // [lane] bundles whose synapses spikes take to it
  std::vector<std::vector<std::uint32_t>> graded_;    // [lane] and those that transmit values
  Tick min_delay_ = never, max_delay_ = 0;
};

// Access to synapses with weights and sums of one precision.
template <class Real>
class TypedBundles : public StoredBundles {
 public:
  using StoredBundles::StoredBundles;
  double weight(std::size_t index, std::size_t lane, std::uint32_t s) const override {
    const SynapseBundle& bundle = bundles_[index];
    if (bundle.dense) return weight_at(index, lane, place_of<Real>(bundle, bundle.lanes[lane], s));
    return with_synapses(bundle, bundle.lanes[lane], [&](const auto* synapses) -> double {
      if constexpr (requires { synapses->weight; })
        return value_of(synapses[s].weight, bundle);
      else
        return static_cast<Real>(bundle.weight);
    });
  }
  void set_weight(std::size_t index, std::size_t lane, std::uint32_t s, double weight) override {
    SynapseBundle& bundle = bundles_[index];
    SynapseBlock& block = bundle.lanes[lane];
    if (bundle.weight_step > 0) weight = std::round(weight / bundle.weight_step) * bundle.weight_step;
    if (bundle.dense) {
      const DensePlace where = place_of<Real>(bundle, block, s);
      // -0.0 would be no synapse.
      if (!where.is_other) block.template as_dense<Real>()[where.place] = static_cast<Real>(weight) + Real(0);
      if (!where.is_other) return;
      s = where.other;
    }
    with_synapses(bundle, block, [&](auto* synapses) {
      if constexpr (requires { synapses->weight; }) {
        using Stored = std::remove_cvref_t<decltype(synapses->weight)>;
        if constexpr (std::is_same_v<Stored, std::int16_t>)
          synapses[s].weight = static_cast<Stored>(weight / bundle.weight_step);
        else
          synapses[s].weight = static_cast<Stored>(weight);
      }
    });
  }

 protected:
  // Calls use(synapses) with a block's synapses as the type that the bundle says.
  template <class Block, class Use>
  [[gnu::always_inline]] static decltype(auto) with_synapses(const SynapseBundle& bundle, Block& block,
                                                             const Use& use) {
    const auto with_address = [&]<class Address>(Address) RHEO_INLINE_LAMBDA {
      if (!bundle.weighted) return use(block.template as<BareSynapse<Address>>());
      if (!bundle.has_short_weights()) return use(block.template as<WeightedSynapse<Address, Real>>());
      return use(block.template as<WeightedSynapse<Address, std::int16_t>>());
    };
    return bundle.narrow ? with_address(std::uint16_t{}) : with_address(std::uint32_t{});
  }
  // What a stored weight adds.
  [[gnu::always_inline]] static Real value_of(Real weight, const SynapseBundle&) { return weight; }
  [[gnu::always_inline]] static Real value_of(std::int16_t steps, const SynapseBundle& bundle) {
    return static_cast<Real>(steps) * static_cast<Real>(bundle.weight_step);
  }
  // Of dense bundles, where a synapse has been found.
  double weight_at(std::size_t index, std::size_t lane, const DensePlace& where) const {
    const SynapseBundle& bundle = bundles_[index];
    const SynapseBlock& block = bundle.lanes[lane];
    if (!bundle.weighted) return static_cast<Real>(bundle.weight);
    if (!where.is_other) return block.template as_dense<Real>()[where.place];
    return with_synapses(bundle, block, [&](const auto* synapses) -> double {
      if constexpr (requires { synapses->weight; }) return value_of(synapses[where.other].weight, bundle);
      return 0;
    });
  }
  std::uint32_t slot_at(std::size_t index, std::size_t lane, const DensePlace& where) const {
    const SynapseBlock& block = bundles_[index].lanes[lane];
    if (where.is_other) return address(index, lane, where.other);
    const auto place = static_cast<std::uint32_t>(where.place % block.dense_width);
    const SynapseBlock::Stretch& stretch = range_of(block.stretches, place, &SynapseBlock::Stretch::at);
    return stretch.first + (place - stretch.at);
  }
  std::uint32_t address(std::size_t index, std::size_t lane, std::uint32_t s) const {
    return with_synapses(bundles_[index], bundles_[index].lanes[lane],
                         [s](const auto* synapses) -> std::uint32_t { return synapses[s].address; });
  }

  // n synapses from `begin` on, soon.
  [[gnu::always_inline]] static void fetch_synapses(const SynapseBundle& bundle, const SynapseBlock& block,
                                                    std::uint32_t begin, std::uint32_t n) {
    with_synapses(bundle, block, [=](const auto* synapses) { fetch(synapses + begin, n); });
  }

  // Adds the weights of n synapses from `begin` on, one after the other; at(address) is where.
  template <class At>
  static void add_synapses(const SynapseBundle& bundle, const SynapseBlock& block, std::uint32_t begin, std::uint32_t n,
                           const At& at) {
    with_synapses(bundle, block, [&, begin, n](const auto* synapses) {
      const auto* const synapse = synapses + begin;
      if constexpr (requires { synapses->weight; }) {
#pragma GCC unroll 8
        for (std::uint32_t k = 0; k < n; ++k) at(synapse[k].address) += value_of(synapse[k].weight, bundle);
      } else {
        const auto common = static_cast<Real>(bundle.weight);
#pragma GCC unroll 8
        for (std::uint32_t k = 0; k < n; ++k) at(synapse[k].address) += common;
      }
    });
  }
};

std::unique_ptr<StoredSynapses> make_ring_delivery(std::vector<SynapseBundle> bundles, const DeliveryPlan& delivery,
                                                   Precision precision, std::size_t lanes);
std::unique_ptr<StoredSynapses> make_wheel_delivery(std::vector<SynapseBundle> bundles, const DeliveryPlan& delivery,
                                                    Precision precision, const std::vector<std::uint32_t>& slots,
                                                    SignalBoard signals);

}  // namespace rheo
