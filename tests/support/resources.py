"""Kubernetes and SMI objects as plain dictionaries, and the directory the sidecars read."""

import os
import pathlib

import yaml

NAMESPACE = "default"


def labelled(api_version, kind, name, namespace=NAMESPACE, **rest):
    return {
        "apiVersion": api_version,
        "kind": kind,
        "metadata": {"name": name, "namespace": namespace},
        **rest,
    }


def service(name, cluster_ips, port, target_port, selector, namespace=NAMESPACE, **port_fields):
    spec = {
        "clusterIP": cluster_ips[0],
        "clusterIPs": list(cluster_ips),
        "selector": dict(selector),
        "ports": [{"name": "http", "port": port, "targetPort": target_port, "protocol": "TCP",
                   **port_fields}],
    }
    return labelled("v1", "Service", name, namespace, spec=spec)


def endpoint_slice(service_name, target_port, pods, family, namespace=NAMESPACE, ready=True):
    """`pods`: (pod name, address) pairs; `family`: IPv4 or IPv6."""
    made = labelled(
        "discovery.k8s.io/v1",
        "EndpointSlice",
        f"{service_name}-{family.lower()}",
        namespace,
        addressType=family,
        ports=[{"name": "http", "port": target_port, "protocol": "TCP"}],
        endpoints=[
            {
                "addresses": [address],
                "conditions": {"ready": ready},
                "targetRef": {"kind": "Pod", "name": pod_name, "namespace": namespace},
            }
            for pod_name, address in pods
        ],
    )
    made["metadata"]["labels"] = {"kubernetes.io/service-name": service_name}
    return made


def pod(name, account, addresses, labels, mesh=None, namespace=NAMESPACE):
    """`mesh`: what its annotation smilax.dev/mesh says, None without one."""
    made = labelled(
        "v1",
        "Pod",
        name,
        namespace,
        spec={"serviceAccountName": account, "containers": [{"name": "app", "image": "app"}]},
        status={
            "phase": "Running",
            "podIP": addresses[0],
            "podIPs": [{"ip": address} for address in addresses],
            "conditions": [{"type": "Ready", "status": "True"}],
        },
    )
    made["metadata"]["labels"] = dict(labels)
    if mesh is not None:
        made["metadata"]["annotations"] = {"smilax.dev/mesh": mesh}
    return made


def account(name, namespace=NAMESPACE):
    return {"kind": "ServiceAccount", "name": name, "namespace": namespace}


def traffic_target(name, destination, sources, rules, version="v1alpha3", **destination_fields):
    """`rules`: objects made here, or (object, [match names]) pairs."""
    listed = []
    for rule in rules:
        target, matches = rule if isinstance(rule, tuple) else (rule, None)
        entry = {"kind": target["kind"], "name": target["metadata"]["name"]}
        listed.append({**entry, "matches": matches} if matches else entry)
    return labelled(
        f"access.smi-spec.io/{version}",
        "TrafficTarget",
        name,
        spec={
            "destination": {**account(destination), **destination_fields},
            "sources": [account(source) for source in sources],
            "rules": listed,
        },
    )


def http_route_group(name, matches, version="v1alpha4"):
    return labelled(
        f"specs.smi-spec.io/{version}", "HTTPRouteGroup", name, spec={"matches": matches}
    )


def tcp_route(name, ports=(), version="v1alpha4"):
    return labelled(
        f"specs.smi-spec.io/{version}", "TCPRoute", name, spec={"matches": {"ports": list(ports)}}
    )


def traffic_split(name, root, weights, version="v1alpha4", **spec):
    backends = [{"service": backend, "weight": weight} for backend, weight in weights.items()]
    return labelled(
        f"split.smi-spec.io/{version}",
        "TrafficSplit",
        name,
        spec={"service": root, "backends": backends, **spec},
    )


class Directory:
    """The resource directory of one mesh. Files appear and change atomically, as they do when
    `kubectl` or a ConfigMap writes them."""

    def __init__(self, path):
        self.path = pathlib.Path(path)
        self.path.mkdir()
        # Beside it, so that a half-written file is never in the directory itself.
        self._draft = self.path.with_name(self.path.name + ".draft")

    def write(self, name, *objects):
        self.write_text(name, yaml.safe_dump_all(objects, sort_keys=False))

    def write_text(self, name, text):
        self._draft.write_text(text)
        os.chmod(self._draft, 0o644)
        os.rename(self._draft, self.path / name)

    def remove(self, name):
        (self.path / name).unlink()
