"""No proxy: the load talks to the application. The limit of what can be measured."""

import application
from generator import Entry
from peers.base import Peer, Plan, first_line


class Direct(Peer):
    name = "direct"

    def program(self):
        return application.program()

    def how_to_get(self):
        return "apt-get install nginx-light"

    def version(self):
        return first_line(self.program(), "-v")

    def refuses(self, shape, isolated):
        return "there is no handshake without a proxy" if shape.role == "server" else None

    def plan(self, site, shape):
        return Plan((), Entry(site.application, "plain.default"), {})
