// Networks that are hard on the promise of the same bits, and what a run of them leaves behind.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/diagnostics.hpp"
#include "core/isa.hpp"
#include "core/loop/simulation.hpp"
#include "core/time.hpp"
#include "networks/connect/rules.hpp"
#include "networks/inputs/kinds.hpp"
#include "networks/network.hpp"
#include "networks/signals/kinds.hpp"
#include "tests/sanitized.hpp"

namespace runs {

using namespace rheo;

using Spikes = std::vector<std::pair<Tick, NeuronId>>;
using Bytes = std::vector<std::byte>;

struct Recorder final : SpikeSink {
  void take(const SpikeBatch& batch) override {
    for (std::size_t k = 0; k < batch.ticks(); ++k)
      for (const NeuronId neuron : batch.at(k)) spikes.emplace_back(batch.tick(k), neuron);
  }
  Spikes spikes;
};

// The instruction set of the networks built while this lives.
class ChosenIsa {
 public:
  explicit ChosenIsa(Isa isa) {
    if (const char* now = std::getenv("RHEO_ISA"); now != nullptr) before_ = now;
    ::setenv("RHEO_ISA", std::string(name_of(isa)).c_str(), 1);
  }
  ~ChosenIsa() { before_.empty() ? ::unsetenv("RHEO_ISA") : ::setenv("RHEO_ISA", before_.c_str(), 1); }
  ChosenIsa(const ChosenIsa&) = delete;
  ChosenIsa& operator=(const ChosenIsa&) = delete;

