#include "io/text/toml_document.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <sstream>
#include <system_error>
#include <tuple>
#include <utility>

#include "core/diagnostics.hpp"
#include "io/text/trimmed.hpp"

#define TOML_EXCEPTIONS 1
#include <toml++/toml.h>

namespace rheo {

namespace fs = std::filesystem;

namespace {

// Long lists belong into HDF5 files; a larger text is a mistake, and parsing it would need many times its size.
constexpr std::size_t max_file_bytes = std::size_t{64} << 20;
// Longest chain of includes; longer than any sane one, short enough for the stack.
constexpr std::size_t max_includes = 32;

[[noreturn]] void reject_text(std::string file, std::string key, std::string value, std::string problem,
                              std::string expected = {}) {
  reject<ExperimentError>({.file = std::move(file),
                           .key = std::move(key),
                           .value = std::move(value),
                           .problem = std::move(problem),
                           .expected = std::move(expected)});
}

std::string read_text(const std::string& path) {
  std::error_code error;
  if (fs::is_directory(path, error)) reject_text(path, {}, {}, "is a directory", "an experiment file (TOML)");
  struct Close {
    void operator()(std::FILE* file) const { std::fclose(file); }
  };
  const std::unique_ptr<std::FILE, Close> file(std::fopen(path.c_str(), "rb"));
  if (!file) reject_text(path, {}, {}, fmt::format("cannot be opened: {}", std::strerror(errno)));
  std::string text;
  std::vector<char> piece(std::size_t{1} << 16);
  while (true) {
    const std::size_t count = std::fread(piece.data(), 1, piece.size(), file.get());
    text.append(piece.data(), count);
    if (text.size() > max_file_bytes) {
      reject_text(path, {}, {}, "is larger than 64 MiB",
                  "long lists in an HDF5 file: { file = \"w.h5\", dataset = \"/w\" }");
    }
    if (count < piece.size()) break;
  }
  if (std::ferror(file.get())) reject_text(path, {}, {}, fmt::format("cannot be read: {}", std::strerror(errno)));
  return text;
}

// The parser limits how deep values nest, but not the parts of a dotted key; a hostile key of a million parts would end
// in a stack overflow when the tree is destroyed. One pass over the text finds such keys before it is parsed.
void reject_long_keys(const std::string& text, const std::string& name, bool has_lines) {
  std::size_t dots = 0, line = 1, i = 0;
  const auto starts = [&](std::string_view word) { return text.compare(i, word.size(), word) == 0; };
  const auto skip_string = [&] {
    const char quote = text[i];
    const bool escapes = quote == '"';
    const std::string three(3, quote);
    const bool multiline = starts(three);
    i += multiline ? 3 : 1;
    for (; i < text.size(); ++i) {
      if (escapes && text[i] == '\\') {
        ++i;
        if (i < text.size() && text[i] == '\n') ++line;
        continue;
      }
      if (text[i] == '\n') {
        if (!multiline) return;  // not closed: the parser will say so
        ++line;
      }
      if (multiline ? starts(three) : text[i] == quote) {
        i += multiline ? 3 : 1;
        while (multiline && i < text.size() && text[i] == quote) ++i;  // quotes that stand right before the end
        return;
      }
    }
  };
  while (i < text.size()) {
    const char c = text[i];
    if (c == '"' || c == '\'') {
      skip_string();
      continue;
    }
    if (c == '#') {
      while (i < text.size() && text[i] != '\n') ++i;
      continue;
    }
    if (c == '.') {
      if (++dots >= max_toml_key_parts) {
        reject_text(has_lines ? fmt::format("{}:{}", name, line) : name, {}, {},
                    fmt::format("a key of more than {} parts", max_toml_key_parts));
      }
    } else if (c == '\n' || c == ',' || c == '=' || c == '[' || c == ']' || c == '{' || c == '}') {
      dots = 0;
      line += c == '\n';
    }
    ++i;
  }
}

struct Position {
  std::uint32_t line = 0, column = 0;
  auto operator<=>(const Position&) const = default;
};

Position position_of(const toml::source_region& region) {
  return {region.begin.line, region.begin.column};
}

class Converter {
 public:
  explicit Converter(std::shared_ptr<const TomlSource> source) : source_(std::move(source)) {}

