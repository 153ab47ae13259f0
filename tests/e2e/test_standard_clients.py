"""Ports that answer standard mTLS clients: openssl, curl, nginx, HAProxy and Prometheus, each with a
certificate of a SPIFFE identity, call an application past no sidecar of their own."""

import json
import threading

import pytest
from support import crafted, resources
from support.mesh import APP_PORT
from support.recorder import Recorder, listen_behind
from support.waiting import wait_until
from outside import REQUEST, readable_by_the_sidecar, standard_api
from shapes import allow
from test_telemetry import samples

def test_openssl_is_answered_with_and_without_alpn(any_mesh):
    outside, api = standard_api(any_mesh)
    with Recorder(api, APP_PORT) as recorder:
        for options in (["-alpn", "http/1.1"], ["-alpn", "h2,http/1.1"], []):
            said = outside.s_client(api, *options)
            assert "Verify return code: 0 (ok)" in said and "HTTP/1.1 200 OK" in said, said
            assert ("ALPN protocol: http/1.1" if options else "No ALPN negotiated") in said
            shown = crafted.openssl("x509", "-noout", "-ext", "subjectAltName", input=said)
            assert f"URI:{crafted.ID}api" in shown
        assert len(recorder.heads) == 3
    assert samples(api.metrics(), "inbound_http_authz_allow_total") == 3
    line = next(line for line in api.metrics().splitlines()
                if line.startswith("request_total{") and 'direction="inbound"' in line)
    assert f'client_id="{crafted.ID}prometheus"' in line and 'tls="true"' in line, line


def test_who_offers_no_protocol_of_the_port_is_told_so(any_mesh):
    outside, api = standard_api(any_mesh)
    with Recorder(api, APP_PORT) as recorder:
        assert "no application protocol" in outside.s_client(api, "-alpn", "h2")
        assert not recorder.heads
    wait_until(lambda: "offers none of our protocols (ALPN), only h2" in api.sidecar.said(),
               "the log says why")


def test_standard_clients_are_judged_as_any_other(any_mesh):
    outside, api = standard_api(any_mesh, allowed=False)
    with Recorder(api, APP_PORT) as recorder:
        said = outside.s_client(api)
        assert "403 Forbidden" in said and "no_target" in said
        allow(any_mesh, ["prometheus"])
        wait_until(lambda: "200 OK" in outside.s_client(api), "the target applies", seconds=20)
        only_live = resources.http_route_group("live", [{"name": "live", "pathRegex": "/live"}])
        any_mesh.apply(only_live,
                       resources.traffic_target("api", "api", ["prometheus"], [only_live]))
        wait_until(lambda: "route_not_allowed" in outside.s_client(api), "the route is judged",
                   seconds=20)
        assert all(head.startswith(b"GET /metrics ") for head in recorder.heads)


def test_bytes_inside_standard_tls_are_bytes(any_mesh):
    """A client without ALPN that speaks no HTTP, as databases' do."""
    outside, api = standard_api(any_mesh)
    heard = []

    def serve(listener):
        with listener.accept()[0] as connection:
            heard.append(connection.recv(100))
            connection.sendall(b"bytes too")

    with listen_behind(api, APP_PORT) as listener:
        listener.settimeout(20)
        serving = threading.Thread(target=serve, args=(listener,), daemon=True)
        serving.start()
        said = outside.s_client(api, data=b"\x00\x01 no HTTP")
        serving.join(20)
    assert "bytes too" in said and heard == [b"\x00\x01 no HTTP"], said


@pytest.mark.parametrize("options, why", [
    (["-tls1_2"], "alert protocol version"),
    (["-alpn", "http/1.1", "-ciphersuites", "TLS_AES_128_CCM_SHA256"], "handshake failure"),
])
def test_only_tls_1_3_is_spoken(any_mesh, options, why):
    outside, api = standard_api(any_mesh)
    with Recorder(api, APP_PORT) as recorder:
        assert why in outside.s_client(api, *options)
        assert not recorder.heads


def test_without_a_certificate_nobody_gets_in(any_mesh):
    outside, api = standard_api(any_mesh)
    with Recorder(api, APP_PORT) as recorder:
        ended = outside.run(
            "openssl", "s_client", "-connect", f"{api.address}:{APP_PORT}", "-ign_eof",
            data=REQUEST)
        assert b"certificate required" in ended.stderr + ended.stdout
        plain = outside.run("curl", "--silent", "--noproxy", "*", "--max-time", "10", "--include",
                            f"http://{api.address}:{APP_PORT}/")
        assert b"mtls_required" in plain.stdout, "strict goes on to mean: no plaintext"
        assert not recorder.heads


def test_curl_is_answered(any_mesh):
    outside, api = standard_api(any_mesh)
    with Recorder(api, APP_PORT):
        for options in ([], ["--http1.1"], ["--no-alpn"], ["--http1.0"]):
            ended = outside.curl(api, *options)
            assert (ended.returncode, ended.stdout) == (0, b"ok"), (options, ended.stderr)


