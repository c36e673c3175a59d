#include <algorithm>
#include <cmath>
#include <set>

#include "io/sonata/columns.hpp"
#include "io/sonata/parts.hpp"
#include "networks/connect/list.hpp"
#include "networks/description/values.hpp"

namespace rheo::sonata {

namespace {

// What a row of edge_types.csv says. The defaults are those of NEST's static_synapse.
struct EdgeType {
  double weight = 1.0;
  double delay = 1.0;  // ms
  double nsyns = 1.0;
  bool has_weight = false;
  std::string port;  // empty: by the sign of the weight
};

class EdgeTypes {
 public:
  EdgeTypes(const Config& config, Experiment& experiment, TypeTable table)
      : config_(config), experiment_(experiment), table_(std::move(table)) {}

  const TypeTable& table() const { return table_; }
  const EdgeType* find(std::int64_t id) {
    if (const auto known = types_.find(id); known != types_.end()) return &known->second;
    const TypeTable::Row* row = table_.find(id);
    return row == nullptr ? nullptr : &types_.emplace(id, read(*row)).first->second;
  }

 private:
  EdgeType read(const TypeTable::Row& row) {
    EdgeType type;
    const std::string place = table_.place(row);
    const auto model = table_.cell(row, "model_template");
    if (model && *model != "static_synapse" && *model != "nest:static_synapse")
      fail(place, "model_template", *model, "not available yet", "static_synapse");
    if (const auto function = table_.cell(row, "weight_function"))
      fail(place, "weight_function", *function, "not available", "NULL: the weight is syn_weight x nsyns");
    if (const auto name = table_.cell(row, "dynamics_params")) {
      const fs::path path = component(config_, "synaptic_models_dir", *name, place);
      const Document document{
          path.string(), parse_json(read_text(path, place, "dynamics_params", experiment_), path.string()), Manifest()};
      for (const auto& [key, item] : Item(document).members()) {
        if (key == "syn_weight" || key == "weight") {
          type.weight = item.number();
          if (!holds(any_value, type.weight)) item.fail("out of range", range_text(any_value, type.weight));
          type.has_weight = true;
        } else if (key == "delay") {
          type.delay = item.number();
          if (!holds(positive, type.delay)) item.fail("out of range", range_text(positive, type.delay, "ms"));
        } else {
          item.fail("not available: a static synapse has only a weight and a delay", "weight and delay, or nothing");
        }
      }
    }
    type.port = table_.cell(row, "rheo:port").value_or("");
    if (const auto weight = table_.number(row, "syn_weight")) {
      if (!holds(any_value, *weight))
        fail(place, "syn_weight", as_text(*weight), "out of range", range_text(any_value, *weight));
      type.weight = *weight;
      type.has_weight = true;
    }
    if (const auto delay = table_.number(row, "delay")) {
      if (!holds(positive, *delay))
        fail(place, "delay", as_text(*delay), "out of range", range_text(positive, *delay, "ms"));
      type.delay = *delay;
    }
    if (const auto nsyns = table_.number(row, "nsyns")) {
      if (*nsyns < 0 || *nsyns != std::floor(*nsyns))
        fail(place, "nsyns", as_text(*nsyns), "must be a whole number", "0, 1, 2, ...");
      type.nsyns = *nsyns;
    }
    return type;
  }

