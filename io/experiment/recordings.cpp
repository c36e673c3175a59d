#include <fmt/format.h>

#include <iterator>
#include <map>

#include "core/time.hpp"
#include "io/experiment/field.hpp"
#include "io/files/run_files.hpp"
#include "neurons/catalogue.hpp"

namespace rheo::experiment_file {

namespace {

class RecordingReader {
 public:
  RecordingReader(const std::function<std::vector<Selection>(const Field&)>& selections, Experiment& experiment)
      : read_selections_(selections), experiment_(experiment) {}

  void read(const Field& record) {
    record.need_table();
    for (const auto& [name, node] : record.node().entries) {
      const Field field = record.at(name, node);
      if (name == "spikes") {
        read_spikes(field);
      } else if (node.find("projection")) {
        read_weights(field, name);
      } else if (node.find("population") || node.find("variables") || node.find("every")) {
        read_states(field, name);
      } else {
        field.reject_table("records neither states nor weights",
                           "population and variables, or projection; or the table record.spikes");
      }
    }
  }

 private:
  void read_spikes(const Field& field) {
    field.need_table("a table with populations");
    field.only({"populations", "phases"});
    RecordSpikes& record = experiment_.record;
    record.present = true;
    std::vector<Selection> asked;
    if (const auto populations = field.find("populations")) {
      asked = read_selections_(*populations);
    } else {
      for (const PopulationSpec& population : experiment_.network.populations) {
        asked.push_back({.population = population.name, .begin = 0, .end = {}, .step = 1});
      }
    }
    std::map<std::string, std::size_t> order;
    for (const PopulationSpec& population : experiment_.network.populations)
      order.emplace(population.name, order.size());
    record.populations = std::move(asked);
    std::stable_sort(record.populations.begin(), record.populations.end(), [&](const Selection& a, const Selection& b) {
      return order.at(a.population) < order.at(b.population);
    });
    for (const Phase& phase : read_phase_names(field)) record.spans.push_back(phase);
  }

  void read_states(const Field& field, const std::string& name) {
    check_name(field, name);
    field.only({"population", "variables", "every", "start", "stop", "phases", "compress"});
    RecordStates report;
    report.name = name;
    report.compress = read_compress(field);
    report.cells = read_selections_(field.need("population", "a population such as \"E[0:5]\", or a list of them"));
    const Field variables = field.need("variables", "a list of variables such as [\"V_m\"]");
    const auto add = [&](const Field& variable) {
      const std::string& text = variable.text("the name of a variable such as \"V_m\"");
      for (const Selection& cells : report.cells) {
        Names known;
        for (const FieldInfo& column : model_of(cells).columns) known.push_back(column.name);
        if (known.empty())
          variables.reject(fmt::format("{} is a {}, which has no state", cells.population, model_of(cells).name));
        if (!contains(known, text))
          variable.reject(fmt::format("unknown variable of {}", model_of(cells).name), one_of(known),
                          nearest(text, known));
      }
      if (contains(report.variables, text)) variable.reject("is named twice");
      report.variables.push_back(text);
    };
    each_name(variables, "a list of variables such as [\"V_m\"]", add);
    report.times.every = 1;
    if (const auto every = field.find("every")) report.times.every = ticks(*every, 1);
    // A report has one beginning and one step: each phase is one of its own.
    if (const std::vector<Phase> phases = read_phase_names(field); !phases.empty()) {
      for (const Phase& phase : phases) {
        report.name = name + "_" + phase.name;
        report.times.first = phase.begin;
        report.times.end = phase.end;
        add_report(field, name, report);
      }
      return;
    }
    report.times.first = experiment_.begin;
    report.times.end = experiment_.end();
    if (const auto start = field.find("start")) report.times.first = read_start(*start);
    if (const auto stop = field.find("stop")) {
      report.times.end = ticks(*stop, 0);
      if (report.times.end <= report.times.first) stop->reject("is not after start", "a time after start (ms)");
      report.times.end = std::min(report.times.end, experiment_.end());
    }
    // How long a task lasts is not known here.
    if (const auto start = field.find("start");
        start && experiment_.task.empty() && report.times.first >= experiment_.end())
      start->reject("is not before the end of the simulation", fmt::format("a time < {} (ms)", end_ms()));
    add_report(field, name, report);
  }

  void add_report(const Field& field, const std::string& name, RecordStates report) {
    for (const std::string& variable : report.variables) {
      report.files.push_back(fmt::format("{}_{}.h5", report.name, variable));
      claim(field, name, report.files.back());
    }
    experiment_.reports.push_back(std::move(report));
  }

  void read_weights(const Field& field, const std::string& name) {
    check_name(field, name);
    field.only({"projection", "every", "start", "stop", "phases", "variables", "compress"});
    const Field projection = *field.find("projection");
    const std::string& wanted = projection.text("the name of a projection");
    Names names;
    for (const ProjectionSpec& known : experiment_.network.projections) names.push_back(known.name);
    if (!contains(names, wanted))
      projection.reject("unknown projection", names.empty() ? "a projection" : one_of(names), nearest(wanted, names));
    RecordWeights weights{name, wanted, name + ".h5"};
    weights.compress = read_compress(field);
    if (const auto every = field.find("every")) {
      read_snapshots(field, *every, weights);
    } else {
      for (const char* other : {"start", "stop", "phases", "variables"})
        if (const auto given = field.find(other))
          given->reject("has a meaning with every only", "every = .. (ms) beside it");
    }
    claim(field, name, weights.file);
    experiment_.weights.push_back(std::move(weights));
  }

