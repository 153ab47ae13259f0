"""The application behind every proxy: nginx, one worker, on the load's side of the machine."""

import pathlib
import shutil

from processes import Process

PORT = 19091
# Complete within a measurement, and its head does not count.
LARGE_BYTES = 16 << 20
ENDLESS_BYTES = 1 << 30  # for who reads slowly; sparse, as the other

# What scenarios ask for. All of it below /files/, which the last target allows.
SMALL = "/files/1k"
MEDIUM = "/files/64k"
LARGE = "/files/16m"
ENDLESS = "/files/endless"
CHUNKED = "/files/chunked"
UPLOAD = "/files/upload"

CONFIGURATION = """\
daemon off;
master_process off;
pid {folder}/pid;
error_log {folder}/error.log warn;
events {{ worker_connections {files}; }}
http {{
  access_log off;
  default_type text/plain;
  root {folder}/www;
  sendfile on;
  tcp_nodelay on;
  open_file_cache max=100;
  keepalive_requests 1000000000;
  keepalive_timeout 3600s;
  client_max_body_size 0;
  client_body_buffer_size 2m;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  server {{
    listen {listen}:{port} backlog=4096;
    location /files/ {{ try_files $uri =404; }}
    # Includes make the length unknown: the answer is chunked.
    location = /files/chunked {{ ssi on; ssi_types *; }}
    # Answers when all of the body is here, as applications do: `return` alone would not wait.
    location = /files/upload {{
      proxy_pass http://unix:{folder}/sink;
      proxy_pass_request_body off;
      proxy_set_header Content-Length "";
    }}
  }}
  server {{
    listen unix:{folder}/sink;
    return 200 "ok";
  }}
}}
"""


class Application:
    """nginx serving the files; `address`:PORT."""

    def __init__(self, folder, address, core, *, everywhere):
        self.folder = pathlib.Path(folder)
        self.address = address
        self.files = self.folder / "www" / "files"
        self.files.mkdir(parents=True)
        write_files(self.files)
        configuration = self.folder / "nginx.conf"
        # Endpoints that are spread over the loopback network all lead here.
        self.configuration = CONFIGURATION.format(
            folder=self.folder, files=16000, port=PORT,
            listen="0.0.0.0" if everywhere else address)
        configuration.write_text(self.configuration)
        self.process = Process(
            [program(), "-c", configuration, "-e", self.folder / "error.log"], core,
            self.folder / "log")

    def end(self):
        self.process.end()


def write_files(folder):
    (folder / "1k").write_bytes(b"x" * 1024)
    (folder / "64k").write_bytes(b"x" * 65536)
    for name, size in (("16m", LARGE_BYTES), ("endless", ENDLESS_BYTES)):
        with open(folder / name, "wb") as file:
            file.truncate(size)
    (folder / "chunked").write_text(
        'begin<!--#echo var="request_method" -->' + "x" * 1000 + "end")


def program():
    """Debian has it in sbin, which is on nobody's path but root's."""
    return shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
