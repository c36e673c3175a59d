// From the text of [sweep] to a Sweep.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <numeric>
#include <set>

#include "io/experiment/field.hpp"
#include "io/experiment/identity.hpp"
#include "io/sweep/parts.hpp"
#include "io/text/numbers.hpp"
#include "io/text/trimmed.hpp"

namespace rheo {

namespace fs = std::filesystem;

namespace {

using experiment_file::Names;

using Kind = TomlNode::Kind;

}  // namespace

class SweepReader {
  using Field = experiment_file::Field;

 public:
  explicit SweepReader(Sweep& sweep)
      : sweep_(sweep), document_(read_toml_document(sweep.path_, sweep.overrides_)), root_(document_.root) {}

  void read() {
    const TomlNode* node = root_.find("sweep");
    if (!node)
      throw ExperimentError({.file = sweep_.path_,
                             .key = "sweep",
                             .problem = "is missing",
                             .expected = "a table [sweep] with design and axes"});
    if (const TomlNode* task = root_.find("task"))
      Field(*task, "task").reject("cannot be swept", "[trials] in its place (docs/tasks.md)");
    const Field table(*node, "sweep");
    table.need_table();
    sweep_.has_trials_ = root_.find("trials") != nullptr;
    table.only(
        {"design", "axes", "repeats", "points", "seed", "where", "metrics", "objective", "goal", "report_seeds"});
    if (const auto design = table.find("design"))
      sweep_.design_ = design->word({"grid", "list", "random", "latin_hypercube"}, {}, "design");
    is_drawn_ = sweep_file::is_drawn_design(sweep_.design_);
    if (const auto repeats = table.find("repeats"))
      sweep_.repeats_ = static_cast<std::uint32_t>(repeats->whole(1, max_sweep_points));
    if (const auto axes = table.find("axes")) {
      axes->need_table("a table [sweep.axes] of keys with their values");
      for (const auto& [key, child] : axes->node().entries) read_axes(child, key, key.find('.') != std::string::npos);
    }
    check_keys();
    read_seed(table);
    count_rows(table);
    if (const auto where = table.find("where")) read_conditions(*where);
    read_metrics(table);
    read_objective(table);
    hash_base();
  }

 private:
  // Keys may be quoted ("populations.E.size") or not, in which case they come as tables within tables.
  void read_axes(const TomlNode& node, const std::string& key, bool quoted) {
    const bool is_form = node.kind == Kind::table &&
                         std::ranges::any_of(forms_, [&](const auto& name) { return node.find(name) != nullptr; });
    if (node.kind != Kind::table || is_form || quoted || node.entries.empty()) {
      axis_nodes_.push_back(&node);
      sweep_.axes_.push_back(
          sweep_file::read_axis(Field(node, "sweep.axes." + key), key, sweep_.path_, sweep_.design_, data_));
      return;
    }
    for (const auto& [name, child] : node.entries)
      read_axes(child, key + '.' + name, name.find('.') != std::string::npos);
  }

  // Every key must be one that --set could change, and each setting is the matter of one axis.
  void check_keys() {
    std::set<std::string> all;
    std::vector<std::string> changed;
    for (const std::string& setting : sweep_.overrides_)
      changed.emplace_back(trimmed(std::string_view(setting).substr(0, setting.find('='))));
    const auto reject = [](const SweepAxis& axis, const std::string& key, std::string problem, std::string expected) {
      throw ExperimentError({.file = axis.place,
                             .key = "sweep.axes." + key,
                             .problem = std::move(problem),
                             .expected = std::move(expected)});
    };
    for (const SweepAxis& axis : sweep_.axes_) {
      for (const std::string& key : axis.keys) {
        for (const char* fixed : {"title", "plugins", "include", "sweep"})
          if (sweep_file::is_within(key, fixed)) reject(axis, key, "cannot be swept", "a setting of the experiment");
        for (const std::string& other : changed)
          if (sweep_file::is_within(other, key) || sweep_file::is_within(key, other))
            reject(axis, key, fmt::format("is changed with --set {}, too", other), "one of the two");
        if (!all.insert(key).second) reject(axis, key, "is set by another axis, too", "each key once");
        sweep_.keys_.push_back(key);
      }
    }
    TomlNode tried = root_;
    for (std::size_t i = 0; i < sweep_.axes_.size(); ++i) {
      for (const std::string& key : sweep_.axes_[i].keys) {
        for (std::size_t dot = key.rfind('.'); dot != std::string::npos && dot > 0; dot = key.rfind('.', dot - 1))
          if (all.count(key.substr(0, dot)) != 0)
            reject(sweep_.axes_[i], key, fmt::format("is a part of {}, which is set, too", key.substr(0, dot)),
                   "one of the two");
        set_toml_value(tried, key, *axis_nodes_[i]);
      }
    }
    sweep_.seed_is_axis_ = all.count("simulation.seed") != 0;
    if (!sweep_.seed_is_axis_) sweep_.keys_.emplace_back("simulation.seed");
  }

