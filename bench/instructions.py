#!/usr/bin/python3
"""Instructions per request, counted by callgrind: what the clock of a busy machine cannot say.

    bench/instructions.py --binary build/smilax            compares with bench/instructions.json
    bench/instructions.py --binary build/smilax --record   writes it anew

Three numbers, each of a worker thread alone, in user space, for one GET of 1 KiB on a connection
that stays: `plaintext` (one sidecar, outbound, to an endpoint outside the mesh), `mtls_client` and
`mtls_server` (the two sidecars of a pair). Each is the difference of two runs that differ only in
the number of requests, so starting, compiling the policy and the one handshake are not in it.

What would make them differ between machines is fixed: the code paths that OpenSSL and glibc choose
by the CPU's type, the environment, the lengths of addresses and ports. What remains: the versions of
the compiler and of the libraries (Debian 12's), and what a starved machine makes of timers: it only
adds, so that the least of up to three measurements counts.

Exit code 0: within 3 % or better; 1: more; 2: it could not be measured.
"""

import argparse
import json
import os
import pathlib
import re
import signal
import socket
import sys
import tempfile
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests"))

import yaml  # noqa: E402
from support import http1, identity, program, resources  # noqa: E402
from support.waiting import wait_until  # noqa: E402

RECORD = ROOT / "bench" / "instructions.json"
TOLERANCE = 0.03
MEASUREMENTS_MAX = 3
# A program under callgrind on a machine that does other things starts slowly.
READY_SECONDS_MAX = 180
TARGETS = 100
# The shorter run holds what is done once; their difference divides what is left of noise.
REQUESTS = (100, 1100)
# So the sidecar is waiting whenever bytes come to it, as it mostly is, and the same way each time.
PAUSE_S = 0.0005
FUNCTIONS_SHOWN = 12
FUNCTIONS_KEPT = 40
NAME_BYTES_MAX = 110
BODY = b"x" * 1024
ANSWER = (b"HTTP/1.1 200 OK\r\nServer: app\r\nContent-Type: text/plain\r\nCache-Control: no-cache\r\n"
          b"Content-Length: 1024\r\n\r\n" + BODY)
PATH = "/api/v1/target-99/resource-9/7/read"
FIELDS = (("User-Agent", "bench"), ("Accept", "*/*"), ("X-Request-Id", "0123456789abcdef"),
          ("Cookie", "a=b; c=d"))
ENVIRONMENT = {
    "PATH": "/usr/bin:/bin",
    "NO_COLOR": "1",
    # SSE4.2, AES-NI and PCLMULQDQ, which every CPU of the last decade has; nothing newer.
    "OPENSSL_ia32cap": "0x0298220307800000:0x0",
    "GLIBC_TUNABLES": "glibc.cpu.hwcaps=-AVX,-AVX2,-AVX512F,-AVX512VL,-AVX512BW,-ERMS,-FSRM,-RTM,"
                      "-BMI1,-BMI2,-LZCNT,-MOVBE,-SSSE3,-AVX_Fast_Unaligned_Load",
}


# ---- comparing -----------------------------------------------------------------------------------


def compare(recorded, measured):
    """(name, "ok" | "worse" | "better", sentence) for each number."""
    verdicts = []
    for name, now in measured.items():
        then = recorded[name]
        change = now / then - 1
        word = "worse" if change > TOLERANCE else "better" if change < -TOLERANCE else "ok"
        verdicts.append((name, word, (
            f"{name}: {now:,.0f} instructions per request, recorded {then:,.0f} ({change:+.1%})"
            + {"ok": "", "better": ": record the gain", "worse": ": too many"}[word])))
    return verdicts


def shortened(costs):
    """By the beginnings of their names: those of C++ do not end."""
    made = {}
    for name, cost in costs.items():
        made[name[:NAME_BYTES_MAX]] = made.get(name[:NAME_BYTES_MAX], 0) + cost
    return made


def kept(costs):
    """What is recorded of the functions: there to name what grew, and not judged."""
    largest = sorted(shortened(costs).items(), key=lambda item: -item[1])[:FUNCTIONS_KEPT]
    return {name: round(cost) for name, cost in largest if cost >= 1}


def growth(recorded, measured):
    """The functions whose own instructions grew most, as lines. One that was not kept had no more
    than the least that was."""
    least = min(recorded.values(), default=0)
    grown = sorted(((now - recorded.get(name, least), name)
                    for name, now in shortened(measured).items()), reverse=True)
    return [f"  {more:+9.0f}  {name}" for more, name in grown[:FUNCTIONS_SHOWN] if more >= 1]


HOW_TO_RECORD = (
    "If that is what the change is worth: bench/instructions.py --binary build/smilax --record, and "
    "the reason in the same commit.")


# ---- reading what callgrind wrote ----------------------------------------------------------------


