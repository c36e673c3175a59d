#include "apps/report/recordings.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <optional>

#include "apps/session/summary.hpp"
#include "io/h5/h5.hpp"

namespace rheo::report {

namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t block_values = std::uint64_t{1} << 18;
constexpr std::uint64_t most_id = std::uint64_t{1} << 28;  // of neurons, where the run does not say how many there are

// "weights_alone", of "weights_alone.h5.part" too.
std::string stem_of(const fs::path& file) {
  const std::string name = file.filename().string();
  return name.substr(0, name.find(".h5"));
}

// Rows that are whole: those of a file that still grows are counted in /rows.
std::uint64_t whole_rows_of(const h5::File& file, std::uint64_t rows) {
  if (!file.has_dataset("/rows")) return rows;
  const h5::Dataset counts = file.dataset("/rows");
  const std::uint64_t n = counts.rows();
  return n == 0 ? 0 : std::min(rows, counts.read<std::uint64_t>(n - 1, 1).front());
}

void check_matrix(const h5::Dataset& data) {
  if (data.rank() != 2) data.fail(fmt::format("must have two dimensions, but has {}", data.rank()));
}

// --- States ------------------------------------------------------------------------------------------------------

// A line of many points as a line of few: of each stretch the lowest and the highest value, in their order.
class Thinned {
 public:
  explicit Thinned(std::uint64_t stretch) : stretch_(stretch) {}
  void add(double x, double y) {
    if (n_ == 0 || !(y >= low_.second)) low_ = {x, y};
    if (n_ == 0 || !(y <= high_.second)) high_ = {x, y};
    if (++n_ == stretch_) flush();
  }
  void flush() {
    if (n_ == 0) return;
    const bool low_first = low_.first <= high_.first;
    put(low_first ? low_ : high_);
    if (low_.first != high_.first) put(low_first ? high_ : low_);
    n_ = 0;
  }
  LineLayer line = {};

