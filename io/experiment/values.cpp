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

std::vector<double> read_dataset(const Field& table, const Count& count, std::vector<std::uint64_t>* shape) {
  const Field file = table.need("file", "the path of an HDF5 file");
  const Field dataset = table.need("dataset", "the path of a dataset in the file, such as \"/w\"");
  try {
    const h5::Dataset data = h5::File::open(file.path()).dataset(dataset.text("the path of a dataset"));
    if (count.count) within(table.key(), [&] { check_count(data.size(), *count.count, count.each); });
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

Distribution read_distribution(const Field& table, AnyDistribution kind) {
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
  if (const auto limit = table.find("min")) d.min = limit->number();
  if (const auto limit = table.find("max")) d.max = limit->number();
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

Value read_value_table(const Field& table, const Count& count) {
  if (table.find("by")) return read_pair_value(table);
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
  if (*chosen != kinds.size()) return read_distribution(table, kinds[*chosen]);
  table.only({"file", "dataset"});
  return read_dataset(table, count);
}

}  // namespace

Value read_value(const Field& field, const std::string& expected, const Count& count) {
  if (field.is_list()) return field.numbers("a list of numbers");
  return field.is(TomlNode::Kind::table) ? read_value_table(field, count) : field.number(expected);
}

}  // namespace rheo::experiment_file
