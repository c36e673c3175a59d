#include "apps/session/run.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <exception>
#include <memory>
#include <optional>
#include <set>
#include <utility>

#include "apps/session/begin_report.hpp"
#include "apps/session/checkpoints.hpp"
#include "apps/session/exit_codes.hpp"
#include "apps/session/experiment.hpp"
#include "apps/session/pieces.hpp"
#include "apps/session/print.hpp"
#include "apps/session/progress.hpp"
#include "apps/session/run_directory.hpp"
#include "apps/session/schedule.hpp"
#include "apps/session/signals.hpp"
#include "apps/session/summary.hpp"
#include "apps/tasks/trials.hpp"
#include "core/parallel.hpp"
#include "core/stopwatch.hpp"
#include "core/time.hpp"
#include "core/version.hpp"
#include "io/experiment/identity.hpp"
#include "io/experiment/layout_file.hpp"
#include "io/experiment/network.hpp"
#include "io/files/file_lock.hpp"
#include "io/files/provenance.hpp"
#include "io/files/recording.hpp"
#include "io/files/run_files.hpp"
#include "io/files/statistics.hpp"
#include "io/record/checkpoint.hpp"
#include "io/record/edge_writer.hpp"
#include "io/record/spike_recorder.hpp"
#include "io/record/state_recorder.hpp"
#include "io/record/weight_recorder.hpp"
#include "io/text/json.hpp"
#include "networks/network.hpp"

namespace rheo {

namespace {

namespace fs = std::filesystem;

void write_weights(const fs::path& file, const Network& network, const NetworkSpec& spec, const RecordWeights& record) {
  recording_step(file, [&] {
    write_whole(file, [&](h5::File& to) {
      std::size_t index = 0;
      while (spec.projections.at(index).name != record.projection) ++index;
      h5::Group edges = to.create_group("edges");
      std::set<std::string> taken;
      for (const EdgePopulation& part : edge_populations(network, spec, index, taken))
        write_edges(edges, network, spec, index, part, storage_of(record.compress));
    });
  });
}

// The times of --checkpoint-at as ticks of the run.
std::set<Tick> checkpoint_ticks(const RunOptions& options, const Experiment& experiment) {
  std::set<Tick> ticks;
  const double dt = experiment.network.dt;
  for (const double ms : options.checkpoint_at) {
    const Tick tick = ms_to_tick_nearest(ms, dt);
    const bool is_tick = std::abs(tick_to_ms(tick, dt) - ms) <= 1e-9 * std::abs(ms);
    if (!is_tick || tick <= experiment.begin || tick > experiment.end())
      throw ExperimentError(
          {.key = "--checkpoint-at",
           .value = fmt::format("{}", ms),
           .problem = is_tick ? "is no time of the run" : "is no whole number of ticks",
           .expected = fmt::format("a multiple of {} > {} and <= {} (ms)", dt, tick_to_ms(experiment.begin, dt),
                                   tick_to_ms(experiment.end(), dt))});
    ticks.insert(tick);
  }
  return ticks;
}

// One run from its network to its sealed files.
class Run {
 public:
  // task: of the experiment, where it has one.
  Run(const RunOptions& options, Experiment& experiment, const std::optional<Task>& task,
      std::optional<std::uint64_t> identity, const StopSignals& signals, const fs::path& directory,
      const Checkpoint* resumed)
      : options_(options),
        experiment_(experiment),
        signals_(signals),
        directory_(directory),
        resumed_(resumed),
        files_(recorded_files(experiment)),
        threads_(options.threads, options.pin),
        report_(begin_report(options, experiment, identity, threads_)),
        progress_(options.quiet ? nullptr : stderr),
        network_((progress_.stage("building the network"), build_network(experiment, threads_))),
        simulation_(network_.simulation()),
        schedule_(network_, experiment),
        trials_(task ? std::make_unique<Trials>(network_, experiment, *task) : nullptr),
        statistics_(simulation_.populations(), experiment.begin, synchrony_bin(simulation_.dt())),
        checkpoint_at_(checkpoint_ticks(options, experiment)),
        checkpoints_(directory, options.checkpoint_every, recordings_while_running(experiment, directory)) {
    report_.build_wall_time = building_.seconds();
  }