def read_profile(file):
    """Instructions by function, without those of the functions that it calls."""
    names, costs, current, skip, total = {}, {}, None, False, None
    for line in file.read_text(errors="replace").splitlines():
        found = re.match(r"(c?fn)=\((\d+)\)(?: (.*))?$", line)
        if found:
            kind, number, name = found.groups()
            if name is not None:
                names[number] = name
            if kind == "fn":
                current = names[number]
        elif line.startswith("calls="):
            skip = True  # the next line is what the call cost altogether
        elif line.startswith("totals: "):
            total = int(line.split()[1])
        elif current is not None and re.match(r"[+*-]?\d* ?\d", line):
            if not skip:
                costs[current] = costs.get(current, 0) + int(line.split()[1])
            skip = False
    if sum(costs.values()) != total:
        raise ValueError(f"{file}: functions add up to {sum(costs.values())}, not to {total}")
    return costs


def profiles(folder):
    """Functions' instructions by thread."""
    return {file.name: read_profile(file) for file in sorted(folder.glob("callgrind-*"))}


def per_request(short, long):
    """(instructions, those by function) per request of the thread that did the requests."""
    requests = REQUESTS[1] - REQUESTS[0]

    def more(thread):
        return sum(long[thread].values()) - sum(short.get(thread, {}).values())

    worker = max(long, key=more)
    functions = {
        name: (cost - short[worker].get(name, 0)) / requests for name, cost in long[worker].items()
    }
    return more(worker) / requests, functions


# ---- the sidecars --------------------------------------------------------------------------------


class Application(threading.Thread):
    """Answers whatever ends like a head."""

    def __init__(self, address):
        super().__init__(daemon=True)
        self.listener = socket.create_server(address)

    def run(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(connection,), daemon=True).start()

    @staticmethod
    def serve(connection):
        request = b""
        with connection:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            while data := connection.recv(65536):
                request += data
                if request.endswith(b"\r\n\r\n"):
                    time.sleep(PAUSE_S)
                    connection.sendall(ANSWER)
                    request = b""

    def close(self):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()


def address(number):
    """An address of the loopback network that only this process uses; always as long."""
    pid = os.getpid()
    return f"127.{100 + pid % 128}.{100 + (pid >> 7) % 128}.{100 + number}"


CALLER, CALLEE, APPLICATION = (address(number) for number in range(3))


def policy():
    """`TARGETS` targets of api that list web, each with ten matches as `policy_bench` has them."""
    made = []
    for target in range(TARGETS):
        matches = []
        for match in range(10):
            path = f"/api/v1/target-{target}/resource-{match}"
            path += "/[0-9]+/(read|write)" if match == 9 else "/.*"
            matches.append({"name": f"m{match}", "methods": ["GET"], "pathRegex": path})
        group = resources.http_route_group(f"g{target}", matches)
        made += [group, resources.traffic_target(f"t{target}", "api", ["web"], [group])]
    return made


def service(name, endpoint, account=None):
    made = resources.service(name, ["None"], 80, 8080, {"app": name})
    del made["spec"]["clusterIP"], made["spec"]["clusterIPs"]
    if account:
        made["metadata"]["annotations"] = {"smilax.dev/service-account": account}
    return [made, resources.endpoint_slice(name, 8080, [(f"{name}-1", endpoint)], "IPv4")]


def configuration(folder, account, own, inbound):
    return {
        "workload": {"namespace": "default", "serviceAccount": account, "pod": f"{account}-1"},
        "identity": {"certificate": str(folder / account / "tls.crt"),
                     "key": str(folder / account / "tls.key"),
                     "trustBundle": str(folder / account / "ca.crt")},
        "resources": [{"directory": str(folder / "mesh")}],
        "inbound": inbound,
        "outbound": {"listen": [f"{own}:15001"]},
        "admin": {"listen": f"{own}:15020"},
        "log": {"level": "error"},
        # A busy machine must not make a deadline expire: callgrind is fifty times slower.
        "limits": {limit: 60_000 for limit in (
            "headMsMax", "detectionMsMax", "handshakeMsMax", "connectMsMax", "upstreamIdleMsMax")},
    }


class Sidecar:
    """One sidecar under callgrind."""

    def __init__(self, binary, folder, account, own, inbound):
        self.folder = folder / f"profile-{account}"
        self.folder.mkdir()
        self.own = own
        file = folder / f"{account}.yaml"
        file.write_text(yaml.safe_dump(configuration(folder, account, own, inbound)))
        self.process = program.Process(
            ["valgrind", "--quiet", "--tool=callgrind", "--separate-threads=yes", "--dump-line=no",
             f"--callgrind-out-file={self.folder}/callgrind", binary, "proxy", "--config", file],
            folder / f"{account}.log", environ=ENVIRONMENT)

    def is_ready(self):
        if not self.process.is_running():
            raise SystemExit(f"the sidecar ended: {self.process.said()[-3000:]}")
        with socket.create_connection((self.own, 15020), timeout=20) as sock:
            return http1.Connection(sock).request("GET", "/ready", "x").status == 200

    def profile(self):
        """Ends it, and returns what its threads did."""
        self.process.signal(signal.SIGTERM)
        code = self.process.ended()
        if code != 0:
            raise SystemExit(f"the sidecar ended with {code}: {self.process.said()[-3000:]}")
        return profiles(self.folder)


