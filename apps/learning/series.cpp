#include "apps/learning/series.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cassert>
#include <cerrno>
#include <charconv>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <optional>
#include <system_error>
#include <utility>

#include "core/diagnostics.hpp"
#include "core/random.hpp"
#include "io/experiment/number_file.hpp"
#include "io/h5/h5.hpp"

namespace rheo {

namespace {

constexpr std::size_t narma_attempts = 100;

// y(t+1) from the input up to t and the targets before.
double narma10_next(const SignalView& input, const Eigen::VectorXd& target, Eigen::Index t) {
  constexpr Eigen::Index order = 10;
  double sum = 0;
  for (Eigen::Index i = 1; i <= std::min(order, t); ++i) sum += target[t - i];
  const double y = t > 0 ? target[t - 1] : 0, first = t >= order - 1 ? input[t - order + 1] : 0;
  return 0.3 * y + 0.05 * y * sum + 1.5 * first * input[t] + 0.1;
}

double tenth_power(double x) {
  const double square = x * x, fourth = square * square;
  return fourth * fourth * square;
}

// Values and slopes at steps 0, 1, ... and the history before them.
class MackeyGlass {
 public:
  MackeyGlass(RandomStream stream, const MackeyGlassOptions& options)
      : steps_(options.steps), delay_(options.tau * options.steps), h_(1.0 / static_cast<double>(options.steps)) {
    assert(options.tau >= 1 && options.steps >= 1);
    for (std::size_t k = 0; k <= options.tau; ++k) history_.push_back(stream.uniform(1.1, 1.3));
    values_.push_back(history_.back());
    slopes_.push_back(slope(history_.back(), delayed(0)));
  }

  double value() const { return values_.back(); }

  void advance() {
    const std::size_t now = values_.size() - 1;
    const double x = values_.back();
    const double half_way = delayed_half(now), end = delayed(now + 1);
    const double k1 = slopes_.back();
    const double k2 = slope(x + 0.5 * h_ * k1, half_way);
    const double k3 = slope(x + 0.5 * h_ * k2, half_way);
    const double k4 = slope(x + h_ * k3, end);
    values_.push_back(x + h_ / 6 * (k1 + 2 * k2 + 2 * k3 + k4));
    slopes_.push_back(slope(values_.back(), end));
  }

 private:
  static double slope(double x, double delayed) { return 0.2 * delayed / (1 + tenth_power(delayed)) - 0.1 * x; }

  // x(step h - tau).
  double delayed(std::size_t step) const { return step >= delay_ ? values_[step - delay_] : past(2 * step); }
  // x((step + 1/2) h - tau).
  double delayed_half(std::size_t step) const {
    if (step < delay_) return past(2 * step + 1);
    const std::size_t k = step - delay_;
    return 0.5 * (values_[k] + values_[k + 1]) + h_ / 8 * (slopes_[k] - slopes_[k + 1]);
  }
  // The history, `halves` half steps after -tau.
  double past(std::size_t halves) const {
    const std::size_t unit = halves / (2 * steps_);
    if (unit + 1 >= history_.size()) return history_.back();
    const double part = static_cast<double>(halves % (2 * steps_)) / static_cast<double>(2 * steps_);
    return history_[unit] + part * (history_[unit + 1] - history_[unit]);
  }

