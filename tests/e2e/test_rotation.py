"""Certificates, keys and roots are replaced under load, and nobody notices."""

import contextlib
import time

from support import program
from support.identity import Authority
from support.waiting import wait_until
from clients import identity_refreshes
from rotation_load import (
    ECHO_PORT, WORDS, Echo, Load, failures_of, metric, rotating_pods, seconds_of_load)
from shapes import API, allow


def rotation(mesh, pods, *options):
    """`smilax identity rotate` over the identities of these pods, in the background."""
    folders = [pod.folder / "identity" for pod in pods]
    process = program.Process(
        [program.binary(), "identity", "rotate", *folders, "--dir", mesh.authority.path, *options],
        mesh.folder / f"rotate{len(mesh.processes)}.log")
    mesh.processes.append(("rotate", process))
    return process


def test_leaves_and_roots_rotate_under_load_and_nothing_fails(any_mesh):
    """Every second a new leaf, every ten a new root with overlap."""
    mesh = any_mesh
    mesh.authority = Authority(mesh.folder / "ca")  # one that no other test uses
    web, api = rotating_pods(mesh)
    seconds = seconds_of_load()
    root = (web.folder / "identity" / "ca.crt").read_text()
    before = {pod: identity_refreshes(pod) for pod in (web, api)}
    with Load(mesh, web, api, seconds) as load:
        leaves = rotation(mesh, (web, api), "--every", "1s", "--for", f"{seconds}s",
                          "--lifetime", "5m")
        roots = rotation(mesh, (web, api), "--ca", "--overlap", "3s", "--lifetime", "5m",
                         "--every", "10s", "--for", f"{seconds}s")
    assert (leaves.ended(), roots.ended()) == (0, 0), leaves.said() + roots.said()
    print(f"{load.requests} requests, {load.echoes} connections of bytes in {seconds} s")
    assert not load.faults, load.faults[:5]
    assert load.requests > 20 * seconds and (load.echoes > seconds or not mesh.redirect), (
        load.requests, load.echoes)
    for pod in (web, api):
        assert not failures_of(pod), failures_of(pod)[:5]
        taken = identity_refreshes(pod) - before[pod]
        assert taken >= seconds // 2, f"{pod.name} took up {taken} in {seconds} s"
        assert (pod.folder / "identity" / "ca.crt").read_text() != root
        assert metric(pod, "identity_cert_refresh_errors_total") == 0
    assert roots.said().count("3/3 the old root is gone") >= seconds // 10


def test_files_that_are_found_by_themselves_rotate_as_well(any_mesh):
    """Only the directory is named."""
    mesh = any_mesh
    web, api = (mesh.pod(name, settings={"identity": {
        "source": "auto", "certificate": None, "key": None, "trustBundle": None,
        "directory": str(mesh.folder / name / "identity")}}) for name in ("web", "api"))
    mesh.service("api", [api])
    allow(mesh)
    mesh.start()
    assert web.call("GET", API + "/echo").status == 200
    found = f"identity found in {web.folder / 'identity'}: tls.crt, tls.key, ca.crt"
    assert found in web.sidecar.said()
    before = identity_refreshes(web)
    assert rotation(mesh, (web, api)).ended() == 0
    wait_until(lambda: identity_refreshes(web) > before, "the new one is taken up")
    assert web.call("GET", API + "/echo").status == 200


def test_connection_ends_when_the_ca_of_its_peer_is_removed(mesh):
    """Bytes that flow go on through a rotation, and end within seconds when api trusts web's CA
    no more."""
    mesh.authority = Authority(mesh.folder / "ca")
    web, api = rotating_pods(mesh)
    echo = Echo(api)
    with contextlib.closing(echo), web.connect(mesh.resolve("echo"), ECHO_PORT) as connection:
        connection.sendall(WORDS)
        assert connection.recv(1000) == WORDS
        before = identity_refreshes(api)
        assert rotation(mesh, (web, api)).ended() == 0
        wait_until(lambda: identity_refreshes(api) > before, "the new leaf is taken up")
        connection.sendall(WORDS)
        assert connection.recv(1000) == WORDS
        Authority(mesh.folder / "other-ca").issue(api.folder / "identity", api.account)
        begin = time.monotonic()
        connection.settimeout(10)
        try:
            assert connection.recv(1000) == b""
        except ConnectionResetError:
            pass
        assert time.monotonic() - begin < 5
    assert web.call("GET", API).status == 502, "and no new one is made"
