// What the parts of the reader of experiment files share: an entry of the tree with its checks and messages.
#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "core/diagnostics.hpp"
#include "core/types.hpp"
#include "io/experiment/experiment.hpp"
#include "io/text/toml_document.hpp"
#include "networks/description/kind.hpp"
#include "networks/description/selections.hpp"
#include "networks/description/values.hpp"

namespace rheo::experiment_file {

using Names = std::vector<std::string>;

inline constexpr double infinity = std::numeric_limits<double>::infinity();
inline constexpr std::uint32_t max_neurons = std::numeric_limits<NeuronId>::max();
inline constexpr const char* not_yet = "not available yet in this version";

inline bool contains(const Names& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

// Which numbers are allowed.
struct Range {
  double low = -infinity, high = infinity;
  std::string unit;
  bool above_low = false;  // low itself is not allowed

  bool holds(double x) const { return x >= low && x <= high && !(above_low && x == low); }
  // For a message about `given`, which is not allowed; without it, what is allowed in general.
  std::string text(double given = std::numeric_limits<double>::quiet_NaN()) const {
    return range_text({low, high}, given, unit, above_low);
  }
};

// An entry of the tree with its key path: what every check starts from and every message needs.
class Field {
 public:
  Field(const TomlNode& node, std::string key) : node_(&node), key_(std::move(key)) {}

  const TomlNode& node() const { return *node_; }
  const std::string& key() const { return key_; }
  bool is(TomlNode::Kind kind) const { return node_->kind == kind; }
  bool is_list() const { return is(TomlNode::Kind::numbers) || is(TomlNode::Kind::list); }

  [[noreturn]] void reject(std::string problem, std::string expected = {}, std::string suggestion = {}) const {
    throw ExperimentError({.file = node_->place(),
                           .key = key_,
                           .value = is(TomlNode::Kind::table) ? std::string() : node_->written(),
                           .problem = std::move(problem),
                           .expected = std::move(expected),
                           .suggestion = std::move(suggestion)});
  }
  // The same for a table whose content matters to the message.
  [[noreturn]] void reject_table(std::string problem, std::string expected) const {
    throw ExperimentError({.file = node_->place(),
                           .key = key_,
                           .value = node_->written(),
                           .problem = std::move(problem),
                           .expected = std::move(expected)});
  }
  [[noreturn]] void reject_kind(std::string expected) const { reject("is " + node_->what(), std::move(expected)); }

  Field at(const std::string& name, const TomlNode& child) const {
    return {child, key_.empty() ? name : key_ + '.' + name};
  }
  std::optional<Field> find(const std::string& name) const {
    const TomlNode* child = node_->find(name);
    if (!child) return std::nullopt;
    return at(name, *child);
  }
  Field need(const std::string& name, std::string expected) const {
    if (const TomlNode* child = node_->find(name)) return at(name, *child);
    throw ExperimentError({.file = node_->place(),
                           .key = key_.empty() ? name : key_ + '.' + name,
                           .problem = "is missing",
                           .expected = std::move(expected)});
  }

  void need_table(std::string expected = "a table") const {
    if (!is(TomlNode::Kind::table)) reject_kind(std::move(expected));
  }
  // Refuses every key that is not known: those of later versions by name, others with the nearest known one.
  void only(const Names& known, const Names& later = {}, const char* what = "unknown key") const {
    for (const auto& [name, child] : node_->entries) {
      if (contains(known, name)) continue;
      Complaint complaint{.file = child.place(), .key = at(name, child).key(), .problem = not_yet};
      if (!contains(later, name)) {
        complaint.problem = what;
        complaint.expected = known.empty() ? std::string() : one_of(known);
        complaint.suggestion = nearest(name, known);
      }
      throw ExperimentError(std::move(complaint));
    }
  }

  double number(const std::string& expected) const {
    if (!is(TomlNode::Kind::integer) && !is(TomlNode::Kind::real)) reject_kind(expected);
    const double x = is(TomlNode::Kind::integer) ? static_cast<double>(node_->integer) : node_->real;
    if (!std::isfinite(x)) reject("is not finite", expected);
    return x;
  }
  double number(const Range& range = {}) const {
    const double x = number(range.text());
    if (!range.holds(x)) reject("is out of range", range.text(x));
    return x;
  }
  std::uint64_t whole(std::uint64_t low, std::uint64_t high) const {
    const std::string expected = high == std::numeric_limits<std::int64_t>::max()
                                     ? fmt::format("a whole number >= {}", low)
                                     : fmt::format("a whole number from {} to {}", low, high);
    if (is(TomlNode::Kind::real)) reject("is not a whole number", expected);
    if (!is(TomlNode::Kind::integer)) reject_kind(expected);
    if (node_->integer < 0 || static_cast<std::uint64_t>(node_->integer) < low ||
        static_cast<std::uint64_t>(node_->integer) > high) {
      reject("is out of range", expected);
    }
    return static_cast<std::uint64_t>(node_->integer);
  }
  const std::string& text(std::string expected) const {
    if (!is(TomlNode::Kind::text)) reject_kind(std::move(expected));
    return node_->text;
  }
  bool flag() const {
    if (!is(TomlNode::Kind::boolean)) reject_kind("true or false");
    return node_->boolean;
  }
  // One of `known`; words of later versions are refused by name.
  const std::string& word(const Names& known, const Names& later, const char* what) const {
    const std::string& word = text(one_of(known));
    if (contains(later, word)) reject(not_yet, one_of(known));
    if (!contains(known, word)) reject(fmt::format("unknown {}", what), one_of(known), nearest(word, known));
    return word;
  }
  // A list that holds nothing but finite numbers; may be empty.
  const std::vector<double>& numbers(const std::string& expected) const {
    if (is(TomlNode::Kind::list)) {
      if (!node_->items.empty()) reject(fmt::format("has {} among its entries", odd_item()), expected);
    } else if (!is(TomlNode::Kind::numbers)) {
      reject_kind(expected);
    }
    for (std::size_t i = 0; i < node_->numbers.size(); ++i) {
      if (!std::isfinite(node_->numbers[i])) reject(fmt::format("entry {} is not finite", i), expected);
    }
    return node_->numbers;
  }
  // A path, relative to the file that names it.
  std::string path() const {
    const std::string& name = text("the path of a file");
    if (name.empty()) reject("is empty", "the path of a file");
    return (node_->source->directory / name).string();
  }

 private:
  std::string odd_item() const {
    for (const TomlNode& item : node_->items) {
      if (item.kind != TomlNode::Kind::integer && item.kind != TomlNode::Kind::real) return item.what();
    }
    return "something else";
  }

  const TomlNode* node_;
  std::string key_;
};

// How many numbers a dataset should have, one per `each`: nothing of one that has more is read. No count: any number.
struct Count {
  std::optional<std::uint64_t> count = {};
  std::string each = {};
};

// expected: the number in words. What the numbers may be is for the judge of the network.
Value read_value(const Field& field, const std::string& expected, const Count& count);
// The numbers of { file = .., dataset = .. }; shape: is set.
std::vector<double> read_dataset(const Field& table, const Count& count = {},
                                 std::vector<std::uint64_t>* shape = nullptr);

// The kind that a table names by `key`; later: names that only later versions know.
template <class Kind>
std::unique_ptr<Kind> read_kind(const Field& table, const std::vector<std::unique_ptr<const Kind>>& kinds,
                                const char* what, const char* key = "kind", const Names& later = {}) {
  Names names;
  for (const auto& kind : kinds) names.emplace_back(kind->name());
  const std::string& word = table.need(key, one_of(names)).word(names, later, what);
  return kinds[static_cast<std::size_t>(std::find(names.begin(), names.end(), word) - names.begin())]->clone();
}

// The keys of a kind, but that which names it. each: what a list of numbers counts.
Names keys_of(std::span<const KindField> fields);
// Reads what a table says about a kind's fields into them. Edges are left to those who know how many neurons there are.
void read_fields(const Field& table, std::span<const KindField> fields, const Count& each);

// [[phases]] of the file's root, once projections are known. Sets the experiment's duration where [simulation] has not.
void read_phases(const Field& root, Experiment& experiment);

// [[stop]] of the file's root, likewise.
void read_stops(const Field& root, Experiment& experiment);

// The table [record], once all else is known.
void read_recordings(const Field& record, Experiment& experiment);

}  // namespace rheo::experiment_file
