"""Why was it denied? The sidecar's answer, the command's, and what the proxy really did."""

import json
import urllib.parse

from support import program, resources
from support.mesh import APP_PORT
from support.waiting import wait_until
from shapes import API, API_HOST

REQUESTS = (
    # who, method, path, headers
    ("web", "GET", "/echo", ()),
    ("web", "GET", "/echo?x=1", (("X-Any", "1"),)),
    ("web", "POST", "/echo", ()),
    ("web", "GET", "/other", ()),
    ("web", "GET", "/echo/../other", ()),
    ("web", "GET", "/%65cho", ()),
    ("web", "GET", "/a%2Fb", ()),
    ("web", "DELETE", "/users", (("X-User", "root"),)),
    ("web", "DELETE", "/users", (("X-User", "guest"),)),
    ("web", "DELETE", "/users", (("Connection", "X-User"), ("X-User", "root"))),
    ("stranger", "GET", "/echo", ()),
)


def asked(pod, page, **words):
    """The admin port's answer to a question."""
    headers = words.pop("headers", ())
    pairs = list(words.items()) + [("header", f"{name}: {value}") for name, value in headers]
    query = urllib.parse.urlencode(pairs, quote_via=urllib.parse.quote)
    answer = pod.admin(f"/explain/{page}?{query}")
    assert answer.status == 200, answer.body
    assert answer.header("Content-Type") == "application/json"
    return without_files(json.loads(answer.body))


def without_files(answer):
    """The sidecar and the command may name the same file in different ways."""
    for problem in answer["problems"]:
        del problem["file"]
    return answer


def told(mesh, which, *words, headers=()):
    """The command's answer to the same question, and its exit code."""
    lines = [word for name, value in headers for word in ("-H", f"{name}: {value}")]
    run = program.smilax("explain", which, mesh.directory.path, "-o", "json",
                         "--namespace", resources.NAMESPACE, *words, *lines)
    assert run.returncode in (0, 3), run.stderr
    return run.returncode, without_files(json.loads(run.stdout))


def three_pods(mesh):
    web, api = mesh.pod("web"), mesh.pod("api")
    mesh.pod("stranger")
    mesh.service("api", [api])
    group = resources.http_route_group("routes", [
        {"name": "echo", "pathRegex": "/echo$", "methods": ["GET"]},
        {"name": "users", "pathRegex": "/users$", "headers": [{"x-user": "^root$"}]},
    ])
    mesh.apply(group, resources.traffic_target("api", "api", ["web"], [group]))
    mesh.start()
    return web, api


def test_the_explanation_is_what_the_proxy_does(loopback_mesh):
    mesh = loopback_mesh
    _, api = three_pods(mesh)
    reasons = set()
    for who, method, path, headers in REQUESTS:
        answer = mesh.pods[who].call(method, API + path, headers)
        source = f"{resources.NAMESPACE}/{who}"
        sent = (("Host", API_HOST), *headers)
        page = asked(api, "access", **{"from": source}, port=APP_PORT, method=method, path=path,
                     headers=sent)
        code, command = told(
            mesh, "access", "--from", source, "--to", f"{resources.NAMESPACE}/api",
            "--port", APP_PORT, "--method", method, "--path", path, headers=sent)
        assert command == page, (who, method, path)
        assert code == (0 if page["verdict"] == "allow" else 3)
        reasons.add(page["reason"])
        refused = answer.header("smilax-reason")
        assert (refused or "allowed") == page["reason"], (who, method, path)
        if page["reason"] == "allowed":
            assert page["rule"]["name"] == "api"
        elif page["reason"] != "path_refused":
            nearest = page["considered"][0]
            body = json.loads(answer.body)
            assert body["reason"] == page["reason"]
            assert body["target"] == f"{nearest['namespace']}/{nearest['name']}"
            assert nearest["failed"] == page["reason"]
    # The caller's own sidecar refuses a path only where a split's paths count, so this is api's.
    assert reasons == {"allowed", "route_not_allowed", "path_refused", "source_not_allowed"}


def test_the_route_is_what_the_command_says(loopback_mesh):
    mesh = loopback_mesh
    web, api = three_pods(mesh)
    mesh.apply(resources.traffic_split("half", "api", {"api": 1, "gone": 3}))
    source = f"{resources.NAMESPACE}/web"

    def page():
        return asked(web, "route", host=API_HOST)

    wait_until(lambda: page()["split"], "the split is in force")
    code, command = told(mesh, "route", "--from", source, "--host", API_HOST)
    assert code == 0
    assert command == page()
    assert [(b["service"], b["share"], b["endpoints"]) for b in command["backends"]] == [
        (f"{resources.NAMESPACE}/api", 1, [f"{api.address}:{APP_PORT}"])]
    assert command["excluded"] == [
        {"service": f"{resources.NAMESPACE}/gone", "reason": "backend_missing"}]
    assert web.call("GET", API + "/echo").status == 200


def test_admin_questions_are_read_strictly(loopback_mesh):
    _, api = three_pods(loopback_mesh)
    for query, word in (
            ("", b"from: "),
            ("?from=default/web", b"port: "),
            ("?from=default/web&port=1&who=me", b'"who"'),
            ("?from=default/web&port=1&path=/%zz", b"path: "),
    ):
        answer = api.admin("/explain/access" + query)
        assert answer.status == 400, query
        assert word in answer.body
    assert api.admin("/explain/access?from=default/web&port=1&path=/" + "x" * 9000).status == 431
