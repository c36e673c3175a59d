#include "io/experiment/layout_file.hpp"

#include <vector>

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
  return costs;
}

}  // namespace rheo
