"""Who may break the demo, and be its operator: whoever sits at its machine, and no page from elsewhere."""

from __future__ import annotations

from typing import Final

from aiohttp import web

from signaling.http.errors import Refused
from signaling.http.this_machine import by_own_name, from_here

OF_A_NETWORK: Final = "the demo is shown to a network: nobody breaks or operates it"
FROM_ELSEWHERE: Final = (
    "this is for the demo's own machine, by no proxy or tunnel: open http://localhost there"
)
BY_ANOTHER_NAME: Final = (
    "a page of this name may be anybody's: open http://localhost instead, with the same port"
)


class Owner:
    """`owned`: whether somebody at this machine may. `told`: the name or address that it was told to listen at."""

    def __init__(self, *, owned: bool, told: str) -> None:
        self._owned, self._told = owned, told

    def asks(self, request: web.Request) -> bool:
        """Whether this is the owner's request."""
        return self._amiss(request) == ""

    def check(self, request: web.Request) -> None:
        """Refuse what is not: `not_allowed`, and why, for people."""
        if amiss := self._amiss(request):
            raise Refused("not_allowed", amiss)

    def _amiss(self, request: web.Request) -> str:
        if not self._owned:
            return OF_A_NETWORK
        if not from_here(request):
            return FROM_ELSEWHERE
        return "" if by_own_name(request, self._told) else BY_ANOTHER_NAME
