// An experiment from either kind of file, and its phases.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "io/experiment/experiment.hpp"
#include "io/record/checkpoint.hpp"
#include "networks/network.hpp"

namespace rheo {

// Reads either kind of file. plugins: libraries of plasticity rules for an experiment file.
Experiment open_experiment(const std::string& file, const std::vector<std::string>& overrides,
                           const std::vector<std::string>& plugins = {});
// Measures what delivery costs on this machine, where that is not known yet and the network, which will take so many
// bytes, is worth it; and keeps it for later runs (io/experiment/layout_file.hpp).
void know_costs(Experiment& experiment, double bytes);
// The network goes on from there. file: of the checkpoint, for messages. Throws StateError where it is of another
// network.
void load_checkpoint(Network& network, const Checkpoint& checkpoint, const std::filesystem::path& file);
// Its warnings, on stderr.
void show_warnings(const Experiment& experiment);

// Projections learn as this phase of the experiment says, from here on.
void begin_phase(Network& network, const Experiment& experiment, const Phase& phase);
// Computes all ticks of the experiment, phase by phase.
void run_phases(Network& network, const Experiment& experiment);

}  // namespace rheo
