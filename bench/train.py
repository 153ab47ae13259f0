#!/usr/bin/python3
"""Loads a program that counts what it does, and merges what it counted: for ./run build trained.

    bench/train.py PROGRAM COUNTS PROFILE

PROGRAM was built with clang's -fprofile-generate=COUNTS, PROFILE is for -fprofile-use. The load is
that of the bench, in the shapes that sidecars see. Numbers do not matter here, nor do errors of a
busy machine; a scenario that did not run at all does.
"""

import json
import os
import pathlib
import shutil
import subprocess
import sys

BENCH = pathlib.Path(__file__).resolve().parent / "bench.py"
SCENARIOS = (
    *(f"{role}/{load}" for role in ("plaintext", "mtls")
      for load in ("keep-alive-50", "64k", "upload", "chunked")),
    "mtls/bulk", "plaintext/opaque", "server/new-connections", "server/handshakes", "churn",
)
# By redirect, which an image's build may not install: then bytes have no profile of their own.
MAY_BE_ABSENT = {"plaintext/opaque"}


def load(program):
    """Runs the scenarios; the result as results.py has it, None when there is none."""
    run = subprocess.run(
        [sys.executable, BENCH, "--quick", "--peers", "smilax", "-o", "json", *SCENARIOS],
        env=os.environ | {"SMILAX_BINARY": str(program)}, stdout=subprocess.PIPE, text=True)
    return json.loads(run.stdout) if run.stdout else None


def absent(result):
    """Scenarios that measured nothing: name → why."""
    found = {}
    for name in SCENARIOS:
        made = next((made for made in result["scenarios"] if made["name"] == name), None)
        candidates = made["candidates"].values() if made else ()
        if not any(candidate["medians"] for candidate in candidates):
            reasons = [*(made["skipped"].values() if made else ()),
                       *(error for candidate in candidates for error in candidate["errors"])]
            found[name] = reasons[0] if reasons else "; ".join(result["notes"])
    return found


def merge(counts, profile):
    """All of it or nothing."""
    draft = profile.with_name(profile.name + ".draft")
    subprocess.run(["llvm-profdata-19", "merge", "--output", draft, counts], check=True)
    os.replace(draft, profile)


def main(words):
    if len(words) != 3:
        print(__doc__, file=sys.stderr)
        return 2
    program, counts, profile = map(pathlib.Path, words)
    print(f"Training {program}: two minutes of load on loopback.", file=sys.stderr)
    shutil.rmtree(counts, ignore_errors=True)
    result = load(program.resolve())
    if result is None:
        return 1  # the bench has said why
    missing = absent(result)
    for name, why in missing.items():
        print(f"train: {name} did not run: {why}", file=sys.stderr)
    if missing.keys() - MAY_BE_ABSENT:
        return 1
    merge(counts, profile)
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit(130)
