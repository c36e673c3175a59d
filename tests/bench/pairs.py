#!/usr/bin/python3
"""Two builds of rheo on the benchmarks A to E, in interleaved pairs: medians of seconds, and the median of the ratios
(after / before) with its 95 % interval (bootstrap over pairs).

    tests/bench/pairs.py BEFORE AFTER [PAIRS [NAMES]]       paths of two rheo programs, a regular expression of benchmarks

15 pairs of all take half an hour. Networks are built anew each time; the times to simulate and to build are told apart. Where the kernel has to
ask a host for memory, which may take 2 s for each GB, the time to build says little; "computed" is what the processor did outside the kernel, for both
together. The pairs alternate in which comes first, because these machines change their speed while they run.
"""
import pathlib
import random
import re
import resource
import statistics
import subprocess
import sys
import tempfile

examples = pathlib.Path(__file__).resolve().parents[2] / "examples" / "bench"


def made(folder, script, *words):
    file = pathlib.Path(folder, "_".join([script, *words]) + ".toml")
    if not file.exists():
        file.write_text(subprocess.run([examples / script, *words], check=True, capture_output=True, text=True).stdout)
    return file


def benchmarks(folder):
    """name: file, duration in ms, threads, settings"""
    chosen = {"A hom": (examples / "brunel_hom.toml", 1000, 1, []), "A het": (examples / "brunel_het.toml", 1000, 1, []),
              "B stdp": (examples / "brunel_stdp.toml", 300, 1, []),
              "C izhikevich, 1000 neurons": (made(folder, "make_izhikevich.py", "1000"), 60000, 1, []),
              "C izhikevich, 100,000 neurons": (made(folder, "make_izhikevich.py", "100000"), 1000, 1, []),
              "D microcircuit, 0.3 of neurons and in-degrees":
                  (made(folder, "make_microcircuit.py", "--neurons", "0.3", "--indegrees", "0.3"), 1000, 1, []),
              "E sparse_1m": (examples / "sparse_1m.toml", 1000, 1, [])}
    for neurons, duration in (10000, 1000), (40000, 300), (100000, 200):
        sizes = [f"populations.E.size={neurons * 8 // 10}", f"populations.I.size={neurons * 2 // 10}"]
        for delays in "hom", "het":
            chosen[f"A {delays}, no noise, {neurons} neurons"] = (examples / f"brunel_{delays}_current.toml", duration, 1, sizes)
    # B without plasticity, and under other rules.
    static = pathlib.Path(folder, "static.toml")
    static.write_text("".join(line for line in (examples / "brunel_stdp.toml").open() if not line.startswith("plasticity")))
    chosen["B static"] = (static, 300, 1, [])
    triplet = "A2_plus = 0.0001, A3_plus = 0.0001, A2_minus = 0.00011, A3_minus = 0.0, w_max = 0.3"
    rstdp = "A_plus = 0.0001, A_minus = 0.00011, w_max = 0.3"
    for name, rule, params, signal in (("triplet", "stdp_triplet", triplet, ""),
                                       ("rstdp, constant dopamine", "rstdp", rstdp,
                                        '[signals.dopamine]\nkind = "steps"\ntimes = [0.0]\nvalues = [0.01]\n')):
        file = pathlib.Path(folder, rule + ".toml")
        file.write_text(f'include = "{static}"\n{signal}[projections.learning]\n'
                        f'plasticity = {{ rule = "{rule}", params = {{ {params} }} }}\n')
        chosen[f"B {name}"] = (file, 300, 1, [])
    chosen["B rstdp"] = (examples / "brunel_rstdp.toml", 300, 1, [])
    chosen["D microcircuit, 1 thread"] = (made(folder, "make_microcircuit.py"), 300, 1, [])
    chosen["D microcircuit, 2 threads"] = (made(folder, "make_microcircuit.py"), 300, 2, [])
    return chosen


def seconds(rheo, file, duration, threads, settings):
    """of the simulation, of building, and of all threads outside the kernel"""
    command = [rheo, "bench", file, "--threads", str(threads), "--repeat", "1", "--no-bound"]
    for setting in [f"simulation.duration={duration}.0", *settings]:
        command += ["--set", setting]
    before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
    said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    computed = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - before
    return [float(re.search(pattern, said, re.MULTILINE)[1])
            for pattern in (r"^simulated .* in ([0-9.]+) s", r"^built in +([0-9.]+) s")] + [computed]


def interval(ratios):
    random.seed(1)
    medians = sorted(statistics.median(random.choices(ratios, k=len(ratios))) for _ in range(10000))
    return medians[249], medians[9749]


if len(sys.argv) < 3:
    sys.exit("usage: tests/bench/pairs.py BEFORE AFTER [PAIRS [NAMES]]")
programs, pairs = sys.argv[1:3], int(sys.argv[3]) if len(sys.argv) > 3 else 15
with tempfile.TemporaryDirectory() as folder:
    chosen = {name: one for name, one in benchmarks(folder).items() if re.search(sys.argv[4] if len(sys.argv) > 4 else "", name)}
    times = {name: ([], []) for name in chosen}
    for pair in range(pairs):
        for name, one in chosen.items():
            for which in ((0, 1) if pair % 2 == 0 else (1, 0)):
                times[name][which].append(seconds(programs[which], *one))
for name, (before, after) in times.items():
    print(name, end="")
    for k, what in enumerate(("simulated", "built", "computed")):
        ratios = [b[k] / max(a[k], 0.01) for a, b in zip(before, after)]
        low, high = interval(ratios)
        medians = [statistics.median(one[k] for one in of) for of in (before, after)]
        print(f"{':' if k == 0 else ';'} {what} in {medians[0]:.4f} s, {medians[1]:.4f} s, ratio {statistics.median(ratios):.3f} ({low:.3f} to {high:.3f})",
              end="")
    print(f"; {pairs} pairs", flush=True)
