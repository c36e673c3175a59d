#include "apps/tasks/task.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <numeric>
#include <set>
#include <utility>

#include "core/diagnostics.hpp"
#include "core/time.hpp"
#include "io/experiment/field.hpp"
#include "io/h5/h5.hpp"
#include "io/record/requests.hpp"
#include "networks/description/selections.hpp"
#include "networks/signals/kinds.hpp"
#include "neurons/catalogue.hpp"

namespace rheo {

namespace {

using experiment_file::Field;
using experiment_file::keys_of;
using experiment_file::Names;
using experiment_file::read_fields;

struct TrialsSpec {
  std::string data = {};
  double step = 0, pause = 0;  // ms; step 0: one tick
  bool reset = false;
  std::uint32_t free = 0;
  static constexpr auto fields = rheo::fields(
      in_words(field("data", &TrialsSpec::data, "", "the data that are shown"), "the only ones", "a name of [data]"),
      in_words(field("step", &TrialsSpec::step, "ms", "how long a row is shown", non_negative),
               "one tick; an item of spikes", "whole ticks"),
      in_words(field("pause", &TrialsSpec::pause, "ms", "after each item of labelled data", non_negative), {},
               "whole ticks"),
      field("reset", &TrialsSpec::reset, "",
            "before each item of labelled data neurons are as at the start, and nothing is in flight"),
      field("free", &TrialsSpec::free, "rows", "in which the network hears its own readout, from the test's first on",
            Range{0, 1e8}));
};

// Fields of a struct, with ranges judged where the user wrote them.
void read_all(const Field& table, const std::vector<KindField>& fields, const Names& more = {}) {
  table.need_table();
  Names keys = keys_of(fields);
  keys.insert(keys.end(), more.begin(), more.end());
  table.only(keys);
  read_fields(table, fields, {});
  try {
    check_ranges(fields);
  } catch (const BuildError& error) {
    const std::string& key = error.complaint().key;
    const auto at = table.find(key.substr(0, key.find('[')));
    if (!at) throw;
    at->reject(error.complaint().problem, error.complaint().expected);
  }
  // Paths are meant from where the file stands.
  for (const KindField& one : fields)
    if (one.name == "file" || one.name == "from")
      if (const auto at = table.find(one.name)) *std::get<std::string*>(one.member) = at->path();
}

class TaskReader {
 public:
  explicit TaskReader(Experiment& experiment) : experiment_(experiment), root_(experiment.tasks, {}) {}

  Task read() {
    const Field trials = root_.need("trials", "a table [trials]");
    TrialsSpec spec;
    read_all(trials, fields_of(spec), {"encode", "learning"});
    if (spec.step > 0) task_.row_ticks = whole(trials, "step", spec.step);
    if (spec.pause > 0) task_.pause_ticks = whole(trials, "pause", spec.pause);
    task_.reset = spec.reset;
    load_data(trials, spec);
    if (task_.data.row > 0) {
      const Tick ticks = ms_to_tick_nearest(task_.data.row, dt());
      if (spec.step > 0 && ticks != task_.row_ticks)
        trials.find("step")->reject(fmt::format("differs from the {} ms of an item", task_.data.row), "no step");
      task_.row_ticks = ticks;
    }
    for (const char* const key : {"pause", "reset"})
      if (const auto at = trials.find(key); at && task_.data.classes.empty())
        at->reject("has a meaning for labelled data alone: rows of a series follow each other", "none");
    read_learning(trials);
    read_readouts();
    judge_free(trials, spec);
    read_encodings(trials);
    read_scores();
    set_duration();
    return std::move(task_);
  }

 private:
  double dt() const { return experiment_.network.dt; }
  Tick whole(const Field& table, const char* key, double ms) const {
    const Tick ticks = ms_to_tick_nearest(ms, dt());
    if (ticks < 1 || std::abs(tick_to_ms(ticks, dt()) - ms) > 1e-9 * ms)
      table.find(key)->reject("is no whole number of ticks", fmt::format("a multiple of {} (ms)", dt()));
    return ticks;
  }

  // One of the tables of a section, by the name that `at` says; without one the only table.
  Field choose(const char* section, const std::string& name, const Field& at, const char* what) const {
    const Field all = root_.need(section, fmt::format("a table [{}.NAME]", section));
    all.need_table();
    Names names;
    for (const auto& entry : all.node().entries) names.push_back(entry.first);
    if (name.empty() && names.size() != 1) at.reject_table(fmt::format("does not say which {}", what), one_of(names));
    const std::string& wanted = name.empty() ? names.front() : name;
    const auto found = all.find(wanted);
    if (!found) at.find(section)->reject("unknown " + std::string(what), one_of(names), nearest(wanted, names));
    return *found;
  }

