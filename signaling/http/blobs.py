"""Images and files by HTTP: put under their hash, and got so that no browser runs them."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from typing import Final

from aiohttp import web

from hub.node.entries import Keys
from hub.node.promise import Node
from hub.store.promise import SessionKey
from legato.session.ids import RandomBytes
from signaling.blob_folder import MOST_BYTES, BlobDamaged, BlobFolder, BlobMismatch, Incoming
from signaling.http.access import Access
from signaling.http.errors import Refused, there
from signaling.http.guard import stream_headers
from signaling.http.routes import Route

PORTION_S: Final = 10.0
"""How long a body may pause."""

BASE_S: Final = 30.0
LEAST_RATE: Final = 65_536
"""What a body has altogether: so many seconds, and one more for so many bytes of it."""

AT_ONCE: Final = 16
"""Bodies under way at a node. Of one participant fewer are: see `signaling.shares`."""

SHOWN: Final = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp"})
"""What is served as what it is; everything else is bytes to be saved. SVG is a program, not an image."""

_DIGEST: Final = re.compile(r"[0-9a-f]{64}")


class Blobs:
    """See the module. At most `AT_ONCE` are on the way to us at a time."""

    def __init__(
        self, node: Node, access: Access, keys: Keys, folder: BlobFolder, random_bytes: RandomBytes
    ) -> None:
        self._node = node
        self._access = access
        self._keys = keys
        self._folder = folder
        self._random_bytes = random_bytes
        self._places = asyncio.Semaphore(AT_ONCE)

    def routes(self) -> list[Route]:
        """The verbs."""
        path = "/v1/sessions/{session}/blobs/{sha256}"
        return [
            Route(
                method="PUT", path=path, name="putBlob", says="Store an image or file under its SHA-256",
                handler=self.put, takes="application/octet-stream", status=201,
            ),
            Route(
                method="GET", path=path, name="getBlob", says="An image or file", handler=self.get,
                gives="application/octet-stream",
                query=(("type", f"one of {', '.join(sorted(SHOWN))}, if it is such an image"),),
            ),
        ]  # fmt: skip

    async def put(self, request: web.Request) -> web.Response:
        """`PUT /v1/sessions/{session}/blobs/{sha256}`"""
        key, ticket = self._access.session(request, "publish")
        digest = _digest(request)
        if request.content_length is not None and request.content_length > MOST_BYTES:
            raise Refused("too_large", f"at most {MOST_BYTES} bytes")
        await there(self._node, key)
        if await asyncio.to_thread(self._folder.has, key, digest):
            return web.Response(status=200)
        if self._places.locked():
            raise Refused("overloaded", retry_after_ms=1000)
        with self._access.upload(ticket):
            async with self._places:
                await self._receive(request, key, digest)
        return web.Response(status=201)

    async def get(self, request: web.Request) -> web.StreamResponse:
        """`GET /v1/sessions/{session}/blobs/{sha256}`"""
        key, _ = self._access.session(request, "read")
        digest = _digest(request)
        await there(self._node, key)
        sealer = await self._keys.sealer(key.tenant, key.session)
        pieces = self._folder.pieces(key, digest, sealer)
        try:
            first = await asyncio.to_thread(next, pieces, b"")
        except FileNotFoundError:
            raise Refused("not_found") from None
        shown = request.query.get("type", "")
        response = web.StreamResponse(headers=stream_headers(request) | _served_as(shown, first, digest))
        await response.prepare(request)
        await self._send(response, first, pieces)
        return response

    async def _receive(self, request: web.Request, key: SessionKey, digest: str) -> None:
        incoming = await asyncio.to_thread(self._folder.incoming, key, digest, self._random_bytes(8).hex())
        try:
            await self._take_in(request, key, incoming)
        except BlobMismatch:
            raise Refused("blob_mismatch", "the bytes have another hash") from None
        except BaseException:
            await asyncio.shield(asyncio.to_thread(incoming.abandon))
            raise

    async def _take_in(self, request: web.Request, key: SessionKey, incoming: Incoming) -> None:
        size, over_at = 0, asyncio.get_running_loop().time() + time_for(request.content_length)
        while portion := await _portion(request, over_at):
            size += len(portion)
            if size > MOST_BYTES:
                raise Refused("too_large", f"at most {MOST_BYTES} bytes")
            sealer = await self._keys.sealer(key.tenant, key.session)
            await asyncio.to_thread(incoming.write, portion, sealer)
        sealer = await self._keys.sealer(key.tenant, key.session)
        await asyncio.to_thread(incoming.finish, sealer)

    async def _send(self, response: web.StreamResponse, piece: bytes, pieces: Iterator[bytes]) -> None:
        try:
            while piece:
                async with asyncio.timeout(PORTION_S):
                    await response.write(piece)
                piece = await asyncio.to_thread(next, pieces, b"")
        except (BlobDamaged, TimeoutError) as failure:
            # The head is out: the only honest answer left is to break off before the end.
            raise ConnectionResetError from failure


def time_for(size: int | None) -> float:
    """Seconds that a body of so many bytes has altogether; one that does not say how many, as the longest."""
    return BASE_S + (MOST_BYTES if size is None else size) / LEAST_RATE


async def _portion(request: web.Request, over_at: float) -> bytes:
    """What came next of the body, nothing at its end. Raises `TimeoutError` if it pauses, and refuses what takes longer
    than it has: a body that comes in drops would keep its place from others for hours."""
    left = over_at - asyncio.get_running_loop().time()
    try:
        if left > 0:
            async with asyncio.timeout(min(PORTION_S, left)):
                return await request.content.readany()
    except TimeoutError:
        if left > PORTION_S:
            raise
    raise Refused("timed_out", f"{BASE_S:g} s and {LEAST_RATE} bytes a second", retry_after_ms=1000)


def _digest(request: web.Request) -> str:
    digest = request.match_info["sha256"]
    if not _DIGEST.fullmatch(digest):
        raise Refused("malformed", "64 hex digits", "sha256")
    return digest


def _served_as(wanted: str, first: bytes, digest: str) -> dict[str, str]:
    image = wanted in SHOWN and _looks_like(wanted, first)
    return {
        "Content-Type": wanted if image else "application/octet-stream",
        "Content-Disposition": "inline" if image else f'attachment; filename="{digest[:16]}"',
        "Content-Security-Policy": "default-src 'none'; sandbox",
        "Cache-Control": "private, no-store",
    }


def _looks_like(kind: str, first: bytes) -> bool:
    if kind == "image/webp":
        return first[:4] == b"RIFF" and first[8:12] == b"WEBP"
    heads = {"image/png": b"\x89PNG\r\n\x1a\n", "image/jpeg": b"\xff\xd8\xff", "image/gif": b"GIF8"}
    return first.startswith(heads[kind])
