#include "io/record/weight_recorder.hpp"

#include <algorithm>
#include <optional>
#include <set>
#include <span>
#include <utility>
#include <variant>

#include "core/time.hpp"
#include "io/h5/h5.hpp"
#include "io/record/edge_writer.hpp"
#include "networks/delivery/stored_synapses.hpp"

namespace rheo {

namespace {

namespace fs = std::filesystem;

const char* const ends[] = {"source_node_id", "target_node_id"};

template <class Real>
void copy_rows(const h5::Dataset& from, h5::Group& group, const std::string& name, std::uint64_t rows,
               std::uint64_t edges, h5::Storage storage) {
  const std::uint64_t shape[] = {rows, edges};
  group.create_dataset<Real>(name, shape, storage).template append<Real>(from, 0, rows);
}

bool is_variable(const std::string& name) {
  return name != ends[0] && name != ends[1] && name != "delay" && name != "time";
}

// How many snapshots of a pair of populations can be kept. Throws h5::Error where its edges cannot be read.
std::uint64_t snapshots_to_keep(const h5::Group& group, std::uint64_t claimed, std::vector<Loss>& lost) {
  std::uint64_t kept = claimed;
  std::vector<Loss> first;  // that of the dataset with the fewest
  for (const std::string& name : group.list()) {
    const h5::Dataset data = group.dataset(name);
    if (name != "time" && !is_variable(name)) {
      if (const auto whole = data.whole_rows(data.rows()); !whole.problem.empty()) data.fail(whole.problem);
      continue;
    }
    std::vector<Loss> here;
    const std::uint64_t rows = rows_to_keep(data, claimed, here);
    if (rows >= kept) continue;
    kept = rows;
    first = std::move(here);
  }
  lost.insert(lost.end(), first.begin(), first.end());
  return kept;
}

// Copies the first `kept` snapshots of a pair of populations, and its edges. width: of values, in bytes.
void seal_pair(const h5::Group& group, h5::Group sealed_group, std::uint64_t kept, std::uint32_t width,
               h5::Storage storage) {
  const std::uint64_t edges = group.dataset(ends[0]).rows();
  for (const std::string& data : group.list()) {
    const h5::Dataset values = group.dataset(data);
    const bool by_edge = data != "time";
    if (is_variable(data)) {
      if (edges == 0 || values.rank() != 2 || values.shape()[1] != edges)
        values.fail("does not have one column per edge");
      if (width == 4)
        copy_rows<float>(values, sealed_group, data, kept, edges, storage);
      else
        copy_rows<double>(values, sealed_group, data, kept, edges, storage);
      continue;
    }
    if (by_edge && values.rows() != edges) values.fail("does not have one value per edge");
    if (data == "delay" || data == "time") {
      const std::uint64_t size = by_edge ? edges : kept;
      h5::Dataset copy = sealed_group.create_dataset<double>(data, size, storage);
      copy.append<double>(values, 0, size);
      copy.set_text("units", "ms");
    } else {
      h5::Dataset copy = sealed_group.create_dataset<std::uint64_t>(data, edges, storage);
      copy.append<std::uint64_t>(values, 0, edges);
      copy.set_text("node_population", values.text_attribute("node_population").value_or(""));
    }
  }
}

// The caller holds the lock. known: how many snapshots were written; without, the file may be damaged.
SnapshotSummary seal_snapshots(const fs::path& sealed, std::optional<std::uint64_t> known) {
  SnapshotSummary summary;
  summary.file = sealed;
  const auto rewrite = [&](const h5::File& from, h5::File& to) {
    const h5::Dataset counts = from.dataset("/rows");
    const auto width = counts.numbers_attribute<std::uint32_t>("value_bytes");
    if (!width || width->size() != 1 || (width->front() != 4 && width->front() != 8))
      counts.fail("does not say how wide values are");
    const h5::Storage storage = stored_storage(counts.numbers_attribute<std::uint8_t>("storage"));
    const h5::Group all = from.group("/weights");
    const std::uint64_t claimed = known ? *known : whole_rows(counts, summary.lost);
    h5::Group weights = to.create_group("weights");
    if (all.list().empty()) summary.snapshots = claimed;  // of a projection without synapses
    for (const std::string& name : all.list()) {
      std::optional<h5::Group> group;
      std::uint64_t kept = claimed;
      if (known) {
        group = all.group(name);
      } else {
        try {
          group = all.group(name);
          kept = snapshots_to_keep(*group, claimed, summary.lost);
        } catch (const h5::Error& error) {
          summary.lost.push_back({error.complaint().key, error.complaint().problem, claimed});
          continue;
        }
      }
      seal_pair(*group, weights.create_group(name), kept, width->front(), storage);
      if (kept > 0) {
        summary.first = group->dataset("time").read<double>(0, 1).front();
        summary.last = std::max(summary.last, group->dataset("time").read<double>(kept - 1, 1).front());
      }
      summary.snapshots = std::max(summary.snapshots, kept);
    }
  };
  seal_part(sealed, rewrite, summary.lost);
  return summary;
}

// The first tick from `from` on in which a snapshot is due.
Tick next_snapshot(const std::vector<SampleTimes>& all, Tick from) {
  Tick next = never;
  for (const SampleTimes& times : all) {
    const Tick late = std::max<Tick>(0, from - times.first);
    const Tick t = times.first + (late + times.every - 1) / times.every * times.every;
    if (t < times.end) next = std::min(next, t);
  }
  return next;
}

}  // namespace

struct WeightRecorder::State {
  virtual ~State() = default;
  virtual void start() = 0;
  virtual void take() = 0;
  virtual void flush() = 0;
  virtual SnapshotSummary finish() = 0;