 private:
  void put(const std::pair<double, double>& point) {
    line.x.push_back(point.first);
    line.y.push_back(point.second);
  }
  std::uint64_t stretch_, n_ = 0;
  std::pair<double, double> low_{}, high_{};
};

// What was recorded of one population: rows of values, one of each neuron.
struct StateRows {
  h5::Dataset data;
  std::uint64_t width, rows;
  std::vector<std::uint64_t> ids;
  double begin = 0, step = 1;  // ms
  double time_of(std::uint64_t row) const { return begin + static_cast<double>(row) * step; }
};

StateRows state_rows_of(const h5::File& file, const h5::Group& group) {
  StateRows states{group.dataset("data"), 0, 0, {}};
  const h5::Dataset& data = states.data;
  check_matrix(data);
  states.width = data.shape()[1];
  states.rows = whole_rows_of(file, data.rows());
  states.ids = group.dataset("mapping/node_ids").read<std::uint64_t>();
  const h5::Dataset time = group.dataset("mapping/time");
  const auto when = time.read<double>();
  if (states.ids.size() != states.width)
    data.fail(fmt::format("has {} columns, but there are {} node_ids", states.width, states.ids.size()));
  if (when.size() != 3 || !(std::isfinite(when[0]) && when[2] > 0)) time.fail("must be begin, end and step (ms)");
  states.begin = when[0];
  states.step = when[2];
  return states;
}

// Courses of a few neurons, and the mean of all.
struct StateCourses {
  std::uint64_t stretch = 1;  // rows that become two points of `whole` and one of the mean
  std::uint64_t detail = 0;   // where the lines begin
  Thinned whole;              // of the first neuron
  std::vector<LineLayer> lines;
  LineLayer mean;
};

StateCourses state_courses_of(const StateRows& states) {
  constexpr std::uint64_t most_neurons = 4, stretches = 600;
  const std::uint64_t rows = states.rows, width = states.width, drawn = std::min(most_neurons, width);
  const std::uint64_t stretch = std::max<std::uint64_t>(1, rows / stretches);
  // Many lines of long recordings would cover one another: there, one stands for all, and the end shows the others.
  const std::uint64_t detail = stretch > 1 ? rows - std::min(rows, 2 * stretches) : 0;
  StateCourses courses{stretch, detail, Thinned(stretch), std::vector<LineLayer>(drawn), {}};
  double sum = 0;
  std::uint64_t in_sum = 0;
  const std::uint64_t block = std::max<std::uint64_t>(1, block_values / width);
  for (std::uint64_t first = 0; first < rows; first += block) {
    const std::uint64_t n = std::min(block, rows - first);
    const auto values = states.data.read<double>(first, n);
    for (std::uint64_t r = 0; r < n; ++r) {
      const double t = states.time_of(first + r);
      courses.whole.add(t, values[r * width]);
      for (std::size_t k = 0; k < drawn && first + r >= detail; ++k) {
        courses.lines[k].x.push_back(t);
        courses.lines[k].y.push_back(values[r * width + k * width / drawn]);
      }
      for (std::uint64_t c = 0; c < width; ++c) sum += values[r * width + c];
      if (++in_sum == stretch || first + r + 1 == rows) {
        courses.mean.x.push_back(t - static_cast<double>(in_sum - 1) / 2 * states.step);
        courses.mean.y.push_back(sum / static_cast<double>(in_sum * width));
        sum = 0;
        in_sum = 0;
      }
    }
  }
  courses.whole.flush();
  for (std::size_t k = 0; k < drawn; ++k) {
    courses.lines[k].name = fmt::format("neuron {}", states.ids[k * width / drawn]);
    courses.lines[k].colour = k;
  }
  return courses;
}

void add_state_population(Page& page, const h5::File& file, const h5::Group& group, const std::string& name,
                          const std::string& stem) {
  const StateRows states = state_rows_of(file, group);
  const std::uint64_t width = states.width, rows = states.rows;
  if (rows == 0 || width == 0) {
    page.paragraph(fmt::format("{}, {}: nothing was recorded.", stem, name));
    return;
  }
  StateCourses courses = state_courses_of(states);
  const std::size_t drawn = courses.lines.size();
  const bool is_long = courses.stretch > 1;
  const std::string units = states.data.text_attribute("units").value_or("");
  Panel course;
  course.x.label = "time (ms)";
  course.y.label = units.empty() || units == "1" ? stem : fmt::format("{} ({})", stem, units);
  Panel end = course;
  if (is_long) {
    courses.whole.line.name = courses.lines[0].name;
    courses.whole.line.colour = 5;  // pale, below the mean
    course.layers.emplace_back(std::move(courses.whole.line));
  }
  for (LineLayer& line : courses.lines) (is_long ? end : course).layers.emplace_back(std::move(line));
  if (width > 1) {
    courses.mean.name = fmt::format("mean of {}", grouped(width));
    courses.mean.colour = 6;  // black
    course.layers.emplace_back(std::move(courses.mean));
  }
  std::string text = fmt::format(
      "{} of {} {} of {}{}, {} to {} ms.", stem, is_long ? 1 : drawn, is_long || drawn == 1 ? "neuron" : "neurons",
      name, width > 1 ? fmt::format(", and the mean of all {} recorded", grouped(width)) : std::string(),
      number_text(states.begin), number_text(states.time_of(rows - 1)));
  Picture picture{.title = fmt::format("{}: {}", stem, name),
                  .panels = {std::move(course)},
                  .columns = 1,
                  .panel_width = 1040,
                  .panel_height = 240};
  if (is_long) {
    picture.panels.push_back(std::move(end));
    text += fmt::format(
        " Of each {} ms the neuron's lowest and highest value is drawn, and the mean over them. Below, the "
        "end: {} {}, the last {} values.",
        number_text(static_cast<double>(courses.stretch) * states.step), drawn, drawn == 1 ? "neuron" : "neurons",
        grouped(rows - courses.detail));
  }
  page.picture(file_name(fmt::format("states-{}-{}", stem, name)), std::move(picture), text);
}

// --- Weights -----------------------------------------------------------------------------------------------------

struct Range {
  double low = std::numeric_limits<double>::infinity(), high = -low;
  void add(double value) {
    if (!std::isfinite(value)) return;
    low = std::min(low, value);
    high = std::max(high, value);
  }
  // Ends for a histogram.
  std::pair<double, double> ends() const {
    if (low > high) return {0, 1};
    if (high - low > 1e-12 * std::max(std::abs(low), std::abs(high))) return {low, high};
    const double air = low == 0 ? 0.5 : std::abs(low) / 20;
    return {low - air, high + air};
  }
};

// Of numbers that may be put into another order.
double quantile(std::vector<double>& values, double part) {
  if (values.empty()) return nowhere;
  const auto at = static_cast<std::ptrdiff_t>(std::floor(part * static_cast<double>(values.size() - 1) + 0.5));
  std::nth_element(values.begin(), values.begin() + at, values.end());
  return values[static_cast<std::size_t>(at)];
}

// How a variable of all synapses is distributed, over time.
struct Course {
  Range range;
  LineLayer mean{"mean"}, middle{"median", {}, {}, {}, {}, 1}, wide{"5 to 95 % of all", {}, {}, {}, {}, 2};
};

// Of n of the rows, evenly.
Course course_of(const h5::Dataset& data, const std::vector<double>& times, std::uint64_t n) {
  const std::uint64_t rows = times.size();
  Course course;
  for (std::uint64_t k = 0; k < n; ++k) {
    const std::uint64_t row = n == 1 ? rows - 1 : k * (rows - 1) / (n - 1);
    auto values = data.read<double>(row, 1);
    double sum = 0;
    for (const double value : values) {
      if (!std::isfinite(value)) data.fail(fmt::format("row {} holds a value that is not a finite number", row));
      course.range.add(value);
      sum += value;
    }
    course.mean.x.push_back(times[row] / 1000);
    course.mean.y.push_back(sum / static_cast<double>(values.size()));
    course.middle.y.push_back(quantile(values, 0.5));
    course.wide.low.push_back(quantile(values, 0.05));
    course.wide.high.push_back(quantile(values, 0.95));
  }
  course.middle.x = course.wide.x = course.mean.x;
  course.middle.dashed = true;
  course.wide.y.assign(n, nowhere);
  return course;
}

// At the begin, in the middle and at the end.
Panel distribution_panel(const h5::Dataset& data, const std::vector<double>& times, const Range& range,
                         const std::string& variable) {
  Panel distribution;
  distribution.title = "distribution";
  distribution.x.label = variable;
  distribution.y.label = "share of synapses (%)";
  std::vector<std::uint64_t> shown{0};
  for (const std::uint64_t row : {(times.size() - 1) / 2, times.size() - 1})
    if (row != shown.back()) shown.push_back(row);
  const auto [low, high] = range.ends();
  for (const std::uint64_t row : shown) {
    Histogram histogram(low, high, 40);
    const auto values = data.read<double>(row, 1);
    for (const double value : values) histogram.add(std::clamp(value, low, high));
    const std::string label = fmt::format("{} s", number_text(times[row] / 1000));
    // As a bar it would dwarf all others.
    if (shown.size() > 1 && std::all_of(values.begin(), values.end(), [&](double one) { return one == values[0]; }))
      distribution.layers.emplace_back(ReferenceLine{values[0], true, "all, at " + label});
    else
      distribution.layers.emplace_back(histogram.outline(label, 100.0 / static_cast<double>(values.size())));
  }
  return distribution;
}

void add_variable(Page& page, const h5::File& file, const h5::Group& group, const std::string& variable,
                  const std::string& stem, const std::string& name) {
  constexpr std::uint64_t most_snapshots = 200;
  const h5::Dataset data = group.dataset(variable);
  check_matrix(data);
  const h5::Dataset time = group.dataset("time");
  const std::uint64_t edges = data.shape()[1];
  const std::uint64_t rows = whole_rows_of(file, std::min(data.rows(), time.rows()));
  if (rows == 0 || edges == 0) {
    page.paragraph(fmt::format("{}, {}: nothing was recorded.", stem, name));
    return;
  }
  const auto times = time.read<double>(0, rows);
  const std::uint64_t n = std::min(rows, most_snapshots);
  const auto [range, mean, middle, wide] = course_of(data, times, n);
  Panel course;
  course.title = "over time";
  course.x.label = "time (s)";
  course.y.label = variable;
  course.layers = {wide, mean, middle};
  Picture picture{.title = fmt::format("{} of {}", variable, name),
                  .panels = {std::move(course), distribution_panel(data, times, range, variable)},
                  .panel_width = 520,
                  .panel_height = 280};
  page.picture(file_name(fmt::format("weights-{}-{}-{}", stem, name, variable)), std::move(picture),
               fmt::format("{} of the {} synapses of {} ({}.h5) at {} recorded times: mean, median and where the "
                           "middle 90 % lie; and how they are distributed at the begin, in the middle and at the end. "
                           "The mean goes from {} to {}.",
                           variable, grouped(edges), name, stem,
                           n == rows ? "all " + grouped(n) : fmt::format("{} of {}", grouped(n), grouped(rows)),
                           number_text(mean.y.front()), number_text(mean.y.back())));
}

// --- Synapses ----------------------------------------------------------------------------------------------------

// Of every neuron; ids beyond a population's size are refused.
struct Degrees {
  std::string population;
  std::vector<std::uint32_t> counts;
};

Degrees degrees_of(const h5::Dataset& ids, const Sizes& sizes) {
  Degrees degrees;
  degrees.population = ids.text_attribute("node_population").value_or("");
  const auto known = sizes.find(degrees.population);
  const std::uint64_t limit = known == sizes.end() ? most_id : known->second;
  const std::uint64_t rows = ids.rows();
  for (std::uint64_t first = 0; first < rows; first += block_values) {
    for (const std::uint64_t id : ids.read<std::uint64_t>(first, std::min(block_values, rows - first))) {
      if (id >= limit) ids.fail(fmt::format("names neuron {}, but there are {}", id, limit));
      if (id >= degrees.counts.size()) degrees.counts.resize(id + 1);
      ++degrees.counts[id];
    }
  }
  if (known != sizes.end()) degrees.counts.resize(known->second);
  return degrees;
}

Panel degree_panel(const Degrees& degrees, const std::string& title) {
  Panel panel;
  panel.title = fmt::format("{} of {}", title, degrees.population.empty() ? "neurons" : degrees.population);
  panel.x.label = "synapses of a neuron";
  panel.y.label = "neurons";
  if (degrees.counts.empty()) return panel;
  const auto [low, high] = std::minmax_element(degrees.counts.begin(), degrees.counts.end());
  // Whole numbers in every bin, and some air about those that are all equal.
  const double air = *high - *low < 4 ? 3 : 0, first = *low - air, values = *high - *low + 1 + 2 * air;
  const double width = std::max(1.0, std::ceil(values / 40));
  const auto bins = static_cast<std::size_t>(std::ceil(values / width));
  Histogram histogram(first - 0.5, first - 0.5 + width * static_cast<double>(bins), bins);
  for (const std::uint32_t count : degrees.counts) histogram.add(count);
  panel.layers.emplace_back(histogram.outline(""));
  return panel;
}

}  // namespace

