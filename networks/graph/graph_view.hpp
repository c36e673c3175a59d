// A network as a graph of Boost.Graph: neurons are vertices, synapses are edges, multapses are parallel edges. Nothing
// is copied; edges are read from where the simulation keeps them. For questions about structure, not for the loop.
//
//   NetworkGraph graph(network);
//   graph.index_incoming();             // only for what asks for in-edges: 6 bytes per synapse, 8 per neuron
//   GraphView view(graph);
//   boost::strong_components(view, ...);
#pragma once

#include <boost/graph/adjacency_iterator.hpp>
#include <boost/graph/graph_traits.hpp>
#include <boost/graph/properties.hpp>
#include <boost/iterator/counting_iterator.hpp>
#include <boost/iterator/iterator_facade.hpp>
#include <boost/property_map/function_property_map.hpp>
#include <boost/property_map/property_map.hpp>
#include <cstdint>
#include <utility>
#include <vector>

#include "networks/delivery/stored_synapses.hpp"
#include "networks/network.hpp"

namespace rheo {

// A synapse with its place: the index within the lane's block of the bundle.
struct GraphEdge {
  NeuronId source = 0, target = 0;
  std::uint32_t index = 0;
  std::uint16_t bundle = 0, lane = 0;
  friend bool operator==(const GraphEdge& a, const GraphEdge& b) {
    return a.index == b.index && a.bundle == b.bundle && a.lane == b.lane;
  }
  friend bool operator!=(const GraphEdge& a, const GraphEdge& b) { return !(a == b); }
};

// A walk over the synapses of one row after the other: bundles in order, lanes, synapses as stored.
struct OutgoingPlace {
  std::uint32_t index = 0, end = 0;    // in the lane's block
  std::uint32_t bundle = 0, lane = 0;  // bundle: their number at the end
  friend bool operator==(const OutgoingPlace& a, const OutgoingPlace& b) {
    return a.index == b.index && a.bundle == b.bundle && a.lane == b.lane;
  }
};

// What a view looks at. The network must outlive it and stay where it is.
class NetworkGraph {
 public:
  explicit NetworkGraph(const Network& network);

  const Network& network() const { return *network_; }
  std::uint32_t vertices() const { return vertices_; }

  // The place of every synapse by target, until it is released. in_edges() and in_degree() need it.
  void index_incoming();
  void release_incoming();
  bool has_incoming() const { return !incoming_begin_.empty(); }
  std::size_t bytes() const;  // of the index

  OutgoingPlace first_outgoing(NeuronId source) const;
  OutgoingPlace end_outgoing() const { return {0, 0, static_cast<std::uint32_t>(bundles_->size()), 0}; }
  void next(NeuronId source, OutgoingPlace& place) const;
  GraphEdge edge(NeuronId source, const OutgoingPlace& place) const;
  std::uint32_t out_degree(NeuronId source) const;

  std::uint64_t incoming_begin(NeuronId target) const;  // throws std::logic_error without the index
  std::uint64_t incoming_end(NeuronId target) const;
  GraphEdge incoming(NeuronId target, std::uint32_t lane, std::uint64_t place) const;
  std::uint32_t lane_of(NeuronId neuron) const;

  std::uint32_t projection(const GraphEdge& edge) const;
  double weight(const GraphEdge& edge) const;  // in the unit of the target's port
  double delay(const GraphEdge& edge) const;   // ms

 private:
  void skip_empty(NeuronId source, OutgoingPlace& place) const;

  const Network* network_;
  const std::vector<SynapseBundle>* bundles_;
  std::uint32_t vertices_;
  std::vector<std::uint64_t> incoming_begin_;  // [vertices + 1] into the next two
  std::vector<std::uint32_t> incoming_index_;  // GraphEdge::index
  std::vector<std::uint16_t> incoming_bundle_;
};

// A pointer with the functions that Boost.Graph looks for.
class GraphView {
 public:
  explicit GraphView(const NetworkGraph& graph) : graph_(&graph) {}
  const NetworkGraph* operator->() const { return graph_; }

