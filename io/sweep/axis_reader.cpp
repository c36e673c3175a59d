// From the text of an axis of [sweep] to a SweepAxis, and the hashes of settings.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <filesystem>

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
constexpr const char* entry_forms =
    "a list, { linspace = [first, last, count] } or { logspace = [first, last, count] }";
constexpr const char* draw_forms =
    "{ uniform = [low, high] }, { log_uniform = [low, high] }, { normal = [mean, sd] } or { choice = [..] }";

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
    if (node.kind == Kind::text && (key.ends_with(".file") || key == "simulation.initial_state"))
      sum += hash_of(key + " holds", fmt::format("{:x}", data.hash(node.source->directory / fs::path(node.text))));
  }
  return sum;
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
      field.reject_kind(is_drawn_ ? draw_forms : entry_forms);
    if (axis.is_drawn() != is_drawn_)
      field.reject_table(is_drawn_ ? fmt::format("has fixed entries, and the design is {}", design_)
                                   : fmt::format("is drawn, and the design is {}", design_),
                         is_drawn_ ? draw_forms : entry_forms);
    return axis;
  }

 private:
  void read_form(const Field& field, SweepAxis& axis) {
    field.only({"linspace", "logspace", "uniform", "log_uniform", "normal", "choice", "round"});
    std::vector<std::string> found;
    for (const auto& entry : field.node().entries)
      if (entry.first != "round") found.push_back(entry.first);
    if (found.size() != 1)
      field.reject_table(found.empty() ? "holds no values" : "holds several ranges",
                         is_drawn_ ? draw_forms : entry_forms);
    const std::string& form = found.front();
    const Field numbers = *field.find(form);
    if (const auto round = field.find("round")) {
      if (form == "choice") round->reject("has no meaning with choice", "no round");
      axis.round = round->flag();
    }
    if (form == "choice") {
      axis.kind = SweepAxis::Kind::choice;
      if (!numbers.is_list()) numbers.reject_kind("a list");
      read_entries(numbers, axis);
      return;
    }
    const bool counted = form == "linspace" || form == "logspace";
    const std::string expected = counted ? "[first, last, count]" : form == "normal" ? "[mean, sd]" : "[low, high]";
    const std::vector<double>& list = numbers.numbers(expected);
    if (list.size() != (counted ? 3 : 2))
      numbers.reject(fmt::format("has {} entr{}", list.size(), list.size() == 1 ? "y" : "ies"), expected);
    axis.a = list[0];
    axis.b = list[1];
    const bool by_logarithm = form == "logspace" || form == "log_uniform";
    if (by_logarithm && !(axis.a > 0 && axis.b > 0)) numbers.reject("ends must be > 0", expected);
    if (counted) {
      axis.kind = form == "linspace" ? SweepAxis::Kind::linear : SweepAxis::Kind::logarithmic;
      if (!(list[2] >= 1 && list[2] <= static_cast<double>(max_sweep_points) && is_whole(list[2])))
        numbers.reject("count is out of range", fmt::format("a whole number from 1 to {}", max_sweep_points));
      axis.count = static_cast<std::uint64_t>(list[2]);
      reject_equal_steps(numbers, axis);
    } else if (form == "normal") {
      axis.kind = SweepAxis::Kind::normal;
      if (!(axis.b > 0)) numbers.reject("the standard deviation is not positive", expected);
    } else {
      axis.kind = form == "uniform" ? SweepAxis::Kind::uniform : SweepAxis::Kind::log_uniform;
      if (!(axis.a < axis.b)) numbers.reject("low is not below high", expected);
    }
  }

  void reject_equal_steps(const Field& field, const SweepAxis& axis) const {
    if (design_ == "list") return;
    for (std::uint64_t i = 1; i < axis.count; ++i)
      if (axis.number(i) == axis.number(i - 1))
        field.reject(fmt::format("gives {} twice", axis.at(i, 0).text), "a smaller count, or ends further apart");
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
