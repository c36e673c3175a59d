"""What Python is refused: an exception that says what is wrong, never a crash, and nothing is changed by it."""
import gc
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import textwrap
import threading
import unittest

import numpy as np

import rheo


def network():
    net = rheo.Network(dt=0.1, seed=1)
    E = net.population("E", "iaf_psc_delta", 10)
    net.population("S", "spike_source", 2, params=dict(times=[[1.0], [2.0]]))
    net.signal("reward", "task", width=2)
    net.projection("p", E, E, rheo.bernoulli(0.5), weight=0.1, delay=1.0, plasticity=dict(rule="stdp_pair",
                                                                                         params=dict(w_max=1.0)))
    net.projection("still", E, E, rheo.bernoulli(0.5), weight=0.1, delay=1.0)
    return net


class ItsText(str):
    pass


itself = []
itself.append(itself)

# What is done, and what the error says: key, or the whole message where there is a blank in it.
DESCRIBED_WRONGLY = [
    (lambda n: n.population("X", "iaf_psc_dleta", 10), "populations.X.model"),
    (lambda n: n.population("X", "iaf_psc_delta"), "populations.X.size"),
    (lambda n: n.population("X", size=3), "populations.X.model"),
    (lambda n: n.population("X", "iaf_psc_delta", 0), "populations.X.size"),
    (lambda n: n.population("X", "iaf_psc_delta", 2.5), "populations.X.size"),
    (lambda n: n.population("X", "iaf_psc_delta", 1 << 80), "populations.X.size"),
    (lambda n: n.population("X", "iaf_psc_delta", True), "populations.X.size"),
    (lambda n: n.population("X", 7, 3), "populations.X.model"),
    (lambda n: n.population("a b", "iaf_psc_delta", 3), "populations"),
    (lambda n: n.population("E", "iaf_psc_delta", 3), "populations.E"),
    (lambda n: n.population("X", like="Q", size=3), "populations.X.like"),
    (lambda n: n.population("X", "iaf_psc_delta", 3, params=dict(tau_n=1.0)), "populations.X.params.tau_n"),
    (lambda n: n.population("X", "iaf_psc_delta", 3, params=dict(tau_m=-1.0)), "populations.X.params.tau_m"),
    (lambda n: n.population("X", "iaf_psc_delta", 3, params=dict(tau_m=float("nan"))), "populations.X.params.tau_m"),
    (lambda n: n.population("X", "iaf_psc_delta", 3, params=dict(tau_m=np.array([1, np.inf, 2]))),
     "populations.X.params.tau_m"),
    (lambda n: n.population("X", "iaf_psc_delta", 3, params=dict(tau_m=[10.0, 20.0])), "populations.X.params.tau_m"),
    (lambda n: n.population("X", "iaf_psc_delta", 3, params=dict(tau_m=[10.0, 20.0, 0.0])),
     "populations.X.params.tau_m[2]"),
    (lambda n: n.population("X", "iaf_psc_delta", 3, params=dict(tau_m=np.ones((3, 3, 3)))),
     "populations.X.params.tau_m"),
    (lambda n: n.population("X", "iaf_psc_delta", 3, params=dict(tau_m=np.ones((3, 1)))), "populations.X.params.tau_m"),
    (lambda n: n.population("X", "iaf_psc_delta", 3, params=dict(tau_m=np.array(["a", "b", "c"]))),
     "populations.X.params.tau_m"),
    (lambda n: n.population("X", "iaf_psc_delta", 3, params=dict(tau_m=np.array([True, False, True]))),
     "populations.X.params.tau_m"),
    (lambda n: n.population("X", "iaf_psc_delta", 3, params=dict(tau_m=np.array([1j, 2, 3]))),
     "populations.X.params.tau_m"),
    (lambda n: n.population("X", "iaf_psc_delta", 3, params=dict(tau_m=np.array([object()] * 3))),
     "populations.X.params.tau_m"),
    (lambda n: n.population("X", "iaf_psc_delta", 3, params=dict(tau_m=object())), "populations.X.params.tau_m"),
    (lambda n: n.population("X", "iaf_psc_delta", 3, params=dict(tau_m=[])), "populations.X.params.tau_m"),
    (lambda n: n.population("X", "iaf_psc_delta", 3, params={3: 1.0}), "populations.X.params"),
    (lambda n: n.population("X", "iaf_psc_delta", 3, params=[1.0]), "populations.X.params"),
    (lambda n: n.population("X", "iaf_psc_delta", 3, params=dict(tau_m=rheo.uniform(5, 1))),
     "populations.X.params.tau_m.uniform"),
    (lambda n: n.population("X", "iaf_psc_delta", 3, params=dict(tau_m=rheo.normal(5, 1, mni=1))),
     "populations.X.params.tau_m.mni"),
    (lambda n: n.population("X", "iaf_psc_delta", 3, positions=dict(grid=[2, 2])), "populations.X.positions.grid"),
    (lambda n: n.input("X", "poison", "E", rate=1.0), "inputs.X.kind"),
    (lambda n: n.input("X", "poisson", "Q", rate=1.0), "inputs.X.target"),
    (lambda n: n.input("X", "poisson", ["E", 3], rate=1.0), "inputs.X.target"),
    (lambda n: n.input("X", "poisson", "E"), "inputs.X.rate"),
    (lambda n: n.input("X", "poisson", "E", rate=-1.0), "inputs.X.rate"),
    (lambda n: n.input("X", "poisson", "E", rate=1.0, wieght=1.0), "inputs.X.wieght"),
    (lambda n: n.signal("X", "task", width=-1), "signals.X.width"),
    (lambda n: n.projection("X", "E", "Q", rheo.bernoulli(0.5)), "projections.X.target"),
    (lambda n: n.projection("X", "E", "E", rheo.bernoulli(1.5)), "projections.X.connect.p"),
    (lambda n: n.projection("X", "E", "E", rheo.bernoulli()), "projections.X.connect.p"),
    (lambda n: n.projection("X", "E", "E", "bernoulli"), "projections.X.connect"),
    (lambda n: n.projection("X", "E", "S", rheo.bernoulli(0.5)), "projections.X.target"),
    (lambda n: n.projection("X", "E", "E", rheo.fixed_indegree(3, multapes=False)), "projections.X.connect.multapes"),
    (lambda n: n.projection("X", "E", "E", rheo.edges([0, 1], [2])), "projections.X.connect.source"),
    (lambda n: n.projection("X", "E", "E", rheo.edges([0, 10], [2, 3])), "projections.X.connect.source[1]"),
    (lambda n: n.projection("X", "E", "E", rheo.edges([0, -1], [2, 3])), "projections.X.connect.source"),
    (lambda n: n.projection("X", "E", "E", rheo.edges([0, 1.5], [2, 3])), "projections.X.connect.source"),
    (lambda n: n.projection("X", "E", "E", rheo.edges([0, 1], [2, 3]), weight=[1.0]), "projections.X.weight"),
    (lambda n: n.projection("X", "E", "E", rheo.bernoulli(0.5), weight=[1.0]), "projections.X.weight"),
    (lambda n: n.projection("X", "E", "E", rheo.bernoulli(0.5), delay=0.01), "projections.X.delay"),
    (lambda n: n.projection("X", "E", "E", rheo.bernoulli(0.5), plasticity=dict(rule="stpd")),
     "projections.X.plasticity.rule"),
    (lambda n: n.projection("X", "E", "E", rheo.bernoulli(0.5), plasticity=dict(rule="stdp_pair", params=dict(w=1))),
     "projections.X.plasticity.params.w"),
    (lambda n: n.projection("X", "E", "E", rheo.bernoulli(0.5), plasticity=dict(rule="rstdp")),
     "projections.X.plasticity.signals.dopamine"),
]

