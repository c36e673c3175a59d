// The messages that a user gets for a wrong experiment file, each in full: the same table stands in docs/errors.md.
#include <unistd.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "io/experiment/experiment.hpp"
#include "io/experiment/network.hpp"
#include "networks/connect/rules.hpp"

namespace test_experiment_errors {

using namespace rheo;
namespace fs = std::filesystem;

namespace {

// A file without a mistake; each case replaces one piece of it. docs/errors.md shows it with the same line numbers.
const std::string right = R"([simulation]
duration = 100.0

[populations.E]
model = "iaf_psc_delta"
size = 80
params = { tau_m = 20.0, V_th = 20.0 }

[populations.I]
like = "E"
size = 20

[inputs.background]
kind = "poisson"
target = ["E", "I"]
rate = 20000.0
weight = 0.1

[projections.excitation]
source = "E"
target = ["E", "I"]
connect = { rule = "fixed_indegree", indegree = 8 }
weight = 0.1
delay = 1.5

[record.spikes]
populations = ["E", "I"]
)";

struct Wrong {
  std::string from, to;  // what is replaced by what
  std::string message;
};

const std::vector<Wrong> wrong_files =
    {
        {"duration = 100.0", "duration = 100.0 ms",
         "wrong.toml:2: not valid TOML: Error while parsing key-value pair: expected a comment or whitespace, "
         "saw 'm'"},
        {"duration = 100.0", R"(duration = "100 ms")",
         R"(wrong.toml:2: simulation.duration = "100 ms": is a string; expected a number > 0 (ms))"},
        {"duration = 100.0", "duration = 0.01",
         "wrong.toml:2: simulation.duration = 0.01: is shorter than one tick; expected at least 0.1 (ms)"},
        {"duration = 100.0",
         R"(duration = 100.0
precision = "float")",
         R"(wrong.toml:3: simulation.precision = "float": unknown precision; expected one of single, double)"},
        {"duration = 100.0",
         R"(duration = 100.0
threads = 4)",
         "wrong.toml:3: simulation.threads = 4: is no property of the experiment; expected rheo run --threads "
         "N"},
        {"duration = 100.0",
         R"(duration = 100.0
update = "events")",
         R"(wrong.toml:3: simulation.update = "events": unknown update; expected one of auto, tick, event; did you mean "event"?)"},
        {"duration = 100.0",
         R"(duration = 100.0
dt = 0)",
         "wrong.toml:3: simulation.dt = 0: is out of range; expected a number from 1e-06 to 1000 (ms)"},
        {"duration = 100.0", "dt = 0.1", "wrong.toml:1: simulation.duration: is missing; expected a number > 0 (ms)"},
        {R"(model = "iaf_psc_delta")", R"(model = "iaf_psc_delat")",
         "wrong.toml:5: populations.E.model = \"iaf_psc_delat\": unknown model; expected one of iaf_psc_delta, "
         "iaf_psc_exp, "
         "iaf_psc_alpha, iaf_psc_exp_adapt, iaf_cond_exp, aeif_psc_exp, aeif_cond_exp, izhikevich, "
         "izhikevich_2007, "
         "lif_discrete, relay, accumulator, rate_sigmoid, rate_tanh, spike_source; did you mean \"iaf_psc_delta\"?"},
        {"size = 80", "sise = 80",
         R"(wrong.toml:6: populations.E.sise: unknown key; expected one of model, size, like, params, initial, positions, update; did you mean "size"?)"},
        {"size = 80", "size = 80.5",
         "wrong.toml:6: populations.E.size = 80.5: is not a whole number; expected a whole number from 1 to "
         "4294967295"},
        {"size = 80", "size = 0",
         "wrong.toml:6: populations.E.size = 0: is out of range; expected a whole number from 1 to 4294967295"},
        {R"(size = 80
)",
         "", "wrong.toml:4: populations.E.size: is missing; expected a whole number from 1 to 4294967295"},
        {"tau_m = 20.0", "tau_n = 20.0",
         R"(wrong.toml:7: populations.E.params.tau_n: unknown parameter of iaf_psc_delta; expected one of C_m, tau_m, t_ref, E_L, V_reset, V_th, I_e; did you mean "tau_m"?)"},
        {"tau_m = 20.0", "tau_m = -20.0",
         "wrong.toml:7: populations.E.params.tau_m = -20.0: is out of range; expected a number > 0 (ms)"},
        {"tau_m = 20.0", "tau_m = true",
         "wrong.toml:7: populations.E.params.tau_m = true: is a boolean; expected a number > 0 (ms)"},
        {"tau_m = 20.0", "tau_m = inf",
         "wrong.toml:7: populations.E.params.tau_m = inf: is not finite; expected a number > 0 (ms)"},
        {"tau_m = 20.0", "tau_m = [10.0, 20.0]",
         "wrong.toml:7: populations.E.params.tau_m = [10.0, 20.0]: has 2 entries; expected 80 entries, one per "
         "neuron"},
        {"tau_m = 20.0", "tau_m = { uniform = [30.0, 10.0] }",
         "wrong.toml:7: populations.E.params.tau_m.uniform = [30.0, 10.0]: low is larger than high; expected "
         "[low, high]"},
        {"tau_m = 20.0", "tau_m = { normal = [20.0, -2.0] }",
         "wrong.toml:7: populations.E.params.tau_m.normal = [20.0, -2.0]: sd = -2 is not a number >= 0; "
         "expected [mean, sd]"},
        {"tau_m = 20.0", "tau_m = { normal = [20.0] }",
         "wrong.toml:7: populations.E.params.tau_m.normal = [20.0]: has 1 entry; expected [mean, sd]"},
        {"tau_m = 20.0", "tau_m = { normal = [20.0, 2.0], min = 30.0, max = 10.0 }",
         "wrong.toml:7: populations.E.params.tau_m = { normal = [20.0, 2.0], min = 30.0, max = 10.0 }: min is "
         "larger than max; expected limits that the distribution can meet"},
        {"tau_m = 20.0", "tau_m = { gauss = [20.0, 2.0] }",
         "wrong.toml:7: populations.E.params.tau_m.gauss: unknown key; expected one of uniform, normal, "
         "lognormal, integers, choice, exponential, beta, "
         "file, dataset, min, max"},
        {"tau_m = 20.0", "tau_m = { uniform = [10.0, 20.0], min = 25.0 }",
         "wrong.toml:7: populations.E.params.tau_m = { uniform = [10.0, 20.0], min = 25.0 }: nothing that it can draw "
         "lies within min and max; expected limits that the distribution can meet"},
        {"tau_m = 20.0", "tau_m = { uniform = [-10.0, 20.0] }",
         "wrong.toml:7: populations.E.params.tau_m.uniform = [-10.0, 20.0]: -10 can be drawn, which is out of range; "
         "expected a number > 0 (ms)"},
        {"tau_m = 20.0", "tau_m = { uniform = [10.0, 20.0], mim = 5.0 }",
         "wrong.toml:7: populations.E.params.tau_m.mim: unknown key; expected one of uniform, min, max; did you mean "
         "\"min\"?"},
        {"tau_m = 20.0", "tau_m = { choice = [] }",
         "wrong.toml:7: populations.E.params.tau_m.choice = []: has no entries; expected at least one number"},
        {"tau_m = 20.0", R"(tau_m = { file = "tau.h5", dataset = "/tau" })",
         R"(wrong.toml:7: populations.E.params.tau_m = { file = "tau.h5", dataset = "/tau" }: tau.h5: cannot be opened as an HDF5 file (No such file or directory))"},
        {"tau_m = 20.0", R"(tau_m = { file = "tau.h5" })",
         R"(wrong.toml:7: populations.E.params.tau_m.dataset: is missing; expected the path of a dataset in the file, such as "/w")"},
        {"size = 80", R"(size = 80
positions = {})",
         R"(wrong.toml:7: populations.E.positions = {  }: is no way to place neurons; expected { grid = [40, 40] }, { uniform = [[0.0, 1.0], [0.0, 1.0]] }, { list = [[x, y], ..] } or { file = .., dataset = .. })"},
        {"size = 80", R"(size = 80
positions = [1.0, 2.0])",
         R"(wrong.toml:7: populations.E.positions = [1.0, 2.0]: is a list; expected { grid = [40, 40] }, { uniform = [[0.0, 1.0], [0.0, 1.0]] }, { list = [[x, y], ..] } or { file = .., dataset = .. })"},
        {"size = 80", R"(size = 80
positions = { grid = [8, 10], uniform = [[0, 1], [0, 1]] })",
         R"(wrong.toml:7: populations.E.positions = { grid = [8, 10], uniform = [[0, 1], [0, 1]] }: is no way to place neurons; expected { grid = [40, 40] }, { uniform = [[0.0, 1.0], [0.0, 1.0]] }, { list = [[x, y], ..] } or { file = .., dataset = .. })"},
        {"size = 80", R"(size = 80
positions = { grid = [80] })",
         R"(wrong.toml:7: populations.E.positions.grid = [80]: has 1 dimensions; expected 2 or 3)"},
        {"size = 80", R"(size = 80
positions = { grid = [8, 0] })",
         R"(wrong.toml:7: populations.E.positions.grid[1] = 0: is out of range; expected a number from 1 to 4294967295)"},
        {"size = 80", R"(size = 80
positions = { grid = [8, 10], extent = [1.0] })",
         R"(wrong.toml:7: populations.E.positions.extent = [1.0]: has 1 entries; expected 2, one for each dimension)"},
        {"size = 80", R"(size = 80
positions = { grid = [8, 10], extend = [1.0, 1.0] })",
         R"(wrong.toml:7: populations.E.positions.extend: unknown key; expected one of grid, extent, periodic; did you mean "extent"?)"},
        {"size = 80", R"(size = 80
positions = { uniform = [[0, 1], [1, 0]] })",
         R"(wrong.toml:7: populations.E.positions.uniform[1] = [1, 0]: has no extent; expected [low, high] with low < high)"},
        {"size = 80", R"(size = 80
positions = { list = [[0, 1]] })",
         R"(wrong.toml:7: populations.E.positions.list = [[0, 1]]: has 1 entries; expected 80 lists of 2 or 3 coordinates)"},
        {"size = 80", R"(size = 80
positions = { file = "places.h5", dataset = "/p" })",
         R"(wrong.toml:7: populations.E.positions.file = "places.h5": places.h5: cannot be opened as an HDF5 file (No such file or directory))"},
        {R"(like = "E")", R"(like = "e2")",
         R"(wrong.toml:10: populations.I.like = "e2": unknown population; expected E; did you mean "E"?)"},
        {R"(like = "E")",
         R"(like = "E"
model = "izhikevich")",
         R"(wrong.toml:11: populations.I.model = "izhikevich": differs from the model of "E", iaf_psc_delta; expected either like or another model)"},
        {R"(kind = "poisson")", R"(kind = "noise")",
         "wrong.toml:16: inputs.background.rate: unknown key; expected one of kind, target, mean, deviation, "
         "every, start, "
         "stop"},
        {R"(kind = "poisson")", R"(kind = "poison")",
         R"(wrong.toml:14: inputs.background.kind = "poison": unknown kind of input; expected one of poisson, spikes, current, steps, sine, noise, pulse_packet; did you mean "poisson"?)"},
        {"rate = 20000.0", "rate = -5.0",
         "wrong.toml:16: inputs.background.rate = -5.0: is out of range; expected a number >= 0 (Hz)"},
        {"rate = 20000.0",
         R"(rate = 20000.0
amplitude = 3.0)",
         "wrong.toml:17: inputs.background.amplitude: unknown key; expected one of kind, target, rate, weight, "
         "delay, "
         "port, profile, signal, channel, peak, start, stop"},
        {"rate = 20000.0",
         R"(rate = 20000.0
profile = { times = [0.0, 10.0, 5.0], values = [1.0, 2.0, 3.0] })",
         "wrong.toml:17: inputs.background.profile.times = [0.0, 10.0, 5.0]: not later than the one before; expected "
         "times >= 0 "
         "(ms), each at least one tick later than the one before"},
        {"rate = 20000.0",
         R"(rate = 20000.0
profile = { times = [0.0, 10.0], values = [1.0, -2.0] })",
         "wrong.toml:17: inputs.background.profile.values[1] = -2: is out of range; expected a number >= 0"},
        {"rate = 20000.0",
         R"(rate = 20000.0
start = 50.0
stop = 20.0)",
         "wrong.toml:18: inputs.background.stop = 20.0: not after start = 50; expected a later time (ms)"},
        {R"(source = "E")", R"(source = "EE")",
         R"(wrong.toml:20: projections.excitation.source = "EE": unknown population; expected one of E, I; did you mean "E"?)"},
        {R"(source = "E")", R"(source = "E[0:100]")",
         R"(wrong.toml:20: projections.excitation.source = "E[0:100]": ends at 100, and E has 80 neurons; expected an end <= 80)"},
        {R"(source = "E")", R"(source = "E[50:50]")",
         R"(wrong.toml:20: projections.excitation.source = "E[50:50]": selects none of the 80 neurons of E; expected a begin before the end)"},
        {R"(source = "E")", R"(source = "E[0-10]")",
         R"(wrong.toml:20: projections.excitation.source = "E[0-10]": is no slice; expected "E", "E[begin:end]" or "E[begin:end:step]")"},
        {R"(source = "E")", R"(source = ["E", "E[0:10]"])",
         R"(wrong.toml:20: projections.excitation.source = ["E", "E[0:10]"]: selects neuron 0 of E twice; expected each neuron once)"},
        {R"(rule = "fixed_indegree", indegree = 8)", R"(rule = "fixed_in_degree", indegree = 8)",
         R"(wrong.toml:22: projections.excitation.connect.rule = "fixed_in_degree": unknown rule; expected one of fixed_indegree, bernoulli, all_to_all, one_to_one, list, fixed_outdegree, fixed_total, small_world, scale_free, modular, distance, matrix; did you mean "fixed_indegree"?)"},
        {R"(rule = "fixed_indegree", indegree = 8)", R"(rule = "rmat")",
         R"(wrong.toml:22: projections.excitation.connect.rule = "rmat": not available yet in this version; expected one of fixed_indegree, bernoulli, all_to_all, one_to_one, list, fixed_outdegree, fixed_total, small_world, scale_free, modular, distance, matrix)"},
        {R"(rule = "fixed_indegree", indegree = 8)", R"(rule = "erdos_renyi", p = 0.1)",
         R"(wrong.toml:22: projections.excitation.connect.rule = "erdos_renyi": has two meanings; expected bernoulli (a probability), or fixed_total with multapses = false (a number))"},
        {R"(rule = "fixed_indegree", indegree = 8)", R"(rule = "fixed_outdegree")",
         R"(wrong.toml:22: projections.excitation.connect.outdegree: is missing; expected a whole number from 0 to 4294967295)"},
        {R"(rule = "fixed_indegree", indegree = 8)", R"(rule = "fixed_outdegree", outdegree = -1)",
         R"(wrong.toml:22: projections.excitation.connect.outdegree = -1: is out of range; expected a whole number from 0 to 4294967295)"},
        {R"(rule = "fixed_indegree", indegree = 8)", R"(rule = "fixed_total", total = 1.5)",
         R"(wrong.toml:22: projections.excitation.connect.total = 1.5: is not a whole number; expected a whole number >= 0)"},
        {R"(rule = "fixed_indegree", indegree = 8)", R"(rule = "small_world", k = 4, p = -0.1)",
         R"(wrong.toml:22: projections.excitation.connect.p = -0.1: is out of range; expected a number from 0 to 1)"},
        {R"(rule = "fixed_indegree", indegree = 8)", R"(rule = "small_world", n = 4)",
         R"(wrong.toml:22: projections.excitation.connect.n: unknown key; expected one of rule, k, p; did you mean "k"?)"},
        {R"(rule = "fixed_indegree", indegree = 8)", R"(rule = "scale_free", alpha = 0.0, beta = 100)",
         R"(wrong.toml:22: projections.excitation.connect.alpha = 0.0: is out of range; expected a number > 0 and <= 100)"},
        {R"(rule = "fixed_indegree", indegree = 8)", R"(rule = "scale_free", alpha = 0.5)",
         R"(wrong.toml:22: projections.excitation.connect.beta: is missing; expected a number > 0 and <= 4294967295)"},
        {R"(rule = "fixed_indegree", indegree = 8)", R"(rule = "modular", p_in = 0.1)",
         R"(wrong.toml:22: projections.excitation.connect.groups: is missing; expected a whole number)"},
        {R"(rule = "fixed_indegree", indegree = 8)", R"(rule = "modular", groups = 4, p_in = 0.1)",
         R"(wrong.toml:22: projections.excitation.connect.p_out: is missing; expected a number from 0 to 1)"},
        {R"(rule = "fixed_indegree", indegree = 8)", R"(rule = "modular", p = [[0.1, 0.2], [0.3]])",
         R"(wrong.toml:22: projections.excitation.connect.p[1] = [0.3]: has 1 entry; expected rows of equal length)"},
        {R"(rule = "fixed_indegree", indegree = 8)", R"(rule = "modular", p = [[0.1, 1.2]])",
         R"(wrong.toml:22: projections.excitation.connect.p[0][1] = 1.2: is out of range; expected a number from 0 to 1)"},
        {R"(rule = "fixed_indegree", indegree = 8)", R"(rule = "modular", p = [[0.1]], groups = 1)",
         R"(wrong.toml:22: projections.excitation.connect.groups = 1: excludes p; expected either p or groups, p_in and p_out)"},
        {R"(rule = "fixed_indegree", indegree = 8)", R"(rule = "distance", kernel = "gauss", p = 1, scale = 1)",
         R"(wrong.toml:22: projections.excitation.connect.kernel = "gauss": unknown kernel; expected one of exponential, gaussian, linear, box)"},
        {R"(rule = "fixed_indegree", indegree = 8)", R"(rule = "distance", kernel = "box", p = 1, scale = 1)",
         R"(wrong.toml:22: projections.excitation.connect.rule = "distance": E has no positions; expected positions in [populations.E])"},
        {R"(rule = "fixed_indegree", indegree = 8)", R"(rule = "list", file = "edges.txt")",
         R"(wrong.toml:22: projections.excitation.connect.file = "edges.txt": is no CSV file; expected a file *.csv, or source and target with the paths of datasets of an HDF5 file)"},
        {R"(rule = "fixed_indegree", indegree = 8)", R"(rule = "bernoulli", p = 1.2)",
         "wrong.toml:22: projections.excitation.connect.p = 1.2: is out of range; expected a number "
         "from 0 to "
         "1"},
        {R"(rule = "fixed_indegree", indegree = 8)", R"(rule = "bernoulli", indegree = 8)",
         "wrong.toml:22: projections.excitation.connect.indegree: unknown key; expected one of rule, p, "
         "multapses, "
         "autapses"},
        {R"(rule = "fixed_indegree", indegree = 8)", R"(rule = "one_to_one")",
         R"(wrong.toml:22: projections.excitation.connect.rule = "one_to_one": 80 sources but 100 targets; expected equal numbers)"},
        {"indegree = 8", "indegree = 100, multapses = false",
         "wrong.toml:22: projections.excitation.connect.indegree = 100: there are only 80 sources; expected "
         "at least 100 sources, or multapses = true"},
        {R"(weight = 0.1
delay)",
         R"(weight = [0.1, 0.2]
