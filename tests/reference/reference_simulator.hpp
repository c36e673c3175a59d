// The oracle of the engine: a simulator as naive as one can write it, in double precision. Every arrival of a spike at
// a synapse is one event of its own in a priority queue, every neuron is advanced in every tick by a virtual call, and
// the neurons are written from their equations (docs/semantics.md), not from neurons/, with another arithmetic: libm
// instead of core/math.hpp, a matrix exponential instead of propagators in closed form, slopes in another order. There
// are no lanes, no windows, no wheels, no slices and no threads, so that what it shares with the engine is the meaning
// alone.
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

#include "core/math.hpp"
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

// e^(A t) by its Taylor series; t is at most about a time constant, so that the terms fall at once.
template <std::size_t n>
using Vector = std::array<double, n>;
template <std::size_t n>
using Matrix = std::array<Vector<n>, n>;
template <std::size_t n>
Matrix<n> exponential(const Matrix<n>& A, double t) {
  Matrix<n> sum{}, term{};
  for (std::size_t i = 0; i < n; ++i) sum[i][i] = term[i][i] = 1;
  for (int k = 1; k < 40; ++k) {
    Matrix<n> next{};
    for (std::size_t i = 0; i < n; ++i)
      for (std::size_t j = 0; j < n; ++j)
        for (std::size_t m = 0; m < n; ++m) next[i][j] += term[i][m] * A[m][j] * t / k;
    term = next;
    for (std::size_t i = 0; i < n; ++i)
      for (std::size_t j = 0; j < n; ++j) sum[i][j] += term[i][j];
  }
  return sum;
}
template <std::size_t n>
Vector<n> times(const Matrix<n>& A, const Vector<n>& x) {
  Vector<n> y{};
  for (std::size_t i = 0; i < n; ++i)
    for (std::size_t j = 0; j < n; ++j) y[i] += A[i][j] * x[j];
  return y;
}

class AlphaNeuron final : public Neuron {
 public:
  AlphaNeuron(const AlphaParams& p, double V_m, double dt)
      : p_(p), x_{V_m - p.E_L, 0, 0, 0, 0, 1}, dt_(dt), exp_(exponential(system(p, 0), dt)) {}

 private:
  // The state is (V - E_L, I_ex, D_ex, I_in, D_in, 1): the constant current is part of a homogeneous linear system.
  static Matrix<6> system(const AlphaParams& p, double current) {
    Matrix<6> A{};
    A[0] = {-1 / p.tau_m, 1 / p.C_m, 0, 1 / p.C_m, 0, (p.I_e + current) / p.C_m};
    A[1][1] = A[2][2] = -1 / p.tau_syn_ex;
    A[3][3] = A[4][4] = -1 / p.tau_syn_in;
    A[1][2] = A[3][4] = 1;
    return A;
  }

  bool advance(const Input& input) override {
    Vector<6> next = times(input[2] == 0 ? exp_ : exponential(system(p_, input[2]), dt_), x_);
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
  Vector<6> x_;
  double dt_;
  Matrix<6> exp_;
  std::int64_t left_ = 0;
};

// As AlphaNeuron, but I' = -I / tau_syn, and a spike of weight w adds w to I at the end of its tick. The threshold is
// V_th + theta, theta' = -theta / tau_theta; a spike adds theta_plus. Ports: ex, in, I (pA).
struct ExpParams : AlphaParams {
  double tau_theta = 200, theta_plus = 0;
};

class ExpNeuron final : public Neuron {
 public:
  ExpNeuron(const ExpParams& p, double V_m, double dt)
      : p_(p), x_{V_m - p.E_L, 0, 0, 0, 1}, dt_(dt), exp_(exponential(system(p, 0), dt)) {}

 private:
  // The state is (V - E_L, I_ex, I_in, theta, 1).
  static Matrix<5> system(const ExpParams& p, double current) {
    Matrix<5> A{};
    A[0] = {-1 / p.tau_m, 1 / p.C_m, 1 / p.C_m, 0, (p.I_e + current) / p.C_m};
    A[1][1] = -1 / p.tau_syn_ex;
    A[2][2] = -1 / p.tau_syn_in;
    A[3][3] = -1 / p.tau_theta;
    return A;
  }

