#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <set>

#include "apps/report/page_text.hpp"
#include "apps/report/recordings.hpp"
#include "apps/report/report.hpp"
#include "apps/session/summary.hpp"
#include "io/files/recording.hpp"
#include "io/sweep/folder.hpp"

namespace rheo::report {

namespace {

namespace fs = std::filesystem;

constexpr std::size_t most_values = 24;  // of a parameter that are shown one by one; more numbers are put into bins
constexpr std::size_t bins = 10;
constexpr std::size_t most_categories = 60;  // texts
constexpr std::size_t longest_label = 18;    // that fits at an axis
constexpr std::size_t most_pairs = 15;       // of parameters, whose heat maps are shown
constexpr std::size_t most_rows = 2000;      // of the table

// A parameter that varies, as an axis: its values, or bins of them.
struct Dimension {
  std::string name;
  std::vector<std::string> with;  // keys that move together with it
  bool numeric = false, binned = false, log = false;
  std::vector<double> places;         // of numeric ones, ascending: values, or centres of bins
  std::vector<std::string> labels;    // of values or bins
  std::vector<std::size_t> indices;   // [point]: which value or bin it has
  std::vector<std::string> meanings;  // of labels that stand for a longer text
  double low = 0, high = 0;           // of numeric ones
};

double number_of(const SweepParameter& value) {
  if (const auto* whole = std::get_if<std::int64_t>(&value)) return static_cast<double>(*whole);
  if (const auto* real = std::get_if<double>(&value)) return *real;
  return nowhere;
}

std::string text_of(const SweepParameter& value) {
  if (const auto* real = std::get_if<double>(&value)) return number_text(*real);
  return std::visit([](const auto& one) { return fmt::format("{}", one); }, value);
}

// Three digits; without an exponent where numbers are of usual size.
std::string short_text(double value) {
  if (!(std::abs(value) >= 1000 && std::abs(value) < 1e7)) return fmt::format("{:.3g}", value);
  const double unit = std::pow(10.0, std::floor(std::log10(std::abs(value))) - 2);
  return fmt::format("{:.0f}", std::round(value / unit) * unit);
}

Dimension dimension_of(const std::string& key, const std::vector<SweepPoint>& points, std::size_t index) {
  Dimension dimension;
  dimension.name = key;
  dimension.numeric = std::all_of(points.begin(), points.end(), [&](const SweepPoint& point) {
    return std::isfinite(number_of(point.parameters[index]));
  });
  if (!dimension.numeric) {
    std::map<std::string, std::size_t> places;
    for (const SweepPoint& point : points) {
      const auto [found, is_new] = places.emplace(text_of(point.parameters[index]), places.size());
      if (is_new) dimension.labels.push_back(found->first);
      dimension.indices.push_back(found->second);
    }
    const bool is_long = std::any_of(dimension.labels.begin(), dimension.labels.end(),
                                     [](const std::string& label) { return label.size() > longest_label; });
    for (std::size_t i = 0; i < dimension.labels.size() && is_long; ++i) {
      std::string label = fmt::format("#{}", i + 1);
      dimension.meanings.push_back(fmt::format("{} is {}", label, dimension.labels[i]));
      dimension.labels[i] = std::move(label);
    }
    return dimension;
  }
  std::vector<double> numbers;
  for (const SweepPoint& point : points) numbers.push_back(number_of(point.parameters[index]));
  dimension.low = *std::min_element(numbers.begin(), numbers.end());
  dimension.high = *std::max_element(numbers.begin(), numbers.end());
  std::set<double> values;
  for (const double number : numbers) {
    values.insert(number);
    if (values.size() > most_values) break;
  }
  const auto is_log = [](double low, double high) { return low > 0 && high / low >= 50; };
  if (values.size() <= most_values) {
    dimension.places.assign(values.begin(), values.end());
    dimension.log = is_log(*values.begin(), *values.rbegin());
    for (const double place : dimension.places) dimension.labels.push_back(number_text(place));
    for (const double number : numbers)
      dimension.indices.push_back(static_cast<std::size_t>(
          std::lower_bound(dimension.places.begin(), dimension.places.end(), number) - dimension.places.begin()));
    return dimension;
  }
  dimension.binned = true;
  const auto [low, high] = std::minmax_element(numbers.begin(), numbers.end());
  dimension.log = is_log(*low, *high);
  const auto straight = [&](double value) { return dimension.log ? std::log(value) : value; };
  const double begin = straight(*low), width = (straight(*high) - begin) / bins;
  for (std::size_t b = 0; b < bins; ++b) {
    const double centre = begin + (static_cast<double>(b) + 0.5) * width;
    dimension.places.push_back(dimension.log ? std::exp(centre) : centre);
    dimension.labels.push_back(short_text(dimension.places.back()));
  }
  for (const double number : numbers)
    dimension.indices.push_back(std::min(bins - 1, static_cast<std::size_t>((straight(number) - begin) / width)));
  return dimension;
}

// Whether two of them always change together.
bool move_together(const std::vector<SweepPoint>& points, std::size_t a, std::size_t b) {
  std::map<SweepParameter, SweepParameter> to_b, to_a;
  for (const SweepPoint& point : points) {
    const SweepParameter &x = point.parameters[a], &y = point.parameters[b];
    if (to_b.emplace(x, y).first->second != y || to_a.emplace(y, x).first->second != x) return false;
  }
  return true;
}

struct Moments {
  double sum = 0, squares = 0, n = 0;
  void add(double value) {
    sum += value;
    squares += value * value;
    ++n;
  }
  double mean() const { return n > 0 ? sum / n : nowhere; }
  // Of a sample.
  double deviation() const {
    return n > 1 ? std::sqrt(std::max(0.0, (squares - sum * sum / n) / (n - 1))) : n > 0 ? 0 : nowhere;
  }
};

std::string unit_of(const std::string& metric) {
  return metric.starts_with("rate.") ? metric + " (Hz)" : metric;
}

// As many decimals as tell the values apart, and few.
int decimals_of(const std::vector<double>& values) {
  double size = 0;
  for (const double value : values)
    if (std::isfinite(value)) size = std::max(size, std::abs(value));
  return size >= 100 || size == 0 ? 0 : size >= 10 ? 1 : size >= 0.1 ? 2 : 3;
}

class SweepPage {
 public:
  explicit SweepPage(const fs::path& directory)
      : folder_(directory),
        manifest_(folder_.manifest()),
        points_(folder_.points(manifest_)),
        page_("Sweep", fs::path(manifest_.file).filename().string(),
              fmt::format("Sweep of {}, design {}, in {}", manifest_.file, manifest_.design, directory.string())) {
    std::vector<std::uint64_t> hashes;
    for (const SweepPoint& point : points_) hashes.push_back(point.hash);
    history_ = folder_.history(hashes);
    for (const std::uint64_t hash : hashes) {
      const auto found = history_.records.find(hash);
      records_.push_back(found == history_.records.end() ? &waiting_ : &found->second);
    }
  }

