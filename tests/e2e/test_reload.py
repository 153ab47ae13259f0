"""Changes take effect within a second and drop nothing; certificates rotate under load."""

import os
import signal
import threading
import time

from support import resources
from support.mesh import APP_PORT
from support.recorder import Recorder
from support.waiting import wait_until
from clients import ALL_WELL, Clients, identity_refreshes
from shapes import API, API_HOST, everything, two_pods, web_may_call_api

EFFECT_SECONDS = 1.0


def takes_effect(web, status):
    """Waits until a call is answered with `status`, and returns how long that took."""
    begin = time.monotonic()
    wait_until(lambda: web.call("GET", API + "/echo").status == status, f"status {status}",
               seconds=EFFECT_SECONDS, pause=0.005)
    return time.monotonic() - begin


def test_target_applied_changed_and_deleted_takes_effect_within_a_second(any_mesh):
    web, api = two_pods(any_mesh)
    target = web_may_call_api()
    takes_effect(web, 200)
    any_mesh.delete(target)
    takes_effect(web, 403)
    any_mesh.apply(target)
    takes_effect(web, 200)
    any_mesh.apply(web_may_call_api(("somebody-else",)))
    takes_effect(web, 403)


def test_file_rewritten_in_place_takes_effect(any_mesh):
    """Not every editor renames."""
    web, api = two_pods(any_mesh)
    file = any_mesh.directory.path / "traffictarget-api.yaml"
    file.write_text(file.read_text().replace("name: web", "name: nobody"))
    takes_effect(web, 403)


def test_config_map_style_symlink_swap_takes_effect(any_mesh):
    """A ConfigMap volume: files are links through `..data`, and `..data` is swapped."""
    web, api = two_pods(any_mesh)
    root = any_mesh.directory.path
    text = (root / "traffictarget-api.yaml").read_text()
    (root / "traffictarget-api.yaml").unlink()
    takes_effect(web, 403)

    def publish(version, content):
        (root / version).mkdir()
        (root / version / "target.yaml").write_text(content)
        os.symlink(version, root / "..data.new")
        os.rename(root / "..data.new", root / "..data")

    publish("..v1", text.replace("name: web", "name: nobody"))
    os.symlink("..data/target.yaml", root / "target.yaml")
    publish("..v2", text)
    takes_effect(web, 200)


def test_file_that_no_longer_parses_keeps_its_last_good_objects(any_mesh):
    web, api = two_pods(any_mesh)
    any_mesh.directory.write_text("traffictarget-api.yaml", "kind: [broken\n")
    wait_until(lambda: b"traffictarget-api.yaml" in api.admin("/snapshot").body, "a problem")
    assert web.call("GET", API + "/echo").status == 200


def test_nothing_is_dropped_while_resources_change(any_mesh):
    web, api = two_pods(any_mesh, applications=False)
    with Recorder(api, APP_PORT), Clients(web, 4) as clients:
        for number in range(40):
            any_mesh.apply(web_may_call_api(("web", f"guest-{number}")))
            any_mesh.apply(resources.traffic_split("api", "api", {"api": number + 1}))
            time.sleep(0.05)  # the pace of the changes, not a wait
    assert set(clients.seen) == ALL_WELL and clients.answered_well() > 100, clients.seen
    assert clients.connections == 4


def test_certificates_rotate_and_nothing_is_dropped(any_mesh):
    web, api = two_pods(any_mesh, applications=False)
    with Recorder(api, APP_PORT), Clients(web, 4) as clients:
        for _ in range(3):
            before = [identity_refreshes(pod) for pod in (web, api)]
            for pod in (web, api):
                any_mesh.authority.issue(pod.folder / "identity", pod.account)
            wait_until(
                lambda b=before: all(identity_refreshes(p) > n for p, n in zip((web, api), b)),
                "both sidecars took the new certificate", seconds=30)
    assert set(clients.seen) == ALL_WELL and clients.answered_well() > 100, clients.seen
    assert clients.connections == 4


def test_endpoint_that_goes_is_not_called_again(any_mesh):
    web = any_mesh.pod("web")
    old, new = any_mesh.pod("api-old", "api"), any_mesh.pod("api-new", "api")
    any_mesh.service("api", [old, new])
    any_mesh.apply(everything(), web_may_call_api())
    any_mesh.start(applications=False)
    with Recorder(old, APP_PORT) as from_old, Recorder(new, APP_PORT):
        wait_until(lambda: web.call("GET", API).status == 200 and from_old.heads, "both serve")
        any_mesh.service("api", [new])
        wait_until(lambda: b"198.19" not in web.admin("/snapshot").body
                   or old.address.encode() not in web.admin("/snapshot").body, "it is gone")
        seen = len(from_old.heads)
        assert {web.call("GET", API).status for _ in range(40)} == {200}
        assert len(from_old.heads) == seen


def test_sigterm_finishes_what_was_begun(any_mesh):
    """The answer comes a moment after SIGTERM; it still arrives, and the exit code is 0."""
    web, api = two_pods(any_mesh, applications=False)
    may_answer = threading.Event()

    def answer(head, body):
        may_answer.wait(20)
        return b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nlate"

    with Recorder(api, APP_PORT, answer=answer) as recorder:
        with web.reach("api.default", APP_PORT) as connection:
            connection.send(f"GET /late HTTP/1.1\r\nHost: {API_HOST}\r\n\r\n".encode())
            wait_until(lambda: recorder.heads, "the request is under way")
            for pod in (web, api):
                pod.sidecar.signal(signal.SIGTERM)
                wait_until(lambda p=pod: p.admin("/ready").status == 503, "no longer ready")
            may_answer.set()
            assert connection.read_answer().body == b"late"
    assert (web.sidecar.wait(20), api.sidecar.wait(20)) == (0, 0)
