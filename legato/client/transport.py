"""What carries a session's envelopes: a connection of its own (`Socket`), or a channel of another's (`Channel`)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import aiohttp


class Transport(Protocol):
    """One way to a hub, good once."""

    @property
    def watched(self) -> bool:
        """Whether somebody else notices that it is dead: then what it carries need not beat often."""

    async def run(self, http: aiohttp.ClientSession) -> None:
        """Connect and carry until either side ends it."""

    def send(self, raw: bytes) -> None:
        """Send a text envelope. Never blocks."""

    def send_audio(self, raw: bytes) -> bool:
        """Send a binary envelope; False if it is behind (send it again later)."""

    def close(self) -> None:
        """End it, after what was sent."""


class Connect(Protocol):
    """Make one to `hub`. `received` gets text as bytes, `audio` binary envelopes; `closed` is called once, last."""

    def __call__(
        self,
        hub: str,
        opened: Callable[[Transport], None],
        received: Callable[[Transport, bytes], None],
        audio: Callable[[bytes], None],
        closed: Callable[[Transport], None],
        /,
    ) -> Transport: ...
