"""Records at the edge of a client: what really crossed its socket, and what its program then held.

    async with legato.Client(url, ticket=…, http=RecordedHttp(http, recorder)) as client:
        watch(client, recorder)

Nothing here decides anything; the client is the real one. The agent's process is recorded the same way
(`tests/support/recorded_agent`).
"""

from __future__ import annotations

import json
import struct
from base64 import urlsafe_b64decode
from collections import defaultdict
from collections.abc import AsyncIterator, Sequence
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Final, NamedTuple, cast

import aiohttp

from legato.session.state import encode_state
from legato.wire.carried import OPENS, TEXT, BadCarried, Piece, decode_carried
from tests.checker.history import Recorder, canonical, command_content

if TYPE_CHECKING:
    import legato

PASSING: Final = frozenset(
    {"sequence_gap", "resume_first", "too_fast", "overloaded", "unavailable", "lost_race"}
)
SAMPLED: Final = 8
"""While words stream, every so many states are digested: at each, it is the digests that cost."""

_POSITION: Final = struct.Struct(">B8sQ8s")
BODY: Final = 34
"""Characters of a position, before those of its code."""


class Place(NamedTuple):
    """A position, taken apart."""

    epoch: str
    offset: int
    check: str


def place_of(position: str) -> Place:
    """Take a position apart (the layout of PROTOCOL.md §2, read a second time); its code is the hub's affair."""
    if not position:
        return Place("", 0, "")
    _, epoch, offset, check = _POSITION.unpack(urlsafe_b64decode(position[:BODY] + "=="))
    return Place(epoch.hex(), offset, check.hex())


class Tap:
    """One socket's two directions."""

    def __init__(self, recorder: Recorder) -> None:
        self._recorder = recorder
        self._who: dict[str, Any] = {}
        self._place = Place("", 0, "")

    def up(self, raw: str) -> None:
        """An envelope goes to the hub."""
        envelope = json.loads(raw)
        if envelope["type"] in ("attach", "resume"):
            self._who = {"producer": envelope["producer"]}
        elif envelope["type"] == "do":
            commands = envelope["commands"]
            self._append(
                "invoke",
                envelope["seq"],
                sha256=canonical(commands),
                contents=[command_content(each) for each in commands],
            )

    def down(self, raw: str) -> None:
        """An envelope came from the hub."""
        envelope = json.loads(raw)
        handler = getattr(self, f"_{envelope['type']}", None)
        if handler is not None:
            handler(envelope)

    def _append(self, kind: Any, seq: int, **fields: Any) -> None:
        self._recorder.write(kind, "append", pseq=seq, epoch=self._place.epoch, **self._who, **fields)

    def _moved(self, op: str, envelope: dict[str, Any], **fields: Any) -> None:
        self._place = place_of(envelope["position"])
        self._recorder.write("ok", op, **self._place._asdict(), **self._who, **fields)

    def _attached(self, envelope: dict[str, Any]) -> None:
        self._who |= {
            "session": envelope["session"],
            "actor": envelope["participant"],
            "pepoch": envelope["producer"]["epoch"],
        }
        whole = "snapshot" if envelope.get("snapshot") else ""
        brought = len(envelope.get("events", []))
        self._moved("attached", envelope, count=brought, reason=whole, pseq=envelope["producer"]["last"])

    def _events(self, envelope: dict[str, Any]) -> None:
        self._place = place_of(envelope["position"])
        for event in envelope["events"]:
            self._recorder.write(
                "ok",
                "deliver",
                epoch=self._place.epoch,
                offset=event["offset"],
                sha256=canonical(event),
                **self._who,
            )

    def _snapshot(self, envelope: dict[str, Any]) -> None:
        self._moved("snapshot", envelope)

    def _discontinuity(self, envelope: dict[str, Any]) -> None:
        lost = {name: envelope[name] for name in ("lost_from", "lost_to")}
        self._moved("discontinuity", envelope, **lost)

    def _acks(self, envelope: dict[str, Any]) -> None:
        for seq, first, count in envelope["acks"]:
            self._append("ok", seq, offset=first, count=count, ack_level=envelope["level"])

    def _refused(self, envelope: dict[str, Any]) -> None:
        kind = "info" if envelope["reason"] in PASSING else "fail"
        self._append(kind, envelope["seq"], reason=envelope["reason"])


class RecordedSocket:
    """A WebSocket that tells taps what crosses it: one of its own, and one for each session that it carries."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse, recorder: Recorder) -> None:
        self._socket, self._tap = socket, Tap(recorder)
        self._channels = defaultdict[int, Tap](lambda: Tap(recorder))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._socket, name)

    async def send_str(self, data: str) -> None:
        """Written down before it is sent: an answer cannot come before its question."""
        self._tap.up(data)
        await self._socket.send_str(data)

    async def send_bytes(self, data: bytes) -> None:
        """As `send_str`, on channels."""
        for piece in _pieces(data):
            if piece.what in (OPENS, TEXT):
                self._channels[piece.channel].up(piece.envelope.decode())
        await self._socket.send_bytes(data)

    async def __aiter__(self) -> AsyncIterator[aiohttp.WSMessage]:
        async for message in self._socket:
            if message.type is aiohttp.WSMsgType.TEXT:
                self._tap.down(message.data)
            elif message.type is aiohttp.WSMsgType.BINARY:
                for piece in _pieces(message.data):
                    if piece.what == TEXT:
                        self._channels[piece.channel].down(piece.envelope.decode())
            yield message


def _pieces(data: bytes) -> list[Piece]:
    """What channels say in a binary envelope; nothing in one of sound."""
    try:
        return decode_carried(data)
    except BadCarried:
        return []


class RecordedHttp:
    """Stands where a client's `aiohttp.ClientSession` stands."""

    def __init__(self, http: aiohttp.ClientSession, recorder: Recorder) -> None:
        self._http, self._recorder = http, recorder

    async def ws_connect(self, url: str, **options: Any) -> RecordedSocket:
        """Connect; every connection has taps of its own."""
        return RecordedSocket(await self._http.ws_connect(url, **options), self._recorder)

    def as_session(self) -> aiohttp.ClientSession:
        """What the type checker wants to see."""
        return cast("aiohttp.ClientSession", self)


def watch(client: legato.Client, recorder: Recorder) -> None:
    """Write down what the program is given, and what it then holds."""

    def told(events: Sequence[Any]) -> None:
        place = place_of(client.position)
        for event in events:
            recorder.write("ok", "apply", epoch=place.epoch, offset=event.offset)
        if not events or place.offset % SAMPLED == 0 or not client.state.open_entries():
            state = sha256(encode_state(client.state)).hexdigest()
            recorder.write("ok", "state", sha256=state, **place._asdict())

    client.on.events.append(told)
    if client.position:
        told(())
