#include "io/record/spike_recorder.hpp"

#include <algorithm>
#include <array>
#include <cassert>
#include <cmath>
#include <map>
#include <optional>
#include <utility>

#include "core/diagnostics.hpp"
#include "core/time.hpp"
#include "io/h5/h5.hpp"
#include "io/spikes/reader.hpp"

namespace rheo {
namespace {

namespace fs = std::filesystem;

// Spikes of a population that are stored together in the .part file: fewer of many populations, because a flush writes
// whole chunks, two for every population that spiked since the one before.
std::uint64_t part_chunk(std::size_t populations) {
  return std::clamp<std::uint64_t>((std::uint64_t{1} << 22) / std::max<std::size_t>(populations, 1), 256,
                                   h5::chunk_values);
}
// Populations whose datasets stay open; of more, only those that spiked are opened, and only while they are written.
constexpr std::size_t most_open = 1000;
// Rows that salvaging holds in memory at a time.
constexpr std::uint64_t salvage_block = std::uint64_t{1} << 18;

fs::path sealed_file(const fs::path& directory) {
  return directory / "spikes.h5";
}
fs::path part_file(const fs::path& directory) {
  return part_of(sealed_file(directory));
}

// ---- sealing

struct Row {
  double time = 0;
  std::uint64_t node = 0;
  // The one order of spikes. Two may be equal: a spike_source spikes as often in one tick as it is told to.
  bool before(const Row& other) const { return time < other.time || (time == other.time && node < other.node); }
};

// Number of leading rows, of so many, that are whole spikes in order. Every timestamp that was written is > 0, so rows
// of an extent that grew before its data arrived (zeros) end the count.
std::uint64_t count_whole(const h5::Dataset& timestamps, const h5::Dataset& nodes, std::uint64_t rows) {
  Row last;
  for (std::uint64_t first = 0; first < rows; first += salvage_block) {
    const std::uint64_t count = std::min(salvage_block, rows - first);
    const auto times = timestamps.read<double>(first, count);
    const auto ids = nodes.read<std::uint64_t>(first, count);
    for (std::size_t i = 0; i < count; ++i) {
      const Row row{times[i], ids[i]};
      if (!(row.time > 0) || std::isinf(row.time) || row.before(last)) return first + i;
      last = row;
    }
  }
  return rows;
}

// What can be kept of a population that a killed process left.
std::uint64_t salvage(const h5::Dataset& times, const h5::Dataset& nodes, SpikeFileSummary& summary) {
  const std::uint64_t rows = std::min(times.rows(), nodes.rows());
  const h5::Dataset::WholeRows whole_times = times.whole_rows(rows), whole_nodes = nodes.whole_rows(rows);
  const bool by_times = whole_times.rows <= whole_nodes.rows;
  const std::uint64_t whole = by_times ? whole_times.rows : whole_nodes.rows;
  const std::uint64_t count = count_whole(times, nodes, whole);
  if (whole < rows) {
    summary.lost.push_back(
        {(by_times ? times : nodes).path(), (by_times ? whole_times : whole_nodes).problem, rows - count});
  } else if (count < rows && times.is_checked()) {
    summary.lost.push_back(
        {times.path(), "rows from " + std::to_string(count) + " on are no spikes in order", rows - count});
  } else {
    summary.incomplete += rows - count;
  }
  summary.incomplete += std::max(times.rows(), nodes.rows()) - rows;
  return count;
}

// The caller holds the lock. known: how many spikes were written; without, the file may be damaged.
SpikeFileSummary seal_spikes(const fs::path& directory, const SpikeCounts* known) {
  SpikeFileSummary summary;
  summary.file = sealed_file(directory);
  const auto rewrite = [&](const h5::File& from, h5::File& to) {
    const h5::Group all = from.group("/spikes");
    h5::Group spikes = to.create_group("spikes");
    for (const std::string& name : all.list()) {
      std::optional<h5::Dataset> times, nodes;
      std::uint64_t count = 0;
      try {
        if (known != nullptr) count = known->at(name);
        if (known == nullptr || count > 0) {
          times = all.dataset(name + "/timestamps");
          nodes = all.dataset(name + "/node_ids");
        }
        if (known == nullptr) count = salvage(*times, *nodes, summary);
      } catch (const h5::Error& error) {
        if (known != nullptr) throw;
        summary.lost.push_back({error.complaint().key, error.complaint().problem});
        continue;
      }
      SealedSpikes population(spikes, name, count, SpikeOrder::by_time);
      if (count > 0) population.append(*times, *nodes, count);
      const double last = count == 0 ? 0 : times->read<double>(count - 1, 1).front();
      summary.populations.push_back({name, count, last});
      summary.last = std::max(summary.last, last);
    }
  };
  seal_part(summary.file, rewrite, summary.lost);
  return summary;
}

// ---- what is recorded

struct Recorded {
  std::string name;
  NeuronId first = 0;
  std::uint32_t size = 0;
  std::vector<bool> chosen;  // empty: all
  // The writer's; spikes that are not in the file yet, and those that are.
  std::vector<double> times;
  std::vector<std::uint64_t> nodes;
  std::uint64_t written = 0;
  std::optional<h5::Dataset> timestamps, node_ids;

