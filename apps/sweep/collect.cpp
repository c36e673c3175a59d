// rheo sweep collect DIR: one table of all points.
#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <ostream>
#include <set>

#include "apps/session/print.hpp"
#include "apps/session/summary.hpp"
#include "apps/sweep/choice.hpp"
#include "apps/sweep/sweep.hpp"
#include "io/files/recording.hpp"
#include "io/h5/h5.hpp"

namespace rheo {

namespace {

namespace fs = std::filesystem;

// RFC 4180.
std::string csv_text(const std::string& text) {
  if (text.find_first_of(",\"\n\r") == std::string::npos) return text;
  std::string quoted = "\"";
  for (const char c : text) quoted += c == '"' ? "\"\"" : std::string(1, c);
  return quoted + '"';
}

std::string csv_text(std::int64_t number) {
  return fmt::format("{}", number);
}

std::string csv_text(double number) {
  return number == number ? fmt::format("{}", number) : std::string();
}

// Whole numbers where all are, numbers where all are, else texts.
SweepColumn parameter_column(const std::string& key, const std::vector<SweepPoint>& points, std::size_t index) {
  SweepColumn column{"parameters", key, {}};
  const auto all = [&](auto is) {
    return std::all_of(points.begin(), points.end(), [&](const SweepPoint& p) { return is(p.parameters[index]); });
  };
  const auto is_whole = [](const SweepParameter& p) { return std::holds_alternative<std::int64_t>(p); };
  if (all(is_whole)) {
    auto& rows = column.rows.emplace<std::vector<std::int64_t>>();
    for (const SweepPoint& point : points) rows.push_back(std::get<std::int64_t>(point.parameters[index]));
  } else if (all([](const SweepParameter& p) { return !std::holds_alternative<std::string>(p); })) {
    auto& rows = column.rows.emplace<std::vector<double>>();
    for (const SweepPoint& point : points) {
      const SweepParameter& p = point.parameters[index];
      rows.push_back(is_whole(p) ? static_cast<double>(std::get<std::int64_t>(p)) : std::get<double>(p));
    }
  } else {
    auto& rows = column.rows.emplace<std::vector<std::string>>();
    for (const SweepPoint& point : points)
      rows.push_back(std::visit([](const auto& value) { return fmt::format("{}", value); }, point.parameters[index]));
  }
  return column;
}

void write_csv(const fs::path& file, const std::vector<SweepColumn>& columns, std::size_t rows) {
  write_whole_text(file, [&](std::ostream& stream) {
    for (std::size_t c = 0; c < columns.size(); ++c) stream << (c > 0 ? "," : "") << csv_text(columns[c].name);
    stream << '\n';
    for (std::size_t row = 0; row < rows; ++row) {
      for (std::size_t c = 0; c < columns.size(); ++c)
        stream << (c > 0 ? "," : "")
               << std::visit([row](const auto& all) { return csv_text(all[row]); }, columns[c].rows);
      stream << '\n';
    }
  });
}

void write_h5(const fs::path& file, const SweepManifest& manifest, const std::vector<SweepColumn>& columns) {
  recording_step(file, [&] {
    write_whole(file, [&](h5::File& to) {
      to.set_text("experiment", manifest.file);
      to.set_text("design", manifest.design);
      std::set<std::string> groups;
      for (const SweepColumn& column : columns) {
        if (!column.group.empty() && groups.insert(column.group).second) to.create_group(column.group);
        const std::string name = column.group.empty() ? column.name : column.group + '/' + column.name;
        if (const auto* texts = std::get_if<std::vector<std::string>>(&column.rows)) {
          to.create_texts(name, *texts);
        } else if (const auto* whole = std::get_if<std::vector<std::int64_t>>(&column.rows)) {
          to.create_dataset<std::int64_t>(name, whole->size()).write<std::int64_t>(0, *whole);
        } else {
          const auto& numbers = std::get<std::vector<double>>(column.rows);
          to.create_dataset<double>(name, numbers.size()).write<double>(0, numbers);
        }
      }
    });
  });
}

}  // namespace

std::vector<SweepColumn> sweep_table(const SweepFolder& folder) {
  const SweepManifest manifest = folder.manifest();
  const std::vector<SweepPoint> points = folder.points(manifest);
  std::vector<std::uint64_t> hashes;
  for (const SweepPoint& point : points) hashes.push_back(point.hash);
  const SweepHistory history = history_of(folder, hashes);
  const PointRecord waiting;
  std::vector<const PointRecord*> records;
  for (const std::uint64_t hash : hashes) {
    const auto found = history.records.find(hash);
    records.push_back(found == history.records.end() ? &waiting : &found->second);
  }

  std::vector<SweepColumn> columns;
  const auto texts = [&](const char* name, auto text_of) {
    std::vector<std::string> rows;
    for (std::size_t i = 0; i < points.size(); ++i) rows.push_back(text_of(i));
    columns.push_back({"", name, std::move(rows)});
  };
  const auto numbers = [&](const char* group, const std::string& name, auto number_of) {
    std::vector<double> rows;
    for (const PointRecord* record : records) rows.push_back(number_of(*record));
    columns.push_back({group, name, std::move(rows)});
  };
  texts("folder", [&](std::size_t i) { return folder.name_of(points[i].hash); });
  for (std::size_t i = 0; i < manifest.keys.size(); ++i)
    columns.push_back(parameter_column(manifest.keys[i], points, i));
  std::vector<std::int64_t> repeats;
  for (const SweepPoint& point : points) repeats.push_back(point.repeat);
  columns.push_back({"", "repeat", std::move(repeats)});
  for (const std::string& metric : manifest.metrics)
    numbers("metrics", metric, [&](const PointRecord& record) {
      return record.state == PointState::finished ? metric_of(metric, record)
                                                  : std::numeric_limits<double>::quiet_NaN();
    });
  texts("state", [&](std::size_t i) { return std::string(records[i]->state_name()); });
  texts("error", [&](std::size_t i) { return records[i]->error.substr(0, 500); });
  const auto timing = [&](const char* name, auto number_of) {
    numbers("timing", name, [&](const PointRecord& record) {
      return record.state == PointState::finished ? number_of(record) : std::numeric_limits<double>::quiet_NaN();
    });
  };
  timing("build_wall_time_s", [](const PointRecord& record) { return record.build_wall_time; });
  timing("simulate_wall_time_s", [](const PointRecord& record) { return record.simulate_wall_time; });
  timing("real_time_factor", [](const PointRecord& record) {
    return record.real_time_factor.value_or(std::numeric_limits<double>::quiet_NaN());
  });
  timing("peak_memory_bytes", [](const PointRecord& record) { return static_cast<double>(record.peak_memory); });
  return columns;
}

int collect_sweep(const std::string& directory) {
  const SweepFolder folder(directory);
  const std::vector<SweepColumn> columns = sweep_table(folder);
  const std::size_t points = std::visit([](const auto& rows) { return rows.size(); }, columns.front().rows);
  write_csv(folder.path() / "sweep.csv", columns, points);
  write_h5(folder.path() / "sweep.h5", folder.manifest(), columns);
  if (const auto choice = choose(folder)) {
    write_choice(folder, *choice);
    print(choice_text(folder, *choice));
  }
  print(fmt::format("{}, {}: {} points\n", (folder.path() / "sweep.csv").string(),
                    (folder.path() / "sweep.h5").string(), grouped(points)));
  return 0;
}

}  // namespace rheo