  std::size_t steps_, delay_;
  double h_;
  std::vector<double> history_, values_, slopes_;
};

using Point = std::array<double, 3>;

Point lorenz_slope(const Point& p) {
  return {10 * (p[1] - p[0]), p[0] * (28 - p[2]) - p[1], p[0] * p[1] - 8.0 / 3 * p[2]};
}

Point moved(const Point& p, double h, const Point& slope) {
  return {p[0] + h * slope[0], p[1] + h * slope[1], p[2] + h * slope[2]};
}

Point lorenz_step(const Point& p, double h) {
  const Point k1 = lorenz_slope(p), k2 = lorenz_slope(moved(p, h / 2, k1)), k3 = lorenz_slope(moved(p, h / 2, k2)),
              k4 = lorenz_slope(moved(p, h, k3));
  Point next;
  for (std::size_t i = 0; i < 3; ++i) next[i] = p[i] + h / 6 * (k1[i] + 2 * k2[i] + 2 * k3[i] + k4[i]);
  return next;
}

[[noreturn]] void reject(const std::string& file, std::size_t line, std::string key, std::string_view value,
                         std::string problem, std::string expected = {}) {
  throw ExperimentError({.file = line == 0 ? file : fmt::format("{}:{}", file, line),
                         .key = std::move(key),
                         .value = std::string(value),
                         .problem = std::move(problem),
                         .expected = std::move(expected)});
}

std::string_view trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(" \t\r");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t\r") - first + 1);
}

std::vector<std::string_view> fields_of(std::string_view line) {
  std::vector<std::string_view> fields;
  while (true) {
    const auto comma = line.find(',');
    fields.push_back(trimmed(line.substr(0, comma)));
    if (comma == std::string_view::npos) return fields;
    line.remove_prefix(comma + 1);
  }
}

// Infinities and NaN count as numbers here, and are refused later: they are no names of columns.
std::optional<double> number(std::string_view text) {
  if (text.size() > 1 && text[0] == '+' && text[1] != '-') text.remove_prefix(1);
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (end != text.data() + text.size() || error == std::errc::invalid_argument) return std::nullopt;
  return error == std::errc() ? value : HUGE_VAL;
}

// Whether the first line is meant to name columns: none of its fields is a number.
bool is_header(const std::vector<std::string_view>& fields) {
  return std::none_of(fields.begin(), fields.end(), [](std::string_view field) { return number(field).has_value(); });
}

// A name without the quotes that some programs put around it.
std::string_view unquoted(std::string_view text) {
  if (text.size() >= 2 && text.front() == '"' && text.back() == '"') return text.substr(1, text.size() - 2);
  return text;
}

// What tables write where nothing is known.
bool is_missing(std::string_view name) {
  std::string lower;
  for (const char c : name) lower += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  for (const char* const missing : {"", "na", "n/a", "#n/a", "<na>", "null", "none", "nil", "missing", "?", "-", "."})
    if (lower == missing) return true;
  return false;
}

std::vector<std::string> names_of(const std::vector<std::string_view>& fields, const std::string& file) {
  std::vector<std::string> names;
  for (std::size_t k = 0; k < fields.size(); ++k) {
    const std::string key = fmt::format("column {}", k + 1);
    const std::string name(unquoted(fields[k]));
    if (is_missing(name))
      reject(file, 1, key, '"' + name + '"', "is neither a number nor the name of a column",
             "numbers, or a name of its own for each column");
    if (const auto known = std::find(names.begin(), names.end(), name); known != names.end())
      reject(file, 1, key, '"' + name + '"', fmt::format("is the name of column {}, too", known - names.begin() + 1),
             "numbers, or a name of its own for each column");
    names.push_back(name);
  }
  return names;
}

// What a line that cannot be read looks like, in addition to what should be there.
std::string with_separator(std::string expected, std::string_view line) {
  for (const auto& [separator, called] : {std::pair{';', "semicolons"}, std::pair{'\t', "tabs"}})
    if (line.find(separator) != std::string_view::npos)
      return fmt::format(
          "{}. The file seems to be separated by {}: separate columns by commas and write decimals with "
          "a point",
          expected, called);
  return expected;
}

constexpr std::string_view h5_signature{"\x89HDF\r\n\x1a\n", 8};

// The signature stands at the beginning, or at 512, 1024, 2048 .. bytes.
bool is_h5(std::ifstream& stream, std::uint64_t size) {
  for (std::uint64_t at = 0; at + h5_signature.size() <= size; at = at == 0 ? 512 : 2 * at) {
    std::array<char, h5_signature.size()> bytes{};
    stream.seekg(static_cast<std::streamoff>(at));
    if (!stream.read(bytes.data(), bytes.size())) return false;
    if (std::string_view(bytes.data(), bytes.size()) == h5_signature) return true;
  }
  return false;
}

// How far two equal steps may differ: by the last decimal place that all times are multiples of, where they have no
// more than nine, and by the rounding of single precision.
double rounding_of(const SignalView& times) {
  const double largest = times.cwiseAbs().maxCoeff();
  const double single = largest * 0x1p-23;
  double unit = 1;
  for (int places = 0; places <= 9; ++places, unit /= 10) {
    const auto fits = [&](double t) {
      const double scaled = t / unit;
      return std::abs(scaled - std::round(scaled)) <= 1e-6 + std::abs(scaled) * 0x1p-50;
    };
    if (std::all_of(times.begin(), times.end(), fits)) return std::max(unit, single) * (1 + 1e-6);
  }
  return single;
}

}  // namespace

