// A population that is updated by events (docs/semantics.md 13): between arrivals the state of a linear model follows
// from a table of propagators over 1, 2, 3, .. ticks, so a neuron costs nothing while nothing reaches it. All neurons
// share their parameters.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "core/aligned.hpp"
#include "core/diagnostics.hpp"
#include "core/loop/simulation.hpp"
#include "neurons/models/model.hpp"
#include "neurons/population.hpp"

namespace rheo {

// In: the precision of the input.
template <LinearModel M, class In = typename M::real>
class EventPopulation final : public EventBlock {
 public:
  using Real = typename M::real;
  using Params = typename M::Params;
  using State = typename M::State;
  using Coefficients = typename M::Coefficients;

  EventPopulation(std::string name, const Params& params, const std::vector<State>& initial, double dt,
                  bool with_current)
      : name_(std::move(name)),
        ports_(M::ports.size() - (with_current ? 0 : 1)),
        step_(M::prepare(params, dt)),
        peaks_(step_),
        potential_({params}),
        V_rest_(static_cast<Real>(M::V_rest(params) - counted_from<Real>(M::V_rest(params)))),
        neurons_(initial.size()) {
    for (std::size_t i = 0; i < initial.size(); ++i) neurons_[i] = {initial[i], 0};
    table_.reserve(longest_jump + 1);
    for (Tick k = 0; k <= longest_jump; ++k) table_.push_back(propagator(params, dt * static_cast<double>(k)));
    // What a current can still do: the largest of every coefficient, first by tick, then, where coefficients change
    // little in 1 % more time, up to years.
    auto peaks = std::bit_cast<Numbers>(peaks_);
    const auto include = [&](const Coefficients& step) {
      const auto numbers = std::bit_cast<Numbers>(step);
      for (std::size_t c = 0; c < peaks.size(); ++c) peaks[c] = std::max(peaks[c], numbers[c]);
    };
    for (const Coefficients& step : table_) include(step);
    for (double h = dt * longest_jump; h < 1e9; h *= 1.01) include(propagator(params, h));
    for (Real& peak : peaks) peak *= Real(1.001);
    peaks_ = std::bit_cast<Coefficients>(peaks);
    // Far enough below the threshold for no rounding to reach it.
    const auto largest = std::max({std::abs(step_.V_th), std::abs(V_rest_), std::abs(step_.V_reset)});
    rests_below_ = step_.V_th - Real(1e-5) * largest;
  }

  const std::string& name() const override { return name_; }
  Precision precision() const override { return sizeof(Real) == 4 ? Precision::single_ : Precision::double_; }
  std::uint32_t size() const override { return static_cast<std::uint32_t>(neurons_.size()); }
  std::uint32_t ports() const override { return ports_; }
  std::optional<std::size_t> find_column(std::string_view column) const override { return column_index<M>(column); }
  void read(std::size_t column, Tick now, std::span<const std::uint32_t> neurons, double* to) const override {
    for (std::size_t i = 0; i < neurons.size(); ++i) {
      Neuron neuron = neurons_[neurons[i]];
      catch_up(neuron, now);
      to[i] = potential_.seen(column, neurons[i], std::bit_cast<Columns>(neuron.state)[column]);
    }
  }

  void wake(Tick now, const Piece& piece, EventPiece& events) const override {
    events.awake.clear();
    events.broken = EventPiece::nobody;
    for (std::uint32_t i = piece.begin; i < piece.end; ++i) {
      if (neurons_[i].last < 0 || neurons_[i].last > now)
        throw StateError({.key = name_ + ".last",
                          .value = std::to_string(neurons_[i].last),
                          .problem = "neuron " + std::to_string(i) + " is not in step with the simulation",
                          .expected = "a tick from 0 to " + std::to_string(now)});
      if (!rests(neurons_[i].state)) events.awake.push_back(i - piece.begin);
    }
  }

  void visit(Tick t, const Piece& piece, void* input, NeuronId first_id, TouchedSlots& touched, EventPiece& events,
             SpikeList& spikes) override {
    const std::size_t n = piece.end - piece.begin;
    const std::vector<std::uint32_t>& chosen = choose(piece, touched, events);
    events.awake.clear();
    auto* const in = static_cast<In*>(input);
    Neuron* const neurons = neurons_.data() + piece.begin;
    for (std::size_t k = 0; k < std::min(ahead, chosen.size()); ++k) __builtin_prefetch(neurons + chosen[k]);
    for (std::size_t k = 0; k < chosen.size(); ++k) {
      if (k + ahead < chosen.size()) __builtin_prefetch(neurons + chosen[k + ahead]);
      const std::uint32_t i = chosen[k];
      Neuron& neuron = neurons[i];
      catch_up(neuron, t - 1);
      Inputs<M> inputs{};
      for (std::uint32_t p = 0; p < ports_; ++p) inputs[p] = std::exchange(in[p * n + i], In(0));
      if (M::advance(neuron.state, step_, inputs)) spikes.neurons.push_back(first_id + piece.begin + i);
      neuron.last = t;
      if (rests(neuron.state)) continue;
      events.awake.push_back(i);
      if (!finite(neuron.state)) events.broken = std::min(events.broken, piece.begin + i);
    }
  }

