"""Every input is bounded: memory under big bodies and slow readers, heads, time."""

import contextlib
import pathlib
import socket
import threading
import time

from support import program
from support.mesh import APP_PORT
from support.recorder import Recorder, listen_behind
from support.waiting import wait_until
from shapes import API, API_HOST, two_pods

MIB = 1024 * 1024
GROWTH_MAX = 2 * MIB


class Sink:
    """An application that reads bodies and counts them; `may_read` cleared keeps it from reading on."""

    def __init__(self, pod):
        self.received = 0
        self.may_read = threading.Event()
        self.may_read.set()
        self._listener = listen_behind(pod, APP_PORT)
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self):
        self.may_read.set()
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _accept(self):
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection):
        space = bytearray(MIB)
        with contextlib.suppress(OSError, IndexError), connection:
            while True:
                data = b""
                while b"\r\n\r\n" not in data:
                    got = connection.recv(65536)
                    if not got:
                        return
                    data += got
                head, begun = data.split(b"\r\n\r\n", 1)
                length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
                seen = len(begun)
                while seen < length:
                    self.may_read.wait()
                    count = connection.recv_into(space)
                    if not count:
                        return
                    seen += count
                    self.received += count
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")


def begin_upload(pod, size):
    connection = pod.reach("api.default", APP_PORT)
    connection.send(f"POST /upload HTTP/1.1\r\nHost: {API_HOST}\r\n"
                    f"Content-Length: {size}\r\n\r\n".encode())
    return connection


def upload(pod, size):
    block = bytes(MIB)
    with begin_upload(pod, size) as connection:
        for _ in range(size // MIB):
            connection.send(block)
        return connection.read_answer()


class Peak:
    """The highest resident size of a process, beyond what it was at the beginning."""

    def __init__(self, process):
        self.process = process
        self.before = process.resident_bytes()
        pathlib.Path(f"/proc/{process.pid}/clear_refs").write_text("5")  # resets VmHWM

    def growth(self):
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        peak = int(status.split("VmHWM:")[1].split()[0]) * 1024
        return peak - self.before


def test_big_upload_needs_no_memory(any_mesh):
    size = (2048 if program.is_long() else 256) * MIB
    web, api = two_pods(any_mesh, applications=False, release=True)
    sink = Sink(api)
    with contextlib.closing(sink):
        assert upload(web, 16 * MIB).status == 200  # warm: pools, certificates, malloc's arenas
        peaks = {pod.name: Peak(pod.sidecar) for pod in (web, api)}
        assert upload(web, size).status == 200
        growths = {name: peak.growth() for name, peak in peaks.items()}
    assert sink.received >= size
    assert max(growths.values()) <= GROWTH_MAX, growths


def test_application_that_does_not_read_slows_its_client_down(any_mesh):
    """Backpressure: bytes wait in the kernels' buffers, never in ours."""
    web, api = two_pods(any_mesh, applications=False, release=True)
    sink = Sink(api)
    with contextlib.closing(sink):
        assert upload(web, 16 * MIB).status == 200
        peaks = [Peak(pod.sidecar) for pod in (web, api)]
        sink.may_read.clear()
        sent = 0
        with begin_upload(web, 1024 * MIB) as connection:
            connection.sock.settimeout(1.0)  # blocked for a second: everything is full
            with contextlib.suppress(TimeoutError):
                while sent < 512 * MIB:
                    sent += connection.sock.send(bytes(MIB))
            assert sent < 128 * MIB, "nothing ever held the client back"
            assert max(peak.growth() for peak in peaks) <= GROWTH_MAX
        # The client left in the middle; the sidecars serve on.
        sink.may_read.set()
        wait_until(lambda: upload(web, MIB).status == 200, "served again")


def raw_answer(pod, data, seconds=15.0):
    with pod.reach("api.default", APP_PORT) as connection:
        connection.sock.settimeout(seconds)
        connection.send(data)
        return connection.read_answer()


def test_heads_beyond_the_bounds_are_refused(any_mesh):
    web, api = two_pods(any_mesh, applications=False)
    begin = f"GET / HTTP/1.1\r\nHost: {API_HOST}\r\n"
    with Recorder(api, APP_PORT) as recorder:
        long_value = raw_answer(web, f"{begin}X: {'v' * 70_000}\r\n\r\n".encode())
        many = "".join(f"X-{number}: v\r\n" for number in range(200))
        many_fields = raw_answer(web, f"{begin}{many}\r\n".encode())
        long_target = raw_answer(
            web, f"GET /{'p' * 20_000} HTTP/1.1\r\nHost: {API_HOST}\r\n\r\n".encode())
        assert web.call("GET", API).status == 200, "and the next client is served"
    assert (long_value.status, many_fields.status) == (431, 431)
    assert long_target.status in (414, 431)
    assert len(recorder.heads) == 1, "refused requests never reach the application"


def test_client_that_never_finishes_its_head_is_cut(any_mesh):
    web = any_mesh.pod("web", settings={"limits": {"headMsMax": 500}})
    api = any_mesh.pod("api")
    any_mesh.service("api", [api])
    any_mesh.start(applications=False)
    begin = time.monotonic()
    with web.reach("api.default", APP_PORT) as connection:
        connection.sock.settimeout(10.0)
        connection.send(b"GET / HTTP/1.1\r\nHost: ")
        answered = connection.read_to_end()
    assert time.monotonic() - begin < 5
    assert answered == b"" or answered.startswith(b"HTTP/1.1 408 "), answered


def test_memory_comes_back_after_a_burst_of_connections(any_mesh):
    """500 idle clients: bounded while they are there, and no leak when they are gone twice."""
    web, api = two_pods(any_mesh, applications=False, release=True)
    with Recorder(api, APP_PORT):

        def burst():
            clients = [web.reach("api.default", APP_PORT) for _ in range(500)]
            for client in clients:
                assert client.request("GET", "/", API_HOST).status == 200
            held = web.sidecar.resident_bytes()
            for client in clients:
                client.close()
            return held

        first = burst()
        second = burst()
    assert second - first <= GROWTH_MAX, (first, second)
