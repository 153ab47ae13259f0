"""Load through two sidecars while their identities rotate, whatever these come from: kept
connections and new ones, HTTP and bytes. Nothing may fail."""

import contextlib
import re
import socket
import subprocess
import threading
import time

from support import program
from support.mesh import APP_PORT
from support.recorder import listen_behind
from nginx import start_nginx
from shapes import API_HOST, two_pods

ECHO_PORT = 9191
WORDS = b"\x00\x01these bytes are no HTTP"
# What the log says of a handshake or a connection that failed.
FAILURE = re.compile(r"handshake|\b(error|warning)\b|upstream_tls_failed", re.I)


def rotating_pods(mesh, **options):
    """(web, api), started: nginx and an echo of bytes are behind api."""
    web, api = two_pods(mesh, applications=False, ports=(APP_PORT, ECHO_PORT), **options)
    mesh.service("echo", [api], port=ECHO_PORT, target_port=ECHO_PORT)
    start_nginx(api)
    return web, api


class Echo:
    """Sends back what it gets, behind api's sidecar."""

    def __init__(self, api):
        self._listener = listen_behind(api, ECHO_PORT)
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self):
        with contextlib.suppress(OSError):  # wakes accept()
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _accept(self):
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    @staticmethod
    def _serve(connection):
        with contextlib.suppress(OSError), connection:
            connection.settimeout(60)
            while words := connection.recv(1000):
                connection.sendall(words)


class Load:
    """Runs from entering for so many seconds; leaving waits for its end. `requests` counts what
    was answered; `faults` are sentences."""

    def __init__(self, mesh, web, api, seconds):
        self.faults = []
        self.requests = 0
        self.echoes = 0
        self._mesh = mesh
        self._web = web
        self._api = api
        self._seconds = seconds
        self._runs = []
        self._echo = None

    def __enter__(self):
        self._ends_at = time.monotonic() + self._seconds
        self._runs = [self._wrk("--connections", 16),
                      self._wrk("--connections", 4, "--header", "Connection: close")]
        if self._mesh.redirect:  # where nothing redirects, `Host` decides, and bytes have none
            self._echo = Echo(self._api)
            self._caller = threading.Thread(target=self._call_echo, daemon=True)
            self._caller.start()
        return self

    def __exit__(self, kind, *_):
        for run in self._runs:
            try:
                said, _ = run.communicate(timeout=self._seconds + 30 if kind is None else 0.1)
                self._judge(run.returncode, said)
            except subprocess.TimeoutExpired:
                self.faults.append("wrk did not end")
                run.kill()
                run.wait()
        if self._echo is not None:
            self._caller.join(timeout=self._seconds + 30)
            self._echo.close()

    def _wrk(self, *arguments):
        where = (f"{self._mesh.resolve('api')}:{APP_PORT}" if self._mesh.redirect
                 else f"{self._web.address}:15001")
        command = ["wrk", "--threads", 1, "--duration", f"{self._seconds}s", "--timeout", "10s",
                   "--header", f"Host: {API_HOST}", *arguments, f"http://{where}/"]
        return subprocess.Popen(
            [*self._web.prefix(), *map(str, command)],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)

    def _judge(self, code, said):
        if code != 0 or "Socket errors" in said or "Non-2xx" in said:
            self.faults.append(f"wrk ended with {code}: {said}")
        found = re.search(r"(\d+) requests in", said)
        self.requests += int(found.group(1)) if found else 0

    def _call_echo(self):
        """A new connection between the sidecars for each, and so a handshake."""
        while time.monotonic() < self._ends_at:
            try:
                with self._web.connect(self._mesh.resolve("echo"), ECHO_PORT, 10.0) as connection:
                    connection.sendall(WORDS)
                    if connection.recv(1000) != WORDS:
                        self.faults.append("bytes came back otherwise")
                    self.echoes += 1
            except OSError as error:
                self.faults.append(f"bytes: {type(error).__name__}: {error}")
            time.sleep(0.02)  # the pace of the load


def metric(pod, name, *labels):
    """The sum of a metric's series that have all of `labels`."""
    return sum(float(line.split()[-1]) for line in pod.metrics().splitlines()
               if re.match(rf"{name}(\{{| )", line) and all(label in line for label in labels))


def failures_of(pod):
    """What a sidecar says of handshakes and connections that failed; empty when none did."""
    lines = [line for line in pod.sidecar.said().splitlines() if FAILURE.search(line)]
    lines += [line for line in pod.metrics().splitlines()
              if re.search(r"handshake|tls_failed|identity_mismatch", line)
              and not line.startswith("#") and "success" not in line
              and re.search(r"fail|refused|mismatch", line) and float(line.split()[-1]) != 0]
    return lines


def seconds_of_load():
    return 60 if program.is_long() else 12