delay)",
         R"(wrong.toml:23: projections.excitation.weight = [0.1, 0.2]: only the rule list takes one value per synapse; expected a number or a distribution)"},
        {"delay = 1.5", "delay = 0.01",
         "wrong.toml:24: projections.excitation.delay = 0.01: 0.01 ms rounds to less than one tick of 0.1 ms; "
         "expected a "
         "delay of at least 0.1 (ms)"},
        {"delay = 1.5", "delay = { uniform = [0.0, 5.0] }",
         "wrong.toml:24: projections.excitation.delay = { uniform = [0.0, 5.0] }: 0 ms rounds to less than one "
         "tick of 0.1 "
         "ms; expected a delay of at least 0.1 (ms)"},
        {"delay = 1.5",
         R"(delay = 1.5
velocity = 0.0)",
         "wrong.toml:25: projections.excitation.velocity = 0.0: is out of range; expected a number > 0"},
        {"delay = 1.5",
         R"(delay = 1.5
transmits = "V")",
         R"(wrong.toml:25: projections.excitation.transmits = "V": unknown state of iaf_psc_delta; expected one of spikes, V_m, refractory; did you mean "V_m"?)"},
        {"delay = 1.5",
         R"(delay = 1.5
transmits = "value")",
         R"(wrong.toml:25: projections.excitation.transmits = "value": iaf_psc_delta says no value of its own; expected "spikes", or one of V_m, refractory)"},
        {"delay = 1.5",
         R"(delay = 1.5
port = "ex")",
         R"(wrong.toml:25: projections.excitation.port = "ex": unknown port of iaf_psc_delta; expected one of in, I; did you mean "in"?)"},
        {"delay = 1.5",
         R"(delay = 1.5
plasticity = { rule = "stdp_pear" })",
         R"(wrong.toml:25: projections.excitation.plasticity.rule = "stdp_pear": unknown rule; expected one of stdp_pair, stdp_nearest, stdp_triplet, tsodyks_markram, vogels_sprekeler, rstdp, error_modulated, error_modulated_trial, ei_balance, synaptic_scaling, normalisation, oja_lateral, or a rule of a library that --plugin or plugins names; did you mean "stdp_pair"?)"},
        {"delay = 1.5",
         R"(delay = 1.5
plasticity = { rule = "tsodyks_markram", params = { tau_recc = 5.0 } })",
         R"(wrong.toml:25: projections.excitation.plasticity.params.tau_recc: unknown parameter of tsodyks_markram; expected one of U, tau_rec, tau_facil; did you mean "tau_rec"?)"},
        {"delay = 1.5",
         R"(delay = 1.5
plasticity = { rule = "tsodyks_markram", params = { U = 1.5 } })",
         "wrong.toml:25: projections.excitation.plasticity.params.U = 1.5: is out of range; expected a number "
         "from 0 to 1"},
        {"delay = 1.5",
         R"(delay = 1.5
plasticity = { rule = "tsodyks_markram", params = { U = { uniform = [0.1, 0.5] } } })",
         "wrong.toml:25: projections.excitation.plasticity.params.U: U of tsodyks_markram is the same for all "
         "synapses; expected a number"},
        {"delay = 1.5",
         R"(delay = 1.5
plasticity = { rule = "stdp_pair", post = "now" })",
         R"(wrong.toml:25: projections.excitation.plasticity.post = "now": unknown choice; expected one of auto, lazy, eager)"},
        {R"([record.spikes]
populations = ["E", "I"])",
         R"([record.spike]