  Network* network = nullptr;
  std::vector<SampleTimes> times;
  Tick taken = -1;  // the last one
};

namespace {

template <class Real>
class TypedRecorder final : public WeightRecorder::State {
 public:
  TypedRecorder(const fs::path& directory, Network& built, const NetworkSpec& spec, const RecordWeights& record,
                RecordingOptions options)
      : sealed_(directory / record.file) {
    network = &built;
    times = record.times;
    dt_ = TickLength::of(spec.dt);
    const auto reject = [&](const std::string& value, std::string problem) {
      throw RecordingError({.key = "record." + record.name, .value = value, .problem = std::move(problem)});
    };
    while (projection_ < spec.projections.size() && spec.projections[projection_].name != record.projection)
      ++projection_;
    if (projection_ == spec.projections.size()) reject(record.projection, "there is no such projection");
    const std::vector<SynapseBundle>& bundles = built.stored().bundles();
    const auto bundle = std::find_if(bundles.begin(), bundles.end(), [this](const SynapseBundle& one) {
      return one.plastic && one.first == projection_;
    });
    if (bundle == bundles.end()) reject(record.projection, "has no plasticity: its weights stay");
    const std::vector<RuleColumn>& known = bundle->plastic->rule->columns;
    for (const std::string& variable : record.variables) {
      const auto found =
          std::find_if(known.begin(), known.end(), [&](const FieldInfo& column) { return column.name == variable; });
      if (found == known.end())
        reject(variable, "is no variable of a synapse of " + spec.projections[projection_].plasticity.rule);
      columns_.push_back(static_cast<std::size_t>(found - known.begin()));
    }
    recording_step(sealed_, [&] { create(directory, spec, record, options); });
    // Beyond a quarter of a snapshot no second one waits for the disk.
    options.chunk = std::max<std::size_t>(options.chunk, columns_.size() * edges_ / 4);
    writer_.emplace(options, [this](const Snapshots& some) { growing_->write([&] { write(some); }); });
  }

  void start() override {
    recording_step(sealed_, [this] { growing_->start(); });
  }

