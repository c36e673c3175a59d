#!/usr/bin/python3
"""Every neuron model against Brian2 (Debian: python3-brian): spike for spike, and rates under Poisson input.

    tests/peers/brian2_models.py [--rheo build/release/rheo] [MODEL...]

Deterministic: 40 neurons with different constant currents, driven by 20 given spike trains through 400 synapses and by each
other through 200 (weights of both signs, delays of 1 to 5 ms), double precision, dt 0.1 ms, 300 ms. Brian2 integrates linear
models exactly, the others by its own fourth-order method; Izhikevich's schemes are written out, since they are no method of
Brian2's. Spikes must be equal to the tick.

Random: 300 unconnected neurons under Poisson input for 1 s; the mean rates must agree within 3 standard errors.

Exit code 0 when all agree. What is written for Brian2's order within a step: a spike of step n is a spike of tick n + 1. Input
that V_m sees in the tick of arrival (delta, pulse) needs the slot "synapses" before "thresholds" or "groups", where spikes are
handed on one step later, hence a delay that is one step shorter. A refractory period of R ticks is R + 1 steps.
"""
import argparse
import os
import subprocess
import sys
import tempfile
import warnings

warnings.filterwarnings("ignore")

import h5py
import numpy as np
from brian2 import Network, NeuronGroup, PoissonInput, SpikeGeneratorGroup, SpikeMonitor, Synapses
from brian2 import defaultclock, Hz, ms, prefs, seed as brian_seed

prefs.codegen.target = "numpy"
prefs.codegen.loop_invariant_optimisations = False  # they change the order of operations

DT, DURATION, N, SOURCES = 0.1, 300.0, 40, 20
LEAKY = {"C_m": 250.0, "tau_m": 10.0, "E_L": -70.0, "V_reset": -70.0, "V_th": -55.0, "t_ref": 2.0}
TAU_SYN = {"tau_syn_ex": 2.0, "tau_syn_in": 5.0}
COND = {"C_m": 250.0, "g_L": 16.6667, "E_L": -70.0, "V_reset": -60.0, "V_th": -55.0, "t_ref": 2.0, "E_ex": 0.0,
        "E_in": -85.0, **TAU_SYN}
ADEX = {"C_m": 281.0, "g_L": 30.0, "E_L": -70.6, "V_reset": -60.0, "V_th": -50.4, "t_ref": 1.0, "Delta_T": 2.0,
        "V_peak": 0.0, "a": 4.0, "b": 80.5, "tau_w": 144.0, **TAU_SYN}
IZH = {"a": 0.02, "b": 0.2, "c": -65.0, "d": 8.0}
IZH_2007 = {"C_m": 100.0, "k": 0.7, "V_r": -60.0, "V_t": -40.0, "a": 0.03, "b": -2.0, "c": -50.0, "d": 100.0,
            "V_peak": 35.0}

CURRENTS = "dIex/dt = -Iex/(tau_syn_ex*ms) : 1\ndIin/dt = -Iin/(tau_syn_in*ms) : 1\n"
CONDUCTANCES = "dgex/dt = -gex/(tau_syn_ex*ms) : 1\ndgin/dt = -gin/(tau_syn_in*ms) : 1\n"
LEAKY_V = "dv/dt = (-(v - E_L)/tau_m + ({})/C_m)/ms : 1 (unless refractory)\nI_e : 1\n"
ADEX_V = ("dv/dt = (-g_L*(vc - E_L) + g_L*Delta_T*exp((vc - V_th)/Delta_T) + {} - w + I_e)/C_m/ms : 1 (unless refractory)\n"
          "dw/dt = (a*(vc - E_L) - w)/tau_w/ms : 1\nvc = clip(v, -1e9, V_peak) : 1\nI_e : 1\n")
SIGNED = "{0}ex_post += J*int(J >= 0); {0}in_post += {1}J*int(J < 0)"
EARLY = ["start", "synapses", "groups", "thresholds", "resets", "end"]
MIDDLE = ["start", "groups", "synapses", "thresholds", "resets", "end"]

