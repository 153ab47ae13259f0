"""Where a run takes place: its cores, its addresses, its network namespace."""

import contextlib
import ctypes
import dataclasses
import os
import resource
import subprocess

CLONE_NEWNET = 0x40000000
FILES_WANTED = 65536
# Nobody has these addresses: inside the namespace they lead to the redirect, see `redirect_to`.
VIRTUAL = "198.19.0.0/16"


class Unsuitable(Exception):
    """This machine cannot do it; the sentence says what would help."""


@dataclasses.dataclass(frozen=True)
class Cores:
    proxies: int
    load: int
    application: int

    def sentence(self):
        others = f"load on {self.load}, application on {self.application}"
        if self.load == self.application:
            others = f"load and application on {self.load}"
        return f"proxies on core {self.proxies}, {others}"


def choose_cores(allowed):
    """Both proxies of a pair share one core, so that their CPU time is not spent waiting for each
    other on two; what drives them has other cores."""
    allowed = sorted(allowed)
    if len(allowed) < 2:
        raise Unsuitable(
            "there is only one core here: the proxy and the load that drives it would take turns on"
            " it, and every number would be of both. Run it where there are two or more"
            " (nproc says how many)"
        )
    return Cores(allowed[0], allowed[1], allowed[2] if len(allowed) > 2 else allowed[1])


def enter_namespace():
    """The whole run moves into a network namespace of its own that has only loopback, and goes
    with its last process. False where that is not allowed: then loopback addresses must do."""
    if os.geteuid() != 0 or ctypes.CDLL(None, use_errno=True).unshare(CLONE_NEWNET) != 0:
        return False
    _run("ip", "link", "set", "lo", "up")
    _run("ip", "route", "add", VIRTUAL, "dev", "lo", "src", "127.0.0.1")
    # A new connection per request takes a port each; in a container this may be read-only.
    with contextlib.suppress(OSError), open("/proc/sys/net/ipv4/ip_local_port_range", "w", encoding="ascii") as file:
        file.write("20000 65535")
    return True


def raise_file_limit():
    """As many descriptors as may be had; returns how many."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = max(hard, FILES_WANTED)
    for limit in (wanted, hard):
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (limit, limit))
            return limit
        except (ValueError, OSError):
            continue
    return hard


def addresses():
    """A /24 of the loopback network for this process, so that runs do not meet where there is no
    namespace. Called with a number from 1 to 254."""
    pid = os.getpid()
    return lambda number: f"127.{64 + pid % 128}.{(pid >> 7) % 250}.{number}"


def redirect_to(port, virtual=VIRTUAL):
    """Connections to `virtual` arrive at 127.0.0.1:port and know where they were going, as in a pod.
    Only inside a namespace of our own."""
    _run("nft", "add", "table", "ip", "bench")
    _run("nft", "add", "chain", "ip", "bench", "output",
         "{ type nat hook output priority -100; }")
    _run("nft", "add", "rule", "ip", "bench", "output", "ip", "daddr", virtual, "tcp", "dport",
         "1-65535", "redirect", "to", f":{port}")


def remove_redirect():
    _run("nft", "delete", "table", "ip", "bench")


def _run(*command):
    run = subprocess.run(command, capture_output=True, text=True)
    if run.returncode != 0:
        raise Unsuitable(f"{' '.join(command)}: {run.stderr.strip()}")
