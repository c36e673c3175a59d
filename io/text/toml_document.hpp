// A TOML file with its includes and overrides as one tree that keeps what TOML libraries throw away and the experiment
// file needs: the order of declaration, and for each entry the file and line where it was written. Used once per run by
// io/experiment/experiment.cpp; everything here is about text, nothing about networks.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace rheo {

// Parts of one dotted key. The deepest key that means something has 6. Values nest at most 256 deep in the TOML parser;
// both limits together keep recursion over the tree far from the end of the stack.
inline constexpr std::size_t max_toml_key_parts = 16;

// Where a piece of the tree was written.
struct TomlSource {
  std::string name;                 // file as the user named it, or "--set"
  std::filesystem::path directory;  // relative paths in values start here
  bool has_lines = true;            // false for "--set"
};

struct TomlNode {
  // `numbers` is a list that holds nothing but numbers (compact, because it may be long); `list` any other list.
  enum class Kind : std::uint8_t { boolean, integer, real, text, date, numbers, list, table };

  Kind kind = Kind::table;
  bool boolean = false;
  std::int64_t integer = 0;
  double real = 0;
  std::string text;
  std::vector<double> numbers;
  bool has_reals = false;  // some of the numbers were not written as whole ones
  std::vector<TomlNode> items;
  std::vector<std::pair<std::string, TomlNode>> entries;  // of a table, in order of declaration

  std::shared_ptr<const TomlSource> source;
  std::uint32_t line = 0;

  // Declared here, because the type of `entries` is complete only after this struct.
  TomlNode();
  ~TomlNode();
  TomlNode(const TomlNode&);
  TomlNode(TomlNode&&) noexcept;
  TomlNode& operator=(const TomlNode&);
  TomlNode& operator=(TomlNode&&) noexcept;

  const TomlNode* find(const std::string& key) const;
  TomlNode* find(const std::string& key);
  std::string place() const;    // "brunel.toml:12" or "--set"
  std::string written() const;  // the value as the user would write it, shortened when long
  std::string what() const;     // "a string", "a list", ... for messages
};

struct TomlDocument {
  TomlNode root;                   // "include" is gone: it has been followed
  std::vector<std::string> files;  // all that were read, in the order of reading
};

// Reads `path`, merges what it includes underneath, then applies the overrides ("a.b.c=value", a value that is not TOML
// is taken as a bare string). Tables are merged down to the settings of one population, input or projection; what is
// below (a distribution, a connect rule) is replaced as a whole. Throws ExperimentError.
TomlDocument read_toml_document(const std::string& path, const std::vector<std::string>& overrides);

// Puts a value at a dotted key as an override does: populations, inputs and projections must exist, settings may be
// new, and a number names an entry of a list (phases.0.duration). Throws ExperimentError with the value's place.
void set_toml_value(TomlNode& root, const std::string& key, TomlNode value);

// The whole value as TOML that reads back as the same one.
std::string toml_text(const TomlNode& node);

}  // namespace rheo
