#!/usr/bin/python3
"""The results of a run as a neo.Block, for Elephant and whatever else works on Neo's objects.

    rheo run FILE --out DIR && examples/rheo_neo.py DIR        # Debian: python3-neo python3-h5py

    from rheo_neo import read_block
    segment = read_block("first.out").segments[0]
    E = [train for train in segment.spiketrains if train.annotations["population"] == "E"]

One segment: a SpikeTrain per neuron (annotations population and node_id), an AnalogSignal per recorded variable and
population (time x neurons; array annotation node_id). Neurons without spikes have an empty train where the file is known to
hold all spikes of its population, that is, as many as run.json counts; otherwise they are left out, since they may just
not have been recorded, and the block says so (annotation silent_neurons). Everything is held in memory.
"""
import argparse
import json
import pathlib

import h5py
import neo
import numpy as np
import quantities as pq


def text(value):
    return value.decode() if isinstance(value, bytes) else str(value)


def trains_of(group, name, facts, end):
    """The trains of one population, and whether neurons without spikes are among them."""
    times, ids = group["timestamps"][()], group["node_ids"][()].astype(np.int64)
    order = np.lexsort((times, ids))
    times, ids = times[order], ids[order]
    complete = facts is not None and facts["spikes"] == len(times)
    nodes = np.arange(facts["size"]) if complete else np.unique(ids)
    begin, stop = np.searchsorted(ids, nodes, "left"), np.searchsorted(ids, nodes, "right")
    return [neo.SpikeTrain(times[a:b], units="ms", t_start=0.0, t_stop=end, name=f"{name}[{node}]",
                           population=name, node_id=int(node))
            for node, a, b in zip(nodes, begin, stop)], complete


def unit_of(name):
    """A unit by name; what quantities does not know has none."""
    try:
        return pq.Quantity(1.0, name).units
    except (LookupError, SyntaxError, ValueError, TypeError):
        return pq.dimensionless


def signals_of(file, stem):
    for population, group in file["report"].items():
        start, _, step = group["mapping/time"][()]
        unit = text(group["data"].attrs["units"])
        nodes = group["mapping/node_ids"][()].astype(np.int64)
        yield neo.AnalogSignal(group["data"][()], units=unit_of(unit), sampling_period=step * pq.ms,
                               t_start=start * pq.ms, name=f"{stem} of {population}", population=population,
                               recorded_units=unit, array_annotations={"node_id": nodes})


def read_block(directory):
    directory = pathlib.Path(directory)
    run = json.loads((directory / "run.json").read_text(encoding="utf-8"))
    block = neo.Block(name=run["title"] or run["experiment"], file_origin=str(directory), seed=run["seed"],
                      dt_ms=run["dt_ms"], status=run["status"], silent_neurons={})
    segment = neo.Segment(name="run", index=0)
    block.segments.append(segment)
    for file_name in run["files"]:
        path = directory / file_name
        if not path.exists():
            raise FileNotFoundError(f"{path}: run.json names it, but it is not there (rheo recover {directory}?)")
        with h5py.File(path, "r") as file:
            if "spikes" in file:
                for name, group in file["spikes"].items():
                    trains, complete = trains_of(group, name, run["populations"].get(name), run["simulated_ms"])
                    segment.spiketrains.extend(trains)
                    block.annotations["silent_neurons"][name] = complete
            elif "report" in file:
                segment.analogsignals.extend(signals_of(file, path.stem))
    return block


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("directory", type=pathlib.Path)
    segment = read_block(parser.parse_args().directory).segments[0]
    populations = {}
    for train in segment.spiketrains:
        populations.setdefault(train.annotations["population"], []).append(train)
    for name, trains in populations.items():
        print(f"{name:<16} {len(trains):>8} trains {sum(len(train) for train in trains):>10} spikes")
    for signal in segment.analogsignals:
        print(f"{signal.name:<25} {signal.shape[1]} neurons x {signal.shape[0]} rows every {signal.sampling_period}")


if __name__ == "__main__":
    main()
