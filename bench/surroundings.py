"""What happens beside a measurement: a scraper, a writer of resources."""

import json
import os
import pathlib
import re
import threading
import time

import mesh
from candidate import fetch

WRITES_PER_SECOND = 100


class _Repeated(threading.Thread):
    """Does something at a fixed rate until it is left; a context manager."""

    def __init__(self, seconds):
        super().__init__(daemon=True)
        self.seconds = seconds
        self.done = 0
        self.error = None
        self._over = threading.Event()

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self._over.set()
        self.join()

    def run(self):
        next_at = time.monotonic()
        while not self._over.is_set():
            try:
                self.act()
            except OSError as error:
                self.error = str(error)
                return
            self.done += 1
            next_at += self.seconds
            self._over.wait(max(0.0, next_at - time.monotonic()))

    def act(self):
        raise NotImplementedError


class Scraper(_Repeated):
    """Prometheus, more eager than usual: reads the metrics of each proxy every second."""

    def __init__(self, plan):
        super().__init__(1.0)
        self.urls = [proxy.metrics for proxy in plan.proxies if proxy.metrics]

    def act(self):
        for url in self.urls:
            fetch(url)


class Churn(_Repeated):
    """Replaces a file of the resources a hundred times a second, as a rename does it; every time it
    says something else, so that there is a new snapshot."""

    def __init__(self, resources):
        super().__init__(1.0 / WRITES_PER_SECOND)
        self.file = pathlib.Path(resources) / "churn.yaml"
        self.draft = self.file.parent.with_name("churn.draft")

    def act(self):
        target = mesh.targets(1)
        for made in target:
            made["metadata"]["name"] = "churn"
        target[0]["spec"]["matches"][0]["pathRegex"] = f"/churn{self.done}/.*"
        target[1]["spec"]["rules"][0]["name"] = "churn"
        self.draft.write_text("\n---\n".join(json.dumps(made) for made in target))
        os.rename(self.draft, self.file)


def snapshot_generation(metrics):
    """Of Smilax's metrics."""
    found = re.search(r"^smilax_snapshot_generation(?:\{[^}]*\})? (\d+)", metrics, re.MULTILINE)
    return int(found[1]) if found else 0
