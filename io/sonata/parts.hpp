// The parts of the SONATA reader (io/sonata/sonata.hpp), in the order in which they are called.
#pragma once

#include <initializer_list>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "io/experiment/experiment.hpp"
#include "io/sonata/config.hpp"

namespace rheo::sonata {

struct NodePopulation {
  std::size_t spec = 0;  // index in NetworkSpec::populations
  std::uint32_t size = 0;
  bool is_virtual = false;
  fs::path nodes_file, types_file;  // where its attributes are
};
using NodePopulations = std::map<std::string, NodePopulation>;

NodePopulations read_nodes(const Config& config, Experiment& experiment);
void read_edges(const Config& config, const NodePopulations& populations, Experiment& experiment);

// Keys that were read over; they go into one warning.
using Unused = std::vector<std::string>;

void note_unused(const Item& item, std::initializer_list<std::string_view> known, Unused& unused);

// Inputs and reports of the simulation config.
void read_inputs(const Config& config, const NodePopulations& populations, Experiment& experiment, Unused& unused);
void read_reports(const Config& config, const NodePopulations& populations, Experiment& experiment, Unused& unused);

}  // namespace rheo::sonata
