#!/usr/bin/python3
"""The benchmarks brunel_hom and brunel_het (see `rheo bench`) in GeNN 5, on its single-threaded CPU backend.

    genn_brunel.py hom|het [--drive poisson|current] [--neurons N] [--seconds S] [--dir DIR]

Prints one line of JSON: bench, drive, threads, sim_seconds (wall time of the S seconds after the 0.1 s that are
discarded, without generating, compiling or building), rtf, rate_hz. The program is compiled in a folder of its own below
DIR. GeNN is not among Debian's packages: https://genn-team.github.io

The network is that of brian2_brunel.py. Chosen for speed, as an experienced user of GeNN would: one weight for all
synapses where they do not differ (for delays of their own GeNN has no such form: a weight and a delay each), exact
integration, a Poisson drive of its own, -O3 -march=native and GeNN's own optimize_code.
"""
import argparse
import json
import math
import os
import tempfile
import time

DISCARDED, DT = 0.1, 1e-4  # s


def model_of(het, drive, neurons, directory):
    import numpy as np
    import pygenn

    os.environ["CXXFLAGS"] = "-march=native"
    model = pygenn.GeNNModel("float", f"brunel_{'het' if het else 'hom'}_{drive}_{neurons}",
                             backend="single_threaded_cpu", optimize_code=True)
    model.dt, model.seed = DT * 1e3, 1
    # A potential decays by P in each tick, towards 40 mV with a current; so many ticks after a spike it stays at reset.
    # 2 spikes of 0.1 mV in each tick by Knuth's product of uniform numbers, which is faster here than GeNN's binomial.
    poisson = "scalar more = Isyn, p = gennrand_uniform(); for (; p > 0.13533528f; p *= gennrand_uniform()) more += 0.1f;"
    draw = poisson if drive == "poisson" else "const scalar more = towards + Isyn;"
    lif = pygenn.create_neuron_model(
        "lif", params=["P", "towards"], vars=[("V", "scalar"), ("wait", "int"), ("spikes", "unsigned int")],
        sim_code=f"{draw} if (wait > 0) wait--; else V = P * V + more;",
        threshold_condition_code="V >= 20.0f", reset_code="V = 0.0f; wait = 20; spikes++;")
    P = math.exp(-0.1 / 20)
    rng = np.random.default_rng(1)
    populations = {}
    for name, size in ("E", neurons * 8 // 10), ("I", neurons * 2 // 10):
        populations[name] = model.add_neuron_population(
            name, size, lif, {"P": P, "towards": 40 * (1 - P)}, {"V": rng.uniform(0, 20, size), "wait": 0, "spikes": 0})
    for source, indegree, weight in ("E", 800, 0.1), ("I", 200, -0.5):
        for target in "E", "I":
            update = pygenn.init_weight_update("StaticPulseConstantWeight", {"g": weight})
            if het:
                delay = pygenn.init_var("Uniform", {"min": 5.0, "max": 51.0})  # ticks, rounded down
                update = pygenn.init_weight_update("StaticPulseDendriticDelay", {}, {"g": weight, "d": delay})
            synapses = model.add_synapse_population(
                source + target, "SPARSE", populations[source], populations[target], update,
                pygenn.init_postsynaptic("DeltaCurr"),
                pygenn.init_sparse_connectivity("FixedNumberPreWithReplacement", {"num": indegree}))
            if het:
                synapses.max_dendritic_delay_timesteps = 52
            else:
                synapses.axonal_delay_steps = 14
    os.makedirs(directory, exist_ok=True)
    model.build(directory)
    return model, populations


def main():
    parser = argparse.ArgumentParser(description="brunel_hom and brunel_het in GeNN (one CPU thread)")
    parser.add_argument("bench", choices=["hom", "het"])
    parser.add_argument("--drive", choices=["poisson", "current"], default="poisson")
    parser.add_argument("--neurons", type=int, default=10_000)
    parser.add_argument("--seconds", type=float, default=1.0)
    parser.add_argument("--threads", type=int, choices=[1], default=1)
    parser.add_argument("--dir", default=os.path.join(tempfile.gettempdir(), "rheo_bench_genn"))
    parser.add_argument("--build-only", action="store_true")
    arguments = parser.parse_args()

    model, populations = model_of(arguments.bench == "het", arguments.drive, arguments.neurons, arguments.dir)
    if arguments.build_only:
        return
    model.load()

    def spikes():
        for population in populations.values():
            population.vars["spikes"].pull_from_device()
        return sum(int(population.vars["spikes"].view.sum()) for population in populations.values())

    for _ in range(round(DISCARDED / DT)):
        model.step_time()
    before, begin = spikes(), time.perf_counter()
    for _ in range(round(arguments.seconds / DT)):
        model.step_time()
    wall = time.perf_counter() - begin
    print(json.dumps({"bench": f"brunel_{arguments.bench}", "simulator": "genn", "drive": arguments.drive, "threads": 1,
                      "sim_seconds": round(wall, 4), "rtf": round(wall / arguments.seconds, 4),
                      "rate_hz": round((spikes() - before) / arguments.neurons / arguments.seconds, 3)}))


if __name__ == "__main__":
    main()
