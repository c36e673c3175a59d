#include "io/sweep/sweep.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <limits>

#include "core/diagnostics.hpp"
#include "core/math.hpp"
#include "io/sweep/parts.hpp"

namespace rheo {

using sweep_file::hash_of;
using sweep_file::number_value;

double SweepAxis::number(double x) const {
  const double number = range->at(numbers, x);
  return round ? std::floor(number + 0.5) : number;
}

SweepValue SweepAxis::at(double x, std::size_t key) const {
  if (range != nullptr) return number_value(keys[key], number(x));
  const auto index = static_cast<std::size_t>(is_choice ? x * static_cast<double>(entries.size()) : x);
  return entries[std::min(index, entries.size() - 1)][key];
}

std::uint64_t Sweep::row_of(std::uint64_t point) const {
  return kept_ ? (*kept_)[point / repeats_] : point / repeats_;
}

SweepValue Sweep::value(std::uint64_t row, std::size_t axis, std::size_t key) const {
  if (!draws_.empty()) {
    RandomStream stream(draws_[axis], static_cast<std::uint32_t>(row));
    double u = stream.uniform_open();
    if (!strata_.empty()) {
      // The sum may round up to the next stratum, of which there is none behind the last.
      u = (strata_[axis][row] + u) / static_cast<double>(rows_);
      u = std::min(u, 1.0 - 0x1p-53);
    }
    return axes_[axis].at(u, key);
  }
  if (design_ == "list") return axes_[axis].at(static_cast<double>(row), key);
  for (std::size_t later = axis + 1; later < axes_.size(); ++later) row /= axes_[later].size();
  return axes_[axis].at(static_cast<double>(row % axes_[axis].size()), key);
}

std::vector<SweepValue> Sweep::values(std::uint64_t row, std::uint32_t repeat) const {
  std::vector<SweepValue> all;
  for (std::size_t axis = 0; axis < axes_.size(); ++axis)
    for (std::size_t key = 0; key < axes_[axis].keys.size(); ++key) all.push_back(value(row, axis, key));
  if (!seed_is_axis_) {
    const std::uint64_t seed = seed_ + repeat;
    const std::string text = fmt::format("{}", seed);
    all.push_back({text, static_cast<std::int64_t>(seed), hash_of("simulation.seed", text)});
  }
  return all;
}

std::vector<SweepValue> Sweep::values(std::uint64_t point) const {
  return values(row_of(point), repeat(point));
}

std::vector<std::string> Sweep::overrides(const std::vector<SweepValue>& values) const {
  std::vector<std::string> all = overrides_;
  for (std::size_t i = 0; i < keys_.size(); ++i) all.push_back(keys_[i] + '=' + values[i].text);
  return all;
}

std::vector<std::string> Sweep::overrides(std::uint64_t point) const {
  return overrides(values(point));
}

std::uint64_t Sweep::hash(std::uint64_t point) const {
  std::uint64_t sum = base_hash_;
  for (const SweepValue& value : values(point)) sum += value.hash;
  return sum;
}

bool Sweep::satisfies(std::uint64_t row) const {
  for (const Condition& condition : conditions_) {
    const auto content = [&](const Operand& operand) {
      return operand.is_constant ? operand.constant.content : value(row, operand.axis, operand.key).content;
    };
    const auto left = content(condition.left), right = content(condition.right);
    const std::string& relation = condition.relation;
    if (const auto* text = std::get_if<std::string>(&left)) {  // the reader saw to it that both are texts, or numbers
      if ((*text == std::get<std::string>(right)) != (relation == "==")) return false;
      continue;
    }
    const auto number = [](const auto& from) {
      const auto* whole = std::get_if<std::int64_t>(&from);
      return whole ? static_cast<double>(*whole) : std::get<double>(from);
    };
    const double x = number(left), y = number(right);
    const bool holds = relation == "<"    ? x < y
                       : relation == "<=" ? x <= y
                       : relation == ">"  ? x > y
                       : relation == ">=" ? x >= y
                       : relation == "==" ? x == y
                                          : x != y;
    if (!holds) return false;
  }
  return true;
}

Complaint Sweep::locate(Complaint complaint) const {
  if (complaint.file != "--set") return complaint;
  std::string key = complaint.key;  // "phases[0].duration" is phases.0.duration
  std::replace(key.begin(), key.end(), '[', '.');
  key.erase(std::remove(key.begin(), key.end(), ']'), key.end());
  for (const SweepAxis& axis : axes_)
    for (const std::string& own : axis.keys)
      if (sweep_file::is_within(key, own) || sweep_file::is_within(own, key)) complaint.file = axis.place;
  return complaint;
}

Experiment Sweep::experiment(const std::vector<std::string>& overrides) const {
  try {
    Experiment experiment = parse_experiment(path_, overrides, plugins_);
    experiment.warnings.erase(experiment.warnings.begin());  // that [sweep] does not count, which is the first one
    if (judge_ && !experiment.tasks.entries.empty()) judge_(experiment);
    return experiment;
  } catch (const UserError& error) {
    throw ExperimentError(locate(error.complaint()));
  }
}

Experiment Sweep::experiment(std::uint64_t point) const {
  return experiment(overrides(point));
}

void Sweep::know_tasks(std::function<TaskScores(Experiment&)> judge) {
  TaskScores scores;
  judge_ = [&](Experiment& experiment) { return scores = judge(experiment); };
  if (has_trials_) experiment(overrides(values(row_of(0), 0)));
  judge_ = std::move(judge);
  std::vector<std::string> names;
  for (const auto& score : scores) names.push_back(score.first);
  if (!metrics_are_given_ && !scores.empty()) {
    metrics_.clear();
    for (const std::string& name : names) metrics_.push_back({SweepMetric::Kind::score, name, "score." + name});
  }
  const auto refuse = [](const std::string& place, const std::string& key, const std::string& value,
                         const std::string& problem, const std::string& expected, const std::string& suggestion = {}) {
    throw ExperimentError({.file = place,
                           .key = "sweep." + key,
                           .value = '"' + value + '"',
                           .problem = problem,
                           .expected = expected,
                           .suggestion = suggestion});
  };
  for (const SweepMetric& metric : metrics_)
    if (metric.kind == SweepMetric::Kind::score && std::ranges::find(names, metric.population) == names.end())
      refuse(metric.place, "metrics", metric.name, "there is no such score",
             names.empty() ? "an experiment with trials" : one_of(names), nearest(metric.population, names));
  if (objective_.metric.empty()) return;
  const auto metric = std::ranges::find(metrics_, objective_.metric, &SweepMetric::name);
  if (metric == metrics_.end()) {
    std::vector<std::string> known;
    for (const SweepMetric& one : metrics_) known.push_back(one.name);
    refuse(objective_.place, "objective", objective_.metric, "is none of the metrics", one_of(known),
           nearest(objective_.metric, known));
  }
  for (const auto& [name, part] : scores)
    if (metric->kind == SweepMetric::Kind::score && name == metric->population && (part == "test" || part == "free"))
      refuse(objective_.place, "objective", objective_.metric,
             "is a score of the part " + part + ", by which nothing may be chosen", "a score of the part validate");
}

std::vector<std::string> Sweep::report_overrides(std::uint64_t point) const {
  std::vector<std::string> all = overrides_;
  const std::vector<SweepValue> chosen = values(point);
  for (std::size_t i = 0; i < keys_.size(); ++i)
    if (keys_[i] != "simulation.seed") all.push_back(keys_[i] + '=' + chosen[i].text);
  std::string metrics;
  for (const SweepMetric& metric : metrics_)
    metrics += fmt::format("{}\"{}\"", metrics.empty() ? "" : ", ", metric.name);
  all.push_back(fmt::format("sweep={{ design = \"list\", metrics = [{}], axes = {{ \"simulation.seed\" = [{}] }} }}",
                            metrics, fmt::join(objective_.report_seeds, ", ")));
  return all;
}

void Sweep::check(double seconds) const {
  const auto begin = std::chrono::steady_clock::now();
  const auto is_time = [&] {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count() < seconds;
  };
  const auto passes = [&](std::uint64_t row, std::optional<UserError>& error) {
    try {
      experiment(overrides(values(row, 0)));
      return true;
    } catch (const UserError& caught) {
      if (!error) error = caught;
      return false;
    }
  };
  // Up to so many of a number of entries, the first and the last among them.
  const auto each = [&](std::uint64_t count, std::uint64_t most, const auto& body) {
    const std::uint64_t tries = std::min(count, most);
    for (std::uint64_t i = 0; i < tries && (i == 0 || is_time()); ++i)
      if (!body(tries == 1 ? 0 : i * (count - 1) / (tries - 1))) return;
  };
  const std::uint64_t rows = size() / repeats_;
  if (!draws_.empty()) {
    std::optional<UserError> error;
    bool passed = false;
    each(rows, 16, [&](std::uint64_t i) { return !(passed = passes(row_of(i * repeats_), error)); });
    if (!passed) throw ExperimentError(error->complaint());
    return;
  }
  if (axes_.empty() || design_ == "list") {
    each(rows, 64, [&](std::uint64_t i) {
      std::optional<UserError> error;
      if (!passes(row_of(i * repeats_), error)) throw ExperimentError(error->complaint());
      return true;
    });
    return;
  }
  std::uint64_t stride = 1;  // rows from one entry of the axis to the next
  for (std::size_t axis = axes_.size(); axis-- > 0;) {
    const std::uint64_t entries = axes_[axis].size();
    const std::uint64_t last = rows_ - 1 - (rows_ - 1) / stride % entries * stride;  // with the axis' first entry
    each(entries, 64, [&](std::uint64_t entry) {
      std::optional<UserError> error;
      bool passed = false;
      for (const std::uint64_t row : {entry * stride, last + entry * stride})
        if (!passed && satisfies(row)) passed = passes(row, error);
      if (!passed && error) throw ExperimentError(error->complaint());
      return true;
    });
    stride *= entries;
  }
}

bool has_sweep(const std::string& path, const std::vector<std::string>& overrides) {
  return read_toml_document(path, overrides).root.find("sweep") != nullptr;
}

}  // namespace rheo
