"""What a run says of how far it is, and what it expects."""

import pytest
import rounds
import scenarios
from peers import PEERS
from progress import Progress, duration, minutes
from rounds import Options, expected_seconds


class Clock:
    now = 1000.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


def test_each_scenario_that_ended_is_a_line_with_what_is_left(clock, capsys):
    progress = Progress({"a": 60.0, "b": 60.0, "c": 60.0}, clock)
    for name, seconds in (("a", 72), ("b", 48), ("c", 3)):
        progress(f"{name}: nobody watches, so this is not said")
        clock.now += seconds
        progress.end(name)
    assert capsys.readouterr().err.splitlines() == [
        "3 scenarios, about 3 min",
        "[1/3] a: 1 min 12 s; about 3 min left",
        "[2/3] b: 48 s; about 1 min left",
        "[3/3] c: 3 s",
    ]


def test_what_is_left_follows_what_was_measured(clock):
    progress = Progress({"a": 600.0, "b": 600.0}, clock)
    clock.now += 1200  # this machine is half as fast as expected
    progress.end("a")
    assert progress.seconds_left() == pytest.approx(1200, rel=0.05)


def test_one_short_scenario_says_little_of_the_others(clock):
    progress = Progress({"a": 1.0, "b": 600.0}, clock)
    clock.now += 10
    progress.end("a")
    assert progress.seconds_left() < 1.5 * 600


@pytest.mark.parametrize(("seconds", "words"), [
    (0.4, "0 s"), (59.4, "59 s"), (59.6, "1 min 0 s"), (72, "1 min 12 s"), (7500, "2 h 5 min")])
def test_durations_are_short(seconds, words):
    assert duration(seconds) == words


@pytest.mark.parametrize(("seconds", "words"), [
    (1, "1 min"), (61, "2 min"), (2400, "40 min"), (4800, "1 h 20 min")])
def test_what_is_expected_is_rough(seconds, words):
    assert minutes(seconds) == words


# ---- what is expected ----------------------------------------------------------------------------


def expected(monkeypatch, name, rounds_wanted=7, seconds=2.0, peers=tuple(PEERS)):
    for peer in PEERS.values():
        monkeypatch.setattr(type(peer), "program", lambda _: "/nowhere/program")
    return expected_seconds(
        scenarios.SCENARIOS[name], Options(rounds_wanted, seconds, peers), isolated=True)


# One round (three where a scenario has three times as many) with all five peers on two cores at
# 2.6 GHz.
@pytest.mark.parametrize(("name", "seconds", "measured"), [
    ("mtls/keep-alive-50", 2.0, 19.6), ("mtls/keep-alive-500", 2.0, 27.3),
    ("mtls/latency", 2.0, 97), ("server/handshakes", 2.0, 29.7),
    ("memory/footprint", 2.0, 14.0), ("growth/both", 2.0, 13.2),
    ("slow-reader", 1.0, 30.8), ("churn", 1.0, 17), ("mtls/opaque", 1.0, 11.6)])
def test_it_takes_as_long_as_it_did(monkeypatch, name, seconds, measured):
    assert expected(monkeypatch, name, 1, seconds) == pytest.approx(measured, rel=0.1)


def test_who_does_not_take_part_costs_no_time(monkeypatch):
    every = expected(monkeypatch, "mtls/keep-alive-50")
    two = expected(monkeypatch, "mtls/keep-alive-50", peers=("smilax", "haproxy"))
    assert two == pytest.approx(every * 2 / 5, rel=0.1)
    monkeypatch.setattr(rounds.PEERS["haproxy"].__class__, "program", lambda _: None)
    assert expected_seconds(
        scenarios.SCENARIOS["mtls/keep-alive-50"], Options(7, 2.0, ("haproxy",)), isolated=True) == 0


def test_every_scenario_says_how_long_it_takes(monkeypatch):
    for name in scenarios.SCENARIOS:
        assert 10 < expected(monkeypatch, name) < 660, name
