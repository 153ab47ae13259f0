"""`smilax demo`: every step as expected, and nothing left behind, however it ends."""

import contextlib
import json
import os
import pathlib
import signal
import subprocess

import pytest
from support import network, program
from support.waiting import wait_until

DEMO_SECONDS_MAX = 180


def as_user(wanted):
    """A prefix that makes the demo run as root, with namespaces, or as somebody, without."""
    if wanted == "root":
        if network.why_not():
            pytest.skip(network.why_not())
        return []
    if os.geteuid() != 0:
        return []
    return ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--bounding-set=-all",
            "--inh-caps=-all"]


class Demo:
    """One run; knows by pid and by the program's path what is its own."""

    def __init__(self, folder, *arguments, user="root"):
        self.output = folder / "output"
        self.errors = folder / "errors"
        with open(self.output, "wb") as output, open(self.errors, "wb") as errors:
            self.popen = subprocess.Popen(
                [*as_user(user), program.reachable(program.binary()), "demo", *arguments],
                stdout=output, stderr=errors, start_new_session=True, env=program.environment())

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.popen.poll() is None:
            os.killpg(self.popen.pid, signal.SIGKILL)
            self.popen.wait()

    def said(self):
        return self.output.read_text() + self.errors.read_text()

    def wait(self, seconds=DEMO_SECONDS_MAX):
        return self.popen.wait(timeout=seconds)

    def namespaces(self):
        return [path.name for path in network.FOLDER.glob(f"*-{self.popen.pid}-*")]

    def left(self):
        """Namespaces, folders and processes that this run made and that are still there."""
        folders = [str(path) for path in pathlib.Path("/tmp").glob(f"*-{self.popen.pid}-*")]
        return self.namespaces() + folders + own_processes()

    def assert_nothing_left(self):
        wait_until(lambda: self.left() == [], "nothing is left behind", seconds=5)


def own_processes():
    """Processes of the program's copy that only this run of the tests has."""
    found = []
    for folder in pathlib.Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if os.readlink(folder / "exe").startswith(f"{program.folder()}/"):
                found.append(f"process {folder.name}")
    return found


@pytest.mark.parametrize("user", ["root", "somebody"])
def test_demo_once_shows_what_it_expects(folder, user):
    with Demo(folder, "--once", "-o", "json", user=user) as demo:
        assert demo.wait() == 0, demo.said()
        demo.assert_nothing_left()
    told = json.loads(demo.output.read_text())
    steps = told["steps"]
    assert len(steps) >= 5
    assert [step for step in steps if not step["ok"]] == []
    assert (told["passed"], told["failed"]) == (len(steps), 0)
    assert told["mode"] == ("namespaces" if user == "root" else "loopback")


def test_demo_as_text_reads_well(folder):
    with Demo(folder, "--once", user="somebody") as demo:
        assert demo.wait() == 0, demo.said()
        demo.assert_nothing_left()
    said = demo.output.read_text()
    assert "\x1b[" not in said, "no colours where there is no terminal"
    for words in ("403 no_target", "90 %", "A/B split", "audit mode", "Certificates rotate",
                  "checks as expected."):
        assert words in said


@pytest.mark.parametrize("when", ["at the start", "when it stays up"])
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("user", ["root", "somebody"])
def test_demo_that_is_interrupted_leaves_nothing_behind(folder, user, number, when):
    with Demo(folder, user=user) as demo:
        awaited = "identity" if when == "at the start" else "Ctrl-C ends it"
        wait_until(lambda: awaited in demo.said() or demo.popen.poll() is not None,
                   f"the demo says {awaited}", seconds=DEMO_SECONDS_MAX)
        assert demo.popen.poll() is None, demo.said()
        os.killpg(demo.popen.pid, number)  # Ctrl-C reaches the whole group
        demo.wait(30)
        demo.assert_nothing_left()


def test_demo_that_was_killed_is_cleaned_up_by_the_next(folder):
    """SIGKILL leaves namespaces; nobody else can take them away, so the next demo does."""
    with Demo(folder) as killed:
        wait_until(lambda: len(killed.namespaces()) >= 3, "its namespaces are there", seconds=60)
        killed.popen.kill()
        killed.wait()
        assert killed.left()
    with Demo(folder, "--once") as following:
        assert following.wait() == 0, following.said()
        following.assert_nothing_left()
    killed.assert_nothing_left()
