#include "apps/tasks/labelled_data.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <map>
#include <utility>

#include "apps/learning/patterns.hpp"
#include "apps/learning/series.hpp"
#include "core/diagnostics.hpp"
#include "core/memory.hpp"
#include "core/random.hpp"
#include "core/time.hpp"
#include "io/text/trimmed.hpp"

namespace rheo {

namespace {

constexpr std::array learning_parts{DataPart::train, DataPart::validate, DataPart::test};

// Lists of items, by class in turn, in an order that is drawn.
template <class T>
void draw_order(std::vector<T>& items, std::uint64_t seed, std::string_view part) {
  RandomStream stream(random_key(seed, "order of classes", part), 0);
  for (std::size_t i = items.size(); i > 1; --i)
    std::swap(items[i - 1], items[stream.below(static_cast<std::uint32_t>(i))]);
}

// How many items of each class a part has, of `items` that a class has.
std::array<std::size_t, 3> counts_of(const DataEnds& ends, std::size_t items) {
  const std::array<double, 5> asked = ends.split.or_else({0, 0, 0.5, 0.25, 0.25});
  const auto refuse = [&](std::size_t part, const std::string& problem, const std::string& expected) {
    throw ExperimentError({.key = fmt::format("{}.split.{}", ends.key, part_names[part]),
                           .value = fmt::format("{}", asked[part]),
                           .problem = problem,
                           .expected = expected});
  };
  for (const std::size_t part : {std::size_t{0}, std::size_t{1}})
    if (asked[part] != 0) refuse(part, "has no meaning for items with classes", "0");
  std::array<std::size_t, 3> counts{};
  std::size_t counted = 0;
  double shares = 0;
  for (std::size_t k = 0; k < 3; ++k) {
    const double one = asked[k + 2];
    if (one > 0 && one < 1)
      shares += one;
    else if (one != std::floor(one))
      refuse(k + 2, "is neither a whole number nor a share", "a whole number of items of each class, or a share");
    else
      counted += counts[k] = static_cast<std::size_t>(one);
  }
  if (shares > 1 + 1e-9) refuse(2, fmt::format("makes shares of {:g} in all", shares), "shares of 1 at most");
  if (counted > items) refuse(2, fmt::format("asks for more than the {} items of a class", items), "fewer items");
  const std::size_t left = items - counted;
  // The last share gets what rounding leaves of the others.
  std::size_t taken = 0;
  double share = 0;
  for (std::size_t k = 0; k < 3; ++k) {
    if (!(asked[k + 2] > 0 && asked[k + 2] < 1)) continue;
    share += asked[k + 2];
    const std::size_t upto =
        share > 1 - 1e-9 ? left : taken + static_cast<std::size_t>(asked[k + 2] * static_cast<double>(left) + 1e-9);
    counts[k] = upto - taken;
    taken = upto;
  }
  for (const std::size_t k : {std::size_t{0}, std::size_t{2}})
    if (counts[k] == 0) refuse(k + 2, "leaves no item of a class", "at least one");
  return counts;
}

// Targets are classes: 1 for that of a row, 0 for others.
void set_classes(Dataset& data, std::vector<std::string> classes, std::size_t rows) {
  data.classes = std::move(classes);
  data.target_names = data.classes;
  data.target_scales.resize(data.classes.size());
  data.targets = Matrix::Zero(static_cast<Eigen::Index>(rows), static_cast<Eigen::Index>(data.classes.size()));
  for (const Show& show : data.shows)
    for (std::size_t row = show.first; row < show.end; ++row)
      data.targets(static_cast<Eigen::Index>(row), static_cast<Eigen::Index>(show.label)) = 1;
  for (std::size_t c = 0; c < data.classes.size(); ++c) data.counted.push_back(c);
}

// A line of a CSV file with texts, and its number.
struct LabelLine {
  std::string sequence, label, part;
  std::size_t line = 0;
};

std::vector<std::string> cells_of(const std::string& line) {
  std::vector<std::string> cells;
  std::string_view rest = line;
  for (;;) {
    const std::size_t comma = rest.find(',');
    cells.emplace_back(trimmed(rest.substr(0, comma)));
    if (comma == std::string_view::npos) return cells;
    rest.remove_prefix(comma + 1);
  }
}

std::vector<LabelLine> read_labels(const std::string& file) {
  const auto refuse = [&](std::size_t line, const std::string& problem, const std::string& expected) {
    throw ExperimentError(
        {.file = line == 0 ? file : fmt::format("{}:{}", file, line), .problem = problem, .expected = expected});
  };
  std::ifstream stream(file);
  if (!stream) refuse(0, "cannot be read", "a CSV file with columns sequence and label");
  std::string text;
  std::getline(stream, text);
  const std::vector<std::string> header = cells_of(text);
  const auto column = [&](const char* name) {
    return static_cast<std::size_t>(std::ranges::find(header, name) - header.begin());
  };
  const std::size_t sequence = column("sequence"), label = column("label"), part = column("part");
  if (sequence == header.size() || label == header.size())
    refuse(1, "does not name the columns sequence and label", "a first line such as sequence,label,part");
  std::vector<LabelLine> lines;
  for (std::size_t number = 2; std::getline(stream, text); ++number) {
    if (trimmed(text).empty()) continue;
    const std::vector<std::string> cells = cells_of(text);
    if (cells.size() != header.size())
      refuse(number, fmt::format("has {} columns", cells.size()), fmt::format("{}, as in line 1", header.size()));
    LabelLine line{cells[sequence], cells[label], part < header.size() ? cells[part] : "", number};
    if (line.label.empty()) refuse(number, "has no label", "a label for each sequence");
    const bool known = line.part == "train" || line.part == "validate" || line.part == "test";
    if (part < header.size() && !known)
      refuse(number, fmt::format("part \"{}\" is unknown", line.part), "train, validate or test");
    lines.push_back(std::move(line));
  }
  if (lines.empty()) refuse(0, "has no labels", "a line for each sequence");
  return lines;
}

// Which rows of a table are which sequence.
struct Sequence {
  std::size_t first = 0, end = 0;
};

std::map<std::string, Sequence> find_sequences(const SeriesFile& table, Eigen::Index column, const std::string& file) {
  std::map<std::string, Sequence> found;
  for (Eigen::Index row = 0; row < table.values.rows();) {
    Eigen::Index end = row + 1;
    while (end < table.values.rows() && table.values(end, column) == table.values(row, column)) ++end;
    const std::string name = fmt::format("{}", table.values(row, column));
    const auto [at, is_new] =
        found.try_emplace(name, Sequence{static_cast<std::size_t>(row), static_cast<std::size_t>(end)});
    if (!is_new)
      throw ExperimentError({.file = table.first_line == 0
                                         ? file
                                         : fmt::format("{}:{}", file, table.first_line + static_cast<std::size_t>(row)),
                             .key = table.name(column),
                             .value = name,
                             .problem = "comes again, after other sequences",
                             .expected = "the rows of a sequence together"});
    row = end;
  }
  return found;
}

// Sequences of each part and class, in the order of their labels.
using ByClass = std::array<std::vector<std::vector<Sequence>>, 3>;

// By the parts that the labels name, or cut by the shares of each class, drawn.
ByClass parts_of(const std::vector<LabelLine>& lines, const std::map<std::string, Sequence>& sequences,
                 const std::vector<std::string>& classes, const DataEnds& ends) {
  ByClass parts;
  for (auto& part : parts) part.resize(classes.size());
  std::vector<std::vector<Sequence>> undecided(classes.size());
  for (const LabelLine& line : lines) {
    const auto label = static_cast<std::size_t>(std::ranges::find(classes, line.label) - classes.begin());
    const Sequence& sequence = sequences.at(line.sequence);
    if (line.part.empty())
      undecided[label].push_back(sequence);
    else
      parts[line.part == "train" ? 0 : line.part == "validate" ? 1 : 2][label].push_back(sequence);
  }
  for (std::size_t label = 0; label < classes.size(); ++label) {
    if (undecided[label].empty()) continue;
    draw_order(undecided[label], ends.seed, "split " + classes[label]);
    const std::array<std::size_t, 3> counts = counts_of(ends, undecided[label].size());
    std::size_t next = 0;
    for (std::size_t k = 0; k < 3; ++k)
      for (std::size_t i = 0; i < counts[k]; ++i) parts[k][label].push_back(undecided[label][next++]);
  }
  return parts;
}

// Columns of a table as inputs, less their mean and by their deviation in the part for training where that is asked
// for.
void show_columns(Dataset& data, const SeriesFile& table, const std::vector<Eigen::Index>& columns, bool standardise) {
  const std::vector<std::size_t> train = data.rows_of(DataPart::train);
  data.inputs = Matrix(table.values.rows(), static_cast<Eigen::Index>(columns.size()));
  for (std::size_t c = 0; c < columns.size(); ++c) {
    data.input_names.push_back(table.name(columns[c]));
    Eigen::VectorXd values = table.values.col(columns[c]);
    if (standardise) {
      double mean = 0, square = 0;
      for (const std::size_t row : train)
        mean += values(static_cast<Eigen::Index>(row)) / static_cast<double>(train.size());
      for (const std::size_t row : train)
        square += std::pow(values(static_cast<Eigen::Index>(row)) - mean, 2) / static_cast<double>(train.size());
      values = (values.array() - mean) / (square > 0 ? std::sqrt(square) : 1.0);
    }
    data.inputs.col(static_cast<Eigen::Index>(c)) = values;
  }
}

// The labels that occur, ascending; each line is of a sequence of its own that there is.
std::vector<std::string> classes_of(const std::vector<LabelLine>& lines,
                                    const std::map<std::string, Sequence>& sequences, const std::string& labels,
                                    const std::string& file) {
  std::vector<std::string> classes;
  std::map<std::string, std::size_t> seen;
  for (const LabelLine& line : lines) {
    const std::string place = fmt::format("{}:{}", labels, line.line);
    if (!sequences.contains(line.sequence))
      throw ExperimentError({.file = place,
                             .key = "sequence",
                             .value = line.sequence,
                             .problem = "is no sequence of " + file,
                             .expected = "one of its sequences"});
    if (const auto [at, is_new] = seen.try_emplace(line.sequence, line.line); !is_new)
      throw ExperimentError({.file = place,
                             .key = "sequence",
                             .value = line.sequence,
                             .problem = fmt::format("has a label in line {}, too", at->second),
                             .expected = "one label for each sequence"});
    if (std::ranges::find(classes, line.label) == classes.end()) classes.push_back(line.label);
  }
  std::ranges::sort(classes);
  return classes;
}

}  // namespace

Dataset SequencesData::make(const DataEnds& ends) const {
  SeriesFile table = read_series(file, dataset, ends.key);
  const auto column_of = [&](const std::string& wanted, const char* key) {
    const auto at = std::ranges::find(table.names, wanted);
    if (at == table.names.end())
      throw ExperimentError(
          {.file = file,
           .key = ends.key + key,
           .value = '"' + wanted + '"',
           .problem = "is no column of the file",
           .expected = table.names.empty() ? "a first line that names the columns" : one_of(table.names),
           .suggestion = nearest(wanted, table.names)});
    return static_cast<Eigen::Index>(at - table.names.begin());
  };
  const Eigen::Index numbers = column_of(sequence, ".sequence");
  const std::vector<LabelLine> lines = read_labels(labels);
  const std::map<std::string, Sequence> sequences = find_sequences(table, numbers, file);
  const std::vector<std::string> classes = classes_of(lines, sequences, labels, file);
  Dataset data;
  const ByClass parts = parts_of(lines, sequences, classes, ends);
  for (std::size_t k = 0; k < 3; ++k) {
    std::vector<Show> shows;
    for (std::size_t label = 0; label < classes.size(); ++label)
      for (const Sequence& one : parts[k][label])
        shows.push_back({learning_parts[k], one.first, one.end, static_cast<std::uint32_t>(label)});
    if (shows.empty() && k != 1)
      throw ExperimentError({.file = labels,
                             .key = ends.key,
                             .problem = fmt::format("no sequence is for the part {}", name_of(learning_parts[k])),
                             .expected = "some for train and for test"});
    draw_order(shows, ends.seed, name_of(learning_parts[k]));
    data.shows.insert(data.shows.end(), shows.begin(), shows.end());
  }
  std::vector<Eigen::Index> columns;
  for (const std::string& one : inputs) columns.push_back(column_of(one, ".inputs"));
  for (Eigen::Index c = 0; c < table.values.cols() && inputs.empty(); ++c)
    if (c != numbers) columns.push_back(c);
  show_columns(data, table, columns, standardise);
  set_classes(data, classes, static_cast<std::size_t>(table.values.rows()));
  return data;
}

Dataset PatternsData::make(const DataEnds& ends) const {
  const double spikes = 1.0 * classes * samples * channels * (1 + length * (rate + noise_rate) / 1000),
               bytes = 16 * spikes + 8.0 * classes * classes * samples, memory = static_cast<double>(usable_memory());
  if (bytes > memory)
    throw ExperimentError({.key = ends.key,
                           .problem = fmt::format("about {:.3g} spikes need {:.1f} GB of memory", spikes, bytes / 1e9),
                           .expected = fmt::format("at most the {:.1f} GB that can be used here", memory / 1e9)});
  const SpikePatterns patterns({.classes = classes,
                                .channels = channels,
                                .length = length,
                                .rate = rate,
                                .jitter = jitter,
                                .deletion = deletion,
                                .noise_rate = noise_rate},
                               ends.seed, "patterns");
  const Tick ticks = std::max<Tick>(1, ms_to_tick_nearest(length, ends.dt));
  Dataset data;
  data.row = tick_to_ms(ticks, ends.dt);
  data.channels = channels;
  const std::array<std::size_t, 3> counts = counts_of(ends, samples);
  std::vector<std::uint64_t> played(classes, 0);
  for (std::size_t k = 0; k < 3; ++k) {
    std::vector<std::uint32_t> order;
    for (std::size_t i = 0; i < classes * counts[k]; ++i) order.push_back(static_cast<std::uint32_t>(i % classes));
    const DataPart part = learning_parts[k];
    draw_order(order, ends.seed,
               part == DataPart::train      ? "training"
               : part == DataPart::validate ? "validation"
                                            : "test");
    for (const std::uint32_t label : order) {
      const std::size_t row = data.events.size();
      data.shows.push_back({part, row, row + 1, label});
      std::vector<Dataset::Event>& events = data.events.emplace_back();
      const PatternTrains trains = patterns.sample(label, played[label]++);
      for (std::size_t c = 0; c < trains.size(); ++c)
        for (const double time : trains[c])
          events.push_back(
              {std::clamp<Tick>(ms_to_tick_nearest(time, ends.dt), 0, ticks - 1), static_cast<std::uint32_t>(c)});
      std::ranges::sort(events, {}, [](const Dataset::Event& one) { return std::pair(one.tick, one.channel); });
    }
  }
  std::vector<std::string> names;
  for (std::uint32_t c = 0; c < classes; ++c) names.push_back(fmt::format("class{}", c));
  set_classes(data, std::move(names), data.events.size());
  return data;
}

Dataset StreamsData::make(const DataEnds& ends) const {
  if (!(low < high))
    throw ExperimentError({.key = ends.key + ".low",
                           .value = fmt::format("{}", low),
                           .problem = "is not below high",
                           .expected = fmt::format("less than {}", high)});
  struct Item {
    std::uint32_t stream, repetition;  // 0: without noise
  };
  std::vector<Item> items;
  for (std::uint32_t s = 0; s < streams; ++s) items.push_back({s, 0});
  for (std::uint32_t r = 1; r <= std::max(streams, repetitions); ++r) items.push_back({0, r});
  for (std::uint32_t s = 1; s < std::min(streams, 10u); ++s)
    for (std::uint32_t r = 1; r <= repetitions; ++r) items.push_back({s, r});
  const std::size_t rows = items.size() * length;
  const double bytes = 8.0 * static_cast<double>(rows) * (1 + streams), memory = static_cast<double>(usable_memory());
  if (bytes > memory)
    throw ExperimentError(
        {.key = ends.key,
         .problem = fmt::format("{} rows of {} streams need {:.1f} GB of memory", rows, streams, bytes / 1e9),
         .expected = fmt::format("at most the {:.1f} GB that can be used here", memory / 1e9)});
  Dataset data;
  data.streams = streams;
  data.input_names = {"u"};
  data.inputs = Matrix(static_cast<Eigen::Index>(rows), 1);
  const RandomKey values = random_key(ends.seed, "kernel", "streams"),
                  noises = random_key(ends.seed, "kernel", "noise");
  Eigen::Index row = 0;
  for (const Item& item : items) {
    RandomStream value(values, item.stream), change(noises, item.stream, item.repetition);
    const auto first = static_cast<std::size_t>(row);
    for (std::uint32_t t = 0; t < length; ++t, ++row) {
      data.inputs(row, 0) = value.uniform(low, high);
      if (item.repetition > 0) data.inputs(row, 0) += noise * change.normal();
    }
    data.shows.push_back({DataPart::test, first, static_cast<std::size_t>(row), item.stream});
  }
  std::vector<std::string> names;
  for (std::uint32_t s = 0; s < streams; ++s) names.push_back(fmt::format("stream{}", s));
  set_classes(data, std::move(names), rows);
  return data;
}

}  // namespace rheo
