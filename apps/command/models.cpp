// rheo models [NAME]: what there is to build networks from, with units, defaults and ranges; --rule NAME shows a
// plasticity rule, --json all of it. --markdown DIR and --markdown-rules DIR write the pages of docs/models and
// docs/rules.
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "apps/command/commands.hpp"
#include "apps/command/vocabulary.hpp"
#include "core/diagnostics.hpp"
#include "neurons/catalogue.hpp"
#include "plasticity/library.hpp"

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

// A table under a title.
struct Section {
  const char* title;
  std::vector<Row> rows;
};

std::vector<Section> sections_of(const Rule& rule) {
  std::vector<Section> sections;
  const auto add = [&](const char* title, std::vector<Row> rows) {
    if (rows.size() > 1) sections.push_back({title, std::move(rows)});
  };
  std::vector<Row> rows{{"name", "unit", "default", "range", "meaning"}};
  for (const RuleParam& param : rule.params)
    rows.push_back({param.name, param.unit, fmt::format("{}", param.initial), range_text(param),
                    param.meaning + (param.per_target ? "; may differ between target neurons" : "")});
  add("Parameters", rows);
  rows = {{"name", "unit", "at start", "meaning"}};
  for (const RuleColumn& column : rule.columns)
    rows.push_back({column.name, column.unit,
                    &column == &rule.columns.front() ? "the projection's" : fmt::format("{}", column.initial),
                    column.meaning + (column.decays ? "; decays with " + rule.params[column.param].name : "")});
  add("Kept per synapse", rows);
  const auto add_traces = [&](const char* title, const std::vector<RuleTrace>& traces) {
    std::vector<Row> all{{"name", "unit", "between spikes", "meaning"}};
    for (const RuleTrace& trace : traces)
      if (trace.kind != RuleTrace::Kind::parameter)
        all.push_back({trace.name, trace.unit,
                       trace.kind == RuleTrace::Kind::decays ? "decays with " + rule.params[trace.param].name : "holds",
                       trace.meaning});
    add(title, all);
  };
  add_traces("Traces of the source neuron", rule.pre);
  add_traces("Traces of the target neuron", rule.post);
  rows = {{"name", "unit", "numbers", "where it is not given", "meaning"}};
  for (const RuleSignal& signal : rule.signals) {
    using Scope = RuleSignal::Scope;
    const bool needed = &signal == &rule.signals.front() && !rule.interval;
    rows.push_back({signal.name, signal.unit,
                    signal.scope == Scope::per_target   ? "one for each target"
                    : signal.scope == Scope::per_source ? "one for each source"
                                                        : "one",
                    needed ? "an error" : fmt::format("{}", signal.initial), signal.meaning});
  }
  add("Signals", rows);
  return sections;
}

// What else there is to know before it is used.
std::string notes_on(const Rule& rule) {
  std::string text;
  if (rule.consolidates)
    text += rule.interval ? fmt::format("Changes all synapses every {}. ", rule.params[*rule.interval].name)
                          : fmt::format("Changes all synapses at the end of ticks in which {} is not 0. ",
                                        rule.signals.front().name);
  if (rule.signed_weights) text += "Weights may have any sign, so they need a port that takes both. ";
  if (rule.source_sums > 0) text += "Needs one target selection and one delay. ";
  if (rule.publishes) text += "Publishes a signal, one number for each source. ";
  if (!text.empty()) text.pop_back();
  return text;
}

std::string rule_text(const Rule& rule) {
  std::string text = fmt::format("{}: {}\n", rule.name, rule.summary);
  if (!rule.file.empty()) text += fmt::format("from {}\n", rule.file);
  std::string indented = rule.equation;
  for (std::size_t at = 0; (at = indented.find('\n', at)) != std::string::npos; at += 3)
    indented.replace(at, 1, "\n  ");
  text += fmt::format("\nEquation\n  {}\n", indented);
  for (const Section& section : sections_of(rule))
    text += fmt::format("\n{}\n{}", section.title, table_text(section.rows));
  if (const std::string notes = notes_on(rule); !notes.empty()) text += '\n' + notes + '\n';
  return text + fmt::format("\nSource\n  {}\n", rule.source);
}

