"""The configurations of peers without a sidecar that container/README.md shows, as they stand there
but for addresses and folders."""

import pathlib
import re

import pytest
import yaml
from support import crafted
from support.mesh import APP_PORT
from support.recorder import Recorder
from support.waiting import wait_until
from outside import Outside, readable_by_the_sidecar, standard_api
import test_envoy
from test_standard_clients import san_shown

README = pathlib.Path(__file__).parents[2] / "container" / "README.md"
NAME = "api.default.svc"
PORT = 8080
NGINX = """
daemon off; master_process off; pid {folder}/nginx.pid; error_log {folder}/error.log;
events {{ }}
http {{
    access_log off;
    client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi; uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    {server}
}}
"""
HAPROXY = """
defaults
    timeout connect 5s
    timeout client 5s
    timeout server 5s
{sections}
"""


def documented(peer, number):
    """The `number`th block of what the README says of `peer`."""
    chapter = README.read_text().split(f"\n### {peer}\n")[1].split("\n### ")[0]
    return re.findall(r"```\w+\n(.*?)```", chapter, re.DOTALL)[number]


def here(text, identity, upstream="", listen=""):
    """The same text for the addresses and folders of this mesh."""
    host, _, port = upstream.partition(":")
    text = text.replace("/etc/identity", str(identity))
    text = text.replace(f"{NAME}:8080", upstream)
    text = text.replace(f"address: {NAME}, port_value: 8080", f"address: {host}, port_value: {port}")
    text = text.replace("listen 8080", f"listen {listen}")
    return text.replace("bind :8080", f"bind {listen}")


def start(outside, peer, text, port, host):
    folder = outside.pod.folder / peer
    folder.mkdir()
    file = folder / "config"
    file.write_text(text.replace("FOLDER", str(folder)))
    command = {
        "nginx": ["nginx", "-p", folder, "-e", folder / "error.log", "-c", file],
        "haproxy": ["haproxy", "-db", "-f", file],
        "prometheus": ["prometheus", f"--config.file={file}", f"--storage.tsdb.path={folder}",
                       f"--web.listen-address={host}:{port}"],
    }[peer]
    outside.start_server(peer, command, port, host)


def nginx(server):
    return NGINX.format(folder="FOLDER", server=server)


def named_api(mesh):
    """(outside, api, upstream): api answers standard clients, and has a DNS name too."""
    outside, api = standard_api(mesh)
    crafted.craft(mesh.authority, api.folder / "identity", f"URI:{crafted.ID}api,DNS:{NAME}")
    readable_by_the_sidecar(api.folder / "identity")
    wait_until(lambda: NAME in san_shown(outside, api), "the new certificate", seconds=20)
    return outside, api, f"{api.address}:{APP_PORT}"


def test_nginx_and_haproxy_as_clients(loopback_mesh):
    outside, api, upstream = named_api(loopback_mesh)
    own = outside.pod.own
    location = here(documented("nginx", 0), outside.identity, upstream)
    backend = here(documented("HAProxy", 0), outside.identity, upstream)
    start(outside, "nginx", nginx(f"server {{ listen {own}:{PORT}; {location} }}"), PORT, own)
    entrance = f"frontend entrance\n    mode http\n    bind {own}:{PORT + 1}\n    default_backend api\n"
    start(outside, "haproxy", HAPROXY.format(sections=entrance + backend), PORT + 1, own)
    with Recorder(api, APP_PORT):
        assert outside.get(PORT) == (200, b"ok")
        assert outside.get(PORT + 1) == (200, b"ok")


def test_prometheus_as_a_client(loopback_mesh):
    outside, api, upstream = named_api(loopback_mesh)
    text = here(documented("Prometheus", 0), outside.identity, upstream)
    with Recorder(api, APP_PORT) as recorder:
        start(outside, "prometheus", "global: {scrape_interval: 1s}\n" + text, 9090,
              outside.pod.own)
        wait_until(lambda: recorder.heads, "it scrapes", seconds=30)
    assert recorder.heads[0].startswith(b"GET /metrics ")


@pytest.mark.parametrize("line", [0, 1])
def test_curl_and_openssl_as_clients(loopback_mesh, line):
    outside, api, upstream = named_api(loopback_mesh)
    command = documented("curl and openssl", 0).splitlines()[line]
    if line == 0:  # the name is what curl checks
        words = here(command.replace(f"{NAME}:8080", f"{NAME}:{APP_PORT}"), outside.identity).split()
        words += ["--silent", "--noproxy", "*", "--resolve", f"{NAME}:{APP_PORT}:{api.address}"]
    else:
        words = [*here(command, outside.identity, upstream).split(), "-ign_eof"]
    with Recorder(api, APP_PORT):
        said = outside.run(*words, data=b"GET / HTTP/1.1\r\nHost: api\r\nConnection: close\r\n\r\n")
    assert b"ok" in said.stdout, said
    assert line == 0 or b"Verify return code: 0 (ok)" in said.stdout


@pytest.mark.parametrize("peer", ["nginx", "haproxy"])
def test_nginx_and_haproxy_as_servers(loopback_mesh, peer):
    web = loopback_mesh.pod("web")
    server = Outside(loopback_mesh, "db", annotated="standard")
    loopback_mesh.service("db", [server.pod])
    loopback_mesh.start(applications=False)
    where = f"{server.pod.address}:{APP_PORT}"
    text = here(documented("nginx" if peer == "nginx" else "HAProxy", 1), server.identity,
                listen=where)
    text = nginx(text) if peer == "nginx" else HAPROXY.format(sections=text)
    start(server, peer, text, APP_PORT, server.pod.address)
    answer = web.call("GET", f"http://db.default:{APP_PORT}/")
    assert (answer.status, answer.body.strip()) == (200, b"hello")


@test_envoy.pytestmark
def test_envoy_as_a_client(loopback_mesh):
    outside, api, upstream = named_api(loopback_mesh)
    cluster = yaml.safe_load(here(documented("Envoy", 0), outside.identity, upstream))
    entrance = test_envoy.listener(
        test_envoy.address(outside.pod.own, PORT), {"route": {"cluster": "api"}})
    with Recorder(api, APP_PORT):
        test_envoy.start(outside, outside.pod.own, PORT,
                         {"listeners": [entrance], "clusters": [cluster]})
        assert outside.get(PORT) == (200, b"ok")


@test_envoy.pytestmark
@pytest.mark.parametrize("caller, status", [("web", 200), ("other", 502)])
def test_envoy_as_a_server(loopback_mesh, caller, status):
    web = loopback_mesh.pod(caller)
    server = Outside(loopback_mesh, "db", annotated="standard")
    loopback_mesh.service("db", [server.pod])
    loopback_mesh.start(applications=False)
    chain = yaml.safe_load(here(documented("Envoy", 1), server.identity))
    entrance = test_envoy.listener(
        test_envoy.address(server.pod.address, APP_PORT),
        {"direct_response": {"status": 200, "body": {"inline_string": "envoy"}}}, **chain)
    test_envoy.start(server, server.pod.address, APP_PORT, {"listeners": [entrance]})
    answer = web.call("GET", f"http://db.default:{APP_PORT}/")
    assert answer.status == status
