// Selections of neurons, as "E[0:100]".
#include "io/experiment/reader.hpp"

namespace rheo::experiment_file {

Selection ExperimentReader::read_selection(const Field& field) const {
  const std::string& text = field.text("a population such as \"E\" or \"E[0:100]\"");
  return within(field.key(), [&] {
    const Selection selection = parse_selection(text);
    index_.resolve(selection);
    return selection;
  });
}

std::vector<Selection> ExperimentReader::read_selections(const Field& field) const {
  std::vector<Selection> selections;
  if (field.is(TomlNode::Kind::text)) {
    selections.push_back(read_selection(field));
    return selections;
  }
  if (!field.is(TomlNode::Kind::list)) field.reject_kind("a population such as \"E\", or a list of them");
  for (const TomlNode& item : field.node().items) selections.push_back(read_selection({item, field.key()}));
  return selections;
}

}  // namespace rheo::experiment_file
