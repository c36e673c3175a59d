#include "io/record/state_recorder.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <numeric>
#include <string_view>
#include <utility>

#include "core/diagnostics.hpp"
#include "core/time.hpp"
#include "io/h5/h5.hpp"
#include "neurons/catalogue.hpp"

namespace rheo {

namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t most_buffered = std::uint64_t{1} << 22;  // values between two windows

// The neurons of one population that are recorded.
struct Part {
  std::string name, unit;
  std::size_t population = 0;
  std::vector<std::uint32_t> neurons;  // ascending
  std::size_t column = 0;              // of the population's block, which is another one when parameters change
  std::size_t offset = 0;              // of its first value in a row of all parts
  std::optional<h5::Dataset> data;
};

std::vector<Part> choose(Simulation& simulation, const NetworkSpec& network, const RecordStates& report,
                         const std::string& variable) {
  const auto reject = [&](const std::string& value, std::string problem, std::string expected = {}) {
    throw RecordingError({.key = "record." + report.name,
                          .value = value,
                          .problem = std::move(problem),
                          .expected = std::move(expected)});
  };
  std::vector<Part> parts;
  std::map<std::string_view, std::vector<const Selection*>> cells_of;  // by population
  for (const Selection& cells : report.cells) cells_of[cells.population].push_back(&cells);
  for (std::size_t p = 0; p < network.populations.size(); ++p) {
    const PopulationSpec& population = network.populations[p];
    Part part;
    const auto found = cells_of.find(population.name);
    if (found == cells_of.end()) continue;
    for (const Selection* cells : found->second) {
      const std::uint32_t end = cells->end.value_or(population.size);
      if (end > population.size || cells->step == 0) reject(population.name, "selects more than there is");
      for (std::uint64_t i = cells->begin; i < end; i += cells->step)
        part.neurons.push_back(static_cast<std::uint32_t>(i));
    }
    if (part.neurons.empty()) continue;
    std::sort(part.neurons.begin(), part.neurons.end());
    part.neurons.erase(std::unique(part.neurons.begin(), part.neurons.end()), part.neurons.end());
    part.name = population.name;
    part.population = p;
    const auto column = simulation.population(p).find_column(variable);
    if (!column) reject(population.name, population.model + " has no variable " + variable);
    part.column = *column;
    if (part.name == "." || part.name.find('/') != std::string::npos)
      reject(part.name, "cannot be the name of a group in an HDF5 file");
    if (const ModelInfo* model = find_neuron_model(population.model))
      for (const FieldInfo& field : model->columns)
        if (field.name == variable) part.unit = field.unit;
    parts.push_back(std::move(part));
  }
  if (parts.empty()) reject({}, "selects no neurons");
  for (std::size_t i = 1; i < parts.size(); ++i) parts[i].offset = parts[i - 1].offset + parts[i - 1].neurons.size();
  return parts;
}

// All but the data: [begin, end) in steps of `step`, ms.
void describe_part(h5::Group& group, h5::Dataset& data, const std::string& unit,
                   const std::vector<std::uint64_t>& node_ids, double begin, double end, double step) {
  data.set_text("units", unit);
  h5::Group mapping = group.create_group("mapping");
  constexpr h5::Storage checked = h5::Storage::checked;
  h5::Dataset ids = mapping.create_dataset<std::uint64_t>("node_ids", node_ids.size(), checked);
  ids.write<std::uint64_t>(0, node_ids);
  ids.set_number<std::uint8_t>("sorted", 1);
  std::vector<std::uint64_t> pointers(node_ids.size() + 1);
  std::iota(pointers.begin(), pointers.end(), std::uint64_t{0});
  mapping.create_dataset<std::uint64_t>("index_pointers", pointers.size(), checked).write<std::uint64_t>(0, pointers);
  mapping.create_dataset<std::uint32_t>("element_ids", node_ids.size(), checked)
      .write<std::uint32_t>(0, std::vector<std::uint32_t>(node_ids.size(), 0));
  h5::Dataset time = mapping.create_dataset<double>("time", 3, checked);
  time.write<double>(0, std::vector<double>{begin, end, step});
  time.set_text("units", "ms");
}

// The caller holds the lock. known: how many rows were written; without, the file may be damaged.
ReportSummary seal_states(const fs::path& sealed, std::optional<std::uint64_t> known) {
  ReportSummary summary;
  summary.file = sealed;
  const auto rewrite = [&](const h5::File& from, h5::File& to) {
    const h5::Dataset counts = from.dataset("/rows");
    const auto ticks = counts.numbers_attribute<std::int64_t>("ticks");
    const auto dt = counts.numbers_attribute<double>("dt");
    const auto storage = counts.numbers_attribute<std::uint8_t>("storage");
    if (!ticks || ticks->size() != 2 || !dt || dt->size() != 1) counts.fail("has no ticks and dt");
    const std::uint64_t claimed = known ? *known : whole_rows(counts, summary.lost);
    const h5::Group all = from.group("/report");
    const TickLength length = TickLength::of(dt->front());
    const auto time_of = [&](std::uint64_t row) {
      return length.ms(ticks->front() + static_cast<Tick>(row) * ticks->back());
    };
    summary.begin = time_of(0);

    h5::Group report = to.create_group("report");
    for (const std::string& name : all.list()) {
      std::optional<h5::Dataset> data;
      std::vector<std::uint64_t> node_ids;
      std::string unit;
      std::uint64_t kept = claimed;
      try {
        data = all.dataset(name + "/data");
        node_ids = all.dataset(name + "/mapping/node_ids").read<std::uint64_t>();
        unit = data->text_attribute("units").value_or("");
        if (node_ids.empty() || data->rank() != 2 || data->shape()[1] != node_ids.size())
          data->fail("does not have one column per node");
        if (!known) kept = rows_to_keep(*data, claimed, summary.lost);
      } catch (const h5::Error& error) {
        if (known) throw;
        summary.lost.push_back({error.complaint().key, error.complaint().problem, claimed});
        continue;
      }
      h5::Group group = report.create_group(name);
      const std::uint64_t shape[] = {kept, node_ids.size()};
      h5::Dataset sealed_data = group.create_dataset<float>("data", shape, stored_storage(storage));
      sealed_data.append<float>(*data, 0, kept);
      describe_part(group, sealed_data, unit, node_ids, summary.begin, time_of(kept), length.ms(ticks->back()));
      summary.rows = std::max(summary.rows, kept);
    }
    summary.end = time_of(summary.rows);
  };
  seal_part(sealed, rewrite, summary.lost);
  return summary;
}

// Rows of all parts, one after the other.
struct Rows {
  std::vector<float> values;
  std::size_t size() const { return values.size(); }
  void clear() { values.clear(); }
};

}  // namespace

