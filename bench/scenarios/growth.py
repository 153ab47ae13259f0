"""Smilax against itself as the mesh grows."""

from candidate import Candidate
from generator import Load
from peers.base import Shape
from ratios import Target
from scenarios.base import ClosedLoop

SHOWN = ("cpu_us_per_request", "rss_mib", "requests_per_second")
COMPARED = ("cpu_us_per_request", "rss_mib")
BASE = Shape(role="pair", targets=1)


def _candidates(label, counts, shape_of):
    """`label`: in the singular."""
    return tuple(Candidate(f"{count:,} {label}{'s' if count > 1 else ''}", "smilax", shape_of(count),
                           x=count) for count in counts)


def scenarios():
    common = {"load": Load(connections=50), "shown": SHOWN, "compared": COMPARED}
    yield ClosedLoop(
        "growth/targets",
        "a pair with mTLS as targets grow: all for this workload and this caller, the last decides",
        BASE, curve="targets",
        given=_candidates("target", (1, 100, 10_000), lambda n: Shape(role="pair", targets=n)),
        **common)
    yield ClosedLoop(
        "growth/endpoints",
        "a pair with mTLS as the mesh grows: endpoints of other Services, ten each",
        BASE, curve="endpoints",
        given=_candidates("endpoint", (10, 1000, 10_000),
                          lambda n: Shape(role="pair", targets=1, endpoints=n)),
        **common)
    yield ClosedLoop(
        "growth/both", "a pair with mTLS: 10,000 targets and 10,000 endpoints against one of each",
        BASE,
        given=(Candidate("large", "smilax", Shape(role="pair", targets=10_000, endpoints=10_000)),
               Candidate("small", "smilax", BASE)),
        targets=(Target("cpu_us_per_request", "large", "<=", 1.05, "small"),),
        **common)
    yield ClosedLoop(
        "growth/one-service",
        "one plaintext proxy as the endpoints of the Service that is called grow",
        Shape(), curve="endpoints of the Service",
        given=_candidates("endpoint", (1, 10, 1000), lambda n: Shape(spread=n)),
        notes=("each endpoint has connections of its own: from some number on this is what opening"
               " and keeping them costs, in the kernel too",),
        **common)
