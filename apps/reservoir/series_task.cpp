// Tasks on series: a reservoir is driven by one and a readout learns another.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <memory>
#include <numeric>

#include "apps/learning/measures.hpp"
#include "apps/learning/readouts.hpp"
#include "apps/learning/series.hpp"
#include "apps/reservoir/echo_state.hpp"
#include "apps/reservoir/other_reservoirs.hpp"
#include "apps/reservoir/spiking_reservoir.hpp"
#include "apps/reservoir/trial.hpp"
#include "core/math.hpp"
#include "core/memory.hpp"
#include "core/random.hpp"
#include "core/stopwatch.hpp"

namespace rheo {

namespace {

// Rows are steps, those of the adaptation first.
struct Series {
  Matrix inputs, targets;
  std::vector<std::string> remarks;
  std::vector<std::string> names;     // of the outputs, where single ones have scores
  std::vector<Eigen::Index> counted;  // outputs that are scored
};

constexpr double largest_output = 1e100;  // whose square is a number

struct Parts {
  std::size_t adapt, train, validate, test, end;  // first steps
  explicit Parts(const ReservoirTask& task) {
    adapt = static_cast<std::size_t>(std::llround(task.adapt / task.step));
    train = adapt + task.washout;
    validate = train + task.train;
    test = validate + task.validate;
    end = test + std::max(task.test, task.free);
  }
};

// Each column less its mean and by its standard deviation, both of rows [first, last).
void standardise(Matrix& all, std::size_t first, std::size_t last) {
  const auto rows = all.middleRows(static_cast<Eigen::Index>(first), static_cast<Eigen::Index>(last - first));
  const Eigen::RowVectorXd mean = rows.colwise().mean();
  const Eigen::RowVectorXd deviation = (rows.rowwise() - mean).array().square().colwise().mean().sqrt();
  for (Eigen::Index c = 0; c < all.cols(); ++c)
    all.col(c) = (all.col(c).array() - mean(c)) / (deviation(c) > 0 ? deviation(c) : 1.0);
}

// A series and itself `horizon` steps later.
Series predict(Matrix all, const ReservoirTask& task, const Parts& parts) {
  standardise(all, parts.train, parts.validate);
  const auto steps = static_cast<Eigen::Index>(parts.end);
  Series made;
  made.inputs = all.topRows(steps);
  made.targets = all.middleRows(static_cast<Eigen::Index>(task.horizon), steps);
  return made;
}

Series read_file(const ReservoirTask& task, const Parts& parts) {
  SeriesFile file = read_series(task.series_file, task.series_dataset);
  std::string remark;
  if (!task.series_time.empty())
    remove_times(file, task.series_file, task.series_time);
  else
    remark = remark_on_times(file, task.series_file);
  const std::size_t needed = parts.end + task.horizon;
  if (static_cast<std::size_t>(file.values.rows()) < needed)
    throw ExperimentError({.file = task.series_file,
                           .key = task.series_dataset,
                           .value = fmt::format("{} steps", file.values.rows()),
                           .problem = "are fewer than the task needs",
                           .expected = fmt::format("at least {}", needed)});
  std::vector<std::string> names;
  for (Eigen::Index c = 0; c < file.values.cols(); ++c) names.push_back(file.name(c));
  Series made = predict(std::move(file.values), task, parts);
  made.names = std::move(names);
  if (!remark.empty()) made.remarks.push_back(std::move(remark));
  return made;
}

Series draw_series(const ReservoirTask& task, std::uint64_t seed, const Parts& parts) {
  using Kind = ReservoirTask::Kind;
  const std::size_t steps = parts.end;
  Series made;
  switch (task.kind) {
    case Kind::memory_capacity:
      made.inputs = uniform_series(seed, "input", steps, -1, 1);
      made.targets = delayed_copies(made.inputs.col(0), task.delays);
      return made;
    case Kind::narma10: {
      Narma narma = narma10(seed, "narma10", steps);
      made.inputs = narma.input;
      made.targets = narma.target;
      if (narma.redrawn > 0)
        made.remarks.push_back(
            fmt::format("seed {}: {} series left |y| <= 1 and were drawn again", seed, narma.redrawn));
      return made;
    }
    case Kind::mackey_glass:
      return predict(mackey_glass(seed, "mackey_glass", steps + task.horizon), task, parts);
    case Kind::lorenz:
      made = predict(lorenz(seed, "lorenz", steps + task.horizon), task, parts);
      made.names = {"x", "y", "z"};
      return made;
    case Kind::series:
      return read_file(task, parts);
    default:
      break;
  }
  made.inputs = Matrix(static_cast<Eigen::Index>(steps), 0);
  made.targets = Matrix::Zero(static_cast<Eigen::Index>(steps), 1);
  for (std::size_t t = 0; t < steps; ++t)
    for (const double frequency : task.frequencies) {
      double sine = 0, cosine = 0;
      math::sin_cos_2pi(frequency * static_cast<double>(t) * task.step / 1000, sine, cosine);
      made.targets(static_cast<Eigen::Index>(t), 0) += sine;
    }
  return made;
}

std::span<const double> row_of(const Matrix& matrix, std::size_t row) {
  return {matrix.data() + row * static_cast<std::size_t>(matrix.cols()), static_cast<std::size_t>(matrix.cols())};
}
std::span<double> row_of(Matrix& matrix, std::size_t row) {
  return {matrix.data() + row * static_cast<std::size_t>(matrix.cols()), static_cast<std::size_t>(matrix.cols())};
}
auto rows_of(const Matrix& matrix, std::size_t first, std::size_t last) {
  return matrix.middleRows(static_cast<Eigen::Index>(first), static_cast<Eigen::Index>(last - first));
}

// Decides which outputs are scored, for the choice of a readout and for every error alike: those whose target varies in
// each of the parts for training, validation and test. A column that stands still in one of them is no question there:
// its error is not defined in units of what varies.
void count_outputs(Series& series, const ReservoirTask& task, const Parts& parts) {
  struct Part {
    const char* name;
    std::size_t first, last;
  };
  const std::array all{Part{"training", parts.train, parts.validate}, Part{"validation", parts.validate, parts.test},
                       Part{"test", parts.test, parts.test + task.test}};
  for (Eigen::Index c = 0; c < series.targets.cols(); ++c) {
    std::vector<std::string> constant;
    for (const Part& part : all)
      if (!varies(rows_of(series.targets, part.first, part.last).col(c))) constant.emplace_back(part.name);
    if (constant.empty()) {
      series.counted.push_back(c);
      continue;
    }
    const std::string name =
        series.names.empty() ? fmt::format("output {}", c + 1) : series.names[static_cast<std::size_t>(c)];
    const bool moves_later = constant.front() == all[0].name && constant.size() < all.size();
    series.remarks.push_back(fmt::format(
        "{} is constant in the part for {}: it is not scored{}", name, fmt::join(constant, ", in that for "),
        moves_later ? ", and where it moves the reservoir hears what it has not learnt "
                      "from, in units of the file"
                    : ""));
  }
  if (!series.counted.empty()) return;
  throw ExperimentError({.file = task.series_file,
                         .key = task.series_dataset.empty() ? "task" : task.series_dataset,
                         .problem = "no output varies in the parts for training, validation and test, so that no "
                                    "readout can be chosen or scored: " +
                                    fmt::format("{}", fmt::join(series.remarks, "; ")),
                         .expected = "a series that varies in all three, or longer parts"});
}

Series make_series(const ReservoirTask& task, std::uint64_t seed, const Parts& parts) {
  Series made = draw_series(task, seed, parts);
  count_outputs(made, task, parts);
  return made;
}

// NRMSE of each output; not a number where an output is not scored.
std::vector<double> nrmse_of_outputs(const MatrixView& outputs, const MatrixView& targets, const Series& series) {
  std::vector<double> all(static_cast<std::size_t>(targets.cols()), std::numeric_limits<double>::quiet_NaN());
  for (const Eigen::Index c : series.counted) all[static_cast<std::size_t>(c)] = nrmse(outputs.col(c), targets.col(c));
  return all;
}

// Over the outputs that are scored.
double mean_nrmse(const MatrixView& outputs, const MatrixView& targets, const Series& series) {
  double sum = 0;
  for (const Eigen::Index c : series.counted) sum += nrmse(outputs.col(c), targets.col(c));
  return sum / static_cast<double>(series.counted.size());
}

struct Fit {
  LinearReadout readout;
  Matrix outputs;  // in the test part
  double validation = 0;
};

// states: from the first step of the training part on.
Fit fit(const Matrix& states, const Series& series, const ReservoirTask& task, const Parts& parts) {
  const std::size_t first = parts.train, test_end = parts.test + task.test;
  const auto of = [&](const Matrix& all, std::size_t begin, std::size_t end) {
    return &all == &states ? rows_of(all, begin - first, end - first) : rows_of(all, begin, end);
  };
  RidgeChoice choice =
      choose_ridge(of(states, parts.train, parts.validate), of(series.targets, parts.train, parts.validate),
                   of(states, parts.validate, parts.test), of(series.targets, parts.validate, parts.test),
                   task.readout.lambdas, series.counted);
  Fit made{std::move(choice.readout), {}, *std::min_element(choice.errors.begin(), choice.errors.end())};
  made.outputs = made.readout(of(states, parts.test, test_end));
  return made;
}

void score_outputs(const std::string& suffix, const Matrix& outputs, const Series& series, const ReservoirTask& task,
                   const Parts& parts, Trial& trial) {
  const Matrix targets = rows_of(series.targets, parts.test, parts.test + task.test);
  if (task.kind == ReservoirTask::Kind::memory_capacity) {
    const MemoryCapacity capacity = memory_capacity(outputs, targets);
    trial.score("memory_capacity" + suffix, capacity.sum);
    trial.score("memory_capacity" + suffix + ".raw", capacity.raw_sum);
    if (suffix.empty()) trial.score("memory_capacity.chance", capacity.chance());
    Curve curve{"memory",      suffix.empty() ? "reservoir" : suffix.substr(1), "delay (steps)", "r^2 less chance", {},
                capacity.curve};
    for (std::size_t k = 1; k <= curve.y.size(); ++k) curve.x.push_back(static_cast<double>(k));
    trial.curves.push_back(std::move(curve));
    return;
  }
  trial.score("nrmse" + suffix, mean_nrmse(outputs, targets, series));
  if (series.names.empty()) return;
  trial.outputs = series.names;
  trial.output_scores.push_back({"nrmse" + suffix, nrmse_of_outputs(outputs, targets, series)});
}

// The first output and its target; the picture shows the beginning of them.
void draw_outputs(const std::string& panel, const Matrix& outputs, const Matrix& targets, const ReservoirTask& task,
                  Trial& trial) {
  for (const bool is_target : {true, false}) {
    Curve curve{panel, is_target ? "target" : "output", "time (ms)", "output", {}, {}, is_target, 300};
    for (Eigen::Index t = 0; t < outputs.rows(); ++t) {
      curve.x.push_back(static_cast<double>(t + 1) * task.step);
      curve.y.push_back(is_target ? targets(t, 0) : outputs(t, 0));
    }
    trial.curves.push_back(std::move(curve));
  }
}

std::unique_ptr<Reservoir> make_reservoir(const Experiment& experiment, const ReservoirTask& task, std::uint64_t seed,
                                          const Series& series, const Parts& parts) {
  const auto inputs = static_cast<std::size_t>(series.inputs.cols());
  const std::size_t feedbacks = task.feedback.empty() ? 0 : static_cast<std::size_t>(series.targets.cols());
  if (task.other.kind != OtherReservoir::Kind::none)
    return make_other_reservoir(task.other, seed, inputs + feedbacks, rows_of(series.inputs, 0, parts.validate));
  auto made = std::make_unique<SpikingReservoir>(experiment, task, seed, inputs, feedbacks);
  std::vector<double> state(made->states()), with_feedback(inputs + feedbacks);
  made->adapt(true);
  for (std::size_t t = 0; t < parts.adapt; ++t) {
    std::copy_n(row_of(series.inputs, t).begin(), inputs, with_feedback.begin());
    made->step(with_feedback, state);
  }
  made->adapt(false);
  return made;
}

// A readout that learns while the reservoir runs; its last weight belongs to a constant.
class Online {
 public:
  Online(const ReadoutSpec& how, std::size_t states, std::size_t outputs) : every_(how.every), x_(states + 1, 1.0) {
    if (how.kind == ReadoutSpec::Kind::rls)
      rls_.emplace(states + 1, outputs, how.alpha, how.forgetting);
    else
      lms_.emplace(states + 1, outputs, how.eta);
  }
  void predict(std::span<const double> state, std::span<double> output) {
    std::copy(state.begin(), state.end(), x_.begin());
    rls_ ? rls_->predict(x_, output) : lms_->predict(x_, output);
  }
  // After predict(), in step t.
  void learn(std::size_t t, std::span<const double> error) {
    if (t % every_ == 0) rls_ ? rls_->update(x_, error) : lms_->update(x_, error);
  }

