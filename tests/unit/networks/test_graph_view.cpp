// A network as a graph of Boost.Graph, and the numbers that rheo inspect --graph prints, against graphs worked out by
// hand, Boost.Graph on a copy, and networkx where it is installed.
#include <unistd.h>

#include <algorithm>
#include <boost/graph/adjacency_matrix.hpp>
#include <boost/graph/clustering_coefficient.hpp>
#include <boost/graph/dijkstra_shortest_paths.hpp>
#include <boost/graph/graph_concepts.hpp>
#include <boost/graph/strong_components.hpp>
#include <catch2/catch.hpp>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "networks/connect/rules.hpp"
#include "networks/delivery/stored_synapses.hpp"
#include "networks/graph/graph_statistics.hpp"
#include "networks/graph/graph_view.hpp"

namespace test_graph_view {

BOOST_CONCEPT_ASSERT((boost::VertexListGraphConcept<rheo::GraphView>));
BOOST_CONCEPT_ASSERT((boost::BidirectionalGraphConcept<rheo::GraphView>));
BOOST_CONCEPT_ASSERT((boost::AdjacencyGraphConcept<rheo::GraphView>));
BOOST_CONCEPT_ASSERT((boost::ReadablePropertyGraphConcept<rheo::GraphView, rheo::GraphEdge, boost::edge_weight_t>));
BOOST_CONCEPT_ASSERT((boost::ReadablePropertyMapConcept<rheo::DelayMap, rheo::GraphEdge>));
BOOST_CONCEPT_ASSERT((boost::ReadablePropertyMapConcept<rheo::ProjectionMap, rheo::GraphEdge>));
static_assert(sizeof(rheo::GraphView) == sizeof(void*));

namespace {

using namespace rheo;
using Ids = std::vector<std::uint32_t>;

PopulationSpec population(const std::string& name, std::uint32_t size, const std::string& model = "iaf_psc_alpha") {
  PopulationSpec p;
  p.name = name;
  p.model = model;
  p.size = size;
  return p;
}

ProjectionSpec projection(const std::string& name, std::vector<Selection> source, std::vector<Selection> target,
                          Connect connect) {
  ProjectionSpec p;
  p.name = name;
  p.source = std::move(source);
  p.target = std::move(target);
  p.connect = std::move(connect);
  return p;
}

Selection all_of(const std::string& name) {
  return {.population = name, .end = {}};
}

Connect listed(Ids source, Ids target) {
  return List{std::make_shared<const EdgeList>(EdgeList{std::move(source), std::move(target)})};
}

// A circle of three with one way back and a way out, a neuron that hears only itself, one connection twice.
NetworkSpec by_hand() {
  NetworkSpec spec;
  spec.populations = {population("E", 5)};
  spec.projections = {projection("some", {all_of("E")}, {all_of("E")}, listed({0, 1, 2, 2}, {1, 2, 0, 3})),
                      projection("more", {all_of("E")}, {all_of("E")}, listed({0, 4, 1}, {1, 4, 0}))};
  spec.projections[0].weight = std::vector<double>{1, 2, 3, 4};
  spec.projections[0].delay = std::vector<double>{1, 2, 3, 4};
  spec.projections[1].weight = -0.5;
  spec.projections[1].delay = 0.5;
  return spec;
}

// Several populations, slices, both signs, multapses, autapses, delays of all kinds.
NetworkSpec at_random() {
  NetworkSpec spec;
  spec.seed = 9;
  spec.populations = {population("A", 70), population("S", 20, "spike_source"), population("B", 130)};
  const FixedIndegree degree{.indegree = 6.0};
  const Bernoulli pairs{.p = 0.04};
  spec.projections = {
      projection("first", {all_of("B"), {.population = "A", .begin = 10, .end = 50, .step = 3}}, {all_of("A")}, degree),
      projection("none", {all_of("A")}, {all_of("B")}, listed({}, {})),
      projection("second", {all_of("A"), all_of("S")}, {{.population = "B", .end = {}, .step = 2}, all_of("A")},
                 pairs)};
  spec.projections[0].weight = Uniform{-1, 1};
  spec.projections[2].delay = Uniform{0.2, 3};
  return spec;
}

using Place = std::tuple<NeuronId, NeuronId, std::size_t, double, double>;  // source, target, projection, weight, delay

std::vector<Place> synapses_of(const Network& network) {
  std::vector<Place> all;
  const PopulationInfo& last = network.simulation().populations().back();
  for (std::size_t p = 0; p < network.projections().size(); ++p)
    for (NeuronId source = 0; source < last.first + last.size; ++source) {
      std::vector<Synapse> out;
      network.outgoing(p, source, out);
      for (const Synapse& s : out) all.emplace_back(s.source, s.target, p, s.weight, s.delay);
    }
  std::sort(all.begin(), all.end());
  return all;
}

Place place_of(const GraphEdge& edge, const GraphView& view) {
  return {source(edge, view), target(edge, view), get(projections(view), edge),
          get(get(boost::edge_weight, view), edge), get(delays(view), edge)};
}

// Three projections in one row, two of them with two targets; a fourth meets the targets of the first.
NetworkSpec sharing_rows() {
  NetworkSpec spec = at_random();
  const FixedIndegree degree{.indegree = 9.0};
  const std::vector<Selection> S_and_A{all_of("S"), {.population = "A", .begin = 5, .end = 61, .step = 2}};
  const Selection half_B{.population = "B", .begin = 10, .end = 60}, late_A{.population = "A", .begin = 61, .end = {}};
  spec.projections = {projection("a", S_and_A, {half_B}, degree),
                      projection("b", S_and_A, {late_A, {.population = "B", .begin = 100, .end = {}}}, degree),
                      projection("c", {S_and_A[1], S_and_A[0]}, {{.population = "A", .begin = 0, .end = 40}}, degree),
                      projection("d", S_and_A, {half_B}, degree)};
  for (ProjectionSpec& one : spec.projections) {
    one.weight = Uniform{-1, 1};
    one.delay = Uniform{0.2, 3};
  }
  return spec;
}

}  // namespace

TEST_CASE("projections that share rows are told apart", "[graph]") {
  NetworkSpec spec = sharing_rows();
  spec.lanes = 3;
  const Network together(spec, Threads(2));
  CHECK(together.stored().bundles().size() == 2);
  spec.share_rows = false;
  const Network apart(spec, Threads(2));
  CHECK(apart.stored().bundles().size() == 4);
  CHECK(synapses_of(together) == synapses_of(apart));
  const GraphStatistics ours = graph_statistics(together, spec), theirs = graph_statistics(apart, spec);
  REQUIRE(ours.projections.size() == 4);
  for (std::size_t p = 0; p < 4; ++p) {
    CHECK(together.projections()[p].synapses == apart.projections()[p].synapses);
    CHECK(together.projections()[p].max_delay == apart.projections()[p].max_delay);
    CHECK(ours.projections[p].name == theirs.projections[p].name);
    CHECK(ours.projections[p].out.sd == theirs.projections[p].out.sd);
    CHECK(ours.projections[p].in.sd == theirs.projections[p].in.sd);
  }
}

TEST_CASE("the view's edges are the network's synapses, out and in", "[graph]") {
  for (NetworkSpec spec : {by_hand(), at_random(), sharing_rows()})
    for (const auto delivery : {NetworkSpec::Delivery::ring, NetworkSpec::Delivery::wheel})
      for (const std::uint32_t lanes : {1u, 2u, 7u}) {
        spec.delivery = delivery;
        spec.lanes = lanes;
        const Network network(spec, Threads(2));
        const std::vector<Place> expected = synapses_of(network);
        NetworkGraph graph(network);
        CHECK(graph.bytes() == 0);
        graph.index_incoming();
        CHECK(graph.bytes() >= 6 * expected.size());
        const GraphView view(graph);
        std::vector<Place> out, in;
        std::set<std::tuple<std::uint16_t, std::uint16_t, std::uint32_t>> edges;
        const auto [first, last] = vertices(view);
        CHECK(static_cast<std::uint32_t>(std::distance(first, last)) == num_vertices(view));
        for (auto v = first; v != last; ++v) {
          std::uint32_t count = 0;
          Ids targets;
          const auto [out_begin, out_end] = out_edges(*v, view);
          for (auto e = out_begin; e != out_end; ++e, ++count) {
            REQUIRE(source(*e, view) == *v);
            out.push_back(place_of(*e, view));
            targets.push_back(target(*e, view));
            edges.emplace((*e).bundle, (*e).lane, (*e).index);
          }
          CHECK(out_degree(*v, view) == count);
          const auto [near, near_end] = adjacent_vertices(*v, view);
          CHECK(Ids(near, near_end) == targets);
          count = 0;
          const auto [in_begin, in_end] = in_edges(*v, view);
          for (auto e = in_begin; e != in_end; ++e, ++count) {
            REQUIRE(target(*e, view) == *v);
            in.push_back(place_of(*e, view));
            CHECK(edges.size() <= expected.size());
          }
          CHECK(in_degree(*v, view) == count);
          CHECK(degree(*v, view) == out_degree(*v, view) + in_degree(*v, view));
        }
        CHECK(edges.size() == expected.size());  // each has a place of its own
        std::sort(out.begin(), out.end());
        std::sort(in.begin(), in.end());
        CHECK(out == expected);
        CHECK(in == expected);
        graph.release_incoming();
        CHECK(graph.bytes() == 0);
        CHECK_THROWS_AS(in_edges(0, view), std::logic_error);
      }
}

TEST_CASE("algorithms of Boost.Graph run on a network", "[graph]") {
  const NetworkSpec spec = by_hand();
  const Network network(spec, Threads(1));
  const NetworkGraph graph(network);
  const GraphView view(graph);
  std::vector<double> arrival(5);
  boost::dijkstra_shortest_paths(view, NeuronId{0}, boost::weight_map(delays(view)).distance_map(arrival.data()));
  // 0 -> 1 by the faster of two synapses, 1 -> 2, 2 -> 3.
  CHECK(arrival[1] == 0.5);
  CHECK(arrival[2] == 2.5);
  CHECK(arrival[3] == 6.5);
  CHECK(arrival[4] == std::numeric_limits<double>::max());
}

TEST_CASE("numbers of a graph worked out by hand", "[graph]") {
  for (const std::uint32_t lanes : {1u, 3u}) {
    NetworkSpec spec = by_hand();
    spec.lanes = lanes;
    const Network network(spec, Threads(1));
    const GraphStatistics s = graph_statistics(network, spec);
    REQUIRE(s.projections.size() == 2);
    CHECK(s.projections[0].name == "some");
    CHECK(s.projections[0].out.mean == 0.8);
    CHECK(s.projections[0].out.max == 2);
    CHECK(s.projections[0].in.min == 0);
    CHECK(s.projections[0].in.max == 1);
    CHECK(s.projections[1].in.sd == Approx(std::sqrt(0.24)));
    CHECK(s.out.mean == 1.4);
    CHECK(s.out.sd == Approx(std::sqrt((3 * 0.36 + 1.96 + 0.16) / 5)));  // 2 2 2 0 1
    CHECK(s.out.min == 0);
    CHECK(s.in.min == 1);  // 2 2 1 1 1
    CHECK(s.in.max == 2);
    CHECK(s.synapses == 7);
    CHECK(s.autapses == 1);
    CHECK(s.multapses == 1);
    CHECK(s.pairs == 5);
    CHECK(s.reciprocity == 0.4);
    CHECK(s.components == 3);
    CHECK(s.largest_component == 3);
    CHECK(s.clustering == Approx((1 + 1 + 1.0 / 3) / 5));
    CHECK(s.clustering_samples == 5);
    CHECK(s.mean_path == Approx(14.0 / 9));
    CHECK(s.longest_path == 3);
    CHECK(s.reachable == Approx(9.0 / 20));
    CHECK(s.path_samples == 5);
  }
  // Projections count their own sources and targets only.
  NetworkSpec spec = by_hand();
  spec.projections = {projection("part", {{.population = "E", .begin = 1, .end = 4, .step = 2}},
                                 {{.population = "E", .begin = 4, .end = {}}}, listed({0, 1}, {0, 0}))};
  const GraphStatistics s = graph_statistics(Network(spec, Threads(1)), spec);
  CHECK(s.projections[0].out.mean == 1);
  CHECK(s.projections[0].in.min == 2);
  CHECK(s.reachable == Approx(2.0 / 20));
  // No synapse at all.
  spec.projections.clear();
  const GraphStatistics none = graph_statistics(Network(spec, Threads(1)), spec);
  CHECK(none.components == 5);
  CHECK(none.pairs == 0);
  CHECK(none.reciprocity == 0);
  CHECK(none.mean_path == 0);
}

TEST_CASE("a ring and its small world", "[graph]") {
  NetworkSpec spec;
  spec.populations = {population("E", 60)};
  spec.projections = {projection("ring", {all_of("E")}, {all_of("E")}, SmallWorld{.k = 4})};
  const GraphStatistics ring = graph_statistics(Network(spec, Threads(1)), spec);
  CHECK(ring.clustering == Approx(0.5));  // 3 (k - 2) / 4 (k - 1)
  CHECK(ring.reciprocity == 1);
  CHECK(ring.components == 1);
  CHECK(ring.longest_path == 15);
  CHECK(ring.mean_path == Approx((4 * (1 + 14) * 14 / 2 + 15 * 3) / 59.0));  // 4 at each distance, 3 at the last
  spec.projections[0].connect = SmallWorld{.k = 4, .p = 0.1};
  const GraphStatistics small = graph_statistics(Network(spec, Threads(1)), spec);
  CHECK(small.mean_path < 0.7 * ring.mean_path);
  CHECK(small.clustering > 0.25);
}

TEST_CASE("sampled numbers are near the exact ones and the same every time", "[graph]") {
  const NetworkSpec spec = at_random();
  const Network network(spec, Threads(1));
  const GraphStatistics exact = graph_statistics(network, spec), some = graph_statistics(network, spec, 60),
                        again = graph_statistics(network, spec, 60);
  CHECK(some.clustering_samples == 60);
  CHECK(some.path_samples == 60);
  CHECK(some.clustering == Approx(exact.clustering).epsilon(0.3));
  CHECK(some.mean_path == Approx(exact.mean_path).epsilon(0.1));
  CHECK(some.clustering == again.clustering);
  CHECK(some.mean_path == again.mean_path);

  // Clustering by Boost.Graph on a plain copy.
  boost::adjacency_matrix<boost::undirectedS> copy(220);
  for (const Place& s : synapses_of(network))
    if (std::get<0>(s) != std::get<1>(s) && !boost::edge(std::get<0>(s), std::get<1>(s), copy).second)
      boost::add_edge(std::get<0>(s), std::get<1>(s), copy);
  double sum = 0;
  for (std::uint32_t v = 0; v < 220; ++v) sum += boost::clustering_coefficient<decltype(copy), double>(copy, v);
  CHECK(exact.clustering == Approx(sum / 220));
  CHECK(exact.clustering > 0.01);
}

TEST_CASE("the same numbers come out of networkx", "[graph]") {
  if (std::system("python3 -c 'import networkx' 2>/dev/null") != 0) {
    WARN("python3 has no networkx: not compared");
    return;
  }
  const NetworkSpec spec = at_random();
  const Network network(spec, Threads(1));
  const GraphStatistics ours = graph_statistics(network, spec);
  std::string name = (std::filesystem::temp_directory_path() / "rheo_graph_XXXXXX").string();
  const int file = ::mkstemp(name.data());
  REQUIRE(file >= 0);
  ::close(file);
  {
    std::ofstream edges(name);
    for (const Place& s : synapses_of(network)) edges << std::get<0>(s) << ' ' << std::get<1>(s) << '\n';
  }
  const std::string script = R"(
import sys, networkx as nx
g = nx.MultiDiGraph()
g.add_nodes_from(range(220))
g.add_edges_from(tuple(map(int, line.split())) for line in open(sys.argv[1]))
simple = nx.DiGraph(g)
simple.remove_edges_from(list(nx.selfloop_edges(simple)))
components = list(nx.strongly_connected_components(g))
lengths = [d for v in simple for w, d in nx.single_source_shortest_path_length(simple, v).items() if w != v]
print(nx.overall_reciprocity(simple), len(components), max(map(len, components)),
      nx.average_clustering(simple.to_undirected()), sum(lengths) / len(lengths), max(lengths), len(lengths) / 220 / 219)
)";
  FILE* pipe = ::popen(("python3 -c '" + script + "' " + name).c_str(), "r");
  REQUIRE(pipe != nullptr);
  double reciprocity = 0, clustering = 0, mean = 0, reachable = 0;
  unsigned components = 0, largest = 0, longest = 0;
  const int read = std::fscanf(pipe, "%lf %u %u %lf %lf %u %lf", &reciprocity, &components, &largest, &clustering,
                               &mean, &longest, &reachable);
  ::pclose(pipe);
  std::filesystem::remove(name);
  REQUIRE(read == 7);
  CHECK(ours.reciprocity == Approx(reciprocity));
  CHECK(ours.components == components);
  CHECK(ours.largest_component == largest);
  CHECK(ours.clustering == Approx(clustering));
  CHECK(ours.mean_path == Approx(mean));
  CHECK(ours.longest_path == longest);
  CHECK(ours.reachable == Approx(reachable));
}

}  // namespace test_graph_view
