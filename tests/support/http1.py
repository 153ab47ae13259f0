"""A client that shows HTTP/1 messages as they came: header case, order and trailers included."""

import dataclasses


@dataclasses.dataclass
class Answer:
    status: int = 0
    headers: list = dataclasses.field(default_factory=list)  # (name, value), as on the wire
    body: bytes = b""
    trailers: list = dataclasses.field(default_factory=list)
    interim: list = dataclasses.field(default_factory=list)  # status codes of 1xx before it

    def header(self, name):
        """The first value of a header, or None."""
        return next((v for n, v in self.headers if n.lower() == name.lower()), None)


class Closed(OSError):
    """The other side closed before a whole answer was there."""


class Connection:
    """Owns a connected socket. Several requests, one after another or pipelined."""

    def __init__(self, sock):
        self.sock = sock
        self._buffer = b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.sock.close()

    def send(self, data):
        self.sock.sendall(data)

    def request(self, method, target, host, headers=(), body=None):
        """Sends a request and returns its answer."""
        lines = [f"{method} {target} HTTP/1.1", f"Host: {host}"]
        lines += [f"{name}: {value}" for name, value in headers]
        if body is not None:
            lines.append(f"Content-Length: {len(body)}")
        self.send("\r\n".join([*lines, "", ""]).encode("latin-1") + (body or b""))
        return self.read_answer(method)

    def read_answer(self, method="GET"):
        answer = Answer()
        while True:
            answer.status, answer.headers = self._read_head()
            if answer.status >= 200 or answer.status == 101:
                break
            answer.interim.append(answer.status)
        if method == "HEAD" or answer.status in (101, 204, 304):
            return answer
        if (answer.header("Transfer-Encoding") or "").lower() == "chunked":
            self._read_chunks(answer)
        elif answer.header("Content-Length") is not None:
            answer.body = self.read(int(answer.header("Content-Length")))
        else:
            answer.body = self.read_to_end()
        return answer

    def read_to_end(self):
        while self._fill():
            pass
        data, self._buffer = self._buffer, b""
        return data

    def _fill(self):
        data = self.sock.recv(65536)
        self._buffer += data
        return bool(data)

    def read(self, count):
        while len(self._buffer) < count:
            if not self._fill():
                raise Closed("closed inside a body")
        data, self._buffer = self._buffer[:count], self._buffer[count:]
        return data

    def _read_line(self):
        while b"\r\n" not in self._buffer:
            if not self._fill():
                raise Closed(f"closed after {self._buffer[:200]!r}")
        line, self._buffer = self._buffer.split(b"\r\n", 1)
        return line.decode("latin-1")

    def _read_fields(self):
        fields = []
        while line := self._read_line():
            name, _, value = line.partition(":")
            fields.append((name, value.strip()))
        return fields

    def _read_head(self):
        version, status, *_ = self._read_line().split(" ", 2)
        if not version.startswith("HTTP/1."):
            raise ValueError(f"not an HTTP/1 answer: {version}")
        return int(status), self._read_fields()

    def _read_chunks(self, answer):
        while size := int(self._read_line().split(";")[0], 16):
            answer.body += self.read(size)
            self.read(2)
        answer.trailers = self._read_fields()
