// Numbers: one, a list, a dataset of a file, or a distribution.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <functional>
#include <optional>
#include <tuple>
#include <utility>

#include "io/experiment/field.hpp"
#include "io/h5/h5.hpp"

namespace rheo::experiment_file {

void check_entries(const Field& field, const std::vector<double>& numbers, const Range& range, const Count& count) {
  const auto expect = [&](const std::string& each) {
    return fmt::format("{} entr{}, one per {}, each {}", *count.count, *count.count == 1 ? "y" : "ies", count.each,
                       each);
  };
  const std::string expected = expect(range.text());
  if (numbers.size() != *count.count) {
    field.reject(fmt::format("has {} entr{}", numbers.size(), numbers.size() == 1 ? "y" : "ies"), expected);
  }
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    if (!std::isfinite(numbers[i])) field.reject(fmt::format("entry {} is not finite", i), expected);
    if (!range.holds(numbers[i])) {
      field.reject(fmt::format("entry {} is {}, which is out of range", i, numbers[i]), expect(range.text(numbers[i])));
    }
  }
}

std::vector<double> read_dataset(const Field& table, const std::function<void(std::uint64_t)>& check,
                                 std::vector<std::uint64_t>* shape) {
  const Field file = table.need("file", "the path of an HDF5 file");
  const Field dataset = table.need("dataset", "the path of a dataset in the file, such as \"/w\"");
  try {
    const h5::Dataset data = h5::File::open(file.path()).dataset(dataset.text("the path of a dataset"));
    if (check) check(data.size());
    if (shape != nullptr) *shape = data.shape();
    return data.read<double>();
  } catch (const h5::Error& error) {
    Complaint complaint = error.complaint();
    const std::string object = complaint.key.empty() ? std::string() : ":" + complaint.key;
    table.reject_table(fmt::format("{}{}: {}", complaint.file, object, complaint.problem), complaint.expected);
  }
}

namespace {

// Limits of a normal or lognormal distribution.
void read_limits(const Field& table, const Range& range, double fixed_value, Distribution& distribution) {
  if (const auto field = table.find("min")) distribution.min = field->number(range);
  if (const auto field = table.find("max")) distribution.max = field->number(range);
  if (distribution.min && distribution.max && *distribution.min > *distribution.max) {
    table.reject_table("min is larger than max", "min < max");
  }
  if (distribution.b > 0) {
    if (distribution.min && distribution.max && *distribution.min == *distribution.max) {
      table.reject_table("min equals max, which leaves nothing to draw", "min < max");
    }
    return;
  }
  if ((distribution.min && fixed_value < *distribution.min) || (distribution.max && fixed_value > *distribution.max)) {
    table.reject_table(fmt::format("the only value, {}, is outside min and max", fixed_value), {});
  }
}

const char* const value_forms =
    "a number, a list, { uniform = [low, high] }, { normal = [mean, sd] }, { lognormal = [mu, sigma] }, "
    "{ integers = [low, high] }, { choice = [..] } or { file = .., dataset = .. }";

// { file = .., dataset = .. }: a number each.
Value read_value_file(const Field& table, const Range& range, const Count& count) {
  table.only({"file", "dataset"});
  if (!count.count) table.find("file")->reject("a file holds one value each", count.why_not);
  const Field whole = table;
  const auto expect = [&](const std::string& each) {
    return fmt::format("{} values, one per {}, each {}", *count.count, count.each, each);
  };
  const std::vector<double> numbers = read_dataset(table, [&](std::uint64_t size) {
    if (size != *count.count) whole.reject_table(fmt::format("the dataset has {} values", size), expect(range.text()));
  });
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    if (!std::isfinite(numbers[i]) || !range.holds(numbers[i])) {
      whole.reject_table(fmt::format("value {} of the dataset is {}, which is out of range", i, numbers[i]),
                         expect(range.text(numbers[i])));
    }
  }
  return numbers;
}

