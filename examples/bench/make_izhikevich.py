#!/usr/bin/env python3
"""Writes the network of Izhikevich (IEEE Trans. Neural Networks 14, 2003) as an experiment file, for benchmarks.

    examples/bench/make_izhikevich.py 1000 > izhikevich_1k.toml        # all to all, 10 s
    examples/bench/make_izhikevich.py 100000 > izhikevich_100k.toml    # 100 synapses per neuron, ten times the weight, 1 s

A neuron's parameters hang together by one random number r: c and d of excitatory neurons by r^2, a and b of inhibitory
ones by r. dt is 1 ms with two half steps for v; every neuron has a normal noise current, drawn anew each ms.
"""
import random
import sys

size = int(sys.argv[1])
excitatory = size * 4 // 5
random.seed(1)


def column(values):
    return "[" + ", ".join(f"{value:.6g}" for value in values) + "]"


squares = [random.random() ** 2 for _ in range(excitatory)]
firsts = [random.random() for _ in range(size - excitatory)]
small = size <= 1000
connect = '{{ rule = "all_to_all" }}' if small else '{{ rule = "fixed_indegree", indegree = {} }}'
factor = 1 if small else 10
print(f"""# Made by examples/bench/make_izhikevich.py {size}
title = "Izhikevich (2003), {size} neurons"

[simulation]
duration = {10000.0 if small else 1000.0}
dt = 1.0
seed = 3

[populations.E]
model = "izhikevich"
size = {excitatory}
params = {{ a = 0.02, b = 0.2, c = {column(-65 + 15 * r for r in squares)}, d = {column(8 - 6 * r for r in squares)} }}
initial = {{ V_m = -65.0 }}

[populations.I]
model = "izhikevich"
size = {size - excitatory}
params = {{ a = {column(0.02 + 0.08 * r for r in firsts)}, b = {column(0.25 - 0.05 * r for r in firsts)}, c = -65.0, d = 2.0 }}
initial = {{ V_m = -65.0 }}
""")
for name, deviation, indegree, low, high in [("E", 5.0, 80, 0.0, 0.5 * factor), ("I", 2.0, 20, -1.0 * factor, 0.0)]:
    print(f"""[inputs.noise_{name}]
kind = "noise"
target = "{name}"
mean = 0.0
deviation = {deviation}

[projections.{name}]
source = "{name}"
target = ["E", "I"]
connect = {connect.format(indegree)}
weight = {{ uniform = [{low}, {high}] }}
delay = 1.0
""")