  void load_data(const Field& trials, const TrialsSpec& spec) {
    const Field table = choose("data", spec.data, trials, "data");
    DataEnds ends{.key = table.key(),
                  .seed = experiment_.network.seed,
                  .step = tick_to_ms(task_.row_ticks, dt()),
                  .dt = dt(),
                  .free = spec.free};
    table.need_table();
    const Chosen<DataKind> kind(experiment_file::read_kind(table, data_kinds(), "kind of data"));
    Chosen<DataKind> filled = kind;
    read_all(table, filled->fields(), {"kind", "split"});
    if (const auto split = table.find("split")) read_all(*split, fields_of(ends.split));
    task_.data_kind = filled->name();
    try {
      task_.data = filled->make(ends);
    } catch (const ExperimentError& error) {
      throw ExperimentError(locate(error.complaint(), experiment_));
    }
    if (spec.free > 0 && !task_.data.predicts_itself)
      trials.find("free")->reject("needs data whose targets are the inputs of the next row", "no free, or such data");
    for (const std::string& remark : task_.data.remarks)
      experiment_.warnings.push_back(table.node().place() + ": " + table.key() + ": " + remark);
  }

  void read_learning(const Field& trials) {
    const auto learning = trials.find("learning");
    if (!learning) return;
    learning->need_table("a table such as { adapt = true }: which projections learn in which part");
    learning->only(Names(part_names.begin(), part_names.end()));
    Names plastic;
    for (const ProjectionSpec& projection : experiment_.network.projections)
      if (!projection.plasticity.rule.empty()) plastic.push_back(projection.name);
    for (std::size_t p = 0; p < part_names.size(); ++p) {
      const auto part = learning->find(std::string(part_names[p]));
      if (!part) continue;
      Names& names = task_.learning[static_cast<DataPart>(p)];
      if (!part->is_list()) {
        if (part->flag()) names = plastic;
        continue;
      }
      for (const TomlNode& item : part->node().items) {
        const Field one(item, part->key());
        const std::string& name = one.text("the name of a projection");
        if (std::ranges::find(plastic, name) == plastic.end())
          one.reject("no projection with plasticity", plastic.empty() ? "none" : one_of(plastic),
                     nearest(name, plastic));
        names.push_back(name);
      }
    }
  }

  std::vector<std::size_t> columns(const Field& at, const Names& wanted, const Names& names, const char* what) const {
    std::vector<std::size_t> found;
    for (std::size_t c = 0; c < names.size() && wanted.empty(); ++c) found.push_back(c);
    for (const std::string& one : wanted) {
      const auto place = std::ranges::find(names, one);
      if (place == names.end())
        at.reject(fmt::format("\"{}\" is no {} of the data", one, what), names.empty() ? "none" : one_of(names),
                  nearest(one, names));
      found.push_back(static_cast<std::size_t>(place - names.begin()));
    }
    return found;
  }

  // What the network hears of itself is what the first readout says, column by column.
  void judge_free(const Field& trials, const TrialsSpec& spec) const {
    if (spec.free == 0) return;
    std::vector<std::size_t> all(task_.data.target_names.size());
    std::iota(all.begin(), all.end(), std::size_t{0});
    if (task_.readouts.empty() || task_.readouts.front().targets != all)
      trials.find("free")->reject("needs a first readout that says all inputs of the next row",
                                  "no free, or such a readout before all others");
  }

  void read_readouts() {
    const auto all = root_.find("readouts");
    if (!all) return;
    all->need_table("tables [readouts.NAME]");
    for (const auto& [name, node] : all->node().entries) {
      const Field table = all->at(name, node);
      table.need_table();
      NamedReadout readout{.name = name, .kind = {}, .targets = {}};
      readout.kind = Chosen<ReadoutKind>(experiment_file::read_kind(table, readout_kinds(), "kind of readout"));
      read_all(table, readout.kind->fields(), {"kind"});
      judge_readout(table, readout);
      task_.readouts.push_back(std::move(readout));
    }
  }

