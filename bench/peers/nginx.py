"""nginx of Debian 12 as a proxy: one worker, connections to upstreams kept, TLS sessions reused, the
peer's name compared, one location per path that is allowed, no log, stub_status."""

import mesh
from application import program
from generator import Entry, Tls
from peers.base import Peer, Plan, Proxy, first_line

FRAME = """\
daemon off;
master_process off;
pid {folder}/{name}.pid;
error_log {folder}/{name}-error.log warn;
events {{ worker_connections {connections}; }}
http {{
  access_log off;
  tcp_nodelay on;
  keepalive_requests 1000000000;
  keepalive_timeout 3600s;
  client_max_body_size 0;
  client_body_temp_path {folder}/{name}-body;
  proxy_temp_path {folder}/{name}-proxy;
  fastcgi_temp_path {folder}/{name}-fastcgi;
  uwsgi_temp_path {folder}/{name}-uwsgi;
  scgi_temp_path {folder}/{name}-scgi;
  proxy_http_version 1.1;
  proxy_set_header Connection "";
  proxy_set_header Host $http_host;
  proxy_request_buffering off;
  proxy_max_temp_file_size 0;
{buffers}
  server {{
    listen {metrics};
    location = /metrics {{ stub_status; }}
  }}
{rest}}}
"""

# What one connection may hold, where 4 and 8 KiB would be held against it.
BULK = "  proxy_buffers 8 32k;\n  proxy_buffer_size 32k;\n  proxy_busy_buffers_size 64k;"

CLIENT = """\
  upstream split {{
    server {next} weight=90;
    server {next} weight=10;
    keepalive 1024;
    keepalive_requests 1000000000;
  }}
  upstream root {{ server {next}; keepalive 1024; }}
{tls}  server {{
    listen {listen} backlog=4096;
    location /files/ {{
      if ($request_method !~ ^(GET|POST)$) {{ return 405; }}
      proxy_pass {scheme}://split;
    }}
    location / {{ proxy_pass {scheme}://root; }}
  }}
"""

CLIENT_TLS = """\
  proxy_ssl_certificate {own.certificate};
  proxy_ssl_certificate_key {own.key};
  proxy_ssl_trusted_certificate {own.trust};
  proxy_ssl_verify on;
  proxy_ssl_name server;
  proxy_ssl_session_reuse on;
  proxy_ssl_protocols TLSv1.3;
  proxy_ssl_conf_command Ciphersuites TLS_AES_128_GCM_SHA256;
"""

SERVER = """\
  upstream application {{
    server {application};
    keepalive 1024;
    keepalive_requests 1000000000;
  }}
  map $ssl_client_s_dn $is_client {{ default 0; CN=client 1; }}
  map "$is_client $request_method" $allowed {{ default 0; "1 GET" 1; "1 POST" 1; }}
  server {{
    listen {listen} ssl backlog=4096;
    ssl_certificate {own.certificate};
    ssl_certificate_key {own.key};
    ssl_client_certificate {own.trust};
    ssl_verify_client on;
    ssl_session_cache shared:sessions:10m;
    ssl_protocols TLSv1.3;
    ssl_conf_command Ciphersuites TLS_AES_128_GCM_SHA256;
    if ($allowed = 0) {{ return 403; }}
    location / {{ return 403; }}
{locations}  }}
"""


class Nginx(Peer):
    name = "nginx"

    def program(self):
        return program()

    def how_to_get(self):
        return "apt-get install nginx-light"

    def version(self):
        return first_line(self.program(), "-v")

    def refuses(self, shape, isolated):
        return "bytes need its stream module, which nginx-light has not" if shape.opaque else None

    def plan(self, site, shape):
        texts = {}
        if shape.has_client:
            texts["client"] = self._frame(site, shape, "client", site.client, self._client(site, shape))
        if shape.has_server:
            texts["server"] = self._frame(site, shape, "server", site.server, self._server(site, shape))
        proxies = []
        for name, text in texts.items():
            file = site.folder / f"{name}.conf"
            file.write_text(text)
            address = site.client if name == "client" else site.server
            proxies.append(Proxy(
                name, (self.program(), "-c", file, "-e", site.folder / f"{name}-error.log"),
                f"http://{address}:15020/metrics"))
        return Plan(tuple(proxies), self._entry(site, shape), texts, denies=shape.has_server)

    @staticmethod
    def _entry(site, shape):
        if shape.has_client:
            return Entry(f"{site.client}:15001", "web.default:18080")
        own = site.identities["client"]
        return Entry(f"{site.server}:18080", "web.default:18080",
                     Tls(own.certificate, own.key, own.trust, "http/1.1"))

    @staticmethod
    def _frame(site, shape, name, address, rest):
        return FRAME.format(
            folder=site.folder, name=name, connections=2 * shape.connections_max,
            buffers=BULK if shape.bulk else "", metrics=f"{address}:15020", rest=rest)

    @staticmethod
    def _client(site, shape):
        is_pair = shape.role == "pair"
        return CLIENT.format(
            next=f"{site.server}:18080" if is_pair else site.application,
            scheme="https" if is_pair else "http", listen=f"{site.client}:15001",
            tls=CLIENT_TLS.format(own=site.identities["client"]) if is_pair else "")

    @staticmethod
    def _server(site, shape):
        locations = "".join(
            f"    location {mesh.prefix_of(number, shape.targets)}"
            " { proxy_pass http://application; }\n" for number in range(shape.targets))
        return SERVER.format(
            application=site.application, listen=f"{site.server}:18080",
            own=site.identities["server"], locations=locations)
