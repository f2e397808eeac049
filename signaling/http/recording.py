"""The sound of a session by HTTP, as Ogg/Opus."""

from __future__ import annotations

import asyncio
from typing import Final

from aiohttp import web

from legato.session.ids import well_formed
from media.voice.recordings import NoSound, Recordings, export_audio
from signaling.http.access import Access
from signaling.http.errors import Refused
from signaling.http.routes import Route

AT_ONCE: Final = 2
"""Recordings that a node makes at one time; a mix takes a core."""


LONGEST_NUMBER: Final = 15
"""Digits of a media time: some six hundred years."""


class Recording:
    """See the module."""

    def __init__(self, access: Access, recordings: Recordings) -> None:
        self._access = access
        self._recordings = recordings
        self._places = asyncio.Semaphore(AT_ONCE)

    def routes(self) -> list[Route]:
        """The verb."""
        return [
            Route(
                method="GET", path="/v1/sessions/{session}/recording", name="getRecording",
                says="The sound of a session: a stereo mix, or one track as it came", handler=self.get,
                gives="audio/ogg", query=(
                    ("track", "a track, as `voice_started` and `speech_queued` name it"),
                    ("start", "of a track: from this media time on (samples at 48 kHz)"),
                    ("end", "of a track: up to this media time"),
                    ("asides", "`true`: with what was whispered; takes the capability `monitor`"),
                ),
            ),
        ]  # fmt: skip

    async def get(self, request: web.Request) -> web.Response:
        """`GET /v1/sessions/{session}/recording`"""
        key, ticket = self._access.session(request, "read")
        asides = request.query.get("asides", "") == "true"
        if asides:
            self._access.need(key, ticket, "monitor", "asides")
        track = request.query.get("track", "")
        if track and not well_formed(track):
            raise Refused("malformed", field="track")
        start, end = _media_time(request, "start"), _media_time(request, "end")
        if (start >= 0 or end >= 0) and (not track or 0 <= end <= start):
            raise Refused("malformed", field="start" if start >= 0 else "end")
        if self._places.locked():
            raise Refused("overloaded", retry_after_ms=1000)
        async with self._places:
            try:
                body = await export_audio(self._recordings, key, track, start, end, asides=asides)
            except NoSound:
                raise Refused("not_found", "no sound is kept") from None
        return web.Response(body=body, content_type="audio/ogg")


def _media_time(request: web.Request, name: str) -> int:
    """A media time that the request names; -1 if it names none."""
    text = request.query.get(name, "")
    if not text:
        return -1
    if not (text.isascii() and text.isdigit() and len(text) <= LONGEST_NUMBER):
        raise Refused("malformed", field=name)
    return int(text)
