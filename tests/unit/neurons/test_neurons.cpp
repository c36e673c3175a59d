// Neuron models against the literature: closed solutions, published listings, integrals computed independently.
#include <algorithm>
#include <array>
#include <catch2/catch.hpp>
#include <cmath>
#include <cstring>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "core/diagnostics.hpp"
#include "core/random.hpp"
#include "core/time.hpp"
#include "networks/connect/rules.hpp"
#include "networks/inputs/kinds.hpp"
#include "networks/network.hpp"
#include "neurons/catalogue.hpp"
#include "neurons/models/models.hpp"
#include "neurons/models/propagators.hpp"
#include "neurons/population.hpp"

namespace test_neurons {

namespace {

using rheo::AlphaPropagator;
using rheo::ConstantCurrent;
using rheo::InputSpec;
using rheo::Network;
using rheo::NetworkSpec;
using rheo::PoissonSpikes;
using rheo::PopulationSpec;
using rheo::Precision;
using rheo::ProjectionSpec;
using rheo::random_key;
using rheo::RandomStream;
using rheo::SpikeTrains;
using rheo::Threads;
using rheo::Tick;
using rheo::Value;
using Delta = rheo::IafPscDelta<double>;
using Alpha = rheo::IafPscAlpha<double>;

// All spikes as (tick, neuron), in the order in which they are handed out.
struct Recorder final : rheo::SpikeSink {
  std::vector<std::pair<Tick, rheo::NeuronId>> spikes;
  void take(const rheo::SpikeBatch& batch) override {
    for (std::size_t k = 0; k < batch.ticks(); ++k)
      for (const rheo::NeuronId neuron : batch.at(k)) spikes.emplace_back(batch.tick(k), neuron);
  }
  std::vector<Tick> of(rheo::NeuronId neuron) const {
    std::vector<Tick> ticks;
    for (const auto& [tick, who] : spikes)
      if (who == neuron) ticks.push_back(tick);
    return ticks;
  }
};

NetworkSpec double_spec(double dt = 0.1) {
  NetworkSpec spec;
  spec.dt = dt;
  spec.precision = Precision::double_;
  return spec;
}

PopulationSpec population(std::string name, std::string model, std::uint32_t size,
                          std::map<std::string, Value> params = {}) {
  PopulationSpec p;
  p.name = std::move(name);
  p.model = std::move(model);
  p.size = size;
  p.params = std::move(params);
  return p;
}

// A source whose neuron n spikes at times[n] (ms).
PopulationSpec source(std::string name, const std::vector<std::vector<double>>& times) {
  PopulationSpec p = population(std::move(name), "spike_source", static_cast<std::uint32_t>(times.size()));
  auto trains = std::make_shared<SpikeTrains>();
  trains->begin.push_back(0);
  for (const auto& train : times) {
    trains->times.insert(trains->times.end(), train.begin(), train.end());
    trains->begin.push_back(trains->times.size());
  }
  p.trains = trains;
  return p;
}

ProjectionSpec one_to_one(std::string from, std::string to, Value weight, double delay, std::string port = "") {
  ProjectionSpec p;
  p.name = from + "->" + to + port;
  p.source = {{std::move(from), 0, {}, 1}};
  p.target = {{std::move(to), 0, {}, 1}};
  p.connect = rheo::OneToOne{};
  p.weight = std::move(weight);
  p.delay = delay;
  p.port = std::move(port);
  return p;
}

InputSpec current(std::string to, Value amplitude, double start = 0, std::optional<double> stop = {}) {
  InputSpec input;
  input.name = "current into " + to;
  input.kind = ConstantCurrent{.amplitude = std::move(amplitude)};
  input.target = {{std::move(to), 0, {}, 1}};
  input.start = start;
  input.stop = stop;
  return input;
}

InputSpec poisson(std::string name, std::string to, Value rate, Value weight) {
  InputSpec input;
  input.name = std::move(name);
  input.target = {{std::move(to), 0, {}, 1}};
  input.kind = PoissonSpikes{.rate = std::move(rate), .weight = std::move(weight)};
  return input;
}

// A running network that keeps its spikes and shows its states. In one place, because the simulation points to spikes.
struct Run {
  explicit Run(const NetworkSpec& spec) : network(spec, Threads(1)) { network.simulation().add_sink(recorder); }
  Run(const Run&) = delete;
  void ticks(Tick n) { network.simulation().run(n); }
  template <class M>
  const typename M::real* column(std::size_t index, std::size_t which_population = 0) {
    const auto& population = dynamic_cast<rheo::Population&>(network.simulation().population(which_population));
    return static_cast<const typename M::real*>(population.column(index));
  }
  Recorder recorder;
  Network network;
};

template <class T>
bool same_bits(T a, T b) {
  return std::memcmp(&a, &b, sizeof(T)) == 0;
}

}  // namespace

TEST_CASE("iaf_psc_alpha, defaults of NEST, 1000 pA: the known first steps and spike", "[neurons]") {
  NetworkSpec spec = double_spec();
  spec.populations = {population("n", "iaf_psc_alpha", 1, {{"I_e", 1000.0}})};
  Run run(spec);
  run.ticks(1);
  CHECK(run.column<Alpha>(0)[0] == Approx(-69.602).margin(5e-5));
  run.ticks(1);
  CHECK(run.column<Alpha>(0)[0] == Approx(-69.2079).margin(5e-5));
  run.ticks(148);
  REQUIRE(!run.recorder.spikes.empty());
  CHECK(run.recorder.spikes.front().first == 48);
  // 2 ms at V_reset, then 48 ticks as from the start, which was V_reset too.
  CHECK(run.recorder.spikes.at(1).first == 48 + 20 + 48);
}

TEST_CASE("f-I curve: the interval is t_ref + dt ceil(T/dt)", "[neurons]") {
  // V_reset differs from E_L, so that the first interval is another than those after.
  const double E_L = -70, V_reset = -65, V_th = -55, tau_m = 10, C_m = 250, t_ref = 2;
  std::vector<double> currents;
  for (double I = 376; I < 3000; I *= 1.017) currents.push_back(I);
  const auto rise_time = [&](double I) {
    const double RI = I * tau_m / C_m;
    return tau_m * std::log((RI - (V_reset - E_L)) / (RI - (V_th - E_L)));
  };
  const std::string model = GENERATE("iaf_psc_delta", "iaf_psc_alpha");
  // The current as a parameter, or as an input.
  const bool as_input = GENERATE(false, true);
  const auto intervals_of = [&](double dt, double ms) {
    NetworkSpec spec = double_spec(dt);
    const auto size = static_cast<std::uint32_t>(currents.size());
    spec.populations = {population("n", model, size, {{"V_reset", V_reset}})};
    if (as_input)
      spec.inputs = {current("n", currents)};
    else
      spec.populations[0].params["I_e"] = currents;
    Run run(spec);
    run.ticks(rheo::ms_to_tick_nearest(ms, dt));
    std::vector<std::vector<Tick>> spikes(size);
    for (const auto& [tick, neuron] : run.recorder.spikes) spikes[neuron].push_back(tick);
    for (auto& train : spikes) {
      REQUIRE(train.size() >= 3);
      for (std::size_t k = 0; k + 1 < train.size(); ++k) train[k] = train[k + 1] - train[k];
      train.pop_back();
    }
    return spikes;
  };
  CAPTURE(model, as_input);
  SECTION("exactly, at dt 0.1 ms") {
    const auto intervals = intervals_of(0.1, 600);
    std::set<Tick> different;
    for (std::size_t i = 0; i < currents.size(); ++i) {
      const double ticks = rise_time(currents[i]) / 0.1;
      REQUIRE(std::abs(ticks - std::round(ticks)) > 1e-9);  // else rounding would decide
      CAPTURE(currents[i]);
      for (const Tick interval : intervals[i]) REQUIRE(interval == 20 + static_cast<Tick>(std::ceil(ticks)));
      different.insert(intervals[i].front());
    }
    CHECK(different.size() > 50);
  }
  SECTION("the rate within 0.1 % of 1 / (t_ref + T) at dt 0.001 ms") {
    std::vector<double> few;
    for (std::size_t i = 0; i < currents.size(); i += 6) few.push_back(currents[i]);
    currents = few;
    const auto intervals = intervals_of(0.001, 250);
    for (std::size_t i = 0; i < currents.size(); ++i) {
      CAPTURE(currents[i]);
      for (const Tick interval : intervals[i])
        REQUIRE(1 / (static_cast<double>(interval) * 0.001) ==
                Approx(1 / (t_ref + rise_time(currents[i]))).epsilon(0.001));
    }
  }
}

TEST_CASE("A current acts from start to stop as I_e would", "[neurons]") {
  const std::string model = GENERATE("iaf_psc_delta", "iaf_psc_alpha");
  NetworkSpec spec = double_spec();
  spec.populations = {population("n", model, 2)};
  spec.inputs = {current("n", std::vector<double>{300, -120}, 10, 30)};
  Run run(spec);
  // With I_e = I in ticks (100, 300]: V - E_L = R I (1 - exp(-t/tau_m)), and afterwards a decay.
  const double R = 10.0 / 250, tau_m = 10;
  for (Tick t = 1; t <= 500; ++t) {
    run.ticks(1);
    const double now = static_cast<double>(t) * 0.1;
    const double charged = t <= 100 ? 0 : 1 - std::exp(-(std::min(now, 30.0) - 10) / tau_m);
    const double left = t <= 300 ? 1 : std::exp(-(now - 30) / tau_m);
    for (int n = 0; n < 2; ++n) {
      const double V = model == "iaf_psc_delta" ? run.column<Delta>(0)[n] : run.column<Alpha>(0)[n];
      CAPTURE(t, n);
      REQUIRE(V == Approx(-70 + R * (n == 0 ? 300 : -120) * charged * left).margin(1e-10));
    }
  }
}

TEST_CASE("Threshold: V_m >= V_th at the end of the tick", "[neurons]") {
  NetworkSpec spec = double_spec();
  const double just_below = std::nextafter(1.0, 0.0);
  spec.populations = {
      source("s", {{1.0}, {1.0}, {1.0, 2.0}}),
      population("n", "iaf_psc_delta", 3, {{"E_L", 0.0}, {"V_reset", 0.0}, {"V_th", 1.0}, {"tau_m", 1e30}})};
  // Both limits are exact: the membrane keeps what it has.
  spec.projections = {one_to_one("s", "n", 1.0, 0.1)};
  spec.projections[0].connect = rheo::List{std::make_shared<rheo::EdgeList>(rheo::EdgeList{{0, 1, 2}, {0, 1, 2}})};
  spec.projections[0].weight = std::vector<double>{1.0, just_below, 0.5};
  Run run(spec);
  run.ticks(11);
  CHECK(run.recorder.of(3) == std::vector<Tick>{11});  // emitted in tick 10, delayed by one
  CHECK(run.recorder.of(4).empty());
  CHECK(run.column<Delta>(0, 1)[0] == 0.0);
  CHECK(run.column<Delta>(0, 1)[1] == just_below);
  run.ticks(20);
  CHECK(run.recorder.of(5) == std::vector<Tick>{21});
}

TEST_CASE("Refractoriness: jumps are discarded, currents go on", "[neurons]") {
  SECTION("iaf_psc_delta") {
    // Fires in tick 11; ticks 12 to 31 are refractory. A jump of 1 mV in every tick from 12 on.
    std::vector<double> train{1.0};
    for (int k = 11; k < 60; ++k) train.push_back(0.1 * k);
    NetworkSpec spec = double_spec();
    spec.populations = {source("s", {{1.0}, std::vector<double>(train.begin() + 1, train.end())}),
                        population("n", "iaf_psc_delta", 1, {{"V_th", -40.0}})};
    ProjectionSpec all = one_to_one("s", "n", 0.0, 0.1);
    all.connect = rheo::List{std::make_shared<rheo::EdgeList>(rheo::EdgeList{{0, 1}, {0, 0}})};
    all.weight = std::vector<double>{50, 1};
    spec.projections = {all};
    Run run(spec);
    run.ticks(11);
    REQUIRE(run.recorder.of(2) == std::vector<Tick>{11});
    for (Tick t = 12; t <= 31; ++t) {
      run.ticks(1);
      CAPTURE(t);
      REQUIRE(run.column<Delta>(0, 1)[0] == -70);
      REQUIRE(run.column<Delta>(1, 1)[0] == static_cast<double>(31 - t));
    }
    run.ticks(1);
    CHECK(run.column<Delta>(0, 1)[0] == Approx(-69).margin(1e-12));
  }
  SECTION("iaf_psc_alpha: synaptic currents do not know of spikes") {
    NetworkSpec spec = double_spec();
    spec.seed = 3;
    // The same trains reach a neuron that fires and one that never does.
    std::vector<double> train;
    RandomStream stream(random_key(1, "train", ""), 0);
    for (int k = 0; k < 400; ++k) train.push_back(stream.uniform(0.1, 100));
    spec.populations = {source("s", {train, train}),
                        population("n", "iaf_psc_alpha", 2, {{"V_th", std::vector<double>{-60, 1e9}}})};
    spec.projections = {one_to_one("s", "n", 90.0, 1.0), one_to_one("s", "n", 35.0, 1.7, "in")};
    Run run(spec);
    for (Tick t = 1; t <= 1000; ++t) {
      run.ticks(1);
      for (std::size_t column = 1; column <= 4; ++column) {
        const double* I = run.column<Alpha>(column, 1);
        REQUIRE(same_bits(I[0], I[1]));
      }
    }
    CHECK(run.recorder.of(2).size() > 10);
    CHECK(run.recorder.of(3).empty());
    const std::vector<Tick> spikes = run.recorder.of(2);
    for (std::size_t k = 1; k < spikes.size(); ++k) CHECK(spikes[k] - spikes[k - 1] > 20);
  }
  SECTION("t_ref = 0: a spike in every tick is possible") {
    NetworkSpec spec = double_spec();
    spec.populations = {population("d", "iaf_psc_delta", 1, {{"t_ref", 0.0}, {"I_e", 1e6}}),
                        population("a", "iaf_psc_alpha", 1, {{"t_ref", 0.0}, {"I_e", 1e6}})};
    Run run(spec);
    run.ticks(50);
    CHECK(run.recorder.of(0).size() == 50);
    CHECK(run.recorder.of(1).size() == 50);
  }
}

TEST_CASE("Propagators of alpha currents equal the integral, at and near tau_m = tau_syn", "[neurons]") {
  // V(h) = 1/C int_0^h exp(-(h - s)/tau_m) I(s) ds, by Simpson's rule in long double.
  const auto integral = [](double tau_m, double C_m, double h, const auto& I) {
    constexpr int n = 4000;
    long double sum = 0;
    for (int i = 0; i <= n; ++i) {
      const long double s = static_cast<long double>(h) * i / n;
      const int factor = i == 0 || i == n ? 1 : i % 2 == 1 ? 4 : 2;
      sum += factor * std::exp(-(static_cast<long double>(h) - s) / tau_m) * I(s);
    }
    return static_cast<double>(sum * h / n / 3 / C_m);
  };
  const double C_m = 250;
  for (const double h : {0.01, 0.1, 1.0}) {
    for (const double tau_s : {0.3, 2.0, 10.0, 100.0}) {
      std::vector<double> tau_ms{tau_s, std::nextafter(tau_s, 1e9), 0.5 * tau_s, 2 * tau_s, 10 * tau_s};
      for (const double distance : {1e-14, 1e-12, 1e-9, 1e-7, 1e-5, 1e-3, 1e-2, 0.1, 0.3}) {
        tau_ms.push_back(tau_s * (1 + distance));
        tau_ms.push_back(tau_s * (1 - distance));
      }
      for (const double tau_m : tau_ms) {
        const AlphaPropagator p(tau_m, tau_s, C_m, h);
        const auto decay = [&](long double s) { return std::exp(-s / tau_s); };
        CAPTURE(h, tau_s, tau_m);
        REQUIRE(p.V_I == Approx(integral(tau_m, C_m, h, decay)).epsilon(2e-14));
        REQUIRE(p.V_dI == Approx(integral(tau_m, C_m, h, [&](long double s) { return s * decay(s); })).epsilon(2e-14));
        REQUIRE(p.I_I == Approx(std::exp(-h / tau_s)).epsilon(1e-15));
        REQUIRE(p.I_dI == Approx(h * std::exp(-h / tau_s)).epsilon(1e-15));
      }
    }
  }
}

TEST_CASE("iaf_psc_alpha: the response to one spike is the closed solution", "[neurons]") {
  // Among them tau_m = tau_syn, and values so near that a plain formula would lose all digits.
  const std::vector<double> tau_syn{2, 0.5, 10, 10 * (1 + 1e-9), 10 * (1 - 1e-6), 9, 25};
  const double tau_m = 10, C_m = 250, weight = 80;
  const bool inhibitory = GENERATE(false, true);
  NetworkSpec spec = double_spec();
  const auto size = static_cast<std::uint32_t>(tau_syn.size());
  spec.populations = {source("s", std::vector<std::vector<double>>(size, {1.0})),
                      population("n", "iaf_psc_alpha", size, {{inhibitory ? "tau_syn_in" : "tau_syn_ex", tau_syn}})};
  spec.projections = {one_to_one("s", "n", inhibitory ? -weight : weight, 1.5)};
  Run run(spec);
  run.ticks(25);  // emitted in tick 10, arrives in tick 25: the current starts at its end
  for (std::uint32_t n = 0; n < size; ++n) {
    REQUIRE(run.column<Alpha>(0, 1)[n] == -70);
    REQUIRE(run.column<Alpha>(inhibitory ? 3 : 1, 1)[n] == 0);
  }
  for (int k = 1; k <= 600; ++k) {
    run.ticks(1);
    const long double s = 0.1L * k;
    for (std::uint32_t n = 0; n < size; ++n) {
      const long double tau_s = tau_syn[n], a = 1 / tau_s - 1 / static_cast<long double>(tau_m), e = std::exp(1.0L);
      // int_0^s r exp(-a r) dr, as a series where it would cancel.
      long double moment = 0;
      if (std::abs(a * s) < 1e-2L) {
        long double term = 1;
        for (int i = 0; i < 12; ++i, term *= -a * s / i) moment += s * s * term / (i + 2);
      } else {
        moment = (1 - (1 + a * s) * std::exp(-a * s)) / (a * a);
      }
      const long double sign = inhibitory ? -1 : 1;
      const long double V = -70 + sign * weight * e / tau_s / C_m * std::exp(-s / tau_m) * moment;
      const long double I = sign * weight * e / tau_s * s * std::exp(-s / tau_s);
      CAPTURE(k, tau_syn[n]);
      REQUIRE(run.column<Alpha>(0, 1)[n] == Approx(static_cast<double>(V)).margin(1e-11).epsilon(0));
      REQUIRE(run.column<Alpha>(inhibitory ? 3 : 1, 1)[n] == Approx(static_cast<double>(I)).margin(1e-10).epsilon(0));
    }
    // The current peaks at tau_syn, and its peak is the weight.
    if (k == 20) CHECK(std::abs(run.column<Alpha>(inhibitory ? 3 : 1, 1)[0]) == Approx(weight).epsilon(1e-12));
  }
}

TEST_CASE("A list of equal parameters gives the bits of one number", "[neurons]") {
  std::vector<std::string> models;
  for (const auto& info : rheo::neuron_models())
    if (!info.ports.empty()) models.push_back(info.name);
  const std::string model = GENERATE_COPY(from_range(models));
  const Precision precision = GENERATE(Precision::single_, Precision::double_);
  const auto spec_of = [&](bool listed) {
    NetworkSpec spec;
    spec.precision = precision;
    spec.seed = 12;
    std::map<std::string, Value> params;
    const std::uint32_t size = 100;
    for (const auto& field : rheo::find_neuron_model(model)->params)
      params[field.name] = listed ? Value(std::vector<double>(size, field.initial)) : Value(field.initial);
    spec.populations = {population("n", model, size, params)};
    const std::map<std::string, double> strong{{"iaf_psc_delta", 1}, {"izhikevich", 10},    {"izhikevich_2007", 60},
                                               {"iaf_cond_exp", 30}, {"aeif_cond_exp", 30}, {"aeif_psc_exp", 900},
                                               {"iaf_psc_exp", 100}, {"lif_discrete", 0.5}};
    const double weight = strong.contains(model) ? strong.at(model) : 60;
    spec.inputs = {poisson("up", "n", 9000.0, weight), poisson("down", "n", 3000.0, -weight / 10)};
    return spec;
  };
  Run uniform(spec_of(false)), listed(spec_of(true));
  uniform.ticks(2000);
  listed.ticks(2000);
  CAPTURE(model);
  CHECK((uniform.recorder.spikes.size() > 200) == rheo::find_neuron_model(model)->spikes);
  CHECK(uniform.recorder.spikes == listed.recorder.spikes);
  rheo::ByteWriter uniform_state, listed_state;
  uniform.network.simulation().population(0).save(uniform_state);
  listed.network.simulation().population(0).save(listed_state);
  CHECK(uniform_state.take() == listed_state.take());
}

TEST_CASE("Izhikevich 2003, tonic spiking", "[neurons]") {
  // The current starts at 10 ms; times count from 0.
  const auto spike_times = [](const std::string& scheme, double dt) {
    NetworkSpec spec = double_spec(dt);
    spec.populations = {population("n", "izhikevich", 1, {{"a", 0.02}, {"b", 0.2}, {"c", -65.0}, {"d", 6.0}})};
    spec.populations[0].options["scheme"] = scheme;
    spec.populations[0].initial["V_m"] = -70.0;  // U_m starts at b V_m
    spec.inputs = {current("n", 14.0, 10)};
    Run run(spec);
    run.ticks(rheo::ms_to_tick_nearest(100, dt));
    std::vector<double> times;
    for (const Tick tick : run.recorder.of(0)) times.push_back(rheo::tick_to_ms(tick, dt));
    return times;
  };
  // The two schemes with one step at dt 0.25 ms: U from the new V as in the listing of 2004, or both from the old ones.
  const auto listing = [](bool from_new_V) {
    double V = -70, U = -14;
    std::vector<double> times;
    for (int k = 1; k <= 400; ++k) {
      const double I = k > 40 ? 14 : 0, old_V = V;
      V += 0.25 * ((0.04 * V + 5) * V + 140 - U + I);
      U += 0.25 * 0.02 * (0.2 * (from_new_V ? V : old_V) - U);
      if (V < 30) continue;
      times.push_back(k * 0.25);
      V = -65;
      U += 6;
    }
    return times;
  };
  SECTION("the listing of 2004 at dt 0.25 ms") {
    CHECK(listing(true) == std::vector<double>{13.0, 17.0, 31.5, 59.25, 86.75});
    CHECK(spike_times("published_2004", 0.25) == listing(true));
  }
  SECTION("forward Euler at dt 0.25 ms") {
    CHECK(listing(false) == std::vector<double>{13.0, 17.0, 30.75, 58.25, 85.5});
    CHECK(spike_times("euler", 0.25) == listing(false));
  }
  SECTION("all schemes converge") {
    const std::vector<double> converged{12.63, 16.12, 28.93, 55.92, 82.67};
    for (const std::string scheme : {"published", "published_2004", "euler"}) {
      const auto times = spike_times(scheme, 0.0005);
      REQUIRE(times.size() == converged.size());
      for (std::size_t k = 0; k < times.size(); ++k) {
        CAPTURE(scheme, k);
        CHECK(times[k] == Approx(converged[k]).margin(0.015));
      }
    }
  }
}

TEST_CASE("Izhikevich at dt 1 ms is the listing of 2003, bit for bit", "[neurons]") {
  // 30 neurons, random connections and thalamic pulses. The listing tests v >= 30 at the start of a step, so a spike of
  // step t acts in step t + 1: a delay of one tick here.
  constexpr std::size_t N = 30, T = 1000;
  RandomStream stream(random_key(1, "listing", ""), 0);
  std::vector<double> a(N), b(N), c(N), d(N), v(N, -65.0), u(N);
  std::vector<std::vector<double>> S(N, std::vector<double>(N)), thalamic(N, std::vector<double>(T + 1, 0.0));
  std::vector<std::vector<double>> pulse_times(N);
  rheo::EdgeList edges;
  std::vector<double> weights, pulse(N);
  for (std::size_t i = 0; i < N; ++i) {
    const bool excitatory = i < 24;
    const double r = stream.uniform();
    a[i] = excitatory ? 0.02 : 0.02 + 0.08 * r;
    b[i] = excitatory ? 0.2 : 0.25 - 0.05 * r;
    c[i] = excitatory ? -65 + 15 * r * r : -65;
    d[i] = excitatory ? 8 - 6 * r * r : 2;
    u[i] = b[i] * v[i];
    pulse[i] = stream.uniform(8, 20);
    for (std::size_t t = 1; t <= T; ++t) {
      if (stream.uniform() > 0.3) continue;
      thalamic[i][t] = pulse[i];
      pulse_times[i].push_back(static_cast<double>(t) - 1);
    }
    // A pulse cannot be emitted in tick 0.
    if (!pulse_times[i].empty() && pulse_times[i].front() == 0) {
      thalamic[i][1] = 0;
      pulse_times[i].erase(pulse_times[i].begin());
    }
  }
  for (std::uint32_t from = 0; from < N; ++from) {
    for (std::uint32_t to = 0; to < N; ++to) {
      S[to][from] = (from < 24 ? 1.5 : -3.0) * stream.uniform();
      edges.source.push_back(from);
      edges.target.push_back(to);
      weights.push_back(S[to][from]);
    }
  }
  NetworkSpec spec = double_spec(1.0);
  spec.populations = {population("n", "izhikevich", N, {{"a", a}, {"b", b}, {"c", c}, {"d", d}}),
                      source("thalamus", pulse_times)};
  ProjectionSpec recurrent = one_to_one("n", "n", weights, 1.0);
  recurrent.connect = rheo::List{std::make_shared<rheo::EdgeList>(edges)};
  rheo::EdgeList diagonal;
  for (std::uint32_t i = 0; i < N; ++i) {
    diagonal.source.push_back(i);
    diagonal.target.push_back(i);
  }
  ProjectionSpec drive = recurrent;
  drive.name = "drive";
  drive.source[0].population = "thalamus";
  drive.connect = rheo::List{std::make_shared<rheo::EdgeList>(diagonal)};
  drive.weight = pulse;
  spec.projections = {drive, recurrent};
  Run run(spec);

  using Izhikevich = rheo::Izhikevich<double, 0, 0>;
  std::size_t spikes = 0;
  std::vector<std::size_t> fired;
  for (std::size_t t = 1; t <= T; ++t) {
    // The listing, with the square factored as the model factors it (0.04 v^2 + 5 v has other last bits).
    std::vector<double> I(N);
    for (std::size_t i = 0; i < N; ++i) I[i] = thalamic[i][t];
    for (const std::size_t from : fired)
      for (std::size_t i = 0; i < N; ++i) I[i] = I[i] + S[i][from];
    fired.clear();
    for (std::size_t i = 0; i < N; ++i) {
      v[i] = v[i] + 0.5 * ((0.04 * v[i] + 5) * v[i] + 140 - u[i] + I[i]);
      v[i] = v[i] + 0.5 * ((0.04 * v[i] + 5) * v[i] + 140 - u[i] + I[i]);
      u[i] = u[i] + a[i] * (b[i] * v[i] - u[i]);
      if (v[i] >= 30) fired.push_back(i);
    }
    for (const std::size_t i : fired) {
      v[i] = c[i];
      u[i] = u[i] + d[i];
    }
    run.ticks(1);
    const double* V_m = run.column<Izhikevich>(0);
    const double* U_m = run.column<Izhikevich>(1);
    for (std::size_t i = 0; i < N; ++i) {
      CAPTURE(t, i, v[i], V_m[i]);
      REQUIRE(same_bits(v[i], V_m[i]));
      REQUIRE(same_bits(u[i], U_m[i]));
    }
    spikes += fired.size();
  }
  CHECK(spikes > 300);
}

TEST_CASE("Izhikevich: a pulse lasts 1 ms in all, a jump is a jump", "[neurons]") {
  // Coefficients that leave V where it is, so that only the input moves it.
  const std::string scheme = GENERATE("published", "published_2004", "euler");
  for (const double dt : {0.1, 0.5, 1.0}) {
    for (const std::string input : {"pulse", "delta"}) {
      NetworkSpec spec = double_spec(dt);
      spec.populations = {
          source("s", {{2.0}}),
          population("n", "izhikevich", 1, {{"a", 0.0}, {"b", 0.0}, {"c2", 0.0}, {"c1", 0.0}, {"c0", 0.0}})};
      spec.populations[1].options = {{"scheme", scheme}, {"input", input}};
      spec.projections = {one_to_one("s", "n", 3.0, 1.0)};
      Run run(spec);
      const auto V_m = [&] {
        rheo::ByteWriter to;
        run.network.simulation().population(1).save(to);
        const auto bytes = to.take();
        double V = 0;
        rheo::ByteReader from(bytes);
        from.get("V_m", std::span<double>(&V, 1));
        return V;
      };
      const Tick arrival = rheo::ms_to_tick_nearest(3.0, dt);
      run.ticks(arrival - 1);
      CAPTURE(scheme, dt, input);
      CHECK(V_m() == -65);
      run.ticks(1);
      CHECK(V_m() == Approx(-62).epsilon(1e-14));
      run.ticks(5);
      CHECK(V_m() == Approx(-62).epsilon(1e-14));
    }
  }
}

TEST_CASE("A state that is not finite stops the run and says whose it is", "[neurons]") {
  NetworkSpec spec;
  spec.populations = {source("s", {{5.0}, {5.0}, {5.0}}), population("calm", "iaf_psc_delta", 3),
                      population("wild", "izhikevich", 3, {{"I_e", 14.0}})};
  spec.projections = {one_to_one("s", "wild", 0.0, 60.0)};
  spec.projections[0].connect = rheo::List{std::make_shared<rheo::EdgeList>(rheo::EdgeList{{0, 1, 2}, {0, 1, 2}})};
  spec.projections[0].weight = std::vector<double>{1, 1e25, -1e25};  // arrive at 65 ms, in tick 650
  Run run(spec);
  rheo::Complaint complaint;
  try {
    run.ticks(10000);
  } catch (const rheo::NumericalError& error) {
    complaint = error.complaint();
  }
  // Both wild[1] and wild[2] are broken; the first is named.
  CHECK(complaint.key == "wild[1]");
  CHECK(complaint.problem.find("the state is not finite at tick ") == 0);
  // What was seen: soon after the breach, and what was computed until then was handed out.
  const Tick now = run.network.simulation().now();
  CHECK(now >= 650);
  CHECK(now < 650 + 1200);
  CHECK(complaint.problem.find("tick " + std::to_string(now)) != std::string::npos);
  const auto tonic = run.recorder.of(6);  // wild[0]
  REQUIRE(tonic.size() > 2);
  CHECK(tonic.back() > 300);
}

}  // namespace test_neurons
