// Synapses onto one lane: rows by source, of one projection or of a bundle of them. Memory traffic is the speed limit
// of spike delivery, so a column exists only where its values differ (one weight for the projection costs 0 bytes per
// synapse), and target and delay share one address of 2 bytes where they fit.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "core/aligned.hpp"
#include "core/isa.hpp"
#include "core/types.hpp"
#include "plasticity/library.hpp"

namespace rheo {

// Of ranges that ascend by `first`, the last one that starts at or before an index. There is one.
template <class Range, class Number>
const Range& range_of(const std::vector<Range>& ranges, Number index, Number Range::*first) {
  return std::ranges::upper_bound(ranges, index, {}, first)[-1];
}

// Neurons by their numbers in the network: first, first + step, ... < end.
struct NeuronSet {
  NeuronId first = 0, end = 0;
  std::uint32_t step = 1;
  bool contains(NeuronId neuron) const { return neuron >= first && neuron < end && (neuron - first) % step == 0; }
  std::uint32_t size() const { return (end - first + step - 1) / step; }
};

// Neurons as rows: the first is row `row`, the next one row + 1.
struct SourceRange : NeuronSet {
  std::uint32_t row = 0;
};
// The row of a neuron, or Connector::nobody where it is no source. sources: ascending by neuron.
std::uint32_t row_of(const std::vector<SourceRange>& sources, NeuronId neuron);

inline std::uint32_t row_count(const std::vector<SourceRange>& sources) {
  std::uint32_t rows = 0;
  for (const SourceRange& range : sources) rows = std::max(rows, range.row + range.size());
  return rows;
}

// Calls use(row) for those of some neurons, which ascend, that are sources.
template <class Use>
void for_each_row(const std::vector<SourceRange>& sources, std::span<const NeuronId> neurons, const Use& use) {
  for (const SourceRange& range : sources) {
    auto neuron = std::lower_bound(neurons.begin(), neurons.end(), range.first);
    for (; neuron != neurons.end() && *neuron < range.end; ++neuron) {
      const std::uint32_t offset = *neuron - range.first;
      if (range.step == 1)
        use(range.row + offset);
      else if (offset % range.step == 0)
        use(range.row + offset / range.step);
    }
  }
}

// A run of synapses of one row whose delays are in [n, n + 1) * 2^k ticks, k of their block. Slices of a row follow
// each other; one without synapses only bridges delays that lie far apart.
struct DelaySlice {
  std::uint16_t step;   // 2^k ticks each after the slice before; the first one: after emission
  std::uint16_t count;  // of synapses
};

// A synapse as blocks store it. Address: std::uint16_t or std::uint32_t: delay * width of a ring + slot, or slot alone
// (DeliveryPlan::address_has_delay).
template <class Address>
struct BareSynapse {
  Address address;
};
#pragma pack(push, 2)
template <class Address, class Real>
struct WeightedSynapse {
  Address address;
  Real weight;
};
#pragma pack(pop)

// A weight of 16 bits is so many steps of its bundle, at most, up or down.
inline constexpr double most_steps = 32767;

// How a projection learns.
struct PlasticPlan {
  // Targets of one lane: neurons first, first + step, ... < end, whose weights arrive at slot, slot + step, ... First
  // and following of the lane's ranges.
  struct Range : NeuronSet {
    std::uint32_t slot = 0;
    std::uint32_t first_target = 0;  // of the neuron `first` among all targets of the projection
  };
  std::string projection;  // its name
  const Rule* rule = nullptr;
  std::shared_ptr<const RuleLibrary> library;  // keeps the rule
  std::vector<std::vector<double>> params;     // [parameter] one number, or one for each target of the projection
  bool inhibitory = false;                     // weights are <= 0
  bool conductance = false;                    // but their magnitude counts
  double low = 0, high = 0;                    // of magnitudes
  bool eager = false;                          // spikes of targets reach synapses at once
  std::vector<std::vector<Range>> ranges;      // [lane] ascending by neuron
  Isa isa = Isa::base;
  double dt = 0.1;
  // Of what synapses hold: double also where the simulation is in single precision, but steps are too small for it.
  Precision precision = Precision::single_;
  double relative_step = 1;  // as the rule declares it
  static constexpr std::size_t not_given = ~std::size_t{0};
  std::vector<std::size_t> signals;             // [signal of the rule] which of the network's, or not_given
  std::vector<std::optional<double>> constant;  // [signal of the rule] where it never changes
  std::vector<std::size_t> published;           // those of the network's that are what this rule publishes
  Tick interval = 0;                            // between consolidates; 0: whenever the rule's first signal is not 0

