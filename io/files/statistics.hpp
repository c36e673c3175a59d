// Rates, irregularity and synchrony while the simulation runs, without keeping the spikes.
//
//   rate = spikes / (neurons * observed time), in Hz
//   CV   = mean over neurons with at least two intervals (three spikes) of sigma / mu of the neuron's inter-spike
//          intervals, sigma^2 = sum (interval - mu)^2 / n over its n intervals
//   synchrony = variance / mean of the spikes that the whole population has in bins of 3 ms: Potjans & Diesmann,
//          Cerebral Cortex 24:785 (2014). 1 for independent Poisson trains, 0 for a constant count, up to the number of
//          neurons where all spike together. A last bin that is not whole does not count.
//
// The sums are of whole numbers, so the figures depend neither on threads nor on how the run was cut. One update per
// spike on the simulation's thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/bytes.hpp"
#include "core/loop/simulation.hpp"
#include "core/spikes.hpp"

namespace rheo {

struct PopulationStatistics {
  std::string name;
  std::uint32_t size = 0;
  std::uint64_t spikes = 0;              // after the discarded time
  double rate = 0;                       // Hz; 0 when nothing was observed
  std::optional<double> cv_isi;          // nothing when no neuron had three spikes
  std::uint32_t cv_neurons = 0;          // neurons that the CV is the mean of
  std::optional<double> synchrony = {};  // nothing without a spike in a whole bin, or without bins
};

// Ticks of a bin for the synchrony: the whole number nearest to 3 ms, at least 1. dt in ms.
Tick synchrony_bin(double dt);

class SpikeStatistics final : public SpikeSink {
 private:
  struct Neuron {
    Tick first = 0, last = 0;
    double squares = 0;  // of the intervals, ticks^2; whole numbers, exact up to 2^53
    std::uint64_t count = 0;
  };

 public:
  static constexpr double bytes_per_neuron = sizeof(Neuron);
  // Observes these populations after tick `discard`; spikes at and before it do not count, not even as the begin of an
  // interval. bin: as synchrony_bin says; 0: no synchrony.
  explicit SpikeStatistics(const std::vector<PopulationInfo>& populations, Tick discard = 0, Tick bin = 0);

  void take(const SpikeBatch& batch) override;

  // In the order of the populations given; `now` is the last tick computed, dt in ms.
  std::vector<PopulationStatistics> results(Tick now, double dt) const;
  // What was observed so far, for another one of the same populations to go on with. Throws StateError.
  void save(ByteWriter& to) const;
  void load(ByteReader& from);
  // Spikes so far of one neuron of a population, by its index in the order given.
  std::uint64_t count(std::size_t population, std::uint32_t neuron) const;

 private:
  // A population's neurons, and its spikes by bins.
  struct Range {
    NeuronId first = 0;
    std::uint64_t end = 0;
    std::size_t offset = 0;     // of the first neuron in neurons_
    Tick bin = 0;               // in which the last spikes were
    std::uint64_t in_bin = 0;   // how many of them so far
    std::uint64_t in_bins = 0;  // spikes of the bins before
    std::uint64_t squares = 0;  // of the counts of these bins
    void count(Tick bin_now, std::uint64_t spikes);
  };
  const Range& range_of(const PopulationInfo& population) const;

  std::vector<PopulationInfo> populations_;
  std::vector<Range> ranges_;  // ascending, each once
  std::vector<Neuron> neurons_;
  Tick discard_ = 0, bin_ = 0;
};

}  // namespace rheo
