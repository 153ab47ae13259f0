"""Clients of another trust domain, by standard TLS: who they are is proved against the CAs of their
own domain, and what they may do is said with their whole SPIFFE ID."""

import shutil
import socket
import ssl

import pytest
from support import http1, program, resources
from support.mesh import APP_PORT
from support.waiting import wait_until
from shapes import everything, web_may_call_api

OTHER_WEB = "spiffe://other.example/ns/default/sa/web"


class OtherDomain:
    """A CA of other.example, and a workload of the name that our policy knows."""

    def __init__(self, folder):
        self.folder = folder
        folder.mkdir()
        made = program.smilax(
            "identity", "init", "--dir", folder / "ca", "--trust-domain", "other.example")
        assert made.returncode == 0, made.stderr
        made = program.smilax(
            "identity", "issue", "default/web", "--dir", folder / "ca", "--out", folder / "web")
        assert made.returncode == 0, made.stderr

    @property
    def root(self):
        return self.folder / "ca" / "ca.crt"


@pytest.fixture
def other(folder):
    return OtherDomain(folder / "other")


@pytest.fixture
def federated(loopback_mesh, other):
    """`api`, which trusts other.example."""
    bundle = loopback_mesh.folder / "other.crt"
    shutil.copy(other.root, bundle)
    bundle.chmod(0o644)
    api = loopback_mesh.pod("api", settings={"identity": {"trustBundles": [
        {"trustDomain": "other.example", "file": str(bundle)}]}})
    loopback_mesh.service("api", [api])
    loopback_mesh.apply(everything(), web_may_call_api())
    loopback_mesh.start()
    api.other_bundle = bundle
    return api


def ask(api, identity, trust_bundle):
    """The status of a request by a client with that certificate; 0 when there is no connection."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.load_verify_locations(trust_bundle)
    context.load_cert_chain(identity / "tls.crt", identity / "tls.key")
    context.set_alpn_protocols(["smilax/http1.1"])
    with socket.create_connection((api.address, APP_PORT), timeout=30) as plain:
        try:
            with http1.Connection(context.wrap_socket(plain)) as connection:
                return connection.request("GET", "/echo", f"api.default:{APP_PORT}").status
        except (ssl.SSLError, ConnectionError, http1.Closed):
            return 0  # in TLS 1.3 the server's refusal arrives with the first read


def ours(api):
    return api.folder / "identity" / "ca.crt"


def bind_the_stranger(mesh):
    mesh.apply(
        {"apiVersion": "access.smi-spec.io/v1alpha4", "kind": "IdentityBinding",
         "metadata": {"name": "other-web", "namespace": resources.NAMESPACE},
         "spec": {"schemes": {"spiffeIdentities": [OTHER_WEB]}}},
        {"apiVersion": "access.smi-spec.io/v1alpha4", "kind": "TrafficTarget",
         "metadata": {"name": "other-web", "namespace": resources.NAMESPACE},
         "spec": {"destination": {"kind": "ServiceAccount", "name": "api"},
                  "sources": [{"kind": "IdentityBinding", "name": "other-web"}],
                  "rules": [{"kind": "TCPRoute", "name": "everything"}]}})


def test_a_federated_client_is_nobody_of_ours_and_is_let_in_by_its_own_name(
        loopback_mesh, federated, other):
    loopback_mesh.authority.issue(loopback_mesh.folder / "our-web", "web")
    assert ask(federated, loopback_mesh.folder / "our-web", ours(federated)) == 200
    # The same namespace and service account, but of another domain.
    assert ask(federated, other.folder / "web", ours(federated)) == 403
    bind_the_stranger(loopback_mesh)
    wait_until(lambda: ask(federated, other.folder / "web", ours(federated)) == 200,
               "the binding is in force")


def test_another_ca_of_the_federated_domain_takes_over_with_the_file(
        loopback_mesh, federated, other, folder):
    bind_the_stranger(loopback_mesh)
    wait_until(lambda: ask(federated, other.folder / "web", ours(federated)) == 200,
               "the binding is in force")
    following = OtherDomain(folder / "following")
    assert ask(federated, following.folder / "web", ours(federated)) == 0
    draft = federated.other_bundle.with_suffix(".draft")
    shutil.copy(following.root, draft)
    draft.chmod(0o644)
    draft.rename(federated.other_bundle)
    wait_until(lambda: ask(federated, following.folder / "web", ours(federated)) == 200,
               "the new CA is trusted")
    assert ask(federated, other.folder / "web", ours(federated)) == 0


def test_a_domain_that_is_not_listed_is_refused(loopback_mesh, other):
    api = loopback_mesh.pod("api")
    loopback_mesh.service("api", [api])
    loopback_mesh.apply(everything(), web_may_call_api())
    loopback_mesh.start()
    assert ask(api, other.folder / "web", ours(api)) == 0
    wait_until(
        lambda: f"{OTHER_WEB} belongs to trust domain other.example, ours is cluster.local"
        in api.sidecar.said(), "the log says why")
