"""Notifications by Web Push (RFC 8030), to browsers that subscribed. Push services read none of them (`hub.keys.push`).

A message that waits at a push service is replaced by a repeat of it (`Topic`), and is dropped when it is of no use any
more (`TTL`). Where they never go is said in `signaling.outside`.
"""

from __future__ import annotations

from base64 import urlsafe_b64decode
from collections.abc import Callable, Mapping
from typing import Final

import msgspec

from hub.keys.push import (
    SALT_SIZE,
    SECRET_SIZE,
    PushIdentity,
    encrypted,
    is_point,
    private_key,
)
from hub.node.notifying import GONE, Notification
from hub.node.subscription import Subscription
from legato.session.deadlines import APPROVAL_MS
from legato.session.vocabulary import ToldOf
from signaling.outside import AddressInvalid, Outside, check_url

MOST_ENDPOINT: Final = 1_024
TTL_S: Final[Mapping[ToldOf, int]] = {
    "approval": APPROVAL_MS // 1_000,
    "answer": 86_400,
    "result": 86_400,
    "human": APPROVAL_MS // 1_000,
}
URGENCY: Final[Mapping[ToldOf, str]] = {
    "approval": "high",
    "answer": "normal",
    "result": "normal",
    "human": "high",
}
UNTOLD: Final = ("tenant", "people", "skill", "priority")
"""What of a notification is not the browser's business."""


class SubscriptionInvalid(ValueError):
    """Not what a browser's `PushSubscription` says. `field` names what is wrong, the text says how."""

    def __init__(self, field: str, problem: str) -> None:
        super().__init__(problem)
        self.field = field


class Pushes:
    """`contact` is where a push service reaches the hub's operator; `wall` gives seconds UTC; `private`: http and
    private addresses, too. Closing `outside` is the caller's."""

    def __init__(
        self,
        identity: PushIdentity,
        contact: str,
        outside: Outside,
        wall: Callable[[], float],
        random_bytes: Callable[[int], bytes],
        *,
        private: bool = False,
    ) -> None:
        self._identity, self._contact, self._outside = identity, contact, outside
        self._wall, self._random_bytes, self._private = wall, random_bytes, private

    @property
    def key(self) -> str:
        """What a page subscribes with."""
        return self._identity.public

    def subscription(self, endpoint: str, key: str, secret: str) -> Subscription:
        """Of what a browser says (both base64url). Raises `SubscriptionInvalid`."""
        if len(endpoint) > MOST_ENDPOINT:
            raise SubscriptionInvalid("endpoint", f"at most {MOST_ENDPOINT} characters")
        try:
            check_url(endpoint, private=self._private)
        except AddressInvalid as invalid:
            raise SubscriptionInvalid("endpoint", str(invalid)) from None
        found = Subscription(endpoint, _raw(key), _raw(secret))
        if not is_point(found.key):
            raise SubscriptionInvalid("p256dh", "a point of P-256, 65 bytes")
        if len(found.secret) != SECRET_SIZE:
            raise SubscriptionInvalid("auth", f"{SECRET_SIZE} bytes")
        return found

    async def push(self, notification: Notification, to: Subscription) -> str:
        """See `hub.node.notifying.Notifier`."""
        told = {
            name: value for name, value in msgspec.to_builtins(notification).items() if name not in UNTOLD
        }
        random = self._random_bytes
        body = encrypted(
            msgspec.json.encode(told), to.key, to.secret, private_key(random(32)), random(SALT_SIZE)
        )
        headers = {
            "content-type": "application/octet-stream",
            "content-encoding": "aes128gcm",
            "ttl": str(TTL_S[notification.notice]),
            "urgency": URGENCY[notification.notice],
            "topic": notification.id.removeprefix("ntf_"),
            "authorization": self._identity.authorization(to.endpoint, self._contact, int(self._wall())),
        }
        status = await self._outside.post(to.endpoint, body, headers)
        if isinstance(status, str):
            return status
        return "" if 200 <= status < 300 else GONE if status in (404, 410) else f"status {status}"


def _raw(text: str) -> bytes:
    try:
        return urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except ValueError:
        return b""
