"""./run ends with what failed, by name, and why; its last line is the totals."""

import json
import pathlib
import shutil
import subprocess

import pytest
from support import failures

ROOT = pathlib.Path(__file__).resolve().parents[2]
SHELL = """
set -uo pipefail
python=/usr/bin/python3 results=build-results jobs=2 pytest_color=no fuzz_seed=1
say() { printf '%s\\n' "$*" >&2; }
. tests/support/parts.sh
"""


@pytest.fixture
def checkout(tmp_path):
    """A folder that has only what the parts need."""
    support = tmp_path / "tests" / "support"
    support.mkdir(parents=True)
    for name in ("parts.sh", "count.py", "units.py", "failures.py"):
        shutil.copy(ROOT / "tests" / "support" / name, support)
    shutil.copy(ROOT / "tests" / "pytest.ini", tmp_path / "tests")
    (tmp_path / "build-results").mkdir()
    return tmp_path


def run(checkout, script):
    """(exit code, lines of standard output, standard error)"""
    done = subprocess.run(["bash", "-c", SHELL + script + "\nfinish"], cwd=checkout, text=True,
                          capture_output=True, timeout=60)
    return done.returncode, done.stdout.splitlines(), done.stderr


def test_where_nothing_failed_there_is_only_the_last_line(checkout):
    code, lines, _ = run(checkout, 'good() { echo "3 0 1" >$results/a.count; }; part a good')
    assert (code, lines) == (0, ["3 passed, 0 failed, 1 skipped"])


def test_a_part_that_is_not_built_says_what_the_compiler_said(checkout):
    code, lines, said = run(checkout, """
        compile() {
            echo '[1/2] fine'; echo 'FAILED: x.o'; echo 'c++ -c x.cpp'
            echo 'x.cpp:3:1: error: expected expression'
            return 1
        }
        broken() { logged compile && echo '1 0 0' >$results/unit.count; }
        part unit broken""")
    assert code == 1
    assert lines[0].startswith("== unit: 1 failed")
    assert "it was not built" in lines[1]
    assert [line.strip() for line in lines[2:5]] == [
        "FAILED: x.o", "c++ -c x.cpp", "x.cpp:3:1: error: expected expression"]
    assert lines[-1] == "0 passed, 1 failed, 0 skipped"
    assert "[1/2] fine" in said, "the output is shown as well"


def test_a_part_that_ends_badly_without_a_failed_check_says_so(checkout):
    code, lines, _ = run(
        checkout, 'odd() { echo "5 0 0" >$results/a.count; return 1; }; part a odd')
    assert code == 1
    assert "did not end well" in lines[1]
    assert lines[-1] == "5 passed, 1 failed, 0 skipped"


def test_pytest_names_the_check_the_line_and_why(checkout):
    (checkout / "tests" / "some_test.py").write_text(
        "import pytest\n"
        "def test_good():\n    pass\n"
        "def test_bad():\n    assert 'this' == 'that'\n"
        "@pytest.fixture\ndef broken():\n    raise OSError('no room')\n"
        "def test_set_up(broken):\n    pass\n")
    code, lines, _ = run(checkout, "part e2e pytest_part e2e tests/some_test.py")
    assert code == 1
    assert lines[0].startswith("== e2e: 2 failed")
    at = lines.index("  tests/some_test.py::test_bad")
    assert lines[at + 1] == "      tests/some_test.py:5: AssertionError"
    assert "'this' == 'that'" in lines[at + 2]
    at = lines.index("  tests/some_test.py::test_set_up")
    assert "no room" in "".join(lines[at:])
    assert lines[-1] == "1 passed, 2 failed, 0 skipped"


def test_pytest_that_does_not_end_says_so(checkout):
    (checkout / "tests" / "slow_test.py").write_text(
        "import time\ndef test_slow():\n    time.sleep(50)\n")
    code, lines, _ = run(
        checkout, "SMILAX_PYTEST_SECONDS_MAX=1; part e2e pytest_part e2e tests/slow_test.py")
    assert code == 1
    assert "124: not done in 1 s" in lines[1]
    assert lines[-1] == "0 passed, 1 failed, 0 skipped"