def test_sidecars_go_on_sharing_connections_to_a_standard_port(any_mesh):
    web = any_mesh.pod("web")
    _, api = standard_api(any_mesh)
    allow(any_mesh, ["prometheus", "web"])
    with Recorder(api, APP_PORT):
        wait_until(lambda: web.call("GET", f"http://api.default:{APP_PORT}/").status == 200,
                   "web is allowed", seconds=20)


NGINX = """
daemon off; master_process off; pid {folder}/nginx.pid; error_log {folder}/error.log;
events {{ }}
http {{
    access_log off;
    client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi; uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    server {{
        listen {listen};
        location / {{
            proxy_pass https://{upstream};
            proxy_http_version 1.1;
            proxy_ssl_protocols TLSv1.3;
            proxy_ssl_certificate {identity}/tls.crt;
            proxy_ssl_certificate_key {identity}/tls.key;
            proxy_ssl_trusted_certificate {identity}/ca.crt;
            proxy_ssl_verify on;
            proxy_ssl_name {name};
        }}
    }}
}}
"""

HAPROXY = """
global
    stats timeout 1s
defaults
    mode http
    timeout connect 5s
    timeout client 5s
    timeout server 5s
frontend entrance
    bind {listen}
    default_backend api
backend api
    server api {upstream} ssl ssl-min-ver TLSv1.3 alpn http/1.1 crt {identity}/both.pem \
ca-file {identity}/ca.crt verify required verifyhost {name}
"""


def start_proxy(outside, program, text, **values):
    folder = outside.pod.folder / program
    folder.mkdir(exist_ok=True)
    port = 8080
    file = folder / "config"
    file.write_text(text.format(folder=folder, listen=f"{outside.pod.own}:{port}",
                                identity=outside.identity, **values))
    command = (["nginx", "-p", folder, "-e", folder / "error.log", "-c", file]
               if program == "nginx" else ["haproxy", "-db", "-f", file])
    outside.start_server(program, command, port)
    return port


@pytest.mark.parametrize("program, text", [("nginx", NGINX), ("haproxy", HAPROXY)])
def test_proxy_that_verifies_us_calls_as_an_ingress_would(any_mesh, program, text):
    """Both look for a DNS name in our certificate, so it has one beside the identity."""
    outside, api = standard_api(any_mesh)
    crafted.craft(any_mesh.authority, api.folder / "identity",
                  f"URI:{crafted.ID}api,DNS:api.default.svc")
    readable_by_the_sidecar(api.folder / "identity")
    wait_until(lambda: "DNS:api.default.svc" in san_shown(outside, api), "the new certificate",
               seconds=20)
    upstream = f"{api.address}:{APP_PORT}"
    with Recorder(api, APP_PORT) as recorder:
        port = start_proxy(outside, program, text, upstream=upstream, name="api.default.svc")
        assert [outside.get(port) for _ in range(3)] == [(200, b"ok")] * 3
        assert len(recorder.heads) == 3


@pytest.mark.parametrize("program, text", [("nginx", NGINX), ("haproxy", HAPROXY)])
def test_proxy_refuses_us_where_our_certificate_is_not_what_it_wants(any_mesh, program, text):
    outside, api = standard_api(any_mesh)
    upstream = f"{api.address}:{APP_PORT}"
    with Recorder(api, APP_PORT) as recorder:
        port = start_proxy(outside, program, text, upstream=upstream, name="other.default.svc")
        assert outside.get(port)[0] in (502, 503)
        assert not recorder.heads


def san_shown(outside, api):
    said = outside.s_client(api)
    return crafted.openssl("x509", "-noout", "-ext", "subjectAltName", input=said)


PROMETHEUS = """
global: {{scrape_interval: 1s}}
scrape_configs:
- job_name: api
  scheme: https
  tls_config:
    ca_file: {identity}/ca.crt
    cert_file: {identity}/tls.crt
    key_file: {identity}/tls.key
    insecure_skip_verify: true
  static_configs: [{{targets: ["{upstream}"]}}]
"""


def test_prometheus_scrapes_through_mtls(any_mesh):
    outside, api = standard_api(any_mesh)
    folder = outside.pod.folder / "prometheus"
    folder.mkdir()
    (folder / "config.yaml").write_text(PROMETHEUS.format(
        identity=outside.identity, upstream=f"{api.address}:{APP_PORT}"))
    body = b"books_sold 42\n"
    answer = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain; version=0.0.4\r\n" + (
        b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
    with Recorder(api, APP_PORT, answer=lambda head, sent: answer) as recorder:
        outside.start_server(
            "prometheus",
            ["prometheus", f"--config.file={folder}/config.yaml", f"--storage.tsdb.path={folder}",
             f"--web.listen-address={outside.pod.own}:9090"], 9090)

        def sold():
            status, said = outside.get(9090, "/api/v1/query?query=books_sold")
            found = json.loads(said)["data"]["result"] if status == 200 else []
            return found and found[0]["value"][1] == "42"

        wait_until(sold, "the sample is there", seconds=30)
        assert recorder.heads[0].startswith(b"GET /metrics HTTP/1.1")
