// SONATA configs as texts: JSON files with manifests, tables of types, and values that know where they stand, so that
// every complaint names file, key and value. Part of the SONATA reader (io/sonata/sonata.hpp).
#pragma once

#include <array>
#include <cctype>
#include <cmath>
#include <cstdint>
#include <filesystem>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/diagnostics.hpp"
#include "io/experiment/experiment.hpp"
#include "io/text/json.hpp"
#include "io/text/numbers.hpp"

namespace rheo::sonata {

namespace fs = std::filesystem;
using json = Json;  // inputs count in the order in which they stand in the file

constexpr std::size_t deepest = 32;  // levels of a JSON file, of manifest variables

[[noreturn]] void fail(const std::string& file, std::string key, std::string value, std::string problem,
                       std::string expected = {}, std::string suggestion = {});

std::string joined(const std::vector<std::string>& names);

// Shortest text that reads back as the same number.
std::string as_text(double value);

// `named_at` and `key` say who named the file, for the message when it cannot be read.
std::string read_text(const fs::path& path, const std::string& named_at, const std::string& key,
                      Experiment& experiment);
json parse_json(const std::string& text, const std::string& file);
std::string shown(const json& value);

// "$NAME" -> text, for one file.
class Manifest {
 public:
  explicit Manifest(fs::path folder = {}) : folder_(std::move(folder)) {}
  const fs::path& folder() const { return folder_; }
  void set(std::string name, std::string text) { variables_[std::move(name)] = std::move(text); }
  // The path that `text` means, relative to the folder of the file it was written in.
  fs::path path(const std::string& text, const std::string& file, const std::string& key) const {
    const std::string expanded = expand(text, file, key, 0);
    if (expanded.empty()) fail(file, key, "\"" + text + "\"", "empty", "a path");
    if (expanded.find('\0') != std::string::npos) fail(file, key, {}, "holds a zero byte", "a path");
    return (folder_ / expanded).lexically_normal();
  }

 private:
  std::string expand(const std::string& text, const std::string& file, const std::string& key,
                     std::size_t depth) const {
    if (depth > deepest) fail(file, key, "\"" + text + "\"", "manifest variables refer to each other in a circle");
    std::string result;
    for (std::size_t i = 0; i < text.size();) {
      if (text[i] != '$') {
        result += text[i++];
        continue;
      }
      const bool braced = i + 1 < text.size() && text[i + 1] == '{';
      const std::size_t first = i + (braced ? 2 : 1);
      std::size_t end = first;
      while (end < text.size() && (std::isalnum(static_cast<unsigned char>(text[end])) || text[end] == '_')) ++end;
      if (braced && (end == text.size() || text[end] != '}'))
        fail(file, key, "\"" + text + "\"", "an opening ${ without its }");
      const std::string name = text.substr(first, end - first);
      if (const auto found = variables_.find(name); found != variables_.end()) {
        result += expand(found->second, file, key, depth + 1);
      } else if (name == "configdir") {
        result += '.';  // paths start in the folder of their file anyway
      } else {
        std::vector<std::string> known{"configdir"};
        for (const auto& [variable, unused] : variables_) known.push_back(variable);
        fail(file, key, "\"" + text + "\"", "unknown manifest variable $" + name, "one of $" + joined_variables(known),
             nearest(name, known));
      }
      if (result.size() > 4096) fail(file, key, "\"" + text.substr(0, 60) + "\"", "expands to a text that is too long");
      i = end + (braced ? 1 : 0);
    }
    return result;
  }
  static std::string joined_variables(const std::vector<std::string>& names) {
    std::string text;
    for (const std::string& name : names) text += (text.empty() ? "" : ", $") + name;
    return text;
  }

  fs::path folder_;
  std::map<std::string, std::string> variables_;
};

struct Document {
  std::string file;
  json root;
  Manifest manifest;
};

// A value in a JSON file that knows where it stands. The accessors throw what the user should read.
class Item {
 public:
  Item(const Document& document, const json& value, std::string key)
      : document_(&document), value_(&value), key_(std::move(key)) {}
  explicit Item(const Document& document) : Item(document, document.root, {}) {}

  const std::string& file() const { return document_->file; }
  const std::string& key() const { return key_; }
  const json& value() const { return *value_; }
  bool is_object() const { return value_->is_object(); }
  bool is_list() const { return value_->is_array(); }
  bool is_number() const { return value_->is_number(); }
  bool is_text() const { return value_->is_string(); }
  bool is_null() const { return value_->is_null(); }

