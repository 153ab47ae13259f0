"""Smilax itself: the client side addressed directly (`Host` decides), or by redirect where bytes are
carried; the server side by `inbound.ports`. Access log off is its default, metrics are always on."""

import os
import pathlib

import yaml

import mesh
from generator import Entry, Tls
from peers.base import Peer, Plan, Proxy, first_line

BUILT = pathlib.Path(__file__).resolve().parents[2] / "build-trained" / "smilax"
VIRTUAL = "198.19.0.1"  # of the Service whose bytes are carried
OPAQUE_PORT = 18080


class Smilax(Peer):
    name = "smilax"

    def program(self):
        program = pathlib.Path(os.environ.get("SMILAX_BINARY", BUILT))
        return str(program) if program.is_file() else None

    def how_to_get(self):
        asked = os.environ.get("SMILAX_BINARY")
        return f"SMILAX_BINARY={asked} is no file" if asked else "./run build trained"

    def version(self):
        program = pathlib.Path(self.program()).resolve()
        return f"{first_line(self.program(), '--version')} ({program.parent.name}/{program.name})"

    def refuses(self, shape, isolated):
        if shape.opaque and not isolated:
            return "bytes come by redirect, which needs root and a network namespace of its own"
        if shape.spread > 1 and not isolated:
            return "many endpoints are many loopback addresses, which need root and a namespace"
        return None

    def start_and_end_seconds(self, shape):
        # It reads all objects before it is ready, and lets connections end before it does.
        objects = shape.targets + shape.endpoints
        return 0.1 + 0.45 * shape.has_client + 0.45 * shape.has_server + objects * 0.0002

    def plan(self, site, shape):
        resources = site.folder / "resources"
        resources.mkdir()
        self._write_resources(resources, site, shape)
        texts, proxies, ready = {}, [], []
        for workload, address in (("client", site.client), ("server", site.server)):
            if not (shape.has_client if workload == "client" else shape.has_server):
                continue
            text = yaml.safe_dump(self._configuration(site, shape, workload, address, resources))
            file = site.folder / f"{workload}.yaml"
            file.write_text(text)
            texts[workload] = text
            proxies.append(Proxy(workload, (self.program(), "proxy", "--config", file),
                                 f"http://{address}:15020/metrics"))
            ready.append(f"http://{address}:15020/ready")
        return Plan(
            tuple(proxies), self._entry(site, shape), texts, tuple(ready),
            redirect=15001 if shape.opaque else None,
            denies=shape.has_server and not shape.opaque, resources=resources)

    @staticmethod
    def _entry(site, shape):
        if shape.opaque:
            # The redirect leads there; the application sees this name, and no proxy reads it.
            port = OPAQUE_PORT if shape.role == "pair" else port_of(site.application)
            return Entry(f"{VIRTUAL}:{port}", "bytes.default")
        if shape.role == "one":
            return Entry(f"{site.client}:15001", f"plain.default:{port_of(site.application)}")
        if shape.role == "pair":
            return Entry(f"{site.client}:15001", "web.default:18080")
        own = site.mesh_identities["client"]
        return Entry(f"{site.server}:18080", "web.default:18080",
                     Tls(own.certificate, own.key, own.trust, "smilax/http1.1"))

    @staticmethod
    def _configuration(site, shape, workload, address, resources):
        own = site.mesh_identities[workload]
        made = {
            "workload": {"trustDomain": "cluster.local", "namespace": "default",
                         "serviceAccount": workload, "pod": f"{workload}-1"},
            "identity": {"source": "files", "certificate": str(own.certificate),
                         "key": str(own.key), "trustBundle": str(own.trust)},
            "resources": [{"directory": str(resources)}],
            "policy": {"mtls": "strict"},
            "workers": 1,
            "outbound": {"listen": [f"{address}:15001"]},
            "admin": {"listen": f"{address}:15020"},
        }
        if workload == "client":
            made["inbound"] = {"listen": [f"{address}:15006"]}
            if shape.opaque:
                made["outbound"] = {"listen": ["127.0.0.1:15001"]}
        else:
            made["inbound"] = {"ports": [
                {"listen": f"{address}:18080", "application": site.application}]}
            if shape.opaque:
                made["inbound"]["opaquePorts"] = [18080]
        return made

    @staticmethod
    def _write_resources(folder, site, shape):
        if shape.opaque:
            _write_opaque(folder, site, shape)
            return
        port = port_of(site.application)
        plain = (mesh.spread_addresses(shape.spread) if shape.spread > 1
                 else [site.application.rsplit(":", 1)[0]])
        for name in ("plain", "plain-v1", "plain-v2"):
            mesh.write(folder, f"{name}.yaml", mesh.service(name, port, plain))
        for name in ("web", "web-v1", "web-v2"):
            mesh.write(folder, f"{name}.yaml",
                       mesh.service(name, 18080, [site.server], account="server"))
        mesh.write(folder, "splits.yaml", mesh.split("plain") + mesh.split("web"))
        mesh.write(folder, "targets.yaml", mesh.targets(shape.targets))
        if shape.endpoints:
            mesh.write(folder, "others.yaml", mesh.others(shape.endpoints))


def _write_opaque(folder, site, shape):
    if shape.role == "pair":
        made = mesh.service("bytes", OPAQUE_PORT, [site.server], account="server",
                            address=VIRTUAL, opaque=True)
    else:
        address, port = site.application.rsplit(":", 1)
        made = mesh.service("bytes", int(port), [address], address=VIRTUAL, opaque=True)
    mesh.write(folder, "bytes.yaml", made)
    mesh.write(folder, "targets.yaml", mesh.tcp_target(OPAQUE_PORT))


def port_of(address):
    return int(address.rsplit(":", 1)[1])
