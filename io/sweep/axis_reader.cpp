// From the text of an axis of [sweep] to a SweepAxis, and the hashes of settings.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <string_view>

#include "io/experiment/field.hpp"
#include "io/experiment/identity.hpp"
#include "io/sweep/parts.hpp"
#include "io/text/trimmed.hpp"

namespace rheo::sweep_file {

namespace fs = std::filesystem;

namespace {

using experiment_file::Field;
using Kind = TomlNode::Kind;

constexpr double exact_whole = 0x1p53;  // doubles hold every whole number up to here
bool is_whole(double number) {
  return number == std::floor(number) && std::abs(number) < exact_whole && !(number == 0 && std::signbit(number));
}

// 1.0 and 1 are one setting.
TomlNode normal_form(TomlNode node) {
  if (node.kind == Kind::real && is_whole(node.real)) {
    node.kind = Kind::integer;
    node.integer = static_cast<std::int64_t>(node.real);
  }
  if (node.kind == Kind::numbers) node.has_reals = !std::all_of(node.numbers.begin(), node.numbers.end(), is_whole);
  for (TomlNode& item : node.items) item = normal_form(std::move(item));
  for (auto& entry : node.entries) entry.second = normal_form(std::move(entry.second));
  return node;
}

}  // namespace

std::uint64_t hash_of(std::string_view key, std::string_view value) {
  const RandomKey mixed = random_key(0, key, value);
  return std::uint64_t{mixed.hi} << 32 | mixed.lo;
}

SweepValue number_value(const std::string& key, double number) {
  SweepValue value;
  if (is_whole(number)) {
    value.content = static_cast<std::int64_t>(number);
    value.text = fmt::format("{}", static_cast<std::int64_t>(number));
  } else {
    value.content = number;
    value.text = fmt::format("{}", number);
    if (value.text.find_first_of(".e") == std::string::npos) value.text += ".0";
  }
  value.hash = hash_of(key, value.text);
  return value;
}

bool is_within(std::string_view key, std::string_view outer) {
  return key.starts_with(outer) && (key.size() == outer.size() || key[outer.size()] == '.');
}

std::uint64_t DataHashes::hash(const fs::path& file) {
  const auto [known, is_new] = hashes_.emplace(file.string(), 0);
  std::error_code error;
  if (is_new && fs::is_regular_file(file, error)) known->second = hash_of_file(file);
  return known->second;
}

std::vector<std::string> DataHashes::files() const {
  std::vector<std::string> names;
  for (const auto& entry : hashes_) names.push_back(entry.first);
  return names;
}

std::uint64_t hash_settings(const TomlNode& node, const std::string& key, const std::set<std::string>& skipped,
                            DataHashes& data) {
  if (skipped.count(key) != 0) return 0;
  std::uint64_t sum = 0;
  if (node.kind == Kind::table && !node.entries.empty()) {
    for (const auto& [name, child] : node.entries)
      sum += hash_settings(child, key.empty() ? name : key + '.' + name, skipped, data);
  } else if (node.kind == Kind::list && !node.items.empty()) {
    for (std::size_t i = 0; i < node.items.size(); ++i)
      sum += hash_settings(node.items[i], fmt::format("{}.{}", key, i), skipped, data);
  } else {
    sum = hash_of(key, toml_text(normal_form(node)));
    const bool is_of_task = (key.starts_with("data.") && key.ends_with(".labels")) ||
                            (key.starts_with("readouts.") && key.ends_with(".from"));
    if (node.kind == Kind::text && (key.ends_with(".file") || is_of_task || key == "simulation.initial_state"))
      sum += hash_of(key + " holds", fmt::format("{:x}", data.hash(node.source->directory / fs::path(node.text))));
  }
  return sum;
}

std::vector<std::string> names_of_ranges() {
  std::vector<std::string> names;
  for (const SweepRange& range : sweep_ranges()) names.emplace_back(range.name);
  names.emplace_back("choice");
  return names;
}

namespace {

class AxisReader {
 public:
  AxisReader(const std::string& path, const std::string& design, DataHashes& data)
      : path_(path), data_(data), is_drawn_(is_drawn_design(design)), design_(design) {}

  SweepAxis read_axis(const Field& field, const std::string& keys) {
    SweepAxis axis;
    axis.place = field.node().place();
    for (std::size_t begin = 0; begin <= keys.size();) {
      const std::size_t comma = std::min(keys.find(',', begin), keys.size());
      axis.keys.emplace_back(trimmed(std::string_view(keys).substr(begin, comma - begin)));
      begin = comma + 1;
    }
    if (field.is_list())
      read_entries(field, axis);
    else if (field.is(Kind::table))
      read_form(field, axis);
    else
      field.reject_kind(forms());
    if (axis.is_drawn() != is_drawn_)
      field.reject_table(is_drawn_ ? fmt::format("has fixed entries, and the design is {}", design_)
                                   : fmt::format("is drawn, and the design is {}", design_),
                         forms());
    return axis;
  }

 private:
  // What an axis of such a design may be.
  std::string forms() const {
    std::vector<std::string> all;
    if (!is_drawn_) all.emplace_back("a list");
    for (const SweepRange& range : sweep_ranges())
      if (range.is_drawn == is_drawn_) all.push_back(fmt::format("{{ {} = {} }}", range.name, range.form));
    if (is_drawn_) all.emplace_back("{ choice = [..] }");
    const std::string last = all.back();
    all.pop_back();
    return fmt::format("{} or {}", fmt::join(all, ", "), last);
  }

