"""Small answers on connections that stay: what a request costs."""

from candidate import Candidate
from generator import Load
from peers.base import Shape
from ratios import Target
from scenarios.base import CHUNKED, MEDIUM, UPLOAD, ClosedLoop

ROLES = {
    "plaintext": (Shape(), "one plaintext proxy"),
    "mtls": (Shape(role="pair"), "a pair of proxies with mTLS between them"),
}
TARGETS = {
    "plaintext/keep-alive-50": (
        Target("cpu_us_per_request", "smilax", "<=", 0.85, "haproxy"),
    ),
    "mtls/keep-alive-50": (
        Target("cpu_us_per_request", "smilax", "<=", 0.75, "haproxy"),
        Target("cpu_us_per_request", "smilax", "<=", 0.35, "envoy"),
    ),
}
BODIES = {
    "64k": (Load(path=MEDIUM), "64 KiB answers"),
    "upload": (Load(path=UPLOAD, method="POST", body_bytes=1 << 20, connections=10),
               "1 MiB uploads, on 10 connections"),
    "chunked": (Load(path=CHUNKED), "answers in chunks"),
}


def scenarios():
    for role, (shape, words) in ROLES.items():
        for connections in (1, 10, 50, 500):
            name = f"{role}/keep-alive-{connections}"
            yield ClosedLoop(
                name, f"{words}: 1 KiB answers on {connections} connections that stay", shape,
                Load(connections=connections), targets=TARGETS.get(name, ()))
        for kind, (load, what) in BODIES.items():
            yield ClosedLoop(f"{role}/{kind}", f"{words}: {what}", shape, load)
    yield ClosedLoop(
        "noise", "the same pair with mTLS twice: how far apart equals are measured",
        load=Load(connections=50),
        given=tuple(Candidate(label, "smilax", Shape(role="pair")) for label in ("this", "same")))
