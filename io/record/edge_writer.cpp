#include "io/record/edge_writer.hpp"

#include <algorithm>
#include <numeric>
#include <optional>
#include <span>
#include <string_view>
#include <utility>

namespace rheo {

namespace {

constexpr std::uint64_t index_piece = std::uint64_t{1} << 24;  // ranges of an index that are sorted together

std::vector<std::size_t> populations_of(const NetworkSpec& spec, const std::vector<Selection>& selections) {
  std::set<std::string_view> names;
  for (const Selection& selection : selections) names.insert(selection.population);
  std::vector<std::size_t> found;
  for (std::size_t p = 0; p < spec.populations.size(); ++p)
    if (names.contains(spec.populations[p].name)) found.push_back(p);
  return found;
}

// Calls use(synapse) for the synapses between two populations, by source, target and delay.
template <class Use>
void for_each_synapse(const Network& network, std::size_t projection, const PopulationInfo& from,
                      const PopulationInfo& to, const Use& use) {
  std::vector<Synapse> synapses;
  for (std::uint32_t source = 0; source < from.size; ++source) {
    synapses.clear();
    network.outgoing(projection, from.first + source, synapses);
    for (const Synapse& synapse : synapses)
      if (synapse.target >= to.first && synapse.target - to.first < to.size) use(synapse);
  }
}

// A column that is written in pieces.
template <class T>
class Column {
 public:
  Column(h5::Group& group, const std::string& name, std::uint64_t size, h5::Storage storage)
      : data_(group.create_dataset<T>(name, size, storage)), pieces_(std::min(size, h5::piece_values)) {
    pieces_.clear();
  }
  h5::Dataset& data() { return data_; }
  void add(T value) {
    pieces_.push_back(value);
    if (pieces_.size() == h5::piece_values) write();
  }
  void write() {
    data_.write<T>(written_, pieces_);
    written_ += pieces_.size();
    pieces_.clear();
  }

