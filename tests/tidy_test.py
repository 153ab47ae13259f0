"""Style is a test: what a compiler does not see. Run by `./run test tidy` and `./run lint`."""

import concurrent.futures
import hashlib
import os
import pathlib
import re
import subprocess

import pytest
from support import cpp_scan

ROOT = pathlib.Path(__file__).resolve().parent.parent
CODE_FOLDERS = ("policy", "io", "tls", "telemetry", "proxy")

# ---- the include edges ---------------------------------------------------------------------------
# A file of the first column may include files of the second (and of its own folder). Prefixes of
# paths. Extend only with a reason in the commit.

PLAIN_VALUES = ("policy/identity", "policy/result", "policy/address", "policy/reason")
ALLOWED_FOLDERS = {
    "policy": ("policy/",),
    "io": ("io/",),
    "tls": ("tls/", "io/", *PLAIN_VALUES),
    "telemetry": ("telemetry/", *PLAIN_VALUES),
    "proxy": ("policy/", "io/", "tls/", "telemetry/", "proxy/"),
}

# Inside proxy/, low to high: a layer includes itself and those before it. The plain headers of
# proxy/ itself (failure, limits, configuration, drain) are the lowest, and worker_context is what
# a worker lends to both halves.
PROXY_LAYERS = (
    ("base",),
    ("net",),
    ("http",),
    ("upstream",),
    ("worker_context",),
    ("inbound", "outbound"),
    ("worker",),
    ("control",),
    ("command",),
    ("main",),
)

ONLY_USERS = {
    "yaml-cpp/": ("policy/document.cpp",),
    # Its part of the Workload API; the test reads with it what the client wrote.
    "nghttp2/": ("tls/workload_api/grpc_call.cpp", "tls/workload_api/grpc_status.cpp", "tests/tls/grpc_call_test.cpp"),
    # The fuzz target compares the matcher with RE2 itself.
    "re2/": ("policy/matcher.hpp", "policy/matcher.cpp", "policy/matcher_set.cpp", "policy/re2_options.hpp", "tests/fuzz/fuzz_matcher.cpp"),
}

IMPURE = re.compile(
    r"<(boost/asio|boost/beast|openssl|sys/socket|netinet|thread|mutex|shared_mutex|atomic"
    r"|condition_variable|future|ctime|time\.h|random|unistd\.h|fstream|filesystem)\b"
)
LOCKS = re.compile(
    r"std::(recursive_|shared_|timed_)*mutex\b|std::(lock_guard|unique_lock|scoped_lock|shared_lock)"
    r"|std::condition_variable|pthread_mutex|<(mutex|shared_mutex|condition_variable)>"
)
INCLUDE = re.compile(r'^\s*#\s*include\s*(?:"([^"]+)"|(<[^>]+>))', re.MULTILINE)


def sources(*folders, endings=(".hpp", ".cpp")):
    """Paths below ROOT, as text, sorted."""
    return sorted(
        str(path.relative_to(ROOT))
        for folder in folders
        for path in (ROOT / folder).rglob("*")
        if path.suffix in endings and path.is_file()
    )


def read(path):
    return (ROOT / path).read_text(encoding="utf-8")


def includes(path):
    """(quoted, angled) includes of a file."""
    found = INCLUDE.findall(read(path))
    return [quoted for quoted, _ in found if quoted], [angled for _, angled in found if angled]


def line_of(text, offset):
    return text.count("\n", 0, offset) + 1


def report(faults):
    faults = list(faults)
    assert not faults, "\n" + "\n".join(faults)


def proxy_layer(path):
    """(height, name) of a file below proxy/."""
    parts = path.split("/")
    name = parts[1] if len(parts) > 2 else pathlib.PurePath(parts[1]).stem
    for height, names in enumerate(PROXY_LAYERS):
        if name in names:
            return height, name
    assert len(parts) == 2, f"{path}: a new folder in proxy/ needs its place in PROXY_LAYERS"
    return 0, "base"


def test_folders_include_only_what_they_may():
    report(
        f"{path}: may not include {name}"
        for path in sources(*CODE_FOLDERS)
        for name in includes(path)[0]
        if not name.startswith(ALLOWED_FOLDERS[path.split("/")[0]])
    )


def test_proxy_includes_only_downward():
    faults = []
    for path in sources("proxy"):
        height, layer = proxy_layer(path)
        for name in includes(path)[0]:
            if not name.startswith("proxy/"):
                continue
            other_height, other = proxy_layer(name)
            if other_height > height:
                faults.append(f"{path}: {layer} may not include {name} (above it)")
            elif other_height == height and other != layer:
                faults.append(f"{path}: {layer} and {other} never include each other")
    report(faults)


