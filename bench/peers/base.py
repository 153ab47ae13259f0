"""What a peer is: it writes configurations for a shape and says how to start them."""

import dataclasses
import functools
import pathlib
import subprocess

from generator import Entry
from layout import Cores


@dataclasses.dataclass(frozen=True)
class Shape:
    """What is built of proxies."""

    role: str = "one"  # one: plaintext proxy; pair: mTLS between two; server: the second of a pair
    opaque: bool = False  # bytes, nothing is parsed
    bulk: bool = False  # those whose buffers are adjustable get 32 KiB
    targets: int = 100
    endpoints: int = 0  # of Services that nobody calls
    spread: int = 1  # endpoints of the one that is called
    connections_max: int = 4000

    @property
    def has_client(self):
        return self.role in ("one", "pair")

    @property
    def has_server(self):
        return self.role in ("pair", "server")


@dataclasses.dataclass(frozen=True)
class Site:
    """What a run lends to every peer."""

    cores: Cores
    folder: pathlib.Path  # of this candidate alone
    client: str  # addresses of this candidate alone
    server: str
    application: str  # address:port
    identities: dict  # made by openssl: workload → Identity
    mesh_identities: dict  # made by `smilax identity`
    isolated: bool  # a network namespace of our own


@dataclasses.dataclass(frozen=True)
class Proxy:
    """One process of a candidate."""

    name: str
    command: tuple
    metrics: str | None = None  # URL


@dataclasses.dataclass(frozen=True)
class Plan:
    """A candidate that is ready to be started."""

    proxies: tuple
    entry: Entry
    configurations: dict  # file name → text, for the report
    ready: tuple = ()  # URLs that answer 200 when it is
    redirect: int | None = None  # port at 127.0.0.1 that gets what is sent to virtual addresses
    denies: bool = False  # a path outside of the policy has to be refused
    resources: pathlib.Path | None = None  # directory of the mesh's objects


class Peer:
    """A kind of proxy. Stateless; one instance per kind."""

    name = ""

    def program(self):
        """The program, or None when it is not here."""
        raise NotImplementedError

    def how_to_get(self):
        """What to do where `program` is None."""
        raise NotImplementedError

    def version(self):
        raise NotImplementedError

    def refuses(self, shape, isolated):
        """Why this shape is not for this peer; None when it is."""
        return None

    def start_and_end_seconds(self, shape):
        """About how long both take together."""
        return 0.3

    def plan(self, site, shape):
        """Writes the configurations and returns what to start."""
        raise NotImplementedError


@functools.cache
def first_line(*command):
    """Of what a program says about itself, on either output."""
    run = subprocess.run(command, capture_output=True, text=True, timeout=20)
    return ((run.stdout or run.stderr).strip() or "?").splitlines()[0]
