"""Numbers and readiness, as Prometheus and the kubelet ask for them."""

import re
import subprocess

from support import resources
from support.mesh import APP_PORT
from support.waiting import wait_until
from shapes import API, two_pods


def samples(text, family, **labels):
    """Sum of a family's samples that carry all these labels."""
    total = 0.0
    for name, inside, value in re.findall(r"^(\w+)(?:\{(.*)\})? (\S+)$", text, re.M):
        have = dict(re.findall(r'(\w+)="((?:[^"\\]|\\.)*)"', inside))
        if name == family and all(have.get(key) == want for key, want in labels.items()):
            total += float(value)
    return total


def test_promtool_finds_nothing_wrong_with_the_metrics(any_mesh):
    web, api = two_pods(any_mesh, strangers=True)
    stranger = any_mesh.pods["stranger"]
    assert web.call("GET", API + "/echo").status == 200
    assert stranger.call("GET", API + "/echo").status == 403
    for pod in (web, api, stranger):
        text = pod.metrics()
        judged = subprocess.run(
            ["promtool", "check", "metrics"], input=text, capture_output=True, text=True)
        # Exit code 3 is lint: names that Linkerd chose (no unit suffix) are kept on purpose. What
        # does not parse is 1.
        assert judged.returncode in (0, 3), judged.stderr
        assert "error while linting" not in judged.stderr, judged.stderr
        assert "# HELP request_total" in text and "# TYPE request_total counter" in text


def test_both_sides_count_a_request_with_the_peers_identities(any_mesh):
    web, api = two_pods(any_mesh, strangers=True)
    stranger = any_mesh.pods["stranger"]
    for _ in range(3):
        assert web.call("GET", API + "/echo").status == 200
    assert stranger.call("GET", API + "/echo").status == 403
    inside, outside = api.metrics(), web.metrics()
    client = "spiffe://cluster.local/ns/default/sa/web"
    server = "spiffe://cluster.local/ns/default/sa/api"
    assert samples(inside, "request_total", direction="inbound", client_id=client,
                   tls="true", namespace="default", deployment="api") == 3
    assert samples(inside, "response_total", direction="inbound", client_id=client,
                   status_code="200", classification="success", authz_name="api") == 3
    assert samples(inside, "response_latency_ms_count", direction="inbound",
                   client_id=client) == 3
    assert samples(inside, "inbound_http_authz_allow_total", client_id=client) == 3
    assert samples(inside, "inbound_http_authz_deny_total", reason="source_not_allowed",
                   client_id="spiffe://cluster.local/ns/default/sa/stranger") == 1
    assert samples(outside, "response_total", direction="outbound", server_id=server,
                   dst_service="api", dst_namespace="default", classification="success") == 3
    # smi-metrics takes every series with dst_* for an outbound one.
    assert not re.search(r'direction="inbound"[^}]*dst_', inside)


def test_split_counts_per_backend_under_the_root(any_mesh):
    web = any_mesh.pod("web")
    api, other = any_mesh.pod("api"), any_mesh.pod("other", "api")
    for name, pod in (("api", api), ("other", other)):
        any_mesh.service(name, [pod])
    any_mesh.apply(
        resources.tcp_route("everything"),
        resources.traffic_target("api", "api", ["web"], [resources.tcp_route("everything")]),
        resources.traffic_split("api", "api", {"api": 0, "other": 1}),
    )
    any_mesh.start()
    assert {web.call("GET", API + "/echo").status for _ in range(5)} == {200}
    text = web.metrics()
    assert samples(text, "split_backend_total") == 5
    assert samples(text, "split_backend_total", split_namespace="default", split="api",
                   root="api", backend="other") == 5
    # smi-metrics: the backend is dst_service, the root stands in the authority.
    assert samples(text, "response_total", direction="outbound", dst_service="other",
                   dst_namespace="default",
                   authority=f"api.default.svc.cluster.local:{APP_PORT}") == 5
    assert other.noted()["ReqReceived"] == ["Unidentified"] * 5
    assert api.noted()["ReqReceived"] == []


def test_denial_is_told_with_its_reason(any_mesh):
    web, api = two_pods(any_mesh, strangers=True)
    answer = any_mesh.pods["stranger"].call("GET", API + "/echo")
    assert answer.status == 403
    assert b"source_not_allowed" in answer.body or "source_not_allowed" in str(answer.headers)


def test_live_ready_and_unknown_pages(any_mesh):
    web, _ = two_pods(any_mesh, applications=False)
    assert web.admin("/live").status == 200
    assert web.admin("/ready").status == 200
    assert web.admin("/nothing-here").status == 404
    assert web.admin("/snapshot").body.startswith(b"{")


def test_not_ready_until_resources_can_be_read(any_mesh):
    """A sidecar without any policy is not a sidecar that allows, and it says what is missing."""
    pod = any_mesh.pod("alone")
    any_mesh.start(applications=False)
    wait_until(lambda: pod.admin("/ready").status == 200, "an empty directory is a policy: deny")
    assert pod.admin("/metrics").body.count(b"process_start_time_seconds") >= 1
    assert samples(pod.metrics(), "identity_cert_expiration_timestamp_seconds") > 1e9


def test_audit_mode_lets_pass_what_it_would_deny_and_counts_it(any_mesh):
    web = any_mesh.pod("web")
    api = any_mesh.pod("api", settings={"policy": {"access": "audit"}})
    any_mesh.service("api", [api])
    any_mesh.start()
    assert web.call("GET", API + "/echo").status == 200
    assert api.noted()["ReqReceived"] == ["Unidentified"]
    assert samples(api.metrics(), "inbound_http_authz_audit_total") == 1


def test_labels_stay_bounded_whatever_hosts_a_client_names(any_mesh):
    web, api = two_pods(any_mesh)
    with web.reach("api.default", APP_PORT) as connection:
        for number in range(300):
            connection.request("GET", f"/{number}", f"host-{number}.example")
    before = web.metrics().count("\n")
    with web.reach("api.default", APP_PORT) as connection:
        for number in range(300, 900):
            connection.request("GET", f"/{number}", f"host-{number}.example")
    assert web.metrics().count("\n") - before < 50