  // earlier: what claim_directory() returned. Returns the exit code.
  int operator()(const std::vector<std::string>& earlier) {
    read_state();
    begin_files(earlier);
    simulation_.profile(options_.profile);
    progress_.finish();
    if (!options_.quiet) progress_.stage("simulating");
    simulating_ = Stopwatch();
    bool interrupted = false;
    try {
      interrupted = simulate();
    } catch (const std::exception& error) {
      conclude_failed(error.what());
      throw;
    }
    conclude(interrupted ? RunReport::Status::interrupted : RunReport::Status::finished, {});
    if (!interrupted) checkpoints_.remove();
    if (options_.json) {
      Json json = to_json(report_);
      json["directory"] = directory_.string();
      print(json_text(json, 2) + '\n');
    } else if (!options_.quiet) {
      print(summary_text(report_, network_, phases_text(experiment_, "phase        "), directory_));
      if (options_.profile) print(profile_text(simulation_.stage_times()));
    }
    return interrupted ? exit_interrupted : 0;
  }

 private:
  // All but what is written once at the end.
  static std::vector<fs::path> recordings_while_running(const Experiment& experiment, const fs::path& directory) {
    std::vector<fs::path> files;
    if (experiment.record.present) files.push_back(directory / spike_file);
    for (const RecordStates& report : experiment.reports)
      for (const std::string& file : report.files) files.push_back(directory / file);
    for (const RecordWeights& weights : experiment.weights)
      if (!weights.times.empty()) files.push_back(directory / weights.file);
    return files;
  }

  void read_state() {
    if (resumed_ != nullptr) {
      schedule_.skip_to(resumed_->tick);
      load_checkpoint(network_, *resumed_, options_.checkpoint);
      ByteReader from(resumed_->statistics);
      statistics_.load(from);
      schedule_.load(from);
      if (trials_) trials_->load(from);
      report_.started = resumed_->run.started;
      report_.resumed = resumed_->run.resumed + 1;
      wall_time_before_ = resumed_->run.simulate_wall_time;
    } else if (!experiment_.initial_state.empty()) {
      load_checkpoint(network_, read_checkpoint(experiment_.initial_state), experiment_.initial_state);
    }
  }

  // The files of the run take the place of those of an earlier one.
  void begin_files(const std::vector<std::string>& earlier) {
    if (resumed_ != nullptr) {
      begin_recording();
      write_run_report(directory_, report_);
      return;
    }
    // No checkpoint of another run may stand beside our recordings, whenever we are killed.
    remove_checkpoints(directory_, experiment_.initial_state);
    try {
      begin_recording();
      write_run_report(directory_, report_);
    } catch (...) {
      // Nothing is recorded yet: unfinished recordings without content would only be in the way of the next run.
      spike_recorder_.reset();
      state_recorders_.clear();
      weight_recorders_.clear();
      std::error_code ignored;
      for (const fs::path& file : recordings_while_running(experiment_, directory_))
        for (const fs::path& part : {part_of(file), part_of(file).concat(".new")})
          if (fs::is_regular_file(part, ignored)) fs::remove(part, ignored);
      throw;
    }
    remove_earlier(directory_, earlier, files_);
  }

