#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "core/diagnostics.hpp"
#include "io/text/numbers.hpp"
#include "io/text/toml_document.hpp"

namespace rheo {

namespace {

[[noreturn]] void reject_set_key(std::string place, std::string key, std::string value, std::string problem,
                                 std::string expected = {}, std::string suggestion = {}) {
  reject<ExperimentError>({.file = std::move(place),
                           .key = std::move(key),
                           .value = std::move(value),
                           .problem = std::move(problem),
                           .expected = std::move(expected),
                           .suggestion = std::move(suggestion)});
}

bool is_bare(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
}

std::vector<std::string> split_key(const std::string& key, const std::string& place) {
  std::vector<std::string> parts;
  std::string part;
  for (std::size_t i = 0; i <= key.size(); ++i) {
    if (i == key.size() || key[i] == '.') {
      if (part.empty() || parts.size() == max_toml_key_parts)
        reject_set_key(place, {}, {}, fmt::format("\"{}\" is no key", key), "a.b.c");
      parts.push_back(std::move(part));
      part.clear();
    } else if (is_bare(key[i])) {
      part += key[i];
    } else {
      reject_set_key(place, {}, {}, fmt::format("\"{}\" is no key: it holds '{}'", key, key[i]), "a.b.c");
    }
  }
  return parts;
}

// The entry of a list that a part of a key names by its number.
TomlNode* numbered(TomlNode& list, const std::string& part) {
  if (list.kind != TomlNode::Kind::list) return nullptr;
  const auto index = parse_number<std::size_t>(part);
  return index && *index < list.items.size() ? &list.items[*index] : nullptr;
}

// A real number looks like one: 20.0, not 20.
std::string real_text(double number) {
  std::string text = fmt::format("{}", number);
  if (std::isfinite(number) && text.find_first_of(".e") == std::string::npos) text += ".0";
  return text;
}

// As a basic string of TOML, whatever it holds.
std::string quoted_text(const std::string& text) {
  std::string quoted = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      quoted += '\\';
      quoted += c;
    } else if (byte < 0x20 || byte == 0x7f) {
      quoted += fmt::format("\\u{:04x}", byte);
    } else {
      quoted += c;
    }
  }
  return quoted + '"';
}

// As it was written; nothing is added once the text is longer than the limit. reads_back: whatever the texts hold.
void append_toml(const TomlNode& node, std::string& to, std::size_t limit, bool reads_back) {
  if (to.size() > limit) return;
  const auto append_all = [&](const auto& parts, const auto& append) {
    const char* separator = "";
    for (const auto& part : parts) {
      to += std::exchange(separator, ", ");
      append(part);
      if (to.size() > limit) return false;
    }
    return true;
  };
  const auto key_text = [&](const std::string& key) {
    const bool is_fine = !reads_back || (!key.empty() && std::all_of(key.begin(), key.end(), is_bare));
    return is_fine ? key : quoted_text(key);
  };
  switch (node.kind) {
    case TomlNode::Kind::boolean:
      to += node.boolean ? "true" : "false";
      break;
    case TomlNode::Kind::integer:
      to += fmt::format("{}", node.integer);
      break;
    case TomlNode::Kind::real:
      to += real_text(node.real);
      break;
    case TomlNode::Kind::text:
      to += reads_back ? quoted_text(node.text) : '"' + node.text + '"';
      break;
    case TomlNode::Kind::date:
      to += node.text;
      break;
    case TomlNode::Kind::numbers:
      to += '[';
      if (append_all(node.numbers, [&](double x) { to += node.has_reals ? real_text(x) : fmt::format("{}", x); }))
        to += ']';
      break;
    case TomlNode::Kind::list:
      to += '[';
      if (append_all(node.items, [&](const TomlNode& item) { append_toml(item, to, limit, reads_back); })) to += ']';
      break;
    case TomlNode::Kind::table:
      to += "{ ";
      if (append_all(node.entries, [&](const auto& entry) {
            to += key_text(entry.first) + " = ";
            append_toml(entry.second, to, limit, reads_back);
          }))
        to += " }";
      break;
  }
}

}  // namespace

