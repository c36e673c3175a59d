#include "io/sonata.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <fstream>
#include <limits>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <span>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "io/h5.hpp"
#include "io/spike_reader.hpp"
#include "neurons/catalogue.hpp"

namespace rheo {
namespace {

namespace fs = std::filesystem;
using json = nlohmann::json;

constexpr std::uintmax_t largest_text = std::uintmax_t{64} << 20;  // bytes of a JSON or CSV file
constexpr std::size_t deepest = 32;                                // levels of a JSON file, of manifest variables
constexpr std::uint64_t slab = std::uint64_t{1} << 20;             // values of a dataset that are read at once

[[noreturn]] void fail(const std::string& file, std::string key, std::string value, std::string problem,
                       std::string expected = {}, std::string suggestion = {}) {
  constexpr std::size_t longest = 80;
  if (value.size() > longest) value = value.substr(0, longest) + "...";
  throw ExperimentError({.file = file,
                         .key = std::move(key),
                         .value = std::move(value),
                         .problem = std::move(problem),
                         .expected = std::move(expected),
                         .suggestion = std::move(suggestion)});
}

std::string joined(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "" : ", ") + name;
  return text;
}

// Shortest text that reads back as the same number.
std::string as_text(double value) {
  std::array<char, 32> buffer{};
  const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value).ptr;
  return {buffer.data(), end};
}

template <class T>
std::optional<T> parse_number(std::string_view text) {
  T value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

// ---------------------------------------------------------------------------------------------------------------------
// Text files

// `named_at` and `key` say who named the file, for the message when it cannot be read.
std::string read_text(const fs::path& path, const std::string& named_at, const std::string& key,
                      Experiment& experiment) {
  std::error_code error;
  const std::string name = path.string();
  if (!fs::exists(path, error)) fail(named_at, key, name, "no such file");
  if (!fs::is_regular_file(path, error)) fail(named_at, key, name, "not a file");
  const std::uintmax_t size = fs::file_size(path, error);
  if (error) fail(named_at, key, name, "cannot be read: " + error.message());
  if (size > largest_text) fail(named_at, key, name, "too large", "a text file of at most 64 MiB");
  std::ifstream stream(path, std::ios::binary);
  std::string text(static_cast<std::size_t>(size), '\0');
  if (!stream || !stream.read(text.data(), static_cast<std::streamsize>(size)))
    fail(named_at, key, name, "cannot be read");
  if (text.starts_with("\xEF\xBB\xBF")) text.erase(0, 3);
  if (std::ranges::find(experiment.files, name) == experiment.files.end()) experiment.files.push_back(name);
  return text;
}

json parse_json(const std::string& text, const std::string& file) {
  // A key given twice would silently lose one of its values, and a deeply nested text would exhaust the stack of
  // whoever walks it.
  std::vector<std::set<std::string>> keys;
  const auto watch = [&](int depth, json::parse_event_t event, json& parsed) {
    using Event = json::parse_event_t;  // clang 14 knows no `using enum` of an alias
    if ((event == Event::object_start || event == Event::array_start) && depth > static_cast<int>(deepest)) {
      fail(file, {}, {}, "nested too deeply", "at most " + std::to_string(deepest) + " levels");
    }
    if (event == Event::object_start) keys.emplace_back();
    if (event == Event::object_end) keys.pop_back();
    if (event == Event::key && !keys.back().insert(parsed.get_ref<const std::string&>()).second) {
      fail(file, parsed.get<std::string>(), {}, "given twice in the same object");
    }
    return true;
  };
  try {
    return json::parse(text, watch);
  } catch (const json::parse_error& error) {
    const std::size_t end = std::min(error.byte, text.size());
    const auto line = 1 + std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(end), '\n');
    fail(file + ":" + std::to_string(line), {}, {}, "not valid JSON");
  } catch (const json::exception&) {
    fail(file, {}, {}, "not valid JSON", "numbers that fit a double");
  }
}

std::string shown(const json& value) {
  switch (value.type()) {
    case json::value_t::object:
      return "{...}";
    case json::value_t::array:
      return "[...]";
    case json::value_t::string:
      return "\"" + value.get<std::string>() + "\"";
    case json::value_t::null:
      return "null";
    case json::value_t::boolean:
      return value.get<bool>() ? "true" : "false";
    case json::value_t::number_integer:
      return std::to_string(value.get<std::int64_t>());
    case json::value_t::number_unsigned:
      return std::to_string(value.get<std::uint64_t>());
    case json::value_t::number_float:
      return as_text(value.get<double>());
    default:
      return "?";
  }
}

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
      if (braced && (end == text.size() || text[end] != '}')) {
        fail(file, key, "\"" + text + "\"", "an opening ${ without its }");
      }
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
  bool is_text() const { return value_->is_string(); }
  bool is_null() const { return value_->is_null(); }

  [[noreturn]] void fail(std::string problem, std::string expected = {}, std::string suggestion = {}) const {
    rheo::fail(file(), key_, shown(*value_), std::move(problem), std::move(expected), std::move(suggestion));
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
    rheo::fail(file(), key_.empty() ? name : key_ + "." + name, {}, "missing", expected);
  }
  std::vector<std::pair<std::string, Item>> members() const {
    if (!is_object()) fail("must be an object", "{ ... }");
    std::vector<std::pair<std::string, Item>> all;
    for (const auto& [name, value] : value_->items()) {
      all.emplace_back(name, Item(*document_, value, key_.empty() ? name : key_ + "." + name));
    }
    return all;
  }
  std::vector<Item> elements() const {
    if (!is_list()) fail("must be a list", "[ ... ]");
    std::vector<Item> all;
    for (std::size_t i = 0; i < value_->size(); ++i) {
      all.emplace_back(*document_, (*value_)[i], key_ + "[" + std::to_string(i) + "]");
    }
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
    if (!whole || value_->get<double>() < 0 || value_->get<double>() > 9007199254740992.0) {
      fail("must be a whole number", "0, 1, 2, ...");
    }
    return static_cast<std::uint64_t>(value_->get<double>());
  }
  fs::path path() const { return document_->manifest.path(text(), file(), key_); }

 private:
  const Document* document_;
  const json* value_;
  std::string key_;
};

bool enabled(const Item& item) {
  const auto flag = item.find("enabled");
  return !flag || flag->flag();
}

std::unique_ptr<Document> load_document(const fs::path& path, const std::string& named_at, const std::string& key,
                                        Experiment& experiment) {
  auto document = std::make_unique<Document>();
  document->file = path.string();
  document->root = parse_json(read_text(path, named_at, key, experiment), document->file);
  document->manifest = Manifest(path.parent_path());
  const Item root(*document);
  if (!root.is_object()) fail(document->file, {}, {}, "must be an object", "{ ... }");
  if (const auto manifest = root.find("manifest")) {
    for (const auto& [name, item] : manifest->members()) {
      std::string variable = name;
      if (variable.starts_with("${") && variable.ends_with("}")) {
        variable = variable.substr(2, variable.size() - 3);
      } else if (variable.starts_with("$")) {
        variable = variable.substr(1);
      } else {
        item.fail("the name of a manifest variable begins with $", "\"$" + name + "\"");
      }
      document->manifest.set(variable, item.text());
    }
  }
  return document;
}