SLOPE = "((0.04*v + 5.0)*v + (140.0 + I_e) - u + {})"
IZH_STEP = {
    "published": "v = v + half*{0}\nv = v + half*{0}\n{1}u = u + h*(a*(b*v - u))\n",
    "published_2004": "v = v + h*{0}\n{1}u = u + h*(a*(b*v - u))\n",
    "euler": "old = v + 0.0\nv = v + h*{0}\n{1}u = u + h*(a*(b*old - u))\n",
}
STEP_2007 = ("old = v + 0.0\nv = v + h_C*(k*(v - V_r)*(v - V_t) - u + I_e + {0})\n{1}u = u + h_a*(b*(old - V_r) - u)\n")
IZH_INPUT = {  # current, what is added to v, what follows
    "pulse": ("arrived*(1.0/h)", "", "arrived = 0.0\n"),
    "delta": ("0.0", "v = v + arrived\n", "arrived = 0.0\n"),
    "exp": ("I_syn", "", "I_syn = I_syn*decay + arrived\narrived = 0.0\n"),
}


class Model:
    def __init__(self, name, params, brian, threshold, reset, on_pre, currents, weights, options=None, method="exact",
                 schedule=None, step=None, start=None, poisson=None):
        self.name, self.params, self.brian, self.threshold, self.reset = name, params, brian, threshold, reset
        self.on_pre, self.currents, self.weights, self.options, self.method = on_pre, currents, weights, options or {}, method
        self.schedule, self.step, self.start, self.poisson = schedule, step, start or {}, poisson
        self.label = " ".join([name] + list(self.options.values()))


def izhikevich(scheme, kind, weights, poisson):
    current, jump, after = IZH_INPUT[kind]
    return Model("izhikevich", {**IZH, "tau_syn": 3.0}, "v : 1\nu : 1\narrived : 1\nI_syn : 1\nI_e : 1\nold : 1\n",
                 "v >= 30", "v = c; u += d", "arrived_post += J", (2, 12), weights, {"scheme": scheme, "input": kind}, None,
                 EARLY, IZH_STEP[scheme].format(SLOPE.format(current), jump) + after, {"v": -65.0, "u": 0.2 * -65.0}, poisson)


def izhikevich_2007(kind, weights, poisson):
    current, jump, after = IZH_INPUT[kind]
    return Model("izhikevich_2007", {**IZH_2007, "tau_syn": 3.0},
                 "v : 1\nu : 1\narrived : 1\nI_syn : 1\nI_e : 1\nold : 1\n", "v >= V_peak", "v = c; u += d",
                 "arrived_post += J", (60, 300), weights, {"input": kind}, None, EARLY,
                 STEP_2007.format(current, jump) + after, {"v": -60.0, "u": 0.0}, poisson)


MODELS = [
    Model("iaf_psc_delta", LEAKY, LEAKY_V.format("I_e"), "v >= V_th", "v = V_reset",
          "v_post += J*int(not_refractory_post)", (300, 500), (-3, 4), schedule=MIDDLE, poisson=("v", 0.3)),
    Model("iaf_psc_exp", {**LEAKY, **TAU_SYN}, LEAKY_V.format("Iex + Iin + I_e") + CURRENTS, "v >= V_th", "v = V_reset",
          SIGNED.format("I", ""), (300, 500), (-150, 250), poisson=("Iex", 30)),
    Model("iaf_psc_alpha", {**LEAKY, **TAU_SYN},
          LEAKY_V.format("Iex + Iin + I_e") + "dIex/dt = Dex/ms - Iex/(tau_syn_ex*ms) : 1\n"
          "dIin/dt = Din/ms - Iin/(tau_syn_in*ms) : 1\ndDex/dt = -Dex/(tau_syn_ex*ms) : 1\n"
          "dDin/dt = -Din/(tau_syn_in*ms) : 1\n", "v >= V_th", "v = V_reset",
          "Dex_post += J*int(J >= 0)*e_/tau_syn_ex; Din_post += J*int(J < 0)*e_/tau_syn_in", (300, 500), (-60, 150),
          poisson=("Dex", 12)),
    Model("iaf_psc_exp_adapt", {**LEAKY, **TAU_SYN, "tau_theta": 80.0, "theta_plus": 1.5},
          LEAKY_V.format("Iex + Iin + I_e") + CURRENTS + "dtheta/dt = -theta/tau_theta/ms : 1\n", "v >= V_th + theta",
          "v = V_reset; theta += theta_plus", SIGNED.format("I", ""), (350, 600), (-150, 250), poisson=("Iex", 35)),
    Model("iaf_cond_exp", COND,
          "dv/dt = (-g_L*(v - E_L) - gex*(v - E_ex) - gin*(v - E_in) + I_e)/C_m/ms : 1 (unless refractory)\nI_e : 1\n" +
          CONDUCTANCES, "v >= V_th", "v = V_reset", SIGNED.format("g", "-"), (200, 350), (-3, 4), method="rk4",
          poisson=("gex", 0.4)),
    Model("aeif_psc_exp", ADEX, ADEX_V.format("Iex + Iin") + CURRENTS, "v >= V_peak", "v = V_reset; w += b",
          SIGNED.format("I", ""), (500, 900), (-150, 300), method="rk4", poisson=("Iex", 55)),
    Model("aeif_cond_exp", {**ADEX, "E_ex": 0.0, "E_in": -85.0},
          ADEX_V.format("gex*(E_ex - vc) + gin*(E_in - vc)") + CONDUCTANCES, "v >= V_peak", "v = V_reset; w += b",
          SIGNED.format("g", "-"), (500, 900), (-4, 6), method="rk4", poisson=("gex", 1.0)),
    izhikevich("published", "pulse", (-4, 8), ("arrived", 0.9)),
    izhikevich("published_2004", "delta", (-3, 5), ("arrived", 0.6)),
    izhikevich("euler", "exp", (-2, 4), ("arrived", 0.3)),
    izhikevich_2007("pulse", (-60, 100), ("arrived", 12)),
    izhikevich_2007("delta", (-1, 2), ("arrived", 0.12)),
    izhikevich_2007("exp", (-30, 60), ("arrived", 4)),
]


