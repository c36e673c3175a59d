#!/usr/bin/python3
"""Is the layout that rheo chooses a good one? 40 networks of different shapes, each delivered as chosen and in other ways: lanes
and windows by hand. Chosen well: within 15 % of the best of all for 36 of them, within 35 % for all.

    tests/bench/layouts.py RHEO [NAME]        path of the program, a regular expression of shapes; all take half an hour

The neurons of all of them spike regularly with 10 Hz, each at another time, and weights are too small to change that, so that
the same spikes are delivered whatever the shape.
"""
import itertools
import json
import pathlib
import re
import subprocess
import sys
import tempfile

DELAYS = {"one": "1.5", "10": "{ uniform = [0.1, 1.0] }", "46": "{ uniform = [0.5, 5.0] }",
          "normal": "{ normal = [1.5, 0.75], min = 0.1 }", "200": "{ uniform = [1.0, 21.0] }", "2000": "{ uniform = [1.0, 201.0] }"}
WINDOWS = {"one": [1, 65536], "10": [2, 4, 8, 65536], "46": [4, 8, 16, 32, 65536], "normal": [4, 8, 16, 32, 65536],
           "200": [8, 16, 32, 64, 65536], "2000": [32, 64, 128, 256, 512]}
# neurons, in-degree, delays, a weight for each synapse, threads
SHAPES = ([(neurons, 1000, delays, False, threads) for neurons, delays, threads in
           itertools.product((4000, 16000, 64000), ("one", "10", "46", "200"), (1, 2))] +
          [(neurons, indegree, "46", True, 2) for neurons, indegree in itertools.product((2000, 10000, 40000), (100, 500))] +
          [(neurons, 1000, "normal", True, threads) for neurons, threads in itertools.product((10000, 40000), (1, 2))] +
          [(10000, 1000, "2000", False, 1), (10000, 1000, "2000", False, 2), (1000, 100, "one", True, 2), (1000, 1000, "one", True, 1),
           (1000, 1000, "one", False, 2), (40000, 100, "46", False, 1)])


def experiment(neurons, indegree, delays, weights):
    return f"""[simulation]
duration = 100.0
seed = 1
[populations.E]
model = "iaf_psc_delta"
size = {neurons}
params = {{ tau_m = 20.0, C_m = 250.0, E_L = 0.0, V_reset = 0.0, V_th = 20.0, t_ref = 0.0, I_e = 251.7 }}
initial = {{ V_m = {{ uniform = [0.0, 19.9] }} }}
[projections.e]
source = "E"
target = "E"
connect = {{ rule = "fixed_indegree", indegree = {indegree} }}
weight = {"{ normal = [1e-6, 1e-7] }" if weights else "1e-6"}
delay = {DELAYS[delays]}
"""


def seconds(rheo, file, threads, duration, words):
    command = [rheo, "bench", file, "--threads", str(threads), "--no-bound", "--json", "--repeat", "3", "--discard", "60",
               "--set", f"simulation.duration={duration}", *words]
    return min(json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)["all_sim_seconds"])


if len(sys.argv) < 2:
    sys.exit("usage: tests/bench/layouts.py RHEO [NAME]")
worse = []
with tempfile.TemporaryDirectory() as folder:
    for neurons, indegree, delays, weights, threads in SHAPES:
        name = f"{neurons} neurons, in-degree {indegree}, delays: {delays}, {'weights' if weights else 'one weight'}, {threads} threads"
        if not re.search(sys.argv[2] if len(sys.argv) > 2 else "", name):
            continue
        file = pathlib.Path(folder, "shape.toml")
        file.write_text(experiment(neurons, indegree, delays, weights))
        duration = float(max(50, min(1000, round(6e8 / (neurons * indegree)) * 10)))
        forms = {f"{lanes} lanes, {window} ticks": ["--delivery", "ring", "--lanes", str(lanes), "--window", str(window)]
                 for lanes in (threads, 2 * threads, 4 * threads) for window in WINDOWS[delays]}
        if threads > 1:
            forms["1 lane"] = ["--lanes", "1"]
        times = {form: seconds(sys.argv[1], file, threads, duration, words) for form, words in forms.items()}
        best = min(times, key=times.get)
        # Both anew, in turn: the machine may have changed its speed since, and the fastest of many is fast by luck, too.
        turns = [[seconds(sys.argv[1], file, threads, duration, words) for words in ([], forms[best])] for _ in range(3)]
        chosen, by_hand = (min(one) for one in zip(*turns))
        worse.append(max(0.0, chosen / by_hand - 1))
        print(f"{name}: {100 * worse[-1]:.0f} % above the best by hand ({best})", flush=True)
within = sum(one <= 0.15 for one in worse)
print(f"{within} of {len(worse)} within 15 %, the furthest {100 * max(worse):.0f} %")
sys.exit(within < 0.9 * len(worse) or max(worse) > 0.35)