  void begin_recording() {
    report_.lanes = simulation_.lanes();
    for (std::size_t p = 0; p < simulation_.populations().size(); ++p) {
      report_.by_event.push_back(simulation_.by_event(p));
      const PopulationBlock& block = simulation_.population(p);
      report_.precisions.push_back(block.find_column("V_m") ? block.precision() : report_.precision);
    }
    for (const ProjectionInfo& projection : network_.projections())
      report_.projections.push_back({projection.name, projection.synapses, projection.bytes, projection.min_delay,
                                     projection.max_delay, projection.precision, projection.weights});

    simulation_.add_sink(statistics_);
    RecordingOptions how;
    how.discard_unfinished = options_.overwrite;
    how.wait_for_start = true;
    SpikeCounts spikes;
    if (resumed_ != nullptr) {
      how.resume_at = simulation_.now();
      spikes = resumed_->run.spikes;
    }
    if (experiment_.record.present) {
      spike_recorder_ =
          std::make_unique<SpikeRecorder>(directory_, simulation_.populations(), experiment_.record.populations,
                                          simulation_.dt(), how, experiment_.record.spans, spikes);
    }
    for (const RecordStates& record : experiment_.reports) {
      for (std::size_t i = 0; i < record.variables.size(); ++i) {
        state_recorders_.push_back(
            std::make_unique<StateRecorder>(directory_, simulation_, experiment_.network, record, i, how));
      }
    }
    for (const RecordWeights& record : experiment_.weights)
      if (!record.times.empty())
        weight_recorders_.push_back(
            std::make_unique<WeightRecorder>(directory_, network_, experiment_.network, record, how));
    // Only now that all of them can be gone on with.
    if (spike_recorder_) {
      spike_recorder_->start();
      simulation_.add_sink(*spike_recorder_);
    }
    for (const auto& states : state_recorders_) {
      states->start();
      simulation_.add_probe(*states);
    }
    for (const auto& weights : weight_recorders_) weights->start();
  }

  // Returns whether a signal ended it before its time.
  bool simulate() {
    Pieces pieces(window_of(network_, simulation_.dt()));
    for (;;) {
      const Tick now = simulation_.now();
      if (trials_) trials_->begin(now);
      for (const auto& weights : weight_recorders_)
        if (weights->next() == now) weights->take();
      // One at the very tick of the checkpoint that was resumed from is there already.
      if (checkpoint_at_.contains(now) && (resumed_ == nullptr || now != resumed_->tick)) keep_checkpoint();
      if (now < experiment_.end()) report_.stopped = schedule_.ended(now);
      if (now >= experiment_.end() || !report_.stopped.empty()) {
        simulation_.check_synapses();
        for (const auto& weights : weight_recorders_)
          if (weights->next() != never) weights->take();
        return false;
      }
      if (signals_.stop_requested()) return true;
      if (options_.stop && options_.stop(tick_to_ms(now, simulation_.dt()))) return true;
      if (checkpoints_.due()) checkpoints_.begin([&] { return checkpoint(); });
      warn(checkpoints_.problem());
      schedule_.begin(now);
      Tick border = std::min(experiment_.end(), schedule_.next(now));
      if (trials_) border = std::min(border, trials_->next(now));
      for (const auto& weights : weight_recorders_) border = std::min(border, weights->next());
      if (const auto at = checkpoint_at_.upper_bound(now); at != checkpoint_at_.end()) border = std::min(border, *at);
      const Tick ticks = pieces.next(border - now);
      const Stopwatch piece;
      simulation_.run(ticks);
      pieces.took(ticks, piece.seconds());
      progress_.show({tick_to_ms(simulation_.now() - experiment_.begin, simulation_.dt()), experiment_.duration,
                      simulating_.seconds(), trials_ ? trials_->where() : schedule_.phase()});
    }
  }

  // The run as it is now, all that was recorded handed to the operating system.
  Checkpoint checkpoint() {
    Checkpoint all;
    all.rheobase = version;
    all.tick = simulation_.now();
    all.dt = simulation_.dt();
    if (const std::size_t changes = schedule_.changes().size(); !digest_ || digest_changes_ != changes) {
      digest_ = network_.synapse_digest();
      digest_changes_ = changes;
    }
    all.synapses = *digest_;
    all.network = simulation_.fingerprint();
    if (!run_) run_ = how_it_was_started();
    all.run = *run_;
    all.run.simulate_wall_time = wall_time_before_ + simulating_.seconds();
    if (spike_recorder_) all.run.spikes = spike_recorder_->flush();
    for (const auto& states : state_recorders_) states->flush();
    for (const auto& weights : weight_recorders_) weights->flush();
    all.state = simulation_.save();
    ByteWriter to;
    statistics_.save(to);
    schedule_.save(to);
    if (trials_) trials_->save(to);
    all.statistics = to.take();
    return all;
  }

