"""Where a page of a list of sessions ends, as a client carries it to ask for the next one.

Opaque to clients: a time alone is not enough to go on by, for many sessions may share it. Clients from before that
carry the time alone, and are served as ever: what shares that time with the last of their page is passed over.
"""

from __future__ import annotations

import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence
from typing import Final

from aiohttp import web

from hub.store.promise import Edge, Listed
from legato.session.ids import well_formed
from signaling.http.errors import Refused

_ALPHABET: Final = re.compile(r"[A-Za-z0-9_-]{1,120}", re.ASCII)
_TIME: Final = re.compile(r"0|[1-9][0-9]{0,15}", re.ASCII)


def edge(request: web.Request) -> Edge | None:
    """What the query's `before` says; None: from the newest. Refuses what this wrote not."""
    text = request.query.get("before", "0")
    if text == "0":
        return None
    found = Edge(int(text)) if _TIME.fullmatch(text) else read(text)
    if found is None or found.last >= 1 << 53:
        raise Refused("malformed", "the `next` of the page before it", "before")
    return found


def read(text: str) -> Edge | None:
    """Read what `written` wrote; None: it did not write that."""
    if not _ALPHABET.fullmatch(text):
        return None
    try:
        last, _, session = urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode("ascii").partition(".")
    except ValueError:
        return None
    if not _TIME.fullmatch(last) or not well_formed(session):
        return None
    found = Edge(int(last), session)
    return found if written(found) == text else None


def written(row: Edge) -> str:
    """It, in characters that a query holds as they are. Never digits alone: its first byte is a digit's."""
    return urlsafe_b64encode(f"{row.last}.{row.session}".encode()).decode().rstrip("=")


def behind(listed: Sequence[Listed], limit: int) -> tuple[int, str]:
    """A page's `before` and `next`: nothing comes behind one that is not full."""
    if len(listed) < limit:
        return 0, ""
    return listed[-1].last, written(Edge.of(listed[-1]))