  void judge_readout(const Field& table, NamedReadout& readout) {
    const ReadoutCommon& how = readout.kind->common();
    if (readout.kind.as<StatesReadout>() == nullptr) {
      readout.targets = columns(table.find("targets").value_or(table), how.targets, task_.data.target_names, "target");
      const bool scored = std::ranges::any_of(readout.targets, [&](std::size_t c) {
        return std::ranges::find(task_.data.counted, c) != task_.data.counted.end();
      });
      if (!scored) table.reject_table("has no target that varies in all parts", "targets that do");
      if (task_.data.rows_of(DataPart::train).empty())
        table.reject_table("learns in the part train, which has no rows", "kind = \"states\", or other data");
    }
    if (task_.row_ticks % how.samples != 0)
      table.find("samples")->reject(fmt::format("does not divide the {} ticks of a row", task_.row_ticks), "a divisor");
    if (how.of == "input" && how.input_rows == 0)
      table.reject_table("sees neither states nor input", "input_rows = 1 or more");
    if (const auto lambda = table.find("lambda"))
      if (readout.kind.as<RidgeReadout>()->lambda.empty()) lambda->reject("is empty", "numbers >= 0");
    if (const auto* const ridge = readout.kind.as<RidgeReadout>();
        ridge != nullptr && ridge->lambda.size() > 1 && task_.data.rows_of(DataPart::validate).empty())
      table.reject_table("has several lambda, and no part validate to choose by", "one lambda, or rows for validate");
    if (how.of != "spikes" && how.of != "input")
      for (const Selection& part : observed(table, how)) {
        const auto population =
            std::ranges::find(experiment_.network.populations, part.population, &PopulationSpec::name);
        const Names names = names_in(neuron_model(population->model).columns);
        if (std::ranges::find(names, how.of) == names.end())
          table.find("of")->reject("unknown state of " + population->model, one_of(names), nearest(how.of, names));
      }
    else if (how.of == "spikes")
      observed(table, how);
    if (!how.from.empty()) {
      try {
        h5::File::open(how.from).dataset("readouts/" + readout.name + "/weights");
      } catch (const h5::Error& error) {
        table.find("from")->reject(error.what(), "the task.h5 of a run with a readout " + readout.name);
      }
    }
    for (const char* const key : {"answer", "skip"})
      if (const auto at = table.find(key); at && task_.data.classes.empty())
        at->reject("has a meaning for labelled data alone", "none");
    for (const DataPart part : {DataPart::train, DataPart::validate, DataPart::test})
      for (const Show& show : task_.data.shows)
        if (show.part == part && show.rows() <= how.skip && !task_.data.classes.empty())
          table.find("skip")->reject(fmt::format("leaves nothing of an item of {} rows", show.rows()), "fewer rows");
    if (!how.feedback.empty() && width_of(*table.find("feedback"), how.feedback) != readout.targets.size())
      table.find("feedback")
          ->reject("has another number of channels than the readout has targets",
                   fmt::format("width = {}", readout.targets.size()));
  }

  // The selections that a readout sees, judged.
  std::vector<Selection> observed(const Field& table, const ReadoutCommon& how) const {
    std::vector<Selection> all = how.states;
    if (all.empty())
      for (const PopulationSpec& population : experiment_.network.populations)
        if (population.model != "spike_source") all.push_back({.population = population.name, .end = {}});
    try {
      const PopulationIndex index(experiment_.network.populations);
      index.check_distinct(all, true);
    } catch (const BuildError& error) {
      const Field at = table.find("states").value_or(table);
      at.reject(error.complaint().problem, error.complaint().expected, error.complaint().suggestion);
    }
    return all;
  }

  Names task_signals() const {
    Names names;
    for (const SignalSpec& signal : experiment_.network.signals)
      if (signal.kind.as<TaskSignal>() != nullptr) names.push_back(signal.name);
    return names;
  }
  std::size_t width_of(const Field& at, const std::string& name) const {
    const Names names = task_signals();
    const auto found = std::ranges::find(experiment_.network.signals, name, &SignalSpec::name);
    if (std::ranges::find(names, name) == names.end())
      at.reject("no such signal of kind task",
                names.empty() ? fmt::format("a table [signals.{}] with kind = \"task\"", name) : one_of(names),
                nearest(name, names));
    return found->kind.as<TaskSignal>()->width;
  }

  void read_encodings(const Field& trials) {
    const auto given = trials.find("encode");
    if (!given) {
      if (task_.data.input_names.empty() && task_.data.channels == 0) return;
      judge_encoding(trials, {.as = otherwise()});
      return;
    }
    const char* const expected = "a list of tables such as { columns = [\"u\"], to = \"input\" }";
    if (!given->is(TomlNode::Kind::list)) given->reject_kind(expected);
    for (const TomlNode& item : given->node().items) {
      const Field table(item, given->key());
      Encoding encoding{.as = otherwise()};
      read_all(table, fields_of(encoding, Encoding::described()));
      judge_encoding(table, encoding);
    }
  }