 private:
  std::size_t every_;
  std::vector<double> x_;
  std::optional<Rls> rls_;
  std::optional<Lms> lms_;
};

// Everything from the first step after the adaptation to the end of the test part.
class Driver {
 public:
  Driver(Reservoir& reservoir, const Series& series, const ReservoirTask& task, const Parts& parts)
      : reservoir_(reservoir),
        series_(series),
        task_(task),
        parts_(parts),
        input_(reservoir.inputs()),
        state_(reservoir.states()),
        output_(static_cast<std::size_t>(series.targets.cols())) {}

  void washout() {
    for (std::size_t t = parts_.adapt; t < parts_.train; ++t)
      drive(t, t > 0 ? row_of(series_.targets, t - 1) : output_);
  }

  // Ridge: teacher-forced up to the test part, then with its own output where there is a feedback.
  Fit by_ridge(Trial& trial) {
    const bool has_feedback = !task_.feedback.empty();
    const std::size_t test_end = parts_.test + task_.test;
    Matrix states(static_cast<Eigen::Index>(test_end - parts_.train), static_cast<Eigen::Index>(state_.size()));
    for (std::size_t t = parts_.train; t < (has_feedback ? parts_.test : test_end); ++t) {
      if (t == parts_.test && task_.free > 0) before_test_ = reservoir_.save();
      drive(t, t > 0 ? row_of(series_.targets, t - 1) : output_);
      std::copy(state_.begin(), state_.end(), row_of(states, t - parts_.train).begin());
    }
    trial.score("participation_ratio", participation_ratio(rows_of(states, 0, task_.train)));
    Fit made;
    if (!has_feedback) {
      made = fit(states, series_, task_, parts_);
    } else {
      states.conservativeResize(static_cast<Eigen::Index>(parts_.test - parts_.train), Eigen::NoChange);
      RidgeChoice choice =
          choose_ridge(rows_of(states, 0, task_.train), rows_of(series_.targets, parts_.train, parts_.validate),
                       rows_of(states, task_.train, task_.train + task_.validate),
                       rows_of(series_.targets, parts_.validate, parts_.test), task_.readout.lambdas, series_.counted);
      made.validation = *std::min_element(choice.errors.begin(), choice.errors.end());
      made.readout = std::move(choice.readout);
      const auto last = row_of(series_.targets, parts_.test - 1);
      made.outputs = on_its_own(made.readout, task_.test, {last.begin(), last.end()}, true);
    }
    if (task_.free > 0) {
      reservoir_.load(before_test_);
      const auto last = row_of(series_.inputs, parts_.test);
      const Matrix outputs = on_its_own(made.readout, task_.free, {last.begin(), last.end()}, false);
      score_free(outputs, trial);
    }
    return made;
  }

