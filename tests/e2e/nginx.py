"""nginx as the application behind a sidecar."""

from support.mesh import APP_PORT
from support.waiting import wait_until

NGINX = """
daemon off; master_process off; pid {folder}/nginx.pid; error_log {folder}/error.log;
events {{ worker_connections 4096; }}
http {{
    access_log off;
    client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi; uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    client_max_body_size 0; keepalive_requests 1000000; default_type text/plain;
    server {{
        listen {listen} reuseport; {listen6}
        location / {{ return 200 "hello\\n"; }}
        location /files/ {{ alias {folder}/files/; }}
        location /upload {{ proxy_pass http://unix:{folder}/sink.sock:/; }}
        location = /none {{ return 204; }}
    }}
    server {{ listen unix:{folder}/sink.sock; location / {{ return 200 "$http_x_seen\\n"; }} }}
}}
"""


def start_nginx(pod):
    folder = pod.folder / "nginx"
    (folder / "files").mkdir(parents=True)
    (folder / "files" / "big").write_bytes(b"0123456789" * 100_000)
    redirected = bool(pod.namespace)
    (folder / "nginx.conf").write_text(NGINX.format(
        folder=folder, listen=str(APP_PORT) if redirected else pod.behind(APP_PORT),
        listen6=f"listen [::]:{APP_PORT};" if redirected else ""))
    pod.start(["nginx", "-p", folder, "-e", folder / "error.log", "-c", folder / "nginx.conf"],
              "nginx")
    wait_until(lambda: pod.beside(APP_PORT).close() is None, "nginx listens")
