#!/usr/bin/python3
"""What the Python module adds to the library: figures of docs/performance.md.

    PYTHONPATH=build/release/python tests/bench/python.py
"""
import pathlib
import statistics
import subprocess
import sys
import time

import numpy as np

import rheo

ROOT = pathlib.Path(__file__).resolve().parents[2]


def seconds(call):
    begin = time.perf_counter()
    result = call()
    return time.perf_counter() - begin, result


def show(what, values, unit):
    print(f"{what}: {statistics.median(values):.4g} {unit} ({min(values):.4g} to {max(values):.4g}, {len(values)} times)")


def ticks():
    """Tick by tick, against one run whose windows are a tick long."""
    net = rheo.Network(seed=1)
    E = net.population("E", "iaf_psc_delta", 80)
    net.input("background", "poisson", E, rate=20_000.0, weight=0.1)
    net.projection("own", E, E, rheo.fixed_indegree(8), weight=0.1, delay=rheo.uniform(0.1, 5))
    sim, more = net.build(threads=1), []
    for _ in range(15):
        whole = seconds(lambda: sim.run(2000.0))[0]
        pieces = seconds(lambda: [sim.run(0.1) for _ in range(20000)])[0]
        more.append((pieces - whole) / 20000 * 1e6)
    show("sim.run(dt) more than a tick of a long run", more, "us")


def brunel():
    """A_het described in Python, against its file."""
    file = ROOT / "examples" / "bench" / "brunel_het.toml"

    def described():
        net = rheo.Network(dt=0.1, seed=12345)
        params = dict(tau_m=20.0, C_m=250.0, E_L=0.0, V_reset=10.0, V_th=20.0, t_ref=2.0)
        E = net.population("E", "iaf_psc_delta", 8000, params=params, initial=dict(V_m=rheo.uniform(0, 20)))
        I = net.population("I", like=E, size=2000)
        net.input("background", "poisson", [E, I], rate=20_000.0, weight=0.1, delay=1.5)
        delay = rheo.uniform(0.5, 5)
        net.projection("exc", E, [E, I], rheo.fixed_indegree(800), weight=0.1, delay=delay)
        net.projection("inh", I, [E, I], rheo.fixed_indegree(200), weight=-0.5, delay=delay)
        return net.build(threads=2)

    ratios = []
    for _ in range(9):
        a, one = seconds(lambda: rheo.load(file).build(threads=2))
        b, other = seconds(described)
        assert sum(one.synapses.values()) == sum(other.synapses.values())
        ratios.append(b / a)
    show("A_het from Python, against its file", ratios, "x")


def edges(count=10_000_000, neurons=100_000):
    """Edges from arrays: describing them beside building them."""
    random = np.random.default_rng(1)
    pre, post = (random.integers(0, neurons, count).astype(np.int32) for _ in range(2))
    weight, delay = random.random(count), random.uniform(0.5, 5, count)
    described, built, ratios = [], [], []
    for _ in range(5):
        net = rheo.Network(seed=1)
        E = net.population("E", "iaf_psc_delta", neurons)
        described.append(seconds(lambda: net.projection("p", E, E, rheo.edges(pre, post), weight=weight, delay=delay))[0])
        took, sim = seconds(lambda: net.build(threads=2))
        assert sim.synapses["p"] == count
        built.append(took)
        ratios.append((described[-1] + took) / took)
    show(f"{count // 1_000_000} M edges from arrays, described", described, "s")
    show("built", built, "s")
    show("both, against building", ratios, "x")


def imports():
    times = [seconds(lambda: subprocess.run([sys.executable, "-c", "import rheo"], check=True))[0] for _ in range(15)]
    show("a process that imports rheo", times, "s")


if __name__ == "__main__":
    for part in (imports, ticks, brunel, edges):
        part()