  void save(ByteWriter& to) const override {
    std::vector<Real> values(neurons_.size());
    for (std::size_t c = 0; c < state_size<M>; ++c) {
      for (std::size_t i = 0; i < values.size(); ++i) values[i] = std::bit_cast<Columns>(neurons_[i].state)[c];
      to.put(column_fields<M>[c].name, std::span<const Real>(values));
    }
    std::vector<Tick> last(neurons_.size());
    for (std::size_t i = 0; i < last.size(); ++i) last[i] = neurons_[i].last;
    to.put("last", std::span<const Tick>(last));
  }
  void load(ByteReader& from) override {
    std::vector<Real> values(neurons_.size());
    for (std::size_t c = 0; c < state_size<M>; ++c) {
      potential_.load(from, c, values);
      for (std::size_t i = 0; i < values.size(); ++i) {
        auto state = std::bit_cast<Columns>(neurons_[i].state);
        state[c] = values[i];
        neurons_[i].state = std::bit_cast<State>(state);
      }
    }
    std::vector<Tick> last(neurons_.size());
    from.get("last", std::span<Tick>(last));
    for (std::size_t i = 0; i < last.size(); ++i) neurons_[i].last = last[i];
  }
  std::size_t bytes() const override { return neurons_.bytes() + table_.capacity() * sizeof(Coefficients); }

 private:
  using Columns = std::array<Real, state_size<M>>;
  static constexpr auto columns = std::make_index_sequence<state_size<M>>{};
  using Numbers = std::array<Real, step_size<M>>;
  static constexpr Tick longest_jump = 1024;  // ticks; the table should stay in the first-level cache
  static constexpr std::size_t ahead = 12;    // visits between fetching a neuron and using it

  struct Neuron {
    State state;
    Tick last;  // the tick that the state belongs to
  };

  // Over a time h (ms), without a threshold.
  static Coefficients propagator(const Params& params, double h) {
    Coefficients step = M::prepare(params, h);
    step.V_th = std::numeric_limits<Real>::max();
    return step;
  }

  // k ticks in which nothing arrives; held: all of them refractory.
  void jump(State& s, Tick k, bool held) const {
    while (k > 0) {
      const Tick now = std::min(k, longest_jump);
      if (held) s.refractory = 1;
      const State before = s;
      M::advance(s, table_[static_cast<std::size_t>(now)], {});
      k -= now;
      if (!held && k >= longest_jump && equal(before, s, columns))
        k %= longest_jump;  // at rest: longer jumps of the same length change nothing
    }
  }
  void catch_up(Neuron& neuron, Tick now) const {
    State& s = neuron.state;
    Tick k = now - neuron.last;
    if (k <= 0) return;
    neuron.last = now;
    if (s.refractory > 0) {
      const Real left = s.refractory;
      const Tick held = left < static_cast<Real>(k) ? static_cast<Tick>(left) : k;
      jump(s, held, true);
      s.refractory = left - static_cast<Real>(held);
      k -= held;
    }
    jump(s, k, false);
  }

  // (Member by member: a State read as an array right after it was written in parts waits for the parts.)
  template <std::size_t... c>
  static bool equal(const State& a, const State& b, std::index_sequence<c...>) {
    return ((a.*column_fields<M>[c].member == b.*column_fields<M>[c].member) && ...);
  }
  template <std::size_t... c>
  static bool finite(const State& s, std::index_sequence<c...>) {
    return ((s.*column_fields<M>[c].member - s.*column_fields<M>[c].member) + ...) == 0;
  }
  static bool finite(const State& s) { return finite(s, columns); }
  // Whether it cannot spike unless something arrives.
  bool rests(const State& s) const {
    return finite(s) && std::max(s.V_m, V_rest_) + M::V_to_come(s, peaks_) < rests_below_;
  }

  // Those that were hit, and those awake, ascending.
  const std::vector<std::uint32_t>& choose(const Piece& piece, TouchedSlots& touched, EventPiece& events) const {
    std::vector<std::uint32_t>& hit = events.hit;
    hit.clear();
    const std::uint32_t n = piece.end - piece.begin;
    for (std::uint32_t p = 0; p < ports_; ++p) {
      const auto before = static_cast<std::ptrdiff_t>(hit.size());
      const std::uint32_t row = piece.first_slot + p * n;
      touched.take(row, row + n, hit);
      if (before != 0) std::inplace_merge(hit.begin(), hit.begin() + before, hit.end());
    }
    if (ports_ > 1) hit.erase(std::unique(hit.begin(), hit.end()), hit.end());
    if (events.awake.empty()) return hit;
    events.visited.clear();
    std::set_union(hit.begin(), hit.end(), events.awake.begin(), events.awake.end(),
                   std::back_inserter(events.visited));
    return events.visited;
  }

  std::string name_;
  std::uint32_t ports_;
  Coefficients step_;                // of one tick
  std::vector<Coefficients> table_;  // [ticks]
  Coefficients peaks_;               // the largest of each coefficient
  CountedPotential<M> potential_;
  Real V_rest_, rests_below_;  // as V_m is counted
  AlignedColumn<Neuron> neurons_;
};

}  // namespace rheo
