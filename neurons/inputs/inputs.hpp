// Input that comes from outside the network and needs no neurons of its own: Poisson trains, given trains, currents and
// noise. All are functions of the tick, without state.
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <vector>

#include "core/loop/simulation.hpp"
#include "core/random.hpp"
#include "neurons/inputs/profile.hpp"
#include "neurons/kernels/kernels.hpp"

namespace rheo {

// Neurons begin, begin + step, ... < end of one population.
struct NeuronRange {
  std::uint32_t begin = 0, end = 0, step = 1;
  std::uint32_t count() const { return end <= begin ? 0 : (end - begin - 1) / step + 1; }
  // The members of this range within [from, to), as positions: neurons begin + step * [result.begin, result.end).
  NeuronRange positions_within(std::uint32_t from, std::uint32_t to) const;
};

// What all inputs know: where they go and when they are active.
struct InputTarget {
  std::size_t population = 0;
  std::uint32_t port = 0;
  NeuronRange range;
  Tick first = 1, last = never;  // active in ticks [first, last]
};

// What multiplies an input in one tick: a number for all neurons of the range, or one for each.
struct Factor {
  double common = 1;
  const double* each = nullptr;                             // [position in the range], instead of `common`
  double least = -std::numeric_limits<double>::infinity();  // what is less counts as this
  double of(std::size_t position) const { return std::max(least, each == nullptr ? common : each[position]); }
};
// Of a tick, for which the input is asked; empty: always 1. A profile is a function of the tick; a signal is known for
// the ticks that are computed.
using Factors = std::function<Factor(Tick)>;
// Of a profile that starts with tick `first`; empty where it is constant.
Factors profile_factors(const Profile& profile, double dt, Tick first);

// Numbers in the simulation's precision, one for all neurons of a range or one for each.
class InputValues {
 public:
  InputValues(Precision precision, const std::vector<double>& values);
  bool per_neuron() const { return std::max(single_.size(), double_.size()) > 1; }
  template <class Real>
  const Real* data() const {
    if constexpr (std::is_same_v<Real, float>)
      return single_.data();
    else
      return double_.data();
  }

 private:
  std::vector<float> single_;
  std::vector<double> double_;
};

// Finds out which neurons of the range a piece holds, and calls `add_in<Real>(t, part, to)` of the input with the row
// shifted to the first of them; neighbours of the range lie `step` apart there.
template <class Concrete>
class InputBase : public Input {
 public:
  InputBase(InputTarget target, Precision precision) : target_(target), precision_(precision) {}
  void add(Tick t, std::uint32_t begin, std::uint32_t end, void* row, TouchedSlots* touched = nullptr,
           std::uint32_t first_slot = 0) const final;
  std::size_t population() const final { return target_.population; }
  std::uint32_t port() const final { return target_.port; }

 protected:
  bool active(Tick t) const { return t >= target_.first && t <= target_.last; }

  InputTarget target_;
  Precision precision_;
};

// Independent Poisson trains, one per target neuron; input is weight x number of spikes. What arrives in tick t was
// emitted in tick t - delay, the first in tick 1. Neuron i of the range is number index_offset + i of the trains, so
// that one input may cover several populations; see PoissonArgs for the bits that a draw takes. Factors multiply the
// rate: spikes are drawn at their peak and kept with probability factor / peak, which is cut to 0 .. 1. The factors of
// the tick of emission count.
class PoissonInput final : public InputBase<PoissonInput> {
 public:
  // tables, weight: one for all or one per neuron of the range; a table's lambda is the mean number of spikes per tick
  // at the peak of the factors.
  PoissonInput(InputTarget target, Precision precision, RandomKey key, std::uint32_t index_offset,
               std::vector<std::shared_ptr<const PoissonTable>> tables, const std::vector<double>& weight, Tick delay,
               PoissonAdd kernel, Factors factors = {}, double peak = 1);

 private:
  friend InputBase<PoissonInput>;
  template <class Real>
  void add_in(Tick t, NeuronRange part, Real* to) const;

  RandomKey key_;
  std::uint32_t index_offset_;
  std::vector<std::shared_ptr<const PoissonTable>> tables_;
  std::vector<std::shared_ptr<const std::vector<std::uint16_t>>> high_;  // per table, as PoissonArgs wants them
  std::vector<PoissonTableView> views_;                                  // per table
  InputValues weight_;
  Tick delay_;
  PoissonAdd kernel_;
  Factors factors_;
  double peak_;
};

// Given trains, one per neuron of the range: every spike adds the neuron's weight in its tick.
class SpikeInput final : public InputBase<SpikeInput> {
 public:
  struct Event {
    Tick tick;               // of arrival
    std::uint32_t position;  // in the range
    friend auto operator<=>(const Event&, const Event&) = default;
  };
  SpikeInput(InputTarget target, Precision precision, std::vector<Event> events, const std::vector<double>& weight);

 private:
  friend InputBase<SpikeInput>;
  template <class Real>
  void add_in(Tick t, NeuronRange part, Real* to) const;

  std::vector<Event> events_;  // by (tick, position)
  InputValues weight_;
};

// A current, one amplitude or one per neuron of the range, times factors; or as many spikes of a weight as the factors
// say, on any port.
class CurrentInput final : public InputBase<CurrentInput> {
 public:
  CurrentInput(InputTarget target, Precision precision, const std::vector<double>& amplitude, Factors factors = {});

 private:
  friend InputBase<CurrentInput>;
  template <class Real>
  void add_in(Tick t, NeuronRange part, Real* to) const;

  InputValues amplitude_;
  Factors factors_;
};

// A normally distributed current, drawn anew for every neuron each `every` ticks: mean + deviation z. Neuron i of the
// range is number index_offset + i of the input; see NoiseArgs for the bits that a draw takes in the k-th interval.
class NoiseInput final : public InputBase<NoiseInput> {
 public:
  NoiseInput(InputTarget target, Precision precision, RandomKey key, std::uint32_t index_offset,
             const std::vector<double>& mean, const std::vector<double>& deviation, Tick every, NoiseAdd kernel);

 private:
  friend InputBase<NoiseInput>;
  template <class Real>
  void add_in(Tick t, NeuronRange part, Real* to) const;

  RandomKey key_;
  std::uint32_t index_offset_;
  InputValues mean_, deviation_;
  Tick every_;
  NoiseAdd kernel_;
};

}  // namespace rheo
