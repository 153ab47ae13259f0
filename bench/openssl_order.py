#!/usr/bin/python3
"""Writes tls/openssl_order.txt anew: what of OpenSSL a sidecar runs, for the linker to put together.

    bench/openssl_order.py --binary build/smilax

The kernel maps code in pieces of 64 KiB. OpenSSL's is 2.5 MB, of which a sidecar runs a third, here
and there, so that nearly all pieces become resident. One function is listed for each object file of
Debian's archives of which anything ran when a pair of sidecars started, shook hands and answered
requests: its functions are one section, which the linker moves as a whole. Names that a later
version has not are ignored; its new ones lie among the rest until this is run again.
"""

import argparse
import os
import pathlib
import subprocess
import tempfile

import instructions

ROOT = pathlib.Path(__file__).resolve().parent.parent
LIST = ROOT / "tls" / "openssl_order.txt"
REQUESTS = 20


def functions_of(archive):
    """Names of functions by object file, those that other files can name first."""
    found = subprocess.run(["clang++-19", f"-print-file-name={archive}"], check=True,
                           capture_output=True, text=True).stdout.strip()
    symbols = subprocess.run(["nm", "--print-file-name", found], check=True,
                             capture_output=True, text=True).stdout
    made = {}
    for line in symbols.splitlines():
        where, *words = line.split()
        if len(words) == 2 and words[0] in ("T", "t"):
            member = where.rsplit(":", 1)[0]  # an address follows
            made.setdefault(member, []).append((words[0], words[1]))
    return {member: [name for _, name in sorted(names)] for member, names in made.items()}


def run_by(binary):
    """Names of all functions that ran in either sidecar."""
    with tempfile.TemporaryDirectory() as folder:
        profiles = instructions.run(binary, pathlib.Path(folder) / "run", True, REQUESTS)
    return {name.split("'")[0] for sidecar in profiles for costs in sidecar.values() for name in costs}


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", required=True, type=pathlib.Path, help="a release build")
    binary = parser.parse_args().binary.resolve()
    os.environ["SMILAX_BINARY"] = str(binary)  # issues the certificates
    ran = run_by(binary)
    listed = []
    for archive in ("libssl.a", "libcrypto.a"):
        for names in functions_of(archive).values():
            listed += [name for name in names if name in ran][:1]
    LIST.write_text("".join(f"{name}\n" for name in listed))
    print(f"{LIST.relative_to(ROOT)}: {len(listed)} functions")


if __name__ == "__main__":
    main()
