"""Clients and servers that are not ours: curl and wrk → web's sidecar → api's sidecar → nginx, and
bytes compared as they leave and arrive."""

import re
import subprocess
import time

import pytest
from support import program, resources
from support.mesh import APP_PORT
from support.recorder import Recorder
from support.waiting import wait_until
from nginx import start_nginx
from shapes import API, API_HOST, everything, two_pods, web_may_call_api


@pytest.fixture
def nginx_mesh(any_mesh):
    web, api = two_pods(any_mesh, applications=False)
    start_nginx(api)
    any_mesh.web, any_mesh.api = web, api
    return any_mesh


def curl(mesh, *arguments, path="/"):
    """Runs curl inside web, towards the Service; its output."""
    web = mesh.web
    if mesh.redirect:
        where = ["--resolve", f"{API_HOST}:{mesh.resolve('api')}"]
    else:
        where = ["--connect-to", f"{API_HOST}:{web.address}:15001"]
    run = subprocess.run(
        [*web.prefix(), "curl", "--silent", "--show-error", "--max-time", "30", "--noproxy", "*",
         *where, *arguments, API + path],
        capture_output=True, text=True, timeout=60)
    assert run.returncode == 0, f"curl: {run.returncode} {run.stderr}"
    return run.stdout


def test_curl_gets_what_nginx_serves(nginx_mesh):
    said = curl(nginx_mesh, "--include")
    assert said.startswith("HTTP/1.1 200 OK\n") and said.endswith("\n\nhello\n")
    assert "\nServer: nginx" in said, "header case is kept"


def test_curl_head_and_no_content(nginx_mesh):
    said = curl(nginx_mesh, "--head", path="/files/big")
    assert "Content-Length: 1000000" in said
    assert curl(nginx_mesh, "--write-out", "%{http_code}", path="/none") == "204"


def test_curl_downloads_whole_and_in_part(nginx_mesh):
    assert curl(nginx_mesh, path="/files/big") == "0123456789" * 100_000
    assert curl(nginx_mesh, "--range", "10-14", path="/files/big") == "01234"


def test_curl_uploads_with_length_chunked_and_expecting_100(nginx_mesh):
    body = nginx_mesh.folder / "body"
    body.write_bytes(b"x" * 300_000)
    for extra in ([], ["--header", "Transfer-Encoding: chunked"],
                  ["--header", "Expect: 100-continue"]):
        code = curl(nginx_mesh, "--data-binary", f"@{body}", *extra, "--output", "/dev/null",
                    "--write-out", "%{http_code}", path="/upload")
        assert code == "200", extra


def test_curl_reuses_its_connection(nginx_mesh):
    said = curl(nginx_mesh, "--write-out", "%{num_connects} ", API + "/a", API + "/b")
    connects = [int(word) for word in re.findall(r"(\d+) ", said)]
    assert sum(connects) == 1 and len(connects) == 3, said


def test_http_1_0_client_is_served(nginx_mesh):
    assert curl(nginx_mesh, "--http1.0").endswith("hello\n")


def load_settings(mesh):
    """wrk inside web: (target URL, Host)."""
    where = f"{mesh.resolve('api')}:{APP_PORT}" if mesh.redirect else f"{mesh.web.address}:15001"
    return f"http://{where}/"


