// The list of data kinds, and how data are cut into parts.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "apps/tasks/labelled_data.hpp"
#include "apps/tasks/series_data.hpp"
#include "core/diagnostics.hpp"
#include "core/memory.hpp"

namespace rheo {

std::string rows_text(std::size_t rows) {
  return fmt::format("{} row{}", rows, rows == 1 ? "" : "s");
}

std::vector<std::size_t> Dataset::rows_of(DataPart part) const {
  std::vector<std::size_t> rows;
  for (const Show& show : shows)
    if (show.part == part)
      for (std::size_t one = show.first; one < show.end; ++one) rows.push_back(one);
  return rows;
}

DataEnds::Rows DataEnds::rows(std::optional<std::size_t> available, double columns) const {
  const std::array<double, 5> asked = split.or_else({0, 100, 2000, 500, 1000});
  std::array<std::size_t, 5> counts{};
  const auto refuse = [&](std::size_t part, const std::string& problem, const std::string& expected) {
    throw ExperimentError({.key = fmt::format("{}.split.{}", key, part_names[part]),
                           .value = fmt::format("{}", asked[part]),
                           .problem = problem,
                           .expected = expected});
  };
  std::size_t counted = 0;
  double shares = 0;
  for (std::size_t p = 0; p < asked.size(); ++p) {
    if (asked[p] > 0 && asked[p] < 1) {
      if (!available) refuse(p, "is a share, and data that are generated have no end", "a whole number of rows");
      shares += asked[p];
    } else if (asked[p] != std::floor(asked[p])) {
      refuse(p, "is neither a whole number nor a share", "a whole number of rows, or a share below 1");
    } else {
      counted += counts[p] = static_cast<std::size_t>(asked[p]);
    }
  }
  if (shares > 1 + 1e-9) refuse(2, fmt::format("makes shares of {:g} in all", shares), "shares of 1 at most");
  const std::size_t left = available && *available > counted ? *available - counted : 0;
  for (std::size_t p = 0; p < asked.size(); ++p)
    if (asked[p] > 0 && asked[p] < 1)
      counts[p] = static_cast<std::size_t>(std::floor(asked[p] * static_cast<double>(left) + 1e-9));
  for (const std::size_t p : {std::size_t{2}, std::size_t{4}})
    if (counts[p] < 2 && !(p == 4 && free > 0 && counts[p] == 0))
      refuse(p, fmt::format("leaves {}", rows_text(counts[p])), "at least 2 rows");
  if (counts[3] == 1) refuse(3, "leaves 1 row", "at least 2 rows, or none");
  Rows made{};
  made.washout = counts[0];
  made.train = made.washout + counts[1];
  made.validate = made.train + counts[2];
  made.test = made.validate + counts[3];
  made.end = made.test + counts[4];
  made.count = std::max(made.end, made.test + free);
  const double bytes = 8 * columns * static_cast<double>(made.count), memory = static_cast<double>(usable_memory());
  if (!available && bytes > memory)
    throw ExperimentError({.key = key + ".split",
                           .value = rows_text(made.count),
                           .problem = fmt::format("need about {:.1f} GB of memory", bytes / 1e9),
                           .expected = fmt::format("at most the {:.1f} GB that can be used here", memory / 1e9)});
  if (available && made.count > *available)
    throw ExperimentError({.key = key + ".split",
                           .value = rows_text(made.count),
                           .problem = "are more than there are",
                           .expected = "at most " + rows_text(*available)});
  return made;
}

std::vector<Show> DataEnds::shows(const Rows& rows) const {
  std::vector<Show> all;
  const auto show = [&](DataPart part, std::size_t first, std::size_t end) {
    if (end > first) all.push_back({part, first, end});
  };
  show(DataPart::adapt, rows.adapt, rows.washout);
  show(DataPart::washout, rows.washout, rows.train);
  show(DataPart::train, rows.train, rows.validate);
  show(DataPart::validate, rows.validate, rows.test);
  if (free > 0) {
    show(DataPart::free, rows.test, rows.test + free);
    const std::size_t again = std::min(rows.test, std::max<std::size_t>(rows.train - rows.washout, 1));
    if (rows.end > rows.test) show(DataPart::washout, rows.test - again, rows.test);
  }
  show(DataPart::test, rows.test, rows.end);
  return all;
}

const std::vector<std::unique_ptr<const DataKind>>& data_kinds() {
  static const auto kinds = OneOf<DataKind>::Each<TableData, SequencesData, MemoryData, NarmaData, MackeyGlassData,
                                                  LorenzData, SinesData, PatternsData, StreamsData>::made();
  return kinds;
}

}  // namespace rheo
