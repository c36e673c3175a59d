#include "apps/tasks/readout_run.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <utility>

#include "apps/learning/measures.hpp"
#include "core/diagnostics.hpp"
#include "io/h5/h5.hpp"
#include "networks/description/selections.hpp"

namespace rheo {

namespace {

// Squares of errors up to here are numbers.
constexpr double largest_output = 1e100;

MatrixView as_matrix(const std::vector<double>& values, std::size_t first, std::size_t rows, std::size_t width) {
  return Eigen::Map<const Matrix>(values.data() + first * width, static_cast<Eigen::Index>(rows),
                                  static_cast<Eigen::Index>(width));
}

}  // namespace

ReadoutRun::ReadoutRun(const NamedReadout& readout, const Task& task, const Experiment& experiment, Network& network)
    : readout_(readout),
      how_(readout.kind->common()),
      task_(task),
      simulation_(network.simulation()),
      output_(readout.targets.size(), 0.0) {
  std::vector<Selection> all = how_.states;
  const auto& populations = experiment.network.populations;
  for (const PopulationSpec& population : populations)
    if (how_.states.empty() && population.model != "spike_source")
      all.push_back({.population = population.name, .end = {}});
  if (how_.of == "input") all.clear();
  const PopulationIndex index(populations);
  std::vector<NeuronId> ids;
  for (const Selection& selection : all) {
    const auto [population, range] = index.resolve(selection);
    Seen& part = seen_.emplace_back();
    part.population = population;
    part.name = populations[population].name;
    for (std::uint32_t n = range.begin; n < range.end; n += range.step) {
      part.neurons.push_back(n);
      ids.push_back(simulation_.populations()[population].first + n);
    }
    if (how_.of != "spikes") part.column = simulation_.population(population).find_column(how_.of).value();
  }
  neurons_ = ids.size();
  if (how_.of == "spikes") {
    traces_ = std::make_unique<FilteredSpikes>(ids, how_.tau, experiment.network.dt);
    simulation_.add_sink(*traces_);
  }
  const std::size_t inputs = task.data.input_names.size();
  width_ = neurons_ * how_.samples + inputs * how_.input_rows;
  history_.assign(inputs * how_.input_rows, 0.0);
  states_.assign(width_ + 1, 1.0);
  if (how_.answer == Answer::mean) sums_.assign(width_, 0.0);
  if (const auto* const rls = readout.kind.as<RlsReadout>())
    rls_.emplace(width_ + 1, output_.size(), rls->alpha, rls->forgetting);
  if (const auto* const lms = readout.kind.as<LmsReadout>()) lms_.emplace(width_ + 1, output_.size(), lms->eta);
  if (!how_.from.empty()) read_learnt();
}

ReadoutRun::~ReadoutRun() {
  if (traces_) simulation_.remove_sink(*traces_);
}

// The readout of the same name from the results of another run.
void ReadoutRun::read_learnt() {
  const std::string at = "readouts/" + readout_.name;
  const auto reject_it = [&](const std::string& problem, const std::string& expected) {
    throw ExperimentError({.file = how_.from, .key = "/" + at, .problem = problem, .expected = expected});
  };
  try {
    const h5::File file = h5::File::open(how_.from);
    const h5::Dataset weights = file.dataset(at + "/weights"), intercept = file.dataset(at + "/intercept");
    const std::vector<std::uint64_t> wanted{width_, output_.size()};
    if (weights.shape() != wanted)
      reject_it(fmt::format("has weights of shape ({})", fmt::join(weights.shape(), ", ")),
                fmt::format("({}): {} states and {} targets", fmt::join(wanted, ", "), width_, output_.size()));
    const std::vector<double> values = weights.read<double>(), constants = intercept.read<double>();
    if (constants.size() != output_.size()) reject_it("has another number of intercepts", "one for each target");
    learnt_.weights = as_matrix(values, 0, width_, output_.size());
    learnt_.intercept =
        Eigen::Map<const Eigen::VectorXd>(constants.data(), static_cast<Eigen::Index>(constants.size()));
    for (const double x : values)
      if (!std::isfinite(x)) reject_it("has weights that are not finite", "finite weights");
  } catch (const h5::Error& error) {
    throw ExperimentError(error.complaint());
  }
  loaded_ = fitted_ = true;
  if (is_ridge()) return;
  Matrix start(static_cast<Eigen::Index>(width_ + 1), static_cast<Eigen::Index>(output_.size()));
  start << learnt_.weights, learnt_.intercept.transpose();
  rls_ ? rls_->start_from(start) : lms_->start_from(start);
}

void ReadoutRun::sample(std::uint32_t index) {
  const std::span<double> to = std::span(states_).subspan(index * neurons_, neurons_);
  if (traces_) {
    std::ranges::copy(traces_->traces(), to.begin());
    return;
  }
  std::size_t first = 0;
  for (const Seen& part : seen_) {
    simulation_.population(part.population).read(part.column, simulation_.now(), part.neurons, to.data() + first);
    first += part.neurons.size();
  }
}

std::vector<double> ReadoutRun::target_of(std::size_t row) const {
  std::vector<double> target;
  for (const std::size_t c : readout_.targets)
    target.push_back(task_.data.targets(static_cast<Eigen::Index>(row), static_cast<Eigen::Index>(c)));
  return target;
}

std::string ReadoutRun::place_of(DataPart part, std::size_t row) const {
  const std::vector<std::size_t> rows = task_.data.rows_of(part);
  return fmt::format("row {} of the part {}", std::ranges::find(rows, row) - rows.begin() + 1, name_of(part));
}

void ReadoutRun::forget() {
  if (traces_) traces_->forget();
  std::ranges::fill(history_, 0.0);
}

// Whether this row of an item counts; where the mean of its rows does, states are that.
bool ReadoutRun::sees(const Show& show, std::size_t row) {
  if (task_.data.classes.empty()) return true;
  if (how_.answer == Answer::vote) return row >= show.first + how_.skip;
  if (how_.answer == Answer::last) return row + 1 == show.end;
  if (row == show.first) std::ranges::fill(sums_, 0.0);
  if (row >= show.first + how_.skip)
    for (std::size_t i = 0; i < width_; ++i) sums_[i] += states_[i];
  if (row + 1 < show.end) return false;
  for (std::size_t i = 0; i < width_; ++i) states_[i] = sums_[i] / static_cast<double>(show.rows() - how_.skip);
  return true;
}

void ReadoutRun::see(std::span<const double> input) {
  if (history_.empty()) return;
  std::copy_backward(history_.begin(), history_.end() - static_cast<std::ptrdiff_t>(input.size()), history_.end());
  std::ranges::copy(input, history_.begin());
  std::ranges::copy(history_, states_.begin() + static_cast<std::ptrdiff_t>(neurons_ * how_.samples));
}

void ReadoutRun::predict() {
  if (rls_)
    rls_->predict(states_, output_);
  else if (lms_)
    lms_->predict(states_, output_);
  else if (fitted_)
    Eigen::Map<Matrix>(output_.data(), 1, static_cast<Eigen::Index>(output_.size())) =
        learnt_(as_matrix(states_, 0, 1, width_));
}

void ReadoutRun::keep(DataPart part, std::size_t row) {
  PartOutputs& said = said_[part];
  said.rows.push_back(row);
  const auto at = static_cast<Eigen::Index>(said.rows.size()) - 1;
  if (said.outputs.rows() == 0) {
    const auto rows = static_cast<Eigen::Index>(task_.kept_rows(how_, part).size());
    said.outputs = said.targets = Matrix::Zero(rows, static_cast<Eigen::Index>(output_.size()));
  }
  said.outputs.row(at) =
      Eigen::Map<const Eigen::RowVectorXd>(output_.data(), static_cast<Eigen::Index>(output_.size()));
  const std::vector<double> target = target_of(row);
  said.targets.row(at) = Eigen::Map<const Eigen::RowVectorXd>(target.data(), static_cast<Eigen::Index>(target.size()));
}

void ReadoutRun::end_row(const Show& show, std::size_t row, std::span<const double> input) {
  const DataPart part = show.part;
  see(input);
  if (!sees(show, row)) return;
  const bool comes_back = !how_.feedback.empty();
  if (learns() ? part >= DataPart::train || loaded_
               : part == DataPart::free || (comes_back && (part == DataPart::test || loaded_)))
    predict();
  if (part < DataPart::train) return;
  // A free run that leaves the truth is scored by how long it keeps to it.
  for (const double output : output_)
    if (!(std::abs(output) < largest_output) && part != DataPart::free)
      throw NumericalError(
          {.key = "readouts." + readout_.name,
           .problem = fmt::format("diverges: its output is {} in {}", output, place_of(part, row)),
           .expected = fmt::format("outputs within +-{:g}{}", largest_output, lms_ ? "; a smaller eta, below 2" : "")});
  keep(part, row);
  if (keeps_states() && part != DataPart::free) kept_.insert(kept_.end(), states_.begin(), states_.end() - 1);
  if (part == DataPart::train && learns()) learn(row);
}

void ReadoutRun::learn(std::size_t row) {
  const std::uint32_t every = rls_ ? readout_.kind.as<RlsReadout>()->every : readout_.kind.as<LmsReadout>()->every;
  if (row % every != 0) return;
  std::vector<double> error = target_of(row);
  for (std::size_t k = 0; k < error.size(); ++k) error[k] -= output_[k];
  try {
    rls_ ? rls_->update(states_, error) : lms_->update(states_, error);
  } catch (const NumericalError& failure) {
    Complaint complaint = failure.complaint();
    complaint.problem += ", in " + place_of(DataPart::train, row);
    throw NumericalError(std::move(complaint));
  }
}

// What has to be known before the next part begins.
void ReadoutRun::end_part(DataPart part) {
  const DataPart last = task_.data.rows_of(DataPart::validate).empty() ? DataPart::train : DataPart::validate;
  if (part == last && is_ridge() && !fitted_) fit();
}

void ReadoutRun::fit() {
  const RidgeReadout& how = *readout_.kind.as<RidgeReadout>();
  const Matrix& targets = said_.at(DataPart::train).targets;
  const auto validate = said_.find(DataPart::validate);
  if (validate == said_.end()) {
    learnt_ = Ridge(states(DataPart::train), targets).readout(how.lambda.front());
  } else {
    std::vector<Eigen::Index> counted;
    for (std::size_t k = 0; k < readout_.targets.size(); ++k)
      if (std::ranges::find(task_.data.counted, readout_.targets[k]) != task_.data.counted.end())
        counted.push_back(static_cast<Eigen::Index>(k));
    RidgeChoice choice = choose_ridge(states(DataPart::train), targets, states(DataPart::validate),
                                      validate->second.targets, how.lambda, counted);
    learnt_ = std::move(choice.readout);
    errors_ = std::move(choice.errors);
  }
  fitted_ = true;
}

void ReadoutRun::feedback(DataPart part, std::size_t row, std::span<double> to) const {
  // The true target comes back before the training, and of a ridge readout, which is fitted later, up to the first row
  // of the test.
  const bool before_test = part < DataPart::test || (said_.count(DataPart::test) == 0 && part == DataPart::test);
  const bool taught = !loaded_ && (is_ridge() ? before_test : part < DataPart::train);
  if (!taught || row == 0) {
    std::ranges::copy(output_, to.begin());
    if (taught) std::ranges::fill(to, 0.0);
    return;
  }
  std::ranges::copy(target_of(row - 1), to.begin());
}

void ReadoutRun::finish() {
  if (learns()) {
    const Matrix& all = rls_ ? rls_->weights() : lms_->weights();
    learnt_.weights = all.topRows(all.rows() - 1);
    learnt_.intercept = all.row(all.rows() - 1).transpose();
    return;
  }
  if (!is_ridge()) return;
  // Outputs of all rows of a part at once, except those that came back to the network.
  for (auto& [part, said] : said_)
    if (part != DataPart::free && (part != DataPart::test || how_.feedback.empty()))
      said.outputs = learnt_(states(part));
}

MatrixView ReadoutRun::states(DataPart part) const {
  std::size_t first = 0;
  for (const DataPart one : {DataPart::train, DataPart::validate, DataPart::test}) {
    const auto said = said_.find(one);
    const std::size_t rows = !keeps_states() || said == said_.end() ? 0 : said->second.rows.size();
    if (one == part) return as_matrix(kept_, first, rows, width_);
    first += rows;
  }
  return as_matrix(kept_, 0, 0, width_);
}

std::vector<std::string> ReadoutRun::state_names() const {
  std::vector<std::string> names;
  for (std::uint32_t k = 0; k < how_.samples; ++k)
    for (const Seen& part : seen_)
      for (const std::uint32_t n : part.neurons)
        names.push_back(how_.samples == 1 ? fmt::format("{}[{}]", part.name, n)
                                          : fmt::format("{}[{}] look {}", part.name, n, k + 1));
  for (std::uint32_t lag = 0; lag < how_.input_rows; ++lag)
    for (const std::string& input : task_.data.input_names)
      names.push_back(fmt::format("{} {} rows before", input, lag));
  return names;
}

namespace {

void save_matrix(const char* name, const Matrix& matrix, ByteWriter& to) {
  to.put(name, static_cast<std::uint64_t>(matrix.rows()));
  to.put(name, std::span<const double>(matrix.data(), static_cast<std::size_t>(matrix.size())));
}
void load_matrix(const char* name, Eigen::Index columns, Matrix& matrix, ByteReader& from) {
  const auto rows = from.get<std::uint64_t>(name);
  const std::vector<double> values = from.get_all<double>(name);
  if (values.size() != rows * static_cast<std::uint64_t>(columns))
    throw StateError({.key = name, .problem = "is of another shape"});
  matrix = Eigen::Map<const Matrix>(values.data(), static_cast<Eigen::Index>(rows), columns);
}

}  // namespace

void ReadoutRun::save(ByteWriter& to) const {
  if (traces_) traces_->save(to);
  to.put("readout.states", std::span<const double>(states_));
  to.put("readout.history", std::span<const double>(history_));
  to.put("readout.sums", std::span<const double>(sums_));
  to.put("readout.output", std::span<const double>(output_));
  to.put("readout.fitted", static_cast<std::uint8_t>(fitted_));
  to.put("readout.kept", std::span<const double>(kept_));
  to.put("readout.errors", std::span<const double>(errors_));
  save_matrix("readout.weights", learnt_.weights, to);
  to.put("readout.intercept",
         std::span<const double>(learnt_.intercept.data(), static_cast<std::size_t>(learnt_.intercept.size())));
  to.put("readout.lambda", learnt_.lambda);
  for (const DataPart part : {DataPart::train, DataPart::validate, DataPart::test, DataPart::free}) {
    const auto said = said_.find(part);
    to.put("readout.said", static_cast<std::uint64_t>(said == said_.end() ? 0 : said->second.rows.size()));
    save_matrix("readout.outputs", said == said_.end() ? Matrix() : said->second.outputs, to);
  }
  if (rls_) rls_->save(to);
  if (lms_) save_matrix("readout.lms", lms_->weights(), to);
}

void ReadoutRun::load(ByteReader& from) {
  if (traces_) traces_->load(from);
  from.get("readout.states", std::span<double>(states_));
  from.get("readout.history", std::span<double>(history_));
  from.get("readout.sums", std::span<double>(sums_));
  from.get("readout.output", std::span<double>(output_));
  fitted_ = from.get<std::uint8_t>("readout.fitted") != 0;
  kept_ = from.get_all<double>("readout.kept");
  errors_ = from.get_all<double>("readout.errors");
  const auto outputs = static_cast<Eigen::Index>(output_.size());
  load_matrix("readout.weights", outputs, learnt_.weights, from);
  const std::vector<double> intercept = from.get_all<double>("readout.intercept");
  learnt_.intercept = Eigen::Map<const Eigen::VectorXd>(intercept.data(), static_cast<Eigen::Index>(intercept.size()));
  learnt_.lambda = from.get<double>("readout.lambda");
  std::size_t states = 0;
  for (const DataPart part : {DataPart::train, DataPart::validate, DataPart::test, DataPart::free}) {
    const auto count = from.get<std::uint64_t>("readout.said");
    Matrix said;
    load_matrix("readout.outputs", count == 0 ? 0 : outputs, said, from);
    const std::vector<std::size_t> rows = task_.kept_rows(how_, part);
    if (count > rows.size() || (count > 0 && said.rows() != static_cast<Eigen::Index>(rows.size())))
      throw StateError({.key = "readout.said", .problem = "is of other data"});
    said_.erase(part);
    for (std::size_t i = 0; i < count; ++i) keep(part, rows[i]);
    if (count > 0) said_[part].outputs = said;
    if (part != DataPart::free) states += count;
  }
  if (kept_.size() != (keeps_states() ? states * width_ : 0))
    throw StateError({.key = "readout.kept", .problem = "is of another shape"});
  if (rls_) rls_->load(from);
  if (lms_) {
    Matrix weights;
    load_matrix("readout.lms", outputs, weights, from);
    if (weights.rows() != static_cast<Eigen::Index>(width_ + 1))
      throw StateError({.key = "readout.lms", .problem = "is of another shape"});
    lms_->start_from(weights);
  }
}

std::size_t ReadoutRun::bytes() const {
  std::size_t rows = 0, said = 0;
  for (const DataPart part : {DataPart::train, DataPart::validate, DataPart::test, DataPart::free}) {
    const std::size_t count = task_.kept_rows(how_, part).size();
    said += count;
    if (part != DataPart::free) rows += count;
  }
  // The states, a copy of those that are fitted, and what was said.
  return sizeof(double) *
         ((keeps_states() ? 2 * rows * width_ : (width_ + 1) * (width_ + 1) / 2) + 2 * said * output_.size());
}

}  // namespace rheo
