"""A node's doors over the store in memory, on a real port, and a client of the wire to knock at them."""

from __future__ import annotations

import asyncio
import json
import os
import time
from base64 import urlsafe_b64encode
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Self, cast

from aiohttp import ClientSession, ClientWebSocketResponse, WSMsgType
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from hub.keys.anchors import Anchors
from hub.keys.digests import CommandDigest
from hub.keys.keyring import Keyring
from hub.keys.keystore import KeyStore
from hub.keys.positions import Positions
from hub.keys.revocations import RevocationList
from hub.keys.signer import TicketSigner
from hub.keys.wrapped import MemoryKeys
from hub.keys.wrapping import KeyWrap
from hub.node.node import Node, Parts
from hub.node.promise import Node as PromisedNode
from hub.node.room import Room
from hub.store.model import ModelServer, ModelStore
from hub.store.promise import SessionKey
from hub.vault import Folder, Vault
from legato.session.events import Role
from legato.session.proof_key import proof_message
from legato.session.tickets import DEFAULTS, Kind, Ticket
from media.voice.course import Courses
from media.voice.recordings import Recordings
from signaling.admission import Admission
from signaling.app import HALL, DoorKeys, DoorOptions, build_app
from signaling.blob_folder import BlobFolder
from signaling.connection.limits import ConnectionLimits
from signaling.gate import Gate, GateLimits
from signaling.hall import Hall
from signaling.policy import Policy
from signaling.port import Port
from signaling.pushes import Pushes
from signaling.shares import ShareLimits

ANCHORS = Anchors(b"a" * 32)
WAIT_S = 30.0
"""Ends a wait for what does not come. Nothing that is true takes as long, not even on a machine that stands still."""

PATIENT = ConnectionLimits(setup_ms=60_000, silent_beats=100)
"""As they are, but for a hub and its clients in one process that a busy machine lets stand still for seconds: nobody is
gone for that. A test of silence says what is too long."""

KEY = SessionKey("main", "s_1")


def clock() -> int:
    """Monotonic ms."""
    return time.monotonic_ns() // 1_000_000


class Doors:
    """See the module. `url` is where they are."""

    def __init__(self, node: Node, signer: TicketSigner, server: ModelServer, hall: Hall, port: int) -> None:
        self.node = node
        self.signer = signer
        self.server = server
        self.hall = hall
        self.port = port
        self.url = f"http://127.0.0.1:{port}"
        self.revocations = RevocationList()
        self.store: ModelStore
        self.keys: KeyStore
        self.gate: Gate[asyncio.Transport] = Gate(GateLimits())

    def ticket(
        self,
        participant: str = "p_ada",
        role: Role = "user",
        session: str = "s_1",
        *,
        tenant: str = "main",
        more: Iterable[str] = (),
        capabilities: Iterable[str] | None = None,
        kind: Kind = "access",
        life: int = 600,
        id: str = "",
        skills: Iterable[str] | None = None,
    ) -> str:
        """A signed ticket."""
        now = int(time.time())
        allowed = DEFAULTS[role] | set(more) if capabilities is None else capabilities
        return self.signer.mint(
            Ticket(
                kind=kind, tenant=tenant, session=session, participant=participant, role=role,
                capabilities=frozenset(allowed), id=id or f"j_{os.urandom(8).hex()}",
                issued=now, not_before=now, expires=now + life,
                skills=None if skills is None else frozenset(skills),
            )
        )  # fmt: skip

    async def session(self, key: SessionKey = KEY) -> Room:
        """A new session's room, released already."""
        room = await self.node.create(key, "p_boss", {}, "")
        assert isinstance(room, Room)
        self.node.release(room)
        return room


# long: everything that a test may want otherwise
@asynccontextmanager
async def doors(
    *,
    limits: ConnectionLimits = PATIENT,
    policy: Policy | None = None,
    folder: Path | None = None,
    gate: GateLimits | None = None,
    each: ShareLimits | None = None,
    wall: Callable[[], int] = lambda: int(time.time()),
    server: ModelServer | None = None,
    keys: MemoryKeys | None = None,
    name: str = "n1",
    pushes: Pushes | None = None,
    sessions: tuple[SessionKey, ...] = (KEY,),
    admission: Admission | None = None,
) -> AsyncIterator[Doors]:
    """Open doors, with a session behind them."""
    server = server or ModelServer(lambda: int(time.time() * 1000), os.urandom)
    store = ModelStore(server, lambda callback: asyncio.get_running_loop().call_soon(callback))
    keystore = KeyStore(keys or MemoryKeys(), KeyWrap([bytes(32)]), clock)
    revocations = RevocationList()
    signer = TicketSigner(Keyring.development(b"s" * 32), revocations)
    sockets: Gate[asyncio.Transport] = Gate(gate or GateLimits(header_ms=PATIENT.setup_ms))
    blobs = None if folder is None else BlobFolder(folder / "blobs")
    vault = None if folder is None else Vault(Folder(folder / "vault"))

    async def erased(key: SessionKey) -> None:
        if blobs is not None:
            await asyncio.to_thread(blobs.erase, key)

    async with Node(
        Parts(
            name,
            store,
            keystore,
            ANCHORS,
            CommandDigest(b"d" * 32),
            clock,
            os.urandom,
            vault=vault,
            erased=erased,
        )
    ) as node:
        app = build_app(
            cast("PromisedNode", node),
            DoorKeys(
                signer=signer,
                positions=Positions(b"p" * 32),
                sealers=keystore,
                revocations=revocations,
                anchors=ANCHORS,
            ),
            DoorOptions(
                store=store,
                policy=policy or Policy(),
                limits=limits,
                each=each or ShareLimits(),
                nodes=("https://hub.example",),
                vault=vault,
                blobs=blobs,
                recordings=None if vault is None else Recordings(store, vault, keystore),
                courses=None if vault is None else Courses(store, vault, keystore),
                pushes=pushes,
                admission=admission or Admission(),
                expose=node.metrics.expose,
                crowded=lambda: sockets.crowded,
                wall=wall,
            ),
        )
        async with Port(app, sockets, clock) as port:
            here = Doors(node, signer, server, app[HALL], await port.listen("127.0.0.1", 0))
            here.revocations, here.gate = revocations, sockets
            here.store, here.keys = store, keystore
            for key in sessions:
                await here.session(key)
            yield here