Eigen::VectorXd uniform_series(std::uint64_t seed, std::string_view name, std::size_t count, double lo, double hi) {
  RandomStream stream(random_key(seed, name, "uniform series"), 0);
  Eigen::VectorXd values(count);
  for (double& value : values) value = stream.uniform(lo, hi);
  return values;
}

Eigen::VectorXd narma10_target(const SignalView& input) {
  Eigen::VectorXd target(input.size());
  for (Eigen::Index t = 0; t < input.size(); ++t) target[t] = narma10_next(input, target, t);
  return target;
}

Narma narma10(std::uint64_t seed, std::string_view name, std::size_t count) {
  const RandomKey key = random_key(seed, name, "narma10");
  Narma series{Eigen::VectorXd(count), Eigen::VectorXd(count)};
  for (; series.redrawn < narma_attempts; ++series.redrawn) {
    RandomStream stream(key, static_cast<std::uint32_t>(series.redrawn));
    Eigen::Index t = 0;
    for (; t < series.input.size(); ++t) {
      series.input[t] = stream.uniform(0.0, 0.5);
      series.target[t] = narma10_next(series.input, series.target, t);
      if (std::abs(series.target[t]) > 1) break;
    }
    if (t == series.input.size()) return series;
  }
  throw ExperimentError(
      {.key = std::string(name),
       .value = std::to_string(count),
       .problem = fmt::format("NARMA-10 left [-1, 1] in each of {} draws of so many steps", narma_attempts),
       .expected = "a shorter series"});
}

Eigen::VectorXd mackey_glass(std::uint64_t seed, std::string_view name, std::size_t count,
                             const MackeyGlassOptions& options) {
  MackeyGlass equation(RandomStream(random_key(seed, name, "mackey-glass"), 0), options);
  Eigen::VectorXd values(count);
  const auto unit = [&] {
    for (std::size_t step = 0; step < options.steps; ++step) equation.advance();
  };
  for (std::size_t t = 0; t < options.washout; ++t) unit();
  for (double& value : values) {
    value = equation.value();
    unit();
  }
  return values;
}

Matrix lorenz(std::uint64_t seed, std::string_view name, std::size_t count, const LorenzOptions& options) {
  assert(options.steps >= 1);
  RandomStream stream(random_key(seed, name, "lorenz"), 0);
  Point point{1, 1, 20};
  for (double& coordinate : point) coordinate += stream.uniform(-0.5, 0.5);
  const double h = 0.02 / static_cast<double>(options.steps);
  const auto sample = [&] {
    for (std::size_t step = 0; step < options.steps; ++step) point = lorenz_step(point, h);
  };
  for (std::size_t t = 0; t < options.washout; ++t) sample();
  Matrix values(count, 3);
  for (Eigen::Index t = 0; t < values.rows(); ++t) {
    for (std::size_t i = 0; i < 3; ++i) values(t, static_cast<Eigen::Index>(i)) = point[i];
    sample();
  }
  return values;
}

Matrix delayed_copies(const SignalView& signal, std::size_t delays) {
  Matrix copies = Matrix::Zero(signal.size(), static_cast<Eigen::Index>(delays));
  for (Eigen::Index k = 1; k <= copies.cols(); ++k)
    for (Eigen::Index t = k; t < copies.rows(); ++t) copies(t, k - 1) = signal[t - k];
  return copies;
}

std::string SeriesFile::name(Eigen::Index column) const {
  return names.empty() ? fmt::format("column {}", column + 1) : names[static_cast<std::size_t>(column)];
}