populations = ["E", "I"])",
         R"(wrong.toml:26: record.spike = { populations = ["E", "I"] }: records neither states nor weights; expected population and variables, or projection; or the table record.spikes)"},
        {R"([record.spikes]
populations = ["E", "I"])",
         R"([record.membrane]
population = "E"
variables = ["V_n"])",
         R"(wrong.toml:28: record.membrane.variables[0] = "V_n": unknown variable of iaf_psc_delta; expected one of V_m, refractory; did you mean "V_m"?)"},
        {R"([record.spikes]
populations = ["E", "I"])",
         R"([record.membrane]
population = "E")",
         R"(wrong.toml:26: record.membrane.variables: is missing; expected a list of variables such as ["V_m"])"},
        {R"([record.spikes]
populations = ["E", "I"])",
         R"([record.membrane]
population = "E[0:81]"
variables = ["V_m"])",
         R"(wrong.toml:27: record.membrane.population = "E[0:81]": ends at 81, and E has 80 neurons; expected an end <= 80)"},
        {R"([record.spikes]
populations = ["E", "I"])",
         R"([record.membrane]
population = "E"
variables = ["V_m"]
every = 0.25)",
         R"(wrong.toml:29: record.membrane.every = 0.25: is no whole number of ticks of 0.1 ms; expected a multiple of 0.1 (ms), not 0)"},
        {R"([record.spikes]
populations = ["E", "I"])",
         R"([record.membrane]
