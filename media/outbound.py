"""How sound reaches services elsewhere: a port. Whoever composes the hub brings the client, with its rules
about which addresses may be reached (`signaling` has one)."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Reply:
    """The head of an answer, and its body as it comes."""

    status: int
    body: AsyncIterator[bytes]


class OutboundFailed(Exception):
    """No answer: unreachable, forbidden, too slow, or cut in the middle. `reason` is a word."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Outbound(Protocol):
    """HTTP to the outside."""

    def post(self, url: str, headers: Mapping[str, str], body: bytes) -> AbstractAsyncContextManager[Reply]:
        """Send `body`; any status is an answer. The body is streamed while the context is open.

        Raises `OutboundFailed`, on entering or while the body is read. Has timeouts of its own.
        """
        ...
