// The module rheo._rheo: what rheo/__init__.py makes the Python package of. Thin: values go in as tables of the
// experiment file, arrays come out as copies, and everything between is the library's.
#include <fmt/format.h>
#include <pybind11/functional.h>
#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>
#include <sys/types.h>
#include <unistd.h>

#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "apps/command/command_line.hpp"
#include "apps/command/commands.hpp"
#include "apps/command/vocabulary.hpp"
#include "apps/python/values.hpp"
#include "apps/report/report.hpp"
#include "apps/session/exit_codes.hpp"
#include "apps/session/experiment.hpp"
#include "apps/session/progress.hpp"
#include "apps/session/run.hpp"
#include "apps/session/run_directory.hpp"
#include "apps/session/session.hpp"
#include "apps/sweep/choice.hpp"
#include "apps/sweep/sweep.hpp"
#include "core/time.hpp"
#include "core/version.hpp"
#include "io/experiment/builder.hpp"
#include "io/sweep/sweep.hpp"
#include "plasticity/library.hpp"

namespace py = pybind11;

namespace rheo {

namespace {

// ---- errors

struct ErrorTypes {
  PyObject *base, *experiment, *recording, *state, *numerical;
};

ErrorTypes& error_types() {
  static ErrorTypes types;
  return types;
}

PyObject* type_of(const UserError& error) {
  const ErrorTypes& types = error_types();
  if (dynamic_cast<const RecordingError*>(&error) != nullptr) return types.recording;
  if (dynamic_cast<const StateError*>(&error) != nullptr) return types.state;
  if (dynamic_cast<const NumericalError*>(&error) != nullptr) return types.numerical;
  return types.experiment;
}

void raise(const UserError& error) {
  PyObject* const type = type_of(error);
  const Complaint& c = error.complaint();
  const py::object made = py::reinterpret_borrow<py::object>(type)(error.what());
  const std::pair<const char*, const std::string*> fields[] = {
      {"file", &c.file},       {"key", &c.key},           {"value", &c.value},
      {"problem", &c.problem}, {"expected", &c.expected}, {"suggestion", &c.suggestion}};
  for (const auto& [name, text] : fields) made.attr(name) = *text;
  PyErr_SetObject(type, made.ptr());
}

void add_errors(py::module_& m) {
  ErrorTypes& types = error_types();
  const auto make = [&](const char* name, const char* doc, PyObject* base) {
    PyObject* const type = PyErr_NewExceptionWithDoc(fmt::format("rheo.{}", name).c_str(), doc, base, nullptr);
    if (type == nullptr) throw py::error_already_set();
    m.add_object(name, type);
    return type;
  };
  types.base =
      make("Error",
           "What was asked for cannot be done. Attributes file, key, value, problem, expected and suggestion are "
           "texts, empty where they say nothing.",
           PyExc_Exception);
  types.experiment = make("ExperimentError", "A network or what is asked of it is described wrongly.", types.base);
  types.recording = make("RecordingError", "A file of results cannot be written or read.", types.base);
  types.state = make("StateError", "A saved state is of another network, or damaged.", types.base);
  types.numerical = make("NumericalError", "A state or weight left the finite numbers while running.", types.base);
  py::register_exception_translator([](std::exception_ptr thrown) {
    try {
      if (thrown) std::rethrow_exception(thrown);
    } catch (const UserError& error) {
      raise(error);
    }
  });
}

// ---- arrays

template <class To, class From>
py::array_t<To> array_of(const std::vector<From>& values) {
  py::array_t<To> array(static_cast<py::ssize_t>(values.size()));
  std::copy(values.begin(), values.end(), array.mutable_data());
  return array;
}

// Numbers of any real type, as a copy of double.
std::vector<double> numbers_of(py::handle value, const std::string& key) {
  TomlNode node = node_of(value, key);
  if (node.kind == TomlNode::Kind::integer) return {static_cast<double>(node.integer)};
  if (node.kind == TomlNode::Kind::real) return {node.real};
  if (node.kind != TomlNode::Kind::numbers && !(node.kind == TomlNode::Kind::list && node.items.empty()))
    reject<ExperimentError>(
        {.key = key, .value = node.written(), .problem = "is " + node.what(), .expected = "numbers"});
  return std::move(node.numbers);
}

// ---- a simulation

// A process that is forked has none of the threads that its parent computed with, and would wait for them without end.
void check_process() {
  static const pid_t first = ::getpid();  // that computes
  if (::getpid() != first)
    reject<ExperimentError>({.key = "fork",
                             .problem = "this process was forked from one that has built a network",
                             .expected = "multiprocessing with \"spawn\", or a fork before the first build"});
}

// A session that Python holds: one thread at a time, until it is closed.
class Simulation {
 public:
  Simulation(const ExperimentBuilder& builder, unsigned threads) {
    check_process();
    const py::gil_scoped_release released;
    session_ = std::make_unique<Session>(builder.experiment(), threads);
  }

