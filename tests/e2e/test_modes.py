"""Access and mTLS modes: of a pod, of its namespace by annotation, of one port; changed while it
runs."""

import contextlib

from support import http1, resources
from support.mesh import APP_PORT
from support.recorder import Recorder
from support.waiting import wait_until
from shapes import API
from test_telemetry import samples


PROBE_PORT = APP_PORT + 1


def namespace(access, **more):
    made = resources.labelled("v1", "Namespace", resources.NAMESPACE)
    del made["metadata"]["namespace"]
    modes = {"access": access, **more}
    made["metadata"]["annotations"] = {f"smilax.dev/{name}": mode for name, mode in modes.items()}
    return made


def pods(mesh, **policy):
    web = mesh.pod("web")
    api = mesh.pod("api", settings={"policy": policy})
    mesh.service("api", [api])
    mesh.start()
    return web, api


def answers(web, status):
    wait_until(lambda: web.call("GET", API + "/echo").status == status, f"status {status}",
               seconds=2.0)


def test_annotation_of_the_namespace_opens_and_closes_it_within_a_second(any_mesh):
    web, api = pods(any_mesh)
    answers(web, 403)
    any_mesh.apply(namespace("audit"))
    answers(web, 200)
    assert samples(api.metrics(), "inbound_http_authz_audit_total") >= 1
    assert 'reason="no_target"' in next(
        line for line in api.metrics().splitlines()
        if line.startswith("inbound_http_authz_audit_total{"))
    assert "would deny GET /echo on port" in api.sidecar.said()
    any_mesh.apply(namespace("enforce"))
    answers(web, 403)
    any_mesh.apply(namespace("off"))
    answers(web, 200)
    any_mesh.delete(namespace("off"))
    answers(web, 403)


def test_unreadable_annotation_enforces_and_is_a_problem(any_mesh):
    web, api = pods(any_mesh)
    any_mesh.apply(namespace("audit"))
    answers(web, 200)
    any_mesh.apply(namespace("permissive"))
    answers(web, 403)
    assert b'"invalid_access_annotation"' in api.admin("/snapshot").body


def test_connection_that_audit_let_in_is_cut_when_the_namespace_enforces(mesh):
    web, api = pods(mesh)
    mesh.apply(namespace("audit"))
    answers(web, 200)
    connection = web.reach("api.default", APP_PORT)
    with connection:
        connection.send(b"\x00\x01\x02 no HTTP")
        wait_until(
            lambda: samples(api.metrics(), "inbound_tcp_authz_audit_total") == 1, "a verdict")
        mesh.apply(namespace("enforce"))
        connection.sock.settimeout(5.0)
        with contextlib.suppress(ConnectionResetError):
            assert connection.sock.recv(100) == b"", "cut, with nothing said"
    answers(web, 403)


def test_mode_of_the_pod_wins_over_the_namespace_and_that_of_a_port_over_both(any_mesh):
    web, api = pods(any_mesh, access="enforce", ports=[{"port": APP_PORT, "access": "audit"}])
    any_mesh.apply(namespace("off"))
    answers(web, 200)
    assert samples(api.metrics(), "inbound_http_authz_audit_total") >= 1
    assert samples(api.metrics(), "inbound_http_authz_allow_total") == 0


def in_plaintext(outside, api, port=APP_PORT):
    """(status, reason) of a request by a pod without a sidecar, as the kubelet's."""
    with http1.Connection(outside.connect(api.address, port)) as connection:
        answer = connection.request("GET", "/healthz", "probe")
        return answer.status, answer.header("smilax-reason")


def test_probe_reaches_the_permissive_port_and_no_other(any_mesh):
    outside = any_mesh.pod("kubelet", meshed=False)
    api = any_mesh.pod("api", ports=(APP_PORT, PROBE_PORT), settings={"policy": {
        "access": "off", "ports": [{"port": PROBE_PORT, "mtls": "permissive"}]}})
    any_mesh.start(applications=False)
    with Recorder(api, PROBE_PORT) as probed, Recorder(api, APP_PORT) as recorder:
        assert in_plaintext(outside, api, PROBE_PORT) == (200, None)
        assert in_plaintext(outside, api) == (403, "mtls_required")
        assert len(probed.heads) == 1 and not recorder.heads


def test_annotation_of_the_namespace_lets_plaintext_in_and_out(any_mesh):
    outside = any_mesh.pod("kubelet", meshed=False)
    api = any_mesh.pod("api")
    any_mesh.apply(namespace("off"))
    any_mesh.start(applications=False)
    with Recorder(api, APP_PORT):
        assert in_plaintext(outside, api) == (403, "mtls_required")
        any_mesh.apply(namespace("off", mtls="permissive"))
        wait_until(lambda: in_plaintext(outside, api) == (200, None), "permissive", seconds=5.0)
        open_one = outside.connect(api.address, APP_PORT)
        with http1.Connection(open_one) as connection:
            assert connection.request("GET", "/", "probe").status == 200
            any_mesh.apply(namespace("off", mtls="strict"))
            wait_until(lambda: in_plaintext(outside, api)[1] == "mtls_required", "strict again",
                       seconds=5.0)
            answer = connection.request("GET", "/", "probe")
            assert (answer.status, answer.header("smilax-reason")) == (403, "mtls_required")