 private:
  h5::Dataset data_;
  std::vector<T> pieces_;
  std::uint64_t written_ = 0;
};

template <class T>
void write_zeros(h5::Group& group, const std::string& name, std::uint64_t size, h5::Storage storage) {
  h5::Dataset data = group.create_dataset<T>(name, size, storage);
  const std::vector<T> zeros(std::min(size, h5::piece_values), 0);
  for (std::uint64_t first = 0; first < size; first += h5::piece_values)
    data.write<T>(first, std::span(zeros).first(std::min(h5::piece_values, size - first)));
}

// The ranges of edges of every node of one side, from that side's column: a range is a run of equal ids.
void write_index(h5::Group& indices, const std::string& name, const h5::Dataset& ids, std::uint32_t nodes,
                 h5::Storage storage) {
  // Calls use(node, begin, end) for every run.
  const std::uint64_t edges = ids.rows();
  const auto for_each_run = [&](const auto& use) {
    std::uint64_t begin = 0, node = 0;
    for (std::uint64_t first = 0; first < edges; first += h5::piece_values) {
      const auto values = ids.read<std::uint64_t>(first, std::min(h5::piece_values, edges - first));
      for (std::uint64_t i = 0; i < values.size(); ++i) {
        if (first + i != 0 && values[i] == node) continue;
        if (first + i != 0) use(node, begin, first + i);
        node = values[i];
        begin = first + i;
      }
    }
    if (edges != 0) use(node, begin, edges);
  };
  std::vector<std::uint64_t> first_range(std::size_t{nodes} + 1, 0);
  for_each_run([&](std::uint64_t node, std::uint64_t, std::uint64_t) { ++first_range[node + 1]; });
  std::partial_sum(first_range.begin(), first_range.end(), first_range.begin());

  h5::Group group = indices.create_group(name);
  const std::uint64_t node_shape[] = {nodes, 2}, range_shape[] = {first_range.back(), 2};
  h5::Dataset of_nodes = group.create_dataset<std::uint64_t>("node_id_to_ranges", node_shape, storage);
  h5::Dataset of_ranges = group.create_dataset<std::uint64_t>("range_to_edge_id", range_shape, storage);
  std::vector<std::uint64_t> rows;
  for (std::uint64_t first = 0; first < nodes; first += h5::piece_values) {
    rows.clear();
    for (std::uint64_t node = first; node < std::min<std::uint64_t>(nodes, first + h5::piece_values); ++node)
      rows.insert(rows.end(), {first_range[node], first_range[node + 1]});
    of_nodes.write_rows<std::uint64_t>(first, rows);
  }
  for (std::uint32_t begin = 0; begin < nodes;) {
    std::uint32_t end = begin + 1;
    while (end < nodes && first_range[end + 1] - first_range[begin] <= index_piece) ++end;
    rows.assign(2 * (first_range[end] - first_range[begin]), 0);
    std::vector<std::uint64_t> next(first_range.begin() + begin, first_range.begin() + end);
    for_each_run([&](std::uint64_t node, std::uint64_t from, std::uint64_t to) {
      if (node < begin || node >= end) return;
      const std::uint64_t row = next[node - begin]++ - first_range[begin];
      rows[2 * row] = from;
      rows[2 * row + 1] = to;
    });
    of_ranges.write_rows<std::uint64_t>(first_range[begin], rows);
    begin = end;
  }
}

template <class Real>
void write_in(h5::Group& edges, const Network& network, const NetworkSpec& spec, std::size_t projection,
              const EdgePopulation& population, h5::Storage storage) {
  const PopulationInfo& from = network.simulation().populations()[population.source];
  const PopulationInfo& to = network.simulation().populations()[population.target];
  h5::Group group = edges.create_group(population.name);
  Column<std::uint64_t> source(group, "source_node_id", population.edges, storage),
      target(group, "target_node_id", population.edges, storage),
      index(group, "edge_group_index", population.edges, storage);
  source.data().set_text("node_population", spec.populations[population.source].name);
  target.data().set_text("node_population", spec.populations[population.target].name);
  write_zeros<std::uint32_t>(group, "edge_type_id", population.edges, storage);
  write_zeros<std::uint16_t>(group, "edge_group_id", population.edges, storage);
  h5::Group values = group.create_group("0");
  Column<Real> weight(values, "syn_weight", population.edges, storage);
  Column<double> delay(values, "delay", population.edges, storage);
  std::uint64_t edge = 0;
  for_each_synapse(network, projection, from, to, [&](const Synapse& synapse) {
    source.add(synapse.source - from.first);
    target.add(synapse.target - to.first);
    index.add(edge++);
    weight.add(static_cast<Real>(synapse.weight));
    delay.add(synapse.delay);
  });
  source.write();
  target.write();
  index.write();
  weight.write();
  delay.write();
  h5::Group indices = group.create_group("indices");
  write_index(indices, "source_to_target", source.data(), from.size, storage);
  write_index(indices, "target_to_source", target.data(), to.size, storage);
}

}  // namespace

std::vector<EdgePopulation> edge_populations(const Network& network, const NetworkSpec& spec, std::size_t projection,
                                             std::set<std::string>& taken) {
  const ProjectionSpec& described = spec.projections[projection];
  const auto sources = populations_of(spec, described.source), targets = populations_of(spec, described.target);
  const bool one = sources.size() == 1 && targets.size() == 1;
  std::vector<EdgePopulation> all;
  for (const std::size_t source : sources) {
    for (const std::size_t target : targets) {
      EdgePopulation part{described.name, source, target, 0};
      if (!one) part.name += "_" + spec.populations[source].name + "_" + spec.populations[target].name;
      const std::string wanted = part.name;
      for (int k = 2; !taken.insert(part.name).second; ++k) part.name = wanted + "_" + std::to_string(k);
      const auto& infos = network.simulation().populations();
      if (one)
        part.edges = network.projections()[projection].synapses;
      else
        for_each_synapse(network, projection, infos[source], infos[target], [&](const Synapse&) { ++part.edges; });
      all.push_back(std::move(part));
    }
  }
  return all;
}

void write_edge_ends(h5::Group& group, const Network& network, const NetworkSpec& spec, std::size_t projection,
                     const EdgePopulation& population, h5::Storage storage) {
  const PopulationInfo& from = network.simulation().populations()[population.source];
  const PopulationInfo& to = network.simulation().populations()[population.target];
  Column<std::uint64_t> source(group, "source_node_id", population.edges, storage),
      target(group, "target_node_id", population.edges, storage);
  Column<double> delay(group, "delay", population.edges, storage);
  source.data().set_text("node_population", spec.populations[population.source].name);
  target.data().set_text("node_population", spec.populations[population.target].name);
  delay.data().set_text("units", "ms");
  for_each_synapse(network, projection, from, to, [&](const Synapse& synapse) {
    source.add(synapse.source - from.first);
    target.add(synapse.target - to.first);
    delay.add(synapse.delay);
  });
  source.write();
  target.write();
  delay.write();
}

void write_edges(h5::Group& edges, const Network& network, const NetworkSpec& spec, std::size_t projection,
                 const EdgePopulation& population, h5::Storage storage) {
  if (spec.precision == Precision::single_)
    write_in<float>(edges, network, spec, projection, population, storage);
  else
    write_in<double>(edges, network, spec, projection, population, storage);
}

}  // namespace rheo
