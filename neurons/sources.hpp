// What drives a network from outside: trains of given spikes (a population), Poisson trains and currents (drives).
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "core/random.hpp"
#include "core/simulation.hpp"
#include "neurons/kernels.hpp"

namespace rheo {

// A population whose neurons spike when they are told to, any number of times per tick. No input reaches it.
class SpikeSource final : public PopulationBlock {
 public:
  struct Event {
    Tick tick;
    std::uint32_t neuron;
    friend auto operator<=>(const Event&, const Event&) = default;
  };
  SpikeSource(std::string name, std::uint32_t size, std::vector<Event> events);

  const std::string& name() const override { return name_; }
  std::uint32_t size() const override { return size_; }
  std::uint32_t ports() const override { return 0; }
  void advance(Tick t, std::uint32_t begin, std::uint32_t end, const void* input, NeuronId first_id,
               SpikeList& spikes) override;
  std::uint32_t first_non_finite(std::uint32_t, std::uint32_t end) const override { return end; }
  void save(ByteWriter&) const override {}
  void load(ByteReader&) override {}
  std::size_t bytes() const override { return events_.capacity() * sizeof(Event); }

 private:
  std::string name_;
  std::uint32_t size_;
  std::vector<Event> events_;  // by (tick, neuron)
};

// Neurons begin, begin + step, ... < end of one population.
struct NeuronRange {
  std::uint32_t begin = 0, end = 0, step = 1;
  std::uint32_t count() const { return end <= begin ? 0 : (end - begin + step - 1) / step; }
  // The members of this range within [from, to), as positions: neurons begin + step * [result.begin, result.end).
  NeuronRange positions_within(std::uint32_t from, std::uint32_t to) const;
};

// What both drives know: where they go and when they are active.
struct DriveTarget {
  std::size_t population = 0;
  std::uint32_t port = 0;
  NeuronRange range;
  Tick first = 1, last = never;  // active in ticks [first, last]
};

// Independent Poisson trains, one per target neuron; input is weight x number of spikes. What arrives in tick t was
// emitted in tick t - delay, the first in tick 1. Neuron i of the range is number index_offset + i of the trains, so
// that one input may cover several populations; see PoissonArgs for the bits that a draw takes.
class PoissonDrive final : public Drive {
 public:
  // tables, weight: one for all or one per neuron of the range; a table's lambda is the mean number of spikes per tick.
  PoissonDrive(DriveTarget target, Precision precision, RandomKey key, std::uint32_t index_offset,
               std::vector<std::shared_ptr<const PoissonTable>> tables, std::vector<double> weight, Tick delay,
               PoissonAdd kernel);
  void add(Tick t, std::uint32_t begin, std::uint32_t end, void* row) const override;
  std::size_t population() const override { return target_.population; }
  std::uint32_t port() const override { return target_.port; }

 private:
  DriveTarget target_;
  Precision precision_;
  RandomKey key_;
  std::uint32_t index_offset_;
  template <class Real>
  void add_in(Tick emitted, NeuronRange part, std::uint32_t row_begin, Real* row,
              const std::vector<Real>& weight) const;

  std::vector<std::shared_ptr<const PoissonTable>> tables_;
  std::vector<std::shared_ptr<const std::vector<std::uint16_t>>> high_;  // per table, as PoissonArgs wants them
  std::vector<float> weight_single_;
  std::vector<double> weight_double_;
  Tick delay_;
  PoissonAdd kernel_;
};

// A constant current, one value or one per neuron of the range.
class CurrentDrive final : public Drive {
 public:
  CurrentDrive(DriveTarget target, Precision precision, std::vector<double> amplitude);
  void add(Tick t, std::uint32_t begin, std::uint32_t end, void* row) const override;
  std::size_t population() const override { return target_.population; }
  std::uint32_t port() const override { return target_.port; }

 private:
  template <class Real>
  void add_in(NeuronRange part, std::uint32_t row_begin, Real* row, const std::vector<Real>& amplitude) const;

  DriveTarget target_;
  Precision precision_;
  std::vector<float> amplitude_single_;
  std::vector<double> amplitude_double_;
};

}  // namespace rheo
