// What the readers of [task] tables share, beside io/experiment/field.hpp.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "io/experiment/field.hpp"
#include "io/experiment/identity.hpp"
#include "io/text/toml_document.hpp"

namespace rheo::experiment_file {

template <class Enum>
Enum choose(const Field& field, const std::vector<std::pair<const char*, Enum>>& choices, const char* what) {
  Names names;
  for (const auto& choice : choices) names.emplace_back(choice.first);
  const std::string& word = field.word(names, {}, what);
  std::size_t i = 0;
  while (names[i] != word) ++i;
  return choices[i].second;
}

inline const Range positive{.low = 0, .high = infinity, .unit = {}, .above_low = true};
inline const Range zero_or_more{.low = 0, .high = infinity, .unit = {}};
inline const Range share{.low = 0, .high = 1, .unit = {}};
inline const Range some_ms{.low = 0, .high = infinity, .unit = "ms", .above_low = true};
inline const Range any_ms{.low = 0, .high = infinity, .unit = "ms"};

// A setting that may be missing.
inline void read(const Field& table, const char* name, double& to, const Range& range = {}) {
  if (const auto field = table.find(name)) to = field->number(range);
}
template <class Whole>
requires std::is_unsigned_v<Whole>
void read(const Field& table, const char* name, Whole& to, std::uint64_t low, std::uint64_t high = 100'000'000) {
  if (const auto field = table.find(name)) to = static_cast<Whole>(field->whole(low, high));
}
inline void read(const Field& table, const char* name, std::string& to, const char* expected) {
  if (const auto field = table.find(name)) to = field->text(expected);
}

// Names a value that stands in a list twice, which would count twice.
template <class Value>
void reject_twice(const Field& field, const std::vector<Value>& values, const char* expected) {
  for (auto value = values.begin(); value != values.end(); ++value)
    if (std::find(values.begin(), value, *value) != value) field.reject(fmt::format("has {} twice", *value), expected);
}

// A number n for 1 .. n, or a list.
inline std::vector<std::uint64_t> read_seeds(const Field& field) {
  std::vector<std::uint64_t> seeds;
  if (field.is(TomlNode::Kind::integer)) {
    for (std::uint64_t seed = 1; seed <= field.whole(1, 10'000); ++seed) seeds.push_back(seed);
    return seeds;
  }
  const char* const expected = "how many, or a list of whole numbers from 0 to 2^53 - 1";
  for (const double x : field.numbers(expected)) {
    // From 2^53 on a number would have become its neighbour when it was read.
    if (x < 0 || x >= 0x1p53 || x != std::floor(x)) field.reject(fmt::format("has {} among its entries", x), expected);
    seeds.push_back(static_cast<std::uint64_t>(x));
  }
  if (seeds.empty()) field.reject("is empty", expected);
  reject_twice(field, seeds, "each seed once");
  return seeds;
}

inline Names read_names(const Field& field, const char* expected) {
  if (field.is(TomlNode::Kind::text)) return {field.node().text};
  Names names;
  if (!field.is_list()) field.reject_kind(expected);
  for (const TomlNode& item : field.node().items) {
    if (item.kind != TomlNode::Kind::text) field.reject(fmt::format("has {} among its entries", item.what()), expected);
    names.push_back(item.text);
  }
  return names;
}

// Nothing where the file has no table [task]; "" where its kind is no text.
inline std::optional<std::string> kind_of_task(const std::string& file, const std::vector<std::string>& overrides) {
  const TomlDocument document = read_toml_document(file, overrides);
  const TomlNode* const task = document.root.find("task");
  if (task == nullptr) return std::nullopt;
  const TomlNode* const kind = task->find("kind");
  return kind != nullptr && kind->kind == TomlNode::Kind::text ? kind->text : std::string();
}

// A hash of what the result of one seed depends on: all settings but those of [task] that are named here, and the
// content of every file. The experiment file itself and those that it includes count by their settings.
inline std::uint64_t identity_of(const std::string& file, const std::vector<std::string>& overrides,
                                 const Names& without, const std::vector<std::string>& files) {
  return rheo::identity_of(file, overrides, "task", without, files);
}

}  // namespace rheo::experiment_file
