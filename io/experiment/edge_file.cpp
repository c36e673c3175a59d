#include "io/experiment/edge_file.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <string_view>

#include "core/diagnostics.hpp"
#include "io/h5/h5.hpp"
#include "io/text/numbers.hpp"
#include "io/text/trimmed.hpp"
#include "networks/description/values.hpp"

namespace rheo {

namespace {

[[noreturn]] void reject_edges(std::string place, std::string key, std::string_view value, std::string problem,
                               std::string expected = {}) {
  std::string shown(value.substr(0, 60));
  for (char& c : shown)
    if (static_cast<unsigned char>(c) < ' ') c = '?';
  throw ExperimentError({.file = std::move(place),
                         .key = std::move(key),
                         .value = std::move(shown),
                         .problem = std::move(problem),
                         .expected = std::move(expected)});
}

void split(std::string_view line, std::vector<std::string_view>& cells) {
  cells.clear();
  for (;;) {
    const std::size_t comma = line.find(',');
    cells.push_back(trimmed(line.substr(0, comma)));
    if (comma == std::string_view::npos) return;
    line.remove_prefix(comma + 1);
  }
}

const std::vector<std::string> columns = {"source", "target", "weight", "delay"};

// Where each column stands in the file; cells.size(): nowhere.
std::vector<std::size_t> columns_of_header(const std::vector<std::string_view>& cells, const std::string& place,
                                           const std::string& header) {
  std::vector<std::size_t> column_of(columns.size(), cells.size());
  for (std::size_t i = 0; i < cells.size(); ++i) {
    const auto found = std::find(columns.begin(), columns.end(), cells[i]);
    if (found == columns.end()) reject_edges(place, "column", cells[i], "is unknown", header);
    std::size_t& at = column_of[static_cast<std::size_t>(found - columns.begin())];
    if (at != cells.size()) reject_edges(place, "column", cells[i], "stands there twice", header);
    at = i;
  }
  for (const std::size_t needed : {0, 1})
    if (column_of[needed] == cells.size()) reject_edges(place, columns[needed], {}, "is missing", header);
  return column_of;
}

}  // namespace

StoredEdges read_edge_csv(const std::string& path, std::uint64_t sources, std::uint64_t targets) {
  std::error_code error;
  const auto status = std::filesystem::status(path, error);
  if (std::filesystem::exists(status) && !std::filesystem::is_regular_file(status))
    reject_edges(path, {}, {}, "is no file of text");
  std::ifstream file(path, std::ios::binary);
  if (!file) reject_edges(path, {}, {}, fmt::format("cannot be read ({})", std::strerror(errno)));

  constexpr std::size_t longest_line = 4096;
  std::string line;
  std::uint64_t number = 0;
  const auto place = [&] { return fmt::format("{}:{}", path, number); };
  // The next line that is not blank.
  const auto next = [&] {
    while (std::getline(file, line)) {
      ++number;
      if (line.size() > longest_line)
        reject_edges(place(), {}, {}, "a line of more than 4096 characters", "a CSV file");
      if (!trimmed(line).empty()) return true;
    }
    if (file.bad()) reject_edges(path, {}, {}, "cannot be read to its end");
    return false;
  };
  std::vector<std::string_view> cells;
  const std::string header = "a header such as source,target,weight,delay";
  if (!next()) reject_edges(path, {}, {}, "is empty", header);
  split(line, cells);
  const std::vector<std::size_t> column_of = columns_of_header(cells, place(), header);
  const std::size_t width = cells.size();

  StoredEdges stored;
  if (column_of[2] != width) stored.weight.emplace();
  if (column_of[3] != width) stored.delay.emplace();
  while (next()) {
    split(line, cells);
    if (cells.size() != width)
      reject_edges(place(), "line", line, fmt::format("has {} entries", cells.size()),
                   fmt::format("{} as in the header", width));
    const auto read_end = [&](std::size_t column, std::uint64_t size, std::vector<std::uint32_t>& to) {
      const std::string_view cell = cells[column_of[column]];
      const auto neuron = parse_number<std::uint32_t>(cell);
      if (!neuron || *neuron >= size)
        reject_edges(place(), columns[column], cell, fmt::format("is no {}", columns[column]),
                     fmt::format("a whole number from 0 to {}", size - 1));
      to.push_back(*neuron);
    };
    const auto read_value = [&](std::size_t column, const Range& allowed, std::optional<std::vector<double>>& to) {
      if (!to) return;
      const std::string_view cell = cells[column_of[column]];
      const auto value = parse_number<double>(cell);
      if (!value || !holds(allowed, *value))
        reject_edges(place(), columns[column], cell, fmt::format("is no {}", columns[column]),
                     range_text(allowed, value.value_or(0), column == 3 ? "ms" : ""));
      to->push_back(*value);
    };
    read_end(0, sources, stored.edges.source);
    read_end(1, targets, stored.edges.target);
    read_value(2, any_value, stored.weight);
    read_value(3, non_negative, stored.delay);
  }
  return stored;
}

StoredEdges read_edge_h5(const std::string& path, const std::string& source, const std::string& target,
                         std::uint64_t sources, std::uint64_t targets) {
  const h5::File file = h5::File::open(path);
  const h5::Dataset from = file.dataset(source), to = file.dataset(target);
  if (from.size() != to.size())
    reject_edges(path, target, {}, fmt::format("has {} values, and {} has {}", to.size(), source, from.size()),
                 "one target per source");
  const auto read = [&](const h5::Dataset& dataset, std::uint64_t size) {
    std::vector<std::uint32_t> ids = dataset.read<std::uint32_t>();
    for (std::size_t i = 0; i < ids.size(); ++i)
      if (ids[i] >= size)
        reject_edges(path, dataset.path(), std::to_string(ids[i]),
                     fmt::format("value {} is no neuron of the projection", i), fmt::format("0 to {}", size - 1));
    return ids;
  };
  StoredEdges stored;
  stored.edges = {read(from, sources), read(to, targets)};
  return stored;
}

}  // namespace rheo
