"""A pod without a sidecar that has the certificate of an account all the same, and what runs there:
the standard mTLS clients and servers of the tests."""

import os
import subprocess

from support import crafted, program
from support.mesh import APP_PORT
from support.waiting import wait_until
from shapes import allow

REQUEST = b"GET /metrics HTTP/1.1\r\nHost: api\r\nConnection: close\r\n\r\n"


class Outside:
    """A pod without a sidecar, with the certificate of an account: where standard clients run."""

    def __init__(self, mesh, account="prometheus", **options):
        self.mesh = mesh
        self.account = account
        self.pod = mesh.pod(f"outside-{account}", account, meshed=False, **options)
        self.identity = mesh.authority.issue(self.pod.folder / "identity", account)
        crafted.both(self.identity)

    def run(self, *command, data=None):
        return subprocess.run([*self.pod.prefix(), *map(str, command)], input=data,
                              capture_output=True, timeout=30)

    def s_client(self, api, *options, port=APP_PORT, data=REQUEST, identity=None):
        """What `openssl s_client` says, its peer's answer in between."""
        folder = identity or self.identity
        ended = self.run(
            "openssl", "s_client", "-connect", f"{api.address}:{port}", "-CAfile",
            self.identity / "ca.crt", "-cert", folder / "tls.crt", "-key", folder / "tls.key",
            "-ign_eof", *options, data=data)
        return (ended.stdout + ended.stderr).decode(errors="replace")

    def curl(self, api, *options, path="/metrics"):
        return self.run(
            "curl", "--silent", "--show-error", "--max-time", "10", "--noproxy", "*", "--insecure",
            "--cert", self.identity / "tls.crt", "--key", self.identity / "tls.key", *options,
            f"https://{api.address}:{APP_PORT}{path}")

    def start_server(self, label, command, port, address=None):
        process = self.pod.start(command, label)

        def listens():
            assert process.is_running(), process.said()[-3000:]
            return self.pod.connect(address or self.pod.own, port).close() is None

        wait_until(listens, f"{label} listens", seconds=20)
        return process

    def get(self, port, path="/"):
        """A plain request to what runs in this pod: (status, body)."""
        with self.pod.connect(self.pod.own, port) as connection:
            connection.sendall(
                f"GET {path} HTTP/1.1\r\nHost: api\r\nConnection: close\r\n\r\n".encode())
            answer = b""
            while piece := connection.recv(65536):
                answer += piece
        return int(answer.split()[1]), answer.partition(b"\r\n\r\n")[2]


def standard_api(mesh, allowed=True, **options):
    """(outside, api): api's port answers standard clients; Prometheus may call it."""
    outside = Outside(mesh)
    api = mesh.pod("api", settings={"policy": {
        "ports": [{"port": APP_PORT, "clients": "standard"}]}}, **options)
    mesh.service("api", [api])
    if allowed:
        allow(mesh, ["prometheus"])
    mesh.start(applications=False)
    return outside, api


def readable_by_the_sidecar(folder):
    for file in folder.iterdir():
        if os.geteuid() == 0:
            os.chown(file, program.SIDECAR_USER, program.SIDECAR_USER)