population = "E"
variables = ["V_m"]
start = 100.0)",
         R"(wrong.toml:29: record.membrane.start = 100.0: is after the last tick that can be recorded; expected a time < 100 (ms))"},
        {R"([record.spikes]
populations = ["E", "I"])",
         R"([record.w]
projection = "excitaton")",
         R"(wrong.toml:27: record.w.projection = "excitaton": unknown projection; expected excitation; did you mean "excitation"?)"},
        {R"([record.spikes]
populations = ["E", "I"])",
         R"([record.w]
projection = "excitation"
every = 10.0)",
         R"(wrong.toml:28: record.w.every = 10.0: excitation has no plasticity, so that its weights stay as they are; expected no every: then they are written once, at the end)"},
        {R"([record.spikes]
populations = ["E", "I"])",
         R"([record.w]
projection = "excitation"
phases = ["train"])",
         R"(wrong.toml:28: record.w.phases = ["train"]: has a meaning with every only; expected every = .. (ms) beside it)"},
        {R"([record.spikes]
populations = ["E", "I"])",
         R"([record.w]
projection = "excitation"
variables = ["weight"])",
         R"(wrong.toml:28: record.w.variables = ["weight"]: has a meaning with every only; expected every = .. (ms) beside it)"},
        {"[record.spikes]\npopulations = [\"E\", \"I\"]", "[record.checkpoint]\nprojection = \"excitation\"",
         R"(wrong.toml:26: record.checkpoint: writes checkpoint.h5, a name that is kept for the checkpoints of the run; expected another name)"},
        {"[record.spikes]\npopulations = [\"E\", \"I\"]", "[record.checkpoint_50ms]\nprojection = \"excitation\"",
         R"(wrong.toml:26: record.checkpoint_50ms: writes checkpoint_50ms.h5, a name that is kept for the checkpoints of the run; expected another name)"},
        {R"(delay = 1.5

[record.spikes]
populations = ["E", "I"])",
         R"(delay = 1.5
