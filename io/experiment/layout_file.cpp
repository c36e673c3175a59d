#include "io/experiment/layout_file.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <cctype>
#include <cstdlib>
#include <fstream>
#include <system_error>
#include <vector>

#include "core/diagnostics.hpp"
#include "core/isa.hpp"
#include "core/parallel.hpp"
#include "core/version.hpp"
#include "io/experiment/field.hpp"
#include "io/text/toml_document.hpp"

namespace rheo {

DeliveryCosts read_layout_file(const std::string& path) {
  const TomlDocument document = read_toml_document(path, {});
  const experiment_file::Field root(document.root, "");
  std::vector<std::string> names;
  for (const auto& [name, cost] : DeliveryCosts::names) names.emplace_back(name);
  root.only(names);
  DeliveryCosts costs;
  for (const auto& [name, cost] : DeliveryCosts::names)
    if (const auto given = root.find(name))
      costs.*cost = given->number({.low = 0, .high = 1e12, .unit = {}, .above_low = true});
  costs.from = path;
  return costs;
}

namespace {

namespace fs = std::filesystem;

// What /proc/cpuinfo says of the first processor: its name, family and model.
std::string processor() {
  std::ifstream file("/proc/cpuinfo");
  std::string name, line;
  while (std::getline(file, line) && !line.empty())
    for (const char* const key : {"model name", "cpu family", "model\t"})
      if (line.starts_with(key) && line.find(": ") != std::string::npos) name += line.substr(line.find(": ") + 1);
  return name.empty() ? "unknown" : name;
}

}  // namespace

fs::path kept_costs_file() {
  fs::path folder;
  if (const char* const cache = std::getenv("XDG_CACHE_HOME"); cache != nullptr && *cache != '\0')
    folder = cache;
  else if (const char* const home = std::getenv("HOME"); home != nullptr && *home != '\0')
    folder = fs::path(home) / ".cache";
  else
    return {};
  std::string name = fmt::format("costs-{}-{}-{}-{}", version, processor(), name_of(chosen_isa()), usable_processors());
  for (char& c : name)
    if (std::isalnum(static_cast<unsigned char>(c)) == 0 && c != '.') c = '-';
  return folder / "rheo" / (name + ".toml");
}

std::optional<DeliveryCosts> kept_costs() {
  const fs::path file = kept_costs_file();
  std::error_code error;
  if (file.empty() || !fs::is_regular_file(file, error)) return std::nullopt;
  try {
    return read_layout_file(file.string());
  } catch (const UserError&) {
    return std::nullopt;
  }
}

bool keep_costs(const DeliveryCosts& costs) {
  const fs::path file = kept_costs_file();
  if (file.empty()) return false;
  std::error_code error;
  fs::create_directories(file.parent_path(), error);
  const fs::path unfinished = file.string() + fmt::format(".{}", ::getpid());
  {
    std::ofstream to(unfinished);
    to << "# What delivery costs on this processor, in ns and bytes, as rheo " << version
       << " measured it once. Only speed depends on it;\n# where the file is deleted, it is measured again.\n";
    for (const auto& [name, cost] : DeliveryCosts::names) to << fmt::format("{} = {:.4g}\n", name, costs.*cost);
    to.close();
    if (!to) return false;
  }
  fs::rename(unfinished, file, error);
  if (error) fs::remove(unfinished, error);
  return fs::is_regular_file(file, error);
}

}  // namespace rheo