def test_quoted_includes_exist():
    report(
        f'{path}: "{name}" is not a path from the root (tests may include what stands beside them)'
        for path in sources(*CODE_FOLDERS, "tests", "bench")
        for name in includes(path)[0]
        if not (ROOT / name).is_file()
        and not (path.startswith("tests/") and (ROOT / path).with_name(name).is_file())
    )


def test_libraries_have_one_user():
    report(
        f"{path}: {angled} belongs to {', '.join(users)} only"
        for path in sources(*CODE_FOLDERS, "tests", "bench")
        for angled in includes(path)[1]
        for library, users in ONLY_USERS.items()
        if angled.startswith("<" + library) and path not in users
    )


def test_policy_is_pure():
    report(
        f"{path}: {angled}: policy/ has no sockets, clocks, threads, files or randomness"
        for path in sources("policy")
        for angled in includes(path)[1]
        if IMPURE.match(angled)
    )
    # <chrono> has calendars too, which are as pure as numbers; its clocks are not.
    report(
        f"{path}: now(): policy/ has no clocks" for path in sources("policy") if "now()" in read(path)
    )


def test_no_locks_on_the_data_path():
    faults = []
    for path in sources("proxy"):
        if path.startswith(("proxy/control/", "proxy/command/")):
            continue
        text = read(path)
        faults += [
            f"{path}:{line_of(text, found.start())}: {found.group()}: workers share nothing mutable"
            for found in LOCKS.finditer(text)
        ]
    report(faults)


# ---- coroutines ----------------------------------------------------------------------------------

BAD_SHAPES = (
    "auto f() -> awaitable<void> { co_await g(Agg{1, 2}); }",
    "awaitable<void> f() { auto r = co_await g({1, 2}); }",
    "awaitable<void> f() { co_await g(Cfg{.a = 1}); }",
    "awaitable<void> f() { Agg x{co_await g(), 4}; }",
    "awaitable<void> f() { auto [a, n] = Agg{co_await g(), 4}; }",
    "awaitable<void> f() { if (b) { plain(Agg{co_await g(), 1}); } }",
    'awaitable<void> f() { string s = b ? (co_await g()).s : string("no"); }',
    "void f() { spawn([](int i) -> awaitable<void> { co_await g(Agg{i}); }); }",
    "awaitable<void> f() { if (auto r = co_await g(Agg{1}); r) { h(); } }",
)
GOOD_SHAPES = (
    "awaitable<void> f() { Cfg c{1, 2}; co_await g(std::move(c)); }",
    "awaitable<void> f() { auto [ec, n] = co_await g(x, k_await); }",
    "awaitable<void> f() { if (auto c = co_await g(); c) { Agg a{1, 10'000}; } }",
    "awaitable<void> f() { for (;;) { co_await g(std::string(1, '{')); } }  // co_await g({1})",
    "awaitable<void> f() { auto t = g(Agg{1}); co_await std::move(t); }",
    "awaitable<void> f() { co_await g([x] { return Agg{x}; }); }",
    "awaitable<void> f() const noexcept { int x = b ? 1 : 2; co_return; }",
    "Thing::Thing() : a_{1}, b_(2) { h(); } awaitable<void> f() { co_await g(); }",
)


@pytest.mark.parametrize("text", BAD_SHAPES)
def test_scanner_sees_bad_coroutine_shapes(text):
    assert cpp_scan.Scan(text).faults


@pytest.mark.parametrize("text", GOOD_SHAPES)
def test_scanner_lets_good_coroutine_shapes_pass(text):
    assert not cpp_scan.Scan(text).faults


def test_co_await_statements_hold_no_braces_and_no_ternary():
    report(
        f"{path}:{line}: {sentence}"
        for path in sources(*CODE_FOLDERS, "tests", "bench")
        for line, sentence in cpp_scan.Scan(read(path)).faults
    )


# ---- headers -------------------------------------------------------------------------------------

SYNTAX_ONLY = (
    "clang++-19 -std=c++20 -fsyntax-only -x c++ -Wall -Wextra -Werror"
    " -Wno-pragma-once-outside-header -Wno-unused"
    " -DBOOST_ASIO_SEPARATE_COMPILATION -DBOOST_BEAST_SEPARATE_COMPILATION"
    " -DBOOST_ASIO_NO_DEPRECATED -DLLHTTP_STRICT_MODE=1 -I. -isystem /usr/share/include/llhttp"
).split()


def reached(path, seen):
    """Adds `path` and all of ours that it includes to `seen`."""
    if path not in seen and (ROOT / path).is_file():
        seen.add(path)
        for name in includes(path)[0]:
            reached(name, seen)
    return seen


def includes_asio(path):
    return any(name.startswith(("<boost/asio", "<boost/beast")) for name in includes(path)[1])


