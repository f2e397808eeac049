"""HTTP to the outside, for engines that an operator chose: the `media.outbound.Outbound` over aiohttp.

Only the one origin it is made for is reached, redirects are not followed, and everything has a timeout.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Final
from urllib.parse import urlsplit

import aiohttp

from media.outbound import OutboundFailed, Reply

CONNECT_S: Final = 3.0
READ_S: Final = 20.0
CHUNK: Final = 8_192


class HttpOutbound:
    """One service's address, over one client session, which is the caller's to close. `read_s`: how long (s) it may
    say nothing."""

    def __init__(self, http: aiohttp.ClientSession, base_url: str, read_s: float = READ_S) -> None:
        self._http = http
        self._read_s = read_s
        self._origin = _origin(base_url)

    @asynccontextmanager
    async def post(self, url: str, headers: Mapping[str, str], body: bytes) -> AsyncIterator[Reply]:
        """See `media.outbound.Outbound`."""
        if _origin(url) != self._origin:
            raise OutboundFailed("forbidden")
        timeout = aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_S, sock_read=self._read_s)
        try:
            async with self._http.post(
                url, headers=dict(headers), data=body, timeout=timeout, allow_redirects=False
            ) as answer:
                yield Reply(answer.status, _chunks(answer))
        except (aiohttp.ClientConnectorError, aiohttp.InvalidURL):
            raise OutboundFailed("unreachable") from None
        except TimeoutError:
            raise OutboundFailed("timeout") from None
        except aiohttp.ClientError:
            raise OutboundFailed("cut") from None


async def _chunks(answer: aiohttp.ClientResponse) -> AsyncIterator[bytes]:
    try:
        async for chunk in answer.content.iter_chunked(CHUNK):
            yield chunk
    except TimeoutError:
        raise OutboundFailed("timeout") from None
    except aiohttp.ClientError:
        raise OutboundFailed("cut") from None


def _origin(url: str) -> tuple[str, str, int | None]:
    parts = urlsplit(url)
    return parts.scheme, parts.hostname or "", parts.port
