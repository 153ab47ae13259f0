"""What a proxy takes while it waits, while it works, and for each connection."""

import dataclasses
import time

from generator import Load
from peers.base import Shape
from ratios import Target
from scenarios.base import Sample, Scenario

IDLE_CONNECTIONS = 10_000
HOLD_SECONDS_MAX = 120
SETTLE_SECONDS = 0.5
KIB_PER_MIB = 1024


def _largest(running, index):
    return max(memory[index] for memory in running.memory_kib())


@dataclasses.dataclass(frozen=True)
class Footprint(Scenario):
    """Resident memory when nothing has come yet, at 2,000 requests a second, and afterwards; of a
    pair that of the larger."""

    def measure(self, run, running, prepared):
        time.sleep(SETTLE_SECONDS)
        metrics = {"rss_idle_mib": _largest(running, 0) / KIB_PER_MIB,
                   "anonymous_idle_mib": _largest(running, 1) / KIB_PER_MIB}
        with run.generator.start(running.entry, self.load, run.seconds) as load:
            time.sleep(run.seconds * 0.8)
            metrics["rss_load_mib"] = _largest(running, 0) / KIB_PER_MIB
            outcome = load.outcome()
        time.sleep(SETTLE_SECONDS)
        metrics["rss_after_mib"] = _largest(running, 0) / KIB_PER_MIB
        return Sample(metrics, outcome.fault())

    def turn_seconds(self, candidate, seconds):
        return seconds + 2 * SETTLE_SECONDS


@dataclasses.dataclass(frozen=True)
class Idle(Scenario):
    """So many connections, each of them used once."""

    def prepare(self, run):
        # Smilax lets each direction have a quarter of its descriptors; the others need one or two.
        fit = run.files_max // 4 - 100
        if fit < IDLE_CONNECTIONS:
            run.note(f"{fit} connections instead of {IDLE_CONNECTIONS}: a process may have"
                     f" {run.files_max} descriptors here (ulimit -Hn)")
        return min(fit, IDLE_CONNECTIONS)

    def measure(self, run, running, prepared):
        time.sleep(SETTLE_SECONDS)
        before = _largest(running, 0)
        load = dataclasses.replace(self.load, connections=prepared)
        with run.generator.start(running.entry, load, HOLD_SECONDS_MAX) as held:
            opened = held.wait_ready()
            time.sleep(SETTLE_SECONDS)
            after = _largest(running, 0)
            outcome = held.outcome()
        fault = outcome.fault() if any(outcome.errors.values()) else ""
        if opened < prepared:
            fault = f"only {opened} of {prepared} connections were opened"
        return Sample({"rss_kib_per_connection": (after - before) / max(1, opened),
                       "connections": opened}, fault)

    def turn_seconds(self, candidate, seconds):
        # A handshake costs both sides about a millisecond: 5 to 15 s for all of them.
        return 2 * SETTLE_SECONDS + (7.0 if candidate.shape.role == "server" else 0.6)


def scenarios():
    shown = ("rss_idle_mib", "anonymous_idle_mib", "rss_load_mib", "rss_after_mib")
    yield Footprint(
        "memory/footprint", "a pair with mTLS: memory of the larger of the two, idle and at 2,000/s",
        Shape(role="pair"), Load(connections=50, rate=2000), fresh=True, shown=shown, compared=shown,
        peers=("smilax", "haproxy", "nginx", "envoy"),
        targets=(
            Target("rss_idle_mib", "smilax", "<=", 10, unit="MiB"),
            Target("anonymous_idle_mib", "smilax", "<=", 4, unit="MiB"),
            Target("rss_load_mib", "smilax", "<=", 14, unit="MiB"),
        ))
    room = IDLE_CONNECTIONS + 200
    for name, shape, limit, words in (
        ("plaintext", Shape(connections_max=room), 3, "one plaintext proxy"),
        ("mtls", Shape(role="server", connections_max=room), 20, "the server side of a pair, mTLS"),
    ):
        yield Idle(
            f"memory/idle-{name}", f"{words}: connections that were used once and wait", shape,
            Load(idle=True), fresh=True, shown=("rss_kib_per_connection", "connections"),
            compared=("rss_kib_per_connection",), peers=("smilax", "haproxy", "nginx", "envoy"),
            targets=(Target("rss_kib_per_connection", "smilax", "<=", limit, unit="KiB"),))
