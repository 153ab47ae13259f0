"""An application that keeps every byte it was sent, and answers what a test tells it to."""

import contextlib
import socket
import threading

from support import network

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


def listen_behind(pod, port):
    """A listener where the sidecar of a pod forwards to for this pod port."""
    if not pod.namespace:
        host, number = pod.behind(port).rsplit(":", 1)
        return socket.create_server((host, int(number)), backlog=1024)
    with network.inside(pod.namespace):
        return socket.create_server(
            ("::", port), family=socket.AF_INET6, dualstack_ipv6=True, backlog=1024)


class Recorder:
    """Listens on a pod's port behind its sidecar. `heads` and `bodies` are raw, in order of
    arrival. `answer(head, body)` returns the bytes to send; `before_body(head)` those to send when
    only the head is there."""

    def __init__(self, pod, port, answer=lambda head, body: OK, before_body=lambda head: b""):
        self.heads = []
        self.bodies = []
        self.connections = 0
        self._answer = answer
        self._before_body = before_body
        self._open = set()
        self._listener = listen_behind(pod, port)
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        # shutdown wakes the thread in accept(); close alone would not.
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for connection in list(self._open):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def _accept(self):
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                self.connections += 1
                self._open.add(connection)
                threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection):
        with contextlib.suppress(OSError), connection, connection.makefile("rb") as stream:
            while head := self._read_head(stream):
                self.heads.append(head)
                connection.sendall(self._before_body(head))
                body = self._read_body(stream, head.lower())
                self.bodies.append(body)
                connection.sendall(self._answer(head, body))
        self._open.discard(connection)

    @staticmethod
    def _read_head(stream):
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            line = stream.readline()
            if not line:
                # Bytes without an end were sent to us all the same: keep them.
                return head
            head += line
        return head

    @staticmethod
    def _read_body(stream, head):
        """The body as it came, chunk sizes and trailers included."""
        if b"transfer-encoding: chunked" in head:
            body = b""
            while True:
                size = stream.readline()
                body += size
                length = int(size.split(b";")[0], 16)
                if length == 0:
                    break
                body += stream.read(length + 2)
            while line := stream.readline():
                body += line
                if line == b"\r\n":
                    break
            return body
        for line in head.split(b"\r\n"):
            if line.startswith(b"content-length:"):
                return stream.read(int(line.split(b":")[1]))
        return b""