std::string rule_page(const Rule& rule) {
  std::string text =
      fmt::format("# {}\n\n{}. Printed by `rheo models --markdown-rules docs/rules`.\n\n```text\n{}\n```\n", rule.name,
                  rule.summary, rule.equation);
  for (Section& section : sections_of(rule)) {
    for (std::size_t i = 1; i < section.rows.size(); ++i) section.rows[i][0] = '`' + section.rows[i][0] + '`';
    text += fmt::format("\n## {}\n\n{}", section.title, markdown_table(section.rows));
  }
  if (const std::string notes = notes_on(rule); !notes.empty()) text += fmt::format("\n## To be known\n\n{}\n", notes);
  return text + fmt::format("\n## Source\n\n{}\n", rule.source);
}

void write_page(const std::filesystem::path& file, const std::string& text) {
  std::ofstream to(file, std::ios::binary);
  to << text;
  if (!to.flush())
    throw UserError(
        {.file = file.string(), .problem = "cannot be written", .expected = "a folder that exists and is writable"});
}

// A page for each, and one that lists them under `head`.
template <class Info>
void write_pages(const std::filesystem::path& folder, const std::vector<Info>& all, const char* what, const char* head,
                 std::string (*page)(const Info&)) {
  std::vector<Row> rows{{what, ""}};
  for (const Info& info : all) {
    rows.push_back({fmt::format("[{}]({}.md)", info.name, info.name), info.summary});
    write_page(folder / (info.name + ".md"), page(info));
  }
  write_page(folder / "README.md", head + markdown_table(rows));
}

template <class Info>
std::string list_text(const char* title, const std::vector<Info>& all) {
  std::vector<Row> rows;
  for (const Info& info : all) rows.push_back({info.name, info.summary});
  return fmt::format("{}\n{}", title, table_text(rows));
}

[[noreturn]] void unknown(const char* what, const std::string& name, const std::vector<std::string>& names,
                          const std::string& more = {}) {
  throw UserError({.value = '"' + name + '"',
                   .problem = fmt::format("unknown {}", what),
                   .expected = fmt::format("one of {}{}", fmt::join(names, ", "), more),
                   .suggestion = nearest(name, names)});
}

[[noreturn]] void of_other_kind(const std::string& name, const char* problem, const std::string& command) {
  throw UserError({.value = '"' + name + '"', .problem = problem, .expected = command + name});
}

}  // namespace

Told tell_of_models(const ModelsOptions& options) {
  RuleLibrary library;
  for (const std::string& plugin : options.plugins) library.load(plugin, {"."});
  if (!options.folder.empty())
    write_pages(options.folder, neuron_models(), "model",
                "# Neuron models\n\nOne page for each, printed by `rheo models --markdown docs/models`. "
                "How exact they are: [accuracy](../accuracy.md).\n\n",
                model_page);
  if (!options.rules_folder.empty())
    write_pages(options.rules_folder, library.rules(), "rule",
                "# Plasticity rules\n\nOne page for each that is built in, printed by `rheo models --markdown-rules "
                "docs/rules`. How to write another: [plasticity](../plasticity.md).\n\n",
                rule_page);
  Told told;
  if (!options.folder.empty() || !options.rules_folder.empty()) return told;

  if (!options.model.empty()) {
    const ModelInfo* model = find_neuron_model(options.model);
    if (!model && library.find(options.model))
      of_other_kind(options.model, "is a plasticity rule", "rheo models --rule ");
    if (!model) unknown("model", options.model, names_in(neuron_models()));
    told = {model_text(*model), json_of(*model)};
  }
  if (!options.rule.empty()) {
    const Rule* rule = library.find(options.rule);
    if (!rule && find_neuron_model(options.rule)) of_other_kind(options.rule, "is a neuron model", "rheo models ");
    if (!rule)
      unknown("rule", options.rule, names_in(library.rules()), ", or one of a library that --plugin FILE names");
    told = {told.text + (told.text.empty() ? "" : "\n") + rule_text(*rule), json_of(*rule)};
  }
  if (told.text.empty())
    told = {list_text("models (rheo models NAME shows one)", neuron_models()) + '\n' +
                list_text("plasticity rules (rheo models --rule NAME shows one)", library.rules()),
            vocabulary(library)};
  return told;
}

}  // namespace rheo
