"""Identity from the SPIFFE Workload API: a sidecar whose certificates come from an agent of gRPC's own
library, which comes late, denies, changes its mind, and goes."""

import re
import signal
import subprocess
import time

import pytest
from support import program
from support.identity import Authority
from support.mesh import APP_PORT
from support.waiting import wait_until
from support.workload_api_agent import Agent, svid
from clients import ALL_WELL, Clients, identity_refreshes
from nginx import start_nginx
from rotation_load import ECHO_PORT, Load, failures_of, metric, seconds_of_load
from shapes import API, allow, two_pods

ID = "spiffe://cluster.local/ns/default/sa/{}"


@pytest.fixture
def agent():
    made = Agent(program.folder() / "agent")
    made.start()
    yield made
    made.process.kill()
    for file in made.folder.iterdir():
        file.unlink()


@pytest.fixture
def pods(loopback_mesh, agent):
    """(web, api): web has its identity from the agent."""
    settings = {"identity": {"source": "workload-api", "endpointSocket": agent.uri}}
    issue(loopback_mesh, agent)
    web = loopback_mesh.pod("web", settings=settings)
    api = loopback_mesh.pod("api")
    loopback_mesh.service("api", [api])
    allow(loopback_mesh)
    loopback_mesh.start()
    return web, api


def issue(mesh, agent, *options, account="web", more=(), federated=None):
    """The agent gives a new SVID of `account` from now on."""
    folder = agent.folder.with_name(f"svid-{account}")
    mesh.authority.issue(folder, account, *options)
    agent.give([*more, svid(folder, ID.format(account))], federated)


def restart(pod):
    pod.sidecar.signal(signal.SIGTERM)
    assert pod.sidecar.ended() == 0
    pod.start_sidecar()


def not_ready(pod, word):
    def says():
        answer = pod.admin("/ready")
        return answer.status == 503 and word in answer.body.decode()

    wait_until(says, f"{pod.name} is not ready: {word}", seconds=20)


def number(pod, name):
    return float(re.search(rf"^{name}(?:{{[^}}]*}})? (\S+)$", pod.metrics(), re.M).group(1))


def test_identity_comes_from_the_agent(pods, agent):
    web, api = pods
    assert web.call("GET", API + "/echo").status == 200
    assert "('workload.spiffe.io', 'true')" in agent.said()
    assert "new certificate for " + ID.format("web") in web.sidecar.said()


def test_sidecar_waits_for_the_agent_and_refuses_meanwhile(pods, agent):
    web, api = pods
    agent.stop()
    restart(web)
    not_ready(web, f"identity.endpointSocket: {agent.uri}: cannot connect: Connection refused")
    assert web.admin("/live").status == 200
    answer = web.call("GET", API + "/echo")
    assert (answer.status, answer.header("smilax-reason")) == (503, "not_ready")
    agent.start()
    web.wait_ready()
    assert web.call("GET", API + "/echo").status == 200
    assert web.sidecar.said().count("Connection refused") == 1, "said once"


def test_agent_denies_until_the_workload_is_registered(pods, agent):
    web, api = pods
    agent.deny("no identity issued")
    restart(web)
    not_ready(web, "PermissionDenied: no identity issued; register this workload")
    issue(web.mesh, agent)
    web.wait_ready()
    assert web.call("GET", API + "/echo").status == 200


def test_updates_are_adopted_at_once_and_nothing_is_dropped(pods, agent):
    web, api = pods
    with Clients(web, 4) as clients:
        for _ in range(5):
            before = number(web, "identity_cert_refreshes_total")
            issue(web.mesh, agent)
            wait_until(lambda b=before: number(web, "identity_cert_refreshes_total") > b,
                       "the update is adopted", seconds=5)
    assert set(clients.seen) == ALL_WELL and clients.answered_well() > 50, clients.seen
    assert number(web, "identity_cert_refresh_errors_total") == 0


def test_leaves_rotate_every_second_and_the_ca_every_ten_under_load(any_mesh, agent):
    """Both sidecars at one agent. A new CA is trusted two seconds before it signs, the old one three
    seconds after: as an agent does it."""
    mesh = any_mesh
    signer, trusted = mesh.authority, [mesh.authority]

    def rotate():
        bundle = "".join((one.path / "ca.crt").read_text() for one in trusted)
        folders = {account: agent.folder.with_name(f"svid-{account}") for account in ("web", "api")}
        agent.give([svid(signer.issue(folder, account, "--lifetime", "5m"), ID.format(account),
                         bundle=bundle)
                    for account, folder in folders.items()])

    rotate()
    settings = {"identity": {"source": "workload-api", "endpointSocket": agent.uri}}
    pods = [mesh.pod(name, ports=(APP_PORT, ECHO_PORT), settings=settings)
            for name in ("web", "api")]
    mesh.service("api", pods[1:])
    mesh.service("echo", pods[1:], port=ECHO_PORT, target_port=ECHO_PORT)
    allow(mesh)
    mesh.start(applications=False)
    start_nginx(pods[1])
    seconds = seconds_of_load()
    first = [identity_refreshes(pod) for pod in pods]
    with Load(mesh, *pods, seconds) as load:
        for second in range(seconds):
            due = time.monotonic() + 1
            if second % 10 == 3:
                trusted.append(Authority(program.folder() / f"ca-{second}"))
            elif second % 10 == 5:
                signer = trusted[-1]
            elif second % 10 == 8:
                trusted.pop(0)
            before = [identity_refreshes(pod) for pod in pods]
            rotate()
            wait_until(lambda b=before: all(
                identity_refreshes(pod) > n for pod, n in zip(pods, b)),
                f"rotation {second} is adopted", seconds=10)
            time.sleep(max(0, due - time.monotonic()))  # the pace of the rotations, not a wait
    print(f"{load.requests} requests, {load.echoes} connections of bytes in {seconds} s")
    assert not load.faults, load.faults[:5]
    assert load.requests > 20 * seconds and (load.echoes > seconds or not mesh.redirect), (
        load.requests, load.echoes)
    assert trusted[0] is not mesh.authority
    for pod, taken in zip(pods, first):
        assert not failures_of(pod), failures_of(pod)[:5]
        assert identity_refreshes(pod) - taken == seconds, pod.name
        assert metric(pod, "identity_cert_refresh_errors_total") == 0