 private:
  const NetworkGraph* graph_;
};

class OutEdgeIterator
    : public boost::iterator_facade<OutEdgeIterator, GraphEdge, boost::forward_traversal_tag, GraphEdge> {
 public:
  OutEdgeIterator() = default;
  OutEdgeIterator(const NetworkGraph& graph, NeuronId source, OutgoingPlace place)
      : graph_(&graph), source_(source), place_(place) {}

 private:
  friend class boost::iterator_core_access;
  GraphEdge dereference() const { return graph_->edge(source_, place_); }
  bool equal(const OutEdgeIterator& other) const { return place_ == other.place_; }
  void increment() { graph_->next(source_, place_); }

  const NetworkGraph* graph_ = nullptr;
  NeuronId source_ = 0;
  OutgoingPlace place_;
};

class InEdgeIterator
    : public boost::iterator_facade<InEdgeIterator, GraphEdge, boost::forward_traversal_tag, GraphEdge> {
 public:
  InEdgeIterator() = default;
  InEdgeIterator(const NetworkGraph& graph, NeuronId target, std::uint64_t place)
      : graph_(&graph), place_(place), target_(target), lane_(graph.lane_of(target)) {}

 private:
  friend class boost::iterator_core_access;
  GraphEdge dereference() const { return graph_->incoming(target_, lane_, place_); }
  bool equal(const InEdgeIterator& other) const { return place_ == other.place_; }
  void increment() { ++place_; }

  const NetworkGraph* graph_ = nullptr;
  std::uint64_t place_ = 0;
  NeuronId target_ = 0;
  std::uint32_t lane_ = 0;
};

struct WeightOfEdge {
  const NetworkGraph* graph;
  double operator()(const GraphEdge& edge) const { return graph->weight(edge); }
};
struct DelayOfEdge {
  const NetworkGraph* graph;
  double operator()(const GraphEdge& edge) const { return graph->delay(edge); }
};
struct ProjectionOfEdge {
  const NetworkGraph* graph;
  std::uint32_t operator()(const GraphEdge& edge) const { return graph->projection(edge); }
};
using WeightMap = boost::function_property_map<WeightOfEdge, GraphEdge, double>;
using DelayMap = boost::function_property_map<DelayOfEdge, GraphEdge, double>;
using ProjectionMap = boost::function_property_map<ProjectionOfEdge, GraphEdge, std::uint32_t>;

}  // namespace rheo

namespace boost {

template <>
struct graph_traits<rheo::GraphView> {
  using vertex_descriptor = rheo::NeuronId;
  using edge_descriptor = rheo::GraphEdge;
  using directed_category = bidirectional_tag;
  using edge_parallel_category = allow_parallel_edge_tag;
  struct traversal_category : bidirectional_graph_tag, vertex_list_graph_tag, adjacency_graph_tag {};
  using vertex_iterator = counting_iterator<rheo::NeuronId>;
  using out_edge_iterator = rheo::OutEdgeIterator;
  using in_edge_iterator = rheo::InEdgeIterator;
  using adjacency_iterator = adjacency_iterator_generator<rheo::GraphView, vertex_descriptor, out_edge_iterator>::type;
  using vertices_size_type = std::uint32_t;
  using edges_size_type = std::uint64_t;
  using degree_size_type = std::uint32_t;
  static vertex_descriptor null_vertex() { return 0xffffffffu; }
};

template <>
struct property_map<rheo::GraphView, vertex_index_t> {
  using type = typed_identity_property_map<rheo::NeuronId>;
  using const_type = type;
};
template <>
struct property_map<rheo::GraphView, edge_weight_t> {
  using type = rheo::WeightMap;
  using const_type = type;
};

}  // namespace boost

namespace rheo {

using GraphTraits = boost::graph_traits<GraphView>;

inline std::uint32_t num_vertices(const GraphView& g) {
  return g->vertices();
}
inline std::pair<GraphTraits::vertex_iterator, GraphTraits::vertex_iterator> vertices(const GraphView& g) {
  return {GraphTraits::vertex_iterator(0), GraphTraits::vertex_iterator(g->vertices())};
}
inline NeuronId source(const GraphEdge& edge, const GraphView&) {
  return edge.source;
}
inline NeuronId target(const GraphEdge& edge, const GraphView&) {
  return edge.target;
}
inline std::pair<OutEdgeIterator, OutEdgeIterator> out_edges(NeuronId v, const GraphView& g) {
  return {{*g.operator->(), v, g->first_outgoing(v)}, {*g.operator->(), v, g->end_outgoing()}};
}
inline std::pair<InEdgeIterator, InEdgeIterator> in_edges(NeuronId v, const GraphView& g) {
  return {{*g.operator->(), v, g->incoming_begin(v)}, {*g.operator->(), v, g->incoming_end(v)}};
}
inline std::pair<GraphTraits::adjacency_iterator, GraphTraits::adjacency_iterator> adjacent_vertices(
    NeuronId v, const GraphView& g) {
  const auto [begin, end] = out_edges(v, g);
  return {GraphTraits::adjacency_iterator(begin, &g), GraphTraits::adjacency_iterator(end, &g)};
}
inline std::uint32_t out_degree(NeuronId v, const GraphView& g) {
  return g->out_degree(v);
}
inline std::uint32_t in_degree(NeuronId v, const GraphView& g) {
  return static_cast<std::uint32_t>(g->incoming_end(v) - g->incoming_begin(v));
}
inline std::uint32_t degree(NeuronId v, const GraphView& g) {
  return out_degree(v, g) + in_degree(v, g);
}

inline boost::typed_identity_property_map<NeuronId> get(boost::vertex_index_t, const GraphView&) {
  return {};
}
inline NeuronId get(boost::vertex_index_t, const GraphView&, NeuronId v) {
  return v;
}
inline WeightMap get(boost::edge_weight_t, const GraphView& g) {
  return WeightMap(WeightOfEdge{g.operator->()});
}
inline double get(boost::edge_weight_t, const GraphView& g, const GraphEdge& edge) {
  return g->weight(edge);
}
// ms
inline DelayMap delays(const GraphView& g) {
  return DelayMap(DelayOfEdge{g.operator->()});
}
// Index of the projection in the order of declaration.
inline ProjectionMap projections(const GraphView& g) {
  return ProjectionMap(ProjectionOfEdge{g.operator->()});
}

}  // namespace rheo