 private:
  std::string before_;
};

inline Distribution uniform(double low, double high) {
  return Uniform{low, high};
}
inline Distribution normal(double mean, double sd, std::optional<double> min = {}, std::optional<double> max = {}) {
  return {Normal{mean, sd}, min, max};
}
inline Distribution lognormal(double mu, double sigma) {
  return Lognormal{mu, sigma};
}
inline Distribution choice(std::vector<double> choices) {
  return Choice{std::move(choices)};
}
inline Selection all_of(std::string population) {
  return {.population = std::move(population), .end = {}};
}
inline Selection slice(std::string population, std::uint32_t begin, std::uint32_t end, std::uint32_t step = 1) {
  return {.population = std::move(population), .begin = begin, .end = end, .step = step};
}
inline Connect bernoulli(double p) {
  return Bernoulli{.p = p};
}
inline Connect fixed_indegree(std::uint32_t indegree) {
  return FixedIndegree{.indegree = double{1} * indegree};
}

// Trains at random ticks of (0, ticks], about one spike per `every` ticks and neuron.
inline std::shared_ptr<const SpikeTrains> trains(std::uint32_t size, Tick ticks, Tick every, double dt,
                                                 std::uint64_t seed) {
  std::mt19937_64 random(seed);
  auto made = std::make_shared<SpikeTrains>();
  made->begin.push_back(0);
  for (std::uint32_t n = 0; n < size; ++n) {
    for (Tick k = 0; k < ticks / every; ++k)
      made->times.push_back(tick_to_ms(1 + static_cast<Tick>(random() % static_cast<std::uint64_t>(ticks)), dt));
    made->begin.push_back(made->times.size());
  }
  return made;
}

// Three projections from several populations meet at the port "ex" of E with uneven delays and weights whose sums are
// inexact; parameters differ between neurons; every model, drive and kind of value occurs; `few` has fewer neurons than
// there are lanes. The smallest delay is five ticks, so that a window holds several.
inline NetworkSpec demanding_network(Precision precision, std::uint32_t lanes) {
  NetworkSpec spec;
  spec.seed = 20;
  spec.precision = precision;
  spec.lanes = lanes;
  spec.populations = {{.name = "noise",
                       .model = "spike_source",
                       .size = 40,
                       .params = {},
                       .options = {},
                       .initial = {},
                       .trains = trains(40, 400, 12, spec.dt, 1)},
                      {.name = "E",
                       .model = "iaf_psc_alpha",
                       .size = 230,
                       .params = {{"V_th", normal(-55, 1, -58, -52)},
                                  {"tau_m", uniform(8, 12)},
                                  {"tau_syn_ex", lognormal(0, 0.2)},
                                  {"C_m", normal(250, 20, 150)}},
                       .options = {},
                       .initial = {{"V_m", uniform(-70, -56)}},
                       .trains = {}},
                      {.name = "I",
                       .model = "iaf_psc_delta",
                       .size = 90,
                       .params = {{"tau_m", uniform(5, 15)}, {"t_ref", choice({1, 1.5, 2})}},
                       .options = {},
                       .initial = {{"V_m", normal(-62, 3, {}, -56)}},
                       .trains = {}},
                      {.name = "few",
                       .model = "iaf_psc_delta",
                       .size = 5,
                       .params = {{"I_e", 400.0}},
                       .options = {},
                       .initial = {},
                       .trains = {}},
                      {.name = "Z",
                       .model = "izhikevich",
                       .size = 110,
                       .params = {{"a", uniform(0.02, 0.1)}, {"c", uniform(-65, -50)}, {"d", normal(6, 1, 2)}},
                       .options = {},
                       .initial = {{"V_m", uniform(-70, -50)}},
                       .trains = {}},
                      {.name = "Z2",
                       .model = "izhikevich",
                       .size = 33,
                       .params = {{"I_e", 9.0}},
                       .options = {{"scheme", "euler"}, {"input", "delta"}},
                       .initial = {},
                       .trains = {}}};
  spec.projections = {{.name = "E_and_Z_to_E",
                       .source = {all_of("E"), all_of("Z")},
                       .target = {all_of("E")},
                       .connect = bernoulli(0.12),
                       .weight = normal(30, 10, 0),
                       .delay = uniform(0.5, 6),
                       .port = {}},
                      {.name = "mixed_to_E_Z",
                       .source = {slice("I", 0, 90, 3), all_of("noise")},
                       .target = {all_of("Z"), slice("E", 0, 200)},
                       .connect = fixed_indegree(20),
                       .weight = lognormal(0.5, 0.7),
                       .delay = normal(3, 1, 0.5),
                       .port = {}},
                      {.name = "back_to_E",
                       .source = {slice("E", 10, 200, 7), all_of("I")},
                       .target = {all_of("E")},
                       .connect = bernoulli(0.2),
                       .weight = normal(-5, 20),
                       .delay = 1.5,
                       .port = "ex"},
                      {.name = "E_to_I_few",
                       .source = {all_of("E")},
                       .target = {slice("I", 5, 90, 2), all_of("few"), slice("I", 0, 5)},
                       .connect = fixed_indegree(20),
                       .weight = normal(0.4, 0.1),
                       .delay = choice({0.7, 1.1, 4.3}),
                       .port = {}},
                      {.name = "Z_to_Z2",
                       .source = {all_of("Z"), all_of("few")},
                       .target = {all_of("Z2")},
                       .connect = bernoulli(0.3),
                       .weight = normal(0, 1),
                       .delay = lognormal(1, 0.4),
                       .port = {}}};
  spec.inputs = {
      {.name = "to_E",
       .kind = PoissonSpikes{.rate = 9000.0, .weight = normal(22, 9)},
       .target = {slice("E", 0, 100), slice("E", 100, 230, 2)}},
      {.name = "to_I",
       .kind = PoissonSpikes{.rate = uniform(5000, 9000), .weight = 0.3, .delay = 1.3},
       .target = {all_of("few"), all_of("I")},
       .start = 2.0,
       .stop = 35.0},
      {.name = "to_Z", .kind = ConstantCurrent{.amplitude = normal(9, 2)}, .target = {all_of("Z")}, .start = 1.0}};
  spec.inputs.push_back(
      {.name = "waves",
       .kind = PoissonSpikes{.rate = uniform(200, 900),
                             .weight = normal(5, 9),
                             .profile = {.kind = Profile::Kind::sine, .offset = 1, .amplitude = 1.5, .frequency = 80}},
       .target = {slice("E", 3, 200, 3), all_of("few")}});
  spec.inputs.push_back(
      {.name = "given",
       .kind = GivenSpikes{.trains = trains(33, 400, 40, spec.dt, 2), .weight = normal(1, 3), .delay = 0.4},
       .target = {slice("Z", 5, 60, 2), all_of("few")}});
  spec.inputs.push_back({.name = "jitter",
                         .kind = NoiseCurrent{.mean = normal(0, 1), .deviation = uniform(1, 3), .every = 0.3},
                         .target = {slice("E", 0, 230, 7), all_of("Z2")},
                         .start = 1.5});
  spec.inputs.push_back({.name = "ramp",
                         .kind = StepCurrent{.times = {0, 5, 8.5},
                                             .values = {0, 1, -0.3},
                                             .shape = Profile::Kind::ramps,
                                             .period = 9,
                                             .amplitude = normal(3, 1)},
                         .target = {all_of("few"), slice("Z", 10, 90)}});
  // The models that are missing so far, each behind a projection with weights of both signs.
  struct Other {
    const char *name, *model, *input;
    double I_e, weight;
  };
  for (const Other& other :
       {Other{"X0", "iaf_psc_exp", "", 450, 40}, Other{"X1", "iaf_psc_exp_adapt", "", 500, 40},
        Other{"X2", "iaf_cond_exp", "", 350, 3}, Other{"X3", "aeif_psc_exp", "", 900, 90},
        Other{"X4", "aeif_cond_exp", "", 900, 4}, Other{"X5", "izhikevich", "exp", 12, 1},
        Other{"X6", "izhikevich_2007", "pulse", 300, 30}, Other{"X7", "izhikevich_2007", "delta", 300, 1},
        Other{"X8", "izhikevich_2007", "exp", 300, 30}, Other{"X9", "lif_discrete", "", 1.2, 0.5}}) {
    PopulationSpec p;
    p.name = other.name;
    p.model = other.model;
    p.size = 18;
    p.params = {{"I_e", normal(other.I_e, other.I_e / 10)}};
    if (*other.input != 0) p.options = {{"input", other.input}};
    spec.populations.push_back(p);
    spec.projections.push_back({.name = "to_" + p.name,
                                .source = {all_of("E"), all_of("noise")},
                                .target = {all_of(p.name)},
                                .connect = fixed_indegree(12),
                                .weight = normal(other.weight / 3, other.weight),
                                .delay = uniform(0.5, 4),
                                .port = {}});
  }
  return spec;
}

// Every model that can be updated by events, reached by few spikes, so that most neurons sleep most of the time: some
// are refractory when they fall asleep, one population spikes without input, one has input of its own, and one is
// updated in every tick.
inline NetworkSpec event_network(Precision precision, std::uint32_t lanes) {
  NetworkSpec spec;
  spec.seed = 31;
  spec.precision = precision;
  spec.lanes = lanes;
  const auto population = [&](const char* name, const char* model, std::uint32_t size, double I_e) {
    PopulationSpec p;
    p.name = name;
    p.model = model;
    p.size = size;
    p.params = {{"I_e", I_e}, {"t_ref", 3.0}, {"tau_m", 12.0}};
    if (p.model != "iaf_psc_delta") p.params["tau_syn_in"] = 4.0;
    p.initial["V_m"] = uniform(-70, -56);
    p.update = PopulationSpec::Update::event;
    spec.populations.push_back(p);
  };
  spec.populations = {{.name = "noise",
                       .model = "spike_source",
                       .size = 30,
                       .params = {},
                       .options = {},
                       .initial = {},
                       .trains = trains(30, 1000, 100, spec.dt, 9)}};
  population("D", "iaf_psc_delta", 333, 0);
  population("E", "iaf_psc_exp", 150, 100);
  population("A", "iaf_psc_alpha", 130, 50);
  population("pacemakers", "iaf_psc_exp", 7, 400);
  population("ticking", "iaf_psc_alpha", 40, 0);
  spec.populations.back().update = PopulationSpec::Update::tick;
  const auto connect = [&](const char* from, const char* to, std::uint32_t indegree, double weight) {
    spec.projections.push_back({.name = std::string(from) + "_" + to,
                                .source = {all_of(from)},
                                .target = {all_of(to)},
                                .connect = fixed_indegree(indegree),
                                .weight = normal(weight, std::abs(weight) / 2),
                                .delay = uniform(0.5, 9),
                                .port = {}});
  };
  connect("noise", "D", 3, 9);
  connect("noise", "E", 3, 700);
  connect("noise", "A", 3, 900);
  connect("noise", "ticking", 3, 900);
  connect("pacemakers", "D", 2, 8);
  connect("pacemakers", "A", 2, 500);
  connect("D", "E", 5, 500);
  connect("E", "D", 3, -4);
  connect("A", "pacemakers", 4, -300);
  connect("ticking", "D", 2, 8);
  connect("A", "ticking", 2, 800);
  spec.projections.push_back({.name = "as_current",
                              .source = {all_of("noise")},
                              .target = {all_of("E")},
                              .connect = fixed_indegree(1),
                              .weight = 20'000.0,
                              .delay = 2.0,
                              .port = "I"});
  spec.inputs = {{.name = "some",
                  .kind = PoissonSpikes{.rate = 100.0, .weight = 6.0},
                  .target = {slice("D", 11, 200, 3)},
                  .start = 10}};
  return spec;
}

inline std::uint64_t fnv_1a(const void* data, std::size_t size, std::uint64_t hash = 0xcbf29ce484222325u) {
  for (std::size_t i = 0; i < size; ++i) hash = (hash ^ static_cast<const unsigned char*>(data)[i]) * 0x100000001b3u;
  return hash;
}

// Continues the simulation by `ticks` in pieces of random length, some of them empty.
inline void run_in_pieces(Simulation& simulation, Tick ticks, std::mt19937_64& random) {
  const Tick end = simulation.now() + ticks;
  while (simulation.now() < end)
    simulation.run(std::min(end - simulation.now(), static_cast<Tick>(random() % (random() % 2 ? 90 : 4))));
}

// Neurons forget: what rounding did to a sum can be gone some ms later. So states are looked at all along the way.
inline constexpr Tick look_every = 10;

struct Outcome {
  Spikes spikes;
  std::vector<std::uint64_t> states;  // hashes of the saved state at ticks look_every, 2 look_every, ...
  Bytes state;                        // the last one
  friend bool operator==(const Outcome&, const Outcome&) = default;
};

inline Outcome run_whole(const NetworkSpec& spec, unsigned threads, Tick ticks) {
  Network network(spec, Threads(threads));
  Outcome outcome;
  Recorder recorder;
  network.simulation().add_sink(recorder);
  while (network.simulation().now() < ticks) {
    network.simulation().run(look_every);
    outcome.state = network.simulation().save();
    outcome.states.push_back(fnv_1a(outcome.state.data(), outcome.state.size()));
  }
  outcome.spikes = std::move(recorder.spikes);
  return outcome;
}

// What building such a network is refused with, or "built"; checking it says the same.
inline std::string complaint_of(const NetworkSpec& spec) {
  try {
    Network network(spec, Threads(1));
  } catch (const BuildError& error) {
    try {
      Network::check(spec);
    } catch (const BuildError& checked) {
      return error.what() == std::string(checked.what()) ? error.what() : "checked otherwise";
    }
    return "not seen by the check";
  }
  return "built";
}

}  // namespace runs
