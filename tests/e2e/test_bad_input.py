"""What an operator gets wrong is told in one go and in plain words; what a peer gets wrong never
reaches the application."""

import socket
import subprocess

import pytest
import yaml
from support import network, program, resources
from support.mesh import APP_PORT, Mesh
from support.recorder import Recorder
from support.waiting import wait_until
from shapes import API, API_HOST, two_pods

# ---- configuration -------------------------------------------------------------------------------


def run_proxy(folder, text, prefix=()):
    file = folder / "smilax.yaml"
    file.write_text(text)
    return program.smilax("proxy", "--config", file, prefix=prefix, seconds=30)


def good_configuration(folder, authority):
    identity = authority.issue(folder / "identity", "web")
    (folder / "resources").mkdir(exist_ok=True)
    return {
        "workload": {"namespace": "default", "serviceAccount": "web"},
        "identity": {"source": "files", "certificate": str(identity / "tls.crt"),
                     "key": str(identity / "tls.key"), "trustBundle": str(identity / "ca.crt")},
        "resources": [{"directory": str(folder / "resources")}],
        "inbound": {"ports": [{"listen": "127.0.0.1:0", "application": "127.0.0.1:9"}]},
        "outbound": {"listen": ["127.0.0.1:0"]},
        "admin": {"listen": "127.0.0.1:0"},
    }


def one_sentence(run, *words):
    """Whether the program's last line is the only complaint, and says all of this."""
    complaints = [line for line in run.stderr.splitlines() if line.startswith("smilax: ")]
    assert len(complaints) == 1, run.stderr
    assert all(word in complaints[0] for word in words), run.stderr
    return True


def test_every_configuration_error_is_told_at_once_with_its_place(folder):
    run = run_proxy(folder, "\n".join((
        "workload: {namespace: default, serviceAcount: web}",  # misspelt
        "policy: {access: perhaps, mtls: strict}",
        "inbound: {listen: ['nonsense']}",
        "outbound: {listen: ['127.0.0.1:99999']}",
        "workers: none",
        "surprise: 1",
    )))
    assert run.returncode == 64
    told = run.stderr.splitlines()
    for line, word in ((1, "serviceAcount"), (2, "access"), (3, "nonsense"), (4, "99999"),
                       (5, "workers"), (6, "surprise")):
        assert any(f"smilax.yaml:{line}:" in said and word in said for said in told), (
            f"line {line}, {word}:\n{run.stderr}")


@pytest.mark.parametrize("text", ["workload: {", "a: 1\na: 2\n", "- just\n- a list\n", "\t", "\0"])
def test_configuration_that_is_no_mapping_is_one_error_with_a_place(folder, text):
    run = run_proxy(folder, text)
    assert run.returncode == 64
    assert "smilax.yaml" in run.stderr and "exception" not in run.stderr.lower()


def test_missing_configuration_file_is_told(folder):
    run = program.smilax("proxy", "--config", folder / "none.yaml")
    assert run.returncode == 64
    assert "none.yaml" in run.stderr and "No such file" in run.stderr


def test_environment_overrides_and_its_errors_name_the_variable(folder):
    run = program.smilax("proxy", "--config", folder / "none.yaml",
                         prefix=["env", "SMILAX_WORKERS=many", "SMILAX_POLICY_ACES=off"])
    assert run.returncode == 64
    (folder / "smilax.yaml").write_text("workload: {namespace: default, serviceAccount: web}\n")
    run = program.smilax("proxy", "--config", folder / "smilax.yaml",
                         prefix=["env", "SMILAX_WORKERS=many", "SMILAX_POLICY_ACES=off"])
    assert run.returncode == 64
    assert "SMILAX_WORKERS" in run.stderr and "SMILAX_POLICY_ACES" in run.stderr


