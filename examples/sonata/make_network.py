#!/usr/bin/python3
"""Makes the SONATA network of this folder: 60 excitatory and 20 inhibitory cells, driven by 20 virtual inputs.

    cd examples/sonata && python3 make_network.py        (needs numpy and h5py; seed 20)
    rheo run config.json

Original work, no data of others in it. Every file comes out with the same bytes each time. The cells are
iaf_psc_alpha with a threshold of their own each (dynamics_params/V_th overrides the JSON file of the type); the delays
between cells are per edge, those of the inputs come from the CSV file. Weights are in pA, times in ms.
"""

import json
import os

import h5py
import numpy

SEED = 20
EXCITATORY, INHIBITORY, INPUTS = 60, 20, 20
CELLS = EXCITATORY + INHIBITORY
DURATION = 500.0  # ms
INPUT_RATE = 40.0  # Hz
CONNECTED = 0.2  # probability of an edge between two cells
INPUT_CONNECTED = 0.35  # probability of an edge from an input to a cell
WEIGHT = {"ee": 30.0, "ei": 40.0, "ie": -90.0, "ii": -60.0, "input": 140.0}  # pA

random = numpy.random.Generator(numpy.random.PCG64(SEED))


def write_json(path, content):
    with open(path, "w", encoding="ascii", newline="\n") as file:
        json.dump(content, file, indent=2)
        file.write("\n")


def write_table(path, header, *rows):
    with open(path, "w", encoding="ascii", newline="\n") as file:
        for row in (header, *rows):
            file.write(" ".join(str(cell) for cell in row) + "\n")


def sonata_file(path):
    file = h5py.File(path, "w", libver="earliest")
    file.attrs.create("magic", numpy.uint32(0x0A7A))
    file.attrs.create("version", numpy.array([0, 1], dtype="u4"))
    return file


def put(group, name, values, dtype, **attributes):
    values = numpy.asarray(values, dtype=dtype)
    # Small arrays are smaller without chunks.
    zipped = {"compression": "gzip", "compression_opts": 9, "shuffle": True} if values.nbytes > 2048 else {}
    data = group.create_dataset(name, data=values, track_times=False, **zipped)
    for key, text in attributes.items():
        data.attrs.create(key, numpy.bytes_(text))
    return data


def write_nodes(path, name, types, attributes, dynamics):
    count = len(types)
    with sonata_file(path) as file:
        nodes = file.create_group("nodes/" + name)
        put(nodes, "node_id", range(count), "i4")
        put(nodes, "node_type_id", types, "i4")
        put(nodes, "node_group_id", numpy.zeros(count), "i4")
        put(nodes, "node_group_index", range(count), "i4")
        group = nodes.create_group("0")
        for key, values in attributes.items():
            put(group, key, values, "f4")
        if dynamics:
            group = group.create_group("dynamics_params")
            for key, values in dynamics.items():
                put(group, key, values, "f4")


def write_edges(path, name, ends, source, target, types, attributes):
    with sonata_file(path) as file:
        edges = file.create_group("edges/" + name)
        put(edges, "source_node_id", source, "i4", node_population=ends[0])
        put(edges, "target_node_id", target, "i4", node_population=ends[1])
        put(edges, "edge_type_id", types, "i4")
        put(edges, "edge_group_id", numpy.zeros(len(source)), "i4")
        put(edges, "edge_group_index", range(len(source)), "i4")
        group = edges.create_group("0")
        for key, values in attributes.items():
            put(group, key, values, "f4")


def make_nodes():
    position = random.uniform(-100.0, 100.0, size=(3, CELLS))  # um; nothing depends on it
    threshold = numpy.where(numpy.arange(CELLS) < EXCITATORY, -50.0, -52.0) + random.normal(0.0, 1.0, CELLS)
    types = [100] * EXCITATORY + [101] * INHIBITORY
    write_nodes("network/cells_nodes.h5", "cells", types, dict(zip("xyz", position)), {"V_th": threshold.round(2)})
    write_table("network/cells_node_types.csv",
                ["node_type_id", "model_type", "model_template", "dynamics_params", "ei", "model_name"],
                [100, "point_neuron", "nest:iaf_psc_alpha", "excitatory.json", "e", '"regular cell"'],
                [101, "point_neuron", "nest:iaf_psc_alpha", "inhibitory.json", "i", '"fast cell"'])
    write_nodes("network/inputs_nodes.h5", "inputs", [100] * INPUTS, {}, {})
    write_table("network/inputs_node_types.csv", ["node_type_id", "model_type", "model_template", "dynamics_params"],
                [100, "virtual", "NULL", "NULL"])