  [[noreturn]] void fail(std::string problem, std::string expected = {}, std::string suggestion = {}) const {
    sonata::fail(file(), key_, shown(*value_), std::move(problem), std::move(expected), std::move(suggestion));
  }

  // Members; null counts as absent.
  std::optional<Item> find(const std::string& name) const {
    if (!is_object()) fail("must be an object", "{ \"" + name + "\": ... }");
    const auto found = value_->find(name);
    if (found == value_->end() || found->is_null()) return std::nullopt;
    return Item(*document_, *found, key_.empty() ? name : key_ + "." + name);
  }
  Item need(const std::string& name, const std::string& expected) const {
    if (auto found = find(name)) return *found;
    sonata::fail(file(), key_.empty() ? name : key_ + "." + name, {}, "missing", expected);
  }
  std::vector<std::pair<std::string, Item>> members() const {
    if (!is_object()) fail("must be an object", "{ ... }");
    std::vector<std::pair<std::string, Item>> all;
    for (const auto& [name, value] : value_->items())
      all.emplace_back(name, Item(*document_, value, key_.empty() ? name : key_ + "." + name));
    return all;
  }
  std::vector<Item> elements() const {
    if (!is_list()) fail("must be a list", "[ ... ]");
    std::vector<Item> all;
    for (std::size_t i = 0; i < value_->size(); ++i)
      all.emplace_back(*document_, (*value_)[i], key_ + "[" + std::to_string(i) + "]");
    return all;
  }
  std::string text() const {
    if (!is_text()) fail("must be a text", "\"...\"");
    return value_->get<std::string>();
  }
  double number() const {
    if (!value_->is_number()) fail("must be a number");
    return value_->get<double>();
  }
  bool flag() const {
    if (!value_->is_boolean()) fail("must be true or false");
    return value_->get<bool>();
  }
  std::uint64_t count() const {
    if (value_->is_number_unsigned()) return value_->get<std::uint64_t>();
    const bool whole = value_->is_number_float() && value_->get<double>() == std::floor(value_->get<double>());
    if (!whole || value_->get<double>() < 0 || value_->get<double>() > 9007199254740992.0)
      fail("must be a whole number", "0, 1, 2, ...");
    return static_cast<std::uint64_t>(value_->get<double>());
  }
  const fs::path& folder() const { return document_->manifest.folder(); }
  fs::path path() const { return document_->manifest.path(text(), file(), key_); }

 private:
  const Document* document_;
  const json* value_;
  std::string key_;
};

bool enabled(const Item& item);

std::unique_ptr<Document> load_document(const fs::path& path, const std::string& named_at, const std::string& key,
                                        Experiment& experiment);

// node_types.csv, edge_types.csv: separated by blanks, quoted with ", NULL for nothing.
class TypeTable {
 public:
  // `id_column` is node_type_id or edge_type_id.
  TypeTable(const fs::path& path, std::string id_column, const std::string& named_at, const std::string& key,
            Experiment& experiment)
      : file_(path.string()), id_column_(std::move(id_column)) {
    const std::string text = read_text(path, named_at, key, experiment);
    std::size_t line = 0;
    for (std::size_t begin = 0; begin < text.size();) {
      const std::size_t end = std::min(text.find('\n', begin), text.size());
      ++line;
      auto cells = split(std::string_view(text).substr(begin, end - begin), line);
      begin = end + 1;
      if (cells.empty()) continue;
      if (columns_.empty())
        set_columns(cells, line);
      else
        add_row(std::move(cells), line);
    }
    if (columns_.empty()) fail(file_, {}, {}, "empty", "a header line with the column " + id_column_);
  }

  struct Row {
    std::size_t line = 0;
    std::vector<std::optional<std::string>> cells;
  };

