"""What the demo's page sends, read."""

from __future__ import annotations

from typing import TypeVar

import msgspec
from aiohttp import web

from signaling.http.errors import Refused

T = TypeVar("T")


async def read_body(request: web.Request, kind: type[T]) -> T:
    """The body as `kind`; refused `malformed` if it is none."""
    try:
        return msgspec.json.decode(await request.read(), type=kind)
    except msgspec.MsgspecError:
        raise Refused("malformed") from None