plasticity = { rule = "stdp_pair" }

[record.w]
projection = "excitation"
every = 10.0
variables = ["wieght"])",
         R"(wrong.toml:30: record.w.variables[0] = "wieght": unknown variable of a synapse of stdp_pair; expected weight; did you mean "weight"?)"},
        {R"(delay = 1.5

[record.spikes]
populations = ["E", "I"])",
         R"(delay = 1.5
plasticity = { rule = "stdp_pair" }

[record.w]
projection = "excitation"
every = 0.25)",
         R"(wrong.toml:29: record.w.every = 0.25: is no whole number of ticks of 0.1 ms; expected a multiple of 0.1 (ms), not 0)"},
        {R"(delay = 1.5

[record.spikes]
populations = ["E", "I"])",
         R"(delay = 1.5
plasticity = { rule = "stdp_pair" }

[record.w]
projection = "excitation"
every = 10.0
start = 100.1)",
         R"(wrong.toml:30: record.w.start = 100.1: is after the last tick that can be recorded; expected a time <= 100 (ms))"},
        {R"([record.spikes])",
         R"([[phases]]
name = "train"
duration = 100.0
plasticity = ["excitation"]

[record.spikes])",
         R"(wrong.toml:29: phases[0].plasticity[0] = "excitation": has no plasticity, so that it cannot learn; expected a projection with plasticity)"},
        {R"(delay = 1.5

[record.spikes])",
         R"(delay = 1.5
plasticity = { rule = "stdp_pair" }

[[phases]]
name = "train"
duration = 100.0
plasticity = ["excitaton"]

