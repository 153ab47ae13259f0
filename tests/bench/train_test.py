"""What the load that makes a profile may miss, and what not."""

import os
import pathlib
import shutil
import subprocess
import sys

import pytest
import scenarios
import train

ROOT = pathlib.Path(__file__).resolve().parents[2]


def result(**changes):
    """As the bench prints it; `changes`: a scenario's name → what differs."""
    made = [{"name": name, "skipped": {}, "candidates": {
        "smilax": {"medians": {"p50_us": 1.0}, "errors": ["round 2: too slow"]}}}
        for name in train.SCENARIOS]
    for scenario in made:
        scenario.update(changes.get(scenario["name"], {}))
    return {"scenarios": made, "notes": ["churn failed and is left out: a bug"]}


def test_there_is_every_scenario_that_it_asks_for():
    assert set(train.SCENARIOS) <= set(scenarios.SCENARIOS)
    assert train.MAY_BE_ABSENT <= set(train.SCENARIOS)


def test_errors_of_some_rounds_do_not_matter():
    assert train.absent(result()) == {}


def test_what_measured_nothing_is_named_with_its_reason():
    no_redirect = {"skipped": {"smilax": "needs root"}, "candidates": {}}
    all_failed = {"candidates": {"smilax": {"medians": {}, "errors": ["round 1: refused"]}}}
    made = result(**{"plaintext/opaque": no_redirect, "mtls/bulk": all_failed})
    made["scenarios"] = [one for one in made["scenarios"] if one["name"] != "churn"]
    assert train.absent(made) == {
        "plaintext/opaque": "needs root", "mtls/bulk": "round 1: refused",
        "churn": "churn failed and is left out: a bug"}


@pytest.mark.skipif(shutil.which("llvm-profdata-19") is None, reason="needs llvm-19")
def test_a_merge_that_fails_keeps_what_was_there(tmp_path):
    profile = tmp_path / "profile"
    profile.write_text("the one before")
    with pytest.raises(subprocess.CalledProcessError):
        train.merge(tmp_path / "nothing was counted", profile)
    assert profile.read_text() == "the one before"


def test_a_program_that_does_not_run_makes_no_profile(tmp_path):
    counts, profile = tmp_path / "counts", tmp_path / "profile"
    run = subprocess.run(
        [sys.executable, ROOT / "bench" / "train.py", tmp_path / "smilax", counts, profile],
        capture_output=True, text=True, env=os.environ | {"SMILAX_LOAD": sys.executable})
    assert run.returncode == 1
    assert f"SMILAX_BINARY={tmp_path}/smilax is no file" in run.stderr
    assert not profile.exists()
