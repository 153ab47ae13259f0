"""Servers of the mesh that have no sidecar but a SPIFFE certificate of their own: nginx, HAProxy and
openssl, called by the application of a pod through its sidecar."""

import pytest
from support import crafted
from support.mesh import APP_PORT
from support.waiting import wait_until
from outside import Outside

NGINX = """
daemon off; master_process off; pid {folder}/nginx.pid; error_log {folder}/error.log;
events {{ }}
http {{
    access_log off;
    client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi; uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    server {{
        listen {listen} ssl;
        ssl_protocols TLSv1.3;
        ssl_certificate {identity}/tls.crt;
        ssl_certificate_key {identity}/tls.key;
        ssl_client_certificate {identity}/ca.crt;
        ssl_verify_client on;
        add_header x-connection $connection;
        location / {{ return 200 "$ssl_client_verify $ssl_alpn_protocol\\n$ssl_client_raw_cert"; }}
    }}
}}
"""

HAPROXY = """
defaults
    mode http
    timeout connect 5s
    timeout client 5s
    timeout server 5s
frontend entrance
    bind {listen} ssl ssl-min-ver TLSv1.3 crt {identity}/both.pem ca-file {identity}/ca.crt \
verify required {alpn}
    http-request return status 200 content-type text/plain \
lf-string "SUCCESS %[ssl_fc_alpn]"
"""

API = f"http://db.default:{APP_PORT}/"


def standard_server(mesh, account="db", **options):
    """(web, db): web's application calls db, which has no sidecar. `account`: whose certificate
    db has."""
    web = mesh.pod("web")
    server = Outside(mesh, "db", annotated="standard")
    mesh.service("db", [server.pod])
    mesh.start(applications=False)
    mesh.authority.issue(server.identity, account)
    crafted.both(server.identity)
    return web, server


def start(server, program, text, **values):
    folder = server.pod.folder / program
    folder.mkdir()
    (folder / "config").write_text(text.format(
        folder=folder, listen=f"{server.pod.address}:{APP_PORT}", identity=server.identity,
        **values))
    command = (["nginx", "-p", folder, "-e", folder / "error.log", "-c", folder / "config"]
               if program == "nginx" else ["haproxy", "-db", "-f", folder / "config"])
    server.start_server(program, command, APP_PORT, server.pod.address)


def server_metric(web):
    return next(line for line in web.metrics().splitlines()
                if line.startswith("request_total{") and 'direction="outbound"' in line)


def test_nginx_is_called_with_our_certificate_and_its_connection_kept(any_mesh):
    web, server = standard_server(any_mesh)
    start(server, "nginx", NGINX)
    answers = [web.call("GET", API) for _ in range(3)]
    assert [answer.status for answer in answers] == [200] * 3, answers[0].body
    words, _, certificate = answers[0].body.decode().partition("\n")
    assert words == "SUCCESS http/1.1"
    shown = crafted.openssl("x509", "-noout", "-ext", "subjectAltName", input=certificate)
    assert f"URI:{crafted.ID}web" in shown
    assert len({answer.header("x-connection") for answer in answers}) == 1
    line = server_metric(web)
    assert 'tls="true"' in line and f'server_id="{crafted.ID}db"' in line, line


@pytest.mark.parametrize("alpn, agreed", [("alpn http/1.1", "http/1.1"), ("alpn h2,http/1.1",
                                          "http/1.1"), ("", "")])
def test_haproxy_is_called_whether_or_not_it_answers_alpn(any_mesh, alpn, agreed):
    web, server = standard_server(any_mesh)
    start(server, "haproxy", HAPROXY, alpn=alpn)
    answer = web.call("GET", API)
    assert (answer.status, answer.body.decode()) == (200, f"SUCCESS {agreed}")


def test_a_server_that_is_somebody_else_never_sees_our_certificate(any_mesh):
    web, server = standard_server(any_mesh, account="other")
    start(server, "nginx", NGINX)
    answer = web.call("GET", API)
    assert answer.status == 502
    assert answer.header("smilax-reason") == "upstream_identity_mismatch"
    why = f"peer presented {crafted.ID}other, expected {crafted.ID}db"
    wait_until(lambda: why in web.sidecar.said(), "the log says why")


def test_a_server_with_an_older_tls_is_refused(any_mesh):
    web, server = standard_server(any_mesh)
    start(server, "nginx", NGINX.replace("TLSv1.3", "TLSv1.2"))
    answer = web.call("GET", API)
    assert (answer.status, answer.header("smilax-reason")) == (502, "upstream_tls_failed")


def test_plaintext_never_goes_to_a_standard_server(any_mesh):
    web, server = standard_server(any_mesh)
    start(server, "nginx", NGINX.replace(" ssl;", ";", 1))
    answer = web.call("GET", API)
    assert (answer.status, answer.header("smilax-reason")) == (502, "upstream_tls_failed")


def test_bytes_go_to_a_standard_server_inside_mtls_without_alpn(mesh):
    web, server = standard_server(mesh)
    server.start_server(
        "s_server",
        ["openssl", "s_server", "-accept", f"{server.pod.address}:{APP_PORT}", "-tls1_3", "-Verify",
         "3", "-verify_return_error", "-CAfile", server.identity / "ca.crt", "-cert",
         server.identity / "tls.crt", "-key", server.identity / "tls.key", "-rev"],
        APP_PORT, server.pod.address)

    def is_reversed():
        with web.connect(mesh.resolve("db.default"), APP_PORT, 10.0) as connection:
            connection.sendall(b"abc\n")
            return connection.recv(100) == b"cba\n"

    wait_until(is_reversed, "the answer", seconds=20)