  void take() override {
    Simulation& simulation = network->simulation();
    if (taken == simulation.now()) return;
    simulation.settle();
    Snapshots one;
    one.ticks.push_back(simulation.now());
    for (const std::size_t column : columns_) {
      auto values = std::get<std::vector<Real>>(network->read_column(projection_, column));
      if (one.values.empty())
        one.values = std::move(values);
      else
        one.values.insert(one.values.end(), values.begin(), values.end());
    }
    taken = simulation.now();
    writer_->put([&](Snapshots& some) {
      some.ticks.push_back(taken);
      if (some.values.empty())
        some.values = std::move(one.values);
      else
        some.values.insert(some.values.end(), one.values.begin(), one.values.end());
    });
  }

  void flush() override { writer_->flush(); }

  SnapshotSummary finish() override {
    return recording_step(part_of(sealed_), [&] {
      writer_->finish();
      parts_.clear();
      counts_.reset();
      growing_->close();
      const SnapshotSummary summary = seal_snapshots(sealed_, written_);
      growing_.reset();
      return summary;
    });
  }

 private:
  // Of each snapshot its variables one after the other, each by edge.
  struct Snapshots {
    std::vector<Tick> ticks;
    std::vector<Real> values;
    std::size_t size() const { return std::max(ticks.size(), values.size()); }
    void clear() {
      ticks.clear();
      values.clear();
    }
  };
  // Edges between two populations.
  struct Part {
    std::uint64_t edges = 0;
    h5::Dataset time;
    std::vector<h5::Dataset> data;  // [variable]
  };
  // Edges of the projection that follow each other and belong to one part.
  struct Run {
    std::uint32_t part;
    std::uint64_t edges;
  };

  void create(const fs::path& directory, const NetworkSpec& spec, const RecordWeights& record,
              const WeightRecorder::Options& options) {
    growing_.emplace(directory, record.file, options);
    h5::File& file = growing_->file();
    const h5::Storage storage = storage_of(record.compress);
    counts_ = file.create_growing<std::uint64_t>("rows", count_chunk, h5::Storage::compressed);
    counts_->set_number<std::uint32_t>("value_bytes", sizeof(Real));
    note_storage(*counts_, storage);
    h5::Group weights = file.create_group("weights");
    std::set<std::string> taken_names;
    std::vector<EdgePopulation> pairs;
    for (EdgePopulation& pair : edge_populations(*network, spec, projection_, taken_names)) {
      if (pair.edges == 0) continue;
      h5::Group group = weights.create_group(pair.name);
      write_edge_ends(group, *network, spec, projection_, pair, storage);
      h5::Dataset time = group.create_growing<double>("time", count_chunk, h5::Storage::compressed);
      time.set_text("units", "ms");
      Part part{pair.edges, std::move(time), {}};
      for (const std::string& variable : record.variables)
        part.data.push_back(group.create_growing_rows<Real>(variable, pair.edges, h5::chunk_values, storage));
      growing_->resume(
          [&](const h5::File& from) { resume(part, from, pair.name, record.variables, *options.resume_at); });
      parts_.push_back(std::move(part));
      edges_ += pair.edges;
      pairs.push_back(std::move(pair));
    }
    if (pairs.size() > 1) list_runs(pairs);
    if (written_ != 0) counts_->template append<std::uint64_t>(std::span(&written_, 1));
    if (!options.wait_for_start) growing_->start();
  }

  // The snapshots before tick `at`; that one is taken again.
  void resume(Part& part, const h5::File& from, const std::string& name, const std::vector<std::string>& variables,
              Tick at) {
    std::uint64_t rows = 0;
    for (Tick t = next_snapshot(times, 0); t < at; t = next_snapshot(times, t + 1)) ++rows;
    const h5::Group group = from.group("/weights/" + name);
    resume_rows<double>(group.dataset("time"), part.time, rows);
    for (std::size_t v = 0; v < variables.size(); ++v)
      resume_rows<Real>(group.dataset(variables[v]), part.data[v], rows, part.edges);
    written_ = rows;
  }

