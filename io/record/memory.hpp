// What is recorded into memory, for programs that look at it between two runs.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "core/loop/simulation.hpp"
#include "core/spikes.hpp"
#include "core/types.hpp"
#include "io/record/requests.hpp"

namespace rheo {

// Spikes of chosen neurons, by time and neuron.
class SpikeMemory final : public SpikeSink {
 public:
  explicit SpikeMemory(const std::vector<PopulationInfo>& populations);

  // From the next tick on, beside those that are recorded already.
  void record(std::size_t population, const NeuronRange& neurons);
  bool records(std::size_t population) const { return recorded_[population]; }
  std::size_t count(std::size_t population) const;  // of its neurons that are recorded
  void take(const SpikeBatch& batch) override;

  // Of one population, as long as nothing runs.
  struct Train {
    std::vector<Tick> ticks;
    std::vector<std::uint32_t> neurons;  // numbers within the population
  };
  const Train& of(std::size_t population) const { return trains_[population]; }
  void clear();  // forgets the spikes, not what is recorded

 private:
  std::vector<PopulationInfo> populations_;
  std::vector<bool> recorded_;        // [population]
  std::vector<std::uint8_t> wanted_;  // [neuron of the network]
  std::vector<Train> trains_;         // [population]
};

// States of chosen neurons, every so many ticks.
class StateMemory final : public Probe {
 public:
  // The caller adds it to the simulation, which was built from `network` and outlives it.
  StateMemory(Simulation& simulation, const NetworkSpec& network, const RecordStates& what);

  const SampleTimes& times() const override { return what_.times; }
  void begin(Tick first, Tick end) override;
  void sample(Tick t, const std::vector<Piece>& pieces) override;
  void take(Tick) override {}

  const RecordStates& what() const { return what_; }
  std::size_t width() const { return width_; }  // neurons, in the order of `cells`
  std::size_t rows() const { return rows_; }
  // The columns of a row in the order of populations and neurons.
  std::vector<std::size_t> by_neuron() const;
  // The tick of a row.
  Tick tick(std::size_t row) const { return first_ + static_cast<Tick>(row) * what_.times.every; }
  // [row][neuron] of a variable, counted as in RecordStates.
  const std::vector<double>& values(std::size_t variable) const { return values_[variable]; }

 private:
  struct Part {                              // one selection
    std::size_t population = 0, offset = 0;  // of its first neuron in a row
    std::vector<std::uint32_t> neurons;
    std::vector<std::size_t> columns;  // [variable]
  };
  Simulation& simulation_;
  RecordStates what_;
  std::vector<Part> parts_;
  std::size_t width_ = 0, rows_ = 0;
  Tick first_ = 0;
  std::vector<std::vector<double>> values_;  // [variable]
};

}  // namespace rheo