  // The session, for as long as it is in use.
  class Use {
   public:
    explicit Use(Simulation& of) : of_(of) {
      check_process();
      if (of.busy_.exchange(true))
        throw py::value_error("the simulation is in use by another thread or by its own call");
      if (of.session_) return;
      of.busy_ = false;
      throw py::value_error("the simulation is closed");
    }
    ~Use() { of_.busy_ = false; }
    Use(const Use&) = delete;
    Use& operator=(const Use&) = delete;
    Session* operator->() const { return of_.session_.get(); }
    Session& operator*() const { return *of_.session_; }

   private:
    Simulation& of_;
  };
  Use use() { return Use(*this); }
  void close() {
    if (busy_) throw py::value_error("the simulation is in use");
    session_.reset();
  }
  bool closed() const { return session_ == nullptr; }

 private:
  std::unique_ptr<Session> session_;
  std::atomic<bool> busy_ = false;
};

std::vector<Selection> selections_of(py::handle value, const std::string& key) {
  TomlNode node = node_of(value, key);
  std::vector<TomlNode> items;
  if (node.kind == TomlNode::Kind::text)
    items.push_back(std::move(node));
  else
    items = std::move(node.items);
  std::vector<Selection> selections;
  for (const TomlNode& item : items) {
    if (item.kind != TomlNode::Kind::text)
      reject<ExperimentError>(
          {.key = key, .value = item.written(), .problem = "is " + item.what(), .expected = "a population"});
    selections.push_back(within(key, [&] { return parse_selection(item.text); }));
  }
  if (selections.empty())
    reject<ExperimentError>({.key = key, .problem = "selects nothing", .expected = "a population, or a list of them"});
  return selections;
}

// Returns whether it came to the end. shown: called several times a second, may raise.
bool run(Simulation& simulation, double ms, const py::object& shown) {
  const Simulation::Use session = simulation.use();
  const py::gil_scoped_release released;
  return session->run(ms, [&] {
    const py::gil_scoped_acquire held;
    if (PyErr_CheckSignals() != 0) throw py::error_already_set();
    if (!shown.is_none()) shown(session->now());
    return false;
  });
}

py::tuple spikes(Simulation& simulation, const std::string& population) {
  const Simulation::Use session = simulation.use();
  const SpikeMemory::Train& train = session->spikes(population);
  py::array_t<double> times(static_cast<py::ssize_t>(train.ticks.size()));
  double* const to = times.mutable_data();
  const TickLength length = TickLength::of(session->dt());
  for (std::size_t i = 0; i < train.ticks.size(); ++i) to[i] = length.ms(train.ticks[i]);
  return py::make_tuple(times, array_of<std::int64_t>(train.neurons));
}

py::dict recorded_states(Simulation& simulation, std::size_t recording) {
  const Simulation::Use session = simulation.use();
  const StateMemory& states = session->states(recording);
  py::array_t<double> times(static_cast<py::ssize_t>(states.rows()));
  for (std::size_t row = 0; row < states.rows(); ++row)
    times.mutable_data()[row] = tick_to_ms(states.tick(row), session->dt());
  py::dict all;
  all["time"] = times;
  for (std::size_t v = 0; v < states.what().variables.size(); ++v) {
    py::array_t<double> values({states.rows(), states.width()});
    std::copy(states.values(v).begin(), states.values(v).end(), values.mutable_data());
    all[states.what().variables[v].c_str()] = values;
  }
  return all;
}

std::size_t record_states(Simulation& simulation, py::handle neurons, const std::vector<std::string>& variables,
                          std::optional<double> every, std::optional<double> start, std::optional<double> stop) {
  StateRequest request;
  request.name = "states";
  request.population = selections_of(neurons, "record.states.population");
  request.variables = variables;
  request.every = every;
  request.start = start;
  request.stop = stop;
  const Simulation::Use session = simulation.use();
  return session->record_states(request);
}

void set_state(Simulation& simulation, py::handle neurons, const std::string& variable, py::handle values) {
  const std::vector<Selection> all = selections_of(neurons, "population");
  if (all.size() != 1)
    reject<ExperimentError>({.key = "population",
                             .value = fmt::format("a list of {}", all.size()),
                             .problem = "is more than one selection",
                             .expected = "a population, or a part of one"});
  const std::string& population = all.front().population;
  std::vector<double> numbers = numbers_of(values, population + '.' + variable);
  const Simulation::Use session = simulation.use();
  const PopulationIndex index(session->experiment().network.populations);
  const NeuronRange range = within("population", [&] { return index.resolve(all.front()).second; });
  std::vector<std::uint32_t> which;
  for (std::size_t n = range.begin; n < range.end; n += range.step) which.push_back(static_cast<std::uint32_t>(n));
  if (numbers.size() == 1) numbers.resize(which.size(), numbers[0]);
  session->set_state(population, variable, which, numbers);
}

py::dict synapses(Simulation& simulation, const std::string& projection) {
  const Simulation::Use session = simulation.use();
  SynapseTable table;
  {
    const py::gil_scoped_release released;
    table = session->synapses(projection);
  }
  py::dict all;
  all["source"] = array_of<std::int64_t>(table.source);
  all["target"] = array_of<std::int64_t>(table.target);
  all["source_population"] = array_of<std::int64_t>(table.source_population);
  all["target_population"] = array_of<std::int64_t>(table.target_population);
  all["weight"] = array_of<double>(table.weight);
  all["delay"] = array_of<double>(table.delay);
  for (const auto& [name, values] : table.columns) all[name.c_str()] = array_of<double>(values);
  return all;
}

// ---- whole experiments

// "key=value" as --set has it.
std::vector<std::string> overrides_of(const py::dict& settings) {
  std::vector<std::string> all;
  for (const auto& [key, value] : settings)
    all.push_back(fmt::format("{}={}", key.cast<std::string>(), toml_text(node_of(value, key.cast<std::string>()))));
  return all;
}

// The directory of the results; nothing where it was interrupted.
std::optional<std::string> run_file(const std::string& file, const py::dict& settings, const std::string& out,
                                    unsigned threads, std::optional<std::uint64_t> seed, bool overwrite, bool quiet,
                                    const std::vector<std::string>& plugins) {
  check_process();
  RunOptions options;
  options.file = file;
  options.overrides = overrides_of(settings);
  options.out = out;
  options.threads = threads;
  options.seed = seed;
  options.overwrite = overwrite;
  options.quiet = quiet;
  options.plugins = plugins;
  const py::gil_scoped_release released;
  if (options.out.empty()) options.out = output_directory(options, open_experiment(file, options.overrides, plugins));
  if (run_experiment(options) == exit_interrupted) return {};
  return options.out.string();
}

// What --json prints, as text.
std::string validate(const std::string& file, const py::dict& settings, const std::vector<std::string>& plugins) {
  const ValidateOptions options{file, overrides_of(settings), plugins};
  const py::gil_scoped_release released;
  return json_text(validate_experiment(options).json);
}

std::string inspect(const std::string& file, const py::dict& settings, const std::vector<std::string>& plugins,
                    bool graph, std::uint32_t samples, unsigned threads) {
  check_process();
  const InspectOptions options{file, overrides_of(settings), plugins, {}, graph, samples, threads};
  const py::gil_scoped_release released;
  return json_text(inspect_network(options).json);
}

py::dict table_of_sweep(const std::string& directory) {
  py::dict all;
  for (const SweepColumn& column : sweep_table(SweepFolder(directory))) {
    py::object rows = py::cast(column.rows);
    all[column.name.c_str()] = rows;
  }
  return all;
}

// Where the results of a sweep go. Throws what is wrong with its file; with its points, too, which takes seconds.
std::string begin_sweep(const std::string& file, const py::dict& settings, const std::vector<std::string>& plugins,
                        bool points) {
  SweepOptions options;
  options.file = file;
  const std::vector<std::string> overrides = overrides_of(settings);
  const py::gil_scoped_release released;
  const Sweep sweep = open_sweep(file, overrides, plugins);
  if (points) sweep.check(10);
  return sweep_directory(options).string();
}

void add_commands(py::module_& m) {
  m.def("vocabulary", [](const std::vector<std::string>& plugins) {
    RuleLibrary library;
    for (const std::string& plugin : plugins) library.load(plugin, {"."});
    return json_text(vocabulary(library));
  });
  m.def("page", [](const std::string& model, const std::string& rule, const std::vector<std::string>& plugins) {
    return tell_of_models({model, rule, {}, {}, plugins}).text;
  });
  m.def("validate", &validate);
  m.def("inspect", &inspect);
  m.def("begin_sweep", &begin_sweep);
  m.def("overrides", &overrides_of);
  m.def("sweep_table", &table_of_sweep);
  m.def("sweep_status", [](const std::string& directory) { return json_text(sweep_status(SweepFolder(directory))); });
  m.def("command", [](std::vector<std::string> words, std::vector<std::string> program) {
    const py::gil_scoped_release released;
    set_own_program(std::move(program));
    return run_rheo(std::move(words));
  });
  m.def("run_file", &run_file);
  m.def("report", [](const std::string& directory, const std::string& page) {
    const py::gil_scoped_release released;
    write_report({.directory = directory, .out = page, .pictures = {}});
  });
}

void add_builder(py::module_& m) {
  py::class_<ExperimentBuilder>(m, "Builder")
      .def(py::init([](const py::dict& simulation, const std::vector<std::string>& plugins) {
        return ExperimentBuilder(node_of(simulation, "simulation"), plugins);
      }))
      .def_static("load",
                  [](const std::string& file, const py::dict& settings, const std::vector<std::string>& plugins) {
                    return ExperimentBuilder(open_experiment(file, overrides_of(settings), plugins));
                  })
      .def("add", [](ExperimentBuilder& self, const std::string& section, const std::string& name,
                     const py::dict& table) { self.add(section, name, node_of(table, section + '.' + name)); })
      .def("warnings", [](const ExperimentBuilder& self) { return self.experiment().warnings; })
      .def("populations", [](const ExperimentBuilder& self) {
        std::vector<std::tuple<std::string, std::string, std::uint32_t>> all;
        for (const PopulationSpec& one : self.experiment().network.populations)
          all.emplace_back(one.name, one.model, one.size);
        return all;
      });
}

// What a simulation says and is told of its signals, rules and states.
void add_state(py::class_<Simulation>& simulation) {
  simulation
      .def("signal", [](Simulation& self,
                        const std::string& name) { return array_of<double>(self.use()->network().signal(name)); })
      .def("set_signal",
           [](Simulation& self, const std::string& name, py::handle values, bool pulse) {
             const std::vector<double> numbers = numbers_of(values, "signals." + name);
             self.use()->network().set_signal(name, numbers, pulse);
           })
      .def("learn", [](Simulation& self, const std::string& projection,
                       bool learns) { self.use()->network().learn(projection, learns); })
      .def("save",
           [](Simulation& self) {
             const std::vector<std::byte> state = self.use()->save();
             return py::bytes(reinterpret_cast<const char*>(state.data()), state.size());
           })
      .def("load",
           [](Simulation& self, const py::bytes& state) {
             const std::string_view bytes = state;
             self.use()->load(std::as_bytes(std::span(bytes.data(), bytes.size())));
           })
      .def("save_checkpoint", [](Simulation& self, const std::string& file) { self.use()->save_checkpoint(file); })
      .def("load_checkpoint", [](Simulation& self, const std::string& file) { self.use()->load_checkpoint(file); });
}

py::dict scores_of(Simulation& self) {
  py::dict scores;
  for (const auto& [name, value] : self.use()->results().scores)
    scores[py::str(name)] = value ? py::object(py::float_(*value)) : py::none();
  return scores;
}

void add_simulation(py::module_& m) {
  py::class_<Simulation> simulation(m, "Simulation");
  add_state(simulation);
  simulation.def(py::init<const ExperimentBuilder&, unsigned>())
      .def("close", &Simulation::close)
      .def("closed", &Simulation::closed)
      .def("now", [](Simulation& self) { return self.use()->now(); })
      .def("dt", [](Simulation& self) { return self.use()->dt(); })
      .def("left", [](Simulation& self) { return self.use()->left(); })
      .def("scores", scores_of)
      .def("run", &run)
      .def("record_spikes",
           [](Simulation& self, py::handle neurons) {
             const std::vector<Selection> all = selections_of(neurons, "record.spikes.populations");
             self.use()->record_spikes(all);
           })
      .def("record_states", &record_states)
      .def("spikes", &spikes)
      .def("recorded_populations", [](Simulation& self) { return self.use()->recorded_populations(); })
      .def("clear_spikes", [](Simulation& self) { self.use()->clear_spikes(); })
      .def("recorded_states", &recorded_states)
      .def("state",
           [](Simulation& self, const std::string& population, const std::string& variable) {
             return array_of<double>(self.use()->state(population, variable));
           })
      .def("set_state", &set_state)
      .def("change",
           [](Simulation& self, const std::string& section, const std::string& name, const py::dict& settings) {
             const TomlNode table = node_of(settings, section + '.' + name);
             self.use()->change(section, name, table);
           })
      .def("stopped", [](Simulation& self) { return self.use()->stopped(); })
      .def("changes", [](Simulation& self) { return self.use()->changes(); })
      .def("synapses", &synapses)
      .def("write",
           [](Simulation& self, const std::string& directory) {
             const Simulation::Use session = self.use();
             const py::gil_scoped_release released;
             session->write(directory);
           })
      .def("to_sonata",
           [](Simulation& self, const std::string& directory, double duration) {
             const Simulation::Use session = self.use();
             if (session->now() != 0)
               reject<ExperimentError>({.value = fmt::format("{} ms", session->now()),
                                        .problem = "has run, and SONATA files have no place for states",
                                        .expected = "a simulation as it was built"});
             const py::gil_scoped_release released;
             Experiment experiment = session->experiment();
             experiment.ticks = whole_ticks(duration, session->dt(), 1, "duration");
             experiment.duration = tick_to_ms(experiment.ticks, session->dt());
             export_network(
                 experiment, [&]() -> Network& { return session->network(); }, directory);
           })
      .def("projections", [](Simulation& self) {
        std::vector<std::pair<std::string, std::uint64_t>> all;
        for (const ProjectionInfo& one : self.use()->network().projections()) all.emplace_back(one.name, one.synapses);
        return all;
      });
}

}  // namespace

PYBIND11_MODULE(_rheo, m) {
  m.attr("__version__") = version;
  add_errors(m);
  add_builder(m);
  add_simulation(m);
  add_commands(m);
  m.def("progress_text", [](double done, double total, double wall, int width) {
    return progress_text(ProgressState{.done = done, .total = total, .wall = wall}, width);
  });
}

}  // namespace rheo
