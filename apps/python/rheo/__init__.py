"""Rheobase: a simulator of spiking networks.

The words are those of the experiment file: `Network.population`, `.input`, `.signal` and `.projection` take what the
tables [populations.NAME], [inputs.NAME], [signals.NAME] and [projections.NAME] take, and what is wrong is refused in the
same words. Units: ms, mV, pA, pF, nS, Hz; weights in the unit of the model's port. A setting whose name Python keeps for
itself takes an underscore: `lambda_`.

    import rheo
    net = rheo.Network(dt=0.1, seed=1)
    E = net.population("E", "iaf_psc_delta", 1000, params=dict(tau_m=20.0, V_th=20.0))
    net.input("background", "poisson", target=E, rate=20_000.0, weight=0.1)
    net.projection("own", E, E, rheo.fixed_indegree(100), weight=0.05, delay=rheo.uniform(0.5, 5))
    sim = net.build()
    sim.record.spikes(E)
    sim.run(1000.0)
    times, neurons = sim.spikes("E")
"""
from __future__ import annotations

import collections.abc
import os
import pathlib
from typing import Any, Callable, Iterable, Mapping, Sequence

from . import _kinds, _rheo
from ._experiments import Page, Run, Sweep, inspect, model, models, rule, rules, run, sweep, validate
from ._progress import Progress, shows
from ._rheo import Error, ExperimentError, NumericalError, RecordingError, StateError, __version__

__all__ = ["Error", "ExperimentError", "Network", "NumericalError", "Page", "Population", "RecordingError", "Run",
           "Selection", "Simulation", "StateError", "Sweep", "edges", "inspect", "load", "model", "models", "rule", "rules",
           "run", "sweep", "validate"]


class Selection:
    """Some neurons of a population: `E[0:100]`, `E[::10]`, `E[5]`."""

    population: str
    neurons: range

    def __init__(self, population: str, neurons: range, text: str):
        self.population, self.neurons, self._rheo_text = population, neurons, text

    def __len__(self) -> int:
        return len(self.neurons)

    def __repr__(self) -> str:
        return self._rheo_text


class Population(Selection):
    """All neurons of a population; a slice of it is a `Selection`."""

    name: str
    model: str

    def __init__(self, name: str, model: str, size: int):
        super().__init__(name, range(size), name)
        self.name, self.model = name, model

    def __getitem__(self, which: slice | int) -> Selection:
        """Neurons by number, as in a list. Raises IndexError or ValueError for what selects nothing."""
        if isinstance(which, slice):
            begin, end, step = which.indices(len(self))
            if step < 0:
                raise ValueError(f"{self.name}: a selection has a step > 0, not {step}")
            neurons = range(begin, end, step)
            if not neurons:
                raise ValueError(f"{self.name}[{begin}:{end}:{step}] selects none of {len(self)} neurons")
        else:
            number = range(len(self))[which]
            neurons = range(number, number + 1)
        step = "" if neurons.step == 1 else f":{neurons.step}"
        return Selection(self.name, neurons, f"{self.name}[{neurons.start}:{neurons.stop}{step}]")


