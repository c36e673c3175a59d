#include "apps/tasks/series_data.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <utility>

#include "apps/learning/measures.hpp"
#include "apps/learning/series.hpp"
#include "core/diagnostics.hpp"
#include "core/math.hpp"

namespace rheo {

namespace {

// Each column less its mean and by its standard deviation, both of rows [first, last).
std::vector<ColumnScale> standardise(Matrix& all, std::size_t first, std::size_t last) {
  const auto rows = all.middleRows(static_cast<Eigen::Index>(first), static_cast<Eigen::Index>(last - first));
  const Eigen::RowVectorXd mean = rows.colwise().mean();
  const Eigen::RowVectorXd deviation = (rows.rowwise() - mean).array().square().colwise().mean().sqrt();
  std::vector<ColumnScale> scales;
  for (Eigen::Index c = 0; c < all.cols(); ++c) {
    scales.push_back({mean(c), deviation(c) > 0 ? deviation(c) : 1.0});
    all.col(c) = (all.col(c).array() - mean(c)) / scales.back().deviation;
  }
  return scales;
}

// Targets that vary in each part that is fitted or scored; of others a remark says why they do not count. A column that
// stands still in one of them is no question there: its error is not defined in units of what varies.
void count_targets(Dataset& data, const std::string& key) {
  for (std::size_t c = 0; c < data.target_names.size(); ++c) {
    std::vector<std::string_view> constant;
    bool moves = false;
    for (const DataPart part : {DataPart::train, DataPart::validate, DataPart::test}) {
      const std::vector<std::size_t> rows = data.rows_of(part);
      if (rows.empty()) continue;
      Eigen::VectorXd column(rows.size());
      for (std::size_t i = 0; i < rows.size(); ++i)
        column(static_cast<Eigen::Index>(i)) =
            data.targets(static_cast<Eigen::Index>(rows[i]), static_cast<Eigen::Index>(c));
      if (varies(column))
        moves = true;
      else
        constant.push_back(name_of(part));
    }
    if (constant.empty()) {
      data.counted.push_back(c);
      continue;
    }
    data.remarks.push_back(fmt::format("{} is constant in the part {}: it is not scored{}", data.target_names[c],
                                       fmt::join(constant, ", in the part "),
                                       moves && constant.front() == name_of(DataPart::train)
                                           ? ", and where it moves the network hears what no readout has learnt from"
                                           : ""));
  }
  if (!data.counted.empty() || data.target_names.empty()) return;
  throw ExperimentError({.key = key,
                         .problem = "no target varies in all parts, so that no readout can be chosen or scored: " +
                                    fmt::format("{}", fmt::join(data.remarks, "; ")),
                         .expected = "targets that vary in all parts, or longer parts"});
}

// A series and what is to be said of it, row by row, in consecutive parts.
Dataset series(Matrix inputs, Matrix targets, const DataEnds& ends, const DataEnds::Rows& rows) {
  Dataset data;
  data.inputs = std::move(inputs);
  data.targets = std::move(targets);
  data.target_scales.resize(static_cast<std::size_t>(data.targets.cols()));
  data.shows = ends.shows(rows);
  const auto name = [](const char* what, Eigen::Index count, std::vector<std::string>& to) {
    for (Eigen::Index c = 1; c <= count; ++c) to.push_back(count == 1 ? what : fmt::format("{}{}", what, c));
  };
  name("u", data.inputs.cols(), data.input_names);
  name("y", data.targets.cols(), data.target_names);
  count_targets(data, ends.key);
  return data;
}

// Columns, and some of them `ahead` rows later.
Dataset predict(Matrix all, const std::vector<std::string>& names, const std::vector<std::size_t>& inputs,
                const std::vector<std::size_t>& targets, std::size_t ahead, bool standardises, const DataEnds& ends,
                const DataEnds::Rows& rows) {
  std::vector<ColumnScale> scales(names.size());
  if (standardises) scales = standardise(all, rows.train, rows.validate);
  const auto count = static_cast<Eigen::Index>(rows.count);
  const auto columns = [&](const std::vector<std::size_t>& which, std::size_t first) {
    Matrix some(count, static_cast<Eigen::Index>(which.size()));
    for (std::size_t c = 0; c < which.size(); ++c)
      some.col(static_cast<Eigen::Index>(c)) =
          all.col(static_cast<Eigen::Index>(which[c])).segment(static_cast<Eigen::Index>(first), count);
    return some;
  };
  Dataset data;
  data.inputs = columns(inputs, 0);
  data.targets = columns(targets, ahead);
  for (const std::size_t c : inputs) data.input_names.push_back(names[c]);
  for (const std::size_t c : targets) data.target_names.push_back(names[c]);
  for (const std::size_t c : targets) data.target_scales.push_back(scales[c]);
  data.shows = ends.shows(rows);
  data.names_matter = true;
  data.predicts_itself = ahead == 1 && inputs == targets;
  count_targets(data, ends.key);
  return data;
}

std::vector<std::size_t> all_of_columns(std::size_t count) {
  std::vector<std::size_t> all;
  for (std::size_t c = 0; c < count; ++c) all.push_back(c);
  return all;
}

// A generated series, standardised, that is to be told `ahead` rows before.
Dataset predict_generated(const DataEnds& ends, std::uint32_t ahead, const std::vector<std::string>& names,
                          const auto& generate) {
  const DataEnds::Rows rows = ends.rows({});
  const std::vector<std::size_t> all = all_of_columns(names.size());
  return predict(generate(rows.count + ahead), names, all, all, ahead, true, ends, rows);
}

std::vector<std::size_t> find_columns(const std::string& file, const std::vector<std::string>& wanted,
                                      const SeriesFile& table, const std::string& key) {
  if (wanted.empty()) return all_of_columns(static_cast<std::size_t>(table.values.cols()));
  std::vector<std::string> names, numbers;
  for (Eigen::Index c = 0; c < table.values.cols(); ++c) {
    names.push_back(table.names.empty() ? std::to_string(c + 1) : table.name(c));
    numbers.push_back(std::to_string(c + 1));
  }
  std::vector<std::size_t> found;
  for (const std::string& one : wanted) {
    auto at = std::ranges::find(names, one) - names.begin();
    if (at == std::ssize(names)) at = std::ranges::find(numbers, one) - numbers.begin();
    if (at == std::ssize(names))
      throw ExperimentError({.file = file,
                             .key = key,
                             .value = '"' + one + '"',
                             .problem = "is no column of the file",
                             .expected = one_of(names),
                             .suggestion = nearest(one, names)});
    if (std::ranges::find(found, static_cast<std::size_t>(at)) != found.end())
      throw ExperimentError({.file = file,
                             .key = key,
                             .value = '"' + one + '"',
                             .problem = "is named twice",
                             .expected = "each column once"});
    found.push_back(static_cast<std::size_t>(at));
  }
  return found;
}

}  // namespace

Dataset TableData::make(const DataEnds& ends) const {
  SeriesFile table = read_series(file, dataset, ends.key);
  std::string remark;
  if (!time.empty())
    remove_times(table, file, time, ends.key);
  else if (inputs.empty())
    remark = remark_on_times(table, file, ends.key);
  const std::vector<std::size_t> in = find_columns(file, inputs, table, ends.key + ".inputs"),
                                 out = find_columns(file, targets, table, ends.key + ".targets");
  const auto both = std::ranges::find_if(out, [&](std::size_t c) { return std::ranges::find(in, c) != in.end(); });
  const std::size_t later = ahead.value_or(both == out.end() ? 0 : 1);
  if (later == 0 && both != out.end())
    throw ExperimentError({.key = ends.key + ".ahead",
                           .value = "0",
                           .problem = table.name(static_cast<Eigen::Index>(*both)) + " is input and target of one row",
                           .expected = "at least 1, or other inputs and targets"});
  const auto there = static_cast<std::size_t>(table.values.rows());
  DataEnds::Rows rows{};
  try {
    rows = ends.rows(there < later ? 0 : there - later);
  } catch (const ExperimentError& error) {
    Complaint complaint = error.complaint();
    complaint.problem += fmt::format(" ({} has {})", file, rows_text(there));
    throw ExperimentError(std::move(complaint));
  }
  std::vector<std::string> names;
  for (Eigen::Index c = 0; c < table.values.cols(); ++c) names.push_back(table.name(c));
  Dataset data = predict(std::move(table.values), names, in, out, later, standardise, ends, rows);
  if (!remark.empty()) data.remarks.push_back(std::move(remark));
  return data;
}

Dataset MemoryData::make(const DataEnds& ends) const {
  const DataEnds::Rows rows = ends.rows({}, 3.0 * delays + 8);
  const Eigen::VectorXd input = uniform_series(ends.seed, "input", rows.count, -1, 1);
  Dataset data = series(input, delayed_copies(input, delays), ends, rows);
  data.is_memory = true;
  return data;
}

Dataset NarmaData::make(const DataEnds& ends) const {
  const DataEnds::Rows rows = ends.rows({});
  Narma narma = narma10(ends.seed, "narma10", rows.count);
  Dataset data = series(std::move(narma.input), std::move(narma.target), ends, rows);
  if (narma.redrawn > 0)
    data.remarks.push_back(fmt::format("{} series left |y| <= 1 and were drawn again", narma.redrawn));
  return data;
}

Dataset MackeyGlassData::make(const DataEnds& ends) const {
  return predict_generated(ends, ahead, {"x"},
                           [&](std::size_t rows) -> Matrix { return mackey_glass(ends.seed, "mackey_glass", rows); });
}

Dataset LorenzData::make(const DataEnds& ends) const {
  return predict_generated(ends, ahead, {"x", "y", "z"},
                           [&](std::size_t rows) { return lorenz(ends.seed, "lorenz", rows); });
}

Dataset SinesData::make(const DataEnds& ends) const {
  const DataEnds::Rows rows = ends.rows({});
  const auto count = static_cast<Eigen::Index>(rows.count);
  Matrix targets = Matrix::Zero(count, 1);
  for (Eigen::Index t = 0; t < count; ++t)
    for (const double frequency : frequencies) {
      double sine = 0, cosine = 0;
      math::sin_cos_2pi(frequency * static_cast<double>(t) * ends.step / 1000, sine, cosine);
      targets(t, 0) += sine;
    }
  return series(Matrix(count, 0), std::move(targets), ends, rows);
}

}  // namespace rheo
