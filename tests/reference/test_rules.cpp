// Every rule against a second implementation, written from its paper: plain sums over the spike trains that the network
// had, without traces, lanes or histories.
#include <catch2/catch.hpp>
#include <cmath>
#include <functional>
#include <iostream>
#include <map>
#include <random>
#include <vector>

#include "networks/connect/rules.hpp"
#include "tests/property/network_runs.hpp"

namespace test_rules {

using namespace runs;

namespace {

using Train = std::vector<Tick>;
using Numbers = std::map<std::string, double>;

constexpr double dt = 0.1;

// exp(-time / tau) of all spikes of a train, seen at tick `at`.
double sum_of(const Train& train, Tick at, double tau) {
  double sum = 0;
  for (const Tick t : train) sum += std::exp(-static_cast<double>(at - t) * dt / tau);
  return sum;
}
// The same of the last one only.
double last_of(const Train& train, Tick at, double tau) {
  return train.empty() ? 0 : std::exp(-static_cast<double>(at - train.back()) * dt / tau);
}

// What becomes of a weight: arrivals and target spikes in order, an arrival before a target spike of the same tick.
// Changes see the arrivals and spikes that came before.
struct Course {
  double weight;
  std::vector<double> sent;
};
using Change = std::function<double(double w, Tick t, const Train& pre, const Train& post)>;

// In ticks (frozen_from, frozen_to] the weight stays.
Course follow(const Numbers& p, double weight, const Train& arrivals, const Train& spikes, const Change& at_arrival,
              const Change& at_spike, const Change& transmitted) {
  Course course{weight, {}};
  std::size_t a = 0, s = 0;
  Train pre, post;
  const auto number = [&](const char* name) { return p.count(name) != 0 ? static_cast<Tick>(p.at(name)) : 0; };
  const Tick frozen_from = number("frozen_from"), frozen_to = number("frozen_to");
  const auto change = [&](const Change& how, Tick t) {
    if (t <= frozen_from || t > frozen_to) course.weight = how(course.weight, t, pre, post);
  };
  while (a < arrivals.size() || s < spikes.size()) {
    if (s == spikes.size() || (a < arrivals.size() && arrivals[a] <= spikes[s])) {
      course.sent.push_back(transmitted(course.weight, arrivals[a], pre, post));
      change(at_arrival, arrivals[a]);
      pre.push_back(arrivals[a++]);
    } else {
      change(at_spike, spikes[s]);
      post.push_back(spikes[s++]);
    }
  }
  return course;
}

double same(double w, Tick, const Train&, const Train&) {
  return w;
}
double within(double w, double high) {
  return std::min(std::max(w, 0.0), high);
}

// Guetig et al. (2003): pairs at distance delta change w by lambda f(w) exp(-|delta| / tau).
Course pair_stdp(Numbers p, double w, const Train& arrivals, const Train& spikes, bool nearest) {
  const auto kernel = nearest ? last_of : sum_of;
  const double w_max = p["w_max"];
  return follow(
      p, w, arrivals, spikes,
      [&](double now, Tick t, const Train&, const Train& post) {
        const double f = p["alpha"] * std::pow(now / w_max, p["mu_minus"]);
        return within(now - p["lambda"] * w_max * f * kernel(post, t, p["tau_minus"]), w_max);
      },
      [&](double now, Tick t, const Train& pre, const Train&) {
        const double f = std::pow(1 - now / w_max, p["mu_plus"]);
        return within(now + p["lambda"] * w_max * f * kernel(pre, t, p["tau_plus"]), w_max);
      },
      same);
}

// Pfister & Gerstner (2006), the triplet rule.
Course triplet_stdp(Numbers p, double w, const Train& arrivals, const Train& spikes) {
  const double w_max = p["w_max"];
  return follow(
      p, w, arrivals, spikes,
      [&](double now, Tick t, const Train& pre, const Train& post) {
        const double o1 = sum_of(post, t, p["tau_minus"]), r2 = sum_of(pre, t, p["tau_x"]);
        return within(now - w_max * o1 * (p["A2_minus"] + p["A3_minus"] * r2), w_max);
      },
      [&](double now, Tick t, const Train& pre, const Train& post) {
        const double r1 = sum_of(pre, t, p["tau_plus"]), o2 = sum_of(post, t, p["tau_y"]);
        return within(now + w_max * r1 * (p["A2_plus"] + p["A3_plus"] * o2), w_max);
      },
      same);
}

// Vogels et al. (2011): every pair, whatever its order, adds eta exp(-|delta| / tau), every arrival takes 2 eta rho
// tau.
Course vogels(Numbers p, double w, const Train& arrivals, const Train& spikes) {
  return follow(
      p, w, arrivals, spikes,
      [&](double now, Tick t, const Train&, const Train& post) {
        const double pairs = sum_of(post, t, p["tau"]);
        return within(now + p["eta"] * (pairs - 2 * p["rho"] * p["tau"] / 1000), p["w_max"]);
      },
      [&](double now, Tick t, const Train& pre, const Train&) {
        return within(now + p["eta"] * sum_of(pre, t, p["tau"]), p["w_max"]);
      },
      same);
}

// Tsodyks, Pawelzik & Markram (1998): u(n+1) = U + u(n) (1 - U) exp(-interval / tau_facil),
// x(n+1) = 1 - (1 - x(n) (1 - u(n))) exp(-interval / tau_rec).
Course tsodyks_markram(Numbers p, double w, const Train& arrivals, const Train& spikes) {
  double u = p["U"], x = 1;
  Tick last = -1;
  return follow(p, w, arrivals, spikes, same, same, [&, last](double now, Tick t, const Train&, const Train&) mutable {
    if (last >= 0) {
      const double interval = static_cast<double>(t - last) * dt;
      x = 1 - (1 - x * (1 - u)) * std::exp(-interval / p["tau_rec"]);
      u = p["U"] + u * (1 - p["U"]) * std::exp(-interval / p["tau_facil"]);
    }
    last = t;
    return now * u * x;
  });
}

struct Case {
  const char* what;
  const char* rule;
  Numbers params;
  std::function<Course(Numbers, double, const Train&, const Train&)> course;
};

std::vector<Case> cases() {
  const auto pair = [](const Numbers& p, double w, const Train& a, const Train& s) {
    return pair_stdp(p, w, a, s, false);
  };
  const auto nearest = [](const Numbers& p, double w, const Train& a, const Train& s) {
    return pair_stdp(p, w, a, s, true);
  };
  const Numbers basic{{"tau_plus", 17}, {"tau_minus", 34}, {"lambda", 0.02}, {"alpha", 0.9},
                      {"mu_plus", 1},   {"mu_minus", 1},   {"w_max", 80}};
  Numbers additive = basic;
  additive["mu_plus"] = additive["mu_minus"] = 0;
  return {
      {"multiplicative", "stdp_pair", basic, pair},
      {"additive", "stdp_pair", additive, pair},
      {"multiplicative nearest", "stdp_nearest", basic, nearest},
      {"additive nearest", "stdp_nearest", additive, nearest},
      {"triplet",
       "stdp_triplet",
       {{"tau_plus", 16.8},
        {"tau_x", 101},
        {"tau_minus", 33.7},
        {"tau_y", 125},
        {"A2_plus", 1e-3},
        {"A3_plus", 6.2e-3},
        {"A2_minus", 7e-3},
        {"A3_minus", 2.3e-3},
        {"w_max", 80}},
       triplet_stdp},
      {"Vogels-Sprekeler", "vogels_sprekeler", {{"tau", 20}, {"eta", 0.7}, {"rho", 12}, {"w_max", 80}}, vogels},
      {"Tsodyks-Markram", "tsodyks_markram", {{"U", 0.3}, {"tau_rec", 150}, {"tau_facil", 60}}, tsodyks_markram},
  };
}

// Random sources with delays of their own onto neurons that are kept busy; of each synapse the weight in the end.
NetworkSpec network_of(const Case& one, Precision precision, bool eager, std::shared_ptr<const SpikeTrains> sources,
                       double weight_low, double weight_high) {
  NetworkSpec spec;
  spec.seed = 8;
  spec.precision = precision;
  spec.lanes = 3;
  spec.populations = {{.name = "S",
                       .model = "spike_source",
                       .size = static_cast<std::uint32_t>(sources->begin.size() - 1),
                       .params = {},
                       .options = {},
                       .initial = {},
                       .trains = sources},
                      {.name = "N",
                       .model = "iaf_psc_exp",
                       .size = 20,
                       .params = {{"I_e", uniform(300, 500)}},
                       .options = {},
                       .initial = {},
                       .trains = {}}};
  spec.projections = {{.name = "p",
                       .source = {all_of("S")},
                       .target = {all_of("N")},
                       .connect = bernoulli(0.5),
                       .weight = uniform(weight_low, weight_high),
                       .delay = uniform(0.1, 7),
                       .port = {},
                       .plasticity = {.rule = one.rule, .params = {}, .eager = eager}}};
  for (const auto& [name, value] : one.params) spec.projections[0].plasticity.params[name] = value;
  return spec;
}

// Largest difference of a weight, and the number of synapses and of changes that were compared.
struct Comparison {
  double error = 0;
  std::size_t synapses = 0, events = 0;
  double moved = 0;  // mean of |change of weight|
};

// frozen: ticks (from, to] in which the projection does not learn.
Comparison compare(const Case& one, const NetworkSpec& spec, Tick ticks, std::pair<Tick, Tick> frozen = {}) {
  Network network(spec, Threads(2));
  std::map<std::pair<NeuronId, NeuronId>, std::vector<Synapse>> before;
  std::vector<Synapse> all;
  for (NeuronId source = 0; source < spec.populations[0].size; ++source) network.outgoing(0, source, all);
  const std::vector<Synapse> initial = all;
  Recorder recorder;
  network.simulation().add_sink(recorder);
  Numbers params = one.params;
  if (frozen.second != 0) {
    params["frozen_from"] = static_cast<double>(frozen.first);
    params["frozen_to"] = static_cast<double>(frozen.second);
    network.simulation().run(frozen.first);
    network.learn("p", false);
    network.simulation().run(frozen.second - frozen.first);
    network.learn("p", true);
  }
  network.simulation().run(ticks - network.simulation().now());
  network.simulation().settle();
  all.clear();
  for (NeuronId source = 0; source < spec.populations[0].size; ++source) network.outgoing(0, source, all);
  std::map<NeuronId, Train> trains;
  for (const auto& [tick, neuron] : recorder.spikes) trains[neuron].push_back(tick);
  Comparison result;
  for (std::size_t i = 0; i < all.size(); ++i) {
    Train arrivals;
    for (const Tick t : trains[all[i].source])
      if (const Tick at = t + ms_to_tick_nearest(all[i].delay, dt); at <= ticks) arrivals.push_back(at);
    const Course course = one.course(params, std::abs(initial[i].weight), arrivals, trains[all[i].target]);
    result.error = std::max(result.error, std::abs(course.weight - std::abs(all[i].weight)));
    result.events += arrivals.size() + trains[all[i].target].size();
    result.moved += std::abs(course.weight - std::abs(initial[i].weight));
    ++result.synapses;
  }
  result.moved /= static_cast<double>(result.synapses);
  return result;
}

}  // namespace

TEST_CASE("weights are those of plain sums over the spike trains") {
  constexpr Tick ticks = 6000;
  for (const Case& one : cases()) {
    if (std::string(one.rule) == "tsodyks_markram") continue;  // below
    for (const bool inhibitory : {false, true}) {
      const double sign = inhibitory ? -1 : 1;
      const double low = std::min(sign * 1, sign * 79), high = std::max(sign * 1, sign * 79);
      for (const bool eager : {false, true}) {
        const auto sources = trains(25, ticks, 150, dt, 17);
        const Comparison exact = compare(one, network_of(one, Precision::double_, eager, sources, low, high), ticks);
        const Comparison single = compare(one, network_of(one, Precision::single_, eager, sources, low, high), ticks);
        INFO(one.what << (inhibitory ? ", inhibitory" : "") << (eager ? ", eager" : ""));
        CHECK(exact.synapses > 200);
        CHECK(exact.moved > 2);
        CHECK(exact.error <= 1e-10 * 80);
        CHECK(single.error <= 1e-5 * 80);
        if (!eager && !inhibitory)
          std::cout << one.what << ": " << exact.synapses << " synapses, " << exact.events << " events, errors "
                    << exact.error / 80 << " and " << single.error / 80 << " of the range\n";
      }
    }
  }
}

TEST_CASE("weights stay while a projection does not learn, and traces go on") {
  constexpr Tick ticks = 6000;
  const std::vector<std::pair<Tick, Tick>> spans{{1800, 3500}, {2000, 2040}, {0, 4000}, {5000, ticks}};
  for (const Case& one : cases()) {
    if (std::string(one.rule) == "tsodyks_markram") continue;
    for (const std::pair<Tick, Tick>& frozen : spans) {
      for (const bool eager : {false, true}) {
        const auto sources = trains(25, ticks, 150, dt, 17);
        const NetworkSpec spec = network_of(one, Precision::double_, eager, sources, 1, 79);
        const Comparison exact = compare(one, spec, ticks, frozen);
        INFO(one.what << ", frozen from " << frozen.first << " to " << frozen.second << (eager ? ", eager" : ""));
        CHECK(exact.synapses > 200);
        CHECK(exact.moved > 0.5);
        CHECK(exact.error <= 1e-10 * 80);
      }
    }
  }
}

TEST_CASE("short-term plasticity sends what the recursion of its paper says") {
  // One source onto one neuron that only adds up: jumps of its potential are what is sent.
  for (const Precision precision : {Precision::single_, Precision::double_}) {
    const bool learns = precision == Precision::single_;  // nothing of it is in its synapses: it makes no difference
    const Case one = cases().back();
    REQUIRE(std::string(one.rule) == "tsodyks_markram");
    auto source = std::make_shared<SpikeTrains>();
    source->begin = {0, 9};
    source->times = {1, 3, 3.1, 12, 40, 41, 42, 43, 300};
    NetworkSpec spec = network_of(one, precision, false, source, 1, 2);
    spec.populations[1] = {.name = "N",
                           .model = "iaf_psc_delta",
                           .size = 1,
                           .params = {{"tau_m", 1e12}, {"V_th", 1e6}, {"E_L", 0.0}, {"V_reset", 0.0}},
                           .options = {},
                           .initial = {{"V_m", 0.0}},
                           .trains = {}};
    spec.projections[0].connect = AllToAll{};
    spec.projections[0].weight = 2.5;
    spec.projections[0].delay = 0.7;
    Network network(spec, Threads(1));
    Train arrivals;
    for (const double t : source->times) arrivals.push_back(ms_to_tick_nearest(t + 0.7, dt));
    const Course course = one.course(one.params, 2.5, arrivals, {});
    network.learn("p", learns);
    double V_m = 0, before = 0;
    std::size_t next = 0;
    const std::uint32_t neuron = 0;
    for (Tick t = 1; t <= 3100; ++t) {
      network.simulation().run(1);
      network.simulation().population(1).read(0, t, {&neuron, 1}, &V_m);
      if (next < arrivals.size() && t == arrivals[next]) {
        CHECK(V_m - before == Approx(course.sent[next]).epsilon(precision == Precision::double_ ? 1e-9 : 1e-5));
        ++next;
      } else {
        CHECK(V_m == Approx(before).epsilon(1e-6));
      }
      before = V_m;
    }
    CHECK(next == arrivals.size());
  }
}

}  // namespace test_rules
