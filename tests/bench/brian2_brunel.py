#!/usr/bin/python3
"""The benchmarks brunel_hom and brunel_het (see `rheo bench`) in Brian2's C++ standalone mode.

    brian2_brunel.py hom|het [--drive poisson|current] [--threads N] [--dir DIR] [--rebuild]

Prints one line of JSON: bench, drive, threads, sim_seconds (wall time of the second simulated second's run alone, without
building, compiling or the 0.1 s that is discarded), rtf, rate_hz. The program is compiled once per configuration, in a
folder of its own below DIR, and only run again after that. Debian: python3-brian.

The network: 10,000 neurons (80 % excitatory), 800 + 200 synapses onto each, sources drawn with replacement, J = 0.1 mV,
g = 5, delay 1.5 ms or uniform in [0.5, 5] ms. Chosen for speed, as an experienced user of Brian2 would: constants instead
of variables per synapse, exact integration, synapses sorted by source, a binomial drive (1000 trains of 20 Hz) instead
of a Poisson group, the compiler options that Brian2 itself sets (-O3 -march=native among them), no OpenMP for one thread.
"""
import argparse
import json

import brian2_standalone

TIMED = 1.0  # s


def build(directory, het, drive, threads, seed):
    import numpy as np
    from brian2 import NeuronGroup, PoissonInput, Synapses, Hz, ms, mV

    rng = brian2_standalone.begin(directory, threads, seed)
    n, n_exc = 10_000, 8_000
    names = {"tau": 20 * ms, "J": 0.1 * mV, "V_th": 20 * mV, "drive": 40 * mV}

    # The mean drive of 20 kHz x 0.1 mV over tau = 20 ms is 40 mV.
    equation = "dv/dt = ({} - v) / tau : volt (unless refractory)".format("drive" if drive == "current" else "0*mV")
    group = NeuronGroup(n, equation, threshold="v >= V_th", reset="v = 0*mV", refractory=2 * ms, method="exact",
                        namespace=names)
    group.v = rng.uniform(0, 20, n) * mV
    objects = [group]
    if drive == "poisson":
        objects.append(PoissonInput(group, "v", N=1000, rate=20 * Hz, weight=0.1 * mV))

    for source, first, indegree, weight in ((group[:n_exc], 0, 800, "J"), (group[n_exc:], n_exc, 200, "-5*J")):
        size = len(source)
        i = rng.integers(0, size, n * indegree, dtype=np.int32)
        j = np.repeat(np.arange(n, dtype=np.int32), indegree)
        order = np.lexsort((j, i))
        synapses = Synapses(source, group, on_pre=f"v_post += {weight}", namespace=names,
                            **({} if het else {"delay": 1.5 * ms}))
        synapses.connect(i=i[order], j=j[order])
        if het:
            synapses.delay = "0.5*ms + 4.5*ms*rand()"
        objects.append(synapses)

    brian2_standalone.compile_run(directory, objects, group, TIMED)


def main():
    parser = argparse.ArgumentParser(description="brunel_hom and brunel_het in Brian2 (C++ standalone)")
    parser.add_argument("bench", choices=["hom", "het"])
    parser.add_argument("--drive", choices=["poisson", "current"], default="poisson")
    brian2_standalone.add_arguments(parser)
    arguments = parser.parse_args()

    name = f"{arguments.bench}_{arguments.drive}_{arguments.threads}_{arguments.seed}"
    wall, count = brian2_standalone.measure(
        arguments, name,
        lambda directory: build(directory, arguments.bench == "het", arguments.drive, arguments.threads,
                                arguments.seed))
    print(json.dumps({"bench": f"brunel_{arguments.bench}", "simulator": "brian2", "drive": arguments.drive,
                      "threads": arguments.threads, "sim_seconds": round(wall, 4), "rtf": round(wall / TIMED, 4),
                      "rate_hz": round(count / 10_000 / TIMED, 3)}))


if __name__ == "__main__":
    main()
