"""The mesh that most tests want: `web` may call `api`, `stranger` may not."""

from support import resources
from support.mesh import APP_PORT


def two_pods(mesh, applications=True, strangers=False, release=False, **options):
    """(web, api), started: web → api is allowed for every request and for bytes."""
    web = mesh.pod("web", release=release)
    api = mesh.pod("api", release=release, **options)
    if strangers:
        mesh.pod("stranger", release=release)
    mesh.service("api", [api])
    allow(mesh)
    mesh.start(applications=applications)
    return web, api


def everything():
    return resources.tcp_route("everything")


def web_may_call_api(sources=("web",)):
    return resources.traffic_target("api", "api", sources, [everything()])


def allow(mesh, sources=("web",)):
    mesh.apply(everything(), web_may_call_api(sources))


API = f"http://api.default:{APP_PORT}"
API_HOST = f"api.default:{APP_PORT}"
