"""One candidate of a scenario, running: its processes, its memory, requests to it."""

import contextlib
import dataclasses
import http.client
import socket
import ssl
import time
import urllib.request

import application
import layout
from peers.base import Shape
from processes import Process

READY_SECONDS_MAX = 60  # ten thousand targets take a while to read
OUTSIDE = "/elsewhere"  # no target allows it


@dataclasses.dataclass(frozen=True)
class Candidate:
    """What is compared: a peer in a shape, and what else happens while it is measured."""

    label: str
    peer: str
    shape: Shape
    resume: bool = False  # its handshakes
    scraped: bool = False
    churned: bool = False
    x: float | None = None  # its place on a curve


class Running:
    """A candidate's processes, from start to end; a context manager."""

    def __init__(self, candidate, plan, cores, folder):
        self.candidate = candidate
        self.plan = plan
        self.entry = plan.entry
        self.processes = []
        try:
            if plan.redirect is not None:
                layout.redirect_to(plan.redirect)
            for proxy in plan.proxies:
                self.processes.append(
                    Process(proxy.command, cores.proxies, folder / f"{proxy.name}.log"))
            self._wait_ready()
            self._check_denial()
        except BaseException:
            self.end()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.end()

    # ---- measuring ----

    def cpu_ns(self):
        return sum(process.cpu_ns() for process in self.processes)

    def memory_kib(self):
        """Of each proxy: (resident, of which anonymous)."""
        return [process.memory_kib() for process in self.processes]

    def metrics(self):
        """What its first proxy that has metrics says, as text."""
        return fetch(self.plan.proxies[0].metrics)

    # ---- control ----

    def freeze(self):
        for process in self.processes:
            process.freeze()

    def thaw(self):
        for process in self.processes:
            process.thaw()

    def end(self):
        for process in self.processes:
            process.end()
        if self.plan.redirect is not None:
            with contextlib.suppress(layout.Unsuitable):
                layout.remove_redirect()

    def _wait_ready(self):
        until = time.monotonic() + READY_SECONDS_MAX
        while True:
            for process in self.processes:
                if not process.is_running():
                    raise RuntimeError(
                        f"{self.candidate.label} ended at once: {process.said()[-3000:]}")
            fault = self._not_ready()
            if not fault:
                return
            if time.monotonic() > until:
                said = "".join(process.said()[-1500:] for process in self.processes)
                raise RuntimeError(f"{self.candidate.label} is not ready: {fault}; {said}")
            time.sleep(0.05)

    def _not_ready(self):
        """Why it does not serve yet, or an empty string."""
        try:
            for url in self.plan.ready:
                fetch(url)
            status = ask(self.entry, application.SMALL)
            return "" if status == 200 else f"it answers {status}"
        except OSError as error:
            return str(error)
        except http.client.HTTPException as error:
            return repr(error)

    def _check_denial(self):
        """Whoever lets everything pass does not do the same job, and is not compared."""
        if not self.plan.denies:
            return
        status = ask(self.entry, OUTSIDE)
        if status != 403:
            raise RuntimeError(
                f"{self.candidate.label} answers {status} to a path that no target allows: it does"
                " not do the same job")


def fetch(url):
    with urllib.request.urlopen(url, timeout=5) as answer:
        return answer.read().decode(errors="replace")


def ask(entry, path):
    """The status of one GET."""
    address, port = entry.to.rsplit(":", 1)
    connection = http.client.HTTPConnection(address, int(port), timeout=5)
    with contextlib.closing(connection):
        if entry.tls is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            context.check_hostname = False  # SPIFFE certificates name no host
            context.load_verify_locations(entry.tls.trust)
            context.load_cert_chain(entry.tls.certificate, entry.tls.key)
            context.set_alpn_protocols([entry.tls.alpn])
            plain = socket.create_connection((address, int(port)), timeout=5)
            connection.sock = context.wrap_socket(plain)
        connection.request("GET", path, headers={"Host": entry.host})
        answer = connection.getresponse()
        answer.read()
        return answer.status
