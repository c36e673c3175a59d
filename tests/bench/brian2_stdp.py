#!/usr/bin/python3
"""The benchmark examples/bench/brunel_stdp.toml in Brian2's C++ standalone mode, and whether both learn the same.

    brian2_stdp.py [--threads N] [--seconds S] [--dir DIR] [--rebuild]
    brian2_stdp.py --check [--rheo build/release/rheo]

The first prints one line of JSON: bench, threads, sim_seconds (wall time of the last S simulated seconds' run alone,
without building, compiling or the 0.1 s that is discarded), rtf, rate_hz and the mean weight at the end. The program is
compiled once per configuration, in a folder of its own below DIR, and only run again after that. Debian: python3-brian.

The network is that of brian2_brunel.py with 1.5 ms delay, plastic between excitatory neurons: pair STDP, every spike
with every other, multiplicative. Chosen for speed, as an experienced user of Brian2 would: constants instead of
variables per synapse, one delay for all, synapses sorted by source, no clip where the rule itself stays within bounds.

The second runs a small network with given trains in both, the weights of which must agree to 1e-4 of w_max. Many spikes
of sources arrive in the very tick in which a target spikes, so that the order of updates within a tick matters.
"""
import argparse
import json
import os
import shutil
import subprocess
import sys

import brian2_standalone

LEARNING = """
dApre/dt = -Apre / tau_plus : 1 (event-driven)
dApost/dt = -Apost / tau_minus : 1 (event-driven)
w : volt
"""
# A spike that arrives is sent with the weight before it changes, and sees the target's spikes of earlier ticks; a spike
# of the target sees what arrived up to its own tick. So the pathway of arrivals comes first.
ARRIVAL = """
v_post += w
w = clip(w - lambda_ * alpha * w * Apost, 0*volt, w_max)
Apre += 1
"""
TARGET_SPIKE = """
w = clip(w + lambda_ * (w_max - w) * Apre, 0*volt, w_max)
Apost += 1
"""


def plastic_synapses(source, target, delay, names, arrivals_first=True):
    from brian2 import Synapses

    synapses = Synapses(source, target, LEARNING, on_pre=ARRIVAL, on_post=TARGET_SPIKE, delay={"pre": delay},
                        namespace=names)
    synapses.pre.order, synapses.post.order = (-1, 1) if arrivals_first else (1, -1)
    return synapses


def build(directory, threads, seed, seconds):
    import numpy as np
    from brian2 import NeuronGroup, PoissonInput, Synapses, Hz, ms, mV

    rng = brian2_standalone.begin(directory, threads, seed)
    n, n_exc = 10_000, 8_000
    names = {"tau": 20 * ms, "J": 0.1 * mV, "V_th": 20 * mV, "tau_plus": 20 * ms, "tau_minus": 20 * ms,
             "lambda_": 0.001, "alpha": 1.1, "w_max": 0.3 * mV}

    group = NeuronGroup(n, "dv/dt = -v / tau : volt (unless refractory)", threshold="v >= V_th", reset="v = 0*mV",
                        refractory=2 * ms, method="exact", namespace=names)
    group.v = rng.uniform(0, 20, n) * mV
    excitatory, inhibitory = group[:n_exc], group[n_exc:]
    objects = [group, PoissonInput(group, "v", N=1000, rate=20 * Hz, weight=0.1 * mV)]
    plastic = None
    for source, target, indegree, weight in ((excitatory, excitatory, 800, None), (excitatory, inhibitory, 800, "J"),
                                             (inhibitory, group, 200, "-5*J")):
        i = rng.integers(0, len(source), len(target) * indegree, dtype=np.int32)
        j = np.repeat(np.arange(len(target), dtype=np.int32), indegree)
        order = np.lexsort((j, i))
        if weight is None:
            synapses = plastic = plastic_synapses(source, target, 1.5 * ms, names)
        else:
            synapses = Synapses(source, target, on_pre=f"v_post += {weight}", delay=1.5 * ms, namespace=names)
        synapses.connect(i=i[order], j=j[order])
        objects.append(synapses)
    plastic.w = 0.1 * mV

    brian2_standalone.compile_run(directory, objects, group, seconds, plastic.variables["w"])


