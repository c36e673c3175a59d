#!/usr/bin/env python3
"""Writes the cortical microcircuit of Potjans & Diesmann (Cerebral Cortex 24, 2014) as an experiment file.

    examples/bench/make_microcircuit.py [--neurons F] [--indegrees F] [--poisson] > microcircuit.toml

--neurons and --indegrees are factors. With fewer synapses per neuron weights grow with 1/sqrt(factor), and a constant
current makes up for the mean input that this changes (van Albada, Helias & Diesmann, PLoS Comput Biol 11, 2015), from
the mean rates of the full model. Background: a constant current of the same mean, or Poisson trains. Small
factors change the rates, unless they are balanced as in --neurons 0.1 --indegrees 0.4 (docs/performance.md).
"""
import argparse
import math

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("--neurons", type=float, default=1.0)
parser.add_argument("--indegrees", type=float, default=1.0)
parser.add_argument("--poisson", action="store_true")
arguments = parser.parse_args()

names = ["L23E", "L23I", "L4E", "L4I", "L5E", "L5I", "L6E", "L6I"]
full_sizes = [20683, 5834, 21915, 5479, 4850, 1065, 14395, 2948]
probabilities = [  # [target][source]
    [0.1009, 0.1689, 0.0437, 0.0818, 0.0323, 0.0, 0.0076, 0.0],
    [0.1346, 0.1371, 0.0316, 0.0515, 0.0755, 0.0, 0.0042, 0.0],
    [0.0077, 0.0059, 0.0497, 0.135, 0.0067, 0.0003, 0.0453, 0.0],
    [0.0691, 0.0029, 0.0794, 0.1597, 0.0033, 0.0, 0.1057, 0.0],
    [0.1004, 0.0622, 0.0505, 0.0057, 0.0831, 0.3726, 0.0204, 0.0],
    [0.0548, 0.0269, 0.0257, 0.0022, 0.06, 0.3158, 0.0086, 0.0],
    [0.0156, 0.0066, 0.0211, 0.0166, 0.0572, 0.0197, 0.0396, 0.2252],
    [0.0364, 0.001, 0.0034, 0.0005, 0.0277, 0.008, 0.0658, 0.1443]]
external_indegrees = [1600, 1500, 2100, 1900, 2000, 1900, 2900, 2100]
external_rate = 8.0  # Hz
mean_V = [-68.28, -63.16, -63.33, -63.45, -63.11, -61.66, -66.72, -61.43]
sd_V = [5.36, 4.57, 4.74, 4.94, 4.94, 4.55, 5.46, 4.48]
full_rates = [0.903, 2.965, 4.414, 5.876, 7.569, 8.633, 1.105, 7.829]  # Hz, a reference run of the full model
C_m, tau_m, tau_syn = 250.0, 10.0, 0.5

ratio = tau_m / tau_syn
peak = tau_syn * tau_m / (tau_syn - tau_m) * (
    ratio ** (-tau_m / (tau_m - tau_syn)) - ratio ** (-tau_syn / (tau_m - tau_syn)))
pA_per_mV = C_m / peak  # of the largest potential that a synaptic current causes

sizes = [round(n * arguments.neurons) for n in full_sizes]
grow = 1 / math.sqrt(arguments.indegrees)


def weight(target, source):
    """Mean weight of the full model, pA."""
    mV = 0.15 * (-4 if source % 2 else 1) * (2 if (target, source) == (0, 2) else 1)
    return mV * pA_per_mV


def synapses(target, source):
    """Of the full model."""
    p = probabilities[target][source]
    pairs = full_sizes[target] * full_sizes[source]
    return round(math.log(1 - p) / math.log(1 - 1 / pairs)) if p else 0


def current(target):
    """Mean background current and what scaling takes from the mean input, pA."""
    J = 0.15 * pA_per_mV
    per_hertz = 1e-3 * tau_syn
    from_outside = per_hertz * external_rate * external_indegrees[target] * J
    recurrent = sum(per_hertz * full_rates[s] * synapses(target, s) / full_sizes[target] * weight(target, s)
                    for s in range(8))
    lost = (1 - math.sqrt(arguments.indegrees)) * (recurrent + (from_outside if arguments.poisson else 0.0))
    return (0.0 if arguments.poisson else from_outside) + lost


print(f"""# Made by examples/bench/make_microcircuit.py --neurons {arguments.neurons:g} --indegrees {arguments.indegrees:g}\
{' --poisson' if arguments.poisson else ''}
title = "Cortical microcircuit, Potjans & Diesmann (2014)"

[simulation]
duration = 400.0
dt = 0.1
seed = 55
""")
for i, name in enumerate(names):
    print(f"""[populations.{name}]
model = "iaf_psc_exp"
size = {sizes[i]}
params = {{ C_m = 250.0, tau_m = 10.0, E_L = -65.0, V_th = -50.0, V_reset = -65.0, t_ref = 2.0, tau_syn_ex = 0.5, \
tau_syn_in = 0.5, I_e = {current(i):.6g} }}
initial = {{ V_m = {{ normal = [{mean_V[i]}, {sd_V[i]}] }} }}
""")
if arguments.poisson:
    for i, name in enumerate(names):
        rate = external_rate * external_indegrees[i] * arguments.indegrees
        print(f"""[inputs.background_{name}]
kind = "poisson"
target = "{name}"
rate = {rate:.6g}
weight = {0.15 * pA_per_mV * grow:.6g}
delay = 1.5
""")
# Source by source, so that the synapses of one neuron can be kept together.
for s, source in enumerate(names):
    for t, target in enumerate(names):
        total = round(synapses(t, s) * arguments.neurons * arguments.indegrees)
        if total == 0:
            continue
        mean = weight(t, s) * grow
        bound = "max" if s % 2 else "min"
        delay = "normal = [0.75, 0.375]" if s % 2 else "normal = [1.5, 0.75]"
        print(f"""[projections.{source}_to_{target}]
source = "{source}"
target = "{target}"
connect = {{ rule = "fixed_total", total = {total} }}
weight = {{ normal = [{mean:.6g}, {abs(mean) / 10:.6g}], {bound} = 0.0 }}
delay = {{ {delay}, min = 0.1 }}
""")
