"""What a run says while it goes: how far it is, and how long it still takes."""

import math
import sys
import time

# So much of what was expected has to pass before what was measured counts as much.
TRUST_SECONDS = 30.0


class Progress:
    """On standard error: a line for each scenario that has ended; where somebody looks, also what
    goes on, on one line that is overwritten. `expected`: scenario → seconds."""

    def __init__(self, expected, clock=time.monotonic):
        self._is_watched = sys.stderr.isatty()
        self._left = dict(expected)
        self._count = len(expected)
        self._expected_so_far = self._taken_so_far = 0.0
        self._clock = clock
        self._since = clock()
        self.tell(f"{self._count} scenario{'s' if self._count > 1 else ''}, about"
                  f" {minutes(sum(expected.values()))}")

    def __call__(self, sentence):
        if self._is_watched:
            self._write(f"\r\x1b[K[{self._count - len(self._left) + 1}/{self._count}] {sentence}")

    def tell(self, sentence):
        """A line that stays."""
        self._write(f"{self._clear()}{sentence}\n")

    def end(self, name):
        """Of a scenario."""
        now = self._clock()
        taken = now - self._since
        self._since = now
        self._taken_so_far += taken
        self._expected_so_far += self._left.pop(name)
        left = f"; about {minutes(self.seconds_left())} left" if self._left else ""
        self.tell(f"[{self._count - len(self._left)}/{self._count}] {name}: {duration(taken)}{left}")

    def seconds_left(self):
        """What is expected of the others, as much longer or shorter as those that ended were."""
        drift = (self._taken_so_far + TRUST_SECONDS) / (self._expected_so_far + TRUST_SECONDS)
        return sum(self._left.values()) * drift

    def _clear(self):
        return "\r\x1b[K" if self._is_watched else ""

    @staticmethod
    def _write(text):
        print(text, end="", file=sys.stderr, flush=True)


def duration(seconds):
    """To read: 8 s, 1 min 12 s, 2 h 5 min."""
    seconds = round(seconds)
    if seconds < 60:
        return f"{seconds} s"
    if seconds < 3600:
        return f"{seconds // 60} min {seconds % 60} s"
    return f"{seconds // 3600} h {seconds % 3600 // 60} min"


def minutes(seconds):
    """Roughly: 1 min, 40 min, 1 h 20 min."""
    whole = max(1, math.ceil(seconds / 60))
    return f"{whole} min" if whole < 60 else f"{whole // 60} h {whole % 60} min"