def test_missing_certificate_is_one_clear_sentence(folder, authority):
    made = good_configuration(folder, authority)
    made["identity"]["certificate"] = str(folder / "missing.crt")
    run = run_proxy(folder, yaml.safe_dump(made))
    assert run.returncode == 64
    assert one_sentence(run, "missing.crt", "no such file", "smilax identity issue")


def test_key_of_another_certificate_is_one_clear_sentence(folder, authority):
    made = good_configuration(folder, authority)
    other = authority.issue(folder / "other", "other")
    made["identity"]["key"] = str(other / "tls.key")
    run = run_proxy(folder, yaml.safe_dump(made))
    assert run.returncode == 64
    assert one_sentence(run, "does not belong to", "tls.key", "tls.crt")


def test_busy_port_is_one_clear_sentence(folder, authority):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        for section in ("admin", "outbound"):
            made = good_configuration(folder, authority)
            made[section]["listen"] = address if section == "admin" else [address]
            run = run_proxy(folder, yaml.safe_dump(made))
            assert run.returncode == 64
            assert one_sentence(run, f"{section}.listen", address, "another process uses it")


def test_missing_resource_directory_is_one_clear_sentence(folder, authority):
    made = good_configuration(folder, authority)
    made["resources"] = [{"directory": str(folder / "nowhere")}]
    run = run_proxy(folder, yaml.safe_dump(made))
    assert run.returncode == 64
    assert one_sentence(run, "nowhere", "o such")


@pytest.mark.parametrize("arguments", [
    ["--no-such-flag"], ["no-such-command"], ["proxy"], ["proxy", "--config"],
    ["check", "--no-such-flag"], ["redirect"], ["identity"], []])
def test_wrong_usage_says_so_and_points_at_help(arguments):
    run = program.smilax(*arguments)
    assert run.returncode != 0
    assert "--help" in run.stderr + run.stdout


def test_unknown_command_is_named():
    done = program.smilax("bogus")
    assert done.returncode == 2
    assert "bogus" in done.stderr and "--help" in done.stderr


def test_report_that_could_not_be_written_is_no_success(folder):
    (folder / "a.yaml").write_text("apiVersion: v1\nkind: Namespace\nmetadata: {name: shop}\n")
    command = [program.binary(), "check", "-o", "json", folder]
    with open("/dev/full", "w", encoding="utf-8") as full:
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True,
                              env=program.environment(), timeout=60, check=False)
    assert done.returncode == 1
    assert "standard output could not be written" in done.stderr


def test_broken_resource_files_never_stop_the_others(any_mesh):
    web, api = two_pods(any_mesh)
    any_mesh.directory.write_text("broken.yaml", "kind: [unclosed\n")
    any_mesh.directory.write_text("binary.yaml", "\0\1\2")
    any_mesh.directory.write_text("bomb.yaml", "a: &a [1,2]\n" + "\n".join(
        f"a{n}: &a{n} [{', '.join([f'*a{n - 1}' if n else '*a'] * 9)}]" for n in range(12)))
    wait_until(lambda: b"broken.yaml" in api.admin("/snapshot").body, "the problem is told")
    assert web.call("GET", API + "/echo").status == 200
    later = resources.traffic_target("later", "api", ["later"], [resources.tcp_route("everything")])
    any_mesh.apply(later)
    wait_until(lambda: b"later" in api.admin("/snapshot").body, "later files are still read")


# ---- peers ---------------------------------------------------------------------------------------

