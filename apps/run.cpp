#include "apps/run.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <exception>
#include <fstream>
#include <memory>
#include <nlohmann/json.hpp>
#include <set>
#include <system_error>
#include <utility>

#include "apps/commands.hpp"
#include "apps/progress.hpp"
#include "apps/signals.hpp"
#include "core/isa.hpp"
#include "core/parallel.hpp"
#include "core/time.hpp"
#include "io/edge_writer.hpp"
#include "io/provenance.hpp"
#include "io/sonata.hpp"
#include "io/spike_recorder.hpp"
#include "io/state_recorder.hpp"
#include "io/statistics.hpp"
#include "io/weight_recorder.hpp"
#include "networks/network.hpp"

namespace rheo {

namespace {

namespace fs = std::filesystem;

constexpr const char* spike_file = "spikes.h5";  // the recorder's names
constexpr const char* report_file = "run.json";

class Stopwatch {
 public:
  double seconds() const { return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin_).count(); }

 private:
  std::chrono::steady_clock::time_point begin_ = std::chrono::steady_clock::now();
};

fs::path output_directory(const RunOptions& options, const Experiment& experiment) {
  if (!options.out.empty()) return options.out;
  if (!experiment.output_directory.empty()) return experiment.output_directory;
  const fs::path stem = fs::path(options.file).stem();
  return fs::path(stem.empty() ? fs::path("rheo") : stem).concat(".out");
}

// What the run will record, relative to the output directory.
std::vector<std::string> recorded_files(const Experiment& experiment) {
  std::vector<std::string> files;
  if (experiment.record.present) files.emplace_back(spike_file);
  for (const RecordStates& report : experiment.reports)
    files.insert(files.end(), report.files.begin(), report.files.end());
  for (const RecordWeights& weights : experiment.weights) files.push_back(weights.file);
  return files;
}

// A result of an earlier run may be replaced; recordings or a run.json of somebody else may not. Asked before the
// network is built, which may take minutes. Returns what the earlier run recorded.
std::vector<std::string> claim_directory(const fs::path& directory, const std::vector<std::string>& files) {
  const auto refuse = [](const fs::path& file, std::string problem, std::string expected) {
    throw RecordingError({.file = file.string(),
                          .key = {},
                          .value = {},
                          .problem = std::move(problem),
                          .expected = std::move(expected),
                          .suggestion = {}});
  };
  const auto refuse_foreign = [&](const fs::path& file) {
    refuse(file, "lies in the output directory and was not written by rheo run", "another directory with --out");
  };
  std::error_code error;
  fs::create_directories(directory, error);
  if (error) refuse(directory, fmt::format("cannot be made ({})", error.message()), "another directory with --out");
  if (::access(directory.c_str(), W_OK | X_OK) != 0) {
    refuse(directory, "cannot be written to", "another directory with --out");
  }
  for (const std::string& file : files) {
    if (!fs::exists(part_of(directory / file), error)) continue;
    refuse(part_of(directory / file), "another run still writes here, or left its results behind",
           fmt::format("\"rheo recover {}\" first, or another directory with --out", directory.string()));
  }
  if (!fs::exists(directory / report_file, error)) {
    for (const std::string& file : files)
      if (fs::exists(directory / file, error)) refuse_foreign(directory / file);
    return {};
  }
  std::ifstream stream(directory / report_file);
  const auto json = nlohmann::json::parse(stream, nullptr, false);
  if (!json.is_object() || !json.contains("rheobase") || !json.contains("status"))
    refuse_foreign(directory / report_file);
  std::vector<std::string> earlier{spike_file};
  if (const auto listed = json.find("files"); listed != json.end() && listed->is_array())
    for (const auto& file : *listed)
      if (file.is_string()) earlier.push_back(file.get<std::string>());
  return earlier;
}

// Of an earlier run whose run.json was replaced. Only plain names: its run.json might say anything.
void remove_earlier(const fs::path& directory, const std::vector<std::string>& earlier,
                    const std::vector<std::string>& files) {
  std::error_code ignored;
  for (const std::string& file : earlier) {
    const bool is_plain = fs::path(file).filename() == file && fs::path(file).extension() == ".h5";
    if (is_plain && std::find(files.begin(), files.end(), file) == files.end()) fs::remove(directory / file, ignored);
  }
}

std::string plural(std::uint64_t count, const char* one, const char* many) {
  return fmt::format("{} {}", grouped(count), count == 1 ? one : many);
}

std::string memory_text(double bytes) {
  if (bytes >= 1e9) return fmt::format("{:.2f} GB", bytes / 1e9);
  if (bytes >= 1e6) return fmt::format("{:.1f} MB", bytes / 1e6);
  return fmt::format("{:.0f} kB", bytes / 1e3);
}

std::string summary_text(const RunReport& report, const Network& network, const std::string& phases,
                         const fs::path& directory) {
  std::string text;
  if (!report.title.empty()) text += report.title + "\n";
  std::uint64_t neurons = 0;
  std::size_t name_width = 10;
  for (const PopulationStatistics& population : report.populations) {
    neurons += population.size;
    name_width = std::max(name_width, population.name.size());
  }
  text += fmt::format("network      {}, {}", plural(neurons, "neuron", "neurons"),
                      plural(network.synapses(), "synapse", "synapses"));
  if (network.synapses() > 0) text += fmt::format(" of {:.2f} bytes each", network.bytes_per_synapse());
  text +=
      fmt::format("; {}, {}\n\n", plural(report.lanes, "lane", "lanes"), plural(report.threads, "thread", "threads"));

  text += fmt::format("{:<{}}  {:>11}  {:>13}  {:>9}  {:>6}\n", "population", name_width, "neurons", "spikes",
                      "rate (Hz)", "CV ISI");
  for (const PopulationStatistics& population : report.populations) {
    text += fmt::format("{:<{}}  {:>11}  {:>13}  {:>9.2f}  {:>6}\n", population.name, name_width,
                        grouped(population.size), grouped(population.spikes), population.rate,
                        population.cv_isi ? fmt::format("{:.3f}", *population.cv_isi) : std::string("-"));
  }

  if (!phases.empty()) text += "\n" + phases;
  text += fmt::format("\nbuilding     {:.2f} s\n", report.build_wall_time);
  text += fmt::format("simulation   {:.2f} s for {:.6g} ms", report.simulate_wall_time, report.simulated);
  if (const auto factor = real_time_factor(report)) {
    text += fmt::format(": real-time factor {:.3g} (wall seconds per second of biology)", *factor);
  }
  text += fmt::format("\nmemory       {} at most\n", memory_text(static_cast<double>(report.peak_memory)));
  text += fmt::format("output       {}", (directory / report_file).string());
  for (const std::string& file : report.files) text += fmt::format(", {}", (directory / file).string());
  text += '\n';
  if (report.status == RunReport::Status::interrupted) {
    text += fmt::format("interrupted  after {:.6g} of {:.6g} ms\n", report.simulated, report.duration);
  }
  return text;
}

std::string profile_text(const StageTimes& times) {
  const std::pair<const char*, double> stages[] = {{"fan out", times.fan_out}, {"arrive", times.arrive},
                                                   {"drive", times.drive},     {"advance", times.advance},
                                                   {"gather", times.gather},   {"sinks", times.sinks}};
  double sum = 0;
  for (const auto& stage : stages) sum += stage.second;
  std::string text = "\nstage        seconds of all threads\n";
  for (const auto& [name, seconds] : stages) {
    text += fmt::format("{:<11}  {:>10.3f}  {:>5.1f} %\n", name, seconds, sum > 0 ? 100 * seconds / sum : 0.0);
  }
  return text;
}

// Length of the pieces between two looks at the signals: long enough that the cut costs nothing, short enough that
// Ctrl-C feels immediate.
class Pieces {
 public:
  // `window`: pieces below the smallest delay would only add barriers.
  explicit Pieces(Tick window) : shortest_(std::clamp<Tick>(window, 1, 1000)), ticks_(shortest_) {}