class ClientKey:
    """A client's own key."""

    def __init__(self) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())

    @property
    def jwk(self) -> dict[str, str]:
        """Its public half."""
        numbers = self._key.public_key().public_numbers()
        return {"kty": "EC", "crv": "P-256", "x": _text(numbers.x), "y": _text(numbers.y)}

    def proof(self, nonce: str) -> str:
        """Its signature for a nonce."""
        r, s = decode_dss_signature(self._key.sign(proof_message(nonce), ec.ECDSA(hashes.SHA256())))
        return urlsafe_b64encode(r.to_bytes(32) + s.to_bytes(32)).rstrip(b"=").decode()


def _text(number: int) -> str:
    return urlsafe_b64encode(number.to_bytes(32)).rstrip(b"=").decode()


class Page:
    """A client on a WebSocket. `got` is every envelope that came."""

    def __init__(self, socket: ClientWebSocketResponse) -> None:
        self.socket = socket
        self.got: list[dict[str, Any]] = []
        self._fresh: list[dict[str, Any]] = []
        self.sequence = 0

    @classmethod
    @asynccontextmanager
    async def at(cls, here: Doors, **headers: str) -> AsyncIterator[Self]:
        """A page that has opened its socket and said nothing."""
        async with (
            ClientSession(headers=headers) as client,
            client.ws_connect(f"{here.url}/v1/connect", protocols=("legato.1",), compress=0) as socket,
        ):
            yield cls(socket)

    @classmethod
    @asynccontextmanager
    async def attached(cls, here: Doors, participant: str = "p_ada", **more: Any) -> AsyncIterator[Self]:
        """A page that has attached."""
        async with cls.at(here) as page:
            await page.attach(here.ticket(participant), **more)
            yield page

    async def send(self, envelope: object) -> None:
        """Send an envelope, or (text) whatever that is."""
        await self.socket.send_str(envelope if isinstance(envelope, str) else json.dumps(envelope))

    async def attach(self, ticket: str, **more: Any) -> dict[str, Any]:
        """Attach, and wait for the answer."""
        first = {"type": "attach", "v": 1, "ticket": ticket, "producer": "w_1", **more}
        await self.send(first)
        return await self.until("attached")

    async def post(self, text: str, message: str = "") -> int:
        """Say something; the batch's sequence."""
        self.sequence += 1
        part = {"text": text}
        command = {"type": "post_message", "message": message or f"m_{os.urandom(6).hex()}", "parts": [part]}
        await self.send({"type": "do", "seq": self.sequence, "commands": [command]})
        return self.sequence

    async def until(
        self, kind: str, match: Callable[[dict[str, Any]], bool] = lambda _: True
    ) -> dict[str, Any]:
        """The next envelope of that type (that matches), each given once; others stay for later."""
        while True:
            for envelope in self._fresh:
                if envelope["type"] == kind and match(envelope):
                    self._fresh.remove(envelope)
                    return envelope
            await self.next()

    async def told(self, kind: str) -> dict[str, Any]:
        """The first event of that type that comes live."""
        while True:
            for event in self.events():
                if event["type"] == kind:
                    return event
            await self.next()

    async def acked(self, sequence: int) -> None:
        """Wait for the acknowledgement of a batch."""
        await self.until("acks", lambda envelope: any(each[0] == sequence for each in envelope["acks"]))

    async def next(self) -> dict[str, Any]:
        """The next envelope. Fails when the connection closes instead."""
        message = await asyncio.wait_for(self.socket.receive(), WAIT_S)
        assert message.type is WSMsgType.TEXT, f"closed with {self.socket.close_code}: {self.got[-1:]}"
        envelope: dict[str, Any] = json.loads(message.data)
        self.got.append(envelope)
        self._fresh.append(envelope)
        return envelope

    async def closed(self) -> int:
        """Read to the end: the close code. What came stays in `got`."""
        while True:
            message = await asyncio.wait_for(self.socket.receive(), WAIT_S)
            if message.type is not WSMsgType.TEXT:
                return int(self.socket.close_code or 0)
            self.got.append(json.loads(message.data))

    def events(self) -> list[dict[str, Any]]:
        """Every event that came live."""
        return [event for each in self.got if each["type"] == "events" for event in each["events"]]
