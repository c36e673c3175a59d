"""Networks that are built, run, refused and thrown away give all their memory back; many threads do not disturb each other.

RHEO_BUILDS: how many (500; nightly 10000, docs/testing.md). Memory is what malloc has given out and not got back, with
all of Python's own allocations in it.
"""
import ctypes
import gc
import os
import subprocess
import sys
import threading
import unittest

BUILDS = int(os.environ.get("RHEO_BUILDS", 500))


class MallInfo(ctypes.Structure):
    _fields_ = [(name, ctypes.c_size_t) for name in ("arena", "ordblks", "smblks", "hblks", "hblkhd", "usmblks", "fsmblks",
                                                     "uordblks", "fordblks", "keepcost")]


def in_use():
    """Bytes."""
    gc.collect()
    mallinfo2 = ctypes.CDLL(None).mallinfo2
    mallinfo2.restype = MallInfo
    info = mallinfo2()
    return info.uordblks + info.hblkhd


def build_and_throw_away(seed):
    import numpy as np
    import rheo
    net = rheo.Network(seed=seed)
    E = net.population("E", "iaf_psc_delta", 20, params=dict(tau_m=np.linspace(10, 20, 20), E_L=0.0, V_reset=0.0, V_th=5.0))
    net.input("background", "poisson", E, rate=20_000.0, weight=0.5)
    net.signal("reward", "task", width=1)
    net.projection("fixed", E, E, rheo.fixed_indegree(5), weight=rheo.uniform(0.1, 0.2), delay=rheo.uniform(1, 3))
    net.projection("learns", E, E, rheo.bernoulli(0.2), weight=0.1, delay=1.0,
                   plasticity=dict(rule="rstdp", params=dict(w_max=1.0), signals=dict(dopamine="reward")))
    for wrong in (lambda: net.population("F", "iaf_psc_dleta", 3), lambda: net.population("E", "iaf_psc_delta", 3)):
        try:
            wrong()
        except rheo.ExperimentError:
            pass
    sim = net.build(threads=1)
    sim.record.spikes(E)
    states = sim.record.states(E[:3], ["V_m"], every=1.0)
    sim.signal["reward"] = 0.1
    sim.run(5.0, every=1.0, call=lambda s: s.state("E")["V_m"].sum() < -1e9)
    sim.change("background", rate=1000.0)
    sim.change(E, t_ref=3.0)
    sim.set_weights("fixed", [0, 1], 0.3)
    state = sim.save()
    sim.run(1.0)
    sim.load(state)
    return len(sim.spikes("E")[0]), states["V_m"].shape, len(sim.weights("learns"))


def measure():
    """As many builds three times: in the first ones caches fill."""
    for part in range(3):
        before = in_use()
        for seed in range(BUILDS):
            build_and_throw_away(seed % 100)
        grown = in_use() - before
        print(f"{BUILDS} builds: memory grew by {grown} bytes")


class Leaks(unittest.TestCase):
    def test_builds_give_their_memory_back(self):
        ended = subprocess.run([sys.executable, "-B", __file__, "measure"], capture_output=True, text=True,
                               env={**os.environ, "PYTHONMALLOC": "malloc", "MALLOC_ARENA_MAX": "1"})
        self.assertEqual(ended.returncode, 0, ended.stderr)
        print(ended.stdout.strip())
        # Less than a leak of one word in each: caches of allocators settle in some kilobytes.
        self.assertLess(int(ended.stdout.split()[-2]), max(8 * BUILDS, 32768))

    def test_a_hundred_threads(self):
        results = {}

        def work(k):
            results[k] = build_and_throw_away(7)
        threads = [threading.Thread(target=work, args=(k,)) for k in range(100)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual([results.get(k) for k in range(100)], [results[0]] * 100)


if __name__ == "__main__":
    if sys.argv[1:] == ["measure"]:
        measure()
    else:
        unittest.main()
