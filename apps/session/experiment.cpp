#include "apps/session/experiment.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <new>
#include <set>
#include <string_view>

#include "core/diagnostics.hpp"
#include "io/experiment/layout_file.hpp"
#include "io/sonata/sonata.hpp"
#include "networks/delivery/measured_costs.hpp"

namespace rheo {

Experiment open_experiment(const std::string& file, const std::vector<std::string>& overrides,
                           const std::vector<std::string>& plugins) {
  if (std::filesystem::path(file).extension() != ".json") {
    Experiment experiment = parse_experiment(file, overrides, plugins);
    experiment.network.costs = kept_costs();
    if (experiment.task.empty()) return experiment;
    throw ExperimentError(
        {.file = experiment.task,
         .key = "task",
         .problem = "makes this a learning experiment",
         .expected = fmt::format("rheo {} {}", experiment.task_kind == "continual" ? "continual" : "reservoir", file)});
  }
  if (!plugins.empty())
    throw ExperimentError({.file = file,
                           .key = "--plugin",
                           .value = plugins.front(),
                           .problem = "a SONATA config has no plasticity",
                           .expected = "an experiment file"});
  Experiment experiment = read_sonata_config(file, overrides);
  experiment.network.costs = kept_costs();
  return experiment;
}

void know_costs(Experiment& experiment, double bytes) {
  constexpr double large = 150e6;  // such a network takes longer to build than this takes
  if (experiment.network.costs || bytes < large) return;
  try {
    if (!keep_costs(measured_costs(Threads()))) return;  // else each run would measure, and choose by chance
  } catch (const std::bad_alloc&) {
    return;  // caches that are larger than what this process may take
  }
  experiment.network.costs = kept_costs();
}

void load_checkpoint(Network& network, const Checkpoint& checkpoint, const std::filesystem::path& file) {
  try {
    if (auto complaint = compare_networks(network.simulation().fingerprint(), checkpoint.network))
      throw StateError(*std::move(complaint));
    if (network.synapse_digest() != checkpoint.synapses)
      throw StateError({.key = "synapses",
                        .problem = "synapses that were built from the same description are not those of the checkpoint",
                        .expected = fmt::format("the rheo that wrote it (version {})", checkpoint.rheobase)});
    network.simulation().load(checkpoint.state);
  } catch (const StateError& error) {
    Complaint complaint = error.complaint();
    complaint.file = file.string();
    throw StateError(std::move(complaint));
  }
}

void show_warnings(const Experiment& experiment) {
  for (const std::string& warning : experiment.warnings) {
    const std::string line = "rheo: warning: " + warning + "\n";
    std::fwrite(line.data(), 1, line.size(), stderr);
  }
}

void begin_phase(Network& network, const Experiment& experiment, const Phase& phase) {
  const std::set<std::string_view> learning(phase.learning.begin(), phase.learning.end());
  const std::vector<ProjectionSpec>& projections = experiment.network.projections;
  for (std::size_t p = 0; p < projections.size(); ++p)
    if (!projections[p].plasticity.rule.empty()) network.simulation().learn(p, learning.contains(projections[p].name));
}

void run_phases(Network& network, const Experiment& experiment) {
  if (experiment.phases.empty()) network.simulation().run(experiment.ticks);
  for (const Phase& phase : experiment.phases) {
    begin_phase(network, experiment, phase);
    network.simulation().run(phase.end - phase.begin);
  }
}

}  // namespace rheo
