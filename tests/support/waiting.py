"""Waiting for something to become true, with a deadline: tests never just sleep."""

import time


def wait_until(check, what, seconds=10.0, pause=0.02):
    """Calls `check` until it returns something true, and returns that. An exception of `check`
    counts as "not yet"; past the deadline the last one, or `what`, is the failure."""
    end = time.monotonic() + seconds
    last = None
    while True:
        try:
            result = check()
            if result:
                return result
            last = None
        except (AssertionError, OSError, ValueError) as error:
            last = error
        if time.monotonic() >= end:
            raise AssertionError(f"not within {seconds} s: {what}" + (f": {last}" if last else ""))
        time.sleep(pause)
