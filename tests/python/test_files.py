"""Files and folders from Python: experiments, sweeps, what --json prints, and results for other programs."""
import importlib.util
import json
import os
import pathlib
import re
import signal
import subprocess
import sys
import tempfile
import time
import unittest

import numpy as np

import rheo

ROOT = pathlib.Path(__file__).resolve().parents[2]
SPIKING = """
[simulation]
duration = 200.0
seed = 3
[populations.E]
model = "iaf_psc_delta"
size = 40
params = { tau_m = 20.0, E_L = 0.0, V_reset = 0.0, V_th = 20.0 }
[inputs.background]
kind = "poisson"
target = "E"
rate = 20000.0
weight = 0.1
"""


def has(module):
    return importlib.util.find_spec(module) is not None


class InAFolder(unittest.TestCase):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.folder = pathlib.Path(scratch.name)

    def file(self, text, name="e.toml"):
        (self.folder / name).write_text(text)
        return self.folder / name

    def spiking(self):
        sim = rheo.load(self.file(SPIKING)).build(threads=1)
        sim.record.spikes("E")
        return sim


class Experiments(InAFolder):
    def test_changes_and_conditions_of_a_file(self):
        file = self.file(SPIKING + '[[changes]]\nat = 50.0\ninputs.background.rate = 40000.0\n'
                                   '[[stop]]\nrate = "E"\nabove = 80.0\nevery = 25.0\n[record.spikes]\n')
        result = rheo.run(file, out=self.folder / "out")
        self.assertEqual(result["changes"], ["50 ms: inputs.background { rate = 40000.0 }"])
        self.assertRegex(result["stopped"], r"stop\[0\]: E spikes at \d+(\.\d+)? Hz, more than 80")
        self.assertEqual((result["status"], result["simulated_ms"]), ("finished", 75.0))
        sim = rheo.load(file).build()
        sim.run()
        self.assertEqual((sim.stopped, sim.now, sim.changes), (result["stopped"], 75.0, result["changes"]))
        sim.run(10.0)
        self.assertEqual(sim.stopped, "")

    def test_the_command(self):
        def command(*words):
            return subprocess.run([sys.executable, "-m", "rheo", *map(str, words)], text=True, capture_output=True)
        file = self.file(SPIKING)
        ended = command("run", file, "--out", self.folder / "out", "--json", "--quiet")
        self.assertEqual(ended.returncode, 0, ended.stderr)
        printed = json.loads(ended.stdout)
        self.assertEqual(printed.pop("directory"), str(self.folder / "out"))
        self.assertEqual(printed, json.loads((self.folder / "out" / "run.json").read_text()))
        ended = command("validate", file, "--json", "--set", "populations.E.sise=3")
        self.assertEqual(ended.returncode, 2)
        error = json.loads(ended.stdout)
        self.assertEqual((error["status"], error["error"]["key"], error["error"]["suggestion"]),
                         ("error", "populations.E.sise", "size"))
        self.assertIn("populations.E.sise", ended.stderr)

    def test_objects_have_the_keys_of_their_page(self):
        page = (ROOT / "docs" / "json.md").read_text()

        def keys(title, occurrence=0):
            part = page.split(f"\n## {title}\n")[1].split("\n## ")[0].split("| key | |\n")[occurrence + 1].split("\n\n")[0]
            return {key for row in part.splitlines() if row.startswith("| `")
                    for key in re.findall(r"`(\w+)`", row.split("|")[1])}
        file = self.file(SPIKING + '[[phases]]\nname = "all"\nduration = 200.0\n')
        validated = rheo.validate(file)
        self.assertEqual(set(validated) | {"points"}, keys("rheo validate"))
        self.assertEqual((validated["kind"], validated["duration_ms"], validated["populations"]),
                         ("simulation", 200.0, [{"name": "E", "model": "iaf_psc_delta", "size": 40}]))
        self.assertEqual(set(rheo.inspect(file, graph=True)), keys("rheo inspect"))
        vocabulary = rheo._kinds.vocabulary()
        self.assertEqual(set(vocabulary), keys("rheo models"))
        for name in rheo.models():
            self.assertEqual(set(rheo.model(name)), keys("rheo models", 1))
        for name in rheo.rules():
            self.assertEqual(set(rheo.rule(name)), keys("rheo models", 2))
            self.assertIn(rheo.rule(name)["equation"].splitlines()[0], str(rheo.rule(name)))
        sweep = rheo.sweep(self.file(SPIKING + '[sweep.axes]\n"populations.E.params.tau_m" = [10.0, 20.0]\n', "s.toml"),
                           {"simulation.duration": 20.0}, out=self.folder / "sweep")
        self.assertEqual(set(sweep.status()), keys("rheo sweep status"))
        self.assertEqual(rheo.validate(self.folder / "s.toml")["points"], 2)

    def test_what_is_not_there(self):
        for call in (lambda: rheo.model("iaf_psc_dleta"), lambda: rheo.rule("stdp"), lambda: rheo.validate("none.toml"),
                     lambda: rheo.inspect(self.file(SPIKING), {"populations.E.size": -3})):
            with self.assertRaises(rheo.ExperimentError):
                call()
        with self.assertRaises(rheo.Error):
            rheo.Sweep(self.folder).table()


