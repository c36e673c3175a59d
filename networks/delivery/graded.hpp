// What graded projections transmit: columns of their sources, as they were after each of the ticks that are still on
// their way. A lane writes those of its neurons when they have advanced; all lanes read them in later windows.
#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "core/aligned.hpp"
#include "core/bytes.hpp"
#include "core/loop/contracts.hpp"
#include "networks/synapses/block.hpp"

namespace rheo {

template <class Real>
class GradedValues {
 public:
  // Rows row, row + 1, ... of a bundle: their sources are neurons first, first + step, ... of a population.
  struct Range {
    std::uint32_t row, count, column, first, step;
  };

  bool empty() const { return columns_.empty(); }
  // By source. Of a bundle that is not graded there are none.
  const std::vector<Range>& ranges(std::size_t bundle) const { return ranges_[bundle]; }
  // Of the neurons of a range's population, after a tick that is at most the longest delay before the next one.
  const Real* at(const Range& range, Tick t) const { return columns_[range.column].at(t); }

  void attach(const std::vector<SynapseBundle>& bundles,
              const std::vector<std::unique_ptr<PopulationBlock>>& populations, Tick shortest_delay) {
    populations_ = &populations;
    for (const SynapseBundle& bundle : bundles)
      if (bundle.is_graded()) longest_ = std::max(longest_, bundle.max_delay);
    // What lanes write in a window and what they read in it.
    const Tick ticks = longest_ + std::min<Tick>(shortest_delay, 1024);
    ranges_.resize(bundles.size());
    for (std::size_t b = 0; b < bundles.size(); ++b) {
      if (!bundles[b].is_graded()) continue;
      for (const SourceRange& range : bundles[b].sources) add_ranges(bundles[b].transmits, range, ranges_[b]);
    }
    for (Column& column : columns_) column.make(std::bit_ceil(static_cast<std::uint64_t>(ticks)));
  }
  // The columns after tick `now`, when no lane runs; at the start they are those of all ticks before, too.
  void take_all(Tick now) {
    if (now == 0) return fill(now);
    for (Column& column : columns_) column.take(*populations_, now, 0, column.size);
  }
  // The columns as they are now are those of all ticks up to `now`.
  void fill(Tick now) {
    for (Column& column : columns_)
      for (std::uint64_t k = 0; k < column.slots; ++k)
        column.take(*populations_, now - static_cast<Tick>(k), 0, column.size);
  }
  // After the neurons of a lane have advanced to tick t.
  void take(Tick t, const std::vector<Piece>& pieces) {
    for (Column& column : columns_) {
      const Piece& piece = pieces[column.population];
      if (piece.begin != piece.end) column.take(*populations_, t, piece.begin, piece.end);
    }
  }

  // Of ticks before `now`, whose own columns are in the populations.
  void save(Tick now, ByteWriter& to) const {
    for (const Column& column : columns_)
      for (Tick t = now - longest_ + 1; t < now; ++t)
        to.put("transmitted", std::span<const Real>(column.at(t), column.size));
  }
  void load(Tick now, ByteReader& from) {
    for (Column& column : columns_)
      for (Tick t = now - longest_ + 1; t < now; ++t)
        from.get("transmitted", std::span<Real>(column.at(t), column.size));
  }
  std::size_t bytes() const {
    std::size_t sum = 0;
    for (const Column& column : columns_) sum += column.ring.bytes();
    return sum;
  }

 private:
  struct Column {
    std::uint32_t population, size;
    std::size_t number;
    std::uint64_t slots = 0;
    AlignedColumn<Real> ring = {};  // [slot][neuron]

    void make(std::uint64_t count) {
      slots = count;
      ring = AlignedColumn<Real>(count * size);
    }
    Real* at(Tick t) { return ring.data() + (static_cast<std::uint64_t>(t) & (slots - 1)) * size; }
    const Real* at(Tick t) const { return ring.data() + (static_cast<std::uint64_t>(t) & (slots - 1)) * size; }
    void take(const std::vector<std::unique_ptr<PopulationBlock>>& populations, Tick t, std::uint32_t begin,
              std::uint32_t end) {
      populations[population]->copy(number, begin, end, at(t) + begin);
    }
  };

  // A range of sources may reach over several populations, each of which has a column of its own.
  void add_ranges(const std::string& transmits, const SourceRange& range, std::vector<Range>& to) {
    NeuronId first = 0;
    for (std::uint32_t p = 0; p < populations_->size(); ++p) {
      const PopulationBlock& population = *(*populations_)[p];
      const NeuronId begin = std::max(first, range.first), end = std::min(first + population.size(), range.end);
      if (begin < end) {
        const NeuronId behind = (begin - range.first + range.step - 1) / range.step;  // sources before
        const std::uint32_t local = range.first + behind * range.step - first;
        const std::uint32_t count = (end - first - local + range.step - 1) / range.step;
        to.push_back({range.row + behind, count, column_of(transmits, p), local, range.step});
      }
      first += population.size();
    }
  }
  std::uint32_t column_of(const std::string& transmits, std::uint32_t p) {
    const PopulationBlock& population = *(*populations_)[p];
    // Descriptions that name what a model has not have been refused.
    const std::size_t number = *(transmits == "value" ? population.value_column() : population.find_column(transmits));
    const auto is_it = [&](const Column& column) { return column.population == p && column.number == number; };
    const auto found = static_cast<std::uint32_t>(std::ranges::find_if(columns_, is_it) - columns_.begin());
    if (found == columns_.size()) columns_.push_back({p, population.size(), number});
    return found;
  }

  const std::vector<std::unique_ptr<PopulationBlock>>* populations_ = nullptr;
  Tick longest_ = 0;  // delay
  std::vector<Column> columns_;
  std::vector<std::vector<Range>> ranges_;  // [bundle]
};

}  // namespace rheo
