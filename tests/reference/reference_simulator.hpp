// The oracle of the engine: a simulator as naive as one can write it, in double precision. Every arrival of a spike at
// a synapse is one event of its own in a priority queue, every neuron is advanced in every tick by a virtual call, and
// the neurons are written from their equations (docs/semantics.md), not from neurons/, with another arithmetic: libm
// instead of core/math.hpp, a matrix exponential instead of propagators in closed form. There are no lanes, no windows,
// no wheels, no slices and no threads, so that what it shares with the engine is the meaning alone.
//
// Sums of weights that are multiples of 2^-10 are exact, so that the order of a sum cannot explain a difference.
#pragma once

#include <array>
#include <cmath>
#include <compare>
#include <cstdint>
#include <functional>
#include <memory>
#include <queue>
#include <utility>
#include <vector>

#include "core/types.hpp"

namespace reference {

using rheo::NeuronId;
using rheo::Tick;

// One neuron with the input of the current tick. Ports count as the models declare them; the last is the current.
class Neuron {
 public:
  virtual ~Neuron() = default;
  void receive(unsigned port, double weight) { input_.at(port) += weight; }
  // From tick t-1 to t; true if the neuron spikes at t. Uses the input up.
  bool tick() {
    const bool fired = advance(input_);
    input_ = {};
    return fired;
  }

 protected:
  using Input = std::array<double, 3>;
  virtual bool advance(const Input& input) = 0;

 private:
  Input input_{};
};

inline std::int64_t whole_ticks(double ms, double dt) {
  return std::llround(ms / dt);
}

// tau_m V' = -(V - E_L) + (tau_m / C_m) I with jumps of V; ports: in (mV), I (pA).
struct DeltaParams {
  double C_m = 250, tau_m = 10, t_ref = 2, E_L = -70, V_reset = -70, V_th = -55, I_e = 0;
};

class DeltaNeuron final : public Neuron {
 public:
  DeltaNeuron(const DeltaParams& p, double V_m, double dt) : p_(p), V_(V_m), dt_(dt) {}

 private:
  bool advance(const Input& input) override {
    if (left_ > 0) {  // jumps are lost
      --left_;
      return false;
    }
    const double V_infinite = p_.E_L + (p_.I_e + input[1]) * p_.tau_m / p_.C_m;
    V_ = V_infinite + (V_ - V_infinite) * std::exp(-dt_ / p_.tau_m);
    V_ += input[0];
    if (!(V_ >= p_.V_th)) return false;
    V_ = p_.V_reset;
    left_ = whole_ticks(p_.t_ref, dt_);
    return true;
  }
  DeltaParams p_;
  double V_, dt_;
  std::int64_t left_ = 0;
};

// tau_m V' = -(V - E_L) + (tau_m / C_m) (I_ex + I_in + I_e + I); each synaptic current obeys I' = D - I / tau_syn,
// D' = -D / tau_syn, and a spike of weight w adds w e / tau_syn to D at the end of its tick. Ports: ex, in, I (pA).
struct AlphaParams {
  double C_m = 250, tau_m = 10, t_ref = 2, E_L = -70, V_reset = -70, V_th = -55, I_e = 0, tau_syn_ex = 2,
         tau_syn_in = 2;
};

class AlphaNeuron final : public Neuron {
 public:
  AlphaNeuron(const AlphaParams& p, double V_m, double dt)
      : p_(p), x_{V_m - p.E_L, 0, 0, 0, 0, 1}, dt_(dt), exp_(exponential(dt, p, 0)) {}

 private:
  // The state is (V - E_L, I_ex, D_ex, I_in, D_in, 1): the constant current is part of a homogeneous linear system.
  static constexpr std::size_t n = 6;
  using Vector = std::array<double, n>;
  using Matrix = std::array<Vector, n>;

  // e^(A dt) by its Taylor series; dt is at most about a time constant, so that the terms fall at once.
  static Matrix exponential(double dt, const AlphaParams& p, double current) {
    Matrix A{};
    A[0] = {-1 / p.tau_m, 1 / p.C_m, 0, 1 / p.C_m, 0, (p.I_e + current) / p.C_m};
    A[1][1] = A[2][2] = -1 / p.tau_syn_ex;
    A[3][3] = A[4][4] = -1 / p.tau_syn_in;
    A[1][2] = A[3][4] = 1;
    Matrix sum{}, term{};
    for (std::size_t i = 0; i < n; ++i) sum[i][i] = term[i][i] = 1;
    for (int k = 1; k < 40; ++k) {
      Matrix next{};
      for (std::size_t i = 0; i < n; ++i)
        for (std::size_t j = 0; j < n; ++j)
          for (std::size_t m = 0; m < n; ++m) next[i][j] += term[i][m] * A[m][j] * dt / k;
      term = next;
      for (std::size_t i = 0; i < n; ++i)
        for (std::size_t j = 0; j < n; ++j) sum[i][j] += term[i][j];
    }
    return sum;
  }

  bool advance(const Input& input) override {
    const Matrix& step = input[2] == 0 ? exp_ : (exp_with_current_ = exponential(dt_, p_, input[2]));
    Vector next{};
    for (std::size_t i = 0; i < n; ++i)
      for (std::size_t j = 0; j < n; ++j) next[i] += step[i][j] * x_[j];
    if (left_ > 0) next[0] = x_[0];  // V is held, the currents go on
    next[2] += input[0] * std::exp(1.0) / p_.tau_syn_ex;
    next[4] += input[1] * std::exp(1.0) / p_.tau_syn_in;
    x_ = next;
    if (left_ > 0) {
      --left_;
      return false;
    }
    if (!(x_[0] + p_.E_L >= p_.V_th)) return false;
    x_[0] = p_.V_reset - p_.E_L;
    left_ = whole_ticks(p_.t_ref, dt_);
    return true;
  }

