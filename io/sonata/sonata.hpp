// SONATA in: a config of point neurons becomes an Experiment. Called once per run, before anything is built. What is
// read and what it turns into: docs/formats.md. The format: https://github.com/AllenInstitute/sonata (developer guide).
//
// The parts: sonata_config (texts and values that know their place), sonata_nodes, sonata_edges, sonata_node_sets,
// sonata_inputs (inputs and reports), and here run, output and overrides.
//
// Populations keep the names and the order of the config; initial values are NEST's with a "nest:" model, whatever E_L
// is: only so does the network 300_pointneurons of the Allen Institute give the 18,828 spikes that NEST's own test
// expects. conditions.v_init is not used for the same reason.
//
// Errors: ExperimentError with the file, the key path or dataset, the value and what would be right. Keys that change
// nothing are listed in one warning. Overrides: simulation.duration, .dt, .seed, .precision, .lanes as "key=value".
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "io/experiment/experiment.hpp"

namespace rheo {

// Reads a SONATA config with everything it names. Result: 8 bytes per edge, plus 8 for weights and 8 for delays that
// are not all equal. The columns of the edges are read in pieces, the attributes of their groups are held meanwhile.
Experiment read_sonata_config(const std::filesystem::path& config, const std::vector<std::string>& overrides = {});

}  // namespace rheo
