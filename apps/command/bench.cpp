// rheo bench FILE: how long an experiment takes, stage by stage, against what the machine could do at best. Building is
// timed apart. The benchmarks of docs/performance.md are experiments in examples/bench.
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <numeric>
#include <optional>

#include "apps/command/commands.hpp"
#include "apps/command/limits.hpp"
#include "apps/session/experiment.hpp"
#include "apps/session/print.hpp"
#include "apps/session/summary.hpp"
#include "core/isa.hpp"
#include "core/stopwatch.hpp"
#include "core/time.hpp"
#include "io/experiment/layout_file.hpp"
#include "io/experiment/network.hpp"
#include "io/files/provenance.hpp"
#include "io/files/statistics.hpp"
#include "io/text/json.hpp"
#include "networks/delivery/stored_synapses.hpp"
#include "networks/inputs/kinds.hpp"
#include "networks/network.hpp"
#include "neurons/catalogue.hpp"
#include "neurons/factory.hpp"

namespace rheo {

namespace {

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  const std::size_t n = values.size();
  return n % 2 == 1 ? values[n / 2] : (values[n / 2 - 1] + values[n / 2]) / 2;
}

// What a run did, in the units of the limits.
struct Work {
  std::vector<double> events;  // [bundle] synaptic events
  double neuron_ticks = 0, visits = 0, poisson_draws = 0, noise_draws = 0;
  double visited = 0;  // neurons that are updated by events
  double all_events() const { return std::accumulate(events.begin(), events.end(), 0.0); }
};

Work work_of(const Network& network, const NetworkSpec& spec, const std::vector<PopulationStatistics>& populations,
             Tick ticks) {
  Work work;
  const auto size_of = [&](const Selection& selection) {
    for (const PopulationSpec& population : spec.populations)
      if (population.name == selection.population) {
        const std::uint32_t end = selection.end.value_or(population.size);
        return static_cast<double>((end - selection.begin + selection.step - 1) / selection.step);
      }
    return 0.0;
  };
  const auto by_event = [&](std::size_t p) { return network.simulation().by_event(p); };
  const auto event_share = [&](const std::vector<Selection>& targets) {
    double all = 0, visited = 0;
    for (const Selection& target : targets)
      for (std::size_t p = 0; p < spec.populations.size(); ++p)
        if (spec.populations[p].name == target.population) {
          all += size_of(target);
          if (by_event(p)) visited += size_of(target);
        }
    return visited / all;
  };
  for (const SynapseBundle& bundle : network.stored().bundles()) {
    double events = 0;
    for (std::size_t p = bundle.first; p < bundle.first + bundle.members.size(); ++p) {
      double sources = 0, spikes = 0;
      for (const Selection& source : spec.projections[p].source) {
        sources += size_of(source);
        for (const PopulationStatistics& population : populations)
          if (population.name == source.population)
            spikes += static_cast<double>(population.spikes) * size_of(source) / population.size;
      }
      const double here = spikes * static_cast<double>(network.projections()[p].synapses) / sources;
      events += here;
      work.visits += here * event_share(spec.projections[p].target);
    }
    work.events.push_back(events);
  }
  for (std::size_t p = 0; p < spec.populations.size(); ++p) {
    const auto size = static_cast<double>(spec.populations[p].size);
    if (by_event(p))
      work.visited += size;
    else if (spec.populations[p].model != "spike_source")
      work.neuron_ticks += size * static_cast<double>(ticks);
  }
  for (const InputSpec& input : spec.inputs)
    for (const Selection& target : input.target) {
      const double draws = size_of(target) * static_cast<double>(ticks);
      if (input.kind.as<PoissonSpikes>() != nullptr) work.poisson_draws += draws;
      if (input.kind.as<NoiseCurrent>() != nullptr) work.noise_draws += draws;
    }
  return work;
}

// Seconds that the machine needs for the same work in loops that do nothing else (apps/command/limits.hpp).
struct Bound {
  double synapses = 0, neurons = 0, draws = 0;
  double all() const { return synapses + neurons + draws; }
};

// A thread's share of a bundle. More synapses than leave the caches say nothing more, and take long to draw.
Rows rows_of(const SynapseBundle& bundle, std::size_t threads) {
  constexpr std::size_t most_synapses = std::size_t{16} << 20;
  const auto synapses = static_cast<double>(bundle.synapses()) / static_cast<double>(threads);
  Rows rows;
  rows.weighted = bundle.weighted;
  rows.targets = 0;
  for (const SynapseBundle::Member& member : bundle.members)
    for (const NeuronSet& targets : member.targets) rows.targets += targets.size();
  rows.targets = std::max<std::size_t>(1, rows.targets / threads);
  rows.count = std::max<std::size_t>(1, row_count(bundle.sources));
  rows.length = std::max<std::size_t>(1, static_cast<std::size_t>(synapses / static_cast<double>(rows.count)));
  rows.count = std::clamp<std::size_t>(most_synapses / rows.length, 1, rows.count);
  rows.delays = static_cast<std::size_t>(std::max<Tick>(1, bundle.max_delay - bundle.min_delay + 1));
  if (bundle.plastic) rows.columns = bundle.plastic->rule->columns.size();
  return rows;
}

Bound bound_of(const Network& network, const Work& work, const Threads& threads) {
  const Limits limits(threads);
  Bound bound;
  for (std::size_t b = 0; b < work.events.size(); ++b) {
    if (work.events[b] == 0) continue;
    const SynapseBundle& bundle = network.stored().bundles()[b];
    const Rows rows = rows_of(bundle, threads.count());
    const double rate = bundle.plastic ? limits.plastic_rows(rows)
                        : bundle.dense ? std::max(limits.dense_rows(rows), limits.best_rows(rows))
                                       : limits.best_rows(rows);
    bound.synapses += work.events[b] / rate;
  }
  const std::size_t per_thread = network.simulation().neurons() / threads.count();
  bound.neurons = work.neuron_ticks / limits.neurons(std::max<std::size_t>(1, per_thread));
  // A visit is at least one update of a place in memory that nobody has asked for.
  constexpr double bytes_per_neuron = 16;
  if (work.visits > 0)
    bound.neurons +=
        work.visits / limits.random_update(static_cast<std::size_t>(work.visited * bytes_per_neuron / threads.count()));
  if (work.poisson_draws > 0) bound.draws += work.poisson_draws / limits.poisson();
  if (work.noise_draws > 0) bound.draws += work.noise_draws / limits.noise();
  return bound;
}

// What one experiment took.
struct Measured {
  double build_seconds = 0, seconds = 0, biology = 0;  // s; `seconds`: the median
  std::vector<double> all_seconds = {};
  double rate = 0;                         // Hz
  std::uint64_t build_peak = 0, peak = 0;  // bytes
  Work work = {};
  std::optional<Bound> bound = {};
};

// Times the experiment again and again from the same state. Nothing is recorded.
void time_runs(const BenchOptions& options, const Experiment& experiment, Network& network, Measured& measured) {
  Simulation& simulation = network.simulation();
  const std::vector<std::byte> state = simulation.save();
  simulation.profile(options.stages);
  std::vector<PopulationStatistics> populations;
  for (unsigned k = 0; k < options.repeat; ++k) {
    if (k > 0) simulation.load(state);
    // Spikes are counted once, and the memory for that is made before the clock starts.
    std::optional<SpikeStatistics> statistics;
    if (k == 0) simulation.add_sink(statistics.emplace(simulation.populations()));
    const Stopwatch running;
    run_phases(network, experiment);
    measured.all_seconds.push_back(running.seconds());
    if (!statistics) continue;
    populations = statistics->results(experiment.ticks, experiment.network.dt);
    simulation.remove_sink(*statistics);
  }
  measured.seconds = median(measured.all_seconds);
  measured.biology = experiment.duration / 1000;
  std::uint64_t spikes = 0;
  for (const PopulationStatistics& population : populations) spikes += population.spikes;
  measured.rate = static_cast<double>(spikes) / static_cast<double>(simulation.neurons()) / measured.biology;
  measured.work = work_of(network, experiment.network, populations, experiment.ticks);
  measured.peak = peak_memory_bytes();
}

// Seconds of all threads in each stage of one run; the rest is what they wait for each other and what no stage has.
// Together they are the time of a run as often as there are threads.
std::vector<std::pair<const char*, double>> stages_of(const Network& network, const BenchOptions& options,
                                                      std::size_t threads, const Measured& m) {
  if (!options.stages) return {};
  const StageTimes times = network.simulation().stage_times();
  std::vector<std::pair<const char*, double>> stages{{"fan_out", times.fan_out}, {"arrive", times.arrive},
                                                     {"drive", times.drive},     {"advance", times.advance},
                                                     {"gather", times.gather},   {"sinks", times.sinks}};
  double rest = std::accumulate(m.all_seconds.begin(), m.all_seconds.end(), 0.0) * static_cast<double>(threads);
  for (const auto& stage : stages) rest -= stage.second;
  stages.emplace_back("rest", rest);
  for (auto& stage : stages) stage.second /= options.repeat;
  return stages;
}

std::string json_of(const BenchOptions& options, const Network& network, std::size_t threads, const Measured& m) {
  const Simulation& simulation = network.simulation();
  Json json{{"bench", std::filesystem::path(options.what).stem().string()},
            {"threads", threads},
            {"lanes", simulation.lanes()},
            {"instruction_set", name_of(chosen_isa())},
            {"build_seconds", m.build_seconds},
            {"sim_seconds", m.seconds},
            {"all_sim_seconds", m.all_seconds},
            {"rtf", m.seconds / m.biology},
            {"rate_hz", m.rate},
            {"synaptic_events", m.work.all_events()},
            {"synapses", network.synapses()},
            {"bytes_per_synapse", network.bytes_per_synapse()},
            {"heap_bytes", simulation.bytes()},
            {"build_peak_memory_bytes", m.build_peak},
            {"peak_memory_bytes", m.peak}};
  if (m.bound)
    json["bound"] = {{"synapses", m.bound->synapses},
                     {"neurons", m.bound->neurons},
                     {"draws", m.bound->draws},
                     {"all", m.bound->all()}};
  for (const auto& [name, time] : stages_of(network, options, threads, m)) json["stages"][name] = time;
  return json.dump(2) + "\n";
}

std::string text_of(const BenchOptions& options, const Experiment& experiment, const Network& network,
                    std::size_t threads, const Measured& m) {
  const Simulation& simulation = network.simulation();
  std::string text = fmt::format("{}: {} neurons, {} synapses of {:.2f} bytes; {} lanes, {} threads, {}\n",
                                 experiment.title.empty() ? options.what : experiment.title,
                                 grouped(simulation.neurons()), grouped(network.synapses()),
                                 network.bytes_per_synapse(), simulation.lanes(), threads, name_of(chosen_isa()));
  text +=
      fmt::format("built in     {:.2f} s; memory {:.3f} GB of states, synapses and queues, {:.3f} GB at most\n",
                  m.build_seconds, static_cast<double>(simulation.bytes()) / 1e9, static_cast<double>(m.peak) / 1e9);
  const auto [least, most] = std::minmax_element(m.all_seconds.begin(), m.all_seconds.end());
  text += fmt::format("simulated    {:.6g} ms in {:.4f} s", experiment.duration, m.seconds);
  if (options.repeat > 1) text += fmt::format(" ({:.4f} to {:.4f}, {} times)", *least, *most, options.repeat);
  text += fmt::format(": real-time factor {:.4g}; {:.2f} Hz, {:.3g} G synaptic events per second\n",
                      m.seconds / m.biology, m.rate, m.work.all_events() / m.seconds / 1e9);
  if (m.bound)
    text +=
        fmt::format("bound        {:.4f} s (synapses {:.4f}, neurons {:.4f}, draws {:.4f}): {:.2f} times that\n",
                    m.bound->all(), m.bound->synapses, m.bound->neurons, m.bound->draws, m.seconds / m.bound->all());
  for (const auto& [name, time] : stages_of(network, options, threads, m))
    text += fmt::format("  {:<9}  {:.4f} s of all threads\n", name, time);
  return text;
}

// Builds an experiment and times `duration` ms of it after `discard` ms.
void bench_experiment(const BenchOptions& options) {
  Experiment experiment = open_experiment(options.what, options.overrides, options.plugins);
  if (!experiment.changes.empty() || !experiment.stops.empty())
    reject(experiment, experiment.changes.empty() ? "stop" : "changes", {},
           "cannot be timed, as each repetition starts from one state of one network", "an experiment without it");
  NetworkSpec& spec = experiment.network;
  if (options.lanes != 0) spec.lanes = options.lanes;
  spec.share_rows = options.share_rows;
  spec.window = options.window;
  if (!options.layout.empty()) spec.costs = read_layout_file(options.layout);
  if (options.delivery != "auto")
    spec.delivery = options.delivery == "ring" ? NetworkSpec::Delivery::ring : NetworkSpec::Delivery::wheel;
  know_costs(experiment, check_memory(experiment, options.threads));
  const Threads threads(options.threads, options.pin);
  Measured measured;
  const Stopwatch building;
  Network network = build_network(experiment, threads);
  measured.build_seconds = building.seconds();
  measured.build_peak = peak_memory_bytes();
  if (!experiment.phases.empty()) begin_phase(network, experiment, experiment.phases.front());
  network.simulation().run(ms_to_tick_nearest(options.discard, spec.dt));
  time_runs(options, experiment, network, measured);
  // After the peak of memory was noted: the limits take memory of their own.
  if (options.bound) measured.bound = bound_of(network, measured.work, threads);
  print(options.json ? json_of(options, network, threads.count(), measured)
                     : text_of(options, experiment, network, threads.count(), measured));
}

void bench_limits(const BenchOptions& options) {
  const Threads threads(options.threads, options.pin);
  print(fmt::format("{} threads, {}\n", threads.count(), name_of(chosen_isa())) + Limits(threads).table());
}

// The sweeps alone: nanoseconds per neuron and tick on one thread, with something in every input row.
void bench_neurons(const BenchOptions& options) {
  constexpr std::uint32_t size = 2000;
  constexpr Tick ticks = 2000;
  Json json;
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
      const auto made = make_population(plan);
      auto* const population = dynamic_cast<TickBlock*>(made.get());
      const std::size_t numbers = std::size_t{population->ports()} * size;
      const std::vector<float> single(numbers, 0.05f);
      const std::vector<double> twice(numbers, 0.05);
      const void* input = precision == Precision::single_ ? static_cast<const void*>(single.data()) : twice.data();
      SpikeList spikes;
      double best = 1e9;  // of several, since the machine may be shared
      for (int repeat = 0; repeat < 5; ++repeat) {
        const Stopwatch watch;
        for (Tick t = 1; t <= ticks; ++t) {
          spikes.neurons.clear();
          population->advance(t, 0, size, input, 0, spikes);
        }
        best = std::min(best, watch.seconds() * 1e9 / static_cast<double>(ticks * size));
      }
      json[model.name][precision == Precision::single_ ? "single" : "double"] = best;
      text += fmt::format("  {:6.2f}", best);
    }
    text += '\n';
  }
  print(options.json ? json.dump(2) + "\n" : text);
}

}  // namespace

int bench(const BenchOptions& options) {
  if (options.what == "neurons")
    bench_neurons(options);
  else if (options.what == "limits")
    bench_limits(options);
  else
    bench_experiment(options);
  return 0;
}

}  // namespace rheo
