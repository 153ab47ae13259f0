"""The rounds of a scenario: A B A B …, only the candidate that is measured may run."""

import contextlib
import dataclasses
import itertools
import pathlib
import tempfile

import layout
from application import Application, PORT
from candidate import Running
from certificates import by_openssl, by_smilax
from generator import Generator
from peers import PEERS
from peers.base import Site
from scenarios.base import Sample

DID_NOT_START = "did not start"
FIRST_SECONDS_MAX = 1.0  # of the load that warms up who has just started
# What a candidate or its load may do to us; whatever else is raised is a bug of ours.
FAILURES = (RuntimeError, OSError, layout.Unsuitable)


@dataclasses.dataclass(frozen=True)
class Options:
    rounds: int
    seconds: float
    peers: tuple  # those that take part


@dataclasses.dataclass
class Measured:
    """What came of a scenario."""

    scenario: object
    rounds: int
    seconds: float  # of one measurement
    candidates: tuple = ()  # those that ran
    samples: dict = dataclasses.field(default_factory=dict)  # label → metric → one per round
    errors: dict = dataclasses.field(default_factory=dict)  # label → sentences
    skipped: dict = dataclasses.field(default_factory=dict)  # label → why
    configurations: dict = dataclasses.field(default_factory=dict)  # label → file → text
    notes: list = dataclasses.field(default_factory=list)


class Bench:
    """What all scenarios of a run share: the folder, the application, the load, certificates."""

    def __init__(self, cores, isolated, files_max, generator_program):
        self._stack = contextlib.ExitStack()
        self.cores = cores
        self.isolated = isolated
        self.files_max = files_max
        self.address = layout.addresses()
        self._numbers = itertools.count(1)
        self.folder = pathlib.Path(self._stack.enter_context(
            tempfile.TemporaryDirectory(prefix="smilax-bench.")))
        try:
            self.generator = Generator(generator_program, cores.load, self.folder)
            self.identities = by_openssl(self.folder / "openssl")
            self.mesh_identities = by_smilax(PEERS["smilax"].program(), self.folder / "identity")
            self.application = Application(
                self.folder / "application", self.address(1), cores.application,
                everywhere=isolated)
            self._stack.callback(self.application.end)
        except BaseException:
            self._stack.close()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._stack.close()

    def start(self, candidate, place):
        """`place`: a number from 0 that no other running candidate has."""
        folder = self.folder / f"candidate-{next(self._numbers)}"
        folder.mkdir()
        site = Site(
            self.cores, folder, self.address(10 + 2 * place), self.address(11 + 2 * place),
            f"{self.address(1)}:{PORT}", self.identities, self.mesh_identities, self.isolated)
        plan = PEERS[candidate.peer].plan(site, candidate.shape)
        return Running(candidate, plan, self.cores, folder)


def choose(scenario, peers, isolated):
    """The candidates whose peer is here, takes part, and knows how; and the others: label → why."""
    chosen, skipped = [], {}
    for candidate in scenario.candidates():
        peer = PEERS[candidate.peer]
        if candidate.peer not in peers:
            why = "not asked for"
        elif peer.program() is None:
            why = f"not here: {peer.how_to_get()}"
        else:
            why = peer.refuses(candidate.shape, isolated)
        if why is None:
            chosen.append(candidate)
        else:
            skipped[candidate.label] = why
    return chosen, skipped


def for_scenario(options, scenario):
    """With as many rounds, as long, as this one needs."""
    return dataclasses.replace(options, rounds=options.rounds * scenario.rounds_factor,
                               seconds=options.seconds * scenario.seconds_factor)


def expected_seconds(scenario, options, isolated):
    """About how long it takes on two quiet cores at 2.6 GHz."""
    chosen, _ = choose(scenario, options.peers, isolated)
    starts = sum(PEERS[made.peer].start_and_end_seconds(made.shape) for made in chosen)
    options = for_scenario(options, scenario)
    turns = sum(scenario.turn_seconds(made, options.seconds) for made in chosen)
    if scenario.fresh:
        return options.rounds * (starts + turns)
    first = len(chosen) * min(FIRST_SECONDS_MAX, options.seconds)
    prepare = scenario.prepare_seconds(chosen, options.seconds)
    return starts + first + prepare + options.rounds * turns


