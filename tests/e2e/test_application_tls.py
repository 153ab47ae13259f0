"""The application's own TLS: bytes to the sidecars, the same ones on both ends."""

import pytest
from support import crafted
from support.mesh import APP_PORT
from support.waiting import wait_until
from outside import Outside
from shapes import allow, two_pods
from test_telemetry import samples


def start_tls_application(pod, folder):
    """`openssl s_server` as the application, with a certificate of its own."""
    folder.mkdir()
    crafted.openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
                    "-nodes", "-subj", "/CN=own.example", "-keyout", folder / "key",
                    "-out", folder / "certificate", "-days", "1")
    where = f"{APP_PORT}" if pod.namespace else pod.behind(APP_PORT)
    pod.start(["openssl", "s_server", "-accept", where, "-cert", folder / "certificate",
               "-key", folder / "key", "-rev"], "s_server")
    wait_until(lambda: pod.beside(APP_PORT).close() is None, "the application listens")
    return folder / "certificate"


def shown_certificate(said):
    return crafted.openssl("x509", "-outform", "PEM", input=said)


def ask_in_tls(pod, host, port, *options):
    command = ["openssl", "s_client", "-connect", f"{host}:{port}", "-servername", "own.example",
               *options]
    ended = pod.run(*command, data=b"abc\nQ\n")
    return (ended.stdout + ended.stderr).decode(errors="replace")


class Inside:
    """What Outside is for pods with a sidecar."""

    def __init__(self, pod):
        self.pod = pod
        self.run = Outside.run.__get__(self)


@pytest.mark.parametrize("options", [["-tls1_3"], ["-tls1_2"], ["-alpn", "h2"]])
def test_it_passes_between_two_sidecars(mesh, options):
    web, api = two_pods(mesh, applications=False)
    certificate = start_tls_application(api, api.folder / "own")
    said = ask_in_tls(Inside(web), mesh.resolve("api.default"), APP_PORT, *options)
    assert shown_certificate(said) == certificate.read_text(), said
    assert samples(api.metrics(), "inbound_tcp_authz_allow_total") == 1
    line = next(line for line in api.metrics().splitlines()
                if line.startswith("tcp_open_total{") and 'peer="src"' in line
                and 'direction="inbound"' in line)
    assert f'client_id="{crafted.ID}web"' in line and 'tls="true"' in line, "inside our own mTLS"


def outsider(any_mesh, port):
    outside = Outside(any_mesh)
    api = any_mesh.pod("api", settings={"policy": {"ports": [{"port": APP_PORT, **port}]}})
    allow(any_mesh, ["prometheus"])
    any_mesh.start(applications=False)
    return outside, api, start_tls_application(api, api.folder / "own")


@pytest.mark.parametrize("options", [["-tls1_3"], ["-tls1_2"], ["-alpn", "http/1.1"]])
def test_it_passes_from_outside_where_the_port_is_permissive(any_mesh, options):
    outside, api, certificate = outsider(any_mesh, {"mtls": "permissive", "access": "off"})
    said = ask_in_tls(outside, api.address, APP_PORT, *options)
    assert shown_certificate(said) == certificate.read_text(), said


def test_it_is_refused_with_a_reason_where_the_port_is_strict(any_mesh):
    outside, api, _ = outsider(any_mesh, {"access": "off"})
    said = ask_in_tls(outside, api.address, APP_PORT)
    assert "BEGIN CERTIFICATE" not in said
    denied = next(line for line in api.metrics().splitlines()
                  if line.startswith("inbound_tcp_authz_deny_total{"))
    assert 'reason="mtls_required"' in denied and f'target_port="{APP_PORT}"' in denied


def test_it_ends_at_the_sidecar_where_the_port_answers_standard_clients(any_mesh):
    """Whose TLS it is cannot be seen: there it is ours."""
    outside, api, _ = outsider(any_mesh, {"clients": "standard"})
    said = outside.s_client(api)
    shown = crafted.openssl("x509", "-noout", "-ext", "subjectAltName", input=said)
    assert f"URI:{crafted.ID}api" in shown
