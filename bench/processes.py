"""Processes of a run: pinned to a core, frozen while others are measured, ended with the run."""

import os
import pathlib
import re
import signal
import subprocess

ENDS_SECONDS_MAX = 5
# The same for all, whoever runs the bench: nothing of ours changes what a proxy does.
ENVIRONMENT = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
               "LC_ALL": "C.UTF-8"}


def pinned(command, core):
    """On one core, and gone when we are, however we end."""
    return ["setpriv", "--pdeathsig", "KILL", "taskset", "--cpu-list", str(core),
            *map(str, command)]


class Process:
    """One program; its output goes to a file. Use it as a context manager, or call `end`."""

    def __init__(self, command, core, log, stdin=None, stdout=None):
        self.log = pathlib.Path(log)
        with open(self.log, "ab") as file:
            self.child = subprocess.Popen(
                pinned(command, core), stdin=stdin or subprocess.DEVNULL,
                stdout=stdout or file, stderr=file, env=ENVIRONMENT,
            )
        self.pid = self.child.pid
        self._frozen = False

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.end()

    def is_running(self):
        return self.child.poll() is None

    def said(self):
        return self.log.read_text(encoding="utf-8", errors="replace")

    # ---- measuring ----

    def cpu_ns(self):
        """Of all its threads, by the scheduler's own account."""
        total = 0
        for task in pathlib.Path(f"/proc/{self.pid}/task").iterdir():
            total += int((task / "schedstat").read_text().split()[0])
        return total

    def memory_kib(self):
        """(resident, of which anonymous)"""
        return memory_of(pathlib.Path(f"/proc/{self.pid}/status").read_text())

    # ---- control ----

    def freeze(self):
        """It neither runs nor wakes while another is measured."""
        if not self._frozen and self.is_running():
            os.kill(self.pid, signal.SIGSTOP)
            self._frozen = True

    def thaw(self):
        if self._frozen and self.is_running():
            os.kill(self.pid, signal.SIGCONT)
        self._frozen = False

    def end(self):
        if not self.is_running():
            return
        self.child.terminate()
        self.thaw()
        try:
            self.child.wait(ENDS_SECONDS_MAX)
        except subprocess.TimeoutExpired:
            self.child.kill()
            self.child.wait()


def memory_of(status):
    """(VmRSS, RssAnon) in KiB of a /proc/PID/status."""
    found = {kind + name: int(kib) for kind, name, kib in re.findall(
        r"^(Vm|Rss)(RSS|Anon):\s+(\d+) kB$", status, re.MULTILINE)}
    return found.get("VmRSS", 0), found.get("RssAnon", 0)


def core_busy_ticks(core):
    """(ticks that the core worked, ticks the hypervisor took), since boot."""
    with open("/proc/stat", encoding="ascii") as file:
        for line in file:
            if line.startswith(f"cpu{core} "):
                user, nice, system, _, _, irq, softirq, steal, *_ = map(int, line.split()[1:])
                return user + nice + system + irq + softirq, steal
    return 0, 0
