"""A connection per request, and what a handshake costs the side that accepts it."""

import dataclasses

from candidate import Candidate
from generator import Load
from peers.base import Shape
from ratios import Target
from scenarios.base import ClosedLoop, Sample, Scenario, measured_load

SERVER = Shape(role="server")
PEERS = ("smilax", "haproxy", "nginx", "envoy")
RESUMED_MIN = 0.95  # of the handshakes that were to be resumed


def _full_and_resumed(peers):
    return tuple(Candidate(f"{peer} {'resumed' if resume else 'full'}", peer, SERVER, resume=resume)
                 for peer in peers for resume in (False, True))


def _pairs_of(labels):
    """Full with full, resumed with resumed; and ours resumed with HAProxy's full."""
    made = [(f"smilax {kind}", other) for kind in ("full", "resumed") for other in labels
            if other.endswith(kind) and other != f"smilax {kind}"]
    return [pair for pair in [*made, ("smilax resumed", "haproxy full")]
            if pair[0] in labels and pair[1] in labels]


def resumption_fault(load, outcome):
    """A handshake of the other kind would be counted as one of this."""
    share = outcome.resumed / max(1, outcome.handshakes)
    if load.resume and share < RESUMED_MIN:
        return f"only {share:.0%} of the handshakes were resumed"
    if not load.resume and outcome.resumed:
        return f"{outcome.resumed} handshakes were resumed that should not be"
    return ""


@dataclasses.dataclass(frozen=True)
class Handshakes(Scenario):
    """Connect, handshake, close, again."""

    def pairs(self, labels):
        return _pairs_of(labels)

    def measure(self, run, running, prepared):
        load = dataclasses.replace(self.load, resume=running.candidate.resume)
        outcome, window, metrics = measured_load(run, running, load)
        metrics["handshakes_per_second"] = outcome.handshakes / outcome.seconds
        if outcome.handshakes:
            metrics["cpu_us_per_handshake"] = window.cpu_ns / 1000 / outcome.handshakes
            metrics["resumed_share"] = 100 * outcome.resumed / outcome.handshakes
        return Sample(metrics, outcome.fault() or resumption_fault(load, outcome))


@dataclasses.dataclass(frozen=True)
class NewConnections(ClosedLoop):
    """A request on each, over TLS."""

    def pairs(self, labels):
        return _pairs_of(labels)

    def fault(self, load, outcome):
        return super().fault(load, outcome) or resumption_fault(load, outcome)


def scenarios():
    close = Load(close=True, connections=10)
    yield ClosedLoop(
        "plaintext/new-connections", "one plaintext proxy: a new connection for each request",
        load=close)
    yield ClosedLoop(
        "mtls/new-connections",
        "a pair with mTLS: a new connection for each request to the first; between them they stay",
        Shape(role="pair"), close)
    yield NewConnections(
        "server/new-connections",
        "the server side of a pair: a new mTLS connection for each request, full or resumed",
        SERVER, close, given=_full_and_resumed(PEERS))
    yield Handshakes(
        "server/handshakes",
        "the server side of a pair: mTLS handshakes and nothing else, full or resumed",
        SERVER, Load(handshakes_only=True, connections=10), given=_full_and_resumed(PEERS),
        shown=("cpu_us_per_handshake", "handshakes_per_second", "resumed_share"),
        compared=("cpu_us_per_handshake",),
        targets=(
            Target("cpu_us_per_handshake", "smilax full", "<=", 0.8, "haproxy full"),
            Target("cpu_us_per_handshake", "smilax resumed", "<=", 0.4, "haproxy full"),
        ))
