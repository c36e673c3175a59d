"""Whole experiments as files have them, and what the command tells of them."""
from __future__ import annotations

import json
import os
import pathlib
import sys
from typing import Any, Mapping, Sequence

from . import _kinds, _rheo
from ._progress import in_notebook, shows
from ._rheo import Error


class Run(dict):
    """What run.json of a run says, and where its files are (.out)."""

    def __init__(self, out: pathlib.Path):
        super().__init__(json.loads((out / "run.json").read_text()))
        self.out = out


def run(file: str | os.PathLike, settings: Mapping[str, Any] | None = None, *, out: str | os.PathLike | None = None,
        threads: int = 0, seed: int | None = None, overwrite: bool = False, quiet: bool = True,
        plugins: Sequence[str] = ()) -> Run:
    """Runs an experiment file or SONATA config as `rheo run` does, with its recordings in files.

    settings: as for load(); out: the directory of results, by default what the file says, or NAME.out. KeyboardInterrupt: it was stopped in
    order and can be resumed by `rheo resume`. Raises Error.
    """
    file = os.fspath(file)
    directory = _rheo.run_file(file, dict(settings or {}), "" if out is None else os.fspath(out), threads, seed, overwrite,
                               quiet, [os.fspath(plugin) for plugin in plugins])
    if directory is None:
        raise KeyboardInterrupt
    return Run(pathlib.Path(directory))


class Sweep:
    """The folder of a sweep, with a folder for each of its points."""

    def __init__(self, directory: str | os.PathLike):
        self.directory = pathlib.Path(directory)

    def status(self) -> dict:
        """How many points there are and in which state, who is at work, and what failed: `rheo sweep status --json`."""
        return json.loads(_rheo.sweep_status(str(self.directory)))

    def table(self):
        """A row for each point, as a structured array: what it sets, its metrics, its state and times (docs/sweeps.md)."""
        import numpy
        columns = {name: numpy.asarray(rows) for name, rows in _rheo.sweep_table(str(self.directory)).items()}
        table = numpy.empty(len(columns["folder"]), [(name, rows.dtype) for name, rows in columns.items()])
        for name, rows in columns.items():
            table[name] = rows
        return table

    def frame(self):
        """The same as a DataFrame of pandas, which has to be installed."""
        import pandas
        return pandas.DataFrame(_rheo.sweep_table(str(self.directory)))

    def __repr__(self) -> str:
        return f"<rheo.Sweep in {self.directory}>"


def sweep(file: str | os.PathLike, settings: Mapping[str, Any] | None = None, *, out: str | os.PathLike | None = None,
          jobs: int = 0, threads_per_point: int = 1, retry_failed: bool = False, progress: bool | None = None,
          plugins: Sequence[str] = ()) -> Sweep:
    """Runs all points of an experiment file with [sweep] that are not finished, each in a process of its own.

    jobs: points at a time, 0 for one per processor; out: the folder, by default NAME.sweep. Points that fail are in
    status() and table(). KeyboardInterrupt: it was stopped in order, and the same call goes on. Raises Error. Clusters:
    python3 -m rheo sweep --engine slurm (docs/sweeps.md).
    """
    import signal
    import subprocess  # here, because few programs need it and it is slow to load
    file, settings = os.fspath(file), dict(settings or {})
    libraries = [os.fspath(plugin) for plugin in plugins]
    directory = _rheo.begin_sweep(file, settings, libraries, False)
    directory = directory if out is None else os.fspath(out)
    words = [sys.executable, "-m", "rheo", "sweep", file, "--out", directory, "--threads-per-point", str(threads_per_point)]
    words += ["--jobs", str(jobs)] * bool(jobs) + ["--retry-failed"] * bool(retry_failed)
    words += [word for setting in _rheo.overrides(settings) for word in ("--set", setting)]
    words += [word for library in libraries for word in ("--plugin", library)]
    # A process without threads, which may fork one for each point; what it says in the end is in status().
    folder = str(pathlib.Path(__file__).parent.parent)
    shown = shows(progress) and not in_notebook()
    process = subprocess.Popen(words + ["--quiet"] * (not shown), text=True, stdout=subprocess.DEVNULL,
                               stderr=None if shown else subprocess.PIPE, start_new_session=True,
                               env={**os.environ, "PYTHONPATH": os.pathsep.join([folder, os.environ.get("PYTHONPATH", "")])})
    said = None
    while process.returncode is None:
        try:
            _, said = process.communicate()
        except KeyboardInterrupt:  # it stops its points in order, and at once when it is told so twice
            process.send_signal(signal.SIGINT)
    if process.returncode == 75:
        raise KeyboardInterrupt
    if process.returncode not in (0, 1):  # 1: there are points that failed
        _rheo.begin_sweep(file, settings, libraries, True)  # says it with key and value, if it is about the file
        raise Error((said or "the sweep could not be run").removeprefix("rheo: ").strip())
    return Sweep(directory)


def validate(file: str | os.PathLike, settings: Mapping[str, Any] | None = None, plugins: Sequence[str] = ()) -> dict:
    """What `rheo validate --json` says of an experiment that is right. Raises ExperimentError for another one."""
    return json.loads(_rheo.validate(os.fspath(file), dict(settings or {}), [os.fspath(one) for one in plugins]))


def inspect(file: str | os.PathLike, settings: Mapping[str, Any] | None = None, *, graph: bool = False, samples: int = 1000,
            threads: int = 0, plugins: Sequence[str] = ()) -> dict:
    """What `rheo inspect --json` says of the network once it is built; graph: degrees, paths and clusters of it, too."""
    return json.loads(_rheo.inspect(os.fspath(file), dict(settings or {}), [os.fspath(one) for one in plugins], graph,
                                    samples, threads))


class Page(dict):
    """What there is to know of a neuron model or a plasticity rule; help() and print() show its page."""

    def __init__(self, description: dict, text: str):
        super().__init__(description)
        self.__doc__ = self._text = text

    def __str__(self) -> str:
        return self._text


def models() -> list[str]:
    """The names of the neuron models."""
    return [one["name"] for one in _kinds.vocabulary()["models"]]


def model(name: str) -> Page:
    """A neuron model, as `rheo models NAME` has it. Raises ExperimentError."""
    text = _rheo.page(name, "", [])
    return Page(next(one for one in _kinds.vocabulary()["models"] if one["name"] == name), text)


def rules(plugins: Sequence[str] = ()) -> list[str]:
    """The names of the plasticity rules, those of libraries included."""
    return [one["name"] for one in json.loads(_rheo.vocabulary([os.fspath(one) for one in plugins]))["rules"]]


def rule(name: str, plugins: Sequence[str] = ()) -> Page:
    """A plasticity rule, as `rheo models --rule NAME` has it. Raises ExperimentError."""
    libraries = [os.fspath(one) for one in plugins]
    text = _rheo.page("", name, libraries)
    return Page(next(one for one in json.loads(_rheo.vocabulary(libraries))["rules"] if one["name"] == name), text)