  const std::string& file() const { return file_; }
  const std::vector<std::string>& columns() const { return columns_; }
  const Row* find(std::int64_t id) const {
    const auto found = row_of_.find(id);
    return found == row_of_.end() ? nullptr : &rows_[found->second];
  }
  std::string ids() const {
    std::vector<std::string> all;
    for (const auto& [id, row] : row_of_) {
      if (all.size() == 8) {
        all.emplace_back("...");
        break;
      }
      all.push_back(std::to_string(id));
    }
    return joined(all);
  }
  std::string place(const Row& row) const { return file_ + ":" + std::to_string(row.line); }
  std::optional<std::string> cell(const Row& row, std::string_view column) const {
    const auto found = std::ranges::find(columns_, column);
    if (found == columns_.end()) return std::nullopt;
    return row.cells[static_cast<std::size_t>(found - columns_.begin())];
  }
  std::optional<double> number(const Row& row, std::string_view column) const {
    const auto text = cell(row, column);
    if (!text) return std::nullopt;
    const auto value = parse_number<double>(*text);
    if (!value || !std::isfinite(*value)) fail(place(row), std::string(column), *text, "must be a number");
    return value;
  }

 private:
  using Cells = std::vector<std::optional<std::string>>;

  Cells split(std::string_view line, std::size_t number) const {
    Cells cells;
    const auto blank = [](char c) { return c == ' ' || c == '\t' || c == '\r'; };
    for (std::size_t i = 0;;) {
      while (i < line.size() && blank(line[i])) ++i;
      if (i == line.size()) return cells;
      std::string cell;
      const bool quoted = line[i] == '"';
      if (quoted) {
        for (++i;; ++i) {
          if (i >= line.size()) fail(file_ + ":" + std::to_string(number), {}, {}, "a quoted text without its end");
          if (line[i] == '"') {
            if (i + 1 >= line.size() || line[i + 1] != '"') break;
            ++i;  // "" inside quotes is one "
          }
          cell += line[i];
        }
        ++i;
        if (i < line.size() && !blank(line[i]))
          fail(file_ + ":" + std::to_string(number), {}, cell, "a quoted text is followed by more text", "a blank");
      } else {
        while (i < line.size() && !blank(line[i])) cell += line[i++];
      }
      if (cell.empty() || (!quoted && cell == "NULL"))
        cells.emplace_back(std::nullopt);
      else
        cells.emplace_back(std::move(cell));
    }
  }

  void set_columns(const Cells& cells, std::size_t line) {
    for (const auto& cell : cells) {
      const std::string name = cell.value_or("");
      if (std::ranges::find(columns_, name) != columns_.end())
        fail(file_ + ":" + std::to_string(line), name, {}, "the column is there twice");
      columns_.push_back(name);
    }
    const auto found = std::ranges::find(columns_, id_column_);
    if (found == columns_.end()) {
      fail(file_ + ":" + std::to_string(line), id_column_, {}, "missing column",
           "a header of names separated by blanks, " + id_column_ + " among them", nearest(id_column_, columns_));
    }
    id_index_ = static_cast<std::size_t>(found - columns_.begin());
  }

  void add_row(Cells cells, std::size_t line) {
    const std::string place = file_ + ":" + std::to_string(line);
    if (cells.size() != columns_.size()) {
      fail(place, {}, {}, "has " + std::to_string(cells.size()) + " values",
           std::to_string(columns_.size()) + ", one per column, NULL for nothing");
    }
    const std::string text = cells[id_index_].value_or("NULL");
    const auto id = parse_number<std::int64_t>(text);
    if (!id) fail(place, id_column_, text, "must be a whole number");
    if (!row_of_.emplace(*id, rows_.size()).second) fail(place, id_column_, text, "given twice");
    rows_.push_back({line, std::move(cells)});
  }

  std::string file_, id_column_;
  std::vector<std::string> columns_;
  std::size_t id_index_ = 0;
  std::vector<Row> rows_;
  std::map<std::int64_t, std::size_t> row_of_;
};

// A section and the rest of the config may stand in files of their own; Items keep pointers into them.
struct Config {
  std::vector<std::unique_ptr<Document>> documents;
  std::optional<Item> circuit;     // has "networks"
  std::optional<Item> simulation;  // has "run"; absent when only a circuit was given
  std::vector<Item> all;           // every file, the one the user named first

  // The first of the files that has `name`, the circuit's before the others.
  std::optional<Item> find(const std::string& name) const {
    if (auto found = circuit->find(name)) return found;
    for (const Item& item : all)
      if (auto found = item.find(name)) return found;
    return std::nullopt;
  }
};

Config load_config(const fs::path& path, Experiment& experiment);

// The file `name` in one of the components folders.
fs::path component(const Config& config, const std::string& folder_key, const std::string& name,
                   const std::string& place);

}  // namespace rheo::sonata
