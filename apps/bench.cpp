// rheo bench NAME: the benchmarks of docs/performance.md, with the time of each stage. Building is timed apart; the
// first 0.1 s of biology is run but not timed, then 1 s is.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <nlohmann/json.hpp>

#include "apps/commands.hpp"
#include "apps/limits.hpp"
#include "apps/run.hpp"
#include "core/isa.hpp"
#include "core/time.hpp"
#include "io/provenance.hpp"
#include "io/statistics.hpp"
#include "networks/network.hpp"
#include "neurons/catalogue.hpp"
#include "neurons/factory.hpp"

namespace rheo {

namespace {

// Brunel (2000), g = 5, eta = 2, delta synapses of 0.1 mV: 10,000 neurons with 1000 synapses each.
//   hom: one delay of 1.5 ms; het: each delay uniform in [0.5, 5] ms.
//   poisson: 20 kHz per neuron; current: the same mean, 2 mV/ms, as a constant current.
NetworkSpec brunel(bool one_delay, bool poisson) {
  NetworkSpec spec;
  spec.seed = 42;
  const auto population = [](const char* name, std::uint32_t size) {
    PopulationSpec p;
    p.name = name;
    p.model = "iaf_psc_delta";
    p.size = size;
    p.params = {{"tau_m", 20.0}, {"C_m", 250.0}, {"E_L", 0.0}, {"V_reset", 0.0}, {"V_th", 20.0}, {"t_ref", 2.0}};
    p.initial = {
        {"V_m",
         Distribution{.kind = Distribution::Kind::uniform, .a = 0, .b = 20, .min = {}, .max = {}, .choices = {}}}};
    return p;
  };
  spec.populations = {population("E", 8000), population("I", 2000)};
  const std::vector<Selection> all{{.population = "E", .end = {}}, {.population = "I", .end = {}}};
  const auto projection = [&](const char* name, const char* source, std::uint32_t indegree, double weight) {
    ProjectionSpec p;
    p.name = name;
    p.source = {{.population = source, .end = {}}};
    p.target = all;
    p.connect.rule = Connect::Rule::fixed_indegree;
    p.connect.indegree = indegree;
    p.weight = weight;
    if (one_delay)
      p.delay = 1.5;
    else
      p.delay =
          Distribution{.kind = Distribution::Kind::uniform, .a = 0.5, .b = 5.0, .min = {}, .max = {}, .choices = {}};
    return p;
  };
  spec.projections = {projection("excitation", "E", 800, 0.1), projection("inhibition", "I", 200, -0.5)};
  InputSpec drive;
  drive.name = "background";
  drive.target = all;
  if (poisson) {
    drive.kind = InputSpec::Kind::poisson;
    drive.rate = 20000.0;
    drive.weight = 0.1;
    drive.delay = 1.5;
  } else {
    drive.kind = InputSpec::Kind::current;
    drive.amplitude = 500.0;  // pA: 2 mV/ms for 250 pF
  }
  spec.inputs = {drive};
  return spec;
}

struct BenchOptions {
  std::string name = "brunel_hom", drive = "poisson", delivery = "auto";
  unsigned threads = 0;
  std::uint32_t lanes = 0;
  bool json = false, stages = true;
};

double seconds_since(std::chrono::steady_clock::time_point begin) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

void bench(const BenchOptions& options) {
  if (options.name == "limits") {
    const Threads threads(options.threads);
    print(fmt::format("{} threads, {}\n", threads.count(), name_of(chosen_isa())) + Limits(threads).table());
    return;
  }
  NetworkSpec spec = brunel(options.name == "brunel_hom", options.drive == "poisson");
  spec.lanes = options.lanes;
  if (options.delivery != "auto")
    spec.delivery = options.delivery == "ring" ? NetworkSpec::Delivery::ring : NetworkSpec::Delivery::wheel;
  const Threads threads(options.threads);
  const auto building = std::chrono::steady_clock::now();
  Network network(spec, threads);
  const double build_seconds = seconds_since(building);
  Simulation& simulation = network.simulation();

  simulation.run(ms_to_tick_nearest(100, spec.dt));
  SpikeStatistics statistics(simulation.populations());
  simulation.add_sink(statistics);
  simulation.profile(options.stages);
  const Tick ticks = ms_to_tick_nearest(1000, spec.dt);
  const auto running = std::chrono::steady_clock::now();
  simulation.run(ticks);
  const double seconds = seconds_since(running);

  std::uint64_t spikes = 0, neurons = 0;
  for (const PopulationStatistics& population : statistics.results(simulation.now(), spec.dt)) {
    spikes += population.spikes;
    neurons += population.size;
  }
  const double rate = static_cast<double>(spikes) / static_cast<double>(neurons);
  const double events =
      static_cast<double>(spikes) * static_cast<double>(network.synapses()) / static_cast<double>(neurons);
  const StageTimes times = simulation.stage_times();
  const std::pair<const char*, double> stages[] = {{"fan_out", times.fan_out}, {"arrive", times.arrive},
                                                   {"drive", times.drive},     {"advance", times.advance},
                                                   {"gather", times.gather},   {"sinks", times.sinks}};
  if (options.json) {
    nlohmann::ordered_json json{{"bench", options.name},
                                {"drive", options.drive},
                                {"threads", threads.count()},
                                {"lanes", simulation.lanes()},
                                {"instruction_set", name_of(chosen_isa())},
                                {"build_seconds", build_seconds},
                                {"sim_seconds", seconds},
                                {"rtf", seconds},
                                {"rate_hz", rate},
                                {"synaptic_events", events},
                                {"synapses", network.synapses()},
                                {"bytes_per_synapse", network.bytes_per_synapse()},
                                {"peak_memory_bytes", peak_memory_bytes()}};
    if (options.stages)
      for (const auto& [name, time] : stages) json["stages"][name] = time;
    print(json.dump(2) + "\n");
    return;
  }
  std::string text =
      fmt::format("{} ({}): {} neurons, {} synapses of {:.2f} bytes; {} lanes, {} threads, {}\n", options.name,
                  options.drive, grouped(neurons), grouped(network.synapses()), network.bytes_per_synapse(),
                  simulation.lanes(), threads.count(), name_of(chosen_isa()));
  text += fmt::format("built in       {:.2f} s\n", build_seconds);
  text += fmt::format("1 s simulated  {:.3f} s: {:.2f} Hz, {:.3g} G synaptic events/s\n", seconds, rate,
                      events / seconds / 1e9);
  for (const auto& [name, time] : stages)
    if (options.stages) text += fmt::format("  {:<9}    {:.3f} s of all threads\n", name, time);
  print(text);
}

// The sweeps alone: nanoseconds per neuron and tick on one thread, with something in every input row.
void bench_neurons(const BenchOptions& options) {
  constexpr std::uint32_t size = 2000;
  constexpr Tick ticks = 2000;
  nlohmann::ordered_json json;
  std::string text =
      fmt::format("ns per neuron and tick, {} neurons, {}\n{:<18}  single  double\n", size, name_of(chosen_isa()), "");
  for (const ModelInfo& model : neuron_models()) {
    if (model.ports.empty()) continue;
    text += fmt::format("{:<18}", model.name);
    for (const Precision precision : {Precision::single_, Precision::double_}) {
      PopulationPlan plan;
      plan.name = "neurons";
      plan.model = model.name;
      plan.size = size;
      plan.precision = precision;
      plan.isa = chosen_isa();
      const auto population = make_population(plan);
      const std::size_t numbers = std::size_t{population->ports()} * size;
      const std::vector<float> single(numbers, 0.05f);
      const std::vector<double> twice(numbers, 0.05);
      const void* input = precision == Precision::single_ ? static_cast<const void*>(single.data()) : twice.data();
      SpikeList spikes;
      double best = 1e9;  // of several, since the machine may be shared
      for (int repeat = 0; repeat < 5; ++repeat) {
        const auto begin = std::chrono::steady_clock::now();
        for (Tick t = 1; t <= ticks; ++t) {
          spikes.neurons.clear();
          population->advance(t, 0, size, input, 0, spikes);
        }
        best = std::min(best, seconds_since(begin) * 1e9 / static_cast<double>(ticks * size));
      }
      json[model.name][precision == Precision::single_ ? "single" : "double"] = best;
      text += fmt::format("  {:6.2f}", best);
    }
    text += '\n';
  }
  print(options.json ? json.dump(2) + "\n" : text);
}

}  // namespace

void add_bench(CLI::App& app) {
  const auto options = std::make_shared<BenchOptions>();
  CLI::App* command = app.add_subcommand("bench", "run a benchmark and show where its time goes");
  command
      ->add_option(
          "NAME", options->name,
          "brunel_hom (one delay), brunel_het (a delay per synapse), neurons (the models alone), or limits (of "
          "this machine)")
      ->check(CLI::IsMember({"brunel_hom", "brunel_het", "neurons", "limits"}))
      ->required()
      ->type_name("");
  command->add_option("--drive", options->drive, "poisson or current")->check(CLI::IsMember({"poisson", "current"}));
  command->add_option("--threads", options->threads, "threads (default: every usable processor)")
      ->check(CLI::Range(1u, 4096u).description(""))
      ->type_name("N");
  command->add_option("--lanes", options->lanes, "number of lanes; the results do not depend on it")
      ->check(CLI::Range(1u, 65536u).description(""))
      ->type_name("N");
  command->add_option("--delivery", options->delivery, "auto, ring or wheel; the results do not depend on it")
      ->check(CLI::IsMember({"auto", "ring", "wheel"}));
  command->add_flag("--json", options->json, "print JSON");
  command->add_flag("!--no-stages", options->stages, "do not time the stages (a few per cent faster)");
  command->callback([options] { options->name == "neurons" ? bench_neurons(*options) : bench(*options); });
}

}  // namespace rheo
