// rheo models [NAME]: what there is to build networks from, with units, defaults and ranges; --markdown DIR writes the
// pages of docs/models.
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
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

// A table of markdown; what could end a cell is written as an entity.
std::string markdown_table(const std::vector<Row>& rows) {
  std::string text;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    for (const std::string& cell : rows[i]) {
      std::string safe = cell;
      for (std::size_t at = 0; (at = safe.find('|', at)) != std::string::npos; at += 6) safe.replace(at, 1, "&#124;");
      text += "| " + safe + " ";
    }
    text += "|\n";
    if (i == 0) text += fmt::format("{}|\n", fmt::join(std::vector<std::string>(rows[0].size(), "|---"), ""));
  }
  return text;
}

std::string fields_page(const char* title, const std::vector<FieldInfo>& fields, const char* initial) {
  if (fields.empty()) return {};
  std::vector<Row> rows{{"name", "unit", initial, "range", "meaning"}};
  for (const FieldInfo& field : fields)
    rows.push_back(
        {'`' + field.name + '`', field.unit, fmt::format("{}", field.initial), range_text(field), field.meaning});
  return fmt::format("\n## {}\n\n{}", title, markdown_table(rows));
}

std::string model_page(const ModelInfo& model) {
  std::string text =
      fmt::format("# {}\n\n{}. Printed by `rheo models --markdown docs/models`.\n", model.name, model.summary);
  if (!model.equation.empty()) text += fmt::format("\n```text\n{}\n```\n", model.equation);
  text += fields_page("Parameters", model.params, "default");
  if (!model.options.empty()) {
    std::vector<Row> rows{{"name", "choices", "meaning"}};
    for (const OptionInfo& option : model.options)
      rows.push_back({'`' + option.name + '`', fmt::format("`{}`", fmt::join(option.choices, "`, `")), option.meaning});
    text += "\n## Options\n\nStrings in `params`; the first choice is the default.\n\n" + markdown_table(rows);
  }
  text += fields_page("State", model.columns, "at start");
  if (model.name == "spike_source")
    text += "\nIts spike times stand in `params`: [the experiment file](../experiment.md).\n";
  if (!model.ports.empty()) {
    std::vector<Row> rows{{"port", "unit of weights", ""}};
    for (std::size_t p = 0; p < model.ports.size(); ++p) {
      const PortInfo& port = model.ports[p];
      const bool two = model.ports.size() > 2;
      std::string note = p + 1 == model.ports.size() ? "a current during one tick"
                         : !two                      ? "all weights"
                         : p == 0                    ? "weights >= 0, unless a port is named"
                                                     : "weights < 0, unless a port is named";
      if (port.conductance && p == 1) note += "; the magnitude counts";
      rows.push_back({'`' + port.name + '`', port.unit, note});
    }
    text += "\n## Ports\n\n" + markdown_table(rows);
  }
  if (!model.numerics.empty()) text += fmt::format("\n## Numerics\n\n{}\n", model.numerics);
  if (model.linear) text += "\nCan be updated by events ([semantics](../semantics.md), 13).\n";
  if (!model.source.empty()) text += fmt::format("\n## Source\n\n{}\n", model.source);
  return text;
}

void write_page(const std::filesystem::path& file, const std::string& text) {
  std::ofstream to(file, std::ios::binary);
  to << text;
  if (!to.flush())
    throw UserError({.file = file.string(),
                     .key = {},
                     .value = {},
                     .problem = "cannot be written",
                     .expected = "a folder that exists and is writable",
                     .suggestion = {}});
}

void write_pages(const std::filesystem::path& folder) {
  std::vector<Row> rows{{"model", ""}};
  for (const ModelInfo& model : neuron_models()) {
    rows.push_back({fmt::format("[{}]({}.md)", model.name, model.name), model.summary});
    write_page(folder / (model.name + ".md"), model_page(model));
  }
  write_page(folder / "README.md",
             "# Neuron models\n\nOne page for each, printed by `rheo models --markdown docs/models`. "
             "How exact they are: [accuracy](../accuracy.md).\n\n" +
                 markdown_table(rows));
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
  const auto folder = std::make_shared<std::string>();
  command->add_option("--markdown", *folder, "write a page per model into this folder")->type_name("DIR");
  command->callback([name, folder] { folder->empty() ? show_models(*name) : write_pages(*folder); });
}

}  // namespace rheo