[record.spikes])",
         R"(wrong.toml:30: phases[0].plasticity[0] = "excitaton": unknown projection; expected excitation; did you mean "excitation"?)"},
        {R"([record.spikes])",
         R"([[phases]]
name = "train"
duration = 100.0
plasticity = []

[record.spikes])",
         R"(wrong.toml:29: phases[0].plasticity = []: is empty; expected true, false or a list of plastic projections)"},
        {R"([record.spikes])",
         R"([[phases]]
name = "train"
duration = 100.0
plasticity = "excitation"

[record.spikes])",
         R"(wrong.toml:29: phases[0].plasticity = "excitation": is a string; expected true, false or a list of plastic projections)"},
        {R"([record.spikes])",
         R"([[phases]]
name = "train"
duration = 50.0

[[phases]]
name = "train"
duration = 50.0

[record.spikes])",
         R"(wrong.toml:31: phases[1].name = "train": is the name of an earlier phase; expected another name)"},
        {R"([record.spikes])",
         R"([[phases]]
name = "train"
duration = 0.0

[record.spikes])",
         R"(wrong.toml:28: phases[0].duration = 0.0: is out of range; expected a number > 0 (ms))"},
        {R"([record.spikes])",
         R"([[phases]]
name = "train"
duration = 0.25

[record.spikes])",
         R"(wrong.toml:28: phases[0].duration = 0.25: is no whole number of ticks of 0.1 ms; expected a multiple of 0.1 (ms), not 0)"},
        {R"([record.spikes])",
         R"([[phases]]
name = "train"

[record.spikes])",
         R"(wrong.toml:26: phases[0].duration: is missing; expected a number > 0 (ms))"},
        {R"([record.spikes])",
         R"([[phases]]
duration = 100.0

[record.spikes])",
         R"(wrong.toml:26: phases[0].name: is missing; expected a name such as "train")"},
        {R"([record.spikes])",
         R"([[phases]]
name = "train 1"
duration = 100.0

[record.spikes])",
         R"(wrong.toml:27: phases[0].name = "train 1": is no name for a phase; expected letters, digits, _ and -)"},
        {R"([record.spikes])",
         R"([[phases]]
name = "train"
duration = 50.0

[record.spikes])",
         R"(wrong.toml:2: simulation.duration = 100.0: is not the 50 ms of all phases together; expected 50 (ms), or no duration)"},
        {R"([record.spikes])",
         R"([phases]
name = "train"

[record.spikes])",
         R"(wrong.toml:26: phases: is a table; expected tables [[phases]] with name and duration)"},
        {R"([record.spikes]
populations = ["E", "I"])",
         R"([[phases]]
name = "train"
duration = 100.0

[record.spikes]
phases = ["tran"])",
         R"(wrong.toml:31: record.spikes.phases[0] = "tran": unknown phase; expected train; did you mean "train"?)"},
        {R"([record.spikes]
populations = ["E", "I"])",
         R"([record.spikes]
phases = ["train"])",
         R"(wrong.toml:27: record.spikes.phases[0] = "train": unknown phase; expected a table [[phases]] of this name)"},
        {R"([record.spikes]
populations = ["E", "I"])",
         R"([record.spikes]
phases = [])",
         R"(wrong.toml:27: record.spikes.phases = []: is empty; expected a list of phases)"},
        {R"([record.spikes]
populations = ["E", "I"])",
         R"([[phases]]
name = "train"
duration = 100.0

[record.membrane]
population = "E"
variables = ["V_m"]
phases = ["train"]
start = 10.0)",
         R"(wrong.toml:34: record.membrane.start = 10.0: excludes phases; expected either phases or start and stop)"},
        {"[record.spikes]",
         R"([signals.reward]
kind = "filtered"

[record.spikes])",
         R"(wrong.toml:27: signals.reward.kind = "filtered": unknown kind of signal; expected one of filtered_spikes, state, steps, pulses, expression, published, task; did you mean "filtered_spikes"?)"},
        {"[record.spikes]",
         R"([signals.reward]
kind = "filtered_spikes"
source = "E"
tua = 20.0

[record.spikes])",
         R"(wrong.toml:29: signals.reward.tua: unknown key; expected one of kind, source, tau, delay, amplitude, baseline; did you mean "tau"?)"},
        {"[record.spikes]",
         R"([signals.reward]
kind = "filtered_spikes"
source = "F"

[record.spikes])",
         R"(wrong.toml:28: signals.reward.source = "F": unknown population; expected one of E, I; did you mean "E"?)"},
        {"[record.spikes]",
         R"([signals.reward]
kind = "filtered_spikes"
source = "E"
delay = 0.01

[record.spikes])",
         R"(wrong.toml:29: signals.reward.delay = 0.01: rounds to less than one tick; expected at least 0.1 (ms))"},
        {"[record.spikes]",
         R"([signals.reward]
kind = "pulses"
times = [1.0]

[record.spikes])",
         R"(wrong.toml:26: signals.reward.values: is missing; expected a list with one value, or one list of values, per time)"},
        {"[record.spikes]",
         R"([signals.reward]
kind = "steps"
times = [1.0, 2.0]
values = [[1.0, 2.0], [3.0]]

[record.spikes])",
         R"(wrong.toml:29: signals.reward.values = [[1.0, 2.0], [3.0]]: has lists of different lengths; expected one list per time, with one value per neuron each)"},
        {"[record.spikes]",
         R"([signals.reward]
kind = "tasks"

[record.spikes])",
         R"(wrong.toml:27: signals.reward.kind = "tasks": unknown kind of signal; expected one of filtered_spikes, state, steps, pulses, expression, published, task; did you mean "task"?)"},
        {"delay = 1.5",
         R"(delay = 1.5
plasticity = { rule = "stdp_pair", signal = "reward" })",
         R"(wrong.toml:25: projections.excitation.plasticity.signal = "reward": is not read by stdp_pair; expected no signal)"},
        {"delay = 1.5",
         R"(delay = 1.5
plasticity = { rule = "rstdp", signal = "reward", signals = { dopamine = "reward" } })",
         R"(wrong.toml:25: projections.excitation.plasticity.signal = "reward": stands beside signals; expected one of the two)"},
        {"[simulation]",
         R"(plugins = ["my_rule.so"]

[simulation])",
         R"(wrong.toml:1: plugins = ["my_rule.so"]: my_rule.so: no such plug-in; expected NAME, NAME.so or libNAME.so in one of the folders . (RHEO_PLUGIN_PATH names more), or a path with a /)"},
        {"[simulation]", "[simulaton]",
         R"(wrong.toml:1: simulaton: unknown key; expected one of title, plugins, simulation, populations, inputs, signals, projections, phases, changes, stop, record, sweep, task, data, trials, readouts, scores; did you mean "simulation"?)"},
        {"[simulation]",
         R"(include = "base.toml"

[simulation])",
         R"(wrong.toml:1: include = "base.toml": no such file: base.toml)"},
        {"[simulation]",
         R"(include = "wrong.toml"

[simulation])",
         R"(wrong.toml:1: include = "wrong.toml": includes itself, directly or through other files)"},
        {R"(model = "iaf_psc_delta"
size = 80
params = { tau_m = 20.0, V_th = 20.0 })",
         R"(model = "spike_source"
