// SONATA in: a config of point neurons becomes an Experiment. Called once per run, before anything is built.
//
// The format: https://github.com/AllenInstitute/sonata (developer guide). What is read, and what it turns into:
//
//   config            config.json that names a network and a simulation file, a simulation config that names its
//   network
//                     ("network"), or all in one file. Every file has its own manifest: "$NAME", "${NAME}", nested;
//                     "." and "${configdir}" are the folder of that file. A relative path starts there.
//   nodes             every population of every nodes file, one PopulationSpec each, of the same name; neuron i is the
//                     node with node_id i (ids 0..N-1 in any order, or none: then the row number). model_type
//                     point_neuron or point_process with model_template nest:iaf_psc_alpha, nest:iaf_psc_delta or
//                     nest:izhikevich (read as model izhikevich, scheme euler, input delta); or virtual, which becomes
//                     a spike_source. All nodes of a population must be of one model; their parameters may differ.
//   parameters        dynamics_params of the node type (a JSON file in point_neuron_models_dir), then, stronger, the
//                     datasets /nodes/<population>/<group>/<name> and .../dynamics_params/<name>. A name is one of the
//                     model's parameters or state columns (V_m: the initial value); other datasets directly in a group
//                     (x, y, rotation_angle_yaxis, ...) are no parameters and are ignored.
//   initial values    V_m = -70 mV for the iaf models and V_m = -65 mV, U_m = 0 for izhikevich, the defaults of NEST,
//                     whatever E_L is. conditions.v_init is not used: NEST ignores it too, and only so does the network
//                     300_pointneurons of the Allen Institute give the 18,828 spikes that NEST's own test expects.
//   edges             every population of every edges file, one ProjectionSpec each with connect rule "list" and one
//                     synapse per edge in the order of the file. Weight = syn_weight x nsyns (as bmtk's PointNet does;
//                     a row stays one connection; nsyns 0 is none), delay in ms; HDF5 overrides CSV; without any the
//                     defaults of NEST's static_synapse hold: weight 1, delay 1 ms, nsyns 1. The sign of the weight
//                     chooses the port. Only static_synapse. target_query and source_query describe, they select
//                     nothing.
//   inputs            input_type spikes, module h5 or sonata, onto virtual populations. Spikes after tstop are left
//   out,
//                     spikes at time 0 too (nothing can be delivered at tick 0; a warning says how many), spikes before
//                     0 are refused.
//   run               tstop (ms, rounded to whole ticks), dt (0.1 ms), random_seed (0). Precision is double.
//   output            output_dir; spikes of all populations that are not virtual are recorded.
//   reports           not recorded; a warning for each.
//
// Errors: ExperimentError with the file, the key path or dataset, the value and what would be right. Keys that change
// nothing are listed in one warning. Overrides: simulation.duration, .dt, .seed, .precision, .lanes as "key=value".
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "io/experiment.hpp"

namespace rheo {

// Reads a SONATA config with everything it names. Result: 8 bytes per edge, plus 8 for weights and 8 for delays that
// are not all equal. The columns of the edges are read in pieces, the attributes of their groups are held meanwhile.
Experiment read_sonata_config(const std::filesystem::path& config, const std::vector<std::string>& overrides = {});

}  // namespace rheo
