"""An agent of the SPIFFE Workload API, for tests: gRPC by a library that is not ours (grpcio), strict
about what a client has to send. Run as a program it is the agent; `Agent` starts and commands it.

The program serves what stands in a directory, looking every few milliseconds: `response`, an encoded
X509SVIDResponse, streamed to everyone whenever it changes, or `denied`, the message of a
PermissionDenied. Both are replaced by renaming.
"""

import base64
import os
import pathlib
import re
import ssl
import sys
import time

if __name__ == "__main__":
    sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))

from support import program
from support.waiting import wait_until

METHOD = "/SpiffeWorkloadAPI/FetchX509SVID"

# ---- messages, encoded by hand -------------------------------------------------------------------


def varint(number):
    encoded = bytearray()
    while number > 0x7F:
        encoded.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*encoded, number])


def field(number, value):
    """A field of bytes."""
    value = value.encode() if isinstance(value, str) else value
    return varint(number << 3 | 2) + varint(len(value)) + value


def der_chain(pem):
    """The certificates of a PEM text, one after the other."""
    blocks = re.findall(r"-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----", pem, re.S)
    return b"".join(map(ssl.PEM_cert_to_DER_cert, blocks))


def der_key(pem):
    body = re.search(r"-----BEGIN PRIVATE KEY-----(.*?)-----END PRIVATE KEY-----", pem, re.S)
    return base64.b64decode(body.group(1))


def svid(folder, spiffe_id, hint="", bundle=None):
    """X509SVID of tls.crt, tls.key and ca.crt in `folder`, or instead of that the PEM text `bundle`."""
    folder = pathlib.Path(folder)
    return field(1, spiffe_id) + field(2, der_chain((folder / "tls.crt").read_text())) + field(
        3, der_key((folder / "tls.key").read_text())) + field(
        4, der_chain(bundle or (folder / "ca.crt").read_text())) + (field(5, hint) if hint else b"")


def response(svids, federated=None):
    """X509SVIDResponse. `federated`: trust domain to the PEM text of its CA."""
    return b"".join(field(1, one) for one in svids) + b"".join(
        field(3, field(1, domain) + field(2, der_chain(pem)))
        for domain, pem in (federated or {}).items())


class Agent:
    """The agent as a process, at `socket` below `folder`."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        os.chmod(self.folder, 0o755)
        self.socket = self.folder / "agent.sock"
        self.process = None

    @property
    def uri(self):
        return f"unix://{self.socket}"

    def start(self):
        self.process = program.Process(
            [sys.executable, pathlib.Path(__file__).resolve(), self.folder],
            self.folder / "agent.log")
        wait_until(lambda: "listens" in self.said() or self._fail_if_gone(), "the agent listens")
        return self

    def _fail_if_gone(self):
        assert self.process.is_running(), self.said()

    def stop(self):
        """At once, as a crash is: its socket stays behind and nobody answers there."""
        self.process.kill()
        self.process.log.rename(self.folder / "agent.log.before")

    def said(self):
        return self.process.said()

    def give(self, svids, federated=None):
        self._put("response", response(svids, federated))
        (self.folder / "denied").unlink(missing_ok=True)

    def deny(self, why):
        self._put("denied", why.encode())

    def _put(self, name, content):
        draft = self.folder / f"{name}.draft"
        draft.write_bytes(content)
        draft.rename(self.folder / name)


# ---- the agent -----------------------------------------------------------------------------------


def serve(folder):
    from concurrent import futures

    try:
        import grpc
    except ModuleNotFoundError as error:  # the test fails with this: it is never skipped
        sys.exit(f"{sys.executable}: {error}: apt-get install python3-grpcio, and run the tests by "
                 "/usr/bin/python3")

    def content_of(name):
        try:
            return (folder / name).read_bytes()
        except FileNotFoundError:
            return None

    def fetch(request, context):
        metadata = context.invocation_metadata()
        print("asked with", sorted((item.key, item.value) for item in metadata), flush=True)
        if [item.value for item in metadata if item.key == "workload.spiffe.io"] != ["true"]:
            context.abort(grpc.StatusCode.INVALID_ARGUMENT, "security header missing from request")
        if request != b"":
            context.abort(grpc.StatusCode.INVALID_ARGUMENT, "X509SVIDRequest has no fields")
        last = None
        while context.is_active():
            denied = content_of("denied")
            if denied is not None:
                context.abort(grpc.StatusCode.PERMISSION_DENIED, denied.decode())
            now = content_of("response")
            if now is not None and now != last:
                last = now
                yield now
            time.sleep(0.01)

    class Handler(grpc.GenericRpcHandler):
        def service(self, call):
            return grpc.unary_stream_rpc_method_handler(fetch) if call.method == METHOD else None

    server = grpc.server(futures.ThreadPoolExecutor(32), handlers=[Handler()])
    path = folder / "agent.sock"
    path.unlink(missing_ok=True)
    assert server.add_insecure_port(f"unix://{path}"), f"cannot listen on {path}"
    server.start()
    os.chmod(path, 0o666)
    print("listens", flush=True)
    server.wait_for_termination()


if __name__ == "__main__":
    serve(pathlib.Path(sys.argv[1]))
