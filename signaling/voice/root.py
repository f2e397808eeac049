"""The voice of one node, put together: engines, wheel, desk, port, door."""

from __future__ import annotations

import asyncio
import logging
import secrets
import socket
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from os import urandom
from pathlib import Path
from typing import Final

from hub.keys.call_tickets import CallTicket, CallTickets
from hub.keys.certificates import ROTATE_S, Certificates, certificates
from hub.keys.errors import KeysError
from hub.keys.keystore import KeyStore
from hub.keys.revocations import RevocationList
from hub.metrics import Metrics
from hub.node.promise import Node
from hub.store.promise import SessionKey, Store
from hub.vault import Vault
from legato.session.ids import new_id
from media.listener import ListenerOptions
from media.rtc.certificate import DtlsCertificate
from media.speaker import Speaker
from media.voice.course import Courses
from media.voice.desk import Desk
from media.voice.eager import EagerVoice
from media.voice.judges import Judges
from media.voice.prompts import Prompts
from media.voice.recordings import Recordings
from media.voice.sound import Sound
from media.voice.wheel import Wheel
from signaling.voice.call_port import CallPort, CallPortOptions
from signaling.voice.dialling import Keys
from signaling.voice.door import VoiceDoor
from signaling.voice.engines import Engines, engines
from signaling.voice.minding import minding

log: Final = logging.getLogger("legato.voice")

TURN_LOOK_S: Final = 600.0
"""How often a node looks whether the hub's certificate was turned."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VoiceOptions:
    """How a node takes calls. `host` and `port` of its UDP and TCP port (0: the system's choice); `advertise`:
    the IP addresses that answers show (none: that by which this machine reaches others); `ears`, `voice`,
    `turn_model`: see `signaling.voice.engines`."""

    host: str = "127.0.0.1"
    port: int = 0
    advertise: tuple[str, ...] = ()
    ears: str = "auto"
    voice: str = "auto"
    turn_model: Path | None = None


@dataclass(frozen=True, slots=True)
class Keeping:
    """Where sound rests, who seals it, and which tickets were called back."""

    store: Store
    keys: KeyStore
    vault: Vault
    revocations: RevocationList


@dataclass(frozen=True, slots=True)
class NodeVoice:
    """A node's voice at work."""

    door: VoiceDoor
    engines: Engines
    prompts: Prompts
    recordings: Recordings
    courses: Courses


@asynccontextmanager
async def node_voice(
    node: Node,
    keeping: Keeping,
    ice: bytes,
    options: VoiceOptions,
    now: Callable[[], int],
    metrics: Metrics,
) -> AsyncIterator[NodeVoice]:
    """Take calls inside. Raises OSError (the port is taken), `WrongPart`, `KeysError`."""
    async with AsyncExitStack() as stack:
        keys = keeping.keys
        held = await certificates(keys, int(time.time()))
        made = await stack.enter_async_context(engines(options.ears, options.voice, options.turn_model))
        sound, judges = _sound(made, keeping, now)
        port = await _port(held, ice, options, now)
        stack.push_async_callback(port.close)
        await port.start()
        desk = await stack.enter_async_context(Desk(node, sound))
        for work in (judges.run(), _turning(port, keys), minding(port, metrics)):
            task = asyncio.get_running_loop().create_task(work)
            stack.push_async_callback(_ended, task)
        resting = (keeping.store, keeping.vault, keys)
        judged = Keys(
            tickets=CallTickets(ice, urandom),
            ice=ice,
            revoked=keeping.revocations.revoked,
            wall=lambda: int(time.time()),
            random_bits=secrets.randbits,
            misused=partial(_misused, node),
        )
        door = VoiceDoor(desk, port, judged)
        yield NodeVoice(door, made, sound.prompts, Recordings(*resting), Courses(*resting))


def _misused(node: Node, ticket: CallTicket) -> None:
    node.misused(SessionKey(ticket.tenant, ticket.session), ticket.attachment, ticket.participant, "call")


def _sound(made: Engines, keeping: Keeping, now: Callable[[], int]) -> tuple[Sound, Judges]:
    speaker = Speaker(EagerVoice(made.voice)) if made.voice is not None else None
    judges = Judges()
    sound = Sound(
        store=keeping.store,
        keys=keeping.keys,
        vault=keeping.vault,
        wheel=Wheel(now),
        ears=made.ears,
        speaker=speaker,
        prompts=Prompts(speaker),
        now=now,
        new_id=lambda prefix: new_id(prefix, urandom),
        listener=ListenerOptions(judge=judges.take, endings=made.endings),
    )
    return sound, judges


async def _port(held: Certificates, ice: bytes, options: VoiceOptions, now: Callable[[], int]) -> CallPort:
    former = held.previous
    return CallPort(
        CallPortOptions(
            secret=ice,
            certificate=await asyncio.to_thread(DtlsCertificate, held.current),
            former=None if former is None else await asyncio.to_thread(DtlsCertificate, former),
            next=await asyncio.to_thread(DtlsCertificate, held.next),
            advertise=options.advertise or (await asyncio.to_thread(own_address),),
            clock=now,
            host=options.host,
            port=options.port,
        )
    )


def own_address() -> str:
    """The address by which this machine reaches others; loopback if it reaches none. Sends nothing."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))
        except OSError:
            return "127.0.0.1"
        return str(probe.getsockname()[0])


async def _turning(port: CallPort, keys: KeyStore) -> None:
    """New calls get the hub's current certificate."""
    while True:
        await asyncio.sleep(min(TURN_LOOK_S, ROTATE_S))
        try:
            held = await certificates(keys, int(time.time()))
        except KeysError:
            log.warning("the hub's certificates could not be read")
            continue
        if held.current.fingerprint != port.certificates.current.fingerprint:
            current, following = await asyncio.gather(
                *(asyncio.to_thread(DtlsCertificate, one) for one in (held.current, held.next))
            )
            port.certificates.turn(current, following)


async def _ended(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.wait((task,))
