// The parts of the SONATA reader (io/sonata.hpp), in the order in which they are called.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "io/experiment.hpp"
#include "io/sonata_config.hpp"

namespace rheo::sonata {

struct NodePopulation {
  std::size_t spec = 0;  // index in NetworkSpec::populations
  std::uint32_t size = 0;
  bool is_virtual = false;
};
using NodePopulations = std::map<std::string, NodePopulation>;

NodePopulations read_nodes(const Config& config, Experiment& experiment);
void read_edges(const Config& config, const NodePopulations& populations, Experiment& experiment);

// Nodes that an input goes to: whole populations, or some ids of them.
struct NodeChoice {
  std::string population;
  std::optional<std::vector<std::uint64_t>> ids;  // sorted
};

class NodeSets {
 public:
  NodeSets(const Config& config, const NodePopulations& populations, Experiment& experiment)
      : populations_(populations) {
    for (const Item& item : config.all) {
      if (const auto sets = item.find("node_sets")) add(*sets);
      if (const auto file = item.find("node_sets_file")) {
        documents_.push_back(load_document(file->path(), file->file(), file->key(), experiment));
        add(Item(*documents_.back()));
      }
    }
  }

  // `where` is a name, or the definition itself.
  std::vector<NodeChoice> resolve(const Item& where) const {
    std::vector<NodeChoice> choices;
    add_choices(where, choices, 0);
    return choices;
  }

 private:
  void add(const Item& sets) {
    for (const auto& [name, item] : sets.members()) {
      if (!sets_.emplace(name, item).second) item.fail("a node set of this name was given before");
    }
  }

  void add_choices(const Item& item, std::vector<NodeChoice>& choices, std::size_t depth) const {
    if (depth > deepest) item.fail("node sets refer to each other in a circle");
    if (choices.size() > 65536) item.fail("names too many node sets");
    if (item.is_list()) {
      for (const Item& part : item.elements()) {
        if (!part.is_text()) part.fail("must be the name of a node set", "\"...\"");
        add_choices(part, choices, depth + 1);
      }
      return;
    }
    if (item.is_text()) {
      const std::string name = item.text();
      if (const auto found = sets_.find(name); found != sets_.end())
        return add_choices(found->second, choices, depth + 1);
      if (populations_.contains(name)) {
        choices.push_back({name, std::nullopt});
        return;
      }
      std::vector<std::string> known;
      for (const auto& [set, unused] : sets_) known.push_back(set);
      for (const auto& [population, unused] : populations_) {
        if (!sets_.contains(population)) known.push_back(population);
      }
      item.fail("no such node set or population", "one of " + joined(known), nearest(name, known));
    }

    for (const auto& [key, member] : item.members()) {
      if (key != "population" && key != "node_id") {
        member.fail("not available yet: nodes are chosen by population and node_id",
                    "{ \"population\": ..., \"node_id\": [...] }");
      }
    }
    std::optional<std::vector<std::uint64_t>> ids;
    if (const auto list = item.find("node_id")) {
      ids.emplace();
      if (list->is_list()) {
        for (const Item& id : list->elements()) ids->push_back(id.count());
      } else {
        ids->push_back(list->count());
      }
      std::ranges::sort(*ids);
    }
    const Item population = item.need("population", "the name of a population");
    const std::vector<Item> names = population.is_list() ? population.elements() : std::vector<Item>{population};
    for (const Item& part : names) {
      const std::string name = part.text();
      const auto found = populations_.find(name);
      if (found == populations_.end()) {
        std::vector<std::string> known;
        for (const auto& [other, unused] : populations_) known.push_back(other);
        part.fail("no such population", "one of " + joined(known), nearest(name, known));
      }
      if (ids && !ids->empty() && ids->back() >= found->second.size) {
        fail(item.file(), item.key() + ".node_id", std::to_string(ids->back()), "no such node in " + name,
             "0 to " + std::to_string(found->second.size - 1));
      }
      choices.push_back({name, ids});
    }
  }

  const NodePopulations& populations_;
  std::vector<std::unique_ptr<Document>> documents_;
  std::map<std::string, Item> sets_;
};

// Keys that were read over; they go into one warning.
using Unused = std::vector<std::string>;

inline void note_unused(const Item& item, std::initializer_list<std::string_view> known, Unused& unused) {
  for (const auto& [name, member] : item.members()) {
    if (std::ranges::find(known, name) == known.end()) unused.push_back(member.key());
  }
}

void read_inputs(const Config& config, const NodePopulations& populations, Experiment& experiment, Unused& unused);

}  // namespace rheo::sonata
