"""Images and files of a session, by HTTP. The twin of `putBlob` and `getBlob` in `web/src/client/requests.ts`.

What is asked for needs a ticket; the connection that stands is worth one, so that who came with a ticket that has
expired meanwhile (an agent for hours) need not have another.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

import aiohttp
import msgspec

from legato.errors import RequestFailed
from legato.session.parts import Part

MOST_BYTES: Final = 20_000_000
TIMEOUT: Final = aiohttp.ClientTimeout(60)
SHOWN: Final = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp"})
"""What a page shows as a picture; of anything else it shows the name."""


class _Told(msgspec.Struct):
    reason: str = "failed"
    detail: str = ""


class _Problem(msgspec.Struct):
    error: _Told = msgspec.field(default_factory=_Told)


class _Minted(msgspec.Struct):
    ticket: str


@dataclass(frozen=True, slots=True)
class Place:
    """Where a client is now: the hub's address (any scheme), its session and its connection."""

    hub: str
    session: str
    connection: str


class Blobs:
    """`place` says where we are, once we are attached; `get_ticket` is asked where the connection is worth none."""

    def __init__(
        self,
        http: Callable[[], aiohttp.ClientSession],
        place: Callable[[], Awaitable[Place]],
        get_ticket: Callable[[], Awaitable[str]],
    ) -> None:
        self._http, self._place, self._get_ticket = http, place, get_ticket

    async def upload(self, data: bytes, name: str, type: str) -> Part:
        """Store it; the part that names it. Raises `RequestFailed`."""
        if len(data) > MOST_BYTES:
            raise RequestFailed(413, "too_large", f"at most {MOST_BYTES} bytes")
        digest = await asyncio.to_thread(lambda: hashlib.sha256(data).hexdigest())
        await self._asked("PUT", digest, data)
        return Part(
            kind="image" if type in SHOWN else "file", name=name, type=type, size=len(data), sha256=digest
        )

    async def download(self, part: Part) -> bytes:
        """The bytes of an `image` or `file`. Raises `RequestFailed`; `damaged`: what came is something else."""
        data = await self._asked("GET", part.sha256, None)
        if await asyncio.to_thread(lambda: hashlib.sha256(data).hexdigest()) != part.sha256:
            raise RequestFailed(502, "damaged", "the bytes have another hash")
        return data

    async def _asked(self, method: str, digest: str, data: bytes | None) -> bytes:
        place = await self._place()
        base = f"{_web(place.hub)}/v1"
        ticket = await self._ticket(base, place.connection)
        return await self._sent(method, f"{base}/sessions/{place.session}/blobs/{digest}", ticket, data)

    async def _ticket(self, base: str, connection: str) -> str:
        try:
            minted = await self._sent("POST", f"{base}/tickets", connection, b"{}", "application/json")
        except RequestFailed:
            return await self._get_ticket()
        return msgspec.json.decode(minted, type=_Minted).ticket

    async def _sent(
        self, method: str, url: str, bearer: str, data: bytes | None, type: str = "application/octet-stream"
    ) -> bytes:
        headers = {"Authorization": f"Bearer {bearer}"} | ({"Content-Type": type} if data is not None else {})
        try:
            async with self._http().request(
                method, url, headers=headers, data=data, timeout=TIMEOUT
            ) as answer:
                body = await answer.read()
        except (aiohttp.ClientError, TimeoutError) as failed:
            raise RequestFailed(0, "unavailable", failed.__class__.__name__) from failed
        if not answer.ok:
            raise _failed(answer.status, body)
        return body


def _failed(status: int, body: bytes) -> RequestFailed:
    try:
        told = msgspec.json.decode(body, type=_Problem).error
    except msgspec.DecodeError:
        told = _Told()
    return RequestFailed(status, told.reason, told.detail)


def _web(hub: str) -> str:
    """Its address for requests."""
    base = hub.rstrip("/")
    return base.replace("ws", "http", 1) if base.startswith("ws") else base