  RunRecord how_it_was_started() const {
    RunRecord run;
    run.file = options_.file;
    run.directory = fs::current_path().string();
    run.overrides = options_.overrides;
    run.plugins = options_.plugins;
    run.seed = options_.seed;
    run.lanes = options_.lanes;
    run.checkpoint_every = options_.checkpoint_every;
    run.checkpoint_at = options_.checkpoint_at;
    for (const std::string& file : experiment_.files) run.read.emplace_back(file, hash_of_file(file));
    run.started = report_.started;
    run.resumed = report_.resumed;
    return run;
  }

  void keep_checkpoint() {
    const double ms = tick_to_ms(simulation_.now(), simulation_.dt());
    checkpoints_.finish([&] { return checkpoint(); }, directory_ / kept_checkpoint(ms));
  }

  // Whatever ends the run, what was recorded is sealed and the report says how it ended.
  void conclude(RunReport::Status status, std::string problem) {
    if (status == RunReport::Status::interrupted) last_checkpoint();
    report_.simulate_wall_time = wall_time_before_ + simulating_.seconds();
    progress_.finish();
    try {
      checkpoints_.wait();
    } catch (const RecordingError& error) {
      warn(error.what());
    }
    report_.status = status;
    report_.problem = std::move(problem);
    report_.changes = schedule_.changes();
    report_.simulated = tick_to_ms(simulation_.now() - experiment_.begin, simulation_.dt());
    if (spike_recorder_) spike_recorder_->finish();
    for (const auto& states : state_recorders_) states->finish();
    for (const auto& weights : weight_recorders_) weights->finish();
    report_.files = files_;
    if (trials_ && status == RunReport::Status::finished) note_results();
    if (trials_ && report_.scores.empty()) std::erase(report_.files, task_file);
    if (status == RunReport::Status::failed) {
      // Weights at the end are of no use then, and a rule may have made them what cannot be written.
      std::erase_if(report_.files, [&](const std::string& file) { return !fs::exists(directory_ / file); });
    } else if (!experiment_.weights.empty()) {
      simulation_.settle();
      for (const RecordWeights& weights : experiment_.weights)
        if (weights.times.empty()) write_weights(directory_ / weights.file, network_, experiment_.network, weights);
    }
    for (const std::string& file : report_.files) report_.sha256[file] = sha256_of_file(directory_ / file);
    report_.populations = statistics_.results(simulation_.now(), simulation_.dt());
    report_.peak_memory = peak_memory_bytes();
    if (options_.profile) report_.stages = simulation_.stage_times();
    report_.checkpoints = checkpoints_.cost();
    write_run_report(directory_, report_);
  }

  // Of a task that came to its end; without that there is no file of it.
  void note_results() {
    if (!report_.stopped.empty()) return;
    const TaskResults results = trials_->finish();
    write_task_file(directory_ / task_file, results);
    report_.scores = results.scores;
    for (const TaskResults::Output& output : results.outputs)
      report_.target_scores.emplace_back(
          results.readouts.size() > 1 ? output.readout + "." + output.target : output.target, output.scores);
    report_.remarks = results.remarks;
  }

  // After an error the error is what the user must see, not a second one from tidying up.
  void conclude_failed(const char* problem) {
    try {
      conclude(RunReport::Status::failed, problem);
    } catch (const std::exception&) {
      report_.files.clear();
      report_.sha256.clear();
      try {
        write_run_report(directory_, report_);
      } catch (const std::exception&) {
      }
    }
  }

  // Before recordings are sealed, which may take longer than a scheduler waits.
  void last_checkpoint() {
    try {
      checkpoints_.finish([&] { return checkpoint(); });
      report_.resumable = true;
    } catch (const RecordingError& error) {
      warn(std::string("the run cannot be resumed from here: ") + error.what());
    }
  }

