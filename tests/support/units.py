"""Builds and runs unit tests for ./run, and counts their single cases: "passed failed skipped".

    units.py BUILD_DIRECTORY RESULT_DIRECTORY [--threads] [SUITE...]

Without suites: all. `--threads`: only those that start threads, themselves or through what they
test. A program that fails has its output shown; one that ends badly without a failed case (a crash,
a leak, a time-out, no report) counts as one failure. RESULT_DIRECTORY.failures says what failed, as
failures.py has it.
"""

import argparse
import concurrent.futures
import json
import os
import pathlib
import re
import subprocess
import sys

import failures

SECONDS_MAX = 240
THREADS = re.compile(r'#include (<thread>|"proxy/(worker\.hpp|control/)|"telemetry/log\.hpp")')
OWN_HEADER = re.compile(r'#include "(tests/[^"]+)"')
SUPPRESSIONS = pathlib.Path(__file__).with_name("tsan.supp")
SANITIZERS = {
    "ASAN_OPTIONS": "detect_stack_use_after_return=1:strict_string_checks=1",
    "UBSAN_OPTIONS": "halt_on_error=1:print_stacktrace=1",
    "TSAN_OPTIONS": f"halt_on_error=1:second_deadlock_stack=1:suppressions={SUPPRESSIONS}",
}


def tell(message):
    print(message, file=sys.stderr, flush=True)


def source_of(program, name):
    """The source of Meson's test `name`: its program's folder says which."""
    return pathlib.Path("tests") / program.parent.name / f"{name}_test.cpp"


def starts_threads(source):
    """Itself, or a header of the tests that it includes."""
    text = source.read_text()
    return bool(THREADS.search(text)) or any(
        starts_threads(pathlib.Path(header)) for header in OWN_HEADER.findall(text))


def select(build, suites, only_threads):
    """(program, environment) of the tests that Meson knows and the caller wants."""
    # What Meson tells is as old as its last run: a test that was added since would be left out, and
    # the rest would read as all.
    subprocess.run(["ninja", "-C", build, "build.ninja"], stdout=sys.stderr, check=True)
    told = subprocess.run(
        ["meson", "introspect", "--tests", build], capture_output=True, text=True, check=True
    )
    chosen = []
    for test in json.loads(told.stdout):
        program = pathlib.Path(test["cmd"][0])
        suite = test["suite"][0].split(":")[-1]
        if suites and suite not in suites:
            continue
        if only_threads and not starts_threads(source_of(program, test["name"])):
            continue
        chosen.append((program, test["env"]))
    return chosen


def build(directory, targets):
    """Shows and returns what Ninja says."""
    # -k 0: one that does not compile does not keep the others from being tested.
    command = ["ninja", "-C", directory, "-k", "0", *targets]
    said = []
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          encoding="utf-8", errors="replace") as ninja:
        for line in ninja.stdout:
            sys.stderr.write(line)
            said.append(line)
    return "".join(said)


def run(program, extra, results):
    """(output, exit code or None after a time-out, report or None)."""
    report = results / f"{program.name}.json"
    # A file, because a test that captures standard error would swallow what a sanitizer says.
    said = results / f"{program.name}.sanitizer"
    options = {name: f"{value}:log_path={said.resolve()}" for name, value in SANITIZERS.items()}
    env = {**os.environ, **options, **extra, "GTEST_OUTPUT": f"json:{report}"}
    try:
        done = subprocess.run(
            [program], env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, timeout=SECONDS_MAX,
        )
        output, code = done.stdout, done.returncode
    except subprocess.TimeoutExpired as expired:
        output, code = expired.stdout or b"", None
    output += b"".join(file.read_bytes() for file in sorted(results.glob(f"{said.name}.*")))
    told = json.loads(report.read_text()) if report.exists() and report.stat().st_size else None
    return output.decode(errors="replace"), code, told


def count(program, code, report, output):
    """(passed, what failed, skipped) of one program; names what did not pass. What failed is (name,
    why)."""
    passed = skipped = 0
    failed = []
    for suite in report["testsuites"] if report else ():
        for case in suite["testsuite"]:
            name = f"{program.name}: {suite['name']}.{case['name']}"
            if case.get("failures"):
                failed.append((name, case["failures"][0]["failure"]))
                tell(f"FAILED: {name}")
            elif case.get("result") == "SKIPPED":
                skipped += 1
                why = "; ".join(skip["message"].strip() for skip in case.get("skipped", ()))
                tell(f"SKIPPED: {name}: {why}")
            elif case.get("status") == "RUN":
                passed += 1
    if not failed and (code != 0 or passed + skipped == 0):
        why = f"exit code {code}" if code is not None else f"not done in {SECONDS_MAX} s"
        failed.append((f"{program.name}: {why}", failures.excerpt(output)))
        tell(f"FAILED: {program.name}: {why}")
    return passed, failed, skipped


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("build")
    parser.add_argument("results", type=pathlib.Path)
    parser.add_argument("suites", nargs="*")
    parser.add_argument("--threads", action="store_true")
    arguments = parser.parse_args()
    arguments.results.mkdir(parents=True, exist_ok=True)
    chosen = select(arguments.build, arguments.suites, arguments.threads)
    if not chosen:
        tell("there is no such test")
        return 1
    root = pathlib.Path(arguments.build).resolve()
    targets = [str(program.relative_to(root)) for program, _ in chosen]
    built = build(arguments.build, targets)
    failed = []
    totals = [0, 0]
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        runs = {
            pool.submit(run, program, env, arguments.results): program
            for program, env in chosen if program.exists()
        }
        for program, _ in chosen:
            if not program.exists():
                tell(f"FAILED: {program.name} was not built")
                failed.append((f"{program.name} was not built", failures.excerpt(built)))
        for done in concurrent.futures.as_completed(runs):
            output, code, report = done.result()
            passed, wrong, skipped = count(runs[done], code, report, output)
            if wrong:
                tell(output)
                log = arguments.results / f"{runs[done].name}.log"
                log.write_text(output)
                failed += [(f"{name}, log in {log}", why) for name, why in wrong]
            totals = [totals[0] + passed, totals[1] + skipped]
    failures.add(arguments.results.with_suffix(".failures"), failed)
    print(totals[0], len(failed), totals[1])
    return 0


if __name__ == "__main__":
    sys.exit(main())
