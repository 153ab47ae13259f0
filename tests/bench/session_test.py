"""What has ended stays in the result, whatever becomes of the other scenarios."""

import copy
import types

import pytest
from session import Session

A, B, C = (types.SimpleNamespace(name=name) for name in "abc")


class Saved(list):
    """Each result that was saved, as it was then."""

    def __call__(self, result):
        self.append(copy.deepcopy(result))


class Noted:
    """Stands for the progress."""

    def __init__(self):
        self.told = []
        self.ended = []

    def tell(self, sentence):
        self.told.append(sentence)

    def end(self, name):
        self.ended.append(name)


def session_of(save):
    progress = Noted()
    frame = {"notes": ["not root"], "scenarios": [], "configurations": {}}
    return Session(frame, save, progress), progress


def names(result):
    return [scenario["name"] for scenario in result["scenarios"]]


def measure(scenario):
    return {"name": scenario.name}


def test_each_scenario_is_saved_when_it_ends():
    saved = Saved()
    session, progress = session_of(saved)
    session.run([A, B, C], measure)
    assert [names(result) for result in saved] == [["a"], ["a", "b"], ["a", "b", "c"]]
    assert [result["notes"][1:] for result in saved] == [
        ["unfinished: b, c had not begun"], ["unfinished: c had not begun"], []]
    assert progress.ended == ["a", "b", "c"]
    assert not session.has_failed


@pytest.mark.parametrize("error", [RuntimeError("gone"), KeyError("gone")])
def test_a_scenario_that_raises_is_left_out_and_the_others_go_on(error):
    def raising(scenario):
        if scenario is B:
            raise error
        return measure(scenario)

    saved = Saved()
    session, progress = session_of(saved)
    session.run([A, B, C], raising)
    assert names(saved[-1]) == ["a", "c"]
    assert saved[-1]["notes"] == ["not root", f"b failed and is left out: {error}"]
    assert session.has_failed
    # Where it happened, when it is a bug of ours.
    assert any("Traceback" in told for told in progress.told) == isinstance(error, KeyError)


def interrupted(save, at):
    def measuring(scenario):
        if scenario is at:
            raise KeyboardInterrupt
        return measure(scenario)

    session, progress = session_of(save)
    with pytest.raises(KeyboardInterrupt):
        session.run([A, B, C], measuring)
    session.interrupt()
    return session, progress


def test_an_interrupt_names_what_was_cut_and_what_had_not_begun():
    saved = Saved()
    session, progress = interrupted(saved, B)
    sentence = "interrupted; b was cut and is left out; not begun: c"
    assert names(saved[-1]) == ["a"]
    assert session.result["notes"] == ["not root", sentence]
    assert progress.told == [sentence]


def test_an_interrupt_before_anything_ended_keeps_nothing():
    saved = Saved()
    interrupted(saved, A)
    assert saved == []


def test_a_full_disk_costs_nothing_but_the_keeping():
    def full(_):
        raise OSError(28, "No space left on device")

    session, progress = session_of(full)
    session.run([A, B], measure)
    assert names(session.result) == ["a", "b"]
    assert session.has_failed
    assert all("No space left" in told for told in progress.told)
