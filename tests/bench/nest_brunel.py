#!/usr/bin/python3
"""The benchmarks brunel_hom and brunel_het (see `rheo bench`) in NEST 3.

    nest_brunel.py hom|het [--drive poisson|current] [--neurons N] [--seconds S] [--threads N]

Prints one line of JSON: bench, drive, threads, sim_seconds (wall time of the S seconds after the 0.1 s that are
discarded, without building), rtf, rate_hz. NEST is not among Debian's packages: https://nest-simulator.org

The network is that of brian2_brunel.py. Chosen for speed, as an experienced user of NEST would: one weight for all
synapses of a projection, which NEST then stores once, exact integration, nothing recorded, one thread per processor.
"""
import argparse
import json
import os
import time

DISCARDED = 0.1  # s


def build(nest, het, drive, neurons, threads):
    nest.ResetKernel()
    nest.set(resolution=0.1, local_num_threads=threads, rng_seed=1)
    params = {"tau_m": 20.0, "C_m": 250.0, "E_L": 0.0, "V_reset": 0.0, "V_th": 20.0, "t_ref": 2.0,
              "V_m": nest.random.uniform(0.0, 20.0), "I_e": 500.0 if drive == "current" else 0.0}
    excitatory = nest.Create("iaf_psc_delta", neurons * 8 // 10, params)
    inhibitory = nest.Create("iaf_psc_delta", neurons * 2 // 10, params)
    everybody = excitatory + inhibitory
    delay = nest.random.uniform(0.5, 5.0) if het else 1.5
    for source, indegree, weight in (excitatory, 800, 0.1), (inhibitory, 200, -0.5):
        name = "excitatory" if weight > 0 else "inhibitory"
        nest.CopyModel("static_synapse_hom_w", name, {"weight": weight})
        nest.Connect(source, everybody,
                     {"rule": "fixed_indegree", "indegree": indegree, "allow_multapses": True, "allow_autapses": True},
                     {"synapse_model": name, "delay": delay})
    if drive == "poisson":
        nest.Connect(nest.Create("poisson_generator", params={"rate": 20_000.0}), everybody,
                     syn_spec={"weight": 0.1, "delay": 1.5})


def main():
    parser = argparse.ArgumentParser(description="brunel_hom and brunel_het in NEST")
    parser.add_argument("bench", choices=["hom", "het"])
    parser.add_argument("--drive", choices=["poisson", "current"], default="poisson")
    parser.add_argument("--neurons", type=int, default=10_000)
    parser.add_argument("--seconds", type=float, default=1.0)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--dir", help="not needed")
    parser.add_argument("--build-only", action="store_true")
    arguments = parser.parse_args()

    os.environ["PYNEST_QUIET"] = "1"
    import nest

    nest.set_verbosity("M_ERROR")
    if arguments.build_only:
        return
    build(nest, arguments.bench == "het", arguments.drive, arguments.neurons, arguments.threads)
    nest.Simulate(DISCARDED * 1e3)
    nest.Prepare()
    begin = time.perf_counter()
    nest.Run(arguments.seconds * 1e3)
    wall = time.perf_counter() - begin  # of which the counter of spikes counts those
    nest.Cleanup()
    print(json.dumps({"bench": f"brunel_{arguments.bench}", "simulator": "nest", "drive": arguments.drive,
                      "threads": arguments.threads, "sim_seconds": round(wall, 4),
                      "rtf": round(wall / arguments.seconds, 4),
                      "rate_hz": round(nest.local_spike_counter / arguments.neurons / arguments.seconds, 3)}))


if __name__ == "__main__":
    main()
