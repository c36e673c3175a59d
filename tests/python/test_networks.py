"""Networks that are described, run and looked at from Python."""
import contextlib
import io
import os
import pathlib
import tempfile
import threading
import unittest

import numpy as np

import rheo

ROOT = pathlib.Path(__file__).resolve().parents[2]


def small(seed=1, **settings):
    """Two populations that spike, one plastic projection, one signal."""
    net = rheo.Network(dt=0.1, seed=seed, **settings)
    E = net.population("E", "iaf_psc_delta", 80, params=dict(tau_m=20.0, C_m=250.0, E_L=0.0, V_reset=0.0, V_th=20.0),
                       initial=dict(V_m=rheo.uniform(0, 20)))
    I = net.population("I", like=E, size=20)
    net.input("background", "poisson", target=[E, I], rate=20_000.0, weight=0.1)
    net.signal("reward", "task", width=1)
    net.projection("exc", E, [E, I], rheo.fixed_indegree(8), weight=0.1, delay=rheo.uniform(0.5, 5))
    net.projection("inh", I, E, rheo.fixed_indegree(4), weight=-0.4, delay=1.5)
    net.projection("learns", E, E, rheo.bernoulli(0.1), weight=0.1, delay=1.0,
                   plasticity=dict(rule="rstdp", params=dict(w_max=1.0), signals=dict(dopamine="reward")))
    return net


def spikes_of(sim, populations=("E", "I")):
    return [np.concatenate(sim.spikes(name)).tolist() for name in populations]


class AsTheFile(unittest.TestCase):
    def test_the_same_spikes(self):
        """What is put together from Python is what the file says, to the last spike."""
        path = ROOT / "examples" / "brunel.toml"
        from_file = rheo.load(path)
        with from_file.build(threads=2) as sim:
            sim.record.spikes()
            sim.run(200.0)
            expected = spikes_of(sim)
        net = rheo.Network(dt=0.1, seed=42)
        E = net.population("E", "iaf_psc_delta", 8000,
                           params=dict(tau_m=20.0, C_m=250.0, E_L=0.0, V_reset=10.0, V_th=20.0, t_ref=2.0),
                           initial=dict(V_m=rheo.uniform(0, 20)))
        I = net.population("I", like="E", size=2000)
        for name, model, size in (("E", "iaf_psc_delta", 8000), ("I", "iaf_psc_delta", 2000)):
            self.assertEqual((from_file.populations[name].model, len(from_file.populations[name])), (model, size))
        net.input("background", "poisson", target=[E, I], rate=5000.0, weight=0.4, delay=1.5)
        delay = rheo.uniform(0.5, 5)
        net.projection("excitation", E, [E, I], rheo.fixed_indegree(200), weight=0.4, delay=delay)
        net.projection("inhibition", I, [E, I], rheo.fixed_indegree(50), weight=-2.4, delay=delay)
        with net.build(threads=1) as sim:
            sim.record.spikes(E, I)
            for _ in range(20):
                sim.run(10.0)
            self.assertEqual(spikes_of(sim), expected)
            self.assertGreater(len(expected[0]), 1000)

    def test_settings_and_recordings_of_a_file(self):
        net = rheo.load(ROOT / "examples" / "brunel.toml", {"populations.E.size": 400, "populations.I.size": 100,
                                                            "projections.excitation.connect": rheo.fixed_indegree(40),
                                                            "projections.inhibition.connect": rheo.fixed_indegree(10),
                                                            "simulation.duration": 50.0})
        sim = net.build()
        self.assertEqual(len(net.populations["E"]), 400)
        sim.run()
        self.assertAlmostEqual(sim.now, 50.0)
        self.assertGreaterEqual(len(sim.spikes("E")[0]), 0)  # which the file records

    def test_a_file_is_gone_on_with(self):
        net = rheo.load(ROOT / "examples" / "izhikevich.toml")
        name, E = next(iter(net.populations.items()))
        more = net.population("more", "iaf_psc_delta", 3)
        net.projection("to_more", E[:10], more, rheo.all_to_all(), weight=0.1, delay=1.0)
        sim = net.build()
        sim.run(1.0)
        self.assertEqual(sim.synapses["to_more"], 30)

    def test_run_writes_what_the_command_writes(self):
        with tempfile.TemporaryDirectory() as folder:
            result = rheo.run(ROOT / "examples" / "izhikevich.toml", {"simulation.duration": 50.0}, out=f"{folder}/out")
            self.assertEqual(result["status"], "finished")
            self.assertTrue((result.out / "spikes.h5").exists())
            before = os.getcwd()
            os.chdir(folder)
            try:
                self.assertEqual(str(rheo.run(ROOT / "examples" / "izhikevich.toml", {"simulation.duration": 5.0}).out),
                                 "izhikevich.out")
            finally:
                os.chdir(before)
            with self.assertRaises(rheo.ExperimentError):
                rheo.run(ROOT / "examples" / "izhikevich.toml", {"simulation.duratoin": 50.0}, out=f"{folder}/other")


