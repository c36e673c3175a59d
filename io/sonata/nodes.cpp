#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>
#include <set>

#include "io/sonata/columns.hpp"
#include "io/sonata/parts.hpp"
#include "networks/description/values.hpp"
#include "neurons/catalogue.hpp"

namespace rheo::sonata {

namespace {

// What a row of node_types.csv says.
struct NodeType {
  bool is_virtual = false;
  std::string model;                     // ours
  bool of_nest = false;                  // begins as in NEST
  std::map<std::string, double> fields;  // params and state columns
  std::map<std::string, std::string> options;
  std::string place;
};

const FieldInfo* find_field(const ModelInfo& model, const std::string& name) {
  for (const auto* list : {&model.params, &model.columns}) {
    for (const FieldInfo& field : *list)
      if (field.name == name) return &field;
  }
  return nullptr;
}

std::vector<std::string> field_names(const ModelInfo& model) {
  std::vector<std::string> names;
  for (const auto* list : {&model.params, &model.columns})
    for (const FieldInfo& field : *list) names.push_back(field.name);
  return names;
}

void check_range(const FieldInfo& field, double value, const std::string& file, const std::string& key) {
  if (value >= field.low && value <= field.high) return;
  fail(file, key, as_text(value), "out of range", range_text({field.low, field.high}, value, field.unit));
}

class NodeTypes {
 public:
  NodeTypes(const Config& config, Experiment& experiment, TypeTable table)
      : config_(config), experiment_(experiment), table_(std::move(table)) {}

  const TypeTable& table() const { return table_; }

  // The type with this id, read when the first node asks for it: rows that no node uses may say what they like.
  const NodeType* find(std::int64_t id) {
    if (const auto known = types_.find(id); known != types_.end()) return &known->second;
    const TypeTable::Row* row = table_.find(id);
    return row == nullptr ? nullptr : &types_.emplace(id, read(*row)).first->second;
  }

 private:
  NodeType read(const TypeTable::Row& row) {
    NodeType type;
    type.place = table_.place(row);
    const auto kind = table_.cell(row, "model_type");
    if (!kind) fail(type.place, "model_type", "NULL", "missing", "point_neuron, point_process or virtual");
    if (*kind == "virtual") {
      type.is_virtual = true;
      return type;
    }
    if (*kind != "point_neuron" && *kind != "point_process") {
      fail(type.place, "model_type", *kind, "not available: only point neurons are simulated",
           "point_neuron, point_process or virtual");
    }

    std::vector<std::string> known;
    for (const ModelInfo& one : neuron_models())
      if (!one.ports.empty()) known.push_back(one.name);
    const std::string expected = "nest: or rheo: before one of " + joined(known);
    const auto model = table_.cell(row, "model_template");
    if (!model) fail(type.place, "model_template", "NULL", "missing", expected);
    type.of_nest = model->starts_with("nest:");
    if (!type.of_nest && !model->starts_with("rheo:"))
      fail(type.place, "model_template", *model, "neither a model of NEST nor of rheo", expected,
           nearest(*model, known).empty() ? "" : "nest:" + nearest(*model, known));
    type.model = model->substr(5);
    const ModelInfo* info = find_neuron_model(type.model);
    if (info == nullptr || info->ports.empty()) {
      const std::string near = nearest(type.model, known);
      fail(type.place, "model_template", *model, "not available", expected,
           near.empty() ? near : model->substr(0, 5) + near);
    }
    if (type.of_nest && type.model == "izhikevich") type.options = {{"scheme", "euler"}, {"input", "delta"}};

    for (std::size_t i = 0; i < table_.columns().size(); ++i)
      if (row.cells[i] && find_field(*info, table_.columns()[i]) != nullptr)
        unused_columns_.insert(table_.columns()[i]);
    if (!unused_columns_.empty() && !warned_) {
      warned_ = true;
      experiment_.warnings.push_back(table_.file() + ": column " + *unused_columns_.begin() +
                                     " is not used; parameters come from dynamics_params.");
    }
    if (const auto name = table_.cell(row, "dynamics_params")) read_fields(*name, *info, type);
    return type;
  }