def test_headers_begin_with_pragma_once():
    faults = []
    for path in sources(*CODE_FOLDERS, "tests", "bench", endings=(".hpp",)):
        code = [line for line in read(path).splitlines() if line and not line.startswith("//")]
        if not code or code[0] != "#pragma once":
            faults.append(f"{path}: #pragma once is the first line after the comment")
    report(faults)


def test_headers_are_self_contained():
    """All of them in CI; by hand only those that do not reach Asio, which takes its seconds. A
    header that passed is not compiled again until it or what it includes changes."""
    passed = ROOT / ".cache" / "headers"
    passed.mkdir(parents=True, exist_ok=True)

    def compile_alone(header):
        seen = sorted(reached(header, set()))
        if not os.environ.get("CI") and any(map(includes_asio, seen)):
            return ""
        text = "".join(map(read, seen)) + " ".join(SYNTAX_ONLY)
        stamp = passed / hashlib.sha256(f"{header}\n{text}".encode()).hexdigest()
        if stamp.exists():
            return ""
        run = subprocess.run([*SYNTAX_ONLY, header], cwd=ROOT, capture_output=True, text=True)
        if run.returncode == 0:
            stamp.touch()
            return ""
        return f"{header}:\n{run.stderr[:2000]}"

    headers = sources(*CODE_FOLDERS, endings=(".hpp",))
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        report(fault for fault in pool.map(compile_alone, headers) if fault)


# ---- builds, documents ---------------------------------------------------------------------------


def test_every_source_is_in_a_meson_build():
    """A test that is not listed would never run, and nobody would notice."""
    faults = []
    for path in sources(*CODE_FOLDERS, "tests", "bench", endings=(".cpp",)):
        for folder in (ROOT / path).parents:
            listed = folder / "meson.build"
            relative = str((ROOT / path).relative_to(folder))
            stem = re.sub(r"^fuzz_|_(test|bench)\.cpp$|\.cpp$", "", relative)
            if listed.is_file() and re.search(rf"'({re.escape(relative)}|{stem})'", listed.read_text()):
                break
            if folder == ROOT:
                faults.append(f"{path}: is in no meson.build of its folders")
                break
    report(faults)


def test_image_is_built_of_every_code_folder():
    text = read("container/Containerfile")
    report(
        f"container/Containerfile: COPY {folder} /source/{folder} is missing"
        for folder in CODE_FOLDERS
        if f"\nCOPY {folder} /source/{folder}\n" not in text
    )


def test_every_package_stands_in_a_section_and_says_why():
    section, faults = None, []
    for number, line in enumerate(read("container/packages.txt").splitlines(), 1):
        if found := re.fullmatch(r"\[(\w+)\]", line):
            section = found.group(1)
        elif line and not line.startswith("#"):
            if section is None:
                faults.append(f"container/packages.txt:{number}: nobody installs it: no section yet")
            if not re.fullmatch(r"[a-z0-9.+-]+ +# \S.*", line):
                faults.append(f"container/packages.txt:{number}: not `package   # what it is for`")
    report(faults)


def own_text_files():
    """(path, text) of every text file of the project, without build directories."""
    for path in sorted(ROOT.rglob("*")):
        parts = path.relative_to(ROOT).parts
        if not path.is_file() or any(
            part in (".git", ".cache", "__pycache__", ".pytest_cache") or part.startswith("build")
            for part in parts
        ):
            continue
        try:
            yield "/".join(parts), path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue


def test_no_file_names_paths_of_one_machine():
    machine = re.compile(r"(?<![\w.])(/(?:root|home/\w+|Users/\w+)/\w|" + re.escape(f"{ROOT}/") + ")")
    report(
        f"{path}:{line_of(text, found.start())}: {found.group()}"
        for path, text in own_text_files()
        if path != "tests/tidy_test.py"
        for found in machine.finditer(text)
    )


def readme_section(title):
    text = (ROOT / "README.md").read_text()
    found = re.search(rf"^(#+) {title}\n(.*?)(?=^\1? ?#{{1,2}} |\Z)", text, re.M | re.S)
    assert found, f'README.md has no section "{title}"'
    return found.group(2)


def test_life_of_a_request_names_functions_that_exist():
    code = "\n".join(read(path) for path in sources(*CODE_FOLDERS))
    names = re.findall(r"`~?([A-Za-z_][\w:]*)(?:\(\))?`", readme_section("Life of a request"))
    assert len(names) > 10, "the walk-through names the functions it passes"
    report(
        f"README.md: Life of a request names {name}, which is not in the code"
        for name in names
        if not re.search(rf"\b{re.escape(name.split('::')[-1])}\b", code)
    )