size = 80)",
         R"(wrong.toml:4: populations.E.params: is missing; expected times = [[..], ..] or file = ".." (spike times in ms))"},
        {R"(model = "iaf_psc_delta"
size = 80
params = { tau_m = 20.0, V_th = 20.0 })",
         R"(model = "spike_source"
size = 2
params = { times = [[1.0], [2.0], [3.0]] })",
         "wrong.toml:7: populations.E.params.times = [[1.0], [2.0], [3.0]]: has 3 entries; expected 2 lists, "
         "one per "
         "neuron, of times > 0 (ms)"},
        {R"(model = "iaf_psc_delta"
size = 80
params = { tau_m = 20.0, V_th = 20.0 })",
         R"(model = "spike_source"
size = 1
params = { times = [0.0, 1.0] })",
         "wrong.toml:7: populations.E.params.times = [0.0, 1.0]: holds the time 0; expected times > 0 (ms), or "
         "a key that "
         "says where time 0 belongs: offset = dt where ticks are numbered by their begin, at_zero = "
         "\"first_tick\" "
         "or \"drop\""},
        {R"(size = 80
params = { tau_m = 20.0, V_th = 20.0 })",
         R"(size = 2
params = { tau_m = [10.0, 20.0], V_th = 20.0 })",
         R"(wrong.toml:9: populations.I.params.tau_m = a list of 2: has 2 entries; expected 20 entries, one per neuron)"},
        {R"(source = "E")", R"(source = ["E[::2]", "E[1::2]"])",
         R"(wrong.toml:20: projections.excitation.source = ["E[::2]", "E[1::2]"]: interleaves with E[0::2]; expected ranges of neurons that lie apart)"},
        {R"([record.spikes])",
         R"([signals.reward]
kind = "filtered_spikes"
source = ["E", "E[5:]"]

[record.spikes])",
         R"(wrong.toml:28: signals.reward.source = ["E", "E[5:]"]: selects neuron 5 of E twice; expected each neuron once)"},
        {"tau_m = 20.0", "tau_m = 1e300",
         "wrong.toml:7: populations.E.params.tau_m = 1e+300: is out of range; expected a number > 0 and <= "
         "1e+30 "
         "(ms)"},
        {"tau_m = 20.0", "tau_m = 1e-300",
         "wrong.toml:7: populations.E.params.tau_m = 1e-300: is out of range; expected a number >= 1e-30 (ms)"},
        {"V_th = 20.0", "V_th = 1e300",
         "wrong.toml:7: populations.E.params.V_th = 1e+300: is out of range; expected a number <= 1e+30 (mV)"},
        {"weight = 0.1\ndelay", "weight = 1e39\ndelay",
         "wrong.toml:23: projections.excitation.weight = 1e+39: is out of range; expected a number <= 1e+30"},
        {"[populations.I]", R"([populations."I/O"])",
         R"(wrong.toml:9: populations = "I/O": is no name; expected letters, digits, _ and -)"},
};

struct WrongOverride {
  std::string setting, message;
};

const std::vector<WrongOverride> wrong_overrides = {
    {"populations.E.sise=3",
     R"(--set: populations.E.sise: unknown key; expected one of model, size, like, params, initial, positions, update; did you mean "size"?)"},
    {"populations.EE.size=3",
     R"(--set: populations.EE: there is no "EE" in the file; expected one of E, I; did you mean "E"?)"},
    {"populations.E.size.x=3", "--set: populations.E.size.x = 3: populations.E.size is a number, not a table"},
    {"populations.E.size=8O",
     R"(--set: populations.E.size = "8O": is a string; expected a whole number from 1 to 4294967295)"},
    {"projections.excitation.weight=[1",
     "--set: projections.excitation.weight = [1: not valid TOML: Error while parsing array: encountered end-of-file; "
     "expected a TOML value"},
    {"nonsense", R"(--set: "nonsense" is not a setting; expected a.b.c=value)"},
    {"populations.E.size=", "--set: populations.E.size: has no value; expected a.b.c=value"},
    {"include=base.toml", R"(--set: include = "base.toml": cannot be changed from outside the file)"},
    {"simulation.seed=-3", "--set: simulation.seed = -3: is out of range; expected a whole number >= 0"},
    {"inputs.background.rate=nan",
     "--set: inputs.background.rate = nan: is not finite; expected a number >= 0 (Hz), or a distribution"},
};

// An own folder to work in, so that messages name files as a user names them: without a folder.
class WorkingFolder {
 public:
  WorkingFolder() : before_(fs::current_path()) {
    std::string pattern = (fs::temp_directory_path() / "rheo_errors_XXXXXX").string();
    if (!::mkdtemp(pattern.data())) throw std::runtime_error("no temporary folder");
    folder_ = pattern;
    fs::current_path(folder_);
  }
  ~WorkingFolder() {
    fs::current_path(before_);
    fs::remove_all(folder_);
  }

 private:
  fs::path before_, folder_;
};

void write(const std::string& file, const std::string& text) {
  std::ofstream(file) << text;
}

std::string message_of(const std::string& file, const std::vector<std::string>& overrides = {}) {
  try {
    parse_experiment(file, overrides);
  } catch (const ExperimentError& error) {
    return error.what();
  }
  return "no error";
}