  Page operator()() {
    find_dimensions();
    overview();
    if (finished_ > 0 && !manifest_.metrics.empty()) {
      heat_maps();
      marginals();
    }
    table();
    return std::move(page_);
  }

 private:
  double metric(std::size_t m, std::size_t point) const {
    return records_[point]->state == PointState::finished ? metric_of(manifest_.metrics[m], *records_[point]) : nowhere;
  }

  void find_dimensions() {
    std::vector<std::size_t> used;
    for (std::size_t k = 0; k < manifest_.keys.size(); ++k) {
      // Seeds are what a mean is over.
      if (manifest_.keys[k] == "simulation.seed" || points_.empty()) continue;
      const SweepParameter& first = points_.front().parameters[k];
      if (std::all_of(points_.begin(), points_.end(),
                      [&](const SweepPoint& point) { return point.parameters[k] == first; })) {
        constant_.push_back(fmt::format("{} = {}", manifest_.keys[k], text_of(first)));
        continue;
      }
      const auto same =
          std::find_if(used.begin(), used.end(), [&](std::size_t other) { return move_together(points_, k, other); });
      Dimension dimension = dimension_of(manifest_.keys[k], points_, k);
      if (same != used.end() && !dimension.binned) {
        dimensions_[static_cast<std::size_t>(same - used.begin())].with.push_back(manifest_.keys[k]);
        continue;
      }
      if (!dimension.numeric && dimension.labels.size() > most_categories) {
        page_.note(fmt::format("{} has {} values that are no numbers: too many for pictures.", dimension.name,
                               grouped(dimension.labels.size())));
        continue;
      }
      used.push_back(k);
      dimensions_.push_back(std::move(dimension));
    }
  }

