// The loops of a linear model that is updated by events (docs/semantics.md 13): between arrivals its state follows from
// a table of propagators over 1, 2, 3, .. ticks, so a neuron costs nothing while nothing reaches it.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <utility>

#include "neurons/models/model.hpp"
#include "neurons/models/table.hpp"

namespace rheo {

template <LinearModel M>
class EventLoops {
 public:
  static constexpr EventFunctions functions() { return {sizeof(Neuron), propagate, rest, wake, visit, read}; }

 private:
  using Real = typename M::real;
  using State = typename M::State;
  using Coefficients = typename M::Coefficients;
  static constexpr auto columns = std::make_index_sequence<state_size<M>>{};
  static constexpr std::size_t ahead = 12;  // visits between fetching a neuron and using it

  struct Neuron {
    State state;
    std::int64_t last;  // the tick that the state belongs to
  };

  static void propagate(const double* params, double h, void* to) {
    Coefficients coefficients = M::prepare(read_params<M>(params), h);
    coefficients.V_th = std::numeric_limits<Real>::max();
    std::memcpy(to, &coefficients, sizeof coefficients);
  }
  static void rest(const double* values, double dt, double V_rest_and_below[2]) {
    const typename M::Params params = read_params<M>(values);
    const Coefficients step = M::prepare(params, dt);
    const Real V_rest = static_cast<Real>(M::V_rest(params) - counted_from<Real>(M::V_rest(params)));
    // Far enough below the threshold for no rounding to reach it.
    const Real largest = std::max({std::abs(step.V_th), std::abs(V_rest), std::abs(step.V_reset)});
    V_rest_and_below[0] = V_rest;
    V_rest_and_below[1] = step.V_th - Real(1e-5) * largest;
  }

  // What a loop needs, at hand.
  struct Propagation {
    const Coefficients *over, *peaks;
    Real V_rest, rests_below;

    explicit Propagation(const Jumps& jumps)
        : over(static_cast<const Coefficients*>(jumps.over)),
          peaks(static_cast<const Coefficients*>(jumps.peaks)),
          V_rest(static_cast<Real>(jumps.V_rest)),
          rests_below(static_cast<Real>(jumps.rests_below)) {}

    // k ticks in which nothing arrives; held: all of them refractory.
    void jump(State& s, std::int64_t k, bool held) const {
      while (k > 0) {
        const std::int64_t now = std::min(k, longest_jump);
        if (held) s.refractory = 1;
        const State before = s;
        M::advance(s, over[now], {});
        k -= now;
        if (!held && k >= longest_jump && equal(before, s, columns))
          k %= longest_jump;  // at rest: longer jumps of the same length change nothing
      }
    }
    void catch_up(Neuron& neuron, std::int64_t now) const {
      State& s = neuron.state;
      std::int64_t k = now - neuron.last;
      if (k <= 0) return;
      neuron.last = now;
      if (s.refractory > 0) {
        const Real left = s.refractory;
        const std::int64_t held = left < static_cast<Real>(k) ? static_cast<std::int64_t>(left) : k;
        jump(s, held, true);
        s.refractory = left - static_cast<Real>(held);
        k -= held;
      }
      jump(s, k, false);
    }
    // Whether it cannot spike unless something arrives.
    bool rests(const State& s) const {
      return finite(s, columns) && std::max(s.V_m, V_rest) + M::V_to_come(s, *peaks) < rests_below;
    }
  };

  // (Member by member: a State read as an array right after it was written in parts waits for the parts.)
  template <std::size_t... c>
  static bool equal(const State& a, const State& b, std::index_sequence<c...>) {
    return ((a.*column_fields<M>[c].member == b.*column_fields<M>[c].member) && ...);
  }
  template <std::size_t... c>
  static bool finite(const State& s, std::index_sequence<c...>) {
    return ((s.*column_fields<M>[c].member - s.*column_fields<M>[c].member) + ...) == 0;
  }

  static std::uint32_t wake(const Jumps& jumps, const void* neurons, std::uint32_t n, std::uint32_t* awake) {
    const Propagation propagation(jumps);
    std::uint32_t count = 0;
    for (std::uint32_t i = 0; i < n; ++i)
      if (!propagation.rests(static_cast<const Neuron*>(neurons)[i].state)) awake[count++] = i;
    return count;
  }

  static void read(const Jumps& jumps, const void* neurons, const std::uint32_t* which, std::size_t n,
                   std::uint32_t column, std::int64_t now, double* to) {
    const Propagation propagation(jumps);
    for (std::size_t i = 0; i < n; ++i) {
      Neuron neuron = static_cast<const Neuron*>(neurons)[which[i]];
      propagation.catch_up(neuron, now);
      to[i] = std::bit_cast<std::array<Real, state_size<M>>>(neuron.state)[column];
    }
  }

  static void visit(const Jumps& jumps, EventVisit& v) {
    if constexpr (sizeof(Real) == 4)
      visit_by<float>(jumps, v);
    else
      v.input_bytes == 4 ? visit_by<float>(jumps, v) : visit_by<double>(jumps, v);
  }
  // In: the precision of the input.
  template <class In>
  static void visit_by(const Jumps& jumps, EventVisit& v) {
    const Propagation propagation(jumps);
    const Coefficients& step = *static_cast<const Coefficients*>(jumps.step);
    Neuron* const neurons = static_cast<Neuron*>(v.neurons);
    In* const input = static_cast<In*>(v.input);
    std::uint32_t* const chosen = v.chosen;
    const std::size_t count = v.count, stride = v.stride;
    const std::uint32_t ports = v.ports;
    const std::int64_t t = v.tick;
    std::uint32_t spiked = 0, awakened = 0, broken = v.broken;
    for (std::size_t k = 0; k < std::min(ahead, count); ++k) __builtin_prefetch(neurons + chosen[k]);
    for (std::size_t k = 0; k < count; ++k) {
      if (k + ahead < count) __builtin_prefetch(neurons + chosen[k + ahead]);
      const std::uint32_t i = chosen[k];
      Neuron& neuron = neurons[i];
      propagation.catch_up(neuron, t - 1);
      Inputs<M> inputs{};
      for (std::uint32_t p = 0; p < ports; ++p) inputs[p] = std::exchange(input[p * stride + i], In(0));
      if (M::advance(neuron.state, step, inputs)) chosen[spiked++] = i;
      neuron.last = t;
      if (propagation.rests(neuron.state)) continue;
      v.awake[awakened++] = i;
      if (!finite(neuron.state, columns)) broken = std::min(broken, i);
    }
    v.spiked = spiked;
    v.awakened = awakened;
    v.broken = broken;
  }
};

}  // namespace rheo