std::string replaced(const std::string& from, const std::string& to) {
  std::string text = right;
  const std::size_t at = text.find(from);
  REQUIRE(at != std::string::npos);
  return text.replace(at, from.size(), to);
}

}  // namespace

TEST_CASE("the file that the wrong ones are made from is right", "[experiment]") {
  const WorkingFolder folder;
  write("right.toml", right);
  CHECK(message_of("right.toml") == "no error");
}

TEST_CASE("each mistake in an experiment file gets its message", "[experiment]") {
  CHECK(wrong_files.size() >= 25);
  const WorkingFolder folder;
  for (const Wrong& wrong : wrong_files) {
    write("wrong.toml", replaced(wrong.from, wrong.to));
    CHECK(message_of("wrong.toml") == wrong.message);
  }
}

TEST_CASE("messages show zero bytes and do not drown in long names", "[experiment]") {
  Complaint complaint;
  complaint.key = std::string("a\0b\x1b", 4);
  complaint.value = std::string(70'000, 'x');
  complaint.problem = "is long";
  const std::string message = to_message(complaint);
  CHECK(message == "a\\x00b\\x1b = " + std::string(300, 'x') + "... (70000 characters): is long");
}

TEST_CASE("each mistake in an override gets its message", "[experiment]") {
  const WorkingFolder folder;
  write("right.toml", right);
  for (const WrongOverride& wrong : wrong_overrides) {
    CHECK(message_of("right.toml", {wrong.setting}) == wrong.message);
  }
}

TEST_CASE("docs/errors.md shows every message of the table", "[experiment]") {
  const fs::path page = fs::path(RHEO_SOURCE_DIR) / "docs/errors.md";
  if (!fs::exists(page)) {
    WARN("docs/errors.md is not here: not checked");
    return;
  }
  std::stringstream text;
  text << std::ifstream(page).rdbuf();
  CHECK(text.str().find(right) != std::string::npos);
  for (const Wrong& wrong : wrong_files) CHECK_THAT(text.str(), Catch::Contains("`" + wrong.message + "`"));
  for (const WrongOverride& wrong : wrong_overrides) CHECK_THAT(text.str(), Catch::Contains("`" + wrong.message + "`"));
}

TEST_CASE("files that are no experiment are refused without harm", "[experiment]") {
  const WorkingFolder folder;
  const auto repeated = [](const std::string& piece, std::size_t count) {
    std::string text;
    for (std::size_t i = 0; i < count; ++i) text += piece;
    return text;
  };
  const auto message = [](const std::string& text) {
    write("odd.toml", text);
    return message_of("odd.toml");
  };
  CHECK(message_of("missing.toml") == "missing.toml: cannot be opened: No such file or directory");
  CHECK(message_of(".") == ".: is a directory; expected an experiment file (TOML)");
  CHECK(message("") == "odd.toml:1: simulation: is missing; expected a table [simulation] with duration");
  CHECK_THAT(message(std::string("a = 1\0", 6)), Catch::StartsWith("odd.toml:1: not valid TOML: "));
  CHECK_THAT(message("\xff\xfe"), Catch::StartsWith("odd.toml:1: not valid TOML: "));
  CHECK_THAT(message("a=" + repeated("[", 100000)), Catch::StartsWith("odd.toml:1: not valid TOML: "));
  CHECK_THAT(message("a=" + repeated("{a=", 100000)), Catch::StartsWith("odd.toml:1: not valid TOML: "));

  // Keys of a million parts, in the open and hidden behind every kind of string.
  const std::string key = repeated("b.", 1000000) + "b";
  CHECK(message(key + "=1") == "odd.toml:1: a key of more than 16 parts");
  CHECK(message("[" + key + "]") == "odd.toml:1: a key of more than 16 parts");
  CHECK(message(repeated("b . ", 1000000) + "b=1") == "odd.toml:1: a key of more than 16 parts");
  CHECK(message("x = {a = \"\"\"\nb' \"\"\", " + key + "=1}") == "odd.toml:2: a key of more than 16 parts");
  CHECK(message("x = {a = \"\"\"\"\"\", " + key + "=1}") == "odd.toml:1: a key of more than 16 parts");
  CHECK(message("x = {a = '''x''''', " + key + "=1}") == "odd.toml:1: a key of more than 16 parts");
  CHECK(message("x = {a = \"\\\"\", " + key + "=1}") == "odd.toml:1: a key of more than 16 parts");
  // Dots in strings, comments and numbers are no keys.
  write("dots.toml", "title = \"" + repeated(".", 100) + "\" # " + repeated(".", 100) + "\n" + right);
  CHECK(message_of("dots.toml") == "no error");
}

TEST_CASE("a chain of includes has an end", "[experiment]") {
  const WorkingFolder folder;
  write("a.toml", "include = \"b.toml\"\n");
  write("b.toml", "include = \"c.toml\"\n");
  write("c.toml", "\ninclude = \"./a.toml\"\n");
  CHECK(message_of("a.toml") == "c.toml:2: include = \"./a.toml\": includes itself, directly or through other files");
  for (int i = 0; i < 100; ++i) {
    write("f" + std::to_string(i) + ".toml", "include = \"f" + std::to_string(i + 1) + ".toml\"\n");
  }
  CHECK_THAT(message_of("f0.toml"), Catch::Contains("a chain of more than 32 includes"));
}

TEST_CASE("a mistake in an included file is reported there", "[experiment]") {
  const WorkingFolder folder;
  write("base.toml", replaced("size = 80", "size = 0"));
  write("over.toml", "include = \"base.toml\"\n");
  CHECK(message_of("over.toml") ==
        "base.toml:6: populations.E.size = 0: is out of range; expected a whole number from 1 to 4294967295");
  CHECK(message_of("over.toml", {"populations.E.size=80"}) == "no error");
}

}  // namespace test_experiment_errors
