"""Envoy with SPIFFE certificates, as the client of a standard port and as a standard server. The
program is $ENVOY, else `envoy` on PATH; Debian 12 has none, and then these are skipped."""

import os
import shutil

import pytest
import yaml
from support import crafted
from support.mesh import APP_PORT
from support.recorder import Recorder
from outside import Outside, standard_api

ENVOY = os.environ.get("ENVOY") or shutil.which("envoy")
PORT = 8080
TRANSPORT = "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3."

pytestmark = pytest.mark.skipif(
    not ENVOY, reason="there is no envoy: set ENVOY to its path, or put it on PATH")


def address(host, port):
    return {"socket_address": {"address": host, "port_value": port}}


def common_tls(identity, expected):
    """TLS 1.3, our own certificate, and exactly that identity on the other side."""
    return {
        "tls_params": {"tls_minimum_protocol_version": "TLSv1_3",
                       "tls_maximum_protocol_version": "TLSv1_3"},
        "alpn_protocols": ["http/1.1"],
        "tls_certificates": [{"certificate_chain": {"filename": str(identity / "tls.crt")},
                              "private_key": {"filename": str(identity / "tls.key")}}],
        "validation_context": {
            "trusted_ca": {"filename": str(identity / "ca.crt")},
            "match_typed_subject_alt_names": [
                {"san_type": "URI", "matcher": {"exact": crafted.ID + expected}}],
        },
    }


def transport_socket(kind, **fields):
    return {"name": "envoy.transport_sockets.tls",
            "typed_config": {"@type": TRANSPORT + kind, **fields}}


def listener(where, action, **chain):
    manager = {
        "@type": "type.googleapis.com/envoy.extensions.filters.network."
                 "http_connection_manager.v3.HttpConnectionManager",
        "stat_prefix": "entrance",
        "route_config": {"virtual_hosts": [{
            "name": "all", "domains": ["*"],
            "response_headers_to_add": [
                {"header": {"key": "x-peer", "value": "%DOWNSTREAM_PEER_URI_SAN%"}}],
            "routes": [{"match": {"prefix": "/"}, **action}]}]},
        "http_filters": [{"name": "envoy.filters.http.router", "typed_config": {
            "@type": "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router"}}],
    }
    return {"name": "entrance", "address": where, "filter_chains": [{
        "filters": [{"name": "envoy.filters.network.http_connection_manager",
                     "typed_config": manager}], **chain}]}


def start(outside, host, port, static):
    folder = outside.pod.folder / "envoy"
    folder.mkdir()
    file = folder / "envoy.yaml"
    file.write_text(yaml.safe_dump({"static_resources": static}))
    outside.start_server(
        "envoy", [ENVOY, "-c", file, "--disable-hot-restart", "--concurrency", "1", "--log-level",
                  "warning"], port, host)


def call_by_envoy(mesh, expected):
    outside, api = standard_api(mesh)
    cluster = {
        "name": "api", "type": "STATIC", "connect_timeout": "5s",
        "load_assignment": {"cluster_name": "api", "endpoints": [{"lb_endpoints": [
            {"endpoint": {"address": address(api.address, APP_PORT)}}]}]},
        "transport_socket": transport_socket(
            "UpstreamTlsContext", common_tls_context=common_tls(outside.identity, expected)),
    }
    with Recorder(api, APP_PORT) as recorder:
        entrance = listener(address(outside.pod.own, PORT), {"route": {"cluster": "api"}})
        start(outside, outside.pod.own, PORT, {"listeners": [entrance], "clusters": [cluster]})
        statuses = [outside.get(PORT)[0] for _ in range(3)]
        return statuses, len(recorder.heads)


def test_envoy_calls_a_standard_port_and_verifies_our_identity(any_mesh):
    assert call_by_envoy(any_mesh, "api") == ([200] * 3, 3)


def test_envoy_that_wants_somebody_else_refuses_us(any_mesh):
    assert call_by_envoy(any_mesh, "other") == ([503] * 3, 0)


@pytest.mark.parametrize("account, status", [("db", 200), ("other", 502)])
def test_envoy_is_called_as_a_standard_server_if_it_is_who_it_must_be(any_mesh, account, status):
    web = any_mesh.pod("web")
    server = Outside(any_mesh, "db", annotated="standard")
    any_mesh.service("db", [server.pod])
    any_mesh.start(applications=False)
    any_mesh.authority.issue(server.identity, account)
    entrance = listener(
        address(server.pod.address, APP_PORT),
        {"direct_response": {"status": 200, "body": {"inline_string": "envoy"}}},
        transport_socket=transport_socket(
            "DownstreamTlsContext", require_client_certificate=True,
            common_tls_context=common_tls(server.identity, "web")))
    start(server, server.pod.address, APP_PORT, {"listeners": [entrance]})
    answers = [web.call("GET", f"http://db.default:{APP_PORT}/") for _ in range(3)]
    assert [answer.status for answer in answers] == [status] * 3
    if status == 200:
        assert answers[0].body == b"envoy" and answers[0].header("x-peer") == crafted.ID + "web"
    else:
        assert answers[0].header("smilax-reason") == "upstream_identity_mismatch"
