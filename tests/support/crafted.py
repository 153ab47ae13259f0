"""Certificates that `smilax identity` would not make, by the openssl program, of the tests' CA."""

import subprocess

ID = "spiffe://cluster.local/ns/default/sa/"


def openssl(*arguments, **options):
    made = subprocess.run(["openssl", *map(str, arguments)], capture_output=True, text=True,
                          timeout=30, **options)
    assert made.returncode == 0, made.stderr
    return made.stdout


def craft(authority, folder, san, usage="clientAuth,serverAuth", ca="FALSE"):
    """Puts tls.crt, tls.key, ca.crt and all of the first two in one file into `folder`. `san` is a
    value of openssl's subjectAltName ("URI:spiffe://…,DNS:…", "DER:30…"), None for none."""
    folder.mkdir(exist_ok=True)
    key, certificate = folder / "tls.key", folder / "tls.crt"
    openssl("ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", key)
    openssl("req", "-new", "-key", key, "-subj", "/", "-out", folder / "request")
    extensions = [f"basicConstraints=critical,CA:{ca}", "keyUsage=critical,digitalSignature",
                  f"extendedKeyUsage={usage}"]
    if san:
        extensions.append(f"subjectAltName=critical,{san}")
    (folder / "extensions").write_text("\n".join(extensions) + "\n")
    openssl("x509", "-req", "-in", folder / "request", "-CA", authority.path / "ca.crt", "-CAkey",
            authority.path / "ca.key", "-days", 1, "-extfile", folder / "extensions",
            "-out", certificate)
    (folder / "ca.crt").write_text((authority.path / "ca.crt").read_text())
    both(folder)
    return folder


def both(folder):
    """One file with certificate and key, as HAProxy reads them."""
    (folder / "both.pem").write_text(
        (folder / "tls.crt").read_text() + (folder / "tls.key").read_text())


def san_of(*names):
    """A subjectAltName of raw names, (tag, bytes) each, as openssl's `DER:` value."""
    inside = b"".join(bytes([tag, len(name)]) + name for tag, name in names)
    assert len(inside) < 128
    return "DER:" + (bytes([0x30, len(inside)]) + inside).hex(":")
