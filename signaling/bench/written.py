"""The log of a session as it is kept: what one client was told may be less, for what it missed is told compacted."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import msgspec
from aiohttp import ClientSession

PAGE: Final = 1_000
_decode: Final = msgspec.json.Decoder().decode


async def written(url: str, session: str, ticket: str) -> list[Mapping[str, Any]]:
    """All events of the session, in order. Raises `aiohttp.ClientError`."""
    events: list[Mapping[str, Any]] = []
    async with ClientSession(headers={"Authorization": f"Bearer {ticket}"}) as http:
        while True:
            asked = {"after": len(events), "limit": PAGE}
            async with http.get(f"{url}/v1/sessions/{session}/events", params=asked) as answer:
                answer.raise_for_status()
                page = _decode(await answer.read())["events"]
            events += page
            if len(page) < PAGE:
                return events
