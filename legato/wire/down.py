"""Envelopes that the hub sends."""

from __future__ import annotations

from typing import Any, Final, Literal

import msgspec

from legato.session.vocabulary import snake


class Down(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type", tag=snake):
    """Any envelope from the hub."""


class ResumeTicket(msgspec.Struct, frozen=True, omit_defaults=True):
    """How to come back: `ticket` is presented with a signature over `nonce` by the key named at attach."""

    id: str
    ticket: str
    nonce: str
    expires: int


class ProducerAt(msgspec.Struct, frozen=True):
    """The producer epoch now open, and the last sequence of it that the log holds."""

    epoch: int
    last: int


NO_SNAPSHOT: Final = msgspec.Raw(b"")
"""No snapshot comes with this (a union of raw JSON and null cannot be decoded)."""


class Attached(Down, frozen=True, kw_only=True):
    """Answer to `attach` and `resume`. Either `snapshot` (the state at `position`, events up to it folded) or
    `events` (those after the client's position) brings the client to `position`; live events follow.

    `connection` names this connection in HTTP requests (POST beside SSE, offers); it is a secret.
    `away_ms` is how long the attachment was gone (resume), `returning` whether the participant was here before.
    `captures`: microphones are acknowledged here. `push`: what a browser subscribes with to be told by Web Push ("":
    the hub does not).
    `captures`: microphones are acknowledged here. `accepted` is the number that the right got which was to be taken by
    `accept` (0: it was not taken).
    """

    v: int
    session: str
    tenant: str
    participant: str
    attachment: str
    node: str
    connection: str
    position: str
    level: str
    producer: ProducerAt
    beat_ms: int
    resume: ResumeTicket | None = None
    snapshot: msgspec.Raw = NO_SNAPSHOT
    events: list[msgspec.Raw] = []
    away_ms: int = 0
    returning: bool = False
    nodes: list[str] = []
    captures: bool = False
    push: str = ""
    accepted: int = 0


class Events(Down, frozen=True, kw_only=True):
    """Events in order, and the position after the last of them."""

    events: list[msgspec.Raw]
    position: str


class Snapshot(Down, frozen=True, kw_only=True):
    """The client is moved to the state at `position` (it was too far behind, or too slow)."""

    snapshot: msgspec.Raw
    position: str
    reason: str = ""


class Acks(Down, frozen=True, kw_only=True):
    """Batches that are in the log, each `[seq, first offset, number of events]`, and the level they have."""

    level: str
    acks: list[tuple[int, int, int]]


class Refused(Down, frozen=True, kw_only=True):
    """Batch `seq` was not done, or (0) an envelope was not understood."""

    seq: int
    reason: str
    detail: str = ""
    field: str = ""
    expected: int = -1
    retry_after_ms: int = 0


class Signals(Down, frozen=True, kw_only=True):
    """The latest signals, each `{by, name, data, attachment}`; without the last where it is no device that says it."""

    signals: list[dict[str, Any]]


class Discontinuity(Down, frozen=True, kw_only=True):
    """Acknowledged events were lost: offsets `lost_from` to `lost_to` of the epoch the client knew are not
    in the log. The client drops what it holds after `lost_from - 1`, folds the snapshot that comes with
    this, and sends again the batches of its last 10 s."""

    lost_from: int
    lost_to: int
    position: str
    snapshot: msgspec.Raw
    producer: ProducerAt | None = None


class HistoryPage(Down, frozen=True, kw_only=True):
    """Ended entries by ordinal, oldest first; `before` asks for the page before it (0: there is none)."""

    id: int
    entries: list[msgspec.Raw]
    before: int = 0


class Listening(Down, frozen=True, kw_only=True):
    """Audio envelopes with this `stream` number carry that microphone's track."""

    stream: int
    participant: str
    track: str
    format: str
    rate: int


class AudioAcked(Down, frozen=True, kw_only=True):
    """Every frame of the microphone before media time `until` is kept at `level`, or was named lost; `missing`
    are stretches that the hub lacks before the newest frame it has."""

    stream: int
    track: str
    until: int
    level: str
    missing: list[tuple[int, int]] = []


class SoundTaken(Down, frozen=True, kw_only=True):
    """Of what an agent brings for `message` the hub has all before media time `until` (48 kHz, from its beginning) at
    `level`, and the agent need not keep it; on another connection it goes on from there. `over`: no more is taken."""

    stream: int
    message: str
    until: int
    level: str
    over: bool = False


class Working(Down, frozen=True, kw_only=True):
    """Answer to `work`: the worker is registered. `carries`: its sessions may have channels of its connection
    (`legato.wire.carried`)."""

    node: str
    beat_ms: int
    nodes: list[str] = []
    carries: bool = False


class Offered(Down, frozen=True, kw_only=True):
    """A session needs the worker's agent: attach with `ticket` and `accept_session`, or `decline`."""

    offer: str
    session: str
    tenant: str
    ticket: str
    participant: str
    expires_ms: int


class Draining(Down, frozen=True, kw_only=True):
    """The node stops soon: resume elsewhere (or here again) after `after_ms`."""

    after_ms: int
    nodes: list[str] = []


class Pong(Down, frozen=True, kw_only=True):
    """Answer to a `ping`, with its number; and, with 0, the hub's own beat when it has nothing else to say."""

    n: int = 0


class Notice(Down, frozen=True, kw_only=True):
    """Something that the holder should know: `ticket_misused` (somebody without the key showed a ticket of this
    attachment, its `resume` ticket or a `call` ticket; nothing came of it)."""

    reason: str
    ticket: Literal["call", "resume"] = "resume"


class Closing(Down, frozen=True, kw_only=True):
    """The connection ends now, with this WebSocket close code; `retry_after_ms` < 0: do not come back so."""

    code: int
    reason: str
    detail: str = ""
    retry_after_ms: int = 0


KINDS_DOWN: Final[tuple[type[Down], ...]] = tuple(
    sorted(Down.__subclasses__(), key=lambda kind: kind.__name__)
)

_encoder: Final = msgspec.json.Encoder()


def _decoder() -> msgspec.json.Decoder[Any]:
    union: Any = KINDS_DOWN[0]
    for kind in KINDS_DOWN[1:]:
        union |= kind
    return msgspec.json.Decoder(union)


_down: Final = _decoder()


def encode_down(envelope: Down) -> bytes:
    """The envelope as JSON."""
    return _encoder.encode(envelope)


def decode_down(raw: bytes | str) -> Down:
    """The envelope that `raw` says. Raises `msgspec.DecodeError`."""
    envelope = _down.decode(raw)
    assert isinstance(envelope, Down)
    return envelope


def events_envelope(events: list[bytes], position: str) -> bytes:
    """An `events` envelope of events that are JSON already: encoded once, sent to everyone."""
    return b'{"type":"events","events":[%b],"position":"%b"}' % (b",".join(events), position.encode())