  Tick next(Tick left) const { return std::min(ticks_, left); }
  void took(Tick ticks_run, double seconds) {
    constexpr double target = 0.075;
    if (ticks_run < ticks_ && seconds < target) return;  // a piece that was cut says nothing of whole ones
    const double factor = std::clamp(target / std::max(seconds, 1e-6), 0.25, 4.0);
    const double ticks = std::min(static_cast<double>(ticks_) * factor, 1e9);
    ticks_ = std::max(shortest_, static_cast<Tick>(ticks) / shortest_ * shortest_);
  }

 private:
  Tick shortest_, ticks_;
};

Tick window_of(const Network& network, double dt) {
  double shortest = 0;
  for (const ProjectionInfo& projection : network.projections()) {
    if (projection.synapses == 0) continue;
    shortest = shortest == 0 ? projection.min_delay : std::min(shortest, projection.min_delay);
  }
  return ms_to_tick_nearest(shortest, dt);
}

void write_weights(const fs::path& file, const Network& network, const NetworkSpec& spec, const std::string& name) {
  recording_step(file, [&] {
    write_whole(file, [&](h5::File& to) {
      std::size_t index = 0;
      while (spec.projections.at(index).name != name) ++index;
      h5::Group edges = to.create_group("edges");
      std::set<std::string> taken;
      for (const EdgePopulation& part : edge_populations(network, spec, index, taken))
        write_edges(edges, network, spec, index, part);
    });
  });
}

// Fills in what is known before the network is built.
RunReport begin_report(const RunOptions& options, const Experiment& experiment, const Threads& threads) {
  RunReport report;
  // What stays behind when the process is killed: an interrupted run, with whatever rheo recover finds.
  report.status = RunReport::Status::interrupted;
  report.version = version;
  report.title = experiment.title;
  report.experiment = options.file;
  report.seed = experiment.network.seed;
  report.dt = experiment.network.dt;
  report.duration = experiment.duration;
  report.precision = experiment.network.precision;
  for (const Phase& phase : experiment.phases)
    report.phases.push_back(
        {phase.name, tick_to_ms(phase.begin, report.dt), tick_to_ms(phase.end, report.dt), phase.learning});
  report.threads = threads.count();
  report.host = host_name();
  report.compiler = compiler_name();
  report.instruction_set = name_of(chosen_isa());
  report.started = utc_now();
  return report;
}

}  // namespace