  void list_runs(const std::vector<EdgePopulation>& pairs) {
    const std::vector<PopulationInfo>& infos = network->simulation().populations();
    const auto within = [&](NeuronId neuron, std::size_t population) {
      return neuron >= infos[population].first && neuron - infos[population].first < infos[population].size;
    };
    std::vector<Synapse> synapses;
    for (NeuronId source = 0; source < network->simulation().neurons(); ++source) {
      synapses.clear();
      network->outgoing(projection_, source, synapses);
      for (const Synapse& synapse : synapses) {
        if (runs_.empty() || !within(source, pairs[runs_.back().part].source) ||
            !within(synapse.target, pairs[runs_.back().part].target)) {
          const auto pair = std::find_if(pairs.begin(), pairs.end(), [&](const EdgePopulation& p) {
            return within(source, p.source) && within(synapse.target, p.target);
          });
          runs_.push_back({static_cast<std::uint32_t>(pair - pairs.begin()), 0});
        }
        ++runs_.back().edges;
      }
    }
  }

  // On the writer's thread. Snapshots are safe on disk before they are counted.
  void write(const Snapshots& some) {
    for (std::size_t i = 0; i < some.ticks.size(); ++i) {
      for (std::size_t v = 0; v < columns_.size(); ++v)
        write_variable(v, std::span(some.values).subspan((i * columns_.size() + v) * edges_, edges_));
      const double time = dt_.ms(some.ticks[i]);
      for (Part& part : parts_) part.time.template append<double>(std::span(&time, 1));
    }
    growing_->file().flush();
    written_ += some.ticks.size();
    counts_->append<std::uint64_t>(std::span(&written_, 1));
    growing_->file().flush();
  }

  void write_variable(std::size_t variable, std::span<const Real> values) {
    if (parts_.size() == 1) return parts_[0].data[variable].template append<Real>(values);
    for (std::uint32_t p = 0; p < parts_.size(); ++p) {
      of_part_.clear();
      std::size_t at = 0;
      for (const Run& run : runs_) {
        const auto some = values.subspan(at, run.edges);
        if (run.part == p) of_part_.insert(of_part_.end(), some.begin(), some.end());
        at += run.edges;
      }
      parts_[p].data[variable].template append<Real>(std::span<const Real>(of_part_));
    }
  }

  fs::path sealed_;
  std::size_t projection_ = 0;
  std::vector<std::size_t> columns_;  // of the rule
  TickLength dt_;
  std::uint64_t edges_ = 0;
  std::optional<GrowingRecording> growing_;
  std::optional<h5::Dataset> counts_;
  std::vector<Part> parts_;
  std::vector<Run> runs_;      // in order, if there are several parts
  std::vector<Real> of_part_;  // the writer's
  std::uint64_t written_ = 0;  // the writer's
  std::optional<BackgroundWriter<Snapshots>> writer_;
};

}  // namespace

WeightRecorder::WeightRecorder(const fs::path& directory, Network& network, const NetworkSpec& spec,
                               const RecordWeights& record, Options options) {
  if (spec.precision == Precision::single_)
    state_ = std::make_unique<TypedRecorder<float>>(directory, network, spec, record, options);
  else
    state_ = std::make_unique<TypedRecorder<double>>(directory, network, spec, record, options);
}

WeightRecorder::WeightRecorder(const fs::path& directory, Network& network, const NetworkSpec& spec,
                               const RecordWeights& record)
    : WeightRecorder(directory, network, spec, record, Options()) {}

WeightRecorder::~WeightRecorder() = default;

void WeightRecorder::start() {
  state_->start();
}

Tick WeightRecorder::next() const {
  return next_snapshot(state_->times, std::max(state_->network->simulation().now(), state_->taken + 1));
}

void WeightRecorder::take() {
  state_->take();
}

void WeightRecorder::flush() {
  state_->flush();
}

SnapshotSummary WeightRecorder::finish() {
  return state_->finish();
}

SnapshotSummary recover_snapshots(const fs::path& sealed) {
  return recording_step(part_of(sealed), [&] {
    const RecordingLock lock(sealed);
    return seal_snapshots(sealed, std::nullopt);
  });
}

}  // namespace rheo