  void read_fields(const std::string& name, const ModelInfo& info, NodeType& type) {
    const fs::path path = component(config_, "point_neuron_models_dir", name, type.place);
    const Document document{path.string(),
                            parse_json(read_text(path, type.place, "dynamics_params", experiment_), path.string()),
                            Manifest()};
    const std::vector<std::string> known = field_names(info);
    for (const auto& [field_name, item] : Item(document).members()) {
      if (read_option(info, field_name, item, type)) continue;
      const FieldInfo* field = find_field(info, field_name);
      if (field == nullptr)
        item.fail("unknown parameter of " + info.name, "one of " + joined(known), nearest(field_name, known));
      const double value = item.number();
      check_range(*field, value, document.file, field_name);
      type.fields[field_name] = value;
    }
  }

  static bool read_option(const ModelInfo& info, const std::string& name, const Item& item, NodeType& type) {
    const auto option = std::ranges::find(info.options, name, &OptionInfo::name);
    if (option == info.options.end()) return false;
    const std::string choice = item.text();
    if (std::ranges::find(option->choices, choice) == option->choices.end())
      item.fail("no such choice", "one of " + joined(option->choices), nearest(choice, option->choices));
    type.options[name] = choice;
    return true;
  }

  const Config& config_;
  Experiment& experiment_;
  TypeTable table_;
  std::map<std::int64_t, NodeType> types_;
  std::set<std::string> unused_columns_;
  bool warned_ = false;
};

// The datasets of one numbered group that are parameters or state columns of the model, by name.
std::map<std::string, std::vector<double>> node_group_fields(const h5::Group& group, const ModelInfo& info) {
  std::map<std::string, std::vector<double>> fields;
  const auto read = [&](const h5::Group& from, const std::string& name, const FieldInfo& field) {
    const h5::Dataset data = column(from, name, std::nullopt);
    std::vector<double> values = data.read<double>();
    for (std::size_t i = 0; i < values.size(); ++i)
      if (!(values[i] >= field.low && values[i] <= field.high))
        check_range(field, values[i], data.file(), element(data, i));
    fields[name] = std::move(values);
  };
  for (const std::string& name : group.list()) {
    if (name == "model_type" || name == "model_template" || (name == "dynamics_params" && !group.has_group(name)))
      group.fail("not available per node", name);
    if (const FieldInfo* field = find_field(info, name); field != nullptr && name != "dynamics_params")
      read(group, name, *field);
  }
  if (group.has_group("dynamics_params")) {
    const h5::Group inner = group.group("dynamics_params");
    const std::vector<std::string> known = field_names(info);
    for (const std::string& name : inner.list()) {
      const FieldInfo* field = find_field(info, name);
      if (field == nullptr) {
        fail(inner.file(), inner.path() + "/" + name, {}, "unknown parameter of " + info.name,
             "one of " + joined(known), nearest(name, known));
      }
      read(inner, name, *field);
    }
  }
  return fields;
}

// x, y and perhaps z of the nodes, where all of them have these.
Positions read_positions(const h5::Group& population, const Groups& groups, const std::vector<std::uint32_t>& group_of,
                         const std::vector<std::uint64_t>& index_of, const std::vector<std::uint32_t>& ids) {
  NumberTable table{.rows = static_cast<std::uint32_t>(ids.size()), .columns = 0, .values = {}};
  std::vector<std::vector<double>> columns;  // [dimension * groups + group]
  for (const char* name : {"x", "y", "z"}) {
    const auto has = [&](const std::string& group) { return population.has_dataset(group + "/" + name); };
    if (!std::ranges::all_of(groups.names(), has)) break;
    ++table.columns;
    for (const std::string& group : groups.names())
      columns.push_back(column(population, group + "/" + name, std::nullopt).read<double>());
  }
  if (table.columns < 2) return {};
  table.values.resize(ids.size() * table.columns);
  for (std::size_t row = 0; row < ids.size(); ++row)
    for (std::uint32_t d = 0; d < table.columns; ++d) {
      const std::vector<double>& values = columns[d * groups.names().size() + group_of[row]];
      if (index_of[row] >= values.size())
        fail(population.file(), groups.index_place(row), std::to_string(index_of[row]),
             "the positions of group " + groups.names()[group_of[row]] + " have only " + std::to_string(values.size()) +
                 " values");
      table.values[ids[row] * table.columns + d] = values[index_of[row]];
    }
  return ListedPositions{.list = std::make_shared<const NumberTable>(std::move(table))};
}

std::string model_text(const NodeType& type) {
  std::string text = type.is_virtual ? "virtual" : (type.of_nest ? "nest:" : "rheo:") + type.model;
  for (const auto& [option, choice] : type.options) text += " " + option + "=" + choice;
  return text;
}

// The type of each row; all are of one model.
std::vector<const NodeType*> types_of_rows(const h5::Dataset& type_ids, NodeTypes& types) {
  std::vector<const NodeType*> type_of(type_ids.rows());
  in_slabs<std::int64_t>(type_ids, [&](std::uint64_t first, std::span<const std::int64_t> values) {
    for (std::uint64_t i = 0; i < values.size(); ++i) {
      const bool same = i != 0 && values[i] == values[i - 1];
      const NodeType* type = same ? type_of[first + i - 1] : types.find(values[i]);
      if (type == nullptr)
        fail(type_ids.file(), element(type_ids, first + i), std::to_string(values[i]), "not in " + types.table().file(),
             "one of " + types.table().ids());
      const NodeType& reference = first + i == 0 ? *type : *type_of[0];
      if (type->is_virtual != reference.is_virtual || type->model != reference.model ||
          type->of_nest != reference.of_nest || type->options != reference.options)
        fail(type_ids.file(), element(type_ids, first + i), std::to_string(values[i]),
             "a population with several models: node type at " + type->place + " is " + model_text(*type) +
                 ", the one at " + reference.place + " is " + model_text(reference),
             "one model for all nodes of a population");
      type_of[first + i] = type;
    }
  });
  return type_of;
}

using FieldValues = std::map<std::string, std::vector<double>>;

// A population of one model, and where the values of its parameters and state columns come from.
class NodeReader {
 public:
  NodeReader(const h5::Group& population, std::vector<const NodeType*> type_of)
      : population_(population),
        type_of_(std::move(type_of)),
        ids_(read_node_ids(population, type_of_.size())),
        info_(*find_neuron_model(type_of_[0]->model)),
        groups_(population, "node", type_of_.size()) {
    groups_.read(0, type_of_.size(), group_of_, index_of_);
    for (const std::string& group : groups_.names())
      if (groups_.implicit() && !population.has_group(group))
        group_fields_.emplace_back();
      else
        group_fields_.push_back(node_group_fields(population.group(group), info_));
  }

