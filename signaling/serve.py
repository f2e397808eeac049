"""The composition root of one node: from options to an open port, and back.

Start: keys, tickets' keyring (none off loopback: it does not start), store, node, doors, port, and only then
`ready`. Stop (SIGTERM): not ready any more, everybody is told where to go, those who have not gone after `drain_s`
are closed, the node settles what is in flight, and everything closes in the opposite order.
"""

from __future__ import annotations

import asyncio
import logging
import os
import resource
import secrets
import signal
import ssl
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from random import SystemRandom
from typing import Final, cast

from aiohttp import web

from hub.keys.anchors import Anchors
from hub.keys.digests import CommandDigest
from hub.keys.embedded import embedded_key_store
from hub.keys.hub_secrets import HubSecrets, hub_secrets
from hub.keys.keyring import Keyring, configured_keyring
from hub.keys.keystore import KeyStore
from hub.keys.positions import Positions
from hub.keys.push import PushIdentity
from hub.keys.revocations import RevocationList
from hub.keys.signer import TicketSigner
from hub.node.node import Node, Parts
from hub.node.promise import Node as PromisedNode
from hub.pass_end import PassEnd
from hub.store.embedded import EmbeddedStore
from hub.store.embedded import Options as EmbeddedOptions
from hub.store.endpoint import Endpoint
from hub.store.fitness import examine, require_synced
from hub.store.promise import Level
from hub.store.real import RealStore
from hub.store.share import fair_share_mb, machine_mb
from hub.vault import Vault
from hub.vault.folder import Folder
from signaling.accepted_store import keep_accepted
from signaling.admission import Admission
from signaling.app import HALL, DoorKeys, DoorOptions, build_app
from signaling.blob_folder import BlobFolder
from signaling.callees import Callees
from signaling.collecting import collect_seldom
from signaling.draining import drain
from signaling.gate import Gate, GateLimits
from signaling.hall import Hall
from signaling.options import Options
from signaling.outside import Outside
from signaling.port import Port
from signaling.pulse import beating
from signaling.pushes import Pushes
from signaling.targets import Named, Targets
from signaling.telling import Telling
from signaling.voice.root import Keeping, NodeVoice, node_voice
from signaling.webhooks import Webhooks

log: Final = logging.getLogger("legato.serve")


def monotonic_ms() -> int:
    """This process's clock."""
    return time.monotonic_ns() // 1_000_000


@dataclass(frozen=True, slots=True)
class Serving:
    """A node that serves. `url` is where; `app` may be looked into; `signer` mints its tickets."""

    url: str
    port: int
    node: Node
    app: web.Application
    hall: Hall
    keys: KeyStore
    secrets: HubSecrets
    signer: TicketSigner
    revocations: RevocationList
    store: RealStore
    options: Options
    voice: NodeVoice


@asynccontextmanager
async def serving(options: Options, dress: Callable[[Serving], None] | None = None) -> AsyncIterator[Serving]:
    """Serve inside. `dress` is called before the port opens (voice and pages are added there).

    Raises `OptionsInvalid`, `KeysError` (`KeyringMissing` off loopback), `StoreUnfit`, `StoreUnavailable`,
    `EmbeddedStoreFailed`, `OSError` (the port is taken).
    """
    async with AsyncExitStack() as stack:
        keys = await stack.enter_async_context(embedded_key_store(options.data / "keys", monotonic_ms))
        known = await hub_secrets(keys)
        ring = await _ring(options, known)
        revocations = RevocationList()
        signer = TicketSigner(ring, revocations)
        store, level = await opened_store(options, stack, options.store_memory or fair_share_mb(machine_mb()))
        await asyncio.to_thread(keep_accepted, options.data, options.accept_store if options.redis else "")
        pushes = _pushes(options, known, stack)
        others = await asyncio.to_thread(options.named_targets)
        notifier = _notifier(options, others, pushes, stack)
        callees = Callees(await asyncio.to_thread(options.callees), time.time)
        stack.push_async_callback(callees.close)
        node = await stack.enter_async_context(_node(options, store, keys, known, notifier, callees))
        # A node takes the rooms it made itself; the promise cannot say so.
        promised = cast("PromisedNode", node)
        voice = await stack.enter_async_context(_voice(options, node, store, keys, known, revocations))
        descriptors = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
        gate: Gate[asyncio.Transport] = Gate(GateLimits.within(descriptors, options.each_address))
        doors = replace(_doors(options, store, level, node, voice, gate), pushes=pushes)
        door_keys = DoorKeys(
            signer=signer,
            positions=Positions(known.position),
            sealers=keys,
            revocations=revocations,
            anchors=Anchors(known.anchor),
        )
        app = build_app(promised, door_keys, doors)
        port = Port(app, gate, monotonic_ms)
        serving = Serving(
            "", 0, node, app, app[HALL], keys, known, signer, revocations, store, options, voice
        )
        if dress is not None:
            dress(serving)
        await stack.enter_async_context(port)
        tls = await asyncio.to_thread(_tls, options)
        number = await port.listen(options.host, options.port, tls, options.socket)
        yield _at(serving, options.url(number), number)


