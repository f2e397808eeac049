"""Whether a request comes from this very machine, for what nobody else may ask.

An address of its own is not enough. A proxy or a tunnel that runs here has one, too, and asks for anybody: most say so
in a header. And a browser that runs here asks for whatever page it shows: one whose name was set to 127.0.0.1 after it
was loaded (DNS rebinding) is of the hub's own origin, as far as the browser and the guard can see. But its name stays
in `Host`, and `localhost` and loopback addresses are names that nobody else can have.
"""

from __future__ import annotations

from typing import Final

from aiohttp import web

from signaling.http.guard import PEER
from signaling.policy import loopback, name_in

FORWARDED: Final = ("X-Forwarded-For", "Forwarded", "X-Real-IP")


def from_here(request: web.Request) -> bool:
    """Whether who asks is on this machine, and nobody passed it on."""
    passed_on = any(name in request.headers for name in FORWARDED)
    return not passed_on and (request[PEER] == "local" or loopback(request[PEER]))


def by_own_name(request: web.Request, told: str = "") -> bool:
    """Whether it was asked by a name that only this machine can have, or by the one that it was `told` to have."""
    name = name_in(request.headers.get("Host", ""))
    return name == "localhost" or loopback(name) or (bool(told) and name == name_in(told))
