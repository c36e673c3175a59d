#include "apps/reservoir/results.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <nlohmann/json.hpp>

#include "apps/figures/picture.hpp"
#include "core/version.hpp"
#include "io/files/recording.hpp"
#include "io/h5/h5.hpp"

namespace rheo {

namespace {

namespace fs = std::filesystem;

std::vector<double> finite(std::vector<double> values) {
  std::erase_if(values, [](double x) { return !std::isfinite(x); });
  return values;
}

struct CurveOfAll {
  const Curve* first = nullptr;
  std::vector<double> mean, half_width;  // over seeds
};

// Curves of this panel and name, over all trials whose x are the same.
std::vector<CurveOfAll> curves_of(const Results& results) {
  std::vector<CurveOfAll> all;
  if (results.trials.empty()) return all;
  for (const Curve& curve : results.trials.front().curves) {
    CurveOfAll& one = all.emplace_back();
    one.first = &curve;
    for (std::size_t i = 0; i < curve.x.size(); ++i) {
      std::vector<double> values;
      for (const Trial& trial : results.trials)
        for (const Curve& other : trial.curves)
          if (other.panel == curve.panel && other.name == curve.name && i < other.y.size() && other.x[i] == curve.x[i])
            values.push_back(other.y[i]);
      values = finite(std::move(values));
      const MeanInterval interval = values.empty() ? MeanInterval{} : mean_interval(values);
      one.mean.push_back(values.empty() ? std::numeric_limits<double>::quiet_NaN() : interval.mean);
      one.half_width.push_back(interval.half_width.value_or(0));
    }
  }
  return all;
}

// Traces in time are those of the first seed: their mean over seeds would say nothing.
bool is_example(const Curve& curve) {
  return curve.x_label.starts_with("time");
}

Picture picture_of(const Results& results) {
  Picture picture;
  picture.title = results.title.empty() ? results.kind : results.title;
  std::map<std::string, std::size_t> panels;
  for (const CurveOfAll& curve : curves_of(results)) {
    const auto [found, is_new] = panels.emplace(curve.first->panel, picture.panels.size());
    if (is_new) {
      Panel& panel = picture.panels.emplace_back();
      panel.title = curve.first->panel;
      if (is_example(*curve.first)) panel.title += fmt::format(", seed {}", results.seeds.front());
      panel.x.label = curve.first->x_label;
      panel.y.label = curve.first->y_label;
    }
    LineLayer line;
    line.name = curve.first->name;
    line.dashed = curve.first->wanted;
    line.x = curve.first->x;
    line.y = is_example(*curve.first) ? curve.first->y : curve.mean;
    if (!is_example(*curve.first) && results.trials.size() > 1)
      for (std::size_t i = 0; i < curve.mean.size(); ++i) {
        line.low.push_back(curve.mean[i] - curve.half_width[i]);
        line.high.push_back(curve.mean[i] + curve.half_width[i]);
      }
    picture.panels[found->second].layers.emplace_back(std::move(line));
  }
  // Scores that are compared: those with the same beginning, such as nrmse, nrmse.delays.
  std::map<std::string, std::vector<std::string>> groups;
  for (const std::string& name : score_names(results)) groups[name.substr(0, name.find('.'))].push_back(name);
  for (const auto& [name, members] : groups) {
    if (members.size() < 2) continue;
    Panel& panel = picture.panels.emplace_back();
    panel.title = name;
    panel.y.label = name;
    panel.y.low = 0;
    BarLayer bars;
    for (const std::string& member : members) {
      const std::vector<double> values = finite(values_of(results, member));
      if (values.empty()) continue;
      const MeanInterval interval = mean_interval(values);
      panel.categories.push_back(member == name ? name : member.substr(name.size() + 1));
      bars.y.push_back(interval.mean);
      bars.low.push_back(interval.mean - interval.half_width.value_or(0));
      bars.high.push_back(interval.mean + interval.half_width.value_or(0));
    }
    panel.layers.emplace_back(std::move(bars));
  }
  return picture;
}

nlohmann::ordered_json json_of_score(const std::vector<double>& values) {
  const std::vector<double> known = finite(values);
  nlohmann::ordered_json score;
  const MeanInterval interval = known.empty() ? MeanInterval{} : mean_interval(known);
  score["mean"] = known.empty() ? nlohmann::ordered_json() : nlohmann::ordered_json(interval.mean);
  if (interval.half_width)
    score["confidence_95"] = {interval.mean - *interval.half_width, interval.mean + *interval.half_width};
  score["values"] = values;
  return score;
}

nlohmann::ordered_json json_of(const Results& results) {
  nlohmann::ordered_json json;
  json["rheobase"] = version;
  json["title"] = results.title;
  json["task"] = results.kind;
  json["experiment"] = results.experiment;
  json["seeds"] = results.seeds;
  for (const std::string& name : score_names(results)) {
    json["scores"][name] = json_of_score(values_of(results, name));
  }
  return json;
}

// A name for HDF5: no slash, no blank.
std::string plain(std::string name) {
  for (char& c : name)
    if (c == '/' || c == ' ') c = '_';
  return name;
}

void write_h5(const fs::path& file, const Results& results) {
  recording_step(file, [&] {
    write_whole(file, [&](h5::File& to) {
      to.set_text("task", results.kind);
      to.set_text("experiment", results.experiment);
      to.create_dataset<std::uint64_t>("seeds", results.seeds.size()).write<std::uint64_t>(0, results.seeds);
      h5::Group scores = to.create_group("scores");
      for (const std::string& name : score_names(results)) {
        const std::vector<double> values = values_of(results, name);
        scores.create_dataset<double>(plain(name), values.size()).write<double>(0, values);
      }
      h5::Group curves = to.create_group("curves");
      std::map<std::string, h5::Group> panels;
      for (const CurveOfAll& curve : curves_of(results)) {
        const std::string panel = plain(curve.first->panel);
        if (!panels.contains(panel)) panels.emplace(panel, curves.create_group(panel));
        h5::Group group = panels.at(panel).create_group(plain(curve.first->name));
        group.set_text("x_label", curve.first->x_label);
        group.set_text("y_label", curve.first->y_label);
        group.create_dataset<double>("x", curve.first->x.size()).write<double>(0, curve.first->x);
        // [seed][x]
        const std::uint64_t shape[] = {results.trials.size(), curve.first->x.size()};
        h5::Dataset rows = group.create_dataset<double>("y", shape);
        for (std::size_t t = 0; t < results.trials.size(); ++t)
          for (const Curve& other : results.trials[t].curves)
            if (other.panel == curve.first->panel && other.name == curve.first->name && other.y.size() == shape[1])
              rows.write_rows<double>(t, other.y);
      }
    });
  });
}

}  // namespace

std::vector<std::string> score_names(const Results& results) {
  std::vector<std::string> names;
  for (const Trial& trial : results.trials)
    for (const auto& [name, value] : trial.scores)
      if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
  return names;
}

std::vector<double> values_of(const Results& results, const std::string& score) {
  std::vector<double> values;
  for (const Trial& trial : results.trials) {
    const auto found =
        std::find_if(trial.scores.begin(), trial.scores.end(), [&](const auto& one) { return one.first == score; });
    values.push_back(found == trial.scores.end() ? std::numeric_limits<double>::quiet_NaN() : found->second);
  }
  return values;
}

std::string summary(const Results& results) {
  std::string text;
  text += fmt::format("{} ({} seed{})\n", results.title.empty() ? results.kind : results.title, results.seeds.size(),
                      results.seeds.size() == 1 ? "" : "s");
  std::size_t width = 0;
  for (const std::string& name : score_names(results)) width = std::max(width, name.size());
  for (const std::string& name : score_names(results)) {
    const std::vector<double> values = finite(values_of(results, name));
    if (values.empty()) {
      text += fmt::format("  {:<{}}  not defined\n", name, width);
      continue;
    }
    const MeanInterval interval = mean_interval(values);
    text += fmt::format("  {:<{}}  {:10.5g}", name, width, interval.mean);
    if (interval.half_width) text += fmt::format(" +- {:.3g} (95 %)", *interval.half_width);
    if (values.size() < results.trials.size())
      text += fmt::format("  (of {} of {} seeds)", values.size(), results.trials.size());
    text += '\n';
  }
  return text;
}

void write_results(const fs::path& directory, const Results& results) {
  const fs::path json = directory / "results.json", picture = directory / "results.svg";
  // Names of columns come from files, and may be no UTF-8.
  write_whole_text(json, [&](std::ostream& to) {
    to << json_of(results).dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace) << '\n';
  });
  write_h5(directory / "results.h5", results);
  write_whole_text(picture, [&](std::ostream& to) { to << svg(picture_of(results)); });
}

}  // namespace rheo
