#!/usr/bin/python3
"""An independent reader of SONATA, written from its specification and nothing of rheo.

    sonata_check.py FILE...

Accepts or refuses each file strictly: spikes, reports, nodes, edges (.h5), or a config (.json) with all that it names.
Prints one line per file; exit code 1 and the reason if one is refused.
"""
import csv
import json
import os
import sys

import h5py
import numpy as np


class Refused(Exception):
    pass


def need(condition, message):
    if not condition:
        raise Refused(message)


def text(value):
    return value.decode() if isinstance(value, bytes) else str(value)


def attribute(thing, name):
    need(name in thing.attrs, f"{thing.name}: no attribute {name}")
    return thing.attrs[name]


def column(group, name, kinds, size=None, dtype=None):
    need(name in group and isinstance(group[name], h5py.Dataset), f"{group.name}/{name}: no such dataset")
    data = group[name]
    need(data.ndim == 1, f"{data.name}: has {data.ndim} dimensions")
    need(data.dtype.kind in kinds, f"{data.name}: type {data.dtype}")
    need(dtype is None or data.dtype == dtype, f"{data.name}: type {data.dtype}, not {dtype}")
    need(size is None or data.shape[0] == size, f"{data.name}: {data.shape[0]} values, not {size}")
    return data


def finite(data):
    values = data[...]
    need(values.dtype.kind != "f" or np.isfinite(values).all(), f"{data.name}: not finite")
    return values


def check_root(file):
    magic = attribute(file, "magic")
    need(magic.dtype == np.uint32 and magic.shape == () and magic == 0x0A7A, "magic is not the uint32 0x0A7A")
    version = attribute(file, "version")
    need(version.dtype == np.uint32 and list(version) == [0, 1], "version is not the uint32 [0, 1]")


def populations(file, kind):
    need(isinstance(file[kind], h5py.Group), f"/{kind} is no group")
    for name, group in file[kind].items():
        need(isinstance(group, h5py.Group), f"/{kind}/{name} is no group")
        yield name, group


# ---- spikes and reports


def check_spikes(file, sizes=None):
    for name, group in populations(file, "spikes"):
        need(set(group) == {"timestamps", "node_ids"}, f"{group.name}: holds {sorted(group)}")
        times = column(group, "timestamps", "f", dtype=np.float64)
        ids = column(group, "node_ids", "u", size=times.shape[0], dtype=np.uint64)
        need(text(attribute(times, "units")) == "ms", f"{times.name}: units are not ms")
        members = h5py.check_enum_dtype(group.attrs.get_id("sorting").dtype)
        need(members == {"none": 0, "by_id": 1, "by_time": 2}, f"{group.name}: sorting is no such enum")
        t, i = finite(times), ids[...]
        need((t >= 0).all(), f"{times.name}: a time below 0")
        if sizes is not None:
            need(name in sizes, f"{group.name}: no such population")
            need(len(i) == 0 or i.max() < sizes[name], f"{ids.name}: no such node")
        if attribute(group, "sorting") == 2:
            step = np.diff(t)
            need((step >= 0).all(), f"{times.name}: not by time")
            need((i[1:] >= i[:-1])[step == 0].all(), f"{ids.name}: not by id within a time")
        if attribute(group, "sorting") == 1:
            need((i[1:] >= i[:-1]).all(), f"{ids.name}: not by id")


