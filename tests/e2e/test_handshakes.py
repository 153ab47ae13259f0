"""Handshakes with a sidecar as its peers see them: what one costs while it is idle, how long it
lives, and what is said of one that fails."""

import contextlib
import re
import socket
import ssl

import pytest
from support.identity import Authority
from support.mesh import APP_PORT
from support.waiting import wait_until
from shapes import allow, two_pods

IDLE_WARM = 200
IDLE = 800
IDLE_KIB_MAX = 20  # of one connection (performance.md §3)


def context_of(identity, alpn="smilax/http1.1"):
    """TLS of the mesh with the files in `identity`, or without a certificate of its own."""
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    made.check_hostname = False  # SPIFFE certificates name no host
    made.verify_mode = ssl.CERT_NONE
    made.set_alpn_protocols([alpn])
    if identity is not None:
        made.load_cert_chain(identity / "tls.crt", identity / "tls.key")
    return made


def connect(pod, context):
    """Through the handshake and to the first answer: a server's refusal comes behind its own end."""
    plain = socket.create_connection((pod.address, APP_PORT), timeout=10)
    try:
        connection = context.wrap_socket(plain)
        connection.sendall(b"GET /echo HTTP/1.1\r\nHost: api\r\n\r\n")
        answer = connection.recv(65536)
        assert answer.startswith(b"HTTP/1.1 200 "), answer[:100]
        return connection
    except BaseException:
        plain.close()
        raise


def memory_kib(process):
    status = open(f"/proc/{process.pid}/status", encoding="ascii").read()
    return int(re.search(r"^VmRSS:\s+(\d+) kB", status, re.MULTILINE).group(1))


def failures(pod, direction, reason):
    return sum(float(line.split()[-1]) for line in pod.metrics().splitlines()
               if line.startswith("tls_handshake_failures_total{")
               and f'direction="{direction}"' in line and f'reason="{reason}"' in line)


def test_idle_connection_costs_20_kib_at_most(loopback_mesh):
    web, api = two_pods(loopback_mesh, release=True)
    context = context_of(web.folder / "identity")
    with contextlib.ExitStack() as stack:
        def open_connections(count):
            for _ in range(count):
                stack.enter_context(contextlib.closing(connect(api, context)))

        open_connections(IDLE_WARM)
        before = memory_kib(api.sidecar)
        open_connections(IDLE)
        each = (memory_kib(api.sidecar) - before) / IDLE
    print(f"{each:.1f} KiB for each idle connection")
    assert 0 < each <= IDLE_KIB_MAX


def test_connection_ends_with_the_certificate_of_its_peer(loopback_mesh):
    _, api = two_pods(loopback_mesh)
    short = loopback_mesh.authority.issue(
        loopback_mesh.folder / "short", "web", "--lifetime", "4s")
    with contextlib.closing(connect(api, context_of(short))) as connection:
        with contextlib.suppress(ConnectionResetError, ssl.SSLError):
            assert connection.recv(1) == b""  # within 10 s; it would idle for minutes
    assert 'inbound_tcp_errors_total' in api.metrics() and 'error="peer_untrusted"' in api.metrics()
    with pytest.raises((ssl.SSLError, ConnectionError)):
        connect(api, context_of(short)).close()
    assert failures(api, "inbound", "expired") == 1
    wait_until(lambda: "certificate has expired" in api.sidecar.said(), "it is told why")


def stranger(mesh):
    return Authority(mesh.folder / "other-ca").issue(mesh.folder / "stranger", "web")


@pytest.mark.parametrize(("identity", "alpn", "reason", "words"), [
    (stranger, "smilax/http1.1", "untrusted", "the peer's certificate does not verify: "),
    (lambda _: None, "smilax/http1.1", "no_certificate", "peer did not return a certificate"),
    (lambda mesh: mesh.authority.issue(mesh.folder / "h2", "web"), "smilax/h2",
     "no_common_protocol", "the peer offers none of our protocols (ALPN), only smilax/h2"),
])
def test_failed_handshake_is_counted_and_told_in_words(
        loopback_mesh, identity, alpn, reason, words):
    _, api = two_pods(loopback_mesh)
    with pytest.raises((ssl.SSLError, ConnectionError)):
        connect(api, context_of(identity(loopback_mesh), alpn)).close()
    wait_until(lambda: failures(api, "inbound", reason) == 1, "it is counted")
    line = wait_until(
        lambda: [line for line in api.sidecar.said().splitlines() if f"failed ({reason})" in line],
        "it is told")[0]
    assert f"inbound TLS handshake from 127.0.0.1 for port {APP_PORT}" in line and words in line


def test_client_that_says_nothing_in_its_handshake_is_a_timeout(loopback_mesh):
    web = loopback_mesh.pod("web")
    api = loopback_mesh.pod("api", settings={"limits": {"handshakeMsMax": 300}})
    allow(loopback_mesh)
    loopback_mesh.start()
    del web
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    hello = context_of(api.folder / "identity").wrap_bio(incoming, outgoing)
    with contextlib.suppress(ssl.SSLWantReadError):
        hello.do_handshake()
    with socket.create_connection((api.address, APP_PORT), timeout=10) as connection:
        connection.sendall(outgoing.read())
        with contextlib.suppress(ConnectionResetError):
            while connection.recv(65536):
                pass
    wait_until(lambda: failures(api, "inbound", "timeout") == 1, "it is counted")


def test_refusal_by_the_server_is_told_by_the_client(loopback_mesh):
    """In TLS 1.3 it comes when the client's handshake is done."""
    web, api = two_pods(loopback_mesh)
    other = Authority(loopback_mesh.folder / "other-ca")
    bundle = (api.folder / "identity" / "ca.crt").read_text() + (other.path / "ca.crt").read_text()
    for pod, issuer in ((web, loopback_mesh.authority), (api, other)):
        draft = issuer.issue(pod.folder / "draft", pod.account)
        if pod is web:
            (draft / "ca.crt").write_text(bundle)  # api knows the other one alone
        for file in ("tls.crt", "tls.key", "ca.crt"):
            (draft / file).rename(pod.folder / "identity" / file)
    wait_until(lambda: web.call("GET", f"http://api.default:{APP_PORT}/echo").status == 502,
               "api refuses")
    wait_until(lambda: failures(web, "outbound", "refused_by_peer") >= 1, "it is counted")
    assert failures(api, "inbound", "untrusted") >= 1
    wait_until(lambda: "alert unknown CA: the CA of our certificate is not in its trust bundle"
               in web.sidecar.said(), "it is told in words")