void begin_phase(Network& network, const Experiment& experiment, const Phase& phase) {
  for (const ProjectionSpec& projection : experiment.network.projections)
    if (!projection.plasticity.rule.empty())
      network.learn(projection.name,
                    std::find(phase.learning.begin(), phase.learning.end(), projection.name) != phase.learning.end());
}

void run_phases(Network& network, const Experiment& experiment) {
  if (experiment.phases.empty()) network.simulation().run(experiment.ticks);
  for (const Phase& phase : experiment.phases) {
    begin_phase(network, experiment, phase);
    network.simulation().run(phase.end - phase.begin);
  }
}

std::string learning_text(const Experiment& experiment, const Phase& phase) {
  const auto& projections = experiment.network.projections;
  const auto plastic = std::count_if(projections.begin(), projections.end(), [](const ProjectionSpec& projection) {
    return !projection.plasticity.rule.empty();
  });
  if (phase.learning.empty()) return "nothing";
  return phase.learning.size() == static_cast<std::size_t>(plastic)
             ? "all"
             : fmt::format("{}", fmt::join(phase.learning, ", "));
}

std::string phases_text(const Experiment& experiment, std::string_view label) {
  const double dt = experiment.network.dt;
  std::string text;
  for (const Phase& phase : experiment.phases)
    text += fmt::format("{}{:<16} {:>11} to {} ms, learning: {}\n", label, phase.name, tick_to_ms(phase.begin, dt),
                        tick_to_ms(phase.end, dt), learning_text(experiment, phase));
  return text;
}

std::string grouped(std::uint64_t number) {
  std::string digits = std::to_string(number);
  for (std::size_t i = digits.size(); i > 3; i -= 3) digits.insert(i - 3, 1, ',');
  return digits;
}

Experiment open_experiment(const std::string& file, const std::vector<std::string>& overrides,
                           const std::vector<std::string>& plugins) {
  if (fs::path(file).extension() != ".json") return parse_experiment(file, overrides, plugins);
  if (!plugins.empty())
    throw ExperimentError({.file = file,
                           .key = "--plugin",
                           .value = plugins.front(),
                           .problem = "a SONATA config has no plasticity",
                           .expected = "an experiment file",
                           .suggestion = {}});
  return read_sonata_config(file, overrides);
}

