"""Certificates and tickets that must open nothing, over the wire (security.md §7, inputs 17, 18)."""

import re

from support import crafted
from support.identity import Authority
from support.mesh import APP_PORT
from support.recorder import Recorder
from support.waiting import wait_until
from outside import Outside, standard_api
from shapes import allow, everything

URI = 0x86
OTHER_NAME_OF_A_URI = "otherName:1.2.3.4;UTF8:" + crafted.ID + "prometheus"
PROMETHEUS = (crafted.ID + "prometheus").encode()

TRICKS = {
    "no SAN": (None, {}),
    "a DNS name": ("DNS:prometheus.default.svc", {}),
    "other-name": (OTHER_NAME_OF_A_URI, {}),
    "two URIs": (f"URI:{crafted.ID}prometheus,URI:{crafted.ID}web", {}),
    "the same URI twice": (f"URI:{crafted.ID}prometheus,URI:{crafted.ID}prometheus", {}),
    "NUL at the end": (crafted.san_of((URI, PROMETHEUS + b"\0")), {}),
    "NUL inside": (crafted.san_of((URI, PROMETHEUS + b"\0.evil")), {}),
    "trailing slash": (f"URI:{crafted.ID}prometheus/", {}),
    "trailing space": (crafted.san_of((URI, PROMETHEUS + b" ")), {}),
    "dots": ("URI:spiffe://cluster.local/ns/default/sa/web/../prometheus", {}),
    "empty segment": ("URI:spiffe://cluster.local/ns/default/sa//prometheus", {}),
    "percent": ("URI:spiffe://cluster.local/ns/default/sa/%70rometheus", {}),
    "upper-case account": ("URI:spiffe://cluster.local/ns/default/sa/Prometheus", {}),
    "upper-case trust domain": ("URI:spiffe://CLUSTER.LOCAL/ns/default/sa/prometheus", {}),
    "other scheme": ("URI:https://cluster.local/ns/default/sa/prometheus", {}),
    "look-alike trust domain": ("URI:spiffe://cluster.local.evil/ns/default/sa/prometheus", {}),
    "look-alike trust domain, dot": ("URI:spiffe://cluster.local./ns/default/sa/prometheus", {}),
    "homoglyph": (crafted.san_of((URI, PROMETHEUS.replace(b"o", "о".encode(), 1))), {}),
    "user": ("URI:spiffe://x@cluster.local/ns/default/sa/prometheus", {}),
    "port": ("URI:spiffe://cluster.local:80/ns/default/sa/prometheus", {}),
    "query": (crafted.san_of((URI, PROMETHEUS + b"?a")), {}),
    "fragment": (crafted.san_of((URI, PROMETHEUS + b"#a")), {}),
    "for servers only": (f"URI:{crafted.ID}prometheus", {"usage": "serverAuth"}),
    "for mail": (f"URI:{crafted.ID}prometheus", {"usage": "emailProtection"}),
    "a CA": (f"URI:{crafted.ID}prometheus", {"ca": "TRUE"}),
}


def test_a_name_that_only_resembles_one_proves_nothing(any_mesh):
    outside, api = standard_api(any_mesh)
    folder = outside.pod.folder / "crafted"
    with Recorder(api, APP_PORT) as recorder:
        crafted.craft(any_mesh.authority, folder, f"URI:{crafted.ID}prometheus,DNS:more.is.well")
        assert "200 OK" in outside.s_client(api, identity=folder), "the certificate that is good"
        recorder.heads.clear()
        for trick, (san, options) in TRICKS.items():
            crafted.craft(any_mesh.authority, folder, san, **options)
            for alpn in ([], ["-alpn", "smilax/http1.1"]):
                said = outside.s_client(api, *alpn, identity=folder)
                assert " 200 OK" not in said, trick
        assert not recorder.heads
    failures = [line for line in api.metrics().splitlines()
                if line.startswith("tls_handshake_failures_total{")]
    refused = sum(float(line.split()[-1]) for line in failures)
    # One is a good name, of somebody whom no target lists.
    assert refused == 2 * (len(TRICKS) - 1), failures


# ---- tickets ------------------------------------------------------------------------------------


