// Storage and bookkeeping of a population, whatever its model: one contiguous column per state member, one Coefficients
// for all or a column for each Coefficients member that differs, and the loop of the chosen instruction set. The state
// may be in double precision where the simulation, and so the input (In), is in single precision: catalogue.cpp
// decides.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <memory>
#include <span>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "core/aligned.hpp"
#include "core/loop/simulation.hpp"
#include "neurons/kernels/kernels.hpp"
#include "neurons/models/model.hpp"

namespace rheo {

// Appends first_id + begin + i for every i with fired[i] != 0.
void collect(const std::uint8_t* fired, std::size_t n, NeuronId first, std::vector<NeuronId>& to);

// V_m as read from outside and as the state counts it, and states that were saved in the other precision.
template <NeuronModel M>
class CountedPotential {
 public:
  using Real = typename M::real;
  explicit CountedPotential(const std::vector<typename M::Params>& params) {
    for (const typename M::Params& p : params) V_rest_.push_back(V_rest_of<M>(p));
  }
  // Column 0 is V_m.
  double seen(std::size_t column, std::size_t neuron, Real value) const {
    return static_cast<double>(value) + (column == 0 ? counted_from<Real>(V_rest(neuron)) : 0);
  }
  void load(ByteReader& from, std::size_t column, std::span<Real> to) const {
    using Other = std::conditional_t<sizeof(Real) == 4, double, float>;
    const std::string_view name = column_fields<M>[column].name;
    if (from.next_width() != sizeof(Other)) return from.get(name, to);
    std::vector<Other> values(to.size());
    from.get(name, std::span<Other>(values));
    for (std::size_t i = 0; i < to.size(); ++i) {
      const double shift = column == 0 ? counted_from<Other>(V_rest(i)) - counted_from<Real>(V_rest(i)) : 0;
      to[i] = static_cast<Real>(static_cast<double>(values[i]) + shift);
    }
  }

 private:
  double V_rest(std::size_t neuron) const { return V_rest_[V_rest_.size() > 1 ? neuron : 0]; }
  std::vector<double> V_rest_;  // one for all, or one per neuron
};

template <NeuronModel M, class In = typename M::real>
class Population final : public TickBlock {
 public:
  using Real = typename M::real;

  // params: one for all, or one per neuron. initial: one per neuron.
  Population(std::string name, const std::vector<typename M::Params>& params,
             const std::vector<typename M::State>& initial, double dt, bool with_current,
             const AdvanceVariants& advances)
      : name_(std::move(name)),
        size_(static_cast<std::uint32_t>(initial.size())),
        with_current_(with_current),
        advance_(advances[params.size() > 1][with_current]),
        potential_(params),
        fired_(size_) {
    for (auto& column : state_) column = AlignedColumn<Real>(size_);
    const bool per_neuron = params.size() > 1;
    for (std::uint32_t i = 0; i < size_; ++i) {
      const auto state = std::bit_cast<std::array<Real, state_size<M>>>(initial[i]);
      for (std::size_t c = 0; c < state.size(); ++c) state_[c][i] = state[c];
    }
    step_.resize(per_neuron ? step_size<M> : 1);
    if (!per_neuron) {
      step_[0] = AlignedColumn<Real>(step_size<M>);
      const Steps step = std::bit_cast<Steps>(M::prepare(params[0], dt));
      std::copy(step.begin(), step.end(), step_[0].begin());
      return;
    }
    // Columns start as those of numbers that are all equal, and become longer with the first that differs.
    const std::uint32_t shared = std::min(size_, at_once);
    for (std::uint32_t i = 0; i < size_; ++i) {
      const Steps step = std::bit_cast<Steps>(M::prepare(params[i], dt));
      for (std::size_t c = 0; c < step.size(); ++c) {
        AlignedColumn<Real>& column = step_[c];
        if (i == 0) {
          column = AlignedColumn<Real>(shared);
          std::fill(column.begin(), column.end(), step[c]);
        }
        if (column.size() < size_ && std::bit_cast<Bits>(column[0]) != std::bit_cast<Bits>(step[c])) {
          const Real common = column[0];
          column = AlignedColumn<Real>(size_);
          std::fill(column.begin(), column.begin() + i, common);
        }
        if (column.size() == size_) column[i] = step[c];
      }
    }
  }