  void overview() {
    std::array<std::size_t, point_state_names.size()> states{};
    double wall_time = 0;
    for (const PointRecord* record : records_) {
      ++states[static_cast<std::size_t>(record->state)];
      if (record->state == PointState::finished) wall_time += record->build_wall_time + record->simulate_wall_time;
    }
    finished_ = states[static_cast<std::size_t>(PointState::finished)];
    if (finished_ < points_.size())
      page_.note(
          fmt::format("{} of {} points have finished; the pictures show these. \"rheo sweep\" goes on with the others.",
                      grouped(finished_), grouped(points_.size())));
    page_.section("Summary");
    std::vector<std::pair<std::string, std::string>> cards{{grouped(points_.size()), "points"}};
    for (std::size_t s = 0; s < states.size(); ++s)
      if (states[s] > 0) cards.emplace_back(grouped(states[s]), point_state_names[s]);
    cards.emplace_back(time_text(wall_time), "of simulating and building");
    page_.cards(cards);
    Table table{"What is varied",
                {"parameter", "values", "from", "to", "moves together with"},
                {},
                {false, true, true, true, false}};
    for (const Dimension& one : dimensions_)
      table.rows.push_back({one.name,
                            one.binned ? fmt::format("more than {}", most_values) : std::to_string(one.labels.size()),
                            one.numeric ? number_text(one.low) : "-", one.numeric ? number_text(one.high) : "-",
                            fmt::format("{}", fmt::join(one.with, ", "))});
    if (!table.rows.empty()) page_.table(table);
    if (!constant_.empty()) page_.paragraph(fmt::format("The same in all points: {}.", fmt::join(constant_, ", ")));
    for (const Dimension& one : dimensions_)
      if (!one.meanings.empty()) page_.paragraph(fmt::format("{}: {}.", one.name, fmt::join(one.meanings, "; ")));
    for (const Dimension& one : dimensions_)
      if (one.binned)
        page_.paragraph(
            fmt::format("{} has many values; in the pictures they are put into {} bins of equal width{}, and "
                        "labels are the bins' centres.",
                        one.name, bins, one.log ? " in the logarithm" : ""));
  }

  void heat_maps() {
    if (dimensions_.size() < 2) return;
    std::vector<std::pair<std::size_t, std::size_t>> pairs;
    for (std::size_t a = 0; a < dimensions_.size(); ++a)
      for (std::size_t b = a + 1; b < dimensions_.size(); ++b) pairs.emplace_back(a, b);
    page_.section("Two parameters at a time");
    if (pairs.size() > most_pairs) {
      page_.paragraph(fmt::format("Of {} pairs of parameters the first {} are shown.", pairs.size(), most_pairs));
      pairs.resize(most_pairs);
    }
    page_.paragraph(
        fmt::format("Means over all finished points of a cell, whatever else varies{}. Empty cells have no "
                    "finished point with this figure.",
                    repeats() ? ", seeds included" : ""));
    page_.html(pairs.size() == 1 ? "<div class=\"pairs\">\n" : "<div>\n");
    for (std::size_t m = 0; m < manifest_.metrics.size(); ++m) {
      Picture picture{.title = unit_of(manifest_.metrics[m]), .panel_width = 520, .panel_height = 360};
      for (const auto& [a, b] : pairs) picture.panels.push_back(heat_map(m, dimensions_[a], dimensions_[b]));
      page_.picture("heat-" + file_name(manifest_.metrics[m]), std::move(picture),
                    fmt::format("{} by {}.", manifest_.metrics[m],
                                pairs.size() == 1 ? fmt::format("{} and {}", dimensions_[0].name, dimensions_[1].name)
                                                  : "pairs of parameters"));
    }
    page_.html("</div>\n");
  }

  Panel heat_map(std::size_t m, const Dimension& across, const Dimension& up) const {
    std::vector<Moments> cells(across.labels.size() * up.labels.size());
    for (std::size_t i = 0; i < points_.size(); ++i) {
      const double value = metric(m, i);
      // The first row is on top; numbers grow upwards.
      const std::size_t row = up.numeric ? up.labels.size() - 1 - up.indices[i] : up.indices[i];
      if (std::isfinite(value)) cells[row * across.labels.size() + across.indices[i]].add(value);
    }
    HeatMap map;
    for (const Moments& cell : cells) map.values.push_back(cell.mean());
    map.columns = across.labels.size();
    map.column_names = across.labels;
    map.row_names = up.labels;
    if (up.numeric) std::reverse(map.row_names.begin(), map.row_names.end());
    map.label = unit_of(manifest_.metrics[m]);
    if (map.columns <= 12 && up.labels.size() <= 16) map.decimals = decimals_of(map.values);
    Panel panel;
    panel.x.label = across.name;
    panel.y.label = up.name;
    panel.layers = {std::move(map)};
    return panel;
  }

