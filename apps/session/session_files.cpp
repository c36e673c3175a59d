// What a session recorded, in files.
#include <algorithm>
#include <filesystem>
#include <map>
#include <utility>

#include "apps/session/begin_report.hpp"
#include "apps/session/run.hpp"
#include "apps/session/session.hpp"
#include "core/time.hpp"
#include "io/files/provenance.hpp"
#include "io/files/run_files.hpp"
#include "io/files/statistics.hpp"
#include "io/record/spike_recorder.hpp"
#include "io/record/state_recorder.hpp"

namespace rheo {

namespace {

namespace fs = std::filesystem;

// Gives the spikes in memory to sinks as a simulation does, some ticks at a time.
void replay(const SpikeMemory& memory, const std::vector<PopulationInfo>& populations, Tick begin, Tick end,
            const std::vector<SpikeSink*>& sinks) {
  std::vector<std::size_t> next(populations.size());
  constexpr Tick at_a_time = 1000;
  for (Tick first = begin + 1; first <= end; first += at_a_time) {
    SpikeBatch batch;
    batch.first = first;
    batch.tick_begin.assign(1, 0);
    for (Tick tick = first; tick < std::min(first + at_a_time, end + 1); ++tick) {
      for (std::size_t p = 0; p < populations.size(); ++p) {
        const SpikeMemory::Train& train = memory.of(p);
        for (; next[p] < train.ticks.size() && train.ticks[next[p]] <= tick; ++next[p])
          if (train.ticks[next[p]] == tick) batch.neurons.push_back(populations[p].first + train.neurons[next[p]]);
      }
      batch.tick_begin.push_back(static_cast<std::uint32_t>(batch.neurons.size()));
    }
    for (SpikeSink* const sink : sinks) sink->take(batch);
  }
}

}  // namespace

RunReport Session::describe() const {
  RunOptions options;
  options.file = experiment_.path;
  options.overrides = experiment_.overrides;
  const Simulation& simulation = network_.simulation();
  RunReport report = begin_report(options, experiment_, {}, simulation.threads());
  report.status = RunReport::Status::finished;
  report.lanes = simulation.lanes();
  report.begin = tick_to_ms(kept_since_, dt());
  report.simulated = report.duration = tick_to_ms(simulation.now() - kept_since_, dt());
  report.simulate_wall_time = wall_time_;
  report.changes = schedule_.changes();
  report.stopped = stopped_;
  report.spike_neurons.clear();
  report.spike_spans.clear();
  for (const ProjectionInfo& projection : network_.projections())
    report.projections.push_back({projection.name, projection.synapses, projection.bytes, projection.min_delay,
                                  projection.max_delay, projection.precision, projection.weights});
  return report;
}

void Session::write_spikes(const fs::path& directory, RunReport& report) {
  Simulation& simulation = network_.simulation();
  const std::vector<PopulationInfo>& populations = simulation.populations();
  std::vector<Selection> whole;  // memory has only those that were asked for
  for (std::size_t p = 0; p < populations.size(); ++p)
    if (spikes_.records(p)) whole.push_back({.population = populations[p].name, .begin = 0, .end = {}, .step = 1});
  if (whole.empty()) return;
  RecordingOptions how;
  how.discard_unfinished = true;
  SpikeRecorder recorder(directory, populations, whole, dt(), how);
  SpikeStatistics statistics(populations, all_since_, synchrony_bin(dt()));
  replay(spikes_, populations, kept_since_, simulation.now(), {&recorder, &statistics});
  recorder.finish();
  report.files.emplace_back(spike_file);
  const std::vector<PopulationStatistics> all = statistics.results(simulation.now(), dt());
  for (std::size_t p = 0; p < populations.size(); ++p) {
    if (!spikes_.records(p)) continue;
    const std::size_t count = spikes_.count(p);
    report.spike_neurons[populations[p].name] = count;
    report.by_event.push_back(simulation.by_event(p));
    const PopulationBlock& block = simulation.population(p);
    report.precisions.push_back(block.find_column("V_m") ? block.precision() : report.precision);
    report.populations.push_back(all[p]);
    report.populations.back().rate *= static_cast<double>(populations[p].size) / static_cast<double>(count);
  }
}

void Session::write(const fs::path& directory) {
  RunReport report = describe();
  write_spikes(directory, report);
  RecordingOptions how;
  how.discard_unfinished = true;
  std::map<std::string, int> names;
  for (const auto& states : states_) {
    RecordStates what = states->what();
    if (states->rows() == 0) continue;
    if (const int number = names[what.name]++; number > 0) {
      what.name += std::to_string(number + 1);
      for (std::size_t v = 0; v < what.files.size(); ++v) what.files[v] = what.name + '_' + what.variables[v] + ".h5";
    }
    what.times.first = states->tick(0);
    const std::vector<std::size_t> order = states->by_neuron();
    for (std::size_t v = 0; v < what.variables.size(); ++v) {
      StateRecorder recorder(directory, network_.simulation(), experiment_.network, what, v, how);
      std::vector<float> row(order.size());
      for (std::size_t r = 0; r < states->rows(); ++r) {
        const double* const from = states->values(v).data() + r * states->width();
        for (std::size_t c = 0; c < order.size(); ++c) row[c] = static_cast<float>(from[order[c]]);
        recorder.put(row);
      }
      recorder.finish();
      report.files.push_back(what.files[v]);
    }
  }
  for (const std::string& file : report.files) report.sha256[file] = sha256_of_file(directory / file);
  report.peak_memory = peak_memory_bytes();
  write_run_report(directory, report);
}

}  // namespace rheo