class Network:
    """A network that is described table by table, and then built.

    dt: length of a tick, ms; seed: of all that is drawn; precision: "single" or "double"; update: "auto", "tick" or
    "event"; lanes: parts that are computed at the same time (no result depends on it); plugins: libraries of plasticity
    rules. Raises ExperimentError.
    """

    populations: dict[str, Population]

    def __init__(self, dt: float = 0.1, seed: int | None = None, *, precision: str | None = None,
                 update: str | None = None, lanes: int | None = None, plugins: Sequence[str] = ()):
        self._builder = _rheo.Builder(dict(dt=dt, seed=seed, precision=precision, update=update, lanes=lanes),
                                      [os.fspath(plugin) for plugin in plugins])
        self.populations = {}

    def population(self, name: str, model: str | None = None, size: int | None = None, *,
                   like: Population | str | None = None, params: Mapping[str, Any] | None = None,
                   initial: Mapping[str, Any] | None = None, positions: Mapping[str, Any] | None = None,
                   update: str | None = None) -> Population:
        """Adds neurons of a model, or of another population's model and parameters (`like`).

        params, initial: a number for all, one for each neuron ([size], list or array), or a distribution.
        help(rheo.model(NAME)) says what there is. Returns what `target`, `source` and recordings take.
        """
        self._builder.add("populations", name, dict(model=model, size=size, like=like, params=params, initial=initial,
                                                    positions=positions, update=update))
        return self._know()[name]

    def input(self, name: str, kind: str, target, **settings) -> None:
        """Adds what comes from outside: kind "poisson", "spikes", "current", ...; target: populations or parts of them."""
        self._builder.add("inputs", name, dict(kind=kind, target=target, **settings))

    def signal(self, name: str, kind: str, **settings) -> None:
        """Adds numbers for each tick, which rules and inputs read; those of kind "task" are set by `Simulation.signal`."""
        self._builder.add("signals", name, dict(kind=kind, **settings))

    def projection(self, name: str, source, target, connect: Mapping[str, Any], *, weight=None, delay=None,
                   velocity: float | None = None, port: str | None = None, transmits: str | None = None,
                   weight_bits: int | None = None, plasticity: Mapping[str, Any] | None = None) -> None:
        """Adds synapses: connect is a rule such as rheo.fixed_indegree(100) or rheo.edges(pre, post).

        weight (in the unit of the port), delay (ms): a number, a distribution, a number of each pair, or with
        rheo.edges one for each edge. transmits: "value" or the name of a state instead of spikes. weight_bits=16: weights are kept as multiples of a power of two. plasticity: dict(rule=.., params=dict(..), signals=dict(..)).
        """
        self._builder.add("projections", name, dict(source=source, target=target, connect=connect, weight=weight,
                                                    delay=delay, velocity=velocity, port=port, transmits=transmits,
                                                    weight_bits=weight_bits, plasticity=plasticity))

    def build(self, threads: int = 0) -> Simulation:
        """Builds it; threads: 0 for one per processor. What is described afterwards is for another build."""
        return Simulation(self, threads)

    def _know(self) -> dict[str, Population]:
        for name, model_name, size in self._builder.populations()[len(self.populations):]:
            self.populations[name] = Population(name, model_name, size)
        return self.populations


def load(file: str | os.PathLike, settings: Mapping[str, Any] | None = None, plugins: Sequence[str] = ()) -> Network:
    """The network of an experiment file or SONATA config, to be built or gone on with.

    settings: instead of those in the file, as {"projections.exc.weight": 0.2}. What the file records goes into memory.
    """
    network = Network.__new__(Network)
    network._builder = _rheo.Builder.load(os.fspath(file), dict(settings or {}), [os.fspath(p) for p in plugins])
    network.populations = {}
    network._know()
    return network


class _States(collections.abc.Mapping):
    """The state variables of a population, each read when it is asked for: [neurons], float64, in the variable's unit."""

    def __init__(self, simulation: Simulation, population: Population):
        self._simulation, self._population = simulation, population

    def __getitem__(self, variable: str):
        return self._simulation._engine.state(self._population.name, variable)

    def __iter__(self):
        return iter(one["name"] for one in model(self._population.model)["variables"])

    def __len__(self) -> int:
        return len(model(self._population.model)["variables"])


class _Signals:
    """sim.signal["reward"]: its numbers in the last tick; assigning sets those of kind "task" from the next tick on."""

    def __init__(self, engine):
        self._engine = engine

    def __getitem__(self, name: str):
        return self._engine.signal(name)

    def __setitem__(self, name: str, values) -> None:
        self._engine.set_signal(name, values, False)

    def pulse(self, name: str, values) -> None:
        """Sets it in the next tick alone."""
        self._engine.set_signal(name, values, True)


class States:
    """A recording of states: .time [samples] in ms, and ["V_m"] [samples x neurons], copies of what there is so far."""

    def __init__(self, engine, number: int):
        self._engine, self._number = engine, number

    def __getitem__(self, variable: str):
        return self._engine.recorded_states(self._number)[variable]

    @property
    def time(self):
        return self["time"]