  const std::string& name() const override { return name_; }
  Precision precision() const override { return sizeof(Real) == 4 ? Precision::single_ : Precision::double_; }
  std::uint32_t size() const override { return size_; }
  std::uint32_t ports() const override { return M::ports.size() - (with_current_ ? 0 : 1); }
  AlignedColumn<Real>& column(std::size_t index) { return state_[index]; }
  std::optional<std::size_t> find_column(std::string_view column) const override { return column_index<M>(column); }
  void read(std::size_t column, Tick, std::span<const std::uint32_t> neurons, double* to) const override {
    for (std::size_t i = 0; i < neurons.size(); ++i)
      to[i] = potential_.seen(column, neurons[i], state_[column][neurons[i]]);
  }

  std::span<const float> view(std::size_t column) const override {
    if constexpr (std::is_same_v<Real, float>) return state_[column].span();
    return {};
  }

  void advance(Tick, std::uint32_t begin, std::uint32_t end, const void* input, NeuronId first_id,
               SpikeList& spikes) override {
    advance(begin, end, input, fired_.data() + begin);
    collect(fired_.data() + begin, end - begin, first_id + begin, spikes.neurons);
  }

  // The same, where spikes are marked: fired[i - begin] = 1 for every neuron i that spiked, else 0.
  void advance(std::uint32_t begin, std::uint32_t end, const void* input, std::uint8_t* fired) {
    const bool per_neuron = step_.size() > 1;
    const bool in_chunks = per_neuron || !std::is_same_v<In, Real>;
    for (std::uint32_t at = begin; at < end;) {
      const std::uint32_t n = in_chunks ? std::min(end - at, at_once) : end - begin;
      std::array<void*, state_size<M>> state;
      for (std::size_t c = 0; c < state.size(); ++c) state[c] = state_[c].data() + at;
      std::array<const void*, step_size<M>> step;
      for (std::size_t c = 0; c < step_.size(); ++c)
        step[c] = step_[c].data() + (per_neuron && step_[c].size() == size_ ? at : 0);
      const In* const row = static_cast<const In*>(input) + (at - begin);
      if constexpr (std::is_same_v<In, Real>) {
        advance_({state.data(), step.data(), row, end - begin, fired + (at - begin), n});
      } else {
        alignas(64) Real rows[M::ports.size() * at_once];
        for (std::uint32_t p = 0; p < ports(); ++p)
          std::copy_n(row + std::size_t{p} * (end - begin), n, rows + std::size_t{p} * at_once);
        advance_({state.data(), step.data(), rows, at_once, fired + (at - begin), n});
      }
      at += n;
    }
  }

  std::uint32_t first_non_finite(std::uint32_t begin, std::uint32_t end) const override {
    for (const auto& column : state_) {
      // x - x is 0 for finite x and NaN otherwise; the sum is looked at once.
      Real sum = 0;
      for (std::uint32_t i = begin; i < end; ++i) sum += column[i] - column[i];
      if (sum == 0) continue;
      for (std::uint32_t i = begin; i < end; ++i)
        if (!std::isfinite(column[i])) return i;
    }
    return end;
  }

  void save(ByteWriter& to) const override {
    for (std::size_t c = 0; c < state_.size(); ++c) to.put(column_fields<M>[c].name, state_[c].span());
  }
  void load(ByteReader& from) override {
    for (std::size_t c = 0; c < state_.size(); ++c) potential_.load(from, c, state_[c].span());
  }
  std::size_t bytes() const override {
    std::size_t sum = fired_.bytes();
    for (const auto& column : state_) sum += column.bytes();
    for (const auto& column : step_) sum += column.bytes();
    return sum;
  }

 private:
  using Steps = std::array<Real, step_size<M>>;
  using Bits = std::conditional_t<sizeof(Real) == 4, std::uint32_t, std::uint64_t>;
  // Neurons of one call of the loop where parameters differ or input is converted: a column of equal numbers need not
  // be longer, and stays in the first-level cache.
  static constexpr std::uint32_t at_once = 512;

  std::string name_;
  std::uint32_t size_;
  bool with_current_;
  Advance advance_;
  CountedPotential<M> potential_;
  std::array<AlignedColumn<Real>, state_size<M>> state_;
  // One column of a whole Coefficients; or one per member, of size_ numbers or of at_once equal ones.
  std::vector<AlignedColumn<Real>> step_;
  AlignedColumn<std::uint8_t> fired_;
};

}  // namespace rheo
