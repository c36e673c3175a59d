#!/usr/bin/python3
"""Two builds of rheo on the benchmarks A to E, in interleaved pairs on one thread: medians of seconds, and the median of the
ratios (after / before) with its 95 % interval (bootstrap over pairs).

    tests/bench/pairs.py BEFORE AFTER [PAIRS]        paths of two rheo programs; 15 pairs take eight minutes

Networks are built anew each time; only the simulated time counts. The pairs alternate in which comes first, because these
machines change their speed while they run.
"""
import pathlib
import random
import re
import statistics
import subprocess
import sys
import tempfile

examples = pathlib.Path(__file__).resolve().parents[2] / "examples" / "bench"


def benchmarks(folder):
    made = {}
    for name, command in {"izhikevich": ["make_izhikevich.py", "1000"],
                          "microcircuit": ["make_microcircuit.py", "--neurons", "0.3", "--indegrees", "0.3"]}.items():
        made[name] = pathlib.Path(folder, name + ".toml")
        made[name].write_text(subprocess.run([examples / command[0], *command[1:]], check=True, capture_output=True, text=True).stdout)
    # name: file, duration in ms
    return {"A hom": (examples / "brunel_hom.toml", 1000), "A het": (examples / "brunel_het.toml", 1000),
            "B stdp": (examples / "brunel_stdp.toml", 300), "C izhikevich, 1000 neurons": (made["izhikevich"], 60000),
            "D microcircuit, 0.3 of neurons and in-degrees": (made["microcircuit"], 1000),
            "E sparse_1m": (examples / "sparse_1m.toml", 1000)}


def seconds(rheo, file, duration):
    command = [rheo, "bench", file, "--threads", "1", "--repeat", "1", "--no-bound", "--set", f"simulation.duration={duration}.0"]
    said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return float(re.search(r"^simulated .* in ([0-9.]+) s", said, re.MULTILINE)[1])


def interval(ratios):
    random.seed(1)
    medians = sorted(statistics.median(random.choices(ratios, k=len(ratios))) for _ in range(10000))
    return medians[249], medians[9749]


if len(sys.argv) < 3:
    sys.exit("usage: tests/bench/pairs.py BEFORE AFTER [PAIRS]")
programs, pairs = sys.argv[1:3], int(sys.argv[3]) if len(sys.argv) > 3 else 15
with tempfile.TemporaryDirectory() as folder:
    chosen = benchmarks(folder)
    times = {name: ([], []) for name in chosen}
    for pair in range(pairs):
        for name, (file, duration) in chosen.items():
            for which in ((0, 1) if pair % 2 == 0 else (1, 0)):
                times[name][which].append(seconds(programs[which], file, duration))
for name, (before, after) in times.items():
    ratios = [b / a for a, b in zip(before, after)]
    low, high = interval(ratios)
    print(f"{name}: {statistics.median(before):.4f} s, {statistics.median(after):.4f} s, ratio {statistics.median(ratios):.3f} "
          f"({low:.3f} to {high:.3f}), {pairs} pairs")
