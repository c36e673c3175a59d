#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <memory>
#include <set>

#include "core/time.hpp"
#include "io/files/run_files.hpp"
#include "io/sonata/columns.hpp"
#include "io/sonata/node_sets.hpp"
#include "io/sonata/parts.hpp"
#include "io/spikes/reader.hpp"
#include "io/text/toml_document.hpp"
#include "networks/description/values.hpp"
#include "networks/inputs/kinds.hpp"
#include "neurons/catalogue.hpp"

namespace rheo::sonata {

namespace {

// Spikes that arrive at one virtual population, in the order in which the inputs give them.
struct Arrivals {
  std::vector<std::uint32_t> ids;
  std::vector<double> times;  // ms
  bool any_input = false;
};

std::shared_ptr<const SpikeTrains> to_trains(const Arrivals& arrivals, std::uint32_t size) {
  auto trains = std::make_shared<SpikeTrains>();
  trains->begin.assign(std::size_t{size} + 1, 0);
  for (const std::uint32_t id : arrivals.ids) ++trains->begin[id + 1];
  for (std::size_t i = 0; i < size; ++i) trains->begin[i + 1] += trains->begin[i];
  trains->times.resize(arrivals.times.size());
  std::vector<std::uint64_t> next(trains->begin.begin(), trains->begin.end() - 1);
  for (std::size_t i = 0; i < arrivals.ids.size(); ++i) trains->times[next[arrivals.ids[i]]++] = arrivals.times[i];
  return trains;
}

SpikeTimeRules time_rules_of(const Item& input) {
  SpikeTimeRules rules;
  if (const auto offset = input.find("rheo:offset")) {
    rules.offset = offset->number();
    if (!holds(any_value, rules.offset)) offset->fail("out of range", range_text(any_value, rules.offset, "ms"));
  }
  if (const auto at_zero = input.find("rheo:at_zero")) {
    if (at_zero->text() != "first_tick" && at_zero->text() != "drop")
      at_zero->fail("unknown place for time 0", "first_tick or drop");
    rules.at_zero = at_zero->text() == "drop" ? SpikeTimeRules::AtZero::drop : SpikeTimeRules::AtZero::first_tick;
  }
  if (const auto round = input.find("rheo:round")) {
    if (round->text() != "up" && round->text() != "nearest") round->fail("unknown way of rounding", "up or nearest");
    rules.nearest = round->text() == "nearest";
  }
  return rules;
}

// Plays the spikes of one population of a file into its chosen nodes, and says what was moved or left out. named: the
// file has its spikes by population.
PlacedSpikes play(const std::string& file, bool named, const NodeChoice& choice, const SpikeTimeRules& rules,
                  std::uint32_t size, Arrivals& arrivals, const Experiment& experiment) {
  const RecordedSpikes spikes = read_spikes(file, choice.population);
  arrivals.any_input = true;
  SpikePlacer placer(experiment.network.dt, rules, spikes.resolution);
  for (std::size_t i = 0; i < spikes.times.size(); ++i) {
    const std::uint64_t id = spikes.nodes[i];
    double time = spikes.times[i];
    const auto place = [&](const char* dataset) {
      return (named ? "/spikes/" + choice.population : "/spikes") + "/" + dataset + "[" + std::to_string(i) + "]";
    };
    if (id >= size) {
      fail(file, place(named ? "node_ids" : "gids"), std::to_string(id), "no such node in " + choice.population,
           "0 to " + std::to_string(size - 1));
    }
    if (choice.ids && !std::ranges::binary_search(*choice.ids, id)) continue;
    const auto outcome = placer.place(time);
    if (outcome == SpikePlacer::Outcome::too_early || outcome == SpikePlacer::Outcome::at_zero)
      fail(file, place("timestamps"), as_text(spikes.times[i]), "not a time of the simulation",
           SpikePlacer::expected(outcome));
    if (outcome == SpikePlacer::Outcome::left_out) continue;
    if (ms_to_tick_ceil(time, experiment.network.dt) > experiment.ticks) {
      ++placer.counts().after_end;
      continue;
    }
    arrivals.ids.push_back(static_cast<std::uint32_t>(id));
    arrivals.times.push_back(time);
  }
  return placer.counts();
}

void read_spike_input(const Item& input, const NodeSets& sets, const NodePopulations& populations,
                      std::map<std::string, Arrivals>& arrivals, Experiment& experiment) {
  const Item module = input.need("module", "h5 or sonata");
  if (module.text() != "h5" && module.text() != "sonata")
    module.fail("not available yet", "h5 or sonata; rheo convert makes such a file of a csv");
  const Item file = input.need("input_file", "the path of an HDF5 file with spikes");
  const fs::path path = file.path();
  std::error_code error;
  if (!fs::is_regular_file(path, error)) fail(file.file(), file.key(), path.string(), "no such file");
  if (std::ranges::find(experiment.files, path.string()) == experiment.files.end())
    experiment.files.push_back(path.string());

  const SpikeTimeRules rules = time_rules_of(input);
  const bool named = !spike_populations(path.string()).empty();
  for (const NodeChoice& choice : sets.resolve(input.need("node_set", "the name of a node set"))) {
    const NodePopulation& population = populations.at(choice.population);
    if (!population.is_virtual) {
      fail(input.file(), input.key() + ".node_set", choice.population, "spikes can only be played into virtual nodes",
           "a population of model_type virtual");
    }
    PlacedSpikes placed =
        play(path.string(), named, choice, rules, population.size, arrivals[choice.population], experiment);
    placed.key = input.key() + ":" + choice.population;
    placed.file = path.string();
    if (std::string warning = warning_about(placed); !warning.empty())
      experiment.warnings.push_back(std::move(warning));
    if (placed.is_worth_saying()) experiment.spike_times.push_back(std::move(placed));
  }
}

// A JSON value as the table of an experiment file.
TomlNode as_toml(const Item& item, const std::shared_ptr<const TomlSource>& source) {
  TomlNode node;
  node.source = source;
  if (item.is_object()) {
    for (const auto& [name, member] : item.members()) node.entries.emplace_back(name, as_toml(member, source));
  } else if (item.is_list()) {
    const std::vector<Item> elements = item.elements();
    const bool numbers =
        !elements.empty() && std::ranges::all_of(elements, [](const Item& e) { return e.is_number(); });
    node.kind = numbers ? TomlNode::Kind::numbers : TomlNode::Kind::list;
    node.has_reals = numbers;
    for (const Item& element : elements)
      if (numbers)
        node.numbers.push_back(element.number());
      else
        node.items.push_back(as_toml(element, source));
  } else if (item.is_text()) {
    node.kind = TomlNode::Kind::text;
    node.text = item.text();
  } else if (item.value().is_number_integer() && item.number() < 9e18) {
    node.kind = TomlNode::Kind::integer;
    node.integer = item.value().get<std::int64_t>();
  } else if (item.is_number()) {
    node.kind = TomlNode::Kind::real;
    node.real = item.number();
  } else if (item.value().is_boolean()) {
    node.kind = TomlNode::Kind::boolean;
    node.boolean = item.flag();
  } else {
    item.fail("must not be null");
  }
  return node;
}

// Module rheo:KIND: the keys are those of [inputs.NAME] in an experiment file.
void read_own_input(const Item& input, const std::string& name, Experiment& experiment) {
  const auto source = std::make_shared<TomlSource>();
  source->name = input.file();
  source->directory = input.folder();
  source->has_lines = false;
  TomlNode table;
  table.source = source;
  TomlNode kind;
  kind.kind = TomlNode::Kind::text;
  kind.source = source;
  kind.text = input.need("module", {}).text().substr(5);
  table.entries.emplace_back("kind", kind);
  for (const auto& [key, member] : input.members())
    if (key != "enabled" && key != "input_type" && key != "module")
      table.entries.emplace_back(key, as_toml(member, source));
  add_input(experiment, name, table);
}

// A constant current: amp in nA, from delay on for duration (ms).
void read_current_clamp(const Item& input, const std::string& name, const NodeSets& sets,
                        const NodePopulations& populations, Experiment& experiment) {
  if (const auto module = input.find("module"); module && module->text() != "IClamp")
    module->fail("not available yet", "IClamp");
  const double amplitude = 1000 * input.need("amp", "a number (nA)").number();
  std::map<std::string, std::vector<double>> amplitudes;
  for (const NodeChoice& choice : sets.resolve(input.need("node_set", "the name of a node set"))) {
    const NodePopulation& population = populations.at(choice.population);
    if (population.is_virtual)
      fail(input.file(), input.key() + ".node_set", choice.population, "virtual nodes take no current",
           "point neurons");
    std::vector<double>& each = amplitudes[choice.population];
    each.resize(population.size, 0.0);
    if (!choice.ids) each.assign(population.size, amplitude);
    if (choice.ids)
      for (const std::uint64_t id : *choice.ids) each[id] = amplitude;
  }
  for (auto& [population, each] : amplitudes) {
    const ModelInfo& model = *find_neuron_model(experiment.network.populations[populations.at(population).spec].model);
    if (model.ports.back().unit != "pA")
      fail(input.file(), input.key(), model.name, "takes no current in pA", "a model with a port I in pA");
    InputSpec spec;
    spec.name = amplitudes.size() == 1 ? name : name + "_" + population;
    spec.target.push_back({.population = population, .begin = 0, .end = std::nullopt, .step = 1});
    Numbers numbers;
    for (const double one : each) numbers.add(one);
    spec.kind = ConstantCurrent{.amplitude = std::move(numbers).take(0)};
    if (const auto delay = input.find("delay")) spec.start = delay->number();
    if (spec.start < 0) input.need("delay", {}).fail("must not be negative", "a time >= 0 (ms)");
    if (const auto duration = input.find("duration")) {
      if (!(duration->number() > 0)) duration->fail("must be positive", "a number > 0 (ms)");
      spec.stop = spec.start + duration->number();
    }
    experiment.network.inputs.push_back(std::move(spec));
  }
}

// A time that is a whole number of ticks; `least` where there is none.
Tick whole_ticks_of(const Item& report, const char* key, double dt, Tick fallback, Tick least) {
  const auto item = report.find(key);
  if (!item) return fallback;
  const double ms = item->number();
  const Tick ticks = ms_to_tick_nearest(ms, dt);
  if (!(ms >= 0) || ticks < least || ticks > Tick{1} << 53 || std::abs(tick_to_ms(ticks, dt) - ms) > 1e-9 * ms)
    item->fail("is no whole number of ticks", "a multiple of " + as_text(dt) + " (ms)");
  return ticks;
}

// Ids of one population as slices.
void add_slices(const std::string& population, const std::vector<std::uint64_t>& ids, std::vector<Selection>& to) {
  for (std::size_t i = 0; i < ids.size();) {
    std::size_t end = i + 1;
    while (end < ids.size() && ids[end] == ids[end - 1] + 1) ++end;
    to.push_back({.population = population,
                  .begin = static_cast<std::uint32_t>(ids[i]),
                  .end = static_cast<std::uint32_t>(ids[end - 1] + 1),
                  .step = 1});
    i = end;
  }
}

// The cells of a report, each of which must have its variables.
std::vector<Selection> cells_of(const Item& report, const std::vector<std::string>& variables, const NodeSets& sets,
                                const NodePopulations& populations, const Experiment& experiment) {
  const Item cells = report.need("cells", "the name of a node set");
  std::map<std::string, std::vector<std::uint64_t>> chosen;
  std::set<std::string> whole;
  std::vector<Selection> selections;
  for (const NodeChoice& choice : sets.resolve(cells)) {
    if (populations.at(choice.population).is_virtual) {
      if (cells.is_text() && cells.text() == "all") continue;
      cells.fail("holds nodes of " + choice.population + ", which are virtual", "point neurons");
    }
    std::vector<std::uint64_t>& ids = chosen[choice.population];
    if (choice.ids)
      ids.insert(ids.end(), choice.ids->begin(), choice.ids->end());
    else
      whole.insert(choice.population);
  }
  for (const PopulationSpec& population : experiment.network.populations) {
    const auto found = chosen.find(population.name);
    if (found == chosen.end()) continue;
    std::vector<std::uint64_t>& ids = found->second;
    std::ranges::sort(ids);
    ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
    if (whole.contains(population.name))
      selections.push_back({.population = population.name, .begin = 0, .end = std::nullopt, .step = 1});
    else
      add_slices(population.name, ids, selections);
    const std::vector<std::string> known = names_in(find_neuron_model(population.model)->columns);
    for (const std::string& one : variables)
      if (std::ranges::find(known, one) == known.end())
        report.need("variable_name", {})
            .fail("unknown variable of " + population.model, "one of " + joined(known), nearest(one, known));
  }
  if (selections.empty()) cells.fail("holds no nodes");
  return selections;
}

// The name of the file without variable and extension.
std::string stem_of(const Item& report, const std::string& name, Experiment& experiment) {
  std::string stem = name;
  if (const auto file = report.find("file_name")) {
    const fs::path path = file->text();
    stem = (path.extension() == ".h5" ? path.stem() : path.filename()).string();
    if (path.has_parent_path())
      experiment.warnings.push_back(file->file() + ": report " + name + " is written to " + stem +
                                    ".h5 in the output directory.");
  }
  if (stem.empty() || stem.find('/') != std::string::npos) report.fail("cannot be the name of a file: " + stem);
  return stem;
}

void read_report(const Item& report, const std::string& name, const NodeSets& sets, const NodePopulations& populations,
                 Experiment& experiment, Unused& unused) {
  note_unused(report,
              {"enabled", "module", "cells", "variable_name", "dt", "start_time", "end_time", "file_name", "sections"},
              unused);
  if (const auto module = report.find("module"); module && module->text() != "membrane_report" &&
                                                 module->text() != "multimeter_report" &&
                                                 module->text() != "multimeter")
    module->fail("not available", "membrane_report");
  RecordStates record;
  record.name = name;
  const Item variable = report.need("variable_name", "a state such as \"V_m\"");
  for (const Item& part : variable.is_list() ? variable.elements() : std::vector<Item>{variable})
    record.variables.push_back(part.text());
  if (record.variables.empty()) variable.fail("names nothing", "a state such as \"V_m\"");

  record.cells = cells_of(report, record.variables, sets, populations, experiment);
  const double dt = experiment.network.dt;
  record.times.every = whole_ticks_of(report, "dt", dt, 1, 1);
  record.times.first = whole_ticks_of(report, "start_time", dt, 0, 0);
  record.times.end = std::min(experiment.ticks, whole_ticks_of(report, "end_time", dt, experiment.ticks, 0));
  if (record.times.end <= record.times.first) report.fail("holds no time of the simulation", "start_time < end_time");

  const std::string stem = stem_of(report, name, experiment);
  for (const std::string& one : record.variables)
    record.files.push_back((record.variables.size() == 1 ? stem : stem + "_" + one) + ".h5");
  for (const std::string& file : record.files) {
    if (const std::string use = reserved_for(file); !use.empty())
      report.fail(fmt::format("writes {}, a name that is kept for {}", file, use), "another file_name");
    const bool taken = std::ranges::any_of(experiment.reports, [&](const RecordStates& other) {
      return std::ranges::find(other.files, file) != other.files.end();
    });
    if (taken) report.fail("writes " + file + ", as another recording does", "another file_name");
  }
  experiment.reports.push_back(std::move(record));
}

}  // namespace

void read_inputs(const Config& config, const NodePopulations& populations, Experiment& experiment, Unused& unused) {
  const NodeSets sets(config, populations, experiment);
  std::map<std::string, Arrivals> arrivals;
  if (const auto inputs = config.simulation ? config.simulation->find("inputs") : std::nullopt) {
    for (const auto& [name, input] : inputs->members()) {
      if (!enabled(input)) continue;
      experiment.places["inputs." + name] = input.file();
      if (const auto module = input.find("module");
          module && module->is_text() && module->text().starts_with("rheo:")) {
        read_own_input(input, name, experiment);
        continue;
      }
      const Item type = input.need("input_type", "spikes");
      if (type.text() == "current_clamp") {
        read_current_clamp(input, name, sets, populations, experiment);
        note_unused(input, {"enabled", "input_type", "module", "node_set", "amp", "delay", "duration"}, unused);
        continue;
      }
      if (type.text() != "spikes") type.fail("not available yet", "spikes or current_clamp");
      read_spike_input(input, sets, populations, arrivals, experiment);
      note_unused(
          input,
          {"enabled", "input_type", "module", "input_file", "node_set", "rheo:offset", "rheo:at_zero", "rheo:round"},
          unused);
    }
  }
  for (const auto& [name, population] : populations) {
    if (!population.is_virtual) continue;
    const Arrivals& all = arrivals[name];
    experiment.network.populations[population.spec].trains = to_trains(all, population.size);
    if (!all.any_input)
      experiment.warnings.push_back("Population " + name + " is virtual and has no input: it stays silent.");
  }
}

void read_reports(const Config& config, const NodePopulations& populations, Experiment& experiment, Unused& unused) {
  const auto reports = config.simulation ? config.simulation->find("reports") : std::nullopt;
  if (!reports) return;
  const NodeSets sets(config, populations, experiment);
  for (const auto& [name, report] : reports->members())
    if (enabled(report)) read_report(report, name, sets, populations, experiment, unused);
}

}  // namespace rheo::sonata