  // The seed of the first repeat is the experiment's.
  void read_seed(const Field& table) {
    if (sweep_.seed_is_axis_ && sweep_.repeats_ > 1)
      table.find("repeats")->reject("stands beside an axis simulation.seed", "one of the two");
    const TomlNode* simulation = root_.find("simulation");
    const TomlNode* seed = simulation ? simulation->find("seed") : nullptr;
    if (!seed || sweep_.seed_is_axis_) return;
    sweep_.seed_ = Field(*seed, "simulation.seed").whole(0, std::numeric_limits<std::int64_t>::max());
    if (sweep_.seed_ > (std::uint64_t{1} << 63) - sweep_.repeats_)
      table.find("repeats")->reject("leaves no seeds for all repeats", "a smaller simulation.seed");
  }

  void count_rows(const Field& table) {
    for (const char* name : {"points", "seed"})
      if (const auto field = table.find(name); field && !is_drawn_)
        field->reject("has a meaning with random and latin_hypercube only", "no " + std::string(name));
    if (sweep_.axes_.empty() && (sweep_.repeats_ == 1 || sweep_.design_ != "grid"))
      table.need("axes", "at least one axis, such as \"populations.E.size\" = [100, 200]")
          .reject("is empty", "at least one axis, such as \"populations.E.size\" = [100, 200]");

    const auto reject = [&](const Field& field, double points) {
      field.reject(fmt::format("gives {:.0f} points", points), fmt::format("at most {}", max_sweep_points));
    };
    if (is_drawn_) {
      sweep_.rows_ = table.need("points", "how many points to draw").whole(1, max_sweep_points);
      std::uint64_t seed = 0;
      if (const auto field = table.find("seed")) seed = field->whole(0, std::numeric_limits<std::int64_t>::max());
      for (const SweepAxis& axis : sweep_.axes_) {
        const std::string name = fmt::format("{}", fmt::join(axis.keys, ","));
        sweep_.draws_.push_back(random_key(seed, name, "sweep"));
        if (sweep_.design_ == "latin_hypercube") sweep_.strata_.push_back(shuffled(random_key(seed, name, "strata")));
      }
    } else if (sweep_.design_ == "list") {
      sweep_.rows_ = sweep_.axes_.front().size();
      for (std::size_t i = 1; i < sweep_.axes_.size(); ++i)
        if (sweep_.axes_[i].size() != sweep_.rows_)
          Field(*axis_nodes_[i], "sweep.axes." + sweep_.axes_[i].keys.front())
              .reject_table(fmt::format("has {} entries", sweep_.axes_[i].size()),
                            fmt::format("{}, as the first axis: entry k of all axes is point k", sweep_.rows_));
    } else {
      double points = 1;
      for (const SweepAxis& axis : sweep_.axes_) {
        points *= static_cast<double>(axis.size());
        if (points > static_cast<double>(max_sweep_points)) reject(*table.find("axes"), points);
        sweep_.rows_ *= axis.size();
      }
    }
    const double points = static_cast<double>(sweep_.rows_) * sweep_.repeats_;
    if (points > static_cast<double>(max_sweep_points)) reject(table, points);
  }

  std::vector<std::uint32_t> shuffled(RandomKey key) const {
    std::vector<std::uint32_t> order(sweep_.rows_);
    std::iota(order.begin(), order.end(), 0u);
    RandomStream stream(key, 0);
    for (std::size_t i = order.size(); i > 1; --i)
      std::swap(order[i - 1], order[stream.below(static_cast<std::uint32_t>(i))]);
    return order;
  }

  void read_conditions(const Field& where) {
    const std::string expected = "a list of conditions such as \"populations.E.size >= 100\"";
    if (!where.is(Kind::list)) where.reject_kind(expected);
    for (const TomlNode& item : where.node().items) {
      const Field field(item, where.key());
      sweep_.conditions_.push_back(read_condition(field, field.text(expected)));
    }
    sweep_.kept_.emplace();
    for (std::uint64_t row = 0; row < sweep_.rows_; ++row)
      if (sweep_.satisfies(row)) sweep_.kept_->push_back(static_cast<std::uint32_t>(row));
    if (sweep_.kept_->empty()) where.reject("holds for no point", "conditions that some points satisfy");
  }