void add_plugin_option(CLI::App& command, std::vector<std::string>& plugins) {
  command.add_option("--plugin", plugins, "load the plasticity rules of this shared library; may be repeated")
      ->type_name("FILE")
      ->allow_extra_args(false);
}

void check_network(const Experiment& experiment) {
  try {
    Network::check(experiment.network);
  } catch (const BuildError& error) {
    throw BuildError(locate(error.complaint(), experiment));
  }
}

Network build_network(const Experiment& experiment, const Threads& threads) {
  try {
    return Network(experiment.network, threads);
  } catch (const BuildError& error) {
    throw BuildError(locate(error.complaint(), experiment));
  }
}

int run_experiment(const RunOptions& options) {
  const StopSignals signals;
  Experiment experiment = open_experiment(options.file, options.overrides, options.plugins);
  if (options.seed) experiment.network.seed = *options.seed;
  if (options.lanes) experiment.network.lanes = *options.lanes;
  if (!options.quiet) {
    for (const std::string& warning : experiment.warnings) {
      const std::string line = "rheo: warning: " + warning + "\n";
      std::fwrite(line.data(), 1, line.size(), stderr);
    }
  }
  check_network(experiment);
  const fs::path directory = output_directory(options, experiment);
  const std::vector<std::string> files = recorded_files(experiment);
  const std::vector<std::string> earlier = claim_directory(directory, files);

  const Threads threads(options.threads, options.pin);
  RunReport report = begin_report(options, experiment, threads);
  Progress progress(options.quiet ? nullptr : stderr);

  progress.stage("building the network");
  const Stopwatch building;
  Network network = build_network(experiment, threads);
  report.build_wall_time = building.seconds();
  Simulation& simulation = network.simulation();
  report.lanes = simulation.lanes();
  for (std::size_t p = 0; p < simulation.populations().size(); ++p) report.by_event.push_back(simulation.by_event(p));
  for (const ProjectionInfo& projection : network.projections()) {
    report.projections.push_back(
        {projection.name, projection.synapses, projection.bytes, projection.min_delay, projection.max_delay});
  }

  SpikeStatistics statistics(simulation.populations());
  simulation.add_sink(statistics);
  std::unique_ptr<SpikeRecorder> recorder;
  if (experiment.record.present) {
    recorder = std::make_unique<SpikeRecorder>(directory, simulation.populations(), experiment.record.populations,
                                               simulation.dt(), SpikeRecorder::Options(), experiment.record.spans);
    simulation.add_sink(*recorder);
  }
  std::vector<std::unique_ptr<StateRecorder>> state_recorders;
  for (const RecordStates& record : experiment.reports) {
    for (std::size_t i = 0; i < record.variables.size(); ++i) {
      state_recorders.push_back(std::make_unique<StateRecorder>(directory, simulation, experiment.network, record, i));
      simulation.add_probe(*state_recorders.back());
    }
  }
  std::vector<std::unique_ptr<WeightRecorder>> weight_recorders;
  for (const RecordWeights& record : experiment.weights)
    if (!record.times.empty())
      weight_recorders.push_back(std::make_unique<WeightRecorder>(directory, network, experiment.network, record));
  write_run_report(directory, report);  // only now: an unfinished recording in the directory would have been refused
  remove_earlier(directory, earlier, files);

  simulation.profile(options.profile);
  progress.finish();
  if (!options.quiet) progress.stage("simulating");
  const Stopwatch simulating;
  // Whatever ends the run, what was recorded is sealed and the report says how it ended.
  const auto conclude = [&](RunReport::Status status, std::string problem) {
    report.simulate_wall_time = simulating.seconds();
    progress.finish();
    report.status = status;
    report.problem = std::move(problem);
    report.simulated = tick_to_ms(simulation.now(), simulation.dt());
    if (recorder) recorder->finish();
    for (const auto& states : state_recorders) states->finish();
    for (const auto& weights : weight_recorders) weights->finish();
    if (!experiment.weights.empty()) simulation.settle();
    for (const RecordWeights& weights : experiment.weights)
      if (weights.times.empty())
        write_weights(directory / weights.file, network, experiment.network, weights.projection);
    report.files = files;
    report.populations = statistics.results(simulation.now(), simulation.dt());
    report.peak_memory = peak_memory_bytes();
    write_run_report(directory, report);
  };
  // After an error the error is what the user must see, not a second one from tidying up.
  const auto conclude_failed = [&](const char* problem) {
    try {
      conclude(RunReport::Status::failed, problem);
    } catch (const std::exception&) {
      report.files.clear();
      try {
        write_run_report(directory, report);
      } catch (const std::exception&) {
      }
    }
  };

  bool interrupted = signals.stop_requested();
  try {
    Pieces pieces(window_of(network, simulation.dt()));
    auto next_phase = experiment.phases.begin();
    std::string phase;
    for (;;) {
      for (const auto& weights : weight_recorders)
        if (weights->next() == simulation.now()) weights->take();
      if (interrupted || simulation.now() >= experiment.ticks) break;
      if (next_phase != experiment.phases.end() && next_phase->begin == simulation.now()) {
        begin_phase(network, experiment, *next_phase);
        phase = next_phase++->name;
      }
      Tick border = next_phase == experiment.phases.end() ? experiment.ticks : next_phase->begin;
      for (const auto& weights : weight_recorders) border = std::min(border, weights->next());
      const Tick ticks = pieces.next(border - simulation.now());
      const Stopwatch piece;
      simulation.run(ticks);
      pieces.took(ticks, piece.seconds());
      progress.show({tick_to_ms(simulation.now(), simulation.dt()), experiment.duration, simulating.seconds(), phase});
      interrupted = signals.stop_requested() && simulation.now() < experiment.ticks;
    }
  } catch (const std::exception& error) {
    conclude_failed(error.what());
    throw;
  }
  conclude(interrupted ? RunReport::Status::interrupted : RunReport::Status::finished, {});

  if (!options.quiet) {
    print(summary_text(report, network, phases_text(experiment, "phase        "), directory));
    if (options.profile) print(profile_text(simulation.stage_times()));
  }
  return interrupted ? exit_interrupted : 0;
}

