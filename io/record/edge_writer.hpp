// A built projection as SONATA edges, streamed: memory holds a few pieces of columns, a number or two per neuron, and
// one piece of an index.
//
//   /edges/<name>/source_node_id, target_node_id   uint64 [edges], attribute node_population; by source, target, delay
//   /edges/<name>/edge_type_id, edge_group_id      uint32, uint16 [edges], all 0
//   /edges/<name>/edge_group_index                 uint64 [edges] = 0, 1, 2, ...
//   /edges/<name>/0/syn_weight                     in the precision of the simulation
//   /edges/<name>/0/delay                          float64, ms
//   /edges/<name>/indices/{source_to_target, target_to_source}/{node_id_to_ranges, range_to_edge_id}  uint64 [.. x 2]
//
// A SONATA edge population joins one population to one: a projection over several becomes one for each pair, by source,
// then target. Read back in that order they give the same sums (docs/semantics.md 3).
#pragma once

#include <set>
#include <string>
#include <vector>

#include "io/h5/h5.hpp"
#include "networks/description/spec.hpp"
#include "networks/network.hpp"

namespace rheo {

struct EdgePopulation {
  std::string name;
  std::size_t source = 0, target = 0;  // populations, in the order of the network
  std::uint64_t edges = 0;
};

// Into which edge populations a projection falls. A name is that of the projection, with those of the pair behind it
// where there are several; it is none of `taken`, to which it is added.
std::vector<EdgePopulation> edge_populations(const Network& network, const NetworkSpec& spec, std::size_t projection,
                                             std::set<std::string>& taken);

// Writes one of them as a group of `edges`, which belongs to a file that can be read, too. Throws h5::Error.
void write_edges(h5::Group& edges, const Network& network, const NetworkSpec& spec, std::size_t projection,
                 const EdgePopulation& population, h5::Storage storage = h5::Storage::plain);

// Writes where its edges begin and end, and how long they take, into an empty group: source_node_id and target_node_id
// as above, and delay (float64, ms). Throws h5::Error.
void write_edge_ends(h5::Group& group, const Network& network, const NetworkSpec& spec, std::size_t projection,
                     const EdgePopulation& population, h5::Storage storage);

}  // namespace rheo
