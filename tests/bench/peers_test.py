"""The configurations do the same job, as far as text can tell; the programs themselves are asked
where they are here."""

import json
import pathlib
import subprocess

import certificates
import layout
import mesh
import pytest
import yaml
from peers import PEERS
from peers.base import Shape, Site

SHAPES = [
    Shape(),
    Shape(role="pair"),
    Shape(role="server"),
    Shape(bulk=True),
    Shape(role="pair", bulk=True),
]
OPAQUE = [Shape(opaque=True, bulk=True), Shape(role="pair", opaque=True, bulk=True)]


@pytest.fixture(scope="module")
def identities(tmp_path_factory):
    return certificates.by_openssl(tmp_path_factory.mktemp("identities") / "made")


@pytest.fixture
def site(tmp_path, identities):
    return Site(layout.Cores(0, 1, 1), tmp_path, "127.9.9.10", "127.9.9.11", "127.9.9.1:19091",
                identities, identities, True)


def plan(name, site, shape):
    return PEERS[name].plan(site, shape)


def documents(folder):
    return [json.loads(text) for file in pathlib.Path(folder).iterdir()
            for text in file.read_text().split("\n---\n")]


@pytest.fixture
def here(monkeypatch):
    """Configurations are written for a program, whether or not it is here."""
    for peer in PEERS.values():
        if peer.program() is None:
            monkeypatch.setattr(type(peer), "program", lambda _: "/nowhere/program")


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize("name", ["smilax", "haproxy", "nginx", "envoy"])
@pytest.mark.parametrize("shape", SHAPES)
def test_each_shape_has_its_proxies(name, shape, site):
    made = plan(name, site, shape)
    assert len(made.proxies) == (2 if shape.role == "pair" else 1)
    assert made.denies == shape.has_server
    assert (made.entry.tls is not None) == (shape.role == "server")
    assert all(proxy.metrics for proxy in made.proxies), "metrics are on everywhere"


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize("shape", SHAPES + OPAQUE)
def test_haproxy_takes_its_configurations(shape, site):
    check_configurations("haproxy", site, shape, lambda proxy: [*proxy.command, "-c"])


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize("shape", SHAPES)
def test_nginx_takes_its_configurations(shape, site):
    check_configurations("nginx", site, shape, lambda proxy: [*proxy.command, "-t"])


def check_configurations(name, site, shape, command_of):
    if not pathlib.Path(PEERS[name].program()).exists():
        pytest.skip(f"{name} is not installed")
    for proxy in plan(name, site, shape).proxies:
        run = subprocess.run([str(word) for word in command_of(proxy)], capture_output=True, text=True)
        assert run.returncode == 0, run.stderr


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize("shape", SHAPES + OPAQUE)
def test_envoy_configurations_name_the_clusters_they_use(shape, site):
    for text in plan("envoy", site, shape).configurations.values():
        made = yaml.safe_load(text)["static_resources"]
        clusters = {cluster["name"] for cluster in made["clusters"]}
        used = {word["name"] for word in _find(made["listeners"], "clusters")}
        used |= set(_find_values(made["listeners"], "cluster"))
        assert used
        assert used <= clusters


def _find(node, key):
    for value in _find_values(node, key):
        yield from value


def _find_values(node, key):
    if isinstance(node, dict):
        for name, value in node.items():
            if name == key:
                yield value
            else:
                yield from _find_values(value, key)
    elif isinstance(node, list):
        for value in node:
            yield from _find_values(value, key)


@pytest.mark.usefixtures("here")
def test_everybody_has_as_many_paths_as_smilax_has_targets(site):
    shape = Shape(role="server", targets=17)
    plan("haproxy", site, shape)
    assert len((site.folder / "paths").read_text().split()) == 17
    assert plan("nginx", site, shape).configurations["server"].count("proxy_pass") == 17
    rules = plan("envoy", site, shape).configurations["server"]
    assert rules.count("target-") == 17
    targets = [made for made in documents(plan("smilax", site, shape).resources)
               if made["kind"] == "TrafficTarget"]
    assert len(targets) == 17


@pytest.mark.usefixtures("here")
def test_only_bulk_gives_haproxy_larger_buffers(site):
    assert "tune.bufsize" not in plan("haproxy", site, Shape()).configurations["client"]
    assert "tune.bufsize 32768" in plan("haproxy", site, Shape(bulk=True)).configurations["client"]


@pytest.mark.usefixtures("here")
def test_names_of_peers_are_compared_on_both_sides(site):
    shape = Shape(role="pair")
    wanted = {
        "haproxy": ("verifyhost server", "ssl_c_s_dn(cn) -m str client"),
        "nginx": ("proxy_ssl_name server", "CN=client 1"),
        "envoy": ("sa/server", "sa/client"),
    }
    for name, (client, server) in wanted.items():
        texts = plan(name, site, shape).configurations
        assert client in texts["client"]
        assert server in texts["server"]


def test_the_last_target_is_the_one_that_allows():
    made = [mesh.prefix_of(number, 100) for number in range(100)]
    assert made.index("/files/") == 99
    assert len(set(made)) == 100


def test_services_that_nobody_calls_have_as_many_endpoints_as_asked():
    made = mesh.others(1003)
    slices = [item for item in made if item["kind"] == "EndpointSlice"]
    addresses = [ip for item in slices for point in item["endpoints"] for ip in point["addresses"]]
    assert len(set(addresses)) == len(addresses) == 1003


def test_spread_endpoints_are_addresses_of_loopback():
    made = mesh.spread_addresses(1000)
    assert len(set(made)) == 1000
    assert all(address.startswith("127.") for address in made)
    assert all(int(part) < 256 for address in made for part in address.split("."))


def test_bytes_need_a_namespace():
    assert "needs root" in PEERS["smilax"].refuses(Shape(opaque=True), isolated=False)
    assert PEERS["smilax"].refuses(Shape(opaque=True), isolated=True) is None