SeriesFile read_series(const std::string& file, const std::string& dataset, const std::string& table) {
  std::error_code ignored;
  if (std::filesystem::is_directory(file, ignored)) reject(file, 0, {}, {}, "is a directory", "a CSV or HDF5 file");
  std::ifstream stream(file, std::ios::binary);
  if (!stream) reject(file, 0, {}, {}, "cannot be opened: " + std::generic_category().message(errno));
  const std::uint64_t size = std::filesystem::file_size(file, ignored);
  if (!ignored && is_h5(stream, size)) {
    if (dataset.empty())
      reject(file, 0, {}, {}, "is an HDF5 file, and nothing says which dataset", table + ".dataset = \"NAME\"");
    return read_h5_series(file, dataset);
  }
  std::array<char, 512> begin{};
  stream.clear();
  stream.seekg(0);
  stream.read(begin.data(), begin.size());
  if (std::string_view(begin.data(), static_cast<std::size_t>(stream.gcount())).starts_with("\x93NUMPY") &&
      dataset.empty()) {
    const NumberTable numbers = read_npy_file(file);
    SeriesFile series;
    series.values = Eigen::Map<const Matrix>(numbers.values.data(), numbers.rows, numbers.columns);
    return series;
  }
  if (std::find(begin.begin(), begin.begin() + stream.gcount(), '\0') != begin.begin() + stream.gcount())
    reject(file, 0, {}, {}, "is neither a text nor an HDF5 file", "a CSV or HDF5 file");
  if (!dataset.empty())
    reject(file, 0, table + ".dataset", '"' + dataset + '"', "is given, but the file is no HDF5 file",
           fmt::format("no {}.dataset, or an HDF5 file", table));
  return read_csv_series(file);
}

SeriesFile read_csv_series(const std::string& file) {
  std::error_code ignored;
  if (std::filesystem::is_directory(file, ignored)) reject(file, 0, {}, {}, "is a directory", "a CSV file");
  std::ifstream stream(file, std::ios::binary);
  if (!stream) reject(file, 0, {}, {}, "cannot be opened: " + std::generic_category().message(errno));
  SeriesFile series;
  series.first_line = 1;
  std::vector<double> values;
  std::size_t columns = 0, number_of_line = 0, blank = 0;
  for (std::string text; std::getline(stream, text);) {
    ++number_of_line;
    std::string_view line = text;
    if (number_of_line == 1 && line.starts_with("\xef\xbb\xbf")) line.remove_prefix(3);  // byte order mark
    if (trimmed(line).empty()) {
      if (blank == 0) blank = number_of_line;
      continue;
    }
    // Only the end of a file may be blank: a step that is missing would shift all that follow.
    if (blank != 0) reject(file, blank, {}, {}, "is blank, but lines follow", "one time step per line");
    const auto fields = fields_of(line);
    if (number_of_line == 1) {
      columns = fields.size();
      if (is_header(fields)) {
        series.names = names_of(fields, file);
        series.first_line = 2;
        continue;
      }
    }
    if (fields.size() != columns)
      reject(file, number_of_line, {}, {}, fmt::format("has {} columns", fields.size()),
             with_separator(fmt::format("{}, as in line 1", columns), line));
    for (std::size_t k = 0; k < columns; ++k) {
      const std::string key = fmt::format("column {}", k + 1);
      const auto value = number(fields[k]);
      if (!value)
        reject(file, number_of_line, key, fields[k], "is not a number",
               with_separator("a number such as -1.5e-3", line));
      if (!std::isfinite(*value)) reject(file, number_of_line, key, fields[k], "must be finite");
      values.push_back(*value);
    }
  }
  if (stream.bad()) reject(file, 0, {}, {}, "cannot be read");
  if (values.empty()) reject(file, 0, {}, {}, "holds no values", "one time step per line");
  series.values = Eigen::Map<const Matrix>(values.data(), static_cast<Eigen::Index>(values.size() / columns),
                                           static_cast<Eigen::Index>(columns));
  return series;
}