# Trains of whole ticks > 0, of one neuron none closer than `gap` ticks; all arrives before the end.
def random_trains(rng, neurons, ticks, every, gap):
    import numpy as np

    trains = []
    for _ in range(neurons):
        train = np.cumsum(gap + rng.geometric(1 / (every - gap), 2 * ticks // every))
        trains.append(train[train < ticks - 100])
    return trains


class Check:
    """A small network with given trains of sources and targets, in ticks of 0.1 ms."""

    sources, targets, ticks, delay = 30, 20, 15_000, 15
    largest = 0.3  # mV
    learning = {"tau_plus": 17.0, "tau_minus": 34.0, "lambda": 0.03, "alpha": 1.1}

    def __init__(self):
        import numpy as np

        rng = np.random.default_rng(5)
        self.before = random_trains(rng, self.sources, self.ticks, 150, 1)
        self.after = random_trains(rng, self.targets, self.ticks, 250, 30)
        self.start = rng.uniform(0, self.largest, (self.sources, self.targets)).round(6)

    def together(self):
        import numpy as np

        return sum(len(np.intersect1d(a + self.delay, b)) for a in self.before for b in self.after)

    def target_spikes(self):
        return sorted((int(t), j) for j, train in enumerate(self.after) for t in train)

    # Weights at the end, and the targets' spikes.
    def in_rheo(self, rheo, directory):
        import h5py
        import numpy as np

        def listed(trains):
            return "[" + ", ".join("[" + ", ".join(f"{t / 10:.1f}" for t in train) + "]" for train in trains) + "]"

        i, j = (x.flatten().tolist() for x in np.indices(self.start.shape))
        params = ", ".join(f"{name} = {value}" for name, value in self.learning.items())
        os.makedirs(directory, exist_ok=True)
        experiment, output = os.path.join(directory, "check.toml"), os.path.join(directory, "check.out")
        with open(experiment, "w", encoding="utf-8") as file:
            file.write(f"""[simulation]
duration = {self.ticks / 10}
dt = 0.1
[populations.S]
model = "spike_source"
size = {self.sources}
params = {{ times = {listed(self.before)} }}
[populations.T]
model = "iaf_psc_delta"
size = {self.targets}
params = {{ tau_m = 20.0, E_L = 0.0, V_reset = 0.0, V_th = 200.0, t_ref = 2.0 }}
[inputs.strong]
kind = "spikes"
target = "T"
times = {listed(self.after)}
weight = 1000.0
[projections.learning]
source = "S"
target = "T"
connect = {{ rule = "list", source = {i}, target = {j} }}
weight = {self.start.flatten().tolist()}
delay = {self.delay / 10}
plasticity = {{ rule = "stdp_pair", params = {{ {params}, w_max = {self.largest} }} }}
[record.spikes]
populations = ["T"]
[record.weights]
projection = "learning"
""")
        shutil.rmtree(output, ignore_errors=True)
        subprocess.run([rheo, "run", experiment, "--out", output], check=True, stdout=subprocess.DEVNULL,
                       stderr=subprocess.DEVNULL)
        weights = np.full(self.start.shape, np.nan)
        with h5py.File(os.path.join(output, "weights.h5"), "r") as file:
            edges = next(iter(file["edges"].values()))
            weights[edges["source_node_id"][()], edges["target_node_id"][()]] = edges["0/syn_weight"][()]
        with h5py.File(os.path.join(output, "spikes.h5"), "r") as file:
            ticks = np.rint(10 * file["spikes/T/timestamps"][()]).astype(int)
            return weights, sorted(zip(ticks.tolist(), file["spikes/T/node_ids"][()].tolist()))

    def in_brian2(self, arrivals_first=True):
        import numpy as np
        from brian2 import (Network, NeuronGroup, SpikeGeneratorGroup, SpikeMonitor, Synapses, defaultclock, ms, mV,
                            prefs)

        prefs.codegen.target = "numpy"  # no compiler: small, and in double precision all the same
        defaultclock.dt = 0.1 * ms
        names = {"tau": 20 * ms, "V_th": 200 * mV, "tau_plus": self.learning["tau_plus"] * ms,
                 "tau_minus": self.learning["tau_minus"] * ms, "lambda_": self.learning["lambda"],
                 "alpha": self.learning["alpha"], "w_max": self.largest * mV}

        def given(trains, shift=0):
            numbers = np.concatenate([np.full(len(train), k) for k, train in enumerate(trains)])
            return SpikeGeneratorGroup(len(trains), numbers, (np.concatenate(trains) + shift) * 0.1 * ms)

        group = NeuronGroup(self.targets, "dv/dt = -v / tau : volt (unless refractory)", threshold="v >= V_th",
                            reset="v = 0*mV", refractory=2 * ms, method="exact", namespace=names)
        before, after = given(self.before), given(self.after, -1)  # what arrives in a step counts in the next
        strong = Synapses(after, group, on_pre="v_post += 1000*mV")
        strong.connect(j="i")
        synapses = plastic_synapses(before, group, self.delay * 0.1 * ms, names, arrivals_first)
        i, j = (x.flatten() for x in np.indices(self.start.shape))
        synapses.connect(i=i, j=j)
        synapses.w = self.start.flatten() * mV
        monitor = SpikeMonitor(group)
        Network(before, after, group, strong, synapses, monitor).run(self.ticks * 0.1 * ms)
        weights = np.full(self.start.shape, np.nan)
        weights[synapses.i[:], synapses.j[:]] = synapses.w / mV
        ticks = np.rint(monitor.t / (0.1 * ms)).astype(int)
        return weights, sorted(zip(ticks.tolist(), monitor.i[:].tolist()))


def check(rheo, directory):
    import numpy as np

    network = Check()

    def difference(a, b):
        return float(np.max(np.abs(a - b))) / network.largest

    ours, our_spikes = network.in_rheo(rheo, directory)
    theirs, their_spikes = network.in_brian2()
    wrong, _ = network.in_brian2(arrivals_first=False)
    if our_spikes != network.target_spikes() or their_spikes != network.target_spikes():
        sys.exit("the targets did not spike as they were to")
    found = {"check": "stdp_pair", "synapses": ours.size, "target_spikes": len(our_spikes),
             "arrivals_in_the_tick_of_a_target_spike": network.together(),
             "largest_change": difference(theirs, network.start), "largest_difference": difference(ours, theirs),
             "difference_in_the_wrong_order": difference(ours, wrong)}
    print(json.dumps(found))
    if not found["largest_difference"] < 1e-4:
        sys.exit("the weights differ")
    if not found["difference_in_the_wrong_order"] > 1e-3:
        sys.exit("the check does not see the order of updates")


def main():
    here = os.path.dirname(os.path.abspath(__file__))
    parser = argparse.ArgumentParser(description="brunel_stdp in Brian2 (C++ standalone)")
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--rheo", default=os.path.join(here, "../../build/release/rheo"))
    parser.add_argument("--seconds", type=float, default=1.0)
    brian2_standalone.add_arguments(parser)
    arguments = parser.parse_args()
    if arguments.check:
        check(arguments.rheo, os.path.join(arguments.dir, "stdp_check"))
        return

    wall, count, weight = brian2_standalone.measure(
        arguments, f"stdp_{arguments.threads}_{arguments.seconds}_{arguments.seed}",
        lambda directory: build(directory, arguments.threads, arguments.seed, arguments.seconds))
    print(json.dumps({"bench": "brunel_stdp", "simulator": "brian2", "threads": arguments.threads,
                      "sim_seconds": round(wall, 4), "rtf": round(wall / arguments.seconds, 4),
                      "rate_hz": round(count / 10_000 / arguments.seconds, 3), "mean_weight": round(1000 * weight, 5)}))


if __name__ == "__main__":
    main()
