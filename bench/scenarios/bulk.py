"""Many bytes in one answer: how many a second of CPU moves."""

from generator import Load
from peers.base import Shape
from ratios import Target
from scenarios.base import LARGE, ClosedLoop

SHOWN = ("gb_per_core_second", "proxy_core", "rss_mib")
BULK = Load(path=LARGE, connections=4)
TARGET = (Target("gb_per_core_second", "smilax", ">=", 1.0, "haproxy"),)
NOTES = ("HAProxy has tune.bufsize 32768 and nginx proxy_buffers of 32 KiB here, and only here",)
REDIRECTED = (
    "Smilax gets the bytes by redirect, as in a pod; the others are addressed directly. All of them"
    " pass the same connection tracking",)


def scenarios():
    common = {"load": BULK, "shown": SHOWN, "compared": ("gb_per_core_second",)}
    yield ClosedLoop(
        "plaintext/bulk", "one plaintext proxy: answers of 16 MiB, HTTP", Shape(bulk=True),
        notes=NOTES, **common)
    yield ClosedLoop(
        "mtls/bulk", "a pair with mTLS: answers of 16 MiB, HTTP", Shape(role="pair", bulk=True),
        notes=NOTES, targets=TARGET, **common)
    yield ClosedLoop(
        "plaintext/opaque", "one plaintext proxy: answers of 16 MiB, as bytes that nobody parses",
        Shape(opaque=True, bulk=True), notes=NOTES + REDIRECTED, targets=TARGET, **common)
    yield ClosedLoop(
        "mtls/opaque", "a pair with mTLS: answers of 16 MiB, as bytes that nobody parses",
        Shape(role="pair", opaque=True, bulk=True), notes=NOTES + REDIRECTED, **common)
