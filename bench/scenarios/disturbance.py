"""What else goes on must not be felt: scrapes, changes of policy, a reader that does not keep up, a
thousand handshakes at once."""

import contextlib
import dataclasses
import time

from candidate import Candidate
from generator import Load
from peers.base import Shape
from ratios import Target
from scenarios.base import (
    ENDLESS, UNANSWERED_SECONDS, ClosedLoop, Sample, Scenario, latencies, load_seconds,
    measured_load, warm_seconds_of)
from scenarios.latency import capacity_seconds, rate_fault, slowest_capacity
from surroundings import WRITES_PER_SECOND, Churn, snapshot_generation

PAIR = Shape(role="pair")
SERVER = Shape(role="server")
SLOW_BYTES_PER_SECOND = 10_000_000
STORM_CONNECTIONS = 1000
CALM_RATE = 2000  # requests a second beside the storm, on connections that stay


@dataclasses.dataclass(frozen=True)
class AtHalfRate(Scenario):
    """Open loop at half of what the slower one carries."""

    def prepare(self, run):
        rate = slowest_capacity(run, self.load) / 2
        run.note(f"at {rate:.0f} requests a second, half of the slower one's capacity")
        return dataclasses.replace(self.load, rate=rate)

    def prepare_seconds(self, candidates, seconds):
        return capacity_seconds(candidates, self.load, seconds)


@dataclasses.dataclass(frozen=True)
class Churned(AtHalfRate):
    """A file of the resources is replaced a hundred times a second, or is not."""

    def measure(self, run, running, prepared):
        before = snapshot_generation(running.metrics())
        with contextlib.ExitStack() as stack:
            churn = None
            if running.candidate.churned:
                churn = stack.enter_context(Churn(running.plan.resources))
            began = time.monotonic()
            outcome, _, metrics = measured_load(run, running, prepared)
            churned_seconds = time.monotonic() - began
        metrics |= latencies(outcome)
        taken = snapshot_generation(running.metrics()) - before
        metrics["snapshots_per_second"] = taken / churned_seconds
        fault = outcome.fault() or rate_fault(prepared, outcome)
        if churn is not None:
            fault = fault or churn.error or ""
            if not fault and churn.done < 0.9 * WRITES_PER_SECOND * churned_seconds:
                fault = f"the file changed only {churn.done} times"
            if not fault and taken == 0:
                fault = "not one change took effect"
        return Sample(metrics, fault)


@dataclasses.dataclass(frozen=True)
class SlowReader(AtHalfRate):
    """One connection reads a large answer at 10 MB/s beside 50 that are fast."""

    def measure(self, run, running, prepared):
        slow = Load(path=ENDLESS, connections=1, read_bytes_per_second=SLOW_BYTES_PER_SECOND)
        beside_seconds = warm_seconds_of(prepared) + run.seconds + 0.3
        with run.generator.start(running.entry, slow, beside_seconds) as reading:
            outcome, _, metrics = measured_load(run, running, prepared)
            metrics |= latencies(outcome)
            slow_outcome = reading.outcome()
        metrics["slow_mb_per_second"] = slow_outcome.bytes_read / slow_outcome.seconds / 1e6
        if running.processes:
            metrics["rss_mib"] = max(rss for rss, _ in running.memory_kib()) / 1024
        fault = outcome.fault() or rate_fault(prepared, outcome)
        if not fault and any(slow_outcome.errors.values()):
            fault = f"slow reader: {slow_outcome.fault()}"
        return Sample(metrics, fault)

    def turn_seconds(self, candidate, seconds):
        # Its answer never ends.
        return load_seconds(self.load, seconds) + 0.3 + UNANSWERED_SECONDS


@dataclasses.dataclass(frozen=True)
class Storm(Scenario):
    """A thousand clients connect, again and again, beside 50 connections that stay."""

    def measure(self, run, running, prepared):
        storm = Load(handshakes_only=True, connections=STORM_CONNECTIONS, yields=True)
        beside_seconds = warm_seconds_of(self.load) + run.seconds + 0.3
        with run.generator.start(running.entry, storm, beside_seconds) as storming:
            outcome, _, metrics = measured_load(run, running, self.load)
            metrics |= latencies(outcome)
            storm_outcome = storming.outcome()
        metrics["handshakes_per_second"] = storm_outcome.handshakes / storm_outcome.seconds
        fault = outcome.fault() or rate_fault(self.load, outcome)
        if not fault and any(storm_outcome.errors.values()):
            fault = f"the storm: {storm_outcome.fault()}"
        return Sample(metrics, fault)

    def turn_seconds(self, candidate, seconds):
        return load_seconds(self.load, seconds) + 0.3 + UNANSWERED_SECONDS


def scenarios():
    yield ClosedLoop(
        "telemetry", "a pair with mTLS whose metrics are read every second, or never", PAIR,
        given=(Candidate("scraped", "smilax", PAIR, scraped=True),
               Candidate("not scraped", "smilax", PAIR)),
        notes=("Smilax has no switch that turns counting off: this is what reading costs",))
    yield Churned(
        "churn", "a pair with mTLS: a hundred changes of policy a second, or none", PAIR,
        given=(Candidate("churned", "smilax", PAIR, churned=True),
               Candidate("still", "smilax", PAIR)),
        shown=("p50_us", "p99_us", "p99.9_us", "snapshots_per_second", "proxy_core"),
        compared=("p50_us", "p99_us", "p99.9_us"),
        targets=(Target("p99_us", "churned", "<=", 1.2, "still"),),
        notes=("both proxies read the changed files, and their control threads share the one core"
               " with the workers",), rounds_factor=3)
    yield SlowReader(
        "slow-reader", "a pair with mTLS: one reader at 10 MB/s beside 50 fast connections", PAIR,
        peers=("smilax", "haproxy", "nginx", "envoy", "direct"),
        shown=("p50_us", "p99_us", "p99.9_us", "slow_mb_per_second", "rss_mib"),
        compared=("p50_us", "p99_us", "p99.9_us"))
    yield Storm(
        "server/storm",
        "the server side of a pair: 2,000 requests a second on connections that stay, beside a"
        " thousand that handshake at once and begin anew",
        SERVER, Load(rate=CALM_RATE), peers=("smilax", "haproxy", "nginx", "envoy"),
        shown=("p50_us", "p99_us", "p99.9_us", "handshakes_per_second"),
        compared=("p50_us", "p99_us", "p99.9_us"),
        notes=("the storm's clients yield to the others' on their core",))