  Encoding::Kind otherwise() const { return task_.data.channels > 0 ? Encoding::Kind::events : Encoding::Kind::direct; }
  void judge_encoding(const Field& table, Encoding encoding) {
    if ((encoding.as == Encoding::Kind::events) != (task_.data.channels > 0))
      table.find("as")->reject(task_.data.channels > 0 ? "the data are spikes" : "the data are no spikes",
                               task_.data.channels > 0 ? "events" : "direct, population or latency");
    if (!(encoding.low < encoding.high)) table.reject_table("low is not below high", "low < high");
    encoded_.emplace_back(columns(table, encoding.columns, task_.data.input_names, "input"));
    encoding.columns.clear();
    for (const std::size_t c : encoded_.back()) encoding.columns.push_back(task_.data.input_names[c]);
    if (encoding.to.empty()) {
      Names free = task_signals();
      for (const NamedReadout& readout : task_.readouts) std::erase(free, readout.kind->common().feedback);
      for (const Encoding& other : task_.encodings) std::erase(free, other.to);
      if (free.size() != 1)
        table.reject_table(fmt::format("does not say which signal carries {}", fmt::join(encoding.columns, ", ")),
                           free.empty() ? "a table [signals.NAME] with kind = \"task\"" : "to = " + one_of(free));
      encoding.to = free.front();
    }
    const std::size_t width = width_of(table.find("to").value_or(table), encoding.to);
    if (task_.data.channels > 0) {
      if (width != task_.data.channels)
        reject_width(encoding, width, fmt::format("{}, for as many channels", task_.data.channels));
      task_.encodings.push_back(std::move(encoding));
      return;
    }
    const std::size_t each = encoding.as == Encoding::Kind::direct ? 1 : encoding.channels;
    if (width != encoding.columns.size() * each)
      reject_width(encoding, width,
                   fmt::format("{}, for {}{}", encoding.columns.size() * each, fmt::join(encoding.columns, ", "),
                               each > 1 ? fmt::format(" in {} channels each", each) : ""));
    task_.encodings.push_back(std::move(encoding));
  }
  [[noreturn]] void reject_width(const Encoding& encoding, std::size_t width, const std::string& expected) const {
    throw ExperimentError(locate({.key = "signals." + encoding.to + ".width",
                                  .value = fmt::format("{}", width),
                                  .problem = "is not the number of channels that are encoded",
                                  .expected = expected},
                                 experiment_));
  }

  void read_scores() {
    const auto given = root_.find("scores");
    if (!given) {
      for (const NamedReadout& readout : task_.readouts) add_default_scores(readout);
      return;
    }
    given->need_table("tables [scores.NAME]");
    for (const auto& [name, node] : given->node().entries) {
      const Field table = given->at(name, node);
      ScoreSpec score;
      read_all(table, fields_of(score, ScoreSpec::described()));
      score.name = name;
      const Names readouts = names_in(task_.readouts);
      if (readouts.empty())
        table.reject_table("there is no readout whose outputs could be scored", "a table [readouts.NAME]");
      if (score.readout.empty() && readouts.size() > 1)
        table.reject_table("does not say which readout", "readout = " + one_of(readouts));
      if (score.readout.empty()) score.readout = readouts.front();
      if (std::ranges::find(readouts, score.readout) == readouts.end())
        table.find("readout")->reject("unknown readout", one_of(readouts), nearest(score.readout, readouts));
      const Names parts{"train", "validate", "test", "free"};
      if (std::ranges::find(parts, score.part) == parts.end())
        table.find("part")->reject("is no part that is scored", one_of(parts), nearest(score.part, parts));
      const auto part = static_cast<DataPart>(std::ranges::find(part_names, score.part) - part_names.begin());
      if (task_.data.rows_of(part).empty())
        table.reject_table(fmt::format("the part {} has no rows", score.part), "a part that has");
      judge_states(table, score);
      if (score.measure == ScoreSpec::Measure::accuracy && task_.data.classes.empty())
        table.reject_table("accuracy is of labelled data", "another measure");
      if (score.measure == ScoreSpec::Measure::memory_capacity &&
          (!task_.data.is_memory || task_.data.rows_of(part).size() < 3))
        table.reject_table("memory_capacity is of data of kind memory, and of 3 rows at least", "another measure");
      task_.scores.push_back(std::move(score));
    }
  }

