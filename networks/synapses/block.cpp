#include "networks/synapses/block.hpp"

#include <algorithm>

#include "networks/connect/connector.hpp"

namespace rheo {

std::uint32_t SynapseBlock::delay(std::uint32_t row, std::uint32_t s) const {
  std::uint32_t slice = row_slices[row], end = row_synapses[row], ticks = 0;
  do {
    ticks += slices[slice].step;
    end += slices[slice++].count;
  } while (end <= s);
  return ticks;
}

std::uint32_t SynapseBundle::projection_of(NeuronId source, NeuronId target) const {
  const auto has = [](const std::vector<NeuronSet>& sets, NeuronId neuron) {
    return std::any_of(sets.begin(), sets.end(), [&](const NeuronSet& set) { return set.contains(neuron); });
  };
  std::uint32_t m = 0;
  while (m + 1 < members.size() && !(has(members[m].targets, target) && has(members[m].sources, source))) ++m;
  return first + m;
}

std::size_t bundle_of(const std::vector<SynapseBundle>& bundles, std::size_t projection) {
  const SynapseBundle& bundle = range_of(bundles, static_cast<std::uint32_t>(projection), &SynapseBundle::first);
  return static_cast<std::size_t>(&bundle - bundles.data());
}

std::uint32_t row_of(const std::vector<SourceRange>& sources, NeuronId neuron) {
  const auto after = std::ranges::upper_bound(sources, neuron, {}, &SourceRange::first);
  if (after == sources.begin() || !after[-1].contains(neuron)) return Connector::nobody;
  return after[-1].row + (neuron - after[-1].first) / after[-1].step;
}

}  // namespace rheo
