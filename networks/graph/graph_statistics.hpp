// What a network looks like as a graph: degrees, strong components, reciprocity, clustering, path lengths. Used by
// `rheo inspect --graph`; takes seconds on networks of millions of synapses, and 6 bytes per synapse while it runs.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "networks/description/spec.hpp"
#include "networks/network.hpp"

namespace rheo {

struct DegreeStatistics {
  double mean = 0, sd = 0;  // over all neurons that were asked about
  std::uint64_t min = 0, max = 0;
};

struct GraphStatistics {
  struct Projection {
    std::string name;
    DegreeStatistics out, in;  // over the projection's sources, over its targets
  };
  std::vector<Projection> projections;

  // From here on over all neurons and projections.
  DegreeStatistics out, in;
  std::uint64_t synapses = 0;
  std::uint64_t autapses = 0, multapses = 0;  // multapses: synapses beyond the first of their pair
  std::uint64_t pairs = 0;                    // ordered pairs of different neurons that are connected
  double reciprocity = 0;                     // share of these whose opposite is connected too

  std::uint32_t components = 0, largest_component = 0;  // strong: everyone reaches everyone, along the synapses

  // Of a neuron: the share of pairs of its neighbours that are neighbours, 0 with fewer than two. Neighbours are
  // connected in either direction; multapses and autapses do not count. Mean over the sampled neurons.
  double clustering = 0;
  std::uint32_t clustering_samples = 0;

  // Shortest ways along the synapses from the sampled neurons to every other that they reach.
  double mean_path = 0;
  std::uint32_t longest_path = 0;
  double reachable = 0;  // share of the others
  std::uint32_t path_samples = 0;
};

// `spec` is what the network was built from. All neurons are looked at where there are at most `samples`, else as many,
// drawn with the network's seed; fewer where they would have too many synapses.
GraphStatistics graph_statistics(const Network& network, const NetworkSpec& spec, std::uint32_t samples = 1000);

}  // namespace rheo