def check_report(file, sizes=None):
    for name, group in populations(file, "report"):
        need(set(group) == {"data", "mapping"}, f"{group.name}: holds {sorted(group)}")
        mapping = group["mapping"]
        ids = column(mapping, "node_ids", "u", dtype=np.uint64)
        nodes = ids[...]
        need(len(nodes) > 0 and len(set(nodes)) == len(nodes), f"{ids.name}: none, or one twice")
        if attribute(ids, "sorted"):
            need((nodes[1:] > nodes[:-1]).all(), f"{ids.name}: not sorted, though it says so")
        pointers = column(mapping, "index_pointers", "u", size=len(nodes) + 1, dtype=np.uint64)[...]
        elements = column(mapping, "element_ids", "u", dtype=np.uint32)
        need(pointers[0] == 0 and pointers[-1] == elements.shape[0], f"{mapping.name}: pointers do not span the elements")
        need((np.diff(pointers.astype(np.int64)) >= 1).all(), f"{mapping.name}: a node without elements")
        time = column(mapping, "time", "f", size=3, dtype=np.float64)
        need(text(attribute(time, "units")) == "ms", f"{time.name}: units are not ms")
        start, stop, step = finite(time)
        data = group["data"]
        need(data.ndim == 2 and data.dtype == np.float32, f"{data.name}: no table of float32")
        need(data.shape[1] == elements.shape[0], f"{data.name}: {data.shape[1]} values per row")
        need(step > 0 and start >= 0 and stop >= start, f"{time.name}: {start}, {stop}, {step}")
        need(abs((stop - start) / step - data.shape[0]) < 1e-6, f"{data.name}: {data.shape[0]} rows for {time[...]}")
        need(isinstance(attribute(data, "units"), (str, bytes, np.bytes_)), f"{data.name}: no units")
        finite(data)
        if sizes is not None:
            need(name in sizes and nodes.max() < sizes[name], f"{group.name}: no such nodes")


# ---- nodes and edges


def check_groups(group, prefix, rows):
    """Every element is one row of one numbered group; returns {number: rows that it needs}."""
    has = {f"{prefix}_group_id" in group, f"{prefix}_group_index" in group}
    need(len(has) == 1, f"{group.name}: only one of the group columns")
    if has == {False}:
        return {0: rows}
    ids = column(group, f"{prefix}_group_id", "iu", size=rows)[...]
    index = column(group, f"{prefix}_group_index", "iu", size=rows)[...]
    needed = {}
    for number in np.unique(ids):
        need(str(number) in group, f"{group.name}: no group {number}")
        here = np.sort(index[ids == number])
        need((here == np.arange(len(here))).all(), f"{group.name}/{number}: rows are not 0, 1, 2, ... each once")
        needed[int(number)] = len(here)
    return needed


def check_attributes(group, rows):
    for name, data in group.items():
        if isinstance(data, h5py.Group):
            need(name == "dynamics_params", f"{data.name}: unknown group")
            check_attributes(data, rows)
        else:
            need(data.ndim == 1 and data.shape[0] == rows, f"{data.name}: shape {data.shape} for {rows} rows")
            need(data.dtype.kind in "iuf", f"{data.name}: type {data.dtype}")
            finite(data)


def check_nodes(file, types=None):
    sizes = {}
    for name, group in populations(file, "nodes"):
        type_ids = column(group, "node_type_id", "iu")
        rows = type_ids.shape[0]
        need(rows > 0, f"{group.name}: no nodes")
        ids = column(group, "node_id", "iu", size=rows)[...]
        need((np.sort(ids) == np.arange(rows)).all(), f"{group.name}/node_id: not 0, 1, 2, ... each once")
        for number, count in check_groups(group, "node", rows).items():
            check_attributes(group[str(number)], count)
        if types is not None:
            need(set(np.unique(type_ids[...])) <= set(types), f"{type_ids.name}: not all in the types")
        sizes[name] = rows
    return sizes


def check_index(index, ids, nodes):
    """Every edge is in exactly the ranges of its node."""
    older = "node_id_to_range" in index
    of_nodes, of_ranges = index["node_id_to_range" if older else "node_id_to_ranges"], index["range_to_edge_id"]
    for data in (of_nodes, of_ranges):
        need(data.ndim == 2 and data.shape[1] == 2 and data.dtype.kind in "iu", f"{data.name}: no pairs of integers")
    first, end = of_nodes[:, 0].astype(np.int64), of_nodes[:, 1].astype(np.int64)
    need(nodes is None or len(first) == nodes, f"{of_nodes.name}: {len(first)} nodes, not {nodes}")
    need((first <= end).all() and (first >= 0).all() and (end <= of_ranges.shape[0]).all(), f"{of_nodes.name}: ranges")
    low, high = of_ranges[:, 0].astype(np.int64), of_ranges[:, 1].astype(np.int64)
    need((low < high).all() and (low >= 0).all() and (high <= len(ids)).all(), f"{of_ranges.name}: edges")
    owner = np.full(len(ids), -1, dtype=np.int64)
    for node in range(len(first)):
        for r in range(first[node], end[node]):
            need((owner[low[r] : high[r]] == -1).all(), f"{of_ranges.name}: an edge twice")
            owner[low[r] : high[r]] = node
    need((owner == ids.astype(np.int64)).all(), f"{index.name}: an edge under another node, or under none")


