"""The binary under test and the processes that the test bed starts."""

import atexit
import functools
import os
import pathlib
import re
import shutil
import signal
import subprocess
import tempfile

from support import network

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
SIDECAR_USER = 1337
# What a sanitizer says, whatever the exit code was. Leaks fail by exit code as well.
SANITIZER = re.compile(r"ERROR: \w+Sanitizer|runtime error:|WARNING: ThreadSanitizer", re.M)


def binary():
    """The program under test: an ASan+UBSan build when ./run test runs, else what is there."""
    return _existing(os.environ.get("SMILAX_BINARY") or ROOT / "build" / "smilax")


def release_binary():
    """An optimised build, where memory or speed is judged."""
    return _existing(os.environ.get("SMILAX_RELEASE_BINARY") or ROOT / "build" / "smilax")


def _existing(path):
    path = pathlib.Path(path).resolve()
    assert path.is_file(), f"{path} is missing: `./run build` makes it"
    return path


def is_long():
    """The long runs: a minute of load, 2 GiB uploads."""
    return bool(os.environ.get("SMILAX_E2E_LONG") or os.environ.get("CI"))


@functools.cache
def folder():
    """A directory that other users can read; removed with the process that made it."""
    path = pathlib.Path(tempfile.mkdtemp(prefix=f"{network.own_prefix()}."))
    os.chmod(path, 0o755)
    owner = os.getpid()
    atexit.register(lambda: os.getpid() == owner and shutil.rmtree(path, ignore_errors=True))
    return path


@functools.cache
def reachable(path):
    """A copy of a program that user 1337 can execute, wherever the checkout is. The libraries that
    a build under sanitizers shares with its tests come along: it looks for them beside itself."""
    beside = folder() / path.parent.name
    for file in (path, *path.parent.glob("*/*.so")):
        copy = beside / file.relative_to(path.parent)
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.parent.chmod(0o755)
        shutil.copy2(file, copy)
        copy.chmod(0o755)
    return beside / path.name


def environment():
    """Ours, without what a developer's shell might say to the program."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith("SMILAX_")}
    kept["NO_COLOR"] = "1"
    kept.setdefault("ASAN_OPTIONS", "detect_stack_use_after_return=1:strict_string_checks=1")
    kept.setdefault("UBSAN_OPTIONS", "halt_on_error=1:print_stacktrace=1")
    return kept


def smilax(*arguments, program=None, input_text=None, seconds=60, prefix=()):
    """Runs the program to its end."""
    run = subprocess.run(
        [*prefix, str(program or binary()), *map(str, arguments)],
        input=input_text, capture_output=True, text=True, timeout=seconds, env=environment(),
    )
    assert not SANITIZER.search(run.stderr), run.stderr
    return run


class Process:
    """A process in the background, ended with its test, and with the tests should they crash."""

    def __init__(self, command, log, user=None, namespace=None, environ=None):
        self.log = pathlib.Path(log)
        self.command = [str(part) for part in command]
        prefix = ["nsenter", f"--net=/run/netns/{namespace}"] if namespace else []
        prefix += ["setpriv", "--pdeathsig", "KILL"]
        if user is not None:
            prefix += [f"--reuid={user}", f"--regid={user}", "--clear-groups"]
        with open(self.log, "ab") as output:
            self.popen = subprocess.Popen(
                [*prefix, *self.command], stdin=subprocess.DEVNULL, stdout=output,
                stderr=output, env=environ or environment(), start_new_session=True,
            )

    @property
    def pid(self):
        return self.popen.pid

    def is_running(self):
        return self.popen.poll() is None

    def said(self):
        return self.log.read_text(errors="replace")

    def resident_bytes(self):
        status = pathlib.Path(f"/proc/{self.pid}/status").read_text()
        return int(re.search(r"^VmRSS:\s+(\d+) kB", status, re.M).group(1)) * 1024

    def signal(self, number):
        if self.is_running():
            self.popen.send_signal(number)

    def wait(self, seconds):
        return self.popen.wait(timeout=seconds)

    def ended(self, seconds=40):
        """The exit code, once it ends by itself; None when it had to be killed."""
        try:
            return self.wait(seconds)
        except subprocess.TimeoutExpired:
            self.kill()
            return None

    def kill(self):
        self.signal(signal.SIGKILL)
        self.popen.wait()
