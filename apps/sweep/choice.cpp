#include "apps/sweep/choice.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <ostream>
#include <regex>
#include <set>
#include <utility>

#include "apps/sweep/sweep.hpp"
#include "apps/tasks/task.hpp"
#include "io/files/recording.hpp"
#include "io/text/json.hpp"

namespace rheo {

namespace {

// A value as the numbers in it and what is left of it without them: of { uniform = [-0.2, 0.2] } two.
struct Numbers {
  std::vector<double> all;
  std::string shape;
};

Numbers numbers_of(const SweepParameter& parameter) {
  if (const auto* const whole = std::get_if<std::int64_t>(&parameter)) return {{static_cast<double>(*whole)}, {}};
  if (const auto* const real = std::get_if<double>(&parameter)) return {{*real}, {}};
  const std::string& text = std::get<std::string>(parameter);
  if (!text.starts_with('{') && !text.starts_with('[')) return {{}, text};
  static const std::regex number(R"((^|[^\w.])([-+]?\d+(\.\d*)?([eE][-+]?\d+)?))");
  Numbers found;
  for (auto at = std::sregex_iterator(text.begin(), text.end(), number); at != std::sregex_iterator(); ++at)
    found.all.push_back(std::stod((*at)[2]));
  found.shape = std::regex_replace(text, number, "$1");
  return found;
}

// "= 0.21 +- 0.01 (95 %, 5 seeds)"
std::string interval_text(const MeanInterval& value, std::size_t seeds) {
  if (value.count == 0) return fmt::format("has no value ({} seeds)", seeds);
  std::string text = fmt::format("= {:.6g}", value.mean);
  if (value.half_width) text += fmt::format(" +- {:.3g}", *value.half_width);
  return text + fmt::format(" ({}{}{} seed{})", value.half_width ? "95 %, " : "", value.count,
                            value.count < seeds ? fmt::format(" of {}", seeds) : "", seeds == 1 ? "" : "s");
}

void put(Json& json, const MeanInterval& value) {
  json["values"] = value.count;
  json["mean"] = value.count == 0 ? Json(nullptr) : Json(value.mean);
  json["half_width_95"] = or_null(value.half_width);
}

// Whether a number of the best value of a key is the smallest or largest of all: of values that differ in numbers
// alone.
std::string edge_of(const std::string& key, const std::vector<SweepParameter>& values, const SweepParameter& best) {
  const Numbers chosen = numbers_of(best);
  for (std::size_t k = 0; k < chosen.all.size(); ++k) {
    std::set<double> all;
    for (const SweepParameter& value : values) {
      const Numbers numbers = numbers_of(value);
      if (numbers.shape != chosen.shape || numbers.all.size() != chosen.all.size()) return {};
      all.insert(numbers.all[k]);
    }
    if (all.size() < 2 || (chosen.all[k] != *all.begin() && chosen.all[k] != *all.rbegin())) continue;
    return fmt::format("{} = {} is at the edge of the {} values of its search", key, parameter_text(best), all.size());
  }
  return {};
}

}  // namespace

Sweep open_sweep(const std::string& file, const std::vector<std::string>& overrides,
                 const std::vector<std::string>& plugins) {
  Sweep sweep(file, overrides, plugins);
  sweep.know_tasks([](Experiment& experiment) {
    TaskScores scores;
    const std::optional<Task> task = read_task(experiment);
    for (const ScoreSpec& score : task->scores) scores.emplace_back(score.name, score.part);
    return scores;
  });
  return sweep;
}

std::optional<SweepChoice> choose(const SweepFolder& folder) {
  const SweepManifest manifest = folder.manifest();
  if (manifest.objective.empty()) return std::nullopt;
  const std::vector<SweepPoint> points = folder.points(manifest);
  std::vector<std::uint64_t> hashes;
  for (const SweepPoint& point : points) hashes.push_back(point.hash);
  const SweepHistory history = history_of(folder, hashes);
  SweepChoice choice;
  std::map<std::vector<std::string>, std::size_t> known;
  std::vector<std::vector<double>> values;
  for (std::size_t i = 0; i < points.size(); ++i) {
    std::vector<std::string> texts;
    for (std::size_t k = 0; k < manifest.keys.size(); ++k)
      if (manifest.keys[k] != "simulation.seed")
        texts.push_back(fmt::format("{} = {}", manifest.keys[k], parameter_text(points[i].parameters[k])));
    const auto [at, is_new] = known.try_emplace(texts, choice.candidates.size());
    if (is_new) {
      choice.candidates.push_back({.point = i, .texts = texts, .value = {}, .seeds = 0});
      values.emplace_back();
    }
    ++choice.candidates[at->second].seeds;
    const auto record = history.records.find(points[i].hash);
    if (record == history.records.end() || record->second.state != PointState::finished) continue;
    if (const double value = metric_of(manifest.objective, record->second); std::isfinite(value))
      values[at->second].push_back(value);
  }
  std::optional<std::size_t> best;
  std::size_t missing = 0;
  for (std::size_t c = 0; c < values.size(); ++c) {
    SweepChoice::Candidate& candidate = choice.candidates[c];
    if (!values[c].empty()) candidate.value = mean_interval(values[c]);
    // One of which some seeds have no value would be compared on others.
    if (candidate.value.count < candidate.seeds) {
      ++missing;
      continue;
    }
    const auto better = [&](double a, double b) { return manifest.maximise ? a > b : a < b; };
    if (!best || better(candidate.value.mean, choice.candidates[*best].value.mean)) best = c;
  }
  if (!best) return std::nullopt;
  choice.best = *best;
  if (missing > 0)
    choice.warnings.push_back(fmt::format("{} of {} candidates have no value for some of their seeds, and are left out",
                                          missing, choice.candidates.size()));
  for (std::size_t k = 0; k < manifest.keys.size(); ++k) {
    if (manifest.keys[k] == "simulation.seed") continue;
    std::vector<SweepParameter> all;
    for (const SweepPoint& point : points) all.push_back(point.parameters[k]);
    if (std::string edge = edge_of(manifest.keys[k], all, points[choice.candidates[*best].point].parameters[k]);
        !edge.empty())
      choice.warnings.push_back(std::move(edge));
  }
  return choice;
}

std::string choice_text(const SweepFolder& folder, const SweepChoice& choice) {
  const SweepManifest manifest = folder.manifest();
  const SweepChoice::Candidate& best = choice.candidates[choice.best];
  std::string text = fmt::format("best         {} {}, the {} of {} candidates: {}\n", manifest.objective,
                                 interval_text(best.value, best.seeds), manifest.maximise ? "largest" : "smallest",
                                 choice.candidates.size(), fmt::join(best.texts, ", "));
  for (const std::string& warning : choice.warnings) text += fmt::format("warning      {}\n", warning);
  return text;
}

void write_choice(const SweepFolder& folder, const SweepChoice& choice) {
  const SweepManifest manifest = folder.manifest();
  const auto json_of = [](const SweepChoice::Candidate& candidate) {
    Json json{{"settings", candidate.texts}, {"seeds", candidate.seeds}};
    put(json, candidate.value);
    return json;
  };
  Json json{{"objective", manifest.objective},
            {"goal", manifest.maximise ? "max" : "min"},
            {"points", manifest.points},
            {"best", json_of(choice.candidates[choice.best])},
            {"warnings", choice.warnings}};
  for (const SweepChoice::Candidate& candidate : choice.candidates) json["candidates"].push_back(json_of(candidate));
  write_whole_text(folder.path() / "choice.json", [&](std::ostream& to) { to << json_text(json, 2) << '\n'; });
}

SweepMeans means_of(const SweepFolder& folder) {
  const SweepManifest manifest = folder.manifest();
  std::vector<std::uint64_t> hashes;
  for (const SweepPoint& point : folder.points(manifest)) hashes.push_back(point.hash);
  const SweepHistory history = history_of(folder, hashes);
  SweepMeans means{.metrics = {}, .seeds = hashes.size()};
  for (const std::string& metric : manifest.metrics) {
    std::vector<double> values;
    for (const std::uint64_t hash : hashes)
      if (const auto record = history.records.find(hash);
          record != history.records.end() && record->second.state == PointState::finished)
        if (const double value = metric_of(metric, record->second); std::isfinite(value)) values.push_back(value);
    means.metrics.emplace_back(metric, values.empty() ? MeanInterval{} : mean_interval(values));
  }
  return means;
}

std::string means_text(const SweepMeans& means) {
  std::string text;
  for (const auto& [metric, value] : means.metrics)
    text += fmt::format("mean         {} {}\n", metric, interval_text(value, means.seeds));
  return text;
}

void write_means(const SweepFolder& folder, const SweepMeans& means) {
  Json json{{"seeds", means.seeds}, {"metrics", Json::object()}};
  for (const auto& [metric, value] : means.metrics) put(json["metrics"][metric], value);
  write_whole_text(folder.path() / "means.json", [&](std::ostream& to) { to << json_text(json, 2) << '\n'; });
}

}  // namespace rheo
