"""Notifications as signed webhooks, to the one address that an operator named.

Signed as Standard Webhooks say (https://www.standardwebhooks.com): `webhook-id`, `webhook-timestamp` and
`webhook-signature: v1,` with the HMAC-SHA256 of `id.timestamp.body`, base64. Where they never go is said in
`signaling.outside`.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Callable
from typing import Final

import msgspec
from aiohttp.abc import AbstractResolver

from hub.node.notifying import Notification
from signaling.outside import Outside, check_url

LEAST_SECRET: Final = 24
PREFIX: Final = "whsec_"


class SecretInvalid(ValueError):
    """A secret that cannot be; the text says why."""


class Webhooks:
    """`wall` gives seconds UTC; `private`: http and private addresses, too."""

    def __init__(
        self,
        url: str,
        secret: str,
        wall: Callable[[], float],
        *,
        private: bool = False,
        resolver: AbstractResolver | None = None,
    ) -> None:
        """Raises `AddressInvalid`, `SecretInvalid`. Made within a running loop; to be closed."""
        check_url(url, private=private)
        self._url = url
        self._key = read_secret(secret)
        self._wall = wall
        self._outside = Outside(private=private, names=resolver)

    async def tell(self, notification: Notification) -> str:
        """See `hub.node.notifying.Notifier`."""
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
        status = await self._outside.post(self._url, body, headers)
        if isinstance(status, str):
            return status
        return "" if 200 <= status < 300 else f"status {status}"

    async def close(self) -> None:
        """Connect no more."""
        await self._outside.close()


def signature(key: bytes, name: str, at: str, body: bytes) -> str:
    """The `webhook-signature` of a message."""
    signed = hmac.digest(key, f"{name}.{at}.".encode() + body, hashlib.sha256)
    return f"v1,{base64.b64encode(signed).decode()}"


def read_secret(text: str) -> bytes:
    """The key in `whsec_…`. Raises `SecretInvalid`."""
    try:
        key = base64.b64decode(text.removeprefix(PREFIX), validate=True)
    except binascii.Error:
        key = b""
    if not text.startswith(PREFIX) or len(key) < LEAST_SECRET:
        raise SecretInvalid(f"the secret is {PREFIX} and the base64 of at least {LEAST_SECRET} random bytes")
    return key