  void close() {
    timestamps->close();
    node_ids->close();
  }
  void reopen(const h5::File& file) {
    timestamps->reopen(file);
    node_ids->reopen(file);
  }
};

[[noreturn]] void reject_recorded(const std::string& value, std::string problem, std::string suggestion = {}) {
  throw RecordingError({.key = "record.spikes.populations",
                        .value = value,
                        .problem = std::move(problem),
                        .suggestion = std::move(suggestion)});
}

std::vector<Recorded> choose(const std::vector<PopulationInfo>& populations, const std::vector<Selection>& selections) {
  std::vector<Recorded> all;
  std::map<std::string_view, const PopulationInfo*> by_name;
  for (const PopulationInfo& population : populations) by_name.emplace(population.name, &population);
  std::map<std::string_view, std::size_t> place;  // in `all`
  for (const Selection& selection : selections) {
    const auto found = by_name.find(selection.population);
    const PopulationInfo* const info = found == by_name.end() ? nullptr : found->second;
    if (info == nullptr) {
      const std::vector<std::string> names = names_in(populations);
      reject_recorded(selection.population, "there is no such population", nearest(selection.population, names));
    }
    if (info->name.empty() || info->name == "." || info->name.find('/') != std::string::npos)
      reject_recorded(info->name, "cannot be the name of a group in an HDF5 file");
    const std::uint32_t end = selection.end.value_or(info->size);
    if (end > info->size || selection.begin > end || selection.step == 0) {
      reject_recorded(selection.population + "[" + std::to_string(selection.begin) + ":" + std::to_string(end) + ":" +
                          std::to_string(selection.step) + "]",
                      "must be a slice of its " + std::to_string(info->size) + " neurons with a step of at least 1");
    }
    const bool whole = selection.begin == 0 && end == info->size && selection.step == 1;
    const auto [at, is_new] = place.emplace(info->name, all.size());
    auto known = all.begin() + static_cast<std::ptrdiff_t>(at->second);
    if (is_new) {
      Recorded recorded;
      recorded.name = info->name;
      recorded.first = info->first;
      recorded.size = info->size;
      if (!whole) recorded.chosen.assign(info->size, false);
      all.push_back(std::move(recorded));
      known = all.end() - 1;
    } else if (whole) {
      known->chosen.clear();
    }
    if (known->chosen.empty()) continue;
    for (std::uint64_t i = selection.begin; i < end; i += selection.step) known->chosen[i] = true;
  }
  std::sort(all.begin(), all.end(), [](const Recorded& a, const Recorded& b) { return a.first < b.first; });
  return all;
}

// Spikes as take() gets them, ticks without spikes left out.
struct Pending {
  struct Run {
    Tick tick;
    std::size_t end;  // size of `neurons` after this tick
  };
  std::vector<NeuronId> neurons;
  std::vector<Run> runs;
  std::size_t size() const { return neurons.size(); }
  void clear() {
    neurons.clear();
    runs.clear();
  }
};

}  // namespace

struct SpikeRecorder::State {
  fs::path directory;
  TickLength tick_length;
  std::vector<TickSpan> spans;  // none: all ticks
  std::optional<GrowingRecording> growing;
  std::vector<Recorded> recorded;  // ascending by first neuron
  std::vector<Recorded*> spiked;   // the writer's: those with spikes that are not in the file yet
  std::optional<BackgroundWriter<Pending>> writer;

  void create(const Options& options, const SpikeCounts& earlier) {
    growing.emplace(directory, sealed_file(directory).filename(), options);
    h5::Group spikes = growing->file().create_group("spikes");
    const std::uint64_t chunk = part_chunk(recorded.size());
    for (Recorded& population : recorded) {
      h5::Group group = spikes.create_group(population.name);
      population.timestamps = group.create_growing<double>("timestamps", chunk, h5::Storage::runs);
      population.node_ids = group.create_growing<std::uint64_t>("node_ids", chunk, h5::Storage::runs);
      describe_spikes(group, *population.timestamps, SpikeOrder::by_time);
      growing->resume([&](const h5::File& from) { resume(population, from, earlier); });
      if (recorded.size() > most_open) population.close();
    }
    if (!options.wait_for_start) growing->start();
  }

  static void resume(Recorded& population, const h5::File& from, const SpikeCounts& counts) {
    const auto count = counts.find(population.name);
    if (count == counts.end()) from.fail("the checkpoint does not know its spikes", "/spikes/" + population.name);
    population.written = count->second;
    const h5::Group group = from.group("/spikes/" + population.name);
    resume_rows<double>(group.dataset("timestamps"), *population.timestamps, population.written);
    resume_rows<std::uint64_t>(group.dataset("node_ids"), *population.node_ids, population.written);
  }