SeriesFile read_h5_series(const std::string& file, const std::string& dataset) {
  try {
    const h5::Dataset data = h5::File::open(file).dataset(dataset);
    const auto shape = data.shape();
    if (shape.size() != 1 && shape.size() != 2)
      data.fail(fmt::format("has {} dimensions, but must have 1 (steps) or 2 (steps, channels)", shape.size()));
    if (data.size() == 0) data.fail("holds no values");
    if (data.kind() != h5::Kind::real && data.kind() != h5::Kind::integer) data.fail("does not hold numbers");
    const std::uint64_t columns = shape.size() == 2 ? shape[1] : 1;
    const auto values = data.read<double>();
    for (std::size_t i = 0; i < values.size(); ++i)
      if (!std::isfinite(values[i])) data.fail(fmt::format("row {} is not finite", i / columns));
    SeriesFile series;
    series.values = Eigen::Map<const Matrix>(values.data(), static_cast<Eigen::Index>(shape[0]),
                                             static_cast<Eigen::Index>(columns));
    return series;
  } catch (const h5::Error& error) {
    throw ExperimentError(error.complaint());
  }
}

std::optional<UnevenStep> first_uneven_step(const SignalView& times) {
  const Eigen::Index rows = times.size();
  if (rows < 2) return std::nullopt;
  std::vector<double> steps;
  for (Eigen::Index t = 1; t < rows; ++t) steps.push_back(times[t] - times[t - 1]);
  std::vector<double> sorted = steps;
  const auto middle = sorted.begin() + static_cast<std::ptrdiff_t>(sorted.size() / 2);
  std::nth_element(sorted.begin(), middle, sorted.end());
  const double usual = *middle, rounding = rounding_of(times), allowed = std::min(rounding, usual / 2);
  for (std::size_t t = 0; t < steps.size(); ++t)
    if (!(steps[t] > 0) || !(std::abs(steps[t] - usual) <= allowed))
      return UnevenStep{static_cast<Eigen::Index>(t + 1), usual};
  // Steps of nearly the same size may still add up: from 8 to 9 ms, say, with times in whole ms.
  const double mean = (times[rows - 1] - times[0]) / static_cast<double>(rows - 1);
  for (Eigen::Index t = 1; t < rows; ++t)
    if (std::abs(times[t] - times[0] - mean * static_cast<double>(t)) > rounding) return UnevenStep{t, usual};
  return std::nullopt;
}

void remove_times(SeriesFile& series, const std::string& file, const std::string& name, const std::string& table) {
  const std::string key = table + ".time", value = '"' + name + '"';
  if (series.names.empty())
    reject(file, 0, key, value, "is given, but the file does not name its columns",
           "a CSV file whose first line names the columns");
  const auto found = std::find(series.names.begin(), series.names.end(), name);
  if (found == series.names.end())
    throw ExperimentError({.file = file,
                           .key = key,
                           .value = value,
                           .problem = "is no column of the file",
                           .expected = fmt::format("one of {}", fmt::join(series.names, ", ")),
                           .suggestion = nearest(name, series.names)});
  if (series.names.size() == 1) reject(file, 0, key, value, "is the only column", "another column that is predicted");
  const auto column = static_cast<Eigen::Index>(found - series.names.begin());
  const Eigen::VectorXd times = series.values.col(column);
  if (const auto uneven = first_uneven_step(times)) {
    const double before = times[uneven->row - 1], after = times[uneven->row];
    reject(file, series.first_line + static_cast<std::size_t>(uneven->row), key, value,
           fmt::format("goes from {} to {}, a step of {:.6g} among steps of {:.6g}", before, after, after - before,
                       uneven->usual),
           "times that rise in equal steps");
  }
  Matrix rest(series.values.rows(), series.values.cols() - 1);
  rest << series.values.leftCols(column), series.values.rightCols(rest.cols() - column);
  series.values = std::move(rest);
  series.names.erase(found);
}

std::string remark_on_times(const SeriesFile& series, const std::string& file, const std::string& table) {
  if (series.values.cols() < 2 || series.values.rows() < 3) return {};
  const Eigen::VectorXd first = series.values.col(0);
  for (Eigen::Index t = 1; t < first.size(); ++t)
    if (!(first[t] > first[t - 1])) return {};
  return fmt::format(
      "{}: {} rises in {} steps from row to row, as times do, and is both input and target; {}", file, series.name(0),
      first_uneven_step(first) ? "unequal" : "equal",
      series.names.empty()
          ? fmt::format("with a first line that names the columns, {}.time = \"NAME\" leaves it out", table)
          : fmt::format("{}.time = \"{}\" leaves it out", table, series.names[0]));
}

}  // namespace rheo
