"""The SMI conformance suite, replayed step by step over real, redirected pods.

The published suite needs a cluster; its application, steps, numbers and asserts are kept. What
differs: the runner has a sidecar and an identity of its own, with targets that let it reach the
three applications (they never affect a → b), and the split suite, which has no TrafficTargets, runs
under `enforce` with one target default → default, and once more with access off. Where the suite
sleeps five seconds for a change to take effect, a step here is repeated until it holds, for at most
as long.
"""

import contextlib
import json

import pytest
import yaml
from support import program, resources
from support.mesh import APP_PORT
from support.waiting import wait_until

EFFECT_SECONDS = 5.0
APPS = ("app-a", "app-b", "app-c")
SVC = "default.svc.cluster.local."


@contextlib.contextmanager
def step(name):
    """A failure names the step of the suite."""
    try:
        yield
    except AssertionError as error:
        raise AssertionError(f"step {name}: {error}") from error


def assert_kind_is_known(folder, document, *others):
    """The suite's first step asks whether the CRD is installed. With files for an API server the
    question is whether the program reads that kind, and tells one that it does not know."""
    file = folder / "kind.yaml"
    file.write_text(yaml.safe_dump_all([document, *others]))
    checked = program.smilax("check", file, "-o", "json")
    assert checked.returncode == 0, checked.stdout + checked.stderr
    file.write_text(yaml.safe_dump_all([{**document, "kind": "NoSuchKind"}, *others]))
    assert "NoSuchKind" in program.smilax("check", file).stdout


def install(mesh, account_of, extra_services=(), settings=None):
    """Step 02: the three applications, their Services, and the runner."""
    pods = {
        name: mesh.pod(name, account_of(name), settings=settings,
                       labels={"version": name[-1]})
        for name in APPS
    }
    runner = mesh.pod("runner", settings=settings)
    for name, pod in pods.items():
        mesh.service(name, [pod])
    for name, members in extra_services:
        mesh.service(name, [pods[member] for member in members])
    everything = resources.tcp_route("runner-everything")
    for account in sorted({account_of(name) for name in APPS}):
        mesh.apply(resources.traffic_target(f"runner-{account}", account, ["runner"], [everything]))
    mesh.apply(everything)
    mesh.start()
    return runner


class Runner:
    """What the suite's runner does, through its own sidecar."""

    def __init__(self, pod):
        self.pod = pod

    def clear(self):
        for name in APPS:
            answer = self.pod.call("DELETE", f"http://{name}:{APP_PORT}/metrics")
            assert answer.status == 200, f"{name}: {answer.status} {answer.body!r}"

    def noted(self, name):
        answer = self.pod.call("GET", f"http://{name}:{APP_PORT}/metrics")
        assert answer.status == 200, f"{name}: {answer.status} {answer.body!r}"
        return json.loads(answer.body)

    def drive(self, url, method="GET"):
        """POST /call to app-a."""
        body = json.dumps({"url": url, "method": method, "body": "", "headers": {}}).encode()
        answer = self.pod.call("POST", f"http://app-a:{APP_PORT}/call", body=body)
        assert answer.status in (200, 500), f"{answer.status} {answer.body!r}"

    def eventually(self, check):
        """Clears the notes and runs `check`, until it holds."""

        def attempt():
            self.clear()
            check()
            return True

        wait_until(attempt, "the step holds", seconds=EFFECT_SECONDS)


# ---- traffic-access ------------------------------------------------------------------------------


def test_traffic_access(mesh, folder):
    url = f"http://app-b.{SVC}:{APP_PORT}/echo"
    route = resources.tcp_route("tcp-route")
    target = resources.traffic_target("service-b", "service-b", ["service-a"], [route])

    def denied():
        runner.drive(url)
        noted = runner.noted("app-a")
        assert len(noted["RespFailed"]) == 1 and noted["RespSucceeded"] == [], noted
        assert noted["RespFailed"][0]["URL"] == url

    def allowed():
        runner.drive(url)
        noted = runner.noted("app-a")
        assert len(noted["RespSucceeded"]) == 1 and noted["RespFailed"] == [], noted
        assert noted["RespSucceeded"][0]["URL"] == url
        assert runner.noted("app-b")["ReqReceived"] == ["app-a"]

    with step("traffic-access/01 the kind TrafficTarget is known"):
        assert_kind_is_known(folder, target, route)
    with step("traffic-access/02 install"):
        runner = Runner(install(mesh, lambda name: f"service-{name[-1]}"))
    with step("traffic-access/03 denied by default"):
        runner.eventually(denied)
    with step("traffic-access/04 apply the target"):
        mesh.apply(route, target)
    with step("traffic-access/05 allowed"):
        runner.eventually(allowed)
    with step("traffic-access/06 delete both"):
        mesh.delete(target, route)
    with step("traffic-access/07 denied again"):
        runner.eventually(denied)


