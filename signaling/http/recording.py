"""The sound of a session by HTTP, as Ogg/Opus."""

from __future__ import annotations

import asyncio
from base64 import b64encode
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

import msgspec
from aiohttp import web

from hub.node.promise import Node
from hub.store.promise import SessionKey
from legato.session.ids import well_formed
from media.levels import STEP_MS
from media.voice.course import Courses, Levels
from media.voice.recordings import NoSound, Recordings, export_audio
from signaling.http.access import Access
from signaling.http.errors import Refused, json_response, there
from signaling.http.routes import Route
from signaling.veil import GUESTS

AT_ONCE: Final = 2
"""Recordings that a node makes at one time; a mix takes a core."""

SOON_S: Final = 10.0
"""How long a short piece of work waits for a place."""

LONGEST_NUMBER: Final = 15
"""Digits of a media time: some six hundred years."""


class LevelsAnswer(msgspec.Struct, frozen=True):
    """Ten minutes of how loud the sides were: in each lane (base64) a byte for `step_ms`, the peak from 0 to 255.
    `start`, the `length` of all that is kept so far (0: no sound is), and `next` (the `from` of the next page; 0: this
    is the last) are in ms."""

    start: int
    step_ms: int
    length: int
    next: int
    callers: str
    helpers: str


class Recording:
    """See the module."""

    def __init__(self, node: Node, access: Access, recordings: Recordings, courses: Courses) -> None:
        self._node = node
        self._access = access
        self._recordings = recordings
        self._courses = courses
        self._places = asyncio.Semaphore(AT_ONCE)

    def routes(self) -> list[Route]:
        """The verbs."""
        return [
            Route(
                method="GET", path="/v1/sessions/{session}/recording", name="getRecording",
                says="The sound of a session: a stereo mix, or one track as it came", handler=self.get,
                gives="audio/ogg", query=(
                    ("track", "a track, as `voice_started` and `speech_queued` name it"),
                    ("start", "of a track: from this media time on (samples at 48 kHz)"),
                    ("end", "of a track: up to this media time"),
                    ("from", "of the mix: from this place on, in ms as `levels` counts them"),
                    ("to", "of the mix: up to this place, at most 60 s on"),
                    ("asides", "`true`: with what was whispered; takes the capability `monitor`, not for observers"),
                ),
            ),
            Route(
                method="GET", path="/v1/sessions/{session}/levels", name="readLevels",
                says="How loud each side was all along, in pages of ten minutes", handler=self.levels,
                gives=LevelsAnswer, query=(("from", "where the page begins, in ms (0: at the beginning)"),),
            ),
        ]  # fmt: skip

    async def levels(self, request: web.Request) -> web.Response:
        """`GET /v1/sessions/{session}/levels`"""
        key, _ = self._access.session(request, "read")
        start = max(0, _number(request, "from"))
        async with self._place(key, SOON_S):
            try:
                page = await self._courses.levels(key, start)
            except NoSound:
                await there(self._node, key)
                page = Levels(0, 0, b"", b"")
        lanes = [b64encode(lane).decode() for lane in (page.callers, page.helpers)]
        return json_response(LevelsAnswer(page.start, STEP_MS, page.length, page.next, *lanes))

    async def get(self, request: web.Request) -> web.Response:
        """`GET /v1/sessions/{session}/recording`"""
        key, ticket = self._access.session(request, "read")
        asides = request.query.get("asides", "") == "true"
        if asides:
            self._access.need(key, ticket, "monitor", "asides")
            if ticket.role in GUESTS:  # they are shown no whisper, whatever their ticket lets them hear
                self._access.forbidden(key, ticket, "monitor", "asides")
                raise Refused("not_allowed", "users and observers hear no asides", field="asides")
        track = request.query.get("track", "")
        if track and not well_formed(track):
            raise Refused("malformed", field="track")
        start, end = _number(request, "start"), _number(request, "end")
        if (start >= 0 or end >= 0) and (not track or 0 <= end <= start):
            raise Refused("malformed", field="start" if start >= 0 else "end")
        begin, until = _number(request, "from"), _number(request, "to")
        if (begin >= 0 or until >= 0) and (track or begin < 0 or until <= begin):
            raise Refused("malformed", field="from" if begin >= 0 else "to")
        async with self._place(key, SOON_S if begin >= 0 or track else 0):
            if begin >= 0:
                body = await self._courses.stretch(key, begin, until, asides=asides)
            else:
                body = await export_audio(self._recordings, key, track, start, end, asides=asides)
        return web.Response(body=body, content_type="audio/ogg")

    @asynccontextmanager
    async def _place(self, key: SessionKey, wait_s: float = 0) -> AsyncIterator[None]:
        """One of the places in which sound is worked on. Refuses if none is free in so many seconds, and where there is
        no sound, or no session."""
        if self._places.locked() and wait_s == 0:
            raise Refused("overloaded", retry_after_ms=1000)
        try:
            async with asyncio.timeout(wait_s or None):
                await self._places.acquire()
        except TimeoutError:
            raise Refused("overloaded", retry_after_ms=1000) from None
        try:
            yield
        except NoSound:
            await there(self._node, key)
            raise Refused("not_found", "no sound is kept") from None
        finally:
            self._places.release()


def _number(request: web.Request, name: str) -> int:
    """A media time, or a place in ms, that the request names; -1 if it names none."""
    text = request.query.get(name, "")
    if not text:
        return -1
    if not (text.isascii() and text.isdigit() and len(text) <= LONGEST_NUMBER):
        raise Refused("malformed", field=name)
    return int(text)
