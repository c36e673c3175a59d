#include "io/sonata/config.hpp"

#include <algorithm>
#include <fstream>
#include <set>

namespace rheo::sonata {

namespace {
constexpr std::uintmax_t largest_text = std::uintmax_t{64} << 20;  // bytes of a JSON or CSV file
}  // namespace

void fail(const std::string& file, std::string key, std::string value, std::string problem, std::string expected,
          std::string suggestion) {
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

std::string as_text(double value) {
  std::array<char, 32> buffer{};
  const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value).ptr;
  return {buffer.data(), end};
}

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

}  // namespace rheo::sonata
