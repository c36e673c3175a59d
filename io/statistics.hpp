// Rates and irregularity while the simulation runs, without keeping the spikes.
//
//   rate = spikes / (neurons * observed time), in Hz
//   CV   = mean over neurons with at least two intervals (three spikes) of sigma / mu of the neuron's inter-spike
//          intervals, sigma^2 = sum (interval - mu)^2 / n over its n intervals
//
// The sums are of whole ticks, so the figures depend neither on threads nor on how the run was cut. 32 bytes per
// neuron; one update per spike on the simulation's thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/simulation.hpp"
#include "core/spikes.hpp"

namespace rheo {

struct PopulationStatistics {
  std::string name;
  std::uint32_t size = 0;
  std::uint64_t spikes = 0;      // after the discarded time
  double rate = 0;               // Hz; 0 when nothing was observed
  std::optional<double> cv_isi;  // nothing when no neuron had three spikes
  std::uint32_t cv_neurons = 0;  // neurons that the CV is the mean of
};

class SpikeStatistics final : public SpikeSink {
 public:
  // Observes these populations after tick `discard`; spikes at and before it do not count, not even as the begin of an
  // interval.
  explicit SpikeStatistics(const std::vector<PopulationInfo>& populations, Tick discard = 0);

  void take(const SpikeBatch& batch) override;

  // In the order of the populations given; `now` is the last tick computed, dt in ms.
  std::vector<PopulationStatistics> results(Tick now, double dt) const;
  // Spikes so far of one neuron of a population, by its index in the order given.
  std::uint64_t count(std::size_t population, std::uint32_t neuron) const;

 private:
  struct Neuron {
    Tick first = 0, last = 0;
    double squares = 0;  // of the intervals, ticks^2; whole numbers, exact up to 2^53
    std::uint64_t count = 0;
  };
  // Neighbouring populations are one range.
  struct Range {
    NeuronId first = 0;
    std::uint64_t end = 0;
    std::size_t offset = 0;  // of the first neuron in neurons_
  };
  std::size_t offset_of(NeuronId first) const;

  std::vector<PopulationInfo> populations_;
  std::vector<Range> ranges_;  // ascending
  std::vector<Neuron> neurons_;
  Tick discard_ = 0;
};

}  // namespace rheo