ASKED_WRONGLY = [
    (lambda s: s.run(0.05), "run"),
    (lambda s: s.run(-1.0), "run"),
    (lambda s: s.run(float("nan")), "run"),
    (lambda s: s.run(1e300), "run"),
    (lambda s: s.record.spikes("Q"), "record.spikes.populations"),
    (lambda s: s.record.spikes("E[0:100]"), "record.spikes.populations"),
    (lambda s: s.record.states("E", ["W"]), "record.states.variables[0]"),
    (lambda s: s.record.states("E", []), "record.states.variables"),
    (lambda s: s.record.states("S", ["V_m"]), "record.states.population"),
    (lambda s: s.record.states("E", ["V_m"], every=0.05), "record.states.every"),
    (lambda s: s.record.states("E", ["V_m"], every=-1.0), "record.states.every"),
    (lambda s: s.spikes("Q"), "populations"),
    (lambda s: s.spikes("E"), "populations.E"),
    (lambda s: s.state("Q"), "populations"),
    (lambda s: s.state("E")["W"], "populations.E"),
    (lambda s: s.set_state("E", "W", 1.0), "populations.E"),
    (lambda s: s.set_state("E", "V_m", [1.0, 2.0]), "populations.E.V_m"),
    (lambda s: s.set_state("E", "V_m", float("nan")), "populations.E.V_m[0]"),
    (lambda s: s.set_state("E", "V_m", "high"), "E.V_m"),
    (lambda s: s.set_state(["E", "E[0:3]"], "V_m", 1.0), "population"),
    (lambda s: s.set_state("E", "refractory", -1.0), "populations.E.refractory[0]"),
    (lambda s: s.change("E", tau_m=0.0), "populations.E.params.tau_m"),
    (lambda s: s.change("E", tau_n=1.0), "populations.E.params.tau_n"),
    (lambda s: s.change("noise", rate=1.0), "inputs"),
    (lambda s: s.weights("q"), "projections"),
    (lambda s: s.set_weights("q", None, 1.0), "projections"),
    (lambda s: s.set_weights("still", [0], 1.0), "projections.still.weight"),
    (lambda s: s.set_weights("p", None, 2.0), "projections.p.weight"),
    (lambda s: s.set_weights("p", None, [0.1, 0.2]), "projections.p.weight"),
    (lambda s: s.set_weights("p", [10**9], 0.5), "projections.p.synapses[0]"),
    (lambda s: s.set_weights("p", [0.5], 0.5), "projections.p.synapses[0]"),
    (lambda s: s.set_weights("p", None, "strong"), "projections.p.weight"),
    (lambda s: s.learn("q", True), "projections.q"),
    (lambda s: s.learn("still", True), "projections.still"),
    (lambda s: s.signal["q"], "signals.q"),
    (lambda s: s.signal.__setitem__("reward", [1.0]), "signals.reward"),
    (lambda s: s.signal.__setitem__("reward", [1.0, float("inf")]), "signals.reward"),
    (lambda s: s.signal.__setitem__("reward", [1.0, "x"]), "signals.reward"),
]