# ---- traffic-spec --------------------------------------------------------------------------------


def test_traffic_spec(mesh, folder):
    base = f"http://app-b.{SVC}:{APP_PORT}"
    group = resources.http_route_group(
        "http-rg", [{"name": "testMatch", "pathRegex": "/metrics", "methods": ["*"]}])
    # As published: `matches` at the root although v1alpha4, and a port that is a string.
    group["matches"] = group.pop("spec")["matches"]
    target = resources.traffic_target(
        "path-specific", "service-b", ["service-a"], [(group, ["testMatch"])], port="9091")
    get_only = resources.http_route_group(
        "http-rg", [{"name": "testMatch", "pathRegex": ".*", "methods": ["GET"]}])

    def paths():
        runner.drive(f"{base}/metrics")
        runner.drive(f"{base}/echo")
        noted = runner.noted("app-a")
        assert [call["URL"] for call in noted["RespSucceeded"]] == [f"{base}/metrics"], noted
        assert [call["URL"] for call in noted["RespFailed"]] == [f"{base}/echo"], noted

    def methods():
        runner.drive(f"{base}/echo", "GET")
        runner.drive(f"{base}/echo", "POST")
        noted = runner.noted("app-a")
        assert [call["Method"] for call in noted["RespSucceeded"]] == ["GET"], noted
        assert [call["Method"] for call in noted["RespFailed"]] == ["POST"], noted

    with step("traffic-spec/01 the kind HTTPRouteGroup is known"):
        assert_kind_is_known(folder, get_only)
    with step("traffic-spec/02 install"):
        runner = Runner(install(mesh, lambda name: f"service-{name[-1]}"))
    with step("traffic-spec/03 apply the path rule"):
        mesh.apply(group, target)
    with step("traffic-spec/04 one path allowed, one denied"):
        runner.eventually(paths)
    with step("traffic-spec/05 apply the method rule"):
        mesh.apply(get_only)
    with step("traffic-spec/06 one method allowed, one denied"):
        runner.eventually(methods)


# ---- traffic-split -------------------------------------------------------------------------------


@pytest.mark.parametrize("access", ["enforce", "off"])
def test_traffic_split(mesh, folder, access):
    calls = 50
    url = f"http://app-svc.{SVC}:{APP_PORT}/echo"

    def split(b, c):
        return resources.traffic_split("app-split", "app-svc", {"app-b": b, "app-c": c})

    def shares(check):
        def attempt():
            for _ in range(calls):
                runner.drive(url)
            counts = [len(runner.noted(name)["ReqReceived"]) for name in ("app-b", "app-c")]
            assert sum(counts) == calls and check(*counts), f"b, c = {counts}"

        return attempt

    with step("traffic-split/01 the kind TrafficSplit is known"):
        assert_kind_is_known(folder, split(1, 0))
    with step("traffic-split/02 install"):
        runner = Runner(install(mesh, lambda name: "default",
                                extra_services=[("app-svc", ("app-b", "app-c"))],
                                settings={"policy": {"access": access}}))
        everything = resources.tcp_route("everything")
        mesh.apply(everything, resources.traffic_target(
            "default-default", "default", ["default"], [everything]))
    with step("traffic-split/03 no split: both are served"):
        runner.eventually(shares(lambda b, c: b >= 1 and c >= 1))
    rows = (
        ("04", "05", (1, 0), lambda b, c: (b, c) == (calls, 0)),
        ("06", "07", (0, 1), lambda b, c: (b, c) == (0, calls)),
        ("08", "09", (75, 25), lambda b, c: b > c > 0),
        ("10", "11", (25, 75), lambda b, c: c > b > 0),
    )
    for apply, check, weights, expected in rows:
        with step(f"traffic-split/{apply} apply {weights}"):
            mesh.apply(split(*weights))
        with step(f"traffic-split/{check} shares of {weights}"):
            runner.eventually(shares(expected))