  void distribute(const Pending& work) {
    auto spike = work.neurons.begin();
    for (const Pending::Run& run : work.runs) {
      const auto end = work.neurons.begin() + static_cast<std::ptrdiff_t>(run.end);
      const double time = tick_length.ms(run.tick);
      // Where populations are many, few of them spike in a tick.
      for (auto next = recorded.begin(); spike != end;) {
        next = std::ranges::upper_bound(next, recorded.end(), *spike, {}, [](const Recorded& population) {
          return population.first + std::uint64_t{population.size};
        });
        if (next == recorded.end()) break;
        Recorded& population = *next;
        spike = std::lower_bound(spike, end, population.first);
        const auto begin = spike;
        spike = std::lower_bound(spike, end, population.first + population.size);
        for (auto it = begin; it != spike; ++it) {
          const NeuronId node = *it - population.first;
          if (!population.chosen.empty() && !population.chosen[node]) continue;
          if (population.times.empty()) spiked.push_back(&population);
          population.nodes.push_back(node);
          population.times.push_back(time);
        }
      }
      spike = end;
    }
  }

  // Node ids are safe on disk before the first of their timestamps is: a spike with a timestamp is whole.
  void append() {
    const bool opens = recorded.size() > most_open;
    if (opens)
      for (Recorded* population : spiked) population->reopen(growing->file());
    for (Recorded* population : spiked) population->node_ids->append<std::uint64_t>(population->nodes);
    growing->file().flush();
    for (Recorded* population : spiked) {
      population->timestamps->append<double>(population->times);
      population->written += population->times.size();
      population->nodes.clear();
      population->times.clear();
    }
    growing->file().flush();
    if (opens)
      for (Recorded* population : spiked) population->close();
    spiked.clear();
  }

  void release_datasets() {
    for (Recorded& population : recorded) {
      population.timestamps.reset();
      population.node_ids.reset();
    }
  }
};

SpikeRecorder::SpikeRecorder(const fs::path& directory, const std::vector<PopulationInfo>& populations,
                             const std::vector<Selection>& recorded, double dt, Options options,
                             std::vector<TickSpan> spans, const SpikeCounts& earlier)
    : state_(std::make_unique<State>()) {
  assert(dt > 0);
  State& state = *state_;
  state.spans = std::move(spans);
  state.directory = directory;
  options.chunk = std::max<std::size_t>(options.chunk, 1);
  state.tick_length = TickLength::of(dt);
  state.recorded = choose(populations, recorded);
  recording_step(directory, [&] { state.create(options, earlier); });
  state.writer.emplace(options, [&state](const Pending& work) {
    state.growing->write([&] {
      state.distribute(work);
      state.append();
    });
  });
}

SpikeRecorder::SpikeRecorder(const fs::path& directory, const std::vector<PopulationInfo>& populations,
                             const std::vector<Selection>& recorded, double dt)
    : SpikeRecorder(directory, populations, recorded, dt, Options()) {}

SpikeRecorder::~SpikeRecorder() = default;

void SpikeRecorder::start() {
  recording_step(state_->directory, [this] { state_->growing->start(); });
}

void SpikeRecorder::take(const SpikeBatch& batch) {
  state_->writer->put([&](Pending& pending) {
    const std::vector<TickSpan>& spans = state_->spans;
    for (std::size_t k = 0; k < batch.ticks(); ++k) {
      const std::span<const NeuronId> neurons = batch.at(k);
      const Tick t = batch.tick(k);
      if (neurons.empty()) continue;
      if (!spans.empty() &&
          std::none_of(spans.begin(), spans.end(), [t](const TickSpan& span) { return span.holds(t); }))
        continue;
      pending.neurons.insert(pending.neurons.end(), neurons.begin(), neurons.end());
      pending.runs.push_back({t, pending.neurons.size()});
    }
  });
}

SpikeCounts SpikeRecorder::flush() {
  state_->writer->flush();
  SpikeCounts counts;
  for (const Recorded& population : state_->recorded) counts[population.name] = population.written;
  return counts;
}

SpikeFileSummary SpikeRecorder::finish() {
  State& state = *state_;
  return recording_step(part_file(state.directory), [&] {
    state.writer->finish();
    state.release_datasets();
    state.growing->close();
    SpikeCounts written;
    for (const Recorded& population : state.recorded) written[population.name] = population.written;
    SpikeFileSummary summary = seal_spikes(state.directory, &written);
    if (summary.populations.size() != written.size())
      reject_recording(summary.file, "does not hold all populations that were recorded");
    state.growing.reset();
    return summary;
  });
}

SpikeFileSummary recover_spikes(const fs::path& directory) {
  return recording_step(directory, [&] {
    if (!fs::is_directory(directory)) reject_recording(directory, "there is no such directory");
    if (!fs::exists(part_file(directory))) {
      const bool sealed = fs::exists(sealed_file(directory));
      reject_recording(directory,
                       sealed ? "nothing to recover: spikes.h5 is complete" : "nothing to recover: no spikes.h5.part");
    }
    const RecordingLock lock(sealed_file(directory));
    return seal_spikes(directory, nullptr);
  });
}

}  // namespace rheo