struct StateRecorder::State {
  Simulation* simulation = nullptr;
  SampleTimes times;
  double dt = 0;
  h5::Storage storage = h5::Storage::by_its_first;
  std::vector<Part> parts;  // by population
  std::size_t width = 0;    // values of a row of all parts

  Tick window_first = 0;      // rows of `window` are the samples from here on
  std::vector<float> window;  // [samples of the window][width]

  std::optional<GrowingRecording> growing;
  std::optional<h5::Dataset> counts;
  std::vector<float> of_part;  // the writer's
  std::uint64_t written = 0;   // rows; the writer's
  std::optional<BackgroundWriter<Rows>> writer;

  void create(const fs::path& directory, const std::string& name, const Options& options) {
    growing.emplace(directory, name, options);
    h5::File& file = growing->file();
    counts = file.create_growing<std::uint64_t>("rows", count_chunk, h5::Storage::compressed);
    const std::int64_t ticks[] = {times.first, times.every};
    counts->set_numbers<std::int64_t>("ticks", ticks);
    counts->set_number<double>("dt", dt);
    note_storage(*counts, storage);
    if (growing->resumes()) written = times.count(times.first, *options.resume_at);
    h5::Group report = file.create_group("report");
    const TickLength length = TickLength::of(dt);
    const Tick planned_end =
        times.end == never ? never : times.first + static_cast<Tick>(times.count(times.first, times.end)) * times.every;
    for (Part& part : parts) {
      h5::Group group = report.create_group(part.name);
      part.data = group.create_growing_rows<float>("data", part.neurons.size(), h5::chunk_values, storage);
      describe_part(group, *part.data, part.unit, {part.neurons.begin(), part.neurons.end()}, length.ms(times.first),
                    length.ms(planned_end), length.ms(times.every));
      growing->resume([&](const h5::File& from) {
        resume_rows<float>(from.dataset("/report/" + part.name + "/data"), *part.data, written, part.neurons.size());
      });
    }
    if (written != 0) counts->append<std::uint64_t>(std::span(&written, 1));
    if (!options.wait_for_start) growing->start();
  }

  // On the writer's thread. Rows are safe on disk before they are counted.
  void write(const Rows& rows) {
    for (Part& part : parts) {
      of_part.clear();
      for (std::size_t row = 0; row < rows.values.size(); row += width) {
        const auto begin = rows.values.begin() + static_cast<std::ptrdiff_t>(row + part.offset);
        of_part.insert(of_part.end(), begin, begin + static_cast<std::ptrdiff_t>(part.neurons.size()));
      }
      part.data->append<float>(of_part);
    }
    growing->file().flush();
    written += rows.values.size() / width;
    counts->append<std::uint64_t>(std::span(&written, 1));
    growing->file().flush();
  }

