#include "io/experiment/experiment.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <filesystem>
#include <limits>
#include <string_view>
#include <utility>

#include "core/time.hpp"
#include "io/experiment/network.hpp"
#include "io/experiment/reader.hpp"
#include "io/record/checkpoint.hpp"

namespace rheo::experiment_file {

Experiment ExperimentReader::add_input(const std::string& name, const TomlNode& table) {
  const Field field(table, "inputs." + name);
  field.need_table();
  try {
    read_input(field, name);
  } catch (const BuildError& error) {
    Complaint complaint = error.complaint();
    complaint.file = table.place();
    throw ExperimentError(std::move(complaint));
  }
  return std::move(experiment_);
}

Experiment ExperimentReader::read() {
  try {
    read_sections();
    note_places(root_);
    check_network(experiment_);
  } catch (const BuildError& error) {
    throw as_written(error.complaint());
  }
  return std::move(experiment_);
}

ExperimentError ExperimentReader::as_written(Complaint complaint) const {
  const TomlNode* node = &document_.root;
  std::string_view rest = complaint.key;
  while (!rest.empty()) {
    const bool is_entry = rest.front() == '[';
    const std::size_t sign = rest.find_first_of(is_entry ? "]" : ".[", 1);
    const std::size_t end = sign == std::string_view::npos ? rest.size() : sign + is_entry;
    const TomlNode* child = nullptr;
    std::size_t entry = 0;
    if (!is_entry)
      child = node->find(std::string(rest.substr(0, end)));
    else if (std::from_chars(rest.data() + 1, rest.data() + end, entry).ec == std::errc() && entry < node->items.size())
      child = &node->items[entry];
    if (child == nullptr) break;
    node = child;
    rest.remove_prefix(end);
    if (rest.starts_with('.')) rest.remove_prefix(1);
  }
  complaint.file = node == &document_.root ? experiment_.path : node->place();
  // Weights and delays may stand in a file that the document names.
  if (const auto stored = experiment_.places.find(complaint.key.substr(0, complaint.key.find('[')));
      !rest.empty() && stored != experiment_.places.end())
    complaint.file = stored->second;
  if (rest.empty() && !complaint.value.empty()) complaint.value = node->written();
  return ExperimentError(std::move(complaint));
}

void ExperimentReader::read_sections() {
  root_.only({"title", "plugins", "simulation", "populations", "inputs", "signals", "projections", "phases", "changes",
              "stop", "record", "sweep", "task", "data", "trials", "readouts", "scores"});
  read_tasks();
  if (const auto task = root_.find("task")) {
    experiment_.task = task->node().place();
    if (const auto kind = task->find("kind"); kind && kind->is(TomlNode::Kind::text))
      experiment_.task_kind = kind->node().text;
    for (const char* const name : {"phases", "changes", "stop"})
      if (const auto found = root_.find(name))
        found->reject_table("stands beside [task], which has trials of its own", "one of them");
  }
  if (const auto sweep = root_.find("sweep"))
    experiment_.warnings.push_back(
        fmt::format("{}: [sweep] does not count here, this is one run of the experiment "
                    "alone: rheo sweep {}",
                    sweep->node().place(), experiment_.path));
  if (const auto title = root_.find("title")) experiment_.title = title->text("a string");
  read_plugins();
  read_simulation();
  read_populations();
  for (const char* const name : {"inputs", "signals", "projections"})
    if (const auto section = root_.find(name)) read_section(*section);
  read_phases(root_, experiment_);
  if (const auto changes = root_.find("changes")) read_changes(*changes);
  read_stops(root_, experiment_);
  if (const auto record = root_.find("record")) read_recordings(*record, experiment_);
}

// What they say is for apps/tasks, which knows data and readouts.
void ExperimentReader::read_tasks() {
  experiment_.tasks.source = document_.root.source;
  for (const char* const name : {"data", "trials", "readouts", "scores"})
    if (const TomlNode* const section = document_.root.find(name))
      experiment_.tasks.entries.emplace_back(name, *section);
  if (experiment_.tasks.entries.empty()) return;
  const auto& [name, section] = experiment_.tasks.entries.front();
  if (!root_.find("trials"))
    throw ExperimentError({.file = section.place(),
                           .key = name,
                           .problem = "is of no use without trials in which something is shown",
                           .expected = "a table [trials]"});
  for (const char* const other : {"task", "phases"})
    if (const auto found = root_.find(other))
      found->reject_table("stands beside [trials], which have parts of their own", "one of them");
  if (const auto simulation = root_.find("simulation"))
    if (simulation->is(TomlNode::Kind::table))
      if (const auto duration = simulation->find("duration"))
        duration->reject("stands beside [trials], which last as long as there are rows to show", "no duration");
}

void ExperimentReader::read_plugins() {
  RuleLibrary library;
  for (const std::string& plugin : plugins_) library.load(plugin, {"."});
  if (const auto plugins = root_.find("plugins")) {
    const char* const expected = "a list of libraries: names such as \"libmy_rule.so\", or paths";
    if (!plugins->is(TomlNode::Kind::list)) plugins->reject_kind(expected);
    for (const TomlNode& item : plugins->node().items) {
      if (item.kind != TomlNode::Kind::text)
        plugins->reject(fmt::format("has {} among its entries", item.what()), expected);
      const std::filesystem::path& folder = plugins->node().source->directory;
      const bool is_path = item.text.find('/') != std::string::npos;
      try {
        library.load(is_path ? (folder / item.text).string() : item.text, {folder.empty() ? "." : folder.string()});
      } catch (const PluginError& error) {
        plugins->reject(error.what());
      }
    }
  }
  for (const Rule& rule : library.rules())
    if (!rule.file.empty() && !contains(experiment_.files, rule.file)) experiment_.files.push_back(rule.file);
  network().rules = std::make_shared<const RuleLibrary>(std::move(library));
}

ExperimentReader::ExperimentReader(const TomlNode& simulation, const std::vector<std::string>& plugins)
    : root_(document_.root, {}), plugins_(plugins) {
  read_plugins();
  const Field field(simulation, "simulation");
  field.only({"dt", "seed", "precision", "update", "lanes"});
  read_settings(field);
}

void ExperimentReader::read_section(const Field& section) {
  section.need_table();
  for (const auto& [name, node] : section.node().entries) read_one(section.key(), section.at(name, node), name);
}

void ExperimentReader::read_one(const std::string& section, const Field& field, const std::string& name) {
  if (!is_name(name))
    throw ExperimentError({.file = field.node().place(),
                           .key = section,
                           .value = '"' + name + '"',
                           .problem = "is no name",
                           .expected = "letters, digits, _ and -"});
  field.need_table(fmt::format("a table: [{}.{}]", section, name));
  if (section == "populations")
    network().populations.push_back(read_population(field, name));
  else if (section == "inputs")
    read_input(field, name);
  else if (section == "signals")
    read_signal(field, name);
  else
    read_projection(field, name);
}

void ExperimentReader::read_settings(const Field& simulation) {
  if (const auto dt = simulation.find("dt")) network().dt = dt->number({.low = 1e-6, .high = 1000, .unit = "ms"});
  if (const auto seed = simulation.find("seed")) {
    network().seed = seed->whole(0, std::numeric_limits<std::int64_t>::max());
  }
  if (const auto precision = simulation.find("precision")) {
    const bool is_double = precision->word({"single", "double"}, {}, "precision") == "double";
    network().precision = is_double ? Precision::double_ : Precision::single_;
  }
  if (const auto update = simulation.find("update")) update_ = read_update(*update);
  if (const auto lanes = simulation.find("lanes")) {
    network().lanes = static_cast<std::uint32_t>(lanes->whole(1, 65536));
  }
}

void ExperimentReader::read_simulation() {
  const Field simulation = root_.need("simulation", "a table [simulation] with duration");
  simulation.need_table();
  if (const auto threads = simulation.find("threads")) {
    threads->reject("is no property of the experiment", "rheo run --threads N");
  }
  simulation.only({"duration", "dt", "seed", "precision", "update", "lanes", "initial_state"});
  read_settings(simulation);
  if (const auto state = simulation.find("initial_state")) read_initial_state(*state);

  if (root_.find("task") || root_.find("trials") || (root_.find("phases") && !simulation.find("duration")))
    return;  // it is theirs
  const Field duration = simulation.need("duration", "a number > 0 (ms)");
  const double asked = duration.number({.low = 0, .high = infinity, .unit = "ms", .above_low = true});
  const Tick ticks = ms_to_tick_nearest(asked, network().dt);
  if (ticks < 1) duration.reject("is shorter than one tick", fmt::format("at least {} (ms)", network().dt));
  if (ticks > max_ticks - experiment_.begin) duration.reject(fmt::format("has more than {} ticks", max_ticks));
  experiment_.ticks = ticks;
  experiment_.duration = tick_to_ms(ticks, network().dt);
  if (std::abs(experiment_.duration - asked) > 1e-9 * asked) {
    experiment_.warnings.push_back(fmt::format("{}: simulation.duration = {} ms is rounded to {} ticks of {} ms",
                                               duration.node().place(), asked, experiment_.ticks, network().dt));
  }
}

void ExperimentReader::read_initial_state(const Field& field) {
  const std::string file = field.path();
  try {
    experiment_.begin = checkpoint_tick(file);
  } catch (const RecordingError& error) {
    field.reject(error.what());
  }
  if (experiment_.begin >= max_ticks) field.reject(fmt::format("is at tick {}", experiment_.begin));
  experiment_.initial_state = file;
  experiment_.files.push_back(file);
}

void ExperimentReader::note_places(const Field& table) {
  for (const auto& [name, node] : table.node().entries) {
    const Field field = table.at(name, node);
    experiment_.places[field.key()] = node.place();
    // Of numbers that stand in a file, that file.
    const TomlNode* const file = node.find("file");
    if (file != nullptr && file->kind == TomlNode::Kind::text &&
        node.entries.size() == 1U + (node.find("dataset") != nullptr))
      experiment_.places[field.key()] = field.find("file")->path();
    // Trains, values, positions and edges from other files belong to the experiment: a run that is resumed must find
    // them as they were.
    const bool is_of_task = (field.key().starts_with("data.") && name == "labels") ||
                            (field.key().starts_with("readouts.") && name == "from");
    if ((name == "file" || is_of_task) && node.kind == TomlNode::Kind::text && !field.key().starts_with("task"))
      if (std::string path = field.path(); !contains(experiment_.files, path))
        experiment_.files.push_back(std::move(path));
    if (node.kind == TomlNode::Kind::table) note_places(field);
  }
}

}  // namespace rheo::experiment_file

namespace rheo {

std::string Experiment::place(const std::string& key) const {
  std::string around = key;
  while (!around.empty()) {
    if (const auto found = places.find(around); found != places.end()) return found->second;
    const std::size_t dot = around.find_last_of(".[");
    around = dot == std::string::npos ? std::string() : around.substr(0, dot);
  }
  return path;
}

void reject(const Experiment& experiment, std::string key, std::string value, std::string problem,
            std::string expected) {
  throw ExperimentError(locate({.key = std::move(key),
                                .value = std::move(value),
                                .problem = std::move(problem),
                                .expected = std::move(expected)},
                               experiment));
}

void add_input(Experiment& experiment, const std::string& name, const TomlNode& table) {
  experiment = experiment_file::ExperimentReader(std::move(experiment)).add_input(name, table);
}

Complaint locate(Complaint complaint, const Experiment& experiment) {
  if (complaint.file.empty()) complaint.file = experiment.place(complaint.key);
  return complaint;
}

Experiment parse_experiment(const std::string& path, const std::vector<std::string>& overrides,
                            const std::vector<std::string>& plugins) {
  return experiment_file::ExperimentReader(path, overrides, plugins).read();
}

}  // namespace rheo
