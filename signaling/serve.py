"""The composition root: one node with its store, keys, doors and sound, served until it is told to stop.

Start: keys, store, node, doors, and last the socket, so that whoever connects is served. Stop (SIGTERM, or
standard input closed by a supervisor that died): drain, close the socket, let go.
"""

from __future__ import annotations

import asyncio
import logging
import random
import secrets
import signal
import socket
import ssl
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from ipaddress import ip_address
from pathlib import Path
from typing import Final

from aiohttp import web

from hub.keys.anchors import Anchors
from hub.keys.digests import CommandDigest
from hub.keys.embedded import embedded_key_store
from hub.keys.hub_secrets import HubSecrets, hub_secrets
from hub.keys.keyring import Keyring, configured_keyring
from hub.keys.keystore import KeyStore
from hub.keys.revocations import RevocationList
from hub.keys.signer import TicketSigner
from hub.node.node import Node, Parts
from hub.settings import Settings
from hub.store.embedded import EmbeddedStore
from hub.store.embedded import Options as EmbeddedOptions
from hub.store.endpoint import Endpoint
from hub.store.fitness import examine
from hub.store.promise import Level
from hub.store.real import RealStore
from legato.session.ids import new_id
from signaling.app import DoorKeys, DoorOptions, build_app
from signaling.policy import Policy, networks

log: Final = logging.getLogger("legato.serve")
DRAIN_S: Final = 30.0


class Misconfigured(Exception):
    """The hub refuses to start; the text says why and what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ServeOptions:
    """What an operator chooses. `redis` empty: the embedded store in `data`. `sockets`: descriptors of listening
    TCP sockets handed down by a supervisor. `advertise`: addresses that calls are told (default: `host`)."""

    host: str = "127.0.0.1"
    port: int = 8080
    data: Path = field(default_factory=lambda: Path(".legato"))
    redis: str = ""
    accept_store: str = ""
    synced: bool = False
    advertise: tuple[str, ...] = ()
    udp_port: int = 0
    certificate: Path | None = None
    certificate_key: Path | None = None
    origins: tuple[str, ...] = ()
    proxies: tuple[str, ...] = ()
    sockets: tuple[int, ...] = ()
    environment: dict[str, str] = field(default_factory=dict)
    settings: Settings = field(default_factory=Settings)

    @property
    def loopback(self) -> bool:
        """Whether only this machine can reach the hub."""
        if self.host == "localhost":
            return True
        try:
            return ip_address(self.host).is_loopback
        except ValueError:
            return False


@dataclass(frozen=True, slots=True)
class House:
    """What stands while the node runs."""

    node: Node
    store: RealStore
    keys: KeyStore
    secrets: HubSecrets
    keyring: Keyring
    development: bool
    level: Level


def monotonic_ms() -> int:
    """This process's clock."""
    return time.monotonic_ns() // 1_000_000


@asynccontextmanager
async def opened_house(options: ServeOptions) -> AsyncIterator[House]:
    """Keys, store and node, wired. Raises `Misconfigured`, and what the rooms raise when they cannot start."""
    async with AsyncExitStack() as stack:
        options.data.mkdir(parents=True, exist_ok=True)
        keys = await stack.enter_async_context(embedded_key_store(options.data, monotonic_ms))
        held = await hub_secrets(keys)
        keyring, development = configured_keyring(
            options.environment, loopback=options.loopback, development=held.development
        )
        endpoint, level = await _store(options, stack)
        store = await RealStore.open(
            endpoint, level=level, random_bytes=secrets.token_bytes, random=random.random
        )
        stack.push_async_callback(store.close)
        parts = Parts(
            name=new_id("n", secrets.token_bytes),
            store=store,
            keys=keys,
            anchors=Anchors(held.anchor),
            digests=CommandDigest(held.digest),
            now=monotonic_ms,
            random_bytes=secrets.token_bytes,
            settings=options.settings,
        )
        node = await stack.enter_async_context(Node(parts))
        yield House(node, store, keys, held, keyring, development, level)


async def _store(options: ServeOptions, stack: AsyncExitStack) -> tuple[Endpoint, Level]:
    if options.redis:
        endpoint = Endpoint.from_url(options.redis)
        fitness = await examine(endpoint, options.accept_store)
        for warning in fitness.warnings:
            log.warning(warning)
        return endpoint, fitness.level
    embedded = await EmbeddedStore.start(
        EmbeddedOptions(options.data, synced=options.synced), random=random.random
    )
    stack.push_async_callback(embedded.close)
    return embedded.endpoint, embedded.level


def doors(house: House, options: ServeOptions) -> web.Application:
    """The application of this node's doors."""
    policy = Policy(frozenset(options.origins), proxies=networks(options.proxies))
    revocations = RevocationList()
    keys = DoorKeys(signer=TicketSigner(house.keyring, revocations), revocations=revocations)
    return build_app(house.node, keys, DoorOptions(level=house.level, policy=policy))


async def serve(
    options: ServeOptions, furnish: Callable[[web.Application, House], None] | None = None
) -> None:
    """Run one node until SIGTERM, SIGINT or the end of standard input. `furnish` may add to the doors."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    async with opened_house(options) as house:
        if house.development:
            log.warning("no key configured: a development key signs tickets, on loopback only")
        app = doors(house, options)
        if furnish is not None:
            furnish(app, house)
        runner = web.AppRunner(app, access_log=None, handle_signals=False, shutdown_timeout=5)
        await runner.setup()
        try:
            for site in _sites(runner, options):
                await site.start()
            host, port = runner.addresses[0][:2]
            scheme = "https" if options.certificate else "http"
            shown = f"[{host}]" if ":" in str(host) else host
            print(f"ready {scheme}://{shown}:{port}", flush=True)
            await stop.wait()
            async with asyncio.timeout(DRAIN_S):
                await house.node.drain()
        finally:
            await runner.cleanup()


def _sites(runner: web.AppRunner, options: ServeOptions) -> list[web.BaseSite]:
    context = _tls(options)
    if options.sockets:
        handed = [socket.socket(fileno=number) for number in options.sockets]
        return [web.SockSite(runner, each, ssl_context=context, backlog=4096) for each in handed]
    return [web.TCPSite(runner, options.host, options.port, ssl_context=context, backlog=4096)]


def _tls(options: ServeOptions) -> ssl.SSLContext | None:
    if options.certificate is None:
        return None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    try:
        context.load_cert_chain(options.certificate, options.certificate_key)
    except OSError as problem:
        raise Misconfigured(f"the TLS certificate cannot be read: {problem.strerror}") from None
    return context


def listening_socket(host: str, port: int) -> socket.socket:
    """A bound, listening TCP socket that children may inherit. Raises `Misconfigured` if the port is taken."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    bound = socket.socket(family, socket.SOCK_STREAM)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        bound.bind((host, port))
    except OSError as problem:
        bound.close()
        raise Misconfigured(
            f"port {port} on {host} cannot be had ({problem.strerror}): choose another with --port"
        ) from None
    bound.listen(4096)
    bound.setblocking(False)
    bound.set_inheritable(True)
    return bound


def wait_for_go() -> None:
    """A spare blocks here, imported and warm, until its supervisor needs it; it ends if the supervisor does."""
    if not sys.stdin.buffer.readline():
        sys.exit(0)
