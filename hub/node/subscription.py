"""Where a browser is told by Web Push, and how it rests in a log: sealed, so that nobody but the hub reads it there.

Who knows an endpoint could tell one browser from all others, in every session it is in. It is sealed under the
session's key, for its participant and its own name: it opens nowhere else, and is gone with the session.
"""

from __future__ import annotations

import hashlib
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Final

import msgspec

from hub.keys import places
from hub.keys.errors import SealBroken
from hub.keys.places import Place
from hub.keys.sealing import Sealer
from legato.session.away_rules import PUSH

_VERSION: Final = 1


class Subscription(msgspec.Struct, frozen=True):
    """A push service's address for one browser, that browser's P-256 key (65 bytes, X9.62 uncompressed) and its
    authentication secret (16 bytes): RFC 8030 and RFC 8291."""

    endpoint: str
    key: bytes
    secret: bytes


def name_of(participant: str, subscription: Subscription) -> str:
    """The same browser of the same participant has the same name."""
    said = f"{participant} {subscription.endpoint}".encode()
    return PUSH + hashlib.sha256(said).hexdigest()[:32]


def sealed(sealer: Sealer, participant: str, name: str, subscription: Subscription) -> str:
    """As it rests in a log."""
    return urlsafe_b64encode(
        sealer.seal(_place(participant, name), msgspec.msgpack.encode(subscription))
    ).decode()


def opened(sealer: Sealer, participant: str, name: str, text: str) -> Subscription:
    """What `sealed` was given. Raises `SealBroken`."""
    try:
        raw = urlsafe_b64decode(text)
    except ValueError:
        raise SealBroken("text") from None
    return msgspec.msgpack.decode(sealer.open(_place(participant, name), raw), type=Subscription)


def _place(participant: str, name: str) -> Place:
    return places.record(f"push {participant} {name}", _VERSION)