  void read_into(PopulationSpec& spec) const {
    spec.positions = read_positions(population_, groups_, group_of_, index_of_, ids_);
    spec.options = type_of_[0]->options;
    const std::map<std::string, double> start = start_values();
    std::set<std::string> given;
    for (const auto& [field, value] : start) given.insert(field);
    const std::set<const NodeType*> used(type_of_.begin(), type_of_.end());
    for (const NodeType* type : used)
      for (const auto& [field, value] : type->fields) given.insert(field);
    for (const FieldValues& fields : group_fields_)
      for (const auto& [field, values] : fields) given.insert(field);
    for (const std::string& field : given) {
      const bool is_param = std::ranges::find(info_.params, field, &FieldInfo::name) != info_.params.end();
      std::optional<double> fallback;
      if (is_param || type_of_[0]->of_nest) fallback = find_field(info_, field)->initial;
      if (const auto found = start.find(field); found != start.end()) fallback = found->second;
      (is_param ? spec.params : spec.initial)[field] = values_of(field, fallback);
    }
  }

 private:
  // In NEST the potential starts at a constant, whatever E_L is; and izhikevich with U_m = 0.
  std::map<std::string, double> start_values() const {
    std::map<std::string, double> start;
    if (!type_of_[0]->of_nest) return start;
    for (const FieldInfo& field : info_.columns)
      if (field.name == "V_m") start["V_m"] = field.initial;
    if (info_.name == "izhikevich") start["U_m"] = 0;
    return start;
  }