class Ticket:
    """A session of `openssl s_client` that is kept over what happens."""

    def __init__(self, outside, api, **options):
        self.outside = outside
        self.file = outside.pod.folder / "ticket"
        said = outside.s_client(api, "-sess_out", self.file, **options)
        assert "200 OK" in said and self.file.stat().st_size > 0, said

    def is_resumed(self, api, **options):
        """Once: a ticket is spent by its use."""
        said = self.outside.s_client(api, "-sess_in", self.file, **options)
        (how,) = re.findall(r"^(New|Reused), TLSv1.3", said, re.M)
        return how == "Reused", said


OTHER_PORT = APP_PORT + 1


def two_ports(mesh):
    outside = Outside(mesh)
    api = mesh.pod("api", ports=(APP_PORT, OTHER_PORT), settings={"policy": {"ports": [
        {"port": APP_PORT, "clients": "standard"}, {"port": OTHER_PORT, "clients": "standard"}]}})
    allow(mesh, ["prometheus"])
    mesh.start(applications=False)
    return outside, api


def test_ticket_resumes_once_on_its_port_alone(any_mesh):
    outside, api = two_ports(any_mesh)
    with Recorder(api, APP_PORT), Recorder(api, OTHER_PORT):
        ticket = Ticket(outside, api)
        assert ticket.is_resumed(api, port=OTHER_PORT)[0] is False
        resumed, said = ticket.is_resumed(api)
        assert resumed and "200 OK" in said
        assert ticket.is_resumed(api)[0] is False, "it was used already"


def test_ticket_of_another_sidecar_resumes_nothing(any_mesh):
    replica = any_mesh.pod("replica", "api", settings={"policy": {
        "ports": [{"port": APP_PORT, "clients": "standard"}]}})
    outside, api = standard_api(any_mesh)
    with Recorder(api, APP_PORT), Recorder(replica, APP_PORT):
        ticket = Ticket(outside, api)
        resumed, said = ticket.is_resumed(replica)
        assert not resumed and "200 OK" in said


def test_ticket_outlives_no_removed_target(any_mesh):
    outside, api = standard_api(any_mesh)
    with Recorder(api, APP_PORT) as recorder:
        ticket = Ticket(outside, api)
        any_mesh.delete(everything())
        wait_until(lambda: "403 Forbidden" in outside.s_client(api), "the target is gone",
                   seconds=20)
        recorder.heads.clear()
        resumed, said = ticket.is_resumed(api)
        assert resumed and "403 Forbidden" in said, "who it is says nothing of what it may"
        assert not recorder.heads


def test_ticket_outlives_no_certificate_of_ours(any_mesh):
    outside, api = standard_api(any_mesh)
    with Recorder(api, APP_PORT):
        ticket = Ticket(outside, api)
        before = serial(outside, api)
        any_mesh.authority.issue(api.folder / "identity", "api")
        wait_until(lambda: serial(outside, api) != before, "the new certificate", seconds=20)
        resumed, said = ticket.is_resumed(api)
        assert not resumed and "200 OK" in said


def serial(outside, api):
    return crafted.openssl("x509", "-noout", "-serial", input=outside.s_client(api))


def test_ticket_does_not_let_in_whom_the_rotated_bundle_no_longer_knows(any_mesh):
    outside, api = standard_api(any_mesh)
    successor = Authority(api.folder / "successor")
    with Recorder(api, APP_PORT) as recorder:
        ticket = Ticket(outside, api)
        successor.issue(api.folder / "identity", "api")
        wait_until(lambda: "200 OK" not in outside.s_client(api), "the new bundle", seconds=20)
        recorder.heads.clear()
        _, said = ticket.is_resumed(api)
        assert "200 OK" not in said and " alert " in said, said
        assert 'reason="untrusted"' in next(
            line for line in api.metrics().splitlines()
            if line.startswith("tls_handshake_failures_total{"))
        assert not recorder.heads


def test_ticket_outlives_no_certificate_of_the_peer(any_mesh):
    outside, api = standard_api(any_mesh)
    short = any_mesh.authority.issue(
        outside.pod.folder / "short", "prometheus", "--lifetime", "8s")
    with Recorder(api, APP_PORT) as recorder:
        ticket = Ticket(outside, api, identity=short)

        def is_over():
            return "200 OK" not in outside.s_client(api, identity=short)

        wait_until(is_over, "the certificate ends", seconds=20)
        recorder.heads.clear()
        resumed, said = ticket.is_resumed(api, identity=short)
        assert not resumed or "200 OK" not in said
        assert not recorder.heads
