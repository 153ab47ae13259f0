"""Sidecars share a TLS connection for many HTTP/1 connections: what the applications see of it."""

import contextlib
import signal
import socket
import ssl
import struct
import threading
import time

from support import http1, network
from support.mesh import APP_PORT
from support.recorder import OK, Recorder
from support.waiting import wait_until
from clients import ALL_WELL, Clients, identity_refreshes
from shapes import API_HOST, everything, two_pods, web_may_call_api

BIG_BYTES = 8 * 1024 * 1024
BIG = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % BIG_BYTES + b"0123456789abcdef" * (
    BIG_BYTES // 16)


def mesh_connections(pod):
    """TLS connections that a pod's sidecar has accepted so far."""
    return sum(float(line.split()[-1]) for line in pod.metrics().splitlines()
               if line.startswith("tcp_open_total{") and 'direction="inbound"' in line
               and 'peer="src"' in line and 'tls="true"' in line)


def test_many_clients_share_one_connection(any_mesh):
    web, api = two_pods(any_mesh, applications=False)
    with Recorder(api, APP_PORT), Clients(web, 30, per_connection=5) as clients:
        wait_until(lambda: clients.answered_well() > 1000, "a thousand answers",
                   seconds=60)
    assert set(clients.seen) == ALL_WELL, clients.seen
    assert 1 <= mesh_connections(api) <= 2, api.metrics()


def test_a_client_that_does_not_read_holds_nobody_up(any_mesh):
    web, api = two_pods(any_mesh, applications=False)

    def answer(head, body):
        return BIG if b" /big " in head else OK

    with Recorder(api, APP_PORT, answer=answer) as recorder:
        with web.reach("api.default", APP_PORT) as slow:
            slow.send(f"GET /big HTTP/1.1\r\nHost: {API_HOST}\r\n\r\n".encode())
            wait_until(lambda: recorder.heads, "the big answer is under way")
            with Clients(web, 4, per_connection=5) as clients:
                wait_until(lambda: clients.answered_well() > 300, "small answers")
            assert set(clients.seen) == ALL_WELL, clients.seen
            big = slow.read_answer()
            assert big.status == 200 and big.body == BIG[-BIG_BYTES:]
    assert mesh_connections(api) == 1


def test_bulk_leaves_room_to_small_answers(any_mesh):
    web, api = two_pods(any_mesh, applications=False)
    stopping = threading.Event()

    def answer(head, body):
        return BIG if b" /big " in head else OK

    def load():
        with web.reach("api.default", APP_PORT) as connection:
            while not stopping.is_set():
                assert connection.request("GET", "/big", API_HOST).status == 200

    with Recorder(api, APP_PORT, answer=answer):
        threads = [threading.Thread(target=load) for _ in range(3)]
        for thread in threads:
            thread.start()
        try:
            with web.reach("api.default", APP_PORT) as connection:
                slowest = 0.0
                for _ in range(50):
                    begin = time.monotonic()
                    assert connection.request("GET", "/small", API_HOST).status == 200
                    slowest = max(slowest, time.monotonic() - begin)
        finally:
            stopping.set()
            for thread in threads:
                thread.join(timeout=30)
    # Not a measurement: a request that starves waits for all of the bulk.
    assert slowest < 5, slowest
    assert mesh_connections(api) == 1


def test_identities_rotate_under_many_clients(any_mesh):
    web, api = two_pods(any_mesh, applications=False)
    with Recorder(api, APP_PORT), Clients(web, 20, per_connection=5) as clients:
        for pods in [(web,), (api,), (web, api)]:
            before = [identity_refreshes(pod) for pod in pods]
            connections = mesh_connections(api)
            for pod in pods:
                any_mesh.authority.issue(pod.folder / "identity", pod.account)
            wait_until(
                lambda b=before, p=pods: all(identity_refreshes(x) > n for x, n in zip(p, b)),
                "the new certificate is in use", seconds=30)
            wait_until(lambda c=connections: mesh_connections(api) > c,
                       "a connection with the new identity", seconds=30)
    assert set(clients.seen) == ALL_WELL, clients.seen


def test_endpoint_that_drains_under_load_loses_nothing(loopback_mesh):
    web = loopback_mesh.pod("web")
    old, new = loopback_mesh.pod("api-old", "api"), loopback_mesh.pod("api-new", "api")
    loopback_mesh.service("api", [old, new])
    loopback_mesh.apply(everything(), web_may_call_api())
    loopback_mesh.start(applications=False)
    with Recorder(old, APP_PORT) as from_old, Recorder(new, APP_PORT) as from_new:
        with Clients(web, 20, per_connection=5) as clients:
            wait_until(lambda: from_old.heads and from_new.heads, "both serve")
            old.sidecar.signal(signal.SIGTERM)
            loopback_mesh.service("api", [new])
            assert old.sidecar.wait(30) == 0
            seen = len(from_new.heads)
            wait_until(lambda: len(from_new.heads) > seen + 100, "the other goes on")
    assert set(clients.seen) == ALL_WELL, clients.seen


class OtherSidecar:
    """Another sidecar in place of a pod's own: TLS with an identity of the mesh, which agrees on
    one protocol."""

    protocol = ""

    def __init__(self, pod):
        folder = pod.folder / "identity"
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.minimum_version = ssl.TLSVersion.TLSv1_3
        self._context.load_cert_chain(folder / "tls.crt", folder / "tls.key")
        self._context.load_verify_locations(folder / "ca.crt")
        self._context.verify_mode = ssl.CERT_REQUIRED
        self._context.set_alpn_protocols([self.protocol])
        self._open = []
        self._listener = socket.create_server((pod.address, APP_PORT), backlog=1024)
        self.connections = 0
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for each in [self._listener, *self._open]:
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _accept(self):
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                self._open.append(connection)
                threading.Thread(target=self._run, args=(connection,), daemon=True).start()

    def _run(self, raw):
        with contextlib.suppress(OSError), self._context.wrap_socket(
                raw, server_side=True) as connection, connection.makefile("rb") as stream:
            assert connection.selected_alpn_protocol() == self.protocol
            self.connections += 1
            self.serve(connection, stream)


class Http1Sidecar(OtherSidecar):
    """Of a version that does not share connections."""

    protocol = "smilax/http1.1"
    requests = 0

    def serve(self, connection, stream):
        while stream.readline():
            while stream.readline() != b"\r\n":
                pass
            self.requests += 1
            connection.sendall(OK)


class RefusingSidecar(OtherSidecar):
    """Resets every stream."""

    protocol = "smilax/mux"
    streams = 0

    def serve(self, connection, stream):
        while header := stream.read(12):
            _, kind, flags, number, length = struct.unpack(">BBHII", header)
            if kind == 0:
                stream.read(length)
            if flags & 1:
                self.streams += 1
                connection.sendall(struct.pack(">BBHII", 0, 1, 8, number, 0))


def stop_sidecar(pod):
    pod.sidecar.signal(signal.SIGTERM)
    assert pod.sidecar.wait(20) == 0


def test_a_peer_that_does_not_share_gets_connections_of_its_own(loopback_mesh):
    web, api = two_pods(loopback_mesh, applications=False)
    stop_sidecar(api)
    with Http1Sidecar(api) as other, Clients(web, 10, per_connection=5) as clients:
        wait_until(lambda: clients.answered_well() > 300, "answers", seconds=30)
    assert other.requests > 300
    assert 2 <= other.connections <= 60, other.connections
    assert set(clients.seen) == ALL_WELL, clients.seen


def test_a_request_is_repeated_once_where_a_kept_connection_refuses_it(loopback_mesh):
    web, api = two_pods(loopback_mesh, applications=False)
    stop_sidecar(api)
    with RefusingSidecar(api) as other:
        for method, streams in [("GET", 1), ("GET", 3), ("POST", 4), ("GET", 6)]:
            with web.reach("api.default", APP_PORT) as connection:
                answer = connection.request(method, "/echo", API_HOST, body=b"")
            assert (answer.status, answer.header("smilax-reason")) == (502, "upstream_closed")
            # A new connection cannot have died meanwhile, and a POST may have been heard.
            assert other.streams == streams
        assert other.connections == 1


def test_a_sidecar_that_was_killed_costs_no_request_after_it_is_back(loopback_mesh):
    web, api = two_pods(loopback_mesh, applications=False)
    with Recorder(api, APP_PORT):
        def call():
            with web.reach("api.default", APP_PORT) as connection:
                return connection.request("GET", "/echo", API_HOST).status

        assert call() == 200
        for _ in range(3):
            api.sidecar.kill()
            loopback_mesh.processes.remove(("api sidecar", api.sidecar))  # its end was no fault
            api.start_sidecar()
            api.wait_ready()
            assert call() == 200


def test_a_host_that_vanishes_does_not_swallow_requests_for_minutes(mesh):
    """Nobody says goodbye: packets to it are lost from one moment to the next."""
    web, api = two_pods(mesh, applications=False)
    with Recorder(api, APP_PORT):
        with web.reach("api.default", APP_PORT) as connection:
            assert connection.request("GET", "/echo", API_HOST).status == 200
        network.ip("-n", api.namespace, "link", "set", "eth0", "down")
        begin = time.monotonic()
        with web.reach("api.default", APP_PORT) as connection:
            assert connection.request("GET", "/echo", API_HOST).status in (502, 503, 504)
        assert time.monotonic() - begin < 25
        network.ip("-n", api.namespace, "link", "set", "eth0", "up")


def test_fifty_first_requests_to_nobody_fail_alike_and_at_once(any_mesh):
    web, api = two_pods(any_mesh, applications=False)
    stop_sidecar(api)
    answers = []

    def call():
        with contextlib.suppress(http1.Closed), web.reach("api.default", APP_PORT) as connection:
            answers.append(connection.request("GET", "/echo", API_HOST).header("smilax-reason"))

    begin = time.monotonic()
    threads = [threading.Thread(target=call) for _ in range(50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)
    assert answers == ["upstream_connect_failed"] * 50
    assert time.monotonic() - begin < 10
