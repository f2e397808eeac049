"""The secrets that all nodes of a hub share; each is made by whichever node needs it first."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from hub.keys.keystore import KeyStore

SECRET_SIZE: Final = 32


@dataclass(frozen=True, slots=True, repr=False)
class HubSecrets:
    """Six independent secrets of 32 bytes.

    `anchor`: HMACs of snapshots. `digest`: keyed digests of commands. `ice`: passwords of ICE user names.
    `position`: HMACs of positions on the wire. `push`: of which the key for push
    services is made. `development`: signs tickets on loopback when no key is configured.
    """

    anchor: bytes
    digest: bytes
    ice: bytes
    position: bytes
    push: bytes
    development: bytes


async def hub_secrets(store: KeyStore, random_bytes: Callable[[int], bytes] = os.urandom) -> HubSecrets:
    """The hub's secrets; the same for every node on one key store."""

    async def secret(name: str) -> bytes:
        return await store.secret(name, lambda: random_bytes(SECRET_SIZE))

    return HubSecrets(
        anchor=await secret("anchor"),
        digest=await secret("digest"),
        ice=await secret("ice"),
        position=await secret("position"),
        push=await secret("push"),
        development=await secret("development-ticket"),
    )
