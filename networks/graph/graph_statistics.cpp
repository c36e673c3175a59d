#include "networks/graph/graph_statistics.hpp"

#include <algorithm>
#include <boost/graph/breadth_first_search.hpp>
#include <boost/graph/strong_components.hpp>
#include <boost/property_map/property_map.hpp>
#include <cmath>
#include <limits>

#include "core/random.hpp"
#include "networks/graph/graph_view.hpp"

namespace rheo {

namespace {

template <class Degrees>
DegreeStatistics statistics_of(const Degrees& degrees) {
  DegreeStatistics result;
  if (degrees.empty()) return result;
  const auto n = static_cast<double>(degrees.size());
  double sum = 0, squares = 0;
  for (const auto degree : degrees) sum += static_cast<double>(degree);
  result.mean = sum / n;
  for (const auto degree : degrees)
    squares += (static_cast<double>(degree) - result.mean) * (static_cast<double>(degree) - result.mean);
  result.sd = std::sqrt(squares / n);
  const auto [least, most] = std::minmax_element(degrees.begin(), degrees.end());
  result.min = *least;
  result.max = *most;
  return result;
}

void degrees(const NetworkGraph& graph, const NetworkSpec& spec, GraphStatistics& statistics) {
  const Network& network = graph.network();
  std::vector<std::uint64_t> out(graph.vertices()), in(graph.vertices());
  const std::vector<SynapseBundle>& bundles = network.stored().bundles();
  for (std::size_t b = 0; b < bundles.size(); ++b) {
    const SynapseBundle& bundle = bundles[b];
    std::vector<std::vector<std::uint64_t>> out_here(bundle.members.size()), in_here(bundle.members.size());
    for (auto* here : {&out_here, &in_here})
      for (std::vector<std::uint64_t>& degree : *here) degree.resize(graph.vertices());
    for (std::size_t lane = 0; lane < bundle.lanes.size(); ++lane) {
      const SynapseBlock& block = bundle.lanes[lane];
      if (block.synapses() == 0) continue;
      for (const SourceRange& range : bundle.sources)
        for (std::uint64_t neuron = range.first, row = range.row; neuron < range.end; neuron += range.step, ++row)
          for (std::uint32_t s = block.row_synapses[row]; s < block.row_synapses[row + 1]; ++s) {
            const auto source = static_cast<NeuronId>(neuron);
            const NeuronId target = network.owner(lane, network.stored().slot(b, lane, s)).first;
            const std::uint32_t member = bundle.projection_of(source, target) - bundle.first;
            ++out_here[member][source];
            ++in_here[member][target];
          }
    }
    const auto of = [&](const std::vector<Selection>& selections, const std::vector<std::uint64_t>& all) {
      std::vector<std::uint64_t> chosen;
      for (const Selection& selection : selections)
        for (const PopulationInfo& population : network.simulation().populations())
          if (population.name == selection.population)
            for (std::uint64_t i = selection.begin; i < selection.end.value_or(population.size); i += selection.step)
              chosen.push_back(all[population.first + i]);
      return statistics_of(chosen);
    };
    for (std::size_t m = 0; m < bundle.members.size(); ++m) {
      const ProjectionSpec& projection = spec.projections[bundle.first + m];
      statistics.projections.push_back(
          {projection.name, of(projection.source, out_here[m]), of(projection.target, in_here[m])});
      for (std::size_t i = 0; i < out.size(); ++i) {
        out[i] += out_here[m][i];
        in[i] += in_here[m][i];
      }
    }
  }
  statistics.out = statistics_of(out);
  statistics.in = statistics_of(in);
}

// A set of neurons that is emptied in no time.
class Marks {
 public:
  explicit Marks(std::uint32_t size) : mark_(size) {}
  void clear() { ++now_; }
  bool add(NeuronId neuron) { return std::exchange(mark_[neuron], now_) != now_; }  // whether it is new
  bool has(NeuronId neuron) const { return mark_[neuron] == now_; }

