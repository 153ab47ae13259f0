"""A mesh on one machine, from the real program and real files.

`Mesh(redirect=True)`: each pod is a network namespace with real redirect rules and its sidecar runs
as user 1337. `Mesh(redirect=False)`: each pod is a loopback address; inbound by `inbound.ports`,
outbound as an explicit proxy. Tests use both through the same calls.
"""

import itertools
import json
import os
import pathlib
import signal
import socket
import sys
import tempfile
import urllib.parse

import yaml
from support import http1, network, program, resources
from support.waiting import wait_until

APP_PORT = 9091
OUTBOUND_PORT = 15001
INBOUND_PORT = 15006
ADMIN_PORT = 15020
# Where nothing redirects, the sidecar listens on the pod's port and the application this far above.
LOOPBACK_SHIFT = 10_000

live_meshes = []  # their logs are shown when a test fails


class Pod:
    """One workload: addresses, an application, a sidecar unless `meshed` is false; then
    `annotated` is what its annotation smilax.dev/mesh says."""

    def __init__(self, mesh, name, account, number, *, meshed=True, annotated="false", labels=None,
                 ports=(APP_PORT,), settings=None, release=False):
        self.mesh = mesh
        self.name = name
        self.account = account
        self.meshed = meshed
        self.annotated = None if meshed else annotated
        self.labels = {"app": name, **(labels or {})}
        self.ports = tuple(ports)
        self.settings = settings or {}
        self.release = release
        self.folder = mesh.folder / name
        self.folder.mkdir()
        os.chmod(self.folder, 0o755)
        self.namespace = None
        if mesh.redirect:
            self.namespace, self.address, address6 = mesh.network.add_pod(name, number)
            self.addresses = (self.address, address6)
            self.own = "127.0.0.1"
        else:
            # A process has its own /24 of the loopback network, so runs do not meet.
            pid = os.getpid()
            self.address = f"127.{64 + pid % 128}.{(pid >> 7) % 250}.{number}"
            self.addresses = (self.address,)
            self.own = self.address
        self.application = None
        self.sidecar = None

    # ---- starting ----

    def configuration(self):
        made = {
            "workload": {
                "trustDomain": "cluster.local",
                "namespace": resources.NAMESPACE,
                "serviceAccount": self.account,
                "pod": self.name,
                "owner": {"kind": "Deployment", "name": self.labels["app"]},
            },
            "identity": {
                "source": "files",
                "certificate": str(self.folder / "identity" / "tls.crt"),
                "key": str(self.folder / "identity" / "tls.key"),
                "trustBundle": str(self.folder / "identity" / "ca.crt"),
            },
            "resources": [{"directory": str(self.mesh.directory.path)}],
            "policy": {},
            "inbound": {"listen": [f"[::]:{INBOUND_PORT}"]},
            "outbound": {"listen": [f"127.0.0.1:{OUTBOUND_PORT}", f"[::1]:{OUTBOUND_PORT}"]},
            "admin": {"listen": f"{self.own}:{ADMIN_PORT}"},
        }
        if not self.mesh.redirect:
            made["inbound"] = {"ports": [
                {"listen": f"{self.address}:{port}",
                 "application": f"{self.address}:{port + LOOPBACK_SHIFT}"}
                for port in self.ports
            ]}
            made["outbound"] = {"listen": [f"{self.address}:{OUTBOUND_PORT}"]}
        for section, values in self.settings.items():
            if isinstance(values, dict):  # None takes a key away
                # Another source of the identity has no use for the files.
                kept = {} if section == "identity" and "source" in values else made.get(section, {})
                merged = {**kept, **values}
                values = {key: value for key, value in merged.items() if value is not None}
            made[section] = values
        return made

    def start_sidecar(self):
        binary = program.release_binary() if self.release else program.binary()
        self.mesh.authority.issue(self.folder / "identity", self.account)
        file = self.folder / "smilax.yaml"
        file.write_text(yaml.safe_dump(self.configuration()))
        if self.mesh.redirect:
            made = program.smilax("redirect", "install", program=binary, prefix=self.prefix())
            assert made.returncode == 0, made.stderr
        self.sidecar = self.start(
            [program.reachable(binary), "proxy", "--config", file], "sidecar",
            user=program.SIDECAR_USER if self.mesh.redirect else None,
        )

    def wait_ready(self):
        def ready():
            assert self.sidecar.is_running(), f"{self.name}: {self.sidecar.said()[-3000:]}"
            return self.admin("/ready").status == 200

        wait_until(ready, f"{self.name} is ready", seconds=20)

    def start_application(self):
        """The application of the conformance suite, on the first port."""
        listen = f"[::]:{self.ports[0]}" if self.mesh.redirect else self.behind(self.ports[0])
        command = [sys.executable, pathlib.Path(__file__).with_name("conformance_app.py"),
                   "--name", self.name, "--listen", listen, "--hosts", self.mesh.hosts_file]
        if not self.mesh.redirect:
            command += ["--outbound", f"{self.address}:{OUTBOUND_PORT}"]
        self.application = self.start(command, "application")
        wait_until(lambda: self.beside(self.ports[0]).close() is None,
                   f"the application of {self.name} listens")

    def behind(self, port):
        """Where the application itself listens for a pod port, as text."""
        return (f"127.0.0.1:{port}" if self.mesh.redirect
                else f"{self.address}:{port + LOOPBACK_SHIFT}")

    def start(self, command, label, user=None):
        process = program.Process(
            command, self.folder / f"{label}.log", user=user, namespace=self.namespace)
        self.mesh.processes.append((f"{self.name} {label}", process))
        return process

    def prefix(self):
        """What makes a command run inside this pod."""
        return ["nsenter", f"--net=/run/netns/{self.namespace}"] if self.namespace else []

    # ---- talking ----

    def connect(self, address, port, seconds=30.0):
        """A connection as the application would open it; redirected when the pod redirects."""
        if self.namespace:
            return network.connect(self.namespace, address, port, seconds)
        return socket.create_connection((address, port), timeout=seconds)

    def beside(self, port):
        """A connection to this pod's application past the sidecar."""
        host, number = self.behind(port).rsplit(":", 1)
        return self.connect(host, int(number))

    def reach(self, host, port):
        """A connection towards `host:port` of the mesh, by its sidecar; an HTTP/1 client."""
        if self.mesh.redirect or not self.meshed:
            return http1.Connection(self.connect(self.mesh.resolve(host), port))
        return http1.Connection(self.connect(self.address, OUTBOUND_PORT))

    def call(self, method, url, headers=(), body=None):
        """One request of the application to a URL of the mesh, on a connection of its own."""
        parts = urllib.parse.urlsplit(url)
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        with self.reach(parts.hostname, parts.port or 80) as connection:
            return connection.request(method, target, parts.netloc, headers, body)

    def admin(self, path):
        with http1.Connection(self.connect(self.own, ADMIN_PORT, 10.0)) as connection:
            return connection.request(
                "GET", path, f"{self.own}:{ADMIN_PORT}", [("Connection", "close")])

    def metrics(self):
        answer = self.admin("/metrics")
        assert answer.status == 200
        return answer.body.decode()

    def noted(self):
        """What the conformance application noted."""
        with http1.Connection(self.beside(self.ports[0])) as connection:
            return json.loads(connection.request("GET", "/metrics", "localhost").body)

    def forget(self):
        with http1.Connection(self.beside(self.ports[0])) as connection:
            connection.request("DELETE", "/metrics", "localhost")