def ask(host, requests):
    with socket.create_connection((CALLER, 15001), timeout=30) as sock:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection = http1.Connection(sock)
        for _ in range(requests):
            answer = connection.request("GET", PATH, host, FIELDS)
            if answer.status != 200 or answer.body != BODY:
                raise SystemExit(f"{host} answered {answer.status}: {answer.body[:500]!r}")
            time.sleep(PAUSE_S)


def run(binary, folder, is_pair, requests):
    """The profiles of the sidecars, the caller's first."""
    folder.mkdir()
    mesh = resources.Directory(folder / "mesh")
    mesh.write("policy.yaml", *policy())
    mesh.write("services.yaml", *service("api", CALLEE, "api"), *service("outside", APPLICATION))
    authority = identity.Authority(folder / "ca")
    for account in ("web", "api"):
        authority.issue(folder / account, account)
    application = Application((APPLICATION, 8080))
    application.start()
    sidecars = []
    try:
        sidecars.append(
            Sidecar(binary, folder, "web", CALLER, {"listen": [f"{CALLER}:15006"]}))
        if is_pair:
            listen = {"listen": f"{CALLEE}:8080", "application": f"{APPLICATION}:8080"}
            sidecars.append(Sidecar(binary, folder, "api", CALLEE, {"ports": [listen]}))
        for sidecar in sidecars:
            wait_until(sidecar.is_ready, "the sidecar is ready", seconds=READY_SECONDS_MAX)
        try:
            ask("api" if is_pair else "outside", requests)
        except (OSError, SystemExit) as error:
            raise SystemExit("\n".join(
                [str(error), *(sidecar.process.said()[-3000:] for sidecar in sidecars)])) from error
        return [sidecar.profile() for sidecar in sidecars]
    finally:
        for sidecar in sidecars:
            sidecar.process.kill()
        application.close()


def measure(binary):
    """(numbers by name, functions by name of the number)."""
    binary = pathlib.Path(binary).resolve()
    os.environ["SMILAX_BINARY"] = str(binary)
    numbers, functions = {}, {}
    with tempfile.TemporaryDirectory() as name:
        for is_pair, names in ((False, ["plaintext"]), (True, ["mtls_client", "mtls_server"])):
            runs = [run(binary, pathlib.Path(name) / f"{names[0]}-{requests}", is_pair, requests)
                    for requests in REQUESTS]
            for number, short, long in zip(names, *runs):
                numbers[number], functions[number] = per_request(short, long)
    return numbers, functions


def measure_least(measure_once, recorded):
    """What is within the bar needs no second look; else each number's least, with its functions."""
    numbers, functions = measure_once()
    for _ in range(MEASUREMENTS_MAX - 1):
        if all(word != "worse" for _, word, _ in compare(recorded, numbers)):
            break
        others, their_functions = measure_once()
        for name, number in others.items():
            if number < numbers[name]:
                numbers[name], functions[name] = number, their_functions[name]
    return numbers, functions


# ---- commands ------------------------------------------------------------------------------------


def record(numbers, functions):
    made = {name: round(number) for name, number in numbers.items()}
    made["functions"] = {name: kept(costs) for name, costs in functions.items()}
    RECORD.write_text(json.dumps(made, indent=1) + "\n")


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", required=True, type=pathlib.Path, help="a release build")
    parser.add_argument("--record", action="store_true", help="write bench/instructions.json")
    arguments = parser.parse_args()
    if not arguments.binary.is_file():
        parser.error(f"{arguments.binary} is missing: ./run build makes build/smilax")
    if arguments.record:
        numbers, functions = measure(arguments.binary)
        record(numbers, functions)
        print(f"recorded {json.dumps({name: round(number) for name, number in numbers.items()})}")
        return 0
    recorded = json.loads(RECORD.read_text())
    numbers, functions = measure_least(lambda: measure(arguments.binary), recorded)
    verdicts = compare(recorded, numbers)
    for name, word, sentence in verdicts:
        print(sentence)
        if word == "worse":
            print(*growth(recorded["functions"][name], functions[name]), sep="\n")
    is_worse = any(word == "worse" for _, word, _ in verdicts)
    if is_worse:
        print(HOW_TO_RECORD)
    return 1 if is_worse else 0


if __name__ == "__main__":
    sys.exit(main())