  Sweep::Condition read_condition(const Field& field, const std::string& text) const {
    const std::string form = "\"KEY < KEY or number\", with <, <=, >, >=, == or !=";
    const std::size_t at = text.find_first_of("<>=!");
    if (at == std::string::npos) field.reject("is no condition", form);
    const std::size_t length = at + 1 < text.size() && text[at + 1] == '=' ? 2 : 1;
    Sweep::Condition condition;
    condition.relation = text.substr(at, length);
    if (condition.relation == "=" || condition.relation == "!") field.reject("is no condition", form);
    const std::string_view whole = text;
    const std::string left(trimmed(whole.substr(0, at))), right(trimmed(whole.substr(at + length)));
    if (left.empty() || right.empty()) field.reject("is no condition", form);
    condition.left = read_operand(field, left);
    condition.right = read_operand(field, right);
    const bool texts = is_text(field, condition.left);
    if (texts != is_text(field, condition.right)) field.reject("compares a number with a text", form);
    if (texts && condition.relation != "==" && condition.relation != "!=")
      field.reject("orders texts", "== or != between texts");
    return condition;
  }

  // A number, a text in quotes, the key of an axis, or a setting that all points share.
  Sweep::Operand read_operand(const Field& field, const std::string& text) const {
    Sweep::Operand operand;
    if (const auto number = parse_number<double>(text)) {
      operand.constant.content = *number;
      return operand;
    }
    if (text.size() >= 2 && (text.front() == '\'' || text.front() == '"') && text.back() == text.front()) {
      operand.constant.content = text.substr(1, text.size() - 2);
      return operand;
    }
    for (std::size_t axis = 0; axis < sweep_.axes_.size(); ++axis) {
      const auto& keys = sweep_.axes_[axis].keys;
      const auto key = std::find(keys.begin(), keys.end(), text);
      if (key == keys.end()) continue;
      operand.is_constant = false;
      operand.axis = axis;
      operand.key = static_cast<std::size_t>(key - keys.begin());
      return operand;
    }
    const TomlNode* node = &root_;
    for (std::size_t begin = 0; node && begin <= text.size();) {
      const std::size_t dot = std::min(text.find('.', begin), text.size());
      node = node->find(text.substr(begin, dot - begin));
      begin = dot + 1;
    }
    if (node && node->kind == Kind::integer) operand.constant.content = node->integer;
    if (node && node->kind == Kind::real) operand.constant.content = node->real;
    if (node && node->kind == Kind::text) operand.constant.content = node->text;
    if (operand.constant.content.index() == 0)
      field.reject(fmt::format("\"{}\" is neither an axis nor a number or text of the file", text),
                   "the key of an axis or of a setting, a number, or a text in ' '",
                   nearest(text, {sweep_.keys_.begin(), sweep_.keys_.end()}));
    return operand;
  }

  bool is_text(const Field& field, const Sweep::Operand& operand) const {
    const auto texts = [](const SweepValue& value) { return std::holds_alternative<std::string>(value.content); };
    if (operand.is_constant) return texts(operand.constant);
    const SweepAxis& axis = sweep_.axes_[operand.axis];
    if (axis.entries.empty()) return false;
    const bool first = texts(axis.entries.front()[operand.key]);
    for (const auto& entry : axis.entries)
      if (entry[operand.key].content.index() == 0 || texts(entry[operand.key]) != first)
        field.reject(fmt::format("{} = {} cannot be compared", axis.keys[operand.key], entry[operand.key].text),
                     "an axis of numbers, or of texts");
    return first;
  }

  void read_metrics(const Field& table) {
    const Names known{"rate", "cv_isi", "synchrony", "spikes", "score"};  // as in SweepMetric::Kind
    Names populations;
    if (const TomlNode* section = root_.find("populations"))
      for (const auto& entry : section->entries) populations.push_back(entry.first);
    const auto metrics = table.find("metrics");
    if (!metrics) {
      for (const std::string& name : populations)
        sweep_.metrics_.push_back({SweepMetric::Kind::rate, name, "rate." + name});
      return;
    }
    sweep_.metrics_are_given_ = true;
    const std::string expected =
        fmt::format("a list of {}, each with a population: \"rate.E\", or the name of a score", one_of(known));
    if (!metrics->is(Kind::list)) metrics->reject_kind(expected);
    std::set<std::string> seen;
    for (const TomlNode& item : metrics->node().items) {
      const Field field(item, metrics->key());
      const std::string& name = field.text(expected);
      const std::size_t dot = name.find('.');
      const std::string kind = name.substr(0, dot), population = dot == std::string::npos ? "" : name.substr(dot + 1);
      const auto found = std::find(known.begin(), known.end(), kind);
      if (found == known.end()) field.reject("unknown metric", expected, nearest(kind, known));
      if (kind != "score" && !experiment_file::contains(populations, population))
        field.reject("unknown population", one_of(populations), nearest(population, populations));
      if (!seen.insert(name).second) field.reject("stands there twice", "each metric once");
      sweep_.metrics_.push_back(
          {static_cast<SweepMetric::Kind>(found - known.begin()), population, name, field.node().place()});
    }
  }

