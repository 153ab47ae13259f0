"""Real redirect rules in real network namespaces."""

import contextlib
import re
import socket
import subprocess
import threading

import pytest
from support import network, program, resources
from support.mesh import APP_PORT, INBOUND_PORT, OUTBOUND_PORT
from support.recorder import Recorder
from support.waiting import wait_until
from shapes import API, allow, everything, two_pods


def test_service_address_that_nobody_has_is_answered_by_an_endpoint(mesh):
    web, api = two_pods(mesh, applications=False)
    with Recorder(api, APP_PORT) as recorder:
        answer = web.call("GET", API + "/x")
    assert answer.status == 200 and len(recorder.heads) == 1


def test_ipv6_is_redirected_as_well(mesh):
    web, api = two_pods(mesh, applications=False)
    with Recorder(api, APP_PORT) as recorder:
        with contextlib.closing(web.connect("2001:2:0:1::a", APP_PORT)) as connection:
            connection.sendall(b"GET /six HTTP/1.1\r\nHost: api\r\nConnection: close\r\n\r\n")
            assert connection.recv(4096).startswith(b"HTTP/1.1 200")
    assert b"/six" in recorder.heads[0]


def test_application_calls_its_own_service(mesh):
    """The hairpin: api's Service has api itself as its only endpoint."""
    web, api = two_pods(mesh)
    allow(mesh, sources=("web", "api"))
    wait_until(lambda: api.call("GET", API + "/echo").status == 200, "api reaches itself")


def test_pod_address_is_policed_like_its_service(mesh):
    web, api = two_pods(mesh, strangers=True)
    stranger = mesh.pods["stranger"]
    url = f"http://{api.address}:{APP_PORT}/echo"
    assert web.call("GET", url).status == 200
    assert stranger.call("GET", url).status == 403


def test_route_names_the_pods_port_and_not_the_services(mesh):
    web, api = mesh.pod("web"), mesh.pod("api")
    mesh.service("api", [api], port=80)
    by_service, by_pod = resources.tcp_route("ports", [80]), resources.tcp_route("ports", [APP_PORT])
    mesh.apply(by_service, resources.traffic_target("api", "api", ["web"], [by_service]))
    mesh.start()
    answer = web.call("GET", "http://api.default/echo")
    assert answer.status == 403 and b"port_not_allowed" in answer.body
    mesh.apply(by_pod)
    wait_until(lambda: web.call("GET", "http://api.default/echo").status == 200, "it is allowed")