  bool advance(const Input& input) override {
    Vector<5> next = times(input[2] == 0 ? exp_ : exponential(system(p_, input[2]), dt_), x_);
    if (left_ > 0) next[0] = x_[0];
    next[1] += input[0];
    next[2] += input[1];
    x_ = next;
    if (left_ > 0) {
      --left_;
      return false;
    }
    if (!(x_[0] + p_.E_L >= p_.V_th + x_[3])) return false;
    x_[0] = p_.V_reset - p_.E_L;
    x_[3] += p_.theta_plus;
    left_ = whole_ticks(p_.t_ref, dt_);
    return true;
  }

  ExpParams p_;
  Vector<5> x_;
  double dt_;
  Matrix<5> exp_;
  std::int64_t left_ = 0;
};

// C_m V' = -g_L (V - E_L) + g_L Delta_T exp((V - V_th) / Delta_T) + I_syn - w + I_e + I, tau_w w' = a (V - E_L) - w; a
// spike at V_peak adds b to w. I_syn is ex + in, or -ex (V - E_ex) - in (V - E_in); both decay. Delta_T = 0: no
// exponential, a spike at V_th. A classical fourth-order step per tick, slopes not beyond V_peak. Ports: ex, in, I.
struct AeifParams {
  double C_m = 281, g_L = 30, t_ref = 0, E_L = -70.6, V_reset = -60, V_th = -50.4, I_e = 0, E_ex = 0, E_in = -85,
         tau_syn_ex = 0.2, tau_syn_in = 2, Delta_T = 2, V_peak = 0, a = 4, b = 80.5, tau_w = 144;
  bool conductances = true;
};

class AeifNeuron final : public Neuron {
 public:
  AeifNeuron(const AeifParams& p, double V_m, double dt) : p_(p), V_(V_m), dt_(dt) {}

 private:
  struct Slope {
    double V, w;
  };
  // At `after` ms within the tick.
  Slope slope(double V, double w, double after, double current) const {
    const double peak = p_.Delta_T > 0 ? p_.V_peak : p_.V_th;
    V = left_ > 0 ? V_ : std::fmin(V, peak);
    const double ex = ex_ * std::exp(-after / p_.tau_syn_ex), in = in_ * std::exp(-after / p_.tau_syn_in);
    const double synaptic = p_.conductances ? ex * (p_.E_ex - V) + in * (p_.E_in - V) : ex + in;
    const double spike = p_.Delta_T > 0 ? p_.g_L * p_.Delta_T * std::exp((V - p_.V_th) / p_.Delta_T) : 0;
    return {(p_.g_L * (p_.E_L - V) + spike + synaptic - w + p_.I_e + current) / p_.C_m,
            (p_.a * (V - p_.E_L) - w) / p_.tau_w};
  }

  bool advance(const Input& input) override {
    const double h = dt_, peak = p_.Delta_T > 0 ? p_.V_peak : p_.V_th, I = input[2], V = std::fmin(V_, peak);
    const Slope k1 = slope(V, w_, 0, I), k2 = slope(V + h / 2 * k1.V, w_ + h / 2 * k1.w, h / 2, I),
                k3 = slope(V + h / 2 * k2.V, w_ + h / 2 * k2.w, h / 2, I),
                k4 = slope(V + h * k3.V, w_ + h * k3.w, h, I);
    w_ += h / 6 * (k1.w + 2 * k2.w + 2 * k3.w + k4.w);
    ex_ = ex_ * std::exp(-h / p_.tau_syn_ex) + input[0];
    in_ = in_ * std::exp(-h / p_.tau_syn_in) + input[1];
    if (left_ > 0) {
      --left_;
      return false;
    }
    V_ = V + h / 6 * (k1.V + 2 * k2.V + 2 * k3.V + k4.V);
    if (!(V_ >= peak)) return false;
    V_ = p_.V_reset;
    w_ += p_.b;
    left_ = whole_ticks(p_.t_ref, dt_);
    return true;
  }