void add_run(CLI::App& app) {
  const auto options = std::make_shared<RunOptions>();
  const auto seed = std::make_shared<std::uint64_t>(0);
  const auto lanes = std::make_shared<std::uint32_t>(0);
  CLI::App* command = app.add_subcommand("run", "run an experiment file (TOML) or a SONATA config (.json)");
  command->add_option("FILE", options->file, "experiment file or SONATA config")->required()->type_name("");
  command->add_option("--threads", options->threads, "threads (default: every usable processor)")
      ->check(CLI::Range(1u, 4096u).description(""))
      ->type_name("N");
  // Checked as text: the library's conversion would take -1 and numbers that are too large.
  const auto is_seed = [](const std::string& text) -> std::string {
    std::uint64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    const bool is_whole = error == std::errc() && end == text.data() + text.size();
    return is_whole ? std::string() : fmt::format("\"{}\" is not a whole number from 0 to 2^64 - 1", text);
  };
  CLI::Option* seed_option =
      command->add_option("--seed", *seed, "instead of simulation.seed")->type_name("N")->check(is_seed);
  command->add_option("--set", options->overrides, "change one setting: populations.E.size=100; may be repeated")
      ->type_name("KEY=VALUE")
      ->allow_extra_args(false);
  add_plugin_option(*command, options->plugins);
  command->add_option("--out", options->out, "output directory (default: <name of FILE>.out)")->type_name("DIR");
  // For tests: results do not depend on it.
  CLI::Option* lanes_option =
      command->add_option("--lanes", *lanes, "number of lanes")->check(CLI::Range(1u, 65536u))->group("");
  command->add_flag("--quiet", options->quiet, "no progress, no summary, no warnings");
  command->add_flag("--pin", options->pin, "keep each thread on one processor");
  command->add_flag("--profile", options->profile, "measure where the time goes");
  command->callback([=] {
    if (seed_option->count() > 0) options->seed = *seed;
    if (lanes_option->count() > 0) options->lanes = *lanes;
    const int code = run_experiment(*options);
    if (code != 0) throw CLI::RuntimeError(code);
  });
}

}  // namespace rheo
