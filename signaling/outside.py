"""Where the hub calls out to: https addresses of the public internet, unless its operator allowed others.

An address is checked by what it says, and a name by what it resolves to, once: what it resolved to is connected to.
Redirects are not followed, and no cookie is kept.
"""

from __future__ import annotations

import socket
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from types import SimpleNamespace
from typing import Final
from urllib.parse import urlsplit

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from yarl import URL

from hub.node.notifying import AT_ONCE

SECONDS: Final = 5.0
CONNECT_S: Final = 5.0
REACH_S: Final = 10.0
"""Until a connection stands: a place among those there may be, the name, and each of its addresses."""

TRANSLATED: Final = (IPv6Network("::/96"), IPv6Network("64:ff9b::/96"), IPv6Network("64:ff9b:1::/48"))
"""IPv6 addresses that stand for IPv4 ones (RFC 4291 §2.5.5.1, RFC 6052, RFC 8215)."""


class AddressInvalid(ValueError):
    """An address that is never called; the text says why."""


class NoAnswer(Exception):
    """`sent`: whether whoever was called may have heard it all the same. `never`: there is no use in trying again."""

    def __init__(self, reason: str, *, sent: bool, never: bool = False) -> None:
        super().__init__(reason)
        self.reason, self.sent, self.never = reason, sent, never


class Outside:
    """Calls out. `private`: to http and private addresses, too. `anew`: each time over a connection of its own, so that
    one that the other side just closed is never taken for a call that it heard. `at_once`: connections there may be, as
    many as tell at once: what waited for one would lose of its time what the other side needs. Made within a running
    loop; to be closed."""

    def __init__(
        self,
        *,
        private: bool = False,
        names: AbstractResolver | None = None,
        tls: ssl.SSLContext | None = None,
        anew: bool = False,
        at_once: int = AT_ONCE,
    ) -> None:
        resolver = names or aiohttp.ThreadedResolver()
        self._http = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(
                resolver=resolver if private else PublicNames(resolver),
                limit=at_once,
                ssl=tls or True,
                force_close=anew,
            ),
            timeout=aiohttp.ClientTimeout(total=SECONDS),
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,  # nobody is asked for it, and a small answer stays a small one
            trace_configs=[_reaching()],
        )

    async def post(self, url: str, body: bytes, headers: dict[str, str]) -> int | str:
        """The status of the answer, or why there is none."""
        try:
            async with self._http.post(url, data=body, headers=headers, allow_redirects=False) as answer:
                return answer.status
        except TimeoutError:
            return f"no answer within {SECONDS:g} s"
        except aiohttp.ClientConnectorError as problem:
            inside = isinstance(problem.os_error, NotPublic)
            return "its address is not a public one" if inside else "unreachable"
        except (aiohttp.ClientError, OSError):
            return "unreachable"

    @asynccontextmanager
    async def ask(
        self, url: str, body: bytes, headers: dict[str, str], reached: Callable[[], object] = lambda: None
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        """The answer, whose body may be read inside. Raises `NoAnswer`. How long it may take is the caller's to say;
        who lets go of it before `reached` was called knows that nothing was sent."""
        timeout = aiohttp.ClientTimeout(total=None, connect=REACH_S, sock_connect=CONNECT_S)
        try:
            async with self._http.post(
                url,
                data=body,
                headers=headers,
                allow_redirects=False,
                timeout=timeout,
                trace_request_ctx=reached,
            ) as answer:
                yield answer
        except aiohttp.ConnectionTimeoutError:
            raise NoAnswer("unreachable", sent=False) from None
        except aiohttp.ClientConnectorError as problem:
            inside = isinstance(problem.os_error, NotPublic)
            reason = "its address is not a public one" if inside else "unreachable"
            raise NoAnswer(reason, sent=False, never=inside) from None
        except (aiohttp.ClientError, OSError):
            raise NoAnswer("it broke off", sent=True) from None

    async def close(self) -> None:
        """Call no more."""
        await self._http.close()


def _reaching() -> aiohttp.TraceConfig:
    """Calls what a request brought along as soon as a connection stands for it: before that nothing is sent."""

    async def stands(_: aiohttp.ClientSession, of: SimpleNamespace, __: object) -> None:
        if of.trace_request_ctx is not None:
            of.trace_request_ctx()

    tracing = aiohttp.TraceConfig()
    tracing.on_connection_create_end.append(stands)
    tracing.on_connection_reuseconn.append(stands)
    return tracing


class NotPublic(OSError):
    """A name leads to an address that is not the public internet's."""


class PublicNames(AbstractResolver):
    """Resolves to public addresses only: a name that leads to any other is refused, whatever else it leads to."""

    def __init__(self, names: AbstractResolver) -> None:
        self._names = names

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """See aiohttp."""
        found = await self._names.resolve(host, port, family)
        if not all(is_public(ip_address(each["host"])) for each in found):
            raise NotPublic
        return found

    async def close(self) -> None:
        """See aiohttp."""
        await self._names.close()


def check_url(url: str, *, private: bool) -> None:
    """Raises `AddressInvalid` for what is never posted to."""
    try:
        parts = urlsplit(url)
        host, _ = URL(url).raw_host or "", parts.port
    except ValueError:
        raise AddressInvalid("that is no URL") from None
    if parts.scheme != "https" and not (private and parts.scheme == "http"):
        raise AddressInvalid("only https addresses are called")
    if not host or parts.username is not None or parts.fragment or any(ord(each) <= 32 for each in url):
        raise AddressInvalid("an address is https://host[:port]/path, nothing more")
    if not private and not _may_be_public(host):
        raise AddressInvalid("only public addresses are called")


def is_public(address: IPv4Address | IPv6Address) -> bool:
    """Whether it is an address of the public internet, by every way it is written."""
    if isinstance(address, IPv6Address):
        if any(address in network for network in TRANSLATED):
            return False
        inner = address.ipv4_mapped or address.sixtofour or (address.teredo or (None, None))[1]
        if inner is not None:
            return False
    return address.is_global and not address.is_multicast


def _may_be_public(host: str) -> bool:
    """As aiohttp sees the host. What it takes for an address it does not resolve, also `127.1` and `2130706433`, which
    the system then reads as it likes."""
    try:
        return is_public(ip_address(host.partition("%")[0]))
    except ValueError:
        name = host.rstrip(".")
        inside = name == "localhost" or name.endswith((".localhost", ".local", ".internal"))
        return not inside and ":" not in host and not name.replace(".", "").isdigit()
