// Numbers: one, a list, a dataset of a file, or a distribution.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
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

std::string value_forms() {
  std::string text = "a number, a list, ";
  for (const AnyDistribution& kind : distributions())
    text += fmt::format("{{ {} = {} }}, ", name_of(kind), numbers_text(kind));
  return text.substr(0, text.size() - 2) + " or { file = .., dataset = .. }";
}

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

Distribution read_distribution(const Field& table, AnyDistribution kind, const Range& range) {
  Distribution d;
  d.kind = std::move(kind);
  const std::string name = name_of(d.kind);
  table.only({name, "min", "max"});
  const Field at = *table.find(name);
  const std::vector<KindField> fields = fields_of(d.kind);
  const std::string form = numbers_text(d.kind);
  if (auto* const list = std::get_if<std::vector<double>*>(&fields.front().member)) {
    **list = at.numbers("a list of numbers");
    if ((*list)->empty()) at.reject("has no entries", "at least one number");
  } else if (fields.size() == 1) {
    *std::get<double*>(fields.front().member) = at.number();
  } else {
    const std::vector<double>& numbers = at.numbers(form);
    if (numbers.size() != fields.size())
      at.reject(fmt::format("has {} entr{}", numbers.size(), numbers.size() == 1 ? "y" : "ies"), form);
    for (std::size_t i = 0; i < fields.size(); ++i) *std::get<double*>(fields[i].member) = numbers[i];
  }
  if (const std::string problem = problem_of(d); !problem.empty()) at.reject(problem, form);
  if (const auto limit = table.find("min")) d.min = limit->number(range);
  if (const auto limit = table.find("max")) d.max = limit->number(range);
  if (const std::string problem = problem_of(d); !problem.empty())
    table.reject_table(problem, "limits that the distribution can meet");
  for (const std::optional<double>& end : {sure_low(d), sure_high(d)})
    if (end && !range.holds(*end))
      at.reject(fmt::format("{} can be drawn, which is out of range", *end), range.text(*end));
  return d;
}

// { by = .. }: a number for each pair of neurons.
PairValue read_pair_value(const Field& table) {
  std::vector<AnyPairValue> kinds = pair_values();
  const auto name_of_kind = [](const AnyPairValue& kind) {
    return std::visit([](const auto& one) { return std::string(one.name); }, kind);
  };
  Names names;
  for (const AnyPairValue& kind : kinds) names.push_back(name_of_kind(kind));
  const std::string& word = table.find("by")->word(names, {}, "way to give a number to pairs");
  AnyPairValue& chosen = kinds[static_cast<std::size_t>(std::find(names.begin(), names.end(), word) - names.begin())];
  const std::vector<KindField> fields = fields_of(chosen);
  Names keys = keys_of(fields);
  keys.insert(keys.begin(), "by");
  table.only(keys);
  read_fields(table, fields, {});
  return PairValue(chosen);
}

Value read_value_table(const Field& table, const Range& range, const Count& count) {
  if (const auto by = table.find("by")) {
    if (!count.pairs) by->reject("only weights and delays of projections depend on pairs of neurons", value_forms());
    return read_pair_value(table);
  }
  std::vector<AnyDistribution> kinds = distributions();
  Names names;
  for (const AnyDistribution& kind : kinds) names.push_back(name_of(kind));
  names.emplace_back("file");
  std::optional<std::size_t> chosen;
  for (std::size_t k = 0; k < names.size(); ++k) {
    if (!table.node().find(names[k])) continue;
    if (chosen)
      table.reject_table(fmt::format("{} and {} exclude each other", names[*chosen], names[k]), value_forms());
    chosen = k;
  }
  if (!chosen) {
    if (!table.node().entries.empty()) {
      names.insert(names.end(), {"dataset", "min", "max"});
      table.only(names);
    }
    table.reject_table("is no value", value_forms());
  }
  if (*chosen == kinds.size()) return read_value_file(table, range, count);
  return read_distribution(table, kinds[*chosen], range);
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

}  // namespace rheo::experiment_file
