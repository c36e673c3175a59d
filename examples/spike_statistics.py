#!/usr/bin/python3
"""Rate, irregularity and correlation of every population that a run recorded.

    rheo run FILE --out DIR && examples/spike_statistics.py DIR        # Debian: python3-h5py

Rate: spikes per neuron and second. CV: mean over neurons with at least three spikes of sigma/mu of their intervals, as in
run.json. Correlation: mean of Pearson's coefficient of the spike counts in bins, over all pairs of the first so many
neurons of the population that spike at all; "-" where there is no pair. Bins of 2 ms and 250 neurons are what the
cortical microcircuit is judged by.
"""
import argparse
import json
import pathlib

import h5py
import numpy as np


def cv_of_intervals(times, ids):
    order = np.lexsort((times, ids))
    times, ids = times[order], ids[order]
    within = ids[1:] == ids[:-1]
    interval, neuron = np.diff(times)[within], ids[1:][within]
    n = np.bincount(neuron)
    enough = n >= 2
    mean = np.bincount(neuron, interval)[enough] / n[enough]
    deviations = interval - (np.bincount(neuron, interval) / np.maximum(n, 1))[neuron]
    variance = np.bincount(neuron, deviations ** 2)[enough] / n[enough]
    return np.mean(np.sqrt(variance) / mean) if enough.any() else None


def correlation(times, ids, bins, width, most):
    chosen = np.unique(ids)[:most]
    here = np.isin(ids, chosen)
    counts = np.zeros((len(chosen), bins))
    np.add.at(counts, (np.searchsorted(chosen, ids[here]), (times[here] / width).astype(int)), 1)
    counts = counts[counts.std(axis=1) > 0]  # as many spikes in every bin: no coefficient
    if len(counts) < 2:
        return None
    return np.corrcoef(counts)[np.triu_indices(len(counts), 1)].mean()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("directory", type=pathlib.Path)
    parser.add_argument("--discard", type=float, default=500.0, help="ms at the start that do not count (500)")
    parser.add_argument("--bin", type=float, default=2.0, help="ms (2)")
    parser.add_argument("--neurons", type=int, default=250, help="per population, for the correlation (250)")
    arguments = parser.parse_args()

    run = json.loads((arguments.directory / "run.json").read_text(encoding="utf-8"))
    dt, end = run["dt_ms"], run["simulated_ms"]
    # In ticks, which are exact: a spike at the edge of a bin must not fall to either side of it by rounding.
    discard, last, width = round(arguments.discard / dt), round(end / dt), round(arguments.bin / dt)
    bins = (last - discard) // width
    if bins < 2 or width < 1:
        parser.error(f"{end:g} ms less {arguments.discard:g} ms have no two bins of {arguments.bin:g} ms")
    print(f"{'population':<16} {'neurons':>8} {'rate (Hz)':>9} {'CV ISI':>7} {'correlation':>11}")
    with h5py.File(arguments.directory / "spikes.h5", "r") as file:
        for name, group in file["spikes"].items():
            times = np.rint(group["timestamps"][()] / dt).astype(np.int64)
            ids = group["node_ids"][()].astype(np.int64)
            after = times > discard
            times, ids = times[after] - discard - 1, ids[after]
            size = run["populations"][name]["size"]
            rate = len(times) / size / ((last - discard) * dt / 1000)
            cv = cv_of_intervals(times, ids)
            whole = times < bins * width
            pairs = correlation(times[whole], ids[whole], bins, width, arguments.neurons)
            print(f"{name:<16} {size:>8} {rate:>9.3f} {'-' if cv is None else f'{cv:.4f}':>7} "
                  f"{'-' if pairs is None else f'{pairs:.5f}':>11}")


if __name__ == "__main__":
    main()
