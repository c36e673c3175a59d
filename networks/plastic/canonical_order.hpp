// Synapses and targets of a plastic bundle in orders that do not depend on lanes, as states and columns list them.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <tuple>
#include <utility>
#include <vector>

#include "networks/synapses/block.hpp"

namespace rheo {

class CanonicalOrder {
 public:
  struct Place {
    NeuronId target;
    std::uint32_t delay, lane, synapse;
  };
  struct Target {
    NeuronId neuron;
    std::uint32_t lane, number;  // among the lane's
  };

  explicit CanonicalOrder(const SynapseBundle& bundle);

  std::size_t rows() const { return rows_.size(); }
  // Ascending by neuron.
  const std::vector<Target>& targets() const { return targets_; }

  // Calls use(place, source) for synapses by source, target, delay, and as they are stored.
  template <class Use>
  void for_each(const Use& use) const {
    std::vector<Place> places;
    for (const auto& [source, row] : rows_) {
      list_places(row, places);
      std::stable_sort(places.begin(), places.end(), [](const Place& a, const Place& b) {
        return std::tie(a.target, a.delay) < std::tie(b.target, b.delay);
      });
      for (const Place& place : places) use(place, source);
    }
  }

  // Calls use(lane, begin, count) for synapses that are stored one after the other, by source, delay, target, and as
  // they are stored: nearly the order in memory.
  template <class Use>
  void for_each_run(const Use& use) const {
    std::vector<Place> places;
    std::vector<Run> runs;
    for (const auto& [source, row] : rows_) {
      if (ascending_) {
        list_runs(row, runs);
        for (const Run& run : runs) use(run.lane, run.begin, run.count);
        continue;
      }
      list_places(row, places);
      std::stable_sort(places.begin(), places.end(), [](const Place& a, const Place& b) {
        return std::tie(a.delay, a.target) < std::tie(b.delay, b.target);
      });
      for (const Place& place : places) use(place.lane, place.synapse, 1);
    }
  }

 private:
  struct Run {
    std::uint32_t delay, lane, begin, count;
  };

  void list_places(std::uint32_t row, std::vector<Place>& places) const;
  void list_runs(std::uint32_t row, std::vector<Run>& runs) const;

  const SynapseBundle& bundle_;
  std::vector<Target> targets_;
  std::vector<std::vector<NeuronId>> owners_;             // [lane][target]
  std::vector<std::pair<NeuronId, std::uint32_t>> rows_;  // of sources, ascending
  bool ascending_ = true;                                 // targets, from lane to lane
};

}  // namespace rheo