def check_edges(file, types=None, sizes=None):
    for name, group in populations(file, "edges"):
        source = column(group, "source_node_id", "iu")
        rows = source.shape[0]
        target = column(group, "target_node_id", "iu", size=rows)
        type_ids = column(group, "edge_type_id", "iu", size=rows)
        counts = {}
        for data in (source, target):
            population = text(attribute(data, "node_population"))
            values = data[...]
            need(rows == 0 or values.min() >= 0, f"{data.name}: below 0")
            if sizes is not None:
                need(population in sizes, f"{data.name}: no population {population}")
                need(rows == 0 or values.max() < sizes[population], f"{data.name}: no such node in {population}")
                counts[data.name] = sizes[population]
        if types is not None:
            need(set(np.unique(type_ids[...])) <= set(types), f"{type_ids.name}: not all in the types")
        for number, count in check_groups(group, "edge", rows).items():
            if str(number) not in group:
                continue
            check_attributes(group[str(number)], count)
            if "delay" in group[str(number)]:
                need((group[str(number)]["delay"][...] > 0).all(), f"{group.name}/{number}/delay: not > 0")
        if "indices" in group:
            for index, data in (("source_to_target", source), ("target_to_source", target)):
                need(index in group["indices"], f"{group.name}/indices: no {index}")
                found = group["indices"][index]
                check_index(found, data[...], counts.get(data.name))


# ---- configs


class Config:
    def __init__(self, path):
        self.path, self.folder = path, os.path.dirname(os.path.abspath(path))
        with open(path, encoding="utf-8") as stream:
            self.root = json.load(stream)
        need(isinstance(self.root, dict), f"{path}: no object")
        self.manifest = {"$configdir": ".", "${configdir}": "."}
        self.manifest.update(self.root.get("manifest", {}))

    def file(self, value):
        need(isinstance(value, str) and value, f"{self.path}: {value} is no path")
        for _ in range(16):
            for name in sorted(self.manifest, key=len, reverse=True):
                value = value.replace(name, self.manifest[name])
            if "$" not in value:
                break
        need("$" not in value, f"{self.path}: {value} is not in the manifest")
        return os.path.normpath(os.path.join(self.folder, value))

    def existing(self, value):
        found = self.file(value)
        need(os.path.isfile(found), f"{self.path}: no file {found}")
        return found


def read_types(path, key):
    with open(path, encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream, delimiter=" "))
        for row in rows:
            need(None not in row and None not in row.values(), f"{path}: a row with too many or too few values")
    types = {int(row[key]): row for row in rows}
    need(len(types) == len(rows) and rows, f"{path}: no types, or one twice")
    return types


def check_parameters(path):
    with open(path, encoding="utf-8") as stream:
        values = json.load(stream)
    need(isinstance(values, dict), f"{path}: no object")
    for name, value in values.items():
        need(isinstance(value, (int, float, str)) and not isinstance(value, bool), f"{path}: {name} = {value}")
        need(not isinstance(value, float) or np.isfinite(value), f"{path}: {name} = {value}")


