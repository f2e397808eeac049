"""The doors of one node, put together: an `aiohttp.web.Application` that a composition root serves.

    app = build_app(node, keys, options)
    async with node, app_of(app): …

It owns the hall (every connection) and what the hall needs; node, store and keys are the caller's.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from os import urandom
from typing import Any, Final

from aiohttp import web

from hub.keys.anchors import Anchors
from hub.keys.positions import Positions
from hub.keys.revocations import RevocationList
from hub.keys.signer import Signer
from hub.node.entries import Keys
from hub.node.promise import Node
from hub.store.promise import Level, Store
from hub.vault import Vault
from legato.session.ids import RandomBytes
from media.voice.course import Courses
from media.voice.recordings import Recordings
from signaling.admission import Admission
from signaling.archive import Archive
from signaling.blob_folder import BlobFolder
from signaling.connection.limits import DEFAULT, ConnectionLimits
from signaling.connection.line import Line, Sounds
from signaling.connection.websocket import serve_socket
from signaling.doorkeeper import Doorkeeper, Keeping
from signaling.hall import SWEEP_S, Furnishing, Hall, call_soon
from signaling.holders import HoldersInStore
from signaling.http.access import Access
from signaling.http.audits import Audits
from signaling.http.blobs import Blobs
from signaling.http.board import Board
from signaling.http.calling import Calling
from signaling.http.earlier import Earlier
from signaling.http.feed import Feed
from signaling.http.guard import PEER, guard
from signaling.http.openapi import serve_description
from signaling.http.operators import Roster
from signaling.http.pushing import Pushing
from signaling.http.recording import Recording
from signaling.http.routes import Route, add_routes
from signaling.http.sessions import Sessions
from signaling.http.spending import Spending
from signaling.http.streams import Streams
from signaling.http.tickets import Tickets
from signaling.http.watch import Watch
from signaling.policy import Policy
from signaling.pushes import Pushes
from signaling.revoking import Revoking
from signaling.shares import ShareLimits, Shares
from signaling.staff import Staff
from signaling.turnstile import Turnstile
from signaling.voice.calls import Calls

HALL: Final = web.AppKey("hall", Hall)
REVOKING: Final = web.AppKey("revoking", Revoking)


class NoSound:
    """A hub without sound: what is said about it is not understood."""

    captures = False

    def sound(self, line: Line, what: Any) -> None:
        """Nothing listens."""

    def ended(self, line: Line) -> None:
        """Nothing to end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DoorKeys:
    """Who signs, who writes positions, who opens what is sealed, what was called back, and who knows anchors."""

    signer: Signer
    positions: Positions
    sealers: Keys
    revocations: RevocationList
    anchors: Anchors


@dataclass(frozen=True, slots=True, kw_only=True)
class DoorOptions:
    """How the doors behave. `now`: monotonic ms; `wall`: seconds UTC; `nodes`: addresses told to clients.
    `crowded` says whether the sockets are nearly used up, or callers not heard; `expose` is what `/metrics` says."""

    store: Store
    vault: Vault | None = None
    level: Level = "buffered"
    calls: Calls | None = None
    pushes: Pushes | None = None
    recordings: Recordings | None = None
    courses: Courses | None = None
    blobs: BlobFolder | None = None
    crowded: Callable[[], bool] = lambda: False
    expose: Callable[[], bytes] = lambda: b""
    policy: Policy = field(default_factory=Policy)
    limits: ConnectionLimits = DEFAULT
    each: ShareLimits = field(default_factory=ShareLimits)
    nodes: Sequence[str] = ()
    sounds: Sounds = field(default_factory=NoSound)
    admission: Admission = field(default_factory=Admission)
    last: Callable[[Callable[[], None]], object] = call_soon
    now: Callable[[], int] = lambda: time.monotonic_ns() // 1_000_000
    wall: Callable[[], int] = lambda: int(time.time())
    random_bytes: RandomBytes = urandom


def build_app(node: Node, keys: DoorKeys, options: DoorOptions) -> web.Application:
    """The application. Its hall is `app[HALL]`."""
    shares = Shares(options.each, options.now)
    hall = hall_of(node, keys, options, shares)
    app = web.Application(middlewares=[guard(options.policy)])
    app[HALL] = hall
    app[REVOKING] = revoking = Revoking(options.store, keys.revocations, options.wall)
    access = Access(keys.signer, hall, options.wall, node.refused, shares)
    add_routes(app, _routes(node, keys, options, hall, access, revoking))

    async def connect(request: web.Request) -> web.StreamResponse:
        return await serve_socket(hall, request, request[PEER])

    app.router.add_get("/v1/connect", connect)
    app.cleanup_ctx.append(_sweeping)
    return app


def _routes(
    node: Node, keys: DoorKeys, options: DoorOptions, hall: Hall, access: Access, revoking: Revoking
) -> list[Route]:
    archive = Archive(options.store, keys.sealers, keys.anchors, options.vault)
    roster = Roster(options.store, keys.sealers, options.now)
    board = Board(node, access, archive, roster, options.now)
    watch = Watch(node, hall, options.admission, options.crowded, options.expose)
    routes = [
        *Tickets(access, keys.signer, revoking, options.wall, options.random_bytes).routes(),
        *Calling(access, options.calls).routes(),
        *Pushing(access, keys.sealers, options.pushes).routes(),
        *Streams(hall).routes(),
        *watch.routes(),
        *Spending(access, options.store).routes(),
        *board.routes(),
        *Feed(board, hall, options.now).routes(),
        *Audits(access, archive).routes(),
        *Earlier(node, access, archive).routes(),
    ]
    if options.recordings is not None and options.courses is not None:
        routes += Recording(node, access, options.recordings, options.courses).routes()
    if options.blobs is not None:
        routes += Blobs(node, access, keys.sealers, options.blobs, options.random_bytes).routes()
    routes += Sessions(node, access, archive, keys.positions, options.random_bytes).routes()
    return [*routes, serve_description(routes)]


def hall_of(node: Node, keys: DoorKeys, options: DoorOptions, shares: Shares) -> Hall:
    """All connections of a node, however they come."""
    doorkeeper = Doorkeeper(
        Keeping(
            node=node,
            signer=keys.signer,
            positions=keys.positions,
            holders=HoldersInStore(options.store),
            shares=shares,
            level=options.level,
            wall=options.wall,
            random_bytes=options.random_bytes,
        )
    )
    return Hall(
        Furnishing(
            node=node,
            positions=keys.positions,
            doorkeeper=doorkeeper,
            turnstile=Turnstile(options.admission),
            staff=Staff(node, keys.signer, options.wall, options.random_bytes, list(options.nodes)),
            sounds=options.sounds,
            shares=shares,
            now=options.now,
            random_bytes=options.random_bytes,
            revocations=keys.revocations,
            limits=options.limits,
            nodes=options.nodes,
            push_key="" if options.pushes is None else options.pushes.key,
            last=options.last,
        )
    )


async def _sweeping(app: web.Application) -> AsyncIterator[None]:
    hall, revoking = app[HALL], app[REVOKING]

    async def sweep() -> None:
        while True:
            await asyncio.sleep(SWEEP_S)
            await revoking.learn()
            hall.expel_revoked()

    await revoking.learn()
    task = asyncio.get_running_loop().create_task(sweep())
    yield
    task.cancel()
    await hall.close()