def test_loopback_stays_alone(mesh):
    web, api = two_pods(mesh)
    with contextlib.closing(api.beside(APP_PORT)) as connection:
        connection.sendall(b"GET /echo HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert connection.recv(4096).startswith(b"HTTP/1.1 200")


def test_unmeshed_client_is_refused(mesh):
    web, api = two_pods(mesh)
    outside = mesh.pod("outside", meshed=False)
    answer = outside.call("GET", f"http://{api.address}:{APP_PORT}/echo")
    assert answer.status == 403
    assert api.noted()["ReqReceived"] == []


def test_raw_bytes_are_policed_and_carried(mesh):
    """A protocol in which the server speaks first: no HTTP anywhere."""
    web, api = two_pods(mesh, applications=False, strangers=True)
    with network.inside(api.namespace):
        listener = socket.create_server(("0.0.0.0", APP_PORT))

    def serve_one():
        connection, _ = listener.accept()
        with connection:
            connection.sendall(b"220 ready\r\n")
            while data := connection.recv(4096):
                connection.sendall(data.upper())

    threading.Thread(target=serve_one, daemon=True).start()
    with listener, contextlib.closing(web.connect(mesh.resolve("api"), APP_PORT)) as connection:
        assert connection.recv(4096) == b"220 ready\r\n"
        connection.sendall(b"\x00binary\xff")
        assert connection.recv(4096) == b"\x00BINARY\xff"
        connection.shutdown(socket.SHUT_WR)
        assert connection.recv(4096) == b"", "half-close is passed on"
    with contextlib.closing(
        mesh.pods["stranger"].connect(mesh.resolve("api"), APP_PORT)
    ) as refused:
        refused.settimeout(10)
        refused.sendall(b"\x00binary\xff")
        with contextlib.suppress(ConnectionResetError):
            assert refused.recv(4096) == b""


def test_open_raw_connection_is_cut_when_no_longer_allowed(mesh):
    web, api = two_pods(mesh, applications=False)
    with network.inside(api.namespace):
        listener = socket.create_server(("0.0.0.0", APP_PORT))
    with listener, contextlib.closing(web.connect(mesh.resolve("api"), APP_PORT)) as connection:
        connection.sendall(b"\x01first")
        inside, _ = listener.accept()
        with inside:
            assert inside.recv(4096) == b"\x01first"
            mesh.delete(resources.traffic_target("api", "api", ["web"], [everything()]))
            connection.settimeout(10)
            with contextlib.suppress(ConnectionResetError):
                assert connection.recv(4096) == b""


@pytest.mark.parametrize("port", [INBOUND_PORT, OUTBOUND_PORT])
def test_connection_to_our_own_listener_is_a_loop_and_ends(mesh, port):
    web, api = two_pods(mesh)
    with contextlib.closing(web.connect(api.address, port)) as connection:
        connection.settimeout(10)
        with contextlib.suppress(ConnectionResetError, BrokenPipeError):
            connection.sendall(b"GET / HTTP/1.1\r\nHost: api\r\n\r\n")
            answered = connection.recv(65536)
            assert not answered.startswith(b"HTTP/1.1 200"), answered
    assert web.call("GET", API + "/echo").status == 200, "and the sidecars serve on"


def test_destination_outside_the_mesh_passes_through(mesh):
    web, api = two_pods(mesh)
    outside = mesh.pod("outside", meshed=False)
    outside.start_application()
    assert web.call("GET", f"http://{outside.address}:{APP_PORT}/echo").status == 200
    assert outside.noted()["ReqReceived"] == ["Unidentified"]


# ---- the command ---------------------------------------------------------------------------------


def rules(pod):
    """What the kernel holds, of both tools."""
    said = ""
    for command in (["nft", "list", "ruleset"], ["iptables-save"], ["ip6tables-save"]):
        said += subprocess.run([*pod.prefix(), *command], capture_output=True, text=True).stdout
    return re.sub(r"\[\d+:\d+\]|^#.*$|packets \d+ bytes \d+", "", said, flags=re.M)


@pytest.mark.parametrize("backend", ["nft", "iptables"])
def test_install_is_idempotent_and_remove_leaves_nothing(mesh, backend):
    pod = mesh.pod("pod", meshed=False)
    before = rules(pod)

    def redirect(*words):
        run = program.smilax("redirect", *words, "--backend", backend, prefix=pod.prefix())
        assert run.returncode == 0, run.stderr
        return run.stdout

    redirect("install")
    once = rules(pod)
    assert str(INBOUND_PORT) in once and str(OUTBOUND_PORT) in once
    redirect("install")
    assert rules(pod) == once
    redirect("remove")
    redirect("remove")
    left = rules(pod)
    assert str(INBOUND_PORT) not in left and str(OUTBOUND_PORT) not in left
    assert before == left or backend == "iptables", "iptables keeps its empty tables"


def test_show_prints_without_touching(mesh):
    pod = mesh.pod("pod", meshed=False)
    before = rules(pod)
    run = program.smilax("redirect", "show", prefix=pod.prefix())
    assert run.returncode == 0 and str(INBOUND_PORT) in run.stdout
    assert rules(pod) == before


def test_install_without_the_right_to_is_one_sentence():
    run = program.smilax(
        "redirect", "install", program=program.reachable(program.binary()),
        prefix=["setpriv", "--reuid=65534", "--clear-groups", "--bounding-set=-all"]
        if not network.why_not() else [])
    assert run.returncode == 1
    assert len(run.stderr.strip().splitlines()) == 1 and "root" in run.stderr.lower()
