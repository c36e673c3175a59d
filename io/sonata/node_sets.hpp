// Which nodes a name means: sets of nodes, sets of sets, populations, or a definition in place. Part of the SONATA
// reader (io/sonata/sonata.hpp).
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "io/sonata/config.hpp"
#include "io/sonata/parts.hpp"

namespace rheo::sonata {

// A whole population, or some ids of one.
struct NodeChoice {
  std::string population;
  std::optional<std::vector<std::uint64_t>> ids;  // ascending, each once
};

class NodeSets {
 public:
  NodeSets(const Config& config, const NodePopulations& populations, Experiment& experiment);

  // `where` is a name, a list of names, or the definition itself: { population, node_id, any attribute of the nodes }.
  // A population may be named several times.
  std::vector<NodeChoice> resolve(const Item& where) const;

 private:
  void add(const Item& sets);
  void add_choices(const Item& item, std::vector<NodeChoice>& choices, std::size_t depth) const;
  void add_named(const Item& item, std::vector<NodeChoice>& choices, std::size_t depth) const;
  void add_defined(const Item& item, std::vector<NodeChoice>& choices) const;
  std::vector<std::string> names_of(const Item& definition) const;
  std::vector<std::uint64_t> listed(const std::string& population, const Item& definition, const Item& member) const;
  // The ids of the nodes whose attribute has one of the values; nothing where the population has no such attribute.
  std::optional<std::vector<std::uint64_t>> having(const std::string& population, const Item& values,
                                                   const std::string& attribute) const;

  const NodePopulations& populations_;
  Experiment& experiment_;
  std::vector<std::unique_ptr<Document>> documents_;
  std::map<std::string, Item> sets_;
};

}  // namespace rheo::sonata