class ScenarioRun:
    """One scenario being run; what its `prepare` and `measure` see."""

    def __init__(self, bench, scenario, options, progress):
        options = for_scenario(options, scenario)
        self.scenario = scenario
        self.generator = bench.generator
        self.cores = bench.cores
        self.files_max = bench.files_max
        self.seconds = options.seconds
        self.running = []
        self.measured = Measured(
            scenario, options.rounds, options.seconds, notes=list(scenario.notes))
        self._bench = bench
        self._options = options
        self._progress = progress
        self._prepared = None
        if scenario.rounds_factor != 1:
            self.note(f"{options.rounds} rounds of {options.seconds:g} s: its numbers scatter")

    def note(self, sentence):
        self.measured.notes.append(sentence)

    def alone(self, running, act):
        """Runs `act` while all others are frozen."""
        running.thaw()
        try:
            return act()
        finally:
            running.freeze()

    def run(self):
        chosen, self.measured.skipped = choose(
            self.scenario, self._options.peers, self._bench.isolated)
        if not chosen:
            return self.measured
        with contextlib.ExitStack() as stack:
            if not self.scenario.fresh:
                chosen = self._start(chosen, stack)
                for running in self.running:
                    self._progress(f"{self.scenario.name}: warming up {running.candidate.label}")
                    with contextlib.suppress(*FAILURES):  # the measurement will say the same
                        self.alone(running, lambda running=running: self._warm(running))
            self.measured.candidates = chosen
            for candidate in chosen:
                self.measured.samples[candidate.label] = {}
                self.measured.errors[candidate.label] = []
            try:
                self._prepared = self.scenario.prepare(self)
            except FAILURES as error:
                for faults in self.measured.errors.values():
                    faults.append(f"preparing: {error}")
                return self.measured
            for number in range(self._options.rounds):
                self._round(number, chosen)
        return self.measured

    def _start(self, chosen, stack):
        """Starts them one after the other; who does not come up is left out and said."""
        up = []
        for place, candidate in enumerate(chosen):
            self._progress(f"{self.scenario.name}: starting {candidate.label}")
            try:
                running = stack.enter_context(self._bench.start(candidate, place))
            except FAILURES as error:
                self.measured.skipped[candidate.label] = f"{DID_NOT_START}: {error}"
                continue
            running.freeze()
            self.running.append(running)
            self.measured.configurations[candidate.label] = running.plan.configurations
            up.append(candidate)
        return up

    def _warm(self, running):
        """A first measurement that nobody counts. Without what prepare finds out, which comes next,
        only scenarios that need nothing of it can be measured; for the others plain load does."""
        self.generator.run(
            running.entry, dataclasses.replace(self.scenario.load, rate=None),
            min(FIRST_SECONDS_MAX, self.seconds))

    def _round(self, number, chosen):
        samples = {}
        for place, candidate in enumerate(chosen):
            self._progress(f"{self.scenario.name}: round {number + 1} of {self._options.rounds},"
                           f" {candidate.label}")
            samples[candidate.label] = self._turn(place, candidate)
        self.scenario.complete(samples)
        for label, sample in samples.items():
            if sample.fault:
                self.measured.errors[label].append(f"round {number + 1}: {sample.fault}")
            for metric, value in sample.metrics.items():
                self.measured.samples[label].setdefault(metric, []).append(value)

    def _turn(self, place, candidate):
        """A failure is one of this candidate in this round; the others go on."""
        try:
            if self.scenario.fresh:
                with self._bench.start(candidate, place) as running:
                    self.measured.configurations[candidate.label] = running.plan.configurations
                    return self.scenario.measure(self, running, self._prepared)
            running = next(made for made in self.running if made.candidate is candidate)
            return self.alone(
                running, lambda: self.scenario.measure(self, running, self._prepared))
        except FAILURES as error:
            return Sample({}, str(error))
