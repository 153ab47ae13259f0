"""How long requests take at rates that every candidate can carry."""

import dataclasses

from generator import Load
from peers.base import Shape
from ratios import Target
from scenarios.base import (
    UNANSWERED_SECONDS, Sample, Scenario, latencies, load_seconds, warm_seconds_of)

SHARES = (25, 50, 75)  # per cent of the slower one's capacity
NAMES = ("p50", "p99", "p99.9")
RATE_SENT_MIN = 0.98  # of the rate that was asked for
SLOW_PEERS = ("envoy", "direct")  # they do not set the rates; Envoy may then be past its own


def capacity(run, running, load):
    outcome = run.generator.run(running.entry, load, run.seconds, warm_seconds_of(load))
    return outcome.requests / outcome.seconds


def slowest_capacity(run, load):
    """Of those whose rates are compared."""
    return min(capacity_of for capacity_of in (
        run.alone(running, lambda running=running: capacity(run, running, load))
        for running in run.running if running.candidate.peer not in SLOW_PEERS))


def capacity_seconds(candidates, load, seconds):
    """About how long finding it out takes."""
    return load_seconds(load, seconds) * sum(
        candidate.peer not in SLOW_PEERS for candidate in candidates)


def rate_fault(load, outcome):
    if outcome.sent_rate < RATE_SENT_MIN * load.rate:
        return f"only {outcome.sent_rate:.0f} of {load.rate:.0f} requests a second were sent"
    return ""


@dataclasses.dataclass(frozen=True)
class Latency(Scenario):
    """Open loop: requests start when they are due, whether or not the last ones are answered, and
    their time is counted from then."""

    def prepare(self, run):
        slowest = slowest_capacity(run, self.load)
        run.note(f"capacity of the slower one: {slowest:.0f}/s; rates are {SHARES} % of it")
        return {share: slowest * share / 100 for share in SHARES}

    def measure(self, run, running, prepared):
        metrics, faults = {}, []
        for share, rate in prepared.items():
            load = dataclasses.replace(self.load, rate=rate)
            outcome = run.generator.run(running.entry, load, run.seconds, warm_seconds_of(load))
            metrics |= latencies(outcome, f"@{share}%")
            faults += filter(None, [outcome.fault(), rate_fault(load, outcome)])
        return Sample(metrics, f"{faults[0]}" if faults else "")

    def complete(self, samples):
        if "direct" not in samples:
            return
        direct = samples["direct"].metrics
        for label, sample in samples.items():
            if label != "direct":
                sample.metrics |= {
                    f"added_{name}": value - direct[name]
                    for name, value in list(sample.metrics.items()) if name in direct}

    def prepare_seconds(self, candidates, seconds):
        return capacity_seconds(candidates, self.load, seconds)

    def turn_seconds(self, candidate, seconds):
        # Half of what the others carry is more than Envoy does, and it is waited for.
        late = 2 * UNANSWERED_SECONDS if candidate.peer == "envoy" else 0.0
        return len(SHARES) * load_seconds(self.load, seconds) + late


def scenarios():
    shown = tuple(f"{name}_us@{share}%" for share in SHARES for name in NAMES)
    compared = tuple(f"added_{name}_us@{share}%" for share in SHARES for name in NAMES)
    notes = ("added: minus what the application alone takes in the same round",
             "rates are shares of what the slower of Smilax, HAProxy and nginx carries")
    for role, words in (("plaintext", "one plaintext proxy"), ("mtls", "a pair with mTLS")):
        targets = tuple(Target(f"added_{name}_us@50%", "smilax", "<=", 0.9, "haproxy")
                        for name in ("p50", "p99")) if role == "mtls" else ()
        yield Latency(
            f"{role}/latency", f"{words}: 1 KiB answers at fixed rates, on 50 connections",
            Shape(role="pair" if role == "mtls" else "one"), Load(connections=50),
            shown=shown + compared, compared=compared, targets=targets, notes=notes,
            rounds_factor=3, seconds_factor=0.5)
