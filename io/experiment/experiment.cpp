#include "io/experiment/experiment.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <iterator>
#include <limits>
#include <optional>
#include <tuple>
#include <utility>

#include "core/time.hpp"
#include "io/experiment/edge_file.hpp"
#include "io/experiment/field.hpp"
#include "io/h5/h5.hpp"
#include "io/record/checkpoint.hpp"
#include "io/spikes/reader.hpp"
#include "io/text/toml_document.hpp"
#include "networks/connect/rules.hpp"
#include "networks/description/values.hpp"
#include "neurons/catalogue.hpp"

namespace rheo {

namespace {

using experiment_file::check_entries;
using experiment_file::contains;
using experiment_file::Count;
using experiment_file::Field;
using experiment_file::infinity;
using experiment_file::is_name;
using experiment_file::keys_of;
using experiment_file::max_neurons;
using experiment_file::max_ticks;
using experiment_file::Names;
using experiment_file::not_yet;
using experiment_file::one_of;
using experiment_file::Range;
using experiment_file::read_dataset;
using experiment_file::read_fields;
using experiment_file::read_phases;
using experiment_file::read_recordings;
using experiment_file::read_value;
using experiment_file::smallest;
using experiment_file::two_numbers;

// Weights, currents and whatever else may have any sign; times that may be 0.
const Range any_number{.low = any_value.low, .high = any_value.high, .unit = {}};
const Range any_time{.low = 0, .high = any_value.high, .unit = "ms"};

// Where spike trains stand, and what their times mean.
const Names spike_keys = {"times", "file", "population", "offset", "at_zero", "round"};

std::uint64_t selected(const Selection& selection, const PopulationSpec& population) {
  const std::uint64_t end = selection.end.value_or(population.size);
  return end <= selection.begin ? 0 : (end - selection.begin + selection.step - 1) / selection.step;
}

// The first neuron of a population that both select.
std::optional<std::uint64_t> first_in_both(const Selection& a, const Selection& b, std::uint32_t size) {
  const Selection &coarse = a.step >= b.step ? a : b, &fine = a.step >= b.step ? b : a;
  const std::uint64_t end = std::min(coarse.end.value_or(size), fine.end.value_or(size));
  std::uint64_t neuron = coarse.begin;
  if (fine.begin > neuron) neuron += (fine.begin - neuron + coarse.step - 1) / coarse.step * coarse.step;
  // Where the coarse ones stand between the fine ones repeats after fine.step of them.
  for (std::uint64_t k = 0; k < fine.step && neuron < end; ++k, neuron += coarse.step)
    if ((neuron - fine.begin) % fine.step == 0) return neuron;
  return std::nullopt;
}

class ExperimentReader {
 public:
  ExperimentReader(const std::string& path, const std::vector<std::string>& overrides,
                   const std::vector<std::string>& plugins)
      : document_(read_toml_document(path, overrides)), root_(document_.root, {}), plugins_(plugins) {
    experiment_.path = path;
    experiment_.files = document_.files;
    experiment_.overrides = overrides;
  }

  // Goes on with an experiment that was begun otherwise.
  explicit ExperimentReader(Experiment experiment) : root_(document_.root, {}), experiment_(std::move(experiment)) {}

  Experiment add_input(const std::string& name, const TomlNode& table) {
    const Field field(table, "inputs." + name);
    field.need_table();
    read_input(field, name);
    return std::move(experiment_);
  }