class Mesh:
    """Pods, Services and resources; a context manager. Ends everything it started, and fails when
    a sidecar did not end as it should."""

    def __init__(self, authority, redirect=True):
        self.authority = authority
        self.redirect = redirect
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="mesh-", dir=program.folder()))
        os.chmod(self.folder, 0o755)
        self.directory = resources.Directory(self.folder / "resources")
        self.hosts_file = self.folder / "hosts.json"
        self.hosts = {}
        self.pods = {}
        self.processes = []
        self._numbers = itertools.count(10)
        self._cluster_numbers = itertools.count(10)
        self.network = network.Network() if redirect else None
        live_meshes.append(self)

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        faults = self.close()
        if kind is None:
            assert not faults, "\n".join(faults)

    def pod(self, name, account=None, **options):
        made = Pod(self, name, account or name, next(self._numbers), **options)
        self.pods[name] = made
        return made

    def service(self, name, pods, port=APP_PORT, target_port=APP_PORT, selector=None, **fields):
        """A Service with virtual addresses that nobody has, and its endpoints."""
        number = next(self._cluster_numbers)
        ips = [f"198.19.0.{number}"] + ([f"2001:2:0:1::{number:x}"] if self.redirect else [])
        for suffix in ("", f".{resources.NAMESPACE}", f".{resources.NAMESPACE}.svc",
                       f".{resources.NAMESPACE}.svc.cluster.local"):
            self.hosts[name + suffix] = ips[0]
        self.hosts_file.write_text(json.dumps(self.hosts))
        os.chmod(self.hosts_file, 0o644)
        slices = [resources.endpoint_slice(
            name, target_port, [(pod.name, pod.address) for pod in pods], "IPv4")]
        self.directory.write(
            f"service-{name}.yaml",
            resources.service(name, ips, port, target_port, selector or {"app": name}, **fields),
            *slices,
        )
        return ips

    def resolve(self, host):
        return self.hosts.get(host.rstrip("."), host)

    def apply(self, *objects):
        """Each object in a file of its own, named by what it is."""
        for item in objects:
            self.directory.write(self._file_of(item), item)

    def delete(self, *objects):
        for item in objects:
            self.directory.remove(self._file_of(item))

    @staticmethod
    def _file_of(item):
        return f"{item['kind'].lower()}-{item['metadata']['name']}.yaml"

    def start(self, applications=True):
        """Starts every pod's application and sidecar, and waits until all are ready."""
        self.directory.write("pods.yaml", *(
            resources.pod(pod.name, pod.account, pod.addresses, pod.labels, pod.annotated)
            for pod in self.pods.values()
        ))
        for pod in self.pods.values():
            if applications:
                pod.start_application()
            if pod.meshed:
                pod.start_sidecar()
        for pod in self.pods.values():
            if pod.meshed:
                pod.wait_ready()
        return self

    def logs(self, lines=40):
        """The ends of all logs, for the report of a failed test."""
        return "\n".join(
            f"--- {label}\n" + "\n".join(process.said().splitlines()[-lines:])
            for label, process in self.processes
        )

    def close(self):
        """Ends everything; returns what went wrong with the sidecars."""
        sidecars = [(label, process) for label, process in self.processes
                    if label.endswith(" sidecar")]
        faults = []
        for _, process in sidecars:
            process.signal(signal.SIGTERM)
        for label, process in sidecars:
            code = process.ended()
            if code != 0 or program.SANITIZER.search(process.said()):
                faults.append(f"{label} ended with {code}: {process.said()[-6000:]}")
        for _, process in self.processes:
            process.kill()
        if self.network:
            self.network.close()
        if self in live_meshes:
            live_meshes.remove(self)
        return faults