  void judge_states(const Field& table, const ScoreSpec& score) const {
    using Measure = ScoreSpec::Measure;
    const auto readout = std::ranges::find(task_.readouts, score.readout, &NamedReadout::name);
    const bool says_nothing = readout->kind.as<StatesReadout>() != nullptr;
    const Field at = table.find("measure").value_or(table);
    if (!is_of_states(score.measure)) {
      if (says_nothing) at.reject_table("is of what a readout says, and this one says nothing", "a measure of states");
      return;
    }
    if (!says_nothing && readout->kind.as<RidgeReadout>() == nullptr)
      at.reject_table("is of states that a readout keeps, and this one keeps none",
                      "a readout of kind ridge or states");
    if (score.part == "free") at.reject_table("is of states, which are not kept in the part free", "another part");
    if (score.measure != Measure::participation_ratio &&
        (task_.data.streams == 0 || !task_.reset || score.part != "test"))
      at.reject_table("is of the part test of data of kind streams, each of which begins anew",
                      "such data, and reset = true in [trials]");
  }

  void add_default_scores(const NamedReadout& readout) {
    using Measure = ScoreSpec::Measure;
    const std::string after = task_.readouts.size() > 1 ? "." + readout.name : "";
    const auto add = [&](std::string name, Measure measure, DataPart part) {
      if (!task_.data.rows_of(part).empty())
        task_.scores.push_back({name + after, readout.name, std::string(name_of(part)), measure});
    };
    if (readout.kind.as<StatesReadout>() != nullptr) {
      if (task_.data.streams > 0 && task_.reset) {
        add("kernel_rank", Measure::kernel_rank, DataPart::test);
        add("generalisation_rank", Measure::generalisation_rank, DataPart::test);
        add("separation", Measure::separation, DataPart::test);
      }
      add("participation_ratio", Measure::participation_ratio, DataPart::train);
      return;
    }
    if (!task_.data.classes.empty()) {
      add("accuracy", Measure::accuracy, DataPart::test);
      add("validation", Measure::accuracy, DataPart::validate);
      return;
    }
    const Measure measure = task_.data.is_memory ? Measure::memory_capacity : Measure::nrmse;
    add(task_.data.is_memory ? "memory_capacity" : "nrmse", measure, DataPart::test);
    add("validation", Measure::nrmse, DataPart::validate);
    add("smape.free", Measure::smape, DataPart::free);
    add("valid_rows", Measure::valid_rows, DataPart::free);
    // Others do not keep what they see.
    if (readout.kind.as<RidgeReadout>() != nullptr)
      add("participation_ratio", Measure::participation_ratio, DataPart::train);
  }

  void set_duration() {
    if (task_.ticks() > max_ticks - experiment_.begin)
      root_.find("trials")->reject_table(fmt::format("has more than {} ticks", max_ticks), "fewer rows");
    experiment_.ticks = task_.ticks();
    experiment_.duration = tick_to_ms(experiment_.ticks, dt());
  }

  Experiment& experiment_;
  Field root_;
  Task task_;
  std::vector<std::vector<std::size_t>> encoded_;
};

}  // namespace

const std::vector<std::unique_ptr<const ReadoutKind>>& readout_kinds() {
  static const auto kinds = OneOf<ReadoutKind>::Each<RidgeReadout, RlsReadout, LmsReadout, StatesReadout>::made();
  return kinds;
}

Tick Task::ticks() const {
  std::size_t rows = 0;
  for (const Show& show : data.shows) rows += show.rows();
  return static_cast<Tick>(rows) * row_ticks + static_cast<Tick>(data.shows.size()) * pause_ticks;
}

std::vector<std::size_t> Task::kept_rows(const ReadoutCommon& readout, DataPart part) const {
  if (data.classes.empty()) return data.rows_of(part);
  std::vector<std::size_t> rows;
  for (const Show& show : data.shows) {
    if (show.part != part) continue;
    const bool each = readout.answer == Answer::vote;
    for (std::size_t row = each ? show.first + readout.skip : show.end - 1; row < show.end; ++row) rows.push_back(row);
  }
  return rows;
}

std::optional<Task> read_task(Experiment& experiment) {
  if (experiment.tasks.entries.empty()) return std::nullopt;
  return TaskReader(experiment).read();
}

}  // namespace rheo