class Refusals(unittest.TestCase):
    def test_descriptions(self):
        net = network()
        for number, (wrong, key) in enumerate(DESCRIBED_WRONGLY):
            with self.subTest(number), self.assertRaises(rheo.ExperimentError) as caught:
                wrong(net)
            self.assertEqual(caught.exception.key, key, str(caught.exception))
            self.assertTrue(caught.exception.problem)
        # None of them left anything behind.
        sim, right = net.build(), network().build()
        self.assertEqual(list(sim.populations), ["E", "S"])
        for one in (sim, right):
            one.run(20.0)
        self.assertEqual(sim.save(), right.save())

    def test_of_simulations(self):
        sim, right = network().build(), network().build()
        sim.run(1.0)
        right.run(1.0)
        for number, (wrong, key) in enumerate(ASKED_WRONGLY):
            with self.subTest(number), self.assertRaises(rheo.ExperimentError) as caught:
                wrong(sim)
            self.assertEqual(caught.exception.key, key, str(caught.exception))
        self.assertEqual(sim.save(), right.save())

    def test_fields_of_an_error(self):
        with self.assertRaises(rheo.ExperimentError) as caught:
            network().population("X", "iaf_psc_delta", 3, params=dict(tau_n=1.0))
        error = caught.exception
        self.assertIsInstance(error, rheo.Error)
        self.assertEqual((error.key, error.problem, error.suggestion),
                         ("populations.X.params.tau_n", "unknown parameter of iaf_psc_delta", "tau_m"))
        self.assertIn("tau_m", error.expected)
        self.assertIn(error.key, str(error))

    def test_values_that_are_no_values(self):
        net = network()
        with self.assertRaises(RecursionError):
            net.population("X", "iaf_psc_delta", 3, params=dict(tau_m=itself))
        with self.assertRaises(TypeError):
            rheo.uniform(1, 2, 3)
        with self.assertRaises(TypeError):
            rheo.bernoulli(0.1, p=0.2)
        with self.assertRaises(TypeError):
            network().build().spikes(network().populations["E"][1:])
        self.assertEqual(net.population("X", ItsText("iaf_psc_delta"), 3).model, "iaf_psc_delta")

    def test_settings(self):
        for wrong, key in ((dict(dt=0.0), "simulation.dt"), (dict(dt="fast"), "simulation.dt"),
                           (dict(precision="half"), "simulation.precision"), (dict(seed=-1), "simulation.seed"),
                           (dict(lanes=0), "simulation.lanes"), (dict(update="never"), "simulation.update")):
            with self.subTest(key), self.assertRaises(rheo.ExperimentError) as caught:
                rheo.Network(**wrong)
            self.assertEqual(caught.exception.key, key)
        with self.assertRaises(rheo.ExperimentError):
            rheo.Network().build()

    def test_files(self):
        with tempfile.TemporaryDirectory() as folder:
            self.assertRaises(rheo.ExperimentError, rheo.load, f"{folder}/none.toml")
            path = pathlib.Path(folder) / "wrong.toml"
            path.write_text("[simulation]\nduration = 10.0\n[populations.E]\nmodel = \"iaf_psc_delta\"\nsize = 0\n")
            with self.assertRaises(rheo.ExperimentError) as caught:
                rheo.load(path)
            self.assertTrue(caught.exception.file.endswith("wrong.toml:5"))
            with self.assertRaises(rheo.ExperimentError) as caught:
                rheo.load(path, {"populations.E.size": 3, "populations.E.sizes": 3})
            self.assertEqual(caught.exception.key, "populations.E.sizes")

    def test_a_state_that_is_not_finite(self):
        net = rheo.Network(seed=1)
        S = net.population("S", "spike_source", 1, params=dict(times=[[5.0]]))
        E = net.population("E", "izhikevich", 2)
        net.projection("kick", S, E, rheo.edges([0], [1]), weight=-1e25, delay=1.0)
        with self.assertRaises(rheo.NumericalError) as caught:
            net.build().run(100.0)
        self.assertEqual(caught.exception.key, "E[1]")

    def test_no_duration_is_left(self):
        self.assertRaises(ValueError, network().build().run)

    def test_closed(self):
        sim = network().build()
        sim.close()
        sim.close()
        for use in (lambda: sim.run(1.0), lambda: sim.now, lambda: sim.save(), lambda: sim.weights("p"),
                    lambda: sim.record.spikes(), lambda: sim.state("E")["V_m"], lambda: sim.signal["reward"]):
            self.assertRaises(ValueError, use)
        self.assertIn("closed", repr(sim))

    def test_used_by_its_own_call_and_by_another_thread(self):
        sim = network().build()
        refused = []

        def use(_now):
            for what in (sim.save, sim.close, lambda: sim.run(1.0)):
                try:
                    what()
                except ValueError as error:
                    refused.append(str(error))

        sim._engine.run(3000.0, use)
        if refused:  # it ran long enough to be asked
            self.assertTrue(all("in use" in text for text in refused))
        threads = [threading.Thread(target=lambda: self.hammer(sim)) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        sim.run(1.0)

    @staticmethod
    def hammer(sim):
        for _ in range(200):
            try:
                sim.run(0.1)
                sim.state("E")["V_m"]
            except ValueError as error:
                if "in use" not in str(error):
                    raise

    def test_what_a_call_raises_comes_out(self):
        def fail(_):
            raise KeyError("mine")

        sim = network().build()
        with self.assertRaisesRegex(KeyError, "mine"):
            sim.run(10.0, every=1.0, call=fail)
        self.assertAlmostEqual(sim.now, 1.0)
        sim.run(1.0)

    def test_ctrl_c_keeps_what_was_recorded(self):
        program = textwrap.dedent("""
            import rheo
            net = rheo.Network(dt=0.1, seed=1)
            E = net.population("E", "iaf_psc_delta", 2000)
            net.input("noise", "poisson", E, rate=20_000.0, weight=5.0)
            sim = net.build(threads=1)
            sim.record.spikes()
            said = []

            def shown(now):
                if now > 10 and not said:
                    said.append(print("running", flush=True))

            try:
                sim._engine.run(1e7, shown)
            except KeyboardInterrupt:
                times, neurons = sim.spikes("E")
                assert len(times) > 0 and sim.now > 0 and times[-1] <= sim.now
                now = sim.now
                sim.run(1.0)
                assert abs(sim.now - now - 1.0) < 1e-6
                print("stopped")
        """)
        with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True) as process:
            self.assertEqual(process.stdout.readline(), "running\n")
            process.send_signal(signal.SIGINT)
            self.assertEqual(process.stdout.read(), "stopped\n")
        self.assertEqual(process.returncode, 0)

    def test_builds_do_not_pile_up(self):
        def resident():
            gc.collect()
            return int(pathlib.Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")

        def build(times):
            for _ in range(times):
                sim = network().build(threads=1)
                sim.record.spikes()
                sim.run(1.0)
                sim.spikes("E")
                try:
                    sim.run(0.05)
                except rheo.ExperimentError:
                    pass

        build(200)
        before = resident()
        build(1000)
        self.assertLess(resident() - before, 20e6)  # 20 kB for each


if __name__ == "__main__":
    unittest.main()