class Values(unittest.TestCase):
    def test_lists_and_arrays_of_all_types(self):
        taus = []
        for values in ([10, 20, 30], [10.0, 20.0, 30.0], (10, 20.0, 30), np.array([10, 20, 30]),
                       np.array([10, 20, 30], np.uint8), np.array([10, 20, 30], np.float32),
                       np.array([10, 0, 20, 0, 30, 0])[::2], np.array([[10, 20, 30]]).T[:, 0]):
            net = rheo.Network(seed=3)
            E = net.population("E", "iaf_psc_delta", 3, params=dict(tau_m=values, E_L=0.0, V_th=1e6),
                               initial=dict(V_m=np.full(3, 100.0)))
            sim = net.build()
            sim.run(1.0)
            taus.append(sim.state(E)["V_m"].tolist())
        self.assertEqual(taus, [taus[0]] * len(taus))
        self.assertLess(taus[0][0], taus[0][1])

    def test_numpy_scalars(self):
        net = rheo.Network(dt=np.float64(0.1), seed=np.int64(3))
        net.population("E", "iaf_psc_delta", np.int32(3), params=dict(tau_m=np.float32(10)))
        self.assertEqual(len(net.populations["E"]), 3)

    def test_edges_from_arrays(self):
        net = rheo.Network(seed=1)
        A, B = net.population("A", "iaf_psc_delta", 5), net.population("B", "iaf_psc_delta", 7)
        pre, post = np.array([4, 0, 2, 2], np.uint16), np.array([6, 1, 3, 3])
        net.projection("own", A, B, rheo.edges(pre, post), weight=np.array([1.0, 2.0, 3.0, 4.0]),
                       delay=[1.0, 2.0, 0.5, 0.3])
        net.projection("part", A[1:], B[::2], rheo.edges([0], [1]), weight=0.5, delay=1.0)
        sim = net.build()
        table = sim.weights("own")
        self.assertEqual(table.dtype.names, ("source", "target", "weight", "delay"))
        self.assertEqual(table.tolist(), [(0, 1, 2.0, 2.0), (2, 3, 4.0, 0.3), (2, 3, 3.0, 0.5), (4, 6, 1.0, 1.0)])
        self.assertEqual(sim.weights("part").tolist(), [(1, 2, 0.5, 1.0)])

    def test_selections(self):
        net = rheo.Network()
        E = net.population("E", "iaf_psc_delta", 10)
        self.assertEqual([repr(E[2:]), repr(E[::3]), repr(E[-1]), repr(E[-4:-1])],
                         ["E[2:10]", "E[0:10:3]", "E[9:10]", "E[6:9]"])
        self.assertEqual(len(E[::3]), 4)
        for wrong in (slice(5, 5), slice(None, None, -1)):
            self.assertRaises(ValueError, lambda: E[wrong])
        self.assertRaises(IndexError, lambda: E[10])

    def test_names_that_python_keeps(self):
        net = rheo.Network(seed=1)
        E = net.population("E", "iaf_psc_delta", 5)
        net.projection("p", E, E, rheo.all_to_all(), weight=0.5, delay=1.0,
                       plasticity=dict(rule="stdp_pair", params=dict(lambda_=0.02, w_max=1.0)))
        net.build()

    def test_every_kind_has_a_function(self):
        for key in ("distributions", "connect_rules"):
            for kind in rheo._kinds.vocabulary()[key]:
                if kind["name"] != "list":
                    self.assertIn(kind["summary"], getattr(rheo, kind["name"]).__doc__)
        self.assertEqual(rheo.normal(10, 2, min=0), {"normal": [10, 2], "min": 0})
        self.assertEqual(rheo.exponential(3), {"exponential": 3})
        self.assertEqual(rheo.fixed_indegree(10, autapses=False),
                         {"rule": "fixed_indegree", "indegree": 10, "autapses": False})
        self.assertEqual(rheo.by_distance(offset=1.0), {"by": "distance", "offset": 1.0})

    def test_every_model_has_a_page(self):
        for name in rheo.models():
            self.assertIn(rheo.model(name)["summary"], rheo.model(name).__doc__)


