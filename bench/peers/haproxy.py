"""HAProxy of Debian 12, set up for the same job as well as it can be: one thread, connections to
servers reused, TLS 1.3, patterns in a file (which it keeps in a prefix tree), no log, metrics."""

import shutil

import mesh
from generator import Entry, Tls
from peers.base import Peer, Plan, Proxy, first_line

TLS_OPTIONS = "ssl-min-ver TLSv1.3 ciphersuites TLS_AES_128_GCM_SHA256"

GLOBAL = """\
global
  nbthread 1
  maxconn {connections}
  # Connections that are kept to servers count twice in what it reserves; what is used fits.
  no strict-limits
{buffers}
defaults
  mode {mode}
  timeout connect 1s
  timeout client 1h
  timeout server 5m
  http-reuse always
  # A connection without a request, as handshakes alone are, needs no answer.
  option http-ignore-probes
  no log

frontend metrics
  mode http
  bind {metrics}
  http-request use-service prometheus-exporter if {{ path /metrics }}
"""

ONE = """
frontend in
  bind {listen}
  acl is_plain hdr(host) -m beg plain.default
  acl is_method method GET POST
  acl is_path path_beg /files/
  use_backend split if is_plain is_method is_path
  default_backend root

backend split
  balance roundrobin
  server v1 {application} weight 90
  server v2 {application} weight 10

backend root
  server root {application}
"""

CLIENT = """
frontend in
  bind {listen}
  acl is_web hdr(host) -m beg web.default
  acl is_method method GET POST
  acl is_path path_beg /files/
  use_backend split if is_web is_method is_path
  default_backend root

backend split
  balance roundrobin
  server v1 {server} weight 90 {tls}
  server v2 {server} weight 10 {tls}

backend root
  server root {server} {tls}
"""

SERVER = """
frontend in
  bind {listen} ssl crt {both} ca-file {trust} verify required alpn http/1.1 {tls}
  acl is_client ssl_c_s_dn(cn) -m str client
  acl is_method method GET POST
  acl is_path path_beg -f {patterns}
  http-request deny unless is_client is_method is_path
  default_backend application

backend application
  server application {application}
"""

OPAQUE = """
frontend in
  bind {listen}
  default_backend next

backend next
  server next {next} {tls}
"""

OPAQUE_SERVER = """
frontend in
  bind {listen} ssl crt {both} ca-file {trust} verify required {tls}
  tcp-request content reject unless {{ ssl_c_s_dn(cn) -m str client }}
  default_backend application

backend application
  server application {application}
"""


class Haproxy(Peer):
    name = "haproxy"

    def program(self):
        return shutil.which("haproxy") or shutil.which("haproxy", path="/usr/sbin")

    def how_to_get(self):
        return "apt-get install haproxy"

    def version(self):
        return first_line(self.program(), "-v")

    def plan(self, site, shape):
        texts = {}
        if shape.has_client:
            texts["client"] = self._global(site.client, shape) + self._client(site, shape)
        if shape.has_server:
            texts["server"] = self._global(site.server, shape) + self._server(site, shape)
        proxies = []
        for name, text in texts.items():
            file = site.folder / f"{name}.cfg"
            file.write_text(text)
            address = site.client if name == "client" else site.server
            proxies.append(Proxy(name, (self.program(), "-db", "-f", file),
                                 f"http://{address}:15020/metrics"))
        return Plan(
            tuple(proxies), self._entry(site, shape), texts,
            denies=shape.has_server and not shape.opaque)

    def _entry(self, site, shape):
        if shape.has_client:
            host = "web.default:18080" if shape.role == "pair" else "plain.default:19091"
            return Entry(f"{site.client}:15001", host)
        own = site.identities["client"]
        return Entry(f"{site.server}:18080", "web.default:18080",
                     Tls(own.certificate, own.key, own.trust, "http/1.1"))

    @staticmethod
    def _global(address, shape):
        # The default of 16 KiB, except where it would be held against it.
        buffers = "  tune.bufsize 32768\n" if shape.bulk else ""
        return GLOBAL.format(
            connections=shape.connections_max, buffers=buffers,
            mode="tcp" if shape.opaque else "http", metrics=f"{address}:15020")

    @staticmethod
    def _client(site, shape):
        own, server = site.identities["client"], f"{site.server}:18080"
        tls = (f"ssl crt {own.both} ca-file {own.trust} verify required verifyhost server"
               f" {TLS_OPTIONS}")
        names = {"listen": f"{site.client}:15001", "application": site.application}
        if shape.opaque and shape.role == "pair":
            return OPAQUE.format(next=server, tls=tls, **names)
        if shape.opaque:
            return OPAQUE.format(next=site.application, tls="", **names)
        if shape.role == "pair":
            return CLIENT.format(server=server, tls=tls + " alpn http/1.1", **names)
        return ONE.format(**names)

    @staticmethod
    def _server(site, shape):
        own = site.identities["server"]
        patterns = site.folder / "paths"
        patterns.write_text("".join(
            mesh.prefix_of(number, shape.targets) + "\n" for number in range(shape.targets)))
        text = OPAQUE_SERVER if shape.opaque else SERVER
        return text.format(
            listen=f"{site.server}:18080", both=own.both, trust=own.trust, tls=TLS_OPTIONS,
            patterns=patterns, application=site.application)