  void copy(const Part& part, Tick t, std::uint32_t begin, std::uint32_t end, float* row) const {
    const PopulationBlock& block = simulation->population(part.population);
    const auto first = std::lower_bound(part.neurons.begin(), part.neurons.end(), begin);
    float* to = row + part.offset + (first - part.neurons.begin());
    std::span<const std::uint32_t> rest(first, std::lower_bound(first, part.neurons.end(), end));
    while (!rest.empty()) {
      std::array<double, 256> values;
      const auto some = rest.first(std::min(rest.size(), values.size()));
      block.read(part.column, t, some, values.data());
      for (std::size_t i = 0; i < some.size(); ++i) *to++ = static_cast<float>(values[i]);
      rest = rest.subspan(some.size());
    }
  }
};

StateRecorder::StateRecorder(const fs::path& directory, Simulation& simulation, const NetworkSpec& network,
                             const RecordStates& report, std::size_t index, Options options)
    : state_(std::make_unique<State>()) {
  State& state = *state_;
  state.simulation = &simulation;
  const std::string& name = report.files.at(index);
  state.times = report.times;
  state.dt = network.dt;
  state.storage = storage_of(report.compress);
  state.parts = choose(simulation, network, report, report.variables.at(index));
  state.width = state.parts.back().offset + state.parts.back().neurons.size();
  options.chunk = std::max(options.chunk, 8 * state.width);
  recording_step(directory / name, [&] { state.create(directory, name, options); });
  state.writer.emplace(options, [&state](const Rows& rows) { state.growing->write([&] { state.write(rows); }); });
}

StateRecorder::StateRecorder(const fs::path& directory, Simulation& simulation, const NetworkSpec& network,
                             const RecordStates& report, std::size_t index)
    : StateRecorder(directory, simulation, network, report, index, Options()) {}

StateRecorder::~StateRecorder() = default;

void StateRecorder::start() {
  recording_step(state_->growing->sealed(), [this] { state_->growing->start(); });
}

const SampleTimes& StateRecorder::times() const {
  return state_->times;
}

Tick StateRecorder::longest_window() const {
  const auto samples = static_cast<Tick>(std::max<std::uint64_t>(1, most_buffered / state_->width));
  return samples > 1024 ? 1024 : samples * std::min<Tick>(state_->times.every, 1024);
}

double StateRecorder::expected_bytes(double neurons, const SampleTimes& times, Tick window) {
  const double most = std::max(1.0, static_cast<double>(most_buffered) / neurons);
  const double samples = std::min(most, std::ceil(static_cast<double>(window) / static_cast<double>(times.every)));
  const double sampled = samples * neurons;  // values of a window
  const double chunk = std::max(static_cast<double>(RecordingOptions().chunk), 8 * neurons);
  const double all = static_cast<double>(times.count(times.first, times.end)) * neurons;
  const double waiting = std::min(all, 4 * chunk + sampled);
  // The window; and what waits for a disk that is slow, while it grows, while it is written, and as one population's.
  return 4 * (sampled + 4 * waiting);
}

void StateRecorder::begin(Tick first, Tick end) {
  state_->window_first = first;
  state_->window.resize(state_->times.count(first, end) * state_->width);
}

void StateRecorder::sample(Tick t, const std::vector<Piece>& pieces) {
  State& state = *state_;
  float* const row = state.window.data() + state.times.count(state.window_first, t) * state.width;
  for (const Part& part : state.parts) {
    const Piece& piece = pieces[part.population];
    state.copy(part, t, piece.begin, piece.end, row);
  }
}

void StateRecorder::take(Tick) {
  State& state = *state_;
  if (state.window.empty()) return;
  state.writer->put(
      [&](Rows& rows) { rows.values.insert(rows.values.end(), state.window.begin(), state.window.end()); });
}

void StateRecorder::put(const std::vector<float>& rows) {
  state_->writer->put([&](Rows& all) { all.values.insert(all.values.end(), rows.begin(), rows.end()); });
}

void StateRecorder::flush() {
  state_->writer->flush();
}

ReportSummary StateRecorder::finish() {
  State& state = *state_;
  return recording_step(part_of(state.growing->sealed()), [&] {
    state.writer->finish();
    for (Part& part : state.parts) part.data.reset();
    state.counts.reset();
    state.growing->close();
    const ReportSummary summary = seal_states(state.growing->sealed(), state.written);
    state.growing.reset();
    return summary;
  });
}

ReportSummary recover_report(const fs::path& sealed) {
  return recording_step(part_of(sealed), [&] {
    const RecordingLock lock(sealed);
    return seal_states(sealed, std::nullopt);
  });
}

}  // namespace rheo