def _doors(
    options: Options,
    store: RealStore,
    level: Level,
    node: Node,
    voice: NodeVoice,
    gate: Gate[asyncio.Transport],
) -> DoorOptions:
    return DoorOptions(
        store=store,
        vault=opened_vault(options),
        level=level,
        policy=options.policy,
        each=options.each,
        nodes=options.advertise,
        admission=Admission(),
        blobs=_blobs(options),
        crowded=lambda: gate.crowded or voice.door.port.full,
        expose=node.metrics.expose,
        last=node.pass_end.last,
        now=monotonic_ms,
        calls=voice.door,
        recordings=voice.recordings,
        courses=voice.courses,
        sounds=voice.door,
    )


async def serve(options: Options, dress: Callable[[Serving], None] | None = None) -> None:
    """Serve until SIGTERM or SIGINT, then drain. Says `ready URL` on standard output once it is."""
    told = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, told.set)
    async with serving(options, dress) as here, beating():
        collect_seldom()
        print(f"ready {here.url}", flush=True)
        log.info("ready", extra={"url": here.url, "node": here.node.name, "pid": os.getpid()})
        await told.wait()
        await drain(here.hall, here.node, here.options.drain_s)


def _at(serving: Serving, url: str, port: int) -> Serving:
    return Serving(
        url, port, serving.node, serving.app, serving.hall, serving.keys, serving.secrets, serving.signer,
        serving.revocations, serving.store, serving.options, serving.voice,
    )  # fmt: skip


async def _ring(options: Options, known: HubSecrets) -> Keyring:
    ring, development = await asyncio.to_thread(
        lambda: configured_keyring(os.environ, loopback=options.loopback, development=known.development)
    )
    if development:
        log.warning("tickets are signed with a development key: only this machine should reach the hub")
    return ring


async def opened_store(
    options: Options, stack: AsyncExitStack, memory_mb: int | None = None
) -> tuple[RealStore, Level]:
    """The store that the options name, open for as long as the stack, and what its acknowledgements promise. An
    embedded one may take `memory_mb` from now on (None: what it had)."""
    random = SystemRandom().random
    level: Level
    if options.redis:
        endpoint = Endpoint.from_url(options.redis)
        fitness = await examine(endpoint, options.accept_store)
        for warning in fitness.warnings:
            log.warning("about the store", extra={"detail": warning})
        level = fitness.level
        if options.synced:
            require_synced(level)
    else:
        embedded = await EmbeddedStore.start(
            EmbeddedOptions(options.data / "store", options.synced, memory_mb), random=random
        )
        stack.push_async_callback(embedded.close)
        endpoint, level = embedded.endpoint, embedded.level
    store = await RealStore.open(endpoint, level=level, random_bytes=os.urandom, random=random)
    stack.push_async_callback(store.close)
    return store, level


def _notifier(
    options: Options, others: Sequence[Named], pushes: Pushes | None, stack: AsyncExitStack
) -> Telling:
    webhooks = None
    if options.webhook:
        private = options.webhook_private
        webhooks = Webhooks(options.webhook, options.webhook_secret, time.time, private=private)
        stack.push_async_callback(webhooks.close)
    named = Targets(others)
    stack.push_async_callback(named.close)
    return Telling(webhooks, pushes, named)


def _pushes(options: Options, known: HubSecrets, stack: AsyncExitStack) -> Pushes | None:
    if not options.push_contact:
        return None
    outside = Outside(private=options.push_private)
    stack.push_async_callback(outside.close)
    return Pushes(
        PushIdentity(known.push),
        options.push_contact,
        outside,
        time.time,
        os.urandom,
        private=options.push_private,
    )


def _node(
    options: Options,
    store: RealStore,
    keys: KeyStore,
    known: HubSecrets,
    notifier: Telling,
    callees: Callees,
) -> Node:
    pass_end = PassEnd(asyncio.get_running_loop().call_soon)
    store.gather(pass_end)
    return Node(
        Parts(
            name=options.name or f"n_{secrets.token_hex(4)}",
            store=store,
            keys=keys,
            anchors=Anchors(known.anchor),
            digests=CommandDigest(known.digest),
            now=monotonic_ms,
            random_bytes=os.urandom,
            settings=options.settings,
            vault=opened_vault(options),
            erased=lambda key: asyncio.to_thread(_blobs(options).erase, key),
            pass_end=pass_end,
            notifier=notifier,
            caller=callees,
        )
    )


def _blobs(options: Options) -> BlobFolder:
    return BlobFolder(options.data / "blobs")


def _voice(
    options: Options,
    node: Node,
    store: RealStore,
    keys: KeyStore,
    known: HubSecrets,
    revocations: RevocationList,
) -> AbstractAsyncContextManager[NodeVoice]:
    keeping = Keeping(store, keys, opened_vault(options), revocations)
    promised, sound = cast("PromisedNode", node), options.voice_options
    return node_voice(promised, keeping, known.ice, sound, monotonic_ms, node.metrics)


def opened_vault(options: Options) -> Vault:
    """Where segments of log and audio rest before they are trimmed."""
    return Vault(Folder(options.data / "vault"))


def _tls(options: Options) -> ssl.SSLContext | None:
    if options.tls_cert is None or options.tls_key is None:
        return None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(options.tls_cert, options.tls_key)
    return context
