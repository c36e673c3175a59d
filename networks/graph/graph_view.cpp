#include "networks/graph/graph_view.hpp"

#include <algorithm>
#include <stdexcept>

#include "core/time.hpp"
#include "networks/synapses/builder.hpp"

namespace rheo {

NetworkGraph::NetworkGraph(const Network& network) : network_(&network), bundles_(&network.stored().bundles()) {
  const PopulationInfo& last = network.simulation().populations().back();
  vertices_ = last.first + last.size;
}

// From a place behind a row's end, or before its first row, to the next synapse.
void NetworkGraph::skip_empty(NeuronId source, OutgoingPlace& place) const {
  for (; place.bundle < bundles_->size(); ++place.bundle, place.lane = 0) {
    const SynapseBundle& bundle = (*bundles_)[place.bundle];
    const std::uint32_t row = row_of(bundle.sources, source);
    if (row == Connector::nobody) continue;
    for (; place.lane < bundle.lanes.size(); ++place.lane) {
      const SynapseBlock& block = bundle.lanes[place.lane];
      if (block.synapses() == 0) continue;
      place.index = block.row_synapses[row];
      place.end = block.row_synapses[row + 1];
      if (place.index != place.end) return;
    }
  }
  place = end_outgoing();
}

OutgoingPlace NetworkGraph::first_outgoing(NeuronId source) const {
  OutgoingPlace place;
  skip_empty(source, place);
  return place;
}

void NetworkGraph::next(NeuronId source, OutgoingPlace& place) const {
  if (++place.index != place.end) return;
  ++place.lane;
  skip_empty(source, place);
}

GraphEdge NetworkGraph::edge(NeuronId source, const OutgoingPlace& place) const {
  const std::uint32_t slot = network_->stored().slot(place.bundle, place.lane, place.index);
  return {source, network_->owner(place.lane, slot).first, place.index, static_cast<std::uint16_t>(place.bundle),
          static_cast<std::uint16_t>(place.lane)};
}

std::uint32_t NetworkGraph::out_degree(NeuronId source) const {
  std::uint32_t sum = 0;
  for (const SynapseBundle& bundle : *bundles_) {
    const std::uint32_t row = row_of(bundle.sources, source);
    if (row == Connector::nobody) continue;
    for (const SynapseBlock& block : bundle.lanes)
      if (block.synapses() != 0) sum += block.row_synapses[row + 1] - block.row_synapses[row];
  }
  return sum;
}

void NetworkGraph::index_incoming() {
  // A lane has all synapses of its targets: lanes write to different places.
  const auto for_each_synapse = [&](const auto& use) {
    network_->simulation().threads().for_each(network_->lanes().count(), [&](std::size_t lane) {
      for (std::size_t b = 0; b < bundles_->size(); ++b)
        for (std::uint32_t s = 0; s < (*bundles_)[b].lanes[lane].synapses(); ++s)
          use(network_->owner(lane, network_->stored().slot(b, lane, s)).first, b, s);
    });
  };
  release_incoming();
  std::vector<std::uint64_t> begin(std::size_t{vertices_} + 2);
  for_each_synapse([&](NeuronId target, std::size_t, std::uint32_t) { ++begin[target + std::size_t{2}]; });
  for (std::size_t i = 2; i < begin.size(); ++i) begin[i] += begin[i - 1];
  incoming_index_.resize(begin.back());
  incoming_bundle_.resize(begin.back());
  // begin[t + 1] moves from where t begins to where t + 1 does.
  for_each_synapse([&](NeuronId target, std::size_t bundle, std::uint32_t synapse) {
    const std::uint64_t at = begin[target + std::size_t{1}]++;
    incoming_index_[at] = synapse;
    incoming_bundle_[at] = static_cast<std::uint16_t>(bundle);
  });
  incoming_begin_ = std::move(begin);
}

void NetworkGraph::release_incoming() {
  incoming_begin_ = {};
  incoming_index_ = {};
  incoming_bundle_ = {};
}

std::size_t NetworkGraph::bytes() const {
  return incoming_begin_.size() * sizeof(std::uint64_t) + incoming_index_.size() * sizeof(std::uint32_t) +
         incoming_bundle_.size() * sizeof(std::uint16_t);
}

std::uint64_t NetworkGraph::incoming_begin(NeuronId target) const {
  if (!has_incoming()) throw std::logic_error("in-edges of a network need NetworkGraph::index_incoming()");
  return incoming_begin_[target];
}
std::uint64_t NetworkGraph::incoming_end(NeuronId target) const {
  return incoming_begin(target + 1);
}

std::uint32_t NetworkGraph::lane_of(NeuronId neuron) const {
  const auto& populations = network_->simulation().populations();
  std::size_t p = populations.size() - 1;
  while (populations[p].first > neuron) --p;
  const std::uint32_t local = neuron - populations[p].first;
  const auto& pieces = network_->lanes().pieces;
  const auto after = std::upper_bound(pieces.begin(), pieces.end(), local,
                                      [p](std::uint32_t n, const auto& lane) { return n < lane[p].end; });
  return static_cast<std::uint32_t>(after - pieces.begin());
}

GraphEdge NetworkGraph::incoming(NeuronId target, std::uint32_t lane, std::uint64_t place) const {
  const std::uint16_t b = incoming_bundle_[place];
  const std::uint32_t index = incoming_index_[place];
  const SynapseBundle& bundle = (*bundles_)[b];
  const auto& rows = bundle.lanes[lane].row_synapses;
  const auto row = static_cast<std::uint32_t>(std::upper_bound(rows.begin(), rows.end(), index) - rows.begin() - 1);
  NeuronId source = 0;
  for (const SourceRange& range : bundle.sources) {
    const std::uint64_t neuron = range.first + std::uint64_t{row - range.row} * range.step;
    if (row >= range.row && neuron < range.end) source = static_cast<NeuronId>(neuron);
  }
  return {source, target, index, b, static_cast<std::uint16_t>(lane)};
}

std::uint32_t NetworkGraph::projection(const GraphEdge& edge) const {
  return (*bundles_)[edge.bundle].projection_of(edge.source, edge.target);
}

double NetworkGraph::weight(const GraphEdge& edge) const {
  return network_->stored().weight(edge.bundle, edge.lane, edge.index);
}

double NetworkGraph::delay(const GraphEdge& edge) const {
  const std::uint32_t row = row_of((*bundles_)[edge.bundle].sources, edge.source);
  return tick_to_ms(network_->stored().delay(edge.bundle, edge.lane, row, edge.index), network_->simulation().dt());
}

}  // namespace rheo
