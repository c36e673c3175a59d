#include "networks/plastic/canonical_order.hpp"

namespace rheo {

CanonicalOrder::CanonicalOrder(const SynapseBundle& bundle) : bundle_(bundle), owners_(bundle.lanes.size()) {
  const PlasticPlan& plan = *bundle.plastic;
  NeuronId end = 0;  // of the targets so far
  for (std::uint32_t l = 0; l < owners_.size(); ++l) {
    for (const PlasticPlan::Range& range : plan.ranges[l]) {
      ascending_ = ascending_ && range.slot == plan.first_slot[l] && range.first >= end;
      end = range.end;
    }
    plan.for_each_target(l, [&](std::uint32_t number, NeuronId neuron, std::uint32_t) {
      targets_.push_back({neuron, l, number});
      if (owners_[l].size() <= number) owners_[l].resize(number + 1);
      owners_[l][number] = neuron;
    });
  }
  std::ranges::sort(targets_, {}, &Target::neuron);
  for (const SourceRange& range : bundle.sources)
    for (NeuronId neuron = range.first; neuron < range.end; neuron += range.step)
      rows_.emplace_back(neuron, range.row + (neuron - range.first) / range.step);
  std::sort(rows_.begin(), rows_.end());
}

void CanonicalOrder::list_places(std::uint32_t row, std::vector<Place>& places) const {
  places.clear();
  for (std::uint32_t l = 0; l < owners_.size(); ++l) {
    const SynapseBlock& block = bundle_.lanes[l];
    if (block.synapses() == 0) continue;
    block.for_each_slice(row, [&](std::uint32_t delay, std::uint32_t begin, std::uint32_t count) {
      for (std::uint32_t s = begin; s < begin + count; ++s)
        places.push_back({owners_[l][block.target(s)], delay, l, s});
    });
  }
}

void CanonicalOrder::list_runs(std::uint32_t row, std::vector<Run>& runs) const {
  runs.clear();
  for (std::uint32_t l = 0; l < owners_.size(); ++l) {
    if (bundle_.lanes[l].synapses() == 0) continue;
    bundle_.lanes[l].for_each_slice(row, [&](std::uint32_t delay, std::uint32_t begin, std::uint32_t count) {
      runs.push_back({delay, l, begin, count});
    });
  }
  std::sort(runs.begin(), runs.end(),
            [](const Run& a, const Run& b) { return std::tie(a.delay, a.lane) < std::tie(b.delay, b.lane); });
}

}  // namespace rheo