  void read_form(const Field& field, SweepAxis& axis) {
    experiment_file::Names known = names_of_ranges();
    known.emplace_back("round");
    field.only(known);
    const std::size_t found = field.node().entries.size() - field.find("round").has_value();
    if (found != 1) field.reject_table(found == 0 ? "holds no values" : "holds several ranges", forms());
    const auto round = field.find("round"), choice = field.find("choice");
    if (round) axis.round = round->flag();
    if (choice) {
      if (round) round->reject("has no meaning with choice", "no round");
      axis.is_choice = true;
      if (!choice->is_list()) choice->reject_kind("a list");
      read_entries(*choice, axis);
      return;
    }
    for (const SweepRange& range : sweep_ranges())
      if (const auto numbers = field.find(range.name)) read_range(*numbers, range, axis);
  }

  void read_range(const Field& field, const SweepRange& range, SweepAxis& axis) const {
    axis.range = &range;
    axis.numbers = field.numbers(range.form);
    const std::size_t given = axis.numbers.size();
    if (given != 1 + static_cast<std::size_t>(std::ranges::count(std::string_view(range.form), ',')))
      field.reject(fmt::format("has {} entr{}", given, given == 1 ? "y" : "ies"), range.form);
    if (const std::string problem = range.problem(axis.numbers); !problem.empty()) field.reject(problem, range.form);
    if (!range.is_drawn) reject_equal_steps(field, axis);
  }

  void reject_equal_steps(const Field& field, const SweepAxis& axis) const {
    if (design_ == "list") return;
    for (std::uint64_t i = 1; i < axis.size(); ++i)
      if (const auto entry = static_cast<double>(i); axis.number(entry) == axis.number(entry - 1))
        field.reject(fmt::format("gives {} twice", axis.at(entry, 0).text), "a smaller count, or ends further apart");
  }

  // The entries of a list: with several keys a list each, with a value for each key.
  void read_entries(const Field& field, SweepAxis& axis) {
    const TomlNode& node = field.node();
    const std::size_t count = node.kind == Kind::numbers ? node.numbers.size() : node.items.size();
    if (count == 0) field.reject("is empty", "at least one value");
    std::set<std::string> seen;
    for (std::size_t i = 0; i < count; ++i) {
      std::vector<SweepValue> entry;
      if (axis.keys.size() == 1) {
        entry.push_back(node.kind == Kind::numbers ? checked_number(field, node, i, axis.keys[0])
                                                   : read_value(field, node.items[i], axis.keys[0]));
      } else {
        const std::string expected = fmt::format("lists of {} values, one for each key", axis.keys.size());
        if (node.kind == Kind::numbers) field.reject("is a list of numbers", expected);
        const TomlNode& item = node.items[i];
        const std::size_t values = item.kind == Kind::numbers ? item.numbers.size() : item.items.size();
        if (values != axis.keys.size())
          Field(item, field.key())
              .reject(fmt::format("entry {} does not hold {} values", i, axis.keys.size()), expected);
        for (std::size_t k = 0; k < values; ++k)
          entry.push_back(item.kind == Kind::numbers ? checked_number(field, item, k, axis.keys[k])
                                                     : read_value(field, item.items[k], axis.keys[k]));
      }
      std::string text;
      for (const SweepValue& value : entry) text += (text.empty() ? "" : ", ") + value.text;
      if (!seen.insert(text).second && design_ != "list")
        field.reject(fmt::format("holds {} twice", text), "different values");
      axis.entries.push_back(std::move(entry));
    }
  }

  static SweepValue checked_number(const Field& field, const TomlNode& list, std::size_t index,
                                   const std::string& key) {
    const double number = list.numbers[index];
    if (!std::isfinite(number)) field.reject(fmt::format("entry {} is not finite", index), "finite numbers");
    if (!list.has_reals && std::abs(number) >= exact_whole)
      field.reject(fmt::format("entry {} is too large", index), "whole numbers below 2^53");
    return number_value(key, number);
  }

  SweepValue read_value(const Field& field, const TomlNode& node, const std::string& key) {
    if (node.kind == Kind::real || node.kind == Kind::integer) {
      if (node.kind == Kind::real && !std::isfinite(node.real))
        field.reject("holds what is not finite", "finite numbers");
      SweepValue value = number_value(key, node.real);
      if (node.kind == Kind::integer) {
        value.content = node.integer;
        value.text = fmt::format("{}", node.integer);
        value.hash = hash_of(key, value.text);
      }
      return value;
    }
    SweepValue value;
    const TomlNode normal = normal_form(node);
    value.text = toml_text(normal);
    if (node.kind == Kind::text) value.content = node.text;
    // Files are looked for where the experiment file is, which is where --set looks.
    TomlNode here = normal;
    const auto source = std::make_shared<const TomlSource>(
        TomlSource{.name = path_, .directory = fs::path(path_).parent_path(), .has_lines = true});
    place_below(here, source);
    value.hash = hash_settings(here, key, {}, data_);
    return value;
  }

  static void place_below(TomlNode& node, const std::shared_ptr<const TomlSource>& source) {
    node.source = source;
    for (TomlNode& item : node.items) place_below(item, source);
    for (auto& entry : node.entries) place_below(entry.second, source);
  }

  const std::string& path_;
  DataHashes& data_;
  bool is_drawn_;
  const std::string& design_;
};

}  // namespace

SweepAxis read_axis(const Field& field, const std::string& keys, const std::string& path, const std::string& design,
                    DataHashes& data) {
  return AxisReader(path, design, data).read_axis(field, keys);
}

}  // namespace rheo::sweep_file