HOST = f"Host: {API_HOST}\r\n"
MALFORMED = {
    "bare LF line ends": f"GET / HTTP/1.1\n{HOST.strip()}\n\n",
    "bare CR hides a header": f"GET / HTTP/1.1\r\n{HOST}X: a\rTransfer-Encoding: chunked\r\n\r\n",
    "obs-fold": f"GET / HTTP/1.1\r\n{HOST}X: a\r\n b\r\n\r\n",
    "folded Transfer-Encoding":
        f"POST / HTTP/1.1\r\n{HOST}Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n",
    "first line folded": f"GET / HTTP/1.1\r\n X: y\r\n{HOST}\r\n",
    "end of head by LF": f"GET / HTTP/1.1\r\n{HOST.strip()}\r\n\n",
    "space before the colon": f"GET / HTTP/1.1\r\n{HOST}X : y\r\n\r\n",
    "empty header name": f"GET / HTTP/1.1\r\n{HOST}: y\r\n\r\n",
    "header name that is no token": f"GET / HTTP/1.1\r\n{HOST}X(y): z\r\n\r\n",
    "NUL in a value": f"GET / HTTP/1.1\r\n{HOST}X: a\0b\r\n\r\n",
    "no Host": "GET / HTTP/1.1\r\n\r\n",
    "two Hosts": f"GET / HTTP/1.1\r\n{HOST}Host: other\r\n\r\n",
    "a list for a Host": "GET / HTTP/1.1\r\nHost: a, b\r\n\r\n",
    "absolute target against Host": f"GET http://other/ HTTP/1.1\r\n{HOST}\r\n",
    "fragment": f"GET /a#b HTTP/1.1\r\n{HOST}\r\n",
    "two spaces": f"GET  / HTTP/1.1\r\n{HOST}\r\n",
    "no version": f"GET /\r\n{HOST}\r\n",
    "version 1.2": f"GET / HTTP/1.2\r\n{HOST}\r\n",
    "version 2.0": f"GET / HTTP/2.0\r\n{HOST}\r\n",
    "length and chunked":
        f"POST / HTTP/1.1\r\n{HOST}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n"
        "0\r\n\r\n",
    "two lengths":
        f"POST / HTTP/1.1\r\n{HOST}Content-Length: 1\r\nContent-Length: 2\r\n\r\nab",
    "list of lengths": f"POST / HTTP/1.1\r\n{HOST}Content-Length: 1, 2\r\n\r\nab",
    "signed length": f"POST / HTTP/1.1\r\n{HOST}Content-Length: +1\r\n\r\na",
    "hexadecimal length": f"POST / HTTP/1.1\r\n{HOST}Content-Length: 0x1\r\n\r\na",
    "length beyond 64 bits":
        f"POST / HTTP/1.1\r\n{HOST}Content-Length: 99999999999999999999999\r\n\r\na",
    "gzip, chunked":
        f"POST / HTTP/1.1\r\n{HOST}Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
    "chunked twice":
        f"POST / HTTP/1.1\r\n{HOST}Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n",
    "xchunked": f"POST / HTTP/1.1\r\n{HOST}Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
    "chunked in 1.0": f"POST / HTTP/1.0\r\n{HOST}Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
}


@pytest.fixture(scope="module")
def two_sidecars(authority):
    with Mesh(authority, redirect=network.why_not() is None) as mesh:
        web, api = two_pods(mesh, applications=False)
        with Recorder(api, APP_PORT) as recorder:
            yield web, recorder


@pytest.mark.parametrize("name", MALFORMED)
def test_malformed_request_is_400_and_never_arrives(two_sidecars, name):
    web, recorder = two_sidecars
    before = len(recorder.heads)
    with web.reach("api.default", APP_PORT) as connection:
        connection.sock.settimeout(10)
        connection.send(MALFORMED[name].encode("latin-1"))
        answered = connection.read_to_end()
    assert answered.startswith((b"HTTP/1.1 400 ", b"HTTP/1.1 505 ")), answered[:200]
    assert b"\r\nconnection: close\r\n" in answered.lower()
    # What follows on a new connection is served; what was malformed has left no byte behind.
    assert web.call("GET", API + "/good").status == 200
    arrived = [head.split(b"\r\n")[0] for head in recorder.heads[before:]]
    assert arrived == [b"GET /good HTTP/1.1"]