  AlphaParams p_;
  Vector x_;
  double dt_;
  Matrix exp_, exp_with_current_{};
  std::int64_t left_ = 0;
};

// v' = c2 v^2 + c1 v + c0 - u + I, u' = a (b v - u + u0). Ports: in, I.
//
// Networks of these neurons are chaotic: rounding c2 v^2 + c1 v another way, or moving v by 1e-13 once, shows in whole
// spikes after some hundred ms. So here, and only here, the order of operations is that of the engine: + - * alone, the
// polynomial by Horner's rule, the constants c0 + I_e first.
struct IzhikevichParams {
  double a = 0.02, b = 0.2, c = -65, d = 8, V_th = 30, c2 = 0.04, c1 = 5, c0 = 140, u0 = 0, I_e = 0;
  int steps = 2;       // for v in one tick
  bool euler = false;  // u from the old v; false: from the new one
  bool delta = false;  // false: a weight is a current that lasts 1 ms in all; true: it is added to v
};

class IzhikevichNeuron final : public Neuron {
 public:
  IzhikevichNeuron(const IzhikevichParams& p, double V_m, double dt) : p_(p), v_(V_m), u_(p.b * V_m), dt_(dt) {}

 private:
  bool advance(const Input& input) override {
    const double current = p_.delta ? input[1] : input[1] + input[0] * (1 / dt_);
    const auto v_dot = [&](double v) { return (p_.c2 * v + p_.c1) * v + (p_.c0 + p_.I_e) - u_ + current; };
    const auto u_dot = [&](double v) { return p_.a * (p_.b * v - u_ + p_.u0); };
    const double before = v_;
    for (int step = 0; step < p_.steps; ++step) v_ += dt_ / p_.steps * v_dot(v_);
    if (p_.delta) v_ += input[0];
    u_ += dt_ * u_dot(p_.euler ? before : v_);
    if (!(v_ >= p_.V_th)) return false;
    v_ = p_.c;
    u_ += p_.d;
    return true;
  }
  IzhikevichParams p_;
  double v_, u_, dt_;
};

struct Synapse {
  NeuronId source = 0, target = 0;
  double weight = 0;
  Tick delay = 1;
  unsigned port = 0;
  unsigned projection = 0;
  std::uint32_t index = 0;  // within the projection
};

struct Spike {
  Tick tick;
  NeuronId neuron;
  friend auto operator<=>(const Spike&, const Spike&) = default;
};

class Simulator {
 public:
  void add(std::unique_ptr<Neuron> neuron) {
    neurons_.push_back(std::move(neuron));
    trains_.emplace_back();
    outgoing_.emplace_back();
  }
  // A neuron that spikes once per entry.
  void add_source(std::vector<Tick> train) {
    add(nullptr);
    trains_.back() = std::move(train);
  }
  void connect(const Synapse& synapse) { outgoing_.at(synapse.source).push_back(synapse); }

  // All spikes of ticks 1 to `ticks`, by (tick, neuron).
  std::vector<Spike> run(Tick ticks) {
    for (NeuronId source = 0; source < trains_.size(); ++source)
      for (const Tick tick : trains_[source]) planned_.push({tick, source});
    std::vector<Spike> spikes;
    for (Tick now = 1; now <= ticks; ++now) {
      for (; !queue_.empty() && queue_.top().tick == now; queue_.pop()) {
        const Arrival& arrival = queue_.top();
        neurons_[arrival.target]->receive(arrival.port, arrival.weight);
        ++arrivals_;
      }
      const std::size_t first = spikes.size();
      for (NeuronId id = 0; id < neurons_.size(); ++id) {
        if (neurons_[id] && neurons_[id]->tick()) spikes.push_back({now, id});
        for (; !planned_.empty() && planned_.top() == Spike{now, id}; planned_.pop()) spikes.push_back({now, id});
      }
      for (std::size_t i = first; i < spikes.size(); ++i) {
        for (const Synapse& s : outgoing_[spikes[i].neuron])
          queue_.push({now + s.delay, s.target, s.port, now, s.projection, s.source, s.index, s.weight});
      }
    }
    return spikes;
  }
  std::uint64_t arrivals() const { return arrivals_; }

 private:
  // The members' order is the order of the sum (docs/semantics.md).
  struct Arrival {
    Tick tick;
    NeuronId target;
    unsigned port;
    Tick emitted;
    unsigned projection;
    NeuronId source;
    std::uint32_t index;
    double weight;
    friend auto operator<=>(const Arrival&, const Arrival&) = default;
  };
  template <class T>
  using Earliest = std::priority_queue<T, std::vector<T>, std::greater<>>;

  std::vector<std::unique_ptr<Neuron>> neurons_;  // none: a source
  std::vector<std::vector<Tick>> trains_;
  std::vector<std::vector<Synapse>> outgoing_;  // by source
  Earliest<Spike> planned_;
  Earliest<Arrival> queue_;
  std::uint64_t arrivals_ = 0;
};

}  // namespace reference