class Sweeps(InAFolder):
    def test_a_table_has_a_row_for_each_point(self):
        file = self.file(SPIKING + '[sweep]\nmetrics = ["rate.E"]\n[sweep.axes]\n'
                                   '"inputs.background.rate" = [10000.0, 20000.0, 40000.0]\n'
                                   '"populations.E.model" = ["iaf_psc_delta", "iaf_psc_exp"]\n')
        sweep = rheo.sweep(file, {"simulation.seed": 5}, out=self.folder / "s", jobs=2)
        status = sweep.status()
        self.assertEqual((status["points"], status["finished"], status["live"]), (6, 6, False))
        table = sweep.table()
        self.assertEqual(len(table), 6)
        rows = table[table["populations.E.model"] == "iaf_psc_delta"]
        self.assertEqual(rows["inputs.background.rate"].tolist(), [10000.0, 20000.0, 40000.0])
        self.assertTrue((np.diff(rows["rate.E"]) > 0).all())
        for row in rows:
            alone = rheo.load(file, {"simulation.seed": 5, "inputs.background.rate": row["inputs.background.rate"]}).build()
            alone.record.spikes("E")
            alone.run()
            self.assertAlmostEqual(row["rate.E"], len(alone.spikes("E")[0]) / 40 / 0.2)
        again = rheo.sweep(file, {"simulation.seed": 5}, out=self.folder / "s")  # nothing is left to do
        self.assertEqual(again.table().tobytes(), table.tobytes())
        if has("pandas"):
            frame = sweep.frame()
            self.assertEqual(frame["rate.E"].tolist(), table["rate.E"].tolist())
        else:
            print("no pandas: DataFrames are not tested")

    def test_points_that_fail_are_told(self):
        """An indegree of 30 needs 30 sources, and is wrong beside a size of 20 only."""
        file = self.file(SPIKING + '[projections.p]\nsource = "E"\ntarget = "E"\n'
                         'connect = { rule = "fixed_indegree", indegree = 4, multapses = false }\n[sweep.axes]\n'
                         '"populations.E.size" = [20, 40]\n"projections.p.connect.indegree" = [4, 30]\n')
        sweep = rheo.sweep(file, out=self.folder / "s")
        status = sweep.status()
        self.assertEqual((status["finished"], status["failed"]), (3, 1))
        self.assertEqual(status["errors"][0]["parameters"], {"populations.E.size": 20, "projections.p.connect.indegree": 30, "simulation.seed": 3})
        self.assertIn("indegree", status["errors"][0]["error"])
        self.assertEqual(sweep.table()["state"].tolist().count("failed"), 1)

    def test_ctrl_c_stops_points_in_order_and_the_same_call_goes_on(self):
        file = self.file(SPIKING.replace("duration = 200.0", "duration = 1e9") +
                         '[sweep.axes]\n"populations.E.params.tau_m" = [10.0, 20.0]\n')
        code = ("import rheo, sys\n"
                f"try:\n    rheo.sweep({str(file)!r}, out={str(self.folder / 's')!r}, jobs=1)\n"
                "except KeyboardInterrupt:\n    sys.exit(5)\n")
        process = subprocess.Popen([sys.executable, "-c", code])
        while True:  # until a point is at work
            self.assertIsNone(process.poll())
            if (self.folder / "s" / "sweep.json").exists() and any((self.folder / "s").glob("points/*/*/run.json")):
                break
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        self.assertEqual(process.wait(timeout=60), 5)
        status = rheo.Sweep(self.folder / "s").status()
        self.assertEqual((status["live"], status["failed"], status["finished"]), (False, 0, 0))
        self.assertEqual(status["interrupted"], 1)
        self.file(SPIKING.replace("duration = 200.0", "duration = 20.0") +
                  '[sweep.axes]\n"populations.E.params.tau_m" = [10.0, 20.0]\n')
        self.assertEqual(rheo.sweep(file, out=self.folder / "s").status()["finished"], 2)

    def test_what_is_wrong_is_refused_before_it_begins(self):
        with self.assertRaises(rheo.ExperimentError) as caught:
            rheo.sweep(self.file(SPIKING))
        self.assertEqual(caught.exception.key, "sweep")
        with self.assertRaises(rheo.ExperimentError) as caught:
            rheo.sweep(self.file(SPIKING + '[sweep.axes]\n"populations.E.params.tau_m" = [-20.0, 10.0]\n'),
                       out=self.folder / "s")
        self.assertEqual(caught.exception.key, "populations.E.params.tau_m")
        with self.assertRaises(rheo.ExperimentError):
            rheo.sweep(self.file(SPIKING + '[sweep.axes]\n"populations.E.params.tau_n" = [10.0]\n'), out=self.folder / "s")


