"""What else goes on must not be felt: scrapes, changes of policy, a reader that does not keep up."""

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
SLOW_BYTES_PER_SECOND = 10_000_000


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