Distribution read_distribution(const Field& table, const std::string& kind, const Range& range) {
  Distribution distribution;
  const Field numbers = *table.find(kind);
  const auto within = [&](double x, const char* name) {
    if (!range.holds(x)) numbers.reject(fmt::format("{} is out of range", name), range.text(x));
  };
  if (kind == "uniform" || kind == "integers") {
    table.only({kind});
    distribution.kind = kind == "uniform" ? Distribution::Kind::uniform : Distribution::Kind::integers;
    std::tie(distribution.a, distribution.b) = two_numbers(numbers, "[low, high]");
    if (distribution.a > distribution.b) numbers.reject("low is larger than high", "[low, high]");
    within(distribution.a, "low");
    within(distribution.b, "high");
    if (kind == "integers" &&
        (distribution.a != std::floor(distribution.a) || distribution.b != std::floor(distribution.b)))
      numbers.reject("are no whole numbers", "[low, high], both of which are drawn");
  } else if (kind == "choice") {
    table.only({"choice"});
    distribution.kind = Distribution::Kind::choice;
    distribution.choices = numbers.numbers("a list of numbers");
    if (distribution.choices.empty()) numbers.reject("has no entries", "at least one number");
    for (std::size_t i = 0; i < distribution.choices.size(); ++i) {
      within(distribution.choices[i], fmt::format("entry {}", i).c_str());
    }
  } else if (kind == "normal") {
    table.only({"normal", "min", "max"});
    distribution.kind = Distribution::Kind::normal;
    std::tie(distribution.a, distribution.b) = two_numbers(numbers, "[mean, sd]");
    if (distribution.b < 0) numbers.reject("the standard deviation is negative", "[mean, sd] with sd >= 0");
    read_limits(table, range, distribution.a, distribution);
  } else {
    table.only({"lognormal", "min", "max"});
    distribution.kind = Distribution::Kind::lognormal;
    std::tie(distribution.a, distribution.b) = two_numbers(numbers, "[mu, sigma]");
    if (distribution.b < 0) numbers.reject("sigma is negative", "[mu, sigma] with sigma >= 0");
    read_limits(table, range, std::exp(distribution.a), distribution);
  }
  return distribution;
}

Value read_value_table(const Field& table, const Range& range, const Count& count) {
  static const Names kinds = {"uniform", "normal", "lognormal", "integers", "choice", "file"};
  std::string kind;
  for (const std::string& name : kinds) {
    if (!table.node().find(name)) continue;
    if (!kind.empty()) table.reject_table(fmt::format("{} and {} exclude each other", kind, name), value_forms);
    kind = name;
  }
  if (kind.empty()) {
    if (!table.node().entries.empty()) {
      Names known = kinds;
      known.insert(known.end(), {"dataset", "min", "max"});
      table.only(known);
    }
    table.reject_table("is no value", value_forms);
  }

  if (kind == "file") return read_value_file(table, range, count);
  return read_distribution(table, kind, range);
}

}  // namespace

std::pair<double, double> two_numbers(const Field& field, const std::string& expected) {
  const std::vector<double>& numbers = field.numbers(expected);
  if (numbers.size() != 2) {
    field.reject(fmt::format("has {} entr{}", numbers.size(), numbers.size() == 1 ? "y" : "ies"), expected);
  }
  return {numbers[0], numbers[1]};
}

Value read_value(const Field& field, const Range& range, const Count& count) {
  switch (field.node().kind) {
    case TomlNode::Kind::integer:
    case TomlNode::Kind::real:
      return field.number(range);
    case TomlNode::Kind::numbers:
    case TomlNode::Kind::list:
      if (!count.count) field.reject("is a list", count.why_not);
      check_entries(field, field.numbers("a list of numbers"), range, count);
      return field.node().numbers;
    case TomlNode::Kind::table:
      return read_value_table(field, range, count);
    default:
      field.reject_kind(range.text());
  }
}

// The smallest number that can come out of a value, as far as that can be said without drawing.
std::optional<double> smallest(const Value& value) {
  if (const auto* number = std::get_if<double>(&value)) return *number;
  if (const auto* list = std::get_if<std::vector<double>>(&value)) {
    if (list->empty()) return std::nullopt;
    return *std::min_element(list->begin(), list->end());
  }
  const auto& distribution = std::get<Distribution>(value);
  switch (distribution.kind) {
    case Distribution::Kind::uniform:
    case Distribution::Kind::integers:
      return distribution.a;
    case Distribution::Kind::choice:
      return *std::min_element(distribution.choices.begin(), distribution.choices.end());
    default:
      if (distribution.b == 0) {
        return distribution.kind == Distribution::Kind::normal ? distribution.a : std::exp(distribution.a);
      }
      return distribution.min;
  }
}

}  // namespace rheo::experiment_file