  TomlNode convert(const toml::node& from) const {
    TomlNode node;
    node.source = source_;
    node.line = from.source().begin.line;
    if (const auto* flag = from.as_boolean()) {
      node.kind = TomlNode::Kind::boolean;
      node.boolean = flag->get();
    } else if (const auto* integer = from.as_integer()) {
      node.kind = TomlNode::Kind::integer;
      node.integer = integer->get();
    } else if (const auto* real = from.as_floating_point()) {
      node.kind = TomlNode::Kind::real;
      node.real = real->get();
    } else if (const auto* text = from.as_string()) {
      node.kind = TomlNode::Kind::text;
      node.text = text->get();
    } else if (const auto* list = from.as_array()) {
      convert_list(*list, node);
    } else if (const auto* table = from.as_table()) {
      convert_table(*table, node);
    } else {
      node.kind = TomlNode::Kind::date;
      std::ostringstream written;
      written << toml::node_view<const toml::node>(from);
      node.text = written.str();
    }
    return node;
  }

 private:
  void convert_list(const toml::array& list, TomlNode& node) const {
    const auto is_number = [](const toml::node& item) { return item.is_number(); };
    if (!list.empty() && std::all_of(list.begin(), list.end(), is_number)) {
      node.kind = TomlNode::Kind::numbers;
      node.numbers.reserve(list.size());
      for (const toml::node& item : list) {
        const auto* integer = item.as_integer();
        node.has_reals |= integer == nullptr;
        node.numbers.push_back(integer ? static_cast<double>(integer->get()) : item.as_floating_point()->get());
      }
      return;
    }
    node.kind = TomlNode::Kind::list;
    node.items.reserve(list.size());
    for (const toml::node& item : list) node.items.push_back(convert(item));
  }

  void convert_table(const toml::table& table, TomlNode& node) const {
    node.kind = TomlNode::Kind::table;
    // The library sorts tables by key; the order of declaration is where a key, or anything below it, first stands.
    std::vector<std::tuple<Position, const toml::key*, const toml::node*>> order;
    for (const auto& [key, value] : table) order.emplace_back(first_position(key, value), &key, &value);
    std::sort(order.begin(), order.end(), [](const auto& a, const auto& b) { return std::get<0>(a) < std::get<0>(b); });
    node.entries.reserve(order.size());
    for (const auto& [position, key, value] : order) {
      TomlNode child = convert(*value);
      child.line = key->source().begin.line;
      if (child.line == 0) child.line = position.line;
      node.entries.emplace_back(std::string(key->str()), std::move(child));
    }
  }

  static Position first_position(const toml::key& key, const toml::node& value) {
    Position first = position_of(key.source());
    const auto earlier = [&first](Position other) {
      if (other.line != 0 && (first.line == 0 || other < first)) first = other;
    };
    earlier(position_of(value.source()));
    if (const auto* table = value.as_table())
      for (const auto& [inner_key, inner] : *table) earlier(first_position(inner_key, inner));
    return first;
  }

