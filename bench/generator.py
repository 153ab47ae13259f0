"""The load generator behind a small interface: one load is a value, one run of it a process."""

import dataclasses
import json
import subprocess

from processes import Process

AFTER_SECONDS_MAX = 30  # to finish, once its time is over


@dataclasses.dataclass(frozen=True)
class Load:
    """What is asked of a proxy. Closed loop unless `rate`."""

    path: str = "/files/1k"
    connections: int = 50
    method: str = "GET"
    body_bytes: int = 0
    chunked: bool = False
    close: bool = False
    rate: float | None = None
    resume: bool = False
    handshakes_only: bool = False
    idle: bool = False
    read_bytes_per_second: int | None = None
    yields: bool = False  # to another load on the same core

    def arguments(self):
        made = ["--path", self.path, "--method", self.method, "--connections", self.connections]
        if self.body_bytes:
            made += ["--body", self.body_bytes]
        for name in ("chunked", "close", "handshakes_only", "idle"):
            if getattr(self, name):
                made.append("--" + name.replace("_", "-"))
        if self.rate is not None:
            made += ["--rate", f"{self.rate:.0f}"]
        if self.read_bytes_per_second is not None:
            made += ["--read-bytes-per-second", self.read_bytes_per_second]
        return made


@dataclasses.dataclass(frozen=True)
class Tls:
    """How the load itself proves who it is, where there is no proxy on its side."""

    certificate: str
    key: str
    trust: str
    alpn: str


@dataclasses.dataclass(frozen=True)
class Entry:
    """Where a candidate takes requests."""

    to: str  # address:port
    host: str
    tls: Tls | None = None

    def arguments(self, load):
        made = ["--to", self.to, "--host", self.host]
        if self.tls is not None:
            made += ["--tls-certificate", self.tls.certificate, "--tls-key", self.tls.key,
                     "--tls-trust", self.tls.trust, "--alpn", self.tls.alpn,
                     "--resume" if load.resume else "--no-resumption"]
        return made


@dataclasses.dataclass(frozen=True)
class Outcome:
    seconds: float
    requests: int
    errors: dict
    bytes_read: int
    bytes_written: int
    handshakes: int
    resumed: int
    sent_rate: float
    latency_us: dict

    def fault(self):
        """What went wrong, as a sentence; empty when nothing did."""
        counted = [f"{number} {kind}" for kind, number in self.errors.items() if number]
        if counted:
            return f"{', '.join(counted)} of {self.requests} requests"
        return "" if self.requests or self.handshakes else "not one request was answered"


def parse_outcome(text):
    made = json.loads(text)
    return Outcome(
        seconds=made["seconds"], requests=made["requests"], errors=made["errors"],
        bytes_read=made["bytes_read"], bytes_written=made["bytes_written"],
        handshakes=made["handshakes"], resumed=made["resumed"],
        sent_rate=made["rate"]["sent"], latency_us=made["latency_us"],
    )


class Generator:
    """Starts loads on its core."""

    def __init__(self, program, core, folder):
        self.program = program
        self.core = core
        self.log = folder / "load.log"

    def start(self, entry, load, seconds, warm_seconds=0.0):
        return Run(self, entry, load, seconds, warm_seconds)

    def run(self, entry, load, seconds, warm_seconds=0.0):
        with self.start(entry, load, seconds, warm_seconds) as run:
            return run.outcome()


class Run:
    """One load that is under way."""

    def __init__(self, generator, entry, load, seconds, warm_seconds):
        self.seconds = seconds + warm_seconds
        command = ["nice", "-n", "19"] if load.yields else []
        command += [generator.program, *entry.arguments(load), *load.arguments(),
                   "--seconds", f"{seconds:g}"]
        if warm_seconds:
            command += ["--warm-up", f"{warm_seconds:g}"]
        self.process = Process(command, generator.core, generator.log, stdin=subprocess.PIPE,
                               stdout=subprocess.PIPE)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.end()

    def wait_ready(self):
        """Of an idle load: all its connections are open and were used once. How many there are."""
        return self._first_line()["ready"]

    def wait_begun(self):
        """Of a load that warms up: from here on it counts."""
        assert self._first_line()["begun"]

    def _first_line(self):
        line = self.process.child.stdout.readline()
        if not line:
            raise RuntimeError(f"the load generator ended: {self.process.said()[-2000:]}")
        return json.loads(line)

    def outcome(self):
        """Waits for the end; an idle load ends now."""
        try:
            out, _ = self.process.child.communicate(timeout=self.seconds + AFTER_SECONDS_MAX)
        except subprocess.TimeoutExpired:
            raise RuntimeError(f"the load generator did not end in {self.seconds:g} s") from None
        if self.process.child.returncode != 0 or not out.strip():
            raise RuntimeError(f"the load generator failed: {self.process.said()[-2000:]}")
        return parse_outcome(out.splitlines()[-1])