std::vector<std::string> groups_in(const h5::Group& group) {
  std::vector<std::string> names;
  for (const std::string& name : group.list())
    if (group.has_group(name)) names.push_back(name);
  return names;
}

RecordingKind kind_of_recording(const fs::path& path) {
  const h5::File file = open_recording(path);
  if (file.has_group("/spikes")) return RecordingKind::spikes;
  if (file.has_group("/report")) return RecordingKind::states;
  if (file.has_group("/weights")) return RecordingKind::snapshots;
  if (file.has_group("/edges")) return RecordingKind::synapses;
  return RecordingKind::none;
}

void add_states(Page& page, const fs::path& path) {
  const h5::File file = open_recording(path);
  const h5::Group report = file.group("/report");
  for (const std::string& name : groups_in(report))
    add_state_population(page, file, report.group(name), name, stem_of(path));
}

void add_snapshots(Page& page, const fs::path& path) {
  const h5::File file = open_recording(path);
  const h5::Group weights = file.group("/weights");
  for (const std::string& name : groups_in(weights)) {
    const h5::Group group = weights.group(name);
    std::vector<std::string> variables;
    for (const std::string& one : group.list())
      if (group.has_dataset(one) && one != "source_node_id" && one != "target_node_id" && one != "delay" &&
          one != "time")
        variables.push_back(one);
    std::stable_partition(variables.begin(), variables.end(), [](const std::string& one) { return one == "weight"; });
    for (const std::string& variable : variables) add_variable(page, file, group, variable, stem_of(path), name);
  }
}

