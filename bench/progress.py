"""What a run says while it goes: how far it is."""

import sys
import time


class Progress:
    """On standard error: a line for each scenario that has ended; where somebody looks, also what
    goes on, on one line that is overwritten."""

    def __init__(self, count, clock=time.monotonic):
        self._is_watched = sys.stderr.isatty()
        self._count = count
        self._ended = 0
        self._clock = clock
        self._since = clock()

    def __call__(self, sentence):
        if self._is_watched:
            self._write(f"\r\x1b[K[{self._ended + 1}/{self._count}] {sentence}")

    def tell(self, sentence):
        """A line that stays."""
        self._write(f"{self._clear()}{sentence}\n")

    def end(self, name):
        """Of a scenario."""
        now = self._clock()
        self._ended += 1
        self.tell(f"[{self._ended}/{self._count}] {name}: {duration(now - self._since)}")
        self._since = now

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
