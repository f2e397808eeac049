"""Notifications as signed webhooks, to the one address that an operator named.

Signed as Standard Webhooks say (https://www.standardwebhooks.com): `webhook-id`, `webhook-timestamp` and
`webhook-signature: v1,` with the HMAC-SHA256 of `id.timestamp.body`, base64. Only https, no redirects, and unless it
was allowed, no address but public ones: the name is resolved once, and what it resolved to is connected to.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import socket
from collections.abc import Callable
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from typing import Final
from urllib.parse import urlsplit

import aiohttp
import msgspec
from aiohttp.abc import AbstractResolver, ResolveResult
from yarl import URL

from hub.node.notifying import Notification

SECONDS: Final = 5.0
LEAST_SECRET: Final = 24
PREFIX: Final = "whsec_"
TRANSLATED: Final = (IPv6Network("::/96"), IPv6Network("64:ff9b::/96"), IPv6Network("64:ff9b:1::/48"))
"""IPv6 addresses that stand for IPv4 ones (RFC 4291 §2.5.5.1, RFC 6052, RFC 8215)."""


class WebhookInvalid(ValueError):
    """An address or a secret that cannot be; the text says why."""


class Webhooks:
    """A `hub.node.notifying.Notifier`. `wall` gives seconds UTC; `private`: http and private addresses, too."""

    def __init__(
        self,
        url: str,
        secret: str,
        wall: Callable[[], float],
        *,
        private: bool = False,
        resolver: AbstractResolver | None = None,
    ) -> None:
        """Raises `WebhookInvalid`. Made within a running loop; to be closed."""
        check_url(url, private=private)
        self._url = url
        self._key = read_secret(secret)
        self._wall = wall
        names = resolver or aiohttp.ThreadedResolver()
        self._http = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(resolver=names if private else PublicNames(names), limit=16),
            timeout=aiohttp.ClientTimeout(total=SECONDS),
            cookie_jar=aiohttp.DummyCookieJar(),
        )

    async def tell(self, notification: Notification) -> str:
        """See the protocol."""
        body = msgspec.json.encode(
            {"type": "legato.somebody_is_wanted", "data": msgspec.to_builtins(notification)}
        )
        at = str(int(self._wall()))
        headers = {
            "content-type": "application/json",
            "webhook-id": notification.id,
            "webhook-timestamp": at,
            "webhook-signature": signature(self._key, notification.id, at, body),
        }
        try:
            async with self._http.post(
                self._url, data=body, headers=headers, allow_redirects=False
            ) as answer:
                return "" if 200 <= answer.status < 300 else f"status {answer.status}"
        except TimeoutError:
            return f"no answer within {SECONDS:g} s"
        except aiohttp.ClientConnectorError as problem:
            inside = isinstance(problem.os_error, NotPublic)
            return "its address is not a public one" if inside else "unreachable"
        except (aiohttp.ClientError, OSError):
            return "unreachable"

    async def close(self) -> None:
        """Connect no more."""
        await self._http.close()


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


def signature(key: bytes, name: str, at: str, body: bytes) -> str:
    """The `webhook-signature` of a message."""
    signed = hmac.digest(key, f"{name}.{at}.".encode() + body, hashlib.sha256)
    return f"v1,{base64.b64encode(signed).decode()}"


def read_secret(text: str) -> bytes:
    """The key in `whsec_…`. Raises `WebhookInvalid`."""
    try:
        key = base64.b64decode(text.removeprefix(PREFIX), validate=True)
    except binascii.Error:
        key = b""
    if not text.startswith(PREFIX) or len(key) < LEAST_SECRET:
        raise WebhookInvalid(f"the secret is {PREFIX} and the base64 of at least {LEAST_SECRET} random bytes")
    return key


def check_url(url: str, *, private: bool) -> None:
    """Raises `WebhookInvalid` for what is never posted to."""
    try:
        parts = urlsplit(url)
        host, _ = URL(url).raw_host or "", parts.port
    except ValueError:
        raise WebhookInvalid("that is no URL") from None
    if parts.scheme != "https" and not (private and parts.scheme == "http"):
        raise WebhookInvalid("webhooks go to https addresses")
    if not host or parts.username is not None or parts.fragment or any(ord(each) <= 32 for each in url):
        raise WebhookInvalid("an address is https://host[:port]/path, nothing more")
    if not private and not _may_be_public(host):
        raise WebhookInvalid("webhooks go to public addresses (--webhook-private allows others)")


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
