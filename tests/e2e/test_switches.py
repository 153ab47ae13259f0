"""The switches of policy: one file says what a regular expression covers, for whom a target may
speak, and what becomes of escaped slashes. Two servers get the same resources and questions."""

import pytest
from support import resources
from support.mesh import APP_PORT
from support.recorder import Recorder
from support.waiting import wait_until

SWITCHED = {"pathRegex": "full", "headerRegex": "full", "allowCrossNamespaceTargets": True,
            "escapedSlash": "keep"}
MATCHES = [
    {"name": "exact", "pathRegex": "/exact"},
    {"name": "canary", "pathRegex": "/canary", "headers": [{"x-canary": "t|True"}]},
    {"name": "files", "pathRegex": "/files/.*"},
]
# What is asked, and the answer by default and with every switch turned.
ROWS = [
    ("/exact", [], 200, 200),
    ("/exact/more", [], 200, 403),
    ("/canary", [("X-Canary", "true")], 200, 403),
    ("/canary", [("X-Canary", "True")], 200, 200),
    ("/files/a%2Fb", [], 400, 200),
    ("/cross", [], 403, 200),
]


def in_namespace(name, made):
    made["metadata"]["namespace"] = name
    return made


@pytest.fixture
def servers(loopback_mesh):
    """The calling pod; its servers `plain` and `switched` are under the same targets."""
    web = loopback_mesh.pod("web")
    pods = [loopback_mesh.pod("plain"), loopback_mesh.pod("switched", settings={"policy": SWITCHED})]
    group = resources.http_route_group("routes", MATCHES)
    foreign = in_namespace(
        "other", resources.http_route_group("foreign", [{"name": "cross", "pathRegex": "/cross"}]))
    loopback_mesh.apply(group, foreign)
    for pod in pods:
        loopback_mesh.service(pod.name, [pod])
        loopback_mesh.apply(
            resources.traffic_target(pod.name, pod.name, ["web"], [group]),
            in_namespace("other", resources.traffic_target(
                f"{pod.name}-from-other", pod.name, ["web"], [foreign])))
    loopback_mesh.start(applications=False)
    with Recorder(pods[0], APP_PORT), Recorder(pods[1], APP_PORT):
        yield web


def test_switches_of_the_file_reach_decisions(servers):
    def status(server, path, headers):
        return servers.call("GET", f"http://{server}.default:{APP_PORT}{path}", headers).status

    wait_until(lambda: status("switched", "/exact", []) == 200, "both servers answer")
    seen = [(path, headers, status("plain", path, headers), status("switched", path, headers))
            for path, headers, _, _ in ROWS]
    assert seen == ROWS