  Fit by_learning(Trial& trial) {
    Online readout(task_.readout, state_.size(), output_.size());
    const std::size_t test_end = parts_.test + task_.test, outputs = output_.size();
    Matrix all(static_cast<Eigen::Index>(test_end - parts_.train), static_cast<Eigen::Index>(outputs));
    std::vector<double> error(outputs);
    for (std::size_t t = parts_.train; t < test_end; ++t) {
      drive(t, output_);
      readout.predict(state_, output_);
      reject_divergence(output_, t);
      std::copy(output_.begin(), output_.end(), row_of(all, t - parts_.train).begin());
      if (t >= parts_.validate) continue;
      for (std::size_t k = 0; k < outputs; ++k) error[k] = row_of(series_.targets, t)[k] - output_[k];
      try {
        readout.learn(t, error);
      } catch (const NumericalError& failure) {
        Complaint complaint = failure.complaint();
        complaint.problem += ", in " + place_of(t);
        throw NumericalError(std::move(complaint));
      }
    }
    const auto part = [&](std::size_t begin, std::size_t end) {
      return rows_of(all, begin - parts_.train, end - parts_.train);
    };
    trial.score("nrmse.training", mean_nrmse(part(parts_.train, parts_.validate),
                                             rows_of(series_.targets, parts_.train, parts_.validate), series_));
    return {{},
            part(parts_.test, test_end),
            mean_nrmse(part(parts_.validate, parts_.test), rows_of(series_.targets, parts_.validate, parts_.test),
                       series_)};
  }

