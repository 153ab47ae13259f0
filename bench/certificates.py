"""Certificates of a run: `smilax identity` makes ours, openssl those of the others. Both are P-256,
leaf directly below the CA, one day; those of the others also have a DNS name, which HAProxy and
nginx compare."""

import pathlib
import subprocess

WORKLOADS = ("client", "server")
TRUST_DOMAIN = "cluster.local"


def spiffe_id(workload):
    return f"spiffe://{TRUST_DOMAIN}/ns/default/sa/{workload}"


class Identity:
    """Files of one workload."""

    def __init__(self, folder):
        self.certificate = folder / "tls.crt"
        self.key = folder / "tls.key"
        self.trust = folder / "ca.crt"
        self.both = folder / "both.pem"  # HAProxy reads key and certificate from one file


def by_smilax(program, folder):
    """workload → Identity"""
    folder = pathlib.Path(folder)
    _run(program, "identity", "init", "--dir", folder / "ca")
    made = {}
    for workload in WORKLOADS:
        _run(program, "identity", "issue", f"default/{workload}", "--dir", folder / "ca",
             "--out", folder / workload)
        made[workload] = Identity(folder / workload)
    return made


def by_openssl(folder):
    """workload → Identity"""
    folder = pathlib.Path(folder)
    authority = folder / "ca"
    authority.mkdir(parents=True)
    _run("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
         "-subj", "/CN=bench", "-days", "1", "-keyout", authority / "ca.key",
         "-out", authority / "ca.crt")
    return {workload: _issue(authority, folder / workload, workload) for workload in WORKLOADS}


def _issue(authority, folder, workload):
    folder.mkdir()
    made = Identity(folder)
    extensions = folder / "extensions"
    extensions.write_text(
        "basicConstraints=critical,CA:FALSE\n"
        "keyUsage=critical,digitalSignature\n"
        "extendedKeyUsage=serverAuth,clientAuth\n"
        f"subjectAltName=DNS:{workload},URI:{spiffe_id(workload)}\n"
    )
    request = folder / "request"
    _run("openssl", "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
         "-subj", f"/CN={workload}", "-keyout", made.key, "-out", request)
    _run("openssl", "x509", "-req", "-in", request, "-CA", authority / "ca.crt",
         "-CAkey", authority / "ca.key", "-CAcreateserial", "-days", "1",
         "-extfile", extensions, "-out", made.certificate)
    made.trust.write_bytes((authority / "ca.crt").read_bytes())
    made.both.write_bytes(made.certificate.read_bytes() + made.key.read_bytes())
    made.both.chmod(0o600)
    return made


def _run(*command):
    run = subprocess.run([str(word) for word in command], capture_output=True, text=True)
    if run.returncode != 0:
        raise RuntimeError(f"{' '.join(map(str, command))}: {run.stderr.strip()}")
