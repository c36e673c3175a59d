// What a report says of a task: scores, and what readouts said of the data that they had not seen.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "apps/learning/measures.hpp"
#include "apps/report/recordings.hpp"
#include "apps/report/task.hpp"

namespace rheo::report {

namespace {

namespace fs = std::filesystem;

constexpr std::size_t shown_rows = 300, shown_targets = 3, many_targets = 5;

std::string value_text(const RunFile& run, const std::string& key, const Json& value) {
  if (value.is_null()) return "not defined";
  if (!value.is_number()) run.reject(key, value, "a number, or null");
  return fmt::format("{:.6g}", value.get<double>());
}

void add_scores(Page& page, const RunFile& run) {
  Table scores{"Scores", {"score", "value"}, {}, {false, true}};
  for (const auto& [name, value] : run.members(run.json(), "scores"))
    scores.rows.push_back({name, value_text(run, "scores." + name, value)});
  if (!scores.rows.empty()) page.table(scores);
  Table targets{"Scores of single columns or classes", {"target"}, {}, {false}};
  for (const auto& [target, values] : run.members(run.json(), "targets")) {
    if (!values.is_object()) run.reject("targets." + target, values, "a table");
    for (const auto& [name, value] : values.items())
      if (std::ranges::find(targets.head, name) == targets.head.end()) {
        targets.head.push_back(name);
        targets.numbers.push_back(true);
      }
    std::vector<std::string> row{target};
    for (std::size_t i = 1; i < targets.head.size(); ++i)
      row.push_back(values.contains(targets.head[i]) ? value_text(run, "targets." + target, values[targets.head[i]])
                                                     : "");
    targets.rows.push_back(std::move(row));
  }
  for (auto& row : targets.rows) row.resize(targets.head.size());
  if (!targets.rows.empty()) page.table(targets);
}

// What a readout said in the test, and what it should have said.
struct Said {
  std::string readout;
  std::vector<std::string> targets;
  Matrix outputs, wanted;
};

Matrix matrix_of(const h5::Dataset& data, std::size_t columns) {
  if (data.rank() != 2 || data.shape()[1] != columns) data.fail(fmt::format("must have {} columns", columns));
  const std::vector<double> values = data.read<double>();
  return Eigen::Map<const Matrix>(values.data(), static_cast<Eigen::Index>(data.rows()),
                                  static_cast<Eigen::Index>(columns));
}

void draw_outputs(Page& page, const Said& said) {
  Picture picture{.title = fmt::format("Readout {}, the first rows of the test", said.readout),
                  .columns = 1,
                  .panel_width = 620,
                  .panel_height = 200};
  const auto rows = std::min<Eigen::Index>(said.outputs.rows(), shown_rows);
  for (std::size_t k = 0; k < std::min(said.targets.size(), shown_targets); ++k) {
    Panel panel{.title = said.targets[k]};
    panel.x.label = "row of the test";
    panel.y.label = said.targets[k];
    for (const bool is_wanted : {true, false}) {
      LineLayer line{.name = is_wanted ? "target" : "output"};
      line.dashed = is_wanted;
      for (Eigen::Index t = 0; t < rows; ++t) {
        line.x.push_back(static_cast<double>(t));
        line.y.push_back((is_wanted ? said.wanted : said.outputs)(t, static_cast<Eigen::Index>(k)));
      }
      panel.layers.emplace_back(std::move(line));
    }
    picture.panels.push_back(std::move(panel));
  }
  page.picture(file_name("outputs-" + said.readout), std::move(picture),
               fmt::format("Output and target of {} in the first {} of {} rows of the test{}.", said.readout, rows,
                           said.outputs.rows(),
                           said.targets.size() > shown_targets
                               ? fmt::format(", {} of {} targets", shown_targets, said.targets.size())
                               : ""));
}

// Of many targets, such as the inputs of rows before, how well each is told.
void draw_correlations(Page& page, const Said& said) {
  Panel panel;
  panel.x.label = "target, in their order";
  panel.y.label = "squared correlation";
  panel.y.low = 0;
  panel.y.high = 1;
  LineLayer line;
  for (std::size_t k = 0; k < said.targets.size(); ++k) {
    const auto column = static_cast<Eigen::Index>(k);
    line.x.push_back(static_cast<double>(k + 1));
    line.y.push_back(squared_correlation(said.outputs.col(column), said.wanted.col(column)));
  }
  panel.layers.emplace_back(std::move(line));
  page.picture(file_name("correlations-" + said.readout),
               {.title = fmt::format("Readout {}: how well each target is told", said.readout),
                .panels = {std::move(panel)},
                .panel_width = 620,
                .panel_height = 240},
               fmt::format("Squared correlation of output and target of {}, for each of {} targets, in the test.",
                           said.readout, said.targets.size()));
}

void draw_answers(Page& page, const Said& said, const std::vector<std::uint32_t>& labels,
                  const std::vector<std::uint32_t>& answers) {
  const std::size_t classes = said.targets.size();
  HeatMap map{.values = std::vector<double>(classes * classes, 0.0), .columns = classes};
  map.row_names = map.column_names = said.targets;
  map.label = "items";
  if (classes <= 20) map.decimals = 0;
  for (std::size_t i = 0; i < std::min(labels.size(), answers.size()); ++i)
    if (labels[i] < classes && answers[i] < classes) map.values[labels[i] * classes + answers[i]] += 1;
  Panel panel;
  panel.x.label = "answer";
  panel.y.label = "class";
  panel.layers.emplace_back(std::move(map));
  page.picture(file_name("answers-" + said.readout),
               {.title = fmt::format("Readout {}: what the items of the test were taken for", said.readout),
                .panels = {std::move(panel)},
                .panel_width = 480,
                .panel_height = 400},
               fmt::format("Answers of {} to {} items of the test, by class.", said.readout, labels.size()));
}

}  // namespace

void add_task(Page& page, const RunFile& run, const fs::path& directory) {
  const auto scores = run.members(run.json(), "scores");
  const fs::path path = directory / "task.h5";
  std::error_code error;
  const bool is_there = fs::exists(path, error);
  if (scores.empty() && !is_there) return;
  page.section("Task");
  add_scores(page, run);
  if (const auto remarks = run.json().find("remarks"); remarks != run.json().end())
    for (const Json& remark : *remarks)
      if (remark.is_string()) page.paragraph(remark.get<std::string>());
  if (!is_there) return;
  const h5::File file = h5::File::open(path.string());
  if (!file.has_group("outputs")) return;
  for (const std::string& readout : groups_in(file.group("outputs"))) {
    const std::string at = "outputs/" + readout + "/test";
    if (!file.has_group(at)) continue;
    Said said{readout, file.dataset("readouts/" + readout + "/target").read_texts(), {}, {}};
    said.outputs = matrix_of(file.dataset(at + "/output"), said.targets.size());
    said.wanted = matrix_of(file.dataset(at + "/target"), said.targets.size());
    if (said.outputs.rows() != said.wanted.rows())
      file.dataset(at + "/target").fail("has another number of rows than outputs");
    if (said.outputs.rows() == 0 || said.targets.empty()) continue;
    if (file.has_dataset(at + "/label")) {
      draw_answers(page, said, file.dataset(at + "/label").read<std::uint32_t>(),
                   file.dataset(at + "/answer").read<std::uint32_t>());
      continue;
    }
    if (said.targets.size() >= many_targets) draw_correlations(page, said);
    draw_outputs(page, said);
  }
}

}  // namespace rheo::report
