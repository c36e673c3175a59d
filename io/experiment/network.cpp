#include "io/experiment/network.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "core/memory.hpp"
#include "core/time.hpp"
#include "io/files/statistics.hpp"
#include "io/record/state_recorder.hpp"
#include "networks/description/selections.hpp"

namespace rheo {

namespace {

double expected_memory(const Experiment& experiment, const NetworkMemory& network) {
  constexpr double process = 17.5e6;  // without a network (docs/performance.md)
  const NetworkSpec& spec = experiment.network;
  double neurons = 0, shortest = 1e9;
  const PopulationIndex index(spec.populations);
  for (const PopulationSpec& population : spec.populations) neurons += population.size;
  for (const ProjectionSpec& projection : spec.projections) {
    const auto* delay = std::get_if<double>(&projection.delay);
    shortest = std::min(shortest, delay == nullptr ? spec.dt : *delay);
  }
  double recording = experiment.record.present ? 6e6 : 0;
  for (const RecordStates& report : experiment.reports) {
    const auto width = static_cast<double>(index.count(report.cells));
    recording += static_cast<double>(report.variables.size()) *
                 StateRecorder::expected_bytes(width, report.times, ms_to_tick_nearest(shortest, spec.dt));
  }
  return process +
         std::max(network.building, network.running() + neurons * SpikeStatistics::bytes_per_neuron + recording);
}

void reject_beyond_memory(const NetworkMemory& memory, double needed) {
  const auto usable = static_cast<double>(usable_memory());
  if (needed <= usable) return;
  const char* const largest = memory.synapses > std::max(memory.neurons, memory.inputs) ? "projections"
                              : memory.inputs > memory.neurons                          ? "inputs"
                                                                                        : "populations";
  throw BuildError(
      {.key = largest,
       .value = fmt::format("{:.3g} GB", needed / 1e9),
       .problem = fmt::format("is about the memory that the run needs ({:.3g} GB for states and parameters "
                              "of neurons, {:.3g} for inputs, {:.3g} for synapses)",
                              memory.neurons / 1e9, memory.inputs / 1e9, memory.synapses / 1e9),
       .expected = fmt::format("at most the {:.1f} GB that can be used here", usable / 1e9)});
}

}  // namespace

void check_network(Experiment& experiment) {
  try {
    for (const Complaint& warning : Network::check(experiment.network).warnings)
      experiment.warnings.push_back(to_message(locate(warning, experiment)));
  } catch (const BuildError& error) {
    throw BuildError(locate(error.complaint(), experiment));
  }
}

double check_memory(const Experiment& experiment, unsigned threads) {
  try {
    const NetworkMemory network = Network::expected_memory(experiment.network, threads);
    const double bytes = expected_memory(experiment, network);
    reject_beyond_memory(network, bytes);
    return bytes;
  } catch (const BuildError& error) {
    throw BuildError(locate(error.complaint(), experiment));
  }
}

void check_draws(const Experiment& experiment) {
  try {
    Network::check_draws(experiment.network);
  } catch (const BuildError& error) {
    throw BuildError(locate(error.complaint(), experiment));
  }
}

Network build_network(const Experiment& experiment, const Threads& threads) {
  try {
    return Network(experiment.network, threads);
  } catch (const BuildError& error) {
    throw BuildError(locate(error.complaint(), experiment));
  }
}

}  // namespace rheo