def test_wrk_at_full_speed_sees_no_error_while_resources_are_rewritten(nginx_mesh):
    """Every 200 ms something changes: who else is allowed, the split's weights, another Service."""
    seconds = 60 if program.is_long() else 10
    mesh = nginx_mesh
    before = generation(mesh.api)
    wrk = subprocess.Popen(
        [*mesh.web.prefix(), "wrk", "--threads", "1", "--connections", "32", "--duration",
         f"{seconds}s", "--timeout", "10s", "--header", f"Host: {API_HOST}", load_settings(mesh)],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    rewrites = 0
    try:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            rewrites += 1
            mesh.apply(web_may_call_api(("web", f"guest-{rewrites}")))
            mesh.apply(resources.traffic_split("api", "api", {"api": 1 + rewrites % 7}))
            mesh.service("other", [mesh.web], target_port=8000 + rewrites % 5)
            time.sleep(0.2)  # the pace of the changes, not a wait
        said, _ = wrk.communicate(timeout=30)
    finally:
        wrk.kill()
    assert wrk.returncode == 0, said
    assert "Socket errors" not in said and "Non-2xx" not in said, said
    assert int(re.search(r"(\d+) requests in", said).group(1)) > 100 * seconds, said
    assert generation(mesh.api) >= before + rewrites // 4, "the changes were not taken up"


def generation(pod):
    found = re.search(r"^smilax_snapshot_generation\S* (\d+)", pod.metrics(), re.M)
    return int(found.group(1))


# ---- bytes as they are ---------------------------------------------------------------------------


def lines(head):
    return head.decode("latin-1").rstrip("\r\n").split("\r\n")


def test_request_header_case_and_order_are_kept(any_mesh):
    web, api = two_pods(any_mesh, applications=False)
    sent = [("X-CamelCase", "1"), ("x-lower", "2"), ("X-UPPER", "3"), ("X-CamelCase", "4"),
            ("Servicename", "web")]
    with Recorder(api, APP_PORT) as recorder:
        assert web.call("GET", API + "/path?query=1", sent).status == 200
    head = lines(recorder.heads[0])
    assert head[0] == "GET /path?query=1 HTTP/1.1"
    assert f"Host: {API_HOST}" in head
    own = [line for line in head[1:] if line.split(":")[0].lower() in
           {name.lower() for name, _ in sent}]
    assert own == [f"{name}: {value}" for name, value in sent]


def test_response_header_case_order_and_duplicates_are_kept(any_mesh):
    web, api = two_pods(any_mesh, applications=False)
    answer = (b"HTTP/1.1 200 OK\r\nx-b: 1\r\nX-A: 2\r\nSet-Cookie: a=1\r\nset-cookie: b=2\r\n"
              b"Content-Length: 2\r\n\r\nok")
    with Recorder(api, APP_PORT, answer=lambda head, body: answer):
        got = web.call("GET", API)
    wanted = [("x-b", "1"), ("X-A", "2"), ("Set-Cookie", "a=1"), ("set-cookie", "b=2")]
    assert [pair for pair in got.headers if pair in wanted] == wanted


def test_chunked_bodies_and_trailers_pass_both_ways(any_mesh):
    web, api = two_pods(any_mesh, applications=False)
    answer = (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n"
              b"5\r\nhello\r\n0\r\nX-Sum: 42\r\n\r\n")
    with Recorder(api, APP_PORT, answer=lambda head, body: answer) as recorder:
        with web.reach("api.default", APP_PORT) as connection:
            connection.send(
                f"POST / HTTP/1.1\r\nHost: {API_HOST}\r\nTransfer-Encoding: chunked\r\n"
                "Trailer: X-Count\r\nTE: trailers\r\n\r\n"
                "3\r\nabc\r\n4\r\ndefg\r\n0\r\nX-Count: 7\r\n\r\n".encode())
            got = connection.read_answer()
    assert got.body == b"hello" and got.trailers == [("X-Sum", "42")]
    assert recorder.bodies[0].endswith(b"0\r\nX-Count: 7\r\n\r\n")
    joined = re.sub(rb"(?:^|\r\n)[0-9a-f]+\r\n", b"", recorder.bodies[0].split(b"0\r\nX-")[0])
    assert joined.strip() == b"abcdefg"


def test_100_continue_comes_from_the_application(any_mesh):
    web, api = two_pods(any_mesh, applications=False)
    interim = b"HTTP/1.1 100 Continue\r\n\r\n"
    with Recorder(api, APP_PORT, before_body=lambda head: interim) as recorder:
        with web.reach("api.default", APP_PORT) as connection:
            connection.send(f"POST / HTTP/1.1\r\nHost: {API_HOST}\r\nContent-Length: 4\r\n"
                            "Expect: 100-continue\r\n\r\n".encode())
            wait_until(lambda: recorder.heads, "the head arrives before the body is sent")
            connection.send(b"body")
            got = connection.read_answer()
    assert got.status == 200 and 100 in got.interim
    assert recorder.bodies == [b"body"]


def test_pipelined_requests_are_answered_in_order(any_mesh):
    web, api = two_pods(any_mesh, applications=False)

    def echo_path(head, body):
        path = head.split(b" ")[1]
        return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(path), path)

    with Recorder(api, APP_PORT, answer=echo_path):
        with web.reach("api.default", APP_PORT) as connection:
            paths = [f"/{number}" for number in range(20)]
            connection.send("".join(
                f"GET {path} HTTP/1.1\r\nHost: {API_HOST}\r\n\r\n" for path in paths).encode())
            assert [connection.read_answer().body.decode() for _ in paths] == paths


def test_kept_alive_client_is_decided_per_request(any_mesh):
    web, api = two_pods(any_mesh, applications=False)
    only_open = resources.http_route_group("open", [{"name": "open", "pathRegex": "/open$"}])
    with Recorder(api, APP_PORT) as recorder:
        any_mesh.delete(everything())
        any_mesh.apply(only_open, resources.traffic_target("api", "api", ["web"], [only_open]))
        wait_until(lambda: web.call("GET", API + "/shut").status == 403, "the target applies")
        recorder.heads.clear()
        with web.reach("api.default", APP_PORT) as connection:
            statuses = [connection.request("GET", path, API_HOST).status
                        for path in ("/open", "/shut", "/open", "/shut")]
    assert statuses == [200, 403, 200, 403]
    assert [lines(head)[0].split()[1] for head in recorder.heads] == ["/open", "/open"]


def test_upgraded_connection_carries_bytes_both_ways(any_mesh):
    web, api = two_pods(any_mesh, applications=False)
    accepted = (b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\n"
                b"Upgrade: own-protocol\r\n\r\nfirst")
    with Recorder(api, APP_PORT, answer=lambda head, body: accepted):
        with web.reach("api.default", APP_PORT) as connection:
            got = connection.request(
                "GET", "/", API_HOST, [("Connection", "Upgrade"), ("Upgrade", "own-protocol")])
            assert got.status == 101 and got.header("Upgrade") == "own-protocol"
            assert connection.read(5) == b"first"