  Experiment read() {
    root_.only({"title", "plugins", "simulation", "populations", "inputs", "signals", "projections", "phases", "record",
                "sweep", "task"});
    if (const auto task = root_.find("task")) {
      experiment_.task = task->node().place();
      if (const auto kind = task->find("kind"); kind && kind->is(TomlNode::Kind::text))
        experiment_.task_kind = kind->node().text;
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
    if (const auto inputs = root_.find("inputs")) {
      each_named(*inputs, "an input", [this](const Field& field, const std::string& name) { read_input(field, name); });
    }
    if (const auto signals = root_.find("signals")) {
      each_named(*signals, "a signal",
                 [this](const Field& field, const std::string& name) { read_signal(field, name); });
    }
    if (const auto projections = root_.find("projections")) {
      each_named(*projections, "a projection",
                 [this](const Field& field, const std::string& name) { read_projection(field, name); });
    }
    read_phases(root_, experiment_);
    if (const auto record = root_.find("record"))
      read_recordings(
          *record, [this](const Field& field) { return read_selections(field); }, experiment_);
    note_places(root_);
    return std::move(experiment_);
  }

 private:
  NetworkSpec& network() { return experiment_.network; }

  template <class Read>
  static void each_named(const Field& section, const char* what, Read read) {
    section.need_table();
    for (const auto& [name, node] : section.node().entries) {
      const Field field = section.at(name, node);
      if (!is_name(name)) {
        throw ExperimentError({.file = node.place(),
                               .key = section.key(),
                               .value = '"' + name + '"',
                               .problem = fmt::format("is no name for {}", what),
                               .expected = "letters, digits, _ and -"});
      }
      field.need_table(fmt::format("a table: [{}.{}]", section.key(), name));
      read(field, name);
    }
  }

  // The built-in rules, those of --plugin and those that the file names.
  void read_plugins() {
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

  void read_simulation() {
    const Field simulation = root_.need("simulation", "a table [simulation] with duration");
    simulation.need_table();
    if (const auto threads = simulation.find("threads")) {
      threads->reject("is no property of the experiment", "rheo run --threads N");
    }
    simulation.only({"duration", "dt", "seed", "precision", "update", "lanes", "initial_state"});
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

    if (const auto state = simulation.find("initial_state")) read_initial_state(*state);

    if (root_.find("task") || (root_.find("phases") && !simulation.find("duration"))) return;  // it is theirs
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

  // Only its time; whether it fits the network is seen when that is built.
  void read_initial_state(const Field& field) {
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

  void read_populations() {
    const Field populations = root_.need("populations", "at least one table [populations.NAME]");
    populations.need_table();
    if (populations.node().entries.empty()) populations.reject("is empty", "at least one table [populations.NAME]");
    std::uint64_t neurons = 0;
    each_named(populations, "a population", [&](const Field& field, const std::string& name) {
      network().populations.push_back(read_population(field, name));
      neurons += network().populations.back().size;
      if (neurons > max_neurons) {
        field.need("size", {})
            .reject(fmt::format("makes {} neurons in all", neurons), fmt::format("at most {}", max_neurons));
      }
    });
  }

  static PopulationSpec::Update read_update(const Field& field) {
    const std::string& word = field.word({"auto", "tick", "event"}, {}, "update");
    if (word == "auto") return PopulationSpec::Update::automatic;
    return word == "tick" ? PopulationSpec::Update::tick : PopulationSpec::Update::event;
  }

  PopulationSpec read_population(const Field& field, const std::string& name) {
    field.only({"model", "size", "like", "params", "initial", "positions", "update"}, {"plasticity"});
    PopulationSpec population;
    const auto like = field.find("like");
    population.update = update_;
    if (like) population = find_like(*like, name);
    population.name = name;
    population.positions = {};
    const auto update = field.find("update");
    if (update) population.update = read_update(*update);

    if (like) {
      if (const auto model = field.find("model"); model && model->text("a model") != population.model) {
        model->reject(fmt::format("differs from the model of \"{}\", {}", like->node().text, population.model),
                      "either like or another model");
      }
    } else {
      const Field model = field.need("model", "the name of a model (rheo models lists them) or like = \"..\"");
      population.model = model.text("the name of a model");
      if (!find_neuron_model(population.model)) {
        Names names;
        for (const ModelInfo& info : neuron_models()) names.push_back(info.name);
        model.reject("unknown model", one_of(names), nearest(population.model, names));
      }
    }
    population.size = static_cast<std::uint32_t>(
        field.need("size", fmt::format("a whole number from 1 to {}", max_neurons)).whole(1, max_neurons));

    const ModelInfo& model = *find_neuron_model(population.model);
    if (const auto params = field.find("params")) read_params(*params, model, population);
    if (const auto initial = field.find("initial")) read_initial(*initial, model, population);
    if (const auto positions = field.find("positions"))
      population.positions = read_positions(*positions, population.size);
    if (update && is_source(population)) update->reject("has no meaning for a spike_source", "no update");
    if (is_source(population) && !population.trains) {
      field.need("params", "times = [[..], ..] or file = \"..\" (spike times in ms)");
      throw ExperimentError({.file = field.find("params")->node().place(),
                             .key = field.key() + ".params",
                             .problem = "has no spike times",
                             .expected = "times = [[..], ..] or file = \"..\" (spike times in ms)"});
    }
    if (like) check_inherited(*like, population);
    return population;
  }

  const PopulationSpec& find_like(const Field& like, const std::string& name) {
    const std::string& base = like.text("the name of a population declared before");
    if (const PopulationSpec* known = find_population(base)) return *known;
    Names names;
    for (const PopulationSpec& known : network().populations) names.push_back(known.name);
    if (base == name) like.reject("is the population itself", "the name of a population declared before");
    if (root_.find("populations")->node().find(base)) {
      like.reject(fmt::format("\"{}\" is declared later", base), "a population declared before");
    }
    like.reject("unknown population", names.empty() ? "a population declared before" : one_of(names),
                nearest(base, names));
  }

  // Lists that `like` took over must fit the new size.
  static void check_inherited(const Field& like, const PopulationSpec& population) {
    const auto check = [&](const char* section, const std::map<std::string, Value>& values) {
      for (const auto& [key, value] : values) {
        const auto* list = std::get_if<std::vector<double>>(&value);
        if (!list || list->size() == population.size) continue;
        like.reject(
            fmt::format("{}.{} has {} entries there and {} neurons here", section, key, list->size(), population.size));
      }
    };
    check("params", population.params);
    check("initial", population.initial);
    if (population.trains && population.trains->begin.size() != std::size_t{population.size} + 1) {
      like.reject(fmt::format("the spike trains there are for {} neurons, and {} are here",
                              population.trains->begin.size() - 1, population.size));
    }
  }

  static bool is_source(const PopulationSpec& population) { return population.model == "spike_source"; }

  void read_params(const Field& params, const ModelInfo& model, PopulationSpec& population) {
    params.need_table("a table of parameters");
    Names known;
    for (const FieldInfo& info : model.params) known.push_back(info.name);
    for (const OptionInfo& info : model.options) known.push_back(info.name);
    if (is_source(population)) {
      for (const std::string& name : spike_keys)
        if (!contains(known, name)) known.push_back(name);
    }
    params.only(known, {}, fmt::format("unknown parameter of {}", model.name).c_str());

    for (const FieldInfo& info : model.params) {
      const auto field = params.find(info.name);
      if (!field || (is_source(population) && contains(spike_keys, info.name))) continue;
      population.params[info.name] =
          read_value(*field, {.low = info.low, .high = info.high, .unit = info.unit}, per_neuron(population.size));
    }
    for (const OptionInfo& info : model.options) {
      if (const auto field = params.find(info.name))
        population.options[info.name] = field->word(info.choices, {}, "choice");
    }
    if (is_source(population))
      if (auto trains = read_trains(params, population.size, false)) population.trains = std::move(trains);
  }

  void read_initial(const Field& initial, const ModelInfo& model, PopulationSpec& population) {
    initial.need_table("a table of initial values");
    Names known;
    for (const FieldInfo& info : model.columns) known.push_back(info.name);
    initial.only(known, {}, fmt::format("unknown state of {}", model.name).c_str());
    for (const FieldInfo& info : model.columns) {
      const auto field = initial.find(info.name);
      if (!field) continue;
      population.initial[info.name] =
          read_value(*field, {.low = info.low, .high = info.high, .unit = info.unit}, per_neuron(population.size));
    }
  }

  static Positions read_positions(const Field& field, std::uint32_t size) {
    const std::string forms =
        "{ grid = [40, 40] }, { uniform = [[0.0, 1.0], [0.0, 1.0]] }, { list = [[x, y], ..] } or { file = .., dataset "
        "= .. }";
    field.need_table(forms);
    Positions positions;
    const auto grid = field.find("grid"), uniform = field.find("uniform"), list = field.find("list"),
               file = field.find("file"), extent = field.find("extent");
    if (int{grid.has_value()} + uniform.has_value() + list.has_value() + file.has_value() != 1)
      field.reject_table("is no way to place neurons", forms);
    const auto set_dimensions = [&](const Field& at, std::size_t count) {
      if (count != 2 && count != 3) at.reject(fmt::format("has {} dimensions", count), "2 or 3");
      positions.dimensions = static_cast<std::uint32_t>(count);
    };
    if (const auto periodic = field.find("periodic")) positions.periodic = periodic->flag();
    if (grid) {
      field.only({"grid", "extent", "periodic"});
      positions.kind = Positions::Kind::grid;
      const std::vector<double>& numbers = grid->numbers("two or three whole numbers");
      set_dimensions(*grid, numbers.size());
      for (std::size_t i = 0; i < numbers.size(); ++i) {
        if (!(numbers[i] >= 1 && numbers[i] <= max_neurons && numbers[i] == std::floor(numbers[i])))
          grid->reject(fmt::format("holds {}", numbers[i]), fmt::format("whole numbers with the product {}", size));
        positions.grid[i] = static_cast<std::uint32_t>(numbers[i]);
        positions.high[i] = numbers[i];
      }
    } else if (uniform) {
      field.only({"uniform", "periodic"});
      positions.kind = Positions::Kind::uniform;
      const std::string expected = "[[low, high], ..] for each dimension";
      if (!uniform->is(TomlNode::Kind::list)) uniform->reject_kind(expected);
      set_dimensions(*uniform, uniform->node().items.size());
      for (std::size_t i = 0; i < positions.dimensions; ++i) {
        const Field side{uniform->node().items[i], fmt::format("{}[{}]", uniform->key(), i)};
        std::tie(positions.low[i], positions.high[i]) = two_numbers(side, "[low, high]");
        if (!(positions.low[i] < positions.high[i])) side.reject("has no extent", "[low, high] with low < high");
      }
    } else {
      positions.kind = Positions::Kind::listed;
      std::vector<double> points;
      if (list) {
        field.only({"list", "extent", "periodic"});
        const std::string expected = fmt::format("{} lists of 2 or 3 coordinates", size);
        if (!list->is(TomlNode::Kind::list)) list->reject_kind(expected);
        if (list->node().items.size() != size)
          list->reject(fmt::format("has {} entries", list->node().items.size()), expected);
        for (std::size_t n = 0; n < size; ++n) {
          const Field point{list->node().items[n], fmt::format("{}[{}]", list->key(), n)};
          const std::vector<double>& numbers = point.numbers("2 or 3 coordinates");
          if (n == 0) set_dimensions(point, numbers.size());
          if (numbers.size() != positions.dimensions)
            point.reject(fmt::format("has {} coordinates", numbers.size()),
                         fmt::format("{} as the first", positions.dimensions));
          points.insert(points.end(), numbers.begin(), numbers.end());
        }
      } else {
        field.only({"file", "dataset", "extent", "periodic"});
        const std::string expected = fmt::format("a dataset of {} x 2 or {} x 3 coordinates", size, size);
        const std::string& name = field.need("dataset", "the path of a dataset in the file").text(expected);
        try {
          const h5::Dataset dataset = h5::File::open(file->path()).dataset(name);
          const std::vector<std::uint64_t> shape = dataset.shape();
          if (shape.size() != 2 || shape[0] != size || (shape[1] != 2 && shape[1] != 3))
            field.reject_table(fmt::format("the dataset is of shape {}", fmt::join(shape, " x ")), expected);
          set_dimensions(*file, shape[1]);
          points = dataset.read<double>();
        } catch (const h5::Error& error) {
          const Complaint& c = error.complaint();
          file->reject(fmt::format("{}{}{}: {}", c.file, c.key.empty() ? "" : ":", c.key, c.problem), c.expected);
        }
      }
      positions.points = std::make_shared<const std::vector<double>>(std::move(points));
      if (positions.periodic && !extent) field.need("extent", "the size of the periodic space, from 0 on");
    }
    if (extent) {
      const std::vector<double>& numbers = extent->numbers("a number for each dimension");
      if (numbers.size() != positions.dimensions)
        extent->reject(fmt::format("has {} entries", numbers.size()), fmt::format("{}", positions.dimensions));
      for (std::size_t i = 0; i < numbers.size(); ++i) {
        if (!(numbers[i] > 0)) extent->reject(fmt::format("holds {}", numbers[i]), "numbers > 0");
        positions.high[i] = numbers[i];
      }
    }
    return positions;
  }

  static Count per_neuron(std::uint64_t count) { return {.count = count, .each = "neuron", .why_not = {}}; }

  // Spike trains of `size` neurons, in the experiment file or in a spike file; nullptr where neither is given.
  // may_share: a flat list of times is one train for all.
  std::shared_ptr<const SpikeTrains> read_trains(const Field& params, std::uint32_t size, bool may_share) {
    const auto times = params.find("times");
    const auto file = params.find("file");
    const auto name = params.find("population");
    if (name && !file) name->reject("names a population of a file", "file = \"..\" beside it");
    if (times && file) times->reject("excludes file", "either times or file");
    SpikeTimeRules rules;
    if (const auto offset = params.find("offset"))
      rules.offset = offset->number({.low = any_value.low, .high = any_value.high, .unit = "ms"});
    if (const auto at_zero = params.find("at_zero"))
      rules.at_zero = at_zero->word({"first_tick", "drop"}, {}, "place for time 0") == "drop"
                          ? SpikeTimeRules::AtZero::drop
                          : SpikeTimeRules::AtZero::first_tick;
    if (const auto round = params.find("round"))
      rules.nearest = round->word({"up", "nearest"}, {}, "way of rounding") == "nearest";
    if (times) {
      const bool shared = may_share && times->is(TomlNode::Kind::numbers);
      SpikePlacer placer(network().dt, rules, {});
      auto trains = std::make_shared<const SpikeTrains>(listed_trains(*times, shared ? 1 : size, placer));
      note_placed(params, {}, placer);
      return trains;
    } else if (file) {
      try {
        return std::make_shared<const SpikeTrains>(stored_trains(params, *file, name, size, rules));
      } catch (const ExperimentError&) {
        throw;
      } catch (const UserError& error) {
        const Complaint& c = error.complaint();
        file->reject(fmt::format("{}{}{}{}{}: {}", c.file, c.key.empty() ? "" : ":", c.key,
                                 c.value.empty() ? "" : " = ", c.value, c.problem),
                     c.expected);
      }
    }
    return nullptr;
  }

  void note_placed(const Field& params, const std::string& file, SpikePlacer& placer) {
    PlacedSpikes placed = placer.counts();
    placed.key = params.key();
    placed.file = file;
    if (std::string warning = warning_about(placed); !warning.empty())
      experiment_.warnings.push_back(std::move(warning));
    if (placed.is_worth_saying()) experiment_.spike_times.push_back(std::move(placed));
  }

  // Adds a time to a train. at: where it is written.
  static void place_spike(const Field& at, double time, SpikePlacer& placer, std::vector<double>& train) {
    using Outcome = SpikePlacer::Outcome;
    const double stored = time;
    const Outcome outcome = placer.place(time);
    if (outcome == Outcome::too_early || outcome == Outcome::at_zero)
      at.reject(fmt::format("holds the time {}", stored), SpikePlacer::expected(outcome));
    if (outcome == Outcome::placed) train.push_back(time);
  }

  static SpikeTrains listed_trains(const Field& times, std::uint32_t size, SpikePlacer& placer) {
    const std::string expected =
        fmt::format("{} list{} of times > 0 (ms)", size, size == 1 ? "" : "s, one per neuron,");
    SpikeTrains trains;
    trains.begin.push_back(0);
    const auto add_train = [&](const Field& train) {
      for (const double time : train.numbers("a list of times > 0 (ms)"))
        place_spike(train, time, placer, trains.times);
      trains.begin.push_back(trains.times.size());
    };
    if (!times.is_list()) times.reject_kind(expected);
    if (times.is(TomlNode::Kind::numbers) || times.node().items.empty()) {
      if (size != 1) times.reject(fmt::format("is one list, and there are {} neurons", size), expected);
      add_train(times);
      return trains;
    }
    if (times.node().items.size() != size) {
      times.reject(fmt::format("has {} entries", times.node().items.size()), expected);
    }
    for (std::size_t i = 0; i < size; ++i) {
      add_train({times.node().items[i], fmt::format("{}[{}]", times.key(), i)});
    }
    return trains;
  }

  SpikeTrains stored_trains(const Field& params, const Field& file, const std::optional<Field>& name,
                            std::uint32_t size, const SpikeTimeRules& rules) {
    const std::string path = file.path();
    const Names names = spike_populations(path);
    std::string wanted;
    if (name) {
      wanted = name->text("the name of a population in the file");
      if (!contains(names, wanted)) {
        name->reject("is no population of the file", names.empty() ? std::string() : one_of(names),
                     nearest(wanted, names));
      }
    } else if (names.size() > 1) {
      file.reject(fmt::format("holds {} populations", names.size()), "population = " + one_of(names) + " beside it");
    }
    const RecordedSpikes spikes = read_spikes(path, wanted);
    SpikePlacer placer(network().dt, rules, spikes.resolution);
    std::vector<double> times;
    std::vector<std::uint64_t> ids;
    for (std::size_t i = 0; i < spikes.nodes.size(); ++i) {
      if (spikes.nodes[i] >= size) {
        file.reject(fmt::format("holds a spike of neuron {}", spikes.nodes[i]),
                    fmt::format("neurons below {}, the size of the population", size));
      }
      place_spike(file, spikes.times[i], placer, times);
      if (ids.size() < times.size()) ids.push_back(spikes.nodes[i]);
    }
    note_placed(params, path, placer);

    SpikeTrains trains;
    trains.begin.assign(std::size_t{size} + 1, 0);
    for (const std::uint64_t id : ids) ++trains.begin[id + 1];
    for (std::size_t i = 1; i < trains.begin.size(); ++i) trains.begin[i] += trains.begin[i - 1];
    trains.times.resize(times.size());
    std::vector<std::uint64_t> next(trains.begin.begin(), trains.begin.end() - 1);
    for (std::size_t i = 0; i < ids.size(); ++i) trains.times[next[ids[i]]++] = times[i];
    return trains;
  }

  const PopulationSpec* find_population(const std::string& name) const {
    const std::vector<PopulationSpec>& all = experiment_.network.populations;
    for (std::size_t i = index_.size(); i < all.size(); ++i) index_.emplace(all[i].name, i);
    const auto found = index_.find(name);
    return found == index_.end() ? nullptr : &all[found->second];
  }

  Selection read_selection(const Field& field) const {
    const std::string& text = field.text("a population such as \"E\" or \"E[0:100]\"");
    Selection selection;
    try {
      selection = parse_selection(text);
    } catch (const ExperimentError& error) {
      field.reject(error.complaint().problem, error.complaint().expected);
    }
    const PopulationSpec* population = find_population(selection.population);
    if (!population) {
      Names names;
      for (const PopulationSpec& known : experiment_.network.populations) names.push_back(known.name);
      field.reject("unknown population", one_of(names), nearest(selection.population, names));
    }
    if (selection.end && *selection.end > population->size) {
      field.reject(fmt::format("ends at {}, and {} has {} neurons", *selection.end, population->name, population->size),
                   fmt::format("an end <= {}", population->size));
    }
    if (selected(selection, *population) == 0) {
      field.reject(fmt::format("selects none of the {} neurons of {}", population->size, population->name));
    }
    return selection;
  }

  // One selection or a list of them; no neuron may be named twice.
  std::vector<Selection> read_selections(const Field& field) const {
    std::vector<Selection> selections;
    if (field.is(TomlNode::Kind::text)) {
      selections.push_back(read_selection(field));
      return selections;
    }
    if (!field.is(TomlNode::Kind::list)) field.reject_kind("a population such as \"E\", or a list of them");
    if (field.node().items.empty()) field.reject("is empty", "at least one population");
    std::map<std::string, std::vector<Selection>> taken;
    for (const TomlNode& item : field.node().items) {
      const Selection selection = read_selection({item, field.key()});
      const PopulationSpec& population = *find_population(selection.population);
      std::vector<Selection>& others = taken[selection.population];
      for (const Selection& other : others)
        if (const auto both = first_in_both(selection, other, population.size))
          field.reject(fmt::format("selects neuron {} of {} twice", *both, population.name));
      others.push_back(selection);
      selections.push_back(selection);
    }
    return selections;
  }

  std::uint64_t count(const std::vector<Selection>& selections) const {
    std::uint64_t sum = 0;
    for (const Selection& selection : selections) sum += selected(selection, *find_population(selection.population));
    return sum;
  }

  const ModelInfo& model_of(const Selection& selection) const {
    return *find_neuron_model(find_population(selection.population)->model);
  }

  std::vector<Selection> read_targets(const Field& field) const {
    std::vector<Selection> targets = read_selections(field);
    for (const Selection& target : targets) {
      if (model_of(target).ports.empty()) {
        field.reject(fmt::format("{} is a {}, to which nothing can be sent", target.population, model_of(target).name));
      }
    }
    return targets;
  }

  std::string read_port(const Field& field, const std::vector<Selection>& targets) const {
    const std::string& port = field.text("the name of a port");
    for (const Selection& target : targets) {
      Names names;
      for (const PortInfo& info : model_of(target).ports) names.push_back(info.name);
      if (!contains(names, port)) {
        field.reject(fmt::format("unknown port of {}", model_of(target).name), one_of(names), nearest(port, names));
      }
    }
    return port;
  }

  // Unit of a constant current, where all targets agree on it.
  std::string current_unit(const std::vector<Selection>& targets) const {
    std::string unit;
    for (const Selection& target : targets) {
      for (const FieldInfo& info : model_of(target).params) {
        if (info.name != "I_e") continue;
        if (!unit.empty() && unit != info.unit) return {};
        unit = info.unit;
      }
    }
    return unit;
  }

  void check_delay(const Field& field, const Value& delay) const {
    const double dt = experiment_.network.dt;
    const auto shortest = smallest(delay);
    if (!shortest || ms_to_tick_nearest(*shortest, dt) >= 1) return;
    const std::string problem = fmt::format("{} ms rounds to less than one tick of {} ms", *shortest, dt);
    const std::string expected = fmt::format("a delay of at least {} (ms)", dt);
    if (field.is(TomlNode::Kind::table)) field.reject_table(problem, expected);
    field.reject(problem, expected);
  }

  void read_input(const Field& field, const std::string& name) {
    const Names kinds = {"poisson", "spikes", "current", "steps", "sine", "noise"};
    const Field kind = field.need("kind", one_of(kinds));
    const std::string& word = kind.word(kinds, {}, "kind of input");
    InputSpec input;
    input.name = name;
    Names keys = {"kind", "target"};
    const auto allow = [&](const Names& more) { keys.insert(keys.end(), more.begin(), more.end()); };
    const bool reads_signal = field.node().find("signal") != nullptr;
    const auto allow_either = [&](const Names& with_signal, const Names& without) {
      allow(reads_signal ? with_signal : without);
      allow({"signal"});
      if (reads_signal) allow({"channel"});
    };
    if (word == "poisson")
      allow_either({"rate", "weight", "port", "peak"}, {"rate", "weight", "delay", "port", "profile"});
    if (word == "spikes") {
      allow_either({"weight", "port"}, {"times", "file", "population", "weight", "delay", "port"});
      if (!reads_signal) allow({"offset", "at_zero", "round"});
    }
    if (word == "current") allow_either({"amplitude"}, {"amplitude"});
    if (word == "steps") allow({"times", "values", "shape", "period"});
    if (word == "sine") allow({"amplitude", "frequency", "phase"});
    if (word == "noise") allow({"mean", "deviation", "every"});
    if (word != "spikes") allow({"start", "stop"});
    field.only(keys);
    input.target = read_targets(field.need("target", "a population such as \"E\", or a list of them"));
    const Count each = per_neuron(count(input.target));
    const Range currents{.low = any_value.low, .high = any_value.high, .unit = current_unit(input.target)};
    const auto current = [&](const char* key) { return read_value(field.need(key, currents.text()), currents, each); };

    if (word == "poisson" || word == "spikes") {
      if (const auto weight = field.find("weight")) input.weight = read_value(*weight, any_number, each);
      if (const auto delay = field.find("delay")) {
        input.delay = delay->number(any_time);
        check_delay(*delay, input.delay);
      }
      if (const auto port = field.find("port")) input.port = read_port(*port, input.target);
    }
    if (word == "poisson") {
      const Range rates{.low = 0, .high = infinity, .unit = "Hz"};
      input.rate = read_value(field.need("rate", rates.text()), rates, each);
      if (const auto profile = field.find("profile")) input.profile = read_rate_profile(*profile);
    } else if (word == "spikes") {
      input.kind = InputSpec::Kind::spikes;
      if (!reads_signal) input.trains = read_trains(field, static_cast<std::uint32_t>(*each.count), true);
      if (!reads_signal && !input.trains)
        field.need("times", "times = [[..], ..] or file = \"..\" (spike times in ms)");
    } else if (word == "noise") {
      input.kind = InputSpec::Kind::noise;
      if (field.find("mean")) input.amplitude = current("mean");
      input.deviation = read_value(field.need("deviation", "a number >= 0"),
                                   {.low = 0, .high = any_value.high, .unit = currents.unit}, each);
      if (const auto every = field.find("every"))
        input.every = every->number({.low = network().dt, .high = infinity, .unit = "ms"});
    } else {
      input.kind = InputSpec::Kind::current;
      input.amplitude = word == "steps" ? Value(1.0) : current("amplitude");
      if (word == "steps") input.profile = read_steps(field, currents);
      if (word == "sine") input.profile = read_sine(field);
    }
    if (const auto signal = field.find("signal")) {
      input.signal = signal->text("the name of a signal");
      if (const auto channel = field.find("channel"))
        input.channel = static_cast<std::uint32_t>(channel->whole(0, max_neurons));
      if (const auto peak = field.find("peak"))
        input.peak = peak->number({.low = 0, .high = infinity, .unit = {}, .above_low = true});
    }
    const Range times{.low = 0, .high = infinity, .unit = "ms"};
    if (const auto start = field.find("start")) input.start = start->number(times);
    if (const auto stop = field.find("stop")) {
      input.stop = stop->number(times);
      if (*input.stop <= input.start) {
        stop->reject(fmt::format("is not after start = {}", input.start), "a time after start (ms)");
      }
    }
    network().inputs.push_back(std::move(input));
  }

  void read_signal(const Field& field, const std::string& name) {
    const Names kinds = {"filtered_spikes", "steps", "pulses", "published", "task"};
    const std::string& word = field.need("kind", one_of(kinds)).word(kinds, {}, "kind of signal");
    SignalSpec signal;
    signal.name = name;
    Names keys = {"kind"};
    const auto allow = [&](const Names& more) { keys.insert(keys.end(), more.begin(), more.end()); };
    if (word != "published") allow({"baseline"});
    if (word == "filtered_spikes") allow({"source", "tau", "delay", "amplitude"});
    if (word == "steps") allow({"times", "values"});
    if (word == "pulses") allow({"times", "values", "tau"});
    if (word == "published") allow({"projection"});
    if (word == "task") allow({"width"});
    field.only(keys);
    if (const auto baseline = field.find("baseline")) signal.baseline = baseline->number(any_number);
    if (const auto tau = field.find("tau")) signal.tau = tau->number(any_time);
    if (word == "filtered_spikes") {
      signal.kind = SignalSpec::Kind::filtered_spikes;
      signal.source = read_selections(field.need("source", "a population such as \"reward\", or a list of them"));
      if (const auto delay = field.find("delay")) {
        signal.delay =
            read_value(*delay, any_time, {.count = {}, .each = "spike", .why_not = "a number or a distribution"});
        check_delay(*delay, signal.delay);
      }
      if (const auto amplitude = field.find("amplitude")) signal.amplitude = amplitude->number(any_number);
    } else if (word == "published") {
      signal.kind = SignalSpec::Kind::published;
      const char* const expected = "the name of a projection whose rule publishes a signal";
      signal.projection = field.need("projection", expected).text(expected);
    } else if (word == "task") {
      signal.kind = SignalSpec::Kind::task;
      if (const auto width = field.find("width"))
        signal.width = static_cast<std::uint32_t>(width->whole(1, max_neurons));
    } else {
      signal.pulses = word == "pulses";
      signal.times = read_table(field.need("times", "a list of times (ms)"), "a list of times (ms)");
      const Field values = field.need("values", "a list with one value, or one list of values, per time");
      if (values.is(TomlNode::Kind::list) && !values.node().items.empty()) {
        signal.width = 0;
        for (const TomlNode& item : values.node().items) {
          const std::vector<double>& row = values.at("", item).numbers("a list of numbers");
          if (signal.width == 0) signal.width = static_cast<std::uint32_t>(row.size());
          if (row.empty() || row.size() != signal.width)
            values.reject("has lists of different lengths", "one list per time, with one value per neuron each");
          signal.values.insert(signal.values.end(), row.begin(), row.end());
        }
      } else {
        signal.values = read_table(values, "a list with one value, or one list of values, per time");
        if (!signal.times.empty() && signal.values.size() % signal.times.size() == 0 && !signal.values.empty())
          signal.width = static_cast<std::uint32_t>(signal.values.size() / signal.times.size());
      }
    }
    network().signals.push_back(std::move(signal));
  }

  // A list of numbers, or { file, dataset }.
  static std::vector<double> read_table(const Field& field, const char* expected) {
    if (!field.is(TomlNode::Kind::table)) return field.numbers(expected);
    field.only({"file", "dataset"});
    return read_dataset(field);
  }

  // times, values, shape, period.
  Profile read_steps(const Field& field, const Range& values) const {
    Profile profile;
    profile.kind = Profile::Kind::steps;
    if (const auto shape = field.find("shape"); shape && shape->word({"steps", "ramps"}, {}, "shape") == "ramps")
      profile.kind = Profile::Kind::ramps;
    const char* const expected = "a list of times >= 0 (ms), each at least one tick later than the one before";
    const Field times = field.need("times", expected);
    profile.times = times.numbers(expected);
    if (profile.times.empty()) times.reject("is empty", expected);
    for (std::size_t i = 0; i < profile.times.size(); ++i) {
      const bool late = i == 0 ? profile.times[0] >= 0
                               : ms_to_tick_nearest(profile.times[i], experiment_.network.dt) >
                                     ms_to_tick_nearest(profile.times[i - 1], experiment_.network.dt);
      if (!late) times.reject(fmt::format("entry {} is {}", i, profile.times[i]), expected);
    }
    const Field list = field.need("values", "a list with one value per time");
    profile.values = list.numbers("a list with one value per time");
    check_entries(list, profile.values, values, {.count = profile.times.size(), .each = "time", .why_not = {}});
    if (const auto period = field.find("period")) {
      profile.period = period->number({.low = experiment_.network.dt, .high = infinity, .unit = "ms"});
      if (profile.times.back() >= profile.period)
        period->reject("is not longer than the last of times", fmt::format("more than {} (ms)", profile.times.back()));
    }
    return profile;
  }

  static Profile read_sine(const Field& field) {
    Profile profile;
    profile.kind = Profile::Kind::sine;
    const Range frequencies{.low = 0, .high = infinity, .unit = "Hz"};
    profile.frequency = field.need("frequency", frequencies.text()).number(frequencies);
    if (const auto phase = field.find("phase")) profile.phase = phase->number({.unit = "degrees"});
    return profile;
  }

  // What multiplies the rate of a Poisson input: { times, values, shape, period } or { offset, amplitude, frequency,
  // phase }.
  Profile read_rate_profile(const Field& field) const {
    field.need_table("{ times = [..], values = [..] } or { amplitude = .., frequency = .. }");
    if (!field.node().find("frequency")) {
      field.only({"times", "values", "shape", "period"});
      const Profile profile = read_steps(field, {.low = 0, .high = infinity, .unit = {}});
      if (!(profile.peak() > 0)) field.find("values")->reject("is never above 0", "a value > 0 among them");
      return profile;
    }
    field.only({"offset", "amplitude", "frequency", "phase"});
    Profile profile = read_sine(field);
    profile.offset = 1;
    if (const auto offset = field.find("offset")) profile.offset = offset->number();
    profile.amplitude = field.need("amplitude", "a number").number();
    if (!(profile.peak() > 0)) field.reject_table("is never above 0", "offset + amplitude > 0");
    return profile;
  }

  void read_projection(const Field& field, const std::string& name) {
    field.only({"source", "target", "connect", "weight", "delay", "velocity", "port", "plasticity"}, {"delay_site"});
    ProjectionSpec projection;
    projection.name = name;
    const char* populations = "a population such as \"E\", or a list of them";
    projection.source = read_selections(field.need("source", populations));
    projection.target = read_targets(field.need("target", populations));
    read_connect(field.need("connect", "{ rule = \"..\" }"), projection);

    Count each{.count = {},
               .each = "synapse",
               .why_not = "a number or a distribution; a value for each synapse needs connect rule \"list\""};
    if (const auto* const listed = projection.connect.as<List>()) each.count = listed->edges->source.size();
    // A file of edges may have them as columns.
    const auto find = [&field](const char* column, const Value& stored) {
      const auto found = field.find(column);
      if (found && std::holds_alternative<std::vector<double>>(stored))
        found->reject("is a column of the file of edges too", "one of the two");
      return found;
    };
    if (const auto weight = find("weight", projection.weight))
      projection.weight = read_value(*weight, any_number, each);
    if (const auto delay = find("delay", projection.delay)) {
      projection.delay = read_value(*delay, any_time, each);
      check_delay(*delay, projection.delay);
    } else if (network().dt > 1 && is_constant(projection.delay)) {  // the default of 1 ms
      field.need("delay", fmt::format("a delay of at least {} (ms)", network().dt));
    }
    if (const auto velocity = field.find("velocity")) {
      projection.velocity = velocity->number({.low = 0, .high = infinity, .unit = {}, .above_low = true});
    }
    if (const auto port = field.find("port")) projection.port = read_port(*port, projection.target);
    if (const auto plasticity = field.find("plasticity")) read_plasticity(*plasticity, projection);
    network().projections.push_back(std::move(projection));
  }

  void read_plasticity(const Field& field, ProjectionSpec& projection) {
    field.need_table("a table such as { rule = \"stdp_pair\", params = { w_max = 1.0 } }");
    field.only({"rule", "params", "signal", "signals", "post"});
    const RuleLibrary& library = *network().rules;
    Names names;
    for (const Rule& rule : library.rules()) names.push_back(rule.name);
    const Field named = field.need("rule", one_of(names));
    const std::string& chosen = named.text(one_of(names));
    if (!contains(names, chosen))
      named.reject("unknown rule", one_of(names) + ", or a rule of a library that --plugin or plugins names",
                   nearest(chosen, names));
    projection.plasticity.rule = chosen;
    const Rule& rule = *library.find(projection.plasticity.rule);
    if (const auto params = field.find("params")) {
      params->need_table("a table of parameters");
      Names known;
      for (const RuleParam& param : rule.params) known.push_back(param.name);
      params->only(known, {}, fmt::format("unknown parameter of {}", rule.name).c_str());
      const Count one{.count = {}, .each = "synapse", .why_not = "a number: it is the same for all synapses"};
      const Count per_target{.count = count(projection.target), .each = "target neuron", .why_not = {}};
      for (const RuleParam& param : rule.params)
        if (const auto value = params->find(param.name)) {
          if (!param.per_target && value->is(TomlNode::Kind::table)) value->reject_table("differs", one.why_not);
          projection.plasticity.params[param.name] = read_value(
              *value, {.low = param.low, .high = param.high, .unit = param.unit}, param.per_target ? per_target : one);
        }
    }
    if (const auto signal = field.find("signal")) {
      if (rule.signals.empty()) signal->reject("is not read by " + rule.name, "no signal");
      if (field.find("signals")) signal->reject("stands beside signals", "one of the two");
      projection.plasticity.signals[rule.signals.front().name] = signal->text("the name of a signal");
    }
    if (const auto signals = field.find("signals")) {
      signals->need_table("a table such as { dopamine = \"reward\" }: the rule's signals by their names here");
      for (const auto& [name, node] : signals->node().entries)
        projection.plasticity.signals[name] = signals->at(name, node).text("the name of a signal");
    }
    if (const auto post = field.find("post"))
      projection.plasticity.eager = post->word({"auto", "lazy", "eager"}, {}, "choice") == "eager";
  }

  // Sets projection.connect, and weight and delay where a file of edges has them.
  void read_connect(const Field& field, ProjectionSpec& projection) const {
    field.need_table("a table such as { rule = \"fixed_indegree\", indegree = 100 }");
    Names names;
    for (const auto& rule : connect_rules()) names.emplace_back(rule->name());
    const Field rule = field.need("rule", one_of(names));
    if (rule.is(TomlNode::Kind::text) && rule.node().text == "erdos_renyi")
      rule.reject("has two meanings", "bernoulli (a probability), or fixed_total with multapses = false (a number)");
    const std::string& word = rule.word(names, {"rmat"}, "rule");
    const auto at = std::find(names.begin(), names.end(), word) - names.begin();
    const std::shared_ptr<ConnectRule> chosen = connect_rules()[static_cast<std::size_t>(at)]->clone();
    const std::vector<KindField> fields = chosen->fields();
    Names known = keys_of(fields);
    known.insert(known.begin(), "rule");
    field.only(known);
    const std::uint64_t sources = count(projection.source), targets = count(projection.target);
    read_fields(field, fields, {.count = targets, .each = "target neuron", .why_not = {}});
    projection.connect = Connect(chosen);
    if (projection.connect.as<List>() != nullptr) read_edges(field, sources, targets, projection);
  }

  void read_edges(const Field& connect, std::uint64_t sources, std::uint64_t targets,
                  ProjectionSpec& projection) const {
    const auto file = connect.find("file");
    if (!file) {
      projection.connect = List{std::make_shared<const EdgeList>(listed_edges(connect, sources, targets))};
      return;
    }
    const std::string path = file->path();
    StoredEdges stored;
    try {
      if (connect.find("source") || connect.find("target")) {
        const char* const expected = "the path of a dataset in the file";
        stored = read_edge_h5(path, connect.need("source", expected).text(expected),
                              connect.need("target", expected).text(expected), sources, targets);
      } else if (std::filesystem::path(path).extension() == ".csv") {
        stored = read_edge_csv(path, sources, targets);
      } else {
        file->reject("is no CSV file", "a file *.csv, or source and target with the paths of datasets of an HDF5 file");
      }
    } catch (const UserError& error) {
      Complaint c = error.complaint();
      if (c.file == file->node().place()) throw;
      if (!c.value.empty()) c.value = " = " + c.value;
      file->reject(fmt::format("{}{}{}{}: {}", c.file, c.key.empty() ? "" : ": ", c.key, c.value, c.problem),
                   c.expected);
    }
    projection.connect = List{std::make_shared<const EdgeList>(std::move(stored.edges))};
    if (stored.weight) projection.weight = std::move(*stored.weight);
    if (stored.delay) {
      projection.delay = std::move(*stored.delay);
      check_delay(*file, projection.delay);
    }
  }

  static EdgeList listed_edges(const Field& connect, std::uint64_t sources, std::uint64_t targets) {
    const auto read = [&connect](const char* name, std::uint64_t size) {
      const std::string expected = fmt::format("whole numbers from 0 to {}, one per edge", size - 1);
      const Field field = connect.need(name, expected);
      std::vector<std::uint32_t> ids;
      const std::vector<double>& numbers = field.numbers(expected);
      ids.reserve(numbers.size());
      for (std::size_t i = 0; i < numbers.size(); ++i) {
        const double number = numbers[i];
        if (!(number >= 0 && number < static_cast<double>(size) && number == std::floor(number))) {
          field.reject(fmt::format("entry {} is {}", i, number), expected);
        }
        ids.push_back(static_cast<std::uint32_t>(number));
      }
      return ids;
    };
    EdgeList edges{.source = read("source", sources), .target = read("target", targets)};
    if (edges.source.size() != edges.target.size()) {
      connect.find("target")->reject(
          fmt::format("has {} entries, and source has {}", edges.target.size(), edges.source.size()),
          "one target per source");
    }
    return edges;
  }

  void note_places(const Field& table) {
    for (const auto& [name, node] : table.node().entries) {
      const Field field = table.at(name, node);
      experiment_.places[field.key()] = node.place();
      // Trains, values, positions and edges from other files belong to the experiment: a run that is resumed must find
      // them as they were.
      if (name == "file" && node.kind == TomlNode::Kind::text && !field.key().starts_with("task"))
        if (std::string path = field.path(); !contains(experiment_.files, path))
          experiment_.files.push_back(std::move(path));
      if (node.kind == TomlNode::Kind::table) note_places(field);
    }
  }

  TomlDocument document_;
  Field root_;  // of document_
  std::vector<std::string> plugins_;
  Experiment experiment_;
  mutable std::map<std::string, std::size_t> index_;  // of populations by name, as far as they were asked for
  PopulationSpec::Update update_ = PopulationSpec::Update::automatic;  // of populations that do not say
};

[[noreturn]] void reject_selection(const std::string& text, std::string problem) {
  throw ExperimentError({.value = '"' + text + '"',
                         .problem = std::move(problem),
                         .expected = "\"E\", \"E[begin:end]\" or \"E[begin:end:step]\""});
}

}  // namespace

Selection parse_selection(const std::string& text) {
  Selection selection;
  const std::size_t bracket = text.find('[');
  selection.population = text.substr(0, bracket);
  if (bracket == std::string::npos) {
    if (!is_name(text)) reject_selection(text, "is no population");
    return selection;
  }
  if (!is_name(selection.population) || text.back() != ']')
    reject_selection(text, "is no population and no part of one");

  // Up to three numbers between colons, each of which may be left out.
  const std::string inner = text.substr(bracket + 1, text.size() - bracket - 2);
  std::vector<std::optional<std::uint32_t>> parts(1);
  for (std::size_t i = 0; i < inner.size();) {
    if (inner[i] == ':') {
      parts.emplace_back();
      ++i;
      continue;
    }
    std::uint32_t number = 0;
    const auto [rest, error] = std::from_chars(inner.data() + i, inner.data() + inner.size(), number);
    const bool out_of_range = error == std::errc::result_out_of_range;
    if (out_of_range) reject_selection(text, "holds a number that is too large");
    if (error != std::errc() || parts.back()) reject_selection(text, "is no slice");
    parts.back() = number;
    i = static_cast<std::size_t>(rest - inner.data());
  }
  if (parts.size() < 2 || parts.size() > 3) reject_selection(text, "is no slice");
  selection.begin = parts[0].value_or(0);
  selection.end = parts[1];
  if (parts.size() == 3) selection.step = parts[2].value_or(1);
  if (selection.step == 0) reject_selection(text, "has a step of 0");
  return selection;
}

std::string Experiment::place(const std::string& key) const {
  std::string around = key;
  while (!around.empty()) {
    if (const auto found = places.find(around); found != places.end()) return found->second;
    const std::size_t dot = around.rfind('.');
    around = dot == std::string::npos ? std::string() : around.substr(0, dot);
  }
  return path;
}

void add_input(Experiment& experiment, const std::string& name, const TomlNode& table) {
  experiment = ExperimentReader(std::move(experiment)).add_input(name, table);
}

Complaint locate(Complaint complaint, const Experiment& experiment) {
  if (complaint.file.empty()) complaint.file = experiment.place(complaint.key);
  return complaint;
}

Experiment parse_experiment(const std::string& path, const std::vector<std::string>& overrides,
                            const std::vector<std::string>& plugins) {
  return ExperimentReader(path, overrides, plugins).read();
}

}  // namespace rheo