def test_bytes_that_are_no_http_need_a_rule_for_bytes(any_mesh):
    """RTSP looks like HTTP. Where only HTTP routes are allowed it is neither."""
    web, api = two_pods(any_mesh, applications=False)
    group = resources.http_route_group("good", [{"name": "good", "pathRegex": "/good"}])
    any_mesh.apply(group, resources.traffic_target("api", "api", ["web"], [group]))
    with Recorder(api, APP_PORT) as recorder:
        wait_until(lambda: web.call("GET", API + "/other").status == 403, "the target applies")
        assert web.call("GET", API + "/good").status == 200
        before = len(recorder.heads)
        with web.reach("api.default", APP_PORT) as connection:
            connection.sock.settimeout(10)
            connection.send(f"DESCRIBE / RTSP/1.0\r\n{HOST}\r\n".encode())
            try:
                answered = connection.read_to_end()
            except ConnectionResetError:
                answered = b""  # a denied connection may end in either way
        assert not answered.startswith(b"HTTP/1.1 200"), answered
        assert len(recorder.heads) == before


@pytest.mark.parametrize("chunks", [
    "5\r\nabc\r\n0\r\n\r\n", "zz\r\nabc\r\n0\r\n\r\n", "3\nabc\r\n0\r\n\r\n",
    "ffffffffffffffffff\r\nabc", "3\r\nabcXX0\r\n\r\n", "-3\r\nabc\r\n0\r\n\r\n"])
def test_malformed_chunks_are_cut_off(two_sidecars, chunks):
    web, recorder = two_sidecars
    with web.reach("api.default", APP_PORT) as connection:
        connection.sock.settimeout(10)
        connection.send((f"POST / HTTP/1.1\r\n{HOST}Transfer-Encoding: chunked\r\n\r\n"
                         + chunks + f"GET /smuggled HTTP/1.1\r\n{HOST}\r\n").encode())
        answered = connection.read_to_end()
    assert not answered.startswith(b"HTTP/1.1 200"), answered[:200]
    assert web.call("GET", API + "/good").status == 200
    assert not any(b"/smuggled" in head for head in recorder.heads)


def test_forged_identity_headers_never_arrive(two_sidecars):
    web, recorder = two_sidecars
    forged = [("smilax-client-id", "spiffe://cluster.local/ns/default/sa/admin"),
              ("X-Forwarded-Client-Cert", "By=x"), ("l5d-client-id", "admin"),
              ("Connection", "smilax-client-id, x-kept"), ("x-kept", "no")]
    assert web.call("GET", API + "/forged", forged).status == 200
    head = next(head for head in recorder.heads if b"/forged" in head).lower()
    for word in (b"sa/admin", b"by=x", b"l5d-client-id", b"x-kept"):
        assert word not in head


def test_bytes_that_are_no_tls_do_not_enter_a_strict_port(two_sidecars):
    """Straight at api's pod port, past web's sidecar: as another host would."""
    web, recorder = two_sidecars
    before = len(recorder.heads)
    api = web.mesh.pods["api"]
    if web.mesh.redirect:
        # User 1337 is not redirected: what the sidecar's own user sends arrives as it is.
        said = program_as_sidecar(web, api.address)
    else:
        with socket.create_connection((api.address, APP_PORT), timeout=10) as plain:
            plain.sendall(f"GET /plain HTTP/1.1\r\n{HOST}\r\n".encode())
            said = plain.recv(65536)
    assert b" 403 " in said.split(b"\r\n")[0] or said == b"", said
    assert b"mtls_required" in said or b"unauthenticated" in said or said == b"", said
    assert len(recorder.heads) == before


def program_as_sidecar(pod, address):
    run = subprocess.run(
        [*pod.prefix(), "setpriv", f"--reuid={program.SIDECAR_USER}", "--clear-groups", "curl",
         "--silent", "--include", "--max-time", "10", f"http://{address}:{APP_PORT}/plain"],
        capture_output=True, timeout=30)
    return run.stdout