def test_readme_documents_every_reason():
    words = re.findall(r'return "([a-z_]+)"', read("policy/reason.cpp"))
    assert len(words) > 20, "policy/reason.cpp is not written as this test reads it"
    documented = (ROOT / "README.md").read_text()
    report(f"README.md: `{word}` is missing" for word in words if f"`{word}`" not in documented)


# ---- the clauses of SMI --------------------------------------------------------------------------
# How many rows smi.md has: §1.5 by letter, U of §1.6, and by number the bullets of §1.6 and §1.8 and
# the clauses of §1.7.
SMI_ROWS = {"A": 13, "I": 5, "S": 7, "T": 13, "M": 3, "U": 35, "1.6-": 7, "1.7-": 9, "1.8-": 14}
SMI_ROW = re.compile(r"^\| ([^|]+) \| ([^|]+) \| (`[^|]+`) \|$", re.MULTILINE)


def smi_rows():
    """(row ids, what we do, [(test file, test)]) of each line of the table in policy/README.md."""
    _, _, table = read("policy/README.md").partition("\n## Clauses of SMI and their tests\n")
    for ids, what, cell in SMI_ROW.findall(table):
        tests, file = [], None
        for word in re.findall(r"`([^`]+)`", cell):
            if "/" in word:
                file = f"tests/{word}"
            else:
                tests.append((file, word))
        yield ids.split(", "), what, tests


def test_every_row_of_smi_has_its_line():
    listed = {row for ids, _, _ in smi_rows() for row in ids}
    wanted = {f"{letter}{n}" for letter, last in SMI_ROWS.items() for n in range(1, last + 1)}
    report(
        [f"policy/README.md: row {row} has no line in the table" for row in sorted(wanted - listed)]
        + [f"policy/README.md: smi.md has no row {row}" for row in sorted(listed - wanted)]
        + [f"policy/README.md: {', '.join(ids)}: names no test" for ids, _, tests in smi_rows()
           if not tests]
    )


def test_tests_that_rows_of_smi_name_exist():
    faults = []
    for ids, _, tests in smi_rows():
        for file, name in tests:
            suite, _, case = name.rpartition(".")
            shape = (
                rf"^TEST(_P|_F)?\(\s*{suite},\s*{case}\s*\)" if suite else rf"^def {case}\("
            )
            if file is None or not (ROOT / file).is_file():
                faults.append(f"policy/README.md: {', '.join(ids)}: {file} is no file")
            elif not re.search(shape, read(file), re.MULTILINE):
                faults.append(f"policy/README.md: {', '.join(ids)}: {name} is not in {file}")
    report(faults)


def test_problems_are_one_list_in_code_documents_and_tests():
    """policy/problems.md has every code that is raised and no other, and each is raised in a test."""
    # Elsewhere a word with underscores is no code: of a verdict, or of an explanation.
    others = re.compile(r"policy/(reason|explain)")
    code = re.compile(r'"([a-z]+(?:_[a-z]+)+)"')
    raised = {
        word: path
        for path in sources("policy", endings=(".cpp",))
        if not others.match(path)
        for word in code.findall(read(path))
    }
    # Those of a PATH that cannot be read at all.
    raised |= {
        word: path
        for path in sources("proxy/command")
        if path.endswith(("/check.cpp", "/manifests.cpp"))
        for word in code.findall(read(path))
    }
    assert len(raised) > 40, "policy/ is not written as this test reads it"
    row = re.compile(r"^\| `(\w+)` \| (?:error|warning|both) \| \S.* \| \S.* \|$", re.M)
    documented = row.findall(read("policy/problems.md"))
    assert len(documented) == len(set(documented)), "a code has two rows"
    cases = {path: set(code.findall(read(path))) for path in (
        "tests/policy/problems_test.cpp", "tests/policy/access_problems_test.cpp",
        "tests/proxy/check_test.cpp")}
    report(
        [f"policy/problems.md: no row for {word}, which {path} raises"
         for word, path in raised.items() if word not in documented]
        + [f"policy/problems.md: nothing raises {word}"
           for word in documented if word not in raised]
        + [f"tests/policy/*problems_test.cpp: no case raises {word}"
           for word in documented if not any(word in words for words in cases.values())]
    )


def test_list_the_largest(capsys):
    """Never fails: the guide asks to look again at 500 lines a file and 70 a function."""
    files = [(read(path).count("\n"), path) for path in sources(*CODE_FOLDERS, "tests", "bench")]
    functions = [
        (function.lines, f"{path}:{function.line}")
        for path in sources(*CODE_FOLDERS)
        for function in cpp_scan.Scan(read(path)).functions
    ]
    with capsys.disabled():
        print("\nlargest files:    ", *(f"{p} {n};" for n, p in sorted(files)[-5:][::-1]))
        print("largest functions:", *(f"{p} {n};" for n, p in sorted(functions)[-5:][::-1]))
