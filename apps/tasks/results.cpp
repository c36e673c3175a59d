// What a task came to: scores, outputs in the units of the data, and what readouts learnt.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <numeric>
#include <optional>

#include "apps/learning/measures.hpp"
#include "apps/tasks/trials.hpp"
#include "io/files/recording.hpp"
#include "io/h5/h5.hpp"

namespace rheo {

namespace {

using Measure = ScoreSpec::Measure;

std::optional<double> if_finite(double x) {
  return std::isfinite(x) ? std::optional(x) : std::nullopt;
}

// Symmetric mean absolute percentage error, from 0 to 200; a pair of zeros has none.
double smape(const SignalView& output, const SignalView& target) {
  double sum = 0;
  for (Eigen::Index t = 0; t < output.size(); ++t) {
    const double size = std::abs(output[t]) + std::abs(target[t]);
    if (size > 0) sum += std::abs(output[t] - target[t]) / size;
  }
  return 200 * sum / static_cast<double>(output.size());
}

// Root mean square error over the range of the target.
double nrmse_by_range(const SignalView& output, const SignalView& target) {
  const double range = target.maxCoeff() - target.minCoeff();
  return std::sqrt((output - target).squaredNorm() / static_cast<double>(target.size())) / range;
}

// Rows before the outputs are 0.4 standard deviations (of the part for training) away from what they should be.
double valid_rows(const PartOutputs& said) {
  Eigen::Index row = 0;
  while (row < said.outputs.rows() && (said.outputs.row(row) - said.targets.row(row)).norm() <
                                          0.4 * std::sqrt(static_cast<double>(said.targets.cols())))
    ++row;
  return static_cast<double>(row);
}

// As the data are in the file, or as they were generated.
PartOutputs in_units(PartOutputs said, const NamedReadout& readout, const Dataset& data) {
  for (std::size_t k = 0; k < readout.targets.size(); ++k) {
    const ColumnScale& scale = data.target_scales[readout.targets[k]];
    for (Matrix* const matrix : {&said.outputs, &said.targets}) {
      auto column = matrix->col(static_cast<Eigen::Index>(k));
      column = column.array() * scale.deviation + scale.mean;
    }
  }
  return said;
}

// Items of data of kind streams begin with one of each stream, then as many of the first one.
double of_states(Measure measure, const MatrixView& states, const Dataset& data) {
  const auto streams = static_cast<Eigen::Index>(data.streams);
  if (measure == Measure::participation_ratio) return participation_ratio(states);
  if (measure == Measure::kernel_rank) return static_cast<double>(kernel_rank(states.topRows(streams), 0.01));
  if (measure == Measure::generalisation_rank)
    return static_cast<double>(kernel_rank(states.middleRows(streams, streams), 0.01));
  std::vector<std::vector<Eigen::Index>> repetitions(std::min<std::size_t>(data.streams, 10));
  std::size_t least = data.shows.size();
  for (std::size_t i = data.streams; i < data.shows.size(); ++i)
    repetitions[data.shows[i].label].push_back(static_cast<Eigen::Index>(i));
  for (const auto& of_stream : repetitions) least = std::min(least, of_stream.size());
  std::vector<Matrix> inputs;
  for (auto& of_stream : repetitions) {
    of_stream.resize(least);
    inputs.emplace_back(states(of_stream, Eigen::all));
  }
  return separation(inputs).ratio;
}

double of_column(Measure measure, const SignalView& output, const SignalView& target) {
  switch (measure) {
    case Measure::nrmse:
      return nrmse(output, target);
    case Measure::nrmse_range:
      return nrmse_by_range(output, target);
    case Measure::smape:
      return smape(output, target);
    default:
      return pearson(output, target);
  }
}

}  // namespace

// Of each item of a part, in the order in which they were shown: the class with the largest output, or that of most of
// its rows; of equals the first.
std::vector<std::uint32_t> Trials::answers_of(std::size_t readout, DataPart part) const {
  const ReadoutCommon& how = task_.readouts[readout].kind->common();
  const Matrix& outputs = raw_[readout].at(part).outputs;
  std::vector<std::uint32_t> answers;
  Eigen::Index at = 0;
  for (const Show& show : task_.data.shows) {
    if (show.part != part) continue;
    std::vector<std::size_t> votes(task_.data.classes.size(), 0);
    for (std::size_t left = how.answer == Answer::vote ? show.rows() - how.skip : 1; left > 0; --left) {
      Eigen::Index largest = 0;
      outputs.row(at++).maxCoeff(&largest);
      ++votes[static_cast<std::size_t>(largest)];
    }
    answers.push_back(static_cast<std::uint32_t>(std::ranges::max_element(votes) - votes.begin()));
  }
  return answers;
}

// The share of items that are answered rightly, of all and of each class.
double Trials::add_accuracy(const ScoreSpec& score, std::size_t r, DataPart part, TaskResults& results) const {
  const TaskResults::Learnt& learnt = results.readouts[r];
  const std::vector<std::uint32_t>&labels = learnt.labels.at(part), &answers = learnt.answers.at(part);
  std::vector<double> right(task_.data.classes.size(), 0.0), all = right;
  for (std::size_t i = 0; i < labels.size(); ++i) {
    all[labels[i]] += 1;
    right[labels[i]] += answers[i] == labels[i];
  }
  for (std::size_t c = 0; c < right.size(); ++c)
    results.outputs[first_output_[r] + c].scores.emplace_back(score.name, if_finite(right[c] / all[c]));
  return std::accumulate(right.begin(), right.end(), 0.0) / static_cast<double>(labels.size());
}

// Scores that scales do not change are computed from what readouts say; smape needs the units of the data.
void Trials::add_scores(TaskResults& results) const {
  for (const ScoreSpec& score : task_.scores) {
    std::size_t r = 0;
    while (task_.readouts[r].name != score.readout) ++r;
    const NamedReadout& readout = task_.readouts[r];
    const TaskResults::Learnt& learnt = results.readouts[r];
    const auto part = static_cast<DataPart>(std::ranges::find(part_names, score.part) - part_names.begin());
    const PartOutputs& raw = raw_[r].at(part);
    const PartOutputs& said = score.measure == Measure::smape ? learnt.said.at(part) : raw;
    std::optional<double> value;
    if (score.measure == Measure::accuracy) {
      value = add_accuracy(score, r, part, results);
    } else if (score.measure == Measure::memory_capacity) {
      value = memory_capacity(raw.outputs, raw.targets).sum;
    } else if (is_of_states(score.measure)) {
      value = of_states(score.measure, readouts_[r]->states(part), task_.data);
    } else if (score.measure == Measure::valid_rows) {
      value = valid_rows(raw);
    } else {
      double sum = 0;
      std::size_t counted = 0;
      for (std::size_t k = 0; k < readout.targets.size(); ++k) {
        if (std::ranges::find(task_.data.counted, readout.targets[k]) == task_.data.counted.end()) continue;
        const auto c = static_cast<Eigen::Index>(k);
        const double one = of_column(score.measure, said.outputs.col(c), said.targets.col(c));
        sum += one;
        ++counted;
        if (task_.data.names_matter)
          results.outputs[first_output_[r] + k].scores.emplace_back(score.name, if_finite(one));
      }
      value = if_finite(sum / static_cast<double>(counted));
    }
    results.scores.emplace_back(score.name, value);
  }
}

void Trials::add_remarks(TaskResults& results) const {
  for (const TaskResults::Learnt& learnt : results.readouts) {
    if (learnt.errors.size() < 2) continue;
    const double least = *std::ranges::min_element(learnt.lambdas), most = *std::ranges::max_element(learnt.lambdas);
    if (learnt.readout.lambda == least || learnt.readout.lambda == most)
      results.remarks.push_back(fmt::format("readouts.{}: the lambda that was chosen, {:g}, is the {} one", learnt.name,
                                            learnt.readout.lambda,
                                            learnt.readout.lambda == least ? "smallest" : "largest"));
  }
  for (std::size_t r = 0; r < results.readouts.size(); ++r) {
    if (!task_.data.is_memory || raw_[r].count(DataPart::test) == 0) continue;
    const MemoryCapacity capacity =
        memory_capacity(raw_[r].at(DataPart::test).outputs, raw_[r].at(DataPart::test).targets);
    if (capacity.chance() > 0.02 * capacity.raw_sum)
      results.remarks.push_back(fmt::format(
          "readouts.{}: of the summed r^2 of {:.4g}, chance makes {:.3g} ({:.2g} %), which memory_capacity leaves "
          "out; a longer test or fewer delays make it less",
          results.readouts[r].name, capacity.raw_sum, capacity.chance(), 100 * capacity.chance() / capacity.raw_sum));
  }
}

TaskResults Trials::finish() {
  TaskResults results;
  raw_.clear();
  first_output_.clear();
  for (std::size_t r = 0; r < readouts_.size(); ++r) {
    const NamedReadout& readout = task_.readouts[r];
    readouts_[r]->finish();
    TaskResults::Learnt& learnt = results.readouts.emplace_back();
    learnt.name = readout.name;
    first_output_.push_back(results.outputs.size());
    for (const std::size_t c : readout.targets) {
      learnt.targets.push_back(task_.data.target_names[c]);
      if (task_.data.names_matter || !task_.data.classes.empty())
        results.outputs.push_back({readout.name, task_.data.target_names[c], {}});
    }
    learnt.states = readouts_[r]->state_names();
    learnt.readout = readouts_[r]->learnt();
    if (const auto* const ridge = readout.kind.as<RidgeReadout>(); ridge != nullptr && !readouts_[r]->errors().empty())
      learnt.lambdas = ridge->lambda;
    learnt.errors = readouts_[r]->errors();
    raw_.push_back(readouts_[r]->outputs());
    for (const auto& [part, said] : raw_.back()) learnt.said[part] = in_units(said, readout, task_.data);
    if (readout.kind.as<StatesReadout>() != nullptr) {
      for (const DataPart part : {DataPart::train, DataPart::validate, DataPart::test})
        if (const MatrixView seen = readouts_[r]->states(part); seen.rows() > 0) learnt.seen[part] = seen;
      continue;
    }
    for (const Show& show : task_.data.shows)
      if (!task_.data.classes.empty() && raw_.back().contains(show.part))
        learnt.labels[show.part].push_back(show.label);
    for (const auto& [part, labels] : learnt.labels) learnt.answers[part] = answers_of(r, part);
  }
  add_scores(results);
  add_remarks(results);
  return results;
}

void write_task_file(const std::filesystem::path& file, const TaskResults& results) {
  const auto put = [](h5::Group& group, const char* name, const Matrix& matrix) {
    const std::uint64_t shape[] = {static_cast<std::uint64_t>(matrix.rows()),
                                   static_cast<std::uint64_t>(matrix.cols())};
    group.create_dataset<double>(name, shape)
        .write_rows<double>(0, std::span<const double>(matrix.data(), static_cast<std::size_t>(matrix.size())));
  };
  const auto put_list = [](h5::Group& group, const char* name, const std::vector<double>& values) {
    group.create_dataset<double>(name, values.size()).write<double>(0, values);
  };
  recording_step(file, [&] {
    write_whole(file, [&](h5::File& to) {
      h5::Group readouts = to.create_group("readouts"), outputs = to.create_group("outputs");
      for (const TaskResults::Learnt& learnt : results.readouts) {
        h5::Group group = readouts.create_group(learnt.name);
        if (!learnt.seen.empty()) {
          group.create_texts("state", learnt.states);
          h5::Group parts = to.create_group("states").create_group(learnt.name);
          for (const auto& [part, seen] : learnt.seen) put(parts, std::string(name_of(part)).c_str(), seen);
          continue;
        }
        put(group, "weights", learnt.readout.weights);
        put_list(group, "intercept", {learnt.readout.intercept.begin(), learnt.readout.intercept.end()});
        group.create_texts("state", learnt.states);
        group.create_texts("target", learnt.targets);
        if (!learnt.lambdas.empty()) {
          put_list(group, "lambda", {learnt.readout.lambda});
          put_list(group, "lambdas", learnt.lambdas);
          put_list(group, "errors", learnt.errors);
        }
        h5::Group parts = outputs.create_group(learnt.name);
        for (const auto& [part, said] : learnt.said) {
          h5::Group one = parts.create_group(name_of(part));
          std::vector<std::uint64_t> rows(said.rows.begin(), said.rows.end());
          one.create_dataset<std::uint64_t>("row", rows.size()).write<std::uint64_t>(0, rows);
          put(one, "output", said.outputs);
          put(one, "target", said.targets);
          if (!learnt.labels.contains(part)) continue;
          const std::vector<std::uint32_t>&labels = learnt.labels.at(part), &answers = learnt.answers.at(part);
          one.create_dataset<std::uint32_t>("label", labels.size()).write<std::uint32_t>(0, labels);
          one.create_dataset<std::uint32_t>("answer", answers.size()).write<std::uint32_t>(0, answers);
        }
      }
    });
  });
}

}  // namespace rheo