  // The rule's coefficients are made from the first target's parameters.
  std::vector<double> first_params() const {
    std::vector<double> first;
    for (const std::vector<double>& values : params) first.push_back(values.front());
    return first;
  }
  bool negative() const { return inhibitory && !conductance; }  // what is sent
  // Targets of a lane are numbered by their slots, from the first one's on.
  std::vector<std::uint32_t> first_slot;  // [lane]
  std::uint32_t number(std::size_t lane, const Range& range, NeuronId neuron) const {
    return range.slot - first_slot[lane] + (neuron - range.first);
  }
  // Calls use(number in the lane, neuron, number among all targets of the projection) for the targets of a lane.
  template <class Use>
  void for_each_target(std::size_t lane, const Use& use) const {
    for (const Range& range : ranges[lane]) {
      std::uint32_t target = range.first_target;
      for (NeuronId neuron = range.first; neuron < range.end; neuron += range.step)
        use(number(lane, range, neuron), neuron, target++);
    }
  }
};

// One number for each synapse.
using SynapseColumn = std::variant<std::vector<float>, std::vector<double>>;

struct SynapseBlock {
  AlignedColumn<std::uint32_t> row_synapses;  // [rows + 1] first synapse of each row
  // Of dense bundles only: for each row a weight, or a bit, of each place: of its first synapse onto the slot of that
  // place. -0.0 and 0: there is none. Synapses of a row count by their places; what else the row has follows in `data`,
  // in canonical order.
  AlignedColumn<std::byte> dense;
  // Places at, at + 1, ... of a row are slots first, first + 1, ...; multiples of 16, as is their number.
  struct Stretch {
    std::uint32_t first = 0, width = 0, at = 0;
  };
  std::vector<Stretch> stretches;           // ascending
  std::uint32_t dense_width = 0;            // places of a row
  AlignedColumn<std::uint32_t> row_others;  // [rows + 1] first synapse of each row in `data`; empty: there are none
  // Of one of the types above, which the bundle says. By row and then by (delay, canonical order), or in canonical
  // order where the rows of a ring reach beyond every delay.
  AlignedColumn<std::byte> data;
  std::vector<AlignedColumn<std::byte>> columns;  // plastic only: Real, the weights' magnitudes first
  // Of rows that are sorted by delay only, and whose delay is not that of all synapses of a ring's bundle.
  unsigned slice_shift = 0;                 // k; 0 unless addresses have delays
  AlignedColumn<std::uint32_t> row_slices;  // [rows + 1] first slice of each row
  AlignedColumn<DelaySlice> slices;

