"""Access modes: of a pod, of its namespace by annotation, of one port; changed while it runs."""

import contextlib

from support import resources
from support.mesh import APP_PORT
from support.waiting import wait_until
from shapes import API
from test_telemetry import samples


def namespace(access):
    made = resources.labelled("v1", "Namespace", resources.NAMESPACE)
    del made["metadata"]["namespace"]
    made["metadata"]["annotations"] = {"smilax.dev/access": access}
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


def test_connection_that_audit_let_in_is_cut_when_the_namespace_enforces(any_mesh):
    web, api = pods(any_mesh)
    any_mesh.apply(namespace("audit"))
    answers(web, 200)
    connection = web.reach("api.default", APP_PORT)
    with connection:
        connection.send(b"\x00\x01\x02 no HTTP")
        wait_until(
            lambda: samples(api.metrics(), "inbound_tcp_authz_audit_total") == 1, "a verdict")
        any_mesh.apply(namespace("enforce"))
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
