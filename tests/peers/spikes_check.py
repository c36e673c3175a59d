#!/usr/bin/python3
"""What other programs read from exported spikes, against the SONATA file that they came from.

    spikes_check.py npz FILE SONATA            # NumPy: equal bits, and each array as numpy.save writes it
    spikes_check.py gdf FILE SONATA POPULATION # Neo's NestIO
    spikes_check.py neo DIR                    # examples/rheo_neo.py on the output directory of a run
"""
import io
import json
import pathlib
import sys
import zipfile

import h5py
import numpy as np


def check_npz(path, sonata):
    with np.load(path) as arrays, h5py.File(sonata, "r") as file, zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None
        expected = [f"{name}/{what}" for name in file["spikes"] for what in ("timestamps", "node_ids")]
        assert list(arrays) == expected, list(arrays)
        for name in expected:
            right = file["spikes"][name][()]
            assert arrays[name].dtype == right.dtype and arrays[name].tobytes() == right.tobytes(), name
            written = io.BytesIO()
            np.save(written, right)
            assert archive.read(name + ".npy") == written.getvalue(), name


def check_gdf(path, sonata, population):
    import quantities as pq
    from neo.io import NestIO
    with h5py.File(sonata, "r") as file:
        group = file["spikes"][population]
        times, ids = group["timestamps"][()], group["node_ids"][()]
    end = times.max() + 1
    reader = NestIO(filenames=path)
    segment = reader.read_segment(gid_list=[], t_start=0 * pq.ms, t_stop=end * pq.ms)
    trains = {train.annotations["id"]: train.times.rescale("ms").magnitude for train in segment.spiketrains}
    assert sorted(trains) == sorted(set(ids.tolist()))
    for node, train in trains.items():
        assert np.array_equal(np.sort(train), np.sort(times[ids == node])), node
    print(f"{path}: {len(trains)} trains by NestIO")


def check_neo(directory):
    sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "examples"))
    from rheo_neo import read_block
    directory = pathlib.Path(directory)
    run = json.loads((directory / "run.json").read_text())
    block = read_block(directory)
    segment = block.segments[0]
    trains = {(t.annotations["population"], t.annotations["node_id"]): t for t in segment.spiketrains}
    assert len(trains) == len(segment.spiketrains)
    with h5py.File(directory / "spikes.h5", "r") as file:
        for name, group in file["spikes"].items():
            times, ids = group["timestamps"][()], group["node_ids"][()]
            complete = run["populations"][name]["spikes"] == len(times)
            assert block.annotations["silent_neurons"][name] == complete
            nodes = range(run["populations"][name]["size"]) if complete else sorted(set(ids.tolist()))
            assert [node for population, node in trains if population == name] == list(nodes)
            for node in nodes:
                train = trains[name, node]
                assert train.units.dimensionality.string == "ms" and train.t_stop == run["simulated_ms"]
                assert np.array_equal(train.magnitude, times[ids == node]), (name, node)
    signals = {signal.name: signal for signal in segment.analogsignals}
    reports = 0
    for file_name in run["files"]:
        with h5py.File(directory / file_name, "r") as file:
            for population, group in file.get("report", {}).items():
                signal = signals[f"{file_name[:-3]} of {population}"]
                assert np.array_equal(signal.magnitude, group["data"][()])
                assert signal.units.dimensionality.string == group["data"].attrs["units"].decode()
                assert signal.sampling_period == group["mapping/time"][2] * signal.sampling_period.units
                assert list(signal.array_annotations["node_id"]) == list(group["mapping/node_ids"][()])
                reports += 1
    assert reports == len(signals)
    print(f"{directory}: {len(trains)} trains, {reports} signals")


{"npz": check_npz, "gdf": check_gdf, "neo": check_neo}[sys.argv[1]](*sys.argv[2:])
