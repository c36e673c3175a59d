#include "networks/projection.hpp"

#include <algorithm>

namespace rheo {

namespace {

template <class Target>
const AlignedColumn<Target>& targets_of(const SynapseBlock& block);
template <>
const AlignedColumn<std::uint16_t>& targets_of(const SynapseBlock& block) {
  return block.narrow_targets;
}
template <>
const AlignedColumn<std::uint32_t>& targets_of(const SynapseBlock& block) {
  return block.wide_targets;
}
template <class Real>
const AlignedColumn<Real>& weights_of(const SynapseBlock& block);
template <>
const AlignedColumn<float>& weights_of(const SynapseBlock& block) {
  return block.weights_single;
}
template <>
const AlignedColumn<double>& weights_of(const SynapseBlock& block) {
  return block.weights_double;
}

// Slices whose synapses are fetched ahead of the one being delivered; chosen with `rheo bench brunel_het`.
constexpr std::size_t fetch_ahead = 6;

template <class Real, class Target, bool OneWeight, class Slice>
void deliver(const SynapseBlock& block, double common_weight, std::span<const Slice> slices, void* input_row) {
  const Target* const targets = targets_of<Target>(block).data();
  const Real* const weights = weights_of<Real>(block).data();
  const Real common = static_cast<Real>(common_weight);
  Real* const input = static_cast<Real*>(input_row);
  for (std::size_t i = 0; i < slices.size(); ++i) {
    if (i + fetch_ahead < slices.size()) {
      // First and last line: what lies between comes by the hardware's own guess.
      const std::uint32_t begin = slices[i + fetch_ahead].begin, last = begin + slices[i + fetch_ahead].count - 1;
      __builtin_prefetch(targets + begin);
      __builtin_prefetch(targets + last);
      if constexpr (!OneWeight) {
        __builtin_prefetch(weights + begin);
        __builtin_prefetch(weights + last);
      }
    }
    const Target* const target = targets + slices[i].begin;
    const Real* const weight = weights + (OneWeight ? 0 : slices[i].begin);
    const std::size_t n = slices[i].count;
    // In order: multapses of one delay stand next to each other and must be added one by one.
#pragma GCC unroll 8
    for (std::size_t k = 0; k < n; ++k) input[target[k]] += OneWeight ? common : weight[k];
  }
}

}  // namespace

Projection::Projection(Parts parts) : parts_(std::move(parts)), lanes_(parts_.blocks.size()) {
  const auto choose = [&]<class Real>(Real, const SynapseBlock& block) -> Deliver {
    const bool narrow = !block.narrow_targets.empty(), one_weight = weights_of<Real>(block).empty();
    if (narrow) return one_weight ? &deliver<Real, std::uint16_t, true, Slice> : &deliver<Real, std::uint16_t, false, Slice>;
    return one_weight ? &deliver<Real, std::uint32_t, true, Slice> : &deliver<Real, std::uint32_t, false, Slice>;
  };
  for (std::size_t i = 0; i < lanes_.size(); ++i) {
    if (parts_.blocks[i].synapses() == 0) continue;
    lanes_[i].wheel = DelayWheel<Slice>(parts_.max_delay);
    lanes_[i].deliver = parts_.precision == Precision::single_ ? choose(float{}, parts_.blocks[i])
                                                               : choose(double{}, parts_.blocks[i]);
  }
}

void Projection::push_row(std::size_t index, std::uint32_t row, Tick emitted, std::size_t position, Tick now) {
  const SynapseBlock& block = parts_.blocks[index];
  DelayWheel<Slice>& wheel = lanes_[index].wheel;
  std::uint32_t begin = block.row_synapses[row];
  if (block.row_slices.empty()) {
    const std::uint32_t count = block.row_synapses[row + 1] - begin;
    if (count != 0 && emitted + parts_.max_delay > now)
      wheel.push(position, static_cast<std::size_t>(parts_.max_delay), {begin, count});
    return;
  }
  const auto push = [&](const auto& slices) {
    for (std::uint32_t s = block.row_slices[row]; s < block.row_slices[row + 1]; ++s) {
      // Only what a loaded state has already delivered arrives in the past.
      if (emitted + static_cast<Tick>(slices[s].delay) > now) wheel.push(position, slices[s].delay, {begin, slices[s].count});
      begin += slices[s].count;
    }
  };
  if (!block.narrow_slices.empty())
    push(block.narrow_slices);
  else
    push(block.wide_slices);
}

void Projection::prefetch_row(const SynapseBlock& block, std::uint32_t row) const {
  __builtin_prefetch(&block.row_synapses[row]);
  if (block.row_slices.empty()) return;
  __builtin_prefetch(&block.row_slices[row]);
}

void Projection::fan_out(std::size_t index, const SpikeBatch& batch, Tick now) {
  Lane& lane = lanes_[index];
  if (lane.deliver == nullptr) return;
  const SynapseBlock& block = parts_.blocks[index];
  for (std::size_t k = 0; k < batch.ticks(); ++k) {
    const Tick emitted = batch.tick(k);
    const std::span<const NeuronId> neurons = batch.at(k);
    if (neurons.empty()) continue;
    const std::size_t position = lane.wheel.position(emitted);
    for (const SourceRange& range : parts_.sources) {
      const auto first = std::lower_bound(neurons.begin(), neurons.end(), range.first);
      for (auto neuron = first; neuron != neurons.end() && *neuron < range.end; ++neuron) {
        if (neuron + 4 < neurons.end() && neuron[4] < range.end)
          prefetch_row(block, range.row + (neuron[4] - range.first) / range.step);
        const std::uint32_t offset = *neuron - range.first;
        if (range.step != 1 && offset % range.step != 0) continue;
        push_row(index, range.row + offset / range.step, emitted, position, now);
      }
    }
  }
}

void Projection::arrive(std::size_t index, Tick t, void* input) {
  Lane& lane = lanes_[index];
  if (lane.deliver == nullptr) return;
  const std::size_t position = lane.wheel.position(t);
  if (lane.wheel.empty(position)) return;
  lane.arriving.clear();
  lane.wheel.drain(position, lane.arriving);
  lane.deliver(parts_.blocks[index], parts_.weight, lane.arriving, input);
}

void Projection::clear() {
  for (Lane& lane : lanes_) lane.wheel.clear();
}

std::size_t Projection::bytes() const {
  std::size_t sum = 0;
  for (const SynapseBlock& block : parts_.blocks) sum += block.bytes();
  for (const Lane& lane : lanes_) sum += lane.wheel.bytes() + lane.arriving.capacity() * sizeof(Slice);
  return sum;
}

}  // namespace rheo
