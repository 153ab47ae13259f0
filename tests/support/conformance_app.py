"""The application of the SMI conformance suite, as its published source behaves.

POST /call {url, method, body, headers}: performs that request with a ServiceName header, and notes
it under RespSucceeded or RespFailed by its status; a transport error is noted nowhere and answers
500. GET or DELETE /metrics: what was noted. Anything else echoes; /echo and /call note the caller.

    conformance_app.py --name app-a --listen ADDRESS:PORT --hosts FILE [--outbound ADDRESS:PORT]

`--hosts` is a JSON file of name → address, in place of DNS. With `--outbound` every call goes to
that proxy instead: where nothing redirects.
"""

import argparse
import http.client
import http.server
import json
import socket
import threading
import urllib.parse


class State:
    """What is noted and the idle connections; shared by the server's threads."""

    def __init__(self, arguments):
        self.name = arguments.name
        self.hosts_file = arguments.hosts
        self.outbound = arguments.outbound
        self.lock = threading.Lock()
        self.idle = {}
        self.clear()

    def clear(self):
        self.noted = {"ReqReceived": [], "RespSucceeded": [], "RespFailed": []}

    def address_of(self, url):
        if self.outbound:
            host, port = self.outbound.rsplit(":", 1)
            return host, int(port)
        with open(self.hosts_file, encoding="utf-8") as file:
            known = json.load(file)
        return known.get(url.hostname.rstrip("."), url.hostname), url.port or 80


def perform(state, call):
    """Performs a call over a kept-alive connection, as Go's client does; returns its status."""
    url = urllib.parse.urlsplit(call["url"])
    address = state.address_of(url)
    headers = {"Host": url.netloc, "ServiceName": state.name}
    headers.update(call.get("headers") or {})
    body = (call.get("body") or "").encode()
    with state.lock:
        connection = state.idle.setdefault(address, []).pop() if state.idle.get(address) else None
    for attempt in ("kept", "new"):
        if connection is None:
            attempt = "new"
            connection = http.client.HTTPConnection(*address, timeout=30)
        try:
            connection.request(
                call["method"], url.path or "/", body=body or None, headers=headers
            )
            answer = connection.getresponse()
            answer.read()
            break
        except (http.client.HTTPException, OSError):
            connection.close()
            connection = None
            if attempt == "new":  # a kept connection may have gone stale meanwhile; a new one not
                raise
    with state.lock:
        state.idle.setdefault(address, []).append(connection)
    return answer.status


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    state = None

    def log_message(self, *_):
        pass

    def answer(self, status, body, content_type="application/json"):
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def note_caller(self):
        with self.state.lock:
            self.state.noted["ReqReceived"].append(self.headers.get("ServiceName", "Unidentified"))

    def read_body(self):
        if "chunked" not in self.headers.get("Transfer-Encoding", "").lower():
            return self.rfile.read(int(self.headers.get("Content-Length", 0)))
        body = b""
        while size := int(self.rfile.readline().split(b";")[0], 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        while self.rfile.readline().strip():
            pass
        return body

    def serve(self):
        body = self.read_body()
        path = self.path.split("?")[0]
        if path == "/metrics":
            with self.state.lock:
                if self.command == "DELETE":
                    self.state.clear()
                noted = json.dumps(self.state.noted)
            self.answer(200, noted.encode())
        elif path == "/call" and self.command == "POST":
            self.serve_call(json.loads(body))
        else:
            self.note_caller()
            self.answer(200, self.requestline.encode() + b"\n" + bytes(self.headers) + body,
                        "text/plain")

    def serve_call(self, call):
        self.note_caller()
        try:
            status = perform(self.state, call)
        except (http.client.HTTPException, OSError) as error:
            self.answer(500, json.dumps({"error": str(error)}).encode())
            return
        noted = {"URL": call["url"], "Method": call["method"], "Headers": call.get("headers")}
        kind = "RespSucceeded" if 200 <= status < 400 else "RespFailed"
        with self.state.lock:
            self.state.noted[kind].append(noted)
        self.answer(200, json.dumps({"status": status}).encode())

    do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = do_PATCH = do_OPTIONS = serve


class Server(http.server.ThreadingHTTPServer):
    address_family = socket.AF_INET6
    request_queue_size = 1024

    def server_bind(self):
        if self.address_family == socket.AF_INET6:  # "::" serves IPv4 as well
            self.socket.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        super().server_bind()


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--name", required=True)
    parser.add_argument("--listen", required=True)
    parser.add_argument("--hosts", required=True)
    parser.add_argument("--outbound")
    arguments = parser.parse_args()
    Handler.state = State(arguments)
    host, port = arguments.listen.rsplit(":", 1)
    host = host.strip("[]")
    Server.address_family = socket.AF_INET6 if ":" in host else socket.AF_INET
    Server((host, int(port)), Handler).serve_forever()


if __name__ == "__main__":
    main()
