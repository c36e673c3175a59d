// rheo models [NAME]: what there is to build networks from, with units, defaults and ranges.
#include <fmt/format.h>

#include <algorithm>
#include <memory>

#include "apps/commands.hpp"
#include "core/errors.hpp"
#include "neurons/catalogue.hpp"

namespace rheo {

namespace {

using Row = std::vector<std::string>;

// Columns as wide as their widest cell, the last one open.
std::string table_text(const std::vector<Row>& rows) {
  std::vector<std::size_t> widths;
  for (const Row& row : rows) {
    widths.resize(std::max(widths.size(), row.size()));
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  }
  std::string text;
  for (const Row& row : rows) {
    std::string line = " ";
    for (std::size_t i = 0; i < row.size(); ++i) line += fmt::format(" {:<{}} ", row[i], widths[i]);
    line.erase(line.find_last_not_of(' ') + 1);
    text += line + '\n';
  }
  return text;
}

// The catalogue's way to say "> 0" and "no limit".
std::string range_text(const FieldInfo& field) {
  const bool has_low = field.low > -1e30, has_high = field.high < 1e30;
  const std::string low = field.low > 0 && field.low <= 1e-30 ? "> 0" : fmt::format(">= {}", field.low);
  if (has_low && has_high) return fmt::format("{} to {}", field.low, field.high);
  if (has_low) return low;
  if (has_high) return fmt::format("<= {}", field.high);
  return "any";
}

std::string fields_text(const char* title, const std::vector<FieldInfo>& fields, const char* initial) {
  if (fields.empty()) return {};
  std::vector<Row> rows{{"name", "unit", initial, "range", "meaning"}};
  for (const FieldInfo& field : fields) {
    rows.push_back({field.name, field.unit, fmt::format("{}", field.initial), range_text(field), field.meaning});
  }
  return fmt::format("\n{}\n{}", title, table_text(rows));
}

std::string model_text(const ModelInfo& model) {
  std::string text = fmt::format("{}: {}\n", model.name, model.summary);
  text += fields_text("parameters (params)", model.params, "default");
  if (!model.options.empty()) {
    std::vector<Row> rows{{"name", "choices", "meaning"}};
    for (const OptionInfo& option : model.options) {
      rows.push_back({option.name, fmt::format("{}", fmt::join(option.choices, " | ")), option.meaning});
    }
    text += fmt::format("\noptions (strings in params; the first choice is the default)\n{}", table_text(rows));
  }
  if (model.name == "spike_source") {
    text += "\nspike times (params)\n" +
            table_text({{"times", "a list of times (ms) per neuron; one flat list for one neuron"},
                        {"file", "a SONATA spike file"},
                        {"population", "its population in that file, where there are several"}});
  }
  text += fields_text("state (initial)", model.columns, "at start");
  if (!model.ports.empty()) {
    std::vector<Row> rows{{"name", "unit of weights"}};
    for (const PortInfo& port : model.ports) rows.push_back({port.name, port.unit});
    text += fmt::format("\nports (port)\n{}", table_text(rows));
  }
  return text;
}

void show_models(const std::string& name) {
  if (name.empty()) {
    std::vector<Row> rows;
    for (const ModelInfo& model : neuron_models()) rows.push_back({model.name, model.summary});
    print("models (rheo models NAME shows one)\n" + table_text(rows));
    return;
  }
  const ModelInfo* model = find_neuron_model(name);
  if (!model) {
    std::vector<std::string> names;
    for (const ModelInfo& known : neuron_models()) names.push_back(known.name);
    throw UserError({.file = {},
                     .key = {},
                     .value = '"' + name + '"',
                     .problem = "unknown model",
                     .expected = fmt::format("one of {}", fmt::join(names, ", ")),
                     .suggestion = nearest(name, names)});
  }
  print(model_text(*model));
}

}  // namespace

void add_models(CLI::App& app) {
  const auto name = std::make_shared<std::string>();
  CLI::App* command = app.add_subcommand("models", "list the neuron models, or show one with all its parameters");
  command->add_option("NAME", *name, "a model")->type_name("");
  command->callback([name] { show_models(*name); });
}

}  // namespace rheo