def test_a_fuzz_target_is_named_with_its_log(checkout):
    target = checkout / "build-fuzz" / "tests" / "fuzz" / "fuzz_frames"
    target.parent.mkdir(parents=True)
    target.write_text(
        "#!/bin/sh\nfor n in $(seq 50); do echo \"#$n pulse\"; done\n"
        "echo '==7==ERROR: AddressSanitizer: heap-use-after-free' >&2\n"
        "echo '    #0 in parse frames.cpp:3' >&2\nexit 1\n")
    target.chmod(0o755)
    (checkout / "tests" / "data" / "fuzz" / "frames").mkdir(parents=True)
    code, lines, _ = run(
        checkout, "configure_fuzz() { :; }; ninja() { :; }; part fuzz part_fuzz 1 frames")
    assert code == 1
    assert lines[0].startswith("== fuzz: 1 failed")
    assert lines[1].startswith("  frames, log in build-fuzz/frames.log")
    assert lines[2].strip() == "==7==ERROR: AddressSanitizer: heap-use-after-free"
    assert lines[-1] == "0 passed, 1 failed, 0 skipped"


REPORT = {"testsuites": [{"name": "Frames", "testsuite": [
    {"name": "AreRead", "status": "RUN"},
    {"name": "AreRefused", "status": "RUN",
     "failures": [{"failure": "tests/tls/frames_test.cpp:41\nExpected: 1\n  Actual: 2"}]}]}]}


def test_unit_tests_are_named_with_what_was_expected(checkout):
    """Meson and Ninja are stand-ins; the programs are scripts."""
    tests = checkout / "build-asan" / "tests" / "tls"
    tests.mkdir(parents=True)
    (checkout / "report.json").write_text(json.dumps(REPORT))
    programs = {
        "frames_test": 'cp report.json "${GTEST_OUTPUT#json:}"; exit 1',
        "crash_test": "echo begun; exit 66",
    }
    for name, script in programs.items():
        (tests / name).write_text(f"#!/bin/sh\n{script}\n")
        (tests / name).chmod(0o755)
    listed = [{"name": name, "cmd": [str(tests / name)], "suite": ["x:tls"], "env": {}}
              for name in (*programs, "missing_test")]
    (checkout / "tests.json").write_text(json.dumps(listed))
    tools = checkout / "tools"
    tools.mkdir()
    for name, script in (("meson", "cat tests.json"),
                         ("ninja", "echo 'FAILED: missing.o'; echo 'm.cpp:1:1: error: no'")):
        (tools / name).write_text(f"#!/bin/sh\n{script}\n")
        (tools / name).chmod(0o755)
    code, lines, _ = run(
        checkout, "PATH=$PWD/tools:$PATH; configure_sanitized() { :; }; part unit part_unit tls")
    assert code == 1
    text = "\n".join(lines)
    assert ("  frames_test: Frames.AreRefused, log in build-results/unit/frames_test.log\n"
            "      tests/tls/frames_test.cpp:41\n      Expected: 1\n        Actual: 2\n") in text
    assert ("  crash_test: exit code 66, log in build-results/unit/crash_test.log\n"
            "      begun\n") in text
    assert ("  missing_test was not built\n"
            "      FAILED: missing.o\n      m.cpp:1:1: error: no\n") in text
    assert lines[-1] == "1 passed, 3 failed, 0 skipped"


def test_many_failures_are_said_in_short():
    text = failures.render([(f"check {number}", "line\n" * 50) for number in range(100)])
    lines = text.splitlines()
    assert len(lines) <= 120
    assert lines[-1] == "  and 80 more"


def test_a_log_without_a_known_word_is_shown_from_its_end():
    assert failures.excerpt("\n".join(map(str, range(100)))).splitlines()[-1] == "99"
    assert failures.excerpt("") == ""