 private:
  void drive(std::size_t t, std::span<const double> feedback) {
    const auto input = row_of(series_.inputs, t);
    std::copy(input.begin(), input.end(), input_.begin());
    if (!task_.feedback.empty()) std::copy(feedback.begin(), feedback.end(), input_.begin() + input.size());
    reservoir_.step(input_, state_);
  }

  std::string place_of(std::size_t t) const {
    const char* const part = t < parts_.validate ? "training" : t < parts_.test ? "validation" : "test";
    const std::size_t first = t < parts_.validate ? parts_.train : t < parts_.test ? parts_.validate : parts_.test;
    return fmt::format("step {} of the part for {}", t - first + 1, part);
  }

  // Throws where an output is so large that its error is no number any more.
  void reject_divergence(std::span<const double> outputs, std::size_t t) const {
    for (const double output : outputs)
      if (!(std::abs(output) < largest_output))
        throw NumericalError(
            {.key = "task.readout",
             .problem = fmt::format("diverges: its output is {} in {}", output, place_of(t)),
             .expected = task_.readout.kind == ReadoutSpec::Kind::lms
                             ? fmt::format("outputs within +-{:g}; a smaller eta, below 2", largest_output)
                             : fmt::format("outputs within +-{:g}", largest_output)});
  }

  // The readout's own output comes back, as the feedback or in place of the input.
  Matrix on_its_own(const LinearReadout& readout, std::size_t steps, std::vector<double> output, bool as_feedback) {
    Matrix outputs(static_cast<Eigen::Index>(steps), series_.targets.cols());
    for (std::size_t t = 0; t < steps; ++t) {
      if (as_feedback) {
        drive(parts_.test + t, output);
      } else {
        std::copy(output.begin(), output.end(), input_.begin());
        reservoir_.step(input_, state_);
      }
      const Matrix now = readout(Eigen::Map<const Matrix>(state_.data(), 1, static_cast<Eigen::Index>(state_.size())));
      outputs.row(static_cast<Eigen::Index>(t)) = now.row(0);
      // A free run that leaves the truth is scored by how long it keeps to it.
      if (as_feedback) reject_divergence({now.data(), static_cast<std::size_t>(now.size())}, parts_.test + t);
      output.assign(now.data(), now.data() + now.size());
    }
    return outputs;
  }

