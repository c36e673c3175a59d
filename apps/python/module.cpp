// The module rheo._rheo: what rheo/__init__.py makes the Python package of. Thin: values go in as tables of the
// experiment file, arrays come out as copies, and everything between is the library's.
#include <fmt/format.h>
#include <pybind11/functional.h>
#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <atomic>
#include <cmath>
#include <memory>
#include <numeric>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "apps/python/values.hpp"
#include "apps/session/exit_codes.hpp"
#include "apps/session/experiment.hpp"
#include "apps/session/progress.hpp"
#include "apps/session/run.hpp"
#include "apps/session/run_directory.hpp"
#include "apps/session/session.hpp"
#include "core/time.hpp"
#include "core/version.hpp"
#include "io/experiment/builder.hpp"
#include "networks/connect/rules.hpp"
#include "networks/description/kind.hpp"
#include "networks/description/values.hpp"
#include "networks/inputs/kinds.hpp"
#include "networks/signals/kinds.hpp"
#include "neurons/catalogue.hpp"
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

// A session that Python holds: one thread at a time, until it is closed.
class Simulation {
 public:
  Simulation(const ExperimentBuilder& builder, unsigned threads) {
    const py::gil_scoped_release released;
    session_ = std::make_unique<Session>(builder.experiment(), threads);
  }

  // The session, for as long as it is in use.
  class Use {
   public:
    explicit Use(Simulation& of) : of_(of) {
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

void set_weights(Simulation& simulation, const std::string& projection, py::handle synapses, py::handle weights) {
  const std::string key = "projections." + projection + ".weight";
  const auto as_index = [&](double x) {
    if (!(x >= 0 && x < 9e15 && x == std::floor(x)))
      reject<ExperimentError>(
          {.key = key, .value = fmt::format("{}", x), .problem = "is no synapse", .expected = "a number >= 0"});
    return static_cast<std::uint64_t>(x);
  };
  std::vector<std::uint64_t> which;
  std::vector<double> numbers = numbers_of(weights, key);
  const Simulation::Use session = simulation.use();
  if (synapses.is_none()) {
    which.resize(session->count_synapses(projection));
    std::iota(which.begin(), which.end(), std::uint64_t{0});
  } else {
    for (const double x : numbers_of(synapses, key)) which.push_back(as_index(x));
  }
  if (numbers.size() == 1) numbers.resize(which.size(), numbers[0]);
  session->set_weights(projection, which, numbers);
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

// ---- descriptions

py::list described(const std::vector<KindField>& fields) {
  py::list all;
  for (const KindField& field : fields) {
    py::dict one;
    one["name"] = field.name;
    one["unit"] = field.unit;
    one["meaning"] = field.meaning;
    one["initial"] = initial_text(field);
    one["allowed"] = allowed_text(field);
    one["needed"] = field.needed;
    all.append(one);
  }
  return all;
}

py::dict kind_of(std::string_view name, std::string_view summary, std::string_view source, py::list fields) {
  py::dict one;
  one["name"] = std::string(name);
  one["summary"] = std::string(summary);
  one["source"] = std::string(source);
  one["fields"] = std::move(fields);
  return one;
}

template <class Kind>
py::list kinds_of(const std::vector<std::unique_ptr<const Kind>>& kinds) {
  py::list all;
  for (const auto& kind : kinds)
    all.append(kind_of(kind->name(), kind->summary(), kind->source(), described(kind->clone()->fields())));
  return all;
}

template <class Any>
py::list kinds_of(std::vector<Any> kinds) {
  py::list all;
  for (Any& any : kinds)
    std::visit([&](auto& kind) { all.append(kind_of(kind.name, kind.summary, {}, described(fields_of(kind)))); }, any);
  return all;
}

py::list infos(const std::vector<FieldInfo>& fields) {
  py::list all;
  for (const FieldInfo& field : fields) {
    py::dict one;
    one["name"] = field.name;
    one["unit"] = field.unit;
    one["meaning"] = field.meaning;
    one["initial"] = field.initial;
    one["low"] = field.low;
    one["high"] = field.high;
    all.append(one);
  }
  return all;
}

py::list models() {
  py::list all;
  for (const ModelInfo& model : neuron_models()) {
    py::dict one = kind_of(model.name, model.summary, model.source, infos(model.params));
    one["equation"] = model.equation;
    one["variables"] = infos(model.columns);
    py::list ports;
    for (const PortInfo& port : model.ports) ports.append(port.name);
    one["ports"] = ports;
    py::dict options;
    for (const OptionInfo& option : model.options) options[option.name.c_str()] = option.choices;
    one["options"] = options;
    all.append(one);
  }
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

void add_simulation(py::module_& m) {
  py::class_<Simulation> simulation(m, "Simulation");
  add_state(simulation);
  simulation.def(py::init<const ExperimentBuilder&, unsigned>())
      .def("close", &Simulation::close)
      .def("closed", &Simulation::closed)
      .def("now", [](Simulation& self) { return self.use()->now(); })
      .def("dt", [](Simulation& self) { return self.use()->dt(); })
      .def("left", [](Simulation& self) { return self.use()->left(); })
      .def("run", &run)
      .def("record_spikes",
           [](Simulation& self, py::handle neurons) {
             const std::vector<Selection> all = selections_of(neurons, "record.spikes.populations");
             self.use()->record_spikes(all);
           })
      .def("record_states", &record_states)
      .def("spikes", &spikes)
      .def("clear_spikes", [](Simulation& self) { self.use()->clear_spikes(); })
      .def("recorded_states", &recorded_states)
      .def("state",
           [](Simulation& self, const std::string& population, const std::string& variable) {
             return array_of<double>(self.use()->state(population, variable));
           })
      .def("set_state", &set_state)
      .def("change_input",
           [](Simulation& self, const std::string& name, const py::dict& settings) {
             const TomlNode table = node_of(settings, "inputs." + name);
             self.use()->change_input(name, table);
           })
      .def("change_params",
           [](Simulation& self, const std::string& population, const py::dict& params) {
             const TomlNode table = node_of(params, "populations." + population + ".params");
             self.use()->change_params(population, table);
           })
      .def("changes", [](Simulation& self) { return self.use()->changes(); })
      .def("synapses", &synapses)
      .def("set_weights", &set_weights)
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
  m.def("models", &models);
  m.def("distributions", [] { return kinds_of(distributions()); });
  m.def("pair_values", [] { return kinds_of(pair_values()); });
  m.def("connect_rules", [] { return kinds_of(connect_rules()); });
  m.def("input_kinds", [] { return kinds_of(input_kinds()); });
  m.def("signal_kinds", [] { return kinds_of(signal_kinds()); });
  m.def("run_file", &run_file);
  m.def("progress_text", [](double done, double total, double wall, int width) {
    return progress_text(ProgressState{.done = done, .total = total, .wall = wall}, width);
  });
}

}  // namespace rheo