TomlNode::TomlNode() = default;
TomlNode::~TomlNode() = default;
TomlNode::TomlNode(const TomlNode&) = default;
TomlNode::TomlNode(TomlNode&&) noexcept = default;
TomlNode& TomlNode::operator=(const TomlNode&) = default;
TomlNode& TomlNode::operator=(TomlNode&&) noexcept = default;

const TomlNode* TomlNode::find(const std::string& key) const {
  const auto found = std::find_if(entries.begin(), entries.end(), [&key](const auto& e) { return e.first == key; });
  return found == entries.end() ? nullptr : &found->second;
}

TomlNode* TomlNode::find(const std::string& key) {
  return const_cast<TomlNode*>(static_cast<const TomlNode&>(*this).find(key));
}

std::string TomlNode::place() const {
  if (!source) return {};
  return source->has_lines && line != 0 ? fmt::format("{}:{}", source->name, line) : source->name;
}

std::string TomlNode::written() const {
  constexpr std::size_t limit = 60;
  std::string shown;
  append_toml(*this, shown, limit, false);
  std::replace(shown.begin(), shown.end(), '\n', ' ');
  if (shown.size() > limit + 3) {
    std::size_t end = limit;
    while (end > 0 && (static_cast<unsigned char>(shown[end]) & 0xC0u) == 0x80u) --end;  // not inside a UTF-8 character
    shown = shown.substr(0, end) + "...";
  }
  return shown;
}

std::string TomlNode::what() const {
  switch (kind) {
    case Kind::boolean:
      return "a boolean";
    case Kind::integer:
    case Kind::real:
      return "a number";
    case Kind::text:
      return "a string";
    case Kind::date:
      return "a date";
    case Kind::numbers:
    case Kind::list:
      return "a list";
    case Kind::table:
      return "a table";
  }
  return {};
}

void set_toml_value(TomlNode& root, const std::string& key, TomlNode value) {
  const std::string place = value.place();
  const std::vector<std::string> parts = split_key(key, place);
  if (parts.front() == "include")
    reject_set_key(place, key, value.written(), "cannot be changed from outside the file");

  TomlNode* table = &root;
  std::string path;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    TomlNode* child = table->kind == TomlNode::Kind::list ? numbered(*table, parts[i]) : table->find(parts[i]);
    const bool last = i + 1 == parts.size();
    // Only settings can be new: a misspelt population must not become a second, incomplete one.
    const bool named = i == 1 && (parts[0] == "populations" || parts[0] == "projections" || parts[0] == "inputs");
    if (!child && named) {
      std::vector<std::string> names;
      for (const auto& entry : table->entries) names.push_back(entry.first);
      reject_set_key(place, path + '.' + parts[i], {}, fmt::format("there is no \"{}\" in the file", parts[i]),
                     names.empty() ? std::string() : fmt::format("one of {}", fmt::join(names, ", ")),
                     nearest(parts[i], names));
    }
    if (!child && table->kind == TomlNode::Kind::list)
      reject_set_key(place, key, value.written(), fmt::format("{} has no entry {}", path, parts[i]),
                     fmt::format("a number < {}", table->items.size()));
    if (!path.empty()) path += '.';
    path += parts[i];
    if (!child) {
      TomlNode fresh;
      fresh.source = value.source;
      table->entries.emplace_back(parts[i], std::move(fresh));
      child = &table->entries.back().second;
    } else if (!last && child->kind != TomlNode::Kind::table && child->kind != TomlNode::Kind::list) {
      reject_set_key(place, key, value.written(), fmt::format("{} is {}, not a table", path, child->what()));
    }
    table = child;
  }
  *table = std::move(value);
}

std::string toml_text(const TomlNode& node) {
  std::string text;
  append_toml(node, text, std::numeric_limits<std::size_t>::max(), true);
  return text;
}

}  // namespace rheo