def group_of(model, size):
    # e_: e in the engine's own words; h and what follows from it as the engine computes them.
    p = model.params
    names = {**p, "e_": np.exp(1.0), "h": DT, "half": DT / 2, "h_C": DT / p.get("C_m", 1.0), "h_a": DT * p.get("a", 0.0),
             "decay": np.exp(-DT / p.get("tau_syn", 1.0))}
    options = {"refractory": (p["t_ref"] + DT) * ms} if "t_ref" in p else {}
    group = NeuronGroup(size, model.brian, threshold=model.threshold, reset=model.reset, namespace=names,
                        method=model.method or "exact", **options)
    for name, value in (model.start or {"v": p["E_L"]}).items():
        setattr(group, name, value)
    if model.step:
        group.run_regularly(model.step, dt=DT * ms, when="groups")
    return group


def run_network(model, objects, duration):
    network = Network(*objects)
    network.schedule = model.schedule or ["start", "groups", "thresholds", "synapses", "resets", "end"]
    network.run(duration * ms)


def rheo_spikes(rheo, text):
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "experiment.toml")
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        out = os.path.join(folder, "out")
        done = subprocess.run([rheo, "run", path, "--out", out], capture_output=True, text=True)
        if done.returncode != 0:
            sys.exit(done.stderr)
        with h5py.File(os.path.join(out, "spikes.h5"), "r") as file:
            spikes = file["spikes/n"]
            ticks = np.rint(spikes["timestamps"][()] / DT).astype(int)
            return sorted(zip(ticks.tolist(), spikes["node_ids"][()].tolist()))


def numbers(values):
    return "[" + ", ".join(repr(float(v)) for v in values) + "]"


def experiment(model, size, duration, I_e):
    params = "\n".join([f"{k} = {v!r}" for k, v in model.params.items()] + [f'{k} = "{v}"' for k, v in model.options.items()])
    return (f"[simulation]\nduration = {duration}\ndt = {DT}\nprecision = \"double\"\nseed = 5\n"
            f"[populations.n]\nmodel = \"{model.name}\"\nsize = {size}\n[populations.n.params]\n{params}\n"
            f"I_e = {I_e}\n[record.spikes]\npopulations = \"n\"\n")