void add_synapse_weights(Page& page, const fs::path& path) {
  const h5::File file = open_recording(path);
  const h5::Group edges = file.group("/edges");
  for (const std::string& name : groups_in(edges)) {
    Picture picture{.title = fmt::format("{} at the end", name), .panel_width = 520, .panel_height = 260};
    std::uint64_t rows = 0;
    double mean = nowhere;
    for (const auto& [dataset, label] : {std::pair{"0/syn_weight", "weight"}, std::pair{"0/delay", "delay (ms)"}}) {
      const h5::Group group = edges.group(name);
      if (!group.has_dataset(dataset)) continue;
      const h5::Dataset data = group.dataset(dataset);
      rows = data.rows();
      if (rows == 0) continue;
      Range range;
      double sum = 0;
      const auto each = [&](auto take) {
        for (std::uint64_t first = 0; first < rows; first += block_values)
          for (const double value : data.read<double>(first, std::min(block_values, rows - first))) take(value);
      };
      each([&](double value) {
        if (!std::isfinite(value)) data.fail("holds a value that is not a finite number");
        range.add(value);
        sum += value;
      });
      if (picture.panels.empty()) mean = sum / static_cast<double>(rows);
      const auto [low, high] = range.ends();
      Histogram histogram(low, high, 40);
      each([&](double value) { histogram.add(value); });
      Panel panel;
      panel.x.label = label;
      panel.y.label = "share of synapses (%)";
      panel.layers.emplace_back(histogram.outline("", 100.0 / static_cast<double>(rows)));
      picture.panels.push_back(std::move(panel));
    }
    if (picture.panels.empty()) {
      page.paragraph(fmt::format("{}: no synapses.", name));
      continue;
    }
    page.picture(
        file_name(fmt::format("synapses-{}-{}", stem_of(path), name)), std::move(picture),
        fmt::format("Weights and delays of the {} synapses of {} ({}.h5) at the end of the run. Mean weight {}.",
                    grouped(rows), name, stem_of(path), number_text(mean)));
  }
}

void add_degrees(Page& page, const fs::path& path, RecordingKind kind, const Sizes& sizes) {
  const h5::File file = open_recording(path);
  const h5::Group all = file.group(kind == RecordingKind::synapses ? "/edges" : "/weights");
  for (const std::string& name : groups_in(all)) {
    const h5::Group group = all.group(name);
    const Degrees out = degrees_of(group.dataset("source_node_id"), sizes);
    const Degrees in = degrees_of(group.dataset("target_node_id"), sizes);
    Picture picture{.title = fmt::format("Degrees of {}", name),
                    .panels = {degree_panel(out, "out-degree"), degree_panel(in, "in-degree")},
                    .panel_width = 520,
                    .panel_height = 240};
    page.picture(file_name(fmt::format("degrees-{}-{}", stem_of(path), name)), std::move(picture),
                 fmt::format("How many neurons of {} send, and how many of {} receive, so many synapses of {} ({}.h5).",
                             out.population.empty() ? "the source" : out.population,
                             in.population.empty() ? "the target" : in.population, name, stem_of(path)));
  }
}

}  // namespace rheo::report