  const Config& config_;
  Experiment& experiment_;
  TypeTable table_;
  std::map<std::int64_t, EdgeType> types_;
};

// The attributes of one numbered group; an empty optional means that the edge type decides.
struct EdgeGroup {
  std::optional<std::vector<double>> weight, delay, nsyns;
  std::vector<std::string> unused;  // other datasets
  std::uint64_t rows = 0;
  bool sized = false;
};

EdgeGroup read_edge_group(const h5::Group& group) {
  EdgeGroup result;
  const auto read = [&](const h5::Group& from, const std::string& name, const rheo::Range& allowed,
                        const std::string& unit = {}) -> std::optional<std::vector<double>> {
    if (!from.exists(name)) return std::nullopt;
    const h5::Dataset data = column(from, name, result.sized ? std::optional(result.rows) : std::nullopt);
    result.rows = data.rows();
    result.sized = true;
    std::vector<double> values = data.read<double>();
    for (std::size_t i = 0; i < values.size(); ++i)
      if (!holds(allowed, values[i]))
        fail(data.file(), element(data, i), as_text(values[i]), "out of range", range_text(allowed, values[i], unit));
    return values;
  };
  result.weight = read(group, "syn_weight", any_value);
  result.delay = read(group, "delay", positive, "ms");
  result.nsyns = read(group, "nsyns", non_negative);
  if (result.nsyns)
    for (std::size_t i = 0; i < result.nsyns->size(); ++i)
      if ((*result.nsyns)[i] != std::floor((*result.nsyns)[i]))
        fail(group.file(), element(group.dataset("nsyns"), i), as_text((*result.nsyns)[i]),
             "must be a whole number >= 0");
  if (group.exists("dynamics_params")) {
    if (!group.has_group("dynamics_params")) group.fail("not available per edge", "dynamics_params");
    const h5::Group inner = group.group("dynamics_params");
    for (const std::string& name : inner.list()) {
      if (name != "syn_weight" && name != "weight" && name != "delay")
        group.fail("not available: a static synapse has only a weight and a delay", "dynamics_params/" + name);
      auto& to = name == "delay" ? result.delay : result.weight;
      if (to) inner.fail("given twice for the edges of this group", name);
      to = name == "delay" ? read(inner, "delay", positive, "ms") : read(inner, name, any_value);
    }
  }
  if (group.exists("model_template")) group.fail("not available per edge", "model_template");
  for (const std::string& name : group.list())
    if (name != "syn_weight" && name != "delay" && name != "nsyns" && name != "dynamics_params")
      result.unused.push_back(name);
  return result;
}

// The population at one end of the edges.
std::string end_population(const h5::Dataset& ids, const NodePopulations& populations) {
  const auto name = ids.text_attribute("node_population");
  std::vector<std::string> known;
  for (const auto& [population, unused] : populations) known.push_back(population);
  if (!name) fail(ids.file(), ids.path(), {}, "missing attribute node_population", "one of " + joined(known));
  if (!populations.contains(*name)) {
    fail(ids.file(), ids.path() + "@node_population", *name, "no such population", "one of " + joined(known),
         nearest(*name, known));
  }
  return *name;
}

const NodePopulation& receiving_population(const h5::Dataset& target, const std::string& name,
                                           const NodePopulations& populations) {
  const NodePopulation& population = populations.at(name);
  if (population.is_virtual)
    fail(target.file(), target.path() + "@node_population", name, "virtual nodes cannot receive spikes",
         "a population of point neurons");
  return population;
}

std::uint32_t checked_node(const h5::Dataset& data, std::uint64_t row, std::int64_t id, std::uint32_t size) {
  if (id >= 0 && id < static_cast<std::int64_t>(size)) return static_cast<std::uint32_t>(id);
  fail(data.file(), element(data, row), std::to_string(id), "no such node",
       "0 to " + std::to_string(size - 1) + ", the nodes of " + data.text_attribute("node_population").value_or("?"));
}

class ProjectionReader {
 public:
  ProjectionReader(const h5::Group& population, const std::string& name, EdgeTypes& types,
                   const NodePopulations& populations)
      : population_(population),
        types_(types),
        source_(column(population, "source_node_id", std::nullopt)),
        target_(column(population, "target_node_id", source_.rows())),
        type_ids_(column(population, "edge_type_id", source_.rows())),
        source_name_(end_population(source_, populations)),
        target_name_(end_population(target_, populations)),
        from_(populations.at(source_name_)),
        to_(receiving_population(target_, target_name_, populations)),
        groups_(population, "edge", source_.rows()) {
    spec_.name = name;
    spec_.source.push_back({.population = source_name_, .begin = 0, .end = std::nullopt, .step = 1});
    spec_.target.push_back({.population = target_name_, .begin = 0, .end = std::nullopt, .step = 1});
    edges_->source.reserve(source_.rows());
    edges_->target.reserve(source_.rows());
  }

  ProjectionSpec read(std::vector<std::string>& warnings) {
    for (std::uint64_t first = 0; first < source_.rows(); first += slab)
      read_slab(first, std::min(slab, source_.rows() - first));
    std::set<std::string> unused;
    for (const EdgeGroup& group : attributes_) unused.insert(group.unused.begin(), group.unused.end());
    const std::string place = population_.file() + ": " + population_.path();
    if (!unused.empty()) warnings.push_back(place + ": not used: " + joined({unused.begin(), unused.end()}) + ".");
    if (default_weight_)
      warnings.push_back(place + " has edges without syn_weight; they get weight 1, the default of static_synapse.");
    spec_.connect = List{std::move(edges_)};
    spec_.weight = std::move(weights_).take(1.0);
    spec_.delay = std::move(delays_).take(1.0);
    return std::move(spec_);
  }