  // What the file says of a node goes before its type, and that before the fallback.
  Value values_of(const std::string& field, const std::optional<double>& fallback) const {
    std::vector<const std::vector<double>*> of_group;
    for (const FieldValues& fields : group_fields_) {
      const auto found = fields.find(field);
      of_group.push_back(found == fields.end() ? nullptr : &found->second);
    }
    std::vector<double> values(ids_.size());
    for (std::uint64_t row = 0; row < ids_.size(); ++row) {
      double value = fallback.value_or(0);
      if (const auto* own = of_group[group_of_[row]]) {
        if (index_of_[row] >= own->size())
          fail(population_.file(), groups_.index_place(row), std::to_string(index_of_[row]),
               field + " of group " + groups_.names()[group_of_[row]] + " has only " + std::to_string(own->size()) +
                   " values");
        value = (*own)[index_of_[row]];
      } else if (const auto found = type_of_[row]->fields.find(field); found != type_of_[row]->fields.end()) {
        value = found->second;
      } else if (!fallback) {
        fail(population_.file(), population_.path(), "node " + std::to_string(ids_[row]),
             "has no initial " + field + ", though others of its population have", "one for all nodes, or for none");
      }
      values[ids_[row]] = value;
    }
    Numbers numbers;
    for (const double value : values) numbers.add(value);
    return std::move(numbers).take(0);
  }

  const h5::Group& population_;
  std::vector<const NodeType*> type_of_;  // by row, as all here but where it says by id
  std::vector<std::uint32_t> ids_;
  const ModelInfo& info_;
  Groups groups_;
  std::vector<std::uint32_t> group_of_;
  std::vector<std::uint64_t> index_of_;
  std::vector<FieldValues> group_fields_;  // by group
};

PopulationSpec read_population(const h5::Group& population, const std::string& name, NodeTypes& types,
                               NodePopulation& summary) {
  const h5::Dataset type_ids = column(population, "node_type_id", std::nullopt);
  const std::uint64_t rows = type_ids.rows();
  if (rows == 0) fail(type_ids.file(), type_ids.path(), {}, "holds no nodes");
  if (rows >= std::numeric_limits<NeuronId>::max())
    fail(type_ids.file(), type_ids.path(), {}, "holds " + std::to_string(rows) + " nodes", "fewer than 2^32 - 1");
  summary.size = static_cast<std::uint32_t>(rows);
  std::vector<const NodeType*> type_of = types_of_rows(type_ids, types);
  PopulationSpec spec;
  spec.name = name;
  spec.size = summary.size;
  summary.is_virtual = type_of[0]->is_virtual;
  if (summary.is_virtual) {
    read_node_ids(population, rows);  // which refuses what is no permutation
    spec.model = "spike_source";
    return spec;
  }
  spec.model = type_of[0]->model;
  NodeReader(population, std::move(type_of)).read_into(spec);
  return spec;
}

}  // namespace

NodePopulations read_nodes(const Config& config, Experiment& experiment) {
  NodePopulations populations;
  std::uint64_t total = 0;
  const Item networks = config.circuit->need("networks", "{ ... }");
  for (const Item& entry : networks.need("nodes", "a list of { nodes_file, node_types_file }").elements()) {
    const Item types_entry = entry.need("node_types_file", "the path of a CSV file");
    NodeTypes types(config, experiment,
                    TypeTable(types_entry.path(), "node_type_id", types_entry.file(), types_entry.key(), experiment));
    const h5::File file = open_h5(entry.need("nodes_file", "the path of an HDF5 file"), experiment);
    if (!file.has_group("nodes")) fail(file.file(), "/nodes", {}, "missing group", "a SONATA nodes file");
    const h5::Group nodes = file.group("nodes");
    for (const std::string& name : nodes.list()) {
      if (!nodes.has_group(name)) continue;
      NodePopulation summary;
      summary.nodes_file = file.file();
      summary.types_file = types.table().file();
      summary.spec = experiment.network.populations.size();
      PopulationSpec spec = read_population(nodes.group(name), name, types, summary);
      total += summary.size;
      if (total >= std::numeric_limits<NeuronId>::max()) {
        fail(file.file(), "/nodes/" + name, {}, "too many nodes in all: " + std::to_string(total),
             "fewer than 2^32 - 1");
      }
      if (!populations.emplace(name, summary).second)
        fail(file.file(), "/nodes/" + name, {}, "a population of this name was read from another file");
      experiment.places["populations." + name] = file.file();
      experiment.network.populations.push_back(std::move(spec));
    }
  }
  if (populations.empty()) fail(networks.file(), networks.key() + ".nodes", {}, "holds no population");
  return populations;
}

}  // namespace rheo::sonata
