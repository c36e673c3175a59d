// [projections.NAME].
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <limits>

#include "core/time.hpp"
#include "io/experiment/edge_file.hpp"
#include "io/experiment/reader.hpp"
#include "networks/connect/rules.hpp"

namespace rheo::experiment_file {

void ExperimentReader::read_projection(const Field& field, const std::string& name) {
  field.only(
      {"source", "target", "connect", "weight", "delay", "velocity", "port", "transmits", "weight_bits", "plasticity"},
      {"delay_site"});
  ProjectionSpec projection;
  projection.name = name;
  const char* populations = "a population such as \"E\", or a list of them";
  projection.source = read_selections(field.need("source", populations));
  projection.target = read_selections(field.need("target", populations));
  read_connect(field.need("connect", "{ rule = \"..\" }"), projection);

  Count each{.count = {}, .each = "edge"};
  if (const auto* const listed = projection.connect.as<List>()) each.count = listed->edges->source.size();
  // A file of edges may have them as columns.
  const auto find = [&field](const char* column, const Value& stored) {
    const auto found = field.find(column);
    if (found && std::holds_alternative<std::vector<double>>(stored))
      found->reject("is a column of the file of edges too", "one of the two");
    return found;
  };
  if (const auto weight = find("weight", projection.weight))
    projection.weight = read_value(*weight, "a number", each);
  else if (const auto brought = projection.connect->weight())
    projection.weight = *brought;
  if (const auto delay = find("delay", projection.delay))
    projection.delay = read_value(*delay, "a number >= 0 (ms)", each);
  if (const auto velocity = field.find("velocity")) {
    projection.velocity = velocity->number({.low = 0, .high = infinity, .unit = {}, .above_low = true});
  }
  if (const auto port = field.find("port")) projection.port = port->text("the name of a port");
  if (const auto transmits = field.find("transmits"))
    projection.transmits = transmits->text("\"spikes\", \"value\", or the name of a state of the sources");
  if (const auto bits = field.find("weight_bits")) {
    if (bits->number({.low = 1, .high = 64, .unit = {}, .above_low = false}) != 16)
      bits->reject("is no size of weights", "16, or no weight_bits: the precision of the simulation");
    projection.weight_bits = 16;
  }
  if (const auto plasticity = field.find("plasticity")) read_plasticity(*plasticity, projection);
  network().projections.push_back(std::move(projection));
}

void ExperimentReader::read_plasticity(const Field& field, ProjectionSpec& projection) {
  field.need_table("a table such as { rule = \"stdp_pair\", params = { w_max = 1.0 } }");
  field.only({"rule", "params", "signal", "signals", "post"});
  const RuleLibrary& library = *network().rules;
  const Field named = field.need("rule", "the name of a rule (rheo models lists them)");
  projection.plasticity.rule = named.text("the name of a rule");
  const Rule& rule = *within(named.key(), [&] { return &library.at(projection.plasticity.rule); });
  if (const auto params = field.find("params")) {
    params->need_table("a table of parameters");
    const Count per_target{.count = index_.count(projection.target), .each = "target neuron"};
    for (const auto& [name, node] : params->node().entries) {
      const auto param = std::ranges::find(rule.params, name, &RuleParam::name);
      projection.plasticity.params[name] = read_value(
          params->at(name, node), param == rule.params.end() ? "a number" : expected_text(*param), per_target);
    }
  }
  if (const auto signal = field.find("signal")) {
    if (rule.signals.empty()) signal->reject("is not read by " + rule.name, "no signal");
    if (field.find("signals")) signal->reject("stands beside signals", "one of the two");
    projection.plasticity.signals[rule.signals.front().name] = signal->text("the name of a signal");
  }
  if (const auto signals = field.find("signals")) {
    signals->need_table("a table such as { dopamine = \"reward\" }: the rule's signals by their names here");
    for (const auto& [name, node] : signals->node().entries)
      projection.plasticity.signals[name] = signals->at(name, node).text("the name of a signal");
  }
  if (const auto post = field.find("post"))
    projection.plasticity.eager = post->word({"auto", "lazy", "eager"}, {}, "choice") == "eager";
}

void ExperimentReader::read_connect(const Field& field, ProjectionSpec& projection) {
  field.need_table("a table such as { rule = \"fixed_indegree\", indegree = 100 }");
  if (const auto rule = field.find("rule");
      rule && rule->is(TomlNode::Kind::text) && rule->node().text == "erdos_renyi")
    rule->reject("has two meanings", "bernoulli (a probability), or fixed_total with multapses = false (a number)");
  projection.connect = Connect(read_kind(field, connect_rules(), "rule", "rule", {"rmat"}));
  const std::vector<KindField> fields = projection.connect->fields();
  Names known = keys_of(fields);
  known.insert(known.begin(), "rule");
  field.only(known);
  const std::uint64_t sources = index_.count(projection.source), targets = index_.count(projection.target);
  read_fields(field, fields, {.count = targets, .each = "target neuron"});
  if (projection.connect.as<List>() != nullptr) read_edges(field, sources, targets, projection);
}

void ExperimentReader::read_edges(const Field& connect, std::uint64_t sources, std::uint64_t targets,
                                  ProjectionSpec& projection) {
  const auto file = connect.find("file");
  if (!file) {
    projection.connect = List{std::make_shared<const EdgeList>(listed_edges(connect))};
    return;
  }
  const std::string path = file->path();
  StoredEdges stored;
  try {
    if (connect.find("source") || connect.find("target")) {
      const char* const expected = "the path of a dataset in the file";
      stored = read_edge_h5(path, connect.need("source", expected).text(expected),
                            connect.need("target", expected).text(expected), sources, targets);
    } else if (std::filesystem::path(path).extension() == ".csv") {
      stored = read_edge_csv(path, sources, targets);
    } else {
      file->reject("is no CSV file", "a file *.csv, or source and target with the paths of datasets of an HDF5 file");
    }
  } catch (const UserError& error) {
    Complaint c = error.complaint();
    if (c.file == file->node().place()) throw;
    if (!c.value.empty()) c.value = " = " + c.value;
    file->reject(fmt::format("{}{}{}{}: {}", c.file, c.key.empty() ? "" : ": ", c.key, c.value, c.problem), c.expected);
  }
  projection.connect = List{std::make_shared<const EdgeList>(std::move(stored.edges))};
  const auto take = [&](const char* column, std::optional<std::vector<double>>& values, Value& value) {
    if (!values) return;
    value = std::move(*values);
    experiment_.places[fmt::format("projections.{}.{}", projection.name, column)] = path;
  };
  take("weight", stored.weight, projection.weight);
  take("delay", stored.delay, projection.delay);
}

EdgeList ExperimentReader::listed_edges(const Field& connect) {
  const auto read = [&connect](const char* name) {
    const char* const expected = "whole numbers >= 0, one per edge";
    const Field field = connect.need(name, expected);
    std::vector<std::uint32_t> ids;
    const std::vector<double>& numbers = field.numbers(expected);
    ids.reserve(numbers.size());
    for (std::size_t i = 0; i < numbers.size(); ++i) {
      if (!(numbers[i] >= 0 && numbers[i] <= max_neurons && numbers[i] == std::floor(numbers[i])))
        field.reject(fmt::format("entry {} is {}", i, numbers[i]), expected);
      ids.push_back(static_cast<std::uint32_t>(numbers[i]));
    }
    return ids;
  };
  return {.source = read("source"), .target = read("target")};
}

}  // namespace rheo::experiment_file
