#include "io/sonata/node_sets.hpp"

#include <algorithm>
#include <numeric>
#include <set>

#include "io/sonata/columns.hpp"

namespace rheo::sonata {

namespace {

// A value of an attribute: a number, or a text.
bool matches(const json& wanted, const std::optional<double>& number, const std::string& text) {
  if (wanted.is_array())
    return std::any_of(wanted.begin(), wanted.end(), [&](const json& one) { return matches(one, number, text); });
  if (wanted.is_number()) return number && *number == wanted.get<double>();
  return wanted.is_string() && !number && wanted.get<std::string>() == text;
}

void check_values(const Item& values) {
  const std::vector<Item> all = values.is_list() ? values.elements() : std::vector<Item>{values};
  for (const Item& one : all)
    if (!one.is_text() && !one.value().is_number()) one.fail("must be a number, a text, or a list of such");
}

}  // namespace

NodeSets::NodeSets(const Config& config, const NodePopulations& populations, Experiment& experiment)
    : populations_(populations), experiment_(experiment) {
  for (const Item& item : config.all) {
    if (const auto sets = item.find("node_sets")) add(*sets);
    if (const auto file = item.find("node_sets_file")) {
      documents_.push_back(load_document(file->path(), file->file(), file->key(), experiment));
      add(Item(*documents_.back()));
    }
  }
}

std::vector<NodeChoice> NodeSets::resolve(const Item& where) const {
  std::vector<NodeChoice> choices;
  add_choices(where, choices, 0);
  return choices;
}

void NodeSets::add(const Item& sets) {
  for (const auto& [name, item] : sets.members())
    if (!sets_.emplace(name, item).second) item.fail("a node set of this name was given before");
}

void NodeSets::add_choices(const Item& item, std::vector<NodeChoice>& choices, std::size_t depth) const {
  if (depth > deepest) item.fail("node sets refer to each other in a circle");
  if (choices.size() > 65536) item.fail("names too many node sets");
  if (item.is_list()) {
    for (const Item& part : item.elements()) {
      if (!part.is_text()) part.fail("must be the name of a node set", "\"...\"");
      add_choices(part, choices, depth + 1);
    }
    return;
  }
  item.is_text() ? add_named(item, choices, depth) : add_defined(item, choices);
}

void NodeSets::add_named(const Item& item, std::vector<NodeChoice>& choices, std::size_t depth) const {
  const std::string name = item.text();
  if (const auto found = sets_.find(name); found != sets_.end()) return add_choices(found->second, choices, depth + 1);
  if (populations_.contains(name)) {
    choices.push_back({name, std::nullopt});
    return;
  }
  if (name == "all") {
    for (const auto& [population, unused] : populations_) choices.push_back({population, std::nullopt});
    return;
  }
  std::vector<std::string> known;
  for (const auto& [set, unused] : sets_) known.push_back(set);
  for (const auto& [population, unused] : populations_)
    if (!sets_.contains(population)) known.push_back(population);
  item.fail("no such node set or population", "one of " + joined(known), nearest(name, known));
}

// The ids that a list names.
std::vector<std::uint64_t> NodeSets::listed(const std::string& population, const Item& definition,
                                            const Item& member) const {
  std::vector<std::uint64_t> ids;
  for (const Item& id : member.is_list() ? member.elements() : std::vector<Item>{member}) ids.push_back(id.count());
  std::ranges::sort(ids);
  ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
  const std::uint32_t size = populations_.at(population).size;
  if (!ids.empty() && ids.back() >= size) {
    fail(definition.file(), definition.key() + ".node_id", std::to_string(ids.back()), "no such node in " + population,
         "0 to " + std::to_string(size - 1));
  }
  return ids;
}

void NodeSets::add_defined(const Item& item, std::vector<NodeChoice>& choices) const {
  std::set<std::string> used;  // attributes that some population has
  for (const std::string& name : names_of(item)) {
    NodeChoice choice{name, std::nullopt};
    bool has_all = true;
    for (const auto& [key, member] : item.members()) {
      if (key == "population") continue;
      auto ids = key == "node_id" ? listed(name, item, member) : having(name, member, key);
      has_all = has_all && ids;
      if (!ids) continue;
      used.insert(key);
      if (choice.ids) {
        std::vector<std::uint64_t> both;
        std::ranges::set_intersection(*choice.ids, *ids, std::back_inserter(both));
        choice.ids = std::move(both);
      } else {
        choice.ids = std::move(ids);
      }
    }
    // Without a name a population without such nodes is not meant.
    if (has_all && (item.find("population") || !choice.ids->empty())) choices.push_back(std::move(choice));
  }
  for (const auto& [key, member] : item.members())
    if (key != "population" && !used.contains(key))
      member.fail("no node has such an attribute", "population, node_id, or a column of the node types or nodes");
}

// The populations that a definition speaks of: all where it names none.
std::vector<std::string> NodeSets::names_of(const Item& definition) const {
  std::vector<std::string> known;
  for (const auto& [other, unused] : populations_) known.push_back(other);
  const auto population = definition.find("population");
  if (!population) {
    if (definition.find("node_id") || definition.members().empty())
      definition.need("population", "the name of a population");
    return known;
  }
  std::vector<std::string> names;
  for (const Item& part : population->is_list() ? population->elements() : std::vector<Item>{*population}) {
    names.push_back(part.text());
    if (!populations_.contains(names.back()))
      part.fail("no such population", "one of " + joined(known), nearest(names.back(), known));
  }
  return names;
}

std::optional<std::vector<std::uint64_t>> NodeSets::having(const std::string& name, const Item& values,
                                                           const std::string& attribute) const {
  check_values(values);
  const NodePopulation& population = populations_.at(name);
  const h5::File file = h5::File::open(population.nodes_file.string());
  const h5::Group group = file.group("/nodes/" + name);
  const h5::Dataset types = column(group, "node_type_id", population.size);
  const TypeTable table(population.types_file, "node_type_id", {}, {}, experiment_);
  const bool in_table = std::ranges::find(table.columns(), attribute) != table.columns().end();

  const std::vector<std::uint32_t> ids = read_node_ids(group, population.size);
  Groups groups(group, "node", population.size);
  std::vector<std::uint32_t> group_of;
  std::vector<std::uint64_t> index_of;
  groups.read(0, population.size, group_of, index_of);
  // Per group: numbers, or texts, or none of that name.
  std::vector<std::vector<double>> numbers(groups.names().size());
  std::vector<std::vector<std::string>> texts(groups.names().size());
  bool in_group = false;
  for (std::size_t g = 0; g < groups.names().size(); ++g) {
    const std::string path = groups.names()[g] + "/" + attribute;
    if (attribute.find('/') != std::string::npos || !group.has_dataset(path)) continue;
    in_group = true;
    const h5::Dataset data = group.dataset(path);
    if (data.kind() == h5::Kind::text)
      texts[g] = data.read_texts();
    else
      numbers[g] = column(group, path, std::nullopt).read<double>();
  }
  if (!in_table && !in_group) return std::nullopt;

  std::vector<std::uint64_t> found;
  const auto type_ids = types.read<std::int64_t>();
  for (std::uint64_t row = 0; row < population.size; ++row) {
    const std::uint32_t g = group_of[row];
    const std::uint64_t i = index_of[row];
    std::optional<double> number;
    std::string text;
    if (i < numbers[g].size()) {
      number = numbers[g][i];
    } else if (i < texts[g].size()) {
      text = texts[g][i];
    } else {
      const TypeTable::Row* const type = table.find(type_ids[row]);
      const auto cell = type == nullptr ? std::nullopt : table.cell(*type, attribute);
      if (!cell) continue;
      number = parse_number<double>(*cell);
      text = *cell;
    }
    if (matches(values.value(), number, text)) found.push_back(ids[row]);
  }
  std::ranges::sort(found);
  return found;
}

}  // namespace rheo::sonata