def make_edges():
    # By source, then target; no edge from a cell to itself.
    source, target = numpy.nonzero((random.random((CELLS, CELLS)) < CONNECTED) & ~numpy.eye(CELLS, dtype=bool))
    kind = (source >= EXCITATORY) * 2 + (target >= EXCITATORY)  # ee, ei, ie, ii
    mean = numpy.array([WEIGHT["ee"], WEIGHT["ei"], WEIGHT["ie"], WEIGHT["ii"]])[kind]
    weight = (mean * random.uniform(0.5, 1.5, len(mean))).round(1)
    delay = random.integers(10, 31, len(mean)) / 10.0
    write_edges("network/cells_cells_edges.h5", "cells_to_cells", ("cells", "cells"), source, target, 100 + kind,
                {"syn_weight": weight, "delay": delay})
    write_table("network/cells_cells_edge_types.csv",
                ["edge_type_id", "target_query", "source_query", "model_template", "dynamics_params"],
                *([100 + i, f"ei=='{post}'", f"ei=='{pre}'", "static_synapse", "static.json"]
                  for i, (pre, post) in enumerate(["ee", "ei", "ie", "ii"])))

    source, target = numpy.nonzero(random.random((INPUTS, CELLS)) < INPUT_CONNECTED)
    write_edges("network/inputs_cells_edges.h5", "inputs_to_cells", ("inputs", "cells"), source, target,
                numpy.full(len(source), 100), {})
    write_table("network/inputs_cells_edge_types.csv",
                ["edge_type_id", "target_query", "source_query", "model_template", "dynamics_params", "syn_weight", "delay"],
                [100, "*", "*", "static_synapse", "static.json", WEIGHT["input"], 1.5])


def make_spikes():
    ids, times = [], []
    for node in range(INPUTS):
        # Three times as many intervals as fit on average; on the grid of 0.1 ms, each time once, none at 0.
        train = numpy.cumsum(random.exponential(1000.0 / INPUT_RATE, int(3 * DURATION * INPUT_RATE / 1000.0)))
        train = numpy.unique(numpy.maximum(train[train <= DURATION].round(1), 0.1))
        ids += [node] * len(train)
        times += list(train)
    order = numpy.lexsort((ids, times))
    with sonata_file("inputs/inputs_spikes.h5") as file:
        group = file.create_group("spikes/inputs")
        sorting = h5py.enum_dtype({"none": 0, "by_id": 1, "by_time": 2}, basetype="u1")
        group.attrs.create("sorting", 2, dtype=sorting)
        put(group, "node_ids", numpy.array(ids)[order], "u8")
        put(group, "timestamps", numpy.array(times)[order], "f8", units="ms")


def make_config():
    write_json("components/cell_models/excitatory.json",
               {"C_m": 200.0, "tau_m": 20.0, "t_ref": 2.0, "E_L": -70.0, "V_reset": -65.0, "V_th": -50.0, "I_e": 0.0,
                "tau_syn_ex": 2.0, "tau_syn_in": 4.0})
    write_json("components/cell_models/inhibitory.json",
               {"C_m": 120.0, "tau_m": 10.0, "t_ref": 1.0, "E_L": -70.0, "V_reset": -65.0, "V_th": -52.0, "I_e": 0.0,
                "tau_syn_ex": 2.0, "tau_syn_in": 4.0})
    write_json("components/synaptic_models/static.json", {})
    write_json("config.json", {"network": "./circuit_config.json", "simulation": "./simulation_config.json"})
    files = lambda kind, name: {f"{kind}s_file": f"$NETWORK_DIR/{name}_{kind}s.h5",
                                f"{kind}_types_file": f"$NETWORK_DIR/{name}_{kind}_types.csv"}
    write_json("circuit_config.json", {
        "manifest": {"$NETWORK_DIR": "./network", "$COMPONENT_DIR": "./components"},
        "components": {"point_neuron_models_dir": "$COMPONENT_DIR/cell_models",
                       "synaptic_models_dir": "$COMPONENT_DIR/synaptic_models"},
        "networks": {"nodes": [files("node", "cells"), files("node", "inputs")],
                     "edges": [files("edge", "cells_cells"), files("edge", "inputs_cells")]}})
    write_json("node_sets.json", {"drive": {"population": "inputs"}})
    write_json("simulation_config.json", {
        "manifest": {"$BASE_DIR": "${configdir}", "$OUTPUT_DIR": "$BASE_DIR/output", "$INPUT_DIR": "$BASE_DIR/inputs"},
        "network": "$BASE_DIR/circuit_config.json",
        "run": {"tstop": DURATION, "dt": 0.1, "random_seed": SEED},
        "node_sets_file": "$BASE_DIR/node_sets.json",
        "inputs": {"spikes": {"input_type": "spikes", "module": "sonata",
                              "input_file": "$INPUT_DIR/inputs_spikes.h5", "node_set": "drive"}},
        "output": {"output_dir": "$OUTPUT_DIR", "spikes_file": "spikes.h5", "spikes_sort_order": "by_time"}})


os.chdir(os.path.dirname(os.path.abspath(__file__)))
for folder in ("network", "inputs", "components/cell_models", "components/synaptic_models"):
    os.makedirs(folder, exist_ok=True)
make_nodes()
make_edges()
make_spikes()
make_config()
