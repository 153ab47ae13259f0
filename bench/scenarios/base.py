"""What a scenario is: candidates, one measurement of one of them, and what must come out."""

import contextlib
import dataclasses
import time

import application
from candidate import Candidate
from generator import Load
from peers.base import Shape
from processes import core_busy_ticks
from surroundings import Scraper

# Before each measurement: who was frozen for a while fills its pools again, by a handshake for each
# connection where there are two proxies.
WARM_SECONDS = 0.4
WARM_SECONDS_PER_CONNECTION = 0.004
# How long the load generator waits for answers to what was sent before its time was over.
UNANSWERED_SECONDS = 2.0
ALL_PEERS = ("smilax", "haproxy", "nginx", "envoy", "direct")

# How a number is called and printed.
METRICS = {
    "cpu_us_per_request": ("CPU per request", "µs"),
    "cpu_us_per_handshake": ("CPU per handshake", "µs"),
    "requests_per_second": ("requests", "/s"),
    "gb_per_core_second": ("bytes per CPU second", "GB"),
    "p50_us": ("p50", "µs"),
    "p99_us": ("p99", "µs"),
    "p99.9_us": ("p99.9", "µs"),
    "proxy_core": ("proxy's core used", "%"),
    "foreign_core": ("proxy's core used by others", "%"),
    "rss_mib": ("RSS", "MiB"),
    "rss_idle_mib": ("RSS idle", "MiB"),
    "anonymous_idle_mib": ("anonymous idle", "MiB"),
    "rss_load_mib": ("RSS at 2,000/s", "MiB"),
    "rss_after_mib": ("RSS after", "MiB"),
    "rss_kib_per_connection": ("RSS per connection", "KiB"),
    "connections": ("connections", ""),
    "handshakes_per_second": ("handshakes", "/s"),
    "resumed_share": ("of them resumed", "%"),
    "snapshots_per_second": ("snapshots", "/s"),
    "slow_mb_per_second": ("slow reader gets", "MB/s"),
}


@dataclasses.dataclass
class Sample:
    """One measurement of one candidate in one round."""

    metrics: dict
    fault: str = ""


@dataclasses.dataclass(frozen=True)
class Scenario:
    """A subclass says what one measurement is. `shape`, `load` and `peers` make the candidates, unless
    they are given."""

    name: str
    what: str
    shape: Shape = Shape()
    load: Load = Load()
    peers: tuple = ALL_PEERS
    given: tuple = ()  # candidates
    targets: tuple = ()
    shown: tuple = ("cpu_us_per_request", "requests_per_second", "p50_us", "p99_us")
    compared: tuple = ("cpu_us_per_request",)
    curve: str = ""  # what its x axis counts; bars when empty
    notes: tuple = ()
    fresh: bool = False  # each measurement starts its candidate anew
    rounds_factor: int = 1  # of those asked for: numbers that scatter need more
    seconds_factor: float = 1.0

    def candidates(self):
        return self.given or tuple(Candidate(peer, peer, self.shape) for peer in self.peers)

    def pairs(self, labels):
        """Which ratios the report shows: (of, against)."""
        first, *others = labels
        if self.curve:
            return [(other, first) for other in others]
        return [(first, other) for other in others]

    def prepare(self, run):
        """Once, after all candidates are up and warm; what it returns is given to `measure`."""
        return None

    def measure(self, run, running, prepared):
        """A Sample."""
        raise NotImplementedError

    def complete(self, samples):
        """Adds to a round's metrics what needs those of other candidates; label → Sample."""

    def turn_seconds(self, candidate, seconds):
        """About how long one measurement takes."""
        return load_seconds(self.load, seconds)

    def prepare_seconds(self, candidates, seconds):
        """About how long `prepare` takes."""
        return 0.0


@dataclasses.dataclass(frozen=True)
class ClosedLoop(Scenario):
    """As many requests as go through, and what they cost."""

    def fault(self, load, outcome):
        """What forbids to conclude anything; empty when nothing does."""
        return outcome.fault()

    def measure(self, run, running, prepared):
        load = dataclasses.replace(self.load, resume=running.candidate.resume)
        with contextlib.ExitStack() as stack:
            beside = None
            if running.candidate.scraped:
                beside = stack.enter_context(Scraper(running.plan))
            outcome, window, metrics = measured_load(run, running, load)
        fault = self.fault(load, outcome)
        if not fault and beside is not None and beside.error:
            fault = f"scraping: {beside.error}"
        metrics |= latencies(outcome)
        metrics["requests_per_second"] = outcome.requests / outcome.seconds
        if running.processes:
            metrics["rss_mib"] = max(rss for rss, _ in running.memory_kib()) / 1024
            if outcome.requests:
                metrics["cpu_us_per_request"] = window.cpu_ns / 1000 / outcome.requests
            if window.cpu_ns:
                moved = outcome.bytes_read + outcome.bytes_written
                metrics["gb_per_core_second"] = moved / window.cpu_ns
        return Sample(metrics, fault)


def measured_load(run, running, load):
    """One load, and the time of the proxies' core while it counts: (outcome, window, its metrics)."""
    warm_seconds = warm_seconds_of(load)
    with run.generator.start(running.entry, load, run.seconds, warm_seconds) as started:
        started.wait_begun()
        window = Window(running, run.cores.proxies)
        # Not until it ends: what is in flight then goes on for a while, and is not counted.
        time.sleep(run.seconds)
        metrics = window.close()
        return started.outcome(), window, metrics


def warm_seconds_of(load):
    return WARM_SECONDS + WARM_SECONDS_PER_CONNECTION * load.connections


class Window:
    """The time of one measurement, as the proxies' core spent it."""

    def __init__(self, running, core):
        self._running = running
        self._core = core
        self._cpu, self._busy, self._at = self._now()
        self.cpu_ns = 0

    def _now(self):
        return self._running.cpu_ns(), core_busy_ticks(self._core), time.monotonic()

    def close(self):
        cpu, busy, at = self._now()
        self.cpu_ns = cpu - self._cpu
        passed = at - self._at
        ticks = sum(busy) - sum(self._busy)
        own = self.cpu_ns / 1e9
        if not self._running.processes:
            return {}
        return {"proxy_core": 100 * own / passed,
                "foreign_core": max(0.0, 100 * (ticks / 100 - own) / passed)}


def load_seconds(load, seconds):
    """About how long a load takes; it never warms up for longer than it counts."""
    return min(warm_seconds_of(load), seconds) + seconds + 0.03


def latencies(outcome, suffix=""):
    return {f"{name}_us{suffix}": outcome.latency_us[name] for name in ("p50", "p99", "p99.9")
            if outcome.latency_us.get(name) is not None}


SMALL, MEDIUM, LARGE = application.SMALL, application.MEDIUM, application.LARGE
ENDLESS, CHUNKED, UPLOAD = application.ENDLESS, application.CHUNKED, application.UPLOAD
