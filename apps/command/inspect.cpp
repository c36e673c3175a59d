// rheo inspect FILE: what the network of an experiment is once it is built, and with --graph what it looks like as a
// graph. Nothing is simulated.
#include <fmt/format.h>

#include "apps/command/commands.hpp"
#include "apps/session/experiment.hpp"
#include "apps/session/summary.hpp"
#include "core/time.hpp"
#include "io/experiment/layout_file.hpp"
#include "io/experiment/network.hpp"
#include "networks/graph/graph_statistics.hpp"

namespace rheo {

namespace {

std::string degrees_text(const DegreeStatistics& d) {
  return fmt::format("{:>10.2f} {:>10.2f} {:>8} {:>8}", d.mean, d.sd, grouped(d.min), grouped(d.max));
}

std::string graph_text(const GraphStatistics& graph, std::uint32_t neurons) {
  std::string text = fmt::format("\n{:<24} {:>10} {:>10} {:>8} {:>8}\n", "degrees", "mean", "sd", "min", "max");
  const auto add = [&](const std::string& name, const DegreeStatistics& out, const DegreeStatistics& in) {
    text += fmt::format("  {:<18} out  {}\n  {:<18} in   {}\n", name, degrees_text(out), "", degrees_text(in));
  };
  for (const GraphStatistics::Projection& projection : graph.projections)
    add(projection.name, projection.out, projection.in);
  add("all neurons", graph.out, graph.in);
  const auto sampled = [&](std::uint32_t samples) {
    return samples == neurons ? std::string() : fmt::format(" ({} neurons sampled)", grouped(samples));
  };
  text += fmt::format("\n  connected pairs     {} of different neurons; {} multapses, {} autapses\n",
                      grouped(graph.pairs), grouped(graph.multapses), grouped(graph.autapses));
  text += fmt::format("  reciprocity         {:.4f}\n", graph.reciprocity);
  text += fmt::format("  strong components   {}, the largest of {} neurons\n", grouped(graph.components),
                      grouped(graph.largest_component));
  text += fmt::format("  clustering          {:.4f}{}\n", graph.clustering, sampled(graph.clustering_samples));
  text += fmt::format("  shortest paths      mean {:.3f}, longest {}; {:.2f} % of pairs{}\n", graph.mean_path,
                      graph.longest_path, 100 * graph.reachable, sampled(graph.path_samples));
  return text;
}

Json degrees_json(const DegreeStatistics& out, const DegreeStatistics& in) {
  const auto one = [](const DegreeStatistics& d) {
    return Json{{"mean", d.mean}, {"sd", d.sd}, {"min", d.min}, {"max", d.max}};
  };
  return {{"out", one(out)}, {"in", one(in)}};
}

Json graph_json(const GraphStatistics& graph) {
  Json projections;
  for (const GraphStatistics::Projection& projection : graph.projections)
    projections[projection.name] = degrees_json(projection.out, projection.in);
  return {{"degrees", {{"all", degrees_json(graph.out, graph.in)}, {"projections", projections}}},
          {"pairs", graph.pairs},
          {"multapses", graph.multapses},
          {"autapses", graph.autapses},
          {"reciprocity", graph.reciprocity},
          {"strong_components", {{"number", graph.components}, {"largest", graph.largest_component}}},
          {"clustering", {{"mean", graph.clustering}, {"samples", graph.clustering_samples}}},
          {"paths",
           {{"mean", graph.mean_path},
            {"longest", graph.longest_path},
            {"reachable", graph.reachable},
            {"samples", graph.path_samples}}}};
}

std::string candidate_text(const LayoutChoice::Candidate& one) {
  return fmt::format("{} lane{}, {}", one.lanes, one.lanes == 1 ? "" : "s",
                     one.window == 0 ? std::string("rings beyond every delay")
                                     : fmt::format("windows of {} tick{}", one.window, one.window == 1 ? "" : "s"));
}

// The chosen one, and the best of those with other lanes and with other windows.
std::vector<LayoutChoice::Candidate> told_candidates(const LayoutChoice& choice) {
  const LayoutChoice::Candidate* lanes = nullptr;
  const LayoutChoice::Candidate* window = nullptr;
  const LayoutChoice::Candidate& chosen = choice.candidates.front();
  for (const LayoutChoice::Candidate& one : choice.candidates) {
    if (one.lanes != chosen.lanes && (lanes == nullptr || one.cost < lanes->cost)) lanes = &one;
    if (one.lanes == chosen.lanes && one.window != chosen.window && (window == nullptr || one.cost < window->cost))
      window = &one;
  }
  std::vector<LayoutChoice::Candidate> told{chosen};
  for (const LayoutChoice::Candidate* const one : {lanes, window})
    if (one != nullptr) told.push_back(*one);
  return told;
}

std::string layout_text(const LayoutChoice& choice) {
  if (choice.candidates.empty())
    return fmt::format("  layout      {} lane{}, delivered tick by tick: {}\n", choice.lanes,
                       choice.lanes == 1 ? "" : "s", choice.reason);
  const std::vector<LayoutChoice::Candidate> told = told_candidates(choice);
  std::string text = fmt::format("  layout      {}, {} of {} kinds of rows without addresses\n",
                                 candidate_text(told[0]), told[0].dense, choice.bundles);
  text += fmt::format("              expected to take {:.3g} us for a ms", told[0].cost / 1e3);
  for (std::size_t k = 1; k < told.size(); ++k)
    text += fmt::format("; {} {:.3g} us", candidate_text(told[k]), told[k].cost / 1e3);
  return text + fmt::format("\n              costs {}\n", choice.costs);
}

Json layout_json(const LayoutChoice& choice) {
  Json json{{"lanes", choice.lanes}};
  if (choice.candidates.empty()) {
    json["reason"] = choice.reason;
    return json;
  }
  json["costs"] = choice.costs;
  for (const LayoutChoice::Candidate& one : told_candidates(choice))
    json["expected"].push_back({{"lanes", one.lanes},
                                {"window_ticks", one.window},
                                {"without_addresses", one.dense},
                                {"us_per_ms", one.cost / 1e3}});
  return json;
}

std::string network_text(const Experiment& experiment, const Network& network) {
  const NetworkSpec& spec = experiment.network;
  const PopulationInfo& last = network.simulation().populations().back();
  std::string text = fmt::format("{}{}{}\n", experiment.path, experiment.title.empty() ? "" : ": ", experiment.title);
  text += fmt::format("  {} neurons, {} synapses of {:.2f} bytes, {:.1f} MiB in all\n", grouped(last.first + last.size),
                      grouped(network.synapses()), network.bytes_per_synapse(),
                      static_cast<double>(network.simulation().bytes()) / (1 << 20));
  for (const PopulationSpec& population : spec.populations)
    text +=
        fmt::format("  population  {:<16} {:>14} {}\n", population.name, grouped(population.size), population.model);
  for (std::size_t p = 0; p < spec.projections.size(); ++p) {
    const ProjectionInfo& info = network.projections()[p];
    text += fmt::format("  projection  {:<16} {:>14} synapses {}, {} -> {}", info.name, grouped(info.synapses),
                        spec.projections[p].connect->name(), selections_text(spec.projections[p].source),
                        selections_text(spec.projections[p].target));
    if (info.synapses != 0) {
      text += info.min_delay == info.max_delay ? fmt::format(", {} ms", info.min_delay)
                                               : fmt::format(", {} to {} ms", info.min_delay, info.max_delay);
    }
    if (!info.weights.empty()) text += ", " + weights_text(info.weights);
    text += fmt::format(", {} bytes\n", grouped(info.bytes));
  }
  text += layout_text(network.layout());
  text += phases_text(experiment);
  return text;
}

Json network_json(const Experiment& experiment, const Network& network) {
  const NetworkSpec& spec = experiment.network;
  Json populations = Json::array(), projections = populations;
  for (const PopulationSpec& population : spec.populations)
    populations.push_back({{"name", population.name}, {"model", population.model}, {"size", population.size}});
  for (std::size_t p = 0; p < spec.projections.size(); ++p) {
    const ProjectionInfo& info = network.projections()[p];
    projections.push_back({{"name", info.name},
                           {"rule", spec.projections[p].connect->name()},
                           {"source", selections_text(spec.projections[p].source)},
                           {"target", selections_text(spec.projections[p].target)},
                           {"synapses", info.synapses},
                           {"min_delay_ms", info.min_delay},
                           {"max_delay_ms", info.max_delay},
                           {"bytes", info.bytes},
                           {"weights", to_json(info.weights)}});
  }
  Json json{{"file", experiment.path}, {"title", experiment.title},  {"seed", spec.seed},
            {"dt_ms", spec.dt},        {"populations", populations}, {"projections", projections}};
  for (const Phase& phase : experiment.phases)
    json["phases"].push_back({{"name", phase.name},
                              {"begin_ms", tick_to_ms(phase.begin, spec.dt)},
                              {"end_ms", tick_to_ms(phase.end, spec.dt)},
                              {"learning", phase.learning}});
  json["synapses"] = network.synapses();
  json["bytes_per_synapse"] = network.bytes_per_synapse();
  json["bytes"] = network.simulation().bytes();
  json["layout"] = layout_json(network.layout());
  return json;
}

}  // namespace

Told inspect_network(const InspectOptions& options) {
  Experiment experiment = open_experiment(options.file, options.overrides, options.plugins);
  if (!options.layout.empty()) experiment.network.costs = read_layout_file(options.layout);
  know_costs(experiment, check_memory(experiment, options.threads));
  show_warnings(experiment);
  const Network network = build_network(experiment, Threads(options.threads));
  Told told{network_text(experiment, network), network_json(experiment, network)};
  if (options.graph) {
    const GraphStatistics graph = graph_statistics(network, experiment.network, options.samples);
    const PopulationInfo& last = network.simulation().populations().back();
    told.text += graph_text(graph, last.first + last.size);
    told.json["graph"] = graph_json(graph);
  }
  return told;
}

}  // namespace rheo