  // How long a free run keeps to the truth: steps before an output is 0.4 standard deviations away from it.
  void score_free(const Matrix& outputs, Trial& trial) const {
    const Matrix targets = rows_of(series_.targets, parts_.test, parts_.test + task_.free);
    Eigen::Index valid = 0;
    while (valid < outputs.rows() &&
           (outputs.row(valid) - targets.row(valid)).norm() < 0.4 * std::sqrt(static_cast<double>(targets.cols())))
      ++valid;
    trial.score("free_running_steps", static_cast<double>(valid));
    if (outputs.rows() >= 84) trial.score("free_running_error_84", (outputs.row(83) - targets.row(83)).norm());
    draw_outputs("free running", outputs, targets, task_, trial);
  }

  Reservoir& reservoir_;
  const Series& series_;
  const ReservoirTask& task_;
  const Parts& parts_;
  std::vector<double> input_, state_, output_;
  std::vector<std::byte> before_test_;
};

// States after streams of inputs that differ, and after noisy repetitions of each; every stream starts from the same
// state. Inputs are drawn within the range of the task's.
void measure_kernel(Reservoir& reservoir, const Series& series, const ReservoirTask& task, std::uint64_t seed,
                    Trial& trial) {
  const std::vector<std::byte> start = reservoir.save();
  const double low = series.inputs.minCoeff(), high = series.inputs.maxCoeff();
  const RandomKey streams = random_key(seed, "kernel", "streams"), noise = random_key(seed, "kernel", "noise");
  std::vector<double> input(reservoir.inputs(), 0.0), state(reservoir.states());
  const auto last_state = [&](std::size_t stream, std::size_t repetition) {
    reservoir.load(start);
    RandomStream values(streams, static_cast<std::uint32_t>(stream));
    RandomStream changes(noise, static_cast<std::uint32_t>(stream), static_cast<Tick>(repetition));
    for (std::size_t t = 0; t < task.stream_length; ++t) {
      for (Eigen::Index c = 0; c < series.inputs.cols(); ++c) {
        const double x = values.uniform(low, high);
        input[static_cast<std::size_t>(c)] = repetition == 0 ? x : x + task.stream_noise * changes.normal();
      }
      reservoir.step(input, state);
    }
    return Eigen::Map<const Eigen::RowVectorXd>(state.data(), static_cast<Eigen::Index>(state.size()));
  };
  const auto columns = static_cast<Eigen::Index>(state.size());
  Matrix differing(static_cast<Eigen::Index>(task.streams), columns);
  for (std::size_t s = 0; s < task.streams; ++s) differing.row(static_cast<Eigen::Index>(s)) = last_state(s, 0);
  trial.score("kernel_rank", static_cast<double>(kernel_rank(differing, 0.01)));
  Matrix similar(static_cast<Eigen::Index>(task.streams), columns);
  for (std::size_t r = 0; r < task.streams; ++r) similar.row(static_cast<Eigen::Index>(r)) = last_state(0, r + 1);
  trial.score("generalisation_rank", static_cast<double>(kernel_rank(similar, 0.01)));
  std::vector<Matrix> inputs(std::min<std::size_t>(task.streams, 10),
                             Matrix(static_cast<Eigen::Index>(task.repetitions), columns));
  for (std::size_t s = 0; s < inputs.size(); ++s)
    for (std::size_t r = 0; r < task.repetitions; ++r)
      inputs[s].row(static_cast<Eigen::Index>(r)) = last_state(s, r + 1);
  trial.score("separation", separation(inputs).ratio);
  reservoir.load(start);
}

// An echo-state network of equal size, the best on the validation part of nine.
void add_echo_state(const Series& series, const ReservoirTask& task, const Parts& parts, std::size_t size,
                    std::uint64_t seed, Trial& trial) {
  EchoStateParameters how;
  how.neurons = size;
  how.inputs = static_cast<std::size_t>(series.inputs.cols());
  how.in_degree = std::min(how.in_degree, size - 1);
  how.spectral_radius = how.input_scaling = 1;
  const EchoState unscaled(how, seed);
  std::optional<Fit> best;
  for (const double radius : {0.7, 0.9, 0.99})
    for (const double scale : {0.1, 0.3, 1.0}) {
      EchoState reservoir = unscaled;
      reservoir.scale(radius, scale);
      Matrix states(static_cast<Eigen::Index>(parts.test + task.test - parts.train), static_cast<Eigen::Index>(size));
      std::vector<double> state(size);
      for (std::size_t t = parts.adapt; t < parts.test + task.test; ++t) {
        reservoir.step(row_of(series.inputs, t), state);
        if (t >= parts.train) std::copy(state.begin(), state.end(), row_of(states, t - parts.train).begin());
      }
      Fit made = fit(states, series, task, parts);
      if (!best || made.validation < best->validation) best = std::move(made);
    }
  score_outputs(".echo_state", best->outputs, series, task, parts, trial);
}

// The input and what it was in the steps before, without a reservoir.
void add_delays(const Series& series, const ReservoirTask& task, const Parts& parts, Trial& trial) {
  const std::size_t end = parts.test + task.test;
  const Eigen::Index channels = series.inputs.cols(), lags = static_cast<Eigen::Index>(task.delays);
  Matrix states(static_cast<Eigen::Index>(end - parts.train), channels * lags);
  for (std::size_t t = parts.train; t < end; ++t)
    for (Eigen::Index lag = 0; lag < lags; ++lag)
      for (Eigen::Index c = 0; c < channels; ++c)
        states(static_cast<Eigen::Index>(t - parts.train), lag * channels + c) =
            static_cast<Eigen::Index>(t) >= lag ? series.inputs(static_cast<Eigen::Index>(t) - lag, c) : 0.0;
  score_outputs(".delays", fit(states, series, task, parts).outputs, series, task, parts, trial);
}

// What the signals of the task carry, for messages.
std::string what_drives(const ReservoirTask& task, const Series& series) {
  if (task.kind != ReservoirTask::Kind::series)
    return fmt::format("the {} input{} of {}", series.inputs.cols(), series.inputs.cols() == 1 ? "" : "s",
                       name_of(task.kind));
  return fmt::format("the {} column{} of {} ({})", series.inputs.cols(), series.inputs.cols() == 1 ? "" : "s",
                     task.series_file, fmt::join(series.names, ", "));
}

// Series, and the states that a ridge readout is fitted to with a copy, are kept as a whole.
void check_memory(const Experiment& experiment, const ReservoirTask& task, const Parts& parts) {
  double states = task.kind == ReservoirTask::Kind::memory_capacity ? static_cast<double>(task.delays) : 4;
  if (task.readout.kind == ReadoutSpec::Kind::ridge) {
    double neurons = task.other.size;
    if (task.other.kind == OtherReservoir::Kind::none) {
      neurons = 0;
      for (const PopulationSpec& population : experiment.network.populations) neurons += population.size;
    }
    states += 2 * neurons * task.state.samples;
  }
  const double bytes = 8 * states * static_cast<double>(parts.end), memory = static_cast<double>(usable_memory());
  if (bytes <= memory) return;
  throw ExperimentError(
      {.file = experiment.place("task"),
       .key = "task.train",
       .value = fmt::format("{}", task.train),
       .problem = fmt::format("the states of {} steps need about {:.1f} GB of memory", parts.end, bytes / 1e9),
       .expected = fmt::format("at most the {:.1f} GB that can be used here", memory / 1e9)});
}

}  // namespace

std::vector<std::string> check_series(const Experiment& experiment, const ReservoirTask& task) {
  const Parts parts(task);
  check_memory(experiment, task, parts);
  Series series = make_series(task, task.seeds.front(), parts);
  // A series that is drawn may leave its bounds with one seed and not with another.
  if (task.kind == ReservoirTask::Kind::narma10)
    for (std::size_t i = 1; i < task.seeds.size(); ++i) make_series(task, task.seeds[i], parts);
  if (task.other.kind == OtherReservoir::Kind::none)
    check_signals(experiment, task, static_cast<std::size_t>(series.inputs.cols()),
                  task.feedback.empty() ? 0 : static_cast<std::size_t>(series.targets.cols()),
                  what_drives(task, series));
  else
    check_other_reservoir(task.other, static_cast<std::size_t>(series.inputs.cols()));
  if (task.kind == ReservoirTask::Kind::narma10) series.remarks.clear();  // of one seed
  return series.remarks;
}

Trial run_series(const Experiment& experiment, const ReservoirTask& task, std::uint64_t seed) {
  Trial trial;
  const Parts parts(task);
  check_memory(experiment, task, parts);
  const Series series = make_series(task, seed, parts);
  trial.remarks = series.remarks;
  const Stopwatch watch;
  const std::unique_ptr<Reservoir> reservoir = make_reservoir(experiment, task, seed, series, parts);
  Driver driver(*reservoir, series, task, parts);
  driver.washout();
  if (task.streams > 0) measure_kernel(*reservoir, series, task, seed, trial);
  const Fit made = task.readout.kind == ReadoutSpec::Kind::ridge ? driver.by_ridge(trial) : driver.by_learning(trial);
  trial.seconds = watch.seconds();
  trial.simulated = static_cast<double>(parts.test + task.test) * task.step / 1000;
  score_outputs("", made.outputs, series, task, parts, trial);
  trial.score(search_score, made.validation);
  if (const auto* spiking = dynamic_cast<const SpikingReservoir*>(reservoir.get()))
    trial.score("rate", spiking->rate());
  if (task.kind != ReservoirTask::Kind::memory_capacity)
    draw_outputs("test", made.outputs, rows_of(series.targets, parts.test, parts.test + task.test), task, trial);
  for (const std::string& baseline : task.baselines)
    if (baseline == "delays")
      add_delays(series, task, parts, trial);
    else
      add_echo_state(series, task, parts, reservoir->states() / task.state.samples, seed, trial);
  return trial;
}

}  // namespace rheo