  // Snapshots are taken at the end of a phase, or of the run, too: what was learnt is what matters most.
  void read_snapshots(const Field& field, const Field& every, RecordWeights& weights) {
    const auto& projections = experiment_.network.projections;
    const std::string& rule = std::find_if(projections.begin(), projections.end(), [&](const ProjectionSpec& p) {
                                return p.name == weights.projection;
                              })->plasticity.rule;
    if (rule.empty())
      every.reject(fmt::format("{} has no plasticity, so that its weights stay as they are", weights.projection),
                   "no every: then they are written once, at the end");
    SampleTimes times;
    times.every = ticks(every, 1);
    for (const Phase& phase : read_phase_names(field))
      weights.times.push_back({.first = phase.begin, .every = times.every, .end = phase.end + 1});
    if (weights.times.empty()) {
      Tick last = experiment_.end();
      const auto start = field.find("start");
      times.first = start ? read_start(*start) : experiment_.begin;
      if (start && experiment_.task.empty() && times.first > last)
        start->reject("is after the end of the simulation", fmt::format("a time <= {} (ms)", end_ms()));
      if (const auto stop = field.find("stop")) {
        last = std::min(last, ticks(*stop, 0));
        if (last < times.first) stop->reject("is before start", "a time at or after start (ms)");
      }
      times.end = last + 1;
      weights.times.push_back(times);
    }
    const auto variables = field.find("variables");
    if (!variables) {
      weights.variables.emplace_back("weight");
      return;
    }
    Names known;
    for (const FieldInfo& column : experiment_.network.rules->find(rule)->columns) known.push_back(column.name);
    each_name(*variables, "a list of variables such as [\"weight\"]", [&](const Field& entry) {
      const std::string& variable = entry.text("the name of a variable such as \"weight\"");
      if (!contains(known, variable))
        entry.reject(fmt::format("unknown variable of a synapse of {}", rule), one_of(known), nearest(variable, known));
      if (contains(weights.variables, variable)) entry.reject("is named twice");
      if (contains({"time", "delay", "source_node_id", "target_node_id"}, variable))
        entry.reject("is the name of another dataset of the file", "a rule that calls it otherwise");
      weights.variables.push_back(variable);
    });
  }

  // The phases that a recording is limited to, in the order of the experiment; none: it is not limited.
  std::vector<Phase> read_phase_names(const Field& field) const {
    const auto phases = field.find("phases");
    if (!phases) return {};
    for (const char* other : {"start", "stop"})
      if (const auto time = field.find(other)) time->reject("excludes phases", "either phases or start and stop");
    Names known, wanted;
    for (const Phase& phase : experiment_.phases) known.push_back(phase.name);
    each_name(*phases, "a list of phases", [&](const Field& entry) {
      const std::string& name = entry.text("the name of a phase");
      if (!contains(known, name))
        entry.reject("unknown phase", known.empty() ? "a table [[phases]] of this name" : one_of(known),
                     nearest(name, known));
      if (contains(wanted, name)) entry.reject("is named twice");
      wanted.push_back(name);
    });
    std::vector<Phase> chosen;
    std::copy_if(experiment_.phases.begin(), experiment_.phases.end(), std::back_inserter(chosen),
                 [&](const Phase& phase) { return contains(wanted, phase.name); });
    return chosen;
  }

  // Calls use(entry) for one text or each of a list, which is not empty.
  template <class Use>
  static void each_name(const Field& field, const char* expected, const Use& use) {
    if (field.is(TomlNode::Kind::text)) return use(field);
    if (!field.is(TomlNode::Kind::list)) field.reject_kind(expected);
    if (field.node().items.empty()) field.reject("is empty", expected);
    for (const TomlNode& item : field.node().items) use({item, field.key()});
  }

  static void check_name(const Field& field, const std::string& name) {
    field.need_table();
    if (!is_name(name)) field.reject(fmt::format("\"{}\" is no name of a file", name), "letters, digits, _ and -");
  }

  // Every recording has files of its own.
  void claim(const Field& field, const std::string& name, const std::string& file) {
    if (const std::string use = reserved_for(file); !use.empty())
      field.reject(fmt::format("writes {}, a name that is kept for {}", file, use), "another name");
    if (const auto [known, fresh] = owners_.emplace(file, name); !fresh)
      field.reject(fmt::format("writes {}, as does record.{}", file, known->second), "another name");
  }

  static std::optional<bool> read_compress(const Field& field) {
    const auto compress = field.find("compress");
    if (!compress) return std::nullopt;
    return compress->flag();
  }

  Tick read_start(const Field& field) const {
    const Tick start = ticks(field, 0);
    if (start < experiment_.begin)
      field.reject("is before the time of the initial state",
                   fmt::format("a time >= {} (ms)", tick_to_ms(experiment_.begin, experiment_.network.dt)));
    return start;
  }

  double end_ms() const { return tick_to_ms(experiment_.end(), experiment_.network.dt); }

  Tick ticks(const Field& field, Tick least) const { return read_ticks(field, experiment_.network.dt, least); }

  const ModelInfo& model_of(const Selection& selection) {
    if (models_.empty())
      for (const PopulationSpec& population : experiment_.network.populations)
        models_.emplace(population.name, find_neuron_model(population.model));
    return *models_.at(selection.population);
  }

  const std::function<std::vector<Selection>(const Field&)>& read_selections_;
  Experiment& experiment_;
  std::map<std::string, std::string> owners_;       // of files
  std::map<std::string, const ModelInfo*> models_;  // of populations, once somebody asked
};

}  // namespace

void read_recordings(const Field& record, const std::function<std::vector<Selection>(const Field&)>& selections,
                     Experiment& experiment) {
  RecordingReader(selections, experiment).read(record);
}

}  // namespace rheo::experiment_file