  std::shared_ptr<const TomlSource> source_;
};

// Which tables are merged entry by entry: the root, its sections, what is named in a section, and params and initial
// of a population. Everything else is one setting.
bool is_merged(const std::vector<std::string>& path) {
  if (path.size() <= 2) return true;
  return path.size() == 3 && path[0] == "populations" && (path[2] == "params" || path[2] == "initial");
}

void merge_over(TomlNode& base, TomlNode&& over, std::vector<std::string>& path) {
  for (auto& [key, node] : over.entries) {
    TomlNode* known = base.find(key);
    if (!known) {
      base.entries.emplace_back(key, std::move(node));
      continue;
    }
    path.push_back(key);
    if (known->kind == TomlNode::Kind::table && node.kind == TomlNode::Kind::table && is_merged(path)) {
      known->source = node.source;
      known->line = node.line;
      merge_over(*known, std::move(node), path);
    } else {
      *known = std::move(node);
    }
    path.pop_back();
  }
}

class DocumentReader {
 public:
  TomlNode read(const std::string& path) {
    const std::string text = read_text(path);
    reject_long_keys(text, path, true);
    const auto source = std::make_shared<const TomlSource>(
        TomlSource{.name = path, .directory = fs::path(path).parent_path(), .has_lines = true});
    files_.push_back(path);
    TomlNode root = parse(text, source);
    TomlNode* include = root.find("include");
    if (!include) return root;

    if (include->kind != TomlNode::Kind::text || include->text.empty()) {
      reject_text(include->place(), "include", include->written(), "is " + include->what(),
                  "the path of one base file");
    }
    const std::string base_path = (source->directory / include->text).string();
    std::error_code error;
    fs::path identity = fs::weakly_canonical(path, error);
    open_.push_back(error ? fs::path(path) : identity);
    identity = fs::weakly_canonical(base_path, error);
    if (!error && std::find(open_.begin(), open_.end(), identity) != open_.end())
      reject_text(include->place(), "include", include->written(), "includes itself, directly or through other files");
    if (open_.size() > max_includes) {
      reject_text(include->place(), "include", include->written(),
                  fmt::format("a chain of more than {} includes", max_includes));
    }
    if (!fs::exists(base_path, error))
      reject_text(include->place(), "include", include->written(), fmt::format("no such file: {}", base_path));
    TomlNode base = read(base_path);
    open_.pop_back();
    std::erase_if(root.entries, [](const auto& entry) { return entry.first == "include"; });
    std::vector<std::string> key;
    merge_over(base, std::move(root), key);
    base.source = source;
    return base;
  }

  static TomlNode parse(const std::string& text, const std::shared_ptr<const TomlSource>& source) {
    try {
      return Converter(source).convert(toml::parse(text, source->name));
    } catch (const toml::parse_error& error) {
      const std::string place =
          source->has_lines ? fmt::format("{}:{}", source->name, error.source().begin.line) : source->name;
      reject_text(place, {}, {}, fmt::format("not valid TOML: {}", error.description()));
    }
  }

  std::vector<std::string> take_files() { return std::move(files_); }

 private:
  std::vector<std::string> files_;
  std::vector<fs::path> open_;  // the chain of includes that is being read
};

TomlNode parse_override(const std::string& key, const std::string& text,
                        const std::shared_ptr<const TomlSource>& source) {
  if (text.empty()) reject_text("--set", key, {}, "has no value", "a.b.c=value");
  const bool quoted = std::string_view("[{\"'").find(text.front()) != std::string_view::npos;
  const std::string line = "value = " + text;
  reject_long_keys(line, source->name, false);
  std::string problem;
  try {
    TomlNode parsed = DocumentReader::parse(line, source);
    if (parsed.entries.size() == 1) return std::move(parsed.entries.front().second);
    problem = "holds more than one value";
  } catch (const ExperimentError& error) {
    problem = error.complaint().problem;
  }
  if (quoted) reject_text("--set", key, text, problem, "a TOML value");
  TomlNode word;  // a bare word: shells eat quotes, so that people should not have to write two pairs of them
  word.kind = TomlNode::Kind::text;
  word.text = text;
  word.source = source;
  return word;
}

void apply_override(TomlNode& root, const std::string& setting, const std::shared_ptr<const TomlSource>& source) {
  const std::size_t equals = setting.find('=');
  if (equals == std::string::npos)
    reject_text("--set", {}, {}, fmt::format("\"{}\" is not a setting", setting), "a.b.c=value");
  const std::string key(trimmed(std::string_view(setting).substr(0, equals)));
  set_toml_value(root, key,
                 parse_override(key, std::string(trimmed(std::string_view(setting).substr(equals + 1))), source));
}

}  // namespace

TomlDocument read_toml_document(const std::string& path, const std::vector<std::string>& overrides) {
  DocumentReader reader;
  TomlDocument document{.root = reader.read(path), .files = {}};
  document.files = reader.take_files();
  const auto source = std::make_shared<const TomlSource>(
      TomlSource{.name = "--set", .directory = fs::path(path).parent_path(), .has_lines = false});
  for (const std::string& setting : overrides) apply_override(document.root, setting, source);
  return document;
}

}  // namespace rheo