def deterministic(rheo, model):
    rng = np.random.default_rng(7)
    I_e = rng.uniform(*model.currents, N)
    trains = [np.unique(rng.integers(5, int(DURATION / DT) - 60, 12)) for _ in range(SOURCES)]
    edges = {"s": (400, SOURCES), "n": (200, N)}
    # Multiples of 2^-10: sums do not depend on their order.
    drawn = {name: (rng.integers(0, sources, count), rng.integers(0, N, count),
                    np.floor(rng.uniform(*model.weights, count) * 1024) / 1024, rng.integers(10, 50, count))
             for name, (count, sources) in edges.items()}

    text = experiment(model, N, DURATION, numbers(I_e))
    times = ", ".join(numbers(np.round(t * DT, 6)) for t in trains)
    text += f"[populations.s]\nmodel = \"spike_source\"\nsize = {SOURCES}\nparams = {{times = [{times}]}}\n"
    for name, (i, j, weight, delay) in drawn.items():
        text += (f"[projections.{name}]\nsource = \"{name}\"\ntarget = \"n\"\nweight = {numbers(weight)}\n"
                 f"delay = {numbers(np.round(delay * DT, 6))}\n"
                 f"connect = {{rule = \"list\", source = {i.tolist()}, target = {j.tolist()}}}\n")
    ours = rheo_spikes(rheo, text)

    defaultclock.dt = DT * ms
    group = group_of(model, N)
    group.I_e = I_e
    # A spike of tick k is one of step k - 1.
    source = SpikeGeneratorGroup(SOURCES, np.concatenate([[n] * len(t) for n, t in enumerate(trains)]),
                                 (np.concatenate(trains) - 1) * DT * ms)
    objects = [group, source]
    for name, (i, j, weight, delay) in drawn.items():
        synapses = Synapses(source if name == "s" else group, group, "J : 1", on_pre=model.on_pre, namespace=group.namespace)
        synapses.connect(i=i, j=j)
        synapses.J = weight
        # Spikes given to a generator are there at "thresholds" too.
        synapses.delay = (delay - (1 if model.schedule else 0)) * DT * ms
        objects.append(synapses)
    monitor = SpikeMonitor(group)
    run_network(model, objects + [monitor], DURATION)
    theirs = sorted(zip((np.rint(np.asarray(monitor.t / ms) / DT).astype(int) + 1).tolist(), np.asarray(monitor.i).tolist()))
    equal = ours == theirs
    first = next((f"; first difference: {a} against {b}" for a, b in zip(ours, theirs) if a != b), "") if not equal else ""
    print(f"{model.label:<36} {len(ours):6d} spikes, Brian2 {len(theirs):6d}: {'equal' if equal else 'DIFFERENT' + first}",
          flush=True)
    return equal and len(ours) > 100


def poisson(rheo, model):
    size, duration, rate = 300, 1000.0, 4000.0
    variable, weight = model.poisson
    I_e = model.currents[0] * 0.8
    text = experiment(model, size, duration, I_e)
    text += f"[inputs.noise]\nkind = \"poisson\"\ntarget = \"n\"\nrate = {rate}\nweight = {weight}\n"
    ours = np.bincount([n for _, n in rheo_spikes(rheo, text)], minlength=size) / (duration / 1000)

    defaultclock.dt = DT * ms
    brian_seed(11)
    np.random.seed(11)
    group = group_of(model, size)
    group.I_e = I_e
    scale = np.exp(1.0) / model.params["tau_syn_ex"] if variable == "Dex" else 1.0
    drive = PoissonInput(group, variable, N=200, rate=rate / 200 * Hz, weight=weight * scale)
    monitor = SpikeMonitor(group, record=False)
    run_network(model, [group, drive, monitor], duration)
    theirs = np.asarray(monitor.count) / (duration / 1000)
    error = np.sqrt((ours.var() + theirs.var()) / size)
    distance = abs(ours.mean() - theirs.mean()) / error
    print(f"{model.label:<36} {ours.mean():8.3f} Hz, Brian2 {theirs.mean():8.3f} Hz: {distance:.2f} standard errors",
          flush=True)
    return distance < 3 and ours.mean() > 1


def main():
    parser = argparse.ArgumentParser(description="every neuron model against Brian2")
    here = os.path.dirname(os.path.abspath(__file__))
    parser.add_argument("--rheo", default=os.path.join(here, "../../build/release/rheo"))
    parser.add_argument("models", nargs="*", help="only these")
    arguments = parser.parse_args()
    chosen = [m for m in MODELS if not arguments.models or m.name in arguments.models]
    print("spike for spike", flush=True)
    agree = [deterministic(arguments.rheo, model) for model in chosen]
    print("rates under Poisson input", flush=True)
    agree += [poisson(arguments.rheo, model) for model in chosen]
    print(f"{sum(agree)} of {len(agree)} agree")
    sys.exit(0 if all(agree) else 1)


if __name__ == "__main__":
    main()