 private:
  std::vector<std::uint32_t> mark_;
  std::uint32_t now_ = 0;
};

void pairs(const GraphView& view, GraphStatistics& statistics) {
  Marks targets(num_vertices(view)), sources(num_vertices(view));
  std::uint64_t mutual = 0;
  for (NeuronId neuron = 0; neuron < num_vertices(view); ++neuron) {
    targets.clear();
    sources.clear();
    const auto [out, out_end] = out_edges(neuron, view);
    for (auto edge = out; edge != out_end; ++edge) {
      const NeuronId target = (*edge).target;
      ++statistics.synapses;
      statistics.autapses += target == neuron;
      const bool is_first = targets.add(target);
      statistics.multapses += !is_first;
      statistics.pairs += is_first && target != neuron;
    }
    const auto [in, in_end] = in_edges(neuron, view);
    for (auto edge = in; edge != in_end; ++edge) {
      const NeuronId source = (*edge).source;
      mutual += sources.add(source) && source != neuron && targets.has(source);
    }
  }
  if (statistics.pairs != 0)
    statistics.reciprocity = static_cast<double>(mutual) / static_cast<double>(statistics.pairs);
}

void components(const GraphView& view, GraphStatistics& statistics) {
  std::vector<std::uint32_t> component(num_vertices(view));
  statistics.components = boost::strong_components(
      view, boost::make_iterator_property_map(component.begin(), get(boost::vertex_index, view)));
  std::vector<std::uint32_t> size(statistics.components);
  for (const std::uint32_t c : component) ++size[c];
  statistics.largest_component = *std::max_element(size.begin(), size.end());
}

double clustering_of(NeuronId neuron, const GraphView& view, Marks& neighbours, Marks& seen) {
  std::vector<NeuronId> list;
  neighbours.clear();
  const auto add = [&](NeuronId other) {
    if (other != neuron && neighbours.add(other)) list.push_back(other);
  };
  const auto [out, out_end] = out_edges(neuron, view);
  for (auto edge = out; edge != out_end; ++edge) add((*edge).target);
  const auto [in, in_end] = in_edges(neuron, view);
  for (auto edge = in; edge != in_end; ++edge) add((*edge).source);
  if (list.size() < 2) return 0;
  // Each neighbour's partners in either direction, so every pair of neighbours is met from both of its ends.
  std::uint64_t met = 0;
  for (const NeuronId one : list) {
    seen.clear();
    const auto count = [&](NeuronId other) { met += other != one && neighbours.has(other) && seen.add(other); };
    const auto [from, from_end] = out_edges(one, view);
    for (auto edge = from; edge != from_end; ++edge) count((*edge).target);
    const auto [to, to_end] = in_edges(one, view);
    for (auto edge = to; edge != to_end; ++edge) count((*edge).source);
  }
  const auto n = static_cast<double>(list.size());
  return static_cast<double>(met) / (n * (n - 1));
}

// `count` different neurons in the order of a random permutation; all of them, ascending, where there are not more.
std::vector<NeuronId> sample(std::uint32_t neurons, std::uint32_t count, std::uint64_t seed, const char* use) {
  std::vector<NeuronId> all(neurons);
  for (std::uint32_t i = 0; i < neurons; ++i) all[i] = i;
  if (count >= neurons) return all;
  RandomStream stream(random_key(seed, "inspect", use), 0);
  for (std::uint32_t i = 0; i < count; ++i) std::swap(all[i], all[i + stream.below(neurons - i)]);
  all.resize(count);
  return all;
}

// So many visits of synapses take seconds.
constexpr double most_visits = 2e7;

std::uint32_t affordable(double visits_each, std::uint32_t samples) {
  return static_cast<std::uint32_t>(std::clamp(most_visits / std::max(1.0, visits_each), 1.0, double{1} * samples));
}

void clustering(const GraphView& view, std::uint64_t seed, std::uint32_t samples, GraphStatistics& statistics) {
  Marks neighbours(num_vertices(view)), seen(num_vertices(view));
  const double degree = statistics.out.mean + statistics.in.mean;
  double sum = 0;
  const auto chosen = sample(num_vertices(view), affordable(degree * degree, samples), seed, "clustering");
  for (const NeuronId neuron : chosen) sum += clustering_of(neuron, view, neighbours, seen);
  statistics.clustering_samples = static_cast<std::uint32_t>(chosen.size());
  statistics.clustering = sum / static_cast<double>(chosen.size());
}

void paths(const GraphView& view, std::uint64_t seed, std::uint32_t samples, GraphStatistics& statistics) {
  constexpr std::uint32_t unreached = std::numeric_limits<std::uint32_t>::max();
  std::vector<std::uint32_t> distance(num_vertices(view));
  double sum = 0;
  std::uint64_t reached = 0;
  const auto chosen =
      sample(num_vertices(view), affordable(static_cast<double>(statistics.synapses), samples), seed, "paths");
  for (const NeuronId from : chosen) {
    std::fill(distance.begin(), distance.end(), unreached);
    distance[from] = 0;
    boost::breadth_first_search(
        view, from,
        boost::visitor(boost::make_bfs_visitor(boost::record_distances(distance.data(), boost::on_tree_edge()))));
    for (const std::uint32_t d : distance)
      if (d != unreached && d != 0) {
        sum += d;
        ++reached;
        statistics.longest_path = std::max(statistics.longest_path, d);
      }
  }
  statistics.path_samples = static_cast<std::uint32_t>(chosen.size());
  if (reached != 0) statistics.mean_path = sum / static_cast<double>(reached);
  const double others = num_vertices(view) - 1.0;
  if (others > 0) statistics.reachable = static_cast<double>(reached) / (static_cast<double>(chosen.size()) * others);
}

}  // namespace

GraphStatistics graph_statistics(const Network& network, const NetworkSpec& spec, std::uint32_t samples) {
  GraphStatistics statistics;
  NetworkGraph graph(network);
  const GraphView view(graph);
  degrees(graph, spec, statistics);
  graph.index_incoming();
  pairs(view, statistics);
  components(view, statistics);
  clustering(view, spec.seed, samples, statistics);
  paths(view, spec.seed, samples, statistics);
  return statistics;
}

}  // namespace rheo
