#!/usr/bin/python3
"""Whether a file is NWB with a table of units, from the published schema (nwb-schema 2.7.0: nwb.file.yaml, nwb.misc.yaml;
hdmf-common 1.8.0: base.yaml, table.yaml) and nothing of rheo. pynwb, which would check it, is not part of Debian.

    nwb_check.py FILE SONATA [DT_MS]

Compares the spikes with those of the SONATA file, too. Exit code 1 and the reason if something is not as demanded.
"""
import re
import sys
import uuid

import h5py
import numpy as np

DATE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")
# The groups that a file may have at its root, and those that it must have.
GROUPS = {"acquisition", "analysis", "scratch", "processing", "stimulus", "general", "intervals", "units"}
NEEDED_GROUPS = {"acquisition", "analysis", "processing", "stimulus", "general"}
DATASETS = {"file_create_date", "identifier", "session_description", "session_start_time", "timestamps_reference_time"}


def need(condition, message):
    if not condition:
        print(message)
        sys.exit(1)


def is_text(thing_type):
    info = h5py.check_string_dtype(thing_type)
    return info is not None and info.encoding == "utf-8" and info.length is None


def text_attribute(thing, name):
    need(name in thing.attrs, f"{thing.name}: no attribute {name}")
    need(is_text(thing.attrs.get_id(name).dtype) and thing.attrs.get_id(name).shape == (),
         f"{thing.name}@{name}: no scalar text")
    return thing.attrs[name]


def text_dataset(file, name, shape=()):
    data = file[name]
    need(isinstance(data, h5py.Dataset) and is_text(data.dtype), f"{name}: no text")
    need(data.shape == shape, f"{name}: shape {data.shape}")
    return data.asstr()[()]


def typed(thing, namespace, kind, seen):
    need(text_attribute(thing, "namespace") == namespace, f"{thing.name}: namespace")
    need(text_attribute(thing, "neurodata_type") == kind, f"{thing.name}: no {kind}")
    number = text_attribute(thing, "object_id")
    need(str(uuid.UUID(number)) == number and uuid.UUID(number).variant == uuid.RFC_4122, f"{thing.name}: no UUID")
    need(number not in seen, f"{thing.name}: object_id twice")
    seen.add(number)


def check_file(file, seen):
    typed(file, "core", "NWBFile", seen)
    need(text_attribute(file, "nwb_version") == "2.7.0", "nwb_version")
    groups = {name for name, thing in file.items() if isinstance(thing, h5py.Group)}
    need(NEEDED_GROUPS <= groups <= GROUPS, f"groups {sorted(groups)}")
    datasets = {name for name, thing in file.items() if isinstance(thing, h5py.Dataset)}
    need(datasets == DATASETS, f"datasets {sorted(datasets)}")
    need({"presentation", "templates"} == set(file["stimulus"]), "stimulus")
    for name in ("identifier", "session_description"):
        need(text_dataset(file, name) != "", f"{name} is empty")
    for name in ("session_start_time", "timestamps_reference_time"):
        need(DATE.fullmatch(text_dataset(file, name)), f"{name}: {file[name][()]}")
    need(all(DATE.fullmatch(date) for date in text_dataset(file, "file_create_date", (1,))), "file_create_date")
    for name, thing in file["general"].items():
        need(name == "notes", f"general/{name}")
        text_dataset(file, f"general/{name}")


def check_units(table, seen):
    typed(table, "core", "Units", seen)
    text_attribute(table, "description")
    need("colnames" in table.attrs, "units: no attribute colnames")
    need(is_text(table.attrs.get_id("colnames").dtype) and table.attrs.get_id("colnames").shape == (3,), "colnames")
    columns = list(table.attrs["colnames"])
    # Every column has its dataset and every dataset is a column, the index of one, or the ids.
    need({*columns, "id", "spike_times_index"} == set(table), f"{columns} and {sorted(table)}")
    typed(table["id"], "hdmf-common", "ElementIdentifiers", seen)
    need(table["id"].dtype.kind == "i" and table["id"].dtype.itemsize >= 4 and table["id"].ndim == 1, "units/id")
    rows = table["id"].shape[0]
    need((table["id"][()] == np.arange(rows)).all(), "units/id: not 0, 1, 2, ...")
    for name in columns:
        typed(table[name], "hdmf-common", "VectorData", seen)
        need(text_attribute(table[name], "description") != "", f"units/{name}: no description")
        need(name == "spike_times" or table[name].shape == (rows,), f"units/{name}: {table[name].shape}")
    index = table["spike_times_index"]
    typed(index, "hdmf-common", "VectorIndex", seen)
    text_attribute(index, "description")
    need(index.dtype.kind == "u" and index.shape == (rows,), "spike_times_index")
    need("target" in index.attrs, "spike_times_index: no attribute target")
    need(h5py.check_ref_dtype(index.attrs.get_id("target").dtype) is h5py.Reference, "target is no object reference")
    need(table.file[index.attrs["target"]] == table["spike_times"], "target is another object")
    times = table["spike_times"]
    need(times.dtype == np.float64 and times.ndim == 1, "spike_times")
    ends = index[()].astype(np.int64)
    need((np.diff(ends) >= 0).all() and (ends[-1] if rows else 0) == times.shape[0], "spike_times_index does not fit")
    return times[()], ends


def main():
    seen = set()
    with h5py.File(sys.argv[1], "r") as file, h5py.File(sys.argv[2], "r") as sonata:
        check_file(file, seen)
        table = file["units"]
        times, ends = check_units(table, seen)
        if len(sys.argv) > 3:
            need(table["spike_times"].attrs["resolution"] == float(sys.argv[3]) / 1000, "resolution")
        names, nodes = table["population"].asstr()[()], table["node_id"][()]
        begins = np.concatenate([[0], ends[:-1]])
        for name, group in sonata["spikes"].items():
            t, i = group["timestamps"][()], group["node_ids"][()]
            order = np.lexsort((t, i))
            here = names == name
            need(np.array_equal(np.unique(nodes[here]), nodes[here]), f"{name}: units not by node")
            per_unit = np.repeat(nodes[here], (ends - begins)[here])
            need(np.array_equal(per_unit, i[order]), f"{name}: other neurons")
            found = np.concatenate([times[a:b] for a, b in zip(begins[here], ends[here])] or [[]])
            need(np.array_equal(found, t[order] / 1000), f"{name}: other times")
        need(set(names) <= set(sonata["spikes"]), "a population too many")
        print(f"{sys.argv[1]}: {len(names)} units, {len(times)} spikes")


if __name__ == "__main__":
    main()