// ---------------------------------------------------------------------------------------------------------------------
// node_types.csv, edge_types.csv: separated by blanks, quoted with ", NULL for nothing

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
      if (columns_.empty()) {
        set_columns(cells, line);
      } else {
        add_row(std::move(cells), line);
      }
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
        if (i < line.size() && !blank(line[i])) {
          fail(file_ + ":" + std::to_string(number), {}, cell, "a quoted text is followed by more text", "a blank");
        }
      } else {
        while (i < line.size() && !blank(line[i])) cell += line[i++];
      }
      if (cell.empty() || (!quoted && cell == "NULL")) {
        cells.emplace_back(std::nullopt);
      } else {
        cells.emplace_back(std::move(cell));
      }
    }
  }

  void set_columns(const Cells& cells, std::size_t line) {
    for (const auto& cell : cells) {
      const std::string name = cell.value_or("");
      if (std::ranges::find(columns_, name) != columns_.end()) {
        fail(file_ + ":" + std::to_string(line), name, {}, "the column is there twice");
      }
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

// ---------------------------------------------------------------------------------------------------------------------
// HDF5

// "network/nodes.h5" opened for the config entry that names it.
h5::File open_h5(const Item& entry, Experiment& experiment) {
  const fs::path path = entry.path();
  const std::string name = path.string();
  std::error_code error;
  if (!fs::is_regular_file(path, error)) fail(entry.file(), entry.key(), name, "no such file");
  if (std::ranges::find(experiment.files, name) == experiment.files.end()) experiment.files.push_back(name);
  return h5::File::open(name);
}

// A one-dimensional dataset of numbers with `rows` values.
h5::Dataset column(const h5::Group& group, const std::string& name, std::optional<std::uint64_t> rows) {
  if (!group.has_dataset(name)) {
    group.fail("missing dataset", name);
  }
  h5::Dataset data = group.dataset(name);
  if (data.rank() != 1) fail(data.file(), data.path(), {}, "must have one dimension");
  if (data.kind() != h5::Kind::integer && data.kind() != h5::Kind::real) {
    fail(data.file(), data.path(), {}, "must hold numbers");
  }
  if (rows && data.rows() != *rows) {
    fail(data.file(), data.path(), {}, "has " + std::to_string(data.rows()) + " values",
         std::to_string(*rows) + ", as the other datasets of " + group.path());
  }
  return data;
}

// Calls use(first, values) with pieces of the dataset in order.
template <class T, class Use>
void in_slabs(const h5::Dataset& data, const Use& use) {
  const std::uint64_t rows = data.rows();
  for (std::uint64_t first = 0; first < rows; first += slab) {
    const std::vector<T> values = data.read<T>(first, std::min(slab, rows - first));
    use(first, std::span<const T>(values));
  }
}

std::string element(const h5::Dataset& data, std::uint64_t row) {
  return data.path() + "[" + std::to_string(row) + "]";
}

// A list of numbers that becomes a single one as long as all are equal: constants cost no memory.
class Numbers {
 public:
  void add(double value) {
    if (count_ == 0) first_ = value;
    if (all_.empty() && value != first_) all_.assign(count_, first_);
    if (!all_.empty() || value != first_) all_.push_back(value);
    ++count_;
  }
  Value take(double when_none) && {
    if (count_ == 0) return when_none;
    if (all_.empty()) return first_;
    return std::move(all_);
  }

 private:
  std::uint64_t count_ = 0;
  double first_ = 0;
  std::vector<double> all_;
};

// The numbered groups of a population: /nodes/<population>/0, 1, ... Every element has a group and a row in it. Both
// columns may be absent together: then all are in group 0 in the order of the file.
class Groups {
 public:
  Groups(const h5::Group& population, const std::string& prefix, std::uint64_t rows) : population_(population) {
    const std::string id = prefix + "_group_id", index = prefix + "_group_index";
    const bool has_id = population.has_dataset(id), has_index = population.has_dataset(index);
    if (has_id != has_index)
      population.fail("missing dataset, as there is " + (has_id ? id : index), has_id ? index : id);
    if (has_id) {
      id_.emplace(column(population, id, rows));
      index_.emplace(column(population, index, rows));
    }
  }
  // Numbers of the groups that rows [first, first + count) are in, as ordinals of `found()`, and their rows there.
  void read(std::uint64_t first, std::uint64_t count, std::vector<std::uint32_t>& ordinals,
            std::vector<std::uint64_t>& index) {
    ordinals.assign(count, 0);
    index.resize(count);
    if (!id_) {
      for (std::uint64_t i = 0; i < count; ++i) index[i] = first + i;
      if (names_.empty()) names_.emplace_back("0");
      return;
    }
    const auto ids = id_->read<std::int64_t>(first, count);
    const auto rows = index_->read<std::int64_t>(first, count);
    for (std::uint64_t i = 0; i < count; ++i) {
      if (rows[i] < 0)
        fail(index_->file(), element(*index_, first + i), std::to_string(rows[i]), "must not be negative");
      index[i] = static_cast<std::uint64_t>(rows[i]);
      if (i != 0 && ids[i] == ids[i - 1]) {
        ordinals[i] = ordinals[i - 1];
        continue;
      }
      const auto [known, added] = ordinal_of_.emplace(ids[i], static_cast<std::uint32_t>(names_.size()));
      if (added) {
        const std::string name = std::to_string(ids[i]);
        if (!population_.has_group(name)) {
          fail(id_->file(), element(*id_, first + i), name, "there is no group " + population_.path() + "/" + name);
        }
        names_.push_back(name);
      }
      ordinals[i] = known->second;
    }
  }
  const std::vector<std::string>& names() const { return names_; }
  bool implicit() const { return !id_; }
  // Where the row number of element `row` is written.
  std::string index_place(std::uint64_t row) const {
    return index_ ? element(*index_, row) : population_.path() + "/0, row " + std::to_string(row);
  }

 private:
  const h5::Group& population_;
  std::optional<h5::Dataset> id_, index_;
  std::unordered_map<std::int64_t, std::uint32_t> ordinal_of_;
  std::vector<std::string> names_;
};

// ---------------------------------------------------------------------------------------------------------------------
// The config: one file or several

// A section and the rest of the config may stand in files of their own; Items keep pointers into them.
struct Config {
  std::vector<std::unique_ptr<Document>> documents;
  std::optional<Item> circuit;     // has "networks"
  std::optional<Item> simulation;  // has "run"; absent when only a circuit was given
  std::vector<Item> all;           // every file, the one the user named first

  // The first of the files that has `name`, the circuit's before the others.
  std::optional<Item> find(const std::string& name) const {
    if (auto found = circuit->find(name)) return found;
    for (const Item& item : all) {
      if (auto found = item.find(name)) return found;
    }
    return std::nullopt;
  }
};

Config load_config(const fs::path& path, Experiment& experiment) {
  Config config;
  const auto load = [&](const fs::path& file, const std::string& named_at, const std::string& key) {
    for (const auto& known : config.documents) {
      if (known->file == file.string()) return Item(*known);
    }
    config.documents.push_back(load_document(file, named_at, key, experiment));
    config.all.emplace_back(*config.documents.back());
    return config.all.back();
  };
  const Item root = load(path.lexically_normal(), {}, {});

  if (root.find("run")) config.simulation = root;
  if (const auto file = root.find("simulation")) {
    if (config.simulation) file->fail("the simulation is given twice, as \"run\" and as a file");
    config.simulation = load(file->path(), file->file(), file->key());
  }

  std::optional<Item> named_by;
  for (const Item& item : std::vector<Item>(config.all)) {
    if (item.find("networks")) {
      if (config.circuit) item.fail("the network is given twice");
      config.circuit = item;
    }
    if (const auto file = item.find("network")) {
      if (config.circuit && !named_by) file->fail("the network is given twice, as \"networks\" and as a file");
      if (named_by && named_by->path() != file->path()) {
        file->fail("another network than in " + named_by->file(), "the same file in both");
      }
      named_by = *file;
      config.circuit = load(file->path(), file->file(), file->key());
    }
  }
  if (!config.circuit) {
    fail(root.file(), "network", {}, "missing", "the path of a circuit config, or a table \"networks\" in this file");
  }
  config.circuit->need("networks", "{ \"nodes\": [...], \"edges\": [...] }");

  for (const Item& item : config.all) {
    if (const auto found = item.find("connection_overrides")) found->fail("connection overrides are not available yet");
    if (const auto target = item.find("target_simulator"); target && target->text() != "NEST") {
      experiment.warnings.push_back(target->file() + ": target_simulator is " + target->text() +
                                    "; the network is read as one of NEST's models.");
    }
  }
  return config;
}

// ---------------------------------------------------------------------------------------------------------------------
// Nodes

struct NodePopulation {
  std::size_t spec = 0;  // index in NetworkSpec::populations
  std::uint32_t size = 0;
  bool is_virtual = false;
};
using NodePopulations = std::map<std::string, NodePopulation>;

// What a row of node_types.csv says.
struct NodeType {
  bool is_virtual = false;
  std::string model;                     // ours
  std::map<std::string, double> fields;  // params and state columns
  std::string place;
};

const FieldInfo* find_field(const ModelInfo& model, const std::string& name) {
  for (const auto* list : {&model.params, &model.columns}) {
    for (const FieldInfo& field : *list) {
      if (field.name == name) return &field;
    }
  }
  return nullptr;
}

std::vector<std::string> field_names(const ModelInfo& model) {
  std::vector<std::string> names;
  for (const auto* list : {&model.params, &model.columns}) {
    for (const FieldInfo& field : *list) names.push_back(field.name);
  }
  return names;
}

void check_range(const FieldInfo& field, double value, const std::string& file, const std::string& key) {
  if (value >= field.low && value <= field.high) return;
  fail(file, key, as_text(value), "out of range",
       "a number from " + as_text(field.low) + " to " + as_text(field.high) +
           (field.unit.empty() ? "" : " " + field.unit));
}

// The file `name` in one of the components folders.
fs::path component(const Config& config, const std::string& folder_key, const std::string& name,
                   const std::string& place) {
  const auto components = config.find("components");
  const auto folder = components ? components->find(folder_key) : std::nullopt;
  if (!folder) {
    fail(config.circuit->file(), "components." + folder_key, {}, "missing",
         "the folder of " + name + ", named in " + place);
  }
  return folder->path() / name;
}

class NodeTypes {
 public:
  NodeTypes(const Config& config, Experiment& experiment, TypeTable table)
      : config_(config), experiment_(experiment), table_(std::move(table)) {}

  const TypeTable& table() const { return table_; }

  // The type with this id, read when the first node asks for it: rows that no node uses may say what they like.
  const NodeType* find(std::int64_t id) {
    if (const auto known = types_.find(id); known != types_.end()) return &known->second;
    const TypeTable::Row* row = table_.find(id);
    return row == nullptr ? nullptr : &types_.emplace(id, read(*row)).first->second;
  }

 private:
  NodeType read(const TypeTable::Row& row) {
    NodeType type;
    type.place = table_.place(row);
    const auto kind = table_.cell(row, "model_type");
    if (!kind) fail(type.place, "model_type", "NULL", "missing", "point_neuron, point_process or virtual");
    if (*kind == "virtual") {
      type.is_virtual = true;
      return type;
    }
    if (*kind != "point_neuron" && *kind != "point_process") {
      fail(type.place, "model_type", *kind, "not available: only point neurons are simulated",
           "point_neuron, point_process or virtual");
    }

    const std::vector<std::string> known{"nest:iaf_psc_alpha", "nest:iaf_psc_delta", "nest:izhikevich"};
    const std::string expected = "one of " + joined(known);
    const auto model = table_.cell(row, "model_template");
    if (!model) fail(type.place, "model_template", "NULL", "missing", expected);
    if (!model->starts_with("nest:")) {
      fail(type.place, "model_template", *model, "not a model of NEST", expected, nearest("nest:" + *model, known));
    }
    if (std::ranges::find(known, *model) == known.end()) {
      fail(type.place, "model_template", *model, "not available yet", expected, nearest(*model, known));
    }
    type.model = model->substr(5);
    const ModelInfo* info = find_neuron_model(type.model);
    if (info == nullptr) fail(type.place, "model_template", *model, "not available yet");

    for (std::size_t i = 0; i < table_.columns().size(); ++i) {
      if (row.cells[i] && find_field(*info, table_.columns()[i]) != nullptr)
        unused_columns_.insert(table_.columns()[i]);
    }
    if (!unused_columns_.empty() && !warned_) {
      warned_ = true;
      experiment_.warnings.push_back(table_.file() + ": column " + *unused_columns_.begin() +
                                     " is not used; parameters come from dynamics_params.");
    }
    if (const auto name = table_.cell(row, "dynamics_params")) read_fields(*name, *info, type);
    return type;
  }

  void read_fields(const std::string& name, const ModelInfo& info, NodeType& type) {
    const fs::path path = component(config_, "point_neuron_models_dir", name, type.place);
    const Document document{path.string(),
                            parse_json(read_text(path, type.place, "dynamics_params", experiment_), path.string()),
                            Manifest()};
    const std::vector<std::string> known = field_names(info);
    for (const auto& [field_name, item] : Item(document).members()) {
      const FieldInfo* field = find_field(info, field_name);
      if (field == nullptr) {
        item.fail("unknown parameter of " + info.name, "one of " + joined(known), nearest(field_name, known));
      }
      const double value = item.number();
      check_range(*field, value, document.file, field_name);
      type.fields[field_name] = value;
    }
  }

  const Config& config_;
  Experiment& experiment_;
  TypeTable table_;
  std::map<std::int64_t, NodeType> types_;
  std::set<std::string> unused_columns_;
  bool warned_ = false;
};

// The datasets of one numbered group that are parameters or state columns of the model, by name.
std::map<std::string, std::vector<double>> node_group_fields(const h5::Group& group, const ModelInfo& info) {
  std::map<std::string, std::vector<double>> fields;
  const auto read = [&](const h5::Group& from, const std::string& name, const FieldInfo& field) {
    const h5::Dataset data = column(from, name, std::nullopt);
    std::vector<double> values = data.read<double>();
    for (std::size_t i = 0; i < values.size(); ++i) {
      if (!(values[i] >= field.low && values[i] <= field.high))
        check_range(field, values[i], data.file(), element(data, i));
    }
    fields[name] = std::move(values);
  };
  for (const std::string& name : group.list()) {
    if (name == "model_type" || name == "model_template" || (name == "dynamics_params" && !group.has_group(name))) {
      group.fail("not available per node", name);
    }
    if (const FieldInfo* field = find_field(info, name); field != nullptr && group.has_dataset(name))
      read(group, name, *field);
  }
  if (group.has_group("dynamics_params")) {
    const h5::Group inner = group.group("dynamics_params");
    const std::vector<std::string> known = field_names(info);
    for (const std::string& name : inner.list()) {
      const FieldInfo* field = find_field(info, name);
      if (field == nullptr) {
        fail(inner.file(), inner.path() + "/" + name, {}, "unknown parameter of " + info.name,
             "one of " + joined(known), nearest(name, known));
      }
      read(inner, name, *field);
    }
  }
  return fields;
}

// neuron_of[row]: the node_id of each row, a permutation of 0..rows-1.
std::vector<std::uint32_t> read_node_ids(const h5::Group& population, std::uint64_t rows) {
  std::vector<std::uint32_t> ids(rows);
  if (!population.has_dataset("node_id")) {
    for (std::uint64_t i = 0; i < rows; ++i) ids[i] = static_cast<std::uint32_t>(i);
    return ids;
  }
  std::vector<bool> seen(rows, false);
  const h5::Dataset data = column(population, "node_id", rows);
  in_slabs<std::int64_t>(data, [&](std::uint64_t first, std::span<const std::int64_t> values) {
    for (std::uint64_t i = 0; i < values.size(); ++i) {
      const std::int64_t id = values[i];
      if (id < 0 || static_cast<std::uint64_t>(id) >= rows) {
        fail(data.file(), element(data, first + i), std::to_string(id), "out of range",
             "the ids 0 to " + std::to_string(rows - 1) + ", each once");
      }
      if (seen[static_cast<std::size_t>(id)])
        fail(data.file(), element(data, first + i), std::to_string(id), "given twice");
      seen[static_cast<std::size_t>(id)] = true;
      ids[first + i] = static_cast<std::uint32_t>(id);
    }
  });
  return ids;
}

PopulationSpec read_population(const h5::Group& population, const std::string& name, NodeTypes& types,
                               NodePopulation& summary) {
  const h5::Dataset type_ids = column(population, "node_type_id", std::nullopt);
  const std::uint64_t rows = type_ids.rows();
  if (rows == 0) fail(type_ids.file(), type_ids.path(), {}, "holds no nodes");
  if (rows >= std::numeric_limits<NeuronId>::max()) {
    fail(type_ids.file(), type_ids.path(), {}, "holds " + std::to_string(rows) + " nodes", "fewer than 2^32 - 1");
  }
  summary.size = static_cast<std::uint32_t>(rows);

  // Types and attributes by row, then sorted into neurons by id.
  std::vector<const NodeType*> type_of(rows);
  in_slabs<std::int64_t>(type_ids, [&](std::uint64_t first, std::span<const std::int64_t> values) {
    for (std::uint64_t i = 0; i < values.size(); ++i) {
      const bool same = i != 0 && values[i] == values[i - 1];
      const NodeType* type = same ? type_of[first + i - 1] : types.find(values[i]);
      if (type == nullptr) {
        fail(type_ids.file(), element(type_ids, first + i), std::to_string(values[i]), "not in " + types.table().file(),
             "one of " + types.table().ids());
      }
      const NodeType& reference = first + i == 0 ? *type : *type_of[0];
      if (type->is_virtual != reference.is_virtual || type->model != reference.model) {
        const auto kind = [](const NodeType& t) { return t.is_virtual ? std::string("virtual") : t.model; };
        fail(type_ids.file(), element(type_ids, first + i), std::to_string(values[i]),
             "a population with several models: node type at " + type->place + " is " + kind(*type) + ", the one at " +
                 reference.place + " is " + kind(reference),
             "one model for all nodes of a population");
      }
      type_of[first + i] = type;
    }
  });
  const std::vector<std::uint32_t> ids = read_node_ids(population, rows);

  PopulationSpec spec;
  spec.name = name;
  spec.size = summary.size;
  summary.is_virtual = type_of[0]->is_virtual;
  if (summary.is_virtual) {
    spec.model = "spike_source";
    return spec;
  }
  spec.model = type_of[0]->model;
  const ModelInfo& info = *find_neuron_model(spec.model);

  Groups groups(population, "node", rows);
  std::vector<std::uint32_t> group_of;
  std::vector<std::uint64_t> index_of;
  groups.read(0, rows, group_of, index_of);
  std::vector<std::map<std::string, std::vector<double>>> group_fields;
  for (const std::string& group : groups.names()) {
    if (groups.implicit() && !population.has_group(group)) {
      group_fields.emplace_back();
    } else {
      group_fields.push_back(node_group_fields(population.group(group), info));
    }
  }

  // The defaults of NEST where they differ from those of the model.
  std::map<std::string, double> start{{"V_m", -70.0}};
  if (spec.model == "izhikevich") {
    spec.options = {{"scheme", "euler"}, {"input", "delta"}};
    start = {{"V_m", -65.0}, {"U_m", 0.0}};
  }
  std::set<std::string> given;
  for (const auto& [field, value] : start) given.insert(field);
  const std::set<const NodeType*> used(type_of.begin(), type_of.end());
  for (const NodeType* type : used) {
    for (const auto& [field, value] : type->fields) given.insert(field);
  }
  for (const auto& fields : group_fields) {
    for (const auto& [field, values] : fields) given.insert(field);
  }

  std::vector<double> values(rows);
  for (const std::string& field : given) {
    double fallback = find_field(info, field)->initial;
    if (const auto found = start.find(field); found != start.end()) fallback = found->second;
    std::vector<const std::vector<double>*> of_group;
    for (const auto& fields : group_fields) {
      const auto found = fields.find(field);
      of_group.push_back(found == fields.end() ? nullptr : &found->second);
    }
    for (std::uint64_t row = 0; row < rows; ++row) {
      double value = fallback;
      if (const auto* own = of_group[group_of[row]]) {
        if (index_of[row] >= own->size()) {
          const std::string& group = groups.names()[group_of[row]];
          fail(population.file(), groups.index_place(row), std::to_string(index_of[row]),
               field + " of group " + group + " has only " + std::to_string(own->size()) + " values");
        }
        value = (*own)[index_of[row]];
      } else if (const auto found = type_of[row]->fields.find(field); found != type_of[row]->fields.end()) {
        value = found->second;
      }
      values[ids[row]] = value;
    }
    Numbers numbers;
    for (const double value : values) numbers.add(value);
    const bool is_param = std::ranges::find(info.params, field, &FieldInfo::name) != info.params.end();
    (is_param ? spec.params : spec.initial)[field] = std::move(numbers).take(0);
  }
  return spec;
}

NodePopulations read_nodes(const Config& config, Experiment& experiment) {
  NodePopulations populations;
  std::uint64_t total = 0;
  const Item networks = config.circuit->need("networks", "{ ... }");
  for (const Item& entry : networks.need("nodes", "a list of { nodes_file, node_types_file }").elements()) {
    const Item types_entry = entry.need("node_types_file", "the path of a CSV file");
    NodeTypes types(config, experiment,
                    TypeTable(types_entry.path(), "node_type_id", types_entry.file(), types_entry.key(), experiment));
    const h5::File file = open_h5(entry.need("nodes_file", "the path of an HDF5 file"), experiment);
    if (!file.has_group("nodes")) fail(file.file(), "/nodes", {}, "missing group", "a SONATA nodes file");
    const h5::Group nodes = file.group("nodes");
    for (const std::string& name : nodes.list()) {
      if (!nodes.has_group(name)) continue;
      NodePopulation summary;
      summary.spec = experiment.network.populations.size();
      PopulationSpec spec = read_population(nodes.group(name), name, types, summary);
      total += summary.size;
      if (total >= std::numeric_limits<NeuronId>::max()) {
        fail(file.file(), "/nodes/" + name, {}, "too many nodes in all: " + std::to_string(total),
             "fewer than 2^32 - 1");
      }
      if (!populations.emplace(name, summary).second) {
        fail(file.file(), "/nodes/" + name, {}, "a population of this name was read from another file");
      }
      experiment.places["populations." + name] = file.file();
      experiment.network.populations.push_back(std::move(spec));
    }
  }
  if (populations.empty()) fail(networks.file(), networks.key() + ".nodes", {}, "holds no population");
  return populations;
}

// ---------------------------------------------------------------------------------------------------------------------
// Edges

// What a row of edge_types.csv says. The defaults are those of NEST's static_synapse.
struct EdgeType {
  double weight = 1.0;
  double delay = 1.0;  // ms
  double nsyns = 1.0;
  bool has_weight = false;
};

class EdgeTypes {
 public:
  EdgeTypes(const Config& config, Experiment& experiment, TypeTable table)
      : config_(config), experiment_(experiment), table_(std::move(table)) {}

  const TypeTable& table() const { return table_; }
  const EdgeType* find(std::int64_t id) {
    if (const auto known = types_.find(id); known != types_.end()) return &known->second;
    const TypeTable::Row* row = table_.find(id);
    return row == nullptr ? nullptr : &types_.emplace(id, read(*row)).first->second;
  }

 private:
  EdgeType read(const TypeTable::Row& row) {
    EdgeType type;
    const std::string place = table_.place(row);
    const auto model = table_.cell(row, "model_template");
    if (model && *model != "static_synapse" && *model != "nest:static_synapse") {
      fail(place, "model_template", *model, "not available yet", "static_synapse");
    }
    if (const auto function = table_.cell(row, "weight_function")) {
      fail(place, "weight_function", *function, "not available", "NULL: the weight is syn_weight x nsyns");
    }
    if (const auto name = table_.cell(row, "dynamics_params")) {
      const fs::path path = component(config_, "synaptic_models_dir", *name, place);
      const Document document{
          path.string(), parse_json(read_text(path, place, "dynamics_params", experiment_), path.string()), Manifest()};
      for (const auto& [key, item] : Item(document).members()) {
        item.fail("not available: a static synapse has only a weight and a delay",
                  "{ }, with syn_weight and delay in " + table_.file() + " or in the edges");
      }
    }
    if (const auto weight = table_.number(row, "syn_weight")) {
      type.weight = *weight;
      type.has_weight = true;
    }
    if (const auto delay = table_.number(row, "delay")) {
      if (*delay <= 0) fail(place, "delay", as_text(*delay), "must be positive", "a number > 0 (ms)");
      type.delay = *delay;
    }
    if (const auto nsyns = table_.number(row, "nsyns")) {
      if (*nsyns < 0 || *nsyns != std::floor(*nsyns)) {
        fail(place, "nsyns", as_text(*nsyns), "must be a whole number", "0, 1, 2, ...");
      }
      type.nsyns = *nsyns;
    }
    return type;
  }

  const Config& config_;
  Experiment& experiment_;
  TypeTable table_;
  std::map<std::int64_t, EdgeType> types_;
};

// The attributes of one numbered group; an empty optional means that the edge type decides.
struct EdgeGroup {
  std::optional<std::vector<double>> weight, delay, nsyns;
  std::uint64_t rows = 0;
  bool sized = false;
};

EdgeGroup read_edge_group(const h5::Group& group) {
  EdgeGroup result;
  const auto read = [&](const char* name, const char* problem,
                        const auto& right) -> std::optional<std::vector<double>> {
    if (!group.has_dataset(name)) return std::nullopt;
    const h5::Dataset data = column(group, name, result.sized ? std::optional(result.rows) : std::nullopt);
    result.rows = data.rows();
    result.sized = true;
    std::vector<double> values = data.read<double>();
    for (std::size_t i = 0; i < values.size(); ++i) {
      if (!std::isfinite(values[i]) || !right(values[i]))
        fail(data.file(), element(data, i), as_text(values[i]), problem);
    }
    return values;
  };
  result.weight = read("syn_weight", "must be a finite number", [](double) { return true; });
  result.delay = read("delay", "must be positive (ms)", [](double v) { return v > 0; });
  result.nsyns = read("nsyns", "must be a whole number >= 0", [](double v) { return v >= 0 && v == std::floor(v); });
  if (group.exists("dynamics_params")) {
    if (!group.has_group("dynamics_params")) group.fail("not available per edge", "dynamics_params");
    const auto names = group.group("dynamics_params").list();
    if (!names.empty())
      group.fail("not available: a static synapse has only a weight and a delay", "dynamics_params/" + names[0]);
  }
  if (group.exists("model_template")) group.fail("not available per edge", "model_template");
  return result;
}

// The population at one end of the edges.
std::string end_population(const h5::Dataset& ids, const NodePopulations& populations) {
  const auto name = ids.text_attribute("node_population");
  std::vector<std::string> known;
  for (const auto& [population, unused] : populations) known.push_back(population);
  if (!name) {
    fail(ids.file(), ids.path(), {}, "missing attribute node_population", "one of " + joined(known));
  }
  if (!populations.contains(*name)) {
    fail(ids.file(), ids.path() + "@node_population", *name, "no such population", "one of " + joined(known),
         nearest(*name, known));
  }
  return *name;
}

ProjectionSpec read_projection(const h5::Group& population, const std::string& name, EdgeTypes& types,
                               const NodePopulations& populations, Experiment& experiment) {
  const h5::Dataset source = column(population, "source_node_id", std::nullopt);
  const std::uint64_t rows = source.rows();
  const h5::Dataset target = column(population, "target_node_id", rows);
  const h5::Dataset type_ids = column(population, "edge_type_id", rows);

  ProjectionSpec spec;
  spec.name = name;
  spec.connect.rule = Connect::Rule::list;
  const std::string source_name = end_population(source, populations),
                    target_name = end_population(target, populations);
  const NodePopulation& from = populations.at(source_name);
  const NodePopulation& to = populations.at(target_name);
  if (to.is_virtual) {
    fail(target.file(), target.path() + "@node_population", target_name, "virtual nodes cannot receive spikes",
         "a population of point neurons");
  }
  spec.source.push_back({.population = source_name, .begin = 0, .end = std::nullopt, .step = 1});
  spec.target.push_back({.population = target_name, .begin = 0, .end = std::nullopt, .step = 1});

  Groups groups(population, "edge", rows);
  std::vector<EdgeGroup> attributes;
  auto edges = std::make_shared<EdgeList>();
  edges->source.reserve(rows);
  edges->target.reserve(rows);
  Numbers weights, delays;
  bool default_weight = false;
  std::vector<std::uint32_t> group_of;
  std::vector<std::uint64_t> index_of;

  const auto check_node = [](const h5::Dataset& data, std::uint64_t row, std::int64_t id, std::uint32_t size) {
    if (id >= 0 && id < static_cast<std::int64_t>(size)) return static_cast<std::uint32_t>(id);
    fail(data.file(), element(data, row), std::to_string(id), "no such node",
         "0 to " + std::to_string(size - 1) + ", the nodes of " + data.text_attribute("node_population").value_or("?"));
  };
  for (std::uint64_t first = 0; first < rows; first += slab) {
    const std::uint64_t count = std::min(slab, rows - first);
    const auto sources = source.read<std::int64_t>(first, count);
    const auto targets = target.read<std::int64_t>(first, count);
    const auto type_id = type_ids.read<std::int64_t>(first, count);
    groups.read(first, count, group_of, index_of);
    while (attributes.size() < groups.names().size()) {
      const std::string& group = groups.names()[attributes.size()];
      const bool absent = groups.implicit() && !population.has_group(group);
      attributes.push_back(absent ? EdgeGroup{} : read_edge_group(population.group(group)));
    }
    const EdgeType* type = nullptr;
    for (std::uint64_t i = 0; i < count; ++i) {
      const std::uint64_t row = first + i;
      const std::uint32_t source_id = check_node(source, row, sources[i], from.size);
      const std::uint32_t target_id = check_node(target, row, targets[i], to.size);
      if (i == 0 || type_id[i] != type_id[i - 1]) type = types.find(type_id[i]);
      if (type == nullptr) {
        fail(type_ids.file(), element(type_ids, row), std::to_string(type_id[i]), "not in " + types.table().file(),
             "one of " + types.table().ids());
      }
      const EdgeGroup& group = attributes[group_of[i]];
      if (group.sized && index_of[i] >= group.rows) {
        fail(population.file(), groups.index_place(row), std::to_string(index_of[i]),
             "group " + groups.names()[group_of[i]] + " has only " + std::to_string(group.rows) + " values");
      }
      const double nsyns = group.nsyns ? (*group.nsyns)[index_of[i]] : type->nsyns;
      if (nsyns == 0) continue;
      default_weight |= !group.weight && !type->has_weight;
      const double weight = nsyns * (group.weight ? (*group.weight)[index_of[i]] : type->weight);
      if (!std::isfinite(weight))
        fail(population.file(), population.path(), as_text(weight), "syn_weight x nsyns is not finite");
      edges->source.push_back(source_id);
      edges->target.push_back(target_id);
      weights.add(weight);
      delays.add(group.delay ? (*group.delay)[index_of[i]] : type->delay);
    }
  }
  if (default_weight) {
    experiment.warnings.push_back(population.file() + ": " + population.path() +
                                  " has edges without syn_weight; they get weight 1, the default of static_synapse.");
  }
  spec.connect.edges = std::move(edges);
  spec.weight = std::move(weights).take(1.0);
  spec.delay = std::move(delays).take(1.0);
  return spec;
}

void read_edges(const Config& config, const NodePopulations& populations, Experiment& experiment) {
  const Item networks = config.circuit->need("networks", "{ ... }");
  const auto list = networks.find("edges");
  if (!list) return;
  std::set<std::string> names;
  for (const Item& entry : list->elements()) {
    if (!enabled(entry)) continue;
    const Item types_entry = entry.need("edge_types_file", "the path of a CSV file");
    EdgeTypes types(config, experiment,
                    TypeTable(types_entry.path(), "edge_type_id", types_entry.file(), types_entry.key(), experiment));
    const h5::File file = open_h5(entry.need("edges_file", "the path of an HDF5 file"), experiment);
    if (!file.has_group("edges")) fail(file.file(), "/edges", {}, "missing group", "a SONATA edges file");
    const h5::Group edges = file.group("edges");
    for (const std::string& name : edges.list()) {
      if (!edges.has_group(name)) continue;
      if (!names.insert(name).second) {
        fail(file.file(), "/edges/" + name, {}, "an edge population of this name was read before");
      }
      experiment.network.projections.push_back(
          read_projection(edges.group(name), name, types, populations, experiment));
      experiment.places["projections." + name] = file.file();
    }
  }
}

// ---------------------------------------------------------------------------------------------------------------------
// Inputs

// Nodes that an input goes to: whole populations, or some ids of them.
struct NodeChoice {
  std::string population;
  std::optional<std::vector<std::uint64_t>> ids;  // sorted
};

class NodeSets {
 public:
  NodeSets(const Config& config, const NodePopulations& populations, Experiment& experiment)
      : populations_(populations) {
    for (const Item& item : config.all) {
      if (const auto sets = item.find("node_sets")) add(*sets);
      if (const auto file = item.find("node_sets_file")) {
        documents_.push_back(load_document(file->path(), file->file(), file->key(), experiment));
        add(Item(*documents_.back()));
      }
    }
  }

  // `where` is a name, or the definition itself.
  std::vector<NodeChoice> resolve(const Item& where) const {
    std::vector<NodeChoice> choices;
    add_choices(where, choices, 0);
    return choices;
  }

 private:
  void add(const Item& sets) {
    for (const auto& [name, item] : sets.members()) {
      if (!sets_.emplace(name, item).second) item.fail("a node set of this name was given before");
    }
  }

  void add_choices(const Item& item, std::vector<NodeChoice>& choices, std::size_t depth) const {
    if (depth > deepest) item.fail("node sets refer to each other in a circle");
    if (choices.size() > 65536) item.fail("names too many node sets");
    if (item.is_list()) {
      for (const Item& part : item.elements()) {
        if (!part.is_text()) part.fail("must be the name of a node set", "\"...\"");
        add_choices(part, choices, depth + 1);
      }
      return;
    }
    if (item.is_text()) {
      const std::string name = item.text();
      if (const auto found = sets_.find(name); found != sets_.end())
        return add_choices(found->second, choices, depth + 1);
      if (populations_.contains(name)) {
        choices.push_back({name, std::nullopt});
        return;
      }
      std::vector<std::string> known;
      for (const auto& [set, unused] : sets_) known.push_back(set);
      for (const auto& [population, unused] : populations_) {
        if (!sets_.contains(population)) known.push_back(population);
      }
      item.fail("no such node set or population", "one of " + joined(known), nearest(name, known));
    }

    for (const auto& [key, member] : item.members()) {
      if (key != "population" && key != "node_id") {
        member.fail("not available yet: nodes are chosen by population and node_id",
                    "{ \"population\": ..., \"node_id\": [...] }");
      }
    }
    std::optional<std::vector<std::uint64_t>> ids;
    if (const auto list = item.find("node_id")) {
      ids.emplace();
      if (list->is_list()) {
        for (const Item& id : list->elements()) ids->push_back(id.count());
      } else {
        ids->push_back(list->count());
      }
      std::ranges::sort(*ids);
    }
    const Item population = item.need("population", "the name of a population");
    const std::vector<Item> names = population.is_list() ? population.elements() : std::vector<Item>{population};
    for (const Item& part : names) {
      const std::string name = part.text();
      const auto found = populations_.find(name);
      if (found == populations_.end()) {
        std::vector<std::string> known;
        for (const auto& [other, unused] : populations_) known.push_back(other);
        part.fail("no such population", "one of " + joined(known), nearest(name, known));
      }
      if (ids && !ids->empty() && ids->back() >= found->second.size) {
        fail(item.file(), item.key() + ".node_id", std::to_string(ids->back()), "no such node in " + name,
             "0 to " + std::to_string(found->second.size - 1));
      }
      choices.push_back({name, ids});
    }
  }

  const NodePopulations& populations_;
  std::vector<std::unique_ptr<Document>> documents_;
  std::map<std::string, Item> sets_;
};

// Keys that were read over; they go into one warning.
using Unused = std::vector<std::string>;

void note_unused(const Item& item, std::initializer_list<std::string_view> known, Unused& unused) {
  for (const auto& [name, member] : item.members()) {
    if (std::ranges::find(known, name) == known.end()) unused.push_back(member.key());
  }
}

// Spikes that arrive at one virtual population, in the order in which the inputs give them.
struct Arrivals {
  std::vector<std::uint32_t> ids;
  std::vector<double> times;  // ms
  bool any_input = false;
};

std::shared_ptr<const SpikeTrains> to_trains(const Arrivals& arrivals, std::uint32_t size) {
  auto trains = std::make_shared<SpikeTrains>();
  trains->begin.assign(std::size_t{size} + 1, 0);
  for (const std::uint32_t id : arrivals.ids) ++trains->begin[id + 1];
  for (std::size_t i = 0; i < size; ++i) trains->begin[i + 1] += trains->begin[i];
  trains->times.resize(arrivals.times.size());
  std::vector<std::uint64_t> next(trains->begin.begin(), trains->begin.end() - 1);
  for (std::size_t i = 0; i < arrivals.ids.size(); ++i) trains->times[next[arrivals.ids[i]]++] = arrivals.times[i];
  return trains;
}

void read_spike_input(const Item& input, const NodeSets& sets, const NodePopulations& populations, double duration,
                      std::map<std::string, Arrivals>& arrivals, Experiment& experiment) {
  const Item module = input.need("module", "h5 or sonata");
  if (module.text() != "h5" && module.text() != "sonata") module.fail("not available yet", "h5 or sonata");
  const Item file = input.need("input_file", "the path of an HDF5 file with spikes");
  const fs::path path = file.path();
  std::error_code error;
  if (!fs::is_regular_file(path, error)) fail(file.file(), file.key(), path.string(), "no such file");
  if (std::ranges::find(experiment.files, path.string()) == experiment.files.end())
    experiment.files.push_back(path.string());

  const bool named = !spike_populations(path.string()).empty();
  for (const NodeChoice& choice : sets.resolve(input.need("node_set", "the name of a node set"))) {
    const NodePopulation& population = populations.at(choice.population);
    if (!population.is_virtual) {
      fail(input.file(), input.key() + ".node_set", choice.population, "spikes can only be played into virtual nodes",
           "a population of model_type virtual");
    }
    const RecordedSpikes spikes = read_spikes(path.string(), choice.population);
    Arrivals& all = arrivals[choice.population];
    all.any_input = true;
    std::uint64_t at_zero = 0;
    for (std::size_t i = 0; i < spikes.times.size(); ++i) {
      const std::uint64_t id = spikes.nodes[i];
      const double time = spikes.times[i];
      const auto place = [&](const char* dataset) {
        return (named ? "/spikes/" + choice.population : "/spikes") + "/" + dataset + "[" + std::to_string(i) + "]";
      };
      if (id >= population.size) {
        fail(path.string(), place(named ? "node_ids" : "gids"), std::to_string(id),
             "no such node in " + choice.population, "0 to " + std::to_string(population.size - 1));
      }
      if (!std::isfinite(time) || time < 0) {
        fail(path.string(), place("timestamps"), as_text(time), "not a time of the simulation", "a number > 0 (ms)");
      }
      if (choice.ids && !std::ranges::binary_search(*choice.ids, id)) continue;
      if (time > duration) continue;
      // Times are rounded to a microsecond before they become ticks.
      if (std::round(time * 1000.0) <= 0) {
        ++at_zero;
        continue;
      }
      all.ids.push_back(static_cast<std::uint32_t>(id));
      all.times.push_back(time);
    }
    if (at_zero != 0) {
      experiment.warnings.push_back(path.string() + ": " + std::to_string(at_zero) + " spikes of " + choice.population +
                                    " at time 0 are left out: nothing can be delivered at the start.");
    }
  }
}

void read_inputs(const Config& config, const NodePopulations& populations, Experiment& experiment, Unused& unused) {
  const NodeSets sets(config, populations, experiment);
  std::map<std::string, Arrivals> arrivals;
  if (const auto inputs = config.simulation ? config.simulation->find("inputs") : std::nullopt) {
    for (const auto& [name, input] : inputs->members()) {
      if (!enabled(input)) continue;
      const Item type = input.need("input_type", "spikes");
      if (type.text() != "spikes") type.fail("not available yet", "spikes");
      read_spike_input(input, sets, populations, experiment.duration, arrivals, experiment);
      note_unused(input, {"enabled", "input_type", "module", "input_file", "node_set"}, unused);
    }
  }
  for (const auto& [name, population] : populations) {
    if (!population.is_virtual) continue;
    const Arrivals& all = arrivals[name];
    experiment.network.populations[population.spec].trains = to_trains(all, population.size);
    if (!all.any_input) {
      experiment.warnings.push_back("Population " + name + " is virtual and has no input: it stays silent.");
    }
  }
}

// ---------------------------------------------------------------------------------------------------------------------
// Run, output, reports, overrides

struct Overrides {
  std::optional<double> duration, dt;
  std::optional<std::uint64_t> seed;
  std::optional<Precision> precision;
  std::optional<std::uint32_t> lanes;
};

Overrides parse_overrides(const std::vector<std::string>& texts) {
  const std::vector<std::string> known{"simulation.duration", "simulation.dt", "simulation.seed",
                                       "simulation.precision", "simulation.lanes"};
  const std::string place = "--set";
  Overrides result;
  for (const std::string& text : texts) {
    const std::size_t equal = text.find('=');
    if (equal == std::string::npos) fail(place, {}, "\"" + text + "\"", "has no =", "key=value");
    const auto trimmed = [](std::string part) {
      while (!part.empty() && part.back() == ' ') part.pop_back();
      part.erase(0, std::min(part.find_first_not_of(' '), part.size()));
      if (part.size() >= 2 && part.front() == '"' && part.back() == '"') part = part.substr(1, part.size() - 2);
      return part;
    };
    const std::string key = trimmed(text.substr(0, equal)), value = trimmed(text.substr(equal + 1));
    const auto number = [&](auto& to, const char* expected) {
      to = parse_number<typename std::remove_reference_t<decltype(to)>::value_type>(value);
      if (!to) fail(place, key, value, "must be " + std::string(expected));
    };
    if (key == "simulation.duration") {
      number(result.duration, "a number (ms)");
    } else if (key == "simulation.dt") {
      number(result.dt, "a number (ms)");
    } else if (key == "simulation.seed") {
      number(result.seed, "a whole number");
    } else if (key == "simulation.lanes") {
      number(result.lanes, "a whole number from 1 to 65536");
      if (*result.lanes < 1 || *result.lanes > 65536) fail(place, key, value, "out of range", "1 to 65536");
    } else if (key == "simulation.precision") {
      if (value != "single" && value != "double") fail(place, key, value, "unknown precision", "single or double");
      result.precision = value == "single" ? Precision::single_ : Precision::double_;
    } else {
      fail(place, key, {}, "cannot be set for a SONATA network", "one of " + joined(known), nearest(key, known));
    }
  }
  return result;
}

void read_run(const Config& config, const Overrides& overrides, Experiment& experiment, Unused& unused) {
  NetworkSpec& network = experiment.network;
  network.precision = overrides.precision.value_or(Precision::double_);
  network.lanes = overrides.lanes.value_or(0);

  const auto run = config.simulation ? config.simulation->find("run") : std::nullopt;
  if (run) note_unused(*run, {"tstop", "dt", "random_seed", "tstart"}, unused);
  if (const auto start = run ? run->find("tstart") : std::nullopt; start && start->number() != 0) {
    start->fail("a run starts at 0", "0");
  }

  struct Quantity {
    double value;
    std::string file, key;
  };
  const auto quantity = [&](const char* name, const char* set_name, std::optional<double> set,
                            std::optional<double> fallback) -> Quantity {
    const std::string key = "simulation." + std::string(set_name);
    Quantity result;
    if (set) {
      result = {*set, "--set", key};
    } else if (const auto item = run ? run->find(name) : std::nullopt) {
      result = {item->number(), item->file(), item->key()};
    } else if (fallback) {
      return {*fallback, config.all.front().file(), key};
    } else {
      const Item& where = config.simulation ? *config.simulation : config.all.front();
      fail(where.file(), "run." + std::string(name), {}, "missing", "how long to simulate (ms)");
    }
    experiment.places[key] = result.file;
    if (!(result.value > 0) || !std::isfinite(result.value)) {
      fail(result.file, result.key, as_text(result.value), "must be positive", "a number > 0 (ms)");
    }
    return result;
  };
  const Quantity dt = quantity("dt", "dt", overrides.dt, 0.1);
  if (dt.value < 1e-6 || dt.value > 1000) {
    fail(dt.file, dt.key, as_text(dt.value), "out of range", "a number from 1e-6 to 1000 (ms)");
  }
  const Quantity stop = quantity("tstop", "duration", overrides.duration, std::nullopt);
  const double ticks = stop.value / dt.value;
  constexpr double max_ticks = 9007199254740992.0;  // whole numbers that a double counts without gaps
  if (ticks > max_ticks) fail(stop.file, stop.key, as_text(stop.value), "too long", "at most 2^53 ticks of dt");
  if (std::round(ticks) < 1) {
    fail(stop.file, stop.key, as_text(stop.value), "shorter than one tick", "at least " + as_text(dt.value) + " (ms)");
  }
  experiment.ticks = static_cast<Tick>(std::round(ticks));
  network.dt = dt.value;
  experiment.duration = static_cast<double>(experiment.ticks) * network.dt;
  if (std::abs(experiment.duration - stop.value) > 1e-9 * stop.value) {
    experiment.warnings.push_back(stop.file + ": " + stop.key + " = " + as_text(stop.value) + " ms is rounded to " +
                                  std::to_string(experiment.ticks) + " ticks of " + as_text(dt.value) + " ms.");
  }
  if (overrides.seed) {
    network.seed = *overrides.seed;
  } else if (const auto seed = run ? run->find("random_seed") : std::nullopt) {
    network.seed = seed->count();
  }
}

void read_rest(const Config& config, Experiment& experiment, Unused& unused) {
  for (const Item& item : config.all) {
    note_unused(item,
                {"manifest", "components", "networks", "network", "simulation", "target_simulator", "run", "conditions",
                 "node_sets_file", "node_sets", "inputs", "output", "reports", "version", "metadata"},
                unused);
  }
  if (!config.simulation) return;
  if (const auto conditions = config.simulation->find("conditions")) {
    note_unused(*conditions, {"v_init"}, unused);
    if (const auto v_init = conditions->find("v_init")) {
      experiment.warnings.push_back(v_init->file() +
                                    ": conditions.v_init is not used; potentials start at the defaults of "
                                    "NEST (iaf models: -70 mV) unless dynamics_params sets V_m.");
    }
  }
  if (const auto output = config.simulation->find("output")) {
    note_unused(*output, {"output_dir", "spikes_file", "spikes_sort_order"}, unused);
    if (const auto folder = output->find("output_dir")) experiment.output_directory = folder->path().string();
    if (const auto file = output->find("spikes_file"); file && file->path().filename() != "spikes.h5") {
      experiment.warnings.push_back(file->file() + ": the spikes are written to spikes.h5, not to " + file->text() +
                                    ".");
    }
    if (const auto order = output->find("spikes_sort_order")) {
      const std::string text = order->text();
      if (text != "time" && text != "by_time" && text != "none") {
        experiment.warnings.push_back(order->file() + ": spikes are sorted by time, not " + text + ".");
      }
    }
  }
  if (const auto reports = config.simulation->find("reports")) {
    for (const auto& [name, report] : reports->members()) {
      if (!enabled(report)) continue;
      const auto part = [&report = report](const char* key) {
        const auto found = report.find(key);
        return found && found->is_text() ? found->text() : std::string();
      };
      const std::string variable = part("variable_name"), cells = part("cells");
      experiment.warnings.push_back(
          report.file() + ": report " + name +
          (variable.empty() ? "" : " (" + variable + (cells.empty() ? "" : " of " + cells) + ")") +
          " is not recorded: reports are not available yet.");
    }
  }
}

}  // namespace

Experiment read_sonata_config(const fs::path& path, const std::vector<std::string>& override_texts) {
  try {
    Experiment experiment;
    experiment.path = path.string();
    experiment.overrides = override_texts;
    const Overrides overrides = parse_overrides(override_texts);
    const Config config = load_config(path, experiment);
    Unused unused;
    if (config.simulation) experiment.places["simulation"] = config.simulation->file();
    read_run(config, overrides, experiment, unused);
    const NodePopulations populations = read_nodes(config, experiment);
    read_edges(config, populations, experiment);
    read_inputs(config, populations, experiment, unused);
    read_rest(config, experiment, unused);
    if (!unused.empty()) {
      experiment.warnings.push_back(experiment.path + ": not used: " + joined(unused) + ".");
    }
    for (const PopulationSpec& population : experiment.network.populations) {
      if (!populations.at(population.name).is_virtual) {
        experiment.record.populations.push_back(
            {.population = population.name, .begin = 0, .end = std::nullopt, .step = 1});
      }
    }
    experiment.record.present = !experiment.record.populations.empty();
    return experiment;
  } catch (const h5::Error& error) {
    throw ExperimentError(error.complaint());
  } catch (const json::exception&) {
    fail(path.string(), {}, {}, "not a SONATA config");
  }
}

}  // namespace rheo