  void marginals() {
    if (dimensions_.empty()) return;
    page_.section("One parameter at a time");
    for (std::size_t m = 0; m < manifest_.metrics.size(); ++m) {
      Picture picture{.title = unit_of(manifest_.metrics[m]),
                      .panel_width = dimensions_.size() == 1 ? 620.0 : 520.0,
                      .panel_height = 280};
      for (const Dimension& one : dimensions_) picture.panels.push_back(marginal(m, one));
      page_.picture(
          "marginal-" + file_name(manifest_.metrics[m]), std::move(picture),
          fmt::format("{}: mean over all finished points with this value, whatever else varies{}; the band or bar is "
                      "one standard deviation to either side.",
                      manifest_.metrics[m], repeats() ? ", seeds included" : ""));
    }
  }

  Panel marginal(std::size_t m, const Dimension& one) const {
    std::vector<Moments> moments(one.labels.size());
    for (std::size_t i = 0; i < points_.size(); ++i)
      if (const double value = metric(m, i); std::isfinite(value)) moments[one.indices[i]].add(value);
    std::vector<double> means, low, high;
    for (const Moments& all : moments) {
      means.push_back(all.mean());
      low.push_back(all.mean() - all.deviation());
      high.push_back(all.mean() + all.deviation());
    }
    Panel panel;
    panel.x.label = one.name;
    panel.y.label = unit_of(manifest_.metrics[m]);
    if (!one.numeric) {
      panel.categories = one.labels;
      panel.layers = {BarLayer{"", means, low, high}};
      return panel;
    }
    panel.x.log = one.log;
    panel.layers = {LineLayer{"", one.places, means, low, high, 0}, PointLayer{"", one.places, means, {}, {}, 0}};
    return panel;
  }

  void table() {
    page_.section("Points");
    Table table{"", {"folder"}, {}, {false}};
    const auto column = [&](const std::string& name, bool number) {
      table.head.push_back(name);
      table.numbers.push_back(number);
    };
    for (std::size_t k = 0; k < manifest_.keys.size(); ++k)
      column(manifest_.keys[k], std::all_of(points_.begin(), points_.end(), [&](const SweepPoint& point) {
               return !std::holds_alternative<std::string>(point.parameters[k]);
             }));
    column("repeat", true);
    for (const std::string& metric : manifest_.metrics) column(unit_of(metric), true);
    column("state", false);
    column("seconds", true);
    column("error", false);
    const std::size_t n = std::min(points_.size(), most_rows);
    for (std::size_t i = 0; i < n; ++i) {
      const PointRecord& record = *records_[i];
      std::vector<std::string> row{folder_.name_of(points_[i].hash)};
      for (const SweepParameter& value : points_[i].parameters) row.push_back(text_of(value));
      row.push_back(std::to_string(points_[i].repeat));
      for (std::size_t m = 0; m < manifest_.metrics.size(); ++m) row.push_back(number_text(metric(m, i)));
      row.push_back(record.state_name());
      row.push_back(
          record.state == PointState::finished ? number_text(record.build_wall_time + record.simulate_wall_time) : "-");
      row.push_back(record.error.substr(0, 300));
      table.rows.push_back(std::move(row));
    }
    table.caption = n == points_.size() ? fmt::format("All {} points; a click on a head sorts.", grouped(n))
                                        : fmt::format("The first {} of {} points; rheo sweep collect writes all.",
                                                      grouped(n), grouped(points_.size()));
    page_.table(table);
    page_.script(table_script);
  }

  bool repeats() const {
    return std::any_of(points_.begin(), points_.end(), [](const SweepPoint& point) { return point.repeat > 0; });
  }

  SweepFolder folder_;
  SweepManifest manifest_;
  std::vector<SweepPoint> points_;
  Page page_;
  SweepHistory history_;
  PointRecord waiting_;
  std::vector<const PointRecord*> records_;
  std::vector<Dimension> dimensions_;
  std::vector<std::string> constant_;
  std::size_t finished_ = 0;
};

}  // namespace

Page sweep_page(const fs::path& directory) {
  return SweepPage(directory)();
}

}  // namespace rheo::report
