"""Several hosts on one machine: network namespaces joined by veth pairs to a bridge that lives in a
namespace of its own. The host's network is never touched.

Names are `smilax-test.<pid>.<start time of pid>.<mesh>.<pod>`: what a dead run left behind is known
by its name, and `remove_leftovers` takes it away before the next run.
"""

import contextlib
import ctypes
import itertools
import os
import pathlib
import shutil
import socket
import subprocess
import tempfile
import threading

FOLDER = pathlib.Path("/run/netns")
PREFIX = "smilax-test"
CLONE_NEWNET = 0x40000000
BRIDGE = "198.18.0.1"
BRIDGE6 = "2001:2::1"

_numbers = itertools.count(1)
_libc = ctypes.CDLL(None, use_errno=True)


def why_not():
    """Why there can be no namespaces here, or None."""
    if os.geteuid() != 0:
        return "needs root"
    probe = subprocess.run(["unshare", "--net", "true"], capture_output=True, text=True)
    if probe.returncode != 0:
        return f"needs root that may create network namespaces: {probe.stderr.strip()}"
    return None


def start_time(pid):
    """When a process began, in ticks since boot; None when there is none. Tells apart two processes
    that had the same pid."""
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[19]
    except OSError:
        return None


def ip(*arguments):
    run = subprocess.run(["ip", *arguments], capture_output=True, text=True)
    if run.returncode != 0:
        raise RuntimeError(f"ip {' '.join(arguments)}: {run.stderr.strip()}")
    return run.stdout


def remove_namespace(name):
    """Ends what still runs inside, then removes it."""
    for pid in subprocess.run(
        ["ip", "netns", "pids", name], capture_output=True, text=True
    ).stdout.split():
        with contextlib.suppress(ProcessLookupError):
            os.kill(int(pid), 9)
    subprocess.run(["ip", "netns", "delete", name], capture_output=True)


def own_prefix():
    """What the names of this run begin with."""
    return f"{PREFIX}.{os.getpid()}.{start_time(os.getpid())}"


def namespaces(prefix=PREFIX):
    return sorted(path.name for path in FOLDER.glob(f"{prefix}.*"))


def is_leftover(name):
    """Whether the process that a name tells of is gone."""
    _, pid, began, *_ = name.split(".")
    return start_time(pid) != began


def remove_leftovers():
    """Removes namespaces and folders of runs that ended without doing so."""
    for name in filter(is_leftover, namespaces()):
        remove_namespace(name)
    for folder in pathlib.Path(tempfile.gettempdir()).glob(f"{PREFIX}.*"):
        if is_leftover(folder.name):
            shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def inside(name):
    """The calling thread is in the namespace: sockets made now belong to it for good."""
    own = f"/proc/self/task/{threading.get_native_id()}/ns/net"
    with open(own, "rb") as before, open(FOLDER / name, "rb") as there:
        _enter(there)
        try:
            yield
        finally:
            _enter(before)


def _enter(file):
    if _libc.setns(file.fileno(), CLONE_NEWNET) != 0:
        raise OSError(ctypes.get_errno(), "setns")


def connect(name, address, port, seconds=10.0):
    """A TCP connection from inside a namespace."""
    with inside(name):
        return socket.create_connection((address, port), timeout=seconds)


class Network:
    """One mesh's namespaces: the bridge's and one per pod."""

    def __init__(self):
        self.number = next(_numbers)
        self._names = []
        self._bridge = self._add("bridge")
        ip("-n", self._bridge, "link", "add", "br0", "type", "bridge", "forward_delay", "0")
        ip("-n", self._bridge, "address", "add", f"{BRIDGE}/16", "dev", "br0")
        ip("-n", self._bridge, "address", "add", f"{BRIDGE6}/64", "dev", "br0", "nodad")
        ip("-n", self._bridge, "link", "set", "br0", "up")

    def _add(self, label):
        name = f"{own_prefix()}.{self.number}.{label}"
        self._names.append(name)
        ip("netns", "add", name)
        ip("-n", name, "link", "set", "lo", "up")
        return name

    def add_pod(self, label, number):
        """A namespace with an IPv4 and an IPv6 address; (name, address, address6)."""
        name = self._add(label)
        address, address6 = f"198.18.0.{number}", f"2001:2::{number:x}"
        port = f"veth{number}"
        ip("-n", self._bridge, "link", "add", port, "type", "veth",
           "peer", "name", "eth0", "netns", name)
        ip("-n", self._bridge, "link", "set", port, "master", "br0", "up")
        ip("-n", name, "address", "add", f"{address}/16", "dev", "eth0")
        ip("-n", name, "address", "add", f"{address6}/64", "dev", "eth0", "nodad")
        ip("-n", name, "link", "set", "eth0", "up")
        # Everywhere else is behind the bridge, where nothing forwards: ClusterIPs are answered by
        # the redirect inside the pod or by nobody.
        ip("-n", name, "route", "add", "default", "via", BRIDGE)
        ip("-n", name, "-6", "route", "add", "default", "via", BRIDGE6)
        return name, address, address6

    def close(self):
        for name in self._names:
            remove_namespace(name)
        self._names.clear()
