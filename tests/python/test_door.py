"""All that a program can say, once: what docs/python.md lists, in the order in which a study would use it."""
import pathlib
import subprocess
import tempfile
import threading
import unittest

import numpy as np

import rheo

ROOT = pathlib.Path(__file__).resolve().parents[2]


class Door(unittest.TestCase):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.folder = pathlib.Path(scratch.name)

    def network(self):
        rng = np.random.default_rng(1)
        pre, post = rng.integers(0, 100, 400), rng.integers(0, 200, 400)
        weight, delay = rng.uniform(0.1, 0.2, 400), rng.uniform(0.5, 5, 400)
        net = rheo.Network(dt=0.1, seed=1)
        E = net.population("E", "iaf_psc_delta", 800, params=dict(tau_m=20.0, V_th=20.0, E_L=0.0, V_reset=0.0),
                           initial=dict(V_m=rheo.uniform(0, 20)))
        I = net.population("I", like=E, size=200)
        net.input("background", "poisson", target=[E, I], rate=20_000.0, weight=0.1, delay=1.5)
        net.signal("reward", "task", width=1)
        net.projection("exc", E, [E, I], rheo.fixed_indegree(80), weight=0.1, delay=rheo.uniform(0.5, 5))
        net.projection("own", E[:100], I, rheo.edges(pre, post), weight=weight, delay=delay)
        net.projection("learns", E[:50], E[50:100], rheo.all_to_all(), weight=0.1, delay=1.0,
                       plasticity=dict(rule="rstdp", params=dict(w_max=1.0), signals=dict(dopamine="reward")))
        return net, np.sort(weight.astype(np.float32))

    def test_a_study(self):
        net, weight = self.network()
        E = net.populations["E"]
        sim = net.build(threads=2)
        sim.record.spikes(E)
        probe = sim.record.states(E[:5], ["V_m"], every=1.0)
        sim.run(200.0)
        self.assertEqual(probe["V_m"].shape, (201, 5))
        t, n = sim.spikes("E")
        self.assertGreater(len(t), 500)
        self.assertTrue((np.diff(t) >= 0).all() and n.max() < 800)
        self.assertEqual(sim.state("E")["V_m"].shape, (800,))
        np.testing.assert_array_equal(np.sort(sim.weights("own")["weight"]), weight)
        v = np.linspace(0, 10, 800)
        sim.set_state("E", "V_m", v)
        np.testing.assert_allclose(sim.state("E")["V_m"], v, atol=1e-6)
        synapses, w = [3, 1], [0.5, 0.25]
        sim.set_weights("own", synapses, w)
        self.assertEqual(sim.weights("own")["weight"][synapses].tolist(), w)
        sim.signal["reward"] = 1.0
        sim.learn("learns", False)
        before = sim.weights("learns")["weight"]
        sim.run(10.0)
        np.testing.assert_array_equal(sim.weights("learns")["weight"], before)
        blob = sim.save()
        sim.run(50.0)
        after = sim.save()
        sim.load(blob)
        sim.run(50.0)
        self.assertEqual(sim.save(), after)
        sim.checkpoint(self.folder / "c.h5")
        sim.run(10.0)
        later = sim.save()
        sim.load(self.folder / "c.h5")
        sim.run(10.0)
        self.assertEqual(sim.save(), later)
        sim.report(self.folder / "page.html")
        self.assertGreater((self.folder / "page.html").stat().st_size, 10_000)
        with self.assertRaises(rheo.ExperimentError):  # it learns, and has run
            sim.to_sonata(self.folder / "out")

    def test_a_file_with_other_settings(self):
        changed = rheo.load(ROOT / "examples" / "brunel.toml", {"projections.excitation.weight": 0.0,
                                                                "simulation.duration": 100.0}).build()
        changed.record.spikes("E")
        changed.run()
        same = rheo.load(ROOT / "examples" / "brunel.toml", {"simulation.duration": 100.0}).build()
        same.record.spikes("E")
        same.run()
        self.assertNotEqual(len(changed.spikes("E")[0]), len(same.spikes("E")[0]))

    def test_a_rule_of_a_library(self):
        library = self.folder / "libthreshold_stdp.so"
        subprocess.run(["g++", "-std=c++20", "-O1", "-shared", "-fPIC", "-fvisibility=hidden", "-ffp-contract=off", f"-I{ROOT}",
                        "-o", library, ROOT / "examples" / "plugin" / "threshold_stdp.cpp"], check=True)
        self.assertIn("threshold_stdp", rheo.rules([library]))
        self.assertNotIn("threshold_stdp", rheo.rules())
        net = rheo.Network(seed=1, plugins=[library])
        E = net.population("E", "iaf_psc_delta", 20, params=dict(tau_m=20.0, E_L=0.0, V_reset=0.0, V_th=20.0))
        net.input("background", "poisson", E, rate=12_000.0, weight=0.1)
        net.projection("p", E, E, rheo.all_to_all(), weight=0.1, delay=1.0, plasticity=dict(rule="threshold_stdp"))
        sim = net.build()
        sim.run(500.0)
        self.assertGreater(len(set(sim.weights("p")["weight"])), 10)
        with self.assertRaises(rheo.ExperimentError) as caught:
            rheo.Network(plugins=[self.folder / "none.so"])
        self.assertIn("none.so", str(caught.exception))

    def test_recordings_beside_another_user_of_hdf5(self):
        """Debian's HDF5 is built for threads: runs that record and h5py do not disturb each other."""
        try:
            import h5py
        except ImportError:
            self.skipTest("no h5py (Debian: python3-h5py)")
        problems = []

        def guarded(work):
            try:
                for k in range(12):
                    work(k)
            except Exception as error:
                problems.append(error)

        def runs(k):
            result = rheo.run(ROOT / "examples" / "izhikevich.toml", {"simulation.duration": 20.0}, overwrite=True,
                              out=self.folder / "out", threads=1)
            with h5py.File(result.out / "spikes.h5") as file:
                self.assertIn("spikes", file)

        def writes(k):
            with h5py.File(self.folder / "x.h5", "w") as file:
                for i in range(20):
                    file.create_dataset(f"a{i}", data=np.arange(1000.0), compression="gzip")
            with h5py.File(self.folder / "x.h5") as file:
                self.assertEqual(sum(file[name][()].sum() for name in file), 20 * 499500)
        threads = [threading.Thread(target=guarded, args=(work,)) for work in (runs, writes)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(problems, [])


if __name__ == "__main__":
    unittest.main()