class Results(InAFolder):
    def test_what_was_recorded_is_written_as_a_run_writes_it(self):
        """The same spikes and states are the same bytes, whoever recorded them."""
        file = self.file(SPIKING + '[record.spikes]\n[record.states]\npopulation = ["E[20:30]", "E[0:10:3]"]\n'
                                   'variables = ["V_m", "refractory"]\nevery = 0.5\n')
        by_run = rheo.run(file, out=self.folder / "run")
        sim = rheo.load(file).build(threads=2)
        for _ in range(8):
            sim.run(25.0)
        by_hand = sim.write(self.folder / "hand")
        self.assertEqual(by_hand["sha256"], by_run["sha256"])
        self.assertEqual(len(by_run["sha256"]), 3)
        self.assertEqual(by_hand["populations"], by_run["populations"])
        for name in by_run["sha256"]:
            self.assertEqual((self.folder / "run" / name).read_bytes(), (self.folder / "hand" / name).read_bytes())

    def test_rates_are_those_of_what_was_recorded(self):
        sim = rheo.load(self.file(SPIKING)).build()
        sim.run(50.0)
        sim.record.spikes("E[0:10]")
        sim.run(100.0)
        count = len(sim.spikes("E")[0])
        written = sim.write(self.folder / "out")
        self.assertAlmostEqual(written["populations"]["E"]["rate_Hz"], count / 10 / 0.1)
        self.assertEqual(written["recorded_spikes"]["neurons"], {"E": 10})
        self.assertEqual((written["begin_ms"], written["simulated_ms"]), (50.0, 100.0))

    def test_a_page(self):
        sim = self.spiking()
        sim.record.states("E[0:3]", ["V_m"], every=1.0)
        sim.run(100.0)
        sim.report(self.folder / "page.html")
        page = (self.folder / "page.html").read_text()
        self.assertIn("<svg", page)
        self.assertIn("V_m", page)

    def test_sonata_gives_the_same_spikes_again(self):
        sim = self.spiking()
        sim.to_sonata(self.folder / "net", duration=100.0)
        sim.run(100.0)
        rheo.run(self.folder / "net" / "config.json", out=self.folder / "out")
        again = rheo.load(self.folder / "net" / "config.json").build()
        again.record.spikes("E")
        again.run()
        self.assertEqual(again.now, 100.0)
        for mine, theirs in zip(sim.spikes("E"), again.spikes("E")):
            np.testing.assert_array_equal(mine, theirs)
        with self.assertRaises(rheo.ExperimentError):
            sim.to_sonata(self.folder / "later")

    @unittest.skipUnless(has("neo"), "no neo (Debian: python3-neo)")
    def test_trains_of_neo(self):
        sim = self.spiking()
        sim.run(100.0)
        trains = sim.spikes_neo()
        times, neurons = sim.spikes("E")
        self.assertEqual(len(trains), 40)
        for n, train in enumerate(trains):
            self.assertEqual(train.annotations, {"population": "E", "node_id": n})
            np.testing.assert_array_equal(train.magnitude, times[neurons == n])
        self.assertEqual(sim.spikes_neo("E")[3].t_stop, 100.0)