 private:
  void read_slab(std::uint64_t first, std::uint64_t count) {
    const auto sources = source_.read<std::int64_t>(first, count);
    const auto targets = target_.read<std::int64_t>(first, count);
    const auto type_id = type_ids_.read<std::int64_t>(first, count);
    groups_.read(first, count, group_of_, index_of_);
    while (attributes_.size() < groups_.names().size()) {
      const std::string& group = groups_.names()[attributes_.size()];
      const bool absent = groups_.implicit() && !population_.has_group(group);
      attributes_.push_back(absent ? EdgeGroup{} : read_edge_group(population_.group(group)));
    }
    const EdgeType* type = nullptr;
    for (std::uint64_t i = 0; i < count; ++i) {
      const std::uint64_t row = first + i;
      const std::uint32_t source_id = checked_node(source_, row, sources[i], from_.size);
      const std::uint32_t target_id = checked_node(target_, row, targets[i], to_.size);
      if (i == 0 || type_id[i] != type_id[i - 1]) type = types_.find(type_id[i]);
      check_type(type, row, type_id[i]);
      add(source_id, target_id, *type, row, i);
    }
  }

  void check_type(const EdgeType* type, std::uint64_t row, std::int64_t id) {
    if (type == nullptr)
      fail(type_ids_.file(), element(type_ids_, row), std::to_string(id), "not in " + types_.table().file(),
           "one of " + types_.table().ids());
    if (row == 0) spec_.port = type->port;
    if (type->port != spec_.port)
      fail(type_ids_.file(), element(type_ids_, row), std::to_string(id),
           "its rheo:port differs from that of the edges before", "one port for all edges of a population");
  }

  // i: the row within its slab.
  void add(std::uint32_t source, std::uint32_t target, const EdgeType& type, std::uint64_t row, std::uint64_t i) {
    const EdgeGroup& group = attributes_[group_of_[i]];
    if (group.sized && index_of_[i] >= group.rows) {
      fail(population_.file(), groups_.index_place(row), std::to_string(index_of_[i]),
           "group " + groups_.names()[group_of_[i]] + " has only " + std::to_string(group.rows) + " values");
    }
    const double nsyns = group.nsyns ? (*group.nsyns)[index_of_[i]] : type.nsyns;
    if (nsyns == 0) return;
    default_weight_ |= !group.weight && !type.has_weight;
    const double weight = nsyns * (group.weight ? (*group.weight)[index_of_[i]] : type.weight);
    if (!holds(any_value, weight))
      fail(population_.file(), population_.path(), as_text(weight), "syn_weight x nsyns is out of range",
           range_text(any_value, weight));
    edges_->source.push_back(source);
    edges_->target.push_back(target);
    weights_.add(weight);
    delays_.add(group.delay ? (*group.delay)[index_of_[i]] : type.delay);
  }

  const h5::Group& population_;
  EdgeTypes& types_;
  const h5::Dataset source_, target_, type_ids_;
  const std::string source_name_, target_name_;
  const NodePopulation &from_, &to_;
  Groups groups_;
  ProjectionSpec spec_;
  std::vector<EdgeGroup> attributes_;  // by group
  std::shared_ptr<EdgeList> edges_ = std::make_shared<EdgeList>();
  Numbers weights_, delays_;
  bool default_weight_ = false;
  std::vector<std::uint32_t> group_of_;  // of a slab
  std::vector<std::uint64_t> index_of_;
};

}  // namespace

void read_edges(const Config& config, const NodePopulations& populations, Experiment& experiment) {
  const Item networks = config.circuit->need("networks", "{ ... }");
  const auto list = networks.find("edges");
  if (!list) return;
  std::set<std::string> names;
  for (const Item& entry : list->elements()) {
    if (!enabled(entry)) continue;
    const Item types_entry = entry.need("edge_types_file", "the path of a CSV file");
    EdgeTypes types(config, experiment,
                    TypeTable(types_entry.path(), "edge_type_id", types_entry.file(), types_entry.key(), experiment));
    const h5::File file = open_h5(entry.need("edges_file", "the path of an HDF5 file"), experiment);
    if (!file.has_group("edges")) fail(file.file(), "/edges", {}, "missing group", "a SONATA edges file");
    const h5::Group edges = file.group("edges");
    for (const std::string& name : edges.list()) {
      if (!edges.has_group(name)) continue;
      // The same name in several files is the same pair of populations in pieces.
      std::string unique = name;
      for (int k = 2; !names.insert(unique).second; ++k) unique = name + "_" + std::to_string(k);
      if (unique != name)
        experiment.warnings.push_back(file.file() + ": edges " + name +
                                      " were in another file, too; these are called " + unique + ".");
      const h5::Group group = edges.group(name);
      experiment.network.projections.push_back(
          ProjectionReader(group, unique, types, populations).read(experiment.warnings));
      experiment.places["projections." + unique] = file.file();
    }
  }
}

}  // namespace rheo::sonata