class _Recorder:
    """sim.record: what goes into memory from here on."""

    def __init__(self, simulation: Simulation):
        self._simulation = simulation

    def spikes(self, *neurons: Selection | str) -> None:
        """Spikes of these populations or parts of them; without any, of all."""
        self._simulation._engine.record_spikes(list(neurons or self._simulation.populations.values()))

    def states(self, neurons: Selection | str, variables: Iterable[str], *, every: float | None = None,
               start: float | None = None, stop: float | None = None) -> States:
        """State variables, every so many ms (without it in each tick), the present one first."""
        engine = self._simulation._engine
        return States(engine, engine.record_states(neurons, list(variables), every, start, stop))


class Simulation:
    """A network that runs. Made by Network.build. One thread at a time may use it; several may stand side by side."""

    populations: dict[str, Population]
    record: _Recorder
    signal: _Signals

    def __init__(self, network: Network, threads: int = 0):
        self._engine = _rheo.Simulation(network._builder, threads)
        self.populations = dict(network._know())
        self.record = _Recorder(self)
        self.signal = _Signals(self._engine)

    @property
    def now(self) -> float:
        """ms of biology that were computed."""
        return self._engine.now()

    @property
    def dt(self) -> float:
        """Length of a tick, ms."""
        return self._engine.dt()

    def run(self, duration: float | None = None, *, every: float | None = None,
            call: Callable[[Simulation], Any] | None = None, progress: bool | None = None) -> None:
        """Computes `duration` ms, a whole number of ticks; of a network from a file without it what is left of its own.

        call(sim) is called every `every` ms; what it returns ends the run where it is true. progress: whether a bar is
        drawn on stderr, by default after a second, in terminals and notebooks. Ctrl-C ends it with KeyboardInterrupt
        between two ticks: what was computed stays, and it can go on. Raises ExperimentError, NumericalError.
        """
        duration = self._left() if duration is None else float(duration)
        if call is None and every is None:
            self._engine.run(duration, Progress(self.now, duration) if shows(progress) else None)
            return
        if call is None or every is None:
            raise TypeError("every (ms) and call go together")
        end = self.now + duration
        while self.now < end - self.dt / 2:
            self._engine.run(min(float(every), round(end - self.now, 9)), None)
            if call(self):
                return

    def _left(self) -> float:
        left = self._engine.left()
        if left == 0:
            raise ValueError("no duration of an experiment file is left; expected run(ms)")
        return left

    def scores(self) -> dict[str, float | None]:
        """Of an experiment with trials, once it has run to its end: by name, None where a score is not defined."""
        return self._engine.scores()

    def spikes(self, population: Population | str):
        """Recorded spikes as (times [n] in ms, numbers of neurons [n]), by time and neuron; copies."""
        return self._engine.spikes(_name(population))

    def clear_spikes(self) -> None:
        """Forgets the recorded spikes; recording goes on."""
        self._engine.clear_spikes()

    def state(self, population: Population | str) -> Mapping[str, Any]:
        """The state variables of all its neurons: sim.state("E")["V_m"], a copy."""
        name = _name(population)
        if name not in self.populations:
            self._engine.state(name, "")
        return _States(self, self.populations[name])

    def set_state(self, neurons: Selection | str, variable: str, values) -> None:
        """Changes a state variable of neurons: one number for all, or one each."""
        self._engine.set_state(neurons, variable, values)

    def change(self, what: Population | str, **settings) -> None:
        """Changes parameters of a population, or settings of an input, from the next tick on; states stay.

        sim.change(E, tau_m=15.0), sim.change("background", rate=5000.0). What is not named stays as it is.
        """
        name = _name(what)
        if isinstance(what, Population) or name in self.populations:
            self._engine.change("populations", name, dict(params=settings))
        else:
            self._engine.change("inputs", name, settings)

    @property
    def stopped(self) -> str:
        """Which condition of the experiment file ended the last run before its time; empty: none."""
        return self._engine.stopped()

    @property
    def changes(self) -> list[str]:
        """What change(), set_weights() and the experiment file changed so far, with the time of each."""
        return self._engine.changes()

    def weights(self, projection: str):
        """The synapses of a projection as a structured array, by source, target and delay; a copy.

        Fields: source and target (numbers within their populations), weight, delay (ms), what the rule keeps for each
        synapse, and, where several populations meet, source_population and target_population (numbers of them).
        """
        import numpy
        columns = self._engine.synapses(projection)
        for name in ("source_population", "target_population"):
            if len(columns[name]) == 0 or (columns[name] == columns[name][0]).all():
                del columns[name]
        table = numpy.empty(len(columns["source"]), [(name, column.dtype) for name, column in columns.items()])
        for name, column in columns.items():
            table[name] = column
        return table

    def set_weights(self, projection: str, synapses, weights) -> None:
        """Changes weights of synapses, given by their numbers in weights(); None: of all. One for all of them, or one each.

        Spikes that are on their way meet the new ones. Raises ExperimentError where synapses that share one weight would
        differ, where a sign would go to another port, or beyond the bounds of a plasticity rule.
        """
        self._engine.change("projections", projection, dict(weight=weights, synapses=synapses))

    @property
    def synapses(self) -> dict[str, int]:
        """How many there are in each projection."""
        return dict(self._engine.projections())

    def learn(self, projection: str, learns: bool) -> None:
        """Whether a plastic projection changes from here on."""
        self._engine.learn(projection, bool(learns))

    def save(self) -> bytes:
        """The whole dynamic state, spikes in flight included."""
        return self._engine.save()

    def load(self, state: bytes | str | os.PathLike) -> None:
        """Goes on from what save() gave, or from a checkpoint file. Raises StateError."""
        if isinstance(state, (bytes, bytearray, memoryview)):
            self._engine.load(bytes(state))
        else:
            self._engine.load_checkpoint(os.fspath(state))

    def checkpoint(self, file: str | os.PathLike) -> None:
        """Writes the state to a file that load() and `simulation.initial_state` of experiment files read."""
        self._engine.save_checkpoint(os.fspath(file))

    def write(self, directory: str | os.PathLike) -> Run:
        """Writes what was recorded as `rheo run` does: spikes.h5, a file for each variable, run.json. Raises RecordingError."""
        self._engine.write(os.fspath(directory))
        return Run(pathlib.Path(directory))

    def report(self, file: str | os.PathLike) -> None:
        """Writes a page of HTML that shows what was recorded: activity, rates, intervals, states."""
        import tempfile
        with tempfile.TemporaryDirectory() as folder:
            self.write(folder)
            _rheo.report(folder, os.fspath(file))

    def to_sonata(self, directory: str | os.PathLike, duration: float = 1000.0) -> None:
        """Writes the network as SONATA, before it has run, into a directory that is not there yet (docs/formats.md).

        duration: of the run that its config describes, ms. Raises ExperimentError for what SONATA has no place for.
        """
        self._engine.to_sonata(os.fspath(directory), float(duration))

    def spikes_neo(self, *populations: Population | str) -> list:
        """Recorded spikes as one neo.SpikeTrain for each neuron, with its population and node_id; neo has to be installed.

        Without an argument of all populations that are recorded.
        """
        import neo
        import numpy
        trains = []
        for name in map(_name, populations or self._engine.recorded_populations()):
            times, neurons = self.spikes(name)
            order = numpy.argsort(neurons, kind="stable")
            cuts = numpy.searchsorted(neurons[order], numpy.arange(len(self.populations[name]) + 1))
            for n, (begin, end) in enumerate(zip(cuts, cuts[1:])):
                trains.append(neo.SpikeTrain(times[order[begin:end]], units="ms", t_start=0.0, t_stop=self.now,
                                             name=f"{name}[{n}]", population=name, node_id=n))
        return trains

    def close(self) -> None:
        """Gives its memory back; it cannot be used any more."""
        self._engine.close()

    def __enter__(self) -> Simulation:
        return self

    def __exit__(self, *_) -> None:
        if not self._engine.closed():
            self.close()

    def __repr__(self) -> str:
        if self._engine.closed():
            return "<rheo.Simulation, closed>"
        return f"<rheo.Simulation at {self.now:g} ms, {sum(map(len, self.populations.values()))} neurons>"


def edges(source, target) -> dict:
    """A connection rule: the edges source[k] -> target[k], neurons counted within the projection's selections."""
    return dict(rule="list", source=source, target=target)


def _name(population: Population | str) -> str:
    if isinstance(population, Selection) and not isinstance(population, Population):
        raise TypeError(f"{population!r} is a part of a population; expected a whole one")
    return population.name if isinstance(population, Population) else population


globals().update(_kinds.functions())
__all__ = sorted(__all__ + list(_kinds.functions()))
