"""The Kubernetes and SMI objects that Smilax reads in a run."""

import json
import pathlib

ENDPOINTS_PER_SERVICE = 10
METHODS = ("GET", "POST")


def write(folder, name, objects):
    """JSON documents, which are YAML too: ten thousand of them are written at once."""
    text = "\n---\n".join(json.dumps(made) for made in objects)
    (pathlib.Path(folder) / name).write_text(text)


def prefix_of(number, targets):
    """What the target allows. The last of them allows what the load asks for, so that the one that
    decides comes after all others."""
    return "/files/" if number == targets - 1 else f"/x{number}/"


def _object(api_version, kind, name, **rest):
    metadata = {"name": name, "namespace": "default", **rest.pop("metadata", {})}
    return {"apiVersion": api_version, "kind": kind, "metadata": metadata, **rest}


def service(name, port, endpoints, account=None, address=None, opaque=False):
    """A Service, its endpoints (addresses), and who they are when they are in the mesh."""
    entry = {"name": "tcp" if opaque else "http", "port": port, "targetPort": port}
    if opaque:
        entry["appProtocol"] = "tcp"
    spec = {"selector": {"app": name}, "ports": [entry]}
    if address is not None:
        spec |= {"clusterIP": address, "clusterIPs": [address]}
    annotations = {"smilax.dev/service-account": account} if account else {}
    return [
        _object("v1", "Service", name, spec=spec),
        _object(
            "discovery.k8s.io/v1", "EndpointSlice", f"{name}-1", addressType="IPv4",
            metadata={"labels": {"kubernetes.io/service-name": name}, "annotations": annotations},
            endpoints=[{"addresses": [ip], "conditions": {"ready": True}} for ip in endpoints],
            ports=[{"name": entry["name"], "port": port, "protocol": "TCP"}],
        ),
    ]


def split(root):
    """90 to 10 between two Services, for the methods and the path that the load uses; all else goes
    to the root."""
    group = f"{root}-reads"
    return [
        _object("specs.smi-spec.io/v1alpha4", "HTTPRouteGroup", group, spec={
            "matches": [{"name": "m", "pathRegex": "/files/.*", "methods": list(METHODS)}]}),
        _object("split.smi-spec.io/v1alpha4", "TrafficSplit", root, spec={
            "service": root,
            "matches": [{"kind": "HTTPRouteGroup", "name": group}],
            "backends": [{"service": f"{root}-v1", "weight": 90},
                         {"service": f"{root}-v2", "weight": 10}],
        }),
    ]


def targets(count):
    """So many TrafficTargets, each with a group of its own, that let client talk to server."""
    made = []
    for number in range(count):
        made.append(_object("specs.smi-spec.io/v1alpha4", "HTTPRouteGroup", f"group-{number}", spec={
            "matches": [{"name": "m", "pathRegex": prefix_of(number, count) + ".*",
                         "methods": list(METHODS)}]}))
        made.append(_target(f"target-{number}", "HTTPRouteGroup", f"group-{number}", ["m"]))
    return made


def tcp_target(port):
    return [
        _object("specs.smi-spec.io/v1alpha4", "TCPRoute", "bytes", spec={
            "matches": {"name": "m", "ports": [port]}}),
        _target("bytes", "TCPRoute", "bytes", None),
    ]


def _target(name, kind, route, matches):
    rule = {"kind": kind, "name": route} | ({"matches": matches} if matches else {})
    return _object("access.smi-spec.io/v1alpha3", "TrafficTarget", name, spec={
        "destination": _account("server"), "rules": [rule], "sources": [_account("client")]})


def _account(name):
    return {"kind": "ServiceAccount", "name": name, "namespace": "default"}


def others(endpoints):
    """Services that nobody calls, with so many endpoints in all."""
    made = []
    for number in range(0, endpoints, ENDPOINTS_PER_SERVICE):
        ips = [f"10.{n >> 16 & 255}.{n >> 8 & 255}.{n & 255}"
               for n in range(number + 1, min(endpoints, number + ENDPOINTS_PER_SERVICE) + 1)]
        made += service(f"other-{number // ENDPOINTS_PER_SERVICE}", 8080, ips)
    return made


def spread_addresses(count):
    """So many addresses of the loopback network, for one Service whose endpoints are one process."""
    return [f"127.200.{n >> 8}.{n & 255}" for n in range(1, count + 1)]
