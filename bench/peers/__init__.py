"""The peers by name. A new one is a module beside this and a row here."""

from peers import direct, envoy, haproxy, nginx, smilax

PEERS = {peer.name: peer for peer in (
    smilax.Smilax(), haproxy.Haproxy(), nginx.Nginx(), envoy.Envoy(), direct.Direct())}