  AeifParams p_;
  double V_, ex_ = 0, in_ = 0, w_ = 0, dt_;
  std::int64_t left_ = 0;
};

// v' = c2 v^2 + c1 v + c0 - u + I, u' = a (b v - u + u0). Ports: in, I.
//
// Networks of these neurons are chaotic: rounding c2 v^2 + c1 v another way, or moving v by 1e-13 once, shows in whole
// spikes after some hundred ms. So here, and only here, the order of operations is that of the engine: + - * alone, the
// polynomial by Horner's rule, the constants c0 + I_e first, the engine's exp.
enum class IzhikevichInput { pulse, delta, exp };  // a current that lasts 1 ms in all, added to v, or one that decays

struct IzhikevichParams {
  double a = 0.02, b = 0.2, c = -65, d = 8, V_th = 30, c2 = 0.04, c1 = 5, c0 = 140, u0 = 0, I_e = 0, tau_syn = 2;
  int steps = 2;       // for v in one tick
  bool euler = false;  // u from the old v; false: from the new one
  IzhikevichInput input = IzhikevichInput::pulse;
};

// The current of one tick.
class IzhikevichCurrent {
 public:
  IzhikevichCurrent(IzhikevichInput kind, double tau_syn, double dt)
      : kind_(kind), per_dt_(1 / dt), decay_(rheo::math::exp(-dt / tau_syn)) {}
  double next(double arrived, double current) {
    if (kind_ == IzhikevichInput::pulse) return current + arrived * per_dt_;
    if (kind_ == IzhikevichInput::delta) return current;
    const double now = current + I_;
    I_ *= decay_;
    if (std::fabs(I_) < 1e-30) I_ = 0;
    I_ += arrived;
    return now;
  }

 private:
  IzhikevichInput kind_;
  double per_dt_, decay_, I_ = 0;
};

class IzhikevichNeuron final : public Neuron {
 public:
  IzhikevichNeuron(const IzhikevichParams& p, double V_m, double dt)
      : p_(p), current_(p.input, p.tau_syn, dt), v_(V_m), u_(p.b * V_m), dt_(dt) {}

 private:
  bool advance(const Input& input) override {
    const double current = current_.next(input[0], input[1]);
    const auto v_dot = [&](double v) { return (p_.c2 * v + p_.c1) * v + (p_.c0 + p_.I_e) - u_ + current; };
    const auto u_dot = [&](double v) { return p_.a * (p_.b * v - u_ + p_.u0); };
    const double before = v_;
    for (int step = 0; step < p_.steps; ++step) v_ += dt_ / p_.steps * v_dot(v_);
    if (p_.input == IzhikevichInput::delta) v_ += input[0];
    u_ += dt_ * u_dot(p_.euler ? before : v_);
    if (!(v_ >= p_.V_th)) return false;
    v_ = p_.c;
    u_ += p_.d;
    return true;
  }
  IzhikevichParams p_;
  IzhikevichCurrent current_;
  double v_, u_, dt_;
};

struct LifDiscreteParams {
  double tau_m = 2, R = 1, E_L = 0, V_th = 1, I_e = 0;
};

// V += dt/tau_m (E_L - V + R (I_e + I)) + w; what is above the threshold stays after a spike. Ports: in, I.
class LifDiscreteNeuron final : public Neuron {
 public:
  LifDiscreteNeuron(const LifDiscreteParams& p, double V_m, double dt) : p_(p), V_(V_m), dt_(dt) {}

 private:
  bool advance(const Input& input) override {
    V_ += dt_ / p_.tau_m * (p_.E_L - V_ + p_.R * (p_.I_e + input[1])) + input[0];
    if (!(V_ >= p_.V_th)) return false;
    V_ -= p_.V_th - p_.E_L;
    return true;
  }
  LifDiscreteParams p_;
  double V_, dt_;
};

// C v' = k (v - v_r)(v - v_t) - u + I, u' = a (b (v - v_r) - u), forward Euler. Ports: in, I.
struct Izhikevich2007Params {
  double C_m = 100, k = 0.7, V_r = -60, V_t = -40, V_peak = 35, a = 0.03, b = -2, c = -50, d = 100, I_e = 0,
         tau_syn = 2;
  IzhikevichInput input = IzhikevichInput::pulse;
};

class Izhikevich2007Neuron final : public Neuron {
 public:
  Izhikevich2007Neuron(const Izhikevich2007Params& p, double V_m, double dt)
      : p_(p), current_(p.input, p.tau_syn, dt), v_(V_m), u_(p.b * (V_m - p.V_r)), dt_(dt) {}

 private:
  bool advance(const Input& input) override {
    const double current = current_.next(input[0], input[1]), before = v_;
    v_ += dt_ / p_.C_m * (p_.k * (v_ - p_.V_r) * (v_ - p_.V_t) - u_ + p_.I_e + current);
    if (p_.input == IzhikevichInput::delta) v_ += input[0];
    u_ += dt_ * p_.a * (p_.b * (before - p_.V_r) - u_);
    if (!(v_ >= p_.V_peak)) return false;
    v_ = p_.c;
    u_ += p_.d;
    return true;
  }
  Izhikevich2007Params p_;
  IzhikevichCurrent current_;
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