class Running(unittest.TestCase):
    def test_pieces_do_not_matter(self):
        whole, pieces = small().build(threads=2), small().build(threads=1)
        for sim in (whole, pieces):
            sim.record.spikes()
        whole.run(100.0)
        for _ in range(1000):
            pieces.run(0.1)
        self.assertEqual(spikes_of(whole), spikes_of(pieces))
        self.assertGreater(len(whole.spikes("E")[0]), 100)

    def test_two_side_by_side_in_threads(self):
        results = {}

        def one(seed):
            sim = small(seed).build(threads=1)
            sim.record.spikes()
            for _ in range(10):
                sim.run(10.0)
            results.setdefault(seed, []).append(spikes_of(sim))

        threads = [threading.Thread(target=one, args=(seed,)) for seed in (1, 2, 1, 2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(results[1][0], results[1][1])
        self.assertEqual(results[2][0], results[2][1])
        self.assertNotEqual(results[1][0], results[2][0])

    def test_states_are_recorded_and_read(self):
        net = small()
        E = net.populations["E"]
        sim = net.build()
        every = sim.record.states(E[5:8], ["V_m", "refractory"], every=0.5)
        each = sim.record.states("E", ["V_m"], start=1.0, stop=2.0)
        self.assertEqual(every["V_m"].shape, (1, 3))
        before = sim.state("E")["V_m"]
        sim.run(10.0)
        self.assertEqual(every["V_m"].shape, (21, 3))
        self.assertEqual(every["V_m"][0].tolist(), before[5:8].tolist())
        self.assertEqual(every["V_m"][-1].tolist(), sim.state(E)["V_m"][5:8].tolist())
        np.testing.assert_allclose(every.time, np.arange(21) * 0.5)
        np.testing.assert_allclose(each.time, np.arange(10, 20) * 0.1)
        self.assertEqual(each["V_m"][5, 5:8].tolist(), every["V_m"][3].tolist())
        self.assertEqual(set(sim.state("E")), {"V_m", "refractory"})
        copy = sim.state("E")["V_m"]
        copy[:] = 7
        self.assertNotEqual(sim.state("E")["V_m"].tolist(), copy.tolist())

    def test_a_state_is_changed(self):
        for update in ("tick", "event"):
            with self.subTest(update):
                net = rheo.Network(seed=1, update=update)
                E = net.population("E", "iaf_psc_delta", 4, params=dict(tau_m=20.0, E_L=0.0, V_reset=0.0, V_th=20.0))
                sim = net.build()
                sim.record.spikes(E)
                sim.run(5.0)
                sim.set_state(E[1:3], "V_m", [19.0, 25.0])
                np.testing.assert_allclose(sim.state(E)["V_m"], [0, 19, 25, 0], rtol=1e-6)
                sim.run(5.0)
                times, neurons = sim.spikes(E)
                self.assertEqual(neurons.tolist(), [2])
                np.testing.assert_allclose(times, [5.1])
                np.testing.assert_allclose(sim.state(E)["V_m"], [0, 19 * np.exp(-5 / 20), 0, 0], rtol=1e-5)
                sim.set_state(E, "V_m", 3.0)
                np.testing.assert_allclose(sim.state(E)["V_m"], [3] * 4, rtol=1e-6)

    def test_saved_states_go_on(self):
        with tempfile.TemporaryDirectory() as folder:
            sim = small().build()
            sim.run(20.0)
            state = sim.save()
            sim.checkpoint(f"{folder}/c.h5")
            sim.record.spikes()
            sim.run(30.0)
            expected = spikes_of(sim)
            for begin in (state, f"{folder}/c.h5", pathlib.Path(folder) / "c.h5"):
                other = small().build(threads=1)
                other.record.spikes()
                other.load(begin)
                self.assertAlmostEqual(other.now, 20.0)
                other.run(30.0)
                self.assertEqual(spikes_of(other), expected)
            with self.assertRaises(rheo.StateError):
                small(seed=2).build().load(state)
            damaged = small().build()
            damaged.run(5.0)
            before = damaged.save()
            for wrong in (state[:-9], state[:40], b"", state[:200] + b"\xff" * 50 + state[250:]):
                with self.assertRaises(rheo.StateError):
                    damaged.load(wrong)
                self.assertEqual(damaged.save(), before)
            with self.assertRaises(rheo.RecordingError):
                small().build().load(f"{folder}/none.h5")

    def test_signals_and_learning(self):
        def weights(reward, learns=True):
            sim = small().build()
            sim.learn("learns", learns)
            for _ in range(20):
                sim.run(10.0)
                sim.signal["reward"] = reward
            sim.run(0.1)
            return sim.signal["reward"].tolist(), sim.weights("learns")["weight"]

        still, rewarded, off = weights(0.0), weights(1.0), weights(1.0, learns=False)
        self.assertEqual((still[0], rewarded[0]), ([0.0], [1.0]))
        self.assertTrue((still[1] == np.float32(0.1)).all())
        self.assertFalse((rewarded[1] == np.float32(0.1)).all())
        self.assertTrue((off[1] == np.float32(0.1)).all())

    def test_inputs_and_parameters_change(self):
        sim = small().build()
        sim.record.spikes()
        sim.run(200.0)
        many = len(sim.spikes("E")[0])
        sim.change("background", rate=5000.0)
        sim.run(50.0)
        sim.clear_spikes()
        sim.run(200.0)
        self.assertLess(len(sim.spikes("E")[0]), many / 2)
        sim.change("E", V_th=5.0)
        sim.clear_spikes()
        sim.run(200.0)
        self.assertGreater(len(sim.spikes("E")[0]), many / 2)
        self.assertEqual(sim.changes, ["200 ms: inputs.background { rate = 5000.0 }",
                                       "450 ms: populations.E.params { V_th = 5.0 }"])

    def test_weights_change(self):
        net = small()
        E = net.populations["E"]
        net.projection("own", E, E, rheo.fixed_indegree(5), weight=rheo.uniform(0.1, 0.2), delay=1.0)
        sim = net.build()
        before = sim.weights("own")
        sim.set_weights("own", None, before["weight"] * 2)
        np.testing.assert_allclose(sim.weights("own")["weight"], before["weight"] * 2, rtol=1e-6)
        sim.set_weights("own", np.flatnonzero(before["source"] == 3), 0.0)
        after = sim.weights("own")
        self.assertTrue((after["weight"][after["source"] == 3] == 0).all())
        self.assertTrue((after["weight"][after["source"] != 3] > 0).all())
        sim.set_weights("learns", None, 0.25)
        self.assertTrue((sim.weights("learns")["weight"] == 0.25).all())
        sim.run(10.0)

    def test_a_pulse_lasts_a_tick(self):
        sim = small().build()
        sim.signal.pulse("reward", 2.0)
        sim.run(0.1)
        self.assertEqual(sim.signal["reward"].tolist(), [2.0])
        sim.run(0.1)
        self.assertEqual(sim.signal["reward"].tolist(), [0.0])

    def test_columns_of_the_rule(self):
        sim = small().build()
        sim.run(50.0)
        table = sim.weights("learns")
        self.assertEqual(table.dtype.names[:4], ("source", "target", "weight", "delay"))
        self.assertGreater(len(table.dtype.names), 4)
        self.assertEqual(len(table), sim.synapses["learns"])
        several = sim.weights("exc")
        self.assertIn("target_population", several.dtype.names)
        self.assertNotIn("source_population", several.dtype.names)
        self.assertEqual(set(several["target_population"]), {0, 1})

    def test_called_every_so_often(self):
        sim, times = small().build(), []
        sim.run(10.0, every=3.0, call=lambda s: times.append(s.now))
        np.testing.assert_allclose(times, [3, 6, 9, 10])
        sim.run(100.0, every=1.0, call=lambda s: s.now >= 15)
        self.assertAlmostEqual(sim.now, 15.0)

    def test_a_bar_is_drawn_and_cleared(self):
        net = rheo.Network(seed=1)
        net.input("background", "poisson", net.population("E", "iaf_psc_delta", 20000), rate=20_000.0, weight=0.1)
        sim, drawn = net.build(threads=1), io.StringIO()
        with contextlib.redirect_stderr(drawn):
            for doubled in range(12):  # until a run takes more than a second
                sim.run(500.0 * 2**doubled, progress=True)
                if drawn.getvalue():
                    break
        self.assertRegex(drawn.getvalue(), r"\r\[=*>? *\] +\d+ %")
        self.assertTrue(drawn.getvalue().endswith(" \r"))

    def test_recorded_spikes_are_forgotten_when_asked(self):
        sim = small().build()
        sim.record.spikes("E")
        sim.run(50.0)
        self.assertGreater(len(sim.spikes("E")[0]), 0)
        sim.clear_spikes()
        self.assertEqual(len(sim.spikes("E")[0]), 0)
        sim.run(50.0)
        self.assertGreater(sim.spikes("E")[0].min(), 50.0)


if __name__ == "__main__":
    unittest.main()
