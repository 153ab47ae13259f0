"""The order of rounds and who may run, with candidates that are no processes."""

import dataclasses

import pytest
import rounds
from candidate import Candidate
from generator import Load
from peers.base import Shape
from rounds import Options, ScenarioRun
from scenarios.base import Sample, Scenario


class Proxy:
    """Stands for a running candidate and notes what is done to it."""

    entry = None
    processes = ()

    def __init__(self, candidate, noted):
        self.candidate = candidate
        self.noted = noted
        self.plan = type("Plan", (), {"configurations": {}})

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.noted.append(f"end {self.candidate.label}")

    def freeze(self):
        self.noted.append(f"freeze {self.candidate.label}")

    def thaw(self):
        self.noted.append(f"thaw {self.candidate.label}")


class Bench:
    """`broken`: labels that do not start."""

    cores = None
    files_max = 100
    isolated = True

    def __init__(self, broken=()):
        self.noted = []
        self.broken = broken
        self.generator = self

    def start(self, candidate, _):
        if candidate.label in self.broken:
            raise RuntimeError("it does not want to")
        return Proxy(candidate, self.noted)

    def run(self, *_):
        """As the load generator, warming up."""


@dataclasses.dataclass(frozen=True)
class Numbered(Scenario):
    """Measures 1 for each candidate; fails where it is told to."""

    fails: str = ""

    def measure(self, run, running, prepared):
        label = running.candidate.label
        running.noted.append(f"measure {label}")
        if label == self.fails:
            raise RuntimeError("gone")
        return Sample({"cpu_us_per_request": 1.0})


GIVEN = tuple(Candidate(label, "direct", Shape()) for label in ("a", "b"))


def run(bench, **changes):
    scenario = Numbered("n", "w", load=Load(), given=GIVEN, **changes)
    made = ScenarioRun(bench, scenario, Options(2, 0.1, ("direct",)), lambda _: None)
    return made.run()


@pytest.fixture(autouse=True)
def everybody_is_here(monkeypatch):
    monkeypatch.setattr(type(rounds.PEERS["direct"]), "program", lambda _: "/nowhere/program")


def test_candidates_take_turns_and_all_others_are_frozen():
    bench = Bench()
    measured = run(bench)
    assert measured.samples == {label: {"cpu_us_per_request": [1.0, 1.0]} for label in "ab"}
    turn = [f"{what} {label}" for label in "ab" for what in ("thaw", "measure", "freeze")]
    turns = [note for note in bench.noted[bench.noted.index("measure a") - 1:]
             if not note.startswith("end")]
    assert turns == turn * 2
    frozen = set("ab")
    for note in bench.noted[:2]:
        assert note.startswith("freeze"), "frozen as soon as they are up"
    for note in bench.noted:
        what, label = note.split()
        if what == "thaw":
            assert frozen == set("ab"), "the others are frozen"
            frozen.discard(label)
        elif what == "freeze":
            frozen.add(label)


def test_what_scatters_has_more_rounds_and_says_so():
    bench = Bench()
    measured = run(bench, rounds_factor=3, seconds_factor=0.5)
    assert measured.samples["a"] == {"cpu_us_per_request": [1.0] * 6}
    assert (measured.rounds, measured.seconds) == (6, 0.05)
    assert measured.notes == ["6 rounds of 0.05 s: its numbers scatter"]


def test_all_of_them_end():
    bench = Bench()
    run(bench)
    assert sorted(note for note in bench.noted if note.startswith("end")) == ["end a", "end b"]


def test_fresh_candidates_are_started_for_each_measurement():
    bench = Bench()
    run(bench, fresh=True)
    assert bench.noted == ["measure a", "end a", "measure b", "end b"] * 2


def test_who_does_not_start_is_left_out_and_named():
    measured = run(Bench(broken=("a",)))
    assert measured.skipped == {"a": "did not start: it does not want to"}
    assert list(measured.samples) == ["b"]


@pytest.mark.parametrize("fresh", [False, True])
def test_a_failure_is_of_one_candidate_and_the_others_go_on(fresh):
    measured = run(Bench(), fails="a", fresh=fresh)
    assert measured.errors == {"a": ["round 1: gone", "round 2: gone"], "b": []}
    assert measured.samples["b"] == {"cpu_us_per_request": [1.0, 1.0]}


def test_who_is_not_asked_for_is_left_out():
    scenario = Numbered("n", "w", given=GIVEN)
    made = ScenarioRun(Bench(), scenario, Options(2, 0.1, ("smilax",)), lambda _: None).run()
    assert made.skipped == {"a": "not asked for", "b": "not asked for"}


def test_what_is_raised_in_a_measurement_freezes_again():
    bench = Bench()
    run(bench, fails="a")
    assert bench.noted[bench.noted.index("measure a") + 1] == "freeze a"