  // A search is a sweep with an objective.
  void read_objective(const Field& table) {
    const auto objective = table.find("objective");
    if (objective) {
      sweep_.objective_.metric = objective->text("a metric such as \"score.validation\"");
      sweep_.objective_.place = objective->node().place();
    }
    for (const char* const key : {"goal", "report_seeds"})
      if (const auto found = table.find(key); found && !objective)
        found->reject("has a meaning beside objective alone", "objective = \"..\" beside it");
    if (const auto goal = table.find("goal"))
      sweep_.objective_.maximise = goal->word({"min", "max"}, {}, "goal") == "max";
    const auto seeds = table.find("report_seeds");
    if (!seeds) return;
    const char* const expected = "a list of whole numbers >= 0, none of which is a seed of the sweep";
    std::set<std::uint64_t> used;
    for (std::uint32_t repeat = 0; repeat < sweep_.repeats_ && !sweep_.seed_is_axis_; ++repeat)
      used.insert(sweep_.seed_ + repeat);
    if (sweep_.seed_is_axis_)
      for (std::uint64_t point = 0; point < sweep_.size(); ++point) {
        const std::vector<SweepValue> values = sweep_.values(point);
        for (std::size_t i = 0; i < values.size(); ++i)
          if (const auto* whole = std::get_if<std::int64_t>(&values[i].content);
              whole != nullptr && sweep_.keys_[i] == "simulation.seed")
            used.insert(static_cast<std::uint64_t>(*whole));
      }
    for (const double x : seeds->numbers(expected)) {
      if (x < 0 || x >= 0x1p53 || x != std::floor(x))
        seeds->reject(fmt::format("has {} among its entries", x), expected);
      const auto seed = static_cast<std::uint64_t>(x);
      if (used.contains(seed))
        seeds->reject(fmt::format("has {}, by which a point is chosen, or which it has twice", seed), expected);
      used.insert(seed);
      sweep_.objective_.report_seeds.push_back(seed);
    }
    if (sweep_.objective_.report_seeds.empty()) seeds->reject("is empty", expected);
  }

  void hash_base() {
    std::set<std::string> skipped{"title", "sweep", "simulation.seed"};
    skipped.insert(sweep_.keys_.begin(), sweep_.keys_.end());
    sweep_.base_hash_ = sweep_file::hash_settings(root_, {}, skipped, data_);
    for (const char* section :
         {"populations", "inputs", "projections", "signals", "record", "data", "readouts", "scores"}) {
      std::string names;
      if (const TomlNode* node = root_.find(section))
        for (const auto& entry : node->entries) names += entry.first + ',';
      sweep_.base_hash_ += sweep_file::hash_of(std::string("order of ") + section, names);
    }
    sweep_.files_ = document_.files;
    if (root_.find("plugins") || !sweep_.plugins_.empty()) {
      for (const std::string& file : sweep_.experiment(0).files) {
        if (experiment_file::contains(document_.files, file)) continue;
        sweep_.base_hash_ += sweep_file::hash_of("plug-in", fmt::format("{:x}", data_.hash(file)));
      }
    }
    for (const std::string& file : data_.files()) sweep_.files_.push_back(file);
    if (sweep_.design_ == "list") reject_equal_rows();
  }

  void reject_equal_rows() const {
    std::map<std::uint64_t, std::uint64_t> seen;
    for (std::uint64_t point = 0; point < sweep_.size(); point += sweep_.repeats_) {
      const auto [earlier, is_new] = seen.emplace(sweep_.hash(point), point);
      if (is_new) continue;
      Field(*axis_nodes_.front(), "sweep.axes." + sweep_.axes_.front().keys.front())
          .reject_table(fmt::format("entries {} and {} of all axes are equal", sweep_.row_of(earlier->second),
                                    sweep_.row_of(point)),
                        "different points");
    }
  }

  Sweep& sweep_;
  TomlDocument document_;
  TomlNode& root_;
  const Names forms_ = sweep_file::names_of_ranges();
  bool is_drawn_ = false;
  std::vector<const TomlNode*> axis_nodes_;  // by axis
  sweep_file::DataHashes data_;
};

Sweep::Sweep(const std::string& path, const std::vector<std::string>& overrides,
             const std::vector<std::string>& plugins)
    : path_(path), overrides_(overrides), plugins_(plugins) {
  if (fs::path(path).extension() == ".json")
    throw ExperimentError({.file = path,
                           .problem = "a SONATA config has no sweep",
                           .expected = "an experiment file (TOML) with a table [sweep]"});
  SweepReader(*this).read();
}

}  // namespace rheo