def check_config(path):
    config = Config(path)
    circuit = simulation = config
    if "simulation" in config.root:
        simulation = Config(config.existing(config.root["simulation"]))
    if "network" in config.root:
        circuit = Config(config.existing(config.root["network"]))
    elif "network" in simulation.root:
        circuit = Config(simulation.existing(simulation.root["network"]))

    components = {key: circuit.file(value) for key, value in circuit.root.get("components", {}).items()}
    sizes, virtual = {}, set()
    for entry in circuit.root["networks"]["nodes"]:
        types = read_types(circuit.existing(entry["node_types_file"]), "node_type_id")
        for row in types.values():
            need(row["model_type"] in ("point_neuron", "point_process", "virtual"), f"model_type {row['model_type']}")
            if row["model_type"] == "virtual":
                continue
            simulator, _, model = row["model_template"].partition(":")
            need(simulator in ("nest", "rheo") and model, f"model_template {row['model_template']}")
            parameters = row.get("dynamics_params", "NULL")
            if parameters != "NULL":
                check_parameters(os.path.join(components["point_neuron_models_dir"], parameters))
        with h5py.File(circuit.existing(entry["nodes_file"]), "r") as file:
            check_root(file)
            found = check_nodes(file, types)
            for name in found:
                need(name not in sizes, f"population {name} twice")
                if all(types[int(t)]["model_type"] == "virtual" for t in file["nodes"][name]["node_type_id"][...]):
                    virtual.add(name)
            sizes.update(found)
    names = set()
    for entry in circuit.root["networks"].get("edges", []):
        types = read_types(circuit.existing(entry["edge_types_file"]), "edge_type_id")
        for row in types.values():
            parameters = row.get("dynamics_params", "NULL")
            if parameters != "NULL":
                check_parameters(os.path.join(components["synaptic_models_dir"], parameters))
        with h5py.File(circuit.existing(entry["edges_file"]), "r") as file:
            check_root(file)
            check_edges(file, types, sizes)
            for name, group in file["edges"].items():
                need(name not in names, f"edge population {name} twice")
                names.add(name)
                need(text(group["target_node_id"].attrs["node_population"]) not in virtual, f"{name}: onto virtual nodes")

    run = simulation.root["run"]
    need(run["tstop"] > 0 and run["dt"] > 0 and int(run.get("random_seed", 0)) >= 0, f"run {run}")
    sets = simulation.root.get("node_sets", {})
    if "node_sets_file" in simulation.root:
        with open(simulation.existing(simulation.root["node_sets_file"]), encoding="utf-8") as stream:
            sets = json.load(stream)

    def resolve(name, depth=0):
        need(depth < 32, "node sets in a circle")
        if isinstance(name, str):
            need(name in sets or name in sizes, f"no node set {name}")
            return resolve(sets[name], depth + 1) if name in sets else {name}
        if isinstance(name, list):
            return set().union(*(resolve(part, depth + 1) for part in name))
        found = name["population"]
        for population in found if isinstance(found, list) else [found]:
            need(population in sizes, f"no population {population}")
            ids = name.get("node_id", [])
            need(all(0 <= i < sizes[population] for i in ids), f"no such node in {population}")
        return set(found if isinstance(found, list) else [found])

    for name, entry in simulation.root.get("inputs", {}).items():
        if entry["module"].startswith("rheo:"):
            if isinstance(entry.get("file"), str):
                with h5py.File(simulation.existing(entry["file"]), "r") as file:
                    check_root(file)
                    check_spikes(file)
            continue
        need(entry["input_type"] == "spikes" and entry["module"] in ("h5", "sonata"), f"input {name}")
        need(resolve(entry["node_set"]) <= virtual, f"input {name}: onto point neurons")
        with h5py.File(simulation.existing(entry["input_file"]), "r") as file:
            check_root(file)
            check_spikes(file, sizes)
    for name, entry in simulation.root.get("reports", {}).items():
        need(not resolve(entry["cells"]) & virtual, f"report {name}: of virtual nodes")
        need(isinstance(entry["variable_name"], str), f"report {name}: variable_name")
    need(isinstance(simulation.root["output"]["output_dir"], str), "output.output_dir")
    return sizes


def check(path):
    if path.endswith(".json"):
        check_config(path)
        return "config"
    with h5py.File(path, "r") as file:
        check_root(file)
        kinds = [kind for kind in ("spikes", "report", "nodes", "edges") if kind in file]
        need(len(kinds) == 1 and len(file) == 1, f"holds {sorted(file)}")
        {"spikes": check_spikes, "report": check_report, "nodes": check_nodes, "edges": check_edges}[kinds[0]](file)
        return kinds[0]


def main(paths):
    if not paths:
        sys.exit(__doc__)
    for path in paths:
        try:
            print(f"{path}: {check(path)}, as specified")
        except (Refused, KeyError, ValueError, TypeError, OSError) as error:
            sys.exit(f"{path}: refused: {type(error).__name__}: {error}")


if __name__ == "__main__":
    main(sys.argv[1:])
