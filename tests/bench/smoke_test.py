"""The smallest scenario for real, once: it concludes nothing, and everything is gone afterwards."""

import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import time

import bench
import pytest
from layout import Unsuitable
from peers import PEERS
from scenarios import SMALLEST

ROOT = pathlib.Path(__file__).resolve().parents[2]
SECONDS_MAX = 120


@pytest.fixture(autouse=True)
def everything_is_here():
    try:
        bench.generator_program()
    except Unsuitable as why:
        pytest.skip(str(why))
    for name in ("smilax", "haproxy"):
        if PEERS[name].program() is None:
            pytest.skip(f"{name}: {PEERS[name].how_to_get()}")
    if len(os.sched_getaffinity(0)) < 2 or shutil.which("setpriv") is None:
        pytest.skip("needs two cores and setpriv")


def start(folder, *arguments, scenarios=(SMALLEST,), peers="smilax,haproxy,direct"):
    return subprocess.Popen(
        ["/usr/bin/python3", ROOT / "bench" / "bench.py", *scenarios, "--peers", peers, *arguments],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env=os.environ | {"TMPDIR": str(folder)})


def test_the_smallest_scenario_runs_and_concludes_nothing(tmp_path):
    child = start(tmp_path, "--quick", "-o", "json")
    out, said = child.communicate(timeout=SECONDS_MAX)
    assert child.returncode == 0, said
    scenario, = json.loads(out)["scenarios"]
    assert list(scenario["candidates"]) == ["smilax", "haproxy", "direct"], scenario["skipped"]
    for label, candidate in scenario["candidates"].items():
        assert candidate["errors"] == [], label
        assert candidate["medians"]["requests_per_second"] > 100
    for label in ("smilax", "haproxy"):
        # No proxy does it for a microsecond, and none needs a millisecond.
        assert 1 < scenario["candidates"][label]["medians"]["cpu_us_per_request"] < 1000
    verdict, = scenario["verdicts"]
    assert (verdict["verdict"], verdict["why"]) == ("cannot say", "a quick run never concludes")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGKILL])
def test_nothing_is_left_when_it_is_interrupted(tmp_path, number):
    child = start(tmp_path)
    # The application, and at least one proxy.
    until(lambda: len(beside(tmp_path)) >= 2)
    child.send_signal(number)
    child.communicate(timeout=SECONDS_MAX)
    assert child.returncode == (130 if number != signal.SIGKILL else -signal.SIGKILL)
    until(lambda: not beside(tmp_path))
    if number != signal.SIGKILL:
        assert list(tmp_path.iterdir()) == []


FIRST, SECOND = "plaintext/keep-alive-1", "plaintext/keep-alive-10"  # in the order in which they run


def cut_in_the_second(tmp_path, number, *arguments):
    """Ends a run while its second scenario is measured: (exit code, output, what it said)."""
    child = start(tmp_path / "run", "--seconds", "0.1", *arguments, scenarios=(FIRST, SECOND),
                  peers="smilax")
    said = ""
    while f"{FIRST}: " not in said:
        line = child.stderr.readline()
        assert line, said
        said += line
    until(lambda: beside(tmp_path, "candidate-2"))
    child.send_signal(number)
    out, rest = child.communicate(timeout=SECONDS_MAX)
    return child.returncode, out, said + rest


@pytest.fixture
def folders(tmp_path):
    (tmp_path / "run").mkdir()
    return tmp_path, tmp_path / "kept"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_what_ended_before_an_interrupt_is_kept_and_shown(folders, number):
    tmp_path, kept = folders
    code, out, said = cut_in_the_second(tmp_path, number, "--keep-in", kept)
    assert code == 130, said
    cut = f"{SECOND} was cut and is left out"
    assert cut in said
    assert cut in out
    assert f"\n{FIRST}: " in out
    result, = map(read, kept.glob("*.json"))
    assert [scenario["name"] for scenario in result["scenarios"]] == [FIRST]
    assert result["notes"][-1] == f"interrupted; {cut}"
    assert f"## {FIRST}" in (kept / "README.md").read_text()
    assert not list(kept.glob("*.draft"))


def test_what_ended_before_a_kill_is_on_disk(folders):
    tmp_path, kept = folders
    code, _, said = cut_in_the_second(tmp_path, signal.SIGKILL, "--keep-in", kept)
    assert code == -signal.SIGKILL, said
    result, = map(read, kept.glob("*.json"))
    assert [scenario["name"] for scenario in result["scenarios"]] == [FIRST]
    assert result["notes"][-1] == f"unfinished: {SECOND} had not begun"


def test_what_ended_before_an_interrupt_is_shown_where_nothing_is_kept(folders):
    code, out, _ = cut_in_the_second(folders[0], signal.SIGINT, "--rounds", "1", "-o", "json")
    assert code == 130
    assert [scenario["name"] for scenario in json.loads(out)["scenarios"]] == [FIRST]


def read(file):
    return json.loads(file.read_text())


def beside(folder, name=""):
    """Processes whose command names the folder of a run, or what in it begins with `name`."""
    found = []
    for entry in pathlib.Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                words = (entry / "cmdline").read_bytes().decode(errors="replace")
            except OSError:
                continue
            if re.search(rf"{re.escape(str(folder))}/(run/)?smilax-bench\.[^/]+/{name}", words):
                found.append(int(entry.name))
    return found


def until(question):
    """What it answers, as soon as that is true."""
    end = time.monotonic() + SECONDS_MAX
    while time.monotonic() < end:
        answer = question()
        if answer:
            return answer
        time.sleep(0.05)
    raise AssertionError("it did not come about in time")