  template <class Synapse>
  const Synapse* as() const {
    return reinterpret_cast<const Synapse*>(data.data());
  }
  template <class Synapse>
  Synapse* as() {
    return reinterpret_cast<Synapse*>(data.data());
  }
  // Weights, or 16 bits each.
  template <class Value>
  Value* as_dense() {
    return reinterpret_cast<Value*>(dense.data());
  }
  template <class Value>
  const Value* as_dense() const {
    return reinterpret_cast<const Value*>(dense.data());
  }
  // Plastic: the number of synapse s's target.
  std::uint32_t target(std::uint32_t s) const {
    return data.size() == std::size_t{synapses()} * 2 ? as<BareSynapse<std::uint16_t>>()[s].address
                                                      : as<BareSynapse<std::uint32_t>>()[s].address;
  }
  // Slices of one delay each: calls use(delay, begin, count) for the slices of a row, or use(row, delay, begin, count)
  // for all.
  template <class Use>
  void for_each_slice(std::uint32_t row, const Use& use) const {
    std::uint32_t begin = row_synapses[row], delay = 0;
    for (std::uint32_t s = row_slices[row]; s < row_slices[row + 1]; ++s) {
      delay += slices[s].step;
      if (slices[s].count != 0) use(delay, begin, std::uint32_t{slices[s].count});
      begin += slices[s].count;
    }
  }
  template <class Use>
  void for_each_slice(const Use& use) const {
    for (std::uint32_t row = 0; row + 1 < row_synapses.size(); ++row)
      for_each_slice(
          row, [&](std::uint32_t delay, std::uint32_t begin, std::uint32_t count) { use(row, delay, begin, count); });
  }
  // Slices of one delay each: ticks that synapse s of a row takes.
  std::uint32_t delay(std::uint32_t row, std::uint32_t s) const;
  std::uint32_t synapses() const { return row_synapses.empty() ? 0 : row_synapses[row_synapses.size() - 1]; }
  std::size_t bytes() const {
    std::size_t sum =
        row_synapses.bytes() + data.bytes() + row_slices.bytes() + slices.bytes() + dense.bytes() + row_others.bytes();
    for (const auto& column : columns) sum += column.bytes();
    return sum;
  }
};

// Projections with one row per source for all of them, built; most often a single one. From one source at most one of
// them reaches a given target.
struct SynapseBundle {
  struct Member {
    std::vector<NeuronSet> sources, targets;
  };
  std::uint32_t first = 0;  // the members are projections first, first + 1, ...
  std::vector<Member> members;
  std::vector<SourceRange> sources;  // disjoint, ascending by neuron
  std::vector<SynapseBlock> lanes;   // [lane]
  Tick min_delay = never, max_delay = 0;
  bool narrow = true;           // addresses have 16 bits
  bool weighted = true;         // each synapse has a weight of its own
  bool dense = false;           // synapses have no addresses; all have one delay
  double weight = 0;            // where not
  double weight_step = 0;       // > 0: weights are whole multiples of it, and have 16 bits unless the bundle is dense
  std::uint32_t one_delay = 0;  // ticks; delivered by ring: the delay of every synapse, 0: each has its own
  // Graded: a single projection, delivered by wheel, that transmits this column of its sources, or "value".
  std::string transmits = {};
  bool is_graded() const { return !transmits.empty(); }
  // Plastic: a single projection, delivered by wheel, whose addresses are numbers of targets.
  std::shared_ptr<const PlasticPlan> plastic;

  bool has_short_weights() const { return weighted && weight_step > 0 && !dense; }
  std::uint64_t synapses() const {
    std::uint64_t sum = 0;
    for (const SynapseBlock& block : lanes) sum += block.synapses();
    return sum;
  }
  // The projection that a synapse belongs to.
  std::uint32_t projection_of(NeuronId source, NeuronId target) const;
};

// Which of the bundles, in the order of their projections, a projection is in.
std::size_t bundle_of(const std::vector<SynapseBundle>& bundles, std::size_t projection);

// How spikes reach the input of a lane. Both give the same bits.
//   ring:  rows of input for a window of ticks, at the end of which the next window's follow. What of a spike arrives
//          in the window is added at once, in one loop over one run of synapses, whatever their delays; the rest is
//          filed under the windows in which it arrives. Rows that reach beyond every delay go round without windows,
//          and nothing is filed. Fast while the rows stay in a cache.
//   wheel: a spike files its runs of synapses with equal delay under the tick of arrival; they are added to one row of
//          input when they arrive. For rules, which must see each tick by itself, and for updates by events.
struct DeliveryPlan {
  enum class Kind { ring, wheel };
  Kind kind = Kind::ring;
  std::uint32_t width = 1;    // at least the slots of any lane; a power of two where a ring has no windows
  std::uint32_t ticks = 1;    // ring: rows, a power of two
  std::uint32_t longest = 1;  // delay in ticks, at most
  bool sorted = false;        // by delay; wheel: always, ring: where its rows do not reach beyond every delay
  bool note_touched = false;  // wheel only: for populations that are updated by events

  bool address_has_delay(bool one_delay) const { return kind == Kind::ring && !one_delay && ticks > 1; }
  // Whether blocks have slices.
  bool has_slices(bool one_delay) const { return sorted && !(kind == Kind::ring && one_delay); }
  // Ticks of a slice as a power of two. synapses: of a row on a lane for each tick of its delays. Many slices of few
  // synapses would take as much room and time as those do; where a window ends within a slice, addresses say which
  // synapses are before, which takes as long as a few slices. Numbers chosen with `rheo bench`.
  unsigned slice_shift(bool one_delay, double synapses) const {
    constexpr double good_slice = 16, many_slices = 24;  // of a window
    unsigned shift = 0;
    if (address_has_delay(one_delay) && ticks * std::min(1.0, synapses) >= many_slices)
      while (synapses < good_slice && (8u << shift) <= ticks) ++shift, synapses *= 2;
    return shift;
  }
  bool narrow(bool one_delay) const {
    return std::uint64_t{width} * (address_has_delay(one_delay) ? longest + 1 : 1) <= 65536;
  }
};

}  // namespace rheo
