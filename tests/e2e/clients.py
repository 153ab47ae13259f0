"""Applications that call all the time while a test does something, and what they get."""

import collections
import itertools
import threading

from support.mesh import APP_PORT
from shapes import API_HOST

ALL_WELL = {(200, None)}


class Clients:
    """So many clients of `api` that call through the sidecar of `web` until it is left: each on a
    new connection for every `per_connection` requests, or on one that stays. `seen` counts their
    answers by status and reason, and what broke a connection by its sentence."""

    def __init__(self, web, count, per_connection=None):
        self.seen = collections.Counter()
        self.connections = 0
        self._web = web
        self._per_connection = per_connection
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._threads = [threading.Thread(target=self._run) for _ in range(count)]

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self._stopping.set()
        for thread in self._threads:
            thread.join(timeout=30)

    def answered_well(self):
        return self.seen[200, None]

    def _run(self):
        while not self._stopping.is_set():
            try:
                self._call()
            except OSError as error:
                self._note(f"{type(error).__name__}: {error}")

    def _call(self):
        with self._lock:
            self.connections += 1
        with self._web.reach("api.default", APP_PORT) as connection:
            for number in itertools.count(1):
                answer = connection.request("GET", "/echo", API_HOST)
                self._note((answer.status, answer.header("smilax-reason")))
                if (number == self._per_connection or self._stopping.is_set()
                        or answer.header("Connection") == "close"):
                    return

    def _note(self, key):
        with self._lock:
            self.seen[key] += 1


def identity_refreshes(pod):
    return next(float(line.split()[-1]) for line in pod.metrics().splitlines()
                if line.startswith("identity_cert_refreshes_total"))
