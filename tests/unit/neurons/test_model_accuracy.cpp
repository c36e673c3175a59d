// Every neuron model against its differential equations, integrated here with small steps in long double: errors,
// order of convergence, spike times.
#include <algorithm>
#include <array>
#include <catch2/catch.hpp>
#include <cmath>
#include <functional>
#include <iostream>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "core/bytes.hpp"
#include "core/time.hpp"
#include "networks/connect/rules.hpp"
#include "networks/inputs/kinds.hpp"
#include "networks/network.hpp"
#include "tests/sanitized.hpp"

namespace test_model_accuracy {

namespace {

using namespace rheo;

using State = std::array<long double, 4>;  // V_m first

struct Equations {
  std::function<State(const State&)> slope;        // the input current included
  std::function<void(State&, bool, double)> jump;  // an arriving weight, excitatory or inhibitory
  std::function<bool(State&)> spike;               // resets and says so
  double t_ref = 0;
};

struct Protocol {
  std::string model;
  std::map<std::string, Value> params;
  std::map<std::string, std::string> options;
  std::map<std::string, Value> initial;
  State start{};
  double weight_ex = 0, weight_in = 0;
  std::function<Equations(double)> equations;  // for a current
  double current = 0;                          // from current_start to current_stop
};

constexpr double current_start = 5, current_stop = 25, duration = 40;
const std::vector<double> ex_times{2, 7.3, 7.8, 11.1, 18.4, 18.5, 29.9}, in_times{4.2, 9.6, 9.7, 21.5, 30.3};
constexpr double delay = 1;

NetworkSpec network(const Protocol& p, double dt, bool with_input) {
  NetworkSpec spec;
  spec.dt = dt;
  spec.precision = Precision::double_;
  PopulationSpec source;
  source.name = "s";
  source.model = "spike_source";
  source.size = 2;
  auto trains = std::make_shared<SpikeTrains>();
  trains->begin = {0, ex_times.size(), ex_times.size() + in_times.size()};
  trains->times = ex_times;
  trains->times.insert(trains->times.end(), in_times.begin(), in_times.end());
  source.trains = trains;
  PopulationSpec neuron;
  neuron.name = "n";
  neuron.model = p.model;
  neuron.size = 1;
  neuron.params = p.params;
  neuron.options = p.options;
  neuron.initial = p.initial;
  spec.populations = {source, neuron};
  InputSpec step;
  step.name = "step";
  step.kind = ConstantCurrent{.amplitude = p.current};
  step.target = {{"n", 0, {}, 1}};
  if (with_input) {
    step.start = current_start;
    step.stop = current_stop;
    ProjectionSpec all;
    all.name = "p";
    all.source = {{"s", 0, {}, 1}};
    all.target = {{"n", 0, {}, 1}};
    all.connect = List{std::make_shared<EdgeList>(EdgeList{{0, 1}, {0, 0}})};
    all.weight = std::vector<double>{p.weight_ex, p.weight_in};
    all.delay = delay;
    spec.projections = {all};
  }
  spec.inputs = {step};
  return spec;
}

double V_m(Network& network) {
  ByteWriter to;
  network.simulation().population(1).save(to);
  const auto bytes = to.take();
  double V = 0;
  ByteReader(bytes).get("V_m", std::span<double>(&V, 1));
  return V;
}

State runge_kutta(const Equations& e, const State& y, long double h) {
  const auto shifted = [&](const State& k, long double by) {
    State x = y;
    for (std::size_t i = 0; i < x.size(); ++i) x[i] += by * k[i];
    return x;
  };
  const State k1 = e.slope(y), k2 = e.slope(shifted(k1, h / 2)), k3 = e.slope(shifted(k2, h / 2)),
              k4 = e.slope(shifted(k3, h));
  State x = y;
  for (std::size_t i = 0; i < x.size(); ++i) x[i] += h / 6 * (k1[i] + 2 * k2[i] + 2 * k3[i] + k4[i]);
  return x;
}

// V_m at 0.1, 0.2, ... ms with the protocol's input, without spikes.
std::vector<double> true_trajectory(const Protocol& p) {
  constexpr int steps = 250;  // in 0.1 ms
  State y = p.start;
  std::vector<double> V;
  const auto arrives = [&](const std::vector<double>& times, int k, bool excitatory) {
    for (const double t : times)
      if (std::llround((t + delay) * 10) == k)
        p.equations(0).jump(y, excitatory, excitatory ? p.weight_ex : p.weight_in);
  };
  const Equations on = p.equations(p.current), off = p.equations(0);
  for (int k = 1; k <= duration * 10; ++k) {
    const bool flows = k > current_start * 10 && k <= current_stop * 10;
    for (int i = 0; i < steps; ++i) y = runge_kutta(flows ? on : off, y, 0.1L / steps);
    arrives(ex_times, k, true);
    arrives(in_times, k, false);
    V.push_back(static_cast<double>(y[0]));
  }
  return V;
}

double largest_error(const Protocol& p, double dt, const std::vector<double>& truth) {
  Network net(network(p, dt, true), Threads(1));
  const Tick every = ms_to_tick_nearest(0.1, dt);
  double worst = 0;
  for (const double V : truth) {
    net.simulation().run(every);
    worst = std::max(worst, std::abs(V_m(net) - V));
  }
  return worst;
}

struct Times final : SpikeSink {
  std::vector<double> ms;
  double dt = 0;
  void take(const SpikeBatch& batch) override {
    for (std::size_t k = 0; k < batch.ticks(); ++k)
      for (const NeuronId neuron : batch.at(k))
        if (neuron == 2) ms.push_back(tick_to_ms(batch.tick(k), dt));
  }
};

// Spike times under a constant current from the start.
std::vector<double> spike_times(const Protocol& p, double dt, double ms) {
  Network net(network(p, dt, false), Threads(1));
  Times times;
  times.dt = dt;
  net.simulation().add_sink(times);
  net.simulation().run(ms_to_tick_nearest(ms, dt));
  return times.ms;
}

std::vector<double> true_spike_times(const Protocol& p, double ms) {
  constexpr long double h = 2e-4L;
  const Equations e = p.equations(p.current);
  State y = p.start;
  std::vector<double> times;
  long double held_until = -1;
  for (int i = 1; i * h <= ms; ++i) {
    const long double V = y[0];
    y = runge_kutta(e, y, h);
    if (i * h <= held_until) y[0] = V;
    if (i * h > held_until && e.spike(y)) {
      times.push_back(static_cast<double>(i * h));
      held_until = i * h + e.t_ref;
    }
  }
  return times;
}

// ---- the equations, from the literature ----

struct Leaky {
  double C = 250, tau_m = 10, E_L = -70, V_reset = -70, V_th = -55, tau_ex = 2, tau_in = 2, tau_theta = 200,
         theta_plus = 1;
};

// State: V, I_ex, I_in, theta.
Protocol leaky(const std::string& model, double tau_ex, double tau_in, bool adapts = false) {
  Leaky q;
  q.tau_ex = tau_ex;
  q.tau_in = tau_in;
  Protocol p;
  p.model = model;
  p.params = {{"tau_syn_ex", tau_ex}, {"tau_syn_in", tau_in}};
  p.start = {q.E_L, 0, 0, 0};
  p.weight_ex = 250;
  p.weight_in = -180;
  p.current = 120;
  if (adapts) p.params["tau_theta"] = q.tau_theta = 60, p.params["theta_plus"] = q.theta_plus = 2.5;
  p.equations = [q, adapts](double current) {
    Equations e;
    e.t_ref = 2;
    e.slope = [q, current](const State& y) -> State {
      return {-(y[0] - q.E_L) / q.tau_m + (y[1] + y[2] + current) / q.C, -y[1] / q.tau_ex, -y[2] / q.tau_in,
              -y[3] / q.tau_theta};
    };
    e.jump = [](State& y, bool excitatory, double w) { y[excitatory ? 1 : 2] += w; };
    e.spike = [q, adapts](State& y) {
      if (y[0] < q.V_th + y[3]) return false;
      y[0] = q.V_reset;
      if (adapts) y[3] += q.theta_plus;
      return true;
    };
    return e;
  };
  return p;
}

// State: V, g_ex, g_in, w (conductances in nS; or currents in pA).
struct Exponential {
  double C = 250, g_L = 16.6667, E_L = -70, V_reset = -60, V_th = -55, E_ex = 0, E_in = -85, tau_ex = 0.2, tau_in = 2;
  double Delta_T = 0, V_peak = -55, a = 0, b = 0, tau_w = 100, t_ref = 2;
  bool conductances = true;
};

Protocol exponential(const std::string& model, const Exponential& q, double weight_ex, double weight_in) {
  Protocol p;
  p.model = model;
  p.start = {q.E_L, 0, 0, 0};
  p.weight_ex = weight_ex;
  p.weight_in = weight_in;
  p.current = 120;
  p.equations = [q](double current) {
    Equations e;
    e.t_ref = q.t_ref;
    e.slope = [q, current](const State& y) -> State {
      // V_m leaps over V_peak; what a step makes of that must not count.
      const long double V = std::min<long double>(y[0], q.V_peak);
      const long double spike =
          q.Delta_T == 0 ? 0 : q.g_L * q.Delta_T * std::exp((V - q.V_th) / static_cast<long double>(q.Delta_T));
      const long double synaptic = q.conductances ? -y[1] * (V - q.E_ex) - y[2] * (V - q.E_in) : y[1] + y[2];
      return {(-q.g_L * (V - q.E_L) + spike + synaptic - y[3] + current) / q.C, -y[1] / q.tau_ex, -y[2] / q.tau_in,
              (q.a * (V - q.E_L) - y[3]) / q.tau_w};
    };
    e.jump = [q](State& y, bool excitatory, double w) { y[excitatory ? 1 : 2] += q.conductances ? std::abs(w) : w; };
    e.spike = [q](State& y) {
      if (y[0] < q.V_peak) return false;
      y[0] = q.V_reset;
      y[3] += q.b;
      return true;
    };
    return e;
  };
  return p;
}

Protocol cond_exp() {
  return exponential("iaf_cond_exp", {}, 20, -12);
}
Protocol aeif(bool conductances) {
  Exponential q;
  q.C = 281, q.g_L = 30, q.E_L = -70.6, q.V_th = -50.4, q.Delta_T = 2, q.V_peak = 0, q.a = 4, q.b = 80.5;
  q.tau_w = 144, q.t_ref = 0, q.conductances = conductances;
  return exponential(conductances ? "aeif_cond_exp" : "aeif_psc_exp", q, conductances ? 25 : 900,
                     conductances ? -12 : -200);
}

// State: V, U, I. form 2003: c2 V^2 + c1 V + c0 - U + I; of 2007: (k (V - V_r)(V - V_t) - U + I)/C.
Protocol izhikevich(const std::string& scheme, const std::string& input) {
  Protocol p;
  p.model = "izhikevich";
  p.options = {{"scheme", scheme}, {"input", input}};
  p.params = {{"tau_syn", 3.0}};
  p.initial = {{"V_m", -70.0}};
  p.start = {-70, -14, 0, 0};
  p.weight_ex = input == "exp" ? 0.7 : 1.5;
  p.weight_in = input == "exp" ? -0.5 : -1;
  p.current = 2;
  p.equations = [input](double current) {
    Equations e;
    e.slope = [current](const State& y) -> State {
      return {0.04L * y[0] * y[0] + 5 * y[0] + 140 - y[1] + y[2] + current, 0.02L * (0.2L * y[0] - y[1]), -y[2] / 3, 0};
    };
    e.jump = [input](State& y, bool, double w) { y[input == "exp" ? 2 : 0] += w; };
    e.spike = [](State& y) {
      if (y[0] < 30) return false;
      y[0] = -65;
      y[1] += 8;
      return true;
    };
    return e;
  };
  return p;
}

Protocol izhikevich_2007(const std::string& input) {
  Protocol p;
  p.model = "izhikevich_2007";
  p.options = {{"input", input}};
  p.params = {{"tau_syn", 3.0}};
  p.start = {-60, 0, 0, 0};
  p.weight_ex = input == "exp" ? 60 : 2;
  p.weight_in = input == "exp" ? -40 : -1.5;
  p.current = 40;
  p.equations = [input](double current) {
    Equations e;
    e.slope = [current](const State& y) -> State {
      return {(0.7L * (y[0] + 60) * (y[0] + 40) - y[1] + y[2] + current) / 100, 0.03L * (-2 * (y[0] + 60) - y[1]),
              -y[2] / 3, 0};
    };
    e.jump = [input](State& y, bool, double w) { y[input == "exp" ? 2 : 0] += w; };
    e.spike = [](State& y) {
      if (y[0] < 35) return false;
      y[0] = -50;
      y[1] += 100;
      return true;
    };
    return e;
  };
  return p;
}

// A leaky membrane alone; its equation counts in ticks, so that it is one of time only as dt goes to 0.
Protocol discrete() {
  Protocol p;
  p.model = "lif_discrete";
  p.params = {{"tau_m", 10.0}, {"V_th", 1e6}};
  p.weight_ex = 2;
  p.weight_in = -1.5;
  p.current = 5;
  p.equations = [](double current) {
    Equations e;
    e.slope = [current](const State& y) -> State { return {(-y[0] + current) / 10, 0, 0, 0}; };
    e.jump = [](State& y, bool, double w) { y[0] += w; };
    return e;
  };
  return p;
}

}  // namespace

TEST_CASE("Exactly integrated models: V_m below threshold to 1e-10 at any dt", "[accuracy]") {
  // Among the time constants is tau_m = 10 itself, where a plain formula divides by 0.
  for (const auto& [tau_ex, tau_in] : {std::pair{2.0, 2.0}, {0.3, 10.0}, {10.0, 5.0}, {10 * (1 + 1e-9), 25.0}}) {
    for (const char* model : {"iaf_psc_exp", "iaf_psc_exp_adapt"}) {
      Protocol p = leaky(model, tau_ex, tau_in);
      p.params["V_th"] = 1e6;
      const auto truth = true_trajectory(p);
      CHECK(*std::max_element(truth.begin(), truth.end()) > -69.8);
      for (const double dt : {0.1, 0.05, 0.01}) {
        CAPTURE(model, tau_ex, tau_in, dt);
        CHECK(largest_error(p, dt, truth) < 1e-10);
      }
    }
  }
}

TEST_CASE("Models integrated by steps: errors and order of convergence", "[accuracy]") {
  struct Case {
    Protocol protocol;
    double order, error_at_0_1, error_at_0_01;  // the errors in mV are upper bounds
  };
  Protocol conductances = cond_exp();
  conductances.params["V_th"] = 1e6;
  std::vector<Case> cases{{conductances, 4, 1e-4, 1e-8},          {aeif(true), 4, 1e-4, 1e-8},
                          {aeif(false), 4, 1e-4, 1e-8},           {izhikevich_2007("delta"), 1, 0.1, 0.01},
                          {izhikevich_2007("exp"), 1, 0.1, 0.01}, {discrete(), 1, 0.1, 0.01}};
  for (const char* scheme : {"published", "published_2004", "euler"})
    for (const char* input : {"delta", "exp"}) cases.push_back({izhikevich(scheme, input), 1, 0.5, 0.05});
  for (const Case& c : cases) {
    const auto truth = true_trajectory(c.protocol);
    const double coarse = largest_error(c.protocol, 0.1, truth), half = largest_error(c.protocol, 0.05, truth),
                 fine = largest_error(c.protocol, 0.01, truth);
    std::string name = c.protocol.model;
    for (const auto& [option, choice] : c.protocol.options) name += " " + choice;
    std::cout << name << ": error " << coarse << " mV at dt 0.1, " << half << " at 0.05, " << fine << " at 0.01: order "
              << std::log2(coarse / half) << "\n";
    INFO(name);
    const auto [low, high] = std::minmax_element(truth.begin(), truth.end());
    CHECK(*high - *low > 3);  // there is something to get wrong
    CHECK(coarse < c.error_at_0_1);
    CHECK(fine < c.error_at_0_01);
    CHECK(std::log2(coarse / half) == Approx(c.order).margin(0.35));
  }
}

TEST_CASE("Spike times converge to those of the equations", "[accuracy]") {
  if (sanitized) {
    WARN("skipped: a sanitizer looks at memory, not at numbers");
    return;
  }
  std::vector<Protocol> protocols{leaky("iaf_psc_exp", 2, 2), leaky("iaf_psc_exp_adapt", 2, 2, true), cond_exp(),
                                  aeif(true), aeif(false)};
  protocols[0].current = protocols[1].current = 600;
  protocols[2].current = 400;
  protocols[3].current = protocols[4].current = 1000;
  for (const char* scheme : {"published", "published_2004", "euler"}) {
    protocols.push_back(izhikevich(scheme, "pulse"));
    protocols.back().current = 14;
  }
  protocols.push_back(izhikevich_2007("pulse"));
  protocols.back().current = 400;
  for (const Protocol& p : protocols) {
    const auto truth = true_spike_times(p, 100);
    std::array<double, 2> last_error{};
    int run = 0;
    for (const double dt : {0.02, 0.005}) {
      const auto found = spike_times(p, dt, 100);
      CAPTURE(p.model, dt);
      REQUIRE(truth.size() >= 3);
      // Every spike waits for the end of its tick, and the next ones with it.
      for (std::size_t k = 0; k < std::min(found.size(), truth.size()); ++k) {
        CAPTURE(k, found[k], truth[k]);
        CHECK(std::abs(found[k] - truth[k]) < (static_cast<double>(k) + 1) * 6 * dt);
      }
      CHECK(std::abs(static_cast<double>(found.size()) - static_cast<double>(truth.size())) <= 1);
      const std::size_t last = std::min(found.size(), truth.size()) - 1;
      last_error[static_cast<std::size_t>(run++)] = std::abs(found[last] - truth[last]);
    }
    CHECK(last_error[1] < std::max(0.4 * last_error[0], 0.01));
    std::cout << p.model << ": " << truth.size() << " spikes; the last is off by " << last_error[0]
              << " ms at dt 0.02, " << last_error[1] << " at 0.005\n";
  }
}

}  // namespace test_model_accuracy