  void warn(const std::string& text) {
    if (text.empty()) return;
    progress_.finish();
    const std::string line = "rheo: warning: " + text + "\n";
    std::fwrite(line.data(), 1, line.size(), stderr);
  }

  const RunOptions& options_;
  Experiment& experiment_;
  const StopSignals& signals_;
  fs::path directory_;
  const Checkpoint* resumed_;
  std::vector<std::string> files_;
  Threads threads_;
  RunReport report_;
  Progress progress_;
  Stopwatch building_;
  Network network_;
  Simulation& simulation_;
  Schedule schedule_;
  std::unique_ptr<Trials> trials_;
  SpikeStatistics statistics_;
  std::set<Tick> checkpoint_at_;
  Checkpoints checkpoints_;
  std::unique_ptr<SpikeRecorder> spike_recorder_;
  std::vector<std::unique_ptr<StateRecorder>> state_recorders_;
  std::vector<std::unique_ptr<WeightRecorder>> weight_recorders_;
  Stopwatch simulating_;
  double wall_time_before_ = 0;                         // s, of the runs that this one goes on with
  std::optional<std::array<std::uint64_t, 2>> digest_;  // after so many changes
  std::size_t digest_changes_ = 0;
  std::optional<RunRecord> run_;
};

// What the checkpoint's run read must be what was read now.
void check_files(const Experiment& experiment, const Checkpoint& checkpoint) {
  const auto reject = [](const std::string& file, std::string problem) {
    throw ExperimentError(
        {.file = file, .problem = std::move(problem), .expected = "the experiment as it was when the run began"});
  };
  if (experiment.files.size() != checkpoint.run.read.size())
    reject(experiment.path, "reads other files than it did before the checkpoint");
  for (std::size_t i = 0; i < experiment.files.size(); ++i)
    if (hash_of_file(experiment.files[i]) != checkpoint.run.read[i].second)
      reject(experiment.files[i], "has changed since the run began");
}

// Nothing for a point of a sweep, which has a hash of its own, and for what cannot be read a second time, as a pipe.
std::optional<std::uint64_t> identity_for(const RunOptions& options, const Experiment& experiment) {
  if (!options.keep_settings) return std::nullopt;
  for (const std::string& file : experiment.files)
    if (std::error_code error; !fs::is_regular_file(file, error)) return std::nullopt;
  return identity_of(experiment);
}

int execute(const RunOptions& options, const Checkpoint* resumed) {
  const StopSignals signals;
  Experiment experiment = open_experiment(options.file, options.overrides, options.plugins);
  if (options.seed) experiment.network.seed = *options.seed;
  if (options.lanes) experiment.network.lanes = *options.lanes;
  const std::optional<Task> task = read_task(experiment);
  if (!options.layout.empty()) experiment.network.costs = read_layout_file(options.layout);
  if (resumed != nullptr) check_files(experiment, *resumed);
  know_costs(experiment, check_memory(experiment, options.threads));
  if (!options.quiet) show_warnings(experiment);
  const fs::path directory = output_directory(options, experiment);
  const std::optional<std::uint64_t> identity = identity_for(options, experiment);
  std::vector<std::string> earlier;
  std::optional<FileLock> lock;  // for as long as we write here
  if (resumed == nullptr) {
    make_output_directory(directory);
    lock.emplace(lock_directory(directory));
    std::vector<std::string> kept;
    for (const Tick tick : checkpoint_ticks(options, experiment))
      kept.push_back(kept_checkpoint(tick_to_ms(tick, experiment.network.dt)));
    earlier = claim_directory(directory, {recorded_files(experiment), kept, identity, options.overwrite}, experiment);
  }
  return Run(options, experiment, task, identity, signals, directory, resumed)(earlier);
}

}  // namespace

int run_experiment(const RunOptions& options) {
  return execute(options, nullptr);
}

int resume_experiment(const RunOptions& options, const Checkpoint& checkpoint) {
  return execute(options, &checkpoint);
}

}  // namespace rheo
