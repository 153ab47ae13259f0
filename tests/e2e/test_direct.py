"""Without redirection and without root: loopback addresses, and Host decides."""

from support import resources
from support.mesh import APP_PORT
from support.waiting import wait_until
from shapes import API, API_HOST, everything, two_pods, web_may_call_api


def test_host_decides_where_a_request_goes(loopback_mesh):
    web, api = two_pods(loopback_mesh)
    for host in ("api", "api.default", "api.default.svc", "api.default.svc.cluster.local",
                 "api.default.svc.cluster.local.", "API.Default"):
        assert web.call("GET", f"http://{host}:{APP_PORT}/echo").status == 200, host
    assert len(api.noted()["ReqReceived"]) == 6


def test_unknown_host_is_told_so(loopback_mesh):
    web, api = two_pods(loopback_mesh)
    answer = web.call("GET", f"http://nobody.default:{APP_PORT}/")
    assert answer.status in (502, 503, 404)
    assert b"unknown_service" in answer.body or "unknown_service" in str(answer.headers)


def test_stranger_is_denied_and_the_application_not_reached(loopback_mesh):
    web, api = two_pods(loopback_mesh, strangers=True)
    assert loopback_mesh.pods["stranger"].call("GET", API + "/echo").status == 403
    assert api.noted()["ReqReceived"] == []


def test_absolute_form_as_proxies_are_asked(loopback_mesh):
    web, api = two_pods(loopback_mesh)
    with web.reach("api.default", APP_PORT) as connection:
        answer = connection.request("GET", f"{API}/echo?x=1", API_HOST)
    assert answer.status == 200
    assert answer.body.startswith(b"GET /echo?x=1 HTTP/1.1")


def test_default_deny_without_any_target(loopback_mesh):
    web = loopback_mesh.pod("web")
    api = loopback_mesh.pod("api")
    loopback_mesh.service("api", [api])
    loopback_mesh.start()
    assert web.call("GET", API + "/echo").status == 403
    assert api.noted()["ReqReceived"] == []


def test_header_split_sends_matching_requests_only(loopback_mesh):
    """A/B: the group's requests go to the backend, all others to the root as if no split."""
    web = loopback_mesh.pod("web")
    stable, canary = loopback_mesh.pod("stable", "api"), loopback_mesh.pod("canary", "api")
    loopback_mesh.service("api", [stable])
    loopback_mesh.service("api-canary", [canary])
    group = resources.http_route_group(
        "testers", [{"name": "testers", "headers": [{"x-tester": "^yes$"}]}])
    loopback_mesh.apply(
        group,
        everything(),
        resources.traffic_target("api", "api", ["web"], [everything()]),
        resources.traffic_split(
            "ab", "api", {"api-canary": 1},
            matches=[{"kind": "HTTPRouteGroup", "name": "testers"}]),
    )
    loopback_mesh.start()
    for _ in range(5):
        assert web.call("GET", API + "/echo", [("X-Tester", "yes")]).status == 200
        assert web.call("GET", API + "/echo", [("X-Tester", "no")]).status == 200
        assert web.call("GET", API + "/echo").status == 200
    assert len(canary.noted()["ReqReceived"]) == 5
    assert len(stable.noted()["ReqReceived"]) == 10


def test_server_with_another_identity_is_not_talked_to(loopback_mesh):
    """The endpoint should be `api` but proves to be `impostor`: 502, and nothing reaches it."""
    web = loopback_mesh.pod("web")
    api = loopback_mesh.pod("api")
    loopback_mesh.service("api", [api])
    loopback_mesh.apply(everything(), resources.traffic_target(
        "api", "api", ["web"], [everything()]))
    loopback_mesh.start()
    assert web.call("GET", API + "/echo").status == 200
    api.forget()
    loopback_mesh.directory.write("pods.yaml", *(
        resources.pod(pod.name, "expected" if pod is api else pod.account, pod.addresses,
                      pod.labels)
        for pod in loopback_mesh.pods.values()))
    wait_until(lambda: web.call("GET", API + "/echo").status in (502, 503), "it is refused")
    api.forget()
    answer = web.call("GET", API + "/echo")
    assert answer.status in (502, 503)
    assert api.noted()["ReqReceived"] == []


def test_opaque_port_is_judged_as_bytes_whatever_the_client_says(any_mesh):
    """U7: the caller's sidecar says HTTP/1 in its ALPN; a route group is no word about bytes."""
    web = any_mesh.pod("web")
    api = any_mesh.pod("api", settings={"inbound": {"opaquePorts": [APP_PORT]}})
    any_mesh.service("api", [api])
    group = resources.http_route_group("all", [{"name": "all"}])
    any_mesh.apply(group, resources.traffic_target("api", "api", ["web"], [group]))
    any_mesh.start()
    wait_until(lambda: web.call("GET", API + "/echo").status == 502, "a closed connection")
    assert 'reason="protocol_not_allowed"' in api.metrics()
    any_mesh.apply(everything(), web_may_call_api())
    wait_until(lambda: web.call("GET", API + "/echo").status == 200, "an answer")