class Processes(InAFolder):
    def test_processes_that_are_spawned(self):
        import concurrent.futures
        import multiprocessing
        self.spiking().run(10.0)
        with concurrent.futures.ProcessPoolExecutor(2, multiprocessing.get_context("spawn")) as pool:
            counts = list(pool.map(count_spikes, [str(self.folder / "e.toml")] * 3))
        self.assertEqual(counts, [counts[0]] * 3)
        self.assertGreater(counts[0], 100)

    def test_a_fork_after_a_build_works_or_says_why_not(self):
        code = ("import os, sys, rheo\n"
                f"net = rheo.load({str(self.file(SPIKING))!r})\n"
                "sim = net.build(threads=2)\nsim.record.spikes('E')\nsim.run(50.0)\n"
                "child = os.fork()\n"
                "if child == 0:\n"
                "    try:\n"
                "        sim.run(50.0)\n        other = net.build(threads=2)\n        other.run(10.0)\n"
                "    except rheo.Error as error:\n"
                "        print(error)\n        os._exit(3)\n"
                "    os._exit(0)\n"
                "code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])\n"
                "sim.run(50.0)\nsys.exit(code if code in (0, 3) else 9)\n")
        ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)
        self.assertIn(ended.returncode, (0, 3), ended.stderr)

    def test_a_task_of_a_file_runs_and_has_scores(self):
        text = """[simulation]
dt = 1.0
seed = 3
[populations.X]
model = "rate_tanh"
size = 50
[projections.recurrent]
source = "X"
target = "X"
transmits = "value"
connect = { rule = "fixed_indegree", indegree = 10 }
weight = { uniform = [-0.5, 0.5] }
[signals.input]
kind = "task"
[inputs.drive]
kind = "current"
target = "X"
signal = "input"
amplitude = { uniform = [-0.3, 0.3] }
[data.narma]
kind = "narma10"
split = { train = 300, validate = 100, test = 100 }
[trials]
[readouts.y]
kind = "ridge"
of = "r"
"""
        file = self.file(text)
        sim = rheo.load(file).build()
        with self.assertRaises(rheo.ExperimentError) as caught:
            sim.scores()
        self.assertIn("are not over for 600 ms", str(caught.exception))
        with self.assertRaises(rheo.ExperimentError):
            sim.save()
        sim.run(251.0)
        sim.run()
        scores = sim.scores()
        self.assertEqual(list(scores), ["nrmse", "validation", "participation_ratio"])
        self.assertLess(scores["nrmse"], 0.7)
        # The same as by the command, however a program cuts the run.
        import json
        out = file.parent / "by_command"
        subprocess.run([os.environ.get("RHEO_COMMAND", str(pathlib.Path(rheo.__file__).parents[2] / "rheo")), "run", str(file),
                        "--out", str(out), "--quiet"], check=True)
        self.assertEqual(json.loads((out / "run.json").read_text())["scores"], scores)

    @unittest.skipUnless(has("pandas"), "no pandas (Debian: python3-pandas)")
    def test_columns_of_pandas(self):
        import pandas
        table = pandas.DataFrame({"source": [0, 1, 2], "target": [1, 2, 0], "weight": [0.5, 1.5, 2.5], "tau": [10, 20, 30],
                                  "name": list("abc")})
        net = rheo.Network(seed=1)
        A = net.population("A", "iaf_psc_delta", 3, params=dict(tau_m=table["tau"]))
        net.projection("p", A, A, rheo.edges(table["source"], table["target"]), weight=table["weight"], delay=1.0)
        self.assertEqual(net.build().weights("p")["weight"].tolist(), [0.5, 1.5, 2.5])
        with self.assertRaises(rheo.ExperimentError) as caught:
            net.projection("q", A, A, rheo.edges(table["name"], table["target"]), weight=1.0, delay=1.0)
        self.assertIn("source", caught.exception.key)


def count_spikes(file):
    sim = rheo.load(file).build()
    sim.record.spikes("E")
    sim.run(100.0)
    return len(sim.spikes("E")[0])


if __name__ == "__main__":
    unittest.main()