def test_agent_that_restarts_costs_nothing(pods, agent):
    web, api = pods
    agent.stop()
    wait_until(lambda: "the last identity stays in force" in web.sidecar.said(), "it is said")
    assert web.admin("/ready").status == 200
    assert web.call("GET", API + "/echo").status == 200
    before = number(web, "identity_cert_refreshes_total")
    issue(web.mesh, agent)
    agent.start()
    wait_until(lambda: number(web, "identity_cert_refreshes_total") > before,
               "the new one is adopted", seconds=20)
    assert web.call("GET", API + "/echo").status == 200


def test_of_several_svids_it_takes_its_own(pods, agent):
    web, api = pods
    other = agent.folder.with_name("svid-other")
    web.mesh.authority.issue(other, "other")
    agent.give([svid(other, ID.format("other"), "first")])
    wait_until(lambda: number(web, "identity_cert_refresh_errors_total") == 1, "it is refused")
    assert (f"the agent gives no SVID for {ID.format('web')}, but for {ID.format('other')}"
            in web.sidecar.said())
    assert web.call("GET", API + "/echo").status == 200, "the last good one stays"
    before = number(web, "identity_cert_refreshes_total")
    issue(web.mesh, agent, more=[svid(other, ID.format("other"))])
    wait_until(lambda: number(web, "identity_cert_refreshes_total") > before, "its own is taken")
    assert web.call("GET", API + "/echo").status == 200


def test_wrong_updates_are_refused_with_a_sentence(pods, agent):
    web, api = pods
    other = agent.folder.with_name("svid-other")
    web.mesh.authority.issue(other, "other")
    agent.give([svid(other, ID.format("web"))])
    wait_until(lambda: "the certificate itself names someone else" in web.sidecar.said(), "refused")
    assert web.call("GET", API + "/echo").status == 200
    assert web.admin("/ready").status == 200


def test_expired_identity_is_withdrawn_with_words(pods, agent):
    web, api = pods
    issue(web.mesh, agent, "--lifetime", "4s")
    agent_expiry = number(web, "identity_cert_expiration_timestamp_seconds")
    wait_until(lambda: number(web, "identity_cert_expiration_timestamp_seconds") < agent_expiry,
               "the short one is adopted")
    agent.stop()
    not_ready(web, f"the certificate of {ID.format('web')} has expired and no new one has come")
    answer = web.call("GET", API + "/echo")
    assert (answer.status, answer.header("smilax-reason")) == (503, "not_ready")
    issue(web.mesh, agent)
    agent.start()
    web.wait_ready()
    assert web.call("GET", API + "/echo").status == 200


def test_bundles_of_other_trust_domains_come_along(loopback_mesh, agent):
    """web is of another trust domain; api believes it once its agent brings that bundle."""
    other = Authority(program.folder() / "ca-other", "--trust-domain", "other.example")
    settings = {"identity": {"source": "workload-api", "endpointSocket": agent.uri}}
    issue(loopback_mesh, agent, account="api")
    web, api = two_pods(loopback_mesh, settings=settings)
    theirs = other.issue(agent.folder.with_name("svid-theirs"), "web")

    def handshake():
        """What openssl says of a connection of theirs to api."""
        host, port = api.address, api.ports[0]
        return subprocess.run(
            ["openssl", "s_client", "-connect", f"{host}:{port}", "-alpn", "smilax/http1.1",
             "-cert", theirs / "tls.crt", "-key", theirs / "tls.key", "-ign_eof"],
            input=b"GET /echo HTTP/1.1\r\nHost: api\r\nConnection: close\r\n\r\n",
            capture_output=True, timeout=20).stdout.decode(errors="replace")

    assert "HTTP/1.1" not in handshake(), "not trusted yet"
    before = number(api, "identity_cert_refreshes_total")
    issue(loopback_mesh, agent, account="api",
          federated={"other.example": (theirs / "ca.crt").read_text()})
    wait_until(lambda: number(api, "identity_cert_refreshes_total") > before, "the bundle is there")
    assert "HTTP/1.1 403" in handshake(), "known, and not allowed by any TrafficTarget"
    assert web.call("GET", API + "/echo").status == 200
